"""What the kernels promise about threads, and the two settings that are the environment's."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from functools import partial
from pathlib import Path

import numba

from gen3d.geometry.together import together
from tests.patience import PATIENCE_S
from tests.test_rasterizer import render_bytes, tiled_picture

ROOT = Path(__file__).parents[1]
SETTINGS = "OMP_WAIT_POLICY", "OPENBLAS_NUM_THREADS", "NUMBA_CACHE_DIR"


def run_python(program: str, **environment: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, cwd=ROOT, timeout=PATIENCE_S,
        env={**{k: v for k, v in os.environ.items() if k not in SETTINGS}, **environment},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


# -- kernels ----------------------------------------------------------------------------------------------------------


def test_any_number_of_threads_draws_the_same_bits(monkeypatch):
    drawn = []
    for threads in (1, 2, 5):
        monkeypatch.setattr(numba.config, "NUMBA_NUM_THREADS", threads)
        drawn.append(render_bytes(*tiled_picture()))
    assert drawn[1:] == drawn[:1] * 2


def test_four_threads_may_draw_at_once():
    gaussians, camera = tiled_picture()
    alone, at_once = render_bytes(gaussians, camera), {}

    def draw(k: int) -> None:
        for _ in range(3):
            at_once[k] = render_bytes(gaussians, camera)

    threads = [threading.Thread(target=draw, args=(k,)) for k in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=PATIENCE_S)
    assert [at_once.get(k) == alone for k in range(4)] == [True] * 4


def test_views_drawn_side_by_side_are_those_drawn_one_by_one():
    gaussians, camera = tiled_picture()
    assert together([partial(render_bytes, gaussians, camera)] * 5) == [render_bytes(gaussians, camera)] * 5


# -- the environment --------------------------------------------------------------------------------------------------


def test_idle_threads_sleep_unless_the_user_wants_otherwise():
    program = "import os, sys, gen3d; print(os.environ['OMP_WAIT_POLICY'], *{'torch', 'numba'} & set(sys.modules))"
    assert run_python(program) == "passive"
    assert run_python(program, OMP_WAIT_POLICY="active") == "active"


def test_numpy_multiplies_on_one_thread_unless_the_user_wants_otherwise():
    program = "import os, sys, gen3d; print(os.environ['OPENBLAS_NUM_THREADS'], *{'numpy'} & set(sys.modules))"
    assert run_python(program) == "1"
    assert run_python(program, OPENBLAS_NUM_THREADS="2") == "2"


def test_compiled_kernels_are_kept_where_the_user_says(tmp_path):
    program = "import gen3d; from gen3d.splat.cpu.raster import blend_tile; print(blend_tile.stats.cache_path)"
    assert Path(run_python(program, NUMBA_CACHE_DIR=str(tmp_path))).is_relative_to(tmp_path)
