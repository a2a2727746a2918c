import gzip
import zlib
from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy.spatial.transform import Rotation

from gen3d.camera import Camera
from gen3d.errors import EmptyWorld, InputError
from gen3d.formats import gzipped as gzipped_module
from gen3d.formats import view
from gen3d.formats.view import MAGIC, Limits, check_view, read_view, write_view
from gen3d.formats.view_codes import from_octahedral, octahedral
from gen3d.formats.view_order import FIRST_SHARE, LARGER, first_larger, streaming_order
from gen3d.geometry import together as together_module
from gen3d.splat.gaussians import Gaussians, joined, sh_from_rgb
from gen3d.splat.pick import pick_rasterizer
from tests.drawn import random_path
from tests.measures import psnr
from tests.small_scenes import LENS, photo_scene, sheet, shown, tinted

LIMITS = Limits(12.0, 15.0, 5.0, 8.0, 0.7, 1.1)


def posed(camera: Camera) -> Camera:
    c2w = np.eye(4)
    c2w[:3, :3], c2w[:3, 3] = Rotation.from_euler("yx", [20, 10], degrees=True).as_matrix(), (0.3, -0.2, 0.1)
    return camera.posed(c2w)


@pytest.mark.parametrize("tint", [False, True], ids=["plain", "tinted"])
def test_the_picture_survives_the_file(tmp_path, tint):
    """No wall faces this camera straight on: on such a one, rounding decides who of equally far ones is in front."""
    camera = posed(LENS)
    scene = tinted(photo_scene(camera)) if tint else photo_scene(camera)
    write_view(tmp_path / "s.view", scene, camera, 4.0, LIMITS)
    back = read_view(tmp_path / "s.view").gaussians
    assert len(back) == len(scene) and back.sh_degree == scene.sh_degree
    for look in (camera, camera.resized(192, 144)):
        assert psnr(shown(pick_rasterizer().render(back, look)), shown(pick_rasterizer().render(scene, look))) > 40


def test_every_number_comes_back_within_its_step(tmp_path):
    """Gaussians of all sizes and turns all around the camera, behind it too; told apart by their colours."""
    n, rng = 500, np.random.default_rng(0)
    away = rng.standard_normal((n, 3))
    distance = np.exp(rng.uniform(-3, 4, n))
    means = away / np.linalg.norm(away, axis=1, keepdims=True) * distance[:, None]
    quats = Rotation.random(n, random_state=0).as_quat(scalar_first=True)
    scales = distance[:, None] * np.exp(rng.uniform(-8, 0, (n, 3)))
    parts = (means, quats, scales, rng.random(n))
    scene = Gaussians(*(torch.from_numpy(p).float() for p in parts), sh_from_rgb(torch.rand(n, 3)))
    write_view(tmp_path / "s.view", scene, LENS, 4.0, LIMITS)
    back = read_view(tmp_path / "s.view").gaussians
    there, here = (torch.nn.functional.normalize(g.means, dim=1) for g in (back, scene))
    order = torch.cdist(there, here).argmin(dim=1)
    assert sorted(order.tolist()) == list(range(n))
    meant = Gaussians(*(t[order] for t in (scene.means, scene.quats, scene.scales, scene.opacities, scene.sh)))
    assert ((back.means - meant.means).norm(dim=1) / meant.means.norm(dim=1)).max() < 2e-4
    assert (back.scales / meant.scales).log().abs().max() < 0.5 * 8 / 255 + 1e-3
    assert (back.opacities - meant.opacities).abs().max() <= 0.5 / 255 + 1e-6
    assert (back.rgb - meant.rgb).abs().max() <= 0.5 / 255 + 1e-6
    same = (back.quats * torch.nn.functional.normalize(meant.quats, dim=1)).sum(dim=1).abs()
    assert 2 * torch.rad2deg(torch.arccos(same.clamp(max=1))).max() < 0.35


