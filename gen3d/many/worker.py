"""A process that makes scenes: `python -m gen3d.many.worker`, started by `pool.py`.

A line of JSON in for each ask, the first for the job; a line out for each that ended, the first when it is ready. When
nobody is left to listen it ends at once, whatever it is doing.
"""


import json
import os
import queue
import signal
import sys
import threading
from typing import IO

from gen3d.errors import Gen3DError
from gen3d.many.ask import Ask, Job, Outcome


def main() -> None:
    """Works until the input ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal tells everybody; whoever started us decides
    told = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # so that nothing else gets between our lines
    lines: queue.Queue[str] = queue.Queue()
    threading.Thread(target=_listen, args=(sys.stdin, lines), daemon=True).start()
    _work(lines, told)


def _listen(given: IO[str], lines: queue.Queue[str]) -> None:
    for line in given:
        lines.put(line)
    os._exit(0)


def _work(lines: queue.Queue[str], told: IO[str]) -> None:
    job = Job.of_json(json.loads(lines.get()))
    try:
        from gen3d.many.maker import Maker

        _keep_to_threads()
        maker = Maker(job)
    except Gen3DError as error:
        _tell(told, Outcome("", "failed", None, error.what, error.remedy, ends_run=True))
        return
    _tell(told, Outcome("", "whole"))
    while True:
        _tell(told, maker.make(Ask.of_json(json.loads(lines.get()))))


def _keep_to_threads() -> None:
    """Of those who do not read the environment when they load."""
    import cv2
    import torch

    threads = int(os.environ.get("GEN3D_THREADS", "1"))
    cv2.setNumThreads(threads)
    torch.set_num_threads(threads)


def _tell(told: IO[str], outcome: Outcome) -> None:
    told.write(json.dumps(outcome.as_json()) + "\n")
    told.flush()


if __name__ == "__main__":
    main()
