"""Bringing in, from the command line to every file that leaves: baked, exported, undone to the byte, filled."""

from __future__ import annotations

import hashlib
import json
import struct
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from gen3d.camera import Camera
from gen3d.errors import InputError
from gen3d.events import product
from gen3d.formats.edits_file import parse_edits
from gen3d.formats.glb import write_glb
from gen3d.formats.scene_file import open_scene
from gen3d.formats.view import read_told, read_view
from gen3d.geometry.points import lift
from gen3d.models.base import DepthEstimate, Made
from gen3d.models.builtin.solids import SolidMaker, solid_of
from gen3d.products.brought import thing_of_surfaces
from gen3d.products.export import export_file
from gen3d.products.opened import write_opened_view
from gen3d.products.surfels import surfels
from gen3d.run import direct
from gen3d.run.checked import checked
from gen3d.run.edit import Built, filled, points_of
from gen3d.scene_files import SceneFiles
from gen3d.settings import ExpandSettings
from gen3d.splat.gaussians import from_points, joined
from gen3d.splat.pick import pick_rasterizer
from gen3d.splat.role import draw
from gen3d.values import RGBD, SKY, LayeredDepth, Layers, Origin
from tests import conftest
from tests.fakes import fake_models
from tests.test_brought import box_part
from tests.test_cli import refused, run

BALL = {"op": "bring in", "words": "a red ball of 30 cm", "name": "ball"}


@pytest.fixture
def scene(built: conftest.Built, tmp_path: Path) -> Path:
    """A folder with links to the build's files, to be edited."""
    folder = tmp_path / "scene"
    folder.mkdir()
    for file in built.folder.iterdir():
        if file.is_file():
            (folder / file.name).symlink_to(file)
    return folder


def sums(folder: Path) -> dict[str, str]:
    files = (file for file in folder.rglob("*") if file.is_file())
    return {str(file.relative_to(folder)): hashlib.sha256(file.read_bytes()).hexdigest() for file in files}


# -- words -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "size_m", "colour", "shape"),
    [("a red ball", 0.4, "#b3231d", (1, 1, 1)), ("big blue boxes, please", 0.56, "#2a55b0", (1, 1, 1)),
     ("a green cone of 25 cm", 0.25, "#3c7a32", (0.7, 1, 0.7)), ("cylinder, 1.5 m", 1.5, "#b9b2a6", (0.56, 1, 0.56)),
     ("A TINY BLACK PYRAMID", 0.18, "#1d1d20", (1, 0.8, 1)), ("yellow ring", 0.4, "#e3b522", (1, 0.28, 1))],
)  # fmt: skip
def test_words_say_shape_colour_and_size(words, size_m, colour, shape):
    made = solid_of(words)
    [surface] = made.surfaces
    extent = np.ptp(surface.xyz, axis=0)
    assert made.size_m == pytest.approx(size_m) and made.told == ""
    assert np.allclose(extent / extent.max(), np.array(shape) / max(shape), atol=0.01)
    assert np.allclose(surface.rgb[0], [int(colour[k : k + 2], 16) / 255 for k in (1, 3, 5)])


@pytest.mark.parametrize("words", ["ball", "box", "cone", "cylinder", "ring", "pyramid", "vase", "bowl", "egg", "disc"])
def test_every_solid_is_closed_and_faces_outwards(words):
    [surface] = solid_of(words).surfaces
    a, b, c = (surface.xyz[surface.triangles[:, k]] for k in range(3))
    volume = float((a * np.cross(b, c)).sum() / 6)
    assert 0.05 < volume <= 1.001
    assert len(thing_of_surfaces([surface]).gaussians) > 30_000


def test_what_is_not_understood_is_told_and_what_cannot_be_made_is_refused():
    assert solid_of("a shiny teal egg").told == "Not understood: shiny."
    for words in ("a dragon", "", "!!"):
        with pytest.raises(InputError, match="Ask for one of ball"):
            solid_of(words)


