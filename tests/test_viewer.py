from collections.abc import Callable, Iterator
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from gen3d.camera import Camera
from gen3d.formats.view import Limits, read_view, write_view
from gen3d.products.limits import Pose, orbit
from gen3d.splat.pick import pick_rasterizer
from tests.browser import browser as browser
from tests.measures import psnr
from tests.scene_page import ScenePage, Shelf, shelf
from tests.small_scenes import LENS, photo_scene, shown, tinted

C2W = np.eye(4)
C2W[:3, :3], C2W[:3, 3] = Rotation.from_euler("yx", [20, 8], degrees=True).as_matrix(), (0.3, -0.2, 0.1)
CAMERA = LENS.posed(C2W)
"""Off centre, pixels that are not square, and not at the world's origin."""
LIMITS = Limits(10.0, 14.0, 5.0, 8.0, 0.7, 1.2)
PIVOT_M = 3.0


@pytest.fixture(scope="module")
def stock(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shelf]:
    """scene.view (degree 1), plain.view (another, of degree 0)."""
    folder = tmp_path_factory.mktemp("scenes")
    write_view(folder / "scene.view", tinted(photo_scene(CAMERA)), CAMERA, PIVOT_M, LIMITS, "A <b>room</b>")
    write_view(folder / "plain.view", photo_scene(), LENS, PIVOT_M, replace(LIMITS, yaw_right_deg=6.0))
    with shelf() as it:
        it.files = {file.name: file.read_bytes() for file in folder.iterdir()}
        yield it


@pytest.fixture
def visit(browser: object, stock: Shelf) -> Iterator[Callable[..., ScenePage]]:
    """Opens pages; at the end none may have complained, or asked for anything but what the test had it ask for."""
    pages: list[ScenePage] = []

    def open_one(**context: object) -> ScenePage:
        pages.append(ScenePage(browser, stock.url, **context))
        return pages[-1]

    yield open_one
    for page in pages:
        page.context.close()
    assert [wrong for page in pages for wrong in page.wrong] == []


def drawn(stock: Shelf, folder: Path, name: str = "scene.view", pose: Pose | None = None, scale: int = 1) -> np.ndarray:
    """The file's scene by our own rasterizer."""
    (folder / name).write_bytes(stock.files[name])
    file = read_view(folder / name)
    camera = orbit(file.camera, pose or Pose(), file.pivot_m)
    return shown(pick_rasterizer().render(file.gaussians, camera.resized(scale * camera.width, scale * camera.height)))


@pytest.mark.journey
def test_it_starts_with_the_photos_picture(visit, stock, tmp_path):
    """At the photo's own size, where the low-pass is the rasterizer's; degree 1 and degree 0."""
    for name in ("scene.view", "plain.view"):
        page = visit()
        page.page.add_style_tag(content="#stage { width: 96px }")
        page.open(name)
        assert page.picture().shape == (72, 96, 3)
        assert psnr(page.picture(), drawn(stock, tmp_path, name)) > 36


@pytest.mark.journey
def test_a_turned_view_is_the_orbits_picture(visit, stock, tmp_path):
    page = visit()
    page.page.add_style_tag(content="#stage { width: 96px }")
    page.open()
    page.drag(40, -20)
    page.page.mouse.wheel(0, -120)
    page.wait('zoom < 0.95')
    page.rest()
    yaw, pitch, zoom = page.pose()
    assert yaw > 2 and pitch > 1 and zoom < 0.95
    assert psnr(page.picture(), drawn(stock, tmp_path, pose=Pose(yaw, pitch, zoom))) > 33


def test_a_larger_canvas_shows_the_same_frame_only_larger(visit, stock, tmp_path):
    page = visit()
    page.open()
    picture = page.picture()
    assert picture.shape == (144, 192, 3)
    smaller = picture.reshape(72, 2, 96, 2, 3).mean(axis=(1, 3))
    assert psnr(smaller, drawn(stock, tmp_path)) > 28


def test_on_a_canvas_of_another_shape_the_photo_is_whole_and_in_the_middle(visit, stock, tmp_path):
    page = visit()
    page.page.add_style_tag(content="#stage { width: 156px; --viewer-max-height: 72px }")
    page.open()
    picture = page.picture()
    assert picture.shape == (72, 156, 3)
    assert psnr(picture[:, 30:126], drawn(stock, tmp_path)) > 36
    band = picture[:, :29]
    assert np.ptp(band.reshape(-1, 3), axis=0).max() == 0, "what the limits do not vouch for is not shown"


