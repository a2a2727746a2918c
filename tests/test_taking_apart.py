"""Things of a finished scene taken apart and put together: what is kept beside it, and what the viewer's files say."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from gen3d.edits import Edit
from gen3d.errors import InputError
from gen3d.formats.edits_file import Edits, read_edits, write_edits
from gen3d.formats.things_file import camera_as_json, read_things
from gen3d.formats.view import read_told, read_view
from gen3d.products.relabel import rename
from gen3d.run.acts import MOST
from gen3d.run.direct import add_edits, edits_of, take_back
from gen3d.run.edit import built_in
from gen3d.run.taking_apart import put_together, take_apart
from gen3d.scene_files import SceneFiles
from tests.conftest import Built


@pytest.fixture
def scene(built: Built, tmp_path: Path) -> Path:
    return Path(shutil.copytree(built.folder, tmp_path / "scene"))


def ids(scene: Path) -> list[int]:
    return [thing["id"] for thing in read_things(SceneFiles(scene).things)["things"]]


def left_half(scene: Path) -> list[list[list[float]]]:
    """An outline in the photo that holds half of the first thing."""
    built = built_in(scene)
    camera = built.cameras[0]
    u = camera.project(built.gaussians.means[built.gaussians.things == 1].double().numpy())[0][:, 0]
    return [[[-9, -9], [float(np.median(u)), -9], [float(np.median(u)), 9999], [-9, 9999]]]


def test_an_outline_of_another_view_counts_in_that_view(scene):
    built = built_in(scene)
    camera = built.cameras[-1]
    u = camera.project(built.gaussians.means[built.gaussians.things == 1].double().numpy())[0][:, 0]
    middle = float(np.median(u))
    polygon = [[-9999, -9999], [middle, -9999], [middle, 9999], [-9999, 9999]]
    take_apart(scene, "1", {"polygons": [polygon], "camera": camera_as_json(camera)})
    of = read_view(SceneFiles(scene).view).gaussians.things
    assert 0.3 < int((of == max(ids(scene))).sum()) / int(((of == 1) | (of == max(ids(scene)))).sum()) < 0.7


def kept(scene: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in scene.iterdir() if file.is_file()}


def test_what_an_outline_holds_is_a_thing_of_its_own_in_the_list_and_in_the_viewers_file(scene):
    before, ply, view = ids(scene), (scene / "scene.ply").read_bytes(), SceneFiles(scene).view
    limits = read_view(view).limits
    take_apart(scene, "1", left_half(scene))
    [new] = set(ids(scene)) - set(before)
    shown = read_view(view).gaussians.things.numpy()
    assert 0.3 < (shown == new).sum() / np.isin(shown, (1, new)).sum() < 0.7
    assert [thing["id"] for thing in read_told(view)["things"]] == ids(scene)
    assert (scene / "scene.ply").read_bytes() == ply and read_view(view).limits == limits


def test_what_was_taken_apart_is_put_together_again_and_the_viewers_file_is_as_before(scene):
    before = read_view(SceneFiles(scene).view).gaussians
    take_apart(scene, "1", left_half(scene))
    put_together(scene, [1, max(ids(scene))])
    after = read_view(SceneFiles(scene).view).gaussians
    assert (after.things == before.things).all() and (after.means == before.means).all() and 1 in ids(scene)


def test_copies_keep_their_numbers_and_parts_get_others(scene):
    copied = max(ids(scene))
    write_edits(scene / "edits.json", Edits((Edit("duplicate", copied, (0.2, 0.0, 0.0)), Edit("hide", copied + 1))))
    take_apart(scene, "1", left_half(scene))
    [copy, hidden] = read_edits(scene / "edits.json").done
    assert copy.new == hidden.thing == copied + 1 and max(ids(scene)) == copied + 2
    assert built_in(scene).edited(read_edits(scene / "edits.json").done).things[copied + 1].of == copied


NO_OUTLINES = (
    "round", {"polygons": [[[0, 0], [9, 0], [0, 9]]]}, {"camera": {}}, [[1, 2]], [[[0, 0], [1, 0]]],
    [[[0, 0], [1, 0], [float("nan"), 1]]], 5,
)  # fmt: skip


@pytest.mark.parametrize("outlines", NO_OUTLINES)
def test_outlines_that_are_none_are_refused_and_nothing_changes(scene, outlines):
    before = kept(scene)
    with pytest.raises(InputError):
        take_apart(scene, "1", outlines)
    assert kept(scene) == before


def test_a_thing_that_was_moved_is_not_taken_apart_and_nothing_changes(scene):
    write_edits(scene / "edits.json", Edits((Edit("move", 1, (0.2, 0.0, 0.0)),)))
    before = kept(scene)
    with pytest.raises(InputError, match=r"^1 was edited, and not all of it would follow\. Undo"):
        take_apart(scene, "1")
    with pytest.raises(InputError, match="was edited"):
        put_together(scene, [1, 2])
    assert kept(scene) == before


@pytest.mark.parametrize("thing", ["99", "lamp", "", "-1", "1e9"])
def test_what_is_no_thing_is_not_taken_apart(scene, thing):
    with pytest.raises(InputError, match="no thing that was built here"):
        take_apart(scene, thing)


@pytest.mark.parametrize("things", [None, 1, "1", [], [1], [1, 1], [1, 99], [[1], [2]], list(range(9999))])
def test_what_is_no_list_of_two_things_is_not_put_together(scene, things):
    before = kept(scene)
    with pytest.raises(InputError):
        put_together(scene, things)
    assert kept(scene) == before


def everything(scene: Path) -> dict[str, bytes]:
    return {str(file.relative_to(scene)): file.read_bytes() for file in scene.rglob("*") if file.is_file()}


def test_a_split_and_a_merge_are_undone_to_the_byte(scene):
    before = everything(scene)
    take_apart(scene, "1", left_half(scene))
    between = kept(scene)
    put_together(scene, [1, max(ids(scene))])
    take_back(scene)
    assert kept(scene) == between
    take_back(scene)
    assert everything(scene) == before


def test_edits_splits_and_merges_are_undone_in_the_order_in_which_they_were_made(scene):
    before = everything(scene)
    add_edits(scene, [{"op": "hide", "thing": 2}])
    one = kept(scene)
    take_apart(scene, "1", left_half(scene))
    part = max(ids(scene))
    two = kept(scene)
    add_edits(scene, [{"op": "move", "thing": part, "by": [0.1, 0, 0]}])
    take_back(scene)
    assert kept(scene) == two
    take_back(scene)
    assert kept(scene) == one
    take_back(scene)
    assert everything(scene) == before
    with pytest.raises(InputError, match="0 edits"):
        take_back(scene)


def test_several_are_taken_back_at_once_or_none(scene):
    before = everything(scene)
    take_apart(scene, "1", left_half(scene))
    add_edits(scene, [{"op": "hide", "thing": 2}])
    with pytest.raises(InputError, match=r"^This scene has 2 edits, so 3 cannot be taken back\. Give"):
        take_back(scene, 3)
    take_back(scene, 2)
    assert everything(scene) == before


def test_an_edit_of_a_part_goes_before_the_part_does_however_few_edits_there_are(scene):
    add_edits(scene, [{"op": "hide", "thing": 2}])
    take_apart(scene, "1", left_half(scene))
    part = max(ids(scene))
    write_edits(scene / "edits.json", Edits((Edit("move", part, (0.1, 0.0, 0.0)),)))
    take_back(scene)
    assert part in ids(scene) and edits_of(built_in(scene)).done == ()
    take_back(scene)
    assert part not in ids(scene)


def test_a_split_that_fails_leaves_nothing_to_undo(scene):
    before = everything(scene)
    with pytest.raises(InputError, match="The outline holds nothing"):
        take_apart(scene, "1", [[[-90, -90], [-80, -90], [-80, -80]]])
    assert everything(scene) == before


def test_what_somebody_changed_since_is_not_lost_by_undoing(scene):
    take_apart(scene, "1", left_half(scene))
    rename(SceneFiles(scene), 2, "pot")
    before = kept(scene)
    with pytest.raises(InputError, match="0 edits"):
        take_back(scene)
    assert kept(scene) == before


def test_so_many_are_kept_and_no_more(scene):
    for _ in range(MOST // 2 + 1):
        take_apart(scene, "1", left_half(scene))
        put_together(scene, [1, max(ids(scene))])
    take_back(scene, MOST)
    assert not (scene / "before").exists() and len(read_things(SceneFiles(scene).things)["changes"]) == 2


def test_what_is_hidden_is_not_joined_to_another(scene):
    add_edits(scene, [{"op": "hide", "thing": 2}])
    before = kept(scene)
    with pytest.raises(InputError, match="2 was edited"):
        put_together(scene, [1, 2])
    assert kept(scene) == before
    put_together(scene, [2, 1])
    assert built_in(scene).edited(edits_of(built_in(scene)).done).things[2].hidden
