"""Batches of the page's owner: one at a time, in a process of its own, within one folder.

The process is `gen3d.many.owned`; it ends with the page's.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from gen3d.errors import Gen3DError, InputError

MOST_WORKERS = 64
OPTIONS: dict[str, tuple[type, ...]] = {
    "source": (str,), "out": (str,), "workers": (int,), "retry_failed": (bool,), "preset": (str,), "size": (int,),
    "prompt": (str,), "fov": (int, float), "path": (str,), "seed": (int,), "to": (list,), "dataset": (str,),
    "views": (int,), "views_path": (str,),
}  # fmt: skip
"""What may be asked, and of which kind; the first two must be."""
OF_JOB = {"to", "dataset", "views", "views_path"}
"""Those of them that are fields of `many.ask.Job`."""
OF_ROWS = {"preset", "size", "prompt", "fov", "path", "seed"}
"""Those that are columns of a manifest, for what its rows leave open."""
NOTICES = 20
"""The last so many are told."""


class Batches:
    """Starts a batch, tells how far it is, ends it.

    root: the folder; program: what makes them, as `subprocess` takes it; job: fields of `Job` that the page decides.
    """

    def __init__(self, root: Path, job: Mapping[str, Any], program: tuple[str, ...] = ()) -> None:
        self._root, self._job = Path(os.path.realpath(root)), dict(job)
        self._program = program or (sys.executable, "-m", "gen3d.many.owned")
        self._process: subprocess.Popen | None = None
        self._state: dict[str, Any] = {"state": "idle"}
        self._change = threading.Lock()

    def start(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        """The state of the batch that was begun. Raises InputError for what cannot be asked; Busy where one runs."""
        _check(asked)
        source, out = (self._within(asked[name], name) for name in ("source", "out"))
        with self._change:
            if self._state["state"] in ("running", "ending"):
                raise Busy("A batch is running.", "Wait for its end, or cancel it.")
            self._process = subprocess.Popen(
                self._program, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True
            )
            told = {name: asked[name] for name in ("source", "out")}
            self._state = told | {"state": "running", "done": 0, "failed": 0, "notices": [], "began_s": time.time()}
            self._tell(asked, source, out)
            threading.Thread(target=self._hear, args=(self._process,), daemon=True).start()
        return self.state()

    def state(self) -> dict[str, Any]:
        """`state` is idle, running, ending, ended, cancelled or failed; what else is known stands beside it."""
        with self._change:
            told = dict(self._state)
        began_s, ended_s = told.pop("began_s", None), told.pop("ended_s", time.time())
        return told | ({} if began_s is None else {"seconds": round(ended_s - began_s, 1)})

    def cancel(self) -> dict[str, Any]:
        """The batch ends; scenes that are whole stay, and what was half-made goes."""
        with self._change:
            if self._state["state"] == "running":
                self._state["state"] = "ending"
                self._process.terminate()  # an interrupt is ignored by whatever a shell started in the background
        return self.state()

    def _within(self, place: str, name: str) -> str:
        """Where it lies; InputError for what is outside, by its name or by a link."""
        real = Path(os.path.realpath(self._root / place.replace("\0", "\ufffd")))
        if not real.is_relative_to(self._root) or (name == "out" and real == self._root):
            raise InputError(f"{name} lies outside of the batches' folder.", 'Name something in it, as "photos".')
        return str(self._root / place)

    def _tell(self, asked: Mapping[str, Any], source: str, out: str) -> None:
        told = {
            "source": source, "out": out, "within": str(self._root), "workers": asked.get("workers", 1),
            "retry_failed": asked.get("retry_failed", False),
            "defaults": {"preset": "balanced"} | {name: value for name, value in asked.items() if name in OF_ROWS},
            "job": self._job | {name: value for name, value in asked.items() if name in OF_JOB},
        }  # fmt: skip
        with suppress(OSError):
            self._process.stdin.write(json.dumps(told) + "\n")
            self._process.stdin.flush()

    def _hear(self, process: subprocess.Popen) -> None:
        for line in process.stdout:
            self._note(json.loads(line))
        code = process.wait()
        for end in (process.stdin, process.stdout):
            with suppress(OSError):
                end.close()
        with self._change:
            if self._state["state"] == "ending":
                self._state["state"] = "cancelled"
            elif self._state["state"] == "running":
                why = {"what": f"The batch ended unasked, with {code}.", "remedy": "See the page's log; start it anew."}
                self._state |= {"state": "failed"} | why
            self._state["ended_s"] = time.time()

    def _note(self, told: dict[str, Any]) -> None:
        with self._change:
            if "notice" in told:
                self._state["notices"] = [*self._state["notices"], told.pop("notice")][-NOTICES:]
            if self._state["state"] == "ending":
                told.pop("state", None)
            self._state |= told


class Busy(Gen3DError):
    """A batch runs already."""


def _check(asked: Mapping[str, Any]) -> None:
    """InputError for what is no ask."""
    known = f"Known are {', '.join(OPTIONS)}."
    if not {"source", "out"} <= asked.keys():
        raise InputError("A batch needs a source and an out.", known)
    for name, value in asked.items():
        kinds = OPTIONS.get(name)
        if kinds is None:
            raise InputError(f"{name[:40]!r} means nothing to a batch.", known)
        if not isinstance(value, kinds) or (isinstance(value, bool) and bool not in kinds):
            raise InputError(f"{name} is not of the kind that it has to be.", "See docs/batch.md.")
    if not 1 <= asked.get("workers", 1) <= MOST_WORKERS:
        raise InputError(f"{asked['workers']} workers are not possible.", f"Give 1 to {MOST_WORKERS}.")
