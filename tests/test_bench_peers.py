"""Warps that scenes are measured beside, and what others may hand in: on a wall with a box before it."""

import json

import numpy as np
import pytest
from PIL import Image

from bench.from_truth import score_frames
from bench.peers.others import NotThere, frames_of, scale_to
from bench.peers.warps import mesh_warp, scattered, warp, warp_far_fill
from bench.scenes import Scene
from gen3d.splat.gaussians import from_points
from gen3d.splat.pick import pick_rasterizer
from gen3d.values import RGBD, Origin
from tests.measures import psnr
from tests.worlds import pole_before_wall

SIDE = (96, 72)


@pytest.fixture(scope="module")
def place() -> Scene:
    world = pole_before_wall()
    camera = world.camera(*SIDE)
    aside = np.eye(4)
    aside[0, 3] = 0.2
    views = [world.view(camera.posed(pose)) for pose in (np.eye(4), aside)]
    return Scene("traced-poles", views[0], (views[1],), kinds=("near",))


@pytest.mark.parametrize("how", [warp, warp_far_fill, mesh_warp])
def test_from_where_the_photo_was_taken_a_warp_is_the_photo(place, how):
    assert psnr(how(place.photo, place.photo.camera), place.photo.image) > 25


def test_a_step_aside_opens_a_hole_that_far_fill_closes_from_behind(place):
    view = place.held_out[0]
    _, inverse = scattered(place.photo, view.camera)
    hole = inverse < 0
    assert 0 < hole.mean() < 0.5
    plain, far = (np.abs(f(place.photo, view.camera) - view.image)[hole].mean() for f in (warp, warp_far_fill))
    assert far <= plain


def test_frames_of_others_are_read_and_scored(place, tmp_path):
    view = place.held_out[0]
    (tmp_path / "poles").mkdir()
    Image.fromarray(np.rint(255 * view.image).astype(np.uint8)).save(tmp_path / "poles" / "01.png")
    frames = frames_of(tmp_path, place, pick_rasterizer("cpu"), scaled=True)
    figures = score_frames(place, frames)
    assert figures["psnr_visible"] > 45 and figures["psnr_visible_near"] == figures["psnr_visible"]
    assert figures["holes"] == 0


def test_frames_that_are_missing_or_of_another_size_are_told(place, tmp_path):
    with pytest.raises(NotThere, match="neither"):
        frames_of(tmp_path, place, pick_rasterizer("cpu"), scaled=True)
    (tmp_path / "poles").mkdir()
    with pytest.raises(NotThere, match="missing"):
        frames_of(tmp_path, place, pick_rasterizer("cpu"), scaled=True)
    Image.new("RGB", (8, 8)).save(tmp_path / "poles" / "01.png")
    with pytest.raises(NotThere, match="8 x 8"):
        frames_of(tmp_path, place, pick_rasterizer("cpu"), scaled=True)


def test_a_splat_of_another_scale_is_brought_to_the_truth(place):
    from gen3d.geometry.points import lift

    photo = place.photo
    small = RGBD(photo.image, photo.depth / 3, photo.camera)
    points = lift(small, np.isfinite(photo.depth), Origin.PHOTO, 1e3)
    assert scale_to(photo, from_points(points), pick_rasterizer("cpu")) == pytest.approx(3, rel=0.03)


def test_a_traced_place_is_read_back_as_it_was_written(place, tmp_path):
    from bench.truth.folder import checksums, read_place, write_place, write_view

    things = np.zeros(place.photo.depth.shape, np.uint8)
    views = (place.photo, place.held_out[0], place.held_out[0], place.held_out[0])
    (tmp_path / "poles").mkdir()
    for n, view in enumerate(views):
        write_view(tmp_path / "poles", n, np.rint(255 * view.image).astype(np.uint8), view.depth, things)
    write_place(tmp_path / "poles", [view.camera for view in views], ["", "pole"])
    scene = read_place(tmp_path / "poles")
    assert scene.name == "traced-poles" and scene.kinds == ("near", "far", "far")
    assert np.array_equal(scene.held_out[0].depth, place.held_out[0].depth.astype(np.float32))
    assert np.allclose(scene.held_out[0].camera.c2w, place.held_out[0].camera.c2w)
    assert json.loads((tmp_path / "poles" / "place.json").read_text())["licence"] == "CC0-1.0"
    assert len(checksums(tmp_path)) == 3 * 4 + 2


def test_a_traced_picture_may_be_rounded_otherwise_but_not_lit_otherwise(tmp_path, monkeypatch):
    from bench.truth import folder

    for name in ("MANIFEST", "MEANS"):
        monkeypatch.setattr(folder, name, tmp_path / f"{name}.json")
    folder.MANIFEST.write_text("{}")
    place = tmp_path / "out" / "hall"
    place.mkdir(parents=True)
    (place / "place.json").write_text("{}")
    pixels = np.random.default_rng(0).integers(0, 256, (192, 256, 3)).astype(np.uint8)

    def save(changed: np.ndarray) -> None:
        Image.fromarray(changed.astype(np.uint8)).save(place / "00.png")

    save(pixels)
    folder.sign(tmp_path / "out")
    assert list(folder.differing(tmp_path / "out", ["hall"])) == []
    rounded = pixels.copy()
    rounded[5:9, 7] ^= 1
    rounded[100, 200] = 255 - rounded[100, 200]
    save(rounded)
    assert list(folder.differing(tmp_path / "out", ["hall"])) == [("hall/00.png", True)]
    lit = pixels.copy()
    lit[:48, :42] = np.minimum(lit[:48, :42].astype(int) + 1, 255)
    save(lit)
    assert list(folder.differing(tmp_path / "out", ["hall"])) == [("hall/00.png", False)]
    (place / "00.png").unlink()
    assert list(folder.differing(tmp_path / "out", ["hall"])) == [("hall/00.png", False)]
