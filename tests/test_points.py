from dataclasses import replace

import numpy as np
import pytest

from gen3d.camera import Camera
from gen3d.geometry.place import median_depth, shell_m_of
from gen3d.geometry.point_picture import PointPicture, render_points
from gen3d.geometry.points import concatenate, lift, merge
from gen3d.geometry.quadtree import backing, halved, merge_flat_blocks
from gen3d.values import RGBD, PointCloud
from tests.measures import psnr
from tests.worlds import (
    WORLDS,
    AnalyticWorld,
    NoisyDepth,
    Plane,
    box_room,
    ground_and_sky,
    pole_before_wall,
    sphere_over_plane,
    tilted_plane,
)

FLAT = (0.01, 0.35)
"""Tolerances of colour and plane."""


def lifted(rgbd: RGBD, origin: int = 0) -> PointCloud:
    return lift(rgbd, np.ones(rgbd.depth.shape, bool), origin, shell_m_of(rgbd.depth))


def empty() -> PointCloud:
    rgbd = tilted_plane().view(tilted_plane().camera(8, 8))
    return lift(rgbd, np.zeros((8, 8), bool), 0, 10.0)


@pytest.mark.parametrize("scale", [0.1, 1.0, 100.0])
@pytest.mark.parametrize("make", WORLDS)
def test_a_lifted_picture_looks_the_same_from_where_it_was_taken(make, scale):
    world = make(scale=scale)
    rgbd = world.view(world.camera(96, 72))
    drawn = render_points(lifted(rgbd), rgbd.camera)
    assert not drawn.hole.any()
    assert psnr(drawn.image, rgbd.image) > 65
    solid = ~rgbd.sky
    np.testing.assert_allclose(drawn.depth[solid], rgbd.depth[solid], rtol=1e-5)
    np.testing.assert_array_equal(drawn.index, np.arange(96 * 72).reshape(72, 96))


@pytest.mark.parametrize("make", WORLDS)
def test_noisy_depth_lifts_to_the_same_picture_too(make):
    rgbd = make().view(make().camera(96, 72))
    noisy = RGBD(rgbd.image, NoisyDepth(seed=3)(rgbd.depth), rgbd.camera)
    drawn = render_points(lifted(noisy), rgbd.camera)
    assert not drawn.hole.any()
    assert psnr(drawn.image, rgbd.image) > 50
    np.testing.assert_allclose(drawn.depth[~rgbd.sky], noisy.depth[~rgbd.sky], rtol=1e-5)


def test_lift_of_an_off_centre_turned_camera_reproduces_its_picture():
    lens = Camera.from_intrinsics(80.0, 75.0, 30.0, 45.0, 96, 72)
    camera = lens.look_at(np.array([0.5, -0.3, 0.2]), np.array([-0.5, 0.8, 4.0]))
    rgbd = box_room().view(camera)
    drawn = render_points(lifted(rgbd), camera)
    assert not drawn.hole.any()
    assert psnr(drawn.image, rgbd.image) > 60


def test_lift_takes_only_the_chosen_pixels_and_remembers_them():
    rgbd = box_room().view(box_room().camera(32, 24))
    which = np.zeros((24, 32), bool)
    which[5, 7] = which[20, 3] = True
    points = lift(rgbd, which, 4, 100.0)
    np.testing.assert_array_equal(points.pixel, [[7, 5], [3, 20]])
    np.testing.assert_array_equal(points.origin, [4, 4])
    np.testing.assert_array_equal(points.rgb, rgbd.image[which])
    np.testing.assert_allclose(points.xyz, rgbd.camera.unproject(rgbd.depth)[which], rtol=1e-5)


@pytest.mark.parametrize("make", [sphere_over_plane, box_room, pole_before_wall, ground_and_sky])
def test_near_points_hide_what_is_behind_them(make):
    """All that is covered shows the nearest surface: from aside, no pixel shows what an occluder hides."""
    world = make()
    first = world.camera(96, 72)
    both = concatenate(lifted(world.view(first)), lifted(world.hidden(first), origin=1))
    second = world.moved(first, right=0.25, down=-0.1)
    truth, front = world.view(second), world.foreground(second)
    drawn = render_points(both, second)
    seen_by_first = front & (np.abs(render_points(lifted(world.view(first)), second).depth / truth.depth - 1) < 0.02)
    assert seen_by_first.sum() > 0.5 * front.sum()
    np.testing.assert_allclose(drawn.depth[seen_by_first], truth.depth[seen_by_first], rtol=0.02)
    through = front & ~drawn.hole & (drawn.depth > 1.1 * truth.depth)
    assert through.sum() <= 0.05 * front.sum()  # sides of boxes that the first view never saw


