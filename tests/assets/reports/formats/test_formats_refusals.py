"""What is no report: each refused with a status and a reason that a person understands."""

from __future__ import annotations

import io
import zipfile

import pytest

from assets.reports.document import Unreadable
from assets.reports.formats import Limits, read_document

ERROR_404 = b"<html><head><title>404</title></head><body><h1>404</h1>"
ERROR_404 += b"<p>We could not find this page.</p><a>Reports (128)</a></body></html>"
ERROR_403 = b"<html><title>403 Forbidden</title><body><center><h1>403 Forbidden</h1></center><hr>nginx</body></html>"
ROBOT = b"<html><title>Just a moment...</title><body><h1>Checking your browser</h1></body></html>"


@pytest.mark.parametrize(
    ("data", "name", "status", "word"),
    [
        (b"", "x.html", "rejected", "no content"),
        (b" \n\t ", "x.csv", "rejected", "no content"),
        (ERROR_404, "x.html", "rejected", "error page"),
        (ERROR_403, "report.pdf", "rejected", "error page"),
        (ROBOT, "report.pdf", "rejected", "error page"),
        (b"500 Internal Server Error", "x.txt", "rejected", "error page"),
        (b'{"error": {"code": 404}}', "x.html", "rejected", "JSON"),
        (bytes(range(256)) * 10, "x.txt", "rejected", "binary"),
        (b"\x7fELF" + bytes(100), "x.pdf", "rejected", "executable"),
        (b"MZ" + bytes(200), "x.xlsx", "rejected", "executable"),
        (b"#!/bin/sh\nrm\n", "x.txt", "rejected", "executable"),
        (b"\x1f\x8b\x08" + bytes(50), "x.html", "rejected", "gzip"),
        (b"\x89PNG\r\n" + bytes(50), "x.pdf", "quarantined", "OCR"),
        (b"%PDF-1.4\n1 0 obj\n<<>>\nendobj\n", "x.pdf", "rejected", "damaged"),
        (b"x" * 2_000, "x.txt", "quarantined", "2,000 bytes"),
    ],
)
def test_refusals(data: bytes, name: str, status: str, word: str) -> None:
    """One row a kind: the trap list of the brief for bad input."""
    with pytest.raises(Unreadable) as refused:
        read_document(data, name, Limits(document_bytes=5_000 if len(data) != 2_000 else 1_000))
    assert refused.value.status == status
    assert word in refused.value.reason


def test_a_directory_that_points_before_the_file_is_damage() -> None:
    """Such an entry ended in the library's words about seeking."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("xl/workbook.xml", "<workbook/>")
    data = bytearray(buffer.getvalue())
    # Where the directory begins, as the end of the archive says: further on than it stands.
    data[-6:-2] = (int.from_bytes(data[-6:-2], "little") + 325).to_bytes(4, "little")
    with pytest.raises(Unreadable, match=r"damaged in .*negative seek") as refused:
        read_document(bytes(data), "x.xlsx", Limits())
    assert refused.value.status == "rejected"


def test_a_short_report_is_no_error_page() -> None:
    """'Not found' in a note with a figure must not throw the figure away."""
    data = b"<html><body><p>Occupancy was 95.5% at June 30, 2024. The old page could not be found.</p></body></html>"
    assert read_document(data, "x.html").parts


def test_a_page_under_a_wrong_name_is_read_with_a_remark() -> None:
    """Content decides; the mismatch is said."""
    document = read_document(b"<html><body><p>Occupancy was 95.5% at June 30, 2024.</p></body></html>", "x.pdf")
    assert document.media_type == "text/html"
    assert any(".pdf" in remark for remark in document.remarks)
