"""Scene files and camera files of other programs, written here byte by byte: what their fields mean is kept or told."""

import gzip
import json
import math

import numpy as np
import pytest
import torch
from PIL import Image

from gen3d.camera import Camera
from gen3d.errors import InputError
from gen3d.formats.ply import write_ply
from gen3d.formats.scene_file import open_scene
from gen3d.formats.splat import write_splat
from gen3d.formats.spz import write_spz
from gen3d.formats.stored import NEAR, StoredScene, around_middle
from gen3d.formats.transforms import read_cameras
from gen3d.splat.gaussians import SH_C0, Gaussians

N = 40


def columns(seed: int = 0) -> dict[str, np.ndarray]:
    """A plain scene as its columns."""
    rng = np.random.default_rng(seed)
    named = {name: rng.normal(0, 1, N) for name in ("x", "y", "z", "f_dc_0", "f_dc_1", "f_dc_2", "opacity")}
    named |= {f"scale_{i}": rng.normal(-3, 0.3, N) for i in range(3)}
    named |= {f"rot_{i}": rng.normal(0, 1, N) for i in range(4)}
    return named


def write(path, named: dict[str, np.ndarray], kinds: dict[str, str] | None = None, comments: tuple[str, ...] = ()):
    """A binary .ply; kinds: PLY types of properties that are no float."""
    kinds = kinds or {}
    codes = {"float": "<f4", "double": "<f8", "uchar": "u1"}
    table = np.empty(N, [(name, codes[kinds.get(name, "float")]) for name in named])
    for name, values in named.items():
        table[name] = values
    head = ["ply", "format binary_little_endian 1.0", *(f"comment {c}" for c in comments), f"element vertex {N}"]
    head += [f"property {kinds.get(name, 'float')} {name}" for name in named] + ["end_header"]
    path.write_bytes("\n".join(head).encode() + b"\n" + table.tobytes())
    return path


def test_a_plain_scene_is_read_without_a_word(tmp_path):
    scene = open_scene(write(tmp_path / "a.ply", columns()))
    assert scene.notices == () and scene.origin == NEAR and not scene.antialiased and len(scene.gaussians) == N


def test_a_mip_filter_becomes_part_of_the_gaussians(tmp_path):
    named = columns()
    filter_m = np.random.default_rng(1).uniform(0.01, 0.2, N)
    scene = open_scene(write(tmp_path / "a.ply", named | {"filter_3D": filter_m})).gaussians
    scales = np.exp(np.stack([named[f"scale_{i}"] for i in range(3)], 1))
    wider = np.sqrt(scales**2 + filter_m[:, None] ** 2)
    opacity = 1 / (1 + np.exp(-named["opacity"])) * (scales / wider).prod(1)
    assert np.allclose(scene.scales.numpy(), wider, rtol=1e-5)
    assert np.allclose(scene.opacities.numpy(), opacity, rtol=1e-5)


def test_2dgs_is_flat_and_one_scale_is_round(tmp_path):
    named = columns()
    flat = open_scene(write(tmp_path / "a.ply", {k: v for k, v in named.items() if k != "scale_2"}))
    assert torch.allclose(flat.gaussians.scales[:, 2], torch.tensor(1e-6)) and "flat" in " ".join(flat.notices)
    round_ = open_scene(write(tmp_path / "b.ply", {k: v for k, v in named.items() if k not in ("scale_1", "scale_2")}))
    assert torch.equal(round_.gaussians.scales[:, 0], round_.gaussians.scales[:, 2])
    assert "round" in " ".join(round_.notices)


@pytest.mark.parametrize(("kind", "unit"), [("uchar", 255.0), ("float", 1.0), ("float", 255.0)])
def test_colours_may_be_red_green_blue(tmp_path, kind, unit):
    named = {k: v for k, v in columns().items() if not k.startswith("f_dc")}
    rgb = np.random.default_rng(2).integers(0, 256, (N, 3))
    rgb[0] = 255
    said = {name: rgb[:, i] * (unit / 255) for i, name in enumerate(("red", "green", "blue"))}
    scene = open_scene(write(tmp_path / "a.ply", named | said, dict.fromkeys(said, kind)))
    assert np.allclose((0.5 + SH_C0 * scene.gaussians.sh[:, 0]).numpy(), rgb / 255, atol=1e-5)


