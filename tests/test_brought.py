"""What is brought into a scene: read, put to scale, on its ground and into its light; refused with two sentences."""

from __future__ import annotations

import json
import struct
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from gen3d.edits import UP, Edit, Instance, disc_under, instances, upright
from gen3d.errors import Gen3DError, InputError
from gen3d.format_table import asked_for
from gen3d.formats.edits_file import as_json, parse_edits
from gen3d.formats.glb import write_glb
from gen3d.formats.mesh_glb import MOST_TRIANGLES
from gen3d.formats.scene_file import save_scene
from gen3d.formats.stored import StoredScene
from gen3d.products.bringing import beside
from gen3d.products.brought import thing_in
from gen3d.products.edited import Edited, edited_by, heeding
from gen3d.products.fitting import SHARE_OF_VIEW, light_of
from gen3d.splat.gaussians import Gaussians
from gen3d.splat.pick import pick_rasterizer
from gen3d.splat.placed import placed
from gen3d.splat.role import draw
from gen3d.splat.shadow import DARKEST, discs
from gen3d.values import Mesh, Part
from tests.small_scenes import LENS, sheet
from tests.thing_scenes import GROUND, room_with_cards, told_of_cards

RED, BLUE = (200, 40, 30), (40, 60, 200)
ROOM = room_with_cards()
TOLD = {**told_of_cards(ROOM), "changes": []}


def box_part(size: tuple[float, float, float], at: tuple[float, float, float] = (0.0, 0.0, 0.0)) -> Part:
    """A box whose picture is red in its upper half and blue in its lower."""
    corners = np.array([[x, y, z] for x in (-0.5, 0.5) for y in (-0.5, 0.5) for z in (-0.5, 0.5)]) * size + at
    faces = [(0, 1, 3, 2), (4, 6, 7, 5), (0, 4, 5, 1), (2, 3, 7, 6), (0, 2, 6, 4), (1, 5, 7, 3)]
    triangles = np.array([t for a, b, c, d in faces for t in ((a, b, c), (a, c, d))])
    share = (corners[:, 1] - corners[:, 1].min()) / size[1]
    uv = np.stack([np.full(8, 0.5), 0.02 + 0.96 * share], axis=1).astype(np.float32)
    picture = np.zeros((64, 4, 3), np.uint8)
    picture[:32], picture[32:] = RED, BLUE
    return Part("box", Mesh(corners.astype(np.float32), uv, triangles), picture)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """With a box of 0.3 x 0.6 x 0.2 m, somewhere; a card; a sheet of splats."""
    folder = tmp_path_factory.mktemp("brought")
    write_glb(folder / "box.glb", [box_part((0.3, 0.6, 0.2), (4.0, -1.0, 2.0))])
    card = np.zeros((120, 80, 4), np.uint8)
    card[20:100, 20:60] = (*RED, 255)
    Image.fromarray(card).save(folder / "card.png")
    Image.fromarray(card[20:100, 20:60, :3]).save(folder / "whole.png")
    splats = sheet((3.0, 3.0, 3.0), (0.5, 0, 0), (0, 1.0, 0), 0.05)
    for name in ("sheet.ply", "sheet.splat", "sheet.splats.glb"):
        save_scene(asked_for(Path(name)), folder / name, StoredScene(splats))
    return folder


def after(folder: Path, *edits: dict[str, Any], told: Any = TOLD) -> tuple[Edited, Gaussians]:
    how = edited_by(parse_edits(list(edits)).done, ROOM, told, beside(folder), LENS)
    return how, heeding(StoredScene(ROOM), how).gaussians


def bring(file: str, **more: Any) -> dict[str, Any]:
    return {"op": "bring in", "file": file, **more}


# -- by itself -------------------------------------------------------------------------------------------------------


