"""The door of the page: whatever is asked of the server passes here first, before anything of Gradio sees it.

It is put around Gradio's whole application (`at_the_door` replaces the outermost of its layers when the server starts,
as Gradio puts its own CORS layer outside of every middleware that it is given): Host and Origin, the routes that there
are, who may ask how often, how large a body may be, and the headers of every answer.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, ExitStack, asynccontextmanager, suppress
from typing import Any
from urllib.parse import urlsplit

from starlette.datastructures import Headers, QueryParams
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gen3d.ui.door import routes
from gen3d.ui.door.bodies import ENVELOPE_BYTES, Body, Upload
from gen3d.ui.door.counts import PerMinute, UnderWay
from gen3d.ui.door.front import Front, address_of, check_host, check_origin, without_foreign
from gen3d.ui.door.headers import add_headers
from gen3d.ui.door.owner import Owner
from gen3d.ui.door.refused import Refused
from gen3d.ui.door.silent import close_silent

NOT_HERE = "There is nothing here."
ONLY_POST = "Agents POST here. Nothing else is answered."
"""With the status by which MCP's clients know that no stream is to be had."""


def at_the_door(
    front: Front, upload_bytes: int, owner: Owner | None = None
) -> Callable[[Any], AbstractAsyncContextManager[None]]:
    """A `lifespan` for Gradio's application, which is a page of `guarded.GuardedBlocks`.

    upload_bytes: of all files of one upload together. owner: may ask for more than visitors may.
    """

    @asynccontextmanager
    async def lifespan(app: Any) -> AsyncIterator[None]:
        app.middleware_stack = Door(app.middleware_stack, app, front, upload_bytes, owner)
        watch = asyncio.create_task(close_silent(app, app.get_blocks().limits))
        yield
        watch.cancel()
        with suppress(asyncio.CancelledError):
            await watch

    return lifespan


class Door:
    """An ASGI application around another."""

    def __init__(
        self, inside: ASGIApp, app: Any, front: Front, upload_bytes: int, owner: Owner | None = None
    ) -> None:
        self._inside, self._app, self._front, self._upload_bytes = inside, app, front, upload_bytes
        self._owner = owner
        self._page = app.get_blocks()
        limits = self._limits = self._page.limits
        self._requests = UnderWay(limits.requests_per_address, limits.requests, "requests")
        self._uploads = UnderWay(limits.uploads_per_address, limits.uploads, "uploads")
        self._calls = PerMinute(limits.calls_per_minute, "calls")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers what is refused, and lets in the rest."""
        if scope["type"] == "lifespan":
            return await self._inside(scope, receive, send)
        if scope["type"] != "http":
            return await send({"type": "websocket.close"})
        begun = False

        async def answer(message: Message) -> None:
            nonlocal begun
            if message["type"] == "http.response.start":
                begun = True
                add_headers(message, scope["path"], self._front.frames)
            await send(message)

        try:
            with ExitStack() as held:
                await self._let_in(scope, receive, answer, held)
        except Refused as refused:
            if not begun:
                await refused.response()(scope, receive, answer)
        return None

    async def _let_in(self, scope: Scope, receive: Receive, send: Send, held: ExitStack) -> None:
        """Raises Refused for what may not pass; held: what is given back when the request has ended."""
        headers, path = Headers(scope=scope), scope["path"]
        link = urlsplit(getattr(self._page, "share_url", None) or "").netloc
        check_host(self._front, headers, link)
        if self._owner is not None and self._owner.asks(scope["method"], path, headers):
            return await self._own(self._owner, scope, receive, send, headers, link)
        mcp = bool(self._page.mcp_server)
        if not routes.is_open(scope["method"], path, mcp):
            raise Refused(405, ONLY_POST) if mcp and routes.is_mcp(path) else Refused(404, NOT_HERE)
        address = address_of(self._front, scope.get("client"), headers)
        held.enter_context(self._requests.one(address))
        scope = scope | {"headers": without_foreign(self._front, scope["headers"]), "client": (address, 1)}
        if scope["method"] == "POST":
            check_origin(self._front, headers, link)
            let = self._upload if routes.is_upload(path) else self._call
            return await let(scope, receive, send, headers, address, held)
        self._listen(path, QueryParams(scope["query_string"]), address, held)
        return await self._inside(scope, receive, send)

    async def _own(
        self, owner: Owner, scope: Scope, receive: Receive, send: Send, headers: Headers, link: str
    ) -> None:
        check_origin(self._front, headers, link)
        body = Body(receive, headers, self._limits.json_bytes, "A call", self._limits)
        response = await owner.answer(scope["method"], scope["path"], body)
        await response(scope, receive, send)

    def _listen(self, path: str, query: QueryParams, address: str, held: ExitStack) -> None:
        session = routes.listens(path, dict(query))
        if session is None:
            return
        if routes.heartbeat(path):
            self._page.sessions.enter(session, address)
        held.enter_context(self._page.sessions.listening(session))

    async def _call(
        self, scope: Scope, receive: Receive, send: Send, headers: Headers, address: str, held: ExitStack
    ) -> None:
        """A call, whose visit is let in with it."""
        self._calls.count(address)
        body = Body(receive, headers, self._limits.json_bytes, "A call", self._limits)
        given, receive = await body.json()
        session = given.get("session_hash")
        if session is None and "/run/" in scope["path"]:
            raise Refused(400, "Whose job is meant? Give the session_hash of the calls before.")
        if session is not None:
            self._page.sessions.enter(session, address)
        await self._inside(scope, receive, send)

    async def _upload(
        self, scope: Scope, receive: Receive, send: Send, headers: Headers, address: str, held: ExitStack
    ) -> None:
        """Files, as Gradio's parser takes them from the hand of ours."""
        held.enter_context(self._uploads.one(address))
        body = Body(receive, headers, self._upload_bytes + ENVELOPE_BYTES, "An upload", self._limits)
        upload = Upload(body, headers, self._limits.files)

        async def answer(message: Message) -> None:
            if not upload.refused:
                await send(message)

        try:
            await self._inside(scope, upload, answer)
        finally:
            if upload.refused:
                raise upload.refused
