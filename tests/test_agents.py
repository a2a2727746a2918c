"""Programs direct a scene: things, edits, films and files by the API and by MCP, on a small room that was built."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import io
import json
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import closing
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError
from PIL import Image

from examples import agent
from gen3d.camera import Camera
from gen3d.errors import InputError
from gen3d.events import product
from gen3d.formats.glb import write_glb
from gen3d.products.export import export_file
from gen3d.request import Request
from gen3d.run import direct as directed
from gen3d.run import steps as pipeline
from gen3d.settings import PRESETS
from gen3d.splat.pick import pick_rasterizer
from gen3d.ui.core.jobs import AGENT, Visits
from gen3d.ui.core.steps import Steps
from gen3d.ui.door.routes import is_open
from gen3d.ui.page import mcp_tools
from gen3d.ui.page.errors import told_to_visitors
from gen3d.ui.page.mcp_tools import MISSING, TOOLS, as_tools, mcp_wanted
from tests.conftest import Built
from tests.page import DIRECT, Stand, served
from tests.play import PATHS, Play
from tests.test_api import plain, uploaded
from tests.test_brought import box_part
from tests.test_own_files import post

pytest_plugins = ["tests.page"]
HAS_MCP = find_spec("mcp") is not None
WITH_MCP = pytest.mark.skipif(not HAS_MCP, reason="install it with: pip install 'mcp>=1.21,<2'")
ASKED = Request(photo=Path("photo.png")), PRESETS["fast"]
TEN = [
    {"op": "move", "by": [0.1, 0, 0]}, {"op": "turn", "deg": 30}, {"op": "scale", "by": 1.2},
    {"op": "tint", "rgb": "#ff8000", "strength": 0.5}, {"op": "duplicate", "by": [0.3, 0, 0], "as": 40, "name": "twin"},
    {"op": "hide"}, {"op": "show"}, {"op": "move", "thing": "twin", "by": [0, 0, 0.1]},
    {"op": "turn", "thing": 40, "deg": -15}, {"op": "remove"},
]  # fmt: skip
"""Of the first thing, where no other is named."""


def more(scene: Path, file: Path) -> None:
    """As app.py writes files."""
    with told_to_visitors():
        product(export_file(directed.finished(scene, pick_rasterizer("cpu")), file))


def tour(request: Any, settings: Any, folder: Path) -> Iterator[Any]:
    with told_to_visitors():
        yield from pipeline.tour(request, folder / "grow", pick_rasterizer("cpu"), settings, folder / "tour")


@pytest.fixture(scope="module")
def page(built: Built, stand: Stand, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Play, Visits]]:
    """A page whose builds are played, and whose things, films and files are real; with tools, where mcp is at hand."""
    play, visits = Play(built.folder), Visits(tmp_path_factory.mktemp("agents") / "visits")
    steps = Steps(play.look, play.grow, tour, {}, "a stage", PATHS, draws=True, more=more, direct=DIRECT)
    with served(steps, visits, stand.gallery, mcp=HAS_MCP) as url:
        yield url, play, visits


@pytest.fixture
def client(page: tuple[str, Play, Visits]) -> Iterator[Client]:
    with closing(Client(page[0], verbose=False, download_files=False)) as client:
        yield client


@pytest.fixture
def job(client: Client, stand: Stand) -> str:
    """A grown scene of the client's."""
    looked = client.predict(photo=handle_file(stand.photo), seed=3, api_name="/look")
    client.predict(looked[-1], api_name="/grow")
    return looked[-1]


def first(edits: list[dict], thing: int) -> list[dict]:
    return [{"thing": thing, **edit} for edit in edits]


def content(files: list) -> bytes:
    [file] = plain(files)
    return Path(file).read_bytes()


def sums(folder: Path) -> dict[str, str]:
    """Of every file of a scene, but for what was made of it later."""
    files = (file for file in folder.rglob("*") if file.is_file() and "more" not in file.parts)
    return {str(file.relative_to(folder)): hashlib.sha256(file.read_bytes()).hexdigest() for file in files}


# -- by the API ------------------------------------------------------------------------------------------------------


def test_every_endpoint_tells_its_arguments_with_types_and_words(client):
    told = client.view_api(return_format="dict", print_info=False)["named_endpoints"]
    for name in TOOLS:
        endpoint = told[f"/{name}"]
        assert len(endpoint["description"]) > 40
        assert all(one["parameter_name"] and one["python_type"]["type"] for one in endpoint["parameters"])
    assert [one["parameter_name"] for one in told["/edit"]["parameters"]] == ["job", "edits"]
    assert [one["parameter_name"] for one in told["/film"]["parameters"]][:4] == ["job", "path", "thing", "side"]


