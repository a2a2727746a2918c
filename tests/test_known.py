"""What a build's folder knows of its scene goes into the files that can say it: parts, cameras, limits."""

import json
import shutil
import struct
from pathlib import Path

import numpy as np
import pytest

from gen3d.cli import main
from gen3d.errors import InputError
from gen3d.format_table import FORMATS
from gen3d.formats.known import Labels
from gen3d.formats.layered import load_layered
from gen3d.formats.ply import read_ply
from gen3d.formats.scene_file import open_scene, tells
from gen3d.formats.stored import StoredScene, Writing
from gen3d.formats.transforms import read_transforms
from gen3d.formats.view import read_view
from gen3d.products.beside import PARTS, known_beside
from gen3d.scene_files import SceneFiles
from tests.runs import TINY
from tests.test_ply import some_gaussians


@pytest.fixture(scope="module")
def known(built) -> StoredScene:
    return known_beside(StoredScene(read_ply(built.folder / "scene.ply")), SceneFiles(built.folder))


def test_the_parts_are_where_the_photo_has_them(built, known):
    """Nearly every pixel of the foreground is of the foreground's Gaussians, and hardly any other."""
    layered = load_layered(built.folder / "layers.npz")
    uv, z = layered.layers.rgbd.camera.project(known.gaussians.means.double().numpy())
    h, w = layered.layers.foreground.shape
    inside = (z > 0) & (uv >= 0).all(axis=1) & (uv < (w, h)).all(axis=1)
    names = known.labels.names
    assert names[: len(PARTS)] == PARTS and all(name.startswith("foreground/") for name in names[len(PARTS) :])
    of = np.array([name.partition("/")[0] for name in names])[known.labels.of]
    assert set(of) >= {"foreground", "background", "surroundings"}
    assert not inside[of == "surroundings"].any()
    assert inside[of == "foreground"].mean() > 0.98, "but for what the fit moved over the rim"
    u, v = uv[inside].astype(int).T
    near = z[inside] < 1.05 * layered.layers.rgbd.depth[v, u]
    shown = layered.layers.foreground[v, u] & near
    assert (of[inside][shown] == "foreground").mean() > 0.97
    far = np.zeros(len(z), bool)
    far[inside] = ~layered.layers.hidden[v, u]
    assert not (of[far] == "foreground").any()


def test_the_cameras_and_limits_are_those_of_the_build(built, known):
    looked, view = known.viewpoint, read_view(built.folder / "scene.view")
    photo = read_transforms(built.folder / "transforms.json")[0]
    np.testing.assert_allclose(looked.camera.K, photo.K)
    assert (looked.pivot_m, looked.limits) == (view.pivot_m, view.limits)
    assert (len(looked.path), looked.fps) == (TINY.tour.frames, TINY.tour.fps)
    np.testing.assert_allclose(looked.path[0].c2w, looked.path[-1].c2w, atol=1e-9)
    assert np.linalg.norm(looked.path[2].center - looked.path[0].center) > 0.01


def test_exports_of_a_builds_folder_say_it(built, tmp_path):
    files = [tmp_path / name for name in ("a.splats.glb", "a.usda", "a.spz", "b.splats.glb")]
    scene = str(built.folder / "scene.ply")
    assert main(["export", scene, "--spz-version", "4", "--to", *map(str, files[:3])]) == 0
    assert set(open_scene(files[0]).labels.names) >= {"foreground", "background", "surroundings"}
    text = files[1].read_text()
    assert all(f'def {prim}"' in text for prim in ('ParticleField3DGaussianSplat "foreground', 'Camera "path'))
    kind, length, low, high, least_m = struct.unpack_from("<IIfff", files[2].read_bytes(), 32)
    view = read_view(built.folder / "scene.view")
    assert (kind, length) == (0xADBE0002, 12) and low <= 0 <= high
    assert least_m == pytest.approx(view.limits.nearest * view.pivot_m, rel=1e-6)
    assert main(["export", str(files[0]), "--to", str(files[3])]) == 0  # which knows its parts by itself
    assert open_scene(files[3]).labels.names == open_scene(files[0]).labels.names


def test_a_scene_that_lies_in_no_builds_folder_is_as_it_is(built, tmp_path):
    shutil.copy(built.folder / "transforms.json", tmp_path)  # as nerfstudio leaves one
    alone = StoredScene(some_gaussians(9))
    assert known_beside(alone, SceneFiles(tmp_path)) is alone


def test_a_path_of_a_file_is_flown_by_the_poses_that_were_built(built, tmp_path):
    folder = Path(shutil.copytree(built.folder, tmp_path / "scene"))
    record = json.loads((folder / "run.json").read_text())
    record["request"]["path"] = "gone.json"
    (folder / "run.json").write_text(json.dumps(record))
    looked = known_beside(StoredScene(read_ply(folder / "scene.ply")), SceneFiles(folder)).viewpoint
    assert len(looked.path) == TINY.tour.frames
    (folder / "run.json").write_text("{}")
    with pytest.raises(InputError, match="damaged"):
        known_beside(StoredScene(read_ply(folder / "scene.ply")), SceneFiles(folder))


def test_a_viewpoint_moves_turns_and_scales_with_its_scene(known):
    turn = np.array([[0.0, -1, 0], [1, 0, 0], [0, 0, 1]])
    matrix = np.eye(4)
    matrix[:3, :3], matrix[:3, 3] = 2 * turn, (1, 2, 3)
    moved = known.viewpoint.placed(matrix)
    xyz = known.viewpoint.path[2].c2w @ (0.1, 0.2, 3.0, 1)
    before, after = (c.path[2].project((m @ xyz)[None, :3])[0] for c, m in
                     ((known.viewpoint, np.eye(4)), (moved, matrix)))  # fmt: skip
    np.testing.assert_allclose(before, after, atol=1e-6)
    assert moved.pivot_m == pytest.approx(2 * known.viewpoint.pivot_m)
    with pytest.raises(ValueError, match="mirrored"):
        known.viewpoint.placed(np.diag([1.0, -1.0, 1.0, 1.0]))


def test_labels_stay_with_their_gaussians():
    labels = Labels(("a", "b", "c"), np.array([0, 2, 2, 0]))
    assert [(name, own.tolist()) for name, own in labels.parts()] == [
        ("a", [True, False, False, True]), ("c", [False, True, True, False]),
    ]  # fmt: skip
    assert labels.keep(np.array([3, 1])).of.tolist() == [0, 2]


def test_only_a_file_that_can_say_it_asks_for_it():
    rows = {row.suffix: row for row in FORMATS}
    assert [s for s, row in rows.items() if tells(row)] == [".splats.glb", ".usda", ".usdz"]
    assert tells(rows[".spz"], Writing(spz_version=4)) and not tells(rows[".spz"], Writing(spz_version=2))
