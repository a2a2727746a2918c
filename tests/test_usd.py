"""Gaussians as USD, as Pixar's own library reads them: every attribute, the cameras, and the package's layout."""

import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch

from gen3d.camera import Camera
from gen3d.errors import EmptyWorld, InputError
from gen3d.formats.known import Labels, Viewpoint
from gen3d.formats.stored import StoredScene
from gen3d.formats.usd import store_usda, store_usdz
from gen3d.formats.y_up import y_up
from gen3d.splat.gaussians import Gaussians
from tests.test_ply import some_gaussians

N = 60
STORES = {".usda": store_usda, ".usdz": store_usdz}
LENS = Camera.from_intrinsics(90.0, 84.0, 55.0, 33.0, 96, 72)
"""Off centre, and not of square pixels."""


def opened(path: Path):
    Usd = pytest.importorskip("pxr.Usd")
    return Usd.Stage.Open(str(path))


def looked() -> Viewpoint:
    path = [LENS.look_at(np.array([0.1 * i, -0.2, 0.3]), np.array([0.0, 0.5, 4.0])) for i in range(5)]
    return Viewpoint(LENS, tuple(path), fps=12.0)


def assert_same(prim, g: Gaussians) -> None:
    """The attributes of a field hold these Gaussians, in USD's axes."""
    from pxr import UsdVol

    field, want = UsdVol.ParticleField3DGaussianSplat(prim), y_up(g)
    quats = np.array([[q.real, *q.imaginary] for q in prim.GetAttribute("orientations").Get()])
    np.testing.assert_allclose(np.array(prim.GetAttribute("positions").Get()), want.means, rtol=1e-6, atol=1e-6)
    np.testing.assert_allclose(quats, want.quats, atol=1e-5)
    np.testing.assert_allclose(np.array(prim.GetAttribute("scales").Get()), want.scales, rtol=1e-5)
    np.testing.assert_allclose(np.array(prim.GetAttribute("opacities").Get()), want.opacities, rtol=1e-5)
    sh = np.array(prim.GetAttribute("radiance:sphericalHarmonicsCoefficients").Get())
    np.testing.assert_allclose(sh, want.sh.reshape(-1, 3), rtol=1e-5, atol=1e-6)
    assert prim.GetAttribute("radiance:sphericalHarmonicsDegree").Get() == g.sh_degree
    assert field.GetProjectionModeHintAttr().Get() == "perspective" and field.GetSortingModeHintAttr().Get() == "zDepth"
    low, high = np.array(prim.GetAttribute("extent").Get())
    assert (low < want.means.numpy()).all() and (want.means.numpy() < high).all()


@pytest.mark.parametrize("suffix", STORES)
@pytest.mark.parametrize("degree", [0, 1, 3])
def test_pixars_library_finds_every_attribute(tmp_path, suffix, degree):
    from pxr import UsdGeom

    g = some_gaussians(N, degree)
    assert STORES[suffix](tmp_path / f"a{suffix}", StoredScene(g)) == ()
    stage = opened(tmp_path / f"a{suffix}")
    assert UsdGeom.GetStageUpAxis(stage) == "Y" and UsdGeom.GetStageMetersPerUnit(stage) == 1
    root = stage.GetDefaultPrim()
    assert root.GetPath() == "/scene" and [p.GetName() for p in root.GetChildren()] == ["gaussians"]
    assert_same(root.GetChildren()[0], g)


def test_each_part_is_a_prim_that_shows_its_name(tmp_path):
    g, of = some_gaussians(N), np.arange(N) % 4
    names = ("foreground/thing 1", "foreground thing 1", "photo", '2 "\\é')
    store_usda(tmp_path / "a.usda", StoredScene(g, labels=Labels(names, of)))
    stage = opened(tmp_path / "a.usda")
    prims = stage.GetDefaultPrim().GetChildren()
    assert [p.GetDisplayName() for p in prims] == list(names)
    assert [p.GetName() for p in prims[:3]] == ["foreground_thing_1", "foreground_thing_1_", "photo_"]
    for i, prim in enumerate(prims):
        assert_same(prim, g.keep(torch.from_numpy(of == i)))


