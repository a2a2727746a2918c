"""As much of the model hub as making a Space and sending files to it takes, on this machine, and faults to order."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

TOKEN = "hf_aVisitorsOwnSecret123"


@dataclass
class SpaceHub:
    """What lies there, and what it was asked."""

    endpoint: str = ""
    spaces: dict[str, dict[str, bytes]] = field(default_factory=dict)
    created: list[dict[str, Any]] = field(default_factory=list)
    asked: list[tuple[str, str, str]] = field(default_factory=list)
    """(method, path, Authorization) of each request."""
    failing: dict[str, int] = field(default_factory=dict)
    """Part of a path -> the status it is answered with, and words that repeat the request's headers."""


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    hub: SpaceHub

    def log_message(self, *_: Any) -> None:
        pass

    def do_GET(self) -> None:
        self.answer()

    def do_POST(self) -> None:
        self.answer()

    def do_DELETE(self) -> None:
        self.answer()

    def answer(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length)
        self.hub.asked.append((self.command, self.path, self.headers.get("Authorization", "")))
        for part, status in self.hub.failing.items():
            if part in self.path:
                return self.reply({"error": f"no: {self.headers}"}, status)
        if self.headers.get("Authorization") != f"Bearer {TOKEN}":
            return self.reply({"error": "who are you?"}, 401)
        match self.path.split("?")[0].strip("/").split("/"):
            case ["api", "whoami-v2"]:
                self.reply({"name": "Some_Body", "type": "user", "auth": {}})
            case ["api", "repos", "create"]:
                self.create(json.loads(body))
            case ["api", "repos", "delete"]:
                asked = json.loads(body)
                self.hub.spaces.pop(f"{asked.get('organization') or 'Some_Body'}/{asked['name']}", None)
                self.reply({})
            case ["api", "spaces", owner, name, "preupload", _]:
                files = json.loads(body)["files"]
                told = [{"path": f["path"], "uploadMode": "regular", "shouldIgnore": False} for f in files]
                self.reply({"files": told})
            case ["api", "spaces", owner, name, "commit", _]:
                self.commit(f"{owner}/{name}", body)
            case _:
                self.reply({"error": f"what is {self.path}?"}, 404)

    def create(self, asked: dict[str, Any]) -> None:
        repo = f"{asked.get('organization') or 'Some_Body'}/{asked['name']}"
        if repo in self.hub.spaces:
            return self.reply({"error": "You already created this space repo"}, 409)
        self.hub.created.append(asked)
        self.hub.spaces[repo] = {}
        self.reply({"url": f"{self.hub.endpoint}/spaces/{repo}", "name": repo})

    def commit(self, repo: str, body: bytes) -> None:
        for line in map(json.loads, body.splitlines()):
            if line["key"] == "file":
                self.hub.spaces[repo][line["value"]["path"]] = base64.b64decode(line["value"]["content"])
        self.reply({"commitUrl": f"{self.hub.endpoint}/spaces/{repo}/commit/{'c' * 40}", "commitOid": "c" * 40,
                    "commitMessage": "m"})  # fmt: skip

    def reply(self, told: dict[str, Any], status: int = 200) -> None:
        body = json.dumps(told).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@contextmanager
def space_hub() -> Iterator[SpaceHub]:
    """The hub answers inside the block."""
    hub = SpaceHub()
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("HandlerOfHub", (Handler,), {"hub": hub}))
    hub.endpoint = f"http://127.0.0.1:{server.server_address[1]}"
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()
