# ruff: noqa: E501
"""Documents that must not become figures: damaged, empty, not a report, impossible or contradictory values."""

from __future__ import annotations

import zlib

import openpyxl
from corpus_writing import FICTITIOUS, Corpus, assemble, ending, flowing, pdf, workbook

EXAMPLE = "Example Data Centres Ltd (fictitious)"


def first(corpus: Corpus) -> None:
    """The bad documents of the first batch."""
    corpus.add(
        "bad_server_error_500.html",
        "<html><head><title>500 Internal Server Error</title></head><body><center><h1>500 Internal Server Error</h1></center><hr>"
        f"<p>The request could not be completed. Incident 88-174-92. Retry after 120 seconds.</p><center>nginx</center><p>{FICTITIOUS}</p></body></html>",
        operator=EXAMPLE,
        layout="bad_error_page",
        hazards="HTTP 500 body saved as a report;carries digits",
        outcome="reject",
        reason="error page instead of a report",
    )
    corpus.add(
        "bad_utilised_above_in_service.csv",
        "operator,facility,period_end,metric,value,unit\n"
        f"{EXAMPLE},Site 3,2025-12-31,capacity_in_service,18.0,mw\n{EXAMPLE},Site 3,2025-12-31,capacity_utilised,14.4,mw\n"
        f"{EXAMPLE},Site 3,2026-03-31,capacity_in_service,18.0,mw\n{EXAMPLE},Site 3,2026-03-31,capacity_utilised,24.4,mw\n# {FICTITIOUS}\n",
        operator=EXAMPLE,
        period_end="2026-03-31",
        layout="bad_internal_contradiction",
        hazards="more capacity in use than in service",
        outcome="quarantine",
        reason="utilised 24.4 MW exceeds 18.0 MW in service",
    )


