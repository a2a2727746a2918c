"""Many visitors of the page at once: `python -m bench.load [N ...]`, 2, 8, 24 and 40 unless told.

Each visitor is a client of the API with a picture of a colour of its own. Of eight, one cancels, one goes away and one
says "enough"; the others wait for their scene, and it is looked whether it is theirs: the photo among the previews and
the colour of the Gaussians. What is told: how many got their scene, whose it was, how long they waited, how fast the
page answered meanwhile, what the server took (memory, file handles), and what was left when all had gone.

    python -m bench.load 8 --size 64                 the page is started here, with folders of its own
    python -m bench.load --strangers 2000            so many visits that ask one thing each, beside one build
    python -m bench.load 8 --url http://...          a page that runs already; then nothing is known of its machine

The page that is started here believes X-Forwarded-For (GEN3D_PROXY), so that each visitor has its own address, as on
the web; one that runs elsewhere takes all of them for one, and refuses most (`gen3d/ui/core/limits.py`).
"""

from __future__ import annotations

import argparse
import colorsys
import io
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import zipfile
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import numpy as np
import psutil
from gradio_client import Client, handle_file
from PIL import Image

from bench.tables import table
from gen3d.formats.ply import read_ply
from tests.page import free_port

VISITORS = (2, 8, 24, 40)
KINDS = {3: "cancels", 5: "leaves", 7: "says enough"}
"""Of eight visitors, by number; the others wait for their scene."""
SIZE_PX = (80, 64)
NEAR_M, FAR_M = 1.5, 4.0
CLOSE = 6.0
"""Levels of 255 by which a median colour may differ from the one that was sent."""
FILES, JOB = 7, 9
"""Of what /build gives."""
LEFT_S = 20.0
"""So long after the last visitor it is looked what is left."""
STREAM_S = 900.0


@dataclass(slots=True)
class Outcome:
    """How it went for one visitor."""

    kind: str
    ended: str = ""
    waited_s: float = 0.0
    off: list[float] = field(default_factory=list)
    """Of a scene that came: by how many levels photo and Gaussians differ from what was sent."""

    @property
    def has_own(self) -> bool:
        """Whether it is what this visitor sent."""
        return bool(self.off) and max(self.off) < CLOSE


@dataclass(frozen=True)
class Held:
    """What a page holds."""

    memory_mb: float
    handles: int
    threads: int
    visits: int
    loose: int
    """Files beside the folders of whole uploads."""
    files_mb: float


def size_of(file: Path) -> int:
    """Bytes; 0 of one that has gone meanwhile."""
    try:
        return file.stat().st_size
    except FileNotFoundError:
        return 0


class Server:
    """A page, and its machine's figures where it was started here."""

    def __init__(self, url: str, process: psutil.Process | None = None, temporary: Path | None = None) -> None:
        self.url, self._process, self._temporary = url, process, temporary
        self.peak_mb = 0.0

    def watch(self, ended: threading.Event) -> None:
        """Keeps the highest memory, for a thread of its own."""
        while self._process and not ended.wait(0.5):
            self.peak_mb = max(self.peak_mb, self._process.memory_info().rss / 1e6)

    def figures(self) -> str:
        """Memory, handles, and what lies on the disk, in words."""
        held = self.held()
        if held is None:
            return "its machine is not known"
        return (
            f"{held.memory_mb:.0f} MB of memory, {held.handles} handles, {held.threads} threads, "
            f"{held.visits} visits' folders, {held.loose} loose files of uploads, {held.files_mb:.0f} MB of files"
        )

    def held(self) -> Held | None:
        """The same in numbers; None where its machine is not known."""
        if not self._process or not self._temporary:
            return None
        files = [file for file in self._temporary.rglob("*") if file.is_file()]
        return Held(
            self._process.memory_info().rss / 1e6, self._process.num_fds(), self._process.num_threads(),
            len([*self._temporary.glob("gen3d-visits-*/*")]),
            len([file for file in self._temporary.rglob("gradio/*") if file.is_file()]),
            sum(size_of(file) for file in files) / 1e6,
        )


