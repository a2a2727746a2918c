"""What the vertices of a .ply mean: columns of numbers to activated Gaussians, and a notice where that took a choice.

The list of what is understood is in `ply.py`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from gen3d.errors import InputError
from gen3d.formats.ply_aside import Aside
from gen3d.formats.ply_header import REMEDY, Header
from gen3d.formats.stored import NEAR, Origin, StoredScene, drawable, origin_of
from gen3d.splat.gaussians import SH_C0, Gaussians, sh_from_rgb
from gen3d.values import NO_THING, SKY, UNKNOWN, Kind

FLAT_M = 1e-6
"""The third extent of a 2D Gaussian."""
HIGHEST_DEGREE = 3
"""Of the harmonics that are kept."""
XYZ = ("x", "y", "z")
DC = ("f_dc_0", "f_dc_1", "f_dc_2")
_RGB = ("red", "green", "blue")
SCALES = ("scale_0", "scale_1", "scale_2")
QUATS = ("rot_0", "rot_1", "rot_2", "rot_3")
KIND, THING = "gen3d_kind", "gen3d_thing"
_FILTER = "filter_3d"
_QUIET = {"nx", "ny", "nz", *_RGB, "alpha"}
"""Passed over without a word."""
_REST_COUNTS = {3 * (degree + 1) ** 2 - 3 for degree in range(11)}
_NAMED = 4
"""So many properties that are passed over are told by name."""
_AT_ONCE = 1 << 14
"""Rows that stay in the processor's cache while one column after another is taken from them."""


def check_properties(path: Path, names: tuple[str, ...]) -> None:
    """Raises InputError unless everything a Gaussian needs is there, once."""
    if len(set(names)) < len(names):
        raise InputError(f"{path.name} names a property twice.", REMEDY)
    colours = DC if any(name not in names for name in _RGB) else ()
    missing = [name for name in (*XYZ, *colours, "opacity", SCALES[0], *QUATS) if name not in names]
    if missing:
        raise InputError(f"{path.name} holds no 3D Gaussians: {missing[0]} is missing.", REMEDY)
    rest = _rest_names(names)
    if len(rest) not in _REST_COUNTS or rest != [f"f_rest_{i}" for i in range(len(rest))]:
        raise InputError(f"{path.name} has {len(rest)} f_rest properties, which is no degree.", "Save it again.")


def _rest_names(names: Iterable[str]) -> list[str]:
    rest = [name for name in names if name.startswith("f_rest_")]
    return sorted(rest, key=lambda name: (len(name), name))


def understood(path: Path, header: Header, columns: Mapping[str, np.ndarray], aside: Aside) -> StoredScene:
    """The columns as the Gaussians that are meant; says what was taken otherwise. aside: what else the file says."""
    notices = [*_passed_over(path, header, columns, aside)]
    scales = [name for name in SCALES if name in columns]
    if len(scales) == 1:
        notices.append(f"{path.name} holds one scale a Gaussian: they are taken as round.")
    elif len(scales) == 2:
        notices.append(f"{path.name} holds two scales a Gaussian, as 2DGS does: they are taken as flat.")
    k = len(_rest_names(columns)) // 3
    if k >= (HIGHEST_DEGREE + 1) ** 2:
        degree = round((k + 1) ** 0.5) - 1
        notices.append(f"{path.name} has harmonics of degree {degree}, of which those up to {HIGHEST_DEGREE} are kept.")
    complete = _completed(columns)
    origin = _origin(complete)
    gaussians = _from_columns(complete, origin, k)
    if (name := _filter_name(columns)) is not None:
        gaussians = smoothed(gaussians, torch.from_numpy(columns[name].astype(np.float32)))
    if aside.linear:
        gaussians = in_srgb(gaussians)
        notices.append(f"The colours in {path.name} are linear light: they are turned into sRGB.")
    kept = drawable(gaussians)
    scene = StoredScene(
        kept, header.antialiased, origin, tuple(notices), None, aside.up, aside.writer or _given_away(columns),
        len(gaussians) - len(kept),
    )  # fmt: skip
    return scene if aside.camera is None else replace(scene, camera=scene.camera_at(aside.camera))


def in_srgb(gaussians: Gaussians) -> Gaussians:
    """Constant colours of linear light as sRGB (IEC 61966-2-1); what lies below 0 stays linear."""
    linear = gaussians.rgb
    curved = 1.055 * linear.clamp(min=1e-9) ** (1 / 2.4) - 0.055
    rgb = torch.where(linear <= 0.0031308, 12.92 * linear, curved)
    return replace(gaussians, sh=torch.cat([sh_from_rgb(rgb), gaussians.sh[:, 1:]], dim=1))


def _given_away(columns: Mapping[str, np.ndarray]) -> str:
    """Who writes such properties."""
    if _filter_name(columns) is not None:
        return "Mip-Splatting"
    if any(name not in columns for name in DC):
        return "nerfstudio"
    return "2DGS" if SCALES[1] in columns and SCALES[2] not in columns else ""


