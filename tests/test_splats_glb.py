"""Gaussians as glTF: there and back, as the Khronos validator sees them, and what others may have written."""

import json
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from scipy.spatial.transform import Rotation

from gen3d.errors import EmptyWorld, InputError
from gen3d.formats.known import Labels
from gen3d.formats.ply import write_ply
from gen3d.formats.scene_file import open_scene
from gen3d.formats.splats_glb import EXTENSION, open_splats_glb, store_splats_glb
from gen3d.formats.stored import StoredScene
from gen3d.splat.gaussians import Gaussians
from gen3d.splat.harmonics import harmonics
from gen3d.splat.placed import placed
from tests.npm import node, npm_package
from tests.test_mesh import VALIDATE, VALIDATOR
from tests.test_ply import assert_same, some_gaussians
from tests.test_scene_file import converted

N = 60


def parts(path: Path) -> tuple[dict[str, Any], bytes]:
    """The description and the numbers."""
    content = path.read_bytes()
    length = struct.unpack_from("<I", content, 12)[0]
    return json.loads(content[20 : 20 + length]), content[20 + length + 8 :]


def put(path: Path, content: dict[str, Any], block: bytes) -> None:
    """The counterpart."""
    text = json.dumps(content).encode()
    text += b" " * (-len(text) % 4)
    head = struct.pack("<4sII", b"glTF", 2, 28 + len(text) + len(block))
    path.write_bytes(head + struct.pack("<I4s", len(text), b"JSON") + text + struct.pack("<I4s", len(block), b"BIN\0"))
    with path.open("ab") as file:
        file.write(block)


def changed(path: Path, change: Callable[[dict[str, Any]], object]) -> Path:
    """The file again with another description."""
    content, block = parts(path)
    change(content)
    put(path, content, block)
    return path


@pytest.fixture
def glb(tmp_path) -> Path:
    store_splats_glb(tmp_path / "a.splats.glb", StoredScene(some_gaussians(N, 1)))
    return tmp_path / "a.splats.glb"


@pytest.mark.parametrize("degree", [0, 1, 2, 3])
def test_a_round_trip_keeps_everything(tmp_path, degree):
    g = some_gaussians(N, degree)
    assert store_splats_glb(tmp_path / "a.glb", StoredScene(g)) == ()
    read = open_scene(tmp_path / "a.glb")
    assert_same(read.gaussians, g, rtol=2e-6, atol=2e-6)
    assert read.labels is None and read.notices == ()
    before = (tmp_path / "a.glb").read_bytes()
    store_splats_glb(tmp_path / "a.glb", StoredScene(g))
    assert (tmp_path / "a.glb").read_bytes() == before


def test_each_part_is_a_node_by_its_name_and_stays_one(tmp_path):
    g, of = some_gaussians(N), np.arange(N) % 3
    labels = Labels(("foreground/thing 1", "background", "foreground/thing 2", "nobody's"), of)
    store_splats_glb(tmp_path / "a.glb", StoredScene(g, labels=labels))
    content, _ = parts(tmp_path / "a.glb")
    assert [node["name"] for node in content["nodes"]] == ["foreground", "thing 1", "background", "thing 2"]
    assert content["nodes"][0]["children"] == [1, 3] and content["scenes"] == [{"nodes": [0, 2]}]
    read = open_splats_glb(tmp_path / "a.glb")
    assert read.labels.names == ("foreground/thing 1", "foreground/thing 2", "background")
    for name, own in read.labels.parts():
        mine = torch.from_numpy(of == labels.names.index(name))
        assert_same(read.gaussians.keep(torch.from_numpy(own)), g.keep(mine), rtol=2e-6, atol=2e-6)


