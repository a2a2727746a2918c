"""How a scene stands in a file: as it was built, or turned level, scaled, and in other axes of the table `axes.py`.

A left-handed system is the mirror image of ours, so no turning leads there: positions are mirrored, and with them
rotations, harmonics and the order of a triangle's corners, so that what is seen stays what it was.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from gen3d.axes import AXES, OURS, AxesName


@dataclass(frozen=True, eq=False, slots=True)
class Standing:
    """What is done to a scene on its way into a file."""

    axes: AxesName | None = None
    """None: those of the format."""
    scale: float = 1.0
    """Of all lengths, before units."""
    level: Float[np.ndarray, "4 4"] | None = None
    """Rigid, in our axes: upright, and the ground at zero. None: as it was built, the photo's camera at the origin."""

    @property
    def is_plain(self) -> bool:
        """Whether nothing is done."""
        return self.axes is None and self.scale == 1 and self.level is None

    def similarity(self) -> Float[np.ndarray, "4 4"]:
        """Level and scaled, still in our axes."""
        return np.diag([self.scale, self.scale, self.scale, 1.0]) @ (np.eye(4) if self.level is None else self.level)

    def within(self, own: AxesName) -> Float[np.ndarray, "4 4"]:
        """From the scene as it is here to the numbers in a file; own: the axes of the file's format."""
        return as_4x4(matrix_of(self.axes or own)) @ self.similarity()

    def before(self, own: AxesName) -> Float[np.ndarray, "4 4"]:
        """What is to be done to a scene for a writer that turns ours into its format's own axes by itself."""
        return as_4x4(np.linalg.inv(matrix_of(own))) @ self.within(own)

    def pose(
        self, c2w: Float[np.ndarray, "4 4"], own: AxesName, camera: AxesName | None = None
    ) -> Float[np.ndarray, "4 4"]:
        """A camera's pose in such a file, from the camera's own axes to the file's world; rigid.

        c2w: as it is here. camera: whose axes its own are; None: those that the table says. A rotation in left-handed
        axes too, where the camera's own are left-handed with the world's.
        """
        row = AXES[self.axes or own]
        theirs = AXES[camera or row.camera]
        whole = self.within(own) @ c2w
        whole[:3, :3] = whole[:3, :3] @ matrix_of(theirs.name).T / (self.scale * row.per_metre * theirs.per_metre)
        return whole + 0.0  # turns -0.0 into 0.0


AS_BUILT = Standing()


def matrix_of(axes: AxesName) -> Float[np.ndarray, "3 3"]:
    """Ours to these: metres to units, and mirrored where these are left-handed."""
    row = AXES[axes]
    return row.per_metre * np.array([OURS[axis] for axis in (row.x, row.y, row.z)], np.float64)


def as_4x4(linear: Float[np.ndarray, "3 3"]) -> Float[np.ndarray, "4 4"]:
    """Without a translation."""
    whole = np.eye(4)
    whole[:3, :3] = linear
    return whole
