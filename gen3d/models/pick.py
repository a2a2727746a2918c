"""Which engines a run gets.

"builtin" downloads nothing. "hub" takes the networks of a tier and fails where one cannot be had. "auto" takes, role by
role, the network if its weights are cached or the model hub answers, else the next best that is here, and a notice says
so. `use` picks the engine of a role outright: it plays, or the run fails. Who is a candidate in which tier, and which
is better, is said by the rows of `models/engines.py`.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal, get_args

from gen3d.errors import InputError, ModelUnavailable
from gen3d.format_table import listed
from gen3d.models import engines
from gen3d.models.base import ROLES, Models
from gen3d.models.engines import BUILTIN, Engine, Tier

if TYPE_CHECKING:
    from gen3d.models.opened import Opened
    from gen3d.models.placement import Placement

EngineName = Literal["auto", "builtin", "hub"]
DeviceName = Literal["auto", "cpu", "cuda"]
NO_USE: Mapping[str, str] = MappingProxyType({})


def load_models(
    engine: EngineName,
    device: DeviceName = "auto",
    tier: Tier | None = None,
    safety: bool | None = None,
    use: Mapping[str, str] = NO_USE,
) -> Models:
    """The bundle for an engine's name; "auto" is the best that works here.

    tier: None is "gpu" on a card, else "cpu". safety: whether made-up pictures are checked; None: on a Space they are.
    use: role -> key of the engine that plays it, whatever `engine` says of the others.
    Raises ModelUnavailable for an engine that cannot be had, InputError for a role or an engine that there is not.
    """
    if engine not in get_args(EngineName):
        raise InputError(f"There is no engine {engine!r}.", f"Use one of {', '.join(get_args(EngineName))}.")
    safety = bool(os.getenv("SPACE_ID")) if safety is None else safety
    asked = {role: _allowed(engines.engine_of(role, key), role, safety) for role, key in use.items()}
    if engine == BUILTIN and not asked:
        from gen3d.models.builtin.bundle import builtin_models

        return builtin_models()
    return _fitting(_Wish(engine, tier, safety, asked), device)


@dataclass(frozen=True, slots=True)
class _Wish:
    """What a bundle is to be like."""

    engine: EngineName
    tier: Tier | None
    safety: bool
    use: Mapping[str, Engine]

    def candidates(self, role: str, tier: Tier) -> tuple[Engine, ...]:
        """Who may play a role, the better first."""
        from gen3d.models.opened import is_here

        known = engines.candidates(role, tier)
        if self.engine == BUILTIN:
            return tuple(engine for engine in known if engine.key == BUILTIN)
        allowed = [engine for engine in known if engine.checks_pictures or not self.safety]
        return tuple(engine for engine in allowed if not engine.only_if_here or is_here(engine))


def _allowed(engine: Engine, role: str, safety: bool) -> Engine:
    if safety and not engine.checks_pictures:
        others = ", ".join(other.key for other in engines.choices(role) if other.checks_pictures)
        raise InputError(
            f"{engine.name} has no safety checker, and pictures that are made up are to pass one.",
            f"Use {others} for {role}, or switch the safety checker off.",
        )
    return engine


def better_engines(models: Models, tier: Tier | None = None) -> dict[str, str]:
    """Role -> the tier's network for it, where an engine without weights, or nobody, plays it; as `load_models` asks.

    tier: None is "gpu" on a card, else "cpu".
    """
    from gen3d.models.builtin.bundle import builtin_models
    from gen3d.models.placement import placement_here, tier_here

    tier, builtin = tier or tier_here(placement_here("auto")), builtin_models().names
    plain = [role for role in ROLES if models.names.get(role) == builtin.get(role)]
    better = {role: engines.preferred(role, tier) for role in plain}
    return {role: engine.name for role, engine in better.items() if engine and engine.weights}


def networks_of(models: Models) -> tuple[str, ...]:
    """The names of those that play and are no engines of our own, each once."""
    from gen3d.models.builtin.bundle import builtin_models

    own = set(builtin_models().names.values())
    return tuple(name for name in dict.fromkeys(models.names.values()) if name not in own)


def _fitting(wish: _Wish, device: DeviceName) -> Models:
    """On the card all together; if they do not fit, because somebody else uses it too, one at a time."""
    from gen3d.models.placement import is_out_of_memory, placement_here

    placement = placement_here(device)
    try:
        return _bundle(wish, placement)
    except RuntimeError as error:
        if placement.offload or not is_out_of_memory(error):
            raise
    models = _bundle(wish, replace(placement, offload=True))
    return replace(models, notices=(*models.notices, ONE_AT_A_TIME))


ONE_AT_A_TIME = (
    "The card's memory does not hold all networks together, so they take turns on it, which is slower. "
    "Close what else uses the card."
)


def _bundle(wish: _Wish, placement: Placement) -> Models:
    from gen3d.models.opened import Opened
    from gen3d.models.placement import tier_here
    from gen3d.models.weights.hub import hub_answers

    strict, tier = wish.engine == "hub", wish.tier or tier_here(placement)
    opened = Opened(placement, wish.safety, may_fetch=(lambda: True) if strict else hub_answers)
    players, faults_of, on_device = {}, {}, False
    for role in ROLES:
        asked = wish.use.get(role)
        candidates = (asked,) if asked else wish.candidates(role, tier)
        playing, faults = _first_that_opens(candidates, role, opened)
        if faults and (asked or (strict and any(engine.key == BUILTIN for engine in candidates))):
            raise faults[0]
        players[role] = playing and opened.player(playing, role)
        on_device = on_device or bool(playing and playing.weights)
        faults_of |= {role: faults[0]} if faults else {}
    notices = (*_fallen_back(faults_of, players), *_left_over(players.values()))
    return Models(**players, notices=notices, device=placement.device if on_device else "cpu")


def _first_that_opens(
    candidates: Iterable[Engine], role: str, opened: Opened
) -> tuple[Engine | None, list[ModelUnavailable]]:
    """The first engine that can be had, or None; and why those before it cannot."""
    faults = []
    for engine in candidates:
        try:
            opened.player(engine, role)
            return engine, faults
        except ModelUnavailable as fault:
            faults.append(fault)
    return None, faults


def _fallen_back(faults: Mapping[str, ModelUnavailable], players: Mapping[str, Any]) -> Iterator[str]:
    """A notice for each cause: nobody reads a list of all networks of which none could be had.

    faults: role -> why its best engine does not play it.
    """
    from gen3d.models.opened import NotHere, not_here

    together: dict[str, list[str]] = {}
    for role, fault in faults.items():
        together.setdefault(NotHere.__name__ if isinstance(fault, NotHere) else str(fault), []).append(role)
    for roles in together.values():
        first = faults[roles[0]]
        fault = not_here(*(n for role in roles for n in faults[role].names)) if isinstance(first, NotHere) else first
        yield f"{fault.what} So {_instead(roles, players)}. {fault.remedy}"


def _instead(roles: Iterable[str], players: Mapping[str, Any]) -> str:
    """Who plays which roles now."""
    by_name: dict[str, list[str]] = {}
    for role in roles:
        name = players[role].name if players[role] is not None else ""
        by_name.setdefault(name, []).append(role.replace("_", " "))
    unplayed = by_name.pop("", [])
    played = [f"{name} plays {listed(parts, 'and')}" for name, parts in by_name.items()]
    told = [f"{', '.join(played)} instead"] if played else []
    return ", and ".join([*told, *([f"nobody plays {listed(unplayed, 'or')}"] if unplayed else [])])


def _left_over(players: Iterable[Any]) -> list[str]:
    """A notice for each engine that does not use all that its file holds."""
    notices = []
    for player in players:
        if unexpected := getattr(player, "unexpected", ()):
            some = ", ".join(unexpected[:3])
            notices.append(f"{player.name} does not use {len(unexpected)} of the weights in its file ({some}).")
    return notices
