"""Broken scene files: whatever is in them, a reader gives Gaussians or one error of two sentences, soon and in bounds.

How they are broken: `tests/damage.py`.
"""

import gzip
import struct
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given

from gen3d.errors import Gen3DError
from gen3d.formats.ply import write_ply
from gen3d.formats.scene_file import open_scene
from gen3d.formats.splat import write_splat
from gen3d.formats.spz import read_spz, write_spz
from gen3d.splat.gaussians import Gaussians
from tests.damage import damage, two_sentences
from tests.test_ply import some_gaussians

N = 60
LARGEST_PEAK = 64_000_000
"""Of memory, for files of some kB: a reader may decode a thousandfold, and no more."""
SLOWEST_S = 5.0
"""Of the processor, so that other work beside does not count."""


def text_ply(path: Path, g: Gaussians) -> None:
    """Our own .ply again, in words."""
    from plyfile import PlyData

    write_ply(path, g)
    found = PlyData.read(path, mmap=False)  # it is written over
    found.text = True
    found.write(path)


def plain_spz(path: Path, g: Gaussians) -> None:
    """Version 4, made here of the arrays of version 3."""
    import zstandard

    write_spz(path, g)
    content = gzip.decompress(path.read_bytes())
    n, degree = len(g), g.sh_degree
    sizes = [size * n for size in (9, 1, 3, 3, 4, 3 * (degree + 1) ** 2 - 3) if size]
    arrays, place = [], 16
    for size in sizes:
        arrays.append(zstandard.ZstdCompressor().compress(content[place : place + size]))
        place += size
    header = b"NGSP" + struct.pack("<IIBBBBI12x", 4, n, degree, 12, 0, len(sizes), 32)
    table = b"".join(struct.pack("<QQ", len(a), size) for a, size in zip(arrays, sizes, strict=True))
    path.write_bytes(header + table + b"".join(arrays))


KINDS: dict[str, tuple[str, Callable[[Path, Gaussians], None]]] = {
    "ply": (".ply", write_ply),
    "text ply": (".ply", text_ply),
    "splat": (".splat", write_splat),
    "spz": (".spz", write_spz),
    "spz inside": (".spz", write_spz),
    "spz 4": (".spz", plain_spz),
}


def survives(path: Path) -> bool:
    """Opens it, and says whether that went well; fails for all but Gaussians or two sentences."""
    start = time.process_time()
    try:
        opened = open_scene(path).gaussians
    except Gen3DError as error:
        two_sentences(error)
        return False
    finally:
        assert time.process_time() - start < SLOWEST_S
    for part in (opened.means, opened.quats, opened.scales, opened.opacities, opened.sh):
        assert part.isfinite().all() and len(part) == len(opened) > 0
    return True


@pytest.mark.parametrize("kind", KINDS)
def test_a_damaged_file_is_read_or_refused(tmp_path, kind):
    suffix, write = KINDS[kind]
    write(tmp_path / f"good{suffix}", some_gaussians(N, degree=1))
    good = (tmp_path / f"good{suffix}").read_bytes()
    assert survives(tmp_path / f"good{suffix}")
    read: list[bool] = []

    @given(damage())
    def one(spoil: Callable[[bytes], bytes]) -> None:
        # what is packed is damaged inside, as a checksum would catch it otherwise
        bad = gzip.compress(spoil(gzip.decompress(good)), 1) if kind == "spz inside" else spoil(good)
        (tmp_path / f"bad{suffix}").write_bytes(bad)
        tracemalloc.start()
        try:
            read.append(survives(tmp_path / f"bad{suffix}"))
            assert tracemalloc.get_traced_memory()[1] < LARGEST_PEAK
        finally:
            tracemalloc.stop()

    one()
    assert read.count(False) > len(read) // 4


def test_a_bomb_is_refused_before_it_goes_off(tmp_path):
    """Sixty-four megabytes of zeros in a few hundred kB, said to be ten million Gaussians, or two."""
    zeros = gzip.compress(bytes(64 << 20), 1)
    for count in (10_000_000, 2):
        head = gzip.compress(b"NGSP" + struct.pack("<IIBBBB", 3, count, 0, 12, 0, 0))
        (tmp_path / "bomb.spz").write_bytes(head + zeros)
        tracemalloc.start()
        assert survives(tmp_path / "bomb.spz") == (count == 2)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < 8_000_000


def test_a_bomb_of_version_4_is_refused_too(tmp_path):
    import zstandard

    stream = zstandard.ZstdCompressor().compress(bytes(1 << 20))
    header = b"NGSP" + struct.pack("<IIBBBBI12x", 4, 19_000_000, 0, 12, 0, 5, 32)
    table = b"".join(struct.pack("<QQ", len(stream), 19_000_000 * size) for size in (9, 1, 3, 3, 4))
    (tmp_path / "bomb.spz").write_bytes(header + table + 5 * stream)
    tracemalloc.start()
    with pytest.raises(Gen3DError, match="as many Gaussians as it says"):
        read_spz(tmp_path / "bomb.spz")
    assert tracemalloc.get_traced_memory()[1] < LARGEST_PEAK
    tracemalloc.stop()
