"""What a scene file says: its Gaussians, and what else must be known to draw and to write them as they were meant.

Georeferenced scenes lie millions of metres from their world's origin, where float32 steps by half a metre. So scenes
that lie far are held around an origin of their own, found before anything is cut to float32; a camera's place has it
subtracted in double precision (`camera_at`), and writers add it again.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Bool, Float

from gen3d.camera import Camera
from gen3d.errors import EmptyWorld, InputError
from gen3d.formats.known import Labels, Viewpoint
from gen3d.splat.gaussians import Gaussians, all_finite
from gen3d.splat.placed import placed

MOST = 20_000_000
"""Gaussians that are read from any file, unless the caller says fewer; with all their harmonics they take 5 GB."""
Origin = tuple[float, float, float]
NEAR: Origin = (0.0, 0.0, 0.0)
"""The origin of a scene that lies around its world's own, as nearly all do."""
FINE = 0.01
"""A scene is far where float32 steps by more than this share of a usual Gaussian's size."""
COARSE = 0.5
"""Positions in steps of more than this share of a usual Gaussian's size are a scene in shreds."""
DENSEST = 25
"""So many bytes packed into one are not believed: scenes pack to a half or a third, bombs to a thousandth. What
is less than a MB in all is no bomb."""
_SOME = 100_000
"""Of so many Gaussians a median is taken."""


@dataclass(frozen=True, eq=False, slots=True)
class StoredScene:
    """A scene file, read."""

    gaussians: Gaussians
    """Around `origin`."""
    antialiased: bool = False
    """They were fitted for a rasterizer that dims what the low-pass widens: `splat/antialiased.py`."""
    origin: Origin = NEAR
    """Metres, in double precision; whole numbers."""
    notices: tuple[str, ...] = ()
    """What was taken otherwise than the file may have meant it, for people."""
    camera: Camera | None = None
    """Through which the scene was seen first, in the world of `gaussians`, where the file says so."""
    up: str = ""
    """The axis that points up, as "-y", where the file says so."""
    writer: str = ""
    """What wrote the file, where it says so or gives it away."""
    left_out: int = 0
    """Gaussians of the file that nobody could draw."""
    kind: str = ""
    """How the names of its format end."""
    labels: Labels | None = None
    """Which part each Gaussian is of, where that is known."""
    viewpoint: Viewpoint | None = None
    """Where it is made to be looked at from, where that is known."""

    def __post_init__(self) -> None:
        if self.labels is not None and len(self.labels.of) != len(self.gaussians):
            raise ValueError(f"{len(self.labels.of)} labels for {len(self.gaussians)} Gaussians")

    @property
    def in_place(self) -> Gaussians:
        """Where the file has them, as exactly as float32 can say."""
        return moved(self.gaussians, self.origin)

    def camera_at(self, camera: Camera) -> Camera:
        """A camera of the file's world in that of `gaussians`."""
        if self.origin == NEAR:
            return camera
        c2w = camera.c2w
        c2w[:3, 3] -= self.origin
        return camera.posed(c2w)


@dataclass(frozen=True, slots=True)
class Writing:
    """What somebody may want of a file where its format leaves a choice."""

    spz_version: int = 3
    """2 for older readers, 4 for newer ones."""
    spz_y_up: bool = True
    """In the format's own axes, not in those that SuperSplat takes for granted."""


PLAIN = Writing()


def around_middle(scene: StoredScene) -> StoredScene:
    """The same scene around an origin of its own where it is far; for formats that hold float32 or less."""
    g = scene.gaussians
    origin = origin_of(g.means[:: _stride(len(g))].double().cpu().numpy(), usual_size(g))
    if origin == NEAR:
        return scene
    return replace(scene, gaussians=moved(g, tuple(-x for x in origin)), origin=origin)


def in_place(scene: StoredScene, matrix: Float[np.ndarray, "4 4"]) -> StoredScene:
    """The same scene after x -> A x in the file's world, with an origin of whole metres again."""
    scene = replace(scene, camera=None, up="")
    scene = replace(scene, viewpoint=_placed(scene.viewpoint, matrix))
    if scene.origin == NEAR:
        return replace(scene, gaussians=placed(scene.gaussians, matrix))
    exact = matrix[:3, :3] @ scene.origin + matrix[:3, 3]
    origin = np.rint(exact)
    here = matrix.copy()
    here[:3, 3] = exact - origin
    x, y, z = origin.tolist()
    return replace(scene, gaussians=placed(scene.gaussians, here), origin=(x, y, z))


