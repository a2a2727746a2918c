"""Files and folders are there whole, or not at all."""

from pathlib import Path

import pytest

from gen3d.errors import Unwritable
from gen3d.formats.whole import whole_folder, write_whole


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
