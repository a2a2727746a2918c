import io
import pickle
import zipfile

import cv2
import numpy as np
import OpenEXR
import pytest
import tifffile
from PIL import Image

from gen3d.errors import InputError
from gen3d.formats import depth_file
from gen3d.formats.depth_file import read_depth, write_depth


@pytest.fixture
def depth() -> np.ndarray:
    """Metres, with something of everything: unknown, sky, a step."""
    depth = np.linspace(0.5, 8, 30 * 40, dtype=np.float32).reshape(30, 40)
    depth[5:9, 4:9] = 0.25
    depth[0, :5] = np.inf
    depth[3, 3] = np.nan
    return depth


def expect(path, words: str, scale: float | None = None) -> None:
    with pytest.raises(InputError, match=words) as caught:
        read_depth(path, scale)
    assert caught.value.what.endswith(".") and caught.value.remedy.endswith(".")


def write_exr(path, **channels: np.ndarray) -> None:
    OpenEXR.File({"type": OpenEXR.scanlineimage}, channels).write(str(path))


def test_round_trip_keeps_every_bit(tmp_path, depth):
    write_depth(tmp_path / "d.npy", depth)
    np.testing.assert_array_equal(read_depth(tmp_path / "d.npy"), depth)
    assert [p.name for p in tmp_path.iterdir()] == ["d.npy"]


def test_float_files_are_metres_unless_a_scale_is_told(tmp_path, depth):
    np.save(tmp_path / "a.npy", depth.astype(np.float64)[..., None])
    np.save(tmp_path / "fortran.npy", np.asfortranarray(depth))
    np.savez_compressed(tmp_path / "b.npz", depth=depth)
    tifffile.imwrite(tmp_path / "c.tiff", depth)
    tifffile.imwrite(tmp_path / "z.tiff", depth, compression="zlib")
    write_exr(tmp_path / "d.exr", Z=depth)
    for path in tmp_path.iterdir():
        np.testing.assert_array_equal(read_depth(path), depth, err_msg=path.name)
        np.testing.assert_allclose(read_depth(path, 1000.0), depth / 1000, rtol=1e-6, err_msg=path.name)


@pytest.mark.parametrize("scale", [1000.0, 5000.0])
def test_integer_files_are_divided_by_the_scale(tmp_path, scale):
    units = np.random.default_rng(0).integers(0, 65536, (20, 30)).astype(np.uint16)
    expected = np.where(units == 0, np.nan, units / scale).astype(np.float32)
    cv2.imwrite(str(tmp_path / "a.png"), units)
    np.save(tmp_path / "b.npy", units.astype(np.int64))
    tifffile.imwrite(tmp_path / "c.tif", units)
    write_exr(tmp_path / "d.exr", depth=units.astype(np.uint32))
    for path in tmp_path.iterdir():
        np.testing.assert_allclose(read_depth(path, scale), expected, rtol=1e-6, err_msg=path.name)


def test_eight_bit_grey_follows_the_same_rule(tmp_path):
    Image.fromarray(np.full((16, 16), 50, np.uint8)).save(tmp_path / "a.png")
    assert read_depth(tmp_path / "a.png", 10.0)[0, 0] == 5


def test_unknown_becomes_nan_and_far_becomes_sky(tmp_path):
    np.save(tmp_path / "a.npy", np.array([[0, -1, np.nan, -np.inf, np.inf, 1e10, 3]]))
    read = read_depth(tmp_path / "a.npy")[0]
    assert np.isnan(read[:4]).all() and np.isposinf(read[4:6]).all() and read[6] == 3


def test_npz_prefers_the_array_named_depth(tmp_path):
    one, two = np.full((8, 8), 1.0), np.full((8, 8), 2.0)
    np.savez(tmp_path / "a.npz", first=one, depth=two)
    np.savez(tmp_path / "b.npz", K=np.zeros(9), first=one)
    np.savez(tmp_path / "c.npz", first=one, second=two)
    assert read_depth(tmp_path / "a.npz")[0, 0] == 2
    assert read_depth(tmp_path / "b.npz")[0, 0] == 1
    expect(tmp_path / "c.npz", r"holds first \(8 x 8\), second \(8 x 8\), and which of them is the depth is unclear")


def test_exr_channel_is_found_by_name(tmp_path):
    one, two = np.full((8, 8), 1, np.float32), np.full((8, 8), 2, np.float32)
    write_exr(tmp_path / "a.exr", A=one, Z=two)
    write_exr(tmp_path / "b.exr", **{"Layer.A": one, "Layer.Depth": two})
    write_exr(tmp_path / "c.exr", V=two)
    write_exr(tmp_path / "d.exr", A=one, Y=two.astype(np.float16))
    for path in tmp_path.iterdir():
        assert read_depth(path)[0, 0] == 2, path.name


