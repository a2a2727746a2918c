"""A .glb that somebody made: its description, and the numbers of its accessors where they lie in the file.

Nothing is believed that the file's size does not bear out: an accessor is looked at by memory map, within its view.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float, Int
from scipy.spatial.transform import Rotation

from gen3d.errors import InputError
from gen3d.formats.gltf import MAGIC
from gen3d.formats.whole import MB, check_file, refusing

LARGEST_BYTES = 4096 * MB
LARGEST_TEXT_BYTES = 16 * MB
"""Of the description."""
MOST_NODES = 100_000
_REMEDY = "Give a .glb, version 2.0, with its numbers within."
_WIDTHS = {"SCALAR": 1, "VEC2": 2, "VEC3": 3, "VEC4": 4}
_TYPES = {5120: "i1", 5121: "u1", 5122: "<i2", 5123: "<u2", 5125: "<u4", 5126: "<f4"}


class Placed(NamedTuple):
    """A node that shows a mesh."""

    name: str
    """Its place in the tree: names, or numbers where it has none, joined by slashes."""
    mesh: dict[str, Any]
    world: Float[np.ndarray, "4 4"]
    """Where it puts its mesh."""


class GltfFile:
    """The description of a .glb, and its block of bytes."""

    def __init__(self, path: Path) -> None:
        """Raises InputError for what is no such file."""
        size = check_file(path, LARGEST_BYTES, _REMEDY)
        with refusing(f"{path.name} is damaged, or not a .glb.", _REMEDY):
            with path.open("rb") as file:
                magic, version, _, length, kind = struct.unpack("<4sII I4s", file.read(20))
                if magic != MAGIC or version != 2 or kind != b"JSON" or not 0 < length <= min(size, LARGEST_TEXT_BYTES):
                    raise InputError(f"{path.name} is not a .glb of version 2.0.", _REMEDY)
                self.content: dict[str, Any] = json.loads(file.read(length))
                (length, kind), at = struct.unpack("<I4s", file.read(8)), file.tell()
            if kind != b"BIN\0" or at + length > size or not length:
                raise InputError(f"{path.name} ends before its numbers do.", "Save or copy it again.")
            self._block = np.memmap(path, np.uint8, "r", at, (length,))

    def values(self, index: int) -> Float[np.ndarray, "n k"]:
        """The numbers of an accessor, as float32; integers that are normalized from -1 or 0 to 1."""
        accessor = self.content["accessors"][_index(index)]
        if "sparse" in accessor or "bufferView" not in accessor:
            raise ValueError("an accessor without numbers of its own")
        view = self.content["bufferViews"][_index(accessor["bufferView"])]
        if self.content["buffers"][_index(view["buffer"])].get("uri") is not None:
            raise ValueError("numbers in another file")
        kind, width = np.dtype(_TYPES[accessor["componentType"]]), _WIDTHS[accessor["type"]]
        table = self._table(accessor, view, kind, width)
        if kind.kind == "f" or not accessor.get("normalized"):
            return table.astype(np.float32)
        return np.maximum(table / np.float32(np.iinfo(kind).max), -1).astype(np.float32)

    def indices(self, index: int) -> Int[np.ndarray, "n"]:
        """The whole numbers of an accessor."""
        accessor = self.content["accessors"][_index(index)]
        if accessor["componentType"] not in (5121, 5123, 5125) or "sparse" in accessor:
            raise ValueError("an accessor of no whole numbers")
        view = self.content["bufferViews"][_index(accessor["bufferView"])]
        return self._table(accessor, view, np.dtype(_TYPES[accessor["componentType"]]), 1)[:, 0].astype(np.int64)

    def block(self, index: int) -> bytes:
        """The bytes of a view."""
        view = self.content["bufferViews"][_index(index)]
        start, length = _index(view.get("byteOffset", 0)), _index(view["byteLength"])
        if self.content["buffers"][_index(view["buffer"])].get("uri") is not None or start + length > len(self._block):
            raise ValueError("a view beyond the file")
        return self._block[start : start + length].tobytes()

    def _table(self, accessor: dict[str, Any], view: dict[str, Any], kind: np.dtype, width: int) -> np.ndarray:
        count, row = _index(accessor["count"]), width * kind.itemsize
        start, length = _index(view.get("byteOffset", 0)), _index(view["byteLength"])
        first, stride = _index(accessor.get("byteOffset", 0)), _index(view.get("byteStride", row))
        if not count or stride < row or first + stride * (count - 1) + row > length:
            raise ValueError("an accessor beyond its view")
        if start + length > len(self._block):
            raise ValueError("a view beyond the file")
        return np.ndarray((count, width), kind, self._block, start + first, (stride, kind.itemsize))

    def count(self, index: int) -> int:
        """How many values an accessor says that it has."""
        return _index(self.content["accessors"][_index(index)]["count"])

    def placed(self) -> Iterator[Placed]:
        """The meshes of the scene to show, each where its node has it, and as often; ValueError for no tree."""
        content = self.content
        nodes, meshes = content.get("nodes", []), content.get("meshes", [])
        scenes = content.get("scenes")
        top = scenes[_index(content.get("scene", 0))].get("nodes", []) if scenes else range(len(nodes))
        left, seen = [(_index(i), "", np.eye(4)) for i in reversed(top)], set()
        while left:
            i, above, world = left.pop()
            if i in seen or len(seen) >= MOST_NODES:
                raise ValueError("nodes that are no tree")
            seen.add(i)
            node = nodes[i]
            name, world = f"{above}{node.get('name', i)}", world @ _local(node)
            if "mesh" in node:
                yield Placed(name, meshes[_index(node["mesh"])], world)
            left += [(_index(child), f"{name}/", world) for child in reversed(node.get("children", []))]


def _index(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise ValueError(f"{value!r} is no index")
    return value


def _local(node: dict[str, Any]) -> np.ndarray:
    """A node's own transformation."""
    if "matrix" in node:
        return np.array(node["matrix"], np.float64).reshape(4, 4).T
    local = np.eye(4)
    rotation = Rotation.from_quat(node.get("rotation", (0, 0, 0, 1))).as_matrix()
    local[:3, :3] = rotation * np.array(node.get("scale", (1, 1, 1)), np.float64)
    local[:3, 3] = node.get("translation", (0, 0, 0))
    return local
