"""Bodies of requests: how large, how slow and of how many parts they may be, counted as they come."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Mapping
from typing import Any

from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.formparsers import MultiPartException
from starlette.types import Message, Receive

from gen3d.ui.core.limits import Limits
from gen3d.ui.door.refused import Refused

ENVELOPE_BYTES = 1 << 20
"""An upload may have so much around its files."""
CUT = "The upload was cut off. Send it again."


class Body:
    """The body of one request, as it comes.

    receive: ASGI's. most: bytes. what: the thing, for the sentence.
    """

    def __init__(self, receive: Receive, headers: Mapping[str, str], most: int, what: str, limits: Limits) -> None:
        self._receive, self._most, self._what, self._limits = receive, most, what, limits
        self._began_s, self._bytes, self._whole = time.monotonic(), 0, False
        told = headers.get("content-length", "0")
        if told.isdigit() and int(told) > most:
            raise self._too_large()

    async def next(self) -> Message:
        """As ASGI's receive. Raises Refused when it is too large or too slow by now."""
        if self._whole:
            return await self._receive()
        try:
            message = await asyncio.wait_for(self._receive(), max(0.0, self._due_s() - time.monotonic()))
        except TimeoutError:
            raise Refused(408, "What you sent came too slowly. Try again on a better line.") from None
        self._bytes += len(message.get("body", b""))
        self._whole = message["type"] == "http.disconnect" or not message.get("more_body", False)
        if self._bytes > self._most:
            raise self._too_large()
        return message

    async def json(self) -> tuple[Any, Receive]:
        """The whole, decoded, and a receive that gives it once more."""
        parts = bytearray()
        while not self._whole:
            parts += (await self.next()).get("body", b"")
        try:
            decoded = json.loads(bytes(parts))
        except (ValueError, RecursionError):
            raise Refused(400, "This is not JSON. Send an object with the list \"data\".") from None
        if not isinstance(decoded, dict):
            raise Refused(400, "This is no JSON object. Send one with the list \"data\".")
        return decoded, _again(bytes(parts), self._receive)

    def _due_s(self) -> float:
        """Until then the next part has to come."""
        return self._began_s + self._limits.body_grace_s + self._bytes / self._limits.body_bytes_per_s

    def _too_large(self) -> Refused:
        return Refused(413, f"{self._what} may have {self._most / 1e6:.0f} MB at most. Send less.")


class Upload:
    """A receive for Gradio's upload, whose parts are looked at on the way: files only, and few.

    Whatever is wrong is raised as what Gradio's parser expects, so that it removes what it has written by then; the
    true answer is kept in `refused`.
    """

    def __init__(self, body: Body, headers: Mapping[str, str], files: int) -> None:
        kind, options = parse_options_header(headers.get("content-type", ""))
        if kind != b"multipart/form-data" or not options.get(b"boundary"):
            raise Refused(400, "This is no upload. Send multipart/form-data, with files.")
        self._body, self._most, self._files = body, files, 0
        self._header, self._is_file = b"", False
        self.refused: Refused | None = None
        self._parser = MultipartParser(options[b"boundary"], {
            "on_part_begin": self._begin, "on_header_field": self._read, "on_header_value": self._read,
            "on_headers_finished": self._check,
        })  # fmt: skip

    async def __call__(self) -> Message:
        """ASGI's receive."""
        try:
            message = await self._body.next()
            if message["type"] == "http.disconnect":
                raise Refused(400, CUT)
            self._parser.write(message.get("body", b""))
        except Refused as refused:
            self.refused = refused
            raise MultiPartException(refused.sentence) from refused
        except Exception as error:  # python_multipart's own, for what is not as it should be
            self.refused = Refused(400, "This is no upload. Send multipart/form-data, with files.")
            raise MultiPartException(self.refused.sentence) from error
        return message

    def _begin(self) -> None:
        self._header, self._files = b"", self._files + 1
        if self._files > self._most:
            raise Refused(413, f"An upload may have {self._most} files at most. Send the others in another.")

    def _read(self, data: bytes, start: int, end: int) -> None:
        self._header += data[start:end].lower() + b"\n"

    def _check(self) -> None:
        if b"filename" not in self._header:
            raise Refused(400, "Only files are taken here. Give each part a filename.")


def _again(content: bytes, receive: Receive) -> Receive:
    sent = False

    async def once_more() -> Message:
        nonlocal sent
        if sent:
            return await receive()
        sent = True
        return {"type": "http.request", "body": content, "more_body": False}

    return once_more
