"""Engines one can rely on: what each answers is held against its role, and for one that fails another plays on.

A network may raise anything, and may give NaN, another size or numbers out of range; none of that may reach a scene.
So a run asks its engines through this file. For whoever breaks the contract of a role (`contracts.py`) the builtin
engine plays from then on, and that is told; where nobody can play, EngineFailed says so. Answers within the
contract pass as they are. A card whose memory is used up is no failure of an engine: `thrift.py` sees to that.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Generator
from dataclasses import replace
from typing import Any, TypeVar

import numpy as np
from jaxtyping import Bool, Float

from gen3d.camera import Camera
from gen3d.errors import EngineFailed, Gen3DError, ModelUnavailable
from gen3d.events import product
from gen3d.models.base import ROLES, DepthEstimate, Made, Models, Painted, Proposals, painted_by
from gen3d.models.builtin.bundle import builtin_models
from gen3d.models.placement import is_out_of_memory
from gen3d.run.contracts import (
    BrokenContract,
    check_depth,
    check_drawing,
    check_fill,
    check_judgement,
    check_made,
    check_masks,
    check_name,
    check_painted,
    check_picture,
    check_words,
)
from gen3d.splat.cpu.function import CpuRasterizer
from gen3d.splat.gaussians import Gaussians
from gen3d.splat.role import Rasterizer, Rendering

A = TypeVar("A")
Tell = Callable[[str], None]
"""Takes a sentence for people: that somebody else plays."""
AGAIN = "Try again, or choose another engine; if it stays so, please report it with your settings."


def checked(models: Models, tell: Tell) -> Models:
    """The bundle, every engine held to its role; `tell` takes a sentence where somebody else has to play."""
    builtin = builtin_models()
    stand_ins: dict[str, Any] = {role: getattr(builtin, role) for role in ROLES} | {
        "captioner": Speechless(), "namer": Speechless(),
    }  # fmt: skip
    played = {role: engine for role in ROLES if (engine := getattr(models, role)) is not None}
    return replace(models, **{r: CHECKED[r](_Part(r, engine, stand_ins[r], tell)) for r, engine in played.items()})


def checked_rasterizer(rasterizer: Rasterizer, tell: Tell) -> CheckedRasterizer:
    """The same for who draws; the processor plays for a card."""
    return CheckedRasterizer(_Part("rasterizer", rasterizer, CpuRasterizer(), tell))


class _Part:
    """A role: who plays it, and who would instead."""

    def __init__(self, role: str, playing: Any, stand_in: Any, tell: Tell) -> None:
        self.playing = playing
        self.names = playing.name
        self._role, self._tell = role.replace("_", " "), tell
        self._stand_in = None if type(stand_in) is type(playing) else stand_in

    def ask(self, question: Callable[[Any], A], check: Callable[[A], A]) -> A:
        """The answer, checked; of the stand-in where the engine has none."""
        return product(self.asking(lambda engine: _at_once(question, engine), check))

    def asking(
        self, question: Callable[[Any], Generator[float, None, A]], check: Callable[[A], A]
    ) -> Generator[float, None, A]:
        """The same of an answer that comes bit by bit."""
        try:
            return check((yield from question(self.playing)))
        except Exception as error:  # networks fail in every way there is
            if _is_no_failure(error):
                raise
            self._replace(error)
        return (yield from self.asking(question, check))

    def _replace(self, error: Exception) -> None:
        """Somebody else plays from here on; EngineFailed where there is nobody."""
        failing, instead = self.playing.name, self._stand_in
        logging.getLogger(__name__).warning("%s failed: %s: %s", failing, type(error).__name__, error)
        logging.getLogger(__name__).debug("where it failed", exc_info=error)
        why = f"{failing} {_in_words(error)}"
        if instead is None:
            raise EngineFailed(f"{why}, and nobody else here plays {self._role}.", AGAIN) from error
        self.playing, self._stand_in = instead, None
        self.names = f"{failing}, then {instead.name}"
        self._tell(
            f"{why}, so {instead.name} plays {self._role} from here on. "
            f"`gen3d selftest` tells whether {failing} works on this machine."
        )


def _at_once(question: Callable[[Any], A], engine: Any) -> Generator[float, None, A]:
    yield from ()
    return question(engine)


def _is_no_failure(error: Exception) -> bool:
    """What is told elsewhere: a card's memory that is used up, and sentences for people about the request."""
    meant_for_people = isinstance(error, Gen3DError) and not isinstance(error, ModelUnavailable)
    return meant_for_people or is_out_of_memory(error)


def _in_words(error: Exception) -> str:
    """Without the words of foreign errors: they may name folders of the machine, and a visitor reads this."""
    if isinstance(error, BrokenContract):
        return str(error)
    if isinstance(error, ModelUnavailable):
        return f"cannot play ({error.what.rstrip('.')})"
    return f"failed ({type(error).__name__})"


class Speechless:
    """Plays `Captioner` and `Namer` where nobody can."""

    name = "nobody"

    def call(self, image: Float[np.ndarray, "h w 3"]) -> None:
        """No name."""

    def describe(self, image: Float[np.ndarray, "h w 3"]) -> str:
        """No words: the picture speaks for itself."""
        return ""

    def categorize(self, image: Float[np.ndarray, "h w 3"]) -> str:
        """What is true of any picture."""
        return "scene"