def test_degree_4_is_cut_to_3_in_the_right_order(tmp_path):
    k = 24
    rest = {f"f_rest_{i}": np.full(N, float(i)) for i in range(3 * k)}
    scene = open_scene(write(tmp_path / "a.ply", columns() | rest))
    assert scene.gaussians.sh.shape == (N, 16, 3) and "degree 4" in " ".join(scene.notices)
    assert scene.gaussians.sh[0, 15].tolist() == [14.0, 14.0 + k, 14.0 + 2 * k]


def test_a_property_nobody_knows_is_named(tmp_path):
    scene = open_scene(write(tmp_path / "a.ply", columns() | {"semantic_id": np.arange(N)}))
    assert "semantic_id" in " ".join(scene.notices)


@pytest.mark.parametrize("comment", ["SplatRenderMode: mip", "SplatRenderMode: default", None])
def test_the_render_mode_is_kept_and_written_back(tmp_path, comment):
    scene = open_scene(write(tmp_path / "a.ply", columns(), comments=(comment,) if comment else ()))
    assert scene.antialiased == (comment == "SplatRenderMode: mip")
    write_ply(tmp_path / "b.ply", scene.gaussians, scene.antialiased)
    write_spz(tmp_path / "c.spz", scene.gaussians, antialiased=scene.antialiased)
    assert {open_scene(tmp_path / name).antialiased for name in ("b.ply", "c.spz")} == {scene.antialiased}


def test_a_far_scene_keeps_its_shape_and_gets_its_place_back(tmp_path):
    named = columns()
    far = {"x": 4_500_000.0, "y": -120_000.0, "z": 300.0}
    moved = named | {axis: named[axis] * 0.02 + far[axis] for axis in far}
    scene = open_scene(write(tmp_path / "a.ply", moved, dict.fromkeys(far, "double")))
    assert scene.origin != NEAR
    xyz = np.stack([moved[axis] for axis in far], 1)
    assert np.allclose(scene.gaussians.means.numpy() + np.array(scene.origin), xyz, atol=1e-4)
    write_ply(tmp_path / "b.ply", scene.gaussians, scene.antialiased, scene.origin)
    again = open_scene(tmp_path / "b.ply")
    assert np.allclose(again.gaussians.means.numpy() + np.array(again.origin), xyz, atol=1e-4)
    camera = Camera.from_fov(60.0, 8, 8)
    c2w = np.eye(4)
    c2w[:3, 3] = list(far.values())
    assert np.allclose(scene.camera_at(camera.posed(c2w)).c2w[:3, 3], np.array(list(far.values())) - scene.origin)
    with pytest.raises(InputError, match="steps"):
        write_spz(tmp_path / "c.spz", scene.gaussians, origin=scene.origin)
    assert not (tmp_path / "c.spz").exists()


def test_what_is_far_in_float32_alone_is_held_around_its_middle():
    g = Gaussians(
        torch.randn(N, 3) * 0.5 + torch.tensor([90_000.0, 0, 0]), torch.randn(N, 4), torch.full((N, 3), 0.02),
        torch.full((N,), 0.5), torch.zeros(N, 1, 3),
    )  # fmt: skip
    scene = around_middle(StoredScene(g))
    assert abs(scene.origin[0] - 90_000) <= 1 and float(scene.gaussians.means.abs().max()) < 5
    assert torch.equal(scene.in_place.means, g.means)


@pytest.mark.parametrize("name", ["scene.ply.gz", "scene.gz"])
def test_a_gzipped_scene_is_unpacked(tmp_path, name):
    packed = tmp_path / name
    packed.write_bytes(gzip.compress(write(tmp_path / "a.ply", columns()).read_bytes()))
    assert len(open_scene(packed).gaussians) == N
    packed.write_bytes(packed.read_bytes()[:-200])
    with pytest.raises(InputError, match="damaged"):
        open_scene(packed)


