"""Which of the arrays, channels or pages of a file is the depth: by what they are called, and by their shape.

A name is read word by word: `ViewLayer.Depth.Z`, `zDepth`, `depth_map` and `pred_depth` are depth; `depth_conf`,
`Normal.Z`, `mask`, `K` and every alpha are not, whatever they hold. Where names and shapes do not settle it the file
is refused, and told what it holds.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from gen3d.errors import InputError

ASPECT_TOLERANCE = 0.02
"""Depth may differ so much in its sides' ratio from the picture (cropping to multiples of 8 or 14 explains no more)."""
SMALLEST_MAP = 5
"""Shorter side below which an array among others is a matrix, no map."""
MOST_NAMED = 12
"""So many names a refusal lists."""

Size = tuple[int, int]
"""Width and height in pixels."""
Meaning = Literal["depth", "distance", "disparity", "inverse", "relative"]

_NEVER = re.compile(
    r"\b(a|k|coeffs?|std|sigma|var|error|err|pose|poses|id|ids|index|uv|ao|scale|shift|edges?|labels?|mist|motion|velocity"
    r"|vector|p|pos|position|points?|xyz|zback|n)\b|alpha|opacity|mask|matte|conf|uncert|varian|weight|valid|intrins"
    r"|extrins|normal(?!i[sz])|crypto|albedo|semantic|segment|flow|c2w|w2c"
)
_PICTURE = re.compile(r"\b(r?gba?|colou?rs?|image|img|gr[ae]y|photo|combined|camera|cam|mat|matrix|proj|t)\b")
_DEPTH = re.compile(r"depth|\b(z|zbuf|zbuffer|zmap)\b")
_MEANINGS: tuple[tuple[Meaning, re.Pattern], ...] = (
    ("disparity", re.compile(r"\bdisp(arity|arities|s)?\b|disparit")),
    ("inverse", re.compile(r"\binv(erse|erted)?\b.*(depth|\bz\b)|(depth|\bz\b).*\binv(erse|erted)?\b"
                           r"|inv(erse)?depth|\bidepth\b|\binverse\b|reciprocal")),
    ("relative", re.compile(r"(depth|\bz\b).*\b(norm|normali[sz]ed|rel|relative|affine|scaled)\b"
                            r"|\b(norm|normali[sz]ed|rel|relative|affine|scaled)\b.*(depth|\bz\b)|\bnormali[sz]ed\b")),
    ("depth", _DEPTH),
    ("distance", re.compile(r"\b(dist|dists|distances?|ranges?|distancemap|rangemap)\b|distance")),
)  # fmt: skip
_ORDER: tuple[Meaning, ...] = ("depth", "distance", "inverse", "disparity", "relative")
_PLAIN = re.compile(r"(metric )?(depth|z)( ?(m|meters?|metres?|metric))?")


@dataclass(frozen=True, slots=True)
class Offered:
    """A map that a file holds, as far as its header tells."""

    name: str
    """With the layer or part before dots; "" where the file names nothing."""
    width: int
    height: int


def meaning_of(name: str) -> Meaning | None:
    """What the numbers of a map are, by its name; None where it says nothing."""
    words = _words(_last(name))
    if len(words.replace(" ", "")) == 1 and words != "z":  # a channel's letter: its layer has the name
        words = _words(_layer(name).rpartition(".")[2])
    return next((meaning for meaning, pattern in _MEANINGS if pattern.search(words)), None)


def is_no_depth(name: str) -> bool:
    """Whether a name says that this is something else: alpha, a mask, a confidence, a pose, a colour ..."""
    last, layer = _words(_last(name)), _words(_layer(name))
    if _NEVER.search(last) or (_NEVER.search(layer) and not _DEPTH.search(layer)):
        return True
    return bool(_PICTURE.search(last)) and meaning_of(name) is None and len(last) > 1


def fits(offered: Offered, size: Size) -> bool:
    """Whether it has the sides' ratio of a picture of this size."""
    ratio = (offered.width / offered.height) / (size[0] / size[1])
    return abs(math.log(ratio)) <= ASPECT_TOLERANCE


