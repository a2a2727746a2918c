import gzip
import json
import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
import zstandard

from gen3d.camera import Camera
from gen3d.errors import EmptyWorld, InputError
from gen3d.formats.known import Limits, Viewpoint
from gen3d.formats.spz import read_spz, write_spz
from gen3d.splat.gaussians import Gaussians
from gen3d.splat.harmonics import harmonics
from tests.npm import node, npm_package
from tests.test_ply import some_gaussians

REFERENCE = Path(__file__).parent / "reference_spz.mjs"


def some(n: int = 400, degree: int = 0, seed: int = 0) -> Gaussians:
    """With values that the format has a place for: small ones of harmonics, sizes from 0.1 mm."""
    g = some_gaussians(n, degree, seed)
    return Gaussians(g.means, g.quats, g.scales, g.opacities, 0.3 * g.sh.clamp(-3, 3))


def apart(a: torch.Tensor, b: torch.Tensor) -> float:
    return float((a - b).abs().max())


def same_side(quats: torch.Tensor, as_in: torch.Tensor) -> torch.Tensor:
    """q and -q are one rotation."""
    return torch.where((quats * as_in).sum(1, keepdim=True) < 0, -quats, quats)


@pytest.mark.parametrize("version", [2, 3, 4])
@pytest.mark.parametrize("degree", [0, 1, 2, 3])
def test_a_round_trip_stays_within_what_the_format_promises(tmp_path, version, degree):
    g = some(degree=degree)
    write_spz(tmp_path / "a.spz", g, version)
    read = read_spz(tmp_path / "a.spz")
    assert apart(read.means, g.means) <= 2.0**-13 + 1e-6
    assert apart(read.scales.log(), g.scales.log()) <= 1 / 32 + 1e-5
    quats = same_side(read.quats, g.quats)
    worst = (quats - g.quats).abs().amax(dim=0)
    if version >= 3:
        ordered = (quats - g.quats).abs().gather(1, g.quats.abs().argsort(dim=1))
        assert ordered[:, :3].max() <= 0.0007 and ordered[:, 3].max() <= 0.0021
    else:
        assert worst[1:].max() <= 0.005 and worst[0] <= 0.12
    torch.testing.assert_close(quats.norm(dim=1), torch.ones(len(g)))
    assert apart(read.opacities, g.opacities) <= 1 / 510 + 1e-6
    assert apart(read.rgb, g.rgb) <= 0.0037
    if degree:
        assert apart(read.sh[:, 1:4], g.sh[:, 1:4]) <= 0.0079
        assert read.sh_degree == 1 or apart(read.sh[:, 4:], g.sh[:, 4:]) <= 0.0157
    assert read.sh_degree == degree


def test_the_layout_is_that_of_the_format(tmp_path):
    """One Gaussian of degree 1, byte by byte; y and z change their signs, as does what is odd in them."""
    g = Gaussians(
        torch.tensor([[1.0, 2.0, 3.0]]), torch.full((1, 4), 0.5), torch.exp(torch.tensor([[0.0, -1.0, 1.0]])),
        torch.tensor([0.2]), torch.tensor([[[0.0, 1.0, -1.0], [0.25, 0.5, 0.0], [0.25, 0.0, 0.0], [0.25, 0.0, -1.0]]]),
    )  # fmt: skip
    write_spz(tmp_path / "3.spz", g)
    write_spz(tmp_path / "2.spz", g, 2, antialiased=True)
    content = gzip.decompress((tmp_path / "3.spz").read_bytes())
    assert content[:16] == b"NGSP" + struct.pack("<IIBBBB", 3, 1, 1, 12, 0, 0)
    fixed = [int.from_bytes(content[i : i + 3], "little", signed=True) for i in (16, 19, 22)]
    assert fixed == [4096, -2 * 4096, -3 * 4096]
    assert content[25] == 51
    assert list(content[26:29]) == [128, 166, 89]  # 127.5 (to even), + and - 38.25
    assert list(content[29:32]) == [160, 144, 176]
    packed = int.from_bytes(content[32:36], "little")  # xyzw = .5 -.5 -.5 .5: the first is the largest
    half = round(0.5 * 2**0.5 * 511)
    assert packed == 0 << 30 | (512 | half) << 20 | (512 | half) << 10 | half
    assert list(content[36:45]) == [96, 64, 128, 96, 128, 128, 160, 128, 0]
    older = gzip.decompress((tmp_path / "2.spz").read_bytes())
    assert older[:16] == b"NGSP" + struct.pack("<IIBBBB", 2, 1, 1, 12, 1, 0)
    assert list(older[32:35]) == [191, 64, 64] and older[35:] == content[36:]


