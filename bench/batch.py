"""A batch of many small photos, by who makes them: one process, a pool of two, a Ray cluster of two nodes on loopback.

    python -m bench.batch photos FOLDER [--count 200]           ray-cast pictures of the examples, 128 px wide
    python -m bench.batch alone|pool|ray PHOTOS OUT [--seconds 420]     makes them; called again it goes on
    python -m bench.batch told OUT OUT ...                      what was seen, beside the first, and whose bytes differ

Each call is watched: how many are whole, and memory and processor time of every process that makes or asks, into
OUT.log.jsonl. A call that ran out of its seconds is interrupted, as a person would. Wall times mean something where the
machine was quiet; processor times always do.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib
import json
import os
import signal
import statistics
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from itertools import combinations
from pathlib import Path

import numpy as np
import psutil
from PIL import Image

from bench.batch_cluster import Cluster
from bench.batch_kills import Run, cluster_for, left_over, scenes
from bench.tables import table

EVERY_S = 3.0
WIDTH_PX = 128
WITH_TIMES = {"run.json", "layers.npz", "whole.json"}
"""Files that hold times of day."""
EXAMPLES = Path(__file__).parents[1] / "examples"


def photos(folder: Path, count: int) -> None:
    """So many pictures, each from a place of its own; those that are there are not made again."""
    sys.path.insert(0, str(EXAMPLES))
    examples, rng = importlib.import_module("make_examples"), np.random.default_rng(0)
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("room", "terrace"):
        scene = importlib.import_module(name)
        built = scene.build()
        for i in range(count // 2):
            eye = np.array(scene.EYE) + rng.normal(0, 0.25, 3) * (1, 0.3, 1)
            target, file = np.array(scene.TARGET) + rng.normal(0, 0.4, 3), folder / f"{name}-{i:03d}.png"
            if not file.exists():
                camera = examples.camera_of(scene, tuple(eye), tuple(target), WIDTH_PX / scene.WIDTH)
                Image.fromarray(examples.picture(scene, built, camera, 2)).save(file)


def makers(run: Run, cluster: Cluster | None) -> list[psutil.Process]:
    """Whoever asks and makes."""
    with suppress(psutil.NoSuchProcess):
        asking = [psutil.Process(run.process.pid)]
        return asking + (run.workers() if cluster is None else cluster.head.builders() + cluster.second.builders())
    return []


def watched(run: Run, cluster: Cluster | None, out: Path, seconds: float) -> None:
    """Until it ends, or is interrupted."""
    began = time.monotonic()
    with out.with_name(f"{out.name}.log.jsonl").open("a") as log:
        while run.process.poll() is None:
            row: dict = {"call": run.process.pid, "s": round(time.monotonic() - began, 1), "whole": len(scenes(out))}
            row |= {"mb": {}, "cpu_s": {}}
            for process in makers(run, cluster):
                with suppress(psutil.Error):
                    row["mb"][process.pid] = round(process.memory_info().rss / 1e6)
                    row["cpu_s"][process.pid] = round(sum(process.cpu_times()[:2]), 2)
            log.write(json.dumps(row) + "\n")
            log.flush()
            if row["s"] > seconds:
                run.process.send_signal(signal.SIGINT)
                run.process.wait()
            time.sleep(EVERY_S)


def make(who: str, source: Path, out: Path, seconds: float) -> int:
    """One call; its exit code."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # whoever ends this finds no cluster left
    with cluster_for(who == "ray") as cluster:
        options = {"alone": (), "pool": ("--workers", "2")}.get(who, ("--threads", "1"))
        options += ("--ray", cluster.address) if cluster else ()
        run = Run(source, out, cluster.env if cluster else os.environ, *options)
        try:
            watched(run, cluster, out, seconds)
        finally:
            run.end()
    code, left = run.process.returncode, left_over(out) or "nothing"
    print(f"{who}: ended with {code}, {len(scenes(out))} whole, left over: {left}")
    return 0 if code in (0, 130) and left == "nothing" else 1


def calls(out: Path) -> Iterator[list[dict]]:
    """The rows of each call, from its first scene on: before that engines load."""
    rows = [json.loads(line) for line in out.with_name(f"{out.name}.log.jsonl").read_text().splitlines()]
    for call in dict.fromkeys(row["call"] for row in rows):
        own = [row for row in rows if row["call"] == call]
        yield [row for row in own if row["whole"] > own[0]["whole"] and row["mb"]]


def figures(out: Path) -> dict[str, float]:
    """Of all calls together; growth of the longest."""
    parts = [rows for rows in calls(out) if len(rows) > 1]
    made = sum(rows[-1]["whole"] - rows[0]["whole"] for rows in parts)
    wall_s = sum(rows[-1]["s"] - rows[0]["s"] for rows in parts)
    cpu_s = sum(rows[-1]["cpu_s"][pid] - rows[0]["cpu_s"].get(pid, 0) for rows in parts for pid in rows[-1]["cpu_s"])
    longest = max(parts, key=lambda rows: rows[-1]["whole"] - rows[0]["whole"])
    fifth = max(1, len(longest) // 5)
    early, late = (memory(longest[fifth : 2 * fifth]), memory(longest[-fifth:]))
    return {
        "scenes": len(scenes(out)), "a minute": 60 * made / wall_s, "CPU s a scene": cpu_s / made,
        "longest call": longest[-1]["whole"] - longest[0]["whole"], "MB early": early, "MB late": late,
        "MB most": max(max(row["mb"].values()) for rows in parts for row in rows),
    }  # fmt: skip


def memory(rows: list[dict]) -> float:
    """Of the largest process, the median over the rows."""
    return statistics.median(max(row["mb"].values()) for row in rows)


def digests(out: Path) -> dict[str, dict[str, str]]:
    """Scene -> file -> digest, but of those with times."""
    return {scene.name: {
        file.relative_to(scene).as_posix(): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in scene.rglob("*") if file.is_file() and file.name not in WITH_TIMES
    } for scene in scenes(out)}  # fmt: skip


def told(outs: list[Path]) -> int:
    """Prints it; 1 where bytes differ."""
    found = [figures(out) for out in outs]
    ratios = [f"{figure['a minute'] / found[0]['a minute']:.2f}" for figure in found]
    cells = [[f"{value:.4g}" for value in figure.values()] for figure in found]
    rows = [[out.name, *row, ratio] for out, row, ratio in zip(outs, cells, ratios, strict=True)]
    print(table(["", *found[0], "times the first"], rows))
    made, differing = {out: digests(out) for out in outs}, 0
    for one, other in combinations(outs, 2):
        both = made[one].keys() & made[other].keys()
        unlike = sorted(name for name in both if made[one][name] != made[other][name])
        differing += len(unlike)
        print(f"{one.name} and {other.name}: {len(both)} scenes of both, {len(unlike)} differ {unlike[:5] or ''}")
    return int(bool(differing))


def main() -> int:
    """Reads the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("photos", "alone", "pool", "ray", "told"))
    parser.add_argument("places", nargs="+", type=Path)
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=420.0)
    asked = parser.parse_args()
    if asked.what == "photos":
        photos(asked.places[0], asked.count)
        return 0
    return told(asked.places) if asked.what == "told" else make(asked.what, *asked.places, asked.seconds)


if __name__ == "__main__":
    sys.exit(main())
