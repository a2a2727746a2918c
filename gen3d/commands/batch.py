"""`gen3d batch`: a scene of each photo of a folder, a pattern or a manifest; see docs/batch.md."""

from __future__ import annotations

import sys
import time
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from collections.abc import Generator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gen3d.commands.asked import depth_options, lens_options, path_option, prompts_of, prompts_option, seed_option
from gen3d.commands.engines import engine_options, rasterizer_option
from gen3d.commands.preset import at_least_one, preset_options, pruning_option, settings_of
from gen3d.commands.telling import Teller, quiet_option
from gen3d.commands.values import number, whole_number
from gen3d.format_table import asked_for, written_here

if TYPE_CHECKING:
    from gen3d.commands.bar import Bar
    from gen3d.many.ask import Job
    from gen3d.many.crew import Crew
    from gen3d.many.running import Tally

HELP = "make a scene of each of many photos, here or on a Ray cluster; call it again to go on"
KINDS = ("nerfstudio", "colmap", "webdataset", "labelled")
"""Those of `many/views/kinds.py`, which help must not load; tests/test_many_views.py holds the two together."""
TOLD_S = 30.0
"""Where there is no terminal, a line says so often how far it is."""


def options(parser: ArgumentParser) -> None:
    """What may be given; what a row of a manifest says goes before."""
    what = "a folder of photos, a pattern in quotes, a .csv or .jsonl manifest, a .txt of sentences, or a URL"
    parser.add_argument("source", metavar="SOURCE", help=what)
    parser.add_argument("-o", "--output", required=True, metavar="OUT", help="a folder or URL; OUT/NAME/scene.ply ...")
    parser.add_argument("--prompt", metavar="TEXT", help="what the photos show, where their rows do not say")
    depth_options(parser)
    lens_options(parser)
    engine_options(parser)
    rasterizer_option(parser)
    preset_options(parser)
    path_option(parser)
    prompts_option(parser)
    seed_option(parser)
    pruning_option(parser)
    parser.add_argument("--explain", action="store_true", help="draw what each stage does into explain/ of each scene")
    kinds = ", ".join(row.suffix for row in written_here() if row.suffix)
    parser.add_argument("--to", nargs="+", default=[], type=_suffix, metavar="EXT", help=f"also write {kinds}")
    parser.add_argument("--retry-failed", action="store_true", help="try those again that failed before")
    _crew_options(parser)
    _product_options(parser)
    quiet_option(parser)


def _crew_options(parser: ArgumentParser) -> None:
    parser.add_argument("--workers", type=whole_number, metavar="N", help="so many processes; default 1, of Ray: all")
    parser.add_argument("--threads", type=whole_number, metavar="N", help="of each; default: its share of the cores")
    parser.add_argument("--ray", metavar="auto|local|ADDRESS", help="on Ray: a cluster that runs, or one of its own")
    parser.add_argument("--gpus", type=number, metavar="SHARE", help="of a card for each worker on Ray, as 0.5")


def _product_options(parser: ArgumentParser) -> None:
    parser.add_argument("--limits", type=Path, metavar="FILE", help="JSON: what the gate rejects and what to look at")
    parser.add_argument("--dataset", choices=KINDS, help="views of each scene to train on, in OUT/dataset")
    parser.add_argument("--views", type=whole_number, default=24, metavar="N", help="of each scene; default 24")
    parser.add_argument("--views-path", metavar="NAME", help="their path; default: that of the scene")
    parser.add_argument("--val-share", type=number, default=0.1, metavar="SHARE", help="of scenes not to train on")


def _suffix(text: str) -> str:
    """The ending of a format that is written here."""
    suffix = text if text.startswith(".") or "." in text else f".{text}"
    row = asked_for(Path(f"scene{suffix}" if suffix.startswith(".") else suffix))
    if row is None or not row.suffix:
        known = ", ".join(row.suffix for row in written_here() if row.suffix)
        raise ArgumentTypeError(f"{text!r} is no format that is written here: {known}")
    return row.suffix


def run(a: Namespace) -> None:
    """The scenes, and what became of each row."""
    from gen3d.many.running import Tally, run_batch

    settings_of(a)
    job, crew, tally = job_of(a), crew_of(a), Tally()
    watch = _Watch(Teller(a.quiet, timed=False), a.quiet, tally)
    watch.follow(run_batch(a.source, job, crew, defaults_of(a), a.retry_failed, a.val_share, tally))
    watch.sum_up(a.output)


