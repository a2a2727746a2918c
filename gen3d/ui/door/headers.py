"""What every answer tells the browser: guess no types, tell nobody where you come from, run and ask nothing foreign.

Gradio writes scripts and styles into the page, and makes functions of strings (so does our viewer's component), so
these cannot be forbidden. What is: scripts, styles, fonts, pictures, frames, workers and requests of any other host, by
which something that got into the page could load more, or carry away what it read; plugins; forms and a base elsewhere.
"""

from __future__ import annotations

from collections.abc import Sequence

from starlette.datastructures import MutableHeaders
from starlette.types import Message

PAGE = {
    "default-src": "'self'",
    "script-src": "'self' 'unsafe-inline' 'unsafe-eval' blob:",
    "style-src": "'self' 'unsafe-inline'",
    "img-src": "'self' data: blob:",
    "media-src": "'self' data: blob:",
    "font-src": "'self' data:",
    "connect-src": "'self' data: blob:",
    "worker-src": "'self' blob:",
    "frame-src": "'none'",
    "object-src": "'none'",
    "base-uri": "'self'",
    "form-action": "'self'",
}
FILE = {"default-src": "'none'", "style-src": "'unsafe-inline'", "img-src": "'self'", "media-src": "'self'"}
"""Of a file that somebody opens by its address: nothing in it runs."""


def policy(rules: dict[str, str], frames: Sequence[str], also: str = "") -> str:
    """A Content-Security-Policy; frames: whose pages may show it inside theirs, besides this server's own."""
    ancestors = " ".join(("'self'", *frames))
    return "; ".join([*(f"{name} {what}" for name, what in rules.items()), f"frame-ancestors {ancestors}{also}"])


def add_headers(message: Message, path: str, frames: Sequence[str]) -> None:
    """To the start of an answer."""
    headers = MutableHeaders(scope=message)
    headers["X-Content-Type-Options"] = "nosniff"
    headers["Referrer-Policy"] = "no-referrer"
    is_file = path.startswith("/gradio_api/file=")
    headers["Content-Security-Policy"] = policy(FILE, frames, "; sandbox") if is_file else policy(PAGE, frames)
