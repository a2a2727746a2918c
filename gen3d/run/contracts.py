"""What an engine's answer must be, role by role (`models/base.py`, `splat/role.py`): given back if it is, else refused.

Each takes an answer, and what it must fit, and returns it as float32 where it is numbers; BrokenContract says in words
that follow the engine's name what is wrong with it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import torch

from gen3d.camera import FOV_LIMIT_DEG, Camera
from gen3d.models.base import DepthEstimate, Made, Painted, Proposals
from gen3d.splat.gaussians import all_finite
from gen3d.splat.role import Rendering

ROUNDING = 0.004
"""Pictures may leave [0, 1], or change a known pixel, by so much: a level of 8 bits, as half precision may cost."""
NEAREST_M, FARTHEST_M = 1e-6, 1e6
"""Depth outside is none that an engine saw. Beyond a million metres depth files mean sky."""
LONGEST_WORDS = 1000
"""Characters of a caption."""


class BrokenContract(Exception):
    """An answer that the role does not allow; in words that follow the engine's name."""


def check_made(made: Made) -> Made:
    """A thing of finite triangles whose corners are there, at least one."""
    for surface in made.surfaces:
        corners = surface.triangles
        if not np.isfinite(surface.xyz).all() or not np.isfinite(surface.rgb).all():
            raise BrokenContract("made a thing with places or colours that are no numbers")
        if corners.size and not 0 <= corners.min() <= corners.max() < len(surface.xyz):
            raise BrokenContract("made a thing of corners that are not there")
    if not sum(len(surface.triangles) for surface in made.surfaces):
        raise BrokenContract("made nothing")
    return made


def check_depth(said: DepthEstimate, shape: tuple[int, int]) -> DepthEstimate:
    """Metres, positive or inf (sky), float32; a lens within FOV_LIMIT_DEG; normals of unit length or 0."""
    depth = _numbers(said.depth, shape, "depth")
    solid = depth[np.isfinite(depth)]
    if not (depth > 0).all() or (solid.size and not NEAREST_M <= solid.min() <= solid.max() <= FARTHEST_M):
        raise BrokenContract("gave depth that is not positive, or none at all")
    if said.fov_deg is not None and not FOV_LIMIT_DEG[0] <= said.fov_deg <= FOV_LIMIT_DEG[1]:
        raise BrokenContract(f"saw a lens of {said.fov_deg:g} degrees")
    normals = None if said.normals is None else _numbers(said.normals, (*shape, 3), "normals")
    if normals is not None and not np.abs(normals).max() <= 1 + ROUNDING:
        raise BrokenContract("gave normals that are no unit vectors")
    return replace(said, depth=depth, normals=normals)


def check_masks(found: Proposals, shape: tuple[int, ...]) -> Proposals:
    """Booleans of the picture's size; a score from 0 to 1 each."""
    masks, scores = found.masks, found.scores
    if masks.dtype != bool or masks.shape != (len(scores), *shape):
        raise BrokenContract(f"gave masks of {_size(masks)} for a picture of {_size(shape)}")
    if not ((scores >= 0) & (scores <= 1)).all():  # False for NaN too
        raise BrokenContract("gave scores outside 0 to 1")
    return found


def check_picture(drawn: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Float32 of that height and width, sRGB in [0, 1] but for ROUNDING."""
    picture = _numbers(drawn, (*shape[:2], 3), "a picture")
    if not (picture.min() >= -ROUNDING and picture.max() <= 1 + ROUNDING):  # fails for NaN too
        raise BrokenContract("gave a picture with colours outside 0 to 1")
    return picture


def check_painted(said: Painted, shape: tuple[int, int]) -> Painted:
    """A picture, and where a painter gives them: its depth, and a name for every label but 0."""
    image = check_picture(said.image, shape)
    if said.depth is None:
        return replace(said, image=image)
    depth = check_depth(DepthEstimate(said.depth), shape).depth
    things = said.things
    if things is not None and not 0 <= things.labels.min() <= things.labels.max() <= len(things.names):
        raise BrokenContract("gave things without a name")
    return replace(said, image=image, depth=depth)


def check_fill(filled: np.ndarray, image: np.ndarray, hole: np.ndarray) -> np.ndarray:
    """A picture that is the given one outside the hole, but for ROUNDING."""
    filled = check_picture(filled, image.shape)
    if np.abs(filled - image)[~hole].max(initial=0) > ROUNDING:
        raise BrokenContract("painted over what is known")
    return filled


def check_words(said: str) -> str:
    """A text of characters that can be written, LONGEST_WORDS of them at most."""
    if not isinstance(said, str) or len(said) > LONGEST_WORDS or said != said.encode(errors="replace").decode():
        raise BrokenContract("gave no words")
    return said


def check_name(said: str | None) -> str | None:
    """Words that are not blank, or None."""
    if said is not None and not check_words(said).strip():
        raise BrokenContract("gave no words")
    return said


def check_judgement(said: np.ndarray, free: np.ndarray) -> np.ndarray:
    """A gradient, float32 without NaN or inf, 0 where nothing is free."""
    slope = _numbers(said, (*free.shape, 3), "a gradient")
    if not np.isfinite(slope).all() or slope[~free].any():
        raise BrokenContract("judged what is known, or with what is not a number")
    return slope


def check_drawing(drawn: Rendering, camera: Camera) -> Rendering:
    """A picture, alpha in [0, 1] and depth of the camera's size, all finite.

    On a card that fits a scene only sizes are looked at: numbers would make it wait, and the fit asks for them.
    """
    size = (camera.height, camera.width)
    if (drawn.rgb.shape, drawn.alpha.shape, drawn.depth.shape) != ((*size, 3), size, size):
        raise BrokenContract(f"drew {_size(drawn.alpha)} pixels for a camera of {_size(size)}")
    if drawn.alpha.device.type == "cpu" or not torch.is_grad_enabled():
        parts = [part.detach() for part in (drawn.rgb, drawn.alpha, drawn.depth)]
        if not all(map(all_finite, parts)):
            raise BrokenContract("drew what is not a number")
        if not (parts[1].min() >= -ROUNDING and parts[1].max() <= 1 + ROUNDING and parts[2].min() >= 0):
            raise BrokenContract("drew alpha outside 0 to 1, or depth behind the camera")
    return drawn


def _numbers(said: np.ndarray, shape: tuple[int, ...], what: str) -> np.ndarray:
    """Float32 of that shape without NaN, as it is where it is that already."""
    if said.shape != shape or said.dtype.kind != "f":
        raise BrokenContract(f"gave {what} of {_size(said)} ({said.dtype}) for a picture of {_size(shape)}")
    if np.isnan(said).any():
        raise BrokenContract(f"gave {what} that is not a number")
    return said if said.dtype == np.float32 else said.astype(np.float32)


def _size(said: Any) -> str:
    """A shape in words."""
    return " x ".join(str(side) for side in getattr(said, "shape", said)) or "nothing"
