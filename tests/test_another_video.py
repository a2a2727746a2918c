"""Another video of a scene that is there: the pieces, and the accordion and the endpoint over a real `tour`."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import gradio as gr
import pytest
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError

from gen3d.errors import InputError
from gen3d.geometry.motion import motion
from gen3d.request import Request
from gen3d.run import steps as pipeline
from gen3d.settings import PRESETS, TourSettings
from gen3d.splat.pick import pick_rasterizer
from gen3d.ui.core.filming import job_to_film, tour_settings
from gen3d.ui.core.gallery import Example, Gallery
from gen3d.ui.core.jobs import Visits, enough_file
from gen3d.ui.core.progress import Shown
from gen3d.ui.core.steps import Steps
from gen3d.ui.core.words import status
from gen3d.ui.page.another_video import FILMED, until_there
from gen3d.ui.page.errors import told_to_visitors
from gen3d.video_table import VIDEOS
from tests.npm import npm_package
from tests.page import served
from tests.patience import eventually
from tests.play import PATHS, Play
from tests.test_page_access import violations

pytest_plugins = ["tests.page"]
SHORT = TourSettings(frames=24, fps=12, width_px=160)


# --- the pieces


def test_length_and_rate_make_frames():
    assert tour_settings(4, 24, 640) == TourSettings(frames=96, fps=24, width_px=640)
    assert tour_settings(1.5, 30.0, 321) == TourSettings(frames=45, fps=30, width_px=320)


def test_kind_shape_and_strength_are_asked_for_and_no_strength_is_as_far_as_it_holds():
    asked = tour_settings(4, 24, 640, "depth", "9:16", 0.5)
    assert (asked.kind, asked.shape, asked.strength) == ("depth", "9:16", 0.5)
    assert tour_settings(4, 24, 640, "gif", "1:1", 0).strength is None
    with pytest.raises(InputError, match="VR180 has a shape of its own"):
        tour_settings(4, 24, 640, "vr180", "9:16")


@pytest.mark.parametrize(("first", "words"), [(None, "No frame shows a hole."), (6, "Holes begin at frame 7 of 24.")])
def test_where_holes_begin_is_marked_on_a_bar_when_the_video_is_there(first, words):
    shown = replace(Shown(1, "a", {"flythrough": 1.0}), holes=(first, 24))
    assert "holes" not in status(shown)
    told = status(shown.finished())
    assert f'aria-label="{words}"' in told and ('left: 25.0%' in told) == (first == 6)
    assert "holes" not in status(Shown(1, "a", {"flythrough": 1.0}).finished())


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ((4, 11, 640), "A rate of 11 frames per second is not possible. Use 12 to 60."),
        ((4, 61, 640), "Use 12 to 60."),
        ((4, float("nan"), 640), "A rate of nan"),
        ((4, None, 640), "A rate of nothing"),
        ((4, 24, 159), "A width of 159 pixels is not possible. Use 160 to 1920."),
        ((4, 24, 1e9), "Use 160 to 1920."),
        ((25.1, 24, 640), "A length of 25.1 seconds at 24 frames per second is not possible. Use 0.5 to 25."),
        ((0, 60, 640), "Use 0.2 to 10."),
    ],
)
def test_beyond_the_bounds_is_refused(given, told):
    with pytest.raises(InputError) as refused:
        tour_settings(*given)
    assert told in str(refused.value)


@pytest.fixture
def scene(tmp_path: Path) -> Path:
    """What counts as a finished scene here."""
    folder = tmp_path / "scene"
    folder.mkdir()
    for name in ("run.json", "scene.ply", "flythrough.mp4"):
        (folder / name).write_text(name)
    return folder


@pytest.fixture
def gallery(scene: Path, tmp_path: Path) -> Gallery:
    """One example that is ready and one that is not."""
    photo = tmp_path / "photo.png"
    gallery = Gallery((Example("ready", "Ready", photo), Example("late", "Late", photo)), tmp_path / "gallery")
    shutil.copytree(scene, gallery.folder_of(gallery.examples[0]))
    return gallery


def test_a_visitors_scene_is_filmed_where_it_lies(gallery, scene, tmp_path):
    visits = Visits(tmp_path / "visits")
    job = visits.begin("me", Request(seed=4), PRESETS["balanced"])
    shutil.copytree(scene, job.folder / "grow")
    filmed = job_to_film(visits, gallery, "me", job.name, "dolly", SHORT)
    assert filmed.folder == job.folder and (filmed.request.path, filmed.request.seed) == ("dolly", 4)
    assert (filmed.settings.tour, filmed.settings.fit) == (SHORT, PRESETS["balanced"].fit)


def test_an_example_is_linked_to_and_stays_as_it_is(gallery, tmp_path):
    visits, folder = Visits(tmp_path / "visits"), gallery.folder_of(gallery.examples[0])
    filmed = job_to_film(visits, gallery, "me", folder.name, "dolly", SHORT)
    assert filmed.folder.is_relative_to(visits.root)
    assert sorted(file.name for file in (filmed.folder / "grow").iterdir()) == ["run.json", "scene.ply"]
    assert (folder / "flythrough.mp4").exists()
    assert visits.find("me", filmed.name).folder == filmed.folder
    scene = filmed.folder / "grow" / "scene.ply"
    assert scene.samefile(folder / "scene.ply") and scene.lstat().st_size < 500, "84 MB were copied for each"
    visits.leave("me")
    assert not filmed.folder.exists() and (folder / "scene.ply").read_text() == "scene.ply"


@pytest.mark.parametrize(
    ("name", "told"),
    [("", "There is no scene yet."), ("late", "There is no such job"), ("../gallery", "There is no such job")],
)
def test_what_is_no_scene_is_not_filmed(gallery, tmp_path, name, told):
    name = gallery.folder_of(gallery.examples[1]).name if name == "late" else name
    with pytest.raises(InputError, match=told):
        job_to_film(Visits(tmp_path / "visits"), gallery, "me", name, "dolly", SHORT)


def test_a_scene_that_is_not_finished_or_anothers_is_not_filmed(gallery, tmp_path):
    visits = Visits(tmp_path / "visits")
    job = visits.begin("me", Request(), PRESETS["fast"])
    with pytest.raises(InputError, match="not finished"):
        job_to_film(visits, gallery, "me", job.name, "dolly", SHORT)
    with pytest.raises(InputError, match="no such job"):
        job_to_film(visits, gallery, "you", job.name, "dolly", SHORT)


def test_the_old_video_stays_until_the_new_one_is_there():
    came = list(until_there(row for row in [("a", None, ["ply"], "j"), ("b", "v.mp4", ["ply", "v.mp4"], "j")]))
    assert came == [("a", gr.skip(), gr.skip(), gr.skip()), ("b", "v.mp4", ["ply", "v.mp4"], "j")]


# --- the accordion and the endpoint


def pages_steps(play: Play) -> Steps:
    """The first two are played, the last is the pipeline's, and may be held at its stage "flythrough"."""

    def tour(request, settings, folder):
        with told_to_visitors():
            yield from play.stage("flythrough", folder)
            enough = enough_file(folder).exists
            yield from pipeline.tour(request, folder / "grow", pick_rasterizer(), settings, folder / "tour", enough)

    motions = {name: motion(name) for name in PATHS}
    return Steps(play.look, play.grow, tour, {"depth": "played"}, "a stage", PATHS, draws=True, motions=motions)


