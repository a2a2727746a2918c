"""Layers changed by hand: the threshold, the flips, the regions that are listed, and the looked folder they change."""

import json
from dataclasses import replace

import numpy as np
import pytest

from gen3d.formats.layers import load_layers, save_layers
from gen3d.geometry.clean import sharpen_edges, smooth_within
from gen3d.models.builtin.bundle import builtin_models
from gen3d.request import Flip, Review
from gen3d.run.replay import forget
from gen3d.run.review import list_regions, review, review_layers, smallest_at, surface_around
from gen3d.run.steps import grow, look
from gen3d.settings import LayerSettings
from gen3d.splat.pick import pick_rasterizer
from gen3d.stages.layers import split_layers
from gen3d.values import RGBD, Candidates, Layers
from tests.measures import drain
from tests.runs import TINY, inside, room_models, save_rgbd
from tests.test_layers import Masks, overlap, room
from tests.worlds import NoisyDepth, ground_and_sky, pole_before_wall, sphere_over_plane

SETTINGS = LayerSettings()
MAKES = [sphere_over_plane, pole_before_wall, ground_and_sky]
BALL = (0.54, 0.5)
"""A place on the ball of `sphere_over_plane`."""


def noisy(rgbd: RGBD) -> RGBD:
    """As depth is after the cleaning that every run does first."""
    return replace(rgbd, depth=sharpen_edges(smooth_within(NoisyDepth(seed=1)(rgbd.depth)), rgbd.image, 2))


def split(make, noise: bool = False, segmenter=None, settings: LayerSettings = SETTINGS) -> tuple[Layers, np.ndarray]:
    """The layers of a world, and its true foreground, which is what is proposed where no segmenter is given."""
    world = make()
    camera = world.camera(128, 96)
    rgbd, front = world.view(camera), world.foreground(camera)
    rgbd = noisy(rgbd) if noise else rgbd
    return drain(split_layers(rgbd, segmenter or Masks(front), settings))[0], front


def after(layers: Layers, *flips: tuple, percentile: float | None = None) -> np.ndarray:
    """The foreground after a review."""
    return review_layers(layers, Review(percentile, tuple(Flip(*flip) for flip in flips)), SETTINGS)[0].foreground


@pytest.mark.parametrize("noise", [False, True])
@pytest.mark.parametrize("make", MAKES)
def test_an_empty_review_is_what_the_run_chose(make, noise):
    layers, _ = split(make, noise, builtin_models().segmenter)
    reviewed, settled = review_layers(layers, Review(), SETTINGS)
    np.testing.assert_array_equal(reviewed.foreground, layers.foreground)
    np.testing.assert_array_equal(reviewed.hidden, layers.hidden)
    assert layers.foreground.any() and settled == Review()


@pytest.mark.parametrize("percentile", [0.0, 5.0, 35.0, 70.0, 100.0])
def test_a_moved_threshold_is_the_papers_rule(percentile):
    rgbd, parts = room()
    masks = Masks(*parts.values())
    by_rule = drain(split_layers(rgbd, masks, LayerSettings(rule="paper", depth_percentile=percentile)))[0]
    ours = drain(split_layers(rgbd, masks, SETTINGS))[0]
    np.testing.assert_array_equal(after(ours, percentile=percentile), by_rule.foreground)


@pytest.mark.parametrize("noise", [False, True])
def test_a_click_sends_a_thing_behind_and_the_next_one_brings_it_back(noise):
    layers, front = split(sphere_over_plane, noise)
    assert overlap(layers.foreground, front) > 0.9
    assert not after(layers, BALL).any()
    np.testing.assert_array_equal(after(layers, BALL, BALL), layers.foreground)


@pytest.mark.parametrize("noise", [False, True])
def test_where_nothing_was_proposed_a_click_takes_the_surface_up_to_its_depth_edge(noise):
    layers, front = split(sphere_over_plane, noise, Masks())
    assert not layers.foreground.any()
    assert overlap(after(layers, BALL), front) > (0.85 if noise else 0.9)
    wall = after(layers, (0.05, 0.05))
    assert overlap(wall, ~front) > 0.95 and after(layers, (0.05, 0.05), (0.9, 0.9)).mean() < 1e-3


