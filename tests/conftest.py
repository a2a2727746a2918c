"""Fixtures that several files share: one small build, kept for the session. Nobody writes into it."""

from __future__ import annotations

import functools
import os
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from gen3d.events import Event
from gen3d.request import Request
from gen3d.run.steps import build
from gen3d.splat.pick import pick_rasterizer
from tests.runs import TINY, room_models, save_rgbd


def has_card() -> bool:
    """Torch comes after gen3d, which has OpenMP's idle threads rest: they spun, and cost three times what work did."""
    import torch

    return torch.cuda.is_available()


if not has_card():
    os.environ["TRITON_INTERPRET"] = "1"  # read when triton is imported, which only tests do


# every client of HTTP reads all certificates of the machine, which takes longer than a call; tests call nobody outside
httpx._transports.default.create_ssl_context = functools.cache(httpx._transports.default.create_ssl_context)


@pytest.hookimpl(tryfirst=True)  # before `-m browser` is asked for
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A test in a browser, which draws in software, has a second try; the summary tells which had.

    Files with such tests take longest and come first, so that no worker is left alone with one at the end.
    """
    long = set()
    for item in items:
        if "browser" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.flaky(reruns=1))
            item.add_marker(pytest.mark.browser)
            long.add(item.path)
    items.sort(key=lambda item: item.path not in long)


@dataclass(frozen=True)
class Built:
    """A finished build of the box room, with fakes for engines."""

    request: Request
    folder: Path
    events: list[Event]


@pytest.fixture(scope="session")
def hub_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An HF_HOME whose cache holds a tiny network for every real one of both tiers."""
    from tests.tiny_hub import CPU, GPU, fill_cache

    return fill_cache(tmp_path_factory.mktemp("hub"), tuple(dict.fromkeys((*GPU, *CPU))))


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    home = tmp_path_factory.mktemp("built")
    request = save_rgbd(home / "in", prompt="a room", seed=3)
    events = list(build(request, room_models(), pick_rasterizer(), TINY, home / "scene"))
    return Built(request, home / "scene", events)
