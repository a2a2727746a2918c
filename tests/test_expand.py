from dataclasses import replace

import numpy as np
import pytest

from gen3d.camera import Camera
from gen3d.events import Preview, Progress
from gen3d.geometry.place import median_depth, place_of, scale_of, shell_m_of
from gen3d.geometry.point_picture import PointPicture, render_points
from gen3d.geometry.points import lift
from gen3d.geometry.protect import covers, lift_uncovering
from gen3d.geometry.sight import sight_from
from gen3d.geometry.trajectory import expansion_path, moved, tour_path, turned
from gen3d.models.base import DepthEstimate
from gen3d.models.builtin.mixed_depth import MixedDepth
from gen3d.settings import ExpandSettings
from gen3d.stages.expand import close_slivers, expand_world
from gen3d.values import RGBD, Origin, Place, PointCloud, Scale, View, World
from tests.fakes import FakeInpainter
from tests.measures import drain
from tests.worlds import AnalyticWorld, NoisyDepth, box_room, ground_and_sky, sphere_over_plane, tilted_plane

SETTINGS = ExpandSettings(poses=9, margin_px=8)


class NoisyEyes:
    """What is expected, as a network would say it: at another scale each time, warped and smeared."""

    name = "noisy eyes"

    def __init__(self) -> None:
        self.calls = 0

    def estimate(self, image, camera=None, expected=None) -> DepthEstimate:
        self.calls += 1
        return DepthEstimate(NoisyDepth(seed=1)(expected, view=self.calls))


def start(world: AnalyticWorld, path: list[Camera] | str, camera: Camera | None = None) -> tuple[World, RGBD, float]:
    """A world of the photo alone, the photo, and the radius of its sky."""
    camera = world.camera(96, 72) if camera is None else camera
    photo = world.view(camera)
    shell_m = shell_m_of(photo.depth)
    points = lift(photo, np.ones(photo.depth.shape, bool), 0, shell_m)
    if isinstance(path, str):
        path = expansion_path(path, camera, Scale(median_depth(photo.depth), float(photo.depth.min())))
    view = View(photo.image, np.ones(photo.depth.shape, bool), camera)
    return World(points, (view,), tuple(path)), photo, shell_m


def expand(world: World, photo: RGBD, shell_m: float, settings=SETTINGS, eyes=None, **rest) -> World:
    place = Place(photo, scale_of(photo), shell_m)
    return drain(expand_world(world, place, FakeInpainter(), eyes or MixedDepth(), settings, **rest))[0]


def hole_share(points: PointCloud, camera: Camera) -> float:
    return sight_from(points, camera, SETTINGS.margin_px, 1e9).share


@pytest.mark.parametrize("eyes", [MixedDepth, NoisyEyes])
@pytest.mark.parametrize("path", ["orbit", "wander"])
@pytest.mark.parametrize("make", [box_room, ground_and_sky])
def test_the_holes_along_the_path_are_filled(make, path, eyes):
    world, photo, shell_m = start(make(), path)
    grown = expand(world, photo, shell_m, eyes=eyes())
    before, after = ([hole_share(w.points, c) for c in world.path] for w in (world, grown))
    assert max(before) > 0.2
    assert max(after) < 0.02
    assert len(grown.points) > len(world.points)
    assert not np.isnan(grown.points.xyz).any()


def test_the_pose_with_the_largest_hole_below_the_limit_comes_first():
    camera = box_room().camera(96, 72)
    path = [camera.posed(turned(yaw)) for yaw in (5.0, 12.0, 25.0, 50.0)]
    world, photo, shell_m = start(box_room(), path)
    shares = [hole_share(world.points, c) for c in path]
    assert shares[2] < 0.6 < shares[3]
    grown = expand(world, photo, shell_m, ExpandSettings(poses=2, margin_px=8))
    assert grown.views[1].camera is path[2]
    assert grown.views[2].camera is path[3]  # by then its hole is small enough, and the largest
    lenient = expand(world, photo, shell_m, ExpandSettings(poses=1, margin_px=8, largest_hole=0.99))
    assert lenient.views[1].camera is path[3]


