"""The page as an MCP server, where GEN3D_MCP=1 asks for it: which tools there are, and what they may bring along.

Gradio's server calls the page's endpoints itself, from this machine, with one client for all callers. So two things
hold here that hold for no other caller:

- A file that is named in a call would be opened by that client, on this machine. Only whole uploads may be named, and
  no value may look like one of Gradio's files.
- All callers share that client's session. So none of them is known by it: a job belongs to whoever knows its name
  (`core/jobs.py`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from importlib.util import find_spec
from typing import Any
from urllib.parse import unquote

from gen3d.ui.page.own_files import is_upload

TOOLS = ("build", "things", "edit", "bring_in", "split", "merge", "undo", "film", "export")
"""Endpoints, and the names of tools."""
MARKS = ("path", "url", "meta", "_type")
"""What makes a dictionary one of Gradio's files."""
SERVED = "/gradio_api/file="
MISSING = (
    "GEN3D_MCP is set, and the package mcp is not installed here. "
    "Install it with `pip install 'mcp>=1.21,<2'`, or start without GEN3D_MCP."
)
NOT_YOURS = (
    "A file in this call is not one that was uploaded here. "
    "POST it to /gradio_api/upload and give the path that comes back, or give a data: URL of less than 1 MB."
)
PLAIN = "This call brings a dictionary with {!r} in it, as only files have. Give a file as text, in its own argument."


def mcp_wanted(environment: Mapping[str, str]) -> bool:
    """Whether GEN3D_MCP asks for tools. Raises SystemExit where what they need is not installed."""
    if environment.get("GEN3D_MCP", "") in ("", "0"):
        return False
    if find_spec("mcp") is None:
        raise SystemExit(MISSING)
    return True


def as_tools(server: Any) -> Any:
    """Gradio's MCP server with our tools alone, which bring uploads alone and answer each value by itself."""
    endpoints = [f"/{name}" for name in TOOLS if f"/{name}" in server.tool_to_endpoint.values()]
    server.tool_to_endpoint = {server.tool_prefix + endpoint[1:]: endpoint for endpoint in endpoints}
    opened = server.convert_strings_to_filedata
    server.convert_strings_to_filedata = lambda given, places: _with_files(given, places, opened)
    server._execute_tool_without_progress = _each
    return server


async def _each(job: Any) -> list[Any]:
    """The values of an answer one by one: taken as one, pictures among them would be told in words alone."""
    result = await asyncio.to_thread(job.result)
    return list(result) if isinstance(result, tuple) else [result]


def _with_files(given: Any, places: list[list[str | int]], opened: Any, place: tuple[str | int, ...] = ()) -> Any:
    """The arguments of a call, with files in the places for them; ValueError for what may not be brought along."""
    match given:
        case dict():
            if marks := [key for key in MARKS if key in given]:
                raise ValueError(PLAIN.format(marks[0]))
            return {key: _with_files(value, places, opened, (*place, key)) for key, value in given.items()}
        case list():
            return [_with_files(value, places, opened, (*place, i)) for i, value in enumerate(given)]
        case str() if list(place) in places:
            return _file(given, opened)
    return given


def _file(given: str, opened: Any) -> dict[str, Any]:
    if given.startswith("data:"):
        return opened({"file": given}, [["file"]])["file"]
    path = unquote(given.partition(SERVED)[2]) if SERVED in given else given
    if not is_upload(path):
        raise ValueError(NOT_YOURS)
    return {"path": path, "meta": {"_type": "gradio.FileData"}}
