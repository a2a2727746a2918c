"""The data card: what a data set is, written from what was run, so that it says nothing that nobody looked at."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from gen3d import __version__
from gen3d.many.ask import Job
from gen3d.many.gate.figures import FIGURES
from gen3d.many.views.kinds import LABELLED

VIEWS_TOLD = (
    "Each scene was built from one photo or sentence; every view was drawn from its Gaussians, none is a photograph. "
    "What no photo saw was made up by inpainting: `made_up` marks it."
)
LABELLED_TOLD = (
    "Each picture was drawn from a sentence, by rule and without a network; its depth, camera and things are exact. "
    "Scenes of photos are left out."
)


def card_of(job: Job, index: Mapping[str, Any], rows: Sequence[Mapping[str, Any]], failed: int) -> str:
    """As Markdown; rows: of the summary, rejected scenes among them."""
    named = {row["name"]: row for row in rows}
    used = [named[name] for part in index["splits"].values() for name in part if name in named]
    splits = {part: len(names) for part, names in index["splits"].items()}
    lines = [
        "# Views of generated scenes", "",
        f"Made by gen3d {__version__}. {LABELLED_TOLD if index['kind'] == LABELLED else VIEWS_TOLD}", "",
        f"- scenes: {len(used)} (train {splits['train']}, val {splits['val']}; by the hash of a scene's name)",
        "- a picture a scene, the photo's" if index["kind"] == LABELLED else
        f"- views a scene: {job.views}, along the path {job.views_path or 'of the scene'}",
        f"- left out: {sum(row['verdict'] == 'reject' for row in rows)} rejected by the gate, {failed} that failed",
        f"- with words: {sum(bool(row.get('caption')) for row in used)} of {len(used)}; the others' captions are empty",
        f"- kind: {index['kind']}" + (f", {len(index['shards'])} shards" if index["shards"] else ""), "",
        "## Licences of the inputs", "", "As the manifest gives them; nobody checked them.", "",
    ]  # fmt: skip
    licences = Counter(row.get("licence") or "not said" for row in used)
    lines += [f"- {_plain(licence)}: {count}" for licence, count in sorted(licences.items())]
    lines += ["", "## Who made them", ""]
    engines = Counter(row.get("engines") or "not said" for row in used)
    lines += [f"- {_plain(who)}: {count} scenes" for who, count in sorted(engines.items())]
    lines += ["", "## Figures that need no truth", "", "| figure | unit | median | what it measures |",
              "| --- | --- | --- | --- |"]  # fmt: skip
    for figure in FIGURES:
        median = _median([row.get(figure.name) for row in used])
        lines.append(f"| {figure.name} | {figure.unit} | {median} | {_cell(figure.means)} |")
    return "\n".join(lines) + "\n"


def _median(values: Sequence[float | None]) -> str:
    known = sorted(value for value in values if value is not None)
    return f"{known[len(known) // 2]:g}" if known else "-"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _plain(text: str) -> str:
    """Of a manifest, on one line and without Markdown."""
    return " ".join("".join(c if c not in "<>[]`*_|#" else " " for c in text).split())[:300]
