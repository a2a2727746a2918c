"""Score distillation: a denoiser's opinion of a picture as a gradient.

From DreamFusion (Poole et al. 2022, arXiv 2209.14988).

A picture z gets noise, z_t = sqrt(a_t) z + sqrt(1 - a_t) n, and the denoiser says which noise it sees. What it sees
beyond the noise that was added is what the picture should lose to be likelier; eq. 3 of the paper leaves out the
denoiser's own Jacobian:

    grad = E_t,n [ w(t) (n^(z_t, t) - n) dz/dx ],    w(t) = sigma_t^2 = 1 - a_t
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor

TIMES = (0.02, 0.98)
"""Shares of the denoiser's steps between which t is drawn. From DreamFusion."""
GUIDANCE = 100.0
"""Weight of the words, n^ = n^() + GUIDANCE (n^(words) - n^()). From DreamFusion."""

Denoise = Callable[[Tensor, int], Tensor]
"""(z_t, t) -> the noise that is seen in it."""


def score_gradient(
    picture: Float[Tensor, "*s"], denoise: Denoise, alphas: Float[Tensor, "t"], seed: int
) -> Float[Tensor, "*s"]:
    """One sample of the gradient by z. alphas: a_t of every step, the cumulative products of the noise's schedule."""
    generator = torch.Generator("cpu").manual_seed(seed % 2**63)
    first, last = (round(share * (len(alphas) - 1)) for share in TIMES)
    t = int(torch.randint(first, last + 1, (), generator=generator))
    a = alphas[t].to(picture)
    noise = torch.randn(picture.shape, generator=generator).to(picture)
    noisy = a.sqrt() * picture + (1 - a).sqrt() * noise
    return (1 - a) * (denoise(noisy, t) - noise)
