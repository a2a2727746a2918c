"""Borders around a picture that are none of what it shows: bars, margins of a scan, what rectifying left empty.

A border differs from a wall, a sky or snow in how it ends: everywhere along a side at once. So along each side it is
measured how far in the border's colour goes, column by column, and a smooth curve is laid through what was found: a
straight line, of bars and of crooked scans, or a parabola, of what a lens model bent. It is a border if most columns
end on the curve, with a step. What is dark, white or empty by itself ends in as many places as it has columns.

What is left is the largest upright rectangle without any of it, so that a lens and a depth map stay as simple as they
were: the principal point moves, and the same rectangle is cut from the depth.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Bool, Float, Int, Num, UInt8

from gen3d.geometry.resample import reduce_picture

LOOK_PX = 768
"""Longer side of the picture in which borders are looked for. Chosen by eye."""
EXACT, SMEARED, NOISY = 4, 8, 16
"""Levels of 255 that a border may vary by: drawn by a program, kept as JPEG, or scanned. Chosen by eye."""
BLOCK_PX = 16
"""What is smeared into a border ends with JPEG's block, colours being kept at half the size. By definition."""
EVEN = 0.98
"""So many pixels of a border are as they were drawn, beyond that. Chosen by eye."""
ON_CURVE, ON_CURVE_PX = 0.8, 1.6
"""So many columns end on the curve, within so many pixels. Chosen by eye."""
STRAIGHT_STEP, CURVED_STEP = 3.0, 12.0
"""Levels that the picture changes by across the edge of the border, in the median. Chosen by eye."""
EDGE_PX = 2
"""Its edge is looked at from so far outside to as far inside: light falls off more slowly. Chosen by eye."""
EMPTY = 1.0
"""Levels that a border whose edge is weak may vary by, in the median. Chosen by eye."""
CORNER_PX = 3
"""An end of a side, whose colour is looked at. Chosen by eye."""
DEEPEST, NARROW = 0.45, 0.08
"""Of the picture's size: the most that a border may take on a side, and what passes for one without another opposite.
Chosen by eye."""
NEAR_CURVE_PX = 4
"""What ends so near to the curve belongs to the border too. Chosen by eye."""
MORE = 0.02
"""A curve of a higher degree is taken where it goes through more columns by this share. Chosen by eye."""
LEAST_TOUCHED = 0.2
"""A border lies along so much of its side: a lens may bend it away from the rest. Chosen by eye."""
MOST_TOUCHED = 0.5
"""A slanted one without another opposite lies along so much of its side. Chosen by eye."""
SLANT = 0.06
"""The most that a border's depth may change along its side, as a share of the side. Chosen by eye."""
ALIKE = 24
"""Levels that the borders of opposite sides may differ by. Chosen by eye."""
LEAST_KEPT, LEAST_PX = 0.75, 48
"""Of what is no border a rectangle must keep so much, and so many pixels a side. Chosen by eye."""
LEAST_FRAMED = 0.4
"""What a border lies around on all its sides takes up so much of the picture; else it is a thing on a plain ground.
Chosen by eye."""
NESTED = 3
"""So many borders may lie inside of each other, as a mount and the film's edge. Chosen by eye."""
WHITE, BLACK = 247, 8
"""Levels from and up to which a colour is called so. Chosen by eye."""
_ROUNDS = 3
"""A curve is laid again without the columns that lie off it. Chosen by eye."""
SIDES = ("top", "bottom", "left", "right")


@dataclass(frozen=True, slots=True)
class Border:
    """What is to be cut away, in pixels of the picture it was found in."""

    left: int
    top: int
    width: int
    """Of what is left."""
    height: int
    colour: tuple[int, int, int]
    """sRGB, of the outermost."""

    @property
    def called(self) -> str:
        """Its colour in a word."""
        if min(self.colour) >= WHITE:
            return "white"
        return "black" if max(self.colour) <= BLACK else "plain"

    def cut(self, image: Num[np.ndarray, "h w *c"]) -> Num[np.ndarray, "h2 w2 *c"]:
        """The picture, or its depth, without the border."""
        return image[self.top : self.top + self.height, self.left : self.left + self.width]


