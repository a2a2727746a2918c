"""Every kind of video against a world with a known answer, and every file opened by somebody else's reader."""

import struct
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from pkgutil import resolve_name

import av
import cv2
import numpy as np
import pytest
import torch
from PIL import Image, ImageSequence

from gen3d.camera import Camera
from gen3d.errors import InputError
from gen3d.events import Intermediate, Notice
from gen3d.geometry.framing import framed
from gen3d.geometry.half_sphere import directions
from gen3d.geometry.points import lift
from gen3d.geometry.stereo import for_a_headset, for_a_screen, pair
from gen3d.geometry.trajectory import moved, turned
from gen3d.run.filming import shoot_of, sink_of
from gen3d.settings import TourSettings, tour_checked
from gen3d.splat.cpu.function import CpuRasterizer
from gen3d.splat.gaussians import Gaussians, from_points, joined, sh_from_rgb
from gen3d.splat.role import FILLED_ALPHA
from gen3d.splat.shown import NEAR_IS_WHITE
from gen3d.stages.flythrough import STRAY, AsDrawn, fly_through
from gen3d.values import RGBD
from gen3d.video_table import SHAPES, VIDEOS, row_for, video_row
from tests.measures import drain
from tests.test_floors import row_of, within
from tests.test_flythrough import alpha, turning, wall

CAMERA = Camera.from_fov(50.0, 256, 192)
NEAR_M, FAR_M = 2.0, 6.0


def texture(camera: Camera, seed: int) -> np.ndarray:
    noise = np.random.default_rng(seed).random((camera.height, camera.width, 3)).astype(np.float32)
    return np.clip(0.5 + 4 * (cv2.GaussianBlur(noise, (0, 0), 2.5) - 0.5), 0, 1)


def plane(z_m: float, camera: Camera, seed: int, where: np.ndarray | None = None) -> Gaussians:
    seen = np.ones((camera.height, camera.width), bool) if where is None else where
    depth = np.full(seen.shape, z_m, np.float32)
    return from_points(lift(RGBD(texture(camera, seed), depth, camera), seen, 0, 100.0))


@pytest.fixture(scope="module")
def two_planes() -> Gaussians:
    """A wall, and before its left half a card."""
    wide = CAMERA.padded(40)
    left = np.zeros((wide.height, wide.width), bool)
    left[:, : wide.width // 2] = True
    return joined(plane(FAR_M, wide, 1), plane(NEAR_M, wide, 2, left))


def all_of(stage) -> tuple:
    """The product and everything that was yielded, intermediate results too."""
    found = []
    while True:
        try:
            found.append(next(stage))
        except StopIteration as done:
            return done.value, found


def filmed(kind: str, gaussians: Gaussians, path, **settings) -> tuple[list[np.ndarray], list]:
    """The frames as they go into the file, and what was told."""
    frames = []

    @contextmanager
    def sink(width: int, height: int):
        class Taken:
            def add(self, frame: np.ndarray) -> None:
                assert frame.shape == (height, width, 3)
                frames.append(frame)

        yield Taken()

    settings = TourSettings(frames=4, fps=12, kind=kind, **settings)
    shoot = shoot_of(video_row(kind))
    _, events = all_of(fly_through(gaussians, path, CpuRasterizer(), settings, sink, shoot=shoot))
    return frames, events


def still(amplitude: float) -> list[Camera]:
    return [CAMERA] * 2


def told(events: list) -> str:
    return " ".join(event.text for event in events if isinstance(event, Notice))


# --- the table


@pytest.mark.parametrize("row", VIDEOS, ids=lambda row: row.name)
def test_what_a_row_names_is_there_and_lies_below_who_looks_it_up(row):
    for named in (row.shoots, row.writes):
        assert callable(resolve_name(named))
        assert within(named.removeprefix("gen3d.").partition(":")[0], row_of("run")[0])


def test_no_two_kinds_have_a_name_or_a_file_in_common():
    assert len({row.name for row in VIDEOS}) == len({row.file for row in VIDEOS}) == len(VIDEOS)
    assert row_for(Path("A.MP4")) is VIDEOS[0] and row_for(Path("a.avi")) is None


def test_the_docs_name_every_kind_and_its_file():
    told = (Path(__file__).parents[1] / "docs" / "videos.md").read_text(encoding="utf-8")
    assert [row.name for row in VIDEOS if f"`{row.name}`" not in told or f"`{row.file}`" not in told] == []


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"kind": "hologram"}, "There is no kind of video 'hologram'. Use one of video, webp"),
        ({"shape": "4:3"}, "There is no shape '4:3'. Use one of photo, 16:9, 9:16, 1:1."),
        ({"kind": "vr180", "shape": "9:16"}, "VR180 has a shape of its own."),
        ({"strength": 2.5}, "A strength of 2.5 is not possible. Use 0 to 2"),
        ({"strength": float("nan")}, "A strength of nan"),
    ],
)
def test_what_there_is_not_is_refused(settings, words):
    with pytest.raises(InputError) as refused:
        tour_checked(TourSettings(**settings))
    assert words in str(refused.value)


