"""Drawn paths as files: what the viewer saves is what is filmed, and what others save is understood."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from gen3d.errors import InputError
from gen3d.formats.camera_path import read_camera_path
from gen3d.formats.transforms import read_transforms, write_transforms
from gen3d.values import DrawnPath
from tests.drawn import as_script, in_script, random_path
from tests.small_scenes import LENS

FORMATS = ("transforms.json", "nerfstudio camera path", "SuperSplat settings")
SCRIPTS = ("path.js", "path_files.js")
HEADER = {"width": LENS.width, "height": LENS.height, "K": LENS.K.tolist(), "w2c": np.eye(4)[:3].tolist()}
ABOUT = {"focal": LENS.K[1, 1] / 72, "aspect": 96 / 72, "unit": 2.0}


def level(path: DrawnPath) -> DrawnPath:
    """Without roll, which SuperSplat's cameras do not have."""
    poses = [LENS.look_at(c2w[:3, 3], c2w[:3, 3] + c2w[:3, 2]).c2w for c2w in path.c2w]
    return replace(path, c2w=np.array(poses))


def saved(folder: Path, name: str, path: DrawnPath) -> Path:
    """The file that the viewer makes."""
    given = {"path": as_script(path), "lens": ABOUT, "header": HEADER, "name": name}
    content = in_script(folder, SCRIPTS, "PATH_FILES[given.name](given.path, given.lens, given.header)", given)
    (folder / "path.json").write_text(json.dumps(content))
    return folder / "path.json"


def same(back: DrawnPath, path: DrawnPath) -> None:
    assert back.c2w == pytest.approx(path.c2w, abs=1e-6) and back.focal == pytest.approx(path.focal, abs=1e-6)
    first = 0 if path.loop == "repeat" else 1
    assert back.seconds[first:] == pytest.approx(path.seconds[first:], abs=1e-6)
    assert (back.loop, back.tension) == (path.loop, pytest.approx(path.tension))


@pytest.mark.parametrize("loop", ["none", "repeat", "pingpong"])
@pytest.mark.parametrize("name", FORMATS)
def test_what_the_viewer_saves_is_what_is_filmed(tmp_path, name, loop):
    path = level(random_path(4, 1, loop, 0.25))
    same(read_camera_path(saved(tmp_path, name, path), LENS), path)


@pytest.mark.parametrize("name", FORMATS)
def test_the_viewer_reads_what_it_saved(tmp_path, name):
    path = level(random_path(3, 2, "repeat", 0.5))
    given = {"text": saved(tmp_path, name, path).read_text(), "lens": ABOUT, "photo": HEADER["w2c"]}
    back = in_script(tmp_path, SCRIPTS, "pathFrom(given.text, given.lens, given.photo)", given)
    expected = as_script(path)
    assert (back["loop"], back["tension"]) == ("repeat", pytest.approx(0.5))
    for key, meant in zip(back["keys"], expected["keys"], strict=True):
        turn = np.array(key["turn"]) * np.sign(np.dot(key["turn"], meant["turn"]))
        assert [*key["place"], *turn] == pytest.approx([*meant["place"], *meant["turn"]], abs=1e-6)
        assert (key["focal"], key["seconds"]) == pytest.approx((meant["focal"], meant["seconds"]), abs=1e-6)


def test_the_keys_of_a_saved_transforms_json_are_cameras_for_everybody(tmp_path):
    path = random_path(3, 3)
    cameras = read_transforms(saved(tmp_path, "transforms.json", path))
    assert np.array([camera.c2w for camera in cameras]) == pytest.approx(path.c2w, abs=1e-6)
    assert [camera.K[1, 1] / camera.height for camera in cameras] == pytest.approx(path.focal, abs=1e-6)


def test_somebody_elses_transforms_json_counts_from_its_first_frame_in_the_viewer_too(tmp_path):
    path = random_path(3, 4)
    write_transforms(tmp_path / "other.json", [LENS.posed(c2w) for c2w in path.c2w])
    assert read_camera_path(tmp_path / "other.json", LENS) is None
    given = {"text": (tmp_path / "other.json").read_text(), "lens": ABOUT, "photo": HEADER["w2c"]}
    views = in_script(tmp_path, SCRIPTS, "pathFrom(given.text, given.lens, given.photo).keys.map(viewOf)", given)
    relative = np.linalg.inv(np.linalg.inv(path.c2w[0]) @ path.c2w)[:, :3]
    assert np.array(views) == pytest.approx(relative, abs=1e-6)


def test_a_list_is_left_to_the_reader_of_plain_files(tmp_path):
    (tmp_path / "list.json").write_text("[1]")
    assert read_camera_path(tmp_path / "list.json", LENS) is None


