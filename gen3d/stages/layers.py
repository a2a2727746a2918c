"""Foreground and background (paper 3.1, eq. 1 and 2): which things stand in front of others.

Candidate masks come from a segmenter; eq. 1 keeps the sure ones of sensible size. Eq. 2 calls a mask foreground when
its median depth is below theta_d; that rule alone (`rule="paper"`) also takes a near floor. So by default
(`rule="occlusion"`) a mask is judged by its rim: how much of it stands in front of what lies outside, less how much
stands behind; what it adds to nearer masks by the parallax of its rim; and what mostly lies on the ground is none. Of
a mask that stands on the ground, the ground itself is taken out before.
Deviation: the region to inpaint, Omega, is the foreground dilated by a margin; the paper's intersection with
{D > theta_d} is nearly empty, since the foreground is by definition nearer.
"""

from __future__ import annotations

from functools import partial
from typing import assert_never

import cv2
import numpy as np
from jaxtyping import Bool

from gen3d.events import Intermediate, Notice, Stage, Started
from gen3d.geometry.edges import dilate, disc, inverse_depth
from gen3d.geometry.membrane import around
from gen3d.geometry.reach import in_full
from gen3d.geometry.rim import Rim
from gen3d.geometry.terrain import Terrain
from gen3d.geometry.together import together
from gen3d.models.base import Proposals, Segmenter
from gen3d.settings import LayerSettings
from gen3d.values import RGBD, Candidates, Layers, Things

ONE_LAYER = "Nothing was found that stands in front of something else, so no background was filled in."
RIM_PX = 3
"""Depth is compared this far inside and outside a mask's outline. Chosen by eye."""
BEYOND_PX = 2 * RIM_PX
"""So far around a mask is looked at: what means across its rim are of, and as much again, so that what is farther
does not count. By definition."""
LEAST_NEWS = 0.1
"""What adds a smaller share of itself to nearer masks is not judged by it. Chosen by eye."""
RIM_BALANCE = 0.25
"""A mask is foreground when the occluding share of its rim exceeds the occluded share by this much. Chosen by eye."""
SURE_BALANCE = 0.7
"""With this balance even what passes for ground is foreground: a ridge, a table top. Chosen by eye."""
GROUND_RANGE, GROUND_PERCENTS = 1.4, (5, 95)
"""A mask whose far end is this many times as far as its near end may be the ground; its ends are these percentiles of
its depth. Chosen by eye."""
GROUND_AREA, GROUND_WIDTH = 0.10, 0.4
"""It is when it also covers this share of the picture, and this share of the lower border. Chosen by eye."""
MOST_GROUND = 0.5
"""A mask of which more lies on the ground is not foreground. Chosen by eye."""
GROUND_ALONG, GROUND_PIECE = 0.1, 0.005
"""Of a mask with a larger share on the ground the ground is taken out, but for what is narrower than twice this share
of the diagonal: a thing's foot. From measuring 42 worlds of `training/` with the builtin network's depth."""
UPWARD = 0.8
"""Where there are normals, a mask that touches the lower border is ground as well when the mean cosine between its
normals and up exceeds this. Chosen by eye."""
SKY_STEP = 1e-3
"""An outside of less than this share of a mask's inverse depth is sky. Chosen by eye."""


def split_layers(
    rgbd: RGBD, segmenter: Segmenter, settings: LayerSettings, things: Things | None = None
) -> Stage[Layers]:
    """M_fg and Omega for a picture with depth; where its things are known, nobody has to find them."""
    yield Started("layers")
    proposals = segmenter.segment(rgbd.image, rgbd.depth) if things is None else proposals_of(things)
    kept, terrain = keep_candidates(proposals, settings), Terrain.of(rgbd.depth)
    proposed = {"image": rgbd.image, "proposals": proposals, "kept": _passes(proposals, settings)}
    yield Intermediate("layers.proposals", proposed | {"settings": settings})
    kept = kept if things is not None else without_ground(kept, terrain.on_ground, settings)
    candidates = Candidates(kept, choose(kept, rgbd.depth, settings, terrain.on_ground, rgbd.normals))
    foreground = in_full(snap_to_depth(union(candidates, rgbd.depth), rgbd.depth, settings.rim_step), rgbd, terrain)
    layers = layers_of(rgbd, foreground, candidates, settings)
    if not layers.foreground.any():
        yield Notice(ONE_LAYER)
    judge = partial(judged_rim, depth=rgbd.depth, step=settings.rim_step, normals=rgbd.normals)
    yield Intermediate("layers", {"layers": layers, "kept": kept, "judge": judge})
    return layers