@pytest.fixture(scope="module")
def filming(built, gradio_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Play]]:
    """A page without examples."""
    play, home = Play(built.folder), tmp_path_factory.mktemp("filming")
    with served(pages_steps(play), Visits(home / "visits"), Gallery((), home / "gallery")) as url:
        yield url, play


@pytest.fixture
def exhibition(built, gradio_home: Path, tmp_path: Path) -> Iterator[tuple[str, Play, Path]]:
    """A page with two examples of the same scene, by photos of different names; and where their results are."""
    play, photos = Play(built.folder), {name: tmp_path / f"{name}.png" for name in ("first", "second")}
    for photo in photos.values():
        shutil.copy(built.request.photo, photo)
    gallery = Gallery([Example(name, name.title(), photo) for name, photo in photos.items()], tmp_path / "gallery")
    for example in gallery.examples:
        shutil.copytree(built.folder, gallery.folder_of(example))
    with served(pages_steps(play), Visits(tmp_path / "visits"), gallery) as url:
        yield url, play, gallery.results


@pytest.fixture
def film(filming, built, open_window):
    """A window with a finished scene, ready for another video: short and small."""
    url, play = filming
    play.reset()
    window = open_window(url)
    window.give("photo", built.request.photo)
    window.button("Build").click()
    window.says("Done in")
    unfold(window)
    return window


def unfold(window) -> None:
    window.unfold("Another video")
    for label, value in (("Length, seconds", 2), ("Frames per second", 12), ("Width at most, pixels", 160)):
        window.type_number(label, value)


def choose(window, path: str) -> None:
    window.part("another-path").locator("input").click()
    window.page.get_by_role("option", name=f"{path}: {PATHS[path]}").click()


def told(window, sentence: str) -> None:
    window.expect(window.part("another-status")).to_contain_text(sentence)


def address_of_video(window) -> str:
    return window.part("video").locator("video").get_attribute("src")


