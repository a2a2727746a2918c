"""The door of the page: names, routes, bodies, visits and headers, over plain HTTP on steps that play the pipeline."""

from __future__ import annotations

import http.client
import json
import os
import socket
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from gen3d.ui.core.limits import USUAL, Limits, limits_of
from gen3d.ui.core.steps import Steps
from gen3d.ui.door.front import LOCAL, Front, address_of, check_host, check_origin, front_of
from gen3d.ui.door.refused import Refused
from gen3d.ui.door.routes import is_open
from tests.page import GENEROUS, Stand, served
from tests.patience import eventually
from tests.play import PATHS

pytest_plugins = ["tests.page"]
JSON = {"Content-Type": "application/json"}
FORM = {"Content-Type": "multipart/form-data; boundary=line"}


def ask(
    url: str, method: str, path: str, body: object = None, headers: dict[str, str] | None = None
) -> tuple[int, dict[str, str], str]:
    """Status, headers and text of an answer; the body is sent as it is, or as JSON."""
    host = url.removeprefix("http://").rstrip("/")
    connection = http.client.HTTPConnection(host, timeout=60)
    sent = body if isinstance(body, bytes) or body is None or hasattr(body, "__next__") else json.dumps(body).encode()
    usual = JSON if sent is not None else {}
    connection.request(method, path, sent, usual | (headers or {}), encode_chunked=hasattr(body, "__next__"))
    answer = connection.getresponse()
    told = answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read().decode("latin-1")
    connection.close()
    return told


def upload(url: str, parts: bytes, **headers: str) -> tuple[int, str]:
    """Status and text of an upload of whole parts."""
    status, _, text = ask(url, "POST", "/gradio_api/upload", parts + b"--line--\r\n", FORM | headers)
    return status, text


def sentence(text: str) -> str:
    return json.loads(text)["detail"]


def part(content: bytes, name: str = "a.png", field: bool = False) -> bytes:
    filename = b"" if field else f'; filename="{name}"'.encode()
    return b'--line\r\nContent-Disposition: form-data; name="files"' + filename + b"\r\n\r\n" + content + b"\r\n"


@contextmanager
def door(stand: Stand, **limits: float) -> Iterator[str]:
    """Another page over the same steps, with other limits; it shares uploads and visits with the first."""
    play = stand.play
    steps = Steps(play.look, play.grow, play.tour, {}, "a stage", PATHS, draws=True, review=play.review)
    with served(steps, stand.visits, stand.gallery, replace(GENEROUS, **limits)) as url:
        yield url


@pytest.mark.parametrize(
    "path",
    [
        "/monitoring", "/monitoring/summary", "/monitoring/x", "/gradio_api/process_recording", "/gradio_api/runs",
        "/gradio_api/component_server", "/gradio_api/proxy=https://a.hf.space/x", "/gradio_api/file=http://127.0.0.1/",
        "/gradio_api/file=https://example.org/a.png", "/gradio_api/file=HTTP://example.org", "/gradio_api/file=//e/a",
        "/gradio_api/file=%68ttp://e/a", "/gradio_api/file/etc/hostname", "/gradio_api/run-history/buckets",
        "/gradio_api/vibe-edit", "/gradio_api/vibe-code/", "/gradio_api/undo-vibe-edit/", "/gradio_api/dev/reload",
        "/gradio_api/vibe-starter-queries", "/gradio_api/deep_link?session_hash=a", "/gradio_api/profiling/traces",
        "/gradio_api/custom_component/a/client/b/c.js", "/gradio_api/stream/a/b/1/playlist.m3u8", "/docs", "/login",
        "/gradio_api/stream/abc", "/logout", "/gradio_api/token", "/openapi.json", "/gradio_api/mcp/sse", "/nothing",
        "/pwa_icon", "/gradio_api/api/build", "//monitoring", "/./monitoring", "/gradio_api/../monitoring",
    ],
)  # fmt: skip
@pytest.mark.parametrize("method", ["GET", "POST", "HEAD"])
def test_what_nobody_needs_is_not_there(stand, method, path):
    status, headers, _ = ask(stand.url, method, path, {"data": []} if method == "POST" else None)
    assert status == 404 and "x-content-type-options" in headers


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"])
def test_no_other_methods_are_answered(stand, method):
    assert ask(stand.url, method, "/gradio_api/queue/join")[0] == 404
    assert not is_open(method, "/config")


