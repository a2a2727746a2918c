"""The contract of every role, held by every engine that plays it: the builtin ones, the fakes, and the networks.

The networks are tiny and random, opened by the code that opens the real ones.
"""

from functools import cache
from pathlib import Path

import numpy as np
import pytest

from gen3d.camera import Camera
from gen3d.models.base import Captioner, DepthEstimator, Inpainter, Models, Segmenter, TextToImage
from gen3d.models.builtin.bundle import builtin_models
from gen3d.models.pick import load_models
from gen3d.settings import EngineSettings
from tests.fakes import fake_models
from tests.tiny_hub import at_home
from tests.worlds import box_room

CARE = EngineSettings(depth_tokens=1200, mask_grid=3, diffusion_steps=2)
SIZES = {"usual": (72, 96), "odd": (97, 131), "tiny": (16, 16), "strip": (64, 512), "tower": (256, 32)}


@pytest.fixture(params=["builtin", "fake", "cpu", "gpu"])
def models(request: pytest.FixtureRequest, hub_home: Path) -> Models:
    return bundle(request.param, hub_home)


@cache
def bundle(which: str, home: Path) -> Models:
    if which in ("builtin", "fake"):
        return (builtin_models() if which == "builtin" else fake_models()).at(CARE)
    with at_home(home):
        return load_models("hub", tier=which).at(CARE)


@pytest.fixture(params=SIZES)
def photo(request: pytest.FixtureRequest) -> tuple[np.ndarray, np.ndarray, Camera]:
    h, w = SIZES[request.param]
    camera = box_room().camera(w, h)
    rgbd = box_room().view(camera)
    return rgbd.image, rgbd.depth, camera


def test_depth_is_positive_or_sky_for_every_pixel_and_repeats(models, photo):
    image, depth, camera = photo
    assert isinstance(models.depth, DepthEstimator)
    for lens in (None, camera):
        said = models.depth.estimate(image, lens)
        assert said.depth.shape == depth.shape and said.depth.dtype == np.float32
        assert (said.depth > 0).all() and not np.isnan(said.depth).any()
        assert said.fov_deg is None or 0 < said.fov_deg < 180
        again = models.depth.estimate(image.copy(), lens)
        assert np.array_equal(said.depth, again.depth) and said.fov_deg == again.fov_deg
        if said.normals is not None:
            length, sky = np.linalg.norm(said.normals, axis=2), np.isinf(said.depth)
            assert np.allclose(length[~sky], 1, atol=1e-3) and (length[sky] == 0).all()


def test_masks_are_as_large_as_the_picture_and_scored_best_first(models, photo):
    image, depth, _ = photo
    assert isinstance(models.segmenter, Segmenter)
    found = models.segmenter.segment(image, depth)
    assert found.masks.shape == (len(found.scores), *depth.shape) and found.masks.dtype == bool
    assert ((found.scores >= 0) & (found.scores <= 1)).all()
    if not isinstance(models.segmenter, type(fake_models().segmenter)):
        assert (np.diff(found.scores) <= 0).all()
    again = models.segmenter.segment(image, depth)
    assert np.array_equal(found.masks, again.masks) and np.array_equal(found.scores, again.scores)


@pytest.mark.parametrize("role", ["background", "outpainter"])
def test_a_fill_changes_the_hole_alone_and_hangs_on_the_seed_alone(models, photo, role):
    image, depth, _ = photo
    inpainter = getattr(models, role)
    assert isinstance(inpainter, Inpainter)
    h, w = depth.shape
    hole = np.zeros((h, w), bool)
    hole[h // 4 : 3 * h // 4, w // 3 : 2 * w // 3] = True
    wiped = np.where(hole[..., None], 0, image).astype(np.float32)
    filled = inpainter.inpaint(wiped, hole, ~hole, depth, "a room", 3)
    assert filled.shape == image.shape and filled.dtype == np.float32
    assert np.isfinite(filled).all() and filled.min() >= 0 and filled.max() <= 1
    assert np.array_equal(filled[~hole], wiped[~hole]) and not np.array_equal(filled[hole], wiped[hole])
    assert np.array_equal(filled, inpainter.inpaint(wiped, hole, ~hole, depth, "a room", 3))


@pytest.mark.parametrize("role", ["background", "outpainter"])
def test_what_lies_in_the_hole_changes_nothing_and_what_may_not_lend_its_looks_lends_none(models, role):
    rgbd = box_room().view(box_room().camera(96, 72))
    hole, barred = np.zeros((2, 72, 96), bool)
    hole[20:50, 30:60] = True
    barred[20:50, 60:75] = True
    fills = []
    for in_hole, beside in ((None, (0, 1, 0)), ((1, 0, 1), (0, 1, 0)), ((1, 0, 1), (0, 0, 0))):
        image = rgbd.image.copy()
        image[barred] = beside
        if in_hole:
            image[hole] = in_hole
        fills.append(getattr(models, role).inpaint(image, hole, ~hole & ~barred, rgbd.depth, None, 0)[hole])
    np.testing.assert_allclose(fills[0], fills[1], atol=1e-6)
    if models.names["depth"].startswith("MoGe"):  # networks do not even see it
        np.testing.assert_allclose(fills[1], fills[2], atol=1e-6)
    else:  # patches are compared with it, but not taken from it
        r, g, b = fills[0].T
        assert (g - np.maximum(r, b)).max() < 0.4


def test_a_drawing_has_the_size_asked_for_and_hangs_on_words_and_seed(models):
    if models.text_to_image is None:
        pytest.skip("nobody draws here")
    assert isinstance(models.text_to_image, TextToImage)
    for width, height in ((96, 72), (131, 97), (64, 512)):
        drawn = models.text_to_image.draw("a lake", width, height, 1)
        assert drawn.shape == (height, width, 3) and drawn.dtype == np.float32
        assert drawn.min() >= 0 and drawn.max() <= 1
    assert np.array_equal(drawn, models.text_to_image.draw("a lake", width, height, 1))
    assert not np.array_equal(drawn, models.text_to_image.draw("a lake", width, height, 2))
    assert not np.array_equal(drawn, models.text_to_image.draw("a red house", width, height, 1))


def test_words_are_short_and_repeat(models, photo):
    if models.captioner is None:
        pytest.skip("nobody has words here")
    assert isinstance(models.captioner, Captioner)
    for ask in (models.captioner.describe, models.captioner.categorize):
        said = ask(photo[0])
        assert said == said.strip() and len(said) <= 200 and "\n" not in said
        assert said == ask(photo[0])
    assert 1 <= len(models.captioner.categorize(photo[0]).split()) <= 3
