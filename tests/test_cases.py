"""Inputs of real kinds that version 0.5 misread: the right value, a word on what was taken, or a refusal."""

import math

import numpy as np
import OpenEXR
import pytest
import tifffile
from PIL import Image

from gen3d.errors import InputError
from gen3d.formats.picture import read_photo
from tests.cases import CASES, PHOTO, read, truth
from tests.worlds import ground_and_sky


def write_exr(path, channels, **header):
    OpenEXR.File({"type": OpenEXR.scanlineimage, **header}, channels).write(str(path))
    return path


def beauty() -> dict[str, np.ndarray]:
    rgb = np.asarray(Image.open(PHOTO)).astype(np.float32) / 255
    return {**{c: np.ascontiguousarray(rgb[..., i]) for i, c in enumerate("RGB")}, "A": np.ones_like(rgb[..., 0])}


def refused(words: str, *given, **request) -> InputError:
    with pytest.raises(InputError, match=words) as caught:
        read(*given, **request)
    assert caught.value.what.endswith(".") and caught.value.remedy.endswith(".")
    return caught.value


# -- which numbers are the depth -------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["blender_rgba.exr", "unity_r_only.exr", "overscan.exr"])
def test_an_exr_gives_its_depth_and_never_its_alpha(name):
    found = read(depth=CASES / name)
    assert found.error() == 0 and found.told == ()


@pytest.mark.parametrize("name", ["zDepth", "depth.V", "ViewLayer.Depth.Z", "VRayZDepth.R", "Distance.Y", "pred_depth"])
def test_a_channel_is_known_by_its_name_beside_a_picture(tmp_path, name):
    vector = {f"Normal.{c}": np.full((240, 320), 0.5, np.float32) for c in "XYZ"}
    mist = {"ViewLayer.Mist.Z": np.full((240, 320), 0.7, np.float32)}
    write_exr(tmp_path / "a.exr", beauty() | vector | mist | {name: truth()})
    assert read(depth=tmp_path / "a.exr").error() == 0


def test_a_picture_without_depth_is_refused_and_its_channels_listed(tmp_path):
    write_exr(tmp_path / "beauty.exr", beauty())
    told = refused("beauty.exr holds .*by these names, no depth", depth=tmp_path / "beauty.exr")
    assert all(f"{c} (320 x 240)" in told.what for c in "RGBA") and "--depth-channel" in told.remedy


def test_every_part_of_an_exr_is_looked_at(tmp_path):
    parts = [
        OpenEXR.Part({"type": OpenEXR.scanlineimage}, beauty(), "rgba"),
        OpenEXR.Part({"type": OpenEXR.scanlineimage}, {"Z": truth()}, "depth"),
    ]
    OpenEXR.File(parts).write(str(tmp_path / "parts.exr"))
    assert read(depth=tmp_path / "parts.exr").error() == 0


def test_a_border_render_lies_at_its_place_and_the_rest_is_unknown():
    found = read(depth=CASES / "border.exr")
    known = np.isfinite(found.source.depth)
    assert found.error() == 0 and known.mean() == 0.25 and known[60:180, 80:240].all()


@pytest.mark.parametrize("name", ["depth_map", "depths", "depthmap", "metric_depth", "dist", "Z"])
@pytest.mark.parametrize(
    "before",
    [
        {"K": np.eye(3)}, {"pose": np.eye(4)}, {"confidence": np.full((240, 320), 2.0)},
        {"mask": np.ones((240, 320), np.uint8)}, {"T_wc": np.eye(4), "depth_conf": np.ones((240, 320))},
        {"normalized_depth": np.ones((240, 320))}, {"thumbnail": np.ones((50, 50))},
    ],
    ids=lambda before: "+".join(before),
)  # fmt: skip
def test_an_array_is_the_depth_by_name_and_shape_whatever_comes_first(tmp_path, name, before):
    np.savez_compressed(tmp_path / "a.npz", **before, **{name: truth()})
    assert read(depth=tmp_path / "a.npz").error() == 0


def test_what_is_left_when_all_else_is_something_else_is_the_depth(tmp_path):
    np.savez_compressed(tmp_path / "a.npz", K=np.eye(3), mask=np.ones((240, 320)), arr_0=truth())
    assert read(depth=tmp_path / "a.npz").error() == 0


def test_intrinsics_of_a_square_photo_are_no_depth():
    found = read(CASES / "square.jpg", CASES / "square_K_first.npz", fov_deg=50.0)
    assert found.error(truth()[:, 40:280]) == 0 and found.told == ()
    assert read(depth=CASES / "K_first.npz").error() == 0


