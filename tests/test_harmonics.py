import json

import numpy as np
import pytest
import torch
from scipy.spatial.transform import Rotation
from scipy.special import sph_harm_y

from gen3d.camera import Camera
from gen3d.cli import main
from gen3d.formats.ply import write_ply
from gen3d.formats.transforms import write_transforms
from gen3d.splat.gaussians import Gaussians
from gen3d.splat.harmonics import drawable_from, harmonics, seen_from
from gen3d.splat.pick import pick_rasterizer
from tests.runs import picture
from tests.test_ply import some_gaussians

C2W = np.eye(4)
C2W[:3, :3], C2W[:3, 3] = Rotation.from_euler("yx", [25, -10], degrees=True).as_matrix(), (0.4, -0.3, -6.0)
CAMERA = Camera.from_fov(70.0, 64, 48).posed(C2W)


def real_harmonics(directions: np.ndarray, degree: int) -> np.ndarray:
    """From SciPy's complex ones: sqrt(2) times the imaginary part for m < 0, the real part for m > 0."""
    polar, azimuth = np.arccos(directions[:, 2]), np.arctan2(directions[:, 1], directions[:, 0])
    columns = []
    for l in range(degree + 1):
        for m in range(-l, l + 1):
            y = sph_harm_y(l, abs(m), polar, azimuth)
            columns.append(y.real if m == 0 else np.sqrt(2) * (y.imag if m < 0 else y.real))
    return np.stack(columns, axis=1)


@pytest.mark.parametrize("degree", [0, 1, 2, 3])
def test_the_basis_is_that_of_the_real_harmonics(degree):
    directions = torch.nn.functional.normalize(torch.randn(200, 3, dtype=torch.float64), dim=1)
    expected = real_harmonics(directions.numpy(), degree)
    np.testing.assert_allclose(harmonics(directions, degree).numpy(), expected, atol=1e-12)


def test_higher_degrees_are_not_guessed():
    with pytest.raises(ValueError, match="degree 4"):
        harmonics(torch.eye(3), 4)


def test_the_colours_seen_are_those_of_the_direction_from_the_camera_never_negative():
    gaussians = some_gaussians(100, degree=3)
    away = gaussians.means.numpy() - CAMERA.center
    basis = real_harmonics(away / np.linalg.norm(away, axis=1, keepdims=True), 3)
    expected = np.maximum(0, 0.5 + np.einsum("nk,nkc->nc", basis, gaussians.sh.numpy()))
    assert (expected == 0).any()
    seen = seen_from(gaussians, CAMERA)
    assert seen.sh_degree == 0 and seen.means is gaussians.means
    np.testing.assert_allclose(seen.rgb.numpy(), expected, atol=1e-5)


def test_degree_1_looks_the_same_whether_the_rasterizer_or_this_evaluates_it():
    gaussians = some_gaussians(300, degree=1)
    assert drawable_from(gaussians, CAMERA) is gaussians
    drawn = [pick_rasterizer().render(g, CAMERA).rgb for g in (gaussians, seen_from(gaussians, CAMERA))]
    assert drawn[0].max() > 0.5
    torch.testing.assert_close(*drawn, atol=2e-6, rtol=0)


@pytest.mark.parametrize("degree", [2, 3])
def test_render_draws_every_degree_through_every_camera(degree, tmp_path):
    """One Gaussian, seen from three sides: in its middle is the colour that the harmonics have for that side."""
    sh = 0.3 * torch.randn(1, (degree + 1) ** 2, 3, generator=torch.Generator().manual_seed(degree))
    one = Gaussians(torch.tensor([[0.0, 0.0, 0.0]]), torch.tensor([[1.0, 0, 0, 0]]), torch.full((1, 3), 0.5),
                    torch.tensor([0.999]), sh)  # fmt: skip
    eyes = [np.array(eye) for eye in ((0.0, 0.0, -3.0), (3.0, 0.5, 0.0), (-1.0, 2.0, 2.0))]
    lens = Camera.from_intrinsics(60.0, 60.0, 24.5, 16.5, 49, 33)
    write_ply(tmp_path / "one.ply", one)
    write_transforms(tmp_path / "cameras.json", [lens.look_at(eye, np.zeros(3)) for eye in eyes])
    command = ["render", tmp_path / "one.ply", "--cameras", tmp_path / "cameras.json", "-o", tmp_path / "out"]
    assert main([str(part) for part in command]) == 0
    directions = -np.stack(eyes) / np.linalg.norm(eyes, axis=1, keepdims=True)
    expected = np.maximum(0, 0.5 + real_harmonics(directions, degree) @ sh[0].numpy().astype(np.float64))
    assert np.ptp(expected, axis=0).max() > 0.1
    middles = [picture(tmp_path / "out" / f"{i:02d}.png")[16, 24] for i in range(3)]
    np.testing.assert_allclose(middles, np.clip(0.999 * expected, 0, 1), atol=0.6 / 255)
    assert json.loads((tmp_path / "out" / "run.json").read_text())["frames"] == 3
