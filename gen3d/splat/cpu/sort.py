"""The lists of the tiles, each put in order from near to far; equal depths keep the order of the file.

Each list is sorted by itself: it fits the cache, and lists are spread over the threads.
"""

from __future__ import annotations

import numpy as np
from numba import int32, uint32

from gen3d.splat.cpu.binning import DEPTH_SHIFT, PAIR
from gen3d.splat.cpu.kernels import inlined, kernel
from gen3d.splat.cpu.machine import next_ticket

BUCKETS = 256
LOW = np.uint64(BUCKETS - 1)
SHIFTS = tuple(DEPTH_SHIFT + np.uint64(k) for k in (0, 8, 16, 24))
"""Four digits of eight bits make up a depth."""


@inlined
def _starts_of_buckets(keys):
    """[digit, bucket]: where the keys of that bucket begin when they are in order of that digit."""
    starts = np.zeros((4, BUCKETS), np.uint32)
    for j in range(len(keys)):
        for digit in range(4):
            starts[digit, (keys[j] >> SHIFTS[digit]) & LOW] += uint32(1)
    for digit in range(4):
        total = uint32(0)
        for bucket in range(BUCKETS):
            here = starts[digit, bucket]
            starts[digit, bucket] = total
            total += here
    return starts


@inlined
def _scatter(keys, shift, heads, out):
    """One pass of the radix sort: moves every key to its bucket, keeping the order inside a bucket."""
    for j in range(len(keys)):
        key = keys[j]
        bucket = (key >> shift) & LOW
        out[heads[bucket]] = key
        heads[bucket] += uint32(1)


@kernel
def sort_list(keys):
    """Sorts keys in place by their depth bits, stably, the low digits first."""
    starts, other = _starts_of_buckets(keys), np.empty_like(keys)
    _scatter(keys, SHIFTS[0], starts[0], other)
    _scatter(other, SHIFTS[1], starts[1], keys)
    _scatter(keys, SHIFTS[2], starts[2], other)
    _scatter(other, SHIFTS[3], starts[3], keys)


@kernel
def sort(tickets, keys, tile_starts, owners, ids, pairs):
    """Sorts every list of `keys` in place and takes it apart, into pairs and the Gaussians `ids` they belong to."""
    t = next_ticket(tickets)
    while t < len(tile_starts) - 1:
        first, last = tile_starts[t], tile_starts[t + 1]
        sort_list(keys[first:last])
        for s in range(first, last):
            pair = int32(keys[s] & PAIR)
            pairs[s], ids[s] = pair, owners[pair]
        t = next_ticket(tickets)
