"""Things in the viewer: chosen, moved, turned, copied, removed, by hand and by keys, as our rasterizer draws them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gen3d.edits import instances
from gen3d.formats.edits_file import parse_edits, read_edits
from gen3d.formats.glb import write_glb
from gen3d.formats.stored import StoredScene
from gen3d.formats.things_file import check_change
from gen3d.formats.view import read_told, read_view, write_view
from gen3d.products.brought import thing_in
from gen3d.products.edited import edited_by, heeding
from gen3d.products.relabel import relabelled
from gen3d.run.bring import write_for_viewer
from gen3d.splat.edited import edited
from gen3d.splat.pick import pick_rasterizer
from gen3d.splat.role import draw
from tests.browser import browser as browser
from tests.measures import psnr
from tests.npm import npm_package
from tests.scene_page import ScenePage, Shelf, shelf
from tests.small_scenes import LENS, photo_scene, shown
from tests.test_brought import box_part
from tests.test_modes import LIMITS, PIVOT_M
from tests.thing_scenes import CARDS, room_with_cards, told_of_cards

SCALE = 4
"""Pixels of the page in the photo's."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("scenes")
    room = room_with_cards()
    write_view(folder / "cards.view", room, LENS, PIVOT_M, LIMITS, things=told_of_cards(room))
    write_view(folder / "plain.view", photo_scene(), LENS, PIVOT_M, LIMITS)
    return folder


@pytest.fixture(scope="module")
def stock(folder: Path) -> Iterator[Shelf]:
    with shelf() as it:
        it.files = {file.name: file.read_bytes() for file in folder.iterdir()}
        yield it


@pytest.fixture(scope="module")
def one_page(browser: object, stock: Shelf) -> Iterator[ScenePage]:
    page = ScenePage(browser, stock.url)
    page.page.set_viewport_size({"width": LENS.width * SCALE, "height": 800})
    page.page.add_style_tag(content=f"#stage {{ width: {LENS.width * SCALE}px }}")
    yield page
    page.context.close()
    assert page.wrong == []


class Bench:
    """The viewer with the cards, its list unfolded."""

    def __init__(self, page: ScenePage) -> None:
        self.page = page

    def button(self, name: str) -> Any:
        return self.page.page.locator(".things").get_by_role("button", name=name, exact=True)

    def press(self, *keys: str) -> None:
        self.page.page.locator(".frame > canvas").focus()
        for key in keys:
            self.page.page.keyboard.press(key)

    def spot(self, number: int) -> tuple[float, float]:
        """Where on the page a card is, as it was built."""
        (u, v), _ = (one[0] for one in LENS.project(np.array([CARDS[number]])))
        box = self.page.page.locator(".frame > canvas").bounding_box()
        return box["x"] + SCALE * float(u), box["y"] + SCALE * float(v)

    def click(self, number: int) -> None:
        self.page.page.mouse.click(*self.spot(number))
        self.page.rest()

    def said(self) -> str:
        return self.page.page.locator(".things .told").text_content()

    def saved(self, folder: Path) -> Path:
        with self.page.page.expect_download() as download:
            self.button("Save edits").click()
        download.value.save_as(folder / download.value.suggested_filename)
        return folder / "edits.json"

    def picture(self) -> np.ndarray:
        """Of the scene at the photo's size, where the low-pass is the rasterizer's, without marks on what is chosen."""
        self.press("Escape")
        self.page.page.evaluate(f"""() => {{
            document.activeElement.blur()
            stage.style.width = '{LENS.width}px'
        }}""")
        self.page.page.wait_for_function(f"() => viewer.canvas.width === {LENS.width}")
        self.page.rest()
        picture = self.page.picture()
        self.page.page.evaluate("() => { stage.style.width = '' }")
        self.page.rest()
        return picture


@pytest.fixture
def bench(one_page: ScenePage) -> Iterator[Bench]:
    one_page.open("cards.view")
    one_page.page.get_by_role("button", name="Things", exact=True).click()
    one_page.rest()
    yield Bench(one_page)
    one_page.page.evaluate("() => viewer.dispose()")


def drawn(folder: Path, edits: Any) -> np.ndarray:
    """What our rasterizer makes of the scene once they are baked in."""
    file, told = read_view(folder / "cards.view"), read_told(folder / "cards.view")
    feet = {thing["id"]: np.array(thing["foot"]) for thing in told["things"]}
    g = edited(file.gaussians, instances(edits, feet, told["up"]))
    return shown(draw(pick_rasterizer("cpu"), g, LENS))


EDITS = [
    {"op": "move", "thing": 1, "by": [0.3, 0.0, 0.5]}, {"op": "turn", "thing": 1, "deg": 40.0},
    {"op": "scale", "thing": 1, "by": 1.3}, {"op": "tint", "thing": 1, "rgb": [0.2, 1.0, 0.2], "strength": 0.6},
    {"op": "duplicate", "thing": 1, "by": [-0.9, 0.0, 0.2], "as": 7}, {"op": "turn", "thing": 7, "deg": 50.0,
     "axis": [0.0, 0.0, 1.0]}, {"op": "hide", "thing": 2},
]  # fmt: skip


