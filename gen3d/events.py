"""The events of a running step, and the form that all stages share.

A stage is a generator that yields events and returns its product: `world = yield from expand_world(...)`.
Events are small, frozen and picklable, since a step may run in another process: previews are uint8 pictures of
at most 512 px, files travel by path, and no event holds a tensor.

A stage also yields an `Intermediate` result where there is something to show or to study. That is no event: it never
leaves the process. `run/record.py` takes it out of the stream; `explain/` draws from it a preview and, where asked for,
exhibits.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias, TypeVar

import numpy as np
from jaxtyping import UInt8


@dataclass(frozen=True, eq=False, slots=True)
class Started:
    """A stage begins."""

    stage: str


@dataclass(frozen=True, eq=False, slots=True)
class Progress:
    """`done` of `total` units of a stage are finished; `total` may shrink when the visitor has had enough."""

    stage: str
    done: int
    total: int


@dataclass(frozen=True, eq=False, slots=True)
class Preview:
    """A picture to show; `name` is also its file name under previews/ (without .png)."""

    name: str
    image: UInt8[np.ndarray, "h w 3"]


@dataclass(frozen=True, eq=False, slots=True)
class Viewable:
    """A file for the viewer that shows the scene as it is now; it may change or vanish when the step goes on."""

    name: str
    """"points" once they are lifted, "scene" when it is fitted."""
    file: Path


@dataclass(frozen=True, eq=False, slots=True)
class Notice:
    """Something was done otherwise than asked or than is best: what was used instead, and what would be better."""

    text: str


@dataclass(frozen=True, eq=False, slots=True)
class Finished:
    """A step is whole; `folder` holds its product."""

    step: str
    folder: Path


@dataclass(frozen=True, eq=False, slots=True)
class Intermediate:
    """Intermediate results of a stage, by reference: nothing is copied, drawn or computed for it."""

    name: str
    """"stage" or "stage.point"; `explain/` says what is drawn from each."""
    values: Mapping[str, Any]
    """Named as the parameters of the functions that draw them."""


Event: TypeAlias = Started | Progress | Preview | Viewable | Notice | Finished
T = TypeVar("T")
Stage: TypeAlias = Generator[Event | Intermediate, None, T]


def product(stage: Stage[T], heard: Callable[[Event | Intermediate], object] | None = None) -> T:
    """Runs a stage to its end and returns its product; `heard` is called with each event."""
    while True:
        try:
            event = next(stage)
        except StopIteration as done:
            return done.value
        if heard:
            heard(event)


Enough: TypeAlias = Callable[[], bool]
"""Asked after each yield: True means finish early with what exists."""


def never() -> bool:
    """The `Enough` that is never true."""
    return False
