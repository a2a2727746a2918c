"""What is told of a drawn sentence: what was understood, what was not, what was taken otherwise."""

from __future__ import annotations

from gen3d.painter.asked import Asked, Description
from gen3d.painter.words import NUMBERS
from gen3d.painter.world import World, name_of

CALLED = {"snow": "a snowfield", "mountains": "mountains"}
"""Of places whose key is no noun of one."""
MOST_TOLD = 8
"""Unknown words that are named; the others are counted."""


def told_of(said: Description, world: World) -> str:
    """Such as: Drawn without a network: a room, evening, red sofa, two plants; not known: 'dragon'."""
    parts = [CALLED.get(world.place, f"a {world.place}"), *(f"with {place}" for place in said.also)]
    parts += filter(None, (said.time or world.time, said.weather, said.season))
    parts += [_counted(asked) for asked in said.things]
    parts += [f"no {kind}" for kind in said.without]
    left_out = [_counted(said.things[i]) for i in dict.fromkeys(world.unseen())]
    notes = (*said.notes, *world.notes, *(f"hardly seen: {what}" for what in left_out))
    return "".join(
        (f"Drawn without a network: {', '.join(parts)}", _unknown(said.unknown), *(f"; {note}" for note in notes), ".")
    )


def _unknown(words: tuple[str, ...]) -> str:
    if not words:
        return ""
    named = ", ".join(f"'{word}'" for word in words[:MOST_TOLD])
    more = f" and {len(words) - MOST_TOLD} more" if len(words) > MOST_TOLD else ""
    return f"; not known: {named}{more}"


def _counted(asked: Asked) -> str:
    """Things in words: "two red sofas"; one is not counted."""
    name = name_of(asked)
    return name if asked.count == 1 else f"{NUMBERS[asked.count - 1]} {_plural(name)}"


def _plural(name: str) -> str:
    irregular = {"person": "people", "sheep": "sheep", "cactus": "cacti", "shelf": "shelves"}
    for one, many in irregular.items():
        if name.endswith(one):
            return name.removesuffix(one) + many
    ending = "es" if name.endswith(("ch", "sh", "s", "x", "z")) else "s"
    return name + ending