def test_a_mesh_stands_by_itself_with_its_colours_where_they_were(folder):
    thing = thing_in(folder / "box.glb")
    means, rgb = thing.gaussians.means.numpy(), thing.gaussians.rgb.numpy()
    assert thing.size_m == pytest.approx(0.6, rel=0.01)
    low, high = means.min(axis=0), means.max(axis=0)
    assert np.allclose(low, (-0.25, -1, -1 / 6), atol=0.01) and np.allclose(high, (0.25, 0, 1 / 6), atol=0.01)
    for half, colour in ((means[:, 1] < -0.55, RED), (means[:, 1] > -0.45, BLUE)):
        assert np.allclose(np.median(rgb[half], axis=0), np.array(colour) / 255, atol=0.02)


def test_a_mesh_has_no_pinholes(folder):
    matrix = np.eye(4)
    matrix[:3, 3] = (0, 0.5, 1.5)
    alpha = draw(pick_rasterizer("cpu"), placed(thing_in(folder / "box.glb").gaussians, matrix), LENS).alpha.numpy()
    rows, columns = np.nonzero(alpha > 0.5)
    inner = alpha[rows.min() + 2 : rows.max() - 1, columns.min() + 2 : columns.max() - 1]
    assert inner.size > 300 and inner.min() > 0.95


def test_a_card_is_what_its_alpha_says_and_one_without_is_told_of(folder):
    card = thing_in(folder / "card.png")
    means = card.gaussians.means
    assert float(means[:, 1].min()) == pytest.approx(-1, abs=0.01) and float(means[:, 2].abs().max()) == 0
    assert float(means[:, 0].max()) == pytest.approx(0.25, abs=0.01) and card.size_m is None and card.told == ()
    assert np.allclose(card.gaussians.rgb.mean(dim=0), np.array(RED) / 255, atol=0.01)
    [told] = thing_in(folder / "whole.png").told
    assert "no alpha" in told


def test_splats_of_any_format_stand_alike_and_those_of_a_glb_know_metres(folder):
    things = {name: thing_in(folder / name) for name in ("sheet.ply", "sheet.splat", "sheet.splats.glb")}
    assert things["sheet.splats.glb"].size_m == pytest.approx(2.0, rel=0.1) and things["sheet.ply"].size_m is None
    for thing in things.values():
        means = thing.gaussians.means
        assert thing.gaussians.sh_degree == 0 and float(means[:, 1].max()) == pytest.approx(0, abs=0.02)
        assert float(means[:, 1].min()) == pytest.approx(-1, abs=0.02)


# -- in a scene ------------------------------------------------------------------------------------------------------


def test_what_is_brought_in_stands_on_the_ground_at_its_own_size_and_number(folder):
    how, g = after(folder, bring("box.glb", name="crate"))
    own = g.means[g.things == 3]
    assert how.name_of(3) == "crate" and len(own) > 30_000
    heights = own.double().numpy() @ GROUND.normal
    assert heights.min() == pytest.approx(GROUND.offset, abs=0.01)
    assert heights.max() - heights.min() == pytest.approx(0.6, abs=0.02)
    uv, z = LENS.project(own.double().numpy())
    assert LENS.frames(uv, z).mean() > 0.9
    built = g.keep(torch.arange(len(g)) < len(ROOM))
    assert torch.equal(built.means, ROOM.means) and torch.equal(built.sh, ROOM.sh)


def test_who_says_where_and_how_large_is_heeded(folder):
    how, g = after(folder, bring("box.glb", at=[0.4, 0.8, 2.0], deg=90, size_m=1.2, light=[1, 1, 1], **{"as": 9}))
    means = g.means[g.things == 9].double().numpy()
    low, high = means.min(axis=0), means.max(axis=0)
    assert np.allclose((low + high)[[0, 2]] / 2, (0.4, 2.0), atol=0.02) and high[1] == pytest.approx(0.8, abs=0.02)
    assert np.allclose(high - low, (0.4, 1.2, 0.6), atol=0.03)
    assert how.edits[0].light == (1.0, 1.0, 1.0) and how.notices == ()


