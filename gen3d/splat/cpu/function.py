"""The stages as torch sees them: one autograd function over the numba kernels, and `CpuRasterizer` around it."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import torch

from gen3d.camera import Camera
from gen3d.geometry.together import shared
from gen3d.splat.cpu import binning
from gen3d.splat.cpu.kernels import ROW, TILE, Lens, make_lens
from gen3d.splat.cpu.project import CHUNK, project
from gen3d.splat.cpu.raster import rasterize
from gen3d.splat.cpu.sort import sort
from gen3d.splat.gaussians import Gaussians
from gen3d.splat.role import MEDIAN_SAMPLES, NEAR_OF_MEDIAN, Rendering


class CpuRasterizer:
    """Draws on the processor; the same bytes for any number of threads. Safe to call from several threads."""

    name = device = "cpu"
    notices: tuple[str, ...] = ()

    def __init__(self, notices: tuple[str, ...] = ()) -> None:
        self.notices = notices

    def render(self, gaussians: Gaussians, camera: Camera) -> Rendering:
        """One view on black, differentiable in means, quats, scales, opacities and sh (degree 0 or 1).

        A Gaussian whose mean lies before the near plane (a thousandth of the median depth) is not drawn. Raises
        ValueError for NaN or infinite input, opacities outside [0, 1], or a higher degree of spherical harmonics.
        """
        if gaussians.sh.shape[1] not in (1, 4):
            shape = tuple(gaussians.sh.shape)
            raise ValueError(f"sh is {shape}; this rasterizer evaluates 1 or 4 coefficients a channel")
        names = "means", "quats", "scales", "opacities", "sh"
        parts = {name: getattr(gaussians, name) for name in names}
        rgb, weighted_depth, alpha, _ = draw(parts, kernel_camera(gaussians.means, camera))
        depth = weighted_depth / torch.where(alpha > 0, alpha, 1.0)
        return Rendering(rgb, alpha, depth)


def is_own(rasterizer: object) -> bool:
    """Whether it is this one and no other kind of it; one that stands before another names that as its `playing`."""
    return type(getattr(rasterizer, "playing", rasterizer)) is CpuRasterizer


def warm_up() -> None:
    """Compiles every kernel, or loads it from numba's cache: half a minute once per machine, then half a second."""
    from gen3d.splat.cpu.steps import KernelSteps

    means = torch.tensor([[0.0, 0.0, 2.0], [0.1, 0.0, 3.0]]).requires_grad_()
    rest = torch.ones(2, 4), torch.full((2, 3), 0.1), torch.full((2,), 0.5), torch.zeros(2, 1, 3)
    camera = Camera.from_fov(60.0, 16, 16)
    CpuRasterizer().render(Gaussians(means, *rest), camera).depth.sum().backward()
    parts = dict(zip(("means", "quats", "log_scales", "logits", "sh"), (means, *rest), strict=True))
    least = {"log_scales": rest[1][:0], "logits": rest[2][:0]}
    picture = np.ones((16, 16, 3), np.float32), np.ones((16, 16), bool)
    steps = KernelSteps(parts, least, dict.fromkeys(parts, 1e-3), 1.0, 0.9, 1e-8, [camera], [picture], 0.2, True)
    steps.look(0, torch.ones(3))
    steps.move()


class KernelCamera(NamedTuple):
    """The camera as the kernels take it."""

    lens: Lens
    w2c: np.ndarray
    """3 4 float32."""
    center: np.ndarray
    """The camera's place, 3 float32."""
    height: int
    width: int


class Lists(NamedTuple):
    """Who is drawn where: `binning` and `sort` say what each is."""

    tiles_across: int
    tile_starts: np.ndarray
    ids: np.ndarray
    pairs: np.ndarray
    starts: np.ndarray


