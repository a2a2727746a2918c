"""The page's API, called with gradio_client and over plain HTTP, on steps that play the pipeline."""

from __future__ import annotations

import json
import shutil
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError
from PIL import Image

from gen3d.errors import InputError, Unwritable
from gen3d.ui.core import words
from gen3d.ui.core.gallery import Gallery
from gen3d.ui.core.jobs import Visits
from gen3d.ui.core.steps import NO_ROOM, OUT_OF_MEMORY, UNEXPECTED, Steps
from gen3d.ui.page.launch import UPLOAD_MB
from gen3d.ui.page.sending import BUILT, GROWN, LOOKED, TOURED
from tests.page import Stand, served
from tests.patience import PATIENCE_S, eventually
from tests.play import PATHS, POSES, Play, colour

pytest_plugins = ["tests.page"]
SCENE = ["scene.ply", "scene.splat", "scene.html", "transforms.json", "run.json"]
ALL = ["scene.ply", "scene.splat", "flythrough.mp4", "scene.html", "previews.zip", "transforms.json", "run.json"]


@pytest.fixture
def visitor(stand: Stand, play: Play, tmp_path: Path) -> Iterator[Callable[[], Client]]:
    """Opens clients, each a visitor of its own; without downloads they return where a file lies on the server."""
    clients: list[Client] = []

    def open_one(downloads: bool = False) -> Client:
        folder = str(tmp_path / f"visitor {len(clients)}") if downloads else False
        clients.append(Client(stand.url, verbose=False, download_files=folder))
        return clients[-1]

    yield open_one
    play.release()
    for client in clients:
        client.close()


@pytest.fixture
def client(visitor: Callable[[], Client]) -> Client:
    return visitor()


@pytest.fixture
def asked(stand: Stand) -> dict:
    """A photo and a seed; what else an endpoint takes has a default."""
    return {"photo": handle_file(stand.photo), "depth": None, "prompt": None, "seed": 3}


def named(values: tuple, names: tuple[str, ...]) -> dict:
    """Name -> value; a file is its path, on the server where the client does not download."""
    return dict(zip(names, map(plain, values), strict=True))


def plain(value: object) -> object:
    if isinstance(value, list):
        return [plain(one) for one in value]
    if isinstance(value, dict) and "words" not in value:
        return plain(next(value[key] for key in ("path", "image", "video", "file") if key in value))
    return value


def file_names(paths: list[str]) -> list[str]:
    return [Path(path).name for path in paths]


def test_the_endpoints_are_named_and_described(client):
    told = client.view_api(return_format="dict", print_info=False)["named_endpoints"]
    assert set(told) == {
        "/build", "/look", "/review", "/grow", "/tour", "/another_video", "/more_files", "/enough", "/things", "/edit",
        "/undo", "/film", "/export", "/bring_in", "/split", "/merge",
    }  # fmt: skip
    for name, endpoint in told.items():
        assert len(endpoint["description"]) > 40, name
    parameters = {name: [p["parameter_name"] for p in endpoint["parameters"]] for name, endpoint in told.items()}
    assert parameters["/build"][16] == "review"  # those after it came later: calls by position go on working
    assert [p for p in parameters["/build"] if p != "review"] == parameters["/look"]
    assert parameters["/look"][16:] == ["depth_kind", "depth_channel", "turn_depth", "own_depth", "border"]
    assert parameters["/look"][:3] == ["photo", "depth", "prompt"]
    assert parameters["/review"] == ["job", "percentile", "flips"]
    assert parameters["/grow"] == ["job"] and parameters["/tour"] == ["job", "path"]
    assert [len(told[f"/{step}"]["returns"]) for step in ("build", "look", "grow", "tour")] == [11, 5, 6, 3]


def test_a_scene_is_given_in_more_formats(client, play, asked):
    job = named(client.predict(**asked, api_name="/build"), BUILT)["job"]
    told, files = client.predict(job, ["scene.spz", "scene.glb"], api_name="/more_files")
    assert told == "2 files are ready below." and file_names(plain(files)) == ["scene.glb", "scene.spz"]
    with pytest.raises(AppError, match="not in the list of choices"):
        client.predict(job, ["../run.json"], api_name="/more_files")


