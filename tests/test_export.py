"""Exports of a finished build: by the command line, in one zip, and what is said where something is missing."""

import json
import shutil
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pycolmap
import pytest
import trimesh

from gen3d.cli import main
from gen3d.errors import InputError
from gen3d.format_table import bundled
from gen3d.formats.layered import load_layered
from gen3d.formats.ply import read_ply
from gen3d.formats.spz import read_spz
from gen3d.formats.transforms import read_transforms
from gen3d.geometry.likeness import psnr_db
from gen3d.products.bundle import export_bundle
from gen3d.products.export import FinishedScene, export_file, export_mesh
from gen3d.run.steps import build
from gen3d.splat.pick import pick_rasterizer
from tests.measures import drain
from tests.runs import TINY, draw, inside, room_models


@pytest.fixture(scope="module")
def scene(built) -> FinishedScene:
    return FinishedScene(read_ply(built.folder / "scene.ply"), built.folder, pick_rasterizer())


def test_a_build_keeps_what_its_mesh_is_made_of(built):
    kept = load_layered(built.folder / "layers.npz")
    assert kept.layers.foreground.any()
    assert sum(int(sheet.new.sum()) for sheet in kept.sheets) > 100
    points = json.loads((built.folder / "run.json").read_text())["counts"]["points"]
    assert sum(int(sheet.new.sum()) for sheet in kept.sheets) < points


def test_sheets_lie_where_the_scene_shows_them(scene):
    """Seen from its own camera, each large sheet has about the depth that the Gaussians have there."""
    for sheet in scene.layered.sheets:
        if sheet.new.sum() < 300:
            continue
        drawn = scene.rasterizer.render(scene.gaussians, sheet.rgbd.camera)
        solid = sheet.new & (drawn.alpha.numpy() > 0.8)
        error = np.abs(drawn.depth.numpy()[solid] / sheet.rgbd.depth[solid] - 1)
        assert np.median(error) < 0.03


def test_the_command_line_exports_mesh_collider_dataset_and_bundle(built, tmp_path, capsys):
    targets = [tmp_path / name for name in ("scene.glb", "collider.glb", "views", "scene.zip")]
    assert main(["export", str(built.folder / "scene.ply"), "--to", *map(str, targets)]) == 0
    told = capsys.readouterr().out
    assert all(f"wrote {target} (" in told for target in targets)
    mesh, collider = (trimesh.load_scene(target) for target in targets[:2])
    assert {"foreground", "background"} <= set(mesh.graph.nodes)
    faces = [sum(len(g.faces) for g in read.geometry.values()) for read in (mesh, collider)]
    assert faces[1] < min(5000, faces[0])
    views = read_transforms(targets[2] / "transforms.json")
    assert len(views) == 5 * len(read_transforms(built.folder / "transforms.json"))
    assert len(pycolmap.Reconstruction(str(targets[2] / "sparse" / "0")).images) == len(views)
    with zipfile.ZipFile(targets[3]) as bundle:
        assert bundle.testzip() is None
        names = set(bundle.namelist())
    assert {"README.txt", "scene.ply", "scene.splat", "scene.spz", "scene.glb", "collider.glb", "scene.html"} <= names
    assert {"flythrough.mp4", "run.json", "dataset/transforms.json", "dataset/sparse/0/cameras.txt"} <= names


def test_a_bundle_says_what_each_of_its_files_is_for(scene, tmp_path):
    drain(export_bundle(scene, tmp_path / "scene.zip"))
    with zipfile.ZipFile(tmp_path / "scene.zip") as bundle:
        told = bundle.read("README.txt").decode()
        for_whom = {row.name: row.for_whom for row in bundled()}
        for name in {name.split("/")[0] for name in bundle.namelist()} - {"README.txt"}:
            assert f"\n{name:<20} {for_whom[name]}\n" in told
        bundle.extract("scene.spz", tmp_path)
    assert len(read_spz(tmp_path / "scene.spz")) == len(scene.gaussians)
    assert inside(tmp_path) == {"scene.zip", "scene.spz"}
    first = (tmp_path / "scene.zip").read_bytes()
    drain(export_bundle(scene, tmp_path / "scene.zip"))
    assert (tmp_path / "scene.zip").read_bytes() == first