def test_a_surface_is_never_just_a_speck():
    depth = np.full((96, 128), 4.0, np.float32)
    depth[10, 20] = 2.0
    assert surface_around(depth, 20, 10)[10, 20]
    rough = (2 + 0.5 * np.random.default_rng(0).random((96, 128))).astype(np.float32)
    assert surface_around(rough, 64, 48).sum() > 5


def test_the_smallest_candidate_at_a_place_changes_sides():
    rgbd, parts = room()
    both, box = parts["box"] | parts["other box"], parts["box"]
    layers = drain(split_layers(rgbd, Masks(both, box), SETTINGS))[0]
    row, column = np.argwhere(box).mean(axis=0)
    assert smallest_at(layers.candidates.masks)[int(row), int(column)] == 1
    left = after(layers, (column / 128, row / 96))
    assert overlap(left, parts["other box"]) > 0.97


@pytest.mark.parametrize("percentile", [0.0, 100.0])
@pytest.mark.parametrize("front", [False, True])
def test_what_was_flipped_stays_while_the_threshold_moves(front, percentile):
    layers, ball = split(sphere_over_plane)
    seen = after(layers, (*BALL, front), percentile=percentile)
    assert seen[48, 69] == front and seen[ball].mean() == pytest.approx(float(front), abs=0.05)


def test_a_flip_into_the_sky_is_left_out():
    layers, _ = split(ground_and_sky)
    assert layers.rgbd.sky[2, 64]
    reviewed, settled = review_layers(layers, Review(None, (Flip(0.5, 0.02), Flip(0.5, 0.95))), SETTINGS)
    assert settled.flips == (Flip(0.5, 0.95, True),)
    assert not (reviewed.foreground & layers.rgbd.sky).any()


@pytest.mark.parametrize("segmenter", [Masks(), builtin_models().segmenter], ids=["nothing", "builtin"])
@pytest.mark.parametrize("noise", [pytest.param(False, marks=pytest.mark.slow), True])
@pytest.mark.parametrize("make", MAKES)
def test_every_click_changes_what_is_under_it(make, noise, segmenter):
    layers, _ = split(make, noise, segmenter)
    for x, y in np.random.default_rng(3).random((40, 2)):
        row, column = int(y * 96), int(x * 128)
        if np.isfinite(layers.rgbd.depth[row, column]):
            assert after(layers, (x, y))[row, column] != layers.foreground[row, column], (x, y)


def test_a_settled_review_gives_the_same_layers_anew():
    layers, _ = split(sphere_over_plane, True, builtin_models().segmenter)
    places = tuple(Flip(*place) for place in np.random.default_rng(4).random((9, 2)))
    reviewed, settled = review_layers(layers, Review(55.0, places), SETTINGS)
    forget()
    again, same = review_layers(layers, settled, SETTINGS)
    assert same == settled and all(flip.front is not None for flip in settled.flips)
    np.testing.assert_array_equal(again.foreground, reviewed.foreground)


def test_regions_are_listed_from_left_to_right_with_their_numbers():
    rgbd, parts = room()
    layers = drain(split_layers(rgbd, Masks(*parts.values()), SETTINGS))[0]
    listed = list_regions(layers, SETTINGS)
    assert [region.x for region in listed] == sorted(region.x for region in listed)
    shares = {name: float(part.mean()) for name, part in parts.items()}
    by_share = {name: next(r for r in listed if r.share == shares[name]) for name in shares}
    assert {name: region.front for name, region in by_share.items()} == {
        "box": True, "other box": True, "floor": False, "back wall": False
    }  # fmt: skip
    assert by_share["box"].depth_percentile < by_share["other box"].depth_percentile
    assert by_share["back wall"].depth_percentile > 50


def test_a_flip_at_a_listed_place_means_that_region():
    rgbd, parts = room()
    layers = drain(split_layers(rgbd, Masks(*parts.values()), SETTINGS))[0]
    for number, region in enumerate(list_regions(layers, SETTINGS)):
        reviewed, _ = review_layers(layers, Review(None, (Flip(region.x, region.y),)), SETTINGS)
        fronts = [other.front for other in list_regions(reviewed, SETTINGS)]
        assert fronts == [other.front != (i == number) for i, other in enumerate(list_regions(layers, SETTINGS))]


# --- the files


