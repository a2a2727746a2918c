"""Connections on which nothing whole was said for long.

uvicorn 0.54 waits for ever for the rest of a request's head, and has no setting for it; what it does bound is the
head's size (64 kB) and the time between two requests (5 s).
"""

from __future__ import annotations

import asyncio
import time
from typing import Any

from gen3d.ui.core.limits import Limits

LOOK_S = 1.0
"""So often it is looked for them."""


async def close_silent(app: Any, limits: Limits) -> None:
    """Closes those of Gradio's server, until it is cancelled. Between two requests a connection says nothing either."""
    since: dict[Any, float] = {}
    while True:
        await asyncio.sleep(min(LOOK_S, limits.silent_s / 2))
        server = getattr(app.get_blocks(), "server", None)
        connections = set(server.server_state.connections) if server else set()
        now = time.monotonic()
        since = {one: since.get(one, now) for one in connections if one.cycle is None or one.cycle.response_complete}
        for connection in _too_long(since, now, limits):
            connection.transport.abort()


def _too_long(since: dict[Any, float], now: float, limits: Limits) -> list[Any]:
    oldest_first = sorted(since, key=since.__getitem__)
    surplus = max(0, len(since) - limits.silent)
    return [one for i, one in enumerate(oldest_first) if i < surplus or now - since[one] > limits.silent_s]
