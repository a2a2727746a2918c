"""Broken files of our own, which a step or an export reads back: they are read, or one error of two sentences says so.

The archives carry checksums, so beside turned bytes whole parts are lost, or exchanged for others of their kind.
"""

from __future__ import annotations

import gzip
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gen3d.errors import Gen3DError
from gen3d.formats.layered import load_layered
from gen3d.formats.layers import load_layers
from gen3d.formats.view import check_view, read_view
from gen3d.request import Review
from gen3d.run.review import review
from gen3d.run.steps import grow, look, tour
from gen3d.splat.pick import pick_rasterizer
from tests.damage import VALUE, damage, two_sentences
from tests.runs import TINY, inside, room_models

READERS = {"looked.npz": load_layers, "layers.npz": load_layered, "scene.view": read_view}


@pytest.fixture(scope="module")
def own(built, tmp_path_factory) -> Path:
    """A finished scene, and what was looked at on the way."""
    home = tmp_path_factory.mktemp("own")
    shutil.copytree(built.folder, home / "scene")
    list(look(built.request, room_models(), TINY, home / "looked"))
    shutil.copy(home / "looked" / "looked.npz", home / "scene")
    return home


@pytest.mark.parametrize("name", READERS)
def test_a_damaged_file_of_our_own_is_read_or_refused(own, tmp_path_factory, name):
    good, bad = (own / "scene" / name).read_bytes(), tmp_path_factory.mktemp("bad") / name
    READERS[name](own / "scene" / name)

    @given(damage())
    def one(spoil: Callable[[bytes], bytes]) -> None:
        bad.write_bytes(spoil(good))
        try:
            READERS[name](bad)
        except Gen3DError as error:
            two_sentences(error)

    one()


@given(spoil=damage())
def test_a_viewer_file_damaged_inside_is_read_or_refused(own, tmp_path_factory, spoil):
    bad = tmp_path_factory.getbasetemp() / "inside.view"
    bad.write_bytes(gzip.compress(spoil(gzip.decompress((own / "scene" / "scene.view").read_bytes())), 1))
    for read in (check_view, read_view):
        try:
            read(bad)
        except Gen3DError as error:
            two_sentences(error)


ARRAYS = {
    "none": np.zeros(0), "a number": np.float32(3), "words": np.array(["a"]), "of one pixel": np.ones((1, 1)),
    "of NaN": np.full((72, 96), np.nan), "in colour": np.ones((72, 96, 3), np.uint8),
    "bits": np.zeros((2, 864), np.uint8),
}  # fmt: skip


@pytest.mark.parametrize("name", ["looked.npz", "layers.npz"])
def test_an_archive_with_a_part_lost_or_exchanged_is_refused(own, tmp_path, name):
    with np.load(own / "scene" / name) as stored:
        parts = dict(stored)
    assert len(parts) > 5
    for key in parts:
        for array in (None, *ARRAYS.values()):
            changed = {k: v for k, v in parts.items() if k != key} | ({} if array is None else {key: array})
            np.savez(tmp_path / name, **changed)
            try:
                READERS[name](tmp_path / name)
            except Gen3DError as error:
                two_sentences(error)


RECORDS = [b"", b"{", b"[]", b"null", b'"x"', b"\xff\xfe", b"{}", b'{"counts": {}, "notices": [], "peak_memory_mb": 1}']


@pytest.mark.parametrize("content", [None, *RECORDS])
@pytest.mark.parametrize("step", ["review", "grow", "tour"])
def test_a_step_on_a_record_that_is_none_ends_in_two_sentences(own, built, tmp_path, step, content):
    before = tmp_path / "before"
    shutil.copytree(own / ("scene" if step == "tour" else "looked"), before)
    (before / "run.json").unlink() if content is None else (before / "run.json").write_bytes(content)
    left = inside(tmp_path)
    steps = {
        "review": lambda: review(Review(), before, TINY),
        "grow": lambda: list(grow(built.request, before, room_models(), pick_rasterizer(), TINY, tmp_path / "out")),
        "tour": lambda: list(tour(built.request, before, pick_rasterizer(), TINY, tmp_path / "out")),
    }
    try:
        steps[step]()
    except Gen3DError as error:
        two_sentences(error)
        assert inside(tmp_path) == left
    else:
        assert step != "tour" and content is not None and b"counts" in content


@pytest.mark.slow
@given(where=st.sampled_from(["median_depth_m", "nearest_depth_m"]), value=VALUE)
def test_a_tour_of_a_scene_of_any_size_is_flown_or_refused(own, built, tmp_path_factory, where, value):
    scene = tmp_path_factory.mktemp("tour") / "scene"
    shutil.copytree(own / "scene", scene)
    record = json.loads((scene / "run.json").read_text(encoding="utf-8"))
    record["counts"][where] = value
    (scene / "run.json").write_text(json.dumps(record), encoding="utf-8")
    try:
        next(tour(built.request, scene, pick_rasterizer(), TINY, scene.parent / "out"))
    except Gen3DError as error:
        two_sentences(error)
    shutil.rmtree(scene.parent)
