"""3D Gaussians as OpenUSD (26.03 and later): ParticleField3DGaussianSplat, as text (.usda) or in a package (.usdz).

    /scene                  the default prim: y up, metres
    /scene/NAME             a field of Gaussians for each part of the scene
    /scene/photo            the photo's camera, where it is known
    /scene/path             the camera of the video, frame by frame, where it is known

Axes are x right, y up, z back; scales are standard deviations, opacities from 0 to 1, quaternions begin with the real
part, harmonics lie Gaussian by Gaussian. Positions have 7 digits, the rest 6. A package is a zip that holds the text as
it is, and its bytes begin at a multiple of 64. Both need no library.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch

from gen3d import __version__
from gen3d.camera import Camera
from gen3d.errors import InputError
from gen3d.formats.known import Labels, Viewpoint
from gen3d.formats.stored import (
    NEAR,
    PLAIN,
    StoredScene,
    Writing,
    check_steps,
    check_writable,
    float32_step,
    moved,
)
from gen3d.formats.whole import write_whole
from gen3d.formats.y_up import Y_UP, y_up
from gen3d.splat.gaussians import Gaussians

NAME = "gaussians"
"""Of the field in a scene without parts."""
APERTURE = 36.0
"""Width of a camera's film, whose unit is a tenth of the scene's; only its ratio to the focal length counts."""
_CLIPPING_M = (0.01, 10_000)
_ROWS = 4096
"""Written at once."""
_TIME = (1980, 1, 1, 0, 0, 0)
_ALIGNED = 64
_LARGEST_PACKAGE = 4_000_000_000
_LONGEST_NUMBER = 14
"""Letters, with what parts it from the next."""


def store_usda(path: Path, scene: StoredScene, how: Writing = PLAIN) -> tuple[str, ...]:
    """Writes a scene, and tells what the format cannot say of it; the same scene gives the same bytes.

    Raises EmptyWorld when there are no Gaussians, InputError where float32 is too coarse for where they lie, ValueError
    for a value that is not finite.
    """
    _check(scene)
    with write_whole(path) as temporary, temporary.open("wb") as file:
        file.writelines(text.encode() for text in _texts(scene))
    return _unsaid(scene)


def store_usdz(path: Path, scene: StoredScene, how: Writing = PLAIN) -> tuple[str, ...]:
    """The same in a package; raises InputError for a scene too large for one, too."""
    _check(scene)
    numbers = 11 + 3 * scene.gaussians.sh.shape[1]
    if len(scene.gaussians) * numbers * _LONGEST_NUMBER > _LARGEST_PACKAGE:
        raise InputError("The scene is too large for a .usdz, which holds 4 GB.", "Write a .usda.")
    entry = zipfile.ZipInfo(path.with_suffix(".usda").name, _TIME)
    entry.extra = _padding(30 + len(entry.filename.encode()))
    with write_whole(path) as temporary, zipfile.ZipFile(temporary, "w") as archive, archive.open(entry, "w") as file:
        file.writelines(text.encode() for text in _texts(scene))
    return _unsaid(scene)


def _padding(start: int) -> bytes:
    """An extra field of a zip's entry, after which a multiple of 64 bytes have gone by."""
    length = (-start - 4) % _ALIGNED
    return b"\x86\x19" + length.to_bytes(2, "little") + bytes(length)


def _check(scene: StoredScene) -> None:
    check_writable(scene.gaussians)
    if scene.origin != NEAR:
        check_steps(".usda", float32_step(max(map(abs, scene.origin))), scene.gaussians, scene.origin)


def _unsaid(scene: StoredScene) -> tuple[str, ...]:
    unsaid = "USD cannot say that its Gaussians are to be drawn antialiased: a .ply or .spz can."
    return (unsaid,) if scene.antialiased else ()


def _texts(scene: StoredScene) -> Iterator[str]:
    """The whole text, piece by piece."""
    g = y_up(moved(scene.gaussians.detached().to("cpu"), scene.origin))
    labels = scene.labels or Labels((NAME,), np.zeros(len(g), np.int64))
    yield _head(scene.viewpoint)
    names = {"photo", "path"}
    for name, own in labels.parts():
        yield from _field(name, _identifier(name, names), g.keep(torch.from_numpy(own)))
    if scene.viewpoint is not None:
        yield _camera("photo", scene.viewpoint.camera, _pose(scene.viewpoint.camera))
        if path := scene.viewpoint.path:
            poses = ",\n".join(f"            {i}: {_pose(camera)}" for i, camera in enumerate(path))
            yield _camera("path", path[0], f"{{\n{poses}\n        }}", ".timeSamples")
    yield "}\n"


