"""The state folder of one platform: its ports, secrets, logs, and who is running it."""

import fcntl
import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final, Self

from kokemus_platform.processes import PartFailedError, free_port, port_is_free

REPOSITORY: Final = Path(__file__).resolve().parents[4]


@dataclass
class Progress:
    """How far the start has come."""

    total: int = 0
    done: list[str] = field(default_factory=list)
    waiting: list[str] = field(default_factory=list)
    ready: bool = False
    failed: str | None = None


@dataclass(frozen=True)
class Wish:
    """What `./kokemus up` was asked for."""

    kafka: str = "embedded"
    """`embedded`, `apache` or host:port."""
    database: str = "embedded"
    """`embedded` or an address."""
    demo: bool = False


class Home:
    """The folder and what lies in it. Several platforms run side by side, each in its own."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.logs = path / "logs"
        self.secrets = path / "secrets"
        self._lock = path / "supervisor.lock"

    @classmethod
    def of_environment(cls) -> Self:
        """The folder that KOKEMUS_HOME names, else `.kokemus` in the checkout."""
        return cls(Path(os.environ.get("KOKEMUS_HOME") or REPOSITORY / ".kokemus").absolute())

    def log(self, name: str) -> Path:
        """The log file of a part."""
        return self.logs / f"{name}.log"

    def write(self, name: str, content: str) -> Path:
        """Replace a file at once, readable by its owner only; `name` is relative to the folder."""
        target = self.path / name
        target.parent.mkdir(parents=True, exist_ok=True)
        unfinished = target.with_name(f"{target.name}.unfinished")
        unfinished.unlink(missing_ok=True)
        unfinished.touch(mode=0o600)
        unfinished.write_text(content)
        unfinished.replace(target)
        return target

    def secret(self, name: str, make: Callable[[], str]) -> str:
        """A secret that is made at its first use and stays the same."""
        place = self.secrets / name
        if not place.exists():
            self.write(f"secrets/{name}", make())
        return place.read_text()

    def port(self, name: str) -> int:
        """The port of a part: chosen once, and the same at every start."""
        known: dict[str, int] = self._read("ports.json") or {}
        if name in known:
            return known[name]
        while (port := free_port()) in known.values():
            pass
        self.write("ports.json", json.dumps(known | {name: port}, indent=1))
        return port

    def forget_taken_ports(self) -> None:
        """Before a start: let go of the ports that a stranger has taken meanwhile."""
        known: dict[str, int] = self._read("ports.json") or {}
        kept = {name: port for name, port in known.items() if port_is_free(port)}
        self.write("ports.json", json.dumps(kept, indent=1))

    @contextmanager
    def held(self) -> Iterator[None]:
        """Be the one supervisor of this folder.

        Raises:
            PartFailedError: another one is.
        """
        self.path.mkdir(parents=True, exist_ok=True)
        with self._lock.open("a+") as file:
            for attempt in range(20):
                try:
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except BlockingIOError:  # perhaps somebody just looks whether it is held
                    if attempt == 19:
                        raise PartFailedError(f"{self.path} is in use already.") from None
                    time.sleep(0.05)
            file.truncate(0)
            file.write(str(os.getpid()))
            file.flush()
            yield

    def supervisor(self) -> int | None:
        """The process that runs the platform now, ready or not; None if there is none."""
        try:
            with self._lock.open() as file:
                try:
                    fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
                except BlockingIOError:
                    return int(file.read() or 0) or None
        except (FileNotFoundError, NotADirectoryError):
            return None
        return None

    def wish(self) -> Wish:
        """What the platform was last asked to be."""
        return Wish(**(self._read("wish.json") or {}))

    def status(self) -> dict[str, Any] | None:
        """What `./kokemus status --json` prints of a platform that is up, else None."""
        return self.starting_status() if self.supervisor() and self.progress().ready else None

    def starting_status(self) -> dict[str, Any]:
        """The same before all is loaded; for the platform's own use.

        Raises:
            FileNotFoundError: the services do not run yet.
        """
        found: dict[str, Any] = json.loads((self.path / "status.json").read_bytes())
        return found

    def mark(self, step: str) -> str | None:
        """What a step was last done for."""
        done: dict[str, str] = self._read("done.json") or {}
        return done.get(step)

    def set_mark(self, step: str, value: str) -> None:
        """Remember that a step is done."""
        self.write("done.json", json.dumps((self._read("done.json") or {}) | {step: value}))

    def progress(self) -> Progress:
        """How far the start has come."""
        return Progress(**(self._read("progress.json") or {}))

    def write_progress(self, progress: Progress) -> None:
        """Tell whoever waits for the start."""
        self.write("progress.json", json.dumps(asdict(progress)))

    def _read(self, name: str) -> Any:
        try:
            return json.loads((self.path / name).read_bytes())
        except FileNotFoundError:
            return None