@dataclass(frozen=True, eq=False, slots=True)
class _Side:
    """A border along one side, seen with that side on top."""

    curve: Float[np.ndarray, "w"]
    """How far in it reaches, column by column."""
    colour: Float[np.ndarray, "3"]
    even: bool
    """Whether a program made it: of one colour, but for what JPEG smears into it."""
    sharp: bool
    """Whether it needs no border opposite: even, straight or along most of the side, and plainly another than what
    follows."""


def find_border(image: Float[np.ndarray, "h w 3"]) -> Border | None:
    """The border around a picture, None where there is none."""
    height, width, _ = image.shape
    small = np.rint(255 * np.clip(reduce_picture(image, LOOK_PX), 0, 1)).astype(np.uint8)
    whole = box = (0, 0, small.shape[1], small.shape[0])
    colour = None
    for _ in range(NESTED):
        left, top, w, h = box
        found = _found(small[top : top + h, left : left + w])
        if found is None:
            break
        (x, y, w, h), outermost = found
        box, colour = (left + x, top + y, w, h), colour or outermost
    if colour is None:
        return None
    return _at_size(box, whole, width, height, colour)


def _at_size(
    box: tuple[int, ...], whole: tuple[int, ...], width: int, height: int, colour: tuple[int, int, int]
) -> Border:
    """The box in pixels of the picture itself; where that is larger, what is mixed with the border goes, too."""
    (left, top, w, h), (_, _, all_w, all_h) = box, whole
    x, y = width / all_w, height / all_h
    mixed = int(np.ceil(max(x, y))) - 1
    x0, y0 = (int(np.ceil(at * scale)) + mixed * (at > 0) for at, scale in ((left, x), (top, y)))
    x1, y1 = (
        int(np.floor(end * scale)) - mixed * (end < last)
        for end, scale, last in ((left + w, x, all_w), (top + h, y, all_h))
    )
    return Border(x0, y0, x1 - x0, y1 - y0, colour)


def _found(picture: UInt8[np.ndarray, "h w 3"]) -> tuple[tuple[int, int, int, int], tuple[int, int, int]] | None:
    """What is left of a picture (left, top, width, height) without its outermost border, and that one's colour."""
    found = [_sides(picture, tolerance) for tolerance in (EXACT, SMEARED, NOISY)]
    sides = max((s for s in found if _belong_together(s, picture.shape[:2])), key=len, default=None)
    if sides is None:
        return None
    border = _covered(sides, picture.shape[:2])
    left, top, width, height = _clear_box(border)
    if width * height < LEAST_KEPT * (~border).sum() or min(width, height) < LEAST_PX or width * height == border.size:
        return None
    if width < border.shape[1] and height < border.shape[0] and width * height < LEAST_FRAMED * border.size:
        return None
    red, green, blue = (round(float(c)) for c in next(iter(sides.values())).colour)
    return (left, top, width, height), (red, green, blue)


def _sides(picture: UInt8[np.ndarray, "h w 3"], tolerance: int) -> dict[str, _Side]:
    """The sides along which there is a border."""
    smooth = cv2.medianBlur(picture, 3) if tolerance > EXACT else picture
    upright = {
        "top": smooth, "bottom": smooth[::-1], "left": smooth.swapaxes(0, 1), "right": smooth[:, ::-1].swapaxes(0, 1),
    }  # fmt: skip
    found = {name: _side(turned, tolerance) for name, turned in upright.items()}
    return {name: side for name, side in found.items() if side is not None}


def _side(picture: UInt8[np.ndarray, "h w 3"], tolerance: int) -> _Side | None:
    """The border along the top, None where there is none."""
    for colour in _colours(picture[0]):
        if _alike(picture[0], colour, tolerance).mean() < LEAST_TOUCHED:
            continue
        depth = _runs(picture, colour, tolerance)
        side = _curved(picture, depth, colour, tolerance)
        if side is not None:
            return side
    return None


