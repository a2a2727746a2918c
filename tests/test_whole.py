"""Files and folders are there whole, or not at all."""

import errno
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from gen3d.errors import OutOfMemory, Unwritable
from gen3d.formats.claims import sweep
from gen3d.formats.whole import refusing, whole_folder, write_whole

ROOT = Path(__file__).parents[1]


def test_a_folder_replaces_the_old_one_when_it_is_whole(tmp_path):
    (tmp_path / "scene").mkdir()
    (tmp_path / "scene" / "old").touch()
    with whole_folder(tmp_path / "scene") as work:
        (work / "new").touch()
        assert [f.name for f in (tmp_path / "scene").iterdir()] == ["old"]
    assert [f.name for f in tmp_path.iterdir()] == ["scene"] and [f.name for f in work.parent.rglob("new")] == ["new"]
    assert not (tmp_path / "scene" / "old").exists()


@pytest.mark.parametrize("error", [KeyboardInterrupt, RuntimeError])
def test_a_folder_that_was_begun_vanishes_with_the_parents_made_for_it(tmp_path, error):
    with pytest.raises(error), whole_folder(tmp_path / "a" / "b" / "scene") as work:
        (work / "half").touch()
        raise error
    assert list(tmp_path.iterdir()) == []


def test_a_signal_just_after_the_folder_was_made_leaves_nothing(tmp_path, monkeypatch):
    """A gallery that was ended at this moment kept a hidden folder."""
    make = Path.mkdir

    def interrupted(path: Path, *args: object, **options: object) -> None:
        make(path, *args, **options)
        if path.name.startswith(".scene"):
            raise KeyboardInterrupt

    monkeypatch.setattr(Path, "mkdir", interrupted)
    with pytest.raises(KeyboardInterrupt), whole_folder(tmp_path / "out" / "scene"):
        raise AssertionError("the block is not reached")
    assert list(tmp_path.iterdir()) == []


