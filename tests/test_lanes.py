"""Eight numbers side by side do what numpy does to eight, lane by lane."""

import math

import numpy as np
import pytest

from gen3d.splat.cpu import lanes
from gen3d.splat.cpu.kernels import kernel

A = np.float32([1.5, -2, 0, 3e4, np.nan, -0.25, 7, 1e-3])
B = np.float32([1.5, 2, -1, 3, 1, np.inf, 0.5, -1e-3])


def of_two(operation):
    """What a kernel makes of two vectors."""

    @kernel(cache=False)
    def run(a, b, out):
        lanes.put(out, np.uint64(1), operation(lanes.take(a, np.uint64(0)), lanes.take(b, np.uint64(0))))

    out = np.full(10, 42, np.float32)
    run(A, B, out)
    assert out[0] == out[9] == 42
    return out[1:9]


OPERATIONS = {
    "sum": (lambda a, b: a + b, lambda a, b: a + b),
    "difference of one": (lambda a, b: np.float32(2) - b, lambda a, b: 2 - b),
    "product with one": (lambda a, b: a * np.float32(3), lambda a, b: 3 * a),
    "quotient": (lambda a, b: a / b, lambda a, b: a / b),
    "negative": (lambda a, b: -a, lambda a, b: -a),
    "smaller": (lambda a, b: min(a, b), lambda a, b: np.where(a < b, a, b)),
    "larger than one": (lambda a, b: max(a, np.float32(1)), lambda a, b: np.where(a > 1, a, 1)),
    "choice": (lambda a, b: lanes.choose(a >= b, a, np.float32(9)), lambda a, b: np.where(a >= b, a, 9)),
    "both": (
        lambda a, b: lanes.choose((a > np.float32(0)) & (b <= np.float32(1)), a, b),
        lambda a, b: np.where((a > 0) & (b <= 1), a, b),
    ),
    "but not": (
        lambda a, b: lanes.choose(lanes.but_not(b > np.float32(0), a > np.float32(0)), a, b),
        lambda a, b: np.where((b > 0) & ~(a > 0), a, b),
    ),
    "size": (lambda a, b: abs(a), lambda a, b: np.abs(a)),
    "square root": (lambda a, b: math.sqrt(a), lambda a, b: np.sqrt(a)),
    "equal": (lambda a, b: lanes.choose(a == b, a, b), lambda a, b: np.where(a == b, a, b)),
    "places": (lambda a, b: lanes.places() + lanes.all_lanes(np.float32(2)), lambda a, b: np.arange(8) + 2.0),
}  # fmt: skip


@pytest.mark.parametrize("name", OPERATIONS)
def test_an_operation_is_numpys(name):
    ours, plain = OPERATIONS[name]
    with np.errstate(all="ignore"):
        np.testing.assert_array_equal(of_two(kernel(ours, cache=False)), plain(A, B).astype(np.float32))


def test_a_total_folds_the_halves():
    @kernel(cache=False)
    def run(a):
        return lanes.total(lanes.take(a, np.uint64(0)))

    a = np.float32(np.random.default_rng(0).normal(size=8))
    four = a[:4] + a[4:]
    assert run(a) == (four[0] + four[2]) + (four[1] + four[3])