# --- shapes


@pytest.mark.parametrize("photo", [(640, 480), (480, 640), (500, 500), (1000, 300)])
@pytest.mark.parametrize("shape", [shape for shape in SHAPES if SHAPES[shape]])
def test_another_shape_shows_nothing_that_was_not_in_the_frame(photo, shape):
    lens = Camera.from_intrinsics(600.0, 610.0, 0.4 * photo[0], 0.55 * photo[1], *photo)
    view = framed(lens, SHAPES[shape], 960)
    across, down = SHAPES[shape]
    assert view.width % 2 == view.height % 2 == 0
    assert abs(view.width * down - view.height * across) <= 2 * max(across, down)
    corners = np.array([[0, 0], [view.width, 0], [0, view.height], [view.width, view.height]], float)
    rays = np.concatenate([(corners - view.K[:2, 2]) / view.K.diagonal()[:2], np.ones((4, 1))], axis=1)
    uv, _ = lens.project(rays)
    assert (uv >= -1e-6).all() and (uv <= np.array(photo) + 1e-6).all()
    assert max(view.width, view.height) <= max(photo)
    spans = uv[3] - uv[0]
    assert max(spans / photo) > 0.995, "and no less than fits"


def test_a_width_bounds_every_shape():
    assert framed(Camera.from_fov(60.0, 480, 640), (16, 9), 320).width == 320


def test_a_portrait_video_says_what_it_leaves_out_and_the_photos_shape_says_nothing():
    gaussians = wall(160)
    _, events = filmed("video", gaussians, turning, shape="9:16")
    assert "9:16 is cut out of the photo's shape and shows 42% of its width" in told(events)
    assert told(filmed("video", gaussians, turning)[1]) == ""


# --- two eyes


def shift(left: np.ndarray, right: np.ndarray, columns: slice) -> float:
    """How many pixels farther to the right things are in the left eye's picture."""
    a, b = (np.ascontiguousarray(one[20:-20, columns].mean(axis=2), np.float32) for one in (right, left))
    window = cv2.createHanningWindow(a.shape[::-1], cv2.CV_32F)
    return cv2.phaseCorrelate(a, b, window)[0][0]


def test_planes_have_the_disparity_of_their_depth_and_none_beyond_the_limit(two_planes):
    frames, events = filmed("side-by-side", two_planes, still)
    left, right = np.split(frames[0], 2, axis=1)
    eyes = for_a_screen(CAMERA, NEAR_M)
    f, w = CAMERA.K[0, 0], CAMERA.width
    for z, columns in ((NEAR_M, slice(8, 112)), (FAR_M, slice(144, 248))):
        expected = f * eyes.apart_m * (1 / z - 1 / eyes.screen_m)
        assert abs(shift(left, right, columns) - expected) < 0.15
        assert -0.02 * w - 1e-6 <= expected <= 0.01 * w + 1e-6
    assert f * eyes.apart_m * (0 - 1 / eyes.screen_m) == pytest.approx(-0.02 * w), "what is endlessly far"
    apart_mm = float(told(events).split("The eyes are ")[1].split(" ")[0])
    assert apart_mm == pytest.approx(1000 * eyes.apart_m, rel=0.01)


def test_nearer_things_bring_the_eyes_closer_all_along_a_path():
    """The path goes halfway to a wall: the eyes are as close as the nearest of it asks for."""
    gaussians = plane(4.0, CAMERA.padded(40), 3)
    path = lambda amplitude: [CAMERA.posed(moved(0.0, 0.0, 2.0 * amplitude * i / 3)) for i in range(4)]  # noqa: E731
    frames, _ = filmed("side-by-side", gaussians, path)
    shifts = [shift(*np.split(frame, 2, axis=1), slice(40, 216)) for frame in frames]
    assert max(shifts) <= 0.01 * CAMERA.width + 0.15 and shifts[0] < shifts[-1] - 1


