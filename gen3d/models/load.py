"""Which engines a run gets."""

from __future__ import annotations

from typing import Literal, assert_never

from gen3d.errors import ModelUnavailable
from gen3d.models.base import Models

EngineName = Literal["auto", "builtin", "hub"]


def load_models(engine: EngineName) -> Models:
    """The bundle for an engine's name; "auto" is the best that works here.

    Raises ModelUnavailable for an engine that cannot be had.
    """
    match engine:
        case "auto" | "builtin":
            from gen3d.models.builtin import builtin_models

            return builtin_models()
        case "hub":
            raise ModelUnavailable(
                "This version brings no engine that fetches networks from the model hub.",
                "Use --engine builtin, and give depth with the photo for a good scene.",
            )
        case _:
            assert_never(engine)
