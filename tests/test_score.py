"""The held-out scorer against worlds that know the answer, and against the same definition written plainly."""

from dataclasses import replace

import numpy as np
import pytest
import skimage.data
from scipy.ndimage import gaussian_filter

from bench.quality import available
from bench.scenes import Plane, SceneUnavailable, depth_aside, load
from bench.score import PERFECT_DB, SAME_SURFACE, Classes, classify, mean_of, psnr, score_view, sharpness
from gen3d.camera import Camera
from gen3d.geometry.edges import depth_edges, dilate
from tests.worlds import AnalyticWorld, box_room, ground_and_sky, pole_before_wall, sphere_over_plane

WORLDS = [sphere_over_plane, box_room, ground_and_sky]


def two_views(world: AnalyticWorld, width: int = 128, height: int = 96, **move: float):
    """The photo, and a view from elsewhere."""
    camera = world.camera(width, height)
    return world.view(camera), world.view(world.moved(camera, **(move or {"right": 0.35, "down": -0.1})))


def asked_of_the_world(world: AnalyticWorld, photo: Camera, held_out) -> Classes:
    """A ray from the photo's camera through each surface of the view: does anything stop it before?"""
    sky = held_out.sky
    rays = (held_out.camera.rays() @ held_out.camera.c2w[:3, :3].T).reshape(-1, 3)
    xyz = held_out.camera.unproject(np.where(sky, 1.0, held_out.depth).astype(np.float64)).reshape(-1, 3)
    towards = np.where(sky.reshape(-1, 1), rays, xyz - photo.center)
    t = np.min([s.hit(photo.center, towards) for s in world.surfaces + world.occluders], axis=0)
    free = np.where(sky.ravel(), np.isinf(t), t > 0.999).reshape(sky.shape)
    uv, z = photo.project(photo.center + towards)
    inside = (z > 0) & (uv >= 0).all(axis=-1) & (uv[:, 0] < photo.width) & (uv[:, 1] < photo.height)
    inside = inside.reshape(sky.shape)
    return Classes(inside & free, inside & ~free, ~inside)


@pytest.mark.parametrize("make", WORLDS)
def test_classes_are_what_rays_from_the_photo_find(make):
    world = make()
    photo, held_out = two_views(world)
    found = classify(held_out.depth, held_out.camera, photo.depth, photo.camera)
    true = asked_of_the_world(world, photo.camera, held_out)
    assert true.behind.mean() > 0.01 and true.outside.mean() > 0.01
    wrong = (found.visible != true.visible) | (found.behind != true.behind) | (found.outside != true.outside)
    assert wrong.mean() < 0.01
    assert not (found.outside != true.outside).any()
    rims = dilate(depth_edges(held_out.depth) | (found.visible & dilate(found.behind, 1)), 2)
    assert (wrong & ~rims).mean() < 0.001  # a pixel is an area, a ray is not: that shows at rims alone


def classified_plainly(depth, camera, photo_depth, photo_camera) -> np.ndarray:
    """Pixel by pixel: "v", "b", "o", or "-" where it is not counted."""
    h, w = photo_depth.shape
    found = np.full(depth.shape, "-")
    for y in range(camera.height):
        for x in range(camera.width):
            if np.isnan(depth[y, x]):
                continue
            z = min(float(depth[y, x]), 1e9)
            ray = [(x + 0.5 - camera.K[0, 2]) / camera.K[0, 0], (y + 0.5 - camera.K[1, 2]) / camera.K[1, 1], 1.0]
            seen = photo_camera.w2c @ camera.c2w @ [*(z * r for r in ray), 1.0]
            u = photo_camera.K[0, 0] * seen[0] / seen[2] + photo_camera.K[0, 2]
            v = photo_camera.K[1, 1] * seen[1] / seen[2] + photo_camera.K[1, 2]
            if seen[2] <= 0 or not (0 <= u < w and 0 <= v < h):
                found[y, x] = "o"
                continue
            farthest = [photo_depth[int(v), int(u)]]
            if np.isnan(farthest[0]):
                continue
            left, top = min(max(u - 0.5, 0), w - 1), min(max(v - 0.5, 0), h - 1)
            i, j = min(int(top), h - 2), min(int(left), w - 2)
            b, a = top - i, left - j
            upper = (1 - a) / photo_depth[i, j] + a / photo_depth[i, j + 1]
            lower = (1 - a) / photo_depth[i + 1, j] + a / photo_depth[i + 1, j + 1]
            inverse = (1 - b) * upper + b * lower
            farthest += [] if np.isnan(inverse) else [1 / inverse if inverse > 0 else np.inf]
            found[y, x] = "v" if seen[2] <= (1 + SAME_SURFACE) * max(farthest) else "b"
    return found