def _head(viewpoint: Viewpoint | None) -> str:
    lines = [f'customLayerData = {{ string creator = "gen3d {__version__}" }}', 'defaultPrim = "scene"']
    if viewpoint is not None and viewpoint.path:
        lines += [f"endTimeCode = {len(viewpoint.path) - 1}", f"framesPerSecond = {viewpoint.fps:g}"]
    lines += ["metersPerUnit = 1"]
    if viewpoint is not None and viewpoint.path:
        lines += ["startTimeCode = 0", f"timeCodesPerSecond = {viewpoint.fps:g}"]
    lines += ['upAxis = "Y"']
    return "#usda 1.0\n(\n" + "".join(f"    {line}\n" for line in lines) + ')\n\ndef Xform "scene"\n{\n'


def _identifier(name: str, taken: set[str]) -> str:
    """A name of letters, digits and underscores that nobody has yet."""
    plain = re.sub(r"\W", "_", name, flags=re.ASCII)
    plain = f"_{plain}" if not plain or plain[0].isdigit() else plain
    while plain in taken:
        plain += "_"
    taken.add(plain)
    return plain


def _field(name: str, identifier: str, g: Gaussians) -> Iterator[str]:
    """The prim of a part, piece by piece."""
    reach = 3 * g.scales.max(dim=1, keepdim=True).values
    extent = torch.stack([(g.means - reach).amin(dim=0), (g.means + reach).amax(dim=0)])
    shown = name.replace("\\", "\\\\").replace('"', '\\"')
    yield f'    def ParticleField3DGaussianSplat "{identifier}" (\n        displayName = "{shown}"\n    )\n    {{\n'
    yield from _attribute("float3[] extent", extent)
    yield from _attribute("float[] opacities", g.opacities.clamp(0, 1)[:, None])
    yield from _attribute("quatf[] orientations", torch.nn.functional.normalize(g.quats.double(), dim=1))
    yield from _attribute("point3f[] positions", g.means, digits=7)
    yield '        uniform token projectionModeHint = "perspective"\n'
    yield from _attribute("float3[] radiance:sphericalHarmonicsCoefficients", g.sh.reshape(-1, 3))
    yield f"        uniform int radiance:sphericalHarmonicsDegree = {g.sh_degree}\n"
    yield from _attribute("float3[] scales", g.scales)
    yield '        uniform token sortingModeHint = "zDepth"\n    }\n\n'


def _attribute(name: str, values: torch.Tensor, digits: int = 6) -> Iterator[str]:
    """An array of rows."""
    rows = values.double().numpy()
    numbers = ", ".join([f"%.{digits}g"] * rows.shape[1])
    row = numbers if rows.shape[1] == 1 else f"({numbers})"
    yield f"        {name} = ["
    for start in range(0, len(rows), _ROWS):
        some = rows[start : start + _ROWS] + 0.0  # turns -0.0 into 0.0
        yield (", " if start else "") + ", ".join([row] * len(some)) % tuple(some.ravel())
    yield "]\n"


def _pose(camera: Camera) -> str:
    """Camera to world as USD has it: rows are what columns are here, and a camera looks along its own -z."""
    turn = np.diag([*Y_UP, 1.0])
    rows = (turn @ camera.c2w @ turn).T + 0.0
    return "( " + ", ".join("(" + ", ".join(f"{x:.9g}" for x in row) + ")" for row in rows) + " )"


def _camera(name: str, lens: Camera, pose: str, when: str = "") -> str:
    (fx, _, cx), (_, fy, cy), _ = lens.K.tolist()
    focal = APERTURE * fx / lens.width
    near, far = _CLIPPING_M
    return f"""    def Camera "{name}"
    {{
        float2 clippingRange = ({near:g}, {far:g})
        float focalLength = {focal:.9g}
        float horizontalAperture = {APERTURE:g}
        float horizontalApertureOffset = {focal * (lens.width / 2 - cx) / fx:.9g}
        token projection = "perspective"
        float verticalAperture = {focal * lens.height / fy:.9g}
        float verticalApertureOffset = {focal * (cy - lens.height / 2) / fy:.9g}
        matrix4d xformOp:transform{when} = {pose}
        uniform token[] xformOpOrder = ["xformOp:transform"]
    }}

"""