@pytest.mark.parametrize("suffix", STORES)
def test_cameras_see_every_point_in_its_pixel(tmp_path, suffix):
    """The photo's camera stands still, that of the path moves with time."""
    from pxr import Gf, UsdGeom

    STORES[suffix](tmp_path / f"a{suffix}", StoredScene(some_gaussians(N), viewpoint=looked()))
    stage = opened(tmp_path / f"a{suffix}")
    assert (stage.GetStartTimeCode(), stage.GetEndTimeCode(), stage.GetTimeCodesPerSecond()) == (0, 4, 12)
    photo, path = (UsdGeom.Camera.Get(stage, f"/scene/{name}") for name in ("photo", "path"))
    xyz = np.array([[0.3, -0.2, 3.0], [-0.5, 0.4, 2.0], [0.0, 0.0, 5.0]])
    for camera, theirs in [(LENS, photo.GetCamera(0)), *((c, path.GetCamera(i)) for i, c in enumerate(looked().path))]:
        frustum = theirs.frustum
        whole = frustum.ComputeViewMatrix() * frustum.ComputeProjectionMatrix()
        for point, uv in zip(xyz, camera.project(xyz)[0], strict=True):
            x, y, _ = whole.Transform(Gf.Vec3d(*(point * (1, -1, -1)).tolist()))
            pixel = ((x + 1) / 2 * camera.width, (1 - y) / 2 * camera.height)
            np.testing.assert_allclose(pixel, uv, atol=1e-3)


def test_a_package_holds_its_text_as_it_is_from_a_multiple_of_64_bytes(tmp_path):
    scene = StoredScene(some_gaussians(N, 1), viewpoint=looked())
    for name in ("scene.usdz", "a much longer name.usdz"):
        store_usdz(tmp_path / name, scene)
        with zipfile.ZipFile(tmp_path / name) as archive:
            [entry] = archive.infolist()
            assert entry.compress_type == zipfile.ZIP_STORED and entry.filename == f"{name[:-1]}a"
            content = archive.read(entry)
        assert (tmp_path / name).read_bytes().index(content) % 64 == 0
        store_usda(tmp_path / "a.usda", scene)
        assert content == (tmp_path / "a.usda").read_bytes()
        assert opened(tmp_path / name).GetDefaultPrim()
    first = (tmp_path / "scene.usdz").read_bytes()
    store_usdz(tmp_path / "scene.usdz", scene)
    assert (tmp_path / "scene.usdz").read_bytes() == first


@pytest.mark.parametrize("suffix", STORES)
def test_pixars_validators_find_nothing_wrong(tmp_path, suffix):
    pytest.importorskip("pxr")
    from pxr import UsdValidation

    labels = Labels(("foreground", "background"), np.arange(N) % 2)
    STORES[suffix](tmp_path / f"a{suffix}", StoredScene(some_gaussians(N, 1), labels=labels, viewpoint=looked()))
    registry = UsdValidation.ValidationRegistry()
    names = [told.name for told in registry.GetAllValidatorMetadata()]
    assert "usdUtilsValidators:UsdzPackageValidator" in names and "usdGeomValidators:StageMetadataChecker" in names
    stage = opened(tmp_path / f"a{suffix}")
    context = UsdValidation.ValidationContext(registry.GetOrLoadValidatorsByName(names))
    assert [error.GetMessage() for error in context.Validate(stage)] == []


def test_writing_nothing_or_nonsense_fails(tmp_path):
    g = some_gaussians(4)
    for store in STORES.values():
        with pytest.raises(EmptyWorld):
            store(tmp_path / "a", StoredScene(some_gaussians(0)))
        with pytest.raises(ValueError, match="finite"):
            store(tmp_path / "a", StoredScene(Gaussians(g.means * torch.nan, g.quats, g.scales, g.opacities, g.sh)))
        tiny = Gaussians(g.means, g.quats, 1e-3 * g.scales, g.opacities, g.sh)
        with pytest.raises(InputError, match="--centred"):
            store(tmp_path / "a", StoredScene(tiny, origin=(5e6, 0.0, 0.0)))
    assert not list(tmp_path.iterdir())
