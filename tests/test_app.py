"""app.py: what a Space or `make run` starts, and its steps across the fork of a ZeroGPU call."""

import ast
import json
import os
import socket
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from gen3d.models.builtin.bundle import builtin_models
from gen3d.request import Request
from gen3d.settings import PRESETS
from gen3d.ui.core.words import SENTENCES
from tests.fakes import fake_models
from tests.page import free_port
from tests.patience import eventually
from tests.test_floors import VALUES, imported, within

ROOT = Path(__file__).parents[1]
ROOMS = VALUES | {
    "run", "models.base", "models.pick", "models.builtin.world_painter", "splat", "geometry.trajectory",
    "geometry.motion", "geometry.compiler", "formats.ply", "products", "ui",
}  # fmt: skip


@pytest.fixture(scope="module")
def told(tmp_path_factory) -> dict:
    """What tests/zerogpu.py told."""
    if not hasattr(os, "fork"):
        pytest.skip("this system cannot fork")
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "tests.zerogpu", str(tmp_path_factory.mktemp("space"))],
        cwd=ROOT, capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout.rpartition("told:")[2])


@pytest.mark.slow
def test_every_step_of_a_forked_run_finishes_and_its_files_survive(told):
    assert told["finished"] == ["look", "grow", "tour"]
    assert {
        "look/looked.npz", "grow/scene.ply", "grow/scene.splat", "grow/model3d.ply", "grow/transforms.json",
        "tour/flythrough.mp4", "tour/run.json",
    } <= set(told["files"])  # fmt: skip
    assert told["largest event"] < 1_000_000


@pytest.mark.slow
def test_an_error_crosses_the_fork_with_both_sentences(told):
    assert "There is no file" in told["error"] and told["error"].endswith("Check the name.")


@pytest.mark.slow
def test_cancel_reaches_the_fork_and_leaves_nothing(told):
    assert told["after cancel"] == ["look"] and told["seconds to stop"] < 10


@pytest.mark.slow
def test_enough_reaches_the_fork(told):
    assert told["views after enough"] == 1


@pytest.mark.slow
def test_each_step_declares_its_own_seconds(told):
    assert told["declared"] == [5, 5, 5], "a preset of one second still needs a start"


def test_the_pages_default_preset_declares_at_most_a_minute():
    import app
    from gen3d.ui.core.fields import field_of

    photo, sentence = Request(photo=Path("a.jpg")), Request(prompt="a lake")
    for request in (photo, sentence):
        seconds = {
            name: [app.seconds_of(step, request, PRESETS[name], Path()) for step in app.ON_GPU] for name in PRESETS
        }
        assert sum(seconds[field_of("preset").widget.value]) <= 60 + app.DRAWING_S * (request is sentence)
        assert sum(seconds["fast"]) < sum(seconds["balanced"]) < sum(seconds["quality"])
    look_s = [app.seconds_of("look", request, PRESETS["fast"], Path()) for request in (photo, sentence)]
    assert look_s[0] < look_s[1], "a sentence must be drawn first"


def test_a_longer_or_wider_video_declares_more_and_the_other_steps_do_not():
    import app

    quality = PRESETS["quality"]
    usual, tour = app.seconds_of("tour", Request(), quality, Path()), quality.tour
    long = replace(quality, tour=replace(tour, frames=3 * tour.frames))
    wide = replace(quality, tour=replace(tour, width_px=2 * tour.width_px))
    assert app.seconds_of("tour", Request(), long, Path()) == pytest.approx(3 * usual, abs=2)
    assert app.seconds_of("tour", Request(), wide, Path()) == pytest.approx(4 * usual, abs=2)
    assert app.seconds_of("grow", Request(), wide, Path()) == app.seconds_of("grow", Request(), quality, Path())


def test_the_page_is_told_which_networks_would_play_better(monkeypatch):
    import app

    monkeypatch.setattr(app, "ENGINE", "auto")
    monkeypatch.setattr(app, "TIER", "cpu")
    monkeypatch.setattr(app, "MODELS", builtin_models())
    assert app.steps().better == {
        "depth": "MoGe-2 vitb", "segmenter": "SAM vit_b", "background": "LaMa", "outpainter": "LaMa",
    }  # fmt: skip
    monkeypatch.setattr(app, "ENGINE", "builtin")
    assert app.steps().better == {}, "whoever asked for it knows"


