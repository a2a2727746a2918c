"""layers.npz: a scene as pictures with depth, kept beside its Gaussians so that a mesh can be made of it later.

Colours in bytes; depth as the 16-bit logarithm between the nearest and the farthest (0.01 % of the depth at a range of
1 : 1000), 65535 is sky. The pieces made up around the photo lie one after the other in flat arrays.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from jaxtyping import Float, UInt8, UInt16

from gen3d.camera import Camera
from gen3d.formats.picture import as_bytes
from gen3d.formats.whole import MB, check_file, refusing, write_whole
from gen3d.values import RGBD, LayeredDepth, Layers, Sheet

LARGEST_BYTES = 512 * MB
_SKY = 65535
_REMEDY = "Build the scene again."


def save_layered(file: Path, scene: LayeredDepth) -> None:
    """Writes the scene; the same scene gives the same bytes but for the archive's times."""
    photo, background = scene.layers.rgbd, scene.background
    depths = [rgbd.depth[np.isfinite(rgbd.depth)] for rgbd in (photo, background, *(s.rgbd for s in scene.sheets))]
    found = np.concatenate(depths) if any(d.size for d in depths) else np.ones(1, np.float32)
    span = np.array([found.min(), max(found.max(), 1.001 * found.min())], np.float64)
    cameras = [sheet.rgbd.camera for sheet in scene.sheets]
    with write_whole(file) as temporary:
        np.savez_compressed(
            temporary,
            span=span, shell_m=scene.shell_m, K=photo.camera.K,
            image=as_bytes(photo.image), depth=_packed(photo.depth, span),
            foreground=scene.layers.foreground, hidden=scene.layers.hidden, **_things(scene.layers),
            background=as_bytes(background.image), background_depth=_packed(background.depth, span),
            sizes=np.array([(c.width, c.height) for c in cameras], np.int64).reshape(-1, 2),
            lenses=np.array([c.K for c in cameras]).reshape(-1, 3, 3),
            poses=np.array([c.w2c for c in cameras]).reshape(-1, 4, 4),
            sheets=_flat([as_bytes(s.rgbd.image).reshape(-1, 3) for s in scene.sheets], (0, 3), np.uint8),
            sheets_depth=_flat([_packed(s.rgbd.depth, span).ravel() for s in scene.sheets], (0,), np.uint16),
            sheets_new=_flat([s.new.ravel() for s in scene.sheets], (0,), bool),
        )  # fmt: skip


def load_layered(file: Path) -> LayeredDepth:
    """The counterpart of `save_layered`; raises InputError where there is no such file, or a damaged one."""
    check_file(file, LARGEST_BYTES, _REMEDY)
    with refusing(f"{file.name} cannot be read: it is damaged.", _REMEDY), np.load(file, allow_pickle=False) as stored:
        span = stored["span"]
        h, w = stored["depth"].shape
        camera = Camera(stored["K"], np.eye(4), w, h)
        photo = RGBD(_floats(stored["image"]), _depth(stored["depth"], span), camera)
        background = RGBD(_floats(stored["background"]), _depth(stored["background_depth"], span), camera)
        things = stored["things"].astype(np.int32) if "things" in stored else None
        layers = Layers(photo, stored["foreground"], stored["hidden"], things=things)
        return LayeredDepth(layers, background, _sheets(stored, span), float(stored["shell_m"]))


def _things(layers: Layers) -> dict[str, np.ndarray]:
    return {} if layers.things is None else {"things": layers.things.astype(np.uint16)}


def _sheets(stored: np.lib.npyio.NpzFile, span: np.ndarray) -> tuple[Sheet, ...]:
    image, depth, new = _floats(stored["sheets"]), _depth(stored["sheets_depth"], span), stored["sheets_new"]
    sheets, start = [], 0
    for (w, h), K, w2c in zip(stored["sizes"].tolist(), stored["lenses"], stored["poses"], strict=True):
        here = slice(start, start + w * h)
        rgbd = RGBD(image[here].reshape(h, w, 3), depth[here].reshape(h, w), Camera(K, w2c, w, h))
        sheets.append(Sheet(rgbd, new[here].reshape(h, w)))
        start += w * h
    return tuple(sheets)


def _flat(arrays: list[np.ndarray], empty: tuple[int, ...], dtype: type) -> np.ndarray:
    return np.concatenate([np.zeros(empty, dtype), *arrays])


def _floats(image: UInt8[np.ndarray, "*n 3"]) -> Float[np.ndarray, "*n 3"]:
    return image.astype(np.float32) / np.float32(255)


def _packed(depth: Float[np.ndarray, "h w"], span: np.ndarray) -> UInt16[np.ndarray, "h w"]:
    low, high = np.log(span)
    share = (np.log(np.where(np.isfinite(depth), depth, span[0])) - low) / (high - low)
    return np.where(np.isinf(depth), _SKY, np.rint(np.clip(share, 0, 1) * (_SKY - 1))).astype(np.uint16)


def _depth(packed: UInt16[np.ndarray, "*n"], span: np.ndarray) -> Float[np.ndarray, "*n"]:
    low, high = np.log(span)
    depth = np.exp(low + packed / (_SKY - 1) * (high - low))
    return np.where(packed == _SKY, np.inf, depth).astype(np.float32)
