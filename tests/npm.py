"""Programs of others from the npm registry, to look at our files with eyes that are not ours.

Each is installed once, at an exact version and without running its install scripts, into `npm/` of the Python
environment; nothing of it is kept in this repository. Where there is no npm, or the registry cannot be reached, tests
are skipped visibly; with an npm at hand they fail where REQUIRE_BROWSER is set, as for a browser that is missing.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

CACHE = Path(sys.prefix) / "npm"
SECONDS = 300
"""For one installation."""


def npm_package(name: str, version: str) -> Path:
    """The folder of the installed package, which lies in a `node_modules` beside what it needs; else a skip."""
    home = CACHE / f"{name.replace('/', '+')}@{version}"
    if not home.exists():
        _install(name, version, home)
    return home / "node_modules" / name


def node(*arguments: object, seconds: float = 120) -> subprocess.CompletedProcess[str]:
    """What a Node.js program printed, and how it ended; a skip where there is none."""
    return subprocess.run(
        [_program("node"), *map(str, arguments)], capture_output=True, text=True, timeout=seconds, check=False
    )


def _install(name: str, version: str, home: Path) -> None:
    """Under a name of this process first, so that two test runs at once do not meet half an installation."""
    work = home.with_name(f".{home.name}.{os.getpid()}")
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    command = [_program("npm"), "install", "--prefix", str(work), "--ignore-scripts", "--no-audit", "--no-fund"]
    try:
        subprocess.run([*command, f"{name}@{version}"], capture_output=True, text=True, timeout=SECONDS, check=True)
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
        shutil.rmtree(work, ignore_errors=True)
        _missing(f"{name}@{version} could not be installed: {(error.stderr or error)!s:.300}")
    try:
        work.rename(home)
    except OSError:  # another run was quicker
        shutil.rmtree(work, ignore_errors=True)


def _program(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"{name} is not installed")
    return found


def _missing(why: str) -> None:
    if os.environ.get("REQUIRE_BROWSER"):
        pytest.fail(why)
    pytest.skip(why)
