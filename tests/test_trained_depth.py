"""The builtin depth network: its size, its file, and the contract of its role, with small random weights."""

from pathlib import Path

import numpy as np
import pytest
import torch

from gen3d.errors import ModelUnavailable
from gen3d.models.base import DepthEstimator
from gen3d.models.builtin.depthnet import Conv, DepthNet, DepthNetSize, parameters
from gen3d.models.builtin.trained_depth import TrainedDepth, along_edges, load_trained_depth
from tests.worlds import box_room
from training.export import LARGEST, load_average, write_weights

TINY = DepthNetSize((8, 8, 16, 16, 16))


@pytest.fixture(scope="module")
def network() -> DepthNet:
    torch.manual_seed(0)
    return DepthNet(TINY).folded()


def test_the_network_is_as_small_as_promised():
    whole = DepthNet()
    assert sum(parameters(whole)) <= 8_000_000
    assert sum(t.numel() * 2 for t in whole.state_dict().values()) <= LARGEST == 12_000_000


def test_folding_changes_no_answer():
    torch.manual_seed(1)
    network = DepthNet(TINY)
    for conv in (m for m in network.modules() if isinstance(m, Conv)):
        conv.norm.running_mean.normal_(0, 0.1)
        conv.norm.running_var.uniform_(0.5, 2)
    picture = torch.rand(1, 3, 64, 96)
    before = network.eval()(picture).inverse
    after = network.folded()(picture).inverse
    torch.testing.assert_close(before, after, rtol=1e-4, atol=1e-5)


def test_weights_written_and_read_are_those_of_the_network_in_float16(network, tmp_path):
    file = tmp_path / "net.safetensors"
    checksum = write_weights(network, file)
    assert checksum == write_weights(network, tmp_path / "again.safetensors")
    opened = load_trained_depth(file, checksum).network
    for name, value in network.state_dict().items():
        assert torch.equal(opened.state_dict()[name], value.half().float()), name


@pytest.mark.parametrize("harm", ["missing", "changed", "cut"])
def test_a_file_that_is_not_the_very_one_is_refused(network, tmp_path: Path, harm):
    file = tmp_path / "net.safetensors"
    checksum = write_weights(network, file)
    held = file.read_bytes()
    file.unlink()
    if harm != "missing":
        file.write_bytes(held[:-10] if harm == "cut" else held[:-1] + bytes([held[-1] ^ 1]))
    with pytest.raises(ModelUnavailable, match="missing or damaged"):
        load_trained_depth(file, checksum)


def test_a_network_too_large_for_the_package_is_not_written(tmp_path):
    wide = DepthNet(DepthNetSize((32, 48, 80, 128, 1024)))
    with pytest.raises(ValueError, match="12000000"):
        write_weights(wide.folded(), tmp_path / "wide.safetensors")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("size", [(72, 96), (97, 131), (16, 16), (64, 512), (256, 32), (1, 1)])
def test_depth_is_positive_or_sky_for_every_pixel_and_repeats(network, size):
    engine = TrainedDepth(network)
    assert isinstance(engine, DepthEstimator)
    image = np.random.default_rng(3).random((*size, 3), np.float32)
    said, again = engine.estimate(image), engine.estimate(image.copy())
    assert said.depth.shape == size and said.depth.dtype == np.float32
    assert (said.depth > 0).all() and not np.isnan(said.depth).any()
    assert np.array_equal(said.depth, again.depth) and said.fov_deg == again.fov_deg
    assert 0 < said.fov_deg < 180


def test_a_lens_that_is_known_and_depth_that_is_expected_are_not_guessed(network):
    camera = box_room().camera(96, 72)
    view = box_room().view(camera)
    engine = TrainedDepth(network)
    assert engine.estimate(view.image, camera).fov_deg is None
    assert np.array_equal(engine.estimate(view.image, camera, view.depth).depth, view.depth)


def test_steps_of_depth_follow_the_pictures_edges_and_the_sky_lends_no_depth():
    image = np.zeros((64, 64, 3), np.float32)
    image[:, 21:] = 0.9
    image[:16] = (0.3, 0.5, 0.9)
    inverse, sky = np.full((8, 8), 0.2, np.float32), np.zeros((8, 8), np.float32)
    inverse[:, :3], sky[:2], inverse[:2] = 1.0, 1.0, 9.0
    near, open_ = along_edges(inverse, sky, image)
    assert (open_[:16] > 0.5).all() and (open_[16:] < 0.5).all()
    np.testing.assert_allclose(near[20:, :21], 1.0, atol=0.02)
    np.testing.assert_allclose(near[20:, 24:], 0.2, atol=0.02)


def test_a_checkpoint_gives_back_its_network(tmp_path):
    torch.manual_seed(2)
    network = DepthNet(TINY)
    torch.save({"network": network.state_dict(), "widths": list(TINY.widths), "step": 1}, tmp_path / "average.pt")
    picture = torch.rand(1, 3, 64, 64)
    expected = network.eval()(picture).inverse
    torch.testing.assert_close(load_average(tmp_path)(picture).inverse, expected, rtol=1e-4, atol=1e-5)


def test_depth_is_the_same_on_any_number_of_threads():
    from gen3d.models.builtin.mixed_depth import MixedDepth

    photo = box_room().view(box_room().camera(96, 72)).image
    found, threads = [], torch.get_num_threads()
    for count in (1, 2, 4):
        torch.set_num_threads(count)
        found.append(MixedDepth().estimate(photo).depth)
        assert torch.get_num_threads() == count
    torch.set_num_threads(threads)
    assert all((depth == found[0]).all() for depth in found)
