"""The scene as our own viewer reads it: 17 to 29 bytes a Gaussian, gzipped as a whole.

    "GEN3D view 1" and a line feed, uint32 length of the header, the header (JSON), then one record per Gaussian

The records are told in `view_codes.py`. Their order is made for streaming: the first fifth is already a picture, a bit
soft, from where the photo was taken (`view_order.py`). World and axes as in `gen3d.camera`.
"""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float
from scipy.spatial.transform import Rotation

from gen3d.camera import Camera
from gen3d.errors import InputError
from gen3d.formats.gzipped import gzipped
from gen3d.formats.known import Limits
from gen3d.formats.picture import as_bytes, jpeg
from gen3d.formats.view_codes import record, unpacked
from gen3d.formats.view_order import PackedView, packed_view
from gen3d.formats.whole import MB, check_file, refusing, write_whole
from gen3d.splat.gaussians import Gaussians
from gen3d.values import DrawnPath

LARGEST_BYTES = 512 * MB
MAGIC = b"GEN3D view 1\n"
GZIP_LEVEL = 4
"""Measured: as small as with the usual 6, in six tenths of the time."""
_REMEDY = "Give a scene.view, as gen3d writes it."
_OF_THINGS, _OF_A_THING = ("up", "ground"), ("id", "name", "box", "centre", "foot", "footprint")
"""What the viewer needs of things.json."""


@dataclass(frozen=True, slots=True)
class Outside:
    """Where to stand outside a scene that somebody else made, without limits."""

    middle: tuple[float, float, float]
    """What the viewer turns about, in the world, metres."""
    distance_m: float
    """From there it sees the scene whole."""
    up: str
    """The axis that is taken for the vertical, as "-y"; the visitor may choose another."""
    starts: bool
    """Whether the viewer starts there, and not at the camera."""


class ViewFile(NamedTuple):
    """What a .view holds."""

    gaussians: Gaussians
    camera: Camera
    """The photo's: where the viewer starts."""
    pivot_m: float
    """The viewer turns about the point this far ahead on the camera's axis."""
    limits: Limits
    title: str | None
    outside: Outside | None = None
    antialiased: bool = False
    """As in `stored.py`."""
    tour: DrawnPath | None = None
    """The path of the scene's video, for the viewer to play."""


def write_view(
    path: Path,
    gaussians: Gaussians | PackedView,
    camera: Camera,
    pivot_m: float,
    limits: Limits,
    title: str | None = None,
    outside: Outside | None = None,
    antialiased: bool = False,
    tour: DrawnPath | None = None,
    photo: Float[np.ndarray, "h w 3"] | None = None,
    things: Mapping[str, Any] | None = None,
) -> None:
    """Writes the scene; the same scene gives the same bytes.

    gaussians: or what `packed_view` made of them; raises what that raises. pivot_m: how far ahead of the camera the
    point lies that the viewer turns about. photo: for the viewer to lay beside the scene, at `camera`. things: as in
    things.json, for the viewer to edit.
    """
    scene = gaussians if isinstance(gaussians, PackedView) else packed_view(gaussians, camera)
    header = {
        "K": camera.K.tolist(), "w2c": camera.w2c.tolist(), "width": camera.width, "height": camera.height,
        "pivot_m": float(pivot_m), "limits": asdict(limits), "title": title, "count": len(scene.rows),
        "sh_degree": scene.sh_degree, "ranges": scene.ranges, "first_larger": scene.first_larger,
    }  # fmt: skip
    header |= {} if outside is None else {"outside": asdict(outside)}
    header |= {"antialiased": True} if antialiased else {}
    header |= {"kinds": True} if scene.holds("kind") else {}
    header |= {"things": True} if scene.holds("thing") else {}
    header |= {} if photo is None else {"photo": base64.b64encode(jpeg(as_bytes(photo))).decode("ascii")}
    header |= {} if tour is None else {"path": _path_as_json(tour)}
    header |= {"told": _told(things)} if things is not None and scene.holds("thing") else {}
    _write(path, header, scene.rows)


def retell_view(path: Path, things: Mapping[str, Any], relabel: Callable[[Gaussians, int], Gaussians]) -> None:
    """Tells a file anew which Gaussians are which thing, and what is told of those; InputError as `read_view`.

    things: as in things.json by now. relabel: gives Gaussians their numbers after its changes, but for the first so
    many, of which the file has heard.
    """
    with _reading(path):
        header, rows = _parsed(path)
        camera = Camera(np.array(header["K"]), np.array(header["w2c"]), header["width"], header["height"])
        known = relabel(unpacked(rows, header["ranges"], camera), header.get("heard", 0))
    if known.things is None:
        return
    rows = rows.copy()
    rows["thing"] = known.things.numpy()
    _write(path, header | {"told": _told(things), "heard": len(things["changes"])}, rows)


