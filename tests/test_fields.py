"""One row of FIELDS is all that an input takes: page, API, errors and request have it from there."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import gradio as gr
import pytest

from gen3d.errors import InputError
from gen3d.request import Request
from gen3d.ui.core import fields
from gen3d.ui.core.asked import request_of
from gen3d.ui.core.blamed import blamed
from gen3d.ui.core.fields import FIELDS, Field, Widget, field_of, fields_of
from gen3d.ui.core.gallery import Gallery
from gen3d.ui.core.jobs import Visits
from gen3d.ui.core.steps import Steps
from gen3d.ui.page.layout import build_page
from gen3d.ui.page.sent_values import with_later
from gen3d.ui.page.widgets import COMPONENTS


def four_numbers(value: str | None, name: str) -> tuple[float, ...] | None:
    if value == "odd":
        raise InputError("This is no lens.", "Give four numbers.", name)
    return tuple(map(float, value.split(","))) if value else None


LENS = Field(
    "lens", Widget("text", "The lens, as fx,fy,cx,cy", "8,8,4,4", "lens-file", group="The photo"),
    "fx,fy,cx,cy in pixels.", four_numbers, becomes="intrinsics", since="9.9",
)  # fmt: skip


@pytest.fixture
def requests() -> list[Request]:
    return []


@pytest.fixture
def page(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, requests: list[Request]) -> gr.Blocks:
    """A page with one input more, whose first step writes down what it was asked for and ends."""
    monkeypatch.setattr(fields, "FIELDS", (*FIELDS, LENS))

    def step(request: Request, *_: Any) -> Iterator[Any]:
        requests.append(request)
        yield from ()

    steps = Steps(step, step, step, {}, "a stage", {"wander": "here and there"}, draws=True)
    return build_page(steps, Visits(tmp_path / "visits"), Gallery((), tmp_path / "gallery"))


def endpoint(page: gr.Blocks, name: str) -> Any:
    return next(fn for fn in page.fns.values() if fn.api_name == name)


def test_a_new_row_is_on_the_page_with_a_line_for_its_errors(page):
    parts = [part["props"] for part in page.get_config_file()["components"]]
    [widget] = [props for props in parts if props.get("label") == LENS.widget.label]
    assert widget["value"] == "8,8,4,4" and widget["elem_id"] == "lens-file" and widget["max_length"] == 500
    assert "beside-lens" in [props.get("elem_id") for props in parts]


@pytest.mark.parametrize("name", ["build", "look"])
def test_a_new_row_is_the_last_parameter_of_the_api(page, name):
    told = page.get_api_info()["named_endpoints"][f"/{name}"]["parameters"]
    assert [one["parameter_name"] for one in told] == [row.name for row in fields_of(name)]
    assert told[-1]["parameter_name"] == "lens" and told[-1]["parameter_default"] == "8,8,4,4"
    assert "lens: fx,fy,cx,cy in pixels." in endpoint(page, name).fn.__doc__


def test_a_new_row_reaches_the_request_from_a_call_by_position(page, requests):
    look = endpoint(page, "look")
    values = {row.name: row.widget.value for row in fields_of("look")} | {"photo": "p.jpg", "lens": "1,2,3,4"}
    list(look.fn(*values.values(), gr.Request(session_hash="x", headers={})))
    assert [request.intrinsics for request in requests] == [(1.0, 2.0, 3.0, 4.0)]


def test_a_call_from_before_a_row_came_has_its_first_value(page):
    look = endpoint(page, "look")
    names = list(inspect.signature(look.fn).parameters)
    assert with_later(look, [None] * names.index("depth_kind")) == [
        *[None] * names.index("depth_kind"), "auto", None, "auto", "use", "cut", "8,8,4,4",
    ]  # fmt: skip
    assert with_later(look, [None]) != [None] and len(with_later(look, [None])) < len(names), "older ones are needed"


def test_an_error_about_a_new_row_is_told_beside_it(page):
    with pytest.raises(InputError) as refused:
        request_of({"photo": "p.jpg", "lens": "odd"}, ("wander",))
    assert blamed("No.", refused.value.field, None).field == "lens"
    assert blamed("No.", "intrinsics", None).field == "lens", "a stage names the attribute of the request"


def test_what_came_later_comes_last_so_that_calls_by_position_hold():
    since = [row.since != fields.FIRST for row in FIELDS]
    assert since == sorted(since) and any(since)


def test_every_row_is_whole():
    assert len({row.name for row in FIELDS}) == len(FIELDS)
    for row in FIELDS:
        assert row.help.endswith(".") and row.widget.kind in COMPONENTS and row.calls, row.name
        assert not row.becomes or row.becomes in Request.__dataclass_fields__, row.name


def test_every_row_of_the_fold_is_under_a_heading_that_explains_it(page):
    """In the order of the page, which knows a part only by its group."""
    parts = [part["props"] for part in page.get_config_file()["components"]]
    order = [props.get("label") or str(props.get("value")).partition("\n")[0] for props in parts]
    for group, what in fields.GROUPS.items():
        rows = fields.grouped(group)
        at = order.index(f"## {group}")
        assert rows and what.endswith(".") and all(order.index(row.widget.label) > at for row in rows), group
    first = order.index(f"## {list(fields.GROUPS)[1]}")
    assert order.index(f"## {LENS.widget.group}") < order.index(LENS.widget.label) < first


def test_a_value_that_lacks_is_as_the_page_has_it_at_first():
    assert replace(request_of({"photo": "p.jpg"}, ("wander",)), seed=0) == Request(photo=Path("p.jpg"))
    assert field_of("preset").widget.value == "fast"
