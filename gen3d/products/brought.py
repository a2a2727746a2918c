"""What is brought into a scene: other people's splats, meshes, cut-out pictures, as Gaussians that stand by themselves.

By itself a thing has its foot in the origin, its head towards -y, its face towards -z, and 1 for its longest side. How
large that is in metres is known of a .glb, whose unit is the metre by its standard; of others it is not.

    .glb                 a mesh: samples of its surface, evenly by area, with its base colours, shaded where it is lit
    .glb .ply .spz ...   3D Gaussians in any format that is read, in their constant colours
    .png .webp ...       a card that stands upright, where its alpha says that there is something
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float

from gen3d.edits import UP, upright
from gen3d.errors import EmptyWorld, InputError
from gen3d.formats.cutout import is_picture, read_cutout
from gen3d.formats.gltf import MAGIC
from gen3d.formats.mesh_glb import is_mesh, read_mesh
from gen3d.formats.scene_file import open_scene
from gen3d.formats.stored import StoredScene, drawable
from gen3d.formats.whole import MB
from gen3d.geometry.surface_points import surface_points
from gen3d.products.around import UPS, guessed_up
from gen3d.products.things import footprint_of
from gen3d.splat.edited import BOX, foot_of
from gen3d.splat.gaussians import Gaussians, from_points
from gen3d.splat.placed import placed
from gen3d.values import PointCloud, Surface

LARGEST_BYTES, MOST = 256 * MB, 400_000
"""Of a file with Gaussians."""
SAMPLES = 40_000
"""Of a mesh's surface: a thing that fills a third of a video's frame then has two for each of its pixels."""
SAMPLE_SIZE = 0.75
"""As `INITIAL_SIZE`, of samples that lie less evenly than a photo's pixels. Chosen by eye: less leaves pinholes."""


@dataclass(frozen=True, eq=False, slots=True)
class Alone:
    """A thing that stands by itself."""

    gaussians: Gaussians
    """Of degree 0."""
    size_m: float | None
    """Its longest side; None where nobody knows."""
    footprint: Float[np.ndarray, "k 3"]
    told: tuple[str, ...] = ()
    """What was taken otherwise than may have been meant, for people."""


def thing_in(file: Path) -> Alone:
    """What stands in a file; InputError or EmptyWorld where nothing that is brought in does."""
    try:
        at = file.stat()
    except OSError as error:
        raise InputError(f"{file.name} is not there.", "Give a file that lies beside the edits.") from error
    return _thing_in(file, at.st_mtime_ns, at.st_size)


@lru_cache(maxsize=8)
def _thing_in(file: Path, changed_ns: int, size: int) -> Alone:
    """Kept for a while: a list of edits may be looked at often."""
    with file.open("rb") as content:
        start = content.read(32)
    if start.startswith(MAGIC) and is_mesh(file):
        return thing_of_surfaces(read_mesh(file))
    if is_picture(start):
        points, told = read_cutout(file)
        return _alone(from_points(points), None, told)
    return _of_scene(open_scene(file, LARGEST_BYTES, MOST))


def thing_of_surfaces(surfaces: Sequence[Surface], knows_metres: bool = True) -> Alone:
    """A mesh as Gaussians. knows_metres: whether its unit means anything."""
    xyz = np.concatenate([surface.xyz for surface in surfaces]) if surfaces else np.zeros((0, 3))
    size = float(np.ptp(xyz, axis=0).max()) if len(xyz) else 0.0
    if not np.isfinite(size) or size <= 0:
        raise EmptyWorld("The mesh has no surface.", "Give one that is not empty.")
    unit = [replace(s, xyz=(s.xyz - xyz.mean(axis=0)) / size) for s in surfaces]
    found = _alone(_drawable(surface_points(unit, SAMPLES)), 1.0)
    return replace(found, size_m=found.size_m * size if knows_metres else None)


def _drawable(points: PointCloud) -> Gaussians:
    if not len(points):
        raise EmptyWorld("The mesh is nowhere opaque.", "Give one that can be seen.")
    return from_points(points, SAMPLE_SIZE)


def _of_scene(stored: StoredScene) -> Alone:
    g = drawable(stored.gaussians)
    if not len(g):
        raise EmptyWorld("The file holds no Gaussians that can be drawn.", "Give another one.")
    is_metric = stored.kind.endswith(".glb")
    said = next((up for up in UPS if up == stored.up), None)
    axis, sign = UPS[said or ("-y" if is_metric else guessed_up(g))]
    up = np.zeros(3)
    up[axis] = sign
    matrix = np.eye(4)
    matrix[:3, :3] = upright(tuple(up.tolist())).T
    g = placed(replace(g, sh=g.sh[:, :1], kinds=None, things=None), matrix)
    found = _alone(g, 1.0, stored.notices)
    return found if is_metric else replace(found, size_m=None)


def _alone(g: Gaussians, unit_m: float | None, told: tuple[str, ...] = ()) -> Alone:
    """Moved and scaled so that it stands by itself."""
    means = g.means.double().numpy()
    low, high = np.quantile(means, BOX, axis=0)
    size = float((high - low).max())
    if not np.isfinite(size) or size <= 0:
        raise EmptyWorld("What was to be brought in has no size.", "Give something larger than a point.")
    matrix = np.diag([1 / size, 1 / size, 1 / size, 1.0])
    matrix[:3, 3] = -foot_of(means, np.array(UP)) / size
    g = placed(g, matrix)
    footprint = np.array(footprint_of(g.means.double().numpy(), np.array(UP), 0.0))
    return Alone(g, None if unit_m is None else unit_m * size, footprint, told)


def of_degree(g: Gaussians, sh_degree: int) -> Gaussians:
    """With as many harmonics as the scene's, those beyond the constant part zero."""
    more = torch.zeros(len(g), (sh_degree + 1) ** 2 - g.sh.shape[1], 3)
    return replace(g, sh=torch.cat([g.sh, more], dim=1))