def test_occluded_background_never_bleeds_through():
    """A red wall in front of a green one: whatever the order of the points, no green shows where red is."""
    camera = Camera.from_fov(60.0, 64, 48)
    red, green = np.zeros((2, 48, 64, 3), np.float32)
    red[..., 0], green[..., 1] = 1, 1
    near = lifted(RGBD(red, np.full((48, 64), 2.0, np.float32), camera))
    far = lifted(RGBD(green, np.full((48, 64), 2.2, np.float32), camera), origin=1)
    for closer in (0.0, 0.8, 1.6):  # from near by, where the wall's points are pixels apart
        c2w = np.eye(4)
        c2w[2, 3] = closer
        for cloud in (concatenate(near, far), concatenate(far, near)):
            drawn = render_points(cloud, camera.posed(c2w))
            assert not drawn.hole.any()
            assert drawn.image[..., 1].max() == 0
            np.testing.assert_allclose(drawn.depth, 2.0 - closer, rtol=1e-4)


@pytest.mark.parametrize("slope", [0.3, 1.0, -1.5])
def test_a_slanted_plane_shows_no_cracks_from_nearer(slope):
    """From 0.7 of the distance; where the first view saw the plane at all."""
    world = tilted_plane(slope=slope)
    first = world.camera(96, 72)
    points = lifted(world.view(first))
    second = world.moved(first, forward=0.9)
    drawn, truth = render_points(points, second), world.view(second)
    uv, z = first.project(second.unproject(truth.depth))
    seen = (z > 0) & (uv > 1).all(axis=-1) & (uv < np.array([95, 71])).all(axis=-1)
    assert seen.mean() > 0.9
    assert not drawn.hole[seen].any()
    np.testing.assert_allclose(drawn.depth[seen], truth.depth[seen], rtol=0.1)


@pytest.mark.parametrize("step", [{"right": 0.3}, {"right": 0.2, "down": -0.1, "forward": 0.3}, {"forward": 0.9}])
@pytest.mark.parametrize("slope", [0.0, 0.3, 1.0])
def test_a_textured_plane_is_warped_to_what_the_second_camera_sees(slope, step):
    world = tilted_plane(slope=slope)
    first = world.camera(96, 72)
    second = world.moved(first, **step)
    drawn = render_points(lifted(world.view(first)), second)
    assert (~drawn.hole).mean() > 0.85
    assert psnr(drawn.image, world.view(second).image, ~drawn.hole) > 40


@pytest.mark.parametrize("make", [sphere_over_plane, box_room, pole_before_wall])
def test_surfaces_seen_twice_look_alike_from_a_second_camera(make):
    world = make()
    first = world.camera(96, 72)
    second = world.moved(first, right=0.3)
    drawn, truth = render_points(lifted(world.view(first)), second), world.view(second)
    same = ~drawn.hole & (np.abs(drawn.depth / truth.depth - 1) < 0.05)
    assert same.mean() > 0.8
    assert psnr(drawn.image, truth.image, same) > 40


def test_what_the_first_camera_did_not_see_is_a_hole():
    """No curtain between the sphere and the wall."""
    world = sphere_over_plane()
    first = world.camera(96, 72)
    second = world.moved(first, right=0.3)
    drawn, truth = render_points(lifted(world.view(first)), second), world.view(second)
    first_wall = first.project(second.unproject(truth.depth))[0]
    u, v = np.clip(first_wall[..., 0], 0, 95).astype(int), np.clip(first_wall[..., 1], 0, 71).astype(int)
    inside = (first_wall > 2).all(axis=-1) & (first_wall < np.array([94, 70])).all(axis=-1)
    shadow = inside & (world.view(first).depth[v, u] < 3) & ~world.foreground(second)
    assert shadow.sum() > 50
    assert drawn.hole[shadow].mean() > 0.85


def test_a_small_step_is_an_edge_and_spans_no_curtain():
    """Steps of 2 to 6 % happen between real things; patches that span them would show as rags from aside."""
    depth = np.full((24, 40), 1.0, np.float32)
    depth[:, 20:] = 1.04
    points = lifted(RGBD(np.zeros((24, 40, 3), np.float32), depth, tilted_plane().camera(40, 24)))
    footprint = np.linalg.norm(points.tangents[0, 0])
    assert (np.abs(points.tangents[..., 2]) < 0.1 * footprint).all()


