"""A textured mesh that somebody made, read from a .glb: its triangles where its nodes have them, and their looks.

Of a material its base colour counts: factor, picture, the corners' own colours (COLOR_0). Counted before anything is
decoded: triangles, bytes and pixels. Colours are told in sRGB; glTF has factors and corners in linear light.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float, Int
from PIL import Image

from gen3d.errors import InputError
from gen3d.formats.gltf_reading import GltfFile, Placed
from gen3d.formats.photo_file import unwarned
from gen3d.formats.whole import MB, check_file, refusing
from gen3d.formats.y_up import Y_UP
from gen3d.srgb import from_light
from gen3d.values import Surface

LARGEST_BYTES = 256 * MB
MOST_TRIANGLES = 2_000_000
MOST_PICTURES, LARGEST_PX = 64, 40_000_000
"""Pictures of one mesh, and pixels of all of them together."""
MOST_PIECES = 20_000
TRIANGLES = 4
"""The mode of a primitive whose corners are taken three by three."""
_REMEDY = "Give a .glb, version 2.0, with its triangles and pictures within, not compressed."
_READ = {"KHR_materials_unlit", "KHR_texture_transform", "KHR_mesh_quantization", "EXT_texture_webp"}
"""Extensions that a file may require: with others its triangles would not be there, or elsewhere."""


def is_mesh(path: Path) -> bool:
    """Whether a .glb has triangles to show; InputError for what is none."""
    file = GltfFile(path)
    with refusing(f"{path.name} is damaged, or not a .glb.", _REMEDY):
        return bool(_shown(file))


def read_mesh(path: Path, most: int = MOST_TRIANGLES) -> list[Surface]:
    """Its surfaces, metres, OpenCV axes. InputError for what is damaged, compressed or holds more than `most`."""
    check_file(path, LARGEST_BYTES, _REMEDY)
    file = GltfFile(path)
    unknown = sorted(set(file.content.get("extensionsRequired", [])) - _READ)
    if unknown:
        raise InputError(f"{path.name} needs {', '.join(map(str, unknown))[:80]}, which is not read here.", _REMEDY)
    with refusing(f"{path.name} is damaged, or not a .glb.", _REMEDY):
        shown = _shown(file)
        _check_count(path, sum(_corners(file, p) // 3 for _, p in shown), most)
        _check_count(path, sum(file.count(p["attributes"]["POSITION"]) // 3 for _, p in shown) or 1, most)
        pictures = _Pictures(path, file)
        return [_surface(file, pictures, placed, primitive) for placed, primitive in shown]


def _shown(file: GltfFile) -> list[tuple[Placed, dict[str, Any]]]:
    """Whatever is of triangles, as often as a node shows it."""
    pieces = list(islice(_pieces(file), MOST_PIECES + 1))
    if len(pieces) > MOST_PIECES:
        raise ValueError("too many pieces")
    return [(placed, p) for placed, p in pieces if _is_surface(p)]


def _pieces(file: GltfFile) -> Iterator[tuple[Placed, dict[str, Any]]]:
    for placed in file.placed():
        yield from ((placed, primitive) for primitive in placed.mesh["primitives"])


def _is_surface(primitive: dict[str, Any]) -> bool:
    return primitive.get("mode", TRIANGLES) == TRIANGLES and "POSITION" in primitive["attributes"]


def _corners(file: GltfFile, primitive: dict[str, Any]) -> int:
    return file.count(primitive.get("indices", primitive["attributes"]["POSITION"]))


def _check_count(path: Path, count: int, most: int) -> None:
    if not count:
        raise InputError(f"{path.name} holds no triangles.", "Give a mesh, or a file of 3D Gaussians.")
    if count > most:
        raise InputError(
            f"{path.name} holds {count / 1e6:.3g} million triangles; at most {most / 1e6:g} million are brought in.",
            "Reduce it, as with Blender's Decimate, and try again.",
        )


def _surface(file: GltfFile, pictures: _Pictures, placed: Placed, primitive: dict[str, Any]) -> Surface:
    attributes = primitive["attributes"]
    xyz = file.values(attributes["POSITION"]).astype(np.float64)
    xyz = (xyz @ placed.world[:3, :3].T + placed.world[:3, 3]) * Y_UP
    if xyz.shape[1] != 3 or not np.isfinite(xyz).all():
        raise ValueError("places that are none")
    material = _material(file, primitive)
    looks = material.get("pbrMetallicRoughness", {})
    texture = looks.get("baseColorTexture", {})
    picture = pictures.of(texture["index"]) if "index" in texture else None
    name = f"TEXCOORD_{texture.get('texCoord', 0)}"
    uv = file.values(attributes[name])[:, :2].astype(np.float64) if picture is not None and name in attributes else None
    return Surface(
        xyz, _triangles(file, primitive, len(xyz), bool(np.linalg.det(placed.world[:3, :3]) < 0)),
        _rgb(file, attributes, looks, len(xyz)), uv if uv is None else _transformed(uv, texture),
        _opaque(picture) if material.get("alphaMode", "OPAQUE") == "OPAQUE" else picture,
        "KHR_materials_unlit" not in material.get("extensions", {}), _normals(file, attributes, placed),
    )  # fmt: skip


def _triangles(file: GltfFile, primitive: dict[str, Any], count: int, mirrored: bool) -> Int[np.ndarray, "t 3"]:
    whole = _corners(file, primitive) // 3
    if "indices" in primitive:
        corners = file.indices(primitive["indices"])[: 3 * whole].reshape(-1, 3)
    else:
        corners = np.arange(3 * whole).reshape(-1, 3)
    if corners.max(initial=0) >= count:
        raise ValueError("a triangle of corners that are not there")
    return corners[:, ::-1] if mirrored else corners


def _normals(file: GltfFile, attributes: dict[str, Any], placed: Placed) -> Float[np.ndarray, "n 3"] | None:
    if "NORMAL" not in attributes:
        return None
    linear = placed.world[:3, :3]
    return np.nan_to_num(file.values(attributes["NORMAL"])) @ np.linalg.pinv(linear) * Y_UP


def _material(file: GltfFile, primitive: dict[str, Any]) -> dict[str, Any]:
    return file.content["materials"][primitive["material"]] if "material" in primitive else {}


def _rgb(file: GltfFile, attributes: dict[str, Any], looks: dict[str, Any], count: int) -> Float[np.ndarray, "n 3"]:
    light = np.ones((count, 3)) * np.array(looks.get("baseColorFactor", (1, 1, 1, 1)), np.float64)[:3]
    if "COLOR_0" in attributes:
        light = light * file.values(attributes["COLOR_0"])[:, :3]
    return from_light(np.clip(light, 0, 1))


def _transformed(uv: np.ndarray, texture: dict[str, Any]) -> np.ndarray:
    """KHR_texture_transform: scaled, turned, then moved."""
    by = texture.get("extensions", {}).get("KHR_texture_transform")
    if by is None:
        return uv
    c, s = np.cos(by.get("rotation", 0.0)), np.sin(by.get("rotation", 0.0))
    return (uv * by.get("scale", (1, 1))) @ np.array([[c, -s], [s, c]]) + by.get("offset", (0, 0))


def _opaque(picture: np.ndarray | None) -> np.ndarray | None:
    if picture is None:
        return None
    picture = picture.copy()
    picture[..., 3] = 255
    return picture


class _Pictures:
    """The pictures of a file, each decoded once, within bounds."""

    def __init__(self, path: Path, file: GltfFile) -> None:
        self._path, self._file, self._left_px = path, file, LARGEST_PX
        self._known: dict[int, np.ndarray] = {}

    def of(self, texture: int) -> np.ndarray:
        """That of a texture, sRGB with alpha."""
        found = self._file.content["textures"][texture]
        webp = found.get("extensions", {}).get("EXT_texture_webp", {})
        image = webp.get("source", found.get("source"))
        if image not in self._known:
            if len(self._known) >= MOST_PICTURES:
                raise InputError(f"{self._path.name} has more than {MOST_PICTURES} pictures.", "Join some of them.")
            self._known[image] = self._decoded(self._file.content["images"][image])
        return self._known[image]

    def _decoded(self, image: dict[str, Any]) -> np.ndarray:
        with unwarned():
            picture = Image.open(io.BytesIO(self._file.block(image["bufferView"])), formats=("PNG", "JPEG", "WEBP"))
            self._left_px -= picture.width * picture.height
            if self._left_px < 0:
                raise InputError(
                    f"The pictures of {self._path.name} have more than {LARGEST_PX // 10**6} million pixels.",
                    "Make them smaller and try again.",
                )
            return np.asarray(picture.convert("RGBA"))
