# ruff: noqa: E501, RUF005
"""Results announcements and newswires in English: GDS, VNET, Chindata, DuPont Fabros, CyrusOne, Equinix, Interxion prose."""

from __future__ import annotations

import textwrap

from corpus_writing import FICTITIOUS, Corpus, Line, ending, flowing, pdf

GDS = "GDS Holdings"
VNET = "VNET Group (21Vianet)"
INTERXION = "Interxion"
DIGITAL_CORE = "Digital Core REIT"


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


def second(corpus: Corpus) -> None:
    """More announcements."""
    source = (
        "https://it.advfn.com/mercati/NASDAQ/GDS/notizie/93550301/gds-holdings-limited-reports-fourth-quarter-and-fu"
    )
    corpus.add(
        "gds_4q23_short_note.html",
        "<html><body><h2>GDS, fourth quarter and full year 2023</h2><p>March 26, 2024</p><p>At the end of 2023 the group&rsquo;s total area committed and pre-committed came to "
        "670,975 sqm, an increase of 6.4% over the 630,716 sqm at December 31, 2022. During the fourth quarter of 2023 net additional area in service was 18,344 sqm. "
        "The balance of the release deals with financing.</p>"
        f"<p>{ending(source)}</p></body></html>",
        operator=GDS,
        layout="press_release_html_prose",
        hazards="'at the end of 2023' as the date;an increment without a level",
        period_end="2023-12-31",
        published_on="2024-03-26",
        sources=(source,),
        expected="""
= GDS Holdings | group | portfolio | sqm
2023-12-31 ar committed 670975
2022-12-31 py committed 630716
""",
    )

    source = "https://advfn.com/stock-market/NASDAQ/GDS/stock-news/94943207/gds-holdings-limited-reports-third-quarter-2024-re"
    text = (
        "GDS Holdings Limited (NASDAQ:GDS; HKEX:9698),third quarter of 2024,unaudited.Operating data.Total area committed and pre-committed:785,692 sqm as of September 30,2024"
        "(September 30,2023:653,732 sqm),up 20.2% Y-o-Y.Area in service:647,468 sqm as of September 30,2024(September 30,2023:554,210 sqm),up 16.8% Y-o-Y.Commitment rate for area in "
        "service:92.7% as of September 30,2024(September 30,2023:91.9%).Area under construction:234,741 sqm as of September 30,2024(September 30,2023:189,585 sqm).Pre-commitment rate "
        "for area under construction:79.2% as of September 30,2024(September 30,2023:76.1%).Area utilized:481,819 sqm as of September 30,2024(September 30,2023:398,674 sqm),up 20.9% "
        "Y-o-Y.Utilization rate for area in service:74.4% as of September 30,2024(September 30,2023:71.9%)."
    )
    chunks = [text[start : start + 71] for start in range(0, len(text), 71)]
    corpus.add(
        "gds_3q24_rechunked.pdf",
        pdf(
            [
                [Line(70, 780 - 16 * index, f"[{index + 1}] {chunk}", 9, "F3") for index, chunk in enumerate(chunks)]
                + [Line(70, 120, ending(source), 6)]
            ]
        ),
        operator=GDS,
        layout="press_release_pdf_rechunked",
        hazards="chunk numbers in square brackets;words and numbers split over lines;no space after commas and full stops",
        period_end="2024-09-30",
        sources=(source,),
        expected="""
= GDS Holdings | group | portfolio | sqm
2024-09-30 ar committed 785692; in_service 647468; commitment 92.7; uc 234741; precommit 79.2; utilised 481819; utilisation 74.4
2023-09-30 py committed 653732; in_service 554210; commitment 91.9; uc 189585; precommit 76.1; utilised 398674; utilisation 71.9
""",
    )

    source = "https://reportify.ai/financials/918969329872146432"
    cells = [
        ("Cabinets under management by VNET, end of period", "65,264", "80,831", "82,660"),
        ("Cabinets utilized by customers, end of period", "38,325", "44,500", "45,527"),
        ("Overall utilization rate of cabinets", "58.7%", "55.1%", "55.1%"),
        ("Retail IDC MRR per cabinet (RMB)", "9,296", "9,186", "9,287"),
    ]
    corpus.add(
        "vnet_3q22_table.html",
        "<html><body><p><b>VNET Group, Inc.</b><br>Operational data, third quarter 2022 (released November 23, 2022)</p><table width=90%>"
        "<tr><td>&nbsp;</td><td align=center><b>Three months ended<br>September 30, 2021</b></td><td align=center><b>Three months ended<br>June 30, 2022</b></td><td align=center><b>Three months ended<br>September 30, 2022</b></td></tr>"
        + "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in cells)
        + f"</table><p>{ending(source)}</p></body></html>",
        operator=VNET,
        layout="key_metrics_table_html_three_periods",
        hazards="year-ago, previous and current quarter as columns;header cells with a line break;current quarter last",
        period_end="2022-09-30",
        published_on="2022-11-23",
        sources=(source,),
        expected="""
= VNET Group (21Vianet) | group | portfolio | cabinets
2021-09-30 py in_service 65264; utilised 38325; utilisation 58.7
2022-06-30 pq in_service 80831; utilised 44500; utilisation 55.1
2022-09-30 ar in_service 82660; utilised 45527; utilisation 55.1
= VNET Group (21Vianet) | retail IDC | portfolio | cabinets
2021-09-30 py mrr 9296
2022-06-30 pq mrr 9186
2022-09-30 ar mrr 9287
""",
    )

    source = (
        "https://www.fool.com/earnings/call-transcripts/2025/11/20/vnet-group-vnet-q3-2025-earnings-call-transcript"
    )
    corpus.add(
        "vnet_3q25_transcript.txt",
        f"""VNET Group Q3 2025 Earnings Call Transcript
November 20, 2025

Moderator: Welcome, and thank you for holding. Today's session is recorded.

Speaker 1: Hello everybody. Wholesale first. At the end of September
2025 our wholesale capacity in service was 783 megawatts. Customers were
utilizing 582 megawatts of that, so the wholesale utilization rate was
74.3%. If you look at mature wholesale capacity alone, utilization was
94.7%.

Speaker 2: On retail, we had 52,288 cabinets in service at quarter end,
the utilization rate was 64.8%, and MRR per retail cabinet went up to
RMB8,948.

Moderator: We take 1 question per caller. Press star 1.

{ending(source)}
""",
        operator=VNET,
        layout="transcript_txt",
        hazards="spoken figures;period end in words;megawatts spelt out;mature capacity apart",
        period_end="2025-09-30",
        published_on="2025-11-20",
        sources=(source,),
        expected="""
= VNET Group (21Vianet) | wholesale IDC | portfolio | mw
2025-09-30 ar in_service 783; utilised 582; utilisation 74.3
= VNET Group (21Vianet) | wholesale IDC, mature | portfolio | mw
2025-09-30 ar utilisation 94.7
= VNET Group (21Vianet) | retail IDC | portfolio | cabinets
2025-09-30 ar in_service 52288; utilisation 64.8; mrr 8948
""",
    )

    source = "https://news.futunn.com/en/post/43081663"
    corpus.add(
        "vnet_1q24_bullets.pdf",
        pdf(
            [
                flowing(
                    """
VNET Group, Inc.
First quarter 2024 - wholesale IDC business
May 30, 2024

- Capacity in service was 332MW as of March 31, 2024, compared with 332MW as of
  December 31, 2023 and 224MW as of March 31, 2023.
- Capacity utilized by customers was 236MW as of March 31, 2024, compared with
  219MW as of December 31, 2023 and 116MW as of March 31, 2023.
- The utilization rate was 71.0% as of March 31, 2024, compared with 65.8% as of
  December 31, 2023 and 51.7% as of March 31, 2023. For mature capacity the
  utilization rate was 94.6% as of March 31, 2024.
- Capacity under construction was 139MW as of March 31, 2024.
""",
                    size=10,
                )
                + [Line(60, 90, ending(source), 7)]
            ]
        ),
        operator=VNET,
        layout="press_release_pdf_bullets",
        hazards="previous quarter and year-ago in one sentence;an unchanged level;mature capacity apart",
        period_end="2024-03-31",
        published_on="2024-05-30",
        sources=(source,),
        expected="""
= VNET Group (21Vianet) | wholesale IDC | portfolio | mw
2024-03-31 ar in_service 332; utilised 236; utilisation 71.0; uc 139
2023-12-31 pq in_service 332; utilised 219; utilisation 65.8
2023-03-31 py in_service 224; utilised 116; utilisation 51.7
= VNET Group (21Vianet) | wholesale IDC, mature | portfolio | mw
2024-03-31 ar utilisation 94.6
""",
    )

    source = "https://www.dianhuahui.com/transcript/VNET/2014/2"
    corpus.add(
        "vnet_2q14_transcript.html",
        "<html><body><h3>21Vianet Group, Q2 2014 call (August 2014)</h3><p><b>CFO:</b> We ended the second quarter of 2014 with nearly 17,000 cabinets under management. "
        "Our utilization rate for the quarter was 73.9%. Churn stayed low.</p><p><b>Analyst:</b> Could it go back above 75% one day?</p><p><b>CFO:</b> I would rather not name a number.</p>"
        f"<p>{ending(source)}</p></body></html>",
        operator=VNET,
        layout="transcript_html",
        hazards="'nearly' before a level;an analyst's hypothetical percentage is not a figure",
        period_end="2014-06-30",
        sources=(source,),
        expected="""
= VNET Group (21Vianet) | group | portfolio | cabinets
2014-06-30 ar in_service 17000 16500..17000; utilisation 73.9
""",
    )

    sources = (
        "https://br.advfn.com/noticias/GLOBE/2022/artigo/89613708",
        "https://www.marketscreener.com/quote/stock/CHINDATA-GROUP-HOLDINGS-L-113108843/news/Chindata-3Q22-Earnings-Call-Transcript-42406805/",
    )
    corpus.add(
        "chindata_3q22_release.txt",
        f"""CHINDATA GROUP, THIRD QUARTER OF 2022

Capacity (end of quarter)

  Total capacity (in service plus under construction) grew by 45MW in the
  quarter, to 821MW, from 588MW one year before.
  Capacity in service was 579MW.
  Utilized capacity grew by 53MW in the quarter, to 454MW, from 268MW one
  year before.

Contracts

  96% of capacity in service was contracted or under an indication of interest
  (IOI). The weighted average remaining term per contracted megawatt was 8.27
  years.

{ending(*sources)}
""",
        operator="Chindata Group",
        layout="press_release_txt_hardwrap",
        hazards="increment before level;'one year before' instead of a date;a rate that counts letters of interest is not the commitment rate",
        period_end="2022-09-30",
        sources=sources,
        expected=f"""
= Chindata Group | group | portfolio | mw
2022-09-30 ar total 821; utilised 454
2021-09-30 py total 588
> {sources[1]}
2021-09-30 py utilised 268
2022-09-30 ar in_service 579; wale 8.27
""",
    )

    source = "https://www.sec.gov/Archives/edgar/data/1553023/000155302315000077/exhibit991-earningsrelease.htm"
    other = "http://getfilings.com/sec-filings/150507/CyrusOne-Inc_8-K/exhibit991-earningsrelease.htm"
    corpus.add(
        "cyrusone_2q15_exhibit.html",
        "<html><body><p style='text-align:right'>Exhibit 99.1</p><p><b>CyrusOne, second quarter 2015</b> (August 5, 2015)</p>"
        "<p>Leasing of colocation square feet (CSF). The table gives the share of CSF utilized.</p>"
        "<table><tr><th></th><th>June 30, 2015</th><th>March 31, 2015</th></tr><tr><td>Utilization</td><td>90&nbsp;%</td><td>89&nbsp;%</td></tr></table>"
        f"<p>{ending(source, other)}</p></body></html>",
        operator="CyrusOne",
        layout="key_metrics_table_html_two_dates",
        hazards="current quarter first;hard space before the percent sign",
        period_end="2015-06-30",
        published_on="2015-08-05",
        sources=(source, other),
        expected="""
= CyrusOne | portfolio (CSF) | portfolio | sqft
2015-06-30 ar utilisation 90
2015-03-31 pq utilisation 89
""",
    )

    source = "https://dgtlinfra.com/equinix-q3-2021-xscale-leasing-activity/"
    corpus.add(
        "equinix_3q21_cabinets.html",
        "<html><body><h2>Equinix, Q3 2021: cabinets</h2><table><tr><th>September 30, 2021</th><th>Cabinet capacity</th><th>Cabinets billing</th><th>Utilization rate</th></tr>"
        "<tr><td>Americas</td><td>n/p</td><td>n/p</td><td>75%</td></tr><tr><td>EMEA</td><td>n/p</td><td>n/p</td><td>84%</td></tr><tr><td>Asia-Pacific</td><td>n/p</td><td>n/p</td><td>78%</td></tr>"
        "<tr><td><b>Total</b></td><td>324,000</td><td>256,000</td><td>79%</td></tr></table>"
        f"<p>n/p: not printed in the source. Counts are rounded to thousands.</p><p>{ending(source)}</p></body></html>",
        operator="Equinix",
        layout="region_table_html_metrics_as_columns",
        hazards="regions as rows and metrics as columns;not-printed marks;a total row is the group",
        period_end="2021-09-30",
        sources=(source,),
        expected="""
= Equinix | Americas | region | cabinets
2021-09-30 ar utilisation 75
= Equinix | EMEA | region | cabinets
2021-09-30 ar utilisation 84
= Equinix | Asia-Pacific | region | cabinets
2021-09-30 ar utilisation 78
= Equinix | group | portfolio | cabinets
2021-09-30 ar in_service 324000; utilised 256000; utilisation 79
""",
    )

    source = "https://ng.investing.com/news/transcripts/iron-mountain-at-goldman-sachs-conference-strategic-growth-insights-93CH-2098439"
    corpus.add(
        "iron_mountain_conference.txt",
        f"""Iron Mountain at an investor conference, September 2025 (notes)

In the data center segment, operating capacity was 450 megawatts at 30 June 2025
and 98% of it was leased. Another 200 megawatts were under construction at that
date. Storage volumes and shredding were discussed at length and carry no
capacity figures.

{ending(source)}
""",
        operator="Iron Mountain",
        layout="prose_news_note",
        hazards="'98% of it' needs the clause before;one segment of a wider company",
        period_end="2025-06-30",
        published_on="2025-09-09",
        sources=(source,),
        expected="""
= Iron Mountain | data center segment | portfolio | mw
2025-06-30 ar in_service 450; commitment 98; uc 200
""",
    )

    source = "http://www.convergedigest.com/2018/03/interxion-reports-continued-growth-for.html"
    corpus.add(
        "interxion_4q17_prose.html",
        "<html><body><h1>Interxion closes 2017</h1><p>March 2018. Interxion said equipped space increased by 3,600 square metres in the fourth quarter to 122,500 square metres at year-end 2017, "
        "while revenue generating space increased by 2,700 square metres to 99,800 square metres. The utilisation rate, revenue generating space over equipped space, was 81% at the end of the year.</p>"
        f"<p>{ending(source)}</p></body></html>",
        operator=INTERXION,
        layout="prose_news_note",
        hazards="increment before level twice in a sentence;definition between the metric and its value",
        period_end="2017-12-31",
        sources=(source,),
        expected="""
= Interxion | group | portfolio | sqm
2017-12-31 ar in_service 122500; utilised 99800; utilisation 81
""",
    )

    source = "https://www.sec.gov/Archives/edgar/data/1297996/000155837022011281/dlr-20220728xex99d1.htm"
    corpus.add(
        "digital_realty_2q22_note.html",
        "<html><body><p>EX-99.1</p><p><b>About Digital Realty</b></p><p>As of June 30, 2022, the company&#8217;s 297 data centers, including those held as investments in unconsolidated joint ventures, "
        "contain applications and operations in a rentable area of about 36.8 million square feet, space under active development and space held for development left out.</p>"
        f"<p>{ending(source)}</p></body></html>",
        operator="Digital Realty",
        layout="press_release_html_edgar",
        hazards="millions of square feet;'about';what is left out stands after the figure",
        period_end="2022-06-30",
        published_on="2022-07-28",
        sources=(source,),
        expected="""
= Digital Realty | global incl. unconsolidated JVs | portfolio | sqft
2022-06-30 ar in_service 36800000 36700000..36900000; sites 297
""",
    )


