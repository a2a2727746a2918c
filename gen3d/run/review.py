"""The layers in somebody's hands: a threshold to move, and places at which what is there changes sides (paper 3.1).

Where the threshold was left alone the foreground is what the run's rule chose; moved, it is eq. 2 as the paper has it.
On top come the flips, one after the other: each takes the smallest candidate mask at its place, or, where there is
none, the surface around it that is no farther or nearer and that no depth edge cuts off. A flip that means the thing
takes what the click network sees there: the candidate that is most like it, or, where none is, its own mask. Last, as
in `layers.py`, the rim follows depth.
"""

from __future__ import annotations

import shutil
from dataclasses import asdict, replace
from pathlib import Path

import cv2
import numpy as np
from jaxtyping import Bool, Int

from gen3d.explain import ink
from gen3d.explain.preview import picture_preview, region_preview
from gen3d.formats.layers import load_layers, save_layers
from gen3d.formats.picture import write_png
from gen3d.formats.whole import whole_folder
from gen3d.geometry.edges import dilate, far_rim, innermost, inverse_depth
from gen3d.geometry.reach import in_full
from gen3d.request import Flip, Region, Review, Reviewed
from gen3d.run.folders import read_record
from gen3d.run.record import write_json
from gen3d.run.replay import Sides, replay_of
from gen3d.settings import LayerSettings, Settings
from gen3d.stages.layers import ONE_LAYER, layers_of, nearer_than, snap_to_depth, union
from gen3d.values import RGBD, Candidates, Layers

ALIKE = 0.15
"""Relative difference in inverse depth up to which a surface without a candidate of its own is still one piece."""
BRUSH = 0.02
"""Where such a piece is a speck, a disc of this radius is taken instead, as a share of the shorter side."""
MOST_LISTED = 16
"""More regions are more than anybody reads through."""

SAME = 0.5
"""A candidate with at least this intersection over union with what the click network sees there is what it sees, and
has the better outline. Chosen by eye."""

TINT = 0.3
"""How much of its colour a thing in front loses to the tint."""

NONE = -1
"""Stands where no candidate is."""


def review(asked: Review, looked: Path, settings: Settings) -> Reviewed:
    """Chooses the foreground of a looked folder otherwise; an empty review restores what the run's rule chose.

    Every review begins with that, whatever the one before it was. run.json then says what was asked for.
    """
    layers, settled = review_layers(load_layers(looked / "looked.npz"), asked, settings.layers)
    shown = show_review(layers, settled, settings.layers)
    record = read_record(looked)
    record["counts"]["foreground"] = round(shown.share, 4)
    record["notices"] = [told for told in record["notices"] if told != ONE_LAYER]
    record["notices"] += [] if layers.foreground.any() else [ONE_LAYER]
    record["review"] = asdict(settled)
    with whole_folder(looked) as work:
        shutil.copytree(looked, work, dirs_exist_ok=True)
        save_layers(work / "looked.npz", layers)
        write_png(work / "previews" / "layers.png", region_preview(layers.rgbd.image, layers.foreground))
        write_json(work / "run.json", record)
    return shown


def review_layers(layers: Layers, review: Review, settings: LayerSettings) -> tuple[Layers, Review]:
    """The layers as the review wants them, and the review with every flip's side; flips in the sky are left out.

    layers: with its candidates; its foreground plays no part, so the same review always gives the same.
    """
    rgbd, depth, candidates = layers.rgbd, layers.rgbd.depth, _candidates(layers)
    if review.depth_percentile is not None:
        candidates = replace(candidates, chosen=nearer_than(review.depth_percentile, candidates.masks, depth))
    smallest, choice = smallest_at(candidates.masks), _Choice(rgbd, settings.rim_step, union(candidates, depth))
    replay, asked = replay_of(rgbd, _candidates(layers)), (review.depth_percentile, settings.rim_step)
    known, choice.sides = replay.longest(*asked, review.flips, choice.sides)
    settled = [*review.flips[:known]]
    for flip in review.flips[known:]:
        column, row = _pixel(flip, depth)
        if np.isfinite(depth[row, column]):
            front = not choice.foreground()[row, column] if flip.front is None else flip.front
            number = smallest[row, column]
            piece = None if number == NONE else candidates.masks[number]
            seen = replay.picture.thing_at(flip.x, flip.y) if flip.thing else None
            choice.put(column, row, piece if seen is None else most_like(seen, candidates.masks), front)
            settled.append(replace(flip, front=bool(front)))
            replay.keep(*asked, tuple(settled), choice.sides)
    return layers_of(rgbd, choice.foreground(), layers.candidates, settings), replace(review, flips=tuple(settled))


