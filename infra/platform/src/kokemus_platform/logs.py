"""Shows the logs of a platform's parts."""

import time
from collections.abc import Iterator
from pathlib import Path

from kokemus_platform.home import Home
from kokemus_platform.processes import last_lines


def found(home: Home) -> dict[str, Path]:
    """The log of every part that has one."""
    logs = {path.stem: path for path in sorted(home.logs.glob("*.log"))}
    logs |= {"postgres": home.path / "postgres" / "postgres.log"}
    logs |= {f"kafka-{path.parent.name}": path for path in home.path.glob("kafka/*/broker.log")}
    return {name: path for name, path in logs.items() if path.exists()}


def ends(logs: dict[str, Path], count: int) -> Iterator[str]:
    """The last lines of each log, by log, with its name before them where there are several."""
    for name, path in logs.items():
        for line in last_lines(path, count).splitlines():
            yield _labelled(name, line, logs)


def follow(logs: dict[str, Path]) -> Iterator[str]:
    """Lines as they are written, without end; a log that was cut short is read from its start."""
    places = {name: path.stat().st_size for name, path in logs.items()}
    while True:
        idle = True
        for name, path in logs.items():
            size = path.stat().st_size if path.exists() else 0
            if size < places[name]:
                places[name] = 0
            if size == places[name]:
                continue
            with path.open("rb") as file:
                file.seek(places[name])
                lines = file.read(1 << 20)
            whole = lines[: lines.rfind(b"\n") + 1]
            places[name] += len(whole)
            for line in whole.decode(errors="replace").splitlines():
                idle = False
                yield _labelled(name, line, logs)
        if idle:
            time.sleep(0.3)


def _labelled(name: str, line: str, logs: dict[str, Path]) -> str:
    return line if len(logs) == 1 else f"{name:>20} │ {line}"
