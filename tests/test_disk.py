"""What the app keeps on the disk: within bounds, the oldest out first, and nothing left of whoever is gone."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import gradio as gr
import httpx
import pytest
from gradio.processing_utils import save_file_to_cache
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError

from gen3d.errors import Unwritable
from gen3d.request import Request
from gen3d.settings import PRESETS
from gen3d.ui.core import disk as disks
from gen3d.ui.core.disk import GB, Disk, disk_of, own_root, remove_abandoned
from gen3d.ui.core.gallery import Example, Gallery
from gen3d.ui.core.jobs import Job, Visits
from gen3d.ui.core.steps import NO_ROOM
from gen3d.ui.page.gradio_quirks import unopened
from gen3d.ui.page.layout import build_page
from tests.page import served
from tests.patience import PATIENCE_S, eventually
from tests.play import Play
from tests.runs import save_rgbd
from tests.test_another_video import pages_steps

pytest_plugins = ["tests.page"]
ROOT = Path(__file__).parents[1]
ASKED = Request(prompt="a lake"), PRESETS["fast"]
MB = 10**6
posix = pytest.mark.skipif(os.name != "posix", reason="no claims, no signals")


@pytest.fixture
def copies(tmp_path, monkeypatch) -> Path:
    """Gradio's folder."""
    folder = tmp_path / "gradio"
    folder.mkdir()
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(folder))
    return folder


@pytest.fixture
def young(monkeypatch) -> None:
    """No file is too young to go."""
    monkeypatch.setattr(disks, "YOUNG_S", -1.0)


def bounded(folder: Path, most: int, idle_s: float = 900.0) -> Visits:
    root = folder / "visits"
    root.mkdir(exist_ok=True)
    return Visits(root, disk=Disk(root, most, 0), idle_s=idle_s)


def job_of(visits: Visits, visitor: str, copies: Path, size: int = 40_000) -> Job:
    """A job with a file, which Gradio has a copy of."""
    job = visits.begin(visitor, *ASKED)
    file = job.folder / "scene.ply"
    file.write_bytes(os.urandom(size))
    save_file_to_cache(file, str(copies))
    return job


def amount(*folders: Path) -> tuple[int, int]:
    """Files and bytes."""
    files = [path for folder in folders for path in folder.rglob("*") if path.is_file()]
    return len(files), sum(path.stat().st_size for path in files)


def aged(path: Path, seconds: float) -> Path:
    then = time.time() - seconds
    os.utime(path, (then, then))
    return path


# -- the budget


def test_two_hundred_builds_and_five_hundred_uploads_that_were_given_up_leave_the_disk_flat(tmp_path, copies, young):
    """Nothing went for hours, and of uploads that were given up nothing ever."""
    visits, after = bounded(tmp_path, 2 * MB, idle_s=0.0), []
    for number in range(200):
        job_of(visits, f"visitor {number}", copies)
        for upload in range(5 if number % 2 else 0):
            file = copies / f"tmp{number}_{upload}"
            file.write_bytes(bytes(1000))
            aged(file, 7200)
        if number % 50 == 49:
            visits._disk.sweep_uploads()
            visits.sweep()
            after.append(amount(visits.root, copies))
    assert after[0][1] > MB and all(size <= 2.2 * MB for _, size in after)
    assert max(count for count, _ in after) <= after[0][0] + 10, after
    assert not list(copies.glob("tmp*"))
    for folder in copies.iterdir():
        aged(folder, 7200)
    visits._disk.sweep_uploads()
    assert all(list(folder.iterdir()) for folder in copies.iterdir()), "no empty folders pile up"


def test_the_oldest_visit_without_a_page_goes_first(tmp_path, copies):
    visits = bounded(tmp_path, 150_000)
    old, with_page, newer = (visits.begin(name, *ASKED) for name in ("old", "with page", "newer"))
    for job in (old, with_page, newer):
        (job.folder / "scene.ply").write_bytes(bytes(60_000))
    with visits.attended("with page"):
        last = visits.begin("last", *ASKED)
        assert [job.folder.exists() for job in (old, with_page, newer, last)] == [False, True, True, True]


