"""Things told, renamed, merged and split: things.json says so, and scene.ply stays as it was."""

import json
import shutil
from dataclasses import replace

import numpy as np
import pytest
import torch

from gen3d.camera import Camera
from gen3d.errors import InputError
from gen3d.formats.layered import load_layered
from gen3d.formats.ply import read_ply
from gen3d.formats.things_file import read_things, write_things
from gen3d.geometry.labels import things_of
from gen3d.geometry.place import shell_m_of
from gen3d.geometry.points import lift
from gen3d.geometry.things import find_things
from gen3d.products.relabel import (
    merge,
    relabelled,
    relabelled_pixels,
    rename,
    split,
    split_into_parts,
    undone,
)
from gen3d.products.things import floating_told, ground_in, things_of_scene, things_told
from gen3d.scene_files import SceneFiles
from gen3d.splat.gaussians import from_points
from gen3d.values import Layers, Origin
from tests.worlds import AnalyticWorld, Box, Plane, box_room, ground_and_sky


def told_of(world: AnalyticWorld) -> dict:
    """things.json of a world as one photo shows it."""
    camera = world.camera(160, 120)
    photo, foreground = world.view(camera), world.foreground(camera)
    layers = Layers(photo, foreground, foreground)
    layers = replace(layers, things=find_things(layers))
    points = lift(photo, np.ones_like(foreground), Origin.PHOTO, shell_m_of(photo.depth))
    return things_of_scene(replace(from_points(points), things=torch.from_numpy(things_of(points, layers))), photo)


def test_the_ground_is_the_plane_that_it_is():
    ground = ground_in(ground_and_sky().view(ground_and_sky().camera()))
    assert np.allclose(ground.normal, (0, -1, 0), atol=2e-3) and ground.offset == pytest.approx(-1.6, abs=5e-3)
    assert ground_in(AnalyticWorld("wall", (Plane((0.0, 0.0, 1.0), 4.0),)).view(ground_and_sky().camera())) is None


def test_boxes_on_a_floor_are_told_where_they_are():
    floor, wall = Plane((0.0, 1.0, 0.0), 1.0, (0.45, 0.55, 0.3)), Plane((0.0, 0.0, 1.0), 7.0)
    boxes = Box((-1.0, 0.2, 4.0), (-0.3, 1.0, 4.01)), Box((0.5, -0.3, 4.0), (1.2, 1.0, 4.01), (0.7, 0.3, 0.3))
    told = told_of(AnalyticWorld("two boxes", (floor, wall), boxes))
    first, second = sorted(told["things"], key=lambda thing: thing["centre"][0])
    assert np.allclose(first["box"]["low"], (-1.0, 0.2, 4.0), atol=0.06)
    assert np.allclose(second["box"]["high"][:2], (1.2, 1.0), atol=0.06)
    assert first["stands_on"] == second["stands_on"] == "ground" and not first["floating"]
    assert first["touches"] == [] and first["foot"][1] == pytest.approx(1.0, abs=0.06) and told["changes"] == []
    assert all(corner[1] == pytest.approx(1.0, abs=0.02) for corner in first["footprint"])
    assert floating_told(told) is None and first["name"].startswith("thing ")


def test_what_the_frame_cuts_off_below_is_not_floating():
    told = told_of(box_room())
    assert not any(thing["floating"] for thing in told["things"]) and floating_told(told) is None


def test_what_hangs_in_the_air_is_floating_and_told():
    floor, ball = Plane((0.0, 1.0, 0.0), 1.6, (0.45, 0.55, 0.3)), Box((-0.4, -0.6, 3.0), (0.4, 0.1, 3.1))
    told = told_of(AnalyticWorld("hanging", (floor,), (ball,)))
    [thing] = told["things"]
    assert thing["floating"] and thing["stands_on"] is None and thing["name"] in floating_told(told)


