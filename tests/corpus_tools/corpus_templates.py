# ruff: noqa: E501
"""Delimited files: the plain template in other encodings, separators, number formats and shapes."""

from __future__ import annotations

import openpyxl
from corpus_writing import FICTITIOUS, Corpus, ending, workbook


def first(corpus: Corpus) -> None:
    """Templates of the first fifteen documents."""
    source = "https://www.chindatagroup.com/media/news/412.html"
    corpus.add(
        "template_chindata_2q23_utf16.csv",
        (
            "operator\tfacility\tperiod_end\tmetric\tvalue\tunit\r\n"
            "Chindata Group\t\t2023-03-31\tcapacity_in_service\t639\tmw\r\n"
            "Chindata Group\t\t2023-03-31\tcapacity_utilised\t537\tmw\r\n"
            "Chindata Group\t\t2023-06-30\tcapacity_in_service\t730\tmw\r\n"
            "Chindata Group\t\t2023-06-30\tcapacity_utilised\t585\tmw\r\n"
            "Chindata Group\t\t2023-06-30\tcapacity_total\t945\tmw\r\n"
            f"# {ending(source)}\r\n"
        ).encode("utf-16"),
        operator="Chindata Group",
        layout="canonical_csv_template",
        hazards="UTF-16 with byte order mark;tabs;CRLF;comment line at the end",
        period_end="2023-06-30",
        sources=(source,),
        expected="""
= Chindata Group | group | portfolio | mw
2023-03-31 ar in_service 639; utilised 537
2023-06-30 ar in_service 730; utilised 585; total 945
""",
    )
    corpus.add(
        "template_rheinmain_decimal_comma.csv",
        (
            "operator;facility;period_end;metric;value;unit\n"
            "Rhein-Main Rechenzentren AG (fictitious);Offenbach Süd;31.03.2026;capacity_in_service;12,5;MW\n"
            "Rhein-Main Rechenzentren AG (fictitious);Offenbach Süd;31.03.2026;capacity_utilised;9,75;MW\n"
            "Rhein-Main Rechenzentren AG (fictitious);Offenbach Süd;31.03.2026;utilisation_rate;78,0;%\n"
            "Rhein-Main Rechenzentren AG (fictitious);;31.03.2026;capacity_in_service;1.204,5;sqm\n"
            f"# {FICTITIOUS}\n"
        ).encode("cp1252"),
        operator="Rhein-Main Rechenzentren AG (fictitious)",
        layout="csv_semicolon_decimal_comma",
        hazards="Windows-1252 bytes;semicolons;decimal commas with points for thousands;dates day first;capital units",
        period_end="2026-03-31",
        expected="""
= Rhein-Main Rechenzentren AG (fictitious) | Offenbach Süd | facility | mw
2026-03-31 ar in_service 12.5; utilised 9.75; utilisation 78.0
= Rhein-Main Rechenzentren AG (fictitious) | group | portfolio | sqm
2026-03-31 ar in_service 1204.5
""",
    )