def test_a_bundle_that_is_given_up_leaves_nothing(scene, tmp_path):
    stage = export_bundle(scene, tmp_path / "scene.zip")
    for _ in range(4):
        next(stage)
    stage.close()
    assert inside(tmp_path) == set()


def test_a_lone_file_is_told_to_need_its_folder(built, tmp_path, capsys):
    shutil.copy(built.folder / "scene.ply", tmp_path / "alone.ply")
    assert main(["export", str(tmp_path / "alone.ply"), "--to", str(tmp_path / "alone.glb")]) == 1
    assert "layers.npz" in capsys.readouterr().err
    assert main(["export", str(tmp_path / "alone.ply"), "--to", str(tmp_path / "views")]) == 1
    assert "transforms.json" in capsys.readouterr().err
    assert main(["export", str(tmp_path / "alone.ply"), "--to", str(tmp_path / "alone.zip")]) == 0
    with zipfile.ZipFile(tmp_path / "alone.zip") as bundle:
        alone = {row.name for row in bundled() if row.write}
        assert set(bundle.namelist()) == {"README.txt", *alone} and "scene.splats.glb" in alone


def test_a_damaged_layers_file_is_told(built, tmp_path):
    shutil.copytree(built.folder, tmp_path / "scene")
    whole = (tmp_path / "scene" / "layers.npz").read_bytes()
    (tmp_path / "scene" / "layers.npz").write_bytes(whole[: len(whole) // 2])
    scene = FinishedScene(read_ply(built.folder / "scene.ply"), tmp_path / "scene", pick_rasterizer())
    with pytest.raises(InputError, match="damaged"):
        drain(export_mesh(scene, tmp_path / "scene.glb"))
    assert not (tmp_path / "scene.glb").exists()


def test_a_folder_that_holds_something_else_is_not_replaced(built, tmp_path, capsys):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter.txt").write_text("dear")
    assert main(["export", str(built.folder / "scene.ply"), "--to", str(tmp_path / "mine")]) == 1
    assert "not made by gen3d" in capsys.readouterr().err
    assert (tmp_path / "mine" / "letter.txt").exists()


def test_pruning_on_export_tells_what_it_costs(built, scene, tmp_path, capsys):
    most = len(scene.gaussians) // 2
    arguments = ["export", str(built.folder / "scene.ply"), "--to", str(tmp_path / "few.ply")]
    assert main([*arguments, "--max-gaussians", str(most)]) == 0
    told = capsys.readouterr().out
    kept = len(read_ply(tmp_path / "few.ply"))
    assert 0.9 * most < kept <= most, "merging may leave a few less"
    assert f"{kept} of {len(scene.gaussians)} Gaussians are kept" in told and "dB" in told
    assert main([*arguments, "--max-gaussians", "0"]) == 1
    assert "above 0" in capsys.readouterr().err


def test_a_build_with_fewer_gaussians_says_in_run_json_what_they_cost(built, tmp_path):
    most = len(read_ply(built.folder / "scene.ply")) // 2
    settings = replace(TINY, fit=replace(TINY.fit, keep=most))
    list(build(built.request, room_models(), pick_rasterizer(), settings, tmp_path / "few"))
    counts = json.loads((tmp_path / "few" / "run.json").read_text())["counts"]
    assert 0.9 * most < counts["gaussians"] == len(read_ply(tmp_path / "few" / "scene.ply")) <= most
    assert counts["gaussians_before"] == len(read_ply(built.folder / "scene.ply"))
    photos_db = psnr_db(draw(tmp_path / "few"), draw(built.folder))
    assert counts["pruned_psnr_db"] == pytest.approx(photos_db, abs=3)  # of all views; that is of the photo's alone
    before, after = counts["pruned_photo_db"]
    assert before != after > before - 3  # merged neighbours may even be nearer to the photo


@pytest.mark.parametrize("name", ["scene.spz", "scene.glb", "collider.glb"])
def test_the_pages_button_gets_its_file_by_name(scene, tmp_path: Path, name):
    drain(export_file(scene, tmp_path / name))
    assert (tmp_path / name).stat().st_size > 1000
