"""The end of the patch fill: steps of colour taken out, against a plain loop."""

import numpy as np
import pytest

from gen3d.geometry import together
from gen3d.models.builtin import patch_compose
from gen3d.models.builtin.patch_compose import diffuse, relax


def relaxed_plainly(picture, anchor, hole, right, down, screen, rounds, omega):
    """Over-relaxation pixel by pixel, as it is written down."""
    x, start, part = picture.astype(float), picture.astype(float), anchor | hole
    h, w = hole.shape
    for _ in range(rounds):
        for q, p in np.argwhere(hole):
            total, wanted = screen, screen * start[q, p]
            above, left = (q - 1, p, down[q - 1, p]), (q, p - 1, right[q, p - 1])
            for v, u, step in (above, left, (q, p + 1, -right[q, p]), (q + 1, p, -down[q, p])):
                if 0 <= v < h and 0 <= u < w and part[v, u]:
                    total, wanted = total + 1, wanted + x[v, u] + step
            if total > 0:
                x[q, p] += omega * (wanted / total - x[q, p])
    return x


def puzzle(channels, seed=0, shape=(14, 17)):
    """A hole to the frame's border, a pixel of it all alone, anchors beside it in part, and differences wanted."""
    draw = np.random.default_rng(seed)
    hole = np.zeros(shape, bool)
    hole[3:-3, 5:] = True
    hole[0, 0] = True
    anchor = ~hole & (draw.random(shape) < 0.7)
    anchor[:2, :2] = False
    picture, right, down = (draw.standard_normal((*shape, channels)).astype(np.float32) for _ in range(3))
    return picture, anchor, hole, 0.1 * right, 0.1 * down


@pytest.mark.parametrize(("channels", "screen"), [(3, 0.01), (5, 0.0), (4, 0.2), (1, 0.0)])
def test_relaxation_is_that_of_a_plain_loop(channels, screen):
    picture, anchor, hole, right, down = puzzle(channels)
    wanted = relaxed_plainly(picture, anchor, hole, right, down, screen, 12, 1.8)
    before = picture.copy()
    relax(picture, anchor, hole, right, down, screen, 12, 1.8)
    np.testing.assert_allclose(picture, wanted, atol=1e-4)
    assert np.array_equal(picture[~hole], before[~hole])
    if screen == 0:
        assert np.array_equal(picture[0, 0], before[0, 0])


@pytest.mark.parametrize("rows", [1, 5, 100])
@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("rounds", [1, 9, 40])
def test_neither_bands_nor_threads_change_what_is_relaxed(rounds, threads, rows, monkeypatch):
    picture, anchor, hole, right, down = puzzle(3, shape=(61, 20))
    wanted = relaxed_plainly(picture, anchor, hole, right, down, 0.01, rounds, 1.8)
    at_once, bands = picture.copy(), picture
    monkeypatch.setattr(patch_compose, "TURNS", 1)
    monkeypatch.setattr(patch_compose, "LEAST_ROWS", 200)
    relax(at_once, anchor, hole, right, down, 0.01, rounds, 1.8)
    monkeypatch.setattr(patch_compose, "TURNS", 4)
    monkeypatch.setattr(patch_compose, "LEAST_ROWS", rows)
    monkeypatch.setattr(together.config, "NUMBA_NUM_THREADS", threads)
    relax(bands, anchor, hole, right, down, 0.01, rounds, 1.8)
    np.testing.assert_allclose(at_once, wanted, atol=1e-4)
    np.testing.assert_array_equal(bands, at_once)


def test_a_picture_is_diffused_between_its_anchors():
    ramp = np.repeat(np.linspace(0, 1, 20, dtype=np.float32)[None, :, None], 12, axis=0).repeat(5, axis=2)
    hole = np.zeros((12, 20), bool)
    hole[:, 4:16] = True
    picture = np.where(hole[..., None], np.float32(9), ramp)
    diffuse(picture, hole, ~hole)
    np.testing.assert_allclose(picture, ramp, atol=1e-3)
