"""The scene as textured surfaces in named parts, made of the pictures with depth that it grew from.

    foreground/thing 1 ...   what stands in front, a part for every region of M_fg
    background/photo ...     the photo without it, whole behind it: things can be moved and leave no hole
    surroundings             what was made up around the photo
    sky/...

A mesh fused from rendered depth (TSDF and marching cubes) rounds off what the pictures know sharply: silhouettes, thin
things, and the photo's own colours. Here every picture stays its surface's texture, every depth edge is a cut, and
silhouettes are cut in the texture's alpha, finer than a pixel, where `geometry/fringe.py` told the two sides apart.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from jaxtyping import Bool, Int
from scipy.ndimage import distance_transform_edt, label

from gen3d.formats.picture import as_bytes
from gen3d.geometry.atlas import atlas, joined
from gen3d.geometry.debris import absorb_debris, farther_beside
from gen3d.geometry.edges import depth_edges, dilate, erode
from gen3d.geometry.flying import flying
from gen3d.geometry.fringe import Fringe, unmix_fringe
from gen3d.geometry.occlusion import continue_behind_edges
from gen3d.geometry.relief import continuous, relief
from gen3d.geometry.resample import fitted_size, resample_depth
from gen3d.settings import LayerSettings
from gen3d.values import RGBD, LayeredDepth, Mesh, Part, Sheet

TOLERANCE = 0.004
"""Relative error of depth up to which a block of pixels is one quad."""
SMALLEST_THING = 0.001
"""Regions of the foreground smaller than this share of the picture are one part together."""
OUTLINE_PX = 2.5
"""Mixed pixels this near to a thing, and about as far away as it, are its outline."""
SAME_PLACE = 0.1
"""Relative difference in depth that is still about as far away."""
NEARER, COMPANY = 0.8, 3.0
"""What goes on behind a thing's edge is not the background if it is nearer by the first factor; and it is another thing
if it is not farther than the thing itself by the second."""
SET_BACK = 1.004
"""A sheet overlaps its surroundings by a pixel, this factor behind them."""
LINING, LINING_REACH, LINING_TOLERANCE = 1.02, 0.02, 0.02
"""The background's lining lies this factor behind it, goes on under near things over this share of the diagonal, and is
this exact."""
COLLIDER_PX, COLLIDER_TOLERANCE = 64, 0.03
"""Longer side in pixels that the photo's depth is reduced to for the collider, and how exact its quads are."""


def mesh_parts(scene: LayeredDepth) -> list[Part]:
    """All parts of the scene that have a triangle; a thing's number is that of its Gaussians, where they have one."""
    photo, foreground = scene.layers.rgbd, scene.layers.foreground
    fringe = unmix_fringe(replace(photo, depth=absorb_debris(photo.depth, foreground, flying(photo.depth))))
    front = _soft_outlines(fringe, photo, foreground)
    thing = things(front, foreground, scene.layers.things)
    parts = [
        *_foreground(front, thing, scene.shell_m, scene.layers.things),
        *_background(scene, front, thing),
        *_surroundings(scene.sheets, scene.shell_m),
    ]
    return [part for part in parts if len(part.mesh)]


def collider(scene: LayeredDepth) -> list[Part]:
    """What one can bump into, coarsely and without looks: every surface but the sky."""
    photo, foreground = scene.layers.rgbd, scene.layers.foreground
    size_px, everywhere = max(foreground.shape), np.ones_like(foreground)
    parts = [
        Part("foreground", _coarse(photo, foreground, size_px, scene.shell_m)),
        Part("background", _coarse(_without_things(scene), everywhere, size_px, scene.shell_m)),
    ]
    around = [_coarse(s.rgbd, s.new, size_px, scene.shell_m) for s in scene.sheets if s.new.sum() > (size_px / 16) ** 2]
    parts += [Part("surroundings", joined(around))] if around else []
    return [part for part in parts if len(part.mesh)]