def _colours(edge: UInt8[np.ndarray, "w 3"]) -> list[Int[np.ndarray, "3"]]:
    """What a border along this edge could be coloured: as most of it, or as an end, where lenses bend it away."""
    medians = [np.median(part, axis=0).astype(np.int16) for part in (edge, edge[:CORNER_PX], edge[-CORNER_PX:])]
    return [colour for n, colour in enumerate(medians) if not any((colour == m).all() for m in medians[:n])]


def _alike(
    pixels: UInt8[np.ndarray, "*n 3"], colour: Int[np.ndarray, "3"], tolerance: int
) -> Bool[np.ndarray, "*n"]:
    return _within(pixels, *_levels(colour, tolerance))


def _levels(colour: Int[np.ndarray, "3"], tolerance: int) -> UInt8[np.ndarray, "2 3"]:
    """The lowest and the highest that count as the colour."""
    return np.clip([colour - tolerance, colour + tolerance], 0, 255).astype(np.uint8)


def _within(
    pixels: UInt8[np.ndarray, "*n 3"], low: UInt8[np.ndarray, "3"], high: UInt8[np.ndarray, "3"]
) -> Bool[np.ndarray, "*n"]:
    return ((pixels >= low) & (pixels <= high)).all(-1)


def _runs(picture: UInt8[np.ndarray, "h w 3"], colour: Int[np.ndarray, "3"], tolerance: int) -> Int[np.ndarray, "w"]:
    """How many pixels of each column are alike from the top on; of most pictures a few rows are looked at."""
    low, high = _levels(colour, tolerance)
    runs, on = np.zeros(picture.shape[1], np.int64), np.ones(picture.shape[1], bool)
    for row in picture:
        on &= _within(row, low, high)
        if not on.any():
            break
        runs += on
    return runs


def _curved(
    picture: UInt8[np.ndarray, "h w 3"], depth: Int[np.ndarray, "w"], colour: Int[np.ndarray, "3"], tolerance: int
) -> _Side | None:
    """The curve that most columns end on, None where they end on none.

    A parabola goes through no fewer than a line, so one that bends has to go through clearly more.
    """
    inside = depth < len(picture) * (1 - DEEPEST)  # the others lie in a border at the left or right, or in no border
    if inside.sum() < max(LEAST_PX, (1 - 2 * DEEPEST) * len(inside)):
        return None
    curves = [_fitted(depth, inside, degree) for degree in (0, 1, 2)]
    hits = [int((inside & (np.abs(depth - curve) <= ON_CURVE_PX)).sum()) for curve in curves]
    degree = next(d for d in range(3) if hits[d] >= (1 - MORE) * max(hits))
    curve, drawn = curves[degree], degree == 0 and tolerance == EXACT
    on = inside & (np.abs(depth - curve) <= ON_CURVE_PX)
    touched, reached = on & (depth > 0), inside & (curve > 0)
    if on.sum() < ON_CURVE * inside.sum() or touched.sum() < ON_CURVE * reached.sum():
        return None
    if touched.sum() < LEAST_TOUCHED * inside.sum() or curve.max() > DEEPEST * len(picture):
        return None
    if np.ptp(curve) > SLANT * len(inside):
        return None
    step, empty = _edge(picture, depth, colour, touched)
    if step < (STRAIGHT_STEP if drawn and empty <= EMPTY else CURVED_STEP):
        return None
    reach = np.where(inside & (np.abs(depth - curve) <= NEAR_CURVE_PX), np.maximum(curve, depth), curve)
    even = tolerance == EXACT or _is_even(picture, curve, colour)
    along = degree == 0 or (tolerance == EXACT and empty <= EMPTY and touched.sum() >= MOST_TOUCHED * inside.sum())
    return _Side(reach, colour.astype(np.float64), even, even and along and step >= CURVED_STEP)


def _is_even(
    picture: UInt8[np.ndarray, "h w 3"], curve: Float[np.ndarray, "w"], colour: Int[np.ndarray, "3"]
) -> bool:
    """Whether hardly a pixel of the border differs from its colour, farther than a block from where it ends."""
    beyond = np.arange(len(picture))[:, None] < curve - BLOCK_PX
    return bool(beyond.any() and _alike(picture[beyond], colour, round(EMPTY)).mean() >= EVEN)


