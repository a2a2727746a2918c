"""A batch from its source to its summary: what is passed over, tried again, swept; in a folder and in a bucket."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
import time
import uuid
from pathlib import Path
from types import SimpleNamespace

import pytest

from gen3d.errors import Gen3DError, InputError, Unwritable
from gen3d.events import Notice, product
from gen3d.formats.claims import claim
from gen3d.many import on_ray
from gen3d.many.ask import Ask, Job, Outcome
from gen3d.many.crew import TRIES, Alone, gave_up, threads_each
from gen3d.many.ledger import as_csv
from gen3d.many.pool import Pool
from gen3d.many.remote import Bucket
from gen3d.many.running import run_batch
from gen3d.many.sheet import sheet_of
from gen3d.many.store import WHOLE, Folder, store_of
from tests.many import DEFAULTS, Pretending, batch, environment, faults, photo, pretended, row_of

pytest_plugins = ["tests.many_s3"]


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    for i in range(4):
        photo(tmp_path / "photos" / f"{i}.png", i)
    return tmp_path / "photos"


@pytest.fixture(params=["folder", "bucket", "s3"])
def out(request, tmp_path: Path) -> str:
    if request.param == "folder":
        return str(tmp_path / "out")
    if request.param == "s3":
        return f"{request.getfixturevalue('s3')}/{uuid.uuid4().hex}"
    pytest.importorskip("fsspec", reason="pip install 'gen3d[batch]'")
    return f"memory://{uuid.uuid4().hex}"


def test_a_second_call_makes_nothing_that_is_whole(photos, out):
    first, second = Pretending(), Pretending()
    assert batch(photos, out, first).built == 4
    tally = batch(photos, out, second)
    assert (tally.built, tally.passed_over, second.made) == (0, 4, [])


def test_what_failed_is_tried_again_when_asked_to(photos, out):
    assert batch(photos, out, Pretending("1")).failed == 1
    told = json.loads(store_of(out).read("failed.jsonl"))
    assert (told["name"], told["what"], told["remedy"]) == ("1", "It is no photo.", "Give one.")
    again = batch(photos, out, Pretending())
    assert (again.failed, again.left_alone, again.built) == (1, 1, 0)
    mended = batch(photos, out, Pretending(), retry_failed=True)
    assert (mended.failed, mended.built) == (0, 1) and store_of(out).read("failed.jsonl") is None


def test_what_is_asked_otherwise_is_made_anew_and_told(photos, out):
    batch(photos, out)
    told, crew = [], Pretending()
    product(run_batch(str(photos), Job(out), crew, DEFAULTS | {"seed": 5}), told.append)
    assert len(crew.made) == 4 and any("made anew" in e.text for e in told if isinstance(e, Notice))


def test_a_photo_of_another_size_is_another_photo(photos, out):
    batch(photos, out)
    photo(photos / "2.png", seed=9, width=60)
    crew = Pretending()
    batch(photos, out, crew)
    assert crew.made == ["2"]


def test_a_scene_without_its_marker_is_made_anew_and_nothing_of_it_stays(photos, out):
    batch(photos, out)
    store = store_of(out)
    store.write("3/left.bin", b"half")
    store.remove(f"3/{WHOLE}")
    crew = Pretending()
    batch(photos, out, crew)
    assert crew.made == ["3"] and store.read("3/left.bin") is None and store.read("3/scene.ply") == b"3"


def test_a_manifest_and_its_photos_may_lie_in_a_bucket(photos):
    pytest.importorskip("fsspec", reason="pip install 'gen3d[batch]'")
    place = f"memory://{uuid.uuid4().hex}"
    store = Bucket(place)
    for file in photos.iterdir():
        store.write(f"in/sub/{file.name}", file.read_bytes())
    store.write("in/rows.csv", b"photo,name\nsub/1.png,one\nsub/2.png,\n")
    assert batch(f"{place}/in", f"{place}/out").built == 4
    assert batch(f"{place}/in/sub/[01].png", f"{place}/some").built == 2
    crew = Pretending()
    batch(f"{place}/in/rows.csv", f"{place}/rows", crew)
    assert crew.made == ["one", "sub-2"]


def test_the_summary_has_a_line_a_scene_in_the_order_of_names(photos, tmp_path):
    batch(photos, tmp_path / "out", Pretending("2"))
    with (tmp_path / "out" / "summary.csv").open() as file:
        assert [row["name"] for row in csv.DictReader(file)] == ["0", "1", "3"]


def test_the_summary_is_a_table_with_types_where_pyarrow_is_there(photos, tmp_path):
    parquet = pytest.importorskip("pyarrow.parquet", reason="pip install 'gen3d[batch]'")
    batch(photos, tmp_path / "out")
    table = parquet.read_table(tmp_path / "out" / "summary.parquet")
    assert table.column("name").to_pylist() == ["0", "1", "2", "3"]


def test_a_scene_goes_from_one_bucket_to_another_and_is_the_one_that_folders_give(s3, photos, tmp_path):
    Bucket(f"{s3}/in").write("a.png", (photos / "1.png").read_bytes())
    (photos / "1.png").rename(tmp_path / "a.png")
    job = {"engine": "builtin", "device": "cpu", "to": (".spz",)}
    for source, out in ((f"{s3}/in", f"{s3}/out"), (str(tmp_path / "a.png"), str(tmp_path / "out"))):
        product(run_batch(source, Job(out, **job), Alone(), DEFAULTS))
    bucket = Bucket(f"{s3}/out")
    for file in ("a/scene.ply", "a/scene.spz", "a/flythrough.mp4", "a/thumb.jpg"):
        assert bucket.read(file) == (tmp_path / "out" / file).read_bytes(), file
    assert bucket.marker("a")["key"] == Folder(tmp_path / "out").marker("a")["key"]
    assert product(run_batch(f"{s3}/in", Job(f"{s3}/out", **job), Alone(), DEFAULTS)).passed_over == 1


@pytest.mark.parametrize("name", ["=cmd()", "+1", "-1", "@x"])
def test_no_cell_of_the_summary_is_a_formula(name):
    assert as_csv([{"name": "a", "photo": name}]).decode().splitlines()[1] == f"a,'{name}"


def test_no_words_of_a_row_become_markup_of_the_contact_sheet():
    page = sheet_of([row_of(Ask("a", "</script><img src=x onerror=alert(1)>"))], [])
    assert "<img src=x" not in page and page.count("</script>") == 2


def test_a_folder_that_somebody_else_made_is_never_replaced(photos, tmp_path):
    (tmp_path / "out" / "1").mkdir(parents=True)
    (tmp_path / "out" / "1" / "mine.txt").write_text("mine")
    store = Folder(tmp_path / "out")
    with pytest.raises(InputError), store.making("1"):
        raise AssertionError
    assert (tmp_path / "out" / "1" / "mine.txt").read_text() == "mine"


def test_what_a_killed_process_left_is_swept_and_what_is_at_work_is_not(photos, tmp_path):
    making = tmp_path / "out" / ".making"
    for name in ("killed", "at work"):
        (making / name).mkdir(parents=True)
        (making / f"{name}.lock").touch()
    held = claim(making / "at work.lock")
    Folder(tmp_path / "out").sweep()
    assert sorted(path.name for path in making.iterdir()) == ["at work", "at work.lock"]
    os.close(held)
    batch(photos, tmp_path / "out")
    assert not making.exists()


def test_two_runs_at_once_make_each_scene_once(photos, tmp_path):
    program = (
        "import sys, time; from tests.many import *\n"
        "class Slow(Pretending):\n    pass\n"
        "import tests.many as m; real = m.pretended\n"
        "def slow(*a):\n    time.sleep(0.2); return real(*a)\n"
        "m.pretended = slow; crew = Slow(); batch(sys.argv[1], sys.argv[2], crew); print(*crew.made)"
    )
    run = [sys.executable, "-c", program, str(photos), str(tmp_path / "out")]
    both = [subprocess.Popen(run, env=environment(), stdout=subprocess.PIPE, text=True) for _ in range(2)]
    made = [name for one in both for name in one.communicate()[0].split()]
    assert sorted(made) == ["0", "1", "2", "3"]


def test_a_place_that_takes_nothing_more_ends_the_run(photos, tmp_path):
    class Full:
        def work(self, job, asks):
            ask = next(asks)
            yield Outcome(ask.name, "failed", None, "The disk is full.", "Make room.", ends_run=True)

    with pytest.raises(Gen3DError, match="The disk is full"):
        batch(photos, tmp_path / "out", Full())
    assert faults(tmp_path / "out") == []


def test_an_output_that_is_a_file_is_refused(photos, tmp_path):
    (tmp_path / "out").write_text("")
    with pytest.raises(Unwritable), Folder(tmp_path / "out").making("a"):
        raise AssertionError


def test_a_run_of_which_nothing_became_a_scene_says_why(tmp_path):
    (tmp_path / "m.jsonl").write_text("no JSON")
    with pytest.raises(InputError, match="None of 1 rows"):
        batch(tmp_path / "m.jsonl", tmp_path / "out")
    assert faults(tmp_path / "out")[0]["line"] == 1


def test_cores_are_shared_among_workers():
    assert [threads_each(n, 8) for n in (1, 2, 3, 8, 100)] == [8, 4, 2, 1, 1]


# -- a cluster that pretends -----------------------------------------------------------------------------------------


class PretendedRay:
    """Ray, as far as a shift asks for it; every actor does at once what it is asked to."""

    exceptions = SimpleNamespace(RayError=ValueError)

    def __init__(self) -> None:
        self.actors = 0

    def remote(self, **options: object):
        return lambda builder: SimpleNamespace(remote=self._actor)

    def _actor(self, job: dict) -> SimpleNamespace:
        self.actors += 1
        make = SimpleNamespace(remote=lambda ask: Promise({"name": ask["name"], "became": "built"}))
        return SimpleNamespace(ready=SimpleNamespace(remote=lambda: Promise(None)), make=make)

    def wait(self, refs: list, num_returns: int, timeout: float):
        return refs[:1], refs[1:]

    def get(self, ref):
        return ref.value

    def kill(self, actor: object) -> None:
        pass


class Promise:
    def __init__(self, value: object) -> None:
        self.value = value


def test_there_are_workers_on_nodes_that_join_later_and_none_for_whom_nothing_is_left(monkeypatch):
    monkeypatch.setattr(on_ray, "LOOK_S", 0.0)
    room, ray = iter([1, 1, 1, 3, 2, 3, *[4] * 50]), PretendedRay()
    shift = on_ray._Shift(ray, Job("out"), iter([Ask(f"a{i}", "x.png") for i in range(6)]), {}, lambda: next(room))
    assert sorted(outcome.name for outcome in shift.outcomes()) == [f"a{i}" for i in range(6)]
    assert ray.actors == 4


# -- a pool of processes that pretend --------------------------------------------------------------------------------

WORKER = """
import json, os, sys, threading, queue
from pathlib import Path
print(json.dumps({"name": "", "became": "whole"}), flush=True)
sys.stdin.readline()
for line in sys.stdin:
    ask = json.loads(line)
    if ask["name"] == "deadly" or (ask["name"] == "once" and not Path(sys.argv[1]).exists()):
        Path(sys.argv[1]).touch()
        os.kill(os.getpid(), 9)
    print(json.dumps({"name": ask["name"], "became": "built", "row": {"name": ask["name"]}}), flush=True)
