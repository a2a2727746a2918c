"""gen3d doctor, download and selftest: what looks after the networks, on a machine without any, and with tiny ones."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from gen3d.errors import Gen3DError
from gen3d.events import Finished
from gen3d.models.base import DepthEstimate
from gen3d.models.builtin.bundle import builtin_models
from gen3d.models.pick import load_models
from gen3d.run.doctor import diagnose
from gen3d.run.selftest import selftest
from gen3d.splat.pick import pick_rasterizer
from tests.fakes import FakeInpainter, fake_models
from tests.runs import TINY
from tests.tiny_hub import at_home


def run(*arguments: object, home: Path) -> subprocess.CompletedProcess:
    """The command line in a process of its own, with a home for weights."""
    return subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "gen3d", *map(str, arguments)],
        capture_output=True, text=True, timeout=300, env=os.environ | {"HF_HOME": str(home)},
    )  # fmt: skip


def test_the_doctor_says_who_plays_what_and_what_to_do_next(tmp_path, hub_home):
    with at_home(tmp_path):
        told = "\n".join(diagnose("cpu"))
    assert "HF_HUB_OFFLINE is set" in told and "MoGe-2 vitb" in told and "no, 0.42 GB" in told
    for name in builtin_models().names.values():
        assert name in told
    with at_home(hub_home):
        told = "\n".join(diagnose("gpu"))
    assert "selftest" in told and "no, " not in told
    others = builtin_models().names.items() - {("object_maker", "simple solids")}  # no network makes things unasked
    assert not any(name in told for _, name in others)


def test_the_doctor_tells_the_state_of_torchvision():
    [line] = [line for line in diagnose("cpu") if line.startswith("torchvision")]
    import torchvision.extension

    assert ("repaired" in line) != torchvision.extension._has_ops()


def test_doctor_and_download_speak_on_the_command_line(tmp_path):
    told = run("doctor", home=tmp_path)
    assert told.returncode == 0 and "gen3d download" not in told.stderr and "Missing: MoGe-2 vitb" in told.stdout
    told = run("download", "--tier", "cpu", home=tmp_path)
    assert told.returncode == 1 and "HF_HUB_OFFLINE is set" in told.stderr and "Traceback" not in told.stderr


def test_download_opens_what_is_cached(hub_home):
    told = run("download", "--tier", "gpu", home=hub_home)
    assert told.returncode == 0, told.stderr
    assert "All 9 networks are ready" in told.stdout


@pytest.mark.slow
def test_the_selftest_plays_every_role_and_leaves_a_report_and_a_sheet(tmp_path):
    load = partial(load_models, "builtin")
    *_, last = selftest(load, pick_rasterizer(), TINY, tmp_path / "test")
    report = json.loads((tmp_path / "test" / "selftest.json").read_text(encoding="utf-8"))
    assert isinstance(last, Finished) and set(report["roles"]) == {
        "depth", "segmenter", "background", "outpainter", "text_to_image", "pipeline"
    }  # fmt: skip
    assert all(told["fault"] is None for told in report["roles"].values())
    assert (tmp_path / "test" / "sheet.png").stat().st_size > 10_000
    assert (tmp_path / "test" / "scene" / "scene.ply").exists()
    assert str(Path.home()) not in json.dumps(report)


class Stained(FakeInpainter):
    """Touches what it must not."""

    def inpaint(self, image, hole, borrow, depth, prompt=None, seed=0):
        return np.clip(super().inpaint(image, hole, borrow, depth, prompt, seed) + 0.1, 0, 1).astype(np.float32)


class Backwards:
    """Says near where it is far."""

    name = "backwards"

    def estimate(self, image, camera=None, expected=None):
        v = np.linspace(1, 5, image.shape[0], dtype=np.float32)
        return DepthEstimate(np.repeat(v[:, None], image.shape[1], axis=1))


class Broken:
    name = "broken"

    def segment(self, image, depth):
        raise RuntimeError("no kernel for this card")


@pytest.mark.parametrize(
    ("role", "engine", "fault"),
    [
        ("depth", Backwards(), "not how deep"),
        pytest.param("segmenter", Broken(), "no kernel for this card", marks=pytest.mark.slow),
        pytest.param("background", Stained(), "outside the hole", marks=pytest.mark.slow),
        pytest.param("outpainter", FakeInpainter(), "blank", marks=pytest.mark.slow),
    ],
)
def test_the_selftest_finds_fault_with_an_engine_and_still_tries_the_others(tmp_path, role, engine, fault):
    models = replace(builtin_models(), text_to_image=None, **{role: engine})
    with pytest.raises(Gen3DError, match=role):
        list(selftest(lambda: models, pick_rasterizer(), TINY, tmp_path / "test"))
    report = json.loads((tmp_path / "test" / "selftest.json").read_text(encoding="utf-8"))
    assert fault in report["roles"][role]["fault"]
    assert [name for name, told in report["roles"].items() if told["fault"] and name not in (role, "pipeline")] == []


@pytest.mark.slow
def test_the_selftest_runs_the_networks_and_says_that_random_ones_see_nothing(hub_home, tmp_path):
    told = run("selftest", "--engine", "hub", "--tier", "gpu", "--size", "64", "-o", tmp_path / "test", home=hub_home)
    assert told.returncode == 1 and "not how deep the room is" in told.stderr and "Traceback" not in told.stderr
    report = json.loads((tmp_path / "test" / "selftest.json").read_text(encoding="utf-8"))
    assert set(report["roles"]) >= {"captioner", "text_to_image", "pipeline"}
    assert report["roles"]["pipeline"]["fault"] is None
    assert report["roles"]["captioner"]["figures"]["place"] and "LCM" in report["engines"]["background"]


@pytest.mark.slow
def test_fakes_pass_for_words_and_drawings(tmp_path):
    models = fake_models(depth=builtin_models().depth, background=builtin_models().background)
    with pytest.raises(Gen3DError, match="outpainter"):
        list(selftest(lambda: models, pick_rasterizer(), TINY, tmp_path / "test"))
    roles = json.loads((tmp_path / "test" / "selftest.json").read_text(encoding="utf-8"))["roles"]
    assert roles["captioner"]["fault"] is None and roles["text_to_image"]["fault"] is None
