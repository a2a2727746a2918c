"""Which of Gradio's routes are open: those that the page, gradio_client and curl need.

Whatever else there is, now or in a later Gradio (monitoring, screen recordings, proxies, run history, editors), is
answered as if it were not there.
"""

from __future__ import annotations

import re
from urllib.parse import unquote

API = "/gradio_api"
NAME = r"[A-Za-z0-9_-]{1,80}"
"""Of an endpoint, an event, a session."""
READ = re.compile(
    rf"/(config/?|theme\.css|favicon\.ico|robots\.txt|manifest\.json|(assets|static)/.+)?"
    rf"|{API}/(info/?|openapi\.json|theme\.css|app_id/?|startup-events|upload_progress|queue/(data|status))"
    rf"|{API}/heartbeat/{NAME}|{API}/call/(v2/)?{NAME}/{NAME}|{API}/file=(?P<file>.+)", re.DOTALL,
)  # fmt: skip
CALL = re.compile(rf"{API}/(queue/join|cancel|reset/?|(run|call|call/v2)/{NAME}/?)")
MCP = re.compile(rf"{API}/mcp(/http)?/?")
UPLOAD = re.compile(rf"{API}/upload")
_URL = re.compile(r"\s*[a-z][a-z0-9+.-]*:|\s*[/\\]{2}", re.IGNORECASE)


def is_open(method: str, path: str, mcp: bool = False) -> bool:
    """Whether anybody needs this; path: decoded, as ASGI has it, without the query. mcp: whether agents have tools."""
    if method in ("GET", "HEAD"):
        found = READ.fullmatch(path)
        return bool(found) and not (found["file"] and is_url(found["file"]))
    return method == "POST" and (is_call(path) or is_upload(path) or (mcp and is_mcp(path)))


def is_call(path: str) -> bool:
    """Whether a body of JSON is posted there."""
    return bool(CALL.fullmatch(path))


def is_mcp(path: str) -> bool:
    """Whether agents post there, where they have tools; nothing else of Gradio's MCP server is open."""
    return bool(MCP.fullmatch(path))


def is_upload(path: str) -> bool:
    """Whether files are posted there."""
    return bool(UPLOAD.fullmatch(path))


def is_url(name: str) -> bool:
    """Whether the name of a file leads elsewhere, whence Gradio would fetch it; a drive's letter does not."""
    decoded = unquote(name)
    return bool(_URL.match(decoded)) and not re.match(r"[A-Za-z]:[\\/](?![\\/])", decoded)


def heartbeat(path: str) -> str | None:
    """The session whose page is open as long as this request lasts."""
    return path.rpartition("/")[2] if path.startswith(f"{API}/heartbeat/") else None


def listens(path: str, query: dict[str, str]) -> str | None:
    """The session that a stream is of, where the request opens one."""
    if session := heartbeat(path):
        return session
    return query.get("session_hash") if path == f"{API}/queue/data" else None