def test_the_picture_is_our_rasterizers_of_the_baked_scene(bench, folder):
    plain, meant = drawn(folder, ()), drawn(folder, parse_edits(EDITS).done)
    assert psnr(bench.picture(), plain) > 36, "nothing is edited yet"
    bench.page.page.evaluate("text => viewer.things.load(text)", json.dumps(EDITS))
    assert psnr(plain, meant) < 22 and psnr(bench.picture(), meant) > 36
    for _ in EDITS:
        bench.button("Undo").click()
    assert psnr(bench.picture(), plain) > 36


def widths(bench: Bench, script: str) -> list[int]:
    """Of the canvas, in every picture that an edit takes."""
    page = bench.page.page
    page.evaluate("""() => {
        window.widths = []
        window.seen = new MutationObserver(() => window.widths.push(viewer.canvas.width))
        seen.observe(viewer.canvas, {attributeFilter: ['data-revision']})
    }""")
    page.evaluate(script)
    bench.page.rest()
    page.evaluate("() => seen.disconnect()")
    return page.evaluate("() => window.widths")


MOVED = """() => viewer.things.load('[{"op": "move", "thing": 1, "by": [0.4, 0, 0]}]')"""
TINTED = """() => viewer.things.load('[{"op": "tint", "thing": 1, "rgb": "#00ff00"}]')"""


@pytest.mark.parametrize("script", [MOVED, TINTED])
def test_an_edit_is_one_picture(bench, script):
    bench.page.page.evaluate("() => { Renderer.prototype.timed = tell => tell(20) }")
    bench.page.page.evaluate("() => viewer.things.toggle(true)")
    bench.page.rest()
    assert widths(bench, script) == [SCALE * LENS.width]


