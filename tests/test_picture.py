import io
import math
import struct
import sys
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest
import tifffile
from PIL import Image, ImageCms

from gen3d.errors import InputError
from gen3d.formats import photo_file
from gen3d.formats import picture as picture_format
from gen3d.formats.picture import focal_px, read_photo, read_picture, write_png
from gen3d.formats.whole import write_whole
from gen3d.geometry.resample import reduce_picture

ORIENTATION, EXIF_IFD, FOCAL_35MM = 0x0112, 0x8769, 0xA405


@pytest.fixture
def pixels() -> np.ndarray:
    """A picture without any symmetry."""
    h, w = 40, 56
    y, x = np.mgrid[:h, :w]
    return np.stack([4 * x, 6 * y, 90 + (x > 20) * (y > 10) * 100], axis=2).astype(np.uint8)


def bare_png(width: int, height: int, bits: int, colour_type: int, rows: bytes) -> bytes:
    """A PNG whose header says whatever is wanted."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, bits, colour_type, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def assert_refused(path: Path, words: str, read=read_picture) -> None:
    """The failure is an InputError of exactly two sentences, the first with these words."""
    with pytest.raises(InputError, match=words) as caught:
        read(path)
    assert caught.value.what.endswith(".") and caught.value.remedy.endswith(".")


def test_png_round_trip_is_exact(tmp_path, pixels):
    write_png(tmp_path / "a.png", pixels)
    image = read_picture(tmp_path / "a.png")
    assert image.dtype == np.float32
    np.testing.assert_array_equal(np.rint(image * 255), pixels)


def test_grey_bytes_are_written_as_grey(tmp_path, pixels):
    write_png(tmp_path / "a.png", pixels[..., 0])
    with Image.open(tmp_path / "a.png") as written:
        assert written.mode == "L"
    np.testing.assert_array_equal(np.rint(read_picture(tmp_path / "a.png")[..., 2] * 255), pixels[..., 0])


@pytest.mark.parametrize("kind", ["JPEG", "WEBP", "AVIF", "BMP", "TIFF", "GIF", "MPO"])
def test_common_formats_are_read(tmp_path, pixels, kind):
    Image.fromarray(pixels).save(tmp_path / "a", format=kind)
    error = np.abs(read_picture(tmp_path / "a") * 255 - pixels)
    assert error.mean() < 8


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_is_undone_as_pillow_does(tmp_path, pixels, orientation):
    from PIL import ImageOps

    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    Image.fromarray(pixels).save(tmp_path / "a.png", exif=exif)
    with Image.open(tmp_path / "a.png") as stored:
        expected = np.asarray(ImageOps.exif_transpose(stored))
    np.testing.assert_array_equal(np.rint(read_picture(tmp_path / "a.png") * 255), expected)


def test_transparency_shows_white(tmp_path, pixels):
    alpha = np.zeros(pixels.shape[:2], np.uint8)
    alpha[:, :28] = 255
    Image.fromarray(np.dstack([pixels, alpha])).save(tmp_path / "a.png")
    image = read_picture(tmp_path / "a.png")
    np.testing.assert_array_equal(np.rint(image[:, :28] * 255), pixels[:, :28])
    assert (image[:, 28:] == 1).all()


def test_palette_with_a_transparent_entry_shows_white_there(tmp_path, pixels):
    palette = Image.fromarray(pixels).quantize(16)
    index = palette.getpixel((0, 0))
    palette.save(tmp_path / "a.png", transparency=index)
    transparent = np.asarray(palette) == index
    image = read_picture(tmp_path / "a.png")
    assert (image[transparent] == 1).all()
    np.testing.assert_array_equal(np.rint(image * 255)[~transparent], np.asarray(palette.convert("RGB"))[~transparent])


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_sixteen_bit_png_keeps_its_precision(tmp_path, channels):
    deep = np.random.default_rng(0).integers(0, 65536, (33, 47, channels)).astype(np.uint16)
    if channels == 4:
        deep[..., 3] = 65535
    cv2.imwrite(str(tmp_path / "a.png"), deep[..., 0] if channels == 1 else deep)
    expected = np.repeat(deep, 3, axis=2) if channels == 1 else deep[..., 2::-1]
    np.testing.assert_allclose(read_picture(tmp_path / "a.png") * 65535, expected, atol=0.02)


def test_sixteen_bit_grey_with_alpha_shows_white(tmp_path):
    row = np.array([[0, 65535], [30000, 65535], [30000, 0], [0, 32768]] * 8, ">u2").tobytes()
    (tmp_path / "a.png").write_bytes(bare_png(32, 32, 16, 4, (b"\0" + row) * 32))
    np.testing.assert_allclose(read_picture(tmp_path / "a.png")[0, :4, 0], [0, 30000 / 65535, 1, 0.5], atol=1e-4)


def test_sixteen_bit_png_is_turned_upright_too(tmp_path):
    deep = np.arange(32 * 40, dtype=np.uint16).reshape(32, 40) * 50
    exif = Image.Exif()
    exif[ORIENTATION] = 6
    Image.fromarray(deep).save(tmp_path / "a.png", exif=exif)
    np.testing.assert_allclose(read_picture(tmp_path / "a.png")[..., 0] * 65535, np.rot90(deep, -1), atol=0.02)


def test_cmyk_becomes_rgb(tmp_path, pixels):
    Image.fromarray(pixels).convert("CMYK").save(tmp_path / "a.jpg", quality=95)
    assert np.abs(read_picture(tmp_path / "a.jpg") * 255 - pixels).mean() < 8


def test_a_foreign_colour_profile_is_converted(tmp_path, pixels):
    lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
    Image.fromarray(pixels).save(tmp_path / "lab.png", icc_profile=lab)  # a profile that cannot apply is passed over
    np.testing.assert_array_equal(np.rint(read_picture(tmp_path / "lab.png") * 255), pixels)
    Image.fromarray(pixels).save(tmp_path / "wide.png", icc_profile=linear_profile())
    expected = np.clip(pixels / 255.0, 0, 1)
    expected = np.where(expected <= 0.0031308, 12.92 * expected, 1.055 * expected ** (1 / 2.4) - 0.055)
    assert np.abs(read_picture(tmp_path / "wide.png") - expected).max() < 0.02


def linear_profile() -> bytes:
    """sRGB's own profile with its three curves made straight."""
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    count = struct.unpack_from(">I", profile, 128)[0]
    for i in range(count):
        tag, start, size = struct.unpack_from(">4sII", profile, 132 + 12 * i)
        if tag in (b"rTRC", b"gTRC", b"bTRC"):
            profile[start : start + size] = (b"curv" + bytes(8)).ljust(size, b"\0")
        if tag == b"desc":  # or it would pass for sRGB
            profile[start : start + size] = profile[start : start + size].replace(b"s\0R\0G\0B", b"l\0R\0G\0B")
    return bytes(profile)


