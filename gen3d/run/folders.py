"""The folders that steps leave, put together: what run.json says of several steps, and one folder for a whole build."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

from gen3d.explain.sheet import contact_sheet
from gen3d.formats.picture import write_png
from gen3d.formats.whole import MB, check_file, refusing
from gen3d.run.record import Record, merged, write_json
from gen3d.scene_files import SceneFiles

LARGEST_RECORD_BYTES = 16 * MB
_AGAIN = "Run the step before this one again."


def read_record(folder: Path) -> dict[str, Any]:
    """What run.json of an earlier step says; InputError where it is not there, or not whole."""
    file = folder / "run.json"
    check_file(file, LARGEST_RECORD_BYTES, _AGAIN)
    with refusing(f"{file.name} of {folder.name} is damaged.", _AGAIN):
        record = json.loads(file.read_text(encoding="utf-8"))
        merged([record])  # needs all that a step writes
        return record


def continued(before: dict[str, Any], record: Record) -> dict[str, Any]:
    """What run.json shall say after a step: the steps so far, and this one."""
    return merged([before, record.as_json()])


def gather(steps: list[Path], into: Path) -> None:
    """Moves what the steps made into one folder; the record of the last tells of all."""
    SceneFiles(into).previews.mkdir()
    for step in steps:
        for file in sorted((step / "previews").iterdir()):
            file.rename(into / "previews" / file.name)
        for file in sorted(step.iterdir()):
            if file.is_file():
                file.replace(into / file.name)
        shutil.rmtree(step)


def gather_exhibits(steps: list[Path], into: Path, title: str) -> None:
    """Moves the exhibits of all steps into one folder, their figures into one file, and puts them all on one sheet."""
    into.mkdir()
    figures: dict[str, Any] = {}
    for step in steps:
        figures |= json.loads((step / "explain" / "figures.json").read_text(encoding="utf-8"))
        for picture in (step / "explain").glob("*.png"):
            picture.rename(into / picture.name)
    write_json(into / "figures.json", figures)
    write_png(into / "sheet.png", contact_sheet(into, figures, title))
