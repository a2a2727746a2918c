"""Edits of a scene's things: what each does to Gaussians and meshes, undone exactly, refused with two sentences."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch

from gen3d.edits import Edit, instances
from gen3d.errors import InputError
from gen3d.formats.edits_file import Edits, as_json, parse_edits, read_edits, write_edits
from gen3d.formats.ply import write_ply
from gen3d.formats.scene_file import open_scene
from gen3d.formats.view import read_told
from gen3d.products.edited import edited_by, edited_parts, edits_beside, heeding
from gen3d.products.mesh import mesh_parts
from gen3d.scene_files import SceneFiles
from gen3d.splat.edited import edited
from gen3d.splat.gaussians import Gaussians
from gen3d.splat.harmonics import seen_from
from gen3d.splat.pick import pick_rasterizer
from gen3d.splat.placed import placed
from gen3d.splat.role import draw
from gen3d.values import SKY
from tests.layered_scenes import layered_room
from tests.runs import TINY, room_models
from tests.small_scenes import LENS, photo_scene, tinted
from tests.test_cli import refused, run

FEET = {1: np.array([0.0, 1.0, 3.0]), 2: np.array([1.0, 1.0, 4.0])}


def scene() -> Gaussians:
    """The box room: a third of it nobody's, two things and sky, with harmonics of degree 1."""
    g = tinted(photo_scene())
    numbers = torch.tensor([0, 0, 1, 2, 1, SKY], dtype=torch.int32)
    return replace(g, things=numbers[torch.arange(len(g)) % 6])


def after(*edits: Edit) -> Gaussians:
    return edited(scene(), instances(edits, FEET))


def same(a: Gaussians, b: Gaussians) -> bool:
    names = ("means", "quats", "scales", "opacities", "sh", "things")
    return all(torch.equal(getattr(a, name), getattr(b, name)) for name in names)


def test_no_edits_are_the_gaussians_themselves():
    g = scene()
    assert edited(g, instances((), FEET)) is g
    assert edited(g, instances([Edit("hide", 1), Edit("show", 1)], FEET)) is g


@pytest.mark.parametrize("op", ["hide", "remove"])
def test_what_is_hidden_or_removed_is_gone_and_all_else_stays(op):
    assert same(after(Edit(op, 1)), scene().keep(scene().things != 1))


def test_a_move_moves_its_thing_alone_in_its_place_among_the_others():
    moved, g = after(Edit("move", 2, by=(0.5, 0.0, -1.0))), scene()
    own = g.things == 2
    assert torch.allclose(moved.means[own], g.means[own] + torch.tensor([0.5, 0.0, -1.0]), atol=1e-6)
    assert same(moved.keep(~own), g.keep(~own)) and torch.equal(moved.things, g.things)
    assert torch.equal(moved.sh, g.sh) and torch.equal(moved.scales, g.scales)


def test_a_turn_stays_on_its_foot_and_is_counterclockwise_from_above():
    [thing] = instances([Edit("turn", 1, deg=90.0)], {1: FEET[1]}).values()
    assert np.allclose(thing.matrix @ [*FEET[1], 1], [*FEET[1], 1]) and np.allclose(thing.foot, FEET[1])
    right = thing.matrix[:3, :3] @ (1.0, 0.0, 0.0)
    assert np.allclose(right, (0.0, 0.0, 1.0), atol=1e-9)  # seen from above, right becomes ahead


def test_turned_and_scaled_gaussians_look_from_where_one_turned_along_as_they_did():
    g = scene().keep(scene().things == 1)
    [thing] = instances([Edit("turn", 1, deg=37.0, axis=(0.2, -1.0, 0.3)), Edit("scale", 1, factor=1.7)],
                        {1: FEET[1]}).values()  # fmt: skip
    turned, c2w = edited(g, {1: thing}), np.eye(4)
    c2w[:3, :3], c2w[:3, 3] = thing.matrix[:3, :3] / 1.7, thing.matrix[:3, 3]
    before, then = (seen_from(x, camera).rgb for x, camera in ((g, LENS), (turned, LENS.posed(c2w))))
    assert torch.allclose(before, then, atol=1e-5)
    rasterizer = pick_rasterizer("cpu")
    pictures = [draw(rasterizer, x, camera).rgb for x, camera in ((g, LENS), (turned, LENS.posed(c2w)))]
    assert float((pictures[0] - pictures[1]).abs().mean()) < 2e-3
    assert same(turned, placed(g, thing.matrix))


