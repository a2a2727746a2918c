"""Figures of consistency against worlds whose answer is known: a textured plane that two cameras see."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from gen3d.camera import Camera
from gen3d.geometry.consistency import (
    Seen,
    coverage,
    cycle_px,
    flicker,
    known_flow,
    largest_hole,
    pose_error,
    reprojection_px,
    sharpness,
    style_distance,
    warped_db,
)
from gen3d.geometry.trajectory import moved, turned

LENS = Camera.from_intrinsics(100.0, 100.0, 64.0, 48.0, 128, 96)
DISTANCE_M = 4.0
GRAIN = cv2.GaussianBlur(np.random.default_rng(0).random((800, 800, 3)).astype(np.float32), (0, 0), 3)
TEXTURE = np.clip((GRAIN - GRAIN.mean()) * 4 + 0.5, 0.05, 0.95)


def plane(c2w: np.ndarray, told: np.ndarray | None = None) -> Seen:
    """The wall z = 4, painted, as seen from a place; `told` is where it is said to be seen from."""
    camera = LENS.posed(c2w)
    rays = camera.rays() @ c2w[:3, :3].T
    depth = (DISTANCE_M - c2w[2, 3]) / rays[..., 2]
    xyz = camera.center + depth[..., None] * rays
    at = ((xyz[..., :2] + 8) * 50).astype(np.float32)
    image = cv2.remap(TEXTURE, at[..., 0], at[..., 1], cv2.INTER_LINEAR)
    return Seen(image, depth.astype(np.float32), LENS.posed(c2w if told is None else told))


def aside(px: float) -> np.ndarray:
    """A step that moves the wall by so many pixels."""
    return moved(px * DISTANCE_M / 100, 0.0, 0.0)


@pytest.mark.parametrize("pose", [aside(3.0), moved(0.1, -0.05, 0.1), turned(3.0, -2.0)], ids=["side", "step", "turn"])
def test_a_plane_seen_from_where_it_is_told_has_no_error(pose):
    a, b = plane(np.eye(4)), plane(pose)
    assert reprojection_px(a, b) < 0.1
    assert cycle_px(a, b) < 0.02
    assert warped_db(a, b) > 38
    assert flicker(a, b) < 0.5


@pytest.mark.parametrize("wrong_px", [1.0, 2.0, 4.0])
def test_a_wrong_pose_costs_as_many_pixels_as_it_moves_the_plane(wrong_px):
    a, b = plane(np.eye(4)), plane(aside(3.0), told=aside(3.0 + wrong_px))
    assert reprojection_px(a, b) == pytest.approx(wrong_px, abs=0.1)
    assert warped_db(a, b) < warped_db(a, plane(aside(3.0)))


def test_depth_that_disagrees_costs_what_its_flow_differs_by():
    a, b = plane(np.eye(4)), plane(aside(10.0))
    nearer = Seen(b.image, b.depth * np.float32(1.01), b.camera)
    assert cycle_px(a, nearer) == pytest.approx(10 - 10 / 1.01, abs=0.02)


def test_a_brighter_frame_is_told_by_its_level_and_in_decibels():
    a = plane(np.eye(4))
    b = Seen(a.image + np.float32(0.1), a.depth, a.camera)
    assert flicker(a, b) == pytest.approx(25.5, abs=0.01)
    assert warped_db(a, b) == pytest.approx(20.0, abs=0.01)
    assert warped_db(a, a) == 99.0 and flicker(a, a) == 0


def test_what_is_hidden_or_outside_or_empty_does_not_count():
    a, b = plane(np.eye(4)), plane(aside(3.0))
    before = b.depth.copy()
    before[:, 40:60] = 1.0  # a thing that stands before the wall in b alone
    flow = known_flow(a, Seen(b.image, before, b.camera))
    assert not flow.shared[:, 44:62].any() and flow.shared[:, 70:].all()
    assert not flow.shared[:, :3].any()  # leaves the frame to the left
    assert known_flow(Seen(a.image, a.depth * 0, a.camera), b).shared.sum() == 0
    assert cycle_px(Seen(a.image, a.depth * 0, a.camera), b) is None
    assert reprojection_px(Seen(a.image * 0, a.depth, a.camera), b) is None  # nothing to be followed


def test_holes_are_counted_together_and_by_the_largest():
    filled = np.ones((10, 20), bool)
    assert coverage(filled) == 1 and largest_hole(filled) == 0
    filled[0:2, 0:5], filled[5:9, 10:15] = False, False
    assert coverage(filled) == pytest.approx(0.85) and largest_hole(filled) == pytest.approx(0.1)


def test_a_blurred_picture_is_less_sharp_and_half_the_contrast_a_quarter():
    image = plane(np.eye(4)).image
    assert sharpness(image, image) == 1
    assert sharpness(cv2.GaussianBlur(image, (0, 0), 4), image) < 0.3
    assert sharpness(0.5 * image + 0.25, image) == pytest.approx(0.25, abs=0.02)


def test_another_part_of_one_wall_is_of_its_style_and_a_drawing_of_it_is_not():
    image, beside = plane(np.eye(4)).image, plane(moved(3.0, 0.5, 0.0)).image
    drawn = np.repeat(np.rint(image[..., :1]), 3, axis=2)
    assert style_distance(image, image) == 0
    assert style_distance(beside, image) < 0.5 * style_distance(drawn, image)
    assert style_distance(np.zeros_like(image), image) == pytest.approx(2.0)


@pytest.mark.parametrize("angle", [1e-4, 2.0, 170.0])
def test_the_error_of_a_pose_is_its_turn_and_its_shift(angle):
    asked = np.stack([np.eye(4), moved(1.0, 0.0, 0.0)])
    written = np.stack([np.eye(4), moved(1.0, 0.25, 0.0) @ turned(angle)])
    assert pose_error(written, asked) == pytest.approx((angle, 0.25), rel=1e-6)
    assert pose_error(asked, asked) == (0, 0)