def test_a_gzip_bomb_is_refused_before_it_fills_the_disk(tmp_path):
    head = write(tmp_path / "a.ply", columns()).read_bytes()
    packed = tmp_path / "a.ply.gz"
    packed.write_bytes(gzip.compress(head + bytes(64 << 20)))
    with pytest.raises(InputError, match="unpacks to more"):
        open_scene(packed, 8 << 20)


def test_a_cut_file_is_refused_or_told(tmp_path):
    whole = write(tmp_path / "a.ply", columns())
    whole.write_bytes(whole.read_bytes()[:-10])
    with pytest.raises(InputError, match="ends before"):
        open_scene(whole)
    scene = open_scene(write(tmp_path / "b.ply", columns())).gaussians
    write_splat(tmp_path / "c.splat", scene)
    (tmp_path / "c.splat").write_bytes((tmp_path / "c.splat").read_bytes()[:-10])
    cut = open_scene(tmp_path / "c.splat")
    assert len(cut.gaussians) == N - 1 and cut.notices


def frame(**more) -> dict:
    return {"transform_matrix": np.diag([1.0, -1, -1, 1]).tolist(), "fl_x": 50.0, "w": 64, "h": 48} | more


def cameras(tmp_path, content: dict, encoding: str = "utf-8"):
    file = tmp_path / "transforms.json"
    file.write_text(json.dumps(content), encoding=encoding)
    return read_cameras(file)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32"])
def test_any_encoding_of_json_is_read(tmp_path, encoding):
    assert len(cameras(tmp_path, {"frames": [frame(), frame()]}, encoding).cameras) == 2


@pytest.mark.parametrize("name", ["./train/r_0", "train/r_0.png", "train/r_0.jpg"])
def test_sizes_come_from_the_picture_beside(tmp_path, name):
    (tmp_path / "train").mkdir()
    Image.new("RGB", (80, 60)).save(tmp_path / "train" / ("r_0.jpg" if name.endswith("jpg") else "r_0.png"))
    nerf = {"transform_matrix": np.eye(4).tolist(), "file_path": name}
    camera = cameras(tmp_path, {"camera_angle_x": 0.69, "frames": [nerf]}).cameras[0]
    assert (camera.width, camera.height) == (80, 60) and math.isclose(camera.K[0, 0], 40 / math.tan(0.345))


@pytest.mark.parametrize("name", ["../secret", "/etc/hostname", "no\0thing", "missing", "", 3])
def test_a_size_is_looked_for_in_the_files_own_folder_alone(tmp_path, name):
    Image.new("RGB", (80, 60)).save(tmp_path / "secret.png")
    inside = tmp_path / "inside"
    inside.mkdir()
    with pytest.raises(InputError, match="no finite number w"):
        nerf = {"transform_matrix": np.eye(4).tolist(), "file_path": name}
        cameras(inside, {"camera_angle_x": 0.69, "frames": [nerf]})


def test_distortion_is_told_and_none_is_quiet(tmp_path):
    assert cameras(tmp_path, {"k1": 0.0, "p1": None, "frames": [frame(k2=0.0)]}).notices == ()
    told = cameras(tmp_path, {"frames": [frame(k1=-0.2)]}).notices
    assert len(told) == 1 and "distortion" in told[0]
    radius = math.hypot(32 / 50, 24 / 50)
    assert f"{0.2 * radius**3 * 50:.3g} pixels" in told[0]


@pytest.mark.parametrize("more", [{"is_fisheye": True}, {"camera_model": "OPENCV_FISHEYE"}])
def test_a_fisheye_is_refused(tmp_path, more):
    with pytest.raises(InputError, match=r"isheye|FISHEYE"):
        cameras(tmp_path, {"frames": [frame(**more)]})
