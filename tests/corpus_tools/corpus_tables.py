# ruff: noqa: E501
"""Statistical tables: facilities, property cards, five-quarter sheets, half-years, market tables and broker boxes."""

from __future__ import annotations

import openpyxl
from corpus_writing import Corpus, Line, ending, pdf, workbook

KEPPEL = "Keppel DC REIT"
DIGITAL_CORE = "Digital Core REIT"
INTERXION = "Interxion"
DC_BYTE = "DC Byte (market, in Keppel DC REIT AR2025)"
CUSHMAN = "Cushman & Wakefield (market)"
DATACENTERHAWK = "datacenterHawk (market)"
AR25 = "github emrsyah/sg_reits parsed_reports/21_AJBU.SI_Keppel-DC-REIT_FY2025/full.md@9ac37d8466a1fddc64c929bc1138fd1c58cc925e p."
KEPPEL_24 = "github emrsyah/sg_reits extracted/AJBU.SI_FY2024/properties.json@3c43989052fa9f50daa95ab2eb79dd2d048d4058"
CORE_25 = "github emrsyah/sg_reits parsed_reports/13_DCRU.SI_Digital-Core-REIT_FY2025/full.md@29bc305206afafbc544000f1e77a82d33ea43363 p."


def first(corpus: Corpus) -> None:
    """Tables of the first fifteen documents."""
    sites = [
        ("Almere Data Centre", "Almere, the Netherlands", "118,403", "100%"),
        ("Keppel DC Dublin 1", "Dublin, Ireland", "66,124", "96.5%"),
        ("Keppel DC Dublin 2", "Dublin, Ireland", "28,484", "98.1%"),
        ("Milan Data Centre", "Milan, Italy", "165,389", "100%"),
        ("maincubes Data Centre", "Offenbach, Germany", "97,043", "100%"),
    ]
    corpus.add(
        "keppel_fy25_europe_rows.html",
        "<html><body><h2>Keppel DC REIT: overview of properties, Europe (31 December 2025)</h2><table>"
        "<tr><th>Property</th><th>Where</th><th>Attributable lettable area (sq ft)</th><th>Land tenure</th><th>Occupancy rate</th></tr>"
        + "".join(
            f"<tr><td>{a}</td><td>{b}</td><td>{c}</td><td>not shown</td><td>{d}</td></tr>" for a, b, c, d in sites
        )
        + f"</table><p>{ending(AR25 + '43')}</p></body></html>",
        operator=KEPPEL,
        layout="facility_table_html_properties_as_rows",
        hazards="properties as rows;date only in the heading;100% without decimals",
        period_end="2025-12-31",
        sources=(AR25 + "43",),
        expected="\n".join(
            f"= Keppel DC REIT | {a} | facility | sqft\n2025-12-31 ar in_service {c.replace(',', '')}; occupancy {d[:-1]}"
            for a, _, c, d in sites
        ),
    )

    singapore = [
        ("KDC SGP 1|Keppel DC|Singapore 1", "Keppel DC Singapore 1", "109,721", "74.9"),
        ("Keppel DC|Singapore 2", "Keppel DC Singapore 2", "38,480", "98.2"),
        ("Keppel DC|Singapore 3", "Keppel DC Singapore 3", "49,433", "100"),
        ("Keppel DC|Singapore 4", "Keppel DC Singapore 4", "83,698", "93.6"),
        ("Keppel DC|Singapore 5", "Keppel DC Singapore 5", "93,936", "100"),
    ]
    lines = [Line(50, 520, "Keppel DC REIT - facilities in Singapore, 31 December 2024", 13, "F2")]
    for column, (head, _, area, rate) in enumerate(singapore):
        x = 230 + 112 * column
        for row, part in enumerate(head.split("|")[-2:]):
            lines.append(Line(x, 480 - 12 * row, part, 9, "F2"))
        lines += [Line(x, 440, area, 9), Line(x, 420, "-", 9), Line(x, 400, rate, 9)]
    for y, label in (
        (440, "Attributable lettable area (sq ft)"),
        (420, "Number of clients"),
        (400, "Occupancy rate (%)"),
    ):
        lines.append(Line(50, y, label, 9))
    lines.append(Line(50, 340, "Client numbers are left out of this extract.", 8))
    lines.append(Line(50, 320, ending(KEPPEL_24), 6))
    corpus.add(
        "keppel_fy24_singapore.pdf",
        pdf([lines], landscape=True),
        operator=KEPPEL,
        layout="facility_table_pdf_properties_as_columns",
        hazards="properties as columns;heads on two lines;no rules;units in row labels;rates without a percent sign",
        period_end="2024-12-31",
        sources=(KEPPEL_24,),
        expected="\n".join(
            f"= Keppel DC REIT | {name} | facility | sqft\n2024-12-31 ar in_service {area.replace(',', '')}; occupancy {rate}"
            for _, name, area, rate in singapore
        ),
    )

    sources = (
        "https://www.convergedigest.com/2019/08/interxion-sees-continued-favourable.html",
        "https://www.convergedigest.com/2018/11/interxions-european-data-centres-at-79.html",
    )
    corpus.add(
        "interxion_2q19_key_metrics.html",
        "<html><body><table><caption>Interxion: operating data by quarter</caption><thead><tr><th></th><th>Q2 2018</th><th>Q3 2018</th><th>Q4 2018</th><th>Q1 2019</th><th>Q2 2019</th></tr></thead>"
        "<tbody><tr><th>Equipped space (sqm)</th><td>132,600</td><td>140,300</td><td>144,800</td><td>148,300</td><td>154,800</td></tr>"
        "<tr><th>Revenue generating space (sqm)</th><td>&nbsp;</td><td>&nbsp;</td><td>115,000</td><td>119,000</td><td>121,600</td></tr>"
        "<tr><th>Utilisation (%)</th><td>80</td><td>79</td><td>79</td><td>80</td><td>79</td></tr>"
        f"<tr><th>Headcount</th><td></td><td></td><td></td><td></td><td></td></tr></tbody></table><p>{ending(*sources)}</p></body></html>",
        operator=INTERXION,
        layout="key_metrics_table_html_5_quarters",
        hazards="columns are quarters in one header row;blank cells;rates without a percent sign;an empty row",
        period_end="2019-06-30",
        sources=sources,
        expected="""
= Interxion | group | portfolio | sqm
2018-06-30 py in_service 132600; utilisation 80
2018-09-30 pq in_service 140300; utilisation 79
2018-12-31 pq in_service 144800; utilised 115000; utilisation 79
2019-03-31 pq in_service 148300; utilised 119000; utilisation 80
2019-06-30 ar in_service 154800; utilised 121600; utilisation 79
""",
    )

    source = "https://cushwake.cld.bz/apac-dc-h2-2023-update/20/"
    corpus.add(
        "broker_box_hong_kong_h2_2023.txt",
        f"""HONG KONG SAR

KEY INDICATORS | H2 2023

621MW
In Operation

317MW
U/C + Planned

35%
Colo Vacancy

20
Operators

51
Data Centres

Cushman & Wakefield, Asia Pacific data centre update

{ending(source)}
""",
        operator=CUSHMAN,
        layout="broker_key_indicator_box_txt",
        hazards="value on the line above its label;under construction and planned as one sum;market level",
        period_end="2023-12-31",
        sources=(source,),
        expected="""
= Cushman & Wakefield (market) | Hong Kong | market | mw
2023-12-31 ar in_service 621; uc_planned 317; vacancy 35; operators 20; sites 51
""",
    )

    tokyo = [
        ("1,350", "1,507", "1,672", "1,852", "2,047"),
        ("1,245", "1,392", "1,561", "1,754", "1,973"),
        ("92.3%", "92.4%", "93.4%", "94.7%", "96.4%"),
    ]
    frankfurt = [
        ("897", "1,051", "1,233", "1,445", "1,695"),
        ("862", "1,005", "1,185", "1,402", "1,664"),
        ("96.1%", "95.6%", "96.1%", "97.0%", "98.2%"),
    ]

    def market(name: str, rows: list[tuple[str, ...]]) -> str:
        labels = ("Live supply (MW)", "Take-up (MW)", "Utilisation")
        return (
            f"<h3>{name}</h3><table><tr><td>Year-end</td><td>2025E</td><td>2026F</td><td>2027F</td><td>2028F</td><td>2029F</td></tr>"
            + "".join(
                f"<tr><td>{label}</td>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>"
                for label, row in zip(labels, rows, strict=True)
            )
            + "</table>"
        )

    def market_expected(name: str, rows: list[tuple[str, ...]]) -> str:
        out = [f"= {DC_BYTE} | {name} | market | mw"]
        for index, year in enumerate(range(2025, 2030)):
            live, used, rate = (row[index].replace(",", "").rstrip("%") for row in rows)
            out.append(
                f"{year}-12-31 {'es' if year == 2025 else 'fc'} in_service {live}; utilised {used}; utilisation {rate}"
            )
        return "\n".join(out)

    corpus.add(
        "market_tables_tokyo_frankfurt.html",
        f"<html><body><h1>Market research by DC Byte</h1>{market('Tokyo', tokyo)}{market('Frankfurt', frankfurt)}<p>E = estimate, F = forecast.</p><p>{ending(AR25 + '28', AR25 + '30')}</p></body></html>",
        operator=DC_BYTE,
        layout="market_table_html_years_as_columns",
        hazards="E and F columns are not actuals;the market is the heading above the table;header row without th",
        period_end="2025-12-31",
        sources=(AR25 + "28", AR25 + "30"),
        expected=market_expected("Tokyo", tokyo) + f"\n> {AR25}30\n" + market_expected("Frankfurt", frankfurt),
    )


