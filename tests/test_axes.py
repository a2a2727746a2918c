"""Axes, level and size: the same scene in everybody's axes, told apart by a bar of a metre, an arrow and a ball."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
import trimesh
from scipy.spatial.transform import Rotation

from bench.axes import page
from gen3d.axes import AXES, AXES_NAMES
from gen3d.camera import Camera
from gen3d.cli import _parser
from gen3d.errors import InputError
from gen3d.format_table import FORMATS, asked_for
from gen3d.formats.layered import save_layered
from gen3d.formats.ply import write_ply
from gen3d.formats.scene_file import open_scene, save_scene
from gen3d.formats.stored import StoredScene, Writing
from gen3d.formats.transforms import read_transforms, write_transforms
from gen3d.geometry.ground import find_ground, surface_of
from gen3d.products.export import FinishedScene, export_as, placed_parts
from gen3d.products.mesh import mesh_parts
from gen3d.products.standing import Measured, parse_measured, standing_of
from gen3d.splat.gaussians import Gaussians
from gen3d.splat.harmonics import seen_from
from gen3d.splat.pick import pick_rasterizer
from gen3d.splat.placed import placed
from gen3d.standing import Standing, as_4x4, matrix_of
from tests.arrow import ARROW_FOOT, ARROW_TIP, BALL, BAR_LEFT, BAR_RIGHT, CAMERA, arrow_scene, assert_in_place, walled
from tests.layered_scenes import layered_room
from tests.measures import drain, psnr
from tests.small_scenes import photo_scene, shown
from tests.test_cli import refused, run
from tests.worlds import NoisyDepth, box_room, ground_and_sky, pole_before_wall

RASTERIZER = pick_rasterizer("cpu")
WHERE = {
    "opencv": ((0.5, 0.55, 3.0), (-0.3, -0.6, 3.0), (0.35, -0.15, 2.0)),
    "opengl": ((0.5, -0.55, -3.0), (-0.3, 0.6, -3.0), (0.35, 0.15, -2.0)),
    "yup": ((0.5, -0.55, -3.0), (-0.3, 0.6, -3.0), (0.35, 0.15, -2.0)),
    "zup": ((0.5, 3.0, -0.55), (-0.3, 3.0, 0.6), (0.35, 2.0, 0.15)),
    "unity": ((0.5, -0.55, 3.0), (-0.3, 0.6, 3.0), (0.35, 0.15, 2.0)),
    "unreal": ((300.0, 50.0, -55.0), (300.0, -30.0, 60.0), (200.0, 35.0, 15.0)),
}
"""By hand: the bar's right end, the arrow's tip and the ball, which are to the right, up and in front."""


def pictured(gaussians: Gaussians, camera: Camera = CAMERA) -> np.ndarray:
    return shown(RASTERIZER.render(seen_from(gaussians, camera), camera))


def angle_deg(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.degrees(np.arccos(np.clip(a @ b, -1, 1))))


def turn(*degrees: float) -> np.ndarray:
    return Rotation.from_euler("yxz", degrees, degrees=True).as_matrix()


# -- the table


def test_the_table_says_what_each_program_does():
    told = {name: (row.up, row.ahead, row.handed, row.unit) for name, row in AXES.items()}
    assert told == {
        "opencv": ("-y", "+z", "right", "m"), "opengl": ("+y", "-z", "right", "m"), "yup": ("+y", "-z", "right", "m"),
        "zup": ("+z", "+y", "right", "m"), "unity": ("+y", "+z", "left", "m"), "unreal": ("+z", "+x", "left", "cm"),
    }  # fmt: skip
    assert set(told) == set(AXES_NAMES)


@pytest.mark.parametrize("name", AXES_NAMES)
def test_marks_lie_where_the_table_says(name):
    found = np.stack([BAR_RIGHT, ARROW_TIP, BALL]) @ matrix_of(name).T
    np.testing.assert_allclose(found, WHERE[name], atol=1e-9)


# -- Gaussians


@pytest.mark.parametrize("degree", [0, 1, 3])
def test_a_turned_moved_and_scaled_scene_looks_the_same_to_a_camera_that_went_along(degree):
    scene, matrix = walled(arrow_scene(), degree), np.eye(4)
    matrix[:3, :3], matrix[:3, 3] = 2.5 * turn(40, -25, 70), (3.0, -1.0, 7.0)
    c2w = np.eye(4)
    c2w[:3, :3], c2w[:3, 3] = turn(40, -25, 70), matrix[:3, 3]
    assert psnr(pictured(placed(scene, matrix), CAMERA.posed(c2w)), pictured(scene)) > 50


@pytest.mark.parametrize(("mirror", "flipped"), [((-1, 1, 1), np.s_[:, ::-1]), ((1, -1, 1), np.s_[::-1])])
def test_a_mirrored_scene_is_its_picture_mirrored(mirror, flipped):
    scene = walled(arrow_scene(), 3)
    picture = pictured(placed(scene, as_4x4(np.diag(np.array(mirror, float)))))
    assert psnr(picture[flipped], pictured(scene)) > 50
    with pytest.raises(AssertionError):
        assert_in_place(picture)


def test_covariances_and_colours_go_along_with_any_mirroring():
    rng = torch.Generator().manual_seed(0)
    g = Gaussians(
        torch.randn(50, 3, generator=rng), torch.randn(50, 4, generator=rng), torch.rand(50, 3, generator=rng) + 0.1,
        torch.rand(50, generator=rng), torch.randn(50, 16, 3, generator=rng),
    )  # fmt: skip
    A = as_4x4(3.0 * turn(10, 20, 30) @ np.diag([1.0, -1.0, 1.0]))
    A[:3, 3] = (1.0, 2.0, 3.0)
    after = placed(g, A)

    def covariance(one: Gaussians) -> np.ndarray:
        R = Rotation.from_quat(one.quats.numpy(), scalar_first=True).as_matrix() * one.scales.numpy()[:, None]
        return R @ R.transpose(0, 2, 1)

    np.testing.assert_allclose(covariance(after), A[:3, :3] @ covariance(g) @ A[:3, :3].T, atol=1e-4)
    eye, seen = np.eye(4), np.eye(4)
    eye[:3, 3] = (0.3, -4.0, 0.2)
    seen[:3, 3] = (A @ eye[:, 3])[:3]
    np.testing.assert_allclose(
        seen_from(after, CAMERA.posed(seen)).sh, seen_from(g, CAMERA.posed(eye)).sh, atol=1e-4
    )
    with pytest.raises(ValueError, match="shapes"):
        placed(g, np.diag([1.0, 2.0, 1.0, 1.0]))


# -- files


@pytest.mark.parametrize("name", AXES_NAMES)
@pytest.mark.parametrize("suffix", [".ply", ".splat", ".spz"])
def test_a_file_holds_the_numbers_of_the_axes_that_were_asked_for(tmp_path, name, suffix):
    """The file is read as its format says; what it holds are those numbers, seen through the format's own axes."""
    row = asked_for(tmp_path / f"a{suffix}")
    marks = torch.tensor(np.stack([BAR_RIGHT, ARROW_TIP, BALL])).float()
    g = arrow_scene()
    three = Gaussians(marks, g.quats[:3], g.scales[:3], torch.tensor([0.9, 0.8, 0.7]), g.sh[:3])
    how = Writing(spz_y_up=name != "opencv")
    save_scene(row, tmp_path / f"a{suffix}", StoredScene(three), how, Standing(name))
    read = open_scene(tmp_path / f"a{suffix}").gaussians
    order = torch.argsort(read.opacities, descending=True)
    own = "opengl" if suffix == ".spz" and name != "opencv" else "opencv"
    np.testing.assert_allclose(read.means[order].numpy() @ matrix_of(own).T, WHERE[name], atol=2e-4)
    expected = g.scales[0, 0] * AXES[name].per_metre
    np.testing.assert_allclose(read.scales.numpy(), expected, rtol=0.04)


