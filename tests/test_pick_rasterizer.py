"""Who draws: on a machine without a card, and on one that tests make up, where rasterizers fail in several ways."""

import json
import subprocess
from dataclasses import replace

import pytest
import torch

from gen3d.cli import main
from gen3d.errors import ModelUnavailable
from gen3d.events import Notice
from gen3d.run import steps as pipeline
from gen3d.splat import pick as choice
from gen3d.splat.cpu.function import CpuRasterizer
from gen3d.splat.gsplat import GsplatRasterizer
from gen3d.splat.pick import pick_rasterizer, try_out
from gen3d.splat.role import Rasterizer
from tests.rasterizers import AsIfOnACard, FakeGsplat
from tests.runs import TINY, room_models


@pytest.fixture(autouse=True)
def fresh():
    """Choices are remembered for a process; here machines change."""
    pick_rasterizer.cache_clear()
    yield
    pick_rasterizer.cache_clear()


@pytest.fixture
def card(monkeypatch):
    """A machine whose card draws with what a test says: name -> a function that loads it."""

    def put(**loaders):
        monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
        # a torch that was built for cards would have its optimisers ask the driver of this one
        monkeypatch.setattr(torch.accelerator, "current_accelerator", lambda check_available=False: None)
        monkeypatch.setattr(choice, "ON_A_CARD", loaders)

    return put


def failing(error):
    def load():
        raise error

    return load


def working(name):
    return lambda: AsIfOnACard(name=name)


def test_without_a_card_the_processor_draws_and_nothing_is_degraded():
    for device in ("cpu", "auto"):
        picked = pick_rasterizer(device)
        assert isinstance(picked, CpuRasterizer) and picked.notices == () and picked.device == "cpu"


def test_a_card_that_is_asked_for_but_not_there_is_told():
    picked = pick_rasterizer("cuda")
    [notice] = picked.notices
    assert picked.name == "cpu" and "no CUDA card" in notice and isinstance(picked, Rasterizer)


def test_gsplat_comes_first_and_is_tried_on_a_gaussian(card):
    gsplat = GsplatRasterizer(FakeGsplat(), "cpu")
    card(gsplat=lambda: gsplat, triton=pytest.fail)
    assert pick_rasterizer("auto") is gsplat and len(gsplat.gsplat.calls) == 1


def test_the_choice_is_made_once_in_a_process(card):
    gsplat = GsplatRasterizer(FakeGsplat(), "cpu")
    card(gsplat=lambda: gsplat)
    assert pick_rasterizer("cuda") is pick_rasterizer("cuda") and len(gsplat.gsplat.calls) == 1


@pytest.mark.parametrize(
    "error",
    [
        ImportError("No module named 'gsplat'"),
        AttributeError("'NoneType' object has no attribute 'CameraModelType'"),
        OSError("CUDA_HOME environment variable is not set"),
        RuntimeError("Error building extension 'gsplat_cuda'" + 4000 * "\nand so on"),
        subprocess.CalledProcessError(1, "nvcc"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_whatever_gsplat_dies_of_triton_draws_and_says_why(card, error):
    card(gsplat=failing(error), triton=working("triton"))
    picked = pick_rasterizer("auto")
    [notice] = picked.notices
    assert picked.name == "triton" and picked.device == "cpu:0"
    assert type(error).__name__ in notice and "Triton" in notice and "nvcc" in notice and len(notice) < 500


def test_where_both_fail_the_processor_draws_and_both_reasons_are_told(card):
    card(gsplat=failing(ImportError("no gsplat")), triton=failing(RuntimeError("no compiler")))
    picked = pick_rasterizer("auto")
    [notice] = picked.notices
    assert picked.name == "cpu" and "no gsplat" in notice and "no compiler" in notice and "slowly" in notice


class Wrong(CpuRasterizer):
    """Draws everything a little, or much, otherwise."""

    def __init__(self, **spoil):
        self.spoil = spoil

    def render(self, gaussians, camera):
        drawn = super().render(gaussians, camera)
        return replace(drawn, **{name: spoil(getattr(drawn, name)) for name, spoil in self.spoil.items()})


@pytest.mark.parametrize(
    "wrong",
    [
        Wrong(rgb=lambda rgb: rgb.flip(-1)),
        Wrong(alpha=lambda alpha: alpha.roll(1, 1)),
        Wrong(depth=lambda depth: 1.1 * depth),
        Wrong(alpha=lambda alpha: alpha * torch.nan),
        Wrong(alpha=lambda alpha: alpha + 0.5 * (alpha - alpha.detach())),
    ],
    ids=["colours", "pixels", "depth", "no number", "slope"],
)
def test_a_rasterizer_that_draws_something_else_is_passed_over(card, wrong):
    with pytest.raises(RuntimeError):
        try_out(wrong)
    card(gsplat=lambda: wrong, triton=working("triton"))
    assert pick_rasterizer("cuda").name == "triton"


def test_the_one_that_is_wanted_is_taken_or_the_reason_told(card):
    card(gsplat=failing(OSError("nvcc is missing")), triton=working("triton"))
    assert pick_rasterizer("auto", "triton").notices == ()
    assert isinstance(pick_rasterizer("auto", "cpu"), CpuRasterizer)
    with pytest.raises(ModelUnavailable, match=r"nvcc is missing.*--rasterizer auto"):
        pick_rasterizer("auto", "gsplat")
    with pytest.raises(ModelUnavailable, match="draws on a CUDA card"):
        pick_rasterizer("cpu", "triton")


def test_on_zero_gpu_nothing_is_compiled_for_minutes(card, monkeypatch):
    monkeypatch.setenv("SPACES_ZERO_GPU", "true")
    card(gsplat=pytest.fail, triton=working("triton"))
    assert pick_rasterizer("auto").notices == ()


def test_a_run_tells_who_drew_and_what_was_passed_over(card, built, tmp_path):
    card(gsplat=failing(ImportError("no gsplat")), triton=working("triton"))
    events = list(pipeline.build(built.request, room_models(), pick_rasterizer("auto"), TINY, tmp_path / "scene"))
    run = json.loads((tmp_path / "scene" / "run.json").read_text(encoding="utf-8"))
    told = [event.text for event in events if isinstance(event, Notice)]
    assert run["engines"]["rasterizer"] == "triton" and sum("no gsplat" in text for text in told) == 1
    assert run["notices"] == told


def test_the_command_line_names_the_rasterizer(built, tmp_path, capsys):
    scene, cameras = built.folder / "scene.ply", built.folder / "transforms.json"
    given = ["render", str(scene), "--cameras", str(cameras), "-o", str(tmp_path / "out")]
    assert main([*given, "--rasterizer", "triton"]) == 1
    assert "triton draws on a CUDA card" in capsys.readouterr().err
    assert main([*given, "--device", "cuda"]) == 0
    assert "no CUDA card" in capsys.readouterr().out
