"""Broken scene files: whatever is in them, a reader gives Gaussians or one error of two sentences, soon and in bounds.

How they are broken: `tests/damage.py`.
"""

import gzip
import io
import json
import struct
import time
import tracemalloc
import zipfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from gen3d.errors import Gen3DError
from gen3d.formats.compressed_ply import store_compressed_ply
from gen3d.formats.ply import write_ply
from gen3d.formats.scene_file import open_scene
from gen3d.formats.sog import store_sog
from gen3d.formats.splat import write_splat
from gen3d.formats.splats_glb import store_splats_glb
from gen3d.formats.spz import read_spz, write_spz
from gen3d.formats.stored import StoredScene
from gen3d.splat.gaussians import Gaussians
from tests.damage import damage, two_sentences
from tests.ksplat import write_ksplat
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


def rezipped(good: bytes, spoil: Callable[[bytes], bytes], which: int) -> bytes:
    """A zip again, one of its members damaged inside."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(good)) as before, zipfile.ZipFile(out, "w") as after:
        for i, name in enumerate(before.namelist()):
            content = before.read(name)
            after.writestr(name, spoil(content) if i == which % len(before.namelist()) else content)
    return out.getvalue()


def stored(store: Callable[[Path, StoredScene], object]) -> Callable[[Path, Gaussians], object]:
    return lambda path, g: store(path, StoredScene(g))


KINDS: dict[str, tuple[str, Callable[[Path, Gaussians], object]]] = {
    "ply": (".ply", write_ply),
    "text ply": (".ply", text_ply),
    "splat": (".splat", write_splat),
    "spz": (".spz", write_spz),
    "spz inside": (".spz", write_spz),
    "spz 4": (".spz", partial(write_spz, version=4)),
    "compressed ply": (".compressed.ply", stored(store_compressed_ply)),
    "ksplat": (".ksplat", partial(write_ksplat, level=0)),
    "ksplat in buckets": (".ksplat", partial(write_ksplat, level=2)),
    "sog": (".sog", stored(store_sog)),
    "sog inside": (".sog", stored(store_sog)),
    "splats glb": (".splats.glb", stored(store_splats_glb)),
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

    @given(damage(), st.integers(0, 99))
    def one(spoil: Callable[[bytes], bytes], which: int) -> None:
        # what is packed is damaged inside, as a checksum would catch it otherwise
        if kind == "sog inside":
            bad = rezipped(good, spoil, which)
        else:
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


def refused_within_bounds(path: Path, words: str) -> None:
    tracemalloc.start()
    try:
        with pytest.raises(Gen3DError, match=words) as caught:
            open_scene(path)
        assert tracemalloc.get_traced_memory()[1] < LARGEST_PEAK
    finally:
        tracemalloc.stop()
    two_sentences(caught.value)


def sog_again(path: Path, change: Callable[[dict[str, bytes]], object], kind: int = zipfile.ZIP_STORED) -> None:
    """A small .sog with other members."""
    store_sog(path, StoredScene(some_gaussians(N)))
    with zipfile.ZipFile(path) as before:
        content = {name: before.read(name) for name in before.namelist()}
    change(content)
    with zipfile.ZipFile(path, "w", kind) as after:
        for name, part in content.items():
            after.writestr(name, part)


def told(content: dict[str, bytes], **changes: object) -> None:
    content["meta.json"] = json.dumps(json.loads(content["meta.json"]) | changes).encode()


def picture(side: int) -> bytes:
    out = io.BytesIO()
    Image.new("RGBA", (side, side)).save(out, "WEBP", lossless=True, method=0)
    return out.getvalue()


def test_a_bomb_of_sog_is_refused_before_it_goes_off(tmp_path):
    """A picture of one colour that is far too large, zeros deflated, a wild count, the same picture a million times."""
    path, large = tmp_path / "a.sog", picture(6000)
    assert len(large) < 10_000
    sog_again(path, lambda content: content.update({"means_l.webp": large}))
    refused_within_bounds(path, "damaged")
    sog_again(path, lambda content: content.update({"sh0.webp": bytes(64 << 20)}), zipfile.ZIP_DEFLATED)
    refused_within_bounds(path, "damaged")
    sog_again(path, lambda content: told(content, count=19_000_000))
    refused_within_bounds(path, "as many Gaussians as it says")
    sog_again(path, lambda content: told(content, means={"files": 100_000 * ["means_l.webp"]}))
    refused_within_bounds(path, "damaged")
    sog_again(path, lambda content: content.update({"meta.json": 100_000 * b"["}))
    refused_within_bounds(path, "damaged")


def test_a_glb_whose_lists_are_shown_again_and_again_is_refused(tmp_path):
    """A thousand nodes, or a thousand primitives, of one list; and one attribute that is longer than the others."""
    path = tmp_path / "a.glb"
    store_splats_glb(path, StoredScene(some_gaussians(2000)))
    whole = path.read_bytes()
    length = struct.unpack_from("<I", whole, 12)[0]
    content, block = json.loads(whole[20 : 20 + length]), whole[20 + length :]
    [mesh] = content["meshes"]

    def refused_with(words: str, **changes: object) -> None:
        text = json.dumps(content | changes).encode()
        path.write_bytes(whole[:12] + struct.pack("<I4s", len(text), b"JSON") + text + block)
        refused_within_bounds(path, words)

    refused_with("as many Gaussians", nodes=1000 * [{"mesh": 0}], scenes=[{"nodes": list(range(1000))}])
    refused_with("as many Gaussians", meshes=[{"primitives": 1000 * mesh["primitives"]}])
    short = [content["accessors"][0] | {"count": 1}, *content["accessors"][1:]]
    refused_with("damaged", accessors=short, meshes=[{"primitives": 1000 * mesh["primitives"]}])


def test_wild_counts_in_a_ksplat_allocate_nothing(tmp_path):
    write_ksplat(tmp_path / "good.ksplat", some_gaussians(N), level=1)
    good = (tmp_path / "good.ksplat").read_bytes()
    for at in (0, 4, 8, 12, 24, 32, 36):
        bad = bytearray(good)
        struct.pack_into("<I", bad, 4096 + at, 2**32 - 1)
        (tmp_path / "a.ksplat").write_bytes(bad)
        tracemalloc.start()
        survives(tmp_path / "a.ksplat")
        assert tracemalloc.get_traced_memory()[1] < LARGEST_PEAK
        tracemalloc.stop()
    struct.pack_into("<IIH", bad := bytearray(good), 4096 + 8, 2**32 - 1, 2**32 - 1, 0)
    struct.pack_into("<H", bad, 4096 + 20, 0)
    (tmp_path / "a.ksplat").write_bytes(bad)
    refused_within_bounds(tmp_path / "a.ksplat", "damaged|ends before")
