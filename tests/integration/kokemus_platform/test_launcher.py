"""The launcher at the root, over a lock of one package that lies beside it."""

import hashlib
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from kokemus_platform.home import REPOSITORY

SAYS_WHERE = """
import os, sys
print(os.environ["KOKEMUS_HOME"], sys.prefix, *sys.argv[1:])
"""


def wheel(folder: Path, name: str, version: str, program: str) -> str:
    """Make a wheel with one module and, as its script, a program; return its line of the lock."""
    info = f"{name}-{version}.dist-info"
    path = folder / f"{name}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(f"{name}.py", program)
        archive.writestr(f"{info}/entry_points.txt", f"[console_scripts]\n{name} = {name}:main\n")
        archive.writestr(
            f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
        )
        archive.writestr(
            f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        archive.writestr(f"{info}/RECORD", "")
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return f"{name}=={version} \\\n    --hash=sha256:{digest}\n"


UV_BY_PIP = """
import pathlib, subprocess, sys

def main():
    _pip, install, *options = [one for one in sys.argv[1:] if one != "--python"]
    python = pathlib.Path(sys.prefix) / "bin" / "python"
    options = [one for one in options if one != str(python)]
    here = pathlib.Path(__file__).parents[3]
    with (here / "installs").open("a") as installs:
        installs.write("install\\n")
    sys.exit(subprocess.call([str(python), "-m", "pip", install, *options]))
"""
"""Stands in for uv: does the same with pip, and counts how often it was called."""


def make_checkout(folder: Path) -> Path:
    """A checkout with the real launcher, a tiny lock, and a command line that says where it is."""
    checkout = folder / "checkout"
    package = checkout / "infra/platform/src/kokemus_platform"
    package.mkdir(parents=True)
    (package / "__init__.py").touch()
    (package / "main.py").write_text(SAYS_WHERE)
    shutil.copy(REPOSITORY / "kokemus", checkout)
    wheels = checkout / "wheels"
    wheels.mkdir()
    lock = wheel(wheels, "uv", "1.0", UV_BY_PIP) + wheel(wheels, "tiny", "1.0", "")
    (checkout / "requirements.lock").write_text(lock)
    return checkout


def start(checkout: Path, *arguments: str, **environment: str) -> subprocess.Popen[str]:
    """Run the launcher with the Python that runs the tests, outside any virtual environment."""
    given = {
        "PATH": os.environ["PATH"],
        "HOME": str(checkout),
        "PIP_NO_INDEX": "1",
        "PIP_FIND_LINKS": str(checkout / "wheels"),
    }
    return subprocess.Popen(
        [Path(sys.base_prefix) / "bin" / "python3", checkout / "kokemus", *arguments],
        env={**given, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def launch(checkout: Path, *arguments: str, **environment: str) -> tuple[int, str, str]:
    """Run the launcher; its exit code, output and errors."""
    with start(checkout, *arguments, **environment) as launcher:
        out, err = launcher.communicate()
        return launcher.returncode, out, err


def installs(checkout: Path) -> int:
    """How often the stand-in for uv was called."""
    (counted,) = (checkout / ".venv").glob("**/installs")
    return len(counted.read_text().splitlines())


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkout whose environment two launchers have set up, started at the same time."""
    checkout = make_checkout(tmp_path_factory.mktemp("launcher"))
    with start(checkout, "first") as first, start(checkout, "second") as second:
        for launcher in (first, second):
            _, errors = launcher.communicate()
            assert launcher.returncode == 0, errors
    return checkout


def test_two_at_the_same_time_set_up_once(checkout: Path) -> None:
    assert installs(checkout) == 1


def test_a_ready_environment_gets_everything_handed_over_at_once(checkout: Path) -> None:
    code, out, err = launch(checkout, "up", "--detach")
    assert (code, err) == (0, "")
    assert out.split() == [str(checkout / ".kokemus"), str(checkout / ".venv"), "up", "--detach"]


def test_a_changed_lock_is_installed(checkout: Path) -> None:
    lock = checkout / "requirements.lock"
    lock.write_text(lock.read_text() + wheel(checkout / "wheels", "more", "2.0", ""))
    _, _, err = launch(checkout)
    assert "Setting up" in err
    assert list((checkout / ".venv").glob("lib/*/site-packages/more.py"))


def test_a_package_that_is_not_the_locked_one_is_refused(checkout: Path) -> None:
    lock = checkout / "requirements.lock"
    before = lock.read_text()
    lock.write_text(before + wheel(checkout / "wheels", "other", "1.0", ""))
    wheel(checkout / "wheels", "other", "1.0", "# somebody else's")
    code, out, err = launch(checkout)
    lock.write_text(before)
    assert (code, out) == (1, "")
    assert "Packages cannot be installed" in err
    assert "hash" in err.lower()


def test_the_state_folder_is_the_one_that_the_environment_names(checkout: Path) -> None:
    elsewhere = checkout / "elsewhere"
    _, out, _ = launch(checkout, KOKEMUS_HOME=str(elsewhere))
    assert out.split()[0] == str(elsewhere)


def test_a_python_without_venv_is_told_what_to_install(tmp_path: Path) -> None:
    checkout = make_checkout(tmp_path)
    (tmp_path / "venv.py").write_text("raise ImportError('not on this machine')\n")
    code, _, err = launch(checkout, PYTHONPATH=str(tmp_path))
    assert code == 1
    assert "apt-get install python3-venv" in err
