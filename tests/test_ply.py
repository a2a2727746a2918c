import io
import tracemalloc

import numpy as np
import pytest
import torch
from plyfile import PlyData, PlyElement

from gen3d.errors import EmptyWorld, InputError
from gen3d.formats.ply import read_ply, write_ply
from gen3d.splat.gaussians import Gaussians


def some_gaussians(n: int = 50, degree: int = 0, seed: int = 0) -> Gaussians:
    g = torch.Generator().manual_seed(seed)
    return Gaussians(
        means=torch.randn(n, 3, generator=g) * 5,
        quats=torch.nn.functional.normalize(torch.randn(n, 4, generator=g), dim=1),
        scales=torch.rand(n, 3, generator=g) * 0.1 + 1e-4,
        opacities=torch.rand(n, generator=g) * 0.98 + 0.01,
        sh=torch.randn(n, (degree + 1) ** 2, 3, generator=g),
    )


def assert_same(a: Gaussians, b: Gaussians, **tolerance: float) -> None:
    for name in ("means", "quats", "scales", "opacities", "sh"):
        torch.testing.assert_close(getattr(a, name), getattr(b, name), **tolerance or {"rtol": 2e-6, "atol": 1e-7})


def expect(path, words: str, kind=InputError) -> None:
    with pytest.raises(kind, match=words) as caught:
        read_ply(path)
    assert caught.value.what.endswith(".") and caught.value.remedy.endswith(".")


@pytest.mark.parametrize("degree", [0, 1, 2, 3])
def test_round_trip(tmp_path, degree):
    gaussians = some_gaussians(degree=degree)
    write_ply(tmp_path / "a.ply", gaussians)
    assert_same(read_ply(tmp_path / "a.ply"), gaussians)


def test_an_independent_reader_finds_the_inria_layout(tmp_path):
    gaussians = some_gaussians(degree=2)
    write_ply(tmp_path / "a.ply", gaussians)
    vertex = PlyData.read(tmp_path / "a.ply")["vertex"]
    names = [p.name for p in vertex.properties]
    assert names[:9] == ["x", "y", "z", "nx", "ny", "nz", "f_dc_0", "f_dc_1", "f_dc_2"]
    assert names[9:33] == [f"f_rest_{i}" for i in range(24)]
    assert names[33:] == ["opacity", "scale_0", "scale_1", "scale_2", "rot_0", "rot_1", "rot_2", "rot_3"]
    assert all(p.val_dtype == "f4" for p in vertex.properties)
    np.testing.assert_allclose(vertex["y"], gaussians.means[:, 1])
    np.testing.assert_allclose(vertex["scale_2"], gaussians.scales[:, 2].log(), rtol=1e-6)
    np.testing.assert_allclose(vertex["opacity"], torch.logit(gaussians.opacities), rtol=1e-4, atol=1e-6)
    np.testing.assert_array_equal(vertex["rot_0"], gaussians.quats[:, 0])
    np.testing.assert_array_equal(vertex["f_dc_2"], gaussians.sh[:, 0, 2])
    for channel in range(3):
        for k in range(1, 9):
            np.testing.assert_array_equal(vertex[f"f_rest_{8 * channel + k - 1}"], gaussians.sh[:, k, channel])


def test_full_and_empty_opacity_and_flat_scales_survive(tmp_path):
    g = some_gaussians(4)
    g = Gaussians(g.means, g.quats, g.scales * torch.tensor([1.0, 1.0, 0.0]), torch.tensor([0.0, 1.0, 0.5, 1.0]), g.sh)
    write_ply(tmp_path / "a.ply", g)
    read = read_ply(tmp_path / "a.ply")
    torch.testing.assert_close(read.opacities, g.opacities, atol=2e-6, rtol=0)
    torch.testing.assert_close(read.scales, g.scales, atol=1e-12, rtol=2e-6)


