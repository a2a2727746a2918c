"""The page as Gradio's Blocks, with checked calls and a queue that gives everybody a share.

All calls, of whatever endpoint, pass through `preprocess_data` before a component or a function of the page sees them.
"""

from __future__ import annotations

import os
from collections.abc import Collection
from pathlib import Path
from typing import Any

import gradio as gr

from gen3d.ui.core.limits import USUAL, Limits
from gen3d.ui.door.sessions import Sessions
from gen3d.ui.page.errors import told_to_visitors
from gen3d.ui.page.fair_queue import FairQueue
from gen3d.ui.page.gradio_quirks import keep_no_copies_of_the_page, load_no_matplotlib
from gen3d.ui.page.mcp_tools import as_tools
from gen3d.ui.page.own_files import check_paths
from gen3d.ui.page.sent_values import check_event, check_values, with_later


class GuardedBlocks(gr.Blocks):
    """Blocks for strangers: `limits` say how much of it each may have.

    given: files that the app put onto the page itself, which everybody may name: the examples' photos and depths.
    """

    def __init__(self, *args: Any, given: Collection[Path] = (), limits: Limits = USUAL, **options: Any) -> None:
        self.limits = limits
        keep_no_copies_of_the_page()
        load_no_matplotlib()
        super().__init__(*args, **options)
        self._given = frozenset(map(os.path.realpath, given))
        self.sessions = Sessions(limits, self.is_busy, self.forget)

    def queue(self, *args: Any, **options: Any) -> GuardedBlocks:
        """As Gradio's, with a queue that is fair; what needs it cannot be called beside it."""
        super().queue(*args, api_open=False, **options)
        self._queue = FairQueue(self.limits, True, self.max_threads, 1.0, None, self)
        return self

    @property
    def mcp_server_obj(self) -> Any:
        """Gradio's MCP server, which is there only where somebody asked for it; never without our bounds."""
        return self._mcp_server

    @mcp_server_obj.setter
    def mcp_server_obj(self, server: Any) -> None:
        self._mcp_server = server and as_tools(server)

    def others_wait(self, session: str) -> bool:
        """Whether anybody but this visit waits for the engine."""
        return self._queue.others_wait(session)

    def is_busy(self, session: str) -> bool:
        """Whether anything of a visit waits or runs."""
        return self._queue.is_busy(session)

    def forget(self, session: str) -> None:
        """Drops what Gradio keeps of a visit for which nothing waits or runs."""
        self._queue.forget(session)
        self.state_holder.session_data.pop(session, None)
        self.state_holder.time_last_used.pop(session, None)

    async def preprocess_data(self, block_fn: Any, inputs: Any, state: Any, *args: Any, **options: Any) -> Any:
        """As Gradio's, once all inputs are of their kind, and every path the visitor's to name; gr.Error otherwise."""
        with told_to_visitors():
            check_paths(inputs, self._given)
            inputs = with_later(block_fn, inputs)
            check_values(block_fn, inputs, state)
        return await super().preprocess_data(block_fn, inputs, state, *args, **options)

    async def call_function(self, block_fn: Any, *args: Any, **options: Any) -> Any:
        """As Gradio's; where something on the page was pressed or picked, the place is checked as well."""
        with told_to_visitors():
            check_event(block_fn, (*args, *options.values()))
        return await super().call_function(block_fn, *args, **options)
