"""edits.json: what somebody wants otherwise in a scene, kept beside it; `gen3d/edits.py` says what each edit does.

A list of edits, [{"op": "move", "thing": 1, "by": [0.5, 0, 0]}, ...], or the same with what was undone last and can be
done again: {"edits": [...], "undone": [...]}. A thing is meant by its number or by its name. Metres, degrees; colours
from 0 to 1 or as "#c08040".
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from gen3d.edits import OPS, Edit, Vector
from gen3d.errors import InputError
from gen3d.formats.whole import MB, check_file, refusing, write_whole
from gen3d.values import LAST_THING

LARGEST_BYTES = 4 * MB
MOST = 10_000
"""Edits of one scene."""
FARTHEST = 1e6
"""Metres; what is to go farther is a slip of the keyboard."""
LARGEST, SMALLEST = 1e3, 1e-3
"""Factors."""
LONGEST_NAME, LONGEST_WORDS, LONGEST_FILE = 80, 300, 400
BRIGHTEST = 4.0
"""How many times as bright light may make what is brought in."""
BRING = "bring in"
_AGAIN = 'Write it as in [{"op": "move", "thing": 1, "by": [0.5, 0, 0]}].'
_KEYS: dict[str, tuple[str, ...]] = {
    "hide": (), "show": (), "remove": ("fill",), "move": ("by",), "turn": ("deg", "axis", "at"), "scale": ("by", "at"),
    "duplicate": ("by", "as", "name"), "tint": ("rgb", "strength"),
    "rename": ("name",), "drop": ("shadow",),
    "bring in": ("file", "words", "as", "name", "at", "deg", "size_m", "depth_m", "light", "shadow"),
}  # fmt: skip
_NEEDED: dict[str, tuple[str, ...]] = {
    "move": ("by",), "turn": ("deg",), "scale": ("by",), "tint": ("rgb",), "rename": ("name",),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Edits:
    """The edits of a scene, and those that were undone, the last one first."""

    done: tuple[Edit, ...] = ()
    undone: tuple[Edit, ...] = ()

    def and_then(self, edit: Edit) -> Edits:
        """With one more; what was undone cannot be done again after that."""
        return Edits((*self.done, edit))

    def undo(self) -> Edits:
        """Without the last; as it is where there is none."""
        return self if not self.done else Edits(self.done[:-1], (self.done[-1], *self.undone))

    def redo(self) -> Edits:
        """With what was undone last; as it is where nothing was."""
        return self if not self.undone else Edits((*self.done, self.undone[0]), self.undone[1:])


def read_edits(path: Path, names: Mapping[str, int] | None = None) -> Edits:
    """What a file says. names: things by their names. Raises InputError for what is no list of edits."""
    check_file(path, LARGEST_BYTES, _AGAIN)
    with refusing(f"{path.name} is no JSON that can be read.", _AGAIN):
        found = json.loads(path.read_text(encoding="utf-8"))
    return parse_edits(found, path.name, names)


def parse_edits(found: Any, file: str = "edits.json", names: Mapping[str, int] | None = None) -> Edits:
    """The same of what JSON holds."""
    if isinstance(found, list):
        found = {"edits": found}
    if not isinstance(found, dict) or not isinstance(found.get("edits"), list):
        raise InputError(f"{file} holds no list of edits.", _AGAIN)
    done, undone = found["edits"], found.get("undone", [])
    if not isinstance(undone, list) or len(done) + len(undone) > MOST:
        raise InputError(f"{file} holds more than {MOST} edits, or what was undone is no list.", "Leave some out.")
    return Edits(*(tuple(_parsed(one, f"Edit {i} of {file}", names or {}) for i, one in enumerate(some, 1))
                   for some in (done, undone)))  # fmt: skip


def write_edits(path: Path, edits: Edits) -> None:
    """Whole or not at all; the same edits give the same bytes."""
    text = {"edits": [as_json(edit) for edit in edits.done], "undone": [as_json(edit) for edit in edits.undone]}
    with write_whole(path) as temporary:
        temporary.write_text(json.dumps(text, indent=1) + "\n", encoding="utf-8")


def as_json(edit: Edit) -> dict[str, Any]:
    """One edit as the file has it."""
    values = {
        "by": edit.factor if edit.op == "scale" else list(edit.by), "deg": edit.deg, "axis": _or_none(edit.axis),
        "at": _or_none(edit.at),
        "rgb": list(edit.rgb), "strength": edit.strength, "as": edit.new, "name": edit.name or None,
        "fill": edit.fill or None, "file": edit.file or None, "words": edit.words or None, "size_m": edit.size_m,
        "depth_m": edit.depth_m, "light": _or_none(edit.light), "shadow": edit.shadow,
    }  # fmt: skip
    said = {key: values[key] for key in _KEYS[edit.op] if values[key] is not None}
    return {"op": edit.op, **({} if edit.op == BRING else {"thing": edit.thing}), **said}


def _or_none(vector: Vector | None) -> list[float] | None:
    return None if vector is None else list(vector)


def _parsed(one: Any, where: str, names: Mapping[str, int]) -> Edit:
    if isinstance(one, dict) and one.get("op") == BRING.replace(" ", "_"):
        one = one | {"op": BRING}
    if not isinstance(one, dict) or not isinstance(one.get("op"), str) or one["op"] not in OPS:
        raise InputError(f"{where} does not say what to do.", f'Give "op", one of {", ".join(OPS)}.')
    op = one["op"]
    whose = () if op == BRING else ("thing",)
    allowed = ("op", *whose, *_KEYS[op])
    if unknown := next((key for key in one if key not in allowed), None):
        what = f"{where} says {str(unknown)[:40]!r}, which {op} does not take."
        raise InputError(what, f"It takes {_list(allowed)}.")
    if missing := next((key for key in (*whose, *_NEEDED.get(op, ())) if key not in one), None):
        raise InputError(f'{where} does not say "{missing}".', f"{op} needs it.")
    if op == BRING and ("file" in one) == ("words" in one):
        raise InputError(f"{where} does not say what to bring in, or says it twice.", 'Give either "file" or "words".')
    edit = Edit(op) if op == BRING else Edit(op, _thing(one["thing"], where, names))
    for key in one:
        if key in _READ:
            field, read = _READ[key] if not (op == "scale" and key == "by") else ("factor", _factor)
            edit = replace(edit, **{field: read(one[key], where)})
    return edit


def _thing(value: Any, where: str, names: Mapping[str, int]) -> int:
    if isinstance(value, str) and value in names:
        return names[value]
    if isinstance(value, int) and not isinstance(value, bool) and 0 < value <= LAST_THING:
        return value
    known = f", or a name: {_list(list(names)[:12])}" if names else ""
    raise InputError(f"{where} means a thing {str(value)[:40]!r}, which is none here.", f"Give its number{known}.")


def _list(words: Any) -> str:
    return ", ".join(map(str, words))


def _number(low: float, high: float) -> Callable[[Any, str], float]:
    def read(value: Any, where: str) -> float:
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        if not is_number or not math.isfinite(value) or not low <= value <= high:
            raise InputError(f"{where} gives {str(value)[:40]!r} for a number.", f"Give one from {low:g} to {high:g}.")
        return float(value)

    return read


def _vector(value: Any, where: str) -> Vector:
    if not isinstance(value, list) or len(value) != 3:
        raise InputError(f"{where} gives {str(value)[:40]!r} for a place or a way.", "Give [x, y, z] in metres.")
    x, y, z = (_number(-FARTHEST, FARTHEST)(part, where) for part in value)
    return x, y, z


def _axis(value: Any, where: str) -> Vector:
    axis = _vector(value, where)
    if math.hypot(*axis) < 1 / FARTHEST:
        raise InputError(f"{where} turns about an axis of no length.", "Give one as [0, -1, 0], or none for upright.")
    return axis


def _colour(value: Any, where: str) -> Vector:
    if isinstance(value, str) and re.fullmatch("#[0-9a-fA-F]{6}", value):
        r, g, b = (part / 255 for part in bytes.fromhex(value[1:]))
        return r, g, b
    if not isinstance(value, list) or len(value) != 3:
        what = f"{where} gives {str(value)[:40]!r} for a colour."
        raise InputError(what, 'Give [r, g, b] from 0 to 1, or "#c08040".')
    r, g, b = (_number(0.0, 1.0)(part, where) for part in value)
    return r, g, b


def _number_of_thing(value: Any, where: str) -> int:
    return _thing(value, where, {})


def name_of_thing(value: Any, where: str) -> str:
    """A name that fits into one line."""
    if not isinstance(value, str) or not value.strip() or len(value) > LONGEST_NAME or not value.isprintable():
        raise InputError(f"{where} gives {str(value)[:40]!r} for a name.", f"Give up to {LONGEST_NAME} letters.")
    return value.strip()


def _flag(value: Any, where: str) -> bool:
    if not isinstance(value, bool):
        raise InputError(f"{where} gives {str(value)[:40]!r} for yes or no.", "Give true or false.")
    return value


def _words(longest: int, what: str) -> Callable[[Any, str], str]:
    def read(value: Any, where: str) -> str:
        if not isinstance(value, str) or not value.strip() or len(value) > longest or not value.isprintable():
            raise InputError(f"{where} gives {str(value)[:40]!r} for {what}.", f"Give up to {longest} letters.")
        return value.strip()

    return read


def _light(value: Any, where: str) -> Vector:
    if not isinstance(value, list) or len(value) != 3:
        raise InputError(f"{where} gives {str(value)[:40]!r} for light.", "Give [r, g, b], 1 for as it is.")
    r, g, b = (_number(0.0, BRIGHTEST)(part, where) for part in value)
    return r, g, b


_factor = _number(SMALLEST, LARGEST)
_READ: dict[str, tuple[str, Callable[[Any, str], Any]]] = {
    "by": ("by", _vector), "deg": ("deg", _number(-36000.0, 36000.0)), "axis": ("axis", _axis), "at": ("at", _vector),
    "rgb": ("rgb", _colour), "strength": ("strength", _number(0.0, 1.0)), "as": ("new", _number_of_thing),
    "name": ("name", name_of_thing), "fill": ("fill", _flag),
    "file": ("file", _words(LONGEST_FILE, "the name of a file")), "words": ("words", _words(LONGEST_WORDS, "words")),
    "size_m": ("size_m", _number(SMALLEST, LARGEST)), "depth_m": ("depth_m", _number(SMALLEST, FARTHEST)),
    "light": ("light", _light), "shadow": ("shadow", _flag),
}  # fmt: skip
