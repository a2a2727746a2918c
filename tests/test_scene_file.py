import gzip
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import pytest
import torch

from gen3d.camera import Camera
from gen3d.errors import InputError
from gen3d.formats.ply import write_ply
from gen3d.formats.scene_file import open_scene
from gen3d.formats.splat import write_splat
from gen3d.formats.spz import read_spz, write_spz
from gen3d.splat.gaussians import Gaussians
from gen3d.splat.harmonics import seen_from
from gen3d.splat.pick import pick_rasterizer
from tests.measures import psnr
from tests.npm import node, npm_package
from tests.small_scenes import photo_scene, shown, tinted
from tests.test_cli import refused, run
from tests.test_ply import assert_same, some_gaussians
from tests.test_spz import same_side, some

WRITERS = {".ply": write_ply, ".splat": write_splat, ".spz": write_spz}
CAMERA = Camera.from_fov(55.0, 96, 72)


@pytest.mark.parametrize("suffix", WRITERS)
def test_every_kind_is_opened(tmp_path, suffix):
    WRITERS[suffix](tmp_path / f"a{suffix}", some())
    opened = open_scene(tmp_path / f"a{suffix}").gaussians
    assert len(opened) == 400 and opened.sh_degree == 0


@pytest.mark.parametrize(("suffix", "name"), [(".ply", "a.spz"), (".spz", "a.ply"), (".ply", "a"), (".spz", "a.bin")])
def test_what_a_file_holds_counts_for_more_than_its_name(tmp_path, suffix, name):
    WRITERS[suffix](tmp_path / f"b{suffix}", some())
    (tmp_path / f"b{suffix}").rename(tmp_path / name)
    assert len(open_scene(tmp_path / name).gaussians) == 400


def test_files_of_other_kinds_are_refused(tmp_path):
    cases = {
        "a.jpg": (b"\xff\xd8\xff", r"a kind, \.jpg, that is not read"),
        "noname": (b"abcd", "of a kind that is not read"),
        "a.ply": (b"Dear diary", r"not a \.ply"),
        "a.spz": (b"Dear diary", r"not a \.spz"),
        "a.splat": (b"Dear diary", "truncated"),
        "a.view": (gzip.compress(b"GEN3D view 1\n" + bytes(99)), r"not a \.spz"),
    }
    for name, (content, words) in cases.items():
        (tmp_path / name).write_bytes(content)
        with pytest.raises(InputError, match=words):
            open_scene(tmp_path / name)
    with pytest.raises(InputError, match="no file"):
        open_scene(tmp_path / "none.ply")


@pytest.mark.parametrize("suffix", WRITERS)
def test_a_caller_may_set_bounds(tmp_path, suffix):
    WRITERS[suffix](tmp_path / f"a{suffix}", some())
    with pytest.raises(InputError, match=r"at most 0\.0003 million"):
        open_scene(tmp_path / f"a{suffix}", most=300)
    with pytest.raises(InputError, match="MB"):
        open_scene(tmp_path / f"a{suffix}", largest_bytes=100)


# -- gen3d export


def test_export_writes_each_file_in_the_format_of_its_name(tmp_path, capsys):
    g = some(degree=3)
    write_ply(tmp_path / "a.ply", g)
    out = [tmp_path / name for name in ("b.ply", "b.SPZ", "b.splat", "old.spz", "down.spz", "new.spz")]
    assert run("export", tmp_path / "a.ply", "--to", *out[:3]) == 0
    assert run("export", tmp_path / "a.ply", "--spz-version", 2, "--to", out[3]) == 0
    assert run("export", tmp_path / "a.ply", "--spz-y-down", "--to", out[4]) == 0
    assert run("export", tmp_path / "a.ply", "--spz-version", 4, "--to", out[5]) == 0
    assert [line.split(" (")[0] for line in capsys.readouterr().out.splitlines()] == [f"wrote {file}" for file in out]
    assert (tmp_path / "b.ply").read_bytes() == (tmp_path / "a.ply").read_bytes()
    heads = [gzip.decompress(file.read_bytes()) for file in (out[1], out[3], out[4])]
    assert [(head[4], head[14]) for head in heads] == [(3, 0), (2, 0), (3, 2)]
    assert [open_scene(file).gaussians.sh_degree for file in out] == [3, 3, 0, 3, 3, 3]
    assert out[5].read_bytes()[:5] == b"NGSP\4"
    assert run("export", out[1], "--to", tmp_path / "c.ply") == 0
    assert_same(open_scene(tmp_path / "c.ply").gaussians, read_spz(out[1]), rtol=1e-5, atol=2e-6)


