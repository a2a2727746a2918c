"""One who comes to look at a page, again and again: `python -m bench.asking URL` until its input ends.

Prints the seconds that each answer took: a process of its own, so that nothing else that measures holds its clock.
"""

from __future__ import annotations

import sys
import threading
import time

import httpx

ASK_EVERY_S = 0.5
ADDRESS = {"X-Forwarded-For": "8.8.8.8"}
"""Of nobody else's in `bench.load`."""


def main() -> None:
    """Asks for the page's layout."""
    ended = threading.Event()
    threading.Thread(target=lambda: (sys.stdin.read(), ended.set()), daemon=True).start()
    with httpx.Client(base_url=sys.argv[1], timeout=60, headers=ADDRESS) as client:
        while not ended.wait(ASK_EVERY_S):
            began = time.perf_counter()
            client.get("config").raise_for_status()
            print(time.perf_counter() - began, flush=True)


if __name__ == "__main__":
    main()