@contextmanager
def started(home: Path) -> Iterator[Server]:
    """app.py on a free port, once its examples are there (at first minutes; they stay in home)."""
    with (
        tempfile.TemporaryDirectory(prefix="gen3d-load-") as temporary,
        tempfile.TemporaryDirectory(prefix="gen3d-clients-") as clients,
    ):
        port = free_port()
        # Gradio's client leaves a folder among the temporary files for each file that it fetched
        tempfile.tempdir = clients
        own = {"PORT": str(port), "HOST": "127.0.0.1", "GEN3D_HOME": str(home), "TMPDIR": temporary}
        own |= {"GEN3D_ENGINE": "builtin", "GEN3D_PROXY": "1", "GRADIO_ANALYTICS_ENABLED": "False"}
        root = Path(__file__).parents[1]
        inherited = {name: value for name, value in os.environ.items() if name != "GRADIO_TEMP_DIR"}
        with open(Path(temporary) / "log", "w") as log:
            app = subprocess.Popen([sys.executable, "app.py"], cwd=root, env=inherited | own, stdout=log, stderr=log)
        try:
            url = f"http://127.0.0.1:{port}/"
            _wait_for(url, home, app)
            yield Server(url, psutil.Process(app.pid), Path(temporary))
        finally:
            tempfile.tempdir = None
            app.terminate()
            app.wait(60)


def _wait_for(url: str, home: Path, app: subprocess.Popen) -> None:
    """Until it answers and builds no example any more."""
    while app.poll() is None:
        try:
            answers = httpx.get(f"{url}config").is_success
        except httpx.TransportError:
            answers = False
        busy = [one for one in psutil.Process(app.pid).children() if one.status() != psutil.STATUS_ZOMBIE]
        if answers and not busy and [*home.glob("gallery/*/run.json")]:
            return
        time.sleep(1)
    raise SystemExit("app.py did not start")


