"""3D Gaussians as .glb: glTF's extension KHR_gaussian_splatting, a node for each part of the scene.

Per Gaussian, float32: POSITION, ROTATION (unit quaternion xyzw), SCALE (metres), OPACITY, and each harmonic as raw
coefficients, degree 0 to 3; beside them COLOR_0, the constant colour from sRGB to linear and the opacity, 16 bits each,
by which a program that knows nothing of splats shows a cloud of points. Axes are glTF's: x right, y up, z back. A node
stands in the middle of its part, so that programs which sort node by node know which one is behind.

When reading, nodes may be moved, turned and made larger, but not stretched; numbers may be packed as the extension
allows. An early draft had scales as logarithms: known by one that is below zero.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Float

from gen3d.errors import EmptyWorld, InputError
from gen3d.formats.gltf import Gltf
from gen3d.formats.gltf_reading import GltfFile, Placed
from gen3d.formats.known import Labels
from gen3d.formats.stored import (
    DENSEST,
    MOST,
    NEAR,
    PLAIN,
    StoredScene,
    Writing,
    around_middle,
    can_be_drawn,
    check_count,
    check_steps,
    check_writable,
    float32_step,
    moved,
)
from gen3d.formats.whole import MB, refusing
from gen3d.formats.y_up import Y_UP, y_up
from gen3d.splat.gaussians import Gaussians, joined, sh_from_rgb
from gen3d.splat.placed import placed
from gen3d.srgb import from_light, to_light

EXTENSION = "KHR_gaussian_splatting"
LOOKS = {
    "kernel": "ellipse", "colorSpace": "srgb_rec709_display", "projection": "perspective",
    "sortingMethod": "cameraDistance",
}  # fmt: skip
NAME = "gaussians"
"""Of the one node of a scene without parts."""
LARGEST_BYTES = 2**32 - MB
"""A .glb counts its bytes in 32 bits."""
_REMEDY = "Give a .glb with Gaussians (KHR_gaussian_splatting), as gen3d writes it."
FAR_M = 1e4
"""Nodes that lie farther are read around an origin of their own: float32 steps by a millimetre there."""
_STRETCHED = 1e-3
"""How far a node's axes may differ in length."""


def store_splats_glb(path: Path, scene: StoredScene, how: Writing = PLAIN) -> tuple[str, ...]:
    """Writes a scene, and tells what the format cannot say of it; the same scene gives the same bytes.

    Raises EmptyWorld when there are no Gaussians, InputError for more than fit, or where float32 is too coarse for
    where they lie, ValueError for a value that is not finite.
    """
    g = scene.gaussians.detached().to("cpu")
    check_writable(g)
    if scene.origin != NEAR:
        check_steps(".glb", float32_step(max(map(abs, scene.origin))), g, scene.origin)
    if len(g) * (52 + 12 * g.sh.shape[1]) > LARGEST_BYTES:
        raise InputError(f"{len(g) / 1e6:.0f} million Gaussians are more than a .glb can hold.", "Write a .ply.")
    g, asset = y_up(moved(g, scene.origin)), Gltf()
    labels = scene.labels or Labels((NAME,), np.zeros(len(g), np.int64))
    for name, own in labels.parts():
        _add(asset, name, g.keep(torch.from_numpy(own)))
    asset.write(path, [EXTENSION])
    unsaid = "A .glb cannot say that its Gaussians are to be drawn antialiased: a .ply or .spz can."
    return (unsaid,) if scene.antialiased else ()


def _add(asset: Gltf, name: str, g: Gaussians) -> None:
    xyz = g.means.double().numpy()
    middle = 0.5 * (xyz.min(axis=0) + xyz.max(axis=0))
    light = to_light(np.clip(g.rgb.double().numpy(), 0, 1))
    colour = np.concatenate([light, g.opacities.double().numpy()[:, None]], axis=1)
    attributes = {
        "POSITION": asset.accessor((xyz - middle).astype("<f4"), "VEC3", with_range=True),
        "COLOR_0": asset.accessor(np.rint(np.clip(colour, 0, 1) * 65535).astype("<u2"), "VEC4"),
        _named("ROTATION"): asset.accessor(_floats(_unit(g.quats).roll(-1, 1)), "VEC4"),
        _named("SCALE"): asset.accessor(_floats(g.scales), "VEC3"),
        _named("OPACITY"): asset.accessor(_floats(g.opacities.clamp(0, 1)), "SCALAR"),
    }
    for k, harmonic in enumerate(_harmonic_names(g.sh_degree)):
        attributes[harmonic] = asset.accessor(_floats(g.sh[:, k]), "VEC3")
    primitive = {"attributes": attributes, "mode": 0, "extensions": {EXTENSION: LOOKS}}
    node = asset.node(name)
    node["mesh"] = asset.append("meshes", {"name": node["name"], "primitives": [primitive]})
    node["translation"] = middle.tolist()


def _named(what: str) -> str:
    return f"{EXTENSION}:{what}"


def _harmonic_names(degree: int) -> Iterator[str]:
    for own in range(degree + 1):
        yield from (_named(f"SH_DEGREE_{own}_COEF_{m}") for m in range(2 * own + 1))


def _floats(values: torch.Tensor) -> np.ndarray:
    return values.numpy().astype("<f4")


def _unit(quats: torch.Tensor) -> torch.Tensor:
    return torch.nn.functional.normalize(quats.double(), dim=1)