def test_the_videos_path_comes_back(tmp_path):
    path = random_path(5, 1, "pingpong", 0.25)
    write_view(tmp_path / "s.view", photo_scene(), LENS, 3.5, LIMITS, tour=path)
    back = read_view(tmp_path / "s.view").tour
    assert back.c2w == pytest.approx(path.c2w) and (back.loop, back.tension) == ("pingpong", 0.25)
    assert back.focal == pytest.approx(path.focal) and back.seconds == pytest.approx(path.seconds)


def test_camera_limits_and_title_come_back(tmp_path):
    camera = posed(LENS)
    write_view(tmp_path / "s.view", photo_scene(camera), camera, 3.5, LIMITS, "Zoë's </script> room")
    back = read_view(tmp_path / "s.view")
    assert np.array_equal(back.camera.K, camera.K) and np.array_equal(back.camera.w2c, camera.w2c)
    assert (back.camera.width, back.camera.height, back.pivot_m) == (96, 72, 3.5)
    assert back.limits == LIMITS and back.title == "Zoë's </script> room"


def test_directions_all_around_survive_the_octahedron():
    away = np.random.default_rng(0).standard_normal((1000, 3))
    away = np.concatenate([away, np.diag([1.0, 1, 1]), -np.diag([1.0, 1, 1])])
    away /= np.linalg.norm(away, axis=1, keepdims=True)
    uv = octahedral(away)
    assert np.abs(uv).max() <= 1 and np.allclose(from_octahedral(uv), away, atol=1e-12)
    assert np.allclose(octahedral(np.array([[0.0, 0.0, 2.0]])), 0), "straight ahead is in the middle"


def test_the_first_fifth_is_a_picture_already():
    scene = photo_scene()
    order = streaming_order(scene, LENS)
    assert sorted(order) == list(range(len(scene)))
    first = torch.zeros(len(scene), dtype=torch.bool)
    first[torch.from_numpy(order[: int(FIRST_SHARE * len(scene))].copy())] = True
    few, full = scene.keep(first), pick_rasterizer().render(scene, LENS)
    larger = first_larger(scene, LENS, order)
    drawn = pick_rasterizer().render(replace(few, scales=larger * few.scales), LENS)
    assert (drawn.alpha < 0.5).float().mean() < 0.02
    assert psnr(shown(drawn), shown(full)) > 22
    largest = scene.scales.prod(dim=1).argsort(descending=True)[: int(first.sum())]
    naive = scene.keep(torch.isin(torch.arange(len(scene)), largest))
    assert psnr(shown(pick_rasterizer().render(naive, LENS)), shown(full)) < 15


@pytest.mark.parametrize("opacity", [0.0, 1e-30, 0.5])
@pytest.mark.parametrize("aside_m", [0.0, 1000.0])
def test_how_much_larger_the_first_part_is_drawn_is_a_number_though_nothing_of_it_is_seen(opacity, aside_m):
    scene = sheet((aside_m, 0, 4), (1, 0, 0), (0, 1, 0), 0.1)
    scene = replace(scene, opacities=torch.full_like(scene.opacities, opacity))
    larger = first_larger(scene, LENS, streaming_order(scene, LENS))
    assert LARGER[0] <= larger <= LARGER[1]


