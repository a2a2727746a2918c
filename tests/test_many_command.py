"""The command `gen3d batch`, and `gen3d.batch` from Python, with a small real scene or two."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
import tarfile
import time
from pathlib import Path

import pytest

import gen3d
from gen3d.cli import main
from gen3d.errors import InputError
from tests.many import FAST, command, environment, faults, photo
from tests.patience import PATIENCE_S, eventually

PLAIN = {"engine": "builtin", "device": "cpu", "preset": "fast", "size_px": 64}


def ran(*argv: object) -> int:
    return main(["batch", *map(str, argv), *FAST])


@pytest.mark.parametrize(
    "wrong",
    [["--workers", 0], ["--threads", -1], ["--gpus", 1], ["--views", 0], ["--val-share", 2], ["--preset", "best"],
     ["--views-path", "nowhere"], ["--max-gaussians", 0], ["--limits", "none.json"]],
    ids=lambda wrong: wrong[0],
)  # fmt: skip
def test_what_cannot_be_asked_for_is_told_before_anything_is_made(tmp_path, capsys, wrong):
    photo(tmp_path / "in" / "a.png")
    code = main(["batch", str(tmp_path / "in"), "-o", str(tmp_path / "out"), *FAST, *map(str, wrong)])
    told = capsys.readouterr().err
    assert code == 1 and told.startswith("gen3d: ") and not (tmp_path / "out").exists()


def test_a_format_that_is_none_is_wrong_usage(tmp_path, capsys):
    with pytest.raises(SystemExit) as usage:
        raise SystemExit(ran(tmp_path, "-o", tmp_path / "out", "--to", "docx"))
    assert usage.value.code == 2 and ".spz" in capsys.readouterr().err


def test_ray_that_is_not_there_is_told(tmp_path, capsys, monkeypatch):
    photo(tmp_path / "in" / "a.png")
    monkeypatch.setitem(sys.modules, "ray", None)
    assert ran(tmp_path / "in", "-o", tmp_path / "out", "--ray", "local") == 1
    assert "gen3d[batch]" in capsys.readouterr().err


@pytest.mark.slow
def test_a_list_of_sentences_becomes_a_labelled_data_set(tmp_path):
    (tmp_path / "list.txt").write_text("a red house by a lake\nxyzzy\n")
    out = tmp_path / "out"
    assert ran(tmp_path / "list.txt", "-o", out, "--dataset", "labelled", "--val-share", 0) == 0
    assert [fault["line"] for fault in faults(out)] == [2]
    [shard] = json.loads((out / "dataset" / "index.json").read_text())["shards"]
    with tarfile.open(out / shard["file"]) as tar:
        members = {name.partition(".")[2]: tar.extractfile(name).read() for name in tar.getnames()}
    assert set(members) == {"rgb.png", "depth.npy", "things.png", "names.json", "camera.json", "caption.txt"}
    assert any("house" in name for name in json.loads(members["names.json"]))
    assert "drawn from a sentence" in (out / "dataset" / "README.md").read_text()


class Unreached:
    """Ray, which reaches no cluster."""

    class exceptions:
        RayError = type("RayError", (Exception,), {})

    def __init__(self, error: Exception) -> None:
        self._error = error

    is_initialized = staticmethod(lambda: False)

    def init(self, **_: object) -> None:
        raise self._error


def behind(error: Exception, told: str) -> Exception:
    error.__cause__ = RuntimeError(told)
    return error


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (ConnectionError("Failed to connect"), "There is no Ray cluster at 'node:6379' (Failed to connect)"),
        (behind(ConnectionError("Failed"), "ray.exceptions.AuthenticationError: RPC error"), "RAY_AUTH_MODE=token"),
        (type("AuthenticationError", (Unreached.exceptions.RayError,), {})("No token found."), "RAY_AUTH_MODE=token"),
    ],
    ids=["nobody there", "refused", "no token"],
)
def test_a_cluster_that_cannot_be_joined_is_told_with_its_reason(tmp_path, capsys, monkeypatch, error, words):
    photo(tmp_path / "in" / "a.png")
    monkeypatch.setitem(sys.modules, "ray", Unreached(error))
    assert ran(tmp_path / "in", "-o", tmp_path / "out", "--ray", "node:6379") == 1
    assert words in capsys.readouterr().err


def test_good_rows_become_scenes_and_bad_ones_lines_of_failed_jsonl(tmp_path, capsys):
    photo(tmp_path / "in" / "a.png")
    (tmp_path / "in" / "torn.png").write_bytes(photo(tmp_path / "b.png").read_bytes()[:200])
    (tmp_path / "in" / "words.png").write_text("no picture at all, but a text of some length")
    out = tmp_path / "out"
    assert ran(tmp_path / "in", "-o", out, "--to", "spz", "--dataset", "webdataset", "--views", 2) == 0
    assert sorted(fault["name"] for fault in faults(out)) == ["torn", "words"]
    with (out / "summary.csv").open() as file:
        [row] = csv.DictReader(file)
    assert row["name"] == "a" and float(row["photo_psnr_db"]) > 15 and row["verdict"] in ("accept", "look-at", "reject")
    for file in ("scene.ply", "scene.spz", "thumb.jpg", "run.json", "whole.json", "views/0001.rgb.png"):
        assert (out / "a" / file).is_file(), file
    assert (out / "dataset" / "README.md").is_file() and not (out / ".making").exists()
    assert "1 scenes built" in capsys.readouterr().out
    tally = gen3d.batch(tmp_path / "in", out, to=[".spz"], dataset="webdataset", views=2, **PLAIN)
    assert (tally.built, tally.passed_over, tally.left_alone) == (0, 1, 2)


@pytest.mark.parametrize(
    "wrong", [{"to": [".docx"]}, {"to": [""]}, {"dataset": "zip"}, {"views": 0}, {"val_share": 2.0}], ids=str
)
def test_python_is_told_what_cannot_be_asked_for_before_anything_is_made(tmp_path, wrong):
    photo(tmp_path / "in" / "a.png")
    with pytest.raises(InputError):
        gen3d.batch(tmp_path / "in", tmp_path / "out", **PLAIN, **wrong)
    assert not (tmp_path / "out").exists()


def test_python_refuses_keywords_that_mean_nothing(tmp_path):
    photo(tmp_path / "a.png")
    with pytest.raises(TypeError, match="colour"):
        gen3d.batch(tmp_path, tmp_path / "out", colour="red", **PLAIN)


@pytest.mark.slow
@pytest.mark.parametrize("workers", [1, 2])
def test_a_run_that_is_killed_leaves_nothing_half_made_and_goes_on(tmp_path, workers):
    for i in range(3):
        photo(tmp_path / "in" / f"{i}.png", i)
    argv, out = command(tmp_path / "in", "-o", tmp_path / "out", "--workers", workers), tmp_path / "out"
    run = subprocess.Popen(argv, env=environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    eventually(lambda: (out / ".making").is_dir() and any((out / ".making").iterdir()))
    os.kill(run.pid, signal.SIGKILL)
    run.wait()
    before = {path: path.stat().st_ino for path in whole(out)}
    done = subprocess.run(argv, env=environment(), capture_output=True, text=True, timeout=4 * PATIENCE_S)
    assert done.returncode == 0, done.stderr
    after = {path: path.stat().st_ino for path in whole(out)}
    assert len(after) == 3 and before.items() <= after.items() and not (out / ".making").exists()


def whole(out: Path) -> list[Path]:
    return [path.parent / "scene.ply" for path in out.glob("*/whole.json")]


@pytest.mark.slow
def test_a_run_that_is_interrupted_leaves_nothing_half_made(tmp_path):
    photo(tmp_path / "in" / "a.png")
    argv, out = command(tmp_path / "in", "-o", tmp_path / "out", "--workers", 2), tmp_path / "out"
    run = subprocess.Popen(argv, env=environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    eventually(lambda: (out / ".making").is_dir() and any((out / ".making").iterdir()))
    time.sleep(0.5)
    run.send_signal(signal.SIGINT)
    assert run.wait(PATIENCE_S) == 130 and not (out / ".making").exists() and not (out / "a").exists()


def test_a_terminal_shows_a_bar_with_rate_failures_and_seconds_left(monkeypatch, capsys):
    from gen3d.commands.batch import _Watch
    from gen3d.commands.telling import Teller
    from gen3d.events import Notice, Progress, Started
    from gen3d.many.running import Tally

    for stream in (sys.stdout, sys.stderr):
        monkeypatch.setattr(stream, "isatty", lambda: True, raising=False)
    tally = Tally()

    def run():
        yield Started("batch")
        for done in (10, 11, 12):
            yield Progress("batch", done, 20)
            tally.failed = 1
            time.sleep(0.15)
        yield Notice("One is blurred.")
        yield Progress("batch", 13, 20)

    _Watch(Teller(timed=False), False, tally).follow(run())
    told = capsys.readouterr()
    assert "One is blurred." in told.out
    assert "a minute, 1 failed" in told.err and "/20" in told.err and " s left" in told.err


def test_where_there_is_no_terminal_a_line_tells_now_and_then_how_far_it_is(monkeypatch, capsys):
    from gen3d.commands import batch
    from gen3d.commands.telling import Teller
    from gen3d.events import Progress
    from gen3d.many.running import Tally

    monkeypatch.setattr(batch, "TOLD_S", 0.0)
    batch._Watch(Teller(timed=False), False, Tally()).follow(Progress("batch", done, 20) for done in (10, 12))
    assert capsys.readouterr().out.splitlines()[-1].startswith("12 of 20 scenes, ")
