"""`gen3d download`: fetches weights and opens each once; after it a build finds nothing missing and nothing broken."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Sequence
from typing import Any

from huggingface_hub import constants

from gen3d.errors import ModelUnavailable
from gen3d.models.weights.hub import (
    Located,
    cache_folder,
    cached,
    discard_damaged,
    fetch,
    hub_answers,
    is_offline,
    size_to_fetch,
)
from gen3d.models.weights.wanted import Weights

Open = Callable[[str], object]
"""Opens the weights of a key; raises ModelUnavailable where they are damaged."""
Say = Callable[[str], None]


def download(wanted: Sequence[Weights], open_one: Open, say: Say = print, bars: bool = True) -> None:
    """Fetches what is missing, then opens everything that is wanted; a damaged file is fetched once more.

    One failure does not keep the others from being fetched. say: gets the lines a person reads. bars: on a terminal
    they show a file's progress on stderr.
    Raises ModelUnavailable when something is missing in the end.
    """
    _announce(wanted, say)
    failures = []
    for weights in wanted:
        try:
            _fetch_and_open(weights, open_one, say, bars)
            say(f"{weights.name}: ready")
        except ModelUnavailable as failure:
            say(f"{weights.name}: {failure}")
            failures.append(failure)
    if failures:
        left = f"{len(failures)} of {len(wanted)} networks are not ready. {failures[0].what}"
        raise ModelUnavailable(left, failures[0].remedy)
    say(f"All {len(wanted)} networks are ready in {cache_folder()}.")


def in_words(size_bytes: int) -> str:
    """A size as people read it: decimal units, as the model hub shows them."""
    size = float(size_bytes)
    for unit in ("B", "kB", "MB"):
        if size < 999.5:
            return f"{size:.0f} {unit}"
        size /= 1000
    return f"{size:.1f} GB"


def _announce(wanted: Sequence[Weights], say: Say) -> None:
    """Says what is to come; raises ModelUnavailable where it cannot come."""
    missing = [weights for weights in wanted if cached(weights) is None]
    if not missing:
        say(f"All {len(wanted)} networks are in {cache_folder()}; each is opened once.")
        return
    names = ", ".join(weights.name for weights in missing)
    if not hub_answers():
        why = "HF_HUB_OFFLINE is set" if is_offline() else f"{constants.ENDPOINT} does not answer"
        raise ModelUnavailable(
            f"{len(missing)} of {len(wanted)} networks are missing ({names}) and cannot be fetched: {why}.",
            "Run this where there is a network, or copy the cache folder from a machine that has them to"
            f" {cache_folder()}.",
        )
    size = size_to_fetch(missing)
    say(f"{in_words(size)} to fetch for {len(missing)} of {len(wanted)} networks ({names})")
    say(f"into {cache_folder()}")
    _check_room(size)


def _check_room(size_bytes: int) -> None:
    """Raises ModelUnavailable when the cache's disk has no room for so much."""
    home = cache_folder().absolute()
    free = shutil.disk_usage(next(folder for folder in (home, *home.parents) if folder.exists())).free
    if free < size_bytes:
        raise ModelUnavailable(
            f"{in_words(size_bytes)} are to be fetched, but the disk with {home} has {in_words(free)} free.",
            "Free some space, or set HF_HOME to a folder on another disk.",
        )


def _fetch_and_open(weights: Weights, open_one: Open, say: Say, bars: bool) -> None:
    """Raises ModelUnavailable."""
    located = _fetch(weights, say, bars)
    try:
        open_one(weights.key)
    except ModelUnavailable:
        damaged = discard_damaged(located) if hub_answers() else ()
        if not damaged:  # as the hub has it, so that fetching it again changes nothing
            raise
        say(f"{weights.name}: damaged, fetched again: {', '.join(path.name for path in damaged)}")
        _fetch(weights, say, bars)
        open_one(weights.key)


def _fetch(weights: Weights, say: Say, bars: bool) -> Located:
    progress = _Progress(weights.name, say, bars)
    try:
        return fetch(weights, progress)
    finally:
        progress.close()


class _Progress:
    """A bar for each file on a terminal, elsewhere a line for each that is there."""

    def __init__(self, title: str, say: Say, bars: bool = True) -> None:
        self._title, self._say, self._bars = title, say, bars
        self._bar: Any = None

    def __call__(self, name: str, here: int, size: int) -> None:
        if self._bars and sys.stderr.isatty():
            self._move(name, here, size)
        elif here >= size:
            self._say(f"{self._title}: {name}, {in_words(size)}")

    def _move(self, name: str, here: int, size: int) -> None:
        from tqdm import tqdm  # not the hub's own, which transformers may switch off

        if self._bar is None:
            self._bar = tqdm(desc=f"{self._title}: {name}", total=size, unit="B", unit_scale=True)
        self._bar.update(here - self._bar.n)
        if here >= size:
            self.close()

    def close(self) -> None:
        """Leaves the bar as it is."""
        if self._bar is not None:
            self._bar.close()
            self._bar = None