def job_of(a: Namespace) -> Job:
    """What holds for all scenes; InputError for what cannot be asked for."""
    from gen3d.many.ask import Job
    from gen3d.many.gate.limits import read_limits

    most = None if a.max_gaussians is None else at_least_one(a.max_gaussians)
    use = tuple(f"{role}={key}" for role, key in a.use)
    return Job(
        a.output, a.engine, a.device, a.tier, use, a.safety_checker, a.rasterizer, most, a.explain,
        tuple(dict.fromkeys(a.to)), read_limits(a.limits) if a.limits else "", a.dataset, a.views, a.views_path,
    )  # fmt: skip


def crew_of(a: Namespace) -> Crew:
    """Who works; InputError for numbers that are none."""
    from gen3d.many.crews import crew_of as asked_for_by

    return asked_for_by(a.workers, a.threads, a.ray, a.gpus or 0.0)


def defaults_of(a: Namespace) -> dict[str, Any]:
    """Fields of `Ask` for what a row leaves open."""
    from gen3d.geometry.trajectory import PATHS

    path = a.path if a.path in PATHS or "://" in a.path else str(Path(a.path).absolute())
    return {
        "prompt": a.prompt, "depth_scale": a.depth_scale, "fov_deg": a.fov, "intrinsics": a.intrinsics,
        "path": path if Path(path).exists() else a.path, "seed": a.seed, "preset": a.preset, "size_px": a.size,
        "prompts": prompts_of(a), "depth_kind": a.depth_kind, "depth_channel": a.depth_channel,
        "turn_depth": a.turn_depth, "own_depth": a.own_depth,
    }  # fmt: skip


class _Watch:
    """Tells how far a run is: on a terminal by a bar, elsewhere by a line now and then."""

    def __init__(self, teller: Teller, quiet: bool, tally: Tally) -> None:
        self._teller, self._quiet, self._tally = teller, quiet, tally
        self._bar: Bar | None = None
        self._before: int | None = None
        self._start = self._told = time.monotonic()

    def follow(self, run: Generator[Any, None, Tally]) -> None:
        """Runs it to its end; interrupting it closes the run, which leaves nothing half-made."""
        from gen3d.events import Notice, Progress, Started

        try:
            for event in run:
                match event:
                    case Notice():
                        self._print(self._teller.note, event.text)
                    case Progress():
                        self._move(event.done, event.total)
                    case Started(stage="dataset"):
                        self._close()
        finally:
            self._close()
            run.close()

    def _move(self, done: int, total: int) -> None:
        now = time.monotonic()
        if self._before is None:
            self._begin(done, now)
        pace = (done - self._before) / max(now - self._start, 1e-9)
        rate = f"{60 * pace:.1f} a minute, {self._tally.failed} failed"
        if self._bar is not None:
            self._bar.set_description_str(f"{rate}, scenes", refresh=False)
            self._bar.move(done, total)
        elif not self._quiet and now - self._told >= TOLD_S:
            self._told = now
            left = f", {(total - done) / pace:.0f} s left" if pace else ""
            self._teller.say(f"{done} of {total} scenes, {rate}{left}")

    def _begin(self, done: int, now: float) -> None:
        """Counts from here: what was whole before took no time."""
        self._before, self._start, self._told = done, now, now
        if not self._quiet and sys.stderr.isatty() and sys.stdout.isatty():
            from gen3d.commands.bar import Bar

            self._bar = Bar("scenes")

    def sum_up(self, out: str) -> None:
        """What became of all of it."""
        t = self._tally
        verdicts = ", ".join(f"{count} {name}" for name, count in sorted(t.verdicts.items()))
        self._teller.say(f"{t.built} scenes built, {t.passed_over} were whole before; {verdicts}")
        if t.failed:
            self._teller.note(f"{t.failed} rows have no scene: {out.rstrip('/')}/failed.jsonl says why.")
        self._teller.say(f"{out.rstrip('/')}/index.html shows them all, summary.csv has their figures")

    def _print(self, tell: Any, text: str) -> None:
        if self._bar is None:
            return tell(text)
        with self._bar.external_write_mode():
            return tell(text)

    def _close(self) -> None:
        if self._bar is not None:
            self._bar.close()
            self._bar = None