class _Choice:
    """Which side every pixel is on while flips are made."""

    def __init__(self, rgbd: RGBD, step: float, chosen: np.ndarray) -> None:
        self._rgbd, self._depth, self._step = rgbd, rgbd.depth, step
        self.sides: Sides = chosen, np.zeros(chosen.shape, bool)
        """What is in front, and where surfaces were taken: those end at depth edges already, and may be thinner than a
        rim."""

    def foreground(self) -> np.ndarray:
        """M_fg so far, its rim on the depth edges, thin parts and feet with it but for what was taken away."""
        chosen, exact = self.sides
        snapped = snap_to_depth(chosen, self._depth, self._step)
        return np.where(exact, chosen, in_full(np.where(exact, chosen, snapped), self._rgbd))

    def put(self, column: int, row: int, piece: np.ndarray | None, front: bool) -> None:
        """Brings what is at a pixel to a side: the piece, if by depth the pixel belongs to it, or the surface."""
        if piece is not None and snap_to_depth(piece, self._depth, self._step)[row, column]:
            self._set(piece & np.isfinite(self._depth), front, exact=False)
            if self.foreground()[row, column] == front:  # else what is beside it has the same rim
                return
        self._set(surface_around(self._depth, column, row), front, exact=True)

    def _set(self, piece: np.ndarray, front: bool, exact: bool) -> None:
        chosen, was_exact = self.sides
        self.sides = chosen | piece if front else chosen & ~piece, was_exact | piece if exact else was_exact & ~piece


def show_review(layers: Layers, review: Review, settings: LayerSettings) -> Reviewed:
    """What a visitor is shown of layers after a review: what is in front, and the regions that can be flipped."""
    image, front = layers.rgbd.image, layers.foreground
    drawn = np.where(front[..., None], ink.tinted(image, front, ink.ORANGE, TINT), ink.paled(image))
    picture = picture_preview(ink.outlined(drawn, front, ink.RED))
    return Reviewed(review, picture, float(front.mean()), tuple(list_regions(layers, settings)))


def list_regions(layers: Layers, settings: LayerSettings) -> list[Region]:
    """The largest candidates that have a place of their own, from left to right; each by its innermost such place."""
    masks, depth = _candidates(layers).masks, layers.rgbd.depth
    smallest, listed = smallest_at(masks), []
    for i in _by_area(masks):
        own = (smallest == i) & np.isfinite(depth)
        if own.any() and len(listed) < MOST_LISTED:
            column, row = innermost(own)
            if snap_to_depth(masks[i], depth, settings.rim_step)[row, column]:
                listed.append(_region(masks[i], column, row, layers))
    return sorted(listed, key=lambda region: (region.x, region.y))


def _region(candidate: np.ndarray, column: int, row: int, layers: Layers) -> Region:
    depth, (h, w) = layers.rgbd.depth, candidate.shape
    nearer = depth[np.isfinite(depth)] < np.median(depth[candidate])
    front = bool(layers.foreground[row, column])
    return Region((column + 0.5) / w, (row + 0.5) / h, float(candidate.mean()), 100 * float(nearer.mean()), front)


def smallest_at(masks: Bool[np.ndarray, "k h w"]) -> Int[np.ndarray, "h w"]:
    """The number of the smallest mask at every pixel; -1 where there is none."""
    numbers = np.full(masks.shape[1:], NONE, np.int32)
    for i in _by_area(masks):
        numbers[masks[i]] = i
    return numbers


def most_like(seen: Bool[np.ndarray, "h w"], masks: Bool[np.ndarray, "k h w"]) -> Bool[np.ndarray, "h w"]:
    """The mask with the greatest overlap, if that is SAME; else what is seen itself."""
    common, either = (masks & seen).sum((1, 2)), (masks | seen).sum((1, 2))
    overlap = common / np.maximum(either, 1)
    return masks[overlap.argmax()] if len(masks) and overlap.max() >= SAME else seen


def _by_area(masks: np.ndarray) -> np.ndarray:
    """The numbers of the masks, the largest first."""
    return np.argsort(-masks.sum(axis=(1, 2)), kind="stable")


def _candidates(layers: Layers) -> Candidates:
    if layers.candidates is None:
        raise ValueError("these layers came without their candidates")
    return layers.candidates


def _pixel(flip: Flip, depth: np.ndarray) -> tuple[int, int]:
    """The column and row of its place."""
    h, w = depth.shape
    return min(int(flip.x * w), w - 1), min(int(flip.y * h), h - 1)


def surface_around(depth: np.ndarray, column: int, row: int) -> Bool[np.ndarray, "h w"]:
    """The connected pixels of like depth around one that is not sky, bounded by depth edges; never just a speck."""
    inverse = inverse_depth(depth)
    ratio = inverse / inverse[row, column]
    rim, alike = far_rim(depth), (ratio > 1 - ALIKE) & (ratio < 1 / (1 - ALIKE))
    _, parts = cv2.connectedComponents((alike & ~rim).astype(np.uint8), connectivity=4)
    here = parts[row, column]
    piece = parts == here if here else np.zeros(depth.shape, bool)
    piece |= dilate(piece, 1) & rim & alike
    place = np.zeros(depth.shape, bool)
    place[row, column] = True
    brush = dilate(place, max(2.0, BRUSH * min(depth.shape))) & alike
    return piece if piece.sum() > brush.sum() else piece | brush
