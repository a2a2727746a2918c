"""The WorldScore benchmark's files: its data set in, what its evaluator scores out.

In: DATASET/static/static.json, a list of items, each with the name of its picture, its style, the layouts that its
camera follows, and words for the first frame and for the end of each layout. Out, for each static item, in
worldscore_output/static/STYLE/SCENE_TYPE/CATEGORY/NAME (category and name are those of the picture's file):

    frames/000.png ...   49 a layout and one before them, 512 x 512
    videos/output.mp4    the same
    input_image.png      the picture, its middle, 512 x 512
    image_data.json      the item, and how many layouts and frames there are, and which frames layouts end at
    camera_data.json     focal length, amplitude, and the poses of keys and frames (`geometry/layouts.py` has the axes)
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
from jaxtyping import Float, UInt8
from PIL import Image

from gen3d.errors import InputError
from gen3d.formats.picture import as_bytes, read_picture, write_png
from gen3d.formats.video import VideoWriter
from gen3d.formats.whole import MB, check_file, refusing

SIDE_PX, FOCAL_PX = 512, 500.0
"""Of every frame. From the benchmark."""
FPS = 10
"""Of the video, which nothing is scored on. From the benchmark."""
LARGEST_BYTES = 64 * MB
OUTPUT = "worldscore_output"
_LIST = Path("static", "static.json")
_FOLDER = re.compile(r"[\w\-][\w\-. ]{0,99}")
"""A part of a path that leads nowhere else."""
_REMEDY = "Give the folder WorldScore-Dataset as the benchmark's download.py leaves it."


@dataclass(frozen=True, slots=True)
class Item:
    """One static item."""

    told: dict[str, Any]
    """As the data set has it."""
    image: Path
    layouts: tuple[str, ...]
    prompts: tuple[str, ...]
    """For the first frame and the end of each layout, each with the item's style."""
    place: Path
    """Where its files go below OUTPUT."""

    def prompt_of(self, anchor: int) -> str:
        """The words for an anchor frame; where the item has fewer, its last."""
        return self.prompts[min(anchor, len(self.prompts) - 1)]


def read_items(dataset: Path) -> list[Item]:
    """The static items of a data set, in its order.

    Raises InputError for what is no such data set, and for an item that leads out of it or shares another's place.
    """
    root = next((r for r in (dataset, dataset / "WorldScore-Dataset") if (r / _LIST).is_file()), None)
    if root is None:
        raise InputError(f"{dataset} holds no {_LIST.as_posix()}.", _REMEDY)
    check_file(root / _LIST, LARGEST_BYTES, _REMEDY)
    with refusing(f"{_LIST.as_posix()} is damaged.", _REMEDY):
        listed = json.loads((root / _LIST).read_text(encoding="utf-8"))
    if not isinstance(listed, list) or not listed:
        raise InputError(f"{_LIST.as_posix()} lists no items.", _REMEDY)
    items = [item for number, told in enumerate(listed) if (item := _item(root, number, told))]
    places = [item.place for item in items]
    if twice := next((place for place in places if places.count(place) > 1), None):
        raise InputError(f"Two items of the data set are called {twice.as_posix()}.", _REMEDY)
    return items


def _item(root: Path, number: int, told: Any) -> Item | None:
    """An item that has all that is asked of one; None where it is not static."""
    with refusing(f"Item {number} of the data set lacks a field, or one is of another kind.", _REMEDY):
        if told["visual_movement"] != "static":
            return None
        image = Path(told["image"])
        place = Path("static", told["visual_style"], told["scene_type"], image.parent.name, image.name.split(".")[0])
        layouts, prompts = _texts(told["camera_path"]), _texts(told["prompt_list"])
        style = str(told.get("style") or "").strip()
    file = (root / image).resolve()
    inside = file.is_relative_to(root.resolve()) and all(map(_FOLDER.fullmatch, place.parts)) and len(place.parts) == 5
    if not inside:
        raise InputError(f"Item {number} of the data set leads out of it.", _REMEDY)
    return Item(told, file, layouts, tuple(_styled(p, style) for p in prompts), place)


def _texts(value: Any) -> tuple[str, ...]:
    """Raises ValueError for what is no list of words."""
    if not isinstance(value, list) or not value or not all(isinstance(part, str) for part in value):
        raise ValueError("no list of words")
    return tuple(value)


def _styled(prompt: str, style: str) -> str:
    """A prompt and the item's style as two sentences."""
    return f"{prompt.strip().removesuffix('.')}. {style}".strip()


