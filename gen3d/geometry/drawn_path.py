"""A camera path as somebody drew it: smooth through its keys, each at its time. gen3d/viewer/path.js plays the same.

Where the camera is and when are kept apart. The way is a centripetal Catmull-Rom spline (Yuksel et al., On the
Parameterization of Catmull-Rom Curves, 2011), which neither loops nor overshoots as much as the uniform one, through
eight numbers a key: place, turn (a quaternion, of the two the one nearer to the key before) and the log of the focal
length. Tension (Kochanek and Bartels 1984) draws it straight; the viewer chooses the least that keeps a path within
what was built. How far along the camera is follows a monotone cubic (Fritsch and Carlson 1980) through the times: it
passes each key when it should, never goes back, and stands still at both ends of a path that has ends.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float
from scipy.spatial.transform import Rotation

from gen3d.camera import Camera
from gen3d.values import DrawnPath

LEAST_KNOT = 1e-3
"""Between two keys at one place. Chosen by eye."""
LEAST_S = 1e-3
"""From key to key."""


def cameras_along(path: DrawnPath, lens: Camera, unit_m: float, frames: int) -> list[Camera]:
    """The path's cameras at `frames` even times; one that repeats or goes back and forth does not repeat its first.

    lens: what the focal lengths are those of, with its size and centre. unit_m: so many metres aside count as much as a
    radian.
    """
    course = Course(path, unit_m)
    times = np.linspace(0.0, course.duration_s, frames, endpoint=path.loop == "none")
    return [_through(lens, course.at(float(t))) for t in times]


def key_cameras(path: DrawnPath, lens: Camera) -> list[Camera]:
    """The cameras of the keys alone."""
    return [_focused(lens, focal).posed(c2w) for focal, c2w in zip(path.focal, path.c2w, strict=True)]


class Course:
    """Where the camera is at which time."""

    def __init__(self, path: DrawnPath, unit_m: float) -> None:
        n = self._count = len(path.seconds)
        self._closed = path.loop == "repeat" and len(path.seconds) > 1
        order = np.array([n - 1, *range(n), 0, 1 % n] if self._closed else range(n))  # with neighbours across the seam
        self._loop, self._values = path.loop, _aligned(path, order)
        apart = _apart(self._values, unit_m)
        self._knots = np.maximum(LEAST_KNOT, np.sqrt(apart))
        self._seconds = np.maximum(LEAST_S, path.seconds[order[1:]])
        self._slopes = (1 - path.tension) * _slopes(self._values, self._knots)
        self._rates = _rates(self._knots, self._seconds)
        self._first, last = (1, n + 1) if self._closed else (0, n - 1)
        self._starts = np.concatenate([[0.0], np.cumsum(self._seconds[self._first : last])])

    @property
    def duration_s(self) -> float:
        """Of the path as it is played once: there and back where it goes back and forth."""
        return float(self._starts[-1]) * (2 if self._loop == "pingpong" else 1)

    @property
    def starts_s(self) -> Float[np.ndarray, "k"]:
        """When each key is passed."""
        return self._starts[: self._count]

    def at(self, time_s: float) -> Float[np.ndarray, "8"]:
        """Place, turn (wxyz, of length 1) and log focal length; from the end on that of the end, or from the start."""
        if len(self._starts) == 1:
            return _unit_turn(self._values[0])
        time_s = self._folded(time_s)
        k = min(int(np.searchsorted(self._starts, time_s, "right")) - 1, len(self._starts) - 2)
        i, h = self._first + k, self._seconds[self._first + k]
        knot, rates = self._knots[i], self._rates[i : i + 2]
        along = _hermite(0.0, knot, h * rates[0], h * rates[1], (time_s - self._starts[k]) / h) / knot
        a, b = self._values[i : i + 2]
        return _unit_turn(_hermite(a, b, knot * self._slopes[i], knot * self._slopes[i + 1], along))

    def _folded(self, time_s: float) -> float:
        once = float(self._starts[-1])
        if self._loop == "pingpong":
            return once - abs(once - time_s % (2 * once))
        return time_s % once if self._closed else min(time_s, once)


def _aligned(path: DrawnPath, order: np.ndarray) -> Float[np.ndarray, "k 8"]:
    turns = Rotation.from_matrix(path.c2w[order, :3, :3]).as_quat(scalar_first=True)
    for i in range(1, len(turns)):
        turns[i] *= -1 if turns[i - 1] @ turns[i] < 0 else 1
    return np.concatenate([path.c2w[order, :3, 3], turns, np.log(path.focal[order])[:, None]], axis=1)


def _apart(values: np.ndarray, unit_m: float) -> Float[np.ndarray, "legs"]:
    a, b = values[:-1], values[1:]
    moved = np.linalg.norm(a[:, :3] - b[:, :3], axis=1) / unit_m
    turned = 2 * np.arccos(np.minimum(1.0, np.abs((a[:, 3:7] * b[:, 3:7]).sum(axis=1))))
    return np.sqrt(moved**2 + turned**2 + (a[:, 7] - b[:, 7]) ** 2)


def _slopes(values: np.ndarray, knots: np.ndarray) -> Float[np.ndarray, "k 8"]:
    """Catmull-Rom's for uneven knots; an end of the path is not bent."""
    slopes = np.zeros_like(values)
    if len(values) < 2:
        return slopes
    chords = np.diff(values, axis=0) / knots[:, None]
    if len(values) == 2:
        return np.repeat(chords, 2, axis=0)
    a, b = knots[:-1, None], knots[1:, None]
    slopes[1:-1] = (chords[:-1] * b + chords[1:] * a) / (a + b)
    slopes[0], slopes[-1] = (3 * chords[0] - slopes[1]) / 2, (3 * chords[-1] - slopes[-2]) / 2
    return slopes


def _rates(knots: np.ndarray, seconds: np.ndarray) -> Float[np.ndarray, "k"]:
    """How fast the way is gone at each key: the weighted harmonic mean of the legs before and after, 0 at the ends."""
    rates = np.zeros(len(knots) + 1)
    speed, g, h = knots / seconds, seconds[:-1], seconds[1:]
    rates[1:-1] = 3 * (g + h) / ((2 * h + g) / speed[:-1] + (h + 2 * g) / speed[1:])
    return rates


def _hermite(a, b, slope_a, slope_b, x: float):
    y, z = x * x, x * x * x
    return (2 * z - 3 * y + 1) * a + (z - 2 * y + x) * slope_a + (3 * y - 2 * z) * b + (z - y) * slope_b


def _unit_turn(values: np.ndarray) -> np.ndarray:
    return np.concatenate([values[:3], values[3:7] / np.linalg.norm(values[3:7]), values[7:]])


def _through(lens: Camera, values: np.ndarray) -> Camera:
    """The lens with this focal length at this pose."""
    c2w = np.eye(4)
    c2w[:3, :3] = Rotation.from_quat(values[3:7], scalar_first=True).as_matrix()
    c2w[:3, 3] = values[:3]
    return _focused(lens, np.exp(values[7])).posed(c2w)


def _focused(lens: Camera, focal: float) -> Camera:
    return lens.zoomed(float(focal) * lens.height / lens.K[1, 1])