def test_another_path_replaces_the_video_and_its_download_and_builds_nothing(film, filming):
    _, play = filming
    before, began = address_of_video(film), list(play.journal)
    choose(film, "dolly")
    film.expect(film.part("another-video").locator("svg title")).to_have_text("Camera path dolly, seen from above")
    film.button("film").click()
    told(film, "Done in")
    eventually(lambda: address_of_video(film) != before)
    video = film.part("video").locator("video")
    eventually(lambda: video.evaluate("v => v.videoWidth == 96 && Math.abs(v.duration - 2) < 0.1"))
    links = film.downloads()
    assert film.fetch(links["flythrough.mp4"]) == film.fetch(address_of_video(film))
    record = json.loads(film.fetch(links["run.json"]))
    assert record["request"]["path"] == "dolly"
    assert "scene.ply" in links and play.journal == began
    film.expect(film.button("film")).to_be_enabled()
    film.expect(film.button("cut")).to_be_disabled()


def test_a_boomerang_is_shown_as_a_picture_and_offered_and_where_holes_begin_is_marked(film):
    film.part("another-kind").locator("input").click()
    film.page.get_by_role("option", name="Boomerang, GIF").click()
    film.part("another-strength").locator("input[type=number]").fill("2")
    film.part("another-strength").locator("input[type=number]").blur()
    film.button("film").click()
    told(film, "Done in")
    picture = film.part("moving").locator("img")
    film.expect(picture).to_be_visible()
    assert film.fetch(picture.get_attribute("src"))[:6] == b"GIF89a"
    assert "boomerang.gif" in film.downloads() and "flythrough.mp4" not in film.downloads()
    film.expect(film.part("another-status").locator(".holes")).to_be_visible()
    assert violations(film, (npm_package("axe-core", "4.14.1") / "axe.min.js").read_text(encoding="utf-8")) == []


def test_a_path_of_ones_own_is_flown(film, built, tmp_path):
    own = tmp_path / "own.json"
    shutil.copy(built.folder / "transforms.json", own)
    film.give("another-transforms", own)
    film.button("film").click()
    told(film, "Done in")
    assert json.loads(film.fetch(film.downloads()["run.json"]))["request"]["path"] == "own.json"


def test_a_path_that_is_drawn_in_the_viewer_is_filmed(film):
    before, viewer = address_of_video(film), film.part("viewer")
    film.fold("Another video")
    film.views()
    viewer.get_by_role("button", name="Path", exact=True).click()
    viewer.get_by_role("button", name="Add this view").click()
    film.canvas().press("ArrowRight")
    film.canvas().press("k")
    film.expect(viewer.locator(".keys li")).to_have_count(2)
    viewer.get_by_role("button", name="Film this path").click()
    told(film, "Done in")
    eventually(lambda: address_of_video(film) != before)
    record = json.loads(film.fetch(film.downloads()["run.json"]))
    assert record["request"]["path"] == "drawn.json" and record["settings"]["tour"]["frames"] == 2 * 12
    assert record["counts"]["tour_amplitude"] == 1


def test_the_videos_own_path_plays_in_the_viewer(film):
    film.views()
    viewer = film.part("viewer")
    viewer.get_by_role("button", name="Path", exact=True).click()
    viewer.get_by_role("button", name="The video's path").click()
    film.expect(viewer.locator(".keys li")).to_have_count(13)
    viewer.get_by_role("button", name="Play").click()
    film.expect(film.canvas()).to_have_attribute("data-playing", "true")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("{not json", "wrong.json is not JSON. Give a nerfstudio transforms.json."),
        ('{"frames": [{"w": 9, "h": 9, "fl_x": 9}]}', "Frame 0 of wrong.json has no transform_matrix"),
    ],
)
def test_a_wrong_file_is_told_beside_it_and_the_video_stays(film, tmp_path, text, sentence):
    before = address_of_video(film)
    (tmp_path / "wrong.json").write_text(text)
    film.give("another-transforms", tmp_path / "wrong.json")
    film.button("film").click()
    told(film, sentence)
    film.expect(film.button("film")).to_be_enabled()
    assert address_of_video(film) == before and "flythrough.mp4" in film.downloads()


def test_a_number_beyond_its_bounds_is_told_beside_it(film):
    film.type_number("Frames per second", 5)
    film.button("film").click()
    told(film, "A rate of 5 frames per second is not possible. Use 12 to 60.")
    film.expect(film.button("film")).to_be_enabled()


def test_without_a_scene_there_is_nothing_to_film(filming, open_window):
    window = open_window(filming[0])
    unfold(window)
    window.button("film").click()
    told(window, "There is no scene yet. Build one first, or click an example.")


