"""A .glb while it is gathered: a tree of named nodes, lists that refer to each other by number, and one block of bytes.

What is put on the nodes, textured meshes (`glb.py`) or Gaussians (`splats_glb.py`), is none of this file's business.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from gen3d import __version__
from gen3d.formats.whole import write_whole

MAGIC = b"glTF"
FLOAT, UINT, USHORT = 5126, 5125, 5123
ARRAY, ELEMENTS = 34962, 34963
_KINDS = {np.dtype("<f4"): FLOAT, np.dtype("<u4"): UINT, np.dtype("<u2"): USHORT}


class Gltf:
    """A glTF 2.0 asset with one scene."""

    def __init__(self) -> None:
        self.bytes = bytearray()
        self.lists: dict[str, list[dict[str, Any]]] = {"nodes": []}
        self._nodes: dict[str, int] = {}

    def node(self, place: str) -> dict[str, Any]:
        """The node at a place in the tree, as "foreground/thing 1"; what it hangs from is made as needed."""
        return self.lists["nodes"][self._node(place)]

    def _node(self, place: str) -> int:
        if place not in self._nodes:
            above, _, own = place.rpartition("/")
            parent = self.lists["nodes"][self._node(above)] if above else None
            self._nodes[place] = self.append("nodes", {"name": own})
            if parent is not None:
                parent.setdefault("children", []).append(self._nodes[place])
        return self._nodes[place]

    def accessor(self, values: np.ndarray, kind: str, with_range: bool = False, target: int = ARRAY) -> int:
        """The number of a list of values, float32, uint32, or uint16 that stands for 0 to 1; kind: as "VEC3"."""
        view = self.view(np.ascontiguousarray(values).tobytes(), target=target)
        component = _KINDS[values.dtype]
        accessor = {"bufferView": view, "componentType": component, "count": len(values), "type": kind}
        accessor |= {"normalized": True} if component == USHORT else {}
        if with_range:
            accessor |= {"min": values.min(axis=0).tolist(), "max": values.max(axis=0).tolist()}
        return self.append("accessors", accessor)

    def view(self, content: bytes, **target: int) -> int:
        """The number of a piece of the block."""
        view = {"buffer": 0, "byteOffset": len(self.bytes), "byteLength": len(content)} | target
        self.bytes += content + bytes(-len(content) % 4)
        return self.append("bufferViews", view)

    def append(self, kind: str, entry: dict[str, Any]) -> int:
        """The number of an entry in a list."""
        entries = self.lists.setdefault(kind, [])
        entries.append(entry)
        return len(entries) - 1

    def write(self, path: Path, extensions: Sequence[str] = ()) -> None:
        """Writes it whole; extensions: that it uses."""
        text = json.dumps(self._content(extensions), separators=(",", ":")).encode()
        text += b" " * (-len(text) % 4)
        with write_whole(path) as temporary, temporary.open("wb") as file:
            file.write(struct.pack("<4sII", MAGIC, 2, 28 + len(text) + len(self.bytes)))
            file.write(struct.pack("<I4s", len(text), b"JSON") + text)
            file.write(struct.pack("<I4s", len(self.bytes), b"BIN\0"))
            file.write(self.bytes)

    def _content(self, extensions: Sequence[str]) -> dict[str, Any]:
        top = [self._nodes[place] for place in self._nodes if "/" not in place]
        return {
            "asset": {"version": "2.0", "generator": f"gen3d {__version__}"},
            **({"extensionsUsed": list(extensions)} if extensions else {}),
            "scene": 0,
            "scenes": [{"nodes": top}],
            **self.lists,
            "buffers": [{"byteLength": len(self.bytes)}],
        }
