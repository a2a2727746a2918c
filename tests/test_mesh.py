"""The scene's mesh: named parts, whole behind what is taken away, without rubber between what is near and far; and
as others read it: trimesh, Khronos's validator, three.js in Chromium.
"""

import json

import numpy as np
import pytest
import trimesh

from bench.noisy import NoisyDepth
from gen3d.errors import EmptyWorld
from gen3d.formats.glb import write_glb
from gen3d.formats.layered import load_layered, save_layered
from gen3d.geometry.likeness import psnr_db
from gen3d.products.mesh import collider, mesh_parts
from gen3d.values import Mesh, Part
from tests.browser import browser  # noqa: F401
from tests.layered_scenes import MARGIN_PX, layered_room
from tests.npm import node, npm_package
from tests.three_page import ThreePage, served
from tests.worlds import ground_and_sky

VALIDATOR = ("gltf-validator", "2.0.0-dev.3.10")
VALIDATE = """
const validator = require(process.argv[2])
validator.validateBytes(new Uint8Array(require('fs').readFileSync(process.argv[3])))
  .then(report => console.log(JSON.stringify(report.issues)))
"""


@pytest.fixture(scope="module")
def scene():
    return layered_room()


@pytest.fixture(scope="module")
def glb(scene, tmp_path_factory):
    path = tmp_path_factory.mktemp("glb") / "scene.glb"
    write_glb(path, mesh_parts(scene))
    return path


def bar() -> Part:
    """One metre to the right, half a metre up, three metres ahead; red."""
    xyz = np.float32([[0, -0.5, 3], [0, 0, 3], [1, 0, 3], [1, -0.5, 3]])
    uv = np.float32([[0, 0], [0, 1], [1, 1], [1, 0]])
    picture = np.zeros((8, 8, 3), np.uint8)
    picture[..., 0] = 255
    return Part("bar", Mesh(xyz, uv, np.int32([[0, 1, 2], [0, 2, 3]])), picture)


def depth_ratio(part: Part) -> float:
    """The largest share by which a triangle's far end is farther than its near end."""
    distance = np.linalg.norm(part.mesh.xyz, axis=1)[part.mesh.triangles]
    return float((distance.max(axis=1) / distance.min(axis=1)).max())


def test_a_metre_to_the_right_and_half_a_metre_up_is_that_in_gltf_too(tmp_path):
    write_glb(tmp_path / "bar.glb", [bar()])
    loaded = trimesh.load_scene(tmp_path / "bar.glb")
    np.testing.assert_allclose(loaded.bounds, [[0, 0, -3], [1, 0.5, -3]], atol=1e-6)
    (mesh,) = loaded.geometry.values()
    assert (mesh.face_normals[:, 2] > 0.99).all()  # towards the camera, which looks along -z
    colour = np.asarray(mesh.visual.material.baseColorTexture)[4, 4]
    assert colour[0] > 250 and max(colour[1:]) < 5


def test_things_are_parts_of_their_own_and_all_is_named(scene):
    names = [part.name for part in mesh_parts(scene)]
    assert {"foreground/thing 1", "foreground/thing 2", "background/photo", "surroundings"} <= set(names)
    assert "foreground/thing 3" not in names
    boxes = [part for part in mesh_parts(scene) if part.name.startswith("foreground/thing")]
    assert [1.5 < part.mesh.xyz[:, 2].min() < part.mesh.xyz[:, 2].max() < 3.7 for part in boxes] == [True, True]
    assert all(part.picture.shape[2] == 4 for part in boxes)


def test_an_open_sky_is_a_part_that_can_be_hidden():
    parts = {part.name: part for part in mesh_parts(layered_room(world=ground_and_sky()))}
    assert {"sky/photo", "sky/surroundings"} <= set(parts)
    far = {name: np.linalg.norm(part.mesh.xyz, axis=1).max() for name, part in parts.items()}
    solid = max(far[name] for name in far if not name.startswith("sky"))
    assert solid < min(np.linalg.norm(parts[n].mesh.xyz, axis=1).min() for n in parts if n.startswith("sky"))


@pytest.mark.parametrize("noise", [np.copy, NoisyDepth(1, scale_spread=0.0)], ids=["true", "noisy"])
def test_nothing_is_stretched_between_near_and_far(noise):
    """Neither by true depth nor by soft-edged depth that is 4 % off: a box at 2.2 m, the wall at 5 m."""
    for part in mesh_parts(layered_room(noise=noise)):
        assert depth_ratio(part) < 1.35, part.name


def test_soft_edged_depth_leaves_silhouettes_whole():
    """Every pixel of the boxes is still in their mesh, and none of it hangs half-way to the wall."""
    scene = layered_room(noise=NoisyDepth(1, scale_spread=0.0))
    things = [part for part in mesh_parts(scene) if part.name.startswith("foreground/thing")]
    covered = 0.0
    for part in things:
        corners = (part.mesh.uv * [160, 120])[part.mesh.triangles]
        a, b = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
        covered += 0.5 * np.abs(a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0]).sum()
        depth = part.mesh.xyz[:, 2]
        assert np.percentile(depth, 99) < 4.1
    assert covered >= scene.layers.foreground.sum()


