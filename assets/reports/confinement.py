"""Takes from this process, for good, what no reader of a document needs: network, other processes, changing files.

A filter in the kernel (seccomp) that every later call passes; each forbidden one fails with EPERM, which Python raises
as PermissionError. Bounds on memory and time are child.py's. Linux on x86-64 and ARM64; elsewhere nothing is done.
"""

from __future__ import annotations

import ctypes
import platform
import struct
import sys

_NO_NEW_PRIVILEGES, _SET_FILTER, _FILTER_MODE = 38, 22, 2
_LOAD, _EQUAL, _ANY_BIT, _AT_LEAST, _RETURN = 0x20, 0x15, 0x45, 0x35, 0x06
_ALLOW, _REFUSE = 0x7FFF0000, 0x00050000 | 1
_NUMBER_AT, _ARCHITECTURE_AT = 0, 4
# O_WRONLY, O_RDWR, O_CREAT, O_TRUNC; the same on both machines.
_WRITING = 0x1 | 0x2 | 0x40 | 0x200
# Calls of another table on x86-64 begin here.
_OTHER_TABLE = 0x40000000


class _Machine:
    """Numbers of system calls: refused ones, and those that open files with the place of their flags."""

    def __init__(self, architecture: int, refused: tuple[int, ...], opening: dict[int, int]) -> None:
        self.architecture, self.refused, self.opening = architecture, refused, opening


_MACHINES = {
    "x86_64": _Machine(
        0xC000003E,
        (
            # socket, connect, socketpair, fork, vfork, execve, kill, ptrace, execveat, openat2
            *(41, 42, 53, 57, 58, 59, 62, 101, 322, 437),
            # truncate, rename, mkdir, rmdir, creat, link, unlink, symlink, chmod, chown, mknod, mkdirat, mknodat,
            # fchownat, unlinkat, renameat, linkat, symlinkat, fchmodat, renameat2
            *(76, 82, 83, 84, 85, 86, 87, 88, 90, 92, 133, 258, 259, 260, 263, 264, 265, 266, 268, 316),
        ),
        # open, openat
        {2: 24, 257: 32},
    ),
    "aarch64": _Machine(
        0xC00000B7,
        (
            # socket, socketpair, connect, execve, kill, ptrace, execveat, openat2
            *(198, 199, 203, 221, 129, 117, 281, 437),
            # mknodat, mkdirat, unlinkat, symlinkat, linkat, renameat, truncate, fchmodat, fchownat, renameat2
            *(33, 34, 35, 36, 37, 38, 45, 53, 54, 276),
        ),
        {56: 32},
    ),
}


class _Program(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("instructions", ctypes.c_void_p)]


def confine() -> bool:
    """Confines this process and what it might start; False where the system has no such filter. Cannot be undone."""
    machine = _MACHINES.get(platform.machine())
    if machine is None or sys.platform != "linux":
        return False
    code = _filter(machine)
    buffer = ctypes.create_string_buffer(code, len(code))
    program = _Program(len(code) // 8, ctypes.cast(buffer, ctypes.c_void_p))
    library = ctypes.CDLL(None, use_errno=True)
    if library.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0) != 0:
        return False
    done: int = library.prctl(_SET_FILTER, _FILTER_MODE, ctypes.byref(program), 0, 0)
    return done == 0


def _filter(machine: _Machine) -> bytes:
    """The program of the filter: instructions of eight bytes, each with jumps counted from the next."""
    steps = [
        _step(_LOAD, _ARCHITECTURE_AT),
        _step(_EQUAL, machine.architecture, 1, 0),
        _step(_RETURN, _REFUSE),
        _step(_LOAD, _NUMBER_AT),
        _step(_AT_LEAST, _OTHER_TABLE, 0, 1),
        _step(_RETURN, _REFUSE),
    ]
    for number in machine.refused:
        steps += [_step(_EQUAL, number, 0, 1), _step(_RETURN, _REFUSE)]
    for number, flags_at in machine.opening.items():
        steps += [
            _step(_EQUAL, number, 0, 4),
            _step(_LOAD, flags_at),
            _step(_ANY_BIT, _WRITING, 0, 1),
            _step(_RETURN, _REFUSE),
            _step(_RETURN, _ALLOW),
        ]
    steps.append(_step(_RETURN, _ALLOW))
    return b"".join(steps)


def _step(code: int, value: int, when_true: int = 0, when_false: int = 0) -> bytes:
    return struct.pack("=HBBI", code, when_true, when_false, value)
