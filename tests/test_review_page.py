"""Review layers, in a real Chromium: on steps that play the pipeline, through the API, and once on the pipeline."""

from __future__ import annotations

import io
import json
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError
from PIL import Image

from gen3d.errors import InputError
from gen3d.request import Flip, Region, Review
from gen3d.ui.core import words
from gen3d.ui.core.gallery import Gallery
from gen3d.ui.core.jobs import Visits
from gen3d.ui.core.reviewing import MOST_FLIPS, SKY, Paused, name_of, pointed_at, ticked, undone
from tests.page import served
from tests.patience import eventually
from tests.play import ORANGE
from tests.window import Window

pytest_plugins = ["tests.page"]
LEFT, RIGHT, ABOVE = (0.2, 0.6), (0.8, 0.6), (0.5, 0.1)
ROOM = Path(__file__).parents[1] / "examples" / "room"


class Reviewer:
    """A window whose visitor looks over layers."""

    def __init__(self, window: Window) -> None:
        self.window, self.page = window, window.page
        self.picture = window.part("review-picture").locator("img")

    def build(self, photo: Path, seed: int = 7) -> None:
        """Until it is paused."""
        self.window.set_seed(seed)
        self.window.give("photo", photo)
        self.page.get_by_label("Review layers").check()
        self.window.button("Build").click()
        self.is_paused()

    def is_paused(self) -> None:
        self.window.says(words.PAUSED)
        self.window.expect(self.picture).to_be_visible()
        self.window.expect(self.window.button("Cancel")).to_be_enabled()

    def click(self, *places: tuple[float, float]) -> None:
        """At places in the picture, wherever and however large it is shown (Gradio never enlarges it), all at once."""
        self.page.wait_for_function("() => document.querySelector('#review-picture img')?.naturalWidth > 0")
        self.picture.scroll_into_view_if_needed()
        self.picture.evaluate(
            """(image, places) => {
                const box = image.getBoundingClientRect(), {naturalWidth: w, naturalHeight: h} = image
                const scale = Math.min(box.width / w, box.height / h, 1)
                for (const [x, y] of places) {
                    const at = {clientX: box.x + box.width / 2 + (x - .5) * w * scale,
                                clientY: box.y + box.height / 2 + (y - .5) * h * scale}
                    const hit = document.elementFromPoint(at.clientX, at.clientY)
                    hit.dispatchEvent(new MouseEvent('click', {bubbles: true, ...at}))
                }
            }""",
            places,
        )

    def move_threshold(self, percentile: int) -> None:
        field = self.window.part("threshold").locator("input[type=number]")
        field.fill(str(percentile))
        field.blur()

    def pixels(self) -> np.ndarray:
        content = self.window.fetch(self.picture.get_attribute("src"))
        return np.asarray(Image.open(io.BytesIO(content)).convert("RGB"))

    def sides(self) -> list[bool]:
        """Whether the left and the right of the played picture are in front."""
        shown = self.pixels()
        height, width, _ = shown.shape
        return [near(shown[height - 9, column], ORANGE) for column in (9, width - 9)]

    def shows(self, left: bool, right: bool) -> None:
        eventually(lambda: self.sides() == [left, right])


def near(pixel: np.ndarray, colour: tuple[int, int, int]) -> bool:
    return bool(np.abs(pixel.astype(int) - colour).max() < 12)


@pytest.fixture
def reviewer(window, stand) -> Reviewer:
    """A visitor of the page on fakes who has been asked to look over the layers."""
    reviewer = Reviewer(window)
    reviewer.build(stand.photo)
    return reviewer


def test_nothing_pauses_and_nothing_is_asked_by_default(window, stand, play):
    window.expect(window.part("review")).to_be_hidden()
    window.give("photo", stand.photo)
    window.button("Build").click()
    window.says("Done in")
    window.expect(window.part("review")).to_be_hidden()
    assert play.reviews == []


