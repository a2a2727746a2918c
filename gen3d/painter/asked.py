"""What a sentence asks for, as far as it was understood."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Asked:
    """Things of one kind that a sentence asks for."""

    kind: str
    """A key of WORDS["thing"]; so are the other words keys of their rows."""
    count: int = 1
    colour: str | None = None
    tone: str | None = None
    material: str | None = None
    size: str | None = None
    where: str | None = None
    relation: str | None = None
    targets: tuple[int, ...] = ()
    """What the relation is to: numbers of `Description.things`."""


@dataclass(frozen=True, slots=True)
class Description:
    """A sentence, as far as it was understood."""

    place: str | None = None
    also: tuple[str, ...] = ()
    """Other places, to be seen from there."""
    time: str | None = None
    weather: str | None = None
    season: str | None = None
    mood: str | None = None
    parts: tuple[tuple[str, str | None, str | None, str | None], ...] = ()
    """Part of a place, its colour, tone and material."""
    things: tuple[Asked, ...] = ()
    without: tuple[str, ...] = ()
    """Kinds of things that shall not be there."""
    unknown: tuple[str, ...] = ()
    """Words that mean nothing to the painter, as they were written."""
    notes: tuple[str, ...] = ()
    """What was taken otherwise than it was said, in words."""

    @property
    def understood(self) -> bool:
        """Whether there is anything to draw."""
        return bool(self.place or self.things or self.time or self.weather or self.season)