def test_the_khronos_validator_finds_nothing_wrong(glb, tmp_path, scene):
    write_glb(tmp_path / "collider.glb", collider(scene))
    validator = npm_package(*VALIDATOR)
    (tmp_path / "validate.cjs").write_text(VALIDATE, encoding="utf-8")
    for file in (glb, tmp_path / "collider.glb"):
        ran = node(tmp_path / "validate.cjs", validator, file)
        issues = json.loads(ran.stdout)
        assert issues["numErrors"] == issues["numWarnings"] == 0, issues["messages"][:5]


def test_trimesh_reads_every_part_where_it_is(glb, scene):
    loaded = trimesh.load_scene(glb)
    parts = mesh_parts(scene)
    assert len(loaded.geometry) == len(parts)
    assert {"foreground", "background"} <= set(loaded.graph.nodes)
    everything = np.concatenate([part.mesh.xyz for part in parts]) * [1, -1, -1]
    np.testing.assert_allclose(loaded.bounds, [everything.min(axis=0), everything.max(axis=0)], atol=1e-4)


def test_three_js_shows_the_photo_and_no_hole_where_a_thing_was(glb, scene, browser):  # noqa: F811
    photo, true_background = scene.layers.rgbd, scene.background.image
    with served({"scene.glb": glb}) as url:
        page = ThreePage(browser, url, "scene.glb")
        shown = page.drawn(photo.camera)
        assert psnr_db(shown, photo.image) > 30
        wide = page.drawn(photo.camera.padded(MARGIN_PX - 4))
        assert (wide.max(axis=2) > 0.02).all()
        page.move("foreground", (0, 0, 1000))
        without = page.drawn(photo.camera)
        assert (without.max(axis=2) > 0.02).all()
        assert psnr_db(without[scene.layers.foreground], true_background[scene.layers.foreground]) > 24
        page.close()


def test_the_collider_is_small_and_lies_where_the_surfaces_are(scene, tmp_path):
    parts = collider(scene)
    assert 100 < sum(len(part.mesh) for part in parts) < 5000
    write_glb(tmp_path / "collider.glb", parts)
    read = trimesh.load_scene(tmp_path / "collider.glb")
    assert sum(len(mesh.faces) for mesh in read.geometry.values()) == sum(len(part.mesh) for part in parts)
    truths = {"foreground": scene.layers.rgbd, "background": scene.background, "surroundings": scene.sheets[0].rgbd}
    for part in parts:
        truth = truths[part.name]
        uv, z = truth.camera.project(part.mesh.xyz[part.mesh.triangles].mean(axis=1))
        inside = (uv >= 0).all(axis=1) & (uv < truth.depth.shape[::-1]).all(axis=1)
        u, v = uv[inside].astype(int).T
        error = np.abs(z[inside] / truth.depth[v, u] - 1)
        assert inside.mean() > 0.9 and np.median(error) < 0.02 and np.percentile(error, 80) < 0.1, part.name


def test_the_same_scene_gives_the_same_bytes_and_an_empty_one_is_refused(scene, tmp_path, glb):
    write_glb(tmp_path / "again.glb", mesh_parts(scene))
    assert (tmp_path / "again.glb").read_bytes() == glb.read_bytes()
    with pytest.raises(EmptyWorld):
        write_glb(tmp_path / "empty.glb", [])


@pytest.mark.parametrize("world", [None, ground_and_sky()])
def test_what_a_scene_was_made_from_comes_back_from_its_file(world, tmp_path):
    scene = layered_room(world=world)
    save_layered(tmp_path / "layers.npz", scene)
    again = load_layered(tmp_path / "layers.npz")
    assert (tmp_path / "layers.npz").stat().st_size < 12 * scene.layers.rgbd.depth.size
    assert again.shell_m == scene.shell_m
    np.testing.assert_array_equal(again.layers.foreground, scene.layers.foreground)
    pairs = [(scene.layers.rgbd, again.layers.rgbd), (scene.background, again.background)]
    pairs += [(a.rgbd, b.rgbd) for a, b in zip(scene.sheets, again.sheets, strict=True)]
    for before, after in pairs:
        np.testing.assert_allclose(after.image, before.image, atol=0.5 / 255 + 1e-6)
        np.testing.assert_array_equal(after.sky, before.sky)
        np.testing.assert_allclose(after.depth[~after.sky], before.depth[~before.sky], rtol=1e-4)
        np.testing.assert_array_equal(after.camera.K, before.camera.K)
        np.testing.assert_array_equal(after.camera.w2c, before.camera.w2c)
    np.testing.assert_array_equal(again.sheets[0].new, scene.sheets[0].new)
