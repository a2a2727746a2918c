"""The records of a .view file (`view.py`): Gaussians as integers, and back; the viewer's worker.js does the latter too.

A record holds integers, little endian, that stand for values between the two ends of a range named in the header:

    uint16 x 2   direction from the photo's camera, octahedral (Meyer et al., On Floating-Point Normal Vectors, 2010),
                 turned so that straight ahead is (0, 0)
    uint16       log of the distance from the photo's camera
    uint8  x 3   log of scale over distance: sizes as the photo saw them span a far smaller range than metres do
    uint8  x 3   rgb, the constant part of the colour
    uint8        opacity, from 0 to 1
    uint32       rotation: the three smaller components of the unit quaternion wxyz, 10 bits each from the lowest, then
                 the index of the largest, which is made positive
    uint8  x 9   only for degree 1: sh_1 to sh_3, red green blue each
    uint8        only where it is known, as the header's "kinds" says: a `Kind`
    uint16       only where it is known, as the header's "things" says: the number of a thing, 0 none, 65535 the sky
"""

from __future__ import annotations

import math

import numpy as np
import torch
from jaxtyping import Float

from gen3d.camera import Camera
from gen3d.splat.gaussians import Gaussians, sh_from_rgb

SMALLEST_SIZE = 1e-5
"""Scale over distance: a hundredth of a pixel in any lens; what is thinner is drawn the same."""
_ROW = [("direction", "<u2", 2), ("distance", "<u2"), ("size", "u1", 3), ("rgb", "u1", 3), ("opacity", "u1"),
        ("quat", "<u4")]  # fmt: skip
_SH, _KIND, _THING = ("sh", "u1", 9), ("kind", "u1"), ("thing", "<u2")


def record(sh_degree: int, kinds: bool = False, things: bool = False) -> np.dtype:
    """The layout of one Gaussian."""
    known = [*([_SH] if sh_degree else []), *([_KIND] if kinds else []), *([_THING] if things else [])]
    return np.dtype([*_ROW, *known])


def packed(g: Gaussians, camera: Camera) -> tuple[np.ndarray, dict[str, list]]:
    """Records in the order of the Gaussians, and the range of each field; SH of degree 0 or 1, none in the camera."""
    rows = np.empty(len(g), record(g.sh_degree, g.kinds is not None, g.things is not None))
    seen = (g.means.double().numpy() - camera.center) @ camera.w2c[:3, :3].T
    distance = _lengths(seen)
    size = np.maximum(g.scales.double().numpy() / distance[:, None], SMALLEST_SIZE)
    ranges: dict[str, list] = {}

    def put(name: str, values: np.ndarray) -> None:
        rows[name], ranges[name] = _quantised(values, 16 if rows[name].dtype.itemsize == 2 else 8)

    put("direction", octahedral(seen))
    put("distance", np.log(distance))
    put("size", np.log(size))
    put("rgb", g.rgb.numpy())
    rows["opacity"] = np.rint(g.opacities.numpy() * 255)
    rows["quat"] = _pack_quats(g.quats.double().numpy())
    if g.sh_degree:
        put("sh", g.sh[:, 1:].reshape(len(g), 9).numpy())
    if g.kinds is not None:
        rows["kind"] = g.kinds.numpy()
    if g.things is not None:
        rows["thing"] = g.things.numpy()
    return rows, ranges


def unpacked(rows: np.ndarray, ranges: dict[str, list], camera: Camera) -> Gaussians:
    """The Gaussians again, within the steps of the integers."""
    distance = np.exp(_value(rows["distance"], ranges["distance"], 16))
    seen = distance[:, None] * from_octahedral(_value(rows["direction"], ranges["direction"], 16))
    means = seen @ camera.c2w[:3, :3].T + camera.center
    scales = distance[:, None] * np.exp(_value(rows["size"], ranges["size"], 8))
    sh = sh_from_rgb(torch.from_numpy(_value(rows["rgb"], ranges["rgb"], 8)))
    if "sh" in ranges:
        rest = _value(rows["sh"], ranges["sh"], 8).reshape(-1, 3, 3)
        sh = torch.cat([sh, torch.from_numpy(rest)], dim=1)
    quats, opacities = _unpack_quats(rows["quat"]), rows["opacity"] / 255
    parts = (torch.from_numpy(np.asarray(part)).float() for part in (means, quats, scales, opacities, sh))
    kinds = torch.from_numpy(rows["kind"].copy()) if "kind" in (rows.dtype.names or ()) else None
    things = torch.from_numpy(rows["thing"].astype(np.int32)) if "thing" in (rows.dtype.names or ()) else None
    return Gaussians(*parts, kinds, things)


