import json
import math

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from gen3d.camera import Camera
from gen3d.errors import InputError
from gen3d.formats.transforms import read_transforms, write_transforms

FIRST = np.diag([1.0, -1, -1, 1]).tolist()


def some_cameras() -> list[Camera]:
    cameras = [Camera.from_intrinsics(500.0, 510.0, 300.5, 251.25, 640, 480)]
    for i in range(3):
        c2w = np.eye(4)
        c2w[:3, :3] = Rotation.from_euler("xyz", [0.1 * i, 0.7, -0.2]).as_matrix()
        c2w[:3, 3] = (i, -0.5, 2.25)
        cameras.append(Camera.from_fov(60.0 + i, 320, 200 + i).posed(c2w))
    return cameras


def written(path, frames: list | None = None, **everywhere) -> None:
    frames = [{"transform_matrix": FIRST}] if frames is None else frames
    path.write_text(json.dumps({"fl_x": 100, "w": 64, "h": 48, "frames": frames} | everywhere))


def expect(path, words: str) -> None:
    with pytest.raises(InputError, match=words) as caught:
        read_transforms(path)
    assert caught.value.what.endswith(".") and caught.value.remedy.endswith(".")


def test_round_trip(tmp_path):
    cameras = some_cameras()
    write_transforms(tmp_path / "t.json", cameras)
    for read, camera in zip(read_transforms(tmp_path / "t.json"), cameras, strict=True):
        assert (read.width, read.height) == (camera.width, camera.height)
        np.testing.assert_allclose(read.K, camera.K)
        np.testing.assert_allclose(read.w2c, camera.w2c, atol=1e-12)


def test_the_file_is_nerfstudios(tmp_path):
    write_transforms(tmp_path / "t.json", some_cameras(), files=["a.png", "b.png", "c.png", "d.png"])
    frames = json.loads((tmp_path / "t.json").read_text())["frames"]
    assert [f["file_path"] for f in frames] == ["a.png", "b.png", "c.png", "d.png"]
    first = frames[0]
    assert (first["fl_x"], first["fl_y"], first["cx"], first["cy"]) == (500, 510, 300.5, 251.25)
    assert (first["w"], first["h"]) == (640, 480)
    assert first["transform_matrix"] == FIRST
    # OpenGL: the camera looks along minus its third axis, and its second axis is up
    camera, matrix = some_cameras()[2], np.array(frames[2]["transform_matrix"])
    np.testing.assert_allclose(-matrix[:3, 2], camera.c2w[:3, 2])
    np.testing.assert_allclose(-matrix[:3, 1], camera.c2w[:3, 1])
    np.testing.assert_allclose(matrix[:3, 3], camera.center)


def test_unnamed_frames_are_numbered_and_names_must_fit(tmp_path):
    write_transforms(tmp_path / "t.json", some_cameras())
    frames = json.loads((tmp_path / "t.json").read_text())["frames"]
    assert [f["file_path"] for f in frames] == ["00.png", "01.png", "02.png", "03.png"]
    with pytest.raises(ValueError):
        write_transforms(tmp_path / "t.json", some_cameras(), files=["a.png"])


def test_global_and_own_intrinsics_mix(tmp_path):
    frames = [{"transform_matrix": FIRST}, {"transform_matrix": FIRST, "fl_x": 50, "fl_y": 60, "cx": 1, "w": 32.0}]
    written(tmp_path / "t.json", frames)
    one, two = read_transforms(tmp_path / "t.json")
    np.testing.assert_array_equal(one.K, [[100, 0, 32], [0, 100, 24], [0, 0, 1]])
    np.testing.assert_array_equal(two.K, [[50, 0, 1], [0, 60, 24], [0, 0, 1]])
    assert (two.width, two.height) == (32, 48)


def test_camera_angle_x_gives_the_focal_length(tmp_path):
    content = {"camera_angle_x": math.radians(90), "w": 64, "h": 48, "frames": [{"transform_matrix": FIRST}]}
    (tmp_path / "t.json").write_text(json.dumps(content))
    np.testing.assert_allclose(read_transforms(tmp_path / "t.json")[0].K, [[32, 0, 32], [0, 32, 24], [0, 0, 1]])


def test_a_slightly_skewed_rotation_becomes_exact(tmp_path):
    matrix = np.array(FIRST)
    matrix[:3, :3] += np.random.default_rng(0).normal(0, 1e-3, (3, 3))
    written(tmp_path / "t.json", [{"transform_matrix": matrix[:3].tolist()}])
    R = read_transforms(tmp_path / "t.json")[0].w2c[:3, :3]
    np.testing.assert_allclose(R @ R.T, np.eye(3), atol=1e-12)
    assert np.abs(R - np.eye(3)).max() < 5e-3


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"fl_x": 0}, "fl_x"), ({"fl_x": -3}, "fl_x"), ({"fl_x": "wide"}, "fl_x"), ({"fl_x": float("nan")}, "fl_x"),
        ({"fl_x": 10**400}, "fl_x"), ({"fl_y": 0}, "fl_y"), ({"cx": float("inf")}, "cx"), ({"w": 0}, "w = 0"),
        ({"w": 64.5}, "w = 64.5"), ({"h": 8193}, "h = 8193"), ({"h": None}, "number h"), ({"w": True}, "number w"),
        ({"camera_model": "OPENCV_FISHEYE"}, "FISHEYE"), ({"camera_model": ["OPENCV"]}, "camera model"),
    ],
)  # fmt: skip
def test_impossible_intrinsics_are_refused(tmp_path, change, words):
    written(tmp_path / "t.json", **change)
    expect(tmp_path / "t.json", words)


def test_impossible_poses_are_refused(tmp_path):
    scaled, mirrored, projective = np.array(FIRST) * 2, np.diag([1.0, 1, -1, 1]), np.array(FIRST)
    projective[3, 0] = 0.1
    nan = np.array(FIRST) * np.nan
    for matrix in (scaled.tolist(), mirrored.tolist(), projective.tolist()):
        written(tmp_path / "t.json", [{"transform_matrix": matrix}])
        expect(tmp_path / "t.json", "not a rotation")
    for matrix in (nan.tolist(), None, [[1]], "x", [[1, 2], [3]], FIRST[:2], [[{}] * 4] * 4, [[10**400] * 4] * 4):
        written(tmp_path / "t.json", [{"transform_matrix": FIRST}, {"transform_matrix": matrix}])
        expect(tmp_path / "t.json", "Frame 1 of t.json")


def test_files_of_another_kind_are_refused(tmp_path):
    path = tmp_path / "t.json"
    for content in ("", "{", "\x80", "[" * 100_000):
        path.write_text(content, encoding="latin-1")
        expect(path, "is empty|not JSON")
    for content in ([], {}, {"frames": []}, {"frames": 3}, {"frames": [3]}):
        path.write_text(json.dumps(content))
        expect(path, "no list of frames")
    path.write_text(json.dumps({"w": 64, "h": 48, "frames": [{"transform_matrix": FIRST}]}))
    expect(path, "neither fl_x nor camera_angle_x")
    written(path, [{"transform_matrix": FIRST}] * 10_001)
    expect(path, "10001 frames")
    expect(tmp_path / "nowhere.json", "no file")
