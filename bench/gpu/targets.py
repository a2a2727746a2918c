"""What a card should reach, and whether it did."""

from __future__ import annotations

from typing import Any

from bench.gpu.plan import Row


def judged(sections: dict[str, list[Row]]) -> list[Row]:
    """The issue's targets, what was found, and whether it is met; "open" where nothing was."""

    def raster(name: str) -> float | None:
        return _found(sections, "rasterizers", "forward_backward_ms", rasterizer=name, gaussians=1_048_576, px=1024)

    def fit(name: str) -> float | None:
        return _found(sections, "fit", "seconds", rasterizer=name, views_a_step=1, steps=500)

    def run(preset: str, what: str) -> float | None:
        return _found(sections, "pipeline", what, preset=preset, run="warm")

    best = min((s for s in (fit("gsplat"), fit("triton")) if s is not None), default=None)
    size = "forward + backward, 1 M at 1024 px"
    return [
        _verdict(f"Triton within 2.5 x of gsplat, {size}", _ratio(raster("triton"), raster("gsplat")), 2.5, "x"),
        _verdict(f"  aim: within 1.5 x, {size}", _ratio(raster("triton"), raster("gsplat")), 1.5, "x"),
        _verdict(f"Triton 20 x as fast as torch, {size}", _ratio(raster("torch"), raster("triton")), 20, "x", False),
        _verdict("500 fit steps at 512 px with 300 k Gaussians in 4 s", best, 4, "s"),
        _verdict("the whole pipeline, fast, in 8 s", run("fast", "seconds"), 8, "s"),
        _verdict("the whole pipeline, balanced, in 20 s", run("balanced", "seconds"), 20, "s"),
        _verdict("peak of fast at most 12 GB", run("fast", "peak_gb"), 12, "GB"),
        _verdict("peak of balanced at most 24 GB", run("balanced", "peak_gb"), 24, "GB"),
    ]


def _found(sections: dict[str, list[Row]], section: str, what: str, **where: Any) -> float | None:
    rows = (row for row in sections.get(section, []) if all(row.get(key) == value for key, value in where.items()))
    return next((row[what] for row in rows if what in row), None)


def _ratio(a: float | None, b: float | None) -> float | None:
    return a / b if a is not None and b else None


def _verdict(target: str, found: float | None, bound: float, unit: str, at_most: bool = True) -> Row:
    met = found is not None and (found <= bound if at_most else found >= bound)
    verdict = "open" if found is None else "met" if met else "missed"
    return {"target": target, "found": "-" if found is None else f"{found:.2f} {unit}", "verdict": verdict}
