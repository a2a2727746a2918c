"""index.html: every scene of a run as a picture to click, with filters; it needs no server and no network."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from gen3d.many.ask import Fault
from gen3d.many.gate.figures import FIGURES
from gen3d.many.store import Store

INDEX = "index.html"
SHOWN = ("name", "photo", "prompt", "verdict", "reasons", "seconds", "gaussians")
"""Columns of the summary that go into the page, beside the figures."""


def write_sheet(store: Store, rows: Iterable[Mapping[str, Any]], faults: Iterable[Fault]) -> None:
    """Writes the page of these scenes and of what failed."""
    store.write(INDEX, sheet_of(rows, faults).encode(errors="replace"))


def sheet_of(rows: Iterable[Mapping[str, Any]], faults: Iterable[Fault]) -> str:
    """The page. What people wrote goes in as data and comes out as text, never as markup."""
    columns = [*SHOWN, *(figure.name for figure in FIGURES)]
    told = {
        "columns": columns,
        "figures": {f.name: f"{f.means} ({f.unit})" for f in FIGURES},
        "rows": [[row.get(column) for column in columns] for row in sorted(rows, key=lambda row: row["name"])],
        "faults": [[fault.line, fault.name or fault.photo, f"{fault.what} {fault.remedy}"] for fault in faults],
    }
    page = Path(__file__).with_name("sheet.html").read_text(encoding="utf-8")
    return page.replace("__DATA__", json.dumps(told, ensure_ascii=True).replace("<", "\\u003c"))
