"""looked.npz: what `look` found in a picture, for `grow`, and for whoever edits the layers in between."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from gen3d.camera import Camera
from gen3d.errors import InputError
from gen3d.scene import RGBD, Layers


def save_looked(file: Path, layers: Layers) -> None:
    """Writes picture, depth, K, foreground and Omega."""
    rgbd = layers.rgbd
    np.savez_compressed(
        file, image=rgbd.image, depth=rgbd.depth, K=rgbd.camera.K, foreground=layers.foreground, hidden=layers.hidden
    )


def load_looked(file: Path) -> Layers:
    """The counterpart of `save_looked`; raises InputError where there is no such file."""
    if not file.exists():
        raise InputError(f"{file.parent} holds no looked.npz.", "Run the step `look` first.")
    with np.load(file, allow_pickle=False) as stored:
        h, w = stored["depth"].shape
        rgbd = RGBD(stored["image"], stored["depth"], Camera(stored["K"], np.eye(4), w, h))
        return Layers(rgbd, stored["foreground"], stored["hidden"])