def second(corpus: Corpus) -> None:
    """More tables."""
    columns = [
        ("Basis Bay Data Centre", "48,193", "40.2%"),
        ("Gore Hill Data Centre", "90,955", "80.0%"),
        ("Tokyo Data Centre 1", "187,257", "100%"),
    ]
    others = [
        ("Guangdong Data Centre 1", "221,689", "100%"),
        ("Guangdong Data Centre 2", "218,615", "100%"),
        ("Guangdong Data Centre 3", "221,847", "100%"),
        ("DC1", "213,815", "100%"),
    ]

    def block(sites: list[tuple[str, str, str]]) -> str:
        return (
            "<table><tr><th scope=col>As at 31 December 2024</th>"
            + "".join(f"<th scope=col>{site[0]}</th>" for site in sites)
            + "</tr><tr><td>Lease type</td>"
            + "<td>&ndash;</td>" * len(sites)
            + "</tr><tr><td>Attributable lettable area (sq ft)</td>"
            + "".join(f"<td>{site[1]}</td>" for site in sites)
            + "</tr><tr><td>Occupancy rate</td>"
            + "".join(f"<td>{site[2]}</td>" for site in sites)
            + "</tr></table>"
        )

    corpus.add(
        "keppel_fy24_asia_pacific.html",
        f"<html><body><h1>Keppel DC REIT annual report 2024: assets in Asia Pacific (extract)</h1>{block(columns)}<p>Table continues</p>{block(others)}<p>{ending(KEPPEL_24)}</p></body></html>",
        operator=KEPPEL,
        layout="facility_table_html_properties_as_columns",
        hazards="properties as columns;the date stands in the corner cell;table continued",
        period_end="2024-12-31",
        sources=(KEPPEL_24,),
        expected="\n".join(
            f"= Keppel DC REIT | {a} | facility | sqft\n2024-12-31 ar in_service {b.replace(',', '')}; occupancy {c[:-1]}"
            for a, b, c in columns + others
        ),
    )

    buckets = [
        ("2026", "6.4"),
        ("2027", "5.7"),
        ("2028", "14.5"),
        ("2029", "26.5"),
        ("2030", "18.5"),
        ("2031 and beyond", "28.4"),
    ]
    corpus.add(
        "keppel_fy25_expiry_by_rent.html",
        "<html><body><h3>Keppel DC REIT</h3><p>Lease expiry profile by rental income, as at 31 December 2025</p><table><tr><th>Year of expiry</th><th>Share of rental income</th></tr>"
        + "".join(f"<tr><td>{year}</td><td>{share}%</td></tr>" for year, share in buckets)
        + f"</table><p>Weighted by rental income, the portfolio WALE was 4.9 years.</p><p>{ending(AR25 + '38', AR25 + '4')}</p></body></html>",
        operator=KEPPEL,
        layout="expiry_profile_html",
        hazards="'2031 and beyond' is an open bucket;years are expiry buckets, not period ends;weight in the caption",
        period_end="2025-12-31",
        sources=(AR25 + "38", AR25 + "4"),
        expected="\n".join(
            f"= Keppel DC REIT | expiring {'>=2031' if 'beyond' in year else year} | portfolio | pct\n2025-12-31 ar expiry_rent {share}"
            for year, share in buckets
        )
        + f"\n> {AR25}4\n= Keppel DC REIT | portfolio (by rental income) | portfolio | years\n2025-12-31 ar wale 4.9",
    )

    cards = [
        ("200 North Nash Street", "Los Angeles, California", "83.5%"),
        ("3015 Winona Avenue", "Los Angeles, California", "89.2%"),
        ("371 Gough Road", "Toronto, Canada", "100.0%"),
        ("1500 Space Park Drive", "Silicon Valley, California", "100.0%"),
    ]
    corpus.add(
        "digital_core_fy25_more_cards.html",
        "<html><body><h2>Digital Core REIT &middot; our data centres</h2><p>Occupancy as at 31 December 2025</p>"
        + "".join(
            f"<section><h3>{a}</h3><dl><dt>Location</dt><dd>{b}</dd><dt>Held</dt><dd>&ndash;</dd><dt>Occupancy</dt><dd>{c}</dd></dl></section>"
            for a, b, c in cards
        )
        + "<section><h3>Digital Osaka 3</h3><dl><dt>Location</dt><dd>Osaka, Japan</dd><dt>Held</dt><dd>&ndash;</dd><dt>Customer IT load at share held</dt><dd>3,980 kW</dd><dt>Occupancy</dt><dd>100.0%</dd><dt>WALE by annualised rent</dt><dd>6.9 years</dd></dl></section>"
        f"<p>{ending(CORE_25 + '35', CORE_25 + '53')}</p></body></html>",
        operator=DIGITAL_CORE,
        layout="property_cards_html",
        hazards="definition lists instead of tables;one date above all cards;one card with more lines",
        period_end="2025-12-31",
        sources=(CORE_25 + "35", CORE_25 + "53"),
        expected="\n".join(
            f"= Digital Core REIT | {a} | facility | pct\n2025-12-31 ar occupancy {c[:-1]}" for a, _, c in cards
        )
        + f"\n= Digital Core REIT | Digital Osaka 3 | facility | kw\n2025-12-31 ar occupancy 100.0\n> {CORE_25}53\n2025-12-31 ar load 3980; wale 6.9",
    )

    shares = [
        ("2026", "19"),
        ("2027", "7"),
        ("2028", "10"),
        ("2029", "4"),
        ("2030", "23"),
        ("2031", "8"),
        ("2032+", "29"),
    ]
    lines = [
        Line(60, 780, "Digital Core REIT", 14, "F2"),
        Line(60, 760, "Lease expiry by net rentable area, 31 December 2025", 10),
    ]
    for index, (year, share) in enumerate(shares):
        lines += [Line(80 + 62 * index, 720, year, 10, "F2"), Line(80 + 62 * index, 702, f"{share}%", 10)]
    lines.append(Line(60, 660, "By annualised rent the in-service portfolio's WALE was 4.6 years.", 10))
    lines.append(Line(60, 90, ending(CORE_25 + "36"), 6))
    corpus.add(
        "digital_core_fy25_expiry_area.pdf",
        pdf([lines]),
        operator=DIGITAL_CORE,
        layout="expiry_profile_pdf",
        hazards="a bar chart's labels as two text rows;no row label;'2032+'",
        period_end="2025-12-31",
        sources=(CORE_25 + "36",),
        expected="\n".join(
            f"= Digital Core REIT | expiring {year} | portfolio | pct\n2025-12-31 ar expiry_area {share}"
            for year, share in shares
        )
        + "\n= Digital Core REIT | portfolio (in service, by annualised rent) | portfolio | years\n2025-12-31 ar wale 4.6",
    )

    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "Metrics"
    sheet["A1"] = "Interxion Holding N.V. - selected operating metrics"
    sheet.merge_cells("A1:H1")
    sheet["C3"], sheet["F3"] = 2014, 2015
    sheet.merge_cells("C3:E3")
    sheet.merge_cells("F3:G3")
    for column, label in zip("ABCDEFG", ["", "unit", "Q2", "Q3", "Q4", "Q1", "Q2"], strict=True):
        sheet[f"{column}4"] = label
    table = [
        ("Equipped space", "sqm (thousands)", 86.0, 88.6, 93.5, 94.8, 98.3, "#,##0.0"),
        ("Revenue generating space", "sqm (thousands)", 64.3, 68.5, 71.0, 74.0, 77.1, "#,##0.0"),
        ("Utilisation", "%", None, 0.77, None, 0.78, 0.78, "0%"),
    ]
    for row, (*values, number_format) in enumerate(table, 5):
        for column, value in zip("ABCDEFG", values, strict=True):
            sheet[f"{column}{row}"] = value
            if column in "CDEFG":
                sheet[f"{column}{row}"].number_format = number_format
    sheet["H4"] = "check"
    for row in (5, 6):
        sheet[f"H{row}"] = f"=SUM(C{row}:G{row})"
    sheet.column_dimensions["H"].hidden = True
    notes = book.create_sheet("Source")
    sources = (
        "https://fr.advfn.com/bourses/NYSE/INXN/actualites/68039197/interxion-reports-second-quarter-2015-results",
        "https://jp.advfn.com/exchanges/NYSE/INXN/share-news/66747687/interxion-reports-first-quarter-2015-results",
        "http://www.tmcnet.com/usubmit/2014/11/05/8105271.htm",
    )
    notes["A1"] = ending(*sources)
    corpus.add(
        "interxion_2q15_sheet.xlsx",
        workbook(book),
        operator=INTERXION,
        layout="key_metrics_table_xlsx_5_quarters",
        hazards="merged year headers over quarters;unit column;thousands with one decimal;rates as fractions;empty cells;hidden column of formulas",
        period_end="2015-06-30",
        sources=sources,
        expected="""
= Interxion | group | portfolio | sqm
2014-06-30 py in_service 86000; utilised 64300
2014-09-30 pq in_service 88600; utilised 68500; utilisation 77
2014-12-31 pq in_service 93500; utilised 71000
2015-03-31 pq in_service 94800; utilised 74000; utilisation 78
2015-06-30 ar in_service 98300; utilised 77100; utilisation 78
""",
    )

    source = "https://nextdc.com/hubfs/ASX%20Announcements/Annual%20Report%20FY25.pdf"
    corpus.add(
        "nextdc_fy25_extract.html",
        "<html><body><h2>NEXTDC FY25 (year ended 30 June 2025)</h2><table><tr><th>At 30 June 2025</th><th>MW</th></tr><tr><td>Contracted utilisation</td><td>244.8</td></tr><tr><td>Billing utilisation</td><td>110.9</td></tr>"
        f"<tr><td>Customers</td><td>not shown</td></tr></table><p>Contracted utilisation counts signed contracts from the day of signing.</p><p>{ending(source)}</p></body></html>",
        operator="NEXTDC",
        layout="half_year_contracted_vs_billing_html",
        hazards="utilisation is a capacity here, not a rate;June year-end;unit in the column header",
        period_end="2025-06-30",
        sources=(source,),
        expected="""
= NEXTDC | group | portfolio | mw
2025-06-30 ar committed 244.8; utilised 110.9
""",
    )
    source = "https://itwire299.rssing.com/chan-67656315/article92.html"
    corpus.add(
        "nextdc_1h18_note.txt",
        f"""NEXTDC half-year to 31 December 2017 (1H18), reported 23 February 2018

Contracted utilisation rose by 9.2MW, or 31%, to 39.2MW at 31 December 2017
(31 December 2016: 30.0MW). Guidance for the year was narrowed; it concerns
revenue and is not repeated here.

{ending(source)}
""",
        operator="NEXTDC",
        layout="prose_half_year_statement",
        hazards="increment and growth before level;fiscal half label;one year back is a prior-year comparative",
        period_end="2017-12-31",
        published_on="2018-02-23",
        sources=(source,),
        expected="""
= NEXTDC | group | portfolio | mw
2017-12-31 ar committed 39.2
2016-12-31 py committed 30.0
""",
    )

    source = "https://cushwake.cld.bz/apac-dc-h1-2024-update/10"
    corpus.add(
        "broker_box_sydney_h1_2024.html",
        "<html><body><h1>SYDNEY</h1><h4>Key indicators, H1 2024</h4><div class=box><b>770MW</b><span>In Operation</span></div><div class=box><b>274MW / 950MW</b><span>U/C / Planned</span></div>"
        "<div class=box><b>8%</b><span>Colo Vacancy</span></div><p>Vacancy fell from 12% at the end of 2023 as large users took space.</p>"
        f"<p>Cushman &amp; Wakefield, data centre update, August 2024. {ending(source)}</p></body></html>",
        operator=CUSHMAN,
        layout="broker_key_indicator_box_html",
        hazards="two values and two labels joined by a slash;comparative in the prose below the box",
        period_end="2024-06-30",
        sources=(source,),
        expected="""
= Cushman & Wakefield (market) | Sydney | market | mw
2024-06-30 ar in_service 770; uc 274; planned 950; vacancy 8
2023-12-31 ph vacancy 12
""",
    )

    source = "https://cushwake.cld.bz/apac-dc-h2-2022-update/4/"
    corpus.add(
        "broker_box_singapore_h2_2022.pdf",
        pdf(
            [
                [
                    Line(60, 780, "SINGAPORE", 20, "F2"),
                    Line(60, 755, "Data centre market, second half of 2022", 10),
                    Line(60, 700, "876MW", 18, "F2"),
                    Line(220, 700, "170MW", 18, "F2"),
                    Line(380, 700, "2%", 18, "F2"),
                    Line(60, 684, "In Operation", 9),
                    Line(220, 684, "U/C + Planned", 9),
                    Line(380, 684, "Colo Vacancy", 9),
                    Line(60, 630, "23", 18, "F2"),
                    Line(220, 630, "47", 18, "F2"),
                    Line(60, 614, "Operators", 9),
                    Line(220, 614, "Data Centres", 9),
                    Line(60, 120, "Cushman & Wakefield", 9),
                    Line(60, 100, ending(source), 7),
                ]
            ]
        ),
        operator=CUSHMAN,
        layout="broker_key_indicator_box_pdf",
        hazards="a row of values above a row of labels;market level",
        period_end="2022-12-31",
        sources=(source,),
        expected="""
= Cushman & Wakefield (market) | Singapore | market | mw
2022-12-31 ar in_service 876; uc_planned 170; vacancy 2; operators 23; sites 47
""",
    )

    corpus.add(
        "datacenterhawk_vacancy.html",
        "<html><body><h3>Vacancy by market (datacenterHawk)</h3><table><thead><tr><th>Market</th><th>4Q24</th><th>1Q25</th><th>2Q25</th><th>3Q25</th><th>4Q25</th></tr></thead><tbody>"
        "<tr><td>Northern Virginia</td><td>0.8%</td><td>0.7%</td><td>0.8%</td><td>0.8%</td><td>0.8%</td></tr>"
        "<tr><td>Frankfurt</td><td>0.5%</td><td>0.5%</td><td>0.6%</td><td>0.7%</td><td>0.7%</td></tr></tbody></table>"
        f"<p>{ending(CORE_25 + '57', CORE_25 + '69')}</p></body></html>",
        operator=DATACENTERHAWK,
        layout="vacancy_table_html_markets_as_rows",
        hazards="the metric stands only in the heading;markets as rows;rates below one per cent",
        period_end="2025-12-31",
        sources=(CORE_25 + "57", CORE_25 + "69"),
        expected=f"""
= datacenterHawk (market) | Northern Virginia | market | pct
2024-12-31 py vacancy 0.8
2025-03-31 pq vacancy 0.7
2025-06-30 pq vacancy 0.8
2025-09-30 pq vacancy 0.8
2025-12-31 ar vacancy 0.8
> {CORE_25}69
= datacenterHawk (market) | Frankfurt | market | pct
2024-12-31 py vacancy 0.5
2025-03-31 pq vacancy 0.5
2025-06-30 pq vacancy 0.6
2025-09-30 pq vacancy 0.7
2025-12-31 ar vacancy 0.7
""",
    )
