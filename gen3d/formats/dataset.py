"""Views of a scene as a dataset to train from: nerfstudio's transforms.json and a COLMAP text model in one folder.

    images/0000.png       depths/0000.png (16 bit)       depths_exr/0000.exr (metres)       masks/0000.png
    transforms.json       points.ply                     sparse/0/cameras.txt, images.txt, points3D.txt

A mask is white where the view counts. transforms.json names picture, depth and mask of each frame, the points to start
from, and the metres of a unit in the depth PNGs (`depth_unit_scale_factor`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Bool, Float, UInt8

from gen3d.camera import Camera
from gen3d.formats.colmap import write_colmap
from gen3d.formats.depth_file import png_scale, write_depth_exr, write_depth_png
from gen3d.formats.picture import write_png
from gen3d.formats.transforms import write_transforms


@dataclass(frozen=True, eq=False, slots=True)
class Frame:
    """One view."""

    camera: Camera
    image: UInt8[np.ndarray, "h w 3"]
    depth: Float[np.ndarray, "h w"]
    """Metres along z; inf is sky, NaN where nothing is known."""
    seen: Bool[np.ndarray, "h w"]
    """Pixels that count."""


def write_dataset(
    folder: Path, frames: Sequence[Frame], xyz: Float[np.ndarray, "n 3"], rgb: UInt8[np.ndarray, "n 3"]
) -> None:
    """Writes the frames and the points to start from into a folder that exists and is empty."""
    for name in ("images", "depths", "depths_exr", "masks", "sparse/0"):
        (folder / name).mkdir(parents=True)
    scale = png_scale(frame.depth for frame in frames)
    names = [f"{i:04d}" for i in range(len(frames))]
    for name, frame in zip(names, frames, strict=True):
        write_png(folder / "images" / f"{name}.png", frame.image)
        write_depth_png(folder / "depths" / f"{name}.png", frame.depth, scale)
        write_depth_exr(folder / "depths_exr" / f"{name}.exr", frame.depth)
        write_png(folder / "masks" / f"{name}.png", np.where(frame.seen, 255, 0).astype(np.uint8))
    cameras = [frame.camera for frame in frames]
    beside = [{"depth_file_path": f"depths/{n}.png", "mask_path": f"masks/{n}.png"} for n in names]
    about = {"depth_unit_scale_factor": 1 / scale, "ply_file_path": "points.ply"}
    write_transforms(folder / "transforms.json", cameras, [f"images/{n}.png" for n in names], beside, about)
    write_colmap(folder / "sparse" / "0", cameras, [f"{n}.png" for n in names], xyz, rgb)
    _write_points(folder / "points.ply", xyz, rgb)


def _write_points(path: Path, xyz: np.ndarray, rgb: np.ndarray) -> None:
    """A plain .ply of coloured points."""
    row = np.dtype([("xyz", "<f4", 3), ("rgb", "u1", 3)])
    rows = np.empty(len(xyz), row)
    rows["xyz"], rows["rgb"] = xyz, rgb
    properties = [f"property float {axis}" for axis in "xyz"]
    properties += [f"property uchar {colour}" for colour in ("red", "green", "blue")]
    header = ["ply", "format binary_little_endian 1.0", f"element vertex {len(rows)}", *properties, "end_header", ""]
    path.write_bytes("\n".join(header).encode("ascii") + rows.tobytes())