@pytest.mark.parametrize("path", ["/", "/config", "/theme.css", "/gradio_api/info", "/gradio_api/queue/status"])
def test_what_the_page_needs_is_there(stand, path):
    assert ask(stand.url, "GET", path)[0] == 200


def test_what_needs_the_queue_cannot_be_run_beside_it(stand, play):
    for name in ("build", "look", "review", "more_files"):
        body = {"data": [None] * 17, "session_hash": "beside"}
        assert ask(stand.url, "POST", f"/gradio_api/run/{name}", body)[0] == 404
    assert play.journal == []


def test_a_call_without_a_visit_reaches_nobodys_job(stand, play):
    status, _, told = ask(stand.url, "POST", "/gradio_api/run/enough", {"data": []})
    assert status == 400 and "session_hash" in sentence(told)


def test_the_steps_can_be_called_one_by_one_with_curl(stand, play):
    """With the same session_hash in each call; without one, each call is a visit of its own."""
    photo = json.loads(upload(stand.url, part(stand.photo.read_bytes()))[1])[0]

    def call(name: str, values: list, **more: str) -> str:
        told = ask(stand.url, "POST", f"/gradio_api/call/{name}", {"data": values, **more})[2]
        with urllib.request.urlopen(f"{stand.url}gradio_api/call/{name}/{json.loads(told)['event_id']}") as stream:
            return stream.read().decode()

    values = [{"path": photo}, None, None, "any", "fast", "wander", 3, 0, 1000, 0, "occlusion", *5 * [None]]
    looked = call("look", values, session_hash="curl1")
    job = json.loads(looked.rpartition("data: ")[2])[-1]
    assert "complete" in call("grow", [job], session_hash="curl1")
    assert "There is no such job" in call("tour", [job, "wander"])
    assert "complete" in call("tour", [job, "wander"], session_hash="curl1")


@pytest.mark.parametrize("name", ["", "a b", "../..", "x" * 81, 3, ["a"], {"a": 1}, "\ud800", "é"])
def test_an_odd_session_hash_is_refused(stand, name):
    body = {"data": [], "fn_index": 0, "session_hash": name}
    status, _, told = ask(stand.url, "POST", "/gradio_api/queue/join", body)
    assert status == 400 and "session_hash" in sentence(told)


@pytest.mark.parametrize("number", [99_999, -1, None])
def test_a_function_that_is_not_there_is_told_so(stand, number):
    status, _, told = ask(
        stand.url, "POST", "/gradio_api/queue/join", {"data": [], "fn_index": number, "session_hash": "a"}
    )
    assert status == 404 and "no such function" in sentence(told)
    assert ask(stand.url, "POST", "/gradio_api/call/nothing", {"data": []})[0] in (404, 500)


@pytest.mark.parametrize("body", [b"", b"{", b"[" * 900_000, b"[]", b'"a"', b"\xff\xfe", b"{'data': []}"])
def test_what_is_no_json_object_is_refused(stand, body):
    status, _, told = ask(stand.url, "POST", "/gradio_api/queue/join", body)
    assert status == 400 and "JSON" in sentence(told)


def test_calls_are_bounded_also_when_they_come_in_chunks(stand):
    large = json.dumps({"data": ["x" * 1_100_000], "fn_index": 0, "session_hash": "a"}).encode()
    for body in (large, iter([large[i : i + 65_536] for i in range(0, len(large), 65_536)])):
        status, _, told = ask(stand.url, "POST", "/gradio_api/queue/join", body)
        assert status == 413 and "1 MB at most" in sentence(told)


def halves() -> set[Path]:
    """What uploads that did not end have left."""
    return {file for file in Path(os.environ["GRADIO_TEMP_DIR"]).iterdir() if file.is_file()}


def in_chunks(size: int, files: int) -> Iterator[bytes]:
    for i in range(files):
        yield part(b"", f"{i}.png").removesuffix(b"\r\n")
        for _ in range(size >> 20):
            yield b"x" * (1 << 20)
        yield b"\r\n"
    yield b"--line--\r\n"


def test_an_upload_is_bounded_as_a_whole_and_leaves_nothing(stand, monkeypatch):
    monkeypatch.setattr("gen3d.ui.page.launch.UPLOAD_MB", 4)
    with door(stand) as url:
        before = halves()
        content = b"".join(in_chunks(3 << 20, 2))
        for body in (content, in_chunks(3 << 20, 2)):
            status, _, told = ask(url, "POST", "/gradio_api/upload", body, FORM)
            assert status == 413 and "5 MB at most" in sentence(told)
        assert ask(url, "POST", "/gradio_api/upload", in_chunks(2 << 20, 2), FORM)[0] == 200
        assert halves() == before


