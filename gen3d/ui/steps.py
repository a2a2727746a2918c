"""What the page may ask for: the three steps of the pipeline, and what is known about them.

A step may run in another process (ZeroGPU forks one per call), so what goes in and comes out is pickled: a request,
settings, a folder, events. Of an exception only gr.Error keeps its words on that way, so `told_to_visitors` turns
every failure into one while still inside. "Enough" has to get in, and is a file: see `jobs.py`.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from html import escape
from pathlib import Path

import gradio as gr

from gen3d.errors import Gen3DError, Unwritable, without_folders
from gen3d.events import Event
from gen3d.request import Request, Review, Reviewed
from gen3d.settings import Settings
from gen3d.ui.diagrams import Pose

Step = Callable[[Request, Settings, Path], Generator[Event, None, None]]
"""(request, settings, folder of the job) -> events. The step named `look` leaves its product in folder/look, ..."""

UNEXPECTED = "Something broke here that should not. Try again; if it stays so, please report it with your settings."
OUT_OF_MEMORY = "The machine ran out of memory. Take the preset fast, or a smaller size."
NO_ROOM = "This machine could not store the scene. Try again later; whoever runs this page finds the cause in its log."


@dataclass(frozen=True, slots=True)
class Steps:
    """The pipeline as a page sees it."""

    look: Step
    grow: Step
    tour: Step
    engines: Mapping[str, str]
    """Role -> the engine that plays it, for the badge."""
    device: str
    """Where it runs, in words."""
    paths: Mapping[str, str]
    """Camera path -> what it does, in words."""
    draws: bool
    """Whether a sentence alone is enough."""
    motions: Mapping[str, Sequence[Pose]] = field(default_factory=dict)
    """Camera path -> how it moves, to draw it; a path without is not drawn."""
    better: Mapping[str, str] = field(default_factory=dict)
    """Role -> the engine that would play it better, once it is downloaded."""
    review: Callable[[Review, Settings, Path], Reviewed] | None = None
    """(review, settings, folder of the job) -> what became of it: rewrites folder/look. None: layers stay as found."""
    more: Callable[[Path, Path], None] | None = None
    """(folder of a finished scene, file) -> writes the file, by its name. None: there are no more formats."""
    show_file: Callable[[Path, Path], tuple[str, ...] | None] | None = None
    """(file for the viewer, scene file of a visitor's) -> writes the first. None: no files are opened."""


@contextmanager
def told_to_visitors() -> Iterator[None]:
    """Every failure inside becomes a gr.Error with sentences for people; the log gets what is not their business."""
    try:
        yield
    except Unwritable as error:
        logging.getLogger(__name__).exception("a step failed")
        raise visitor_error(NO_ROOM) from error
    except Gen3DError as error:
        raise visitor_error(str(error), getattr(error, "field", None)) from error
    except MemoryError as error:
        raise visitor_error(OUT_OF_MEMORY) from error
    except gr.Error:
        raise
    except Exception as error:
        logging.getLogger(__name__).exception("a step failed")
        raise visitor_error(UNEXPECTED) from error


def visitor_error(sentence: str, field: str | None = None) -> gr.Error:
    """An error whose words reach the visitor, and stay; Gradio shows them as HTML, so they are escaped.

    Files are named by their names alone.

    field: the input that is to blame; it does not cross the fork of a ZeroGPU call.
    """
    error = gr.Error(escape(without_folders(sentence), quote=False), duration=None, print_exception=False)
    error.field = field
    return error