def test_a_copy_is_a_thing_of_its_own_behind_all_others():
    g, two = scene(), after(Edit("duplicate", 1, by=(1.0, 0.0, 0.0)), Edit("move", 3, by=(0.0, 0.0, 2.0)))
    own = g.keep(g.things == 1)
    assert same(two.keep(torch.arange(len(two)) < len(g)), g)
    copy = two.keep(two.things == 3)
    assert len(two) == len(g) + len(own)
    assert torch.allclose(copy.means, own.means + torch.tensor([1.0, 0.0, 2.0]), atol=1e-6)


def test_a_copy_stays_when_what_it_was_copied_from_goes():
    left = after(Edit("duplicate", 1, by=(1.0, 0.0, 0.0), new=9), Edit("remove", 1))
    assert set(left.things.tolist()) == {0, 2, 9, SKY}


def test_a_tint_keeps_brightness_and_reaches_the_colour_at_full_strength():
    g, red = scene(), after(Edit("tint", 1, rgb=(1.0, 0.0, 0.0)))
    own = g.things == 1
    weights = torch.tensor((0.2126, 0.7152, 0.0722))
    for view in (LENS, LENS.posed(np.diag([-1.0, 1.0, -1.0, 1.0]))):
        before, then = (0.5 + 0 * x.means + (seen_from(x, view).rgb - 0.5) for x in (g.keep(own), red.keep(own)))
        plain = (then > 0).any(dim=1) & (before > 0.01).all(dim=1)
        assert torch.allclose((before @ weights)[plain], (then @ weights)[plain], atol=1e-4)
        assert float(then[plain][:, 1:].abs().max()) < 1e-4
    assert same(red.keep(~own), g.keep(~own))
    assert same(after(Edit("tint", 1, rgb=(1.0, 0.0, 0.0), strength=0.0)), g)


def test_a_thing_that_was_renamed_is_what_it_was_under_another_name():
    edits = [Edit("rename", 1, name="oak"), Edit("duplicate", 1)]
    g, thing = scene(), {"id": 1, "name": "chair", "foot": FEET[1]}
    assert edited(g, instances(edits[:1], FEET)) is g
    how = edited_by(edits, g, {"things": [thing], "up": [0.0, -1.0, 0.0], "changes": []})
    assert (how.name_of(1), how.name_of(2)) == ("oak", "chair, copy 2")


def test_edits_of_what_is_not_there_say_which_and_what_there_is():
    for edits in ([Edit("move", 7)], [Edit("remove", 1), Edit("move", 1)]):
        with pytest.raises(InputError, match=rf"Edit {len(edits)} is to move thing {edits[-1].thing}.*none"):
            instances(edits, FEET)
    with pytest.raises(InputError, match="taken"):
        instances([Edit("duplicate", 1, new=2)], FEET)
    with pytest.raises(InputError, match="taken"):
        instances([Edit("duplicate", 1), Edit("remove", 3), Edit("duplicate", 1, new=3)], FEET)


# -- the file --------------------------------------------------------------------------------------------------------

ALL = [
    {"op": "hide", "thing": 1}, {"op": "show", "thing": 1}, {"op": "remove", "thing": 1, "fill": True},
    {"op": "move", "thing": 2, "by": [0.5, 0.0, 0.0]}, {"op": "scale", "thing": 1, "by": 1.5},
    {"op": "turn", "thing": 1, "deg": 30.0, "axis": [0.0, -1.0, 0.0], "at": [1.0, 2.0, 3.0]},
    {"op": "duplicate", "thing": 1, "by": [1.0, 0.0, 0.0], "as": 9, "name": "twin"},
    {"op": "tint", "thing": 1, "rgb": [1.0, 0.5, 0.0], "strength": 0.25}, {"op": "rename", "thing": 1, "name": "oak"},
]  # fmt: skip


def test_every_edit_comes_back_from_its_file(tmp_path):
    edits = parse_edits(ALL)
    write_edits(tmp_path / "edits.json", edits)
    assert read_edits(tmp_path / "edits.json") == edits
    assert [parse_edits([as_json(edit)]).done[0] for edit in edits.done] == list(edits.done)


def test_undo_and_redo_lead_back_to_the_same_bytes(tmp_path):
    file, edits = tmp_path / "edits.json", parse_edits(ALL[3:5])
    write_edits(file, edits)
    before = file.read_bytes()
    more = edits.and_then(Edit("hide", 1))
    assert more.undo().done == edits.done and more.undo().redo() == more
    write_edits(file, replace(more.undo(), undone=()))
    assert file.read_bytes() == before
    assert Edits().undo() == Edits() == Edits().redo() and more.undo().and_then(Edit("hide", 2)).undone == ()