def test_an_upload_has_few_files_and_nothing_else(stand):
    before = halves()
    many = b"".join(part(b"x", f"{i}.png") for i in range(USUAL.files + 1)) + b"--line--\r\n"
    status, _, told = ask(stand.url, "POST", "/gradio_api/upload", many, FORM)
    assert status == 413 and "4 files at most" in sentence(told)
    field = part(b"x") + part(b"y", field=True) + b"--line--\r\n"
    status, _, told = ask(stand.url, "POST", "/gradio_api/upload", field, FORM)
    assert status == 400 and "Only files" in sentence(told)
    for body, kind in ((b"x", "text/plain"), (b"x", "multipart/form-data"), (b"not a part", FORM["Content-Type"])):
        assert ask(stand.url, "POST", "/gradio_api/upload", body, {"Content-Type": kind})[0] == 400
    assert halves() == before


@contextmanager
def connection(url: str, start: bytes) -> Iterator[socket.socket]:
    with socket.create_connection(("127.0.0.1", int(url.rstrip("/").rpartition(":")[2])), 60) as line:
        line.sendall(start)
        yield line


def upload_begins(length: int = 5_000_000) -> bytes:
    kind = f"Host: 127.0.0.1\r\nContent-Type: multipart/form-data; boundary=line\r\nContent-Length: {length}\r\n\r\n"
    return b"POST /gradio_api/upload HTTP/1.1\r\n" + kind.encode() + part(b"x" * 100_000)[:-2]


def test_a_body_that_comes_too_slowly_is_ended_and_leaves_nothing(stand):
    with door(stand, body_grace_s=0.5, body_bytes_per_s=1e6) as url:
        before = halves()
        with connection(url, upload_begins()) as line:
            assert b" 408 " in line.recv(4096).partition(b"\r\n")[0]
        call = b"POST /gradio_api/queue/join HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 100\r\n\r\n{"
        with connection(url, call) as line:
            assert b" 408 " in line.recv(4096).partition(b"\r\n")[0]
        eventually(lambda: halves() == before)


def test_an_upload_that_is_cut_off_leaves_nothing(stand):
    before = halves()
    with connection(stand.url, upload_begins()):
        eventually(lambda: halves() != before)
    eventually(lambda: halves() == before)


def test_only_some_uploads_are_under_way_at_once(stand):
    with door(stand, uploads_per_address=1) as url, connection(url, upload_begins()):
        eventually(lambda: upload(url, part(b"x"))[0] == 429)