def test_a_narrow_lens_with_large_steps_gets_midpoints_and_never_deadlocks():
    """36 degrees a step and a lens of 30: no pose of the path shows anything that is known."""
    lens = Camera.from_fov(30.0, 96, 72)
    path = expansion_path("rotate360", lens, Scale(3.0, 1.0))[1:]
    world, photo, _shell_m = start(box_room(), path, lens)
    assert min(hole_share(world.points, c) for c in path) > 0.9
    settings = ExpandSettings(poses=24, margin_px=8)
    stage = expand_world(world, place_of(photo), FakeInpainter(), MixedDepth(), settings)
    grown, events = drain(stage)
    inserted = [v.camera for v in grown.views[1:] if not any(v.camera is c for c in path)]
    reached = [c for c in path if any(v.camera is c for v in grown.views)]
    assert not any(grown.views[1].camera is c for c in path)
    assert len(inserted) >= 5
    assert len(reached) >= 5
    assert len(grown.views) - 1 <= 24
    assert sum(isinstance(e, Preview) for e in events) == len(grown.views) - 1


def test_every_pose_is_painted_when_little_enough_of_it_is_missing():
    """Midpoints keep the hole at or below the limit, but for poses that three halvings did not reach."""
    lens = Camera.from_fov(40.0, 96, 72)
    world, photo, shell_m = start(box_room(), [lens.posed(turned(-36.0))], lens)
    shares, points = [], world.points
    grown = expand(world, photo, shell_m)
    for i, view in enumerate(grown.views[1:]):
        shares.append(hole_share(points.keep(points.origin < Origin.FIRST_VIEW + i), view.camera))
        points = grown.points
    assert len(shares) >= 2
    assert max(shares) <= 0.6


def test_poses_that_show_no_hole_are_skipped():
    camera = box_room().camera(96, 72)
    path = [camera, camera.posed(moved(0.0, 0.0, 0.05)), camera.cropped(10, 10, 60, 40)]
    world, photo, shell_m = start(box_room(occluders=0), path)
    grown = expand(world, photo, shell_m)
    assert len(grown.views) == 1
    assert grown.points is world.points


def test_at_most_as_many_views_as_asked_are_made():
    world, photo, shell_m = start(box_room(), "lookaround")
    for poses in (0, 1, 3):
        grown = expand(world, photo, shell_m, ExpandSettings(poses=poses, margin_px=8))
        assert len(grown.views) == 1 + poses


def test_the_photo_and_its_points_come_first_and_stay_as_they_are():
    world, photo, shell_m = start(box_room(), "wander")
    grown = expand(world, photo, shell_m)
    assert grown.views[0] is world.views[0]
    np.testing.assert_array_equal(grown.points.xyz[: len(world.points)], world.points.xyz)
    assert (grown.points.origin[len(world.points) :] >= 2).all()
    assert grown.path == world.path


@pytest.mark.parametrize("eyes", [MixedDepth, NoisyEyes])
@pytest.mark.parametrize("make", [box_room, sphere_over_plane, ground_and_sky])
def test_from_where_it_was_taken_the_photo_is_still_the_photo(make, eyes):
    """All points drawn: no pixel shows a point that was made up."""
    world, photo, shell_m = start(make(), "wander")
    grown = expand(world, photo, shell_m, eyes=eyes())
    before, after = (render_points(w.points, photo.camera) for w in (world, grown))
    share_kept = (after.index == before.index).mean()
    assert share_kept > 0.98  # within COVERS of the surface a made-up point may win a pixel at a rim
    assert np.abs(after.image - photo.image).mean() < 0.005
    assert np.quantile(np.abs(after.image - photo.image).max(axis=-1), 0.99) < 0.1