def test_a_thing_may_be_meant_by_its_name_and_a_colour_by_its_code():
    [edit] = parse_edits([{"op": "tint", "thing": "chair", "rgb": "#ff0080"}], names={"chair": 4}).done
    assert edit.thing == 4 and edit.rgb == (1.0, 0.0, 128 / 255)


BAD = [
    "null", "{}", '"x"', "[3]", '[{"op": "melt", "thing": 1}]', '[{"op": "hide"}]', '[{"op": "hide", "thing": 0}]',
    '[{"op": "hide", "thing": true}]', '[{"op": "hide", "thing": 65535}]', '[{"op": "hide", "thing": "sofa"}]',
    '[{"op": "hide", "thing": 1, "by": [1, 2, 3]}]', '[{"op": "move", "thing": 1}]',
    '[{"op": "move", "thing": 1, "by": [NaN, 0, 0]}]', '[{"op": "move", "thing": 1, "by": [Infinity, 0, 0]}]',
    '[{"op": "move", "thing": 1, "by": [1e9, 0, 0]}]', '[{"op": "move", "thing": 1, "by": [1, 0]}]',
    '[{"op": "move", "thing": 1, "by": "left"}]', '[{"op": "turn", "thing": 1, "deg": NaN}]',
    '[{"op": "turn", "thing": 1, "deg": 3, "axis": [0, 0, 0]}]', '[{"op": "scale", "thing": 1, "by": 0}]',
    '[{"op": "scale", "thing": 1, "by": -1}]', '[{"op": "tint", "thing": 1, "rgb": [2, 0, 0]}]',
    '[{"op": "tint", "thing": 1, "rgb": "red"}]', '[{"op": "remove", "thing": 1, "fill": 1}]',
    '[{"op": "duplicate", "thing": 1, "as": -2}]', '[{"op": "duplicate", "thing": 1, "name": "a\\nb"}]',
    '[{"op": "rename", "thing": 1}]', '[{"op": "rename", "thing": 1, "name": " "}]',
    '{"edits": [], "undone": 3}', "[" * 100_000, "\x00", '[{"op": ["hide"], "thing": 1}]',
]  # fmt: skip


@pytest.mark.parametrize("text", BAD, ids=range(len(BAD)))
def test_what_is_no_edit_is_refused_with_two_sentences(tmp_path, text):
    (tmp_path / "edits.json").write_text(text)
    with pytest.raises(InputError) as found:
        read_edits(tmp_path / "edits.json", {"chair": 1})
    assert found.value.what.endswith(".") and found.value.remedy.endswith(".")


# -- scenes and their folder -----------------------------------------------------------------------------------------


def folder_of(tmp_path) -> SceneFiles:
    files = SceneFiles(tmp_path)
    write_ply(files.ply, scene())
    return files


def test_edits_beside_a_scene_are_heeded_and_undone_to_the_byte(tmp_path):
    files = folder_of(tmp_path)
    stored = open_scene(files.ply)
    assert edits_beside(files, stored.gaussians) is None and heeding(stored, None) is stored
    write_edits(files.edits, parse_edits([{"op": "remove", "thing": 1}]))
    how = edits_beside(files, stored.gaussians)
    assert "1 edit" in how.told and 1 not in heeding(stored, how).gaussians.things
    write_edits(files.edits, Edits().and_then(Edit("remove", 1)).undo())
    write_ply(tmp_path / "again.ply", heeding(stored, edits_beside(files, stored.gaussians)).gaussians)
    assert (tmp_path / "again.ply").read_bytes() == files.ply.read_bytes()


def test_a_scene_without_things_cannot_be_edited(tmp_path):
    files = SceneFiles(tmp_path)
    write_ply(files.ply, photo_scene())
    write_edits(files.edits, parse_edits([{"op": "hide", "thing": 1}]))
    with pytest.raises(InputError, match="which of its Gaussians"):
        edits_beside(files, open_scene(files.ply).gaussians)


