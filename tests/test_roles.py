"""The contract of every role, held by every row of ENGINES that plays it, and by the fakes.

The networks are tiny and random, opened by the code that opens the real ones.
"""

from collections.abc import Callable
from dataclasses import replace
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gen3d.camera import Camera
from gen3d.errors import InputError
from gen3d.models.adapters.clip import vocabulary
from gen3d.models.base import (
    Captioner,
    Critic,
    DepthEstimator,
    Inpainter,
    Movable,
    Namer,
    ObjectMaker,
    Segmenter,
    TextToImage,
)
from gen3d.models.builtin.bundle import builtin_models
from gen3d.models.engines import BUILTIN, ENGINES, choices
from gen3d.models.pick import load_models
from gen3d.models.weights.catalog import optional_weights
from gen3d.settings import EngineSettings
from tests.fakes import fake_models
from tests.tiny_hub import at_home, copied, fill_cache
from tests.worlds import box_room

CARE = EngineSettings(depth_tokens=1200, mask_grid=3, diffusion_steps=2)
SIZES = {"usual": (72, 96), "odd": (97, 131), "tiny": (16, 16), "strip": (64, 512), "tower": (256, 32)}


FAKE = "fake"


LARGER = ("moge-2-vitb", "moge-2-vitl")


def engines_of(role: str) -> pytest.MarkDecorator:
    """Every row of ENGINES that plays the role, and the fake; of one network in several sizes the smallest is quick."""
    keys = (pytest.param(e.key, marks=pytest.mark.slow if e.key in LARGER else ()) for e in choices(role))
    return pytest.mark.parametrize("engine", [*keys, FAKE])


INPAINTERS = pytest.mark.parametrize(
    ("role", "engine"),
    [(role, key) for role in ("background", "outpainter") for key in (*(e.key for e in choices(role)), FAKE)],
)