@pytest.mark.parametrize("count", [0, 1, 5])
def test_candidates_survive_the_file(tmp_path, count):
    rgbd = sphere_over_plane().view(sphere_over_plane().camera(67, 41))  # no multiple of 8 pixels
    masks = np.random.default_rng(count).random((count, 41, 67)) < 0.5
    chosen = np.arange(count) % 2 == 0
    front = masks.any(axis=0)
    save_layers(tmp_path / "looked.npz", Layers(rgbd, front, front, Candidates(masks, chosen)))
    loaded = load_layers(tmp_path / "looked.npz")
    np.testing.assert_array_equal(loaded.candidates.masks, masks)
    np.testing.assert_array_equal(loaded.candidates.chosen, chosen)
    with np.load(tmp_path / "looked.npz") as stored:
        assert stored["masks"].nbytes == count * -(-41 * 67 // 8)


@pytest.mark.parametrize("front", [False, True])
def test_a_file_from_before_has_its_foreground_for_a_candidate(tmp_path, front):
    layers, ball = split(sphere_over_plane)
    foreground = ball & front
    save_layers(tmp_path / "looked.npz", Layers(layers.rgbd, foreground, foreground))
    loaded = load_layers(tmp_path / "looked.npz")
    assert loaded.candidates.masks.shape == (int(front), 96, 128)
    np.testing.assert_array_equal(after(loaded), foreground)


@pytest.fixture
def looked(tmp_path):
    """The folder of the room with two boxes, looked at."""
    list(look(save_rgbd(tmp_path / "in"), room_models(), TINY, tmp_path / "look"))
    return tmp_path / "look"


def record(folder) -> dict:
    return json.loads((folder / "run.json").read_text(encoding="utf-8"))


def foreground(folder) -> np.ndarray:
    return load_layers(folder / "looked.npz").foreground


def place_of(folder, left: bool) -> tuple[float, float]:
    """The middle of one of the two boxes."""
    h, w = foreground(folder).shape
    boxes = load_layers(folder / "looked.npz").candidates.masks
    row, column = np.argwhere(boxes[0 if left else 1]).mean(axis=0)
    return column / w, row / h


def test_a_review_rewrites_the_looked_folder_and_an_empty_one_restores_it(looked):
    folder = looked
    before, told, files = foreground(folder), record(folder), inside(folder)
    shown = review(Review(None, (Flip(*place_of(folder, left=True)),)), folder, TINY)
    changed = foreground(folder)
    assert 0.2 < changed.mean() / before.mean() < 0.8 and not (changed & ~before).any()
    assert shown.share == changed.mean() and record(folder)["counts"]["foreground"] == round(shown.share, 4)
    assert [flip["front"] for flip in record(folder)["review"]["flips"]] == [False]
    assert inside(folder) == files and inside(folder.parent) >= {"look", "in"}
    assert not [name for name in inside(folder.parent) if name.startswith(".")]

    review(Review(), folder, TINY)
    np.testing.assert_array_equal(foreground(folder), before)
    assert {k: v for k, v in record(folder).items() if k != "review"} == told


def test_a_review_that_fails_leaves_the_folder_as_it_was(looked, monkeypatch):
    folder = looked
    before = (folder / "looked.npz").read_bytes(), record(folder)

    def full(*args):
        raise OSError("the disk is full")

    monkeypatch.setattr("gen3d.run.review.write_json", full)
    with pytest.raises(OSError, match="full"):
        review(Review(100.0), folder, TINY)
    assert ((folder / "looked.npz").read_bytes(), record(folder)) == before


def test_the_notice_of_a_single_layer_comes_and_goes(looked):
    folder = looked
    assert record(folder)["notices"] == []
    review(Review(0.0), folder, TINY)
    assert ["Nothing was found" in told for told in record(folder)["notices"]] == [True]
    review(Review(100.0), folder, TINY)
    assert record(folder)["notices"] == []


def test_a_scene_is_grown_from_the_reviewed_layers_and_says_so(built, tmp_path):
    list(look(built.request, room_models(), TINY, tmp_path / "look"))
    review(Review(None, (Flip(*place_of(tmp_path / "look", left=False)),)), tmp_path / "look", TINY)
    list(grow(built.request, tmp_path / "look", room_models(), pick_rasterizer(), TINY, tmp_path / "grow"))
    found, reviewed = record(built.folder), record(tmp_path / "grow")
    assert "review" not in found and reviewed["review"] == record(tmp_path / "look")["review"]
    assert reviewed["counts"]["foreground"] < found["counts"]["foreground"]
    assert reviewed["counts"]["points"] != found["counts"]["points"]
