"""PDF files that loop, swell, lie or act: page trees, streams, cross-references, fonts, encryption, actions."""

from __future__ import annotations

import io
import zlib
from collections.abc import Callable, Sequence

from bench.hostile.case import ANY, Case, held, operator_of, partly

KIND = "pdf"
CATALOG = b"<< /Type /Catalog /Pages 2 0 R >>"
PAGES = b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>"
FONT = b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>"
PAGE = b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> >>"


def stream(content: bytes, entries: bytes = b"") -> bytes:
    """The body of a stream object."""
    return b"<< %s /Length %d >>\nstream\n%s\nendstream" % (entries, len(content), content)


def file_of(objects: Sequence[bytes], trailer: bytes = b"", start: int | None = None) -> bytes:
    """A file of objects 1, 2, ... with a true cross-reference table; `start` lies about where it is."""
    out = io.BytesIO()
    out.write(b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n")
    offsets = []
    for number, body in enumerate(objects, start=1):
        offsets.append(out.tell())
        out.write(b"%d 0 obj\n%s\nendobj\n" % (number, body))
    at = out.tell()
    out.write(b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1))
    for offset in offsets:
        out.write(b"%010d 00000 n \n" % offset)
    out.write(b"trailer\n<< /Size %d /Root 1 0 R %s >>\n" % (len(objects) + 1, trailer))
    out.write(b"startxref\n%d\n%%%%EOF\n" % (at if start is None else start))
    return out.getvalue()


def printed(name: str) -> bytes:
    """Content that prints one sentence with a figure."""
    lines = (
        f"{operator_of(name)} Reports Second Quarter 2025 Results",
        "The utilization rate was 87.5% as of June 30, 2025.",
    )
    drawn = [f"BT /F1 10 Tf 1 0 0 1 60 {780 - 30 * at} Tm ({line}) Tj ET" for at, line in enumerate(lines)]
    return "\n".join(drawn).encode()


def sound(name: str, **changed: bytes) -> bytes:
    """A sound file of one page; `changed` replaces catalog, pages, page, content or font, `more` adds an object 6."""
    parts = {
        "catalog": CATALOG,
        "pages": PAGES,
        "page": PAGE,
        "content": stream(printed(name)),
        "font": FONT,
        **changed,
    }
    trailer = parts.pop("trailer", b"")
    more = [parts.pop("more")] if "more" in parts else []
    return file_of([parts[key] for key in ("catalog", "pages", "page", "content", "font")] + more, trailer)


