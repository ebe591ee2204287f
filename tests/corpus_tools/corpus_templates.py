"""Delimited files: the plain template in other encodings, separators, number formats and shapes."""

from __future__ import annotations

from corpus_writing import FICTITIOUS, Corpus, ending


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
