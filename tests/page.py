"""The page on fakes: steps that play the pipeline, a server that shows the page over them, a browser to look at it.

`play` lets a test decide how far a step gets: `play.hold("expand")` stops it there (it goes on yielding, as the real
ones do) until `play.release()`, the visitor's "enough" or the end of the generator; `play.fail(...)` breaks it.
A browser that is not there is a skip, or a failure where REQUIRE_BROWSER is set.
"""

from __future__ import annotations

import inspect
import io
import json
import re
import shutil
import socket
import sys
import threading
import time
import traceback
import warnings
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from urllib.parse import urlsplit

import gradio as gr
import numpy as np
import pytest
from PIL import Image

from gen3d.events import Event, Finished, Notice, Preview, Progress, Started, Viewable
from gen3d.review import Region, Review, Reviewed
from gen3d.scene import Request, SceneFiles
from gen3d.settings import Settings
from gen3d.ui.actions import Actions
from gen3d.ui.gallery import Example, Gallery
from gen3d.ui.jobs import Visits, enough_file
from gen3d.ui.page import build_page, launch_options
from gen3d.ui.steps import Steps, told_to_visitors
from tests.browser import PATIENCE_S
from tests.browser import browser as browser
from tests.conftest import Built

POSES = 5
REVIEWED_PX = (512, 384)
SKY_ENDS = 0.25
"""In the picture whose layers are reviewed, as a share of its height."""
ORANGE, GREY = (255, 128, 64), (160, 160, 160)
PRODUCTS = {
    "look": ("run.json",),
    "grow": ("scene.ply", "scene.splat", "scene.view", "scene.html", "model3d.ply", "transforms.json", "run.json"),
    "tour": ("flythrough.mp4", "run.json"),
}
DOWNLOADS = {
    "scene.ply", "scene.splat", "flythrough.mp4", "scene.html", "previews.zip", "transforms.json", "run.json",
}  # fmt: skip
"""What a finished scene offers."""
PATHS = {"wander": "here and there", "dolly": "forward and back"}
LOADED = "() => Number(document.querySelector('#seed input')?.value) > 0"
"""A page is there when it has been given a seed."""
VIEWER = "**/assets/Canvas3DGS-*.js"
"""The code of Gradio's viewer of Gaussians."""


def colour(seed: int) -> tuple[int, int, int]:
    """The previews of a job are flat and of this colour, so that one can tell whose they are."""
    return (40 + seed * 37 % 200, 40 + seed * 91 % 200, 40 + seed * 13 % 200)


