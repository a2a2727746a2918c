"""How the texts of a command line become values; each raises ArgumentTypeError for a text that is none."""

from __future__ import annotations

import re
from argparse import ArgumentTypeError


def number(text: str) -> float:
    """A number."""
    try:
        return float(text)
    except ValueError:
        raise ArgumentTypeError(f"takes a number, and {text!r} is none") from None


def whole_number(text: str) -> int:
    """A whole number."""
    try:
        return int(text)
    except ValueError:  # also of thousands of digits
        raise ArgumentTypeError(f"takes a whole number, and {text[:40]!r} is none") from None


def counts(text: str) -> tuple[int, ...]:
    """Whole numbers above 0 with commas, as 500k,100k,30000 or 1.5M."""
    found = [re.fullmatch(r"([0-9]*\.?[0-9]+)\s*([kKmM]?)", part.strip()) for part in text.split(",")]
    if not all(found):
        raise ArgumentTypeError(f"takes numbers as 500k,100k,30k, not {text[:40]!r}")
    numbers = [round(float(one[1]) * {"": 1, "k": 1e3, "m": 1e6}[one[2].lower()]) for one in found if one]
    if min(numbers) < 1:
        raise ArgumentTypeError(f"takes numbers above 0, not {text[:40]!r}")
    return tuple(numbers)


def four_numbers(text: str) -> tuple[float, float, float, float]:
    """FX,FY,CX,CY with commas, spaces and brackets as people write them, or the nine numbers of K row by row."""
    try:
        numbers = [float(part) for part in re.split(r"[\s,;\[\]()]+", text) if part]
    except ValueError:
        numbers = []
    if len(numbers) == 9 and numbers[1] == numbers[3] == numbers[6] == numbers[7] == 0 and numbers[8] == 1:
        numbers = [numbers[i] for i in (0, 4, 2, 5)]
    if len(numbers) != 4:
        raise ArgumentTypeError(f"takes four numbers FX,FY,CX,CY in pixels, not {text!r}")
    fx, fy, cx, cy = numbers
    return fx, fy, cx, cy


def colour(text: str) -> tuple[float, float, float]:
    """R,G,B from 0 to 255, or #rrggbb, or #rgb; as parts of 1."""
    digits = text.strip().removeprefix("#")
    try:
        if text.strip().startswith("#"):
            wide = "".join(2 * d for d in digits) if len(digits) == 3 else digits
            parts = list(bytes.fromhex(wide))
        else:
            parts = [float(part) for part in re.split(r"[\s,;]+", text.strip())]
    except ValueError:
        parts = []
    if len(parts) != 3 or not all(0 <= part <= 255 for part in parts):
        raise ArgumentTypeError(f"takes R,G,B from 0 to 255, or #rrggbb, not {text!r}")
    r, g, b = (part / 255 for part in parts)
    return r, g, b
