"""End to end with eyes that tell depth badly: what alignment (eq. 4) is there for; and that the benchmarks build what
the pipeline builds.

A photo of a small world is expanded by one wider view, whose picture is true and whose depth comes at a scale of its
own, warped and smeared. Seen from half a metre aside, wrong depth shows. In 3 worlds x 6 seeds alignment divided the
seam error by 5 (room) and by 40 and more, flatness by 3.6 to 4.8 (without the room), and brought 2.5 dB at least and
10 dB in the mean on what lies outside the photo; asserted is about half of that.
"""

from dataclasses import replace

import numpy as np
import pytest
import torch

from bench.ablation import BorrowsAnywhere, NobodyInFront
from bench.from_truth import build_from_truth, estimated, score_scene, spoilt
from bench.noisy import NoisyDepth, NoisyEyes
from bench.scenes import Plane, Scene
from bench.seams import Addition, additions, flatness, seam_error
from gen3d.formats.picture import read_picture
from gen3d.formats.ply import read_ply
from gen3d.formats.transforms import write_transforms
from gen3d.geometry.place import scale_of
from gen3d.geometry.points import lift
from gen3d.geometry.protect import covers
from gen3d.geometry.trajectory import moved, surround, turned
from gen3d.models.base import Models
from gen3d.run.steps import build
from gen3d.settings import FAST, ExpandSettings, FitSettings
from gen3d.splat.fit.loss import Target
from gen3d.splat.pick import pick_rasterizer
from gen3d.stages.expand import expand_world
from gen3d.values import Place, View, World
from tests.fakes import FakeInpainter
from tests.measures import drain
from tests.runs import TINY, room_models, save_rgbd
from tests.worlds import AnalyticWorld, box_room, ground_and_sky, sphere_over_plane, tilted_plane

RASTERIZER = pick_rasterizer("cpu")
ALL = ("scale", "seam", "hinge")
SETTINGS = replace(FAST, fit=FitSettings(iterations=0, reprojections=0))
FLAT = {
    "tilted plane": (Plane((-0.3, 0.0, 1.0), 3.0),),
    "sphere over plane": (Plane((0.0, 0.0, 1.0), 4.0),),
    "ground and sky": (Plane((0.0, 1.0, 0.0), 1.6),),
    "box room": (Plane((0.0, 1.0, 0.0), 1.4), Plane((0.0, 0.0, 1.0), 5.0)),
}
SEEDS = (2, 3)


class TruePainter:
    """Plays `Inpainter` and knows the one picture it is asked for."""

    name = "true painter"

    def __init__(self, picture: np.ndarray) -> None:
        self.picture = picture

    def inpaint(self, image, hole, borrow, depth, prompt=None, seed=0) -> np.ndarray:
        assert image.shape == self.picture.shape
        return np.where(hole[..., None], self.picture, image)


def scene_of(world: AnalyticWorld, width: int = 128, height: int = 96) -> Scene:
    """The world from the origin, held out from half a metre to either side."""
    camera = world.camera(width, height)
    held_out = tuple(world.view(world.moved(camera, right=x)) for x in (-0.5, 0.5))
    return Scene(world.name, world.view(camera), held_out, lambda c: world.view(c).depth, FLAT[world.name])


def measured(world: AnalyticWorld, seed: int, align: tuple[str, ...]) -> np.ndarray:
    """(seam error, flatness, dB outside the photo) after one wider view."""
    scene = scene_of(world)
    settings = replace(SETTINGS, expand=ExpandSettings(poses=1, margin_px=8, align=align))
    wide = surround(scene.photo.camera).padded(8)
    eyes = NoisyEyes(scene.cast, NoisyDepth(seed), scene.photo.camera)
    models = Models(eyes, NobodyInFront(), FakeInpainter(), TruePainter(world.view(wide).image))
    built = build_from_truth(scene, models, RASTERIZER, settings, path="orbit")
    found = additions(built.world, built.shell_m)
    assert len(found) == 1
    outside = score_scene(scene, built.gaussians, RASTERIZER)["psnr_outside"]
    return np.array([seam_error(found, scene.cast), flatness(found, scene.cast, scene.planes), outside])


