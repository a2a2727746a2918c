"""What the visitor set, as a request. Nothing that a visitor types is ever taken for the name of a file."""

from __future__ import annotations

import json
import os
import random
from collections.abc import Container, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal, get_args

from gen3d.errors import InputError
from gen3d.request import DEPTH_CHOICES, Request
from gen3d.settings import PRESETS, Settings

Tab = Literal["any", "photo", "depth", "text"]
"""Which of the inputs count; "any" takes what is there."""
Rule = Literal["occlusion", "paper"]
Number = float | int
"""What a number field gives."""
DepthWords = Sequence[str | None]
"""What the visitor says of the depth, in the order of DEPTH_WORDS."""
DEPTH_WORDS = ("depth_kind", "depth_channel", "turn_depth", "own_depth")
LONGEST_PROMPT = 500
DIRECTIONS = ("left", "right", "up", "down")
"""Where a view may have words of its own, in the order of the page's fields; see `stages/words.py`."""
LARGEST_GIVEN_MB = 64
"""Of a photo or a depth file."""
LARGEST_PATH_BYTES = 1 << 20
MOST_POSES = 240
"""Of an uploaded path: every pose is looked through while a scene grows."""
SIZES_PX = (64, 1536)
SEEDS = 2**31 - 1


def request_of(
    photo: str | None, depth: str | None, prompt: str | None, tab: str, path: str, seed: Number | None,
    fov_deg: Number | None, units_per_metre: Number | None, paths: Container[str],
    prompts: Sequence[str | None] = (), transforms: str | None = None, meant: DepthWords = (),
) -> Request:  # fmt: skip
    """The request; a seed is drawn when none is given. Raises InputError for what the page would not let one choose.

    photo, depth, transforms: files that were uploaded and that Gradio has checked to be. paths: the known names of
    camera paths. prompts: words for the views to each of DIRECTIONS, in that order; empty or None for none.
    transforms: a nerfstudio transforms.json, which counts instead of the named path. meant: what the visitor says of
    the depth: its kind, channel, whether it is turned, whether a photo's own counts; empty or None for the default.
    """
    if tab not in get_args(Tab):
        raise InputError(f"There is no input tab {tab[:40]!r}.", f"Use one of {', '.join(get_args(Tab))}.")
    path = path_of(path, transforms, paths)
    prompt = _words(prompt)
    if tab == "text":
        photo = depth = None
    if tab in ("photo", "depth") and not photo:
        raise InputError("There is no photo yet.", "Drop one into the field above, or choose an example.", "photo")
    if tab == "photo":
        depth = None
    if tab == "depth" and not depth:
        raise InputError("There is no depth file yet.", "Give one, or use the tab Photo.", "depth")
    _check_sizes(photo=photo, depth=depth)
    return Request(
        photo=Path(photo) if photo else None,
        prompt=prompt,
        depth=Path(depth) if depth else None,
        depth_scale=float(units_per_metre) if units_per_metre else None,
        fov_deg=float(fov_deg) if fov_deg else None,
        path=path,
        seed=_seed(seed),
        prompts=_aimed(prompts),
        **_of_depth(meant),
    )


def _of_depth(meant: DepthWords) -> dict[str, Any]:
    """The attributes of a request that say what a depth file is; what was left empty is left out."""
    given = {name: word.strip() for name, word in zip(DEPTH_WORDS, meant, strict=False) if word and word.strip()}
    for name, word in given.items():
        choices = DEPTH_CHOICES.get(name)
        if choices and word not in choices:
            remedy = f"Use one of {', '.join(choices)}."
            raise InputError(f"{word[:40]!r} is no choice for {name.replace('_', ' ')}.", remedy, name)
        _words(word, name)
    return given


def path_of(name: str, transforms: str | None, paths: Container[str]) -> str:
    """The path for a request: an uploaded transforms.json where there is one, else a known name. Raises InputError."""
    if transforms:
        _check_transforms(Path(transforms))
        return transforms
    if name not in paths:
        raise InputError(f"There is no camera path {name[:40]!r}.", "Choose one from the list.")
    return name


def settings_of(preset: str, size_px: Number | None, rule: str) -> Settings:
    """The preset with what the visitor changed in it."""
    if preset not in PRESETS:
        raise InputError(f"There is no preset {preset[:40]!r}.", f"Use one of {', '.join(PRESETS)}.")
    if rule not in get_args(Rule):
        raise InputError(f"There is no rule {rule[:40]!r} for layers.", f"Use one of {', '.join(get_args(Rule))}.")
    settings = PRESETS[preset]
    if size_px:
        if not SIZES_PX[0] <= size_px <= SIZES_PX[1]:
            remedy = f"Use {SIZES_PX[0]} to {SIZES_PX[1]}."
            raise InputError(f"A size of {size_px:g} pixels is not possible.", remedy, "size_px")
        settings = replace(settings, size_px=int(size_px))
    return replace(settings, layers=replace(settings.layers, rule=rule))


def new_seed() -> int:
    """A seed that nobody chose."""
    return random.randrange(SEEDS)


def _seed(seed: Number | None) -> int:
    if seed is None:
        return new_seed()
    if not 0 <= seed <= SEEDS or seed != int(seed):
        remedy = f"Give a whole number from 0 to {SEEDS}, or leave it empty."
        raise InputError(f"{seed:g} is not a seed.", remedy, "seed")
    return int(seed)


def _words(text: str | None, field: str = "prompt") -> str | None:
    if text and len(text) > LONGEST_PROMPT:
        raise InputError(f"The text has {len(text)} characters.", f"Use at most {LONGEST_PROMPT}.", field)
    return text.strip() or None if text else None


def _aimed(prompts: Sequence[str | None]) -> tuple[tuple[str, str], ...]:
    """With where each belongs, without the empty ones."""
    words = zip(DIRECTIONS, map(_words, prompts, DIRECTIONS), strict=False)
    return tuple((where, what) for where, what in words if what)


def _check_sizes(**given: str | None) -> None:
    """Raises InputError for a file that is larger than is read, though a scene file of its size may be uploaded."""
    for field, file in given.items():
        if not file or not os.path.isfile(file):  # whoever reads it says so
            continue
        if (size := os.path.getsize(file)) > LARGEST_GIVEN_MB << 20:
            name, mb = Path(file).name, size / (1 << 20)
            what = f"{name} has {mb:.0f} MB, more than the {LARGEST_GIVEN_MB} MB that are read."
            raise InputError(what, "Reduce it and try again.", field)


def _check_transforms(file: Path) -> None:
    """Whether the file is small enough to be read, and a list of few enough poses; what each holds is read later."""
    remedy = "Give a nerfstudio transforms.json."
    if (size := file.stat().st_size) > LARGEST_PATH_BYTES:
        most = f"Give at most 1 MB, and {MOST_POSES} frames."
        raise InputError(f"{file.name} has {size / 1e6:.1f} MB.", most, "path")
    try:
        content = json.loads(file.read_bytes())  # which knows the marks of UTF-8 and UTF-16
    except (ValueError, RecursionError) as error:
        raise InputError(f"{file.name} is not JSON.", remedy, "path") from error
    frames = content.get("frames") if isinstance(content, dict) else None
    if not isinstance(frames, list) or not frames:
        raise InputError(f"{file.name} holds no list of frames.", remedy, "path")
    if len(frames) > MOST_POSES:
        raise InputError(f"{file.name} has {len(frames)} frames.", f"Give a path of at most {MOST_POSES}.", "path")
