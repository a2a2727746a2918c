import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from gen3d.camera import Camera

EXAMPLES = Path(__file__).resolve().parents[1] / "examples"
NAMES = ("room", "terrace")
OPENGL = np.diag([1.0, -1.0, -1.0, 1.0])


def _depth(name: str) -> np.ndarray:
    folder = EXAMPLES / name
    if (folder / "depth.npz").exists():
        return np.load(folder / "depth.npz")["depth"].astype(np.float64)
    return np.asarray(Image.open(folder / "depth.png")) / 1000.0


def _image(path: Path) -> np.ndarray:
    return np.asarray(Image.open(path).convert("RGB")) / 255.0


def _cameras(name: str) -> list[tuple[Path, Camera]]:
    record = json.loads((EXAMPLES / name / "camera.json").read_text())
    lens = Camera.from_intrinsics(*(float(record[k]) for k in ("fl_x", "fl_y", "cx", "cy")), record["w"], record["h"])
    return [
        (EXAMPLES / name / frame["file_path"], lens.posed(np.array(frame["transform_matrix"]) @ OPENGL))
        for frame in record["frames"]
    ]


@pytest.mark.parametrize("name", NAMES)
def test_example_is_whole_and_its_parts_fit(name: str) -> None:
    frames = _cameras(name)
    assert frames[0][0].name == "rgb.jpg"
    assert len(frames) == 4
    np.testing.assert_allclose(frames[0][1].w2c, np.eye(4), atol=1e-7)
    depth = _depth(name)
    for path, camera in frames:
        assert _image(path).shape == (camera.height, camera.width, 3)
        np.testing.assert_allclose(camera.w2c[:3, :3] @ camera.w2c[:3, :3].T, np.eye(3), atol=1e-6)
    assert depth.shape == (480, 640)
    assert not np.isnan(depth).any()
    assert (depth > 0.3).all()


def test_room_is_closed_and_terrace_has_a_sky_at_the_top() -> None:
    room, terrace = _depth("room"), _depth("terrace")
    assert np.isfinite(room).all()
    assert room.max() < 10
    sky = np.isinf(terrace)
    assert 0.15 < sky.mean() < 0.6
    assert not sky[-150:].any()


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("view", [1, 2, 3])
def test_held_out_view_shows_the_same_places_in_the_same_colours(name: str, view: int) -> None:
    frames = _cameras(name)
    (photo, first), (path, camera) = frames[0], frames[view]
    depth, image, other = _depth(name), _image(photo), _image(path)
    assert np.linalg.norm(camera.center) > 0.3, "a view that has not moved shows nothing new"
    uv, z = camera.project(first.unproject(np.where(np.isfinite(depth), depth, 1.0)))
    x, y = np.floor(uv[..., 0]).astype(int), np.floor(uv[..., 1]).astype(int)
    inside = np.isfinite(depth) & (z > 0) & (x >= 0) & (y >= 0) & (x < camera.width) & (y < camera.height)
    x, y, z, colour = x[inside], y[inside], z[inside], image[inside]
    front = np.full((camera.height, camera.width), np.inf)
    np.minimum.at(front, (y, x), z)
    seen = z < 1.02 * front[y, x]
    gap = np.abs(other[y, x] - colour)[seen].max(axis=-1)
    assert seen.sum() > 100_000
    assert np.median(gap) < 0.04
    assert np.quantile(gap, 0.8) < 0.12
    # The same colours against the photo itself, without the move, agree far less: the poses matter.
    unmoved = np.abs(other[inside] - colour)[seen].max(axis=-1)
    assert np.median(gap) < 0.6 * np.median(unmoved)


def test_examples_stay_small() -> None:
    data = [p for name in NAMES for p in (EXAMPLES / name).rglob("*") if p.is_file()]
    assert max(p.stat().st_size for p in data) < 700_000
    assert sum(p.stat().st_size for p in data) < 3_000_000