def test_what_is_left_open_is_told_in_the_edit_and_comes_to_the_same_again(folder):
    how, g = after(folder, bring("box.glb"), bring("card.png", depth_m=1.5))
    again, same = after(folder, *map(as_json, how.edits))
    assert again.edits == how.edits and torch.equal(same.means, g.means) and torch.equal(same.sh, g.sh)
    view_m = LENS.height / LENS.K[1, 1] * how.edits[1].at[2]
    assert how.edits[1].size_m == pytest.approx(SHARE_OF_VIEW * view_m, rel=0.01)
    assert how.edits[1].at[2] == pytest.approx(1.5) and how.edits[1].at[1] == pytest.approx(-GROUND.offset)


def test_a_mesh_in_other_units_is_made_to_fit_and_that_is_told(folder, tmp_path):
    write_glb(tmp_path / "millimetres.glb", [box_part((300, 600, 200))])
    how, _ = after(tmp_path, bring("millimetres.glb"))
    assert how.edits[0].size_m < 1.2 and "600 m large by its file" in how.notices[0] and "size_m" in how.notices[0]


def test_two_things_are_not_put_into_each_other(folder):
    how, _ = after(folder, bring("box.glb", size_m=0.2), bring("box.glb", size_m=0.2))
    a, b = (np.array(edit.at) for edit in how.edits)
    assert np.linalg.norm(a - b) > 0.08


def test_what_was_brought_in_is_edited_as_what_was_built(folder):
    edits = [bring("box.glb", size_m=0.5), {"op": "move", "thing": 3, "by": [0.1, 0, 0]},
             {"op": "duplicate", "thing": 3, "by": [0, 0, 0.5]}, {"op": "remove", "thing": 3}]  # fmt: skip
    _, once = after(folder, edits[0])
    how, g = after(folder, *edits)
    assert set(g.things.tolist()) == {0, 1, 2, 4} and how.name_of(4) == "box, copy 4"
    moved = once.means[once.things == 3] + torch.tensor([0.1, 0, 0.5])
    assert torch.allclose(g.means[g.things == 4], moved, atol=1e-5)
    _, none = after(folder, *edits[:1], {"op": "remove", "thing": 3})
    assert len(none) == len(ROOM) and torch.equal(none.means, ROOM.means)


def test_light_takes_the_scenes_colour_and_leaves_an_even_picture_as_it_is():
    even = np.linspace(0, 1, 1001)[:, None].repeat(3, axis=1)
    assert np.allclose(light_of(even), 1, atol=2e-3)
    assert np.allclose(light_of(even * (1.0, 0.8, 0.5)), (1.0, 0.8, 0.5), atol=2e-3)
    assert max(light_of(even * 0.01)) == 0.25


def test_a_grey_thing_becomes_as_warm_as_the_room(folder, tmp_path):
    grey = replace(box_part((0.3, 0.6, 0.2)), picture=np.full((4, 4, 3), 128, np.uint8))
    write_glb(tmp_path / "grey.glb", [grey])
    warm = replace(ROOM, sh=ROOM.sh * torch.tensor([1.0, 0.8, 0.6]) - torch.tensor([0.0, 0.2, 0.4]) * 0.5 / 0.2821)
    how = edited_by(parse_edits([bring("grey.glb")]).done, warm, TOLD, beside(tmp_path), LENS)
    g = heeding(StoredScene(warm), how).gaussians
    r, gr, b = g.rgb[g.things == 3].mean(dim=0).tolist()
    assert r > gr > b and r / b == pytest.approx(how.edits[0].light[0] / how.edits[0].light[2], rel=0.02)


# -- ground and shadow -----------------------------------------------------------------------------------------------