def test_the_same_gaussians_give_the_same_bytes(tmp_path):
    for name in ("a", "b"):
        write_ply(tmp_path / name, some_gaussians(degree=1))
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_gradients_do_not_hinder_writing(tmp_path):
    g = some_gaussians()
    write_ply(tmp_path / "a.ply", Gaussians(g.means.requires_grad_(), g.quats, g.scales, g.opacities, g.sh))
    assert len(read_ply(tmp_path / "a.ply")) == 50


def rewritten(path, vertex: np.ndarray, before: tuple = (), after: tuple = (), **options) -> None:
    PlyData([*before, PlyElement.describe(vertex, "vertex"), *after], **options).write(path)


@pytest.mark.parametrize("order", ["<", ">"])
def test_any_order_of_properties_and_foreign_elements_are_read(tmp_path, order):
    gaussians = some_gaussians(degree=1)
    write_ply(tmp_path / "a.ply", gaussians)
    vertex = PlyData.read(tmp_path / "a.ply")["vertex"].data
    names = [n for n in reversed(vertex.dtype.names) if n not in ("nx", "ny", "nz")]
    shuffled = np.zeros(len(vertex), [("label", "u1"), *((n, "f8" if n == "x" else "f4") for n in names)])
    for name in names:
        shuffled[name] = vertex[name]
    camera = PlyElement.describe(np.ones(3, [("id", "i4"), ("fov", "f8")]), "camera")
    faces = np.empty(1, [("vertex_indices", "O")])
    faces[0] = (np.array([0, 1, 2], np.int32),)
    face = PlyElement.describe(faces, "face")
    rewritten(tmp_path / "b.ply", shuffled, (camera,), (face,), byte_order=order, comments=["made elsewhere"])
    assert_same(read_ply(tmp_path / "b.ply"), gaussians)


def test_text_is_read_too(tmp_path):
    gaussians = some_gaussians(degree=2)
    write_ply(tmp_path / "a.ply", gaussians)
    vertex = PlyData.read(tmp_path / "a.ply")["vertex"].data
    faces = np.empty(2, [("vertex_indices", "O")])
    faces[:] = [(np.array([0, 1, 2], np.int32),), (np.array([3], np.int32),)]
    rewritten(tmp_path / "b.ply", vertex, (PlyElement.describe(faces, "face"),), text=True, comments=["in words"])
    assert (tmp_path / "b.ply").read_bytes().isascii()
    assert_same(read_ply(tmp_path / "b.ply"), gaussians)


def test_large_files_are_mapped_and_not_copied(tmp_path):
    """Of 200 properties that nobody asked for, 40 MB, none comes into memory."""
    write_ply(tmp_path / "a.ply", some_gaussians(50_000))
    vertex = PlyData.read(tmp_path / "a.ply")["vertex"].data
    wide = np.zeros(len(vertex), [*vertex.dtype.descr, ("other", "f4", 200)])
    for name in vertex.dtype.names:
        wide[name] = vertex[name]
    header = (tmp_path / "a.ply").read_bytes().partition(b"end_header\n")[0].decode()
    header += "".join(f"property float other_{i}\n" for i in range(200)) + "end_header\n"
    (tmp_path / "b.ply").write_bytes(header.encode() + wide.tobytes())
    tracemalloc.start()
    read = read_ply(tmp_path / "b.ply")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len(read) == 50_000 and peak < 12e6 < 40e6 < (tmp_path / "b.ply").stat().st_size


def test_a_caller_may_read_fewer(tmp_path):
    write_ply(tmp_path / "a.ply", some_gaussians())
    assert len(read_ply(tmp_path / "a.ply", most=50)) == 50
    with pytest.raises(InputError, match="at most"):
        read_ply(tmp_path / "a.ply", most=49)


