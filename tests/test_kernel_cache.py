"""Compiled kernels are kept where they can be, mended where they are damaged, and the same in every run."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from gen3d.geometry import kernel_cache
from tests.patience import PATIENCE_S
from tests.runs import save_rgbd

ROOT = Path(__file__).parents[1]

TINY = """
import numpy as np
from numba import prange
from gen3d.geometry.compiled import compiled
from gen3d.splat.cpu.kernels import kernel

@compiled
def twice(x):
    return x + x

@kernel(parallel=True)
def four_times(values):
    for i in prange(len(values)):
        values[i] = twice(twice(values[i]))
"""
PROGRAM = """
import json, sys
import numpy as np
import tiny
values = np.arange(3.0)
tiny.four_times(values)
stats = tiny.four_times.stats
print(json.dumps([values.tolist(), sum(stats.cache_hits.values()), str(tiny.twice._cache.cache_path)]))
"""


class Place:
    """A module with two kernels, and an environment in which they are kept."""

    def __init__(self, folder: Path) -> None:
        self.code, self.temporary, self.home = folder / "code", folder / "tmp", folder / "home"
        for made in (self.code, self.temporary, self.home):
            made.mkdir(exist_ok=True)
        if not (self.code / "tiny.py").exists():
            (self.code / "tiny.py").write_text(TINY)
        self.environment = {k: v for k, v in os.environ.items() if k not in ("NUMBA_CACHE_DIR", "XDG_CACHE_HOME")} | {
            "PYTHONPATH": os.pathsep.join([str(self.code), str(ROOT)]), "TMPDIR": str(self.temporary),
            "HOME": str(self.home), "PYTHONDONTWRITEBYTECODE": "1",
        }  # fmt: skip

    def run(self, before: str = "", **environment: str) -> tuple[bool, str]:
        """Whether the kernels came from what is kept, and the first place that it would be kept in."""
        command = [sys.executable, "-W", "error", "-c", before + PROGRAM]
        environment = self.environment | environment
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=PATIENCE_S)
        assert done.returncode == 0 and done.stderr == "", done.stderr
        values, hits, place = json.loads(done.stdout)
        assert values == [0.0, 4.0, 8.0]
        return hits == 1, place

    def kept(self, folder: Path | None = None) -> list[Path]:
        return sorted((folder or self.code).rglob("tiny.*.nb?"))


@pytest.fixture
def place(tmp_path) -> Place:
    return Place(tmp_path)


@pytest.fixture(scope="module")
def compiled_once(tmp_path_factory) -> Path:
    """A place's folder, with both kernels kept. Nobody writes into it."""
    folder = tmp_path_factory.mktemp("kept")
    Place(folder).run()
    return folder


@pytest.fixture
def kept_place(compiled_once, tmp_path) -> Place:
    """A place of its own with both kernels kept."""
    place = Place(shutil.copytree(compiled_once, tmp_path, dirs_exist_ok=True))
    assert len(place.kept()) == 4
    return place


@pytest.mark.slow
def test_the_first_process_runs_what_is_kept_as_all_others_do(place):
    """It ran code that was optimised once less, and a scene had other bytes the first time than ever after."""
    assert place.run() == place.run() == (True, str(place.code / "__pycache__"))
    assert place.kept() and not place.kept(place.temporary) and not list(place.temporary.iterdir())


@pytest.mark.slow
def test_where_there_is_no_other_process_it_is_compiled_and_kept_here(place):
    assert not place.run(GEN3D_IS_COMPILER="1")[0] and place.run(GEN3D_IS_COMPILER="1")[0]
    before = "import sys; sys.executable = '/proc/none'\n"
    for file in place.kept():
        file.unlink()
    assert not place.run(before)[0]


WATCHED = """
from gen3d.geometry import compiler
begin, seen = compiler._running, []

def watched():
    seen.append(compiler.is_compiling())
    return begin()

compiler._running = watched
import numpy, tiny
tiny.four_times(numpy.arange(3.0))
assert seen and all(seen) and not compiler.is_compiling(), seen
"""


@pytest.mark.slow
def test_it_is_known_while_a_kernel_is_being_compiled(place):
    place.run(WATCHED)
    assert place.kept()


BROKEN = {
    "truncated": lambda file: file.write_bytes(file.read_bytes()[:-20]),
    "emptied": lambda file: file.write_bytes(b""),
    "foreign": lambda file: file.write_bytes(b"Dear diary, " * 100),
    "zeroed at its end, as after a power cut": lambda file: file.write_bytes(file.read_bytes()[:-200] + bytes(200)),
}


QUICK = {(".nbc", "zeroed at its end, as after a power cut")}
"""What only our own digest tells."""


