"""Chromium with WebGL in software, or a skip that is seen (a failure where REQUIRE_BROWSER is set)."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from typing import Any

import pytest

from tests.patience import PATIENCE_S

CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
FLAGS = (
    "--no-sandbox", "--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader", "--disable-quic",
    "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync",
    # drawing in software on a busy machine looks like a hang, after which a page may have no WebGL any more
    "--disable-gpu-watchdog", "--disable-gpu-process-crash-limit", "--disable-domain-blocking-for-3d-apis",
    # a processor draws letters, and lays a page's parts over each other, faster than one that plays a graphics card
    "--disable-gpu-rasterization", "--disable-gpu-compositing",
)  # fmt: skip
_UNDER_WAY: list[Any] = []
"""What drives a browser. Where the setup of a test fails and is tried once more, pytest forgets what is to be ended,
and beside one that was not, no other can begin in its process."""
READ_BACK = "GPU stall due to ReadPixels"
"""What the driver says of a picture that is drawn by WebGL and then laid into a page by the processor."""


def no_browser(why: str) -> None:
    """A skip that is seen, or a failure where a browser is required."""
    if os.environ.get("REQUIRE_BROWSER"):
        pytest.fail(f"no Chromium: {why}")
    pytest.skip(f"no Chromium: {why}")


@pytest.fixture(scope="module")
def browser() -> Iterator[object]:
    """Chromium with WebGL in software."""
    try:
        from playwright.sync_api import Error, expect, sync_playwright
    except ImportError:
        no_browser("playwright is not installed")
    executable = next(filter(None, map(shutil.which, CHROMIUM)), None)
    if executable is None:
        no_browser(f"none of {', '.join(CHROMIUM)} is installed")
    expect.set_options(timeout=PATIENCE_S * 1000)
    while _UNDER_WAY:
        _UNDER_WAY.pop().__exit__()
    _UNDER_WAY.append(sync_playwright())
    with _UNDER_WAY[-1] as playwright:
        try:
            chromium = playwright.chromium.launch(executable_path=executable, args=list(FLAGS))
        except Error as error:
            no_browser(str(error).splitlines()[0])
        yield chromium
        chromium.close()