class _Checked:
    def __init__(self, part: _Part) -> None:
        self._part = part

    @property
    def name(self) -> str:
        """Who plays; of two the one that failed first."""
        return self._part.names


class CheckedDepth(_Checked):
    """Plays `DepthEstimator`."""

    def estimate(
        self,
        image: Float[np.ndarray, "h w 3"],
        camera: Camera | None = None,
        expected: Float[np.ndarray, "h w"] | None = None,
    ) -> DepthEstimate:
        """As the role says."""
        return self._part.ask(
            lambda engine: engine.estimate(image, camera, expected), lambda said: check_depth(said, image.shape[:2])
        )


class CheckedSegmenter(_Checked):
    """Plays `Segmenter`."""

    def segment(self, image: Float[np.ndarray, "h w 3"], depth: Float[np.ndarray, "h w"]) -> Proposals:
        """As the role says."""
        return self._part.ask(
            lambda engine: engine.segment(image, depth), lambda found: check_masks(found, depth.shape)
        )


class CheckedInpainter(_Checked):
    """Plays `Inpainter`."""

    def inpaint(
        self,
        image: Float[np.ndarray, "h w 3"],
        hole: Bool[np.ndarray, "h w"],
        borrow: Bool[np.ndarray, "h w"],
        depth: Float[np.ndarray, "h w"],
        prompt: str | None = None,
        seed: int = 0,
    ) -> Float[np.ndarray, "h w 3"]:
        """As the role says."""
        return self._part.ask(
            lambda engine: engine.inpaint(image, hole, borrow, depth, prompt, seed),
            lambda filled: check_fill(filled, image, hole),
        )


class CheckedArtist(_Checked):
    """Plays `TextToImage`."""

    def draw(self, prompt: str, width: int, height: int, seed: int = 0) -> Float[np.ndarray, "h w 3"]:
        """As the role says."""
        return self._part.ask(
            lambda engine: engine.draw(prompt, width, height, seed),
            lambda drawn: check_picture(drawn, (height, width)),
        )

    def paint(
        self, prompt: str, width: int, height: int, seed: int = 0, fov_deg: float | None = None
    ) -> Generator[float, None, Painted]:
        """As the role of a WorldPainter says; of an artist who only draws, the picture."""
        return (
            yield from self._part.asking(
                lambda engine: painted_by(engine, prompt, width, height, seed, fov_deg),
                lambda said: check_painted(said, (height, width)),
            )
        )


class CheckedCaptioner(_Checked):
    """Plays `Captioner`."""

    def describe(self, image: Float[np.ndarray, "h w 3"]) -> str:
        """As the role says."""
        return self._part.ask(lambda engine: engine.describe(image), check_words)

    def categorize(self, image: Float[np.ndarray, "h w 3"]) -> str:
        """As the role says."""
        return self._part.ask(lambda engine: engine.categorize(image), check_words)


class CheckedNamer(_Checked):
    """Plays `Namer`; one that fails leaves things their numbers."""

    def call(self, image: Float[np.ndarray, "h w 3"]) -> str | None:
        """As the role says."""
        return self._part.ask(lambda engine: engine.call(image), check_name)


class CheckedCritic(_Checked):
    """Plays `Critic`."""

    def judge(
        self, image: Float[np.ndarray, "h w 3"], free: Bool[np.ndarray, "h w"], prompt: str | None = None, seed: int = 0
    ) -> Float[np.ndarray, "h w 3"]:
        """As the role says."""
        return self._part.ask(
            lambda engine: engine.judge(image, free, prompt, seed), lambda said: check_judgement(said, free)
        )


class CheckedMaker(_Checked):
    """Plays `ObjectMaker`."""

    def make(
        self, words: str | None = None, picture: Float[np.ndarray, "h w 3"] | None = None, seed: int = 0
    ) -> Made:
        """As the role says."""
        return self._part.ask(lambda engine: engine.make(words, picture, seed), check_made)


class CheckedRasterizer(_Checked):
    """Plays `Rasterizer`, always on the device of the one it began with; gradients pass."""

    def __init__(self, part: _Part) -> None:
        super().__init__(part)
        self.device, self.notices = part.playing.device, part.playing.notices

    @property
    def playing(self) -> Rasterizer:
        """Who draws now: a fit asks, since our own needs not be asked view by view."""
        return self._part.playing

    def render(self, gaussians: Gaussians, camera: Camera) -> Rendering:
        """As the role says."""
        return self._part.ask(
            lambda drawing: self._drawn(drawing, gaussians, camera), lambda drawn: check_drawing(drawn, camera)
        )

    def _drawn(self, playing: Rasterizer, gaussians: Gaussians, camera: Camera) -> Rendering:
        if playing.device == self.device:
            return playing.render(gaussians, camera)
        drawn = playing.render(gaussians.to(playing.device), camera)
        return Rendering(*(part.to(self.device) for part in (drawn.rgb, drawn.alpha, drawn.depth)))


CHECKED: dict[str, Callable[[_Part], Any]] = {
    "depth": CheckedDepth, "segmenter": CheckedSegmenter, "background": CheckedInpainter,
    "outpainter": CheckedInpainter, "text_to_image": CheckedArtist, "captioner": CheckedCaptioner,
    "namer": CheckedNamer, "critic": CheckedCritic, "object_maker": CheckedMaker,
}  # fmt: skip
