from dataclasses import replace

import cv2
import numpy as np
import pytest

from gen3d.events import Notice, Preview
from gen3d.geometry.clean import sharpen_edges, smooth_within
from gen3d.geometry.edges import dilate, inverse_depth
from gen3d.geometry.membrane import around
from gen3d.geometry.terrain import Terrain
from gen3d.models.base import Proposals
from gen3d.models.builtin.bundle import builtin_models
from gen3d.settings import LayerSettings
from gen3d.stages.layers import (
    BEYOND_PX,
    RIM_BALANCE,
    _rim,
    choose,
    judged_rim,
    keep_candidates,
    snap_to_depth,
    split_layers,
    stands_in_front,
    union,
)
from gen3d.values import RGBD, Candidates
from tests.measures import drain
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

STEP = LayerSettings().rim_step


class Masks:
    """A segmenter that proposes what it was told to."""

    name = "masks"

    def __init__(self, *masks: np.ndarray, shape: tuple[int, int] = (96, 128)) -> None:
        self.masks = np.stack(masks) if masks else np.zeros((0, *shape), bool)

    def segment(self, image, depth) -> Proposals:
        return Proposals(self.masks, np.full(len(self.masks), 0.95, np.float32))


def room(width: int = 128, height: int = 96) -> tuple[RGBD, dict[str, np.ndarray]]:
    """The box room, and its parts as masks."""
    world = box_room()
    camera = world.camera(width, height)
    rgbd, front = world.view(camera), world.foreground(camera)
    left = np.arange(width)[None] < width // 2
    floor = ~front & (camera.unproject(rgbd.depth)[..., 1] > 1.39)
    back = ~front & (rgbd.depth > 4.99)
    return rgbd, {"box": front & left, "other box": front & ~left, "floor": floor, "back wall": back}


def find_foreground(masks: np.ndarray, depth: np.ndarray, settings: LayerSettings) -> np.ndarray:
    return union(Candidates(masks, choose(masks, depth, settings, Terrain.of(depth).on_ground)), depth)


def overlap(a: np.ndarray, b: np.ndarray) -> float:
    return float((a & b).sum() / (a | b).sum())


@pytest.mark.parametrize("noise", [False, True])
@pytest.mark.parametrize(
    ("part", "in_front"), [("box", True), ("other box", True), ("floor", False), ("back wall", False)]
)
def test_boxes_stand_in_front_and_floor_and_wall_do_not(part, in_front, noise):
    rgbd, parts = room()
    depth = NoisyDepth(seed=1, edge_px=1e-3)(rgbd.depth) if noise else rgbd.depth
    assert stands_in_front(parts[part], depth, STEP) == in_front


@pytest.mark.parametrize("make", [sphere_over_plane, pole_before_wall, ground_and_sky])
def test_what_occludes_stands_in_front_and_its_surroundings_do_not(make):
    world = make()
    camera = world.camera(128, 96)
    front, depth = world.foreground(camera), world.view(camera).depth
    assert stands_in_front(front, depth, STEP)
    assert not stands_in_front(~front & np.isfinite(depth), depth, STEP)
    assert not stands_in_front(np.zeros_like(front), depth, STEP)


def test_a_near_floor_is_foreground_to_the_paper_and_background_to_occlusion():
    rgbd, parts = room(256, 192)
    near_floor = parts["floor"] & (np.arange(192)[:, None] > 183)
    theta = np.percentile(rgbd.depth, 35.0)
    assert np.median(rgbd.depth[near_floor]) < theta
    masks = np.stack([near_floor])
    np.testing.assert_array_equal(find_foreground(masks, rgbd.depth, LayerSettings(rule="paper")), near_floor)
    assert not find_foreground(masks, rgbd.depth, LayerSettings()).any()


def test_a_far_box_is_background_to_the_paper_and_foreground_to_occlusion():
    rgbd, parts = room()
    masks = np.stack([parts["other box"]])
    assert not find_foreground(masks, rgbd.depth, LayerSettings(rule="paper", depth_percentile=5.0)).any()
    np.testing.assert_array_equal(find_foreground(masks, rgbd.depth, LayerSettings()), parts["other box"])


def test_the_foreground_is_the_union_of_the_chosen_masks():
    rgbd, parts = room()
    front = find_foreground(np.stack(list(parts.values())), rgbd.depth, LayerSettings())
    np.testing.assert_array_equal(front, parts["box"] | parts["other box"])
    assert not find_foreground(np.zeros((0, 96, 128), bool), rgbd.depth, LayerSettings()).any()


