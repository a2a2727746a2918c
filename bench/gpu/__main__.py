"""What a card makes of it all, in one command and under eight minutes: `python -m bench.gpu`.

Prints each figure as it is found, and writes them all after every section to bench/results/CARD-DATE.json and .txt: the
rasterizers against each other, a fit, the whole pipeline and every network at full size with random weights, and the
issue's targets beside what was measured. A section that cannot run says why, and the others go on. Times are medians of
wall clock with the card waited for. gsplat is compiled by another process while the networks are measured. --smoke runs
all of it at toy sizes, on a processor too. What a section needs is imported by it, so that a machine without some of
the packages measures the rest.
"""

from __future__ import annotations

import gen3d  # isort: skip  # before torch, so that its wait policy counts

import argparse
import datetime
import platform
import re
import tempfile
import time
from functools import partial
from pathlib import Path

import torch

from bench.gpu.compiling import Compiling
from bench.gpu.engines import diffusion_section, network_section, pipeline_section
from bench.gpu.plan import SMOKE, Plan, Row
from bench.gpu.rasterizers import fit_section, raster_section
from bench.gpu.report import Report, told
from gen3d.splat.cpu.function import warm_up

RESULTS = Path(__file__).parents[1] / "results"


def about(plan: Plan) -> Row:
    """The machine, without anybody's names."""
    on_card = plan.device == "cuda"
    card = torch.cuda.get_device_properties(0) if on_card else None
    return {
        "card": card.name if card else "no card", "date": datetime.date.today().isoformat(),
        "memory_gb": round(card.total_memory / 1e9, 1) if card else None, "gen3d": gen3d.__version__,
        "torch": torch.__version__, "cuda": torch.version.cuda, "python": platform.python_version(),
        "toy_sizes": plan.toy,
    }  # fmt: skip


def main(arguments: list[str] | None = None) -> Path:
    """Runs every section, or those named, and returns the file with the results."""
    parser = argparse.ArgumentParser(description="Measures a card.")
    names = ("rasterizers", "fit", "pipeline", "diffusion", "networks")
    parser.add_argument("--only", nargs="+", choices=names, default=names)
    parser.add_argument("--smoke", action="store_true", help="toy sizes, on a processor too; says nothing of speed")
    parser.add_argument("--out", type=Path, default=RESULTS)
    options = parser.parse_args(arguments)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    if device == "cpu" and not options.smoke:
        parser.error("there is no card here; --smoke tries the script itself")
    plan = Plan(device, **(SMOKE if options.smoke else {}))
    told_of = about(plan)
    stem = re.sub(r"[^a-z0-9]+", "-", told_of["card"].lower()).strip("-")
    report = Report(options.out / f"{stem}-{told_of['date']}{'-smoke' if options.smoke else ''}.json", told_of)
    print(told(told_of), flush=True)
    warm_up()

    def time_left() -> float:
        return plan.budget_s - (time.perf_counter() - report.start)

    compiling, working = Compiling(device == "cuda" and "rasterizers" in options.only), []
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        sections = {
            "rasterizers": partial(raster_section, plan, compiling, time_left, working),
            "fit": partial(fit_section, plan, working), "pipeline": partial(pipeline_section, plan, work, working),
            "diffusion": partial(diffusion_section, plan, work), "networks": partial(network_section, plan, time_left),
        }  # fmt: skip
        meanwhile = ("diffusion", "networks") if compiling.goes_on(20.0) else ()
        for name in sorted(options.only, key=lambda name: name not in meanwhile):
            if time_left() > 0:
                report.run(name, sections[name])
    report.save()
    print("\n" + report.file.with_suffix(".txt").read_text(encoding="utf-8").split("\n\n")[0])
    print(f"\n{report.file}", flush=True)
    return report.file


if __name__ == "__main__":
    main()
