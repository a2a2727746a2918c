"""What is accepted: limits of the gate's figures, ours or those of a file, and the verdict on a scene.

    {"photo_psnr_db": {"reject": 18, "look-at": 24}, "hole_share": {"reject": 0.05, "look-at": 0.01}}

A figure worse than its "reject" rejects a scene, one worse than its "look-at" asks for eyes; which way is worse stands
in `figures.FIGURES`. A figure that could not be measured asks for eyes where it has a limit.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from gen3d.errors import InputError
from gen3d.formats.whole import MB, check_file, refusing
from gen3d.many.gate.figures import FIGURES

Verdict = Literal["accept", "look-at", "reject"]
Limits = Mapping[str, Mapping[str, float]]
LEVELS = ("reject", "look-at")
LIMITS: Limits = {
    "photo_psnr_db": {"reject": 16.0, "look-at": 22.0},
    "hole_share": {"reject": 0.05, "look-at": 0.005},
    "made_up_share": {"reject": 0.6, "look-at": 0.35},
    "floaters_ppm": {"reject": 50_000.0, "look-at": 10_000.0},
    "seam_error": {"look-at": 0.15},
    "depth_confidence": {"look-at": 0.7},
    "expected_psnr_db": {"reject": 15.0, "look-at": 18.0},
}
"""Chosen by eye and by the worlds of docs/batch.md."""
_REMEDY = 'Write {"hole_share": {"reject": 0.05, "look-at": 0.01}} and the like; docs/batch.md has the figures.'
_BETTER = {figure.name: figure.better for figure in FIGURES}


@dataclass(frozen=True, slots=True)
class Judgement:
    """On one scene."""

    verdict: Verdict
    reasons: tuple[str, ...] = ()
    """Which figures, and how far they are off."""

    def as_json(self) -> dict[str, Any]:
        """Columns of the summary."""
        return {"verdict": self.verdict, "reasons": list(self.reasons)}


def read_limits(file: Path) -> str:
    """The limits of a file, checked, as `Job` carries them. Raises InputError."""
    check_file(file, MB, _REMEDY)
    with refusing(f"{file.name} is not JSON.", _REMEDY):
        told = json.loads(file.read_text(encoding="utf-8"))
    return checked_limits(told, file.name)


def checked_limits(told: Any, called: str) -> str:
    """Limits as `Job` carries them; InputError for what are none."""
    if not isinstance(told, dict):
        raise InputError(f"{called} holds no limits.", _REMEDY)
    for name, levels in told.items():
        if not _BETTER.get(name):
            known = ", ".join(name for name, better in _BETTER.items() if better)
            raise InputError(f"{called} limits {name!r}, which is no figure with a better side.", f"Known: {known}.")
        if not isinstance(levels, dict) or not all(k in LEVELS and _is_number(x) for k, x in levels.items()):
            raise InputError(f"{called} has no limits for {name} that are meant so.", _REMEDY)
    return json.dumps(told, sort_keys=True)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e300


def limits_of(told: str) -> Limits:
    """As `Job` carries them."""
    return json.loads(told) if told else LIMITS


def verdict_of(figures: Mapping[str, float | None], limits: Limits) -> Judgement:
    """On a scene with these figures."""
    reasons: dict[str, list[str]] = {"reject": [], "look-at": []}
    for name, levels in limits.items():
        value = figures.get(name)
        if value is None and levels:
            reasons["look-at"].append(f"{name} could not be measured")
            continue
        for level in LEVELS:
            if level in levels and _is_worse(name, value, levels[level]):
                reasons[level].append(f"{name} {value:g} ({level} {levels[level]:g})")
                break
    verdict: Verdict = "reject" if reasons["reject"] else "look-at" if reasons["look-at"] else "accept"
    return Judgement(verdict, (*reasons["reject"], *reasons["look-at"]))


def _is_worse(name: str, value: float | None, limit: float) -> bool:
    return value is not None and (value < limit if _BETTER[name] == "more" else value > limit)