def test_points_before_the_photo_cover_it_and_those_behind_or_beside_do_not():
    photo = tilted_plane(slope=0.0).view(tilted_plane().camera(96, 72))  # the wall z = 3
    ahead = np.array([[0.1, 0.1, z] for z in (1.5, 2.85, 2.95, 3.0, 4.0, -1.0)], np.float32)
    beside = np.array([[9.0, 0.0, 1.5], [0.0, -9.0, 1.5]], np.float32)
    xyz = np.concatenate([ahead, beside])
    n = len(xyz)
    tangents = np.tile(np.float32([[0.01, 0, 0], [0, 0.01, 0]]), (n, 1, 1))
    points = PointCloud(
        xyz, xyz, tangents, np.full(n, 2, np.int32), np.zeros((n, 2), np.int32), np.ones(n, np.float32)
    )
    factor = covers(points, photo, 100.0)
    np.testing.assert_allclose(factor, [2.0, 3 / 2.85, 1, 1, 1, 1, 1, 1], rtol=1e-4)


def test_points_before_the_sky_cover_it():
    photo = ground_and_sky().view(ground_and_sky().camera(96, 72))
    shell_m = shell_m_of(photo.depth)
    xyz = np.float32([[0, -10, 50], [0, -0.2 * shell_m, 0.95 * shell_m]])
    two = np.full(2, 2, np.int32)
    points = PointCloud(
        xyz, xyz, np.ones((2, 2, 3), np.float32), two, np.zeros((2, 2), np.int32), np.ones(2, np.float32)
    )
    factor = covers(points, photo, shell_m)
    assert factor[0] > 1 and factor[1] == 1


@pytest.mark.parametrize("error", [0.5, 0.8, 1.0])
def test_no_lifted_point_covers_the_photo(error):
    """A view from aside whose depth is far too near."""
    world = sphere_over_plane()
    photo = world.view(world.camera(96, 72))
    aside = world.view(world.moved(photo.camera, right=0.4))
    wrong = replace(aside, depth=aside.depth * np.float32(error))
    points = lift_uncovering(wrong, np.ones((72, 96), bool), photo, 2, 300.0)
    assert (covers(points, photo, 300.0) <= 1).all()
    u, v = points.pixel.T  # moved along its own ray only
    uv, z = aside.camera.project(points.xyz.astype(np.float64))
    np.testing.assert_allclose(uv, points.pixel + 0.5, atol=0.02)
    assert (z >= 0.999 * wrong.depth[v, u]).all()
    if error == 1.0:
        assert len(points) > 0.95 * 72 * 96


def test_enough_ends_early_with_what_there_is():
    world, photo, shell_m = start(box_room(), "wander")
    for after in range(3):
        asked = []

        def enough(after=after, asked=asked) -> bool:
            asked.append(True)
            return len(asked) > after

        grown = expand(world, photo, shell_m, enough=enough)
        assert len(grown.views) == 1 + after
        assert max(grown.points.origin) == (0 if after == 0 else Origin.FIRST_VIEW - 1 + after)


def test_progress_ends_complete_however_many_views_there_are():
    world, photo, _shell_m = start(box_room(), "peek")
    settings = ExpandSettings(poses=20, margin_px=8)
    grown, events = drain(expand_world(world, place_of(photo), FakeInpainter(), MixedDepth(), settings))
    progress = [e for e in events if isinstance(e, Progress)]
    assert progress[-1].done == progress[-1].total == len(grown.views) - 1


@pytest.mark.parametrize("eyes", [MixedDepth, NoisyEyes])
@pytest.mark.parametrize("make", [box_room, ground_and_sky])
def test_expanding_again_along_the_same_path_adds_no_point(make, eyes):
    """Nor does it sweep up any more slivers: with noisy depth some become small enough only as others are closed."""
    world, photo, shell_m = start(make(), "wander")
    scale = Scale(median_depth(photo.depth), float(photo.depth.min()))
    sweep = tour_path("wander", photo.camera, scale, 12, 1.0)
    once = expand(world, photo, shell_m, eyes=eyes(), sweep=sweep)
    assert len(once.points) > 1.5 * len(world.points)
    twice = expand(once, photo, shell_m, eyes=eyes(), sweep=sweep)
    assert len(twice.points) == len(once.points)
    assert len(twice.views) == len(once.views)