@pytest.mark.journey
def test_dragging_grabs_the_scene_and_stays_within_the_limits(visit):
    page = visit()
    page.open()
    page.drag(60, 0)
    page.rest()
    assert page.pose()[0] > 2 and abs(page.pose()[1]) < 0.5
    for right, yaw in ((400, LIMITS.yaw_right_deg), (-800, -LIMITS.yaw_left_deg)):
        page.drag(right, 0)
        page.rest()
        assert page.pose()[:2] == pytest.approx((yaw, 0), abs=0.1)


def test_the_corner_between_two_limits_is_an_ellipses(visit):
    page = visit()
    page.open()
    page.drag(400, -400)
    page.rest()
    yaw, pitch, _ = page.pose()
    assert (yaw / LIMITS.yaw_right_deg) ** 2 + (pitch / LIMITS.pitch_up_deg) ** 2 == pytest.approx(1, abs=0.02)
    assert yaw > 3 and pitch > 1


def test_the_wheel_goes_in_and_out_within_the_limits(visit):
    page = visit()
    page.open()
    page.page.mouse.move(*page.middle())
    scroll = "() => scrollY"
    for wheel, end in ((-400, LIMITS.nearest), (400, LIMITS.farthest)):
        for _ in range(6):
            page.page.mouse.wheel(0, wheel)
        page.wait(f"Math.abs(zoom - {end}) < 0.002")
        page.rest()
        assert page.pose()[2] == pytest.approx(end, abs=0.002)
    page.drag(400, 0)
    page.rest()
    assert page.pose()[0] == pytest.approx(0, abs=0.1), "all the way back there is no room to turn"
    assert page.page.evaluate(scroll) == 0, "the wheel over the scene does not move the page"


@pytest.mark.journey
def test_keys_do_all_that_the_mouse_does(visit):
    page = visit()
    page.open()
    page.page.locator("#before").focus()
    page.page.keyboard.press("Tab")
    label = "() => [document.activeElement.tagName, document.activeElement.ariaLabel, document.activeElement.role]"
    tag, words, role = page.page.evaluate(label)
    assert tag == "CANVAS" and role == "application" and "A <b>room</b>" in words and "arrow keys" in words
    before = np.zeros(2)
    for key, moves in (("ArrowRight", (1, 0)), ("ArrowUp", (0, 1)), ("ArrowLeft", (-1, 0)), ("ArrowDown", (0, -1))):
        page.page.keyboard.press(key)
        page.rest()
        after = np.array(page.pose()[:2])
        assert tuple(np.sign(np.round(after - before, 1))) == moves, key
        before = after
    page.page.keyboard.press("+")
    page.rest()
    nearer = page.pose()[2]
    page.page.keyboard.press("-")
    page.page.keyboard.press("-")
    page.rest()
    assert nearer < 1 < page.pose()[2]


def test_f_and_the_button_fill_the_screen(visit):
    page = visit()
    page.open()
    button = page.page.get_by_role("button", name="Full screen")
    for act in (lambda: page.page.keyboard.press("f"), button.click):
        page.page.locator("canvas").focus()
        act()
        page.page.wait_for_function("() => document.fullscreenElement?.className === 'gen3d-viewer'")
        page.page.locator("canvas").focus()
        page.page.keyboard.press("f")
        page.page.wait_for_function("() => !document.fullscreenElement")


def test_a_double_click_goes_back_to_the_photo(visit):
    page = visit()
    page.open()
    page.drag(40, -20)
    page.page.mouse.wheel(0, -200)
    page.wait("zoom < 0.9")
    assert page.pose()[0] > 1
    page.page.mouse.dblclick(*page.middle())
    page.rest()
    assert page.pose() == (0, 0, 1)


def test_touch_drags_pinches_and_double_taps(visit):
    page = visit(has_touch=True)
    page.open()
    assert page.page.evaluate("() => getComputedStyle(viewer.canvas).touchAction") == "none"
    assert page.page.evaluate("() => getComputedStyle(document.body).touchAction") == "auto"
    x, y = page.middle()
    touch = page.context.new_cdp_session(page.page)

    def fingers(kind: str, *at: float) -> None:
        points = [{"x": x + right, "y": y, "id": k} for k, right in enumerate(at)]
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    fingers("touchStart", 0)
    fingers("touchMove", 30)
    fingers("touchEnd")
    page.rest()
    assert page.pose()[0] > 1 and page.pose()[2] == 1
    fingers("touchStart", -20, 20)
    fingers("touchMove", -26, 26)
    fingers("touchEnd")
    page.rest()
    assert page.pose()[2] == pytest.approx(20 / 26, abs=0.01)
    page.page.touchscreen.tap(x, y)
    page.page.touchscreen.tap(x, y)
    page.rest()
    assert page.pose() == (0, 0, 1)


