"""The paper's method as a table: its stages in the order in which they run, a row each.

Whatever names, counts, times or shows stages (progress lines, expected seconds, the page's pictures, exhibits, the
card's memory, `--explain`) is derived from these rows. A stage itself is the generator in its row's `module`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

Step = Literal["look", "grow", "tour"]
"""The resumable parts of a run, in order."""
STEPS: tuple[Step, ...] = get_args(Step)


@dataclass(frozen=True, slots=True)
class StageRow:
    """One stage of the method."""

    name: str
    """In events and in run.json; of its module in `stages/`, too."""
    step: Step
    """The step that runs it."""
    title: str
    """What a progress line calls it."""
    share: float
    """Of a scene's seconds, before anything was measured (two cores, preset fast; `bench/build.py` prints them)."""
    preview: str = ""
    """What its picture on the page shows; "" has none there."""
    many: bool = False
    """Whether it gives a picture for each pose, NAME_01, NAME_02 ..., instead of one, NAME."""
    heading: str = ""
    """Over its exhibits, with the paper's section; "" has none."""
    always: bool = True
    """Whether it runs for every scene."""
    elsewhere: str = ""
    """Its module where that is not `stages/NAME.py`: it is a part of a run, but no step of the paper."""

    @property
    def module(self) -> str:
        """Where it is, by its full name; the first words there say what it does."""
        return f"gen3d.{self.elsewhere or f'stages.{self.name}'}"


STAGES = (
    StageRow("source", "look", "picture", 0.02, elsewhere="source.read"),
    StageRow("depth", "look", "depth", 0.02, "Depth", heading="Depth (paper 3.1)"),
    StageRow("layers", "look", "layers", 0.10, "Foreground", heading="Layers (paper 3.1, eq. 1 and 2)"),
    StageRow("words", "grow", "words", 0.0, always=False),
    StageRow("background", "grow", "background", 0.09, "Background behind it", heading="Background (paper 3.1)"),
    StageRow("lift", "grow", "3D", 0.06, heading="Points (paper 3.2, eq. 3)"),
    StageRow(
        "expand", "grow", "new views", 0.26, "New views", many=True,
        heading="Expansion, a row for each pose (paper 3.2, eq. 4)",
    ),
    StageRow("optimize", "grow", "fit", 0.31, heading="Gaussians (paper 3.3, eq. 5)"),
    StageRow("prune", "grow", "prune", 0.0, always=False, elsewhere="products.prune"),
    StageRow("flythrough", "tour", "video", 0.14, heading="Video"),
)  # fmt: skip


def row(name: str) -> StageRow | None:
    """The row of a stage; None for what is no stage of the method (the parts of a selftest, say)."""
    return next((stage for stage in STAGES if stage.name == name), None)


def title(name: str) -> str:
    """What a progress line calls a stage; its own name where it has no row."""
    found = row(name)
    return found.title if found else name


def number(name: str) -> int:
    """Which of the stages with exhibits it is, from 1. Raises ValueError for one without."""
    return [stage.name for stage in explained()].index(name) + 1


def explained() -> tuple[StageRow, ...]:
    """The rows of the stages with exhibits, in order."""
    return tuple(stage for stage in STAGES if stage.heading)


def stages_of(*steps: str) -> tuple[StageRow, ...]:
    """The rows of these steps, in order."""
    return tuple(stage for stage in STAGES if stage.step in steps)
