"""Cameras and points as a COLMAP text model: cameras.txt, images.txt, points3D.txt.

COLMAP's axes and pixels are ours (x right, y down, z forward; the first pixel's centre at (0.5, 0.5)); a pose is
world-to-camera, as a quaternion wxyz and a translation. No point has a track, since nothing was matched.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from jaxtyping import Float, UInt8
from scipy.spatial.transform import Rotation

from gen3d.camera import Camera


def write_colmap(
    folder: Path,
    cameras: Sequence[Camera],
    files: Sequence[str],
    xyz: Float[np.ndarray, "n 3"],
    rgb: UInt8[np.ndarray, "n 3"],
) -> None:
    """Writes the three files into a folder that exists.

    files: the picture of each camera, relative to COLMAP's image folder. xyz: metres, world. rgb: sRGB.
    """
    lenses, numbers = [], []
    for camera in cameras:
        (fx, _, cx), (_, fy, cy), _ = camera.K.tolist()
        lens = f"PINHOLE {camera.width} {camera.height} {fx!r} {fy!r} {cx!r} {cy!r}"
        lenses += [] if lens in lenses else [lens]
        numbers.append(lenses.index(lens) + 1)
    _write(folder / "cameras.txt", (f"{i} {lens}" for i, lens in enumerate(lenses, 1)))
    images = zip(cameras, files, numbers, strict=True)
    _write(folder / "images.txt", (_image(i, *image) for i, image in enumerate(images, 1)))
    points = zip(xyz.tolist(), rgb.tolist(), strict=True)
    _write(folder / "points3D.txt", (_point(i, *point) for i, point in enumerate(points, 1)))


def _image(number: int, camera: Camera, file: str, lens: int) -> str:
    """The picture's line, and an empty one for the points seen in it."""
    quat = Rotation.from_matrix(camera.w2c[:3, :3]).as_quat(scalar_first=True, canonical=True)
    values = " ".join(repr(float(v)) for v in (*quat, *camera.w2c[:3, 3]))
    return f"{number} {values} {lens} {file}\n"


def _point(number: int, xyz: list[float], rgb: list[int]) -> str:
    return f"{number} {xyz[0]:.7g} {xyz[1]:.7g} {xyz[2]:.7g} {rgb[0]} {rgb[1]} {rgb[2]} 0"


def _write(path: Path, lines) -> None:
    with path.open("w", encoding="utf-8", newline="\n") as file:
        file.writelines(f"{line}\n" for line in lines)