class Play:
    """Plays the three steps; the products are copies of a real build, but for the seed in run.json."""

    def __init__(self, made: Path) -> None:
        self._made = made
        self._held: dict[str, threading.Event] = {}
        self._failing: dict[str, Exception] = {}
        self.journal: list[tuple[str, str]] = []
        """(step, "began" | "finished" | "closed" | "failed"), in order."""
        self.requests: list[Request] = []
        """Of every step that began."""
        self.settings: list[Settings] = []
        self.folders: list[Path] = []
        self.reviews: list[tuple[Review, Path]] = []
        """With the folder of the job."""

    def hold(self, *stages: str) -> None:
        """These stages will not get to their result before they are released."""
        self._held |= {stage: threading.Event() for stage in stages}

    def release(self, *stages: str) -> None:
        """Lets stages go on; all without a name."""
        for stage in stages or tuple(self._held):
            self._held[stage].set()

    def fail(self, stage: str, error: Exception) -> None:
        """The stage will raise this."""
        self._failing[stage] = error

    def wait_for(self, step: str, what: str) -> None:
        """Until the journal says so."""
        eventually(lambda: (step, what) in self.journal)

    def reset(self) -> None:
        """As at the beginning; waits until nothing runs."""
        self.release()
        eventually(lambda: self._running() == 0)
        self._held, self._failing = {}, {}
        for told in (self.journal, self.requests, self.settings, self.folders, self.reviews):
            told.clear()

    def look(self, request: Request, settings: Settings, folder: Path) -> Generator[Event, None, None]:
        with told_to_visitors(), self._noted("look", request, settings, folder):
            yield from self.stage("source", folder)
            yield Preview("photo", picture(request.seed))
            yield from self.stage("depth", folder)
            yield Notice("The depth is <b>played</b>. A real engine would be better.")
            yield Preview("depth", picture(request.seed))
            yield from self.stage("layers", folder)
            yield Preview("layers", picture(request.seed))
            yield Finished("look", self._product("look", request, folder))

    def grow(self, request: Request, settings: Settings, folder: Path) -> Generator[Event, None, None]:
        with told_to_visitors(), self._noted("grow", request, settings, folder):
            yield from self.stage("background", folder)
            yield Preview("background", picture(request.seed))
            yield from self.stage("lift", folder)
            yield Preview("lift", picture(request.seed))
            yield from self._viewable("points", folder)
            yield from self._expand(request, folder)
            yield from self.stage("optimize", folder)
            yield Preview("fit", picture(request.seed))
            yield from self._viewable("scene", folder)
            yield Finished("grow", self._product("grow", request, folder))

    def tour(self, request: Request, settings: Settings, folder: Path) -> Generator[Event, None, None]:
        with told_to_visitors(), self._noted("tour", request, settings, folder):
            yield from self.stage("flythrough", folder)
            yield Finished("tour", self._product("tour", request, folder))

    def review(self, asked: Review, settings: Settings, folder: Path) -> Reviewed:
        """Two regions, a near one on the left and a far one on the right, and sky above them; orange is in front."""
        self.reviews.append((asked, folder))
        percentile, settled = asked.depth_percentile, []
        front = [True, False] if percentile is None else [percentile > 10, percentile > 70]
        for flip in asked.flips:
            if flip.y > SKY_ENDS:
                half = int(flip.x > 0.5)
                front[half] = not front[half] if flip.front is None else flip.front
                settled.append(replace(flip, front=front[half]))
        drawn = np.full((*REVIEWED_PX[::-1], 3), colour(0), np.uint8)
        for side, pixels in zip(front, np.split(drawn, 2, axis=1), strict=True):
            pixels[round(len(drawn) * SKY_ENDS) :] = ORANGE if side else GREY
        regions = (Region(0.25, 0.6, 0.4, 10.0, front[0]), Region(0.75, 0.6, 0.35, 70.0, front[1]))
        return Reviewed(replace(asked, flips=tuple(settled)), drawn, 0.4 * sum(front), regions)

    def _expand(self, request: Request, folder: Path) -> Iterator[Event]:
        """The first view comes at once, the others when it is let go, or not at all after "enough"."""
        yield Started("expand")
        for i in range(1, POSES + 1):
            yield Progress("expand", i, POSES)
            yield Preview(f"expand_{i:02d}", picture(request.seed))
            yield from self._wait("expand", folder)
            if enough_file(folder).exists():
                return

    def _viewable(self, name: str, folder: Path) -> Iterator[Event]:
        """As the pipeline's: the file is gone as soon as the step goes on."""
        file = shutil.copy(self._made / "scene.view", folder / "under way.view")
        yield Viewable(name, Path(file))
        Path(file).unlink()

    def stage(self, stage: str, folder: Path) -> Iterator[Event]:
        """Begins, waits where it is held, and fails where it is to."""
        yield Started(stage)
        yield from self._wait(stage, folder)
        if stage in self._failing:
            raise self._failing[stage]

    def _wait(self, stage: str, folder: Path) -> Iterator[Event]:
        held = self._held.get(stage)
        while held and not held.wait(0.05) and not enough_file(folder).exists():
            yield Progress(stage, 1, POSES)

    @contextmanager
    def _noted(self, step: str, request: Request, settings: Settings, folder: Path) -> Iterator[None]:
        self.journal.append((step, "began"))
        self.requests.append(request)
        self.settings.append(settings)
        self.folders.append(folder)
        try:
            yield
        except GeneratorExit:
            self.journal.append((step, "closed"))
            raise
        except BaseException:
            self.journal.append((step, "failed"))
            raise
        self.journal.append((step, "finished"))

    def _product(self, step: str, request: Request, folder: Path) -> Path:
        made = folder / step
        made.mkdir()
        for name in PRODUCTS[step]:
            shutil.copy(self._made / name, made)
        record = json.loads((made / "run.json").read_text(encoding="utf-8"))
        (made / "run.json").write_text(json.dumps(record | {"seed": request.seed}), encoding="utf-8")
        return made

    def _running(self) -> int:
        return sum(1 if what == "began" else -1 for _, what in self.journal)


def picture(seed: int) -> np.ndarray:
    return np.full((48, 64, 3), colour(seed), np.uint8)


