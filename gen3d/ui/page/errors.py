"""A failure on its way to the visitor: as a gr.Error, which Gradio shows and which crosses the fork of a ZeroGPU call.

Of the exceptions that a step raises in another process only gr.Error keeps its words, so `told_to_visitors` turns every
failure into one while still inside, and `heard` turns what comes out back into the core's Failure.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import replace
from html import escape, unescape
from typing import Any

import gradio as gr

from gen3d.errors import without_folders
from gen3d.events import Event
from gen3d.ui.core.steps import Failure, Step, Steps, in_words


@contextmanager
def told_to_visitors() -> Iterator[None]:
    """Every failure inside becomes a gr.Error with sentences for people; one that is a gr.Error passes as it is."""
    try:
        with in_words(gr.Error):
            yield
    except Failure as failure:
        cause = failure.__cause__
        if isinstance(cause, gr.Error):  # `spaces` may say more than a sentence: a title, a link
            raise cause from None
        raise visitor_error(failure.sentence, failure.field) from cause


def visitor_error(sentence: str, field: str | None = None) -> gr.Error:
    """An error whose words reach the visitor, and stay; Gradio shows them as HTML, so they are escaped.

    Files are named by their names alone.

    field: the input that is to blame; it does not cross the fork of a ZeroGPU call.
    """
    error = gr.Error(escape(without_folders(sentence), quote=False), duration=None, print_exception=False)
    error.field = field
    return error


def heard(steps: Steps) -> Steps:
    """The steps, whose gr.Errors (of `told_to_visitors`, or of `spaces`) are Failures."""
    review = _heard_call(steps.review) if steps.review else None
    return replace(
        steps, look=_heard_step(steps.look), grow=_heard_step(steps.grow), tour=_heard_step(steps.tour), review=review
    )


def _heard_step(step: Step) -> Step:
    def run(*given: Any) -> Generator[Event, None, None]:
        with _failing():
            yield from step(*given)

    return run


def _heard_call(call: Callable[..., Any]) -> Callable[..., Any]:
    def run(*given: Any) -> Any:
        with _failing():
            return call(*given)

    return run


@contextmanager
def _failing() -> Iterator[None]:
    try:
        yield
    except gr.Error as error:
        raise Failure(unescape(error.message), getattr(error, "field", None)) from error