@pytest.mark.parametrize("name", AXES_NAMES)
def test_triangles_keep_their_outer_side_in_all_axes(name):
    parts = placed_parts(mesh_parts(layered_room(64, 48)), Standing(name))
    to_file = matrix_of("opengl")
    for part in parts:
        corners = (part.mesh.xyz @ to_file.T)[part.mesh.triangles]
        outer = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
        if part.name.startswith("background/photo"):
            assert ((outer * -corners.mean(axis=1)).sum(axis=1) > 0).mean() > 0.99  # the photo's camera is at 0


@pytest.mark.parametrize("name", AXES_NAMES)
def test_a_pose_turns_a_cameras_own_axes_into_the_worlds(name):
    c2w = np.eye(4)
    c2w[:3, :3], c2w[:3, 3] = turn(30, -20, 10), (0.5, -1.0, 2.0)
    level = np.eye(4)
    level[:3, :3], level[:3, 3] = turn(0, 8, 0), (0, 1.5, 0)
    standing = Standing(name, 2.0, level)
    pose = standing.pose(c2w, "opencv")
    np.testing.assert_allclose(pose[:3, :3] @ pose[:3, :3].T, np.eye(3), atol=1e-9)
    assert np.linalg.det(pose[:3, :3]) == pytest.approx(1)
    here = np.array([0.3, 0.2, 4.0])  # in our camera
    world = standing.within("opencv") @ c2w @ (*here, 1)
    theirs = pose[:3, :3].T @ (world[:3] - pose[:3, 3])
    row = AXES[AXES[name].camera]
    np.testing.assert_allclose(theirs, matrix_of(row.name) / row.per_metre @ here * 2 * AXES[name].per_metre, atol=1e-9)


