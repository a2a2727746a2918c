"""The thing that is pointed at: the click network's size and file, and what it takes on worlds that are known."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from gen3d.errors import ModelUnavailable
from gen3d.models.builtin import pointed
from gen3d.models.builtin.clicknet import ClickNet, maps_of
from gen3d.models.builtin.depthnet import DepthNet, DepthNetSize, parameters
from gen3d.models.builtin.pointed import SHA256, WEIGHTS, Pointed
from gen3d.models.builtin.trained_depth import weights_of
from gen3d.request import Flip, Review
from gen3d.run import replay
from gen3d.run.review import most_like, review_layers
from gen3d.settings import LayerSettings
from gen3d.stages.layers import split_layers
from gen3d.values import RGBD, Layers
from tests.measures import drain
from tests.test_layers import Masks, overlap, room
from tests.worlds import sphere_over_plane
from training.export import LARGEST, save_tensors

ROOM = Path(__file__).parents[1] / "examples" / "room"
TINY = DepthNetSize((8, 8, 16, 16, 16))


def test_both_networks_are_as_small_as_promised():
    assert sum(parameters(ClickNet())) + sum(parameters(DepthNet())) <= 8_000_000
    assert WEIGHTS.stat().st_size <= 1_500_000


def test_the_file_is_the_very_one_that_is_meant_and_fits(tmp_path):
    tensors, _ = weights_of(WEIGHTS, SHA256, pointed.NAME)
    assert {name: t.shape for name, t in tensors.items()} == {n: t.shape for n, t in ClickNet().state_dict().items()}
    (tmp_path / "net.safetensors").write_bytes(WEIGHTS.read_bytes()[:-1] + b"\0")
    with pytest.raises(ModelUnavailable, match=r"click network .* damaged"):
        weights_of(tmp_path / "net.safetensors", SHA256, pointed.NAME)


def test_weights_written_twice_are_the_same_bytes_and_never_too_many(tmp_path):
    state = ClickNet().state_dict()
    assert save_tensors(state, tmp_path / "a") == save_tensors(state, tmp_path / "b")
    with pytest.raises(ValueError, match="more than 12000000 bytes"):
        save_tensors({"large": torch.zeros(LARGEST // 2 + 1)}, tmp_path / "c")


@pytest.mark.parametrize("sides", [(64, 96), (96, 64), (64, 64), (128, 64)])
def test_the_answer_is_half_the_pictures_size_and_each_click_has_its_own(sides):
    torch.manual_seed(0)
    depth, network = DepthNet(TINY).folded(), ClickNet(8).eval()
    places = [[3.0, 5.0], [20.0, 9.0]]
    maps = maps_of(depth, torch.rand(2, 3, *sides))
    with torch.no_grad():
        together = network(maps, torch.tensor(places))
        alone = [network(maps.of(torch.tensor([k])), torch.tensor([at])) for k, at in enumerate(places)]
    assert together.shape == (2, sides[0] // 2, sides[1] // 2)
    torch.testing.assert_close(together, torch.cat(alone), rtol=1e-4, atol=1e-4)


# --- what it takes, with the weights that are shipped


def ball() -> tuple[Pointed, np.ndarray]:
    """A picture of a ball over a plane, and where the ball is."""
    world = sphere_over_plane()
    camera = world.camera(320, 240)
    rgbd = world.view(camera)
    return Pointed(rgbd.image, rgbd.depth), world.foreground(camera)


def test_pointed_at_a_ball_it_takes_the_ball():
    picture, front = ball()
    row, column = np.argwhere(front).mean(axis=0)
    assert overlap(picture.thing_at(column / 320, row / 240), front) > 0.7


@pytest.mark.parametrize("place", [(0.5, 0.03), (0.6, 0.12), (0.9, 0.15)], ids=["ceiling", "wall", "right wall"])
def test_pointed_at_a_wall_it_takes_no_thing(place):
    image = np.asarray(Image.open(ROOM / "rgb.jpg"), np.float32) / 255
    depth = np.asarray(Image.open(ROOM / "depth.png"), np.float32) / 1000
    assert Pointed(image, depth).thing_at(*place) is None


def test_the_same_place_gives_the_same_mask_whatever_the_threads_and_the_edge_counts():
    threads = torch.get_num_threads()
    masks = []
    for count in (1, 2):
        torch.set_num_threads(count)
        masks.append(ball()[0].thing_at(0.5, 0.5))
    torch.set_num_threads(threads)
    np.testing.assert_array_equal(*masks)
    picture, _ = ball()
    for x, y in ((0.0, 0.0), (1.0, 1.0)):
        mask = picture.thing_at(x, y)
        assert mask is None or mask.shape == (240, 320)


# --- in a review


def test_the_candidate_that_is_most_like_it_is_taken_and_its_own_mask_where_none_is():
    seen = np.zeros((8, 8), bool)
    seen[2:6, 2:6] = True
    near, far = seen.copy(), np.zeros_like(seen)
    near[2, 2], far[7] = False, True
    assert most_like(seen, np.array([far, near])) is not seen
    np.testing.assert_array_equal(most_like(seen, np.array([far, near])), near)
    assert most_like(seen, np.array([far])) is seen and most_like(seen, np.zeros((0, 8, 8), bool)) is seen


@pytest.fixture(autouse=True)
def nothing_remembered():
    """Of another test's, which may have played the network."""
    replay.forget()
    yield
    replay.forget()


