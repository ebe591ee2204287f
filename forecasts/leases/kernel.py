"""The simulation of one block of paths, as machine code: every lease, quarter by quarter.

Belongs here: what happens in a path, given tables. Not here: making the tables (simulate.py), what they mean
(hazards.py, demand.py).

Each draw is a hash of (seed, path, what draws, which draw): a lease meets the same luck in every scenario, and the bits
do not depend on how paths are shared out among workers (counter-based random numbers, Salmon et al. 2011; the mixer is
SplitMix64, Steele et al. 2014).

Order within a quarter: phases are delivered, leases end or are renewed, signed leases commence, renewals that grow take
space, new leases come. Space is never let twice: what does not fit waits or is cut.
"""

from __future__ import annotations

import math

import numpy as np

from forecasts.compiling import compiled

# Events of a lease.
EXIT, EXPIRY, COMMENCE = 1, 2, 3
# An early end that comes by a scenario's shocks: without them the lease would still be there.
DRIVEN = 4
# A lease in place whose next event is the end of its first contract.
STANDING = 5
# Causes of a change of leased MW, columns of `flows`.
CAUSES = ("expiry", "early_end", "smaller", "larger", "commencement", "pre_lease", "new_lease", "moved")
BLOCKS = 24
_LEAST = 0.05
_LEAD_QUARTERS = 4.0
# New leases of one hall in one quarter; beyond lies rounding of the Poisson sum.
_MOST_IN_A_QUARTER = 500
# Quarters of a simulation, at most: they tell apart what halls draw.
_QUARTERS = 128
# Quarters for which delivered space is fresh, and settling (demand.FRESH_QUARTERS, SETTLING_QUARTERS).
_FRESH, _SETTLING = 4, 8
# Highest rate of early ends a quarter that a draw of coefficients is followed to.
_MOST = math.exp(2.0)


@compiled
def mixed(value: np.uint64) -> np.uint64:
    """SplitMix64's finaliser of a 64-bit number."""
    z = np.uint64(value) + np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.uint64(z ^ (z >> np.uint64(31)))


@compiled
def uniform(stream: np.uint64, thing: int, draw: int) -> float:
    """A number in (0, 1) that depends on nothing but its arguments: stream (of a path and purpose), thing, draw."""
    key = stream + np.uint64(thing) * np.uint64(0xD1342543DE82EF95) + np.uint64(draw) * np.uint64(0xA24BAED4963EE407)
    return float((np.float64(mixed(key) >> np.uint64(11)) + 0.5) / 9007199254740992.0)


@compiled
def normal(stream: np.uint64, thing: int, draw: int) -> float:
    """A standard normal number (Box and Muller 1958) of two uniform ones."""
    u = uniform(stream, thing, 2 * draw)
    v = uniform(stream, thing, 2 * draw + 1)
    return math.sqrt(-2.0 * math.log(u)) * math.cos(2.0 * math.pi * v)


@compiled
def slot_of(u: float, slots: int) -> int:
    """Index of a table of equally likely slots."""
    at = int(u * slots)
    return at if at < slots else slots - 1


@compiled
def _let(blocks: np.ndarray, counts: np.ndarray, f: int, mw: float) -> None:
    """Take mw out of a hall's free blocks: the smallest that holds it, else the largest ones in turn."""
    left = mw
    while left > 1e-9 and counts[f] > 0:
        best = -1
        largest = 0
        for b in range(counts[f]):
            if blocks[f, b] >= left - 1e-9 and (best < 0 or blocks[f, b] < blocks[f, best]):
                best = b
            if blocks[f, b] > blocks[f, largest]:
                largest = b
        if best < 0:
            best = largest
        taken = min(left, blocks[f, best])
        blocks[f, best] -= taken
        left -= taken
        if blocks[f, best] <= 1e-9:
            counts[f] -= 1
            blocks[f, best] = blocks[f, counts[f]]


