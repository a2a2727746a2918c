"""A card whose memory is short: what is reckoned, measured, tried again with less, and told. No card is needed."""

import json
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import Any

import pytest
import torch

from bench.full_size import NETWORKS
from gen3d.cli import main
from gen3d.errors import OutOfMemory
from gen3d.events import Notice
from gen3d.formats.ply import read_ply
from gen3d.models import pick as load
from gen3d.models import placement
from gen3d.models.base import Models
from gen3d.models.engines import ENGINES, preferred
from gen3d.models.pick import load_models
from gen3d.models.placement import ROOMY_BYTES, Placement, is_out_of_memory, placement_here
from gen3d.run import doctor, thrift
from gen3d.run import steps as pipeline
from gen3d.run.budget import PLAYS_IN, card_memory_gb
from gen3d.run.record import Record, card_peak_mb, merged
from gen3d.run.thrift import Thrift, memory_told
from gen3d.settings import BALANCED, FAST, PRESETS, EngineSettings
from gen3d.splat.cpu.function import CpuRasterizer
from gen3d.splat.pick import pick_rasterizer
from tests.fakes import FakeDepth, FakeInpainter, FakeSegmenter
from tests.measures import drain
from tests.rasterizers import a_card
from tests.runs import TINY, inside, room_models
from tests.tiny_hub import at_home

FULL = torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.")


# -- tried again ------------------------------------------------------------------------------------------------------


@dataclass
class Greedy:
    """Plays a role after so many refusals for want of memory."""

    role: Any
    refusals: int
    error: Exception = FULL
    calls: int = 0

    @property
    def name(self) -> str:
        return self.role.name

    def _play(self, *args: Any, **kwargs: Any) -> Any:
        self.calls += 1
        if self.calls <= self.refusals:
            raise self.error
        return getattr(self.role, self.verb)(*args, **kwargs)

    @property
    def verb(self) -> str:
        return next(verb for verb in ("estimate", "segment", "inpaint") if hasattr(self.role, verb))


class GreedyDepth(Greedy):
    estimate = Greedy._play


class GreedySegmenter(Greedy):
    segment = Greedy._play


class GreedyInpainter(Greedy):
    inpaint = Greedy._play


ROLES = {
    "depth": lambda refusals, **more: GreedyDepth(FakeDepth(), refusals, **more),
    "segmenter": lambda refusals, **more: GreedySegmenter(FakeSegmenter(), refusals, **more),
    "background": lambda refusals, **more: GreedyInpainter(FakeInpainter(), refusals, **more),
    "outpainter": lambda refusals, **more: GreedyInpainter(FakeInpainter(), refusals, **more),
}


def built_with(request, folder, models: Models, rasterizer=None) -> tuple[dict, list]:
    events = list(pipeline.build(request, models, rasterizer or CpuRasterizer(), TINY, folder))
    return json.loads((folder / "run.json").read_text(encoding="utf-8")), events


@pytest.mark.parametrize("role", ROLES)
def test_a_network_that_does_not_fit_is_tried_once_more_with_less_and_the_run_says_so(role, built, tmp_path):
    photo = replace(built.request, depth=None) if role == "depth" else built.request
    run, events = built_with(photo, tmp_path / "scene", room_models(**{role: ROLES[role](1)}))
    told = [e.text for e in events if isinstance(e, Notice) and "tried again with less" in e.text]
    assert len(told) == 1 and told[0] in run["notices"]
    assert len(read_ply(tmp_path / "scene" / "scene.ply")) > 1000


@pytest.mark.parametrize("role", ROLES)
def test_a_second_failure_is_two_sentences_and_leaves_nothing(role, built, tmp_path):
    photo = replace(built.request, depth=None) if role == "depth" else built.request
    with pytest.raises(OutOfMemory, match=r"does not hold this.*--device cpu"):
        built_with(photo, tmp_path / "scene", room_models(**{role: ROLES[role](1000)}))
    assert inside(tmp_path) == set()


@dataclass
class SmallCard(CpuRasterizer):
    """Holds so many Gaussians with a gradient, and no more."""

    most: int
    device: str = "cpu:0"
    fullest: int = 0

    def render(self, gaussians, camera):
        if gaussians.means.requires_grad:
            if len(gaussians) > self.most:
                raise torch.OutOfMemoryError("CUDA out of memory.")
            self.fullest = max(self.fullest, len(gaussians))
        return super().render(gaussians, camera)


