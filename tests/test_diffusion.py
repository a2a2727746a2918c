"""The diffusion engines on tiny random networks, read from disk by the real loader, without a network."""

import json
import shutil
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
import torch

from gen3d.errors import InputError, ModelUnavailable
from gen3d.models.adapters import lama_controlnet, outpaint
from gen3d.models.adapters.diffusion import load_lama_controlnet, load_stable_diffusion
from gen3d.models.adapters.draw import Artist, load_flux
from gen3d.models.adapters.lama_controlnet import LamaControlNet, depth_control
from gen3d.models.adapters.outpaint import Outpainter
from gen3d.models.base import Adjustable, Inpainter, TextToImage
from gen3d.models.networks.stable_diffusion import ANOTHER_SEED, Sampling, scheduler
from gen3d.models.placement import Placement
from gen3d.settings import EngineSettings
from tests.tiny_diffusion import SCHEDULER, write_controlnet, write_flux, write_lcm_lora, write_stable_diffusion

SIZES = [(389, 517), (16, 16), (64, 512)]


@dataclass(frozen=True)
class Flat:
    """A prefiller that fills with one colour."""

    grey: float = 0.4

    def prefill(self, image: np.ndarray, hole: np.ndarray, borrow: np.ndarray) -> np.ndarray:
        assert not (hole & borrow).any()
        return np.where(hole[..., None], np.float32(self.grey), image)


@dataclass(frozen=True)
class Case:
    """What an inpainter is asked."""

    image: np.ndarray
    hole: np.ndarray
    borrow: np.ndarray
    depth: np.ndarray
    prompt: str | None = "a street"
    seed: int = 1

    def by(self, engine: Inpainter) -> np.ndarray:
        return engine.inpaint(self.image, self.hole, self.borrow, self.depth, self.prompt, self.seed)


