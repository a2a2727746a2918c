"""The page's sentences and its small pieces of HTML. Whatever was not written here is escaped."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING

from gen3d import __version__, stage_table
from gen3d.errors import without_folders
from gen3d.settings import PRESETS
from gen3d.stage_table import title

if TYPE_CHECKING:
    from gen3d.ui.core.progress import Line, Shown

TITLE = "Gen3D"
PAPER = "https://arxiv.org/abs/2511.14291"
LICENCE = "https://www.apache.org/licenses/LICENSE-2.0"
NOTHING_YET = '<div class="told">Nothing built yet.</div>'
PAUSED = "Look over the layers and press Go on; nothing runs meanwhile."
OTHER_VIEWER = "Other viewer (gr.Model3D)"
OTHER_WORDS = "Gradio's own viewer, which starts elsewhere and lets you fly behind the scene. Slow without a GPU."
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
SENTENCES = (
    "A cosy room in the evening with a red sofa, two plants and a lamp",
    "A white house by a lake in the mountains, a red boat on the water",
    "A still life with a bowl of apples, a green bottle and a candle",
    "A snowy village at night with a snowman and two pine trees",
)
"""To begin with; what they become without a network is quick and looks well."""
PAINTER = "world painter"
"""Who draws sentences where no network can."""
BY_RULE = (
    "No network for sentences is here, so a small world is built from the words that are known: places, things, "
    "colours, counts, where they stand, time of day, weather. What was not understood is told."
)

COMPILES = "this machine compiles its code, once"
EXAMPLES = "examples are being made"

COUNT_DOWN = """() => setInterval(() => {
  const line = document.querySelector('.told p[data-left]')
  if (!line) return
  line.since ??= Date.now()                                     // a new line comes with each update
  const left = line.dataset.left - (Date.now() - line.since) / 1000
  const [step] = line.textContent.split(' … ')
  const s = left < 100 ? `${Math.round(left)} s` : `${Math.round(left / 60)} min`
  line.firstChild.data = `${step} … ` + (left >= 2 ? `about ${s} left` : 'a moment left')
}, 1000)"""
"""Between two updates, which may be half a minute apart, the seconds of `under_way` go on."""


def introduction(space: str | None = None) -> str:
    """What this is, as Markdown; space: the name of the Space that it runs in, where its source is."""
    source = f" · [source](https://huggingface.co/spaces/{space}/tree/main)" if space else ""
    return f"""# Gen3D
