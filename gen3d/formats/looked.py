"""looked.npz: what `look` found in a picture, for `grow`, and for whoever edits the layers in between."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from gen3d.camera import Camera
from gen3d.errors import InputError
from gen3d.values import RGBD, Candidates, Layers


def save_looked(file: Path, layers: Layers) -> None:
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


def load_looked(file: Path) -> Layers:
    """The counterpart of `save_looked`; raises InputError where there is no such file.

    A file without candidates, from before they were kept, has one: its foreground, if there is any.
    """
    if not file.exists():
        raise InputError(f"{file.parent} holds no looked.npz.", "Run the step `look` first.")
    with np.load(file, allow_pickle=False) as stored:
        h, w = stored["depth"].shape
        rgbd = RGBD(stored["image"], stored["depth"], Camera(stored["K"], np.eye(4), w, h))
        foreground = stored["foreground"]
        masks = foreground[None][: int(foreground.any())]
        candidates = Candidates(masks, np.ones(len(masks), bool))
        if "masks" in stored:
            bits = np.unpackbits(stored["masks"], axis=1, count=h * w)
            candidates = Candidates(bits.view(bool).reshape(len(bits), h, w), stored["chosen"])
        return Layers(rgbd, foreground, stored["hidden"], candidates)