def test_an_example_is_filmed_and_the_first_video_stays_when_the_new_one_is_cancelled(exhibition, open_window):
    url, play, results = exhibition
    window = open_window(url)
    window.says("This is an example, “First”")
    unfold(window)
    before, first_video = address_of_video(window), window.fetch(address_of_video(window))
    play.hold("flythrough")
    window.button("film").click()
    told(window, "video 1 of 5")
    window.button("cut").click()
    told(window, "Cancelled: the video from before stays.")
    assert address_of_video(window) == before and "flythrough.mp4" in window.downloads()

    play.release()
    for name in ("first", "second"):
        if name == "second":
            window.choose_example(1)
            window.says("Done in")
        window.button("film").click()
        told(window, "Done in")
        eventually(lambda: window.fetch(address_of_video(window)) != first_video)
        record = json.loads(window.fetch(window.downloads()["run.json"]))["request"]
        assert (record["photo"], record["path"]) == (f"{name}.png", "wander")
    assert {file.read_bytes() for file in results.glob("*/flythrough.mp4")} == {first_video}, "examples stay"


def test_a_new_video_can_be_asked_for_once_the_cancelled_one_is_over_for_the_browser(film, filming):
    """Pressed before that, the button did nothing, and neither could be pressed any more."""
    _, play = filming
    waiting = []
    film.page.route("**/cancel", lambda route: waiting.append(route))
    play.hold("flythrough")
    film.button("film").click()
    told(film, "video 1 of 5")
    film.button("cut").click()
    told(film, "Cancelled: the video from before stays.")
    film.until(lambda: waiting)
    film.page.wait_for_timeout(500)
    film.expect(film.button("film")).to_be_disabled()
    film.page.unroute("**/cancel")
    waiting[0].continue_()
    film.expect(film.button("film")).to_be_enabled()
    play.release()
    film.button("film").click()
    told(film, "Done in")


@pytest.fixture
def client(filming) -> Iterator[Client]:
    url, play = filming
    play.reset()
    with_files = Client(url, verbose=False, download_files=False)
    yield with_files
    with_files.close()


def grown(client: Client, built) -> str:
    """A job with a scene."""
    job = client.predict(handle_file(built.request.photo), None, None, seed=3, api_name="/look")[-1]
    client.predict(job, api_name="/grow")
    return job


def test_the_endpoint_gives_video_files_and_job(client, built):
    endpoint = client.view_api(return_format="dict", print_info=False)["named_endpoints"]["/another_video"]
    taken = [parameter["parameter_name"] for parameter in endpoint["parameters"]]
    assert taken == [
        "job", "path", "transforms", "seconds", "fps", "width_px", "kind", "shape", "strength",
    ]  # fmt: skip
    job = grown(client, built)
    values = client.predict(job, "dolly", None, 1, 12, 160, api_name="/another_video")
    _, video, files, same = values
    assert len(values) == len(FILMED) and same == job
    assert "flythrough.mp4" in str(video) and "run.json" in str(files)


@pytest.mark.slow
def test_the_endpoint_films_every_kind(client, built):
    job = grown(client, built)
    for row in VIDEOS:
        asked = (job, "dolly", None, 1, 12, 160, row.name, "9:16" if row.shaped else "photo", 0)
        _, video, files, _ = client.predict(*asked, api_name="/another_video")
        assert (row.file in str(video)) == (not row.is_picture) and row.file in str(files)
    with pytest.raises(AppError, match="hologram"):
        client.predict(job, "dolly", None, 1, 12, 160, "hologram", "photo", 0, api_name="/another_video")
    with pytest.raises(AppError, match="Use 0 to 2"):
        client.predict(job, "dolly", None, 1, 12, 160, "video", "photo", 3, api_name="/another_video")


def test_the_endpoint_takes_files_and_refuses_other_names_of_paths(client, built, tmp_path):
    job, own = grown(client, built), tmp_path / "own.json"
    with pytest.raises(AppError, match="is not in the list of choices"):
        client.predict(job, "/etc/passwd", None, 1, 12, 160, api_name="/another_video")
    with pytest.raises(AppError, match="Use 12 to 60"):
        client.predict(job, "dolly", None, 1, 600, 160, api_name="/another_video")
    own.write_text(json.dumps({"frames": [], "filler": "x" * (1 << 20)}))
    with pytest.raises(AppError, match="Give at most 1 MB"):
        client.predict(job, "dolly", handle_file(own), 1, 12, 160, api_name="/another_video")
    shutil.copy(built.folder / "transforms.json", own)
    assert client.predict(job, "dolly", handle_file(own), 1, 12, 160, api_name="/another_video")[1]
