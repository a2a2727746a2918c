"""The video: a smooth path of its own that starts and ends on the photo, as wide as the scene holds.

The path's amplitude is reduced until no frame that is tried shows an unfilled pixel. One that somebody drew is flown as
it was drawn, and so is one whose strength was asked for; a notice says where it shows some.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial
from typing import Protocol, TypeAlias, runtime_checkable

import numpy as np
from jaxtyping import Float

from gen3d.camera import Camera
from gen3d.events import Enough, Intermediate, Notice, Progress, Stage, Started, never
from gen3d.geometry.framing import cut, even, framed
from gen3d.geometry.together import aside
from gen3d.geometry.trajectory import between
from gen3d.settings import TourSettings
from gen3d.splat.gaussians import Gaussians
from gen3d.splat.role import FILLED_ALPHA, Rasterizer, Rendering, draw
from gen3d.splat.shots import OneView, Shoot, Shot
from gen3d.values import Scale
from gen3d.video_table import SHAPES

AMPLITUDES = (1.0, 0.8, 0.6, 0.4, 0.25, 0.12, 0.05)
"""Of the path, tried from the widest on. Chosen by eye."""
SMALL = 0.5
"""Below this amplitude a notice says how far the video moves. Chosen by eye."""
DEPTH_FRAMES = 6
"""So many frames say how near the path comes to things. Chosen by eye."""
NEAREST_PERCENT = 2
"""Of a frame's depths; what is nearer are stray pixels. From `values.Scale`, whose nearest is the same."""
TRIAL_FRAMES = 12
"""So many frames are tried at each amplitude, at their full size: reduced ones hide slivers. Chosen by eye."""
BEGIN = "Holes begin at frame {} of {} ({:.1f} s){}."
LEAVES = "The path leads where the scene has holes: {} of {} frames that were looked at show some."
KEPT_PX = 4_000_000
"""So much of what was tried is kept for the video: 80 MB. Chosen by eye."""
STRAY = 2e-5
"""Share of a frame's pixels that may be unfilled: single pixels, which `_frame` fills with their own colour. Chosen by
eye."""


@runtime_checkable
class Frames(Protocol):
    """Takes a video's frames, one after the other."""

    def add(self, frame: Float[np.ndarray, "h w 3"]) -> None:
        """The next frame, sRGB; values outside [0, 1] are cut off."""
        ...


FrameSink: TypeAlias = Callable[[int, int], AbstractContextManager[Frames]]
"""(width, height) -> where frames of that size go; it is closed when the last has come, or something failed."""


@dataclass(frozen=True, eq=False, slots=True)
class AsDrawn:
    """A path that is flown as it is, whatever it shows."""

    cameras: list[Camera]

    def __call__(self, amplitude: float) -> list[Camera]:
        """The same at any amplitude."""
        return self.cameras

    def moving(self, strength: float | None) -> AsDrawn:
        """Every pose drawn to the first one, or away from it; as it is at 1 and None."""
        if strength is None or strength == 1:
            return self
        first = self.cameras[0]
        return AsDrawn([camera.posed(between(first, camera, strength).c2w) for camera in self.cameras])


