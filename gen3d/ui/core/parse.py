"""What a single input brings, as the value that it means: (value, name of the input) -> value, or an InputError.

Nothing that a visitor types is ever taken for the name of a file. None stands for what was left empty.
"""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any

from gen3d.errors import InputError

Number = float | int
"""What a number field gives."""
Parse = Callable[[Any, str], Any]
LONGEST_PROMPT = 500
LARGEST_GIVEN_MB = 64
"""Of a photo or a depth file."""
SIZES_PX = (64, 1536)
SEEDS = 2**31 - 1
SHOWN = 40
"""So many characters of a wrong choice are repeated."""


def as_given(value: Any, name: str) -> Any:
    """Looked at where it is put together with others."""
    return value


def file(value: str | None, name: str) -> Path | None:
    """A file that was uploaded and that the page has checked to be."""
    return Path(value) if value else None


def text(value: str | None, name: str) -> str | None:
    """Words, of bounded length."""
    if value and len(value) > LONGEST_PROMPT:
        raise InputError(f"The text has {len(value)} characters.", f"Use at most {LONGEST_PROMPT}.", name)
    return value.strip() or None if value else None


def number(value: Number | None, name: str) -> float | None:
    """A number, of which 0 means none."""
    return float(value) if value else None


def seed(value: Number | None, name: str) -> int:
    """A whole number; one is drawn where none was given."""
    if value is None:
        return new_seed()
    if not 0 <= value <= SEEDS or value != int(value):
        remedy = f"Give a whole number from 0 to {SEEDS}, or leave it empty."
        raise InputError(f"{value:g} is not a seed.", remedy, name)
    return int(value)


def new_seed() -> int:
    """A seed that nobody chose."""
    return random.randrange(SEEDS)


def size_px(value: Number | None, name: str) -> int | None:
    """A picture's longer side; 0 means none."""
    if not value:
        return None
    if not SIZES_PX[0] <= value <= SIZES_PX[1]:
        remedy = f"Use {SIZES_PX[0]} to {SIZES_PX[1]}."
        raise InputError(f"A size of {value:g} pixels is not possible.", remedy, name)
    return int(value)


def among(choices: Collection[str], sentence: str) -> Parse:
    """One of these choices; sentence: what is wrong with another, which stands at {}."""

    def one_of(value: str, name: str) -> str:
        if value not in choices:
            raise InputError(sentence.format(repr(value[:SHOWN])), f"Use one of {', '.join(choices)}.", name)
        return value

    return one_of


def where_given(parse: Parse) -> Parse:
    """The same for what may be left empty; blanks around it do not count."""

    def given(value: str | None, name: str) -> Any:
        word = (value or "").strip()
        return parse(word, name) if word else None

    return given


def check_size(given: Path | None, name: str) -> None:
    """Raises InputError for a file that is larger than is read, though a scene file of its size may be uploaded."""
    if given is None or not os.path.isfile(given):  # whoever reads it says so
        return
    if (size := os.path.getsize(given)) > LARGEST_GIVEN_MB << 20:
        what = f"{given.name} has {size / (1 << 20):.0f} MB, more than the {LARGEST_GIVEN_MB} MB that are read."
        raise InputError(what, "Reduce it and try again.", name)
