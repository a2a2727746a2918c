"""Links that fill in what was asked: the words, numbers and choices of FIELDS in the address itself.

Nothing is kept on the server, and no file goes into a link, so that whoever opens one sees nothing of anybody's visit;
what an address brings is checked as if it had been typed, and starts nothing. (Gradio's own deep links keep all that a
page shows, uploads and what was built among them, in a file that anybody with the address reads: they stay off.)
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from typing import Any
from urllib.parse import parse_qs, urlencode

from gen3d.errors import InputError
from gen3d.settings import PRESETS
from gen3d.ui.core.fields import FIELDS, Field
from gen3d.ui.core.parse import LONGEST_PROMPT

LINKED = tuple(row for row in FIELDS if row.widget.kind not in ("photo", "file", "hidden"))
"""What a link says."""
LONGEST = 8000
"""Of an address's query; what is longer says nothing."""
LARGEST = 2**53


def link_of(values: Mapping[str, Any]) -> str:
    """The query that fills in these values, without what is as it is at first; names as in FIELDS."""
    told = {row.name: values.get(row.name) for row in LINKED}
    usual = {row.name: row.widget.value for row in LINKED}
    given = {name: _text(value) for name, value in told.items() if value not in (None, "", usual[name])}
    return f"?{urlencode(given)}" if given else ""


def filled_in(query: str, paths: Collection[str]) -> dict[str, Any]:
    """What a query fills in, by the names of FIELDS; what is none of its values is left out.

    paths: the camera paths that there are.
    """
    if len(query) > LONGEST:
        return {}
    given = parse_qs(query.removeprefix("?"), max_num_fields=100)
    found = {row.name: _value(row, given[row.name][-1], paths) for row in LINKED if row.name in given}
    return {name: value for name, value in found.items() if value is not None}


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:.12g}" if isinstance(value, float) else str(value)


def _value(row: Field, text: str, paths: Collection[str]) -> Any:
    """None for what it cannot be."""
    try:
        value = _of_kind(row, text, paths)
        if value is not None:
            row.parse(value, row.name)
        return value
    except (InputError, ValueError):
        return None


def _of_kind(row: Field, text: str, paths: Collection[str]) -> Any:
    match row.widget.kind:
        case "number" | "whole":
            value = float(text)
            usable = math.isfinite(value) and abs(value) <= LARGEST
            return (int(value) if value == int(value) else value) if usable else None
        case "flag":
            return {"true": True, "false": False}.get(text)
        case "text":
            return text if len(text) <= LONGEST_PROMPT and text.isprintable() else None
        case "list":
            return text if text in paths else None
        case "choice":
            known = [one[1] if isinstance(one, tuple) else one for one in row.widget.choices] or list(PRESETS)
            return text if text in known else None
    return None