def _placed(viewpoint: Viewpoint | None, matrix: Float[np.ndarray, "4 4"]) -> Viewpoint | None:
    """Moved along; none in a mirrored world, where no camera has a place."""
    mirrors = np.linalg.det(matrix[:3, :3]) < 0
    return None if viewpoint is None or mirrors else viewpoint.placed(matrix)


def moved(gaussians: Gaussians, by: Origin) -> Gaussians:
    """All of them moved, metres; float32 again after a sum in double precision."""
    if by == NEAR:
        return gaussians
    return replace(gaussians, means=(gaussians.means.double() + torch.tensor(by, dtype=torch.float64)).float())


def origin_of(xyz: Float[np.ndarray, "n 3"], size: float) -> Origin:
    """Where to hold a scene around: its middle in whole metres if that is far, else the world's own origin.

    xyz: some of the means, in double precision. size: of a usual Gaussian.
    """
    known = xyz[np.isfinite(xyz).all(axis=1)]
    if not len(known):
        return NEAR
    x, y, z = np.median(known, axis=0)
    if float32_step(max(map(abs, (x, y, z)))) <= FINE * size:
        return NEAR
    return float(np.rint(x)), float(np.rint(y)), float(np.rint(z))


def float32_step(value: float) -> float:
    """How far apart numbers of this size are in float32."""
    return float(np.spacing(np.float32(min(abs(value), 1e38))))


def usual_size(gaussians: Gaussians) -> float:
    """The median of the middle one of their three scales: how large a surface's Gaussians are within it. 0 of none."""
    scales = gaussians.scales.detach()[:: _stride(len(gaussians))]
    return float(np.median(scales.median(dim=1).values.cpu().numpy())) if len(scales) else 0.0


def check_writable(gaussians: Gaussians) -> None:
    """Raises EmptyWorld when there are none, ValueError when a value is not finite."""
    if len(gaussians) == 0:
        raise EmptyWorld("The scene holds no Gaussians, so there is nothing to write.", "Try another photo.")
    if not bool(can_be_drawn(gaussians).all()):
        raise ValueError("Gaussians hold values that are not finite, or rotations of length zero")


def check_steps(kind: str, step: float, gaussians: Gaussians, origin: Origin) -> None:
    """Raises InputError where a format's steps would leave the scene in shreds; step: between two positions, metres."""
    size = usual_size(gaussians)
    if step <= COARSE * size or step == 0:
        return
    way_out = "Write a .ply, which keeps them"
    raise InputError(
        f"A {kind} would keep positions in steps of {step:.2g}, and this scene's Gaussians are {size:.2g} large.",
        f"{way_out}." if origin == NEAR else f"{way_out}, or leave the far offset out with --centred.",
    )


def check_count(path: Path, count: int, most: int) -> None:
    """Raises EmptyWorld for no Gaussians, InputError for more than `most`."""
    if count == 0:
        raise EmptyWorld(f"{path.name} holds no Gaussians.", "Give a scene that is not empty.")
    if count > most:
        way_out = f"`gen3d export` keeps the best with --max-gaussians {most}" if count <= MOST else "Reduce it"
        raise InputError(
            f"{path.name} holds {count / 1e6:.4g} million Gaussians, and at most {most / 1e6:g} million are read here.",
            f"{way_out}." if count <= MOST else f"{way_out} and try again.",
        )


def drawable(gaussians: Gaussians) -> Gaussians:
    """Without those that hold a value that is not finite, or a rotation of length zero."""
    good = can_be_drawn(gaussians)
    return gaussians if bool(good.all()) else gaussians.keep(good)


def can_be_drawn(g: Gaussians) -> Bool[torch.Tensor, "n"]:
    """Which of them `drawable` keeps."""
    values = (g.means, g.quats, g.scales, g.opacities[:, None], g.sh.flatten(1))
    can = g.quats.abs().amax(dim=1) > 0
    for value in values:
        if not all_finite(value):  # row by row takes fifty times as long
            can = can & value.isfinite().all(dim=1)
    return can


def _stride(count: int) -> int:
    return count // _SOME + 1