def street() -> AnalyticWorld:
    """A car before a house, under the sky."""
    ground = Plane((0.0, 1.0, 0.0), 1.6, (0.45, 0.55, 0.3))
    car, house = Box((-1.0, 0.3, 5.0), (1.0, 1.6, 6.0)), Box((-6.0, -6.0, 20.0), (7.0, 1.6, 24.0), (0.7, 0.4, 0.3))
    return AnalyticWorld("street", (ground, house), (car,))


def test_behind_what_is_near_the_house_is_background_though_it_stands_before_the_sky():
    camera = street().camera(256, 192)
    depth, car = street().view(camera).depth, street().foreground(camera)
    house = (np.abs(depth - 20) < 0.5) & ~car
    both = np.stack([house | car, car])
    np.testing.assert_array_equal(find_foreground(both, depth, LayerSettings()), car)
    depth_alone = street().hidden(camera).depth
    alone = np.abs(depth_alone - 20) < 0.5
    np.testing.assert_array_equal(find_foreground(alone[None], depth_alone, LayerSettings()), alone)


@pytest.mark.parametrize("warp", [0.0, 0.03, 0.05, 0.07])
def test_the_road_that_came_along_with_a_car_is_no_foreground(warp):
    """ "Nearer than the car" holds the road before it as well, and its rim is mostly the car's and the sky's."""
    camera = street().camera(256, 192)
    rgbd, car = street().view(camera), street().foreground(camera)
    depth = NoisyDepth(seed=2, warp=warp, scale_spread=0)(rgbd.depth) if warp else rgbd.depth
    nearer = rgbd.depth < 6
    road = nearer & ~car
    assert road.mean() > car.mean()
    layers = drain(split_layers(replace(rgbd, depth=depth), Masks(nearer), LayerSettings()))[0]
    assert overlap(layers.foreground, car) > 0.75
    assert (layers.foreground & road).sum() < 0.2 * road.sum()


def test_sky_is_never_foreground():
    rgbd = ground_and_sky().view(ground_and_sky().camera(128, 96))
    front = ground_and_sky().foreground(rgbd.camera)
    sloppy = dilate(front, 4)
    chosen = find_foreground(np.stack([sloppy]), rgbd.depth, LayerSettings(rule="paper", depth_percentile=90.0))
    assert chosen[front].all() and not chosen[rgbd.sky].any()


def test_the_ground_before_the_sky_is_no_foreground():
    """Its whole rim, the horizon, occludes."""
    rgbd = ground_and_sky().hidden(ground_and_sky().camera(128, 96))
    assert not stands_in_front(~rgbd.sky, rgbd.depth, STEP)
    rgbd = ground_and_sky().view(ground_and_sky().camera(128, 96))
    ground = ~rgbd.sky & ~ground_and_sky().foreground(rgbd.camera)
    assert not stands_in_front(ground, rgbd.depth, STEP)


@pytest.mark.parametrize("factor", [0.1, 100.0])
def test_rules_do_not_depend_on_the_size_of_the_scene(factor):
    rgbd, parts = room()
    masks = np.stack(list(parts.values()))
    for rule in ("paper", "occlusion"):
        settings = LayerSettings(rule=rule)
        at_scale = find_foreground(masks, factor * rgbd.depth, settings)
        np.testing.assert_array_equal(at_scale, find_foreground(masks, rgbd.depth, settings))


def test_equation_1_keeps_sure_masks_of_sensible_size():
    masks = np.zeros((6, 100, 100), bool)
    for mask, area in zip(masks, (0.004, 0.005, 0.3, 0.6, 0.61, 0.3), strict=True):
        mask.ravel()[: round(area * 10_000)] = True
    scores = np.array([0.9, 0.9, 0.86, 0.99, 0.99, 0.85], np.float32)
    kept = keep_candidates(Proposals(masks, scores), LayerSettings())
    assert [round(float(m.mean()), 3) for m in kept] == [0.005, 0.3, 0.6]
    nothing = keep_candidates(Proposals(masks[:0], scores[:0]), LayerSettings())
    assert nothing.shape == (0, 100, 100)


@pytest.mark.parametrize("shift", [(0, 2), (2, -1), (-2, 0)])
@pytest.mark.parametrize("make", [sphere_over_plane, ground_and_sky])
def test_a_mask_a_little_off_snaps_to_the_depth_edge(make, shift):
    world = make()
    camera = world.camera(128, 96)
    front, depth = world.foreground(camera), world.view(camera).depth
    off = np.roll(front, shift, axis=(0, 1))
    snapped = snap_to_depth(off, depth, STEP)
    assert overlap(off, front) < 0.94
    assert overlap(snapped, front) > 0.95