def test_what_is_hidden_or_outside_comes_late():
    front = sheet((0, 0, 2), (1, 0, 0), (0, 0.8, 0), 0.05)
    behind = sheet((0, 0, 4), (1.5, 0, 0), (0, 1.2, 0), 0.1)
    aside = sheet((20, 0, 4), (1, 0, 0), (0, 1, 0), 0.1)
    scene = joined(front, behind, aside)
    order = streaming_order(scene, Camera.from_fov(50.0, 64, 48))
    first = order[: len(scene) // 5]
    assert (first < len(front)).mean() > 0.95
    assert (order[-len(aside) :] >= len(front) + len(behind)).mean() > 0.9


def test_the_same_scene_gives_the_same_bytes_and_few_of_them(tmp_path):
    scene = photo_scene()
    for name in ("a.view", "b.view"):
        write_view(tmp_path / name, scene, LENS, 4.0, LIMITS)
    assert (tmp_path / "a.view").read_bytes() == (tmp_path / "b.view").read_bytes()
    assert (tmp_path / "a.view").stat().st_size < 17.5 * len(scene)


def test_what_cannot_be_drawn_is_left_out(tmp_path):
    scene = sheet((0, 0, 2), (1, 0, 0), (0, 1, 0), 0.5)
    scene.means[0] = 0  # where the camera is
    scene.means[1, 0] = float("nan")
    scene.scales[2] = 0
    write_view(tmp_path / "s.view", scene, LENS, 2.0, LIMITS)
    assert len(read_view(tmp_path / "s.view").gaussians) == len(scene) - 3
    with pytest.raises(EmptyWorld):
        write_view(tmp_path / "none.view", scene.keep(torch.arange(len(scene)) < 3), LENS, 2.0, LIMITS)
    assert not (tmp_path / "none.view").exists()


def test_a_scene_of_one_gaussian_is_a_scene(tmp_path):
    one = sheet((0, 0, 2), (1, 0, 0), (0, 1, 0), 0.5).keep(torch.arange(16) == 0)
    write_view(tmp_path / "s.view", one, LENS, 2.0, LIMITS)
    assert torch.allclose(read_view(tmp_path / "s.view").gaussians.means, one.means, rtol=1e-4)


def damage(how: str, whole: bytes) -> bytes:
    content = gzip.decompress(whole)
    return {
        "truncated": whole[: len(whole) // 2],
        "not zipped": content,
        "another magic": gzip.compress(b"GEN3D view 9" + content[12:]),
        "a record short": gzip.compress(content[:-1]),
        "header cut": gzip.compress(content[: len(MAGIC) + 2]),
        "header broken": gzip.compress(content.replace(b'"count"', b'"c\xffunt"')),
        "header of numbers": gzip.compress(MAGIC + (2).to_bytes(4, "little") + b"42"),
    }[how]


@pytest.mark.parametrize(
    "how",
    ["truncated", "not zipped", "another magic", "a record short", "header cut", "header broken", "header of numbers"],
)
def test_a_broken_file_is_refused_by_name(tmp_path, how):
    write_view(tmp_path / "s.view", photo_scene(Camera.from_fov(60.0, 24, 16)), LENS, 4.0, LIMITS)
    broken = tmp_path / "broken.view"
    broken.write_bytes(damage(how, (tmp_path / "s.view").read_bytes()))
    for reader in (read_view, check_view):
        with pytest.raises(InputError, match=r"broken\.view"):
            reader(broken)


def test_a_small_file_takes_little_memory_however_large_one_may_be(tmp_path, monkeypatch):
    """As much memory as the largest file would need was set aside for each: a small machine could build nothing."""
    write_view(tmp_path / "s.view", photo_scene(LENS), LENS, 4.0, LIMITS)
    monkeypatch.setattr(view, "LARGEST_BYTES", 1 << 60)
    check_view(tmp_path / "s.view")
    assert len(read_view(tmp_path / "s.view").gaussians) > 100


@pytest.mark.parametrize("size", [0, 1, gzipped_module.PIECE, gzipped_module.PIECE + 1, 3 * gzipped_module.PIECE + 7])
@pytest.mark.parametrize("threads", [1, 2])
def test_what_is_packed_in_pieces_is_one_stream_whoever_packs_it(size, threads, monkeypatch):
    content = np.random.default_rng(size).integers(0, 9, size, np.uint8).tobytes()
    alone = gzipped_module.gzipped(content, 4)
    monkeypatch.setattr(together_module.config, "NUMBA_NUM_THREADS", threads)
    assert gzipped_module.gzipped(content, 4) == alone
    stream = zlib.decompressobj(zlib.MAX_WBITS | 16)
    assert stream.decompress(alone) == content and stream.eof and not stream.unused_data
    assert len(alone) <= 1.001 * len(gzip.compress(content, 4)) + 20
