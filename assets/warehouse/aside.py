"""Setting a damaged thing aside, so that a new one can take its place and whoever wants can look into it.

Belongs here: names and number of what is kept aside. Not here: what is damaged (mending.py, archive.py); nor DuckDB,
since what brings filings knows none of it.
"""

from __future__ import annotations

import re
import shutil
from datetime import UTC, datetime
from pathlib import Path

from assets.warehouse.durable import sync

# Of each damaged thing so many are kept, for whoever wants to look into it.
KEPT_ASIDE = 2
_ASIDE = ".damaged-"


def set_aside(path: Path) -> Path | None:
    """Rename a damaged file or folder, and a .wal beside it, so that a new one can take its place.

    Returns the new name, None where there was nothing. The newest KEPT_ASIDE stay, earlier ones are removed. Nothing
    that is set aside is read again.
    """
    if not path.exists() and not path.is_symlink():
        return None
    moment = f"{datetime.now(UTC):%Y%m%dT%H%M%S.%f}"
    target = path.with_name(f"{path.name}{_ASIDE}{moment}")
    path.rename(target)
    for suffix in (".wal", "-wal", "-shm", "-journal"):
        beside = path.with_name(path.name + suffix)
        if beside.exists():
            beside.rename(path.with_name(f"{path.name}{_ASIDE}{moment}{suffix}"))
    sync(path.parent)
    kept = [(one, _moment(one)) for one in path.parent.glob(f"{_escaped(path.name)}{_ASIDE}*")]
    moments = sorted({at for _, at in kept if at})
    for one, at in kept:
        if at in moments[:-KEPT_ASIDE]:
            _remove(one)
    return target


def _moment(path: Path) -> str | None:
    found = re.search(re.escape(_ASIDE) + r"(\d{8}T\d{6}\.\d{6})", path.name)
    return found.group(1) if found else None


def _escaped(name: str) -> str:
    return re.sub(r"([\[\]*?])", r"[\1]", name)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)
