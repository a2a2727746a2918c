"""Sentences beside the inputs that caused them: a line under each, empty until its input is to blame."""

from __future__ import annotations

from html import escape
from typing import Any

import gradio as gr

from gen3d.ui.core.blamed import Blamed

REVEAL = "() => document.querySelector('.beside p')?.scrollIntoView({block: 'nearest'})"


class Beside:
    """The lines of a page, and the fold that some of them are in."""

    def __init__(self) -> None:
        self._lines: dict[str, gr.HTML] = {}
        self._folded: set[str] = set()
        self.fold: gr.Accordion | None = None

    def add(self, name: str) -> None:
        """Puts the line of an input onto the page, here."""
        self._lines[name] = gr.HTML("", elem_id=f"beside-{name}", elem_classes="beside", padding=False)
        if self.fold:
            self._folded.add(name)

    @property
    def lines(self) -> list[gr.HTML]:
        """All of them."""
        return list(self._lines.values())

    def clear(self) -> str:
        """A script that empties all: it needs nobody's answer, so that none can come late."""
        return f"() => Array({len(self._lines)}).fill('')"

    def told(self, wrong: Blamed | None) -> list[Any]:
        """What becomes of lines and fold: who is to blame is told so, where it can be seen."""
        at = wrong.field if wrong else ""
        sentences = [f"<p>{escape(wrong.sentence)}</p>" if name == at else "" for name in self._lines]
        return [*sentences, gr.update(open=True) if at in self._folded else gr.skip()]

