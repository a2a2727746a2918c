"""A dataset of views, read back by COLMAP's own library and by our own readers."""

import json

import numpy as np
import pycolmap
import pytest
from PIL import Image
from plyfile import PlyData

from gen3d.camera import Camera
from gen3d.formats.dataset import Frame, write_dataset
from gen3d.formats.depth_file import png_scale, read_depth, write_depth_exr, write_depth_png
from gen3d.formats.transforms import read_transforms
from gen3d.geometry.points import lift
from gen3d.geometry.trajectory import moved, turned
from gen3d.products.dataset import coloured_points, draw_frames
from gen3d.splat.gaussians import from_points
from gen3d.splat.pick import pick_rasterizer
from tests.layered_scenes import layered_room
from tests.measures import drain
from tests.worlds import box_room, ground_and_sky

LENS = Camera.from_intrinsics(90.0, 84.0, 55.0, 33.0, 96, 72)
CAMERAS = [LENS, LENS.posed(moved(0.3, -0.1, 0.2) @ turned(20.0)), LENS.resized(48, 36).posed(turned(-15.0))]
XYZ = np.float32([[0.0, 0.0, 2.0], [0.5, -0.25, 3.0], [-1.0, 0.5, 4.0]])
RGB = np.uint8([[255, 0, 0], [0, 255, 0], [10, 20, 30]])


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    folder = tmp_path_factory.mktemp("dataset")
    room, frames = box_room(), []
    for camera in CAMERAS:
        rgbd = room.view(camera)
        seen = rgbd.depth < 4.5
        frames.append(Frame(camera, np.rint(rgbd.image * 255).astype(np.uint8), rgbd.depth, seen))
    write_dataset(folder, frames, XYZ, RGB)
    return folder, frames


def test_colmap_reads_the_cameras_and_points_as_they_are(dataset):
    folder, _ = dataset
    model = pycolmap.Reconstruction(str(folder / "sparse" / "0"))
    assert len(model.cameras) == 2  # two of the three have one lens
    for number, camera in enumerate(CAMERAS, 1):
        image = model.images[number]
        assert image.name == f"{number - 1:04d}.png"
        lens = model.cameras[image.camera_id]
        assert (lens.model.name, lens.width, lens.height) == ("PINHOLE", camera.width, camera.height)
        np.testing.assert_allclose(lens.calibration_matrix(), camera.K, rtol=1e-12)
        pose = image.cam_from_world()
        np.testing.assert_allclose(pose.rotation.matrix(), camera.w2c[:3, :3], atol=1e-9)
        np.testing.assert_allclose(pose.translation, camera.w2c[:3, 3], atol=1e-9)
        uv, _ = camera.project(XYZ.astype(np.float64))
        in_camera = np.array([pose * point for point in XYZ.astype(np.float64)])
        ahead = in_camera[:, 2] > 0
        np.testing.assert_allclose(lens.img_from_cam(in_camera[ahead]), uv[ahead], atol=1e-6)
    points = [model.points3D[i] for i in (1, 2, 3)]
    np.testing.assert_allclose([p.xyz for p in points], XYZ)
    np.testing.assert_array_equal([p.color for p in points], RGB)


def test_transforms_json_names_files_that_hold_what_it_says(dataset):
    folder, frames = dataset
    content = json.loads((folder / "transforms.json").read_text())
    unit = content["depth_unit_scale_factor"]
    assert unit == 0.001
    cameras = read_transforms(folder / "transforms.json")
    for camera, frame, told in zip(cameras, frames, content["frames"], strict=True):
        np.testing.assert_allclose(camera.K, frame.camera.K)
        np.testing.assert_allclose(camera.w2c, frame.camera.w2c, atol=1e-12)
        np.testing.assert_array_equal(np.asarray(Image.open(folder / told["file_path"])), frame.image)
        np.testing.assert_array_equal(np.asarray(Image.open(folder / told["mask_path"])) > 127, frame.seen)
        raw = np.asarray(Image.open(folder / told["depth_file_path"]))
        assert raw.dtype == np.uint16
        np.testing.assert_allclose(raw * unit, frame.depth, atol=0.0006)
    points = PlyData.read(folder / content["ply_file_path"])["vertex"]
    np.testing.assert_array_equal(np.stack([points[c] for c in "xyz"], axis=1), XYZ)
    np.testing.assert_array_equal(np.stack([points[c] for c in ("red", "green", "blue")], axis=1), RGB)


def test_depth_files_keep_metres_sky_and_what_is_unknown(tmp_path):
    depth = np.float32([[0.5, 1.2345, np.inf], [np.nan, 60.0, 3.0]])
    write_depth_exr(tmp_path / "d.exr", depth)
    np.testing.assert_array_equal(read_depth(tmp_path / "d.exr"), depth)
    write_depth_png(tmp_path / "d.png", depth)
    back = read_depth(tmp_path / "d.png")
    np.testing.assert_allclose(back[np.isfinite(depth)], depth[np.isfinite(depth)], atol=0.0005)
    assert np.isnan(back[~np.isfinite(depth)]).all()


@pytest.mark.parametrize(("farthest", "scale"), [(65.0, 1000.0), (66.0, 100.0), (6000.0, 10.0), (60_000.0, 1.0)])
def test_the_unit_of_depth_pngs_grows_with_the_scene(farthest, scale, tmp_path):
    depth = np.float32([[1.0, farthest], [np.inf, np.nan]])
    assert png_scale([depth]) == scale
    write_depth_png(tmp_path / "d.png", depth, scale)
    assert read_depth(tmp_path / "d.png", scale)[0, 1] == pytest.approx(farthest, abs=0.5 / scale + 1e-3)


def test_frames_are_the_photo_and_then_what_the_scene_shows():
    """A frame's depth is the room's own where it is seen, infinite in the sky, unknown where nothing is."""
    world = ground_and_sky()
    known = layered_room(world=world)
    photo = known.layers.rgbd
    scene = from_points(lift(photo, np.ones(photo.depth.shape, bool), 0, known.shell_m))
    aside = world.moved(photo.camera, right=0.3)
    frames, _ = drain(draw_frames(scene, [photo.camera, aside], pick_rasterizer(), known))
    np.testing.assert_array_equal(frames[0].depth, photo.depth)
    assert frames[0].seen.all()
    truth = world.view(aside)
    both = np.isfinite(truth.depth) & np.isfinite(frames[1].depth)
    assert np.median(np.abs(frames[1].depth[both] / truth.depth[both] - 1)) < 0.02
    assert (np.isinf(frames[1].depth) & truth.sky).sum() > 0.9 * truth.sky.sum()
    np.testing.assert_array_equal(np.isnan(frames[1].depth), ~frames[1].seen)
    assert 0 < (~frames[1].seen).mean() < 0.3
    shown = frames[1].seen & both
    assert np.abs(frames[1].image[shown] / 255.0 - truth.image[shown]).mean() < 0.03


def test_points_to_start_from_have_the_colours_of_their_gaussians():
    photo = box_room().view(LENS)
    scene = from_points(lift(photo, np.ones(photo.depth.shape, bool), 0, 10.0))
    xyz, rgb = coloured_points(scene)
    np.testing.assert_array_equal(xyz, scene.means.numpy())
    np.testing.assert_allclose(rgb / 255, photo.image.reshape(-1, 3), atol=0.51 / 255)