@pytest.mark.parametrize("solids", [
    (Box((1.5, -0.6, 3.0), (2.6, 0.1, 3.1)),),
    (Box((-0.4, -0.9, 3.0), (0.4, -0.3, 3.1)), Box((-0.6, -0.5, 2.4), (0.6, 0.2, 2.5))),
    (Box((-0.5, -0.6, 3.0), (0.5, 0.4, 3.2)), Box((-0.75, -0.72, 3.1), (-0.56, -0.55, 3.13), (0.8, 0.2, 0.1))),
    (Box((-0.5, -0.6, 6.93), (0.5, 0.4, 7.1)),),
], ids=["cut off at the side", "hidden below by another", "a scrap of another", "hung on the wall"])  # fmt: skip
def test_what_may_be_held_by_what_the_photo_does_not_show_is_not_floating(solids):
    surfaces = (Plane((0.0, 1.0, 0.0), 1.6, (0.45, 0.55, 0.3)), Plane((0.0, 0.0, 1.0), 7.0))
    told = told_of(AnalyticWorld("held", surfaces, solids))
    far = min(told["things"], key=lambda thing: thing["count"]) if len(solids) > 1 else told["things"][0]
    assert far["stands_on"] is None and not far["floating"]


def test_a_box_on_a_box_stands_on_it_and_touches_it():
    told = told_of(box_room())
    layers = box_room()
    camera = layers.camera(160, 120)
    xyz, of = [], []
    for n, (low, high) in enumerate((((-0.5, 0.8, 3.0), (0.5, 1.4, 3.5)), ((-0.2, 0.3, 3.0), (0.2, 0.8, 3.4))), 1):
        along = (np.linspace(a, b, 12) for a, b in zip(low, high, strict=True))
        grid = np.stack(np.meshgrid(*along), -1).reshape(-1, 3)
        xyz, of = [*xyz, grid], [*of, np.full(len(grid), n)]
    photo = layers.view(camera)
    points = lift(photo, np.ones(photo.depth.shape, bool), Origin.PHOTO, 10.0)
    some = from_points(points.keep(np.arange(sum(map(len, xyz)))))
    some = replace(some, means=torch.from_numpy(np.concatenate(xyz)).float(),
                   things=torch.from_numpy(np.concatenate(of)).to(torch.int32))  # fmt: skip
    below, above = things_told(some, camera, ground_in(photo))["things"]
    assert below["stands_on"] == "ground" and above["stands_on"] == 1 and not above["floating"]
    assert below["touches"] == [2] and above["touches"] == [1] and told["ground"] is not None


def test_a_thing_before_another_is_in_front_of_it():
    rows = Box((-0.3, -0.3, 2.0), (0.3, 0.3, 2.1)), Box((-0.9, -0.2, 4.0), (0.9, 0.9, 4.1))
    world = AnalyticWorld("rows", (Plane((0.0, 0.0, 1.0), 6.0),), rows)
    near, far = sorted(told_of(world)["things"], key=lambda thing: thing["centre"][2])
    assert near["in_front_of"] == [far["id"]] and far["in_front_of"] == []


# -- changes ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def files(built, tmp_path) -> SceneFiles:
    """A copy of a build, to change."""
    shutil.copytree(built.folder, tmp_path / "scene")
    return SceneFiles(tmp_path / "scene")


def test_changes_write_things_json_alone_and_are_undone_to_the_byte(files):
    before = {f.name: f.read_bytes() for f in files.folder.iterdir() if f.is_file()}
    rename(files, 1, "the left box")
    merge(files, [1, 2])
    told = read_things(files.things)
    assert [thing["id"] for thing in told["things"]][:1] == [1] and told["things"][0]["name"] == "the left box"
    assert 2 not in [thing["id"] for thing in told["things"]]
    changed = {f.name for f in files.folder.iterdir() if f.is_file() and f.read_bytes() != before[f.name]}
    assert changed == {"things.json"}
    undone(files), undone(files)
    assert files.things.read_bytes() == before["things.json"] and undone(files)["changes"] == []


