"""What earlier reviews of a picture came to: each begins as the one before it, and only its last flip is new.

A few pictures are remembered, by their content, so that nobody need say when one has changed; of each the networks'
maps and masks, and which side every pixel was on after the last reviews.
"""

from __future__ import annotations

import hashlib
import threading
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from jaxtyping import Bool

from gen3d.models.builtin.pointed import Pointed
from gen3d.request import Flip
from gen3d.values import RGBD, Candidates

MOST_PICTURES = 3
"""Each takes some 15 MB at 512 pixels: the photo, the network's maps, masks. Chosen by eye."""
MOST_STATES = 32
"""So many flips back an undo is as quick as a click. Chosen by eye."""

Sides = tuple[Bool[np.ndarray, "h w"], Bool[np.ndarray, "h w"]]
"""What is in front, and where that is exact."""
Asked = tuple[float | None, float, tuple[Flip, ...]]
"""A percentile, a rim's step, and flips whose sides are settled."""


class Replay:
    """Of one picture with its candidates. Safe to call from several threads."""

    def __init__(self, picture: Pointed) -> None:
        self.picture = picture
        self._sides: dict[Asked, np.ndarray] = {}
        self._shape: tuple[int, int] = picture.size_px
        self._lock = threading.Lock()

    def longest(
        self, percentile: float | None, step: float, flips: tuple[Flip, ...], before: Sides
    ) -> tuple[int, Sides]:
        """How many of the first flips were made already, and what they came to; before: where none were."""
        with self._lock:
            for n in range(len(flips), 0, -1):
                if (packed := self._sides.get((percentile, step, flips[:n]))) is not None:
                    front, exact = np.unpackbits(packed, axis=1, count=self._shape[0] * self._shape[1]).astype(bool)
                    return n, (front.reshape(self._shape), exact.reshape(self._shape))
        return 0, before

    def keep(self, percentile: float | None, step: float, flips: tuple[Flip, ...], sides: Sides) -> None:
        """What the flips came to; the oldest is forgotten."""
        with self._lock:
            self._sides[percentile, step, flips] = np.packbits(np.stack(sides).reshape(2, -1), axis=1)
            while len(self._sides) > MOST_STATES:
                del self._sides[next(iter(self._sides))]


def replay_of(rgbd: RGBD, candidates: Candidates) -> Replay:
    """The one of this very picture, depth and candidates, or a new one."""
    digest = hashlib.blake2b(digest_size=16)
    for part in (rgbd.image, rgbd.depth, candidates.masks, candidates.chosen):
        digest.update(repr(part.shape).encode())
        digest.update(np.ascontiguousarray(part))
    return _remembered(_Key(digest.digest(), rgbd))


@dataclass(frozen=True)
class _Key:
    digest: bytes
    rgbd: RGBD

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Key) and self.digest == other.digest

    def __hash__(self) -> int:
        return hash(self.digest)


def forget() -> None:
    """Remembers no picture any more."""
    _remembered.cache_clear()


@lru_cache(MOST_PICTURES)
def _remembered(key: _Key) -> Replay:
    return Replay(Pointed(key.rgbd.image, key.rgbd.depth))
