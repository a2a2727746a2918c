"""A Ray cluster of two nodes on this machine's loopback, one of which can be killed whole and started again.

A node is a `ray start --block` with all that it started: killing it kills every one of those processes at once, as
when a machine loses its power. Its workers run at the niceness of everybody else, so that figures can be compared.
It has a token of its own, whatever lies in ~/.ray: a head that finds one there demands it, and nobody else sends it.
"""

from __future__ import annotations

import os
import secrets
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

HEAD, SECOND = "127.0.0.1", "127.0.0.2"
START_S = 120.0
"""A node takes so long at most to come up."""
STORE_BYTES = 100_000_000
"""Of a node's object store; nothing of ours lies there."""


class Node:
    """One node: its processes."""

    def __init__(self, env: dict[str, str], folder: Path, *options: str) -> None:
        told = ["start", "--block", "--num-cpus=1", f"--object-store-memory={STORE_BYTES}", "--disable-usage-stats"]
        with (folder / "nodes.log").open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "ray.scripts.scripts", *told, *options], env=env, stdout=log, stderr=log,
                stdin=subprocess.DEVNULL, start_new_session=True,
            )  # fmt: skip

    def processes(self) -> list[psutil.Process]:
        """All that live, the one that started them first."""
        with suppress(psutil.NoSuchProcess):
            first = psutil.Process(self._process.pid)
            return [first, *first.children(recursive=True)]
        return []

    def builders(self) -> list[psutil.Process]:
        """Those that make scenes."""
        return [process for process in self.processes() if is_builder(process)]

    def kill(self) -> None:
        """Everything at once. The one that watches is stopped before, so that it starts and tells nothing."""
        with suppress(ProcessLookupError):
            os.kill(self._process.pid, signal.SIGSTOP)
        found = self.processes()
        for process in reversed(found):
            with suppress(psutil.NoSuchProcess):
                process.kill()
        self._process.wait()
        psutil.wait_procs(found[1:], timeout=START_S)


def is_builder(process: psutil.Process) -> bool:
    """Whether it is an actor of `gen3d.many.on_ray` that lives; it has no other name before its class is loaded."""
    with suppress(psutil.Error):
        return (process.cmdline() or [""])[0].startswith("ray::Builder")
    return False


class Cluster:
    """A head, and a second node that comes and goes."""

    def __init__(self, folder: Path) -> None:
        port = free_port()
        self._folder, self.address = folder, f"{HEAD}:{port}"
        self.env = os.environ | {
            "RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": secrets.token_hex(32), "RAY_worker_niceness": "0",
            "RAY_raylet_start_wait_time_s": f"{START_S:.0f}", "RAY_USAGE_STATS_ENABLED": "0",
        }  # fmt: skip
        """Of whoever joins."""
        self.head = Node(
            self.env, folder, "--head", f"--node-ip-address={HEAD}", f"--port={port}", "--include-dashboard=false",
            f"--temp-dir={folder}",
        )  # fmt: skip
        self._until_reached(port)
        self.second = self._second()

    def _until_reached(self, port: int) -> None:
        end = time.monotonic() + START_S
        while time.monotonic() < end:
            with suppress(OSError), socket.create_connection((HEAD, port), timeout=1):
                return
            time.sleep(0.2)
        self.head.kill()
        raise TimeoutError(f"The cluster's head did not come up; see {self._folder}/nodes.log.")

    def _second(self) -> Node:
        return Node(self.env, self._folder, f"--address={self.address}", f"--node-ip-address={SECOND}")

    def lose_second(self) -> None:
        """The second node is gone at once."""
        self.second.kill()

    def second_again(self) -> None:
        """It comes back, as a machine that was started again."""
        self.second = self._second()

    def end(self) -> None:
        """Everything."""
        for node in (self.second, self.head):
            node.kill()


def free_port() -> int:
    """That nobody listens on; tests/page.py has the same beside a whole page, which takes seconds to load."""
    with socket.socket() as probe:
        probe.bind((HEAD, 0))
        return probe.getsockname()[1]


@contextmanager
def two_nodes() -> Iterator[Cluster]:
    """A cluster for the length of a block; its folder, of a short name since sockets lie in it, goes with it."""
    with tempfile.TemporaryDirectory(prefix="ray", ignore_cleanup_errors=True) as folder:
        cluster = Cluster(Path(folder))
        try:
            yield cluster
        finally:
            cluster.end()
