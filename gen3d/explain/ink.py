"""How exhibits are drawn: regions tinted, outlined and numbered, depth and signed fields in colours with their scale.

Pictures are float sRGB in [0, 1] while they are worked on, and bytes once text is written on them.
"""

from __future__ import annotations

import colorsys
import math
from typing import Any

import cv2
import numpy as np
from jaxtyping import Bool, Float, UInt8
from PIL import Image, ImageDraw, ImageFont

from gen3d.explain.preview import depth_colours, depth_span
from gen3d.formats import picture
from gen3d.geometry.edges import dilate, erode

RED, BLUE = (0.92, 0.22, 0.15), (0.15, 0.45, 0.95)
"""What stands in front, and what is hidden; also farther and nearer."""
ORANGE, MAGENTA = (1.0, 0.55, 0.1), (1.0, 0.1, 0.75)
STRIPE_PX = 4
GOLDEN = 0.61803398875
"""Steps of hue by the golden ratio never come close to each other soon."""
LIMITS = (0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0)
"""Signed fields are drawn between plus and minus one of these."""


def as_bytes(image: Float[np.ndarray, "h w 3"]) -> UInt8[np.ndarray, "h w 3"]:
    """The picture in bytes; NaN is black."""
    return picture.as_bytes(np.nan_to_num(image))


def number(value: float) -> float | None:
    """Four significant digits; None, which JSON knows, for NaN and inf."""
    return float(f"{value:.4g}") if math.isfinite(value) else None


def share(region: Bool[np.ndarray, "..."]) -> float:
    """How much of the picture a region covers."""
    return round(float(region.mean()), 5)


def colours(count: int) -> list[tuple[float, float, float]]:
    """So many colours that can be told apart."""
    return [colorsys.hsv_to_rgb(i * GOLDEN % 1, 0.85 - 0.25 * (i % 2), 1.0 - 0.2 * (i % 3 == 2)) for i in range(count)]


def paled(image: Float[np.ndarray, "h w 3"]) -> Float[np.ndarray, "h w 3"]:
    """The picture with hardly any colour, bright enough to draw on."""
    return 0.15 * image + 0.45 * image.mean(axis=2, keepdims=True) + 0.38


def darkened(image: Float[np.ndarray, "h w 3"]) -> Float[np.ndarray, "h w 3"]:
    """The picture in dark greys."""
    return np.repeat(0.4 * image.mean(axis=2, keepdims=True), 3, axis=2)


def tinted(
    image: Float[np.ndarray, "h w 3"], region: Bool[np.ndarray, "h w"], rgb: Any, strength: float = 0.55
) -> Float[np.ndarray, "h w 3"]:
    """The picture with a region mixed with a colour; strength 1 paints it over."""
    return np.where(region[..., None], (1 - strength) * image + strength * np.asarray(rgb), image)


def outlined(
    image: Float[np.ndarray, "h w 3"], region: Bool[np.ndarray, "h w"], rgb: Any
) -> Float[np.ndarray, "h w 3"]:
    """The picture with the inner rim of a region in a colour, as wide as it takes to be seen on a small copy."""
    width_px = max(1, round(min(region.shape) / 200))
    return tinted(image, region & ~erode(region, width_px), rgb, 1.0)


