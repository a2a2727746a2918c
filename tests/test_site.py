"""A scene as a site: what lies in it, and that it opens from a host and from disk, as an address asks."""

from __future__ import annotations

import json
import shutil
import threading
import zipfile
from collections.abc import Iterator
from functools import partial
from html.parser import HTMLParser
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote

import numpy as np
import pytest
from PIL import Image

from gen3d.cli import main
from gen3d.formats.camera_path import read_camera_path
from gen3d.formats.ply import read_ply
from gen3d.formats.sog import open_sog
from gen3d.formats.view import read_view
from gen3d.products.export import FinishedScene, export_file
from gen3d.products.site import FILES, write_site
from gen3d.splat.pick import pick_rasterizer
from tests.browser import READ_BACK
from tests.browser import browser as browser
from tests.measures import drain, psnr
from tests.npm import npm_package
from tests.patience import PATIENCE_S
from tests.runs import inside
from tests.small_scenes import shown


@pytest.fixture(scope="module")
def site(built, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """By the command line."""
    folder = tmp_path_factory.mktemp("out") / "site"
    assert main(["export", str(built.folder / "scene.ply"), "--to", str(folder), "--quiet"]) == 0
    return folder


class Tags(HTMLParser):
    """The meta tags of a page."""

    def __init__(self, page: Path) -> None:
        super().__init__()
        self.found: dict[str, str] = {}
        self.feed(page.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "meta" and (name := given.get("property") or given.get("name")):
            self.found[name] = given.get("content") or ""


def test_a_site_is_these_files_and_nothing_of_the_photo_or_the_record(site, built):
    assert inside(site) == set(FILES)
    told = b"".join((site / name).read_bytes() for name in FILES if name != "scene.js")
    for private in (built.request.photo.name, str(built.folder), "prompt", "run.json"):
        assert private.encode() not in told


def test_its_scene_is_the_smallest_that_is_written_and_the_whole_one(site, built, tmp_path):
    assert len(open_sog(site / "scene.sog", 10**6).gaussians) == len(read_ply(built.folder / "scene.ply"))
    for suffix in (".ply", ".splat", ".spz", ".compressed.ply"):
        main(["export", str(built.folder / "scene.ply"), "--to", str(tmp_path / f"a{suffix}"), "--quiet"])
        assert (site / "scene.sog").stat().st_size < (tmp_path / f"a{suffix}").stat().st_size or suffix == ".spz"


def test_who_shows_a_link_is_told_title_words_and_poster(site, built):
    tags = Tags(site / "index.html").found
    assert tags["og:type"] == "website" and tags["og:title"] == tags["twitter:title"] == "A scene in 3D"
    assert tags["og:image"] == tags["twitter:image"] == "poster.jpg" and tags["twitter:card"] == "summary_large_image"
    with Image.open(site / "poster.jpg") as poster:
        assert poster.format == "JPEG"
        assert [str(side) for side in poster.size] == [tags["og:image:width"], tags["og:image:height"]]
        picture = np.asarray(poster, np.float32) / 255
    view = read_view(built.folder / "scene.view")
    assert psnr(picture, shown(pick_rasterizer().render(view.gaussians, view.camera))) > 25


def test_where_its_address_is_known_the_poster_is_told_by_it(built, tmp_path):
    scene = FinishedScene(read_ply(built.folder / "scene.ply"), built.folder, pick_rasterizer())
    write_site(scene, tmp_path, "https://somebody-room.static.hf.space/")
    tags = Tags(tmp_path / "index.html").found
    assert tags["og:image"] == "https://somebody-room.static.hf.space/poster.jpg"
    assert tags["og:url"] == "https://somebody-room.static.hf.space/"


def test_the_docs_name_every_file_and_every_parameter():
    told = (Path(__file__).parents[1] / "docs" / "sharing.md").read_text(encoding="utf-8")
    assert [name for name in FILES if f"`{name}`" not in told] == []
    assert [name for name in ("noui", "camera", "autoplay", "poster", "mode") if f"`{name}" not in told] == []


def test_its_settings_are_the_videos_path_as_supersplat_has_it(site, built):
    view = read_view(built.folder / "scene.view")
    path = read_camera_path(site / "settings.json", view.camera)
    assert np.allclose(path.c2w[:, :3, 3], view.tour.c2w[:, :3, 3], atol=1e-6)
    assert np.allclose(path.focal, view.tour.focal, rtol=1e-6) and np.allclose(path.seconds[1:], view.tour.seconds[1:])
    turned = np.einsum("kij,kij->k", path.c2w[:, :3, :3], view.tour.c2w[:, :3, :3])
    assert np.degrees(np.arccos(np.clip((turned - 1) / 2, -1, 1))).max() < 0.1
    first = json.loads((site / "settings.json").read_text())["cameras"][0]["initial"]
    assert np.allclose(first["position"], 0, atol=1e-9) and first["target"][2] > 0


def test_the_zip_holds_the_same_and_its_bytes_do_not_tell_when(site, built, tmp_path):
    scene = FinishedScene(read_ply(built.folder / "scene.ply"), built.folder, pick_rasterizer())
    for name in ("site.zip", "another site.zip"):
        drain(export_file(scene, tmp_path / name))
    assert (tmp_path / "site.zip").read_bytes() == (tmp_path / "another site.zip").read_bytes()
    with zipfile.ZipFile(tmp_path / "site.zip") as archive:
        assert {name: archive.read(f"site/{name}") for name in FILES} == {n: (site / n).read_bytes() for n in FILES}
    assert inside(tmp_path) == {"site.zip", "another site.zip"}


def test_a_scene_without_its_folder_is_told_what_it_lacks(built, tmp_path, capsys):
    shutil.copy(built.folder / "scene.ply", tmp_path / "alone.ply")
    assert main(["export", str(tmp_path / "alone.ply"), "--to", str(tmp_path / "site")]) == 1
    assert "A site is made of scene.view, and there is none beside the scene." in capsys.readouterr().err
    assert inside(tmp_path) == {"alone.ply"}


def test_a_lighter_site_holds_fewer_gaussians_and_still_the_path(built, tmp_path):
    few = len(read_ply(built.folder / "scene.ply")) // 2
    command = ["export", str(built.folder / "scene.ply"), "--to", str(tmp_path / "site"), "--max-gaussians", str(few)]
    assert main([*command, "--quiet"]) == 0
    assert 0 < len(open_sog(tmp_path / "site" / "scene.sog", 10**6).gaussians) <= few
    assert json.loads((tmp_path / "site" / "settings.json").read_text())["animTracks"]
    assert inside(tmp_path / "site") == set(FILES)


# --- in a browser


@pytest.fixture(scope="module")
def host(site: Path) -> Iterator[str]:
    """A static host that knows no more than files."""

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=site.parent))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/site/"
    server.shutdown()


