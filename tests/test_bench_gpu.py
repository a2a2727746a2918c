"""bench/gpu/ at toy sizes on a processor: all of it runs, nothing that fails takes the rest with it."""

import json
import sys
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from bench import random_engines
from bench.full_size import NETWORKS, parameters
from bench.gpu.__main__ import main
from bench.gpu.compiling import Compiling
from bench.gpu.measure import median_ms
from bench.gpu.rasterizers import crowded
from bench.gpu.report import Report, told
from bench.gpu.targets import judged
from bench.plain_torch import render as render_plainly
from bench.random_engines import Finding, Painting, Seeing, random_models
from gen3d.models.base import DepthEstimator, Inpainter, Segmenter
from gen3d.models.placement import Placement
from gen3d.settings import EngineSettings
from gen3d.splat.cpu.function import CpuRasterizer
from tests import tiny_diffusion, tiny_hub
from tests.tiny_moge import CASE

SECTIONS = ["rasterizers", "fit", "pipeline", "diffusion", "networks"]


@pytest.fixture(scope="module")
def results(tmp_path_factory, hub_home):
    """Of a whole run; the tiny networks are those that other tests made."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tiny_hub, "fill_cache", lambda *_: hub_home)
        file = main(["--smoke", "--out", str(tmp_path_factory.mktemp("results"))])
    return file, json.loads(file.read_text(encoding="utf-8"))


@pytest.mark.slow
def test_every_section_runs_and_is_written(results):
    file, told = results
    assert list(told["sections"]) == SECTIONS
    failed = [row for rows in told["sections"].values() for row in rows if "failed" in row]
    assert failed == [] and all(told["sections"].values())
    assert told["card"] in file.stem.replace("-", " ") and told["date"] in file.stem and told["toy_sizes"]
    assert sorted(f.suffix for f in file.parent.iterdir()) == [".json", ".txt"], "nothing half-written is left"


@pytest.mark.slow
def test_figures_are_there_and_make_sense(results):
    sections = results[1]["sections"]
    drawn = [row for row in sections["rasterizers"] if "forward_ms" in row]
    assert {row["rasterizer"] for row in drawn} == {"torch", "cpu"} and all(row["forward_ms"] > 0 for row in drawn)
    assert max(row.get("median_error", 0) for row in drawn) < 1e-5
    [ssim, *fits] = sections["fit"]
    assert ssim["ssim_error"] < 1e-5 and len(fits) == 2 and all(row["last_loss"] < row["first_loss"] for row in fits)
    [engines, run] = sections["pipeline"]
    assert engines["missing"].keys() == {"depth"}
    assert run["counts"]["gaussians"] > 100 and run["counts"]["foreground"] > 0.01
    assert {"depth", "layers", "background", "expand", "optimize", "flythrough"} <= run["by_stage_s"].keys()
    assert all("random weights" in engines["engines"][role] for role in ("segmenter", "background", "outpainter"))
    assert sum("engine" in row for row in sections["diffusion"]) == 4 and len(sections["networks"]) == 1


@pytest.mark.slow
def test_toys_meet_and_miss_no_target(results):
    assert {target["verdict"] for target in results[1]["targets"]} == {"open"}


def test_without_a_card_only_a_smoke_test_runs(monkeypatch, capsys):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(SystemExit):
        main([])
    assert "--smoke" in capsys.readouterr().err


def test_a_section_that_fails_leaves_what_it_found_and_the_others(tmp_path):
    def breaking():
        yield {"found": 1}
        raise RuntimeError("no more")

    report = Report(tmp_path / "card-date.json", {"card": "c", "date": "d", "torch": "t", "toy_sizes": False})
    report.run("first", breaking)
    on_disk = json.loads((tmp_path / "card-date.json").read_text())
    assert on_disk["sections"]["first"][0] == {"found": 1} and "no more" in on_disk["sections"]["first"][1]["failed"]
    report.run("second", lambda: iter([{"found": 2}]))
    assert json.loads((tmp_path / "card-date.json").read_text())["sections"]["second"] == [{"found": 2}]
    assert "no more" in (tmp_path / "card-date.txt").read_text()


def test_targets_are_met_missed_or_open():
    size = {"gaussians": 1_048_576, "px": 1024}
    sections = {
        "rasterizers": [
            {"rasterizer": "gsplat", **size, "forward_backward_ms": 10.0},
            {"rasterizer": "triton", **size, "forward_backward_ms": 20.0},
            {"rasterizer": "triton", "gaussians": 262_144, "px": 1024, "forward_backward_ms": 999.0},
            {"rasterizer": "torch", **size, "left out": "no time"},
        ],
        "fit": [{"rasterizer": "triton", "views_a_step": 1, "steps": 500, "seconds": 3.9}],
        "pipeline": [
            {"preset": "fast", "run": "first", "seconds": 60.0}, {"preset": "fast", "run": "warm", "seconds": 7.0},
            {"preset": "fast", "run": "warm", "seconds": 7.0, "peak_gb": 12.5},
        ],
    }  # fmt: skip
    verdicts = [target["verdict"] for target in judged(sections)]
    assert verdicts == ["met", "missed", "open", "met", "met", "open", "missed", "open"]
    assert judged(sections)[0]["found"] == "2.00 x"


def test_a_median_is_taken_of_three_calls_but_of_one_that_takes_too_long():
    calls = []
    median_ms(lambda: calls.append(1), "cpu", most_s=0.01)
    assert 4 <= len(calls) <= 31
    calls.clear()
    assert median_ms(lambda: calls.append(torch.rand(300, 300) @ torch.rand(300, 300)), "cpu", most_s=0.0) > 0
    assert len(calls) == 1


def test_gsplat_is_compiled_by_another_process_and_its_failure_told(monkeypatch):
    assert Compiling(False).fault(0) == "no card" and not Compiling(False).goes_on()
    faults = {"raise OSError('no nvcc')": "no nvcc", "import time; time.sleep(30)": "not compiled", "": None}
    for program, fault in faults.items():
        monkeypatch.setattr(Compiling, "PROGRAM", program)
        compiling = Compiling(True)
        told = compiling.fault(0.5 if "sleep" in program else 20)
        assert (told is None) if fault is None else fault in told


def test_the_workload_has_as_many_gaussians_as_asked_for_at_any_size():
    work = crowded(500, 40)
    assert len(work.gaussians) == 500 and (work.camera.width, work.camera.height) == (40, 40)
    drawn = CpuRasterizer().render(work.gaussians, work.camera)
    assert drawn.alpha.mean() > 0.5
    assert (render_plainly(work.gaussians, work.camera) - drawn.rgb).abs().median() < 1e-5


# -- engines of random weights ----------------------------------------------------------------------------------------


@pytest.fixture
def small(monkeypatch):
    """Tiny networks in place of the full-size ones, built by the same calls."""
    tiny_diffusion.repair_torchvision()
    from diffusers import AutoencoderKL, ControlNetModel, UNet2DConditionModel
    from segment_anything.modeling import ImageEncoderViT, MaskDecoder, PromptEncoder, Sam, TwoWayTransformer
    from transformers import CLIPTextConfig, CLIPTextModel

    from gen3d.models.networks.moge import MogeNetwork

    down = {"down_block_types": ("CrossAttnDownBlock2D", "DownBlock2D")}
    blocks = tiny_diffusion._blocks() | down
    up = {"up_block_types": ("UpBlock2D", "CrossAttnUpBlock2D"), "in_channels": 9, "sample_size": 8}
    text = CLIPTextConfig(
        vocab_size=514, hidden_size=8, intermediate_size=16, num_hidden_layers=1, num_attention_heads=2,
        max_position_embeddings=77,
    )  # fmt: skip
    vae = {
        "block_out_channels": (4, 8, 8, 8), "layers_per_block": 1, "norm_num_groups": 4,
        "down_block_types": ("DownEncoderBlock2D",) * 4, "up_block_types": ("UpDecoderBlock2D",) * 4,
    }  # fmt: skip

    def sam():
        encoder = ImageEncoderViT(
            img_size=64, patch_size=16, embed_dim=8, depth=1, num_heads=2, out_chans=16, use_rel_pos=True, window_size=2
        )
        prompts = PromptEncoder(16, (4, 4), (64, 64), 4)
        two_way = TwoWayTransformer(1, 16, 2, 16)
        return Sam(encoder, prompts, MaskDecoder(transformer_dim=16, transformer=two_way))

    builds = {
        "moge": lambda: MogeNetwork(**CASE["model_config"]), "sam-vit_h": sam,
        "unet": lambda: UNet2DConditionModel(**blocks, **up), "vae": lambda: AutoencoderKL(**vae),
        "controlnet": lambda: ControlNetModel(conditioning_embedding_out_channels=(4, 4, 4, 8), **blocks),
        "text": lambda: CLIPTextModel(text),
    }  # fmt: skip
    monkeypatch.setattr(random_engines, "NETWORKS", {key: SimpleNamespace(build=b) for key, b in builds.items()})


@pytest.mark.slow
def test_engines_of_random_weights_work_and_give_sound_answers(small):
    depth = np.linspace(2, 5, 24 * 32, dtype=np.float32).reshape(24, 32)
    models, missing = random_models(Placement(), depth)
    assert missing == {}
    models = models.at(EngineSettings(depth_tokens=1200, mask_grid=2, diffusion_steps=1))
    assert isinstance(models.depth, DepthEstimator) and isinstance(models.segmenter, Segmenter)
    image = np.random.default_rng(0).random((24, 32, 3)).astype(np.float32)
    np.testing.assert_allclose(models.depth.estimate(image).depth, depth, atol=1e-3)
    assert models.segmenter.segment(image, depth).masks.any(axis=(1, 2)).all()
    hole = np.zeros((24, 32), bool)
    hole[5:15, 8:20] = True
    for painter in (models.background, models.outpainter):
        painter = replace(painter, engine=replace(painter.engine, shortest_px=64, longest_px=64))
        assert isinstance(painter, Inpainter)
        filled = painter.inpaint(image, hole, ~hole, depth, "a room", 1)
        assert (filled[~hole] == image[~hole]).all() and np.isfinite(filled).all()
    assert "MoGe-2" in models.depth.name and "LCM" in models.background.name and "1 LCM" in models.outpainter.name


def test_a_package_that_is_missing_leaves_the_role_to_its_answer(small, monkeypatch):
    monkeypatch.setitem(sys.modules, "diffusers", None)
    models, missing = random_models(Placement(), np.ones((8, 8), np.float32))
    assert list(missing) == ["diffusion"] and "diffusers" in missing["diffusion"]
    assert models.background.name == "nobody" and models.depth.name.startswith("MoGe-2")
    hole = np.zeros((8, 8), bool)
    hole[2:4] = True
    image = np.ones((8, 8, 3), np.float32)
    assert (models.background.inpaint(image, hole, ~hole, np.ones((8, 8), np.float32)) == 1).all()


def test_the_low_rank_weights_are_as_many_as_the_published_ones():
    """67.5 million, a file of 135 MB in half precision."""
    unet = NETWORKS["unet"].on_meta()
    before = parameters(unet)
    with torch.device("meta"):
        assert random_engines._with_lcm(unet)
    assert (parameters(unet) - before) / 1e6 == pytest.approx(67.5, abs=1.0)


def test_answers_cost_nothing_and_are_sound_by_themselves():
    depth = np.full((6, 8), 3.0, np.float32)
    image = np.zeros((6, 8, 3), np.float32)
    expected = np.where(np.arange(8) < 4, 2.0, np.nan).astype(np.float32) * np.ones((6, 1), np.float32)
    assert (Seeing(None, depth).estimate(image, None, expected).depth == 2.0).all()
    assert Finding(None).segment(image, depth + np.arange(8, dtype=np.float32)).masks.shape == (2, 6, 8)
    assert Painting(None).name == "nobody" and told({"a": 1.0}) == "a 1"
