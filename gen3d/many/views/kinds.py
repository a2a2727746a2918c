"""The views of one scene as files, in views/ of its folder.

    nerfstudio, colmap     images/ depths/ depths_exr/ masks/ normals/ made_up/ transforms.json sparse/0 points.ply
                           caption.txt: one folder that both read (`formats/dataset.py`)
    webdataset             0000.rgb.png 0000.depth.npy 0000.normal.png 0000.made_up.png 0000.camera.json
                           0000.caption.txt
    labelled               0000.rgb.png 0000.depth.npy 0000.things.png 0000.names.json 0000.camera.json
                           0000.caption.txt, of a scene that was drawn from a sentence: the drawing itself, exact

A normal is 127.5 + 127.5 n as bytes, (0, 0, 0) where nothing is; made up is white. Depth as .npy is float32 metres, inf
is sky, NaN unknown. Things are 16 bits a pixel, numbers into the list of names, whose first is "": none.
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from gen3d.formats.dataset import write_dataset
from gen3d.formats.painted import read_painted
from gen3d.formats.picture import as_bytes, write_png
from gen3d.formats.transforms import write_transforms
from gen3d.many.views.drawn import DataView, cameras_of, draw_views
from gen3d.products.dataset import coloured_points
from gen3d.products.export import FinishedScene

Writer = Callable[[Path, Sequence[DataView], FinishedScene, str], None]


def write_views(scene: FinishedScene, folder: Path, kind: str, path: str, count: int, caption: str) -> None:
    """The views of a scene into a folder that is made; path and count: where they lie.

    Of the kind "labelled" nothing is made of a scene that no sentence was drawn for.
    """
    if kind == LABELLED:
        return write_labelled(scene.folder, folder, caption)
    views = draw_views(scene, cameras_of(scene, path, count))
    folder.mkdir()
    DRAWN[kind](folder, views, scene, caption)


def _write_folder(folder: Path, views: Sequence[DataView], scene: FinishedScene, caption: str) -> None:
    write_dataset(folder, [view.frame for view in views], *coloured_points(scene.gaussians))
    for kind in ("normals", "made_up"):
        (folder / kind).mkdir()
    for i, view in enumerate(views):
        write_png(folder / "normals" / f"{i:04d}.png", _normal_bytes(view))
        write_png(folder / "made_up" / f"{i:04d}.png", _white_where(view.made_up))
    (folder / "caption.txt").write_text(f"{caption}\n", encoding="utf-8")
    told = json.loads((folder / "transforms.json").read_text(encoding="utf-8"))
    for i, frame in enumerate(told["frames"]):
        frame |= {"normal_file_path": f"normals/{i:04d}.png", "made_up_file_path": f"made_up/{i:04d}.png"}
    (folder / "transforms.json").write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")


def _write_samples(folder: Path, views: Sequence[DataView], scene: FinishedScene, caption: str) -> None:
    for i, view in enumerate(views):
        sample = folder / f"{i:04d}"
        write_png(sample.with_suffix(".rgb.png"), view.frame.image)
        write_png(sample.with_suffix(".normal.png"), _normal_bytes(view))
        write_png(sample.with_suffix(".made_up.png"), _white_where(view.made_up))
        sample.with_suffix(".depth.npy").write_bytes(_npy(view.frame.depth))
        write_transforms(sample.with_suffix(".camera.json"), [view.frame.camera], [f"{i:04d}.rgb.png"])
        sample.with_suffix(".caption.txt").write_text(f"{caption}\n", encoding="utf-8")


def write_labelled(scene: Path, folder: Path, caption: str) -> None:
    """The picture that a sentence was drawn as, with all that is known of it."""
    if not (scene / "painted.npz").exists():
        return
    folder.mkdir()
    drawn, sample = read_painted(scene / "painted.npz"), folder / "0000"
    write_png(sample.with_suffix(".rgb.png"), as_bytes(drawn.image))
    sample.with_suffix(".depth.npy").write_bytes(_npy(drawn.depth))
    Image.fromarray(drawn.things.labels.astype(np.uint16)).save(sample.with_suffix(".things.png"))
    names = json.dumps(["", *drawn.things.names], ensure_ascii=False)
    sample.with_suffix(".names.json").write_text(f"{names}\n", encoding="utf-8")
    write_transforms(sample.with_suffix(".camera.json"), [drawn.camera], ["0000.rgb.png"])
    sample.with_suffix(".caption.txt").write_text(f"{drawn.prompt or caption}\n", encoding="utf-8")


LABELLED = "labelled"
DRAWN: dict[str, Writer] = {"nerfstudio": _write_folder, "colmap": _write_folder, "webdataset": _write_samples}
KINDS = (*DRAWN, LABELLED)
SHARDED = ("webdataset", LABELLED)
"""Kinds whose files are packed into shards."""


def _normal_bytes(view: DataView) -> np.ndarray:
    there = np.isfinite(view.normal).all(axis=2, keepdims=True)
    return np.where(there, np.rint(127.5 + 127.5 * np.nan_to_num(view.normal)), 0).clip(0, 255).astype(np.uint8)


def _white_where(region: np.ndarray) -> np.ndarray:
    return np.where(region, 255, 0).astype(np.uint8)


def _npy(array: np.ndarray) -> bytes:
    file: Any = io.BytesIO()
    np.save(file, array.astype(np.float32), allow_pickle=False)
    return file.getvalue()
