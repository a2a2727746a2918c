"""A torchvision that cannot load its compiled part, made importable.

PyPI's torchvision is linked against CUDA. Beside a torch without CUDA its extension does not load, its import dies with
"operator torchvision::nms does not exist", and transformers and diffusers, which import it, die with it. What these
need of the extension is one operator, non-maximum suppression, and that is a few lines of torch. Everything else of
the extension stays missing, and torchvision says so where it is asked for.
"""

from __future__ import annotations

import functools
import sys

import torch

OPERATORS = ("nms", "qnms")
"""The second takes quantised boxes; intersection over union does not change with the scale of the numbers."""
MISSING = "operator torchvision::nms does not exist"
"""What the import of torchvision dies with where its extension did not load."""


def repair_torchvision() -> None:
    """Make torchvision importable; to be called before the first import of anything that imports it.

    Nothing is changed where the extension loads, or when called again. Where torchvision is not installed nothing is
    done either: transformers and diffusers go without it, and what cannot says so itself when it is imported.
    """
    try:
        import torchvision  # noqa: F401
    except ModuleNotFoundError as error:
        if error.name != "torchvision":
            raise
    except RuntimeError as error:
        if MISSING not in str(error):
            raise
        _define_operators()
        _import_again()


def is_repaired() -> bool:
    """Whether the torchvision that is loaded had to be repaired."""
    extension = sys.modules.get("torchvision.extension")
    return getattr(extension, "_assert_has_ops", None) is _nothing_to_assert


def _import_again() -> None:
    for name in [m for m in sys.modules if m.partition(".")[0] == "torchvision"]:
        del sys.modules[name]
    import torchvision.extension
    import torchvision.ops.boxes

    for module in (torchvision.extension, torchvision.ops.boxes):
        module._assert_has_ops = _nothing_to_assert  # it would ask for the whole extension


def _nothing_to_assert() -> None:
    """The operators that boxes need are there."""


@functools.cache
def _define_operators() -> torch.library.Library:
    """The library lives as long as this function's cache: operators are gone with their library."""
    library = torch.library.Library("torchvision", "FRAGMENT")
    for operator in OPERATORS:
        library.define(f"{operator}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
        for device in ("CPU", "CUDA"):  # a CUDA torch of another version than torchvision's fails the same way
            library.impl(operator, _suppress, device)
    return library


def _suppress(dets: torch.Tensor, scores: torch.Tensor, iou_threshold: float) -> torch.Tensor:
    """Indices of the boxes (x0, y0, x1, y1) that no better kept box overlaps by more than the threshold, best first."""
    order = scores.argsort(descending=True, stable=True)
    boxes = dets[order].float()
    low, high = boxes[:, :2], boxes[:, 2:]
    areas = (high - low).prod(dim=1)
    kept = torch.ones(len(boxes), dtype=torch.bool, device=boxes.device)
    for i in range(len(boxes)):
        if kept[i]:
            shared = (torch.minimum(high[i], high[i + 1 :]) - torch.maximum(low[i], low[i + 1 :])).clamp(min=0)
            both = shared.prod(dim=1)
            kept[i + 1 :] &= both <= iou_threshold * (areas[i] + areas[i + 1 :] - both)
    return order[kept]
