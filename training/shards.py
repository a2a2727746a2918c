"""Pictures with their truth on disk: shards of PER_SHARD, each a function of (set, k) alone and written whole.

A set is a folder with `set.json` (what it was made with) and files 000000.npz, 000001.npz, ... Whoever renders writes
them in order, so what is there is always the first so many; a training takes up what has come since.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from training.picture import picture
from training.render import Drawn

PER_SHARD = 64
SIZES = ((256, 192), (256, 192), (192, 256), (224, 224), (288, 160), (160, 288), (256, 160))
"""Width and height; all pictures of a shard have one size, whole cells of 32 pixels."""
SKY, GROUND, EDGE = 1, 2, 4
"""Bits of `flags`."""


@dataclass(frozen=True)
class PictureSet:
    """What a folder of shards holds. kind: None is any that is trained on."""

    seed: int
    generation: int
    kind: str | None = None


@dataclass(frozen=True, eq=False)
class Shard:
    """n pictures of one size with their truth."""

    picture: np.ndarray
    """(n, h, w, 3) uint8 sRGB."""
    inverse: np.ndarray
    """(n, h, w) uint16: inverse depth, 65535 is the largest of a picture; 0 in the sky."""
    nearest_m: np.ndarray
    """(n,) the depth that 65535 stands for."""
    flags: np.ndarray
    """(n, h, w) uint8, bits SKY, GROUND and EDGE."""
    thing: np.ndarray
    """(n, h, w) uint8: 0 no thing, else the instance."""
    normal: np.ndarray
    """(n, h, w, 2) int8: x and y of the normal in camera axes, times 127 (z is negative)."""
    fov_deg: np.ndarray
    """(n,) along the longer side."""
    kind: np.ndarray
    """(n,) names of the worlds' kinds."""

    def __len__(self) -> int:
        return len(self.picture)


def begin(folder: Path, what: PictureSet) -> None:
    """Makes a set's folder, or checks that it is this set's. Raises ValueError if it holds another."""
    folder.mkdir(parents=True, exist_ok=True)
    note = folder / "set.json"
    if note.exists() and json.loads(note.read_text()) != asdict(what):
        raise ValueError(f"{folder} holds {note.read_text().strip()}, not {asdict(what)}")
    note.write_text(json.dumps(asdict(what)) + "\n")


def described(folder: Path) -> PictureSet:
    """What a set was made with."""
    return PictureSet(**json.loads((folder / "set.json").read_text()))


def finished(folder: Path) -> int:
    """How many shards are there, from the first without a gap."""
    k = 0
    while shard_file(folder, k).exists():
        k += 1
    return k


def shard_file(folder: Path, k: int) -> Path:
    """The k-th shard."""
    return folder / f"{k:06d}.npz"


def make_shard(what: PictureSet, k: int, count: int = PER_SHARD, size: tuple[int, int] | None = None) -> Shard:
    """The k-th shard of a set; count and size: for tests."""
    rng = np.random.default_rng((what.seed, k))
    width, height = size or SIZES[rng.integers(len(SIZES))]
    some = [picture((what.seed, k, i), what.generation, width, height, what.kind) for i in range(count)]
    return _packed([p for p, _, _ in some], [d for _, d, _ in some], [name for _, _, name in some])


def _packed(pictures: list[np.ndarray], drawn: list[Drawn], kinds: list[str]) -> Shard:
    depth = np.stack([d.depth for d in drawn])
    nearest = np.stack([np.min(d[np.isfinite(d)], initial=np.inf) for d in depth]).astype(np.float32)
    share = np.where(np.isfinite(depth), nearest[:, None, None] / depth, 0)
    normal = np.stack([d.normal[..., :2] for d in drawn])
    flags = [np.isinf(d.depth) * SKY + d.ground * GROUND + d.edge * EDGE for d in drawn]
    return Shard(
        np.stack(pictures),
        np.round(share * 65535).astype(np.uint16),
        nearest,
        np.stack(flags).astype(np.uint8),
        np.stack([d.thing for d in drawn]),
        np.round(normal * 127).astype(np.int8),
        np.array([d.fov_deg for d in drawn], np.float32),
        np.array(kinds),
    )


def write_shard(folder: Path, k: int, shard: Shard) -> None:
    """Puts a shard in place in one step."""
    target = shard_file(folder, k)
    part = target.with_suffix(".part.npz")
    np.savez_compressed(part, **{name: getattr(shard, name) for name in Shard.__dataclass_fields__})
    os.replace(part, target)


def read_shard(folder: Path, k: int) -> Shard:
    """The k-th shard."""
    with np.load(shard_file(folder, k), allow_pickle=False) as held:
        return Shard(**{name: held[name] for name in Shard.__dataclass_fields__})


def render_set(folder: Path, what: PictureSet, upto: int, start: int = 0, step: int = 1) -> Iterator[int]:
    """Writes the shards that are missing below `upto`, yielding the number of each; start and step share the work."""
    begin(folder, what)
    for k in range(start, upto, step):
        if not shard_file(folder, k).exists():
            write_shard(folder, k, make_shard(what, k))
            yield k
