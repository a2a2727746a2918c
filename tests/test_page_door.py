"""The door seen by a browser: the page lives within its Content-Security-Policy, which keeps foreign hosts out."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

import pytest

from gen3d.ui.core import words
from tests.patience import eventually
from tests.test_fair_queue import build, page
from tests.window import Window

pytest_plugins = ["tests.page"]
LISTEN = """
window.violated = []
document.addEventListener('securitypolicyviolation', e => violated.push(`${e.effectiveDirective} ${e.blockedURI}`))
"""
TRIES = {
    "connect-src": "fetch(FOREIGN).catch(() => 0)",
    "img-src": "new Image().src = FOREIGN",
    "script-src-elem": "document.head.append(Object.assign(document.createElement('script'), {src: FOREIGN}))",
    "style-src-elem": "document.head.append(Object.assign(document.createElement('link'), "
                      "{rel: 'stylesheet', href: FOREIGN}))",
    "font-src": "new FontFace('a', `url(${FOREIGN})`).load().catch(() => 0)",
    "media-src": "Object.assign(document.createElement('video'), {src: FOREIGN}).load()",
    "frame-src": "document.body.append(Object.assign(document.createElement('iframe'), {src: FOREIGN}))",
    "object-src": "document.body.append(Object.assign(document.createElement('object'), {data: FOREIGN}))",
    "form-action": "(() => { const form = Object.assign(document.createElement('form'), {action: FOREIGN});"
                   " document.body.append(form); form.submit() })()",
    "base-uri": "document.head.prepend(Object.assign(document.createElement('base'), {href: FOREIGN}))",
}  # fmt: skip
"""Directive -> what something that got into the page might try."""


@contextmanager
def foreign(body: str = "") -> Iterator[tuple[str, list[str]]]:
    """Another origin, and the requests that reach it."""
    asked: list[str] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(body.encode())

        do_POST = do_GET

        def log_message(self, *args: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/", asked
    finally:
        server.shutdown()
        server.server_close()


def test_the_page_and_both_viewers_live_within_the_policy(stand, play, open_window):
    window = open_window("", viewer=True)
    window.page.add_init_script(LISTEN)
    window.visit(stand.url)
    window.choose_example(0)
    window.says("Done in")
    assert window.views()["ready"] == "true"
    window.shows("depth")
    window.give_anew("photo", stand.photo)
    window.button("Build").click()
    window.says("Look around, or take the files.")
    window.expect(window.part("video").locator("video")).to_have_js_property("error", None)
    window.unfold(words.OTHER_VIEWER)
    window.expect(window.part("scene").locator("canvas")).to_be_visible()
    window.page.wait_for_timeout(3000)  # its code asks for more when it runs
    assert window.page.evaluate("violated") == []
    window.fold(words.OTHER_VIEWER)


def tells_of(window: Window, directive: str) -> bool:
    """Whether the browser has told that something was against it."""
    return directive in " ".join(window.page.evaluate("violated"))


def test_nothing_foreign_is_loaded_or_told(stand, play, open_window: Callable[..., Window]):
    window = open_window("")
    window.page.add_init_script(LISTEN)
    window.visit(stand.url)
    with foreign() as (address, asked):
        for directive, attempt in TRIES.items():
            window.page.evaluate(attempt.replace("FOREIGN", f"'{address}{directive}'"))
            eventually(partial(tells_of, window, directive))
        assert asked == []
    window.wrong.clear()  # the browser tells each of them as an error


def test_another_sites_page_cannot_show_this_one_inside_its_own(stand, open_window):
    window = open_window("")
    with foreign(f'<iframe id="inside" src="{stand.url}"></iframe>') as (address, _):
        window.page.goto(address.replace("127.0.0.1", "localhost"))
        eventually(lambda: window.page.wait_for_timeout(50) or "frame-ancestors" in " ".join(window.wrong))
        window.page.goto("about:blank")
    window.wrong.clear()


def test_who_has_no_place_is_told_so_and_can_try_again(stand, play, open_window):
    play.hold("depth")
    with page(stand, jobs_per_address=1) as url:
        window = open_window(url)
        window.give("photo", stand.photo)
        assert build(stand, url, "another")[0] == 200
        window.button("Build").click()
        window.warns("running for your network address already")
        window.is_free()
        window.wrong.clear()  # the status of the answer is an error to the browser
        play.release()


def test_a_text_ends_where_it_would_be_refused(window):
    window.choose_tab("Text")
    field = window.part("prompt").locator("textarea")
    field.fill("x" * 600)
    assert field.evaluate("field => field.maxLength") == 500


@pytest.fixture(autouse=True)
def nothing_waits(play) -> Iterator[None]:
    yield
    play.release()