def proposals_of(things: Things) -> Proposals:
    """A mask for each thing that is seen, and sure."""
    masks = [things.labels == number for number in np.unique(things.labels[things.labels > 0])]
    return Proposals(
        np.array(masks, bool).reshape(len(masks), *things.labels.shape), np.ones(len(masks), np.float32)
    )


def keep_candidates(proposals: Proposals, settings: LayerSettings) -> np.ndarray:
    """Eq. 1: the masks (k h w) with s_i > min_score and an area within bounds."""
    return proposals.masks[_passes(proposals, settings)]


def _passes(proposals: Proposals, settings: LayerSettings) -> np.ndarray:
    area = _shares(proposals.masks)
    return (proposals.scores > settings.min_score) & (area >= settings.min_area) & (area <= settings.max_area)


def _shares(masks: np.ndarray) -> np.ndarray:
    """Of the picture, that the masks (k h w) cover, [k]."""
    return np.array([np.count_nonzero(mask) / mask.size for mask in masks])


def without_ground(masks: np.ndarray, ground: np.ndarray, settings: LayerSettings) -> np.ndarray:
    """The masks (k h w) without the ground (h w) that came along, as far as they stay of a size.

    Where estimated depth hardly steps between a thing and the ground, "nearer than t" takes the ground in front of it
    along, up to the lower border. What is mostly ground stays, as a region that can be chosen, and what stands on it is
    a mask of its own after all others. The paper's rule gets its masks as they are.
    """
    if settings.rule == "paper" or not len(masks):
        return masks
    foot = disc(max(1, round(GROUND_PIECE * float(np.hypot(*ground.shape)))))
    left, more = masks.copy(), []
    for mask in left:
        along = mask & ground
        area, area_along = np.count_nonzero(mask), np.count_nonzero(along)
        if area_along <= GROUND_ALONG * area:
            continue
        standing = mask & ~cv2.morphologyEx(along.astype(np.uint8), cv2.MORPH_OPEN, foot).astype(bool)
        if area_along > MOST_GROUND * area:
            more.append(standing)
        else:
            mask &= standing
    all_of_them = np.concatenate([left, np.array(more, bool).reshape(-1, *ground.shape)])
    return all_of_them[_shares(all_of_them) >= settings.min_area]


def choose(
    masks: np.ndarray,
    depth: np.ndarray,
    settings: LayerSettings,
    ground: np.ndarray,
    normals: np.ndarray | None = None,
) -> np.ndarray:
    """Eq. 2: which of the masks (k h w) the settings' rule calls foreground, [k]; ground: which pixels lie on it."""
    match settings.rule:
        case "paper":
            return nearer_than(settings.depth_percentile, masks, depth)
        case "occlusion":
            return in_front(masks, depth, settings.rim_step, ground, normals)
        case _:
            assert_never(settings.rule)


def nearer_than(percentile: float, masks: np.ndarray, depth: np.ndarray) -> np.ndarray:
    """Eq. 2 as the paper has it: which of the masks (k h w) have a median depth below that percentile of depth, [k]."""
    solid = depth[np.isfinite(depth)]
    theta = np.percentile(solid, percentile) if solid.size else 0.0
    return np.array([np.median(depth[m]) < theta for m in masks], bool)


def in_front(
    masks: np.ndarray, depth: np.ndarray, step: float, ground: np.ndarray, normals: np.ndarray | None = None
) -> Bool[np.ndarray, "k"]:
    """Which of the masks (k h w) stand in front of their surroundings, what is nearer first.

    There are two layers only: where a car is in front, the houses behind it are its background, though they stand
    before the sky. So what a mask adds to nearer ones must stand in front too, its rim weighed by the parallax there.
    """
    inverse, taken = inverse_depth(depth), np.zeros(depth.shape, bool)
    chosen = np.zeros(len(masks), bool)

    def alone(mask: np.ndarray) -> tuple[float, bool]:
        """How near it is, and whether it stands in front of what surrounds it."""
        lies = ground[mask].mean() > MOST_GROUND
        return float(np.median(inverse[mask])), not lies and stands_in_front(mask, depth, step, normals)

    judged = together([partial(alone, mask) for mask in masks])
    for i in sorted(range(len(masks)), key=lambda i: -judged[i][0]):
        if not judged[i][1]:
            continue
        added = masks[i] & ~taken
        news = np.count_nonzero(added) > LEAST_NEWS * np.count_nonzero(masks[i]) and taken.any()
        if not (news and _parallax(added, inverse) <= RIM_BALANCE):
            chosen[i], taken = True, taken | masks[i]
    return chosen