def test_what_is_in_the_screen_falls_on_the_same_pixel_of_both_eyes():
    eyes = for_a_screen(CAMERA, 2.0)
    point = np.array([0.3, -0.2, eyes.screen_m])
    left, right = (one.project(point)[0] for one in pair(CAMERA, eyes))
    assert np.allclose(left, right) and np.allclose(left, CAMERA.project(point)[0])


def test_an_anaglyph_is_red_of_the_left_eye_and_green_and_blue_of_the_right(two_planes):
    (both, *_), (one, *_) = (filmed(kind, two_planes, still)[0] for kind in ("side-by-side", "anaglyph"))
    left, right = np.split(both, 2, axis=1)
    assert np.array_equal(one[..., 0], left[..., 0])
    assert np.array_equal(one[..., 1:], right[..., 1:])
    assert np.abs(left - right).mean() > 0.02


# --- depth


def test_a_depth_pass_has_the_brightness_of_its_depth_in_all_frames(two_planes):
    frames, events = filmed("depth", two_planes, still)
    median = float(np.median(CpuRasterizer().render(two_planes, CAMERA).depth.numpy()))
    for frame in frames:
        for z, columns in ((NEAR_M, slice(8, 100)), (FAR_M, slice(150, 248))):
            grey = min(1.0, NEAR_IS_WHITE * median / z)
            assert np.abs(frame[20:-20, columns] - grey).max() < 0.01
    assert f"Brightness is {NEAR_IS_WHITE * median:.3g} m over the depth" in told(events)


# --- half a sphere


def ball(right_deg: float, up_deg: float, distance_m: float) -> Gaussians:
    """A small bright one, in the world of the camera."""
    a, b = np.radians([right_deg, up_deg])
    at = distance_m * np.array([np.cos(b) * np.sin(a), -np.sin(b), np.cos(b) * np.cos(a)])
    mean = torch.tensor(at[None], dtype=torch.float32)
    size = torch.full((1, 3), 0.015 * distance_m)
    turn = torch.tensor([[1.0, 0, 0, 0]])
    return Gaussians(mean, turn, size, torch.ones(1), sh_from_rgb(torch.ones(1, 3)))


@pytest.mark.parametrize(("right", "up"), [(0, 0), (30, 10), (-70, 0), (80, -5), (10, 60), (-40, -50), (45, 0)])
def test_a_point_lies_where_its_direction_is_in_both_eyes(right, up):
    distance, wide = 3.0, 360
    frames, _ = filmed("vr180", ball(right, up, distance), still, width_px=wide)
    apart = for_a_headset(distance).apart_m
    rays = directions(wide)
    for side, eye in zip((-0.5, 0.5), np.split(frames[0], 2, axis=1), strict=True):
        assert eye.shape == (wide, wide, 3)
        weight = eye.mean(axis=2)
        y, x = (np.average(np.arange(wide), weights=weight.sum(axis=k)) for k in (1, 0))
        a, b = np.radians([right, up])
        seen = distance * np.array([np.cos(b) * np.sin(a), -np.sin(b), np.cos(b) * np.cos(a)])
        seen = seen - [side * apart, 0, 0]
        to_right, to_up = np.degrees([np.arctan2(seen[0], seen[2]), np.arcsin(-seen[1] / np.linalg.norm(seen))])
        assert abs((x + 0.5) / wide * 180 - 90 - to_right) < 0.4
        assert abs(90 - (y + 0.5) / wide * 180 - to_up) < 0.4
        assert np.dot(rays[round(y), round(x)], seen / np.linalg.norm(seen)) > np.cos(np.radians(0.8))


def test_views_meet_without_a_seam():
    """A wall of one colour all around: no line where two of the pinholes meet."""
    turn = torch.nn.functional.normalize(torch.randn(6000, 3, generator=torch.Generator().manual_seed(0)), dim=1)
    n = len(turn)
    sphere = Gaussians(
        4 * turn, torch.tensor([[1.0, 0, 0, 0]]).repeat(n, 1), torch.full((n, 3), 0.3), torch.full((n,), 0.98),
        sh_from_rgb(torch.full((n, 3), 0.6)),
    )  # fmt: skip
    frames, events = filmed("vr180", sphere, still, width_px=120)
    assert np.abs(frames[0] - 0.6).max() < 0.02
    assert "The scene fills 100% of the half sphere" in told(events)