def test_a_fit_that_does_not_fit_has_half_the_gaussians_and_one_view_a_step(built, tmp_path):
    full = len(read_ply(built.folder / "scene.ply"))
    assert full < TINY.fit.max_gaussians  # so that half of what is allowed has to be fewer than there are
    settings = replace(TINY, fit=replace(TINY.fit, max_gaussians=full))
    card = SmallCard(most=int(0.7 * full))
    events = list(pipeline.build(built.request, room_models(), card, settings, tmp_path / "scene"))
    assert any("tried again" in e.text for e in events if isinstance(e, Notice))
    assert 0 < card.fullest <= full // 2 and 0 < len(read_ply(tmp_path / "scene" / "scene.ply")) <= full // 2


def test_a_card_that_holds_not_even_half_is_told(built, tmp_path, capsys):
    with pytest.raises(OutOfMemory):
        list(pipeline.build(built.request, room_models(), SmallCard(most=10), TINY, tmp_path / "scene"))
    assert inside(tmp_path) == set()


def test_the_video_and_pictures_of_a_scene_tell_too(built, tmp_path, monkeypatch, capsys):
    class Full(CpuRasterizer):
        def render(self, gaussians, camera):
            raise torch.OutOfMemoryError("CUDA out of memory.")

    with pytest.raises(OutOfMemory):
        list(pipeline.tour(built.request, built.folder, Full(), TINY, tmp_path / "tour"))
    monkeypatch.setattr("gen3d.splat.pick.pick_rasterizer", lambda *_: Full())
    cameras = str(built.folder / "transforms.json")
    assert main(["render", str(built.folder / "scene.ply"), "--cameras", cameras, "-o", str(tmp_path / "out")]) == 1
    told = capsys.readouterr().err
    assert told.startswith("gen3d: The memory of the card") and "Traceback" not in told
    assert inside(tmp_path) == set()


def test_any_other_failure_stays_what_it_is(built, tmp_path, monkeypatch):
    calls = []

    def broken(*_):
        yield Notice("It begins.")
        calls.append(1)
        raise RuntimeError("the kernel is wrong")

    monkeypatch.setattr("gen3d.pipeline.split_layers", broken)
    with pytest.raises(RuntimeError, match="the kernel is wrong"):
        built_with(built.request, tmp_path / "scene", room_models())
    assert calls == [1]


def test_what_shrinks_is_everything_at_once_and_only_once(monkeypatch):
    released = []
    monkeypatch.setattr(thrift, "let_go", lambda: released.append(True))
    careful = Thrift(BALANCED, room_models())

    def stage(t):
        yield Notice(f"{t.settings.fit.max_gaussians} {t.settings.fit.views_a_step} {t.settings.engines.depth_tokens}")
        if t.settings.fit.max_gaussians == BALANCED.fit.max_gaussians:
            raise FULL
        return "a scene"

    product, events = drain(careful.run(stage))
    assert product == "a scene" and released == [True]
    first, told, second = (event.text for event in events)
    assert first == f"800000 {BALANCED.fit.views_a_step} 2500" and second == "400000 1 1200" and "400,000" in told
    assert drain(careful.run(stage))[0] == "a scene" and released == [True], "the next stage begins with less"

    def hopeless(t):
        yield Notice("")
        raise FULL

    with pytest.raises(OutOfMemory), memory_told():
        drain(careful.run(hopeless))
    assert released == [True]


def test_the_words_of_libraries_below_torch_are_understood():
    said = ["Triton Error [CUDA]: out of memory", "CUDA error: out of memory", "cuDNN error: CUDNN_STATUS_ALLOC_FAILED"]
    assert is_out_of_memory(FULL) and all(is_out_of_memory(RuntimeError(words)) for words in said)
    assert not is_out_of_memory(RuntimeError("a shape is wrong")) and not is_out_of_memory(ValueError("out of memory"))


# -- networks in turns ------------------------------------------------------------------------------------------------


def placements(part: Any) -> list[Placement]:
    if isinstance(part, Placement):
        return [part]
    inner = [getattr(part, f.name) for f in fields(part)] if is_dataclass(part) else []
    return [found for value in inner for found in placements(value)]


def test_every_network_of_the_hub_takes_turns_and_what_was_shared_stays_shared(hub_home, photo):
    with at_home(hub_home):
        models = load_models("hub", tier="gpu")
    turns = models.in_turns()
    placed = {role: placements(getattr(turns, role)) for role in load.ROLES if role != "object_maker"}
    assert all(p.offload for found in placed.values() for p in found)
    assert all(placed.values()), "a role whose networks cannot be moved"
    painting = [engine.diffusion for engine in (turns.background, turns.outpainter, turns.text_to_image)]
    assert len({id(painter.pipeline) for painter in painting}) == len({id(painter.busy) for painter in painting}) == 1
    assert turns.background.diffusion.busy is models.background.diffusion.busy
    assert not any(p.offload for p in placements(models.depth)), "the bundle itself is as it was"
    care = EngineSettings(depth_tokens=1200, mask_grid=2, diffusion_steps=1)
    a, b = (bundle.at(care).depth.estimate(photo).depth for bundle in (models, turns))
    assert (a == b).all()


