"""Who is drawn where: one list of Gaussians per tile, from near to far; equal depths keep the order of the file.

Gaussians are put in order of depth; their meetings with tiles are numbered in that order, Gaussian by Gaussian and row
by row, so that a Gaussian's pairs lie side by side; a stable sort by tile then makes the lists.
"""

from __future__ import annotations

import triton.language as tl

from gen3d.splat.triton.kernels import kernel


@kernel(do_not_specialize=["n", "across"])
def fill(order, ends, spans, counts, n, across, starts, tiles, owners, BLOCK: tl.constexpr, PAIRS: tl.constexpr):
    """Fills starts [n], a Gaussian's first pair, and for every pair its tile and its Gaussian `owners`.

    order: Gaussians by depth; ends: the running sum of their counts. PAIRS of a Gaussian are written at a time.
    """
    place = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    inside = place < n
    i = tl.load(order + place, mask=inside, other=0)
    count = tl.load(counts + i, mask=inside, other=0)
    start = tl.load(ends + place, mask=inside, other=0) - count
    tl.store(starts + i, start, mask=inside)
    first, wide = tl.load(spans + i * 2), tl.load(spans + i * 2 + 1)
    for done in range(0, tl.max(count, axis=0), PAIRS):
        k = done + tl.arange(0, PAIRS)[None, :]
        pair, left = start[:, None] + k, k < count[:, None]
        tile = first[:, None] + (k // wide[:, None]) * across + k % wide[:, None]
        tl.store(tiles + pair, tile.to(tiles.dtype.element_ty), mask=left)
        tl.store(owners + pair, (i[:, None] + 0 * k).to(tl.int32), mask=left)
