"""How long a scene takes on this machine, learned from the scenes that were made here.

A JSON file keeps the seconds of every stage, per preset: the mean of what was known and what was measured last. They
are those of a scene that has the machine for itself; `slower` says what else may be under way.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from gen3d import stage_table
from gen3d.errors import Gen3DError
from gen3d.formats.whole import write_whole
from gen3d.settings import PRESETS

NEWEST = 0.5
"""How much the last scene counts."""


def shares() -> dict[str, float]:
    """Stage -> its share of a scene's seconds, before anything was measured."""
    return {row.name: row.share for row in stage_table.STAGES if row.always}


class Expected:
    """The seconds to expect; safe to call from several threads.

    file: where they are kept; what cannot be read there, or written, is not worth an error. slower: why a scene takes
    longer than usual right now, in words; nothing where it does not.
    """

    def __init__(self, file: Path, slower: Callable[[], Sequence[str]] = tuple) -> None:
        self._file, self.slower = file, slower
        self._lock = threading.Lock()
        self._learned = _read(file)

    def stages(self, preset: str) -> dict[str, float]:
        """Stage -> seconds, in the order in which they run."""
        with self._lock:
            known = {name: dict(stages) for name, stages in self._learned.items()}
        whole = PRESETS[preset].seconds * _pace(known)
        return known.get(preset) or {stage: share * whole for stage, share in shares().items()}

    def seconds(self, preset: str) -> float:
        """Of a whole scene."""
        return sum(self.stages(preset).values())

    def is_measured(self, preset: str) -> bool:
        """Whether a scene of this preset was made here."""
        with self._lock:
            return preset in self._learned

    def learn(self, preset: str, measured: Mapping[str, float]) -> None:
        """Takes in what the stages of a scene took."""
        with self._lock:
            known = self._learned.get(preset, {})
            self._learned[preset] = {
                stage: round(known.get(stage, s) + NEWEST * (s - known.get(stage, s)), 2)
                for stage, s in measured.items()
            }
            with suppress(OSError, Gen3DError):
                self._file.parent.mkdir(parents=True, exist_ok=True)
                with write_whole(self._file) as temporary:
                    temporary.write_text(json.dumps(self._learned, indent=1), encoding="utf-8")


def _pace(known: Mapping[str, Mapping[str, float]]) -> float:
    """How much slower than the presets say this machine was, over all presets that were measured; 1 before any."""
    said = sum(PRESETS[preset].seconds for preset in known)
    return sum(sum(stages.values()) for stages in known.values()) / said if said else 1.0


def _read(file: Path) -> dict[str, dict[str, float]]:
    """What earlier runs of the app have learned; nothing where the file is not as this writes it."""
    with suppress(OSError, ValueError, TypeError, AttributeError):
        kept = json.loads(file.read_text(encoding="utf-8"))
        return {p: {str(stage): float(s) for stage, s in kept[p].items()} for p in PRESETS if kept.get(p)}
    return {}