def test_cameras_are_written_in_all_axes_and_read_back(tmp_path):
    c2w = np.eye(4)
    c2w[:3, :3], c2w[:3, 3] = turn(30, -20, 10), (0.5, -1.0, 2.0)
    write_transforms(tmp_path / "transforms.json", [CAMERA, CAMERA.posed(c2w)])
    g = arrow_scene()
    for name in AXES_NAMES:
        scene = FinishedScene(g, tmp_path, RASTERIZER, standing=Standing(name, 2.0))
        out = tmp_path / f"{name} transforms.json"
        drain(export_as(asked_for(out), scene, out))
        told = json.loads(out.read_text())
        assert told["axes"] == AXES[name].words and told["unit"] == AXES[name].unit
        if AXES[name].handed == "right":
            read = read_transforms(out)[1]
            uv, _ = read.project(2 * g.means.numpy() @ matrix_of(name).T)
            np.testing.assert_allclose(uv, CAMERA.posed(c2w).project(g.means.double().numpy())[0], atol=1e-3)


def test_a_data_set_has_no_left_handed_axes(tmp_path):
    scene = FinishedScene(arrow_scene(), tmp_path, RASTERIZER, standing=Standing("unity"))
    with pytest.raises(InputError, match="right-handed"):
        drain(export_as(asked_for(tmp_path / "views"), scene, tmp_path / "views"))
    assert not (tmp_path / "views").exists()


def test_a_far_scene_keeps_its_shape_in_other_axes(tmp_path):
    scene = StoredScene(arrow_scene(), origin=(4_500_000.0, -120_000.0, 300.0))
    save_scene(asked_for(tmp_path / "a.ply"), tmp_path / "a.ply", scene, Writing(), Standing("zup"))
    read = open_scene(tmp_path / "a.ply")
    xyz = read.gaussians.means.double().numpy() + read.origin
    expected = (scene.gaussians.means.double().numpy() + scene.origin) @ matrix_of("zup").T
    np.testing.assert_allclose(xyz, expected, atol=1e-3)


def test_a_standard_that_is_left_is_told(tmp_path, capsys):
    write_ply(tmp_path / "a.ply", arrow_scene())
    assert run("export", tmp_path / "a.ply", "--to", tmp_path / "b.spz", tmp_path / "c.ply", "--axes", "unity") == 0
    assert "opengl axes by its standard, and this one is in unity" in capsys.readouterr().out
    assert run("export", tmp_path / "a.ply", "--to", tmp_path / "b.spz", "--axes", "yup") == 0
    assert "by its standard" not in capsys.readouterr().out
    assert run("export", tmp_path / "a.ply", "--to", tmp_path / "d.spz", "--axes", "opencv", "--quiet") == 0
    assert_in_place(pictured(open_scene(tmp_path / "d.spz").gaussians))  # its axes are named in the file
    assert "--axes unity was given" in refused(
        capsys, "export", tmp_path / "a.ply", "--to", tmp_path / "b.spz", "--axes", "unity", "--spz-y-down"
    )


def test_every_format_that_is_made_heeds_how_a_scene_stands_or_refuses():
    refusing = {row.name for row in FORMATS if (row.write or row.make) and not (row.write or row.stands)}
    assert refusing == {"site", "site.zip"}, "the viewer's own scene, as it was built"
    file = Path("a.glb")
    bold = replace(asked_for(file), stands=False)
    with pytest.raises(InputError, match="cannot be written level"):
        drain(export_as(bold, FinishedScene(arrow_scene(), file, None, standing=Standing("zup")), file))


# -- level and size


