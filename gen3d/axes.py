"""Where x, y and z point in a file, and what a unit of it is: one table, and everything about axes asks its rows.

`docs/axes.md` is made of it. All directions are those of the photo's camera: what lies right in the photo lies towards
"right". Our own axes are the row "opencv" (`camera.py`); `standing.py` turns a scene into the others.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

AxesName = Literal["opencv", "opengl", "yup", "zup", "unity", "unreal"]
AXES_NAMES: tuple[AxesName, ...] = get_args(AxesName)
Direction = Literal["right", "left", "down", "up", "forward", "backward"]
OURS: dict[Direction, tuple[int, int, int]] = {
    "right": (1, 0, 0), "left": (-1, 0, 0), "down": (0, 1, 0), "up": (0, -1, 0), "forward": (0, 0, 1),
    "backward": (0, 0, -1),
}  # fmt: skip
"""Each direction in our own axes."""


@dataclass(frozen=True, slots=True)
class AxesRow:
    """One habit of axes and units."""

    name: AxesName
    x: Direction
    y: Direction
    z: Direction
    unit: str
    per_metre: float
    """So many units are a metre."""
    camera: AxesName
    """Whose axes a camera of its own has: a pose turns them into the world's."""
    whose: str
    """Who thinks so."""

    @property
    def handed(self) -> Literal["right", "left"]:
        """Whose hand's thumb, index and middle finger are x, y and z."""
        (a, b, c), (d, e, f), (g, h, i) = (OURS[axis] for axis in (self.x, self.y, self.z))
        return "right" if a * (e * i - f * h) - b * (d * i - f * g) + c * (d * h - e * g) > 0 else "left"

    @property
    def up(self) -> str:
        """The axis that points up, as "+y"."""
        return self._along("up", "down")

    @property
    def ahead(self) -> str:
        """The axis along which the photo's camera looks, as "+z"."""
        return self._along("forward", "backward")

    @property
    def words(self) -> str:
        """In one phrase."""
        return f"x {self.x}, y {self.y}, z {self.z}"

    def _along(self, wanted: Direction, opposite: Direction) -> str:
        found = {self.x: "x", self.y: "y", self.z: "z"}
        return f"+{found[wanted]}" if wanted in found else f"-{found[opposite]}"


AXES: dict[AxesName, AxesRow] = {
    row.name: row
    for row in (
        AxesRow("opencv", "right", "down", "forward", "m", 1.0, "opencv", "Gen3D, 3DGS, COLMAP, gsplat, SuperSplat"),
        AxesRow("opengl", "right", "up", "backward", "m", 1.0, "opengl", "OpenGL, glTF, SPZ, three.js"),
        AxesRow("yup", "right", "up", "backward", "m", 1.0, "opengl", "USD, Maya, Houdini, Nuke: the same as opengl"),
        AxesRow("zup", "right", "forward", "up", "m", 1.0, "opengl", "Blender, nerfstudio, 3ds Max, CAD"),
        AxesRow("unity", "right", "up", "forward", "m", 1.0, "unity", "Unity"),
        AxesRow("unreal", "forward", "right", "up", "cm", 100.0, "unreal", "Unreal Engine"),
    )
}
"""From each program's manual."""
