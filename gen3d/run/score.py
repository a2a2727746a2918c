"""Figures of what `gen3d worldscore` made, reckoned without a network and without the benchmark's evaluator.

They are not WorldScore: each is reckoned in its own way, and FIGURES says how, and which aspect of WorldScore looks at
the same thing. "anchor" views are the frames that the benchmark looks at, each with the frame before it, as they were
written; "random" views are drawn anew from the scene, beside any frame of the path, each with one a frame later. New
views are made up at the anchors, so the others tell how the scene holds between them.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from scipy.spatial.transform import Rotation

from gen3d import __version__
from gen3d.camera import Camera
from gen3d.events import Finished, Notice, Progress, Stage
from gen3d.formats.ply import read_ply
from gen3d.formats.whole import write_whole
from gen3d.formats.worldscore import SIDE_PX, Written, written_in
from gen3d.geometry import consistency as c
from gen3d.geometry.consistency import Seen
from gen3d.geometry.layouts import anchors, frames, from_opengl, to_opengl
from gen3d.run.record import write_json
from gen3d.run.worldscore import SCENES
from gen3d.splat.gaussians import Gaussians
from gen3d.splat.role import FILLED_ALPHA, Rasterizer, draw

RANDOM_VIEWS = 8
"""Of each item. Chosen by eye."""
ASIDE, TURNED_DEG = 0.1, 5.0
"""A random view lies so far beside its frame at most, in amplitudes, and is turned by so much. Chosen by eye."""


class Figure(NamedTuple):
    """What a figure is."""

    unit: str
    aspect: str
    """Of WorldScore, that looks at the same thing; "" for none."""
    better: str
    what: str


FIGURES: dict[str, Figure] = {
    "rotation_error_deg": Figure(
        "degrees", "camera control", "lower", "largest rotation between the written poses and those of the layouts"),
    "translation_error": Figure(
        "amplitudes", "camera control", "lower", "largest shift between the written poses and those of the layouts"),
    "reprojection_px": Figure(
        "px of 512", "3D consistency", "lower",
        "median distance of corners followed from a frame to the next from where rendered depth and poses put them"),
    "cycle_px": Figure(
        "px of 512", "photometric consistency", "lower",
        "mean distance of a pixel from itself after the known flow there and back"),
    "warped_db": Figure(
        "dB", "photometric consistency", "higher",
        "PSNR of a frame against the next one warped to it by the known flow"),
    "flicker": Figure(
        "levels of 255", "photometric consistency", "lower",
        "change of brightness and colour of what both frames show"),
    "style_distance": Figure(
        "0 to 2", "style consistency", "lower",
        "distance of Gram matrices of fixed filters (no network) between a view and the input picture"),
    "sharpness": Figure("1: as the input", "subjective quality", "1", "gradient energy over that of the input picture"),
    "coverage": Figure("share", "", "higher", "pixels that show anything (alpha from 0.5)"),
    "largest_hole": Figure("share", "", "lower", "the largest connected part of a view that shows nothing"),
}  # fmt: skip
"""Name -> what it is; in the order of the table."""
NOT_WORLDSCORE = (
    "These figures are not WorldScore, which its own evaluator alone reckons; each is defined under figures."
)


@dataclass(frozen=True, eq=False, slots=True)
class View:
    """A view to be scored: what it shows, and which of its pixels are filled."""

    seen: Seen
    filled: np.ndarray


def score(out: Path, rasterizer: Rasterizer, seed: int = 0) -> Stage[dict[str, Any]]:
    """The figures of all items in a folder, their means, and what they are; also written to OUT/score.json.

    An item without its scene has those figures alone that its files give. Raises InputError where there are no items.
    """
    items: dict[str, dict[str, dict[str, float]]] = {}
    written = list(written_in(out))
    for number, item in enumerate(written):
        yield Progress("score", number, len(written))
        scene = out / SCENES / item.place / "scene.ply"
        if not scene.is_file():
            yield Notice(f"{item.place.as_posix()} has no scene here, so only its files are scored.")
        gaussians = read_ply(scene).to(rasterizer.device) if scene.is_file() else None
        items[item.place.as_posix()] = scored(item, gaussians, rasterizer, seed)
    kinds = ("files", "anchor", "random")
    means = {kind: mean_of(item[kind] for item in items.values()) for kind in kinds}
    figures = {name: figure._asdict() for name, figure in FIGURES.items()}
    found = {"gen3d": __version__, "about": NOT_WORLDSCORE, "figures": figures, "mean": means, "items": items}
    with write_whole(out / "score.json") as temporary:
        write_json(temporary, found)
    yield Finished("score", out / "score.json")
    return found


def scored(
    item: Written, gaussians: Gaussians | None, rasterizer: Rasterizer, seed: int = 0
) -> dict[str, dict[str, float]]:
    """files, anchor, random -> figure -> value; without a scene no view has a depth."""
    picture = item.input_image
    lens = _lens(item, picture.shape[1])
    at = item.image_data["anchor_frame_idx"][1:]
    turn, shift = c.pose_error(item.frames, np.array([*map(to_opengl, frames(_asked(item)))]))
    files = {"rotation_error_deg": turn, "translation_error": shift / item.amplitude_m}
    shown = [item.frame(i) for i in at]
    anchor, random = [of_picture(image, picture) for image in shown], []
    if gaussians is not None:
        for row, i, image in zip(anchor, at, shown, strict=True):
            now, before = (view_of(gaussians, lens.posed(from_opengl(item.frames[j])), rasterizer) for j in (i, i - 1))
            row |= of_pair(_showing(now, image), _showing(before, item.frame(i - 1)))
        for one, after in random_cameras(item, lens, seed):
            view, next_view = (view_of(gaussians, camera, rasterizer) for camera in (one, after))
            random.append(of_picture(view.seen.image, picture) | of_pair(view, next_view))
    return {"files": files, "anchor": mean_of(anchor), "random": mean_of(random)}


def _asked(item: Written) -> list[np.ndarray]:
    return anchors(item.image_data["camera_path"], item.amplitude_m)


def _lens(item: Written, side_px: int) -> Camera:
    focal = item.focal_px * side_px / SIDE_PX
    return Camera.from_intrinsics(focal, focal, side_px / 2, side_px / 2, side_px, side_px)


def random_cameras(item: Written, lens: Camera, seed: int = 0) -> Iterator[tuple[Camera, Camera]]:
    """Views beside the path, each with one a frame later; the same for the same item and seed."""
    chance = np.random.default_rng([seed, zlib.crc32(item.place.as_posix().encode())])
    for _ in range(RANDOM_VIEWS):
        i = int(chance.integers(0, len(item.frames) - 1))
        aside = np.eye(4)
        aside[:3, 3] = ASIDE * item.amplitude_m * chance.uniform(-1, 1, 3)
        aside[:3, :3] = Rotation.from_rotvec(TURNED_DEG * chance.uniform(-1, 1, 3), degrees=True).as_matrix()
        here, there = (from_opengl(item.frames[j]) for j in (i, i + 1))
        yield lens.posed(here @ aside), lens.posed(there @ aside)


def view_of(gaussians: Gaussians, camera: Camera, rasterizer: Rasterizer) -> View:
    """What a camera sees of a scene."""
    drawn = draw(rasterizer, gaussians, camera).cpu()
    image = (drawn.rgb / drawn.alpha.clamp(min=FILLED_ALPHA)[..., None]).clamp(0, 1).numpy()
    filled = (drawn.alpha >= FILLED_ALPHA).numpy()
    return View(Seen(image, np.where(filled, drawn.depth.numpy(), 0.0), camera), filled)


def _showing(view: View, image: np.ndarray) -> View:
    """The same with the picture as it was written."""
    return View(Seen(image, view.seen.depth, view.seen.camera), view.filled)


def of_picture(image: np.ndarray, picture: np.ndarray) -> dict[str, float]:
    """Figures of a view beside the picture that its scene was made of."""
    return {"style_distance": c.style_distance(image, picture), "sharpness": c.sharpness(image, picture)}


def of_pair(one: View, other: View) -> dict[str, float]:
    """Figures of a view and its neighbour; lengths as in a frame 512 px wide, whatever the width here."""
    a, b = one.seen, other.seen
    to_512 = SIDE_PX / a.camera.width
    lengths = {"reprojection_px": c.reprojection_px(a, b), "cycle_px": c.cycle_px(a, b)}
    found = {name: value * to_512 for name, value in lengths.items() if value is not None}
    found |= {n: v for n, v in (("warped_db", c.warped_db(a, b)), ("flicker", c.flicker(a, b))) if v is not None}
    return found | {"coverage": c.coverage(one.filled), "largest_hole": c.largest_hole(one.filled)}


def mean_of(rows: Iterable[dict[str, float]]) -> dict[str, float]:
    """The mean of each figure over the rows that have it, in the order of FIGURES."""
    rows = list(rows)
    having = {name: [row[name] for row in rows if name in row] for name in FIGURES}
    return {name: round(float(np.mean(values)), 6) for name, values in having.items() if values}