def test_srgb_profile_leaves_pixels_untouched(tmp_path, pixels):
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    Image.fromarray(pixels).save(tmp_path / "a.png", icc_profile=srgb)
    np.testing.assert_array_equal(np.rint(read_picture(tmp_path / "a.png") * 255), pixels)


def test_bad_files_are_refused_in_two_sentences(tmp_path, pixels):
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    bad = {
        "empty": (b"", "is empty"),
        "text": (b"this is no picture at all", "not a picture"),
        "cut": (buffer.getvalue()[: len(buffer.getvalue()) // 2], "truncated"),
        "header": (buffer.getvalue()[:20], "not a picture"),
        "dot": (bare_png(1, 1, 8, 2, bytes(4)), "only 1 x 1"),
        "strip": (bare_png(400, 31, 8, 0, bytes(401 * 31)), "only 400 x 31"),
        "huge": (bare_png(20000, 20000, 8, 2, b""), "100 million pixels"),
        "large": (bare_png(10001, 10001, 8, 2, b""), "100 million pixels"),
        "script": (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 99 99\n", "not a picture"),
    }
    for name, (content, words) in bad.items():
        (tmp_path / name).write_bytes(content)
        assert_refused(tmp_path / name, words)
    assert_refused(tmp_path / "nowhere.png", "no file")
    assert_refused(tmp_path, "not a file")


def test_a_truncated_jpeg_is_refused(tmp_path):
    noise = np.random.default_rng(0).integers(0, 255, (64, 64, 3), dtype=np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(noise).save(buffer, "JPEG")
    (tmp_path / "a.jpg").write_bytes(buffer.getvalue()[:2000])
    assert_refused(tmp_path / "a.jpg", "truncated")


@pytest.mark.parametrize("flipped", [0.2, 0.5, 0.8])
@pytest.mark.parametrize(("kind", "options"), [("PNG", {}), ("TIFF", {"compression": "tiff_adobe_deflate"})])
def test_a_picture_whose_compressed_pixels_are_damaged_is_refused(tmp_path, kind, options, flipped):
    """Pillow tells it once, and to whoever asks first, which may be somebody who only wants EXIF."""
    noise = np.random.default_rng(0).integers(0, 255, (64, 64, 3), dtype=np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(noise).save(buffer, kind, **options)
    content = bytearray(buffer.getvalue())
    content[round(len(content) * flipped)] ^= 0xFF
    (tmp_path / "a").write_bytes(content)
    assert_refused(tmp_path / "a", "truncated or damaged")
    with pytest.raises(InputError, match="truncated or damaged"):
        read_photo(tmp_path / "a", 64)


def test_too_many_bytes_are_refused_unread(tmp_path, monkeypatch):
    monkeypatch.setattr(photo_file, "LARGEST_BYTES", 100)
    (tmp_path / "a.png").write_bytes(bytes(101))
    assert_refused(tmp_path / "a.png", "more than")


def test_focal_length_comes_from_the_35_mm_equivalent(tmp_path, pixels):
    exif = Image.Exif()
    exif.get_ifd(EXIF_IFD)[FOCAL_35MM] = 50
    Image.fromarray(pixels).save(tmp_path / "a.jpg", exif=exif)
    focal = focal_px(tmp_path / "a.jpg", 3600, 2400)  # 36 x 24 mm at 100 px a mm
    assert focal == pytest.approx(5000, rel=1e-3)
    assert math.degrees(2 * math.atan(1800 / focal)) == pytest.approx(39.6, abs=0.1)


@pytest.mark.parametrize("value", [None, 0, 60000])
def test_no_sensible_focal_length_is_none(tmp_path, pixels, value):
    exif = Image.Exif()
    if value is not None:
        exif.get_ifd(EXIF_IFD)[FOCAL_35MM] = value
    Image.fromarray(pixels).save(tmp_path / "a.jpg", exif=exif)
    assert focal_px(tmp_path / "a.jpg", 56, 40) is None


def test_a_broken_exif_block_does_not_matter(tmp_path, pixels):
    Image.fromarray(pixels).save(tmp_path / "a.jpg", exif=b"Exif\0\0MM\0*\0\0\0\x08\xff\xff garbage")
    assert read_picture(tmp_path / "a.jpg").shape == pixels.shape
    assert focal_px(tmp_path / "a.jpg", 56, 40) is None


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("old")
    with pytest.raises(KeyboardInterrupt), write_whole(path) as temporary:
        temporary.write_text("half")
        raise KeyboardInterrupt
    assert path.read_text() == "old" and list(tmp_path.iterdir()) == [path]
    with write_whole(path) as temporary:
        temporary.write_text("new")
        assert path.read_text() == "old" and temporary.suffix == ".txt"
    assert path.read_text() == "new" and list(tmp_path.iterdir()) == [path]


def test_writing_where_nothing_can_be_written_is_an_input_error(tmp_path, pixels):
    with pytest.raises(InputError, match="could not be written"):
        write_png(tmp_path / "no" / "a.png", pixels)


# -- large pictures, in strips ---------------------------------------------------------------------------------------


def large(tmp_path, kind: str) -> Path:
    """A detailed picture of 300 x 200 of one kind of pixels."""
    noise = np.random.default_rng(0).integers(0, 256, (200, 300, 4)).astype(np.uint8)
    noise[..., 3] = np.maximum(noise[..., 3], 30)
    path = tmp_path / "a.png"
    match kind:
        case "rgb":
            Image.fromarray(noise[..., :3]).save(path)
        case "rgba":
            Image.fromarray(noise).save(path)
        case "palette":
            Image.fromarray(noise[..., :3]).quantize(32).save(path, transparency=3)
        case "jpeg":
            exif = Image.Exif()
            exif[ORIENTATION] = 6
            Image.fromarray(noise[..., :3]).save(path, "JPEG", exif=exif)
        case "cmyk":
            Image.fromarray(noise[..., :3]).convert("CMYK").save(path, "JPEG")
        case "profile":
            Image.fromarray(noise[..., :3]).save(path, icc_profile=linear_profile())
        case "deep":
            cv2.imwrite(str(path), noise.astype(np.uint16) * 257)
        case "deep grey":
            Image.fromarray(noise[..., 0].astype(np.uint16) * 257).save(path)
    return path


@pytest.mark.parametrize("kind", ["rgb", "rgba", "palette", "jpeg", "cmyk", "profile", "deep", "deep grey"])
@pytest.mark.parametrize("longest_px", [64, 97, 150])
def test_a_picture_reduced_in_strips_is_the_one_reduced_as_a_whole(tmp_path, monkeypatch, kind, longest_px):
    path = large(tmp_path, kind)
    whole = reduce_picture(read_photo(path, longest_px).image, longest_px)
    monkeypatch.setattr(picture_format, "WHOLE_PX", 50_000)
    monkeypatch.setattr(picture_format, "STRIP_PX", 300 * 7)
    photo = read_photo(path, longest_px)
    assert photo.image.shape == whole.shape and photo.size == ((200, 300) if kind == "jpeg" else (300, 200))
    np.testing.assert_allclose(photo.image, whole, atol=1e-5)


def test_up_to_twenty_million_pixels_a_picture_is_read_as_ever(tmp_path):
    path = large(tmp_path, "rgb")
    assert picture_format.WHOLE_PX == 20_000_000
    np.testing.assert_array_equal(read_photo(path, 64).image, read_picture(path))


# -- what a file is, in words ----------------------------------------------------------------------------------------


def test_formats_that_are_not_read_are_called_by_their_names(tmp_path):
    box = struct.pack(">I", 24)
    for start, name in (
        (b"8BPS\0\1", "a Photoshop document"), (b"FUJIFILMCCD-RAW 0201", "a camera RAW"),
        (box + b"ftypcrx \0\0\0\1crx isom", "a camera RAW"), (b"IIRO\x08\0\0\0", "a camera RAW"),
        (b"IIU\0\x08\0\0\0", "a camera RAW"), (b"\xff\x0a\x80", "a JPEG XL picture"), (b"%PDF-1.4", "a PDF"),
        (b"\0\0\0\x0cjP  \r\n\x87\n", "a JPEG 2000 picture"), (box + b"ftypqt  ", "a video"), (b"v/1\x01", "an EXR"),
        (b"%!PS-Adobe", "PostScript"), (box + b"ftypavif", "a damaged AVIF"),
        (b"<svg xmlns=", "an SVG"), (box + b"ftypheic" + bytes(40), "a HEIC photo"),
    ):  # fmt: skip
        (tmp_path / "a").write_bytes(start + bytes(200))
        assert_refused(tmp_path / "a", name)


@pytest.mark.parametrize("kind", ["dng", "nef", "cr2", "tagged"])
def test_a_raw_file_is_never_read_as_its_preview(tmp_path, kind):
    """As cameras write them: a preview that any decoder reads, and the sensor's values beside or below it."""
    preview, sensor = np.full((60, 80, 3), 99, np.uint8), np.full((240, 320), 500, np.uint16)
    path = tmp_path / "a.tif"
    with tifffile.TiffWriter(path, byteorder="<") as tiff:
        version = [(50706, 1, 4, b"\1\4\0\0", True)] if kind in ("dng", "tagged") else []
        below = 1 if kind in ("dng", "nef") else 0
        tiff.write(
            preview, photometric="rgb", subfiletype=0 if kind == "tagged" else 1, subifds=below, extratags=version
        )
        if kind != "tagged":
            tiff.write(sensor, photometric=32803 if kind != "nef" else "minisblack", extratags=CFA)
    assert_refused(path, "is a camera RAW")


CFA = [(33421, 3, 2, (2, 2), True), (33422, 1, 4, b"\0\1\1\2", True)]
"""How the colours of a sensor lie."""


def test_overviews_and_masks_are_not_the_photo(tmp_path, pixels):
    with tifffile.TiffWriter(tmp_path / "a.tif") as tiff:
        tiff.write(pixels, photometric="rgb", subifds=1)
        tiff.write(pixels[::2, ::2], photometric="rgb", subfiletype=1)
    photo = read_photo(tmp_path / "a.tif")
    np.testing.assert_array_equal(np.rint(photo.image * 255), pixels)
    assert photo.told == ()


def test_a_heic_photo_is_read(tmp_path):
    heif = pytest.importorskip("pillow_heif")
    y, x = np.mgrid[:96, :128]
    picture = np.stack([2 * x, 2 * y, x + y], axis=2).astype(np.uint8)
    heif.from_pillow(Image.fromarray(picture)).save(tmp_path / "a.heic", quality=95)
    photo = read_photo(tmp_path / "a.heic")
    assert photo.size == (128, 96) and np.abs(photo.image * 255 - picture).mean() < 4
    (tmp_path / "half.heic").write_bytes((tmp_path / "a.heic").read_bytes()[:400])
    assert_refused(tmp_path / "half.heic", "HEIC photo that cannot be read|truncated or damaged")


def test_a_heic_photo_without_its_decoder_is_told_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    (tmp_path / "a.heic").write_bytes(struct.pack(">I", 24) + b"ftypheic\0\0\0\0mif1heic" + bytes(99))
    assert_refused(tmp_path / "a.heic", "pillow-heif, which reads those, is not installed")


def test_sixteen_bits_that_would_fill_the_memory_are_read_as_eight(tmp_path, monkeypatch):
    path = large(tmp_path, "deep")
    deep = read_picture(path)
    monkeypatch.setattr(picture_format, "DEEPEST_BYTES", 2 * 4 * 300 * 200 - 1)
    np.testing.assert_allclose(read_picture(path), deep, atol=1.01 / 255)
