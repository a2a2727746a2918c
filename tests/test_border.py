"""Borders are found and cut, from picture, depth and lens alike; pictures that only look empty at a side stay whole."""

from __future__ import annotations

import io
from collections.abc import Callable

import cv2
import numpy as np
import pytest
from PIL import Image

from gen3d.camera import Camera
from gen3d.errors import InputError
from gen3d.events import Intermediate, Notice
from gen3d.geometry.border import find_border
from gen3d.request import Request
from gen3d.source.read import read_source
from tests.fakes import fake_models
from tests.runs import TINY
from tests.worlds import box_room, ground_and_sky

W, H = 320, 240


def scene(seed: int = 0, dark: float = 1.0, world: Callable = box_room) -> np.ndarray:
    """A picture that fills its frame: a world with a fine grain, bytes."""
    made = world()
    image = made.view(made.camera(W, H)).image * dark
    grain = np.random.default_rng(seed).normal(0, 0.015, image.shape)
    return np.rint(255 * np.clip(image + grain, 0, 1)).astype(np.uint8)


def framed(picture: np.ndarray, colour, top: int, bottom: int, left: int, right: int) -> np.ndarray:
    h, w, _ = picture.shape
    whole = np.empty((h + top + bottom, w + left + right, 3), np.uint8)
    whole[:] = colour
    whole[top : top + h, left : left + w] = picture
    return whole


def jpeg(picture: np.ndarray, quality: int = 85) -> np.ndarray:
    file = io.BytesIO()
    Image.fromarray(picture).save(file, "JPEG", quality=quality)
    return np.asarray(Image.open(file))


def noisy(picture: np.ndarray, sigma: float, seed: int = 1) -> np.ndarray:
    noise = np.random.default_rng(seed).normal(0, sigma, picture.shape)
    return np.rint(np.clip(picture + noise, 0, 255)).astype(np.uint8)


def found(picture: np.ndarray):
    return find_border(picture.astype(np.float32) / 255)


def rectified(picture: np.ndarray, bend: float, turn_deg: float = 0.0) -> np.ndarray:
    """As undistorting leaves it: black outside of the bent frame that the sensor saw."""
    h, w, _ = picture.shape
    y, x = np.mgrid[:h, :w].astype(np.float32)
    u, v = (x - w / 2) / (w / 2), (y - h / 2) / (w / 2)
    c, s = np.cos(np.radians(turn_deg)), np.sin(np.radians(turn_deg))
    u, v = c * u - s * v, s * u + c * v
    k = 1 + bend * (u * u + v * v)
    there = (u * k * w / 2 + w / 2).astype(np.float32), (v * k * w / 2 + h / 2).astype(np.float32)
    return cv2.remap(picture, *there, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT, borderValue=0)


def wedged(picture: np.ndarray, top: float) -> np.ndarray:
    """Black along the left, less and less towards the bottom, as of a turned sensor; top: a share of the width."""
    h, w, _ = picture.shape
    black = np.arange(w) < top * w * (1 - np.arange(h)[:, None] / h)
    return np.where(black[..., None], np.uint8(0), picture)


def scanned(picture: np.ndarray, colour: int, turn_deg: float) -> np.ndarray:
    """A print on a scanner's bed, a little crooked, its paper not quite even."""
    whole = framed(picture, colour, 30, 34, 28, 30)
    h, w, _ = whole.shape
    turn = cv2.getRotationMatrix2D((w / 2, h / 2), turn_deg, 1.0)
    value = (colour, colour, colour)
    turned = cv2.warpAffine(whole, turn, (w, h), borderMode=cv2.BORDER_CONSTANT, borderValue=value)
    return noisy(turned, 3)


