"""Damage to files for hypothesis, which shrinks what fails to the least that does.

The default run tries the same few dozens every time; `HYPOTHESIS_PROFILE=long` (make test-all sets it) tries two
thousand new ones.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Callable

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from gen3d.errors import Gen3DError

TOLERANT = {"deadline": None, "suppress_health_check": list(HealthCheck)}
settings.register_profile("short", max_examples=40, derandomize=True, database=None, **TOLERANT)
settings.register_profile("long", max_examples=2000, database=None, **TOLERANT)
settings.load_profile(os.getenv("HYPOTHESIS_PROFILE", "short"))

HEAD = 700
"""What says how the rest is to be read stands in so many first bytes."""
WILD = st.sampled_from([
    0, 1, 0x7F, 0xFF, 0x7FFF, 0x8000, 0xFFFF, 2**31 - 1, 2**31, 2**32 - 1, 10**6, 10**7, 10**9, 2**40, 2**63, 2**64 - 1,
])  # fmt: skip
"""Lengths and counts that a header may claim."""
LEAF = st.one_of(st.none(), st.booleans(), st.integers(-(10**12), 10**12), st.floats(), st.text(max_size=5))
VALUE = st.recursive(LEAF, lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=5), inner))
"""Whatever JSON holds."""


@st.composite
def damage(draw: st.DrawFn) -> Callable[[bytes], bytes]:
    """One to four changes: bytes or digits overwritten, a number wild, a piece cut out or doubled, the end lost."""
    changes = draw(st.lists(st.tuples(st.integers(0, 6), st.floats(0, 1), st.booleans(), WILD), min_size=1, max_size=4))

    def apply(content: bytes) -> bytes:
        bad = bytearray(content)
        for kind, place, in_head, number in changes:
            at = int(place * (min(len(bad), HEAD) if in_head else len(bad)))
            match kind:
                case 0:
                    bad[at : at + 1] = bytes([number & 0xFF])
                case 1:
                    bad[at : at + 4] = struct.pack("<I" if number % 2 else ">I", number & 0xFFFFFFFF)
                case 2:
                    bad[at : at + 8] = struct.pack("<Q", number)
                case 3:
                    del bad[at : at + 1 + number % 40]
                case 4:
                    bad[at:at] = bad[at : at + 1 + number % 40]
                case 5:
                    del bad[at:]
                case 6:
                    digits = [i for i, byte in enumerate(bad[:HEAD]) if chr(byte).isdigit()]
                    if digits:
                        first = digits[int(place * (len(digits) - 1))]
                        bad[first : first + 1] = str(number).encode()
        return bytes(bad)

    return apply


def two_sentences(error: Gen3DError) -> None:
    """What went wrong, and what to do."""
    assert error.what.endswith((".", "!", "?")) and error.remedy.endswith("."), error
