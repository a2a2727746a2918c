"""Prompts for the inpainters.

For what the foreground hides, the paper's sentence about the background (3.1): "high-resolution [scene category]
background with [dominant colors] colors, photorealistic, 8K". For the views around (3.2) the user's own prompt, or else
a caption of the picture; a view may have a prompt of its own, by its number on the path or by its direction.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float

from gen3d.camera import Camera
from gen3d.errors import InputError
from gen3d.events import Progress, Stage, Started
from gen3d.geometry.colours import dominant_colours
from gen3d.models.base import Captioner

DIRECTIONS = ("left", "right", "up", "down", "back")
"""The directions of a view, seen from the first camera."""
LAST_NUMBER = 99
"""The largest number of a pose that a prompt may name. Chosen by eye."""
ASIDE_DEG = 10.0
"""A view that turns farther to a side, up or down has that direction. Chosen by eye."""
BEHIND_DEG = 110.0
"""One that turns farther has the direction "back". Chosen by eye."""
STEEP_DEG = 45.0
"""One that turns up or down by more has no other direction. Chosen by eye."""
STRAIGHT_DEG = 1.0
"""One that turns by less only moves: then its direction is that of the step. Chosen by eye."""
AT_REST_M = 1e-6
"""A shorter step is rounding. Chosen by eye."""


@dataclass(frozen=True, slots=True)
class Words:
    """The prompts of a scene."""

    scene: str | None
    """The user's prompt, or else the caption; None when there is neither."""
    background: str | None
    """The paper's sentence about what lies behind the foreground; None without a captioner."""


def find_words(
    image: Float[np.ndarray, "h w 3"],
    foreground: Bool[np.ndarray, "h w"],
    prompt: str | None,
    captioner: Captioner | None,
) -> Stage[Words]:
    """The prompts for a picture; without a captioner the user's alone, and no event."""
    if captioner is None:
        return Words(prompt, None)
    yield Started("words")
    yield Progress("words", 0, 2)
    scene = prompt or captioner.describe(image) or None
    yield Progress("words", 1, 2)
    background = background_prompt(captioner.categorize(image), dominant_colours(image, ~foreground).names)
    yield Progress("words", 2, 2)
    return Words(scene, background)


def background_prompt(category: str, colours: Sequence[str]) -> str:
    """The paper's sentence (3.1); where there is no background to have colours, without them."""
    *first, last = colours or ("",)
    tints = f"{', '.join(first)} and {last}" if first else last
    return f"high-resolution {category} background{f' with {tints} colors' if tints else ''}, photorealistic, 8K"


def parse_prompt(text: str) -> tuple[str, str]:
    """(where, what) of "left=a harbour": where is one of DIRECTIONS or the number of a pose, from "1" on.

    Raises InputError.
    """
    where, equals, what = (part.strip() for part in text.partition("="))
    what = " ".join(what.split())
    remedy = f"Write one of {', '.join(DIRECTIONS)} or a pose's number, =, and words, as in left=a harbour."
    if not equals or not where or not what:
        raise InputError(f"The prompt {text!r} does not say where it belongs and what is to be seen there.", remedy)
    where = where.lower()
    if where.isdecimal() and 1 <= int(where) <= LAST_NUMBER:
        where = str(int(where))
    elif where not in DIRECTIONS:
        raise InputError(f"The prompt {text!r} belongs to {where!r}, which is no place on a path.", remedy)
    return where, what


def prompt_for(camera: Camera, number: int | None, scene: str | None, prompts: Sequence[tuple[str, str]]) -> str | None:
    """What is to be painted in a view: words for its number, else for its direction, else those for the scene.

    number: of the pose along the user's path, from 1; None for a view that is not one of them. prompts: of
    `parse_prompt`; of two for the same place the later counts.
    """
    words = dict(prompts)
    by_direction = words.get(direction(camera) or "", scene)
    return by_direction if number is None else words.get(str(number), by_direction)


def prompt_at(scene: str | None, prompts: tuple[tuple[str, str], ...]) -> Callable[[Camera, int | None], str | None]:
    """(camera, its number along the path or None) -> words for what it shows; pose 0 is the view around the photo."""
    return lambda camera, pose: prompt_for(camera, pose or None, scene, prompts)


def direction(camera: Camera) -> str | None:
    """Which of DIRECTIONS a view has, relative to the first camera (the world's origin, facing z).

    That of its axis when it turns by more than ASIDE_DEG; that of its step when it moves without turning. None for a
    view much like the first, and for steps forward and back, which show the same things.
    """
    x, y, z = camera.c2w[:3, 2]
    yaw, pitch = np.degrees(np.arctan2(x, z)), np.degrees(np.arctan2(-y, np.hypot(x, z)))
    if max(abs(yaw), abs(pitch)) < STRAIGHT_DEG:
        return _step(*camera.center)
    if abs(pitch) > ASIDE_DEG and (abs(pitch) > abs(yaw) or abs(pitch) > STEEP_DEG):
        return "up" if pitch > 0 else "down"
    if abs(yaw) > BEHIND_DEG:
        return "back"
    if abs(yaw) > ASIDE_DEG:
        return "right" if yaw > 0 else "left"
    return None


def _step(x: float, y: float, z: float) -> str | None:
    """The direction of a step, if it is mainly to a side, up or down."""
    aside = max(abs(x), abs(y))
    if aside < AT_REST_M or aside < abs(z):
        return None
    if abs(x) >= abs(y):
        return "right" if x > 0 else "left"
    return "down" if y > 0 else "up"
