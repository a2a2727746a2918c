"""Pictures of surfaces, made of noise: h w 3, sRGB in [0, 1], and each goes on where it ends."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float
from scipy.spatial import cKDTree

Picture = Float[np.ndarray, "h w 3"]
Colour = Sequence[float]


def noise(size: int, rng: np.random.Generator, slope: float = 1.6, stretch: float = 1.0) -> Float[np.ndarray, "h w"]:
    """Periodic noise, mean 0, deviation 1; slope: how much smoother than white; stretch: longer along the rows."""
    fy, fx = np.fft.fftfreq(size)[:, None], np.fft.fftfreq(size)[None] * stretch
    strength = np.hypot(fx, fy)
    strength[0, 0] = np.inf
    field = np.fft.ifft2(np.fft.fft2(rng.normal(size=(size, size))) / strength**slope).real
    return field / field.std()


def tinted(colour: Colour, *fields: tuple[float, np.ndarray]) -> Picture:
    """A colour made lighter and darker by fields, each with its share."""
    light = 1 + sum(share * field for share, field in fields)
    return np.clip(np.asarray(colour) * np.asarray(light)[..., None], 0, 1)


def mixed(a: Picture | Colour, b: Picture | Colour, share: np.ndarray) -> Picture:
    """The second over the first."""
    share = np.clip(share, 0, 1)[..., None]
    return (1 - share) * np.asarray(a) + share * np.asarray(b)


def plaster(colour: Colour, rng: np.random.Generator, strength: float = 0.04, size: int = 512) -> Picture:
    """A wall that was painted by hand."""
    return tinted(colour, (strength, noise(size, rng, 1.2)), (0.5 * strength, noise(size, rng, 0.3)))


def cloth(colour: Colour, rng: np.random.Generator, size: int = 512, threads: int = 128) -> Picture:
    """A woven one."""
    v, u = np.mgrid[:size, :size] * (2 * np.pi * threads / size)
    return tinted(colour, (0.05, np.sin(u)), (0.05, np.sin(v)), (0.06, noise(size, rng, 0.9)))


def checks(a: Colour, b: Colour, rng: np.random.Generator, squares: int = 8, size: int = 512) -> Picture:
    """Woven checks."""
    at = np.arange(size) * squares // size % 2
    share = (at[:, None] + at[None]) / 2
    return mixed(cloth(a, rng, size), cloth(b, rng, size), share)


def wood(colour: Colour, rng: np.random.Generator, size: int = 512) -> Picture:
    """With its grain along the rows."""
    grain = noise(size, rng, 1.3, 14)
    return tinted(colour, (0.13, np.sin(6 * grain)), (0.08, noise(size, rng, 0.8, 30)), (0.06, noise(size, rng, 1.5)))


def planks(colour: Colour, rng: np.random.Generator, boards: int = 8, size: int = 1024) -> Picture:
    """Boards along the rows, each cut somewhere."""
    picture, width = wood(colour, rng, size), size // boards
    for i in range(boards):
        rows, cut = slice(i * width, (i + 1) * width), rng.integers(size)
        shade = rng.uniform(0.75, 1.15, 2)
        board = np.roll(picture[rows], rng.integers(size), axis=1)
        board = np.roll(
            np.where((np.arange(size) < size // 2)[None, :, None], board * shade[0], board * shade[1]), cut, 1
        )
        board[:2] *= 0.35
        board[:, [cut % size, (cut + size // 2) % size]] *= 0.4
        picture[rows] = board
    return np.clip(picture, 0, 1)


def bricks(colour: Colour, joint: Colour, rng: np.random.Generator, rows: int = 12, columns: int = 4) -> Picture:
    """In a running bond."""
    size = 768
    v, u = np.mgrid[:size, :size] / size
    row = np.floor(v * rows).astype(int)
    shifted = u * columns + 0.5 * (row % 2)
    column = np.floor(shifted).astype(int) % columns
    shade = rng.uniform(0.72, 1.15, (rows, columns))[row, column]
    rust = rng.uniform(-0.05, 0.05, (rows, columns, 3))[row, column]
    wobble = 0.004 * noise(size, rng, 1.2)
    edge = np.minimum(
        np.minimum(v * rows % 1, 1 - v * rows % 1) / rows, np.minimum(shifted % 1, 1 - shifted % 1) / columns
    )
    stone = tinted(colour, (0.10, noise(size, rng, 0.7))) * shade[..., None] + rust
    return np.clip(mixed(stone, plaster(joint, rng, 0.08, size), (edge + wobble < 0.006).astype(float)), 0, 1)


def tiles(
    a: Colour, b: Colour, rng: np.random.Generator, squares: int = 6, joint: Colour = (0.75, 0.74, 0.7)
) -> Picture:
    """Laid in two colours, each a little different."""
    size = 768
    at = np.arange(size) / size * squares
    cell, rest = at.astype(int), np.minimum(at % 1, 1 - at % 1)
    odd = (cell[:, None] + cell[None]) % 2
    shade = rng.uniform(0.9, 1.05, (squares, squares))[cell][:, cell]
    glaze = mixed(tinted(a, (0.05, noise(size, rng, 1.4))), tinted(b, (0.05, noise(size, rng, 1.4))), odd)
    line = np.minimum(rest[:, None], rest[None]) < 0.03
    return np.clip(mixed(glaze * shade[..., None], joint, line.astype(float)), 0, 1)


def stones(colour: Colour, joint: Colour, rng: np.random.Generator, many: int = 160, size: int = 768) -> Picture:
    """Cobbles, flags or crazy paving: cells around random places."""
    places = rng.uniform(0, size, (many, 2))
    v, u = np.mgrid[:size, :size]
    wobble = np.stack([noise(size, rng, 1.6), noise(size, rng, 1.6)], -1) * size / 200
    distance, nearest = cKDTree(places, boxsize=size).query((np.stack([v, u], -1) + wobble) % size, k=2)
    gap = (distance[..., 1] - distance[..., 0]) / np.sqrt(size**2 / many)
    shade, tone = rng.uniform(0.7, 1.2, many)[nearest[..., 0]], rng.uniform(-0.04, 0.04, (many, 3))[nearest[..., 0]]
    face = tinted(colour, (0.09, noise(size, rng, 0.8))) * (shade * np.clip(0.7 + gap, 0, 1.05))[..., None] + tone
    return np.clip(mixed(tinted(joint, (0.1, noise(size, rng, 0.6))), face, 12 * gap - 0.7), 0, 1)


def grass(rng: np.random.Generator, size: int = 768) -> Picture:
    """A lawn from above, with its worn places."""
    blades = noise(size, rng, 0.35)
    green = tinted((0.30, 0.42, 0.13), (0.22, blades), (0.15, noise(size, rng, 1.4)))
    return np.clip(mixed(green, tinted((0.47, 0.45, 0.22), (0.2, blades)), 0.25 * noise(size, rng, 1.7) + 0.1), 0, 1)


def marble(colour: Colour, vein: Colour, rng: np.random.Generator, size: int = 512) -> Picture:
    """With veins."""
    lines = np.exp(-12 * np.abs(noise(size, rng, 1.8) + 0.15 * noise(size, rng, 1.0)))
    return np.clip(mixed(plaster(colour, rng, 0.03, size), vein, 0.7 * lines), 0, 1)


def foliage(a: Colour, b: Colour, rng: np.random.Generator, size: int = 128) -> Picture:
    """Colours of leaves, one a texel."""
    share = rng.uniform(0, 1, (size, size))
    return tinted(mixed(a, b, share), (0.22, rng.normal(size=(size, size))))


def strokes(ground: Picture, rng: np.random.Generator, many: int, length: float, turn: float = 0.4) -> Picture:
    """A picture painted over with brush strokes of its own colours; length in pixels; turn: how much they wind."""
    h, w, _ = ground.shape
    picture, angle = ground.copy(), turn * np.pi * noise(max(h, w), rng, 1.9)[:h, :w]
    ridge = noise(max(h, w), rng, 0.6)
    for _ in range(many):
        v, u = rng.integers(h), rng.integers(w)
        colour = np.clip(ground[v, u] * rng.uniform(0.82, 1.18) + rng.normal(0, 0.035, 3), 0, 1)
        long, wide, a = length * rng.uniform(0.6, 1.3), length * rng.uniform(0.12, 0.22), angle[v, u]
        r = int(long / 2) + 1
        y, x = np.mgrid[-r : r + 1, -r : r + 1]
        along, across = x * np.cos(a) + y * np.sin(a), -x * np.sin(a) + y * np.cos(a)
        rows, columns = (v + y) % h, (u + x) % w
        inside = (along / long * 2) ** 4 + (across / wide * 2) ** 2 < 1
        bristle = 1 + 0.07 * np.sin(across * 2.2 + 3 * ridge[v, u])
        picture[rows[inside], columns[inside]] = np.clip(colour * bristle[inside][:, None], 0, 1)
    return picture


def facade(brick: Picture, rng: np.random.Generator, frame: Colour = (0.9, 0.88, 0.82), lit: float = 0.0) -> Picture:
    """A window with its frame in a piece of wall: one bay of one storey; lit: the share of windows with a lamp on."""
    size = brick.shape[0]
    v, u = np.mgrid[:size, :size] / size
    picture = brick.copy()
    picture[(np.abs(u - 0.5) < 0.24) & (v > 0.16) & (v < 0.80)] = frame
    glass = (np.abs(u - 0.5) < 0.20) & (v > 0.20) & (v < 0.74)
    sky = mixed((0.18, 0.22, 0.28), (0.55, 0.63, 0.72), np.clip(1.1 - 1.4 * v + 0.12 * noise(size, rng, 1.8), 0, 1))
    picture[glass] = sky[glass]
    curtain = glass & (np.abs(np.abs(u - 0.5) - 0.17) < 0.05)
    picture[curtain] = (np.array([0.8, 0.77, 0.7]) * (0.85 + 0.15 * np.sin(u * 260))[..., None])[curtain]
    bars = glass & ((np.abs(u - 0.5) < 0.012) | (np.abs(v - 0.42) < 0.012))
    picture[bars] = frame
    picture[(np.abs(u - 0.5) < 0.28) & (v > 0.80) & (v < 0.84)] = np.array(frame) * 0.85
    return picture
