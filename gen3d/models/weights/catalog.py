"""The weights that the engines are opened from, each once, and which of them a tier fetches: read off `ENGINES`."""

from __future__ import annotations

from collections.abc import Sequence

from gen3d.errors import InputError
from gen3d.models import engines
from gen3d.models.engines import TIERS, Tier
from gen3d.models.weights.wanted import Weights


def catalog() -> dict[str, Weights]:
    """Key -> weights, of every engine."""
    return {weights.key: weights for engine in engines.ENGINES for weights in engine.weights}


def tier_weights(tier: Tier, also: Sequence[str] = ()) -> tuple[Weights, ...]:
    """What a tier fetches, each once, role by role; then what else is asked for by key.

    Raises InputError for a key that is not in the catalogue.
    """
    known = catalog()
    if unknown := [key for key in also if key not in known]:
        raise InputError(f"There are no weights called {', '.join(unknown)}.", f"Known are: {', '.join(known)}.")
    playing = [engine for role in engines.roles() if (engine := engines.preferred(role, tier))]
    keys = [weights.key for engine in playing for weights in engine.weights]
    return tuple(known[key] for key in dict.fromkeys((*keys, *also)))


def optional_weights() -> tuple[Weights, ...]:
    """What no tier fetches, but only whoever asks for it by key."""
    in_tiers = {weights.key for tier in TIERS for weights in tier_weights(tier)}
    return tuple(weights for key, weights in catalog().items() if key not in in_tiers)
