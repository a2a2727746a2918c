"""Events -> what the page shows. A handler that streams yields everything it has each time, so this accumulates.

`Shown` is a value: `after` an event comes a new one. Pictures and products are files.
"""

from __future__ import annotations

import json
import os
import shutil
import time
import zipfile
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal, assert_never

from PIL import Image

from gen3d.errors import without_folders
from gen3d.events import Event, Finished, Notice, Preview, Progress, Started, Viewable
from gen3d.formats.whole import write_whole
from gen3d.scene_files import SceneFiles, light_twin
from gen3d.stage_table import STAGES, row
from gen3d.ui.core import words
from gen3d.video_table import VIDEOS, video_in

SINGLE = tuple(stage.name for stage in STAGES if stage.preview and not stage.many)
"""Previews with a place of their own."""
STRIP = tuple(f"{stage.name}_" for stage in STAGES if stage.preview and stage.many)
"""What the names of the others begin with, which join the strip."""
RHYTHM_S = 0.4
"""Progress alone is shown at most so often."""


@dataclass(frozen=True, slots=True)
class Line:
    """A stage as the status names it."""

    stage: str
    began_s: float
    seconds: float = 0.0
    done: int = 0
    total: int = 0
    running: bool = True


@dataclass(frozen=True, slots=True)
class Shown:
    """All that the page shows of a job, so far."""

    seed: int | None
    job: str
    expected: Mapping[str, float]
    """Stage -> seconds, in the order in which they run."""
    began_s: float = field(default_factory=time.monotonic)
    state: Literal["running", "waiting", "done", "failed"] = "running"
    sentence: str = "Starting."
    slower: tuple[str, ...] = ()
    """Why it takes longer than usual right now, in words."""
    lines: tuple[Line, ...] = ()
    notices: tuple[str, ...] = ()
    pictures: tuple[tuple[str, Path], ...] = ()
    """Of SINGLE: name -> file."""
    strip: tuple[Path, ...] = ()
    view: Path | None = None
    """What the viewer shows: the points, later the scene."""
    scene: SceneFiles | None = None
    video: Path | None = None
    holes: tuple[int | None, int] | None = None
    """Where a video begins to show holes, and of how many frames; None where nobody asked how far it moves."""
    zipped: Path | None = None
    """All previews in one file."""

    def after(self, event: Event, previews: Path) -> Shown:
        """With what the event tells; a preview is kept as a file under `previews`."""
        now = time.monotonic()
        shown = replace(self, lines=_at(self.lines, now))
        match event:
            case Started():
                line = Line(event.stage, now)
                shown = replace(shown, lines=(*_ended(shown.lines), line))
            case Progress():
                last = replace(shown.lines[-1], done=event.done, total=event.total)
                shown = replace(shown, lines=(*shown.lines[:-1], last))
            case Notice():
                told = without_folders(event.text)
                shown = replace(shown, notices=(*(text for text in shown.notices if text != told), told))
            case Preview():
                shown = shown._with_picture(event, previews)
            case Viewable():
                shown = replace(shown, view=_kept(event, previews) or shown.view)
            case Finished():
                shown = replace(shown._with_product(event), lines=_ended(shown.lines))
            case _:
                assert_never(event)
        return replace(shown, sentence=words.under_way(shown.lines, shown.seconds_left(), shown.slower))

    def finished(self, zipped: Path | None = None) -> Shown:
        """All is there."""
        seconds = time.monotonic() - self.began_s
        return replace(self, state="done", lines=_ended(self.lines), zipped=zipped, sentence=words.done(seconds))

    def waiting(self) -> Shown:
        """The visitor has the word."""
        return replace(self, state="waiting", lines=_ended(self.lines), sentence=words.PAUSED)

    def failed(self, sentence: str) -> Shown:
        """It ended with an error."""
        return replace(self, state="failed", lines=_ended(self.lines), sentence=sentence)

    def seconds(self) -> dict[str, float]:
        """Stage -> what it took so far."""
        return {line.stage: line.seconds for line in self.lines}

    def seconds_left(self) -> float:
        """What the running stage still takes by its count, or else by its clock, and what the later ones will.

        The later ones are slower than usual by as much as the whole is, with what those before took.
        """
        if not self.lines:
            return sum(self.expected.values())
        now, passed = self.lines[-1], set(self.seconds())
        later = sum(s for stage, s in self.expected.items() if stage not in passed)
        pace = self._pace()
        usual = pace * self.expected.get(now.stage, 0.0)
        by_clock = max(0.0, usual - now.seconds)
        return pace * later + (usual * (1 - now.done / now.total) if now.done else by_clock) * now.running

    def _pace(self) -> float:
        """What the whole takes over what is usual, as far as the stages so far tell; 1 at least."""
        known = [(line, line.seconds - self.expected[line.stage]) for line in self.lines if line.stage in self.expected]
        more = sum(max(0.0, over) if line.running else over for line, over in known)
        return max(1.0, 1 + more / max(sum(self.expected.values()), 1e-9))

    def progress(self) -> dict[str, Any]:
        """How it stands, in plain values.

        "state" (running, waiting, done, failed), "step" (look, grow, tour) and "stage" of what runs or ran last (None
        before), "count" of its "total" (None where nothing is counted), "seconds_left" (0 unless running), "words" that
        say all this, and "notices".
        """
        now = self.lines[-1] if self.lines else None
        known = row(now.stage) if now else None
        return {
            "state": self.state,
            "step": known.step if known else None,
            "stage": now.stage if now else None,
            "count": now.done if now and now.total else None,
            "total": now.total if now and now.total else None,
            "seconds_left": round(self.seconds_left(), 1) if self.state == "running" else 0.0,
            "words": self.sentence,
            "notices": list(self.notices),
        }

    def downloads(self) -> list[Path]:
        """The files that are whole by now."""
        if self.scene is None:
            return []
        record = SceneFiles(self.video.parent).run if self.video else self.scene.run
        scene = self.scene
        files = (scene.ply, scene.splat, self.video, scene.html, self.zipped, scene.transforms, record)
        return [file for file in files if file is not None]

    def values(self) -> dict[str, Any]:
        """Name of a component of the page -> its value."""
        files = [str(file) for file in self.downloads()]
        pictures = {name: str(file) for name, file in self.pictures}
        return {
            "status": words.status(self),
            "progress": self.progress(),
            **{name: pictures.get(name) for name in SINGLE},
            "viewer": (str(self.view), self.job or self.view.parent.name) if self.view else None,
            "views": [str(file) for file in self.strip] or None,
            "scene": str(self.scene.model3d) if self.scene else None,
            "video": str(self.video) if self.video and not _is_picture(self.video) else None,
            "moving": str(self.video) if self.video and _is_picture(self.video) else None,
            "files": files or None,
            "seed": self.seed,
            "job": self.job,
        }

    def _with_picture(self, preview: Preview, folder: Path) -> Shown:
        if preview.name not in SINGLE and not preview.name.startswith(STRIP):
            return self
        file = folder / f"{preview.name}.png"
        file.parent.mkdir(exist_ok=True)
        Image.fromarray(preview.image).save(file)
        if preview.name in SINGLE:
            return replace(self, pictures=(*self.pictures, (preview.name, file)))
        return replace(self, strip=(*self.strip, file))

    def _with_product(self, finished: Finished) -> Shown:
        match finished.step:
            case "grow":
                files = SceneFiles(finished.folder)
                return replace(self, scene=files, view=self.view if _is_fitted(self.view) else files.view)
            case "tour":
                return replace(self, video=video_in(finished.folder), holes=_holes(finished.folder))
        return self