@pytest.mark.parametrize("fault", ["nowhere", "astray", "nothing"])
def test_for_a_maker_whose_things_are_none_the_builtin_one_makes_them(fault):
    class Broken(SolidMaker):
        def make(self, words: Any = None, picture: Any = None, seed: int = 0) -> Made:
            [surface] = super().make(words).surfaces
            corners = surface.triangles
            bad = {"nowhere": replace(surface, xyz=surface.xyz * np.nan),
                   "nothing": replace(surface, triangles=corners[:0]),
                   "astray": replace(surface, triangles=corners + 10**6)}  # fmt: skip
            return Made((bad[fault],))

    told: list[str] = []
    maker = checked(replace(fake_models(), object_maker=Broken("broken")), told.append).object_maker
    assert len(maker.make("a ball").surfaces[0].triangles) > 100
    assert "broken made" in told[0] and "simple solids plays object maker" in told[0]


# -- the command line ------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def baked(built: conftest.Built, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small room with a ball and a box in it, one thing dropped."""
    folder = tmp_path_factory.mktemp("brought")
    write_glb(folder / "box.glb", [box_part((0.2, 0.4, 0.2))])
    edits = [BALL, {"op": "bring in", "file": "box.glb"}, {"op": "move", "thing": 1, "by": [0, -0.1, 0]}]
    (folder / "edits.json").write_text(json.dumps(edits))
    run("edit", built.folder, "--apply", folder / "edits.json", "-o", folder / "baked", "--engine", "builtin")
    return folder / "baked"


def test_what_is_baked_in_is_a_thing_of_the_scene(baked, built):
    g, before = (open_scene(folder / "scene.ply").gaussians for folder in (baked, built.folder))
    things = {thing["name"]: thing for thing in json.loads((baked / "things.json").read_text())["things"]}
    assert {"ball", "box"} <= set(things) and things["ball"]["count"] == int((g.things == things["ball"]["id"]).sum())
    assert len(g) > len(before) + 60_000 and things["ball"]["seen"] == 0
    red = g.rgb[g.things == things["ball"]["id"]].mean(dim=0)
    assert red[0] > 2 * red[1]
    assert {"ball", "box"} <= {thing["name"] for thing in read_told(baked / "scene.view")["things"]}


@pytest.mark.parametrize("suffix", [".glb", ".splats.glb", ".usda"])
def test_every_export_has_what_was_brought_in_under_its_name(baked, tmp_path, suffix):
    file = tmp_path / f"scene{suffix}"
    run("export", baked / "scene.ply", "--to", file)
    content = file.read_bytes()
    assert b"ball" in content and b"box" in content
    if suffix == ".glb":
        (length,) = struct.unpack("<I", content[12:16])
        nodes = json.loads(content[20 : 20 + length])["nodes"]
        assert {"ball", "box"} <= {node["name"] for node in nodes if "mesh" in node}


def test_edits_beside_a_scene_bring_files_into_what_is_exported_and_words_are_told_of(scene, tmp_path, capsys):
    write_glb(scene / "box.glb", [box_part((0.2, 0.4, 0.2))])
    (scene / "edits.json").write_text(json.dumps([{"op": "bring in", "file": "box.glb"}]))
    run("export", scene / "scene.ply", "--to", tmp_path / "a.splats.glb", tmp_path / "b.ply")
    g = open_scene(tmp_path / "b.ply").gaussians
    assert int((g.things == int(g.things[g.things < 65535].max())).sum()) > 30_000
    assert b"box" in (tmp_path / "a.splats.glb").read_bytes()
    (scene / "edits.json").write_text(json.dumps([BALL]))
    assert "nobody has made" in refused(capsys, "export", scene / "scene.ply", "--to", tmp_path / "c.ply")
    (scene / "edits.json").write_text(json.dumps([{"op": "bring in", "file": "../box.glb"}]))
    assert "outside the folder" in refused(capsys, "export", scene / "scene.ply", "--to", tmp_path / "c.ply")