@pytest.fixture
def photo():
    from tests.worlds import box_room

    return box_room().view(box_room().camera(32, 24)).image


class Travelling(torch.nn.Linear):
    """A network that notes where it is sent."""

    def __init__(self) -> None:
        super().__init__(2, 2)
        self.been: list[str] = []

    def to(self, *args, **kwargs):
        self.been.append(str(args[0]))
        return self


@dataclass(frozen=True, eq=False)
class Engine:
    network: Travelling
    placement: Placement
    name: str = "an engine"

    def in_turns(self):
        return replace(self, placement=self.placement.in_turns(self.network))

    def estimate(self, image, camera=None, expected=None):
        raise AssertionError("nobody asks")


def test_networks_leave_the_card_when_turns_begin_and_visit_it_for_a_call():
    engine = Engine(Travelling(), Placement("cuda"))
    moved = room_models(depth=engine).in_turns().depth
    assert moved.network is engine.network and engine.network.been == ["cpu"]
    with moved.placement.visiting(moved.network):
        assert engine.network.been[-1] == "cuda"
    assert engine.network.been == ["cpu", "cuda", "cpu"]


def test_engines_without_networks_stay_as_they_are():
    models = room_models()
    assert models.in_turns().depth is models.depth and models.in_turns().names == models.names


def test_networks_that_do_not_fit_together_when_they_are_opened_take_turns(monkeypatch):
    asked = []

    def opening(wish, where):
        asked.append(where.offload)
        if not where.offload:
            raise FULL
        return room_models()

    monkeypatch.setattr(load, "_bundle", opening)
    monkeypatch.setattr(placement, "placement_here", lambda device="auto": Placement("cuda"))
    [notice] = load_models("auto").notices
    assert asked == [False, True] and "take turns" in notice
    monkeypatch.setattr(placement, "placement_here", lambda device="auto": Placement("cuda", offload=True))
    monkeypatch.setattr(load, "_bundle", lambda *_: (_ for _ in ()).throw(FULL))
    with pytest.raises(torch.OutOfMemoryError):
        load_models("auto")


@pytest.mark.parametrize(("gib", "turns"), [(8, True), (12, True), (16, False), (24, False)])
def test_cards_of_every_size_get_a_placement_that_fits(monkeypatch, gib, turns):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda _: a_card(gib))
    assert placement_here() == Placement("cuda", offload=turns)
    for settings in PRESETS.values():
        assert max(card_memory_gb(settings, turns).values()) + doctor.CONTEXT_GB <= gib * 2**30 / 1e9


# -- reckoned ---------------------------------------------------------------------------------------------------------


def test_the_networks_that_are_reckoned_with_have_the_sizes_of_their_configurations_or_of_their_files():
    known = {
        "MoGe-2 vitl": "moge", "SAM vit_h": "sam-vit_h", "SAM vit_b": "sam-vit_b", "BLIP": "blip", "CLIP": "clip",
        "UNet": "unet", "VAE": "vae", "text": "text",
    }  # fmt: skip
    millions = {network.name: network.millions for engine in ENGINES for network in engine.networks}
    assert {name: NETWORKS[key].published for name, key in known.items()} == {name: millions[name] for name in known}
    assert millions["ControlNets"] == 2 * NETWORKS["controlnet"].published
    of_files = {name: engine for engine in ENGINES for name in (engine.name,) if name in millions and name not in known}
    stored = {"MoGe-2 vitb": 4e6, "MoGe-2 vits": 4e6, "FLUX.2 klein": 2e6}
    for name, engine in of_files.items() - {("LaMa", of_files["LaMa"])}:
        assert millions[name] == pytest.approx(engine.weights[0].size_bytes / stored[name], rel=2e-3)
    assert set(millions) - set(known) - set(of_files) == {
        "ControlNets", "LCM", "Shap-E prior", "Shap-E text", "Shap-E image", "Shap-E renderer",
    }  # fmt: skip


