"""Engines one can rely on: what each answers is held against its role, and for one that fails another plays on.

A network may raise anything, and may give NaN, another size or numbers out of range; none of that may reach a scene.
So a run asks its engines through this file. For whoever breaks the contract of a role (`models/base.py`, `Rasterizer`)
the builtin engine plays from then on, and that is told; where nobody can play, EngineFailed says so. Answers within the
contract pass as they are. A card whose memory is used up is no failure of an engine: `thrift.py` sees to that.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Generator
from dataclasses import replace
from typing import Any, TypeVar

import numpy as np
import torch
from jaxtyping import Bool, Float

from gen3d.camera import FOV_LIMIT_DEG, Camera
from gen3d.errors import EngineFailed, Gen3DError, ModelUnavailable
from gen3d.events import product
from gen3d.models.base import ROLES, DepthEstimate, Made, Models, Painted, Proposals, painted_by
from gen3d.models.builtin.bundle import builtin_models
from gen3d.models.placement import is_out_of_memory
from gen3d.splat.cpu.function import CpuRasterizer
from gen3d.splat.gaussians import Gaussians
from gen3d.splat.role import Rasterizer, Rendering

A = TypeVar("A")
Tell = Callable[[str], None]
"""Takes a sentence for people: that somebody else plays."""
ROUNDING = 0.004
"""Pictures may leave [0, 1], or change a known pixel, by so much: a level of 8 bits, as half precision may cost."""
NEAREST_M, FARTHEST_M = 1e-6, 1e6
"""Depth outside is none that an engine saw. Beyond a million metres depth files mean sky."""
LONGEST_WORDS = 1000
"""Characters of a caption."""
AGAIN = "Try again, or choose another engine; if it stays so, please report it with your settings."


class BrokenContract(Exception):
    """An answer that the role does not allow; in words that follow the engine's name."""


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
            lambda engine: engine.estimate(image, camera, expected), lambda said: _depth(said, image.shape[:2])
        )


class CheckedSegmenter(_Checked):
    """Plays `Segmenter`."""

    def segment(self, image: Float[np.ndarray, "h w 3"], depth: Float[np.ndarray, "h w"]) -> Proposals:
        """As the role says."""
        return self._part.ask(lambda engine: engine.segment(image, depth), lambda found: _masks(found, depth.shape))


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
            lambda filled: _fill(filled, image, hole),
        )


class CheckedArtist(_Checked):
    """Plays `TextToImage`."""

    def draw(self, prompt: str, width: int, height: int, seed: int = 0) -> Float[np.ndarray, "h w 3"]:
        """As the role says."""
        return self._part.ask(
            lambda engine: engine.draw(prompt, width, height, seed), lambda drawn: _picture(drawn, (height, width))
        )


    def paint(
        self, prompt: str, width: int, height: int, seed: int = 0, fov_deg: float | None = None
    ) -> Generator[float, None, Painted]:
        """As the role of a WorldPainter says; of an artist who only draws, the picture."""
        return (
            yield from self._part.asking(
                lambda engine: painted_by(engine, prompt, width, height, seed, fov_deg),
                lambda said: _painted(said, (height, width)),
            )
        )


class CheckedCaptioner(_Checked):
    """Plays `Captioner`."""

    def describe(self, image: Float[np.ndarray, "h w 3"]) -> str:
        """As the role says."""
        return self._part.ask(lambda engine: engine.describe(image), _words)

    def categorize(self, image: Float[np.ndarray, "h w 3"]) -> str:
        """As the role says."""
        return self._part.ask(lambda engine: engine.categorize(image), _words)


class CheckedNamer(_Checked):
    """Plays `Namer`; one that fails leaves things their numbers."""

    def call(self, image: Float[np.ndarray, "h w 3"]) -> str | None:
        """As the role says."""
        return self._part.ask(lambda engine: engine.call(image), _name)


class CheckedCritic(_Checked):
    """Plays `Critic`."""

    def judge(
        self, image: Float[np.ndarray, "h w 3"], free: Bool[np.ndarray, "h w"], prompt: str | None = None, seed: int = 0
    ) -> Float[np.ndarray, "h w 3"]:
        """As the role says."""
        return self._part.ask(
            lambda engine: engine.judge(image, free, prompt, seed), lambda said: _judgement(said, free)
        )


class CheckedMaker(_Checked):
    """Plays `ObjectMaker`."""

    def make(
        self, words: str | None = None, picture: Float[np.ndarray, "h w 3"] | None = None, seed: int = 0
    ) -> Made:
        """As the role says."""
        return self._part.ask(lambda engine: engine.make(words, picture, seed), _made)


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
        return self._part.ask(lambda r: self._drawn(r, gaussians, camera), lambda drawn: _drawing(drawn, camera))

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


