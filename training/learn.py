"""The training loop: resumable to the bit on one processor, deterministic by seed, its log one JSON object a line.

A run is a folder: `recipe.json`, `state.pt` (everything that is needed to go on), `average.pt` (the averaged weights,
which are judged and exported), `log.jsonl`. State is written under another name and put in place.
"""

from __future__ import annotations

import json
import math
import os
import time
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import asdict
from pathlib import Path

import torch
from torch import Tensor, nn

from gen3d.models.builtin.depthnet import DepthNet, Seen
from training.encoder import load_imagenet
from training.feed import Batch, at_hand, pass_batches
from training.losses import losses, total
from training.recipe import Recipe, Stage

SAVE_S = 600
LOG_STEPS = 20
WAIT_S = 60
"""How long to wait for a first shard before looking again."""


class Learner(nn.Module):
    """The network with the heads that only training needs."""

    def __init__(self, recipe: Recipe):
        super().__init__()
        self.network = DepthNet(recipe.size)
        self.ground_normal = nn.Conv2d(recipe.size.widths[0], 3, 1)

    def wrong(self, seen: Seen, truth: Batch, pairs: torch.Generator) -> dict[str, Tensor]:
        """The terms of the loss."""
        more = self.ground_normal(seen.features)
        return losses(seen, truth, more[:, 0], more[:, 1:].tanh(), pairs)

    def ready(self, encoder_learns: bool) -> None:
        """The decoder learns; the encoder keeps its statistics, and its weights too unless it learns."""
        self.train()
        self.network.encoder.eval().requires_grad_(encoder_learns)