def test_a_build_streams_partial_results(client, play, asked):
    play.hold("optimize")
    job = client.submit(**asked, api_name="/build")
    seen = []
    for values in job:
        seen.append(named(values, BUILT))
        if seen[-1]["views"] and len(seen[-1]["views"]) == POSES:
            play.release()
    assert seen[0]["depth"] is None and seen[0]["seed"] == 3
    with_depth = next(values for values in seen if values["depth"])
    assert with_depth["scene"] is None and with_depth["video"] is None
    assert Image.open(with_depth["depth"]).convert("RGB").getpixel((5, 5)) == colour(3)
    with_scene = next(values for values in seen if values["scene"])
    assert with_scene["video"] is None and file_names(with_scene["files"]) == SCENE
    last = named(job.outputs()[-1], BUILT)
    assert len(job.outputs()) == len(seen) > 5
    assert Path(last["scene"]).name == "model3d.ply" and len(last["views"]) == POSES
    assert file_names(last["files"]) == ALL
    assert all(last[name] for name in BUILT)


def test_a_client_learns_in_plain_values_how_it_stands(client, play, asked):
    play.hold("expand")
    job = client.submit(**asked, api_name="/build")
    eventually(lambda: job.outputs() and job.outputs()[-1][0]["count"])
    how = job.outputs()[-1][0]
    assert (how["state"], how["step"], how["stage"], how["total"]) == ("running", "grow", "expand", POSES)
    assert 1 <= how["count"] <= POSES and how["seconds_left"] > 0
    assert f"new views {how['count']} of {POSES} … " in how["words"] and "<" not in how["words"]
    assert job.outputs()[0][0] | {"seconds_left": 1, "words": ""} == {
        "state": "running", "step": None, "stage": None, "count": None, "total": None, "seconds_left": 1, "words": "",
        "notices": [],
    }  # fmt: skip
    play.release()
    job.result(timeout=PATIENCE_S)
    done = job.outputs()[-1][0]
    assert (done["state"], done["seconds_left"]) == ("done", 0) and done["words"].startswith("Done in ")


def test_the_steps_called_one_by_one_make_what_a_build_makes(visitor, play, stand, asked):
    client = visitor(downloads=True)
    looked = named(client.predict(**asked, path="wander", api_name="/look"), LOOKED)
    assert looked["depth"] and looked["layers"] and looked["seed"] == 3
    grown = named(client.predict(looked["job"], api_name="/grow"), GROWN)
    assert grown["background"] and len(grown["views"]) == POSES
    assert file_names(grown["files"]) == SCENE
    assert Path(grown["files"][0]).read_bytes() == stand.made.ply.read_bytes()
    toured = named(client.predict(looked["job"], "dolly", api_name="/tour"), TOURED)
    assert len(toured["files"]) == 7 and toured["video"]
    assert [step for step, what in play.journal if what == "finished"] == ["look", "grow", "tour"]
    assert [request.path for request in play.requests] == ["wander", "wander", "dolly"]
    assert len(set(play.folders)) == 1


def test_a_seed_is_drawn_where_none_is_given_and_comes_back(client, play, asked):
    values = named(client.predict(**(asked | {"seed": None}), api_name="/look"), LOOKED)
    assert values["seed"] == play.requests[0].seed
    assert Image.open(values["depth"]).convert("RGB").getpixel((5, 5)) == colour(values["seed"])


def test_what_is_given_counts_when_no_tab_is_named(client, play, stand, asked):
    client.predict(**(asked | {"depth": handle_file(stand.depth)}), api_name="/look")
    client.predict(**(asked | {"photo": None, "prompt": "a lake at dawn"}), api_name="/look")
    first, second = play.requests
    assert first.photo.read_bytes() == stand.photo.read_bytes() and first.depth.read_bytes() == stand.depth.read_bytes()
    assert (second.photo, second.prompt) == (None, "a lake at dawn")


def test_a_cancelled_job_ends_the_step_and_leaves_nothing(client, play, asked):
    play.hold("expand")
    job = client.submit(**asked, api_name="/build")
    eventually(lambda: ("grow", "began") in play.journal)
    assert job.cancel()
    play.wait_for("grow", "closed")
    assert ("tour", "began") not in play.journal and not (play.folders[0] / "grow").exists()