def test_points_are_shown_where_nobody_knows_splats(glb):
    """COLOR_0 is linear light, as glTF has it, and says the opacity."""
    content, block = parts(glb)
    [primitive] = content["meshes"][0]["primitives"]
    accessor = content["accessors"][primitive["attributes"]["COLOR_0"]]
    assert primitive["mode"] == 0 and accessor["normalized"] and accessor["type"] == "VEC4"
    start = content["bufferViews"][accessor["bufferView"]]["byteOffset"]
    rgba = np.frombuffer(block, "<u2", 4 * N, start).reshape(N, 4) / 65535
    g = some_gaussians(N, 1)
    inside = (g.rgb > 0.1) & (g.rgb < 1)
    np.testing.assert_allclose(rgba[:, :3][inside], ((g.rgb[inside].numpy() + 0.055) / 1.055) ** 2.4, atol=1e-4)
    np.testing.assert_allclose(rgba[:, 3], g.opacities, atol=1e-4)


def validated(path: Path, folder: Path) -> list[dict[str, Any]]:
    """What the Khronos validator has to say, without hints."""
    (folder / "validate.cjs").write_text(VALIDATE, encoding="utf-8")
    issues = json.loads(node(folder / "validate.cjs", npm_package(*VALIDATOR), path).stdout)
    assert not issues["truncated"]
    return [issue for issue in issues["messages"] if issue["severity"] < 2]


def test_the_khronos_validator_finds_nothing_but_names_that_it_does_not_know(tmp_path):
    """Its last version is older than the extension: all that it finds are the extension's own attributes."""
    g = some_gaussians(N, 3)
    store_splats_glb(tmp_path / "a.glb", StoredScene(g, labels=Labels(("a/b", "c"), np.arange(N) % 2)))
    found = validated(tmp_path / "a.glb", tmp_path)
    codes = {issue["code"] for issue in found}
    assert codes <= {"UNSUPPORTED_EXTENSION", "MESH_PRIMITIVE_INVALID_ATTRIBUTE"}
    assert all(EXTENSION in issue["pointer"] or EXTENSION in issue["message"] for issue in found)

    def without(content: dict[str, Any]) -> None:
        content.pop("extensionsUsed")
        for mesh in content["meshes"]:
            mesh["primitives"][0].pop("extensions")
            names = mesh["primitives"][0]["attributes"]
            mesh["primitives"][0]["attributes"] = {n: i for n, i in names.items() if EXTENSION not in n}

    assert validated(changed(tmp_path / "a.glb", without), tmp_path) == []


# -- what others write


def test_nodes_may_move_turn_and_scale_what_they_hold(glb):
    """And colours that change with the direction turn along."""
    turn, size, at = Rotation.from_euler("xyz", (20, 50, -70), degrees=True), 2.5, np.array([1.0, -2.0, 3.0])
    before = open_splats_glb(glb).gaussians
    middle = np.array(parts(glb)[0]["nodes"][0]["translation"])

    def wrap(content: dict[str, Any]) -> None:
        content["nodes"] += [{"children": [0], "rotation": turn.as_quat().tolist(), "scale": 3 * [size]}]
        content["nodes"] += [{"children": [1], "translation": at.tolist()}]
        content["scenes"][0]["nodes"] = [2]

    after = open_splats_glb(changed(glb, wrap)).gaussians
    flip = np.diag([1.0, -1.0, -1.0])
    ours = flip @ turn.as_matrix() @ flip
    expected = size * before.means.double().numpy() @ ours.T + flip @ at
    np.testing.assert_allclose(after.means, expected, atol=2e-5)
    assert np.abs(middle).max() > 0.1
    torch.testing.assert_close(after.scales, size * before.scales)
    seen = torch.nn.functional.normalize(torch.randn(1, 3, generator=torch.Generator().manual_seed(1)).double(), dim=1)
    was, now = harmonics(seen, 1), harmonics(seen @ torch.from_numpy(ours.T.copy()), 1)
    colours = [torch.einsum("k,nkc->nc", basis[0].float(), g.sh) for basis, g in ((was, before), (now, after))]
    torch.testing.assert_close(*colours, atol=1e-5, rtol=0)


def test_a_scene_on_the_globe_keeps_its_millimetres(glb):
    far = [4_000_000.25, 3_000_000.0, 5_000_000.0]

    def away(content: dict[str, Any]) -> None:
        content["nodes"][0]["translation"] = far

    before = open_splats_glb(glb)
    middle = np.array(parts(glb)[0]["nodes"][0]["translation"])
    after = open_splats_glb(changed(glb, away))
    assert after.origin == (4_000_000.0, -3_000_000.0, -5_000_000.0)
    own = before.gaussians.means.numpy() - middle * (1, -1, -1) + (0.25, 0, 0)
    np.testing.assert_allclose(after.gaussians.means, own, atol=1e-5)


