import os
from pathlib import Path

import cv2
import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from gen3d.errors import ModelUnavailable
from gen3d.models.adapters import lama
from gen3d.models.adapters.lama import LamaInpainter, load_lama
from gen3d.models.base import Inpainter
from gen3d.models.networks.lama import LamaNetwork
from gen3d.models.placement import Placement
from tests.tiny_lama import save_tiny_lama

RED, BLUE = np.array([0.9, 0.1, 0.2], np.float32), np.array([0.1, 0.2, 0.8], np.float32)
EXPORTS = {
    "512 px, 0..255": {},
    "any size": {"side": None},
    "0..1": {"scale": 1.0},
    "hole first": {"swapped": True},
    "channels last": {"channels_last": True, "swapped": True},
    "other names": {"names": ("l_image_", "l_mask_", "add_42")},
    "float16": {"half": True},
}


@pytest.fixture(scope="module")
def tiny(tmp_path_factory) -> LamaInpainter:
    """Takes 64 x 64 pixels."""
    return load_lama(save_tiny_lama(tmp_path_factory.mktemp("lama") / "lama.onnx"), Placement())


@pytest.fixture
def shown(monkeypatch) -> list[tuple[np.ndarray, np.ndarray]]:
    """The pictures and holes that networks are given from now on."""
    given, fill = [], LamaNetwork.fill

    def watch(self, image, hole):
        given.append((image, hole))
        return fill(self, image, hole)

    monkeypatch.setattr(LamaNetwork, "fill", watch)
    return given


def noise(h: int, w: int) -> np.ndarray:
    return np.random.default_rng(0).random((h, w, 3), np.float32)


def region(h: int, w: int, *boxes: tuple[int, int, int, int]) -> np.ndarray:
    """True in the boxes (top, left, bottom, right)."""
    inside = np.zeros((h, w), bool)
    for top, left, bottom, right in boxes:
        inside[top:bottom, left:right] = True
    return inside


def fill(engine: LamaInpainter, image: np.ndarray, hole: np.ndarray, borrow: np.ndarray | None = None) -> np.ndarray:
    filled = engine.inpaint(image, hole, ~hole if borrow is None else borrow, np.ones(hole.shape, np.float32))
    assert filled.shape == image.shape and filled.dtype == np.float32
    assert filled.min() >= 0 and filled.max() <= 1
    np.testing.assert_array_equal(filled[~hole], image[~hole])
    return filled


@pytest.mark.parametrize("export", EXPORTS.values(), ids=EXPORTS.keys())
def test_every_export_fills_a_hole_with_what_surrounds_it(tmp_path, export):
    engine = load_lama(save_tiny_lama(tmp_path / "lama.onnx", **export), Placement())
    assert isinstance(engine, Inpainter)
    image, hole = np.empty((50, 40, 3), np.float32), region(50, 40, (20, 10, 30, 25))
    image[:] = RED
    image[hole] = BLUE
    np.testing.assert_allclose(fill(engine, image, hole)[hole], np.tile(RED, (150, 1)), atol=2e-3)


