"""Critics on tiny random networks, through diffusers' and transformers' own code: what they give is a gradient."""

import shutil
from collections import Counter
from copy import deepcopy
from dataclasses import replace

import numpy as np
import pytest
import torch

from gen3d.errors import ModelUnavailable
from gen3d.models.adapters import clip as clips
from gen3d.models.adapters import score
from gen3d.models.adapters.clip import load_clip, vocabulary
from gen3d.models.adapters.diffusion import load_stable_diffusion
from gen3d.models.adapters.score import ScoreCritic
from gen3d.models.placement import Placement
from gen3d.run.naming import names_of_things, picture_of
from gen3d.values import RGBD
from tests.tiny_caption import write_clip
from tests.tiny_diffusion import write_lcm_lora, write_stable_diffusion
from tests.worlds import box_room

PICTURE = box_room().view(box_room().camera(32, 24)).image
FREE = np.zeros((24, 32), bool)
FREE[4:20, 6:26] = True
STEP = 2e-3


@pytest.fixture(scope="module")
def critic(tmp_path_factory):
    home = tmp_path_factory.mktemp("score")
    write_stable_diffusion(home / "sd")
    write_lcm_lora(home / "lcm")
    diffusion = load_stable_diffusion(home / "sd", home / "lcm", Placement())
    return ScoreCritic(diffusion, shortest_px=24, longest_px=32)


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    return load_clip(write_clip(tmp_path_factory.mktemp("clip") / "clip"), Placement())


def directions(count: int = 3) -> list[np.ndarray]:
    rng = np.random.default_rng(0)
    return [np.where(FREE[..., None], rng.standard_normal(PICTURE.shape), 0).astype(np.float32) for _ in range(count)]


def test_what_the_score_wants_of_latents_comes_down_to_the_pixels_by_the_encoders_own_slope(critic, monkeypatch):
    """Held against differences of what the encoder makes of a picture and one beside it."""
    wanted = {}

    def constant(latents: torch.Tensor, *_: object) -> torch.Tensor:
        wanted["slope"] = torch.randn(latents.shape, generator=torch.Generator().manual_seed(1))
        return wanted["slope"]

    monkeypatch.setattr(score, "score_gradient", constant)
    slope = critic.judge(PICTURE, FREE, "a room", 0)

    def worth(image: np.ndarray) -> float:
        sized = 2 * torch.from_numpy(image).permute(2, 0, 1)[None] - 1
        with torch.no_grad():
            return float((score._encoded(critic.diffusion.pipeline, sized) * wanted["slope"]).sum())

    for way in directions():
        difference = (worth(PICTURE + STEP * way) - worth(PICTURE - STEP * way)) / (2 * STEP)
        assert float((slope * way).sum()) == pytest.approx(difference, rel=0.05, abs=0.02)


def test_the_score_hangs_on_words_seed_and_on_what_is_known(critic):
    first = critic.judge(PICTURE, FREE, "a room", 0)
    others = (("a lake", 0, PICTURE), ("a room", 1, PICTURE), ("a room", 0, np.where(FREE[..., None], PICTURE, 0)))
    for words, seed, picture in others:
        assert not np.array_equal(first, critic.judge(picture.astype(np.float32), FREE, words, seed))


def test_the_few_step_weights_are_off_while_the_score_is_asked(critic):
    unet = critic.diffusion.pipeline.unet
    unet.enable_lora()
    with_them = critic.judge(PICTURE, FREE, "a room", 0)
    unet.disable_lora()
    assert np.array_equal(with_them, critic.judge(PICTURE, FREE, "a room", 0))


def test_clips_judgement_is_the_slope_of_dream_fields_loss(clip):
    slope = clip.judge(PICTURE, FREE, "a red house", 0)

    def loss(image: np.ndarray) -> float:
        with torch.no_grad():
            words = clips.read(clip.network, clip.tokenizer, ["a red house"])
            side = clip.network.config.vision_config.image_size
            seen = clips._seen(clip.network, clips.normalised(clips.resized(image, side, side)))
        return -float((seen * words).sum()) * FREE.size

    picture = (0.2 + 0.6 * PICTURE).astype(np.float32)  # clamped nowhere
    slope = clip.judge(picture, FREE, "a red house", 0)
    for way in directions():
        difference = (loss(picture + STEP * way) - loss(picture - STEP * way)) / (2 * STEP)
        assert float((slope * way).sum()) == pytest.approx(difference, rel=0.05, abs=0.05)


def test_a_thing_is_called_what_is_nearest_and_only_where_that_is_clear(clip):
    sharp, blunt = (replace(clip, network=scaled(clip.network, scale)) for scale in (1e4, 1e-3))
    shares = sharp.embedded @ clips._seen(clip.network, clip._to(clips.middle_square(PICTURE, clip._side)))[0].detach()
    assert sharp.call(PICTURE) == vocabulary()[int(shares.argmax())]
    assert blunt.call(PICTURE) is None


def scaled(network: torch.nn.Module, scale: float) -> torch.nn.Module:
    other = deepcopy(network)
    other.logit_scale.data.fill_(float(np.log(scale)))
    return other


def test_the_vocabulary_names_each_thing_once_in_one_to_three_words():
    words = vocabulary()
    assert len(words) > 150 and Counter(words).most_common(1)[0][1] == 1
    assert all(1 <= len(word.split()) <= 3 and word == word.strip().lower() for word in words)


def test_a_clip_that_is_cut_short_is_named(clip, tmp_path):
    folder = shutil.copytree(clip.network.name_or_path, tmp_path / "clip")
    (folder / "model.safetensors").write_bytes(b"short")
    with pytest.raises(ModelUnavailable, match="CLIP"):
        load_clip(folder, Placement())


class Colours:
    """Calls a thing by its strongest colour, and blue by nothing."""

    name = "colours"

    def call(self, image: np.ndarray) -> str | None:
        return ("chair", "table", None)[int((image.min(axis=(0, 1))).argmax())]


def test_things_of_one_name_are_counted_and_who_has_none_keeps_the_number():
    image, things = np.full((20, 40, 3), 0.5, np.float32), np.zeros((20, 40), np.int32)
    for number, (column, colour) in enumerate(((2, (1, 0, 0)), (12, (1, 0, 0)), (22, (0, 0, 1)), (32, (0, 1, 0))), 1):
        things[5:15, column : column + 6] = number
        image[things == number] = colour
    photo = RGBD(image, np.ones((20, 40), np.float32), box_room().camera(40, 20))
    assert names_of_things(photo, things, Colours()) == {1: "chair", 2: "chair 2", 4: "table"}
    assert names_of_things(photo, things, None) == {} == names_of_things(photo, None, Colours())


def test_a_things_picture_is_a_square_around_it_and_pale_beside_it():
    shown = np.zeros((60, 80), bool)
    shown[20:40, 30:40] = True
    seen = picture_of(np.zeros((60, 80, 3), np.float32), shown)
    assert seen.shape == (26, 26, 3) and (seen[3:23, 8:18] == 0).all() and seen[0, 0, 0] > 0.5
