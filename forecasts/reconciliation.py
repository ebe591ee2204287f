"""What adds up, and what sums that have a forecast of their own say of their members: the minimum trace projection.

Belongs here: the summing matrix, the covariance behind the projection, and the projection itself, of medians. Drawing
paths (paths.py) and moving them to what was found (coherence.py) do not belong here.

Only medians are projected. Projecting each path, of used and of in-service capacity by itself, would add up too, but it
tears the two apart: a path's used capacity then passes what is in service or falls below zero, both have to be held,
and the rate, which is their ratio, spreads by what was held and by what the two projections disagree on. It also
averages away what levels contradict each other by, path by path, so that bands are narrower than they were calibrated
and would have to be widened again, level by level. Paths that are moved whole and then added up keep every bottom's
calibrated band, and each adds up by itself.

The projection depends on W only up to S X S', the part that the quarters to come do to all levels alike, because C S =
0 below: what counts is the noise of the forecasts themselves, which errors of a dozen origins do not show apart. It is
taken to be each forecast's own, in proportion to the variance of its errors (`medians`).

Nodes stand in one order everywhere: sums first, from the top level down, then the bottoms, as in S = [A; I].

Source: Wickramasuriya, Athanasopoulos and Hyndman (2019), Optimal forecast reconciliation for hierarchical and grouped
time series through trace minimization, JASA 114.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

Node = TypeVar("Node", bound=Hashable)

# An incoherence whose variance is this small a share of its parts' says nothing that its members do not.
NO_VARIANCE = 1e-12
SINGULAR = 1e-10
# A repeated sum's standard deviation, in its own, from which it has no say (without_repeats).
UNINFORMATIVE = 1e4


@dataclass(frozen=True)
class Projection:
    """matrix: (nodes, nodes), coherent forecasts = matrix @ base forecasts; reason: why it is not, or not in all sums,
    minimum trace ("" where it is).
    """

    matrix: np.ndarray
    reason: str


def summing(nodes: Sequence[Node], bottoms: Sequence[Node], weights: Mapping[Node, Mapping[Node, float]]) -> np.ndarray:
    """Summing matrix S (nodes, bottoms): coherent values = S @ bottoms' values.

    nodes: sums first, then the bottoms in their order. weights: of each sum its members' weights, above 0, fractions
    allowed (a stack class counts a share of a member); a member that is itself a sum is written as its bottoms. Raises
    ValueError, naming the node, for another order, a sum without members, an unknown member or a weight below 0.
    """
    names = list(nodes)
    sums = len(names) - len(bottoms)
    if len(set(names)) != len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"nodes: found {twice!r} twice; expected each name once.")
    if sums < 0 or names[sums:] != list(bottoms):
        raise ValueError(f"nodes: found {names[max(sums, 0) :][:5]} at the end; expected the bottoms in their order.")
    place = {name: at for at, name in enumerate(bottoms)}
    s = np.zeros((len(names), len(place)))
    s[sums:] = np.eye(len(place))
    for row, name in enumerate(names[:sums]):
        for member, weight in weights.get(name, {}).items():
            if member not in place:
                raise ValueError(f"weights of {name!r}: found {member!r}; expected one of the {len(place)} bottoms.")
            if not (np.isfinite(weight) and weight >= 0):
                raise ValueError(
                    f"weights of {name!r}: found {weight} for {member!r}; expected a number of at least 0."
                )
            s[row, place[member]] = weight
        if not s[row].any():
            raise ValueError(f"weights of {name!r}: found none above 0; expected a member. Leave the sum out.")
    return s


def without_repeats(s: np.ndarray, covariance: np.ndarray) -> np.ndarray:
    """The covariance (..., nodes, nodes) in which a repeated sum has no say.

    A sum of the same members in the same proportions as an earlier sum, or as one bottom, is the same forecast once
    more: counted twice it would pull its members too hard.
    """
    sums = len(s) - s.shape[1]
    answer = covariance.copy()
    for at in _repeats(s):
        row = s[at] + 0.0
        variance = answer[..., at, at].copy()
        members = np.einsum("i,...ij,j->...", row, covariance[..., sums:, sums:], row)
        answer[..., at, :] = 0.0
        answer[..., :, at] = 0.0
        answer[..., at, at] = np.maximum(variance, members) * UNINFORMATIVE**2
    return answer


def _repeats(s: np.ndarray) -> list[int]:
    """Rows of sums that say the same as an earlier sum, or as one bottom."""
    first: dict[bytes, int] = {}
    # Rounded, since a class's shares of its members are quotients.
    return [
        at
        for at, row in enumerate(s[: len(s) - s.shape[1]] + 0.0)
        if np.count_nonzero(row) == 1 or first.setdefault(np.round(row / row.max(), 9).tobytes(), at) != at
    ]


def projection(s: np.ndarray, covariance: np.ndarray) -> Projection:
    """The minimum trace projection P = S (S' W^-1 S)^-1 S' W^-1 of Wickramasuriya et al. (2019, eq. 9).

    s: (nodes, bottoms), S = [A; I]; covariance: W (nodes, nodes) of base forecast errors. Worked out in its second form
    (same paper, eq. 10): bottoms - W_b C' (C W C')^-1 C base with C = [I, -A], which needs no inverse of W, so that
    nodes that are certain keep their forecast, and solves a system as small as there are sums, each in units of its own
    incoherence. Sums whose incoherence has no variance follow their members; where W is not a covariance, or the system
    is singular, all do (bottom-up), and the reason says so. Raises ValueError for shapes that do not fit.
    """
    _check(s, covariance)
    gain, reason = _gain(s, covariance)
    to_bottoms = np.hstack([-gain, np.eye(s.shape[1]) + gain @ s[: len(s) - s.shape[1]]])
    return Projection(s @ to_bottoms, reason)


def mint(s: np.ndarray, covariance: np.ndarray) -> np.ndarray:
    """The matrix of `projection`, shape (nodes, nodes)."""
    return projection(s, covariance).matrix


def medians(s: np.ndarray, base: np.ndarray, variance: np.ndarray) -> tuple[np.ndarray, list[str]]:
    """Reconciled medians of the bottoms (bottoms, horizon), and by horizon why a projection is not minimum trace.

    base, variance: medians of all nodes and variances of their calibrated errors (nodes, horizon). Variances alone: the
    shocks to come, which all levels share, cancel in the projection, and the noise of the forecasts is each one's own.
    A covariance drawn from an assumed dependence of a sum on its members would move these away from a sum whose bands
    are wider than theirs together, and past one whose bands are narrower. A repeated sum has no say (without_repeats).
    """
    sums = len(s) - s.shape[1]
    a, repeats = s[:sums], _repeats(s)
    answer, reasons = np.empty((s.shape[1], base.shape[1])), []
    for step in range(base.shape[1]):
        own = variance[:, step].copy()
        for at in repeats:
            own[at] = max(own[at], float((a[at] * a[at]) @ own[sums:])) * UNINFORMATIVE**2
        # No matrix of all nodes by all nodes: with thousands of series it would take more room than all their paths.
        gain, reason = _gain_of_variances(a, own)
        below = base[sums:, step]
        answer[:, step] = below - gain @ (base[:sums, step] - a @ below)
        reasons.append(reason)
    return answer, reasons


def _check(s: np.ndarray, covariance: np.ndarray) -> None:
    nodes, bottoms = s.shape
    if bottoms > nodes or not np.array_equal(s[nodes - bottoms :], np.eye(bottoms)):
        raise ValueError("s: expected S = [A; I], the sums' rows first and then one row a bottom; use summing().")
    if covariance.shape[-2:] != (nodes, nodes):
        raise ValueError(f"covariance: found shape {covariance.shape}; expected (..., {nodes}, {nodes}).")


def _gain(s: np.ndarray, covariance: np.ndarray) -> tuple[np.ndarray, str]:
    """K (bottoms, sums): coherent bottoms = bottoms - K (sums - A bottoms); and why it is not minimum trace."""
    sums = len(s) - s.shape[1]
    a = s[:sums]
    variance = np.diag(covariance)
    if sums and np.isfinite(covariance).all() and not (variance < 0).any():
        constrained = covariance[:sums] - a @ covariance[sums:]
        system = constrained[:, :sums] - constrained[:, sums:] @ a.T
        return _solved(a, variance, system, constrained[:, sums:])
    return _nothing_to_solve(a, covariance, variance)


def _gain_of_variances(a: np.ndarray, variance: np.ndarray) -> tuple[np.ndarray, str]:
    """As _gain, of errors that are each node's own: variance (nodes,), a (sums, bottoms) the rows of the sums in S."""
    sums = len(a)
    if sums and np.isfinite(variance).all() and not (variance < 0).any():
        across = -a * variance[sums:]
        return _solved(a, variance, np.diag(variance[:sums]) - across @ a.T, across)
    return _nothing_to_solve(a, variance, variance)


