import numpy as np
import pytest

from gen3d.geometry.colours import CHROMATIC, colour_name, dominant_colours

FLATS = {"red": (200, 40, 40), "green": (55, 145, 65), "white": (250, 250, 250)}


def filled(*rgb: float) -> np.ndarray:
    return np.full((40, 60, 3), np.array(rgb) / 255, np.float32)


def flats() -> np.ndarray:
    """Half red, a third green, a sixth white."""
    image = filled(*FLATS["red"])
    image[:, 30:50], image[:, 50:] = np.array(FLATS["green"]) / 255, np.array(FLATS["white"]) / 255
    return image


EVERYWHERE = np.ones((40, 60), bool)


def test_three_flats_come_back_with_their_names_colours_and_shares():
    found = dominant_colours(flats(), EVERYWHERE)
    assert found.names == ("red", "green", "white")
    np.testing.assert_allclose(found.shares, (1 / 2, 1 / 3, 1 / 6), atol=1e-6)
    np.testing.assert_allclose(found.rgb, np.array(list(FLATS.values())) / 255, atol=2e-3)


def test_only_the_region_counts():
    region = np.zeros((40, 60), bool)
    region[:, 40:] = True
    found = dominant_colours(flats(), region)
    assert found.names == ("green", "white")
    np.testing.assert_allclose(found.shares, (0.5, 0.5))


def test_a_flat_region_has_one_colour():
    found = dominant_colours(filled(40, 60, 90), EVERYWHERE)
    assert found.names == ("navy blue",) and found.shares.tolist() == [1.0]


def test_an_empty_region_has_none():
    found = dominant_colours(flats(), ~EVERYWHERE)
    assert found.names == () and found.rgb.shape == (0, 3) and found.shares.shape == (0,)


def test_shades_of_one_name_are_one_colour():
    """Light and shadow on a green wall, beside a smaller blue one: two names, the green whole."""
    image = filled(50, 100, 195)
    image[:, :45] = np.linspace(0.8, 1.1, 45)[None, :, None] * np.array(FLATS["green"], np.float32) / 255
    found = dominant_colours(image, EVERYWHERE)
    assert found.names == ("green", "blue")
    np.testing.assert_allclose(found.shares, (0.75, 0.25))


def test_a_gray_ramp_falls_into_neutrals_only():
    ramp = np.tile(np.linspace(0, 1, 60, dtype=np.float32)[None, :, None], (40, 1, 3))
    found = dominant_colours(ramp, EVERYWHERE, k=5)
    assert set(found.names) == {"black", "dark gray", "gray", "light gray", "white"}
    assert list(found.shares) == sorted(found.shares, reverse=True)


def test_what_is_rare_does_not_dominate():
    image = filled(55, 145, 65)
    image[:1] = (1, 0, 0)
    assert dominant_colours(image, EVERYWHERE).names == ("green",)


def test_a_large_noisy_picture_gives_the_same_answer_each_time_and_its_true_shares():
    rng = np.random.default_rng(0)
    image = filled(50, 100, 195).repeat(8, axis=0).repeat(8, axis=1)
    image[100:] = np.array(FLATS["red"]) / 255
    image = np.clip(image + rng.normal(0, 0.01, image.shape), 0, 1).astype(np.float32)
    everywhere = np.ones(image.shape[:2], bool)
    first, again = dominant_colours(image, everywhere, seed=3), dominant_colours(image, everywhere, seed=3)
    assert first.names == again.names == ("red", "blue")
    np.testing.assert_array_equal(first.rgb, again.rgb)
    np.testing.assert_allclose(first.shares, (220 / 320, 100 / 320), atol=0.02)


@pytest.mark.parametrize(("name", "rgb"), CHROMATIC)
def test_a_typical_colour_bears_its_name(name, rgb):
    assert colour_name(np.array(rgb, np.float32) / 255) == name


@pytest.mark.parametrize(
    ("rgb", "name"),
    [
        ((0, 0, 0), "black"), ((10, 12, 25), "black"), ((70, 70, 75), "dark gray"), ((150, 148, 143), "gray"),
        ((205, 210, 215), "light gray"), ((255, 255, 255), "white"), ((255, 0, 0), "red"), ((0, 0, 255), "blue"),
        ((0, 0, 128), "navy blue"), ((255, 255, 0), "yellow"), ((0, 255, 255), "turquoise"),
        ((86, 125, 50), "green"), ((40, 55, 25), "dark green"), ((135, 180, 225), "light blue"),
        ((140, 95, 60), "brown"), ((210, 185, 140), "beige"), ((240, 150, 90), "orange"),
    ],
)  # fmt: skip
def test_colours_bear_the_names_people_give_them(rgb, name):
    assert colour_name(np.array(rgb, np.float32) / 255) == name