def test_packed_numbers_are_read(tmp_path):
    """Rotations as signed shorts, opacities as bytes, interleaved: all that the extension allows."""
    g = some_gaussians(N)
    store_splats_glb(tmp_path / "a.glb", StoredScene(g))
    content, block = parts(tmp_path / "a.glb")
    names = content["meshes"][0]["primitives"][0]["attributes"]
    rows = np.zeros(N, [("quat", "<i2", 4), ("opacity", "u1"), ("gap", "u1", 3)])
    theirs = (g.quats * torch.tensor([1.0, 1, -1, -1])).roll(-1, 1)
    rows["quat"], rows["opacity"] = np.rint(theirs.numpy() * 32767), np.rint(g.opacities.numpy() * 255)
    view = {"buffer": 0, "byteOffset": len(block), "byteLength": rows.nbytes, "byteStride": rows.itemsize}
    content["bufferViews"].append(view)
    packed = {"bufferView": len(content["bufferViews"]) - 1, "normalized": True, "count": N}
    content["accessors"][names[f"{EXTENSION}:ROTATION"]] = packed | {"componentType": 5122, "type": "VEC4"}
    opacity = packed | {"componentType": 5121, "type": "SCALAR", "byteOffset": 8}
    content["accessors"][names[f"{EXTENSION}:OPACITY"]] = opacity
    put(tmp_path / "b.glb", content, block + rows.tobytes())
    read = open_scene(tmp_path / "b.glb").gaussians
    torch.testing.assert_close(read.quats, g.quats, atol=2e-5, rtol=0)
    torch.testing.assert_close(read.opacities, g.opacities, atol=2e-3, rtol=0)


def test_scales_of_an_early_draft_are_known_for_logarithms(tmp_path):
    g = some_gaussians(N)
    store_splats_glb(tmp_path / "a.glb", StoredScene(g))
    content, block = parts(tmp_path / "a.glb")
    at = content["accessors"][content["meshes"][0]["primitives"][0]["attributes"][f"{EXTENSION}:SCALE"]]["bufferView"]
    start = content["bufferViews"][at]["byteOffset"]
    logs = g.scales.log().numpy().astype("<f4").tobytes()
    put(tmp_path / "a.glb", content, block[:start] + logs + block[start + len(logs) :])
    read = open_scene(tmp_path / "a.glb")
    torch.testing.assert_close(read.gaussians.scales, g.scales)
    assert "logarithms" in read.notices[0]


def test_linear_colours_are_encoded(glb):
    def linear(content: dict[str, Any]) -> None:
        content["meshes"][0]["primitives"][0]["extensions"][EXTENSION]["colorSpace"] = "lin_rec709_display"

    before, after = open_splats_glb(glb).gaussians, open_splats_glb(changed(glb, linear))
    bright = (before.rgb > 0.01) & (before.rgb < 1)
    expected = 1.055 * before.rgb[bright] ** (1 / 2.4) - 0.055
    torch.testing.assert_close(after.gaussians.rgb[bright], expected, atol=1e-5, rtol=0)
    assert after.gaussians.sh_degree == 0 and "linear" in after.notices[0]


def node_of(content: dict[str, Any]) -> dict[str, Any]:
    return content["nodes"][0]


def primitive_of(content: dict[str, Any]) -> dict[str, Any]:
    return content["meshes"][0]["primitives"][0]


def many_nodes(content: dict[str, Any]) -> None:
    content["nodes"] = 2000 * [{"mesh": 0}]
    content["scenes"][0]["nodes"] = list(range(2000))


