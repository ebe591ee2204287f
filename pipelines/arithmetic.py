"""The same arithmetic on every machine, so that the same inputs give the same bits.

Belongs here: what libraries must be told before they are loaded. OpenBLAS and numpy choose their kernels by processor,
and two kernels round a product or a logarithm differently in the last bit; here both take what every x86-64 processor
with AVX2 and FMA has (2013 and later). OpenBLAS takes one thread, since it splits long sums by threads.

What cannot be held: processors without FMA, other architectures, and another C library may round exp, log and powers
differently. There the bits are the same among machines of one kind.
"""

from __future__ import annotations

import os
import platform
from pathlib import Path

_PINNED = {
    "OPENBLAS_NUM_THREADS": "1",
    "OPENBLAS_CORETYPE": "Haswell",
    # What numpy would take from newer processors; a name that this one does not know is passed over.
    "NPY_DISABLE_CPU_FEATURES": "X86_V4 AVX512_ICL AVX512_SPR",
}


def pin(cpuinfo: Path = Path("/proc/cpuinfo")) -> bool:
    """Tell the libraries, by the environment, which child processes inherit. False where this processor has other
    kernels: then nothing is told.

    Without effect on what this process has loaded already.
    """
    if platform.machine() not in {"x86_64", "AMD64"}:
        return False
    try:
        flags = next(line for line in cpuinfo.read_text().splitlines() if line.startswith("flags")).split()
    except (OSError, StopIteration):
        return False
    if not {"avx2", "fma"} <= set(flags):
        return False
    os.environ.update(_PINNED)
    return True
