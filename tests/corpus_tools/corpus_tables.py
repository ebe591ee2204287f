# ruff: noqa: E501
"""Statistical tables: facilities, property cards, five-quarter sheets, half-years, market tables and broker boxes."""

from __future__ import annotations

import io
from typing import Any

from corpus_writing import Corpus, Line, ending, pdf

KEPPEL = "Keppel DC REIT"
DIGITAL_CORE = "Digital Core REIT"
INTERXION = "Interxion"
DC_BYTE = "DC Byte (market, in Keppel DC REIT AR2025)"
CUSHMAN = "Cushman & Wakefield (market)"
DATACENTERHAWK = "datacenterHawk (market)"
AR25 = "github emrsyah/sg_reits parsed_reports/21_AJBU.SI_Keppel-DC-REIT_FY2025/full.md@9ac37d8466a1fddc64c929bc1138fd1c58cc925e p."
KEPPEL_24 = "github emrsyah/sg_reits extracted/AJBU.SI_FY2024/properties.json@3c43989052fa9f50daa95ab2eb79dd2d048d4058"
CORE_25 = "github emrsyah/sg_reits parsed_reports/13_DCRU.SI_Digital-Core-REIT_FY2025/full.md@29bc305206afafbc544000f1e77a82d33ea43363 p."


def workbook(book: Any) -> bytes:
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


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
