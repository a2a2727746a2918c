"""The gate's figures: each moves as what it measures moves; limits and verdicts."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from gen3d.errors import InputError
from gen3d.formats.ply import read_ply
from gen3d.many.gate import depth, views
from gen3d.many.gate.figures import FIGURES, Judged, measured, risk
from gen3d.many.gate.limits import LIMITS, checked_limits, read_limits, verdict_of
from gen3d.models.base import DepthEstimate
from gen3d.products.export import FinishedScene
from gen3d.run.steps import build
from gen3d.splat.pick import pick_rasterizer
from tests.runs import TINY, room_models, save_rgbd
from tests.worlds import NoisyDepth, box_room, ground_and_sky, tilted_plane


class TrueEyes:
    """See the middle of the box room's photo, mirrored, as it is, or as noise has it."""

    name = "true eyes"

    def __init__(self, photo, noise=None) -> None:
        self._photo, self._noise = photo, noise

    def estimate(self, image, camera=None, expected=None) -> DepthEstimate:
        h, w, _ = image.shape
        top, left = ((full - part) // 2 for full, part in zip(self._photo.depth.shape, (h, w), strict=True))
        seen = self._noise(self._photo.depth) if self._noise else self._photo.depth
        return DepthEstimate(np.ascontiguousarray(seen[top : top + h, left : left + w][:, ::-1]))


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> FinishedScene:
    folder = tmp_path_factory.mktemp("gate")
    list(build(save_rgbd(folder / "in"), room_models(), pick_rasterizer(), TINY, folder / "out"))
    return FinishedScene(read_ply(folder / "out" / "scene.ply"), folder / "out", pick_rasterizer())


@pytest.fixture(scope="module")
def photo():
    return box_room().view(box_room().camera(96, 72))


def test_a_good_scene_has_every_figure_and_good_ones(scene):
    found = measured(scene, TrueEyes(scene.photo))
    assert list(found) == [figure.name for figure in FIGURES] and None not in found.values()
    assert found["photo_psnr_db"] > 25 and found["hole_share"] < 0.05 and found["floaters_ppm"] < 5000
    assert found["depth_confidence"] > 0.99 and 0 < found["made_up_share"] < 0.5 and found["seam_error"] < 0.2
    assert 0 < found["behind_share"] < found["made_up_share"]


def test_holes_are_counted(scene):
    few = replace(scene, gaussians=scene.gaussians.picked(torch.arange(0, len(scene.gaussians), 9)))
    figure = next(f for f in FIGURES if f.name == "hole_share")
    eyes = TrueEyes(scene.photo)
    assert figure.measure(Judged(few, eyes)) > figure.measure(Judged(scene, eyes)) + 0.1


def test_what_hangs_before_the_photo_is_counted_and_nothing_else(scene):
    plain, n = scene.gaussians, len(scene.gaussians)
    means = plain.means.clone()
    means[::10] *= 0.5
    before = views.floaters_ppm(plain, scene.photo, scene.layered.shell_m)
    hanging = views.floaters_ppm(replace(plain, means=means), scene.photo, scene.layered.shell_m)
    framed = 1e6 * len(range(0, n, 10)) / n
    assert before < 5000 < 0.3 * framed < hanging - before <= framed


def test_a_sky_is_no_floater(scene):
    world = ground_and_sky()
    photo = world.view(world.camera(96, 72))
    rays = torch.from_numpy(photo.camera.rays()[photo.sky][::5]).float()
    shell_m = 400.0
    sky = scene.gaussians.picked(torch.arange(len(rays)))
    at_shell = replace(sky, means=rays * (shell_m / rays.norm(dim=1, keepdim=True)))
    assert views.floaters_ppm(at_shell, photo, shell_m) == 0
    assert views.floaters_ppm(replace(at_shell, means=at_shell.means / 10), photo, shell_m) > 9e5


def test_flicker_is_nothing_where_nothing_changes_and_more_where_colours_do(scene):
    seen = Judged(scene, TrueEyes(scene.photo)).drawn
    still = views.flicker([seen[0], seen[0]])
    changed = views.flicker([seen[0], replace(seen[0], rgb=1 - seen[0].rgb)])
    assert still < 0.01 < views.flicker(seen) + 0.01 < changed


def test_bumps_are_none_on_planes_and_grow_with_noise_whatever_the_scale(photo):
    plane = tilted_plane().view(tilted_plane().camera(96, 72)).depth
    assert depth.bumps(plane) < 1e-4
    steps = [depth.bumps(NoisyDepth(3, warp, 0.0, 0.0)(photo.depth)) for warp in (0.0, 0.03, 0.06, 0.12, 0.24)]
    assert steps == sorted(steps) and steps[-1] > 5 * steps[1]
    assert depth.bumps(photo.depth * 100) == pytest.approx(depth.bumps(photo.depth), abs=1e-6)


def test_confidence_is_full_where_eyes_agree_up_to_scale_and_falls_as_they_do_not(photo):
    assert depth.confidence(photo, TrueEyes(photo)) == pytest.approx(1, abs=1e-3)
    assert depth.confidence(photo, TrueEyes(photo, lambda d: 7 * d)) == pytest.approx(1, abs=1e-3)
    worse = [depth.confidence(photo, TrueEyes(photo, NoisyDepth(3, warp, 0.0))) for warp in (0.03, 0.1, 0.3)]
    assert worse == sorted(worse, reverse=True) and worse[0] < 0.99


def test_what_cannot_be_measured_is_none(photo):
    sky = replace(photo, depth=np.full_like(photo.depth, np.inf))
    assert depth.bumps(sky.depth) is depth.reach(sky.depth) is risk(sky) is depth.confidence(sky, TrueEyes(sky)) is None
    assert views.sharpness(photo.image, np.zeros_like(photo.image)) is None


def test_detail_is_at_risk_where_depth_is_bumpy(photo):
    noisy = replace(photo, depth=NoisyDepth(3, 0.2, 0.0)(photo.depth))
    grey = replace(photo, image=np.full_like(photo.image, 0.5))
    assert risk(noisy) > 1.3 * risk(photo) > risk(grey) == 0


@pytest.mark.parametrize(
    ("figures", "verdict"),
    [
        ({"a": 1}, "accept"), ({"hole_share": 0.02}, "look-at"), ({"hole_share": 0.2}, "reject"),
        ({"photo_psnr_db": 20.0}, "look-at"), ({"photo_psnr_db": 10.0, "hole_share": 0.02}, "reject"),
        ({"photo_psnr_db": None}, "look-at"),
    ],
)  # fmt: skip
def test_the_worst_figure_decides_and_all_that_are_off_are_named(figures, verdict):
    good = {"photo_psnr_db": 30.0, "hole_share": 0.0, "made_up_share": 0.1, "floaters_ppm": 0.0, "seam_error": 0.01,
            "depth_confidence": 0.9, "expected_psnr_db": 25.0}  # fmt: skip
    judgement = verdict_of(good | figures, LIMITS)
    assert judgement.verdict == verdict
    assert len(judgement.reasons) == (0 if verdict == "accept" else len(figures))


def test_every_limit_of_ours_is_of_a_figure_with_a_better_side():
    assert json.loads(checked_limits(LIMITS, "ours")) == LIMITS


@pytest.mark.parametrize(
    "told",
    ["[]", "{", '{"hole_share": 3}', '{"depth_range": {"reject": 1}}', '{"size": {"reject": 1}}',
     '{"hole_share": {"reject": "x"}}', '{"hole_share": {"maybe": 1}}', ""],
)  # fmt: skip
def test_a_file_that_holds_no_limits_is_refused(tmp_path: Path, told):
    (tmp_path / "limits.json").write_text(told)
    with pytest.raises(InputError):
        read_limits(tmp_path / "limits.json")


def test_the_docs_have_every_figure_and_our_limits():
    text = (Path(__file__).parents[1] / "docs" / "batch.md").read_text(encoding="utf-8")
    for figure in FIGURES:
        means = figure.means.replace("|", "\\|")
        assert f"| `{figure.name}` | {figure.unit} | {figure.better or '-'} | {means} |" in text
    assert json.loads(text.partition("```json")[2].partition("```")[0]) == LIMITS