def test_what_names_leave_open_is_refused_until_it_is_named(tmp_path):
    np.savez_compressed(tmp_path / "a.npz", first=np.ones((240, 320)), second=truth())
    told = refused(r"first \(320 x 240\), second \(320 x 240\), and which", depth=tmp_path / "a.npz")
    assert "--depth-channel" in told.remedy
    assert read(depth=tmp_path / "a.npz", depth_channel="second").error() == 0
    refused("holds no map 'third'", depth=tmp_path / "a.npz", depth_channel="third")
    np.save(tmp_path / "b.npy", truth())
    refused("holds one map without a name", depth=tmp_path / "b.npy", depth_channel="depth")


def test_equally_good_names_are_told(tmp_path):
    np.savez_compressed(tmp_path / "a.npz", gt_depth=truth(), pred_depth=2 * truth())
    found = read(depth=tmp_path / "a.npz")
    assert found.error() == 0 and len(found.told) == 1
    assert "taken from gt_depth; pred_depth would do as well" in found.told[0]


def test_an_array_that_is_taken_though_another_is_called_depth_is_told(tmp_path):
    np.savez_compressed(tmp_path / "a.npz", depth=np.ones((200, 200)), resized=truth())
    found = read(depth=tmp_path / "a.npz")
    assert found.error() == 0 and len(found.told) == 1
    assert "taken from resized" in found.told[0] and "depth (200 x 200)" in found.told[0]


def test_pages_of_a_tiff_are_told_apart(tmp_path):
    with tifffile.TiffWriter(tmp_path / "a.tif") as tiff:
        tiff.write(np.zeros((240, 320, 3), np.uint8), photometric="rgb")
        tiff.write(truth())
        tiff.write(truth()[::2, ::2], subfiletype=1)
    assert read(depth=tmp_path / "a.tif").error() == 0
    with tifffile.TiffWriter(tmp_path / "b.tif") as tiff:
        tiff.write(truth())
        tiff.write(np.ones((240, 320), np.float32))
    refused("page 1 .* page 2", depth=tmp_path / "b.tif")
    assert read(depth=tmp_path / "b.tif", depth_channel="page 1").error() == 0


# -- depth that is no metres -----------------------------------------------------------------------------------------


def test_disparity_by_name_is_inverted_and_told(tmp_path):
    np.savez_compressed(tmp_path / "a.npz", disparity=1 / truth())
    found = read(depth=tmp_path / "a.npz")
    assert found.error() < 1e-6 and len(found.told) == 1
    assert "called disparity" in found.told[0] and "--depth-kind metric" in found.told[0]
    np.savez_compressed(tmp_path / "b.npz", disp=400 * 0.5 / truth())  # pixels: focal length times baseline / z
    found = read(depth=tmp_path / "b.npz", depth_scale=200.0)
    assert found.error() < 1e-6 and "--depth-scale" not in found.told[0]
    unscaled = read(depth=tmp_path / "b.npz")
    assert unscaled.correlation() > 0.9999 and np.median(unscaled.source.depth) == pytest.approx(3, rel=1e-3)
    assert "--depth-scale" in unscaled.told[0]


@pytest.mark.parametrize("name", ["midas16.png", "da_grey8.png"])
def test_a_map_that_fills_its_type_is_relative_and_probably_inverse(name):
    found = read(depth=CASES / name)
    assert found.correlation() > 0.93 and len(found.told) == 1
    assert "relative, and probably inverse" in found.told[0] and "--depth-kind metric" in found.told[0]
    assert "--depth-scale" not in found.told[0]  # which would not help
    metric = read(depth=CASES / name, depth_kind="metric")
    assert metric.correlation() < -0.9 and metric.told == ()
    scaled = read(depth=CASES / name, depth_scale=1000.0)
    assert scaled.correlation() < -0.9 and "--depth-kind inverse" in scaled.told[0]


@pytest.mark.parametrize("unit", [1.0, 255.0, 65535.0])
def test_a_float_map_from_0_to_1_is_relative_too(tmp_path, unit):
    inverse = 1 / truth()
    np.save(tmp_path / "a.npy", ((inverse - inverse.min()) / np.ptp(inverse) * np.float32(unit)).astype(np.float32))
    found = read(depth=tmp_path / "a.npy")
    assert found.correlation() > 0.93 and "probably inverse" in found.told[0]


@pytest.mark.parametrize(
    ("low", "high", "kind"),
    [(1, 65534, "u2"), (90, 65300, "u2"), (1, 254, "u1"), (0, 0.9999999, "f4"), (0.002, 0.998, "f4"), (0, 254.4, "f4")],
)
def test_a_map_that_all_but_fills_its_type_is_relative_too(tmp_path, low, high, kind):
    """Estimators divide by a little more than the range, and whoever resizes a map blunts its ends."""
    inverse = 1 / truth()
    values = low + (high - low) * (inverse - inverse.min()) / np.ptp(inverse)
    np.save(tmp_path / "a.npy", values.astype(kind) if kind == "f4" else np.rint(values).astype(kind))
    found = read(depth=tmp_path / "a.npy")
    assert found.correlation() > 0.93 and "probably inverse" in found.told[0]


