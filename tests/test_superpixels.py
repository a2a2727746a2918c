"""The segmenter without weights: it finds what stands in front, and leaves planes alone."""

import cv2
import numpy as np
import pytest

from gen3d.geometry.components import components
from gen3d.geometry.membrane import around
from gen3d.models.base import Segmenter
from gen3d.models.builtin import superpixels
from gen3d.models.builtin.outlines import Outlines
from gen3d.models.builtin.superpixels import SuperpixelSegmenter

H, W = 150, 200
SURE = 0.85


def textured(tint: tuple[float, float, float], seed: int) -> np.ndarray:
    grain = cv2.GaussianBlur(np.random.default_rng(seed).standard_normal((H, W)).astype(np.float32), (0, 0), 1.5)
    return np.clip(np.array(tint, np.float32) + 0.1 * grain[..., None], 0, 1).astype(np.float32)


def box_before_wall() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    box = np.zeros((H, W), bool)
    box[50:110, 70:130] = True
    image = np.where(box[..., None], textured((0.7, 0.3, 0.2), 1), textured((0.4, 0.5, 0.6), 2))
    return image.astype(np.float32), np.where(box, 2.0, 4.0).astype(np.float32), box


def floor(horizon: int = -40) -> np.ndarray:
    rows = np.arange(H, dtype=np.float32) - horizon
    return np.repeat((300 / rows)[:, None], W, axis=1).astype(np.float32)


def best_iou(proposals, truth: np.ndarray, least: float = SURE) -> float:
    masks = proposals.masks[proposals.scores > least]
    return max((np.mean(m & truth) / np.mean(m | truth) for m in masks), default=0.0)


def check_distinct(masks: np.ndarray) -> None:
    for i, a in enumerate(masks):
        assert all(np.mean(a & b) <= 0.9 * np.mean(a | b) for b in masks[:i])


def test_it_plays_the_role():
    assert isinstance(SuperpixelSegmenter(), Segmenter)


@pytest.mark.parametrize("blur_px", [0, 1.5, 3])
def test_a_box_before_a_wall_is_found_from_sharp_and_from_soft_depth(blur_px):
    image, depth, box = box_before_wall()
    if blur_px:
        depth = 1 / cv2.GaussianBlur(1 / depth, (0, 0), blur_px)
    assert best_iou(SuperpixelSegmenter().segment(image, depth), box) > 0.9


def test_a_soft_depth_edge_is_moved_onto_the_colour_edge():
    image, depth, box = box_before_wall()
    near = cv2.GaussianBlur(np.roll(1 / depth, 1, axis=1), (0, 0), 1.5)
    from_depth_alone = near > (1 / 2 + 1 / 4) / 2
    assert np.mean(from_depth_alone & box) / np.mean(from_depth_alone | box) < 0.97
    assert best_iou(SuperpixelSegmenter().segment(image, 1 / near), box) > 0.98


def test_a_thing_on_a_floor_is_found_without_the_floor():
    depth = floor()
    thing = np.zeros((H, W), bool)
    thing[30:120, 90:120] = True
    depth[thing] = depth[119, 0]
    image = np.where(thing[..., None], textured((0.2, 0.5, 0.2), 1), textured((0.6, 0.5, 0.4), 2))
    assert best_iou(SuperpixelSegmenter().segment(image.astype(np.float32), depth), thing) > 0.9


def test_a_thin_pole_is_found_whole():
    image, depth = textured((0.5, 0.5, 0.5), 4), np.full((H, W), 5.0, np.float32)
    pole = np.zeros((H, W), bool)
    pole[:, 98:102] = True
    image[pole] = 0.1
    depth[pole] = 2.5
    assert best_iou(SuperpixelSegmenter().segment(image, depth), pole) > 0.9


