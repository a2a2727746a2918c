"""The scene viewer's source, as text: what the page and the standalone .html put into a browser.

`viewer.js` says how it works. Nothing here is run by Python. What is sent is the source without the lines that are only
comments, and without indentation: a fifth less. The shaders within it lose theirs too.
"""

from __future__ import annotations

import re
from pathlib import Path

_FOLDER = Path(__file__).parent

_SCRIPTS = (
    "reading.js", "worker.js", "renderer.js", "orbit.js", "controls.js", "gamepad.js", "path.js", "path_files.js",
    "director.js", "modes.js", "measure.js", "edits.js", "things.js", "tilt.js", "xr.js", "parameters.js", "poster.js",
    "viewer.js",
)  # fmt: skip

_ONLY_COMMENT, _INDENT = re.compile(r"^[ \t]*//.*\n", re.MULTILINE), re.compile(r"^[ \t]+", re.MULTILINE)


def _sent(name: str) -> str:
    return _INDENT.sub("", _ONLY_COMMENT.sub("", (_FOLDER / name).read_text(encoding="utf-8")))


SCRIPT = "\n".join(map(_sent, _SCRIPTS))
"""Plain functions and constants, no module: define them, then call `createSceneViewer(element, options)`."""
PARAMETERS = _sent("parameters.js")
"""Of SCRIPT, what addresses say: for who needs no viewer."""
STYLE = (_FOLDER / "viewer.css").read_text(encoding="utf-8")
"""Rules for `.gen3d-viewer` alone; `--viewer-max-height` (75vh) and the element's width decide the size."""
PAGE = (_FOLDER / "page.html").read_text(encoding="utf-8")
"""The page of a scene alone: {{policy}} {{title}} {{tags}} {{style}} {{poster}} {{scene}} {{script}} are to be filled
in."""
ALONE, ALONE_STYLE = _sent("alone.js"), (_FOLDER / "alone.css").read_text(encoding="utf-8")
"""Beside SCRIPT and STYLE, for that page: call `startAlone(load)`."""