def test_memory_grows_with_the_preset_and_shrinks_when_networks_take_turns():
    for offload in (False, True):
        most = [max(card_memory_gb(PRESETS[name], offload).values()) for name in ("fast", "balanced", "quality")]
        assert most == sorted(most) and len(set(most)) == 3
    together, turns = card_memory_gb(FAST), card_memory_gb(FAST, offload=True)
    assert together.keys() == turns.keys() and all(turns[stage] < together[stage] for stage in turns)
    networks = {network for role in PLAYS_IN for network in preferred(role, "gpu").networks}
    weights = sum(1e6 * network.millions * network.parameter_bytes for network in networks) / 1e9
    assert min(together.values()) > weights
    assert tuple(together) == (*PLAYS_IN.values(), "optimize")


def test_the_targets_of_a_large_card_are_within_reach():
    """Peak at most 12 GB for fast, 24 GB for balanced."""
    assert max(card_memory_gb(FAST).values()) <= 12 and max(card_memory_gb(BALANCED).values()) <= 24


def test_a_card_that_holds_all_networks_has_room_for_every_preset():
    for settings in PRESETS.values():
        assert max(card_memory_gb(settings).values()) + doctor.CONTEXT_GB <= ROOMY_BYTES / 1e9


def test_the_doctor_tells_what_presets_take_and_what_this_card_holds(monkeypatch):
    told = "\n".join(doctor.diagnose("gpu"))
    rows = {line.split()[0]: line for line in told.splitlines() if line.split() and line.split()[0] in PRESETS}
    assert rows.keys() == PRESETS.keys()
    assert all("12 GB in turns" in row and row.endswith("24 GB") for row in rows.values())
    assert f"{max(card_memory_gb(FAST).values()):.1f}" in rows["fast"] and "This card" not in told
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda _: a_card(8))
    monkeypatch.setattr(doctor, "find_toolkit", lambda: None)
    told = "\n".join(doctor.diagnose("gpu"))
    assert "This card, its networks in turns, holds: fast, balanced" in told and "rasterizer   triton, if" in told


def test_the_doctor_says_who_would_draw(monkeypatch, tmp_path):
    def drawn() -> str:
        return next(line for line in doctor.diagnose("cpu") if line.startswith("rasterizer"))

    monkeypatch.setattr(doctor, "find_toolkit", lambda: None)
    assert "the processor's" in drawn() and "no CUDA toolkit" in drawn()
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda _: a_card())
    monkeypatch.setattr(doctor, "_version", lambda package: "1.5.3")
    assert drawn().startswith("rasterizer   triton")
    monkeypatch.setattr(doctor, "find_toolkit", lambda: tmp_path)
    assert drawn().startswith("rasterizer   gsplat") and str(tmp_path) in drawn()


# -- measured ---------------------------------------------------------------------------------------------------------


class Meter:
    """torch's account of a card, which a test fills."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.peak = 0
        monkeypatch.setattr(torch.cuda, "is_initialized", lambda: True)
        monkeypatch.setattr(torch.cuda, "max_memory_allocated", lambda: self.peak)
        monkeypatch.setattr(torch.cuda, "reset_peak_memory_stats", lambda: setattr(self, "peak", 0))

    def take(self, mebibytes: int) -> None:
        self.peak = max(self.peak, mebibytes << 20)


def test_a_run_on_a_card_says_what_each_stage_took(monkeypatch, built, tmp_path):
    meter = Meter(monkeypatch)

    class Weighed(FakeSegmenter):
        def segment(self, image, depth):
            meter.take(3000)
            return super().segment(image, depth)

    class Drawing(CpuRasterizer):
        def render(self, gaussians, camera):
            meter.take(700)
            return super().render(gaussians, camera)

    run, _ = built_with(built.request, tmp_path / "scene", room_models(segmenter=Weighed()), Drawing())
    assert run["card_peak_mb"].keys() == run["seconds"].keys()
    assert {k: v for k, v in run["card_peak_mb"].items() if v} == {"layers": 3000, "optimize": 700, "flythrough": 700}


def test_without_a_card_nothing_is_measured_and_none_is_woken(built):
    run = json.loads((built.folder / "run.json").read_text(encoding="utf-8"))
    assert run["card_peak_mb"] == {} and card_peak_mb() is None and not torch.cuda.is_initialized()


def test_a_scene_of_before_cards_were_measured_can_still_be_filmed(built, tmp_path):
    record = Record(built.request, TINY, {}, tmp_path)
    old = {k: v for k, v in record.as_json().items() if k != "card_peak_mb"}
    assert merged([old, record.as_json()])["card_peak_mb"] == {}


def test_the_picked_rasterizer_of_a_machine_without_a_card_needs_none():
    assert pick_rasterizer().name == "cpu" and not torch.cuda.is_initialized()