@compiled
def _free(blocks: np.ndarray, counts: np.ndarray, f: int, mw: float) -> None:
    """Add a free block; where there is no room for one more, the two smallest become one."""
    if mw <= 1e-9:
        return
    if counts[f] == BLOCKS:
        first, second = 0, 1
        if blocks[f, second] < blocks[f, first]:
            first, second = 1, 0
        for b in range(2, BLOCKS):
            if blocks[f, b] < blocks[f, first]:
                first, second = b, first
            elif blocks[f, b] < blocks[f, second]:
                second = b
        blocks[f, first] += blocks[f, second]
        counts[f] -= 1
        blocks[f, second] = blocks[f, counts[f]]
    blocks[f, counts[f]] = mw
    counts[f] += 1


@compiled
def _schedule(
    i: int, q: int, leave: int, rate: float, g: int, k: int, u: float, times: np.ndarray, extra_risk: np.ndarray,
    plain: np.ndarray, quarters: int, head: np.ndarray, following: np.ndarray, kind: np.ndarray,
) -> None:  # fmt: skip
    """Put a lease that is in place after quarter q where its next event is: an early end before its contract's, or the
    contract's end. After quarter 0 the latter is only marked: leases in place come in order of it. Its hazard summed up
    to a quarter is rate * times[g, k] + extra_risk[k], and without shocks rate * plain[g], each (.., quarters + 1).
    """
    last = min(leave - 1, quarters)
    if last > q:
        summed = rate * (times[g, k, last] - times[g, k, q]) + extra_risk[k, last] - extra_risk[k, q]
        # exp(-x) is at least 1 - x, which spares most leases the exponential.
        if u > 1.0 - summed and u > math.exp(-summed):
            at = q + 1
            while at < last and u <= math.exp(
                -(rate * (times[g, k, at] - times[g, k, q]) + extra_risk[k, at] - extra_risk[k, q])
            ):  # fmt: skip
                at += 1
            kind[i] = EXIT if u > math.exp(-rate * (plain[g, at] - plain[g, q])) else DRIVEN
            following[i] = head[at]
            head[at] = i
            return
    if q == 0:
        kind[i] = STANDING
    elif leave <= quarters:
        kind[i] = EXPIRY
        following[i] = head[leave]
        head[leave] = i


@compiled
def _drawn(stream: np.uint64, purpose: int, mode: np.ndarray, root: np.ndarray, spread: float) -> np.ndarray:
    """Coefficients of one path from their posterior."""
    beta = mode.copy()
    if spread > 0:
        z = np.empty(len(mode))
        for k in range(len(mode)):
            z[k] = normal(stream, purpose, k)
        for j in range(len(mode)):
            for k in range(len(mode)):
                beta[j] += spread * root[j, k] * z[k]
    return beta


@compiled
def _levels(design: np.ndarray, first: int, beta: np.ndarray, level: np.ndarray) -> None:
    """level = design @ beta[first:first + columns]."""
    for c in range(design.shape[0]):
        level[c] = 0.0
        for k in range(design.shape[1]):
            level[c] += design[c, k] * beta[first + k]


