"""A .ksplat of one section, written by the layout that `gen3d/formats/ksplat.py` tells: to be damaged, or bent."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np

from gen3d.splat.gaussians import Gaussians

BLOCK_M = 100.0
"""The side of the one bucket, around the origin."""


def write_ksplat(path: Path, g: Gaussians, level: int = 0) -> None:
    """Level 0 as it is, levels 1 and 2 in one bucket that is not full; harmonics up to degree 1."""
    n, degree = len(g), min(g.sh_degree, 1)
    header = bytearray(4096 + 1024)
    header[1] = 1
    struct.pack_into("<I", header, 4, 1)
    struct.pack_into("<IH", header, 16, n, level)
    struct.pack_into("<ff", header, 36, -4.0, 4.0)
    struct.pack_into("<IIIIfH", header, 4096, n, n, 2 * n, 1, BLOCK_M, 12)
    struct.pack_into("<IIIIH", header, 4096 + 24, 32767, 0, 0, 1, degree)
    number, place, harmonic = [("<f4", "<f4", "<f4"), ("<f2", "<u2", "<f2"), ("<f2", "<u2", "u1")][level]
    fields = [("xyz", place, 3), ("scale", number, 3), ("quat", number, 4), ("rgba", "u1", 4)]
    rows = np.zeros(n, np.dtype([*fields, ("sh", harmonic, 9 * degree)]))
    xyz = g.means.numpy()
    rows["xyz"] = xyz if level == 0 else np.rint(xyz / (BLOCK_M / 2 / 32767) + 32767)
    rows["scale"], rows["quat"] = g.scales, g.quats
    rows["rgba"] = np.rint(np.clip(np.concatenate([g.rgb, g.opacities[:, None]], axis=1), 0, 1) * 255)
    rest = g.sh[:, 1:4].numpy().transpose(0, 2, 1).reshape(n, -1) if degree else np.zeros((n, 0))
    rows["sh"] = np.rint(np.clip((rest + 4) / 8, 0, 1) * 255) if level == 2 else rest
    bucket = struct.pack("<I3f", n, 0, 0, 0)
    path.write_bytes(bytes(header) + bucket + rows.tobytes())
