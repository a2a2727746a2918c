import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from gen3d.errors import ModelUnavailable
from gen3d.models.adapters import sam
from gen3d.models.adapters.sam import HalfEncoder, SamSegmenter, depth_seeds, load_sam
from gen3d.models.base import Adjustable, Proposals, Segmenter
from gen3d.models.placement import Placement
from gen3d.settings import EngineSettings
from tests.tiny_sam import PREDICTED_IOU, save_tiny_sam, tiny_sam
from tests.worlds import ground_and_sky, sphere_over_plane, tilted_plane


@pytest.fixture(scope="module")
def tiny(tmp_path_factory) -> SamSegmenter:
    return load_sam(save_tiny_sam(tmp_path_factory.mktemp("sam") / "sam.pth"), Placement())


def discs(h: int, w: int) -> tuple[np.ndarray, np.ndarray]:
    """A picture and its depth: two discs, left and right, before a wall with sky above it."""
    y, x = (np.indices((h, w)) + 0.5) / np.array([h, w]).reshape(2, 1, 1)
    depth = np.where(y < 0.2, np.inf, 6.0)
    rng, image = np.random.default_rng(0), np.empty((h, w, 3))
    image[:] = rng.uniform(0, 1, 3)
    for centre, z in (((0.25, 0.6), 2.0), ((0.7, 0.6), 3.0)):
        inside = np.hypot((x - centre[0]) * w, (y - centre[1]) * h) < 0.18 * min(h, w)
        depth[inside], image[inside] = z, rng.uniform(0, 1, 3)
    return image.astype(np.float32), depth.astype(np.float32)


def assert_proposals(found: Proposals, shape: tuple[int, int]) -> None:
    assert found.masks.shape == (len(found.scores), *shape) and found.masks.dtype == bool
    assert found.scores.dtype == np.float32
    assert (found.scores > 0.85).all() and (found.scores <= 1).all() and (np.diff(found.scores) <= 0).all()
    assert found.masks.any(axis=(1, 2)).all()


@pytest.mark.parametrize("prompts", ["grid", "depth"])
@pytest.mark.parametrize("shape", [(389, 517), (96, 128), (320, 40), (40, 320)])
def test_proposals_are_bool_masks_at_the_pictures_size_best_first(tiny, prompts, shape):
    assert isinstance(tiny, Segmenter) and isinstance(tiny, Adjustable)
    found = replace(tiny, prompts=prompts, grid=4).segment(*discs(*shape))
    assert len(found.scores) > 0
    assert_proposals(found, shape)


@pytest.mark.parametrize("prompts", ["grid", "depth"])
@pytest.mark.parametrize("depth", [1.0, np.inf], ids=["flat", "sky"])
@pytest.mark.parametrize("shape", [(16, 16), (16, 128), (1, 1)])
def test_pictures_without_a_thing_and_tiny_ones_work(tiny, prompts, depth, shape):
    image = np.random.default_rng(0).random((*shape, 3), np.float32)
    found = replace(tiny, prompts=prompts, grid=3).segment(image, np.full(shape, depth, np.float32))
    assert_proposals(found, shape)
    assert prompts == "grid" or len(found.scores) == 0


def test_tiny_pictures_with_a_thing_have_a_seed(tiny):
    image, depth = discs(16, 16)
    assert len(depth_seeds(depth)) >= 2
    assert_proposals(tiny.segment(image, depth), (16, 16))


def test_the_same_picture_gives_the_same_bytes_and_another_picture_others(tiny):
    image, depth = discs(120, 160)
    first, again = tiny.segment(image, depth), tiny.segment(image, depth)
    np.testing.assert_array_equal(first.masks, again.masks)
    np.testing.assert_array_equal(first.scores, again.scores)
    other = tiny.segment(image[:, ::-1].copy(), depth)
    assert other.masks.shape != first.masks.shape or (other.masks != first.masks).any()


def test_a_score_above_one_is_one_and_an_unsure_mask_is_left_out(tiny):
    image, depth = discs(120, 160)
    scores = replace(tiny, prompts="grid", grid=6).segment(image, depth).scores
    assert max(PREDICTED_IOU) > 1 == scores.max()
    assert min(PREDICTED_IOU) < 0.85 < scores.min()


def test_masks_of_large_pictures_are_those_of_the_reduced_ones(tiny, monkeypatch):
    monkeypatch.setattr(sam, "LONGEST_PX", 64)
    image, depth = discs(96, 128)
    found = tiny.segment(image, depth)
    assert_proposals(found, (96, 128))
    blocks = found.masks.reshape(-1, 48, 2, 64, 2)
    assert (blocks == blocks[:, :, :1, :, :1]).all()


def test_a_preset_changes_the_grid_and_shares_the_network(tiny):
    finer = tiny.at(EngineSettings(mask_grid=32))
    assert finer.grid == 32 and tiny.grid == 28 and finer.network is tiny.network


