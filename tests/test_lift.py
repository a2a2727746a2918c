import numpy as np
import pytest

from gen3d.errors import EmptyWorld
from gen3d.geometry.edges import dilate
from gen3d.geometry.flying import flying
from gen3d.geometry.place import shell_m_of
from gen3d.geometry.point_picture import render_points
from gen3d.stages.lift import lift_layers
from gen3d.values import RGBD, Layers, Origin
from tests.measures import drain, psnr
from tests.worlds import NoisyDepth, box_room, ground_and_sky, pole_before_wall, sphere_over_plane, tilted_plane

MAKERS = (sphere_over_plane, box_room, pole_before_wall, ground_and_sky)


def lifted(make, noise: bool = False):
    """P_0 with the true background; the world, its layers and what is behind."""
    world = make()
    camera = world.camera(128, 96)
    front, rgbd, behind = world.foreground(camera), world.view(camera), world.hidden(camera)
    if noise:
        warp = NoisyDepth(seed=1, scale_spread=0.0, edge_px=1e-3)
        behind = RGBD(behind.image, behind.depth * warp(np.ones_like(rgbd.depth)), camera)
        rgbd = RGBD(rgbd.image, warp(rgbd.depth), camera)
    layers = Layers(rgbd, front, dilate(front, 3.0))
    return world, layers, behind, drain(lift_layers(layers, behind, 0.0))[0]


@pytest.mark.parametrize("noise", [False, True])
@pytest.mark.parametrize("make", MAKERS)
def test_every_pixel_is_a_photo_point_but_for_flying_ones(make, noise):
    _, layers, _, points = lifted(make, noise)
    photo = points.pixel[points.origin == Origin.PHOTO]
    seen = np.zeros(layers.foreground.shape, bool)
    seen[photo[:, 1], photo[:, 0]] = True
    np.testing.assert_array_equal(seen, ~flying(layers.rgbd.depth))
    assert len(photo) == seen.sum() > 0.98 * seen.size


@pytest.mark.parametrize("noise", [False, True])
@pytest.mark.parametrize("make", MAKERS)
def test_hidden_points_lie_only_under_the_foreground_and_behind_it(make, noise):
    _, layers, _, points = lifted(make, noise)
    under = points.keep(points.origin == Origin.BACKGROUND)
    u, v = under.pixel.T
    at_front = layers.foreground[v, u]
    assert 0.9 * layers.foreground.sum() < at_front.sum() <= layers.foreground.sum()
    assert at_front.all()
    z = layers.rgbd.camera.project(under.xyz.astype(np.float64))[1]
    assert (z > 1.01 * layers.rgbd.depth[v, u]).all()
    assert set(np.unique(points.origin)) == {Origin.PHOTO, Origin.BACKGROUND}


def test_a_background_that_is_not_behind_its_foreground_is_left_out_there():
    """On the left half it lies where the foreground does, on the right half it comes before it."""
    _, layers, behind, _ = lifted(sphere_over_plane)
    middle = int(np.nonzero(layers.foreground.any(axis=0))[0].mean())
    front, depth = layers.rgbd.depth, behind.depth.copy()
    rows = np.zeros(depth.shape, bool)
    rows[::2] = True
    depth[rows] = np.where(np.arange(128)[None] < middle, front, 0.8 * front)[rows]
    points, _ = drain(lift_layers(layers, RGBD(behind.image, depth, behind.camera), 0.0))
    under = points.pixel[points.origin == Origin.BACKGROUND]
    assert len(under) == (layers.foreground & ~rows).sum()
    assert not rows[under[:, 1], under[:, 0]].any()


@pytest.mark.parametrize("noise", [False, True])
@pytest.mark.parametrize("make", MAKERS)
def test_the_points_show_the_photo(make, noise):
    """Flying pixels left out of it: what lies behind shows there."""
    _, layers, _, points = lifted(make, noise)
    drawn = render_points(points, layers.rgbd.camera)
    sound = ~dilate(flying(layers.rgbd.depth), 2)
    assert not drawn.hole[sound].any()
    assert psnr(drawn.image, layers.rgbd.image, sound) > 45


@pytest.mark.parametrize("make", MAKERS)
def test_the_second_layer_fills_what_a_step_aside_reveals(make):
    world, layers, _, points = lifted(make)
    camera = world.moved(layers.rgbd.camera, right=0.15)
    photo_alone = render_points(points.keep(points.origin == Origin.PHOTO), camera)
    both, truth, front = render_points(points, camera), world.view(camera), world.foreground(camera)
    frame = np.zeros_like(front)
    frame[:, :110] = True  # what lies right of the photo no layer holds
    frame[48] = False  # nor the row under the horizon, where depth leaps to infinity
    revealed = photo_alone.hole & ~front & frame
    assert revealed.sum() > 50
    assert (both.hole & ~front & frame).sum() < 0.1 * revealed.sum()
    shown = revealed & ~both.hole & np.isfinite(truth.depth)
    assert psnr(both.image, truth.image, shown) > 25


def test_the_sky_is_put_on_its_shell():
    _, layers, _, points = lifted(ground_and_sky)
    far = np.linalg.norm(points.xyz, axis=1)
    shell_m = shell_m_of(layers.rgbd.depth)
    u, v = points.pixel[points.origin == Origin.PHOTO].T
    at_sky = layers.rgbd.sky[v, u]
    np.testing.assert_allclose(far[points.origin == Origin.PHOTO][at_sky], shell_m, rtol=1e-4)


def test_a_picture_without_foreground_is_one_layer():
    rgbd = tilted_plane().view(tilted_plane().camera(64, 48))
    none = np.zeros((48, 64), bool)
    points, _ = drain(lift_layers(Layers(rgbd, none, none), rgbd, 0.0))
    assert len(points) == 48 * 64 and (points.origin == Origin.PHOTO).all()


def test_depth_without_any_surface_is_an_empty_world():
    """Every pixel at a distance of its own, 1.3 times the one before."""
    order = np.random.default_rng(0).permutation(12 * 16).reshape(12, 16)
    rgbd = RGBD(np.zeros((12, 16, 3), np.float32), (1.3**order).astype(np.float32), tilted_plane().camera(16, 12))
    assert flying(rgbd.depth).all()
    none = np.zeros((12, 16), bool)
    with pytest.raises(EmptyWorld, match="Check the depth"):
        drain(lift_layers(Layers(rgbd, none, none), rgbd, 0.09))
