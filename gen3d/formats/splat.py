"""3D Gaussians as .splat: 32 bytes each, for web viewers (the layout of antimatter15/splat).

Per Gaussian: float32 position x y z, float32 scale x y z (metres, not logs), uint8 red green blue opacity, uint8
quaternion wxyz, each component * 128 + 128. No spherical harmonics beyond the constant colour. The largest and most
opaque come first, so that a half-loaded file already shows the scene. World and axes as in `gen3d.camera`.

Positions and scales come back as they were, colours and opacities in [0, 1] within 1/510, unit quaternions within
1/100 a component.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from gen3d.errors import EmptyWorld, InputError
from gen3d.formats.stored import (
    MOST,
    NEAR,
    PLAIN,
    Origin,
    StoredScene,
    Writing,
    around_middle,
    check_count,
    check_steps,
    drawable,
    float32_step,
    moved,
)
from gen3d.formats.whole import MB, check_file, write_whole
from gen3d.splat.gaussians import Gaussians, sh_from_rgb

LARGEST_BYTES = 1024 * MB
_ROW = np.dtype([("xyz", "<f4", 3), ("scale", "<f4", 3), ("rgba", "u1", 4), ("quat", "u1", 4)])
_REMEDY = "Give a .splat of 3D Gaussians, as gen3d writes it."


def write_splat(path: Path, gaussians: Gaussians, origin: Origin = NEAR) -> None:
    """Writes the Gaussians by falling volume times opacity; the same Gaussians give the same bytes.

    origin: added to all means. Raises EmptyWorld when there are none, InputError where float32 is too coarse there.
    """
    if len(gaussians) == 0:
        raise EmptyWorld("The scene holds no Gaussians, so there is nothing to write.", "Try another photo.")
    if origin != NEAR:
        check_steps(".splat", float32_step(max(map(abs, origin))), gaussians, origin)
    g = moved(gaussians.detached().to("cpu"), origin)
    rows = np.empty(len(g), _ROW)
    rows["xyz"] = g.means.cpu()
    rows["scale"] = g.scales.cpu()
    rows["rgba"] = _bytes(torch.cat([g.rgb, g.opacities[:, None]], dim=1) * 255)
    rows["quat"] = _bytes(torch.nn.functional.normalize(g.quats, dim=1) * 128 + 128)
    importance = g.scales.double().prod(dim=1) * g.opacities
    order = torch.argsort(importance, descending=True, stable=True).cpu().numpy()
    with write_whole(path) as temporary:
        rows.take(order).tofile(temporary)


def store_splat(path: Path, scene: StoredScene, how: Writing = PLAIN) -> tuple[str, ...]:
    """Writes a scene as it was read, and tells what the format cannot say of it. Raises as `write_splat` does."""
    write_splat(path, scene.gaussians, scene.origin)
    unsaid = "A .splat cannot say that its Gaussians are to be drawn antialiased: a .ply or .spz can."
    return (unsaid,) if scene.antialiased else ()


def read_splat(path: Path, most: int = MOST) -> Gaussians:
    """The Gaussians of a file where it has them, and nothing else that was to say of it."""
    return open_splat(path, most).in_place


def open_splat(path: Path, most: int = MOST) -> StoredScene:
    """The Gaussians of a file, in its order, of degree 0, without those that nobody could draw.

    Of a file that was cut, its whole Gaussians. The format has no mark to know it by: what holds more sizes below zero
    than above is taken for something else. Raises InputError for that, for less than one Gaussian or more than `most`,
    EmptyWorld when none is left.
    """
    size = check_file(path, LARGEST_BYTES, _REMEDY)
    whole, beyond = divmod(size, _ROW.itemsize)
    if not whole:
        raise InputError(f"{path.name} is truncated, or not a .splat file.", _REMEDY)
    check_count(path, whole, most)
    rows = np.fromfile(path, _ROW, whole)
    possible = (rows["scale"] >= 0).all(axis=1) & np.isfinite(rows["scale"]).all(axis=1)
    if 2 * possible.sum() < len(rows):
        raise InputError(f"{path.name} is damaged, or not a .splat file.", _REMEDY)
    gaussians = drawable(_gaussians(rows[possible]))
    if len(gaussians) == 0:
        raise EmptyWorld(f"{path.name} holds no Gaussian with finite values.", "Give a scene that is not damaged.")
    told = f"{path.name} ends within a Gaussian, as if cut: the {whole} whole ones before it are read."
    return around_middle(
        StoredScene(gaussians, notices=(told,) if beyond else (), left_out=whole - len(gaussians))
    )


def _gaussians(rows: np.ndarray) -> Gaussians:
    rgba = torch.from_numpy(rows["rgba"].astype(np.float32) / 255)
    quats = (torch.from_numpy(rows["quat"].astype(np.float32)) - 128) / 128
    return Gaussians(
        means=torch.from_numpy(rows["xyz"].astype(np.float32)),
        quats=torch.nn.functional.normalize(quats, dim=1),
        scales=torch.from_numpy(rows["scale"].astype(np.float32)),
        opacities=rgba[:, 3].contiguous(),
        sh=sh_from_rgb(rgba[:, :3]),
    )


def _bytes(values: torch.Tensor) -> np.ndarray:
    return values.round().clamp(0, 255).to(torch.uint8).cpu().numpy()
