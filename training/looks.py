"""From light to a picture as people bring them: a camera's, with its faults, or a painter's. Depth stays as it is."""

from __future__ import annotations

import cv2
import numpy as np

from training.noise import tile
from training.render import Drawn
from training.textures import colour


def finish(rng: np.random.Generator, drawn: Drawn, painted: bool = False) -> np.ndarray:
    """The picture (h, w, 3), uint8 sRGB."""
    draw_by_hand = painted or rng.random() < 0.14
    light = drawn.flat if draw_by_hand and rng.random() < 0.6 else drawn.light
    picture = _tone(rng, light)
    if draw_by_hand:
        picture = PAINTERS[rng.integers(len(PAINTERS))](rng, picture, drawn)
    else:
        picture = _lens(rng, picture, drawn)
    return _stored(rng, _cast(rng, picture))


def _tone(rng: np.random.Generator, light: np.ndarray) -> np.ndarray:
    """Exposure for the picture's own brightness, highlights rolled off or clipped, sRGB."""
    grey = light.mean(2)
    middle, bright = np.percentile(grey, 50), np.percentile(grey, 97)
    for_middle, share = 0.22 / max(middle, 1e-3), rng.uniform(0.2, 0.75)
    exposure = rng.uniform(0.7, 1.3) * for_middle**share * (1.1 / max(bright, 1e-3)) ** (1 - share)
    exposed = np.clip(light * exposure * rng.uniform(1.0, 1.5), 0, None)
    if rng.random() < 0.6:
        exposed = exposed * (1 + exposed / 4) / (1 + exposed)
    picture = np.clip(exposed, 0, 1) ** (1 / 2.2)
    curve = rng.uniform(-0.25, 0.55)
    return np.clip(picture + curve * picture * (1 - picture) * (2 * picture - 1), 0, 1).astype(np.float32)


def _lens(rng: np.random.Generator, picture: np.ndarray, drawn: Drawn) -> np.ndarray:
    """Vignette, defocus by depth, blur of motion or a poor lens."""
    h, w = picture.shape[:2]
    if rng.random() < 0.3:
        y, x = np.mgrid[-1 : 1 : h * 1j, -1 : 1 : w * 1j]
        picture = picture * (1 - rng.uniform(0.05, 0.4) * (x**2 + y**2)[..., None] / 2)
    if rng.random() < 0.13:
        picture = _defocused(rng, picture, drawn.depth)
    if rng.random() < 0.2:
        picture = cv2.GaussianBlur(picture, (0, 0), rng.uniform(0.3, 1.0))
    if rng.random() < 0.03:
        kernel = np.zeros((7, 7), np.float32)
        kernel[3] = 1 / 7
        picture = cv2.filter2D(
            picture, -1, cv2.warpAffine(kernel, cv2.getRotationMatrix2D((3, 3), rng.random() * 180, 1), (7, 7))
        )
    return picture.astype(np.float32)


