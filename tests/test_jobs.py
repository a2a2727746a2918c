import ctypes
import gc
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import psutil
import pytest

from gen3d.errors import InputError
from gen3d.request import Request
from gen3d.settings import PRESETS
from gen3d.ui.core.jobs import KEPT_JOBS, PREFIX, Visits, enough_file, remove_abandoned

ASKED = Request(prompt="a lake"), PRESETS["fast"]


@pytest.fixture
def visits(tmp_path) -> Visits:
    return Visits(tmp_path / "visits")


def folders(visits: Visits) -> set[Path]:
    return set(visits.root.iterdir()) if visits.root.exists() else set()


def test_a_job_is_found_by_its_own_visitor_only(visits):
    job = visits.begin("anna", *ASKED)
    visits.begin("ben", *ASKED)
    assert visits.find("anna", job.name) == job
    for visitor, name in (("ben", job.name), ("anna", "no such"), ("nobody", job.name), ("anna", "../" + job.name)):
        with pytest.raises(InputError, match="no such job"):
            visits.find(visitor, name)


def test_visits_share_no_folder_and_names_cannot_be_guessed(visits):
    jobs = [visits.begin(visitor, *ASKED) for visitor in ("anna", "anna", "ben")]
    assert jobs[0].folder.parent == jobs[1].folder.parent != jobs[2].folder.parent
    assert len({job.name for job in jobs}) == 3 and all(len(job.name) >= 20 for job in jobs)
    assert "anna" not in str(jobs[0].folder.relative_to(visits.root))
    assert jobs[0].folder.stat().st_mode & 0o077 == 0


def test_leaving_removes_the_folder_at_once_when_nothing_runs(visits):
    visits.begin("anna", *ASKED)
    kept = visits.begin("ben", *ASKED)
    visits.leave("anna")
    visits.leave("never came")
    assert folders(visits) == {kept.folder.parent}
    assert visits.latest("anna") is None and visits.latest("ben") == kept


def test_leaving_in_the_middle_removes_the_folder_when_the_job_has_ended(visits):
    job = visits.begin("anna", *ASKED)
    with pytest.raises(GeneratorExit), visits.working("anna"):
        visits.leave("anna")
        assert job.folder.is_dir()
        raise GeneratorExit
    assert folders(visits) == set()


def test_old_visits_go_and_running_ones_stay(tmp_path):
    visits = Visits(tmp_path / "visits", max_age_s=0.05)
    visits.begin("anna", *ASKED)
    running = visits.begin("ben", *ASKED)
    with visits.working("ben"):
        time.sleep(0.1)
        visits.sweep()
        assert folders(visits) == {running.folder.parent}
    assert folders(visits) == set(), "it was old all along, and goes when it ends"


def test_only_the_latest_jobs_of_a_visit_are_kept(visits):
    jobs = [visits.begin("anna", *ASKED) for _ in range(KEPT_JOBS + 2)]
    assert [job.folder.exists() for job in jobs] == [False] * 2 + [True] * KEPT_JOBS
    with pytest.raises(InputError):
        visits.find("anna", jobs[0].name)


def test_enough_is_a_file_that_can_be_taken_back(visits):
    job = visits.begin("anna", *ASKED)
    assert not enough_file(job.folder).exists()
    job.say_enough()
    assert enough_file(job.folder).exists()
    job.take_back_enough()
    job.take_back_enough()
    assert not enough_file(job.folder).exists()


def test_what_a_killed_process_left_goes_by_age(tmp_path):
    import os

    old, new, other = tmp_path / f"{PREFIX}old", tmp_path / f"{PREFIX}new", tmp_path / "thesis"
    for folder in (old, new, other):
        (folder / "visit").mkdir(parents=True)
    for path in (old / "visit", old, other / "visit", other):
        os.utime(path, (0, 0))
    remove_abandoned(tmp_path)
    assert not old.exists() and new.exists() and other.exists()


def test_many_visitors_at_once(visits):
    errors: list[BaseException] = []

    def visit(name: str) -> None:
        try:
            for _ in range(20):
                job = visits.begin(name, *ASKED)
                with visits.working(name):
                    (job.folder / "file").write_text(name)
                    assert visits.find(name, job.name).folder == job.folder
            visits.leave(name)
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=visit, args=(f"visitor {i}",)) for i in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == [] and folders(visits) == set()


def test_what_is_on_show_is_remembered_per_visitor_and_its_job_outlives_later_ones(visits):
    shown = visits.begin("anna", *ASKED)
    visits.show("anna", shown.name, "a scene")
    later = [visits.begin("anna", *ASKED) for _ in range(KEPT_JOBS + 2)]
    assert shown.folder.is_dir() and visits.on_show("anna") == "a scene" and visits.on_show("ben") is None
    assert [job.folder.is_dir() for job in later] == [False] * 2 + [True] * KEPT_JOBS
    visits.leave("anna")
    assert visits.on_show("anna") is None and not shown.folder.exists()


def test_what_a_page_begins_with_does_not_take_the_place_of_what_was_asked_for(visits):
    """The opening example may come late: the visitor's own scene would go with their next job."""
    visits.show_first("anna", "example", "an example")
    assert visits.on_show("anna") == "an example"
    job = visits.begin("ben", *ASKED)
    visits.show_first("ben", "example", "an example")
    assert visits.on_show("ben") is None
    visits.show("ben", job.name, "a scene")
    visits.show_first("ben", "example", "an example")
    for _ in range(KEPT_JOBS + 1):
        visits.begin("ben", *ASKED)
    assert visits.on_show("ben") == "a scene" and job.folder.exists()


@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "malloc_trim"), reason="a C library without it")
def test_memory_that_a_job_is_done_with_goes_back_to_the_machine(visits):
    """It grew by 0.7 MB a build, each on another thread, though no object was left."""

    def job() -> None:
        kept = [np.full(1000, 1, np.uint8) for _ in range(100_000)]
        last.append(kept.pop())

    last: list[np.ndarray] = []
    process = psutil.Process()
    with ThreadPoolExecutor(1) as pool, visits.working("anna"):
        pool.submit(job).result()
        gc.collect()
        held = process.memory_info().rss
        with visits.working("anna"):
            pass
        assert process.memory_info().rss < held - 50e6