def _made(made: Made) -> Made:
    for surface in made.surfaces:
        corners = surface.triangles
        if not np.isfinite(surface.xyz).all() or not np.isfinite(surface.rgb).all():
            raise BrokenContract("made a thing with places or colours that are no numbers")
        if corners.size and not 0 <= corners.min() <= corners.max() < len(surface.xyz):
            raise BrokenContract("made a thing of corners that are not there")
    if not sum(len(surface.triangles) for surface in made.surfaces):
        raise BrokenContract("made nothing")
    return made


def _depth(said: DepthEstimate, shape: tuple[int, int]) -> DepthEstimate:
    depth = _numbers(said.depth, shape, "depth")
    solid = depth[np.isfinite(depth)]
    if not (depth > 0).all() or (solid.size and not NEAREST_M <= solid.min() <= solid.max() <= FARTHEST_M):
        raise BrokenContract("gave depth that is not positive, or none at all")
    if said.fov_deg is not None and not FOV_LIMIT_DEG[0] <= said.fov_deg <= FOV_LIMIT_DEG[1]:
        raise BrokenContract(f"saw a lens of {said.fov_deg:g} degrees")
    normals = None if said.normals is None else _numbers(said.normals, (*shape, 3), "normals")
    if normals is not None and not np.abs(normals).max() <= 1 + ROUNDING:
        raise BrokenContract("gave normals that are no unit vectors")
    return replace(said, depth=depth, normals=normals)


def _masks(found: Proposals, shape: tuple[int, ...]) -> Proposals:
    masks, scores = found.masks, found.scores
    if masks.dtype != bool or masks.shape != (len(scores), *shape):
        raise BrokenContract(f"gave masks of {_size(masks)} for a picture of {_size(shape)}")
    if not ((scores >= 0) & (scores <= 1)).all():  # False for NaN too
        raise BrokenContract("gave scores outside 0 to 1")
    return found


def _picture(drawn: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    picture = _numbers(drawn, (*shape[:2], 3), "a picture")
    if not (picture.min() >= -ROUNDING and picture.max() <= 1 + ROUNDING):  # fails for NaN too
        raise BrokenContract("gave a picture with colours outside 0 to 1")
    return picture


def _painted(said: Painted, shape: tuple[int, int]) -> Painted:
    image = _picture(said.image, shape)
    if said.depth is None:
        return replace(said, image=image)
    depth = _depth(DepthEstimate(said.depth), shape).depth
    things = said.things
    if things is not None and not 0 <= things.labels.min() <= things.labels.max() <= len(things.names):
        raise BrokenContract("gave things without a name")
    return replace(said, image=image, depth=depth)


def _fill(filled: np.ndarray, image: np.ndarray, hole: np.ndarray) -> np.ndarray:
    filled = _picture(filled, image.shape)
    if np.abs(filled - image)[~hole].max(initial=0) > ROUNDING:
        raise BrokenContract("painted over what is known")
    return filled


def _words(said: str) -> str:
    if not isinstance(said, str) or len(said) > LONGEST_WORDS or said != said.encode(errors="replace").decode():
        raise BrokenContract("gave no words")
    return said


def _name(said: str | None) -> str | None:
    if said is not None and not _words(said).strip():
        raise BrokenContract("gave no words")
    return said


def _judgement(said: np.ndarray, free: np.ndarray) -> np.ndarray:
    slope = _numbers(said, (*free.shape, 3), "a gradient")
    if not np.isfinite(slope).all() or slope[~free].any():
        raise BrokenContract("judged what is known, or with what is not a number")
    return slope


def _drawing(drawn: Rendering, camera: Camera) -> Rendering:
    """On a card that fits a scene only sizes are looked at: numbers would make it wait, and the fit asks for them."""
    size = (camera.height, camera.width)
    if (drawn.rgb.shape, drawn.alpha.shape, drawn.depth.shape) != ((*size, 3), size, size):
        raise BrokenContract(f"drew {_size(drawn.alpha)} pixels for a camera of {_size(size)}")
    if drawn.alpha.device.type == "cpu" or not torch.is_grad_enabled():
        parts = [part.detach() for part in (drawn.rgb, drawn.alpha, drawn.depth)]
        if not all(part.isfinite().all() for part in parts):
            raise BrokenContract("drew what is not a number")
        if not (parts[1].min() >= -ROUNDING and parts[1].max() <= 1 + ROUNDING and parts[2].min() >= 0):
            raise BrokenContract("drew alpha outside 0 to 1, or depth behind the camera")
    return drawn


def _numbers(said: np.ndarray, shape: tuple[int, ...], what: str) -> np.ndarray:
    """Float32 of that shape without NaN, as it is where it is that already."""
    if said.shape != shape or said.dtype.kind != "f":
        raise BrokenContract(f"gave {what} of {_size(said)} ({said.dtype}) for a picture of {_size(shape)}")
    if np.isnan(said).any():
        raise BrokenContract(f"gave {what} that is not a number")
    return said if said.dtype == np.float32 else said.astype(np.float32)


def _size(said: Any) -> str:
    """A shape in words."""
    return " x ".join(str(side) for side in getattr(said, "shape", said)) or "nothing"
