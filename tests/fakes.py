"""Engines for tests: they play their roles truly, at once, and without any skill.

Each returns what its role promises (shapes, ranges, pixels left untouched), depends only on its arguments, and counts
its `calls`. `fake_models()` bundles them; give it a role to replace it: `fake_models(text_to_image=None)`.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Bool, Float

from gen3d.camera import Camera
from gen3d.models.base import DepthEstimate, Models, Proposals


@dataclass
class FakeDepth:
    """A floor that comes nearer towards the lower edge; `expected` is returned where it says something."""

    name: str = "fake depth"
    near_m: float = 2.0
    far_m: float = 6.0
    sky: float = 0.0
    """Share of the height, from the top, that is sky."""
    fov_deg: float | None = 60.0
    rough: bool = False
    calls: int = 0

    def estimate(
        self,
        image: Float[np.ndarray, "h w 3"],
        camera: Camera | None = None,
        expected: Float[np.ndarray, "h w"] | None = None,
    ) -> DepthEstimate:
        self.calls += 1
        h, w, _ = image.shape
        inverse = np.linspace(1 / self.far_m, 1 / self.near_m, h, dtype=np.float32)
        depth = np.repeat(1 / inverse[:, None], w, axis=1)
        depth[: round(self.sky * h)] = np.inf
        if expected is not None:
            depth = np.where(np.isnan(expected), depth, expected).astype(np.float32)
        return DepthEstimate(depth, self.fov_deg, self.rough)


@dataclass
class FakeSegmenter:
    """Everything nearer than half the median depth, and a box in the middle."""

    name: str = "fake segmenter"
    calls: int = 0

    def segment(self, image: Float[np.ndarray, "h w 3"], depth: Float[np.ndarray, "h w"]) -> Proposals:
        self.calls += 1
        h, w = depth.shape
        box = np.zeros((h, w), bool)
        box[h // 3 : 2 * h // 3, w // 3 : 2 * w // 3] = True
        near = depth < 0.5 * np.median(depth)
        return Proposals(np.stack([box, near]), np.array([0.95, 0.9], np.float32))


@dataclass
class FakeInpainter:
    """One flat colour: the mean of what may be borrowed, else of what is known, else grey."""

    name: str = "fake inpainter"
    calls: int = 0
    prompts: list[str | None] = field(default_factory=list)

    def inpaint(
        self,
        image: Float[np.ndarray, "h w 3"],
        hole: Bool[np.ndarray, "h w"],
        borrow: Bool[np.ndarray, "h w"],
        depth: Float[np.ndarray, "h w"],
        prompt: str | None = None,
        seed: int = 0,
    ) -> Float[np.ndarray, "h w 3"]:
        self.calls += 1
        self.prompts.append(prompt)
        source = next((s for s in (borrow & ~hole, ~hole) if s.any()), None)
        filled = image.astype(np.float32)
        filled[hole] = 0.5 if source is None else image[source].mean(axis=0)
        return filled


@dataclass
class FakeTextToImage:
    """A slope between two colours that the sentence and the seed choose."""

    name: str = "fake artist"
    calls: int = 0

    def draw(self, prompt: str, width: int, height: int, seed: int = 0) -> Float[np.ndarray, "h w 3"]:
        self.calls += 1
        digest = hashlib.sha256(f"{seed} {prompt}".encode()).digest()
        top, bottom = np.frombuffer(digest[:6], np.uint8).reshape(2, 1, 1, 3).astype(np.float32) / 255
        slope = np.linspace(0, 1, height, dtype=np.float32)[:, None, None]
        return np.broadcast_to(top + (bottom - top) * slope, (height, width, 3)).astype(np.float32)


@dataclass
class FakeCaptioner:
    """Names the strongest colour."""

    name: str = "fake captioner"
    calls: int = 0

    def describe(self, image: Float[np.ndarray, "h w 3"]) -> str:
        self.calls += 1
        return f"a picture, mostly {('red', 'green', 'blue')[int(image.mean(axis=(0, 1)).argmax())]}"

    def categorize(self, image: Float[np.ndarray, "h w 3"]) -> str:
        self.calls += 1
        return "room" if image.mean() < 0.5 else "beach"


@dataclass
class FakeNamer:
    """Is sure of nothing, so that things keep their numbers."""

    name: str = "fake namer"
    calls: int = 0

    def call(self, image: Float[np.ndarray, "h w 3"]) -> str | None:
        self.calls += 1
        return None


@dataclass
class FakeCritic:
    """Would have everything grey."""

    name: str = "fake critic"
    calls: int = 0

    def judge(
        self, image: Float[np.ndarray, "h w 3"], free: Bool[np.ndarray, "h w"], prompt: str | None = None, seed: int = 0
    ) -> Float[np.ndarray, "h w 3"]:
        self.calls += 1
        return np.where(free[..., None], image - 0.5, 0).astype(np.float32)


def fake_models(**roles: object) -> Models:
    """A fake for every role; keywords replace roles of `Models`."""
    fakes = {
        "depth": FakeDepth(),
        "segmenter": FakeSegmenter(),
        "background": FakeInpainter(),
        "outpainter": FakeInpainter(),
        "text_to_image": FakeTextToImage(),
        "captioner": FakeCaptioner(),
        "namer": FakeNamer(),
        "critic": FakeCritic(),
    }
    return Models(**(fakes | roles))