def test_a_split_takes_what_lies_within_an_outline_in_any_view(files):
    layers, g = load_layered(files.layers).layers, read_ply(files.ply)
    camera = layers.rgbd.camera
    own = g.means[g.things == 1].double().numpy()
    middle = float(np.median(camera.project(own)[0][:, 1]))
    top = np.array([[0, 0], [camera.width, 0], [camera.width, middle], [0, middle]], float)
    told = split(files, 1, [top], name="upper half")
    new = next(thing for thing in told["things"] if thing["name"] == "upper half")
    of = relabelled(g, told["changes"]).things
    uv, _ = camera.project(g.means.double().numpy())
    assert (uv[(of == new["id"]).numpy()][:, 1] < middle + 1).all() and (of == 1).any()
    assert abs(new["count"] / len(own) - 0.5) < 0.1 and new["id"] > int(g.things[g.things < 60000].max())
    pixels = relabelled_pixels(layers.things, told["changes"])
    assert (pixels == new["id"]).any() and (np.nonzero(pixels == new["id"])[0] <= middle + 1).all()
    aside = camera.look_at(np.array([0.5, 0.0, 0.0]), own.mean(axis=0))
    told = split(files, 1, [np.array([[0, 0], [camera.width / 2, 0], [camera.width / 2, 999], [0, 999]], float)], aside)
    assert len(told["things"]) == len(json.loads(files.things.read_text())["things"])


def test_a_thing_is_split_into_its_parts_which_touch_and_undone_one_by_one(files):
    before, g = files.things.read_bytes(), read_ply(files.ply)
    merge(files, [1, 2])
    told = split_into_parts(files, 1)
    parts = [thing for thing in told["things"] if ", part " in thing["name"]]
    assert parts and all(thing["name"].startswith("thing 1") for thing in parts)
    own = sum(int((g.things == n).sum()) for n in (1, 2))
    assert sum(thing["count"] for thing in [*parts, told["things"][0]]) == own
    for _ in range(1 + 2 * len(parts)):
        undone(files)
    assert files.things.read_bytes() == before


@pytest.mark.parametrize("call", [
    lambda files: split_into_parts(files, 99),
    lambda files: rename(files, 99, "x"), lambda files: rename(files, 1, ""), lambda files: rename(files, 1, "a\nb"),
    lambda files: merge(files, [1, 1]), lambda files: merge(files, [1, 99]),
    lambda files: split(files, 1, [np.array([[0.0, 0.0], [1.0, 0.0]])]), lambda files: split(files, 1, []),
    lambda files: split(files, 1, [np.array([[0.0, 0.0], [1.0, 0.0], [np.nan, 1.0]])]),
    lambda files: split(files, 1, [np.array([[-9.0, -9.0], [-8.0, -9.0], [-8.0, -8.0]])]),
    lambda files: split(files, 1, [np.array([[-9e3, -9e3], [9e3, -9e3], [9e3, 9e3], [-9e3, 9e3]])]),
])  # fmt: skip
def test_what_cannot_be_changed_is_refused_and_nothing_is_written(files, call):
    before = files.things.read_bytes()
    with pytest.raises(InputError):
        call(files)
    assert files.things.read_bytes() == before


@pytest.mark.parametrize("damage", [
    lambda t: t.pop("things"), lambda t: t["things"][0].pop("foot"), lambda t: t["things"][0].update(id="x"),
    lambda t: t["changes"].append({"op": "melt"}),
    lambda t: t["changes"].append({"op": "merge", "things": [1], "into": 1}),
    lambda t: t.update(up=[0, 0]), lambda t: t["things"][0].update(foot=[float("nan")] * 3),
    lambda t: t["changes"].append({"op": "split", "thing": 1, "into": 5, "polygons": [[[0, 0]] * 3], "camera": {}}),
])  # fmt: skip
def test_a_damaged_things_json_is_told(files, damage):
    things = json.loads(files.things.read_text())
    damage(things)
    write_things(files.things, things)
    with pytest.raises(InputError):
        read_things(files.things)


def test_no_camera_sees_more_than_its_frame():
    g = from_points(lift(box_room().view(Camera.from_fov(60.0, 64, 48)), np.ones((48, 64), bool), 0, 10.0))
    g = replace(g, things=torch.ones(len(g), dtype=torch.int32))
    assert relabelled(g, [{"op": "rename", "thing": 1, "name": "x"}]) is g
