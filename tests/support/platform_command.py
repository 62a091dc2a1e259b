"""The command line behind ./kokemus, as somebody at a terminal uses it."""

import os
import subprocess
import sys
from pathlib import Path

from kokemus_platform.home import REPOSITORY


def run(home: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Runs it with a state folder of its own."""
    return subprocess.run(
        [sys.executable, "-m", "kokemus_platform.main", *arguments],
        env={**os.environ, "KOKEMUS_HOME": str(home), **variables},
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
    )


def kokemus(home: Path, *arguments: str, **variables: str) -> str:
    """Runs it and gives what it says; it has to succeed."""
    done = run(home, *arguments, **variables)
    assert done.returncode == 0, done.stderr
    return done.stdout
