"""Which engines a run gets.

"builtin" downloads nothing. "hub" takes the networks of a tier and fails where one cannot be had. "auto" takes, role by
role, the network if its weights are cached or the model hub answers, else the next best that is here, and a notice says
so. Tier "gpu" is the paper's networks, "cpu" what an ordinary laptop runs; either runs on either device.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, assert_never

from gen3d.errors import ModelUnavailable
from gen3d.models.base import ROLES, Models
from gen3d.models.weights.catalog import Tier

if TYPE_CHECKING:
    from gen3d.models.adapters.opened import Networks
    from gen3d.models.placement import Placement

EngineName = Literal["auto", "builtin", "hub"]
DeviceName = Literal["auto", "cpu", "cuda"]
Player = Callable[[], Any]


def load_models(
    engine: EngineName, device: DeviceName = "auto", tier: Tier | None = None, safety: bool | None = None
) -> Models:
    """The bundle for an engine's name; "auto" is the best that works here.

    tier: None is "gpu" on a card, else "cpu". safety: whether made-up pictures are checked; None: on a Space they are.
    Raises ModelUnavailable for an engine that cannot be had.
    """
    match engine:
        case "builtin":
            from gen3d.models.builtin.bundle import builtin_models

            return builtin_models()
        case "auto" | "hub":
            return _fitting_models(engine == "hub", device, tier, _on_a_space() if safety is None else safety)
        case _:
            assert_never(engine)


def better_engines(models: Models, tier: Tier | None = None) -> dict[str, str]:
    """Role -> the tier's network for it, where an engine without weights, or nobody, plays it; as `load_models` asks.

    tier: None is "gpu" on a card, else "cpu".
    """
    from gen3d.models.builtin.bundle import builtin_models
    from gen3d.models.placement import placement_here, tier_here
    from gen3d.models.weights.catalog import CATALOG, ENGINES

    tier, builtin = tier or tier_here(placement_here("auto")), builtin_models().names
    plain = [role for role in ROLES if models.names.get(role) == builtin.get(role)]
    return {role: CATALOG[ENGINES[role][tier][0]].name for role in plain if ENGINES[role][tier]}


def _on_a_space() -> bool:
    return bool(os.getenv("SPACE_ID"))


def _fitting_models(strict: bool, device: DeviceName, tier: Tier | None, safety: bool) -> Models:
    """On the card all together; if they do not fit, because somebody else uses it too, one at a time."""
    from gen3d.models.placement import is_out_of_memory, placement_here

    placement = placement_here(device)
    try:
        return _hub_models(strict, placement, tier, safety)
    except RuntimeError as error:
        if placement.offload or not is_out_of_memory(error):
            raise
    models = _hub_models(strict, replace(placement, offload=True), tier, safety)
    return replace(models, notices=(*models.notices, ONE_AT_A_TIME))


ONE_AT_A_TIME = (
    "The card's memory does not hold all networks together, so they take turns on it, which is slower. "
    "Close what else uses the card."
)


def _hub_models(strict: bool, placement: Placement, tier: Tier | None, safety: bool) -> Models:
    from gen3d.models.adapters.opened import Networks
    from gen3d.models.builtin.bundle import builtin_models
    from gen3d.models.placement import tier_here
    from gen3d.models.weights.hub import hub_answers

    builtin = builtin_models()
    networks = Networks(placement, safety, may_fetch=(lambda: True) if strict else hub_answers)
    players = _players(networks, tier or tier_here(placement))
    chosen, notices = {}, []
    for role in ROLES:
        chosen[role], faults = _first_that_plays(players[role], getattr(builtin, role))
        if faults and strict and getattr(builtin, role) is not None:
            raise faults[0]
        notices += [_told(role, faults[0], chosen[role])] if faults else []
    unexpected = getattr(chosen["depth"], "unexpected", ())
    if unexpected:
        some = ", ".join(unexpected[:3])
        notices.append(f"{chosen['depth'].name} does not use {len(unexpected)} of the weights in its file ({some}).")
    on_device = any(engine is not getattr(builtin, role) for role, engine in chosen.items())
    return Models(**chosen, notices=tuple(notices), device=placement.device if on_device else "cpu")


def _first_that_plays(players: tuple[Player, ...], builtin: Any) -> tuple[Any, list[ModelUnavailable]]:
    """The first engine that can be had, else the builtin one; and why those before it cannot."""
    faults = []
    for player in players:
        try:
            return player(), faults
        except ModelUnavailable as fault:
            faults.append(fault)
    return builtin, faults


def _told(role: str, fault: ModelUnavailable, instead: Any) -> str:
    what = role.replace("_", " ")
    who = f"{instead.name} plays {what} instead" if instead is not None else f"nobody plays {what}"
    return f"{fault.what} So {who}. {fault.remedy}"


def _players(networks: Networks, tier: Tier) -> dict[str, tuple[Player, ...]]:
    """Who may play each role, best first; nobody for roles that a tier does without."""
    match tier:
        case "cpu":
            fill = (networks.lama,)
            return {
                "depth": (partial(networks.moge, "moge-2-vitb"), partial(networks.moge, "moge-2-vits")),
                "segmenter": (partial(networks.sam, "sam-vit-b"),),
                "background": fill, "outpainter": fill, "text_to_image": (), "captioner": (),
            }  # fmt: skip
        case "gpu":
            flux = (networks.flux,) if networks.has("flux-2-klein") and not networks.safety else ()  # it has no checker
            return {
                "depth": (partial(networks.moge, "moge-2-vitl"), partial(networks.moge, "moge-2-vitb")),
                "segmenter": (partial(networks.sam, "sam-vit-h"), partial(networks.sam, "sam-vit-b")),
                "background": (lambda: networks.diffusion().background, networks.lama),
                "outpainter": (lambda: networks.diffusion().outpainter, networks.lama),
                "text_to_image": (*flux, lambda: networks.diffusion().artist),
                "captioner": (networks.captioner,),
            }
        case _:
            assert_never(tier)
