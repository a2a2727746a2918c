"""Edits of the viewer's that become a scene's own: whose they are, what is refused, and the button that sends them."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import gradio as gr
import pytest

from gen3d.errors import InputError
from gen3d.formats.view import read_told, retell_view, write_view
from gen3d.request import Request
from gen3d.scene_files import SceneFiles
from gen3d.settings import PRESETS
from gen3d.ui.core.directing import Directing
from gen3d.ui.core.gallery import Example, Gallery
from gen3d.ui.core.jobs import Visits
from gen3d.ui.page.scene_viewer import scene_viewer
from gen3d.ui.page.viewer_edits import HEEDED, connect_edits
from gen3d.ui.page.viewer_parts import connect_parts
from tests.browser import browser as browser
from tests.conftest import Built
from tests.page import DIRECT, launched
from tests.patience import eventually
from tests.small_scenes import LENS
from tests.test_modes import LIMITS, PIVOT_M
from tests.thing_scenes import room_with_cards, told_of_cards

HIDE = {"edits": [{"op": "hide", "thing": 1}], "undone": [{"op": "remove", "thing": 2}]}


@pytest.fixture
def house(built: Built, tmp_path: Path) -> tuple[Directing, Visits, Gallery]:
    """With one example that is ready."""
    gallery = Gallery((Example("ready", "Ready", built.request.photo),), tmp_path / "gallery")
    shutil.copytree(built.folder, gallery.folder_of(gallery.examples[0]))
    visits = Visits(tmp_path / "visits")
    return Directing(DIRECT, visits, gallery), visits, gallery


def test_edits_take_the_place_of_those_before_and_an_empty_list_takes_them_away(house, built):
    directing, visits, _ = house
    job = visits.begin("me", Request(), PRESETS["fast"])
    shutil.copytree(built.folder, job.folder / "grow")
    files = SceneFiles(job.folder / "grow")
    before = files.ply.read_bytes()
    assert directing.put("me", job.name, HIDE) == job.name
    assert json.loads(files.edits.read_text()) == HIDE
    for bad in ({"edits": [{"op": "move", "thing": 99, "by": [0, 0, 0]}]}, {"edits": 3}, "nonsense", None):
        with pytest.raises(InputError):
            directing.put("me", job.name, bad)
    assert json.loads(files.edits.read_text()) == HIDE
    with pytest.raises(InputError, match="no such job"):
        directing.put("you", job.name, HIDE)
    directing.put("me", job.name, {"edits": [], "undone": []})
    assert not files.edits.exists() and files.ply.read_bytes() == before


def test_an_example_stays_everybodys(house):
    directing, visits, gallery = house
    folder = gallery.folder_of(gallery.examples[0])
    own = directing.put("me", folder.name, HIDE)
    assert not (folder / "edits.json").exists()
    assert (visits.find("me", own).folder / "grow" / "edits.json").is_file()
    assert directing.put("me", own, HIDE) == own


def test_what_a_viewer_takes_apart_is_its_own_jobs_with_the_edits_of_the_viewer(house):
    directing, _, gallery = house
    folder = gallery.folder_of(gallery.examples[0])
    before = {file.name: file.read_bytes() for file in folder.iterdir() if file.is_file()}
    with pytest.raises(InputError, match="no parts that could be told apart"):
        directing.parted_in_viewer("me", folder.name, {"split": 1}, {"edits": [], "undone": []})
    half = [[[-9, -9], [80, -9], [80, 999], [-9, 999]]]
    own = directing.split("me", folder.name, "1", half)
    assert len(own.things) == len(directing.things("me", folder.name).things) + 1
    assert {file.name: file.read_bytes() for file in folder.iterdir() if file.is_file()} == before
    again = directing.merge("me", own.job, [1, max(thing["id"] for thing in own.things)])
    assert again.job == own.job and len(again.things) == len(own.things) - 1


NONE = {"edits": [], "undone": []}


def test_what_a_viewer_joins_is_undone_to_the_byte_and_nonsense_changes_nothing(house):
    directing, _, gallery = house
    folder = gallery.folder_of(gallery.examples[0])
    job, view = directing.parted_in_viewer("me", folder.name, {"merge": [1, 2]}, NONE)
    joined = view.read_bytes()
    assert 2 not in [thing["id"] for thing in read_told(view)["things"]]
    for how in (None, [], {}, {"undo": 2}, {"split": [1]}, {"split": 99}, {"merge": 1}, {"merge": [1]}, {"remove": 1}):
        with pytest.raises(InputError):
            directing.parted_in_viewer("me", job, how, NONE)
    assert view.read_bytes() == joined
    assert directing.parted_in_viewer("me", job, {"undo": 1}, NONE) == (job, view)
    assert view.read_bytes() == SceneFiles(folder).view.read_bytes()
    for edits, why in ((NONE, "0 edits"), (HIDE, "no longer be undone")):
        with pytest.raises(InputError, match=why):
            directing.parted_in_viewer("me", job, {"undo": 1}, edits)


def test_things_are_taken_apart_and_joined_on_the_page_and_undo_takes_that_back_in_its_turn(tmp_path, browser):
    """By keys alone, but for the first click; edits stay, and the page's console is silent."""
    room, asked, complaints = room_with_cards(), [], []
    told = told_of_cards(room)
    (red, blue), part_2 = told["things"], {**told["things"][0], "id": 4, "name": "red card, part 2"}
    states = {"scene": ([red, blue], 0), "split": ([red, blue, part_2], 2), "merge": ([red, part_2], 3)}
    for name, (things, heard) in states.items():
        write_view(tmp_path / f"{name}.view", room, LENS, PIVOT_M, LIMITS, things=told)
        retell_view(tmp_path / f"{name}.view", {**told, "things": things, "changes": [{}] * heard}, lambda g, _: g)
    shown = ["scene"]

    def part(visitor: str, job: str | None, how: Any, edits: Any) -> tuple[str, Path]:
        asked.append((job, how, [edit["op"] for edit in edits["edits"]]))
        shown.pop() if how == {"undo": 1} else shown.append(*how)
        return "own", tmp_path / f"{shown[-1]}.view"

    with gr.Blocks() as page:
        job = gr.Textbox("example", elem_id="job")
        viewer = scene_viewer("viewer", (str(tmp_path / "scene.view"), "example"), directs=True)
        connect_parts(part, viewer, job)
    with launched(page, allowed_paths=[str(tmp_path)]) as url:
        window = browser.new_page()
        window.on("console", lambda one: complaints.append(one.text) if one.type == "error" else None)
        window.goto(url)

        def named(name: str) -> Any:
            return window.locator(".things").get_by_role("button", name=name, exact=True)

        def press(name: str, key: str = "Enter") -> None:
            named(name).focus()
            window.keyboard.press(key)

        window.get_by_role("button", name="Things", exact=True).click()
        press("red card")
        press("Copy")
        press("red card")
        press("Take apart")
        named("red card, part 2").wait_for()
        window.get_by_text("It is done").wait_for()
        eventually(lambda: window.locator("#job textarea").input_value() == "own")
        press("red card, part 2")
        press("Hide red card, part 2")
        press("red card")
        window.get_by_label("The thing to join with").focus()
        window.keyboard.type("blue")
        press("Join with")
        named("blue card").wait_for(state="detached")
        press("red card", "Control+z")  # the join, after which the file tells of both again
        named("blue card").wait_for()
        press("red card", "Control+z")  # the hiding
        named("Hide red card, part 2").wait_for()
        press("red card", "Control+z")  # the split
        named("red card, part 2").wait_for(state="detached")
        assert named("red card, copy 3").is_visible() and named("blue card").is_visible()
        press("red card", "Control+z")
        named("red card, copy 3").wait_for(state="detached")
        assert named("Undo").is_disabled()
        window.close()
    assert asked == [
        ("example", {"split": 1}, ["duplicate"]), ("own", {"merge": [1, 2]}, ["duplicate", "hide"]),
        ("own", {"undo": 1}, ["duplicate", "hide"]), ("own", {"undo": 1}, ["duplicate"]),
    ]  # fmt: skip
    assert complaints == []


