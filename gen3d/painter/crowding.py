"""How good a place for a thing is: whether it stands free, and how much it covers and is covered."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gen3d.camera import Camera
from gen3d.painter.light.rendering import UP
from gen3d.painter.objects import OBJECTS
from gen3d.painter.real import Real
from gen3d.painter.setting import Setting
from gen3d.painter.spots import Placed, Spot, narrow


@dataclass
class Crowd:
    """What stands already, as the eye sees it."""

    setting: Setting
    camera: Camera
    placed: Placed

    def cost(self, spot: Spot, hosts: list[Spot]) -> Real:
        """0: free and seen. Ever more for what is covered or beyond the frame; infinite where it cannot stand."""
        if not self._stands_free(spot, hosts):
            return np.inf
        box = self._seen(spot)
        inside = self._clipped(box)
        area = max((box[2] - box[0]) * (box[3] - box[1]), 1e-9)
        cost = 1.6 * (1 - max(inside, 0.0) / area)
        if inside <= 0.2 * area:
            return np.inf
        for other in self.placed.spots:
            if spot.carried and other.carried and hosts and narrow(hosts[0]):
                continue
            seen = self._seen(other)
            shared = max(min(box[2], seen[2]) - max(box[0], seen[0]), 0) * max(
                min(box[3], seen[3]) - max(box[1], seen[1]), 0
            )
            if shared > 0 and OBJECTS[other.kind].stands != "flat" and OBJECTS[spot.kind].stands != "flat":
                theirs = max((seen[2] - seen[0]) * (seen[3] - seen[1]), 1e-9)
                behind = spot.middle[2] > other.middle[2]
                cost += (1.5 if behind else 0.0) * shared / area + (0.0 if behind else 1.5) * shared / theirs
        return cost

    def _stands_free(self, spot: Spot, hosts: list[Spot]) -> bool:
        """Whether it is within the walls, and in nothing else."""
        s = self.setting
        if spot.low[0] < s.left - 0.01 or spot.high[0] > s.right + 0.01 or spot.low[2] < 0.5 * s.near:
            return False
        if s.back is not None and spot.high[2] > s.back + 0.03:
            return False
        if OBJECTS[spot.kind].stands == "flat":
            return not any(OBJECTS[o.kind].stands == "flat" for o in self.placed.spots)
        if not spot.carried and any(_crosses(spot, t) for t in s.taken) and OBJECTS[spot.kind].stands != "water":
            return False
        return not any(self._meet(spot, other, hosts) for other in self.placed.spots)

    def _meet(self, spot: Spot, other: Spot, hosts: list[Spot]) -> bool:
        """Whether the two would be in each other."""
        if OBJECTS[other.kind].stands == "flat":
            return False
        is_host = any(other is host for host in hosts)
        if is_host and spot.carried:
            return False
        if is_host and OBJECTS[other.kind].roomy and spot.high[1] < other.low[1] + 0.9 * (other.high[1] - other.low[1]):
            return False
        if spot.carried and other.carried and hosts and narrow(hosts[0]):
            return False  # stems in a vase
        slack = (0.3 if spot.carried and other.carried else 0.03) * (spot.half + other.half)
        return bool(((spot.low + slack < other.high) & (other.low + slack < spot.high)).all())

    def _seen(self, spot: Spot) -> tuple[Real, Real, Real, Real]:
        """Its box in the picture: x0, y0, x1, y1 in half pictures."""
        low, high = spot.low, spot.high
        corners = np.array([[x, y, z] for x in (low[0], high[0]) for y in (low[1], high[1]) for z in (low[2], high[2])])
        uv, depth = self.camera.project(corners * UP)
        uv = np.where(depth[:, None] > 0.05, uv, 1e6)
        (x0, y0), (x1, y1) = uv.min(axis=0), uv.max(axis=0)
        return float(x0), float(y0), float(x1), float(y1)

    def _clipped(self, box: tuple[Real, Real, Real, Real]) -> Real:
        """How much of a box is in the picture, square pixels."""
        w, h = self.camera.width, self.camera.height
        return max(min(box[2], w) - max(box[0], 0), 0) * max(min(box[3], h) - max(box[1], 0), 0)


def _crosses(spot: Spot, taken: tuple[Real, Real, Real, Real]) -> bool:
    x0, x1, z0, z1 = taken
    return bool(spot.low[0] < x1 and spot.high[0] > x0 and spot.low[2] < z1 and spot.high[2] > z0)