def test_ground_that_runs_away_is_no_edge():
    world = tilted_plane(slope=0.0)
    camera = world.camera(48, 36)
    v = np.arange(36)[:, None] + np.zeros((1, 48))
    depth = (1 / (0.36 + 0.02 * v)).astype(np.float32)  # a plane: 1/z is linear; a step of up to 5.5 % a row
    points = lifted(RGBD(np.zeros((36, 48, 3), np.float32), depth, camera))
    down = points.tangents[:, 1, 2].reshape(36, 48)
    np.testing.assert_allclose(down[1:-1], 0.5 * (depth[2:] - depth[:-2]), rtol=1e-3)


def test_what_is_half_transparent_is_laid_over_what_lies_behind_and_hides_nothing():
    camera = tilted_plane().camera(32, 24)
    wall = RGBD(np.tile(np.float32([0.2, 0.4, 0.6]), (24, 32, 1)), np.full((24, 32), 4.0, np.float32), camera)
    veil = RGBD(np.tile(np.float32([1.0, 0.0, 0.0]), (24, 32, 1)), np.full((24, 32), 2.0, np.float32), camera)
    middle = np.zeros((24, 32), bool)
    middle[8:16, 10:20] = True
    share = np.full((24, 32), 0.25, np.float32)
    both = concatenate(lifted(wall), lift(veil, middle, 3, 100.0, share))
    drawn = render_points(both, camera)
    np.testing.assert_allclose(drawn.image[12, 15], [0.4, 0.3, 0.45], atol=1e-3)
    np.testing.assert_allclose(drawn.image[2, 2], [0.2, 0.4, 0.6], atol=1e-5)
    np.testing.assert_allclose(drawn.depth, 4.0, rtol=1e-5)
    assert render_points(lift(veil, middle, 3, 100.0, share), camera).hole.all()


def test_sky_lies_on_a_shell_around_the_first_camera():
    world = ground_and_sky()
    first = world.camera(96, 72)
    for camera in (first, world.moved(first, right=0.5, down=-0.2).look_at(np.ones(3), np.array([2.0, 0.5, 9.0]))):
        rgbd = world.view(camera)
        shell_m = 300.0
        points = lift(rgbd, rgbd.sky, 0, shell_m)
        assert len(points) > 1000
        np.testing.assert_allclose(np.linalg.norm(points.xyz, axis=1), shell_m, rtol=1e-5)
        np.testing.assert_allclose(camera.project(points.xyz.astype(np.float64))[0] - 0.5, points.pixel, atol=1e-2)


def test_the_shell_is_beyond_everything_and_scales_with_the_scene():
    depth = np.array([[1.0, 2.0, 500.0, np.inf]], np.float32)
    assert shell_m_of(depth) == 1000.0
    assert shell_m_of(depth[:, :2]) == pytest.approx(90.0)
    assert shell_m_of(100 * depth) == pytest.approx(100 * shell_m_of(depth))
    assert median_depth(depth) == 2.0
    assert median_depth(np.full((2, 2), np.inf)) == 1.0


def test_points_behind_the_camera_are_not_drawn():
    camera = Camera.from_fov(60.0, 32, 24)
    points = lifted(RGBD(np.ones((24, 32, 3), np.float32), np.full((24, 32), 2.0, np.float32), camera))
    c2w = np.eye(4)
    c2w[2, 3] = 3.0
    drawn = render_points(points, camera.posed(c2w))
    assert drawn.hole.all() and (drawn.image == 0).all() and np.isnan(drawn.depth).all()


def test_merge_drops_points_that_are_there_already():
    rgbd = box_room().view(box_room().camera(48, 36))
    old = lifted(rgbd)
    assert len(merge(old, lifted(rgbd, origin=5))) == len(old)
    half = old.keep(old.pixel[:, 0] < 24)
    both = merge(half, lifted(rgbd, origin=5))
    # at half a footprint a grazing neighbour may share a cell
    assert 0.99 * len(old) <= len(both) <= len(old)
    np.testing.assert_array_equal(both.xyz[: len(half)], half.xyz)  # the old ones first, untouched


