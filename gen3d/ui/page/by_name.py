"""Endpoints of the API, and the one place where Gradio's positions become names: it passes inputs in a list's order."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from inspect import Parameter, Signature
from typing import Any

import gradio as gr
from gradio.components import Component

from gen3d.ui.core.fields import Field, fields_of
from gen3d.ui.page.gradio_quirks import generator_of
from gen3d.ui.page.queue import QUEUE
from gen3d.ui.page.sending import NOBODY, Values

Call = Callable[[Mapping[str, Any], gr.Request], Iterator[Values]]
"""(values by the names of FIELDS, who asks) -> what is sent."""


def components_of(call: str, inputs: Mapping[str, Component]) -> list[Component]:
    """What an endpoint takes, in its order."""
    return [inputs[row.name] for row in fields_of(call)]


def by_position(call: str, fn: Call) -> Callable[..., Iterator[Values]]:
    """The function as Gradio calls it, for `components_of` the same call.

    Of its signature and its docstring Gradio makes the API's parameters and description.
    """
    rows = fields_of(call)

    def called(*values: Any) -> Iterator[Values]:
        *given, request = values
        yield from fn({row.name: value for row, value in zip(rows, given, strict=True)}, request)

    stream = generator_of(called)
    asker = Parameter("request", Parameter.POSITIONAL_OR_KEYWORD, default=NOBODY, annotation=gr.Request)
    stream.__name__ = fn.__name__
    stream.__signature__ = Signature([*map(_parameter, rows), asker])
    stream.__annotations__ = {"request": gr.Request}
    stream.__doc__ = "\n".join([fn.__doc__ or "", "", "Args:", *(f"    {row.name}: {row.help}" for row in rows)])
    return stream


def add_endpoint(
    fn: Callable[..., Any], inputs: Sequence[Component], outputs: Sequence[Component], queue: Mapping[str, Any] = QUEUE
) -> None:
    """Lets clients call what the page does not; the endpoint has the function's name. queue: whom it waits for."""
    button = gr.Button(fn.__name__, visible=False)
    button.click(fn, list(inputs), list(outputs), api_name=fn.__name__, **queue)


def _parameter(row: Field) -> Parameter:
    annotation = "object | None" if row.may_lack else "object"
    return Parameter(row.name, Parameter.POSITIONAL_OR_KEYWORD, default=row.widget.value, annotation=annotation)
