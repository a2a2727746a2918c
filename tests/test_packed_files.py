"""The packed files of others' viewers: .compressed.ply there and back, .ksplat as its own program writes it."""

import struct
from pathlib import Path

import numpy as np
import pytest
import torch

from gen3d.errors import EmptyWorld, InputError
from gen3d.formats.compressed_ply import store_compressed_ply
from gen3d.formats.ply import write_ply
from gen3d.formats.scene_file import open_scene
from gen3d.formats.sog_codes import in_morton_order
from gen3d.formats.stored import StoredScene
from gen3d.splat.gaussians import Gaussians
from tests.npm import node, npm_package
from tests.test_scene_file import converted
from tests.test_spz import apart, same_side, some

N = 600
WRITE_KSPLAT = Path(__file__).parent / "write_ksplat.mjs"


def ordered(g: Gaussians) -> Gaussians:
    return in_morton_order(g)


@pytest.mark.parametrize("degree", [0, 1, 2, 3])
def test_a_compressed_ply_keeps_what_it_promises_under_any_name(tmp_path, degree):
    g = some(N, degree)
    assert store_compressed_ply(tmp_path / "a.ply", StoredScene(g, antialiased=True)) == ()
    read, want = open_scene(tmp_path / "a.ply"), ordered(g)
    assert read.antialiased and len(read.gaussians) == N and read.gaussians.sh_degree == degree
    for start in range(0, N, 256):
        part = slice(start, start + 256)
        for name, steps in (("means", (2047, 1023, 2047)), ("scales", (2047, 1023, 2047))):
            ours, theirs = getattr(read.gaussians, name)[part], getattr(want, name)[part]
            ours, theirs = (ours.log(), theirs.log()) if name == "scales" else (ours, theirs)
            span = theirs.amax(dim=0) - theirs.amin(dim=0)
            assert bool(((ours - theirs).abs() <= 0.51 * span / torch.tensor(steps) + 1e-5).all())
    quats = same_side(read.gaussians.quats, want.quats)
    assert apart(quats, want.quats) <= 0.0022
    assert apart(read.gaussians.opacities, want.opacities) <= 1 / 510 + 1e-6
    assert apart(read.gaussians.rgb, want.rgb) <= 0.01
    assert not degree or apart(read.gaussians.sh[:, 1:], want.sh[:, 1:]) <= 8 / 512 + 1e-6
    before = (tmp_path / "a.ply").read_bytes()
    store_compressed_ply(tmp_path / "a.ply", StoredScene(g, antialiased=True))
    assert (tmp_path / "a.ply").read_bytes() == before


@pytest.mark.parametrize("degree", [0, 2])
def test_splat_transform_reads_our_compressed_ply_as_we_do(tmp_path, degree):
    store_compressed_ply(tmp_path / "a.compressed.ply", StoredScene(some(N, degree)))
    ours = open_scene(tmp_path / "a.compressed.ply").gaussians
    theirs = open_scene(converted(tmp_path / "a.compressed.ply", tmp_path / "b.ply")).gaussians
    for name in ("means", "scales", "opacities", "sh", "quats"):
        torch.testing.assert_close(getattr(theirs, name), getattr(ours, name), atol=2e-5, rtol=1e-4)


def test_we_read_the_compressed_ply_of_splat_transform_as_it_does(tmp_path):
    write_ply(tmp_path / "a.ply", some(N, 1))
    packed = converted(tmp_path / "a.ply", tmp_path / "b.compressed.ply")
    ours, theirs = open_scene(packed).gaussians, open_scene(converted(packed, tmp_path / "c.ply")).gaussians
    for name in ("means", "scales", "opacities", "sh", "quats"):
        torch.testing.assert_close(getattr(ours, name), getattr(theirs, name), atol=2e-5, rtol=1e-4)


def test_a_compressed_ply_that_cannot_be_meant_is_refused(tmp_path):
    store_compressed_ply(tmp_path / "a.ply", StoredScene(some(N, 1)))
    good = (tmp_path / "a.ply").read_bytes()
    cases = {
        "cut": (good[:-1], "ends before"),
        "chunks": (good.replace(b"element chunk 3", b"element chunk 2"), "the chunks|damaged"),
        "few sh": (good.replace(b"element sh 600", b"element sh 599"), "the chunks"),
        "many": (good.replace(b"vertex 600", b"vertex 99999999"), "ends before"),
        "negative": (good.replace(b"vertex 600", b"vertex -99"), "no whole .ply header"),
        "no ends": (good.replace(b"float min_y", b"float mim_y"), "min_y is missing"),
        "no scale": (good.replace(b"packed_scale", b"packed_sca1e"), "packed_scale is missing"),
        "sh": (good.replace(b"f_rest_3\n", b"f_rest_9\n"), "not a .ply file that"),
        "text": (good.replace(b"binary_little_endian", b"ascii"), "text form"),
    }
    for name, (content, words) in cases.items():
        (tmp_path / "a.ply").write_bytes(content)
        with pytest.raises(InputError, match=words) as caught:
            open_scene(tmp_path / "a.ply")
        assert caught.value.what.endswith(".") and caught.value.remedy.endswith("."), name


