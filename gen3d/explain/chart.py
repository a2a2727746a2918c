"""A small line chart, drawn with Pillow."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
from jaxtyping import UInt8
from PIL import Image, ImageDraw, ImageFont

WIDTH_PX, HEIGHT_PX = 640, 480
LEFT, RIGHT, TOP, BOTTOM = 70, 20, 44, 52
"""Margins around the axes, px."""
LETTER_PX = 18
PENS = ((230, 90, 20), (30, 110, 230), (120, 120, 120), (20, 150, 80))
GRID, INK = (225, 225, 225), (40, 40, 40)
FINE = 2
"""Lines are drawn this much larger and reduced, so that they are smooth."""
WINDOW = 0.1
"""The bold line is the mean over this share of a line's points; single steps of a fit are noisy."""
TICKS = 5

Line = Sequence[tuple[float, float]]


def line_chart(lines: Mapping[str, Line], across: str, up: str) -> UInt8[np.ndarray, "480 640 3"]:
    """Lines of (x, y) with a legend, y from 0; each faint as it is and bold as a running mean.

    across, up: what the axes count. Empty lines are left out.
    """
    lines = {name: line for name, line in lines.items() if len(line)}
    right = _ceiling(max((x for line in lines.values() for x, _ in line), default=1.0))
    top = _ceiling(max((float(np.percentile([y for _, y in line], 98)) for line in lines.values()), default=1.0))
    paper = Image.new("RGB", (FINE * WIDTH_PX, FINE * HEIGHT_PX), "white")
    pen = ImageDraw.Draw(paper)
    _axes(pen, right, top, across, up)
    for line, rgb in zip(lines.values(), PENS, strict=False):
        faint = tuple(255 - (255 - c) // 3 for c in rgb)
        pen.line(_placed(line, right, top), fill=faint, width=FINE)
        pen.line(_placed(_calmed(line), right, top), fill=rgb, width=3 * FINE, joint="curve")
    _legend(pen, list(lines))
    return np.asarray(paper.resize((WIDTH_PX, HEIGHT_PX), Image.Resampling.BOX))


def _placed(line: Line, right: float, top: float) -> list[tuple[float, float]]:
    wide, high = WIDTH_PX - LEFT - RIGHT, HEIGHT_PX - TOP - BOTTOM
    return [(FINE * (LEFT + wide * x / right), FINE * (TOP + high * (1 - min(y / top, 1.0)))) for x, y in line]


def _calmed(line: Line) -> Line:
    """The running mean of a line."""
    x, y = np.asarray(line, np.float64).T
    half = max(1, round(WINDOW * len(x) / 2))
    means = [y[max(0, i - half) : i + half + 1].mean() for i in range(len(y))]
    return list(zip(x.tolist(), map(float, means), strict=True))


def _axes(pen: ImageDraw.ImageDraw, right: float, top: float, across: str, up: str) -> None:
    font = ImageFont.load_default(size=FINE * LETTER_PX)
    for i in range(TICKS + 1):
        part = i / TICKS
        ((x, low), (_, high)) = _placed([(part * right, 0.0), (part * right, top)], right, top)
        ((start, y), (end, _)) = _placed([(0.0, part * top), (right, part * top)], right, top)
        pen.line(((x, low), (x, high)), fill=GRID, width=FINE)
        pen.line(((start, y), (end, y)), fill=GRID, width=FINE)
        pen.text((x, low + 6 * FINE), f"{part * right:g}", font=font, fill=INK, anchor="mt")
        pen.text((start - 6 * FINE, y), f"{part * top:.3g}", font=font, fill=INK, anchor="rm")
    pen.text((FINE * (WIDTH_PX - RIGHT), FINE * (HEIGHT_PX - 6)), across, font=font, fill=INK, anchor="rd")
    pen.text((FINE * 10, FINE * 12), up, font=font, fill=INK, anchor="lt")


def _legend(pen: ImageDraw.ImageDraw, names: list[str]) -> None:
    font = ImageFont.load_default(size=FINE * LETTER_PX)
    x = float(FINE * (WIDTH_PX - RIGHT))
    for name, rgb in reversed(list(zip(names, PENS, strict=False))):
        pen.text((x, FINE * 12), name, font=font, fill=rgb, anchor="rt")
        x -= pen.textlength(name, font=font) + 20 * FINE


def _ceiling(value: float) -> float:
    """The next larger number that ticks divide well."""
    if not value > 0:
        return 1.0
    power = 10.0 ** math.floor(math.log10(value))
    return next(step * power for step in (1, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10) if step * power >= 0.999 * value)
