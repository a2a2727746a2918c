"""Depth maps as meshes: exact where surfaces are plane, cut where they end, closed everywhere else."""

import numpy as np
import pytest

from gen3d.geometry.atlas import atlas, joined, pack
from gen3d.geometry.debris import absorb_debris, surfaces
from gen3d.geometry.flying import flying
from gen3d.geometry.relief import relief
from gen3d.values import Mesh
from tests.worlds import box_room, ground_and_sky, sphere_over_plane, tilted_plane

SHELL_M = 300.0


def mesh_of(world, width=96, height=72, shown=None, tolerance=0.004) -> tuple[Mesh, object]:
    rgbd = world.view(world.camera(width, height))
    shown = np.ones(rgbd.depth.shape, bool) if shown is None else shown
    return relief(rgbd.depth, rgbd.camera, shown, SHELL_M, tolerance), rgbd


def edges_of(mesh: Mesh) -> np.ndarray:
    """Every triangle's three directed edges."""
    t = mesh.triangles
    return np.concatenate([t[:, [0, 1]], t[:, [1, 2]], t[:, [2, 0]]])


def test_a_plane_is_met_exactly_by_a_handful_of_triangles():
    mesh, rgbd = mesh_of(tilted_plane())
    np.testing.assert_allclose(mesh.xyz[:, 2], 3 + 0.3 * mesh.xyz[:, 0], rtol=1e-4)
    assert len(mesh) < 0.01 * 2 * rgbd.depth.size
    uv, _ = rgbd.camera.project(mesh.xyz)
    np.testing.assert_allclose(uv, mesh.uv * [96, 72], atol=1e-3)
    assert mesh.uv.min() == 0 and mesh.uv.max() == 1


@pytest.mark.parametrize("tolerance", [0.0, 0.004, 0.05])
def test_a_surface_has_no_gap_wherever_coarse_blocks_meet_fine_ones(tolerance):
    """Each edge is used by two triangles in opposite directions, but for those on the picture's border."""
    world = box_room(occluders=0)
    mesh, _ = mesh_of(world, 90, 70, tolerance=tolerance)
    edges = edges_of(mesh)
    forward = {tuple(edge) for edge in edges.tolist()}
    assert len(forward) == len(edges)
    open_edges = np.array([edge for edge in forward if edge[::-1] not in forward])
    on_border = (mesh.uv[open_edges] < 1e-6) | (mesh.uv[open_edges] > 1 - 1e-6)
    assert on_border.any(axis=2).all()


def test_triangles_cover_each_shown_pixel_once_and_nothing_else():
    rng = np.random.default_rng(0)
    shown = rng.random((72, 96)) < 0.7
    shown[20:60, 10:70] = True
    mesh, _ = mesh_of(sphere_over_plane(), shown=shown)
    corners = (mesh.uv * [96, 72])[mesh.triangles]
    a, b = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
    areas = 0.5 * (a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0])
    assert (areas < 0).all()  # rows count down: counterclockwise as seen is negative
    assert -areas.sum() == pytest.approx(shown.sum(), rel=1e-5)
    middle = corners.mean(axis=1).astype(int)
    assert shown[middle[:, 1], middle[:, 0]].all()


def test_no_triangle_spans_a_depth_edge():
    world = sphere_over_plane()
    mesh, rgbd = mesh_of(world)
    depth = mesh.xyz[mesh.triangles][..., 2]
    assert (depth.max(axis=1) / depth.min(axis=1)).max() < 1.15  # the ball is at 2 m, the wall at 4 m
    ball = world.foreground(rgbd.camera)
    alone = relief(rgbd.depth, rgbd.camera, ball, SHELL_M, 0.004)
    assert alone.xyz[:, 2].max() < 2.2


def test_a_floor_that_runs_to_the_horizon_is_not_torn():
    """From a low place its depth grows by more from row to row than a depth edge's least step."""
    world = ground_and_sky()
    rgbd = world.hidden(world.camera(96, 72))
    ground = np.isfinite(rgbd.depth) & (rgbd.depth < 40)
    mesh = relief(rgbd.depth, rgbd.camera, ground, SHELL_M, 0.0)
    forward = {tuple(edge) for edge in edges_of(mesh).tolist()}
    open_edges = sum(edge[::-1] not in forward for edge in forward)
    rows = int(ground.any(axis=1).sum())
    assert open_edges <= 2 * (96 + rows) + 4
    np.testing.assert_allclose(mesh.xyz[:, 1], 1.6, rtol=0.03)


def test_the_sky_lies_on_its_shell():
    world = ground_and_sky()
    rgbd = world.view(world.camera(96, 72))
    mesh = relief(rgbd.depth, rgbd.camera, rgbd.sky, SHELL_M, 0.004)
    np.testing.assert_allclose(np.linalg.norm(mesh.xyz, axis=1), SHELL_M, rtol=1e-4)


def test_an_empty_surface_is_an_empty_mesh():
    mesh, _ = mesh_of(tilted_plane(), shown=np.zeros((72, 96), bool))
    assert len(mesh) == 0 and mesh.xyz.shape == (0, 3)


def test_debris_between_two_surfaces_goes_to_the_one_of_its_side():
    front = np.zeros((40, 60), bool)
    front[:, :30] = True
    depth = np.where(front, 2.0, 4.0).astype(np.float32)
    depth[:, 29], depth[:, 30] = 2.6, 3.2  # a soft edge's ramp
    settled = absorb_debris(depth, front, flying(depth))
    np.testing.assert_array_equal(settled, np.where(front, 2.0, 4.0))
    assert len(np.unique(surfaces(settled))) == 2
    depth[10, 10] = 3.0  # a speck amid the near side
    np.testing.assert_array_equal(absorb_debris(depth, front, np.zeros_like(front))[:, 5:25], np.full((40, 20), 2.0))


def test_small_pictures_lie_side_by_side_in_an_atlas():
    rng = np.random.default_rng(3)
    sizes = [(int(w), int(h)) for w, h in rng.integers(1, 90, (60, 2))]
    places, (width, height) = pack(sizes)
    taken = np.zeros((height, width), int)
    for (w, h), (left, top) in zip(sizes, places, strict=True):
        taken[top : top + h, left : left + w] += 1
    assert taken.max() == 1 and taken.sum() == sum(w * h for w, h in sizes)
    assert taken.mean() > 0.6


def test_a_mesh_in_an_atlas_keeps_its_picture():
    pictures = [np.full((h, w, 3), value, np.float32) for w, h, value in ((30, 20, 0.2), (50, 10, 0.7))]
    corners = np.float32([[0, 0], [0, 1], [1, 1]])
    mesh = Mesh(np.zeros((3, 3), np.float32), corners, np.int32([[0, 1, 2]]))
    whole, (both,) = atlas(pictures, [[mesh], [mesh]])
    middles = both.uv.reshape(2, 3, 2).mean(axis=1) * whole.shape[1::-1]
    found = [float(whole[int(v), int(u), 0]) for u, v in middles]
    np.testing.assert_allclose(found, [0.2, 0.7])
    np.testing.assert_array_equal(joined([mesh, mesh]).triangles, [[0, 1, 2], [3, 4, 5]])