def test_without_an_engine_on_a_gpu_no_step_takes_gpu_time(monkeypatch):
    import app

    assert app.steps().grow is app.grow
    marked = {name: (lambda *args: iter(())) for name in app.ON_GPU}
    monkeypatch.setattr(app, "ON_GPU", marked)
    monkeypatch.setattr(app, "MODELS", replace(app.MODELS, device="cuda"))
    assert app.steps().grow is marked["grow"] and "GPU" in app.steps().device


@pytest.mark.skipif(os.name != "posix", reason="no SIGTERM")
def test_who_ends_the_app_finds_nothing_half_made(tmp_path):
    """As a container is stopped: the build of an example went on by itself, and the visits' folder stayed."""
    home, temporary = tmp_path / "home", tmp_path / "tmp"
    temporary.mkdir()
    port = free_port()
    settings = {"GEN3D_HOME": str(home), "TMPDIR": str(temporary), "GEN3D_ENGINE": "builtin", "PORT": str(port)}
    app = subprocess.Popen([sys.executable, "app.py"], cwd=ROOT, env=os.environ | settings, stdout=subprocess.DEVNULL)
    try:
        eventually(lambda: list(home.glob("gallery/.*")) and list(temporary.glob("gen3d-visits-*")))
        eventually(lambda: answers(port))
        app.terminate()
        app.wait(30)
        eventually(lambda: not [*home.glob("gallery/*"), *temporary.glob("gen3d-visits-*")])
    finally:
        app.kill()


@pytest.mark.slow
def test_the_app_answers_its_owner_and_nobody_else(tmp_path):
    port, key = free_port(), "k" * 32
    settings = {"GEN3D_HOME": str(tmp_path / "home"), "GEN3D_ENGINE": "builtin", "PORT": str(port),
                "GEN3D_BATCH_ROOT": str(tmp_path), "GEN3D_OWNER_KEY": key}  # fmt: skip
    app = subprocess.Popen([sys.executable, "app.py"], cwd=ROOT, env=os.environ | settings, stdout=subprocess.DEVNULL)
    try:
        eventually(lambda: answers(port))
        url = f"http://127.0.0.1:{port}/owner/batch"
        assert httpx.get(url, headers={"Authorization": f"Bearer {key}"}).json() == {"state": "idle"}
        assert httpx.get(url).status_code == httpx.get(f"{url}/none").status_code == 404
    finally:
        app.kill()


def answers(port: int) -> bool:
    with socket.socket() as caller:
        return caller.connect_ex(("127.0.0.1", port)) == 0


def test_spaces_comes_first_and_nowhere_else():
    tree = ast.parse((ROOT / "app.py").read_text(encoding="utf-8"))
    names = list(imported(tree))
    assert names[0] == "spaces"
    for name in names[1:]:
        top, _, below = name.partition(".")
        ours = top == "gen3d" and (not below or within(below, ROOMS))
        assert ours or name == "torch" or top in sys.stdlib_module_names, name
    users = [path for path in (ROOT / "gen3d").rglob("*.py") if "import spaces" in path.read_text(encoding="utf-8")]
    assert users == []


def test_the_readme_tells_a_space_what_it_needs():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert text.startswith("---\n")
    import yaml

    front = yaml.safe_load(text.split("---\n")[1])
    assert front["sdk"] == "gradio" and front["app_file"] == "app.py" and front["python_version"] == "3.12"
    assert (ROOT / front["app_file"]).is_file()
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    pinned = dict(line.split(";")[0].split("==") for line in lines if "==" in line.split(";")[0])
    assert front["sdk_version"] == pinned["gradio"]
    assert {"title", "license", "tags", "models", "suggested_hardware", "startup_duration_timeout"} <= set(front)
    assert len(front["short_description"]) <= 60, "the hub cuts what is longer"


def test_sentences_are_made_ready_where_they_are_drawn_by_rule():
    import app

    assert [one.sentence for one in app.gallery_of(builtin_models()).sentences] == list(SENTENCES)
    assert not app.gallery_of(fake_models()).sentences, "a network draws them otherwise each time, and takes GPU time"