def test_build_pauses_after_the_layers_and_go_on_finishes(reviewer, window, play):
    assert play.journal == [("look", "began"), ("look", "finished")]
    window.expect(window.button("Build")).to_be_enabled()
    window.expect(window.button("Enough")).to_be_disabled()
    reviewer.shows(left=True, right=False)

    play.hold("optimize")
    window.part("go-on").click()
    window.says("fit 1 of 5 …")
    window.says("layers")  # the stages from before are still there
    window.is_busy()
    window.expect(window.part("review")).to_be_hidden()
    play.release()
    window.says("Done in")
    window.is_free()
    for name in ("depth", "layers", "background", "views"):
        window.shows(name)
    assert [step for step, what in play.journal if what == "finished"] == ["look", "grow", "tour"]
    assert len(set(play.folders)) == 1 and "previews.zip" in window.downloads()


@pytest.mark.parametrize("size", [(1400, 1000), (360, 740)])
def test_a_click_flips_what_is_under_the_pointer_at_any_scale(open_window, stand, play, size):
    window = open_window(stand.url, viewport={"width": size[0], "height": size[1]})
    reviewer = Reviewer(window)
    reviewer.build(stand.photo)
    aimed = []
    for place, sides in (((0.47, 0.3), [False, False]), ((0.53, 0.97), [False, True]), ((0.03, 0.95), [True, True])):
        reviewer.click(place)
        reviewer.shows(*sides)
        aimed.append(place)
    flips = play.reviews[-1][0].flips
    for flip, (x, y) in zip(flips, aimed, strict=True):
        assert abs(flip.x - x) < 0.01 and abs(flip.y - y) < 0.01
    assert window.page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def test_undo_takes_back_the_last_flip_and_reset_all(reviewer, window):
    window.expect(window.part("undo")).to_be_disabled()
    for place, sides in ((LEFT, [False, False]), (RIGHT, [False, True])):
        reviewer.click(place)
        reviewer.shows(*sides)
    window.part("undo").click()
    reviewer.shows(left=False, right=False)
    window.part("undo").click()
    reviewer.shows(left=True, right=False)
    window.expect(window.part("undo")).to_be_disabled()
    reviewer.move_threshold(90)
    reviewer.shows(left=True, right=True)
    window.part("restore").click()
    reviewer.shows(left=True, right=False)
    window.expect(window.part("threshold").locator("input[type=number]")).to_have_value("35")


def test_the_threshold_moves_what_was_not_flipped(reviewer, window, play):
    reviewer.click(LEFT)
    reviewer.shows(left=False, right=False)
    reviewer.move_threshold(90)
    reviewer.shows(left=False, right=True)
    reviewer.move_threshold(5)
    reviewer.shows(left=False, right=False)
    window.part("undo").click()
    window.part("threshold").locator("input[type=range]").focus()
    for _ in range(10):
        window.page.keyboard.press("ArrowRight")
    reviewer.shows(left=True, right=False)
    assert play.reviews[-1][0] == Review(15.0)


def test_a_click_on_the_sky_is_told_why_it_does_nothing(reviewer, window):
    reviewer.click(ABOVE)
    window.expect(window.part("review-told")).to_contain_text(SKY)
    reviewer.shows(left=True, right=False)
    window.expect(window.part("undo")).to_be_disabled()


def test_clicks_in_quick_succession_all_count(reviewer, play):
    reviewer.click(RIGHT, LEFT, RIGHT, RIGHT, LEFT)
    eventually(lambda: len(play.reviews[-1][0].flips) == 5)
    reviewer.shows(left=True, right=True)


def test_the_list_does_what_clicks_do_with_the_keyboard_alone(reviewer, window):
    window.page.get_by_role("button", name="Regions as a list").focus()
    window.page.keyboard.press("Enter")
    near = window.page.get_by_role("checkbox", name="1: left, near, 40 %")
    far = window.page.get_by_role("checkbox", name="2: right, far, 35 %")
    window.expect(near).to_be_checked()
    window.expect(far).not_to_be_checked()
    far.focus()
    window.page.keyboard.press("Space")
    reviewer.shows(left=True, right=True)
    reviewer.click(LEFT)
    reviewer.shows(left=False, right=True)
    window.expect(near).not_to_be_checked()


