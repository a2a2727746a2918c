"""Data sets of many scenes: views, splits, shards, the card, and a loader that goes through them."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import tarfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from gen3d.camera import Camera
from gen3d.errors import InputError
from gen3d.formats.painted import read_painted, write_painted
from gen3d.formats.ply import read_ply
from gen3d.formats.transforms import read_transforms
from gen3d.many.ask import Job
from gen3d.many.store import WHOLE, Folder
from gen3d.many.views.card import card_of
from gen3d.many.views.kinds import KINDS, write_labelled, write_views
from gen3d.many.views.shards import hash_of, packed, write_index
from gen3d.products.export import FinishedScene
from gen3d.run.steps import build
from gen3d.splat.pick import pick_rasterizer
from gen3d.values import Source, Things
from tests.many import ROOT, environment
from tests.runs import TINY, room_models, save_rgbd

VIEWS = 3


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> FinishedScene:
    folder = tmp_path_factory.mktemp("views")
    list(build(save_rgbd(folder / "in"), room_models(), pick_rasterizer(), TINY, folder / "out"))
    return FinishedScene(read_ply(folder / "out" / "scene.ply"), folder / "out", pick_rasterizer())


@pytest.fixture(scope="module")
def samples(scene, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("samples") / "views"
    write_views(scene, folder, "webdataset", "peek", VIEWS, "a room")
    return folder


def test_every_sample_has_all_its_parts_and_they_fit_each_other(samples):
    parts = ("rgb.png", "depth.npy", "normal.png", "made_up.png", "camera.json", "caption.txt")
    names = [f"{i:04d}" for i in range(VIEWS)]
    assert sorted(p.name for p in samples.iterdir()) == sorted(f"{name}.{part}" for name in names for part in parts)
    for i, name in enumerate(names):
        files = (samples / f"{name}.{part}.png" for part in ("rgb", "normal", "made_up"))
        rgb, normal, made_up = (np.asarray(Image.open(file)) for file in files)
        depth = np.load(samples / f"{i:04d}.depth.npy")
        camera = read_transforms(samples / f"{i:04d}.camera.json")[0]
        assert rgb.shape == normal.shape == (*depth.shape, 3) == (camera.height, camera.width, 3)
        assert made_up.shape == depth.shape and set(np.unique(made_up)) <= {0, 255} and made_up.mean() < 128
        there = np.isfinite(depth)
        length = np.linalg.norm(normal[there] / 127.5 - 1, axis=1)
        assert there.mean() > 0.9 and abs(np.median(length) - 1) < 0.02
        assert (samples / f"{i:04d}.caption.txt").read_text() == "a room\n"


def test_the_folder_for_nerfstudio_and_colmap_names_all_that_lies_in_it(scene, tmp_path):
    write_views(scene, tmp_path / "views", "colmap", "peek", VIEWS, "")
    frames = json.loads((tmp_path / "views" / "transforms.json").read_text())["frames"]
    kinds = ("file_path", "depth_file_path", "mask_path", "normal_file_path", "made_up_file_path")
    assert len(frames) == VIEWS and all((tmp_path / "views" / frame[k]).is_file() for frame in frames for k in kinds)
    assert (tmp_path / "views" / "sparse" / "0" / "images.txt").is_file()


def place(out: Path, samples: Path, names: list[str], verdicts: dict[str, str] | None = None) -> Folder:
    """Scenes that have nothing but these views."""
    for name in names:
        (out / name / "views").mkdir(parents=True)
        for file in samples.iterdir():
            (out / name / "views" / file.name).write_bytes(file.read_bytes())
        files = {f"views/{file.name}": file.stat().st_size for file in samples.iterdir()}
        row = {"name": name, "verdict": (verdicts or {}).get(name, "accept"), "licence": "CC0"}
        (out / name / WHOLE).write_text(json.dumps({"key": name, "row": row, "files": files}))
    return Folder(out)


def indexed(store: Folder, val_share: float = 0.4) -> dict:
    return write_index(store, "webdataset", packed(store.whole(), val_share))


def test_shards_are_the_same_bytes_as_their_index_says_and_hold_every_sample(samples, tmp_path):
    names = [f"scene.{i}" for i in range(6)]
    stores = [place(tmp_path / out, samples, names) for out in ("one", "two")]
    first, second = (indexed(store) for store in stores)
    assert first == second and sum(shard["samples"] for shard in first["shards"]) == 6 * VIEWS
    for shard in first["shards"]:
        content = (tmp_path / "one" / shard["file"]).read_bytes()
        assert content == (tmp_path / "two" / shard["file"]).read_bytes()
        assert hashlib.sha256(content).hexdigest() == shard["sha256"] and len(content) == shard["bytes"]
        with tarfile.open(tmp_path / "one" / shard["file"]) as tar:
            assert {name.split("/")[0] for name in tar.getnames()} == set(shard["scenes"])


def test_a_scene_never_changes_its_side_whatever_comes_beside_it(samples, tmp_path):
    few = indexed(place(tmp_path / "few", samples, ["a", "b", "c"]))["splits"]
    many = indexed(place(tmp_path / "many", samples, [*"abcdefgh"]))["splits"]
    assert all(set(few[part]) <= set(many[part]) for part in few)
    assert {name for name in "abcdefgh" if hash_of(name) < 0.4} == set(many["val"])


def test_what_the_gate_rejected_is_left_out(samples, tmp_path):
    index = indexed(place(tmp_path, samples, ["a", "b"], {"b": "reject"}))
    assert [*index["splits"]["train"], *index["splits"]["val"]] == ["a"]


def test_a_shard_that_is_as_it_was_is_not_written_again_and_one_too_many_goes(samples, tmp_path):
    store = place(tmp_path, samples, ["a", "b"])
    before = {s["file"]: (tmp_path / s["file"]).stat().st_ino for s in indexed(store, 0.0)["shards"]}
    assert {s["file"]: (tmp_path / s["file"]).stat().st_ino for s in indexed(store, 0.0)["shards"]} == before
    indexed(store, 1.0)
    assert sorted(p.name for p in (tmp_path / "dataset").glob("*.tar")) == ["val-00000.tar"]


def test_the_card_counts_what_was_run_and_says_nothing_of_licences_but_what_rows_say():
    rows = [{"name": "a", "verdict": "accept", "licence": "CC0 <b>"}, {"name": "b", "verdict": "reject"},
            {"name": "c", "verdict": "look-at"}]  # fmt: skip
    index = {"kind": "colmap", "splits": {"train": ["a", "c"], "val": []}, "shards": []}
    card = card_of(Job("out", dataset="colmap"), index, rows, 4)
    assert "scenes: 2 (train 2, val 0" in card and "1 rejected by the gate, 4 that failed" in card
    assert "- CC0 b: 1\n" in card and "- not said: 1\n" in card


def drawn(folder: Path) -> Path:
    """What a build keeps of a scene that a sentence was drawn for."""
    folder.mkdir(parents=True)
    labels = np.zeros((6, 8), np.int32)
    labels[2:4, 3:5], labels[5] = 2, 300
    names = ("far tree", "red house", *(f"stone {i}" for i in range(298)))
    image, depth = np.linspace(0, 1, 144, dtype=np.float32).reshape(6, 8, 3), np.full((6, 8), 2.5, np.float32)
    depth[0] = np.inf
    camera = Camera.from_fov(60.0, 8, 6)
    write_painted(folder / "painted.npz", Source(image, depth, camera, "a red house", Things(labels, names)))
    return folder


def test_a_drawn_scene_is_a_labelled_sample_that_is_exact(tmp_path):
    truth = read_painted(drawn(tmp_path / "scene") / "painted.npz")
    write_labelled(tmp_path / "scene", tmp_path / "views", "")
    sample = tmp_path / "views" / "0000"
    names = json.loads(sample.with_suffix(".names.json").read_text())
    things = np.asarray(Image.open(sample.with_suffix(".things.png")))
    assert np.array_equal(things, truth.things.labels) and names[things[2, 3]] == "red house" and names[0] == ""
    assert np.array_equal(np.load(sample.with_suffix(".depth.npy")), truth.depth)
    assert np.array_equal(np.asarray(Image.open(sample.with_suffix(".rgb.png"))), np.rint(255 * truth.image))
    assert sample.with_suffix(".caption.txt").read_text() == "a red house\n"
    assert np.allclose(read_transforms(sample.with_suffix(".camera.json"))[0].K, truth.camera.K)


def test_a_scene_of_a_photo_is_no_labelled_one(scene, tmp_path):
    write_views(scene, tmp_path / "views", "labelled", "peek", VIEWS, "")
    assert not (tmp_path / "views").exists()


def test_the_loader_reads_labelled_shards(tmp_path):
    from examples.iterate_shards import samples as read

    write_labelled(drawn(tmp_path / "scene"), tmp_path / "views", "")
    index = write_index(place(tmp_path / "out", tmp_path / "views", ["a"]), "labelled", packed(
        Folder(tmp_path / "out").whole(), 0.0))  # fmt: skip
    [sample] = read(tmp_path / "out" / index["shards"][0]["file"])
    assert sample["names.json"][2] == "red house" and sample["things.png"].shape == (6, 8)


def test_the_loader_goes_through_every_view(samples, tmp_path):
    place_index = indexed(place(tmp_path, samples, ["a", "b"]), 0.0)
    assert place_index["shards"]
    done = subprocess.run(
        [sys.executable, ROOT / "examples" / "iterate_shards.py", tmp_path / "dataset", "--workers", "0"],
        env=environment(), capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert f"{2 * VIEWS} views" in done.stdout


def test_the_kinds_are_those_that_the_command_offers():
    from gen3d.commands.batch import KINDS as OFFERED

    assert set(KINDS) == set(OFFERED)


def test_a_path_of_views_that_is_none_is_refused(scene, tmp_path):
    with pytest.raises(InputError):
        write_views(scene, tmp_path / "views", "webdataset", "nowhere", VIEWS, "")