def test_where_a_sharp_picture_takes_long_a_coarse_one_shows_an_edit_first(bench):
    bench.page.page.evaluate("() => { Renderer.prototype.timed = tell => tell(800) }")
    bench.page.page.evaluate("() => { viewer.reset() }")
    bench.page.rest()
    assert widths(bench, MOVED) == [SCALE * LENS.width // 2, SCALE * LENS.width]


def test_a_click_chooses_a_drag_moves_on_the_ground_and_the_file_says_so(bench, folder, tmp_path):
    bench.click(1)
    assert bench.said().startswith("red card: ")
    x, y = bench.spot(1)
    mouse, before = bench.page.page.mouse, bench.page.pose()
    mouse.move(x, y)
    mouse.down()
    mouse.move(x + 60, y - 8, steps=4)
    mouse.up()
    bench.page.rest()
    assert bench.page.pose() == before, "the camera stays"
    [move] = read_edits(bench.saved(tmp_path)).done
    told = read_told(folder / "cards.view")
    [foot] = [np.array(thing["foot"]) for thing in told["things"] if thing["id"] == 1]
    assert (move.op, move.thing) == ("move", 1) and abs(np.dot(move.by, told["up"])) < 1e-3
    (was, now), _ = LENS.project(np.array([foot, foot + move.by]))
    assert now - was == pytest.approx((60 / SCALE, -8 / SCALE), abs=0.5), "its foot goes along with the hand"
    assert psnr(bench.picture(), drawn(folder, [move])) > 36


def test_all_of_it_goes_by_keys(bench, tmp_path):
    bench.button("blue card").focus()
    bench.page.page.keyboard.press("Enter")
    bench.press("ArrowRight", "ArrowRight", "Shift+ArrowLeft", ".")
    bench.page.page.get_by_label("Size").press("ArrowRight")
    bench.page.page.get_by_label("Name").fill("sky")
    bench.page.page.get_by_label("Name").press("Tab")
    bench.button("Copy").press("Enter")
    bench.press("Delete")
    bench.button("Hide red card").press("Enter")
    done = read_edits(bench.saved(tmp_path)).done
    assert [(edit.op, edit.thing) for edit in done] == [
        ("move", 2), ("turn", 2), ("scale", 2), ("rename", 2), ("duplicate", 2), ("remove", 3), ("hide", 1),
    ]  # fmt: skip
    assert done[0].by[0] == pytest.approx(2 * 0.02 * PIVOT_M, rel=0.05) and done[1].deg == 5 and done[3].name == "sky"
    bench.press("Control+z", "Control+z", "Control+Shift+Z")
    edits = read_edits(bench.saved(tmp_path))
    assert edits.done == done[:-1] and edits.undone == done[-1:]


def test_what_is_brought_in_and_dropped_is_seen_as_our_rasterizer_bakes_it(bench, folder, tmp_path, stock):
    """With its shadow, in light of its own and with harmonics in the scene; undone and done again."""
    write_glb(tmp_path / "box.glb", [box_part((0.3, 0.6, 0.2))])
    alone = thing_in(tmp_path / "box.glb")
    write_for_viewer(tmp_path / "box.view", alone, "box")
    stock.files["box.view"] = (tmp_path / "box.view").read_bytes()
    edit = {"op": "bring in", "file": "brought/box", "at": [0.1, 0.75, 1.9], "size_m": 0.5, "light": [1.1, 0.9, 0.5],
            "deg": 25, "name": "crate"}  # fmt: skip
    bench.page.page.evaluate("([edit, url]) => viewer.things.take(edit, url)", [edit, f"{stock.url}box.view"])
    bench.button("crate").wait_for()
    bench.press("Escape")
    bench.button("red card").click()
    bench.button("To the ground").click()
    done = read_edits(bench.saved(tmp_path)).done
    assert [one.op for one in done] == ["bring in", "drop"]
    file, told = read_view(folder / "cards.view"), read_told(folder / "cards.view")
    how = edited_by(done, file.gaussians, {**told, "changes": []}, lambda name: alone, LENS)
    meant = shown(draw(pick_rasterizer("cpu"), heeding(StoredScene(file.gaussians), how).gaussians, LENS))
    plain = drawn(folder, ())
    assert len(how.shadows) == 2 and psnr(plain, meant) < 26
    assert psnr(bench.picture(), meant) > 34
    bench.press("Control+z", "Control+z")
    assert psnr(bench.picture(), plain) > 36
    bench.press("Control+Shift+Z", "Control+Shift+Z")
    assert psnr(bench.picture(), meant) > 34


def test_a_file_that_is_no_list_of_its_edits_is_refused_and_all_stays(bench, tmp_path):
    bench.button("Hide red card").click()
    (tmp_path / "bad.json").write_text('[{"op": "move", "thing": 99, "by": [0, 0, 0]}]')
    bench.page.page.locator(".things input[type=file]").set_input_files(tmp_path / "bad.json")
    bench.page.page.get_by_text("holds no edits of this scene").wait_for()
    assert len(read_edits(bench.saved(tmp_path)).done) == 1


def test_a_scene_that_tells_of_no_things_offers_none(one_page):
    one_page.open("plain.view")
    assert one_page.page.locator(".tools .edits").is_hidden()
    one_page.page.evaluate("() => viewer.dispose()")


def test_what_is_drawn_around_is_split_off_as_python_does_it_from_another_view_too(one_page, folder):
    one_page.page.evaluate("""() => {
        window.viewer = createSceneViewer(stage, {sway: false, part: how => { window.how = how }})
        viewer.show('cards.view')
    }""")
    one_page.wait("ready === 'true'")
    bench, page = Bench(one_page), one_page.page
    page.get_by_role("button", name="Things", exact=True).click()
    bench.press("ArrowRight", "ArrowRight")
    one_page.rest()
    bench.button("red card").click()
    bench.button("Draw around a part").click()
    one_page.rest()
    box = page.locator(".outline .box").bounding_box()
    middle, top, bottom = box["x"] + box["width"] / 2, box["y"] - 8, box["y"] + box["height"] + 8
    page.mouse.move(middle, top)
    page.mouse.down()
    for x, y in ((box["x"] - 8, top), (box["x"] - 8, bottom), (middle, bottom)):
        page.mouse.move(x, y, steps=5)
    page.mouse.up()
    how = page.evaluate("() => window.how")
    page.evaluate("() => viewer.dispose()")
    gaussians = read_view(folder / "cards.view").gaussians
    change = {"op": "split", "thing": 1, "into": 9, **how["outlines"]}
    check_change(change)
    after = relabelled(gaussians, [change]).things
    share = int((after == 9).sum()) / int((gaussians.things == 1).sum())
    assert how["split"] == 1 and 0.35 < share < 0.65
    assert bool(((after == 9) | (after == gaussians.things)).all())


def test_nobody_is_shut_out_at_a_phones_width(bench):
    bench.page.page.add_script_tag(path=npm_package("axe-core", "4.14.1") / "axe.min.js")
    bench.click(1)
    bench.page.page.set_viewport_size({"width": 390, "height": 800})
    found = bench.page.page.evaluate("() => axe.run('.gen3d-viewer').then(done => done.violations)")
    assert [(one["id"], [node["html"] for node in one["nodes"]]) for one in found] == []
    assert bench.page.page.evaluate("() => document.documentElement.scrollWidth") <= 390


@pytest.mark.parametrize("width_px", [270, 302, 360, 390, 460, 640, 900])
def test_every_tool_is_whole_within_the_frame_at_any_width(browser, stock, width_px):
    page = ScenePage(browser, stock.url)
    page.page.set_viewport_size({"width": width_px, "height": 800})
    page.page.add_style_tag(content="body { margin: 0 } #stage { width: 100% }")
    page.open("cards.view")
    boxes = page.page.evaluate("""() => [...document.querySelectorAll('.tools > *')]
        .filter(tool => tool.offsetParent).map(tool => tool.getBoundingClientRect().toJSON())""")
    page.context.close()
    assert len(boxes) >= 5 and all(box["width"] >= 36 for box in boxes)
    assert max(box["width"] for box in boxes) >= 90  # a word of the list of modes can be read
    assert all(box["left"] >= 8 and box["right"] <= width_px - 8 for box in boxes)
    for a, b in combinations(boxes, 2):
        assert a["right"] <= b["left"] or b["right"] <= a["left"] or a["bottom"] <= b["top"] or b["bottom"] <= a["top"]
