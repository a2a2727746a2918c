"""What a running step tells its listener, and the idiom all stages share.

A stage is a generator that yields events and returns its product: `world = yield from expand_world(...)`.
Events are small, frozen and picklable, since a step may run in another process: previews are uint8 pictures of
at most 512 px, files travel by path, and no event holds a tensor.

A stage may also hold up an `Exhibit` for whoever studies the method. That is no event: it never leaves the process, it
is taken out of the stream by `record.py`, and what it shows is drawn only if somebody asked for it.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass, field
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
    """A file for the viewer that shows the scene as it is now; whoever wants to keep it copies it before going on."""

    name: str
    """"points" once they are lifted, "scene" when it is fitted."""
    file: Path


@dataclass(frozen=True, eq=False, slots=True)
class Notice:
    """Something was done otherwise than hoped: what was used instead, and what would be better."""

    text: str


@dataclass(frozen=True, eq=False, slots=True)
class Finished:
    """A step is whole; `folder` holds its product."""

    step: str
    folder: Path


@dataclass(frozen=True, eq=False, slots=True)
class Exhibit:
    """Something worth seeing about how a stage came to its product; made only when a run is to be explained."""

    name: str
    """File name without .png; exhibits sort by it in the order of the paper's steps."""
    caption: str
    draw: Callable[[], UInt8[np.ndarray, "h w 3"]]
    figures: Callable[[], dict[str, Any]] = field(default=dict)
    """The numbers that go with it, as JSON holds them."""


Event: TypeAlias = Started | Progress | Preview | Viewable | Notice | Finished
T = TypeVar("T")
Stage: TypeAlias = Generator[Event | Exhibit, None, T]
Enough: TypeAlias = Callable[[], bool]
"""Asked after each yield: True means finish early with what exists."""


def never() -> bool:
    """The `Enough` of somebody who wants everything."""
    return False