def _parallax(region: np.ndarray, inverse: np.ndarray) -> float:
    """By how much the region's rim stands in front, -1 to 1; each step counts as it shows from aside: in 1 / metres."""
    window = around(region, BEYOND_PX)
    region, inverse = region[window], inverse[window]
    inside, outside = _means_across(region, inverse)
    step = (inside - outside)[region & dilate(~region, 1)]
    return float(step.sum() / max(np.abs(step).sum(), 1e-12))


def union(candidates: Candidates, depth: np.ndarray) -> np.ndarray:
    """Where one of the chosen masks is, and no sky."""
    return candidates.masks[candidates.chosen].any(axis=0) & np.isfinite(depth)


def layers_of(rgbd: RGBD, foreground: np.ndarray, candidates: Candidates | None, settings: LayerSettings) -> Layers:
    """With Omega: the foreground and a margin around it."""
    margin = max(1.0, settings.margin * min(foreground.shape))
    hidden = dilate(foreground, margin) if foreground.any() else foreground
    return Layers(rgbd, foreground, hidden, candidates)


def stands_in_front(region: np.ndarray, depth: np.ndarray, step: float, normals: np.ndarray | None = None) -> bool:
    """Whether the region's rim occludes its surroundings, and the region is not the ground."""
    if not region.any():
        return False
    window, is_ground = around(region, BEYOND_PX), _is_ground(region, depth, normals)
    rim = _rim(region[window], inverse_depth(depth[window]), step, is_ground)
    return rim.balance > (SURE_BALANCE if is_ground else RIM_BALANCE)


def judged_rim(region: np.ndarray, depth: np.ndarray, step: float, normals: np.ndarray | None = None) -> Rim:
    """Which pixels of a region's rim stand in front of what lies outside, and which stand behind it."""
    return _rim(region, inverse_depth(depth), step, _is_ground(region, depth, normals))


def _rim(region: np.ndarray, inverse: np.ndarray, step: float, is_ground: bool) -> Rim:
    inside, outside = _means_across(region, inverse)
    rim = region & dilate(~region, 1)
    if is_ground:  # any ground stands before the sky: that says nothing
        rim &= outside > SKY_STEP * inside
    return Rim(rim, rim & (inside > (1 + step) * outside), rim & (outside > (1 + step) * inside))


def snap_to_depth(region: np.ndarray, depth: np.ndarray, step: float) -> np.ndarray:
    """The region with its rim moved onto the depth edge, where there is one within RIM_PX.

    A mask follows colours or superpixels to within three pixels; what is lifted must follow depth to the pixel.
    """
    if not region.any():
        return region
    inverse = inverse_depth(depth)
    inside, outside = _means_across(region, inverse)
    band = dilate(region, RIM_PX) & dilate(~region, RIM_PX) & (inside > (1 + step) * outside)
    return np.where(band, inverse > 0.5 * (inside + outside), region)


def _means_across(region: np.ndarray, inverse: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean inverse depth around every pixel of what is inside the region, and of what is outside."""
    size = (2 * RIM_PX + 1,) * 2
    inner, outer = region.astype(np.float32), (~region).astype(np.float32)
    mean_inside = cv2.blur(inverse * inner, size) / np.maximum(cv2.blur(inner, size), 1e-6)
    mean_outside = cv2.blur(inverse * outer, size) / np.maximum(cv2.blur(outer, size), 1e-6)
    return mean_inside, mean_outside


def _is_ground(region: np.ndarray, depth: np.ndarray, normals: np.ndarray | None) -> bool:
    """Large, with a wide range of depth, and along much of the lower border: the ground or a wall."""
    if normals is not None and region[-1].any() and -normals[region][:, 1].mean() > UPWARD:
        return True
    if np.count_nonzero(region) <= GROUND_AREA * region.size or region[-1].mean() <= GROUND_WIDTH:
        return False
    near, far = np.percentile(depth[region], GROUND_PERCENTS)
    return bool(far > GROUND_RANGE * near)
