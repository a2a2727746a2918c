"""What is asked for: one scene of many, what holds for all of them, and what became of one.

All three are plain values that travel as JSON: to other processes, to other machines, into files.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Literal, TypeVar

T = TypeVar("T", bound="Plain")
Became = Literal["built", "whole", "failed"]
UNASKED = {"name", "line", "photo_bytes", "depth_bytes", "licence", "base"}
"""Fields of an `Ask` that change nothing of the scene; files are compared by their sizes elsewhere."""


class Plain:
    """A value that travels as JSON."""

    def as_json(self) -> dict[str, Any]:
        """Of numbers, texts, lists and None."""
        return asdict(self)

    @classmethod
    def of_json(cls: type[T], told: Mapping[str, Any]) -> T:
        """The counterpart; what this version does not know is passed over, since the other end may be newer."""
        known = {field.name for field in fields(cls)}
        return cls(**{key: _without_lists(value) for key, value in told.items() if key in known})


def _without_lists(value: Any) -> Any:
    return tuple(map(_without_lists, value)) if isinstance(value, list | tuple) else value


@dataclass(frozen=True, slots=True)
class Ask(Plain):
    """One scene that is asked for."""

    name: str
    """Of its folder."""
    photo: str | None = None
    """A file or URL, as it was written; relative to `base`."""
    prompt: str | None = None
    depth: str | None = None
    depth_scale: float | None = None
    fov_deg: float | None = None
    intrinsics: tuple[float, float, float, float] | None = None
    path: str = "wander"
    seed: int = 0
    preset: str = "balanced"
    size_px: int | None = None
    prompts: tuple[tuple[str, str], ...] = ()
    depth_kind: str = "auto"
    depth_channel: str | None = None
    turn_depth: str = "auto"
    own_depth: str = "use"
    """These, and what has no words here, as in `Request`."""
    licence: str | None = None
    """Of the photo, as its row says; for data cards."""
    line: int | None = None
    """Of the manifest, from 1; None where there is none."""
    base: str = ""
    """The folder or URL that relative names of files begin at."""
    photo_bytes: int | None = None
    """Its size when the run began, None where nobody asked: another size is another photo."""
    depth_bytes: int | None = None

    def key(self, job: Job) -> str:
        """The same for the same scene: of what is asked for and how it is made, but not of where it lies."""
        asked = {key: value for key, value in self.as_json().items() if key not in UNASKED}
        told = json.dumps([asked, job.what_it_makes()], sort_keys=True)
        return hashlib.sha256(told.encode(errors="surrogatepass")).hexdigest()[:32]

    @property
    def called(self) -> str:
        """What people know it by."""
        return self.photo or self.prompt or self.name


@dataclass(frozen=True, slots=True)
class Job(Plain):
    """What holds for all scenes of a run, beside the defaults, which each `Ask` has already."""

    out: str
    """A folder or URL."""
    engine: str = "auto"
    device: str = "auto"
    tier: str | None = None
    use: tuple[str, ...] = ()
    """ROLE=ENGINE each."""
    safety_checker: bool | None = None
    rasterizer: str = "auto"
    max_gaussians: int | None = None
    explain: bool = False
    to: tuple[str, ...] = ()
    """Endings of the files that are wanted beside those of a build, as ".spz"."""
    limits: str = ""
    """The gate's limits as JSON (`gate/limits.py`); "" are our own."""
    dataset: str | None = None
    """A row of `views/kinds.py`."""
    views: int = 24
    """Of the data set, each scene."""
    views_path: str | None = None
    """Of the data set; None is that of the scene."""

    def what_it_makes(self) -> dict[str, Any]:
        """Of these fields, those that change what lies in a scene's folder; who makes it and where does not."""
        return {key: value for key, value in self.as_json().items() if key not in ("out", "device", "limits")}


@dataclass(frozen=True, slots=True)
class Fault(Plain):
    """A scene that was not made, and why: a line of failed.jsonl."""

    line: int | None
    name: str | None
    photo: str | None
    what: str
    remedy: str
    key: str | None = None
    """Of the ask that failed; None of a row that asks for nothing that could be tried."""


@dataclass(frozen=True, slots=True)
class Outcome(Plain):
    """What became of an ask."""

    name: str
    became: Became
    row: dict[str, Any] | None = None
    """Of the summary, where there is a scene."""
    what: str = ""
    remedy: str = ""
    """Where there is none."""
    ends_run: bool = False
    """Whether what went wrong is none of the ask's: nothing else would go better."""


def is_of(marker: dict[str, Any] | None, ask: Ask, key: str) -> bool:
    """Whether a scene that is whole is the one asked for, of files of the same size as far as anybody looked."""
    if marker is None or marker.get("key") != key:
        return False
    pairs = ((marker.get(f"{file}_bytes"), getattr(ask, f"{file}_bytes")) for file in ("photo", "depth"))
    return all(then is None or now is None or then == now for then, now in pairs)