@pytest.mark.slow
def test_ten_edits_are_seen_filmed_exported_and_undone_to_the_byte(client, page, job):
    _, play, _ = page
    folder = play.folders[-1] / "grow"
    before = sums(folder)
    things, picture, same = client.predict(job, api_name="/things")
    assert same == job and Image.open(plain(picture)).format == "PNG"
    thing = things[0]
    assert {"id", "name", "box", "centre", "touches", "stands_on", "in_front_of", "hidden"} <= set(thing)
    _, built = client.predict(job, ["scene.spz"], api_name="/export")
    for number, edit in enumerate(first(TEN, thing["id"]), 1):
        things, _, _ = client.predict(job, [edit], api_name="/edit")
        assert len(json.loads((folder / "edits.json").read_text())["edits"]) == number
    by_id = {one["id"]: one for one in things}
    assert thing["id"] not in by_id and by_id[40]["name"] == "twin"
    assert by_id[40]["centre"][0] > thing["centre"][0] + 0.2
    assert {**sums(folder), "edits.json": None} == {**before, "edits.json": None}
    _, edited = client.predict(job, ["scene.spz"], api_name="/export")
    assert content(edited) != content(built)
    progress, video, files, _ = client.predict(
        job, thing="twin", side="right", seconds=1, fps=12, width_px=160, api_name="/film"
    )
    assert progress["state"] == "done" and files and video and "10 edits" in " ".join(progress["notices"])
    for left in range(9, -1, -1):
        client.predict(job, api_name="/undo")
        assert len(directed.edits_of(directed.built_in(folder)).done) == left
    assert sums(folder) == before
    _, again = client.predict(job, ["scene.spz"], api_name="/export")
    assert content(again) == content(built)
    with pytest.raises(AppError, match=r"This scene has 0 edits, so 1 cannot be taken back\. Give"):
        client.predict(job, api_name="/undo")


@pytest.mark.parametrize(
    ("edits", "told"),
    [
        ([{"op": "hide", "thing": 999}], "Edit 1 of the list is to hide thing 999"),
        ([{"op": "hide", "thing": "throne"}], "'throne'"),
        ([{"op": "move", "thing": 1, "by": [float("nan"), 0, 0]}], "nan"),
        ([{"op": "move", "thing": 1, "by": [1, 0, 0]}, {"op": "scale", "thing": 1, "by": float("inf")}], "inf"),
        ([{"op": "remove", "thing": 1}, {"op": "move", "thing": 1, "by": [1, 0, 0]}],
         "Edit 2 of the list is to move thing 1"),
        ([{"op": "melt", "thing": 1}], "does not say what to do"), ([], "no list of 1 to"), ({}, "no list of 1 to"),
        ("hide", "no list of 1 to"), ([{"op": "hide", "thing": 1}] * 201, "no list of 1 to"),
    ],
)  # fmt: skip
def test_a_bad_edit_gets_two_sentences_and_nothing_is_lost(client, page, job, edits, told):
    folder = page[1].folders[-1] / "grow"
    client.predict(job, [{"op": "turn", "thing": 1, "deg": 5}], api_name="/edit")
    before = sums(folder)
    sentences = failure(page[0], client, "edit", [job, edits])
    assert told in sentences and sentences.count(". ") >= 1 and sentences.endswith(".")
    assert sums(folder) == before


def test_a_thing_is_taken_apart_by_an_outline_and_put_together_again(client, page, job):
    folder = page[1].folders[-1] / "grow"
    there, _, _ = client.predict(job, api_name="/things")
    half = [[[-9, -9], [80, -9], [80, 999], [-9, 999]]]
    things, picture, same = client.predict(job, str(there[0]["id"]), half, api_name="/split")
    assert same == job and Image.open(plain(picture)).format == "PNG" and len(things) == len(there) + 1
    new = max(thing["id"] for thing in things)
    client.predict(job, [{"op": "move", "thing": new, "by": [0.1, 0, 0]}], api_name="/edit")
    assert "was edited" in failure(page[0], client, "merge", [job, [there[0]["id"], new]])
    client.predict(job, api_name="/undo")
    things, _, _ = client.predict(job, [there[0]["id"], new], api_name="/merge")
    assert {thing["id"]: thing["name"] for thing in things} == {thing["id"]: thing["name"] for thing in there}
    assert "no parts that could be told apart" in failure(page[0], client, "split", [job, str(there[0]["id"]), None])
    assert not (folder / "edits.json").exists()