def colour(i: int) -> tuple[int, int, int]:
    """Of the i-th visitor, unlike those of the others."""
    saturation, value = 0.35 + 0.3 * (i // 7 % 3), 0.55 + 0.1 * (i * 3 % 5)
    return tuple(round(255 * part) for part in colorsys.hsv_to_rgb(i * 0.381966 % 1, saturation, value))


def picture(i: int, folder: Path, size: int = 0) -> tuple[Path, Path]:
    """A flat photo with a darker box in front, and its depth in millimetres; size: the least it may be wide."""
    times = -(-size // SIZE_PX[0]) or 1
    width, height = SIZE_PX
    rgb = np.broadcast_to(np.array(colour(i), float), (height, width, 3)).copy()
    depth = np.full((height, width), FAR_M * 1000, np.uint16)
    rgb[20:50, 25:45] *= 0.6
    depth[20:50, 25:45] = NEAR_M * 1000
    photo, deep = folder / f"{i}.png", folder / f"{i}.depth.png"
    Image.fromarray(rgb.astype(np.uint8).repeat(times, 0).repeat(times, 1)).save(photo)
    Image.fromarray(depth.repeat(times, 0).repeat(times, 1)).save(deep)
    return photo, deep


def differences(i: int, files: Sequence[str]) -> list[float]:
    """Of photo and Gaussians from the colour that was sent, in levels of 255."""
    found = {Path(file).name: file for file in files}
    with zipfile.ZipFile(found["previews.zip"]) as archive:
        photo = np.asarray(Image.open(io.BytesIO(archive.read("photo.png"))).convert("RGB"))
    seen = np.median(photo[:15].reshape(-1, 3), axis=0)
    made = 255 * np.median(read_ply(Path(found["scene.ply"])).rgb.numpy(), axis=0)
    return [float(np.abs(one - np.array(colour(i))).max()) for one in (seen, made)]


def visit(i: int, server: Server, folder: Path, size: int) -> Outcome:
    """One visitor, from the first request to the last."""
    outcome = Outcome(KINDS.get(i % 8, "waits"))
    began = time.monotonic()
    client = None
    try:
        headers = {"X-Forwarded-For": f"8.8.{i // 250}.{i % 250 + 1}"}
        client = Client(server.url, verbose=False, download_files=str(folder / str(i)), headers=headers)
        photo, depth = map(handle_file, picture(i, folder, size))
        job = client.submit(photo, depth, preset="fast", fov_deg=60, size_px=size, seed=1, api_name="/build")
        outcome.ended = _waited(outcome, i, client, job)
    except Exception as error:  # whatever a visitor can meet is what is asked for here
        outcome.ended = f"{type(error).__name__}: {str(error)[:100]}"
    finally:
        outcome.waited_s = time.monotonic() - began
        if client:
            client.close()
    return outcome


def _waited(outcome: Outcome, i: int, client: Client, job: object) -> str:
    """How the job ended, for this kind of visitor."""
    if outcome.kind in ("cancels", "leaves"):
        time.sleep(3 + i % 5)
        if outcome.kind == "cancels":
            job.cancel()
        return outcome.kind
    if outcome.kind == "says enough":
        while not job.done() and not job.outputs():
            time.sleep(0.2)
        client.predict(api_name="/enough")
    values = job.result(timeout=STREAM_S)
    outcome.off = differences(i, values[FILES])
    return "has a scene"


def load(server: Server, n: int, size: int) -> str:
    """So many visitors at once; what is to be told of them."""
    before, server.peak_mb, ended = server.figures(), 0.0, threading.Event()
    threading.Thread(target=server.watch, args=(ended,), daemon=True).start()
    asking = [sys.executable, "-m", "bench.asking", server.url]
    asker = subprocess.Popen(asking, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    with tempfile.TemporaryDirectory(prefix="gen3d-visitors-") as folder, ThreadPoolExecutor(n) as pool:
        outcomes = list(pool.map(lambda i: visit(i, server, Path(folder), size), range(n)))
    ended.set()
    answers = [*map(float, asker.communicate()[0].split())]
    time.sleep(LEFT_S)
    return "\n".join([
        f"{n} visitors", *_told(outcomes), *_told_of_answers(answers), f"  before: {before}",
        f"  at most {server.peak_mb:.0f} MB of memory",
        f"  {LEFT_S:.0f} s after: {server.figures()}",
    ])  # fmt: skip


def _told_of_answers(answers: Sequence[float]) -> list[str]:
    some = sorted(answers)
    if not some:
        return []
    high = some[int(0.95 * (len(some) - 1))]
    return [f"  the page answered {len(some)} times, s: median {statistics.median(some):.2f}, 95 % within {high:.2f}, "
            f"at most {some[-1]:.2f}"]  # fmt: skip


def _told(outcomes: Sequence[Outcome]) -> list[str]:
    served = [one for one in outcomes if one.off]
    waits = sorted(one.waited_s for one in served)
    ends = Counter((one.kind, one.ended) for one in outcomes)
    lines = table(["visitors", "who", "and"], [[str(count), *both] for both, count in ends.most_common()])
    own = sum(one.has_own for one in served)
    worst = max((max(one.off) for one in served), default=0.0)
    told = [f"  {own} of {len(served)} scenes are their visitor's own (at most {worst:.1f} levels off)"]
    if waits:
        told.append(f"  waited s: {waits[0]:.0f} to {waits[-1]:.0f}, median {statistics.median(waits):.0f}")
    return [*(f"  {line}" for line in str(lines).splitlines()), *told]


def strangers(server: Server, n: int, size: int) -> str:
    """So many visits that ask one thing each, from addresses of their own, beside one build."""
    before, answers, building = server.figures(), Counter[int](), threading.Event()

    def ask(client: httpx.Client, i: int, number: int) -> int:
        body = {"data": [], "fn_index": number, "session_hash": f"stranger{i}", "event_data": None}
        headers = {"X-Forwarded-For": f"9.9.{i // 250}.{i % 250 + 1}"}
        return client.post("gradio_api/queue/join", json=body, headers=headers).status_code

    def build(folder: Path) -> Outcome:
        outcome = visit(0, server, folder, size)
        building.set()
        return outcome

    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="gen3d-visitors-") as folder, ThreadPoolExecutor(1) as pool:
        built = pool.submit(build, Path(folder))
        time.sleep(2)
        with httpx.Client(base_url=server.url, timeout=60) as client:
            functions = client.get("config").json()["dependencies"]
            number = next(one["id"] for one in functions if one["api_name"] == "enough")
            during = 0
            for i in range(n):
                answers[ask(client, i, number)] += 1
                during += not building.is_set()
        took = time.monotonic() - began
        outcome = built.result()
    return "\n".join([
        f"{n} strangers in {took:.0f} s, {during} of them during the build; answers: {dict(answers)}",
        f"  the build: {outcome.ended} after {outcome.waited_s:.0f} s, its own: {outcome.has_own}",
        f"  before: {before}", f"  after: {server.figures()}",
    ])  # fmt: skip


def main() -> None:
    """Prints it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("visitors", nargs="*", type=int, default=None)
    parser.add_argument("--strangers", type=int, default=0, metavar="N")
    parser.add_argument("--size", type=int, default=64, metavar="PX", help="the longer side that is worked at")
    parser.add_argument("--url", help="a page that runs already")
    parser.add_argument("--home", type=Path, help="where finished examples are, or are kept for the next time")
    given = parser.parse_args()
    counts = given.visitors or (() if given.strangers else VISITORS)
    with tempfile.TemporaryDirectory(prefix="gen3d-home-") as home:
        where = started(given.home or Path(home)) if given.url is None else _there(given.url)
        with where as server:
            for n in counts:
                print(load(server, n, given.size), flush=True)
            if given.strangers:
                print(strangers(server, given.strangers, given.size), flush=True)


@contextmanager
def _there(url: str) -> Iterator[Server]:
    yield Server(url.rstrip("/") + "/")


if __name__ == "__main__":
    main()
