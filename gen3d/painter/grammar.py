"""From a sentence to what is to be drawn: which place, which things, how many, how they look, where they stand.

Phrase by phrase (`phrases.py`): adjectives wait for their noun; "behind the table" says where the thing before it
stands, "on the left a lamp" where the next one does. What is not known is kept, to be told. There is no more to it: no
tree of a sentence, no model of a language.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, field, replace

from gen3d.painter.asked import Asked, Description
from gen3d.painter.phrases import ADJECTIVES, SINGLE, Token, tokens_of

LONGEST_READ = 600
"""Characters of a sentence that are read. Chosen by eye: nobody can see more than that in one picture."""
MOST_ALIKE, MOST_THINGS = 12, 30
"""Of one kind, and of all, that are drawn."""
PLENTY = 3
"""What a plural without a number means."""


def understand(sentence: str) -> Description:
    """What a sentence asks for; of a long one, its beginning."""
    text = unicodedata.normalize("NFKC", sentence).lower()
    reader = _Reader()
    for token in tokens_of(text[:LONGEST_READ]):
        reader.take(token)
    notes = [f"only its first {LONGEST_READ} characters were read"] if len(text) > LONGEST_READ else []
    return reader.description(notes)


@dataclass
class _Reader:
    """Takes a sentence phrase by phrase."""

    said: dict[str, str] = field(default_factory=dict)
    """Role -> key, of what a picture has one of."""
    places: list[str] = field(default_factory=list)
    things: list[Asked] = field(default_factory=list)
    parts: list[tuple] = field(default_factory=list)
    without: list[str] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    waiting: dict[str, str] = field(default_factory=dict)
    """Adjectives of the next noun."""
    group: list[int] = field(default_factory=list)
    """The things that a relation would be of: the last, and those that "and" joins with it."""
    relation: tuple[str, tuple[int, ...]] | None = None
    """Waits for its noun; and whose it is."""
    of_next: dict = field(default_factory=dict)
    """Where the next thing stands: it was said before it."""
    joined: bool = False
    definite: bool = False
    no: bool = False
    after_place: bool = False
    nobody: bool = False
    """The last noun is not known: what is said of it goes nowhere."""

    def take(self, token: Token) -> None:
        """The next phrase."""
        if spelt := token.means.get("spelt"):
            self.notes.append(f"{token.text!r} was taken as {spelt!r}")
        role, key = next(((r, k) for r, k in token.means.items() if r != "spelt"), (None, token.text))
        if role is None:
            return self._foreign(token.text)
        if role in ADJECTIVES:
            return self._describe(role, key)
        if role in SINGLE:
            return self._say(role, key, token.text)
        if role == "skip":
            self.definite = self.definite or token.text == "the"
            return None
        return getattr(self, f"_{role}")(key, token)

    def _foreign(self, word: str) -> None:
        self.unknown.append(word[:20])
        if self.waiting or self.relation:
            self.nobody, self.group, self.relation = True, [], None

    def _describe(self, role: str, key: str) -> None:
        if role == "count":
            self.waiting, self.no = {}, self.no and key == "1"
        if role in self.waiting and self.waiting[role] != key:
            self.notes.append(f"of {self.waiting[role]!r} and {key!r} the first was taken")
        self.waiting.setdefault(role, key)

    def _say(self, role: str, key: str, text: str) -> None:
        if self.said.setdefault(role, key) != key:
            self.notes.append(f"{text!r} was left out beside {self.said[role]!r}")
        self.relation = None

    def _no(self, key: str, token: Token) -> None:
        self.no = True

    def _and(self, key: str, token: Token) -> None:
        if key == ",":
            self.group, self.relation, self.waiting, self.nobody, self.no = [], None, {}, False, False
        self.joined, self.definite = True, False

    def _it(self, key: str, token: Token) -> None:
        """What was spoken of: the first of those before."""
        target = next((i for i in range(len(self.things)) if self.relation and i not in self.relation[1]), None)
        if target is not None:
            self._lead_to(target)

    def _where(self, key: str, token: Token) -> None:
        if self.nobody or (self.after_place and key == "back"):
            return
        if self.group and not self.things[self.group[-1]].where:
            self.things[self.group[-1]] = replace(self.things[self.group[-1]], where=key)
        else:
            self.of_next["where"] = key

    def _relation(self, key: str, token: Token) -> None:
        if not self.nobody:
            free = [i for i in self.group if self.things[i].relation is None]
            self.relation = key, tuple(free if key in ("on", "under", "in") else free[-1:])
        self.joined = False

    def _with(self, key: str, token: Token) -> None:
        """As in "a bowl of apples", "a table with a cup": the next thing is on it, if that can be."""
        if token.text == "of" and self.relation:
            return
        if self.group:
            self.of_next = {"with": self.group[-1]}
        self.joined, self.relation = False, None

    def _part(self, key: str, token: Token) -> None:
        w = self.waiting
        if w.get("colour") or w.get("material"):
            self.parts.append((key, w.get("colour"), w.get("tone"), w.get("material")))
        self._noun_is_over()

    def _place(self, key: str, token: Token) -> None:
        if self.no:
            self.unknown.append(f"no {token.text}")
        elif key not in self.places:
            self.places.append(key)
        self.relation = None
        self._noun_is_over()
        self.after_place = True

    def _thing(self, key: str, token: Token) -> None:
        if self.no:
            self.without.append(key)
            return self._noun_is_over()
        known = next((i for i, thing in enumerate(self.things) if thing.kind == key), None)
        is_known = known is not None and (self.definite or self.relation) and not self.waiting.get("count")
        number = known if is_known else self._new(key, token)
        if number is None:
            return self._noun_is_over()
        self._lead_to(number)
        with_host = self.things[number].relation == "with"
        self.group = [*self.group, number] if self.joined or with_host else [number]
        return self._noun_is_over()

    def _lead_to(self, number: int) -> None:
        """What the waiting relation is to: of the things before it, or of the next one where none came before."""
        if self.relation and not self.relation[1] and not self.group:
            self.of_next |= {"relation": self.relation[0], "targets": (number,)}
            self.relation = None
        elif self.relation:
            self._relate(number)

    def _new(self, key: str, token: Token) -> int | None:
        count = int(self.waiting.get("count", PLENTY if token.plural else 1))
        if token.plural and count == 1:
            count = PLENTY
        room = min(MOST_ALIKE, MOST_THINGS - sum(thing.count for thing in self.things))
        if count > room:
            self.notes.append(f"{max(room, 0)} of {count} were drawn: {token.text}")
        if min(count, room) < 1:
            return None
        looks = {role: self.waiting.get(role) for role in ("colour", "tone", "material", "size")}
        self.things.append(Asked(key, min(count, room), **looks))
        self._place_new(len(self.things) - 1)
        return len(self.things) - 1

    def _place_new(self, number: int) -> None:
        """What was said before it of where it stands."""
        before, self.of_next = self.of_next, {}
        if (host := before.pop("with", None)) is not None:
            before = {"relation": "with", "targets": (host,)}
        self.things[number] = replace(self.things[number], **before)

    def _relate(self, target: int) -> None:
        relation, whose = self.relation
        for i in whose:
            thing = self.things[i]
            more = relation == "between" and thing.relation == "between"
            if i != target and (thing.relation is None or more):
                targets = (*thing.targets, target) if more else (target,)
                self.things[i] = replace(thing, relation=relation, targets=targets)
        if relation != "between" or any(len(self.things[i].targets) > 1 for i in whose):
            self.relation = None

    def _noun_is_over(self) -> None:
        self.waiting, self.definite, self.joined, self.nobody, self.after_place = {}, False, False, False, False

    def description(self, notes: list[str]) -> Description:
        """All that was understood."""
        if self.of_next.get("where") and self.things:
            self.things[-1] = replace(self.things[-1], where=self.of_next["where"])
        things = tuple(thing for thing in self.things)
        return Description(
            self.places[0] if self.places else None, tuple(self.places[1:]), things=things, parts=tuple(self.parts),
            without=tuple(dict.fromkeys(self.without)), unknown=tuple(dict.fromkeys(self.unknown)),
            notes=(*notes, *dict.fromkeys(self.notes)), **self.said,
        )  # fmt: skip