def test_export_refuses_before_it_writes_anything(tmp_path, capsys):
    write_ply(tmp_path / "a.ply", some())
    assert ".spz" in refused(capsys, "export", tmp_path / "a.ply", "--to", tmp_path / "b.spz", tmp_path / "b.doc")
    assert "the scene itself" in refused(capsys, "export", tmp_path / "a.ply", "--to", tmp_path / "." / "a.ply")
    assert "no file" in refused(capsys, "export", tmp_path / "none.ply", "--to", tmp_path / "b.spz")
    assert "could not be written" in refused(capsys, "export", tmp_path / "a.ply", "--to", tmp_path / "no" / "b.spz")
    assert [file.name for file in tmp_path.iterdir()] == ["a.ply"]


WRONG = [("a.ply",), ("--to", "b.ply"), ("a.ply", "--to"), ("a.ply", "--to", "b.spz", "--spz-version", 5)]


@pytest.mark.parametrize("wrong", WRONG, ids=str)
def test_wrong_usage_of_export_is_exit_code_2(wrong, capsys):
    assert run("export", *wrong) == 2
    assert "usage: gen3d export" in capsys.readouterr().err


def test_export_and_render_say_what_is_wrong_with_a_broken_scene(tmp_path, capsys):
    write_spz(tmp_path / "a.spz", some())
    (tmp_path / "a.spz").write_bytes((tmp_path / "a.spz").read_bytes()[:2000])
    (tmp_path / "cameras.json").write_text('{"w": 8, "h": 6, "fl_x": 6, "frames": [{"transform_matrix": '
                                           "[[1,0,0,0],[0,-1,0,0],[0,0,-1,0],[0,0,0,1]]}]}")  # fmt: skip
    assert "damaged" in refused(capsys, "export", tmp_path / "a.spz", "--to", tmp_path / "b.ply")
    cameras = ("--cameras", tmp_path / "cameras.json")
    assert "damaged" in refused(capsys, "render", tmp_path / "a.spz", *cameras, "-o", tmp_path / "out")
    assert not (tmp_path / "out").exists()


# -- beside @playcanvas/splat-transform, which SuperSplat is built on


def converted(given: Path, to: Path, *options: object, actions: Sequence[str] = ()) -> Path:
    """What splat-transform makes of a file."""
    program = npm_package("@playcanvas/splat-transform", "3.7.0") / "bin" / "cli.mjs"
    done = node(program, "-q", "-w", *options, given, *actions, to)
    assert done.returncode == 0 and to.exists(), done.stderr[-500:]
    return to


