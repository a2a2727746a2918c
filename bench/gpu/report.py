"""What was found: rows by section, printed as they come, kept on disk as JSON and as a table."""

from __future__ import annotations

import json
import time
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path

from bench.gpu.measure import let_go
from bench.gpu.plan import Row
from bench.gpu.targets import judged


class Report:
    """Rows by section, printed at once, kept on disk whole after every section."""

    def __init__(self, file: Path, about: Row) -> None:
        self.file, self.about, self.start = file, about, time.perf_counter()
        self.sections: dict[str, list[Row]] = {}

    def run(self, name: str, section: Callable[[], Iterator[Row]]) -> None:
        """A section to its end, or to its failure, which becomes a row."""
        rows = self.sections[name] = []
        print(f"\n{name}  ({time.perf_counter() - self.start:.0f} s)", flush=True)
        try:
            for row in section():
                rows.append(row)
                print("  " + told(row), flush=True)
        except Exception as error:
            rows.append({"failed": f"{type(error).__name__}: {error}"[:500], "where": traceback.format_exc()[-1500:]})
            print(f"  failed: {rows[-1]['failed']}", flush=True)
        let_go()
        self.save()

    def save(self) -> None:
        """Under a temporary name first, so that whatever ends the run, the file is whole."""
        content = self.about | {"seconds": round(time.perf_counter() - self.start, 1)}
        content |= {"targets": judged({} if self.about["toy_sizes"] else self.sections), "sections": self.sections}
        self.file.parent.mkdir(parents=True, exist_ok=True)
        texts = {".json": json.dumps(content, indent=1) + "\n", ".txt": "\n".join(table(content)) + "\n"}
        for suffix, text in texts.items():
            part = self.file.with_suffix(suffix + ".part")
            part.write_text(text, encoding="utf-8")
            part.replace(self.file.with_suffix(suffix))


def told(row: Row) -> str:
    """A row on a line."""
    return ", ".join(f"{key} {value:g}" if isinstance(value, float) else f"{key} {value}" for key, value in row.items())


def table(content: Row) -> Iterator[str]:
    """Everything for a person, the targets first."""
    yield f"{content['card']}, {content['date']}, torch {content['torch']}, {content['seconds']:.0f} s"
    for target in content["targets"]:
        yield f"  {target['verdict']:<8} {target['target']:<64} {target['found']}"
    for name, rows in content["sections"].items():
        yield f"\n{name}"
        yield from (f"  {told({k: v for k, v in row.items() if k != 'where'})}" for row in rows)