@dataclass(slots=True)
class PlayedGallery(Gallery):
    """One example is ready, one fails, one is prepared when the test says so; the order of `examples`."""

    made: Path = Path()
    go_on: threading.Event = field(default_factory=threading.Event)

    def _build(self, example: Example) -> None:
        if example.name == "failing":
            self.failures[example.name] = "The lamp is broken."
        else:
            self.go_on.wait()
            shutil.copytree(self.made, self.folder_of(example))


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
        better={"depth": "MoGe-2 vitb"}, more=lambda scene, file: file.write_bytes(b"played"),
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
def served(steps: Steps, visits: Visits, gallery: Gallery) -> Iterator[str]:
    """The page on a free port of this machine, as app.py launches it."""
    with pytest.MonkeyPatch.context() as patch:
        # Gradio knows a generator by its function, which the type checker wraps
        for name in ("build", "look", "grow", "tour", "go_on", "another_video", "show_example"):
            patch.setattr(Actions, name, inspect.unwrap(getattr(Actions, name)))
        page = build_page(steps, visits, gallery)
    with launched(page, **launch_options(gallery)) as url:
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


def end(server: object, patience_s: float = 20.0) -> None:
    """Waits for the end of Gradio's server: as its last act it deletes files that a page after it may hold.

    A connection that its client forgot would keep it for ever: it is given up then, and what it did is told.
    """
    server.thread.join(patience_s)
    if server.thread.is_alive():
        stack = "".join(traceback.format_stack(sys._current_frames()[server.thread.ident]))
        connections = [getattr(one, "scope", None) for one in server.server_state.connections]
        warnings.warn(f"the server does not end; connections: {connections}; stack:\n{stack}", stacklevel=2)
        server.force_exit = True
        server.thread.join(patience_s)


