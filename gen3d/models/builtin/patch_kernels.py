"""The inner loops of patch-based completion: patch distance, nearest-neighbour search, voting.

Pictures come as float32 rows with their channels side by side, `h Cw`, so that one row of a patch is one run of
numbers. Inner loops count in unsigned places: numba lets signed ones be negative, counted from the end, and asks for
each number whether it is.
A *target* is the centre of a patch that lies inside the frame and touches the hole; `match[y, x]` is the centre of the
source patch that it looks like and `cost[y, x]` how badly. All kernels run on one thread each and draw their random
numbers from a seeded generator, so the same arguments give the same bytes.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from gen3d.geometry.compiled import compiled

R = 3
"""Patch radius: patches are 7 x 7 pixels. Chosen by eye."""
C = 5
"""Channels of a row: r, g, b and how strongly brightness varies sideways and downwards around there. By definition."""
ROW = C * (2 * R + 1)
"""Numbers in a row of a patch. By definition."""
SKY = np.float32(64.0)
"""What stands for log depth in the sky: further from any surface than surfaces are from each other. Chosen by eye."""

# Costs are in units of squared colour difference per pixel and channel; a good match has about 0.001.
SKY_COST = np.float32(0.5)
"""Of sky for a surface, and of a surface for the sky. Chosen by eye."""
FAR_COST, NEAR_COST, STEP_CAP = np.float32(0.01), np.float32(0.15), np.float32(1)
"""Per squared log depth difference, and once more if the source is nearer; differences above e count as e. Chosen by
eye."""
TILT_COST = np.float32(0.01)
"""Per 1 - cosine between the two surfaces' normals. Chosen by eye."""
AWAY_COST, ROW_COST = np.float32(0.01), np.float32(0.02)
"""Per squared distance between source and target, in picture diagonals; rows count extra, since ground changes with
them. Chosen by eye."""
NEARBY, NEAR_ROWS = np.float32(0.03), np.float32(0.01)
"""Up to so far distance is free: otherwise smooth areas are smeared out of the nearest pixels. Chosen by eye."""
VOTE_FALL, WORST_EXCESS = 0.08, 8.0
"""A vote's weight falls by exp(-VOTE_FALL d^2) with the distance d to its patch's centre; votes of a larger excess of
cost than WORST_EXCESS are left out. Chosen by eye."""
FAST = {"reassoc", "contract", "nsz", "arcp"}
"""Sums may be reordered, which the compiler does once for all runs; infinities keep their meaning."""


def fast(function: Callable) -> Callable:
    """`compiled` as every kernel of the completion wants it."""
    return compiled(function, fastmath=FAST)


@fast
def _next(s):
    """The generator's next state (xorshift, Marsaglia 2003)."""
    s ^= s << np.uint64(13)
    s ^= s >> np.uint64(7)
    return s ^ (s << np.uint64(17))


@fast
def _within(s, reach):
    """A step of at most `reach` either way: what is left of the state's upper bits divided by as many as there are."""
    drawn, steps = np.int64(s >> np.uint64(11)), np.int64(2 * reach + 1)
    left = drawn - np.int64(drawn * (1.0 / steps)) * steps  # rounding may be out by one, a division takes far longer
    return left - reach + (steps if left < 0 else -steps if left >= steps else 0)


@fast
def draws(goal, block_px, seed, states):
    """The generator's state where each sweep comes to the targets of each row of a block, `states` [k, row, block].

    `goal` is True at targets. A sweep draws two numbers for every reach at each target, in the order of the rows where
    its number k is even, else against it.
    """
    h, w = goal.shape
    reach, draws_each = max(h, w), 0
    while reach >= 1:
        draws_each, reach = draws_each + 2, reach // 2
    s, blocks = seed, states.shape[2]
    for k in range(states.shape[0]):
        for j in range(h):
            y = j if k % 2 == 0 else h - 1 - j
            for i in range(blocks):
                block = i if k % 2 == 0 else blocks - 1 - i
                states[k, y, block] = s
                targets = 0
                for x in range(block * block_px, min((block + 1) * block_px, w)):
                    targets += goal[y, x]
                for _ in range(targets * draws_each):
                    s = _next(s)


@fast
def _prior(guide, y, x, v, u, strict, bound):
    """The cost of copying (v, u) to (y, x) apart from colour: depth, tilt, distance; stops counting above `bound`."""
    h, w = guide.shape[:2]
    dy, dx = np.float32(v - y), np.float32(u - x)
    frame = np.float32(h * h + w * w)
    rows, away = dy * dy / frame, (dx * dx + dy * dy) / frame
    cost = AWAY_COST * max(away - NEARBY, np.float32(0)) + ROW_COST * max(rows - NEAR_ROWS, np.float32(0))
    if cost >= bound:
        return cost
    step = guide[v, u, 0] - guide[y, x, 0]
    if abs(step) > SKY / 2:
        return cost + SKY_COST
    tilt = np.float32(1)
    for k in range(1, 4):
        tilt -= guide[v, u, k] * guide[y, x, k]
    if step < 0:
        cost += NEAR_COST * min(step * step, STEP_CAP)
    return cost + strict[y, x] * (FAR_COST * min(step * step, STEP_CAP) + TILT_COST * tilt)


