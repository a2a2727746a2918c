"""The owner's endpoint: what visitors get there, what the owner may ask, and that nothing leads out of the folder."""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import httpx
import pytest

from gen3d.errors import InputError
from gen3d.ui.core.batches import Batches, Busy
from gen3d.ui.core.limits import USUAL
from gen3d.ui.door import Door
from gen3d.ui.door.front import THIS_MACHINE
from gen3d.ui.door.owner import BATCH, CANCEL, Owner, owner_of
from tests.many import environment, photo
from tests.patience import PATIENCE_S, eventually

KEY = "k" * 40
OURS = {"Authorization": f"Bearer {KEY}"}
PRETENDING = """
import json, sys, time
asked = json.loads(sys.stdin.readline())
print(json.dumps({"notice": json.dumps(asked)}), flush=True)
for done in range(3):
    print(json.dumps({"done": done, "total": 3, "failed": 1}), flush=True)
if "wait" in asked["source"]:
    sys.stdin.read()
if "die" in asked["source"]:
    sys.exit(7)
print(json.dumps({"state": "ended", "built": 2, "passed_over": 0}), flush=True)
"""
"""A run that makes nothing: of a source "wait" it waits to be interrupted."""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for name in ("photos", "wait", "die"):
        (tmp_path / "root" / name).mkdir(parents=True)
    return tmp_path / "root"


@pytest.fixture
def batches(root: Path) -> Batches:
    return Batches(root, {"engine": "builtin"}, (sys.executable, "-c", PRETENDING))


@pytest.fixture
def ask(batches: Batches):
    return client(Owner(KEY, batches))


def client(owner: Owner | None):
    """Asks a door; behind it is nothing."""
    async def inside(scope, receive, send):
        raise AssertionError("nothing of this passes")

    page = SimpleNamespace(limits=USUAL, mcp_server=None, share_url=None, sessions=None)
    door = Door(inside, SimpleNamespace(get_blocks=lambda: page), THIS_MACHINE, 1 << 20, owner)

    def ask(method: str, path: str, body: object = None, **headers: str) -> httpx.Response:
        async def once():
            async with httpx.AsyncClient(transport=httpx.ASGITransport(door), base_url="http://127.0.0.1") as http:
                content = body if isinstance(body, bytes) else None if body is None else json.dumps(body).encode()
                return await http.request(method, path, content=content, headers=headers)

        return asyncio.run(once())

    return ask


@contextmanager
def ended(batches: Batches):
    yield
    eventually(lambda: batches.state()["state"] not in ("running", "ending"))


@pytest.mark.parametrize(
    "brought",
    [{}, {"Authorization": ""}, {"Authorization": KEY}, {"Authorization": f"Basic {KEY}"},
     {"Authorization": f"Bearer {KEY}x"}, {"Authorization": f"Bearer {KEY[:-1]}"}, {"Authorization": "Bearer"},
     {"Cookie": f"key={KEY}"}],
    ids=str,
)  # fmt: skip
@pytest.mark.parametrize(("method", "path"), [("GET", BATCH), ("POST", BATCH), ("POST", CANCEL)])
def test_visitors_get_the_answer_that_there_is_for_what_is_not_there(ask, brought, method, path):
    found, nothing = (ask(method, where, {} if method == "POST" else None, **brought) for where in (path, "/nothing"))
    assert (found.status_code, found.headers, found.content) == (404, nothing.headers, nothing.content)


def test_without_an_owner_nothing_is_there_for_whoever_brings_a_key():
    assert client(None)("GET", BATCH, **OURS).status_code == 404


@pytest.mark.parametrize("method", ["PUT", "DELETE", "HEAD", "PATCH", "OPTIONS"])
def test_no_other_methods_are_the_owners_either(ask, method):
    assert ask(method, BATCH, **OURS).status_code == 404


def test_other_names_and_other_sites_pages_are_refused_with_the_key_too(ask):
    assert ask("GET", BATCH, **OURS, Host="evil.example").status_code == 421
    assert ask("POST", CANCEL, **OURS, Origin="https://evil.example").status_code == 403


def test_the_owner_starts_a_batch_and_asks_how_far_it_is(ask, batches, root):
    assert ask("GET", BATCH, **OURS).json() == {"state": "idle"}
    with ended(batches):
        begun = ask("POST", BATCH, {"source": "photos", "out": "scenes", "size": 64, "to": [".spz"]}, **OURS)
    assert begun.status_code == 202 and begun.json()["source"] == "photos"
    told = ask("GET", BATCH, **OURS).json()
    assert (told["state"], told["total"], told["built"], told["failed"]) == ("ended", 3, 2, 1) and told["seconds"] >= 0
    asked = json.loads(told["notices"][0])
    assert asked["source"] == str(root / "photos") and asked["within"] == str(root)
    assert asked["job"] == {"engine": "builtin", "to": [".spz"]}
    assert asked["defaults"] == {"preset": "balanced", "size": 64}


