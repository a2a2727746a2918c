"""A scene file drawn through given cameras, and nothing else: what any other rasterizer must agree with."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import torch

from gen3d import __version__
from gen3d.camera import Camera
from gen3d.checked import checked_rasterizer
from gen3d.events import Event, Finished, Notice, Progress, Started
from gen3d.formats.picture import as_bytes, write_png
from gen3d.formats.whole import whole_folder
from gen3d.record import write_json
from gen3d.splat.gaussians import Gaussians
from gen3d.splat.harmonics import drawable_from
from gen3d.splat.rasterizer import Rasterizer, device_of, notices_of
from gen3d.thrift import memory_told


def render(
    gaussians: Gaussians,
    cameras: Sequence[Camera],
    rasterizer: Rasterizer,
    folder: Path,
    with_alpha: bool = False,
    background: tuple[float, float, float] = (0.0, 0.0, 0.0),
) -> Iterator[Event]:
    """Pictures of a scene file through cameras: 00.png 01.png ..., with_alpha also alpha_00.png ...

    Rasterized and nothing else, with harmonics up to degree 3. The folder also gets a run.json, which marks it as made
    here.
    """
    told: list[str] = list(notices_of(rasterizer))
    rasterizer = checked_rasterizer(rasterizer, told.append)
    with whole_folder(folder) as work, memory_told():
        yield Started("render")
        yield from _notices(told)
        gaussians = gaussians.to(device_of(rasterizer))
        for i, camera in enumerate(cameras):
            with torch.no_grad():
                drawn = rasterizer.render(drawable_from(gaussians, camera), camera)
            drawn = drawn.cpu()
            picture = drawn.rgb + (1 - drawn.alpha[..., None]) * torch.tensor(background)
            write_png(work / f"{i:02d}.png", as_bytes(picture.numpy()))
            if with_alpha:
                write_png(work / f"alpha_{i:02d}.png", as_bytes(drawn.alpha.numpy()))
            yield from _notices(told)
            yield Progress("render", i + 1, len(cameras))
        write_json(work / "run.json", {"gen3d": __version__, "frames": len(cameras), "gaussians": len(gaussians)})
    yield Finished("render", folder)


def _notices(told: list[str]) -> Iterator[Notice]:
    """Of what was not told yet."""
    while told:
        yield Notice(told.pop(0))
