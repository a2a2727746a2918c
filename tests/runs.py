"""Small runs for tests of the pipeline and its shells: settings that finish at once, a photo with depth on disk.

request = save_rgbd(tmp_path)
events = list(build(request, room_models(), pick_rasterizer(), TINY, tmp_path / "out"))
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image

from gen3d.camera import Camera
from gen3d.formats.depth_file import write_depth
from gen3d.formats.picture import write_png
from gen3d.formats.ply import read_ply
from gen3d.formats.transforms import read_transforms
from gen3d.models.base import Models, Proposals
from gen3d.request import Request
from gen3d.settings import ExpandSettings, FitSettings, Settings, TourSettings
from gen3d.splat.pick import pick_rasterizer
from tests.fakes import fake_models
from tests.worlds import AnalyticWorld, box_room

TINY = Settings(
    "tiny",
    size_px=96,
    seconds=1,
    expand=ExpandSettings(poses=3, margin_px=8),
    fit=FitSettings(iterations=8, reprojections=3, max_gaussians=20_000),
    tour=TourSettings(frames=6, fps=6, width_px=96),
)
"""All that is in a build, in about a second."""


def save_rgbd(
    folder: Path,
    world: AnalyticWorld | None = None,
    width: int = 96,
    height: int = 72,
    noise: Callable[[np.ndarray], np.ndarray] | None = None,
    **request,
) -> Request:
    """Writes photo.png and depth.npy of a world (a room with two boxes) and returns the request for them."""
    world = world or box_room()
    rgbd = world.view(world.camera(width, height), supersample=2)
    folder.mkdir(exist_ok=True)
    write_png(folder / "photo.png", as_bytes(rgbd.image))
    write_depth(folder / "depth.npy", noise(rgbd.depth) if noise else rgbd.depth)
    given = {"photo": folder / "photo.png", "depth": folder / "depth.npy", "fov_deg": world.fov_deg}
    return Request(**(given | request))


class RoomSegmenter:
    """Plays `Segmenter` for the box room as seen from its own camera, and knows the two boxes."""

    name = "room"

    def segment(self, image: np.ndarray, depth: np.ndarray) -> Proposals:
        h, w = depth.shape
        boxes = box_room().foreground(box_room().camera(w, h))
        left = boxes & (np.arange(w) < w / 2)
        return Proposals(np.stack([left, boxes & ~left]), np.array([0.95, 0.9], np.float32))


def room_models(**roles: object) -> Models:
    """Fakes, but for the segmenter, so that there are two layers."""
    return fake_models(**({"segmenter": RoomSegmenter()} | roles))


def as_bytes(image: np.ndarray) -> np.ndarray:
    return np.rint(np.clip(image, 0, 1) * 255).astype(np.uint8)


def picture(path: Path) -> np.ndarray:
    """A PNG as float64 in [0, 1]."""
    return np.asarray(Image.open(path)) / 255.0


def draw(scene: Path, camera: Camera | None = None) -> np.ndarray:
    """What a scene folder's .ply shows, h w 3 in [0, 1]; without a camera, from where the photo was taken."""
    camera = camera or read_transforms(scene / "transforms.json")[0]
    return pick_rasterizer().render(read_ply(scene / "scene.ply"), camera).rgb.numpy()


def inside(folder: Path) -> set[str]:
    """Every file and folder below a folder, hidden and temporary ones included."""
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*")}