def third(corpus: Corpus) -> None:
    """Notes of trusts, and fictitious operators where a sentence must not be taken."""
    source = "https://sginvestors.io/analysts/research/2024/07/keppel-dc-reit-phillip-securities-research-2024-07-29"
    corpus.add(
        "keppel_1h24_note.html",
        "<html><body><h2>Keppel DC REIT in the first half of 2024</h2><p>Broker note, July 2024.</p><p>Portfolio occupancy slipped by 0.8 percentage points quarter on quarter, from 98.3% to 97.5% at the end of June 2024. "
        "The WALE by lettable area stood at 6.4 years. Our target price is unchanged.</p>"
        f"<p>{ending(source)}</p></body></html>",
        operator="Keppel DC REIT",
        layout="prose_news_note",
        hazards="from X to Y: the earlier value comes first;percentage points",
        period_end="2024-06-30",
        sources=(source,),
        expected="""
= Keppel DC REIT | portfolio | portfolio | pct
2024-06-30 ar occupancy 97.5; wale 6.4
2024-03-31 pq occupancy 98.3
""",
    )
    source = "http://keppeltt.com.sg/news_item.aspx?sid=42&aid=6896"
    corpus.add(
        "keppel_fy16_note.txt",
        f"""23 January 2017

Keppel DC REIT: year ended 31 December 2016

At the year-end the portfolio was 94.4% occupied and the weighted
average lease expiry was 9.6 years, both by leased lettable area.

{ending(source)}
""",
        operator="Keppel DC REIT",
        layout="prose_news_note",
        hazards="'was 94.4% occupied' instead of occupancy;year-end without a date in the sentence",
        period_end="2016-12-31",
        published_on="2017-01-23",
        sources=(source,),
        expected="""
= Keppel DC REIT | portfolio | portfolio | pct
2016-12-31 ar occupancy 94.4; wale 9.6
""",
    )
    source = "https://shentonwire.net/2021/10/26/mapletree-industrial-trust-reports-fiscal-2q-net-property-income-climbed-47-percent/"
    corpus.add(
        "mapletree_2qfy22_note.html",
        "<html><body><h1>Mapletree Industrial Trust: fiscal second quarter (July to September 2021)</h1><p>26 October 2021</p><p>Net property income climbed 47 per cent. Average occupancy of the North American portfolio "
        "was 93.9 per cent in the quarter, down from 97.8 per cent in the preceding quarter. For the overall portfolio the average was 93.7 per cent.</p>"
        f"<p>{ending(source)}</p></body></html>",
        operator="Mapletree Industrial Trust",
        layout="prose_news_note",
        hazards="fiscal quarter;'per cent' in words;a region before the whole;income growth",
        period_end="2021-09-30",
        published_on="2021-10-26",
        sources=(source,),
        expected="""
= Mapletree Industrial Trust | North American portfolio | region | pct
2021-09-30 ar occupancy 93.9
2021-06-30 pq occupancy 97.8
= Mapletree Industrial Trust | portfolio | portfolio | pct
2021-09-30 ar occupancy 93.7
""",
    )
    source = "https://sginvestors.io/analysts/research/2023/07/digital-core-reit-dbs-group-research-2023-07-28"
    corpus.add(
        "digital_core_2q23_note.html",
        "<html><body><h3>Digital Core REIT: 2Q23 update</h3><p>27 July 2023</p><ul><li>Portfolio occupancy at 96.7% as at 30 June 2023 (31 March 2023: 96.9%)</li>"
        "<li>The Toronto DC was 67.4% occupied as at 30 June 2023</li></ul>"
        f"<p>{ending(source)}</p></body></html>",
        operator=DIGITAL_CORE,
        layout="broker_note_html",
        hazards="one site beside the portfolio;'was X% occupied'",
        period_end="2023-06-30",
        published_on="2023-07-27",
        sources=(source,),
        expected="""
= Digital Core REIT | portfolio | portfolio | pct
2023-06-30 ar occupancy 96.7
2023-03-31 pq occupancy 96.9
= Digital Core REIT | Toronto DC | facility | pct
2023-06-30 ar occupancy 67.4
""",
    )
    harbour = "Victoria Harbour Hosting Ltd (fictitious)"
    corpus.add(
        "fictitious_victoria_half_year.txt",
        f"""{harbour}
Interim statement, six months to 30 June 2026

The group hosts customers in Hong Kong. Its Tsuen Wan 2 site is
nearly full. At Tsuen Wan 1 customers took up about 85% of the capacity in
service at 30 June 2026. For the year as a whole management expects group
utilisation to reach between 80% and 83%; it expects to add 12MW at Fanling.

Group capacity in service was 46.2MW at 30 June 2026 (31 December 2025:
44.0MW). Revenue rose 9% and electricity cost 14%.

{FICTITIOUS}
""",
        operator=harbour,
        layout="prose_half_year_statement",
        hazards="'nearly full' without a number is no figure;'about';guidance is no figure;expected additions",
        period_end="2026-06-30",
        expected=f"""
= {harbour} | Tsuen Wan 1 | facility | pct
2026-06-30 ar utilisation 85 83..87
= {harbour} | group | portfolio | mw
2026-06-30 ar in_service 46.2
2025-12-31 ph in_service 44.0
""",
    )
    delta = "Delta Colocation Holdings (fictitious)"
    corpus.add(
        "fictitious_delta_pro_forma.html",
        f"<html><body><h2>{delta}: quarter ended March 31, 2026</h2><ul><li>Capacity in service: 118.0 MW as of March 31, 2026 (December 31, 2025: 112.5 MW; March 31, 2025: 96.0 MW)</li>"
        "<li>Capacity billed: 94.4 MW as of March 31, 2026 (December 31, 2025: 90.0 MW; March 31, 2025: 72.0 MW)</li><li>Utilization rate: 80.0% as of March 31, 2026</li></ul>"
        "<p>Pro forma for the purchase of two sites, which closed on April 30, 2026, capacity in service would have been 131.0 MW as of March 31, 2026.</p>"
        f"<p>Guidance: utilization of 82% to 84% by the end of 2026.</p><p>{FICTITIOUS}</p></body></html>",
        operator=delta,
        layout="press_release_html_bullets",
        hazards="two comparatives in one bracket;pro forma;guidance is no figure;operator without a layout",
        period_end="2026-03-31",
        expected=f"""
= {delta} | group | portfolio | mw
2026-03-31 ar in_service 118.0; utilised 94.4; utilisation 80.0
2025-12-31 pq in_service 112.5; utilised 90.0
2025-03-31 py in_service 96.0; utilised 72.0
2026-03-31 pf in_service 131.0
""",
    )
    source = "https://reportify.ai/financials/1114336494459424768"
    corpus.add(
        "gds_4q24_continuing.html",
        "<html><body><h3>GDS Holdings Limited, fourth quarter of 2024 (continuing operations)</h3><table><tr><td></td><td>As of December 31, 2024</td></tr>"
        "<tr><td>Total area committed and pre-committed (sqm)</td><td>629,997</td></tr><tr><td>Area in service (sqm)</td><td>613,583</td></tr><tr><td>Commitment rate for area in service</td><td>91.9%</td></tr>"
        "<tr><td>Area utilized (sqm)</td><td>453,094</td></tr><tr><td>Utilization rate for area in service</td><td>73.8%</td></tr></table>"
        "<p>One year before, restated to leave out DayOne, the commitment rate for area in service was 92.5% (as of December 31, 2023).</p>"
        f"<p>{ending(source)}</p></body></html>",
        operator=GDS,
        layout="key_metrics_table_html_one_date",
        hazards="perimeter without DayOne;a restated comparative in prose below the table",
        period_end="2024-12-31",
        sources=(source,),
        expected="""
= GDS Holdings | group | portfolio | sqm
2024-12-31 ar committed 629997; in_service 613583; commitment 91.9; utilised 453094; utilisation 73.8
2023-12-31 rc commitment 92.5
""",
    )
