"""Lighter twins of any scene file, wherever it lies: fewer Gaussians, chosen by what they bring to views of it."""

from __future__ import annotations

import re
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from gen3d.camera import Camera
from gen3d.format_table import asked_for
from gen3d.formats.ply import write_ply
from gen3d.formats.scene_file import open_scene
from gen3d.formats.splat import write_splat
from gen3d.formats.spz import write_spz
from gen3d.splat.gaussians import Gaussians, joined, sh_from_rgb
from gen3d.splat.merged import merged
from gen3d.splat.pick import pick_rasterizer
from gen3d.values import Kind
from tests.measures import psnr
from tests.runs import inside
from tests.small_scenes import LENS, closed_room, photo_scene, shown
from tests.test_cli import refused, run

WRITERS = {".ply": write_ply, ".splat": write_splat, ".spz": write_spz}


@pytest.fixture
def lone(tmp_path) -> Path:
    write_ply(tmp_path / "room.ply", photo_scene(LENS))
    return tmp_path / "room.ply"


def test_twins_are_named_by_their_number(lone, capsys):
    count, targets = len(photo_scene(LENS)), [lone.with_name("b.spz"), lone.with_name("c.PLY")]
    assert run("export", lone, "--to", *targets, "--lod", f"1M,3k,{0.001:g}M") == 0
    told = capsys.readouterr().out
    sizes = {name: len(open_scene(lone.with_name(name)).gaussians) for name in inside(lone.parent) - {"room.ply"}}
    assert sizes == {
        "b.lod0.spz": count, "b.lod1.spz": 3000, "b.lod2.spz": 1000, "c.lod0.PLY": count, "c.lod1.PLY": 3000,
        "c.lod2.PLY": 1000,
    }  # fmt: skip
    assert "the twin of 1000000 has all of them" in told and told.count("Gaussians are kept") == 2


def test_a_twin_has_no_holes_and_is_a_better_picture_than_every_other_gaussian(lone, capsys):
    """All of them bring about as much to the views: leaving out the least would leave out whole regions."""
    whole = open_scene(lone).gaussians
    assert run("export", lone, "--to", lone.with_name("b.ply"), "--lod", "3000") == 0
    told = float(re.search(r"at ([0-9.]+) dB", capsys.readouterr().out)[1])
    twin, camera = open_scene(lone.with_name("b.lod0.ply")).gaussians, Camera.from_fov(60.0, 160, 120)
    every_other = whole.keep(torch.arange(len(whole)) % 2 == 0)
    before, after, plain = (shown(pick_rasterizer("cpu").render(g, camera)) for g in (whole, twin, every_other))
    assert told > 25 and psnr(after, before) > psnr(plain, before) + 2


def test_merged_neighbours_keep_the_first_two_moments_and_what_they_cover():
    two = Gaussians(
        torch.tensor([[0.0, 0, 3], [0.2, 0, 3]]), torch.tensor([[1.0, 0, 0, 0]] * 2), torch.full((2, 3), 0.1),
        torch.full((2,), 0.5), sh_from_rgb(torch.tensor([[1.0, 0, 0], [0, 0, 1]])),
    )  # fmt: skip
    [one] = [merged(two, torch.tensor([3.0, 1.0]), 1)]
    assert len(one) == 1 and one.means[0].tolist() == pytest.approx([0.05, 0, 3])
    np.testing.assert_allclose(sorted(one.scales[0].tolist()), [0.1, 0.1, (0.01 + 0.0075) ** 0.5], rtol=1e-4)
    np.testing.assert_allclose(one.rgb[0], (0.75, 0, 0.25), atol=1e-6)
    assert float(one.opacities[0] * one.scales[0].max()) == pytest.approx(2 * 0.5 * 0.1, rel=1e-4)


