"""A scene file drawn through given cameras, and nothing else: what any other rasterizer must agree with."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import torch

from gen3d import __version__
from gen3d.camera import Camera
from gen3d.errors import InputError
from gen3d.events import Event, Finished, Notice, Progress, Started
from gen3d.formats.depth_file import write_exr
from gen3d.formats.picture import as_bytes, write_png
from gen3d.formats.transforms import frame_name
from gen3d.formats.whole import whole_folder
from gen3d.run.checked import checked_rasterizer
from gen3d.run.record import write_json
from gen3d.run.thrift import memory_told
from gen3d.splat.gaussians import Gaussians
from gen3d.splat.harmonics import drawable_from
from gen3d.splat.role import Rasterizer, Rendering, draw
from gen3d.splat.shown import Show, check_kinds, depth_unit_m, sight

LARGEST_PX = 8192 * 4096
"""Of one picture: larger ones would take more than 2 GB while they are drawn."""
STRIP_PX = 2_000_000
"""So many pixels are converted at once."""
UNSEEN = (
    "None of the cameras sees anything of the scene: they may be in other units or axes than it, "
    "or look the other way."
)


def render(
    gaussians: Gaussians,
    cameras: Sequence[Camera],
    rasterizer: Rasterizer,
    folder: Path,
    with_alpha: bool = False,
    background: tuple[float, float, float] = (0.0, 0.0, 0.0),
    notices: tuple[str, ...] = (),
    show: Show | None = None,
) -> Iterator[Event]:
    """Pictures of a scene file through cameras: 00.png 01.png ..., with_alpha also alpha_00.png ...

    show: something else than its colours, on black, and as numbers in 00.exr 01.exr ... (`splat/shown.py`).

    Of more than a hundred the numbers get as many digits as let them sort. Rasterized and nothing else, with harmonics
    up to degree 3. The folder also gets a run.json, which marks it as made here. notices: what was told of the input.
    Raises InputError for a camera of more than LARGEST_PX pixels, and for what cannot be shown of this scene.
    """
    _check_sizes(cameras)
    if show:
        check_kinds(gaussians, show)
    told: list[str] = list(rasterizer.notices)
    rasterizer = checked_rasterizer(rasterizer, told.append)
    with whole_folder(folder) as work, memory_told():
        yield Started("render")
        yield from (Notice(text) for text in notices)
        yield from _notices(told)
        gaussians, seen = gaussians.to(rasterizer.device), False
        unit_m = depth_unit_m(gaussians, cameras[0], rasterizer) if show == "depth" else 1.0
        for i, camera in enumerate(cameras):
            drawn = draw(rasterizer, drawable_from(gaussians, camera), camera).cpu()
            name = frame_name(i, len(cameras))
            if show:
                shown = sight(gaussians, camera, rasterizer, show, unit_m)
                write_png(work / f"{name}.png", as_bytes(shown.picture))
                write_exr(work / f"{name}.exr", shown.channels)
            else:
                write_png(work / f"{name}.png", _on(background, drawn))
            if with_alpha:
                write_png(work / f"alpha_{name}.png", as_bytes(drawn.alpha.numpy()))
            yield from _notices(told)
            seen |= bool((drawn.alpha > 0).any())
            yield Progress("render", i + 1, len(cameras))
        if not seen:
            yield Notice(UNSEEN)
        about = {"gen3d": __version__, "frames": len(cameras), "gaussians": len(gaussians)}
        write_json(work / "run.json", about | ({"show": show, "unit_m": unit_m} if show else {}))
    yield Finished("render", folder)


def _check_sizes(cameras: Sequence[Camera]) -> None:
    for i, camera in enumerate(cameras):
        if camera.width * camera.height > LARGEST_PX:
            raise InputError(
                f"Camera {i} has {camera.width} x {camera.height} pixels.",
                f"Give at most {LARGEST_PX / 1e6:.0f} million for one picture, or draw it in parts.",
            )


def _on(background: tuple[float, float, float], drawn: Rendering) -> np.ndarray:
    """The picture on a colour as bytes, h w 3, made a strip at a time."""
    picture, height = np.empty(drawn.rgb.shape, np.uint8), max(1, STRIP_PX // drawn.rgb.shape[1])
    for top in range(0, len(picture), height):
        rows = slice(top, top + height)
        strip = drawn.rgb[rows] + (1 - drawn.alpha[rows, :, None]) * torch.tensor(background)
        picture[rows] = as_bytes(strip.numpy())
    return picture


def _notices(told: list[str]) -> Iterator[Notice]:
    """Of what was not told yet."""
    while told:
        yield Notice(told.pop(0))