def _nothing_to_solve(a: np.ndarray, entries: np.ndarray, variance: np.ndarray) -> tuple[np.ndarray, str]:
    """No gain, and why: there is no sum, or what should be a covariance is none."""
    none = np.zeros((a.shape[1], len(a)))
    if not len(a):
        return none, ""
    if not np.isfinite(entries).all():
        return none, "bottom-up: the covariance has entries that are no finite numbers"
    return none, "bottom-up: the covariance has a variance below zero"


def _solved(a: np.ndarray, variance: np.ndarray, system: np.ndarray, across: np.ndarray) -> tuple[np.ndarray, str]:
    """K and the reason from the covariance of the sums' incoherence (`system`) and that of it with the bottoms' errors
    (`across`, its sign turned round).
    """
    sums = len(a)
    none = np.zeros((a.shape[1], sums))
    parts = variance[:sums] + (a * a) @ variance[sums:]
    says = np.diag(system) > NO_VARIANCE * parts
    if not says.any():
        return none, "bottom-up: no sum has an error of its own"
    scale = np.sqrt(np.diag(system)[says])
    scaled = system[np.ix_(says, says)] / scale[:, None] / scale
    scaled = (scaled + scaled.T) / 2
    smallest = float(np.linalg.eigvalsh(scaled)[0])
    if smallest < SINGULAR:
        kind = "is singular" if smallest > -SINGULAR else "is no covariance: it has a negative eigenvalue"
        return none, f"bottom-up: the covariance of the sums' incoherence {kind}"
    gain = none.copy()
    gain[:, says] = np.linalg.solve(scaled, across[says] / scale[:, None]).T / scale
    silent = sums - int(says.sum())
    return gain, f"{silent} sums have no error of their own and follow their members" if silent else ""


def rates(in_service: np.ndarray, used: np.ndarray) -> np.ndarray:
    """Used / in service per path, 0 to 1, any shape; 0 where nothing is in service."""
    there = in_service > 0
    return np.asarray(np.clip(np.where(there, used / np.where(there, in_service, 1.0), 0.0), 0.0, 1.0))