@compiled
def _hazards(
    stream: np.uint64, left: np.ndarray, right: np.ndarray, mode_r: np.ndarray, root_r: np.ndarray,
    mode_e: np.ndarray, root_e: np.ndarray, groups: np.ndarray, drift_sd: np.ndarray, exit_times: np.ndarray,
    exit_more: np.ndarray, spread: float, renew_left: np.ndarray, renew_right: np.ndarray, rate_left: np.ndarray,
    rate_right: np.ndarray, walked: np.ndarray, times: np.ndarray, extra_risk: np.ndarray, plain: np.ndarray,
) -> None:  # fmt: skip
    """Fill what one path believes of leases: coefficients from their posterior, sector groups and public tenants by
    stack on random walks (groups (pairs, 2), -1 none). Renewal at quarter q: logit renew_left + renew_right +
    walked[g, q]; rate of early ends rate_left * rate_right; times, extra_risk and plain as in _schedule.
    """
    quarters = exit_times.shape[1]
    cut = left.shape[1]
    beta_r = _drawn(stream, 1, mode_r, root_r, spread)
    beta_e = _drawn(stream, 2, mode_e, root_e, spread)
    _levels(left, 0, beta_r, renew_left)
    _levels(right, cut, beta_r, renew_right)
    _levels(left, 0, beta_e, rate_left)
    _levels(right, cut, beta_e, rate_right)
    for a in range(len(rate_left)):
        rate_left[a] = math.exp(rate_left[a])
    for b in range(len(rate_right)):
        rate_right[b] = math.exp(rate_right[b])
    walks = np.zeros((len(drift_sd), quarters))
    for g in range(len(drift_sd)):
        reached = 0.0
        for q in range(quarters):
            reached += spread * drift_sd[g] * normal(stream, 3 + g, q)
            walks[g, q] = reached
    for k in range(exit_more.shape[0]):
        extra_risk[k, 0] = 0.0
        for q in range(quarters):
            extra_risk[k, q + 1] = extra_risk[k, q] + exit_more[k, q]
    for g in range(groups.shape[0]):
        for q in range(quarters):
            walk = 0.0
            for side in range(2):
                if groups[g, side] >= 0:
                    walk += walks[groups[g, side], q]
            walked[g, q + 1] = walk
            eased = math.exp(-walk)
            plain[g, q + 1] = plain[g, q] + eased
            for k in range(exit_times.shape[0]):
                times[g, k, q + 1] = times[g, k, q] + eased * exit_times[k, q]


