"""The rows of a manifest, a CSV or JSONL file: a scene each, by columns that are named as `COLUMNS` has them.

A text file is a list of sentences, one a line.

A row that cannot be meant is a fault with its line, and never ends the reading. Lines count from 1, as editors count
them; a CSV row that goes over several lines has the number of its first.
"""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from gen3d.errors import Gen3DError, InputError

LARGEST_SEED = 2**63 - 1
LONGEST_LINE = 1 << 20
"""Characters."""
FOV_DEG = (1.0, 179.0)


@dataclass(frozen=True, slots=True)
class Row:
    """What a line says: values by their column, or why it says nothing."""

    line: int
    values: Mapping[str, Any]
    wrong: InputError | None = None


def rows_of(content: bytes, ending: str) -> Iterator[Row]:
    """The rows of a manifest of an ending in `READERS`; InputError where there is no head or no column needed."""
    yield from READERS[ending](content.removeprefix(b"\xef\xbb\xbf"))


def _sentences(content: bytes) -> Iterator[Row]:
    for line, told in enumerate(content.split(b"\n"), 1):
        if told.strip():
            yield _parsed(line, lambda told=told: {"prompt": told.decode("utf-8", "replace").strip()})


def _json_rows(content: bytes) -> Iterator[Row]:
    for line, told in enumerate(content.split(b"\n"), 1):
        if told.strip():
            yield _parsed(line, lambda told=told: _json_values(told))


def _json_values(told: bytes) -> dict[str, Any]:
    try:
        values = json.loads(told)
    except (ValueError, RecursionError) as error:  # also of bytes that are not UTF-8
        raise InputError(f"The line is no JSON ({_short(error)}).", "Write one object a line.") from None
    if not isinstance(values, dict):
        raise InputError(f"The line is {_kind(values)}, not an object.", 'Write {"photo": "a.jpg"} and the like.')
    return {key: value for key, value in values.items() if value is not None}


def _csv_rows(content: bytes) -> Iterator[Row]:
    lines = _Lines(content)
    reader = csv.reader(lines, strict=True)
    head: list[str] | None = None
    while True:
        first = lines.read + 1
        lines.damaged = False
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield Row(first, {}, InputError(f"The row is no CSV ({_short(error)}).", "Close its quotes."))
            reader = csv.reader(lines, strict=True)
            continue
        if not any(cell.strip() for cell in cells):
            continue
        if head is None:
            head = [cell.strip().lower() for cell in cells]
            _check_head(head)
            continue
        damaged = lines.damaged
        yield _parsed(first, lambda cells=cells, head=head, damaged=damaged: _csv_values(head, cells, damaged))


class _Lines:
    """The lines of a file, decoded, and how many were read."""

    def __init__(self, content: bytes) -> None:
        self._lines = iter(content.splitlines(keepends=True))
        self.read, self.damaged = 0, False

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        told = next(self._lines)
        self.read += 1
        try:
            return told.decode("utf-8").replace("\0", "\ufffd")
        except UnicodeDecodeError:
            self.damaged = True
            return told.decode("utf-8", errors="replace")


def _check_head(head: list[str]) -> None:
    if twice := next((name for name in head if name and head.count(name) > 1), None):
        raise InputError(f"The manifest has two columns {twice!r}.", "Name each column once.")
    if not {"photo", "prompt"} & {ALIASES.get(name, name) for name in head}:
        raise InputError(
            f"The manifest's first line names no column photo or prompt: {', '.join(head)[:80]}.",
            "Begin it with the names of its columns, as photo,depth,fov.",
        )


def _csv_values(head: list[str], cells: list[str], damaged: bool) -> dict[str, str]:
    if damaged:
        raise InputError("The row holds bytes that are no UTF-8.", "Save the manifest as UTF-8.")
    if len(cells) != len(head):
        raise InputError(
            f"The row has {len(cells)} cells, and there are {len(head)} columns.",
            "Quote what holds a comma, and leave empty what is not said.",
        )
    return {name: cell.strip() for name, cell in zip(head, cells, strict=True) if name and cell.strip()}


