"""What makes the page pleasant: where things are, what is seen meanwhile, how letters look."""

import re

import pytest

from tests.patience import eventually

pytest_plugins = ["tests.page"]

SEEN = "e => { const r = e.getBoundingClientRect(); return r.top >= -1 && r.bottom <= innerHeight + 1 }"


def test_build_is_there_without_scrolling(open_window, stand):
    window = open_window(stand.url, viewport={"width": 1280, "height": 860})
    window.says("This is an example")
    assert window.button("Build").evaluate(SEEN) and window.canvas().evaluate(SEEN)


@pytest.mark.parametrize(("width_px", "height_px"), [(1280, 600), (360, 740)])
def test_pressing_build_brings_the_scene_into_view(open_window, stand, play, width_px, height_px):
    window = open_window(stand.url, viewport={"width": width_px, "height": height_px})
    window.says("This is an example")
    window.give("photo", stand.photo)
    play.hold("optimize")
    window.page.evaluate("scrollTo(0, document.body.scrollHeight)")
    window.button("Build").evaluate("e => e.click()")
    eventually(lambda: window.part("viewer").evaluate(SEEN))
    window.says("fit")
    play.release()
    window.says("Done in")


def test_new_views_take_no_more_room_than_they_hold(open_window, stand):
    window = open_window(stand.url)
    window.says("This is an example")
    window.shows("views")
    last, part = (window.part("views").locator(which) for which in (".grid-container > * >> nth=-1", "xpath=."))

    def below() -> float:
        inner, outer = last.bounding_box(), part.bounding_box()
        return outer["y"] + outer["height"] - inner["y"] - inner["height"]

    eventually(lambda: -1 <= below() < 30)


def test_the_seconds_go_on_between_two_updates(open_window, stand):
    window = open_window(stand.url)
    window.says("This is an example")
    line = """() => document.body.insertAdjacentHTML('afterbegin',
      '<div class="told"><p data-left="SECONDS" id="line">Step 6 of 8: new views … about some time left</p></div>')"""
    for seconds, *told in (("42.2", "about 4[01] s", "about 3[0-9] s"), ("600", "about 10 min"), ("1", "a moment")):
        window.page.evaluate("() => document.querySelector('#line')?.parentElement.remove()")
        window.page.evaluate(line.replace("SECONDS", seconds))
        for words in told:
            window.expect(window.part("line")).to_have_text(re.compile(f"^Step 6 of 8: new views … {words} left$"))


def test_only_what_runs_counts_down(open_window, stand, play):
    window = open_window(stand.url)
    window.give("photo", stand.photo)
    play.hold("expand")
    window.button("Build").click()
    window.says("new views 1 of 5 …")
    assert float(window.part("status").locator("p").first.get_attribute("data-left")) >= 0
    play.release()
    window.says("Done in")
    assert window.part("status").locator("p[data-left]").count() == 0


def test_every_letter_of_a_word_is_of_one_typeface(open_window, stand):
    """Gradio's own semibold has only a few letters."""
    window = open_window(stand.url)
    tools = window.context.new_cdp_session(window.page)
    tools.send("DOM.enable")
    tools.send("CSS.enable")
    root = tools.send("DOM.getDocument")["root"]["nodeId"]
    for selector in ("h1", "#build", "#cancel", "#photo label"):
        node = tools.send("DOM.querySelector", {"nodeId": root, "selector": selector})["nodeId"]
        fonts = tools.send("CSS.getPlatformFontsForNode", {"nodeId": node})["fonts"]
        assert len(fonts) == 1 and fonts[0]["isCustomFont"], (selector, fonts)
