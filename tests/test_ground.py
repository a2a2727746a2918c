"""What makes a plane of points a ground, on points whose plane is known."""

import numpy as np
import pytest

from gen3d.geometry.ground import Surface, find_ground, surface_of
from tests.worlds import box_room

UP = np.array([0.0, -1, 0])
"""The world's y points down."""


def plane(count: int, height_m: float, rng: np.random.Generator, facing: tuple[float, float, float] = (0, -1, 0)):
    """Points so far below the camera, 1 to 20 m ahead of it."""
    xyz = np.stack([rng.uniform(-3, 3, count), np.full(count, height_m), rng.uniform(1, 20, count)], axis=1)
    return Surface(xyz, np.tile(np.float64(facing), (count, 1)), np.linalg.norm(xyz, axis=1))


def both(a: Surface, b: Surface) -> Surface:
    return Surface(*(np.concatenate(parts) for parts in zip(a, b, strict=True)))


def test_below_a_ground_lies_next_to_nothing() -> None:
    rng = np.random.default_rng(0)
    level, deeper = plane(2000, 1.0, rng), plane(500, 6.0, rng, facing=(0, 0, -1))
    assert find_ground(level, UP).offset == pytest.approx(-1.0, abs=1e-9)
    assert find_ground(both(level, deeper), UP) is None


def test_what_is_far_counts_less_since_its_depth_is_off_by_more() -> None:
    """A floor of which what lies beyond 10 m came out too high by 0.4 % of its distance."""
    floor = plane(4000, 1.0, np.random.default_rng(0))
    floor.xyz[:, 1] -= np.where(floor.xyz[:, 2] > 10, 0.004 * floor.distance, 0)
    ground = find_ground(floor, UP)
    tilt_deg = np.degrees(np.arccos(ground.normal @ UP))
    assert tilt_deg < 0.26  # 0.21; where all count alike 0.32


def test_normals_point_to_the_camera_on_every_side_of_a_room_and_across_its_edges() -> None:
    world = box_room()
    camera = world.moved(world.camera(64, 48), right=0.3)
    for depth in (world.view(camera).depth, np.random.default_rng(0).uniform(0.5, 9, (48, 64))):
        surface = surface_of(depth, camera)
        assert len(surface.xyz) > 100
        assert ((camera.center - surface.xyz) * surface.normals).sum(axis=1).min() > 0
