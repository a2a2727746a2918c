"""The views of all scenes as one data set: which scene is for training, and WebDataset's shards.

    dataset/index.json      every scene and shard: split, samples, bytes, sha256
    dataset/train-00000.tar, ..., val-00000.tar, ...      of the kinds webdataset and labelled
    dataset/README.md       the card (`card.py`)

A scene is in the part that the hash of its name says, whatever else there is: so a data set that grows moves nothing
from one part to the other. Within a part scenes come in the order of their hashes. Rejected scenes are left out. The
same scenes give the same bytes; a shard whose scenes are as they were is not written again.
"""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gen3d.many.store import Store
from gen3d.many.views.kinds import SHARDED

INDEX = "dataset/index.json"
SHARD_BYTES = 256 << 20
"""A shard is closed when it has so many."""


@dataclass(frozen=True, slots=True)
class Packed:
    """A scene of the data set."""

    name: str
    split: str
    files: Mapping[str, int]
    """Of its views, with their bytes."""
    key: str
    """Of its ask."""


def hash_of(name: str) -> float:
    """In [0, 1), the same everywhere."""
    return int(hashlib.sha256(name.encode()).hexdigest()[:8], 16) / 2**32


def packed(markers: Mapping[str, Mapping[str, Any]], val_share: float) -> list[Packed]:
    """The scenes of the data set, in order; markers: of whole scenes."""
    found = []
    for name in sorted(markers, key=lambda name: (hash_of(name), name)):
        files = {file: size for file, size in markers[name]["files"].items() if file.startswith("views/")}
        if files and markers[name]["row"].get("verdict") != "reject":
            found.append(Packed(name, "val" if hash_of(name) < val_share else "train", files, markers[name]["key"]))
    return found


def write_index(store: Store, kind: str, scenes: Sequence[Packed]) -> dict[str, Any]:
    """The index, and of some kinds the shards; returns the index."""
    shards = list(_shards(store, scenes)) if kind in SHARDED else []
    index = {
        "kind": kind,
        "splits": {part: [s.name for s in scenes if s.split == part] for part in ("train", "val")},
        "shards": shards,
    }
    store.write(INDEX, (json.dumps(index, indent=1) + "\n").encode())
    return index


def _shards(store: Store, scenes: Sequence[Packed]) -> Iterator[dict[str, Any]]:
    before = {}
    with suppress(ValueError, TypeError, KeyError):
        before = {shard["file"]: shard for shard in json.loads(store.read(INDEX) or b"{}").get("shards", [])}
    now = set()
    for part in ("train", "val"):
        for number, some in enumerate(_in_shards([s for s in scenes if s.split == part])):
            file = f"dataset/{part}-{number:05d}.tar"
            now.add(file)
            of = _digest(json.dumps([(s.name, s.key, sorted(s.files.items())) for s in some]).encode())
            known = before.get(file)
            is_as_it_was = known is not None and known.get("of") == of
            yield known if is_as_it_was else {"file": file, "split": part, "of": of} | _write_shard(store, file, some)
    for gone in before.keys() - now:
        store.remove(gone)


def _in_shards(scenes: Sequence[Packed]) -> Iterator[list[Packed]]:
    some, size = [], 0
    for scene in scenes:
        some.append(scene)
        size += sum(scene.files.values())
        if size >= SHARD_BYTES:
            yield some
            some, size = [], 0
    if some:
        yield some


def _write_shard(store: Store, file: str, scenes: Sequence[Packed]) -> dict[str, Any]:
    samples = 0
    with tempfile.TemporaryDirectory(prefix="gen3d-") as folder:
        made = Path(folder) / "shard.tar"
        with tarfile.open(made, "w", format=tarfile.GNU_FORMAT) as tar:
            for scene in scenes:
                views = store.fetch(scene.name, "views", Path(folder) / scene.name)
                for view in sorted(views.iterdir()):
                    _add(tar, f"{scene.name}/{view.name}", view.read_bytes())
                    samples += view.name.endswith(".rgb.png")
        told = {"samples": samples, "scenes": [s.name for s in scenes], "bytes": made.stat().st_size}
        with made.open("rb") as whole:
            told["sha256"] = hashlib.file_digest(whole, "sha256").hexdigest()
        store.write_file(file, made)
    return told


def _add(tar: tarfile.TarFile, name: str, content: bytes) -> None:
    """Of nobody, at no time: the same content gives the same bytes."""
    member = tarfile.TarInfo(name)
    member.size = len(content)
    tar.addfile(member, io.BytesIO(content))


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