def test_a_square_for_each_gaussian_covers_what_they_cover():
    g = thing_of_surfaces(solid_of("box").surfaces).gaussians
    part = surfels("foreground/box", g)
    corners = part.mesh.xyz[part.mesh.triangles]
    area = 0.5 * np.linalg.norm(np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]), axis=1).sum()
    assert 6 < area < 40 and len(part.mesh) == 2 * len(g) / 2  # every second of the 40,000
    at = (part.mesh.uv * part.picture.shape[1::-1]).astype(int)
    assert np.abs(part.picture[at[:, 1], at[:, 0]][::4] / 255 - g.rgb.numpy()[::2]).max() < 0.01
    assert surfels("x", replace(g, opacities=0 * g.opacities)) is None


def test_an_opened_scene_tells_of_its_things(built, tmp_path):
    write_opened_view(tmp_path / "opened.view", built.folder / "scene.ply", pick_rasterizer("cpu"))
    things = set(open_scene(built.folder / "scene.ply").gaussians.things.tolist()) - {0, 65535}
    assert {thing["id"] for thing in read_told(tmp_path / "opened.view")["things"]} == things


def test_a_site_of_an_edited_scene_tells_of_its_things(scene, tmp_path):
    direct.add_edits(scene, [BALL], SolidMaker())
    product(export_file(direct.finished(scene, pick_rasterizer("cpu")), tmp_path / "site"))
    from gen3d.products.site import _view

    told = read_told(_view(direct.finished(scene, pick_rasterizer("cpu")), tmp_path))
    assert "ball" in {thing["name"] for thing in told["things"]}


# -- programs --------------------------------------------------------------------------------------------------------


def test_what_is_brought_in_is_kept_beside_the_scene_and_undone_to_the_byte(scene):
    before = sums(scene)
    direct.add_edits(scene, [BALL, {"op": "move", "thing": "ball", "by": [0.1, 0, 0]}], SolidMaker())
    edits = json.loads((scene / "edits.json").read_text())["edits"]
    assert edits[0]["file"].startswith("brought/") and "words" not in edits[0] and edits[0]["size_m"] == 0.3
    assert (scene / edits[0]["file"]).is_file()
    direct.add_edits(scene, [{"op": "hide", "thing": "ball"}])
    direct.take_back(scene, 2)
    assert (scene / edits[0]["file"]).is_file()
    direct.take_back(scene, 1)
    assert sums(scene) == before and not (scene / "brought").exists()


def test_a_file_is_brought_in_for_the_viewer_which_edits_itself(scene, tmp_path):
    write_glb(tmp_path / "box.glb", [box_part((0.2, 0.4, 0.2))])
    edit, told = direct.bring_in(scene, {"deg": 30}, tmp_path / "box.glb", None, None, tmp_path / "box.view")
    assert not (scene / "edits.json").exists() and "as" not in edit and edit["deg"] == 30 and told == ()
    view = read_view(tmp_path / "box.view")
    [thing] = read_told(tmp_path / "box.view")["things"]
    assert thing["name"] == "box" and thing["foot"] == [0, 0, 0] and len(view.gaussians) > 30_000
    direct.put_edits(scene, {"edits": [edit], "undone": []})
    again, _ = direct.bring_in(scene, {}, tmp_path / "box.glb", None, None)
    assert again["file"] == edit["file"] and again["at"] != edit["at"]
    direct.put_edits(scene, {"edits": [], "undone": []})
    assert not (scene / "brought").exists() and not (scene / "edits.json").exists()


@pytest.mark.parametrize(
    "edit",
    [{"op": "bring in", "file": "/etc/hostname"}, {"op": "bring in", "file": "scene.ply"},
     {"op": "bring in", "file": "brought/../scene.ply"},
     {"op": "bring in", "file": "brought/0123456789abcdef.splats.glb"},
     {"op": "bring in", "file": "made/upload"}, {"op": "bring in", "words": "a dragon"}],
)  # fmt: skip
def test_a_visitors_edits_name_no_file_but_what_is_kept(scene, edit):
    before = sums(scene)
    full = edit | {"at": [0, 0, 2], "size_m": 1, "light": [1, 1, 1]}
    for call in (lambda: direct.add_edits(scene, [full], SolidMaker()),
                 lambda: direct.put_edits(scene, {"edits": [], "undone": [full]} if "words" not in full else [full])):
        with pytest.raises(InputError) as found:
            call()
        assert found.value.what.endswith(".") and found.value.remedy.endswith(".")
    assert sums(scene) == before


