import numpy as np
import pytest

from gen3d.camera import Camera
from gen3d.geometry.trajectory import turned


def off_centre() -> Camera:
    """A lens with unequal focals and its axis far from the middle, at a turned and shifted pose."""
    c2w = turned(35.0, -20.0)
    c2w[:3, 3] = (0.4, -1.2, 2.5)
    return Camera.from_intrinsics(70.0, 55.0, 20.0, 41.0, 64, 48).posed(c2w)


def test_projecting_what_was_unprojected_gives_pixel_centres_and_depth():
    camera = off_centre()
    depth = np.random.default_rng(0).uniform(0.5, 9.0, (48, 64))
    uv, z = camera.project(camera.unproject(depth))
    v, u = np.mgrid[:48, :64] + 0.5
    np.testing.assert_allclose(uv, np.stack([u, v], axis=-1), atol=1e-9)
    np.testing.assert_allclose(z, depth, rtol=1e-12)


def test_unprojecting_the_projected_gives_the_same_world_points():
    camera = off_centre()
    seen = np.array([0.3, -0.2, 4.0])  # in camera axes
    world = camera.c2w[:3, :3] @ seen + camera.center
    uv, z = camera.project(world[None])
    K = camera.K
    np.testing.assert_allclose(uv[0], [K[0, 0] * 0.3 / 4 + K[0, 2], K[1, 1] * -0.2 / 4 + K[1, 2]], atol=1e-9)
    assert z[0] == pytest.approx(4.0)


def test_the_axis_of_a_centred_camera_hits_the_corner_between_the_middle_pixels():
    camera = Camera.from_fov(60.0, 64, 48)
    uv, _ = camera.project(np.array([[0.0, 0.0, 5.0]]))
    np.testing.assert_allclose(uv[0], [32.0, 24.0])
    middle = camera.rays()[23:25, 31:33].mean(axis=(0, 1))
    np.testing.assert_allclose(middle, [0, 0, 1], atol=1e-12)
    # the centre of the pixel right of the middle lies half a pixel right of the axis
    assert camera.rays()[0, 32, 0] == pytest.approx(0.5 / camera.K[0, 0])


def test_depth_is_z_and_not_the_length_of_the_ray():
    camera = Camera.from_fov(90.0, 64, 64)
    xyz = camera.unproject(np.full((64, 64), 3.0))
    np.testing.assert_allclose(xyz[..., 2], 3.0)
    assert np.linalg.norm(xyz[0, 0]) > 4.9


@pytest.mark.parametrize(("width", "height"), [(128, 72), (72, 128), (100, 100)])
def test_from_fov_spans_the_angle_along_the_longer_side(width, height):
    camera = Camera.from_fov(55.0, width, height)
    f = 0.5 * max(width, height) / np.tan(np.radians(27.5))
    np.testing.assert_allclose(camera.K, [[f, 0, width / 2], [0, f, height / 2], [0, 0, 1]])
    assert max(camera.fov_deg) == pytest.approx(55.0)
    assert camera.fov_deg[0 if width >= height else 1] == pytest.approx(55.0)
    np.testing.assert_array_equal(camera.w2c, np.eye(4))


@pytest.mark.parametrize("fov_deg", [0.0, 0.5, 176.0, -20.0])
def test_from_fov_refuses_what_no_pinhole_has(fov_deg):
    with pytest.raises(ValueError, match="fov_deg"):
        Camera.from_fov(fov_deg, 64, 48)


def test_fov_of_an_off_centre_lens_adds_both_sides():
    camera = Camera.from_intrinsics(50.0, 50.0, 0.0, 50.0, 50, 100)
    assert camera.fov_deg == pytest.approx((45.0, 90.0))


def test_c2w_and_w2c_are_inverse():
    camera = off_centre()
    np.testing.assert_allclose(camera.c2w @ camera.w2c, np.eye(4), atol=1e-12)
    np.testing.assert_allclose(camera.w2c @ camera.c2w, np.eye(4), atol=1e-12)
    np.testing.assert_allclose(camera.center, [0.4, -1.2, 2.5])
    np.testing.assert_allclose(camera.posed(camera.c2w).w2c, camera.w2c, atol=1e-12)