@pytest.mark.parametrize("world", [box_room(), ground_and_sky()], ids=lambda world: world.name)
@pytest.mark.parametrize("tilt", [(0, 0, 0), (0, -18, 7)])
def test_the_ground_is_found_in_a_tilted_camera(world, tilt):
    camera = world.camera(160, 120)
    c2w = as_4x4(turn(*tilt))
    depth = world.view(camera.posed(c2w)).depth
    height = 1.4 if world.name == "box room" else 1.6
    ground = find_ground(surface_of(depth, camera), np.array([0.0, -1, 0]))
    assert angle_deg(ground.normal, c2w[:3, :3].T @ (0, -1, 0)) < 0.2
    assert -ground.offset == pytest.approx(height, abs=0.01)
    noisy = find_ground(surface_of(NoisyDepth(seed=1)(depth, view=0), camera), np.array([0.0, -1, 0]))
    assert angle_deg(noisy.normal, c2w[:3, :3].T @ (0, -1, 0)) < 4


def test_a_wall_a_ceiling_and_a_table_are_no_ground():
    camera = Camera.from_fov(60.0, 160, 120)
    for world, tilt in ((pole_before_wall(), 0), (box_room(), 30)):  # 30: looks at the ceiling
        depth = world.view(world.camera(160, 120).posed(as_4x4(turn(0, tilt, 0)))).depth
        assert find_ground(surface_of(depth, camera), np.array([0.0, -1, 0])) is None
    v = (np.arange(120) - 59.5)[:, None] / camera.K[1, 1]
    with np.errstate(divide="ignore"):
        floor, table = np.where(v > 0, 1.5 / v, 9.0), np.where(v > 0, 0.5 / v, np.inf)
    depth = np.minimum(floor, 9.0) * np.ones((1, 160))
    on_table = (table > 0.9) & (table < 1.8) & (np.abs(np.arange(160) - 80) < 50)[None]
    ground = find_ground(surface_of(np.where(on_table, table, depth), camera), np.array([0.0, -1, 0]))
    assert -ground.offset == pytest.approx(1.5, abs=0.02)


@pytest.fixture
def kept(tmp_path) -> FinishedScene:
    """A folder with what the box room, seen by a camera that looks down by 15 degrees, was made from."""
    scene = layered_room(160, 120)
    camera = scene.layers.rgbd.camera
    tilted = box_room().view(camera.posed(as_4x4(turn(0, -15, 0))))
    photo = replace(scene.layers.rgbd, image=tilted.image, depth=tilted.depth)
    save_layered(tmp_path / "layers.npz", replace(scene, layers=replace(scene.layers, rgbd=photo)))
    return FinishedScene(photo_scene(), tmp_path, RASTERIZER)


def test_a_level_scene_stands_on_zero_and_says_so(kept):
    standing, events = drain(standing_of(kept, upright=True, scale=2.0))
    [notice] = [e.text for e in events if hasattr(e, "text")]
    assert "turned by 15.0 degrees" in notice and "2.80 m above" in notice
    floor_m = (standing.similarity() @ (as_4x4(turn(0, -15, 0).T) @ (0.4, 1.4, 3.0, 1)))[1]
    assert floor_m == pytest.approx(0, abs=0.03)
    up = standing.within("zup")[:3, :3] @ turn(0, -15, 0).T @ (0, -1, 0)
    np.testing.assert_allclose(up / 2, (0, 0, 1), atol=0.01)


def test_without_a_ground_nothing_is_turned_and_that_is_told(tmp_path):
    wall = pole_before_wall()
    scene = layered_room(96, 72)
    photo = replace(scene.layers.rgbd, depth=wall.view(wall.camera(96, 72)).depth)
    save_layered(tmp_path / "layers.npz", replace(scene, layers=replace(scene.layers, rgbd=photo)))
    standing, events = drain(standing_of(FinishedScene(photo_scene(), tmp_path, RASTERIZER), upright=True))
    assert standing.level is None and "not turned" in events[-1].text


def test_the_ground_of_a_lone_file_is_found_in_what_it_shows(tmp_path, capsys):
    camera = Camera.from_fov(70.0, 160, 120)
    tilted = placed(photo_scene(camera), as_4x4(turn(0, 12, 0)))
    write_ply(tmp_path / "a.ply", tilted)
    assert run("export", tmp_path / "a.ply", "--to", tmp_path / "b.ply", "--level", "--axes", "yup") == 0
    told = capsys.readouterr().out
    assert "A ground was found" in told and "turned by 1" in told
    means = open_scene(tmp_path / "b.ply").gaussians.means
    assert float(means[:, 1].quantile(0.02)) == pytest.approx(0, abs=0.05)  # the floor, and y is up
    assert float(means[:, 1].quantile(0.98)) == pytest.approx(2.8, abs=0.3)


