"""Who could have written what we are about to read: folders that others may write to are refused.

Belongs here: looking at owners and modes, and the sentences of the refusals. Not here: where things lie (home.py) and
who may read them (home.py, COLOCAST_PUBLISHED_FOR). Root is trusted: it can do everything anyway.
"""

from __future__ import annotations

import grp
import os
import pwd
import stat
from pathlib import Path


class UntrustedError(Exception):
    """A folder could have been written by somebody else; the message says which, why it matters and the remedy."""


def why_untrusted(path: Path, groups_too: bool = False) -> str:
    """Who else could write to a file or folder, in words; '' for nobody else. Links are followed.

    Others of the group count with `groups_too`, unless the group is the private one of its owner, as most systems make
    it. Raises FileNotFoundError.
    """
    found = path.stat()
    mode = stat.S_IMODE(found.st_mode)
    if found.st_uid not in (os.geteuid(), 0):
        return f"it belongs to {_user(found.st_uid)} and not to {_user(os.geteuid())}"
    if mode & stat.S_IWOTH:
        return f"every user may write to it (mode {mode:04o})"
    if groups_too and mode & stat.S_IWGRP and found.st_gid != 0 and _group(found.st_gid) != _user(found.st_uid):
        return f"the group {_group(found.st_gid)} may write to it (mode {mode:04o})"
    return ""


def require_trusted_kernels(package: Path) -> None:
    """Refuse compiled models that others could have put there: numba's index is a pickle, and runs code when read.

    `package`: the folder of forecasts/. Its compiled kernels lie in __pycache__, beside Python's own compiled modules,
    or in NUMBA_CACHE_DIR. Raises UntrustedError.
    """
    elsewhere = os.environ.get("NUMBA_CACHE_DIR")
    folders = [Path(elsewhere)] if elsewhere else [package, package / "__pycache__"]
    caches = [one for folder in folders[-1:] if folder.is_dir() for one in folder.iterdir() if one.is_dir()]
    for path in [*folders, *caches]:
        try:
            reason = why_untrusted(path, groups_too=True)
        except FileNotFoundError:
            continue  # made by this user when the models are compiled
        if reason:
            raise UntrustedError(
                f"{path} holds compiled models and cannot be trusted: {reason}. What lies there runs as code. Delete "
                "it, make its folder yours alone (chown, chmod go-w) and run `make setup`, or point NUMBA_CACHE_DIR "
                "at a folder of your own."
            )


def _user(number: int) -> str:
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return f"user {number}"


def _group(number: int) -> str:
    try:
        return grp.getgrgid(number).gr_name
    except KeyError:
        return f"group {number}"
