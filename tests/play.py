"""Steps that play the pipeline, and a gallery that plays its examples.

`play` lets a test decide how far a step gets: `play.hold("expand")` stops it there (it goes on yielding, as the real
ones do) until `play.release()`, the visitor's "enough" or the end of the generator; `play.fail(...)` breaks it.
"""

from __future__ import annotations

import json
import shutil
import threading
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from gen3d.events import Event, Finished, Notice, Preview, Progress, Started, Viewable
from gen3d.request import Region, Request, Review, Reviewed
from gen3d.settings import Settings
from gen3d.ui.core.gallery import Example, Gallery
from gen3d.ui.core.jobs import enough_file
from gen3d.ui.page.errors import told_to_visitors
from tests.patience import eventually

POSES = 5
REVIEWED_PX = (512, 384)
SKY_ENDS = 0.25
"""In the picture whose layers are reviewed, as a share of its height."""
ORANGE, GREY = (255, 128, 64), (160, 160, 160)
PRODUCTS = {
    "look": ("run.json",),
    "grow": ("scene.ply", "scene.splat", "scene.view", "scene.html", "model3d.ply", "transforms.json", "run.json",
             "layers.npz", "things.json"),
    "tour": ("flythrough.mp4", "run.json"),
}
DOWNLOADS = {
    "scene.ply", "scene.splat", "flythrough.mp4", "scene.html", "previews.zip", "transforms.json", "run.json",
}  # fmt: skip
"""What a finished scene offers."""
PATHS = {"wander": "here and there", "dolly": "forward and back"}


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