@compiled
def block(
    first_path: int, paths: int, seed: int, quarters: int, spread: float, together: np.ndarray,
    lease_hall: np.ndarray, lease_cell: np.ndarray, lease_tenant: np.ndarray, lease_mw: np.ndarray,
    lease_stack: np.ndarray, lease_sector: np.ndarray, lease_start: np.ndarray, lease_leave: np.ndarray,
    lease_settled: np.ndarray, lease_late: np.ndarray, cell_left: np.ndarray, cell_right: np.ndarray,
    cell_pair: np.ndarray, cell_met: np.ndarray, left: np.ndarray, right: np.ndarray, mode_r: np.ndarray,
    root_r: np.ndarray, mode_e: np.ndarray, root_e: np.ndarray, groups: np.ndarray, drift_sd: np.ndarray,
    renew_shift: np.ndarray, renew_keep: np.ndarray, renew_set: np.ndarray, exit_times: np.ndarray,
    exit_more: np.ndarray, move_share: np.ndarray, move_to: np.ndarray, sizes_ratio: np.ndarray, terms: np.ndarray,
    new_terms: np.ndarray, delay_cdf: np.ndarray, hall_market: np.ndarray, hall_capacity: np.ndarray,
    hall_let: np.ndarray, hall_vacant_stack: np.ndarray, hall_added: np.ndarray, phase_hall: np.ndarray,
    phase_quarter: np.ndarray, phase_mw: np.ndarray, phase_pre: np.ndarray, phase_cdf: np.ndarray,
    rate_mode: np.ndarray, rate_root: np.ndarray, usual: np.ndarray, rate_drift: float, demand_times: np.ndarray,
    rivals: np.ndarray, new_sizes: np.ndarray, new_size_mean: np.ndarray, new_sector_cdf: np.ndarray,
    new_cell: np.ndarray, move_rate: float, hall_slot: np.ndarray, hall_operator: np.ndarray, leased: np.ndarray,
    in_service: np.ndarray, stack_leased: np.ndarray, stack_vacant: np.ndarray, largest: np.ndarray,
    flows: np.ndarray,
) -> None:  # fmt: skip
    """Simulate paths first_path .. first_path + paths - 1 and write them into the outputs.

    Outputs, indexed by the path's own number: leased (halls, paths, quarters) MW; in_service (slots, paths, quarters)
    of halls with phases (hall_slot, -1 without); stack_leased, stack_vacant (stacks, paths, quarters); largest (halls,
    paths, quarters) largest contiguous free block, or an empty array. flows (operators, causes, quarters): MW summed
    over the paths of this block. What the tables are stands in simulate.Tables.
    """
    count = len(lease_mw)
    halls = len(hall_market)
    markets = len(usual)
    slots = len(sizes_ratio)
    # Room for new leases: all space let twice over at the smallest size is more than any path lets.
    space = hall_capacity.sum() + phase_mw.sum()
    most = count + 64 + int(2.0 * space / max(new_sizes.min(), _LEAST))
    mw = np.empty(most)
    hall = np.empty(most, dtype=np.int32)
    cell = np.empty(most, dtype=np.int32)
    stack = np.empty(most, dtype=np.int8)
    sector = np.empty(most, dtype=np.int8)
    kind = np.zeros(most, dtype=np.int8)
    following = np.empty(most, dtype=np.int64)
    turns = np.zeros(most, dtype=np.int32)
    luck = np.zeros(most, dtype=np.int64)
    hall[:count], cell[:count], stack[:count], sector[:count] = lease_hall, lease_cell, lease_stack, lease_sector
    head = np.empty(quarters + 2, dtype=np.int64)
    starting = np.empty(quarters + 2, dtype=np.int64)
    leave_of = np.empty(most, dtype=np.int64)
    renew_left, rate_left = np.empty(left.shape[0]), np.empty(left.shape[0])
    renew_right, rate_right = np.empty(right.shape[0]), np.empty(right.shape[0])
    walked = np.zeros((groups.shape[0], quarters + 1))
    times = np.zeros((groups.shape[0], exit_times.shape[0], quarters + 1))
    extra_risk = np.zeros((exit_times.shape[0], quarters + 1))
    plain = np.zeros((groups.shape[0], quarters + 1))
    # Leases in place come first, in order of their contracts' ends: those that end in a quarter stand side by side.
    ending = np.zeros(quarters + 2, dtype=np.int64)
    for q in range(1, quarters + 2):
        ending[q] = ending[q - 1]
        while ending[q] < count and lease_start[ending[q]] == 0 and lease_leave[ending[q]] <= q:
            ending[q] += 1
    # What is in place today is so on every path.
    taken_now, stack_now = np.zeros(halls), np.zeros(4)
    for i in range(count):
        if lease_start[i] == 0:
            taken_now[lease_hall[i]] += lease_mw[i]
            stack_now[lease_stack[i]] += lease_mw[i]
    level_of = np.empty(markets)
    usual_of = np.empty(markets)
    rival_of = np.empty(markets)
    taken = np.empty(halls)
    capacity = np.empty(halls)
    pre = np.zeros(halls)
    added = np.zeros((halls, _SETTLING + quarters))
    vacant = np.empty(markets)
    suited = np.empty((markets, 4))
    pool = np.empty((markets, 4))
    rate = np.empty(len(rate_mode))
    intensity = np.empty(4)
    growing = np.empty(most, dtype=np.int64)
    wanted = np.empty(most)
    blocks = np.zeros((halls, BLOCKS))
    counts = np.zeros(halls, dtype=np.int64)
    track = largest.shape[0] > 0
    for path in range(first_path, first_path + paths):
        root = mixed(np.uint64(seed) * np.uint64(0x9FB21C651E98DF25) + np.uint64(path))
        of_cells, of_leases = mixed(root + np.uint64(1)), mixed(root + np.uint64(2))
        of_tenants, of_new = mixed(root + np.uint64(3)), mixed(root + np.uint64(4))
        of_phases, of_rates = mixed(root + np.uint64(5)), mixed(root + np.uint64(6))
        of_later = mixed(root + np.uint64(7))
        _hazards(
            of_cells, left, right, mode_r, root_r, mode_e, root_e, groups, drift_sd, exit_times, exit_more, spread,
            renew_left, renew_right, rate_left, rate_right, walked, times, extra_risk, plain,
        )  # fmt: skip
        for k in range(len(rate_mode)):
            rate[k] = rate_mode[k]
            if spread > 0:
                for j in range(rate_root.shape[1]):
                    rate[k] += spread * rate_root[k, j] * normal(of_rates, 0, j)
        elasticity = min(max(rate[markets] + 1.0, 0.0), 1.2)
        head[:] = -1
        starting[:] = -1
        taken[:] = taken_now
        pool[:] = 0.0
        in_stack = stack_now.copy()
        capacity[:] = hall_capacity
        added[:, :_SETTLING] = hall_added
        added[:, _SETTLING:] = 0.0
        # Leases that are there, and those that are signed.
        for i in range(count):
            if lease_start[i] > 0:
                u = uniform(of_leases, i, 0)
                late = 0
                if lease_settled[i] == 0:
                    # A delay that has been announced already is part of the one that is drawn.
                    known = min(lease_late[i], len(delay_cdf) - 1)
                    past = delay_cdf[known - 1] if known > 0 else 0.0
                    u = past + u * (1.0 - past)
                    late = known
                    while late < len(delay_cdf) - 1 and u > delay_cdf[late]:
                        late += 1
                    late -= known
                at = lease_start[i] + late
                leave_of[i] = lease_leave[i]
                mw[i], turns[i] = lease_mw[i], 0
                if at <= quarters:
                    kind[i] = COMMENCE
                    following[i] = starting[at]
                    starting[at] = i
                continue
            if lease_settled[i] == 1:
                kind[i] = STANDING
                continue
            t = lease_tenant[i]
            c = lease_cell[i]
            u = uniform(of_tenants, t, 0) if uniform(of_leases, i, 1) < together[c] else uniform(of_leases, i, 2)
            _schedule(
                i, 0, lease_leave[i], min(rate_left[cell_left[c]] * rate_right[cell_right[c]], _MOST), cell_pair[c],
                cell_met[c], u, times, extra_risk, plain, quarters, head, following, kind,
            )  # fmt: skip
            if kind[i] != STANDING:
                mw[i] = lease_mw[i]
        if track:
            for f in range(halls):
                counts[f] = 0
                _free(blocks, counts, f, capacity[f] - taken[f])
        size = count
        walk = np.zeros(markets)
        for q in range(1, quarters + 1):
            pre[:] = 0.0
            for d in range(len(phase_hall)):
                u = uniform(of_phases, d, 0)
                late = 0
                while late < phase_cdf.shape[1] - 1 and u > phase_cdf[d, late]:
                    late += 1
                # The last slot stands for a phase that does not come.
                if late < phase_cdf.shape[1] - 1 and phase_quarter[d] + late == q:
                    f = phase_hall[d]
                    capacity[f] += phase_mw[d]
                    added[f, _SETTLING + q - 1] += phase_mw[d]
                    pre[f] += phase_pre[d] * phase_mw[d] * min(1.0, q / _LEAD_QUARTERS)
                    if track:
                        _free(blocks, counts, f, phase_mw[d])
            # Ends and renewals.
            grow = 0
            at = ending[q - 1]
            listed = head[q]
            while True:
                if at < ending[q]:
                    i = at
                    at += 1
                    if kind[i] != STANDING:
                        continue
                    kind[i], mw[i], turns[i] = EXPIRY, lease_mw[i], 0
                elif listed >= 0:
                    i = listed
                    listed = following[i]
                else:
                    break
                f, c, s = hall[i], cell[i], stack[i]
                o = hall_operator[f]
                gone = 0.0
                driven = kind[i] == DRIVEN
                if kind[i] == EXIT or kind[i] == DRIVEN:
                    gone = mw[i]
                    flows[o, 1, q - 1] -= gone
                else:
                    settled = i < count and lease_settled[i] == 1
                    turns[i] += 1
                    draw = 3 + 6 * turns[i]
                    own = of_leases if i < count else of_later
                    thing = i if i < count else luck[i]
                    a, b, g, k = cell_left[c], cell_right[c], cell_pair[c], cell_met[c]
                    unmoved = renew_left[a] + renew_right[b] + walked[g, q]
                    chance = 1.0 / (1.0 + math.exp(-(unmoved + renew_shift[k, q - 1])))
                    chance = renew_keep[k, q - 1] * chance + renew_set[k, q - 1]
                    u = uniform(own, thing, draw)
                    if i < count and uniform(own, thing, draw + 1) < together[c]:
                        u = uniform(of_tenants, lease_tenant[i], turns[i])
                    if not settled and u < chance:
                        ratio = sizes_ratio[slot_of(uniform(own, thing, draw + 2), slots)]
                        if ratio < 1.0:
                            freed = mw[i] * (1.0 - ratio)
                            mw[i] -= freed
                            taken[f] -= freed
                            in_stack[s] -= freed
                            flows[o, 2, q - 1] -= freed
                            if track:
                                _free(blocks, counts, f, freed)
                        elif ratio > 1.0:
                            growing[grow] = i
                            wanted[grow] = mw[i] * (ratio - 1.0)
                            grow += 1
                        term = terms[sector[i], slot_of(uniform(own, thing, draw + 3), slots)]
                        leave = q + max(1, int(term))
                        _schedule(
                            i, q, leave, min(rate_left[a] * rate_right[b], _MOST), g, k, uniform(own, thing, draw + 4),
                            times, extra_risk, plain, quarters, head, following, kind,
                        )  # fmt: skip
                    else:
                        gone = mw[i]
                        driven = not settled and u < 1.0 / (1.0 + math.exp(-unmoved))
                        flows[o, 0, q - 1] -= gone
                if gone > 0.0:
                    taken[f] -= gone
                    in_stack[s] -= gone
                    # What would have left anyway is in the demand that history shows.
                    if driven and move_share[c] > 0.0:
                        pool[hall_market[f], move_to[c]] += gone * move_share[c]
                    if track:
                        _free(blocks, counts, f, gone)
            # Signed leases commence where there is room, else they wait a quarter.
            i = starting[q]
            while i >= 0:
                after = following[i]
                f = hall[i]
                if taken[f] + mw[i] <= capacity[f] + 1e-6:
                    taken[f] += mw[i]
                    in_stack[stack[i]] += mw[i]
                    flows[hall_operator[f], 4, q - 1] += mw[i]
                    if track:
                        _let(blocks, counts, f, mw[i])
                    turns[i] = 0
                    c = lease_cell[i]
                    _schedule(
                        i, q, max(leave_of[i], q + 1), min(rate_left[cell_left[c]] * rate_right[cell_right[c]], _MOST),
                        cell_pair[c], cell_met[c], uniform(of_leases, i, 2), times, extra_risk, plain, quarters,
                        head,
                        following, kind,
                    )  # fmt: skip
                    pre[f] = max(0.0, pre[f] - mw[i])
                elif q < quarters:
                    following[i] = starting[q + 1]
                    starting[q + 1] = i
                i = after
            for g in range(grow):
                i = growing[g]
                f = hall[i]
                more = min(wanted[g], capacity[f] - taken[f])
                if more > 0.0:
                    mw[i] += more
                    taken[f] += more
                    in_stack[stack[i]] += more
                    flows[hall_operator[f], 3, q - 1] += more
                    if track:
                        _let(blocks, counts, f, more)
            # New leases.
            vacant[:] = 0.0
            suited[:] = 0.0
            for f in range(halls):
                free = capacity[f] - taken[f]
                if free > 0.0:
                    vacant[hall_market[f]] += free
                    for s in range(4):
                        suited[hall_market[f], s] += free * hall_let[f, s]
            for m in range(markets):
                walk[m] += spread * rate_drift * normal(of_rates, 1 + m, q)
                level_of[m] = math.exp(min(rate[m] + walk[m], 3.0))
                usual_of[m] = (max(vacant[m], _LEAST) / usual[m]) ** (elasticity - 1.0)
                rival_of[m] = vacant[m] / (vacant[m] + rivals[m, q - 1])
            for f in range(halls):
                free = capacity[f] - taken[f]
                if free < _LEAST:
                    continue
                m = hall_market[f]
                level = level_of[m] * free * usual_of[m] * rival_of[m]
                fresh, settling = 0.0, 0.0
                for back in range(_SETTLING):
                    if back < _FRESH:
                        fresh += added[f, _SETTLING + q - 1 - back]
                    else:
                        settling += added[f, _SETTLING + q - 1 - back]
                if fresh + settling > 0.0:
                    level *= math.exp(
                        min(
                            rate[markets + 1] * min(fresh / free, 1.0) + rate[markets + 2] * min(settling / free, 1.0),
                            3.0,
                        )
                    )
                base, moved = 0.0, 0.0
                for s in range(4):
                    part = level * hall_let[f, s] * demand_times[m, s, q - 1]
                    base += part
                    extra = 0.0
                    if pool[m, s] > 0.0 and suited[m, s] > 0.0:
                        extra = move_rate * pool[m, s] * free * hall_let[f, s] / suited[m, s] / new_size_mean[m]
                    moved += extra
                    intensity[s] = part + extra
                early = pre[f] / new_size_mean[m]
                mean = base + moved + early
                if mean <= 0.0:
                    continue
                thing = f * _QUARTERS + q
                u = uniform(of_new, thing, 0)
                chance = math.exp(-min(mean, 500.0))
                reached, number = chance, 0
                while u > reached and number < _MOST_IN_A_QUARTER:
                    number += 1
                    chance *= mean / number
                    reached += chance
                for n in range(number):
                    free = capacity[f] - taken[f]
                    if size >= most or free < _LEAST:
                        break
                    fitting = slots
                    while fitting > 0 and new_sizes[m, fitting - 1] > free + 1e-9:
                        fitting -= 1
                    if fitting == 0:
                        break
                    draw = 1 + 6 * n
                    i = size
                    amount = new_sizes[m, slot_of(uniform(of_new, thing, draw), fitting)]
                    u = uniform(of_new, thing, draw + 1)
                    k = 0
                    while k < new_sector_cdf.shape[1] - 1 and u > new_sector_cdf[m, k]:
                        k += 1
                    total = base + moved
                    u = uniform(of_new, thing, draw + 2) * total
                    s = 0
                    while s < 3 and u > intensity[s]:
                        u -= intensity[s]
                        s += 1
                    mw[i], hall[i], stack[i], sector[i] = amount, f, s, k
                    cell[i] = new_cell[m, k, s]
                    turns[i] = 0
                    luck[i] = thing * _MOST_IN_A_QUARTER + n
                    size += 1
                    taken[f] += amount
                    in_stack[s] += amount
                    u = uniform(of_new, thing, draw + 3) * mean
                    if u < early:
                        flows[hall_operator[f], 5, q - 1] += amount
                    elif u < early + moved:
                        flows[hall_operator[f], 7, q - 1] += amount
                        pool[m, s] = max(0.0, pool[m, s] - amount)
                    else:
                        flows[hall_operator[f], 6, q - 1] += amount
                    if track:
                        _let(blocks, counts, f, amount)
                    term = new_terms[k, slot_of(uniform(of_new, thing, draw + 4), slots)]
                    c = cell[i]
                    _schedule(
                        i, q, q + max(1, int(term)), min(rate_left[cell_left[c]] * rate_right[cell_right[c]], _MOST),
                        cell_pair[c], cell_met[c], uniform(of_new, thing, draw + 5), times, extra_risk, plain,
                        quarters, head,
                        following, kind,
                    )  # fmt: skip
            for f in range(halls):
                leased[f, path, q - 1] = taken[f]
                if hall_slot[f] >= 0:
                    in_service[hall_slot[f], path, q - 1] = capacity[f]
                free = max(0.0, capacity[f] - taken[f])
                for s in range(4):
                    stack_vacant[s, path, q - 1] += free * hall_vacant_stack[f, s]
                if track:
                    best = 0.0
                    for b in range(counts[f]):
                        best = max(best, blocks[f, b])
                    largest[f, path, q - 1] = best
            for s in range(4):
                stack_leased[s, path, q - 1] = in_stack[s]
