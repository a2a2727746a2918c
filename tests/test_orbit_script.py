"""The viewer's orbit, without a browser: from a pose to its view and back, in the photo's place and outside."""

import numpy as np
import pytest

from gen3d.products.limits import Pose
from gen3d.products.limits import orbit as camera_at
from tests.drawn import in_script
from tests.small_scenes import LENS

SCRIPTS = ("path.js", "orbit.js")
LIMITS = {"yaw_left_deg": 10, "yaw_right_deg": 14, "pitch_up_deg": 5, "pitch_down_deg": 8, "nearest": 0.7,
          "farthest": 1.2}  # fmt: skip
OUTSIDE = {"middle": [1.0, -2.0, 5.0], "distance_m": 4.0, "up": "+z", "starts": True}
BEGIN = "const orbit = new Orbit(false); orbit.use(given.header); "


def header(**more: object) -> dict:
    c2w = camera_at(LENS, Pose(20.0, -7.0), 2.0).c2w  # not at the world's origin
    lens = {"K": LENS.K.tolist(), "width": 96, "w2c": LENS.posed(c2w).w2c.tolist()}
    return lens | {"pivot_m": 3.0, "limits": LIMITS} | more


def of_orbit(folder, expression: str, **given: object) -> object:
    return in_script(folder, SCRIPTS, f"(() => {{ {BEGIN}return {expression} }})()", {"header": header(), **given})


@pytest.mark.parametrize("outside", [None, OUTSIDE])
def test_the_nearest_pose_of_a_view_is_the_one_it_came_from(tmp_path, outside):
    poses = [(0, 0, 1, 0, 0, 0), (9, 2, 0.8, 0, 0, 0), (-8, -3, 1.05, 0, 0, 0)]
    poses += [(130, 60, 1, 0.3, -0.2, 1.5)] if outside else []
    script = """given.poses.map(([yaw, pitch, zoom, x, y, z]) => {
        Object.assign(orbit, {yaw, pitch, zoom, x, y, z})
        const {aside, ...there} = orbit.near(orbit.view())
        return [Object.values(there), aside]
    })"""
    found = of_orbit(tmp_path, script, poses=poses, header=header(outside=outside))
    for pose, (there, aside) in zip(poses, found, strict=True):
        assert there == pytest.approx(pose, abs=1e-9) and aside == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize(
    ("pose", "leaves"),
    [(Pose(), False), (Pose(13.5), False), (Pose(16.0), True), (Pose(-9.5, 0.0, 0.72), False),
     (Pose(0.0, 0.0, 0.6), True), (Pose(9.9, 4.9), True)],
)  # fmt: skip
def test_a_view_leaves_where_the_hand_may_not_go(tmp_path, pose, leaves):
    start = np.array(header()["w2c"])
    view = camera_at(LENS.posed(np.linalg.inv(start)), pose, 3.0).w2c[:3].tolist()
    assert of_orbit(tmp_path, "orbit.leaves(given.view)", view=view) == leaves


def test_a_view_beside_the_orbit_leaves_it(tmp_path):
    view = np.array(header()["w2c"])[:3]
    view[0, 3] += 0.5
    assert of_orbit(tmp_path, "orbit.leaves(given.view)", view=view.tolist()) is True


def test_outside_there_is_nothing_to_leave(tmp_path):
    view = np.array(header()["w2c"])[:3]
    view[0, 3] += 50
    script = "orbit.leaves(given.view)"
    assert of_orbit(tmp_path, script, view=view.tolist(), header=header(outside=OUTSIDE)) is False


def test_a_jump_stays_within_the_limits(tmp_path):
    start = np.array(header()["w2c"])
    view = camera_at(LENS.posed(np.linalg.inv(start)), Pose(40.0), 3.0).w2c[:3].tolist()
    assert of_orbit(tmp_path, "(orbit.jump(given.view), orbit.yaw)", view=view) == pytest.approx(14)
