"""The numbers in a .sog: values to pixels and back. The file around them is `sog.py`, which also tells how exact."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float, Int, UInt8

from gen3d.formats.codebook import codebook, nearest, palette
from gen3d.splat.gaussians import Gaussians
from gen3d.splat.morton import morton_codes

SIZE = 256
"""Of a codebook."""
ACROSS = 64
"""Entries of a palette in a row of its picture."""
LARGEST_PALETTE = 65536
PER_ENTRY = 4
"""So many Gaussians share an entry of the palette, if they are not too many for that."""
_MORTON_BITS = 10


class Packed(NamedTuple):
    """A scene as pictures' pixels, Gaussian by Gaussian, and what they stand for."""

    low: UInt8[np.ndarray, "n 4"]
    high: UInt8[np.ndarray, "n 4"]
    """Positions: bits 0 to 7, and 8 to 15."""
    ends: Float[np.ndarray, "2 3"]
    """Which logarithms 0 and 65535 stand for."""
    quats: UInt8[np.ndarray, "n 4"]
    scales: UInt8[np.ndarray, "n 4"]
    scale_codes: Float[np.ndarray, "256"]
    sh0: UInt8[np.ndarray, "n 4"]
    sh0_codes: Float[np.ndarray, "256"]
    labels: UInt8[np.ndarray, "n 4"] | None = None
    entries: UInt8[np.ndarray, "k m 4"] | None = None
    """The palette: k entries of m harmonics."""
    entry_codes: Float[np.ndarray, "256"] | None = None


def packed(g: Gaussians) -> Packed:
    """In the order of the Gaussians; harmonics up to degree 3."""
    xyz = _log(g.means.double().cpu().numpy())
    ends = np.stack([xyz.min(axis=0), xyz.max(axis=0)])
    span = np.where(ends[1] > ends[0], ends[1] - ends[0], 1.0)
    levels = np.rint((xyz - ends[0]) / span * 65535).astype(np.int64)
    scales = g.scales.double().clamp(min=1e-20).log().cpu().numpy()
    sh0 = g.sh[:, 0].double().cpu().numpy()
    scale_codes, sh0_codes = codebook(scales, SIZE), codebook(sh0, SIZE)
    opacities = np.rint(g.opacities.double().clamp(0, 1).cpu().numpy() * 255)
    flat = Packed(
        _pixels(levels & 255), _pixels(levels >> 8), ends, _pack_quats(g.quats.double().cpu().numpy()),
        _pixels(nearest(scales, scale_codes)), scale_codes, _pixels(nearest(sh0, sh0_codes), opacities), sh0_codes,
    )  # fmt: skip
    return _with_harmonics(flat, g.sh[:, 1:].cpu().numpy()) if g.sh_degree else flat


def _with_harmonics(flat: Packed, rest: Float[np.ndarray, "n m 3"]) -> Packed:
    n, m, _ = rest.shape
    size = min(LARGEST_PALETTE, 2 ** max(6, math.ceil(math.log2(n / PER_ENTRY))))
    entries, of = palette(rest.reshape(n, -1), size)
    codes = codebook(entries, SIZE)
    pixels = _pixels(nearest(entries, codes).reshape(-1, 3)).reshape(len(entries), m, 4)
    labels = np.stack([of & 255, of >> 8, np.zeros_like(of)], axis=1)
    return flat._replace(labels=_pixels(labels), entries=pixels, entry_codes=codes)


@np.errstate(over="ignore")  # what is not finite is left out later
def unpacked(p: Packed) -> Gaussians:
    """Activated, in the axes of the file; a label beyond the palette has no harmonics."""
    levels = p.low[:, :3].astype(np.int64) | p.high[:, :3].astype(np.int64) << 8
    low, high = p.ends
    sh = p.sh0_codes[p.sh0[:, :3]][:, None]
    if p.entries is not None and p.labels is not None and p.entry_codes is not None:
        of = p.labels[:, 0].astype(np.int64) | p.labels[:, 1].astype(np.int64) << 8
        known = of < len(p.entries)
        rest = p.entry_codes[p.entries[np.where(known, of, 0)][..., :3]] * known[:, None, None]
        sh = np.concatenate([sh, rest], axis=1)
    parts = (
        _exp(low + levels * ((high - low) / 65535)), _unpack_quats(p.quats), np.exp(p.scale_codes[p.scales[:, :3]]),
        p.sh0[:, 3] / 255, sh,
    )  # fmt: skip
    return Gaussians(*(torch.from_numpy(np.asarray(part, np.float32)) for part in parts))


def in_morton_order(g: Gaussians) -> Gaussians:
    """The same Gaussians, neighbours next to each other."""
    return g.picked(torch.from_numpy(_morton_order(g.means.double().numpy())))


def _morton_order(xyz: Float[np.ndarray, "n 3"]) -> Int[np.ndarray, "n"]:
    """Along the Z-order curve through the box around them: neighbours there are neighbours in the pictures."""
    low, high = xyz.min(axis=0), xyz.max(axis=0)
    cells = ((xyz - low) / np.maximum(high - low, 1e-30) * (2**_MORTON_BITS - 1)).astype(np.int64)
    return np.argsort(morton_codes(cells, _MORTON_BITS), kind="stable")


def _pixels(values: np.ndarray, alpha: np.ndarray | float = 255) -> UInt8[np.ndarray, "n 4"]:
    pixels = np.empty((len(values), 4), np.uint8)
    pixels[:, :3], pixels[:, 3] = values, alpha
    return pixels


def _log(x: np.ndarray) -> np.ndarray:
    return np.sign(x) * np.log1p(np.abs(x))


def _exp(x: np.ndarray) -> np.ndarray:
    return np.sign(x) * np.expm1(np.minimum(np.abs(x), 80))


def _pack_quats(quats: np.ndarray) -> UInt8[np.ndarray, "n 4"]:
    """All of wxyz but the largest, which is made positive; alpha says which it was."""
    quats = quats / np.linalg.norm(quats, axis=1, keepdims=True)
    largest = np.abs(quats).argmax(axis=1)
    quats *= np.where(quats[np.arange(len(quats)), largest] < 0, -1, 1)[:, None]
    rest = quats[_others(largest)].reshape(-1, 3)
    return _pixels(np.rint((rest * math.sqrt(0.5) + 0.5) * 255), 252 + largest)


def _unpack_quats(pixels: UInt8[np.ndarray, "n 4"]) -> Float[np.ndarray, "n 4"]:
    largest = np.clip(pixels[:, 3].astype(np.int64) - 252, 0, 3)
    rest = (pixels[:, :3] / 255 - 0.5) * math.sqrt(2)
    quats = np.empty((len(pixels), 4))
    quats[_others(largest)] = rest.reshape(-1)
    quats[np.arange(len(pixels)), largest] = np.sqrt(np.maximum(0, 1 - (rest**2).sum(axis=1)))
    return quats


def _others(largest: np.ndarray) -> np.ndarray:
    """[n 4], True for all but the largest component."""
    return np.arange(4) != largest[:, None]
