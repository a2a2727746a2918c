"""gen3d doctor: what this machine has, who plays which role on it, and what would make it better.

It looks and opens nothing: no weights are loaded, and nothing is fetched.
"""

from __future__ import annotations

import os
import platform
import warnings
from collections.abc import Iterator
from importlib import metadata

from gen3d import __version__
from gen3d.card import card_here
from gen3d.models import engines
from gen3d.models.base import ROLES
from gen3d.models.builtin.bundle import builtin_models
from gen3d.models.engines import Engine, Tier
from gen3d.models.placement import ROOMY_BYTES, Placement, placement_here, tier_here
from gen3d.models.weights.catalog import catalog, tier_weights
from gen3d.models.weights.hub import cache_folder, cached, hub_answers, is_offline, size_to_fetch
from gen3d.models.weights.wanted import Weights
from gen3d.run.budget import card_memory_gb
from gen3d.settings import BALANCED, PRESETS
from gen3d.splat.toolkit import find_toolkit

GB = 1e9


def diagnose(tier: Tier | None = None) -> Iterator[str]:
    """Lines for a person; tier: whose engines to look at, None is the one for this machine."""
    placement = placement_here()
    tier = tier or tier_here(placement)
    yield f"gen3d {__version__}, Python {platform.python_version()}, {platform.system()} {platform.machine()}"
    yield ""
    yield from (f"{what:<12} {found}" for what, found in _machine(placement))
    yield ""
    yield f"{'role':<14} {'played by':<26} {'network in tier ' + tier:<32} {'licence':<28} here"
    for role in ROLES:
        yield from _role(role, engines.preferred(role, tier))
    yield ""
    yield "engines to choose from, role by role: --use ROLE=ENGINE (* is here)"
    yield from (f"{role:<14} {' '.join(_marked(engine) for engine in engines.choices(role))}" for role in ROLES)
    yield ""
    if tier == "gpu":
        yield from _memory(placement)
        yield ""
    yield from _advice(tier)


def _marked(engine: Engine) -> str:
    return engine.key + "*" * all(cached(weights) for weights in engine.weights)


def _role(role: str, engine: Engine | None) -> Iterator[str]:
    """A line for each network that a role needs; all of them must be here, or the builtin engine plays it."""
    needed = engine.weights if engine else ()
    here = bool(needed) and all(cached(weights) for weights in needed)
    player = "its networks" if here else builtin_models().names.get(role, "nobody")
    if not needed:
        yield f"{role:<14} {player:<26}"
    for weights in needed:
        state = "yes" if cached(weights) else f"no, {weights.size_bytes / GB:.2f} GB"
        yield f"{role:<14} {player:<26} {weights.name:<32} {weights.licence:<28} {state}"
        role = player = ""


def _machine(placement: Placement) -> Iterator[tuple[str, str]]:
    memory = _memory_gb()
    yield "processor", f"{os.cpu_count()} cores" + (f", {memory:.0f} GB of memory" if memory else "")
    yield "card", _card(placement)
    yield "torch", _version("torch")
    yield "torchvision", _torchvision()
    yield "rasterizer", _rasterizer()
    yield "networks", _networks()
    yield "cache", f"{cache_folder()} ({_cached_gb():.2f} GB of the networks known here)"


def _card(placement: Placement) -> str:
    import torch

    if placement.device == "cpu":
        built = "torch was built with CUDA but sees no card" if torch.version.cuda else "torch was built without CUDA"
        return f"none: {built}"
    card = torch.cuda.get_device_properties(0)
    how = "one network at a time, the others wait in main memory" if placement.offload else "holds all networks"
    return f"{card.name}, {card.total_memory / GB:.0f} GB, compute capability {card.major}.{card.minor}; {how}"