def test_a_file_that_tells_of_no_things_is_shown_on_the_page_without_a_complaint(tmp_path, browser):
    """As the first points of a build: the button that takes things apart asked what is told of them."""
    write_view(tmp_path / "points.view", room_with_cards(), LENS, PIVOT_M, LIMITS)
    with gr.Blocks() as page:
        scene_viewer("viewer", (str(tmp_path / "points.view"), "example"), directs=True)
    with launched(page, allowed_paths=[str(tmp_path)]) as url:
        window, complaints = browser.new_page(), []
        window.on("console", lambda one: complaints.append(one.text) if "undefined" in one.text else None)
        with window.expect_response(lambda answer: "points.view" in answer.url):
            window.goto(url)
        window.wait_for_timeout(1500)
        assert complaints == []
        window.close()


def test_the_viewers_button_sends_them_and_the_job_is_told(tmp_path, browser):
    room, put = room_with_cards(), []
    write_view(tmp_path / "scene.view", room, LENS, PIVOT_M, LIMITS, things=told_of_cards(room))

    def keep(visitor: str, job: str | None, edits: Any) -> str:
        put.append((bool(visitor), job, edits))
        return "own"

    with gr.Blocks() as page:
        job = gr.Textbox("example", elem_id="job")
        viewer = scene_viewer("viewer", (str(tmp_path / "scene.view"), "example"), directs=True)
        connect_edits(keep, viewer, job)
    with launched(page, allowed_paths=[str(tmp_path)]) as url:
        window = browser.new_page()
        window.goto(url)
        window.get_by_role("button", name="Things", exact=True).click()
        window.get_by_role("button", name="Hide red card").click()
        window.get_by_role("button", name="Use in files and videos").click()
        window.get_by_text(HEEDED).wait_for()
        assert put == [(True, "example", {"edits": [{"op": "hide", "thing": 1}], "undone": []})]
        eventually(lambda: window.locator("#job textarea").input_value() == "own")
        window.close()