def failure(url: str, client: Client, endpoint: str, values: list) -> str:
    """The sentences of a call in the client's session, of values that the client itself would not send, as NaN."""
    body = {"data": values, "session_hash": client.session_hash}
    address = f"{url}gradio_api/call/{endpoint}"
    with urllib.request.urlopen(f"{address}/{json.loads(post(address, body))['event_id']}") as stream:
        told = stream.read().decode()
    assert "event: error" in told, told
    return json.loads(told.rpartition("data: ")[2])["error"]


def test_words_and_files_are_brought_in_seen_exported_and_undone_to_the_byte(client, page, job, tmp_path):
    folder = page[1].folders[-1] / "grow"
    before = sums(folder)
    write_glb(tmp_path / "box.glb", [box_part((0.2, 0.4, 0.2))])
    there, _, _ = client.predict(job, api_name="/things")
    things, picture, same, told = client.predict(job, words="a shiny red ball", name="ball", api_name="/bring_in")
    assert same == job and Image.open(plain(picture)).format == "PNG" and told == "Not understood: shiny."
    assert {one["name"] for one in things} - {one["name"] for one in there} == {"ball"}
    file = handle_file(tmp_path / "box.glb")
    things, *_ = client.predict(job, file=file, at=[0.1, 0.5, 2.0], size_m=0.5, deg=30, api_name="/bring_in")
    [box] = [one for one in things if one["name"] == "box"]
    assert np.allclose(box["foot"], (0.1, 0.5, 2.0), atol=0.02)
    edit = {"op": "bring in", "words": "a small blue cone", "name": "cone"}
    things, *_ = client.predict(job, [edit, {"op": "hide", "thing": "ball"}], api_name="/edit")
    assert "cone" in {one["name"] for one in things}
    _, files = client.predict(job, ["scene.splats.glb"], api_name="/export")
    assert b"cone" in content(files) and b"ball" not in content(files)
    client.predict(job, 4, api_name="/undo")
    assert sums(folder) == before


@pytest.mark.parametrize(
    ("given", "told"),
    [({}, "Give one of file, words, picture"), ({"words": "a dragon"}, "knows no 'a dragon'"),
     ({"words": "a ball", "size_m": -1}, "-1"), ({"words": "a ball", "at": [1, 2]}, "for a place"),
     ({"words": "a ball", "at": "left"}, "for a place"), ({"words": "x" * 301}, "301 characters")],
)  # fmt: skip
def test_what_cannot_be_brought_in_is_told_so_and_nothing_is_lost(client, page, job, given, told):
    folder = page[1].folders[-1] / "grow"
    before = sums(folder)
    with pytest.raises(AppError, match=told):
        client.predict(job, **given, api_name="/bring_in")
    assert sums(folder) == before


def test_a_file_that_was_not_uploaded_is_not_brought_in(client, page, job):
    values = [job, {"path": "/etc/hostname", "meta": {"_type": "gradio.FileData"}}, "", None, "", None, 0, 0, 0, True]
    assert "not uploaded here" in failure(page[0], client, "bring_in", values)


@pytest.mark.parametrize(
    ("aimed", "told"),
    [({"thing": "throne", "side": "left"}, "no thing 'throne'"), ({"thing": "1", "side": ""}, "no side ''"),
     ({"thing": "9" * 80, "side": "left"}, "no thing"), ({"thing": "", "side": "above"}, "no thing")],
)  # fmt: skip
def test_a_film_of_what_is_not_there_is_told_so(client, job, aimed, told):
    with pytest.raises(AppError, match=told):
        client.predict(job, **aimed, api_name="/film")


def test_edits_of_an_example_are_the_callers_own(client, stand, page):
    example = stand.gallery.folder_of(stand.gallery.examples[0])
    before = sums(example)
    _, _, mine = client.predict("ready", [{"op": "remove", "thing": 1}], api_name="/edit")
    assert mine != "ready" and sums(example) == before
    things, _, _ = client.predict("ready", api_name="/things")
    left, _, _ = client.predict(mine, api_name="/things")
    assert 1 in [one["id"] for one in things] and 1 not in [one["id"] for one in left]