def test_cancel_gives_the_paused_job_up(reviewer, window, play):
    folder = play.folders[0]
    window.button("Cancel").click()
    window.says("Cancelled: nothing of that scene is kept.")
    window.expect(window.part("review")).to_be_hidden()
    window.is_free()
    assert not (folder / "look").exists() and ("grow", "began") not in play.journal


def test_build_starts_anew_while_a_job_is_paused(reviewer, window, play):
    reviewer.click(LEFT)
    reviewer.shows(left=False, right=False)
    window.button("Build").click()
    eventually(lambda: len(set(play.folders)) == 2)
    reviewer.is_paused()
    reviewer.shows(left=True, right=False)
    window.page.get_by_label("Review layers").uncheck()
    window.button("Build").click()
    window.says("Done in")
    window.expect(window.part("review")).to_be_hidden()
    assert len(set(play.folders)) == 3


def test_a_scene_that_fails_after_the_pause_is_told(reviewer, window, play):
    play.fail("optimize", InputError("The lake is dry.", "Wait for rain."))
    window.part("go-on").click()
    window.says("The lake is dry. Wait for rain.")
    window.is_free()
    window.expect(window.part("review")).to_be_hidden()


def test_cancel_after_the_pause_ends_the_work(reviewer, window, play):
    play.hold("expand")
    window.part("go-on").click()
    window.says("new views 1 of 5 …")
    window.button("Cancel").click()
    play.wait_for("grow", "closed")
    window.is_free()


def test_two_visitors_review_their_own_while_nobody_waits_for_the_other(stand, play, open_window):
    first, second = (Reviewer(open_window(stand.url)) for _ in range(2))
    first.build(stand.photo, seed=1)
    second.build(stand.photo, seed=2)  # the first thinks, and blocks nobody
    first.click(LEFT)
    second.click(RIGHT)
    first.shows(left=False, right=False)
    second.shows(left=True, right=True)
    first.window.part("go-on").click()
    first.window.says("Done in")
    second.click(LEFT)
    second.shows(left=False, right=True)
    second.window.part("go-on").click()
    second.window.says("Done in")
    assert [request.seed for request in play.requests] == [1, 2, 1, 1, 2, 2]
    for reviewer, seed in ((first, 1), (second, 2)):
        told = reviewer.window.fetch(reviewer.window.downloads()["run.json"])
        assert json.loads(told)["seed"] == seed


# --- the API


@pytest.fixture
def client(stand, play) -> Iterator[Client]:
    client = Client(stand.url, verbose=False, download_files=False)
    yield client
    client.close()


def looked(client: Client, photo: Path) -> str:
    """The name of a job that was looked at."""
    return client.predict(photo=handle_file(photo), seed=3, api_name="/look")[-1]


def test_the_api_reviews_layers_between_two_steps(client, stand, play):
    job = looked(client, stand.photo)
    _, flips, regions = client.predict(job, 90, [[*LEFT, None, True], [*RIGHT, False], [*ABOVE]], api_name="/review")
    assert flips == [[*LEFT, False, True], [*RIGHT, False]]
    assert [region["front"] for region in regions] == [False, False]
    asked, folder = play.reviews[-1]
    assert asked == Review(90.0, (Flip(*LEFT, thing=True), Flip(*RIGHT, False), Flip(*ABOVE)))
    assert folder == play.folders[0]
    assert client.predict(job, api_name="/review")[1:2] == ([],) and play.reviews[-1][0] == Review()
    client.predict(job, api_name="/grow")
    assert play.journal[-1] == ("grow", "finished")