def _rasterizer() -> str:
    """Who would draw, as far as can be told without compiling anything."""
    found = find_toolkit()
    toolkit = f"CUDA toolkit in {found}" if found else "no CUDA toolkit (nvcc)"
    packages = f"gsplat {_version('gsplat')}, triton {_version('triton')}, {toolkit}"
    if not card_here():
        return f"the processor's ({packages})"
    best = "gsplat" if found and _version("gsplat") != "not installed" else "triton"
    return f"{best}, if it draws one Gaussian right, else the next ({packages})"


def _memory(placement: Placement) -> Iterator[str]:
    """What each preset takes of a card, and whether this one has it."""
    yield "GB of a card's memory, reckoned for a photo of 4:3 and tier gpu's networks (run.json says what was taken)"
    stages = "".join(f"{stage:>12}" for stage in card_memory_gb(BALANCED))
    yield f"{'preset':<10}{stages}{'most':>8} {'in turns':>9}  cards of"
    for preset, settings in PRESETS.items():
        together, turns = card_memory_gb(settings), card_memory_gb(settings, offload=True)
        most, least = max(together.values()), max(turns.values())
        sizes = [f"{gib:.0f} GB{'' if _together(gib, most) else ' in turns'}" for gib in CARDS_GIB if _has(gib, least)]
        row = "".join(f"{taken:>12.1f}" for taken in together.values())
        yield f"{preset:<10}{row}{most:>8.1f} {least:>9.1f}  {', '.join(sizes)}"
    if placement.device == "cuda":
        yield _verdict(placement)


CARDS_GIB = (8.0, 12.0, 16.0, 24.0)
"""What people have."""
CONTEXT_GB = 0.5
"""CUDA's own."""


def _has(gib: float, gigabytes: float) -> bool:
    return gib * 2**30 / GB >= gigabytes + CONTEXT_GB


def _together(gib: float, gigabytes: float) -> bool:
    """Whether all networks stay on a card of this size."""
    return gib * 2**30 >= ROOMY_BYTES and _has(gib, gigabytes)


def _verdict(placement: Placement) -> str:
    import torch

    gib = torch.cuda.get_device_properties(0).total_memory / 2**30
    fit = [p for p, s in PRESETS.items() if _has(gib, max(card_memory_gb(s, placement.offload).values()))]
    how = "its networks in turns" if placement.offload else "all networks on it"
    return f"This card, {how}, holds: {', '.join(fit) or 'no preset; a smaller --size may do'}."


def _torchvision() -> str:
    from gen3d.models.torchvision_repair import is_repaired, repair_torchvision

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        repair_torchvision()
    return _version("torchvision") + ("; made for another torch, and repaired at run time" if is_repaired() else "")


def _networks() -> str:
    others = (package for package in engines.packages() if package != "torchvision")  # which has a line of its own
    return ", ".join(f"{name} {_version(name)}" for name in others)


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "not installed"


def _memory_gb() -> float | None:
    """Main memory; None where the system does not tell."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / GB
    except (AttributeError, ValueError, OSError):
        return None


def _cached_gb() -> float:
    files = {path for weights in catalog().values() if (found := cached(weights)) for path in found.files}
    return sum(path.stat().st_size for path in files) / GB


def _advice(tier: Tier) -> Iterator[str]:
    missing: list[Weights] = [weights for weights in tier_weights(tier) if not cached(weights)]
    if not missing:
        yield f"Everything of tier {tier} is here. `gen3d selftest --tier {tier} -o DIR` tries it all."
        return
    names = ", ".join(weights.name for weights in missing)
    yield f"Missing: {names}. The builtin engine plays the roles that need them, from a guess of depth on."
    if is_offline():
        yield "HF_HUB_OFFLINE is set: unset it to fetch them, or copy a filled cache here (HF_HOME)."
    elif not hub_answers():
        yield "The model hub does not answer from here: go online, or copy a filled cache here (HF_HOME)."
    else:
        yield f"`gen3d download --tier {tier}` fetches {size_to_fetch(missing) / GB:.2f} GB."
    if tier == "cpu":
        yield "Depth measured or estimated elsewhere (--depth FILE) makes a good scene without any network."
