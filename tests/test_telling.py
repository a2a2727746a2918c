"""What is told while a command runs: lines for a pipe, bars under them on a terminal, next to nothing when quiet."""

import os
import re
import struct
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from gen3d.commands import bar, telling
from gen3d.commands.telling import Teller
from gen3d.events import Finished, Notice, Progress, Started
from tests.patience import PATIENCE_S

ROOT = Path(__file__).parents[1]
posix = pytest.mark.skipif(os.name != "posix", reason="no pseudo-terminals")
RUN = """
import time
from pathlib import Path
from gen3d.commands.telling import Teller
from gen3d.events import Finished, Notice, Progress, Started

def run():
    yield Started("expand")
    for done in range(5):
        yield Progress("expand", done, 4)
        time.sleep(0.15)
    yield Notice("Something else was used.")
    yield Started("unheard-of")
    yield Finished("grow", Path("out"))

Teller(quiet=QUIET).follow(run())
"""
WAIT = """
import time
from gen3d.commands import bar, telling
from gen3d.commands.telling import Teller

drawn, bar.TICK_S = [], 0.01
refresh = bar.Bar.refresh
bar.Bar.refresh = lambda self, **how: (drawn.append(1), refresh(self, **how))
teller = Teller()
with teller.waiting("engines"):
    while len(drawn) < 4:
        time.sleep(0.01)
    teller.say("a line between")
    time.sleep(0.05)
"""
PLAIN = (
    r" +[0-9.]+ s  expand\n          note: Something else was used\.\n"
    r" +[0-9.]+ s  unheard-of\n +[0-9.]+ s  grow is done: out\n"
)


def on_a_terminal(program: str, columns: int = 100) -> str:
    """All that a program writes to a terminal of that width."""
    import fcntl
    import pty
    import termios

    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 30, columns, 0, 0))
    process = subprocess.Popen([sys.executable, "-c", program], stdout=theirs, stderr=theirs, cwd=ROOT)
    os.close(theirs)
    written = b""
    while True:
        try:
            block = os.read(ours, 4096)
        except OSError:  # how Linux says that nobody holds the other end
            break
        if not block:
            break
        written += block
    os.close(ours)
    assert process.wait(PATIENCE_S) == 0, written
    return written.decode()


def left_on_screen(written: str) -> str:
    """What stays of it: a carriage return writes over the line."""
    lines = []
    for line in written.replace("\r\n", "\n").split("\n"):
        shown = ""
        for part in line.split("\r"):
            shown = part + shown[len(part) :]
        lines.append(shown.rstrip())
    return "\n".join(lines)


@posix
@pytest.mark.parametrize("columns", [100, 0])
def test_a_terminal_shows_stage_count_and_seconds_left_over_the_lines_that_a_pipe_gets(columns):
    written = on_a_terminal(RUN.replace("QUIET", "False"), columns)
    assert re.search(r"new views █+.? +2/4, [0-9]+ s left", written), written
    assert "unheard-of 0 s" in written
    assert re.fullmatch(PLAIN, left_on_screen(written)), left_on_screen(written)


@posix
def test_what_cannot_be_counted_shows_that_it_goes_on():
    written = on_a_terminal(WAIT)
    before, after = written.split("a line between")
    assert before.count("engines 0 s") >= 3 and "engines" in after
    assert left_on_screen(written) == "a line between\n"


def test_a_pipe_gets_plain_lines_and_nothing_else():
    done = subprocess.run(
        [sys.executable, "-c", RUN.replace("QUIET", "False")], capture_output=True, cwd=ROOT, timeout=PATIENCE_S
    )
    assert done.stderr == b"" and re.fullmatch(PLAIN, done.stdout.decode().replace("\r\n", "\n"))


@posix
def test_quiet_tells_only_what_was_done_otherwise_than_hoped():
    program = RUN.replace("QUIET", "True")
    assert on_a_terminal(program) == "          note: Something else was used.\r\n"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, cwd=ROOT, timeout=PATIENCE_S)
    assert (done.stdout, done.stderr) == (b"          note: Something else was used.\n", b"")


@pytest.fixture
def terminal(monkeypatch):
    monkeypatch.setattr(telling, "_on_a_terminal", lambda: True)


@pytest.mark.parametrize("failure", [KeyboardInterrupt, ValueError])
def test_a_run_that_breaks_off_is_closed_and_takes_its_bar_along(terminal, failure, capsys):
    closed, before = [], threading.active_count()

    def run():
        try:
            yield Started("expand")
            yield Progress("expand", 1, 2)
            assert threading.active_count() == before + 1
            raise failure
        finally:
            closed.append(True)

    with pytest.raises(failure):
        Teller().follow(run())
    assert closed and threading.active_count() == before
    assert "new views" in capsys.readouterr().err


def test_a_run_gives_its_product_and_a_new_stage_a_new_bar(terminal, monkeypatch):
    titles = []

    class Noted(bar.Bar):
        def __init__(self, title: str) -> None:
            titles.append(title)
            super().__init__(title)

    def run():
        yield Started("optimize")
        yield Progress("reproject", 1, 2)
        yield Progress("optimize", 1, 2)
        yield Notice("a note")
        yield Progress("optimize", 2, 2)
        yield Finished("grow", Path("out"))
        return 7

    monkeypatch.setattr(bar, "Bar", Noted)
    assert Teller(timed=False).follow(run()) == 7
    assert titles == ["fit", "reproject", "fit"]