def two_boxes() -> tuple[RGBD, list[np.ndarray]]:
    """A room, and its two boxes as masks."""
    rgbd, parts = room()
    return rgbd, [parts["box"], parts["other box"]]


def test_a_click_that_means_the_thing_takes_it_out_of_a_region_that_holds_more(monkeypatch):
    """Two boxes were proposed as one; the network sees the one that is pointed at."""
    rgbd, parts = two_boxes()
    layers = drain(split_layers(rgbd, Masks(parts[0] | parts[1]), LayerSettings()))[0]
    monkeypatch.setattr("gen3d.models.builtin.pointed.Pointed.thing_at", lambda self, x, y: parts[0])
    row, column = np.argwhere(parts[0]).mean(axis=0)
    place = column / parts[0].shape[1], row / parts[0].shape[0]
    as_region, _ = review_layers(layers, Review(None, (Flip(*place, False),)), LayerSettings())
    as_thing, settled = review_layers(layers, Review(None, (Flip(*place, False, thing=True),)), LayerSettings())
    assert overlap(layers.foreground, parts[0] | parts[1]) > 0.9
    assert not as_region.foreground.any()
    assert overlap(as_thing.foreground, parts[1]) > 0.9 and settled.flips[0].thing


def test_every_click_that_means_a_thing_changes_what_is_under_it():
    rgbd, parts = two_boxes()
    layers = drain(split_layers(rgbd, Masks(*parts), LayerSettings()))[0]
    h, w = parts[0].shape
    for x, y in np.random.default_rng(5).random((12, 2)):
        after, _ = review_layers(layers, Review(None, (Flip(x, y, thing=True),)), LayerSettings())
        at = int(y * h), int(x * w)
        assert after.foreground[at] != layers.foreground[at], (x, y)


def test_where_the_network_sees_nothing_a_click_means_the_region(monkeypatch):
    rgbd, parts = two_boxes()
    layers = drain(split_layers(rgbd, Masks(*parts), LayerSettings()))[0]
    monkeypatch.setattr("gen3d.models.builtin.pointed.Pointed.thing_at", lambda self, x, y: None)
    row, column = np.argwhere(parts[0]).mean(axis=0)
    place = column / parts[0].shape[1], row / parts[0].shape[0]
    flips = [(Flip(*place, thing=thing),) for thing in (True, False)]
    seen = [review_layers(layers, Review(None, some), LayerSettings())[0].foreground for some in flips]
    np.testing.assert_array_equal(*seen)