@pytest.fixture(scope="session")
def every_home(hub_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An HF_HOME with a tiny network for every real one, the optional ones too."""
    home = copied(hub_home, tmp_path_factory.mktemp("every") / "home")
    return fill_cache(home, tuple(weights.key for weights in optional_weights()))


@pytest.fixture
def play(every_home: Path) -> Callable[[str, str], Any]:
    """Opens an engine by its role and key."""
    return partial(opened, home=every_home)


@cache
def opened(role: str, engine: str, home: Path) -> Any:
    if engine == FAKE:
        return getattr(fake_models().at(CARE), role)
    with at_home(home):
        models = load_models("builtin", use={role: engine}).at(CARE)
    player = getattr(models, role)
    others = builtin_models().names | {role: player.name}
    assert models.names == others and models.notices == () and (engine == BUILTIN) == (others == builtin_models().names)
    return player


@pytest.fixture(params=[s if s == "odd" else pytest.param(s, marks=pytest.mark.slow) for s in SIZES])
def photo(request: pytest.FixtureRequest) -> tuple[np.ndarray, np.ndarray, Camera]:
    h, w = SIZES[request.param]
    camera = box_room().camera(w, h)
    rgbd = box_room().view(camera)
    return rgbd.image, rgbd.depth, camera


@engines_of("depth")
def test_depth_is_positive_or_sky_for_every_pixel_and_repeats(play, engine, photo):
    image, depth, camera = photo
    estimator = play("depth", engine)
    assert isinstance(estimator, DepthEstimator)
    for lens in (None, camera):
        said = estimator.estimate(image, lens)
        assert said.depth.shape == depth.shape and said.depth.dtype == np.float32
        assert (said.depth > 0).all() and not np.isnan(said.depth).any()
        assert said.fov_deg is None or 0 < said.fov_deg < 180
        again = estimator.estimate(image.copy(), lens)
        assert np.array_equal(said.depth, again.depth) and said.fov_deg == again.fov_deg
        if said.normals is not None:
            length, sky = np.linalg.norm(said.normals, axis=2), np.isinf(said.depth)
            assert np.allclose(length[~sky], 1, atol=1e-3) and (length[sky] == 0).all()


@engines_of("segmenter")
def test_masks_are_as_large_as_the_picture_and_scored_best_first(play, engine, photo):
    image, depth, _ = photo
    segmenter = play("segmenter", engine)
    assert isinstance(segmenter, Segmenter)
    found = segmenter.segment(image, depth)
    assert found.masks.shape == (len(found.scores), *depth.shape) and found.masks.dtype == bool
    assert ((found.scores >= 0) & (found.scores <= 1)).all()
    if engine != FAKE:
        assert (np.diff(found.scores) <= 0).all()
    again = segmenter.segment(image, depth)
    assert np.array_equal(found.masks, again.masks) and np.array_equal(found.scores, again.scores)


@INPAINTERS
def test_a_fill_changes_the_hole_alone_and_hangs_on_the_seed_alone(play, role, engine, photo):
    image, depth, _ = photo
    inpainter = play(role, engine)
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


@INPAINTERS
def test_what_lies_in_the_hole_changes_nothing_and_what_may_not_lend_its_looks_lends_none(play, role, engine):
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
        fills.append(play(role, engine).inpaint(image, hole, ~hole & ~barred, rgbd.depth, None, 0)[hole])
    np.testing.assert_allclose(fills[0], fills[1], atol=1e-6)
    if engine not in (BUILTIN, FAKE):  # networks do not even see it
        np.testing.assert_allclose(fills[1], fills[2], atol=1e-6)
    else:  # patches are compared with it, but not taken from it
        r, g, b = fills[0].T
        assert (g - np.maximum(r, b)).max() < 0.4


@engines_of("text_to_image")
def test_a_drawing_has_the_size_asked_for_and_hangs_on_words_and_seed(play, engine):
    artist = play("text_to_image", engine)
    assert isinstance(artist, TextToImage)
    for width, height in ((64, 200), (131, 97)):
        drawn = artist.draw("a lake", width, height, 1)
        assert drawn.shape == (height, width, 3) and drawn.dtype == np.float32
        assert drawn.min() >= 0 and drawn.max() <= 1
    assert np.array_equal(drawn, artist.draw("a lake", width, height, 1))
    assert not np.array_equal(drawn, artist.draw("a lake", width, height, 2))
    assert not np.array_equal(drawn, artist.draw("a red house", width, height, 1))


@engines_of("captioner")
def test_words_are_short_and_repeat(play, engine, photo):
    captioner = play("captioner", engine)
    assert isinstance(captioner, Captioner)
    for ask in (captioner.describe, captioner.categorize):
        said = ask(photo[0])
        assert said == said.strip() and len(said) <= 200 and "\n" not in said
        assert said == ask(photo[0])
    assert 1 <= len(captioner.categorize(photo[0]).split()) <= 3


@engines_of("namer")
def test_a_name_is_of_the_vocabulary_or_none_and_repeats(play, engine, photo):
    namer = play("namer", engine)
    assert isinstance(namer, Namer)
    said = namer.call(photo[0])
    assert (said is None or said in vocabulary()) and said == namer.call(photo[0])


@engines_of("critic")
def test_a_judgement_is_of_what_may_change_alone_and_hangs_on_the_seed_alone(play, engine):
    image, free = box_room().view(box_room().camera(64, 48)).image, np.zeros((48, 64), bool)
    free[10:40, 20:50] = True
    critic = play("critic", engine)
    assert isinstance(critic, Critic)
    slope = critic.judge(image, free, "a room", 3)
    assert slope.shape == image.shape and slope.dtype == np.float32 and np.isfinite(slope).all()
    assert not slope[~free].any() and slope[free].any()
    assert np.array_equal(slope, critic.judge(image, free, "a room", 3))


@pytest.mark.parametrize("engine", [engine.key for engine in choices("object_maker")])
def test_a_thing_is_made_of_what_its_maker_takes_and_hangs_on_that_alone(play, engine):
    maker = play("object_maker", engine)
    if engine != BUILTIN:
        maker = replace(maker, grid=10, steps=2)
    assert isinstance(maker, ObjectMaker)
    picture = np.full((32, 32, 3), 0.5, np.float32)
    taken, other = ({"picture": picture}, {"words": "a red ball"})[:: 1 if "img2img" in engine else -1]
    made = maker.make(**taken, seed=1)
    again = maker.make(**taken, seed=1)
    for one, two in zip(made.surfaces, again.surfaces, strict=True):
        assert len(one.triangles) and np.array_equal(one.xyz, two.xyz) and np.array_equal(one.rgb, two.rgb)
        assert np.isfinite(one.xyz).all() and one.rgb.min() >= 0 and one.rgb.max() <= 1
        assert one.triangles.max() < len(one.xyz)
    with pytest.raises(InputError) as found:
        maker.make(**other)
    assert found.value.what.endswith(".") and found.value.remedy.endswith(".")


ON_CARD = [engine for engine in ENGINES if any(network.parameter_bytes for network in engine.networks)]


@pytest.mark.parametrize("engine", ON_CARD, ids=lambda engine: engine.key)
def test_whoever_puts_networks_on_a_card_can_have_them_take_turns(play, engine):
    for role in engine.roles:
        player = play(role, engine.key)
        assert isinstance(player, Movable)
        turns = player.in_turns()
        assert type(turns) is type(player) and turns.name == player.name
