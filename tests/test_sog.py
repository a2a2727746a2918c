"""Gaussians as .sog: there and back, beside splat-transform, and what cannot be meant."""

import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from gen3d.errors import EmptyWorld, InputError
from gen3d.formats.codebook import codebook, nearest, palette
from gen3d.formats.ply import write_ply
from gen3d.formats.scene_file import open_scene
from gen3d.formats.sog import store_sog
from gen3d.formats.sog_codes import in_morton_order
from gen3d.formats.stored import StoredScene
from gen3d.splat.gaussians import Gaussians
from tests.small_scenes import sheet
from tests.test_scene_file import converted
from tests.test_spz import apart, same_side, some

N = 200


def ordered(g: Gaussians) -> Gaussians:
    """As a .sog has them."""
    return in_morton_order(g)


def members(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def rewritten(path: Path, change: Callable[[dict[str, bytes]], object]) -> Path:
    """The file again with other members."""
    content = members(path)
    change(content)
    with zipfile.ZipFile(path, "w") as archive:
        for name, part in content.items():
            archive.writestr(name, part)
    return path


def assert_close(read: Gaussians, g: Gaussians) -> None:
    """Within what `sog.py` promises."""
    step = torch.from_numpy((1 + g.means.abs().numpy()) * np.log1p(g.means.abs().numpy()).max() / 65535)
    assert bool(((read.means - g.means).abs() <= step + 1e-6).all())
    quats = same_side(read.quats, g.quats)
    smaller = (quats - g.quats).abs().gather(1, g.quats.abs().argsort(dim=1))
    assert smaller[:, :3].max() <= 0.0029 and smaller[:, 3].max() <= 0.009
    assert apart(read.opacities, g.opacities) <= 1 / 510 + 1e-6
    assert (read.scales.log() - g.scales.log()).abs().mean() < 0.02
    assert (read.rgb - g.rgb).abs().mean() < 0.006


@pytest.mark.parametrize("degree", [0, 1, 2, 3])
def test_a_round_trip_stays_within_what_the_format_promises(tmp_path, degree):
    g = some(N, degree)
    assert store_sog(tmp_path / "a.sog", StoredScene(g, antialiased=degree == 1)) == ()
    read = open_scene(tmp_path / "a.sog")
    assert read.antialiased == (degree == 1) and read.gaussians.sh_degree == degree
    assert_close(read.gaussians, ordered(g))
    if degree:
        rest = ordered(g).sh[:, 1:]  # at random, of which a palette makes least
        assert (read.gaussians.sh[:, 1:] - rest).abs().mean() < (0.6, 0.8, 0.9)[degree - 1] * rest.abs().mean()


def test_the_same_scene_gives_the_same_bytes_in_the_layout_of_the_format(tmp_path):
    g = some(N, 2)
    for name in ("a.sog", "b.sog"):
        store_sog(tmp_path / name, StoredScene(g))
    assert (tmp_path / "a.sog").read_bytes() == (tmp_path / "b.sog").read_bytes()
    content = members(tmp_path / "a.sog")
    meta = json.loads(content["meta.json"])
    assert (meta["version"], meta["count"], meta["shN"]["bands"]) == (2, N, 2) and "model" not in meta
    assert sorted(content) == sorted(["meta.json", *(f for key in meta.values() if type(key) is dict
                                                     for f in key.get("files", []))])  # fmt: skip
    pictures = {name: Image.open(io.BytesIO(part)) for name, part in content.items() if name.endswith("webp")}
    assert pictures["means_l.webp"].size == (16, 16) and pictures["shN_centroids.webp"].width == 64 * 8
    alpha = np.asarray(pictures["quats.webp"]).reshape(-1, 4)[:N, 3]
    assert set(alpha) <= {252, 253, 254, 255}


def test_a_codebook_is_far_better_than_even_steps():
    values = np.random.default_rng(0).normal(size=20_000) ** 3
    codes = codebook(values, 256)
    assert (np.diff(codes) >= 0).all()
    even = np.linspace(values.min(), values.max(), 256)
    error = [np.square(book[nearest(values, book)] - values).mean() for book in (codes, even)]
    assert error[0] < 0.06 * error[1]
    assert codebook(np.full(9, 2.5), 256) == pytest.approx(2.5, abs=1e-9)


def test_a_palette_stands_for_vectors_that_come_in_heaps():
    rng = np.random.default_rng(0)
    heaps = rng.normal(size=(64, 9))
    vectors = heaps[rng.integers(0, 64, 4000)] + 1e-3 * rng.normal(size=(4000, 9))
    entries, of = palette(vectors, 512)
    assert len(entries) == 512 and np.abs(entries[of] - vectors).mean() < 0.002
    few, of = palette(vectors[:40], 64)
    np.testing.assert_allclose(few[of], vectors[:40])


def test_a_scene_of_one_colour_that_packs_to_nothing_is_still_believed(tmp_path):
    wall = sheet((0, 0, 3), (3, 0, 0), (0, 3, 0), 0.02)
    store_sog(tmp_path / "a.sog", StoredScene(wall))
    assert len(open_scene(tmp_path / "a.sog").gaussians) == len(wall) == 90_000


def test_a_folder_of_pictures_is_read_by_its_meta_json(tmp_path):
    g = some(N)
    store_sog(tmp_path / "a.sog", StoredScene(g))
    (tmp_path / "scene").mkdir()
    for name, part in members(tmp_path / "a.sog").items():
        (tmp_path / "scene" / name).write_bytes(part)
    assert_close(open_scene(tmp_path / "scene" / "meta.json").gaussians, ordered(g))
    (tmp_path / "secret.webp").write_bytes((tmp_path / "scene" / "sh0.webp").read_bytes())
    meta = json.loads((tmp_path / "scene" / "meta.json").read_text())
    for name in ("../secret.webp", str(tmp_path / "secret.webp"), "..\\secret.webp"):
        meta["sh0"]["files"] = [name]
        (tmp_path / "scene" / "meta.json").write_text(json.dumps(meta))
        with pytest.raises(InputError, match="another folder"):
            open_scene(tmp_path / "scene" / "meta.json")
    meta["sh0"]["files"] = ["linked.webp"]
    (tmp_path / "scene" / "meta.json").write_text(json.dumps(meta))
    (tmp_path / "scene" / "linked.webp").symlink_to(tmp_path / "secret.webp")
    with pytest.raises(InputError, match="without its picture"):
        open_scene(tmp_path / "scene" / "meta.json")


def with_meta(**changes: object) -> Callable[[dict[str, bytes]], object]:
    def change(content: dict[str, bytes]) -> None:
        content["meta.json"] = json.dumps(json.loads(content["meta.json"]) | changes).encode()

    return change


def large_picture(content: dict[str, bytes]) -> None:
    out = io.BytesIO()
    Image.new("RGBA", (4000, 4000)).save(out, "WEBP", lossless=True)
    content["sh0.webp"] = out.getvalue()


BAD: dict[str, tuple[Callable[[dict[str, bytes]], object], str]] = {
    "another zip": (lambda c: c.pop("meta.json"), "a zip without a meta.json"),
    "no scene": (with_meta(means=None), "damaged|no 3D"),
    "version": (with_meta(version=1), "another version"),
    "count": (with_meta(count=1_000_000), "as many Gaussians as it says"),
    "many": (with_meta(count=10**12), "at most 20 million"),
    "no number": (with_meta(count="9"), "damaged"),
    "codebook": (with_meta(scales={"codebook": [0] * 255, "files": ["scales.webp"]}), "damaged"),
    "not finite": (with_meta(sh0={"codebook": [1e400] * 256, "files": ["sh0.webp"]}), "damaged"),
    "lost picture": (lambda c: c.pop("sh0.webp"), "damaged"),
    "no picture": (lambda c: c.update({"sh0.webp": b"dear"}), "damaged"),
    "large picture": (large_picture, "damaged"),
    "no bands": (with_meta(shN={"count": 64, "bands": 4, "codebook": [], "files": []}), "damaged"),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_what_cannot_be_meant_is_refused(tmp_path, name):
    store_sog(tmp_path / "a.sog", StoredScene(some(N)))
    change, words = BAD[name]
    with pytest.raises(InputError, match=words) as caught:
        open_scene(rewritten(tmp_path / "a.sog", change))
    assert caught.value.what.endswith(".") and caught.value.remedy.endswith(".")


def test_a_json_of_another_kind_is_told_apart(tmp_path):
    (tmp_path / "a.json").write_text('{"frames": []}')
    with pytest.raises(InputError, match="no 3D Gaussians"):
        open_scene(tmp_path / "a.json")


def test_writing_nothing_or_nonsense_fails(tmp_path):
    with pytest.raises(EmptyWorld):
        store_sog(tmp_path / "a.sog", StoredScene(some(0)))
    g = some(4)
    with pytest.raises(ValueError, match="finite"):
        store_sog(tmp_path / "a.sog", StoredScene(Gaussians(g.means * torch.nan, g.quats, g.scales, g.opacities, g.sh)))
    tiny = Gaussians(g.means, g.quats, 1e-3 * g.scales, g.opacities, g.sh)
    with pytest.raises(InputError, match="--centred"):
        store_sog(tmp_path / "a.sog", StoredScene(tiny, origin=(5e6, 0.0, 0.0)))
    assert not list(tmp_path.iterdir())


# -- beside splat-transform


@pytest.mark.parametrize("degree", [0, 1, 3])
def test_splat_transform_reads_what_we_write_as_we_do(tmp_path, degree):
    store_sog(tmp_path / "a.sog", StoredScene(some(N, degree)))
    ours = open_scene(tmp_path / "a.sog").gaussians
    theirs = open_scene(converted(tmp_path / "a.sog", tmp_path / "b.ply")).gaussians
    assert len(theirs) == len(ours) and theirs.sh_degree == ours.sh_degree == degree
    torch.testing.assert_close(theirs.means, ours.means, atol=1e-5, rtol=0)
    torch.testing.assert_close(theirs.scales, ours.scales, atol=0, rtol=1e-4)
    torch.testing.assert_close(theirs.opacities, ours.opacities, atol=1e-5, rtol=0)
    torch.testing.assert_close(theirs.sh, ours.sh, atol=1e-5, rtol=0)
    torch.testing.assert_close(theirs.quats, ours.quats, atol=1e-5, rtol=0)


@pytest.mark.slow
@pytest.mark.parametrize("degree", [0, 2])
def test_we_read_what_splat_transform_writes_as_it_does(tmp_path, degree):
    write_ply(tmp_path / "a.ply", some(1100, degree))
    theirs = converted(tmp_path / "a.ply", tmp_path / "b.sog", "-g", "cpu")
    ours, back = open_scene(theirs).gaussians, open_scene(converted(theirs, tmp_path / "c.ply")).gaussians
    assert len(ours) == 1100 and ours.sh_degree == degree
    torch.testing.assert_close(ours.means, back.means, atol=1e-5, rtol=0)
    torch.testing.assert_close(ours.sh, back.sh, atol=1e-5, rtol=0)
    torch.testing.assert_close(ours.quats, back.quats, atol=1e-5, rtol=0)
