"""LPIPS (Zhang et al. 2018, AlexNet) and DISTS (Ding et al. 2020), where they are at hand: nothing is downloaded.

They need the packages `lpips` and `dists-pytorch`, which bring what those authors trained, and the backbones that
torchvision publishes, in torch's own cache (`python -c "import torch; print(torch.hub.get_dir())"`, checkpoints/).
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float

BACKBONES = {"LPIPS": ("lpips", "alexnet-owt-7be5be79.pth"), "DISTS": ("DISTS_pytorch", "vgg16-397923af.pth")}
"""Figure -> the module that reckons it, and the file it needs in torch's cache."""

Distance = Callable[[Float[np.ndarray, "h w 3"], Float[np.ndarray, "h w 3"]], float]


def perceptual() -> tuple[dict[str, Distance], list[str]]:
    """Those that can be reckoned here, and a sentence for each that cannot."""
    able, missing = {}, []
    for name, (module, file) in BACKBONES.items():
        lacks = lacking(module, file)
        if lacks:
            missing.append(f"{name} is left out: {lacks}.")
        else:
            able[name.lower()] = _OPENERS[name]()
    return able, missing


def lacking(module: str, file: str) -> str | None:
    """What is not there, in words."""
    if importlib.util.find_spec(module) is None:
        return f"the package {module} is not installed"
    at = Path(torch.hub.get_dir()) / "checkpoints" / file
    return None if at.exists() else f"its backbone {file} is not in torch's cache"


def _lpips() -> Distance:
    import lpips

    net = lpips.LPIPS(net="alex", verbose=False).eval()
    return lambda a, b: _reckoned(net, 2 * _tensor(a) - 1, 2 * _tensor(b) - 1)


def _dists() -> Distance:
    from DISTS_pytorch import DISTS

    net = DISTS().eval()
    return lambda a, b: _reckoned(net, _tensor(a), _tensor(b))


_OPENERS = {"LPIPS": _lpips, "DISTS": _dists}


def _reckoned(net: torch.nn.Module, a: torch.Tensor, b: torch.Tensor) -> float:
    with torch.no_grad():
        return float(net(a, b))


def _tensor(image: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(np.ascontiguousarray(np.clip(image, 0, 1).transpose(2, 0, 1), np.float32))[None]