def free_port() -> int:
    """A port of this machine that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def eventually(holds: Callable[[], object]) -> None:
    """Waits until it is true; AssertionError when it does not get so."""
    end = time.monotonic() + PATIENCE_S
    while not holds():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.05)


# --- the browser


class Window:
    """One visitor's browser window on the page, and what is wrong with it.

    viewer: with Gradio's 3D viewer; it draws all the time, which keeps a processor busy, so most do without.
    context: how the browser is set; by default it asks for little motion, so that our viewer rests.
    """

    def __init__(self, browser: object, url: str, viewer: bool = False, **context: object) -> None:
        from playwright.sync_api import expect

        self.expect = expect
        self.wrong: list[str] = []
        usual = {"viewport": {"width": 1400, "height": 1000}, "reduced_motion": "reduce", "device_scale_factor": 0.5}
        self.context = browser.new_context(**(usual | context))
        self.page = self.context.new_page()
        self.page.set_default_timeout(PATIENCE_S * 1000)
        self.page.on("console", self._hear)
        self.page.on("pageerror", lambda error: self.wrong.append(f"pageerror: {error}"))
        self.context.on("request", self._watch)
        if not viewer:
            stub = {"content_type": "text/javascript", "body": "export default () => {};"}
            self.page.route(VIEWER, lambda route: route.fulfill(**stub))
        if url:
            self.visit(url)

    def visit(self, url: str) -> None:
        self.page.goto(url)
        self.page.wait_for_function(LOADED)

    def until(self, holds: Callable[[], object]) -> None:
        """As `eventually`, for what the window's own events tell: they are heard while it waits."""
        eventually(lambda: holds() or self.page.wait_for_timeout(50))

    def button(self, name: str):
        return self.page.locator(f"button#{name.lower()}")

    def part(self, name: str):
        """A component by its name."""
        return self.page.locator(f"#{name}")

    def give(self, name: str, file: Path) -> None:
        """Uploads a file into a field, and waits until it is there."""
        self.part(name).locator("input[type=file]").set_input_files(file)
        there = "img" if name == "photo" else f"text={file.stem}"
        self.part(name).locator(there).first.wait_for()

    def give_anew(self, name: str, file: Path) -> None:
        """In place of the picture that is there."""
        self.part(name).get_by_role("button", name="Remove").click()
        self.give(name, file)

    def choose_tab(self, title: str) -> None:
        tab = self.page.get_by_role("tab", name=title, exact=True)
        self._click_until(tab, lambda: tab.get_attribute("aria-selected") == "true")

    def unfold(self, title: str, opened: bool = True) -> None:
        """Opens the part of the page with this title, or closes it again."""
        button = self.page.get_by_role("button", name=title)
        self._click_until(button, lambda: ("open" in button.get_attribute("class").split()) == opened)

    def fold(self, title: str) -> None:
        self.unfold(title, opened=False)

    def _click_until(self, button: object, holds: Callable[[], bool]) -> None:
        """A click in the moment in which something ends, and the page moves, may be lost: it is repeated."""
        for _ in range(5):
            button.click()
            for _ in range(10):
                if holds():
                    return
                self.page.wait_for_timeout(100)
        raise AssertionError(f"{button} cannot be pressed")

    def seed(self) -> int:
        return int(self.part("seed").locator("input").input_value())

    def says(self, sentence: str | re.Pattern[str]) -> None:
        """The status tells this."""
        self.expect(self.part("status")).to_contain_text(sentence)

    def warns(self, sentence: str) -> None:
        """A message is laid over the page."""
        self.expect(self.page.get_by_test_id("toast-body")).to_contain_text(sentence)

    def canvas(self):
        """Our viewer's."""
        return self.part("viewer").locator("canvas")

    def views(self) -> dict[str, str]:
        """What our viewer says of itself once it has drawn all of the scene."""
        self.part("viewer").scroll_into_view_if_needed()  # out of sight it rests
        self.expect(self.canvas()).to_have_attribute("data-ready", "true")
        return self.canvas().evaluate("canvas => ({...canvas.dataset})")

    def viewed_job(self) -> str:
        """The job of the file in our viewer."""
        return self.part("viewer").locator(".stage").get_attribute("data-job")

    def file_viewed(self) -> str:
        """The name of that file."""
        return self.part("viewer").locator(".stage").get_attribute("data-file")

    def shows(self, name: str) -> None:
        """The component has a picture."""
        self.expect(self.part(name).locator("img").first).to_be_visible()

    def lacks(self, name: str, what: str = "img") -> None:
        self.expect(self.part(name).locator(what)).to_have_count(0)

    def is_free(self) -> None:
        """Only Build can be pressed."""
        self._pressable(build=True)

    def is_busy(self) -> None:
        """Only Enough and Cancel can be pressed."""
        self._pressable(build=False)

    def downloads(self) -> dict[str, str]:
        """File name -> address, of all links under Downloads."""
        return self.links("files")

    def links(self, part: str) -> dict[str, str]:
        """The same of another part of the page."""
        links = self.part(part).locator("a[href]")
        self.expect(links.first).to_be_visible()
        addresses = list(dict.fromkeys(link.get_attribute("href") for link in links.all()))
        return {address.rsplit("/", 1)[-1]: address for address in addresses}

    def fetch(self, address: str) -> bytes:
        """What the address gives to this window."""
        answer = self.context.request.get(address)
        assert answer.status == 200, f"{answer.status} for {address}"
        return answer.body()

    def set_seed(self, seed: int | None) -> None:
        field = self.part("seed").locator("input")
        field.fill("" if seed is None else str(seed))
        field.blur()

    def type_number(self, label: str, value: int) -> None:
        """A field that has only just appeared may still be set to its first value: it is repeated until it holds."""
        field = self.page.get_by_role("spinbutton", name=label)
        for _ in range(5):
            field.fill(str(value))
            field.blur()
            self.page.wait_for_timeout(400)
            if field.input_value() == str(value):
                return
        raise AssertionError(f"{label} cannot be set")

    def colour_of(self, name: str) -> tuple[int, int, int]:
        """Of the picture that a component shows, which is flat."""
        address = self.part(name).locator("img").first.get_attribute("src")
        pixels = np.asarray(Image.open(io.BytesIO(self.fetch(address))).convert("RGB")).reshape(-1, 3)
        return tuple(int(value) for value in pixels.mean(axis=0).round())

    def choose_example(self, index: int) -> None:
        self.part("examples").locator("button.gallery-item").nth(index).click()

    def close(self) -> None:
        self.context.close()

    def _pressable(self, build: bool) -> None:
        for name, can in (("Build", build), ("Enough", not build), ("Cancel", not build)):
            expectation = self.expect(self.button(name))
            (expectation.to_be_enabled if can else expectation.to_be_disabled)()

    def _hear(self, message) -> None:
        where = message.location.get("url", "")
        if message.type == "error" and not is_known_noise(message.text, where):
            self.wrong.append(f"console: {message.text} ({where})")

    def _watch(self, request) -> None:
        address = urlsplit(request.url)
        if address.scheme not in ("data", "blob") and address.hostname not in ("127.0.0.1", "localhost"):
            self.wrong.append(f"request to outside: {request.url}")


def is_known_noise(text: str, where: str) -> bool:
    """Babylon tries WebGPU first, and stops reading a .ply after its header."""
    return "WebGPU" in text or ("net::ERR_ABORTED" in text and ".ply" in where)


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
