"""Compiles kernels in a process of its own: the one that needs them goes on meanwhile, and a page answers.

So every process runs what is kept on disk, the first one too. That is not what a process that compiles would run
itself: numba may optimise a part alone and once more in what it keeps (it does so with the body of a `prange`), and
with fused multiply-add (`fastmath={"contract"}`, a third of the speed) the two round differently.

The process starts with the first kernel that is missing, ends with ours, and by itself when it has nothing to do.
"""

from __future__ import annotations

import atexit
import io
import os
import pickle
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

_IS_COMPILER = "GEN3D_IS_COMPILER"
_IDLE_S = 60
"""Seconds without a request after which the process ends by itself. Chosen by eye."""
_compiler: tuple[int, subprocess.Popen] | None = None
"""Whose it is, by its number, since a fork has its own; and what runs."""
_gave_up = False
_under_way = False
"""Whether a kernel is being compiled; one at a time, under numba's lock."""


def compile_elsewhere(function: Callable, sig: Any) -> bool:
    """Has a kernel compiled and kept for a signature; False where that cannot be. Call it under numba's lock."""
    if _gave_up or _IS_COMPILER in os.environ or not sys.executable or not function.__qualname__.isidentifier():
        return False
    asked = pickle.dumps((function.__module__, function.__qualname__, sig))
    with suppress(OSError, ValueError), _compiling():  # it has just ended, or none can be started
        pipes = _running()
        pipes.stdin.write(len(asked).to_bytes(4, "little") + asked)
        pipes.stdin.flush()
        return pipes.stdout.read(1) == b"1"
    return False


def is_compiling() -> bool:
    """Whether a kernel is being compiled for this process."""
    return _under_way


@contextmanager
def _compiling() -> Iterator[None]:
    global _under_way
    _under_way = True
    try:
        yield
    finally:
        _under_way = False


def give_up() -> None:
    """From now on kernels are compiled where they are needed."""
    global _gave_up
    _gave_up = True


def _running() -> subprocess.Popen:
    global _compiler
    if _compiler is None or _compiler[0] != os.getpid() or _compiler[1].poll() is not None:
        environment = os.environ | {_IS_COMPILER: "1", "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
        # -P: no module is taken from the folder that a person happens to call us in
        command = [sys.executable, "-P", "-W", "ignore", "-c", f"import {__name__} as c; c.serve()"]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
        started = subprocess.Popen(command, env=environment, **pipes)
        if _compiler is None:
            atexit.register(_end)
        _compiler = os.getpid(), started
    return _compiler[1]


def _end() -> None:
    owner, running = _compiler
    if owner == os.getpid():
        with suppress(OSError):
            running.stdin.close()
        try:
            running.wait(2)
        except subprocess.TimeoutExpired:
            running.kill()
            running.wait()
        running.stdout.close()


def serve() -> None:
    """The process: compiles what it is asked for, until its input ends or no request has come for _IDLE_S."""
    while True:
        if hasattr(signal, "alarm"):
            signal.alarm(_IDLE_S)
        size = int.from_bytes(sys.stdin.buffer.read(4), "little")
        if not size:
            return
        asked = sys.stdin.buffer.read(size)
        if hasattr(signal, "alarm"):
            signal.alarm(0)
        sys.stdout.buffer.write(b"1" if _compiled(asked) else b"0")
        sys.stdout.buffer.flush()


def _compiled(asked: bytes) -> bool:
    try:
        unpickler = pickle.Unpickler(io.BytesIO(asked))
        module, name, sig = unpickler.load()
        unpickler.find_class(module, name).compile(sig)
        return True
    except Exception:  # whatever is wrong with it is told where it is needed
        return False