def open_splats_glb(path: Path, most: int = MOST) -> StoredScene:
    """What a file holds of Gaussians, labelled by its nodes, without those that nobody could draw.

    Raises InputError for what is not a whole .glb, holds more than `most` Gaussians or packs them in another way,
    EmptyWorld for one without any.
    """
    file = GltfFile(path)
    with refusing(f"{path.name} is damaged: its Gaussians cannot be read.", _REMEDY):
        found = [(place, primitive) for place in file.placed() for primitive in place.mesh["primitives"]]
        splats = [(place, p) for place, p in found if EXTENSION in p.get("extensions", {})]
        _check(path, file, splats, most)
        origin = _origin([place for place, _ in splats])
        parts = [_part(path, file, place, primitive, origin) for place, primitive in splats]
    scene = _scene(path, [place.name for place, _ in splats], parts, origin)
    return around_middle(scene) if scene.origin == NEAR else scene


def _scene(
    path: Path, places: list[str], parts: list[tuple[Gaussians, str]], origin: Float[np.ndarray, "3"]
) -> StoredScene:
    """All parts as one scene in our axes."""
    highest = max(g.sh_degree for g, _ in parts)
    whole = y_up(joined(*(_of_degree(g, highest) for g, _ in parts)))
    good = can_be_drawn(whole)
    if not bool(good.any()):
        raise EmptyWorld(f"{path.name} holds no Gaussian with finite values.", "Give a scene that is not damaged.")
    names = tuple(dict.fromkeys(places))
    of = np.repeat([names.index(place) for place in places], [len(g) for g, _ in parts])
    labels = Labels(names, of[good.numpy()]) if len(names) > 1 else None
    x, y, z = (origin * Y_UP + 0.0).tolist()
    notices = tuple(dict.fromkeys(told for _, told in parts if told))
    return StoredScene(whole.keep(good), origin=(x, y, z), notices=notices, labels=labels)


def _origin(places: list[Placed]) -> Float[np.ndarray, "3"]:
    """Where to read them around, glTF's axes: where the first node lies, if that is too far for float32."""
    at = places[0].world[:3, 3]
    return np.rint(at) if np.abs(at).max() > FAR_M else np.zeros(3)


def _check(path: Path, file: GltfFile, splats: list[tuple[Placed, dict[str, Any]]], most: int) -> None:
    """Asks what is promised before anything is read: nodes may show one list of Gaussians many times."""
    if not splats:
        raise InputError(f"{path.name} is a .glb without Gaussians: a mesh, say.", _REMEDY)
    looks = [primitive["extensions"][EXTENSION] for _, primitive in splats]
    if inner := next((name for look in looks for name in look.get("extensions", {})), None):
        raise InputError(f"{path.name} packs its Gaussians by {inner}, which is not read here.", "Save it unpacked.")
    if any("POSITION" not in primitive["attributes"] for _, primitive in splats):
        raise InputError(f"{path.name} holds Gaussians without a place.", _REMEDY)
    count = sum(file.count(primitive["attributes"]["POSITION"]) for _, primitive in splats)
    check_count(path, count, most)
    if 56 * count > max(MB, DENSEST * path.stat().st_size):
        raise InputError(f"{path.name} does not hold as many Gaussians as it says.", "Save or copy it again.")


def _part(
    path: Path, file: GltfFile, place: Placed, primitive: dict[str, Any], origin: Float[np.ndarray, "3"]
) -> tuple[Gaussians, str]:
    """The Gaussians of a primitive around the origin, in glTF's axes, and what was taken otherwise."""
    attributes, look = primitive["attributes"], primitive["extensions"][EXTENSION]
    degree = max(d for d in range(4) if all(name in attributes for name in _harmonic_names(d)))
    names = [_named("ROTATION"), _named("SCALE"), _named("OPACITY"), *_harmonic_names(degree)]
    if len({file.count(attributes[name]) for name in ("POSITION", *names)}) > 1:
        raise ValueError("lists of different lengths")
    read, told = {name: torch.from_numpy(file.values(attributes[name])) for name in names}, ""
    scales = read[_named("SCALE")]
    if bool((scales < 0).any()):
        scales, told = scales.exp(), f"{path.name} has scales below zero: they are taken for logarithms, as in a draft."
    sh = torch.stack([read[name] for name in _harmonic_names(degree)], dim=1)
    g = Gaussians(
        torch.from_numpy(file.values(attributes["POSITION"])), read[_named("ROTATION")].roll(1, 1), scales,
        read[_named("OPACITY")][:, 0].clamp(0, 1), sh,
    )  # fmt: skip
    if look.get("colorSpace") == "lin_rec709_display":
        encoded = torch.from_numpy(from_light(np.clip(g.rgb.double().numpy(), 0, 1))).float()
        g = replace(g, sh=sh_from_rgb(encoded))
        told = f"{path.name} has linear colours, which are taken without what of them depends on the direction."
    world = place.world.copy()
    world[:3, 3] -= origin
    return _placed(path, g, world), told


def _placed(path: Path, g: Gaussians, world: Float[np.ndarray, "4 4"]) -> Gaussians:
    """Where a node has them."""
    size = np.linalg.norm(world[:3, :3], axis=0)
    if not np.isfinite(world).all() or size.min() <= 0:
        raise ValueError("a node that leads nowhere")
    turn = world[:3, :3] / size
    if np.abs(turn.T @ turn - np.eye(3)).max() > _STRETCHED or size.max() > (1 + _STRETCHED) * size.min():
        raise InputError(f"{path.name} stretches its Gaussians by a node.", "Apply the node's scale and save it again.")
    left, _, right = np.linalg.svd(turn)
    exact = world.copy()
    exact[:3, :3] = size.mean() * left @ right
    return placed(g, exact)


def _of_degree(g: Gaussians, degree: int) -> Gaussians:
    """With harmonics up to a degree, zero beyond its own."""
    more = torch.zeros(len(g), (degree + 1) ** 2 - g.sh.shape[1], 3)
    return replace(g, sh=torch.cat([g.sh, more], dim=1))
