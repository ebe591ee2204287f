"""Tells the body of an HTTP error, a log-in wall or a robot check from a report. It sees visible text only."""

from __future__ import annotations

import re

from assets.reports.document import Block, Part, Unreadable

_LONGEST_ERROR_PAGE = 3_000
_CODES = r"(?:40[0134]|410|429|50[0234])"
_SIGNS = re.compile(
    rf"\b{_CODES}\b\s*[-–—:|]?\s*(?:error|not found|forbidden|access|unauthori[sz]ed|page|bad|internal|service|too many"
    rf"|gone)|\berror\s*(?:code\s*)?:?\s*{_CODES}\b"
    r"|(?:page|file|document|resource|url|content)\b.{0,30}\b(?:not|cannot be|can't be|could not be|couldn't be"
    r"|no longer)\s+(?:be\s+)?(?:found|exist|available)"
    r"|(?:could|can) ?(?:not|'t|n't)\s+find\s+(?:this|the|that)\s+(?:page|file|document)"
    r"|does(?:n't| not) exist|access (?:is |was )?denied|permission to access|\bforbidden\b|unauthori[sz]ed"
    r"|internal server error|service (?:is )?(?:temporarily )?unavailable|bad gateway|gateway time-?out"
    r"|too many requests|captcha|are you (?:a )?(?:human|robot)|not a robot"
    r"|verify(?:ing)? (?:that )?you are (?:a )?human|checking your browser|just a moment|unusual traffic"
    r"|enable javascript|javascript is (?:disabled|required)|session (?:has )?(?:expired|timed out)"
    r"|(?:sign|log) ?in to (?:continue|view|read)|request (?:was )?blocked|(?:down|closed) for maintenance"
    r"|under maintenance|页面不存在|找不到(?:页面|该页|您)|无法找到"
    r"|頁面不存在|找不到(?:頁面|該頁)|访问被拒绝|服务器错误|验证码",
    re.I | re.S,
)
_BARE_CODE = re.compile(r"\s*(?:error\s*)?(?:40[0134]|410|429|50[0234])\s*[.!]?\s*", re.I)
_FIGURE = re.compile(
    r"\d[\d,.]*\s*(?:%|％|per ?cent|sq\.? ?(?:m|ft|feet)|square (?:m|f)|m²|MW|GW|kW|megawatt|cabinets|racks"
    r"|平方|兆瓦|机柜|機櫃)",
    re.I,
)


def refuse_error_page(parts: tuple[Part, ...], title: str) -> None:
    """Raises Unreadable('rejected') for a short document that says it is an error page and has no figure."""
    blocks = [part.text for part in parts if isinstance(part, Block)]
    cells = [cell.text for part in parts if not isinstance(part, Block) for cell in part.cells]
    text = "\n".join([title, *blocks, *cells])
    if len(text) > _LONGEST_ERROR_PAGE or _FIGURE.search(text):
        return
    sign = _SIGNS.search(text)
    bare = next((part for part in [title, *blocks] if _BARE_CODE.fullmatch(part)), None)
    if sign is None and bare is None:
        return
    said = bare if bare is not None else sign[0] if sign is not None else ""
    raise Unreadable(
        "rejected",
        f"an error page instead of a report: it says '{' '.join(said.split())[:80]}'; fetch the document again",
    )
