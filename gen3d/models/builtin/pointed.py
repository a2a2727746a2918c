"""The thing that somebody points at in a picture with depth, by our own click network; its weights lie in the package.

It learnt from the worlds that the depth network was trained on, and reads that network's maps (`clicknet.py`).
"""

from __future__ import annotations

from functools import cache, cached_property
from pathlib import Path

import cv2
import numpy as np
import torch
from jaxtyping import Bool, Float

from gen3d.geometry.edges import inverse_depth
from gen3d.models.builtin.clicknet import ClickNet, Maps, maps_of
from gen3d.models.builtin.depthnet import DepthNet
from gen3d.models.builtin.mixed_depth import SHA256 as DEPTH_SHA256
from gen3d.models.builtin.mixed_depth import WEIGHTS as DEPTH_WEIGHTS
from gen3d.models.builtin.trained_depth import (
    FINE_PX,
    along_edges,
    load_trained_depth,
    network_input,
    on_one_thread,
    resized,
    weights_of,
)

NAME = "builtin click network"
WEIGHTS = Path(__file__).with_name("clicknet.safetensors")
SHA256 = "d6f7f68036c7c38cc22c70e33af5a168f46e92dbc5e1fca59a186f61fda310d8"
INPUT_PX = 288
"""Longer side of the networks' input. From the pictures it was trained on, 256 to 288 px."""

AROUND = 2.2
"""Sides of the closer look, in those of what was seen. From measuring `bench.clicks` at 1.6 and 2.2."""
LEAST_SIDE = 0.25
"""And never less, as shares of the picture's. Chosen by eye."""
CLOSE = 0.7
"""No closer look where it would hold more than this share of the longer side. Chosen by eye."""
MOST_PLACES = 256
"""Masks that are kept, 25 kB each at 512 x 384: more than a review on the page may ask for. Chosen by eye."""


class Pointed:
    """A picture to point into; what the depth network makes of it is reckoned once, at the first place."""

    def __init__(self, image: Float[np.ndarray, "h w 3"], depth: Float[np.ndarray, "h w"]):
        """image: sRGB in [0, 1]. depth: of whatever scale, +inf is sky."""
        self._image, self._depth = image, depth
        self._things: dict[tuple[float, float], np.ndarray | None] = {}

    @property
    def size_px(self) -> tuple[int, int]:
        """Height and width."""
        return self._depth.shape

    def thing_at(self, x: float, y: float) -> Bool[np.ndarray, "h w"] | None:
        """The mask of the thing at a place, shares of width and height; None where there seems to be none.

        What is small is looked at once more from close by; what was seen at the last places is kept. Raises
        ModelUnavailable where a file of weights is missing or damaged.
        """
        if (x, y) not in self._things:
            seen = self._looked_at(x, y)
            for oldest in [*self._things][: len(self._things) + 1 - MOST_PLACES]:
                self._things.pop(oldest, None)
            self._things[x, y] = None if seen is None else np.packbits(seen)
        packed, (h, w) = self._things[x, y], self.size_px
        return None if packed is None else np.unpackbits(packed, count=h * w).astype(bool).reshape(h, w)

    def _looked_at(self, x: float, y: float) -> Bool[np.ndarray, "h w"] | None:
        seen = self._glance(x, y)
        if seen is None:
            return None
        h, w = seen.shape
        rows, columns = (_window(seen.any(axis=axis), at) for axis, at in ((1, y * h), (0, x * w)))
        if max(rows.stop - rows.start, columns.stop - columns.start) > CLOSE * max(h, w):
            return seen
        part = np.ascontiguousarray(self._image[rows, columns]), np.ascontiguousarray(self._depth[rows, columns])
        height, width = part[1].shape
        closer = Pointed(*part)._glance((x * w - columns.start) / width, (y * h - rows.start) / height)
        if closer is None:
            return seen
        whole = np.zeros_like(seen)
        whole[rows, columns] = closer
        return whole

    def _glance(self, x: float, y: float) -> Bool[np.ndarray, "h w"] | None:
        """The same from one look at all of the picture."""
        h, w, _ = self._image.shape
        half_h, half_w = self._maps.fine.shape[-2:]
        column, row = min(int(x * half_w), half_w - 1), min(int(y * half_h), half_h - 1)
        with on_one_thread(), torch.inference_mode():
            said = _networks()[1](self._maps, torch.tensor([[column, row]], dtype=torch.float32))
        share = torch.sigmoid(said[0]).numpy()
        if share[row, column] <= 0.5:
            return None
        scale = min(1.0, FINE_PX / max(h, w))
        fine = resized(self._image, max(1, round(w * scale)), max(1, round(h * scale)))
        share, _ = along_edges(share, np.zeros_like(share), fine)
        mask = cv2.resize(share, (w, h), interpolation=cv2.INTER_LINEAR) > 0.5
        return mask if mask.any() else None

    @cached_property
    def _maps(self) -> Maps:
        picture = network_input(self._image, INPUT_PX)
        half = picture.shape[-1] // 2, picture.shape[-2] // 2
        inverse = cv2.resize(np.nan_to_num(inverse_depth(self._depth)), half, interpolation=cv2.INTER_AREA)
        with on_one_thread(), torch.inference_mode():
            return maps_of(_networks()[0], picture, torch.from_numpy(inverse)[None])


def _window(filled: Bool[np.ndarray, "n"], at: float) -> slice:
    """Along one side of a picture: around what is filled, AROUND times as long, and around the place itself."""
    n, (first, last) = len(filled), np.flatnonzero(filled)[[0, -1]]
    length = min(n, max(round(AROUND * (last + 1 - first)), round(LEAST_SIDE * n)))
    place = min(int(at), n - 1)
    start = int(np.clip(round((first + last + 1 - length) / 2), place + 1 - length, place))
    start = max(0, min(start, n - length))
    return slice(start, start + length)


@cache
def _networks() -> tuple[DepthNet, ClickNet]:
    tensors, _ = weights_of(WEIGHTS, SHA256, NAME)
    network = ClickNet().eval().requires_grad_(False)
    network.load_state_dict(tensors)
    return load_trained_depth(DEPTH_WEIGHTS, DEPTH_SHA256).network, network
