"""On the page: in which axes files are written, level or not, and two clicks in the photo that say how large it is."""

from __future__ import annotations

from pathlib import Path

import gradio as gr
import numpy as np
import pytest

from gen3d.axes import AXES_NAMES
from gen3d.errors import InputError
from gen3d.products.standing import parse_measured
from gen3d.ui.core.stands import AS_MADE, Stands, choices, clicked, stands_of
from gen3d.ui.page.more_files import MOST_STANDING, add_more_files, made_files
from gen3d.ui.page.queue import QUEUE
from tests.browser import browser as browser
from tests.page import launched
from tests.patience import PATIENCE_S, eventually


def test_what_is_asked_is_checked_and_named():
    assert stands_of("", False, 1, "", None) == AS_MADE and AS_MADE.folder == ""
    asked = stands_of("zup", True, 2.0, "12,34.5: 56,78", 2.1)
    assert (asked.axes, asked.level, asked.scale) == ("zup", True, 2.0)
    assert parse_measured(asked.measured) == ((12, 34.5), (56, 78), 2.1)
    assert asked.folder.isalnum() and asked.folder != stands_of("zup", False, 2.0, "", None).folder
    assert [name for _, name in choices()] == ["", *AXES_NAMES]


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        (("../up", False, 1, "", None), "axes"), (("", False, 0, "", None), "scale"),
        (("", False, None, "", None), "scale"), (("", False, -1, "", None), "scale"),
        (("", False, 1, "1,2:3,4", None), "metres"), (("", False, 1, "1,2:3,4", -2), "metres"),
        (("", False, 1, "1,2:", 2), "pixels"), (("", False, 1, "", 2), "pixels"),
        (("", False, 1, "1,2:3,x", 2), "pixels"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused_by_its_name(asked, field):
    with pytest.raises(InputError) as caught:
        stands_of(*asked)
    assert caught.value.field == field


def test_clicks_make_pairs():
    one = clicked("", 12, 34)
    assert one == "12,34:" and clicked(one, 56.0, 7.5) == "12,34:56,7.5"
    assert clicked("12,34:56,7.5", 1, 2) == "1,2:" and clicked("nonsense", 1, 2) == "1,2:"


def test_files_that_stand_otherwise_lie_apart_and_only_the_latest_are_kept(tmp_path):
    def make(scene: Path, file: Path) -> None:
        file.write_text("made")

    plain, zup = (list(made_files(tmp_path, ["scene.spz"], make, one))[-1][1] for one in (AS_MADE, Stands("zup")))
    assert Path(plain[0]).name == Path(zup[0]).name and Path(plain[0]).parent != Path(zup[0]).parent
    for i in range(2 * MOST_STANDING):
        list(made_files(tmp_path, ["scene.spz"], make, Stands(scale=2.0 + i)))
    kept = [folder for folder in (tmp_path / "more").iterdir() if folder.is_dir()]
    assert len(kept) <= MOST_STANDING and Path(plain[0]).exists()
    assert tmp_path / "more" / Stands(scale=1.0 + 2 * MOST_STANDING).folder in kept


def test_two_clicks_and_a_number_reach_what_writes_the_files(tmp_path, browser):
    asked = []

    def stand(scene: Path, file: Path, stands: Stands) -> tuple[str, ...]:
        asked.append(stands)
        file.write_text("standing")
        return ("The ground & all was found.",)

    def make(scene: Path, file: Path) -> None:
        file.write_text("plain")

    picture = np.zeros((120, 160, 3), np.uint8)
    with gr.Blocks() as page:
        job = gr.Textbox("mine", elem_id="job")
        add_more_files(lambda *_: tmp_path, make, job, QUEUE, stand, lambda scene: picture)
    with launched(page, allowed_paths=[str(tmp_path)]) as url:
        window = browser.new_page(viewport={"width": 900, "height": 1200})
        window.set_default_timeout(PATIENCE_S * 1000)
        window.goto(url)
        window.get_by_text("More formats").click()
        window.get_by_text("Axes, ground and size").click()
        window.get_by_label("Level: upright").check()
        window.locator("#measure").click()
        photo = window.locator("#measure-photo img")
        photo.wait_for()
        pixels = window.locator("#measure-pixels textarea, #measure-pixels input").first
        for share, many in ((0.25, 1), (0.75, 2)):
            box = photo.bounding_box()
            photo.click(position={"x": share * box["width"], "y": 0.5 * box["height"]})
            eventually(lambda many=many: pixels.input_value().count(",") == many)
        window.locator("#measure-metres input").fill("2.1")
        window.locator("#more-make").click()
        window.get_by_text("2 files are ready below. The ground & all was found.").wait_for()
        window.close()
    first, second, metres = parse_measured(asked[0].measured)
    assert asked[0].level and metres == 2.1
    np.testing.assert_allclose([*first, *second], (40, 60, 120, 60), atol=2)
