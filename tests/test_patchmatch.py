"""What the patch-based fill promises, on pictures whose completion is known."""

import numpy as np
import pytest
from scipy import ndimage

from gen3d.geometry import together
from gen3d.models.base import Inpainter
from gen3d.models.builtin import patch_search, patchmatch
from gen3d.models.builtin.patch_fill import PatchInpainter
from gen3d.models.builtin.patchmatch import fill_by_patches
from tests.measures import psnr


def bricks(h, w, shift=0):
    """A brick wall: period 16 x 24 pixels, every other course offset by half a brick, white joints of 2 pixels."""
    y, x = np.mgrid[:h, :w]
    course = (y + shift) // 8
    joint = ((y + shift) % 8 < 2) | ((x + 12 * (course % 2)) % 24 < 2)
    return np.where(joint[..., None], [0.9, 0.9, 0.85], [0.6, 0.3, 0.2]).astype(np.float32)


def rough(h, w, seed, colour=(1.0, 1.0, 1.0)):
    """Smoothed noise around mid-grey, standard deviation 0.12, tinted."""
    noise = ndimage.gaussian_filter(np.random.default_rng(seed).standard_normal((h, w)), 1.2)
    gray = 0.5 + 0.12 * noise / noise.std()
    return np.clip(gray[..., None] * colour, 0, 1).astype(np.float32)


def box(h, w, top, bottom, left, right):
    hole = np.zeros((h, w), bool)
    hole[top:bottom, left:right] = True
    return hole


def fill(image, hole, borrow=None, depth=None, seed=0):
    """Paints the hole magenta first, so that whatever leaks out of it is seen."""
    image = np.where(hole[..., None], np.float32([1, 0, 1]), image)
    depth = np.full(hole.shape, 3.0, np.float32) if depth is None else depth
    return fill_by_patches(image, hole, ~hole if borrow is None else borrow, depth, seed)


def gradient_energy(image, where):
    dy, dx = np.gradient(image.mean(axis=-1))
    return (dy**2 + dx**2)[where].mean()


def test_fill_leaves_known_pixels_bit_for_bit():
    image, hole = rough(60, 80, 1), box(60, 80, 20, 40, 30, 80)
    filled = fill(image, hole)
    assert filled.dtype == np.float32
    assert np.array_equal(filled[~hole], image[~hole])
    assert filled.min() >= 0 and filled.max() <= 1


@pytest.mark.parametrize(
    ("where", "at_least_db"), [((40, 76, 50, 92), 18), ((0, 120, 100, 144), 30)], ids=["inside", "outpainted"]
)
def test_fill_continues_a_brick_wall(where, at_least_db):
    # A mean-coloured hole has 13 dB; a single joint two pixels off costs the perfect fill everything above 25.
    wall, hole = bricks(120, 144), box(120, 144, *where)
    filled = fill(wall, hole)
    assert psnr(filled[hole], wall[hole]) > at_least_db


@pytest.mark.parametrize("axis", [0, 1])
def test_fill_continues_stripes(axis):
    phase = np.mgrid[:96, :96][axis] * (2 * np.pi / 12)
    stripes = np.repeat((0.5 + 0.4 * np.sin(phase))[..., None], 3, axis=2).astype(np.float32)
    hole = box(96, 96, 30, 66, 30, 66)
    assert psnr(fill(stripes, hole)[hole], stripes[hole]) > 30


def test_fill_is_as_sharp_as_what_it_continues():
    image, hole = rough(120, 160, 2), box(120, 160, 30, 90, 50, 120)
    ratio = gradient_energy(fill(image, hole), hole) / gradient_energy(image, hole)
    assert 0.6 < ratio < 1.4


def test_fill_has_no_visible_step_at_the_rim_of_a_slow_gradient():
    ramp = np.repeat(np.linspace(0.2, 0.8, 128, dtype=np.float32)[None, :, None], 96, axis=0).repeat(3, axis=2)
    hole = box(96, 128, 30, 66, 40, 90)
    filled = fill(ramp, hole)
    across = np.abs(np.diff(filled[30:66, :, 0], axis=1))
    assert across[:, 39].max() < 0.05 and across[:, 89].max() < 0.05


@pytest.mark.parametrize("foreground_depth", [1.0, 3.0], ids=["nearer", "as far"])
def test_fill_never_borrows_from_what_may_not_lend(foreground_depth):
    image, depth = rough(96, 128, 3, (0.5, 0.9, 0.6)), np.full((96, 128), 3.0, np.float32)
    foreground = box(96, 128, 20, 80, 40, 70)
    image[foreground] = (0.9, 0.1, 0.1)
    depth[foreground] = foreground_depth
    hole = box(96, 128, 15, 85, 70, 90)
    filled = fill(image, hole, ~hole & ~foreground, depth)
    assert (filled[hole][:, 0] < filled[hole][:, 1]).all()