def test_writing_nothing_or_nonsense_fails(tmp_path):
    with pytest.raises(EmptyWorld):
        store_compressed_ply(tmp_path / "a.ply", StoredScene(some(0)))
    g = some(4)
    with pytest.raises(ValueError, match="finite"):
        nan = Gaussians(g.means * torch.nan, g.quats, g.scales, g.opacities, g.sh)
        store_compressed_ply(tmp_path / "a.ply", StoredScene(nan))
    assert not list(tmp_path.iterdir())


# -- .ksplat


def ksplat(folder: Path, g: Gaussians, level: int, degree: int) -> Path:
    """What GaussianSplats3D makes of a .ply."""
    package = npm_package("@mkkellogg/gaussian-splats-3d", "0.4.7")
    write_ply(folder / "in.ply", g)
    module = package / "build" / "gaussian-splats-3d.module.js"
    done = node(WRITE_KSPLAT, module, folder / "in.ply", folder / "a.ksplat", level, degree)
    assert done.returncode == 0, done.stderr[-600:]
    return folder / "a.ksplat"


@pytest.mark.parametrize(("level", "degree"), [(0, 0), (1, 1), (2, 2), (0, 2)])
def test_a_ksplat_of_its_own_program_is_read_as_it_was_meant(tmp_path, level, degree):
    """In another order, and as exactly as its level keeps things."""
    g = some(N, degree)
    read = open_scene(ksplat(tmp_path, g, level, degree)).gaussians
    assert len(read) == N and read.sh_degree == degree
    nearest = torch.cdist(g.means, read.means).argmin(dim=1)
    assert len(set(nearest.tolist())) == N
    read = Gaussians(*(t[nearest] for t in (read.means, read.quats, read.scales, read.opacities, read.sh)))
    assert apart(read.means, g.means) <= (1e-6 if level == 0 else 1e-4)
    assert apart(read.scales / g.scales, torch.ones(N, 3)) <= 1e-3
    quats = same_side(torch.nn.functional.normalize(read.quats, dim=1), g.quats)
    assert apart(quats, g.quats) <= 1e-3
    assert apart(read.opacities, g.opacities) <= 1 / 255 + 1e-6
    inside = (g.rgb > 0) & (g.rgb < 1)
    assert apart(read.rgb[inside], g.rgb[inside]) <= 1 / 255 + 1e-4
    assert not degree or apart(read.sh[:, 1:], g.sh[:, 1:]) <= (1e-3, 1e-3, 0.02)[level]


def small_ksplat(count: int = 2) -> bytes:
    """Level 0, one section, written here by the layout that `ksplat.py` tells."""
    header = bytearray(4096 + 1024)
    header[1] = 1
    struct.pack_into("<I", header, 4, 1)
    struct.pack_into("<IH", header, 16, count, 0)
    struct.pack_into("<II", header, 4096, count, count)
    row = struct.pack("<10f4B", 1, 2, 3, 0.1, 0.2, 0.3, 1, 0, 0, 0, 255, 0, 128, 51)
    return bytes(header) + count * row


def test_a_small_ksplat_is_read_by_its_name(tmp_path):
    (tmp_path / "a.ksplat").write_bytes(small_ksplat())
    g = open_scene(tmp_path / "a.ksplat").gaussians
    assert g.means[1].tolist() == [1, 2, 3] and g.quats[0].tolist() == [1, 0, 0, 0]
    torch.testing.assert_close(g.scales[0], torch.tensor([0.1, 0.2, 0.3]))
    np.testing.assert_allclose([*g.rgb[0], g.opacities[0]], [1, 0, 128 / 255, 0.2], atol=1e-6)


def test_a_ksplat_that_cannot_be_meant_is_refused(tmp_path):
    good = small_ksplat()

    def patched(at: int, form: str, *values: int) -> bytes:
        bad = bytearray(good)
        struct.pack_into(form, bad, at, *values)
        return bytes(bad)

    cases = {
        "other": (b"Dear diary, " * 400, "version 0.1"),
        "short": (good[:4000], "version 0.1"),
        "cut": (good[:-1], "ends before"),
        "level": (patched(20, "<H", 7), "not known"),
        "sections": (patched(4, "<I", 2**32 - 1), "not known"),
        "count": (patched(16, "<I", 3), "as many"),
        "many": (patched(16, "<I", 2**32 - 1), "at most 20 million"),
        "wild section": (patched(4096, "<II", 2**31, 2**31), "ends before"),
        "degree": (patched(4096 + 40, "<H", 9), "damaged"),
        "empty": (b"", "is empty"),
    }
    for name, (content, words) in cases.items():
        (tmp_path / "a.ksplat").write_bytes(content)
        with pytest.raises(InputError, match=words) as caught:
            open_scene(tmp_path / "a.ksplat")
        assert caught.value.what.endswith(".") and caught.value.remedy.endswith("."), name
    (tmp_path / "a.ksplat").write_bytes(small_ksplat(0))
    with pytest.raises(EmptyWorld):
        open_scene(tmp_path / "a.ksplat")
