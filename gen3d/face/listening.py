"""A stage run to its product, while somebody listens."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import TypeAlias, TypeVar

from gen3d.events import Event, Intermediate, Notice, Stage, product

T = TypeVar("T")
Listener: TypeAlias = Callable[[Event], object]
"""Called with each event; what it raises ends the step."""


class Ear:
    """Hears a step: hands its events to a listener, if there is one, and keeps its notices."""

    def __init__(self, listener: Listener | None) -> None:
        self._listener = listener
        self.notices: list[str] = []

    def hear(self, stage: Stage[T]) -> T:
        """What the stage returns. Previews are drawn only where somebody listens."""
        with closing(stage):
            return product(stage, self._heard)

    def _heard(self, found: Event | Intermediate) -> None:
        for event in self._events(found):
            self._tell(event)

    def _events(self, found: Event | Intermediate) -> Iterator[Event]:
        if not isinstance(found, Intermediate):
            yield found
        elif self._listener:
            from gen3d.explain import preview_of

            if preview := preview_of(found):
                yield preview

    def note(self, text: str) -> None:
        """Something that no stage says."""
        self._tell(Notice(text))

    def _tell(self, event: Event) -> None:
        if isinstance(event, Notice):
            self.notices.append(event.text)
        if self._listener:
            self._listener(event)
        elif isinstance(event, Notice):
            logging.getLogger("gen3d").warning(event.text)
