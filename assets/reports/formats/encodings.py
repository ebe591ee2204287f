"""Bytes to text: byte order marks, declared encodings, and detection among the encodings reports come in.

Big5 bytes also decode as GB18030 and nearly anything decodes as windows-1252, so a decoding without errors proves
nothing: each candidate is scored by how common its characters are, and a narrow result is refused, never guessed.
"""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass

from assets.reports.document import Unreadable

CANDIDATES = ("gb18030", "big5", "shift_jis", "cp1252")
_CODECS = {"gb18030": "gb18030", "big5": "cp950", "shift_jis": "cp932", "cp1252": "cp1252"}
_NAMES = {
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "gb18030": "gb18030",
    "x-gbk": "gb18030",
    "big5": "big5",
    "big5-hkscs": "big5",
    "cp950": "big5",
    "shift_jis": "shift_jis",
    "shift-jis": "shift_jis",
    "sjis": "shift_jis",
    "windows-31j": "shift_jis",
    "cp932": "shift_jis",
    "iso-8859-1": "cp1252",
    "latin-1": "cp1252",
    "windows-1252": "cp1252",
    "cp1252": "cp1252",
    "us-ascii": "cp1252",
    "utf-8": "utf-8",
    "utf8": "utf-8",
}
# Words of reports, in both scripts and Japanese: they settle short texts where character counts say little.
_SIMPLIFIED_WORDS = (
    "公司 业务 指标 数值 单位 面积 平方米 运营 使用率 签约 在建 机柜 容量 日期 季度 数据中心 截止 兆瓦 设施 总 期 率"
)
_TRADITIONAL_WORDS = (
    "公司 業務 指標 數值 單位 面積 平方米 平方呎 營運 使用率 簽約 在建 興建 機櫃 容量 日期 季度 數據中心 截至 兆瓦 設施"
)
_JAPANESE_WORDS = (
    "会社 株式会社 面積 平方メートル 稼働率 契約 建設中 ラック 容量 日付 四半期 データセンター 単位 指標 の に 期 率"
)
_WORDS = {
    "gb18030": _SIMPLIFIED_WORDS.split(" "),
    "big5": _TRADITIONAL_WORDS.split(" "),
    "shift_jis": _JAPANESE_WORDS.split(" "),
}
_WESTERN = frozenset(
    "‘’“”–—…•·€£¥°±²³¹¼½¾×÷®©™§¶«»‹›†‡‰ßéèêëàâäáåæçíìîïñóòôöøœúùûüýÿÉÈÀÄÅÆÇÖØÜÑÁÍÓÚŠšŽž¿¡ºªãõ\xa0\xad¢µ¬"
)
_DECLARED = re.compile(rb"<meta[^>]+charset\s*=\s*[\"']?\s*([\w-]+)|<\?xml[^>]+encoding\s*=\s*[\"']([\w-]+)", re.I)

_ACCEPT = 0.80
_MARGIN = 0.15
# So many characters in a row tell one encoding from another.
_STRETCH = 24


@dataclass(frozen=True)
class Decoded:
    """Text with the encoding it was read in and what was noteworthy about it."""

    text: str
    encoding: str
    remarks: tuple[str, ...] = ()


def decode(data: bytes) -> Decoded:
    """Text of a text document; raises Unreadable('quarantined') where no encoding is clearly the right one."""
    for mark, name, codec in (
        (b"\xef\xbb\xbf", "utf-8", "utf-8-sig"),
        (b"\xff\xfe\x00\x00", "utf-32", "utf-32"),
        (b"\xff\xfe", "utf-16", "utf-16"),
        (b"\xfe\xff", "utf-16", "utf-16"),
    ):
        if data.startswith(mark):
            return _strict(data, name, codec, "its byte order mark says so")
    wide = utf16_without_mark(data)
    if wide:
        return _strict(data, wide, wide, "every second byte is zero")
    if all(byte < 128 for byte in data):
        return Decoded(data.decode("ascii"), "ascii")
    try:
        return Decoded(data.decode("utf-8"), "utf-8")
    except UnicodeDecodeError as error:
        broken = error
    declared = _declared(data)
    # Cut in the middle of the last character, or one damaged byte among thousands: still UTF-8.
    lenient = data.decode("utf-8", errors="replace")
    damaged = lenient.count("\ufffd")
    sound = sum(ord(character) > 127 for character in lenient) - damaged
    if sound > 20 * damaged:
        return Decoded(
            lenient,
            "utf-8",
            (f"{damaged} damaged byte sequence(s), the first at byte {broken.start:,}; read as U+FFFD",),
        )
    return _detect(data, declared)


def _strict(data: bytes, name: str, codec: str, why: str) -> Decoded:
    try:
        return Decoded(data.decode(codec), name)
    except UnicodeDecodeError as error:
        raise Unreadable(
            "quarantined",
            f"the text should be {name} ({why}) but byte {error.start:,} does not fit; save the file again as UTF-8",
        ) from error


def utf16_without_mark(data: bytes) -> str:
    """The byte order of UTF-16 text without a mark, or ''. No other text encoding holds zero bytes."""
    if len(data) % 2 or b"\x00" not in data[:4000]:
        return ""
    sample = data[:4000]
    best, share = "", 0.9
    for name in ("utf-16-le", "utf-16-be"):
        text = sample.decode(name, "replace")
        usual = sum(character.isprintable() or character in "\t\r\n\f" for character in text)
        near = sum(" " <= character <= "~" or "\u4e00" <= character <= "\u9fff" for character in text)
        if usual / len(text) > 0.98 and near / len(text) > share:
            best, share = name, near / len(text)
    return best


