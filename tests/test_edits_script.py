"""What the viewer makes of a list of edits, against what everything else makes of it: in Node.js, without a browser."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from gen3d.edits import Plane, disc_under, instances
from gen3d.errors import InputError
from gen3d.formats.edits_file import parse_edits
from gen3d.formats.things_file import names_of
from tests.drawn import in_script
from tests.test_edits import ALL, BAD

FILES = ("path.js", "edits.js")
TOLD = {"up": [0.1, -0.9, 0.2], "ground": None, "things": [
    {"id": 1, "name": "chair", "foot": [0.0, 1.0, 3.0]}, {"id": 2, "name": "lamp", "foot": [1.0, 1.0, 4.0]},
    {"id": 4, "name": "chair", "foot": [0.5, 1.0, 4.0]},
]}  # fmt: skip
FEET = {thing["id"]: np.array(thing["foot"]) for thing in TOLD["things"]}
MANY: list[dict[str, Any]] = [
    {"op": "move", "thing": 1, "by": [0.5, 0, -0.2]}, {"op": "turn", "thing": 1, "deg": 30},
    {"op": "scale", "thing": 1, "by": 1.5}, {"op": "duplicate", "thing": 1, "by": [1, 0, 0]},
    {"op": "turn", "thing": 5, "deg": -75, "axis": [1, 2, 3], "at": [0.3, 0, 1]}, {"op": "remove", "thing": 1},
    {"op": "tint", "thing": 5, "rgb": [1, 0.5, 0], "strength": 0.4}, {"op": "tint", "thing": 5, "rgb": "#2040ff"},
    {"op": "scale", "thing": "lamp", "by": 0.7, "at": [0, 0, 0]}, {"op": "hide", "thing": 2},
    {"op": "duplicate", "thing": 2, "by": [0, 0, 1], "as": 9, "name": "twin"}, {"op": "show", "thing": 9},
    {"op": "rename", "thing": 4, "name": "stool"}, {"op": "duplicate", "thing": 4},
]  # fmt: skip


def test_every_thing_goes_where_it_goes_for_everybody_else(tmp_path):
    meant = instances(parse_edits(MANY, names=names_of(TOLD)).done, FEET, TOLD["up"])
    made = "[...instancesOf(editsFrom(given.text, given.told).done, given.told)]"
    found = dict(in_script(tmp_path, FILES, made, {"text": json.dumps(MANY), "told": TOLD}))
    assert list(found) == list(meant)
    for number, thing in meant.items():
        one = found[number]
        assert one["of"] == thing.of and one["hidden"] == thing.hidden and thing.name in ("", one["name"])
        assert np.allclose(one["matrix"], thing.matrix[:3], atol=1e-9)
        assert np.allclose(one["foot"], thing.foot, atol=1e-9)
        assert np.allclose(one["colour"], thing.colour, atol=1e-9)
    assert found[4]["name"] == "stool" and found[10]["name"] == "chair, copy 10"


BROUGHT = [
    {"op": "bring in", "file": "brought/a.splats.glb", "at": [0.3, 1, 2], "size_m": 0.5, "light": [1, 0.9, 0.8],
     "deg": 40},
    {"op": "bring in", "file": "brought/a.splats.glb", "at": [0, 1, 4], "size_m": 2, "light": [1, 1, 1], "as": 8,
     "name": "crate", "shadow": False},
    {"op": "turn", "thing": 5, "deg": 20}, {"op": "move", "thing": 5, "by": [0, -1, 0]},
    {"op": "duplicate", "thing": 5, "by": [1, 0, 0]}, {"op": "move", "thing": 1, "by": [0, -0.5, 0]},
    {"op": "drop", "thing": 1}, {"op": "drop", "thing": 2, "shadow": False},
    {"op": "tint", "thing": 8, "rgb": "#2040ff"},
]  # fmt: skip
UP = [0.1, -0.9, 0.2]
GROUND = {"normal": [x / 0.927361849549570 for x in UP], "offset": -1.2}
FOOTPRINT = [[-0.4, 0.0, -0.1], [0.5, 0.0, -0.1], [0.3, 0.0, 0.4]]


def test_what_is_brought_in_and_dropped_and_its_shadow_are_where_they_are_for_everybody_else(tmp_path):
    told = {**TOLD, "ground": GROUND, "brought": [{"id": "brought/a.splats.glb", "name": "a"}]}
    ground = Plane(np.array(GROUND["normal"]), GROUND["offset"])
    meant = instances(parse_edits(BROUGHT, names=names_of(TOLD)).done, FEET, UP, ground)
    made = """[...instancesOf(editsFrom(given.text, given.told).done, given.told)].map(([n, one]) =>
        [n, {...one, disc: discUnder(one, given.footprint, given.told.up)}])"""
    found = dict(in_script(tmp_path, FILES, made, {"text": json.dumps(BROUGHT), "told": told, "footprint": FOOTPRINT}))
    assert list(found) == list(meant) and found[5]["of"] == "brought/a.splats.glb" and found[8]["name"] == "crate"
    for number, thing in meant.items():
        one, disc = found[number], disc_under(thing, np.array(FOOTPRINT), UP)
        assert np.allclose(one["matrix"], thing.matrix[:3], atol=1e-9) and np.allclose(one["colour"], thing.colour)
        assert (one["shadow"] is None) == (thing.shadow is None) == (disc is None) == (one["disc"] is None)
        if disc is not None:
            assert np.isclose(one["shadow"], thing.shadow) and np.allclose(one["disc"], disc[:3], atol=1e-9)
    assert {n for n, thing in meant.items() if thing.shadow is not None} == {1, 5, 9}


def test_what_the_viewer_does_not_hold_cannot_be_brought_in_there(tmp_path):
    [told] = in_script(tmp_path, FILES, REFUSED, {"texts": [json.dumps(BROUGHT)], "told": {**TOLD, "ground": GROUND}})
    assert "is not here" in told


def test_what_it_saves_is_read_by_everybody_else(tmp_path):
    edits = [edit for edit in ALL if edit.get("as") != 9]
    kept = "(({done, undone}) => asEditsFile(done, undone))(editsFrom(given.text, given.told))"
    text = in_script(tmp_path, FILES, kept, {"text": json.dumps({"edits": [], "undone": edits[:1]}), "told": TOLD})
    assert parse_edits(json.loads(text)).undone == parse_edits(edits[:1]).done


REFUSED = """given.texts.map(text => {
    try { editsFrom(text, given.told); return '' } catch (error) { return error.message || 'refused' }
})"""


def test_what_is_no_edit_for_others_is_none_here(tmp_path):
    found = in_script(tmp_path, FILES, REFUSED, {"texts": BAD, "told": TOLD})
    assert [text for text, told in zip(BAD, found, strict=True) if not told] == []


def test_a_name_is_one_line_for_both(tmp_path):
    names = ["chair", "old\u00a0oak", "two\nlines", "a" * 81, "", " ", "Tür 3", "\u200bzero", "椅子"]
    texts = [json.dumps([{"op": "rename", "thing": 1, "name": name}]) for name in names]
    here = [not told for told in in_script(tmp_path, FILES, REFUSED, {"texts": texts, "told": TOLD})]
    assert here == [_is_taken(json.loads(text)) for text in texts]


def _is_taken(edits: list[dict[str, Any]]) -> bool:
    try:
        return bool(parse_edits(edits).done)
    except InputError:
        return False


def test_edits_of_what_is_not_there_are_refused_by_both(tmp_path):
    absent: list[list[dict[str, Any]]] = [
        [{"op": "move", "thing": 7, "by": [0, 0, 0]}], [{"op": "remove", "thing": 1}, {"op": "hide", "thing": 1}],
        [{"op": "duplicate", "thing": 1, "as": 2}], [{"op": "hide", "thing": "chair"}],
    ]  # fmt: skip
    found = in_script(tmp_path, FILES, REFUSED, {"texts": [json.dumps(edits) for edits in absent], "told": TOLD})
    assert all("edit" in told for told in found)
    for edits in absent:
        with pytest.raises(InputError):
            instances(parse_edits(edits, names=names_of(TOLD)).done, FEET)


def test_two_steps_of_a_kind_are_the_edit_that_does_both(tmp_path):
    pairs = [[{"op": "move", "thing": 1, "by": [1, 2, 3]}, {"op": "move", "thing": 1, "by": [0, 1, 0]}],
             [{"op": "turn", "thing": 1, "deg": 20}, {"op": "turn", "thing": 1, "deg": -50}],
             [{"op": "scale", "thing": 1, "by": 2}, {"op": "scale", "thing": 1, "by": 0.25}]]  # fmt: skip
    joined = in_script(tmp_path, FILES, "given.map(([a, b]) => joinedEdits(a, b))", pairs)
    for pair, one in zip(pairs, joined, strict=True):
        both, single = (instances(parse_edits(edits).done, FEET)[1] for edits in (pair, [one]))
        assert np.allclose(both.matrix, single.matrix) and np.allclose(both.foot, single.foot)
    other = [[{"op": "move", "thing": 1, "by": [1, 2, 3]}, {"op": "move", "thing": 2, "by": [0, 1, 0]}],
             [{"op": "turn", "thing": 1, "deg": 5, "axis": [1, 0, 0]},
              {"op": "turn", "thing": 1, "deg": 5}]]  # fmt: skip
    assert in_script(tmp_path, FILES, "given.map(([a, b]) => joinedEdits(a, b))", other) == [None, None]
