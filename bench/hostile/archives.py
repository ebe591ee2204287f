"""ZIP containers under the name of a workbook: bombs, lying directories, hostile names, damage, other formats."""

from __future__ import annotations

import functools
import io
import struct
import zipfile
from collections.abc import Callable

from bench.hostile.case import Case, held
from bench.hostile.workbook_file import CONTENT_TYPES, minimal_parts, workbook, zipped

KIND = "archive"
_CENTRAL = b"PK\x01\x02"
_LOCAL = b"PK\x03\x04"


def cases() -> list[Case]:
    """Every container that is no sound workbook."""
    makers: dict[str, Callable[[], bytes]] = {
        "zip_ratio_bomb": lambda: _with(**{"xl/worksheets/sheet1.xml": b" " * 20_000_000}),
        "zip_ratio_bomb_beside": lambda: _with(**{"xl/media/image1.png": b"\x00" * 24_000_000}),
        "zip_declares_a_gigabyte": lambda: _declared(workbook([["a", 1.0]]), 1_000_000_000),
        "zip_declares_four_gigabytes": lambda: _declared(workbook([["a", 1.0]]), 0xFFFFFFFE),
        "zip_declares_too_little": lambda: _declared(_with(**{"xl/worksheets/sheet1.xml": b" " * 3_000_000}), 10),
        "zip_declares_nothing": lambda: _declared(workbook([["a", 1.0]]), 0),
        "zip_nested": _nested,
        "zip_of_itself": _of_itself,
        "zip_overlapping": _overlapping,
        "zip_many_entries": lambda: zipped({f"xl/{number}.xml": b"" for number in range(6_000)}),
        "zip_same_name_twice": _same_name_twice,
        "zip_bad_checksum": _bad_checksum,
        "zip_encrypted": _encrypted,
        "zip_unknown_method": lambda: _patched(workbook([["a", 1.0]]), 10, 8, struct.pack("<H", 99)),
        "zip_bad_deflate": _bad_deflate,
        "zip_half": lambda: (data := workbook([["a", 1.0]]))[: len(data) // 2],
        "zip_without_directory": lambda: (data := workbook([["a", 1.0]]))[: data.rfind(_CENTRAL)],
        "zip_directory_alone": lambda: b"PK\x05\x06" + bytes(18),
        "zip_directory_elsewhere": lambda: b"PK\x05\x06" + struct.pack("<HHHHIIH", 0, 0, 9, 9, 500, 0xFFFFFF, 0),
        "zip_garbage": lambda: _LOCAL + b"garbage" * 500,
        "zip_sixty_four": lambda: (
            _LOCAL
            + bytes(30)
            + b"PK\x06\x06"
            + b"\xff" * 52
            + b"PK\x06\x07"
            + b"\xff" * 16
            + b"PK\x05\x06"
            + b"\xff" * 16
            + b"\x00\x00"
        ),
        "zip_word": lambda: zipped({"[Content_Types].xml": CONTENT_TYPES, "word/document.xml": b"<w/>"}),
        "zip_binary_workbook": lambda: zipped({"[Content_Types].xml": CONTENT_TYPES, "xl/workbook.bin": b"\x00"}),
        "zip_open_document": lambda: zipped({"mimetype": b"application/vnd.oasis.opendocument.spreadsheet"}),
        "zip_no_parts": lambda: zipped({"[Content_Types].xml": b""}),
        "zip_plain": lambda: zipped({"report.html": b"<p>Occupancy was 95.5 % at June 30, 2025.</p>"}),
    }
    for label, entry in {
        "up": "../../etc/passwd",
        "root": "/etc/passwd",
        "backslash": "..\\..\\windows\\system.ini",
        "drive": "C:\\autoexec.bat",
        "inside": "xl/../../../etc/cron.d/x",
    }.items():
        makers[f"zip_name_{label}"] = functools.partial(_with, **{entry: b"x"})
    return [held(KIND, f"{name}.xlsx", make) for name, make in makers.items()]


def _with(**more: bytes) -> bytes:
    return zipped({**minimal_parts([["a", 1.0]]), **more})


def _declared(data: bytes, size: int) -> bytes:
    """The unpacked size of the last entry in the central directory replaced by a lie."""
    at = data.rfind(_CENTRAL)
    return data[: at + 24] + struct.pack("<I", size) + data[at + 28 :]


def _patched(data: bytes, central_at: int, local_at: int, new: bytes) -> bytes:
    """A field of every header overwritten, in the central directory and before each entry."""
    out = bytearray(data)
    for mark, offset in ((_CENTRAL, central_at), (_LOCAL, local_at)):
        at = data.find(mark)
        while at >= 0:
            out[at + offset : at + offset + len(new)] = new
            at = data.find(mark, at + 4)
    return bytes(out)


def _encrypted() -> bytes:
    return _patched(workbook([["a", 1.0]]), 8, 6, struct.pack("<H", 1))


def _bad_checksum() -> bytes:
    return _patched(workbook([["a", 1.0]]), 16, 14, b"\xde\xad\xbe\xef")


def _bad_deflate() -> bytes:
    data = bytearray(workbook([["a", 1.0]] * 50))
    first = data.find(_LOCAL)
    second = data.find(_LOCAL, first + 4)
    for at in range(first + 60, second):
        data[at] ^= 0x5A
    return bytes(data)


def _nested() -> bytes:
    inner = zipped({"xl/worksheets/sheet1.xml": b" " * 5_000_000})
    for _ in range(20):
        inner = zipped({"xl/worksheets/sheet1.xml": inner, "[Content_Types].xml": CONTENT_TYPES})
    return inner


def _of_itself() -> bytes:
    """In the manner of a quine: the only sheet unpacks to the container's own beginning, packed and stored."""
    inner = workbook([["a", 1.0]])
    for _ in range(3):
        inner = zipped({**minimal_parts([["a", 1.0]]), "xl/worksheets/sheet1.xml": inner}, zipfile.ZIP_STORED)
    return inner


def _overlapping() -> bytes:
    """Four thousand directory entries that all point at one packed stretch, as in the better kinds of bomb."""
    data = zipped({"xl/worksheets/sheet1.xml": b" " * 60_000})
    directory = data[data.find(_CENTRAL) : data.find(b"PK\x05\x06")]
    start = data.find(_CENTRAL)
    name = b"xl/worksheets/sheet1.xml"
    entries = b"".join(directory.replace(name, b"xl/worksheets/s%05d.xml" % number) for number in range(4_000))
    end = struct.pack("<4sHHHHIIH", b"PK\x05\x06", 0, 0, 4_000, 4_000, len(entries), start, 0)
    return data[:start] + entries + end


def _same_name_twice() -> bytes:
    """Programs differ in which of the two they show."""
    out = io.BytesIO(workbook([["Metric", "Jun 30, 2025"], ["Capacity in service (MW)", 12.0]]))
    with zipfile.ZipFile(out, "a") as archive:
        import warnings

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            sheet = minimal_parts([["Metric", "Jun 30, 2025"], ["Capacity in service (MW)", 99.0]])
            archive.writestr(zipfile.ZipInfo("xl/worksheets/sheet1.xml"), sheet["xl/worksheets/sheet1.xml"])
    return out.getvalue()