**Drop a photo, press Build, look around in it in 3D.**
One photo, a photo with depth, or a sentence becomes a scene of 3D Gaussians, a video and files: an open implementation
of the paper [GEN3D]({PAPER}) · version {__version__} · [Apache-2.0]({LICENCE}){source}"""


def machine(
    device: str, networks: Sequence[str], preset: str, seconds: float, measured: bool, slower: Sequence[str] = ()
) -> str:
    """What a press of Build brings here; measured: whether the seconds were, on this machine.

    networks: those that play, by name. slower: why it takes longer right now.
    """
    playing = f"networks: {', '.join(networks)}" if networks else "no networks, only the built-in engines"
    how = "as measured here" if measured else "reckoned from two cores without networks, since none was made here yet"
    words = f"On {device}; {playing}. A scene with the preset {preset} takes about {_duration(seconds)}, {how}."
    words += f" It takes longer now: {' and '.join(slower)}." if slower else ""
    return f'<p class="machine">{escape(words)}</p>'


def preset_choices(seconds: Callable[[str], float]) -> list[tuple[str, str]]:
    """Label and name of every preset; seconds: preset -> what to expect."""
    return [(f"{preset} (about {_duration(seconds(preset))} here)", preset) for preset in PRESETS]


def badge(engines: Mapping[str, str], device: str, better: Mapping[str, str]) -> str:
    """Which engines play which role, and where; and which would play theirs better, once they are here."""
    playing = " · ".join(f"<b>{engine}</b> {roles}" for engine, roles in _by_engine(engines))
    told = f'<div class="badge"><p>Runs on {escape(device)} · {playing}</p>'
    if better:
        missing = ", ".join(f"<b>{engine}</b> for {roles}" for engine, roles in _by_engine(better))
        told += f"<p>Better would be {missing}: run <code>gen3d download</code>, then start the page anew.</p>"
    return told + "</div>"


def _by_engine(engines: Mapping[str, str]) -> list[tuple[str, str]]:
    """Engine and its roles, each once."""
    roles: dict[str, list[str]] = {}
    for role, engine in engines.items():
        roles.setdefault(engine, []).append(role.replace("_", " "))
    return [(escape(engine), escape(", ".join(names))) for engine, names in roles.items()]


def status(shown: Shown) -> str:
    """Every stage with its seconds, the notices, and how it stands."""
    stages = "".join(_stage(line.stage, line.seconds, line.done, line.total, line.running) for line in shown.lines)
    notices = "".join(f"<li>{escape(text)}</li>" for text in shown.notices)
    left = f' data-left="{shown.seconds_left():.1f}"' if shown.state == "running" else ""
    return (
        f'<div class="told" data-state="{shown.state}"><p{left}>{escape(shown.sentence)}</p>{_announced(shown)}'
        f'<ol class="stages">{stages}</ol>{f"<ul>{notices}</ul>" if notices else ""}{_marked(shown)}</div>'
    )


def _marked(shown: Shown) -> str:
    """The video as a bar, striped from the frame where holes begin; "" where nobody asked how far it moves."""
    if shown.holes is None or shown.state != "done":
        return ""
    first, frames = shown.holes
    told = "No frame shows a hole." if first is None else f"Holes begin at frame {first + 1} of {frames}."
    since = "" if first is None else f'<i style="left: {100 * first / frames:.1f}%"></i>'
    return f'<div class="holes" role="img" aria-label="{told}">{since}</div><small aria-hidden="true">{told}</small>'


def waiting(title: str, seconds: float | None = None) -> str:
    """An example is not ready yet."""
    so_far = "" if seconds is None else f": {seconds:.0f} s so far"
    words = f"“{title}” is being prepared, as this app was started for the first time{so_far}."
    return f'<div class="told" data-state="waiting"><p>{escape(words)}</p></div>'


def examples(ready: int, coming: int) -> str:
    """What the row of examples promises."""
    if not coming:
        return "Examples: their scenes are ready" if ready else "Examples"
    return f"Examples: {ready} of {ready + coming} scenes are ready, the others are being made"


def sentence_soon(sentence: str, coming: bool) -> str:
    """The scene of a sentence to begin with is not ready; coming: it is being made by itself."""
    words = f"“{sentence}”: press Build to draw it now." + " Its scene is being prepared as well." * coming
    return f'<div class="told" data-state="waiting"><p>{escape(words)}</p></div>'


def not_ready(why: str) -> str:
    """An example could not be prepared."""
    return without_folders(f"This example is not ready ({why.rstrip('.')}). Press Build to make it now.")


def done(seconds: float) -> str:
    """The last word on a scene."""
    return f"Done in {_duration(seconds)}. Look around, or take the files."


def slower(compiles: bool, builds_examples: bool) -> tuple[str, ...]:
    """Why a scene takes longer than usual right now."""
    why = {COMPILES: compiles, EXAMPLES: builds_examples}
    return tuple(words for words, holds in why.items() if holds)


def under_way(lines: tuple[Line, ...], left_s: float, slower: Sequence[str] = ()) -> str:
    """The one line that says where it stands: step, count, why it is slower than usual, seconds left."""
    if not lines:
        return "Starting."
    now = lines[-1]
    count = f" {now.done} of {now.total}" if now.total else ""
    left = f"about {_duration(left_s)} left" if left_s >= 2 else "a moment left"
    step = f"Step {len(lines)} of {max(len(lines), sum(row.always for row in stage_table.STAGES))}"
    why = f" (slower now: {' and '.join(slower)})" if slower else ""
    return f"{step}: {title(now.stage)}{count}{why} … {left}"


def cancelled(shown_again: bool) -> str:
    """A scene was given up; shown_again: what was here before it is back."""
    words = "Cancelled: nothing of that scene is kept." + " What was here before is shown again." * shown_again
    return f'<div class="told" data-state="cancelled"><p>{words}</p></div>'


def own_file(name: str, notices: Sequence[str] = ()) -> str:
    """What the viewer shows is a file of the visitor's; what lies below it is not of it. notices: what to say of it."""
    told = "".join(f"<p>{escape(notice)}</p>" for notice in notices)
    return f'<div class="told" data-state="file"><p>{escape(own_file_is(name))}</p>{told}</div>'


def own_file_is(name: str) -> str:
    """The same in a sentence."""
    return f"This is {name}, a file of yours."


def opening(title: str, rest_comes: bool = False) -> str:
    """The page begins with an example; rest_comes: its video and files are not there yet."""
    words = f"This is an example, “{title}”: drag in the picture to look around. Then drop a photo of your own."
    words += " Its video and files are being made, as this app was started for the first time." * rest_comes
    return f'<div class="told" data-state="example"><p>{escape(words)}</p></div>'


def _announced(shown: Shown) -> str:
    """What a screen reader says by itself: each step once, and the end; the seconds would never let it be silent."""
    now = shown.lines[-1].stage if shown.lines else ""
    said = title(now) if shown.state == "running" else shown.sentence
    return f'<span class="spoken" role="status">{escape(said)}</span>'


def _stage(name: str, seconds: float, finished: int, total: int, running: bool) -> str:
    count = f" {finished}/{total}" if running and total else ""
    kind = "running" if running else "finished"
    return f'<li class="{kind}">{escape(title(name))}{count} <b>{seconds:.1f} s</b></li>'


def _duration(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 100 else f"{seconds / 60:.0f} min"
