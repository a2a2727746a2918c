"""The Gaussians of a scene as it was edited: each thing where it went, copies behind all that was built."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import torch
from jaxtyping import Float

from gen3d.edits import Instance
from gen3d.splat.gaussians import SH_C0, Gaussians, joined, things_or_none
from gen3d.splat.placed import placed
from gen3d.values import NO_THING, SKY


def edited(gaussians: Gaussians, things: Mapping[int, Instance]) -> Gaussians:
    """What is to be seen: what is of no thing as it was, in its order; of the things those that are not hidden.

    Each copy has its own number. Without a change these are the Gaussians themselves.
    """
    g, of = gaussians.detached(), things_or_none(gaussians)
    stays = (of == NO_THING) | (of == SKY)
    for number, thing in things.items():
        if number == thing.of and not thing.hidden:
            stays |= of == number
    copies = [(n, thing) for n, thing in things.items() if n != thing.of and not thing.hidden]
    changed = [(n, thing) for n, thing in things.items() if n == thing.of and not (thing.is_as_built or thing.hidden)]
    if bool(stays.all()) and not copies and not changed:
        return gaussians
    behind = [_numbered(_of(g, of, thing), n) for n, thing in copies]
    for number, thing in changed:
        g = _with(g, of == number, _of(g, of, thing))
    return joined(g.keep(stays), *behind)


def foot_of(means: Float[np.ndarray, "n 3"], up: Float[np.ndarray, "3"]) -> Float[np.ndarray, "3"]:
    """The middle of what something stands on: of its box along the vertical the lower face, across it the middle."""
    upward = np.asarray(up, np.float64) / np.linalg.norm(up)
    low, high = np.quantile(means.astype(np.float64), BOX, axis=0)
    middle, height = (low + high) / 2, means @ upward
    return middle + (np.quantile(height, BOX[0]) - middle @ upward) * upward


BOX = (0.004, 0.996)
"""Between these shares of its Gaussians along every axis lies a thing's box; the others may be stray. Chosen by eye."""


def _of(g: Gaussians, of: torch.Tensor, thing: Instance) -> Gaussians:
    return _coloured(placed(g.keep(of == thing.of), thing.matrix), thing.colour)


def _coloured(g: Gaussians, colour: Float[np.ndarray, "3 3"]) -> Gaussians:
    """After rgb -> C rgb, from wherever it is seen: the harmonics' constant part is an offset from middle grey."""
    if np.array_equal(colour, np.eye(3)):
        return g
    mixed = torch.from_numpy(colour).to(g.sh)
    sh = g.sh @ mixed.T
    sh[:, 0] += 0.5 * (mixed.sum(dim=1) - 1) / SH_C0
    return replace(g, sh=sh)


def _numbered(g: Gaussians, number: int) -> Gaussians:
    return replace(g, things=torch.full((len(g),), number, dtype=torch.int32))


def _with(g: Gaussians, which: torch.Tensor, part: Gaussians) -> Gaussians:
    """With some of them replaced, in their places."""
    names = ("means", "quats", "scales", "opacities", "sh")
    changed = {name: getattr(g, name).clone() for name in names}
    for name, values in changed.items():
        values[which] = getattr(part, name)
    return replace(g, **changed)
