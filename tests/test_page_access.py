"""The page for those who do not see it, or use no mouse: what axe-core finds, and a whole run by the keyboard alone."""

from __future__ import annotations

import pytest

from gen3d.errors import InputError
from tests.npm import npm_package
from tests.patience import eventually

pytest_plugins = ["tests.page"]
GRADIOS = {
    (
        "nested-interactive",
        ".toast-header",
    ): "Gradio's toasts fold by their header, which holds the button that closes them",
}
"""(rule, selector) -> why it stays: not ours, and not to be mended from outside."""
GRAVE = ("serious", "critical")
RUN = "async () => (await axe.run(document, {resultTypes: ['violations']})).violations"


@pytest.fixture(scope="module")
def axe() -> str:
    """axe-core's source, which is of another licence and stays outside this repository."""
    return (npm_package("axe-core", "4.14.1") / "axe.min.js").read_text(encoding="utf-8")


def violations(window, axe: str) -> list[str]:
    """What is grave, stays so (colours fade, names come after) and is not among GRADIOS: rule, selector, element."""
    window.page.evaluate(f"() => {{ if (!window.axe) {{ {axe} }} }}")
    for _ in range(4):
        window.page.wait_for_timeout(500)
        rules = [rule for rule in window.page.evaluate(RUN) if rule["impact"] in GRAVE]
        nodes = [(rule["id"], node) for rule in rules for node in rule["nodes"]]
        wrong = [(rule, node) for rule, node in nodes if (rule, node["target"][0]) not in GRADIOS]
        if not wrong:
            return []
    return [f"{rule} {node['target']} {node['html'][:120]}" for rule, node in wrong]


@pytest.mark.parametrize("scheme", ["light", pytest.param("dark", marks=pytest.mark.slow)])
def test_axe_finds_nothing_grave_in_any_state_of_the_page(stand, play, open_window, axe, scheme):
    window = open_window(stand.url, color_scheme=scheme)
    window.says("This is an example")
    window.views()
    found = {"opening": violations(window, axe)}

    play.hold("expand")
    window.give("photo", stand.photo)
    window.button("Build").click()
    window.says("new views 1 of 5 …")
    window.shows("views")
    found["running"] = violations(window, axe)

    play.release()
    window.says("Done in")
    for fold in ("Advanced", "Another video"):
        window.unfold(fold)
    window.is_free()
    found["finished"] = violations(window, axe)

    viewer = window.part("viewer")
    viewer.get_by_role("button", name="Path", exact=True).click()
    for _ in range(2):
        viewer.get_by_role("button", name="Add this view").click()
    viewer.get_by_role("button", name="View 2 of 2: go there").click()
    viewer.get_by_role("button", name="Measure").click()
    viewer.get_by_label("What is shown").select_option("depth")
    found["directing"] = violations(window, axe)
    viewer.get_by_label("What is shown").select_option("photo")
    window.expect(viewer.locator(".comparison")).to_be_visible()
    found["comparing"] = violations(window, axe)

    play.reset()
    play.fail("depth", InputError("The lake is dry.", "Wait for rain."))
    window.button("Build").click()
    window.says("The lake is dry.")
    window.is_free()
    found["failed"] = violations(window, axe)
    assert {state: wrong for state, wrong in found.items() if wrong} == {}


# --- by the keyboard

WHERE = """() => {
  const element = document.activeElement, label = element.closest('label')
  const part = element.closest(PARTS.map(id => '#' + id).join())
  const outlined = [element, label ?? element].map(e => getComputedStyle(e))
    .some(style => style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2)
  return {part: part?.id ?? '', name: element.ariaLabel || element.innerText || element.value || '', seen: outlined,
          top: part ? part.getBoundingClientRect().top + scrollY : 0}
}"""
PARTS = (
    "viewer", "photo", "preset", "build", "enough", "cancel", "examples", "path", "seed", "dice", "other", "video",
    "files", "another", "depth", "layers", "background", "views", "another-video",
)  # fmt: skip
"""In the order of the keyboard."""
MOST_STOPS = 90
BESIDE_PX = 60
"""What is beside something may begin a little higher."""


def stop(window) -> dict:
    """Where the keyboard is after the next Tab."""
    window.page.keyboard.press("Tab")
    return window.page.evaluate(WHERE.replace("PARTS", str(list(PARTS))))


def go_to(window, part: str, name: str = "") -> None:
    """By Tab alone."""
    for _ in range(MOST_STOPS):
        here = stop(window)
        if here["part"] == part and name in here["name"]:
            return
    raise AssertionError(f"the keyboard does not reach {part} {name}")


@pytest.mark.parametrize("width_px", [1280, 360])
def test_the_keyboard_visits_everything_in_the_order_in_which_it_is_seen(stand, play, open_window, width_px):
    window = open_window(stand.url, viewport={"width": width_px, "height": 900})
    window.says("This is an example")
    window.views()
    window.page.evaluate("scrollTo(0, 0)")
    stops = []
    while len(stops) < MOST_STOPS and (here := stop(window))["name"] != "Settings":
        stops.append(here)
    assert len(stops) < MOST_STOPS
    assert [here for here in stops if not here["seen"]] == [], "where the keyboard is can be seen"
    tops = {here["part"]: here["top"] for here in stops if here["part"]}
    assert list(tops) == [part for part in PARTS if part not in ("enough", "cancel")]
    if width_px == 360:
        later = list(tops.values())[1:]
        assert all(top <= next_top + BESIDE_PX for top, next_top in zip(tops.values(), later, strict=False))
    names = [here["name"] for here in stops]
    assert "Example: Ready" in names and any(name.startswith("scene.ply: ") for name in names)
    assert "Remove this file" not in names


def test_a_scene_is_made_and_looked_at_by_the_keyboard_alone(window, stand, play):
    press = window.page.keyboard.press
    window.says("This is an example")
    window.views()
    play.hold("expand")
    with window.page.expect_file_chooser() as chooser:
        go_to(window, "photo")
        press("Enter")
    chooser.value.set_files(stand.photo)
    window.shows("photo")
    go_to(window, "preset", "balanced")
    press("Space")
    window.expect(window.page.get_by_label("balanced")).to_be_checked()
    go_to(window, "build")
    press("Enter")
    window.says("new views 1 of 5 …")
    window.is_busy()
    assert stop(window)["part"] == "enough", "next to where Build was pressed"
    press("Enter")
    window.says("Done in")
    window.is_free()
    assert play.settings[0].preset == "balanced"

    for fold, inside in (("other", "scene"), ("another-video", "film")):
        go_to(window, fold)
        press("Enter")
        window.expect(window.part(inside)).to_be_visible()
        press("Enter")
    go_to(window, "viewer")
    press("ArrowRight")
    eventually(lambda: float(window.views()["yaw"]) > 0.5)
    press("Home")
    eventually(lambda: window.views()["yaw"] == "0.000")

    play.reset()
    play.hold("layers")
    go_to(window, "build")
    press("Enter")
    window.says("layers 1 of 5 …")
    window.is_busy()
    assert [stop(window)["part"] for _ in range(2)] == ["enough", "cancel"]
    press("Enter")
    window.says("Cancelled")
    go_to(window, "examples", "Ready")
    press("Enter")
    window.says("Done in")
