"""The click network's training: clicks, loss, passes that are settled by their number, a run that goes on exactly."""

from dataclasses import replace

import numpy as np
import pytest
import torch

pytest.importorskip("embreex", reason="renders the training's worlds; requirements-dev.txt brings it")

from gen3d.models.builtin.depthnet import DepthNet, DepthNetSize
from training.clicks import Recipe, Run, batches, clicks_on, judged, loss, seen_by
from training.shards import Shard, write_shard


def disc_shard(count: int = 8) -> Shard:
    """Pictures of two bright discs on a grey ground, each an instance."""
    rng = np.random.default_rng(0)
    picture, thing = np.full((count, 64, 96, 3), 90, np.uint8), np.zeros((count, 64, 96), np.uint8)
    v, u = np.mgrid[:64, :96]
    for j in range(count):
        for k, middle in enumerate((24, 72), 1):
            disc = (u - middle - rng.integers(-6, 7)) ** 2 + (v - 32 - rng.integers(-9, 10)) ** 2 < 12**2
            thing[j][disc], picture[j][disc] = k, rng.integers(120, 255, 3)
    blank = np.zeros((count, 64, 96), np.uint8)
    return Shard(
        picture, blank.astype(np.uint16), np.ones(count, np.float32), blank, thing,
        np.zeros((count, 64, 96, 2), np.int8), np.full(count, 60, np.float32), np.array(["disc"] * count),
    )  # fmt: skip


RECIPE = Recipe(sets=(("discs", 1),), passes=3, shards=1, steps=8, batch=6, warm=4)


@pytest.fixture
def data(tmp_path):
    (tmp_path / "data" / "discs").mkdir(parents=True)
    for k in range(3):
        write_shard(tmp_path / "data" / "discs", k, disc_shard())
    return tmp_path / "data"


@pytest.fixture(scope="module")
def depth() -> DepthNet:
    torch.manual_seed(0)
    return DepthNet(DepthNetSize((32, 16, 16, 16, 16))).folded()


def test_clicks_lie_well_inside_what_they_mean():
    rng, things = np.random.default_rng(1), disc_shard(1).thing[0]
    clicks = [c for _ in range(60) for c in clicks_on(rng, things, 5)]
    assert {c.thing for c in clicks} == {0, 1, 2} and {c.picture for c in clicks} == {5}
    for c in clicks:
        assert things[c.v, c.u] == c.thing
    share = np.mean([c.thing == 0 for c in clicks])
    assert 0.05 < share < 0.4


def test_a_perfect_mask_costs_next_to_nothing_and_a_missed_small_thing_much():
    truth = torch.zeros(2, 32, 32)
    truth[:, 4:7, 4:7] = 1
    assert float(loss((truth - 0.5) * 40, truth)) < 1e-3
    assert float(loss(torch.full_like(truth, -20.0), truth)) > 0.8
    assert float(loss(torch.full((1, 32, 32), -20.0), torch.zeros(1, 32, 32))) < 1e-3


def test_a_pass_is_settled_by_its_number(depth, data):
    (_, at, truth), *_ = batches(depth, data, RECIPE, 3)
    (_, again, same), *_ = batches(depth, data, RECIPE, 3)
    (_, other, _), *_ = batches(depth, data, RECIPE, 4)
    assert torch.equal(at, again) and torch.equal(truth, same) and not torch.equal(at, other)
    assert truth.shape == (6, 32, 48) and set(truth.unique().tolist()) == {0.0, 1.0}


def test_a_training_that_was_stopped_goes_on_to_the_same_bits(depth, data, tmp_path):
    recipe = replace(RECIPE, passes=2, steps=2)
    whole = Run(tmp_path / "whole", data, recipe, depth)
    whole.learn()
    Run(tmp_path / "parts", data, recipe, depth).learn(until=1)
    parts = Run(tmp_path / "parts", data, recipe, depth)
    parts.learn()
    assert len((tmp_path / "parts" / "log.jsonl").read_text().splitlines()) == 2
    for name, value in whole.average.state_dict().items():
        assert torch.equal(value, parts.average.state_dict()[name]), name


@pytest.mark.slow
def test_it_learns_to_find_discs(depth, data, tmp_path):
    run, shown = Run(tmp_path / "run", data, RECIPE, depth), disc_shard()
    seen = seen_by(depth, shown, np.random.default_rng(2), change=False)
    before = np.mean(judged(run.average, seen)[0])
    run.learn()
    assert np.mean(judged(run.average, seen)[0]) > before + 0.1


@pytest.mark.parametrize("given", [0.0, 1.0])
def test_measured_depth_takes_the_place_of_the_networks_own(depth, given):
    shard = disc_shard(2)
    inverse = (1000 + 60 * np.arange(96, dtype=np.uint16)) * np.ones((2, 64, 1), np.uint16)
    seen = seen_by(depth, replace(shard, inverse=inverse), np.random.default_rng(3), change=False, given=given)
    plane = seen.maps.planes[:, 0].float().numpy()
    ramp = np.corrcoef(plane.mean((0, 1)), np.arange(48))[0, 1]
    assert (ramp > 0.95) == (given == 1.0)
