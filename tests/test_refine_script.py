"""`gen3d edit --refine` and `--parts`, as a person calls them, on a tiny CLIP in a cache of its own."""

import shutil

import pytest

from gen3d.formats.ply import read_ply
from gen3d.formats.things_file import read_things
from gen3d.products.relabel import merge
from gen3d.scene_files import SceneFiles
from tests.test_cli import refused, run
from tests.tiny_hub import at_home, fill_cache


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    return fill_cache(tmp_path_factory.mktemp("hub"), ("clip",))


def test_a_built_scene_is_refined_without_edits_and_stays_as_it_is(built, home, tmp_path):
    before = SceneFiles(built.folder).ply.read_bytes()
    with at_home(home):
        args = ("edit", built.folder, "--refine", 2, "--engine", "builtin", "--use", "critic=clip", "--device", "cpu")
        for out in ("one", "again"):
            assert run(*args, "-o", tmp_path / out) == 0
    one, again = (SceneFiles(tmp_path / out).ply for out in ("one", "again"))
    assert one.read_bytes() == again.read_bytes() != before == SceneFiles(built.folder).ply.read_bytes()
    old, new = read_ply(SceneFiles(built.folder).ply), read_ply(one)
    seen = old.kinds <= 1
    assert (old.sh[seen] == new.sh[seen]).all() and not (old.sh == new.sh).all()


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("--refine", 5), "Nobody here plays critic"),
        (("--refine", 0), "cannot look"),
        (("--refine", 5, "--refine-thing", "elephant"), "no thing 'elephant'"),
        (("--parts", "elephant"), "no thing 'elephant'"),
    ],
)
def test_what_cannot_be_refined_is_told_and_nothing_is_left(built, tmp_path, capsys, options, told):
    args = ("edit", built.folder, *options, "--engine", "builtin", "-o", tmp_path / "out")
    assert told in refused(capsys, *args)
    assert not (tmp_path / "out").exists()


def test_the_parts_of_a_thing_are_things_of_the_new_folder(built, tmp_path):
    shutil.copytree(built.folder, tmp_path / "scene")
    told = merge(SceneFiles(tmp_path / "scene"), [1, 2])["things"]
    assert run("edit", tmp_path / "scene", "--parts", 1, "--rasterizer", "cpu", "-o", tmp_path / "out") == 0
    names = [thing["name"] for thing in read_things(SceneFiles(tmp_path / "out").things)["things"]]
    assert len(names) > len(told) and any(name.endswith(", part 2") for name in names)