def test_merge_keeps_points_a_footprint_apart():
    old = lifted(tilted_plane().view(tilted_plane().camera(48, 36)))
    step = np.linalg.norm(old.tangents[:, 0], axis=1).mean()
    new = replace(old, xyz=old.xyz + np.float32([0, 0, 2 * step]), origin=old.origin + 1)
    assert len(merge(old, new)) > 1.99 * len(old)


def test_merge_takes_no_two_cells_for_one():
    """150,000 cells each; a weak key finds twins among them."""
    rng = np.random.default_rng(0)
    cells = np.unique(rng.integers(-200, 200, (300_000, 3)), axis=0).astype(np.float32) + 0.5
    tangents = np.tile(np.float32([[2, 0, 0], [0, 2, 0]]), (len(cells), 1, 1))
    n = len(cells)
    cloud = PointCloud(
        cells, cells, tangents, np.zeros(n, np.int32), np.zeros((n, 2), np.int32), np.ones(n, np.float32)
    )
    new = cells[:, 0] < 0
    assert len(merge(cloud.keep(~new), cloud.keep(new))) == len(cells)


@pytest.mark.parametrize("factor", [0.1, 100.0])
def test_merge_does_not_depend_on_the_size_of_the_scene(factor):
    counts = []
    for scale in (1.0, factor):
        world = box_room(scale=scale)
        first = world.camera(48, 36)
        clouds = [lifted(world.view(c), origin=i) for i, c in enumerate((first, world.moved(first, right=0.05)))]
        counts.append(len(merge(*clouds)))
    assert counts[0] < 2 * 48 * 36
    assert counts[1] == pytest.approx(counts[0], rel=0.03)  # walls on cell borders round either way


@pytest.mark.parametrize("make", WORLDS)
def test_merging_flat_blocks_keeps_the_limit_and_the_picture(make):
    rgbd = make().view(make().camera(128, 96))
    points = lifted(rgbd)
    before = render_points(points, rgbd.camera)
    for limit, at_least_db in ((7000, 38), (4200, 36)):
        merged = merge_flat_blocks(points, limit, *FLAT)
        assert len(merged) <= limit
        after = render_points(merged, rgbd.camera)
        assert not after.hole.any()
        assert psnr(after.image, before.image) > at_least_db
        solid = ~rgbd.sky
        assert np.quantile(np.abs(after.depth / before.depth - 1)[solid], 0.95) < 0.1


def test_merging_keeps_the_surface_covered_from_aside():
    world = box_room()
    first = world.camera(128, 96)
    points = lifted(world.view(first))
    second = world.moved(first, right=0.25, forward=0.3)
    before, after = (render_points(p, second).hole for p in (points, merge_flat_blocks(points, 5000, *FLAT)))
    assert (after & ~before).mean() < 0.003


def test_merging_respects_any_limit():
    points = lifted(box_room().view(box_room().camera(64, 48)))
    for limit in (1000, 100, 3, 1):
        assert len(merge_flat_blocks(points, limit, *FLAT)) <= limit
    assert 0 < len(merge_flat_blocks(points, len(points), *FLAT)) <= len(points)


def test_merging_never_joins_points_of_different_pictures_or_surfaces():
    """Two planes meet a step apart within every block of 8, in one colour."""
    camera = Camera.from_fov(60.0, 64, 64)
    depth = np.full((64, 64), 2.0, np.float32)
    depth[:, 36:] = 3.0
    grey = np.full((64, 64, 3), 0.5, np.float32)
    merged = merge_flat_blocks(lifted(RGBD(grey, depth, camera)), 500, *FLAT)
    assert len(merged) <= 500
    assert set(np.round(merged.xyz[:, 2], 4)) == {2.0, 3.0}


def test_a_backing_lies_behind_its_surface_and_spans_no_edge():
    """Two walls meet in the middle of a block of 2: it gets none; the others show nothing of it to the photo."""
    camera = Camera.from_fov(60.0, 64, 64)
    depth = np.full((64, 64), 2.0, np.float32)
    depth[:, 33:] = 3.0
    points = lifted(RGBD(np.full((64, 64, 3), 0.5, np.float32), depth, camera))
    surface = halved(points, FLAT[1])
    behind = backing(surface, 10_000, *FLAT)
    assert len(behind) == 31 * 32
    z = behind.xyz[:, 2]
    assert (((z > 2.0) & (z < 2.1)) | ((z > 3.0) & (z < 3.15))).all()
    front = render_points(concatenate(points, behind), camera).index
    assert (front < len(points)).mean() > 0.97
    for limit in (500, 10, 0):
        assert len(backing(surface, limit, *FLAT)) <= limit
    assert len(backing(halved(empty(), FLAT[1]), 10, *FLAT)) == 0


