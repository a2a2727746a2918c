"""Engines whose networks no longer fit on the card together: the same ones, taking turns on it.

Every adapter is a dataclass that holds networks (or a diffusers pipeline of them) and a `Placement`, or another that
does; so the bundle can be taken apart without knowing any of them.
"""

from __future__ import annotations

from dataclasses import fields, is_dataclass, replace
from typing import Any

import torch

from gen3d.models.base import ROLES, Models
from gen3d.models.placement import Placement


def offloaded(models: Models) -> Models:
    """The same engines, their networks in main memory but for the length of a call; what they share stays shared.

    Engines without a placement (a processor's, or a pipeline that sees to itself) stay as they are; fakes too.
    """
    known: dict[int, Any] = {}
    return replace(models, **{role: _moved(getattr(models, role), known) for role in ROLES})


def _moved(part: Any, known: dict[int, Any]) -> Any:
    if id(part) not in known:
        known[id(part)] = _otherwise_placed(part, known) if _is_placed(part) else part
    return known[id(part)]


def _is_placed(part: Any) -> bool:
    """True for a placement, and for dataclasses with one, at any depth."""
    inner = fields(part) if is_dataclass(part) and not isinstance(part, type) else ()
    return isinstance(part, Placement) or any(_is_placed(getattr(part, f.name)) for f in inner)


def _otherwise_placed(part: Any, known: dict[int, Any]) -> Any:
    if isinstance(part, Placement):
        return replace(part, offload=True)
    for f in fields(part):
        for network in _networks(getattr(part, f.name)):
            network.to("cpu")
    return replace(part, **{f.name: _moved(getattr(part, f.name), known) for f in fields(part) if f.init})


def _networks(part: Any) -> list[torch.nn.Module]:
    """A network, or those of a diffusers pipeline."""
    if isinstance(part, torch.nn.Module):
        return [part]
    components = getattr(part, "components", None)
    return [c for c in components.values() if isinstance(c, torch.nn.Module)] if isinstance(components, dict) else []