def test_a_file_in_our_own_axes_says_so_and_reads_the_same(tmp_path):
    g = some(degree=2)
    write_spz(tmp_path / "up.spz", g)
    write_spz(tmp_path / "down.spz", g, y_up=False)
    up, down = (gzip.decompress((tmp_path / name).read_bytes()) for name in ("up.spz", "down.spz"))
    assert (up[14], down[14]) == (0, 2) and down[-12:] == struct.pack("<III", 0xADBE0003, 4, 6)
    assert int.from_bytes(down[19:22], "little", signed=True) == round(float(g.means[0, 1]) * 4096)
    a, b = read_spz(tmp_path / "up.spz"), read_spz(tmp_path / "down.spz")
    torch.testing.assert_close(b.means, a.means, atol=2.5e-4, rtol=0)
    torch.testing.assert_close(b.sh, a.sh, atol=0.032, rtol=0)
    torch.testing.assert_close(b.quats.abs(), a.quats.abs(), atol=0.003, rtol=0)


@pytest.mark.parametrize("version", [3, 4])
def test_the_same_gaussians_give_the_same_bytes(tmp_path, version):
    for name in ("a.spz", "b.spz"):
        write_spz(tmp_path / name, some(degree=1), version)
    assert (tmp_path / "a.spz").read_bytes() == (tmp_path / "b.spz").read_bytes()


def test_version_4_holds_the_arrays_of_version_3_and_how_far_one_may_orbit(tmp_path):
    limits = Limits(30.0, 30.0, 20.0, 10.0, 0.5, 1.5)
    looked = Viewpoint(Camera.from_fov(60.0, 64, 48), pivot_m=4.0, limits=limits)
    write_spz(tmp_path / "3.spz", some(degree=1))
    write_spz(tmp_path / "4.spz", some(degree=1), 4, viewpoint=looked)
    content, plain = (tmp_path / "4.spz").read_bytes(), gzip.decompress((tmp_path / "3.spz").read_bytes())
    assert content[:20] == b"NGSP" + struct.pack("<IIBBBBI", 4, 400, 1, 12, 2, 6, 52)
    told = struct.unpack_from("<IIfff", content, 32)
    assert told[:2] == (0xADBE0002, 12) and told[2:] == pytest.approx((-np.pi / 9, np.pi / 18, 2.0), rel=1e-6)
    sizes, at, arrays = np.frombuffer(content, "<u8", 12, 52).reshape(6, 2), 52 + 6 * 16, b""
    for packed, size in sizes.tolist():
        arrays += zstandard.ZstdDecompressor().decompress(content[at : at + packed], max_output_size=size)
        at += packed
    assert at == len(content) and arrays == plain[16:]
    both = [read_spz(tmp_path / name) for name in ("3.spz", "4.spz")]
    assert all(torch.equal(getattr(both[0], name), getattr(both[1], name)) for name in ("means", "quats", "sh"))
    write_spz(tmp_path / "3.spz", some(degree=1), 3, viewpoint=looked)
    assert gzip.decompress((tmp_path / "3.spz").read_bytes()) == plain


