"""A program that directs a scene by tool calls, without a language model: docs/agents.md tells what each does.

    python app.py                              # the page; with GEN3D_MCP=1 for --mcp
    python examples/agent.py                   # builds the room and does what it is told, by the page's API
    python examples/agent.py --mcp             # the same calls by MCP
    python examples/agent.py --job room        # on the finished example of that name, or a job of one's own

It is told "put the chair left of the sofa and film it from the right"; which things those are it reads from the list
of things, as a model would: by default the smallest that stands on the ground, and the largest.
"""

from __future__ import annotations

import argparse
import ast
import asyncio
import base64
from collections.abc import Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

ROOM = Path(__file__).with_name("room")
GAP_M = 0.05
"""Between two things that are put beside each other."""
Call = Callable[..., Awaitable[list[Any]]]
"""(name of a tool, arguments by name) -> what it gives, in order."""


def left_of(thing: dict[str, Any], other: dict[str, Any]) -> list[float]:
    """By how much a thing is moved, metres, so that it stands just left of another, on the same ground, as far ahead.

    The photo's camera may look down, so that the ground rises with the distance: what both stand on decides.
    """
    x = other["box"]["low"][0] - GAP_M - thing["box"]["high"][0]
    y, z = (other["foot"][axis] - thing["foot"][axis] for axis in (1, 2))
    return [round(x, 4), round(y, 4), round(z, 4)]


def calls_for(things: list[dict[str, Any]], name: str = "", beside: str = "") -> list[tuple[str, dict[str, Any]]]:
    """What "put NAME left of BESIDE and film it from the right" comes to: tools with their arguments, but for the job.

    Raises LookupError for a name that no thing has.
    """
    seen = [thing for thing in things if not thing["hidden"]]
    standing = sorted((t for t in seen if t["stands_on"] == "ground"), key=_size) or sorted(seen, key=_size)
    thing, other = _called(seen, name) or standing[0], _called(seen, beside) or standing[-1]
    by = left_of(thing, other)
    return [
        ("edit", {"edits": [{"op": "move", "thing": thing["id"], "by": by}]}),
        ("film", {"thing": str(thing["id"]), "side": "right", "seconds": 2, "fps": 12, "width_px": 320}),
    ]


async def direct(call: Call, job: str, name: str = "", beside: str = "") -> dict[str, list[Any]]:
    """Reads the things of a job, and does what it is told; the answers, by the names of the tools."""
    things, picture, job = await call("things", job=job)
    answers = {"things": [things, picture, job]}
    for tool, given in calls_for(things, name, beside):
        print(tool, given)
        answers[tool] = await call(tool, job=job, **given)
        job = answers[tool][-1]
    return answers


async def built(call: Call, photo: Any, depth: Any) -> str:
    """The job of a small scene of the room."""
    answer = await call("build", photo=photo, depth=depth, fov_deg=64, size_px=256, preset="fast", seed=1)
    return answer[-2]


def _called(things: list[dict[str, Any]], name: str) -> dict[str, Any] | None:
    found = [thing for thing in things if name and name in (thing["name"], str(thing["id"]))]
    if name and not found:
        raise LookupError(f"There is no {name!r} among {', '.join(thing['name'] for thing in things)}.")
    return found[0] if found else None


def _size(thing: dict[str, Any]) -> float:
    """Of its box, m3."""
    low, high = thing["box"]["low"], thing["box"]["high"]
    return float((high[0] - low[0]) * (high[1] - low[1]) * (high[2] - low[2]))


@asynccontextmanager
async def by_api(url: str) -> Any:
    """Calls of the page's API; pictures and films come as paths of files that were fetched."""
    from gradio_client import Client, handle_file

    client = Client(url, verbose=False)

    async def call(tool: str, **given: Any) -> list[Any]:
        given = {name: handle_file(value) if isinstance(value, Path) else value for name, value in given.items()}
        return list(await asyncio.to_thread(client.predict, api_name=f"/{tool}", **given))

    try:
        yield call
    finally:
        client.close()


@asynccontextmanager
async def by_mcp(url: str) -> Any:
    """The same by MCP; pictures and films come as addresses."""
    from mcp import ClientSession
    from mcp.client.streamable_http import streamablehttp_client

    server = streamablehttp_client(f"{url.rstrip('/')}/gradio_api/mcp/", timeout=60, sse_read_timeout=1800)
    async with server as (read, write, _), ClientSession(read, write) as session:
        await session.initialize()

        async def call(tool: str, **given: Any) -> list[Any]:
            given = {name: _as_data(value) if isinstance(value, Path) else value for name, value in given.items()}
            answer = await session.call_tool(tool, given)
            texts = [part.text for part in answer.content if part.type == "text"]
            if answer.isError:
                raise RuntimeError(" ".join(texts))
            return [_read(text) for text in texts]

        yield call


def _as_data(file: Path) -> str:
    kind = {".png": "image/png", ".jpg": "image/jpeg"}[file.suffix]
    return f"data:{kind};base64,{base64.b64encode(file.read_bytes()).decode()}"


def _read(text: str) -> Any:
    """Gradio's tools give values as Python writes them."""
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return text


async def main() -> None:
    """Asks the page that runs."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--url", default="http://127.0.0.1:7860/", help="the page (default: %(default)s)")
    parser.add_argument("--mcp", action="store_true", help="by MCP, of a page that runs with GEN3D_MCP=1")
    parser.add_argument("--job", default="", help="a scene that is there; default: the room is built, in small")
    parser.add_argument("--thing", default="", help="what to move, by its name or id in the list of things")
    parser.add_argument("--beside", default="", help="what to put it left of")
    asked = parser.parse_args()
    async with (by_mcp if asked.mcp else by_api)(asked.url) as call:
        job = asked.job or await built(call, ROOM / "rgb.jpg", ROOM / "depth.png")
        for tool, answer in (await direct(call, job, asked.thing, asked.beside)).items():
            print(f"{tool}:", *answer, sep="\n  ")


if __name__ == "__main__":
    asyncio.run(main())
