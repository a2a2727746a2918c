"""The scene and its viewer as one .html file: opens from disk in any current browser and asks nobody for anything.

The scene's bytes are those of its `.view` file, in base64. A Content-Security-Policy lets exactly this script and this
style run and forbids every request, so that not even a hostile title could do more than be read.
"""

from __future__ import annotations

import base64
import hashlib
import html
from pathlib import Path

from gen3d.formats.view import check_view
from gen3d.formats.whole import write_whole
from gen3d.viewer import PAGE, SCRIPT, STYLE

FULL_WINDOW = """
html, body { margin: 0; height: 100%; background: #14161a; }
main, main .gen3d-viewer { width: 100vw; height: 100vh; }
main .gen3d-viewer { border-radius: 0; }
main .gen3d-viewer .frame { flex: 1; min-height: 0; max-height: none; aspect-ratio: auto; }
"""
START = """
const base64 = document.getElementById('scene').textContent
const bytes = Uint8Array.from(atob(base64), letter => letter.charCodeAt(0))
createSceneViewer(document.getElementById('viewer')).show(bytes)
"""


def write_html(path: Path, view_file: Path, title: str | None = None) -> None:
    """Writes the page; `view_file` is a scene.view, `title` what the browser's tab says.

    Raises InputError when that is no such file.
    """
    check_view(view_file)
    style, script = STYLE + FULL_WINDOW, f"'use strict';\n{SCRIPT}\n{{{START}}}"
    parts = {
        "policy": _policy(style, script),
        "title": html.escape(title or "3D scene"),
        "style": style,
        "scene": base64.b64encode(view_file.read_bytes()).decode("ascii"),
        "script": script,
    }
    with write_whole(path) as temporary:
        temporary.write_text(_filled(PAGE, parts), encoding="utf-8", newline="\n")


def _policy(style: str, script: str) -> str:
    """Only what is named runs; the worker is made of the script's own text."""
    return (
        f"default-src 'none'; script-src '{_digest(script)}'; style-src '{_digest(style)}'; worker-src blob:; "
        "base-uri 'none'; form-action 'none'"
    )


def _digest(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _filled(page: str, parts: dict[str, str]) -> str:
    """Every {{name}} once, from the parts; what a part holds is not looked at again."""
    before, *rest = page.split("{{")
    named = (piece.split("}}", 1) for piece in rest)
    return before + "".join(parts[name] + after for name, after in named)
