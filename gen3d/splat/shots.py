"""What a frame of each kind of video is made of: one view, two eyes, half a sphere for each, or depth.

`stages/flythrough.py` goes along a path with one of them; `video_table.py` names them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property, lru_cache
from typing import Protocol, TypeAlias, runtime_checkable

import numpy as np
from jaxtyping import Float

from gen3d.camera import Camera
from gen3d.geometry import half_sphere
from gen3d.geometry.framing import even
from gen3d.geometry.stereo import BEFORE, BEHIND, PEOPLES_M, Eyes, for_a_headset, for_a_screen, pair
from gen3d.settings import TourSettings
from gen3d.splat.role import Rendering
from gen3d.splat.shown import NEAR_IS_WHITE, near_is_white, own_colour
from gen3d.values import Scale

Draw: TypeAlias = Callable[[Camera], Rendering]
_resampler = lru_cache(1)(half_sphere.Resampler)


@runtime_checkable
class Shot(Protocol):
    """What a frame is made of at a place of the path."""

    def size(self, camera: Camera) -> tuple[int, int]:
        """Width and height of a frame."""
        ...

    def views(self, camera: Camera) -> Sequence[Camera]:
        """What is to be drawn, and to be filled all over."""
        ...

    def picture(self, drawn: Sequence[Rendering], camera: Camera, draw: Draw) -> Float[np.ndarray, "h w 3"]:
        """The frame, sRGB; drawn: of `views`. draw: for what else it takes."""
        ...

    def told(self) -> str:
        """What one must know to make use of the video, once its frames are made; "" is nothing."""
        ...


Shoot: TypeAlias = Callable[[Callable[[], Scale], TourSettings], Shot]
"""(what measures median and nearest depth along the path, settings) -> how its frames are made."""


class OneView:
    """A picture of each place, and nothing else."""

    def __init__(self, measure: Callable[[], Scale], settings: TourSettings) -> None:
        self._measure, self._settings = measure, settings

    @cached_property
    def _scale(self) -> Scale:
        return self._measure()

    def size(self, camera: Camera) -> tuple[int, int]:
        """The camera's."""
        return camera.width, camera.height

    def views(self, camera: Camera) -> Sequence[Camera]:
        """The camera's."""
        return [camera]

    def picture(self, drawn: Sequence[Rendering], camera: Camera, draw: Draw) -> Float[np.ndarray, "h w 3"]:
        """The view in its colours."""
        return own_colour(drawn[0])

    def told(self) -> str:
        """Nothing."""
        return ""


class DepthPass(OneView):
    """Depth as `gen3d render --show depth` pictures it, with one unit for the whole video."""

    def picture(self, drawn: Sequence[Rendering], camera: Camera, draw: Draw) -> Float[np.ndarray, "h w 3"]:
        """Near is white."""
        return near_is_white(drawn[0], self._scale.median)

    def told(self) -> str:
        """How to get metres from it."""
        white_m = NEAR_IS_WHITE * self._scale.median
        return f"Brightness is {white_m:.3g} m over the depth: what is nearer is white, and what is empty black."


class Stereo(OneView):
    """Two eyes, for a screen."""

    _eyes: Eyes | None = None

    def views(self, camera: Camera) -> Sequence[Camera]:
        """The left eye's and the right one's; as far apart for all of the video as for its first frame."""
        self._eyes = self._eyes or for_a_screen(camera, self._scale.nearest)
        return pair(camera, self._eyes)

    def told(self) -> str:
        """How far apart the eyes are, and why."""
        if self._eyes is None:
            return ""
        return (
            f"The eyes are {_metres(self._eyes.apart_m)} apart, and what is {_metres(self._eyes.screen_m)} away lies "
            f"in the screen: nothing stands farther before it than {BEFORE:.0%} of the picture's width, or farther "
            f"behind it than {BEHIND:.0%}."
        )


class SideBySide(Stereo):
    """The left eye's picture, and to the right of it the right one's."""

    def size(self, camera: Camera) -> tuple[int, int]:
        """Both at their full width."""
        return 2 * camera.width, camera.height

    def picture(self, drawn: Sequence[Rendering], camera: Camera, draw: Draw) -> Float[np.ndarray, "h w 3"]:
        """Both eyes."""
        return np.concatenate([own_colour(one) for one in drawn], axis=1)


class Anaglyph(Stereo):
    """Red of the left eye's picture, green and blue of the right one's."""

    def picture(self, drawn: Sequence[Rendering], camera: Camera, draw: Draw) -> Float[np.ndarray, "h w 3"]:
        """Both eyes in one."""
        left, right = (own_colour(one) for one in drawn)
        return np.concatenate([left[..., :1], right[..., 1:]], axis=2)


class HalfSphere(OneView):
    """Half a sphere for each eye, side by side; black where nothing was built."""

    _filled, _count = 0.0, 0

    def size(self, camera: Camera) -> tuple[int, int]:
        """Two squares, as fine in their middle as the camera's own picture at most."""
        eye = self._eye_px(camera)
        return 2 * eye, eye

    def views(self, camera: Camera) -> Sequence[Camera]:
        """The photo's frame from both eyes: of what lies beside it nobody expects that it is there."""
        return pair(camera, for_a_headset(self._scale.nearest))

    def picture(self, drawn: Sequence[Rendering], camera: Camera, draw: Draw) -> Float[np.ndarray, "h w 3"]:
        """Both eyes, each of five pinhole views."""
        eye, halves = self._eye_px(camera), []
        for one in self.views(camera):
            faces = [draw(view) for view in half_sphere.views(one, eye)]
            whole = _resampler(eye)([_with_alpha(face) for face in faces])
            self._filled += float(whole[..., 3].mean())
            self._count += 1
            halves.append(whole[..., :3])
        return np.concatenate(halves, axis=1)

    def told(self) -> str:
        """How much of it there is."""
        eyes = for_a_headset(self._scale.nearest)
        closer = "" if eyes.apart_m >= PEOPLES_M else ", closer than people's since something is near"
        return (
            f"The scene fills {self._filled / max(1, self._count):.0%} of the half sphere, and the rest is black, "
            f"as it was never built. The eyes are {_metres(eyes.apart_m)} apart{closer}."
        )

    def _eye_px(self, camera: Camera) -> int:
        return even(min(self._settings.width_px, np.pi * camera.K[0, 0]))


def _with_alpha(drawn: Rendering) -> Float[np.ndarray, "s s 4"]:
    rgb, alpha = drawn.rgb.cpu().numpy(), drawn.alpha.cpu().numpy()
    return np.concatenate([rgb, alpha[..., None]], axis=2)


def _metres(length_m: float) -> str:
    return f"{1000 * length_m:.3g} mm" if length_m < 1 else f"{length_m:.3g} m"
