"""The benchmarks run to their end; how fast is not tested."""

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from benchmarks import (
    counting,
    desk_pages,
    disclosure,
    freshness,
    http_ingest,
    public_pages,
    reading,
    soak,
)
from kokemus_platform import bench
from kokemus_platform.kafka import Broker
from kokemus_platform.measuring import Measured

pytestmark = pytest.mark.timeout(240)

TINY: dict[str, Callable[[str], list[Measured]]] = {
    "counting": lambda kafka: counting.run(
        kafka, count=20_000, rounds=1, consumers=(1, 2), seen=12_000
    ),
    "desk_pages": lambda _: desk_pages.run(rounds=1),
    "disclosure": lambda _: disclosure.run(sizes=(40,), small=2),
    "freshness": lambda kafka: freshness.run(kafka, rate=100, seconds=2, unchanged=20),
    "http_ingest": lambda kafka: http_ingest.run(kafka, count=2_000, rounds=1),
    "public_pages": lambda _: public_pages.run(seconds=2, connections=4, changes=1),
    "reading": lambda _: reading.run(units=20, rounds=3, each=1, unchanged=20),
    "soak": lambda kafka: soak.run(kafka, rate=100, minutes=0.05),
}
JUDGED = {
    "counting": 6,
    "desk_pages": 42,
    "disclosure": 2,
    "freshness": 2,
    "http_ingest": 1,
    "public_pages": 6,
    "reading": 51,
    "soak": 4,
}
"""How many results have something that they are held against."""


@pytest.mark.parametrize("name", TINY)
def test_benchmark_runs_to_its_end_and_names_what_is_required(
    name: str, embedded_kafka: Broker
) -> None:
    if not embedded_kafka.running:
        embedded_kafka.start()
    measured = TINY[name](embedded_kafka.bootstrap)
    assert sum(one.holds is not None for one in measured) == JUDGED[name]


def test_without_the_repositorys_tests_bench_says_where_the_benchmarks_are(tmp_path: Path) -> None:
    source = Path(bench.__file__).parent
    shutil.copytree(source, tmp_path / "infra" / "platform" / "src" / source.name)
    done = subprocess.run(
        [sys.executable, "-m", "kokemus_platform.main", "bench", "reading"],
        env={"PYTHONPATH": str(tmp_path / "infra" / "platform" / "src")},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "in a checkout" in done.stderr