def test_a_finer_grid_asks_at_more_points(tiny, monkeypatch):
    from segment_anything import SamPredictor

    asked, predict = [], SamPredictor.predict_torch

    def count(self, points, *args, **options):
        asked.append(points[:, 0].numpy())
        return predict(self, points, *args, **options)

    monkeypatch.setattr(SamPredictor, "predict_torch", count)
    image, depth = discs(64, 128)
    replace(tiny, prompts="grid").at(EngineSettings(mask_grid=5)).segment(image, depth)
    points = np.concatenate(asked)
    assert len(points) == 25
    np.testing.assert_allclose(points.min(axis=0), [12.8, 6.4])
    np.testing.assert_allclose(points.max(axis=0), [115.2, 57.6])
    asked.clear()
    tiny.segment(image, depth)
    np.testing.assert_allclose(np.concatenate(asked), depth_seeds(depth) * [128, 64])


def test_who_asks_a_card_asks_a_grid_and_who_asks_a_cpu_at_depths_seeds(tiny, tmp_path, monkeypatch):
    assert tiny.prompts == "depth"
    monkeypatch.setattr(Placement, "settle", lambda self, network, dtype: network)
    on_card = load_sam(save_tiny_sam(tmp_path / "sam.pth"), Placement("cuda"))
    assert on_card.prompts == "grid" and isinstance(on_card.network.image_encoder, HalfEncoder)