BORDERED = {
    "white all around": (framed(scene(), 255, 20, 20, 20, 20), (20, 20, 20, 20)),
    "black letterbox": (framed(scene(), 0, 40, 40, 0, 0), (40, 40, 0, 0)),
    "black pillars": (framed(scene(), 0, 0, 0, 60, 60), (0, 0, 60, 60)),
    "a coloured frame": (framed(scene(), (40, 90, 160), 12, 12, 12, 12), (12, 12, 12, 12)),
    "wide below, as of an instant print": (framed(scene(), 250, 16, 60, 16, 16), (16, 60, 16, 16)),
    "letterbox of a dark film": (framed(scene(dark=0.25), 0, 40, 40, 0, 0), (40, 40, 0, 0)),
    "letterbox as JPEG": (jpeg(framed(scene(), 0, 40, 40, 0, 0)), (40, 40, 0, 0)),
    "white frame as poor JPEG": (jpeg(framed(scene(), 255, 24, 24, 24, 24), 60), (24, 24, 24, 24)),
    "a thin frame": (framed(scene(), 0, 3, 3, 3, 3), (3, 3, 3, 3)),
    "a sensor's empty columns": (framed(scene(), 0, 0, 0, 0, 9), (0, 0, 0, 9)),
    "a black line inside of a white mount": (
        framed(framed(scene(), 5, 6, 6, 6, 6), 252, 20, 20, 20, 20), (26, 26, 26, 26),
    ),
    "a tall screenshot": (framed(scene(), 18, 200, 220, 0, 0), (200, 220, 0, 0)),
    "letterbox as JPEG of what is dark": (jpeg(framed(scene(dark=0.2), 0, 40, 40, 0, 0)), (40, 40, 0, 0)),
    "coloured bars as JPEG": (jpeg(framed(scene(), (40, 90, 160), 0, 0, 36, 36)), (0, 0, 36, 36)),
    "one white side as JPEG": (jpeg(framed(scene(), 255, 19, 0, 0, 0)), (19, 0, 0, 0)),
    "two black sides that meet, as JPEG": (jpeg(framed(scene(), 0, 19, 0, 24, 0)), (19, 0, 24, 0)),
    "noisy film margin": (noisy(framed(scene(), 20, 24, 24, 24, 24), 3), (24, 24, 24, 24)),
}  # fmt: skip


@pytest.mark.parametrize("name", BORDERED)
def test_a_border_is_found_where_it_ends(name):
    picture, (top, bottom, left, right) = BORDERED[name]
    border = found(picture)
    h, w, _ = picture.shape
    assert border is not None
    cut = border.top, h - border.top - border.height, border.left, w - border.left - border.width
    for px, truly in zip(cut, (top, bottom, left, right), strict=True):
        assert truly <= px <= (truly + 3 if truly else 0), (cut, (top, bottom, left, right))


CURVED = {
    "rectified, bent outwards": rectified(scene(), 0.06), "rectified, bent inwards": rectified(scene(), 0.12),
    "rectified and turned": rectified(scene(), 0.08, 1.0),
    "a wedge along one side": wedged(scene(), 0.04),
    "a crooked print on white": scanned(scene(), 240, 0.8), "a crooked negative on black": scanned(scene(), 14, -0.6),
}  # fmt: skip


@pytest.mark.parametrize("name", CURVED)
def test_nothing_is_left_of_a_border_that_is_bent_or_crooked(name):
    picture = CURVED[name]
    border = found(picture)
    assert border is not None
    kept = border.cut(picture).astype(int)
    edge = picture[0, 0].astype(int)
    rim = np.concatenate([kept[0], kept[-1], kept[:, 0], kept[:, -1]])
    assert (np.abs(rim - edge).max(-1) <= 12).mean() < 0.05
    assert border.width * border.height > 0.7 * picture.shape[0] * picture.shape[1] * (0.6 if "crooked" in name else 1)


def stars() -> np.ndarray:
    night = np.zeros((H, W, 3), np.uint8)
    at = np.random.default_rng(2)
    night[at.integers(0, 150, 60), at.integers(0, W, 60)] = 230
    hills = 150 + 20 * np.sin(np.arange(W) / 25) + 8 * np.sin(np.arange(W) / 7)
    below = np.arange(H)[:, None] > hills
    night[below] = scene()[below] // 3
    return night