@pytest.mark.parametrize(("suffix", "degree"), [(".ply", 3), (".splat", 0), (".spz", 0), (".spz", 2)])
def test_splat_transform_reads_what_we_write_as_we_do(tmp_path, suffix, degree):
    """Its .ply of our file holds what our own reader finds in it; of .spz the kind that is meant for it."""
    file = tmp_path / f"a{suffix}"
    (partial(write_spz, y_up=False) if suffix == ".spz" else WRITERS[suffix])(file, some(degree=degree))
    ours, theirs = open_scene(file).gaussians, open_scene(converted(file, tmp_path / "b.ply")).gaussians
    assert len(ours) == len(theirs) and ours.sh_degree == theirs.sh_degree
    torch.testing.assert_close(theirs.means, ours.means, atol=1e-5, rtol=0)
    torch.testing.assert_close(theirs.scales, ours.scales, atol=0, rtol=1e-4)
    torch.testing.assert_close(theirs.opacities, ours.opacities, atol=1e-5, rtol=0)
    torch.testing.assert_close(theirs.sh, ours.sh, atol=1e-4, rtol=0)
    quats = torch.nn.functional.normalize(theirs.quats, dim=1)
    coarse = 0.008 if suffix == ".splat" else 2e-3  # of a byte it makes another number, half a step away
    torch.testing.assert_close(same_side(quats, ours.quats), ours.quats, atol=coarse, rtol=0)


@pytest.mark.parametrize("version", [3, 4])
def test_we_read_the_spz_that_splat_transform_writes(tmp_path, version):
    g = some(degree=1)
    write_ply(tmp_path / "a.ply", g)
    read = open_scene(converted(tmp_path / "a.ply", tmp_path / "b.spz", "--spz-version", version)).gaussians
    upside_down = torch.tensor([1.0, -1.0, -1.0])  # it writes the axes of a .ply and does not say so
    torch.testing.assert_close(read.means * upside_down, g.means, atol=2e-4, rtol=0)
    torch.testing.assert_close(read.sh * torch.tensor([1.0, -1.0, -1.0, 1.0])[:, None], g.sh, atol=0.036, rtol=0)
    turned = read.quats * torch.tensor([1.0, 1.0, -1.0, -1.0])
    torch.testing.assert_close(same_side(turned, g.quats), g.quats, atol=0.003, rtol=0)


@pytest.mark.parametrize("suffix", [".compressed.ply", pytest.param(".sog", marks=pytest.mark.slow)])
def test_a_scene_still_looks_the_same_after_splat_transforms_own_formats(tmp_path, suffix):
    """There and back, Gaussians in another order: drawn by us, the picture stays."""
    scene = tinted(photo_scene(CAMERA))
    write_ply(tmp_path / "a.ply", scene)
    packed = converted(tmp_path / "a.ply", tmp_path / f"b{suffix}", "-g", "cpu")
    back = open_scene(converted(packed, tmp_path / "c.ply")).gaussians
    assert len(back) == len(scene) and packed.stat().st_size < (tmp_path / "a.ply").stat().st_size / 3
    before, after = (shown(pick_rasterizer().render(seen_from(g, CAMERA), CAMERA)) for g in (scene, back))
    assert psnr(before, after) > 30
    assert psnr(before, shown(pick_rasterizer().render(seen_from(open_scene(packed).gaussians, CAMERA), CAMERA))) > 30


def test_a_scene_looks_the_same_in_every_format(tmp_path):
    scene = tinted(photo_scene(CAMERA), 0.1)
    before = shown(pick_rasterizer().render(seen_from(scene, CAMERA), CAMERA))
    plain = Gaussians(scene.means, scene.quats, scene.scales, scene.opacities, scene.sh[:, :1])
    for suffix, least_db in ((".ply", 80), (".spz", 35), (".splat", 40)):
        given = plain if suffix == ".splat" else scene
        WRITERS[suffix](tmp_path / f"a{suffix}", given)
        read = open_scene(tmp_path / f"a{suffix}").gaussians
        want = before if given is scene else shown(pick_rasterizer().render(given, CAMERA))
        assert psnr(shown(pick_rasterizer().render(seen_from(read, CAMERA), CAMERA)), want) > least_db, suffix


def test_degree_is_told_by_the_file(tmp_path):
    for degree in range(4):
        for suffix in (".ply", ".spz"):
            WRITERS[suffix](tmp_path / f"a{suffix}", some_gaussians(9, degree))
            assert open_scene(tmp_path / f"a{suffix}").gaussians.sh_degree == degree
