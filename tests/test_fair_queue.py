"""Who waits for the engine: each visitor has a few places, what needs no engine takes none, and long jobs end early."""

from __future__ import annotations

import json
import threading
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError

from gen3d.events import Progress, Started
from gen3d.ui.core.limits import USUAL
from gen3d.ui.core.steps import Steps
from gen3d.ui.door.front import Front
from gen3d.ui.page.launch import launch_options
from tests.page import Stand, served
from tests.patience import PATIENCE_S, eventually
from tests.play import PATHS
from tests.test_door import ask, join, sentence

pytest_plugins = ["tests.page"]


@contextmanager
def page(stand: Stand, proxied: bool = False, **limits: float) -> Iterator[str]:
    """A page with the usual limits, or some others; proxied: whether X-Forwarded-For tells addresses apart."""
    play = stand.play
    steps = Steps(play.look, play.grow, play.tour, {}, "a stage", PATHS, draws=True, review=play.review)
    front = Front(proxied=proxied)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tests.page.launch_options", lambda gallery, visits, **_: launch_options(gallery, front, visits))
        with served(steps, stand.visits, stand.gallery, replace(USUAL, **limits)) as url:
            yield url


def build(stand: Stand, url: str, session: str, address: str = "8.8.8.1", seed: int = 3) -> tuple[int, str]:
    values = [{"path": str(stand.photo)}, None, None, "any", "fast", "wander", seed, 0, 1000, 0, "occlusion"]
    return join(url, session, "build", [*values, *[None] * 5, False], **{"X-Forwarded-For": address})


def outcome(url: str, session: str) -> dict:
    """The end of the last call of a visit."""
    with urllib.request.urlopen(f"{url}gradio_api/queue/data?session_hash={session}") as stream:
        told = [json.loads(line[6:]) for line in stream if line.startswith(b"data: ")]
    return [one for one in told if one["msg"] == "process_completed"][-1]


def test_one_visitor_takes_two_places_and_leaves_the_page_to_others(stand, play):
    play.hold("depth")
    with page(stand, proxied=True) as url:
        told = [build(stand, url, "hog", seed=i) for i in range(30)]
        assert [status for status, _ in told].count(200) == 2
        assert {sentence(text) for status, text in told if status == 429} == {
            "You have 2 scenes waiting or running already. Wait until one is done, or cancel one."
        }
        status, text = build(stand, url, "hog2")
        assert status == 429 and "network address" in sentence(text)
        for name, values in (("review", ["x", None, []]), ("enough", [])):
            assert join(url, "guest", name, values, **{"X-Forwarded-For": "8.8.8.2"})[0] == 200
            assert outcome(url, "guest")["success"] == (name == "enough")
        config = json.load(urllib.request.urlopen(f"{url}config"))
        free = [one for one in config["dependencies"] if one["queue"] is not False and one["backend_fn"]]
        opened = [one["id"] for one in free if not one["inputs"]]
        [example] = [one["id"] for one in free if "show_example" in one["api_name"]]
        assert len(opened) >= 2
        for number, values in (*((number, []) for number in opened), (example, [0])):
            body = {"data": values, "fn_index": number, "session_hash": f"guest{number}"}
            headers = {"X-Forwarded-For": "8.8.8.2"}
            assert ask(url, "POST", "/gradio_api/queue/join", body, headers)[0] == 200
            assert outcome(url, f"guest{number}")["success"]
        assert build(stand, url, "guest", "8.8.8.2")[0] == 200
        play.release()
        assert outcome(url, "guest")["success"] and outcome(url, "hog")["success"]


def test_who_has_a_scene_running_comes_after_who_has_none(stand, play):
    play.hold("depth")
    with page(stand, proxied=True) as url:
        for seed, session in enumerate("aabc", 1):
            assert build(stand, url, session, f"8.8.8.{ord(session)}", seed)[0] == 200
            eventually(lambda: play.requests)
        play.release()
        assert all(outcome(url, session)["success"] for session in "abc")
        assert list(dict.fromkeys(request.seed for request in play.requests)) == [1, 3, 4, 2]


def test_the_engines_queue_is_bounded_for_all_together(stand, play):
    play.hold("depth")
    with page(stand, proxied=True, jobs=2) as url:
        told = []
        for i in range(5):
            told.append(build(stand, url, f"v{i}", f"8.8.8.{i}"))
            eventually(lambda: play.requests)
        assert [status for status, _ in told] == [200, 200, 200, 429, 429]
        assert "Too many wait" in sentence(told[-1][1])
        play.release()
        assert all(outcome(url, f"v{i}")["success"] for i in range(3))


def test_gradios_client_for_python_tells_the_sentence(stand, play):
    play.hold("depth")
    with page(stand, jobs_per_session=1) as url:
        client = Client(url, verbose=False, download_files=False)
        first = client.submit(photo=handle_file(stand.photo), seed=3, api_name="/look")
        eventually(lambda: play.requests)
        with pytest.raises(AppError, match="You have 1 scenes waiting or running already"):
            client.predict(photo=handle_file(stand.photo), seed=4, api_name="/look")
        play.release()
        assert first.result(timeout=PATIENCE_S)
        assert client.predict(photo=handle_file(stand.photo), seed=4, api_name="/look"), "its place is free again"
        client.close()


def test_what_is_asked_beside_the_engine_has_its_share_too(stand, play):
    """An example that is still being prepared is waited for."""
    with page(stand, proxied=True, others_per_session=3) as url:
        config = json.load(urllib.request.urlopen(f"{url}config"))
        [example] = [one["id"] for one in config["dependencies"] if "show_example" in str(one["api_name"])]
        body = {"data": [2], "fn_index": example, "session_hash": "waits"}
        told = [ask(url, "POST", "/gradio_api/queue/join", body)[0] for _ in range(6)]
        assert told == [200] * 3 + [429] * 3


def test_a_long_job_ends_early_where_others_wait(stand, play):
    play.hold("expand")
    with page(stand, proxied=True, job_s=0.2) as url:
        assert build(stand, url, "long")[0] == 200
        play.wait_for("grow", "began")
        assert not threading.Event().wait(0.6) and ("grow", "finished") not in play.journal, "nobody waits yet"
        assert build(stand, url, "next", "8.8.8.2")[0] == 200
        ended = outcome(url, "long")
        assert ended["success"] and "Others wait" in json.dumps(ended)
        play.release()
        assert outcome(url, "next")["success"]


def test_a_job_that_does_not_end_early_is_closed(stand, play):
    """A step that never looks whether enough was said."""
    done = threading.Event()

    def endless(request, settings, folder):
        play.journal.append(("grow", "began"))
        try:
            yield Started("background")
            while not done.wait(0.02):
                yield Progress("background", 1, 2)
        finally:
            play.journal.append(("grow", "closed"))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(play, "grow", endless)  # before the page is made of the steps
        with page(stand, proxied=True, job_s=0.2, job_grace_s=0.2) as url:
            assert build(stand, url, "long")[0] == 200
            eventually(lambda: ("grow", "began") in play.journal)
            assert build(stand, url, "next", "8.8.8.2")[0] == 200
            ended = outcome(url, "long")
            assert not ended["success"] and "Others wait, and this scene took" in ended["output"]["error"]
            eventually(lambda: ("grow", "closed") in play.journal)
            done.set()
            outcome(url, "next")