def _flate_bomb(size: int, times: int = 1) -> bytes:
    content = b"0 0 m\n" * (size // 6)
    for _ in range(times):
        content = zlib.compress(content, 9)
    return stream(content, b"/Filter [" + b"/FlateDecode " * times + b"]")


def _many_pages(count: int) -> bytes:
    kids = b" ".join(b"%d 0 R" % (number + 3) for number in range(count))
    pages = b"<< /Type /Pages /Kids [%s] /Count %d >>" % (kids, count)
    return file_of([CATALOG, pages] + [b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 9 9] >>"] * count)


def _font(more: bytes) -> bytes:
    return FONT[:-2] + more + b" >>"


def _cmap_bomb() -> bytes:
    body = b"begincmap 1 beginbfrange <00000000> <ffffffff> <0041> endbfrange endcmap"
    return stream(body)


_TEXT_OPERATOR = b"BT /F1 9 Tf 1 0 0 1 9 9 Tm (9) Tj ET\n"
# What a page's oddity may leave of the sentence printed on it.
_HARMLESS = 87.5


def cases() -> list[Case]:
    """Every PDF."""
    made: list[Case] = []

    def hold(name: str, make: Callable[[str], bytes]) -> None:
        made.append(held(KIND, f"{name}.pdf", lambda: make(f"{name}.pdf")))

    def some(name: str, make: Callable[[str], bytes]) -> None:
        made.append(partly(KIND, f"{name}.pdf", lambda: make(f"{name}.pdf"), _HARMLESS))

    # The tree of pages
    some("tree_loop", lambda n: sound(n, pages=b"<< /Type /Pages /Kids [2 0 R 3 0 R] /Count 2 >>"))
    some("tree_parent_of_itself", lambda n: sound(n, page=PAGE.replace(b"/Parent 2 0 R", b"/Parent 3 0 R")))
    some("tree_kid_is_catalog", lambda n: sound(n, pages=b"<< /Type /Pages /Kids [1 0 R] /Count 1 >>"))
    some("tree_claims_a_million", lambda n: sound(n, pages=b"<< /Type /Pages /Kids [3 0 R] /Count 1000000 >>"))
    some(
        "tree_same_page_often",
        lambda n: sound(n, pages=b"<< /Type /Pages /Kids [" + b"3 0 R " * 20_000 + b"] /Count 20000 >>"),
    )
    hold("tree_many_pages", lambda _n: _many_pages(3_000))
    hold("tree_empty", lambda n: sound(n, pages=b"<< /Type /Pages /Kids [] /Count 0 >>"))
    hold("tree_no_pages", lambda n: sound(n, catalog=b"<< /Type /Catalog >>"))
    # Streams
    hold("stream_flate_bomb", lambda n: sound(n, content=_flate_bomb(36_000_000)))
    hold("stream_flate_bomb_nested", lambda n: sound(n, content=_flate_bomb(36_000_000, 3)))
    hold("stream_flate_of_nothing", lambda n: sound(n, content=stream(b"garbage" * 50, b"/Filter /FlateDecode")))
    for label, name in (
        ("lzw", b"LZWDecode"),
        ("run_length", b"RunLengthDecode"),
        ("ascii85", b"ASCII85Decode"),
        ("hex", b"ASCIIHexDecode"),
        ("jbig2", b"JBIG2Decode"),
        ("fax", b"CCITTFaxDecode"),
        ("dct", b"DCTDecode"),
        ("unknown", b"BombDecode"),
    ):
        garbage = bytes((37 * at + 11) % 256 for at in range(20_000))
        hold(
            f"stream_{label}",
            lambda n, name=name, garbage=garbage: sound(n, content=stream(garbage, b"/Filter /" + name)),
        )  # type: ignore[misc]
    image = stream(
        bytes(500),
        b"/Type /XObject /Subtype /Image /Width 99999 /Height 99999 /BitsPerComponent 8 "
        b"/ColorSpace /DeviceRGB /Filter /JBIG2Decode",
    )
    some(
        "image_jbig2",
        lambda n: sound(
            n,
            more=image,
            page=PAGE.replace(b"/Font", b"/XObject << /I 6 0 R >> /Font"),
            content=stream(b"/I Do\n" + printed(n)),
        ),
    )
    hold(
        "stream_predictor",
        lambda n: sound(
            n,
            content=stream(
                zlib.compress(bytes(9_000)),
                b"/Filter /FlateDecode /DecodeParms << /Predictor 15 /Columns 2000000000 /Colors 99 >>",
            ),
        ),
    )
    some("stream_length_lies", lambda n: sound(n, content=stream(printed(n)).replace(b"/Length ", b"/Length 9999999")))
    some(
        "stream_length_loops",
        lambda n: sound(n, content=b"<< /Length 4 0 R >>\nstream\n" + printed(n) + b"\nendstream"),
    )
    # Content
    some("content_many_texts", lambda n: sound(n, content=stream(printed(n) + _TEXT_OPERATOR * 3_000)))
    some(
        "content_many_boxes",
        lambda n: sound(
            n, content=stream(printed(n) + b"".join(b"%d %d 9 9 re S\n" % (at % 500, at % 800) for at in range(1_500)))
        ),
    )
    some(
        "content_many_rules",
        lambda n: sound(
            n,
            content=stream(
                printed(n)
                + b"".join(b"0 %d m 500 %d l S %d 0 m %d 800 l S\n" % (at, at, at, at) for at in range(0, 600, 12))
            ),
        ),
    )
    some("content_deep_state", lambda n: sound(n, content=stream(b"q " * 20_000 + printed(n))))
    some("content_deep_array", lambda n: sound(n, content=stream(b"[" * 50_000 + printed(n))))
    some("content_deep_dictionary", lambda n: sound(n, content=stream(b"<< /A " * 20_000 + printed(n))))
    some("content_open_string", lambda n: sound(n, content=stream(printed(n) + b" BT (" + b"x" * 200_000)))
    some(
        "content_inline_image",
        lambda n: sound(n, content=stream(printed(n) + b" BI /W 99999 /H 99999 ID " + b"x" * 50_000)),
    )
    some("content_matrix", lambda n: sound(n, content=stream(b"1e308 1e308 1e308 1e308 1e308 1e308 cm " + printed(n))))
    some(
        "content_size",
        lambda n: sound(
            n,
            content=stream(
                printed(n)
                + b" BT /F1 1e30 Tf 1 0 0 1 1e30 -1e30 Tm (9) Tj ET BT /F1 0 Tf (9) Tj ET BT /F1 -9 Tf (99) Tj ET"
            ),
        ),
    )
    some(
        "content_not_numbers",
        lambda n: sound(n, content=stream(b"BT /F1 (x) Tf [1] /N 0 null true (y) Tm (9) Tj ET " + printed(n))),
    )
    form = stream(b"/X Do", b"/Type /XObject /Subtype /Form /BBox [0 0 9 9] /Resources << /XObject << /X 6 0 R >> >>")
    some(
        "content_form_in_itself",
        lambda n: sound(
            n,
            more=form,
            page=PAGE.replace(b"/Font", b"/XObject << /X 6 0 R >> /Font"),
            content=stream(b"/X Do\n" + printed(n)),
        ),
    )
    # Boxes
    for label, box in (
        ("huge", b"[0 0 1e30 1e30]"),
        ("minus", b"[0 0 -595 -842]"),
        ("zero", b"[0 0 0 0]"),
        ("text", b"[(a) (b) (c) (d)]"),
        ("short", b"[0 0]"),
        ("null", b"null"),
        ("digits", b"[0 0 " + b"9" * 5_000 + b" 842]"),
        ("itself", b"3 0 R"),
    ):
        some(f"box_{label}", lambda n, box=box: sound(n, page=PAGE.replace(b"[0 0 595 842]", box)))  # type: ignore[misc]
    some(
        "box_rotated", lambda n: sound(n, page=PAGE.replace(b"/Contents", b"/Rotate 99999999 /UserUnit 1e30 /Contents"))
    )
    # Fonts
    some("font_map_bomb", lambda n: sound(n, font=_font(b"/ToUnicode 6 0 R"), more=_cmap_bomb()))
    some(
        "font_widths",
        lambda n: sound(n, font=_font(b"/FirstChar 0 /LastChar 2000000000 /Widths [" + b"1e30 " * 5_000 + b"]")),
    )
    some(
        "font_of_itself",
        lambda n: sound(
            n, font=b"<< /Type /Font /Subtype /Type0 /BaseFont /X /Encoding /Identity-H /DescendantFonts [5 0 R] >>"
        ),
    )
    some(
        "font_map_of_itself",
        lambda n: sound(n, font=_font(b"/ToUnicode 6 0 R"), more=stream(b"/X usecmap", b"/UseCMap 6 0 R /CMapName /X")),
    )
    lying = b"/Encoding << /Differences [55 /nine 56 /nine] >>"
    some(
        "font_garbage_file",
        lambda n: sound(
            n,
            font=_font(b"/FontDescriptor << /FontFile 6 0 R /FontName /X >>"),
            more=stream(b"\x80\x01" + bytes(range(256)) * 20),
        ),
    )
    # Seven and eight are drawn as nine: what the text layer says is what the page shows, 99.5 %.
    made.append(
        Case(
            KIND,
            "font_renamed_digits.pdf",
            lambda: sound("font_renamed_digits.pdf", font=FONT.replace(b"/Encoding /WinAnsiEncoding", lying)),
            allowed=ANY,
            true=frozenset((99.5,)),
        )
    )
    # The file itself
    some("xref_elsewhere", lambda n: file_of([CATALOG, PAGES, PAGE, stream(printed(n)), FONT], start=99_999_999))
    some("xref_previous_is_itself", lambda n: _previous_itself(n))
    some("xref_size", lambda n: sound(n).replace(b"/Size 6", b"/Size 2000000000"))
    some("xref_count", lambda n: sound(n).replace(b"xref\n0 6", b"xref\n0 900000000"))
    hold("xref_stream_of_itself", lambda _n: _object_stream_loop())
    hold("root_missing", lambda n: sound(n).replace(b"/Root 1 0 R", b"/Root 99 0 R"))
    hold("root_is_itself", lambda n: sound(n, catalog=b"1 0 R"))
    hold("root_deep", lambda n: sound(n, catalog=b"<< /Type /Catalog /Pages " + b"[" * 30_000))
    hold("cut_half", lambda n: sound(n)[:400])
    some("cut_end", lambda n: sound(n)[:-30])
    hold("cut_inside_with_end", lambda n: sound(n)[:450] + b"\n%%EOF")
    hold("header_alone", lambda _n: b"%PDF-1.7\n%%EOF")
    some("header_late", lambda n: b"x" * 900 + sound(n))
    some("digits_of_an_integer", lambda n: sound(n, more=b"9" * 50_000))
    some("name_long", lambda n: sound(n, more=b"/" + b"n" * 500_000))
    some("information_loop", lambda n: sound(n, more=b"<< /Title 6 0 R /Author 6 0 R >>", trailer=b"/Info 6 0 R"))
    some(
        "information_deep",
        lambda n: sound(n, more=b"<< /Title " + b"[" * 20_000 + b"]" * 20_000 + b" >>", trailer=b"/Info 6 0 R"),
    )
    # Encryption
    for label, entries in (
        ("password", b"<< /Filter /Standard /V 1 /R 2 /O (" + b"o" * 32 + b") /U (" + b"u" * 32 + b") /P -4 >>"),
        ("unknown", b"<< /Filter /Nobody /V 9 /R 9 >>"),
        ("empty", b"<< >>"),
        ("key", b"<< /Filter /Standard /V 2 /R 3 /Length 99999999 /O (x) /U (y) /P 0 >>"),
    ):
        trailer = b"/Encrypt 6 0 R /ID [(a) (b)]"
        hold(f"encrypted_{label}", lambda n, entries=entries, trailer=trailer: sound(n, more=entries, trailer=trailer))  # type: ignore[misc]
    # Actions are never carried out; the text is read.
    for label, action in (
        ("script", b"/S /JavaScript /JS (while\\(1\\){})"),
        ("launch", b"/S /Launch /F (/bin/sh)"),
        ("address", b"/S /URI /URI (file:///etc/passwd)"),
        ("form", b"/S /SubmitForm /F (http://127.0.0.1:9/)"),
    ):
        some(
            f"action_{label}",
            lambda n, action=action: sound(n, catalog=CATALOG[:-2] + b"/OpenAction << " + action + b" >> >>"),
        )  # type: ignore[misc]
    some(
        "attachment",
        lambda n: sound(
            n,
            catalog=CATALOG[:-2] + b"/Names << /EmbeddedFiles << /Names [(../../x) 6 0 R] >> >> >>",
            more=stream(b"#!/bin/sh"),
        ),
    )
    some("also_a_zip", lambda n: sound(n) + b"PK\x05\x06" + bytes(18))
    return made


def _previous_itself(name: str) -> bytes:
    data = sound(name)
    at = data.rfind(b"xref\n0")
    return data.replace(b"/Root 1 0 R", b"/Root 1 0 R /Prev %d" % at)


def _object_stream_loop() -> bytes:
    """A cross-reference stream whose objects all stand in an object stream that stands in itself."""
    out = b"%PDF-1.5\n"
    entries = b"".join(b"\x02\x00\x03\x00" for _ in range(6))
    at = len(out)
    out += b"9 0 obj\n<< /Type /XRef /Size 6 /W [1 2 1] /Root 1 0 R /Length %d >>\nstream\n%s\nendstream\nendobj\n" % (
        len(entries),
        entries,
    )
    return out + b"startxref\n%d\n%%%%EOF\n" % at
