"""What is older than it is kept goes, out of a real broker and an archive on the disk."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from kokemus.migrations import migrate
from kokemus_platform.dead_letter_log import DeadLetterLog
from kokemus_platform.kafka import Broker
from kokemus_platform.retention import commands
from metrics.archive.files import ArchiveFiles, Piece, Place, Record
from metrics.storage import MIGRATIONS
from support.dead_letter_cluster import Cluster

pytestmark = pytest.mark.timeout(60)

NOW = datetime.now(UTC)


def test_plan_shows_and_apply_removes_old_letters_and_old_files(
    kafka: Broker, topic_prefix: str, database_url: str, tmp_path: Path
) -> None:
    cluster = Cluster(kafka, topic_prefix)
    cluster.bury(b"an old one", offset=1, time=NOW - timedelta(days=91))
    young = cluster.bury(b"a young one", offset=2, time=NOW - timedelta(days=89))
    migrate(database_url, MIGRATIONS)
    files, place = ArchiveFiles(str(tmp_path)), Place("an-id", 0)
    for at, days in ((0, 3000), (1, 3)):
        moment = int((NOW - timedelta(days=days)).timestamp() * 1000)
        files.write(place, [Record(f"{topic_prefix}feedback.v1", 0, at, moment, b"k", b"v", [])])

    def run(command: str) -> str:
        where = ["--bootstrap", kafka.bootstrap, "--prefix", topic_prefix]
        where += ["--database-url", database_url, "--archive", str(tmp_path)]
        result = CliRunner().invoke(commands, [command, *where])
        assert result.exit_code == 0, result.output
        return result.output

    def waiting() -> list[str]:
        with DeadLetterLog.on(kafka.bootstrap, topic_prefix) as log:
            return [entry.key for entry in log.waiting(log.topics)]

    for command in ("plan", "apply"):
        assert len(waiting()) == len(files.pieces(place)) == 2
        told = run(command)
        assert "1 letters" in told
        assert "1 files, 1 records" in told
    assert waiting() == [young]
    assert files.pieces(place) == [Piece(1, 1)]
    assert "0 letters" in run("apply")