def test_what_was_never_built_is_black_and_told():
    frames, events = filmed("vr180", wall(20), still, width_px=120)
    left = frames[0][:, :120]
    assert left[60, 60].mean() > 0.2 and left[:, :20].max() == 0
    assert "the rest is black" in told(events) and "of the half sphere" in told(events)


def test_eyes_are_as_far_apart_as_peoples_unless_something_is_near():
    assert for_a_headset(0.75).apart_m == for_a_headset(30.0).apart_m == 0.063
    assert for_a_headset(0.25).apart_m == pytest.approx(0.021)


# --- how far it moves


def test_a_strength_is_flown_as_asked_and_the_first_frame_with_a_hole_is_marked():
    gaussians, settings = wall(30), TourSettings(frames=24, fps=12, width_px=96, strength=1.0)
    taken = []

    @contextmanager
    def sink(width, height):
        yield type("Taken", (), {"add": lambda self, frame: taken.append(frame)})()

    amplitude, events = all_of(fly_through(gaussians, turning, CpuRasterizer(), settings, sink))
    first = next(i for i, c in enumerate(turning(1.0)) if (alpha(gaussians, c) < FILLED_ALPHA).mean() > STRAY)
    assert amplitude == 1.0 and len(taken) == 24
    assert f"Holes begin at frame {first + 1} of 24 ({first / 12:.1f} s); up to strength" in told(events)
    up_to = float(told(events).split("up to strength ")[1].split(" ")[0])
    assert all((alpha(gaussians, c) >= FILLED_ALPHA).all() for c in turning(up_to))
    [marked] = [e.values for e in events if isinstance(e, Intermediate) and e.name == "flythrough.holes"]
    assert marked == {"first": first, "frames": 24}


def test_a_strength_that_holds_is_told_without_a_word():
    _, events = filmed("video", wall(160), turning, strength=0.25)
    assert told(events) == ""
    [marked] = [e.values for e in events if isinstance(e, Intermediate) and e.name == "flythrough.holes"]
    assert marked["first"] is None


@pytest.mark.parametrize(("strength", "farthest"), [(0.0, 0.0), (0.5, 0.5), (1.0, 1.0), (2.0, 2.0)])
def test_a_drawn_path_is_drawn_to_its_start_or_beyond_its_end(strength, farthest):
    drawn = AsDrawn([CAMERA.posed(moved(x, 0.0, 0.0) @ turned(10 * x)) for x in (0.0, 0.5, 1.0)])
    last = drawn.moving(strength)(1.0)[-1].c2w
    assert last[0, 3] == pytest.approx(farthest)
    assert np.degrees(np.arctan2(last[0, 2], last[2, 2])) == pytest.approx(10 * farthest)
    assert drawn.moving(None) is drawn


# --- the files


def frames_of(file) -> list[np.ndarray]:
    with av.open(str(file)) as container:
        return [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]


TWO_EYES = ("anaglyph", "side-by-side")
"""Drawn twice a frame as vr180 is, which stands for them in a quick run."""


@pytest.mark.parametrize(
    "row",
    [pytest.param(row, id=row.name, marks=pytest.mark.slow if row.name in TWO_EYES else ()) for row in VIDEOS],
)
def test_every_kind_is_opened_by_others(row, tmp_path):
    file = tmp_path / row.file
    settings = TourSettings(frames=8, fps=12, width_px=96, kind=row.name)
    path = partial(turning, frames=row.frames(8))
    drain(fly_through(wall(160), path, CpuRasterizer(), settings, sink_of(row, file, 12), shoot=shoot_of(row)))
    across = {"side-by-side": 2, "vr180": 2}.get(row.name, 1)
    high = 96 if row.name == "vr180" else 72
    if row.is_picture:
        with Image.open(file) as picture:
            assert (picture.format, picture.size) == (row.suffix[1:].upper(), (96, 72))
            assert picture.n_frames == 8 and picture.info["loop"] == 0
    else:
        frames = frames_of(file)
        assert len(frames) == 8 and frames[0].shape == (high, 96 * across, 3)
        assert frames[0].std() > 10 or row.name == "depth"
    assert [one.name for one in tmp_path.iterdir()] == [row.file]