def test_what_is_dropped_stands_on_the_ground_and_has_a_shadow_there(folder):
    how, g = after(folder, {"op": "move", "thing": 1, "by": [0.1, -0.2, 0.1]}, {"op": "drop", "thing": 1})
    assert float(how.things[1].foot @ GROUND.normal) == pytest.approx(GROUND.offset)
    dark = g.keep(torch.arange(len(g)) >= len(ROOM))
    assert 400 < len(dark) < 900 and float(dark.rgb.abs().max()) < 1e-5 and set(dark.things.tolist()) == {0}
    heights = dark.means.double().numpy() @ GROUND.normal - GROUND.offset
    assert (heights > 0).all() and (heights < 0.05).all()
    _, bare = after(folder, {"op": "drop", "thing": 1, "shadow": False})
    assert len(bare) == len(ROOM)


def test_a_shadow_stays_on_the_ground_when_the_thing_is_lifted_and_goes_when_it_is_hidden(folder):
    drop, lift = {"op": "drop", "thing": 1}, {"op": "move", "thing": 1, "by": [0, -0.5, 0]}
    (first,), (lifted,) = (after(folder, *edits)[0].shadows for edits in ([drop], [drop, lift]))
    assert np.allclose(first, lifted)
    assert after(folder, drop, {"op": "hide", "thing": 1})[0].shadows == ()


@pytest.mark.parametrize("up", [UP, (0.1, -0.9, 0.3), (0.0, 0.0, 1.0), (0.0, 1.0, 0.0)])
def test_a_disc_covers_its_footprint_and_no_more_than_is_asked_on_any_ground(up):
    upward = np.array(up) / np.linalg.norm(up)
    turn = upright(up)
    assert np.allclose(turn @ UP, upward) and np.linalg.det(turn) == pytest.approx(1)
    corners = np.array([[-1, 0, -0.4], [1, 0, -0.4], [1, 0, 0.4], [-1, 0, 0.4]]) @ turn.T + 3 * upward
    disc = disc_under(Instance(1, np.eye(4), np.eye(3), 3 * upward, shadow=3.0), corners, up)
    inside = (np.linalg.inv(disc) @ np.c_[corners, np.ones(4)].T)[:3]
    assert np.allclose(np.abs(inside[[0, 2]]), 1 / 1.35)
    assert np.allclose(disc[:3, 1] / np.linalg.norm(disc[:3, 1]), -upward)
    assert np.allclose((disc[:3, 3] @ upward) - 3, 0.08 * 0.4 * 1.35)


def test_a_shadow_takes_half_of_the_light_in_its_middle_and_none_at_its_rim():
    looking_down = np.eye(4)
    looking_down[:3, :3] = [[1, 0, 0], [0, 0, -1], [0, 1, 0]]  # camera axes in rows: down is ahead
    c2w = np.eye(4)
    c2w[:3, :3], c2w[:3, 3] = looking_down[:3, :3].T, (0, -3, 0)
    camera = LENS.posed(c2w)
    alpha = draw(pick_rasterizer("cpu"), discs([np.eye(4)], 0), camera).alpha.numpy()
    (u, v), radius = LENS.K[:2, 2].astype(int), int(LENS.K[0, 0] / 3)
    assert alpha[v - 3 : v + 3, u - 3 : u + 3].mean() == pytest.approx(DARKEST, abs=0.12)  # the low-pass widens each
    assert alpha[v, u + radius + 2] < 0.02
    assert np.abs(np.diff(alpha[v, u : u + radius + 2])).max() < 0.1  # soft


def test_where_no_ground_is_known_nothing_is_dropped():
    with pytest.raises(InputError, match="no ground was found"):
        instances([Edit("drop", 1)], {1: np.zeros(3)})


# -- refused ---------------------------------------------------------------------------------------------------------


def glb(folder: Path, name: str, change: Any) -> Path:
    """The box, its description changed."""
    content = (folder / "box.glb").read_bytes()
    (length,) = struct.unpack("<I", content[12:16])
    told, rest = json.loads(content[20 : 20 + length]), content[20 + length :]
    change(told)
    text = json.dumps(told).encode()
    text += b" " * (-len(text) % 4)
    whole = struct.pack("<4sII", b"glTF", 2, 20 + len(text) + len(rest)) + struct.pack("<I4s", len(text), b"JSON")
    (folder / name).write_bytes(whole + text + rest)
    return folder / name