def test_one_runs_at_a_time_and_can_be_cancelled(ask, batches):
    with ended(batches):
        before = signal.signal(signal.SIGINT, signal.SIG_IGN)  # as a shell has it for a page in the background
        ask("POST", BATCH, {"source": "wait", "out": "scenes"}, **OURS)
        signal.signal(signal.SIGINT, before)
        again = ask("POST", BATCH, {"source": "photos", "out": "others"}, **OURS)
        assert again.status_code == 409 and "running" in again.json()["detail"]
        assert ask("POST", CANCEL, **OURS).json()["state"] == "ending"
    assert ask("GET", BATCH, **OURS).json()["state"] == "cancelled"
    assert ask("POST", CANCEL, **OURS).json()["state"] == "cancelled"


def test_a_batch_that_dies_is_told(batches):
    with ended(batches):
        batches.start({"source": "die", "out": "scenes"})
    assert batches.state()["state"] == "failed" and "7" in batches.state()["what"]


def test_a_body_that_is_none_is_refused_in_words(ask):
    for body in (b"", b"[]", b"{", b"\xff", b'"x"'):
        assert ask("POST", BATCH, body, **OURS).status_code == 400
    assert ask("POST", BATCH, b"x" * (USUAL.json_bytes + 1), **OURS).status_code == 413


@pytest.mark.parametrize(
    "more",
    [{"source": ""} | {"out": None}, {"source": 3}, {"out": ["a"]}, {"workers": 0}, {"workers": True}, {"seed": "x"},
     {"engine": "hub"}, {"within": "/"}, {"job": {}}, {"to": "ply"}, {"retry_failed": 1}],
    ids=str,
)  # fmt: skip
def test_what_is_no_ask_is_refused_in_words(batches, more):
    with pytest.raises(InputError):
        batches.start({"source": "photos", "out": "scenes"} | more)
    assert batches.state() == {"state": "idle"}


@pytest.mark.parametrize(
    "place", ["..", "../x", "/etc", "photos/../../x", "link", "link/x", "s3://a/../../../..", "a\0b/../.."]
)
@pytest.mark.parametrize("name", ["source", "out"])
def test_nothing_leads_out_of_the_batches_folder(batches, root, tmp_path, place, name):
    (root / "link").symlink_to(tmp_path)
    with pytest.raises(InputError, match="outside"):
        batches.start({"source": "photos", "out": "scenes"} | {name: place})


def test_the_folder_itself_is_no_output(batches):
    with pytest.raises(InputError):
        batches.start({"source": "photos", "out": "."})


def test_a_second_batch_is_busy(batches):
    with ended(batches):
        batches.start({"source": "wait", "out": "scenes"})
        with pytest.raises(Busy):
            batches.start({"source": "photos", "out": "scenes"})
        batches.cancel()


def test_the_environment_asks_for_all_or_nothing(root):
    assert owner_of({}, {}) is None
    whole = {"GEN3D_BATCH_ROOT": str(root), "GEN3D_OWNER_KEY": KEY}
    assert KEY not in repr(owner_of(whole, {}))
    for wrong in ({"GEN3D_BATCH_ROOT": ""}, {"GEN3D_OWNER_KEY": ""}, {"GEN3D_OWNER_KEY": "short"},
                  {"GEN3D_OWNER_KEY": "k " * 40}, {"GEN3D_BATCH_ROOT": str(root / "none")}):  # fmt: skip
        with pytest.raises(SystemExit):
            owner_of(whole | wrong, {})


@pytest.mark.slow
def test_a_real_run_tells_why_nothing_became_a_scene(root):
    (root / "rows.jsonl").write_text('{"photo": "/etc/hostname"}\n{"photo": "../a.png"}\n')
    batches = Batches(root, {"engine": "builtin", "device": "cpu"})
    with ended(batches):
        batches.start({"source": "rows.jsonl", "out": "scenes"})
    told = batches.state()
    assert told["state"] == "failed" and "outside" in told["what"] and told["remedy"]
    assert len((root / "scenes" / "failed.jsonl").read_text().splitlines()) == 2


@pytest.mark.slow
def test_a_real_run_is_cancelled_at_once_and_goes_on_when_it_is_asked_for_again(root):
    for i in range(3):
        photo(root / "photos" / f"{i}.png", i)
    batches = Batches(root, {"engine": "builtin", "device": "cpu"})
    asked = {"source": "photos", "out": "scenes", "preset": "fast", "size": 64}
    with ended(batches):
        batches.start(asked)
        eventually(lambda: (root / "scenes" / ".making").is_dir())
        batches.cancel()
    assert batches.state()["state"] == "cancelled" and not (root / "scenes" / ".making").exists()
    with ended(batches):
        batches.start(asked)
    told = batches.state()
    assert told["state"] == "ended" and told["built"] + told["passed_over"] == 3


@pytest.mark.slow
def test_a_real_run_ends_when_nobody_listens_any_more(root):
    photo(root / "photos" / "a.png")
    told = {
        "source": str(root / "photos"), "out": str(root / "scenes"), "within": str(root), "workers": 1,
        "retry_failed": False, "job": {"engine": "builtin", "device": "cpu"}, "defaults": {"preset": "fast"},
    }  # fmt: skip
    run = subprocess.Popen(
        [sys.executable, "-m", "gen3d.many.owned"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment()
    )
    run.stdin.write(json.dumps(told).encode() + b"\n")
    run.stdin.flush()
    eventually(lambda: (root / "scenes" / ".making").is_dir())
    run.stdin.close()
    assert run.wait(PATIENCE_S) == 130 and not (root / "scenes" / ".making").exists()
    run.stdout.close()
