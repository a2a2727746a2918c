"""On Ray: `make test-batch` installs it; without it these are skipped."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import pytest

from gen3d.events import product
from gen3d.many.ask import Job
from gen3d.many.crew import Alone
from gen3d.many.on_ray import OnRay
from gen3d.many.pool import Pool
from gen3d.many.running import run_batch
from tests.many import DEFAULTS, photo

ray = pytest.importorskip("ray", reason="make test-batch installs it")
psutil = pytest.importorskip("psutil")
PRODUCTS = ("scene.ply", "scene.splat", "scene.view", "flythrough.mp4", "transforms.json", "thumb.jpg")


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("photos")
    for i in range(3):
        photo(folder / f"{i}.png", i)
    return folder


def made(photos: Path, out: Path, crew) -> dict[str, bytes]:
    product(run_batch(str(photos), Job(str(out), engine="builtin", device="cpu"), crew, DEFAULTS))
    return {f"{i}/{name}": (out / str(i) / name).read_bytes() for i in range(3) for name in PRODUCTS}


def test_one_process_a_pool_and_a_cluster_make_the_same_bytes_and_nothing_is_left(photos, tmp_path):
    expected = made(photos, tmp_path / "alone", Alone())
    assert made(photos, tmp_path / "pool", Pool(2)) == expected
    assert made(photos, tmp_path / "ray", OnRay("local", 2, 1)) == expected
    assert not ray.is_initialized() and not builders()
    names = {"0", "1", "2", "index.html", "summary.csv", "summary.parquet"}
    assert all({p.name for p in (tmp_path / out).iterdir()} == names for out in ("alone", "pool", "ray"))


def test_a_worker_that_is_killed_on_a_cluster_is_replaced(photos, tmp_path):
    job, killed = Job(str(tmp_path / "out"), engine="builtin", device="cpu"), []
    run = run_batch(str(photos), job, OnRay("local", 1, 1), DEFAULTS)

    def kill_once(_: object) -> None:
        if not killed and (found := builders()):
            os.kill(found[0].pid, signal.SIGKILL)
            killed.append(found[0].pid)

    tally = product(run, lambda event: (time.sleep(0.5), kill_once(event)))
    assert killed and (tally.built, tally.failed) == (3, 0)


def builders() -> list:
    found = psutil.process_iter(["cmdline"])
    return [p for p in found if (p.info["cmdline"] or [""])[0].startswith("ray::Builder") and mine(p)]


def mine(process) -> bool:
    """Of a cluster that this process started."""
    try:
        return os.getpid() in {parent.pid for parent in process.parents()}
    except psutil.Error:
        return False