def test_merged_neighbours_stay_of_the_kind_of_those_they_stand_for():
    left = photo_scene(LENS)
    right = replace(left, means=left.means + torch.tensor([100.0, 0, 0]))
    kinds = torch.cat([torch.full((len(left),), int(kind), dtype=torch.uint8) for kind in (Kind.PHOTO, Kind.OUTSIDE)])
    few = merged(replace(joined(left, right), kinds=kinds), torch.ones(2 * len(left)), 100)
    assert ((few.means[:, 0] > 50) == (few.kinds == Kind.OUTSIDE)).all() and len(set(few.kinds.tolist())) == 2


TARGETS = ("b.ply", "b.splat", "b.spz", "b.zip")
PAIRS = [
    (suffix, target) if (i + j) % 3 == 0 else pytest.param(suffix, target, marks=pytest.mark.slow)
    for i, suffix in enumerate(WRITERS) for j, target in enumerate(TARGETS)
]  # fmt: skip


@pytest.mark.parametrize(("suffix", "target"), PAIRS)
def test_any_scene_file_is_thinned_for_any_target_without_a_folder(tmp_path, suffix, target, capsys):
    room = closed_room((2.0, 1.5, 2.5), (0.3, 0.0, 0.2), 0.2)  # all around: nobody's photo
    WRITERS[suffix](tmp_path / f"a{suffix}", room)
    assert run("export", tmp_path / f"a{suffix}", "--to", tmp_path / target, "--max-gaussians", 500) == 0
    assert "500 of" in capsys.readouterr().out
    if not target.endswith("zip"):
        assert len(open_scene(tmp_path / target).gaussians) == 500


def test_a_bundle_of_fewer_holds_fewer_and_not_what_lies_in_the_folder(built, tmp_path, capsys):
    targets = (tmp_path / "a.zip", tmp_path / "a.glb")
    asked = ("--max-gaussians", 700, "--axes", "zup")
    assert run("export", built.folder / "scene.ply", "--to", *targets, *asked) == 0
    assert "a.glb is a mesh and holds no Gaussians" in capsys.readouterr().out
    with zipfile.ZipFile(tmp_path / "a.zip") as bundle:
        bundle.extractall(tmp_path / "got")
        told = bundle.read("README.txt").decode()
    for name in ("scene.ply", "scene.splat", "scene.spz"):
        assert len(open_scene(tmp_path / "got" / name).gaussians) == 700
    told = " ".join(told.split())
    assert "x right, y forward, z up" in told and "y down" not in told
    photo_m = open_scene(tmp_path / "got" / "scene.ply").gaussians.means
    assert float(photo_m[:, 1].median()) > 1  # y is forward


def test_what_has_no_twins_is_refused_before_anything_is_written(lone, capsys):
    for target in ("b.glb", "views", "b.zip"):
        assert "no file of Gaussians" in refused(capsys, "export", lone, "--to", lone.with_name(target), "--lod", "100")
    both = ("--lod", "100", "--max-gaussians", "100")
    assert "Give one of them" in refused(capsys, "export", lone, "--to", lone.with_name("b.ply"), *both)
    write_ply(lone.with_name("b.lod0.ply"), photo_scene(LENS))
    told = refused(capsys, "export", lone.with_name("b.lod0.ply"), "--to", lone.with_name("b.ply"), "--lod", "9")
    assert "is the scene itself" in told
    assert inside(lone.parent) == {"room.ply", "b.lod0.ply"}


@pytest.mark.parametrize("text", ["", "many", "0", "-5", "1k,,2k", "1e3x", "0.0001k"])
def test_counts_that_are_none_are_refused(lone, text, capsys):
    assert run("export", lone, "--to", lone.with_name("b.ply"), f"--lod={text}") == 2
    assert "takes numbers" in capsys.readouterr().err


def test_a_twins_name_keeps_a_long_ending():
    row = asked_for(Path("a.ply"))
    assert row.lighter(Path("x/my.scene.ply"), 2) == Path("x/my.scene.lod2.ply")