@pytest.mark.parametrize("make", WORLDS)
def test_classes_agree_with_the_definition_written_plainly(make):
    photo, held_out = two_views(make(), 64, 48)
    known, asked = photo.depth.copy(), held_out.depth.copy()
    known[20:28, 30:41] = np.nan
    asked[5:12, 8:20] = np.nan
    found = classify(asked, held_out.camera, known, photo.camera)
    plain = classified_plainly(asked, held_out.camera, known, photo.camera)
    for letter, where in (("v", found.visible), ("b", found.behind), ("o", found.outside)):
        assert (plain == letter).any()
        assert ((plain == letter) != where).sum() <= 2  # rounding, on the very edge


def test_strips_behind_a_pole_and_outside_the_frame_are_as_wide_as_parallax_says():
    """A step b to the right: the wall at 4 moves f b / 4 to the left, the pole at 2 twice as far."""
    world = pole_before_wall(width_px=10)
    photo, held_out = two_views(world, right=0.2)
    parallax_px = photo.camera.K[0, 0] * 0.2 / 4
    found = classify(held_out.depth, held_out.camera, photo.depth, photo.camera)
    assert found.outside.sum(axis=1) == pytest.approx(np.full(96, parallax_px), abs=1)
    assert found.behind.sum(axis=1) == pytest.approx(np.full(96, parallax_px), abs=1.5)


def test_the_photo_sees_all_of_itself_even_a_floor_at_its_horizon():
    photo, _ = two_views(ground_and_sky(), 320, 240)
    found = classify(photo.depth, photo.camera, photo.depth, photo.camera)
    assert found.visible.all()
    floor = photo.depth[125:, 0]
    assert (-np.diff(floor) / floor[1:]).max() > 2 * SAME_SURFACE
    lower = ground_and_sky().view(ground_and_sky().moved(photo.camera, down=0.003))
    assert classify(lower.depth, lower.camera, photo.depth, photo.camera).visible.mean() > 0.985


def test_unknown_depth_is_not_counted():
    photo, held_out = two_views(box_room())
    known = np.where(np.arange(128) < 64, np.nan, photo.depth).astype(np.float32)
    found = classify(np.full_like(held_out.depth, np.nan), held_out.camera, photo.depth, photo.camera)
    assert not (found.visible | found.behind | found.outside).any()
    whole = classify(held_out.depth, held_out.camera, photo.depth, photo.camera)
    half = classify(held_out.depth, held_out.camera, known, photo.camera)
    assert 0.3 < half.visible.sum() / whole.visible.sum() < 0.7
    np.testing.assert_array_equal(half.outside, whole.outside)


def test_depth_from_beside_tells_the_classes_of_a_stereo_pair():
    world = sphere_over_plane()
    photo, held_out = two_views(world, right=0.25)
    guessed = depth_aside(photo, held_out.camera)
    found, true = (
        classify(d, held_out.camera, photo.depth, photo.camera) for d in (guessed.astype(np.float32), held_out.depth)
    )
    for name in ("visible", "behind", "outside"):
        ours, theirs = getattr(found, name), getattr(true, name)
        assert theirs.sum() > 100
        assert (ours & theirs).sum() > 0.9 * theirs.sum()


def test_the_stereo_pair_shows_the_same_colours_where_its_depth_says_so():
    scene = load("motorcycle")  # it lies in scikit-image's wheel
    photo, (held_out,) = scene.photo, scene.held_out
    found = classify(held_out.depth.astype(np.float32), held_out.camera, photo.depth, photo.camera)
    assert found.visible.mean() > 0.8 and 0.03 < found.behind.mean() < 0.1 and 0.02 < found.outside.mean() < 0.06
    uv, _ = photo.camera.project(held_out.camera.unproject(np.nan_to_num(held_out.depth, nan=1.0)))
    u, v = np.floor(uv[found.visible]).astype(int).T
    gap = np.abs(photo.image[v, u] - held_out.image[found.visible]).max(axis=-1)
    unmoved = np.abs(photo.image - held_out.image)[found.visible].max(axis=-1)
    assert np.median(gap) < 0.03
    assert np.median(gap) < 0.3 * np.median(unmoved)


