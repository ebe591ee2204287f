# ruff: noqa: E501
"""Announcements in Chinese, both scripts."""

from __future__ import annotations

from corpus_writing import FICTITIOUS, Corpus, ending

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


def second(corpus: Corpus) -> None:
    """More Chinese documents."""
    sources = ("https://ofweek.com/ai/2021-08/ART-201713-8460-30519060.html",)
    corpus.add(
        "gds_2q21_zh_wan.txt",
        f"""万国数据2021年二季度运营速览
2021年8月17日

截至二季度末,公司计费面积为27.17万平方米,计费率为69.0%。
在建面积的预签约率为57.2%,去年同期为62.3%。

{ending(*sources)}
""",
        operator=GDS,
        layout="press_release_txt_zh_hans",
        hazards="万平方米 with two decimals;quarter end in words;comparative as 去年同期",
        period_end="2021-06-30",
        published_on="2021-08-17",
        sources=sources,
        expected="""
= GDS Holdings | group | portfolio | sqm
2021-06-30 ar utilised 271700; utilisation 69.0; precommit 57.2
2020-06-30 py precommit 62.3
""",
    )
    source = "http://zhitongcaijing.com/content/detail/478448.html"
    corpus.add(
        "gds_1q21_zh_table.html",
        '<html lang="zh"><head><meta charset="gb18030"><title>GDS</title></head><body><h2>万国数据 2021年第一季度</h2><p>发布于2021年5月20日</p>'
        "<table border=1><tr><th>指标</th><th>2021年3月31日</th><th>2020年3月31日</th></tr>"
        "<tr><td>签约及预签约总面积(平方米)</td><td>425,277</td><td>-</td></tr><tr><td>运营面积(平方米)</td><td>332,534</td><td>-</td></tr>"
        "<tr><td>计费面积(平方米)</td><td>242,364</td><td>-</td></tr><tr><td>在建面积(平方米)</td><td>161,611</td><td>110,706</td></tr>"
        "<tr><td>运营面积签约率</td><td>94.6%</td><td>-</td></tr><tr><td>在建面积预签约率</td><td>68.4%</td><td>68.4%</td></tr><tr><td>计费率</td><td>72.9%</td><td>-</td></tr></table>"
        f"<p>{ending(source)}</p></body></html>",
        operator=GDS,
        layout="key_metrics_table_html_zh_hans",
        hazards="simplified Chinese table;declared charset differs from the bytes (UTF-8);hyphens for what is not printed",
        period_end="2021-03-31",
        published_on="2021-05-20",
        sources=(source,),
        expected="""
= GDS Holdings | group | portfolio | sqm
2021-03-31 ar committed 425277; in_service 332534; utilised 242364; uc 161611; commitment 94.6; precommit 68.4; utilisation 72.9
2020-03-31 py uc 110706; precommit 68.4
""",
    )
    source = (
        "https://www.fool.com/earnings/call-transcripts/2025/08/21/vnet-group-vnet-q2-2025-earnings-call-transcript"
    )
    corpus.add(
        "vnet_2q25_zh_hans.html",
        '<html lang="zh-CN"><head><meta charset="utf-8"></head><body><h1>世纪互联 2025年第二季度</h1><p>日期:2025年8月21日</p>'
        "<p>基地型IDC业务:期末在运营容量674MW,上架容量511MW,上架率75.9%;在建容量326MW,预签约率55.2%。</p>"
        "<p>城市型IDC业务:期末运营机柜52,131个,上架率63.9%,单机柜月度经常性收入8,915元。</p>"
        f"<p>期末指2025年6月30日。</p><p>{ending(source)}</p></body></html>",
        operator="VNET Group (21Vianet)",
        layout="press_release_html_zh_hans",
        hazards="two businesses with the same words;several figures a sentence;period end explained at the end",
        period_end="2025-06-30",
        published_on="2025-08-21",
        sources=(source,),
        expected="""
= VNET Group (21Vianet) | wholesale IDC | portfolio | mw
2025-06-30 ar in_service 674; utilised 511; utilisation 75.9; uc 326; precommit 55.2
= VNET Group (21Vianet) | retail IDC | portfolio | cabinets
2025-06-30 ar in_service 52131; utilisation 63.9; mrr 8915
""",
    )
    corpus.add(
        "fictitious_south_bay_zh_hant.txt",
        f"""南灣數據中心有限公司 (fictitious)
截至二零二六年六月三十日止六個月

本集團於香港營運數據中心。於二零二六年六月三十日,可用電力容量為32.5兆瓦
(二零二五年十二月三十一日:28.0兆瓦),已使用容量為23.4兆瓦(二零二五年十二月三十一日:
19.6兆瓦),使用率為72.0%(二零二五年十二月三十一日:70.0%)。期內收入增加11.8%。

{FICTITIOUS}
""",
        operator="南灣數據中心有限公司 (fictitious)",
        layout="prose_half_year_statement_zh_hant",
        hazards="dates in Chinese numerals;兆瓦;previous half-year in brackets, broken over a line;revenue growth",
        period_end="2026-06-30",
        expected="""
= 南灣數據中心有限公司 (fictitious) | group | portfolio | mw
2026-06-30 ar in_service 32.5; utilised 23.4; utilisation 72.0
2025-12-31 ph in_service 28.0; utilised 19.6; utilisation 70.0
""",
    )