def fly_through(
    gaussians: Gaussians,
    path: Callable[[float], list[Camera]],
    rasterizer: Rasterizer,
    settings: TourSettings,
    sink: FrameSink,
    enough: Enough = never,
    shoot: Shoot = OneView,
) -> Stage[float]:
    """Hands the video to `sink` and returns the amplitude it was flown with.

    path: amplitude -> cameras, at the size of the photo; 1 is as wide as the path is meant to be. Of `AsDrawn`, and
    where the settings ask for a strength, it is flown with no other.
    """
    yield Started("flythrough")
    path = path.moving(settings.strength) if isinstance(path, AsDrawn) else path
    gaussians = gaussians.to(rasterizer.device)  # once, rather than for every frame
    see = _Remembered(partial(draw, rasterizer, gaussians))
    planned = 1.0 if settings.strength is None else settings.strength
    shot = shoot(lambda: _depths(see, path(planned)), settings)
    yield from _told_shape(path(0.0)[0], settings)
    amplitude, held = yield from _flown(_Trials(see, path, shot, settings, enough))
    see.keeps = False
    cameras, first_hole = [_sized(camera, settings) for camera in path(amplitude)], None
    with sink(*shot.size(cameras[0])) as video, aside() as beside:
        for i, camera in enumerate(cameras):
            drawn = [see(view) for view in shot.views(camera)]
            frame = shot.picture(drawn, camera, see)
            beside(partial(video.add, frame))
            yield Progress("flythrough", i + 1, len(cameras))
            if first_hole is None and max(map(_unfilled, drawn)) > STRAY:
                first_hole = i
            if i in (0, len(cameras) // 4):
                yield Intermediate("flythrough", {"frame": frame, "place": i, "amplitude": amplitude,
                                                  "frames": len(cameras)})  # fmt: skip
            if enough():
                break
    yield from _told_end(shot, first_hole, len(cameras), held, settings)
    return amplitude


class _Remembered:
    """Draws, and keeps what was tried last until it is asked for again: most of it are frames of the video."""

    def __init__(self, see: Callable[[Camera], Rendering]) -> None:
        self._see, self.keeps = see, True
        self._kept: dict[bytes, Rendering] = {}

    def __call__(self, camera: Camera) -> Rendering:
        """What the camera sees."""
        key = camera.K.tobytes() + camera.w2c.tobytes() + bytes(f"{camera.width} {camera.height}", "ascii")
        drawn = self._kept.pop(key, None) or self._see(camera)
        if self.keeps and (1 + len(self._kept)) * drawn.alpha.numel() <= KEPT_PX:
            self._kept[key] = drawn
        return drawn

    def forget(self) -> None:
        """What was kept is of no use any more."""
        self._kept.clear()


@dataclass(frozen=True, eq=False, slots=True)
class _Trials:
    """What it takes to try how wide a path may be."""

    see: _Remembered
    path: Callable[[float], list[Camera]]
    shot: Shot
    settings: TourSettings
    enough: Enough

    def holes(self, amplitude: float) -> Iterator[bool]:
        """Of some frames, whether they show any: those farthest from the first before the others."""
        self.see.forget()
        cameras = [_tried(camera, self.settings) for camera in self.path(amplitude)]
        some = cameras[:: max(1, len(cameras) // TRIAL_FRAMES)]
        apart = [float(np.linalg.norm(camera.center - some[0].center)) for camera in some]
        views = [self.shot.views(camera) for camera in some]
        for i in sorted(range(len(some)), key=lambda i: -apart[i]):
            yield any(_unfilled(self.see(view)) > STRAY for view in views[i])


def _flown(trials: _Trials) -> Stage[tuple[float, float | None]]:
    """How wide the path is flown, and where that is too wide, the widest that held; None: it holds, or who knows."""
    strength = trials.settings.strength
    if isinstance(trials.path, AsDrawn):
        yield Progress("flythrough", 0, len(trials.path.cameras))
        holes = list(trials.holes(1.0 if strength is None else strength))
        if any(holes):
            yield Notice(LEAVES.format(sum(holes), len(holes)))
        return 1.0 if strength is None else strength, None
    if strength is None:
        return (yield from _widest(trials)), None
    for amplitude in (strength, *(a for a in AMPLITUDES if a < strength)):
        yield Progress("flythrough", 0, trials.settings.frames)
        if trials.enough() or not any(trials.holes(amplitude)):
            return strength, amplitude if amplitude < strength else None
    return strength, 0.0


def _widest(trials: _Trials) -> Stage[float]:
    """The largest amplitude at which no frame that is tried shows a hole."""
    for amplitude in AMPLITUDES:
        yield Progress("flythrough", 0, len(trials.path(amplitude)))
        if not any(trials.holes(amplitude)):
            if amplitude < SMALL:
                yield Notice(f"The video moves only {amplitude:.0%} as far as planned: beyond, the scene has holes.")
            return amplitude
        if trials.enough():
            yield Notice("The video hardly moves: it was not tried out how far the scene goes without holes.")
            return AMPLITUDES[-1]
    yield Notice("Even the smallest motion shows holes in this scene, so the video may show some.")
    return AMPLITUDES[-1]


def _depths(see: Callable[[Camera], Rendering], cameras: list[Camera]) -> Scale:
    """The median and the least depth along a path; of 1 m where nothing is to be seen."""
    seen = [see(camera) for camera in cameras[:: max(1, len(cameras) // DEPTH_FRAMES)]]
    known = [one.depth[one.alpha >= FILLED_ALPHA].cpu().numpy() for one in seen]
    known = [depth for depth in known if depth.size]
    if not known:
        return Scale(1.0, 1.0)
    return Scale(float(np.median(known[0])), min(float(np.percentile(depth, NEAREST_PERCENT)) for depth in known))


def _unfilled(drawn: Rendering) -> float:
    return float((drawn.alpha < FILLED_ALPHA).float().mean())


def _told_shape(camera: Camera, settings: TourSettings) -> Stage[None]:
    """How much of the photo's frame another shape shows."""
    if (shape := SHAPES[settings.shape]) is None:
        return
    window = cut(camera, shape)
    share, side = (
        (window.width / camera.width, "width") if window.width < camera.width
        else (window.height / camera.height, "height")
    )  # fmt: skip
    if share < 1:
        yield Notice(
            f"{settings.shape} is cut out of the photo's shape and shows {share:.0%} of its {side}, since beside the "
            "photo's frame little was built."
        )


def _told_end(
    shot: Shot, first_hole: int | None, frames: int, held: float | None, settings: TourSettings
) -> Stage[None]:
    """What a video needs to be understood, and where it shows holes if somebody asked how far it moves."""
    if words := shot.told():
        yield Notice(words)
    if settings.strength is None:
        return
    yield Intermediate("flythrough.holes", {"first": first_hole, "frames": frames})
    if first_hole is not None:
        less = f"; up to strength {held:g} there are none" if held else ""
        yield Notice(BEGIN.format(first_hole + 1, frames, first_hole / settings.fps, less))


def _tried(camera: Camera, settings: TourSettings) -> Camera:
    """At the photo's size, where the video has its shape: reduced frames hide slivers."""
    return camera if SHAPES[settings.shape] is None else _sized(camera, settings)


def _sized(camera: Camera, settings: TourSettings) -> Camera:
    """The camera in the video's shape, at a width of at most its width_px, with even sides as H.264 wants them."""
    if (shape := SHAPES[settings.shape]) is not None:
        return framed(camera, shape, settings.width_px)
    scale = min(1.0, settings.width_px / camera.width)
    return camera.resized(*(even(side * scale) for side in (camera.width, camera.height)))
