"""Who waits for the engine, and for how long one may have it while others wait.

Gradio's queue counts all events together and knows no share of anybody's: one visitor takes every place, and then
nobody can even open an example. Here each visit and each address has a few places of its own, only what needs the
engine counts for the engine's queue, and whoever has a job already comes after those who have none.
"""

from __future__ import annotations

import asyncio
import secrets
from collections import Counter
from collections.abc import Iterator
from typing import Any

from fastapi import HTTPException
from gradio.queueing import Event, Queue
from gradio.server_messages import ProcessCompletedMessage

from gen3d.ui.core.limits import Limits
from gen3d.ui.door.refused import Refused
from gen3d.ui.page.gradio_quirks import shows_statuses
from gen3d.ui.page.queue import ENGINE

FULL = "Too many wait for the engine right now. Try again in a few minutes."
YOURS = "You have {} scenes waiting or running already. Wait until one is done, or cancel one."
ADDRESS = "{} scenes are waiting or running for your network address already. Try again when one is done."
OTHERS = "Too much is asked at once. Wait a moment, then try again."
SPARE = 100
"""Of Gradio's places for visits, so that it never drops one by itself."""
NO_FUNCTION = "There is no such function. Load the page anew."


class FairQueue(Queue):
    """Gradio's queue, which lets in what is within `limits`."""

    def __init__(self, limits: Limits, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._limits = limits
        self.pending_messages_per_session.max_size = limits.sessions + SPARE  # `Sessions` says who goes

    async def push(self, body: Any, request: Any, username: str | None) -> Any:
        """As Gradio's; HTTPException with a sentence where there is no place.

        A client that would not show it is told it as the outcome of the event.
        """
        fn = self.blocks.fns.get(body.fn_index)
        if fn is None:
            raise HTTPException(404, NO_FUNCTION)
        body.session_hash = body.session_hash or secrets.token_urlsafe(16)  # it would be nobody's, and shared
        address = _address(request)
        try:
            self.blocks.sessions.enter(body.session_hash, address)
        except Refused as refused:
            raise HTTPException(refused.status, refused.sentence) from refused
        sentence = self._refusal(fn.concurrency_id, body.session_hash, address)
        if sentence is None:
            pushed = await super().push(body, request, username)
            self._in_turn(fn.concurrency_id)
            return pushed
        if shows_statuses(request.headers.get("user-agent", "")):
            raise HTTPException(429, sentence, {"Retry-After": "60"})
        return True, self._told(body, request, fn, username, sentence), "success"

    def others_wait(self, session: str) -> bool:
        """Whether anybody but this visit waits for the engine."""
        waiting = self.event_queue_per_concurrency_id.get(ENGINE)
        return any(event.session_hash != session for event in waiting.queue) if waiting else False

    def is_busy(self, session: str) -> bool:
        """Whether anything of a visit waits or runs."""
        return any(event.session_hash == session for event in list(self.event_ids_to_events.values()))

    def forget(self, session: str) -> None:
        """Drops what is kept for a visit for which nothing waits or runs."""
        self.pending_messages_per_session.pop(session, None)
        self.pending_event_ids_session.pop(session, None)

    def _refusal(self, kind: str, session: str, address: str) -> str | None:
        """Why there is no place for one more event of this kind, if there is none."""
        limits, events = self._limits, list(self._of(kind))
        own = sum(event.session_hash == session for event in events)
        near = sum(_address(event.request) == address for event in events)
        if kind != ENGINE:
            full = len(self) >= limits.events or own >= limits.others_per_session or near >= limits.others_per_address
            return OTHERS if full else None
        if own >= limits.jobs_per_session:
            return YOURS.format(own)
        if near >= limits.jobs_per_address:
            return ADDRESS.format(near)
        queue = self.event_queue_per_concurrency_id.get(kind)
        return FULL if queue and len(queue.queue) >= limits.jobs else None

    def _of(self, kind: str) -> Iterator[Event]:
        """What runs or waits, in the order in which it came."""
        for events in self.active_jobs:
            yield from (event for event in events or () if event.concurrency_id == kind)
        waiting = self.event_queue_per_concurrency_id.get(kind)
        yield from sorted(waiting.queue, key=lambda event: event.enqueue_time) if waiting else ()

    def _in_turn(self, kind: str) -> None:
        """Whoever has one already comes after those who have none; else first come, first served."""
        queue = self.event_queue_per_concurrency_id[kind].queue
        before, turns = Counter[str](), {}
        for event in self._of(kind):
            turns[event._id] = before[_address(event.request)]
            before[_address(event.request)] += 1
        ordered = sorted(queue, key=lambda event: (turns[event._id], event.enqueue_time))
        if ordered != queue:
            queue[:] = ordered
            self.broadcast_estimations(kind)

    def _told(self, body: Any, request: Any, fn: Any, username: str | None, sentence: str) -> str:
        """An event that has ended as it began, with a sentence."""
        event = Event(body.session_hash, fn, request, username)
        self.pending_messages_per_session.setdefault(body.session_hash, asyncio.Queue())
        self.pending_event_ids_session.setdefault(body.session_hash, set()).add(event._id)
        output = {"error": sentence, "duration": None, "visible": True, "title": "Error"}
        self.send_message(event, ProcessCompletedMessage(output=output, success=False))
        return event._id


def _address(request: Any) -> str:
    """Of who asks, as the door has found it."""
    return request.client.host if request.client else ""
