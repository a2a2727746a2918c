"""How much of this server one visitor may take, and all together; a public page is no stranger's to exhaust.

`GEN3D_LIMITS="jobs_per_address=6 sessions=2000"` changes single ones, by the names of the fields below.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields

JOB_SECONDS, LIMITS = "GEN3D_JOB_SECONDS", "GEN3D_LIMITS"
"""Names of environment variables."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Numbers that the door (`ui/door`) and the queue (`fair_queue.py`) refuse by. "All" is this process."""

    jobs_per_session: int = 2
    """Of one visit, waiting for the engine or running on it."""
    jobs_per_address: int = 2
    jobs: int = 48
    """Of all, waiting for the engine."""
    others_per_session: int = 8
    """Other events of one visit, of one kind, waiting or running: examples, reviews, what the page opens with."""
    others_per_address: int = 24
    events: int = 400
    """Of all visitors and kinds, waiting."""
    job_s: float = 900.0
    """So long a job may hold the engine while others wait for it; then it ends as after "Enough"."""
    job_grace_s: float = 180.0
    """So much longer it may take to end; then it is closed."""

    sessions: int = 500
    """Visits that are known at once; each takes about 0.2 MB. Those who listen, wait or build are never forgotten."""
    sessions_per_minute: int = 60
    """New ones of an address."""
    calls_per_minute: int = 600
    """Of an address: whatever is posted but uploads."""
    requests_per_address: int = 100
    """Under way at once, streams included."""
    requests: int = 700
    uploads_per_address: int = 4
    """Under way at once."""
    uploads: int = 64

    json_bytes: int = 1_000_000
    """Of the body of a call."""
    files: int = 4
    """Of one upload; the page sends one at a time."""
    body_grace_s: float = 60.0
    """So long a body may take at any rate ..."""
    body_bytes_per_s: float = 16_000.0
    """... and beyond that as long as this rate allows for what has come of it."""
    silent_s: float = 20.0
    """A connection without a whole request is closed after so long."""
    silent: int = 200
    """So many such connections at once; the oldest go."""


USUAL = Limits()


def limits_of(environment: Mapping[str, str]) -> Limits:
    """The limits that whoever runs the page has set. Raises ValueError for a name or a number that is none."""
    given = dict(pair.partition("=")[::2] for pair in environment.get(LIMITS, "").replace(",", " ").split())
    if environment.get(JOB_SECONDS):
        given["job_s"] = environment[JOB_SECONDS]
    known = {field.name: field.default for field in fields(Limits)}
    for name, value in given.items():
        if name not in known or not value.replace(".", "", 1).isdigit():
            raise ValueError(f"{LIMITS}: {name}={value} is no limit; the names are {', '.join(known)}")
    return Limits(**{name: type(known[name])(float(value)) for name, value in given.items()})
