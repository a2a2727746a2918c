"""Blender as a Python module (bpy, from PyPI), to open our files with: it has a Python of its own.

It is installed once, into `blender/` of the Python environment (a gigabyte); BLENDER_PYTHON names a Python that has it
already. Where there is no Python of its version, or bpy cannot be had, tests are skipped and say why.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from gen3d.camera import Camera

VERSION, NEEDS = "5.3.0", "3.13"
"""Of bpy, and the Python that it is built for."""
HOME = Path(sys.prefix) / "blender"
SCRIPT = Path(__file__).with_name("blender_render.py")
INSTALL_S, RENDER_S = 1800, 600


def opened(*files: Path) -> dict[str, dict[str, Any]]:
    """What Blender holds after importing files: name -> type, and its bounds, low and high, z up."""
    return _things(_run({"files": [str(file) for file in files], "width": 64, "height": 48, "focal_px": 64.0}))


def rendered(file: Path, camera: Camera, to: Path, samples: int = 16) -> np.ndarray:
    """A file imported into Blender and rendered in Cycles through the photo's camera: `h w 3` in [0, 1]."""
    size = {"width": camera.width, "height": camera.height, "focal_px": float(camera.K[0, 0])}
    _run({"files": [str(file)], "samples": samples, "to": str(to)} | size)
    return np.asarray(Image.open(to).convert("RGB")) / 255.0


def _things(told: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {thing["name"]: thing for thing in told["objects"]}


def _run(asked: dict[str, Any]) -> dict[str, Any]:
    done = subprocess.run(
        [_python(), str(SCRIPT), json.dumps(asked)], capture_output=True, text=True, timeout=RENDER_S, check=False
    )
    assert done.returncode == 0, f"{done.stdout[-1500:]}\n{done.stderr[-1500:]}"
    return json.loads(done.stdout.strip().splitlines()[-1])


@cache
def _python() -> str:
    """A Python that has bpy; else a skip."""
    if given := os.environ.get("BLENDER_PYTHON"):
        return given
    python = HOME / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    if not _has_bpy(str(python)):
        _install(_of_its_version())
    return str(python)


def _install(python: str) -> None:
    shutil.rmtree(HOME, ignore_errors=True)
    commands = [
        [python, "-m", "venv", str(HOME)],
        [str(HOME / "bin" / "python"), "-m", "pip", "install", "--quiet", f"bpy=={VERSION}"],
    ]
    try:
        for command in commands:
            subprocess.run(command, capture_output=True, text=True, timeout=INSTALL_S, check=True)
    except (subprocess.SubprocessError, OSError) as error:
        shutil.rmtree(HOME, ignore_errors=True)
        pytest.skip(f"bpy {VERSION} could not be installed: {getattr(error, 'stderr', None) or error!s:.300}")


def _of_its_version() -> str:
    """A Python that bpy is built for: on the PATH, or among those that pyenv keeps."""
    known = sorted(Path.home().glob(f".pyenv/versions/{NEEDS}.*/bin/python"))
    for python in (shutil.which(f"python{NEEDS}"), *map(str, known)):
        if python and _works(python, f"import sys; sys.exit(not sys.version.startswith('{NEEDS}.'))"):
            return python
    pytest.skip(f"Blender's module needs Python {NEEDS}, and there is none here")


def _has_bpy(python: str) -> bool:
    return Path(python).exists() and _works(python, "import bpy")


def _works(python: str, program: str) -> bool:
    try:
        return subprocess.run([python, "-c", program], capture_output=True, timeout=120, check=False).returncode == 0
    except (OSError, subprocess.SubprocessError):
        return False
