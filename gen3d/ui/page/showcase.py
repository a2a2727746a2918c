"""Finished examples as the page shows them."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

from gen3d.ui.core import words
from gen3d.ui.core.gallery import Example, Gallery
from gen3d.ui.core.progress import Shown, shown_of_folder
from gen3d.ui.page.errors import visitor_error
from gen3d.ui.page.gradio_quirks import as_last
from gen3d.ui.page.sending import BUILT, OPENED, Values, values_of


def opened(gallery: Gallery) -> tuple[Values, Shown | None]:
    """What the page begins with, as OPENED, and the example, if one is ready or a small scene of one came along."""
    for example in filter(gallery.is_ready, gallery.examples):
        shown = finished(gallery, example)
        values = shown.values() | {"status": words.opening(example.title)}
        return tuple(values[name] for name in OPENED), shown
    coming = next(filter(gallery.is_coming, gallery.examples), None)
    if example := next((example for example in gallery.examples if example.first), None):
        values = _brought(gallery, example) | {"status": words.opening(example.title, coming is not None)}
        shown = Shown(None, "", {}, state="done", view=example.first)
        return tuple(values.get(name) for name in OPENED), shown
    values = {"status": words.waiting(coming.title) if coming else words.NOTHING_YET}
    return tuple(values.get(name) for name in OPENED), None


def _brought(gallery: Gallery, example: Example) -> dict[str, Any]:
    """The small scene that comes with the package, if there is one; in the viewer it is the same scene as the whole."""
    return {"viewer": (str(example.first), gallery.folder_of(example).name)} if example.first else {}


def when_ready(gallery: Gallery, example: Example) -> Iterator[Values]:
    """How long it has been waited for, then its scene, as BUILT; an error for people where it cannot be had."""
    began = time.monotonic()
    while not gallery.is_ready(example):
        if not gallery.is_coming(example):
            why = gallery.failures.get(example.name, "nobody prepared it")
            sentence = words.not_ready(why)
            yield values_of(Shown(None, "", {}).failed(sentence), BUILT)
            raise visitor_error(sentence)
        so_far = words.waiting(example.title, time.monotonic() - began)
        waiting = _brought(gallery, example) | {"status": so_far}
        yield tuple(waiting.get(name) for name in BUILT)
        time.sleep(0.5)
    yield from as_last(values_of(finished(gallery, example), BUILT))


def shown_again(before: Shown | None) -> Values:
    """After a cancel, as OPENED: what was on show before, where it is still there, or nothing."""
    there = before is not None and all(file.exists() for file in before.downloads())
    values = (before.values() if there else {}) | {"status": words.cancelled(there)}
    return tuple(values.get(name) for name in OPENED)


def finished(gallery: Gallery, example: Example) -> Shown:
    """All of its scene."""
    folder = gallery.folder_of(example)
    record = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    return shown_of_folder(folder, record["seed"], record["seconds"])