def _coarse(rgbd: RGBD, shown: np.ndarray, size_px: int, shell_m: float) -> Mesh:
    """A surface at a reduced size; the size of the whole picture decides how much a piece of it is reduced."""
    h, w = shown.shape
    width, height = fitted_size(w, h, max(2, round(COLLIDER_PX * max(w, h) / size_px)))
    depth = resample_depth(np.where(shown, rgbd.depth, np.nan).astype(np.float32), width, height)
    solid = np.isfinite(depth)
    filled = np.where(solid, depth, np.inf).astype(np.float32)
    return relief(filled, rgbd.camera.resized(width, height), solid, shell_m, COLLIDER_TOLERANCE)


def _soft_outlines(fringe: Fringe, photo: RGBD, foreground: np.ndarray) -> Fringe:
    """The fringe without the mixed pixels amid the foreground: what is behind those is cut from nothing."""
    amid = fringe.mixed & erode(foreground, 1)
    depth = np.where(fringe.share >= 0.5, fringe.front.depth, fringe.back.depth)
    front = RGBD(
        np.where(amid[..., None], photo.image, fringe.front.image),
        np.where(amid, depth, fringe.front.depth),
        photo.camera,
    )
    return Fringe(fringe.mixed & ~amid, front, fringe.back, np.where(amid, 0, fringe.share).astype(np.float32))


def things(
    fringe: Fringe, foreground: Bool[np.ndarray, "h w"], known: Int[np.ndarray, "h w"] | None = None
) -> Int[np.ndarray, "h w"]:
    """Which thing a pixel shows, the largest is 1; 0 where none. A mixed pixel at its outline is a thing's too.

    known: the things as they were told apart; what of the foreground is of none is one more. None: the regions of the
    foreground, as of scenes from before.
    """
    if known is None:
        regions, count = label(foreground, np.ones((3, 3)))
        area = np.bincount(regions.ravel(), minlength=count + 1)[1:]
        order = np.argsort(-area, kind="stable")
        large = int((area >= SMALLEST_THING * regions.size).sum())
        number = np.zeros(count + 1, np.int32)
        number[order + 1] = np.minimum(np.arange(count), large) + 1
        thing = number[regions]
    else:
        thing = np.where(foreground & (known == 0), known.max() + 1, known)
    depth = fringe.front.depth
    distance, (v, u) = distance_transform_edt(thing == 0, return_indices=True)
    close = fringe.mixed & (distance < OUTLINE_PX)
    close[close] = np.abs(depth[close] - depth[v, u][close]) < SAME_PLACE * depth[close]
    return np.where((thing == 0) & close, thing[v, u], thing)


def _foreground(fringe: Fringe, thing: np.ndarray, shell_m: float, known: np.ndarray | None) -> list[Part]:
    rest = -1 if known is None else int(known.max()) + 1  # what of the foreground is of no thing stays where it is
    picture = _cut_out(fringe, thing > 0)
    return [
        Part(
            "foreground/others" if n == rest else f"foreground/thing {n}",
            _relief(fringe.front, thing == n, shell_m), picture,
        )
        for n in np.unique(thing[thing > 0]).tolist()
    ]  # fmt: skip


def _without_things(scene: LayeredDepth, back: RGBD | None = None) -> RGBD:
    """The photo, its foreground replaced by the background."""
    back, foreground = back or scene.layers.rgbd, scene.layers.foreground
    image = np.where(foreground[..., None], scene.background.image, back.image)
    return RGBD(image, np.where(foreground, scene.background.depth, back.depth), back.camera)