def test_gaussians_nobody_could_draw_are_passed_over(tmp_path):
    write_ply(tmp_path / "a.ply", some_gaussians(6))
    vertex = PlyData.read(tmp_path / "a.ply")["vertex"].data.copy()
    vertex["x"][0] = np.nan
    vertex["scale_1"][1] = 1000  # exp overflows
    for i in range(4):
        vertex[f"rot_{i}"][2] = 0
    vertex["opacity"][3] = np.inf  # a legitimate 1
    rewritten(tmp_path / "b.ply", vertex)
    read = read_ply(tmp_path / "b.ply")
    assert len(read) == 3 and read.opacities[0] == 1
    vertex["y"] = np.inf
    rewritten(tmp_path / "c.ply", vertex)
    expect(tmp_path / "c.ply", "no Gaussian", EmptyWorld)


def test_writing_nothing_or_nonsense_fails(tmp_path):
    with pytest.raises(EmptyWorld):
        write_ply(tmp_path / "a.ply", some_gaussians(0))
    g = some_gaussians()
    with pytest.raises(ValueError, match="finite"):
        write_ply(tmp_path / "a.ply", Gaussians(g.means * torch.nan, g.quats, g.scales, g.opacities, g.sh))
    assert not list(tmp_path.iterdir())


def test_bad_files_are_refused(tmp_path):
    write_ply(tmp_path / "good.ply", some_gaussians())
    good = (tmp_path / "good.ply").read_bytes()
    vertex = PlyData.read(tmp_path / "good.ply")["vertex"].data
    text = io.BytesIO()
    PlyData([PlyElement.describe(vertex, "vertex")], text=True).write(text)
    points = io.BytesIO()
    PlyData([PlyElement.describe(np.zeros(3, [("x", "f4"), ("y", "f4"), ("z", "f4")]), "vertex")]).write(points)
    compressed = io.BytesIO()
    names = ("packed_position", "packed_rotation", "packed_scale", "packed_color")
    PlyData([PlyElement.describe(np.zeros(3, [(name, "u4") for name in names]), "vertex")]).write(compressed)
    cases = {
        "empty": (b"", "is empty"),
        "other": (b"OFF\n1 2 3\n", "not a .ply"),
        "text": (text.getvalue()[:-40], "ends before|not a .ply file that"),
        "words": (text.getvalue().replace(b"0.", b"o.", 40), "not a .ply file that"),
        "columns": (text.getvalue().replace(b"property float nx\n", b""), "17 numbers in a line, not 16"),
        "compressed": (compressed.getvalue(), "the chunks"),
        "points": (points.getvalue(), "f_dc_0 is missing"),
        "cut": (good[:-1], "ends before"),
        "header": (good[:100], "no whole .ply header"),
        "huge": (good.replace(b"vertex 50", b"vertex 99999999999999999"), "ends before"),
        "negative": (good.replace(b"vertex 50", b"vertex -5"), "no whole .ply header"),
        "number": (good.replace(b"vertex 50", b"vertex xx"), "not a .ply file that"),
        "type": (good.replace(b"float f_dc_1", b"quad f_dc_1"), "not a .ply file that"),
        "twice": (good.replace(b"float nx", b"float ny"), "a property twice"),
        "lists": (good.replace(b"element v", b"element f 1\nproperty list uchar int i\nelement v"), "after lists"),
        "many": (good.replace(b"vertex 50", b"vertex 21000000") + bytes(21_000_000), "at most 20 million"),
        "format": (good.replace(b"binary_little_endian", b"binary_middle_endian"), "not a .ply file that"),
        "elements": (good.replace(b"element vertex", b"element points"), "without vertices"),
        "rest": (good.replace(b"nx", b"f_rest_0"), "no degree"),
        "noise": (b"ply\n" + bytes(range(256)) * 40, "no whole .ply header"),
    }
    for name, (content, words) in cases.items():
        (tmp_path / name).write_bytes(content)
        expect(tmp_path / name, words)
    (tmp_path / "none").write_bytes(good.replace(b"vertex 50", b"vertex 0"))
    expect(tmp_path / "none", "no Gaussians", EmptyWorld)
