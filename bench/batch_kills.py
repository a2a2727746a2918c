"""`kill -9` while a batch runs: `python -m bench.batch_kills driver|worker|node PHOTOS OUT [--kills 10] [--ray]`.

At random moments the process that was called, one that makes scenes, or a whole node of a Ray cluster of two on
loopback is killed. After each kill, and at the end: every folder that counts as whole has all its files at their sizes,
and no scene that was whole before was made again. The run must end with a scene of every photo, and nothing left over.
A driver that was killed is called again just so; a node comes back after a while.

What was seen stands in OUT.kills.json, so that a call that is told fewer --kills goes on where the last one was.
The exit code is 1 where anything of this does not hold.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from bench.batch_cluster import Cluster, is_builder, two_nodes

MOMENT_S = 10.0
"""A kill comes at any time within so many seconds of when somebody was at work."""
AWAY_S = 3.0
"""A node is gone for so long."""
PATIENCE_S = 300.0
"""Nothing takes so long when all is well."""
SMALL = ("--preset", "fast", "--size", "64", "--engine", "builtin", "--device", "cpu", "--quiet")


@dataclass(slots=True)
class Seen:
    """What was whole when it was last looked, and which file each scene was then."""

    out: Path
    kills: int = 0
    made: dict[str, int] = field(default_factory=dict)
    """Scene -> inode of its file: another one is another making."""

    @property
    def _file(self) -> Path:
        return self.out.with_name(f"{self.out.name}.kills.json")

    def before(self) -> Seen:
        """With what an earlier call saw."""
        with suppress(FileNotFoundError):
            told = json.loads(self._file.read_text())
            self.kills, self.made = told["kills"], told["made"]
        return self

    def look(self) -> None:
        """AssertionError where a scene is half-made, gone, or made twice."""
        now = {folder.name: checked(folder) for folder in scenes(self.out)}
        again = [name for name, inode in self.made.items() if now.get(name) != inode]
        assert not again, f"made twice, or gone: {again}"
        self.made = now
        self._file.write_text(json.dumps({"kills": self.kills, "made": self.made}))


def scenes(out: Path) -> list[Path]:
    """Every folder that looks like a scene."""
    return [path for path in out.glob("*") if path.is_dir() and not path.name.startswith(".")] if out.is_dir() else []


def checked(scene: Path) -> int:
    """The inode of its file. AssertionError where it is not whole."""
    files = json.loads((scene / "whole.json").read_bytes())["files"]
    wrong = [name for name, size in files.items() if (scene / name).stat().st_size != size]
    assert not wrong and "scene.ply" in files, f"{scene.name} is half-made: {wrong}"
    return (scene / "scene.ply").stat().st_ino


class Run:
    """The command line, called again as often as it is killed."""

    def __init__(self, photos: Path, out: Path, env: Mapping[str, str], *options: str) -> None:
        self._env = env
        self._command = [sys.executable, "-m", "gen3d", "batch", str(photos), "-o", str(out), *options, *SMALL]
        self.process = self.called()

    def called(self) -> subprocess.Popen:
        """Just so, once more."""
        self.process = subprocess.Popen(self._command, env=self._env)
        return self.process

    def end(self) -> None:
        """Where it still runs."""
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    def workers(self) -> list[psutil.Process]:
        """Of a pool."""
        with suppress(psutil.NoSuchProcess):
            return [p for p in psutil.Process(self.process.pid).children() if "gen3d.many.worker" in p.cmdline()]
        return []


def killed(what: str, run: Run, cluster: Cluster | None, rng: random.Random) -> bool:
    """Kills one at a random moment; False where the run ended before."""
    makers = {"worker": run.workers, "driver": run.workers}[what] if cluster is None else _makers(what, cluster)
    if not until(makers, run):
        return False
    time.sleep(rng.uniform(0, MOMENT_S))
    if run.process.poll() is not None:
        return False
    if what == "driver":
        os.kill(run.process.pid, signal.SIGKILL)
        run.process.wait()
        run.called()
    elif what == "worker":
        chosen = makers()
        if chosen:
            rng.choice(chosen).kill()
    else:
        cluster.lose_second()
        time.sleep(AWAY_S)
        cluster.second_again()
    return True


def _makers(what: str, cluster: Cluster):
    nodes = (cluster.second,) if what == "node" else (cluster.head, cluster.second)
    return lambda: [process for node in nodes for process in node.builders()]


def until(found, run: Run) -> bool:
    """Waits until somebody is at work; False where the run ended instead."""
    end = time.monotonic() + PATIENCE_S
    while not found():
        if run.process.poll() is not None:
            return False
        assert time.monotonic() < end, "nobody came to work"
        time.sleep(0.2)
    return True


@contextmanager
def cluster_for(on_ray: bool) -> Iterator[Cluster | None]:
    """Of two nodes, where one is wanted."""
    if not on_ray:
        yield None
        return
    with two_nodes() as cluster:
        yield cluster


def left_over(out: Path) -> list[str]:
    """Hidden files, and processes that make scenes."""
    found = [str(process.pid) for process in psutil.process_iter() if is_builder(process)]
    return found + [path.name for path in out.iterdir() if path.name.startswith(".")]


def main() -> int:
    """Kills, looks, tells."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("driver", "worker", "node"))
    parser.add_argument("photos", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--kills", type=int, default=10, help="of this call; the run then goes on to its end")
    parser.add_argument("--ray", action="store_true", help="workers on two nodes, not in a pool of two")
    parser.add_argument("--pause", action="store_true", help="end after the kills; the next call goes on")
    asked = parser.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # whoever ends this finds no cluster left
    with cluster_for(asked.ray or asked.what == "node") as cluster:
        options = ("--ray", cluster.address, "--threads", "1") if cluster else ("--workers", "2")
        run = Run(asked.photos, asked.out, cluster.env if cluster else os.environ, *options)
        try:
            seen = Seen(asked.out).before()
            kill_some(asked, run, cluster, seen)
            if asked.pause:
                run.process.send_signal(signal.SIGINT)
            code = run.process.wait()
            seen.look()
        finally:
            run.end()
    return told(asked, code, seen)


def kill_some(asked: argparse.Namespace, run: Run, cluster: Cluster | None, seen: Seen) -> None:
    """And looks after each."""
    rng, began = random.Random(seen.kills), time.monotonic()
    for _ in range(asked.kills):
        if not killed(asked.what, run, cluster, rng):
            break
        seen.kills += 1
        seen.look()
        after_s = time.monotonic() - began
        print(f"{asked.what} killed {seen.kills}, {len(seen.made)} whole, {after_s:.0f} s", flush=True)


def told(asked: argparse.Namespace, code: int, seen: Seen) -> int:
    """What came of it, and the exit code."""
    wanted = 0 if asked.pause else sum(path.suffix == ".png" for path in asked.photos.iterdir())
    failed, left = (asked.out / "failed.jsonl").exists(), left_over(asked.out)
    print(f"the run ended with {code}: {len(seen.made)} whole after {seen.kills} kills, some failed: {failed}, "
          f"left over: {left or 'nothing'}")  # fmt: skip
    is_well = code == (130 if asked.pause else 0) and len(seen.made) >= wanted and not failed and not left
    return 0 if is_well else 1


if __name__ == "__main__":
    sys.exit(main())
