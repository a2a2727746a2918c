"""The ground is told from depth alone, of whatever scale and shift, and a wall is none."""

import numpy as np
import pytest

from gen3d.geometry.edges import inverse_depth
from gen3d.geometry.ground_view import ground_of, on_ground
from tests.worlds import NoisyDepth, box_room, ground_and_sky, sphere_over_plane, tilted_plane


@pytest.mark.parametrize("noise", [False, True])
@pytest.mark.parametrize(("make", "under_m"), [(ground_and_sky, 1.6), (box_room, 1.4)])
def test_the_ground_is_where_it_is(make, under_m, noise):
    camera = make().camera(128, 96)
    depth = make().view(camera).depth
    found = ground_of(inverse_depth(NoisyDepth(seed=2, scale_spread=0)(depth) if noise else depth))
    truth = np.broadcast_to((np.arange(96)[:, None] + 0.5 - 48) / (camera.K[1, 1] * under_m), (96, 128))
    ground = np.abs(camera.unproject(np.where(np.isfinite(depth), depth, 0))[..., 1] - under_m) < 1e-3
    assert np.abs(found / truth - 1)[ground].mean() < (0.08 if noise else 0.02)


def test_scale_and_shift_of_inverse_depth_do_not_matter():
    inverse = inverse_depth(box_room().view(box_room().camera(128, 96)).depth)
    here, there = (on_ground(near, ground_of(near)) for near in (inverse, 3 * inverse + 0.1))
    assert here.mean() > 0.05 and (here & there).sum() > 0.9 * (here | there).sum()


@pytest.mark.parametrize("make", [sphere_over_plane, tilted_plane])
def test_a_wall_is_no_ground(make):
    assert ground_of(inverse_depth(make().view(make().camera(128, 96)).depth)) is None


def test_an_open_sky_has_none():
    assert ground_of(np.zeros((96, 128), np.float32)) is None
