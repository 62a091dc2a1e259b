"""Runs every check and test of the repository, fast ones first."""

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import typer

from kokemus_platform.home import REPOSITORY

PROGRAMS: Final = {
    "java": "openjdk-17-jre-headless",
    "mvn": "maven",
    "chromium": "chromium",
}
"""What the tests need besides Python, and the Debian package that has it."""

CHECKS: Final = (
    ("ruff", "format", "--check", "--quiet", ".", "kokemus"),
    ("ruff", "check", "--quiet", ".", "kokemus"),
    ("lint-imports",),
    ("mypy", "shared/src", "services", "infra", "tests"),
)
SIDE_BY_SIDE: Final = ("-n", "auto", "--maxprocesses", "4", "--dist", "loadfile")
"""Tests wait for processes more than they reckon. Each worker has parts of its own, and a file's
tests share theirs. `-n 0` takes them one after the other."""


def run(pytest_arguments: Sequence[str], *, full: bool) -> int:
    """Check, then test; the exit code. Output goes straight through, pytest's last."""
    if not _have_programs():
        return 1
    environment = {**os.environ, **({"KOKEMUS_TEST_FULL": "1"} if full else {})}
    environment.pop("KOKEMUS_HOME", None)  # the platforms of tests have folders of their own
    programs = Path(sys.executable).parent
    for check in CHECKS:
        typer.echo(f"$ {' '.join(check)}")
        code = _call([str(programs / check[0]), *check[1:]], environment)
        if code != 0:
            return 1
    typer.echo("$ pytest")
    code = _call([sys.executable, "-m", "pytest", *SIDE_BY_SIDE, *pytest_arguments], environment)
    return min(code, 2)


def _call(command: Sequence[str], environment: dict[str, str]) -> int:
    sys.stdout.flush()
    done = subprocess.run(command, check=False, cwd=REPOSITORY, env=environment)  # noqa: S603 - ours
    return done.returncode


def _have_programs() -> bool:
    """Whether all programs are there; as root on Debian, install those that are not."""
    missing = {
        program: package for program, package in PROGRAMS.items() if shutil.which(program) is None
    }
    if not missing:
        return True
    packages = " ".join(missing.values())
    apt = shutil.which("apt-get")
    if apt is None or os.geteuid() != 0:
        typer.echo(
            f"The tests need {', '.join(missing)}, not installed here. "
            f"On Debian: apt-get install {packages}",
            err=True,
        )
        return False
    typer.echo(f"Installing {packages}…")
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    install = [apt, "install", "--yes", "--quiet", "--no-install-recommends", *missing.values()]
    if _call([apt, "update", "--quiet"], environment) or _call(install, environment):
        typer.echo(f"apt-get cannot install {packages}.", err=True)
        return False
    return True
