"""The roles: what a stage may ask of an engine, whoever plays it.

All pictures are float32 sRGB in [0, 1], `h w 3`; depth is float32 metres along z, +inf for sky. Byte order, tensor
layout, multiples of 8 or 14, devices: those are an engine's own secret. Engines are stateless between calls and
reproducible: the same arguments give the same bytes on the CPU.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, replace
from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Bool, Float

from gen3d.camera import Camera
from gen3d.settings import EngineSettings
from gen3d.values import Surface, Things


@dataclass(frozen=True, eq=False, slots=True)
class DepthEstimate:
    """An engine's view of a picture."""

    depth: Float[np.ndarray, "h w"]
    """Metres along z, positive; +inf is sky; no NaN."""
    fov_deg: float | None = None
    """The field of view along the longer side, if the engine sees it."""
    rough: bool = False
    """True when this is a guess that a person should be told about."""
    told: str = ""
    """Where it is rough, how it came about and how wrong it may be, in a sentence for people."""
    normals: Float[np.ndarray, "h w 3"] | None = None
    """Of the surface, if the engine sees them: unit vectors in camera axes, towards the camera; 0 in the sky."""


@dataclass(frozen=True, eq=False, slots=True)
class Proposals:
    """Candidate masks with their scores (eq. 1), best first."""

    masks: Bool[np.ndarray, "k h w"]
    scores: Float[np.ndarray, "k"]
    """s_i in [0, 1]."""


@runtime_checkable
class DepthEstimator(Protocol):
    """Sees distance in a picture."""

    name: str

    def estimate(
        self,
        image: Float[np.ndarray, "h w 3"],
        camera: Camera | None = None,
        expected: Float[np.ndarray, "h w"] | None = None,
    ) -> DepthEstimate:
        """Depth for every pixel.

        camera: the lens, where it is known. expected: what the caller's geometry suggests (known surfaces, continued
        into what is new); an engine that only guesses does best to return it, one that sees for itself ignores it.
        The caller aligns the answer to what is known either way.
        """
        ...


@runtime_checkable
class Segmenter(Protocol):
    """Finds things that may stand in front of others."""

    name: str

    def segment(self, image: Float[np.ndarray, "h w 3"], depth: Float[np.ndarray, "h w"]) -> Proposals:
        """Candidate masks; they may overlap and need not cover the picture."""
        ...


@runtime_checkable
class Inpainter(Protocol):
    """Makes up what was not seen."""

    name: str

    def inpaint(
        self,
        image: Float[np.ndarray, "h w 3"],
        hole: Bool[np.ndarray, "h w"],
        borrow: Bool[np.ndarray, "h w"],
        depth: Float[np.ndarray, "h w"],
        prompt: str | None = None,
        seed: int = 0,
    ) -> Float[np.ndarray, "h w 3"]:
        """The picture with the hole filled; pixels outside the hole come back untouched.

        borrow: known pixels that may be copied (never inside the hole). depth: the depth the filled picture
        shall have, metres, in and around the hole.
        """
        ...


@dataclass(frozen=True, eq=False, slots=True)
class Painted:
    """A picture of a sentence, and what its artist knows of it."""

    image: Float[np.ndarray, "h w 3"]
    depth: Float[np.ndarray, "h w"] | None = None
    """Exact, metres along z at the pixel centres; +inf is sky. None where the artist does not know."""
    camera: Camera | None = None
    """At the origin."""
    things: Things | None = None
    told: str = ""
    """What was understood of the sentence, and what was not, for people."""


@runtime_checkable
class TextToImage(Protocol):
    """Draws a sentence."""

    name: str

    def draw(self, prompt: str, width: int, height: int, seed: int = 0) -> Float[np.ndarray, "h w 3"]:
        """A picture of the sentence."""
        ...


@runtime_checkable
class WorldPainter(TextToImage, Protocol):
    """An artist who knows the world that his picture shows."""

    def paint(
        self, prompt: str, width: int, height: int, seed: int = 0, fov_deg: float | None = None
    ) -> Generator[float, None, Painted]:
        """A picture of the sentence with depth, camera and things; yields the share that is done, closing ends it.

        fov_deg: along the longer side; None leaves it to the artist. Raises InputError for a sentence of which nothing
        was understood.
        """
        ...


