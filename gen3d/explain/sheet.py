"""The contact sheet: all exhibits of a build on one page, a row or more for every step, with captions and numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import UInt8
from PIL import Image, ImageDraw, ImageFont

from gen3d.stage_table import explained, number

COLUMNS, COLUMN_PX, GAP_PX = 6, 380, 20
WIDTH_PX = COLUMNS * (COLUMN_PX + GAP_PX) + GAP_PX
TALLEST = 1.1
"""Pictures are reduced until they are no higher than this many columns are wide."""
TITLE_PX, HEADING_PX, CAPTION_PX, FIGURES_PX = 40, 30, 18, 18
PAPER, TITLE, CAPTION, FIGURES = (250, 250, 248), (20, 20, 20), (60, 60, 60), (170, 60, 10)


def contact_sheet(
    folder: Path, figures: Mapping[str, Mapping[str, Any]], title: str, headings: Mapping[str, str] | None = None
) -> UInt8[np.ndarray, "h w 3"]:
    """All exhibits of a folder, in order; figures: exhibit's name -> its caption and numbers.

    headings: by the first two characters of the exhibits' names; None: those of the stages.
    """
    headings = _headings() if headings is None else headings
    parts: list[Image.Image] = [_words([(title, TITLE_PX, TITLE)], WIDTH_PX - 2 * GAP_PX)]
    for heading, names in groupby(sorted(figures), key=lambda name: headings.get(name[:2], "")):
        if heading:
            parts.append(_words([(heading, HEADING_PX, TITLE)], WIDTH_PX - 2 * GAP_PX))
        cards = [_card(folder / f"{name}.png", figures[name]) for name in names]
        parts += [_row(cards[i : i + COLUMNS]) for i in range(0, len(cards), COLUMNS)]
    return _below_each_other(parts)


def _headings() -> dict[str, str]:
    return {f"{number(row.name):02d}": f"{number(row.name)}  {row.heading}" for row in explained()}


def _below_each_other(parts: Sequence[Image.Image]) -> np.ndarray:
    sheet = Image.new("RGB", (WIDTH_PX, sum(p.height + GAP_PX for p in parts) + GAP_PX), PAPER)
    y = GAP_PX
    for part in parts:
        sheet.paste(part, (GAP_PX, y))
        y += part.height + GAP_PX
    return np.asarray(sheet)


def _row(cards: Sequence[Image.Image]) -> Image.Image:
    row = Image.new("RGB", (WIDTH_PX - 2 * GAP_PX, max(card.height for card in cards)), PAPER)
    for i, card in enumerate(cards):
        row.paste(card, (i * (COLUMN_PX + GAP_PX), 0))
    return row


def _card(file: Path, entry: Mapping[str, Any]) -> Image.Image:
    """A picture, small, over its caption and its numbers; lists of numbers are left to figures.json."""
    with Image.open(file) as picture:
        scale = min(COLUMN_PX / picture.width, TALLEST * COLUMN_PX / picture.height)
        size = max(1, round(picture.width * scale)), max(1, round(picture.height * scale))
        small = picture.convert("RGB").resize(size, Image.Resampling.BOX if scale < 1 else Image.Resampling.NEAREST)
    lines = [(entry["caption"], CAPTION_PX, CAPTION), (_told(entry), FIGURES_PX, FIGURES)]
    words = _words(lines, COLUMN_PX)
    card = Image.new("RGB", (COLUMN_PX, small.height + 8 + words.height), PAPER)
    card.paste(small, (0, 0))
    card.paste(words, (0, small.height + 8))
    return card


def _told(entry: Mapping[str, Any]) -> str:
    """The single numbers of an entry."""
    return ",  ".join(
        f"{key.replace('_', ' ')} {value:,}".replace(",", " ") if isinstance(value, int) else
        f"{key.replace('_', ' ')} {value:.3g}"
        for key, value in entry.items()
        if isinstance(value, int | float)
    )  # fmt: skip


def _words(lines: Sequence[tuple[str, int, tuple[int, int, int]]], width_px: int) -> Image.Image:
    """Paragraphs of (text, letter height, colour), broken to a width."""
    laid, y = [], 0
    for text, letter_px, rgb in lines:
        font = ImageFont.load_default(size=letter_px)
        for line in _broken(text, font, width_px):
            laid.append((y, line, font, rgb))
            y += round(1.3 * letter_px)
    paper = Image.new("RGB", (width_px, max(y, 1)), PAPER)
    pen = ImageDraw.Draw(paper)
    for y, line, font, rgb in laid:
        pen.text((0, y), line, font=font, fill=rgb)
    return paper


def _broken(text: str, font: Any, width_px: int) -> list[str]:
    lines = [""]
    for word in text.split(" "):
        longer = f"{lines[-1]} {word}".strip()
        if font.getlength(longer) <= width_px or not lines[-1]:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines if text else []
