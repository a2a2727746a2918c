"""MoGe-2: the official code's answers on drawn weights, known answers on analytic worlds, bad files refused."""

import copy
import pickle
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from gen3d.camera import Camera
from gen3d.errors import InputError, ModelUnavailable
from gen3d.models.adapters.moge import MogeDepth, load_moge
from gen3d.models.base import Adjustable, DepthEstimator
from gen3d.models.networks.conv_stack import ConvStack
from gen3d.models.networks.dinov2 import SIZES, DinoV2
from gen3d.models.networks.moge import MogeNetwork, load_network
from gen3d.models.networks.moge_focal import recover_focal_shift
from gen3d.models.placement import Placement
from gen3d.settings import EngineSettings
from gen3d.stages.depth import find_depth
from gen3d.values import Source
from tests.measures import drain
from tests.tiny_moge import CASE, VITL, answers, drawn_weights, write_tiny_moge
from tests.worlds import box_room, ground_and_sky, sphere_over_plane, tilted_plane

BOTH = pytest.mark.parametrize("i", [0, 1])


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    """A network this small only waits for its threads."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def file(tmp_path_factory) -> Path:
    return write_tiny_moge(tmp_path_factory.mktemp("moge") / "model.pt")


@pytest.fixture(scope="module")
def engine(file) -> MogeDepth:
    return load_moge(file, Placement())


def picture(i: int) -> np.ndarray:
    return np.ascontiguousarray(answers()[f"image_{i}"].transpose(1, 2, 0))


def looking(engine: MogeDepth, i: int) -> MogeDepth:
    """The engine with as many tokens as the official code had for picture i."""
    return replace(engine, tokens=int(answers()[f"num_tokens_{i}"]))


# -- the official answers ----------------------------------------------------------------------------------------------


def forward_errors(network: MogeNetwork, i: int) -> dict[str, np.ndarray]:
    with torch.inference_mode():
        output = network(torch.from_numpy(answers()[f"image_{i}"])[None], int(answers()[f"num_tokens_{i}"]))
    official = {key: answers()[f"forward_{i}_{key}"] for key in ("points", "normal", "mask", "metric_scale")}
    assert output.keys() == official.keys()
    return {key: np.abs(output[key][0].numpy() - known) / np.abs(known).max() for key, known in official.items()}


@BOTH
def test_the_network_answers_as_the_official_one(engine, i):
    errors = forward_errors(engine.network, i)
    assert max(errors[key].max() for key in ("points", "mask", "metric_scale")) < 1e-5
    # making normals unit vectors blows up the rounding of those that drawn weights leave near zero
    assert np.quantile(errors["normal"], 0.99) < 1e-5 and errors["normal"].max() < 2e-4


@BOTH
def test_float16_weights_give_nearly_the_same_answers(engine, i):
    half = copy.deepcopy(engine.network).half()
    errors = forward_errors(half, i)
    assert 1e-4 < np.median(errors["normal"]) < 5e-3  # it did compute in float16
    assert np.median(errors["points"]) < 1e-3


def test_what_is_read_from_float16_features_is_not_rounded_to_float16():
    stack = ConvStack([8], [8], [1], [], 0).half()
    (read,) = stack([torch.randn(1, 8, 30, 40, generator=torch.Generator().manual_seed(0)).half()])
    assert read.dtype == torch.float32 and (read != read.half()).float().mean() > 0.9


def test_a_large_picture_is_averaged_not_sampled(engine):
    fine = (np.indices((280, 280)).sum(axis=0) % 2)[None, None].repeat(3, axis=1)
    pictures = torch.from_numpy(np.concatenate([fine, np.full_like(fine, 0.5, np.float32)]).astype(np.float32))
    with torch.inference_mode():  # looked at with 56 px, so five pixels make one
        checkered, grey = engine.network(pictures, 16)["mask"]
        assert (checkered - grey).abs().max() < 0.1 * (engine.network(pictures[:1] * 0, 16)["mask"] - grey).abs().max()


@BOTH
def test_focal_and_shift_are_recovered_as_officially(i):
    known = answers()
    points, inside = known[f"recover_{i}_points"], known[f"recover_{i}_mask"]
    focal, shift = recover_focal_shift(points, inside)
    assert focal == pytest.approx(known[f"recover_{i}_focal"], abs=1e-5)
    assert shift == pytest.approx(known[f"recover_{i}_shift"], abs=1e-5)
    true = float(known[f"recover_{i}_focal_true"])
    assert recover_focal_shift(points, inside, true) == (true, pytest.approx(known[f"recover_{i}_shift_known_focal"]))


@BOTH
def test_the_estimate_without_a_lens_is_the_official_one(engine, i):
    estimate = looking(engine, i).estimate(picture(i))
    official, positive = answers()[f"infer_{i}_depth"], answers()[f"infer_{i}_mask"] > 0
    np.testing.assert_allclose(estimate.depth[positive], official[positive], atol=1e-3)
    focal = answers()[f"infer_{i}_intrinsics"].diagonal()[:2].min()  # as a share of each side: least on the longer
    assert estimate.fov_deg == pytest.approx(np.degrees(2 * np.arctan(0.5 / focal)), abs=1e-3)
    assert (official[~positive & np.isfinite(estimate.depth)] <= 0).all()  # what officially has no depth has one here


@BOTH
def test_the_estimate_with_a_lens_is_the_official_one(engine, i):
    h, w, _ = picture(i).shape
    focal_px = 0.5 * w / np.tan(np.radians(60) / 2)
    lens = Camera.from_intrinsics(focal_px, focal_px, w / 2, h / 2, w, h)
    estimate = looking(engine, i).estimate(picture(i), lens)
    inside = answers()[f"forward_{i}_mask"] > 0.5
    np.testing.assert_array_equal(np.isfinite(estimate.depth), inside)
    np.testing.assert_allclose(estimate.depth[inside], answers()[f"infer_fov60_{i}_depth"][inside], atol=1e-3)
    assert estimate.fov_deg == pytest.approx(max(lens.fov_deg))


# -- known answers -----------------------------------------------------------------------------------------------------


class Told(MogeNetwork):
    """A network that sees what it is told to."""

    def __init__(self, depth: np.ndarray, camera: Camera, shift: float = 0.0, scale: float = 1.0, **told: np.ndarray):
        torch.nn.Module.__init__(self)
        points = camera.rays() * (np.where(np.isfinite(depth), depth, 9.0) / scale)[..., None] - (0, 0, shift)
        self.told = {"points": points, "mask": np.isfinite(depth), "metric_scale": np.array(scale), **told}

    def forward(self, image, num_tokens):
        return {key: torch.from_numpy(np.asarray(value, np.float32))[None] for key, value in self.told.items()}


def told(view, **told) -> MogeDepth:
    return MogeDepth(Told(view.depth, view.camera, **told), Placement())


@pytest.mark.parametrize("size", [(128, 96), (60, 160), (320, 40), (40, 320)])
@pytest.mark.parametrize("world", [tilted_plane, sphere_over_plane, box_room, ground_and_sky])
def test_depth_and_lens_of_a_known_world_come_back(world, size):
    view = world().view(world().camera(*size))
    estimate = told(view, shift=0.5, scale=2.5).estimate(view.image)
    np.testing.assert_allclose(estimate.depth, view.depth, rtol=1e-3)
    assert estimate.fov_deg == pytest.approx(world().fov_deg, abs=0.05)


def test_a_lens_that_is_known_settles_what_points_alone_leave_open():
    camera = Camera.from_intrinsics(90.0, 90.0, 64.0, 48.0, 128, 96)
    flat = np.full((96, 128), 4.0, np.float32)  # seen head on: any distance will do, if the lens changes with it
    engine = MogeDepth(Told(flat, camera, shift=1.5), Placement())
    depth = engine.estimate(np.zeros((96, 128, 3), np.float32), camera).depth
    np.testing.assert_allclose(depth, flat, rtol=1e-4)


def test_what_lies_outside_does_not_bend_the_lens():
    view = ground_and_sky().view(ground_and_sky().camera(128, 96))
    engine = told(view, shift=0.5)
    engine.network.told["points"][np.isinf(view.depth)] = np.nan
    estimate = engine.estimate(view.image)
    np.testing.assert_allclose(estimate.depth, view.depth, rtol=1e-3)


@pytest.mark.parametrize("inside", [0, 1])
def test_too_few_points_leave_everything_as_it_is(inside):
    where = np.zeros((64, 64), bool)
    where[0, :inside] = True
    points = np.ones((64, 64, 3), np.float32)
    assert recover_focal_shift(points, where) == (1.0, 0.0)
    assert recover_focal_shift(points, where, 0.7) == (0.7, 0.0)


@pytest.mark.parametrize("mirrored", [False, True])
def test_points_without_a_lens_still_give_one(mirrored):
    view = tilted_plane().view(tilted_plane().camera())
    engine = told(view)
    engine.network.told["points"] *= (-1, -1, 1) if mirrored else (0, 0, 1)
    estimate = engine.estimate(view.image)
    assert np.isfinite(estimate.depth).all() and (estimate.depth > 0).all()
    Camera.from_fov(estimate.fov_deg, 128, 96)


@pytest.mark.parametrize("bad", [-5.0, 0.0, np.nan, np.inf])
def test_a_pixel_without_a_sensible_depth_takes_its_neighbours(bad):
    view = tilted_plane().view(tilted_plane().camera())
    engine = told(view)
    engine.network.told["points"][40, 50] = bad
    depth = engine.estimate(view.image, view.camera).depth
    assert depth[40, 50] in (depth[39, 50], depth[41, 50], depth[40, 49], depth[40, 51])
    np.testing.assert_allclose(depth, view.depth, rtol=0.02)


def test_nothing_inside_is_all_sky_and_the_stage_says_so():
    view = tilted_plane().view(tilted_plane().camera())
    sky = told(replace(view, depth=np.full_like(view.depth, np.inf)), normal=np.ones((96, 128, 3)))
    estimate = sky.estimate(view.image)
    assert np.isinf(estimate.depth).all() and not estimate.normals.any()
    with pytest.raises(InputError, match="all sky"):
        drain(find_depth(Source(view.image, None, None), sky))


def test_normals_face_the_camera_and_those_that_do_already_stay():
    view = ground_and_sky().view(ground_and_sky().camera())
    said = np.broadcast_to(np.array([0.0, -1.0, 0.0]), (96, 128, 3)).copy()  # the ground's own: up
    said[-1, :20] = 0, 1, 0  # turned over
    said[-1, 20:30] = 0
    said[-1, 30:40] = np.nan
    normals = told(view, normal=said).estimate(view.image, view.camera).normals
    solid = np.isfinite(view.depth)
    assert not normals[~solid].any()
    np.testing.assert_allclose(np.linalg.norm(normals[solid], axis=-1), 1, atol=1e-6)
    assert ((normals * view.camera.rays()).sum(axis=-1)[solid] < 0).all()
    below = solid & (view.camera.rays()[..., 1] > 0)
    below[-1, :40] = False
    np.testing.assert_allclose(normals[below], said[below], atol=1e-6)


def test_a_network_without_normals_gives_none():
    view = tilted_plane().view(tilted_plane().camera())
    assert told(view).estimate(view.image).normals is None


# -- the role ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [(16, 16), (389, 517), (20, 160), (160, 20)])
@pytest.mark.parametrize("known", [False, True])
def test_pictures_of_any_size_get_a_sound_estimate(engine, size, known):
    h, w = size
    image = np.random.default_rng(h).random((h, w, 3)).astype(np.float32)
    estimate = replace(engine, tokens=64).estimate(image, Camera.from_fov(70.0, w, h) if known else None)
    assert estimate.depth.shape == size and estimate.depth.dtype == np.float32
    assert (estimate.depth > 0).all() and np.isfinite(estimate.depth).any()  # NaN > 0 is false
    assert estimate.normals.dtype == np.float32 and np.isfinite(estimate.normals).all()
    assert 1.0 <= estimate.fov_deg <= 175.0
    if known:
        assert estimate.fov_deg == pytest.approx(70.0)


def test_the_same_picture_gives_the_same_bytes(engine, file):
    a, b = (replace(e, tokens=64).estimate(picture(0)) for e in (engine, load_moge(file, Placement())))
    assert a.depth.tobytes() == b.depth.tobytes() and a.normals.tobytes() == b.normals.tobytes()
    assert a.fov_deg == b.fov_deg


def test_it_plays_its_role_and_more_care_means_more_tokens(engine):
    assert isinstance(engine, DepthEstimator) and isinstance(engine, Adjustable) and engine.name == "MoGe-2"
    careful = engine.at(EngineSettings(depth_tokens=3600))
    assert careful.tokens == 3600 and careful.network is engine.network
    coarse = engine.at(EngineSettings(depth_tokens=30)).estimate(picture(0))
    fine = engine.at(EngineSettings(depth_tokens=90)).estimate(picture(0))
    assert np.abs(coarse.normals - fine.normals).max() > 1e-3


# -- sizes -------------------------------------------------------------------------------------------------------------


def parameters_of(make: Callable[[], torch.nn.Module]) -> int:
    with torch.device("meta"):
        return sum(p.numel() for p in make().parameters())


def test_the_published_configuration_gives_the_published_size():
    assert parameters_of(lambda: MogeNetwork(**VITL)) == pytest.approx(330.9e6, abs=0.05e6)


@pytest.mark.parametrize(
    ("name", "millions"), [("dinov2_vits14", 22.1), ("dinov2_vitb14", 86.6), ("dinov2_vitl14", 304.4)]
)
def test_every_backbone_has_its_published_size(name, millions):
    assert parameters_of(lambda: DinoV2(name)) == pytest.approx(millions * 1e6, abs=0.05e6)


@pytest.mark.parametrize("name", SIZES)
def test_every_backbone_makes_a_network_that_sees(name):
    config = copy.deepcopy(CASE["model_config"])
    config["encoder"] |= {"backbone": name, "intermediate_layers": 2}
    config["scale_head"] = {"dims": [SIZES[name][0], 1]}
    with torch.device("meta"):
        output = MogeNetwork(**config)(torch.zeros(1, 3, 30, 40), 12)
    assert {key: tuple(value.shape) for key, value in output.items()} == {
        "points": (1, 30, 40, 3), "normal": (1, 30, 40, 3), "mask": (1, 30, 40), "metric_scale": (1,),
    }  # fmt: skip


def test_options_left_out_have_the_official_defaults():
    stack = ConvStack([4, 4], [64, 32], None, "bilinear")
    assert [type(layer).__name__ for layer in stack.res_blocks[0][0].layers] == [
        "GroupNorm", "ReLU", "Conv2d", "GroupNorm", "ReLU", "Conv2d",
    ]  # fmt: skip
    assert [stack.res_blocks[0][0].layers[i].num_groups for i in (0, 3)] == [1, 2]
    outputs = stack([torch.zeros(1, 4, 3, 5), torch.zeros(1, 4, 6, 10)])
    assert [tuple(x.shape) for x in outputs] == [(1, 64, 3, 5), (1, 32, 6, 10)]


# -- files that cannot be used -----------------------------------------------------------------------------------------


def refusal(path: Path) -> str:
    with pytest.raises(ModelUnavailable) as caught:
        load_network(path)
    assert str(path) in caught.value.what and "gen3d download" in caught.value.remedy
    return caught.value.what


def test_missing_weights_are_named(tmp_path):
    weights = dict(drawn_weights())
    del weights["neck.res_blocks.1.0.layers.2.bias"]
    torch.save({"model_config": CASE["model_config"], "model": weights}, tmp_path / "model.pt")
    assert "it lacks neck.res_blocks.1.0.layers.2.bias" in refusal(tmp_path / "model.pt")


def test_weights_of_another_shape_are_named(tmp_path):
    path = write_tiny_moge(tmp_path / "model.pt", scale_head__4__bias=torch.zeros(2))
    assert "scale_head.4.bias" in refusal(path)


def test_weights_too_many_are_tolerated_and_named(tmp_path, engine):
    path = write_tiny_moge(tmp_path / "model.pt", extra__head__weight=torch.zeros(2))
    assert load_moge(path, Placement()).unexpected == ("extra.head.weight",)
    assert engine.unexpected == ()


def test_a_file_that_is_not_there_or_damaged_is_refused(tmp_path, file):
    assert "are not at" in refusal(tmp_path / "model.pt")
    whole = file.read_bytes()
    for name, content in {"empty": b"", "truncated": whole[: len(whole) // 2], "noise": whole[::-1]}.items():
        (tmp_path / name).write_bytes(content)
        assert "cannot be used" in refusal(tmp_path / name)


class Trap:
    """Runs when it is unpickled."""

    def __init__(self, sprung: Path) -> None:
        self.sprung = sprung

    def __reduce__(self):
        return Path.touch, (self.sprung,)


def test_a_file_that_would_run_code_is_refused_and_does_not_run(tmp_path):
    path, sprung = tmp_path / "model.pt", tmp_path / "sprung"
    torch.save({"model_config": CASE["model_config"], "model": {"trap": Trap(sprung)}}, path)
    refusal(path)
    assert not sprung.exists()
    torch.load(path, weights_only=False)
    assert sprung.exists()  # the trap works
    path.write_bytes(pickle.dumps(Trap(tmp_path / "other"), protocol=2))
    refusal(path)
    assert not (tmp_path / "other").exists()


@pytest.mark.parametrize("content", [[1, 2], {"model": {}}, {"model_config": {}, "model": {}}, torch.zeros(3)])
def test_a_file_of_something_else_is_refused(tmp_path, content):
    torch.save(content, tmp_path / "model.pt")
    assert "cannot be used" in refusal(tmp_path / "model.pt")


@pytest.mark.parametrize(
    ("part", "change", "word"),
    [
        ("encoder", {"backbone": "dinov2_vitg14"}, "dinov2_vitg14"),
        ("encoder", {"intermediate_layers": [5, 99]}, "out of range"),
        ("neck", {"resamplers": "magic"}, "magic"),
        ("neck", {"res_block_in_norm": "magic"}, "magic"),
        ("neck", {"activation": "silu"}, "silu"),
        ("neck", {"num_res_blocks": [0, 2]}, "argument"),
        ("points_head", {"dim_res_blocks": "many"}, ""),
        ("mask_head", {"surprise": 1}, "surprise"),
    ],
)
def test_a_malformed_configuration_is_refused(tmp_path, part, change, word):
    config = copy.deepcopy(CASE["model_config"])
    config[part] |= change
    torch.save({"model_config": config, "model": {}}, tmp_path / "model.pt")
    assert word in refusal(tmp_path / "model.pt")


@pytest.mark.parametrize("config", [{}, None, CASE["model_config"] | {"remap_output": "sinh"}])
def test_a_configuration_of_another_kind_is_refused(tmp_path, config):
    torch.save({"model_config": config, "model": {}}, tmp_path / "model.pt")
    assert "cannot be used" in refusal(tmp_path / "model.pt")
