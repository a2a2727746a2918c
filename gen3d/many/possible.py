"""Whether what holds for all scenes of a run is possible at all: told before anything is made, whoever asks."""

from __future__ import annotations

from pathlib import Path

from gen3d.errors import InputError
from gen3d.format_table import asked_for, written_here
from gen3d.many.ask import Job
from gen3d.many.views.kinds import KINDS
from gen3d.run.course import check_path

MOST_VIEWS = 1000
"""Of a scene, in a data set."""


def check_job(job: Job, val_share: float) -> None:
    """InputError for what cannot be asked for."""
    for suffix in job.to:
        if not suffix or (row := asked_for(Path(f"scene{suffix}"))) is None or row.suffix != suffix:
            known = ", ".join(row.suffix for row in written_here() if row.suffix)
            raise InputError(f"{suffix!r} is no format that is written here.", f"Known are {known}.")
    if job.dataset is not None and job.dataset not in KINDS:
        raise InputError(f"{job.dataset!r} is no kind of data set.", f"Known are {', '.join(KINDS)}.")
    if not 1 <= job.views <= MOST_VIEWS:
        raise InputError(f"{job.views} views of a scene are not possible.", f"Give views 1 to {MOST_VIEWS}.")
    if not 0 <= val_share <= 1:
        raise InputError(f"A share of {val_share:g} to validate on is none.", "Give a number from 0 to 1.")
    if job.views_path is not None:
        check_path(job.views_path)