def case(height: int = 64, width: int = 72, grow: int = 0) -> Case:
    rng = np.random.default_rng(0)
    image = rng.random((height, width, 3), dtype=np.float32)
    hole = np.zeros((height, width), bool)
    hole[height // 4 : height // 4 * 3, width // 4 : width // 2] = True
    depth = np.tile(np.linspace(1, 6, width, dtype=np.float32), (height, 1))
    depth[: height // 8] = np.inf
    return Case(image, hole, ~hole, depth)


@pytest.fixture(scope="module", autouse=True)
def no_network() -> Iterator[None]:
    def refuse(*_: object) -> None:
        raise AssertionError("a network was asked for")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", refuse)
        yield


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folders sd, inpaint, depth, lcm, flux. Nobody writes into them."""
    home = tmp_path_factory.mktemp("weights")
    write_stable_diffusion(home / "sd", checker=True)
    write_controlnet(home / "inpaint", seed=1)
    write_controlnet(home / "depth", seed=2)
    write_lcm_lora(home / "lcm")
    write_flux(home / "flux")
    return home


class Engines(NamedTuple):
    """What one set of networks plays."""

    background: LamaControlNet
    outpainter: Outpainter
    artist: Artist


def loaded(cache: Path, prefiller: object = None, safety: bool = False) -> Engines:
    """All engines at a working size that suits tiny networks."""
    diffusion = load_stable_diffusion(cache / "sd", cache / "lcm", Placement(), safety)
    sampling = diffusion.sampling(EngineSettings().diffusion_steps)
    background = load_lama_controlnet(diffusion, cache / "inpaint", cache / "depth", prefiller or Flat())
    engines = Engines(background, Outpainter(diffusion, sampling), Artist(diffusion, sampling))
    return Engines(*(replace(engine, shortest_px=32, longest_px=96) for engine in engines))


@pytest.fixture(scope="module")
def engines(cache: Path) -> Engines:
    """With two LCM steps."""
    return Engines(*(engine.at(EngineSettings(diffusion_steps=2)) for engine in loaded(cache)))


def inside(picture: np.ndarray, asked: Case) -> np.ndarray:
    return picture[asked.hole]


def test_the_engines_play_their_roles_and_share_one_set_of_networks(engines: Engines) -> None:
    background, outpainter, artist = engines
    assert isinstance(background, Inpainter) and isinstance(outpainter, Inpainter) and isinstance(artist, TextToImage)
    assert all(isinstance(engine, Adjustable) for engine in engines)
    shared = background.pipeline.components
    for name in ("unet", "vae", "text_encoder"):
        assert shared[name] is outpainter.diffusion.pipeline.components[name]
        assert not any(weight.requires_grad for weight in shared[name].parameters())


@pytest.mark.parametrize("role", ["background", "outpainter"])
@pytest.mark.parametrize(("height", "width"), SIZES)
def test_known_pixels_stay_and_the_same_seed_repeats(engines: Engines, role: str, height: int, width: int) -> None:
    asked, engine = case(height, width), getattr(engines, role)
    filled = asked.by(engine)
    assert filled.shape == asked.image.shape and filled.dtype == np.float32
    assert filled.min() >= 0 and filled.max() <= 1
    np.testing.assert_array_equal(filled[~asked.hole], asked.image[~asked.hole])
    assert (inside(filled, asked) != inside(asked.image, asked)).mean() > 0.9
    np.testing.assert_array_equal(asked.by(engine), filled)


Change = Callable[[Engines, Case], tuple[Inpainter, Case]]
CHANGES: dict[str, Change] = {
    "prompt": lambda e, c: (e, replace(c, prompt="a forest")),
    "no prompt": lambda e, c: (e, replace(c, prompt=None)),
    "seed": lambda e, c: (e, replace(c, seed=2)),
    "known pixels": lambda e, c: (e, replace(c, image=np.where(c.hole[..., None], c.image, c.image[::-1]))),
    "steps": lambda e, c: (e.at(EngineSettings(diffusion_steps=3)), c),
}


@pytest.mark.parametrize("role", ["background", "outpainter"])
@pytest.mark.parametrize("change", CHANGES)
def test_each_input_changes_what_is_drawn(engines: Engines, role: str, change: str) -> None:
    asked, engine = case(), getattr(engines, role)
    other, changed = CHANGES[change](engine, asked)
    assert np.abs(inside(changed.by(other), asked) - inside(asked.by(engine), asked)).max() > 1e-3


@pytest.mark.parametrize(("role", "module"), [("background", lama_controlnet), ("outpainter", outpaint)])
def test_the_negative_prompt_changes_what_is_drawn(
    engines: Engines, role: str, module: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, engine = case(), getattr(engines, role)
    before = asked.by(engine)
    monkeypatch.setattr(module, "NEGATIVE_PROMPT", "clouds")
    assert np.abs(asked.by(engine) - before).max() > 1e-3


def test_lamas_picture_starts_the_background(engines: Engines) -> None:
    """Deep in the hole, where it is not blended in: only the starting latents carry it there."""
    asked = case(96, 96)
    deep = np.zeros_like(asked.hole)
    deep[36:60, 34:38] = True
    dark, light = (asked.by(replace(engines.background, prefiller=Flat(grey))) for grey in (0.1, 0.9))
    assert np.abs(dark - light)[deep].max() > 1e-3


def test_the_depth_control_and_the_depth_bias_change_the_background_each_alone(engines: Engines) -> None:
    asked, plain = case(), replace(engines.background, depth_lambda=0.0)
    turned = replace(asked, depth=asked.depth[:, ::-1].copy())
    before = asked.by(plain)
    assert np.abs(turned.by(plain) - before).max() > 1e-3  # the ControlNet alone
    assert np.abs(asked.by(engines.background) - before).max() > 1e-4  # self-attention alone
    assert np.abs(asked.by(replace(plain, depth_lambda=4.0)) - asked.by(engines.background)).max() > 1e-4


def test_unknown_depth_does_not_harm(engines: Engines) -> None:
    asked = case()
    asked.depth[20:30, 20:30] = np.nan
    assert np.isfinite(asked.by(engines.background)).all()


@pytest.mark.parametrize("role", ["background", "outpainter"])
def test_a_value_a_hair_below_black_changes_next_to_nothing(engines: Engines, role: str) -> None:
    asked, engine = case(), getattr(engines, role)
    black, darker = asked.image.copy(), asked.image.copy()
    black[60, 60], darker[60, 60] = 0, -1e-6
    first, second = (replace(asked, image=image).by(engine) for image in (black, darker))
    np.testing.assert_allclose(inside(second, asked), inside(first, asked), atol=1e-4)


def test_a_hole_of_no_pixels_asks_no_network(engines: Engines) -> None:
    asked = case()
    asked = replace(asked, hole=np.zeros_like(asked.hole))
    for engine in engines[:2]:
        assert asked.by(replace(engine, diffusion=replace(engine.diffusion, pipeline=None))) is asked.image


@pytest.mark.parametrize("role", ["background", "outpainter"])
def test_pixels_that_may_not_lend_are_hidden_from_the_networks(
    engines: Engines, role: str, watched: dict[str, list]
) -> None:
    asked, engine = case(), replace(getattr(engines, role), shortest_px=64)
    kept_back = np.zeros_like(asked.hole)
    kept_back[10:50, 50:60] = True
    asked = replace(asked, borrow=asked.borrow & ~kept_back)
    repainted = replace(asked, image=np.where(kept_back[..., None], 1 - asked.image, asked.image))
    first, second = asked.by(engine), repainted.by(engine)
    cells = (~asked.borrow).reshape(8, 8, 9, 8).any(axis=(1, 3))
    np.testing.assert_array_equal(watched["unet"][0][0, 4].numpy(), cells)
    np.testing.assert_array_equal(inside(first, asked), inside(second, asked))
    np.testing.assert_array_equal(second[kept_back], repainted.image[kept_back])
    lending = replace(repainted, borrow=~asked.hole)
    assert np.abs(inside(lending.by(engine), asked) - inside(second, asked)).max() > 1e-3


@pytest.fixture
def watched(engines: Engines) -> Iterator[dict[str, list]]:
    """What the networks are given: inputs of the UNet, control images of both ControlNets."""
    seen: dict[str, list] = {"unet": [], "timestep": [], "inpaint": [], "depth": []}
    parts = engines.background.pipeline

    def see_unet(_: object, args: tuple, __: dict) -> None:
        seen["unet"].append(args[0].clone())
        seen["timestep"].append(int(args[1]))

    def see_control(name: str) -> Callable:
        def see(_: object, args: tuple, options: dict) -> None:
            seen[name].append(options.get("controlnet_cond", args[3] if len(args) > 3 else None))

        return see

    nets = zip(("inpaint", "depth"), parts.controlnet.nets, strict=True)
    hooks = [net.register_forward_pre_hook(see_control(name), with_kwargs=True) for name, net in nets]
    hooks.append(parts.unet.register_forward_pre_hook(see_unet, with_kwargs=True))
    yield seen
    for hook in hooks:
        hook.remove()


@pytest.mark.parametrize("steps", [2, 25])
def test_the_background_starts_from_lamas_latents_under_the_noise_of_timestep_999(
    engines: Engines, watched: dict[str, list], steps: int
) -> None:
    asked = case(64, 72)
    engine = replace(engines.background.at(EngineSettings(diffusion_steps=steps)), shortest_px=64)
    asked.by(engine)
    vae = engine.pipeline.vae
    pixels = torch.from_numpy(Flat().prefill(asked.image, asked.hole, asked.borrow)).permute(2, 0, 1)[None]
    with torch.inference_mode():
        clean = vae.encode(2 * pixels - 1).latent_dist.mode() * vae.config.scaling_factor
    noise = torch.randn(clean.shape, generator=torch.Generator().manual_seed(asked.seed))
    betas = np.linspace(SCHEDULER["beta_start"] ** 0.5, SCHEDULER["beta_end"] ** 0.5, 1000) ** 2
    alpha = float(np.prod(1 - betas))
    expected = alpha**0.5 * clean + (1 - alpha) ** 0.5 * noise
    assert watched["timestep"][0] == 999 and len(watched["timestep"]) == steps
    torch.testing.assert_close(watched["unet"][0][:1, :4], expected, atol=1e-5, rtol=1e-4)


def test_the_controls_are_the_known_pixels_and_the_depth(engines: Engines, watched: dict[str, list]) -> None:
    asked = case(64, 72)
    asked.by(replace(engines.background, shortest_px=64))
    known, depth = watched["inpaint"][0][0].permute(1, 2, 0).numpy(), watched["depth"][0][0, 0].numpy()
    assert (known[asked.hole] == -1).all()
    seen = known[..., 0] != -1
    assert seen.mean() > 0.5 and not (seen & asked.hole).any()
    np.testing.assert_array_equal(known[seen], asked.image[seen])
    np.testing.assert_allclose(depth, depth_control(asked.depth)[..., 0], atol=1e-6)


def test_a_sliver_of_a_hole_is_masked_for_the_unet(engines: Engines, watched: dict[str, list]) -> None:
    asked = case(64, 64)
    hole = np.zeros_like(asked.hole)
    hole[13:60, 30] = True
    replace(asked, hole=hole, borrow=~hole).by(replace(engines.outpainter, shortest_px=64))
    mask = watched["unet"][0][0, 4].numpy()
    np.testing.assert_array_equal(np.argwhere(mask), [(row, 3) for row in range(1, 8)])


def test_control_depth_is_white_near_and_black_in_the_sky() -> None:
    depth = np.float32([[1, 2, 4, np.inf], [1, 2, 4, np.nan]])
    grey = depth_control(depth)
    assert grey.shape == (2, 4, 3)
    np.testing.assert_allclose(grey[..., 2], [[1, 0.5, 0.25, 0], [1, 0.5, 0.25, 0]], atol=1e-3)
    indoors = depth_control(np.float32([[1, 2, 4, 4]]))  # without a sky the farthest is black
    np.testing.assert_allclose(indoors[0, :, 0], [1, 1 / 3, 0, 0], atol=0.02)
    for nothing in (np.inf, np.nan, 3.0):
        assert np.isfinite(depth_control(np.full((2, 3), nothing, np.float32))).all()


def test_lcm_is_switched_per_call_and_leaves_no_trace(engines: Engines, watched: dict[str, list]) -> None:
    asked = case()
    few = engines.outpainter.at(EngineSettings(diffusion_steps=4))
    many = engines.outpainter.at(EngineSettings(diffusion_steps=25))
    assert (few.name, many.name) == (
        "Stable Diffusion inpainting, 4 LCM steps", "Stable Diffusion inpainting, 25 DDIM steps",
    )  # fmt: skip
    first, slow, again = asked.by(few), asked.by(many), asked.by(few)
    assert len(watched["unet"]) == 4 + 25 + 4
    np.testing.assert_array_equal(again, first)
    assert np.abs(slow - first).max() > 1e-3
    np.testing.assert_array_equal(asked.by(many), slow)


def test_the_weights_of_lcm_change_the_picture_and_many_steps_do_without_them(cache: Path, engines: Engines) -> None:
    asked, outpainter = case(), engines.outpainter
    bare = load_stable_diffusion(cache / "sd", None, Placement())
    without = replace(outpainter, diffusion=bare, sampling=Sampling(2, few=True))
    assert np.abs(asked.by(without) - asked.by(outpainter)).max() > 1e-3
    slow = replace(outpainter, sampling=Sampling(20, few=False))
    np.testing.assert_array_equal(asked.by(replace(slow, diffusion=bare)), asked.by(slow))


def test_without_lcm_at_least_20_steps_are_taken(cache: Path) -> None:
    bare = load_stable_diffusion(cache / "sd", None, Placement())
    assert bare.sampling(4) == Sampling(20, few=False)
    assert Outpainter(bare, bare.sampling(4)).name == "Stable Diffusion inpainting, 20 DDIM steps"
    lcm = replace(bare, has_lcm=True)
    assert [lcm.sampling(n) for n in (0, 8, 9, 25)] == [
        Sampling(1, True), Sampling(8, True), Sampling(20, False), Sampling(25, False),
    ]  # fmt: skip


@pytest.mark.parametrize("sampling", [Sampling(4, few=True), Sampling(25, few=False)])
def test_samplers_start_at_the_noisiest_timestep_and_clip_nothing(sampling: Sampling) -> None:
    made = scheduler(SCHEDULER | {"clip_sample": True, "timestep_spacing": "leading"}, sampling)
    made.set_timesteps(sampling.steps)
    assert made.timesteps[0] == 999 and made.init_noise_sigma == 1.0 and not made.config.clip_sample
    assert made.config.beta_schedule == "scaled_linear"


def test_a_sentence_becomes_a_picture(engines: Engines) -> None:
    artist = engines.artist
    picture = artist.draw("a street", 100, 60, 3)
    assert picture.shape == (60, 100, 3) and picture.dtype == np.float32 and picture.std() > 0.02
    np.testing.assert_array_equal(artist.draw("a street", 100, 60, 3), picture)
    for other in (artist.draw("a forest", 100, 60, 3), artist.draw("a street", 100, 60, 4)):
        assert np.abs(other - picture).max() > 1e-3
    assert artist.draw("a street", 16, 128).shape == (128, 16, 3)


def test_flux_draws_with_its_own_pipeline(cache: Path) -> None:
    artist = replace(load_flux(cache / "flux", Placement()), shortest_px=32, longest_px=96)
    assert isinstance(artist, TextToImage)
    picture = artist.draw("a street", 100, 60, 3)
    assert picture.shape == (60, 100, 3) and picture.std() > 0.02
    np.testing.assert_array_equal(artist.draw("a street", 100, 60, 3), picture)
    for other in (artist.draw("a forest", 100, 60, 3), artist.draw("a street", 100, 60, 4)):
        assert np.abs(other - picture).max() > 1e-3


@pytest.fixture(scope="module")
def checked(cache: Path) -> Artist:
    """Draws under the safety checker."""
    artist = loaded(cache, safety=True).artist
    return artist.at(EngineSettings(diffusion_steps=2))


def test_the_safety_checker_lets_harmless_pictures_pass(checked: Artist, engines: Engines) -> None:
    np.testing.assert_array_equal(checked.draw("a", 64, 64), engines.artist.draw("a", 64, 64))


def test_a_picture_that_is_flagged_once_is_drawn_from_another_seed(checked: Artist, engines: Engines) -> None:
    weights = checked.diffusion.pipeline.safety_checker.concept_embeds_weights

    def flag_once(*_: object) -> None:
        weights.fill_(-2.0 if not calls else 1.0)
        calls.append(1)

    calls: list[int] = []
    hook = checked.diffusion.pipeline.safety_checker.register_forward_pre_hook(flag_once)
    try:
        picture = checked.draw("a", 64, 64, 5)
    finally:
        hook.remove()
    assert len(calls) == 2
    np.testing.assert_array_equal(picture, engines.artist.draw("a", 64, 64, 5 + ANOTHER_SEED))


def test_a_picture_that_is_flagged_twice_ends_in_two_sentences(checked: Artist) -> None:
    weights = checked.diffusion.pipeline.safety_checker.concept_embeds_weights
    weights.fill_(-2.0)
    try:
        with pytest.raises(InputError, match=r"The safety checker held back both pictures .* Try another prompt"):
            checked.draw("a", 64, 64)
    finally:
        weights.fill_(1.0)


def test_a_safety_checker_that_is_asked_for_but_missing_is_an_error(cache: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(cache / "sd", tmp_path / "sd")
    shutil.rmtree(folder / "safety_checker")
    with pytest.raises(ModelUnavailable, match=r"The safety checker .* came without it. Run `gen3d download`"):
        load_stable_diffusion(folder, None, Placement(), safety=True)
    assert load_stable_diffusion(folder, None, Placement()).pipeline.safety_checker is None


def truncate(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-100])


def garble(file: Path) -> None:
    file.write_bytes(b"\x00not what it was" * 9)


DAMAGES = [
    ("sd/unet/diffusion_pytorch_model.safetensors", Path.unlink),
    ("sd/unet/diffusion_pytorch_model.safetensors", truncate),
    ("sd/vae/diffusion_pytorch_model.safetensors", garble),
    ("sd/vae/config.json", Path.unlink),
    ("sd/text_encoder/model.safetensors", truncate),
    ("sd/unet/config.json", garble),
    ("inpaint/diffusion_pytorch_model.safetensors", truncate),
    ("depth/diffusion_pytorch_model.safetensors", Path.unlink),
    ("depth/config.json", Path.unlink),
    ("lcm/pytorch_lora_weights.safetensors", truncate),
    ("lcm/pytorch_lora_weights.safetensors", Path.unlink),
]


@pytest.mark.parametrize(("name", "damage"), DAMAGES, ids=lambda v: v if isinstance(v, str) else v.__name__)
def test_a_damaged_file_is_named_with_the_way_out(
    cache: Path, tmp_path: Path, name: str, damage: Callable[[Path], None]
) -> None:
    broken = tmp_path / "weights"
    shutil.copytree(cache, broken)
    damage(broken / name)
    with pytest.raises(ModelUnavailable) as failure:
        loaded(broken)
    assert str(broken / name) in str(failure.value) and "gen3d download" in failure.value.remedy


def test_a_damaged_part_without_weights_names_the_folder(cache: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(cache / "sd", tmp_path / "sd")
    garble(folder / "tokenizer" / "tokenizer.json")
    with pytest.raises(ModelUnavailable, match=str(folder)):
        load_stable_diffusion(folder, None, Placement())


def test_low_rank_weights_of_another_network_are_refused(cache: Path, tmp_path: Path) -> None:
    from safetensors.torch import save_file

    foreign = {"lora_unet_elsewhere_to_q.lora_down.weight": torch.ones(2, 4),
               "lora_unet_elsewhere_to_q.lora_up.weight": torch.ones(4, 2),
               "lora_unet_elsewhere_to_q.alpha": torch.tensor(2.0)}  # fmt: skip
    save_file(foreign, tmp_path / "lora.safetensors")
    with pytest.raises(ModelUnavailable, match=r"LCM .*lora\.safetensors"):
        load_stable_diffusion(cache / "sd", tmp_path / "lora.safetensors", Placement())


def test_a_flux_shard_that_is_missing_is_named(cache: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(cache / "flux", tmp_path / "flux")
    whole = folder / "text_encoder" / "model.safetensors"
    shard = whole.rename(whole.with_name("model-00001-of-00002.safetensors"))
    index = {"metadata": {}, "weight_map": {"a": shard.name, "b": "model-00002-of-00002.safetensors"}}
    whole.with_name("model.safetensors.index.json").write_text(json.dumps(index))
    with pytest.raises(ModelUnavailable, match=r"model-00002-of-00002\.safetensors"):
        load_flux(folder, Placement())


def test_half_precision_files_serve_a_cpu_that_has_no_others(cache: Path, engines: Engines, tmp_path: Path) -> None:
    folder = write_stable_diffusion(tmp_path / "sd", checker=True, variant="fp16")
    assert not list(folder.rglob("model.safetensors"))
    half = load_stable_diffusion(folder, cache / "lcm", Placement())
    assert half.pipeline.unet.dtype == torch.float32
    asked = case()
    np.testing.assert_array_equal(asked.by(replace(engines.outpainter, diffusion=half)), asked.by(engines.outpainter))


def test_files_of_both_precisions_may_be_mixed(cache: Path, engines: Engines, tmp_path: Path) -> None:
    folder = shutil.copytree(cache / "sd", tmp_path / "sd")
    plain = folder / "unet" / "diffusion_pytorch_model.safetensors"
    plain.rename(plain.with_name("diffusion_pytorch_model.fp16.safetensors"))
    mixed = load_stable_diffusion(folder, cache / "lcm", Placement())
    asked = case()
    np.testing.assert_array_equal(asked.by(replace(engines.outpainter, diffusion=mixed)), asked.by(engines.outpainter))
