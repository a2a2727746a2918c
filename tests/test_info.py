"""What a scene file is, told in a line; and the files of other tools, which say more than their Gaussians."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest
import torch

import gen3d
from gen3d.camera import Camera
from gen3d.errors import InputError
from gen3d.formats.ply import write_ply
from gen3d.formats.scene_file import open_scene
from gen3d.formats.splat import write_splat
from gen3d.formats.spz import write_spz
from gen3d.formats.view import read_view
from gen3d.products.opened import write_opened_view
from gen3d.splat.gaussians import Gaussians
from gen3d.splat.pick import pick_rasterizer
from tests.small_scenes import photo_scene
from tests.test_cli import refused, run
from tests.test_other_scenes import N, columns, write

LENS = Camera.from_fov(70.0, 96, 72)


def sharps(path: Path, gaussians: Gaussians, **elements: np.ndarray) -> Path:
    """Our Gaussians in a file with further elements, each of one property of its own name, as SHARP writes them."""
    write_ply(path, gaussians)
    head, body = path.read_bytes().split(b"end_header\n", 1)
    head = b"\n".join(line for line in head.split(b"\n") if not line.startswith(b"comment"))
    kinds = {"f4": "float", "u4": "uint", "i4": "int", "u1": "uchar"}
    for name, values in elements.items():
        kind = kinds[values.dtype.str[1:]]
        head += f"element {name} {len(values)}\nproperty {kind} {name}\n".encode()
    path.write_bytes(head + b"end_header\n" + body + b"".join(values.tobytes() for values in elements.values()))
    return path


def lens_of(camera: Camera, colour: int = 0) -> dict[str, np.ndarray]:
    """In the order in which SHARP has them."""
    return {
        "extrinsic": camera.w2c.astype("<f4").ravel(), "intrinsic": camera.K.astype("<f4").ravel(),
        "image_size": np.array([camera.width, camera.height], "<u4"), "frame": np.array([1, 3], "<i4"),
        "disparity": np.array([0.1, 0.9], "<f4"), "color_space": np.array([colour], "u1"),
        "version": np.array([1, 5, 0], "u1"),
    }  # fmt: skip


# -- SHARP


def test_a_scene_of_sharps_opens_at_its_photos_camera(tmp_path):
    c2w = np.eye(4)
    c2w[:3, 3] = (0.2, -0.1, 0.3)
    lens = Camera.from_intrinsics(70.0, 70.0, 48.0, 36.0, 96, 72).posed(c2w)
    file = sharps(tmp_path / "a.ply", photo_scene(LENS), **lens_of(lens))
    scene = open_scene(file)
    assert scene.notices == () and scene.writer == "SHARP" and scene.up == "-y"
    np.testing.assert_allclose(scene.camera.K, lens.K, rtol=1e-6)
    np.testing.assert_allclose(scene.camera.w2c, lens.w2c, atol=1e-6)
    write_opened_view(tmp_path / "a.view", file, pick_rasterizer("cpu"))
    view = read_view(tmp_path / "a.view")
    np.testing.assert_allclose(view.camera.w2c, lens.w2c, atol=1e-6)
    assert view.camera.K[0, 0] == pytest.approx(70) and not view.outside.starts
    assert 0 < view.limits.yaw_left_deg < 60


def test_an_older_file_of_sharps_is_understood_too(tmp_path):
    turned = np.eye(4)
    turned[:3, :3] = [[0, 0, 1], [0, 1, 0], [-1, 0, 0]]
    turned[:3, 3] = (1.0, 2.0, 3.0)
    old = turned.copy()
    old[:3, :3] = turned[:3, :3].T
    told = {"intrinsic": np.array([70, 71, 96, 72], "<f4"), "extrinsic": old[:3].astype("<f4").ravel()}
    scene = open_scene(sharps(tmp_path / "a.ply", photo_scene(LENS), **told))
    np.testing.assert_allclose(scene.camera.w2c, turned, atol=1e-6)
    assert scene.camera.K[1, 1] == 71 and scene.camera.width == 96
    assert "linear light" in " ".join(scene.notices)  # as SHARP itself takes old files


def test_linear_colours_become_srgb_and_that_is_told(tmp_path):
    plain = photo_scene(LENS)
    scene = open_scene(sharps(tmp_path / "a.ply", plain, **lens_of(LENS, colour=1)))
    linear = plain.rgb.double().numpy()
    expected = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * np.maximum(linear, 0) ** (1 / 2.4) - 0.055)
    np.testing.assert_allclose(scene.gaussians.rgb, expected, atol=1e-5)
    assert "linear light" in " ".join(scene.notices)


@pytest.mark.parametrize(
    "wrong",
    [
        {"intrinsic": np.zeros(9, "<f4")}, {"intrinsic": np.ones(5, "<f4")}, {"image_size": np.array([0, 72], "<u4")},
        {"extrinsic": np.full(16, np.nan, "<f4")}, {"extrinsic": np.ones(16, "<f4")},
        {"intrinsic": np.array([1e-9, 0, 48, 0, 1e-9, 36, 0, 0, 1], "<f4")},
    ],
)  # fmt: skip
def test_elements_that_are_no_camera_are_passed_over_and_named(tmp_path, wrong):
    scene = open_scene(sharps(tmp_path / "a.ply", photo_scene(LENS), **(lens_of(LENS) | wrong)))
    assert scene.camera is None and "intrinsic" in " ".join(scene.notices)
    assert len(scene.gaussians) == len(photo_scene(LENS))


def test_elements_cut_short_or_too_many_are_no_harm(tmp_path):
    whole = sharps(tmp_path / "a.ply", photo_scene(LENS), **lens_of(LENS))
    whole.write_bytes(whole.read_bytes()[:-120])
    assert open_scene(whole).camera is None
    many = {"intrinsic": np.zeros(1_000_000, "<f4")}
    assert "intrinsic" in " ".join(open_scene(sharps(tmp_path / "b.ply", photo_scene(LENS), **many)).notices)


# -- axes that files name


@pytest.mark.parametrize(
    ("comment", "up"),
    [("Vertical Axis: z", "+z"), ("Vertical axis: y", "-y"), ("vertical axis: y", "-y"), ("Axis: vertical", "")],
)
def test_the_vertical_that_a_file_names_is_taken(tmp_path, comment, up):
    file = write(tmp_path / "a.ply", columns(), comments=("Generated by Nerstudio 1.1.5", comment))
    assert open_scene(file).up == up and open_scene(file).writer == "Nerstudio 1.1.5"
    write_opened_view(tmp_path / "a.view", file, pick_rasterizer("cpu"))
    assert not up or read_view(tmp_path / "a.view").outside.up == up


@pytest.mark.parametrize(
    ("comment", "writer"),
    [
        ("Exported from Brush", "Brush"), ("Generated by SuperSplat 2.6.2", "SuperSplat 2.6.2"),
        ("Generated by splat-transform 3.3.1", "splat-transform 3.3.1"), ("created by hand", "hand"), ("hello", ""),
        ("Created in Blender version 5.3", "Blender version 5.3"),
    ],
)  # fmt: skip
def test_who_wrote_a_file_is_read_from_its_comments(tmp_path, comment, writer):
    assert open_scene(write(tmp_path / "a.ply", columns(), comments=(comment,))).writer == writer


def test_properties_give_their_writer_away(tmp_path):
    mip = write(tmp_path / "a.ply", columns() | {"filter_3D": np.full(N, 0.01)})
    flat = write(tmp_path / "b.ply", {k: v for k, v in columns().items() if k != "scale_2"})
    rgb = {k: v for k, v in columns().items() if not k.startswith("f_dc")}
    rgb |= {name: np.full(N, 9) for name in ("red", "green", "blue")}
    plain = write(tmp_path / "c.ply", rgb, dict.fromkeys(("red", "green", "blue"), "uchar"))
    assert [open_scene(file).writer for file in (mip, flat, plain)] == ["Mip-Splatting", "2DGS", "nerfstudio"]


# -- info


def test_a_line_says_what_each_of_our_files_is(tmp_path):
    scene = photo_scene(LENS)
    writers = {"a.ply": write_ply, "a.splat": write_splat, "a.spz": write_spz}
    for name, write_it in writers.items():
        write_it(tmp_path / name, scene)
        told = gen3d.info(tmp_path / name)
        assert (told.count, told.degree, told.kind, told.odd) == (len(scene), 0, Path(name).suffix, ())
        assert told.line.startswith(f"{name}: a {Path(name).suffix}") and f"{len(scene):,} Gaussians" in told.line
        np.testing.assert_allclose(told.extent, (5.0, 2.8, 2.7), atol=0.6)
    assert gen3d.info(tmp_path / "a.ply").writer == f"gen3d {gen3d.__version__}"
    assert "-y is up, probably" in gen3d.info(tmp_path / "a.ply").line
    assert "+y is up, by the format" in gen3d.info(tmp_path / "a.spz").line


def test_the_page_is_told_the_same_line(tmp_path):
    file = write(tmp_path / "a.ply", {k: v for k, v in columns().items() if k != "scale_2"})
    told = gen3d.info(file)
    assert write_opened_view(tmp_path / "a.view", file, pick_rasterizer("cpu")) == (told.line, *told.odd)
    assert len(told.odd) == 1 and "2DGS" in told.line


def test_a_packed_file_is_told_as_what_is_in_it(tmp_path):
    write_ply(tmp_path / "a.ply", photo_scene(LENS), antialiased=True)
    (tmp_path / "a.ply.gz").write_bytes(gzip.compress((tmp_path / "a.ply").read_bytes()))
    told = gen3d.info(tmp_path / "a.ply.gz")
    assert told.kind == ".ply" and told.antialiased and "antialiased" in told.line


def test_what_is_odd_is_told(tmp_path):
    g = photo_scene(LENS)
    n = len(g)
    means, opacities, scales = g.means.clone(), g.opacities.clone(), g.scales.clone()
    means[: n // 100] *= 1000
    opacities[: n // 2] = 1e-4
    scales[-1] = 1000.0
    odd = Gaussians(means, g.quats, scales, opacities, torch.cat([g.sh, torch.zeros(n, 3, 3)], 1))
    write_ply(tmp_path / "a.ply", odd)
    told = " ".join(gen3d.info(tmp_path / "a.ply").odd)
    assert all(words in told for words in ("farther out than most", "too faint", "larger than the scene", "all zero"))
    tiny = Gaussians(g.means * 1e-3, g.quats, g.scales * 1e-3, g.opacities, g.sh)
    write_ply(tmp_path / "b.ply", tiny)
    assert "hardly the metre" in " ".join(gen3d.info(tmp_path / "b.ply").odd)


def test_what_is_left_out_and_what_is_far_is_told(tmp_path):
    named = columns()
    named["x"][:3] = np.nan
    far = named | {"y": named["y"] + 5_000_000.0}
    told = str(gen3d.info(write(tmp_path / "a.ply", far, {"y": "double"})))
    assert "3 Gaussians hold values that nobody can draw" in told and "far from its origin" in told
    assert gen3d.info(tmp_path / "a.ply").low[1] > 4_999_000


def test_the_command_tells_several_files_and_refuses_what_is_none(tmp_path, capsys):
    write_ply(tmp_path / "a.ply", photo_scene(LENS))
    write_spz(tmp_path / "b.spz", photo_scene(LENS))
    assert run("info", tmp_path / "a.ply", tmp_path / "b.spz") == 0
    first, second = capsys.readouterr().out.splitlines()
    assert first.startswith("a.ply: a .ply by gen3d") and second.startswith("b.spz: a .spz,")
    (tmp_path / "c.ply").write_text("dear diary")
    assert "c.ply is not a .ply file" in refused(capsys, "info", tmp_path / "c.ply")
    with pytest.raises(InputError):
        gen3d.info(tmp_path / "none.ply")
