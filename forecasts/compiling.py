"""How kernels are compiled: once a machine, kept beside the code, and anew after any change of it.

numba's own cache looks at the file of a function alone, so a kernel would go on calling the old version of a function
that was changed in another file. Here the cache's folder carries a fingerprint of all code that kernels are made of.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, cast

import numba

_PACKAGE = Path(__file__).parent
_FOLDER = "kernels-"
# A process of earlier code may still be running and reading its kernels.
_KEPT_SECONDS = 7 * 24 * 3600

Function = TypeVar("Function", bound=Callable[..., Any])


def fingerprint() -> str:
    """Hash of the code that kernels are made of, 16 hexadecimal digits: modules with a kernel, and the members, whose
    constants kernels take over.
    """
    found = hashlib.sha256()
    for path in sorted(_PACKAGE.rglob("*.py")):
        code = path.read_bytes()
        if path.parent.name == "members" or b"compiled" in code:
            found.update(path.relative_to(_PACKAGE).as_posix().encode())
            found.update(code)
    return found.hexdigest()[:16]


def _set_folder() -> None:
    """Point numba at the folder of this code and drop old ones of earlier code; a place set from outside stays."""
    if os.environ.get("NUMBA_CACHE_DIR"):
        return
    folder = _PACKAGE / "__pycache__" / f"{_FOLDER}{fingerprint()}"
    numba.config.CACHE_DIR = str(folder)
    for other in folder.parent.glob(f"{_FOLDER}*"):
        if other != folder and time.time() - other.stat().st_mtime > _KEPT_SECONDS:
            shutil.rmtree(other, ignore_errors=True)


_set_folder()


def compiled(function: Function) -> Function:
    """The function as machine code: strict floating point, so that the same figures give the same bits; a division by
    zero gives infinity, as in numpy, and raises nothing; without Python's lock, so that threads run side by side.
    """
    return cast(Function, numba.njit(cache=True, nogil=True, error_model="numpy")(function))