def test_what_runs_and_what_a_page_shows_stays_and_new_jobs_are_refused(tmp_path, copies, young):
    visits = bounded(tmp_path, 100_000)
    upload = copies / "hash" / "photo.png"
    upload.parent.mkdir()
    upload.write_bytes(bytes(30_000))
    running = visits.begin("runs", Request(photo=upload), PRESETS["fast"])
    with visits.attended("page"), visits.working("runs"):
        earlier, shown = (job_of(visits, "page", copies, size) for size in (10_000, 40_000))
        visits.show("page", shown.name, "a scene")
        with pytest.raises(Unwritable, match="GEN3D_DISK_GB"):
            visits.begin("one too many", *ASKED)
        assert shown.folder.exists() and running.folder.exists() and upload.exists()
        assert not earlier.folder.exists(), "it is on no page"
        copied = [file.read_bytes() for file in copies.rglob("scene.ply")]
        assert copied == [(shown.folder / "scene.ply").read_bytes()], "the page may still ask for it"
    visits.leave("page")
    assert visits.begin("the next", *ASKED)


def test_the_upload_of_a_job_that_begins_is_not_what_makes_room_for_it(tmp_path, copies, young):
    visits = bounded(tmp_path, 100_000)
    upload = copies / "hash" / "photo.png"
    upload.parent.mkdir()
    upload.write_bytes(bytes(30_000))
    job_of(visits, "gone", copies, 60_000)
    assert visits.begin("next", Request(photo=upload), PRESETS["fast"]) and upload.exists()


def test_less_than_the_free_minimum_is_refused_too(tmp_path, copies):
    root = tmp_path / "visits"
    root.mkdir()
    visits = Visits(root, disk=Disk(root, 10 * GB, 10**16))
    with pytest.raises(Unwritable, match="free"):
        visits.begin("anna", *ASKED)


def test_copies_of_examples_and_young_uploads_stay(tmp_path, copies, monkeypatch):
    examples = tmp_path / "gallery"
    examples.mkdir()
    (examples / "scene.ply").write_bytes(bytes(50_000))
    example = Path(save_file_to_cache(examples / "scene.ply", str(copies)))
    (copies / "hash").mkdir()
    upload, old = copies / "hash" / "photo.png", aged_upload(copies)
    upload.write_bytes(bytes(50_000))
    disk = Disk(tmp_path, 0, 0, (examples,))
    disk.remove_copies([])
    assert example.exists() and upload.exists() and old.exists(), "the time of their inode tells when they came"
    monkeypatch.setattr(disks, "YOUNG_S", -1.0)
    disk.remove_copies([])
    assert example.exists() and not upload.exists() and not old.exists()


def aged_upload(copies: Path) -> Path:
    (copies / "other").mkdir()
    (copies / "other" / "photo.png").write_bytes(bytes(50_000))
    return aged(copies / "other" / "photo.png", 7200)


@pytest.mark.parametrize("value", ["much", "-1", "nan", "inf"])
def test_a_bound_that_is_no_number_ends_the_start_with_a_sentence(tmp_path, monkeypatch, value):
    monkeypatch.setenv("GEN3D_DISK_GB", value)
    with pytest.raises(SystemExit, match="Give a number of gigabytes"):
        disk_of(tmp_path)


def test_the_bounds_are_the_environments_or_what_suits_the_disk(tmp_path, monkeypatch):
    usual = disk_of(tmp_path)
    assert 0 < usual.most_bytes <= 20 * GB and usual.least_free_bytes == GB
    monkeypatch.setenv("GEN3D_DISK_GB", "0.5")
    monkeypatch.setenv("GEN3D_FREE_GB", "0")
    assert (disk_of(tmp_path).most_bytes, disk_of(tmp_path).least_free_bytes) == (0.5 * GB, 0)