def _write(path: Path, header: Mapping[str, Any], rows: np.ndarray) -> None:
    text = json.dumps(header).encode("ascii")
    content = MAGIC + len(text).to_bytes(4, "little") + text + rows.tobytes()
    with write_whole(path) as temporary:
        temporary.write_bytes(gzipped(content, GZIP_LEVEL))


def read_view(path: Path) -> ViewFile:
    """What `write_view` was given, in the order and within the precision of the file; SH of degree 0 or 1.

    Raises InputError for what is not a whole file of this kind.
    """
    with _reading(path):
        header, rows = _parsed(path)
        camera = Camera(np.array(header["K"]), np.array(header["w2c"]), header["width"], header["height"])
        gaussians = unpacked(rows, header["ranges"], camera)
        outside = header.get("outside")
        outside = None if outside is None else Outside(**outside | {"middle": tuple(outside["middle"])})
        return ViewFile(
            gaussians, camera, header["pivot_m"], Limits(**header["limits"]), header["title"],
            outside, header.get("antialiased", False), _path_from_json(header.get("path")),
        )  # fmt: skip


def read_limits(path: Path) -> tuple[float, Limits]:
    """How far ahead the point lies that the viewer turns about, metres, and how far it goes; InputError as above."""
    with _reading(path):
        header, _ = _parsed(path)
        return header["pivot_m"], Limits(**header["limits"])


def read_photo(path: Path) -> bytes | None:
    """The photo that is kept with the scene, as JPEG, if there is one; InputError as above."""
    with _reading(path):
        photo = _parsed(path)[0].get("photo")
        return None if photo is None else base64.b64decode(photo, validate=True)


def read_told(path: Path) -> dict[str, Any] | None:
    """What the file tells of the scene's things, if anything; InputError as above."""
    with _reading(path):
        return _parsed(path)[0].get("told")


def _told(things: Mapping[str, Any]) -> dict[str, Any]:
    few = [{key: thing[key] for key in _OF_A_THING if key in thing} for thing in things["things"]]
    return {key: things[key] for key in _OF_THINGS if key in things} | {"things": few}


def _path_as_json(path: DrawnPath) -> dict[str, Any]:
    """As gen3d/viewer/path.js holds a path."""
    turns = Rotation.from_matrix(path.c2w[:, :3, :3]).as_quat(scalar_first=True)
    rows = zip(path.c2w[:, :3, 3].tolist(), turns.tolist(), path.focal.tolist(), path.seconds.tolist(), strict=True)
    keys = [dict(zip(("place", "turn", "focal", "seconds"), row, strict=True)) for row in rows]
    return {"keys": keys, "loop": path.loop, "tension": path.tension}


def _path_from_json(path: dict[str, Any] | None) -> DrawnPath | None:
    if path is None:
        return None
    places, turns, focal, seconds = (np.array([key[name] for key in path["keys"]], np.float64)
                                     for name in ("place", "turn", "focal", "seconds"))  # fmt: skip
    c2w = np.tile(np.eye(4), (len(focal), 1, 1))
    c2w[:, :3, :3], c2w[:, :3, 3] = Rotation.from_quat(turns, scalar_first=True).as_matrix(), places
    return DrawnPath(c2w, focal, seconds, path["loop"], path["tension"])


def check_view(path: Path) -> None:
    """Raises InputError for what is not a whole file of this kind."""
    with _reading(path):
        _parsed(path)


def _reading(path: Path) -> AbstractContextManager[None]:
    return refusing(f"{path.name} is not a scene for the viewer that can be read.", _REMEDY)


def _parsed(path: Path) -> tuple[dict, np.ndarray]:
    """The header and the records."""
    check_file(path, LARGEST_BYTES, _REMEDY)
    content = bytearray()
    with gzip.open(path) as file:  # asked for all that is allowed, it would set as much memory aside
        while len(content) <= LARGEST_BYTES and (part := file.read(MB)):
            content += part
    if len(content) > LARGEST_BYTES:
        raise InputError(f"{path.name} is larger than the {LARGEST_BYTES // MB} MB that are read.", _REMEDY)
    if not content.startswith(MAGIC):
        raise InputError(f"{path.name} is not a scene for the viewer, or of another version.", _REMEDY)
    start = len(MAGIC) + 4
    end = start + int.from_bytes(content[len(MAGIC) : start], "little")
    header = json.loads(content[start:end])
    dtype = record(header["sh_degree"], header.get("kinds", False), header.get("things", False))
    if len(content) != end + header["count"] * dtype.itemsize:
        raise InputError(f"{path.name} does not hold as many Gaussians as it says.", _REMEDY)
    return header, np.frombuffer(content, dtype, offset=end)
