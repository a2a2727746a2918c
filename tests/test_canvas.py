import numpy as np
import pytest

from gen3d.models.networks.canvas import CELL_PX, Canvas

RNG = np.random.default_rng(0)


@pytest.mark.parametrize(
    ("height", "width", "inner", "full"),
    [
        (389, 517, (512, 680), (512, 680)),
        (16, 16, (512, 512), (512, 512)),
        (64, 512, (128, 1024), (128, 1024)),
        (1500, 2000, (768, 1024), (768, 1024)),
        (600, 701, (600, 701), (600, 704)),
        (3000, 2, (1024, 1), (1024, 8)),
    ],
)
def test_a_canvas_has_a_working_size_and_whole_cells(height: int, width: int, inner: tuple, full: tuple) -> None:
    canvas = Canvas.fit(height, width, shortest_px=512, longest_px=1024)
    assert (canvas.inner, canvas.full) == (inner, full)


def test_a_picture_that_fits_comes_back_as_it_went() -> None:
    image = RNG.random((37, 53, 3), dtype=np.float32)
    canvas = Canvas.fit(37, 53, shortest_px=16, longest_px=64)
    laid = canvas.field(image)
    assert laid.shape == (40, 56, 3)
    np.testing.assert_allclose(laid[:, 53:], np.repeat(laid[:, 52:53], 3, axis=1))  # edges are repeated
    np.testing.assert_array_equal(canvas.back(laid), image)


@pytest.mark.parametrize(("shortest", "longest"), [(250, 300), (16, 100)], ids=["larger", "smaller"])
def test_nothing_bleeds_out_of_a_region_past_its_cells(shortest: int, longest: int) -> None:
    region = np.zeros((150, 170), bool)
    region[40:71, 33:90] = True
    image = np.where(region[..., None], np.float32([1, 0, 1]), np.float32(0.25))
    canvas = Canvas.fit(150, 170, shortest, longest)
    outside = ~canvas.cells(region)
    assert outside.mean() > 0.5
    np.testing.assert_allclose(canvas.field(image)[outside], 0.25, atol=1e-6)


def test_a_sliver_fills_every_cell_that_it_touches() -> None:
    sliver = np.zeros((48, 48), bool)
    sliver[13, 5:30] = True
    cells = Canvas.fit(48, 48, 48, 48).cells(sliver)
    expected = np.zeros((6, 6), bool)
    expected[1, 0:4] = True
    np.testing.assert_array_equal(cells[::CELL_PX, ::CELL_PX], expected)
    np.testing.assert_array_equal(cells, np.kron(expected, np.ones((CELL_PX, CELL_PX), bool)))


def test_no_region_is_lost_on_a_smaller_grid() -> None:
    dot = np.zeros((300, 400), bool)
    dot[217, 333] = True
    canvas = Canvas.fit(300, 400, 64, 100)
    assert canvas.cells(dot).any() and canvas.back_region(canvas.cells(dot))[217, 333]