"""


@pytest.fixture
def pretending_workers(tmp_path, monkeypatch):
    from gen3d.many import pool

    real = subprocess.Popen
    mark = str(tmp_path / "died")
    monkeypatch.setattr(pool.subprocess, "Popen", lambda argv, **how: real([sys.executable, "-c", WORKER, mark], **how))


def test_a_scene_whose_worker_dies_goes_to_another(pretending_workers):
    asks = [Ask(name, "x.png") for name in ("a", "once", "b", "c")]
    found = list(Pool(2).work(Job("out"), iter(asks)))
    assert sorted(outcome.name for outcome in found) == ["a", "b", "c", "once"]
    assert {outcome.became for outcome in found} == {"built"}


def test_a_scene_that_kills_every_worker_is_given_up_and_the_others_are_made(pretending_workers):
    asks = [Ask(name, "x.png") for name in ("a", "deadly", "b")]
    found = {outcome.name: outcome for outcome in Pool(1).work(Job("out"), iter(asks))}
    assert found["deadly"].became == "failed" and str(TRIES) in found["deadly"].what
    assert found["a"].became == found["b"].became == "built"


def test_asks_are_taken_only_as_somebody_is_free(pretending_workers):
    taken = []

    def asks():
        for i in range(50):
            taken.append(i)
            yield Ask(f"a{i}", "x.png")

    for done, _ in enumerate(Pool(2).work(Job("out"), asks()), 1):
        assert len(taken) <= done + 3


def test_workers_end_with_whoever_started_them(pretending_workers):
    run = Pool(2).work(Job("out"), iter([Ask(f"a{i}", "x.png") for i in range(9)]))
    next(run)
    workers = [w.process for w in run.gi_frame.f_locals["shift"].workers]
    run.close()
    assert len(workers) == 2 and all(worker.poll() is not None for worker in workers)


def test_who_gives_up_says_what_to_do():
    outcome = gave_up(Ask("a", "a.png"), "signal 9")
    assert outcome.what.endswith(".") and outcome.remedy.endswith(".")


def test_a_worker_that_cannot_begin_ends_the_run_with_its_reason(tmp_path, photos):
    job = Job(str(tmp_path / "out"), use=("depth=nobody",))
    with pytest.raises(Gen3DError):
        list(Pool(1).work(job, iter([Ask("a", "a.png")])))


def test_a_real_worker_ends_at_once_when_nobody_listens(tmp_path):
    worker = subprocess.Popen(
        [sys.executable, "-m", "gen3d.many.worker"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment()
    )
    time.sleep(0.2)
    worker.stdin.close()
    assert worker.wait(60) == 0
    worker.stdout.close()


def test_a_marker_that_is_torn_is_none(tmp_path):
    store = Folder(tmp_path)
    with store.making("a") as work:
        store.put(pretended(work, Ask("a", "a.png"), "key"), "a")
    (tmp_path / "a" / WHOLE).write_text('{"key": "ke')
    assert store.marker("a") is None and store.whole() == {}
