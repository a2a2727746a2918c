"""Links that fill in what was asked: what they say, and what of an address is taken."""

import pytest

from gen3d.ui.core.fields import FIELDS
from gen3d.ui.core.links import LINKED, filled_in, link_of
from tests.play import PATHS

ASKED = {
    "prompt": "a <b>room</b> & a \"cat\"", "preset": "quality", "path": "dolly", "seed": 7, "fov_deg": 62.5,
    "review": True, "left": "a door", "rule": "paper", "size_px": 640,
}  # fmt: skip


def test_a_link_fills_in_what_was_asked():
    assert filled_in(link_of(ASKED), PATHS) == ASKED


def test_what_is_as_at_first_is_not_said():
    assert link_of({row.name: row.widget.value for row in FIELDS}) == ""
    assert link_of({"preset": "fast", "seed": 3}) == "?seed=3"


def test_no_file_is_in_a_link_and_none_is_named_by_one():
    files = {row.name for row in FIELDS if row.widget.kind in ("photo", "file")}
    assert files == {"photo", "depth", "transforms"} and not files & {row.name for row in LINKED}
    assert link_of(dict.fromkeys(files, "/tmp/gradio/abc/passport.jpg")) == ""
    assert filled_in("?photo=/etc/passwd&depth=/etc/passwd&transforms=/etc/passwd&job=somebodys&tab=text", PATHS) == {}


@pytest.mark.parametrize(
    "query",
    [
        "?preset=best", "?path=/etc/passwd", "?seed=-1", "?seed=1e400", "?seed=nan", "?fov_deg=east", "?rule=none",
        "?review=maybe", f"?prompt={'x' * 501}", "?prompt=%00", "?size_px=7", f"?prompt=a&{'x=1&' * 3000}",
        "?seed=99999999999999999999",
    ],
)  # fmt: skip
def test_what_is_none_of_the_values_is_left_out(query):
    assert filled_in(query, PATHS) == {}


def test_what_is_wrong_does_not_take_what_is_right_along():
    assert filled_in("?preset=best&seed=5&seed=6&prompt=a%20room", PATHS) == {"seed": 6, "prompt": "a room"}
