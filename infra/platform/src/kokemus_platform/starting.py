"""Starts and stops the supervisor of a platform, and shows how far it has come."""

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import asdict

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from kokemus_platform.home import Home, Wish
from kokemus_platform.processes import PartFailedError, guarded

STOP_SECONDS = 60
"""Ten for the services together, the rest for broker and database to write everything down."""

SUPERVISOR = ("-m", "kokemus_platform.supervisor")


def start(home: Home, wish: Wish, *, detach: bool) -> subprocess.Popen[bytes]:
    """Start the supervisor; unless detached, it ends with this process, however that ends.

    Raises:
        PartFailedError: the state folder cannot be made or written to.
    """
    try:
        home.logs.mkdir(parents=True, exist_ok=True)
        home.write("wish.json", json.dumps(asdict(wish)))
        (home.path / "progress.json").unlink(missing_ok=True)
    except OSError as error:
        raise PartFailedError(f"The state folder {home.path} cannot be used: {error}") from error
    with home.log("supervisor").open("ab") as log:
        return subprocess.Popen(  # noqa: S603 - our own command
            guarded([sys.executable, *SUPERVISOR], "same", 0 if detach else signal.SIGTERM),
            env={**os.environ, "KOKEMUS_HOME": str(home.path)},
            cwd=home.path,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def await_ready(home: Home, child: subprocess.Popen[bytes] | None, console: Console) -> None:
    """Show what the start waits for until all is ready.

    Args:
        home: the platform's folder.
        child: the supervisor, if this process started it.
        console: where the display goes.

    Raises:
        PartFailedError: it failed; the message says what and why.
    """
    columns = (SpinnerColumn(), BarColumn(24), TextColumn("{task.description}"))
    shown = "Starting Kokemus"
    with Progress(*columns, TimeElapsedColumn(), console=console, transient=True) as display:
        task = display.add_task(shown, total=None)
        while not (now := home.progress()).ready:
            if now.failed is not None:
                raise PartFailedError(now.failed)
            gone = child.poll() is not None if child else home.supervisor() is None
            if gone and home.progress() == now:
                raise PartFailedError(
                    f"The supervisor ended at its start; see {home.log('supervisor')}"
                )
            what = f"waiting for {', '.join(now.waiting)}" if now.waiting else shown
            if what != shown and not console.is_terminal:
                console.print(what)
            shown = what
            total = now.total or None
            display.update(task, description=what, completed=len(now.done), total=total)
            time.sleep(0.1)


def stop(home: Home) -> bool:
    """End a platform, if it is up or starting; whether there was one."""
    supervisor = home.supervisor()
    if supervisor is None:
        return False
    os.kill(supervisor, signal.SIGTERM)
    deadline = time.monotonic() + STOP_SECONDS
    while home.supervisor() == supervisor:
        if time.monotonic() > deadline:
            os.kill(supervisor, signal.SIGKILL)  # its children go with it
            deadline += STOP_SECONDS
        time.sleep(0.05)
    return True
