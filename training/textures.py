"""Surface colours: sRGB tiles (256, 256, 3) in [0, 1] that repeat without a seam; each is a function of a generator.

A tile is painted when it is first looked at, since most bodies of a world are never seen; what it will look like is
settled by a seed drawn when it is asked for.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps

import cv2
import numpy as np

from training.noise import TILE_PX, tile


class Texture:
    """A tile to be painted on demand; numpy takes it as an array."""

    def __init__(self, paint: Callable[[], np.ndarray]):
        self._paint, self._tile = paint, None

    def __array__(self, dtype=None, copy=None) -> np.ndarray:
        if self._tile is None:
            self._tile = np.asarray(self._paint(), np.float32)
        return np.array(self._tile, dtype, copy=bool(copy)) if copy else np.asarray(self._tile, dtype)


def on_demand(paint: Callable[..., np.ndarray]) -> Callable[..., Texture]:
    """Makes a painting function one that answers at once."""

    @wraps(paint)
    def settled(rng: np.random.Generator, *args: str) -> Texture:
        seed = int(rng.integers(2**63))
        return Texture(lambda: paint(np.random.default_rng(seed), *args))

    return settled


NATURE = {
    "grass": ((40, 70, 20), (110, 140, 60)), "meadow": ((70, 90, 30), (150, 160, 80)),
    "hay": ((120, 100, 40), (215, 190, 110)), "dirt": ((70, 50, 30), (160, 130, 90)),
    "sand": ((170, 140, 90), (230, 205, 150)), "red_sand": ((130, 70, 40), (210, 140, 90)),
    "asphalt": ((50, 50, 52), (120, 120, 122)), "concrete": ((110, 108, 104), (190, 188, 182)),
    "snow": ((190, 200, 215), (250, 250, 255)), "rock": ((70, 65, 60), (170, 160, 150)),
    "dark_rock": ((35, 35, 40), (110, 108, 105)), "red_rock": ((95, 50, 35), (205, 135, 95)),
    "leaf": ((20, 50, 15), (100, 150, 50)), "dark_leaf": ((10, 30, 15), (60, 95, 50)),
    "fresh_leaf": ((70, 120, 25), (170, 200, 80)), "autumn": ((110, 50, 15), (220, 150, 40)),
    "blossom": ((200, 120, 140), (250, 215, 225)), "water": ((20, 50, 70), (100, 150, 170)),
    "bark": ((45, 35, 25), (130, 110, 90)), "wood": ((70, 40, 20), (170, 110, 60)),
    "pale_wood": ((150, 115, 75), (220, 185, 140)), "plaster": ((190, 180, 165), (245, 240, 230)),
    "fur": ((60, 40, 25), (180, 140, 100)), "pale_fur": ((150, 140, 125), (240, 235, 225)),
    "dark_fur": ((15, 13, 12), (80, 72, 65)), "skin": ((150, 95, 75), (235, 190, 165)),
    "metal": ((90, 92, 95), (180, 182, 186)), "clay": ((120, 60, 35), (200, 120, 80)),
}  # fmt: skip
GREENS = ("leaf", "dark_leaf", "fresh_leaf", "grass", "meadow")


def colour(rng: np.random.Generator, vivid: float | None = None) -> np.ndarray:
    """Any colour, (3,); vivid: its saturation in [0, 1], None: mostly muted."""
    saturation = rng.random() ** 1.5 * 0.8 if vivid is None else vivid
    hsv = np.float32([[[rng.random() * 360, saturation, rng.uniform(0.15, 0.98)]]])
    return cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB)[0, 0]


def ramp(tones: np.ndarray, dark, light) -> np.ndarray:
    """Tones in [0, 1] between two colours."""
    dark, light = np.asarray(dark, np.float32), np.asarray(light, np.float32)
    return dark + (light - dark) * tones[..., None]


@on_demand
def natural(rng: np.random.Generator, name: str) -> np.ndarray:
    """What grows or lies about, by its row in NATURE: two scales of tones, a slightly random hue."""
    dark, light = np.array(NATURE[name]) / 255.0
    tones = tile(rng) + 0.5 * (tile(rng, 0.1) - 0.5) * rng.random()
    tones = np.clip((tones - 0.5) * rng.uniform(1.2, 2.8) + 0.5, 0, 1)
    return np.clip(ramp(tones, dark, light) * (1 + 0.12 * (rng.random(3) - 0.5)), 0, 1).astype(np.float32)


def of(*names: str) -> Callable[[np.random.Generator], Texture]:
    """A texture function that takes one of these from NATURE."""
    return lambda rng: natural(rng, str(rng.choice(names)))


@on_demand
def flat(rng: np.random.Generator) -> np.ndarray:
    """One colour with a little wear."""
    return (colour(rng) * (0.92 + 0.16 * tile(rng))[..., None]).astype(np.float32)


def _cells() -> tuple[np.ndarray, np.ndarray]:
    v, u = np.mgrid[:TILE_PX, :TILE_PX] / TILE_PX
    return u, v


@on_demand
def bricks(rng: np.random.Generator) -> np.ndarray:
    """Courses of bricks or blocks in mortar."""
    rows, columns = 2 * rng.integers(2, 13), rng.integers(2, 13)
    (u, v), stone = _cells(), colour(rng) if rng.random() < 0.5 else np.array((0.55, 0.3, 0.22)) * rng.uniform(0.6, 1.3)
    row = np.floor(v * rows).astype(int)
    along = u * columns + 0.5 * (row % 2) * (rng.random() < 0.8)
    joint = (np.abs(along % 1 - 0.5) > 0.46) | (np.abs(v * rows % 1 - 0.5) > 0.42)
    tone = rng.random((rows, columns))[row % rows, np.floor(along).astype(int) % columns]
    body = stone * (0.7 + 0.55 * tone * rng.uniform(0.3, 1.0))[..., None]
    return _worn(rng, np.where(joint[..., None], colour(rng, 0.1), body))


def _worn(rng: np.random.Generator, texture: np.ndarray, much: float = 0.3) -> np.ndarray:
    """A texture with uneven light and dirt."""
    return np.clip(texture * (1 - much / 2 + much * tile(rng, 0.6))[..., None], 0, 1).astype(np.float32)


@on_demand
def facade(rng: np.random.Generator) -> np.ndarray:
    """A wall with rows of windows."""
    rows, columns = rng.integers(2, 9), rng.integers(2, 9)
    (u, v), wall = _cells(), colour(rng, rng.random() * 0.4)
    texture = np.array(bricks(rng)) if rng.random() < 0.25 else wall * (0.85 + 0.3 * tile(rng, 0.5))[..., None]
    wide, high = rng.uniform(0.3, 0.75), rng.uniform(0.35, 0.8)
    du, dv = np.abs(u * columns % 1 - 0.5), np.abs(v * rows % 1 - 0.5)
    pane = (du < wide / 2) & (dv < high / 2)
    frame = (du < wide / 2 + 0.06) & (dv < high / 2 + 0.06) & ~pane
    sill = (dv > high / 2) & (v * rows % 1 > 0.5) & (dv < high / 2 + 0.1) & (du < wide / 2 + 0.12)
    tone = rng.random((rows, columns))[(v * rows).astype(int), (u * columns).astype(int)]
    cross = ((du < 0.02) | (dv < 0.015)) & (rng.random() < 0.6)
    glass = np.array((0.25, 0.32, 0.4)) * rng.uniform(0.3, 1.5) * (0.4 + 0.9 * tone[..., None])
    texture = np.where((frame | sill)[..., None], colour(rng, 0.1), texture)
    return _worn(rng, np.where(pane[..., None], np.where(cross[..., None], colour(rng, 0.1), glass), texture), 0.15)


@on_demand
def planks(rng: np.random.Generator) -> np.ndarray:
    """Boards with grain."""
    name = str(rng.choice(["wood", "pale_wood", "bark"]))
    boards = rng.integers(4, 15)
    u, v = _cells()
    grain = cv2.GaussianBlur(np.asarray(natural(rng, name)), (0, 0), sigmaX=0.6, sigmaY=5)
    tone = 0.7 + 0.55 * rng.random(boards)[(u * boards).astype(int)]
    gap = (u * boards % 1 < 0.05) | ((v + rng.random(boards)[(u * boards).astype(int)]) % 1 < 0.012)
    texture = np.where(gap[..., None], grain * 0.4, grain * tone[..., None])
    return np.clip(texture.transpose(1, 0, 2) if rng.random() < 0.5 else texture, 0, 1).astype(np.float32)


@on_demand
def stripes(rng: np.random.Generator) -> np.ndarray:
    """Stripes, or a plaid of two directions."""
    u, v = _cells()
    waves = np.sin(2 * np.pi * rng.integers(2, 20) * (u if rng.random() < 0.5 else v))
    if rng.random() < 0.4:
        waves = waves + np.sin(2 * np.pi * rng.integers(2, 20) * (v if rng.random() < 0.5 else u))
    return _worn(rng, np.where((waves > rng.uniform(-0.6, 0.6))[..., None], colour(rng), colour(rng)), 0.1)


@on_demand
def tiles(rng: np.random.Generator) -> np.ndarray:
    """Square tiles with joints, plain or chequered."""
    count, (u, v) = 2 * rng.integers(2, 9), _cells()
    row, column = np.floor(v * count).astype(int), np.floor(u * count).astype(int)
    other = ((row + column) % 2).astype(bool)[..., None] & (rng.random() < 0.4)
    tone = (0.9 + 0.15 * rng.random((count, count)))[row, column][..., None]
    joint = (u * count % 1 < 0.05) | (v * count % 1 < 0.05)
    body = np.where(other, colour(rng, 0.2), colour(rng, 0.2)) * tone
    return _worn(rng, np.where(joint[..., None], colour(rng, 0.05), body))


@on_demand
def shingles(rng: np.random.Generator) -> np.ndarray:
    """Roof tiles: rows of rounded scales, dark at their upper end."""
    rows, columns, (u, v) = 2 * rng.integers(4, 13), rng.integers(6, 20), _cells()
    row = np.floor(v * rows).astype(int)
    along = u * columns + 0.5 * (row % 2)
    round_end = np.sqrt(np.maximum(0, 1 - (2 * (along % 1) - 1) ** 2))
    shade = 0.45 + 0.55 * (v * rows % 1) * (0.6 + 0.4 * round_end)
    tone = 0.75 + 0.4 * rng.random((rows, columns))[row % rows, np.floor(along).astype(int) % columns]
    base = colour(rng, 0.15) if rng.random() < 0.4 else np.array((0.55, 0.28, 0.18)) * rng.uniform(0.5, 1.4)
    return _worn(rng, base * (shade * tone)[..., None])


@on_demand
def pebbles(rng: np.random.Generator) -> np.ndarray:
    """Cobbles, pebbles or cracked mud: cells around random seeds (Worley 1996)."""
    n = rng.integers(20, 160)
    seeds = rng.random((n, 2)) * TILE_PX
    around = (seeds[None] + np.array([[i, j] for i in (-1, 0, 1) for j in (-1, 0, 1)])[:, None] * TILE_PX).reshape(
        -1, 2
    )
    inside = ((around > -40) & (around < TILE_PX + 40)).all(1)
    spots = np.full((TILE_PX + 80, TILE_PX + 80), 255, np.uint8)
    at = np.round(around[inside]).astype(int) + 40
    spots[np.clip(at[:, 1], 0, TILE_PX + 79), np.clip(at[:, 0], 0, TILE_PX + 79)] = 0
    distance, label = cv2.distanceTransformWithLabels(spots, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_CCOMP)
    distance, label = distance[40:-40, 40:-40], label[40:-40, 40:-40]
    tone = rng.random(label.max() + 1)[label] * 0.5 + 0.6
    radius = 0.55 * TILE_PX / np.sqrt(n)
    body = (
        colour(rng, rng.random() * 0.25) * (tone * np.clip(1.25 - (distance / radius) ** 2 * 0.8, 0.25, 1))[..., None]
    )
    return _worn(rng, body)


@on_demand
def fabric(rng: np.random.Generator) -> np.ndarray:
    """Woven or printed cloth: dots, flowers or a weave on one colour."""
    (u, v), base, print_ = _cells(), colour(rng), colour(rng)
    k = rng.integers(3, 16)
    du, dv = (u * k + 0.5 * (np.floor(v * k) % 2)) % 1 - 0.5, v * k % 1 - 0.5
    petals = rng.choice([0, 0, 5, 6])
    reach = rng.uniform(0.15, 0.4) * (1 + 0.4 * np.cos(petals * np.arctan2(dv, du)) * (petals > 0))
    dots = (np.hypot(du, dv) < reach)[..., None] & (rng.random() < 0.7)
    weave = 0.9 + 0.1 * np.sin(u * 2 * np.pi * 64) * np.sin(v * 2 * np.pi * 64)
    return _worn(rng, np.where(dots, print_, base) * weave[..., None], 0.2)


@on_demand
def marble(rng: np.random.Generator) -> np.ndarray:
    """Stone with veins."""
    veins = np.abs(tile(rng, 0.7) - 0.5) * rng.uniform(6, 14)
    return _worn(rng, ramp(np.clip(veins, 0, 1) ** 0.4, colour(rng, 0.25) * 0.7, colour(rng, 0.1) * 0.4 + 0.55), 0.15)


@on_demand
def poster(rng: np.random.Generator) -> np.ndarray:
    """A printed thing: blocks of colour, a disc, lines as of writing."""
    sheet = np.ones((TILE_PX, TILE_PX, 3), np.float32) * colour(rng)
    for _ in range(rng.integers(1, 6)):
        x, y, w, h = (rng.random(4) * TILE_PX).astype(int)
        paint = tuple(float(c) for c in colour(rng))
        if rng.random() < 0.6:
            cv2.rectangle(sheet, (x, y), (x + w // 2, y + h // 2), paint, -1)
        else:
            cv2.circle(sheet, (x, y), w // 4, paint, -1)
    ink, size = tuple(float(c) for c in colour(rng, 0.1)), rng.integers(2, 12)
    for y in range(rng.integers(10, 120), rng.integers(120, 250), 3 * size):
        words = np.cumsum(rng.integers(size, 6 * size, 12)) + rng.integers(0, 30)
        for start, end in zip(words[::2], words[1::2] - size, strict=True):
            cv2.rectangle(sheet, (int(start), y), (int(min(end, TILE_PX)), y + size), ink, -1)
    return _worn(rng, sheet, 0.1)


@on_demand
def fur(rng: np.random.Generator) -> np.ndarray:
    """A coat: streaks, at times spotted."""
    coats = of("fur", "pale_fur", "dark_fur")
    coat = cv2.GaussianBlur(np.asarray(coats(rng)), (0, 0), sigmaX=0.5, sigmaY=3)
    if rng.random() < 0.35:
        spots = tile(rng, 0.8) > rng.uniform(0.45, 0.65)
        coat = np.where(spots[..., None], cv2.GaussianBlur(np.asarray(coats(rng)), (0, 0), 2), coat)
    return coat


GROUND = of("grass", "meadow", "hay", "dirt", "sand", "asphalt", "concrete", "snow", "rock", "red_sand")
MADE = (bricks, planks, stripes, tiles, fabric, marble, poster, flat, flat, pebbles)


def any_made(rng: np.random.Generator) -> Texture:
    """The surface of some made thing."""
    return MADE[rng.integers(len(MADE))](rng)


def anything(rng: np.random.Generator) -> Texture:
    """Any surface at all."""
    return any_made(rng) if rng.random() < 0.7 else natural(rng, str(rng.choice(list(NATURE))))
