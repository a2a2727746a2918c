"""Who is there: pages, and clients that wait for what they asked, hold a connection to Gradio's /heartbeat open.

A visit without one (a call by plain HTTP) is over soon after its last job. And an upload is turned away at once where
there is no room for it.
"""

from __future__ import annotations

from asyncio import to_thread
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from gen3d.ui.core.jobs import Visits
from gen3d.ui.door import routes

NO_ROOM = b'{"detail": "This machine has no room for another file. Try again later."}'

Message = MutableMapping[str, Any]


class Attendance:
    """An ASGI middleware that tells the visits."""

    def __init__(self, app: Callable[..., Awaitable[None]], visits: Visits) -> None:
        self._app, self._visits = app, visits

    async def __call__(self, scope: Message, receive: Callable, send: Callable) -> None:
        """Passes the request on; for the length of a heartbeat its visitor is there."""
        path = scope.get("path", "") if scope["type"] == "http" else ""
        if visitor := routes.heartbeat(path):
            with self._visits.attended(visitor):
                await self._app(scope, receive, send)
        elif scope.get("method") == "POST" and routes.is_upload(path) and not await to_thread(self._visits.has_room):
            headers = [(b"content-type", b"application/json"), (b"connection", b"close")]
            await send({"type": "http.response.start", "status": 507, "headers": headers})
            await send({"type": "http.response.body", "body": NO_ROOM})
        else:
            await self._app(scope, receive, send)
