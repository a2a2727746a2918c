"""Small moving drawings of camera paths, seen from above: one piece of SVG each, without a script.

The page's up is forward. Colours are the text's own, so that they suit light and dark pages. The motion is a CSS
animation, since that, other than SVG's own, stops for visitors who asked for less motion; the path and the two places
farthest along it are drawn as well, so that the standing picture tells the same.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import escape

WIDTH_PX, HEIGHT_PX = 140, 90
PHOTO_PX = (58.0, 70.0)
"""Where the photo was taken."""
UNIT_PX = 60.0
"""The scene's median depth."""
WEDGE_PX = 16.0
HALF_WEDGE_PX = WEDGE_PX * 0.52
"""Half of the wedge's base: the tangent of half of 55 degrees."""
WEDGE = f"M0 0L{-HALF_WEDGE_PX:.1f} {-WEDGE_PX:.0f}H{HALF_WEDGE_PX:.1f}Z"
"""A camera at the origin that looks up the page."""
LOOP_S = 7.0
LEAST_PITCH_DEG = 1.0
"""Paths that tilt by less have no bar for it."""
BAR_PX = (128.0, 45.0, 28.0)
"""The middle of the bar for pitch, x and y, and half its height."""
BAR_DEG = 12.0
"""Pitch at the bar's ends; paths that tilt by more fill it."""

Pose = tuple[float, float, float, float]
"""x to the right and z forward in median depths, yaw (to the right) and pitch (upwards) in degrees."""


def diagram(path: str, poses: Sequence[Pose]) -> str:
    """The drawing of a path that a camera takes through `poses`, at an even pace, over and over.

    path: its name, of which the title tells; any text will do.
    """
    kind = "path-" + re.sub(r"\W", "-", path)
    title = f"Camera path {escape(path)}, seen from above"
    rules = _animation(f"{kind}-moves", [_placed(pose) for pose in poses])
    first, farthest = poses[0], (poses[len(poses) // 4], poses[3 * len(poses) // 4])
    drawn = [
        _scene(),
        _track(poses),
        *(f'<path d="{WEDGE}" transform="{_transform(pose)}" opacity=".45"/>' for pose in farthest),
        f'<path d="{WEDGE}" transform="{_transform(first)}"/>',
        f'<path class="{kind}-moves" d="{WEDGE}" fill="currentColor"/>',
    ]
    if max(abs(pitch) for *_, pitch in poses) >= LEAST_PITCH_DEG:
        rules += _animation(f"{kind}-tilts", [f"translate({x:.1f}px,{y:.1f}px)" for x, y in _tilts(poses)])
        drawn.append(_bar(f"{kind}-tilts"))
    return (
        f'<svg class="diagram" role="img" aria-label="{title}" xmlns="http://www.w3.org/2000/svg" width="{WIDTH_PX}" '
        f'height="{HEIGHT_PX}" viewBox="0 0 {WIDTH_PX} {HEIGHT_PX}" fill="none" stroke="currentColor">'
        f"<title>{title}</title><style>{rules}</style>{''.join(drawn)}</svg>"
    )


def _at(x: float, z: float) -> tuple[float, float]:
    return PHOTO_PX[0] + UNIT_PX * x, PHOTO_PX[1] - UNIT_PX * z


def _placed(pose: Pose) -> str:
    """As CSS has it."""
    x, y = _at(*pose[:2])
    return f"translate({x:.1f}px,{y:.1f}px) rotate({pose[2]:.1f}deg)"


def _transform(pose: Pose) -> str:
    """As SVG has it."""
    x, y = _at(*pose[:2])
    return f"translate({x:.1f} {y:.1f}) rotate({pose[2]:.1f})"


def _animation(name: str, steps: Sequence[str]) -> str:
    """A class whose transform goes through these steps, and stands at the first where motion is not wanted."""
    frames = "".join(f"{100 * i / (len(steps) - 1):.1f}%{{transform:{step}}}" for i, step in enumerate(steps))
    return (
        f"@keyframes {name}{{{frames}}}.{name}{{transform:{steps[0]};animation:{name} {LOOP_S:g}s linear infinite}}"
        f"@media(prefers-reduced-motion:reduce){{.{name}{{animation:none}}}}"
    )


def _scene() -> str:
    """The middle of the scene, and what the photo saw of it."""
    x, y = _at(0.0, 1.0)
    (x0, y0), aside = PHOTO_PX, UNIT_PX * HALF_WEDGE_PX / WEDGE_PX
    sight = f"M{x - aside:.1f} {y:.1f}L{x0:.1f} {y0:.1f}L{x + aside:.1f} {y:.1f}"
    return (
        f'<path d="{sight}" stroke-dasharray="2 3" opacity=".5"/>'
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.5" fill="currentColor" stroke="none"/>'
    )


def _track(poses: Sequence[Pose]) -> str:
    points = " ".join(f"{x:.1f},{y:.1f}" for x, y in (_at(*pose[:2]) for pose in poses))
    return f'<polyline points="{points}" stroke-width="2" opacity=".5"/>'


def _tilts(poses: Sequence[Pose]) -> list[tuple[float, float]]:
    """Where the bar's dot is at each pose."""
    x, y, half = BAR_PX
    most = max(BAR_DEG, *(abs(pitch) for *_, pitch in poses))
    return [(x, y - half * pitch / most) for *_, pitch in poses]


def _bar(moving: str) -> str:
    x, y, half = BAR_PX
    line = f"M{x:g} {y - half:g}V{y + half:g}M{x - 4:g} {y:g}H{x + 4:g}"
    return f'<path d="{line}" opacity=".5"/><circle class="{moving}" r="3.5" fill="currentColor" stroke="none"/>'