def test_from_python_things_are_brought_in_and_the_mesh_goes_along(built, tmp_path):
    from gen3d.face.scene import Scene
    from gen3d.formats.layered import load_layered
    from gen3d.formats.transforms import read_transforms
    from tests.runs import TINY, room_models

    files = SceneFiles(built.folder)
    made = tuple(read_transforms(files.transforms)), load_layered(files.layers)
    models = replace(room_models(), object_maker=SolidMaker())
    was = Scene(open_scene(files.ply).gaussians, *made, built.request, TINY, models, pick_rasterizer("cpu"))
    first = was.things["things"][0]
    now = was.edited([BALL, {"op": "rename", "thing": first["id"], "name": "oak"}])
    now = now.edited([{"op": "move", "thing": "oak", "by": [0.3, 0, 0]}])
    assert {"ball", "oak"} <= {thing["name"] for thing in now.things["things"]} and was.edits is None
    for scene, name in ((was, "was.glb"), (now, "now.glb")):
        scene.save(tmp_path / name)
    assert b'"ball"' in (tmp_path / "now.glb").read_bytes() and b'"ball"' not in (tmp_path / "was.glb").read_bytes()
    moved = place_of(tmp_path / "now.glb", "oak") - place_of(tmp_path / "was.glb", f"thing {first['id']}")
    assert np.allclose(moved, (0.3, 0, 0), atol=1e-4)


def place_of(file: Path, name: str) -> np.ndarray:
    content = file.read_bytes()
    (length,) = struct.unpack("<I", content[12:16])
    [node] = [n for n in json.loads(content[20 : 20 + length])["nodes"] if n["name"] == name]
    return np.array(node["translation"])


# -- what nobody made ------------------------------------------------------------------------------------------------


NEAR_WALL, FAR_WALL, THING = (0.2, 0.5, 0.8), (0.8, 0.6, 0.2), (0.9, 0.1, 0.1)


class TwoWalls:
    """A near wall at 2 m on the left, a far one at 4 m that goes on behind it; and engines that know both."""

    name = "the truth"
    colour = np.array(FAR_WALL, np.float32)

    def inpaint(self, image: Any, hole: Any, borrow: Any, depth: Any, prompt: Any = None, seed: int = 0) -> Any:
        return np.where(hole[..., None], self.colour, image).astype(np.float32)

    def estimate(self, image: Any, camera: Any = None, expected: Any = None) -> DepthEstimate:
        far = np.abs(image - self.colour).max(axis=2) < np.abs(image - NEAR_WALL).max(axis=2)
        return DepthEstimate(np.where(far, 4.0, 2.0).astype(np.float32))


def two_walls(folder: Path) -> Built:
    """Their photo, with a thing at 1 m before the edge of the near wall, and a camera half a metre to the right."""
    camera = Camera.from_fov(60.0, 96, 72)
    left, own = np.arange(96) < 48, (np.arange(96) >= 36) & (np.arange(96) < 60)
    depth = np.tile(np.where(left, 2.0, 4.0), (72, 1)).astype(np.float32)
    image = np.tile(np.where(left[:, None], NEAR_WALL, FAR_WALL), (72, 1, 1)).astype(np.float32)
    thing = np.zeros((72, 96), bool)
    thing[20:60, own] = True
    seen, there = np.where(thing[..., None], THING, image), np.where(thing, 1, depth)
    photo = RGBD(seen.astype(np.float32), there.astype(np.float32), camera)
    layers = Layers(photo, thing, thing, things=thing.astype(np.int32))
    aside = np.eye(4)
    aside[0, 3] = 0.5
    points = lift(photo, np.ones_like(thing), Origin.PHOTO, 50.0)
    g = replace(from_points(points), things=torch.from_numpy(thing.reshape(-1).astype(np.int32)))
    layered = LayeredDepth(layers, RGBD(image, depth, camera), (), 50.0)
    told = {"up": [0, -1, 0], "ground": None, "changes": [],
            "things": [{"id": 1, "name": "thing", "foot": [0.0, 0.5, 1.0]}]}  # fmt: skip
    return Built(SceneFiles(folder), g, layered, [camera, camera.posed(aside)], told)


