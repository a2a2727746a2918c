"""The scene and its viewer as one .html file: opens from disk in any current browser and asks nobody for anything.

The scene's bytes are those of its `.view` file, in base64; in a site (`products/site.py`) they lie beside the page. A
Content-Security-Policy lets exactly this script and this style run and forbids every request (in a site, all but for
what lies there), so that not even a hostile title could do more than be read.
"""

from __future__ import annotations

import base64
import hashlib
import html
from pathlib import Path

from gen3d.formats.view import read_photo
from gen3d.formats.whole import write_whole
from gen3d.viewer import ALONE, ALONE_STYLE, PAGE, SCRIPT, STYLE

WITHIN = "startAlone(async () => bytesOf(document.getElementById('scene').textContent))"
BESIDE = """startAlone(() => new Promise((done, failed) => {
  window.receiveScene = base64 => done(bytesOf(base64))
  document.head.append(Object.assign(document.createElement('script'), {src: 'scene.js', onerror: failed}))
}))"""
"""From disk a page may read no file beside it, but may run a script."""


def write_html(path: Path, view_file: Path, title: str | None = None) -> None:
    """Writes the page; `view_file` is a scene.view, `title` what the browser's tab says.

    Raises InputError when that is no such file.
    """
    photo = read_photo(view_file)
    poster = "" if photo is None else _img(f"data:image/jpeg;base64,{base64.b64encode(photo).decode('ascii')}")
    scene = base64.b64encode(view_file.read_bytes()).decode("ascii")
    within = f'<script id="scene" type="application/octet-stream">{scene}</script>\n'
    with write_whole(path) as temporary:
        page = page_of(title or "3D scene", WITHIN, poster=poster, scene=within)
        temporary.write_text(page, encoding="utf-8", newline="\n")


def write_index(path: Path, title: str, tags: str) -> None:
    """Writes a page whose scene lies beside it in scene.js (`scene_script`), and its poster in poster.jpg.

    tags: lines of HTML for who shows a link to it.
    """
    path.write_text(page_of(title, BESIDE, tags, _img("poster.jpg"), loads=True), encoding="utf-8", newline="\n")


def scene_script(view_file: Path) -> str:
    """A scene.view as a script that hands it on."""
    return f"receiveScene('{base64.b64encode(view_file.read_bytes()).decode('ascii')}')\n"


def page_of(
    title: str, start: str, tags: str = "", poster: str = "", scene: str = "", loads: bool = False
) -> str:
    """The page; start: the script that begins, loads: whether it loads another. Only the title is escaped here."""
    style, script = STYLE + ALONE_STYLE, f"'use strict';\n{SCRIPT}\n{ALONE}\n{{{start}}}"
    parts = {
        "policy": _policy(style, script, loads), "title": html.escape(title), "tags": tags, "style": style,
        "poster": poster, "scene": scene, "script": script,
    }  # fmt: skip
    return _filled(PAGE, parts)


def _img(source: str) -> str:
    return f'<img id="poster" src="{source}" alt="">\n'


def _policy(style: str, script: str, loads: bool) -> str:
    """Only what is named runs, and what it loads itself; the worker is made of the script's own text."""
    scripts = f"'{_digest(script)}'" + " 'strict-dynamic'" * loads
    pictures = "'self' file: data:" if loads else "data:"
    return (
        f"default-src 'none'; script-src {scripts}; style-src '{_digest(style)}'; img-src {pictures}; "
        "worker-src blob:; base-uri 'none'; form-action 'none'"
    )


def _digest(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _filled(page: str, parts: dict[str, str]) -> str:
    """Every {{name}} once, from the parts; what a part holds is not looked at again."""
    before, *rest = page.split("{{")
    named = (piece.split("}}", 1) for piece in rest)
    return before + "".join(parts[name] + after for name, after in named)
