"""The click network's training and judging.

It learns from the same pictures as the depth network, whose weights stay as they are shipped: what the depth network
makes of a pass's pictures is reckoned once, then many clicks are learnt from it. A click lies on a thing, and the
truth is that thing; one in five lies on none, and the truth is nothing. A pass is settled by (seed, its number), and
between passes a run may be stopped: it goes on exactly.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass, fields
from pathlib import Path

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from gen3d.models.builtin.clicknet import ClickNet, Maps, maps_of, shares_of_near
from gen3d.models.builtin.depthnet import DepthNet
from training.augment import crop_window, photographed
from training.learn import put_in_place
from training.measures import overlap
from training.shards import Shard, read_shard

LEAST_SHARE = 0.003
"""Of a picture: smaller things are not clicked on."""
WELL_INSIDE = 0.4
"""A click lies at least at this share of the greatest distance from a thing's edge."""
MOST_A_PICTURE = 6
ON_NOTHING = 0.2
"""Of the clicks."""
MEASURED_WRONG = 0.04
"""Standard deviation of measured depth's error, as a share. From what real depth sensors and estimates show: 3-5 %."""
MAP_BATCH = 16


@dataclass(frozen=True)
class Recipe:
    """A training from nothing to weights."""

    sets: tuple[tuple[str, int], ...] = (("g1", 73), ("g2", 61))
    """Folders of shards, and how many of each are learnt from; the next two judge."""
    passes: int = 24
    shards: int = 8
    """A pass."""
    steps: int = 128
    """A pass."""
    batch: int = 16
    rate: float = 1.5e-3
    warm: int = 100
    decay: float = 1e-2
    average: float = 0.998
    seed: int = 1


@dataclass(frozen=True)
class Click:
    """A place in a picture of a shard, in pixels at half size, and the instance that is there; 0 is none."""

    picture: int
    thing: int
    u: int
    v: int


@dataclass(frozen=True, eq=False)
class Seen:
    """A shard as the depth network sees it, its instances at half size, and clicks."""

    maps: Maps
    things: np.ndarray
    clicks: list[Click]


def clicks_on(rng: np.random.Generator, things: np.ndarray, picture: int, most: int = MOST_A_PICTURE) -> list[Click]:
    """Clicks on some of a picture's things, and some on nothing; things: (h, w) instances at half size."""
    ids, sizes = np.unique(things, return_counts=True)
    large = [i for i, n in zip(ids, sizes, strict=True) if i > 0 and n >= LEAST_SHARE * things.size]
    found = [_well_inside(rng, things == i, picture, int(i)) for i in rng.permutation(large)[:most]]
    if (things == 0).mean() >= LEAST_SHARE and rng.random() < ON_NOTHING * max(1, len(found)):
        found.append(_well_inside(rng, things == 0, picture, 0))
    return found


def _well_inside(rng: np.random.Generator, mask: np.ndarray, picture: int, thing: int) -> Click:
    depth = cv2.distanceTransform(np.pad(mask.astype(np.uint8), 1), cv2.DIST_L2, 3)[1:-1, 1:-1]
    v, u = rng.permutation(np.argwhere(depth >= WELL_INSIDE * depth.max()))[0]
    return Click(picture, thing, int(u), int(v))


def seen_by(network: DepthNet, shard: Shard, rng: np.random.Generator, change: bool = True, given: float = 0.5) -> Seen:
    """A shard's pictures, each cut, turned over and photographed otherwise if they may be changed.

    given: the share of pictures with measured depth, as somebody's depth map has it, in place of the network's own.
    """
    pictures, things, inverse = zip(*(_example(rng, shard, j, change) for j in range(len(shard))), strict=True)
    clicks = [c for j, of_one in enumerate(things) for c in clicks_on(rng, of_one, j)]
    tensor = torch.from_numpy(np.stack(pictures)).permute(0, 3, 1, 2).contiguous()
    with torch.no_grad():
        parts = [maps_of(network, some) for some in tensor.split(MAP_BATCH)]
        whole = Maps(*(torch.cat([getattr(p, f.name).half() for p in parts]) for f in fields(Maps)))
        measured = torch.from_numpy(rng.random(len(shard)) < given)
        whole.planes[measured, 0] = shares_of_near(torch.from_numpy(np.stack(inverse)))[measured].half()
    return Seen(whole, np.stack(things), clicks)