def plant_before_a_side_wall(seed: int, noise: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Pot, stem and leaves at many depths; the wall comes so near that what is cut off at some depth has both."""
    rng = np.random.default_rng(seed)
    near = np.tile(0.15 + 0.4 * np.clip((np.arange(W) - 110) / 90, 0, 1), (H, 1))
    plant = np.zeros((H, W), bool)
    leaves = [(slice(y, y + 4), _leaf(rng), 0.62 + rng.uniform(-0.12, 0.12)) for y in range(30, 130, 7)]
    for rows, columns, at in [(slice(30, H), slice(160, 165), 0.62), *leaves, (slice(118, H), slice(145, 181), 0.66)]:
        plant[rows, columns], near[rows, columns] = True, at
    image = np.where(plant[..., None], textured((0.2, 0.5, 0.2), 1), textured((0.7, 0.65, 0.6), 2))
    near = near * (1 + noise * rng.standard_normal((H, W)))
    return image.astype(np.float32), (1 / near).astype(np.float32), plant


def _leaf(rng: np.random.Generator) -> slice:
    length = rng.integers(15, 38)
    return slice(160 - length, 160) if rng.integers(2) else slice(165, 165 + length)


@pytest.mark.parametrize(("seed", "noise"), [(0, 0.0), (1, 0.0), (2, 0.0), (3, 0.0), (4, 0.0), (3, 0.01)])
def test_the_wall_between_the_leaves_of_a_plant_is_not_the_plant(seed, noise):
    image, depth, plant = plant_before_a_side_wall(seed, noise)
    proposals = SuperpixelSegmenter().segment(image, depth)
    front = proposals.masks[proposals.scores > SURE].any(axis=0)
    assert np.mean(front[plant]) > 0.9
    assert np.mean(front[~plant]) < 0.02
    check_distinct(proposals.masks)


def test_a_thing_before_the_sky_is_found_and_the_sky_is_not():
    image, _, box = box_before_wall()
    depth = np.where(box, 3.0, np.inf).astype(np.float32)
    proposals = SuperpixelSegmenter().segment(image, depth)
    assert best_iou(proposals, box) > 0.9
    assert best_iou(proposals, ~box, least=0.0) < 0.5


@pytest.mark.parametrize("noise", [0.0, 0.005])
def test_nothing_sure_is_proposed_on_a_tilted_plane_however_it_is_painted(noise):
    image = textured((0.6, 0.5, 0.4), 5)
    image[60:100, 50:110] = (0.1, 0.2, 0.6)
    depth = floor() * (1 + noise * np.random.default_rng(6).standard_normal((H, W)))
    proposals = SuperpixelSegmenter().segment(image, depth.astype(np.float32))
    assert (proposals.scores < 0.5).all()


@pytest.mark.parametrize("far", [3.0, np.inf])
def test_no_proposals_keep_their_shape(far):
    proposals = SuperpixelSegmenter().segment(textured((0.5, 0.5, 0.5), 7), np.full((H, W), far, np.float32))
    assert proposals.masks.shape == (0, H, W) and proposals.masks.dtype == bool
    assert proposals.scores.shape == (0,) and proposals.scores.dtype == np.float32


def test_proposals_are_sorted_distinct_and_the_same_each_time():
    image, depth, _ = box_before_wall()
    one, two = (SuperpixelSegmenter().segment(image, depth) for _ in range(2))
    np.testing.assert_array_equal(one.masks, two.masks)
    np.testing.assert_array_equal(one.scores, two.scores)
    assert one.masks.dtype == bool and one.scores.dtype == np.float32
    assert (np.diff(one.scores) <= 0).all() and one.scores.max() <= 1 and one.scores.min() >= 0
    check_distinct(one.masks)


def test_a_set_moves_to_the_borders_of_superpixels_as_written_down():
    draw = np.random.default_rng(0)
    labels = np.repeat(np.repeat(draw.permutation(12).reshape(3, 4), 8, axis=0), 8, axis=1)
    near = (1 + 0.1 * draw.random(labels.shape)).astype(np.float32)
    pixels = draw.random(labels.shape) < draw.random(12)[labels]
    pixels[::8, ::8] = True
    sure = pixels & (draw.random(labels.shape) < 0.5)
    wanted = np.zeros(labels.shape, bool)
    for i in range(12):
        patch = labels == i
        most = pixels[patch].mean() > 0.5
        alike = np.abs(near - near[patch & pixels].mean()) < superpixels.STEP * near[patch & pixels].mean()
        wanted[patch] = ((pixels & (sure | most)) | (most & alike))[patch]
    found = superpixels._snap(pixels, sure, near, labels, 12)
    np.testing.assert_array_equal(found.astype(bool), wanted)


def cracks_plainly(outlines: Outlines, inside: np.ndarray, whole: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """What `along` hands back, read off whole pictures."""
    found = []
    for steps, colours, a, b in (
        (outlines.steps[0], outlines.colours[0], inside, ~whole),
        (outlines.steps[1].T, outlines.colours[1].T, inside.T, ~whole.T),
    ):
        for sign, here in ((1, a[:, :-1] & b[:, 1:]), (-1, a[:, 1:] & b[:, :-1])):
            found.append((sign * steps[here], colours[here]))
    steps, colours = zip(*found, strict=True)
    return np.concatenate(steps), np.concatenate(colours)


@pytest.mark.parametrize("part", [np.s_[10:40, 20:90], np.s_[:, :], np.s_[0:5, 0:5], np.s_[H - 3 :, W - 3 :]])
def test_cracks_along_an_outline_are_those_between_inside_and_outside(part):
    rng = np.random.default_rng(5)
    outlines = Outlines(rng.random((H, W, 3), np.float32) * 50, rng.random((H, W), np.float32))
    inside = np.zeros((H, W), bool)
    inside[part] = rng.random(inside[part].shape) < 0.7
    for whole in (inside, inside | (rng.random((H, W)) < 0.3)):
        for found, wanted in zip(outlines.along(inside, whole), cracks_plainly(outlines, inside, whole), strict=True):
            np.testing.assert_array_equal(found, wanted)


def test_a_part_is_behind_if_more_of_its_outline_is_occluded_than_occludes():
    rng = np.random.default_rng(6)
    outlines = Outlines(np.zeros((H, W, 3), np.float32), rng.choice([1, 2, 3], (H, W)).astype(np.float32))
    region = cv2.GaussianBlur(rng.standard_normal((H, W)), (0, 0), 2) > 0
    region[:20, :30] = region[-20:, -30:] = False
    window = around(region, 1)
    parts, areas = components(np.ascontiguousarray(region[window]))
    behind = outlines.behind(parts, len(areas), window)
    assert 0 < behind[1:].sum() < len(areas) - 1
    for number in range(1, len(areas)):
        part = np.zeros((H, W), bool)
        part[window] = parts == number
        steps, _ = cracks_plainly(outlines, part, part)
        assert behind[number] == ((steps <= -1).sum() > (steps >= 1).sum())
