"""Every process of the service tells its libraries which arithmetic to take, before they are loaded."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from pipelines import arithmetic

PROGRAM = """
import sys
import pipelines
assert "numpy" not in sys.modules
import hashlib, numpy
numbers = numpy.random.default_rng(0)
square, tall = numbers.normal(size=(120, 120)), numbers.normal(size=(60, 7))
answers = square @ square, tall @ tall[0], numpy.linalg.solve(square, square[0]), numpy.linalg.cholesky(tall.T @ tall)
print(hashlib.sha256(b"".join(numpy.ascontiguousarray(one).tobytes() for one in answers)).hexdigest())
"""


def test_another_processors_kernels_give_the_same_bits(repository: Path) -> None:
    """What a library chooses by itself on an older or newer processor is not what it takes in our processes."""
    if not arithmetic.pin():
        pytest.skip("this processor has no AVX2 and FMA: it takes kernels of its own, as pipelines/arithmetic.py says")
    found = set()
    for other in ({}, {"OPENBLAS_CORETYPE": "Nehalem", "NPY_DISABLE_CPU_FEATURES": "X86_V3"}, {"OMP_NUM_THREADS": "2"}):
        environment = {"PATH": os.environ["PATH"], **other}
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM], cwd=repository, env=environment, capture_output=True, text=True, check=True
        )
        found.add(done.stdout)
    assert len(found) == 1


def test_a_processor_without_these_kernels_is_told_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Forced to kernels that it has not, it would end in an illegal instruction."""
    for name in arithmetic._PINNED:
        monkeypatch.setenv(name, "own")
    for text in ("", "processor : 0\nflags : fpu sse2 avx\n"):
        (tmp_path / "cpuinfo").write_text(text)
        assert not arithmetic.pin(tmp_path / "cpuinfo")
    assert not arithmetic.pin(tmp_path / "missing")
    monkeypatch.setattr("platform.machine", lambda: "aarch64")
    assert not arithmetic.pin()
    assert {os.environ[name] for name in arithmetic._PINNED} == {"own"}
    monkeypatch.setattr("platform.machine", lambda: "x86_64")
    (tmp_path / "cpuinfo").write_text("flags : fpu sse2 avx avx2 fma\n")
    assert arithmetic.pin(tmp_path / "cpuinfo")
    assert os.environ["OPENBLAS_CORETYPE"] == "Haswell"
