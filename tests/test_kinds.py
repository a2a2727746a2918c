"""Whether the photo saw a Gaussian or it was made up: told from its point, and kept by every step and file."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from gen3d.camera import Camera
from gen3d.formats.ply import open_ply, read_ply, write_ply
from gen3d.formats.view import Limits, read_view, write_view
from gen3d.geometry.kinds import kinds_of
from gen3d.geometry.points import concatenate, lift
from gen3d.splat.gaussians import from_points, joined
from gen3d.values import RGBD, UNKNOWN, Kind, Layers, Origin
from tests.small_scenes import LENS, photo_scene, tinted
from tests.worlds import box_room

LIMITS = Limits(10.0, 14.0, 5.0, 8.0, 0.7, 1.2)


def a_card_in_front() -> Layers:
    """The left half of the frame is foreground."""
    rgbd = box_room().view(LENS)
    foreground = np.zeros(rgbd.depth.shape, bool)
    foreground[:, :48] = True
    return Layers(rgbd, foreground, foreground)


def everywhere(camera: Camera, origin: int):
    rgbd: RGBD = box_room().view(camera)
    return lift(rgbd, np.ones(rgbd.depth.shape, bool), origin, 10.0)


@pytest.mark.parametrize("origin", [Origin.PHOTO, Origin.FRINGE])
def test_what_the_photo_saw_is_foreground_where_it_stands_in_front(origin):
    points = everywhere(LENS, origin)
    kinds = kinds_of(points, a_card_in_front())
    assert np.array_equal(kinds, np.where(points.pixel[:, 0] < 48, Kind.FOREGROUND, Kind.PHOTO))


@pytest.mark.parametrize("origin", [Origin.BACKGROUND, Origin.BEHIND_EDGES, Origin.FIRST_VIEW, Origin.FIRST_VIEW + 7])
def test_what_was_made_up_is_behind_within_the_frame_and_outside_beyond_it(origin):
    points = everywhere(LENS.padded(20), origin)
    kinds = kinds_of(points, a_card_in_front())
    inside = ((points.pixel >= 20) & (points.pixel < np.array([116, 92]))).all(axis=1)
    assert np.array_equal(kinds, np.where(inside, Kind.BEHIND, Kind.OUTSIDE))


def test_what_lies_behind_the_camera_is_outside():
    c2w = np.diag([-1.0, 1.0, -1.0, 1.0])
    points = everywhere(LENS.posed(c2w), Origin.FIRST_VIEW)
    assert (kinds_of(points, a_card_in_front()) == Kind.OUTSIDE).all()


def known(scene):
    return replace(scene, kinds=(torch.arange(len(scene)) % 4).to(torch.uint8))


@pytest.mark.parametrize("tint", [False, True], ids=["plain", "tinted"])
def test_files_keep_the_kinds(tmp_path, tint):
    scene = known(tinted(photo_scene()) if tint else photo_scene())
    write_ply(tmp_path / "s.ply", scene)
    stored = open_ply(tmp_path / "s.ply")
    assert torch.equal(stored.gaussians.kinds, scene.kinds) and stored.notices == ()
    assert torch.equal(stored.gaussians.sh, scene.sh)
    marked = replace(scene, opacities=0.25 + 0.25 * scene.kinds / 4)
    write_view(tmp_path / "s.view", marked, LENS, 3.0, LIMITS)
    back = read_view(tmp_path / "s.view").gaussians
    assert torch.equal(back.kinds.float(), ((back.opacities - 0.25) * 16).round())


def test_without_kinds_files_are_as_they_were(tmp_path):
    scene = photo_scene()
    write_ply(tmp_path / "s.ply", scene)
    assert b"kind" not in (tmp_path / "s.ply").read_bytes()[:2000] and read_ply(tmp_path / "s.ply").kinds is None
    write_view(tmp_path / "s.view", scene, LENS, 3.0, LIMITS)
    assert read_view(tmp_path / "s.view").gaussians.kinds is None


def test_a_kind_that_is_none_is_unknown(tmp_path):
    scene = known(photo_scene())
    write_ply(tmp_path / "s.ply", replace(scene, kinds=scene.kinds + 2))
    assert set(read_ply(tmp_path / "s.ply").kinds.tolist()) == {2, 3, UNKNOWN}


def test_choosing_and_joining_keep_the_kinds():
    scene = known(photo_scene())
    some = scene.keep(scene.kinds == Kind.BEHIND)
    assert len(some) and (some.kinds == Kind.BEHIND).all()
    assert torch.equal(joined(some, scene).kinds, torch.cat([some.kinds, scene.kinds]))
    assert (joined(some, photo_scene()).kinds[len(some) :] == UNKNOWN).all()
    assert joined(photo_scene(), photo_scene()).kinds is None


def test_a_scene_that_was_built_knows_what_was_made_up(built):
    kinds = read_ply(built.folder / "scene.ply").kinds.numpy()
    assert {Kind.PHOTO, Kind.BEHIND, Kind.OUTSIDE} <= set(kinds.tolist()) <= set(Kind)
    means = read_ply(built.folder / "scene.ply").means.numpy()
    camera = read_view(built.folder / "scene.view").camera
    uv, z = camera.project(means.astype(np.float64))
    beyond = (z <= 0) | (uv < -4).any(axis=1) | (uv > (camera.width + 4, camera.height + 4)).any(axis=1)
    assert (kinds[beyond] == Kind.OUTSIDE).mean() > 0.99
    assert np.array_equal(np.bincount(read_view(built.folder / "scene.view").gaussians.kinds), np.bincount(kinds))


def test_points_of_several_pictures_are_told_apart_one_by_one():
    points = concatenate(everywhere(LENS, Origin.PHOTO), everywhere(LENS, Origin.BACKGROUND))
    kinds = kinds_of(points, a_card_in_front())
    assert (kinds[points.origin == Origin.BACKGROUND] == Kind.BEHIND).all()
    assert len(from_points(points)) == len(kinds)