@pytest.mark.parametrize("name", ["webp", "gif"])
def test_a_boomerang_goes_there_and_back_and_lasts_as_long_as_it_should(name, tmp_path):
    row = video_row(name)
    with sink_of(row, tmp_path / row.file, 24)(64, 48) as video:
        for i in range(row.frames(12)):
            video.add(np.full((48, 64, 3), i / 8, np.float32))
    with Image.open(tmp_path / row.file) as picture:
        seen = [(np.asarray(f.convert("RGB")).mean(), f.info["duration"]) for f in ImageSequence.Iterator(picture)]
    there = list(range(7))
    expected = [min(255, 255 * i / 8) for i in [*there, *there[-2:0:-1]]]
    np.testing.assert_allclose([level for level, _ in seen], expected, atol=3)
    assert sum(stay for _, stay in seen) == 500


def test_a_failure_leaves_no_picture(tmp_path):
    row = video_row("gif")
    with pytest.raises(ZeroDivisionError), sink_of(row, tmp_path / "a.gif", 24)(64, 48):
        1 / 0  # noqa: B018
    with pytest.raises(ValueError, match="at least one frame"), sink_of(row, tmp_path / "a.gif", 24)(64, 48):
        pass
    with pytest.raises(InputError, match="could not be written"), \
            sink_of(row, tmp_path / "no" / "a.gif", 24)(64, 48) as video:  # fmt: skip
        video.add(np.zeros((48, 64, 3), np.float32))
    assert not list(tmp_path.iterdir())


def described(file) -> dict[str, bytes]:
    """What stands in the description of the first track's samples: name of a box -> its content. By the standard's
    words (ISO/IEC 14496-12), without a look at who wrote it."""
    content = file.read_bytes()

    def children(at: int, end: int) -> dict[bytes, tuple[int, int]]:
        found = {}
        while at + 8 <= end:
            size, kind = struct.unpack_from(">I4s", content, at)
            found.setdefault(kind, (at + 8, at + size))
            at += size
        assert at == end
        return found

    at, end = 0, len(content)
    for kind in (b"moov", b"trak", b"mdia", b"minf", b"stbl", b"stsd", b"avc1"):
        at, end = children(at, end)[kind]
        at += {b"stsd": 8, b"avc1": 78}.get(kind, 0)
    flat = {}
    waiting = children(at, end)
    while waiting:
        kind, (start, stop) = waiting.popitem()
        if kind in (b"sv3d", b"proj"):
            waiting |= children(start, stop)
        else:
            flat[kind.decode()] = content[start:stop]
    return flat


def written(kind: str, file) -> None:
    row = video_row(kind)
    noise = np.random.default_rng(0).random((30, 64, 128, 3)).astype(np.float32)
    with sink_of(row, file, 24)(128, 64) as video:
        for frame in noise:
            video.add(frame)


def test_vr180_says_that_it_is_half_a_sphere_for_each_eye(tmp_path):
    written("vr180", tmp_path / "a.mp4")
    boxes = described(tmp_path / "a.mp4")
    assert boxes["st3d"] == bytes(4) + b"\2", "left and right"
    version_and_flags, top, bottom, left, right = struct.unpack(">5I", boxes["equi"])
    assert (version_and_flags, top, bottom, left) == (0, 0, 0, right)
    assert left / 2**32 == pytest.approx(0.25, abs=1e-9)
    assert struct.unpack(">4i", boxes["prhd"]) == (0, 0, 0, 0)
    assert boxes["svhd"].startswith(bytes(4)) and boxes["svhd"].endswith(b"\0")


def test_ffmpeg_reads_what_is_said_of_eyes_and_sphere(tmp_path):
    def side_data(kind: str) -> set[str]:
        written(kind, tmp_path / f"{kind}.mp4")
        with av.open(str(tmp_path / f"{kind}.mp4")) as container:
            return {data.type.name for data in next(container.decode(video=0)).side_data}

    assert {"STEREO3D", "SPHERICAL"} <= side_data("vr180")
    assert side_data("side-by-side") & {"STEREO3D", "SPHERICAL"} == {"STEREO3D"}
    assert not side_data("video") & {"STEREO3D", "SPHERICAL"}


def test_the_frames_are_the_same_with_what_is_said_of_them(tmp_path):
    for kind in ("video", "side-by-side", "vr180"):
        written(kind, tmp_path / f"{kind}.mp4")
    plain, *others = (frames_of(tmp_path / f"{kind}.mp4") for kind in ("video", "side-by-side", "vr180"))
    for other in others:
        assert all(np.array_equal(a, b) for a, b in zip(plain, other, strict=True))
    content = (tmp_path / "vr180.mp4").read_bytes()
    assert content.index(b"moov") < content.index(b"mdat")


