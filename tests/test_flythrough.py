from functools import partial

import av
import numpy as np
import pytest
import torch

from gen3d.camera import Camera
from gen3d.events import Notice, Preview, Progress
from gen3d.geometry.points import lift
from gen3d.geometry.trajectory import tour_path, turned
from gen3d.run.steps import Film
from gen3d.settings import TourSettings
from gen3d.splat.cpu.function import CpuRasterizer
from gen3d.splat.gaussians import Gaussians, from_points
from gen3d.splat.role import FILLED_ALPHA
from gen3d.stages.flythrough import AMPLITUDES, AsDrawn, fly_through
from gen3d.values import RGBD, Scale
from tests.measures import drain, psnr

SETTINGS = TourSettings(frames=24, fps=12, width_px=96)
CAMERA = Camera.from_fov(50.0, 96, 72)


def wall(margin_px: int) -> Gaussians:
    """A wall z = 3 that reaches `margin_px` beyond the photo's frame on every side, brighter to the right."""
    wide = CAMERA.padded(margin_px)
    y, x = np.mgrid[: wide.height, : wide.width].astype(np.float32)
    image = np.stack([x / wide.width, 0.3 + 0.4 * y / wide.height, 0.5 + 0.3 * np.sin(x / 5)], axis=-1)
    rgbd = RGBD(image.astype(np.float32), np.full(x.shape, 3.0, np.float32), wide)
    return from_points(lift(rgbd, np.ones(x.shape, bool), 0, 100.0))


def turning(amplitude: float, frames: int = SETTINGS.frames) -> list[Camera]:
    """To the right, to the left and back, by up to 30 degrees."""
    t = np.linspace(0, 2 * np.pi, frames)
    return [CAMERA.posed(turned(float(30 * amplitude * np.sin(x)))) for x in t]


def fly(gaussians, path, file, settings=SETTINGS, enough=lambda: False):
    return drain(fly_through(gaussians, path, CpuRasterizer(), settings, partial(Film, file, fps=settings.fps), enough))


def decoded(file) -> list[np.ndarray]:
    with av.open(str(file)) as container:
        return [f.to_ndarray(format="rgb24").astype(np.float32) / 255 for f in container.decode(video=0)]


def alpha(gaussians: Gaussians, camera: Camera) -> np.ndarray:
    with torch.no_grad():
        return CpuRasterizer().render(gaussians, camera).alpha.numpy()


def test_the_motion_shrinks_until_no_frame_shows_a_hole(tmp_path):
    amplitudes = []
    for margin_px in (8, 30, 160):
        gaussians = wall(margin_px)
        amplitude, _ = fly(gaussians, turning, tmp_path / "a.mp4")
        amplitudes.append(amplitude)
        assert amplitude in AMPLITUDES
        assert all((alpha(gaussians, camera) >= FILLED_ALPHA).all() for camera in turning(amplitude))
        if amplitude < 1:  # and no further than needed
            wider = AMPLITUDES[AMPLITUDES.index(amplitude) - 1]
            assert any((alpha(gaussians, camera) < FILLED_ALPHA).any() for camera in turning(wider))
    assert amplitudes[0] < amplitudes[1] < amplitudes[2] == 1.0


def test_a_sliver_in_the_middle_of_the_scene_is_kept_out_of_sight(tmp_path):
    """Four pixels wide; seen only by who turns right by more than about ten degrees."""
    gaussians = wall(160)
    yaw = torch.rad2deg(torch.atan2(gaussians.means[:, 0], gaussians.means[:, 2]))
    holed = gaussians.keep(~((yaw > 35) & (yaw < 37)))
    amplitude, _ = fly(holed, turning, tmp_path / "a.mp4")
    assert 0.2 <= amplitude < 0.5
    assert all((alpha(holed, camera) >= FILLED_ALPHA).all() for camera in turning(amplitude))


def test_a_much_smaller_motion_than_planned_is_told(tmp_path):
    _, events = fly(wall(8), turning, tmp_path / "a.mp4")
    assert [e for e in events if isinstance(e, Notice)]
    _, events = fly(wall(160), turning, tmp_path / "a.mp4")
    assert not [e for e in events if isinstance(e, Notice)]


def test_a_scene_with_holes_everywhere_still_gives_a_video_and_a_notice(tmp_path):
    gaussians = wall(8)
    middle = gaussians.means[:, :2].norm(dim=1) < 0.3
    amplitude, events = fly(gaussians.keep(~middle), turning, tmp_path / "a.mp4")
    assert amplitude == AMPLITUDES[-1]
    assert any("Even the smallest motion" in e.text for e in events if isinstance(e, Notice))
    assert len(decoded(tmp_path / "a.mp4")) == SETTINGS.frames


