"""What visitors are told: files by their names alone, wherever they lie on the server."""

from __future__ import annotations

from pathlib import Path

import gradio as gr
import pytest

from gen3d.errors import InputError, Unwritable, without_folders
from gen3d.events import Notice
from gen3d.ui.core.progress import Shown
from gen3d.ui.core.steps import NO_ROOM, OUT_OF_MEMORY
from gen3d.ui.core.words import not_ready
from gen3d.ui.page.errors import told_to_visitors
from tests.page import Stand
from tests.test_api import uploaded
from tests.test_own_files import function_of, outcome

pytest_plugins = ["tests.page"]


@pytest.mark.parametrize(
    ("sentence", "told"),
    [
        ("/srv/visits/ab/look holds no looked.npz.", "look holds no looked.npz."),
        ("There is no file '/etc/shadow'.", "There is no file 'shadow'."),
        ("/tmp/gradio/ab12/my photo.png is no picture.", "my photo.png is no picture."),
        ("(gen3d: /proc/26710/.cache/gen3d: not there)", "(gen3d: gen3d: not there)"),
        (r"C:\Users\me\a.png is empty.", "a.png is empty."),
        ("“/srv/a/b.ply” and /srv/c.ply differ.", "“b.ply” and c.ply differ."),
        ("Call /review after /look, or use PNG/JPEG at 16/9.", "Call /review after /look, or use PNG/JPEG at 16/9."),
        ("See https://example.org/a/b.", "See https://example.org/a/b."),
        ("1 / 2 of <b> & c", "1 / 2 of <b> & c"),
    ],
)
def test_a_sentence_names_no_folder(sentence, told):
    assert without_folders(sentence) == told


def test_a_folder_of_the_pages_own_may_have_spaces_in_its_name(monkeypatch):
    monkeypatch.setenv("GRADIO_TEMP_DIR", "/srv/my data/gradio")
    assert without_folders("/srv/my data/gradio/ab/a photo.png is empty.") == "a photo.png is empty."


def test_every_way_to_a_visitor_does():
    path = Path("/srv/secret/look")
    with pytest.raises(gr.Error) as raised, told_to_visitors():
        raise InputError(f"{path} holds no <b>looked.npz</b>.", f"Look into {path}.")
    assert raised.value.message == "look holds no &lt;b&gt;looked.npz&lt;/b&gt;. Look into look."
    assert Shown(None, "", {"depth": 1.0}).after(Notice(f"{path} is odd."), path).notices == ("look is odd.",)
    assert "/srv" not in not_ready(f"gen3d: {path}: not there")


@pytest.mark.parametrize(
    ("error", "told"),
    [(Unwritable("/srv/a could not be written.", "Free it."), NO_ROOM), (MemoryError("/srv/a"), OUT_OF_MEMORY)],
)
def test_want_of_room_and_of_memory_have_their_own_sentences(error, told):
    with pytest.raises(gr.Error) as raised, told_to_visitors():
        raise error
    assert raised.value.message == told


def test_a_failed_step_tells_no_folder_over_the_api(stand: Stand, play):
    play.fail("depth", InputError("/srv/visits/ab/look holds no looked.npz.", "Run look first."))
    values = [{"path": str(uploaded(stand.url, stand.photo))}, None, None, "any", "fast", "wander", 3, 0, 1000, 0]
    told = outcome(stand.url, function_of(stand.url, "look"), [*values, "occlusion", *5 * [None]])
    assert told == "look holds no looked.npz. Run look first."
