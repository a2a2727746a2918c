"""Thin parts and feet that a mask left out come back, by known worlds; nothing of the ground comes with them."""

import numpy as np
import pytest

from gen3d.geometry.reach import in_full, with_feet, with_scraps, with_thin_parts
from gen3d.geometry.terrain import Terrain
from gen3d.values import RGBD
from tests.worlds import AnalyticWorld, Box, Plane, box_room

FLOOR, WALL = Plane((0.0, 1.0, 0.0), 1.0, (0.8, 0.75, 0.6)), Plane((0.0, 0.0, 1.0), 6.0, (0.4, 0.6, 0.6))
BROWN = (0.35, 0.15, 0.1)


def stool() -> AnalyticWorld:
    """A seat on two legs with a rail between them."""
    legs = [Box((x, 0.25, 2.6), (x + 0.09, 1.0, 2.69), BROWN) for x in (-0.4, 0.3)]
    rail = Box((-0.35, 0.6, 2.63), (0.35, 0.63, 2.66), BROWN)
    return AnalyticWorld("stool", (FLOOR, WALL), (Box((-0.45, 0.15, 2.55), (0.45, 0.27, 3.0), BROWN), *legs, rail))


def seen(world: AnalyticWorld) -> tuple[RGBD, np.ndarray]:
    camera = world.camera(256, 192)
    return world.view(camera), world.foreground(camera)


@pytest.fixture(scope="module")
def photo() -> tuple[RGBD, np.ndarray]:
    return seen(stool())


def test_feet_that_passed_for_ground_come_back(photo):
    rgbd, foreground = photo
    without = foreground & ~Terrain.of(rgbd.depth).on_ground
    assert (foreground & ~without).sum() >= 60
    found = with_feet(without.astype(np.int32), rgbd, Terrain.of(rgbd.depth)) > 0
    assert found[foreground].mean() > 0.985 and (found & ~foreground).sum() <= 0.01 * foreground.sum()


def test_a_foot_has_the_number_of_the_thing_above_it(photo):
    rgbd, foreground = photo
    of = np.where(foreground & ~Terrain.of(rgbd.depth).on_ground, 1, 0)
    of[:, 128:] *= 2
    found = with_feet(of, rgbd, Terrain.of(rgbd.depth))
    assert set(np.unique(found[:, :120])) == {0, 1} and set(np.unique(found[:, 136:])) == {0, 2}


def test_a_rail_that_a_mask_lost_comes_back_and_nothing_else(photo):
    rgbd, foreground = photo
    rows = np.nonzero(foreground[:, 128])[0]
    rail = rows[rows > rows[0] + 20]
    without = foreground.copy()
    without[rail[0] : rail[-1] + 1, 105:150] = False
    found = with_thin_parts(without, Terrain.of(rgbd.depth))
    assert (foreground & ~without).sum() > 40 and found[foreground].all() and not (found & ~foreground).any()


def test_a_speck_of_a_thing_that_others_enclose_comes_back(photo):
    rgbd, foreground = photo
    without, (row, column) = foreground.copy(), (np.nonzero(foreground[:, 128])[0][0] + 3, 128)
    without[row : row + 3, column : column + 3] = False
    assert not without.all() and (with_thin_parts(without, Terrain.of(rgbd.depth)) == foreground).all()


def test_both_together_make_the_whole_and_a_whole_stays_as_it_is(photo):
    rgbd, foreground = photo
    again = in_full(foreground, rgbd)
    assert again[foreground].all() and (again & ~foreground).sum() <= 0.005 * foreground.sum()
    nothing = np.zeros_like(foreground)
    assert in_full(nothing, rgbd) is nothing


def test_what_has_the_grounds_colour_and_what_lies_flat_is_left_to_the_ground():
    """A shadow below a thing is as dark as the thing, and does not stand out."""
    body = Box((-0.4, 0.2, 2.6), (0.4, 0.7, 2.7), BROWN)
    rgbd, foreground = seen(AnalyticWorld("shadow", (FLOOR, WALL), (body,)))
    bottom = np.nonzero(foreground.any(axis=1))[0][-1]
    image = rgbd.image.copy()
    image[bottom + 1 :, 100:156] = BROWN
    found = with_feet(foreground.astype(np.int32), RGBD(image, rgbd.depth, rgbd.camera), Terrain.of(rgbd.depth)) > 0
    assert (found == foreground).all()


def test_with_a_networks_depth_nothing_floods_the_ground():
    rgbd, foreground = seen(box_room())
    rng = np.random.default_rng(0)
    noisy = (rgbd.depth * (1 + 0.01 * rng.standard_normal(rgbd.depth.shape))).astype(np.float32)
    found = in_full(foreground, RGBD(rgbd.image, noisy, rgbd.camera))
    assert (found & ~foreground).sum() < 0.04 * foreground.sum()


def test_without_a_ground_feet_are_none():
    rgbd, foreground = seen(AnalyticWorld("card", (WALL,), (Box((-0.5, -0.4, 2.0), (0.5, 0.4, 2.1), BROWN),)))
    assert (with_feet(foreground.astype(np.int32), rgbd, Terrain.of(rgbd.depth)) == foreground).all()


def test_what_shows_of_a_seat_between_the_slats_of_its_back_is_the_chairs_and_the_wall_there_is_not():
    slats = [Box((x, -0.5, 2.4), (x + 0.02, 0.4, 2.42), BROWN) for x in (-0.2, -0.16, -0.12, -0.08)]
    rail, seat = Box((-0.3, 0.4, 2.4), (0.3, 0.5, 2.42), BROWN), Box((-0.3, 0.3, 2.42), (0.3, 0.5, 2.9), BROWN)
    rgbd, whole = seen(AnalyticWorld("chair", (FLOOR, WALL), (*slats, rail, seat)))
    gap = whole & (rgbd.depth > 2.43)
    gap[:, :114] = gap[:, 118:] = False
    assert gap.sum() > 3 and (with_scraps(whole & ~gap, rgbd, Terrain.of(rgbd.depth)) == whole).all()
    assert (in_full(whole & ~gap, rgbd) == in_full(whole, rgbd)).all()