@pytest.mark.parametrize("highest", [12.0, 40.0, 90.0])
def test_floats_that_go_down_to_nothing_are_told(tmp_path, highest):
    """As an estimator of relative depth writes them before anybody scales them: no lens sees so near."""
    inverse = 1 / truth()
    np.save(tmp_path / "a.npy", ((inverse - inverse.min()) / np.ptp(inverse) * highest).astype(np.float32))
    found = read(depth=tmp_path / "a.npy")
    assert len(found.told) == 1 and "--depth-kind inverse" in found.told[0]
    assert read(depth=tmp_path / "a.npy", depth_kind="inverse").correlation() > 0.93
    assert read(depth=tmp_path / "a.npy", depth_kind="metric").told == ()


@pytest.mark.parametrize("name", ["kinect_mm.npy", "kinect_mm.tif"])
def test_a_scale_counts_for_floats_too(tmp_path, name):
    write = np.save if name.endswith("npy") else tifffile.imwrite
    write(tmp_path / name, truth() * 1000)
    found = read(depth=tmp_path / name, depth_scale=1000.0)
    assert found.error() < 1e-6 and found.told == ()


@pytest.mark.parametrize("metres", [1.0, 0.15])
def test_floats_that_look_like_millimetres_are_told_with_the_knob_that_works(tmp_path, metres):
    np.save(tmp_path / "mm.npy", truth() * metres * 1000)
    found = read(depth=tmp_path / "mm.npy")
    assert len(found.told) == 1 and "floats are taken for metres" in found.told[0]
    assert "--depth-scale 1000" in found.told[0]


def test_a_scale_that_makes_millimetres_of_metres_is_told(tmp_path):
    np.save(tmp_path / "m.npy", truth())
    found = read(depth=tmp_path / "m.npy", depth_scale=1000.0)
    assert len(found.told) == 1 and "at 1000 units per metre" in found.told[0] and "--depth-scale" in found.told[0]


def test_eight_bit_without_a_scale_is_told_both_ways_out(tmp_path):
    Image.fromarray(np.rint(truth() * 30).astype(np.uint8)).save(tmp_path / "a.png")
    found = read(depth=tmp_path / "a.png")
    assert len(found.told) == 1 and "--depth-scale" in found.told[0] and "--depth-kind inverse" in found.told[0]
    assert read(depth=tmp_path / "a.png", depth_scale=30.0).told == ()


def test_the_largest_number_of_a_type_is_no_wall():
    found = read(depth=CASES / "u16_65535.png")
    assert np.nanmax(found.source.depth) < 6.1 and np.isnan(found.source.depth).mean() == pytest.approx(0.065, abs=0.01)
    assert len(found.told) == 1 and "65.535 m" in found.told[0] and "unknown" in found.told[0]
    half = read(depth=CASES / "half_65504.exr")
    assert half.error() < 1e-3 and np.isfinite(half.source.depth).mean() == 0.75 and "65504 m" in half.told[0]
    trusted = read(depth=CASES / "u16_65535.png", depth_kind="metric")
    assert np.nanmax(trusted.source.depth) == pytest.approx(65.535) and trusted.told == ()


@pytest.mark.parametrize("far", [100.0, 999.0, 1000.0, 10000.0, 65535.0, 123456.0])
def test_one_far_constant_is_unknown_within_a_room_and_sky_above_a_plain(tmp_path, far):
    depth = truth().copy()
    depth[100:140, 100:200] = far
    np.save(tmp_path / "room.npy", depth)
    found = read(depth=tmp_path / "room.npy")
    assert np.isnan(found.source.depth[100:140, 100:200]).all() and np.isfinite(found.source.depth).mean() > 0.9
    assert len(found.told) == 1 and "unknown" in found.told[0]
    world = ground_and_sky()
    plain = world.view(world.camera(320, 240)).depth
    plain[(plain > 30) & np.isfinite(plain)] = 30
    np.save(tmp_path / "plain.npy", np.where(np.isinf(plain), np.float32(far), plain))
    found = read(depth=tmp_path / "plain.npy")
    np.testing.assert_array_equal(np.isinf(found.source.depth), np.isinf(plain))
    assert len(found.told) == 1 and "sky" in found.told[0]