def test_the_content_decides_not_the_name(tmp_path, depth):
    write_depth(tmp_path / "d.npy", depth)
    (tmp_path / "d.npy").rename(tmp_path / "d.png")
    np.testing.assert_array_equal(read_depth(tmp_path / "d.png"), depth)


def test_files_without_one_number_per_pixel_are_refused(tmp_path, depth):
    np.save(tmp_path / "cube.npy", np.ones((4, 5, 6)))
    np.save(tmp_path / "list.npy", np.ones(9))
    np.save(tmp_path / "none.npy", np.ones((0, 9)))
    np.save(tmp_path / "flags.npy", np.ones((9, 9), bool))
    np.save(tmp_path / "wave.npy", np.ones((9, 9), complex))
    for name, words in (
        ("cube", "shape"), ("list", "shape"), ("none", "no pixels"), ("flags", "bool"), ("wave", "complex"),
    ):  # fmt: skip
        expect(tmp_path / f"{name}.npy", words)
    Image.fromarray(np.zeros((9, 9, 3), np.uint8)).save(tmp_path / "rgb.png")
    expect(tmp_path / "rgb.png", "coloured picture")
    tifffile.imwrite(tmp_path / "rgb.tif", np.zeros((9, 9, 3), np.uint8), photometric="rgb")
    expect(tmp_path / "rgb.tif", "shape")
    np.savez(tmp_path / "none.npz")
    (tmp_path / "none.npz").write_bytes((tmp_path / "none.npz").read_bytes())
    expect(tmp_path / "none.npz", "no array")


def test_nothing_known_is_refused(tmp_path):
    for i, value in enumerate((0.0, -1.0, np.nan, np.inf)):
        np.save(tmp_path / f"{i}.npy", np.full((9, 9), value))
        expect(tmp_path / f"{i}.npy", "no known depth")


@pytest.mark.parametrize("scale", [0.0, -1000.0, float("nan"), float("inf")])
def test_a_scale_that_is_not_positive_is_refused(tmp_path, depth, scale):
    write_depth(tmp_path / "d.npy", depth)
    expect(tmp_path / "d.npy", "depth scale", scale)


def test_broken_files_are_refused(tmp_path, depth, capfd):
    write_depth(tmp_path / "a.npy", depth)
    np.savez_compressed(tmp_path / "a.npz", depth=depth)
    tifffile.imwrite(tmp_path / "a.tif", depth)
    write_exr(tmp_path / "a.exr", Z=depth)
    cv2.imwrite(str(tmp_path / "a.png"), np.random.default_rng(0).integers(0, 65536, (64, 64)).astype(np.uint16))
    for path in list(tmp_path.iterdir()):
        content = path.read_bytes()
        for length in (0, 5, 10, 60, len(content) // 2, len(content) - 25):
            broken = tmp_path / f"broken{path.suffix}"
            broken.write_bytes(content[:length])
            expect(broken, "broken")
    (tmp_path / "text").write_text("1 2 3\n4 5 6\n")
    expect(tmp_path / "text", "not a depth file")
    expect(tmp_path / "nowhere.npy", "no file")


def test_pickles_are_never_loaded(tmp_path):
    class Trap:
        def __reduce__(self):
            return (pytest.fail, ("a pickle was loaded",))

    np.save(tmp_path / "a.npy", np.array([[Trap()]], object), allow_pickle=True)
    expect(tmp_path / "a.npy", "object")
    (tmp_path / "b.npy").write_bytes(pickle.dumps(Trap()))
    expect(tmp_path / "b.npy", "not a depth file")


def test_a_header_that_promises_too_much_is_refused_before_loading(tmp_path):
    buffer = io.BytesIO()
    np.lib.format.write_array_header_1_0(buffer, {"descr": "<f8", "fortran_order": False, "shape": (10**6, 10**6)})
    (tmp_path / "a.npy").write_bytes(buffer.getvalue())
    expect(tmp_path / "a.npy", "million pixels")
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
        archive.writestr("depth.npy", buffer.getvalue())
    expect(tmp_path / "a.npz", "million pixels")
    buffer = io.BytesIO()
    np.lib.format.write_array_header_1_0(buffer, {"descr": "<f4", "fortran_order": False, "shape": (900, 900)})
    (tmp_path / "b.npy").write_bytes(buffer.getvalue())
    expect(tmp_path / "b.npy", "ends before")


def test_too_many_bytes_or_pixels_are_refused(tmp_path, depth, monkeypatch):
    write_depth(tmp_path / "a.npy", depth)
    write_exr(tmp_path / "a.exr", Z=depth)
    tifffile.imwrite(tmp_path / "a.tif", depth)
    monkeypatch.setattr(depth_file, "LARGEST_PX", 30 * 40 - 1)
    for path in tmp_path.iterdir():
        expect(path, "million pixels")
    monkeypatch.setattr(depth_file, "LARGEST_BYTES", 100)
    expect(tmp_path / "a.npy", "more than")