def test_a_job_is_directed_by_nobody_but_its_visitor(client, page, job):
    with closing(Client(page[0], verbose=False, download_files=False)) as other:
        for name, values in (("things", []), ("edit", [[]]), ("undo", [1]), ("film", []), ("export", [["scene.glb"]])):
            with pytest.raises(AppError, match="There is no such job"):
                other.predict(job, *values, api_name=f"/{name}")


# -- agents, who have no page ----------------------------------------------------------------------------------------


def test_among_agents_a_job_is_whoevers_who_knows_its_name_and_no_page_finds_it(tmp_path):
    visits = Visits(tmp_path)
    mine, others = visits.agent(), visits.agent()
    job, page = visits.begin(mine, *ASKED), visits.begin("page", *ASKED)
    assert mine != others and visits.agent(job.name) == mine and AGENT.strip() != AGENT
    for name in (page.name, "", "x", None):
        assert visits.agent(name) not in (mine, "page")
    with pytest.raises(InputError, match="no such job"):
        visits.find(visits.agent(page.name), page.name)
    with pytest.raises(InputError, match="no such job"):
        visits.find("page", job.name)


def test_one_agents_jobs_make_no_room_for_anothers(tmp_path):
    visits = Visits(tmp_path)
    first_job = visits.begin(visits.agent(), *ASKED)
    for _ in range(10):
        visits.begin(visits.agent(), *ASKED)
    assert first_job.folder.is_dir()


def test_without_the_package_it_is_told_how_to_get_it(monkeypatch):
    assert not mcp_wanted({}) and not mcp_wanted({"GEN3D_MCP": "0"})
    monkeypatch.setattr(mcp_tools, "find_spec", lambda name: None)
    with pytest.raises(SystemExit) as raised:
        mcp_wanted({"GEN3D_MCP": "1"})
    assert str(raised.value) == MISSING and "pip install" in MISSING


class FakeServer:
    """What `as_tools` changes of Gradio's."""

    tool_prefix = ""

    def __init__(self) -> None:
        self.tool_to_endpoint = {"built": "/build", "say_enough": "/enough", "edit": "/edit"}

    def convert_strings_to_filedata(self, given: dict, places: list) -> dict:
        return {"file": {"path": "saved", "meta": {}}}


def bring(given: Any, *places: list) -> Any:
    return as_tools(FakeServer()).convert_strings_to_filedata(given, list(places))


def test_only_our_tools_are_there():
    assert as_tools(FakeServer()).tool_to_endpoint == {"build": "/build", "edit": "/edit"}


@pytest.mark.parametrize(
    "given",
    [
        {"photo": {"path": "/etc/hostname", "meta": {"_type": "gradio.FileData"}}},
        {"edits": [{"path": "/etc/hostname", "meta": {"_type": "gradio.FileData"}}]},
        {"edits": {"a": [[{"meta": {"_type": "gradio.FileData"}}]]}}, {"job": {"url": "http://127.0.0.1/"}},
        {"photo": "/etc/hostname"}, {"photo": "http://127.0.0.1/a.png"}, {"photo": "\0"}, {"photo": ""},
        {"photo": "http://a/gradio_api/file=/etc/hostname"}, {"photo": "file:///etc/hostname"},
    ],
)  # fmt: skip
def test_an_agent_can_name_no_file_of_the_server(given):
    """Gradio's own client, on this machine, would open and upload what looks like one of its files."""
    with pytest.raises(ValueError, match=r"\. (Give|POST) "):
        bring(given, ["photo"])


def test_an_agent_brings_uploads_and_data(stand):
    photo = uploaded(stand.url, stand.photo)
    for given in (str(photo), f"http://anywhere/gradio_api/file={photo}"):
        assert bring({"photo": given}, ["photo"])["photo"]["path"] == str(photo)
    assert bring({"photo": "data:image/png;base64,AAAA"}, ["photo"])["photo"]["path"] == "saved"
    edits = [{"op": "move", "thing": "lamp", "by": [0.5, 0, 0]}]
    assert bring({"job": "x", "edits": edits, "n": 3}, ["photo"]) == {"job": "x", "edits": edits, "n": 3}


# -- by MCP ----------------------------------------------------------------------------------------------------------


def test_without_mcp_its_routes_are_not_there(stand):
    for path in ("mcp", "mcp/", "mcp/http", "mcp/sse", "mcp/schema"):
        assert "There is nothing here" in post(f"{stand.url}gradio_api/{path}", {"jsonrpc": "2.0"})