@pytest.mark.parametrize("side", [64, None])
@pytest.mark.parametrize("shape", [(389, 517), (16, 16), (320, 40), (40, 320), (1, 1)])
def test_all_sizes_come_back_with_known_pixels_untouched(tmp_path, side, shape):
    engine = load_lama(save_tiny_lama(tmp_path / "lama.onnx", side=side), Placement())
    h, w = shape
    image, hole = noise(h, w), region(h, w, (h // 4, w // 4, h - h // 4, w - w // 4), (0, 0, h // 8, w // 8))
    for filled in (fill(engine, image, hole), engine.prefill(image, hole, ~hole)):
        assert filled.dtype == np.float32 and filled.shape == (h, w, 3)
        np.testing.assert_array_equal(filled[~hole], image[~hole])
        assert hole.sum() <= 1 or (filled[hole] != image[hole]).any()


def test_the_same_call_gives_the_same_bytes_and_leaves_its_arguments_alone(tiny):
    image, hole = noise(100, 150), region(100, 150, (5, 5, 20, 20), (60, 60, 100, 120))
    before = image.copy(), hole.copy()
    first, again = fill(tiny, image, hole), fill(tiny, image, hole)
    assert first.tobytes() == again.tobytes()
    np.testing.assert_array_equal(image, before[0])
    np.testing.assert_array_equal(hole, before[1])


def test_without_a_hole_the_picture_comes_back(tiny, shown):
    image, hole = noise(30, 40), np.zeros((30, 40), bool)
    np.testing.assert_array_equal(fill(tiny, image, hole), image)
    np.testing.assert_array_equal(tiny.prefill(image, hole, ~hole), image)
    assert not shown


@pytest.mark.parametrize("way", ["inpaint", "prefill"])
@pytest.mark.parametrize("shape", [(48, 48), (200, 300)])
def test_only_what_may_be_borrowed_lends_its_looks(tiny, way, shape):
    h, w = shape
    image, hole = np.empty((h, w, 3), np.float32), region(h, w, (h // 3, w // 3, h // 2, w // 2))
    image[:, : w // 2], image[:, w // 2 :], image[hole] = RED, BLUE, 1.0
    borrow = region(h, w, (0, w // 2 + 1, h, w)) & ~hole
    depth = np.ones((h, w), np.float32)
    filled = tiny.inpaint(image, hole, borrow, depth) if way == "inpaint" else tiny.prefill(image, hole, borrow)
    np.testing.assert_allclose(filled[hole], np.tile(BLUE, (hole.sum(), 1)), atol=2e-3)
    np.testing.assert_array_equal(filled[~hole], image[~hole])


def test_if_nothing_may_be_borrowed_everything_known_is(tiny):
    image, hole = np.tile(RED, (40, 40, 1)), region(40, 40, (10, 10, 20, 20))
    image[hole] = BLUE
    nothing = np.zeros_like(hole)
    np.testing.assert_allclose(fill(tiny, image, hole, nothing)[hole], np.tile(RED, (100, 1)), atol=2e-3)
    np.testing.assert_array_equal(fill(tiny, image, hole, hole), fill(tiny, image, hole, nothing))


def test_if_nothing_is_known_the_network_is_left_to_itself(tiny):
    image, hole = noise(40, 90), np.ones((40, 90), bool)
    for filled in (fill(tiny, image, hole), tiny.prefill(image, hole, ~hole)):
        np.testing.assert_array_equal(filled, 0)  # the tiny network's own answer


def test_the_network_is_not_shown_what_is_in_the_hole(tiny, monkeypatch):
    class Session:
        def run(self, _, fed):
            assert set(np.unique(fed["mask"])) == {0, 1}
            np.testing.assert_array_equal(fed["image"][np.repeat(fed["mask"] == 1, 3, axis=1)], 0)
            return [255 * fed["image"]]

    monkeypatch.setattr(LamaNetwork, "_session", lambda self: Session())
    image, hole = noise(48, 48), region(48, 48, (10, 10, 30, 30))
    np.testing.assert_array_equal(fill(tiny, image, hole)[hole], 0)


def test_small_holes_of_a_large_picture_are_filled_at_full_size_in_windows(tiny, shown, monkeypatch):
    monkeypatch.setattr(lama, "CONTEXT_PX", 8)
    image = noise(200, 300)
    hole = region(200, 300, (0, 0, 10, 10), (20, 20, 30, 30), (150, 250, 160, 265))
    filled = fill(tiny, image, hole)
    assert [picture.shape for picture, _ in shown] == [(64, 64, 3)] * 2, "two share a window"
    for picture, dark in shown:
        assert any((picture == image[y : y + 64, x : x + 64]).all() for y, x in ((0, 0), (123, 225)))
        assert dark.any() and not dark.all()
    known = image * ~hole[..., None]
    window = np.ones((9, 9))
    total = cv2.filter2D(known, -1, window, borderType=cv2.BORDER_CONSTANT)
    count = cv2.filter2D((~hole).astype(np.float32), -1, window, borderType=cv2.BORDER_CONSTANT)
    beside = (155, 251)
    np.testing.assert_allclose(filled[beside], total[beside] / count[beside], atol=2e-3)


def test_a_hole_too_large_for_a_window_is_filled_in_the_reduced_picture(tiny, shown):
    image = np.tile(np.linspace(0, 1, 200, dtype=np.float32)[None, :, None], (100, 1, 3))
    hole = region(100, 200, (20, 40, 80, 160))
    filled = fill(tiny, image, hole)
    assert [dark.shape for _, dark in shown] == [(32, 64)]
    left, right = filled[50, 42, 0], filled[50, 157, 0]
    assert abs(left - 0.2) < 0.05 and abs(right - 0.8) < 0.05


def test_a_window_fills_only_the_holes_it_is_for(tiny, monkeypatch):
    monkeypatch.setattr(lama, "CONTEXT_PX", 8)
    image, large, small = noise(100, 300), region(100, 300, (20, 40, 80, 160)), region(100, 300, (45, 180, 55, 190))
    filled = fill(tiny, image, large | small)
    monkeypatch.setattr(lama, "MOST_WINDOWS", 0)
    reduced = fill(tiny, image, large | small)
    np.testing.assert_array_equal(filled[large], reduced[large])
    assert (filled[small] != reduced[small]).any()


def test_reducing_mixes_nothing_of_the_hole_into_what_is_known(tiny):
    image, hole = np.tile(RED, (90, 250, 1)), region(90, 250, (21, 41, 77, 203))
    image[hole] = BLUE
    np.testing.assert_allclose(fill(tiny, image, hole)[hole], np.tile(RED, (hole.sum(), 1)), atol=2e-3)


def test_many_scattered_holes_cost_few_runs(tiny, shown, monkeypatch):
    monkeypatch.setattr(lama, "CONTEXT_PX", 4)
    spots = [(y, x, y + 4, x + 4) for y in range(10, 290, 70) for x in range(10, 390, 70)]
    image, hole = noise(300, 400), region(300, 400, *spots)
    filled = fill(tiny, image, hole)
    assert len(shown) == lama.MOST_WINDOWS + 1
    assert all((filled[t:b, left:r] != image[t:b, left:r]).any() for t, left, b, r in spots)


def test_a_window_that_shows_nothing_to_lend_is_left_to_the_whole_picture(tiny, shown, monkeypatch):
    monkeypatch.setattr(lama, "CONTEXT_PX", 8)
    image = np.empty((64, 256, 3), np.float32)
    image[:, :200], image[:, 200:] = RED, BLUE
    hole = region(64, 256, (28, 20, 36, 30))
    filled = fill(tiny, image, hole, region(64, 256, (0, 210, 64, 256)))
    assert [picture.shape[:2] for picture, _ in shown] == [(16, 64)]
    np.testing.assert_allclose(filled[hole], np.tile(BLUE, (80, 1)), atol=2e-3)


def test_a_network_for_any_size_sees_the_whole_picture_up_to_a_limit(tmp_path, shown, monkeypatch):
    engine = load_lama(save_tiny_lama(tmp_path / "lama.onnx", side=None), Placement())
    shown.clear()
    hole = region(100, 150, (40, 40, 60, 60))
    fill(engine, noise(100, 150), hole)
    assert [dark.shape for _, dark in shown] == [(100, 150)]
    shown.clear()
    hole = region(60, 2048, (20, 40, 40, 60))
    fill(engine, noise(60, 2048), hole)
    assert [dark.shape for _, dark in shown] == [(30, 1024)]


@pytest.mark.parametrize(
    ("shape", "seen"), [((300, 400), (256, 341)), ((64, 96), (256, 384)), ((100, 800), (128, 1024))]
)
def test_prefill_sees_a_copy_of_256_pixels_along_the_shorter_side(tmp_path, shown, shape, seen):
    engine = load_lama(save_tiny_lama(tmp_path / "lama.onnx", side=None), Placement())
    shown.clear()
    image, hole = np.tile(RED, (*shape, 1)), region(*shape, (10, 10, 40, 50))
    image[hole] = BLUE
    filled = engine.prefill(image, hole, ~hole)
    assert [dark.shape for _, dark in shown] == [seen]
    np.testing.assert_allclose(filled[hole], np.tile(RED, (hole.sum(), 1)), atol=2e-3)


def test_prefill_fits_a_network_of_a_fixed_size(tiny, shown):
    tiny.prefill(noise(300, 400), region(300, 400, (10, 10, 40, 50)), np.ones((300, 400), bool))
    assert [dark.shape for _, dark in shown] == [(48, 64)]


def test_padding_goes_on_from_the_edge(tiny):
    image, hole = np.tile(RED, (40, 40, 1)), region(40, 40, (18, 38, 22, 39))
    image[:, -1] = BLUE
    blue = 9 * 4  # in the window of 9 x 9 about (20, 38): the picture's last column and three beyond it
    red = 9 * 4 + 5  # four columns before, and what is known of its own
    np.testing.assert_allclose(
        tiny.network.fill(image, hole)[20, 38], (blue * BLUE + red * RED) / (blue + red), atol=2e-3
    )


def test_a_forked_process_opens_a_session_of_its_own(tiny, monkeypatch):
    image, hole = noise(30, 30), region(30, 30, (10, 10, 20, 20))
    here = fill(tiny, image, hole)
    mine = tiny.network.sessions[os.getpid()]
    monkeypatch.setattr(os, "getpid", lambda: -1)
    np.testing.assert_array_equal(fill(tiny, image, hole), here)
    assert tiny.network.sessions.pop(-1) is not mine


def made(
    path: Path, inputs: dict[str, tuple], outputs: dict[str, tuple], *nodes: onnx.NodeProto, kind: int = 1
) -> Path:
    """An ONNX file with the given tensors."""
    values = [[helper.make_tensor_value_info(n, kind, s) for n, s in ends.items()] for ends in (inputs, outputs)]
    graph = helper.make_graph(list(nodes), "network", *values)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)
    return path


def damaged(path: Path, how: str) -> Path:
    picture, hole = (1, 3, 64, 64), (1, 1, 64, 64)
    add = helper.make_node("Add", ["image", "mask"], ["output"])
    match how:
        case "truncated":
            path.write_bytes(save_tiny_lama(path).read_bytes()[:-500])
        case "empty":
            path.write_bytes(b"")
        case "garbage":
            path.write_bytes(np.random.default_rng(0).bytes(5000))
        case "0 is a hole":
            save_tiny_lama(path, hole_is=0)
        case "white is 7":
            save_tiny_lama(path, scale=7.0)
        case "one input":
            made(path, {"image": picture}, {"output": picture}, helper.make_node("Identity", ["image"], ["output"]))
        case "bytes":
            made(path, {"image": picture, "mask": hole}, {"output": picture}, add, kind=TensorProto.INT32)
        case "no square":
            made(path, {"image": (1, 3, 64, 32), "mask": (1, 1, 64, 32)}, {"output": (1, 3, 64, 32)}, add)
    return path


DAMAGES = {
    "missing": "not at", "truncated": "", "empty": "", "garbage": "", "0 is a hole": "come back changed",
    "white is 7": "come back changed", "one input": "1 channel", "bytes": "int32", "no square": "64 x 32",
}  # fmt: skip


@pytest.mark.parametrize(("how", "why"), DAMAGES.items())
def test_files_that_hold_no_lama_are_told_by_name(tmp_path, how, why):
    path = damaged(tmp_path / "lama_fp32.onnx", how)
    with pytest.raises(ModelUnavailable, match=r"LaMa.*lama_fp32\.onnx") as told:
        load_lama(path, Placement())
    assert why in told.value.what and "gen3d download" in told.value.remedy
