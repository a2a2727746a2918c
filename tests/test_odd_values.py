"""Whatever a client sends for an input, it gets its answer or a sentence of ours that names the argument."""

from __future__ import annotations

import json
import os
import urllib.request

import pytest

from gen3d.ui.core.steps import UNEXPECTED
from gen3d.ui.page.sent_values import CHECKS
from tests.page import Stand
from tests.test_own_files import uploaded

pytest_plugins = ["tests.page"]
DEEP: object = []
for _ in range(300):
    DEEP = [DEEP]
ODD: dict[str, object] = {
    "null": None, "NaN": float("nan"), "inf": float("inf"), "-inf": float("-inf"), "1e308": 1e308, "-1e308": -1e308,
    "0": 0, "-1": -1, "99": 99, "a half": 0.5, "many digits": 10**400, "true": True, "false": False, "empty": "",
    "x": "x", "a huge string": "x" * 200_000, "half a character": "\ud800", "a NUL": "\0", "HTML": "<img src=x>",
    "a list": [], "of nulls": [None], "of numbers": [1, 2], "of strings": ["x"], "deep": DEEP, "a dict": {},
    "a dict of half a character": {"a": "\udfff"}, "an update": {"__type__": "update", "value": 1}, "long": [0] * 20000,
    "no path": {"path": None}, "a number for a path": {"path": 3}, "an empty path": {"path": ""},
    "a url": {"url": "http://127.0.0.1:1/a.png"}, "a flip": [[0.5, 0.5]], "half a flip": [[0.5]],
    "a flip of NaN": [[float("nan"), 0.5]], "a flip of texts": [["a", "b", "c"]],
}  # fmt: skip
QUICK = ("null", "half a character", "deep")
EACH = pytest.mark.parametrize(
    "odd", [odd if odd in QUICK else pytest.param(odd, marks=pytest.mark.slow) for odd in ODD]
)
OTHERS = (
    "Traceback", "NoneType", "object has no", "object is not", "Error:", "got an unexpected", "Expected a `",
    "<lambda>", "validation error", "Original error", UNEXPECTED,
)  # fmt: skip
"""Words of Python's, Gradio's and pydantic's."""


@pytest.fixture(scope="module")
def functions(stand: Stand) -> list[dict]:
    with urllib.request.urlopen(f"{stand.url}config") as told:
        return [one for one in json.load(told)["dependencies"] if one["backend_fn"] and one["queue"] is not None]


@pytest.fixture(scope="module")
def usual(stand: Stand) -> dict[str, list]:
    """What the page may send, for the functions with names."""
    photo = {"path": str(uploaded(stand.url, stand.photo))}
    asked = [photo, None, None, "any", "fast", "wander", 3, 0, 1000, 0, "occlusion", *5 * [None]]
    return {
        "build": [*asked, True], "look": asked, "grow": ["x"], "tour": ["x", "wander"], "review": ["x", None, []],
        "more_files": ["x", ["scene.spz"]], "another_video": ["x", "wander", None, 4, 24, 640],
        "things": ["x"], "edit": ["x", [{"op": "hide", "thing": 1}]], "undo": ["x", 1], "export": ["x", ["scene.spz"]],
        "split": ["x", "1", None], "merge": ["x", [1, 2]],
        "film": ["x", "wander", "", "", 4, 24, 640, "video", "photo", 0],
    }  # fmt: skip


def answer(url: str, function: dict, values: list, event: object = None) -> str:
    """ "ok", or the sentence of the error, of a call in a visit of its own."""
    session = os.urandom(6).hex()
    body = {"data": values, "fn_index": function["id"], "session_hash": session, "event_data": event}
    request = urllib.request.Request(
        f"{url}gradio_api/queue/join", json.dumps(body).encode(), {"Content-Type": "application/json"}
    )
    urllib.request.urlopen(request).close()
    with urllib.request.urlopen(f"{url}gradio_api/queue/data?session_hash={session}", timeout=60) as stream:
        for line in stream:
            told = json.loads(line.decode().removeprefix("data: ")) if line.startswith(b"data: ") else {}
            if told.get("msg") == "process_completed":
                return "ok" if told["success"] else told["output"]["error"]
            assert told.get("msg") != "unexpected_error", told
    raise AssertionError("the stream ended without an answer")


def is_ours(sentence: str) -> bool:
    """Ends as our sentences do, is short, and has none of the words of others."""
    return sentence == "ok" or (
        len(sentence) < 400 and sentence.strip().endswith(".") and not [word for word in OTHERS if word in sentence]
    )


