"""How wrong an answer is.

Inverse depth is compared up to scale and shift (MiDaS: Ranftl et al. 2020), up to scale alone, in its steps, in its
logarithm, and in the order of pairs; sky, edges, ground, normals and the lens as they are.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from gen3d.models.builtin.depthnet import Seen
from training.feed import Batch

TRIM = 0.1
"""The worst tenth of a picture does not count: leaves, rims, what no one could know."""
SKY_WEIGHT = 0.3
"""The sky's inverse depth counts less, since a head of its own knows it."""
WEIGHTS = {
    "affine": 1.0, "steps": 0.5, "scale": 0.3, "log": 0.15, "order": 0.2,
    "sky": 0.3, "edge": 0.15, "ground": 0.1, "normal": 0.15, "lens": 0.2,
}  # fmt: skip
PAIRS = 1024
PAIR_STEP = 1.06
"""Pairs whose depths differ by less than this ratio have no order."""
MOST = 8.0
"""Beyond this many units above a picture's middle, near is near: how much is not asked."""
LEAST = 1e-3
"""Inverse depths below this share of a picture's mean are as good as the horizon, in logarithms."""


def losses(seen: Seen, truth: Batch, ground: Tensor, normal: Tensor, pairs: torch.Generator) -> dict[str, Tensor]:
    """Each term's mean over the batch, before its weight."""
    terms: dict[str, list[Tensor]] = {name: [] for name in ("affine", "steps", "scale", "log", "order")}
    for said, true, sky in zip(seen.inverse, truth.inverse, truth.sky, strict=True):
        for name, value in _of_depth(said, true, ~sky, pairs).items():
            terms[name].append(value)
    means = {name: torch.stack(values).mean() for name, values in terms.items() if values}
    solid = (~truth.sky)[:, None].float()
    wide = torch.full((), 3.0, device=seen.edge.device)
    return means | {
        "sky": F.binary_cross_entropy_with_logits(seen.sky, truth.sky.float()),
        "edge": F.binary_cross_entropy_with_logits(seen.edge, truth.edge.float(), pos_weight=wide),
        "ground": F.binary_cross_entropy_with_logits(ground, truth.ground.float()),
        "normal": ((normal - truth.normal).abs() * solid).sum() / (2 * solid.sum() + 1),
        "lens": F.smooth_l1_loss(seen.lens, truth.lens),
    }


def total(terms: dict[str, Tensor]) -> Tensor:
    """The weighted sum."""
    return sum(WEIGHTS[name] * value for name, value in terms.items())


def centred(values: Tensor, solid: Tensor) -> Tensor:
    """A map less the median of its solid pixels, in units of their mean distance from it."""
    inside = values[solid]
    middle = inside.median()
    return (values - middle) / ((inside - middle).abs().mean() + 1e-5)


def _of_depth(said: Tensor, true: Tensor, solid: Tensor, pairs: torch.Generator) -> dict[str, Tensor]:
    if solid.sum() < 64:
        return {}
    p, t = _no_nearer(centred(said, solid), centred(true, solid))
    weight = solid.float() + SKY_WEIGHT * (~solid).float()
    off = (p - t).abs()
    rows = said[solid] / (said[solid].mean() + 1e-6), true[solid] / (true[solid].mean() + 1e-6)
    logs = [torch.log(r.clamp(min=LEAST)) for r in rows]
    of_mean = _no_nearer(*rows)
    return {
        "affine": _trimmed((off * weight).flatten()),
        "steps": _steps(p - t, solid),
        "scale": _trimmed((of_mean[0] - of_mean[1]).abs()),
        "log": _trimmed((logs[0] - logs[1] - (logs[0] - logs[1]).detach().median()).abs()),
        "order": _order(p, true, pairs),
    }


def _no_nearer(said: Tensor, true: Tensor) -> tuple[Tensor, Tensor]:
    """Both with what is nearer than MOST put there, where both agree that it is."""
    true = true.clamp(max=MOST)
    return torch.where((true == MOST) & (said > MOST), true, said), true


def _trimmed(off: Tensor) -> Tensor:
    kept = max(1, int(off.numel() * (1 - TRIM)))
    return off.topk(kept, largest=False, sorted=False).values.mean()


def _steps(off: Tensor, solid: Tensor) -> Tensor:
    """How far the steps between neighbours are off, at four scales."""
    value = off.new_zeros(())
    for s in (1, 2, 4, 8):
        o, k = off[::s, ::s], solid[::s, ::s]
        for a, b in ((o[:, 1:] - o[:, :-1], k[:, 1:] & k[:, :-1]), (o[1:] - o[:-1], k[1:] & k[:-1])):
            value = value + (a.abs().clamp(max=4) * b).mean()
    return value


def _order(p: Tensor, true: Tensor, pairs: torch.Generator) -> Tensor:
    """Pairs that stand in the wrong order, or too near each other (Chen et al. 2016)."""
    i, j = torch.randint(0, p.numel(), (2, PAIRS), generator=pairs).to(p.device)
    a, b, ta, tb = p.flatten()[i], p.flatten()[j], true.flatten()[i], true.flatten()[j]
    nearer = (ta > tb * PAIR_STEP).float() - (tb > ta * PAIR_STEP).float()
    return (F.softplus(-(a - b) * nearer * 3) * nearer.abs()).sum() / (nearer.abs().sum() + 1) / 3
