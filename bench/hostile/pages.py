"""HTML built to exhaust or to deceive: spans, nesting, entities, comments, scripts, hidden and turned text."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from bench.hostile.case import Case, held, operator_of, partly

KIND = "page"
# A sentence that is read from any page; it stands in the pages whose oddity should not cost the rest.
VALUE = 87.5


def sentence(name: str, value: str = "87.5%") -> str:
    """What a press release says of one operator."""
    return (
        f"<h1>{operator_of(name)} Reports Second Quarter 2025 Results</h1>"
        f"<p>The utilization rate was {value} as of June 30, 2025.</p>"
    )


def page(*pieces: str) -> bytes:
    """A page around pieces of a body."""
    return ("<html><body>" + "".join(pieces) + "</body></html>").encode("utf-8", "surrogatepass")


def _among(name: str, *pieces: str) -> bytes:
    return page(sentence(name), *pieces)


def cases() -> list[Case]:
    """Every page."""
    made: list[Case] = []

    def add(name: str, *pieces: str) -> None:
        made.append(partly(KIND, f"{name}.html", partial(_among, f"{name}.html", *pieces), VALUE))

    def hold(name: str, make: Callable[[], bytes]) -> None:
        made.append(held(KIND, f"{name}.html", make))

    row = "<tr><td>Utilization rate</td><td>{}</td></tr>"
    for label, attributes in (
        ("columns", 'colspan="1000000"'),
        ("rows", 'rowspan="1000000"'),
        ("both", 'rowspan="1000000" colspan="1000000"'),
        ("digits", f'colspan="{"9" * 5_000}"'),
        ("minus", 'rowspan="-5" colspan="0"'),
    ):
        add(f"span_{label}", "<table>" + f"<tr><td {attributes}>x</td><td {attributes}>y</td></tr>" * 40 + "</table>")
    add("span_each_row", "<table>" + '<tr><td rowspan="60000" colspan="90">1</td></tr>' * 400 + "</table>")
    add("nested_tables", "<table><tr><td>" * 10_000)
    add("nested_blocks", "<div>" * 60_000 + "x")
    add("nested_fonts", "<b><i><font>" * 20_000 + "x")
    add("nested_lists", "<ul><li>" * 5_000 + "x")
    add("nested_to_the_limit", ("<table><tr><td>" * 40) + "x 1" + "</td></tr></table>" * 40)
    add("columns_million", "<table><tr>" + "<td>1</td>" * 200_000 + "</tr></table>")
    add("rows_many", "<table>" + row.format(1) * 51_000 + "</table>")
    add(
        "cells_ragged", "<table>" + "".join("<tr>" + "<td>1</td>" * (n % 97) + "</tr>" for n in range(100)) + "</table>"
    )
    add("tags_unclosed", "<p><b>" * 20_000)
    add("tags_crossed", "<b><p><i></b></p></i>" * 5_000)
    add("tag_endless", "<p " + "x" * 1_000_000)
    add("attribute_long", f'<p style="{"position:relative;" * 60_000}">x</p>')
    add("attribute_underline", f'<p style="{"text-decoration" * 60_000}">x</p>')
    add("attributes_many", "<p " + " ".join(f'a{n}="1"' for n in range(6_000)) + ">x</p>")
    add("comment_endless", "<!--" * 100_000)
    hold("comments_first", lambda: b"<!-- x -->" * 1_500 + b"<nonsense>1</nonsense>")
    hold("comments_open_first", lambda: b"<!--" * 4_000 + b"<nonsense>")
    add("style_without_rules", "<style>" + "a" * 400_000 + "</style>")
    add("style_media", "<style>" + "@media " * 60_000 + "</style>")
    add("style_braces", "<style>" + "{" * 200_000 + "</style>")
    add("script", "<script>" + "while(1){}" * 1_000 + "</script>", "<img src=x onerror=alert(1)>")
    add(
        "refresh",
        '<meta http-equiv="refresh" content="0;url=file:///etc/passwd">',
        '<iframe src="file:///etc/passwd"></iframe>',
    )
    add("filing_wrappers", "<DOCUMENT><TYPE>GRAPHIC" * 20_000)
    add("entities_numeric", "&#0;&#xD800;&#x110000;&#99999999999;" * 1_000)
    add("text_long", "<p>" + "word " * 6_000 + "</p>")
    add("word_long", "<p>" + "x" * 40_000 + "</p>")
    add("pre_long_line", "<pre>" + "x " * 150_000 + "</pre>")
    add("pre_many_lines", "<pre>" + "a  1\n" * 3_000 + "</pre>")
    add("definition_list", "<dl>" + "<dt>x</dt><dd>1</dd>" * 3_000 + "</dl>")
    add("cards", "<div>" + "<div><p>Paintings</p><p>5</p></div>" * 2_000 + "</div>")
    add("superscripts", "<p>" + "<sup>1</sup>" * 5_000 + "</p>")
    add("breaks", "<p>" + "a<br>" * 5_000 + "</p>")
    add("headings", "<h2>Utilization rate</h2>" * 2_000)
    add("plaintext", "<plaintext>" + "<p>x" * 3_000)
    for label, prologue in (
        (
            "laughs",
            '<!DOCTYPE html [<!ENTITY a "ha"><!ENTITY b "' + "&a;" * 50 + '"><!ENTITY c "' + "&b;" * 50 + '">]>',
        ),
        ("outside", '<!DOCTYPE html [<!ENTITY c SYSTEM "file:///etc/passwd">]>'),
    ):
        name = f"entity_{label}.html"
        make = partial(_prefixed, prologue, _among(name, "<p>&c;</p>"))
        made.append(partly(KIND, name, make, VALUE))
    hold(
        "svg_script",
        lambda: b'<svg xmlns="http://www.w3.org/2000/svg"><script>1</script><text>Occupancy 95.5 %</text></svg>',
    )
    hold(
        "svg_outside",
        lambda: b'<?xml version="1.0"?><!DOCTYPE svg [<!ENTITY x SYSTEM "file:///etc/passwd">]><svg>&x;</svg>',
    )
    hold(
        "feed_laughs",
        lambda: b'<?xml version="1.0"?><!DOCTYPE rss [<!ENTITY a "ha">]><rss><channel>&a;</channel></rss>',
    )
    # What a reader does not see is not printed.
    for label, wrapped in (
        ("hidden", '<p style="display:none">{}</p>'),
        ("struck", "<p><del>{}</del></p>"),
        ("comment", "<!-- {} -->"),
        ("template", "<template>{}</template>"),
        ("textarea", "<textarea>{}</textarea>"),
        ("noscript", "<noscript>{}</noscript>"),
    ):
        name = f"unseen_{label}.html"
        body = f"<h1>{operator_of(name)} Reports Second Quarter 2025 Results</h1>" + wrapped.format(
            "The utilization rate was 99.5% as of June 30, 2025."
        )
        made.append(held(KIND, name, partial(page, body)))
    # What is seen is 91 %; what is stored is 19 %.
    for label, turned in (
        ("override", "\u202e%19\u202c"),
        ("override_digits", "\u202d19\u202c%"),
        ("element", '<bdo dir="rtl">%19</bdo>'),
        ("style", '<span style="unicode-bidi: bidi-override; direction: rtl">%19</span>'),
    ):
        name = f"turned_{label}.html"
        made.append(held(KIND, name, partial(page, sentence(name, turned))))
    return made


def _prefixed(prologue: str, rest: bytes) -> bytes:
    return prologue.encode() + rest