def _parsed(line: int, values: Callable[[], dict[str, Any]]) -> Row:
    """With every value as its column has it; the first that is none makes the row a fault."""
    told: dict[str, Any] = {}
    try:
        told = {ALIASES.get(key.lower(), key.lower()): value for key, value in values().items()}
        return Row(line, {key: COLUMNS[key](key, value) if key in COLUMNS else value for key, value in told.items()})
    except Gen3DError as error:
        return Row(line, {k: v for k, v in told.items() if isinstance(v, str)}, InputError(error.what, error.remedy))


def _text(column: str, value: Any) -> str:
    if not isinstance(value, str) or not value.strip():
        raise InputError(f"{column} is {_kind(value)}, not a text.", "Write it in quotes.")
    if any(ord(c) < 32 or c == "\ufffd" or "\ud800" <= c <= "\udfff" for c in value) or len(value) > LONGEST_LINE:
        raise InputError(f"{column} holds something that is no character.", "Write it anew as UTF-8.")
    return value.strip()


def _number(column: str, value: Any) -> float:
    try:
        found = float(value) if isinstance(value, int | float | str) and not isinstance(value, bool) else math.nan
    except (ValueError, OverflowError):
        found = math.nan
    if not math.isfinite(found):
        raise InputError(f"{column} is {str(value)[:40]!r}, which is no number.", "Give a number.")
    return found


def _fov(column: str, value: Any) -> float:
    found = _number(column, value)
    if not FOV_DEG[0] <= found <= FOV_DEG[1]:
        raise InputError(f"{column} is {found:g} degrees.", f"Give {FOV_DEG[0]:g} to {FOV_DEG[1]:g}.")
    return found


def _scale(column: str, value: Any) -> float:
    found = _number(column, value)
    if found <= 0:
        raise InputError(f"{column} is {found:g}.", "Give a number above 0: the depth file's units per metre.")
    return found


def _whole(column: str, value: Any) -> int:
    found = _number(column, value)
    if found != int(found) or not 0 <= found <= LARGEST_SEED:
        raise InputError(f"{column} is {str(value)[:40]}.", "Give a whole number from 0 on.")
    return int(value) if isinstance(value, int | str) and str(value).strip().isdecimal() else int(found)


def _preset(column: str, value: Any) -> str:
    from gen3d.settings import settings_of

    return settings_of(_text(column, value)).preset


def _size(column: str, value: Any) -> int:
    from gen3d.settings import settings_of

    return settings_of("balanced", _whole(column, value)).size_px or 0


def _four(column: str, value: Any) -> tuple[float, ...]:
    parts = value if isinstance(value, list) else str(value).replace(";", " ").replace(",", " ").split()
    if len(parts) != 4:
        raise InputError(f"{column} is {str(value)[:40]!r}.", "Give four numbers: fx, fy, cx, cy in pixels.")
    return tuple(_number(column, part) for part in parts)


READERS: dict[str, Callable[[bytes], Iterator[Row]]] = {
    ".csv": _csv_rows, ".jsonl": _json_rows, ".ndjson": _json_rows, ".txt": _sentences,
}  # fmt: skip
"""Ending of a manifest's name -> what reads its rows."""
ALIASES = {"image": "photo", "fov_deg": "fov", "license": "licence", "size_px": "size"}
"""Other names of columns."""
COLUMNS: dict[str, Callable[[str, Any], Any]] = {
    "photo": _text, "depth": _text, "depth_scale": _scale, "prompt": _text, "fov": _fov, "intrinsics": _four,
    "preset": _preset, "path": _text, "seed": _whole, "size": _size, "name": _text, "licence": _text,
}  # fmt: skip
"""Column -> how its values are taken."""


def _kind(value: Any) -> str:
    kinds = {bool: "true or false", int: "a number", float: "a number", list: "a list", dict: "an object", str: "empty"}
    return kinds.get(type(value), "nothing")


def _short(error: Exception) -> str:
    return " ".join(str(error).split())[:80].rstrip(".")
