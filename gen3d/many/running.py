"""A run: what is left to do of what is asked for, who does it, and what became of it.

A call that was interrupted, killed or done is called again just so: what is whole is passed over, what is half-made is
swept, what failed is left alone unless it shall be tried again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gen3d.errors import Gen3DError, InputError
from gen3d.events import Event, Notice, Progress, Stage, Started
from gen3d.many.ask import Ask, Job, Outcome, is_of
from gen3d.many.crew import Crew
from gen3d.many.ledger import Ledger
from gen3d.many.possible import check_job
from gen3d.many.sheet import write_sheet
from gen3d.many.source import check_within, read_source
from gen3d.many.store import Store, store_of
from gen3d.many.views.card import card_of
from gen3d.many.views.shards import packed, write_index

VAL_SHARE = 0.1
"""Of the scenes of a data set."""


@dataclass(slots=True)
class Tally:
    """What became of a run."""

    built: int = 0
    """Scenes that this call made."""
    passed_over: int = 0
    """That were whole before."""
    failed: int = 0
    """Rows that have no scene, those that failed before among them."""
    left_alone: int = 0
    """Of those, the ones that failed before and were not tried again."""
    verdicts: dict[str, int] = field(default_factory=dict)
    """accept, look-at, reject -> scenes."""


def run_batch(
    source: str, job: Job, crew: Crew, defaults: Mapping[str, Any], retry_failed: bool = False,
    val_share: float = VAL_SHARE, tally: Tally | None = None, within: Path | None = None,
) -> Stage[Tally]:
    """Makes a scene of everything that a source asks for; Progress counts scenes. Raises Gen3DError where none can be.

    defaults: fields of `Ask` for what the source leaves open. val_share: of a data set, held back from training.
    tally: is kept up to date along the way, for whoever watches. within: the folder that nothing is read or written
    outside of, where there is one.
    """
    yield Started("batch")
    check_job(job, val_share)
    if within is not None:
        check_within(job.out, within)
    asked, store = read_source(source, defaults, job, within), store_of(job.out)
    yield from (Notice(text) for text in asked.notices)
    store.sweep()
    ledger, tally = Ledger(store, asked.faults), tally or Tally()
    keys = {ask.name: ask.key(job) for ask in asked.asks}
    left = yield from _left(asked.asks, keys, ledger, store.whole(), tally, retry_failed)
    try:
        yield from _worked(left, keys, job, crew, ledger, tally, len(asked.asks))
    finally:
        store.sweep()
        ledger.write()
    tally.failed = len(ledger.faults)
    for row in ledger.rows.values():
        tally.verdicts[row["verdict"]] = tally.verdicts.get(row["verdict"], 0) + 1
    write_sheet(store, list(ledger.rows.values()), ledger.faults)
    if job.dataset:
        yield Started("dataset")
        _write_dataset(store, job, ledger, val_share)
    if not ledger.rows:
        first = ledger.faults[0]
        raise InputError(f"None of {tally.failed} rows became a scene; the first: {first.what}", first.remedy)
    return tally


def _left(
    asks: list[Ask], keys: Mapping[str, str], ledger: Ledger, whole: Mapping[str, dict[str, Any]], tally: Tally,
    retry_failed: bool,
) -> Stage[list[Ask]]:  # fmt: skip
    """The asks that are to be worked on."""
    before, left, otherwise = ledger.failed_before(), [], 0
    for ask in asks:
        marker, fault = whole.get(ask.name), before.get(ask.name)
        if is_of(marker, ask, keys[ask.name]):
            ledger.whole(marker["row"] | {"line": ask.line, "licence": ask.licence})
            tally.passed_over += 1
        elif fault and fault.key == keys[ask.name] and not retry_failed:
            ledger.failed[ask.name] = fault
            tally.left_alone += 1
        else:
            otherwise += marker is not None
            left.append(ask)
    if otherwise:
        yield Notice(
            f"{otherwise} scenes there are of other options, rows or photos than are asked for now, and are made anew; "
            "name another folder to keep both."
        )
    if tally.left_alone:
        yield Notice(f"{tally.left_alone} that failed before are not tried again; --retry-failed does.")
    return left


def _worked(
    left: list[Ask], keys: Mapping[str, str], job: Job, crew: Crew, ledger: Ledger, tally: Tally, total: int
) -> Iterator[Event]:
    by_name = {ask.name: ask for ask in left}
    done = total - len(left)
    yield Progress("batch", done, total)
    if not left:
        return
    with closing(crew.work(job, iter(left))) as outcomes:
        for outcome in outcomes:
            if outcome.ends_run:
                raise Gen3DError(outcome.what, outcome.remedy)
            _taken(outcome, by_name[outcome.name], keys, ledger, tally)
            done += 1
            tally.failed = len(ledger.faults)
            yield Progress("batch", done, total)


def _taken(outcome: Outcome, ask: Ask, keys: Mapping[str, str], ledger: Ledger, tally: Tally) -> None:
    if outcome.row is None:
        ledger.fail(ask, keys[ask.name], outcome)
        return
    tally.built += outcome.became == "built"
    tally.passed_over += outcome.became == "whole"
    ledger.whole(outcome.row)


def _write_dataset(store: Store, job: Job, ledger: Ledger, val_share: float) -> None:
    """Of the scenes of this source, whatever else lies there."""
    markers = {name: marker for name, marker in store.whole().items() if name in ledger.rows}
    index = write_index(store, job.dataset or "", packed(markers, val_share))
    card = card_of(job, index, list(ledger.rows.values()), len(ledger.faults))
    store.write("dataset/README.md", card.encode(errors="replace"))
