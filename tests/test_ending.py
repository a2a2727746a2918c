"""How the command line ends when it is interrupted, when nobody listens, and when names and words are no text."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from random import Random

import pytest

from gen3d.ending import ended
from gen3d.errors import InputError
from gen3d.request import Request
from tests.patience import PATIENCE_S
from tests.runs import inside, save_rgbd

ROOT = Path(__file__).parents[1]
ENVIRONMENT = os.environ | {"PYTHONPATH": str(ROOT)}
posix = pytest.mark.skipif(os.name != "posix", reason="no such signals, no such names")


def run(arguments: list[object], **options: object) -> subprocess.CompletedProcess:
    command = [sys.executable, "-W", "ignore", "-m", "gen3d", *map(os.fsencode, map(str, arguments))]
    options = {"capture_output": True, "env": ENVIRONMENT, "timeout": PATIENCE_S} | options
    return subprocess.run(command, **options)


def quick(folder: Path, *more: object) -> list[object]:
    """A build of a few seconds."""
    request = save_rgbd(folder / "in", width=96, height=72)
    given = ["build", request.photo, "--depth", request.depth]
    return [*given, "--preset", "fast", "--size", 64, *more, "-o", folder / "out"]


@posix
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
@pytest.mark.parametrize("swallowed", [False, True])
def test_a_signal_during_an_import_is_an_interruption(tmp_path, number, swallowed):
    """C code makes an ImportError of it, which was told as a failure of the program."""
    (tmp_path / "numpy.py").write_text(
        "import os\n"
        "try:\n"
        f"    os.kill(os.getpid(), {int(number)})\n"
        "    import time; time.sleep(9)\n"
        "except KeyboardInterrupt:\n"
        f"    if not {swallowed}: raise\n"
        "    raise ImportError('initialization failed')\n"
    )
    path = os.pathsep.join([str(tmp_path), str(ROOT)])
    done = run(["presets"], env=ENVIRONMENT | {"PYTHONPATH": path}, preexec_fn=_listen)
    assert (done.returncode, done.stderr) == (130, b"gen3d: interrupted, nothing is left behind\n")


def _buffering(unbuffered: str) -> dict[str, str]:
    return ENVIRONMENT | {"PYTHONUNBUFFERED": unbuffered}


def _listen() -> None:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):  # a background shell's children ignore the first
        signal.signal(number, signal.SIG_DFL)


@posix
def test_what_a_shell_told_it_to_ignore_stays_ignored():
    code = "import os, signal; os.kill(os.getpid(), signal.SIGHUP)"
    program = f"import sys; from gen3d.ending import ended; sys.exit(ended(lambda: exec({code!r})))"
    ignore = lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN)  # noqa: E731
    assert subprocess.run([sys.executable, "-c", program], env=ENVIRONMENT, preexec_fn=ignore).returncode == 0


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full")
@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize("command", ["presets", "--version", "build --help", "build"])
def test_an_output_that_takes_nothing_is_one_sentence_and_leaves_nothing(tmp_path, command, unbuffered):
    arguments = quick(tmp_path) if command == "build" else command.split()
    before = inside(tmp_path)
    with open("/dev/full", "wb") as full:
        done = run(arguments, stdout=full, stderr=subprocess.PIPE, capture_output=False, env=_buffering(unbuffered))
    told = done.stderr.decode()
    assert done.returncode == 1 and told.count("\n") == 1 and "No space left on device" in told, told
    assert inside(tmp_path) == before


@posix
@pytest.mark.parametrize("unbuffered", [pytest.param("", marks=pytest.mark.slow), "1"])
@pytest.mark.parametrize("command", ["presets", "build"])
def test_a_reader_that_goes_away_ends_it_with_one_sentence(tmp_path, command, unbuffered):
    arguments = quick(tmp_path) if command == "build" else [command]
    before = inside(tmp_path)
    reading, writing = os.pipe()
    os.close(reading)
    done = run(arguments, stdout=writing, stderr=subprocess.PIPE, capture_output=False, env=_buffering(unbuffered))
    os.close(writing)
    told = done.stderr.decode()
    assert done.returncode == 1 and told.count("\n") == 1 and "Broken pipe" in told, told
    assert inside(tmp_path) == before


@posix
@pytest.mark.parametrize("closed", [1, 2])
def test_without_an_output_or_a_place_for_errors_it_works_too(closed):
    done = run(["presets"], preexec_fn=lambda: os.close(closed))
    assert done.returncode == 0 and done.stderr == b""


@posix
def test_names_that_are_no_text_are_built_and_recorded(tmp_path):
    """A traceback came when run.json was written, minutes later."""
    arguments = quick(tmp_path, "--explain")
    odd = Path(os.fsdecode(os.fsencode(str(tmp_path / "in" / "bad")) + b"\xff.png"))
    shutil.copy(arguments[1], odd)
    out = Path(os.fsdecode(os.fsencode(str(tmp_path / "out")) + b"\xff"))
    arguments[1], arguments[-1] = odd, out
    done = run([os.fsdecode(os.fsencode(str(part))) for part in arguments])
    assert done.returncode == 0, done.stderr.decode()
    record = (out / "run.json").read_bytes().decode("utf-8")
    assert json.loads(record)["request"]["photo"] == "bad?.png" and "\\ud" not in record
    assert (out / "flythrough.mp4").stat().st_size > 1000


@posix
@pytest.mark.parametrize("words", [["--prompt", "a\udcff"], ["--prompt-for", "left=a\udcff"]])
def test_words_that_are_no_text_are_refused_before_anything_is_done(tmp_path, words):
    done = run(["build", tmp_path / "none.png", *words, "-o", tmp_path / "out"])
    assert done.returncode == 1 and done.stderr.count(b"\n") == 1, done.stderr
    assert b"no character" in done.stderr and b"There is no file" not in done.stderr


@pytest.mark.parametrize("words", ["\ud800", "a lake\udfff", "\udcff"])
def test_a_request_takes_only_text(words):
    with pytest.raises(InputError, match="no character"):
        Request(prompt=words)
    with pytest.raises(InputError, match="no character") as refused:
        Request(photo=Path("a.png"), prompts=(("left", words),))
    assert refused.value.field == "left"
    assert Request(prompt="a lake 🏞 \U0001f3de\n").prompt


def test_an_error_of_the_program_is_not_hidden():
    def broken() -> None:
        raise OSError(2, "a mistake of ours")

    with pytest.raises(OSError, match="mistake"):
        ended(broken)


@posix
@pytest.mark.slow
def test_killed_at_any_moment_it_leaves_a_whole_scene_or_none_and_the_next_run_leaves_nothing_else(tmp_path):
    arguments, out = quick(tmp_path), tmp_path / "out"
    began = time.monotonic()
    assert run(arguments).returncode == 0
    took_s, whole = time.monotonic() - began, {path.name for path in out.iterdir()}
    random = Random(1)
    for number in range(6):
        if number % 2:
            shutil.rmtree(out)
        old = (out / "scene.ply").read_bytes() if out.exists() else None
        command = [sys.executable, "-m", "gen3d", *map(str, arguments)]
        build = subprocess.Popen(command, env=ENVIRONMENT, stdout=subprocess.DEVNULL)
        time.sleep(random.uniform(0.3, 1.0) * took_s)
        build.kill()
        build.wait()
        if old is not None or out.exists():
            assert {path.name for path in out.iterdir()} == whole
        assert run(arguments).returncode == 0
        assert {path.name for path in tmp_path.iterdir()} == {"in", "out"}
        assert {path.name for path in out.iterdir()} == whole
