"""A ZeroGPU Space without its GPU: the real `spaces` package forks for each call, only its scheduler is made up.

Runs as a program of its own, since `spaces` decides at import:  python -m tests.zerogpu FOLDER  prints what happened
as JSON. The steps are those of app.py with its own engines; only the settings are small.
"""

import os

os.environ |= {"SPACES_ZERO_GPU": "true", "SPACES_ZERO_DEVICE_API_URL": "http://127.0.0.1:9", "ZEROGPU_V2": "true"}

import sys
from types import ModuleType, SimpleNamespace

import torch


def nothing(*args: object, **kwargs: object) -> None:
    pass


CUDA = ModuleType("spaces.zero.torch")
"""Stands for what `spaces` does to a CUDA build of torch."""
CUDA.__dict__.update(
    patch=nothing, pack=lambda: 0, is_in_bad_fork=lambda: False, enter_mode=nothing, init=nothing, size=lambda: 0,
    move=nothing, unpatch=nothing,
)  # fmt: skip
sys.modules[CUDA.__name__] = CUDA

import spaces  # noqa: F401
import json
import pickle
import time
from datetime import timedelta
from pathlib import Path

import gradio as gr
from spaces.zero import wrappers

DECLARED: list[float] = []


def make_up_the_scheduler() -> None:
    def schedule(task_id: int, request: object, duration: timedelta, gpu_size: object) -> SimpleNamespace:
        DECLARED.append(duration.total_seconds())
        return SimpleNamespace(allowToken="token", nvidiaIndex=0, nvidiaUUID="GPU-0", idle=True)

    wrappers.client = SimpleNamespace(
        schedule=schedule, allow=nothing, release=nothing, duration_warning=nothing,
        get_duration_seconds=lambda duration, gpu_size: duration.total_seconds(),
    )  # fmt: skip


def main(folder: Path) -> None:
    make_up_the_scheduler()
    import app
    from gen3d.request import Request
    from gen3d.ui.core.jobs import enough_file
    from tests.runs import TINY, save_rgbd

    torch.rand(3000, 3000).sin().sum()  # the parent's thread pool exists, and no child has its threads
    request = save_rgbd(folder / "in")
    told: dict[str, object] = {"pid": os.getpid()}

    job = folder / "whole"
    job.mkdir()
    events = [e for step in ("look", "grow", "tour") for e in app.ON_GPU[step](request, TINY, job)]
    told["finished"] = [e.step for e in events if type(e).__name__ == "Finished"]
    told["files"] = sorted(path.relative_to(job).as_posix() for path in job.rglob("*") if path.is_file())
    told["largest event"] = max(len(pickle.dumps(e)) for e in events)
    told["declared"] = DECLARED[:3]

    try:
        list(app.ON_GPU["look"](Request(photo=folder / "nothing.jpg"), TINY, job))
    except gr.Error as error:
        told["error"] = error.message

    stopped = folder / "stopped"
    stopped.mkdir()
    list(app.ON_GPU["look"](request, TINY, stopped))
    running = app.ON_GPU["grow"](request, TINY, stopped)
    while getattr(next(running), "stage", "") != "expand":
        pass
    began = time.monotonic()
    running.close()
    told["seconds to stop"] = time.monotonic() - began
    told["after cancel"] = sorted(path.name for path in stopped.iterdir())

    enough_file(stopped).touch()
    list(app.ON_GPU["grow"](request, TINY, stopped))
    record = json.loads((stopped / "grow" / "run.json").read_text(encoding="utf-8"))
    told["views after enough"] = record["counts"]["views"]
    print("told:" + json.dumps(told))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