def test_it_draws_only_when_something_changes(visit):
    page = visit()
    page.open()
    before = page.rest()
    page.page.wait_for_timeout(700)
    assert int(page.told("revision")) == before
    page.drag(30, 0)
    after = page.rest()
    assert after > before
    page.page.add_style_tag(content="#stage { width: 150px }")
    page.wait(f"Number(revision) > {after}")  # another size is a change


def test_the_sway_ends_with_the_first_touch(visit):
    page = visit()
    page.open(sway=True)
    page.wait("sway === 'on'")
    page.wait("Math.abs(yaw) > 0.2")
    page.page.evaluate("() => scrollTo(0, 2000)")
    page.page.wait_for_timeout(500)
    still = int(page.told("revision"))
    page.page.wait_for_timeout(300)
    assert int(page.told("revision")) == still, "out of view it rests"
    page.page.evaluate("() => scrollTo(0, 0)")
    page.wait(f"Number(revision) > {still}")
    page.drag(20, 0)
    assert page.told("sway") == "off"
    page.rest()
    page.page.evaluate("() => viewer.show('scene.view')")
    page.wait("ready === 'true'")
    assert page.told("sway") == "off" and page.rest()


def test_who_wants_no_motion_gets_none(visit):
    page = visit(reduced_motion="reduce")
    page.open(sway=True)
    page.rest()
    assert page.told("sway") == "off" and page.pose() == (0, 0, 1)


def test_the_first_fifth_is_shown_while_the_rest_is_under_way(visit, stock, tmp_path):
    stock.files["slow.view"] = stock.files["plain.view"]
    go_on = stock.hold("slow.view")
    page = visit()
    page.page.add_style_tag(content="#stage { width: 96px }")
    page.open(None)
    page.page.evaluate("() => { viewer.show('slow.view') }")
    page.wait("Number(revision) > 0")
    page.rest()
    few, whole = page.picture(), drawn(stock, tmp_path, "plain.view")
    assert 0.2 <= float(page.told("progress")) < 0.8 and page.told("ready") == "false"
    assert psnr(few, whole) > 20
    go_on.set()
    page.wait("ready === 'true'")
    assert psnr(page.picture(), whole) > 36


def test_another_scene_may_keep_the_visitors_camera(visit):
    page = visit()
    page.open()
    page.drag(100, 0)
    page.rest()
    there = page.pose()
    assert there[0] > 6.1
    page.page.evaluate("() => viewer.show('plain.view', {keepCamera: true})")
    page.wait("ready === 'true'")
    page.rest()
    assert page.pose() == pytest.approx((6.0, there[1], there[2]), abs=0.01), "within the limits of the new one"
    page.page.evaluate("() => viewer.show('scene.view')")
    page.wait("ready === 'true'")
    page.rest()
    assert page.pose() == (0, 0, 1)


def test_who_asks_for_two_scenes_gets_the_second(visit, stock, tmp_path):
    stock.files["late.view"] = stock.files["scene.view"]
    stock.hold("late.view")
    page = visit()
    page.page.add_style_tag(content="#stage { width: 96px }")
    page.open(None)
    page.page.evaluate("() => { viewer.show('late.view') }")
    page.wait("Number(progress) > 0")
    page.page.evaluate("() => viewer.show('plain.view')")
    page.wait("ready === 'true'")
    stock.held["late.view"].set()
    page.rest()
    assert psnr(page.picture(), drawn(stock, tmp_path, "plain.view")) > 36


def test_bytes_do_as_well_as_an_address(visit, stock, tmp_path):
    page = visit()
    page.page.add_style_tag(content="#stage { width: 96px }")
    page.open(None)
    page.page.evaluate("bytes => viewer.show(new Uint8Array(bytes))", list(stock.files["plain.view"]))
    page.wait("ready === 'true'")
    assert psnr(page.picture(), drawn(stock, tmp_path, "plain.view")) > 36


@pytest.mark.parametrize("name", ["missing.view", "torn.view", "strange.view"])
def test_a_scene_that_cannot_be_had_is_told(visit, stock, name):
    stock.files["torn.view"] = stock.files["plain.view"][:-5000]
    stock.files["strange.view"] = b"this is no scene"
    page = visit()
    page.open(None)
    failed = page.page.evaluate(f"() => viewer.show('{name}').then(() => false, () => true)")
    assert failed and "could not be loaded" in page.page.get_by_role("alert").inner_text()
    page.wrong = [wrong for wrong in page.wrong if "404" not in wrong]
    page.page.evaluate("() => viewer.show('scene.view')")
    page.wait("ready === 'true'")
    assert page.page.get_by_role("alert").count() == 0


