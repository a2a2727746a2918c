"""What else than its colours is shown of a scene, by `gen3d render --show`: against worlds whose answers are known."""

from dataclasses import replace

import numpy as np
import OpenEXR
import pytest
import torch
from PIL import Image
from scipy.spatial.transform import Rotation

from gen3d.errors import InputError
from gen3d.formats.ply import write_ply
from gen3d.formats.transforms import write_transforms
from gen3d.splat.cpu.function import CpuRasterizer
from gen3d.splat.shown import SHOWN, check_kinds, depth_unit_m, normals, sight
from gen3d.values import UNKNOWN, Kind
from tests.small_scenes import LENS, photo_scene
from tests.test_cli import run
from tests.worlds import box_room

RASTERIZER = CpuRasterizer()


def halves(left: int, right: int):
    """The box room, the left half of the photo's frame of one kind, the right of another."""
    scene = photo_scene()
    uv, _ = LENS.project(scene.means.double().numpy())
    kinds = torch.from_numpy(np.where(uv[:, 0] < 48, left, right).astype(np.uint8))
    return replace(scene, kinds=kinds)


def test_depth_is_the_worlds_own():
    shown = sight(photo_scene(), LENS, RASTERIZER, "depth", 2.0)
    true = box_room().view(LENS).depth
    error = np.abs(shown.channels["Z"] - true) / true
    assert np.median(error) < 0.01 and (error < 0.05).mean() > 0.93
    assert shown.picture[..., 0] == pytest.approx(np.clip(0.7 / shown.channels["Z"], 0, 1), abs=1e-5)
    assert depth_unit_m(photo_scene(), LENS, RASTERIZER) == pytest.approx(float(np.median(true)), rel=0.06)


def test_normals_are_the_walls_own_and_look_at_the_camera():
    shown = sight(photo_scene(), LENS, RASTERIZER, "normals", 1.0)
    found = np.stack([shown.channels[axis] for axis in "XYZ"], axis=-1)
    points = box_room().view(LENS)
    xyz = LENS.unproject(points.depth)
    across, along = xyz[:-1, 1:] - xyz[:-1, :-1], xyz[1:, :-1] - xyz[:-1, :-1]
    true = np.cross(across, along)
    true /= np.linalg.norm(true, axis=-1, keepdims=True)
    true *= -np.sign((true * xyz[:-1, :-1]).sum(axis=-1, keepdims=True)) * np.array([1, -1, -1])
    agreement = (found[:-1, :-1] * true).sum(axis=-1)
    assert np.nanmedian(agreement) > 0.999 and np.nanmean(agreement > 0.95) > 0.85
    assert np.linalg.norm(found, axis=-1) == pytest.approx(1, abs=1e-4)


def test_a_gaussians_normal_is_where_it_is_thinnest():
    turn = Rotation.from_euler("xyz", [20, -35, 60], degrees=True)
    scene = photo_scene().keep(torch.arange(len(photo_scene())) < 1)
    quat = torch.from_numpy(turn.as_quat(scalar_first=True)).float()[None]
    scene = replace(scene, means=torch.tensor([[0.0, 0.0, 2.0]]), quats=quat, scales=torch.tensor([[0.2, 0.01, 0.3]]))
    meant = turn.as_matrix()[:, 1] * np.array([1, -1, -1])
    meant = meant if meant[2] > 0 else -meant
    assert normals(scene, LENS)[0].numpy() == pytest.approx(meant, abs=1e-5)


@pytest.mark.parametrize("kind", list(Kind))
def test_the_share_of_each_kind_is_told(kind):
    other = Kind.PHOTO if kind != Kind.PHOTO else Kind.BEHIND
    shown = sight(halves(kind, other), LENS, RASTERIZER, "layers", 1.0)
    names = {Kind.FOREGROUND: "foreground", Kind.PHOTO: "photo", Kind.BEHIND: "behind", Kind.OUTSIDE: "outside"}
    assert set(shown.channels) == set(names.values())
    left, right = shown.channels[names[kind]][:, :45], shown.channels[names[kind]][:, 51:]
    assert np.median(left) > 0.9 and right.max() < 0.2
    total = sum(shown.channels.values())
    assert total == pytest.approx(sight(photo_scene(), LENS, RASTERIZER, "alpha", 1.0).channels["A"], abs=1e-3)


def test_what_the_photo_saw_keeps_its_colours_and_the_rest_is_tinted():
    plain = RASTERIZER.render(photo_scene(), LENS).rgb.numpy()
    shown = sight(halves(Kind.PHOTO, Kind.OUTSIDE), LENS, RASTERIZER, "made-up", 1.0)
    assert np.abs(shown.picture[:, :45] - plain[:, :45]).max() < 0.02
    tinted = shown.picture[:, 51:].reshape(-1, 3).mean(axis=0)
    assert tinted[2] > 1.4 * tinted[1] > 1.4 * tinted[0], "blue"
    assert set(shown.channels) == {"seen", "behind", "outside"}
    assert np.median(shown.channels["seen"][:, :45]) > 0.9 and np.median(shown.channels["outside"][:, 51:]) > 0.9


def test_what_is_unknown_is_no_share_of_anything():
    shown = sight(halves(UNKNOWN, Kind.BEHIND), LENS, RASTERIZER, "layers", 1.0)
    assert sum(shown.channels.values())[:, :40].max() < 0.1


@pytest.mark.parametrize("show", ["layers", "made-up"])
def test_a_scene_that_does_not_say_is_refused(show):
    with pytest.raises(InputError, match="what of it a photo saw"):
        check_kinds(photo_scene(), show)
    check_kinds(photo_scene(), "depth")


@pytest.mark.parametrize("show", SHOWN)
def test_render_writes_a_picture_and_its_numbers(tmp_path, show):
    write_ply(tmp_path / "s.ply", halves(Kind.PHOTO, Kind.OUTSIDE))
    write_transforms(tmp_path / "c.json", [LENS, LENS])
    cameras = ("--cameras", tmp_path / "c.json")
    assert run("render", tmp_path / "s.ply", *cameras, "--show", show, "-o", tmp_path / "r") == 0
    files = {file.name for file in (tmp_path / "r").iterdir()}
    assert files == {"00.png", "01.png", "00.exr", "01.exr", "run.json"}
    meant = sight(halves(Kind.PHOTO, Kind.OUTSIDE), LENS, RASTERIZER, show,
                  depth_unit_m(photo_scene(), LENS, RASTERIZER))  # fmt: skip
    picture = np.asarray(Image.open(tmp_path / "r" / "00.png")) / 255
    assert picture == pytest.approx(meant.picture, abs=0.02)
    with OpenEXR.File(str(tmp_path / "r" / "00.exr"), separate_channels=True) as file:
        held = {name: channel.pixels.copy() for name, channel in file.channels().items()}
    assert set(held) == set(meant.channels)
    for name, values in held.items():
        assert np.allclose(values, meant.channels[name], atol=0.02, equal_nan=True)


def test_render_says_why_it_cannot_show_what_was_made_up(tmp_path, capsys):
    write_ply(tmp_path / "s.ply", photo_scene())
    write_transforms(tmp_path / "c.json", [LENS])
    given = ("render", tmp_path / "s.ply", "--cameras", tmp_path / "c.json", "--show", "made-up", "-o", tmp_path / "r")
    assert run(*given) == 1
    assert "what of it a photo saw" in capsys.readouterr().err and not (tmp_path / "r").exists()