# -- uploads that were given up


def test_only_uploads_that_nobody_writes_any_more_are_swept(tmp_path, copies):
    held = (copies / "tmpheld").open("wb")
    (copies / "hash").mkdir()
    for name in ("tmpold", "tmpnew", "hash/photo.png", "hash/.photo.png.a1", "other", "hash/tmpnamed.png"):
        (copies / name).write_bytes(b"half")
    for name in ("tmpheld", "tmpold", "hash/photo.png", "hash/.photo.png.a1", "other", "hash/tmpnamed.png"):
        aged(copies / name, 7200)
    Disk(tmp_path, GB, 0).sweep_uploads()
    held.close()
    left = {str(path.relative_to(copies)) for path in copies.rglob("*") if path.is_file()}
    expected = {"tmpnew", "hash/photo.png", "other", "hash/tmpnamed.png"}
    assert left - {"tmpheld"} == expected and ("tmpheld" in left) == Path("/proc/self/fd").exists()


# -- the root


@posix
def test_the_root_of_a_killed_app_goes_and_that_of_a_living_one_stays(tmp_path):
    program = (
        "import sys; from gen3d.ui.core.disk import own_root; root = own_root(); (root / 'visit').mkdir()\n"
        "print(root, flush=True); sys.stdin.read()"
    )
    environment = os.environ | {"TMPDIR": str(tmp_path), "PYTHONPATH": str(ROOT)}
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    apps = [subprocess.Popen([sys.executable, "-c", program], env=environment, **pipes) for _ in range(3)]
    roots = [Path(app.stdout.readline().strip()) for app in apps]
    assert all(root.parent == tmp_path and (root / "visit").is_dir() for root in roots)
    apps[0].kill()
    apps[0].wait()
    remove_abandoned(tmp_path)
    assert [root.exists() for root in roots] == [False, True, True]
    apps[1].communicate("", timeout=PATIENCE_S)
    assert [root.exists() for root in roots] == [False, False, True], "at a clean end at once"
    apps[2].kill()
    apps[2].communicate()


def test_a_fresh_root_is_this_users_alone_and_in_nobodys_way(tmp_path, monkeypatch):
    monkeypatch.setattr(disks.tempfile, "tempdir", str(tmp_path))
    (tmp_path / "gen3d-visits-1-thesis.txt").touch()
    first, second = own_root(), own_root()
    assert first != second and first.is_dir() and second.is_dir() and first.stat().st_mode & 0o077 == 0
    assert (tmp_path / "gen3d-visits-1-thesis.txt").exists()


# -- over HTTP


@pytest.fixture
def page(tmp_path, gradio_home, built) -> Iterator[tuple[str, Visits, Play]]:
    yield from _page(tmp_path, built.folder, GB)


@pytest.fixture
def full_page(tmp_path, gradio_home, built):
    yield from _page(tmp_path, built.folder, -1)


def _page(folder: Path, made: Path, most: int):
    visits, play = bounded(folder, most), Play(made)
    with served(pages_steps(play), visits, Gallery((), folder / "gallery")) as url:
        yield url, visits, play


def test_a_visit_is_known_to_be_attended_by_its_heartbeat(page):
    url, visits, _ = page
    with httpx.stream("GET", f"{url}gradio_api/heartbeat/anna", timeout=20) as stream:
        next(stream.iter_bytes())
        assert dict(visits._pages) == {"anna": 1}
    eventually(lambda: not visits._pages)


def test_a_visit_without_a_page_is_over_soon_and_one_with_a_page_is_not(tmp_path, copies):
    """A folder of a call by plain HTTP stayed for six hours."""
    visits = bounded(tmp_path, GB, idle_s=0.05)
    plain, paged, runs = (visits.begin(name, *ASKED) for name in ("plain", "paged", "runs"))
    with visits.attended("paged"):
        with visits.attended("paged"), visits.working("runs"):
            time.sleep(0.1)
            visits.sweep()
            assert [job.folder.exists() for job in (plain, paged, runs)] == [False, True, True]
        visits.sweep()
        assert paged.folder.exists() and runs.folder.exists(), "what it waited for is to be had for a while"
    time.sleep(0.1)
    visits.sweep()
    assert not paged.folder.exists() and not runs.folder.exists()


