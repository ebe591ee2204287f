# ruff: noqa: E501
"""Announcements in Chinese, both scripts."""

from __future__ import annotations

from corpus_writing import Corpus, ending

GDS = "GDS Holdings"


def first(corpus: Corpus) -> None:
    """The Chinese document of the first fifteen."""
    source = "https://bobomg.com/a/mo-guo-shu-ju-fa-cai-bao-2020quan-nian-jing-shou-ru-chao-57yi-yuan.html"
    corpus.add(
        "gds_4q20_zh_hant.html",
        '<!DOCTYPE html><html lang="zh-Hant"><head><meta charset="utf-8"><title>萬國數據</title></head><body>'
        "<h2>萬國數據控股有限公司 二零二零年第四季度及全年數字</h2><p>二零二一年三月十一日</p>"
        "<p>截至2020年12月31日:</p><ul>"
        "<li>簽約及預簽約總面積為401,554平方米;</li>"
        "<li>運營面積為318,272平方米,其中計費面積為226,212平方米;</li>"
        "<li>運營面積的簽約率為94.3%,計費率為71.1%;</li>"
        "<li>在建面積為137,070平方米,預簽約率為73.9%。</li></ul>"
        f"<p>{ending(source)}</p></body></html>",
        operator=GDS,
        layout="press_release_html_zh_hant",
        hazards="traditional Chinese;date once above the list;two figures a bullet;publication date in Chinese numerals",
        period_end="2020-12-31",
        published_on="2021-03-11",
        sources=(source,),
        expected="""
= GDS Holdings | group | portfolio | sqm
2020-12-31 ar committed 401554; in_service 318272; utilised 226212; commitment 94.3; utilisation 71.1; uc 137070; precommit 73.9
""",
    )
