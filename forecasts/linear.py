"""Small linear algebra in scalar loops, for kernels: the same bits on every machine, whatever its libraries."""

from __future__ import annotations

import numpy as np

from forecasts.compiling import compiled


@compiled
def solve(gram: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Solution (n,) of a symmetric positive definite system (n, n) by Cholesky factors; only the lower half is read."""
    n = len(right)
    lower = np.zeros((n, n))
    for i in range(n):
        for j in range(i + 1):
            value = gram[i, j]
            for k in range(j):
                value -= lower[i, k] * lower[j, k]
            lower[i, j] = np.sqrt(max(value, 1e-300)) if i == j else value / lower[j, j]
    answer = right.copy()
    for i in range(n):
        for k in range(i):
            answer[i] -= lower[i, k] * answer[k]
        answer[i] /= lower[i, i]
    for i in range(n - 1, -1, -1):
        for k in range(i + 1, n):
            answer[i] -= lower[k, i] * answer[k]
        answer[i] /= lower[i, i]
    return answer