def test_a_build_through_the_api_can_end_with_the_layers(client, stand, play):
    values = client.predict(photo=handle_file(stand.photo), seed=3, review=True, api_name="/build")
    assert values[0]["words"] == words.PAUSED and values[0]["state"] == "waiting" and values[2] and values[5] is None
    assert play.journal == [("look", "began"), ("look", "finished")]


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ([101, []], "101 is not a percentile."),
        ([None, {"x": 1}], "This is no list of flips."),
        ([None, [[0.5, 1.5]]], "is no flip."),
        ([None, [["left", 0.5]]], "is no flip."),
        ([None, [[0.5, 0.5, 1]]], "is no flip."),
        ([None, [[0.5, 0.5, True, 1]]], "is no flip."),
        ([None, [[0.5, 0.5]] * (MOST_FLIPS + 1)], "These are more than 200 flips."),
    ],
)
def test_what_is_no_review_is_refused_in_words(client, stand, play, values, told):
    job = looked(client, stand.photo)
    with pytest.raises(AppError, match=told):
        client.predict(job, *values, api_name="/review")
    assert play.reviews == []


def test_nobody_reviews_the_layers_of_others(client, stand, play):
    job = looked(client, stand.photo)
    other = Client(stand.url, verbose=False, download_files=False)
    with pytest.raises(AppError, match="There is no such job"):
        other.predict(job, None, [], api_name="/review")
    other.close()
    assert play.reviews == []


# --- without a page


def test_regions_are_named_by_their_place():
    places = {(0.1, 0.5): "left", (0.5, 0.5): "middle", (0.9, 0.9): "bottom right", (0.5, 0.1): "top"}
    for (x, y), name in places.items():
        assert name_of(3, Region(x, y, 0.121, 50.0, True)) == f"3: {name}, midway, 12 %"
    assert name_of(1, Region(0.5, 0.5, 0.001, 5.0, True)) == "1: middle, near, 1 %"


def test_what_is_ticked_pointed_at_and_undone_become_flips():
    regions = (Region(0.2, 0.5, 0.3, 10.0, True), Region(0.7, 0.5, 0.2, 60.0, False))
    paused = Paused("job", Review(20.0), regions, (64, 48), Path("layers.png"))
    assert ticked(paused, [1]).flips == ()
    assert ticked(paused, [2]).flips == (Flip(0.2, 0.5, False), Flip(0.7, 0.5, True))
    review = pointed_at(paused, 63, 0)
    assert review == Review(20.0, (Flip(63.5 / 64, 0.5 / 48, thing=True),))
    assert undone(Paused("job", review, regions, (64, 48), Path("layers.png"))) == Review(20.0)


# --- on the pipeline


@pytest.fixture(scope="module")
def builtin(gradio_home, tmp_path_factory) -> Iterator[str]:
    import app

    home = tmp_path_factory.mktemp("builtin review")
    with served(app.steps(), Visits(home / "visits"), Gallery([], home / "gallery")) as url:
        yield url


def test_the_real_pipeline_grows_what_was_reviewed(builtin, open_window):
    window = open_window(builtin)
    reviewer = Reviewer(window)
    window.choose_tab("Photo + depth")
    window.give("depth-file", ROOM / "depth.png")
    window.unfold("Advanced")
    window.type_number("Longer side to work at", 160)
    reviewer.build(ROOM / "rgb.jpg")
    before = reviewer.pixels()
    told = window.part("review-told").inner_text()
    began = time.monotonic()
    reviewer.click((0.8, 0.45))  # the bookcase against the wall
    eventually(lambda: not np.array_equal(reviewer.pixels(), before))
    assert time.monotonic() - began < 20
    row, column = int(0.45 * before.shape[0]), int(0.8 * before.shape[1])
    changed = (reviewer.pixels() != before).any(axis=2)
    assert changed[row, column] and 0.005 < changed.mean() < 0.7
    assert window.part("review-told").inner_text() != told
    share = int(window.part("review-told").inner_text().split()[0])
    window.part("go-on").click()
    eventually(lambda: "new views" in window.part("status").inner_text())
    window.button("Enough").click()
    window.says("Done in")
    record = json.loads(window.fetch(window.downloads()["run.json"]))
    assert len(record["review"]["flips"]) == 1 and record["review"]["depth_percentile"] is None
    assert round(100 * record["counts"]["foreground"]) == share
