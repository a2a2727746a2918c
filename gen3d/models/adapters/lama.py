"""LaMa, Suvorov et al., "Resolution-robust Large Mask Inpainting with Fourier Convolutions" (2022), from ONNX files.

It continues structures and textures into a hole and invents nothing. It runs on the CPU wherever the other networks
are: that costs a few seconds a picture and no GPU time. Networks for a fixed size see a large picture in windows.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
from jaxtyping import Bool, Float

from gen3d.errors import ModelUnavailable
from gen3d.geometry.edges import dilate
from gen3d.models.engines import Engine
from gen3d.models.networks.lama import LONGEST_PX, LamaNetwork, read_network
from gen3d.models.placement import Placement
from gen3d.models.weights.files import opening

if TYPE_CHECKING:
    from gen3d.models.opened import Opened

CONTEXT_PX = 64
"""A window holds at least this much around the hole it is for, where the picture goes on."""
JOINED_PX = 8
"""Holes at most twice this far apart are one."""
MOST_WINDOWS = 4
"""Smaller holes beyond so many windows are filled in the picture as a whole."""
PREFILL_PX = 256
"""The shorter side of the copy that is prefilled (what LaMa was trained at)."""
Window = tuple[slice, slice]


@dataclass(frozen=True, eq=False)
class LamaInpainter:
    """Plays `Inpainter`."""

    network: LamaNetwork
    name: str

    def inpaint(
        self,
        image: Float[np.ndarray, "h w 3"],
        hole: Bool[np.ndarray, "h w"],
        borrow: Bool[np.ndarray, "h w"],
        depth: Float[np.ndarray, "h w"],
        prompt: str | None = None,
        seed: int = 0,
    ) -> Float[np.ndarray, "h w 3"]:
        """The picture with the hole filled; it understands neither depth nor words and has nothing to draw lots for.

        What may not be borrowed is a hole to the network too, but only the hole is filled. If nothing may be borrowed
        everything known is; if nothing is known the network is left to itself, and makes a plain haze.
        """
        if not hole.any():
            return image.copy()
        lends = _lending(hole, borrow)
        filled, rest = image.copy(), hole.copy()
        for window, part in _windows(hole, self.network.side):
            if lends[window].any():
                made_up = self.network.fill(image[window], ~lends[window])
                filled[window][part] = made_up[part]
                rest[window] &= ~part
        if rest.any():
            filled[rest] = self._fill_reduced(image, ~lends, min(1.0, self.network.longest / max(hole.shape)))[rest]
        return filled

    def prefill(
        self, image: Float[np.ndarray, "h w 3"], hole: Bool[np.ndarray, "h w"], borrow: Bool[np.ndarray, "h w"]
    ) -> Float[np.ndarray, "h w 3"]:
        """The picture with the hole filled coarsely, for a diffusion network to start from (paper 3.1).

        LaMa sees a copy whose shorter side is PREFILL_PX; otherwise as `inpaint`.
        """
        if not hole.any():
            return image.copy()
        scale = min(PREFILL_PX / min(hole.shape), self.network.longest / max(hole.shape))
        filled = self._fill_reduced(image, ~_lending(hole, borrow), scale)
        return np.where(hole[..., None], filled, image)

    def _fill_reduced(self, image: np.ndarray, dark: np.ndarray, scale: float) -> np.ndarray:
        """The picture as the network fills it at another size; what is not dark need not come back."""
        h, w = dark.shape
        size = (max(1, round(scale * w)), max(1, round(scale * h)))
        smaller = cv2.resize(np.where(dark[..., None], 0, image), size, interpolation=cv2.INTER_AREA)
        touched = cv2.resize(dark.astype(np.float32), size, interpolation=cv2.INTER_AREA) > 0
        filled = self.network.fill(smaller, touched)
        return np.clip(cv2.resize(filled, (w, h), interpolation=cv2.INTER_CUBIC), 0, 1)


def _lending(hole: np.ndarray, borrow: np.ndarray) -> np.ndarray:
    """Pixels that the network is shown."""
    lends = borrow & ~hole
    return lends if lends.any() else ~hole


def _windows(hole: np.ndarray, side: int | None) -> Iterator[tuple[Window, np.ndarray]]:
    """Parts of the picture that a network can take as they are, each with the part of the hole to be filled in it.

    side: of the square the network takes; None takes all. Largest holes first; those nearby share a window. Holes that
    no window of that size holds are not among them.
    """
    if side is None:
        if max(hole.shape) <= LONGEST_PX:
            yield (slice(None), slice(None)), hole
        return
    _, labels, stats, _ = cv2.connectedComponentsWithStats(dilate(hole, JOINED_PX).astype(np.uint8))
    groups: list[tuple[np.ndarray, list[int]]] = []
    for label in 1 + np.argsort(-stats[1:, cv2.CC_STAT_AREA], kind="stable"):
        x, y, w, h = stats[label, :4]
        _join(groups, int(label), _with_context(np.array([y, x, y + h, x + w]), hole.shape), side)
    for box, members in groups:
        window = _window(box, hole.shape, side)
        yield window, np.isin(labels[window], members) & hole[window]


def _join(groups: list[tuple[np.ndarray, list[int]]], label: int, box: np.ndarray, side: int) -> None:
    """Put a hole into the first group whose window holds it too, or into one of its own."""
    for i, (other, members) in enumerate(groups):
        both = np.concatenate([np.minimum(box[:2], other[:2]), np.maximum(box[2:], other[2:])])
        if (both[2:] - both[:2] <= side).all():
            groups[i] = (both, [*members, label])
            return
    if len(groups) < MOST_WINDOWS and (box[2:] - box[:2] <= side).all():
        groups.append((box, [label]))


def _with_context(box: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """(top, left, bottom, right), grown as far as the picture goes."""
    return np.concatenate([np.maximum(box[:2] - CONTEXT_PX, 0), np.minimum(box[2:] + CONTEXT_PX, shape)])


def _window(box: np.ndarray, shape: tuple[int, ...], side: int) -> Window:
    """The part of the picture of the network's size, or all of it where it is smaller, with the box in its middle."""
    top, left = (
        int(np.clip((low + high - side) // 2, 0, max(0, length - side)))
        for low, high, length in zip(box[:2], box[2:], shape, strict=True)
    )
    return slice(top, min(top + side, shape[0])), slice(left, min(left + side, shape[1]))


def open_lama(engine: Engine, opened: Opened) -> dict[str, LamaInpainter]:
    """Who plays background and outpainter, from the second source where the first is not as expected.

    Raises ModelUnavailable.
    """
    (weights,) = engine.weights
    faults = []
    for wanted in (weights, *(replace(weights, sources=(source,)) for source in weights.sources[1:])):
        try:
            found = load_lama(opened.located(wanted).path, opened.placement, engine.name)
            return dict.fromkeys(engine.roles, found)
        except ModelUnavailable as fault:
            faults.append(fault)
    raise faults[0]


def load_lama(path: Path, placement: Placement, name: str = "LaMa") -> LamaInpainter:
    """The network of an ONNX file; it stays on the CPU whatever the placement.

    One picture is put through it, to measure what cannot be read. Raises ModelUnavailable when the file is missing or
    damaged, holds no network for a picture and a hole, or one that does not give known pixels back.
    """
    try:
        import onnxruntime  # noqa: F401
    except ImportError as error:
        raise ModelUnavailable(
            "LaMa needs the package onnxruntime.", "Run `pip install onnxruntime`, or use --engine builtin."
        ) from error
    with opening(path, name):
        return LamaInpainter(read_network(path), name)
