"""A data set as WorldScore's: pictures of two worlds, and a static item for each of some camera paths.

    dataset = save_dataset(tmp_path / "data", [["pan_left"], ["push_in", "move_right"]])
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from gen3d.formats.picture import write_png
from tests.runs import as_bytes
from tests.worlds import box_room, ground_and_sky

WORLDS = {
    ("photorealistic", "indoor", "living_spaces"): box_room, ("stylized", "outdoor", "coastlines"): ground_and_sky,
}  # fmt: skip


def save_dataset(folder: Path, paths: Sequence[Sequence[str]], width: int = 96, height: int = 72) -> Path:
    """Every path with both pictures; one item more that moves, which is none of the static ones."""
    items = []
    for (style, kind, category), world in WORLDS.items():
        place = Path("static") / style / kind / category
        (folder / place).mkdir(parents=True)
        picture = as_bytes(world().view(world().camera(width, height)).image)
        for number, path in enumerate(paths):
            write_png(folder / place / f"{number:03d}.png", picture)
            items.append(_item(style, kind, (place / f"{number:03d}.png").as_posix(), path))
    moving = {"visual_movement": "dynamic", "visual_style": "photorealistic", "image": "dynamic/rigid/000.png"}
    write_items(folder, [*items, moving])
    return folder


def _item(style: str, kind: str, image: str, path: Sequence[str]) -> dict[str, Any]:
    scenes = ["the first scene", *(f"the scene after {layout}." for layout in path)]
    return {
        "visual_movement": "static", "visual_style": style, "scene_type": kind, "image": image,
        "style": "Oil on canvas",
        "camera_path": list(path), "prompt_list": scenes, "content_list": [["a box"] for _ in scenes],
    }  # fmt: skip


def write_items(folder: Path, items: list[Any]) -> None:
    """The data set's list."""
    (folder / "static").mkdir(parents=True, exist_ok=True)
    (folder / "static" / "static.json").write_text(json.dumps(items), encoding="utf-8")