def second(corpus: Corpus) -> None:
    """More templates."""
    north = "Nordlys Datahaller ASA (fictitious)"
    corpus.add(
        "template_nordlys_wide.csv",
        "operator,facility,period_end,capacity_in_service_mw,capacity_utilised_mw,utilisation_rate_pct\n"
        f"{north},Oslo A,2025-12-31,14.0,10.5,75.0\n{north},Oslo A,2026-03-31,14.0,11.2,80.0\n{north},Bergen,2026-03-31,6.4,,\n# {FICTITIOUS}\n",
        operator=north,
        layout="csv_wide_columns",
        hazards="one column a metric with the unit as suffix;empty cells",
        period_end="2026-03-31",
        expected=f"""
= {north} | Oslo A | facility | mw
2025-12-31 ar in_service 14.0; utilised 10.5; utilisation 75.0
2026-03-31 ar in_service 14.0; utilised 11.2; utilisation 80.0
= {north} | Bergen | facility | mw
2026-03-31 ar in_service 6.4
""",
    )
    island = "寶島雲端機房股份有限公司 (fictitious)"
    corpus.add(
        "template_taiwan_big5.csv",
        (
            "公司,機房,截止日期,指標,數值,單位\r\n"
            f"{island},林口一號,2026-03-31,運營容量,18.5,MW\r\n{island},林口一號,2026-03-31,使用容量,12.95,MW\r\n"
            f"{island},林口一號,2026-03-31,使用率,70.0,%\r\n{island},林口二號,2026-03-31,在建容量,24,MW\r\n# {FICTITIOUS}\r\n"
        ).encode("big5"),
        operator=island,
        layout="csv_big5",
        hazards="Big5 bytes (which also decode as GB18030);traditional Chinese headers;facilities in Chinese",
        period_end="2026-03-31",
        expected=f"""
= {island} | 林口一號 | facility | mw
2026-03-31 ar in_service 18.5; utilised 12.95; utilisation 70.0
= {island} | 林口二號 | facility | mw
2026-03-31 ar uc 24
""",
    )
    corpus.add(
        "compilation_two_operators.csv",
        "operator,scope,scope_level,period_end,metric,value,unit,source_url,tier,basis,reported_on,reported_term\n"
        "Interxion,group (Europe),portfolio,2012-09-30,capacity_in_service,69600,sqm,https://www.bobsguide.com/2012/11/08/interxion-reports-third-quarter-2012-results/,press,as_reported,2012-11-08,equipped space\n"
        "Interxion,group (Europe),portfolio,2012-09-30,capacity_utilised,51200,sqm,https://www.bobsguide.com/2012/11/08/interxion-reports-third-quarter-2012-results/,press,as_reported,2012-11-08,revenue generating space\n"
        "Interxion,group (Europe),portfolio,2012-09-30,utilisation_rate,74,pct,https://www.bobsguide.com/2012/11/08/interxion-reports-third-quarter-2012-results/,press,as_reported,2012-11-08,utilisation rate\n"
        "Digital Core REIT,portfolio,portfolio,2023-03-31,occupancy_rate,96.9,pct,https://sginvestors.io/analysts/research/2023/07/digital-core-reit-dbs-group-research-2023-07-28,broker,prior_quarter_comparative,2023-07-27,portfolio occupancy\n"
        'Digital Core REIT,Toronto DC,facility,2023-06-30,occupancy_rate,67.4,pct,https://sginvestors.io/analysts/research/2023/07/digital-core-reit-dbs-group-research-2023-07-28,broker,as_reported,2023-07-27,"occupancy, ""Toronto"""\n',
        operator="Interxion",
        layout="published_figures_csv",
        hazards="several operators in one file;basis, tier and source a row;quotes inside a quoted cell",
        period_end="2023-06-30",
        sources=(
            "https://www.bobsguide.com/2012/11/08/interxion-reports-third-quarter-2012-results/",
            "https://sginvestors.io/analysts/research/2023/07/digital-core-reit-dbs-group-research-2023-07-28",
        ),
        expected="""
= Interxion | group (Europe) | portfolio | sqm
2012-09-30 ar in_service 69600; utilised 51200; utilisation 74
> https://sginvestors.io/analysts/research/2023/07/digital-core-reit-dbs-group-research-2023-07-28
= Digital Core REIT | portfolio | portfolio | pct
2023-03-31 pq occupancy 96.9
= Digital Core REIT | Toronto DC | facility | pct
2023-06-30 ar occupancy 67.4
""",
    )
    lion = "Lion City Racks Pte Ltd (fictitious)"
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.append(["Operator", "Facility", "Period end", "Metric", "Value", "Unit", "Remark"])
    for row in (
        [lion, "Jurong East", "2026-06-30", "capacity_in_service", 41250, "sqft", ""],
        [lion, "Jurong East", "2026-06-30", "occupancy_rate", 0.884, "fraction", "as a fraction"],
        [lion, "Tai Seng", "2026-06-30", "capacity_in_service", 12.8, "'000 sqft", ""],
        [lion, "Tai Seng", "2026-06-30", "occupancy_rate", "nearly full", "", "see letter"],
    ):
        sheet.append(row)
    sheet["A7"] = FICTITIOUS
    corpus.add(
        "template_lion_city.xlsx",
        workbook(book),
        operator=lion,
        layout="canonical_xlsx_template",
        hazards="the template as a workbook;a fraction;thousands in the unit;a cell of words holds no figure",
        period_end="2026-06-30",
        expected=f"""
= {lion} | Jurong East | facility | sqft
2026-06-30 ar in_service 41250; occupancy 88.4
= {lion} | Tai Seng | facility | sqft
2026-06-30 ar in_service 12800
""",
    )
