"""Where the work of visitors lies: a folder per visit under one root of this process, with a folder per job in it.

Names are drawn at random and never taken from a visitor, and a job is only found by the visit it belongs to. A visit's
folder goes when its page is closed (after the job that still runs has ended) and when it is old. The page hands out
copies that Gradio keeps elsewhere and deletes by age as well.
"""

from __future__ import annotations

import atexit
import secrets
import shutil
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gen3d.errors import InputError
from gen3d.request import Request
from gen3d.settings import Settings

PREFIX = "gen3d-visits-"
KEPT_JOBS = 3
"""Older jobs of a visit go when a new one starts, but for the one on show."""
MAX_AGE_S = 6 * 3600.0
SWEEP_S = 600.0


@dataclass(frozen=True, slots=True)
class Job:
    """One scene in the making, or made."""

    folder: Path
    request: Request
    settings: Settings

    @property
    def name(self) -> str:
        """What a visitor may call it by."""
        return self.folder.name

    def say_enough(self) -> None:
        """Asks the running step to finish with what exists."""
        enough_file(self.folder).touch()

    def take_back_enough(self) -> None:
        """A new step begins in full."""
        enough_file(self.folder).unlink(missing_ok=True)

    @property
    def waits(self) -> bool:
        """Whether it has paused until its visitor goes on."""
        return (self.folder / "waits").exists()

    def wait(self, waits: bool) -> None:
        """Begins to wait, or no longer does."""
        if waits:
            (self.folder / "waits").touch()
        else:
            (self.folder / "waits").unlink(missing_ok=True)


def enough_file(folder: Path) -> Path:
    """The file that means "enough" to whoever works in a job's folder: a flag that reaches other processes too."""
    return folder / "enough"


@dataclass(slots=True)
class _Visit:
    folder: Path
    jobs: list[Job] = field(default_factory=list)
    running: int = 0
    left: bool = False
    on_show: tuple[str, Any] = ("", None)
    touched_s: float = field(default_factory=time.monotonic)


class Visits:
    """All visits of this process. Safe to call from several threads.

    root: where the folders go; a fresh one under the system's folder for temporary files by default.
    """

    def __init__(self, root: Path | None = None, max_age_s: float = MAX_AGE_S) -> None:
        remove_abandoned(Path(tempfile.gettempdir()))
        self.root = root or Path(tempfile.mkdtemp(prefix=PREFIX))
        self._max_age_s = max_age_s
        self._visits: dict[str, _Visit] = {}
        self._lock = threading.Lock()
        atexit.register(shutil.rmtree, self.root, ignore_errors=True)

    def begin(self, visitor: str, request: Request, settings: Settings) -> Job:
        """A new job in its own empty folder; of the visitor's earlier ones only the latest are kept.

        visitor: who asks: the secret that their page was given (Gradio's session hash).
        """
        self.sweep()
        with self._lock:
            visit = self._visit_of(visitor)
            job = Job(visit.folder / secrets.token_urlsafe(16), request, settings)
            job.folder.mkdir(parents=True, mode=0o700)
            visit.jobs.append(job)
            visit.touched_s = time.monotonic()
            for old in visit.jobs[:-KEPT_JOBS] if not visit.running else ():
                if old.name != visit.on_show[0]:
                    visit.jobs.remove(old)
                    shutil.rmtree(old.folder, ignore_errors=True)
            return job

    def find(self, visitor: str, name: str) -> Job:
        """The visitor's own job of that name; InputError when there is none, whoever else may have one."""
        with self._lock:
            visit = self._visits.get(visitor)
            for job in visit.jobs if visit else ():
                if secrets.compare_digest(job.name.encode(), name.encode()):
                    return job
        raise InputError("There is no such job, or it is too old.", "Run the first step again.")

    def latest(self, visitor: str) -> Job | None:
        """The job that the visitor began last."""
        with self._lock:
            visit = self._visits.get(visitor)
            return visit.jobs[-1] if visit and visit.jobs else None

    def show(self, visitor: str, job: str, finished: Any) -> None:
        """Remembers what a visitor's page shows, to come back to when something else is cancelled; its job stays."""
        with self._lock:
            visit = self._visit_of(visitor)
            visit.on_show, visit.touched_s = (job, finished), time.monotonic()

    def on_show(self, visitor: str) -> Any:
        """What `show` was told last; None where it was told nothing."""
        with self._lock:
            visit = self._visits.get(visitor)
            return visit.on_show[1] if visit else None

    @contextmanager
    def working(self, visitor: str) -> Iterator[None]:
        """Keeps the visit's folder until the block ends, also when the visitor leaves meanwhile."""
        with self._lock:
            visit = self._visits.get(visitor)
            if visit:
                visit.running += 1
        try:
            yield
        finally:
            with self._lock:
                if visit:
                    visit.running -= 1
                    visit.touched_s = time.monotonic()
                self._remove_if_done(visitor)

    def leave(self, visitor: str) -> None:
        """The visitor's page was closed: nobody will ask for the folder again."""
        with self._lock:
            if visitor in self._visits:
                self._visits[visitor].left = True
            self._remove_if_done(visitor)

    def sweep(self) -> None:
        """Removes the visits that nobody touched for long."""
        oldest = time.monotonic() - self._max_age_s
        with self._lock:
            for visitor, visit in list(self._visits.items()):
                visit.left |= visit.touched_s < oldest
                self._remove_if_done(visitor)

    def sweep_forever(self) -> None:
        """For a thread of its own: a page that nobody opens removes old visits too."""
        while True:
            time.sleep(SWEEP_S)
            self.sweep()

    def _visit_of(self, visitor: str) -> _Visit:
        return self._visits.setdefault(visitor, _Visit(self.root / secrets.token_urlsafe(16)))

    def _remove_if_done(self, visitor: str) -> None:
        visit = self._visits.get(visitor)
        if visit and visit.left and not visit.running:
            del self._visits[visitor]
            shutil.rmtree(visit.folder, ignore_errors=True)


def remove_abandoned(parent: Path, prefix: str = PREFIX) -> None:
    """Removes the folders that a killed process left behind, by age."""
    for root in parent.glob(prefix + "*"):
        try:
            newest = max(path.stat().st_mtime for path in (root, *root.iterdir()))
        except OSError:  # another user's, or gone meanwhile
            continue
        if newest < time.time() - MAX_AGE_S:
            shutil.rmtree(root, ignore_errors=True)
