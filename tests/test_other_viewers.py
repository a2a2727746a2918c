"""A scene of ours in other people's viewers, unmodified, from npm: the right way up, in metres, in its colours.

Each looks through the same camera as our own rasterizer. Chromium draws in software, so the scene is small.
"""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from gen3d.formats.known import Labels
from gen3d.formats.ply import write_ply
from gen3d.formats.scene_file import open_scene
from gen3d.formats.sog import store_sog
from gen3d.formats.splat import write_splat
from gen3d.formats.splats_glb import store_splats_glb
from gen3d.formats.spz import write_spz
from gen3d.formats.stored import StoredScene
from gen3d.splat.gaussians import Gaussians
from gen3d.splat.harmonics import seen_from
from gen3d.splat.pick import pick_rasterizer
from tests.arrow import CAMERA, arrow_scene, assert_in_place, needled, walled
from tests.browser import browser as browser
from tests.measures import psnr
from tests.npm import npm_package
from tests.other_viewers import seen_by_playcanvas, seen_by_spark, seen_by_supersplat, seen_by_three
from tests.small_scenes import shown


def in_two_parts(path: Path, gaussians: Gaussians) -> None:
    """What stands in front, and the wall behind it, as two nodes."""
    labels = Labels(("foreground", "background"), (gaussians.means[:, 2].numpy() > 3.5).astype(np.int64))
    store_splats_glb(path, StoredScene(gaussians, labels=labels))


WRITERS = {
    ".ply": write_ply, ".splat": write_splat, ".spz": write_spz, ".splats.glb": in_two_parts,
    ".sog": lambda path, gaussians: store_sog(path, StoredScene(gaussians)),
}  # fmt: skip
VIEWERS = {
    "supersplat": (seen_by_supersplat, ("@playcanvas/supersplat-viewer", "1.36.2")),
    "spark": (seen_by_spark, ("@sparkjsdev/spark", "2.2.0")),
    "playcanvas": (seen_by_playcanvas, ("playcanvas", "2.23.3")),
    "three.js": (seen_by_three, ("three", "0.187.0")),
}


def drawn(gaussians) -> np.ndarray:
    return shown(pick_rasterizer().render(seen_from(gaussians, CAMERA), CAMERA))


def test_our_own_picture_has_every_mark_in_its_place():
    picture = drawn(walled(arrow_scene()))
    assert_in_place(picture)
    for wrong in (picture[:, ::-1], picture[::-1], picture[..., ::-1], picture.transpose(1, 0, 2)):
        with pytest.raises(AssertionError):
            assert_in_place(wrong)
    smaller = np.asarray(Image.fromarray((picture * 255).astype(np.uint8)).resize((310, 232))) / 255
    with pytest.raises(AssertionError):
        assert_in_place(np.pad(smaller, ((4, 4), (5, 5), (0, 0))))
    assert psnr(picture, drawn(walled(arrow_scene(), degree=0))) < 25  # what is lost when harmonics are


@pytest.mark.parametrize(
    ("viewer", "suffix"),
    [
        ("supersplat", ".ply"),
        ("supersplat", ".sog"),
        ("spark", ".spz"),
        ("playcanvas", ".splats.glb"),
        pytest.param("three.js", ".splats.glb", marks=pytest.mark.slow),
        pytest.param("spark", ".sog", marks=pytest.mark.slow),
        pytest.param("spark", ".ply", marks=pytest.mark.slow),
        pytest.param("spark", ".splat", marks=pytest.mark.slow),
    ],
)
def test_another_viewer_shows_our_scene_as_we_do(browser, tmp_path, viewer, suffix):
    """SuperSplat is its viewer, not its editor. Measured: 38 dB, and 35.4 of three.js, whose kernel ends earlier."""
    scene = needled(walled(arrow_scene(), degree=0 if suffix == ".splat" else 3))
    WRITERS[suffix](tmp_path / f"scene{suffix}", scene)
    look, package = VIEWERS[viewer]
    (tmp_path / "site").mkdir()
    picture = look(browser, npm_package(*package), tmp_path / f"scene{suffix}", CAMERA, tmp_path / "site")
    assert_in_place(picture)
    assert psnr(picture, drawn(open_scene(tmp_path / f"scene{suffix}").gaussians)) > 35
