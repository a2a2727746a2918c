"""looked.npz: what `look` found in a picture, for `grow`, and for whoever edits the layers in between."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from gen3d.camera import Camera
from gen3d.errors import InputError
from gen3d.formats.whole import MB, check_file, refusing
from gen3d.values import RGBD, Candidates, Layers

LARGEST_BYTES = 512 * MB
_REMEDY = "Run the step `look` again."


def save_layers(file: Path, layers: Layers) -> None:
    """Writes picture, depth, K, foreground and Omega, and the candidates with a bit for every pixel."""
    rgbd, parts = layers.rgbd, {}
    if layers.candidates is not None:
        masks = layers.candidates.masks
        parts = {"masks": np.packbits(masks.reshape(len(masks), rgbd.depth.size), axis=1)}
        parts |= {"chosen": layers.candidates.chosen}
    np.savez_compressed(
        file, image=rgbd.image, depth=rgbd.depth, K=rgbd.camera.K, foreground=layers.foreground, hidden=layers.hidden,
        **parts,
    )  # fmt: skip


def load_layers(file: Path) -> Layers:
    """The counterpart of `save_layers`; raises InputError where there is no such file, or a damaged one.

    A file without candidates, from before they were kept, has one: its foreground, if there is any.
    """
    if not file.exists():
        raise InputError(f"{file.parent} holds no looked.npz.", "Run the step `look` first.")
    check_file(file, LARGEST_BYTES, _REMEDY)
    with refusing(f"{file.name} cannot be read: it is damaged.", _REMEDY), np.load(file, allow_pickle=False) as stored:
        h, w = stored["depth"].shape
        image, depth, K = (_floats(stored, key, size) for key, size in (
            ("image", (h, w, 3)), ("depth", (h, w)), ("K", (3, 3))))  # fmt: skip
        foreground, hidden = (_region(stored, key, (h, w)) for key in ("foreground", "hidden"))
        layers = Layers(RGBD(image, depth, Camera(K, np.eye(4), w, h)), foreground, hidden)
        return replace(layers, candidates=_candidates(stored, foreground))


def _candidates(stored: np.lib.npyio.NpzFile, foreground: np.ndarray) -> Candidates:
    if "masks" not in stored:
        masks = foreground[None][: int(foreground.any())]
        return Candidates(masks, np.ones(len(masks), bool))
    bits = np.unpackbits(stored["masks"], axis=1, count=foreground.size)
    return Candidates(bits.view(bool).reshape(-1, *foreground.shape), _region(stored, "chosen", (len(bits),)))


def _floats(stored: np.lib.npyio.NpzFile, key: str, size: tuple[int, ...]) -> np.ndarray:
    """Numbers without NaN, of a size."""
    numbers = stored[key]
    if numbers.shape != size or numbers.dtype.kind != "f" or np.isnan(numbers).any():
        raise ValueError(f"{key} is {numbers.shape} {numbers.dtype}, not {size} numbers")
    return numbers


def _region(stored: np.lib.npyio.NpzFile, key: str, size: tuple[int, ...]) -> np.ndarray:
    """What is True where, of a size."""
    region = stored[key]
    if region.shape != size or region.dtype != bool:
        raise ValueError(f"{key} is {region.shape} {region.dtype}, not {size} of True and False")
    return region
