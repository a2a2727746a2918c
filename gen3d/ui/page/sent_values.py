"""What a call may bring for each input: of the kind that the page's component gives, finite, and not too long.

A client may send anything for anything. What a component or a function of the page would trip over is refused here, in
one sentence that names the argument; what is of the right kind, and merely impossible, is for the functions to tell.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import gradio as gr
from gradio.blocks import Block

from gen3d.errors import InputError
from gen3d.ui.core import filming, stands
from gen3d.ui.core.fields import later
from gen3d.ui.core.parse import LONGEST_PROMPT

LARGEST = 2**53
"""Beyond it a number of JavaScript's is none of its neighbours for sure."""
DEEPEST, MOST = 8, 10_000
"""Of a value of JSON: lists within lists, and values in all."""
SHOWN = 40
"""So many characters of a wrong value are repeated."""

Check = Callable[[Any, Block, str], None]
"""(value, component, name of the argument) -> None; raises InputError."""


def with_later(block_fn: Any, inputs: list[Any]) -> list[Any]:
    """What a client sent, with the values of those at the end that endpoints took on later.

    A call by position from before does not bring them.
    """
    known = later() | stands.LATER | filming.LATER
    return [*inputs, *(known[name] for name in _names(block_fn)[len(inputs) :] if name in known)]


def check_values(block_fn: Any, inputs: Any, state: Any) -> None:
    """Raises InputError, naming the argument, where what a client sent is not what the inputs of a function take.

    inputs: as they came in JSON. state: Gradio's of the visit, which may hold changed components, or None.
    """
    blocks = block_fn.inputs
    if not isinstance(inputs, list) or len(inputs) < len(blocks):
        raise InputError(f"{len(blocks)} values are needed here.", "Send them in the list \"data\", null for none.")
    names, may_lack = _names(block_fn), _optional(block_fn)
    _check_json(inputs, names)
    for name, block, value in zip(names, blocks, inputs, strict=False):
        if block.stateful:
            _check_state(block, state)
        elif value is None:
            if name not in may_lack:
                raise InputError(f"{name}: nothing was given.", "Give one.", name)
        else:
            now = state[block._id] if state is not None and block._id in state else block
            _check_of(now)(value, now, name)


def check_event(block_fn: Any, values: Sequence[Any]) -> None:
    """Raises InputError where a function wants to know which place was pressed, and the client named none.

    values: among them the `gr.EventData`.
    """
    if not block_fn.collects_event_data:
        return
    data = next((value._data for value in values if isinstance(value, gr.EventData)), None)
    match data:
        case {"index": [x, y], "value": _} if _is_number(x) and _is_number(y):
            return
    raise InputError("No place in the picture was named.", "Click into it.")


def _check_state(block: Block, state: Any) -> None:
    """A function that goes on with what an earlier one has left needs it."""
    if state is None or state[block._id] is None:
        raise InputError("Nothing waits for you here.", "Press Build.")


def _check_text(value: Any, block: Block, name: str) -> None:
    if not isinstance(value, str):
        raise _wrong(name, value, "no text")
    longest = getattr(block, "max_length", None) or LONGEST_PROMPT
    if len(value) > longest:
        raise InputError(f"{name}: The text has {len(value)} characters.", f"Use at most {longest}.", name)


def _check_number(value: Any, block: Block, name: str) -> None:
    if not _is_number(value) or abs(value) > LARGEST:
        raise _wrong(name, value, "no number that can be used")


def _check_slider(value: Any, block: Block, name: str) -> None:
    _check_number(value, block, name)
    if not block.minimum <= value <= block.maximum:
        raise InputError(f"{name}: {value:g} is not possible.", f"Use {block.minimum:g} to {block.maximum:g}.", name)


def _check_yes_or_no(value: Any, block: Block, name: str) -> None:
    if not isinstance(value, bool):
        raise _wrong(name, value, "neither true nor false")


def _check_choice(value: Any, block: Block, name: str) -> None:
    _check_among([value], block, name)


def _check_choices(value: Any, block: Block, name: str) -> None:
    if not isinstance(value, list):
        raise _wrong(name, value, "no list")
    _check_among(value, block, name)


def _check_among(values: list[Any], block: Block, name: str) -> None:
    """A value of another kind is none of them: 1.0 and True are not the choice 1."""
    choices = [value for _, value in block.choices]
    for value in values:
        if not any(type(value) is type(choice) and value == choice for choice in choices):
            among = ", ".join(map(str, choices)) or "nothing, as there are none now"
            raise InputError(f"{name}: {_short(value)} is not in the list of choices.", f"Choose {among}.", name)