@pytest.mark.parametrize(
    ("suffix", "how"),
    [
        pytest.param(suffix, how, marks=() if (suffix, how) in QUICK else pytest.mark.slow)
        for suffix in (".nbi", ".nbc") for how in BROKEN
    ],
)  # fmt: skip
def test_what_is_damaged_is_made_anew(kept_place, suffix, how):
    place, before = kept_place, {file.name for file in kept_place.kept()}
    for file in place.kept():
        if file.suffix == suffix:
            BROKEN[how](file)
    broken = {file.name: file.read_bytes() for file in place.kept() if file.suffix == suffix}
    place.run()
    assert all(file.read_bytes() != broken[file.name] for file in place.kept() if file.suffix == suffix)
    assert place.run()[0] and {file.name for file in place.kept()} == before


def test_the_code_of_another_kernel_is_not_run(kept_place):
    place = kept_place
    kernels = {file.name.split("-")[0]: file for file in place.kept() if file.suffix == ".nbc"}
    kernels["tiny.four_times"].write_bytes(kernels["tiny.twice"].read_bytes())
    assert place.run()[0], "made anew"


@pytest.mark.slow
def test_a_folder_in_the_place_of_a_file_gives_way_to_the_next_place(kept_place):
    place = kept_place
    for file in place.kept():
        file.unlink()
        file.mkdir()
    assert place.run()[0] and place.run()[0] and place.kept(place.temporary)


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="no /proc")
def test_without_a_place_of_numbas_a_private_folder_is_taken(place):
    """A read-only installation with a home that is none: nothing worked, with a traceback."""
    (place.code / "__pycache__").touch()
    nowhere = {"HOME": "/proc/none", "NUMBA_CACHE_DIR": "/proc/none"}
    assert place.run(**nowhere)[0] and place.run(**nowhere)[0]
    [folder] = place.temporary.iterdir()
    assert folder.stat().st_mode & 0o077 == 0 and place.kept(folder)
    folder.chmod(0o777)  # by now anybody may have put code there
    assert not place.run(**nowhere)[0]


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="no /proc")
def test_without_any_place_kernels_are_compiled_each_time(place):
    (place.code / "__pycache__").touch()
    nowhere = {"HOME": "/proc/none", "TMPDIR": "/proc/none"}
    (place.temporary / "gen3d").touch()
    blocked = f"import tempfile; tempfile.tempdir = {str(place.temporary / 'gen3d')!r}\n"
    assert not place.run(blocked, **nowhere)[0] and not place.run(blocked, **nowhere)[0]


FULL = """
import errno, os
from numba.core.caching import IndexDataCacheFile as Files
writing = Files._open_for_write
def _open_for_write(self, path):
    if "__pycache__" in path and path.endswith({suffix!r}):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    return writing(self, path)
Files._open_for_write = _open_for_write
"""


@pytest.mark.parametrize("suffix", [".nbi", ".nbc"])
def test_a_place_that_is_full_gives_way_to_the_next_and_keeps_nothing_torn(place, suffix):
    full = FULL.format(suffix=suffix)
    assert not place.run(full, GEN3D_IS_COMPILER="1")[0]
    assert not place.kept() and place.kept(place.temporary)
    assert place.run(full, GEN3D_IS_COMPILER="1")[0]


@pytest.mark.slow
def test_the_first_scene_has_the_bytes_of_all_later_ones(tmp_path):
    request = save_rgbd(tmp_path / "in", width=128, height=96)
    folders = [tmp_path / name for name in ("cold", "warm")]
    for folder in folders:
        command = ["-m", "gen3d", "build", request.photo, "--depth", request.depth, "--preset", "fast", "--size", "96"]
        environment = os.environ | {"NUMBA_CACHE_DIR": str(tmp_path / "kernels"), "PYTHONPATH": str(ROOT)}
        subprocess.run([sys.executable, *command, "-o", folder], check=True, cwd=ROOT, env=environment)
    cold, warm = ({p.relative_to(f): p.read_bytes() for p in f.rglob("*.*") if p.name != "run.json"} for f in folders)
    assert cold.keys() == warm.keys() and [str(name) for name in cold if cold[name] != warm[name]] == []


def test_what_is_kept_holds_until_the_text_of_its_module_or_of_what_that_imports_changes(tmp_path, monkeypatch):
    below, above = tmp_path / "gen3d" / "geometry" / "below.py", tmp_path / "gen3d" / "geometry" / "above.py"
    below.parent.mkdir(parents=True)
    below.write_text("LIMIT = 1\n")
    above.write_text("from gen3d.geometry.below import LIMIT\n")
    monkeypatch.setattr(kernel_cache, "_ROOT", tmp_path)

    def stamp() -> str:
        kernel_cache._read.cache_clear()
        return kernel_cache.source_stamp(above)

    first = stamp()
    os.utime(above, (0, 0))
    assert stamp() == first
    below.write_text("LIMIT = 2\n")
    assert stamp() != first
