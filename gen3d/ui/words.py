"""The page's sentences and its small pieces of HTML. Whatever was not written here is escaped."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import TYPE_CHECKING

from gen3d.settings import PRESETS

if TYPE_CHECKING:
    from gen3d.ui.stream import Shown

TITLE = "Gen3D"
INTRODUCTION = """# Gen3D
One photo in, a 3D scene to look around in out. Drop a photo, or click an example."""
STAGES = {
    "source": "picture",
    "depth": "depth",
    "layers": "layers",
    "words": "words",
    "background": "background",
    "lift": "3D",
    "expand": "new views",
    "optimize": "fit",
    "flythrough": "video",
}
NOTHING_YET = '<div class="told">Nothing built yet.</div>'
CANCELLED = '<div class="told">Cancelled: nothing of this scene is kept.</div>'
ENOUGH = "Finishing with what exists."
NOTHING_RUNS = "Nothing is running."
NO_SENTENCES = (
    "The engine that runs here cannot draw a sentence, so this would end in an error: use a photo. "
    "(The networks of tier gpu can: gen3d download --tier gpu.)"
)
TAB_WORDS = {
    "photo": "A photo alone: its depth is estimated.",
    "depth": "A photo with measured or estimated depth gives by far the best scene.",
    "text": "A sentence: a picture is drawn from it first.",
}


def preset_choices() -> list[tuple[str, str]]:
    """Label and name of every preset."""
    return [(f"{s.preset} (about {_duration(float(s.seconds))})", s.preset) for s in PRESETS.values()]


def badge(engines: Mapping[str, str], device: str) -> str:
    """Which engines play which role, and where."""
    roles: dict[str, list[str]] = {}
    for role, engine in engines.items():
        roles.setdefault(engine, []).append(role.replace("_", " "))
    parts = [f"<b>{escape(engine)}</b> {escape(', '.join(names))}" for engine, names in roles.items()]
    return f'<div class="badge">Runs on {escape(device)} · {" · ".join(parts)}</div>'


def status(shown: Shown) -> str:
    """Every stage with its seconds, the notices, and how it stands."""
    stages = "".join(_stage(line.stage, line.seconds, line.done, line.total, line.running) for line in shown.lines)
    notices = "".join(f"<li>{escape(text)}</li>" for text in shown.notices)
    return (
        f'<div class="told" data-state="{shown.state}"><p>{escape(shown.sentence)}</p>'
        f'<ol class="stages">{stages}</ol>{f"<ul>{notices}</ul>" if notices else ""}</div>'
    )


def waiting(title: str, seconds: float) -> str:
    """An example is not ready yet."""
    words = f"“{title}” is being prepared, as this app was started for the first time: {seconds:.0f} s so far."
    return f'<div class="told" data-state="waiting"><p>{escape(words)}</p></div>'


def not_ready(why: str) -> str:
    """An example could not be prepared."""
    return f"This example is not ready ({why.rstrip('.')}). Press Build to make it now."


def done(seconds: float) -> str:
    """The last word on a scene."""
    return f"Done in {_duration(seconds)}. Look around, or take the files."


def under_way(stage: str, seconds: float, expected: float) -> str:
    """The one line that says where it stands."""
    return f"{STAGES.get(stage, stage)} … {seconds:.0f} s of about {_duration(expected)}"


def _stage(name: str, seconds: float, finished: int, total: int, running: bool) -> str:
    count = f" {finished}/{total}" if running and total else ""
    kind = "running" if running else "finished"
    return f'<li class="{kind}">{escape(STAGES.get(name, name))}{count} <b>{seconds:.1f} s</b></li>'


def _duration(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 100 else f"{seconds / 60:.0f} min"
