"""Printed lines back into paragraphs: hard wraps, hyphens, and running numbers at line starts.

Used for plain text, preformatted HTML and the lines of a PDF column. A line knows nothing of pages or fonts here.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from assets.reports.formats.wording import is_cjk

BULLET = re.compile(r"\s*(?P<glyph>[•·●▪■◦○‣⁃∙►▶➢➤✓*\uf0b7\uf0a7]|[-–—](?=\s)|o(?=\s{2,}|\t))\s*(?=\S)")
_ENUMERATED = re.compile(r"\s*(?:\(?(?:\d{1,2}|[a-z]|[ivx]{1,4})\)|(?:\d{1,2}|[a-z])[.、](?=\s|[\u4e00-\u9fff]))\s*\S")
_SENTENCE_END = re.compile(r"[.!?。！？;；:：][)\]\"”’」）]*$")
_CONTINUES = re.compile(
    r"(?:\b(?:of|the|to|and|or|as|at|from|by|in|on|for|with|was|were|is|an?|than|June|March|September|December|per)|[,(–—-])$",
    re.I,
)
# Compounds of this trade that keep their hyphen when a line breaks after it.
_KEEPS_HYPHEN = frozenset(
    re.split(
        " ",
        "pre non in re self co year half quarter ramp build operate run long short first second third fourth on off "
        "multi semi sub carrier newly high low mid post cross end three six nine twelve full part so well order take "
        "move start",
    )
)


def join_lines(lines: Sequence[str]) -> str:
    """One paragraph from its printed lines; a word broken at a hyphen is closed, a compound keeps its hyphen."""
    text = ""
    for line in lines:
        piece = line.strip()
        if not piece:
            continue
        if not text:
            text = piece
        elif text[-1] in "-\u2010" and re.search(r"\w[-\u2010]$", text) and re.match(r"\w", piece):
            text = _close_hyphen(text, piece)
        elif text.endswith("\u00ad") or is_cjk(text[-1]) or is_cjk(piece[0]) or _cut_number(text, piece):
            text = text.rstrip("\u00ad") + piece
        elif text.endswith("/") and re.search(r"\S/$", text):
            text += piece
        else:
            text += " " + piece
    return text


def _cut_number(text: str, piece: str) -> bool:
    """Whether a line of Chinese ends inside a number: there no space stands between two numbers to break at."""
    return bool(re.search(r"\d[,.]?$", text[-3:]) and piece[:1].isdigit() and any(map(is_cjk, text[-30:])))


def _close_hyphen(text: str, piece: str) -> str:
    left = re.search(r"[\w-]+(?=[-\u2010]$)", text)
    word = left[0].lower() if left else ""
    if word in _KEEPS_HYPHEN or "-" in word or not word.isalpha() or not piece[0].islower():
        return text + piece
    return text[:-1] + piece


def wrap_width(lines: Sequence[str]) -> int:
    """The width lines were wrapped at, in columns; 0 where they were not (long lines, or none with words)."""
    lengths = sorted(
        display_width(line.rstrip()) for line in lines if len(line.split()) >= 3 or sum(map(is_cjk, line)) >= 12
    )
    if not lengths:
        return 0
    typical = lengths[int(0.8 * (len(lengths) - 1))]
    width = max(length for length in lengths if length <= 1.15 * typical + 2)
    return width if 25 <= width <= 160 else 0


def paragraphs(lines: Sequence[str], width: int) -> list[list[str]]:
    """Groups lines that stand without a blank line between them into paragraphs and bullets.

    `width` is the wrap width. A break is a wrap when the next word would not have fitted; where it would have, the
    break was meant, unless the sentence plainly runs on (open bracket, trailing comma or preposition, lower case).
    """
    groups: list[list[str]] = []
    for line in lines:
        if groups and not _starts_anew(groups[-1], line, width):
            groups[-1].append(line)
        else:
            groups.append([line])
    return groups


# A bracket still open after this many lines was never closed.
_LOOK_BACK = 12


def display_width(text: str) -> int:
    """Width in columns of a typewriter: Chinese characters take two."""
    return len(text) + sum(map(is_cjk, text))


def first_word(line: str) -> str:
    """What a line break keeps together at the start of a line: a word, or one Chinese character."""
    line = line.lstrip()
    if line and is_cjk(line[0]):
        return line[0]
    found = re.match(r"\S+", line)
    return found[0] if found else ""


def starts_item(line: str) -> bool:
    """Whether a line begins a bullet or an enumerated item."""
    return bool(BULLET.match(line) or _ENUMERATED.match(line))


def runs_on(so_far: str, following: str) -> bool:
    """Whether a sentence plainly goes on in the next line: open bracket, trailing comma or preposition, lower case."""
    so_far, following = so_far.rstrip(), following.strip()
    if len(so_far) <= 20:
        return False
    if _open_bracket(so_far) and len(so_far) < 2_000:
        return True
    so_far = so_far[-200:]
    if _SENTENCE_END.search(so_far):
        return False
    # A line that begins with a figure goes on with a sentence; after a short label it is a value of its own.
    figure = len(so_far) > 40 and following[:1].isdigit() and not _ENUMERATED.match(following)
    return bool(_CONTINUES.search(so_far)) or following[:1].islower() or figure


def ends_sentence(text: str) -> bool:
    """Whether text ends in a full stop, colon or the like, closing brackets and quotes aside."""
    return bool(_SENTENCE_END.search(text.rstrip()))


def _open_bracket(text: str) -> bool:
    return text.count("(") + text.count("（") > text.count(")") + text.count("）")


def _starts_anew(group: Sequence[str], line: str, width: int) -> bool:
    last = group[-1].rstrip()
    following = line.strip()
    so_far = " ".join(group[-_LOOK_BACK:])
    if BULLET.match(line) or (_ENUMERATED.match(line) and not _open_bracket(so_far)):
        return True
    wrapped = width > 0 and display_width(last) + 1 + display_width(first_word(following)) > width
    first = BULLET.match(group[0])
    if first and len(line) - len(line.lstrip()) >= max(2, first.end()):
        return False
    if wrapped or (last.endswith(("-", "(", "（")) and len(last) > 3):
        return False
    return (len(last) <= 20 and not _open_bracket(so_far)) or not runs_on(so_far, following)


_NUMBERED = re.compile(r"\s*(\d{1,4})([.):]?)( ?)(.*)$", re.S)


def strip_running_numbers(lines: Sequence[str]) -> tuple[list[str], list[int]]:
    """Lines with running numbers at their starts taken off, and the indices of the lines that had one.

    Running numbers count up by one on every line and cut sentences at arbitrary places, which tells them from a
    numbered list, whose items begin sentences. Returns the lines unchanged and no indices where there are none.
    """
    matches = [_NUMBERED.match(line) for line in lines]
    best: list[int] = []
    index = 0
    while index < len(lines):
        run = [index]
        first = matches[index]
        if first is not None:
            expected = int(first[1]) + 1
            for later in range(index + 1, len(lines)):
                match = matches[later]
                if match is None or int(match[1]) != expected or match[2] != first[2]:
                    break
                run.append(later)
                expected += 1
        if len(run) > len(best):
            best = run
        index = run[-1] + 1
    if len(best) < 4:
        return list(lines), []
    texts = [match[4] for match in (matches[place] for place in best) if match is not None]
    cut = sum(not re.match(r"\s*[A-Z\"“(•\u4e00-\u9fff]", text) for text in texts[1:])
    ended = sum(bool(_SENTENCE_END.search(text.rstrip())) for text in texts[:-1])
    if cut < 0.4 * (len(texts) - 1) or ended > 0.5 * (len(texts) - 1):
        return list(lines), []
    stripped = list(lines)
    for place, text in zip(best, texts, strict=True):
        stripped[place] = text
    return stripped, best


def join_chunks(chunks: Sequence[str]) -> str:
    """Joins lines that carried running numbers: cut anywhere, also inside words and numbers, or wrapped at words.

    Chunks that begin or end with a space show that spaces at the cuts survived: they are joined as they are. Without
    such evidence each cut is judged by whether its two halves are words on their own.
    """
    if any(chunk[:1] == " " for chunk in chunks[1:]) or any(chunk[-1:] == " " for chunk in chunks[:-1]):
        return "".join(chunks)
    inner = {word for chunk in chunks for word in re.findall(r"[A-Za-z]+", chunk)[1:-1]} | _SHORT_WORDS
    text = chunks[0] if chunks else ""
    for chunk in chunks[1:]:
        left, right = re.search(r"[A-Za-z]+$", text), re.match(r"[A-Za-z]+", chunk)
        if left is None or right is None:
            apart = bool(left or right) and not re.search(r"[-(/]$", text) and chunk[:1] not in ",.;:)%"
        else:
            apart = left[0] + right[0] not in inner and (left[0] in inner or right[0] in inner)
        text += (" " if apart else "") + chunk
    return text


_SHORT_WORDS = frozenset(
    re.split(" ", "a an as at by for from in is it its not of on or over that the this to up was were with and")
)
