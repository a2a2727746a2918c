"""Which engines a run gets: from a cache, from none, from a broken one; and a sentence that becomes a scene offline."""

import json
import pickle
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from gen3d.errors import ModelUnavailable
from gen3d.events import Notice, Preview
from gen3d.formats.ply import read_ply
from gen3d.models.builtin.bundle import builtin_models
from gen3d.models.opened import not_here
from gen3d.models.pick import load_models, networks_of
from gen3d.models.weights import hub
from gen3d.request import Request
from gen3d.run.steps import build
from gen3d.settings import EngineSettings, LayerSettings
from gen3d.splat.pick import pick_rasterizer
from tests.runs import TINY
from tests.tiny_hub import at_home, copied, replaced, snapshot, without

# layers as loose as can be, so that there is something in front
SETTINGS = replace(
    TINY,
    layers=LayerSettings(rule="paper", min_score=0.0, min_area=0.0, depth_percentile=100.0),
    engines=EngineSettings(depth_tokens=1200, mask_grid=4, diffusion_steps=2),
)


@pytest.mark.slow
def test_a_sentence_becomes_a_scene_through_every_network_offline(hub_home, tmp_path):
    with at_home(hub_home):
        models = load_models("hub", tier="gpu")
    request = Request(prompt="a harbour at dawn", prompts=(("left", "a lighthouse"),), seed=5)
    events = list(build(request, models, pick_rasterizer(), SETTINGS, tmp_path / "scene"))
    run = json.loads((tmp_path / "scene" / "run.json").read_text(encoding="utf-8"))
    assert len(read_ply(tmp_path / "scene" / "scene.ply")) > 1000 and run["counts"]["views"] > 1
    for role, name in models.at(SETTINGS.engines).names.items():
        assert run["engines"][role] == name
    ours = set(models.names.values()) & set(builtin_models().names.values())
    assert ours == {"simple solids"} and len(models.names) == 9
    assert {e.name for e in events if isinstance(e, Preview)} >= {"photo", "depth", "layers", "expand_01"}
    assert run["counts"]["prompt"] == "a harbour at dawn" and "photorealistic" in run["counts"]["background_prompt"]
    assert run["seconds"]["words"] >= 0 and "Nothing was found" in " ".join(run["notices"])


@pytest.mark.slow
def test_a_photo_with_depth_becomes_a_scene_with_the_background_that_diffusion_fills(hub_home, built, tmp_path):
    """Random weights draw nothing that SAM's would find a thing in; they do find one in the room."""
    with at_home(hub_home):
        models = load_models("hub", tier="gpu")
    request = replace(built.request, prompt=None)
    settings = replace(SETTINGS, expand=replace(SETTINGS.expand, poses=1))
    events = list(build(request, models, pick_rasterizer(), settings, tmp_path / "scene"))
    assert len(read_ply(tmp_path / "scene" / "scene.ply")) > 1000
    assert {e.name for e in events if isinstance(e, Preview)} >= {"layers", "background", "expand_01"}
    counts = json.loads((tmp_path / "scene" / "run.json").read_text(encoding="utf-8"))["counts"]
    assert counts["foreground"] > 0.01 and counts["prompt"], "the caption is the prompt where there is none"


def test_a_photo_becomes_a_scene_through_the_networks_for_a_laptop(hub_home, built, tmp_path):
    with at_home(hub_home):
        models = load_models("hub", tier="cpu")
    request = Request(photo=built.request.photo)
    list(build(request, models, pick_rasterizer(), SETTINGS, tmp_path / "scene"))
    assert len(read_ply(tmp_path / "scene" / "scene.ply")) > 1000
    assert models.names == {
        "depth": "MoGe-2 vitb", "segmenter": "SAM vit_b", "background": "LaMa", "outpainter": "LaMa",
        "text_to_image": "world painter", "object_maker": "simple solids", "namer": "CLIP", "critic": "CLIP",
    }  # fmt: skip


def test_networks_that_play_several_roles_are_opened_once(hub_home):
    with at_home(hub_home):
        models = load_models("hub", tier="gpu")
    networks = models.background.diffusion
    assert networks is models.outpainter.diffusion is models.text_to_image.diffusion


def test_without_weights_and_hub_every_role_falls_back_and_says_so_once(tmp_path):
    with at_home(tmp_path):
        models = load_models("auto")
    assert models.names == builtin_models().names and models.device == "cpu"
    [notice] = models.notices
    alone = {("text_to_image", "world painter"), ("object_maker", "simple solids")}  # no network of this tier does that
    others = models.names.items() - alone
    assert others and all(role in notice and name in notice for role, name in others)
    assert notice.count("LaMa") == notice.count("builtin patches") == notice.count("gen3d download") == 1