def test_of_gradios_mcp_server_one_address_is_open_and_for_posts_alone():
    api = "/gradio_api/mcp"
    assert all(is_open("POST", api + end, mcp=True) and not is_open("POST", api + end) for end in ("", "/", "/http/"))
    for method in ("GET", "HEAD", "DELETE", "PUT"):
        assert not is_open(method, f"{api}/", mcp=True)
    for end in ("/sse", "/messages/", "/messages", "/schema", "/http/x", "/../upload"):
        assert not is_open("POST", api + end, mcp=True) and not is_open("GET", api + end, mcp=True)


@WITH_MCP
def test_who_wants_a_stream_of_it_learns_that_there_is_none(page):
    with pytest.raises(urllib.error.HTTPError) as raised:
        urllib.request.urlopen(f"{page[0]}gradio_api/mcp/")
    assert raised.value.code == 405


def over_mcp(url: str, calls: Callable[..., Any]) -> Any:
    """Runs calls(session) in a session of the protocol's own client."""
    from mcp import ClientSession
    from mcp.client.streamable_http import streamablehttp_client

    async def run() -> Any:
        async with (
            streamablehttp_client(f"{url}gradio_api/mcp/") as (read, write, _), ClientSession(read, write) as session,
        ):
            await session.initialize()
            return await calls(session)

    return asyncio.run(run())


def cut_out() -> bytes:
    """A picture with alpha, as a PNG."""
    pixels, out = np.zeros((48, 48, 4), np.uint8), io.BytesIO()
    pixels[8:40, 12:36] = (30, 160, 60, 255)
    Image.fromarray(pixels).save(out, "PNG")
    return out.getvalue()


def texts(answer: Any) -> list[str]:
    return [part.text for part in answer.content if part.type == "text"]


@WITH_MCP
def test_ten_edits_by_mcp(page, stand):
    url, play, visits = page
    photo = "data:image/png;base64," + base64.b64encode(stand.photo.read_bytes()).decode()

    async def calls(session: Any) -> None:
        tools = {tool.name: tool for tool in (await session.list_tools()).tools}
        assert set(tools) == set(TOOLS)
        assert all(tool.description and tool.inputSchema["properties"]["job"]["description"]
                   for name, tool in tools.items() if name != "build")  # fmt: skip
        built = await session.call_tool("build", {"photo": photo, "seed": 3})
        assert not built.isError, built
        job = play.folders[-1].name
        assert job in texts(built) and play.folders[-1].parent.parent == visits.root
        assert {"image"} <= {part.type for part in built.content}
        for edit in first(TEN, 1):
            answer = await session.call_tool("edit", {"job": job, "edits": [edit]})
            assert not answer.isError and "image" in {part.type for part in answer.content}, texts(answer)
        assert "'twin'" in texts(answer)[0] and job in texts(answer)
        film = await session.call_tool("film", {"job": job, "thing": "twin", "side": "left", "seconds": 1, "fps": 12,
                                                "width_px": 160})  # fmt: skip
        assert "flythrough.mp4" in " ".join(texts(film)), film
        told = []

        async def hear(progress: float, total: float | None, message: str | None) -> None:
            told.append(message)

        files = await session.call_tool("export", {"job": job, "formats": ["scene.spz"]}, progress_callback=hear)
        assert told
        assert "scene.spz" in " ".join(texts(files)), files
        card = "data:image/png;base64," + base64.b64encode(cut_out()).decode()
        for given in ({"words": "a blue box"}, {"file": card, "name": "card"}):
            answer = await session.call_tool("bring_in", {"job": job, **given})
            assert not answer.isError and "image" in {part.type for part in answer.content}, texts(answer)
        assert "'card'" in texts(answer)[0] and "'a blue box'" in texts(answer)[0]
        for path in ("/etc/hostname", "http://127.0.0.1/a.glb"):
            answer = await session.call_tool("bring_in", {"job": job, "file": path})
            assert answer.isError and "POST it to" in texts(answer)[0]
        undone = await session.call_tool("undo", {"job": job, "count": 12})
        assert not undone.isError and not (play.folders[-1] / "grow" / "edits.json").exists()
        half = {"thing": "1", "outlines": [[[-9, -9], [80, -9], [80, 999], [-9, 999]]]}
        as_built = (play.folders[-1] / "grow" / "things.json").read_bytes()
        apart = await session.call_tool("split", {"job": job, **half})
        assert not apart.isError and "image" in {part.type for part in apart.content}, texts(apart)
        new = max(directed.built_in(play.folders[-1] / "grow").things["things"], key=lambda thing: thing["id"])
        merged = await session.call_tool("merge", {"job": job, "things": [1, new["id"]]})
        assert not merged.isError and f"'id': {new['id']}" not in texts(merged)[0]
        undone = await session.call_tool("undo", {"job": job, "count": 2})
        assert not undone.isError and (play.folders[-1] / "grow" / "things.json").read_bytes() == as_built
        for wrong, told in (({"job": job, "edits": [{"op": "hide", "thing": 999}]}, "thing 999"),
                            ({"job": "x", "edits": []}, "no such job"),
                            ({"job": job, "edits": [{"path": "/etc/hostname", "meta": {"_type": "gradio.FileData"}}]},
                             "as only files have")):  # fmt: skip
            answer = await session.call_tool("edit", wrong)
            assert answer.isError and told in texts(answer)[0]

    over_mcp(url, calls)