def test_a_constant_map_is_told_whatever_its_file(tmp_path):
    np.save(tmp_path / "a.npy", np.full((240, 320), 2.0))
    Image.fromarray(np.full((240, 320), 2000, np.uint16)).save(tmp_path / "b.png")
    write_exr(tmp_path / "c.exr", {"Z": np.full((240, 320), 2, np.float32)})
    for file in sorted(tmp_path.iterdir()):
        found = read(depth=file)
        assert len(found.told) == 1 and "Every known pixel of the depth is 2 m away" in found.told[0], file.name


@pytest.mark.parametrize(("values", "scale"), [(1e-44, None), (1e-30, None), (3.0, 1e-30), (3.0, 1e30), (5e5, None)])
def test_distances_that_nothing_could_stand_in_are_refused(tmp_path, values, scale):
    np.save(tmp_path / "a.npy", (truth() / 3 * values).astype(np.float32))
    refused("nothing can be built there", depth=tmp_path / "a.npy", depth_scale=scale)


# -- photo and depth turned ------------------------------------------------------------------------------------------


def test_depth_that_fits_only_the_unturned_photo_is_turned_with_it():
    found = read(CASES / "o6.jpg", CASES / "o6_depth.png")
    assert found.error() < 1e-3 and len(found.told) == 1 and "--turn-depth no" in found.told[0]
    refused("on its side", CASES / "o6.jpg", CASES / "o6_depth.png", turn_depth="no")
    assert read(CASES / "o6.jpg", CASES / "o6_depth.png", turn_depth="yes").told == ()


@pytest.mark.parametrize(("name", "columns"), [("o3", slice(None)), ("square_o6", slice(40, 280))])
def test_where_both_fit_turning_is_offered(name, columns):
    photo, depth, expected = CASES / f"{name}.jpg", CASES / f"{name}_depth.png", truth()[:, columns]
    lies = read(photo, depth)
    assert len(lies.told) == 1 and "--turn-depth yes" in lies.told[0] and lies.error(expected) > 0.1
    assert read(photo, depth, turn_depth="yes").error(expected) < 1e-3
    assert read(photo, depth, turn_depth="no").told == ()


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("suffix", ["png", "tif"])
def test_every_way_of_holding_a_camera_is_undone_for_both_alike(tmp_path, orientation, suffix):
    back = {1: 1, 2: 2, 3: 3, 4: 4, 5: 5, 6: 8, 7: 7, 8: 6}[orientation]
    from gen3d.formats.picture import upright

    exif = Image.Exif()
    exif[0x0112] = orientation
    photo = np.ascontiguousarray(upright(np.asarray(Image.open(PHOTO)), back))
    Image.fromarray(photo).save(tmp_path / f"a.{suffix}", exif=exif)
    np.save(tmp_path / "d.npy", upright(truth(), back))
    turn = "auto" if orientation in (1, 5, 6, 7, 8) else "yes"
    found = read(tmp_path / f"a.{suffix}", tmp_path / "d.npy", turn_depth=turn)
    assert found.error() == 0
    np.testing.assert_allclose(found.source.image, read_photo(PHOTO).image, atol=1e-6)


# -- what a photo says of itself -------------------------------------------------------------------------------------


def test_depth_inside_a_portrait_photo_is_used_and_told():
    found = read(CASES / "portrait_gdepth.jpg")
    assert found.error() < 0.01 and len(found.told) == 1
    assert "GDepth, 2.14 to 6 m" in found.told[0] and "--own-depth ignore" in found.told[0]
    assert read(CASES / "portrait_gdepth.jpg", own_depth="ignore").source.depth is None
    other = read(CASES / "portrait_gdepth.jpg", CASES / "K_first.npz")
    assert other.error() == 0 and other.told == ()


def test_a_panorama_is_told():
    found = read(CASES / "pano360.jpg")
    assert len(found.told) == 1 and "360 degree panorama (equirectangular)" in found.told[0]


def test_a_camera_raw_is_refused_by_its_name():
    told = refused("IMG_0042.dng is a camera RAW; .* preview of 80 x 60 pixels", CASES / "IMG_0042.dng")
    assert "Export it as JPEG" in told.remedy


def test_the_largest_full_page_of_a_tiff_is_the_photo():
    found = read(CASES / "pages.tif")
    assert found.source.image.shape == (240, 320, 3) and "page 2" in found.told[0]


def test_a_ycbcr_tiff_is_read_and_a_float_one_called_by_its_kind(tmp_path):
    image = read(CASES / "ycc.tif").source.image
    assert image.shape == (240, 320, 3) and math.isclose(image.mean(), read().source.image.mean(), abs_tol=0.01)
    tifffile.imwrite(tmp_path / "f.tif", image, photometric="rgb")
    refused("f.tif is a TIFF of 32-bit floating-point RGB", tmp_path / "f.tif")


def test_a_seed_beyond_all_generators_is_refused():
    refused("too large", seed=2**64)
