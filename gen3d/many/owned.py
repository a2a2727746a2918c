"""A batch that another program watches: `python -m gen3d.many.owned`, started by the page for its owner.

A line of JSON in: source, out, within, workers, retry_failed, job (fields of `Job`), defaults (columns of a manifest).
Lines of JSON out, each with what changed: `total`, `done`, `failed`; `notice`; at the end `state`, with `built` and
`passed_over` or with two sentences. It ends, and leaves nothing half-made, when it is told to end (SIGTERM) or nobody
listens.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
from contextlib import closing
from pathlib import Path
from typing import IO, Any

BEHIND = 10
"""Niceness: the page's visitors come first."""


def main() -> None:
    """Makes it."""
    os.nice(BEHIND)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    asked = json.loads(sys.stdin.readline())
    told = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # so that nothing else gets between our lines
    threading.Thread(target=_until_nobody_listens, daemon=True).start()
    from gen3d.errors import Gen3DError

    try:
        _made(asked, told)
    except Gen3DError as error:
        _tell(told, state="failed", what=error.what, remedy=error.remedy)
    except KeyboardInterrupt:
        sys.exit(130)


def _until_nobody_listens() -> None:
    sys.stdin.read()
    os.kill(os.getpid(), signal.SIGTERM)


def _made(asked: dict[str, Any], told: IO[str]) -> None:
    from gen3d.events import Notice, Progress
    from gen3d.many.ask import Job
    from gen3d.many.crew import threads_each
    from gen3d.many.manifest import COLUMNS
    from gen3d.many.pool import Pool
    from gen3d.many.running import Tally, run_batch
    from gen3d.many.source import FIELDS

    workers, tally = asked["workers"], Tally()
    defaults = {FIELDS.get(name, name): COLUMNS[name](name, value) for name, value in asked["defaults"].items()}
    crew = Pool(workers, threads_each(workers))
    run = run_batch(
        asked["source"], Job.of_json(asked["job"] | {"out": asked["out"]}), crew, defaults,
        asked["retry_failed"], tally=tally, within=Path(asked["within"]),
    )  # fmt: skip
    with closing(run):
        for event in run:
            match event:
                case Notice():
                    _tell(told, notice=event.text)
                case Progress():
                    _tell(told, done=event.done, total=event.total, failed=tally.failed)
    _tell(told, state="ended", built=tally.built, passed_over=tally.passed_over, failed=tally.failed)


def _tell(told: IO[str], **changed: Any) -> None:
    told.write(json.dumps(changed) + "\n")
    told.flush()


if __name__ == "__main__":
    main()
