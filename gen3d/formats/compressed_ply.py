"""3D Gaussians as .compressed.ply: 16 bytes each, in chunks of 256 along a Morton curve (PlayCanvas, SuperSplat).

    chunk    the ends of what its Gaussians hold: x y z, log scales, colours; float32
    vertex   packed_position, packed_rotation, packed_scale, packed_color; uint32
    sh       f_rest_*, a byte each, channel-major; only with harmonics

Positions and scales have 11, 10 and 11 bits between the ends of their chunk, colours 8 each and opacities 8; rotations
are the three smaller components of the unit quaternion, 10 bits each; harmonics 8 bits over [-4, 4]. World and axes as
in a .ply.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float, UInt32

from gen3d.errors import EmptyWorld, InputError
from gen3d.formats.ply_header import ANTIALIASED, REMEDY, Header
from gen3d.formats.sog_codes import in_morton_order
from gen3d.formats.stored import (
    NEAR,
    PLAIN,
    StoredScene,
    Writing,
    around_middle,
    check_steps,
    check_writable,
    drawable,
    float32_step,
    moved,
)
from gen3d.formats.whole import write_whole
from gen3d.splat.gaussians import SH_C0, Gaussians

CHUNK = 256
_WHAT = ("", "scale_")
_ENDS = [f"{end}_{what}{axis}" for what in _WHAT for end in ("min", "max") for axis in "xyz"]
_COLOUR_ENDS = [f"{end}_{channel}" for end in ("min", "max") for channel in "rgb"]
_PACKED = ("packed_position", "packed_rotation", "packed_scale", "packed_color")
_BITS = (11, 10, 11)
_SH_RANGE = 8.0
Table = Mapping[str, np.ndarray]
"""Columns by name."""


def store_compressed_ply(path: Path, scene: StoredScene, how: Writing = PLAIN) -> tuple[str, ...]:
    """Writes a scene; the same scene gives the same bytes.

    Raises EmptyWorld when there are no Gaussians, InputError where float32 is too coarse for where they lie, ValueError
    for a value that is not finite.
    """
    g = scene.gaussians.detached().to("cpu")
    check_writable(g)
    if scene.origin != NEAR:
        check_steps(".compressed.ply", float32_step(max(map(abs, scene.origin))), g, scene.origin)
    g = moved(g, scene.origin)
    g = in_morton_order(g)
    position, ends = _in_chunks(g.means.double().numpy(), _BITS)
    scale, scale_ends = _in_chunks(g.scales.double().clamp(min=1e-20).log().clamp(-20, 20).numpy(), _BITS)
    colour, colour_ends = _in_chunks(g.rgb.double().numpy(), (8, 8, 8))
    opacity = np.rint(g.opacities.double().clamp(0, 1).numpy() * 255).astype(np.uint32)
    vertex = np.stack([position, _packed_quats(g.quats.double().numpy()), scale, colour << 8 | opacity], axis=1)
    chunks = np.concatenate([ends, scale_ends, colour_ends], axis=1)
    rest = _packed_sh(g.sh[:, 1:].double().numpy())
    with write_whole(path) as temporary, temporary.open("wb") as file:
        file.write(_header(len(chunks), len(g), rest.shape[1], scene.antialiased).encode("ascii"))
        file.write(chunks.astype("<f4").tobytes() + vertex.astype("<u4").tobytes() + rest.tobytes())
    return ()


def _header(chunks: int, count: int, rest: int, antialiased: bool) -> str:
    lines = ["ply", "format binary_little_endian 1.0"]
    lines += [f"comment {ANTIALIASED}"] if antialiased else []
    lines += [f"element chunk {chunks}", *(f"property float {name}" for name in (*_ENDS, *_COLOUR_ENDS))]
    lines += [f"element vertex {count}", *(f"property uint {name}" for name in _PACKED)]
    lines += [f"element sh {count}", *(f"property uchar f_rest_{i}" for i in range(rest))] if rest else []
    return "\n".join([*lines, "end_header", ""])


def _in_chunks(
    values: Float[np.ndarray, "n 3"], bits: tuple[int, int, int]
) -> tuple[UInt32[np.ndarray, "n"], Float[np.ndarray, "chunks 6"]]:
    """Three numbers in one, the first in the highest bits, and between which ends each chunk has them."""
    starts = np.arange(0, len(values), CHUNK)
    low = np.minimum.reduceat(values, starts).astype(np.float32).astype(np.float64)
    high = np.maximum.reduceat(values, starts).astype(np.float32).astype(np.float64)
    span = np.where(high > low, high - low, 1.0)
    share = (values - np.repeat(low, CHUNK, axis=0)[: len(values)]) / np.repeat(span, CHUNK, axis=0)[: len(values)]
    most = 2 ** np.array(bits) - 1
    a, b, c = np.rint(np.clip(share, 0, 1) * most).astype(np.uint32).T
    return a << (bits[1] + bits[2]) | b << bits[2] | c, np.concatenate([low, high], axis=1)


def _packed_quats(quats: Float[np.ndarray, "n 4"]) -> UInt32[np.ndarray, "n"]:
    """The index of the largest of wxyz, which is made positive, in the highest bits, then the others."""
    quats = quats / np.linalg.norm(quats, axis=1, keepdims=True)
    largest = np.abs(quats).argmax(axis=1)
    quats *= np.where(quats[np.arange(len(quats)), largest] < 0, -1, 1)[:, None]
    rest = quats[np.arange(4) != largest[:, None]].reshape(-1, 3)
    a, b, c = np.rint((rest * math.sqrt(0.5) + 0.5) * 1023).astype(np.uint32).T
    return largest.astype(np.uint32) << 30 | a << 20 | b << 10 | c


def _packed_sh(rest: Float[np.ndarray, "n k 3"]) -> np.ndarray:
    levels = np.floor((rest / _SH_RANGE + 0.5) * 256)
    return np.clip(levels, 0, 255).astype(np.uint8).transpose(0, 2, 1).reshape(len(rest), -1)


def is_compressed(header: Header) -> bool:
    """Whether a .ply is one of these."""
    return any(name == _PACKED[0] for element in header.elements for name, _ in element.properties)


def compressed_scene(path: Path, header: Header, tables: Mapping[str, Table]) -> StoredScene:
    """What the columns of the elements mean; InputError where they do not fit together."""
    count = {element.name: element.count for element in header.elements}
    if count.get("chunk", 0) * CHUNK < count["vertex"] or count.get("sh", count["vertex"]) != count["vertex"]:
        raise InputError(f"{path.name} does not hold the chunks that it should.", REMEDY)
    missing = [name for name in _ENDS if name not in tables["chunk"]]
    missing += [name for name in _PACKED if name not in tables["vertex"]]
    if missing:
        raise InputError(f"{path.name} holds no 3D Gaussians: {missing[0]} is missing.", REMEDY)
    gaussians = drawable(_gaussians(tables["chunk"], tables["vertex"], tables.get("sh", {})))
    if len(gaussians) == 0:
        raise EmptyWorld(f"{path.name} holds no Gaussian with finite values.", "Give a scene that is not damaged.")
    return around_middle(StoredScene(gaussians, header.antialiased))


@np.errstate(over="ignore", invalid="ignore")  # what is not finite is left out later
def _gaussians(chunk: Table, vertex: Table, sh: Table) -> Gaussians:
    position, rotation, scale, colour = (vertex[name].astype(np.uint32) for name in _PACKED)
    rgb = _between(chunk, colour >> 8, (8, 8, 8), _COLOUR_ENDS)
    parts = (
        _between(chunk, position, _BITS, _ENDS[:6]), _unpacked_quats(rotation),
        np.exp(_between(chunk, scale, _BITS, _ENDS[6:])), (colour & 255) / 255,
        np.concatenate([((rgb - 0.5) / SH_C0)[:, None], _unpacked_sh(sh, len(rgb))], axis=1),
    )  # fmt: skip
    return Gaussians(*(torch.from_numpy(np.asarray(part, np.float32)) for part in parts))


def _between(
    chunk: Table, packed: UInt32[np.ndarray, "n"], bits: tuple[int, int, int], ends: list[str]
) -> Float[np.ndarray, "n 3"]:
    """Three numbers between the ends of their chunk; colours of old files are between 0 and 1."""
    shifts = (bits[1] + bits[2], bits[2], 0)
    share = np.stack([(packed >> s & (2**b - 1)) / (2**b - 1) for s, b in zip(shifts, bits, strict=True)], axis=1)
    if ends[0] not in chunk:
        return share
    of = np.arange(len(packed)) // CHUNK
    low, high = (np.stack([chunk[n].astype(np.float64) for n in names], axis=1)[of] for names in (ends[:3], ends[3:]))
    return low + share * (high - low)


def _unpacked_quats(packed: UInt32[np.ndarray, "n"]) -> Float[np.ndarray, "n 4"]:
    levels = np.stack([packed >> 20 & 1023, packed >> 10 & 1023, packed & 1023], axis=1)
    rest, largest = (levels / 1023 - 0.5) * math.sqrt(2), (packed >> 30).astype(np.int64)
    quats = np.empty((len(packed), 4))
    quats[np.arange(4) != largest[:, None]] = rest.reshape(-1)
    quats[np.arange(len(packed)), largest] = np.sqrt(np.maximum(0, 1 - (rest**2).sum(axis=1)))
    return quats


def _unpacked_sh(sh: Table, n: int) -> Float[np.ndarray, "n k 3"]:
    """The middle of each level, but for the outermost."""
    names = [f"f_rest_{i}" for i in range(len(sh))]
    levels = np.stack([sh[name] for name in names], axis=1) if names else np.zeros((n, 0))
    share = np.select([levels == 0, levels == 255], [0.0, 1.0], (levels + 0.5) / 256)
    return ((share - 0.5) * _SH_RANGE).reshape(n, 3, -1).transpose(0, 2, 1)