def vignetted(strength: float = 1.6) -> np.ndarray:
    y, x = np.mgrid[-1 : 1 : H * 1j, -1 : 1 : W * 1j]
    return (scene() * np.clip(1.3 - strength * (x * x + y * y) / 2, 0, 1)[..., None]).astype(np.uint8)


def flat(colour, objects: int, seed: int = 3) -> np.ndarray:
    """Things on an empty ground, as a catalogue shows them."""
    picture, at = np.full((H, W, 3), colour, np.uint8), np.random.default_rng(seed)
    for _ in range(objects):
        centre = int(at.integers(60, W - 60)), int(at.integers(60, H - 60))
        cv2.circle(picture, centre, int(at.integers(15, 50)), tuple(map(int, at.integers(0, 200, 3))), -1, cv2.LINE_AA)
    return picture


def horizon(sky, ground_noise: float = 8.0) -> np.ndarray:
    """A clear sky of one colour over a flat sea."""
    picture = np.full((H, W, 3), sky, np.uint8)
    picture[110:] = noisy(np.full((H - 110, W, 3), (40, 80, 110), np.uint8), ground_noise)
    return picture


def snow() -> np.ndarray:
    """Burnt out below and at the sides, trees that stand in it."""
    picture = scene()
    edge = (170 + 25 * np.sin(np.arange(W) / 31)).astype(int)
    picture[np.arange(H)[:, None] > edge] = 255
    return picture


def through_a_door() -> np.ndarray:
    """The outside from a dark room, whose door leans a little and is out of focus."""
    dark = np.zeros((H, W, 3), np.float32)
    opening = np.array([(95, -5), (215, -5), (222, 245), (101, 245)], np.int32)
    cv2.fillPoly(dark, [opening], (1, 1, 1))
    dark = cv2.GaussianBlur(dark, (0, 0), 3)
    return noisy((scene() * dark + 4).clip(0, 255).astype(np.uint8), 2)


def studio(wall: int) -> np.ndarray:
    """A thing on a sheet of paper, which hardly changes but for the thing's shadow."""
    picture = np.full((H, W, 3), wall, np.float32)
    shadow = np.zeros((H, W), np.float32)
    cv2.ellipse(shadow, (170, 205), (70, 12), 0, 0, 360, 1, -1)
    picture *= 1 - 0.4 * cv2.GaussianBlur(shadow, (0, 0), 9)[..., None]
    cv2.rectangle(picture, (120, 60), (220, 200), (150, 90, 60), -1, cv2.LINE_AA)
    return picture.round().astype(np.uint8)


def window() -> np.ndarray:
    """A room with a dark curtain at its left that hangs in folds, and a white wall at its right in even light."""
    picture = scene()
    edge = (14 + 4 * np.sin(np.arange(H) / 9)).astype(int)
    picture[np.arange(W) < edge[:, None]] = 3
    picture[:, -24:] = np.clip(picture[:, -24:] / 20.0 + 238 - np.arange(H)[:, None, None] / 12, 0, 255)
    return picture


PLAIN = {
    "a studio in white": studio(252), "a studio in black as JPEG": jpeg(studio(3)), "a studio in grey": studio(120),
    "a curtain and a wall": window(), "a curtain and a wall as JPEG": jpeg(window()),
    "a room": scene(), "outdoors": scene(world=ground_and_sky), "a dark room": scene(dark=0.1),
    "a night with stars": stars(), "a night as JPEG": jpeg(stars()), "a strong vignette": vignetted(),
    "a vignette down to black": vignetted(2.6), "a white thing on white": flat(255, 1), "things on white": flat(255, 4),
    "things on black": flat(0, 4), "things on grey as JPEG": jpeg(flat(180, 5)), "a clear sky": horizon((90, 140, 220)),
    "an overcast white sky": horizon(255), "a black sky": horizon(0), "snow": snow(), "snow as JPEG": jpeg(snow()),
    "through a door": through_a_door(), "all of one colour": np.full((H, W, 3), 120, np.uint8),
    "nothing but noise": noisy(np.full((H, W, 3), 120, np.uint8), 10),
    "a slope of light": np.repeat(np.linspace(0, 255, W)[None, :, None], H, 0).repeat(3, 2).astype(np.uint8),
}  # fmt: skip


