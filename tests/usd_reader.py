"""Gaussians out of a USD file by Pixar's own library, as an independent reader of what we write."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from gen3d.splat.gaussians import Gaussians, joined


def read_usd(path: Path) -> Gaussians:
    """All fields of the default prim, of degree 0 or 1; ImportError without usd-core.

    Turned from y up by hand: y and z change their signs, and so do what is odd in them.
    """
    from pxr import Usd

    stage = Usd.Stage.Open(str(path))
    prims = stage.GetDefaultPrim().GetChildren()
    return joined(*(_field(prim) for prim in prims if prim.GetTypeName() == "ParticleField3DGaussianSplat"))


def _field(prim: object) -> Gaussians:
    def found(name: str) -> torch.Tensor:
        return torch.from_numpy(np.array(prim.GetAttribute(name).Get(), np.float32))

    told = prim.GetAttribute("orientations").Get()
    quats = torch.tensor([[q.real, q.imaginary[0], -q.imaginary[1], -q.imaginary[2]] for q in told])
    sh = found("radiance:sphericalHarmonicsCoefficients").reshape(len(quats), -1, 3)
    sh = sh * torch.tensor([1.0, -1.0, -1.0, 1.0])[: sh.shape[1], None]
    means = found("positions") * torch.tensor([1.0, -1.0, -1.0])
    return Gaussians(means, quats, found("scales"), found("opacities"), sh)