def test_harmonics_keep_their_colours_in_every_direction(tmp_path):
    """Written in the format's axes and read back in ours: an error of sign would show at once."""
    g = some(degree=3)
    write_spz(tmp_path / "a.spz", g)
    read = read_spz(tmp_path / "a.spz")
    for direction in some_gaussians(8, seed=1).quats[:, 1:]:
        direction = torch.nn.functional.normalize(direction, dim=0)
        basis = harmonics(direction[None], 3)[0]
        seen = [torch.einsum("k,nkc->nc", basis, which.sh) for which in (g, read)]
        assert apart(*seen) < 0.08 < float(seen[0].std())


def test_a_scene_that_reaches_far_is_kept_less_exactly(tmp_path):
    g = some()
    far = Gaussians(g.means * 1000, g.quats, g.scales, g.opacities, g.sh)
    assert far.means.abs().max() > 8000
    write_spz(tmp_path / "a.spz", far)
    bits = gzip.decompress((tmp_path / "a.spz").read_bytes())[13]
    assert bits == 8
    assert apart(read_spz(tmp_path / "a.spz").means, far.means) <= 0.5 * 2**-8 + 2e-3
    with pytest.raises(InputError, match="too far"):
        write_spz(tmp_path / "b.spz", Gaussians(g.means * 1e7, g.quats, g.scales, g.opacities, g.sh))


def test_what_cannot_be_kept_is_clamped(tmp_path):
    g = some(2)
    g = Gaussians(g.means, g.quats, torch.tensor([[0.0, 1e-9, 1.0], [1e9, 1.0, 1.0]]), torch.tensor([0.0, 1.0]),
                  torch.tensor([[[50.0, -50.0, 0.0]], [[0.0, 0.0, 0.0]]]))  # fmt: skip
    write_spz(tmp_path / "a.spz", g)
    read = read_spz(tmp_path / "a.spz")
    np.testing.assert_allclose(read.scales[:, 0], np.exp([-10, 255 / 16 - 10]), rtol=1e-5)
    assert read.opacities.tolist() == [0.0, 1.0]
    assert read.rgb[0].tolist() == pytest.approx([1.44, -0.44, 0.5], abs=0.005)


def test_writing_nothing_or_nonsense_fails(tmp_path):
    with pytest.raises(EmptyWorld):
        write_spz(tmp_path / "a.spz", some(0))
    g = some()
    with pytest.raises(ValueError, match="finite"):
        write_spz(tmp_path / "a.spz", Gaussians(g.means * torch.nan, g.quats, g.scales, g.opacities, g.sh))
    with pytest.raises(ValueError, match="version 5"):
        write_spz(tmp_path / "a.spz", g, 5)
    assert not list(tmp_path.iterdir())


def content_of(g: Gaussians, folder: Path) -> bytes:
    write_spz(folder / "good.spz", g)
    return gzip.decompress((folder / "good.spz").read_bytes())


def patched(content: bytes, at: int, form: str, value: int) -> bytes:
    return content[:at] + struct.pack(form, value) + content[at + struct.calcsize(form) :]


def test_version_1_is_read(tmp_path):
    """Half floats for positions, else as version 2."""
    g = some(50)
    write_spz(tmp_path / "2.spz", g, 2)
    content = gzip.decompress((tmp_path / "2.spz").read_bytes())
    halves = (g.means.numpy() * (1, -1, -1)).astype("<f2").tobytes()
    (tmp_path / "1.spz").write_bytes(gzip.compress(patched(content[:16], 4, "<I", 1) + halves + content[16 + 9 * 50 :]))
    read, as_2 = read_spz(tmp_path / "1.spz"), read_spz(tmp_path / "2.spz")
    torch.testing.assert_close(read.means, g.means.half().float())
    assert torch.equal(read.quats, as_2.quats) and torch.equal(read.sh, as_2.sh)


