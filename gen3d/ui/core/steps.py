"""What a front end may ask for: the three steps of a run, and what is known about them; and how they fail.

A step may run in another process (ZeroGPU forks one per call), so what goes in and comes out is pickled: a request,
settings, a folder, events. "Enough" has to get in, and is a file: see `jobs.py`.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gen3d.errors import Gen3DError, Unwritable, without_folders
from gen3d.events import Event
from gen3d.request import Request, Review, Reviewed
from gen3d.settings import Settings
from gen3d.ui.core.blamed import Blamed
from gen3d.ui.core.diagrams import Pose
from gen3d.ui.core.stands import Stands

Step = Callable[[Request, Settings, Path], Generator[Event, None, None]]
"""(request, settings, folder of the job) -> events. The step named `look` leaves its product in folder/look, ..."""

Brought = tuple[dict[str, Any], tuple[str, ...]]

UNEXPECTED = "Something broke here that should not. Try again; if it stays so, please report it with your settings."
OUT_OF_MEMORY = "The machine ran out of memory. Take the preset fast, or a smaller size."
NO_ROOM = "This machine could not store the scene. Try again later; whoever runs this page finds the cause in its log."


@dataclass(frozen=True, slots=True)
class Direct:
    """What programs may do with the things of a finished scene, by its folder; each raises Gen3DErrors."""

    things: Callable[[Path, Path], list[dict[str, Any]]]
    """(folder, picture to write) -> its things as they are by now."""
    edit: Callable[[Path, Any], None]
    """(folder, edits as a client sent them): all of them are made, or none."""
    undo: Callable[[Path, int], None]
    """(folder, how many): takes the last ones back."""
    aim: Callable[[Path, str, str, Path], None]
    """(folder, thing, side, file to write): a camera path to where the thing is seen from that side."""
    put: Callable[[Path, Any], None]
    """(folder, edits): these in the place of all before, or an error."""
    bring: Callable[[Path, Mapping[str, Any], Path | None, Path | None, Path | None], Brought] | None = None
    """(folder, what "bring in" takes, file, picture to make a thing after, file for the viewer) -> the edit, and what
    is to be told: it is made, or left to the viewer where there is a file for it. None: nothing is brought in here."""
    split: Callable[[Path, str, Any], None] | None = None
    """(folder, thing, outlines in pixels of the photo): makes its parts, or what lies within, things of their own."""
    merge: Callable[[Path, Any], None] | None = None
    """(folder, things): makes one of them."""


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
    networks: Sequence[str] = ()
    """Those of the engines that are networks to be downloaded."""
    better: Mapping[str, str] = field(default_factory=dict)
    """Role -> the engine that would play it better, once it is downloaded."""
    review: Callable[[Review, Settings, Path], Reviewed] | None = None
    """(review, settings, folder of the job) -> what became of it: rewrites folder/look. None: layers stay as found."""
    more: Callable[[Path, Path], None] | None = None
    """(folder of a finished scene, file) -> writes the file, by its name. None: there are no more formats."""
    stand: Callable[[Path, Path, Stands], tuple[str, ...]] | None = None
    """(folder of a finished scene, file, how it stands) -> what is to be told: writes the file level, scaled, in other
    axes. None: nobody is asked how."""
    photo: Callable[[Path], Any] | None = None
    """(folder of a finished scene) -> its photo as pixels, to measure in. None: nobody measures."""
    publish: Callable[[Path, str, str, bool], tuple[str, str]] | None = None
    """(folder of a finished scene, name, token of the visitor's, whether it is private) -> a Space's page, and the
    address of the site in it. None: nobody publishes from here."""
    direct: Direct | None = None
    """None: there is nothing to be directed here."""
    compiles: Callable[[], bool] | None = None
    """() -> whether something is being compiled, for which a first scene may have to wait. None: it never is."""
    show_file: Callable[[Path, Path], tuple[str, ...] | None] | None = None
    """(file for the viewer, scene file of a visitor's) -> writes the first. None: no files are opened."""


class Failure(Exception):
    """What a visitor is told instead of a result.

    field: the input that is to blame, as the error named it.
    """

    def __init__(self, sentence: str, field: str | None = None) -> None:
        super().__init__(sentence)
        self.sentence, self.field = sentence, field
        self.blamed: Blamed | None = None
        """What to say beside which input, once it is known what was asked for (`running.py`)."""


@contextmanager
def in_words(*told: type[Exception]) -> Iterator[None]:
    """Every failure inside becomes a Failure with sentences for people; the log gets what is not their business.

    told: kinds of exceptions that carry words for visitors already, and pass.
    """
    try:
        yield
    except (Failure, *told):
        raise
    except Unwritable as error:
        logging.getLogger(__name__).exception("a step failed")
        raise Failure(NO_ROOM) from error
    except Gen3DError as error:
        raise Failure(without_folders(str(error)), getattr(error, "field", None)) from error
    except MemoryError as error:
        raise Failure(OUT_OF_MEMORY) from error
    except Exception as error:
        logging.getLogger(__name__).exception("a step failed")
        raise Failure(UNEXPECTED) from error
