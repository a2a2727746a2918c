from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy.spatial.transform import Rotation

from gen3d.camera import Camera
from gen3d.errors import EmptyWorld
from gen3d.formats.model3d import FOCAL_PX, FULLER, start_pose, write_model3d
from gen3d.formats.ply import read_ply
from gen3d.splat.gaussians import Gaussians, sh_from_rgb
from gen3d.splat.pick import pick_rasterizer


def some(n: int = 400) -> Gaussians:
    """Lengthy Gaussians all over a photo's view, turned at random."""
    rng = np.random.default_rng(0)
    z = rng.uniform(2, 6, n)
    means = np.stack([rng.uniform(-0.5, 0.5, n) * z, rng.uniform(-0.4, 0.4, n) * z, z], axis=1)
    quats = Rotation.random(n, random_state=0).as_quat(scalar_first=True)
    return Gaussians(
        torch.from_numpy(means.astype(np.float32)),
        torch.from_numpy(quats.astype(np.float32)),
        torch.from_numpy(rng.uniform(0.02, 0.2, (n, 3)).astype(np.float32)),
        torch.from_numpy(rng.uniform(0.3, 1, n).astype(np.float32)),
        sh_from_rgb(torch.from_numpy(rng.random((n, 3)).astype(np.float32))),
    )


def test_the_start_pose_is_where_the_viewer_stands():
    """Position as read off the running viewer; it looks at the origin with the horizon level."""
    pose = start_pose()
    assert np.allclose(pose[:3, 3], (2.104, -2.397, -3.851), atol=1e-3)
    assert np.allclose(pose[:3, :3] @ pose[:3, :3].T, np.eye(3)) and np.linalg.det(pose[:3, :3]) > 0
    assert np.allclose(pose[:3, 2], -pose[:3, 3] / 5) and abs(pose[1, 0]) < 1e-12
    assert pose[1, 1] > 0, "down is down"


def test_the_viewers_first_view_is_the_photos(tmp_path):
    """Drawn by our own rasterizer through the viewer's lens at its start, beside the photo's camera and the scene."""
    scene, camera = some(), Camera.from_intrinsics(FOCAL_PX / 8, FOCAL_PX / 8, 64.0, 48.0, 128, 96)
    c2w = np.eye(4)
    c2w[:3, :3], c2w[:3, 3] = Rotation.from_euler("yx", [20, 10], degrees=True).as_matrix(), (0.3, -0.2, 0.1)
    for photo in (camera, camera.posed(c2w)):
        write_model3d(tmp_path / "model3d.ply", scene, photo, 4.0)
        shown = pick_rasterizer().render(read_ply(tmp_path / "model3d.ply"), camera.posed(start_pose()))
        meant = pick_rasterizer().render(replace(scene, scales=FULLER * scene.scales), photo)
        assert float((shown.rgb - meant.rgb).abs().max()) < 0.02  # the scales are uneven by 1 or 2 %
        solid = meant.alpha > 0.5
        assert solid.float().mean() > 0.3
        assert torch.allclose(shown.depth[solid], meant.depth[solid] * 5 / 4, rtol=0.03)


def test_no_gaussian_stays_exactly_round(tmp_path):
    scene = some()
    round_ = Gaussians(scene.means, scene.quats, torch.full((len(scene), 3), 0.1), scene.opacities, scene.sh)
    write_model3d(tmp_path / "model3d.ply", round_, Camera.from_fov(50.0, 64, 48), 4.0)
    scales = read_ply(tmp_path / "model3d.ply").scales
    assert (scales.max(dim=1).values / scales.min(dim=1).values > 1.01).all()


def test_an_empty_scene_is_told(tmp_path):
    with pytest.raises(EmptyWorld):
        write_model3d(tmp_path / "m.ply", some().keep(torch.zeros(400, dtype=bool)), Camera.from_fov(50.0, 64, 48), 4.0)
    assert not (tmp_path / "m.ply").exists()
