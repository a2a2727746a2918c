"""Textured meshes as .glb (glTF 2.0, binary): opens in Blender, Unity, Unreal, Godot, Windows, three.js.

glTF's axes are x right, y up, z backward, metres: ours with y and z turned round, so the first camera is glTF's own
default view. Looks are in the pictures alone (KHR_materials_unlit); those with alpha are cut at a half
(alphaMode MASK), which needs no sorting. A part's name is its place in the tree of nodes, and its node stands in its
middle, so that it turns about itself.
"""

from __future__ import annotations

import io
import json
import struct
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from gen3d import __version__
from gen3d.errors import EmptyWorld
from gen3d.formats.whole import write_whole
from gen3d.values import Part

JPEG_QUALITY = 92
_TO_GLTF = np.array([1, -1, -1], np.float32)
_FLOAT, _UINT, _ARRAY, _ELEMENTS = 5126, 5125, 34962, 34963
_LINEAR, _MIPMAPS, _CLAMPED = 9729, 9987, 33071


def write_glb(path: Path, parts: Sequence[Part]) -> None:
    """Writes the parts; the same parts give the same bytes, and a picture that several parts share is written once.

    Raises EmptyWorld when there is no triangle.
    """
    parts = [part for part in parts if len(part.mesh)]
    if not parts:
        raise EmptyWorld("The scene holds no surface, so there is no mesh to write.", "Try another photo.")
    asset = _Asset()
    for part in parts:
        asset.add(part)
    text = json.dumps(asset.content(), separators=(",", ":")).encode()
    text += b" " * (-len(text) % 4)
    with write_whole(path) as temporary, temporary.open("wb") as file:
        file.write(struct.pack("<4sII", b"glTF", 2, 28 + len(text) + len(asset.bytes)))
        file.write(struct.pack("<I4s", len(text), b"JSON") + text)
        file.write(struct.pack("<I4s", len(asset.bytes), b"BIN\0") + asset.bytes)


class _Asset:
    """The parts of a glTF file while they are gathered."""

    def __init__(self) -> None:
        self.bytes = bytearray()
        self._lists: dict[str, list[dict[str, Any]]] = {"nodes": []}
        self._nodes: dict[str, int] = {}
        self._materials: dict[int, int] = {}
        self._pictures: list[np.ndarray] = []
        """Held, so that no two of them ever have the same id."""

    def add(self, part: Part) -> None:
        mesh = part.mesh
        xyz = mesh.xyz * _TO_GLTF
        middle = 0.5 * (xyz.min(axis=0) + xyz.max(axis=0))
        attributes = {"POSITION": self._accessor(xyz - middle, "VEC3", with_range=True)}
        primitive: dict[str, Any] = {"attributes": attributes}
        if part.picture is not None:
            attributes["TEXCOORD_0"] = self._accessor(mesh.uv, "VEC2")
            primitive["material"] = self._material(part.picture)
        primitive["indices"] = self._accessor(mesh.triangles.reshape(-1), "SCALAR")
        name = part.name.rsplit("/", 1)[-1]
        node = self._lists["nodes"][self._node(part.name)]
        node["mesh"] = self._append("meshes", {"name": name, "primitives": [primitive]})
        node["translation"] = middle.tolist()

    def content(self) -> dict[str, Any]:
        lists = self._lists
        unlit = {"extensionsUsed": ["KHR_materials_unlit"]} if "materials" in lists else {}
        top = [self._nodes[name] for name in self._nodes if "/" not in name]
        return {
            "asset": {"version": "2.0", "generator": f"gen3d {__version__}"},
            **unlit,
            "scene": 0,
            "scenes": [{"nodes": top}],
            **lists,
            "buffers": [{"byteLength": len(self.bytes)}],
        }

    def _node(self, name: str) -> int:
        """The node at a place in the tree; what it hangs from is made as needed."""
        if name not in self._nodes:
            above, _, own = name.rpartition("/")
            parent = self._lists["nodes"][self._node(above)] if above else None
            self._nodes[name] = self._append("nodes", {"name": own})
            if parent is not None:
                parent.setdefault("children", []).append(self._nodes[name])
        return self._nodes[name]

    def _material(self, picture: np.ndarray) -> int:
        if id(picture) not in self._materials:
            with_alpha = picture.shape[2] == 4
            if "samplers" not in self._lists:
                wrap = {"wrapS": _CLAMPED, "wrapT": _CLAMPED}
                self._append("samplers", {"magFilter": _LINEAR, "minFilter": _MIPMAPS} | wrap)
            encoded, kind = _encoded(picture)
            image = self._append("images", {"bufferView": self._view(encoded), "mimeType": kind})
            texture = self._append("textures", {"sampler": 0, "source": image})
            looks = {"baseColorTexture": {"index": texture}, "metallicFactor": 0.0, "roughnessFactor": 1.0}
            material = {"pbrMetallicRoughness": looks, "doubleSided": True, "extensions": {"KHR_materials_unlit": {}}}
            self._materials[id(picture)] = self._append(
                "materials", material | ({"alphaMode": "MASK", "alphaCutoff": 0.5} if with_alpha else {})
            )
            self._pictures.append(picture)
        return self._materials[id(picture)]

    def _accessor(self, values: np.ndarray, kind: str, with_range: bool = False) -> int:
        index = values.dtype.kind == "i"
        values = np.ascontiguousarray(values, "<u4" if index else "<f4")
        view = self._view(values.tobytes(), target=_ELEMENTS if index else _ARRAY)
        accessor = {"bufferView": view, "componentType": _UINT if index else _FLOAT, "count": len(values), "type": kind}
        if with_range:
            accessor |= {"min": values.min(axis=0).tolist(), "max": values.max(axis=0).tolist()}
        return self._append("accessors", accessor)

    def _view(self, content: bytes, **target: int) -> int:
        view = {"buffer": 0, "byteOffset": len(self.bytes), "byteLength": len(content)} | target
        self.bytes += content + bytes(-len(content) % 4)
        return self._append("bufferViews", view)

    def _append(self, kind: str, entry: dict[str, Any]) -> int:
        entries = self._lists.setdefault(kind, [])
        entries.append(entry)
        return len(entries) - 1


def _encoded(picture: np.ndarray) -> tuple[bytes, str]:
    """A picture as a PNG where it has alpha, else as a JPEG; and which."""
    out = io.BytesIO()
    if picture.shape[2] == 4:
        Image.fromarray(picture).save(out, "PNG")
        return out.getvalue(), "image/png"
    Image.fromarray(picture).save(out, "JPEG", quality=JPEG_QUALITY, subsampling=0)
    return out.getvalue(), "image/jpeg"
