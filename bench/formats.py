"""How large a scene is in each format, how long it takes, and what it loses: `python -m bench.formats [COUNT|SCENE]`.

The box room as one photo shows it, COUNT Gaussians (300,000 unless told), plain and with colours of degree 1; or the
scene of a file, cut or repeated until there are 300,000. For each format: the file's size, bytes a Gaussian, seconds to
write and to read it, and the PSNR of our own picture of what was read against that of what was written, at 640 x 480.
A .ply, .splat or .splats.glb of so many is always of one size; what is packed depends on the scene, and the box room,
which is ray-cast without noise, packs far better than what is fitted to a photo.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import torch

from bench.tables import table
from gen3d.camera import Camera
from gen3d.format_table import FORMATS, FormatRow
from gen3d.formats.html import write_html
from gen3d.formats.known import Limits
from gen3d.formats.scene_file import open_scene, save_scene
from gen3d.formats.spz import VERSIONS
from gen3d.formats.stored import StoredScene, Writing
from gen3d.formats.view import read_view, write_view
from gen3d.splat.gaussians import Gaussians, joined
from gen3d.splat.harmonics import drawable_from
from gen3d.splat.pick import pick_rasterizer
from tests.measures import psnr
from tests.small_scenes import photo_scene, shown, tinted
from tests.usd_reader import read_usd

LIMITS = Limits(15.0, 15.0, 8.0, 8.0, 0.7, 1.1)
LENS = Camera.from_fov(60.0, 640, 480)
Write = Callable[[Path, Gaussians], object]
Read = Callable[[Path], Gaussians]


def _write_view(path: Path, gaussians: Gaussians) -> None:
    write_view(path, gaussians, LENS, 3.0, LIMITS)


def _write_html(path: Path, gaussians: Gaussians) -> None:
    view = path.with_suffix(".view")
    _write_view(view, gaussians)
    write_html(path, view)


def _save(row: FormatRow, how: Writing, path: Path, gaussians: Gaussians) -> None:
    save_scene(row, path, StoredScene(gaussians), how)


def _read(path: Path) -> Gaussians:
    return open_scene(path).in_place


def measured() -> dict[str, tuple[str, Write, Read | None]]:
    """Name -> file, writer, reader: every row of the table that writes Gaussians, and what our viewer reads.

    What is only written, USD, is read by Pixar's library (usd-core).
    """
    found: dict[str, tuple[str, Write, Read | None]] = {}
    for row in (row for row in FORMATS if row.write):
        for version in VERSIONS if row.suffix == ".spz" else ("",):
            name = f"{row.suffix}, version {version}" if version else row.suffix
            how = Writing(spz_version=version or Writing().spz_version)
            reader = _read if row.read else read_usd
            found[name] = (f"{version}{row.name}", partial(_save, row, how), reader)
    found[".view"] = ("scene.view", _write_view, lambda path: read_view(path).gaussians)
    found[".html"] = ("scene.html", _write_html, None)
    return found


COUNT = 300_000


def main(what: str = str(COUNT)) -> None:
    """Measures and prints."""
    if what.isdecimal():
        height = round((int(what) * 3 / 4) ** 0.5)
        plain = photo_scene(Camera.from_fov(60.0, round(int(what) / height), height))
        scenes = [plain, tinted(plain, 0.1)]
    else:
        scenes = [_of_size(open_scene(Path(what)).in_place, COUNT)]
    with tempfile.TemporaryDirectory() as folder:
        for scene in scenes:
            heads = (f"degree {scene.sh_degree}", "MB", "bytes each", "write s", "read s", "PSNR dB")
            print(f"\n{len(scene):,} Gaussians\n\n{table(heads, rows(scene, Path(folder)))}", flush=True)


def _of_size(scene: Gaussians, count: int) -> Gaussians:
    """Repeated where it is smaller, each time a few millimetres off, so that nothing packs better for it."""
    times = -(-count // len(scene))
    noise = 0.005 * torch.randn(times * len(scene), 3, generator=torch.Generator().manual_seed(0))
    many = joined(*[scene] * times)
    return replace(many, means=many.means + noise * (times > 1)).keep(torch.arange(len(many)) < count)


def rows(scene: Gaussians, folder: Path) -> list[tuple[str, ...]]:
    """A line for each format."""
    before = _picture(scene)
    lines = []
    for name, (file, write, read) in measured().items():
        start = time.perf_counter()
        write(folder / file, scene)
        written = time.perf_counter()
        read_s, loss = "", ""
        if read is not None:
            found = read(folder / file)
            read_s = f"{time.perf_counter() - written:.2f}"
            loss = f"{min(99.0, psnr(_picture(found), before)):.1f}"
        size = (folder / file).stat().st_size
        lines.append((name, f"{size / 1e6:.2f}", f"{size / len(scene):.1f}", f"{written - start:.2f}", read_s, loss))
    return lines


def _picture(scene: Gaussians) -> np.ndarray:
    return shown(pick_rasterizer().render(drawable_from(scene, LENS), LENS))


if __name__ == "__main__":
    main(*sys.argv[1:])