def centre_crop(image: Float[np.ndarray, "h w 3"], side_px: int = SIDE_PX) -> UInt8[np.ndarray, "s s 3"]:
    """The largest square in the middle of a picture, at the benchmark's size."""
    height, width, _ = image.shape
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    square = Image.fromarray(as_bytes(image[top : top + side, left : left + side]))
    return np.asarray(square.resize((side_px, side_px), Image.Resampling.LANCZOS))


def read_input(item: Item, side_px: int = SIDE_PX) -> UInt8[np.ndarray, "s s 3"]:
    """An item's picture as it is scored; InputError for what is none."""
    return centre_crop(read_picture(item.image), side_px)


def write_about(
    folder: Path,
    item: Item,
    picture: UInt8[np.ndarray, "s s 3"],
    keys: Sequence[Float[np.ndarray, "4 4"]],
    frames: Sequence[Float[np.ndarray, "4 4"]],
    anchor_indices: Sequence[int],
    amplitude_m: float,
) -> None:
    """All of an item's files but its frames and its video; the poses are the benchmark's, camera-to-world."""
    write_png(folder / "input_image.png", picture)
    counts = {"num_scenes": len(keys) - 1, "total_frames": len(frames), "anchor_frame_idx": list(anchor_indices)}
    _write(folder / "image_data.json", item.told | counts)
    poses = {"cameras": np.array(keys).tolist(), "cameras_interp": np.array(frames).tolist()}
    _write(folder / "camera_data.json", {"focal_length": round(FOCAL_PX), "scale": amplitude_m} | poses)


def _write(file: Path, content: dict[str, Any]) -> None:
    file.write_text(json.dumps(content, indent=4, ensure_ascii=False) + "\n", encoding="utf-8")


class Frames:
    """Where a path's frames go inside a `with` block: each as a PNG, and all as a video."""

    def __init__(self, folder: Path, width: int, height: int) -> None:
        self._frames, self._videos, self._count = folder / "frames", folder / "videos", 0
        self._size, self._cleanup = (width, height), ExitStack()

    def __enter__(self) -> Frames:
        self._frames.mkdir()
        self._videos.mkdir()
        self._video = self._cleanup.enter_context(VideoWriter(self._videos / "output.mp4", *self._size, FPS))
        return self

    def add(self, frame: Float[np.ndarray, "h w 3"]) -> None:
        """The next frame, sRGB; values outside [0, 1] are cut off."""
        picture = as_bytes(frame)
        write_png(self._frames / f"{self._count:03d}.png", picture)
        self._video.add(picture)
        self._count += 1

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._cleanup.__exit__(kind, error, traceback)


@dataclass(frozen=True, eq=False, slots=True)
class Written:
    """What was written for an item, read back."""

    folder: Path
    place: Path
    image_data: dict[str, Any]
    amplitude_m: float
    focal_px: float
    keys: Float[np.ndarray, "k 4 4"]
    frames: Float[np.ndarray, "n 4 4"]

    def frame(self, number: int) -> Float[np.ndarray, "h w 3"]:
        """A frame's picture."""
        return read_picture(self.folder / "frames" / f"{number:03d}.png")

    @property
    def input_image(self) -> Float[np.ndarray, "h w 3"]:
        """The picture that the item began with."""
        return read_picture(self.folder / "input_image.png")


def written_in(out: Path) -> Iterator[Written]:
    """Every item below OUT/worldscore_output, whoever wrote it; InputError where there is none, or one is damaged."""
    root = out / OUTPUT
    found = sorted((root / "static").glob("*/*/*/*/camera_data.json"))
    if not found:
        raise InputError(f"{out} holds no {OUTPUT}/static with items.", "Run `gen3d worldscore DATASET -o OUT` first.")
    for file in found:
        yield _written(root, file)


def _written(root: Path, file: Path) -> Written:
    again = "Make it again with --resume."
    image_file = file.with_name("image_data.json")
    for one in (file, image_file):
        check_file(one, LARGEST_BYTES, again)
    with refusing(f"{file.parent.relative_to(root).as_posix()} is damaged.", again):
        told, about = (json.loads(one.read_text(encoding="utf-8")) for one in (file, image_file))
        keys, frames = np.array(told["cameras"], float), np.array(told["cameras_interp"], float)
        if keys.shape[1:] != (4, 4) or len(frames) != about["total_frames"]:
            raise ValueError("poses and frames do not match")
        scale, focal = float(told["scale"]), float(told["focal_length"])
        return Written(file.parent, file.parent.relative_to(root), about, scale, focal, keys, frames)
