"""What of a job is sent to whom: to the page what is new in it, to a client of the API always all."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from typing import Any

import gradio as gr

from gen3d.stage_table import stages_of
from gen3d.ui.core.progress import SINGLE, Shown
from gen3d.ui.page.gradio_quirks import SENT_EACH_TIME


def _pictures(step: str) -> tuple[str, ...]:
    return tuple(row.name for row in stages_of(step) if row.name in SINGLE)


def plainly(outputs: Sequence[str]) -> tuple[str, ...]:
    """The same for a client: how it stands as plain values, where the page has its HTML."""
    return tuple("progress" if name == "status" else name for name in outputs)


LOOKED = ("progress", *_pictures("look"), "seed", "job")
GROWN = ("progress", *_pictures("grow"), "views", "scene", "files", "viewer")
TOURED = ("progress", "video", "files")
BUILT = ("status", *SINGLE, "views", "scene", "video", "files", "seed", "job", "viewer")
OPENED = tuple(name for name in BUILT if name != "seed")
"""The components that each action writes to, in order.

`scene` is for Gradio's viewer, `viewer` is ours; `status` is the page's HTML, `progress` the same for clients.
"""

Values = tuple[Any, ...]
NOBODY = gr.Request()
"""Stands where Gradio puts who asks; it comes last, and what comes before it has defaults."""


def sent(request: gr.Request, stream: Iterator[Values], outputs: Sequence[str]) -> Iterator[Values]:
    """To the page only what is new, to others always all."""
    return changes(stream, outputs) if is_page(request) else stream


def is_page(request: gr.Request) -> bool:
    """Whether the page asks, and not a client of the API."""
    return request.headers.get("x-gradio-user") == "app"


def is_agent(request: gr.Request) -> bool:
    """Whether the page's MCP server asks, for one of its callers; whoever says so falsely has but its own jobs."""
    return request.headers.get("x-gradio-user") == "mcp"


def changes(stream: Iterator[Values], outputs: Sequence[str]) -> Iterator[Values]:
    """Leaves out what is as before, but for SENT_EACH_TIME: our viewer notices itself that it is the same."""
    before: Values = ()
    with closing(stream):
        for values in stream:
            pairs = zip(before, values, outputs, strict=False)
            kept = [old == new and name not in SENT_EACH_TIME for old, new, name in pairs] or [False] * len(values)
            yield tuple(gr.skip() if same else value for value, same in zip(values, kept, strict=True))
            before = values


def all_values(run: Iterator[Shown], outputs: Sequence[str]) -> Iterator[Values]:
    """Of these components, each time something new is shown."""
    with closing(run):
        for shown in run:
            yield values_of(shown, outputs)


def values_of(shown: Shown, outputs: Sequence[str]) -> Values:
    """Of these components, in this order."""
    values = shown.values()
    return tuple(values[name] for name in outputs)


def visitor_of(request: gr.Request) -> str:
    """The secret that tells this page from others."""
    return request.session_hash or ""
