"""Goes through a data set that `gen3d batch --dataset webdataset|labelled` wrote, and says how fast; trains nothing.

    python examples/iterate_shards.py OUT/dataset [--split train] [--workers 2] [--epochs 1]

A sample is what a training loop would be given: tensors of a view's colours, depth, normals, what was made up, its
camera and its words; of a labelled one the things and their names. Shards are read from front to back, each by one
worker, as WebDataset reads them; that library takes the same files
(`webdataset.WebDataset(urls).decode("torchrgb")`).
"""

from __future__ import annotations

import argparse
import io
import json
import tarfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch.utils.data import DataLoader, IterableDataset, get_worker_info


class Views(IterableDataset):
    """The views of a split, shard by shard."""

    def __init__(self, folder: Path, split: str) -> None:
        index = json.loads((folder / "index.json").read_text(encoding="utf-8"))
        self.shards = [folder / Path(s["file"]).name for s in index["shards"] if s["split"] == split]

    def __iter__(self) -> Iterator[dict]:
        worker = get_worker_info()
        for shard in self.shards[worker.id :: worker.num_workers] if worker else self.shards:
            yield from samples(shard)


def samples(shard: Path) -> Iterator[dict]:
    """The samples of a shard, in its order: members whose names agree up to the first dot belong together."""
    with tarfile.open(shard, "r|") as tar:
        key, found = None, {}
        for member in tar:
            folder, _, file = member.name.rpartition("/")
            name, _, kind = file.partition(".")
            if key not in (None, (folder, name)):
                yield found
                found = {}
            key = folder, name
            found |= {"key": f"{folder}/{name}", kind: decoded(kind, tar.extractfile(member).read())}
        if found:
            yield found


def decoded(kind: str, content: bytes) -> object:
    """By its ending: pictures as bytes h w c, depth as metres, a camera as its intrinsics and camera-to-world."""
    if kind.endswith(".png"):
        return torch.from_numpy(np.array(Image.open(io.BytesIO(content))))
    if kind.endswith(".npy"):
        return torch.from_numpy(np.load(io.BytesIO(content), allow_pickle=False))
    if kind == "names.json":
        return json.loads(content)
    if kind.endswith(".json"):
        frame = json.loads(content)["frames"][0]
        lens = torch.tensor([frame[name] for name in ("fl_x", "fl_y", "cx", "cy")])
        return {"intrinsics": lens, "camera_to_world": torch.tensor(frame["transform_matrix"])}
    return content.decode().strip()


def main() -> None:
    """Reads the command line and iterates."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--split", default="train", choices=("train", "val"))
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--epochs", type=int, default=1)
    asked = parser.parse_args()
    views = Views(asked.folder, asked.split)
    for epoch in range(asked.epochs):
        start, count, size = time.perf_counter(), 0, 0
        for sample in DataLoader(views, batch_size=None, num_workers=min(asked.workers, len(views.shards))):
            count += 1
            size += sum(part.nbytes for part in sample.values() if isinstance(part, torch.Tensor))
        seconds = time.perf_counter() - start
        print(f"epoch {epoch}: {count} views in {seconds:.1f} s, {count / seconds:.0f} a second, "
              f"{size / seconds / 1e6:.0f} MB a second decoded")  # fmt: skip


if __name__ == "__main__":
    main()
