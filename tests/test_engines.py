"""ENGINES, the only list of engines: what holds for every row, and that a row added to it is found everywhere."""

import ast
import subprocess
import sys
from dataclasses import fields, replace
from pathlib import Path

import pytest

import gen3d.models
from bench.engines import readme_table
from gen3d.cli import main
from gen3d.errors import InputError, ModelUnavailable
from gen3d.formats.depth_file import read_depth
from gen3d.models import engines
from gen3d.models.base import ROLES, Models
from gen3d.models.builtin.bundle import builtin_models
from gen3d.models.engines import BUILTIN, ENGINES, TIERS, Engine, Knob, Network, choices, parse_use, preferred
from gen3d.models.pick import better_engines, load_models
from gen3d.models.weights.catalog import catalog, optional_weights, tier_weights
from gen3d.models.weights.wanted import Weights, single
from gen3d.run.budget import card_memory_gb
from gen3d.run.doctor import diagnose
from gen3d.run.thrift import with_less
from gen3d.settings import FAST, EngineSettings
from tests.fakes import FakeDepth
from tests.patience import PATIENCE_S
from tests.tiny_hub import at_home

ROOT = Path(__file__).parents[1]
BUILT_IN = builtin_models().names


# -- every row --------------------------------------------------------------------------------------------------------


def test_the_table_is_read_without_anything_heavy() -> None:
    program = "import sys; import gen3d.models.engines; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=PATIENCE_S
    )
    loaded = set(done.stdout.split())
    assert "gen3d.models.engines" in loaded and not loaded & {"torch", "numpy", "huggingface_hub", "transformers"}


def test_the_roles_of_the_table_are_those_of_the_bundle_and_a_key_names_one_engine_of_a_role() -> None:
    assert set(engines.roles()) == set(ROLES)
    for role in ROLES:
        keys = [engine.key for engine in choices(role)]
        assert len(keys) == len(set(keys))


def test_of_every_role_that_must_be_played_the_builtin_engine_is_the_last_resort_in_every_tier() -> None:
    required = [field.name for field in fields(Models) if field.name in ROLES and field.name in BUILT_IN]
    for role in required:
        for tier in TIERS:
            assert engines.candidates(role, tier)[-1].key == BUILTIN
            known = engines.candidates(role, tier)
            networks = [engine for engine in known if engine.weights and not engine.only_if_here]
            assert preferred(role, tier).weights or not networks, "and a network comes first"


@pytest.mark.parametrize("engine", ENGINES, ids=lambda engine: engine.key)
def test_a_row_names_a_function_of_an_engines_room(engine: Engine) -> None:
    module, _, function = engine.open.partition(":")
    assert module.split(".")[0] in ("adapters", "builtin")
    tree = ast.parse((Path(gen3d.models.__file__).parent / f"{module.replace('.', '/')}.py").read_text("utf-8"))
    assert function in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


def test_every_knob_is_a_setting_and_every_setting_a_knob_of_an_engine() -> None:
    assert {knob.setting for knob in engines.knobs()} == {field.name for field in fields(EngineSettings)}


def test_every_package_that_an_engine_needs_is_installed_with_the_app() -> None:
    installed = (ROOT / "requirements.txt").read_text(encoding="utf-8")
    assert all(f"\n{package}>=" in installed for package in engines.packages())


def test_the_readme_has_the_table_and_names_the_repositories_that_a_card_opens() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert readme_table() in readme, "python -m bench.engines --readme prints it"
    listed = readme.partition("\nmodels:\n")[2].partition("\nsuggested_hardware")[0]
    assert sorted(listed.replace("  - ", "").split()) == sorted(w.sources[0].repo for w in tier_weights("gpu"))