def draw(
    parts: dict[str, torch.Tensor], camera: KernelCamera
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
    """Returns rgb [h, w, 3], the sum of w z [h, w], alpha [h, w], and `packed` [n, ROW] (see `kernels`), a constant.

    parts: means, quats, scales, opacities and colours (n k 3), in this order, by the names that errors shall use.
    """
    for name, part in parts.items():
        if part.device.type != "cpu":
            raise ValueError(f"the cpu rasterizer was given {name} on {part.device}")
    from gen3d.splat.cpu.recorded import drawn as recorded  # not before: it loads torch

    *drawn, unsound = recorded(*(part.to(torch.float32).contiguous() for part in parts.values()), camera)
    if unsound:
        complain(parts)
    return tuple(drawn)


def complain(parts: dict[str, torch.Tensor]) -> None:
    """ValueError for input that could only draw nonsense; numbers that are merely huge pass."""
    for name, part in parts.items():
        bad = int((~torch.isfinite(part.detach())).reshape(len(part), -1).any(dim=1).sum())
        if bad:
            raise ValueError(f"{name} holds NaN or inf in {bad} of {len(part)} gaussians")
    low, high = (float(x) for x in parts["opacities"].detach().aminmax())
    if low < 0 or high > 1:
        raise ValueError(f"opacities span {low:g} to {high:g}, outside [0, 1]")


def kernel_camera(means: torch.Tensor, camera: Camera) -> KernelCamera:
    """The camera in the kernels' terms, with a near plane to suit the depth of the means before it."""
    w2c = np.ascontiguousarray(camera.w2c[:3], dtype=np.float32)
    if not (np.isfinite(w2c).all() and np.isfinite(camera.K).all()):
        raise ValueError("the camera's K or w2c holds NaN or inf")
    some = means.detach()[:: max(1, len(means) // MEDIAN_SAMPLES)].to(torch.float32).numpy()
    z = some @ w2c[2, :3] + w2c[2, 3]
    before = z[z > 0]
    near = NEAR_OF_MEDIAN * float(np.median(before)) if len(before) else 0.0
    lens = make_lens(camera.K, camera.width, camera.height, near)
    return KernelCamera(lens, w2c, camera.center.astype(np.float32), camera.height, camera.width)


class Memory:
    """Room for the kernels' arrays that is kept from one view to the next; whoever asks anew gets the same again."""

    def __init__(self) -> None:
        self._kept: dict[str, np.ndarray] = {}

    def __call__(self, name: str, shape: tuple[int, ...], kind: type = np.float32) -> np.ndarray:
        """An array of that shape, its numbers undefined."""
        size = math.prod(shape) * np.dtype(kind).itemsize
        if name not in self._kept or len(self._kept[name]) < size:
            self._kept[name] = fresh(name, (size + size // 8,), np.uint8)
        return self._kept[name][:size].view(kind).reshape(shape)


def fresh(name: str, shape: tuple[int, ...], kind: type = np.float32) -> np.ndarray:
    """Memory that nobody else has, as `Memory` gives it; it begins on a cache line, as torch's does."""
    size = math.prod(shape) * np.dtype(kind).itemsize
    return torch.empty(size, dtype=torch.uint8).numpy().view(kind).reshape(shape)


class Walk(NamedTuple):
    """A view that was drawn, and what its derivative needs."""

    rgb: np.ndarray
    depth: np.ndarray
    transmittance: np.ndarray
    rows: np.ndarray
    """`packed` of `project.project`."""
    lists: Lists
    unsound: int
    """As `project.project` counts them."""


def walk(arrays: Sequence[np.ndarray], camera: KernelCamera, memory: Callable[..., np.ndarray]) -> Walk:
    """The forward pass. arrays: as `draw` takes them; memory: for all but the picture."""
    n, (h, w) = len(arrays[0]), (camera.height, camera.width)
    rows, tiles = memory("rows", (n, ROW)), memory("tiles", (n, 4), np.uint16)
    picture = [np.empty((h, w, 3), np.float32), np.empty((h, w), np.float32), np.empty((h, w), np.float32)]
    unsound = np.zeros(-(-n // CHUNK), np.int64)
    shared(project, *arrays, camera.w2c, camera.center, camera.lens, rows, tiles, unsound)
    lists = _list(rows, tiles, camera, memory)
    shared(rasterize, rows, lists.ids, lists.tile_starts, lists.tiles_across, *picture)
    return Walk(*picture, rows, lists, int(unsound.sum()))


def _list(packed: np.ndarray, tiles: np.ndarray, camera: KernelCamera, memory: Callable[..., np.ndarray]) -> Lists:
    """The sorted list of every tile."""
    across, down = -(-camera.width // TILE), -(-camera.height // TILE)
    counts = np.zeros((-(-len(tiles) // binning.CHUNK), across * down), np.int64)
    shared(binning.count, tiles, across, counts)
    tile_starts, starts = np.empty(across * down + 1, np.int64), memory("starts", (len(tiles) + 1,), np.int64)
    binning.scan(counts, tiles, tile_starts, starts)
    pairs_in_all = int(starts[-1])
    keys = memory("keys", (pairs_in_all,), np.uint64)
    owners, ids, pairs = (memory(name, (pairs_in_all,), np.int32) for name in ("owners", "ids", "pairs"))
    shared(binning.fill, packed.view(np.uint32), tiles, across, counts, starts, keys, owners)
    shared(sort, keys, tile_starts, owners, ids, pairs)
    return Lists(across, tile_starts, ids, pairs, starts)
