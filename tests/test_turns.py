"""What the kernels promise about threads, and the two settings that are the environment's."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path

import numba
import pytest

from gen3d.splat.cpu.function import CpuRasterizer
from gen3d.splat.cpu.turns import Turns
from tests.patience import PATIENCE_S, eventually
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


# -- turns ------------------------------------------------------------------------------------------------------------


def test_turns_are_taken_in_the_order_of_arrival():
    turns, served = Turns(), []

    def take(k: int) -> None:
        with turns:
            served.append(k)

    threads = [threading.Thread(target=take, args=(k,)) for k in range(5)]
    with turns:
        for k, thread in enumerate(threads):
            thread.start()
            eventually(lambda k=k: len(turns._waiting) == k + 1)
        assert served == []
    for thread in threads:
        thread.join(timeout=PATIENCE_S)
    assert served == [0, 1, 2, 3, 4]


def test_who_comes_back_at_once_stands_behind_those_who_waited():
    """A plain lock would let the one that lets go have it again, frame after frame."""
    turns, served = Turns(), []
    queued = threading.Event()

    def greedy() -> None:
        for _ in range(3):
            with turns:
                served.append("greedy")
                queued.wait(30)

    def patient() -> None:
        with turns:
            served.append("patient")

    first, second = threading.Thread(target=greedy), threading.Thread(target=patient)
    first.start()
    eventually(lambda: served == ["greedy"])
    second.start()
    eventually(lambda: len(turns._waiting) == 1)
    queued.set()
    for thread in (first, second):
        thread.join(timeout=PATIENCE_S)
    assert served == ["greedy", "patient", "greedy", "greedy"]


def test_a_failure_inside_gives_the_turn_back():
    turns = Turns()
    with pytest.raises(ZeroDivisionError), turns:
        _ = 1 / 0
    with turns:
        assert turns._taken
    assert not turns._taken


@pytest.mark.skipif(not hasattr(signal, "pthread_kill"), reason="this system cannot interrupt one thread")
def test_an_interrupted_wait_leaves_no_place_in_the_queue():
    turns, done, main = Turns(), threading.Event(), threading.get_ident()

    def hold() -> None:
        with turns:
            eventually(lambda: len(turns._waiting) == 1)
            signal.pthread_kill(main, signal.SIGINT)
            done.wait(30)

    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # in the background of a shell it is ignored
    holder = threading.Thread(target=hold)
    holder.start()
    try:
        eventually(lambda: turns._taken)
        with pytest.raises(KeyboardInterrupt), turns:
            pass
    finally:
        signal.signal(signal.SIGINT, before)
        done.set()
    assert not turns._waiting
    holder.join(timeout=PATIENCE_S)
    with turns:
        assert turns._taken


# -- kernels ----------------------------------------------------------------------------------------------------------


@pytest.mark.skipif(numba.config.NUMBA_NUM_THREADS < 2, reason="one processor")
def test_one_and_two_threads_draw_the_same_bits():
    before, drawn = numba.get_num_threads(), []
    try:
        for threads in (1, 2):
            numba.set_num_threads(threads)
            drawn.append(render_bytes(*tiled_picture()))
    finally:
        numba.set_num_threads(before)
    assert drawn[0] == drawn[1]


def test_four_threads_may_draw_at_once_where_kernels_may_not():
    gaussians, camera = tiled_picture()
    alone, together = render_bytes(gaussians, camera), {}
    assert numba.threading_layer() == "workqueue"

    def draw(k: int) -> None:
        for _ in range(3):
            together[k] = render_bytes(gaussians, camera)

    threads = [threading.Thread(target=draw, args=(k,)) for k in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=PATIENCE_S)
    assert [together.get(k) == alone for k in range(4)] == [True] * 4


def test_a_frame_is_one_turn(monkeypatch):
    """Nobody waits for more than one frame of another: forward and backward take one turn each."""
    taken = []

    class Counted:
        def __enter__(self):
            taken.append("in")

        def __exit__(self, *failure):
            taken.append("out")

    monkeypatch.setattr("gen3d.splat.cpu.recorded.KERNELS", Counted())
    gaussians, camera = tiled_picture()
    means = gaussians.means.clone().requires_grad_()
    drawn = CpuRasterizer().render(replace(gaussians, means=means), camera)
    assert taken == ["in", "out"]
    drawn.rgb.sum().backward()
    assert taken == ["in", "out"] * 2


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