@pytest.mark.parametrize("make", [tilted_plane, sphere_over_plane, box_room, ground_and_sky])
def test_alignment_closes_seams_and_mends_what_is_seen_from_aside(make):
    on, off = (np.stack([measured(make(), seed, align) for seed in SEEDS]) for align in (ALL, ()))
    corners = make in (box_room, ground_and_sky)  # where surfaces meet beyond the frame, depth is not continued exactly
    assert (on[:, 0] < (0.4 if corners else 0.1) * off[:, 0]).all()
    assert (on[:, 1] < 0.8 * off[:, 1]).all()
    gain = -0.5 if make is ground_and_sky else 1.9  # most of what is new there is sky, which has no depth to be wrong
    assert (on[:, 2] > off[:, 2] + gain).all()


def test_the_noisy_eyes_say_the_same_of_the_same_view_and_know_the_photos_own():
    world = box_room()
    camera = world.camera(64, 48)
    eyes = NoisyEyes(lambda c: world.view(c).depth, NoisyDepth(1), camera)
    aside = world.moved(camera, right=0.3)
    image, truth = world.view(aside).image, world.view(aside).depth
    twice = [eyes.estimate(image, aside, None).depth for _ in range(2)]
    np.testing.assert_array_equal(*twice)
    assert 0.02 < np.abs(np.log(twice[0] / truth) - np.median(np.log(twice[0] / truth))).mean() < 0.06
    others = [world.moved(camera, right=x) for x in (-0.3, -0.2, -0.1, 0.1, 0.2)]
    scales = [np.median(np.log(eyes.estimate(image, c, None).depth / world.view(c).depth)) for c in others]
    assert np.std(scales) > 0.1
    flat = np.full((48, 64), 7.0, np.float32)
    at_home = eyes.estimate(image, camera, flat).depth
    assert np.ptp(np.log(at_home / flat)) < 0.3 < np.ptp(np.log(world.view(camera).depth / flat))


def test_spoilt_depth_keeps_the_photos_scale_and_what_is_unknown():
    scene = scene_of(box_room())
    depth = scene.photo.depth.copy()
    depth[:10, :10] = np.nan
    noisy = spoilt(replace(scene, photo=replace(scene.photo, depth=depth)), NoisyDepth(3)).photo.depth
    assert abs(np.nanmedian(np.log(noisy / depth))) < 0.03
    np.testing.assert_array_equal(np.isnan(noisy), np.isnan(depth))


def test_an_estimate_is_brought_to_the_true_scale_and_shift_of_inverse_depth():
    scene = scene_of(sphere_over_plane())
    truth = scene.photo.depth
    told = estimated(scene, lambda image: 1 / (0.2 / truth + 0.03))
    np.testing.assert_allclose(told.photo.depth, truth, rtol=1e-3)
    assert told.held_out is scene.held_out


def addition(step: float) -> Addition:
    """A wall at 4 m, its right half new and farther by `step`."""
    camera = tilted_plane().camera(64, 48)
    hole = np.broadcast_to(np.arange(64) >= 32, (48, 64))
    depth = np.full((48, 64), 4.0)
    return Addition(camera, np.where(hole, np.nan, depth), hole, np.where(hole, (1 + step) * depth, np.nan))


def test_seam_error_and_flatness_measure_a_known_step():
    found, wall = [addition(0.1)], Plane((0.0, 0.0, 1.0), 4.0)

    def cast(camera):
        return np.full((camera.height, camera.width), 4.0)

    assert seam_error(found, cast) == pytest.approx(np.log(1.1))
    assert flatness(found, cast, [wall]) == pytest.approx(0.4 / 4.4)
    assert seam_error([addition(0.0)], cast) == flatness([addition(0.0)], cast, [wall]) == 0.0

    def stepped(camera):  # where depth truly jumps there is no seam to speak of
        return np.where(np.arange(camera.width) >= 32, 4.4, 4.0) * np.ones((camera.height, 1))

    assert np.isnan(seam_error(found, stepped))


