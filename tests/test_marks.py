"""An arrow, a bar of one metre and a letter F through every format: nothing is turned, mirrored or scaled.

What is read here goes there and back; what is only written is looked at by somebody else (`test_usd.py`,
`test_other_viewers.py`), and by Pixar's library here.
"""

from pathlib import Path

import numpy as np
import pytest
import torch

from gen3d.format_table import FORMATS, FormatRow
from gen3d.formats.scene_file import open_scene, save_scene
from gen3d.formats.stored import StoredScene, Writing
from gen3d.splat.gaussians import Gaussians, joined
from gen3d.splat.harmonics import seen_from
from gen3d.splat.pick import pick_rasterizer
from tests.arrow import CAMERA, arrow_scene, assert_in_place, needled, painted, walled
from tests.ksplat import write_ksplat
from tests.measures import psnr
from tests.small_scenes import sheet, shown
from tests.usd_reader import read_usd

WHITE = (0.95, 0.95, 0.95)
F_AT = np.array([0.75, 0.0, 3.0])
"""The middle of the letter's stem; its arms point right, and the upper one is longer."""
GAUSSIANS = [row for row in FORMATS if row.write]
SIDE = CAMERA.look_at(np.array([-1.2, -0.4, 0.3]), np.array([0.0, 0.0, 3.0]))
"""From the left and above, where depths count."""


def marks(degree: int) -> Gaussians:
    """The scene of `arrow.py` with a letter F, before a wall."""
    x, y, z = F_AT
    strokes = [
        sheet((x, y, z), (0.03, 0, 0), (0, 0.3, 0), 0.01),
        sheet((x + 0.14, y - 0.27, z), (0.14, 0, 0), (0, 0.03, 0), 0.01),
        sheet((x + 0.1, y - 0.03, z), (0.1, 0, 0), (0, 0.03, 0), 0.01),
    ]  # fmt: skip
    return needled(walled(joined(arrow_scene(), painted(joined(*strokes), WHITE)), degree))


def drawn(g: Gaussians, camera=CAMERA) -> np.ndarray:
    return shown(pick_rasterizer().render(seen_from(g, camera), camera))


def assert_an_f(picture: np.ndarray) -> None:
    """White right of the stem at two heights, the upper farther; none left of it, none below its middle."""
    white = (np.abs(picture - np.array(WHITE)) < 0.25).all(axis=2)
    metre_px = CAMERA.K[0, 0] / F_AT[2]
    (u, v), _ = CAMERA.project(F_AT)

    def at(right_m: float, down_m: float) -> bool:
        return bool(white[int(v + down_m * metre_px), int(u + right_m * metre_px)])

    assert at(0, -0.27) and at(0, 0.25) and at(0.25, -0.27) and at(0.15, -0.03)
    assert not at(0.25, -0.03) and not at(0.15, 0.25) and not at(-0.15, -0.27) and not at(-0.15, 0.25)


def assert_right(read: Gaussians, before: Gaussians, least_db: float = 35.0) -> None:
    picture = drawn(read)
    assert_in_place(picture)
    assert_an_f(picture)
    assert psnr(picture, drawn(before)) > least_db
    assert psnr(drawn(read, SIDE), drawn(before, SIDE)) > least_db - 3


def test_a_letter_that_is_mirrored_or_upside_down_is_seen():
    picture = drawn(marks(0))
    assert_an_f(picture)
    for wrong in (picture[:, ::-1], picture[::-1], picture[::-1, ::-1]):
        with pytest.raises(AssertionError):
            assert_an_f(wrong)
    g = marks(0)
    mirrored = Gaussians(g.means * torch.tensor([-1.0, 1, 1]), g.quats, g.scales, g.opacities, g.sh)
    turned = Gaussians(g.means, g.quats * torch.tensor([1.0, -1, -1, -1]), g.scales, g.opacities, g.sh)
    for wrong in (mirrored, turned):
        with pytest.raises(AssertionError):
            assert_right(wrong, g)


@pytest.mark.parametrize("version", [2, 3, 4])
def test_every_version_of_spz_keeps_every_mark_in_its_place(tmp_path, version):
    [row] = [row for row in GAUSSIANS if row.suffix == ".spz"]
    save_scene(row, tmp_path / "a.spz", StoredScene(marks(1)), Writing(spz_version=version))
    assert_right(open_scene(tmp_path / "a.spz").gaussians, marks(1))


@pytest.mark.parametrize("row", [row for row in GAUSSIANS if row.read], ids=lambda row: row.suffix)
def test_what_is_written_and_read_keeps_every_mark_in_its_place(tmp_path, row: FormatRow):
    g = marks(0 if row.suffix == ".splat" else 2)
    save_scene(row, tmp_path / row.name, StoredScene(g))
    assert_right(open_scene(tmp_path / row.name).gaussians, g)


@pytest.mark.parametrize("level", [0, 1, 2])
def test_what_is_only_read_keeps_every_mark_in_its_place(tmp_path, level):
    write_ksplat(tmp_path / "a.ksplat", marks(1), level)
    assert_right(open_scene(tmp_path / "a.ksplat").gaussians, marks(1), 30.0 if level else 35.0)


@pytest.mark.parametrize("row", [row for row in GAUSSIANS if not row.read], ids=lambda row: row.suffix)
def test_what_is_only_written_has_every_mark_in_its_place_for_pixars_library(tmp_path, row: FormatRow):
    pytest.importorskip("pxr.Usd")
    g = marks(1)
    save_scene(row, tmp_path / row.name, StoredScene(g))
    assert_right(read_usd(tmp_path / row.name), g)


def test_every_format_of_gaussians_is_looked_at():
    assert {row.suffix for row in GAUSSIANS if not row.read} == {".usda", ".usdz"}
    assert {row.suffix for row in FORMATS if row.read and not row.write} == {".ksplat"}
    assert all(Path(row.name).name == row.name for row in GAUSSIANS)
