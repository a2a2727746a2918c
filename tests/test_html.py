from collections.abc import Iterator
from pathlib import Path

import pytest

from gen3d.camera import Camera
from gen3d.errors import InputError
from gen3d.formats.html import write_html
from gen3d.formats.view import Limits, read_view, write_view
from gen3d.splat.pick import pick_rasterizer
from tests.browser import READ_BACK
from tests.browser import browser as browser
from tests.measures import psnr
from tests.patience import PATIENCE_S
from tests.scene_page import picture_of
from tests.small_scenes import LENS, photo_scene, shown, tinted

LIMITS = Limits(10.0, 14.0, 5.0, 8.0, 0.7, 1.2)
HOSTILE = (
    "</script><script>window.taken = 1</script>",
    "</title><img src=x onerror='window.taken = 1'>",
    "<!-- <script> -->",
    "{{script}} {{scene}} & \"quotes\" 'too' \u2028 \\u003c",
)


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return a_scene(tmp_path_factory.mktemp("scene") / "scene.view", "A room")


def a_scene(path: Path, title: str, camera: Camera = LENS) -> Path:
    write_view(path, tinted(photo_scene(camera)), camera, 3.0, LIMITS, title)
    return path


class FromDisk:
    """A file opened by its path; `asked` is what it requested."""

    def __init__(self, browser: object, file: Path) -> None:
        self.context = browser.new_context(viewport={"width": 144, "height": 72})
        self.page = self.context.new_page()
        self.page.set_default_timeout(PATIENCE_S * 1000)
        self.asked: list[str] = []
        self.wrong: list[str] = []
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.on("pageerror", lambda error: self.wrong.append(str(error)))
        self.page.on("console", lambda told: READ_BACK in told.text or self.wrong.append(told.text))
        self.page.goto(file.as_uri())
        self.page.wait_for_function("() => document.querySelector('canvas')?.dataset.ready === 'true'")


@pytest.fixture
def opened(browser: object, scene: Path, tmp_path: Path) -> Iterator[FromDisk]:
    write_html(tmp_path / "room.html", scene, "A room")
    page = FromDisk(browser, tmp_path / "room.html")
    yield page
    page.context.close()


def test_opened_from_disk_it_shows_the_same_picture_and_asks_nobody(opened, scene):
    file = read_view(scene)
    opened.page.locator("canvas").focus()
    opened.page.keyboard.press("Home")
    opened.page.wait_for_function("() => document.querySelector('canvas').dataset.yaw === '0.000'")
    opened.page.wait_for_function("() => document.querySelector('canvas').dataset.still === 'true'")
    opened.page.evaluate("() => document.activeElement.blur()")  # the ring around it is no part of the scene
    picture = picture_of(opened.page)
    assert picture.shape == (72, 144, 3)
    assert psnr(picture[:, 24:120], shown(pick_rasterizer().render(file.gaussians, file.camera))) > 33
    assert [url for url in opened.asked if not url.startswith(("file:", "blob:"))] == []
    assert [url.rpartition("/")[2] for url in opened.asked if url.startswith("file:")] == ["room.html"]
    assert opened.wrong == []


def test_it_says_what_it_is(opened):
    assert opened.page.title() == "A room"
    assert "3D scene: A room." in opened.page.locator("canvas").get_attribute("aria-label")


def test_its_policy_lets_nothing_else_run_or_load(opened):
    blocked = opened.page.evaluate("""async () => {
        const violations = []
        document.addEventListener('securitypolicyviolation', event => violations.push(event.effectiveDirective))
        const script = document.createElement('script')
        script.textContent = 'window.taken = 1'
        document.body.append(script)
        const image = document.body.appendChild(new Image())
        image.src = 'http://127.0.0.1:9/pixel.png'
        await fetch('http://127.0.0.1:9/').catch(() => {})
        await new Promise(done => setTimeout(done, 100))
        return violations
    }""")
    assert {"script-src-elem", "img-src", "connect-src"} <= set(blocked)
    assert opened.page.evaluate("() => window.taken") is None


@pytest.mark.parametrize("title", HOSTILE)
def test_a_hostile_title_is_only_read(browser, tmp_path, title):
    """In the tab's title, and within the scene file, from where it reaches the canvas's label."""
    small = Camera.from_fov(60.0, 24, 16)
    write_html(tmp_path / "page.html", a_scene(tmp_path / "scene.view", title, small), title)
    page = FromDisk(browser, tmp_path / "page.html")
    assert page.page.evaluate("() => window.taken") is None
    assert page.page.title() == " ".join(title.replace("\u2028", " ").split()) or page.page.title() == title
    assert title in page.page.locator("canvas").get_attribute("aria-label")
    assert page.page.locator("img").count() == 0 and page.page.locator("script").count() == 2
    assert page.wrong == []
    page.context.close()


def test_without_a_title_it_still_has_one(tmp_path, scene):
    write_html(tmp_path / "page.html", scene)
    assert "<title>3D scene</title>" in (tmp_path / "page.html").read_text(encoding="utf-8")


def test_the_file_is_the_scene_in_base64_and_little_more(tmp_path, scene):
    write_html(tmp_path / "page.html", scene, "A room")
    assert (tmp_path / "page.html").stat().st_size < 4 / 3 * scene.stat().st_size + 150_000


def test_what_is_no_scene_makes_no_page(tmp_path):
    (tmp_path / "scene.view").write_bytes(b"</script>")
    with pytest.raises(InputError, match=r"scene\.view"):
        write_html(tmp_path / "page.html", tmp_path / "scene.view", "A room")
    assert not (tmp_path / "page.html").exists()
