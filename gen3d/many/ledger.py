"""What became of a run, beside its scenes: failed.jsonl, summary.csv, and summary.parquet where pyarrow is installed.

Whole scenes carry their own row, so the ledger is never needed to know what is there; it is written anew from them.
"""

from __future__ import annotations

import csv
import io
import json
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Any

from gen3d.many.ask import Ask, Fault, Outcome
from gen3d.many.store import Store

FAILED, SUMMARY, PARQUET = "failed.jsonl", "summary.csv", "summary.parquet"
EVERY_S = 10.0
"""Failures are written down so often; those of the last seconds are tried again when the run was killed."""
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""A cell that begins so is a formula to a spreadsheet."""


class Ledger:
    """The rows and the faults of a run, in memory."""

    def __init__(self, store: Store, faults: Iterable[Fault]) -> None:
        self._store = store
        self._unreadable = list(faults)
        self.rows: dict[str, dict[str, Any]] = {}
        self.failed: dict[str, Fault] = {}
        self._written = time.monotonic()

    @property
    def faults(self) -> list[Fault]:
        """All, by their lines, then by name."""
        return sorted([*self._unreadable, *self.failed.values()], key=lambda f: (f.line or 0, f.name or "", f.what))

    def failed_before(self) -> dict[str, Fault]:
        """Name -> fault of those that were tried, as failed.jsonl of an earlier call says; what is torn is left out."""
        found = {}
        for line in (self._store.read(FAILED) or b"").splitlines():
            with suppress(ValueError, TypeError):
                fault = Fault.of_json(json.loads(line))
                if fault.key and fault.name:
                    found[fault.name] = fault
        return found

    def whole(self, row: dict[str, Any]) -> None:
        """A scene that is there."""
        self.rows[row["name"]] = row
        self.failed.pop(row["name"], None)

    def fail(self, ask: Ask, key: str, outcome: Outcome) -> None:
        """A scene that could not be made."""
        self.failed[ask.name] = Fault(ask.line, ask.name, ask.photo, outcome.what, outcome.remedy, key)
        if time.monotonic() - self._written > EVERY_S:
            self.write_failed()

    def write_failed(self) -> None:
        """failed.jsonl; none where nothing failed."""
        self._written = time.monotonic()
        lines = [json.dumps(fault.as_json(), ensure_ascii=False) + "\n" for fault in self.faults]
        if lines:
            self._store.write(FAILED, "".join(lines).encode(errors="replace"))
        else:
            self._store.remove(FAILED)

    def write(self) -> None:
        """Everything."""
        self.write_failed()
        rows = [self.rows[name] for name in sorted(self.rows)]
        self._store.write(SUMMARY, as_csv(rows))
        if (table := as_parquet(rows)) is not None:
            self._store.write(PARQUET, table)


def columns_of(rows: Iterable[Mapping[str, Any]]) -> list[str]:
    """Of all rows, in the order in which they first come."""
    return list(dict.fromkeys(name for row in rows for name in row))


def as_csv(rows: list[dict[str, Any]]) -> bytes:
    """A line a scene under its head; None is empty, a list is joined, and no text is a formula."""
    file = io.StringIO()
    writer = csv.DictWriter(file, columns_of(rows) or ["name"], lineterminator="\n")
    writer.writeheader()
    writer.writerows({name: _cell(value) for name, value in row.items()} for row in rows)
    return file.getvalue().encode(errors="replace")


def _cell(value: Any) -> Any:
    told = "; ".join(map(str, value)) if isinstance(value, list | tuple) else value
    return f"'{told}" if isinstance(told, str) and told.startswith(_FORMULA) else told


def as_parquet(rows: list[dict[str, Any]]) -> bytes | None:
    """The same as a table with types; None where pyarrow is not installed, or nothing is to be written."""
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError:
        return None
    if not rows:
        return None
    names = columns_of(rows)
    table = pyarrow.table({name: pyarrow.array([_alike(row.get(name)) for row in rows]) for name in names})
    file = io.BytesIO()
    pyarrow.parquet.write_table(table, file)
    return file.getvalue()


def _alike(value: Any) -> Any:
    """As its column has it: whole numbers and others may share one."""
    return list(map(str, value)) if isinstance(value, list | tuple) else value