@pytest.mark.parametrize("name", PLAIN)
def test_an_ordinary_picture_stays_whole(name):
    assert found(PLAIN[name]) is None


@pytest.mark.parametrize("scale", [1, 4])
def test_a_border_scales_with_its_picture(scale):
    small = framed(scene(), 255, 20, 24, 16, 28)
    picture = cv2.resize(small, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC)
    border = found(picture)
    assert border.left == pytest.approx(16 * scale, abs=2 * scale) and border.left >= 16 * scale
    assert border.left + border.width <= (16 + W) * scale
    assert border.top + border.height <= (20 + H) * scale


# -- what becomes of it -----------------------------------------------------------------------------------------------


def read(**asked):
    """The source, and what was told."""
    told, stage = [], read_source(Request(**asked), TINY, fake_models())
    while True:
        try:
            event = next(stage)
        except StopIteration as done:
            return done.value, [e.text for e in told if isinstance(e, Notice)], told
        told.append(event)


@pytest.fixture(scope="module")
def kinect():
    """A room as a rectified sensor gives it: picture, depth of the same size, and the lens of the whole."""
    rgbd = box_room().view(box_room().camera(W, H))
    picture = framed(np.rint(255 * rgbd.image).astype(np.uint8), 255, 8, 12, 10, 14)
    depth = np.pad(rgbd.depth, ((8, 12), (10, 14))).astype(np.float32)
    K = rgbd.camera.K
    return picture, depth, (K[0, 0], K[1, 1], K[0, 2] + 10, K[1, 2] + 8)


@pytest.mark.parametrize("depth_scale", [1, 2])
def test_depth_and_lens_stay_right(kinect, depth_scale):
    picture, depth, intrinsics = kinect
    if depth_scale > 1:  # of half the picture's size
        depth = depth[::2, ::2]
    source, told, _ = read(photo=picture, depth=depth, intrinsics=intrinsics)
    h, w = source.depth.shape
    assert "white border" in told[0] and "--border keep" in told[0]
    assert np.isfinite(source.depth).all()
    xyz = source.camera.unproject(source.depth)
    truth = box_room().view(Camera(source.camera.K, np.eye(4), w, h)).depth
    assert np.median(np.abs(xyz[..., 2] / truth - 1)) < 0.01
    assert source.camera.fov_deg[0] < Camera.from_intrinsics(*intrinsics, picture.shape[1], picture.shape[0]).fov_deg[0]


def test_a_border_is_kept_where_that_is_asked_for(kinect):
    picture, depth, intrinsics = kinect
    source, told, _ = read(photo=picture, depth=depth, intrinsics=intrinsics, border="keep")
    assert source.image[0].min() > 0.99 and not any("border" in text for text in told)


def test_a_photo_without_a_border_is_told_nothing():
    _, told, events = read(photo=scene())
    assert not any("border" in text for text in told)
    [made] = [event for event in events if isinstance(event, Intermediate)]
    assert made.values["photo_px"] == (W, H) and made.values["photo_at_px"] == (0, 0)


def test_it_is_counted_where_what_is_left_began_in_the_photo(kinect):
    picture, *_ = kinect
    _, _, events = read(photo=picture)
    [made] = [event for event in events if isinstance(event, Intermediate)]
    (left, top), (width, height) = made.values["photo_at_px"], made.values["photo_px"]
    assert 10 <= left <= 13 and 8 <= top <= 11 and left + width <= 10 + W and top + height <= 8 + H


def test_a_choice_that_is_none_is_refused():
    request = Request(photo=scene())
    object.__setattr__(request, "border", "maybe")  # as from JSON, which no type checker sees
    with pytest.raises(InputError, match="is no choice for the border"):
        next(event for event in read_source(request, TINY, fake_models()) if isinstance(event, Intermediate))
