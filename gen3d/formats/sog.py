"""3D Gaussians as .sog, the format of the web (PlayCanvas; version 2): a zip of meta.json and lossless WebP pictures.

A pixel a Gaussian, along a Morton curve, so that what is near in space is near in the pictures. What a file keeps, and
how exactly (the largest error of what is written here):

    position      16 bits of sign(x) ln(1 + |x|) an axis: in a scene 10 m wide 0.04 mm in its middle, 0.2 mm at its rim
    scale         a codebook of 256 for all logarithms
    rotation      the three smaller components of the unit quaternion, 8 bits each: 0.003
    opacity       8 bits: 0.002
    colour        a codebook of 256 for all channels
    harmonics     an entry of a palette of up to 65536, whose numbers are one codebook of 256

Axes are those of a .ply, which are ours. Codebooks are made in `codebook.py`. A picture's size is asked before it is
unpacked, and names that lead elsewhere are refused. A meta.json is read with the pictures in its folder, too.
"""

from __future__ import annotations

import io
import json
import math
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from gen3d import __version__
from gen3d.errors import EmptyWorld, InputError
from gen3d.formats.sog_codes import ACROSS, Packed, in_morton_order, packed, unpacked
from gen3d.formats.stored import (
    MOST,
    NEAR,
    PLAIN,
    StoredScene,
    Writing,
    around_middle,
    check_count,
    check_steps,
    check_writable,
    drawable,
    moved,
)
from gen3d.formats.whole import MB, check_file, refusing, write_whole

LARGEST_BYTES = 1024 * MB
LARGEST_META_BYTES = 4 * MB
MOST_WRITTEN = 16383 * 16380
"""A WebP is at most 16383 pixels wide and high."""
WEBP_EFFORT = 4
"""Of 6: more takes longer and saves 1 %."""
BYTES_EACH = 20
"""Of a Gaussian's pixels, unpacked."""
DENSEST = 100
"""So many bytes of pixels packed into one are not believed: one colour over all of a scene packs to nothing."""
_PACKED = 2
"""So many bytes of a picture in one of the zip are not believed."""
_ZIP = b"PK\x03\x04"
_TIME = (1980, 1, 1, 0, 0, 0)
"""Of every entry, so that the same scene gives the same bytes."""
_REMEDY = "Give a .sog of version 2, or its meta.json with the pictures beside it."
_HARMONICS = {1: 3, 2: 8, 3: 15}
"""Above degree 0, by degree."""
Load = Callable[[str], bytes]


def store_sog(path: Path, scene: StoredScene, how: Writing = PLAIN) -> tuple[str, ...]:
    """Writes a scene; the format can say all of it, but for its order. The same scene gives the same bytes.

    Raises EmptyWorld when there are no Gaussians, InputError when they lie too far for what they are large, ValueError
    for a value that is not finite.
    """
    g = scene.gaussians.detached().to("cpu")
    check_writable(g)
    if scene.origin != NEAR:
        check_steps(".sog", _step(scene), g, scene.origin)
    g = moved(g, scene.origin)
    p = packed(in_morton_order(g))
    pictures = _pictures(p)
    meta = _meta(p, scene.antialiased)
    with write_whole(path) as temporary, zipfile.ZipFile(temporary, "w") as archive:
        for name, pixels in pictures.items():
            archive.writestr(zipfile.ZipInfo(name, _TIME), _webp(pixels))
        archive.writestr(zipfile.ZipInfo("meta.json", _TIME), json.dumps(meta))
    return ()


def _step(scene: StoredScene) -> float:
    """Metres between two positions, where they are farthest."""
    xyz = np.abs(scene.gaussians.means.double().cpu().numpy() + scene.origin)
    return float(((1 + xyz.max(axis=0)) * (np.log1p(xyz.max(axis=0)) - np.log1p(xyz.min(axis=0)))).max() / 65535)


