import numpy as np
import pytest

from gen3d.geometry.occlusion import BEHIND, BLEND, BLEND_WAYS, SAME_SURFACE, _blended, continue_behind_edges
from gen3d.geometry.point_picture import render_points
from gen3d.stages.lift import lift_layers
from gen3d.values import Layers, Origin
from tests.measures import drain, psnr
from tests.worlds import (
    AnalyticWorld,
    Box,
    NoisyDepth,
    Plane,
    box_room,
    ground_and_sky,
    pole_before_wall,
    sphere_over_plane,
    tilted_plane,
)

MAKERS = (sphere_over_plane, box_room, pole_before_wall, ground_and_sky)
REACH_PX = 14.0


def continued(world: AnalyticWorld, noise: bool = False):
    """The continuation, the picture, and what is truly behind."""
    camera = world.camera(128, 96)
    rgbd, truth = world.view(camera), world.hidden(camera)
    depth = NoisyDepth(seed=1, scale_spread=0.0, edge_px=1e-3)(rgbd.depth) if noise else rgbd.depth
    return continue_behind_edges(rgbd.image, depth.astype(np.float32), REACH_PX), depth, rgbd, truth


@pytest.mark.parametrize("noise", [False, True])
@pytest.mark.parametrize("make", MAKERS)
def test_what_goes_on_behind_is_the_true_surface_behind(make, noise):
    """Only things are hidden in these worlds, so all of it lies under a thing; noise bends the truth by 3 to 5 %."""
    found, _, rgbd, truth = continued(make(), noise)
    front = make().foreground(rgbd.camera)
    under = found.known & front
    assert under.sum() > 0.2 * front.sum()
    assert (found.known & ~front).sum() <= 0.02 * front.size
    sky, true_sky = np.isinf(found.depth), np.isinf(truth.depth)
    assert (sky != true_sky)[under].mean() < 0.2, "where a thing hides the horizon nobody knows it to the pixel"
    solid = under & ~sky & ~true_sky
    off = np.abs(truth.depth[solid] / found.depth[solid] - 1)
    assert np.median(off) < (0.06 if noise else 0.005)
    if make is not ground_and_sky:  # near the horizon a pixel up or down is any distance
        assert (off > (0.15 if noise else 0.1)).mean() < 0.2


@pytest.mark.parametrize("noise", [False, True])
@pytest.mark.parametrize("make", MAKERS)
def test_it_never_comes_before_what_hides_it_and_leaves_the_rest_alone(make, noise):
    found, depth, rgbd, _ = continued(make(), noise)
    assert (found.depth[found.known] >= 0.999 * BEHIND * depth[found.known]).all()
    np.testing.assert_array_equal(found.depth[~found.known], depth[~found.known])
    np.testing.assert_array_equal(found.image[~found.known], rgbd.image[~found.known])
    assert np.isfinite(found.image).all() and found.image.min() >= 0 and found.image.max() <= 1


def test_the_looks_are_those_of_the_far_surface():
    found, _, rgbd, truth = continued(box_room())
    under = found.known & box_room().foreground(rgbd.camera)
    assert psnr(found.image, truth.image, under) > psnr(rgbd.image, truth.image, under) + 6
    blurred = np.gradient(found.image.mean(axis=2))
    true = np.gradient(truth.image.mean(axis=2))
    energy = [sum((g[under] ** 2).mean() for g in both) for both in (blurred, true)]
    assert 0.3 < energy[0] / energy[1] < 3, "neither a smear nor noise"


