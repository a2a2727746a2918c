"""What is run is what was installed: a folder that somebody else filled lends no module to the processes of a call."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.patience import PATIENCE_S

ROOT = Path(__file__).parents[1]
STARTS = {
    "compiler": (
        "pickle",
        "from gen3d.geometry import compiler\n"
        "running = compiler._running()\n"
        "running.stdin.write((4).to_bytes(4, 'little') + b'none')\n"
        "running.stdin.flush()\n"
        "print(running.stdout.read(1))\n",
        "b'0'",
    ),
    "worker": (
        "json",
        "import queue\n"
        "from gen3d.many.ask import Job\n"
        "from gen3d.many.pool import _Worker\n"
        "worker = _Worker(Job('out'), 1, queue.Queue())\n"
        "worker.process.stdin.close()\n"
        "print(worker.process.wait())\n",
        "0",
    ),
}
"""Who starts a process: a module that it imports, a program that starts it as the command line does, what it prints."""


@pytest.mark.parametrize("who", STARTS)
def test_a_module_that_lies_where_one_calls_is_not_run(who: str, tmp_path: Path) -> None:
    module, program, told = STARTS[who]
    (tmp_path / f"{module}.py").write_text("open('ran', 'w').close()\nraise SystemExit(3)\n")
    script = tmp_path / "bin" / "gen3d.py"  # as a console script: the folder called in is none of its own
    script.parent.mkdir()
    script.write_text(f"import sys\nsys.path.insert(0, {str(ROOT)!r})\n{program}")
    done = subprocess.run(
        [sys.executable, "-P", str(script)], capture_output=True, text=True, cwd=tmp_path, timeout=PATIENCE_S
    )
    assert not (tmp_path / "ran").exists()
    assert done.returncode == 0 and done.stdout.strip() == told, done.stderr