def _pictures(p: Packed) -> dict[str, np.ndarray]:
    """Each picture by the name of its file, h w 4."""
    width = math.ceil(math.sqrt(len(p.low)) / 4) * 4
    height = math.ceil(len(p.low) / width / 4) * 4
    lists = {"means_l": p.low, "means_u": p.high, "scales": p.scales, "quats": p.quats, "sh0": p.sh0}
    lists |= {} if p.labels is None else {"shN_labels": p.labels}
    pictures = {f"{name}.webp": _filled(pixels, width, height) for name, pixels in lists.items()}
    if p.entries is not None:
        k, m, _ = p.entries.shape
        pictures["shN_centroids.webp"] = _filled(p.entries.reshape(-1, 4), ACROSS * m, math.ceil(k / ACROSS))
    return pictures


def _filled(pixels: np.ndarray, width: int, height: int) -> np.ndarray:
    picture = np.zeros((width * height, 4), np.uint8)
    picture[: len(pixels)] = pixels
    return picture.reshape(height, width, 4)


def _meta(p: Packed, antialiased: bool) -> dict[str, Any]:
    low, high = p.ends.tolist()
    meta: dict[str, Any] = {"version": 2, "asset": {"generator": f"gen3d {__version__}"}, "count": len(p.low)}
    meta |= {"model": "antialiased"} if antialiased else {}
    meta["means"] = {"mins": low, "maxs": high, "files": ["means_l.webp", "means_u.webp"]}
    meta["scales"] = {"codebook": p.scale_codes.tolist(), "files": ["scales.webp"]}
    meta["quats"] = {"files": ["quats.webp"]}
    meta["sh0"] = {"codebook": p.sh0_codes.tolist(), "files": ["sh0.webp"]}
    if p.entries is not None and p.entry_codes is not None:
        bands = next(degree for degree, count in _HARMONICS.items() if count == p.entries.shape[1])
        meta["shN"] = {
            "count": len(p.entries), "bands": bands, "codebook": p.entry_codes.tolist(),
            "files": ["shN_centroids.webp", "shN_labels.webp"],
        }  # fmt: skip
    return meta


def _webp(picture: np.ndarray) -> bytes:
    """Lossless, colours under alpha 0 included."""
    out = io.BytesIO()
    Image.fromarray(picture).save(out, "WEBP", lossless=True, exact=True, method=WEBP_EFFORT, quality=80)
    return out.getvalue()


def open_sog(path: Path, most: int = MOST) -> StoredScene:
    """What a file holds, in its order, without Gaussians that nobody could draw.

    Raises InputError for what is not a whole file of version 2 or holds more than `most` Gaussians, EmptyWorld for one
    without any.
    """
    check_file(path, LARGEST_BYTES, _REMEDY)
    with refusing(f"{path.name} is damaged, or not a .sog.", _REMEDY):
        with path.open("rb") as file:
            zipped = file.read(len(_ZIP)) == _ZIP
        if not zipped:
            return _scene(path, lambda name: _beside(path, name), most)
        with zipfile.ZipFile(path) as archive:
            if "meta.json" not in archive.namelist():
                raise InputError(f"{path.name} is a zip without a meta.json, so no .sog.", _REMEDY)
            return _scene(path, lambda name: _within(archive, name), most)


def _within(archive: zipfile.ZipFile, name: str) -> bytes:
    """A member, if the zip packs it by no more than it could a meta.json; pictures are packed by themselves."""
    told = archive.getinfo(name)
    if told.file_size > max(LARGEST_META_BYTES, _PACKED * told.compress_size) or told.flag_bits & 1:
        raise ValueError(f"{name} says that it unpacks to {told.file_size} bytes")
    with archive.open(told) as member:
        return member.read(told.file_size)