def _is_picture(video: Path) -> bool:
    return any(row.is_picture for row in VIDEOS if row.file == video.name)


def _holes(folder: Path) -> tuple[int | None, int] | None:
    counts = json.loads(SceneFiles(folder).run.read_text(encoding="utf-8"))["counts"]
    return (counts["first_hole"], counts["frames"]) if "first_hole" in counts else None


def shown_of_folder(folder: Path, seed: int, seconds: dict[str, float]) -> Shown:
    """A finished build as the page shows it, which is no job of anybody's; seconds: what each stage took."""
    files, zipped = SceneFiles(folder), folder / "previews.zip"
    if not zipped.exists():
        zip_previews(zipped, [folder])
    pictures = tuple((name, files.previews / f"{name}.png") for name in SINGLE)
    return Shown(
        seed=seed,
        job=folder.name,
        expected=seconds,
        state="done",
        sentence=words.done(sum(seconds.values())),
        lines=tuple(Line(stage, 0.0, s, running=False) for stage, s in seconds.items()),
        pictures=tuple((name, file) for name, file in pictures if file.exists()),
        strip=tuple(file for name in STRIP for file in sorted(files.previews.glob(f"{name}*.png"))),
        view=files.view,
        scene=files,
        video=files.video,
        zipped=zipped,
    )