# -- one engine for one role ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "pair"),
    [
        ("depth=moge-2-vitb", ("depth", "moge-2-vitb")),
        (" text-to-image = flux-2-klein ", ("text_to_image", "flux-2-klein")),
        ("outpainter=builtin", ("outpainter", "builtin")),
    ],
)
def test_a_role_and_its_engine_are_read(text: str, pair: tuple[str, str]) -> None:
    assert parse_use(text) == pair


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("dpth=moge-2-vitb", r"no role 'dpth'.*depth=moge-2-vitl\|.*captioner=blip-clip"),
        ("depth=lama", r"no engine 'lama' for depth.*moge-2-vitl, moge-2-vitb, moge-2-vits, builtin"),
        ("depth=", r"no engine '' for depth.*moge-2-vitl"),
        ("depth", r"'depth' is not ROLE=ENGINE.*depth=moge-2-vitl\|"),
        ("", r"'' is not ROLE=ENGINE.*depth=moge-2-vitl\|"),
        ("captioner=builtin", r"no engine 'builtin' for captioner.*blip-clip"),
    ],
)
def test_a_role_or_an_engine_that_there_is_not_is_wrong_usage_that_lists_the_choices(text, told, tmp_path, capsys):
    with pytest.raises(InputError, match=told):
        parse_use(text)
    for command in (["build", "photo.png"], ["depth", "photo.png"], ["selftest"]):
        assert main([*command, "--use", text, "-o", str(tmp_path / "out")]) == 2
        last = capsys.readouterr().err.strip().splitlines()[-1]
        assert "--use" in last and told.partition(".*")[2].rpartition("|")[2].rpartition(".*")[2] in last


def test_python_takes_the_same_choice_and_refuses_the_same() -> None:
    with pytest.raises(InputError, match="no role 'dpth'"):
        load_models("builtin", use={"dpth": "builtin"})
    with pytest.raises(InputError, match="no engine 'lama' for depth"):
        load_models("auto", use={"depth": "lama"})
    program = "from gen3d.models.pick import load_models; load_models('best')"  # of the environment: no type is checked
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=PATIENCE_S)
    assert "InputError: " in done.stderr and "auto, builtin, hub" in done.stderr


def test_an_engine_that_is_picked_plays_its_role_and_the_others_are_as_they_would_be(hub_home) -> None:
    with at_home(hub_home):
        one = load_models("builtin", use={"background": "lama"})
        other = load_models("hub", tier="cpu", use={"depth": BUILTIN, "captioner": "blip-clip"})
    assert one.names == BUILT_IN | {"background": "LaMa"} and one.notices == ()
    assert other.names == {
        "depth": BUILT_IN["depth"], "segmenter": "SAM vit_b", "background": "LaMa", "outpainter": "LaMa",
        "text_to_image": BUILT_IN["text_to_image"], "captioner": "BLIP caption, CLIP category",
        "object_maker": BUILT_IN["object_maker"], "namer": "CLIP", "critic": "CLIP",
    }  # fmt: skip


def test_an_engine_that_is_picked_but_cannot_be_had_is_an_error_even_where_others_fall_back(tmp_path) -> None:
    with at_home(tmp_path), pytest.raises(ModelUnavailable, match="MoGe-2 vits"):
        load_models("auto", tier="cpu", use={"depth": "moge-2-vits"})


def test_an_engine_without_a_safety_checker_is_refused_where_pictures_are_to_pass_one() -> None:
    with pytest.raises(InputError, match=r"FLUX.2 klein has no safety checker.* Use stable-diffusion"):
        load_models("builtin", safety=True, use={"text_to_image": "flux-2-klein"})


def test_a_painter_needs_only_its_own_networks(hub_home, tmp_path) -> None:
    from tests.tiny_hub import without

    with at_home(without(hub_home, "controlnet-depth", tmp_path / "home")):
        models = load_models("auto", tier="gpu")
    assert models.names["background"] == "LaMa" and "Stable Diffusion" in models.names["outpainter"]
    assert [notice for notice in models.notices if "ControlNet depth" in notice] == list(models.notices)


# -- a row more -------------------------------------------------------------------------------------------------------

FAKE = Engine(
    "fake-depth", "A fake", ("depth",), lambda engine, opened: {"depth": FakeDepth()}, TIERS,
    (Weights("fake-weights", "Fake weights", (single("nobody/fake", "fake.bin"),), 10**9, "a licence", "a test"),),
    (Network("Fake network", 1000.0),), ("a-fake-package",), work_bytes=3e9,
    knob=Knob("diffusion_steps", least=1),
)  # fmt: skip


