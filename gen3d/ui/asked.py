"""What the visitor set, as a request. Nothing that a visitor types is ever taken for the name of a file."""

from __future__ import annotations

import random
from collections.abc import Container
from dataclasses import replace
from pathlib import Path
from typing import Literal, get_args

from gen3d.errors import InputError
from gen3d.scene import Request
from gen3d.settings import PRESETS, Settings

Tab = Literal["any", "photo", "depth", "text"]
"""Which of the inputs count; "any" takes what is there."""
Rule = Literal["occlusion", "paper"]
Number = float | int
"""What a number field gives."""
LONGEST_PROMPT = 500
SIZES_PX = (64, 1536)
SEEDS = 2**31 - 1


def request_of(
    photo: str | None, depth: str | None, prompt: str | None, tab: str, path: str, seed: Number | None,
    fov_deg: Number | None, units_per_metre: Number | None, paths: Container[str],
) -> Request:  # fmt: skip
    """The request; a seed is drawn when none is given. Raises InputError for what the page would not let one choose.

    photo, depth: files that were uploaded and that Gradio has checked to be. paths: the known names of camera paths.
    """
    if tab not in get_args(Tab):
        raise InputError(f"There is no input tab {tab[:40]!r}.", f"Use one of {', '.join(get_args(Tab))}.")
    if path not in paths:
        raise InputError(f"There is no camera path {path[:40]!r}.", "Choose one from the list.")
    if prompt and len(prompt) > LONGEST_PROMPT:
        raise InputError(f"The text has {len(prompt)} characters.", f"Use at most {LONGEST_PROMPT}.")
    if tab == "text":
        photo = depth = None
    if tab in ("photo", "depth") and not photo:
        raise InputError("There is no photo yet.", "Drop one into the field above, or choose an example.")
    if tab == "photo":
        depth = None
    if tab == "depth" and not depth:
        raise InputError("There is no depth file yet.", "Give one, or use the tab Photo.")
    return Request(
        photo=Path(photo) if photo else None,
        prompt=prompt.strip() or None if prompt else None,
        depth=Path(depth) if depth else None,
        depth_scale=float(units_per_metre or 1000.0),
        fov_deg=float(fov_deg) if fov_deg else None,
        path=path,
        seed=_seed(seed),
    )


def settings_of(preset: str, size_px: Number | None, rule: str) -> Settings:
    """The preset with what the visitor changed in it."""
    if preset not in PRESETS:
        raise InputError(f"There is no preset {preset[:40]!r}.", f"Use one of {', '.join(PRESETS)}.")
    if rule not in get_args(Rule):
        raise InputError(f"There is no rule {rule[:40]!r} for layers.", f"Use one of {', '.join(get_args(Rule))}.")
    settings = PRESETS[preset]
    if size_px:
        if not SIZES_PX[0] <= size_px <= SIZES_PX[1]:
            raise InputError(f"A size of {size_px:g} pixels is not possible.", f"Use {SIZES_PX[0]} to {SIZES_PX[1]}.")
        settings = replace(settings, size_px=int(size_px))
    return replace(settings, layers=replace(settings.layers, rule=rule))


def new_seed() -> int:
    """A seed that nobody chose."""
    return random.randrange(SEEDS)


def _seed(seed: Number | None) -> int:
    if seed is None:
        return new_seed()
    if not 0 <= seed <= SEEDS or seed != int(seed):
        raise InputError(f"{seed:g} is not a seed.", f"Give a whole number from 0 to {SEEDS}, or leave it empty.")
    return int(seed)