class Visit:
    """A page that was opened; `wrong` is what it complained of, `asked` what it requested."""

    def __init__(self, browser: object, address: str, ready: bool = True) -> None:
        self.context = browser.new_context(viewport={"width": 480, "height": 320})
        self.page = self.context.new_page()
        self.page.set_default_timeout(PATIENCE_S * 1000)
        self.wrong: list[str] = []
        self.asked: list[str] = []
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.on("pageerror", lambda error: self.wrong.append(str(error)))
        self.page.on("console", lambda told: READ_BACK in told.text or self.wrong.append(told.text))
        self.page.goto(address)
        if ready:
            self.page.wait_for_function("() => document.querySelector('canvas')?.dataset.ready === 'true'")

    def of_canvas(self, name: str) -> str:
        return self.page.locator("canvas").first.get_attribute(f"data-{name}")


@pytest.fixture
def visit(browser: object) -> Iterator[object]:
    visits: list[Visit] = []

    def opened(address: str, ready: bool = True) -> Visit:
        visits.append(Visit(browser, address, ready))
        return visits[-1]

    yield opened
    for one in visits:
        one.context.close()
    told = [wrong for one in visits for wrong in one.wrong if "favicon" not in wrong and "404" not in wrong]
    assert told == []


@pytest.mark.parametrize("where", ["host", "disk"])
def test_it_opens_from_a_host_and_from_disk(visit, host, site, where):
    page = visit(host if where == "host" else (site / "index.html").as_uri())
    page.page.wait_for_function("() => !document.querySelector('#poster')")
    names = {unquote(url).rpartition("/")[2] for url in page.asked if not url.startswith("blob:")}
    assert names - {"favicon.ico"} <= {"", "index.html", "scene.js", "poster.jpg"}
    assert page.page.locator("#embed").is_visible() == (where == "host"), "a page on disk has no address"