def striped(
    image: Float[np.ndarray, "h w 3"], region: Bool[np.ndarray, "h w"], rgb: Any
) -> Float[np.ndarray, "h w 3"]:
    """The picture with a region in slanting stripes of a colour: something is missing here, or not to be touched."""
    y, x = np.indices(region.shape)
    width_px = max(STRIPE_PX, round(min(region.shape) / 60))
    return tinted(image, region & ((x + y) // width_px % 2 == 0), rgb, 0.85)


def holed(image: Float[np.ndarray, "h w 3"], hole: Bool[np.ndarray, "h w"]) -> Float[np.ndarray, "h w 3"]:
    """The picture with a hole striped, and ringed so that the smallest can be found."""
    ring = dilate(hole, 3 + round(min(hole.shape) / 150)) & ~dilate(hole, 3)
    return tinted(striped(image, hole, MAGENTA), ring, MAGENTA, 1.0)


def dotted(
    image: Float[np.ndarray, "h w 3"], pixels: Bool[np.ndarray, "h w"], rgb: Any
) -> Float[np.ndarray, "h w 3"]:
    """The picture with single pixels in a colour, each dilated so that it can be seen."""
    return tinted(image, dilate(pixels, round(min(pixels.shape) / 300)), rgb, 1.0)


def lettered(
    picture: UInt8[np.ndarray, "h w 3"], words: list[tuple[tuple[int, int], str]], letter_px: int | None = None
) -> UInt8[np.ndarray, "h w 3"]:
    """The picture with words in white on black, each centred at a (column, row), within the frame and side by side."""
    paper = Image.fromarray(picture)
    pen, font = ImageDraw.Draw(paper), ImageFont.load_default(size=letter_px or _letter_px(picture))
    taken: list[tuple[int, int, int, int]] = []
    for (x, y), text in words:
        right, bottom = (math.ceil(side) + 2 for side in pen.textbbox((0, 0), text, font=font)[2:])
        x = min(max(x - right // 2, 0), max(picture.shape[1] - right - 1, 0))
        y = _free(x, min(max(y - bottom // 2, 0), max(picture.shape[0] - bottom - 1, 0)), right, bottom, taken)
        taken.append((x, y, x + right, y + bottom))
        pen.rectangle(taken[-1], fill=(0, 0, 0))
        pen.text((x + 1, y), text, font=font, fill=(255, 255, 255))
    return np.asarray(paper)


def _free(x: int, y: int, width: int, height: int, taken: list[tuple[int, int, int, int]]) -> int:
    """The row next to `y` where a label of this size covers none of those that are there, if there is one near."""
    for step in range(9):
        row = y + (step + 1) // 2 * (height + 1) * (-1) ** step
        if row >= 0 and not any(a < x + width and x < c and b < row + height and row < d for a, b, c, d in taken):
            return row
    return y


def _letter_px(picture: np.ndarray) -> int:
    return max(9, round(min(picture.shape[1], 1.5 * picture.shape[0]) / 36))


def depth_drawn(
    depth: Float[np.ndarray, "h w"], span: tuple[float, float] | None = None
) -> UInt8[np.ndarray, "h2 w 3"]:
    """Depth in the colours of the previews, with its scale in metres below.

    span: of inverse depth, so that several maps can be compared; by default the map's own.
    """
    low, high = span or depth_span(depth)
    ramp = depth_colours(1 / np.linspace(high, low, 256, dtype=np.float32)[None].clip(1e-9), (low, high))[0]
    near, far = (f"{1 / max(end, 1e-9):.3g} m" for end in (high, low))
    return _with_scale(depth_colours(depth, (low, high)), ramp, (near, "1 / depth", far))


def signed_drawn(
    field: Float[np.ndarray, "h w"],
    backdrop: Float[np.ndarray, "h w 3"],
    limit: float,
    words: tuple[str, str] = ("nearer", "farther"),
) -> UInt8[np.ndarray, "h2 w 3"]:
    """A signed field from blue (-limit) over white to red, its scale below; where it is NaN the backdrop, dark."""
    known = np.isfinite(field)
    picture = np.where(known[..., None], _signed(np.where(known, field, 0) / limit), darkened(backdrop))
    ramp = as_bytes(_signed(np.linspace(-1, 1, 256, dtype=np.float32)[None]))[0]
    return _with_scale(as_bytes(picture), ramp, (f"-{limit:g} {words[0]}", "0", f"{words[1]} +{limit:g}"))


def limit_of(field: Float[np.ndarray, "..."]) -> float:
    """A round number that nearly all of a field stays within."""
    known = np.abs(field[np.isfinite(field)])
    most = float(np.percentile(known, 98)) if known.size else 0.0
    return next((limit for limit in LIMITS if 1.001 * limit >= most), LIMITS[-1])


def _signed(level: np.ndarray) -> np.ndarray:
    """-1 blue, 0 white, 1 red."""
    strength = np.clip(np.abs(level), 0, 1)[..., None]
    end = np.where(level[..., None] < 0, np.asarray(BLUE), np.asarray(RED))
    return 1 - strength * (1 - end)


def _with_scale(
    picture: np.ndarray, ramp: UInt8[np.ndarray, "256 3"], words: tuple[str, str, str]
) -> UInt8[np.ndarray, "h2 w 3"]:
    """The picture over a bar of its colours, the words at the bar's ends and middle."""
    width = picture.shape[1]
    letter_px = max(9, width // 25)
    bar = cv2.resize(ramp[None], (width, max(4, letter_px // 2)), interpolation=cv2.INTER_LINEAR)
    foot = np.concatenate([bar, np.zeros((letter_px + 8, width, 3), np.uint8)])
    y = bar.shape[0] + 3 + letter_px // 2
    foot = lettered(foot, [((0, y), words[0]), ((width // 2, y), words[1]), ((width, y), words[2])], letter_px)
    return np.concatenate([picture, foot])