def test_networks_are_told_from_our_own_engines(hub_home):
    with at_home(hub_home):
        assert networks_of(load_models("hub", tier="cpu")) == ("MoGe-2 vitb", "SAM vit_b", "LaMa", "CLIP")
    assert networks_of(load_models("builtin")) == ()


def test_builtin_engines_ask_nobody_and_have_nothing_to_tell(monkeypatch):
    monkeypatch.setattr(hub, "cached", pytest.fail)
    assert load_models("builtin").notices == ()


def test_one_network_that_is_missing_leaves_the_others(hub_home, tmp_path):
    with at_home(without(hub_home, "sam-vit-b", tmp_path / "home")):
        models = load_models("auto", tier="cpu")
        assert models.names["segmenter"] == builtin_models().names["segmenter"]
        assert (models.names["depth"], models.names["outpainter"]) == ("MoGe-2 vitb", "LaMa")
        [notice] = models.notices
        assert "SAM vit_b" in notice and "superpixels" in notice
        with pytest.raises(ModelUnavailable, match="SAM vit_b"):
            load_models("hub", tier="cpu")


def test_without_diffusion_lama_fills_and_without_words_nobody_speaks(hub_home, tmp_path):
    home = without(hub_home, "sd15-inpainting", tmp_path / "home")
    with at_home(without(home, "blip", tmp_path / "home2")):
        models = load_models("auto", tier="gpu")
    assert models.names["background"] == models.names["outpainter"] == "LaMa"
    assert models.text_to_image.name == "world painter" and models.captioner is None
    [told] = models.notices
    assert "LaMa plays background and outpainter, world painter plays text to image instead" in told
    assert "and nobody plays captioner." in told
    assert "Stable Diffusion 1.5 inpainting" in told and "BLIP" in told


def test_an_error_about_what_is_not_here_survives_a_process():
    error = pickle.loads(pickle.dumps(not_here("A", "B", "A")))
    assert error.names == ("A", "B", "A") and "The weights of A and B are not here" in str(error)


@pytest.mark.parametrize("kind", ["truncated", "garbage", "empty"])
@pytest.mark.parametrize(
    ("key", "file"),
    [
        ("moge-2-vitl", "model.pt"),
        ("sam-vit-h", "checkpoints/sam_vit_h_4b8939.pth"),
        ("sd15-inpainting", "unet/diffusion_pytorch_model.safetensors"),
        ("sd15-inpainting", "vae/config.json"),
        ("controlnet-depth", "diffusion_pytorch_model.safetensors"),
        ("lcm-lora", "pytorch_lora_weights.safetensors"),
        ("blip", "model.safetensors"),
        ("clip", "tokenizer.json"),
    ],
)
def test_a_damaged_file_is_named_with_the_way_out(hub_home, tmp_path, key, file, kind):
    damaged = _damaged(hub_home, tmp_path / "home", key, file, kind)
    with at_home(tmp_path / "home"):
        models = load_models("auto", tier="gpu")
    told = [notice for notice in models.notices if damaged.name in notice]
    assert told and all("gen3d download" in notice for notice in told)


def test_a_damaged_lama_file_is_named(hub_home, tmp_path):
    damaged = _damaged(hub_home, tmp_path / "home", "lama", "inpainting_lama_2025jan.onnx", "truncated")
    with at_home(tmp_path / "home"), pytest.raises(ModelUnavailable, match="LaMa") as failure:
        load_models("hub", tier="cpu")
    assert damaged.name in str(failure.value) and "gen3d download" in failure.value.remedy


def _damaged(home: Path, into: Path, key: str, file: str, kind: str) -> Path:
    path = snapshot(copied(home, into), key) / file
    whole = path.read_bytes()
    return replaced(
        path, {"truncated": whole[: len(whole) // 2], "garbage": b"<html>not found</html>", "empty": b""}[kind]
    )


def test_weights_beyond_what_the_network_knows_are_told(hub_home, tmp_path):
    path = snapshot(copied(hub_home, tmp_path / "home"), "moge-2-vitb") / "model.pt"
    stored = torch.load(path, weights_only=True)
    stored["model"]["extra.weight"] = torch.zeros(2)
    path.unlink()
    torch.save(stored, path)
    with at_home(tmp_path / "home"):
        [notice] = load_models("hub", tier="cpu").notices
    assert "extra.weight" in notice and "MoGe-2 vitb" in notice


def test_what_a_machine_falls_back_on_is_told_in_the_run(tmp_path, built):
    with at_home(tmp_path):
        models = load_models("auto")
    events = list(build(built.request, models, pick_rasterizer(), TINY, tmp_path / "scene"))
    assert {e.text for e in events if isinstance(e, Notice)} >= set(models.notices)
