import json
import os
import re
import select
import shutil
import signal
import struct
import subprocess
import sys
import time
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

import gen3d.models.pick
from gen3d.camera import Camera
from gen3d.cli import main
from gen3d.commands import COMMANDS
from gen3d.formats.depth_file import write_depth
from gen3d.formats.picture import write_png
from gen3d.formats.ply import write_ply
from gen3d.formats.transforms import read_transforms, write_transforms
from gen3d.geometry.likeness import psnr_db
from gen3d.geometry.trajectory import PATHS
from gen3d.settings import PRESETS
from gen3d.splat.gaussians import Gaussians, sh_from_rgb
from tests.fakes import FakeDepth, fake_models
from tests.patience import PATIENCE_S
from tests.runs import TINY, draw, inside, picture, room_models, save_rgbd

ROOT = Path(__file__).parents[1]


def start(*arguments: object) -> subprocess.Popen:
    """`python -m gen3d ...` as a process of its own, from the root of the repository."""
    return subprocess.Popen(
        [sys.executable, "-m", "gen3d", *map(str, arguments)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # a background shell's children ignore it
    )  # fmt: skip


def run(*arguments: object) -> int:
    """The command line in this process; its exit code."""
    try:
        return main([str(argument) for argument in arguments])
    except SystemExit as stop:
        return int(stop.code or 0)


@pytest.fixture
def quick(monkeypatch):
    """`build` with fakes for engines, and settings that finish at once."""
    monkeypatch.setattr(gen3d.models.pick, "load_models", lambda *_: room_models())
    monkeypatch.setitem(PRESETS, "balanced", TINY)


@pytest.fixture
def given(tmp_path):
    """A folder with photo.png and depth.npy; everything else in `tmp_path` was made by the command."""
    save_rgbd(tmp_path / "in")
    return tmp_path / "in"


# -- as a process of its own -----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def scene(tmp_path_factory):
    """What `gen3d build` made of a PNG pair: (folder, its standard output)."""
    home = tmp_path_factory.mktemp("scene")
    request = save_rgbd(home / "in", width=120, height=90)
    millimetres = np.rint(np.load(request.depth) * 1000).astype(np.uint16)
    Image.fromarray(millimetres).save(home / "in" / "depth.png")
    process = start(
        "build", request.photo, "--depth", home / "in" / "depth.png", "--fov", 60, "--preset", "fast", "--size", 96,
        "-o", home / "out",
    )  # fmt: skip
    out, err = process.communicate(timeout=PATIENCE_S)
    assert (process.returncode, err) == (0, "")
    return home / "out", out


def test_build_makes_a_scene_of_a_png_pair_and_tells_the_stages(scene):
    folder, out = scene
    assert {path.name for path in folder.iterdir()} == {
        "scene.ply", "scene.splat", "scene.view", "scene.html", "model3d.ply", "layers.npz", "flythrough.mp4",
        "transforms.json", "things.json", "run.json", "previews"
    }  # fmt: skip
    told = re.findall(r"^ *[0-9.]+ s  ([a-z]+)\b", out, re.MULTILINE)
    steps = ["source", "depth", "layers", "look", "background", "lift", "expand", "optimize", "flythrough"]
    assert told == [*steps, "grow", "tour", "build"]  # a video is drawn while the last of a scene's files are written
    assert out.rstrip().endswith(f"build is done: {folder}")
    record = json.loads((folder / "run.json").read_text())
    assert record["settings"]["preset"] == "fast" and record["settings"]["size_px"] == 96
    assert (record["counts"]["width"], record["counts"]["height"]) == (96, 72)
    assert record["counts"]["median_depth_m"] == pytest.approx(4.4, abs=0.2)  # metres, from millimetres
    assert psnr_db(draw(folder), picture(folder / "previews" / "photo.png")) > 28


def test_interrupting_a_build_leaves_nothing_behind(given, tmp_path):
    before = inside(tmp_path)
    process = start(
        "build",
        given / "photo.png",
        "--depth",
        given / "depth.npy",
        "--preset",
        "quality",
        "-o",
        tmp_path / "a" / "out",
    )
    assert process.stdout is not None
    seen, deadline = "", time.monotonic() + 60
    while "optimize" not in seen and time.monotonic() < deadline and process.poll() is None:
        if select.select([process.stdout], [], [], 1.0)[0]:
            seen += os.read(process.stdout.fileno(), 4096).decode()
    assert "optimize" in seen and len(inside(tmp_path)) > len(before)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 130
    assert err.count("\n") == 1 and err.startswith("gen3d: ") and "Traceback" not in err
    assert inside(tmp_path) == before


def test_a_failure_of_the_process_is_two_sentences_and_exit_code_1(tmp_path):
    process = start("build", tmp_path / "no.jpg", "-o", tmp_path / "out")
    out, err = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 1 and "Traceback" not in out + err
    assert err == f"gen3d: There is no file {tmp_path / 'no.jpg'}. Check the name.\n"
    assert inside(tmp_path) == set()


# -- render ----------------------------------------------------------------------------------------------------------


def test_render_draws_the_scene_through_the_cameras_of_the_fit(scene, tmp_path, capsys):
    folder, _ = scene
    cameras = read_transforms(folder / "transforms.json")
    assert (
        run("render", folder / "scene.ply", "--cameras", folder / "transforms.json", "--alpha", "-o", tmp_path / "r")
        == 0
    )
    expected = {f"{kind}{i:02d}.png" for i in range(len(cameras)) for kind in ("", "alpha_")}
    assert inside(tmp_path) == {"r", "r/run.json"} | {f"r/{name}" for name in expected}
    for i, camera in enumerate(cameras):
        assert Image.open(tmp_path / "r" / f"{i:02d}.png").size == (camera.width, camera.height)
        alpha = Image.open(tmp_path / "r" / f"alpha_{i:02d}.png")
        assert alpha.mode == "L" and alpha.size == (camera.width, camera.height)
    first = picture(tmp_path / "r" / "00.png")
    assert np.abs(first - draw(folder).clip(0, 1)).max() <= 0.51 / 255
    assert psnr_db(first, picture(folder / "previews" / "photo.png")) > 28
    assert (picture(tmp_path / "r" / "alpha_00.png") > 0.5).mean() > 0.999


def test_render_draws_a_known_gaussian_on_a_colour(tmp_path):
    """o exp(-d^2 / 2 (s^2 + 0.3)) with s = f * scale / z = 5 px, on blue; two lenses, the second off-centre."""
    gaussian = Gaussians(
        torch.tensor([[0.0, 0.0, 2.0]]), torch.tensor([[1.0, 0.0, 0.0, 0.0]]), torch.full((1, 3), 0.1),
        torch.tensor([0.8]), sh_from_rgb(torch.tensor([[1.0, 0.5, 0.0]])),
    )  # fmt: skip
    write_ply(tmp_path / "one.ply", gaussian)
    lenses = [(100.0, 100.0, 40.0, 30.0, 80, 60), (100.0, 100.0, 20.0, 50.0, 64, 72)]
    write_transforms(tmp_path / "cameras.json", [Camera.from_intrinsics(*lens) for lens in lenses])
    arguments = ("--cameras", tmp_path / "cameras.json", "--alpha", "--background", "0,0,255", "-o", tmp_path / "out")
    assert run("render", tmp_path / "one.ply", *arguments) == 0
    for i, (_, _, cx, cy, width, height) in enumerate(lenses):
        y, x = np.mgrid[:height, :width] + 0.5
        alpha = 0.8 * np.exp(-0.5 * ((x - cx) ** 2 + (y - cy) ** 2) / (5.0**2 + 0.3))
        alpha[alpha < 1 / 255] = 0
        drawn, covered = picture(tmp_path / "out" / f"{i:02d}.png"), picture(tmp_path / "out" / f"alpha_{i:02d}.png")
        assert np.abs(covered - alpha).max() < 1.5 / 255
        expected = alpha[..., None] * (1.0, 0.5, 0.0) + (1 - alpha[..., None]) * (0.0, 0.0, 1.0)
        assert np.abs(drawn - expected).max() < 1.5 / 255
        assert tuple(drawn[0, -1]) == (0.0, 0.0, 1.0)


def test_a_picture_too_large_for_the_memory_is_refused_and_others_are_made_in_strips(tmp_path, monkeypatch, capsys):
    from gen3d.run import render

    gaussian = Gaussians(
        torch.tensor([[0.0, 0.0, 2.0]]), torch.tensor([[1.0, 0.0, 0.0, 0.0]]), torch.full((1, 3), 0.5),
        torch.tensor([0.8]), sh_from_rgb(torch.tensor([[1.0, 0.5, 0.0]])),
    )  # fmt: skip
    write_ply(tmp_path / "one.ply", gaussian)
    cameras = tmp_path / "cameras.json"
    write_transforms(cameras, [Camera.from_fov(60.0, 80, 61)])
    for name, strip_px in (("whole", 10_000), ("strips", 10 * 80), ("lines", 1)):
        monkeypatch.setattr(render, "STRIP_PX", strip_px)
        given = ("--cameras", cameras, "--background", "0,0,255", "-o", tmp_path / name)
        assert run("render", tmp_path / "one.ply", *given) == 0
        assert (tmp_path / name / "00.png").read_bytes() == (tmp_path / "whole" / "00.png").read_bytes()
    write_transforms(cameras, [Camera.from_fov(60.0, 80, 60), Camera.from_fov(60.0, 8192, 8192)])
    assert run("render", tmp_path / "one.ply", "--cameras", cameras, "-o", tmp_path / "large") == 1
    assert "Camera 1 has 8192 x 8192 pixels. Give at most 34 million" in capsys.readouterr().err
    assert not (tmp_path / "large").exists()


# -- depth, presets, usage -------------------------------------------------------------------------------------------


def test_depth_writes_metres_at_the_pictures_own_size(tmp_path, capsys):
    write_png(tmp_path / "wide.png", np.random.default_rng(0).integers(0, 255, (150, 1001, 3), np.uint8))
    assert run("depth", tmp_path / "wide.png", "--engine", "builtin", "-o", tmp_path / "depth.npy") == 0
    depth = np.load(tmp_path / "depth.npy")
    assert depth.shape == (150, 1001) and depth.dtype == np.float32 and (depth > 0).all()
    assert str(tmp_path / "depth.npy") in capsys.readouterr().out
    assert inside(tmp_path) == {"wide.png", "depth.npy"}


def test_depth_says_inf_where_the_engine_sees_sky(tmp_path, monkeypatch):
    monkeypatch.setattr(gen3d.models.pick, "load_models", lambda *_: fake_models(depth=FakeDepth(sky=0.25)))
    write_png(tmp_path / "a.png", np.zeros((60, 1600, 3), np.uint8))
    assert run("depth", tmp_path / "a.png", "-o", tmp_path / "depth.npy") == 0
    depth = np.load(tmp_path / "depth.npy")
    assert depth.shape == (60, 1600)
    assert np.isposinf(depth[:14]).all() and np.isfinite(depth[16:]).all()


def test_presets_lists_every_preset_and_path(capsys):
    assert run("presets") == 0
    first_words = [line.split()[0] for line in capsys.readouterr().out.splitlines() if line.strip()]
    assert set(first_words) >= set(PRESETS) | set(PATHS)


def test_explain_says_what_each_stage_does_and_draws_it(quick, given, tmp_path, capsys):
    arguments = ("build", given / "photo.png", "--depth", given / "depth.npy", "-o", tmp_path / "out")
    assert run(*arguments) == 0
    plain = capsys.readouterr().out
    assert run(*arguments, "--explain") == 0
    told = capsys.readouterr().out
    assert "paper" in told and "paper" not in plain
    assert told.count("\n") > plain.count("\n") + 8
    assert told.rstrip().endswith(f"{tmp_path / 'out' / 'explain' / 'sheet.png'}")
    assert (tmp_path / "out" / "explain" / "sheet.png").is_file()


def test_a_profile_is_told_and_kept_beside_the_record(quick, given, tmp_path, capsys):
    out = tmp_path / "out"
    assert run("build", given / "photo.png", "--depth", given / "depth.npy", "--quiet", "--profile", "-o", out) == 0
    told = capsys.readouterr().out
    kept = json.loads((out / "profile.json").read_text())
    assert {"depth", "expand", "optimize"} <= set(kept["inside"]) and (out / "run.json").exists()
    whole = re.search(r"([\d.]+) s +[\d.]+ s CPU +\d+ MB +all", told)
    assert float(whole[1]) == pytest.approx(kept["wall_s"], abs=0.006)
    # which functions it came upon is chance where little is done and the machine is busy
    assert re.search(r"\b(stages|models|geometry|splat|source|products)\.[\w.]+: \w+", told), told


@pytest.mark.parametrize(
    "arguments",
    [
        (), ("bild",), ("build",), ("build", "a.png", "--engine", "moon", "-o", "out"),
        ("build", "a.png", "--fov", "wide", "-o", "out"), ("build", "a.png", "--seed", "1.5", "-o", "out"),
        ("build", "a.png", "--fov", "60", "--intrinsics", "1,1,1,1", "-o", "out"),
        ("build", "a.png", "--intrinsics", "1,2,3", "-o", "out"), ("build", "a.png", "--colour", "-o", "out"),
        ("render", "a.ply", "-o", "out"), ("render", "a.ply", "--cameras", "a.json", "--background", "300,0,0"),
        ("depth", "a.png"),
    ],
    ids=" ".join,
)  # fmt: skip
def test_wrong_usage_is_exit_code_2(arguments, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert run(*arguments) == 2
    assert "usage: gen3d" in capsys.readouterr().err
    assert inside(tmp_path) == set()


@pytest.mark.parametrize("arguments", [("--help",), ("build", "--help"), ("render", "--help"), ("--version",)])
def test_asking_for_help_is_no_failure(arguments, capsys):
    assert run(*arguments) == 0
    assert "gen3d" in capsys.readouterr().out


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_is_listed_and_has_a_help_of_its_own(name, capsys):
    assert run("--help") == 0
    assert re.search(rf"^    {name}\s", capsys.readouterr().out, re.MULTILINE)
    assert run(name, "--help") == 0
    assert capsys.readouterr().out.startswith(f"usage: gen3d {name} ")


def test_warmup_tells_that_the_kernels_are_ready_unless_it_is_to_be_quiet(capsys, monkeypatch):
    made = []
    monkeypatch.setattr("gen3d.run.warm.warm_everything", lambda: made.append(1))
    assert run("warmup") == 0
    assert "kernels are ready" in capsys.readouterr().out
    assert run("warmup", "--quiet") == 0
    assert capsys.readouterr() == ("", "") and len(made) == 2


# -- bad input -------------------------------------------------------------------------------------------------------


def refused(capsys, *arguments: object) -> str:
    """Runs a command that must fail for the user's sake; the two sentences it told, and nothing else."""
    capsys.readouterr()
    assert run(*arguments) == 1
    err = capsys.readouterr().err
    assert err.startswith("gen3d: ") and err.endswith(".\n") and err.count("\n") == 1, err
    sentences = re.split(r"(?<=[.!?]) (?=[A-Z])", err[len("gen3d: ") : -1])
    assert len(sentences) == 2, sentences
    return err[len("gen3d: ") : -1]


def png_header(width: int, height: int, bit_depth: int = 8, colour: int = 2) -> bytes:
    """A PNG that claims a size and holds next to nothing."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, bit_depth, colour, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(b"\0" * 64)) + chunk(b"IEND", b"")


def half(path: Path) -> bytes:
    content = path.read_bytes()
    return content[: len(content) // 2]


def one_pixel(folder: Path) -> bytes:
    write_png(folder / "one.png", np.zeros((1, 1, 3), np.uint8))
    return (folder / "one.png").read_bytes()


BAD_PICTURES: dict[str, tuple[Callable[[Path], bytes], str]] = {
    "zero bytes": (lambda folder: b"", "is empty"),
    "truncated": (lambda folder: half(folder / "photo.png"), "truncated or damaged"),
    "no picture": (lambda folder: b"Dear diary, " * 100, "not a picture"),
    "one pixel": (one_pixel, "only 1 x 1 pixels"),
    "huge": (lambda folder: png_header(20_000, 20_000), "million pixels"),
    "lying header": (lambda folder: png_header(500, 400), "truncated or damaged"),
}


@pytest.mark.parametrize("kind", BAD_PICTURES)
@pytest.mark.parametrize("command", ["build", "depth"])
def test_a_bad_picture_is_refused(command, kind, given, tmp_path, capsys):
    content, words = BAD_PICTURES[kind]
    (given / "bad.png").write_bytes(content(given))
    before = inside(tmp_path)
    assert words in refused(capsys, command, given / "bad.png", "-o", tmp_path / "out")
    assert inside(tmp_path) == before


@pytest.mark.parametrize("command", ["build", "depth"])
def test_a_picture_that_is_not_there_or_no_file_is_refused(command, given, tmp_path, capsys):
    before = inside(tmp_path)
    assert "no file" in refused(capsys, command, given / "none.png", "-o", tmp_path / "out")
    assert "not a file" in refused(capsys, command, given, "-o", tmp_path / "out")
    assert inside(tmp_path) == before


def saved(name: str, array: np.ndarray) -> Callable[[Path], Path]:
    def save(folder: Path) -> Path:
        write_depth(folder / name, array.astype(np.float32))
        return folder / name

    return save


def written(name: str, content: Callable[[Path], bytes]) -> Callable[[Path], Path]:
    def save(folder: Path) -> Path:
        (folder / name).write_bytes(content(folder))
        return folder / name

    return save


def line(folder: Path) -> Path:
    np.save(folder / "line.npy", np.ones(96, np.float32))
    return folder / "line.npy"


BAD_DEPTHS: dict[str, tuple[Callable[[Path], Path], str]] = {
    "all zeros": (saved("bad.npy", np.zeros((72, 96))), "no known depth"),
    "all sky": (saved("bad.npy", np.full((72, 96), np.inf)), "no known depth"),
    "all negative": (saved("bad.npy", np.full((72, 96), -2.0)), "no known depth"),
    "another aspect": (saved("bad.npy", np.ones((72, 72))), "72 x 72"),
    "a line": (line, "shape"),
    "zero bytes": (written("bad.npy", lambda folder: b""), "is empty"),
    "truncated": (written("bad.npy", lambda folder: half(folder / "depth.npy")), "ends before"),
    "no depth": (written("bad.png", lambda folder: b"Dear diary, " * 100), "not a depth file"),
    "the photo": (lambda folder: folder / "photo.png", "coloured picture"),
    "huge": (written("bad.png", lambda folder: png_header(20_000, 20_000, 16, 0)), "pixels"),
    "missing": (lambda folder: folder / "none.npy", "no file"),
}


@pytest.mark.parametrize("kind", BAD_DEPTHS)
def test_a_bad_depth_file_is_refused(kind, given, tmp_path, capsys):
    make, words = BAD_DEPTHS[kind]
    depth = make(given)
    before = inside(tmp_path)
    assert words in refused(capsys, "build", given / "photo.png", "--depth", depth, "-o", tmp_path / "out")
    assert inside(tmp_path) == before


BAD_OPTIONS: dict[str, str] = {
    "--intrinsics=0,100,48,36": "focal lengths", "--intrinsics=-100,-100,48,36": "focal lengths",
    "--intrinsics=nan,100,48,36": "focal lengths", "--intrinsics=100,100,nan,36": "principal point",
    "--intrinsics=inf,inf,48,36": "focal lengths", "--intrinsics=100,100,9000,36": "principal point",
    "--fov=0": "field of view", "--fov=-60": "field of view", "--fov=nan": "field of view", 
    "--fov=180": "field of view",
    "--depth-scale=0": "depth scale", "--depth-scale=-1000": "depth scale", "--depth-scale=nan": "depth scale",
    "--depth-scale=inf": "depth scale", "--path=zigzag": "no path", "--preset=best": "no preset",
    "--size=10": "size of 10", "--size=100000": "size of 100000", "--engine=hub": "hub", "--seed=-1": "seed",
}  # fmt: skip


@pytest.mark.parametrize("option", BAD_OPTIONS)
def test_a_bad_option_is_refused(option, given, tmp_path, capsys):
    before = inside(tmp_path)
    depth = ("--depth", given / "depth.npy")
    assert BAD_OPTIONS[option] in refused(capsys, "build", given / "photo.png", *depth, option, "-o", tmp_path / "out")
    assert inside(tmp_path) == before


def test_a_sentence_without_a_photo_needs_an_engine_that_draws_what_it_says(tmp_path, capsys):
    assert "draw a sentence" in refused(capsys, "build", "--prompt", "xyzzy", "-o", tmp_path / "out")
    assert "neither a photo nor a sentence" in refused(capsys, "build", "-o", tmp_path / "out")
    assert "hub" in refused(capsys, "build", "--prompt", "a quiet room", "--engine", "hub", "-o", tmp_path / "out")
    assert inside(tmp_path) == set()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", "is empty"), ("{", "not JSON"), ("[]", "no list of frames"), ('{"frames": []}', "no list of frames"),
        ('{"frames": [{"w": 64, "h": 48}]}', "fl_x"),
    ],
)  # fmt: skip
def test_a_bad_path_file_is_refused(quick, content, words, given, tmp_path, capsys):
    (given / "path.json").write_text(content)
    before = inside(tmp_path)
    arguments = ("--depth", given / "depth.npy", "--path", given / "path.json", "-o", tmp_path / "out")
    assert words in refused(capsys, "build", given / "photo.png", *arguments)
    assert inside(tmp_path) == before


def test_a_bad_scene_or_bad_cameras_are_refused(scene, given, tmp_path, capsys):
    folder, _ = scene
    (given / "half.ply").write_bytes(half(folder / "scene.ply"))
    (given / "empty.ply").write_bytes(b"")
    (given / "bad.json").write_text('{"frames": [{"w": 64}]}')
    before = inside(tmp_path)
    good = folder / "scene.ply", folder / "transforms.json"
    for ply in (given / "half.ply", given / "empty.ply", given / "photo.png", given / "none.ply"):
        refused(capsys, "render", ply, "--cameras", good[1], "-o", tmp_path / "out")
    for cameras in (given / "bad.json", given / "photo.png", given / "none.json"):
        refused(capsys, "render", good[0], "--cameras", cameras, "-o", tmp_path / "out")
    assert inside(tmp_path) == before


# -- the output folder -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("force", [(), ("--force",)], ids=["plain", "force"])
def test_an_output_folder_that_cannot_be_written_is_refused(quick, force, given, tmp_path, capsys):
    build = ("build", given / "photo.png", "--depth", given / "depth.npy", *force)
    (tmp_path / "file").write_text("mine")
    before = inside(tmp_path)
    assert "is a file" in refused(capsys, *build, "-o", tmp_path / "file")
    assert "cannot be written" in refused(capsys, *build, "-o", tmp_path / "file" / "out")
    assert "cannot be written" in refused(capsys, *build, "-o", tmp_path / "file" / "below" / "out")
    assert "cannot be written" in refused(capsys, *build, "-o", tmp_path / ("o" * 300))
    assert inside(tmp_path) == before and (tmp_path / "file").read_text() == "mine"


def test_depth_that_cannot_be_written_is_refused(given, tmp_path, capsys):
    (tmp_path / "file").write_text("mine")
    before = inside(tmp_path)
    for output in (tmp_path / "none" / "depth.npy", tmp_path / "file" / "depth.npy", given):
        assert "could not be written" in refused(capsys, "depth", given / "photo.png", "-o", output)
    assert inside(tmp_path) == before


def test_only_a_folder_made_here_is_replaced_without_force(quick, given, tmp_path, capsys):
    out = tmp_path / "out"
    build = ("build", given / "photo.png", "--depth", given / "depth.npy", "-o", out)
    out.mkdir()
    (out / "thesis.txt").write_text("years of work")
    assert "not made by gen3d" in refused(capsys, *build)
    assert inside(out) == {"thesis.txt"}
    assert run(*build, "--force") == 0
    assert (out / "run.json").is_file() and not (out / "thesis.txt").exists()
    (out / "note.txt").write_text("mine")
    assert run(*build) == 0  # it holds run.json
    assert not (out / "note.txt").exists()
    shutil.rmtree(out)
    out.mkdir()
    assert run(*build) == 0  # it is empty
    assert (out / "run.json").is_file()
    assert {path.name for path in tmp_path.iterdir()} == {"in", "out"}


@pytest.mark.parametrize("force", [(), ("--force",)], ids=["plain", "force"])
def test_an_output_folder_that_holds_what_is_read_is_refused(scene, force, tmp_path, capsys):
    folder = tmp_path / "scene"
    shutil.copytree(scene[0], folder)
    before = inside(tmp_path)
    render = ("render", folder / "scene.ply", "--cameras", folder / "transforms.json", *force)
    photo = folder / "previews" / "photo.png"
    for output in (folder, tmp_path, folder / "previews" / ".."):
        assert "lies in the output folder" in refused(capsys, *render, "-o", output)
        assert "lies in the output folder" in refused(capsys, "build", photo, *force, "-o", output)
    assert inside(tmp_path) == before
    assert run(*render, "-o", folder / "views") == 0  # beside them is fine


def test_a_failing_build_keeps_the_folder_it_was_to_replace(quick, given, tmp_path, capsys):
    out = tmp_path / "out"
    out.mkdir()
    (out / "thesis.txt").write_text("years of work")
    before = inside(tmp_path)
    refused(capsys, "build", given / "none.png", "-o", out, "--force")
    assert inside(tmp_path) == before


def test_an_interrupt_in_this_process_is_exit_code_130(quick, given, tmp_path, capsys, monkeypatch):
    class Interrupting(FakeDepth):
        def estimate(self, image, camera=None, expected=None):
            raise KeyboardInterrupt

    monkeypatch.setattr(gen3d.models.pick, "load_models", lambda *_: room_models(depth=Interrupting()))
    before = inside(tmp_path)
    assert run("build", given / "photo.png", "-o", tmp_path / "out") == 130
    assert "interrupted" in capsys.readouterr().err
    assert inside(tmp_path) == before
