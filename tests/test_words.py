import numpy as np
import pytest

from gen3d.camera import Camera
from gen3d.errors import InputError
from gen3d.events import Progress, Started, product
from gen3d.geometry import trajectory
from gen3d.geometry.trajectory import PATHS, expansion_path, surround
from gen3d.stages.words import Words, background_prompt, direction, find_words, parse_prompt, prompt_for
from gen3d.values import Scale


def turned(*angles_deg: float) -> np.ndarray:
    return trajectory.turned(*map(float, angles_deg))


def moved(*xyz_m: float) -> np.ndarray:
    return trajectory.moved(*map(float, xyz_m))


HERE = Camera.from_fov(55.0, 64, 48)
BLUE, GREEN, RED = ((50, 100, 195), (55, 145, 65), (200, 40, 40))


class Teller:
    """A captioner that writes down what it is asked."""

    name = "teller"

    def __init__(self, caption: str = "a house by the sea") -> None:
        self.caption, self.asked = caption, []

    def describe(self, image: np.ndarray) -> str:
        self.asked.append("describe")
        return self.caption

    def categorize(self, image: np.ndarray) -> str:
        self.asked.append("categorize")
        return "harbor"


def photo() -> tuple[np.ndarray, np.ndarray]:
    """Two thirds blue and one third green behind a red thing."""
    image = np.full((48, 96, 3), np.array(BLUE) / 255, np.float32)
    image[:, 64:] = np.array(GREEN) / 255
    foreground = np.zeros((48, 96), bool)
    foreground[12:36] = True
    image[foreground] = np.array(RED) / 255
    return image, foreground


def run(prompt, captioner, foreground=None):
    """The stage's events and its product."""
    image, thing = photo()
    events = []
    words = product(find_words(image, thing if foreground is None else foreground, prompt, captioner), events.append)
    return events, words


def test_without_a_prompt_the_picture_is_captioned_and_its_background_put_in_the_papers_words():
    events, words = run(None, Teller())
    assert words.scene == "a house by the sea"
    assert words.background == "high-resolution harbor background with blue and green colors, photorealistic, 8K"
    assert isinstance(events[0], Started) and events[0].stage == "words"
    assert [(e.done, e.total) for e in events if isinstance(e, Progress)] == [(0, 2), (1, 2), (2, 2)]


def test_the_users_words_stand_and_no_caption_is_made():
    teller = Teller()
    _, words = run("my harbour", teller)
    assert words.scene == "my harbour" and words.background is not None
    assert teller.asked == ["categorize"]


@pytest.mark.parametrize("prompt", [None, "my harbour"])
def test_without_a_captioner_there_is_the_prompt_alone_and_nothing_to_be_told(prompt):
    assert run(prompt, None) == ([], Words(prompt, None))


def test_a_captioner_that_says_nothing_leaves_no_words():
    assert run(None, Teller(""))[1].scene is None


def test_a_foreground_that_fills_the_picture_leaves_no_colours():
    _, words = run(None, Teller(), np.ones((48, 96), bool))
    assert words.background == "high-resolution harbor background, photorealistic, 8K"


@pytest.mark.parametrize(
    ("colours", "said"),
    [((), ""), (("blue",), " with blue colors"), (("blue", "gray", "white"), " with blue, gray and white colors")],
)
def test_the_background_sentence_lists_its_colours(colours, said):
    assert background_prompt("street", colours) == f"high-resolution street background{said}, photorealistic, 8K"


@pytest.mark.parametrize(
    ("text", "parsed"),
    [("left=a harbour", ("left", "a harbour")), (" Up = clouds \n and birds ", ("up", "clouds and birds")),
     ("07=a gate", ("7", "a gate")), ("99=x=y", ("99", "x=y"))],
)  # fmt: skip
def test_a_prompt_says_where_and_what(text, parsed):
    assert parse_prompt(text) == parsed


@pytest.mark.parametrize("text", ["", "a harbour", "=a harbour", "left=", "left= ", "north=x", "0=x", "100=x", "-1=x"])
def test_a_prompt_that_does_not_is_refused_with_an_example(text):
    with pytest.raises(InputError, match="left=a harbour"):
        parse_prompt(text)


@pytest.mark.parametrize(
    ("c2w", "where"),
    [
        (turned(0), None), (turned(8), None), (turned(12), "right"), (turned(-12), "left"), (turned(100), "right"),
        (turned(-100), "left"), (turned(120), "back"), (turned(-120), "back"), (turned(180), "back"),
        (turned(0, 20), "up"), (turned(0, -20), "down"), (turned(20, -22.5), "down"), (turned(60, -22.5), "right"),
        (turned(170, 60), "up"), (turned(170, 20), "back"), (turned(170, 89.9), "up"),
        (moved(-0.1, 0, 0), "left"), (moved(0.1, 0.05, 0), "right"), (moved(0, -0.1, 0), "up"),
        (moved(0, 0.1, 0.05), "down"), (moved(0, 0, -1), None), (moved(0.1, 0, 1), None), (moved(1e-9, 0, 0), None),
        (trajectory.orbited(15.0, 0.0, 4.0), "right"), (trajectory.orbited(5.0, 0.0, 4.0), None),
    ],
)  # fmt: skip
def test_a_direction_is_where_a_view_looks_or_else_where_it_went(c2w, where):
    assert direction(HERE.posed(c2w)) == where


def test_the_wide_view_from_the_photos_place_has_no_direction():
    assert direction(surround(HERE)) is None


def test_a_full_turn_goes_left_then_back_then_right():
    told = [direction(camera) for camera in expansion_path("rotate360", HERE, Scale(3.0, 1.0))]
    assert told == [None, *["left"] * 3, *["back"] * 3, *["right"] * 3]


@pytest.mark.parametrize("factor", [0.01, 100.0])
@pytest.mark.parametrize("name", PATHS)
def test_directions_do_not_depend_on_the_scale(name, factor):
    one, other = (expansion_path(name, HERE, Scale(3.0 * f, 1.0 * f)) for f in (1.0, factor))
    assert [direction(camera) for camera in one] == [direction(camera) for camera in other]


PROMPTS = (("left", "a harbour"), ("2", "a gate"), ("up", "clouds"), ("left", "a market"))


@pytest.mark.parametrize(
    ("yaw", "number", "words"),
    [(-30, 1, "a market"), (-30, 2, "a gate"), (30, 2, "a gate"), (30, 3, "a town"), (0, None, "a town"),
     (-30, None, "a market")],
)  # fmt: skip
def test_a_number_comes_before_a_direction_and_that_before_the_scene(yaw, number, words):
    assert prompt_for(HERE.posed(turned(yaw)), number, "a town", PROMPTS) == words


def test_without_any_words_there_are_none():
    assert prompt_for(HERE, 1, None, ()) is None
