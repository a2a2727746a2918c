"""The commands: `python -m training.run COMMAND`, all of them safe to stop at any time and to start again.

render     worlds into pictures        train     the network on the pictures there are
status     how far everything is       export    a checkpoint into the file that the package ships
everything the weights again from nothing: renders, trains, exports
clicks     the click network on the same pictures: trains it, judges it, or exports it
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from multiprocessing import Process
from pathlib import Path

for _threads in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_threads, "1")

HOME = Path.home() / ".cache" / "gen3d" / "training"


def render(a: argparse.Namespace) -> None:
    """Renders a set in this process, or in several."""
    import cv2

    from training.shards import PER_SHARD, PictureSet, begin, render_set

    cv2.setNumThreads(1)
    folder, what = a.data / a.set, PictureSet(a.seed, a.generation, a.kind)
    begin(folder, what)
    others = [Process(target=_render_share, args=(folder, what, a.shards, w, a.workers)) for w in range(1, a.workers)]
    for other in others:
        other.start()
    begun = time.time()
    for done, k in enumerate(render_set(folder, what, a.shards, 0, a.workers), 1):
        each = (time.time() - begun) / (done * PER_SHARD)
        print(f"{time.strftime('%Y-%m-%d %H:%M:%S')} shard {k} of {a.set}, {each:.2f} s a picture", flush=True)
    for other in others:
        other.join()
    if any(other.exitcode for other in others):
        raise SystemExit(f"a process that rendered {a.set} failed; what it wrote is whole, start again to go on")


def _render_share(folder: Path, what, upto: int, worker: int, workers: int) -> None:
    from training.shards import render_set

    for _ in render_set(folder, what, upto, worker, workers):
        pass


def train(a: argparse.Namespace) -> None:
    """Goes on with a run, or begins it."""
    import cv2
    import torch

    from training.learn import Run
    from training.recipe import RECIPES

    cv2.setNumThreads(1)
    torch.set_num_threads(a.threads)
    Run(a.runs / a.run, a.data, RECIPES[a.recipe or a.run], a.device).learn(a.until)


def status(a: argparse.Namespace) -> None:
    """What is there: pictures by set, steps by run, the last of each log."""
    import json

    from training.shards import PER_SHARD, described, finished

    for folder in sorted(f for f in a.data.glob("*") if (f / "set.json").exists()):
        size = sum(f.stat().st_size for f in folder.glob("*.npz")) / 1e9
        print(f"set {folder.name}: {finished(folder) * PER_SHARD} pictures, {size:.2f} GB, {described(folder)}")
    for folder in sorted(f for f in a.runs.glob("*") if (f / "recipe.json").exists()):
        lines = (folder / "log.jsonl").read_text().splitlines() if (folder / "log.jsonl").exists() else []
        last = [json.loads(line) for line in lines[-10:]]
        saved = (folder / "state.pt").stat().st_mtime if (folder / "state.pt").exists() else 0
        print(f"run {folder.name}: saved {time.strftime('%Y-%m-%d %H:%M', time.localtime(saved))}", end="")
        if last:
            mean = {
                k: round(sum(line[k] for line in last) / len(last), 3) for k in ("loss", "affine", "sky", "s_a_step")
            }
            print(
                f", step {last[-1]['step']}, {last[-1]['shards']} shards, mean of the last {len(last)} lines {mean}",
                end="",
            )
        print()


def export(a: argparse.Namespace) -> None:
    """Writes the file that the package ships and tells its checksum."""
    from training.export import export as write

    print(write(a.checkpoint, a.output))


def everything(a: argparse.Namespace) -> None:
    """Renders what a recipe asks for, trains, exports: the weights again from nothing."""
    from training.recipe import RECIPES

    recipe = RECIPES[a.recipe]
    for name, shards in recipe.shards.items():
        generation = int(name[1:]) if name[1:].isdigit() else 99
        render(
            argparse.Namespace(**vars(a), set=name, generation=generation, seed=generation, kind=None, shards=shards)
        )
    train(argparse.Namespace(**vars(a), run=a.recipe, threads=a.workers, until=None))
    export(argparse.Namespace(checkpoint=a.runs / a.recipe, output=a.output))


def clicks(a: argparse.Namespace) -> None:
    """Goes on with a run of the click network, judges it, or writes its file."""
    import json

    import cv2
    import torch

    from gen3d.models.builtin.mixed_depth import SHA256, WEIGHTS
    from gen3d.models.builtin.trained_depth import load_trained_depth
    from training.clicks import Recipe, Run, judge
    from training.export import save_tensors

    cv2.setNumThreads(1)
    torch.set_num_threads(a.threads)
    run = Run(a.runs / a.run, a.data, Recipe(), load_trained_depth(WEIGHTS, SHA256).network)
    if a.what == "train":
        run.learn(a.until)
    elif a.what == "judge":
        for given in (0.0, 1.0):
            print(json.dumps(judge(run.average, run.depth, a.data, run.recipe, given)), flush=True)
    else:
        print(save_tensors(run.average.state_dict(), a.output))


def parser() -> argparse.ArgumentParser:
    """All commands and their options."""
    top = argparse.ArgumentParser(
        prog="python -m training.run", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = top.add_subparsers(required=True)
    p = commands.add_parser("render", help="make pictures")
    p.add_argument("--set", default="g1", help="name of the folder below --data")
    p.add_argument("--generation", type=int, default=1, help="which worlds: those known by this number")
    p.add_argument("--seed", type=int, default=1)
    p.add_argument("--kind", help="one kind of world; without it all that are trained on")
    p.add_argument("--shards", type=int, default=300, help="how many in all, of 64 pictures")
    p.add_argument("--workers", type=int, default=1, help="processes")
    p.set_defaults(act=render)
    p = commands.add_parser("train", help="learn from the pictures there are, and from those that come")
    p.add_argument("run", help="name of the run's folder below --runs")
    p.add_argument("--recipe", help="a name in training/recipe.py; without it the run's name")
    p.add_argument("--until", type=int, help="stop at this step; without it at the recipe's end")
    p.add_argument("--device", default="cpu")
    p.add_argument("--threads", type=int, default=1)
    p.set_defaults(act=train)
    p = commands.add_parser("status", help="what is there")
    p.set_defaults(act=status)
    p = commands.add_parser("export", help="the file that the package ships")
    p.add_argument("checkpoint", type=Path, help="a run's folder, or its average.pt")
    p.add_argument("output", type=Path)
    p.set_defaults(act=export)
    p = commands.add_parser("everything", help="the weights again from nothing")
    p.add_argument("recipe")
    p.add_argument("output", type=Path)
    p.add_argument("--device", default="cpu")
    p.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    p.set_defaults(act=everything)
    p = commands.add_parser("clicks", help="the network that finds what is pointed at")
    p.add_argument("what", choices=("train", "judge", "export"))
    p.add_argument("run", help="name of the run's folder below --runs")
    p.add_argument("--output", type=Path, default=Path("clicknet.safetensors"), help="of export: the file")
    p.add_argument("--until", type=int, help="stop after this pass; without it at the recipe's end")
    p.add_argument("--threads", type=int, default=1)
    p.set_defaults(act=clicks)
    for p in commands.choices.values():
        p.add_argument("--data", type=Path, default=HOME / "data")
        p.add_argument("--runs", type=Path, default=HOME / "runs")
    return top


def main() -> None:
    """Runs a command."""
    a = parser().parse_args()
    a.act(a)


if __name__ == "__main__":
    sys.exit(main())
