"""bench/load.py: that it can tell whose scene somebody got."""

from __future__ import annotations

import zipfile
from itertools import combinations
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from bench.load import CLOSE, VISITORS, Outcome, colour, differences, picture
from gen3d.formats.ply import write_ply
from gen3d.splat.gaussians import Gaussians


def made_of(photo: Path, folder: Path) -> list[str]:
    """What a build of a flat photo gives."""
    rgb = np.asarray(Image.open(photo))[0, 0] / 255
    sh = torch.tensor((rgb - 0.5) / 0.28209479177387814, dtype=torch.float32).expand(9, 1, 3).contiguous()
    quats = torch.tensor([1.0, 0, 0, 0]).expand(9, 4).contiguous()
    gaussians = Gaussians(torch.rand(9, 3), quats, torch.full((9, 3), 0.1), torch.full((9,), 0.5), sh)
    write_ply(folder / "scene.ply", gaussians)
    with zipfile.ZipFile(folder / "previews.zip", "w") as archive:
        archive.write(photo, "photo.png")
    return [str(folder / "scene.ply"), str(folder / "previews.zip")]


def test_all_visitors_have_colours_of_their_own():
    for one, other in combinations(map(colour, range(max(VISITORS))), 2):
        assert max(abs(a - b) for a, b in zip(one, other, strict=True)) > 2 * CLOSE


def test_a_scene_is_known_for_its_visitors_own(tmp_path):
    photo, depth = picture(3, tmp_path)
    assert Image.open(depth).size == Image.open(photo).size
    files = made_of(photo, tmp_path)
    assert Outcome("waits", off=differences(3, files)).has_own
    assert not Outcome("waits", off=differences(4, files)).has_own and not Outcome("waits").has_own
