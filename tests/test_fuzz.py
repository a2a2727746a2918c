"""Broken scene files: whatever is in them, a reader gives Gaussians or one error of two sentences, soon and in bounds.

Thirty mutated files of each kind in the default run, a thousand in `make test-all`.
"""

import gzip
import random
import struct
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest

from gen3d.errors import Gen3DError
from gen3d.formats.ply import write_ply
from gen3d.formats.scene_file import open_scene
from gen3d.formats.splat import write_splat
from gen3d.formats.spz import read_spz, write_spz
from gen3d.splat.gaussians import Gaussians
from tests.test_ply import some_gaussians

N = 60
LARGEST_PEAK = 64_000_000
"""Of memory, for files of some kB: a reader may decode a thousandfold, and no more."""
SLOWEST_S = 5.0


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


def mutated(content: bytes, chance: random.Random) -> bytes:
    """One to four changes: bytes overwritten, a length or count made wild, a piece cut out or doubled, the end lost."""
    bad = bytearray(content)
    for _ in range(chance.randint(1, 4)):
        head = chance.random() < 0.6  # what says how the rest is to be read stands in front
        at = chance.randrange(min(len(bad), 700) if head else len(bad)) if bad else 0
        match chance.randrange(7):
            case 0:
                bad[at : at + 1] = bytes([chance.randrange(256)])
            case 1:
                bad[at : at + 4] = struct.pack("<I", chance.choice([0, 1, 2**31 - 1, 2**31, 2**32 - 1, 10**6, 10**7]))
            case 2:
                bad[at : at + 8] = struct.pack("<Q", chance.choice([0, 2**63, 2**64 - 1, 2**40]))
            case 3:
                del bad[at : at + chance.randint(1, 40)]
            case 4:
                bad[at:at] = bad[at : at + chance.randint(1, 40)]
            case 5:
                del bad[at:]
            case 6:
                digits = [i for i, byte in enumerate(bad[:700]) if 48 <= byte <= 57]
                if digits:
                    bad[chance.choice(digits) : chance.choice(digits) + 1] = str(chance.randrange(10**12)).encode()
    return bytes(bad)


def survives(path: Path) -> bool:
    """Opens it, and says whether that went well; fails for all but Gaussians or two sentences."""
    start = time.perf_counter()
    try:
        opened = open_scene(path).gaussians
    except Gen3DError as error:
        assert error.what.endswith((".", "!", "?")) and error.remedy.endswith("."), error
        return False
    finally:
        assert time.perf_counter() - start < SLOWEST_S
    for part in (opened.means, opened.quats, opened.scales, opened.opacities, opened.sh):
        assert part.isfinite().all() and len(part) == len(opened) > 0
    return True


@pytest.mark.parametrize("count", [30, pytest.param(1000, marks=pytest.mark.slow)])
@pytest.mark.parametrize("kind", KINDS)
def test_a_mutated_file_is_read_or_refused(tmp_path, kind, count):
    suffix, write = KINDS[kind]
    write(tmp_path / f"good{suffix}", some_gaussians(N, degree=1))
    good = (tmp_path / f"good{suffix}").read_bytes()
    assert survives(tmp_path / f"good{suffix}")
    chance = random.Random(f"{kind} {count}")
    refused = 0
    tracemalloc.start()
    try:
        for _ in range(count):
            if kind == "spz inside":  # what a checksum would catch otherwise
                bad = gzip.compress(mutated(gzip.decompress(good), chance), 1)
            else:
                bad = mutated(good, chance)
            (tmp_path / f"bad{suffix}").write_bytes(bad)
            refused += not survives(tmp_path / f"bad{suffix}")
        assert tracemalloc.get_traced_memory()[1] < LARGEST_PEAK
    finally:
        tracemalloc.stop()
    assert refused > count // 4


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
