"""Broken photos, depth files and cameras: a reader gives values within its contract, or one error of two sentences.

How they are broken: `tests/damage.py`.
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from gen3d.camera import Camera
from gen3d.errors import Gen3DError
from gen3d.formats.depth_file import read_stored, write_depth_exr, write_depth_png
from gen3d.formats.picture import read_photo
from gen3d.formats.transforms import read_cameras, write_transforms
from gen3d.source.given_depth import meant, settle_far
from tests.damage import VALUE, damage, two_sentences

W, H = 48, 40


def photo() -> Image.Image:
    y, x = np.mgrid[:H, :W]
    return Image.fromarray(np.stack([5 * x, 6 * y, 2 * (x + y)], axis=-1).astype(np.uint8))


def saved(kind: str, **options: object) -> bytes:
    file = io.BytesIO()
    photo().save(file, kind, **options)
    return file.getvalue()


def turned() -> bytes:
    exif = Image.Exif()
    exif[0x0112], exif[0x010F] = 6, "a camera"
    return saved("JPEG", exif=exif)


def heic() -> bytes:
    from pillow_heif import register_heif_opener

    register_heif_opener()
    return saved("HEIF")


PHOTOS: dict[str, Callable[[], bytes]] = {
    "PNG": lambda: saved("PNG"), "JPEG": lambda: saved("JPEG"), "turned JPEG": turned, "WebP": lambda: saved("WEBP"),
    "TIFF": lambda: saved("TIFF", compression="tiff_lzw"), "GIF": lambda: saved("GIF"), "BMP": lambda: saved("BMP"),
    "HEIC": heic,
}  # fmt: skip


def metres() -> np.ndarray:
    depth = np.tile(np.linspace(6, 2, H, dtype=np.float32)[:, None], (1, W))
    depth[10:20, 10:20] = 1.5
    return depth


def packed(write: Callable[[io.BytesIO], object]) -> bytes:
    file = io.BytesIO()
    write(file)
    return file.getvalue()


def written(write: Callable[[Path, np.ndarray], object], suffix: str, folder: Path) -> bytes:
    file = folder / f"good{suffix}"
    write(file, metres())
    return file.read_bytes()


DEPTHS: dict[str, Callable[[Path], bytes]] = {
    "PNG": lambda folder: written(write_depth_png, ".png", folder),
    "EXR": lambda folder: written(write_depth_exr, ".exr", folder),
    "npy": lambda _: packed(lambda file: np.save(file, metres())),
    "npz": lambda _: packed(lambda file: np.savez(file, K=np.eye(3), depth=metres(), mask=metres() > 2)),
    "TIFF": lambda _: packed(lambda file: Image.fromarray(metres()).save(file, "TIFF")),
}


@pytest.mark.parametrize("kind", PHOTOS)
def test_a_damaged_photo_is_read_or_refused(tmp_path_factory, kind):
    good, file = PHOTOS[kind](), tmp_path_factory.mktemp("photo") / "bad"
    file.write_bytes(good)
    assert read_photo(file).image.size == W * H * 3

    @given(damage())
    def one(spoil: Callable[[bytes], bytes]) -> None:
        file.write_bytes(spoil(good))
        try:
            image = read_photo(file, 64).image
        except Gen3DError as error:
            return two_sentences(error)
        assert image.ndim == 3 and image.dtype == np.float32 and image.min() >= 0 and image.max() <= 1

    one()


@pytest.mark.parametrize("kind", DEPTHS)
def test_a_damaged_depth_file_is_read_or_refused(tmp_path_factory, kind):
    folder = tmp_path_factory.mktemp("depth")
    good, file = DEPTHS[kind](folder), folder / "bad"

    def read() -> np.ndarray:
        found = meant(read_stored(file, sizes=[(W, H)]), None, "auto")
        return settle_far(found, found.depth)[0]

    file.write_bytes(good)
    assert np.nanmax(np.abs(read() - metres())) < 0.01

    @given(damage())
    def one(spoil: Callable[[bytes], bytes]) -> None:
        file.write_bytes(spoil(good))
        try:
            depth = read()
        except Gen3DError as error:
            return two_sentences(error)
        known = depth[~np.isnan(depth)]
        assert depth.ndim == 2 and depth.dtype == np.float32 and (known > 0).all()

    one()


FIELDS = (
    "w", "h", "fl_x", "fl_y", "cx", "cy", "k1", "camera_model", "transform_matrix", "file_path", "frames", "matrix",
    "is_fisheye", "camera_angle_x",
)  # fmt: skip


@given(where=st.sampled_from(FIELDS), value=VALUE)
def test_cameras_with_any_value_anywhere_are_read_or_refused(tmp_path_factory, where, value):
    file = tmp_path_factory.getbasetemp() / "cameras.json"
    write_transforms(file, [Camera.from_fov(60.0, W, H)] * 2)
    content = json.loads(file.read_text())
    match where:
        case "frames":
            content["frames"] = value
        case "matrix":
            content["frames"][1]["transform_matrix"][1][2] = value
        case _:
            content["frames"][0][where] = value
    file.write_text(json.dumps(content))
    try:
        cameras = read_cameras(file).cameras
    except Gen3DError as error:
        return two_sentences(error)
    assert all(np.isfinite(c.K).all() and np.isfinite(c.w2c).all() for c in cameras) and cameras


@given(damage())
def test_a_damaged_cameras_file_is_read_or_refused(tmp_path_factory, spoil):
    file = tmp_path_factory.getbasetemp() / "damaged.json"
    write_transforms(file, [Camera.from_fov(60.0, W, H)] * 2)
    file.write_bytes(spoil(file.read_bytes()))
    try:
        cameras = read_cameras(file).cameras
    except Gen3DError as error:
        return two_sentences(error)
    assert all(np.isfinite(c.K).all() and np.isfinite(c.w2c).all() for c in cameras)
