"""What a scene file is, in words: how much it holds, how far it reaches, which way is up, who wrote it, what is odd."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float

from gen3d.axes import AXES
from gen3d.camera import Camera
from gen3d.format_table import FormatRow, read_here
from gen3d.formats.scene_file import open_scene
from gen3d.formats.stored import NEAR, Origin, StoredScene
from gen3d.products.around import bulk, guessed_up, lies_ahead

EXTENT_SHARE = 0.98
"""Of the Gaussians lie so many within what is told as the extent; the rest may be stray."""
STRAY, STRAY_SHARE = 20.0, 0.001
"""So many times farther than most, and that many of them, is worth a word."""
FAINT, FAINT_SHARE = 1 / 255, 0.2
"""Less opaque than a step of a pixel is not to be seen."""
GIANT = 1.0
"""A Gaussian this large, as a share of the radius of most, covers the picture."""
LARGE_M, SMALL_M = 5000.0, 0.05
"""A scene whose radius is beyond these does not count in metres, probably."""


@dataclass(frozen=True, eq=False, slots=True)
class About:
    """A scene file, told."""

    name: str
    kind: str
    """How the names of its format end."""
    title: str
    """What its format is."""
    size_bytes: int
    count: int
    degree: int
    """Of the harmonics that are kept: 0 to 3."""
    low: Float[np.ndarray, "3"]
    """The corner of the box that holds 98 % of its Gaussians, as read here: metres, and y down where the format says
    which way is up."""
    high: Float[np.ndarray, "3"]
    axes: str
    """Which way is up, in words, and how that is known."""
    writer: str
    """"" where nothing tells."""
    antialiased: bool
    camera: Camera | None
    """Through which it was seen first, where the file says so."""
    origin: Origin
    odd: tuple[str, ...]
    """A sentence each."""

    @property
    def extent(self) -> Float[np.ndarray, "3"]:
        """Of that box."""
        return self.high - self.low

    @property
    def line(self) -> str:
        """In one line."""
        by = f" by {self.writer}" if self.writer else ""
        how = ", to be drawn antialiased" if self.antialiased else ""
        return (
            f"{self.name}: a {self.kind}{by}, {self.size_bytes / 1e6:.1f} MB; {self.count:,} Gaussians, harmonics of "
            f"degree {self.degree}{how}; {_sides(self.extent)} m; {self.axes}."
        )

    def __str__(self) -> str:
        return "\n".join([self.line, *self.odd])


def about_file(path: Path) -> About:
    """What a scene file is; raises as `open_scene` does for what is none."""
    return about(path, open_scene(path))


def about(path: Path, scene: StoredScene) -> About:
    """The same of a file that was read."""
    row = next(row for row in read_here() if row.suffix == scene.kind)
    means = scene.gaussians.means[:: len(scene.gaussians) // 1_000_000 + 1].double().numpy()
    edge = (1 - EXTENT_SHARE) / 2
    low, high = np.quantile(means, (edge, 1 - edge), axis=0)
    return About(
        path.name, row.suffix, row.title, path.stat().st_size, len(scene.gaussians), scene.gaussians.sh_degree,
        low + scene.origin, high + scene.origin, _axes(row, scene), scene.writer, scene.antialiased, scene.camera,
        scene.origin, (*scene.notices, *_odd(scene)),
    )  # fmt: skip


def _sides(extent: np.ndarray) -> str:
    return " x ".join(f"{side:.3g}" for side in extent)


def _axes(row: FormatRow, scene: StoredScene) -> str:
    """How sure one can be of which way is up."""
    if row.by_standard and row.axes:
        return f"{AXES[row.axes].up} is up, by the format"
    if scene.up:
        return f"{scene.up} is up, as the file says"
    if lies_ahead(scene.gaussians):
        return "-y is up, probably: it lies ahead of its origin along z, as what was made from one photo"
    return f"{guessed_up(scene.gaussians)} is up, by a guess"


def _odd(scene: StoredScene) -> Iterator[str]:
    """What one would want to know before working with it."""
    g = scene.gaussians
    if scene.left_out:
        yield f"{scene.left_out:,} Gaussians hold values that nobody can draw; they are left out."
    if scene.origin != NEAR:
        far = ", ".join(f"{x:.0f}" for x in scene.origin)
        yield f"It lies far from its origin, around {far}: it is held around there, and --centred leaves that out."
    middle, radius = bulk(g)
    away = torch.linalg.norm(g.means - torch.from_numpy(middle).float(), dim=1)
    if (stray := float((away > STRAY * radius).double().mean())) > STRAY_SHARE:
        yield f"{stray:.1%} of its Gaussians lie more than {STRAY:.0f} times farther out than most."
    if (faint := float((g.opacities < FAINT).double().mean())) > FAINT_SHARE:
        yield f"{faint:.0%} of its Gaussians are too faint to be seen: --max-gaussians can do without them."
    if giants := int((g.scales.max(dim=1).values > GIANT * radius).sum()):
        yield f"{giants:,} of its Gaussians are larger than the scene."
    if g.sh_degree and not bool(g.sh[:, 1:].any()):
        yield f"Its harmonics of degree {g.sh_degree} are all zero: colours do not change with the direction."
    if not SMALL_M < radius < LARGE_M:
        yield f"Most of it lies within {radius:.3g}, so its unit is hardly the metre: --scale changes that."
