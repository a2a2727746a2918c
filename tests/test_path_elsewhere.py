"""A path that was drawn here, in SuperSplat's own viewer, unmodified: it looks where we look, within 0.1 degree."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import product

import numpy as np
import pytest
import torch

from gen3d.camera import Camera
from gen3d.formats.ply import write_ply
from gen3d.geometry.trajectory import moved, turned
from gen3d.splat.harmonics import seen_from
from gen3d.splat.pick import pick_rasterizer
from gen3d.values import DrawnPath
from tests.arrow import CAMERA, arrow_scene, walled
from tests.browser import browser as browser
from tests.drawn import as_script, in_script
from tests.measures import psnr
from tests.npm import npm_package
from tests.other_viewers import _settled, serving
from tests.small_scenes import shown
from tests.test_other_viewers import VIEWERS

STEP_DEG = 0.1
PORTRAIT = Camera.from_fov(40.0, 240, 320)
TURNS = (-2, -1, 0, 1, 2)
"""Tried to each side, in steps."""


def scene():
    """With kinds, which that viewer has to pass over."""
    gaussians = walled(arrow_scene(), degree=0)
    return replace(gaussians, kinds=(torch.arange(len(gaussians)) % 4).to(torch.uint8))


def drawn(camera) -> np.ndarray:
    return shown(pick_rasterizer().render(seen_from(scene(), camera), camera))


@pytest.mark.parametrize(
    ("photo", "pose"),
    [(CAMERA, moved(0.15, -0.1, 0.2) @ turned(5.0, -3.0)), (PORTRAIT, moved(-0.2, 0.1, -0.1) @ turned(-7.0, 4.0))],
    ids=["landscape", "portrait"],
)
def test_supersplats_viewer_looks_from_our_key_within_a_tenth_of_a_degree(browser, tmp_path, photo, pose):
    lens = photo.zoomed(1.2)
    key = lens.look_at(pose[:3, 3], pose[:3, 3] + pose[:3, 2])  # without roll, as its cameras are
    path = DrawnPath(key.c2w[None], np.array([key.K[1, 1] / key.height]), np.array([1.0]))
    about = {"focal": photo.K[1, 1] / photo.height, "aspect": photo.width / photo.height, "unit": 3.0}
    given = {"path": as_script(path), "lens": about}
    settings = in_script(tmp_path, ("path.js", "path_files.js"), "asSuperSplat(given.path, given.lens)", given)
    site = tmp_path / "site"
    site.mkdir()
    for part in (npm_package(*VIEWERS["supersplat"][1]) / "public").iterdir():
        (site / part.name).symlink_to(part)
    write_ply(site / "scene.ply", scene())
    (site / "settings.json").write_text(json.dumps(settings))
    with serving(site) as url:
        asked = f"{url}?content=scene.ply&settings=settings.json&webgl&noui&noanim&nofx&fullload"
        seen = _settled(browser, asked, photo, "true")
    asides = {(yaw, pitch): turned(STEP_DEG * yaw, STEP_DEG * pitch) for yaw, pitch in product(TURNS, TURNS)}
    likeness = {turn: psnr(seen, drawn(key.posed(key.c2w @ aside))) for turn, aside in asides.items()}
    assert max(likeness, key=likeness.get) == (0, 0), likeness
    assert likeness[0, 0] > 30