def test_half_a_request_does_not_hold_its_connection(stand):
    with door(stand, silent_s=0.4) as url:
        whole = b"GET /robots.txt HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
        for start in (b"", b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX-", whole + b"GET /"):
            with connection(url, start) as line:
                told = b""
                try:
                    while more := line.recv(65_536):
                        told += more
                except ConnectionResetError:
                    pass
                assert (b" 200 " in told) == start.startswith(whole)


def test_so_many_half_requests_are_held_at_once(stand):
    with door(stand, silent=3) as url:
        held = [socket.create_connection(("127.0.0.1", int(url.rstrip("/").rpartition(":")[2])), 60) for _ in range(6)]
        for line in held:
            line.settimeout(0.05)

        def open_still() -> int:
            return sum(not _is_closed(line) for line in held)

        eventually(lambda: open_still() == 3)
        for line in held:
            line.close()


def _is_closed(line: socket.socket) -> bool:
    try:
        return line.recv(1) == b""
    except TimeoutError:
        return False
    except OSError:
        return True


def test_new_visits_calls_and_requests_are_counted_per_address(stand, play):
    with door(stand, sessions_per_minute=3) as url:
        told = [join(url, f"new{i}")[0] for i in range(8)]  # a minute may begin among them
        assert told.count(200) in range(3, 7) and 429 in told
    with door(stand, calls_per_minute=3) as url:
        assert 429 in [join(url, "same")[0] for _ in range(8)]
    with door(stand, requests_per_address=2) as url:
        get = b"GET /gradio_api/heartbeat/a%d HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
        with connection(url, get % 1) as one, connection(url, get % 2) as two:
            assert b" 200 " in one.recv(4096) and b" 200 " in two.recv(4096)
            assert ask(url, "GET", "/")[0] == 429


def test_calls_that_name_no_visit_count_as_new_ones(stand, play):
    with door(stand, sessions_per_minute=3) as url:
        told = [ask(url, "POST", "/gradio_api/call/enough", {"data": []}) for _ in range(8)]
        assert [status for status, *_ in told].count(200) in range(3, 7)
        assert {sentence(text) for status, _, text in told if status != 200} == {
            "Too many new visits from your address. Wait a minute."
        }


def join(url: str, session: str, name: str = "enough", values: list | None = None, **headers: str) -> tuple[int, str]:
    """Status and text of a call of a named function in the queue."""
    with urllib.request.urlopen(f"{url}config") as told:
        number = next(one["id"] for one in json.load(told)["dependencies"] if one["api_name"] == name)
    body = {"data": values or [], "fn_index": number, "session_hash": session}
    status, _, text = ask(url, "POST", "/gradio_api/queue/join", body, headers)
    return status, text


def test_strangers_never_end_a_build(stand, play):
    """Gradio drops the oldest of its 2 000 visits; here the idle ones go, and those who build stay."""
    play.hold("expand")
    with door(stand, sessions=5) as url:
        values = [{"path": str(stand.photo)}, *[None] * 2, "any", "fast", "wander", 3, 0, 1000, 0, "occlusion"]
        assert join(url, "builder", "build", [*values, *[None] * 5, False])[0] == 200
        stream = urllib.request.urlopen(f"{url}gradio_api/queue/data?session_hash=builder")
        play.wait_for("grow", "began")
        assert {join(url, f"stranger{i}")[0] for i in range(40)} == {200}
        play.release()
        told = [json.loads(line[6:]) for line in stream if line.startswith(b"data: ")]
        assert next(one for one in told if one["msg"] == "process_completed")["success"]


def test_a_page_full_of_those_who_listen_lets_nobody_in(stand):
    with door(stand, sessions=2) as url:
        get = b"GET /gradio_api/heartbeat/h%d HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
        with connection(url, get % 1) as one, connection(url, get % 2) as two:
            assert b" 200 " in one.recv(4096) and b" 200 " in two.recv(4096)
            status, text = join(url, "late")
            assert status == 503 and "full" in sentence(text)
        eventually(lambda: join(url, "later")[0] == 200)


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "", "localhost.evil.example:1", "10.0.0.1"])
def test_a_foreign_name_is_refused(stand, host):
    for path in ("/", "/config", "/gradio_api/info"):
        assert ask(stand.url, "GET", path, headers={"Host": host})[0] == 421


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "LOCALHOST:80", "[::1]:7860", "localhost."])
def test_this_machines_names_are_served(stand, host):
    assert ask(stand.url, "GET", "/config", headers={"Host": host})[0] == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"}, {"Origin": "null"}, {"Origin": "http://127.0.0.1:1"},
        {"Origin": "http://localhost"}, {"Sec-Fetch-Site": "cross-site"}, {"Origin": ""},
    ],
)  # fmt: skip
def test_another_sites_page_cannot_write(stand, headers):
    assert upload(stand.url, part(b"x"), **headers)[0] == 403
    assert ask(stand.url, "POST", "/gradio_api/queue/join", {}, headers)[0] == 403


def test_this_servers_own_page_can_write(stand):
    own = {"Origin": stand.url.rstrip("/"), "Sec-Fetch-Site": "same-origin"}
    assert upload(stand.url, part(b"x"), **own)[0] == 200


@pytest.mark.parametrize("origin", ["http://evil.example", "http://localhost:1", "null"])
def test_no_other_origin_may_read_along(stand, origin):
    for method in ("GET", "OPTIONS"):
        asked = {"Origin": origin, "Access-Control-Request-Method": "POST"}
        headers = ask(stand.url, method, "/config", headers=asked)[1]
        assert not [name for name in headers if name.startswith("access-control")]


@pytest.mark.parametrize("path", ["/", "/config", "/nothing", "/gradio_api/file=/etc/hostname", "/theme.css"])
def test_every_answer_has_the_headers(stand, path):
    _, headers, _ = ask(stand.url, "GET", path)
    assert headers["x-content-type-options"] == "nosniff" and headers["referrer-policy"] == "no-referrer"
    policy = headers["content-security-policy"]
    assert "frame-ancestors 'self'" in policy and "http" not in policy and "*" not in policy


def test_an_uploaded_page_runs_nothing(stand):
    told = upload(stand.url, part(b"<script>1</script>", "a.html"))[1]
    status, headers, _ = ask(stand.url, "GET", f"/gradio_api/file={json.loads(told)[0]}")
    assert status == 200 and "sandbox" in headers["content-security-policy"]


