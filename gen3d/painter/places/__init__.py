"""PLACES: every kind of place the painter can build, a row each; the words for it stand in `painter/words.py`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from gen3d.painter.places.country import desert, meadow, mountains, snow
from gen3d.painter.places.forest import forest
from gen3d.painter.places.hall import hall
from gen3d.painter.places.kitchen import kitchen
from gen3d.painter.places.library import library
from gen3d.painter.places.room import bedroom, room
from gen3d.painter.places.table_top import table_top
from gen3d.painter.places.town import garden, street, village
from gen3d.painter.places.waterside import coast, lake
from gen3d.painter.setting import Setting


@dataclass(frozen=True, slots=True)
class Place:
    """A kind of place."""

    build: Callable[[Setting], None]
    indoors: bool = False
    shows: tuple[str, ...] = ()
    """Other places that can be seen from it."""


_OPEN = ("mountains", "lake", "coast", "meadow", "forest", "desert")
PLACES: dict[str, Place] = {
    "room": Place(room, True), "bedroom": Place(bedroom, True), "kitchen": Place(kitchen, True),
    "library": Place(library, True), "hall": Place(hall, True), "table top": Place(table_top, True),
    "street": Place(street), "village": Place(village, shows=_OPEN), "meadow": Place(meadow, shows=_OPEN),
    "mountains": Place(mountains, shows=_OPEN), "coast": Place(coast, shows=("mountains",)),
    "lake": Place(lake, shows=_OPEN), "forest": Place(forest, shows=("mountains", "meadow", "lake")),
    "desert": Place(desert, shows=("mountains", "lake", "coast")), "snow": Place(snow, shows=("mountains", "lake",
    "forest")),
    "garden": Place(garden, shows=("mountains", "meadow", "forest")),
}  # fmt: skip