def test_depth_says_which_surface_a_hole_continues():
    # Two textures of one mean and roughness, told apart by direction; nothing but depth says where they meet.
    ground = np.repeat(rough(1, 128, 4), 96, axis=0)
    wall = np.repeat(rough(96, 1, 5), 128, axis=1)
    far = np.mgrid[:96, :128][0] < 48
    image = np.where(far[..., None], wall, ground)
    hole = box(96, 128, 24, 72, 40, 128)
    filled = fill(image, hole, depth=np.where(far, 5.0, 2.0).astype(np.float32))
    dy, dx = np.gradient(filled.mean(axis=-1))
    upper, lower = box(96, 128, 26, 45, 44, 126), box(96, 128, 51, 70, 44, 126)
    assert (dy[upper] ** 2).mean() > 4 * (dx[upper] ** 2).mean()
    assert (dx[lower] ** 2).mean() > 4 * (dy[lower] ** 2).mean()


def test_sky_is_filled_from_sky():
    image, depth = rough(80, 100, 6, (0.9, 0.6, 0.3)), np.full((80, 100), 10.0, np.float32)
    image[:40] = (0.4, 0.6, 0.9)
    depth[:40] = np.inf
    hole = box(80, 100, 0, 80, 60, 100)
    filled = fill(image, hole, depth=depth)
    blue = filled[..., 2] > filled[..., 0]
    assert blue[:38, 60:].all() and not blue[42:, 60:].any()


def test_fill_is_reproducible_for_a_seed():
    image, hole = rough(60, 60, 7), box(60, 60, 20, 50, 20, 50)
    assert np.array_equal(fill(image, hole, seed=5), fill(image, hole, seed=5))
    assert not np.array_equal(fill(image, hole, seed=5), fill(image, hole, seed=6))


@pytest.mark.parametrize(("block_px", "threads"), [(8, 2), (8, 1), (24, 2)])
def test_neither_blocks_nor_threads_change_what_is_found(block_px, threads, monkeypatch):
    image, hole = rough(60, 90, 7), box(60, 90, 12, 50, 20, 90)
    monkeypatch.setattr(patch_search, "BLOCK_PX", 1000)
    row_by_row = fill(image, hole, seed=3)
    monkeypatch.setattr(patch_search, "BLOCK_PX", block_px)
    monkeypatch.setattr(together.config, "NUMBA_NUM_THREADS", threads)
    assert np.array_equal(fill(image, hole, seed=3), row_by_row)