def test_enough_ends_the_visitors_own_job_early(visitor, play, asked):
    play.hold("expand")
    client, other = visitor(), visitor()
    job = client.submit(**asked, api_name="/build")
    eventually(lambda: job.outputs() and "new views" in job.outputs()[-1][0]["words"])
    other.predict(api_name="/enough")
    with pytest.raises(TimeoutError):
        job.result(timeout=0.5)
    client.predict(api_name="/enough")
    last = named(job.result(timeout=PATIENCE_S), BUILT)
    assert len(last["views"]) == 1 and len(last["files"]) == 7


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (InputError("The lake is dry.", "Wait for rain."), "The lake is dry. Wait for rain."),
        (MemoryError("37 GB"), OUT_OF_MEMORY),
        (RuntimeError("/secret/path"), UNEXPECTED),
        (Unwritable("/secret/path could not be written (No space left on device).", "Check its folder."), NO_ROOM),
    ],
)
def test_a_failure_reaches_the_caller_in_words_for_people(client, play, asked, error, told):
    play.fail("depth", error)
    job = client.submit(**asked, api_name="/build")
    with pytest.raises(AppError) as raised:
        job.result(timeout=PATIENCE_S)
    assert str(raised.value) == told
    how = job.outputs()[-1][0]
    assert (how["words"], how["state"], how["stage"]) == (told, "failed", "depth")


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"tab": "photo", "photo": None}, "There is no photo yet."),
        ({"tab": "elsewhere"}, "There is no input tab 'elsewhere'."),
        ({"prompt": "x" * 501}, "The text has 501 characters."),
        ({"size_px": 9999}, "A size of 9999 pixels is not possible."),
    ],
)
def test_what_the_page_would_not_offer_is_refused_by_the_api(client, play, asked, changed, told):
    with pytest.raises(AppError, match=told):
        client.predict(**(asked | changed), api_name="/build")
    assert play.journal == []


def test_an_examples_picture_outlives_another_page_that_was_given_the_same(stand, play, tmp_path):
    """Gradio names an upload by what is in it, and a server that ends removes what was uploaded to it."""
    steps = Steps(play.look, play.grow, play.tour, {}, "a stage", PATHS, draws=True)
    with served(steps, Visits(tmp_path / "visits"), Gallery((), tmp_path / "gallery")) as url:
        other = Client(url, verbose=False, download_files=False)
        other.predict(photo=handle_file(stand.photo), seed=3, api_name="/look")
        other.close()
    with urllib.request.urlopen(f"{stand.url}config") as told:
        [examples] = [part["props"] for part in json.load(told)["components"] if part["type"] == "dataset"]
    for [picture] in examples["samples"]:
        assert answer(picture["url"]) == 200


def test_a_job_is_nobodys_but_its_visitors(visitor, play, asked):
    mine, others = visitor(), visitor()
    name = named(mine.predict(**asked, api_name="/look"), LOOKED)["job"]
    mine.predict(name, api_name="/grow")
    others.predict(**asked, api_name="/look")
    began = len(play.journal)
    for endpoint, values in (("/grow", [name]), ("/tour", [name, "wander"])):
        with pytest.raises(AppError, match=r"There is no such job, or it is too old\. Run the first step again\."):
            others.predict(*values, api_name=endpoint)
    assert len(play.journal) == began


@pytest.mark.parametrize("name", ["", ".", "..", "../..", "/etc", "%2e%2e"])
def test_a_job_name_is_never_taken_for_a_folder(client, play, asked, name):
    client.predict(**asked, api_name="/look")
    with pytest.raises(AppError, match="There is no such job"):
        client.predict(name, api_name="/grow")
    assert [step for step, _ in play.journal] == ["look", "look"]


def test_a_visits_folder_is_not_served(client, play, stand, asked):
    values = named(client.predict(**asked, api_name="/build"), BUILT)
    folder = play.folders[0]
    made = [path for path in folder.rglob("*") if path.is_file()]
    assert {"scene.ply", "depth.png", "flythrough.mp4"} <= {path.name for path in made}
    for path in (*made, folder, folder.parent, stand.visits.root):
        assert answer(f"{stand.url}gradio_api/file={path}") == 403, path
    assert values["job"] == folder.name and folder.parent.name not in json.dumps(values)


def test_the_examples_results_are_served_and_what_lies_beside_them_is_not(stand):
    folder = stand.gallery.folder_of(stand.gallery.examples[0])
    assert answer(f"{stand.url}gradio_api/file={folder / 'scene.ply'}") == 200
    assert answer(f"{stand.url}gradio_api/file={folder}/../../visits") == 403
    assert answer(f"{stand.url}gradio_api/file={Path(__file__).parents[1] / 'app.py'}") == 403