def test_snapping_an_exact_mask_or_none_changes_nothing():
    world = sphere_over_plane()
    camera = world.camera(128, 96)
    front, depth = world.foreground(camera), world.view(camera).depth
    np.testing.assert_array_equal(snap_to_depth(front, depth, STEP), front)
    assert not snap_to_depth(np.zeros_like(front), depth, STEP).any()


def test_omega_holds_the_foreground_and_a_margin():
    rgbd, parts = room()
    layers, events = drain(split_layers(rgbd, Masks(*parts.values()), LayerSettings(margin=0.04)))
    boxes = parts["box"] | parts["other box"]
    assert overlap(layers.foreground, boxes) > 0.97
    np.testing.assert_array_equal(layers.hidden, dilate(layers.foreground, 0.04 * 96))
    assert any(isinstance(e, Preview) and e.name == "layers" for e in events)
    assert not any(isinstance(e, Notice) for e in events)


@pytest.mark.parametrize("masks", [(), ("floor",)])
def test_without_proposals_that_stand_in_front_there_is_one_layer_and_a_notice(masks):
    rgbd, parts = room()
    layers, events = drain(split_layers(rgbd, Masks(*(parts[m] for m in masks)), LayerSettings()))
    assert not layers.foreground.any() and not layers.hidden.any()
    assert [e for e in events if isinstance(e, Notice)]


@pytest.mark.parametrize("noise", [False, True])
@pytest.mark.parametrize("make", [sphere_over_plane, box_room, pole_before_wall, ground_and_sky])
def test_the_builtin_segmenter_finds_what_stands_in_front(make, noise):
    """Noisy depth goes through the cleaning that every run does first."""
    world = make()
    camera = world.camera(128, 96)
    rgbd, front = world.view(camera), world.foreground(camera)
    if noise:
        cleaned = sharpen_edges(smooth_within(NoisyDepth(seed=1)(rgbd.depth)), rgbd.image, 2)
        rgbd = replace(rgbd, depth=cleaned)
    layers, _ = drain(split_layers(rgbd, builtin_models().segmenter, LayerSettings()))
    assert overlap(layers.foreground, front) > (0.75 if noise else 0.85)


def test_the_builtin_segmenter_finds_nothing_on_a_bare_plane():
    rgbd = tilted_plane().view(tilted_plane().camera(128, 96))
    layers, _ = drain(split_layers(rgbd, builtin_models().segmenter, LayerSettings()))
    assert not layers.foreground.any()


def test_normals_tell_a_quay_from_a_crate_of_the_same_outline():
    """A strip of ground, narrow at the bottom, with more ground to both sides: its end stands before the water."""
    v = np.arange(96, dtype=np.float32)[:, None]
    strip = np.zeros((96, 128), bool)
    strip[70:, 40:70] = True
    ground = np.broadcast_to(300 / (v + 30), (96, 128))
    depth = np.where(strip | (v > 73), ground, 12.0).astype(np.float32)
    up, facing = (np.zeros((96, 128, 3), np.float32) for _ in range(2))
    up[..., 1], facing[..., 2] = -1, -1
    assert stands_in_front(strip, depth, STEP) and stands_in_front(strip, depth, STEP, facing)
    assert not stands_in_front(strip, depth, STEP, up)


def test_what_is_looked_at_around_a_mask_alone_says_what_the_whole_picture_says():
    rng = np.random.default_rng(2)
    depth = (1 / (0.2 + cv2.GaussianBlur(rng.random((90, 120)).astype(np.float32), (0, 0), 3))).astype(np.float32)
    for part in (np.s_[20:50, 30:70], np.s_[:30, 90:], np.s_[70:, :20], np.s_[:, :]):
        region = np.zeros(depth.shape, bool)
        region[part] = rng.random(region[part].shape) < 0.9
        balance = judged_rim(region, depth, STEP).balance
        assert stands_in_front(region, depth, STEP) == (balance > RIM_BALANCE)
        window = around(region, BEYOND_PX)
        apart = _rim(region[window], inverse_depth(depth[window]), STEP, is_ground=False)
        np.testing.assert_array_equal(apart.occludes, judged_rim(region, depth, STEP).occludes[window])
