"""A thing in parts: it ends where it folds inward or changes colour, and not where it is only round or small."""

import numpy as np
import pytest

from gen3d.geometry.parts import LEAST, parts_of
from gen3d.values import RGBD
from tests.worlds import AnalyticWorld, Box, Plane, Sphere

WALL = Plane((0.0, 0.0, 1.0), 9.0)
GREY = (0.5, 0.5, 0.5)


def parts(*solids, size: tuple[int, int] = (160, 120)):
    world = AnalyticWorld("parts", (WALL,), solids)
    camera = world.camera(*size)
    rgbd = world.view(camera)
    foreground = world.foreground(camera)
    image = np.where(foreground[..., None], _tints(world, camera), rgbd.image)
    return parts_of(foreground, RGBD(image.astype(np.float32), rgbd.depth, camera)), foreground, camera


def _tints(world, camera):
    """Colours without texture."""
    _, _, nearest = world._cast(world.surfaces + world.occluders, camera)
    return np.array([surface.tint for surface in world.surfaces + world.occluders])[nearest]


@pytest.mark.parametrize("solid", [
    Sphere((0.0, 0.0, 3.0), 0.8, GREY), Box((-0.5, -0.2, 2.5), (0.4, 0.9, 3.4), GREY),
    Box((0.3, 0.2, 2.0), (1.0, 0.8, 4.0), GREY),
])  # fmt: skip
def test_what_is_convex_is_one_part(solid):
    found, foreground, _ = parts(solid)
    assert found.of.max() == 1 and ((found.of > 0) == foreground).all() and found.touch.shape == (1, 1)


def test_an_inward_fold_parts_a_back_from_a_seat():
    seat, back = Box((-0.7, 0.5, 2.2), (0.7, 0.7, 3.2), GREY), Box((-0.7, -0.6, 3.1), (0.7, 0.5, 3.2), GREY)
    found, foreground, _ = parts(seat, back)
    assert found.of.max() == 2 and found.touch[0, 1] and not found.touch[0, 0]
    above = found.of[:58][foreground[:58]]
    below = found.of[96:][foreground[96:]]
    assert len(np.unique(above)) == 1 and len(np.unique(below)) == 1 and above[0] != below[0]


def test_a_change_of_colour_parts_a_shade_from_a_foot():
    top = Box((-0.4, -0.7, 3.0), (0.4, 0.0, 3.1), (0.9, 0.9, 0.7))
    foot = Box((-0.4, 0.0, 3.0), (0.4, 0.7, 3.1), (0.2, 0.1, 0.1))
    found, _, _ = parts(top, foot)
    assert found.of.max() == 2 and found.touch.all() != found.touch.any()


def test_a_speck_is_no_part():
    speck = Box((-0.03, -0.03, 2.98), (0.03, 0.03, 3.0), (0.9, 0.1, 0.1))
    found, foreground, _ = parts(Box((-0.5, -0.5, 3.0), (0.5, 0.5, 3.1), GREY), speck)
    assert found.of.max() == 1 and LEAST < 1 and (found.of > 0).sum() == foreground.sum()


def test_nothing_has_no_parts():
    _, _, camera = parts(Sphere((0.0, 0.0, 3.0), 0.5, GREY))
    flat = RGBD(np.zeros((120, 160, 3), np.float32), np.full((120, 160), np.inf, np.float32), camera)
    assert parts_of(np.ones((120, 160), bool), flat).of.max() == 0
