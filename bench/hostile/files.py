"""What a folder may hold beside reports: links, pipes, devices, odd names, other formats, nothing at all."""

from __future__ import annotations

import os
import random
import socket
import stat
from collections.abc import Callable
from pathlib import Path

from bench.hostile.case import Case, held, operator_of, partly

KIND = "file"


def _linked(to: str) -> Callable[[Path], None]:
    return lambda path: path.symlink_to(to)


def _socket(path: Path) -> None:
    """A socket's address is short: it is bound by a relative name."""
    here = Path.cwd()
    os.chdir(path.parent)
    try:
        with socket.socket(socket.AF_UNIX) as bound:
            bound.bind(path.name)
    finally:
        os.chdir(here)


def _device(path: Path) -> None:
    os.mknod(path, stat.S_IFCHR | 0o600, os.makedev(1, 5))


def _unreadable(path: Path) -> None:
    path.write_bytes(b"<p>Occupancy was 95.5 % at June 30, 2025.</p>")
    path.chmod(0)


def _sparse(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(70 * 1024 * 1024)


def cases() -> list[Case]:
    """Everything that is no sound report for what it is, not for what it says."""
    special: dict[str, Callable[[Path], None]] = {
        "link_to_file.html": _linked("/etc/passwd"),
        "link_to_folder.html": _linked("/etc"),
        "link_to_zero.html": _linked("/dev/zero"),
        "link_to_nothing.html": _linked("nothing-here"),
        "link_to_itself.html": _linked("link_to_itself.html"),
        "pipe.html": os.mkfifo,
        "socket.html": _socket,
        "device.html": _device,
        "folder.html": lambda path: path.mkdir(),
        "unreadable.html": _unreadable,
        "sparse.csv": _sparse,
    }
    made = [Case(KIND, name, place=place) for name, place in special.items()]
    noise = random.Random(6).randbytes(40_000)
    contents: dict[str, bytes] = {
        "empty.html": b"",
        "empty.pdf": b"",
        "empty.xlsx": b"",
        "empty.csv": b"",
        "blank.txt": b" \n\t" * 900,
        "zeros.pdf": bytes(9_000),
        "marks.txt": b"\xef\xbb\xbf",
        "noise.pdf": noise,
        "noise.xlsx": noise,
        "noise.txt": noise,
        "noise": noise,
        "program.pdf": b"\x7fELF" + noise[:500],
        "windows.xlsx": b"MZ" + noise[:500],
        "script.txt": b"#!/bin/sh\nrm -rf /\n",
        "picture.pdf": b"\x89PNG\r\n" + noise[:500],
        "packed.html": b"\x1f\x8b\x08" + noise[:500],
        "legacy.xls": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "Workbook".encode("utf-16-le") + noise[:500],
        "locked.xlsx": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "EncryptedPackage".encode("utf-16-le") + noise[:500],
        "letter.rtf": b"{\\rtf1 95.5 %}",
        "database.csv": b"SQLite format 3\x00" + noise[:500],
        "columns.parquet": b"PAR1" + noise[:500] + b"PAR1",
        "data.json": b'{"occupancy": 95.5}',
        "deep.json": b'{"a":' * 50_000 + b"1" + b"}" * 50_000,
        "laughs.yaml": b"a: &a [x,x]\nb: &b [*a,*a]\nc: &c [*b,*b]\n" * 200,
        "notes": b"no ending",
        "error.html": b"<html><title>404 Not Found</title><body><h1>404 Not Found</h1></body></html>",
    }
    made += [held(KIND, name, lambda content=content: content) for name, content in contents.items()]  # type: ignore[misc]
    for name in (
        "-rf.html",
        "two\nlines.html",
        "bell\x07.html",
        "x" * 240 + ".html",
        "%2e%2e%2fpasswd.html",
        "a'b\"c`d$(id).html",
        "[red]x[-red].html",
        "..html",
        "季报.html",
        "\u202elmth.html",
        " leading.html",
        "trailing .html",
        "CON.html",
        "a;b&c|d.html",
        "e\u0301.html",
        "\\..\\x.html",
        os.fsdecode(b"latin\xe9.html"),
    ):
        made.append(partly(KIND, name, lambda name=name: _page(name), 87.5))  # type: ignore[misc]
    return made


def _page(name: str) -> bytes:
    operator = operator_of("".join(mark for mark in name if mark.isascii() and mark.isalnum())[:30] + ".html")
    body = f"<h1>{operator} Reports Second Quarter 2025 Results</h1>"
    body += "<p>The utilization rate was 87.5% as of June 30, 2025.</p>"
    return f"<html><body>{body}</body></html>".encode()
