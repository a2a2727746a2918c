"""A figure against seconds as a picture; matplotlib is an extra, `gen3d[plots]`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from gen3d.formats.whole import write_whole


def plot(file: Path, points: Sequence[tuple[float, float, str]], title: str) -> None:
    """Writes a PNG of the points (seconds, value, label)."""
    figure = Figure(figsize=(8, 5), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot(xlabel="seconds a scene", ylabel=title)
    axes.scatter([x for x, _, _ in points], [y for _, y, _ in points])
    for x, y, label in points:
        axes.annotate(label, (x, y), xytext=(5, 5), textcoords="offset points", fontsize="small")
    axes.grid(alpha=0.3)
    with write_whole(file) as temporary:
        figure.savefig(temporary, dpi=100, metadata={"Software": None})