def test_views_made_before_count_among_those_asked_for():
    """Where the number of views ended the expansion, poses are left; expanding again still adds nothing."""
    world, photo, shell_m = start(box_room(), "lookaround")
    two = ExpandSettings(poses=2, margin_px=8)
    once = expand(world, photo, shell_m, two)
    assert max(hole_share(once.points, c) for c in world.path) > 0.1
    again = expand(once, photo, shell_m, two)
    assert len(again.points) == len(once.points) and len(again.views) == 3
    more = expand(once, photo, shell_m, ExpandSettings(poses=3, margin_px=8))
    assert len(more.views) == 4
    assert set(more.points.origin) - set(once.points.origin) == {Origin.FIRST_VIEW + 2}


def test_every_closing_of_slivers_is_a_picture_of_its_own():
    """Points of two cameras are no neighbours, though their pixels be: merging flat blocks goes by the origin."""
    world, photo, shell_m = start(box_room(), [], box_room().camera(192, 144))
    sweep = [box_room().moved(photo.camera, right=x) for x in (0.02, -0.02)]
    grown = expand(world, photo, shell_m, sweep=sweep)
    assert set(grown.points.origin) == {0, Origin.FIRST_VIEW, Origin.FIRST_VIEW + 1}


def test_the_same_seed_gives_the_same_bytes():
    runs = []
    for _ in range(2):
        world, photo, shell_m = start(box_room(), "wander")
        runs.append(expand(world, photo, shell_m, seed=3))
    for name in ("xyz", "rgb", "tangents", "origin", "pixel"):
        assert getattr(runs[0].points, name).tobytes() == getattr(runs[1].points, name).tobytes()


@pytest.mark.parametrize("scale", [0.1, 100.0])
def test_expansion_does_not_depend_on_the_size_of_the_scene(scale):
    grown = {}
    for s in (1.0, scale):
        grown[s] = expand(*start(box_room(scale=s), "wander"))
    assert len(grown[scale].views) == len(grown[1.0].views)
    assert len(grown[scale].points) == pytest.approx(len(grown[1.0].points), rel=0.02)
    for a, b in zip(grown[1.0].views, grown[scale].views, strict=True):
        assert np.abs(a.image - b.image).mean() < 0.01


def test_repainted_rims_do_not_count_in_the_fit():
    """Seen: what was known and what was made up, but not the band of known pixels that was painted over."""
    world, photo, shell_m = start(box_room(), "orbit")
    grown = expand(world, photo, shell_m, ExpandSettings(poses=1, margin_px=8, dilate_px=4))
    assert 0 < (~grown.views[1].seen).mean() < 0.2
    none = expand(world, photo, shell_m, ExpandSettings(poses=1, margin_px=8, dilate_px=0))
    assert none.views[1].seen.all()


def test_slivers_between_the_poses_are_closed_with_the_far_side():
    """A small step to the side of the room opens slivers beside the boxes: they close, and the photo stays."""
    room = box_room()
    world, photo, shell_m = start(room, [], room.camera(192, 144))
    aside = room.moved(photo.camera, right=0.025)
    before = render_points(world.points, aside)
    found = close_slivers(PointPicture.of(world.points, aside), photo, aside, 7, shell_m)
    closed = found.added_to(world)
    after = render_points(closed.points, aside)
    assert found.whole == (not after.hole.any())
    assert 0 < before.hole.mean() < 0.01
    assert after.hole.sum() <= 0.2 * before.hole.sum()
    filled = before.hole & ~after.hole
    truth = room.hidden(aside).depth
    assert np.median(np.abs(after.depth / truth - 1)[filled]) < 0.1
    seen = render_points(closed.points, photo.camera)
    assert np.abs(seen.image - photo.image).mean() < 0.005


def test_what_is_too_large_for_a_sliver_is_left_to_a_view_of_its_own():
    room = box_room()
    world, photo, shell_m = start(room, [])
    far_aside = room.moved(photo.camera, right=0.8)
    found = close_slivers(PointPicture.of(world.points, far_aside), photo, far_aside, 7, shell_m)
    assert found == ((), (), False)