def _example(rng: np.random.Generator, shard: Shard, j: int, change: bool) -> tuple[np.ndarray, ...]:
    """A picture (h, w, 3) float32; its instances and its inverse depth as one would measure it, at half its size."""
    h, w = shard.picture.shape[1:3]
    window, half = crop_window(rng, h, w) if change else (slice(None), slice(None)), (w // 2, h // 2)
    seen = cv2.resize(shard.picture[j][window], (w, h), interpolation=cv2.INTER_LINEAR).astype(np.float32) / 255
    things = cv2.resize(shard.thing[j][window], half, interpolation=cv2.INTER_NEAREST_EXACT)
    inverse = cv2.resize(shard.inverse[j][window].astype(np.float32) / 65535, half, interpolation=cv2.INTER_AREA)
    if change and rng.random() < 0.5:
        seen, things, inverse = seen[:, ::-1], things[:, ::-1], inverse[:, ::-1]
    seen = photographed(rng, np.ascontiguousarray(seen)) if change else seen
    return np.ascontiguousarray(seen, np.float32), np.ascontiguousarray(things), measured_inverse(rng, inverse)


def measured_inverse(rng: np.random.Generator, inverse: np.ndarray) -> np.ndarray:
    """Inverse depth with soft edges, and wrong by some percent from place to place."""
    h, w = inverse.shape
    wrong = cv2.resize(rng.standard_normal((5, 6)).astype(np.float32), (w, h), interpolation=cv2.INTER_CUBIC)
    soft = cv2.GaussianBlur(np.ascontiguousarray(inverse), (0, 0), rng.uniform(0.3, 1.5))
    return soft * np.exp(MEASURED_WRONG * wrong)


def batches(network: DepthNet, data: Path, recipe: Recipe, number: int) -> Iterator[tuple[Maps, Tensor, Tensor]]:
    """Maps, places and true masks of a pass."""
    rng = np.random.default_rng((recipe.seed, number))
    names = [(name, k) for name, count in recipe.sets for k in range(count)]
    chosen = rng.choice(len(names), min(recipe.shards, len(names)), replace=False)
    held = [seen_by(network, read_shard(data / names[i][0], names[i][1]), rng) for i in chosen]
    for _ in range(recipe.steps):
        yield _batch(rng, held[rng.integers(len(held))], recipe.batch)


def _batch(rng: np.random.Generator, seen: Seen, size: int) -> tuple[Maps, Tensor, Tensor]:
    some = [seen.clicks[i] for i in rng.choice(len(seen.clicks), min(size, len(seen.clicks)), replace=False)]
    truth = np.stack([(seen.things[c.picture] == c.thing) & (c.thing > 0) for c in some])
    places = torch.tensor([[c.u, c.v] for c in some], dtype=torch.float32)
    return seen.maps.of(torch.tensor([c.picture for c in some])), places, torch.from_numpy(truth).float()


def loss(said: Tensor, truth: Tensor) -> Tensor:
    """Cross entropy of the pixels, and one minus the overlap of Dice (Milletari 2016), which small things count in."""
    share = said.sigmoid()
    common, both = (share * truth).sum((1, 2)), share.sum((1, 2)) + truth.sum((1, 2))
    return F.binary_cross_entropy_with_logits(said, truth) + (1 - (2 * common + 1) / (both + 1)).mean()


class Run:
    """A training in its folder: state.pt, replaced after each pass, and log.jsonl."""

    def __init__(self, folder: Path, data: Path, recipe: Recipe, depth: DepthNet):
        self.folder, self.data, self.recipe, self.depth = folder, data, recipe, depth
        torch.manual_seed(recipe.seed)
        self.network, self.number = ClickNet(), 0
        self.average = deepcopy(self.network).requires_grad_(False)
        self.optimizer = torch.optim.AdamW(self.network.parameters(), weight_decay=recipe.decay)
        folder.mkdir(parents=True, exist_ok=True)
        if (folder / "state.pt").exists():
            self._load()

    def learn(self, until: int | None = None) -> None:
        """Goes on to a pass, None: to the recipe's end."""
        while self.number < min(self.recipe.passes, until or self.recipe.passes):
            begun, lost = time.time(), 0.0
            for k, (maps, at, truth) in enumerate(batches(self.depth, self.data, self.recipe, self.number)):
                lost += self._step(self.number * self.recipe.steps + k, maps, at, truth) / self.recipe.steps
            self.number += 1
            self._save()
            line = {"pass": self.number, "loss": round(lost, 4), "seconds": round(time.time() - begun)}
            with (self.folder / "log.jsonl").open("a") as log:
                log.write(json.dumps(line) + "\n")

    def _step(self, step: int, maps: Maps, at: Tensor, truth: Tensor) -> float:
        recipe, share = self.recipe, step / (self.recipe.passes * self.recipe.steps)
        rate = recipe.rate * min(1, (step + 1) / recipe.warm) * (0.52 + 0.48 * math.cos(math.pi * share))
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        lost = loss(self.network(maps, at), truth)
        self.optimizer.zero_grad(set_to_none=True)
        lost.backward()
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), 1.0)
        self.optimizer.step()
        keep = min(recipe.average, (1 + step) / (10 + step))
        with torch.no_grad():
            for mean, now in zip(self.average.parameters(), self.network.parameters(), strict=True):
                mean.lerp_(now, 1 - keep)
        return float(lost.detach())

    def _save(self) -> None:
        state = {name: getattr(self, name).state_dict() for name in ("network", "average", "optimizer")}
        put_in_place(state | {"number": self.number}, self.folder / "state.pt")

    def _load(self) -> None:
        state = torch.load(self.folder / "state.pt", map_location="cpu", weights_only=True)
        for name in ("network", "average", "optimizer"):
            getattr(self, name).load_state_dict(state[name])
        self.number = state["number"]