@EACH
def test_every_named_function_answers_every_odd_value_in_words(stand, play, functions, usual, odd):
    for function in functions:
        for place in range(len(usual.get(function["api_name"], []))):
            values = list(usual[function["api_name"]])
            values[place] = ODD[odd]
            told = answer(stand.url, function, values)
            assert is_ours(told), (function["api_name"], place, told)


@EACH
def test_every_private_function_does_too(stand, play, functions, usual, odd):
    others = [one for one in functions if one["api_name"] not in usual and one["inputs"]]
    assert len(others) > 5
    for function in others:
        if function["api_name"] == "show_example" and ODD[odd] == 2:
            continue  # waits for the example that is coming
        for place in range(len(function["inputs"])):
            values: list[object] = [None] * len(function["inputs"])
            values[place] = ODD[odd]
            told = answer(stand.url, function, values)
            assert is_ours(told), (function["api_name"], place, told)


@pytest.mark.parametrize(
    "event", [None, 1, "x", [], {}, {"index": None}, {"index": [1]}, {"index": ["a", "b"], "value": 1},
              {"index": [1, 2]}, {"index": [float("nan"), 1], "value": None}, {"index": {"a": 1}, "value": 1}],
)  # fmt: skip
def test_a_click_nowhere_is_told_so(stand, play, functions, event):
    [click] = [one for one in functions if one["collects_event_data"]]
    assert is_ours(answer(stand.url, click, [None], event)) and answer(stand.url, click, [None], event) != "ok"


@pytest.mark.parametrize("values", [[], [None], {}, "x", None])
def test_too_few_values_are_told_so(stand, play, functions, values):
    for function in functions:
        if len(function["inputs"]) > 1 and isinstance(values, list):
            assert "values are needed here" in answer(stand.url, function, values), function["api_name"]


@pytest.mark.parametrize(
    ("name", "place", "value", "told"),
    [
        ("build", 4, 7, "preset: 7 is not in the list of choices."),
        ("build", 6, float("nan"), "seed: nan is no number that can be used."),
        ("build", 6, 1e308, "seed: 1e+308 is no number that can be used."),
        ("build", 8, "x", "units_per_metre: 'x' is no number that can be used."),
        ("build", 2, "\ud800", "prompt: half a character (a lone surrogate) is in it."),
        ("build", 2, "x" * 501, "prompt: The text has 501 characters. Use at most 500."),
        ("build", 3, None, "tab: nothing was given."),
        ("build", 16, "yes", "review: 'yes' is neither true nor false."),
        ("grow", 0, None, "job: nothing was given."),
        ("things", 0, 7, "job: 7 is no text."),
        ("edit", 1, None, "edits: nothing was given."),
        ("split", 1, 7, "thing: 7 is no text."),
        ("merge", 1, None, "things: nothing was given."),
        ("undo", 1, "one", "count: 'one' is no number that can be used."),
        ("film", 3, "below", "side: 'below' is not in the list of choices."),
        ("export", 1, ["scene.exe"], "formats: 'scene.exe' is not in the list of choices."),
        ("review", 1, [50], "percentile: a list is no number that can be used."),
        ("more_files", 1, None, "wanted: nothing was given."),
        ("another_video", 3, float("inf"), "seconds: inf is no number that can be used."),
    ],
)  # fmt: skip
def test_the_argument_is_named(stand, play, functions, usual, name, place, value, told):
    function = next(one for one in functions if one["api_name"] == name)
    values = list(usual[name])
    values[place] = value
    assert answer(stand.url, function, values).startswith(told)
    assert play.requests == []


@pytest.mark.parametrize("index", [99, -1, "x", 0.0, True, [0]])
def test_an_example_that_is_not_there_is_told_so(stand, play, functions, index):
    takers = [one for one in functions if "show_example" in one["api_name"] or one["api_name"] == "fill"]
    assert len(takers) == 2
    for function in takers:
        assert "is no example. Use 0 to 2." in answer(stand.url, function, [index])


def test_every_kind_of_input_has_its_check(stand, functions):
    """And every text on the page its length."""
    with urllib.request.urlopen(f"{stand.url}config") as told:
        parts = {part["id"]: part for part in json.load(told)["components"]}
    used = {parts[number]["type"] for one in functions for number in one["inputs"]} - {"state"}
    assert used <= {kind.__name__.lower() for kind in CHECKS}
    texts = [part["props"] for part in parts.values() if part["type"] == "textbox" and part["props"]["visible"] is True]
    assert len(texts) > 3 and {props.get("max_length") for props in texts} == {500}
