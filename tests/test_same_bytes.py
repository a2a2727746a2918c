"""The same request gives the same bytes whoever asks, and on however many threads."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from gradio_client import Client, handle_file

from gen3d.models.builtin.bundle import builtin_models
from gen3d.request import Request
from gen3d.run.steps import build
from gen3d.settings import PRESETS
from gen3d.splat.pick import pick_rasterizer
from gen3d.ui.core.gallery import Gallery
from gen3d.ui.core.jobs import Visits
from tests.page import served
from tests.runs import save_rgbd

pytest_plugins = ["tests.page"]
pytestmark = pytest.mark.slow
SIZE_PX, SEED = 64, 5
PRODUCTS = ("scene.ply", "scene.splat", "flythrough.mp4")


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Request:
    return save_rgbd(tmp_path_factory.mktemp("room"), width=64, height=48, seed=SEED)


@pytest.fixture(scope="module")
def expected(room: Request, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """What Python makes of it."""
    out = tmp_path_factory.mktemp("python") / "out"
    settings = replace(PRESETS["fast"], size_px=SIZE_PX)
    list(build(room, builtin_models(), pick_rasterizer(), settings, out))
    return products(out)


def products(folder: Path) -> dict[str, bytes]:
    return {name: (folder / name).read_bytes() for name in PRODUCTS}


@pytest.mark.parametrize("threads", [1, 2])
def test_the_command_line_makes_the_bytes_that_python_makes_on_any_number_of_threads(room, expected, tmp_path, threads):
    argv = ["build", room.photo, "--depth", room.depth, "--fov", room.fov_deg, "--seed", SEED, "--size", SIZE_PX]
    argv += ["--preset", "fast", "--engine", "builtin", "--device", "cpu", "-o", tmp_path / "out"]
    limits = {"NUMBA_NUM_THREADS": str(threads), "OMP_NUM_THREADS": str(threads)}
    done = subprocess.run(
        [sys.executable, "-m", "gen3d", *map(str, argv)], env=os.environ | limits, cwd=Path(__file__).parents[1],
        capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert products(tmp_path / "out") == expected


def test_the_page_makes_the_bytes_that_python_makes(room, expected, gradio_home, tmp_path):
    import app

    with served(app.steps(), Visits(tmp_path / "visits"), Gallery((), tmp_path / "gallery")) as url:
        client = Client(url, verbose=False, download_files=str(tmp_path / "files"))
        values = client.predict(
            photo=handle_file(room.photo), depth=handle_file(room.depth), fov_deg=room.fov_deg, seed=SEED,
            size_px=SIZE_PX, preset="fast", api_name="/build",
        )  # fmt: skip
        made = {Path(file).name: Path(file).read_bytes() for file in values[7]}
        client.close()
    assert {name: made[name] for name in PRODUCTS} == expected