def test_where_there_is_no_room_uploads_and_jobs_are_refused(full_page, tmp_path):
    url, visits, play = full_page
    answer = httpx.post(f"{url}gradio_api/upload", files={"files": ("a.png", b"x" * 1000)})
    assert answer.status_code == 507 and "no room for another file" in answer.text
    assert httpx.get(url).status_code == 200, "the page opens all the same"
    client = Client(url, verbose=False)
    with pytest.raises(AppError, match=NO_ROOM.split(".")[0]):
        client.predict(None, None, "a lake", api_name="/look")
    client.close()
    assert play.journal == [] and amount(visits.root) == (0, 0)


def test_files_that_are_given_leave_no_empty_ones_behind(page, built):
    """Gradio's gr.File left one for each use, for ever."""
    url, _, _ = page
    copies = Path(os.environ["GRADIO_TEMP_DIR"])
    before = {path for path in copies.iterdir() if path.is_file()}
    client = Client(url, verbose=False, download_files=False)
    given = handle_file(built.request.photo), handle_file(built.request.depth)
    client.predict(*given, transforms=handle_file(built.folder / "transforms.json"), api_name="/look")
    client.close()
    assert {path for path in copies.iterdir() if path.is_file()} <= before


def test_no_file_of_the_page_is_taken_gradios_way(tmp_path, built):
    steps = replace(pages_steps(Play(built.folder)), show_file=lambda *_: None, more=lambda *_: None)
    page = build_page(steps, Visits(tmp_path / "visits"), Gallery((), tmp_path / "gallery"))
    taken = {part for fn in page.fns.values() for part in fn.inputs if isinstance(part, gr.File)}
    assert len(taken) >= 5 and {part.preprocess for part in taken} == {unopened}


# -- examples


@posix
def test_one_example_is_built_at_a_time_whoever_wants_it(tmp_path, monkeypatch):
    at_once, most = [], []

    def run(gallery, example, *_):
        at_once.append(example)
        most.append(len(at_once))
        time.sleep(0.2)
        gallery.folder_of(example).mkdir()
        (gallery.folder_of(example) / "run.json").touch()
        at_once.pop()

    monkeypatch.setattr(Gallery, "_run", run)
    examples = [Example(name, name, tmp_path / "a.png") for name in ("one", "two")]
    threads = [Gallery(examples, tmp_path / "results").prepare() for _ in range(3)]
    for thread in threads:
        thread.join(20)
    assert most == [1, 1], "each once"


@pytest.mark.skipif(sys.platform != "linux", reason="prctl")
def test_the_build_of_an_example_ends_with_a_killed_app_and_leaves_nothing(tmp_path):
    request = save_rgbd(tmp_path / "in", width=320, height=240)
    program = f"""
from pathlib import Path
from gen3d.ui.core.gallery import Example, Gallery
example = Example("room", "A room", Path({str(request.photo)!r}), Path({str(request.depth)!r}))
gallery = Gallery([example], Path({str(tmp_path / "results")!r}))
gallery.prepare()
while gallery._building is None: pass
print(gallery._building.pid, flush=True)
gallery._thread.join()
"""
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    app = subprocess.Popen([sys.executable, "-c", program], env=environment, stdout=subprocess.PIPE, text=True)
    child = int(app.stdout.readline())
    eventually(lambda: list((tmp_path / "results").glob(".room*")))
    app.send_signal(signal.SIGKILL)
    app.wait()
    eventually(lambda: not Path(f"/proc/{child}").exists())
    assert list((tmp_path / "results").iterdir()) == []