def test_what_a_removal_uncovers_and_nobody_made_is_filled_with_what_is_there(tmp_path):
    scene, truth = two_walls(tmp_path), TwoWalls()
    models = replace(fake_models(), outpainter=truth, depth=truth)
    how = scene.edited(parse_edits([{"op": "remove", "thing": 1, "fill": True}]).done)
    behind = from_points(points_of(scene.layered, how))
    new = product(filled(scene, how, models, ExpandSettings()))
    aside = scene.cameras[1]
    before, after = (draw(pick_rasterizer("cpu"), g, aside) for g in (behind, joined(behind, new)))
    middle = np.s_[8:-8, 8:60]  # what the photo's frame holds of it, seen from aside
    assert (before.alpha.numpy()[middle] < 0.2).mean() > 0.05, "the edit uncovers something"
    hole = before.alpha.numpy()[middle] < 0.2
    assert (after.alpha.numpy()[middle][hole] > 0.9).mean() > 0.95
    seen = after.rgb.numpy()[middle][hole]
    assert np.abs(np.median(seen, axis=0) - FAR_WALL).max() < 0.05
    assert np.median(np.abs(new.means[:, 2].numpy() - 4.0)) < 0.1 and len(new) > 100
    assert set(new.things.tolist()) == {0}


def test_labels_survive_readers_that_are_not_ours(baked, tmp_path):
    """@playcanvas/splat-transform of a .ply, which it moves, reorders and filters; three.js of a .glb, where each thing
    is a node with as many points."""
    from tests.npm import node, npm_package
    from tests.test_scene_file import converted
    from tests.three_page import THREE

    ours, theirs = open_scene(baked / "scene.ply").gaussians.things, tmp_path / "theirs.ply"
    number = int(ours[(ours > 0) & (ours < SKY)][0])

    def after(*actions: str) -> torch.Tensor:
        return open_scene(converted(baked / "scene.ply", theirs, actions=actions)).gaussians.things

    assert torch.equal(after(), ours) and torch.equal(after("-t", "1,0,0", "-r", "0,90,0"), ours)
    assert torch.equal(after("-m").sort().values, ours.sort().values)
    assert torch.equal(after("-V", f"gen3d_thing,eq,{number}"), ours[ours == number])
    run("export", baked / "scene.ply", "--to", tmp_path / "scene.splats.glb")
    three = npm_package(*THREE)
    program = f"""
import * as fs from 'fs'
import {{ GLTFLoader }} from '{three.as_uri()}/examples/jsm/loaders/GLTFLoader.js'
const bytes = fs.readFileSync('{tmp_path / "scene.splats.glb"}')
new GLTFLoader().parse(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length), '', ({{ scene }}) => {{
  const found = {{}}
  scene.traverse(one => {{ if (one.isPoints) found[one.name] = one.geometry.attributes.position.count }})
  console.log(JSON.stringify(found))
}}, error => {{ throw error }})
"""
    (tmp_path / "read.mjs").write_text(program)
    (tmp_path / "node_modules").symlink_to(three.parent)
    done = node(tmp_path / "read.mjs")
    assert done.returncode == 0, done.stderr[-500:]
    found = json.loads(done.stdout)
    for thing in json.loads((baked / "things.json").read_text())["things"]:
        assert found[thing["name"].replace(" ", "_").replace(",", ",")] == thing["count"]
