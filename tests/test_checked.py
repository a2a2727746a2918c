"""An engine that fails ends in a notice and another engine, or in two sentences; never in a traceback or bad scene."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from gen3d.camera import Camera
from gen3d.errors import EngineFailed, Gen3DError, InputError, OutOfMemory
from gen3d.events import Event, Finished, Notice
from gen3d.formats.ply import read_ply
from gen3d.models.base import ROLES, Models
from gen3d.models.builtin.bundle import builtin_models
from gen3d.request import Request
from gen3d.run.checked import CHECKED, checked, checked_rasterizer
from gen3d.run.steps import build, look
from gen3d.settings import FitSettings
from gen3d.splat.cpu.function import CpuRasterizer
from gen3d.splat.pick import pick_rasterizer
from gen3d.splat.role import Rasterizer
from tests.fakes import FakeCritic, FakeDepth, FakeInpainter
from tests.faulty import ALLOWED, FAULTS, RAISING, Card, SlopesOfNaN, faulty, raising
from tests.runs import TINY, inside, picture, room_models, save_rgbd
from tests.test_ply import some_gaussians
from tests.worlds import box_room

QUICK = replace(
    TINY, size_px=64, expand=replace(TINY.expand, poses=2),
    fit=FitSettings(iterations=3, reprojections=2, max_gaussians=5000), tour=replace(TINY.tour, frames=3),
)  # fmt: skip
ASKED = {
    "depth": (1, 2, 3), "segmenter": (1,), "background": (1,), "outpainter": (1, 2), "captioner": (1, 2),
    "rasterizer": (1, 2, 30),
}  # fmt: skip
"""Role -> at which of its calls it fails. The 30th drawing is one of those that look how far the scene holds."""
FAILING = [(role, fault, 1) for role in ASKED for fault in (*RAISING, *FAULTS[role])]
FAILING += [(role, f, at) for role in ASKED for at in ASKED[role][1:] for f in ("broken", next(iter(FAULTS[role])))]
ODD = [(role, oddity) for role in ALLOWED for oddity in ALLOWED[role] if "late" not in oddity]
STAND_INS = builtin_models().names | {"captioner": "nobody", "rasterizer": "cpu"}
QUICKLY = {
    ("depth", "NaN", 1), ("depth", "half", 1), ("depth", "broken", 3), ("segmenter", "out of memory", 1),
    ("background", "broken", 1), ("outpainter", "NaN", 1), ("captioner", "not there", 1), ("rasterizer", "NaN", 1),
}  # fmt: skip
"""The builds of these are tried by default; the others in `make test-all`."""


class RoomDepth(FakeDepth):
    """Sees the box room as it is, and otherwise what is expected."""

    def estimate(self, image: np.ndarray, camera: Camera | None = None, expected: np.ndarray | None = None):
        h, w, _ = image.shape
        world = box_room()
        said = world.view(world.camera(w, h)).depth if expected is None else expected
        return super().estimate(image, camera, said)


def room_engines(**roles: object) -> Models:
    return room_models(**({"depth": RoomDepth()} | roles))


def slow_unless(quick: bool, *case: object) -> object:
    """The parameters of a test, which is run by default or in `make test-all`."""
    return pytest.param(*case, marks=() if quick else pytest.mark.slow)


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Request:
    """A photo whose depth nobody tells, so that every role is asked."""
    return replace(save_rgbd(tmp_path_factory.mktemp("room"), width=64, height=48), depth=None)


def playing(role: str, fault: str, at: int) -> tuple[Models, Rasterizer]:
    """Fakes, of whom one is faulty from a call on."""
    true = Card() if role == "rasterizer" else getattr(room_engines(), role)
    spoilt = faulty(true, (RAISING | FAULTS[role] | ALLOWED[role])[fault], at)
    if role == "rasterizer":
        return room_engines(), spoilt
    return room_engines(**{role: spoilt}), pick_rasterizer()


def asked(room: Request, role: str) -> Request:
    """Something that needs the role, more than once where it can be."""
    if role == "text_to_image":
        return Request(prompt="a lake")
    return replace(room, path="rotate360") if role == "outpainter" else room


def notices(events: list[Event], engine: str) -> list[str]:
    return [event.text for event in events if isinstance(event, Notice) and event.text.startswith(engine)]


def check_whole(folder: Path) -> dict:
    """A scene of numbers, of the size of its photo; returns its record."""
    scene = read_ply(folder / "scene.ply")
    assert all(part.isfinite().all() for part in (scene.means, scene.scales, scene.opacities, scene.sh, scene.quats))
    run = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    assert (run["counts"]["width"], run["counts"]["height"]) == (64, 48) and len(scene) > 500
    for preview in ("photo", "depth", "layers"):
        assert picture(folder / "previews" / f"{preview}.png").shape == (48, 64, 3)
    return run


# -- a whole build ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("role", "fault", "at"), [slow_unless(case in QUICKLY, *case) for case in FAILING])
def test_another_plays_for_an_engine_that_fails_and_that_is_told(room, tmp_path, role, fault, at):
    models, rasterizer = playing(role, fault, at)
    name = rasterizer.name if role == "rasterizer" else getattr(models, role).name
    events = list(build(asked(room, role), models, rasterizer, QUICK, tmp_path / "out"))
    run, told = check_whole(tmp_path / "out"), notices(events, name)
    assert isinstance(events[-1], Finished) and 1 <= len(told) <= 3, "no more than once a step"
    assert all(f"so {STAND_INS[role]} plays" in text and "/secret" not in text for text in told)
    assert run["engines"][role] == f"{name}, then {STAND_INS[role]}" and set(told) <= set(run["notices"])


@pytest.mark.parametrize("fault", [slow_unless(f == "0 to 255", f) for f in (*RAISING, *FAULTS["text_to_image"])])
def test_for_an_artist_who_fails_the_world_painter_draws_and_that_is_told(room, tmp_path, fault):
    models, _ = playing("text_to_image", fault, 1)
    events = list(look(asked(room, "text_to_image"), models, QUICK, tmp_path / "out"))
    [told] = notices(events, "fake artist")
    assert "so world painter plays text to image from here on" in told
    assert [e for e in events if isinstance(e, Notice) and e.text.startswith("Drawn without a network: a lake")]


def test_what_nobody_else_can_draw_ends_in_two_sentences_and_leaves_nothing(tmp_path):
    models, _ = playing("text_to_image", "broken", 1)
    with pytest.raises(InputError, match=r"^No engine here can draw a sentence\. Give a photo"):
        list(look(Request(prompt="colourless ideas"), models, QUICK, tmp_path / "out"))
    assert inside(tmp_path) == set()


@pytest.mark.parametrize("role", ["segmenter", "background", "outpainter", "rasterizer"])
def test_a_builtin_engine_that_fails_ends_in_two_sentences_too(room, tmp_path, role):
    true = CpuRasterizer() if role == "rasterizer" else getattr(builtin_models(), role)
    broken = faulty(true, RAISING["broken"])
    models = replace(room_engines(), **{} if role == "rasterizer" else {role: broken})
    rasterizer = broken if role == "rasterizer" else pick_rasterizer()
    with pytest.raises(EngineFailed, match="nobody else here plays") as caught:
        list(build(room, models, rasterizer, QUICK, tmp_path / "out"))
    assert "/secret" not in str(caught.value) and inside(tmp_path) == set()


@pytest.mark.parametrize(
    ("role", "oddity"),
    [slow_unless(case[1] in ("empty", "no words"), *case) for case in ODD],
)
@pytest.mark.parametrize("at", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_what_a_role_allows_is_used_however_odd(room, tmp_path, role, oddity, at):
    models, rasterizer = playing(role, oddity, at)
    name = getattr(models, role).name
    try:
        events = list(build(asked(room, role), models, rasterizer, QUICK, tmp_path / "out"))
    except Gen3DError as error:
        assert oddity == "all sky" and at == 1 and "all sky" in error.what and inside(tmp_path) == set()
        return
    check_whole(tmp_path / "out")
    assert notices(events, name) == []


def test_slopes_that_are_no_numbers_end_the_fit_in_two_sentences(room, tmp_path):
    card = faulty(Card(), lambda drawn: replace(drawn, rgb=SlopesOfNaN.apply(drawn.rgb)))
    with pytest.raises(EngineFailed, match=r"^The fit of the scene broke down: step 1 on view .*\. Try another seed"):
        list(build(room, room_engines(), card, QUICK, tmp_path / "out"))
    assert inside(tmp_path) == set()


# -- late ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", ["depth", "segmenter", "background", "outpainter"])
def test_a_late_engine_is_waited_for_and_stops_in_between(room, tmp_path, role):
    models, rasterizer = playing(role, "late", 1)
    run = build(room, models, rasterizer, QUICK, tmp_path / "out", enough=lambda: True)
    assert [event.step for event in run if isinstance(event, Finished)][-1] == "build"
    check_whole(tmp_path / "out")
    run = build(room, models, rasterizer, QUICK, tmp_path / "cancelled")
    next(run), next(run)
    run.close()
    assert not (tmp_path / "cancelled").exists() and not list(tmp_path.glob(".*"))


# -- what passes -----------------------------------------------------------------------------------------------------


def test_answers_within_the_contract_pass_as_they_are():
    grey, hole = np.full((48, 64, 3), 0.5, np.float32), np.zeros((48, 64), bool)
    said, told = FakeDepth().estimate(grey), []
    own = room_models(depth=faulty(FakeDepth(), lambda _: said), background=faulty(FakeInpainter(), lambda _: grey))
    held = checked(own, told.append)
    assert held.depth.estimate(grey).depth is said.depth and told == []
    assert held.background.inpaint(grey, hole, ~hole, said.depth) is grey and told == []


def test_a_checked_bundle_has_the_names_notices_and_gaps_of_its_own():
    models = replace(room_models(text_to_image=None), notices=("one",), device="cuda")
    held = checked(models, print)
    assert held.names == models.names and (held.notices, held.device) == (("one",), "cuda")
    assert held.text_to_image is None and set(CHECKED) == set(ROLES)


KNOWN_HALF = np.arange(64) < 32


def judged(fault, tell=print) -> np.ndarray:
    """What a critic that is spoilt so says of a light picture whose left half is known."""
    light, free = np.full((48, 64, 3), 0.9, np.float32), np.broadcast_to(~KNOWN_HALF, (48, 64))
    return checked(room_models(critic=faulty(FakeCritic(), fault)), tell).critic.judge(light, free, "a room", 1)


@pytest.mark.parametrize("fault", [*RAISING, *FAULTS["critic"]])
def test_a_critic_that_fails_ends_in_two_sentences_since_nobody_plays_for_it(fault):
    with pytest.raises(EngineFailed, match=r"^fake critic .*, and nobody else here plays critic\. Try again") as caught:
        judged((RAISING | FAULTS["critic"])[fault])
    assert "/secret" not in str(caught.value)


@pytest.mark.parametrize("oddity", [lambda s: s * 1e30, lambda s: -s, lambda s: 0 * s, lambda s: s.astype(np.float64)])
def test_a_gradient_of_any_scale_passes_as_long_as_what_is_known_is_left_alone(oddity):
    told: list[str] = []
    slope = judged(oddity, told.append)
    assert slope.dtype == np.float32 and not slope[:, KNOWN_HALF].any() and told == []


def test_half_precision_may_round():
    grey, hole = np.full((8, 8, 3), 1.0, np.float32), np.zeros((8, 8), bool)
    soft = faulty(room_models().background, lambda filled: filled + 0.002)
    told: list[str] = []
    checked(room_models(background=soft), told.append).background.inpaint(grey, hole, ~hole, grey[..., 0])
    assert told == []


def test_a_card_without_memory_is_no_failing_engine():
    full = room_models(depth=faulty(FakeDepth(), raising(torch.OutOfMemoryError("CUDA out of memory"))))
    with pytest.raises(torch.OutOfMemoryError):
        checked(full, print).depth.estimate(np.zeros((8, 8, 3), np.float32))


def test_what_an_engine_says_about_the_request_is_passed_on():
    strict = room_models(depth=faulty(FakeDepth(), raising(InputError("No.", "Give another photo."))))
    with pytest.raises(InputError, match="another photo"):
        checked(strict, print).depth.estimate(np.zeros((8, 8, 3), np.float32))


@pytest.mark.parametrize("error", [MemoryError(), RuntimeError("DefaultCPUAllocator: can't allocate memory")])
def test_main_memory_that_runs_out_is_told_in_two_sentences(room, tmp_path, monkeypatch, error):
    monkeypatch.setattr("gen3d.pipeline.lift_layers", lambda *_: raising(error)(None))
    with pytest.raises(OutOfMemory, match=r"ran out of memory\. Use a smaller size"):
        list(build(room, room_engines(), pick_rasterizer(), QUICK, tmp_path / "out"))
    assert inside(tmp_path) == set()


def test_gradients_pass_through_whoever_draws():
    broken = checked_rasterizer(faulty(Card(), RAISING["broken"]), print)
    g = some_gaussians(20, degree=0)
    g.sh.requires_grad_()
    broken.render(g, Camera.from_fov(60.0, 16, 12)).rgb.sum().backward()
    assert g.sh.grad.isfinite().all() and broken.name == "card, then cpu"