def many(told: dict) -> None:
    told["accessors"][told["meshes"][0]["primitives"][0]["indices"]]["count"] = 30_000_000


def shown_often(told: dict) -> None:
    node = next(n for n in told["nodes"] if "mesh" in n)
    told["nodes"] += [dict(node) for _ in range(90_000)]
    told["scenes"] = [{"nodes": list(range(len(told["nodes"])))}]


def draco(told: dict) -> None:
    told["extensionsRequired"] = ["KHR_draco_mesh_compression"]


def astray(told: dict) -> None:
    told["meshes"][0]["primitives"][0]["attributes"]["POSITION"] = 99


def huge_places(told: dict) -> None:
    next(n for n in told["nodes"] if "mesh" in n)["translation"] = [float("nan"), 0, 0]


@pytest.mark.parametrize(
    ("change", "said"),
    [(many, "10 million triangles"), (shown_often, "damaged"), (draco, "KHR_draco_mesh_compression"),
     (astray, "damaged"), (huge_places, "damaged")],
)  # fmt: skip
def test_a_mesh_that_is_too_much_or_broken_gets_two_sentences(folder, change, said):
    file = glb(folder, f"{change.__name__}.glb", change)
    with pytest.raises(Gen3DError) as found:
        thing_in(file)
    assert said in found.value.what and found.value.what.endswith(".") and found.value.remedy.endswith(".")
    assert MOST_TRIANGLES < 10_000_000


def test_a_transparent_picture_and_a_file_of_nothing_are_refused(folder):
    Image.fromarray(np.zeros((64, 64, 4), np.uint8)).save(folder / "air.png")
    (folder / "notes.txt").write_text("a lamp")
    (folder / "cut.png").write_bytes((folder / "card.png").read_bytes()[:200])
    for name in ("air.png", "notes.txt", "cut.png", "missing.glb"):
        with pytest.raises(Gen3DError) as found:
            thing_in(folder / name)
        assert found.value.what.endswith(".") and found.value.remedy.endswith(".")


@pytest.mark.parametrize("name", ["/etc/hostname", "../box.glb", "a/../../box.glb", "..", ".", "a\0b", "sub/../../x"])
def test_no_file_beyond_the_folder_of_the_edits_is_opened(folder, name):
    with pytest.raises(InputError, match=r"outside|is not there"):
        thing_in(beside(folder / "below")(name))


BAD = [
    {"op": "bring in"}, {"op": "bring in", "file": "a.glb", "words": "a ball"}, {"op": "bring in", "file": 3},
    {"op": "bring in", "file": ""}, {"op": "bring in", "file": "a\nb"}, bring("a.glb", at=[float("nan"), 0, 0]),
    bring("a.glb", size_m=0), bring("a.glb", size_m=float("inf")), bring("a.glb", light=[9, 1, 1]),
    bring("a.glb", deg="left"), bring("a.glb", thing=1), bring("a.glb", shadow=1), bring("a.glb", depth_m=-1),
    {"op": "drop"}, {"op": "drop", "thing": 1, "by": [0, 0, 0]},
]  # fmt: skip


@pytest.mark.parametrize("edit", BAD, ids=range(len(BAD)))
def test_an_edit_that_brings_nothing_in_is_refused_with_two_sentences(edit):
    with pytest.raises(InputError) as found:
        parse_edits([edit])
    assert found.value.what.endswith(".") and found.value.remedy.endswith(".")


def test_words_that_nobody_has_made_are_told_of(folder):
    with pytest.raises(InputError, match=r"a red ball.*nobody has made"):
        after(folder, {"op": "bring_in", "words": "a red ball"})