def _passed_over(path: Path, header: Header, columns: Mapping[str, np.ndarray], aside: Aside) -> list[str]:
    """What nobody here understands, in a sentence; it may have meant something."""
    known = {*XYZ, *DC, "opacity", *SCALES, *QUATS, KIND, THING, *_rest_names(columns), *_QUIET, _filter_name(columns)}
    names = [name for name in columns if name not in known]
    others = {"vertex", "face"} | aside.understood
    names += [element.name for element in header.elements if element.name not in others]
    if not names:
        return []
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return [f"{path.name} also holds {', '.join(names[:_NAMED])}{more}, which is passed over: it is not known here."]


def _filter_name(columns: Mapping[str, np.ndarray]) -> str | None:
    return next((name for name in columns if name.lower() == _FILTER), None)


def _completed(columns: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """With the colours and scales that a file says in another way, or leaves out."""
    complete = dict(columns)
    if any(name not in columns for name in DC):
        for dc, name in zip(DC, _RGB, strict=True):
            complete[dc] = (_unit(columns[name]) - np.float32(0.5)) / np.float32(SH_C0)
    if SCALES[1] not in columns:
        complete[SCALES[1]] = complete[SCALES[2]] = columns[SCALES[0]]
    elif SCALES[2] not in columns:
        complete[SCALES[2]] = np.broadcast_to(np.float32(np.log(FLAT_M)), columns["x"].shape)
    return complete


def _unit(colour: np.ndarray) -> np.ndarray:
    """A channel from 0 to 1: integers span their type; floats are so already, or count to 255."""
    if colour.dtype.kind in "iu":
        return (colour / np.float32(np.iinfo(colour.dtype).max)).astype(np.float32)
    return (colour / np.float32(255 if np.nanmax(colour) > 2 else 1)).astype(np.float32)


def smoothed(gaussians: Gaussians, filter_m: torch.Tensor) -> Gaussians:
    """Mip-Splatting's 3D smoothing filter (Yu et al. 2024, eq. 9) made part of the Gaussians: wider and dimmer.

    filter_m: the filter's standard deviation for each, metres.
    """
    squares, added = gaussians.scales.double().square(), filter_m.double().square()[:, None]
    wider = squares + added
    dimmer = (squares / wider.clamp(min=1e-300)).prod(dim=1).sqrt()
    return replace(gaussians, scales=wider.sqrt().float(), opacities=(gaussians.opacities * dimmer).float())


def _origin(columns: Mapping[str, np.ndarray]) -> Origin:
    """By every so many-th Gaussian."""
    some = slice(None, None, len(columns["x"]) // 100_000 + 1)
    xyz = np.stack([columns[name][some].astype(np.float64) for name in XYZ], axis=1)
    scales = np.stack([columns[name][some].astype(np.float64) for name in SCALES], axis=1)
    with np.errstate(over="ignore", invalid="ignore"):
        return origin_of(xyz, float(np.nanmedian(np.exp(np.median(scales, axis=1)))))


def _from_columns(columns: Mapping[str, np.ndarray], origin: Origin, k: int) -> Gaussians:
    """Activates what is stored, around the origin; each value is copied once. k: stored harmonics above degree 0."""

    def tensor(names: Sequence[str], less: Sequence[float] | None = None) -> torch.Tensor:
        wide = np.empty((len(columns["x"]), len(names)), np.float32)
        for start in range(0, len(wide), _AT_ONCE):
            some = slice(start, start + _AT_ONCE)
            for i, name in enumerate(names):
                part = columns[name][some]
                wide[some, i] = part if less is None else part.astype(np.float64) - less[i]
        return torch.from_numpy(wide)

    kept = min(k, (HIGHEST_DEGREE + 1) ** 2 - 1)
    by_harmonic = [f"f_rest_{channel * k + i}" for i in range(kept) for channel in range(3)]
    return Gaussians(
        means=tensor(XYZ, None if origin == NEAR else origin),
        quats=tensor(QUATS),
        scales=tensor(SCALES).double().exp().float(),
        opacities=tensor(("opacity",))[:, 0].double().sigmoid().float(),
        sh=tensor([*DC, *by_harmonic]).reshape(-1, 1 + kept, 3),
        kinds=_kinds(columns.get(KIND)),
        things=_things(columns.get(THING)),
    )


def _kinds(stored: np.ndarray | None) -> torch.Tensor | None:
    """As they were written; of any other number nothing is known."""
    if stored is None:
        return None
    known = np.isin(stored, list(Kind))
    return torch.from_numpy(np.where(known, stored, UNKNOWN).astype(np.uint8))


def _things(stored: np.ndarray | None) -> torch.Tensor | None:
    """As they were written; of any other number the Gaussian is of no thing."""
    if stored is None:
        return None
    number = stored.astype(np.float64)
    known = (number >= NO_THING) & (number <= SKY) & (number == np.floor(number))
    return torch.from_numpy(np.where(known, number, NO_THING).astype(np.int32))