def test_axes_that_a_file_names_are_honoured(tmp_path):
    """Left up front (7) for what was written as right up back (4): x and z change their signs, harmonics too."""
    content = content_of(some(degree=1), tmp_path)
    flagged = patched(content, 14, "B", 2)
    other, axes = struct.pack("<II4s", 0xADBE0002, 4, b"...."), struct.pack("<III", 0xADBE0003, 4, 7)
    (tmp_path / "b.spz").write_bytes(gzip.compress(flagged + other + axes))
    a, b = read_spz(tmp_path / "good.spz"), read_spz(tmp_path / "b.spz")
    torch.testing.assert_close(b.means, a.means * torch.tensor([-1.0, 1.0, -1.0]))
    turned = a.quats * torch.tensor([1.0, -1.0, 1.0, -1.0])
    torch.testing.assert_close(same_side(b.quats, turned), turned)
    torch.testing.assert_close(b.sh, a.sh * torch.tensor([1.0, 1, -1, -1])[:, None])
    (tmp_path / "c.spz").write_bytes(gzip.compress(flagged + struct.pack("<III", 0xADBE0003, 4, 12)))
    with pytest.raises(InputError, match="exchanged"):
        read_spz(tmp_path / "c.spz")


def test_bad_files_are_refused(tmp_path):
    content = content_of(some(50, 1), tmp_path)
    good = (tmp_path / "good.spz").read_bytes()
    plain = b"NGSP" + struct.pack("<IIBBBBI12x", 4, 50, 0, 12, 0, 5, 32)
    cases = {
        "empty": (b"", "is empty"),
        "other": (b"Dear diary, " * 9, "is not a .spz"),
        "gzip": (gzip.compress(b"Dear diary, " * 9), "is not a .spz"),
        "short": (gzip.compress(b"NGSP"), "damaged"),
        "cut": (good[:-30], "damaged"),
        "ends": (gzip.compress(content[:-1]), "ends before"),
        "flipped": (good[:-8] + bytes([good[-8] ^ 1]) + good[-7:], "damaged"),  # in the checksum
        "version": (gzip.compress(patched(content, 4, "<I", 9)), "version 9"),
        "degree": (gzip.compress(patched(content, 12, "B", 7)), "degree 7"),
        "count": (gzip.compress(patched(content, 8, "<I", 19_000_000)), "as many Gaussians as it says"),
        "many": (gzip.compress(patched(content, 8, "<I", 2**32 - 1)), "at most 20 million"),
        "plain": (plain, "arrays"),
        "table": (plain + struct.pack("<10Q", *[2**63] * 10) + bytes(99), "ends before|damaged"),
        "newer": (patched(plain, 4, "<I", 5) + bytes(99), "version 5"),
    }
    for name, (bad, words) in cases.items():
        (tmp_path / name).write_bytes(bad)
        with pytest.raises(InputError, match=words) as caught:
            read_spz(tmp_path / name)
        assert caught.value.what.endswith(".") and caught.value.remedy.endswith("."), name
    (tmp_path / "none").write_bytes(gzip.compress(patched(content, 8, "<I", 0)))
    with pytest.raises(EmptyWorld):
        read_spz(tmp_path / "none")
    with pytest.raises(InputError, match="at most"):
        read_spz(tmp_path / "good.spz", most=49)
    assert len(read_spz(tmp_path / "good.spz", most=50)) == 50


# -- beside the format's reference library


@pytest.fixture(scope="module")
def reference() -> Callable[..., str]:
    """Runs the reference library, as splat-transform brings it along."""
    library = npm_package("@playcanvas/splat-transform", "3.7.0").parents[1] / "@adobe" / "spz" / "dist" / "spz.js"

    def run(*arguments: object) -> str:
        done = node(REFERENCE, library, *arguments)
        assert done.returncode == 0, done.stderr[-500:]
        return done.stdout

    return run


def stored(g: Gaussians) -> list[np.ndarray]:
    """What the library calls positions, scales, rotations, alphas, colours and harmonics."""
    rest = g.sh[:, 1:].reshape(len(g), -1)
    parts = (g.means, g.scales.log(), g.quats.roll(-1, 1), torch.logit(g.opacities)[:, None], g.sh[:, 0], rest)
    return [part.numpy().astype("<f4") for part in parts]


