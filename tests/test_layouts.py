"""The benchmark's camera layouts, recomputed here from world-to-camera matrices in PyTorch3D's axes (x left, y up)."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from gen3d.errors import InputError
from gen3d.geometry.layouts import (
    LAYOUTS,
    amplitude_of,
    anchor_indices,
    anchors,
    check_layouts,
    frames,
    from_opengl,
    to_opengl,
)
from gen3d.values import Scale

TEMPLATES = json.loads((Path(__file__).parent / "data" / "worldscore_templates.json").read_text(encoding="utf-8"))
BLENDER = np.diag([-1.0, 1.0, -1.0, 1.0])
"""World-to-camera in PyTorch3D's camera axes -> in OpenGL's."""


def about_y(degrees: float) -> np.ndarray:
    c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    return np.array([[c, 0, -s, 0], [0, 1, 0, 0], [s, 0, c, 0], [0, 0, 0, 1]])


def shifted(x: float, z: float) -> np.ndarray:
    w2c = np.eye(4)
    w2c[[0, 2], 3] = x, z
    return w2c


def w2c_after(layout: str, s: float) -> np.ndarray:
    """What the benchmark makes of the identity, as PyTorch3D's world-to-camera."""
    return {
        "push_in": shifted(0, -s), "pull_out": shifted(0, s), "move_left": shifted(-s / 2, 0),
        "move_right": shifted(s / 2, 0), "pan_left": about_y(30), "pan_right": about_y(-30),
        "orbit_left": shifted(0, s) @ about_y(-30) @ shifted(0, -s),
        "orbit_right": shifted(0, s) @ about_y(30) @ shifted(0, -s),
    }[layout]  # fmt: skip


def recomputed(layouts: list[str], s: float) -> tuple[np.ndarray, np.ndarray]:
    """Key cameras and a camera a frame, camera-to-world in OpenGL's axes, chained as the benchmark does."""
    keys = [np.eye(4)]
    for layout in layouts:
        keys.append(w2c_after(layout, s) @ keys[-1])
    every = [keys[0]]
    for a, b in pairwise(keys):
        turn = Rotation.from_matrix(b[:3, :3] @ a[:3, :3].T).as_rotvec()
        for i in range(1, 50):
            w2c = np.eye(4)
            w2c[:3, :3] = Rotation.from_rotvec(turn * i / 49).as_matrix() @ a[:3, :3]
            w2c[:3, 3] = a[:3, 3] + i / 49 * (b[:3, 3] - a[:3, 3])
            every.append(w2c)
    return tuple(np.linalg.inv(BLENDER @ np.array(w2c)) for w2c in (keys, every))


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_layout_ends_where_the_template_says(layout):
    assert np.allclose(anchors([layout], 2.0)[1], _scaled(TEMPLATES["layouts"][layout], 2.0), atol=1e-6)


def _scaled(c2w: list, s: float) -> np.ndarray:
    c2w = np.array(c2w)
    c2w[:3, 3] *= s
    return c2w


@pytest.mark.parametrize("layouts", [*([name] for name in LAYOUTS), ["pan_left", "orbit_right", "pull_out"]], ids=str)
def test_keys_and_frames_are_the_benchmarks_own(layouts):
    keys = anchors(layouts, 1.7)
    expected_keys, expected_frames = recomputed(layouts, 1.7)
    assert np.allclose([to_opengl(c2w) for c2w in keys], expected_keys, atol=1e-9)
    assert np.allclose([to_opengl(c2w) for c2w in frames(keys)], expected_frames, atol=1e-9)
    assert len(expected_frames) == 49 * len(layouts) + 1


def test_the_first_pose_is_the_benchmarks_and_comes_back():
    assert np.array_equal(to_opengl(np.eye(4)), np.diag([-1, 1, -1, 1]))
    pose = anchors(["orbit_left"], 1.0)[1]
    assert np.allclose(from_opengl(to_opengl(pose)), pose)


def test_anchor_frames_are_the_ends_of_layouts():
    keys = anchors(["move_left", "pan_right"], 1.0)
    assert anchor_indices(2) == [0, 49, 98]
    assert all(np.allclose(frames(keys)[at], key) for at, key in zip(anchor_indices(2), keys, strict=True))


def test_the_amplitude_follows_the_depth_and_stays_before_what_is_nearest():
    assert amplitude_of(Scale(4.0, 3.0)) == pytest.approx(2.0)
    assert amplitude_of(Scale(4.0, 0.5)) == pytest.approx(0.5)
    assert amplitude_of(Scale(400.0, 300.0)) == pytest.approx(100 * amplitude_of(Scale(4.0, 3.0)))


@pytest.mark.parametrize("layouts", [[], ["zoom"], ["pan_left", "fixed"]], ids=str)
def test_a_layout_that_is_none_is_refused(layouts):
    with pytest.raises(InputError):
        check_layouts(layouts)