def test_a_meshs_parts_go_where_the_gaussians_go():
    room = layered_room()
    things = np.where(room.layers.foreground, np.where(np.arange(160) < 80, 1, 2), 0).astype(np.int32)
    parts = mesh_parts(replace(room, layers=replace(room.layers, things=things)))
    copy = Edit("duplicate", 2, by=(1.0, 0.0, 0.0), name="twin")
    edits = [Edit("remove", 1), Edit("move", 2, by=(0.5, 0.0, 0.0)), copy, Edit("tint", 2, rgb=(0.0, 0.0, 1.0))]
    how = edited_by(edits, replace(scene()), None)
    found = {part.name: part for part in edited_parts(parts, how)}
    built = {part.name: part for part in parts}
    assert "foreground/thing 1" in built and not any(name.endswith("thing 1") for name in found)
    moved, twin = found["foreground/thing, copy 2"], found["foreground/twin"]
    x = built["foreground/thing 2"].mesh.xyz[:, 0]
    for part, by in ((moved, 0.5), (twin, 1.5)):
        assert np.allclose(part.mesh.xyz[:, 0], x + by, atol=1e-6)
    assert moved.picture[..., 0].max() == 0 and twin.picture[..., 0].max() > 0
    assert {n for n in built if not n.startswith("foreground/thing")} <= set(found)


def test_edit_bakes_a_folder_that_every_export_follows(built, tmp_path, capsys):
    apply = tmp_path / "edits.json"
    apply.write_text('[{"op": "remove", "thing": 1}, {"op": "move", "thing": 2, "by": [0, -0.3, 0]}]')
    before = {file.name: file.read_bytes() for file in built.folder.iterdir() if file.is_file()}
    run("edit", built.folder, "--apply", apply, "-o", tmp_path / "baked", "--engine", "builtin")
    assert {file.name: file.read_bytes() for file in built.folder.iterdir() if file.is_file()} == before
    g = open_scene(tmp_path / "baked" / "scene.ply").gaussians
    assert 1 not in g.things and 2 in g.things
    told = json.loads((tmp_path / "baked" / "things.json").read_text())
    old = json.loads((built.folder / "things.json").read_text())
    [there], [was] = ([t for t in x["things"] if t["id"] == 2] for x in (told, old))
    assert there["id"] in [thing["id"] for thing in read_told(tmp_path / "baked" / "scene.view")["things"]]
    assert there["name"] == was["name"] and there["foot"][1] == pytest.approx(was["foot"][1] - 0.3, abs=2e-3)
    run("export", tmp_path / "baked" / "scene.ply", "--to", tmp_path / "m.glb", tmp_path / "s.splats.glb")
    nodes = (tmp_path / "m.glb").read_bytes()
    assert f'"{was["name"]}"'.encode() in nodes and b"thing 1" not in nodes


def test_a_bad_edit_leaves_nothing_behind(built, tmp_path, capsys):
    apply = tmp_path / "edits.json"
    apply.write_text('[{"op": "move", "thing": 999, "by": [0, 0, 0]}]')
    assert "thing 999" in refused(capsys, "edit", built.folder, "--apply", apply, "-o", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_render_heeds_edits_and_says_so(built, tmp_path, capsys):
    files = SceneFiles(tmp_path)
    g = open_scene(built.folder / "scene.ply").gaussians
    write_ply(files.ply, g)
    write_edits(files.edits, parse_edits([{"op": "hide", "thing": 1}]))
    cameras = built.folder / "transforms.json"
    run("render", files.ply, "--cameras", cameras, "-o", tmp_path / "edited")
    assert "edits.json beside the scene is heeded" in capsys.readouterr().out
    write_ply(tmp_path / "without.ply", g.keep(g.things != 1))
    run("render", tmp_path / "without.ply", "--cameras", cameras, "-o", tmp_path / "without")
    assert (tmp_path / "edited" / "00.png").read_bytes() == (tmp_path / "without" / "00.png").read_bytes()


def test_python_edits_a_scene_and_keeps_the_one_before(built):
    from gen3d.face.scene import Scene
    from gen3d.formats.layered import load_layered
    from gen3d.formats.transforms import read_transforms

    g = open_scene(built.folder / "scene.ply").gaussians
    files = SceneFiles(built.folder)
    rasterizer = pick_rasterizer("cpu")
    made = tuple(read_transforms(files.transforms)), load_layered(files.layers)
    was = Scene(g, *made, built.request, TINY, room_models(), rasterizer)
    name = was.things["things"][0]["name"]
    now = was.edited([{"op": "remove", "thing": name}])
    assert was.gaussians is g and same(now.gaussians, g.keep(g.things != was.things["things"][0]["id"]))
    with pytest.raises(InputError, match="none"):
        was.edited([{"op": "remove", "thing": 999}])