def test_an_address_asks_for_a_view_a_mode_and_no_buttons(visit, host, site):
    page = visit(f"{host}?noui&camera=3,-2,0.9&mode=depth")
    assert (page.of_canvas("mode"), page.of_canvas("sway")) == ("depth", "off")
    assert [float(page.of_canvas(name)) for name in ("yaw", "pitch", "zoom")] == pytest.approx([3, -2, 0.9], abs=0.01)
    for part in (".tools", "#embed", "#open"):
        assert not page.page.locator(part).is_visible()


def test_what_an_address_asks_in_vain_is_as_if_it_were_not_said(visit, host):
    page = visit(f"{host}?noui=0&camera=east,3&mode=%3Cb%3E&autoplay=no")
    assert page.of_canvas("mode") == "picture" and page.page.locator(".tools").is_visible()
    page.page.wait_for_function("() => document.querySelector('canvas').dataset.playing === 'false'")
    assert abs(float(visit(f"{host}?camera=900,900,-7").of_canvas("yaw"))) < 90, "never beyond what was built"


def test_the_videos_path_plays_until_a_hand_takes_over(visit, host):
    page = visit(f"{host}?autoplay")
    page.page.wait_for_function("() => document.querySelector('canvas').dataset.playing === 'true'")
    page.page.locator("canvas").first.press("ArrowRight")
    page.page.wait_for_function("() => document.querySelector('canvas').dataset.playing === 'false'")


@pytest.mark.parametrize("where", ["site", "scene.html"])
def test_a_poster_stays_until_it_is_pressed_and_loads_nothing_before(visit, host, built, where):
    page = visit(f"{host}?poster" if where == "site" else f"{(built.folder / 'scene.html').as_uri()}?poster", False)
    page.page.get_by_role("button", name="Look around in 3D").wait_for()
    assert page.page.locator("#poster").is_visible() and page.page.locator("canvas").count() == 0
    assert not any(url.endswith("scene.js") for url in page.asked)
    page.page.get_by_role("button", name="Look around in 3D").click()
    page.page.wait_for_function("() => document.querySelector('canvas')?.dataset.ready === 'true'")


def test_the_embed_code_shows_the_view_that_is_seen_when_it_is_pasted(visit, host, site):
    page = visit(f"{host}?camera=3,-2,0.9")
    page.page.get_by_role("button", name="Copy embed code").click()
    code = page.page.get_by_label("Embed code").input_value()
    assert code.startswith(f'<iframe src="{host}?noui&amp;camera=3,-2,0.9" title="A scene in 3D"')
    (site.parent / "blog.html").write_text(f"<!doctype html><title>Blog</title>{code}", encoding="utf-8")
    blog = visit(host.replace("/site/", "/blog.html"), ready=False)
    frame = blog.page.frame_locator("iframe")
    frame.locator("canvas[data-ready=true]").wait_for()
    assert float(frame.locator("canvas").first.get_attribute("data-yaw")) == pytest.approx(3, abs=0.01)
    assert not frame.locator(".tools").is_visible()


def test_axe_finds_nothing_in_a_site(visit, host):
    page = visit(host)
    page.page.get_by_role("button", name="Copy embed code").click()
    axe = (npm_package("axe-core", "4.14.1") / "axe.min.js").read_text(encoding="utf-8")
    page.page.evaluate(f"() => {{ {axe} }}")
    found = page.page.evaluate("async () => (await axe.run(document, {resultTypes: ['violations']})).violations")
    grave = [rule for rule in found if rule["impact"] in ("serious", "critical")]
    assert [(rule["id"], rule["nodes"][0]["html"][:90]) for rule in grave] == []
