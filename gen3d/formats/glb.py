"""Textured meshes as .glb (glTF 2.0, binary): opens in Blender, Unity, Unreal, Godot, Windows, three.js.

glTF's axes are x right, y up, z backward, metres: ours with y and z turned round, so the first camera is glTF's own
default view. Looks are in the pictures alone (KHR_materials_unlit); those with alpha are cut at a half
(alphaMode MASK), which needs no sorting. A part's name is its place in the tree of nodes, and its node stands in its
middle, so that it turns about itself.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from gen3d.errors import EmptyWorld
from gen3d.formats.gltf import ELEMENTS, Gltf
from gen3d.formats.y_up import Y_UP
from gen3d.values import Part

JPEG_QUALITY = 92
_UNLIT = "KHR_materials_unlit"
_LINEAR, _MIPMAPS, _CLAMPED = 9729, 9987, 33071


def write_glb(path: Path, parts: Sequence[Part]) -> None:
    """Writes the parts; the same parts give the same bytes, and a picture that several parts share is written once.

    Raises EmptyWorld when there is no triangle.
    """
    parts = [part for part in parts if len(part.mesh)]
    if not parts:
        raise EmptyWorld("The scene holds no surface, so there is no mesh to write.", "Try another photo.")
    asset = _Meshes()
    for part in parts:
        asset.add(part)
    asset.write(path, [_UNLIT] if "materials" in asset.lists else [])


class _Meshes(Gltf):
    """The parts of a glTF file while they are gathered."""

    def __init__(self) -> None:
        super().__init__()
        self._materials: dict[int, int] = {}
        self._pictures: list[np.ndarray] = []
        """Held, so that no two of them ever have the same id."""

    def add(self, part: Part) -> None:
        mesh = part.mesh
        xyz = mesh.xyz * Y_UP.astype(np.float32)
        middle = 0.5 * (xyz.min(axis=0) + xyz.max(axis=0))
        attributes = {"POSITION": self.accessor(_floats(xyz - middle), "VEC3", with_range=True)}
        primitive: dict[str, Any] = {"attributes": attributes}
        if part.picture is not None:
            attributes["TEXCOORD_0"] = self.accessor(_floats(mesh.uv), "VEC2")
            primitive["material"] = self._material(part.picture)
        primitive["indices"] = self.accessor(mesh.triangles.reshape(-1).astype("<u4"), "SCALAR", target=ELEMENTS)
        node = self.node(part.name)
        node["mesh"] = self.append("meshes", {"name": node["name"], "primitives": [primitive]})
        node["translation"] = middle.tolist()

    def _material(self, picture: np.ndarray) -> int:
        if id(picture) not in self._materials:
            with_alpha = picture.shape[2] == 4
            if "samplers" not in self.lists:
                wrap = {"wrapS": _CLAMPED, "wrapT": _CLAMPED}
                self.append("samplers", {"magFilter": _LINEAR, "minFilter": _MIPMAPS} | wrap)
            encoded, kind = _encoded(picture)
            image = self.append("images", {"bufferView": self.view(encoded), "mimeType": kind})
            texture = self.append("textures", {"sampler": 0, "source": image})
            looks = {"baseColorTexture": {"index": texture}, "metallicFactor": 0.0, "roughnessFactor": 1.0}
            material = {"pbrMetallicRoughness": looks, "doubleSided": True, "extensions": {_UNLIT: {}}}
            self._materials[id(picture)] = self.append(
                "materials", material | ({"alphaMode": "MASK", "alphaCutoff": 0.5} if with_alpha else {})
            )
            self._pictures.append(picture)
        return self._materials[id(picture)]


def _floats(values: np.ndarray) -> np.ndarray:
    return values.astype("<f4")


def _encoded(picture: np.ndarray) -> tuple[bytes, str]:
    """A picture as a PNG where it has alpha, else as a JPEG; and which."""
    out = io.BytesIO()
    if picture.shape[2] == 4:
        Image.fromarray(picture).save(out, "PNG")
        return out.getvalue(), "image/png"
    Image.fromarray(picture).save(out, "JPEG", quality=JPEG_QUALITY, subsampling=0)
    return out.getvalue(), "image/jpeg"
