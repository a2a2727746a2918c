"""Who is drawn where, and in which order: a depth sort, then one list of Gaussians per tile.

The sort is stable (equal depths keep their order in the file), the lists keep the sorted order, and neither depends
on the number of threads.
"""

from __future__ import annotations

import numpy as np
from numba import int32, prange, uint32

from gen3d.splat.cpu.kernels import DEPTH, kernel

DIGIT = np.uint32(11)
BUCKETS = 1 << 11
LOW = np.uint32(BUCKETS - 1)


@kernel
def _scatter(keys, ids, n, shift, heads, keys_out, ids_out):
    """One pass of the radix sort: moves n pairs to their bucket, keeping the order inside a bucket."""
    for j in range(n):
        key = keys[j]
        bucket = (key >> shift) & LOW
        place = heads[bucket]
        heads[bucket] = place + 1
        keys_out[place] = key
        ids_out[place] = ids[j]


@kernel
def _first_places(counts):
    """Turns counts into running starts, row by row, in place."""
    for row in range(counts.shape[0]):
        total = int32(0)
        for bucket in range(counts.shape[1]):
            count = counts[row, bucket]
            counts[row, bucket] = total
            total += count


@kernel
def depth_order(packed_bits, tiles, order):
    """Fills `order` with the visible Gaussians from near to far; returns how many there are.

    `packed_bits` is `packed` seen as uint32: for positive floats the order of the bits is the order of the values.
    Three stable passes of 11 bits.
    """
    n_all = len(tiles)
    keys, ids = np.empty(n_all, np.uint32), np.empty(n_all, np.int32)
    keys_2, ids_2 = np.empty(n_all, np.uint32), np.empty(n_all, np.int32)
    counts = np.zeros((3, BUCKETS), np.int32)
    n = 0
    for i in range(n_all):
        if tiles[i, 1] != 0:
            key = packed_bits[i, DEPTH]
            ids[n], keys[n] = i, key
            n += 1
            counts[0, key & LOW] += 1
            counts[1, (key >> DIGIT) & LOW] += 1
            counts[2, (key >> (DIGIT + DIGIT)) & LOW] += 1
    _first_places(counts)
    _scatter(keys, ids, n, uint32(0), counts[0], keys_2, ids_2)
    _scatter(keys_2, ids_2, n, DIGIT, counts[1], keys, ids)
    _scatter(keys, ids, n, DIGIT + DIGIT, counts[2], keys_2, order)
    return n


@kernel(parallel=True)
def count(tiles, order, n, tiles_across, counts):
    """counts[chunk, tile]: how many Gaussians of that chunk of the depth order touch the tile. Comes zeroed."""
    chunks = counts.shape[0]
    step = (n + chunks - 1) // chunks
    for chunk in prange(chunks):
        for j in range(chunk * step, min(n, (chunk + 1) * step)):
            g = order[j]
            for ty in range(tiles[g, 2], tiles[g, 3]):
                for tx in range(tiles[g, 0], tiles[g, 1]):
                    counts[chunk, ty * tiles_across + tx] += 1


@kernel
def scan(counts, tiles, tile_starts, starts):
    """Turns counts into first places (in place), for tiles and for Gaussians; returns the number of pairs.

    The list of tile t is [tile_starts[t], tile_starts[t + 1]); the pairs of Gaussian i are [starts[i], starts[i + 1]).
    """
    total = 0
    for t in range(counts.shape[1]):
        tile_starts[t] = total
        for chunk in range(counts.shape[0]):
            here = counts[chunk, t]
            counts[chunk, t] = total
            total += here
    tile_starts[counts.shape[1]] = total
    seen = 0
    for i in range(len(tiles)):
        starts[i] = seen
        if tiles[i, 1] != 0:
            seen += (int32(tiles[i, 1]) - int32(tiles[i, 0])) * (int32(tiles[i, 3]) - int32(tiles[i, 2]))
    starts[len(tiles)] = seen
    return total


@kernel(parallel=True)
def fill(tiles, order, n, tiles_across, counts, starts, ids, places):
    """Writes the lists: `ids` holds all tiles' lists one after the other, each from near to far.

    `places[starts[i]: starts[i + 1]]` are the positions in `ids` where Gaussian i stands, for the backward gather.
    """
    chunks = counts.shape[0]
    step = (n + chunks - 1) // chunks
    for chunk in prange(chunks):
        for j in range(chunk * step, min(n, (chunk + 1) * step)):
            g = order[j]
            k = starts[g]
            for ty in range(tiles[g, 2], tiles[g, 3]):
                for tx in range(tiles[g, 0], tiles[g, 1]):
                    t = ty * tiles_across + tx
                    place = counts[chunk, t]
                    counts[chunk, t] = place + 1
                    ids[place] = g
                    places[k] = place
                    k += 1