def _check_place(value: Any, block: Block, name: str) -> None:
    """Of an example, by its number."""
    if type(value) is not int or not 0 <= value < len(block.samples):
        last = len(block.samples) - 1
        raise InputError(f"{name}: {_short(value)} is no example.", f"Use 0 to {last}.", name)


def _check_file(value: Any, block: Block, name: str) -> None:
    """Whose file it is was looked at before."""
    if not isinstance(value, dict) or not isinstance(value.get("path"), str) or not value["path"]:
        raise _wrong(name, value, "no file")
    try:
        block.data_model.model_validate(value, context={"validate_meta": isinstance(block, gr.File)})
    except Exception:  # pydantic's, whose words are a programmer's
        raise _wrong(name, value, "no file as this page sends it") from None


def _check_nothing(value: Any, block: Block, name: str) -> None:
    """JSON of any kind, for its function to look at."""


CHECKS: dict[type, Check] = {
    gr.Textbox: _check_text,
    gr.Slider: _check_slider,
    gr.Number: _check_number,
    gr.Checkbox: _check_yes_or_no,
    gr.CheckboxGroup: _check_choices,
    gr.Radio: _check_choice,
    gr.Dropdown: _check_choice,
    gr.Dataset: _check_place,
    gr.File: _check_file,
    gr.Image: _check_file,
    gr.JSON: _check_nothing,
}
"""Every kind of input that the page has; tests/test_odd_values.py sees to that."""


def _check_of(block: Block) -> Check:
    found = next((check for kind, check in CHECKS.items() if isinstance(block, kind)), None)
    if found is None:
        raise TypeError(f"sent_values.CHECKS has no row for {type(block).__name__}")
    return found


def _check_json(inputs: list[Any], names: Sequence[str]) -> None:
    """No value may be too deep or too large for whoever walks through it, nor hold half a character."""
    for name, value in zip([*names, *["data"] * len(inputs)], inputs, strict=False):
        for n, (depth, one) in enumerate(_walked(value)):
            if depth > DEEPEST or n > MOST:
                raise InputError(f"{name}: the value is too deep or too long.", "Send less.", name)
            if isinstance(one, str) and any("\ud800" <= letter <= "\udfff" for letter in one):
                raise InputError(f"{name}: half a character (a lone surrogate) is in it.", "Write it anew.", name)


def _walked(value: Any) -> Iterator[tuple[int, Any]]:
    waiting = [(0, value)]
    while waiting:
        depth, one = waiting.pop()
        yield depth, one
        parts = (*one.keys(), *one.values()) if isinstance(one, dict) else one if isinstance(one, list) else ()
        waiting += [(depth + 1, part) for part in parts]


def _names(block_fn: Any) -> list[str]:
    """Of the arguments, in the order of the inputs: as the function has them, else as the page does."""
    own = [*block_fn.input_parameter_names, *[None] * len(block_fn.inputs)]
    return [name or getattr(block, "label", None) or "value" for name, block in zip(own, block_fn.inputs, strict=False)]


def _optional(block_fn: Any) -> set[str]:
    """The arguments that may lack: those that say so or have None for their default, or say nothing."""
    parameters = inspect.signature(block_fn.fn).parameters if block_fn.fn else {}
    needed = {
        name for name, one in parameters.items()
        if one.annotation is not one.empty and "None" not in str(one.annotation) and one.default is not None
    }  # fmt: skip
    return set(_names(block_fn)) - needed


def _is_number(value: Any) -> bool:
    """A finite one; a whole one may have any number of digits."""
    return isinstance(value, int | float) and not isinstance(value, bool) and -math.inf < value < math.inf


def _wrong(name: str, value: Any, what: str) -> InputError:
    return InputError(f"{name}: {_short(value)} is {what}.", "Give what the page gives, or null.", name)


def _short(value: Any) -> str:
    """The beginning of a wrong value, without writing out all of a long one."""
    if isinstance(value, int) and abs(value) > LARGEST:
        return "a number of so many digits"
    if isinstance(value, dict | list):
        return "a list" if isinstance(value, list) else "a dictionary"
    return repr(value[:SHOWN]) if isinstance(value, str) else str(value)
