"""Bytes that are no plain text in any one encoding, or are another text than they say."""

from __future__ import annotations

from collections.abc import Callable

from bench.hostile.case import Case, held, partly, release_of

KIND = "encoding"
_CHINESE = "数据中心运营面积为12500平方米，使用率为87.5%，截至2025年6月30日。"
_TRADITIONAL = "數據中心營運面積為12500平方米，使用率為87.5%，截至2025年6月30日。"


def cases() -> list[Case]:
    """Every odd encoding."""
    makers: dict[str, Callable[[str], bytes]] = {
        "utf16_without_mark": lambda n: release_of(n).encode("utf-16-le"),
        "utf16_big_without_mark": lambda n: release_of(n).encode("utf-16-be"),
        "utf16_odd_byte": lambda n: b"\xff\xfe" + release_of(n).encode("utf-16-le") + b"x",
        "utf16_lone_surrogate": lambda n: b"\xff\xfe" + release_of(n).encode("utf-16-le") + b"\x00\xd8",
        "utf16_wrong_mark": lambda n: b"\xfe\xff" + release_of(n).encode("utf-16-le"),
        "utf32": lambda n: release_of(n).encode("utf-32"),
        "utf7": lambda n: release_of(n).replace("87.5", "+ADgANwAuADU-").encode(),
        "utf8_overlong": lambda n: release_of(n).encode().replace(b"87.5", b"\xc0\xb8\xc0\xb7.\xc0\xb5"),
        "utf8_surrogates": lambda n: release_of(n).encode() + "\ud800\udfff".encode("utf-8", "surrogatepass") * 50,
        "utf8_cut": lambda n: release_of(n).encode() + "数据中心".encode()[:-1],
        "utf8_and_latin": lambda n: release_of(n).encode() + b"caf\xe9 " * 200 + "café ".encode() * 200,
        "two_marks": lambda n: b"\xef\xbb\xbf\xef\xbb\xbf" + release_of(n).encode(),
        "zero_bytes": lambda n: release_of(n).encode().replace(b" ", b"\x00 "),
        "zero_bytes_between": lambda n: b"\x00".join(bytes((one,)) for one in release_of(n).encode()) + b"\x00",
        "all_bytes": lambda n: release_of(n).encode() + bytes(range(256)) * 4,
        "controls": lambda n: release_of(n).encode() + b"\x07\x08\x1b[2J\x1b]0;x\x07" * 200,
        "gb_and_big5": lambda _n: (_CHINESE * 3).encode("gb18030") + (_TRADITIONAL * 3).encode("big5"),
        "japanese_and_gb": lambda _n: ("稼働率は87.5%です。" * 5).encode("cp932") + (_CHINESE * 5).encode("gb18030"),
        "private_use": lambda n: release_of(n).encode() + "\ue000\ue001\ue150".encode() * 500,
        "not_characters": lambda n: release_of(n).encode() + "\ufffe\uffff\U0010ffff".encode() * 500,
        "combining_million": lambda n: release_of(n).encode() + ("a" + "\u0301" * 60_000).encode(),
        "names_a_codec": lambda n: (
            b"<html><meta charset='zip_codec'><body>" + release_of(n).encode() + b"\xe9\xff</body></html>"
        ),
        "names_utf7": lambda n: (
            b"<html><meta charset='utf-7'><body><p>"
            + release_of(n).replace("87.5", "+ADgANw-").encode()
            + b"</p></body></html>"
        ),
    }
    # These say nothing that could be read for certain.
    nothing = {"gb_and_big5", "japanese_and_gb", "utf7", "utf8_overlong", "names_utf7"}
    made = []
    for label, make in makers.items():
        name = f"{label}.{'html' if label.startswith('names_') else 'txt'}"
        bound: Callable[[], bytes] = lambda make=make, name=name: make(name)  # type: ignore[misc]  # noqa: E731
        made.append(held(KIND, name, bound) if label in nothing else partly(KIND, name, bound, 87.5))
    return made