def _declared(data: bytes) -> str:
    found = _DECLARED.search(data[:4096])
    if not found:
        return ""
    return _NAMES.get((found[1] or found[2]).decode("ascii", "replace").lower(), "")


def _detect(data: bytes, declared: str) -> Decoded:
    texts: dict[str, str] = {}
    for name in CANDIDATES:
        try:
            texts[name] = data.decode(_CODECS[name])
        except UnicodeDecodeError:
            continue
    scores = {name: _score(name, text, data) for name, text in texts.items()}
    ranked = sorted(scores, key=lambda name: -scores[name])
    remarks: tuple[str, ...] = ()
    if not ranked:
        raise _ambiguous(scores)
    best = ranked[0]
    if declared in texts and declared != best and scores[declared] >= _ACCEPT > scores[best] - scores[declared] + 0.6:
        best = declared
    margin = scores[best] - max((scores[name] for name in ranked if name != best), default=0.0)
    sure = scores[best] >= _ACCEPT and margin >= _MARGIN
    if not sure:
        sure = scores[best] >= 0.6 and (best == declared or _other_opinion(data) == best) and margin >= 0
    if not sure or _changes_midway(best, texts[best]):
        raise _ambiguous(scores)
    if declared and declared != best:
        remarks = (f"the document declares {declared} but its bytes are {best}",)
    elif declared == "" and b"<meta" in data[:4096].lower() and b"charset" in data[:4096].lower():
        remarks = (f"the declared encoding does not fit the bytes; read as {best}",)
    return Decoded(texts[best], best, remarks)


def _changes_midway(name: str, text: str) -> bool:
    """Whether a stretch of the text is hardly any text in that encoding: two encodings in one file."""
    if name == "cp1252":
        return False
    # Rules drawn with signs say nothing.
    wide = [character for character in text if "\u3400" <= character <= "\u9fff"]
    stretches = [wide[at : at + _STRETCH] for at in range(0, len(wide) - _STRETCH + 1, _STRETCH)]
    return any(sum(character in _common(name) for character in stretch) < 0.5 * _STRETCH for stretch in stretches)


def _ambiguous(scores: dict[str, float]) -> Unreadable:
    tried = ", ".join(f"{name} {score:.0%}" for name, score in sorted(scores.items(), key=lambda item: -item[1]))
    return Unreadable(
        "quarantined",
        "the text encoding cannot be told with certainty"
        + (f" (fit: {tried})" if tried else " (no known encoding fits)")
        + "; save the file again as UTF-8",
    )


def _other_opinion(data: bytes) -> str:
    """What charset-normalizer takes the bytes for, as one of CANDIDATES, or ''."""
    from charset_normalizer import from_bytes

    best = from_bytes(data[:100_000], cp_isolation=["gb18030", "big5", "cp932", "cp1252"]).best()
    if best is None:
        return ""
    return _NAMES.get(best.encoding.replace("_", "-"), _NAMES.get(best.encoding, ""))


def _score(name: str, text: str, data: bytes) -> float:
    """0 to 1 (a little above with known words): how much of the text outside ASCII is usual in that encoding."""
    if name == "cp1252":
        return _western_score(text, data)
    common = _common(name)
    wide = [character for character in text if ord(character) > 127]
    if not wide:
        return 0.0
    usual = sum(character in common for character in wide)
    score = usual / len(wide)
    words = sum(min(text.count(word), 3) * len(word) for word in _WORDS[name] if len(word) > 1)
    return score + min(0.4, 2.0 * words / len(wide) * 0.4)


def _western_score(text: str, data: bytes) -> float:
    wide = [character for character in text if ord(character) > 127]
    plausible = sum(character in _WESTERN for character in wide) / len(wide)
    # Western text has its high bytes one by one; two-byte encodings have them in pairs and long runs.
    runs = re.findall(rb"[\x80-\xff]+", data)
    single = sum(len(run) == 1 for run in runs) / len(runs)
    pairs_beside_letters = sum(len(run) == 2 for run in runs) / len(runs)
    return plausible * min(1.0, single + 0.3 * pairs_beside_letters)


@functools.cache
def _common(name: str) -> frozenset[str]:
    """Everyday characters: level 1 of the national standard, digits, letters and punctuation in full width."""
    single = [*range(0x40, 0x7F), *range(0x80, 0xFF)]
    rows, cells, codec = {
        "gb18030": (range(0xB0, 0xD8), list(range(0xA1, 0xFF)), "gb2312"),
        "big5": (range(0xA4, 0xC7), single, "big5"),
        "shift_jis": (range(0x88, 0x98), single, "cp932"),
    }[name]
    level_one = {bytes((row, cell)).decode(codec, "ignore") for row in rows for cell in cells}
    punctuation = set("，。、；：？！“”‘’（）《》〈〉【】「」『』—…％＋－／～·　℃㎡①②③④⑤〇")
    full_width = {chr(code) for code in range(0xFF01, 0xFF5F)}
    kana = {chr(code) for code in range(0x3041, 0x30FF)} if name == "shift_jis" else set()
    return frozenset((level_one | punctuation | full_width | kana) - {""})
