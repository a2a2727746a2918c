"""Nobody gets a file of the server by naming it: every function of the page is called with foreign paths."""

from __future__ import annotations

import json
import os
import shutil
import socket
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from gradio_client import Client, handle_file

from gen3d.errors import InputError
from gen3d.ui.page.own_files import check_paths, is_upload
from tests.page import Stand
from tests.patience import eventually
from tests.test_api import uploaded

pytest_plugins = ["tests.page"]
SENTENCE = "This file was not uploaded here. Upload it first; the page does so by itself."
META = {"_type": "gradio.FileData"}
SHAPES: dict[str, Callable[[str], object]] = {
    "a bare path, as ImageData takes it": lambda path: {"path": path},
    "an empty meta": lambda path: {"path": path, "meta": None},
    "FileData": lambda path: {"path": path, "meta": META},
    "all of FileData": lambda path: {
        "path": path, "url": f"http://127.0.0.1/file={path}", "size": 1, "orig_name": "a.png", "mime_type": "image/png",
        "is_stream": False, "meta": META,
    },
    "a stream": lambda path: {"path": path, "is_stream": True, "meta": META},
    "several files": lambda path: [{"path": path, "meta": META}],
    "a picture in a gallery": lambda path: [{"image": {"path": path}, "caption": None}],
    "a video": lambda path: {"video": {"path": path, "meta": META}, "subtitles": None},
    "deep inside": lambda path: {"a": [{"b": {"c": [{"path": path}]}}]},
}  # fmt: skip


@pytest.fixture(scope="module")
def foreign(stand: Stand, tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[str]]:
    """Names of pictures that are there and were not uploaded, of what only looks uploaded, and of nothing."""
    folder = tmp_path_factory.mktemp("private")
    photo = Path(shutil.copy(stand.photo, folder / "private.png"))
    mine = uploaded(stand.url, stand.photo)
    link, linked = mine.with_name("link.png"), mine.parents[1] / "linked"
    link.symlink_to(photo)
    linked.symlink_to(folder)
    half = mine.parents[1] / "tmphalfway"  # an upload that is still under way
    shutil.copy(stand.photo, half)
    held = photo.open("rb")
    yield [
        str(photo), f"/proc/self/cwd/{os.path.relpath(photo)}", f"/proc/self/fd/{held.fileno()}",
        f"/proc/self/root{photo}", f"{mine.parent}/../{os.path.relpath(photo, mine.parents[1])}", str(link),
        str(linked / "private.png"), str(half), f"file://{photo}", "http://127.0.0.1:1/a.png", os.path.relpath(photo),
        "docs/page.jpg", "/etc/hostname", "/etc/shadow", "/nowhere", "/dev/zero", "\0", "\ud800", str(mine.parent),
        str(mine.parents[1]), "~/a.png",
    ]  # fmt: skip
    held.close()
    for made in (link, linked, half):
        made.unlink()


def test_every_function_of_the_page_refuses_foreign_paths(stand, play, foreign):
    config = json.load(urllib.request.urlopen(f"{stand.url}config"))
    functions = [one for one in config["dependencies"] if one["inputs"]]
    assert len(functions) > 25 and {"build", "look", "another_video", "more_files", "review"} <= {
        one["api_name"] for one in functions
    }
    shapes, n = list(SHAPES.values()), 0
    for function in functions:
        for place in range(len(function["inputs"])):
            n += 1
            values: list[object] = [None] * len(function["inputs"])
            values[place] = shapes[n % len(shapes)](foreign[n % len(foreign)])
            assert outcome(stand.url, function["id"], values) == SENTENCE, (function["api_name"], values)
    assert n > 60 and play.requests == [] and play.reviews == []


@pytest.mark.parametrize("shape", SHAPES)
def test_every_way_to_name_a_photo_refuses_every_foreign_path(stand, play, foreign, shape):
    build = function_of(stand.url, "build")
    for path in foreign:
        assert outcome(stand.url, build, [SHAPES[shape](path), *16 * [None]]) == SENTENCE, path
    assert play.requests == []