def second(corpus: Corpus) -> None:
    """The other bad documents."""
    corpus.add(
        "bad_header_only.csv",
        f"operator,facility,period_end,metric,value,unit\n# {FICTITIOUS}\n",
        operator=EXAMPLE,
        layout="bad_empty_after_header",
        hazards="a template with its header and no row",
        outcome="reject",
        reason="no figures after the header",
    )
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.append(["operator", "facility", "period_end", "metric", "value", "unit"])
    for number in range(1, 40):
        sheet.append([EXAMPLE, f"Site {number}", "2026-03-31", "capacity_in_service", number / 2, "mw"])
    whole = workbook(book)
    corpus.add(
        "bad_truncated_workbook.xlsx",
        whole[: len(whole) * 6 // 10],
        operator=EXAMPLE,
        layout="bad_truncated_xlsx",
        hazards="ZIP container cut, no central directory",
        outcome="reject",
        reason="workbook is damaged: cut at 60% of its length, no directory of its parts",
    )
    corpus.add(
        "bad_robot_check.html",
        "<!DOCTYPE html><html><head><title>Just a moment...</title></head><body><h1>Checking that you are not a robot</h1><p>Please enable JavaScript and cookies, then tick the box below to continue to "
        f"the investor site. This takes about 5 seconds.</p><form><input type='checkbox'> I am human</form><p>Ray ID 9081fe74d2a. {FICTITIOUS}</p></body></html>",
        operator=EXAMPLE,
        layout="bad_error_page",
        hazards="captcha page saved as a report;carries digits",
        outcome="reject",
        reason="robot check page instead of a report",
    )
    corpus.add(
        "bad_scan_fax.pdf",
        image_pdf(),
        operator=EXAMPLE,
        layout="bad_image_only_pdf",
        hazards="scan without text layer",
        outcome="quarantine",
        reason="no text can be extracted; needs OCR or manual entry",
    )
    corpus.add(
        "bad_locked.pdf",
        pdf([flowing(f"{EXAMPLE}\nOccupancy 91.0% at 31 March 2026\n{FICTITIOUS}")], password="test"),
        operator=EXAMPLE,
        layout="bad_password_pdf",
        hazards="encrypted PDF (password: test)",
        outcome="quarantine",
        reason="document is encrypted; cannot be read without a password",
    )
    rows = [
        ("2025-03-31", "81.5"),
        ("2025-06-30", "82.0"),
        ("2025-09-30", "82.6"),
        ("2025-12-31", "83.1"),
        ("2026-03-31", "0.0"),
    ]
    corpus.add(
        "bad_utilisation_zero.csv",
        "operator,facility,period_end,metric,value,unit\n"
        + "".join(f"{EXAMPLE},Site 2,{date},utilisation_rate,{value},pct\n" for date, value in rows)
        + f"# {FICTITIOUS}\n",
        operator=EXAMPLE,
        period_end="2026-03-31",
        layout="bad_value_out_of_range",
        hazards="a missing value written as 0.0",
        outcome="quarantine",
        reason="utilisation falls from 83.1 % to 0.0 % in one quarter: a missing value written as zero",
    )
    corpus.add(
        "bad_occupancy_131.html",
        f"<html><body><h2>{EXAMPLE}: facilities at 31 March 2026</h2><table><tr><th>Facility</th><th>Lettable area (sq ft)</th><th>Occupancy rate</th></tr>"
        "<tr><td>Harbour 1</td><td>41,200</td><td>93.1%</td></tr><tr><td>Harbour 2</td><td>38,700</td><td>131%</td></tr></table>"
        f"<p>{FICTITIOUS}</p></body></html>",
        operator=EXAMPLE,
        period_end="2026-03-31",
        layout="bad_value_out_of_range",
        hazards="occupancy above 100% in a facility table",
        outcome="quarantine",
        reason="occupancy 131 % is impossible",
    )
    corpus.add(
        "bad_negative_rate.txt",
        f"""{EXAMPLE}

Quarter ended 31 March 2026

Area in service was 22,400 sqm as of March 31, 2026.
The utilization rate was -7.4% as of March 31, 2026.

{FICTITIOUS}
""",
        operator=EXAMPLE,
        period_end="2026-03-31",
        layout="bad_value_out_of_range",
        hazards="negative utilisation",
        outcome="quarantine",
        reason="utilisation -7.4 % is impossible",
    )
    corpus.add(
        "bad_kw_printed_as_mw.html",
        f"<html><body><h3>{EXAMPLE}: IT power by quarter</h3><table><tr><th>MW, end of quarter</th><th>Q2 2025</th><th>Q3 2025</th><th>Q4 2025</th><th>Q1 2026</th></tr>"
        "<tr><td>Capacity in service (MW)</td><td>46.0</td><td>46.0</td><td>48.5</td><td>48,500</td></tr></table>"
        f"<p>{FICTITIOUS}</p></body></html>",
        operator=EXAMPLE,
        period_end="2026-03-31",
        layout="bad_unit_slip",
        hazards="kW figure under an MW label in the last quarter (factor 1000)",
        outcome="quarantine",
        reason="capacity jumps from 48.5 MW to 48,500 MW in one quarter: unit slip",
    )
    corpus.add(
        "bad_rate_contradicts_power.csv",
        "operator,facility,period_end,metric,value,unit\n"
        f"{EXAMPLE},Site 5,2026-03-31,capacity_in_service,40.0,mw\n{EXAMPLE},Site 5,2026-03-31,capacity_utilised,25.0,mw\n"
        f"{EXAMPLE},Site 5,2026-03-31,utilisation_rate,87.5,pct\n# {FICTITIOUS}\n",
        operator=EXAMPLE,
        period_end="2026-03-31",
        layout="bad_internal_contradiction",
        hazards="printed rate 25 points above utilised / in service",
        outcome="quarantine",
        reason="printed utilisation 87.5 % but 25.0 / 40.0 = 62.5 %",
    )
    corpus.add(
        "bad_future_quarter.csv",
        "operator,facility,period_end,metric,value,unit\n"
        f"{EXAMPLE},Site 6,2091-03-31,capacity_in_service,12.0,mw\n{EXAMPLE},Site 6,2091-03-31,capacity_utilised,9.0,mw\n# {FICTITIOUS}\n",
        operator=EXAMPLE,
        period_end="2091-03-31",
        layout="bad_period",
        hazards="a reported level for a date that has not come",
        outcome="quarantine",
        reason="period end 2091-03-31 lies in the future: no report can state a level for it",
    )
    corpus.add(
        "bad_same_cell_twice.csv",
        "operator,facility,period_end,metric,value,unit\n"
        f"{EXAMPLE},Site 7,2026-03-31,capacity_in_service,30.0,mw\n{EXAMPLE},Site 7,2026-03-31,capacity_in_service,33.0,mw\n"
        f"{EXAMPLE},Site 7,2026-03-31,capacity_utilised,21.0,mw\n# {FICTITIOUS}\n",
        operator=EXAMPLE,
        period_end="2026-03-31",
        layout="bad_internal_contradiction",
        hazards="one figure given twice with two values",
        outcome="quarantine",
        reason="capacity in service is 30.0 MW and 33.0 MW for the same site and date",
    )
    source = "https://reportify.cn/news/1026032654052757504"
    corpus.add(
        "bad_digest_mislabels_commitment.html",
        "<html><body><p><i>Automatic summary, compiled by a robot from public filings</i></p><h4>VNET Q2 2024 at a glance</h4><p>Wholesale capacity in service was 332MW as of June 30, 2024. Customers utilized 252MW as of June 30, 2024, a utilization rate of 98.1%.</p>"
        f"<p>The label above is wrong on purpose, as seen on summary sites. {ending(source)}</p></body></html>",
        operator="VNET Group (21Vianet)",
        period_end="2024-06-30",
        layout="bad_third_party_summary",
        hazards="commitment rate labelled utilization rate by a summary site",
        sources=(source,),
        outcome="quarantine",
        reason="98.1 % is the commitment rate of 2Q24; 252 / 332 = 75.9 %. Third-party text must not override the first-hand release",
    )
    corpus.add(
        "bad_not_a_workbook.xlsx",
        b"\x7fELF\x02\x01\x01" + bytes(9) + bytes(range(256)) * 6,
        operator=EXAMPLE,
        layout="bad_wrong_type",
        hazards="a program with a workbook's name",
        outcome="reject",
        reason="file is no workbook: program bytes under an .xlsx name",
    )


def image_pdf() -> bytes:
    """One page that holds a grey picture of bars and no text."""
    width, height = 120, 80
    pixels = bytes(
        40 if (y // 6) % 2 and x > 10 and x < 30 + (y * 7) % 80 else 235 for y in range(height) for x in range(width)
    )
    packed = zlib.compress(pixels)
    draw = b"q 480 0 0 320 57 400 cm /I Do Q"
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Resources << /XObject << /I 4 0 R >> >> /Contents 5 0 R >>",
        b"<< /Type /XObject /Subtype /Image /Width %d /Height %d /ColorSpace /DeviceGray /BitsPerComponent 8 /Filter "
        b"/FlateDecode /Length %d >>\nstream\n%s\nendstream" % (width, height, len(packed), packed),
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(draw), draw),
    ]
    return assemble(objects)
