"""Our files opened and rendered in Blender itself, through the photo's camera: upright, in metres, as we see them.

bpy is a gigabyte, so that only `make test-all` runs this; see `blender.py`.
"""


import numpy as np
import pytest

from gen3d.format_table import asked_for
from gen3d.formats.glb import write_glb
from gen3d.formats.scene_file import save_scene
from gen3d.formats.stored import StoredScene
from gen3d.products.mesh import collider, mesh_parts
from gen3d.splat.pick import pick_rasterizer
from gen3d.standing import Standing
from tests.arrow import CAMERA, arrow_scene, assert_in_place, walled
from tests.blender import opened, rendered
from tests.layered_scenes import layered_room
from tests.measures import psnr
from tests.small_scenes import shown

pytestmark = pytest.mark.slow
RASTERIZER = pick_rasterizer("cpu")


def test_blender_shows_the_mesh_as_the_photo(tmp_path):
    """28 dB are asked; the photo is ray-cast, so all that differs is the mesh, its JPEG textures and the sampling."""
    room = layered_room(320, 240)
    photo = room.layers.rgbd
    write_glb(tmp_path / "scene.glb", mesh_parts(room))
    picture = rendered(tmp_path / "scene.glb", photo.camera, tmp_path / "mesh.png")
    assert psnr(picture, photo.image) > 38
    assert psnr(picture[:, ::-1], photo.image) < 25 and psnr(picture[::-1], photo.image) < 25


def test_blender_has_the_room_in_metres_with_its_things_by_name(tmp_path):
    room = layered_room(160, 120)
    write_glb(tmp_path / "scene.glb", mesh_parts(room))
    write_glb(tmp_path / "collider.glb", collider(room))
    things = opened(tmp_path / "scene.glb")
    assert things["foreground"]["type"] == "EMPTY" and {"thing 1", "thing 2"} <= set(things)
    for name, low, high in (("thing 1", (0.52, 3.0, -1.4), (1.33, 3.6, 0.31)), ("thing 2", (-1.13, 2.2, -1.4), None)):
        np.testing.assert_allclose(things[name]["low"], low, atol=0.2)
        assert high is None or np.allclose(things[name]["high"], high, atol=0.2)
    walls = opened(tmp_path / "collider.glb")["background"]
    assert walls["low"][2] == pytest.approx(-1.4, abs=0.05) and walls["high"][2] == pytest.approx(1.4, abs=0.05)
    assert walls["high"][1] == pytest.approx(5.0, abs=0.1)


@pytest.mark.parametrize(("name", "axes"), [("scene.spz", None), ("scene.ply", "zup")])
def test_blender_shows_our_gaussians_as_we_do(tmp_path, name, axes):
    """Blender opens both by itself from 5.3 on: a .spz by the format's axes, a .ply as if it were z up."""
    scene, file = walled(arrow_scene(), degree=0), tmp_path / name
    save_scene(asked_for(file), file, StoredScene(scene), standing=Standing(axes))
    picture = rendered(file, CAMERA, tmp_path / "splats.png", samples=64)
    assert_in_place(picture)
    assert psnr(picture, shown(RASTERIZER.render(scene, CAMERA))) > 35


def test_blender_opens_splats_in_a_glb(tmp_path):
    scene, file = walled(arrow_scene(), degree=0), tmp_path / "scene.splats.glb"
    save_scene(asked_for(file), file, StoredScene(scene))
    things = opened(file)
    low, high = (np.array([f(thing[end][i] for thing in things.values()) for i in range(3)])
                 for f, end in ((min, "low"), (max, "high")))  # fmt: skip
    np.testing.assert_allclose(low, (-2.0, 1.9, -1.5), atol=0.2)
    np.testing.assert_allclose(high, (2.0, 4.0, 1.5), atol=0.2)