@pytest.fixture
def row(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    """The table with a row more, before the others; a machine without weights."""
    monkeypatch.setattr(engines, "ENGINES", (FAKE, *ENGINES))
    with at_home(tmp_path / "home"):
        yield FAKE


@pytest.mark.parametrize("command", [["build", "--help"], ["depth", "--help"], ["selftest", "--help"], ["presets"]])
def test_a_row_is_offered_by_the_command_line(row, command, capsys) -> None:
    assert main(command) == 0
    assert "fake-depth" in "".join(capsys.readouterr().out.split()), "lines of help may break at a hyphen"


def test_a_row_is_offered_to_be_downloaded(row, monkeypatch, capsys) -> None:
    assert tier_weights("cpu")[0] is tier_weights("gpu")[0] is catalog()["fake-weights"] is row.weights[0]
    assert main(["download", "--tier", "cpu"]) == 1
    assert "Fake weights, SAM vit_b" in capsys.readouterr().err
    monkeypatch.setattr(engines, "ENGINES", (*ENGINES, replace(row, only_if_here=True)))
    assert row.weights[0] in optional_weights() and row.weights[0] not in tier_weights("gpu")
    assert main(["download", "--tier", "cpu", "--also", "fake-weights"]) == 1
    assert "Fake weights" in capsys.readouterr().err


def test_a_row_is_seen_by_the_doctor(row) -> None:
    told = list(diagnose("cpu"))
    assert any(line.startswith("depth ") and "Fake weights" in line and "no, 1.00 GB" in line for line in told)
    assert any(line.startswith("depth ") and "fake-depth moge-2-vitl" in line and "builtin*" in line for line in told)
    assert any(line.startswith("networks") and "a-fake-package not installed" in line for line in told)
    assert any(line.startswith("Missing: Fake weights") for line in told)


def test_a_row_is_reckoned_with(row, monkeypatch) -> None:
    in_turns = card_memory_gb(FAST, offload=True)
    assert in_turns["depth"] == pytest.approx(2 * 1.0 + 3.0)
    moge = next(engine for engine in ENGINES if engine.key == "moge-2-vitl").networks[0]
    together = card_memory_gb(FAST)["optimize"]
    monkeypatch.setattr(engines, "ENGINES", ENGINES)
    assert together - card_memory_gb(FAST)["optimize"] == pytest.approx(2e-3 * (1000.0 - moge.millions), abs=0.02)


def test_a_row_takes_less_where_memory_is_short(row) -> None:
    assert with_less(EngineSettings(diffusion_steps=8)).diffusion_steps == 1


def test_a_row_plays_where_it_is_picked_and_where_it_is_the_best(row, tmp_path, capsys) -> None:
    assert isinstance(load_models("builtin", use={"depth": "fake-depth"}).depth, FakeDepth)
    assert isinstance(load_models("auto", tier="cpu").depth, FakeDepth)
    assert not isinstance(load_models("auto", tier="cpu", use={"depth": "builtin"}).depth, FakeDepth)
    assert better_engines(builtin_models(), "cpu")["depth"] == "A fake"
    photo, out = ROOT / "examples" / "room" / "rgb.jpg", tmp_path / "depth.npy"
    assert main(["depth", str(photo), "--engine", "builtin", "--use", "depth=fake-depth", "-o", str(out)]) == 0
    assert read_depth(out)[-1].mean() == pytest.approx(FakeDepth.near_m, rel=0.01)


def test_of_two_picks_for_a_role_the_later_counts(row, tmp_path) -> None:
    photo, out = ROOT / "examples" / "room" / "rgb.jpg", tmp_path / "depth.npy"
    picks = ["--use", "depth=builtin", "--use", "depth=fake-depth"]
    assert main(["depth", str(photo), "--engine", "builtin", *picks, "-o", str(out)]) == 0
    assert read_depth(out)[-1].mean() == pytest.approx(FakeDepth.near_m, rel=0.01)


def test_a_row_stands_in_the_readmes_table(row) -> None:
    assert "| `fake-depth`: A fake | depth | cpu, gpu | 1000 | 1.0 GB | a licence |" in readme_table()