def nerfstudio(path: DrawnPath, **more: object) -> dict:
    """As its viewer saves it, without keyframes: single frames."""
    opengl = path.c2w @ np.diag([1.0, -1.0, -1.0, 1.0])
    fovs = np.degrees(2 * np.arctan(0.5 / path.focal))
    frames = [{"camera_to_world": m.ravel().tolist(), "fov": f, "aspect": 1.3}
              for m, f in zip(opengl, fovs, strict=True)]  # fmt: skip
    return {"camera_type": "perspective", "fps": 10, "seconds": 0.4, "camera_path": frames} | more


@pytest.mark.parametrize("by", ["rows", "columns", "text"])
def test_nerfstudios_own_files_of_any_age_are_understood(tmp_path, by):
    path = random_path(4, 5)
    content = nerfstudio(path)
    keys = [{"matrix": frame["camera_to_world"], "fov": frame["fov"]} for frame in content["camera_path"]]
    if by != "rows":
        keys = [key | {"matrix": np.array(key["matrix"]).reshape(4, 4).T.ravel().tolist()} for key in keys]
    if by == "text":
        keys = [key | {"matrix": json.dumps(key["matrix"])} for key in keys]
    content |= {"keyframes": keys, "default_transition_sec": 1.5, "is_cycle": True}
    (tmp_path / "path.json").write_text(json.dumps(content))
    back = read_camera_path(tmp_path / "path.json", LENS)
    same(back, replace(path, seconds=np.full(4, 1.5), loop="repeat"))
    given = {"text": json.dumps(content), "lens": ABOUT, "photo": HEADER["w2c"]}
    keys = in_script(tmp_path, SCRIPTS, "pathFrom(given.text, given.lens, given.photo).keys", given)
    assert [key["place"] for key in keys] == pytest.approx(path.c2w[:, :3, 3], abs=1e-6)


def test_without_keyframes_the_single_frames_are_the_keys(tmp_path):
    path = random_path(4, 6)
    (tmp_path / "path.json").write_text(json.dumps(nerfstudio(path)))
    same(read_camera_path(tmp_path / "path.json", LENS), replace(path, seconds=np.full(4, 0.1)))


def settings(**track: object) -> dict:
    keyframes = {"times": [0, 30], "values": {"position": [0, 0, 0, 0, 0, 1], "target": [0, 0, 3, 0, 0, 4],
                                              "fov": [60, 60]}}  # fmt: skip
    about = {"duration": 1, "frameRate": 30, "loopMode": "none", "smoothness": 1, "keyframes": keyframes}
    return {"version": 2, "animTracks": [about | track]}


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("{", "not JSON"),
        ({"hello": 1}, "no camera path"),
        ({"camera_path": [], "keyframes": []}, "0 keys"),
        ({"keyframes": [{"matrix": [1] * 15}]}, "can be read"),
        ({"keyframes": [{"matrix": np.diag([2.0, 2, 2, 1]).ravel().tolist()}]}, "Key 0"),
        (nerfstudio(random_path(2, 1)) | {"fps": 1e-9}, "apart in time"),
        (nerfstudio(random_path(2, 1)) | {"smoothness_value": 7}, "no path"),
        ({"keyframes": [{"matrix": np.eye(4).ravel().tolist(), "fov": 180}]}, "field of view of 180"),
        (settings() | {"version": 1}, "version 2"),
        (settings() | {"animTracks": []}, "version 2"),
        (settings(frameRate=0), "0 frames a second"),
        (settings(keyframes=settings()["animTracks"][0]["keyframes"] | {"times": [30, 0]}), "out of their order"),
        ({"frames": [], "camera_path": {}}, "no list of frames"),
    ],
)
def test_what_is_no_path_is_told(tmp_path, content, told):
    (tmp_path / "path.json").write_text(content if isinstance(content, str) else json.dumps(content))
    with pytest.raises(InputError, match=told):
        read_camera_path(tmp_path / "path.json", LENS)


@pytest.mark.parametrize(
    "text",
    ["{", "[1]", "{}", '{"frames": []}', '{"frames": [{}]}', '{"version": 2, "animTracks": []}',
     '{"keyframes": [{"matrix": [1, 2]}]}', '{"frames": [{"transform_matrix": "x"}]}'],
)  # fmt: skip
def test_the_viewer_refuses_what_is_no_path(tmp_path, text):
    given = {"text": text, "lens": ABOUT, "photo": HEADER["w2c"]}
    attempt = "(() => { try { return pathFrom(given.text, given.lens, given.photo) } catch { return 'refused' } })()"
    assert in_script(tmp_path, SCRIPTS, attempt, given) == "refused"