@pytest.mark.parametrize(("version", "degree"), [(2, 0), (2, 3), (3, 0), (3, 2), (4, 0), (4, 3)])
def test_the_reference_library_reads_what_we_write(tmp_path, reference, version, degree):
    g = some(degree=degree)
    limits = Limits(30.0, 30.0, 18.0, 9.0, 0.5, 1.5)
    looked = Viewpoint(Camera.from_fov(60.0, 64, 48), pivot_m=4.0, limits=limits)
    write_spz(tmp_path / "a.spz", g, version, antialiased=version == 2, viewpoint=looked)
    told = json.loads(reference("read", tmp_path / "a.spz", tmp_path / "a.f32", "RDF").splitlines()[-1])
    orbit = [pytest.approx([-0.1 * np.pi, 0.05 * np.pi, 2.0], rel=1e-6)] if version == 4 else []
    assert told == {"count": len(g), "degree": degree, "antialiased": version == 2, "orbits": orbit}
    ours = stored(read_spz(tmp_path / "a.spz"))
    theirs = np.split(np.fromfile(tmp_path / "a.f32", "<f4"), np.cumsum([part.size for part in ours])[:-1])
    for a, b in zip(ours, theirs, strict=True):
        b = b.reshape(a.shape)
        if a.shape[1] == 4:  # of unit length with us
            b = b / np.linalg.norm(b, axis=1, keepdims=True)
        good = np.isfinite(a) & np.isfinite(b)
        assert good.sum() >= 0.99 * good.size
        np.testing.assert_allclose(a[good], b[good], atol=2e-5)


@pytest.mark.parametrize(("version", "degree"), [(2, 1), (3, 3), (4, 0), (4, 3), (4, 4)])
def test_we_read_what_the_reference_library_writes(tmp_path, reference, version, degree):
    g = some(degree=degree)
    np.concatenate([part.ravel() for part in stored(g)]).tofile(tmp_path / "in.f32")
    reference("write", tmp_path / "in.f32", tmp_path / "a.spz", version, len(g), degree)
    assert (tmp_path / "a.spz").read_bytes()[:4] == b"NGSP" if version == 4 else True
    read = read_spz(tmp_path / "a.spz")
    assert read.sh_degree == min(degree, 3)
    assert apart(read.means, g.means) <= 2.0**-13 + 1e-6
    assert apart(same_side(read.quats, g.quats), g.quats) <= (0.12 if version == 2 else 0.0021)
    assert apart(read.scales.log(), g.scales.log()) <= 1 / 32 + 1e-5
    assert apart(read.opacities, g.opacities) <= 1 / 510 + 1e-6
    assert apart(read.rgb, g.rgb) <= 0.0037
    assert apart(read.sh[:, 1:], g.sh[:, 1:16]) <= 0.0079 if degree else True  # eight bits were asked for


def test_axes_of_version_4_are_read_as_the_reference_library_reads_them(tmp_path, reference):
    g = some(degree=2)
    np.concatenate([part.ravel() for part in stored(g)]).tofile(tmp_path / "in.f32")
    reference("write", tmp_path / "in.f32", tmp_path / "a.spz", 4, len(g), 2)
    content = (tmp_path / "a.spz").read_bytes()
    axes = struct.pack("<III", 0xADBE0003, 4, 7)
    moved = patched(patched(content[:32], 14, "B", 2), 16, "<I", 32 + len(axes)) + axes + content[32:]
    (tmp_path / "b.spz").write_bytes(moved)
    reference("read", tmp_path / "b.spz", tmp_path / "b.f32", "RDF")
    ours, theirs = read_spz(tmp_path / "b.spz"), np.fromfile(tmp_path / "b.f32", "<f4")
    np.testing.assert_allclose(ours.means.numpy().ravel(), theirs[: 3 * len(g)], atol=1e-5)
    np.testing.assert_allclose(ours.sh[:, 1:].numpy().ravel(), theirs[-24 * len(g) :], atol=1e-5)
    assert apart(ours.means, read_spz(tmp_path / "a.spz").means) > 1