def front(**environment: str) -> Front:
    share, name = environment.pop("share", ""), environment.pop("name", "127.0.0.1")
    return front_of(environment, name, bool(share))


@pytest.mark.parametrize(
    ("front", "host", "known"),
    [
        (front(), "localhost:7860", True), (front(), "a.example", False), (front(name="localhost"), "a.example", False),
        (front(name="0.0.0.0"), "a.example:80", True), (front(name="box.lan"), "box.lan:7860", True),
        (front(name="box.lan"), "a.example", False), (front(GEN3D_HOSTS="a.example, b.example"), "b.example", True),
        (front(GEN3D_HOSTS="a.example", name="0.0.0.0"), "c.example", False),
        (front(SPACE_ID="me/a", SPACE_HOST="me-a.hf.space", name="0.0.0.0"), "me-a.hf.space", True),
        (front(SPACE_ID="me/a", SPACE_HOST="me-a.hf.space", name="0.0.0.0"), "10.1.2.3:7860", True),
        (front(SPACE_ID="me/a", SPACE_HOST="me-a.hf.space", name="0.0.0.0"), "a.example", False),
        (front(SPACE_ID="me/a", GEN3D_HOSTS="a.example", name="0.0.0.0"), "a.example", True),
    ],
)  # fmt: skip
def test_the_names_are_those_that_were_set(front, host, known):
    assert front.knows(host) == known


def test_a_public_link_is_a_name_and_an_origin_of_the_page():
    shared, headers = front(share="1"), {"host": "x.gradio.live", "origin": "https://x.gradio.live"}
    check_host(shared, headers, "x.gradio.live")
    check_origin(shared, headers, "x.gradio.live")
    with pytest.raises(Refused):
        check_host(shared, headers)


def test_served_to_all_another_sites_page_still_cannot_write():
    public, headers = front(name="0.0.0.0"), {"host": "1.2.3.4:7860", "origin": "http://evil.example"}
    check_host(public, headers)
    with pytest.raises(Refused):
        check_origin(public, headers)
    check_origin(public, headers | {"origin": "http://1.2.3.4:7860"})


def test_a_proxy_that_has_another_name_for_this_server_is_told_by_name():
    behind = front(GEN3D_HOSTS="a.example", GEN3D_PROXY="1", name="0.0.0.0")
    check_origin(behind, {"host": "127.0.0.1:7860", "origin": "https://a.example"})
    check_origin(behind, {"host": "127.0.0.1", "x-forwarded-host": "a.example", "origin": "https://a.example"})
    with pytest.raises(Refused):
        check_host(behind, {"host": "127.0.0.1", "x-forwarded-host": "evil.example"})


@pytest.mark.parametrize(
    ("front", "client", "forwarded", "address"),
    [
        (front(), ("9.9.9.9", 50_000), "8.8.8.8", "9.9.9.9"),
        (front(), ("8.8.8.8", 0), "8.8.8.8", "127.0.0.1"),
        (front(GEN3D_PROXY="1"), ("10.0.0.1", 0), "1.1.1.1, 8.8.8.8, 10.0.0.2", "8.8.8.8"),
        (front(SPACE_ID="me/a"), ("10.0.0.1", 1), "nonsense", "10.0.0.1"),
        (front(), ("2001:db8:1:2:3::4", 1), "", "2001:db8:1:2::/64"),
        (front(), ("::ffff:9.9.9.9", 1), "", "9.9.9.9"),
    ],
)  # fmt: skip
def test_nobody_passes_for_another_address(front, client, forwarded, address):
    assert address_of(front, client, {"x-forwarded-for": forwarded}) == address


def test_a_forged_address_gains_nothing(stand):
    with door(stand, calls_per_minute=3) as url:
        told = [join(url, "same", **{"X-Forwarded-For": f"8.8.8.{i}"})[0] for i in range(8)]
        assert 429 in told


def test_limits_are_set_by_their_names():
    assert limits_of({}) == Limits() == USUAL
    assert limits_of({"GEN3D_LIMITS": "jobs=3, job_grace_s=1.5", "GEN3D_JOB_SECONDS": "60"}) == Limits(
        jobs=3, job_grace_s=1.5, job_s=60.0
    )
    for wrong in ("job=3", "jobs=many", "jobs", "jobs=-1"):
        with pytest.raises(ValueError, match="is no limit"):
            limits_of({"GEN3D_LIMITS": wrong})
    assert set(LOCAL) <= set(front(name="box.lan").names)
