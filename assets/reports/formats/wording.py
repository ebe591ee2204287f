"""Running text, tidied without changing what it says: white space, footnote marks, lost spaces, glued sentences.

Works on strings alone; which blocks or cells they come from is the readers' matter, what they mean is extraction's.
"""

from __future__ import annotations

import re

# A superscript is carried through a reader as MARK_OPEN + content + MARK_CLOSE until `settle_marks` decides on it.
MARK_OPEN, MARK_CLOSE = "\ue000", "\ue001"
# Stands where the direction of text is overridden: what is seen there is not what is stored. Parts refuses it.
TURNED = "\ufdd0"

_SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁽⁾", "0123456789()")
_SUPERSCRIPT_RUN = re.compile("[⁰¹²³⁴⁵⁶⁷⁸⁹⁽⁾]+(?:[,⸴][⁰¹²³⁴⁵⁶⁷⁸⁹⁽⁾]+)*")
# Everything that prints nothing: joiners, fillers, direction marks, variation selectors, tags, controls.
_INVISIBLE = re.compile(
    "[\u200b-\u200f\u2060-\u2064\u2066-\u206f\ufeff\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\uffa0"
    "\u202a-\u202c\ufe00-\ufe0f\x00-\x08\x0e-\x1f\x7f\U000e0000-\U000e0fff]"
)
_OVERRIDES = re.compile("[\u202d\u202e]")
_SPACES = re.compile(r"\s+")
_MARKED = re.compile(f"(?:(?<!\\s)\\s++)?{MARK_OPEN}([^{MARK_OPEN}{MARK_CLOSE}]*){MARK_CLOSE}")
_ONE_MARK = r"(?:\d{1,2}|[a-z]|[ivx]{1,4}|[*†‡§#]{1,3})"
# Marks one after the other; character by character, since marks of several characters part in too many ways.
_MARK_LIST = re.compile(r"[(\[]?[\da-z*†‡§#][)\]]?(?:(?:\s?[,;&/]\s?|\s\s?)?[(\[]?[\da-z*†‡§#][)\]]?)*")
_MARK_ITEM = re.compile(_ONE_MARK)
# What may stand between a unit's first word and its power.
_LOOK_BEFORE = 80
# m2 and m3 are units; 'sq m' is square already, so a 2 after it is a footnote.
_UNIT_BEFORE = re.compile(r"(?:^|[^A-Za-z])(?:[kcdm]?m|ft|feet|yd|metres?|meters?)$|(?:米|公尺|×\s*10|x\s*10)$")
_SQUARE_BEFORE = re.compile(r"(?:\bsq\.?|\bsquare|平方)\s*\w*$", re.IGNORECASE)

CJK = "\u2e80-\u9fff\uf900-\ufaff\uff00-\uffef"
_CJK_CHARACTER = re.compile(f"[{CJK}]")


def fold(text: str) -> str:
    """White space of every kind to one space, invisible characters out, ends stripped; overrides become TURNED."""
    return _SPACES.sub(" ", _OVERRIDES.sub(TURNED, _INVISIBLE.sub("", text))).strip()


def is_cjk(character: str) -> bool:
    """Whether a character is Chinese, Japanese or full-width, where lines join without a space."""
    return bool(_CJK_CHARACTER.match(character))


