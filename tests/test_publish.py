"""A scene becomes a Space of its visitor's: what is sent, with whose token, and what is said of a failure."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest
from huggingface_hub import constants

from gen3d.cli import main
from gen3d.errors import Gen3DError, InputError
from gen3d.events import product
from gen3d.formats.ply import read_ply
from gen3d.products.export import FinishedScene
from gen3d.products.site import FILES
from gen3d.run.publish import NotPublished, publish
from gen3d.splat.pick import pick_rasterizer
from tests.runs import inside
from tests.space_hub import TOKEN, SpaceHub, space_hub

MACHINES = "hf_theMachinesOwnToken99"


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[SpaceHub]:
    with space_hub() as hub:
        monkeypatch.setattr(constants, "ENDPOINT", hub.endpoint)
        monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
        monkeypatch.setenv("HF_TOKEN", MACHINES)
        yield hub


@pytest.fixture(scope="module")
def scene(built) -> FinishedScene:
    return FinishedScene(read_ply(built.folder / "scene.ply"), built.folder, pick_rasterizer())


def test_a_site_is_sent_to_a_static_space_of_the_tokens_owner(hub, scene):
    there = product(publish(scene, "my-room", TOKEN))
    assert there.address == "https://some-body-my-room.static.hf.space/"
    assert there.space.endswith("/spaces/Some_Body/my-room")
    [asked] = hub.created
    assert (asked["sdk"], asked["type"], asked["name"]) == ("static", "space", "my-room")
    files = hub.spaces["Some_Body/my-room"]
    assert set(files) == set(FILES)
    assert f'content="{there.address}poster.jpg"'.encode() in files["index.html"]
    assert {token for _, _, token in hub.asked} - {""} == {f"Bearer {TOKEN}"}, "never the machine's own"


def test_a_private_space_is_private(hub, scene):
    product(publish(scene, "my-room", TOKEN, private=True))
    assert hub.created[0].get("private") is True or hub.created[0].get("visibility") == "private"


def test_nothing_that_is_there_is_replaced(hub, scene):
    hub.spaces["Some_Body/my-room"] = {"index.html": b"mine"}
    with pytest.raises(NotPublished) as refused:
        product(publish(scene, "my-room", TOKEN))
    assert str(refused.value) == (
        "You have a Space called my-room already. Choose another name: nothing of yours is replaced."
    )
    assert hub.spaces == {"Some_Body/my-room": {"index.html": b"mine"}}


def test_files_that_could_not_be_sent_leave_no_space(hub, scene, monkeypatch):
    monkeypatch.setattr("huggingface_hub.utils._http.time.sleep", lambda seconds: None)  # between its five tries
    hub.failing = {"/commit/": 500}
    with pytest.raises(NotPublished, match=r"it answered 500\)\. Try again in a while\."):
        product(publish(scene, "my-room", TOKEN))
    assert hub.spaces == {}


@pytest.mark.parametrize(
    ("part", "status", "words"),
    [
        ("whoami", 401, "The hub does not know this token."), ("create", 403, "This token may not make a Space."),
        ("create", 429, "The hub takes no more from this account for now."), ("whoami", 503, "it answered 503"),
        ("preupload", 403, "This token may not make a Space."),
    ],
)  # fmt: skip
def test_a_failure_is_told_in_two_sentences_without_the_token(hub, scene, part, status, words, caplog):
    hub.failing = {part: status}
    with caplog.at_level(logging.DEBUG), pytest.raises(Gen3DError) as refused:
        product(publish(scene, "my-room", TOKEN))
    assert words in str(refused.value) and refused.value.remedy.endswith(".")
    assert refused.value.__cause__ is None and refused.value.__context__ is None
    assert TOKEN not in caplog.text + str(refused.value)


def test_a_hub_that_is_not_reached_is_told(hub, scene, monkeypatch):
    monkeypatch.setattr(constants, "ENDPOINT", "http://127.0.0.1:9")
    with pytest.raises(NotPublished, match=r"The hub was not reached\. Try again in a while\."):
        product(publish(scene, "my-room", TOKEN))


@pytest.mark.parametrize("name", ["", "a room", "../x", "a/b", "-a", "a--b", "a..b", "x" * 97, "ä"])
def test_what_is_no_name_is_refused_before_anybody_is_asked(hub, scene, name):
    with pytest.raises(InputError, match="no name for a Space"):
        product(publish(scene, name, TOKEN))
    assert hub.asked == []


@pytest.mark.parametrize("token", ["", "short", "hf_with a space", "hf_with\nline", "hf_" + "x" * 300, "hf_töken1234"])
def test_what_is_no_token_is_refused_without_being_said(hub, scene, token):
    with pytest.raises(InputError) as refused:
        product(publish(scene, "my-room", token))
    assert hub.asked == [] and (not token or token not in str(refused.value))


def test_the_command_line_takes_its_users_token_and_never_an_argument(hub, built, monkeypatch, capsys, tmp_path):
    scene = str(built.folder / "scene.ply")
    monkeypatch.setattr("huggingface_hub.get_token", lambda: None)
    assert main(["publish", scene, "--name", "my-room"]) == 1
    assert "A token of the hub is needed." in capsys.readouterr().err and hub.asked == []
    monkeypatch.setattr("huggingface_hub.get_token", lambda: TOKEN)
    before = inside(built.folder)
    assert main(["publish", scene, "--name", "my-room", "--private"]) == 0
    told = capsys.readouterr()
    assert "/spaces/Some_Body/my-room" in told.out and "https://some-body-my-room.static.hf.space/" in told.out
    assert TOKEN not in told.out + told.err and inside(built.folder) == before
    assert set(hub.spaces["Some_Body/my-room"]) == set(FILES)
    assert main(["publish", scene, "--name", "my-room", "--token", TOKEN]) == 2
