"""What the page says, in English and Chinese: sentences by key and vocabularies by code, from templates/words.yaml.

Belongs here: finding a text, filling its blanks, writing both languages as markup. Does not belong here: how numbers
are written (wording.py), any sentence. Both languages stand in the page; the style sheet shows that of the `lang`
attribute. What documents and files say keeps its language: it is wrapped in <bdi>, so that everyone can tell.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

from markupsafe import Markup, escape

from assets.delivery import wording

FILE = Path(__file__).parent / "templates" / "words.yaml"
LANGUAGES = ("en", "zh")


class Said:
    """One text in both languages, as safe markup. Put into a template it becomes two elements, of which the style sheet
    hides one, or one text where both are equal. Their names are short because a page has ten thousand of them.
    """

    __slots__ = ("en", "zh")

    def __init__(self, en: Any, zh: Any) -> None:
        self.en, self.zh = escape(en), escape(zh)

    def __html__(self) -> Markup:
        return self.en if self.en == self.zh else Markup(f"<x-en>{self.en}</x-en><x-zh>{self.zh}</x-zh>")

    def __str__(self) -> str:
        """The English text without markup."""
        return self.en.striptags()

    def __bool__(self) -> bool:
        return bool(self.en)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Said) and (self.en, self.zh) == (other.en, other.zh)

    def __hash__(self) -> int:
        return hash((self.en, self.zh))

    def svg(self) -> str:
        """Both languages for the inside of an SVG text element."""
        en, zh = (
            str(one).replace("<bdi>", '<tspan class="d">').replace("</bdi>", "</tspan>") for one in (self.en, self.zh)
        )
        return en if en == zh else f'<tspan class="en">{en}</tspan><tspan class="zh">{zh}</tspan>'


Text = Said | str


def say(key: str, **parts: Any) -> Said:
    """The text of `key` with its blanks filled: a part is a Said, safe markup, or plain text that is escaped.

    Raises KeyError for a key or a blank that is not there.
    """
    found = _texts().get(key)
    if found is None:
        raise KeyError(f"{FILE.name}: no text {key!r}; add it with en and zh.")
    out = []
    for language, template in zip(LANGUAGES, found, strict=True):
        filled = {name: getattr(part, language) if isinstance(part, Said) else part for name, part in parts.items()}
        out.append(Markup(escape(template)).format(**filled) if filled else Markup(escape(template)))
    return Said(*out)


def word(group: str, code: Any) -> Said:
    """A code of a vocabulary in words; one that the vocabulary lacks as it stands, underscores as blanks."""
    found = _texts().get(f"{group}.{code}")
    return Said(*found) if found is not None else name(wording.plain(code, 80).replace("_", " "))


def name(text: Any, longest: int = 400) -> Said:
    """Words of a file or document, cleaned and marked as such: they are never translated."""
    shown = wording.plain(text, longest)
    marked = Markup("<bdi>{}</bdi>").format(shown) if shown else ""
    return Said(marked, marked)


def both(part: Any) -> Said:
    """Anything as a Said; plain text reads the same in both languages."""
    return part if isinstance(part, Said) else Said(part, part)


def joined(parts: list[Any], between: str = "; ") -> Said:
    """Texts in a row. In Chinese the marks between them are the full-width ones."""
    full = {"; ": "；", ", ": "、", " ": " ", "": "", ": ": "："}[between]
    each = [both(part) for part in parts if part]
    return Said(Markup(between).join(one.en for one in each), Markup(full).join(one.zh for one in each))


def run(*parts: Any) -> Markup:
    """Parts one after another as markup, each in both languages where it differs: names and numbers stand once."""
    return Markup("").join(escape(part) for part in parts)


def amount(value: Any, unit: str) -> Text:
    """618060, 'sqm' -> '618,060 sqm', the unit in both languages."""
    told = word("unit", unit)
    text = wording.capacity(value, unit)
    if wording.missing(value) or told.en == told.zh:
        return text
    number = text.split(" ", 1)[0]
    return Said(Markup("{} {}").format(number, told.en), Markup("{} {}").format(number, told.zh))


def printed(value: Any, unit: str) -> Text:
    """A figure in the unit it was taken in, no digit more than it has: 92.5, 'pct' -> '92.5%'."""
    text = wording.printed_value(value, unit)
    told = word("unit", unit)
    if wording.missing(value) or unit in ("pct", "count") or told.en == told.zh:
        return text
    number = text.split(" ", 1)[0]
    return Said(Markup("{} {}").format(number, told.en), Markup("{} {}").format(number, told.zh))


def keys() -> dict[str, tuple[str, str]]:
    """Every key with its English and its Chinese text."""
    return dict(_texts())


@lru_cache
def _texts() -> dict[str, tuple[str, str]]:
    import yaml

    # The loader in C, where it is built: the other one takes a second for this file.
    read = yaml.load(FILE.read_text(encoding="utf-8"), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    out: dict[str, tuple[str, str]] = {}
    for group, texts in read.items():
        for code, both_languages in texts.items():
            out[f"{group}.{code}"] = (str(both_languages["en"]), str(both_languages["zh"]))
    return out