def test_look_at_puts_the_target_on_the_axis_and_stays_upright():
    eye, target = np.array([1.0, -0.5, 0.2]), np.array([-2.0, 1.0, 6.0])
    camera = Camera.from_intrinsics(70.0, 55.0, 20.0, 41.0, 64, 48).look_at(eye, target)
    uv, z = camera.project(target[None])
    np.testing.assert_allclose(uv[0], [20.0, 41.0], atol=1e-9)
    assert z[0] == pytest.approx(np.linalg.norm(target - eye))
    np.testing.assert_allclose(camera.center, eye, atol=1e-12)
    R = camera.c2w[:3, :3]
    np.testing.assert_allclose(R.T @ R, np.eye(3), atol=1e-12)
    assert np.linalg.det(R) == pytest.approx(1.0)
    assert R[1, 0] == pytest.approx(0.0, abs=1e-12)  # its right is level
    above, _ = camera.project((target - [0.0, 0.1, 0.0])[None])  # up is -y
    assert above[0, 1] < uv[0, 1]


def test_look_at_along_the_first_axis_is_the_first_camera():
    camera = Camera.from_fov(60.0, 64, 48).look_at(np.zeros(3), np.array([0.0, 0.0, 2.0]))
    np.testing.assert_allclose(camera.w2c, np.eye(4), atol=1e-12)


@pytest.mark.parametrize("down", [1.0, -1.0])
def test_look_at_works_straight_up_and_down(down):
    camera = Camera.from_fov(60.0, 64, 48).look_at(np.zeros(3), np.array([0.0, 3 * down, 0.0]))
    uv, z = camera.project(np.array([[0.0, 3 * down, 0.0]]))
    np.testing.assert_allclose(uv[0], [32, 24], atol=1e-9)
    assert z[0] == pytest.approx(3.0)
    assert np.linalg.det(camera.c2w[:3, :3]) == pytest.approx(1.0)


def test_look_at_itself_is_refused():
    with pytest.raises(ValueError, match="zero length"):
        Camera.from_fov(60.0, 64, 48).look_at(np.ones(3), np.ones(3))


def test_resized_keeps_every_ray():
    camera = off_centre()
    other = camera.resized(160, 72)
    assert (other.width, other.height) == (160, 72)
    xyz = camera.unproject(np.full((48, 64), 2.0))
    uv, _ = camera.project(xyz)
    scaled, _ = other.project(xyz)
    np.testing.assert_allclose(scaled, uv * [160 / 64, 72 / 48], atol=1e-9)
    np.testing.assert_allclose(other.fov_deg, camera.fov_deg)


def test_halving_puts_a_pixel_centre_amid_four_old_ones():
    camera = off_centre()
    four = camera.rays().reshape(24, 2, 32, 2, 3).mean(axis=(1, 3))
    np.testing.assert_allclose(camera.resized(32, 24).rays(), four, atol=1e-12)


def test_cropped_keeps_the_rays_of_its_window():
    camera = off_centre()
    window = camera.cropped(5, 9, 30, 20)
    np.testing.assert_allclose(window.rays(), camera.rays()[9:29, 5:35], atol=1e-12)
    np.testing.assert_array_equal(window.w2c, camera.w2c)


def test_padded_keeps_the_rays_and_adds_a_margin():
    camera = off_centre()
    wide = camera.padded(7)
    assert (wide.width, wide.height) == (78, 62)
    np.testing.assert_allclose(wide.rays()[7:-7, 7:-7], camera.rays(), atol=1e-12)


def test_making_a_new_camera_leaves_the_old_one_alone():
    camera = off_centre()
    K, w2c = camera.K.copy(), camera.w2c.copy()
    for other in (camera.padded(5), camera.resized(10, 10), camera.posed(np.eye(4))):
        assert other is not camera
    np.testing.assert_array_equal(camera.K, K)
    np.testing.assert_array_equal(camera.w2c, w2c)


def test_points_behind_have_negative_depth():
    _, z = Camera.from_fov(60.0, 64, 48).project(np.array([[0.1, 0.2, -3.0], [0.0, 0.0, 0.0]]))
    np.testing.assert_allclose(z, [-3.0, 0.0])


def test_depth_of_another_size_is_refused():
    with pytest.raises(ValueError, match=r"\(48, 63\)"):
        off_centre().unproject(np.ones((48, 63)))


def test_it_frames_what_lies_before_it_and_within_its_picture():
    camera = Camera.from_fov(60.0, 40, 30)
    uv = np.array([(0, 0), (39.9, 29.9), (40, 5), (5, 30), (-0.1, 5), (5, 5)])
    z = np.array([1.0, 1.0, 1.0, 1.0, 1.0, -1.0])
    np.testing.assert_array_equal(camera.frames(uv.astype(float), z), [True, True, False, False, False, False])