def test_what_cannot_be_written_is_told_with_its_name(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(Unwritable, match=r"file is a file\."), whole_folder(tmp_path / "file"):
        pass
    with pytest.raises(Unwritable, match="scene cannot be written"), whole_folder(tmp_path / "file" / "scene"):
        pass
    with pytest.raises(Unwritable, match=r"a\.ply could not be written"), write_whole(tmp_path / "none" / "a.ply") as f:
        f.touch()


def test_a_file_takes_its_name_when_it_is_whole(tmp_path):
    with write_whole(tmp_path / "a.ply") as temporary:
        temporary.write_text("new")
        assert not (tmp_path / "a.ply").exists() and temporary.suffix == ".ply"
    assert (tmp_path / "a.ply").read_text() == "new"
    with pytest.raises(RuntimeError), write_whole(tmp_path / "a.ply") as temporary:
        temporary.write_text("half")
        raise RuntimeError
    assert [f.name for f in tmp_path.iterdir()] == ["a.ply"] and (tmp_path / "a.ply").read_text() == "new"


def shown(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*")}


@pytest.mark.parametrize("there", ["nothing", "an empty folder", "a scene"])
@pytest.mark.parametrize("comes", ["a folder", "a file", "a file inside", "a change"])
def test_what_appears_under_the_name_meanwhile_stays_and_nothing_is_lost(tmp_path, there, comes):
    """A folder that somebody made during a build of minutes was deleted."""
    out = tmp_path / "out"
    if there != "nothing":
        out.mkdir()
    if there == "a scene":
        (out / "run.json").write_text("old")
    with pytest.raises(Unwritable) as told, whole_folder(out) as work:
        (work / "run.json").write_text("new")
        if comes in ("a folder", "a file") and out.exists():
            out.rename(tmp_path / "moved")
        if comes == "a file":
            out.write_text("mine")
        else:
            out.mkdir(exist_ok=True)
            (out / ("run.json" if comes == "a change" else "thesis.txt")).write_text("mine")
    assert "mine" in {path.read_text() for path in (out, *out.glob("*")) if path.is_file()}
    assert (tmp_path / "out.2" / "run.json").read_text() == "new" and str(tmp_path / "out.2") in str(told.value)
    assert {path.name for path in tmp_path.iterdir()} - {"moved"} == {"out", "out.2"}


def test_an_empty_folder_that_appears_stays_too_and_a_name_that_is_taken_is_not_used(tmp_path):
    (tmp_path / "out.2").touch()
    with pytest.raises(Unwritable, match=r"out\.3\."), whole_folder(tmp_path / "out") as work:
        (work / "new").touch()
        (tmp_path / "out").mkdir()
    assert shown(tmp_path) == {"out", "out.2", "out.3", "out.3/new"}


def test_a_folder_that_was_removed_meanwhile_is_made_anew(tmp_path):
    (tmp_path / "out").mkdir()
    with whole_folder(tmp_path / "out") as work:
        (work / "new").touch()
        (tmp_path / "out").rmdir()
    assert shown(tmp_path) == {"out", "out/new"}


def killed(at: str, folder: Path, old: bool = True) -> None:
    """A process that makes `folder/out`, or the file `folder/out.txt`, and is killed with SIGKILL at a line."""
    program = f"""
import os, signal
from pathlib import Path
from gen3d.formats.whole import whole_folder, write_whole
def die(*_): os.kill(os.getpid(), signal.SIGKILL)
rename, number = Path.rename, 0
def renaming(self, target):
    if self.name == "out" and {at!r} == "before it is moved aside": die()
    rename(self, target)
    if self.name == "out" and {at!r} == "between the two renames": die()
    if Path(target).name == "out" and {at!r} == "before the old one is removed": die()
Path.rename = renaming
if {at!r} == "in a file":
    with write_whole(Path("out.txt")) as file:
        file.write_text("half"); die()
with whole_folder(Path("out")) as work:
    (work / "run.json").write_text("new")
    if {at!r} == "at work": die()
"""
    if old:
        (folder / "out").mkdir()
        (folder / "out" / "run.json").write_text("old")
    done = subprocess.run([sys.executable, "-c", program], cwd=folder, env=os.environ | {"PYTHONPATH": str(ROOT)})
    assert done.returncode == -signal.SIGKILL


WINDOWS = ["at work", "in a file", "before it is moved aside", "between the two renames"]


@pytest.mark.skipif(os.name != "posix", reason="no SIGKILL")
@pytest.mark.parametrize("at", [*WINDOWS, "before the old one is removed"])
def test_what_a_killed_process_left_is_mended_by_the_next_one(tmp_path, at):
    killed(at, tmp_path)
    assert any(path.name.startswith(".") for path in tmp_path.iterdir())
    with pytest.raises(RuntimeError), whole_folder(tmp_path / "another"):
        raise RuntimeError
    assert shown(tmp_path) == {"out", "out/run.json"}, "the old scene is back, or the new one there, and nothing else"
    assert (tmp_path / "out" / "run.json").read_text() == ("new" if at == "before the old one is removed" else "old")
    with whole_folder(tmp_path / "out") as work:
        (work / "run.json").write_text("newer")
    assert shown(tmp_path) == {"out", "out/run.json"} and (tmp_path / "out" / "run.json").read_text() == "newer"


@pytest.mark.skipif(os.name != "posix", reason="no claims")
def test_what_others_are_at_and_what_is_not_ours_is_never_swept(tmp_path):
    foreign = [".out.deadbeef", ".out.gen3d-deadbeef0", ".out.gen3d-DEADBEEF", "out.gen3d-deadbeef", ".gen3d-deadbeef"]
    for name in foreign:
        (tmp_path / name).mkdir()
    (tmp_path / ".link.gen3d-deadbeef").symlink_to(tmp_path / foreign[0])
    (tmp_path / "inside").mkdir()
    (tmp_path / "inside" / ".out.gen3d-deadbeef").mkdir()
    before = shown(tmp_path)
    with whole_folder(tmp_path / "out") as work, write_whole(tmp_path / "a.ply") as file:
        sweep(tmp_path)
        other = subprocess.run(
            [sys.executable, "-c", "from pathlib import Path; from gen3d.formats.claims import sweep; sweep(Path())"],
            cwd=tmp_path, env=os.environ | {"PYTHONPATH": str(ROOT)},
        )  # fmt: skip
        assert other.returncode == 0 and work.is_dir() and file.is_file()
    assert shown(tmp_path) == before | {"out", "a.ply"}


def test_a_sweep_between_making_and_claiming_costs_nothing(tmp_path, monkeypatch):
    make, swept = Path.mkdir, []

    def made_and_swept(path: Path, *args: object, **options: object) -> None:
        make(path, *args, **options)
        if not swept and ".out.gen3d-" in path.name:
            swept.append(path)
            sweep(tmp_path)

    monkeypatch.setattr(Path, "mkdir", made_and_swept)
    with whole_folder(tmp_path / "out") as work:
        (work / "new").touch()
        sweep(tmp_path)
    assert swept and shown(tmp_path) == {"out", "out/new"}


@pytest.mark.parametrize("error", [OSError("4096 requested and 0 written"), RuntimeError("unexpected pos 64")])
def test_a_full_disk_is_told_whoever_notices_and_whatever_they_raise(tmp_path, monkeypatch, error):
    """numpy says it by an OSError without a number, torch's archive by a RuntimeError."""

    class Full:
        def __enter__(self):
            return self

        def __exit__(self, *_: object) -> None: ...

        def write(self, _: bytes) -> None:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(tempfile, "TemporaryFile", lambda **_: Full())
        with pytest.raises(Unwritable, match="No space left on device"), write_whole(tmp_path / "a.npy"):
            raise error
    with pytest.raises(Unwritable if isinstance(error, OSError) else RuntimeError), write_whole(tmp_path / "a.npy"):
        raise error
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EROFS])
def test_a_disk_that_takes_no_more_is_told_of_a_folder_too(tmp_path, number):
    with pytest.raises(Unwritable, match="out could not be written"), whole_folder(tmp_path / "out"):
        raise OSError(number, os.strerror(number))
    with pytest.raises(ConnectionError), whole_folder(tmp_path / "out"):
        raise ConnectionError(errno.ECONNRESET, "not the disk's business")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_vanishes_under_the_work_is_told(tmp_path):
    with pytest.raises(Unwritable, match="out could not be written"), whole_folder(tmp_path / "in" / "out") as work:
        shutil.rmtree(tmp_path / "in")
        (work / "run.json").write_text("new")


class CvError(Exception):
    """As OpenCV's, which is no MemoryError."""


@pytest.mark.parametrize(
    "error", [MemoryError(), CvError("(-4:Insufficient memory) Failed to allocate 2 bytes"), OSError("std::bad_alloc")]
)
def test_memory_that_is_short_is_not_blamed_on_the_file(error):
    with pytest.raises(OutOfMemory) as told, refusing("small.png is damaged.", "Give another."):
        raise error
    assert "memory that this machine has free" in str(told.value) and "Reduce" not in str(told.value)