def test_a_scene_that_cannot_be_fetched_is_left_out_in_one_sentence(monkeypatch, capsys):
    def offline():
        raise ConnectionError("no route to host")

    monkeypatch.setattr(skimage.data, "stereo_motorcycle", offline)
    with pytest.raises(SceneUnavailable):
        load("motorcycle")
    assert available(["motorcycle"], None) == []
    said = capsys.readouterr().out
    assert said.count("\n") == 1 and "motorcycle" in said and "ConnectionError" in said


def halves(shape: tuple[int, int]) -> Classes:
    """Left visible, then behind, then outside."""
    x = np.broadcast_to(np.arange(shape[1]), shape)
    third = shape[1] // 3
    return Classes(x < third, (x >= third) & (x < 2 * third), x >= 2 * third)


def test_a_perfect_rendering_has_perfect_figures():
    truth = box_room().view(box_room().camera(96, 72)).image
    figures = score_view(truth, np.ones((72, 96), np.float32), truth, halves((72, 96)))
    assert figures["psnr"] == figures["psnr_behind"] == PERFECT_DB
    assert figures["ssim_visible"] == pytest.approx(1) and figures["sharp"] == pytest.approx(1)
    assert figures["holes"] == 0


@pytest.mark.parametrize("spoilt", ["visible", "behind", "outside"])
def test_an_error_in_one_class_shows_in_its_figures_alone(spoilt):
    truth = box_room().view(box_room().camera(96, 72)).image * 0.8
    classes = halves((72, 96))
    drawn = truth + 0.1 * getattr(classes, spoilt)[..., None].astype(np.float32)
    figures = score_view(drawn, np.ones((72, 96), np.float32), truth, classes)
    for name in ("visible", "behind", "outside"):
        assert figures[f"psnr_{name}"] == pytest.approx(20.0 if name == spoilt else PERFECT_DB, abs=0.01)
    assert figures["psnr"] == pytest.approx(20 + 10 * np.log10(3), abs=0.01)


def test_sharpness_is_the_energy_of_gradients_against_the_truths():
    truth = np.random.default_rng(0).random((40, 50, 3)).astype(np.float32)
    where = np.ones((40, 50), bool)
    assert sharpness(0.5 * truth, truth, where) == pytest.approx(0.25, rel=1e-5)
    assert sharpness(gaussian_filter(truth, (2, 2, 0)), truth, where) < 0.05
    assert sharpness(truth, truth, np.zeros((40, 50), bool)) is None


def test_holes_are_counted_where_less_than_half_is_covered():
    alpha = np.full((72, 96), 0.6, np.float32)
    alpha[:18] = 0.4
    black = np.zeros((72, 96, 3), np.float32)
    assert score_view(black, alpha, black + 0.5, halves((72, 96)))["holes"] == 0.25


def test_a_class_of_a_few_pixels_has_no_figure_and_does_not_count_in_the_mean():
    truth = np.full((72, 96, 3), 0.5, np.float32)
    classes = replace(halves((72, 96)), behind=np.zeros((72, 96), bool))
    figures = score_view(truth, np.ones((72, 96), np.float32), truth, classes)
    assert "psnr_behind" not in figures and "ssim_behind" not in figures
    assert mean_of([figures, {"psnr_behind": 20.0, "psnr": 1.0}])["psnr_behind"] == 20.0
    assert psnr(truth, truth + 0.1) == pytest.approx(20.0, abs=1e-3)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["room", "terrace"])
def test_the_tracers_depth_is_the_examples_own_and_its_planes_are_there(name):
    scene = load(name)
    photo = scene.photo
    cast = scene.cast(photo.camera)
    solid = np.isfinite(cast)
    np.testing.assert_array_equal(np.isinf(photo.depth), ~solid)
    assert np.abs(photo.depth[solid] / cast[solid] - 1).mean() < 1e-3
    xyz = photo.camera.unproject(np.where(solid, cast, 0).astype(np.float64))
    for plane in scene.planes:
        assert (solid & (plane.distance(xyz) < 1e-3 * cast)).mean() > 0.01


def test_a_plane_measures_the_distance_from_it():
    np.testing.assert_allclose(Plane((0, 0, 1), 4.0).distance(np.array([[5.0, 1, 4], [0, 0, 3]])), [0, 1])
