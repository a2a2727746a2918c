"""Who is drawn where: one list of Gaussians per tile, in the order of the file.

A Gaussian takes part in a rectangle of tiles. Its meetings with them are numbered, Gaussian by Gaussian and row by row:
the number of such a pair is where its gradient goes, so that a Gaussian's gradients lie side by side.
Nothing depends on the number of threads.
"""

from __future__ import annotations

import numpy as np
from numba import int64, uint64

from gen3d.splat.cpu.kernels import DEPTH, kernel
from gen3d.splat.cpu.machine import next_ticket

DEPTH_SHIFT = np.uint64(32)
PAIR = np.uint64((1 << 32) - 1)
"""A key holds the bits of the depth in its upper half (for positive floats the order of the bits is the order of the
values), and the pair's number in its lower half."""
CHUNK = 8192
"""Gaussians of a part of the file."""


@kernel
def count(tickets, tiles, tiles_across, counts):
    """counts[chunk, tile]: how many Gaussians of that part of the file touch the tile. Comes zeroed."""
    chunk = next_ticket(tickets)
    while chunk < len(counts):
        for g in range(chunk * CHUNK, min((chunk + 1) * CHUNK, len(tiles))):
            for ty in range(tiles[g, 2], tiles[g, 3]):
                for tx in range(tiles[g, 0], tiles[g, 1]):
                    counts[chunk, ty * tiles_across + tx] += 1
        chunk = next_ticket(tickets)


@kernel
def scan(counts, tiles, tile_starts, starts):
    """Turns counts into first places (in place), for tiles and for Gaussians.

    The list of tile t is [tile_starts[t], tile_starts[t + 1]); the pairs of Gaussian i are [starts[i], starts[i + 1]).
    """
    total = 0
    for t in range(counts.shape[1]):
        tile_starts[t] = total
        for chunk in range(len(counts)):
            here = counts[chunk, t]
            counts[chunk, t] = total
            total += here
    tile_starts[counts.shape[1]] = total
    pairs = 0
    for i in range(len(tiles)):
        starts[i] = pairs
        pairs += (int64(tiles[i, 1]) - int64(tiles[i, 0])) * (int64(tiles[i, 3]) - int64(tiles[i, 2]))
    starts[len(tiles)] = pairs


@kernel
def fill(tickets, packed_bits, tiles, tiles_across, counts, starts, keys, owners):
    """Writes the lists: `keys` holds all tiles' lists one after the other; owners[pair] is the pair's Gaussian.

    `packed_bits` is `packed` seen as uint32. `counts` are used up.
    """
    chunk = next_ticket(tickets)
    while chunk < len(counts):
        for g in range(chunk * CHUNK, min((chunk + 1) * CHUNK, len(tiles))):
            pair = starts[g]
            depth = uint64(packed_bits[g, DEPTH]) << DEPTH_SHIFT
            for ty in range(tiles[g, 2], tiles[g, 3]):
                for tx in range(tiles[g, 0], tiles[g, 1]):
                    t = ty * tiles_across + tx
                    keys[counts[chunk, t]] = depth | uint64(pair)
                    counts[chunk, t] += 1
                    owners[pair] = g
                    pair += 1
        chunk = next_ticket(tickets)