@pytest.mark.parametrize(("margin_px", "told"), [(160, []), (8, ["10 of 12 frames"])])
def test_a_drawn_path_is_flown_as_it_was_drawn_and_its_holes_are_told(tmp_path, margin_px, told):
    drawn = AsDrawn(turning(1.0))
    amplitude, events = fly(wall(margin_px), drawn, tmp_path / "a.mp4")
    assert amplitude == 1.0 and len(decoded(tmp_path / "a.mp4")) == SETTINGS.frames
    notices = [e.text for e in events if isinstance(e, Notice)]
    assert len(notices) == len(told) and all(words in text for words, text in zip(told, notices, strict=True))


@pytest.mark.parametrize(("width_px", "size"), [(96, (96, 72)), (960, (96, 72)), (50, (50, 38)), (64, (64, 48))])
def test_the_video_has_the_frames_size_and_rate_asked_for(tmp_path, width_px, size):
    file = tmp_path / "a.mp4"
    fly(wall(160), turning, file, TourSettings(frames=24, fps=12, width_px=width_px))
    with av.open(str(file)) as container:
        stream = container.streams.video[0]
        assert (stream.width, stream.height) == size
        assert stream.average_rate == 12
    assert len(decoded(file)) == 24


def test_the_video_starts_and_ends_on_the_photo(tmp_path):
    gaussians = wall(160)

    def path(amplitude: float) -> list[Camera]:
        return tour_path("wander", CAMERA, Scale(3.0, 3.0), 24, amplitude)

    fly(gaussians, path, tmp_path / "a.mp4")
    frames = decoded(tmp_path / "a.mp4")
    with torch.no_grad():
        drawn = CpuRasterizer().render(gaussians, CAMERA)
    photo = (drawn.rgb / drawn.alpha[..., None]).clamp(0, 1).numpy()
    assert psnr(frames[0], photo) > 33  # what H.264 leaves
    assert psnr(frames[-1], photo) > 33
    assert psnr(frames[6], photo) < 30  # and moves between


def test_every_frame_is_the_scene_from_its_camera(tmp_path):
    gaussians = wall(160)
    amplitude, _ = fly(gaussians, turning, tmp_path / "a.mp4")
    for frame, camera in list(zip(decoded(tmp_path / "a.mp4"), turning(amplitude), strict=True))[::5]:
        with torch.no_grad():
            drawn = CpuRasterizer().render(gaussians, camera)
        assert psnr(frame, (drawn.rgb / drawn.alpha[..., None]).clamp(0, 1).numpy()) > 30


def test_slightly_transparent_pixels_keep_their_colour(tmp_path):
    gaussians = wall(160)
    thin = Gaussians(
        gaussians.means, gaussians.quats, gaussians.scales, torch.full_like(gaussians.opacities, 0.35), gaussians.sh
    )
    assert 0.5 < alpha(thin, CAMERA).mean() < 0.9
    fly(thin, turning, tmp_path / "thin.mp4")
    fly(gaussians, turning, tmp_path / "full.mp4")
    thin_frame, full_frame = (decoded(tmp_path / f"{name}.mp4")[0] for name in ("thin", "full"))
    assert np.abs(thin_frame.mean() / full_frame.mean() - 1) < 0.03


def test_enough_makes_a_shorter_video(tmp_path):
    asked = []

    def enough() -> bool:
        asked.append(True)
        return len(asked) > 5

    fly(wall(160), turning, tmp_path / "a.mp4", enough=enough)
    assert len(decoded(tmp_path / "a.mp4")) == 6


def test_closing_the_stage_leaves_no_file(tmp_path):
    sink = partial(Film, tmp_path / "a.mp4", fps=SETTINGS.fps)
    stage = fly_through(wall(160), turning, CpuRasterizer(), SETTINGS, sink)
    for event in stage:
        if isinstance(event, Progress) and event.done == 3:
            break
    stage.close()
    assert list(tmp_path.iterdir()) == []


def test_progress_counts_frames_and_previews_are_named(tmp_path):
    _, events = fly(wall(160), turning, tmp_path / "a.mp4")
    done = [e.done for e in events if isinstance(e, Progress)]
    assert done == [0, *range(1, 25)]
    assert [e.name for e in events if isinstance(e, Preview)] == ["flythrough_000", "flythrough_006"]


def test_a_frame_that_was_tried_is_not_drawn_again(tmp_path):
    class Counting(CpuRasterizer):
        drawn = 0

        def render(self, gaussians, camera):
            self.drawn += 1
            return super().render(gaussians, camera)

    drawing = Counting()
    amplitude, _ = drain(fly_through(wall(160), turning, drawing, SETTINGS, partial(Film, tmp_path / "a.mp4", fps=8)))
    assert amplitude == 1 and drawing.drawn == SETTINGS.frames