@WITH_MCP
def test_a_pages_job_is_not_an_agents(page, client, job):
    async def calls(session: Any) -> None:
        answer = await session.call_tool("things", {"job": job})
        assert answer.isError and "no such job" in texts(answer)[0]
        enough = await session.call_tool("enough", {})
        assert enough.isError

    over_mcp(page[0], calls)


# -- the worked example ----------------------------------------------------------------------------------------------


def boxed(number: int, low: tuple, high: tuple, **told: Any) -> dict[str, Any]:
    foot = [(low[0] + high[0]) / 2, high[1], (low[2] + high[2]) / 2]
    return {"id": number, "name": f"thing {number}", "box": {"low": low, "high": high}, "foot": foot, "hidden": False,
            "stands_on": "ground", **told}  # fmt: skip


ROOM = [
    boxed(1, (-1.0, 0.0, 3.0), (1.0, 1.0, 4.0)), boxed(2, (2.0, 0.5, 2.0), (2.5, 1.25, 2.5)),
    boxed(3, (0.0, 0.0, 1.0), (0.1, 0.1, 1.1), stands_on=1), {"id": 4, "name": "thing 4", "hidden": True},
]  # fmt: skip


def test_the_example_puts_one_thing_left_of_another_on_its_ground_and_films_it_from_the_right():
    (edit, edits), (film, filmed) = agent.calls_for(ROOM)
    assert edits["edits"] == [{"op": "move", "thing": 2, "by": [-1.0 - 2.5 - agent.GAP_M, -0.25, 1.25]}]
    assert (edit, film) == ("edit", "film") and (filmed["thing"], filmed["side"]) == ("2", "right")
    assert agent.calls_for(ROOM, "3", "thing 2")[0][1]["edits"][0]["thing"] == 3
    with pytest.raises(LookupError, match="no 'lamp'"):
        agent.calls_for(ROOM, "lamp")


def test_the_example_does_what_it_is_told(page, job, client):
    async def call(tool: str, **given: Any) -> list[Any]:
        return list(await asyncio.to_thread(client.predict, api_name=f"/{tool}", **given))

    answers = asyncio.run(agent.direct(call, job))
    moved = answers["edit"][0]
    thing, other = (agent._called(moved, str(n)) for n in placed(answers["things"][0]))
    assert thing["box"]["high"][0] == pytest.approx(other["box"]["low"][0] - agent.GAP_M, abs=0.02)
    assert answers["film"][0]["state"] == "done" and answers["film"][1]


def placed(things: list[dict[str, Any]]) -> tuple[int, int]:
    """The numbers of what is moved, and of what it is put beside."""
    standing = sorted((t for t in things if t["stands_on"] == "ground"), key=agent._size)
    return agent.calls_for(things)[0][1]["edits"][0]["thing"], (standing or sorted(things, key=agent._size))[-1]["id"]


# -- the camera ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("side", "axis", "sign"), [("right", 0, 1), ("left", 0, -1), ("above", 1, -1),
                                                      ("front", 2, 1)])  # fmt: skip
def test_a_camera_aimed_from_a_side_is_there_and_has_the_thing_in_the_middle(side, axis, sign):
    camera = Camera.from_fov(60.0, 160, 120)
    middle = np.array([0.5, 0.2, 3.0])
    aimed = directed.seen_from_side(camera, middle, side)
    (at,), (z,) = aimed.project(middle[None])
    assert np.allclose(at, (80, 60)) and z > 0 and sign * (aimed.center - camera.center)[axis] > 0.2
    assert aimed.c2w[1, 0] == pytest.approx(0, abs=1e-9) and np.linalg.det(aimed.c2w[:3, :3]) == pytest.approx(1)
