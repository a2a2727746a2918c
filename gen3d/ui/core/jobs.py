"""Where the work of visitors lies: a folder per visit under one root of this process, with a folder per job in it.

Names are drawn at random and never taken from a visitor, and a job is only found by the visit it belongs to. A visit's
folder goes when its page is closed (after the job that still runs has ended), when it is old, soon where there is no
page to it, and when room is needed, the oldest first. The page hands out copies that Gradio keeps (`disk.py`).
"""

from __future__ import annotations

import os
import secrets
import shutil
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gen3d.errors import InputError
from gen3d.memory import give_back
from gen3d.request import Request
from gen3d.settings import Settings
from gen3d.ui.core.disk import PREFIX, Disk, own_root, remove_abandoned

__all__ = ["PREFIX", "Job", "Visits", "enough_file", "remove_abandoned"]
KEPT_JOBS = 3
"""Older jobs of a visit go when a new one starts, but for the one on show."""
MAX_AGE_S = 6 * 3600.0
IDLE_S = 900.0
"""A visit without a page is kept for so long."""
SWEEP_S = 600.0
AGENT = "agent "
"""How the visits of agents begin, who have no page: no session hash holds a blank."""


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

    root: where the folders go; a fresh one under the system's folder for temporary files by default. disk: how much
    there may be; None: no bounds.
    """

    def __init__(
        self, root: Path | None = None, max_age_s: float = MAX_AGE_S, disk: Disk | None = None, idle_s: float = IDLE_S
    ) -> None:
        self.root = root or own_root()
        self._max_age_s, self._idle_s, self._disk = max_age_s, idle_s, disk
        self._visits: dict[str, _Visit] = {}
        self._pages: Counter[str] = Counter()
        self._lock = threading.Lock()

    def begin(self, visitor: str, request: Request, settings: Settings) -> Job:
        """A new job in its own empty folder; of the visitor's earlier ones only the latest are kept.

        visitor: who asks: the secret that their page was given (Gradio's session hash). Raises Unwritable where there
        is no room for it.
        """
        self.sweep()
        if self._disk and not self.has_room(but=visitor, asked=request):
            self._disk.check()
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

    def agent(self, name: str | None = None) -> str:
        """A visit for a call that comes without a page: the one that the job of this name belongs to, else a new one.

        So among such callers a job is whoever's who knows its name, which is drawn at random and told to none but the
        one who began it; and each has its own visit, so that no caller's jobs make room for another's. A page's jobs
        are not found, nor these by a page.
        """
        with self._lock:
            for visitor, visit in self._visits.items() if name else ():
                names = [job.name.encode() for job in visit.jobs] if visitor.startswith(AGENT) else []
                if any(secrets.compare_digest(one, name.encode()) for one in names):
                    visit.touched_s = time.monotonic()
                    return visitor
        return AGENT + secrets.token_urlsafe(16)

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

    def show_first(self, visitor: str, job: str, finished: Any) -> None:
        """As `show`, of what a page begins with: where it comes late, what was asked for meanwhile stays."""
        with self._lock:
            visit = self._visit_of(visitor)
            if not visit.jobs and not visit.on_show[0]:
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
            give_back()

    def leave(self, visitor: str) -> None:
        """The visitor's page was closed: nobody will ask for the folder again."""
        with self._lock:
            if visitor in self._visits:
                self._visits[visitor].left = True
            self._remove_if_done(visitor)

    @contextmanager
    def attended(self, visitor: str) -> Iterator[None]:
        """While the block runs, the visitor has a page open, or a client."""
        with self._lock:
            self._pages[visitor] += 1
        try:
            yield
        finally:
            with self._lock:
                self._pages[visitor] -= 1
                if not self._pages[visitor]:
                    del self._pages[visitor]
                if visitor in self._visits:
                    self._visits[visitor].touched_s = time.monotonic()

    def sweep(self) -> None:
        """Removes the visits that nobody touched for long; those without a page sooner."""
        now = time.monotonic()
        with self._lock:
            for visitor, visit in list(self._visits.items()):
                untouched_s, idle = now - visit.touched_s, not visit.running and visitor not in self._pages
                visit.left |= untouched_s > self._max_age_s or (idle and untouched_s > self._idle_s)
                self._remove_if_done(visitor)

    def sweep_forever(self) -> None:
        """For a thread of its own: what is old goes, and what was given up, also where nobody comes any more."""
        while True:
            time.sleep(SWEEP_S)
            self.sweep()
            if self._disk:
                self._disk.sweep_uploads()
                self.has_room()
            remove_abandoned(self.root.parent)

    def has_room(self, but: str | None = None, asked: Request | None = None) -> bool:
        """Whether there is room for more, made where it can be: the oldest goes first.

        Nothing goes that a running job needs, or an open page shows. but: a visitor whose visit stays. asked:
        a request whose uploads stay.
        """
        if self._disk is None or self._disk.has_room():
            return True
        with self._lock:
            idle = [name for name, visit in self._visits.items() if not (visit.running or name in self._pages)]
            for visitor in sorted(idle, key=lambda name: self._visits[name].touched_s):
                if visitor != but and not self._disk.has_room():
                    self._visits[visitor].left = True
                    self._remove_if_done(visitor)
            self._remove_what_no_page_shows()
            self._disk.remove_copies([visit.folder for visit in self._visits.values()], self._read(asked))
        return self._disk.has_room()

    def _remove_what_no_page_shows(self) -> None:
        """Earlier jobs of the visits that stay."""
        for visit in self._visits.values():
            for job in visit.jobs[:-1] if not visit.running else ():
                if job.name != visit.on_show[0] and not self._disk.has_room():
                    visit.jobs.remove(job)
                    shutil.rmtree(job.folder, ignore_errors=True)

    def _read(self, asked: Request | None) -> set[Path]:
        """The uploads that jobs are made from, and that a request names."""
        requests = [job.request for visit in self._visits.values() for job in visit.jobs] + ([asked] if asked else [])
        given = [file for request in requests for file in (request.photo, request.depth, request.path) if file]
        return {Path(os.path.realpath(file)) for file in given}

    def _visit_of(self, visitor: str) -> _Visit:
        return self._visits.setdefault(visitor, _Visit(self.root / secrets.token_urlsafe(16)))

    def _remove_if_done(self, visitor: str) -> None:
        visit = self._visits.get(visitor)
        if visit and visit.left and not visit.running:
            del self._visits[visitor]
            shutil.rmtree(visit.folder, ignore_errors=True)