@pytest.mark.parametrize("place", [0, 1])
def test_files_of_the_machine_cannot_be_given_as_inputs(play, stand, place, tmp_path):
    def outcome(photo: Path, depth: Path) -> str:
        files = [{"path": str(file), "meta": {"_type": "gradio.FileData"}} for file in (photo, depth)]
        values = [*files, None, "any", "fast", "wander", 3, 0, 1000, 0, "occlusion", *5 * [None]]
        return call(stand.url, "look", values)

    given = [uploaded(stand.url, stand.photo), uploaded(stand.url, stand.depth)]
    assert outcome(*given) == "complete" and len(play.requests) == 1
    given[place] = Path(shutil.copy((stand.photo, stand.depth)[place], tmp_path))  # an example's own is everybody's
    assert outcome(*given) == "error" and len(play.requests) == 1


def test_a_call_by_position_from_before_the_last_parameters_goes_on_working(stand, play):
    photo = {"path": str(uploaded(stand.url, stand.photo)), "meta": {"_type": "gradio.FileData"}}
    values = [photo, None, None, "any", "fast", "wander", 3, 0, None, 0, "occlusion", *5 * [None], True]
    assert call(stand.url, "build", values) == "complete"
    assert [step for step, what in play.journal if what == "finished"] == ["look"]  # True is still review
    [request] = play.requests
    assert (request.depth_kind, request.depth_channel, request.turn_depth) == ("auto", None, "auto")


def test_what_is_said_of_the_depth_arrives(client, play, asked):
    said = {"depth_kind": "disparity", "depth_channel": "d", "turn_depth": "no", "own_depth": "ignore"}
    client.predict(**asked, **said, units_per_metre=250, api_name="/look")
    request = play.requests[0]
    assert {name: getattr(request, name) for name in said} == said and request.depth_scale == 250


def test_uploads_are_bounded(stand):
    assert upload(stand.url, b"x" * 1000)[0] == 200
    assert upload(stand.url, bytes((UPLOAD_MB << 20) + 1))[0] == 413


def test_closing_a_client_takes_its_folder_along(visitor, play, asked):
    mine, others = visitor(), visitor()
    for client in (mine, others):
        client.predict(**asked, api_name="/look")
    (my_folder, others_folder) = (folder.parent for folder in play.folders)
    assert my_folder != others_folder and my_folder.is_dir()
    mine.close()
    eventually(lambda: not my_folder.exists())
    assert others_folder.is_dir()


def test_nothing_to_have_enough_of_is_no_error(client):
    assert client.predict(api_name="/enough") in (None, (), words.NOTHING_RUNS)


def answer(address: str) -> int:
    """The status of a GET."""
    try:
        with urllib.request.urlopen(address) as response:
            return response.status
    except urllib.error.HTTPError as error:
        return error.code


def upload(url: str, content: bytes, name: str = "a.png") -> tuple[int, bytes]:
    """The status and the answer of an upload of a file with this content."""
    head = f'--line\r\nContent-Disposition: form-data; name="files"; filename="{name}"\r\n\r\n'
    request = urllib.request.Request(f"{url}gradio_api/upload", head.encode() + content + b"\r\n--line--\r\n")
    request.add_header("Content-Type", "multipart/form-data; boundary=line")
    try:
        with urllib.request.urlopen(request) as response:
            return response.status, response.read()
    except urllib.error.HTTPError as error:
        return error.code, b""


def uploaded(url: str, file: Path) -> Path:
    """Where an uploaded file is on the server."""
    return Path(json.loads(upload(url, file.read_bytes(), file.name)[1])[0])


def call(url: str, endpoint: str, values: list) -> str:
    """The last event of a call whose values are sent as they are: "complete" or "error"."""
    request = urllib.request.Request(f"{url}gradio_api/call/{endpoint}", json.dumps({"data": values}).encode())
    request.add_header("Content-Type", "application/json")
    with urllib.request.urlopen(request) as response:
        event = json.load(response)["event_id"]
    with urllib.request.urlopen(f"{url}gradio_api/call/{endpoint}/{event}") as stream:
        told = [line.decode().partition(": ")[2].strip() for line in stream if line.startswith(b"event:")]
    return told[-1]