BAD: dict[str, tuple[Callable[[dict[str, Any]], object], str]] = {
    "a mesh": (lambda c: primitive_of(c).pop("extensions"), "without Gaussians"),
    "stretched": (lambda c: node_of(c).update(scale=[1, 2, 1]), "stretches"),
    "a circle": (lambda c: node_of(c).update(children=[0]), "damaged"),
    "another file": (lambda c: c["buffers"][0].update(uri="secret.bin"), "damaged"),
    "wild count": (lambda c: c["accessors"][0].update(count=10**7), "as many"),
    "too many": (lambda c: c["accessors"][0].update(count=10**12), "at most 20 million"),
    "no count": (lambda c: c["accessors"][0].update(count=-1), "damaged"),
    "beyond the view": (lambda c: c["bufferViews"][0].update(byteLength=8), "damaged"),
    "beyond the file": (lambda c: c["bufferViews"][0].update(byteOffset=10**9), "damaged"),
    "one list short": (lambda c: c["accessors"][3].update(count=N - 1), "damaged"),
    "packed": (lambda c: primitive_of(c)["extensions"][EXTENSION].update(extensions={"KHR_x_spz": {}}), "KHR_x_spz"),
    "no rotation": (lambda c: primitive_of(c)["attributes"].pop(f"{EXTENSION}:ROTATION"), "damaged"),
    "shown often": (lambda c: many_nodes(c), "as many"),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_what_cannot_be_meant_is_refused(tmp_path, name):
    store_splats_glb(tmp_path / "a.glb", StoredScene(some_gaussians(600 if name == "shown often" else N)))
    change, words = BAD[name]
    with pytest.raises(InputError, match=words) as caught:
        open_scene(changed(tmp_path / "a.glb", change))
    assert caught.value.what.endswith(".") and caught.value.remedy.endswith(".")


def test_a_mesh_of_ours_is_told_to_hold_no_gaussians(tmp_path):
    from gen3d.formats.glb import write_glb
    from tests.test_mesh import bar

    write_glb(tmp_path / "a.glb", [bar()])
    with pytest.raises(InputError, match="without Gaussians"):
        open_scene(tmp_path / "a.glb")


def test_writing_nothing_or_nonsense_fails(tmp_path):
    with pytest.raises(EmptyWorld):
        store_splats_glb(tmp_path / "a.glb", StoredScene(some_gaussians(0)))
    g = some_gaussians(4)
    with pytest.raises(ValueError, match="finite"):
        nan = Gaussians(g.means * torch.nan, g.quats, g.scales, g.opacities, g.sh)
        store_splats_glb(tmp_path / "a.glb", StoredScene(nan))
    far = StoredScene(Gaussians(g.means, g.quats, 1e-3 * g.scales, g.opacities, g.sh), origin=(5e6, 0.0, 0.0))
    with pytest.raises(InputError, match="--centred"):
        store_splats_glb(tmp_path / "a.glb", far)
    assert "antialiased" in store_splats_glb(tmp_path / "a.glb", StoredScene(g, antialiased=True))[0]
    with pytest.raises(ValueError, match="3 labels for 4"):
        StoredScene(g, labels=Labels(("a",), np.zeros(3, np.int64)))


@pytest.mark.parametrize("degree", [0, 2])
def test_we_read_the_glb_that_splat_transform_writes(tmp_path, degree):
    """It turns a .ply about z on its way to y up, and we about x: upright both, but facing each other."""
    g = some_gaussians(N, degree)
    write_ply(tmp_path / "a.ply", g)
    read = open_scene(converted(tmp_path / "a.ply", tmp_path / "b.glb")).gaussians
    read = placed(read, np.diag([-1.0, 1.0, -1.0, 1.0]))
    nearest = torch.cdist(g.means, read.means).argmin(dim=1)
    read = Gaussians(*(t[nearest] for t in (read.means, read.quats, read.scales, read.opacities, read.sh)))
    torch.testing.assert_close(spread(read), spread(g), rtol=1e-3, atol=1e-6)
    same = Gaussians(read.means, g.quats, read.scales, read.opacities, read.sh)
    assert_same(same, g, rtol=1e-4, atol=1e-5)


def spread(g: Gaussians) -> torch.Tensor:
    """Covariances: a Gaussian that is turned by half a turn about an axis of its own is the same."""
    turn = torch.from_numpy(Rotation.from_quat(g.quats.numpy(), scalar_first=True).as_matrix()).float()
    return turn @ torch.diag_embed(g.scales**2) @ turn.transpose(1, 2)
