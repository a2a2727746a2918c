"""Connected parts of a region, against flooding from each of its pixels."""

import numpy as np
import pytest

from gen3d.geometry.components import components, numbered

H, W = 23, 31


def flooded(region, right, down, falling, rising):
    """The parts as `numbered` has them, each flooded from its first pixel."""
    joined = {}
    for joints, a, b in ((right, (0, 0), (0, 1)), (down, (0, 0), (1, 0)), (falling, (0, 0), (1, 1)),
                         (rising, (1, 0), (0, 1))):  # fmt: skip
        for y, x in zip(*np.nonzero(joints[: H - max(a[0], b[0]), : W - max(a[1], b[1])]), strict=True):
            one, other = (y + a[0], x + a[1]), (y + b[0], x + b[1])
            joined.setdefault(one, []).append(other)
            joined.setdefault(other, []).append(one)
    label, count = np.zeros(region.shape, int), 0
    for start in zip(*np.nonzero(region), strict=True):
        if label[start]:
            continue
        count += 1
        label[start], left = count, [start]
        while left:
            for place in joined.get(left.pop(), []):
                if region[place] and not label[place]:
                    label[place] = count
                    left.append(place)
    return label, np.bincount(label.ravel(), minlength=count + 1)


@pytest.mark.parametrize("share", [0, 0.4, 0.6, 0.9, 1])
def test_parts_are_those_that_flooding_finds_in_the_order_of_their_first_pixels(share):
    rng = np.random.default_rng(3)
    region = rng.random((H, W)) < share
    nowhere = np.zeros((H, W), bool)
    for found, wanted in zip(components(region), flooded(region, region, region, nowhere, nowhere), strict=True):
        np.testing.assert_array_equal(found, wanted)


@pytest.mark.parametrize("share", [0.2, 0.5])
def test_neighbours_are_of_one_part_only_where_they_are_joined(share):
    rng = np.random.default_rng(4)
    region = rng.random((H, W)) < 0.8
    joints = [rng.random(shape) < share for shape in ((H, W - 1), (H - 1, W), (H - 1, W - 1), (H - 1, W - 1))]
    for found, wanted in zip(numbered(region, *joints), flooded(region, *joints), strict=True):
        np.testing.assert_array_equal(found, wanted)