def _fitted(depth: Int[np.ndarray, "w"], inside: Bool[np.ndarray, "w"], degree: int) -> Float[np.ndarray, "w"]:
    """A polynomial through the depths above 0, laid again without those that lie off it."""
    x = np.linspace(-1, 1, len(depth))
    use = inside & (depth > 0)
    curve = np.full(len(depth), float(np.median(depth[use])) if use.any() else 0.0)
    for _ in range(_ROUNDS if degree else 0):
        if use.sum() <= 2 * (degree + 1):
            break
        curve = np.polynomial.Polynomial.fit(x[use], depth[use], degree, domain=[-1, 1])(x)
        off = np.abs(depth - curve)
        near = off <= max(ON_CURVE_PX, 2 * float(np.median(off[use])))
        use = inside & (depth > 0) & near
    return np.maximum(curve, 0)


def _edge(
    picture: UInt8[np.ndarray, "h w 3"], depth: Int[np.ndarray, "w"], colour: Int[np.ndarray, "3"],
    touched: Bool[np.ndarray, "w"],
) -> tuple[float, float]:  # fmt: skip
    """How much the picture changes across the border's end, and how much the border varies before it: levels of 255.

    The medians over columns.
    """
    columns = np.flatnonzero(touched)
    ends, outside = depth[columns], np.maximum(depth[columns] - EDGE_PX, 0)
    inside = np.minimum(ends + EDGE_PX, len(picture) - 1)
    a, last, b = (picture[rows, columns].astype(np.int16) for rows in (outside, ends - 1, inside))
    return float(np.median(np.abs(b - a).max(-1))), float(np.median(np.abs(last - colour).max(-1)))


def _belong_together(sides: dict[str, _Side], shape: tuple[int, int]) -> bool:
    """Whether these sides make a border: opposite ones alike, or a narrow one that a program drew in black or white.

    Two opposite ones that are uneven may be what stands left and right of a door.
    """
    if not sides:
        return False
    pairs = [(a, b) for a, b in (("top", "bottom"), ("left", "right")) if a in sides and b in sides]
    alike = [np.abs(sides[a].colour - sides[b].colour).max() <= ALIKE for a, b in pairs]
    if any(alike) and (len(sides) >= 3 or all(side.even for side in sides.values())):
        return True
    return all(side.sharp and _is_plain(side) and _is_narrow(name, side, shape) for name, side in sides.items())


def _is_plain(side: _Side) -> bool:
    return bool(side.colour.min() >= WHITE or side.colour.max() <= BLACK)


def _is_narrow(name: str, side: _Side, shape: tuple[int, int]) -> bool:
    return bool(side.curve.max() <= NARROW * shape[name in ("left", "right")])


def _covered(sides: dict[str, _Side], shape: tuple[int, int]) -> Bool[np.ndarray, "h w"]:
    """The pixels of the border, and the one beside it, in which both are mixed."""
    border = np.zeros(shape, bool)
    upright = {
        "top": border, "bottom": border[::-1], "left": border.swapaxes(0, 1), "right": border[:, ::-1].swapaxes(0, 1),
    }  # fmt: skip
    for name, side in sides.items():
        turned = upright[name]
        reach = np.where(side.curve > 0, np.ceil(side.curve) + 1, 0)
        turned |= np.arange(len(turned))[:, None] < reach
    return border


def _clear_box(border: Bool[np.ndarray, "h w"]) -> tuple[int, int, int, int]:
    """Left, top, width, height of a rectangle without any of it: its worst side is cut by a row until none is left."""
    top, bottom, left, right = 0, border.shape[0], 0, border.shape[1]
    while bottom - top > 1 and right - left > 1:
        inner = border[top:bottom, left:right]
        shares = [edge.mean() for edge in (inner[0], inner[-1], inner[:, 0], inner[:, -1])]
        worst = int(np.argmax(shares))
        if shares[worst] == 0:
            break
        top, bottom, left, right = (
            top + (worst == 0), bottom - (worst == 1), left + (worst == 2), right - (worst == 3),
        )  # fmt: skip
    return left, top, right - left, bottom - top