def test_a_halved_encoder_sees_nearly_the_same():
    encoder = tiny_sam().image_encoder
    picture = torch.rand(1, 3, 128, 128, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        whole, half = encoder(picture), HalfEncoder(encoder)(picture)
    assert half.dtype == torch.float32
    assert 0 < (half - whole).abs().max() < 0.05 * whole.abs().max()


def test_seeds_lie_in_the_middle_of_what_stands_in_front():
    _, depth = discs(240, 320)
    seeds = depth_seeds(depth)
    np.testing.assert_allclose(sorted(seeds[:2].tolist()), [[0.25, 0.6], [0.7, 0.6]], atol=0.02)
    x, y = (seeds * [320, 240]).astype(int).T
    assert sorted(depth[y, x][:2]) == [2, 3]
    assert set(depth[y, x][2:]) == {6}, "the wall stands before the sky, and nothing else before anything"


def test_a_ball_has_a_seed_in_its_middle():
    world = sphere_over_plane()
    view = world.view(world.camera(320, 240))
    x, y = (depth_seeds(view.depth)[0] * [320, 240]).astype(int)
    solid = view.depth < 1.2 * view.depth.min()
    rows, columns = np.nonzero(solid)
    assert abs(x - columns.mean()) < 8 and abs(y - rows.mean()) < 8


def test_there_are_no_seeds_where_nothing_stands_in_front():
    for world in (tilted_plane(), ground_and_sky()):
        depth = world.view(world.camera(160, 120)).depth
        x, y = (depth_seeds(depth) * [160, 120]).astype(int).T
        assert np.isfinite(depth[y, x]).all()
    assert len(depth_seeds(tilted_plane().view(tilted_plane().camera(160, 120)).depth)) == 0
    assert len(depth_seeds(np.full((40, 60), np.inf, np.float32))) == 0


def test_crowded_pictures_have_a_limited_number_of_seeds_well_apart():
    depth = np.full((300, 400), 5.0, np.float32)
    for y in range(20, 300, 30):
        for x in range(20, 400, 30):
            depth[y - 8 : y + 8, x - 8 : x + 8] = 2.0
    seeds = depth_seeds(depth) * [400, 300]
    assert len(seeds) == sam.MOST_SEEDS
    apart = np.hypot(*(seeds[:, None] - seeds[None]).transpose(2, 0, 1))
    assert apart[~np.eye(len(seeds), dtype=bool)].min() >= 16
    x, y = seeds.astype(int).T
    assert (depth[y, x] == 2).all()


def test_unknown_depth_counts_as_sky():
    _, depth = discs(120, 160)
    unknown = np.where(np.isinf(depth), np.nan, depth)
    np.testing.assert_array_equal(depth_seeds(unknown), depth_seeds(depth))


def test_what_a_thing_stands_before_has_no_seed_however_close_it_is():
    depth = np.full((120, 160), 2.2, np.float32)
    depth[10:40, 10:60] = 2.0
    x, y = (depth_seeds(depth) * [160, 120]).astype(int).T
    assert len(x) and (depth[y, x] == 2).all()


def test_masks_that_are_specks_are_left_out(tiny, monkeypatch):
    image, depth = discs(120, 160)
    assert tiny.segment(image, depth).masks.mean(axis=(1, 2)).min() < 0.6
    monkeypatch.setattr(sam, "SPECK_PX", 10**9)
    monkeypatch.setattr(sam, "SPECK", 0.6)
    assert (tiny.segment(image, depth).masks.mean(axis=(1, 2)) > 0.6).all()


@pytest.mark.parametrize(
    "encoder",
    [
        {"depth": 1, "num_heads": 4, "global_attn_indexes": ()},
        {"depth": 3, "num_heads": 1, "global_attn_indexes": (0, 2), "window_size": 3},
        {"depth": 2, "global_attn_indexes": (0, 1), "mlp_ratio": 4, "window_size": 14},
    ],
)
def test_the_architecture_is_read_from_the_shapes_of_the_weights(tmp_path, encoder):
    official = tiny_sam(seed=1, **encoder)
    torch.save(official.state_dict(), tmp_path / "whatever.pth")
    ours = load_sam(tmp_path / "whatever.pth", Placement()).network
    picture = torch.rand(1, 3, 128, 128, generator=torch.Generator().manual_seed(0)) * 255
    asked = [{
        "image": picture[0], "original_size": (128, 128),
        "point_coords": torch.tensor([[[40.0, 50.0]]]), "point_labels": torch.ones(1, 1, dtype=torch.int),
    }]  # fmt: skip
    theirs, mine = official(asked, True)[0], ours(asked, True)[0]
    for key in ("low_res_logits", "iou_predictions"):
        assert torch.equal(theirs[key], mine[key])
    assert [b.window_size for b in ours.image_encoder.blocks] == [b.window_size for b in official.image_encoder.blocks]


@pytest.mark.parametrize(
    ("name", "dim", "depth", "heads", "seen_whole"),
    [
        ("vit_b", 768, 12, 12, (2, 5, 8, 11)),
        ("vit_l", 1024, 24, 16, (5, 11, 17, 23)),
        ("vit_h", 1280, 32, 16, (7, 15, 23, 31)),
    ],
)
def test_the_official_networks_are_recognised(name, dim, depth, heads, seen_whole):
    """From their shapes alone, without memory for their weights; figures from the official build functions."""
    from segment_anything import sam_model_registry

    with torch.device("meta"):
        official = sam_model_registry[name]()
    encoder = sam._encoder(official.state_dict(), 256)
    assert (len(encoder.blocks), encoder.img_size, encoder.patch_embed.proj.out_channels) == (depth, 1024, dim)
    assert {block.attn.num_heads for block in encoder.blocks} == {heads}
    assert tuple(i for i, block in enumerate(encoder.blocks) if block.window_size == 0) == seen_whole
    assert {block.window_size for block in encoder.blocks} == {0, 14}
    assert sam.VARIANTS[depth] == name


def test_the_name_says_which_network_it_is(tiny, tmp_path):
    assert tiny.name == "SAM of another size"
    path = save_tiny_sam(tmp_path / "sam_vit_h.pth", depth=12)
    assert load_sam(path, Placement()).name == "SAM vit_b"
    assert load_sam(path, Placement(), "SAM, mine").name == "SAM, mine"


def damaged(path: Path, how: str) -> Path:
    state = tiny_sam().state_dict()
    match how:
        case "truncated":
            save_tiny_sam(path).write_bytes(path.read_bytes()[:-5000])
        case "empty":
            path.write_bytes(b"")
        case "another network":
            torch.save({"conv.weight": torch.zeros(3)}, path)
        case "a list":
            torch.save([1, 2], path)
        case "a tensor missing":
            torch.save({k: v for k, v in state.items() if k != "mask_decoder.iou_token.weight"}, path)
        case "a tensor of another shape":
            torch.save(state | {"mask_decoder.iou_token.weight": torch.zeros(1, 7)}, path)
        case "code":
            torch.save({"image_encoder.pos_embed": print}, path)
    return path


DAMAGES = ["missing", "truncated", "empty", "another network", "a list", "a tensor missing",
           "a tensor of another shape", "code"]  # fmt: skip


@pytest.mark.parametrize("how", DAMAGES)
def test_damaged_files_are_told_by_name(tmp_path, how):
    path = damaged(tmp_path / "sam_vit_b_01ec64.pth", how)
    with pytest.raises(ModelUnavailable, match=r"sam_vit_b_01ec64\.pth") as told:
        load_sam(path, Placement())
    assert "gen3d download" in told.value.remedy


def test_without_its_package_sam_is_unavailable(tmp_path, monkeypatch):
    path = save_tiny_sam(tmp_path / "sam.pth")
    monkeypatch.setitem(sys.modules, "segment_anything", None)
    with pytest.raises(ModelUnavailable, match="segment-anything"):
        load_sam(path, Placement())


def test_a_depth_of_another_size_is_a_programming_error(tiny):
    with pytest.raises(Exception, match="16"):
        tiny.segment(np.zeros((16, 16, 3), np.float32), np.ones((16, 17), np.float32))