def settle_marks(text: str) -> tuple[str, tuple[str, ...], str]:
    """Takes footnote marks out: (text folded, marks in order, the mark that stood at the very start or '').

    Unicode superscripts count as marks too. 'm²', 'ft²', '× 10³' keep theirs, since there it is part of the unit;
    ordinals and trade marks ('1st', 'TM') stay as plain text.
    """
    text = _SUPERSCRIPT_RUN.sub(lambda run: MARK_OPEN + run[0].translate(_SUPERSCRIPTS) + MARK_CLOSE, text)
    if MARK_OPEN not in text:
        return fold(text), (), ""
    notes: list[str] = []
    lead = ""
    settled = ""
    end = 0
    for found in _MARKED.finditer(text):
        settled += text[end : found.start()]
        end = found.end()
        content = fold(found[1])
        before = settled[-_LOOK_BEFORE:].rstrip()
        if content in ("2", "3") and _UNIT_BEFORE.search(before) and not _SQUARE_BEFORE.search(before):
            settled = settled.rstrip() + ("²" if content == "2" else "³")
        elif content in ("st", "nd", "rd", "th") or not _MARK_LIST.fullmatch(content):
            settled += content if content.isalpha() else found[0].replace(MARK_OPEN, "").replace(MARK_CLOSE, "")
        else:
            marks = _MARK_ITEM.findall(content)
            if not before and not settled.strip():
                lead = marks[0]
            notes.extend(marks)
            if found[0][0].isspace() and text[end : end + 1].isalnum():
                settled += " "
    settled += text[end:]
    settled = re.sub(f"[{MARK_OPEN}{MARK_CLOSE}]", "", settled)
    return fold(settled), tuple(dict.fromkeys(notes)), lead


_ADDRESS = re.compile(r"(?:https?://|www\.)\S+|\S{1,80}@\S{1,200}|\S{0,80}/\S{0,200}\.\S{0,200}")
_RESTORED = (
    # A bracket glued to the word before ('million(2Q2019', 'Y-o-Y(June'); a plural in brackets, 'item(s)', is none.
    (re.compile(r"(?<=[A-Za-z0-9%])\((?!s\))(?=[A-Za-z0-9])"), " ("),
    (re.compile(r"\)(?=[A-Za-z])(?!s\b)"), ") "),
    (re.compile(r"%(?=[A-Za-z])"), "% "),
    (re.compile(r"(?<=[A-Za-z0-9)]):(?=[A-Z])|(?<=[A-Za-z)]):(?=[a-z])"), ": "),
    (re.compile(r"(?<=[A-Za-z]):(?=\d)|(?<=\b\d{4}):(?=\d{1,3}[,.%]|\d{3,})"), ": "),
    (re.compile(r";(?=[A-Za-z0-9])"), "; "),
    (re.compile(r"(?<=[A-Za-z)%]),(?=[A-Za-z0-9])|(?<=\d),(?=[A-Za-z])"), ", "),
    # A year after a day: 'June 30,2020'; a number with thousands has three digits behind its comma.
    (re.compile(r"(?<=[a-z.] \d{2}),(?=(?:19|20)\d{2}\b)|(?<=[a-z.] \d),(?=(?:19|20)\d{2}\b)"), ", "),
    (re.compile(r"(?<=[a-z)%\d])\.(?=[A-Z][a-z])|(?<=[)%])\.(?=[A-Z])"), ". "),
)


def restore_spaces(text: str) -> str:
    """Puts back spaces lost around punctuation ('June 30,2020,a plus' -> 'June 30, 2020, a plus').

    Addresses are left alone, and so are the commas and points inside numbers.
    """
    pieces: list[str] = []
    end = 0
    for address in _ADDRESS.finditer(text):
        pieces += [_restore(text[end : address.start()]), address[0]]
        end = address.end()
    return "".join([*pieces, _restore(text[end:])])


def _restore(text: str) -> str:
    for pattern, replacement in _RESTORED:
        text = pattern.sub(replacement, text)
    return text


