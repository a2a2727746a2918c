"""What SuperSplat's viewer is told of a scene: its settings.json, version 2, with where to look from and the path.

Its world is ours turned by half a turn about z; a field of view is that of the picture's wider side. `camera_path.py`
reads such files.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from gen3d.camera import Camera
from gen3d.values import DrawnPath

FRAME_RATE = 30
_HALF_TURN = np.diag([-1.0, -1.0, 1.0])
_OFF = {"enabled": False}


def settings_of(camera: Camera, pivot_m: float, path: DrawnPath | None, times_s: np.ndarray | None) -> dict[str, Any]:
    """The settings. pivot_m: so far ahead lies what is looked at; times_s: when each key of the path is passed."""
    track = [] if path is None else [_track(camera, pivot_m, path, times_s)]
    return {
        "version": 2, "tonemapping": "none", "highPrecisionRendering": False, "background": {"color": [0, 0, 0]},
        "postEffectSettings": {
            "sharpness": _OFF | {"amount": 0}, "bloom": _OFF | {"intensity": 1, "blurLevel": 2},
            "grading": _OFF | {"brightness": 0, "contrast": 1, "saturation": 1, "tint": [1, 1, 1]},
            "vignette": _OFF | {"intensity": 0.5, "inner": 0.3, "outer": 0.75, "curvature": 1},
            "fringing": _OFF | {"intensity": 0.5},
        },
        "animTracks": track, "cameras": [{"initial": _pose(camera, pivot_m, camera.K[1, 1] / camera.height)}],
        "annotations": [], "startMode": "default",
    }  # fmt: skip


def _track(camera: Camera, pivot_m: float, path: DrawnPath, times_s: np.ndarray) -> dict[str, Any]:
    poses = [
        _pose(camera.posed(c2w), pivot_m, float(focal)) for c2w, focal in zip(path.c2w, path.focal, strict=True)
    ]  # fmt: skip
    duration = float(times_s[-1]) + (float(path.seconds[0]) if path.loop == "repeat" else 0.0)
    values = {name: [x for pose in poses for x in pose[name]] for name in ("position", "target")}
    return {
        "name": "path", "duration": duration, "frameRate": FRAME_RATE, "loopMode": path.loop,
        "interpolation": "spline", "smoothness": 1 - path.tension,
        "keyframes": {
            "times": (FRAME_RATE * times_s).tolist(), "values": values | {"fov": [pose["fov"] for pose in poses]},
        },
    }  # fmt: skip


def _pose(camera: Camera, pivot_m: float, focal: float) -> dict[str, Any]:
    """focal: in heights of the picture."""
    ahead = camera.center + pivot_m * camera.c2w[:3, 2]
    across = max(camera.width / camera.height, 1.0)
    return {
        "position": (camera.center @ _HALF_TURN).tolist(), "target": (ahead @ _HALF_TURN).tolist(),
        "fov": float(np.degrees(2 * np.arctan(0.5 * across / focal))),
    }  # fmt: skip