def _defocused(rng: np.random.Generator, picture: np.ndarray, depth: np.ndarray) -> np.ndarray:
    h, w = depth.shape
    near = np.where(np.isfinite(depth), 1 / np.maximum(depth, 0.05), 0)
    focus = np.percentile(near[h // 3 : 2 * h // 3, w // 3 : 2 * w // 3], rng.uniform(40, 95))
    blur = np.abs(near - focus) / max(focus, 1e-3) * rng.uniform(1.5, 6)
    out, sigma = picture, 0.0
    for level in (0.8, 1.6, 2.8)[: rng.integers(1, 4)]:
        soft = cv2.GaussianBlur(picture, (0, 0), level)
        share = np.clip((blur - sigma) / (level - sigma), 0, 1)[..., None]
        out, sigma = out * (1 - share) + soft * share, level
    return out


def _cast(rng: np.random.Generator, picture: np.ndarray) -> np.ndarray:
    """A mild colour cast, more or less colour, at times none, at times faded."""
    picture = picture * (1 + 0.035 * rng.standard_normal(3))
    grey = picture.mean(2, keepdims=True)
    choice = rng.random()
    if choice < 0.07:
        tint = np.ones(3) if rng.random() < 0.6 else np.array((1.08, 0.98, 0.82))
        picture = grey * tint
    elif choice < 0.6:
        picture = grey + (picture - grey) * rng.uniform(0.6, 1.4)
    if rng.random() < 0.08:
        picture = 0.1 + 0.8 * picture
    return np.clip(picture, 0, 1)


def _stored(rng: np.random.Generator, picture: np.ndarray) -> np.ndarray:
    """Noise, sharpening, eight bits, at times JPEG."""
    if rng.random() < 0.25:
        picture = picture + (picture - cv2.GaussianBlur(picture, (0, 0), 1.0)) * rng.uniform(0.2, 0.9)
    picture = picture + rng.standard_normal(picture.shape) * rng.choice(
        [0.0, 0.006, 0.015, 0.035], p=[0.4, 0.3, 0.2, 0.1]
    )
    stored = np.clip(picture * 255 + 0.5, 0, 255).astype(np.uint8)
    if rng.random() < 0.3:
        code = cv2.imencode(".jpg", stored, [cv2.IMWRITE_JPEG_QUALITY, int(rng.uniform(35, 90))])[1]
        stored = cv2.imdecode(code, cv2.IMREAD_COLOR)
    return stored


def strokes(rng: np.random.Generator, picture: np.ndarray, drawn: Drawn) -> np.ndarray:
    """Brush strokes along the edges of the picture, coarse ones first (after Hertzmann 1998)."""
    h, w = picture.shape[:2]
    canvas = cv2.GaussianBlur(picture, (0, 0), 3).copy()
    soft = cv2.GaussianBlur(picture.mean(2), (0, 0), 2.0)
    across = np.arctan2(cv2.Sobel(soft, -1, 0, 1), cv2.Sobel(soft, -1, 1, 0)) + np.pi / 2
    swirl = (
        (tile(rng, 1.0)[:h, :w] if h <= 256 and w <= 256 else cv2.resize(tile(rng, 1.0), (w, h)))
        * 2
        * np.pi
        * rng.uniform(0, 2)
    )
    weak = np.hypot(cv2.Sobel(soft, -1, 1, 0), cv2.Sobel(soft, -1, 0, 1)) < 0.03
    angle = np.where(weak, swirl, across)
    coarse, vivid = rng.uniform(2, 5), rng.uniform(0.0, 0.12)
    for width in (coarse, coarse * 0.6, max(1, coarse * 0.35)):
        base = cv2.GaussianBlur(picture, (0, 0), width * 0.5)
        off = np.abs(cv2.GaussianBlur(canvas, (0, 0), width) - base).mean(2)
        count = int(h * w / (width * width * 3))
        y, x = rng.integers(0, h, count), rng.integers(0, w, count)
        keep = (off[y, x] > 0.02) | (width == coarse)
        y, x = y[keep], x[keep]
        paint = np.clip(base[y, x] + vivid * rng.standard_normal((len(x), 3)), 0, 1)
        turn, long = angle[y, x] + 0.2 * rng.standard_normal(len(x)), width * rng.uniform(1.5, 4, len(x))
        dx, dy = np.cos(turn) * long / 2, np.sin(turn) * long / 2
        ends = np.round(np.stack([x - dx, y - dy, x + dx, y + dy], 1) * 8).astype(int)
        for (x0, y0, x1, y1), tone in zip(ends, paint, strict=True):
            cv2.line(
                canvas, (int(x0), int(y0)), (int(x1), int(y1)), tone.tolist(), max(1, round(width)), cv2.LINE_AA, 3
            )
    return canvas


def _outlines(drawn: Drawn, picture: np.ndarray, detail: float) -> np.ndarray:
    """Where somebody would draw a line: (h, w) in [0, 1]."""
    thing = drawn.thing.astype(np.float32)
    border = (cv2.dilate(thing, np.ones((2, 2))) != cv2.erode(thing, np.ones((2, 2)))) | (drawn.edge & (detail > 0.3))
    crease = np.abs(drawn.normal - cv2.blur(drawn.normal, (3, 3))).sum(2) > 0.5
    inside = cv2.Canny((picture * 255).astype(np.uint8), 220 - 120 * detail, 320 - 150 * detail) > 0
    return cv2.GaussianBlur((border | crease | inside).astype(np.float32), (0, 0), 0.5)


def _few_colours(rng: np.random.Generator, picture: np.ndarray) -> np.ndarray:
    """The picture in a handful of its own colours, areas smoothed."""
    smooth = picture.astype(np.float32)
    for _ in range(2):
        smooth = cv2.bilateralFilter(smooth, 7, 0.15, 3)
    lab = cv2.cvtColor(smooth, cv2.COLOR_RGB2LAB)
    some = lab.reshape(-1, 3)[rng.integers(0, lab.shape[0] * lab.shape[1], 1500)]
    k = int(rng.integers(5, 20))
    cv2.setRNGSeed(int(rng.integers(2**31)))
    _, _, centres = cv2.kmeans(some, k, None, (cv2.TERM_CRITERIA_MAX_ITER, 12, 0), 1, cv2.KMEANS_PP_CENTERS)
    nearest = ((lab.reshape(-1, 1, 3) - centres[None]) ** 2).sum(2).argmin(1)
    return np.clip(cv2.cvtColor(centres[nearest].reshape(lab.shape), cv2.COLOR_LAB2RGB), 0, 1)


def woodcut(rng: np.random.Generator, picture: np.ndarray, drawn: Drawn) -> np.ndarray:
    """Flat colours with ink outlines on tinted paper."""
    flat = _few_colours(rng, picture) if rng.random() < 0.8 else cv2.bilateralFilter(picture, 7, 0.2, 3)
    paper = np.array((0.96, 0.9, 0.78)) * rng.uniform(0.85, 1.0)
    flat = np.clip(flat * (1 - 0.25 * rng.random()) + 0.12 * rng.random(), 0, 1) * paper
    ink = np.array((0.12, 0.12, 0.16)) if rng.random() < 0.7 else colour(rng, 0.5) * 0.4
    line = _outlines(drawn, picture, rng.random())[..., None] * rng.uniform(0.5, 1.0)
    grain = 1 - 0.08 * (cv2.resize(tile(rng, 0.1), picture.shape[1::-1])[..., None] - 0.5)
    return (flat * (1 - line) + ink * line) * grain


def ink_drawing(rng: np.random.Generator, picture: np.ndarray, drawn: Drawn) -> np.ndarray:
    """Lines and a wash of grey, or hatching, on paper."""
    tone = cv2.GaussianBlur(picture.mean(2), (0, 0), rng.uniform(0.8, 2))
    line = _outlines(drawn, picture, rng.uniform(0.3, 1))
    if rng.random() < 0.4:
        y, x = np.mgrid[: tone.shape[0], : tone.shape[1]]
        hatch = np.sin((x + y) * rng.uniform(1, 2.2)) * 0.5 + 0.5
        tone = np.where(hatch > tone * 1.3, 0.25, 1.0)
    else:
        tone = 0.3 + 0.7 * tone ** rng.uniform(0.5, 1.2)
    paper = np.array((0.97, 0.94, 0.87)) * rng.uniform(0.85, 1)
    return np.clip(tone * (1 - line * rng.uniform(0.5, 1)), 0, 1)[..., None] * paper


def watercolour(rng: np.random.Generator, picture: np.ndarray, drawn: Drawn) -> np.ndarray:
    """Soft areas with dark rims and the paper's grain."""
    h, w = picture.shape[:2]
    shift = [cv2.resize(tile(rng, 0.5) - 0.5, (w, h)) * rng.uniform(4, 18) for _ in range(2)]
    y, x = np.mgrid[:h, :w].astype(np.float32)
    wobbly = cv2.remap(picture, x + shift[0], y + shift[1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)
    flat = cv2.bilateralFilter(cv2.bilateralFilter(wobbly, 9, 0.2, 4), 9, 0.15, 4)
    rim = cv2.GaussianBlur(np.abs(flat - cv2.GaussianBlur(flat, (0, 0), 1.5)).mean(2), (0, 0), 0.7)[..., None]
    paper = 1 - rng.uniform(0.05, 0.2) * np.abs(cv2.resize(tile(rng, 0.0), (w, h))[..., None] - 0.5)
    wash = 0.85 + 0.3 * cv2.resize(tile(rng, 0.9), (w, h))[..., None]
    return np.clip((1 - (1 - flat) * rng.uniform(0.6, 1.0) * wash) * (1 - 2.0 * rim) * paper, 0, 1)


def poster_print(rng: np.random.Generator, picture: np.ndarray, drawn: Drawn) -> np.ndarray:
    """Few tones a channel, no lines."""
    steps = rng.integers(3, 8)
    smooth = cv2.bilateralFilter(picture, 7, 0.2, 4)
    return np.round(smooth * steps) / steps if rng.random() < 0.5 else _few_colours(rng, picture)


def oils(rng: np.random.Generator, picture: np.ndarray, drawn: Drawn) -> np.ndarray:
    """Smooth dabs: the mean of the calmest of four quarters around a pixel (Kuwahara 1976), on canvas."""
    r = int(rng.integers(2, 5))
    size = (r + 1, r + 1)
    mean, square = cv2.blur(picture, size), cv2.blur(picture**2, size)
    spread = (square - mean**2).sum(2)
    best, out = np.full(spread.shape, np.inf), picture.copy()
    h, w = spread.shape
    for dy in (-(r // 2 + 1), r // 2 + 1):
        for dx in (-(r // 2 + 1), r // 2 + 1):
            y, x = np.clip(np.arange(h) + dy, 0, h - 1), np.clip(np.arange(w) + dx, 0, w - 1)
            calmer = spread[np.ix_(y, x)] < best
            best[calmer] = spread[np.ix_(y, x)][calmer]
            out[calmer] = mean[np.ix_(y, x)][calmer]
    dark = np.array((1.0, 0.96, 0.85)) ** rng.uniform(0, 2)
    return np.clip(out * dark, 0, 1)


PAINTERS = (strokes, strokes, woodcut, woodcut, ink_drawing, watercolour, poster_print, oils)
