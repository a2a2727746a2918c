"""A sentence cut into the longest phrases of WORDS, each with one meaning; what is not known stays as written."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from difflib import get_close_matches
from functools import cache

from gen3d.painter.words import PLURALS, Role, phrases

LONGEST_PHRASE = 6
"""Words."""
SPELT = 0.84
"""How much alike a word and a known one must be to count as misspelt. Chosen by eye: "soffa", not "dragon"."""
ADJECTIVES: tuple[Role, ...] = ("colour", "tone", "material", "size", "count")
NOUNS: tuple[Role, ...] = ("thing", "place", "part")
SINGLE: tuple[Role, ...] = ("time", "weather", "season", "mood")
"""What a picture has one of."""


@dataclass(frozen=True, slots=True)
class Token:
    """A phrase: what it may be, role -> key."""

    text: str
    means: dict[Role, str]
    plural: bool = False


def tokens_of(text: str) -> list[Token]:
    """The longest phrases from left to right; then each is given one meaning where it may have several."""
    words = re.findall(r"[^\W\d_]+(?:['’-][^\W\d_]+)*|\d+|[,.;:!?]|[^\w\s]+", text)
    found, i = [], 0
    while i < len(words):
        for size in range(min(LONGEST_PHRASE, len(words) - i), 0, -1):
            if token := _known(words[i : i + size]):
                break
        else:
            size, token = 1, _other(words[i])
        found.append(token)
        i += size
    return [_settled(token, found[k + 1 :]) for k, token in enumerate(found)]


@cache
def _phrases() -> dict[str, dict[Role, str]]:
    return phrases()


@cache
def _spellings() -> list[str]:
    """Words that may be misspelt."""
    roles = {"thing", "place", "colour", "material"}
    return [phrase for phrase, means in _phrases().items() if roles & set(means) and len(phrase) > 3]


def _singulars(word: str) -> Iterator[str]:
    """What a word may be the plural of."""
    if word in PLURALS:
        yield PLURALS[word]
    for ending, instead in (("ies", "y"), ("ves", "f"), ("es", ""), ("s", "")):
        if word.endswith(ending) and len(word) > len(ending) + 1:
            yield word.removesuffix(ending) + instead


def _known(words: list[str]) -> Token | None:
    """The phrase that these words are, as they stand or as a plural."""
    text = " ".join(words)
    if text in _phrases():
        return Token(text, _phrases()[text])
    for last in _singulars(words[-1]):
        means = _phrases().get(" ".join([*words[:-1], last]), {})
        if nouns := {role: key for role, key in means.items() if role in NOUNS}:
            return Token(text, nouns, plural=True)
    return None


def _other(word: str) -> Token:
    """A number, a stop, a word in two parts, a misspelt one, or one that is not known."""
    if word.isdigit():
        return Token(word, {"count": word[:4]})
    if word in ",.;:!?":
        return Token(word, {"and": ","})
    for near in get_close_matches(word, _spellings(), 1, SPELT) if len(word) > 3 else ():
        return Token(word, {r: k for r, k in _phrases()[near].items() if r in (*NOUNS, *ADJECTIVES)} | {"spelt": near})
    return Token(word, {})


def _settled(token: Token, after: list[Token]) -> Token:
    """One meaning: an adjective where a noun follows at once, a relation where a noun follows before a stop."""
    means = token.means
    if len(means) < 2:
        return token
    following = next((t for t in after if "skip" not in t.means), None)
    adjective = next((role for role in (*ADJECTIVES, *SINGLE) if role in means), None)
    if adjective and following and set(following.means) & {*ADJECTIVES, *NOUNS} and "count" not in following.means:
        return replace(token, means={adjective: means[adjective]} | _spelt(means))
    if "relation" in means and "where" in means:
        role = "relation" if _leads_to_noun(after) else "where"
        return replace(token, means={role: means[role]})
    for role in (*NOUNS, *SINGLE, "relation", "with", "skip", *means):
        if role in means:
            return replace(token, means={role: means[role]} | _spelt(means))
    return token


def _spelt(means: dict) -> dict:
    return {"spelt": means["spelt"]} if "spelt" in means else {}


def _leads_to_noun(after: list[Token]) -> bool:
    for token in after:
        if token.means.keys() & {*NOUNS, "it"} or not token.means:
            return True
        if token.means.keys() & {"and", "where", "relation"}:
            return False
    return False