def test_the_farther_from_an_edge_the_less_looks_depend_on_its_nearest_place():
    """Stripes that end at a bar: behind it, next to its edge, they go on; deep behind it they fade into their mean."""
    image = np.full((64, 64, 3), 0.2, np.float32)
    image[np.arange(64) // 12 % 2 == 1] = 0.8
    depth = np.full((64, 64), 4.0, np.float32)
    depth[:, 18:46] = 2.0
    found = continue_behind_edges(image, depth, REACH_PX)
    beside, deep = found.image[16:48, 19, 0].std(), found.image[16:48, 27, 0].std()
    assert found.known[16:48, 19:28].all()
    assert beside > 0.2 and deep < 0.5 * beside


def test_a_thing_goes_on_behind_a_nearer_thing():
    """Two boxes before a wall, the near one across the far one: what shows beside it is the far box, not the wall."""
    wall, far = Plane((0, 0, 1), 6.0), Box((-1.2, -1.0, 3.8), (1.2, 1.0, 4.2), (0.2, 0.7, 0.3))
    near = Box((-0.2, -2.0, 1.9), (0.2, 2.0, 2.1), (0.8, 0.2, 0.2))
    world = AnalyticWorld("boxes", (wall, far), (near,))
    found, _, rgbd, truth = continued(world)
    before_far = world.foreground(rgbd.camera) & (truth.depth < 4.1)
    assert (found.known & before_far).sum() > 0.9 * before_far.sum()
    z = found.depth[found.known & before_far]
    assert np.median(np.abs(z / 3.8 - 1)) < 0.01 and (np.abs(z / 3.8 - 1) < 0.06).mean() > 0.9


@pytest.mark.parametrize("noise", [False, True])
def test_a_floor_has_nothing_behind_it(noise):
    found, *_ = continued(tilted_plane(), noise)
    assert not found.known.any()


def test_it_goes_no_further_than_asked():
    world = sphere_over_plane()
    rgbd = world.view(world.camera(128, 96))
    sizes = [continue_behind_edges(rgbd.image, rgbd.depth, reach).known.sum() for reach in (0.0, 3.0, 6.0, 12.0)]
    assert sizes[0] < sizes[1] < sizes[2] < sizes[3]


def test_it_goes_less_far_behind_an_edge_that_uncovers_less():
    """A board close to the wall hides a strip of it that is a fifth as wide as one half-way to it does."""
    widths = []
    for z in (2.0, 3.7):
        board = Box((-50.0, -50.0, z), (0.0, 50.0, z + 0.1))
        found, *_ = continued(AnalyticWorld("board", (Plane((0, 0, 1), 4.0),), (board,)))
        widths.append(found.known[48].sum())
    assert 0 < widths[1] < 0.4 * widths[0]


@pytest.mark.parametrize("noise", [False, True])
@pytest.mark.parametrize("make", [sphere_over_plane, box_room])
def test_without_any_mask_a_step_aside_shows_fewer_holes_and_the_right_thing(make, noise):
    world = make()
    camera = world.camera(128, 96)
    rgbd = world.view(camera)
    if noise:
        rgbd = type(rgbd)(rgbd.image, NoisyDepth(seed=2, scale_spread=0.0, edge_px=1e-3)(rgbd.depth), camera)
    none = np.zeros(rgbd.depth.shape, bool)
    near = float(np.percentile(rgbd.depth[np.isfinite(rgbd.depth)], 2))
    aside = world.moved(camera, right=0.1 * near)
    shown = {}
    for reach in (0.0, 0.09):
        points = drain(lift_layers(Layers(rgbd, none, none), rgbd, reach))[0]
        shown[reach] = render_points(points, aside)
    opened = shown[0.0].hole & ~(np.arange(128) >= 116)[None, :]
    closed = opened & ~shown[0.09].hole
    assert closed.sum() > 0.6 * opened.sum() > 50
    assert psnr(shown[0.09].image, world.view(aside).image, closed) > 19


def test_the_photo_itself_is_never_covered():
    world = box_room()
    rgbd = world.view(world.camera(128, 96))
    none = np.zeros(rgbd.depth.shape, bool)
    points = drain(lift_layers(Layers(rgbd, none, none), rgbd, 0.09))[0]
    assert (points.origin == Origin.BEHIND_EDGES).any()
    without = points.keep(points.origin != Origin.BEHIND_EDGES)
    drawn, plain = render_points(points, rgbd.camera), render_points(without, rgbd.camera)
    assert psnr(drawn.image, plain.image, ~plain.hole) > 40


def blended_plainly(mean, found, known, distance):
    """What `_blended` hands back, all pixels of a direction at a time."""
    h, w = known.shape
    v, u = np.nonzero(known)
    here, radius = found[v, u], np.float32(BLEND) * distance[v, u]
    total, count = mean[v, u], np.ones(len(v), np.float32)
    for angle in np.arange(BLEND_WAYS) * 2 * np.pi / BLEND_WAYS:
        y = np.clip(np.rint(v + radius * np.sin(angle)).astype(np.intp), 0, h - 1)
        x = np.clip(np.rint(u + radius * np.cos(angle)).astype(np.intp), 0, w - 1)
        same = known[y, x] & (np.abs(found[y, x] - here) <= SAME_SURFACE * here)
        total[same] += mean[y[same], x[same]]
        count += same
    blended = np.zeros_like(mean)
    blended[v, u] = total / count[:, None]
    return blended


def test_colours_are_blended_as_a_plain_loop_over_directions_does():
    rng = np.random.default_rng(7)
    h, w = 90, 50
    known, distance = rng.random((h, w)) < 0.7, rng.uniform(0, 20, (h, w)).astype(np.float32)
    found, mean = rng.choice([0.5, 0.51, 1.0], (h, w)).astype(np.float32), rng.random((h, w, 3), np.float32)
    np.testing.assert_array_equal(_blended(mean, found, known, distance), blended_plainly(mean, found, known, distance))
