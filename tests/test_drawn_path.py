"""A path that was drawn: what it promises, and that the viewer plays what the video shows."""

import json
from dataclasses import replace

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from gen3d.errors import InputError
from gen3d.formats.transforms import write_transforms
from gen3d.formats.view import read_view
from gen3d.geometry.drawn_path import Course, cameras_along
from gen3d.run.course import KEYS, expansion_cameras, played, tour_cameras
from gen3d.splat.pick import pick_rasterizer
from gen3d.values import DrawnPath, Scale
from tests.drawn import as_script, in_script, random_path
from tests.runs import TINY
from tests.small_scenes import LENS, sheet

LOOPS = ("none", "repeat", "pingpong")


def on_a_line(xs: list[float], seconds: list[float], loop: str = "none") -> DrawnPath:
    c2w = np.tile(np.eye(4), (len(xs), 1, 1))
    c2w[:, 0, 3] = xs
    return DrawnPath(c2w, np.ones(len(xs)), np.array(seconds, np.float64), loop)


def times_of(path: DrawnPath) -> np.ndarray:
    """When it passes its keys."""
    return np.concatenate([[0.0], np.cumsum(path.seconds[1:])])


@pytest.mark.parametrize("loop", LOOPS)
@pytest.mark.parametrize(("keys", "tension"), [(1, 0.0), (2, 0.0), (3, 0.25), (7, 0.0), (7, 1.0)])
def test_the_viewer_and_the_video_go_the_same_way(tmp_path, loop, keys, tension):
    path = random_path(keys, keys, loop, tension)
    course = Course(path, 2.5)
    times = np.linspace(0, 2.3 * float(path.seconds.sum()), 60)
    given = {"path": as_script(path), "times": times.tolist()}
    expression = "(c => ({duration: c.duration, at: given.times.map(c.at)}))(courseOf(given.path, 2.5))"
    played = in_script(tmp_path, ("path.js",), expression, given)
    assert played["duration"] == pytest.approx(course.duration_s, abs=1e-9)
    for time, key in zip(times, played["at"], strict=True):
        here = course.at(float(time))
        assert [*key["place"], *key["turn"], np.log(key["focal"])] == pytest.approx(here.tolist(), abs=1e-9)


@pytest.mark.parametrize("loop", LOOPS)
def test_it_passes_every_key_at_its_time(loop):
    path = random_path(6, 3, loop)
    course = Course(path, 1.0)
    for i, time in enumerate(times_of(path)):
        here = course.at(float(time))
        assert here[:3] == pytest.approx(path.c2w[i, :3, 3], abs=1e-6)
        turn = Rotation.from_quat(here[3:7], scalar_first=True).as_matrix()
        assert turn == pytest.approx(path.c2w[i, :3, :3], abs=1e-6)
        assert np.exp(here[7]) == pytest.approx(path.focal[i], abs=1e-6)


@pytest.mark.parametrize("loop", LOOPS)
def test_it_moves_without_a_jolt_or_a_jump(loop):
    """Neither the place nor the speed jumps, at the keys and across the seam too."""
    path = random_path(5, 8, loop)
    course = Course(path, 1.0)
    step = 1e-4
    for time in [*times_of(path)[1:-1], course.duration_s]:
        before, here, after = (course.at(time + k * step)[:3] for k in (-1, 0, 1))
        assert np.linalg.norm(after - before) < 0.01
        assert np.linalg.norm((after - here) - (here - before)) / step < 0.05


def test_it_starts_and_ends_at_rest():
    course = Course(random_path(4, 5), 1.0)
    for time in (0.0, course.duration_s):
        moved = np.abs(course.at(time + 1e-3) - course.at(max(0.0, time - 1e-3)))
        assert moved.max() < 1e-4


def test_uneven_times_make_it_slower_and_never_send_it_back():
    """A uniform Catmull-Rom spline goes back before the long leg here."""
    course = Course(on_a_line([0, 1, 1.05, 4], [1, 0.3, 4, 0.5]), 1.0)
    xs = [course.at(t)[0] for t in np.linspace(0, course.duration_s, 400)]
    assert np.diff(xs).min() > -1e-9 and (xs[0], xs[-1]) == pytest.approx((0, 4))


def test_two_keys_at_one_place_are_a_rest_there():
    course = Course(on_a_line([0, 1, 1, 2], [1, 1, 2, 1]), 1.0)
    assert [course.at(t)[0] for t in (1.0, 1.5, 2.0, 3.0)] == pytest.approx([1, 1, 1, 1], abs=1e-3)


def test_tension_makes_it_straight():
    path = random_path(4, 2)
    straight = Course(replace(path, tension=1.0), 1.0)
    for i, start in enumerate(times_of(path)[:-1]):
        a, b = path.c2w[i, :3, 3], path.c2w[i + 1, :3, 3]
        here = straight.at(start + 0.3 * path.seconds[i + 1])[:3] - a
        assert np.linalg.norm(np.cross(here, b - a)) < 1e-9


def test_back_and_forth_is_the_same_way_twice():
    path = random_path(4, 6, "pingpong")
    course, once = Course(path, 1.0), Course(replace(path, loop="none"), 1.0)
    assert course.duration_s == pytest.approx(2 * once.duration_s)
    for time in (0.2, 1.0, 2.7):
        assert course.at(time) == pytest.approx(once.at(time))
        assert course.at(course.duration_s - time) == pytest.approx(once.at(time))