def painted_by(
    artist: TextToImage, prompt: str, width: int, height: int, seed: int = 0, fov_deg: float | None = None
) -> Generator[float, None, Painted]:
    """A picture of the sentence, with all that this artist knows of it; yields the share that is done."""
    if isinstance(artist, WorldPainter):
        return (yield from artist.paint(prompt, width, height, seed, fov_deg))
    return Painted(artist.draw(prompt, width, height, seed))


@runtime_checkable
class Captioner(Protocol):
    """Puts a picture into words."""

    name: str

    def describe(self, image: Float[np.ndarray, "h w 3"]) -> str:
        """One sentence, for the inpainter's prompt."""
        ...

    def categorize(self, image: Float[np.ndarray, "h w 3"]) -> str:
        """The kind of place, in one to three words: "street", "living room"."""
        ...


@dataclass(frozen=True, eq=False, slots=True)
class Made:
    """A thing that was made up."""

    surfaces: tuple[Surface, ...]
    size_m: float | None = None
    """Its longest side; None where its maker has no idea."""
    told: str = ""
    """What was understood, and what was not, for people."""


@runtime_checkable
class ObjectMaker(Protocol):
    """Makes a thing, of words or after a picture, to be brought into a scene."""

    name: str

    def make(
        self, words: str | None = None, picture: Float[np.ndarray, "h w 3"] | None = None, seed: int = 0
    ) -> Made:
        """The thing, upright, its face towards -z. One of words and picture is given.

        picture: on white. Raises InputError for words that are not understood, and for the one of the two that this
        maker does not take.
        """
        ...


@runtime_checkable
class Namer(Protocol):
    """Tells what a thing is."""

    name: str

    def call(self, image: Float[np.ndarray, "h w 3"]) -> str | None:
        """What a picture of one thing shows, in one to three words; None where that is not clear."""
        ...


@runtime_checkable
class Critic(Protocol):
    """Finds fault with a picture of a scene: score distillation."""

    name: str

    def judge(
        self, image: Float[np.ndarray, "h w 3"], free: Bool[np.ndarray, "h w"], prompt: str | None = None, seed: int = 0
    ) -> Float[np.ndarray, "h w 3"]:
        """Where each pixel should go less: the gradient of a loss by the picture, of any scale; 0 where not free.

        free: what may be otherwise; the rest is known. seed: of the noise, another one each time.
        """
        ...


@runtime_checkable
class Adjustable(Protocol):
    """An engine that can take more or less care."""

    def at(self, settings: EngineSettings) -> Adjustable:
        """The same engine, its networks shared, with other settings."""
        ...


@runtime_checkable
class Movable(Protocol):
    """An engine whose networks can leave a card: every engine that puts networks on one."""

    def in_turns(self) -> Movable:
        """The same engine, its networks in main memory but for the length of a call; what engines share stays shared.

        They leave the card at once, those of the engine that was asked too, which must not be used any more.
        """
        ...


ROLES = (
    "depth", "segmenter", "background", "outpainter", "text_to_image", "captioner", "object_maker", "namer", "critic",
)  # fmt: skip


@dataclass(frozen=True, eq=False, slots=True)
class Models:
    """The engines of one run, by role. None where nobody plays the role."""

    depth: DepthEstimator
    segmenter: Segmenter
    background: Inpainter
    """Fills what the foreground hides (3.1)."""
    outpainter: Inpainter
    """Fills what lies outside the pictures so far (3.2)."""
    text_to_image: TextToImage | None = None
    captioner: Captioner | None = None
    object_maker: ObjectMaker | None = None
    """Makes what is brought into a finished scene."""
    namer: Namer | None = None
    """Calls things by what they are."""
    critic: Critic | None = None
    """Asked only where somebody wants a scene refined."""
    notices: tuple[str, ...] = ()
    """What was degraded when the bundle was put together."""
    device: str = "cpu"
    """Where the networks run: "cpu" or "cuda"."""

    @property
    def names(self) -> dict[str, str]:
        """Role to engine, for the record of a run."""
        return {r: e.name for r in ROLES if (e := getattr(self, r)) is not None}

    def in_turns(self) -> Models:
        """The bundle with networks on the card only while they are called; engines without any stay as they are."""
        engines = {role: getattr(self, role) for role in ROLES}
        return replace(self, **{r: e.in_turns() for r, e in engines.items() if isinstance(e, Movable)})

    def at(self, settings: EngineSettings) -> Models:
        """The bundle with every engine that can take more or less care taking as much as a preset wants."""
        engines = {role: getattr(self, role) for role in ROLES}
        return replace(self, **{r: e.at(settings) for r, e in engines.items() if isinstance(e, Adjustable)})