def test_two_pixels_that_somebody_measured_give_the_scale(kept, capsys):
    photo = kept.photo
    a, b = (40.5, 60.5), (120.5, 60.5)
    pair = [photo.camera.unproject(photo.depth)[int(v), int(u)] for u, v in (a, b)]
    length = float(np.linalg.norm(pair[0] - pair[1]))
    standing, events = drain(standing_of(kept, measured=Measured(a, b, 3 * length)))
    assert standing.scale == pytest.approx(3, rel=0.02) and "multiplied by" in events[-1].text
    larger = Measured((81.0, 121.0), (241.0, 121.0), 3 * length)
    twice, _ = drain(standing_of(kept, measured=larger, photo_px=(320, 240)))
    assert twice.scale == pytest.approx(3, rel=0.02)
    bordered = Measured((51.5, 80.5), (131.5, 80.5), 3 * length)  # a border of 11 x 20 px was cut away
    cut, _ = drain(standing_of(kept, measured=bordered, photo_at_px=(11, 20)))
    assert cut.scale == pytest.approx(3, rel=0.02)
    for wrong, words in (((500.0, 60.0), "not in the photo"), ((40.0, 60.0), "same place")):
        with pytest.raises(InputError, match=words):
            drain(standing_of(kept, measured=Measured((40.0, 60.0), wrong, 1.0)))
    with pytest.raises(InputError, match="which photo"):
        drain(standing_of(replace(kept, folder=kept.folder / "none"), measured=Measured(a, b, 1.0)))


def test_a_measure_is_written_plainly():
    assert parse_measured("120,340:410,338=2.1") == Measured((120, 340), (410, 338), 2.1)
    assert parse_measured(" 1.5, 2 : 3,4 = 5 m") == Measured((1.5, 2), (3, 4), 5)
    for wrong in ("", "1,2:3,4", "1,2:3=4", "a,b:c,d=e", "1,2:3,4=1.2.3", "-1,2:3,4=5"):
        with pytest.raises(InputError, match="how far apart"):
            parse_measured(wrong)


def test_an_arrow_and_a_bar_come_back_from_every_axes(tmp_path, capsys):
    """Written in other axes and turned back by their own matrix, the picture is the old one."""
    write_ply(tmp_path / "a.ply", walled(arrow_scene(), 3))
    before = pictured(open_scene(tmp_path / "a.ply").gaussians)
    for name in AXES_NAMES:
        assert run("export", tmp_path / "a.ply", "--to", tmp_path / "b.ply", "--axes", name, "--quiet") == 0
        there = open_scene(tmp_path / "b.ply").gaussians
        bar = np.linalg.norm((BAR_LEFT - BAR_RIGHT) @ matrix_of(name).T) / AXES[name].per_metre
        assert bar == pytest.approx(1) and ARROW_FOOT[1] > ARROW_TIP[1]
        back = pictured(placed(there, as_4x4(np.linalg.inv(matrix_of(name)))))
        assert_in_place(back)
        assert psnr(back, before) > 45


def test_a_mesh_is_level_and_scaled_too(tmp_path):
    save_layered(tmp_path / "layers.npz", layered_room(160, 120))
    on_zero, file = np.eye(4), tmp_path / "collider.glb"
    on_zero[1, 3] = -1.4
    standing = Standing("opengl", 10.0, on_zero)
    drain(export_as(asked_for(file), FinishedScene(photo_scene(), tmp_path, RASTERIZER, standing=standing), file))
    low, high = trimesh.load_scene(file).bounds
    assert low[1] == pytest.approx(0, abs=0.5) and high[1] == pytest.approx(28, abs=0.5)


def test_the_docs_are_made_of_the_tables():
    told = (Path(__file__).parents[1] / "docs" / "axes.md").read_text(encoding="utf-8")
    assert told == page() + "\n", "python -m bench.axes > docs/axes.md"
    assert all(f"| `{name}` |" in told for name in AXES_NAMES)
    assert all(f"| `{row.name}` |" in told for row in FORMATS if row.axes)


def test_every_example_in_the_docs_is_understood():
    for line in page().splitlines():
        if line.startswith("gen3d export"):
            options = re.split(r"\s{2,}", line)[0].split()[1:]
            asked = _parser(options).parse_args(options)
            assert asked.measured is None or parse_measured(asked.measured)