def test_protecting_the_photo_can_be_switched_off():
    """From the right, looking left: what is put far too near there stands before the photo, if it may."""
    world = tilted_plane()
    camera = world.camera(96, 72)
    photo, shell_m = world.view(camera), 300.0
    pose = camera.posed(moved(1.0, 0.0, 0.0) @ turned(-35.0))
    eyes = NoisyEyes(lambda c: 0.4 * world.view(c).depth, NoisyDepth(0, 1e-6, 0.0), camera)
    points = lift(photo, np.ones(photo.depth.shape, bool), 0, shell_m)
    start = World(points, (View(photo.image, np.ones(photo.depth.shape, bool), camera),), (pose,))
    covering = {}
    for protect in (True, False):
        settings = ExpandSettings(poses=1, margin_px=8, align=(), protect_photo=protect)
        built, _ = drain(expand_world(start, Place(photo, scale_of(photo), shell_m), FakeInpainter(), eyes, settings))
        assert len(built.points) > len(points)
        covering[protect] = int((covers(built.points, photo, shell_m) > 1).sum())
    assert covering[True] == 0
    assert covering[False] > 100


def test_unmasked_ssim_looks_at_what_was_not_seen():
    """The switch lets the unseen half pull at the picture; masked, the gradient there is nothing."""
    image, seen = torch.rand(24, 32, 3, generator=torch.Generator().manual_seed(0)), torch.ones(24, 32, dtype=bool)
    seen[:, 16:] = False
    pull = {}
    for masked in (True, False):
        drawn = torch.full((24, 32, 3), 0.5, requires_grad=True)
        Target(image, seen, masked).loss(drawn, 0.2).backward()
        pull[masked] = drawn.grad[:, 24:].abs().max().item()
    assert pull[False] > 1e-5
    assert pull[True] < 0.01 * pull[False]  # rounding


def test_a_fill_that_borrows_anywhere_is_offered_all_that_is_known():
    class Asked(FakeInpainter):
        def inpaint(self, image, hole, borrow, depth, prompt=None, seed=0):
            self.offered = borrow
            return super().inpaint(image, hole, borrow, depth, prompt, seed)

    inner, hole = Asked(), np.zeros((8, 8), bool)
    hole[2:4] = True
    BorrowsAnywhere(inner).inpaint(np.zeros((8, 8, 3), np.float32), hole, np.zeros((8, 8), bool), np.ones((8, 8)))
    np.testing.assert_array_equal(inner.offered, ~hole)


def test_the_benchmarks_build_the_scene_that_the_pipeline_builds(tmp_path):
    world, request = box_room(), save_rgbd(tmp_path / "in", seed=0)
    camera = world.camera(96, 72)
    aside = [world.moved(camera, right=x) for x in (-0.3, 0.3)]
    write_transforms(tmp_path / "path.json", [camera, *aside])
    request = replace(request, path=str(tmp_path / "path.json"))
    list(build(request, room_models(), RASTERIZER, TINY, tmp_path / "out"))
    photo = replace(world.view(camera), image=read_picture(request.photo))
    scene = Scene("room", photo, tuple(world.view(c) for c in aside))
    ours = build_from_truth(scene, room_models(), RASTERIZER, TINY).gaussians
    theirs = read_ply(tmp_path / "out" / "scene.ply")
    assert len(ours) == len(theirs)
    np.testing.assert_allclose(ours.means.numpy(), theirs.means.numpy(), atol=1e-5)
    np.testing.assert_allclose(ours.sh.numpy(), theirs.sh.numpy(), atol=1e-4)
