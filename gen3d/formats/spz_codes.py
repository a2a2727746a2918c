"""The numbers in a .spz: values to bytes and back, and the axes they are in. The file around them is `spz.py`."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float

from gen3d.formats.y_up import sh_signs, turned_quats
from gen3d.splat.gaussians import Gaussians

SH_BITS = (7, 6, 6)
"""Kept of each harmonic of degree 1, 2, 3: fewer pack better. The reference keeps 5, 4 and 4, which cost the wall of
tests/arrow.py, whose colours change much with the direction, 13 dB: 29 against 42, for a third less."""
COLOUR_RANGE = 0.15
"""Degree-0 coefficients are stored as 0.5 + 0.15 sh."""
RUB = 4
"""The code of the format's own axes: x right, y up, z back."""
RDF = 6
"""The code of ours: x right, y down, z forward."""
_AT_ONCE = 1 << 18
HIGHEST_DEGREE = 3
"""Of the harmonics that are kept."""


class Header(NamedTuple):
    """What a file says of itself."""

    version: int
    count: int
    degree: int
    """Of the harmonics: 0 to 4."""
    fraction_bits: int
    flags: int


def packed(g: Gaussians, version: int, bits: int, axes: int = RUB) -> list[np.ndarray]:
    """The arrays in the order of the file; bits: of a position, for parts of a metre."""
    signs = signs_of(axes)
    fixed = np.rint(g.means.double().cpu().numpy() * signs * 2.0**bits).astype("<i4")
    scales = (g.scales.double().clamp(min=1e-30).log() + 10) * 16
    colours = g.sh[:, 0] * (COLOUR_RANGE * 255) + 127.5
    quats = turned_quats(g.quats.double().cpu().numpy(), signs)
    return [
        fixed.reshape(-1, 1).view(np.uint8)[:, :3],
        _bytes(g.opacities * 255),
        _bytes(colours),
        _bytes(scales),
        _pack_quats(quats) if version >= 3 else _pack_xyz(quats),
        _pack_sh(g.sh[:, 1:].cpu().numpy() * sh_signs(signs, g.sh.shape[1] - 1)),
    ]


def _bytes(values: torch.Tensor) -> np.ndarray:
    return values.round().clamp(0, 255).to(torch.uint8).cpu().numpy()


def _pack_xyz(quats: np.ndarray) -> np.ndarray:
    """Of the two quaternions of a rotation the one whose w is not negative."""
    xyz = quats[:, 1:] * np.where(quats[:, :1] < 0, -1, 1)
    return np.rint(xyz * 127.5 + 127.5).astype(np.uint8)


def _pack_quats(quats: np.ndarray) -> np.ndarray:
    """The index of the largest of x y z w, then sign and 9 bits of each other, from the highest bits down."""
    xyzw = np.roll(quats, -1, axis=1)
    largest = np.abs(xyzw).argmax(axis=1)
    xyzw *= np.where(xyzw[np.arange(len(xyzw)), largest] < 0, -1, 1)[:, None]
    rest = xyzw[_others(largest)].reshape(-1, 3)
    levels = np.rint(np.abs(rest) * (math.sqrt(2) * 511)).astype(np.uint32) | (rest < 0).astype(np.uint32) << 9
    return (largest.astype("<u4") << 30 | levels[:, 0] << 20 | levels[:, 1] << 10 | levels[:, 2]).astype("<u4")


def _pack_sh(sh: np.ndarray) -> np.ndarray:
    """128 stands for 0 and 128 steps for 1; rounded to every second or fourth of them."""
    step = 2 ** (8 - np.repeat(SH_BITS, (3, 5, 7))[: sh.shape[1], None])
    return np.clip(np.rint(sh * 128 / step) * step + 128, 0, 255).astype(np.uint8)


def unpacked(header: Header, arrays: list[bytes], signs: Float[np.ndarray, "3"]) -> Gaussians:
    """Activated, in our axes; signs: what each axis of the file is multiplied by. So many at a time, to save memory."""
    n = header.count
    rows = [np.frombuffer(array, np.uint8).reshape(n, -1) for array in arrays]
    k = 1 + min(rows[-1].shape[1] // 3, (HIGHEST_DEGREE + 1) ** 2 - 1)
    parts = [np.empty((n, *shape), np.float32) for shape in ((3,), (4,), (3,), (), (k, 3))]
    for start in range(0, n, _AT_ONCE):
        some = slice(start, start + _AT_ONCE)
        for part, values in zip(parts, _values(header, [row[some] for row in rows], signs, k), strict=True):
            part[some] = values
    return Gaussians(*map(torch.from_numpy, parts))


def _values(header: Header, rows: list[np.ndarray], signs: np.ndarray, k: int) -> tuple[np.ndarray, ...]:
    """Of some rows: means, quats, scales, opacities and sh."""
    positions, opacities, colours, scales, rotations, harmonics = rows
    if header.version == 1:
        xyz = positions.view("<f2").astype(np.float32)
    else:
        low, mid, high = positions.reshape(-1, 3, 3).astype(np.int32).transpose(2, 0, 1)
        xyz = (((low | mid << 8 | high << 16) ^ 0x800000) - 0x800000) * 2.0**-header.fraction_bits
    quats = _unpack_xyz(rotations) if header.version < 3 else _unpack_quats(rotations.view("<u4")[:, 0])
    sh = np.empty((len(xyz), k, 3), np.float32)
    sh[:, 0] = (colours / 255 - 0.5) / COLOUR_RANGE
    rest = harmonics.reshape(len(xyz), -1, 3)[:, : k - 1].astype(np.float32)
    sh[:, 1:] = (rest - 128) / 128 * sh_signs(signs, k - 1)
    return xyz * signs, turned_quats(quats, signs), np.exp(scales / 16 - 10), opacities[:, 0] / 255, sh


def _unpack_xyz(packed: np.ndarray) -> np.ndarray:
    xyz = packed / 127.5 - 1
    w = np.sqrt(np.maximum(0, 1 - (xyz**2).sum(axis=1, keepdims=True)))
    return np.concatenate([w, xyz], axis=1)


def _unpack_quats(packed: np.ndarray) -> np.ndarray:
    """The unit quaternions wxyz again."""
    fields = np.stack([packed >> 20, packed >> 10, packed], axis=1)
    rest = (fields & 511) / (math.sqrt(2) * 511) * np.where(fields & 512, -1, 1)
    largest = (packed >> 30).astype(np.int64)
    xyzw = np.empty((len(packed), 4))
    xyzw[_others(largest)] = rest.reshape(-1)
    xyzw[np.arange(len(packed)), largest] = np.sqrt(np.maximum(0, 1 - (rest**2).sum(axis=1)))
    return np.roll(xyzw, 1, axis=1)


def _others(largest: np.ndarray) -> np.ndarray:
    """[n 4], True for all but the largest component."""
    return np.arange(4) != largest[:, None]


def signs_of(code: int) -> Float[np.ndarray, "3"]:
    """Codes 1 to 8 count left or right fastest, then down or up, then back or front; ours are right, down, front."""
    right, up, front = (code - 1) & 1, (code - 1) & 2, (code - 1) & 4
    return np.array([1.0 if right else -1.0, -1.0 if up else 1.0, 1.0 if front else -1.0])
