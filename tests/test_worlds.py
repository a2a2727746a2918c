import numpy as np
import pytest
from scipy.ndimage import map_coordinates

from tests.worlds import (
    WORLDS,
    NoisyDepth,
    box_room,
    ground_and_sky,
    pole_before_wall,
    sphere_over_plane,
    tilted_plane,
)

SCALES = (0.1, 1.0, 100.0)


@pytest.mark.parametrize("scale", SCALES)
def test_tilted_plane_has_the_depth_its_equation_says(scale: float) -> None:
    world = tilted_plane(scale, slope=0.3)
    camera = world.camera(65, 49)
    x = camera.rays()[..., 0]
    np.testing.assert_allclose(world.view(camera).depth, scale * 3 / (1 - 0.3 * x), rtol=1e-6)


@pytest.mark.parametrize("scale", SCALES)
def test_sphere_silhouette_is_the_cone_of_tangents(scale: float) -> None:
    world = sphere_over_plane(scale)
    camera = world.camera(160, 120)
    rays = camera.rays() / np.linalg.norm(camera.rays(), axis=-1, keepdims=True)
    center = np.array([0.1, 0.0, 2.0])
    inside = rays @ center / np.linalg.norm(center) > np.sqrt(1 - 0.5**2 / (center @ center))
    np.testing.assert_array_equal(world.foreground(camera), inside)
    xyz = camera.unproject(world.view(camera).depth) / scale
    np.testing.assert_allclose(np.linalg.norm(xyz[inside] - center, axis=-1), 0.5, atol=1e-5)
    np.testing.assert_allclose(xyz[~inside, 2], 4.0, rtol=1e-6)


@pytest.mark.parametrize("world", [make() for make in WORLDS], ids=lambda world: world.name)
def test_hidden_is_the_view_wherever_no_occluder_stands(world) -> None:
    camera = world.camera(96, 72)
    view, hidden, front = world.view(camera), world.hidden(camera), world.foreground(camera)
    np.testing.assert_array_equal(view.image[~front], hidden.image[~front])
    np.testing.assert_array_equal(view.depth[~front], hidden.depth[~front])
    assert (view.depth[front] < hidden.depth[front]).all()
    assert front.any() == bool(world.occluders)


@pytest.mark.parametrize("world", [make() for make in WORLDS], ids=lambda world: world.name)
def test_two_views_agree_where_both_see_the_same_place(world) -> None:
    first = world.camera(192, 144)
    second = world.moved(first, right=0.3, down=-0.1, forward=0.2)
    a, b = world.view(first), world.view(second)
    uv, z = second.project(first.unproject(np.where(np.isfinite(a.depth), a.depth, 1.0)))
    x, y = uv[..., 0] - 0.5, uv[..., 1] - 0.5
    inside = np.isfinite(a.depth) & (x >= 1) & (x <= 190) & (y >= 1) & (y <= 142)
    at = np.stack([y[inside], x[inside]])
    nearby = map_coordinates(np.where(np.isfinite(b.depth), b.depth, 1e9), at, order=0)
    same = np.abs(nearby / z[inside] - 1) < 0.02
    assert same.mean() > 0.8
    colours = np.stack([map_coordinates(b.image[..., c], at, order=1) for c in range(3)], axis=-1)
    gap = np.abs(colours - a.image[inside])[same].max(axis=-1)
    assert np.median(gap) < 0.01
    assert np.quantile(gap, 0.95) < 0.1


@pytest.mark.parametrize("make", WORLDS)
def test_scale_changes_depth_and_nothing_else(make) -> None:
    camera = make().camera(64, 48)
    unit = make().view(make().moved(camera, right=0.2))
    for scale in (0.1, 100.0):
        world = make(scale=scale)
        other = world.view(world.moved(camera, right=0.2))
        np.testing.assert_allclose(other.image, unit.image, atol=2e-6)
        np.testing.assert_allclose(other.depth, unit.depth * scale, rtol=1e-6)


def test_room_is_closed_and_its_boxes_stand_on_the_floor() -> None:
    world = box_room()
    camera = world.camera(128, 96)
    depth = world.view(camera).depth
    assert np.isfinite(depth).all()
    xyz = camera.unproject(depth)
    assert (np.abs(xyz) <= np.array([2.5, 1.4, 5.0]) + 1e-4).all()
    low = world.view(world.camera(128, 96).look_at(np.array([0.0, 1.0, 0.0]), np.array([-0.75, 1.39, 2.2])))
    assert low.depth[48, 64] == pytest.approx(np.linalg.norm([-0.75, 0.39, 2.2]), abs=0.02)


@pytest.mark.parametrize("width_px", [2, 4])
def test_pole_is_as_many_pixels_wide_as_asked(width_px: int) -> None:
    world = pole_before_wall(width_px=width_px, image_width=128)
    assert (world.foreground(world.camera(128, 96)).sum(axis=1) == width_px).all()


def test_ground_ends_at_the_horizon_and_sky_is_infinite() -> None:
    rgbd = ground_and_sky().view(ground_and_sky().camera(128, 96))
    front = ground_and_sky().foreground(rgbd.camera)
    np.testing.assert_array_equal(rgbd.sky[:48], ~front[:48])
    assert not rgbd.sky[48:].any()
    assert rgbd.depth[95, 0] == pytest.approx(1.6 / rgbd.camera.rays()[95, 0, 1], rel=1e-5)


def test_supersampling_softens_colour_and_leaves_depth_alone() -> None:
    world = sphere_over_plane()
    camera = world.camera(64, 48)
    plain, soft = world.view(camera), world.view(camera, supersample=4)
    np.testing.assert_array_equal(plain.depth, soft.depth)
    assert 0 < np.abs(plain.image - soft.image).max() < 0.6
    assert np.abs(plain.image - soft.image).mean() < 0.01


@pytest.mark.parametrize("make", WORLDS)
def test_noisy_depth_is_off_by_a_scale_and_a_few_percent(make) -> None:
    world = make()
    true = world.view(world.camera(128, 96)).depth
    for view in range(3):
        noise = NoisyDepth(seed=7)
        noisy = noise(true, view)
        assert (np.isinf(noisy) == np.isinf(true)).all()
        finite = np.isfinite(true)
        absrel = np.abs(noisy[finite] / noise.scale(view) / true[finite] - 1).mean()
        assert 0.03 < absrel < 0.055
    assert noise.scale(0) != noise.scale(1)
    np.testing.assert_array_equal(NoisyDepth(seed=7)(true, 2), noisy)
    assert not np.array_equal(NoisyDepth(seed=8)(true, 2)[finite], noisy[finite])