def test_it_comes_back_after_a_lost_context(visit, stock, tmp_path):
    page = visit()
    page.page.add_style_tag(content="#stage { width: 96px }")
    page.open()
    page.page.evaluate("""async () => {
        const lose = viewer.canvas.getContext('webgl2').getExtension('WEBGL_lose_context')
        const event = name => new Promise(done => viewer.canvas.addEventListener(name, done, {once: true}))
        const lost = event('webglcontextlost'), back = event('webglcontextrestored')
        lose.loseContext()
        await lost
        await new Promise(done => setTimeout(done))     // it can only come back once the event is over
        window.before = Number(viewer.canvas.dataset.revision)
        lose.restoreContext()
        await back
    }""")
    page.wait("Number(revision) > window.before")
    page.rest()
    assert psnr(page.picture(), drawn(stock, tmp_path)) > 36
    page.wrong = [wrong for wrong in page.wrong if "CONTEXT_LOST" not in wrong and "context lost" not in wrong.lower()]


def test_twenty_viewers_in_a_row_leave_nothing_behind(visit):
    """A browser takes contexts away from the oldest when there are more than some 16: `keeper` would lose its own."""
    page = visit()
    page.page.evaluate("() => { window.keeper = document.createElement('canvas').getContext('webgl2') }")
    page.page.evaluate("""async () => {
        window.started = 0, window.ended = 0
        const terminate = Worker.prototype.terminate
        Worker.prototype.terminate = function () { ended++; terminate.call(this) }
        for (let i = 0; i < 20; i++) {
            const one = createSceneViewer(stage, {sway: false})
            await one.show('plain.view')
            one.dispose()
        }
        await new Promise(done => setTimeout(done, 200))
    }""")
    assert page.page.evaluate("() => keeper.isContextLost()") is False
    assert page.page.evaluate("() => [stage.children.length, ended]") == [0, 20]
    page.open("plain.view")


def test_twenty_scenes_in_one_viewer_are_as_good_as_one(visit, stock, tmp_path):
    page = visit()
    page.page.add_style_tag(content="#stage { width: 96px }")
    page.open()
    page.page.evaluate("""async () => {
        for (let i = 0; i < 20; i++) await viewer.show(i % 2 ? 'plain.view' : 'scene.view')
    }""")
    page.wait("ready === 'true'")
    page.rest()
    assert psnr(page.picture(), drawn(stock, tmp_path, "plain.view")) > 36


def test_without_webgl_a_sentence_says_so(visit):
    page = visit()
    page.page.evaluate("() => { HTMLCanvasElement.prototype.getContext = () => null }")
    page.page.evaluate("() => { window.viewer = createSceneViewer(stage) }")
    assert "WebGL 2" in page.page.get_by_role("alert").inner_text()
    page.page.evaluate("() => { viewer.show('scene.view'); viewer.reset(); viewer.dispose() }")
    assert page.page.evaluate("() => stage.children.length") == 0


def test_a_dense_screen_gets_more_pixels_up_to_two_for_one(visit):
    for ratio, width in ((1.5, 288), (3, 384)):
        page = visit(device_scale_factor=ratio)
        page.open("plain.view")
        page.rest()
        assert page.page.evaluate("() => viewer.canvas.width") == width
        page.context.close()


def test_a_slow_machine_gets_coarser_pictures_while_it_moves_and_a_sharp_one_after(visit):
    """Time runs twenty times as fast for this page, so every picture seems to take long."""
    page = visit()
    page.open()
    page.page.evaluate("""() => {
        const real = requestAnimationFrame
        window.requestAnimationFrame = act => real(now => act(20 * now))
        window.widths = []
        new MutationObserver(() => widths.push(viewer.canvas.width))
            .observe(viewer.canvas, {attributeFilter: ['data-revision']})
    }""")
    for _ in range(4):
        page.drag(40, 0)
        page.page.wait_for_timeout(30)
        page.drag(-40, 0)
    page.rest()
    widths = page.page.evaluate("() => widths")
    assert min(widths) < 120 and widths[-1] == 192
    assert page.told("count") == "6912", "all of it again"


def test_the_viewers_own_camera_is_where_pythons_is(visit):
    """The same orbit in two languages, to rounding."""
    page = visit()
    got = page.page.evaluate("""header => {
        const orbit = new Orbit(false)
        orbit.use(header, false)
        Object.assign(orbit, {yaw: 7, pitch: -4, zoom: 0.9})
        return orbit.view()
    }""", {"w2c": CAMERA.w2c.tolist(), "pivot_m": PIVOT_M, "limits": asdict(LIMITS)})  # fmt: skip
    meant: Camera = orbit(CAMERA, Pose(7.0, -4.0, 0.9), PIVOT_M)
    assert np.allclose(got, meant.w2c[:3], atol=1e-12)
