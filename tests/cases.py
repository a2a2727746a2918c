"""The files of tests/data/cases, and what `read_source` makes of them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from gen3d.events import Notice
from gen3d.request import Request
from gen3d.settings import FAST
from gen3d.source.read import read_source
from gen3d.values import Source
from tests.fakes import fake_models

CASES = Path(__file__).parent / "data" / "cases"
PHOTO, FOV_DEG = CASES / "photo.jpg", 64.0


def truth() -> np.ndarray:
    """Metres, 240 x 320."""
    with np.load(CASES / "truth.npz") as held:
        return held["depth"]


@dataclass(frozen=True, eq=False)
class Read:
    """What came of a photo with its depth."""

    source: Source
    told: tuple[str, ...]

    def error(self, expected: np.ndarray | None = None) -> float:
        """The median relative error of what is known, by default against the truth."""
        expected = truth() if expected is None else expected
        known = np.isfinite(self.source.depth)
        assert self.source.depth.shape == expected.shape and known.any()
        return float(np.median(np.abs(self.source.depth / expected - 1)[known]))

    def correlation(self, expected: np.ndarray | None = None) -> float:
        """Of what is known, with the truth."""
        expected = truth() if expected is None else expected
        known = np.isfinite(self.source.depth)
        return float(np.corrcoef(self.source.depth[known], expected[known])[0, 1])


def read(photo: Path = PHOTO, depth: Path | None = None, size_px: int = 512, **request) -> Read:
    """The photo with this depth, at its own size."""
    asked = Request(photo=photo, depth=depth, **({"fov_deg": FOV_DEG} | request))
    stage, told = read_source(asked, replace(FAST, size_px=size_px), fake_models()), []
    while True:
        try:
            event = next(stage)
        except StopIteration as done:
            return Read(done.value, tuple(told))
        if isinstance(event, Notice):
            told.append(event.text)
