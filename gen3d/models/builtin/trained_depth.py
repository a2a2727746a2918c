"""Depth from our own small network (paper 3.1), whose weights lie in the package: nothing is downloaded.

The network's input is a reduced picture. Its output is upsampled along the picture's edges: each pixel takes the mean
of the outputs around it, weighted by likeness of colour (joint bilateral upsampling, Kopf et al. 2007). The scale is
arbitrary, since a single picture does not tell it: the median is set to a few metres.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
from jaxtyping import Bool, Float
from torch import Tensor

from gen3d.camera import FOV_LIMIT_DEG, Camera
from gen3d.errors import ModelUnavailable
from gen3d.models.base import DepthEstimate
from gen3d.models.builtin.depthnet import CELL_PX, DepthNet, DepthNetSize
from gen3d.models.builtin.prior_depth import MEDIAN_M, metres

NAME = "builtin depth network"
INPUT_PX = 448
"""Longer side of the network's input. Chosen by eye."""
FINE_PX = 1024
"""Longer side up to which edges are followed; beyond it depth is resampled. Chosen by eye."""
COLOUR = 0.08
"""Standard deviation of a colour's weight in the upsampling (sRGB, root of the summed squares). Chosen by eye."""


def load_trained_depth(path: Path, sha256: str) -> TrainedDepth:
    """The engine from a file that `training/` wrote. Raises ModelUnavailable if it is not the very file meant."""
    tensors, said = weights_of(path, sha256, NAME)
    network = DepthNet(DepthNetSize(tuple(int(w) for w in said["widths"].split(",")))).folded()
    network.load_state_dict(tensors)
    return TrainedDepth(network)


def weights_of(path: Path, sha256: str, name: str) -> tuple[dict[str, Tensor], dict[str, str]]:
    """Tensors in single precision and what is said of them. Raises ModelUnavailable if it is another file."""
    from safetensors import safe_open

    if not path.exists() or hashlib.sha256(path.read_bytes()).hexdigest() != sha256:
        raise ModelUnavailable(
            f"The weights of the {name} at {path} are missing or damaged.",
            "Install gen3d again, which brings them along.",
        )
    with safe_open(path, "pt") as held:
        tensors = {name: held.get_tensor(name).float() for name in held.keys()}  # noqa: SIM118 - not a dict
        return tensors, held.metadata() or {}


@dataclass(frozen=True, eq=False)
class TrainedDepth:
    """Plays `DepthEstimator`; depth that the caller expects, from geometry it knows, is returned as it is."""

    network: DepthNet
    name: str = NAME

    def estimate(
        self,
        image: Float[np.ndarray, "h w 3"],
        camera: Camera | None = None,
        expected: Float[np.ndarray, "h w"] | None = None,
    ) -> DepthEstimate:
        """Depth of made-up scale, sky, and the lens where it is not known."""
        if expected is not None:
            return DepthEstimate(expected)
        near, sky, fov_deg = self.surfaces(image)
        return DepthEstimate(metres(near, sky), None if camera else fov_deg, rough=True)

    def surfaces(
        self, image: Float[np.ndarray, "h w 3"]
    ) -> tuple[Float[np.ndarray, "h w"], Bool[np.ndarray, "h w"], float]:
        """Inverse depth of the surfaces, also where there seems to be sky instead; where that is; the lens in degrees.

        The median of what is no sky is 1 / MEDIAN_M.
        """
        h, w, _ = image.shape
        scale = min(1.0, FINE_PX / max(h, w))
        fine = resized(image, max(1, round(w * scale)), max(1, round(h * scale)))
        inverse, open_, fov_deg = self.infer(fine)
        inverse, open_ = along_edges(inverse, open_, fine)
        middle = np.median(inverse[open_ <= 0.5]) if (open_ <= 0.5).any() else np.median(inverse)
        near, open_ = (cv2.resize(plane, (w, h), interpolation=cv2.INTER_LINEAR) for plane in (inverse, open_))
        return near / (MEDIAN_M * max(middle, 1e-9)), open_ > 0.5, fov_deg

    def infer(self, image: Float[np.ndarray, "h w 3"]) -> tuple[np.ndarray, np.ndarray, float]:
        """Inverse depth and the probability of sky on a coarse grid, and the field of view in degrees."""
        with on_one_thread(), torch.inference_mode():
            seen = self.network(network_input(image, INPUT_PX))
        fov_deg = float(np.degrees(2 * np.arctan(np.exp(float(seen.lens[0])))))
        sky = torch.sigmoid(seen.sky[0]).numpy()
        return seen.inverse[0].numpy(), sky, float(np.clip(fov_deg, *FOV_LIMIT_DEG))


def network_input(image: Float[np.ndarray, "h w 3"], longer_px: int) -> Float[Tensor, "1 3 a b"]:
    """A picture whose sides are whole cells, the longer one about so long."""
    h, w, _ = image.shape
    sides = [max(2 * CELL_PX, round(n * longer_px / max(h, w) / CELL_PX) * CELL_PX) for n in (w, h)]
    return torch.from_numpy(resized(image, *sides)).permute(2, 0, 1)[None].contiguous()


@contextmanager
def on_one_thread() -> Iterator[None]:
    """On several, torch adds up in another order, and a photo's depth would depend on the machine's cores."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def resized(image: Float[np.ndarray, "h w c"], width: int, height: int) -> Float[np.ndarray, "height width c"]:
    """A picture of another size, in [0, 1]."""
    way = cv2.INTER_AREA if width < image.shape[1] else cv2.INTER_LINEAR
    resized = cv2.resize(np.ascontiguousarray(image, np.float32), (width, height), interpolation=way)
    return np.clip(resized, 0, 1)


def along_edges(
    inverse: Float[np.ndarray, "a b"], sky: Float[np.ndarray, "a b"], image: Float[np.ndarray, "h w 3"]
) -> tuple[Float[np.ndarray, "h w"], Float[np.ndarray, "h w"]]:
    """A coarse answer at the picture's size, and how likely it is sky, with which surfaces' depth is not mixed."""
    h, w, _ = image.shape
    a, b = inverse.shape
    colours = resized(image, b, a)
    planes = np.dstack([inverse * (1 - sky), 1 - sky, sky]).astype(np.float32)
    v, u = (np.arange(n, dtype=np.float32) + 0.5 for n in (h, w))
    u, v = np.meshgrid(u * (b / w) - 0.5, v * (a / h) - 0.5)
    total, weights = np.zeros((h, w, 3), np.float32), np.full((h, w, 1), 1e-12, np.float32)
    for dy in (-1, 0, 1):
        for dx in (-1, 0, 1):
            x, y = np.round(u) + dx, np.round(v) + dy
            at = np.clip(x, 0, b - 1).astype(int), np.clip(y, 0, a - 1).astype(int)
            unlike = ((colours[at[1], at[0]] - image) ** 2).sum(2)
            weight = np.exp(-((x - u) ** 2 + (y - v) ** 2) - unlike / (2 * COLOUR**2)) + 1e-9
            total += weight[..., None] * planes[at[1], at[0]]
            weights += weight[..., None]
    near, solid, open_ = np.moveaxis(total / weights, -1, 0)
    return near / np.maximum(solid, 1e-6), open_