def _quantised(values: np.ndarray, bits: int) -> tuple[np.ndarray, list]:
    """Integers, and the [low, high] that 0 and the largest integer stand for: one pair, or one per column of two."""
    columns = values if values.shape[-1] == 2 and values.ndim == 2 else values.reshape(-1, 1)
    low, high = (np.array([end(column) for column in columns.T], np.float64) for end in (np.min, np.max))
    span = np.where(high > low, high - low, 1.0)
    levels = np.rint((columns - low) / span * (2**bits - 1)).reshape(values.shape)
    ends = np.stack([low, low + span], axis=1).tolist()
    return levels, ends if len(ends) > 1 else ends[0]


def _value(levels: np.ndarray, ends: list, bits: int) -> np.ndarray:
    low, high = np.array(ends, np.float64).T
    return low + levels.astype(np.float64) * ((high - low) / (2**bits - 1))


def octahedral(xyz: Float[np.ndarray, "n 3"]) -> Float[np.ndarray, "n 2"]:
    """Directions on the square [-1, 1]^2: what is ahead (z > 0) in the diamond in the middle, the rest folded out."""
    x, y, z = np.abs(xyz).T
    flat = xyz / (x + y + z)[:, None]
    folded = (1 - np.abs(flat[:, 1::-1])) * np.where(flat[:, :2] < 0, -1, 1)
    return np.where(flat[:, 2:] < 0, folded, flat[:, :2])


def from_octahedral(uv: Float[np.ndarray, "n 2"]) -> Float[np.ndarray, "n 3"]:
    """The unit vectors again."""
    z = 1 - np.abs(uv).sum(axis=1, keepdims=True)
    folded = (1 - np.abs(uv[:, ::-1])) * np.where(uv < 0, -1, 1)
    xyz = np.concatenate([np.where(z < 0, folded, uv), z], axis=1)
    return xyz / np.linalg.norm(xyz, axis=1, keepdims=True)


def _pack_quats(quats: np.ndarray) -> np.ndarray:
    """The three smaller components lie within 1 / sqrt(2) of 0."""
    quats = quats / _lengths(quats)[:, None]
    largest = np.abs(quats).argmax(axis=1)
    rows = np.arange(len(quats))
    quats *= np.where(quats[rows, largest] < 0, -1, 1)[:, None]
    rest = quats[_others(largest)].reshape(-1, 3)
    levels = np.rint((rest * math.sqrt(0.5) + 0.5) * 1023).astype(np.uint32)
    return levels[:, 0] | levels[:, 1] << 10 | levels[:, 2] << 20 | largest.astype(np.uint32) << 30


def _unpack_quats(packed: np.ndarray) -> np.ndarray:
    levels = np.stack([packed & 1023, packed >> 10 & 1023, packed >> 20 & 1023], axis=1)
    rest = (levels / 1023 - 0.5) * math.sqrt(2)
    largest = (packed >> 30).astype(np.int64)
    quats = np.empty((len(packed), 4))
    quats[_others(largest)] = rest.reshape(-1)
    quats[np.arange(len(packed)), largest] = np.sqrt(np.maximum(0, 1 - (rest**2).sum(axis=1)))
    return quats


def _lengths(vectors: Float[np.ndarray, "n d"]) -> Float[np.ndarray, "n"]:
    """As numpy's norm along the second axis, which takes six times as long for a few columns."""
    return np.sqrt(sum(column * column for column in vectors.T))


def _others(largest: np.ndarray) -> np.ndarray:
    """[n 4], True for all but the largest component."""
    return np.arange(4) != largest[:, None]