def choose(
    file: str,
    offered: Sequence[Offered],
    asked: str | None = None,
    sizes: Sequence[Size] = (),
    besides: Sequence[Offered] = (),
) -> tuple[Offered, str | None]:
    """The map that is the depth, and what is doubtful about it, if anything is.

    file: its name, for sentences. asked: the name to take, whatever it says. sizes: of the picture it belongs to, the
    first that any map fits counts. besides: what is there too, but is chosen only when it is asked for. Raises
    InputError, which lists what there is, where that does not settle it.
    """
    if asked is not None:
        return _asked_for(file, [*offered, *besides], asked), None
    possible = [o for o in offered if not is_no_depth(o.name)]
    if len(offered) > 1:
        possible = [o for o in possible if min(o.width, o.height) >= SMALLEST_MAP]
    fitting = next(filter(None, ([o for o in possible if fits(o, size)] for size in sizes)), possible)
    named = sorted((o for o in fitting if meaning_of(o.name)), key=_rank)
    if named:
        return named[0], _doubt(named)
    if len(fitting) == 1:
        return fitting[0], _passed_over(fitting[0], [o for o in possible if meaning_of(o.name)])
    raise _unclear(file, [*offered, *besides], possible)


def listed(offered: Sequence[Offered]) -> str:
    """What a file holds, in words."""
    told = [f"{o.name or 'a map'} ({o.width} x {o.height})" for o in offered[:MOST_NAMED]]
    return ", ".join(told) + (f" and {len(offered) - MOST_NAMED} more" if len(offered) > MOST_NAMED else "")


def _asked_for(file: str, offered: Sequence[Offered], asked: str) -> Offered:
    names = {o.name.lower(): o for o in reversed(offered)}
    ends = [o for o in offered if o.name.lower().endswith(f".{asked.lower()}")]
    found = names.get(asked.lower()) or (ends[0] if len(ends) == 1 else None)
    if found is None:
        what = f"{file} holds no map {asked!r}" if any(names) else f"{file} holds one map without a name"
        remedy = f"It holds {listed(offered)}: name one of them." if any(names) else "Leave the depth channel out."
        raise InputError(f"{what}.", remedy, "depth_channel")
    return found


def _unclear(file: str, offered: Sequence[Offered], possible: Sequence[Offered]) -> InputError:
    what = f"{file} holds {listed(offered)}"
    name_it = "name it as the depth channel (--depth-channel NAME)."
    if not possible:
        return InputError(f"{what}: by these names, no depth.", f"Give a file with the depth, or {name_it}", "depth")
    unclear = f"{what}, and which of them is the depth is unclear."
    return InputError(unclear, f"Save the depth alone, or {name_it}", "depth")


def _doubt(named: Sequence[Offered]) -> str | None:
    """A sentence where a second one is as good by its name, or the name says that it is a distance."""
    first = named[0]
    equals = [o.name for o in named[1:] if _rank(o)[:2] == _rank(first)[:2]]
    if equals:
        others = f"{', '.join(equals[:MOST_NAMED])} would do as well"
        return f"The depth was taken from {first.name}; {others}: the depth channel says otherwise (--depth-channel)."
    if meaning_of(first.name) == "distance":
        return (
            f"The depth was taken from {first.name}, as metres along the camera's axis: if it is the length of each "
            "ray, things beside the centre come out too far."
        )
    return None


def _passed_over(taken: Offered, named: Sequence[Offered]) -> str | None:
    """A sentence where others are called depth, but have not the picture's shape."""
    if not named:
        return None
    return (
        f"The depth was taken from {taken.name}, which has the photo's shape, as {listed(named)} has not: the depth "
        "channel says otherwise (--depth-channel)."
    )


def _rank(offered: Offered) -> tuple[int, int, int]:
    """The smaller the better: what it means, how plainly it says so, the length of its name."""
    meaning = meaning_of(offered.name)
    words = _words(_last(offered.name)) if len(_last(offered.name)) > 1 else _words(offered.name)
    plainness = 0 if _PLAIN.fullmatch(_words(_last(offered.name))) else 1
    if "denois" in words or re.search(r"\b(back|far|right|prev|low)\b", words):
        plainness = 2
    return _ORDER.index(meaning) if meaning else len(_ORDER), plainness, len(offered.name)


def _last(name: str) -> str:
    return re.split(r"[./:]", name)[-1]


def _layer(name: str) -> str:
    return name[: -len(_last(name))].rstrip("./:") if _last(name) else name


def _words(name: str) -> str:
    """In small letters, camel case and whatever stands between words as blanks."""
    apart = re.sub(r"([a-z])([A-Z])", r"\1 \2", name)
    return " ".join(re.findall(r"[a-z]+(?:2[a-z]+)?", apart.lower()))
