"""Steps of a visitor's job, run one after the other, as what is shown meanwhile."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from gen3d.scene_files import SceneFiles
from gen3d.settings import PRESETS
from gen3d.stage_table import STEPS, stages_of
from gen3d.ui.core.blamed import blamed
from gen3d.ui.core.expected import Expected
from gen3d.ui.core.jobs import Job, Visits, enough_file
from gen3d.ui.core.parse import SEEDS, Number
from gen3d.ui.core.progress import SINGLE, Line, Shown, followed, zip_previews
from gen3d.ui.core.steps import Failure, Steps, in_words
from gen3d.ui.core.turns import Turn, unhurried


class Running:
    """Runs steps for whoever asks.

    turn: how long a visitor may have the engine, from now on.
    """

    def __init__(
        self, steps: Steps, visits: Visits, expected: Expected, turn: Callable[[str], Turn] = unhurried
    ) -> None:
        self._steps, self._visits, self._expected, self._turn = steps, visits, expected, turn

    def run(
        self, names: Sequence[str], visitor: str, begin: Callable[[], Job], seed: Number | None = None,
        pausing: bool = False,
    ) -> Iterator[Shown]:  # fmt: skip
        """Runs steps of a job and streams what is shown; a failure is shown, then raised as a Failure.

        pausing: the job then waits for its visitor.
        """
        known = int(seed) if seed is not None and 0 <= seed <= SEEDS else None
        shown, job, turn, alone = Shown(known, "", {}), None, self._turn(visitor), True
        try:
            with in_words():
                job = begin()
                usual = _part(self._expected.stages(job.settings.preset), names)
                shown = _before(job, names, Shown(job.request.seed, job.name, usual))
                job.take_back_enough()
                yield shown
                with self._visits.working(visitor):
                    for name in names:
                        events = getattr(self._steps, name)(job.request, job.settings, job.folder)
                        for so_far in followed(
                            shown, turn.kept(job, events), job.folder / "shown", self._expected.slower
                        ):
                            shown, alone = so_far, alone and not so_far.slower
                            yield shown
                if alone and {"grow", "tour"} <= set(names):
                    self._learn(job, shown)
                job.wait(pausing)
                shown = shown.waiting() if pausing else shown.finished(_zipped(job) if "tour" in names else None)
                if "tour" in names:
                    self._remember(visitor, shown, names)
                yield shown
        except Failure as failure:
            failure.blamed = blamed(failure.sentence, failure.field, job.request if job else None)
            yield shown.failed(failure.sentence)
            raise

    def _remember(self, visitor: str, shown: Shown, names: Sequence[str]) -> None:
        """As what is on show: a scene, or the one from before with another video."""
        before = self._visits.on_show(visitor)
        if "grow" not in names and before:
            shown = replace(before, job=shown.job, scene=shown.scene, video=shown.video, zipped=shown.zipped)
        self._visits.show(visitor, shown.job, shown)

    def _learn(self, job: Job, shown: Shown) -> None:
        """What a scene as the preset makes it took on this machine."""
        settings, as_usual = job.settings, PRESETS[job.settings.preset].size_px
        if job.request.photo and settings.size_px == as_usual and not enough_file(job.folder).exists():
            self._expected.learn(settings.preset, shown.seconds())


def _part(expected: dict[str, float], names: Sequence[str]) -> dict[str, float]:
    """Of these steps alone."""
    stages = {row.name for row in stages_of(*names)}
    return {stage: s for stage, s in expected.items() if stage in stages}


def _zipped(job: Job) -> Path:
    return zip_previews(job.folder / "previews.zip", [job.folder / step for step in STEPS])


def _before(job: Job, names: Sequence[str], shown: Shown) -> Shown:
    """With what earlier calls have made: the scene that a video is made of, the layers that a scene is grown from."""
    look, grow = (SceneFiles(job.folder / step) for step in STEPS[:2])
    if names == ("tour",) and grow.run.exists():
        return replace(shown, scene=grow)
    if names == STEPS[1:] and look.run.exists():
        return _resumed(shown, look, job.folder / "shown")
    return shown


def _resumed(shown: Shown, look: SceneFiles, previews: Path) -> Shown:
    """With what was shown when the job began to wait; the time in which it waited does not count."""
    record = json.loads(look.run.read_text(encoding="utf-8"))
    seconds = _part(record["seconds"], STEPS[:1])
    pictures = [(name, previews / f"{name}.png") for name in SINGLE]
    return replace(
        shown,
        began_s=time.monotonic() - sum(seconds.values()),
        lines=tuple(Line(stage, 0.0, s, running=False) for stage, s in seconds.items()),
        notices=tuple(record["notices"]),
        pictures=tuple((name, file) for name, file in pictures if file.exists()),
    )
