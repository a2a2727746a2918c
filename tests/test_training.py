"""The training of the depth network: worlds, renderer, shards, feed and loop, all tiny."""

import json
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest
import torch

pytest.importorskip("embreex", reason="renders the training's worlds; requirements-dev.txt brings it")

from gen3d.models.builtin.depthnet import DepthNetSize, Encoder, Seen
from training import encoder, shapes
from training.feed import Batch, example, pass_batches
from training.learn import Run
from training.losses import centred, losses
from training.materials import plain
from training.measures import figures, overlap
from training.picture import picture
from training.recipe import Recipe, Stage
from training.render import render
from training.shards import (
    EDGE,
    SKY,
    PictureSet,
    Shard,
    begin,
    finished,
    make_shard,
    read_shard,
    render_set,
    write_shard,
)
from training.sky import any_sky
from training.world import GROUND, Camera, World
from training.worlds import HELD_OUT, WORLDS, make_world

KINDS = [*WORLDS, *HELD_OUT]
QUICK = (KINDS[0], next(iter(HELD_OUT)))


@pytest.fixture(autouse=True)
def one_thread():
    """The loop promises the same bits for one number of threads, and many only wait for each other on so little."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def same(a: Shard, b: Shard) -> bool:
    return all(np.array_equal(getattr(a, f.name), getattr(b, f.name)) for f in fields(Shard))


@pytest.mark.parametrize("kind", [k if k in QUICK else pytest.param(k, marks=pytest.mark.slow) for k in KINDS])
def test_every_kind_of_world_is_a_function_of_its_seed(kind):
    worlds = [make_world(kind, np.random.default_rng(seed)) for seed in (4, 4, 5)]
    first, again, other = ([m.vertices for m in world.meshes] for world in worlds)
    assert len(first) == len(again) and all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))
    assert len(first) != len(other) or not all(np.array_equal(a, b) for a, b in zip(first, other, strict=True))
    assert all(np.isfinite(v).all() for v in first + other)


def test_no_kind_is_both_learnt_from_and_judged_by():
    assert not WORLDS.keys() & HELD_OUT.keys()


@pytest.mark.slow
def test_a_picture_is_a_function_of_its_seed():
    first, again, other = (picture((s, 0), 1, 64, 48) for s in (8, 8, 9))
    assert np.array_equal(first[0], again[0]) and np.array_equal(first[1].depth, again[1].depth)
    assert not np.array_equal(first[0], other[0])


def ground_and_ball() -> World:
    """The plane 1.6 m below a camera that looks ahead, a ball of radius 0.5 at 4 m before it, open sky."""
    rng = np.random.default_rng(0)
    world = World(rng, any_sky(rng, "clear"), Camera((0, -1.6, 0), fov_deg=60.0))
    world.add(shapes.floor(4000, 4000), plain((0.5, 0.5, 0.5)), what=GROUND)
    world.put([(shapes.ball((0.5, 0.5, 0.5), 60), plain((0.8, 0.2, 0.2)))], (0, -1.6, 4))
    return world


def test_the_renderer_agrees_with_plane_and_ball():
    w, h = 96, 72
    drawn = render(ground_and_ball(), w, h)
    focal = w / 2 / np.tan(np.radians(30))
    v, u = np.mgrid[:h, :w] + 0.5
    x, y = (u - w / 2) / focal, (v - h / 2) / focal
    plane = np.where(y > 0, 1.6 / np.maximum(y, 1e-9), np.inf)
    a, b, c = x * x + y * y + 1, 8.0, 16 - 0.25
    under = b * b - 4 * a * c
    ball = np.where(under > 0, (b - np.sqrt(np.maximum(under, 0))) / (2 * a), np.inf)
    rim = np.abs(under) < 0.12 * b  # a pixel more or less
    true, some = np.minimum(plane, ball), ~rim & ~((y > -0.02) & (y < 0.05))
    assert np.array_equal(np.isinf(drawn.depth[some]), np.isinf(true[some]))
    near = some & (true < 60)
    # labels are taken at the sample nearest to a pixel's centre, a sixth of a pixel off at most
    np.testing.assert_allclose(drawn.depth[near], true[near], rtol=0.04)
    assert np.median(np.abs(drawn.depth[near] / true[near] - 1)) < 0.01
    is_ball = some & (ball < plane)
    assert (drawn.thing[is_ball] == 1).all() and not drawn.thing[some & ~is_ball].any()
    assert drawn.ground[some & np.isfinite(true) & ~is_ball].all() and not drawn.ground[is_ball].any()
    off = np.abs(drawn.normal[some & np.isfinite(plane) & ~is_ball] - (0, -1, 0))
    assert off.max() < 1e-3


def test_edges_lie_where_one_surface_ends_before_another_and_not_on_a_slanted_plane():
    drawn = render(ground_and_ball(), 96, 72)
    ball = drawn.thing == 1
    inner = ball.copy()
    inner[1:-1, 1:-1] = ball[:-2, 1:-1] & ball[2:, 1:-1] & ball[1:-1, :-2] & ball[1:-1, 2:]
    assert drawn.edge[ball & ~inner].mean() > 0.95
    assert not drawn.edge[45:, :30].any()


def test_shards_are_written_whole_in_order_and_taken_up_again(tmp_path, monkeypatch):
    what = PictureSet(seed=3, generation=1, kind="corridor")
    small = {k: make_shard(what, k, 2, (64, 32)) for k in range(3)}
    monkeypatch.setattr("training.shards.make_shard", lambda what, k: small[k])
    assert [*render_set(tmp_path, what, 1)] == [0] and finished(tmp_path) == 1
    before = (tmp_path / "000000.npz").read_bytes()
    assert [*render_set(tmp_path, what, 3)] == [1, 2] and finished(tmp_path) == 3
    assert (tmp_path / "000000.npz").read_bytes() == before
    assert same(read_shard(tmp_path, 1), small[1]) and same(small[1], make_shard(what, 1, 2, (64, 32)))
    assert sorted(f.name for f in tmp_path.iterdir()) == ["000000.npz", "000001.npz", "000002.npz", "set.json"]
    with pytest.raises(ValueError, match="holds"):
        begin(tmp_path, PictureSet(seed=4, generation=1))


def shard(count: int = 8, seed: int = 0, h: int = 64, w: int = 64) -> Shard:
    """Squares before a wall; no rendering."""
    rng = np.random.default_rng(seed)
    inverse = np.full((count, h, w), 9000, np.uint16)
    inverse[:, 20:44, 24:40] = 60000
    inverse[:, :10] = 0
    return Shard(
        rng.integers(0, 255, (count, h, w, 3)).astype(np.uint8), inverse, np.full(count, 2.0, np.float32),
        np.where(inverse == 0, SKY, 0).astype(np.uint8), (inverse == 60000).astype(np.uint8),
        np.zeros((count, h, w, 2), np.int8), np.full(count, 60, np.float32), np.array(["x"] * count),
    )  # fmt: skip


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "data" / "s"
    begin(folder, PictureSet(1, 1))
    for k in range(3):
        write_shard(folder, k, shard(seed=k))
    return tmp_path / "data"


def test_a_pass_is_a_function_of_seed_and_number_and_fits_the_network(data):
    passes = [[*pass_batches(data, {"s": 3}, 1, number, 4, 2)] for number in (0, 0, 1)]
    assert len(passes[0]) == 4
    for a, b in zip(*passes[:2], strict=True):
        assert all(torch.equal(getattr(a, f.name), getattr(b, f.name)) for f in fields(Batch))
    assert not torch.equal(passes[0][0].inverse, passes[2][0].inverse)
    for batch in passes[0]:
        _, _, h, w = batch.picture.shape
        assert h % 32 == w % 32 == 0 and batch.inverse.shape == batch.sky.shape == (4, h // 2, w // 2)
        assert torch.equal(batch.inverse == 0, batch.sky)


RECIPE = Recipe(
    sets=("s",), stages=(Stage(5, 1e-3, repeats=2, warm=2), Stage(4, 1e-3, encoder=0.5)), batch=4, shards_a_pass=2,
    size=DepthNetSize((8, 8, 16, 16, 16)),
)  # fmt: skip


@pytest.mark.slow
def test_a_training_that_was_stopped_ends_with_the_weights_of_one_that_was_not(data, tmp_path):
    whole = Run(tmp_path / "whole", data, RECIPE, imagenet=False)
    whole.learn()
    for until in (1, 3, 5, 7, None):  # within a pass, as a stage ends, within the next one, to the end
        parts = Run(tmp_path / "parts", data, RECIPE, imagenet=False)
        parts.learn(until)
    assert parts.step == whole.step == 9
    for name in ("learner", "average"):
        states = [getattr(run, name).state_dict() for run in (whole, parts)]
        assert all(torch.equal(states[0][k], states[1][k]) for k in states[0])


def test_shards_that_come_are_taken_up_with_the_next_pass_alone(data, tmp_path):
    run = Run(tmp_path / "run", data, RECIPE, imagenet=False)
    run.learn(2)
    write_shard(data / "s", 3, shard(seed=3))
    again = Run(tmp_path / "run", data, RECIPE, imagenet=False)
    assert again.shards == {"s": 3}
    again.learn(6)
    assert again.shards == {"s": 4}


@pytest.mark.slow
def test_the_frozen_stage_leaves_the_encoder_and_the_next_one_moves_it(data, tmp_path):
    run = Run(tmp_path / "run", data, RECIPE, imagenet=False)
    before = {k: v.clone() for k, v in run.learner.network.encoder.state_dict().items()}
    run.learn(5)
    after = run.learner.network.encoder.state_dict()
    assert all(torch.equal(before[k], after[k]) for k in before)
    run.learn()
    assert any(not torch.equal(before[k], after[k]) for k in before if k.endswith("conv.weight"))
    assert all(torch.equal(before[k], after[k]) for k in before if "running" in k)


@pytest.mark.slow
def test_the_log_is_one_object_a_line(data, tmp_path, monkeypatch):
    monkeypatch.setattr("training.learn.LOG_STEPS", 3)
    Run(tmp_path / "run", data, RECIPE, imagenet=False).learn()
    lines = [json.loads(line) for line in (tmp_path / "run" / "log.jsonl").read_text().splitlines()]
    assert [line["step"] for line in lines] == [3, 6, 9] and all(np.isfinite(line["loss"]) for line in lines)


def test_the_loss_of_depth_does_not_mind_scale_and_shift():
    true = torch.rand(24, 32)
    solid = torch.ones(24, 32, dtype=torch.bool)
    torch.testing.assert_close(centred(true * 7 + 3, solid), centred(true, solid), rtol=1e-3, atol=1e-3)


def test_the_right_answer_costs_less_than_any_other(data):
    truth = next(pass_batches(data, {"s": 3}, 1, 0, 4, 2))
    logits = [torch.where(flag, 20.0, -20.0) for flag in (truth.sky, truth.edge, truth.ground)]

    def cost(inverse: torch.Tensor) -> dict[str, float]:
        seen = Seen(inverse, logits[0], logits[1], truth.lens, inverse[:, None])
        terms = losses(seen, truth, logits[2], truth.normal, torch.Generator().manual_seed(0))
        return {k: float(v) for k, v in terms.items()}

    right, wrong = cost(truth.inverse * 3), cost(truth.inverse.flip(2))
    for name in ("affine", "steps", "scale", "log"):
        assert right[name] < 1e-3 < wrong[name], name
    assert right["order"] < wrong["order"]
    assert max(right[name] for name in ("sky", "edge", "ground", "normal", "lens")) < 1e-3


def test_figures_know_the_truth_its_opposite_and_a_shift():
    true = np.random.default_rng(0).random(5000) + 0.1
    right, reverse = figures(true * 5 + 2, true), figures(-true, true)
    assert right.error < 1e-3 and right.correlation > 0.999 and right.order == 0
    assert reverse.order == 1 and reverse.correlation < -0.999
    assert overlap(true > 0.5, true > 0.5) == 1 and overlap(true > 0.5, true <= 0.5) == 0


def test_the_published_names_of_the_encoder_are_all_found():
    names = [encoder._theirs(name) for name in Encoder().state_dict()]
    assert len(set(names)) == len(names)
    assert {"_conv_stem.weight", "_blocks.0._depthwise_conv.weight", "_blocks.15._bn2.running_var"} <= set(names)
    assert not any(name.startswith("_blocks.0._expand") for name in names)


def test_edge_pixels_survive_the_cut_to_half_size(data):
    one = shard(1)
    one.flags[0, 31, 17] |= EDGE
    flags = example(one, 0, (64, 64))[2]
    assert flags[15, 8] & EDGE and (flags & EDGE > 0).sum() == 1
