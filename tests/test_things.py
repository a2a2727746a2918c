"""What stands in front, taken apart into things: by known worlds, and kept by every step and file."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch
import trimesh
from plyfile import PlyData

from bench.things import purity_and_coverage
from gen3d.camera import Camera
from gen3d.events import product
from gen3d.formats.known import Limits
from gen3d.formats.layered import load_layered, save_layered
from gen3d.formats.ply import open_ply, read_ply, write_ply
from gen3d.formats.things_file import read_things
from gen3d.formats.view import read_told, read_view, write_view
from gen3d.geometry.labels import things_of
from gen3d.geometry.place import shell_m_of
from gen3d.geometry.points import lift
from gen3d.geometry.things import find_things
from gen3d.products.export import export_file
from gen3d.products.limits import every_so_many
from gen3d.run.direct import finished
from gen3d.scene_files import SceneFiles
from gen3d.splat.gaussians import joined
from gen3d.splat.merged import merged
from gen3d.values import NO_THING, RGBD, SKY, Candidates, Layers, Origin
from tests.layered_scenes import layered_room
from tests.small_scenes import LENS, photo_scene, tinted
from tests.worlds import AnalyticWorld, Box, Plane, Sphere, box_room, ground_and_sky

LIMITS = Limits(10.0, 14.0, 5.0, 8.0, 0.7, 1.2)
WALL = Plane((0.0, 0.0, 1.0), 6.0)


def seen(world: AnalyticWorld, width: int = 160, height: int = 120) -> tuple[Layers, np.ndarray]:
    """Its layers, and which occluder each pixel shows, from 1."""
    camera = world.camera(width, height)
    rgbd, foreground = world.view(camera), world.foreground(camera)
    _, _, nearest = world._cast(world.surfaces + world.occluders, camera)
    return Layers(rgbd, foreground, foreground), np.where(foreground, nearest - len(world.surfaces) + 1, 0)


def test_two_boxes_on_a_floor_are_two_things():
    layers, objects = seen(box_room())
    things = find_things(layers)
    assert things.max() == 2 and purity_and_coverage(things, objects) == (1.0, 1.0)
    assert (things > 0)[layers.foreground].mean() > 0.98


def test_the_largest_is_the_first():
    things = find_things(seen(box_room())[0])
    areas = np.bincount(things.ravel())[1:]
    assert (np.diff(areas) <= 0).all()


def a_bar_behind_a_pole(colour: tuple = (0.3, 0.45, 0.7)) -> AnalyticWorld:
    """A bar across the picture, cut in two by a pole well before it; its halves may differ in colour."""
    left, right = (Box((x, -0.2, 3.0), (x + 1.2, 0.2, 3.001)) for x in (-1.2, 0.0))
    bar = (replace(left, tint=(0.3, 0.45, 0.7)), replace(right, tint=colour))
    return AnalyticWorld("bar", (WALL,), (Box((-0.05, -9.0, 1.5), (0.05, 9.0, 1.501), (0.9, 0.8, 0.2)), *bar))


def test_what_a_nearer_thing_cuts_in_two_is_one():
    layers, objects = seen(a_bar_behind_a_pole())
    assert find_things(layers, joins=False).max() == 3
    things = find_things(layers)
    assert things.max() == 2
    assert set(things[objects == 2]) == set(things[objects == 3]) != set(things[objects == 1])


def test_of_another_look_it_is_two_unless_one_mask_is_made_of_both():
    layers, objects = seen(a_bar_behind_a_pole((0.8, 0.2, 0.1)))
    assert find_things(layers).max() == 3
    whole = Candidates((objects > 1)[None], np.ones(1, bool))
    assert find_things(replace(layers, candidates=whole)).max() == 2


def test_alike_things_with_a_gap_that_the_photo_looked_through_stay_two():
    halves = Box((-1.2, -0.2, 3.0), (-0.25, 0.2, 3.001)), Box((0.25, -0.2, 3.0), (1.2, 0.2, 3.001))
    assert find_things(seen(AnalyticWorld("gap", (WALL,), halves))[0]).max() == 2


def test_the_ground_is_no_thing_though_a_mask_took_it_along():
    layers, objects = seen(ground_and_sky())
    below = layers.foreground | (~layers.rgbd.sky & (np.arange(120)[:, None] > 80))
    things = find_things(replace(layers, foreground=below))
    assert things.max() == 1 and (things[objects == 1] == 1).mean() > 0.95
    assert (things > 0)[below & (objects == 0)].mean() < 0.1


def test_no_foreground_and_sky_alone_are_no_things():
    layers, _ = seen(ground_and_sky())
    nothing = np.zeros_like(layers.foreground)
    assert not find_things(replace(layers, foreground=nothing)).any()
    assert not find_things(replace(layers, foreground=layers.rgbd.sky)).any()


def test_purity_and_coverage_are_what_they_say():
    objects = np.array([[1, 1, 2, 2, 0]])
    assert purity_and_coverage(np.array([[1, 1, 2, 2, 0]]), objects) == (1.0, 1.0)
    assert purity_and_coverage(np.array([[1, 1, 1, 1, 0]]), objects) == (0.5, 1.0)
    assert purity_and_coverage(np.array([[1, 2, 3, 3, 0]]), objects) == (1.0, 0.75)
    assert purity_and_coverage(np.array([[1, 1, 2, 2, 2]]), objects) == (0.8, 1.0)


# -- points ----------------------------------------------------------------------------------------------------------


def known(world: AnalyticWorld) -> Layers:
    layers, objects = seen(world)
    return replace(layers, things=objects)


@pytest.mark.parametrize("origin", [Origin.PHOTO, Origin.FRINGE])
def test_what_the_photo_saw_is_of_its_pixels_thing(origin):
    layers = known(box_room())
    points = lift(layers.rgbd, layers.foreground, origin, 10.0)
    assert np.array_equal(things_of(points, layers), layers.things[layers.foreground])


def test_what_shows_through_a_things_outline_is_not_of_it():
    layers = known(box_room())
    behind = RGBD(layers.rgbd.image, np.full_like(layers.rgbd.depth, 4.9), layers.rgbd.camera)
    points = lift(behind, layers.foreground, Origin.PHOTO, 10.0)
    assert not things_of(points, layers).any()


def test_the_background_is_of_no_thing_however_near():
    layers = known(box_room())
    points = lift(layers.rgbd, layers.foreground, Origin.BACKGROUND, 10.0)
    assert not things_of(points, layers).any()


def test_what_goes_on_behind_an_edge_is_of_the_thing_that_goes_on():
    layers = known(a_bar_behind_a_pole())
    middle = layers.things == 1
    bar = RGBD(layers.rgbd.image, np.full_like(layers.rgbd.depth, 3.0), layers.rgbd.camera)
    row = np.zeros_like(middle)
    row[52:68] = True
    points = lift(bar, middle & row, Origin.BEHIND_EDGES, 10.0)
    assert set(things_of(points, layers)) <= {2, 3} and len(points) > 30
    wall = RGBD(layers.rgbd.image, np.full_like(layers.rgbd.depth, 6.0), layers.rgbd.camera)
    assert not things_of(lift(wall, middle & ~row, Origin.BEHIND_EDGES, 10.0), layers).any()


def test_far_off_is_the_sky_whoever_painted_it():
    layers = known(ground_and_sky())
    shell_m = shell_m_of(layers.rgbd.depth)
    for origin in (Origin.PHOTO, Origin.FIRST_VIEW):
        points = lift(layers.rgbd, layers.rgbd.sky, origin, shell_m)
        assert (things_of(points, layers) == SKY).all() and len(points)


# -- Gaussians and files ---------------------------------------------------------------------------------------------


def labelled(scene):
    numbers = torch.tensor([0, 1, 2, 300, SKY], dtype=torch.int32)
    return replace(scene, things=numbers[torch.arange(len(scene)) % 5])


@pytest.mark.parametrize("tint", [False, True], ids=["plain", "tinted"])
@pytest.mark.parametrize("kinds", [False, True], ids=["alone", "beside kinds"])
def test_files_keep_the_things(tmp_path, tint, kinds):
    scene = labelled(tinted(photo_scene()) if tint else photo_scene())
    scene = replace(scene, kinds=torch.ones(len(scene), dtype=torch.uint8)) if kinds else scene
    write_ply(tmp_path / "s.ply", scene)
    stored = open_ply(tmp_path / "s.ply")
    assert torch.equal(stored.gaussians.things, scene.things) and stored.notices == ()
    assert torch.equal(stored.gaussians.sh, scene.sh)
    steps = {number: i / 4 for i, number in enumerate((0, 1, 2, 300, SKY))}
    marked = replace(scene, opacities=torch.tensor([0.25 + 0.5 * steps[int(t)] for t in scene.things]))
    write_view(tmp_path / "s.view", marked, LENS, 3.0, LIMITS)
    back = read_view(tmp_path / "s.view").gaussians
    assert [steps[int(t)] for t in back.things] == ((back.opacities - 0.25) * 8).round().div(4).tolist()


def test_a_number_that_is_no_things_is_none(tmp_path):
    scene = replace(labelled(photo_scene()))
    write_ply(tmp_path / "s.ply", scene)
    data = bytearray((tmp_path / "s.ply").read_bytes())
    start = data.index(b"end_header\n") + 11
    rows = np.frombuffer(data, "<f4", offset=start).reshape(len(scene), -1)
    rows[:5, -1] = (np.nan, -3, 2.5, 1e9, np.inf)
    (tmp_path / "s.ply").write_bytes(data)
    things = read_ply(tmp_path / "s.ply").things
    assert (things[:5] == NO_THING).all() and torch.equal(things[5:], scene.things[5:])


def test_without_things_files_are_as_they_were(tmp_path):
    write_ply(tmp_path / "s.ply", photo_scene())
    assert b"thing" not in (tmp_path / "s.ply").read_bytes()[:2000] and read_ply(tmp_path / "s.ply").things is None
    write_view(tmp_path / "s.view", photo_scene(), LENS, 3.0, LIMITS)
    assert read_view(tmp_path / "s.view").gaussians.things is None and read_told(tmp_path / "s.view") is None


def test_choosing_joining_and_merging_keep_the_things():
    scene = labelled(photo_scene())
    some = scene.keep(scene.things == 2)
    assert len(some) and torch.equal(joined(some, scene).things, torch.cat([some.things, scene.things]))
    assert (joined(some, photo_scene()).things[len(some) :] == NO_THING).all()
    left, right = (replace(scene.keep(side), things=torch.full((int(side.sum()),), 1 + i, dtype=torch.int32))
                   for i, side in enumerate((scene.means[:, 0] < 0, scene.means[:, 0] > 1)))  # fmt: skip
    few = merged(joined(left, right), torch.ones(len(left) + len(right)), 400)
    assert torch.equal(few.things == 2, few.means[:, 0] > 0.5) and len(few) <= 400


def test_every_so_many_keep_kinds_and_things():
    scene = replace(labelled(photo_scene()), kinds=torch.zeros(len(photo_scene()), dtype=torch.uint8))
    some = every_so_many(scene, len(scene) // 3)
    assert torch.equal(some.things, scene.things[:: 3]) and len(some.kinds) == len(some)


def test_the_pictures_beside_a_scene_keep_its_things(tmp_path):
    scene = layered_room()
    save_layered(tmp_path / "without.npz", scene)
    assert load_layered(tmp_path / "without.npz").layers.things is None
    things = np.where(scene.layers.foreground, 300, 0).astype(np.int32)
    save_layered(tmp_path / "layers.npz", replace(scene, layers=replace(scene.layers, things=things)))
    assert np.array_equal(load_layered(tmp_path / "layers.npz").layers.things, things)


def test_a_scene_that_was_built_knows_its_things(built):
    things = read_ply(built.folder / "scene.ply").things.numpy()
    layers = load_layered(built.folder / "layers.npz").layers
    assert {1, 2} <= set(things.tolist()) and layers.things.max() == things[things < SKY].max()
    seen = read_view(built.folder / "scene.view").gaussians.things.numpy()
    assert np.array_equal(np.bincount(seen), np.bincount(things))


def test_the_viewers_file_tells_of_things_what_things_json_does(built):
    whole = read_things(built.folder / "things.json")
    told = read_told(built.folder / "scene.view")
    assert (told["up"], told["ground"]) == (whole["up"], whole["ground"])
    for few, thing in zip(told["things"], whole["things"], strict=True):
        assert few == {key: thing[key] for key in ("id", "name", "box", "centre", "foot", "footprint")}


def test_spheres_that_touch_in_the_picture_alone_are_two():
    balls = Sphere((-0.3, 0.0, 2.0), 0.4), Sphere((0.45, 0.0, 4.0), 0.6)
    layers, objects = seen(AnalyticWorld("balls", (WALL,), balls))
    assert purity_and_coverage(find_things(layers), objects) == (1.0, 1.0)


@pytest.mark.slow
def test_readers_of_others_find_the_things_in_the_ply_and_in_both_glbs(built, tmp_path):
    """plyfile reads the property; trimesh the nodes of the mesh; of splats, which it does not read, the JSON."""
    files = SceneFiles(built.folder)
    told = {thing["id"]: thing["name"] for thing in read_things(files.things)["things"]}
    told_in_ply = np.asarray(PlyData.read(files.ply)["vertex"]["gen3d_thing"])
    assert set(told_in_ply[(told_in_ply > 0) & (told_in_ply < SKY)].astype(int)) == set(told)
    for name in ("scene.glb", "scene.splats.glb"):
        product(export_file(finished(built.folder, None), tmp_path / name))
    nodes = set(trimesh.load(tmp_path / "scene.glb").graph.nodes)
    content = (tmp_path / "scene.splats.glb").read_bytes()
    length = int.from_bytes(content[12:16], "little")
    splats = {node.get("name") for node in json.loads(content[20 : 20 + length])["nodes"]}
    wanted = {"foreground", *told.values()}
    assert told and wanted <= splats and wanted <= nodes


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(
    ("size", "at", "count"),
    [((31, 41), [], 0), ((31, 41), [(5, 5), (5, 9), (20, 20)], 3), ((61, 81), [*np.ndindex(12, 12), (30, 40)], 1)],
    ids=["nothing", "points", "crumb"],
)
def test_specks_before_the_sky_are_told_apart_without_a_warning(size, at, count):
    foreground, camera = np.zeros(size, bool), Camera.from_fov(60.0, *size[::-1])
    foreground[tuple(np.array(at, np.int64).reshape(-1, 2).T)] = True
    depth = np.where(foreground, np.float32(3), np.float32(np.inf))
    layers = Layers(RGBD(np.full((*size, 3), 0.5, np.float32), depth, camera), foreground, foreground)
    assert find_things(layers).max() == count