@torch.no_grad()
def judged(network: ClickNet, seen: Seen) -> tuple[list[float], list[float]]:
    """Intersection over union of every click on a thing; the share of the picture taken by every click on nothing."""
    on_things, on_nothing = [], []
    for click in seen.clicks:
        at = torch.tensor([[click.u, click.v]], dtype=torch.float32)
        mask = network(seen.maps.of(torch.tensor([click.picture])), at)[0].numpy() > 0
        if click.thing:
            on_things.append(overlap(mask, seen.things[click.picture] == click.thing))
        else:
            on_nothing.append(float(mask.mean()) if mask[click.v, click.u] else 0.0)
    return on_things, on_nothing


def judge(network: ClickNet, depth: DepthNet, data: Path, recipe: Recipe, given: float = 0.0) -> dict[str, float]:
    """What a network is worth on shards that it never learnt from; given: as in `seen_by`."""
    things, nothing = [], []
    for name, count in recipe.sets:
        for k in (count, count + 1):
            rng = np.random.default_rng(7)
            some = judged(network, seen_by(depth, read_shard(data / name, k), rng, change=False, given=given))
            things, nothing = things + some[0], nothing + some[1]
    return {
        "given": given, "clicks": len(things), "iou": round(float(np.mean(things)), 3),
        "median": round(float(np.median(things)), 3), "half_right": round(float(np.mean(np.array(things) >= 0.5)), 3),
        "on_nothing": len(nothing), "taken_for_a_thing": round(float(np.mean(np.array(nothing) > 0)), 3),
    }  # fmt: skip
