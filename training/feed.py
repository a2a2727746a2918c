"""Batches from shards: which pictures, cut how, turned into what a network learns from.

All of a pass is settled by (seed, pass, shards at hand): so a training that was stopped goes on exactly.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
from torch import Tensor

from training.augment import crop_window, photographed
from training.shards import EDGE, GROUND, SKY, Shard, finished, read_shard

ZOOMS, ZOOM_SHARES = (0.75, 1.0, 1.25), (0.25, 0.5, 0.25)
"""Sizes of batches, beside the pictures' own, and how often."""
CELL_PX = 32


@dataclass(frozen=True, eq=False)
class Batch:
    """b pictures; what is known of them at half their size, as the network answers."""

    picture: Tensor
    """(b, 3, h, w) sRGB in [0, 1]."""
    inverse: Tensor
    """(b, h/2, w/2) inverse depth, 1 is a picture's nearest; 0 in the sky."""
    sky: Tensor
    edge: Tensor
    ground: Tensor
    """(b, h/2, w/2) bool."""
    normal: Tensor
    """(b, 2, h/2, w/2) x and y."""
    lens: Tensor
    """(b,) logarithm of the tangent of half the field of view along the longer side."""

    def to(self, device: str) -> Batch:
        """On another device."""
        return Batch(*(getattr(self, name).to(device) for name in Batch.__dataclass_fields__))


def at_hand(data: Path, sets: tuple[str, ...]) -> dict[str, int]:
    """Finished shards by set."""
    return {name: finished(data / name) for name in sets}


def pass_batches(
    data: Path, shards: dict[str, int], seed: int, number: int, batch: int, how_many: int
) -> Iterator[Batch]:
    """The batches of pass `number`, from `how_many` of the shards."""
    rng = np.random.default_rng((seed, number))
    all_shards = [(name, k) for name, count in shards.items() for k in range(count)]
    chosen = rng.choice(len(all_shards), min(how_many, len(all_shards)), replace=False)
    held = [read_shard(data / all_shards[i][0], all_shards[i][1]) for i in chosen]
    groups = defaultdict(list)
    for i, shard in enumerate(held):
        groups[shard.picture.shape[1:3]] += [(i, j) for j in range(len(shard))]
    cuts = []
    for members in groups.values():
        order = rng.permutation(len(members))
        cuts += [[members[m] for m in order[k : k + batch]] for k in range(0, len(members) - batch + 1, batch)]
    for c in rng.permutation(len(cuts)):
        yield _batch(rng, [(held[i], j) for i, j in cuts[c]])


def _batch(rng: np.random.Generator, items: list[tuple[Shard, int]]) -> Batch:
    h, w = items[0][0].picture.shape[1:3]
    zoom = rng.choice(ZOOMS, p=ZOOM_SHARES)
    size = tuple(round(n * zoom / CELL_PX) * CELL_PX for n in (w, h))
    return stacked([_example(rng, shard, j, size) for shard, j in items])


def stacked(examples: list[tuple[np.ndarray, ...]]) -> Batch:
    """A batch of examples."""
    picture, inverse, flags, normal, lens = (np.stack(part) for part in zip(*examples, strict=True))
    flag = torch.from_numpy(flags)
    return Batch(
        torch.from_numpy(picture).permute(0, 3, 1, 2).contiguous(),
        torch.from_numpy(inverse),
        (flag & SKY) > 0,
        (flag & EDGE) > 0,
        (flag & GROUND) > 0,
        torch.from_numpy(normal).permute(0, 3, 1, 2).contiguous(),
        torch.from_numpy(lens),
    )


def _example(rng: np.random.Generator, shard: Shard, j: int, size: tuple[int, int]) -> tuple[np.ndarray, ...]:
    picture, flip = shard.picture[j], rng.random() < 0.5
    rows, columns = crop_window(rng, *picture.shape[:2])
    return example(shard, j, size, (rows, columns), flip, lambda seen: photographed(rng, seen))


def example(
    shard: Shard, j: int, size: tuple[int, int], window=(slice(None), slice(None)), flip: bool = False, change=None
):
    """Picture (h, w, 3) float32 and, at half its size, inverse depth, flags and normals; and the lens."""
    whole = shard.picture[j].shape[:2]
    seen = cv2.resize(shard.picture[j][window], size, interpolation=cv2.INTER_AREA).astype(np.float32) / 255
    half = (size[0] // 2, size[1] // 2)
    inverse = cv2.resize(
        shard.inverse[j][window].astype(np.float32) / 65535, half, interpolation=cv2.INTER_NEAREST_EXACT
    )
    flags = cv2.resize(shard.flags[j][window], half, interpolation=cv2.INTER_NEAREST_EXACT)
    edge = cv2.resize((shard.flags[j][window] & EDGE).astype(np.float32), half, interpolation=cv2.INTER_AREA) > 0
    flags = (flags & ~np.uint8(EDGE)) | (edge * EDGE).astype(np.uint8)
    normal = cv2.resize(shard.normal[j][window].astype(np.float32) / 127, half, interpolation=cv2.INTER_NEAREST_EXACT)
    share = max(seen_side(window, whole)) / max(whole)
    lens = np.float32(np.log(np.tan(np.radians(shard.fov_deg[j]) / 2) * share))
    if flip:
        seen, inverse, flags, normal = (a[:, ::-1] for a in (seen, inverse, flags, normal * np.float32((-1, 1))))
    seen = seen if change is None else change(np.ascontiguousarray(seen))
    return (*(np.ascontiguousarray(a) for a in (seen.astype(np.float32), inverse, flags, normal)), lens)


def seen_side(window: tuple[slice, slice], whole: tuple[int, int]) -> tuple[int, int]:
    """Height and width of a window."""
    return tuple(len(range(*s.indices(n))) for s, n in zip(window, whole, strict=True))
