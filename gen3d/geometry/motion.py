"""How the video of a path moves, as plain numbers to draw it from above: x right, z forward, lengths of median depths.

Near things are taken to be as far as the median, so this is as far as a path ever goes; a scene with something near
moves less along `wander` and `peek`.
"""

from __future__ import annotations

import numpy as np

from gen3d.camera import Camera
from gen3d.geometry.trajectory import REFERENCE_FOV_DEG, tour_path
from gen3d.values import Scale

MOMENTS = 48
"""Times at which a motion is told, as many as a fast video has frames. Chosen by eye."""


def motion(path: str, moments: int = MOMENTS) -> list[tuple[float, float, float, float]]:
    """(x, z, yaw, pitch) of the video's camera at evenly spaced times, from the photo's pose back to it.

    Angles in degrees, positive to the right and upwards; yaw goes on past 180 where the camera turns on.
    """
    cameras = tour_path(path, Camera.from_fov(REFERENCE_FOV_DEG, 3, 2), Scale(1.0, 1.0), moments, 1.0)
    c2w = np.stack([camera.c2w for camera in cameras])
    ahead = c2w[:, :3, 2]
    yaw = np.degrees(np.unwrap(np.arctan2(ahead[:, 0], ahead[:, 2])))
    pitch = np.degrees(np.arctan2(-ahead[:, 1], np.hypot(ahead[:, 0], ahead[:, 2])))
    rows = np.stack([c2w[:, 0, 3], c2w[:, 2, 3], yaw, pitch], axis=1) + 0.0  # + 0.0 turns -0.0 into 0.0
    return [(x, z, about_y, about_x) for x, z, about_y, about_x in rows.tolist()]
