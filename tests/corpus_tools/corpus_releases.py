# ruff: noqa: E501
"""Results announcements and newswires in English: GDS, VNET, Chindata, DuPont Fabros, CyrusOne, Equinix, Interxion prose."""

from __future__ import annotations

import textwrap

from corpus_writing import Corpus, Line, ending, flowing, pdf

GDS = "GDS Holdings"
VNET = "VNET Group (21Vianet)"


def edgar_bullet(text: str) -> str:
    return (
        '<TABLE CELLPADDING="0" CELLSPACING="0" STYLE="font: 10pt Times New Roman, Times, Serif; width: 100%"><TR '
        'STYLE="vertical-align: top"><TD STYLE="width: 0.25in"></TD><TD STYLE="width: 0.25in"><FONT STYLE="font-family: '
        f'Symbol">&middot;</FONT></TD><TD STYLE="text-align: justify">{text}</TD></TR></TABLE>\n<P STYLE="margin: 0pt">&nbsp;</P>\n'
    )


def first(corpus: Corpus) -> None:
    """The first fifteen: written before the rest, so that readers could be measured early."""
    source = "https://news.futunn.com/translate_tc/1710420392/8352236/1"
    bullets = [
        "Total area committed and pre-committed stood at 653,732&nbsp;sqm as of September&nbsp;30, 2023, a 5.7% rise Y-o-Y (September&nbsp;30, 2022: 618,369&nbsp;sqm).",
        "Area in service stood at 554,210&nbsp;sqm as of September&nbsp;30, 2023, an 8.6% rise Y-o-Y (September&nbsp;30, 2022: 510,511&nbsp;sqm).",
        "Commitment rate for area in service: 91.9% as of September&nbsp;30, 2023 (September&nbsp;30, 2022: 95.6%).",
        "Area under construction stood at 189,585&nbsp;sqm as of September&nbsp;30, 2023 (September&nbsp;30, 2022: 182,355&nbsp;sqm).",
        "Pre-commitment rate for area under construction: 76.1% as of September&nbsp;30, 2023 (September&nbsp;30, 2022: 71.5%).",
    ]
    corpus.add(
        "gds_3q23_exhibit.html",
        '<HTML><HEAD><TITLE>EX-99.1</TITLE></HEAD><BODY BGCOLOR="WHITE">\n<P ALIGN="right"><B>Exhibit 99.1</B></P>\n'
        '<P ALIGN="center"><B>GDS Holdings Limited: Third Quarter 2023</B></P>\n'
        "<P>SHANGHAI, CHINA, November&nbsp;22, 2023 &#8212; GDS Holdings Limited (&#8220;GDS Holdings&#8221;) (NASDAQ: GDS; HKEX: 9698) reports unaudited results for the quarter that ended on September&nbsp;30, 2023.</P>\n"
        "<P><B><I>Operations</I></B></P>\n"
        + "".join(map(edgar_bullet, bullets))
        + "<P>&#8220;sqm&#8221; is square meters. The webcast can be heard for 90 days.</P>\n"
        f"<P>{ending(source)}</P></BODY></HTML>\n",
        operator=GDS,
        layout="press_release_html_edgar",
        hazards="nested bullet tables;no utilised area and no utilisation rate printed;webcast days are not a figure",
        period_end="2023-09-30",
        published_on="2023-11-22",
        sources=(source,),
        expected="""
= GDS Holdings | group | portfolio | sqm
2023-09-30 ar committed 653732; in_service 554210; commitment 91.9; uc 189585; precommit 76.1
2022-09-30 py committed 618369; in_service 510511; commitment 95.6; uc 182355; precommit 71.5
""",
    )

    source = "https://baystnews.com/gds-reports-first-quarter-2020-results/amp"
    corpus.add(
        "gds_1q20_hard_wrap.txt",
        textwrap.fill(
            "SHANGHAI, May 14, 2020 (wire) -- GDS Holdings Limited (NASDAQ: GDS), which builds and runs data centers for large users in China, gave "
            "its unaudited first quarter 2020 numbers today.",
            58,
        )
        + "\n\nOperating summary\n\n"
        + "\n".join(
            textwrap.fill(text, 58, initial_indent="   * ", subsequent_indent="     ")
            for text in (
                "Total area committed grew by 22,112 sqm in the first quarter of 2020, reaching 286,990 sqm as of March 31, 2020, an increase of 43.6% Y-o-Y (March 31, 2019: 199,831 sqm).",
                "Area in service grew by 4,023 sqm in the first quarter of 2020, reaching 229,986 sqm as of March 31, 2020, an increase of 34.1% Y-o-Y (March 31, 2019: 171,515 sqm).",
                "Area utilized grew by 7,816 sqm in the first quarter of 2020, reaching 163,838 sqm as of March 31, 2020, an increase of 38.8% Y-o-Y (March 31, 2019: 118,050 sqm).",
                "Commitment rate for area in service was 91.9% as of March 31, 2020 (March 31, 2019: 96.1%).",
                "Utilization rate for area in service was 71.2% as of March 31, 2020 (March 31, 2019: 68.8%).",
            )
        )
        + f"\n\nMedia: the newsroom answers on working days.\n\n{textwrap.fill(ending(source), 78, break_long_words=False, break_on_hyphens=False)}\n",
        operator=GDS,
        layout="press_release_txt_hardwrap",
        hazards="hard wraps inside figures' sentences;increment before level;growth rates",
        period_end="2020-03-31",
        published_on="2020-05-14",
        sources=(source,),
        expected="""
= GDS Holdings | group | portfolio | sqm
2020-03-31 ar committed 286990; in_service 229986; utilised 163838; commitment 91.9; utilisation 71.2
2019-03-31 py committed 199831; in_service 171515; utilised 118050; commitment 96.1; utilisation 68.8
""",
    )

    source = "http://www.gds-services.com/en/newsshow_28.html"
    corpus.add(
        "gds_3q17_glued.txt",
        "GDS Holdings Limited Third Quarter of 2017 (published on November 9, 2017)Operating HighlightsTotal area committed increased to 82,850 sqm as of "
        "September 30, 2017, an increase of 41.3% from 58,627 sqm as of September 30, 2016.Area in service increased to 77,832 sqm as of September 30, "
        "2017, an increase of 59.4% from 48,822 sqm as of September 30, 2016.Area under construction was 37,478 sqm as of September 30, 2017 "
        "(September 30, 2016: 37,194 sqm).Commitment rate of area in service was 89.8% as of September 30, 2017 (September 30, 2016: 93.8%); "
        "pre-commitment rate of area under construction was 34.6% as of September 30, 2017.Area utilized increased to 50,579 sqm as of September 30, "
        "2017, an increase of 47.2% from 34,369 sqm as of September 30, 2016.Utilization rate of area in service was 65.0% as of September 30, 2017 "
        "(September 30, 2016: 70.4%).Conference CallDial-in at 8:00 a.m., code 9174402."
        f"\n\n{ending(source)}\n",
        operator=GDS,
        layout="press_release_txt_run_together",
        hazards="bullets glued;comparative written as 'from X as of';one rate without comparative",
        period_end="2017-09-30",
        published_on="2017-11-09",
        sources=(source,),
        expected="""
= GDS Holdings | group | portfolio | sqm
2017-09-30 ar committed 82850; in_service 77832; uc 37478; commitment 89.8; precommit 34.6; utilised 50579; utilisation 65.0
2016-09-30 py committed 58627; in_service 48822; uc 37194; commitment 93.8; utilised 34369; utilisation 70.4
""",
    )

    source = "https://www.gds-services.com/en/newsshow_24.html"
    rows = [
        ("Area in service (sqm)", "37,869", "61,092"),
        ("Area under construction (sqm)", "35,525", "35,055"),
        ("Total area committed (sqm)", "36,959", "68,313"),
        ("Commitment rate (area in service)", "88.8%", "90.0%"),
        ("Pre-commitment rate (area under construction)", "9.4%", "37.9%"),
        ("Area utilized (sqm)", "23,957", "37,898"),
        ("Utilization rate", "63.3%", "62.0%"),
    ]
    corpus.add(
        "gds_1q17_metrics_table.html",
        "<html><body><h3>GDS Holdings Limited, first quarter of 2017: key operating metrics</h3>\n<table border='1'><tr><th rowspan='2'>Measure</th>"
        "<th colspan='2'>As of March 31,</th></tr><tr><th>2016</th><th>2017</th></tr>\n"
        + "\n".join(f"<tr><td>{a}</td><td>{b}</td><td>{c}</td></tr>" for a, b, c in rows)
        + f"\n<tr><td>Employees</td><td>&mdash;</td><td>&mdash;</td></tr></table>\n<p>{ending(source)}</p></body></html>\n",
        operator=GDS,
        layout="key_metrics_table_html_two_dates",
        hazards="day and month in a header spanning the years;older year first;rate row labels name another metric in brackets",
        period_end="2017-03-31",
        sources=(source,),
        expected="""
= GDS Holdings | group | portfolio | sqm
2017-03-31 ar in_service 61092; uc 35055; committed 68313; commitment 90.0; precommit 37.9; utilised 37898; utilisation 62.0
2016-03-31 py in_service 37869; uc 35525; committed 36959; commitment 88.8; precommit 9.4; utilised 23957; utilisation 63.3
""",
    )

    source = "http://blog.biaohs.com/article-180269-1.html"
    left = """
Second quarter of 2022

GDS Holdings Limited (NASDAQ: GDS;
HKEX: 9698) gives unaudited figures
for the three months to June 30, 2022.
Published August 23, 2022.

Words used. Area utilized is area in
service for which customers are billed.
sqm: square metres.

How to listen. A call follows at 8:00
a.m. Eastern time. Lines open ten
minutes before. The replay number is
given in the invitation.

Nothing in this notice is an offer.
"""
    right = """
Operating figures

Area committed and pre-committed was
up by 13,045 sqm in the quarter, to
588,054 sqm on June 30, 2022 (June 30,
2021: 506,672 sqm).

Area in service was up by 12,039 sqm in
the quarter, to 504,383 sqm on June 30,
2022 (June 30, 2021: 426,543 sqm).

Area utilized was up by 13,659 sqm in
the quarter, to 345,678 sqm on June 30,
2022 (June 30, 2021: 281,650 sqm).

Commitment rate of area in service:
95.9% (June 30, 2021: 96.2%).
Utilization rate of area in service:
68.5% (June 30, 2021: 66.0%).

Area under construction: 163,102 sqm
(June 30, 2021: 165,175 sqm), of which
64.1% was pre-committed, against 58.2%
one year earlier.
"""
    corpus.add(
        "gds_2q22_columns.pdf",
        pdf(
            [
                flowing(left, x=45, top=770, step=15)
                + flowing(right, x=310, top=770, step=15)
                + [Line(45, 60, ending(source), 7), Line(280, 30, "1/1", 7)]
            ]
        ),
        operator=GDS,
        layout="press_release_pdf_two_columns",
        hazards="two columns at equal heights;increment before level;date stated once per paragraph or not at all;pre-commitment as a subordinate clause",
        period_end="2022-06-30",
        published_on="2022-08-23",
        sources=(source,),
        expected="""
= GDS Holdings | group | portfolio | sqm
2022-06-30 ar committed 588054; in_service 504383; utilised 345678; commitment 95.9; utilisation 68.5; uc 163102; precommit 64.1
2021-06-30 py committed 506672; in_service 426543; utilised 281650; commitment 96.2; utilisation 66.0; uc 165175; precommit 58.2
""",
    )

    source = "https://www.globenewswire.com/news-release/2020/11/24/2133220/0/en/21Vianet-Group-Inc-Reports-Unaudited-Third-Quarter-2020-Financial-Results.html"
    corpus.add(
        "vnet_3q20_release.html",
        "<html><head><title>21Vianet 3Q20</title></head><body><p>BEIJING, Nov. 24, 2020 &ndash; 21Vianet Group, Inc. (Nasdaq: VNET), a carrier-neutral data center company in China, published unaudited third quarter 2020 figures.</p>"
        "<h4>Third Quarter 2020 Operational Highlights</h4><ul>"
        "<li>Retail IDC MRR per cabinet increased to RMB9,074 in the third quarter of 2020 from RMB8,711 in the third quarter of 2019 and RMB8,953 in the second quarter of 2020.</li>"
        "<li>Total cabinets under management increased by 7,426 in the third quarter of 2020 to 51,476 as of September 30, 2020, from 44,050 as of June 30, 2020, and 32,116 as of September 30, 2019.</li>"
        "<li>Compound utilization rate was 64.2% in the third quarter of 2020, compared to 61.4% in the second quarter of 2020.</li></ul>"
        "<p>Outlook and capital items are left out of this re-typesetting.</p>"
        f"<p>{ending(source)}</p></body></html>",
        operator=VNET,
        layout="press_release_html_bullets",
        hazards="two comparatives per bullet in changing order;increment before level;price per cabinet",
        period_end="2020-09-30",
        published_on="2020-11-24",
        sources=(source,),
        expected="""
= VNET Group (21Vianet) | retail IDC | portfolio | cabinets
2020-09-30 ar mrr 9074
2019-09-30 py mrr 8711
2020-06-30 pq mrr 8953
= VNET Group (21Vianet) | group | portfolio | cabinets
2020-09-30 ar in_service 51476; utilisation 64.2
2020-06-30 pq in_service 44050; utilisation 61.4
2019-09-30 py in_service 32116
""",
    )

    source = "https://reportify.ai/financials/915302176232968192"
    corpus.add(
        "vnet_2q23_wire.txt",
        f"""VNET Group, Inc. - Second Quarter 2023 (August 23, 2023)

Operating items

o  Cabinets managed by VNET came to 86,927 as of June 30,
   2023, which compares with 80,831 as of June 30, 2022
   and 87,310 as of March 31, 2023.
o  Of these, 51,316 were utilized by customers as of
   June 30, 2023, which compares with 44,500 as of June
   30, 2022 and 49,316 as of March 31, 2023.
o  The overall utilization rate of cabinets was 59.0% as
   of June 30, 2023, which compares with 55.1% as of June
   30, 2022 and 56.5% as of March 31, 2023.
o  Retail IDC MRR per cabinet was RMB9,530 in the second
   quarter of 2023, which compares with RMB9,486 in the
   first quarter of 2023.

Dial-in: pass code 4471920.

{ending(source)}
""",
        operator=VNET,
        layout="press_release_txt_hardwrap",
        hazards="date broken over a line;'of these' needs the sentence before;cabinets fell on the quarter",
        period_end="2023-06-30",
        published_on="2023-08-23",
        sources=(source,),
        expected="""
= VNET Group (21Vianet) | group | portfolio | cabinets
2023-06-30 ar in_service 86927; utilised 51316; utilisation 59.0
2022-06-30 py in_service 80831; utilised 44500; utilisation 55.1
2023-03-31 pq in_service 87310; utilised 49316; utilisation 56.5
= VNET Group (21Vianet) | retail IDC | portfolio | cabinets
2023-06-30 ar mrr 9530
2023-03-31 pq mrr 9486
""",
    )

    source = "https://www.chindatagroup.com/media/news/412.html"
    corpus.add(
        "chindata_2q23_release.html",
        "<!doctype html><html lang=en><body><article><h1>Chindata Group: second quarter of 2023</h1><p><time>2023-08-31</time></p>"
        "<p>Capacity in service reached <b>730MW</b> as of June 30, 2023, with 91MW added in the quarter. Together with what is being built, total capacity was <b>945MW</b>. Outside mainland China, capacity in service was <b>117MW</b>.</p>"
        "<p>Utilized capacity reached <b>585MW</b> as of June 30, 2023, 48MW more than three months before.</p>"
        f"<footer>{ending(source)}</footer></article></body></html>",
        operator="Chindata Group",
        layout="press_release_html_prose",
        hazards="several figures a sentence;additions are not levels;a region beside the group",
        period_end="2023-06-30",
        published_on="2023-08-31",
        sources=(source,),
        expected="""
= Chindata Group | group | portfolio | mw
2023-06-30 ar in_service 730; total 945; utilised 585
= Chindata Group | international (ex mainland China) | region | mw
2023-06-30 ar in_service 117
""",
    )

    source = "http://www.bloomberg.com/article/2014-07-24/aPfaC2PjlZu0.html"
    corpus.add(
        "dupont_fabros_2q14_exhibit.html",
        '<HTML><BODY><DIV align="right"><FONT size="2"><B>EXHIBIT 99.1</B></FONT></DIV><DIV align="center"><B>DuPont Fabros Technology, Inc. &#151; Second Quarter 2014</B></DIV>'
        "<P>WASHINGTON, DC, July 24, 2014. DuPont Fabros Technology, Inc. (NYSE: DFT) owns and runs wholesale data centers.</P>"
        "<P><U>Portfolio update</U></P><P>As of June 30, 2014, the operating portfolio stood as follows:</P>"
        "<P>&bull;&nbsp;96% leased and commenced as measured by computer room square feet (&#147;CRSF&#148;)</P>"
        "<P>&bull;&nbsp;95% leased and commenced as measured by critical load (in megawatts, or MW)</P>"
        f"<P>{ending(source)}</P></BODY></HTML>",
        operator="DuPont Fabros Technology",
        layout="press_release_html_edgar",
        hazards="date in the sentence before the bullets;two measures of one rate;rate without the word rate",
        period_end="2014-06-30",
        published_on="2014-07-24",
        sources=(source,),
        expected="""
= DuPont Fabros Technology | operating portfolio (by computer room square feet) | portfolio | pct
2014-06-30 ar commitment 96
= DuPont Fabros Technology | operating portfolio (by critical load) | portfolio | pct
2014-06-30 ar commitment 95
""",
    )
