"""A model hub on this machine: as much of its protocol as a download needs, and faults to order.

Large files answer as on the real hub: the question (HEAD) is answered with a redirect to another host ("localhost" is
one, seen from 127.0.0.1) whose headers tell commit, size and SHA-256; the content lies behind it. Small files are
answered directly, with git's hash for an ETag. Large ones are offered through xet too, which nobody must take up: the
hub here has nothing to say there.
"""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest
from huggingface_hub import constants

from gen3d.models.weights.hub import hub_answers

LARGE = 2000
"""Files from this size on lie behind a redirect."""
Repos = dict[str, dict[str, bytes]]


@dataclass
class Asked:
    """One request."""

    method: str
    path: str
    headers: dict[str, str]


@dataclass
class Hub:
    """What lies on the hub, what goes wrong there, and what it was asked."""

    repos: Repos
    port: int = 0
    commit: str = "c" * 40
    asked: list[Asked] = field(default_factory=list)
    cut_once: set[str] = field(default_factory=set)
    """The first transfer of these files breaks off half way."""
    short: set[str] = field(default_factory=set)
    """These files end half way, and the transfer says that this is all."""
    garbled_once: set[str] = field(default_factory=set)
    """The first transfer of these files has the right size and wrong content."""
    hang_on: set[str] = field(default_factory=set)
    """"HEAD" or "GET": such requests for files are never answered."""
    closed: set[str] = field(default_factory=set)
    """Repositories that answer 401."""
    status: int = 200
    """Anything else is the answer to everything."""
    delay_s: float = 0.0
    """Before content is sent."""

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def transfers(self, name: str) -> list[Asked]:
        """Requests that carry content of a file, or would."""
        return [a for a in self.asked if a.method == "GET" and a.path.startswith("/cdn/") and a.path.endswith(name)]


def etag_of(content: bytes) -> str:
    if len(content) >= LARGE:
        return hashlib.sha256(content).hexdigest()
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    hub: Hub

    def log_message(self, *_: Any) -> None:
        pass

    def do_HEAD(self) -> None:
        self.answer()

    def do_GET(self) -> None:
        self.answer()

    def answer(self) -> None:
        path = unquote(urlsplit(self.path).path)
        self.hub.asked.append(Asked(self.command, path, dict(self.headers)))
        if self.hub.status != 200:
            self.reply(self.hub.status)
        elif path.startswith("/api/models/"):
            self.listing(path.removeprefix("/api/models/"))
        elif path.startswith("/cdn/"):
            repo, _, name = path.removeprefix("/cdn/").partition("/-/")
            self.send(self.hub.repos[repo][name], name)
        elif "/resolve/" in path:
            repo, _, rest = path.strip("/").partition("/resolve/")
            revision, _, name = rest.partition("/")
            self.resolve(repo, revision, name)
        else:
            self.reply(200)

    def listing(self, repo: str) -> None:
        if repo not in self.hub.repos:
            return self.reply(404, {"X-Error-Code": "RepoNotFound"})
        files = [{"rfilename": name, "size": len(content)} for name, content in self.hub.repos[repo].items()]
        told = {"id": repo, "modelId": repo, "sha": self.hub.commit, "siblings": files}
        self.reply(200, {"Content-Type": "application/json"}, json.dumps(told).encode())

    def resolve(self, repo: str, revision: str, name: str) -> None:
        if self.command in self.hub.hang_on:
            threading.Event().wait(5)
            self.close_connection = True
            return None
        if repo in self.hub.closed:
            return self.reply(401, {"X-Error-Code": "RepoNotFound"})
        if repo not in self.hub.repos or revision not in ("main", self.hub.commit):
            return self.reply(404, {"X-Error-Code": "RepoNotFound"})
        if name not in self.hub.repos[repo]:
            return self.reply(404, {"X-Error-Code": "EntryNotFound", "X-Repo-Commit": self.hub.commit})
        content = self.hub.repos[repo][name]
        known = {"X-Repo-Commit": self.hub.commit, "ETag": f'"{etag_of(content)}"'}
        if len(content) < LARGE:
            return self.reply(200, known, content)
        linked = {
            "X-Xet-Hash": hashlib.sha256(name.encode()).hexdigest(),
            "X-Xet-Refresh-Route": f"{self.hub.endpoint}/api/models/{repo}/xet-read-token/{revision}",
            "X-Linked-Etag": known["ETag"],
            "X-Linked-Size": str(len(content)),
        }
        elsewhere = f"http://localhost:{self.hub.port}/cdn/{repo}/-/{name}"
        return self.reply(302, {**known, **linked, "Location": elsewhere})

    def send(self, content: bytes, name: str) -> None:
        """The content, from where the Range says, with the faults that were ordered."""
        threading.Event().wait(self.hub.delay_s)
        start = int(self.headers.get("Range", "bytes=0-").removeprefix("bytes=").partition("-")[0])
        if name in self.hub.garbled_once:
            self.hub.garbled_once.discard(name)
            content = bytes(len(content))
        if name in self.hub.short:
            content = content[: len(content) // 2]
        body = content[start:]
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(body)))
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
        self.end_headers()
        if name in self.hub.cut_once:
            self.hub.cut_once.discard(name)
            body = body[: len(body) // 2]
            self.close_connection = True
        self.wfile.write(body)

    def reply(self, status: int, headers: dict[str, str] | None = None, body: bytes = b"") -> None:
        self.send_response(status)
        for key, value in (headers or {}).items():
            self.send_header(key, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)


class Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def handle_error(self, *_: Any) -> None:
        """A client that hangs up is part of the tests."""


@contextmanager
def serving(repos: Repos) -> Iterator[Hub]:
    """The hub answers inside the block."""
    hub = Hub(repos)
    server = Server(("127.0.0.1", 0), type("HandlerOfHub", (Handler,), {"hub": hub}))
    hub.port = server.server_address[1]
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()
        hub_answers.cache_clear()


def turn_to(hub: Hub, monkeypatch: pytest.MonkeyPatch, cache: Path) -> None:
    """The test talks to this hub, with an empty cache, short timeouts and small steps.

    huggingface_hub reads its environment when it is imported, so its constants are what is set.
    """
    monkeypatch.setattr(constants, "ENDPOINT", hub.endpoint)
    template = hub.endpoint + "/{repo_id}/resolve/{revision}/{filename}"
    monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", template)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(cache))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(constants, "HF_HUB_ETAG_TIMEOUT", 0.5)
    monkeypatch.setattr(constants, "HF_HUB_DOWNLOAD_TIMEOUT", 0.3)
    monkeypatch.setattr(constants, "DOWNLOAD_CHUNK_SIZE", 1000)
    monkeypatch.setattr("huggingface_hub.file_download.time.sleep", lambda _: None)
    hub_answers.cache_clear()
