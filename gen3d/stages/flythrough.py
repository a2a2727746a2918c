"""The video: a smooth path of its own that starts and ends on the photo, as wide as the scene holds.

The path's amplitude is reduced until no frame that is tried shows an unfilled pixel. One that somebody drew is flown as
it was drawn, and a notice says so where it shows some.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol, TypeAlias, runtime_checkable

import numpy as np
from jaxtyping import Float

from gen3d.camera import Camera
from gen3d.events import Enough, Intermediate, Notice, Progress, Stage, Started, never
from gen3d.settings import TourSettings
from gen3d.splat.gaussians import Gaussians
from gen3d.splat.role import FILLED_ALPHA, Rasterizer, Rendering, draw

AMPLITUDES = (1.0, 0.8, 0.6, 0.4, 0.25, 0.12, 0.05)
"""Of the path, tried from the widest on. Chosen by eye."""
SMALL = 0.5
"""Below this amplitude a notice says how far the video moves. Chosen by eye."""
TRIAL_FRAMES = 12
"""So many frames are tried at each amplitude, at their full size: reduced ones hide slivers. Chosen by eye."""
LEAVES = "The path leads where the scene has holes: {} of {} frames that were looked at show some."
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


def fly_through(
    gaussians: Gaussians,
    path: Callable[[float], list[Camera]],
    rasterizer: Rasterizer,
    settings: TourSettings,
    sink: FrameSink,
    enough: Enough = never,
) -> Stage[float]:
    """Hands the video to `sink` and returns the amplitude it was flown with.

    path: amplitude -> cameras, at the size of the photo; 1 is as wide as the path is meant to be. Of `AsDrawn` no other
    is tried.
    """
    yield Started("flythrough")
    gaussians = gaussians.to(rasterizer.device)  # once, rather than for every frame
    amplitude = yield from _widest(gaussians, path, rasterizer, enough)
    cameras = [_sized(camera, settings.width_px) for camera in path(amplitude)]
    with sink(cameras[0].width, cameras[0].height) as video:
        for i, camera in enumerate(cameras):
            frame = _frame(draw(rasterizer, gaussians, camera))
            video.add(frame)
            yield Progress("flythrough", i + 1, len(cameras))
            if i in (0, len(cameras) // 4):
                yield Intermediate("flythrough", {"frame": frame, "place": i, "amplitude": amplitude,
                                                  "frames": len(cameras)})  # fmt: skip
            if enough():
                break
    return amplitude


def _widest(gaussians: Gaussians, path: Callable, rasterizer: Rasterizer, enough: Enough) -> Stage[float]:
    """The largest amplitude at which no frame that is tried shows a hole."""
    for amplitude in AMPLITUDES:
        cameras = path(amplitude)
        some = cameras[:: max(1, len(cameras) // TRIAL_FRAMES)]
        yield Progress("flythrough", 0, len(cameras))
        holes = [_unfilled(draw(rasterizer, gaussians, c)) > STRAY for c in some]
        if isinstance(path, AsDrawn):
            if any(holes):
                yield Notice(LEAVES.format(sum(holes), len(holes)))
            return amplitude
        if not any(holes):
            if amplitude < SMALL:
                yield Notice(f"The video moves only {amplitude:.0%} as far as planned: beyond, the scene has holes.")
            return amplitude
        if enough():
            yield Notice("The video hardly moves: it was not tried out how far the scene goes without holes.")
            return AMPLITUDES[-1]
    yield Notice("Even the smallest motion shows holes in this scene, so the video may show some.")
    return AMPLITUDES[-1]


def _unfilled(drawn: Rendering) -> float:
    return float((drawn.alpha < FILLED_ALPHA).float().mean())


def _frame(drawn: Rendering) -> Float[np.ndarray, "h w 3"]:
    """The picture, its slightly transparent pixels in their own colour rather than darkened by black."""
    rgb = drawn.rgb / drawn.alpha.clamp(min=FILLED_ALPHA)[..., None]
    return rgb.cpu().numpy()


def _sized(camera: Camera, width_px: int) -> Camera:
    """The camera at a width of at most width_px, with even sides as H.264 wants them."""
    scale = min(1.0, width_px / camera.width)
    return camera.resized(*(max(2, 2 * round(side * scale / 2)) for side in (camera.width, camera.height)))
