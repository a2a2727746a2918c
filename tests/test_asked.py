import json
from pathlib import Path

import pytest

from gen3d.errors import InputError
from gen3d.settings import PRESETS
from gen3d.stages.words import parse_prompt
from gen3d.ui.core.asked import LARGEST_PATH_BYTES, MOST_POSES, path_of, request_of, settings_of
from gen3d.ui.core.parse import LONGEST_PROMPT, SEEDS, new_seed

PATHS = ("wander", "orbit")


def asked(**changed):
    given = {
        "photo": "p.jpg", "depth": None, "prompt": None, "tab": "any", "path": "wander", "seed": 5.0, "fov_deg": 0.0,
        "units_per_metre": 1000.0,
    }  # fmt: skip
    prompts = dict(zip(("left", "right", "up", "down"), changed.pop("prompts", ()), strict=False))
    of_depth = ("depth_kind", "depth_channel", "turn_depth", "own_depth", "border")
    meant = dict(zip(of_depth, changed.pop("meant", ()), strict=False))
    return request_of(given | changed | prompts | meant, PATHS)


def test_what_is_set_arrives():
    request = asked(depth="d.png", prompt=" a lake ", fov_deg=60.0, units_per_metre=256.0, path="orbit")
    assert (request.photo, request.depth, request.prompt) == (Path("p.jpg"), Path("d.png"), "a lake")
    assert (request.fov_deg, request.depth_scale, request.path, request.seed) == (60.0, 256.0, "orbit", 5)


def test_empty_fields_mean_nothing_given():
    request = asked(prompt="  ", fov_deg=0.0, units_per_metre=0.0)
    assert request.prompt is None and request.fov_deg is None and request.depth_scale is None


@pytest.mark.parametrize(
    ("tab", "photo", "depth"),
    [("any", "p.jpg", "d.png"), ("photo", "p.jpg", None), ("depth", "p.jpg", "d.png"), ("text", None, None)],
)
def test_the_tab_says_which_inputs_count(tab, photo, depth):
    request = asked(tab=tab, depth="d.png", prompt="a lake")
    assert request.photo == (photo and Path(photo)) and request.depth == (depth and Path(depth))


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"tab": "photo", "photo": None}, "no photo"),
        ({"tab": "depth"}, "no depth file"),
        ({"tab": "secret"}, "no input tab"),
        ({"path": "/etc/passwd"}, "no camera path"),
        ({"path": "transforms.json"}, "no camera path"),
        ({"prompt": "x" * (LONGEST_PROMPT + 1)}, "characters"),
        ({"seed": -1.0}, "not a seed"),
        ({"seed": 1.5}, "not a seed"),
        ({"seed": float(SEEDS + 1)}, "not a seed"),
    ],
)
def test_what_the_page_would_not_offer_is_refused(changed, words):
    with pytest.raises(InputError, match=words) as refused:
        asked(**changed)
    assert refused.value.remedy


def test_words_belong_to_their_directions_and_empty_ones_to_none():
    assert asked(prompts=("a harbour", None, "  ", " sand ")).prompts == (("left", "a harbour"), ("down", "sand"))
    assert asked(prompts=(None, "", None, None)).prompts == asked().prompts == ()


def test_the_directions_are_those_that_the_command_line_knows():
    request = asked(prompts=("a", "b", "c", "d"))
    assert request.prompts == tuple(parse_prompt(text) for text in ("left=a", "right=b", "up=c", "down=d"))


def test_words_for_a_direction_are_bounded_like_the_prompt():
    assert asked(prompts=("x" * LONGEST_PROMPT,)).prompts
    with pytest.raises(InputError, match="501 characters"):
        asked(prompts=(None, None, None, "x" * (LONGEST_PROMPT + 1)))


def test_what_is_said_of_the_depth_arrives_and_empty_fields_say_nothing():
    request = asked(meant=("inverse", " depth.Z ", "yes", "ignore", "keep"))
    said = (request.depth_kind, request.depth_channel, request.turn_depth, request.own_depth, request.border)
    assert said == ("inverse", "depth.Z", "yes", "ignore", "keep")
    assert asked(meant=("auto", "", None, "use")) == asked(meant=()) == asked()


@pytest.mark.parametrize(
    "meant", [("feet", None, "auto", "use"), ("auto", "x" * 501, "auto", "use"), (None, None, "left", None)]
)
def test_what_is_no_choice_for_the_depth_is_refused(meant):
    with pytest.raises(InputError) as refused:
        asked(meant=meant)
    assert refused.value.field in ("depth_kind", "depth_channel", "turn_depth")


@pytest.fixture
def transforms(tmp_path):
    """Writes a file of that many frames."""

    def written(frames: int, **more) -> str:
        file = tmp_path / "own.json"
        file.write_text(json.dumps({"frames": [{}] * frames} | more))
        return str(file)

    return written


def test_an_uploaded_path_counts_instead_of_the_named_one(transforms):
    own = transforms(MOST_POSES)
    assert asked(path="orbit", transforms=own).path == own
    assert path_of("nowhere", own, PATHS) == own
    assert asked(path="orbit", transforms=None).path == asked(path="orbit", transforms="").path == "orbit"


@pytest.mark.parametrize(
    "content",
    [
        {"keyframes": [{}], "camera_path": [{}] * 300},
        {"camera_path": [{}]},
        {"animTracks": [{"keyframes": {"times": [0, 30]}}]},
    ],
)
def test_a_drawn_path_counts_by_its_keys(tmp_path, content):
    (tmp_path / "own.json").write_text(json.dumps(content))
    assert path_of("orbit", str(tmp_path / "own.json"), PATHS) == str(tmp_path / "own.json")


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"{", "own.json is not JSON. Give a nerfstudio transforms.json."),
        (b"\xff\xfe", "is not JSON"),
        (b"[" * 100_000, "is not JSON"),
        (b"[1]", "holds no list of frames"),
        (b'{"frames": {}}', "holds no list of frames"),
        (b'{"frames": []}', "holds no list of frames"),
        (b'{"animTracks": []}', "holds no list of frames"),
        (b'{"animTracks": [7]}', "holds no list of frames"),
        (b" " * (LARGEST_PATH_BYTES + 1), "own.json has 1.0 MB. Give at most 1 MB, and 240 frames."),
    ],
)
def test_what_is_no_path_is_refused_in_a_sentence(tmp_path, content, told):
    (tmp_path / "own.json").write_bytes(content)
    with pytest.raises(InputError) as refused:
        asked(transforms=str(tmp_path / "own.json"))
    assert told in str(refused.value)


def test_a_path_of_too_many_poses_is_refused(transforms):
    with pytest.raises(InputError, match=r"own\.json has 241 frames"):
        asked(transforms=transforms(MOST_POSES + 1))


def test_without_a_seed_one_is_drawn():
    assert len({asked(seed=None).seed for _ in range(5)}) > 1
    assert all(0 <= new_seed() <= SEEDS for _ in range(100))


def test_settings_are_the_presets_with_what_was_changed():
    assert settings_of("fast", 0.0, "occlusion") == PRESETS["fast"]
    settings = settings_of("balanced", 320.0, "paper")
    assert (settings.size_px, settings.layers.rule, settings.fit) == (320, "paper", PRESETS["balanced"].fit)


@pytest.mark.parametrize(
    "given", [("best", 0.0, "paper"), ("fast", 10.0, "paper"), ("fast", 9999.0, "paper"), ("fast", 0.0, "x")]
)
def test_unknown_settings_are_refused(given):
    with pytest.raises(InputError):
        settings_of(*given)