@pytest.mark.parametrize(("loop", "last"), [("none", True), ("repeat", False), ("pingpong", False)])
def test_a_video_that_loops_does_not_show_its_first_frame_twice(loop, last):
    path = random_path(3, 1, loop)
    cameras = cameras_along(path, LENS, 1.0, 30)
    assert len(cameras) == 30 and cameras[0].c2w == pytest.approx(path.c2w[0], abs=1e-9)
    ends_at_a_key = any(np.allclose(cameras[-1].c2w, c2w, atol=1e-6) for c2w in path.c2w)
    assert ends_at_a_key == last


def test_a_keys_lens_is_its_focal_length_and_keeps_the_centre():
    path = replace(random_path(2, 4), focal=np.array([0.8, 1.6]))
    first, last = cameras_along(path, LENS, 1.0, 2)
    assert (first.K[1, 1], last.K[1, 1]) == pytest.approx((0.8 * 72, 1.6 * 72))
    assert first.K[0, 0] / first.K[1, 1] == pytest.approx(LENS.K[0, 0] / LENS.K[1, 1])
    assert np.array_equal(first.K[:, 2], LENS.K[:, 2]) and (first.width, first.height) == (96, 72)


# --- as the request's path


@pytest.fixture
def drawn(tmp_path):
    """The path, and its file as the viewer saves it: keys that do not begin at the photo's camera."""
    path = random_path(3, 7)
    cameras = [LENS.zoomed(f * 72 / LENS.K[1, 1]).posed(c2w) for f, c2w in zip(path.focal, path.c2w, strict=True)]
    beside = [{"seconds": float(s)} for s in path.seconds]
    about = {"camera_path": {"loop": "none", "tension": 0.0}}
    write_transforms(tmp_path / "path.json", cameras, beside=beside, about=about)
    return path, tmp_path / "path.json"


def test_a_drawn_path_is_filmed_in_the_scenes_world_at_any_amplitude(drawn):
    path, file = drawn
    cameras = tour_cameras(str(file), LENS, Scale(2.0, 1.0), 25)
    for amplitude in (1.0, 0.1):
        flown = cameras(amplitude)
        assert len(flown) == 25
        for camera, c2w, focal in ((flown[0], path.c2w[0], path.focal[0]), (flown[-1], path.c2w[-1], path.focal[-1])):
            assert camera.c2w == pytest.approx(c2w, abs=1e-6) and camera.K[1, 1] / 72 == pytest.approx(focal)


def test_a_scene_is_grown_along_the_keys_of_a_drawn_path(drawn):
    path, file = drawn
    _, *poses = expansion_cameras(str(file), LENS, Scale(2.0, 1.0), 96)
    assert np.array([camera.c2w for camera in poses]) == pytest.approx(path.c2w, abs=1e-6)


def test_a_drawn_path_in_other_units_than_the_scene_is_refused(drawn):
    _, file = drawn
    with pytest.raises(InputError, match=r"path\.json leads .* from the photo's camera"):
        tour_cameras(str(file), LENS, Scale(0.001, 0.001), 25)


def test_a_drawn_lens_that_no_view_can_be_made_up_for_is_refused(drawn):
    _, file = drawn
    content = json.loads(file.read_text())
    content["frames"][1] |= {"fl_x": 1e6, "fl_y": 1e6}
    file.write_text(json.dumps(content))
    with pytest.raises(InputError, match=r"Frame 1 of path\.json looks through a lens"):
        tour_cameras(str(file), LENS, Scale(2.0, 1.0), 25)


def test_a_scene_that_was_built_holds_the_path_of_its_video_for_the_viewer(built):
    file = read_view(built.folder / "scene.view")
    tour = file.tour
    assert len(tour.seconds) == KEYS and tour.loop == "none"
    assert tour.c2w[0] == pytest.approx(file.camera.c2w, abs=1e-9) and tour.c2w[-1] == pytest.approx(tour.c2w[0])
    assert tour.focal == pytest.approx(file.camera.K[1, 1] / file.camera.height)
    assert tour.seconds[1:].sum() == pytest.approx(TINY.tour.frames / TINY.tour.fps)


@pytest.mark.parametrize(("wall_m", "narrower"), [(20.0, False), (1.35, True)])
def test_the_path_for_the_viewer_is_as_wide_as_the_scene_holds(wall_m, narrower):
    """A wall two metres ahead, which ends just beyond the photo's frame or far beyond it."""
    wall = sheet((0.0, 0.0, 2.0), (wall_m, 0, 0), (0, wall_m, 0), wall_m / 60)
    lens, scale = LENS.posed(np.eye(4)), Scale(2.0, 2.0)
    path = played("orbit", wall, lens, scale, pick_rasterizer(), TINY.tour)
    widest = np.array([camera.c2w for camera in tour_cameras("orbit", lens, scale, KEYS)(1.0)])
    moved, most = (np.abs(c2w[:, 0, 3]).max() for c2w in (path.c2w, widest))
    assert (moved < 0.9 * most) == narrower and moved > 0
