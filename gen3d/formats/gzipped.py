"""Gzip on all cores: pieces packed side by side, each with the 32 KB before it at hand, one stream to any reader."""

from __future__ import annotations

import zlib
from functools import partial

from gen3d.geometry.together import together

PIECE = 1 << 18
"""Bytes that are packed at a time. Decides the file's bytes, what is read from it not. By measuring: as small as in
one piece, but for a thousandth."""
WINDOW = 1 << 15
"""How far back deflate looks, bytes. By definition."""
_HEAD = b"\x1f\x8b\x08" + bytes(6) + b"\xff"
"""Deflate, no name, no time, no system."""


def gzipped(content: bytes, level: int) -> bytes:
    """The content packed; the same content gives the same bytes."""
    starts = range(0, max(1, len(content)), PIECE)
    pieces = together([partial(_deflated, content, start, level) for start in starts])
    ends = zlib.crc32(content), len(content) % (1 << 32)
    return b"".join([_HEAD, *pieces, *(number.to_bytes(4, "little") for number in ends)])


def _deflated(content: bytes, start: int, level: int) -> bytes:
    """The piece that begins there; all but the last end on a whole byte and say that more comes."""
    before, piece = content[max(0, start - WINDOW) : start], content[start : start + PIECE]
    packer = zlib.compressobj(level, zlib.DEFLATED, -zlib.MAX_WBITS, zdict=before)
    is_last = start + PIECE >= len(content)
    return packer.compress(piece) + packer.flush(zlib.Z_FINISH if is_last else zlib.Z_SYNC_FLUSH)