def _beside(path: Path, name: str) -> bytes:
    if name == "meta.json":
        return path.read_bytes() if path.stat().st_size <= LARGEST_META_BYTES else b""
    if Path(name).name != name or "\\" in name:
        raise InputError(f"{path.name} names a picture in another folder.", _REMEDY)
    file = path.parent / name
    if not file.is_file() or file.is_symlink():
        raise InputError(f"{path.name} is there without its picture {name:.60}.", "Give the .sog, or the whole folder.")
    check_file(file, LARGEST_BYTES, _REMEDY)
    return file.read_bytes()


def _scene(path: Path, load: Load, most: int) -> StoredScene:
    meta = json.loads(load("meta.json"))
    if not isinstance(meta, dict) or "means" not in meta or "sh0" not in meta:
        raise InputError(f"{path.name} holds no 3D Gaussians.", _REMEDY)
    if meta.get("version") != 2:
        raise InputError(f"{path.name} is a .sog of another version than 2.", "Convert it with splat-transform.")
    gaussians = drawable(unpacked(_read(path, meta, load, most)))
    if len(gaussians) == 0:
        raise EmptyWorld(f"{path.name} holds no Gaussian with finite values.", "Give a scene that is not damaged.")
    return around_middle(StoredScene(gaussians, meta.get("model") == "antialiased"))


def _read(path: Path, meta: dict[str, Any], load: Load, most: int) -> Packed:
    count = meta["count"]
    if isinstance(count, bool) or not isinstance(count, int) or count < 0:
        raise ValueError("no count")
    check_count(path, count, most)
    names = [name for key in ("means", "scales", "quats", "sh0") for name in meta[key]["files"]]
    if len(names) != 5:
        raise ValueError(f"{len(names)} pictures")
    content = [load(name) for name in names]
    if BYTES_EACH * count > max(MB, DENSEST * sum(map(len, content))):
        raise InputError(f"{path.name} does not hold as many Gaussians as it says.", "Save or copy it again.")
    low, high, scales, quats, sh0 = (_pixels(part, count) for part in content)
    ends = _numbers([meta["means"]["mins"], meta["means"]["maxs"]], (2, 3))
    codes = (_numbers(meta[key]["codebook"], (256,)) for key in ("scales", "sh0"))
    flat = Packed(low, high, ends, quats, scales, next(codes), sh0, next(codes))
    return _with_palette(flat, meta["shN"], load) if meta.get("shN") else flat


def _with_palette(flat: Packed, told: dict[str, Any], load: Load) -> Packed:
    """With harmonics."""
    m, k = _HARMONICS[told["bands"]], told["count"]
    if not 0 < k <= 65536:
        raise ValueError("no palette")
    centroids, labels = (load(name) for name in told["files"])
    rows = math.ceil(k / ACROSS)
    picture = _pixels(centroids, rows * ACROSS * m, width=ACROSS * m)
    codes = _numbers(told["codebook"], (256,))
    return flat._replace(
        labels=_pixels(labels, len(flat.low)), entries=picture.reshape(-1, m, 4)[:k], entry_codes=codes
    )


def _numbers(values: Any, shape: tuple[int, ...]) -> np.ndarray:
    """Finite ones of this shape. Some files have a null at a codebook's start: it is a step below what follows."""
    if isinstance(values, list) and len(values) == 256 and values[0] is None:
        values = [values[1] + (values[1] - values[255]) / 255, *values[1:]]
    found = np.array(values, np.float64)
    if found.shape != shape or not np.isfinite(found).all():
        raise ValueError(f"no numbers of shape {shape}")
    return found


def _pixels(content: bytes, count: int, width: int | None = None) -> np.ndarray:
    """The first so many pixels of a picture, which may have some more; nothing is unpacked before its size is known."""
    with Image.open(io.BytesIO(content), formats=("WEBP",)) as image:
        w, h = image.size
        if w * h < count or w * h > 2 * count + 65536 or (width is not None and w != width):
            raise ValueError(f"a picture of {w} x {h} for {count} values")
        return np.asarray(image.convert("RGBA")).reshape(-1, 4)[:count]
