"""The page on fakes: the steps of tests/play.py, a server that shows the page over them, windows to look at it.

A browser that is not there is a skip, or a failure where REQUIRE_BROWSER is set.
"""

from __future__ import annotations

import asyncio
import inspect
import shutil
import socket
import sys
import traceback
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import gradio as gr
import pytest
from gradio.data_classes import _StaticFiles

from gen3d.models.builtin.solids import SolidMaker
from gen3d.run import direct as directed
from gen3d.run.taking_apart import put_together, take_apart
from gen3d.scene_files import SceneFiles
from gen3d.splat.pick import pick_rasterizer
from gen3d.ui.core.gallery import Example, Gallery
from gen3d.ui.core.jobs import Visits
from gen3d.ui.core.limits import Limits
from gen3d.ui.core.steps import Direct, Steps
from gen3d.ui.page.actions import Actions
from gen3d.ui.page.agents import Agents
from gen3d.ui.page.launch import launch_options
from gen3d.ui.page.layout import build_page
from tests.browser import browser as browser
from tests.conftest import Built
from tests.play import PATHS, Play, PlayedGallery
from tests.window import Window

GENEROUS = Limits(
    jobs_per_session=24, jobs_per_address=24, sessions=5_000, sessions_per_minute=5_000, calls_per_minute=50_000,
    others_per_session=100, others_per_address=100, requests_per_address=600, uploads_per_address=24,
)  # fmt: skip
"""All visitors of a test come from one address."""


DIRECT = Direct(
    lambda scene, picture: directed.things_now(scene, picture, pick_rasterizer("cpu")),
    partial(directed.add_edits, maker=SolidMaker()), directed.take_back, directed.write_aimed, directed.put_edits,
    lambda scene, asked, file, picture, view: directed.bring_in(scene, asked, file, picture, SolidMaker(), view),
    take_apart, put_together,
)
"""As app.py has it."""


@dataclass(frozen=True)
class Stand:
    """A page that is served."""

    url: str
    play: Play
    visits: Visits
    gallery: PlayedGallery
    photo: Path
    depth: Path
    made: SceneFiles
    """What every job's products are copies of."""


@pytest.fixture(scope="session")
def gradio_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Gradio's copies go to a folder of the tests', and it notices at once that a page was closed."""
    home = tmp_path_factory.mktemp("gradio")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRADIO_TEMP_DIR", str(home))
        patch.setenv("GRADIO_HEARTBEAT_INTERVAL", "0.2")
        patch.setenv("GRADIO_ANALYTICS_ENABLED", "False")
        yield home


@pytest.fixture(scope="session")
def stand(built: Built, gradio_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stand]:
    """The page on fakes, for the whole session."""
    home = tmp_path_factory.mktemp("stand")
    play, visits = Play(built.folder), Visits(home / "visits")
    gallery = played_gallery(built, home)
    steps = Steps(
        play.look, play.grow, play.tour, {"depth": "played depth"}, "a stage", PATHS, draws=True, review=play.review,
        better={"depth": "MoGe-2 vitb"}, more=lambda scene, file: file.write_bytes(b"played"), direct=DIRECT,
    )  # fmt: skip
    with served(steps, visits, gallery) as url:
        yield Stand(url, play, visits, gallery, built.request.photo, built.request.depth, SceneFiles(built.folder))
        gallery.go_on.set()


@pytest.fixture
def play(stand: Stand) -> Iterator[Play]:
    """The stand's steps, without a memory of earlier tests."""
    stand.play.reset()
    yield stand.play
    stand.play.reset()


def played_gallery(built: Built, home: Path) -> PlayedGallery:
    photo, depth = built.request.photo, built.request.depth
    examples = (
        Example("ready", "Ready", photo, depth, 64.0),
        Example("failing", "Failing", photo, None, None),
        Example("coming", "Coming", photo, None, None),
    )
    gallery = PlayedGallery(examples, home / "gallery", made=built.folder)
    shutil.copytree(built.folder, gallery.folder_of(examples[0]))
    gallery.prepare()
    return gallery


@contextmanager
def served(
    steps: Steps, visits: Visits, gallery: Gallery, limits: Limits = GENEROUS, mcp: bool = False
) -> Iterator[str]:
    """The page on a free port of this machine, as app.py launches it."""
    with pytest.MonkeyPatch.context() as patch:
        # Gradio knows a generator by its function, which the type checker wraps
        for name in ("grow", "tour", "go_on", "another_video", "another_video_shown", "show_example", "show_sentence"):
            patch.setattr(Actions, name, inspect.unwrap(getattr(Actions, name)))
        for name in ("film", "export"):
            patch.setattr(Agents, name, inspect.unwrap(getattr(Agents, name)))
        page = build_page(steps, visits, gallery, limits)
    # all pages of a process share these, and whatever a page gives is compared with each of them, every time
    _StaticFiles.all_paths = list(dict.fromkeys(_StaticFiles.all_paths))
    with launched(page, **launch_options(gallery, visits=visits, mcp=mcp)) as url:
        yield url


@contextmanager
def launched(page: gr.Blocks, **told: object) -> Iterator[str]:
    """Any page, on a free port of this machine."""
    port = free_port()
    options = {"server_name": "127.0.0.1", "server_port": port, "prevent_thread_lock": True, "quiet": True}
    page.launch(**options, **told)
    try:
        yield f"http://127.0.0.1:{port}/"
    finally:
        page.close()
        end(page.server)


def end(server: object, patience_s: float = 5.0) -> None:
    """Waits for the end of Gradio's server: as its last act it deletes files that a page after it may hold.

    A connection that its client forgot would keep it for ever: it is given up then, and what it did is told.
    """
    server.should_exit = True  # Gradio's close() passes over it where it takes the page for closed already
    server.thread.join(patience_s)
    if server.thread.is_alive():
        stack = "".join(traceback.format_stack(sys._current_frames().get(server.thread.ident)))
        connections = [getattr(one, "scope", None) for one in server.server_state.connections]
        tasks = [_awaited(task.get_coro()) for task in asyncio.all_tasks(server.servers[0].get_loop())]
        told = f"the server does not end; connections: {connections}; tasks: {tasks}; stack:\n{stack}"
        warnings.warn(told, stacklevel=2)
        server.force_exit = True
        server.thread.join(2)


def _awaited(coroutine: object) -> str:
    """What a task waits for, from the outside in."""
    names = []
    while (frame := getattr(coroutine, "cr_frame", None)) is not None:
        names.append(f"{frame.f_code.co_qualname}:{frame.f_lineno}")
        coroutine = coroutine.cr_await
    return " > ".join(names)


def free_port() -> int:
    """A port of this machine that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture
def open_window(browser: object) -> Iterator[Callable[..., Window]]:
    """Opens windows; at the end none may have had an error or asked another machine."""
    windows: list[Window] = []

    def open_one(url: str, **options: object) -> Window:
        windows.append(Window(browser, url, **options))
        return windows[-1]

    yield open_one
    for window in windows:
        window.close()
    assert [wrong for window in windows for wrong in window.wrong] == []


@pytest.fixture
def window(stand: Stand, play: Play, open_window: Callable[..., Window]) -> Window:
    """A visitor of the page on fakes."""
    return open_window(stand.url)