def _background(scene: LayeredDepth, fringe: Fringe, thing: np.ndarray) -> list[Part]:
    """The photo without its things; the outlines of what stands there; and what goes on behind edges."""
    foreground, shell_m = scene.layers.foreground, scene.shell_m
    whole = _without_things(scene, fringe.back)
    edges = fringe.mixed & (thing == 0)
    reach_px = LayerSettings().behind_edges * float(np.hypot(*foreground.shape))
    found = continue_behind_edges(fringe.back.image, fringe.back.depth, reach_px)
    behind = RGBD(found.image, found.depth, whole.camera)
    picture = as_bytes(behind.image)
    between = found.known & foreground & (found.depth < NEARER * whole.depth)
    other = between & (found.depth < COMPANY * fringe.front.depth)
    under = (found.known & ~foreground) | (between & ~other)
    return [
        *_and_sky("photo", whole, np.ones_like(foreground), shell_m, as_bytes(whole.image)),
        _lining(whole, shell_m),
        Part("background/outlines", _relief(fringe.front, edges, shell_m), _cut_out(fringe, edges)),
        *_and_sky("behind edges", behind, under, shell_m, picture),
        Part("foreground/behind edges", _relief(behind, other, shell_m), picture),
    ]


def _lining(whole: RGBD, shell_m: float) -> Part:
    """What shows through slits beside edges: the far side goes on under the near side, as it is."""
    reach_px = round(LINING_REACH * float(np.hypot(*whole.depth.shape)))
    depth, image = farther_beside(whole.depth, whole.image, reach_px)
    near_edges = dilate(depth_edges(whole.depth) | depth_edges(depth), reach_px + 1) & np.isfinite(depth)
    mesh = relief(LINING * depth, whole.camera, near_edges, shell_m, LINING_TOLERANCE)
    return Part("background/lining", mesh, as_bytes(image))


def _and_sky(name: str, rgbd: RGBD, shown: np.ndarray, shell_m: float, picture: np.ndarray) -> list[Part]:
    return [
        Part(f"background/{name}", _relief(rgbd, shown & ~rgbd.sky, shell_m), picture),
        Part(f"sky/{name}", _relief(rgbd, shown & rgbd.sky, shell_m), picture),
    ]


def _surroundings(sheets: Sequence[Sheet], shell_m: float) -> list[Part]:
    """All sheets as one part, and their sky as another."""
    if not sheets:
        return []
    meshes = []
    for sheet in sheets:
        depth = np.where(sheet.new, sheet.rgbd.depth, SET_BACK * sheet.rgbd.depth).astype(np.float32)
        rgbd, shown = RGBD(sheet.rgbd.image, depth, sheet.rgbd.camera), _with_rim(sheet)
        meshes.append([_relief(rgbd, shown & ~rgbd.sky, shell_m), _relief(rgbd, shown & rgbd.sky, shell_m)])
    whole, (solid, sky) = atlas([sheet.rgbd.image for sheet in sheets], meshes)
    picture = as_bytes(whole)
    return [Part("surroundings", solid, picture), Part("sky/surroundings", sky, picture)]


def _with_rim(sheet: Sheet) -> np.ndarray:
    """What is new, and the neighbours that continue it."""
    new, shown = sheet.new, sheet.new.copy()
    right, down = continuous(sheet.rgbd.depth, 1), continuous(sheet.rgbd.depth, 0)
    shown[:, 1:] |= new[:, :-1] & right
    shown[:, :-1] |= new[:, 1:] & right
    shown[1:] |= new[:-1] & down
    shown[:-1] |= new[1:] & down
    return shown


def _cut_out(fringe: Fringe, shown: np.ndarray) -> np.ndarray:
    """The near sides' colours with their share as alpha; beyond what is shown both go on as they end."""
    _, (v, u) = distance_transform_edt(~shown, return_indices=True)
    beyond = np.where(fringe.mixed[v, u], 0.0, 1.0)  # a mixed pixel is the last of its surface
    alpha = np.where(shown, np.where(fringe.mixed, fringe.share, 1.0), beyond)
    return as_bytes(np.dstack([fringe.front.image[v, u], alpha]))


def _relief(rgbd: RGBD, shown: np.ndarray, shell_m: float) -> Mesh:
    return relief(rgbd.depth, rgbd.camera, shown, shell_m, TOLERANCE)
