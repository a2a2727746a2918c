import math
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from gen3d.errors import InputError, ModelUnavailable
from gen3d.events import Notice, Preview, Progress, Started
from gen3d.explain.preview import SKY_RGB, UNKNOWN_RGB, depth_preview, picture_preview, region_preview
from gen3d.formats.depth_file import write_depth
from gen3d.formats.picture import write_png
from gen3d.geometry.resample import reduce_picture, resample_depth
from gen3d.models.base import Painted
from gen3d.request import Request
from gen3d.run.checked import checked
from gen3d.settings import FAST
from gen3d.source.read import read_source
from gen3d.values import Source
from tests.fakes import FakeTextToImage, fake_models
from tests.measures import drain

SETTINGS = replace(FAST, size_px=128)


def run(request: Request, models=None) -> tuple[Source, list]:
    """The product of the stage and its events, previews among them."""
    return drain(read_source(request, SETTINGS, models or fake_models()))


def expect(words: str, **request) -> None:
    with pytest.raises(InputError, match=words) as caught:
        run(Request(**request))
    assert caught.value.what.endswith(".") and caught.value.remedy.endswith(".")


@pytest.fixture
def photo(tmp_path):
    """256 x 192, so that it is halved."""
    y, x = np.mgrid[:192, :256]
    write_png(tmp_path / "photo.png", np.stack([x, y, (x + y) // 2], axis=2).astype(np.uint8))
    return tmp_path / "photo.png"


@pytest.fixture
def depth(tmp_path):
    """A step, off the grid of the reduced picture."""
    values = np.full((192, 256), 2.0, np.float32)
    values[:, 101:] = 8.0
    values[:9, :] = np.inf
    values[170:, :9] = np.nan
    write_depth(tmp_path / "depth.npy", values)
    return tmp_path / "depth.npy"


def test_a_photo_alone_is_reduced_and_leaves_the_lens_open(photo):
    source, events = run(Request(photo=photo))
    assert source.image.shape == (96, 128, 3) and source.image.dtype == np.float32
    assert source.depth is None and source.camera is None
    assert isinstance(events[0], Started) and events[0].stage == "source"
    assert [e.name for e in events if isinstance(e, Preview)] == ["photo"]
    np.testing.assert_allclose(source.image[20, 40] * 255, [80.5, 40.5, 60.5], atol=0.6)


def test_a_small_photo_is_not_enlarged(tmp_path):
    write_png(tmp_path / "a.png", np.full((40, 60, 3), 99, np.uint8))
    assert run(Request(photo=tmp_path / "a.png"))[0].image.shape == (40, 60, 3)


def test_intrinsics_are_scaled_with_the_picture(photo):
    source, _ = run(Request(photo=photo, intrinsics=(250.0, 252.5, 125.0, 97.5), fov_deg=20.0))
    np.testing.assert_allclose(source.camera.K, [[125, 0, 62.5], [0, 126.25, 48.75], [0, 0, 1]])
    assert (source.camera.width, source.camera.height) == (128, 96)


def test_field_of_view_spans_the_longer_side(photo):
    camera = run(Request(photo=photo, fov_deg=90.0))[0].camera
    assert camera.fov_deg[0] == pytest.approx(90)


def test_exif_gives_the_lens_and_turns_the_picture(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    exif.get_ifd(0x8769)[0xA405] = 50
    Image.new("RGB", (300, 200)).save(tmp_path / "a.jpg", exif=exif)
    source, _ = run(Request(photo=tmp_path / "a.jpg"))
    assert source.image.shape == (128, 85, 3)
    assert source.camera.fov_deg[1] == pytest.approx(math.degrees(2 * math.atan(18 / 50)), abs=0.1)
    assert run(Request(photo=tmp_path / "a.jpg", fov_deg=30.0))[0].camera.fov_deg[1] == pytest.approx(30)


def test_depth_is_reduced_without_inventing_distances(photo, depth):
    source, events = run(Request(photo=photo, depth=depth))
    assert source.depth.shape == (96, 128)
    values = source.depth[~np.isnan(source.depth)]
    assert set(np.unique(values)) == {2.0, 8.0, np.inf}
    assert np.isnan(source.depth[95, 0]) and np.isposinf(source.depth[0, 9])
    assert source.depth[50, 49] == 2 and source.depth[50, 51] == 8
    assert source.camera.fov_deg[0] == pytest.approx(55)
    assert any(isinstance(e, Notice) and "55 degrees" in e.text for e in events)


def test_small_depth_is_enlarged_to_the_picture(photo, tmp_path):
    write_depth(tmp_path / "small.npy", np.ones((2, 4), np.float32))
    with pytest.raises(InputError, match="4 x 2 pixels"):
        run(Request(photo=photo, depth=tmp_path / "small.npy"))
    write_depth(tmp_path / "small.npy", np.kron([[1.0, 5.0], [2.0, 6.0]], np.ones((3, 4))).astype(np.float32))
    depth = run(Request(photo=photo, depth=tmp_path / "small.npy", fov_deg=50.0))[0].depth
    assert depth.shape == (96, 128)
    assert depth[47, 63] == 1 and depth[47, 64] == 5 and depth[48, 63] == 2 and depth[48, 64] == 6


def test_a_depth_scale_that_cannot_be_right_is_mentioned(photo, tmp_path):
    write_depth(tmp_path / "mm.npy", np.full((192, 256), 2500, np.float32))
    _, events = run(Request(photo=photo, depth=tmp_path / "mm.npy", fov_deg=50.0))
    assert any(isinstance(e, Notice) and "depth scale" in e.text for e in events)


def test_depth_of_another_shape_is_refused(photo, tmp_path):
    write_depth(tmp_path / "wide.npy", np.ones((175, 256), np.float32))
    expect("256 x 175", photo=photo, depth=tmp_path / "wide.npy")
    write_depth(tmp_path / "turned.npy", np.ones((256, 192), np.float32))
    expect("on its side", photo=photo, depth=tmp_path / "turned.npy")
    write_depth(tmp_path / "near.npy", np.ones((378, 510), np.float32))  # 1.2 % off: a crop to multiples of 14
    assert run(Request(photo=photo, depth=tmp_path / "near.npy"))[0].depth.shape == (96, 128)


@pytest.mark.parametrize("fov_deg", [0.0, -60.0, 176.0, math.nan, math.inf])
def test_an_impossible_field_of_view_is_refused(photo, fov_deg):
    expect("field of view", photo=photo, fov_deg=fov_deg)


@pytest.mark.parametrize(
    "intrinsics",
    [
        (0.0, 200.0, 128.0, 96.0), (200.0, -1.0, 128.0, 96.0), (math.nan, 200.0, 128.0, 96.0), (2.0, 2.0, 128.0, 96.0),
        (200.0, 200.0, 5000.0, 96.0), (200.0, 200.0, 128.0, math.inf), (1e9, 1e9, 128.0, 96.0),
    ],
)  # fmt: skip
def test_impossible_intrinsics_are_refused(photo, intrinsics):
    expect("ocal length|principal point", photo=photo, intrinsics=intrinsics)


def test_a_sentence_is_drawn_from_the_seed():
    artist = FakeTextToImage()
    source, _ = run(Request(prompt="a quiet room", seed=3), fake_models(text_to_image=artist))
    assert source.image.shape == (96, 128, 3) and source.camera.fov_deg[0] == pytest.approx(55)
    assert source.prompt == "a quiet room" and artist.calls == 1
    other, _ = run(Request(prompt="a quiet room", seed=4, fov_deg=70.0))
    assert not np.array_equal(source.image, other.image)
    assert other.camera.fov_deg[0] == pytest.approx(70)


def test_a_photo_goes_before_the_sentence(photo):
    artist = FakeTextToImage()
    source, _ = run(Request(photo=photo, prompt="a quiet room"), fake_models(text_to_image=artist))
    assert artist.calls == 0 and source.prompt == "a quiet room" and source.image.shape == (96, 128, 3)


def test_nobody_to_draw_is_told():
    with pytest.raises(ModelUnavailable, match="photo"):
        run(Request(prompt="a quiet room"), fake_models(text_to_image=None))


def test_requests_that_make_no_sense_are_refused(depth):
    expect("neither a photo nor a sentence")
    expect("neither a photo nor a sentence", prompt="  \n")
    expect("belong to a photo", prompt="a room", depth=depth)
    expect("belong to a photo", prompt="a room", intrinsics=(1.0, 1.0, 1.0, 1.0))


def test_bad_files_are_told_of(tmp_path, photo):
    (tmp_path / "empty.png").write_bytes(b"")
    expect("is empty", photo=tmp_path / "empty.png")
    expect("is empty", photo=photo, depth=tmp_path / "empty.png")
    write_png(tmp_path / "strip.png", np.zeros((40, 4000, 3), np.uint8))
    expect("narrow", photo=tmp_path / "strip.png")


def test_reduced_pictures_keep_their_mean():
    image = np.random.default_rng(0).random((90, 121, 3)).astype(np.float32)
    small = reduce_picture(image, 40)
    assert small.shape == (30, 40, 3)
    np.testing.assert_allclose(small.mean(axis=(0, 1)), image.mean(axis=(0, 1)), atol=2e-3)


def test_sparse_depth_survives_reduction():
    depth = np.full((90, 90), np.nan, np.float32)
    depth[1::3, 1::3] = np.arange(900, dtype=np.float32).reshape(30, 30) + 1
    np.testing.assert_array_equal(resample_depth(depth, 30, 30), depth[1::3, 1::3])


def test_previews_are_small_bytes():
    image = np.random.default_rng(0).random((300, 1200, 3)).astype(np.float32)
    assert picture_preview(image).shape == (128, 512, 3)
    assert picture_preview(image[:20, :30]).shape == (20, 30, 3)
    region = np.zeros((300, 1200), bool)
    region[:, 600:] = True
    tinted = region_preview(np.full_like(image, 0.5), region).astype(int)
    inside, outside = tinted[64, 400], tinted[64, 100]
    assert tinted.shape == (128, 512, 3) and inside[0] > inside[2] + 50 and np.ptp(outside) == 0


def test_depth_preview_goes_from_red_to_blue_and_marks_sky_and_unknown():
    depth = np.linspace(1, 20, 100, dtype=np.float32)[None].repeat(50, axis=0)
    depth[:5], depth[45:] = np.inf, np.nan
    picture = depth_preview(depth).astype(int)
    near, far = picture[25, 1], picture[25, -2]
    assert near[0] > near[2] and far[2] > far[0]
    assert (picture[0] == SKY_RGB).all() and (picture[-1] == UNKNOWN_RGB).all()
    assert depth_preview(np.full((9, 9), np.nan, np.float32)).shape == (9, 9, 3)
    assert np.ptp(depth_preview(np.full((9, 9), 3, np.float32)), axis=(0, 1)).max() == 0


class Patient:
    """Plays `WorldPainter`, slowly; says whether its picture was given up."""

    name, ended = "patient", False

    def draw(self, prompt, width, height, seed=0):
        return np.zeros((height, width, 3), np.float32)

    def paint(self, prompt, width, height, seed=0, fov_deg=None):
        try:
            yield from (0.25, 0.5, 0.75)
            return Painted(self.draw(prompt, width, height), told="Drawn.")
        finally:
            self.ended = True


@pytest.mark.parametrize("held", [lambda models: models, lambda models: checked(models, print)])
def test_a_sentence_tells_how_far_its_picture_is_and_ends_at_once_when_cancelled(held):
    artist = Patient()
    models = held(fake_models(text_to_image=artist))
    _, events = run(Request(prompt="a lake"), models)
    told = [(e.stage, e.done, e.total) for e in events if isinstance(e, Progress)]
    assert told == [("source", 25, 100), ("source", 50, 100), ("source", 75, 100)]
    artist.ended = False
    stage = read_source(Request(prompt="a lake"), SETTINGS, models)
    next(event for event in stage if isinstance(event, Progress))
    stage.close()
    assert artist.ended