@pytest.mark.parametrize("route", ["run", "api", "call"])
def test_the_other_ways_to_call_refuse_them_too(stand, play, foreign, route):
    for path in foreign[:3]:
        body = {"data": [{"path": path}, *16 * [None]]}
        told = post(f"{stand.url}gradio_api/{route}/build", body)
        if "event_id" in told:
            address = f"{stand.url}gradio_api/call/build/{json.loads(told)['event_id']}"
            told = urllib.request.urlopen(address).read().decode()
        assert "complete" not in told and "path" not in told.replace("foreign path", "")
    assert play.requests == []


def test_an_upload_is_taken_with_and_without_its_meta(stand, play):
    look = function_of(stand.url, "look")
    photo = str(uploaded(stand.url, stand.photo))
    for value in ({"path": photo}, {"path": photo, "meta": META}):
        values = [value, None, None, "any", "fast", "wander", 3, 0, 1000, 0, "occlusion", *5 * [None]]
        assert outcome(stand.url, look, values) == "ok"
    assert [request.photo.read_bytes() for request in play.requests] == [stand.photo.read_bytes()] * 2


def test_the_examples_own_files_are_everybodys(stand, play):
    client = Client(stand.url, verbose=False, download_files=False)
    client.predict(photo={"path": str(stand.photo)}, depth=handle_file(stand.depth), seed=3, api_name="/look")
    client.close()
    assert play.requests[0].photo == stand.photo


def test_an_upload_under_way_is_nobodys(stand, play):
    """The half of it that is there could be named by the number of the server's own handle."""
    head = b'--X\r\nContent-Disposition: form-data; name="files"; filename="private.png"\r\n\r\n'
    body = head + stand.photo.read_bytes()
    with socket.create_connection(("127.0.0.1", int(stand.url.rstrip("/").rpartition(":")[2]))) as slow:
        kind = b"Host: 127.0.0.1\r\nContent-Type: multipart/form-data; boundary=X\r\nContent-Length: 5000000\r\n\r\n"
        slow.sendall(b"POST /gradio_api/upload HTTP/1.1\r\n" + kind + body)
        folder = os.environ["GRADIO_TEMP_DIR"]
        eventually(lambda: open_here(folder))
        look = function_of(stand.url, "look")
        for path in (*open_here(folder), *(str(file) for file in Path(folder).glob("tmp*"))):
            assert outcome(stand.url, look, [{"path": path}, *15 * [None]]) == SENTENCE
    assert play.requests == []


def test_what_is_no_path_is_not_taken_for_one():
    check_paths([None, "/etc/hostname", 3, {"path": None}, {"path": ""}, {"a": ["/etc/hostname"]}], ())
    with pytest.raises(InputError, match="was not uploaded"):
        check_paths({"path": ["/etc/hostname"]}, ())
    with pytest.raises(InputError, match="was not uploaded"):
        check_paths([[{"b": {"path": 3}}]], ())
    assert not is_upload("")


def open_here(folder: str) -> list[str]:
    """Names under /proc of what this process, which serves the page, holds open in a folder."""
    handles = Path("/proc/self/fd")
    return [str(h) for h in handles.iterdir() if h.is_symlink() and os.path.realpath(h).startswith(f"{folder}/tmp")]


def function_of(url: str, name: str) -> int:
    with urllib.request.urlopen(f"{url}config") as told:
        return next(one["id"] for one in json.load(told)["dependencies"] if one["api_name"] == name)


def outcome(url: str, function: int, values: list) -> str:
    """ "ok", or the sentence of the error, of a call by number in a session of its own."""
    session = os.urandom(6).hex()
    post(f"{url}gradio_api/queue/join", {"data": values, "fn_index": function, "session_hash": session})
    with urllib.request.urlopen(f"{url}gradio_api/queue/data?session_hash={session}") as stream:
        for line in stream:
            told = json.loads(line.decode().removeprefix("data: ")) if line.startswith(b"data: ") else {}
            if told.get("msg") == "process_completed":
                return "ok" if told["success"] else told["output"]["error"]
    raise AssertionError("the stream ended without an answer")


def post(address: str, body: object) -> str:
    """What is answered to JSON, also with an error's status."""
    request = urllib.request.Request(address, json.dumps(body).encode(), {"Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request) as answer:
            return answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.read().decode()