def test_the_backing_of_a_slanted_wall_lies_behind_all_of_the_block_it_stands_for():
    """Half a footprint back it would still come before the far end of its block, on a wall seen at 6 degrees."""
    world = AnalyticWorld("slanted", (Plane((-5.0, 0.0, 1.0), 3.0),))
    camera = world.camera(192, 48)
    depth = np.minimum(world.view(camera).depth, 50.0)
    points = lift(replace(world.view(camera), depth=depth), np.ones(depth.shape, bool), 0, 100.0)
    points = points.keep((points.pixel[:, 0] >= 104) & (points.pixel[:, 0] < 112))
    behind = backing(halved(points, 10.0), 10_000, 1.0, 10.0)
    assert len(behind) == 4 * 24
    distance = np.zeros(depth.shape, np.float32)
    distance[points.pixel[:, 1], points.pixel[:, 0]] = np.linalg.norm(points.xyz, axis=1)
    u, v = behind.pixel.T
    farthest = np.max([distance[v + dv, u + du] for dv in (0, 1) for du in (0, 1)], axis=0)
    assert (np.linalg.norm(behind.xyz, axis=1) > 1.03 * farthest).all()


def test_what_is_merged_to_keep_a_limit_is_what_is_plainest():
    """Noise on the left, all but none on the right: the left keeps its points."""
    camera = Camera.from_fov(60.0, 64, 64)
    noise = np.random.default_rng(0).uniform(-0.5, 0.5, (64, 64, 3)).astype(np.float32)
    noise[:, 32:] *= 0.5
    points = lifted(RGBD(0.5 + noise, np.full((64, 64), 2.0, np.float32), camera))
    merged = merge_flat_blocks(points, 3000, *FLAT)
    assert 2990 <= len(merged) <= 3000
    left = merged.xyz[:, 0] < 0
    assert left.sum() > 0.95 * 32 * 64


def test_an_empty_cloud_is_a_picture_of_holes():
    camera = Camera.from_fov(60.0, 32, 24)
    drawn = render_points(empty(), camera)
    assert drawn.hole.all() and drawn.image.shape == (24, 32, 3) and (drawn.image == 0).all()
    assert np.isnan(drawn.depth).all()


def test_an_empty_cloud_merges_with_anything():
    some = lifted(box_room().view(box_room().camera(16, 12)))
    assert len(merge(empty(), some)) == len(merge(some, empty())) == len(some)
    assert len(merge(empty(), empty())) == 0
    assert len(merge_flat_blocks(empty(), 10, *FLAT)) == 0


def test_a_plane_parallel_to_the_view_has_square_tangents():
    world = AnalyticWorld("wall", (Plane((0.0, 0.0, 1.0), 2.0),))
    camera = world.camera(32, 24)
    points = lifted(world.view(camera))
    edge = 2.0 / camera.K[0, 0]
    np.testing.assert_allclose(points.tangents, np.tile([[edge, 0, 0], [0, edge, 0]], (len(points), 1, 1)), atol=1e-6)


@pytest.mark.parametrize("cuts", [(0,), (700, 2500), (1, 1, 3000)])
def test_points_added_in_parts_are_drawn_as_if_they_had_come_at_once(cuts):
    world = pole_before_wall()
    rgbd = world.view(world.camera(64, 48))
    veil = replace(rgbd, depth=0.9 * rgbd.depth)
    share = np.full(rgbd.depth.shape, 0.3, np.float32)
    points = concatenate(lifted(rgbd), lift(veil, rgbd.image[..., 0] > 0.5, 3, 100.0, share), lifted(rgbd, 4))
    camera = world.moved(world.camera(64, 48), right=0.2)
    picture = PointPicture(camera, 1e-3)
    for part in np.split(np.arange(len(points)), cuts):
        picture.add(points.keep(np.isin(np.arange(len(points)), part)))
    apart, whole = picture.rendering(), PointPicture(camera, 1e-3)
    whole.add(points)
    at_once = whole.rendering()
    for name in ("image", "depth", "index"):
        np.testing.assert_array_equal(getattr(apart, name), getattr(at_once, name))