PLACES = [(0.2, 0.6), (0.5, 0.5), (0.8, 0.7), (0.4, 0.85), (0.65, 0.4)]


def clicked(layers: Layers, anew: bool, percentile: float | None = None) -> list[np.ndarray]:
    """The foreground after each of several clicks, as the page asks for them: those before it with their sides."""
    settled, seen = (), []
    for place in PLACES:
        if anew:
            replay.forget()
        flips = (*settled, Flip(*place, thing=True))
        after, review = review_layers(layers, Review(percentile, flips), LayerSettings())
        settled = review.flips
        seen.append(after.foreground)
    return seen


def test_later_clicks_ask_the_networks_no_more_than_the_second_and_give_the_same(monkeypatch):
    rgbd, parts = two_boxes()
    layers = drain(split_layers(rgbd, Masks(*parts), LayerSettings()))[0]
    truth = clicked(layers, anew=True)
    truth_moved = clicked(layers, anew=True, percentile=60.0)
    looked, encoded = [], []
    glance, encode = Pointed._glance, pointed.maps_of
    monkeypatch.setattr(Pointed, "_glance", lambda self, x, y: looked.append(self) or glance(self, x, y))
    monkeypatch.setattr(pointed, "maps_of", lambda *given: encoded.append(given) or encode(*given))
    replay.forget()
    np.testing.assert_array_equal(clicked(layers, anew=False), truth)
    whole = [one for one in looked if one.size_px == layers.foreground.shape]
    assert len(whole) == len(PLACES) and len(set(map(id, whole))) == 1, "one look at all of it for each click"
    assert len(encoded) == 1 + len(looked) - len(whole), "all of it once, and what is looked at from close by"
    asked = len(looked)
    np.testing.assert_array_equal(clicked(layers, anew=False, percentile=60.0), truth_moved)
    assert len(looked) == asked, "a moved threshold asks for no mask again"


def test_what_a_click_came_to_is_another_pictures_only_where_all_of_it_is_the_same():
    rgbd, parts = two_boxes()
    layers = drain(split_layers(rgbd, Masks(*parts), LayerSettings()))[0]
    again = replace(rgbd, image=rgbd.image.copy(), depth=rgbd.depth.copy())
    other = replace(rgbd, image=np.clip(rgbd.image + 0.01, 0, 1))
    farther = replace(rgbd, depth=rgbd.depth * np.float32(1.01))
    unchosen = replace(layers.candidates, chosen=~layers.candidates.chosen)
    mine = replay.replay_of(rgbd, layers.candidates)
    assert replay.replay_of(again, layers.candidates) is mine
    for picture, candidates in ((other, layers.candidates), (farther, layers.candidates), (rgbd, unchosen)):
        assert replay.replay_of(picture, candidates) is not mine


def test_only_the_last_sides_and_places_are_kept(monkeypatch):
    monkeypatch.setattr(replay, "MOST_STATES", 2)
    monkeypatch.setattr(pointed, "MOST_PLACES", 2)
    picture, front = ball()
    kept, none = replay.Replay(picture), (np.zeros_like(front), np.zeros_like(front))
    flips = tuple(Flip(x, 0.5, True) for x in (0.1, 0.2, 0.3))
    for n in (1, 2, 3):
        kept.keep(None, 0.1, flips[:n], (front, ~front))
    assert kept.longest(None, 0.1, flips[:1], none) == (0, none)
    assert kept.longest(50.0, 0.1, flips, none) == (0, none)
    known, sides = kept.longest(None, 0.1, (*flips, Flip(0.9, 0.9)), none)
    assert known == 3
    np.testing.assert_array_equal(sides, (front, ~front))
    for flip in flips:
        picture.thing_at(flip.x, flip.y)
    assert [*picture._things] == [(0.2, 0.5), (0.3, 0.5)]