class Run:
    """A training in its folder."""

    def __init__(self, folder: Path, data: Path, recipe: Recipe, device: str = "cpu", imagenet: bool = True):
        self.folder, self.data, self.recipe, self.device = folder, data, recipe, device
        torch.manual_seed(recipe.seed)
        self.learner = Learner(recipe)
        self.step, self.number, self.index, self.shards = 0, 0, 0, at_hand(data, recipe.sets)
        if imagenet and not (folder / "state.pt").exists():
            load_imagenet(self.learner.network.encoder)
        self.learner.to(device)
        if device == "cpu":
            self.learner.to(memory_format=torch.channels_last)
        self.average = deepcopy(self.learner).requires_grad_(False).eval()
        self.optimizer = torch.optim.AdamW(self._groups(), weight_decay=recipe.decay)
        folder.mkdir(parents=True, exist_ok=True)
        self._note_recipe()
        if (folder / "state.pt").exists():
            self._load()

    def _groups(self) -> list[dict]:
        """Encoder and decoder apart; normalisation and biases do not decay."""
        encoder = {id(p) for p in self.learner.network.encoder.parameters()}
        groups = [
            [p for p in self.learner.parameters() if (id(p) in encoder) == of_encoder and (p.ndim > 1) == decays]
            for of_encoder in (True, False)
            for decays in (True, False)
        ]
        return [
            {"params": g, "encoder": k < 2, **({} if k % 2 == 0 else {"weight_decay": 0.0})}
            for k, g in enumerate(groups)
        ]

    def _note_recipe(self) -> None:
        """Writes the recipe beside the run; its stages may grow longer later, the network may not change."""
        (self.folder / "recipe.json").write_text(json.dumps(asdict(self.recipe), indent=1) + "\n")

    def learn(self, until: int | None = None) -> None:
        """Goes on to a step, None: to the recipe's end."""
        until = self.recipe.steps if until is None else min(until, self.recipe.steps)
        saved, logged, begun = time.time(), {}, time.time()
        for truth, steps in self._batches(until):
            terms = self._learn_from(truth, steps)
            logged = {k: logged.get(k, 0.0) + v / LOG_STEPS for k, v in terms.items()}
            if self.step % LOG_STEPS == 0:
                self._log(logged, time.time() - begun)
                logged, begun = {}, time.time()
            if time.time() - saved > SAVE_S:
                self.save()
                saved = time.time()
        self.save()

    def _batches(self, until: int) -> Iterator[tuple[Batch, list[Tensor] | None]]:
        """Batches from where the run stands; with the encoder's maps where it does not learn."""
        while self.step < until:
            while not sum(self.shards.values()):
                time.sleep(WAIT_S)
                self.shards = at_hand(self.data, self.recipe.sets)
            stage, within = self.recipe.stage_at(self.step)
            if within == 0 and self.index:  # saved just as a stage ended: its pass is over too
                self.number, self.index, self.shards = self.number + 1, 0, at_hand(self.data, self.recipe.sets)
            yield from self._pass(stage, until)
            if self.step < until:
                self.number, self.index, self.shards = self.number + 1, 0, at_hand(self.data, self.recipe.sets)

    def _pass(self, stage: Stage, until: int) -> Iterator[tuple[Batch, list[Tensor] | None]]:
        recipe = self.recipe
        batches = pass_batches(self.data, self.shards, recipe.seed, self.number, recipe.batch, recipe.shards_a_pass)
        if stage.encoder:
            kept = ((b.to(self.device), None) for b in batches)
        else:
            kept = [(b, self._maps(b)) for b in (b.to(self.device) for b in batches)] * stage.repeats
        for k, (truth, steps) in enumerate(kept):
            if k < self.index:
                continue
            if self.step >= until or self.recipe.stage_at(self.step)[0] != stage:
                return
            self.index = k + 1
            yield truth, steps

    @torch.no_grad()
    def _maps(self, truth: Batch) -> list[Tensor]:
        self.learner.network.encoder.eval()
        return [m.half() for m in self.learner.network.encoder(_laid_out(truth.picture, self.device))]

    def _learn_from(self, truth: Batch, steps: list[Tensor] | None) -> dict[str, float]:
        stage, within = self.recipe.stage_at(self.step)
        self.learner.ready(stage.encoder > 0)
        rate = stage.rate * min(1, (within + 1) / stage.warm) * (0.55 + 0.45 * math.cos(math.pi * within / stage.steps))
        for group in self.optimizer.param_groups:
            group["lr"] = rate * (stage.encoder if group["encoder"] else 1)
        network = self.learner.network
        seen = (
            network(_laid_out(truth.picture, self.device))
            if steps is None
            else network.decode([m.float() for m in steps])
        )
        terms = self.learner.wrong(seen, truth, torch.Generator().manual_seed(self.recipe.seed * 1_000_003 + self.step))
        loss = total(terms)
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.learner.parameters(), self.recipe.clip)
        self.optimizer.step()
        self.step += 1
        self._follow()
        return {"loss": float(loss.detach())} | {k: float(v.detach()) for k, v in terms.items()}

    @torch.no_grad()
    def _follow(self) -> None:
        """The average follows the weights, closely at first."""
        keep = min(self.recipe.average, (1 + self.step) / (10 + self.step))
        for mean, now in zip(self.average.state_dict().values(), self.learner.state_dict().values(), strict=True):
            if mean.dtype.is_floating_point:
                mean.lerp_(now, 1 - keep)
            else:
                mean.copy_(now)

    def _log(self, terms: dict[str, float], seconds: float) -> None:
        line = {
            "step": self.step,
            "pass": self.number,
            "shards": sum(self.shards.values()),
            "s_a_step": round(seconds / LOG_STEPS, 2),
        }
        line |= {k: round(v, 4) for k, v in terms.items()}
        with (self.folder / "log.jsonl").open("a") as log:
            log.write(json.dumps(line) + "\n")

    def save(self) -> None:
        """Puts state and average in place."""
        state = {
            "learner": self.learner.state_dict(), "average": self.average.state_dict(),
            "optimizer": self.optimizer.state_dict(), "step": self.step, "number": self.number, "index": self.index,
            "shards": self.shards,
        }  # fmt: skip
        put_in_place(state, self.folder / "state.pt")
        network = {
            "network": self.average.network.state_dict(),
            "widths": list(self.recipe.size.widths),
            "step": self.step,
        }
        put_in_place(network, self.folder / "average.pt")

    def _load(self) -> None:
        state = torch.load(self.folder / "state.pt", map_location=self.device, weights_only=True)
        self.learner.load_state_dict(state["learner"])
        self.average.load_state_dict(state["average"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.step, self.number, self.index = state["step"], state["number"], state["index"]
        self.shards = state["shards"]


def _laid_out(picture: Tensor, device: str) -> Tensor:
    return picture.contiguous(memory_format=torch.channels_last) if device == "cpu" else picture


def put_in_place(state: dict, target: Path) -> None:
    """Writes a checkpoint under another name, then gives it its own: a run that is stopped meanwhile keeps the last."""
    part = target.with_suffix(".part")
    torch.save(state, part)
    os.replace(part, target)