_HEADING_WORDS = (
    "Highlights|Results|Update|Updates|Overview|Summary|Developments|Outlook|Points|Lines|Information|Statements?"
    "|Measures|Metrics|Review|Performance|Guidance|Call|Definitions|Note|Notes|Harbor|Harbour"
)
# A longer stretch without a line break is no prose; looking for sentences in it would only cost time.
_LONGEST_GLUED = 50_000
_STARTERS = "The|This|These|We|Our|Net|Total|Management|Service|Adjusted|Gross|Area|Utili[sz]ed"
_GLUED_POINT = re.compile(r"(?<=[a-z0-9)%\"”’])[.!?;][\"”’)]?(?=[A-Z][a-z][\w-]*[ ,])")
_GLUED_BRACKET = re.compile(r"(?<=[\w%.]{4}\))(?=[A-Z][a-z]+ )")
_GLUED_HEADING = re.compile(rf"(?<=[a-z])(?=[A-Z][a-z-]+ )|(?<=[A-Z]{{2}})(?=(?:{_STARTERS}) )")
_ENDS_IN_HEADING_WORD = re.compile(rf"\b(?:{_HEADING_WORDS})$")
_HEADING_AT_END = re.compile(
    rf"(?<=[.!?)”\"])\s+((?:[A-Z][\w&-]*\s+){{0,4}}(?:{_HEADING_WORDS})|About [A-Z][\w ]{{1,40}})$"
)
_HEADING_AT_START = re.compile(rf"((?:[A-Z][\w&-]*\s){{1,3}}(?:{_HEADING_WORDS}))\s+(?=[A-Z][a-z])(?!Call|of\b)")


def split_glued(text: str) -> list[str]:
    """Splits text where sentences were run together without a space: '...sqm).Utilized area', 'HighlightsNet revenue'.

    A capital inside a word splits it only after a word that ends headings, or where both halves stand as words
    of their own elsewhere in the text: names such as 'CyrusOne' or 'SUNeVision' stay whole.
    """
    if len(text) > _LONGEST_GLUED:
        return [text.strip()]
    cuts = {found.end() for pattern in (_GLUED_POINT, _GLUED_BRACKET) for found in pattern.finditer(text)}
    for found in _GLUED_HEADING.finditer(text):
        at = found.start()
        left = re.search(r"[A-Za-z]+$", text[:at])
        right = re.match(r"[A-Za-z-]+", text[at:])
        if left is None or right is None:
            continue
        apart = text[: left.start()] + " " + text[right.end() + at :]
        both = all(len(word) > 2 and re.search(rf"\b{word}\b", apart) for word in (left[0], right[0]))
        if _ENDS_IN_HEADING_WORD.search(text[:at]) or both or re.match(rf"(?:{_STARTERS}) ", text[at:]):
            cuts.add(at)
    addresses = [(found.start(), found.end()) for found in _ADDRESS.finditer(text)]
    pieces: list[str] = []
    start = 0
    for cut in [*sorted(cuts), len(text)]:
        if any(low < cut < high for low, high in addresses):
            continue
        piece = text[start:cut].strip()
        start = cut
        if piece:
            pieces.append(piece)
    if len(pieces) < 2:
        return pieces
    return [part for piece in pieces for part in _split_heading(piece)]


def _split_heading(piece: str) -> list[str]:
    at_end = _HEADING_AT_END.search(piece)
    if at_end:
        return [piece[: at_end.start()].strip(), at_end[1]]
    at_start = _HEADING_AT_START.match(piece)
    if at_start:
        return [at_start[1], piece[at_start.end() :]]
    return [piece]


# Buildings are named by their address; a street tells '44520 Hastings Drive' from '46 Data Centres'.
_STREET = re.compile(
    r"\d+[A-Za-z]?(?:[-–/]\d+)?,? (?:[A-Z][\w.'’-]* ){1,4}"
    r"(?:Drive|Dr|Street|St|Road|Rd|Avenue|Ave|Way|Lane|Court|Boulevard|Blvd|Place|Parkway|Circle|Terrace|Crescent)\.?"
)


def looks_like_heading(text: str) -> bool:
    """Whether a line standing alone reads as a heading: short, no sentence end, no value first."""
    if not 1 < len(text) <= 120 or not re.search(f"[A-Za-z{CJK}]", text):
        return False
    if _STREET.fullmatch(text):
        return True
    if text[-1] in ".;,!?。；，！？" or re.match(r"[\d(\[<≥>~约]|https?:", text):
        return False
    if re.search(r"\d\s*(?:%|sqm|sq\b|MW|GW|kW|cabinets|million|亿|万|平方米|平方公尺)", text):
        return False
    return len(text.split()) <= 18