def zip_previews(file: Path, folders: Iterable[Path]) -> Path:
    """Writes all pictures under previews/ of these folders into one file, whose bytes do not tell when.

    Of one name the later folder's: a new video's frames stand for those of the video before it.
    """
    pictures = {p.name: p for folder in folders for p in sorted(SceneFiles(folder).previews.glob("*.png"))}
    with write_whole(file) as temporary, zipfile.ZipFile(temporary, "w", zipfile.ZIP_STORED) as archive:
        for name, picture in pictures.items():
            archive.writestr(zipfile.ZipInfo(name), picture.read_bytes())
    return file


class Rhythm:
    """Says which events are worth sending: all but progress that follows too quickly."""

    def __init__(self) -> None:
        self._last_s = 0.0

    def admits(self, event: Event) -> bool:
        """True now and then for `Progress`, always for the others."""
        now = time.monotonic()
        if isinstance(event, Progress) and now - self._last_s < RHYTHM_S:
            return False
        self._last_s = now
        return True


def followed(
    shown: Shown, events: Generator[Event, None, None], previews: Path, slower: Callable[[], Sequence[str]] = tuple
) -> Iterator[Shown]:
    """What the page shows after each event that is worth it, and at the end; slower: why it takes longer right now."""
    rhythm = Rhythm()
    with closing(events):
        for event in events:
            shown = replace(shown, slower=tuple(slower())).after(event, previews)
            if rhythm.admits(event):
                yield shown
    yield shown


def _kept(viewable: Viewable, folder: Path) -> Path | None:
    """A file of our own, since the step removes its; None where it has done so already (it may run elsewhere)."""
    file = folder / f"{viewable.name}.view"
    file.parent.mkdir(exist_ok=True)
    with suppress(FileNotFoundError):
        if light_twin(viewable.file).exists():
            _link(light_twin(viewable.file), light_twin(file))
        _link(viewable.file, file)
        return file
    return None


def _link(there: Path, here: Path) -> None:
    here.unlink(missing_ok=True)
    try:
        os.link(there, here)
    except FileNotFoundError:
        raise
    except OSError:  # not every file system has links
        shutil.copyfile(there, here)


def _is_fitted(view: Path | None) -> bool:
    return view is not None and view.stem == "scene"


def _at(lines: tuple[Line, ...], now: float) -> tuple[Line, ...]:
    """The running stage's seconds brought up to date."""
    if not lines or not lines[-1].running:
        return lines
    return (*lines[:-1], replace(lines[-1], seconds=now - lines[-1].began_s))


def _ended(lines: tuple[Line, ...]) -> tuple[Line, ...]:
    return tuple(replace(line, running=False) for line in lines)