@fast
def _distance(target, source, weight, norm, guide, y, x, v, u, strict, bound):
    """Weighted mean squared difference of two patches plus the prior; stops counting above `bound`."""
    cost = _prior(guide, y, x, v, u, strict, bound)
    for k in range(-R, R + 1):
        if cost >= bound:
            break
        t, s, m = target[np.uintp(y + k)], source[np.uintp(v + k)], weight[np.uintp(y + k)]
        a, b = np.uintp(C * (x - R)), np.uintp(C * (u - R))
        row = np.float32(0)
        for i in range(np.uintp(ROW)):
            e = t[a + i] - s[b + i]
            row += m[a + i] * e * e
        cost += row * norm[y, x]
    return cost


@fast
def ask(target, source, weight, norm, guide, strict, match, cost, block):
    """The `cost` of what is matched, at the targets of the block (y0, y1, x0, x1): where it is finite."""
    y0, y1, x0, x1 = block
    for y in range(y0, y1):
        for x in range(x0, x1):
            if cost[y, x] < np.inf:
                v, u = match[y, x]
                bound = np.float32(np.inf)
                cost[y, x] = _distance(target, source, weight, norm, guide, y, x, v, u, strict, bound)


@fast
def sweep(target, source, weight, norm, guide, strict, lends, match, cost, block, step, states):
    """PatchMatch (Barnes et al. 2009): improve `match` and `cost` in place by propagation and random search.

    block: (y0, y1, x0, x1), where the targets are: the places of finite cost. step: 1 goes right and down and asks the
    neighbours to the left and above, -1 the other way round. lends: True at centres of patches that may be copied;
    entries of `match` must be such. strict: `h w`, how much depth and tilt count at a target. states:
    of the generator of chance at each row of the block.
    """
    h, w = cost.shape
    y0, y1, x0, x1 = block
    for j in range(y1 - y0):
        y = y0 + j if step == 1 else y1 - 1 - j
        chance = states[y]
        for i in range(x1 - x0):
            x = x0 + i if step == 1 else x1 - 1 - i
            best = cost[y, x]
            if not best < np.inf:
                continue
            v, u = match[y, x]
            asked_v, asked_u = v, u
            for axis in range(2):
                ny, nx = (y - step, x) if axis == 0 else (y, x - step)
                if 0 <= ny < h and 0 <= nx < w and cost[ny, nx] < np.inf:
                    cv, cu = match[ny, nx, 0] + (y - ny), match[ny, nx, 1] + (x - nx)
                    if (cv == v and cu == u) or (cv == asked_v and cu == asked_u):
                        continue
                    asked_v, asked_u = cv, cu
                    if 0 <= cv < h and 0 <= cu < w and lends[cv, cu]:
                        d = _distance(target, source, weight, norm, guide, y, x, cv, cu, strict, best)
                        if d < best:
                            best, v, u = d, cv, cu
            reach = max(h, w)
            while reach >= 1:
                chance = _next(chance)
                cv = v + _within(chance, reach)
                chance = _next(chance)
                cu = u + _within(chance, reach)
                if 0 <= cv < h and 0 <= cu < w and lends[cv, cu] and (cv != v or cu != u):
                    d = _distance(target, source, weight, norm, guide, y, x, cv, cu, strict, best)
                    if d < best:
                        best, v, u = d, cv, cu
                reach //= 2
            match[y, x, 0], match[y, x, 1], cost[y, x] = v, u, best


@fast
def vote(target, source, confidence, ys, xs, match, cost, softness):
    """Repaint the pixels (ys, xs) of `target` with the mean of what the patches over them propose.

    A proposal counts by its patch's confidence, how near the patch's centre is, and how its cost compares with the
    best proposal's: `softness` is the share of excess that lowers the weight to 1/e (small = sharp).
    """
    h, w = cost.shape
    mean, fall = np.zeros(C), _falls()
    for i in range(len(ys)):
        y, x = ys[i], xs[i]
        y0, y1, x0, x1 = max(y - R, 0), min(y + R + 1, h), max(x - R, 0), min(x + R + 1, w)
        best = np.float32(1e30)
        for q in range(y0, y1):
            for p in range(x0, x1):
                best = min(best, cost[np.uintp(q), np.uintp(p)])
        if best >= np.float32(1e30):
            continue
        mean[:], total = 0, 0.0
        steep = 1.0 / (softness * (best + np.float32(1e-5)))
        for q in range(y0, y1):
            costs, sure, matched = cost[np.uintp(q)], confidence[np.uintp(q)], match[np.uintp(q)]
            for p in range(x0, x1):
                at, dy, dx = np.uintp(p), q - y, p - x
                excess = (costs[at] - best) * steep
                if excess < WORST_EXCESS:
                    share = fall[np.uintp(dy + R), np.uintp(dx + R)]
                    if excess > 0:
                        share = np.exp(-excess - VOTE_FALL * (dy * dy + dx * dx))
                    m = sure[at] * share
                    colours, u = source[np.uintp(matched[at, 0] - dy)], np.uintp(C * (matched[at, 1] - dx))
                    for c in range(np.uintp(C)):
                        mean[c] += m * colours[u + c]
                    total += m
        for c in range(C):
            target[y, C * x + c] = mean[c] / total


@fast
def _falls():
    """What a vote weighs by the place of its patch's centre alone."""
    fall = np.empty((2 * R + 1, 2 * R + 1))
    for dy in range(-R, R + 1):
        for dx in range(-R, R + 1):
            fall[dy + R, dx + R] = np.exp(-VOTE_FALL * (dy * dy + dx * dx))
    return fall