@pytest.mark.parametrize("shape", [(40, 33), (21, 64)])
def test_matches_of_the_coarser_level_are_doubled_and_moved_to_the_nearest_that_lends(shape):
    (h, w), r, rng = shape, patchmatch.R, np.random.default_rng(0)
    half = (h + 1) // 2, (w + 1) // 2
    coarse = np.stack([rng.integers(0, half[0], half), rng.integers(0, half[1], half)], axis=-1)
    lends = rng.random(shape) < 0.3
    near = ndimage.distance_transform_edt(~lends, return_distances=False, return_indices=True)
    expected = np.empty((h, w, 2), np.int64)
    for y, x in np.ndindex(shape):
        cy, cx = np.clip(y // 2, r, half[0] - r - 1), np.clip(x // 2, r, half[1] - r - 1)
        v, u = coarse[cy, cx] * 2 + (y - 2 * cy, x - 2 * cx)
        expected[y, x] = near[:, np.clip(v, 0, h - 1), np.clip(u, 0, w - 1)]
    np.testing.assert_array_equal(patchmatch._upsampled(coarse, lends, h, w), expected)


def test_nothing_to_borrow_falls_back_to_diffusion():
    image = np.zeros((40, 40, 3), np.float32)
    image[:, 20:] = 1
    hole = box(40, 40, 10, 30, 10, 30)
    filled = fill(image, hole, np.zeros_like(hole))
    across = filled[20, 9:31, 0]
    assert (np.diff(across) >= -1e-4).all() and 0.3 < across[10:12].mean() < 0.7


def test_a_narrow_lender_spreads_its_own_colour_only():
    image = np.full((40, 40, 3), [0.9, 0.1, 0.1], np.float32)
    image[:, :4] = (0.1, 0.8, 0.2)
    hole = box(40, 40, 10, 30, 4, 30)
    filled = fill(image, hole, box(40, 40, 0, 40, 0, 4))
    assert np.allclose(filled[hole], (0.1, 0.8, 0.2), atol=0.02)


@pytest.mark.parametrize("shape", [(16, 16), (7, 9), (1, 12), (5, 64)])
def test_tiny_pictures_are_filled(shape):
    image, hole = rough(*shape, 8), np.zeros(shape, bool)
    hole[shape[0] // 3 :, shape[1] // 3 : 2 * shape[1] // 3] = True
    filled = fill(image, hole)
    assert np.isfinite(filled).all() and not np.allclose(filled[hole], (1, 0, 1), atol=0.1)


def test_what_lies_in_the_hole_does_not_matter():
    image, hole = rough(60, 60, 9), box(60, 60, 20, 40, 20, 40)
    depth = np.full((60, 60), 2.0, np.float32)
    other = np.where(hole[..., None], np.float32(np.nan), image)
    a, b = (fill_by_patches(i, hole, ~hole, depth, 0) for i in (image, other))
    assert np.array_equal(a, b)


def test_no_hole_gives_a_copy_and_only_hole_an_error():
    image, depth = rough(20, 20, 10), np.ones((20, 20), np.float32)
    none = np.zeros((20, 20), bool)
    same = fill_by_patches(image, none, ~none, depth, 0)
    assert np.array_equal(same, image) and same is not image
    with pytest.raises(ValueError, match="whole picture"):
        fill_by_patches(image, ~none, none, depth, 0)
    with pytest.raises(ValueError, match="depth must be positive"):
        fill_by_patches(image, none, ~none, depth * np.nan, 0)


def test_the_inpainter_plays_its_role():
    engine, image, hole = PatchInpainter(), rough(64, 64, 11), box(64, 64, 10, 54, 10, 54)
    depth = np.full((64, 64), 2.0, np.float32)
    assert isinstance(engine, Inpainter)
    filled = engine.inpaint(image, hole, ~hole, depth, prompt="a cat", seed=3)
    assert np.array_equal(filled, engine.inpaint(image, hole, ~hole, depth, seed=3))
    assert np.array_equal(filled[~hole], image[~hole])


def test_the_inpainter_continues_the_colours_at_the_rim():
    """A ramp: patches repeat it, the rim goes on from where it is; the red thing beside it lends nothing."""
    ramp = np.repeat(np.linspace(0.2, 0.8, 64, dtype=np.float32)[None, :, None], 48, axis=0) * np.ones(3, np.float32)
    hole, red = box(48, 64, 0, 48, 24, 32), box(48, 64, 0, 48, 32, 40)
    image = np.where(red[..., None], np.array([0.9, 0.0, 0.0], np.float32), ramp)
    filled = PatchInpainter().inpaint(image, hole, ~hole & ~red, np.full((48, 64), 2.0, np.float32))
    beside = box(48, 64, 0, 48, 24, 25)
    assert np.abs(filled - ramp)[beside].max() < 0.03
    assert (filled[hole][:, 0] - filled[hole][:, 1]).max() < 0.05


def test_the_inpainter_takes_colours_from_the_rim_and_detail_from_patches():
    """The hole in a rough yellow field is told to be as far as the blue beyond, of which alone there are patches."""
    noise, yellow, blue = rough(128, 128, 12) - 0.5, np.float32([0.8, 0.7, 0.2]), np.float32([0.2, 0.4, 0.8])
    far, hole = box(128, 128, 0, 40, 0, 128), box(128, 128, 60, 100, 44, 84)
    image = np.where(far[..., None], blue, yellow) + 0.2 * noise
    depth = np.where(far | hole, 30.0, 6.0).astype(np.float32)
    filled = PatchInpainter().inpaint(np.clip(image, 0, 1), hole, ~hole, depth)
    mean, change = filled[hole].mean(axis=0), np.abs(np.diff(filled.mean(axis=-1), axis=1, prepend=0))
    assert np.linalg.norm(mean - yellow) < 0.5 * np.linalg.norm(mean - blue)
    assert change[hole].mean() > 0.7 * change[box(128, 128, 4, 36, 4, 124)].mean()


def test_the_inpainter_leaves_patches_as_they_are_far_beside_the_photo():
    """Where the hole has a rim on one side only, what is known says little of what comes far from it."""
    image, hole = rough(64, 128, 13), box(64, 128, 0, 64, 72, 128)
    depth = np.full((64, 128), 2.0, np.float32)
    filled, far = PatchInpainter().inpaint(image, hole, ~hole, depth), box(64, 128, 0, 64, 96, 128)
    assert np.abs(filled - fill_by_patches(image, hole, ~hole, depth, 0))[far].max() < 0.01


def test_the_inpainter_continues_colours_from_past_a_rim_that_may_not_be_copied():
    image, hole = np.full((64, 64, 3), 0.4, np.float32), box(64, 64, 24, 40, 24, 40)
    ring = box(64, 64, 22, 42, 22, 42) & ~hole
    image[ring] = (0.9, 0.0, 0.0)
    filled = PatchInpainter().inpaint(image, hole, ~hole & ~ring, np.full((64, 64), 2.0, np.float32))
    assert np.abs(filled[hole] - 0.4).max() < 0.02
