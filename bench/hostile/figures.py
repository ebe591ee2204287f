"""Figures that cannot be true, or that nobody can tell: no numbers, slips of unit, contradictions, impossible days."""

from __future__ import annotations

from datetime import date
from functools import partial

import pandas as pd

from bench.hostile.case import Case, held, operator_of, partly, release_of
from bench.hostile.tables import HEADER, line

KIND = "figure"


def cases() -> list[Case]:
    """Every document that is sound but for a figure."""
    made: list[Case] = []
    # Figures are dated against the real day, whatever day a run pretends.
    today = date.today()

    def add(name: str, *rows: str, true: tuple[float, ...] = (), ends: tuple[str, ...] = ()) -> None:
        make = partial(_csv, *rows)
        case = partly(KIND, f"{name}.csv", make, *true, ends=ends) if true else held(KIND, f"{name}.csv", make)
        made.append(case)

    for label, value in (
        ("nan", "nan"),
        ("inf", "inf"),
        ("minus_inf", "-inf"),
        ("infinity", "Infinity"),
        ("huge", "1e308"),
        ("over", "1e400"),
        ("digits", "9" * 20_000),
        ("power", "9^9^9"),
        ("hex", "0x1F"),
        ("underscore", "1_000"),
        ("signs", "--5"),
        ("two_points", "9..5"),
        ("groups_wrong", "1,2,3,4"),
        ("letter_o", "1O.5"),
        ("letter_l", "l2.5"),
        ("cyrillic_o", "1\u041e5"),
        ("zero_width_space", "1\u200b2.5x"),
        ("fraction_sign", "12½"),
        ("ideograph", "一二"),
        ("minus", "-12.5"),
        ("brackets", "(12.5)"),
        ("range_reversed", "15-12"),
        ("question", "12.5?"),
        ("rate_of_capacity", "12.5 %"),
        ("two_numbers", "12.5 13.5"),
        ("roman", "Ⅻ"),
        ("circled", "⑫"),
    ):
        name = f"value_{label}.csv"
        add(f"value_{label}", line(name, f'"{value}"'))
    # The same value in other digits is the same value; in a mix of digits it is nobody's.
    for label, value in (("fullwidth", "１２.５"), ("arabic", "١٢.٥"), ("devanagari", "१२.५")):
        add(f"digits_{label}", line(f"digits_{label}.csv", value), true=(12.5,))
    add("digits_mixed", line("digits_mixed.csv", "1٢.5"))
    # A raised digit is the mark of a note.
    add("value_superscript", line("value_superscript.csv", "10⁵"), true=(10.0,))
    add("value_circled_note", line("value_circled_note.csv", "12.5①"), true=(12.5,))
    add("value_minus_zero", line("value_minus_zero.csv", "-0"), true=(0.0,))
    for label, value, unit in (
        ("above_hundred", "174", "pct"),
        ("negative", "-7.4", "pct"),
        ("fraction_of_one", "174", "fraction"),
        ("hundredfold", "8740", "pct"),
        ("in_mw", "87.4", "mw"),
        ("no_unit_known", "87.4", "furlongs"),
    ):
        add(f"rate_{label}", line(f"rate_{label}.csv", value, unit, metric="utilisation_rate"))
    for label, value, unit in (
        ("too_many_mw", "900000", "mw"),
        ("too_many_sqm", "900000000", "sqm"),
        ("negative_sqm", "-400", "sqm"),
        ("in_percent", "55", "pct"),
        ("no_unit", "12.5", ""),
        ("unit_formula", "12.5", "=1+1"),
    ):
        add(f"capacity_{label}", line(f"capacity_{label}.csv", value, unit))
    quarters = ("2024-06-30", "2024-09-30", "2024-12-31", "2025-03-31", "2025-06-30")
    for label, last in (
        ("thousandfold", "47500"),
        ("thousandth", "0.0475"),
        ("kw_as_mw", "47,500"),
        ("sqft_as_sqm", "511000"),
    ):
        name = f"slip_{label}.csv"
        unit = "sqm" if "sqft" in label else "mw"
        level = 47_500.0 if "sqft" in label else 46.0
        rows = [line(name, str(level), unit, day) for day in quarters[:-1]]
        slipped = line(name, f'"{last}"', unit, quarters[-1])
        # A factor of ten may be an acquisition: it is told as a jump (R15_jump) and not held back.
        true = (level, 511_000.0) if "sqft" in label else (level,)
        add(f"slip_{label}", *rows, slipped, true=true)
    name = "slip_fraction.csv"
    rates = [
        line(name, value, "pct", day, "utilisation_rate")
        for value, day in zip(("74.1", "74.5", "75.2", "75.9"), quarters, strict=False)
    ]
    add(
        "slip_fraction",
        *rates,
        line(name, "0.763", "pct", quarters[-1], "utilisation_rate"),
        true=(74.1, 74.5, 75.2, 75.9),
    )
    add("contradiction_same_quarter", *(line("contradiction_same_quarter.csv", value) for value in ("12.5", "19.5")))
    add("contradiction_many", *(line("contradiction_many.csv", str(value)) for value in range(10, 300)))
    add("repeated_quarter", *[line("repeated_quarter.csv")] * 500, true=(12.5,))
    name = "contradiction_rate.csv"
    add(
        "contradiction_rate",
        line(name, "100"),
        line(name, "50", metric="capacity_utilised"),
        line(name, "90", "pct", metric="utilisation_rate"),
    )
    name = "used_above_all.csv"
    add("used_above_all", line(name, "10"), line(name, "25", metric="capacity_utilised"))
    for label, day in (
        ("february_31", "2025-02-31"),
        ("month_13", "2025-13-01"),
        ("year_zero", "0000-06-30"),
        ("year_9999", "9999-12-31"),
        ("year_five", "20250-06-30"),
        ("future", f"{today.year + 5}-06-30"),
        ("future_near", str((pd.Period(today, "Q") + 1).end_time.date())),
        ("past", "1890-06-30"),
        ("text", "someday"),
        ("serial_future", "73050"),
        ("serial_huge", "9" * 5_000),
        ("day_0", "2025-06-00"),
        ("day_32", "32 June 2025"),
        ("quarter_5", "Q5 2025"),
        ("epoch", "1970-01-01"),
        ("offset", "2025-06-30T25:61:61Z"),
        ("lookalike", "2\u041e25-06-30"),
        ("two_days", "2025-06-30 / 2024-06-30"),
    ):
        add(f"day_{label}", line(f"day_{label}.csv", day=day))
    for label, day, end in (
        ("two_digits", "30 Jun 25", "2025-06-30"),
        ("two_digits_99", "30 Jun 99", "1999-06-30"),
        ("serial", "45838", "2025-06-30"),
    ):
        add(f"day_{label}", line(f"day_{label}.csv", day=day), true=(12.5,), ends=(end,))
    add(
        "day_either",
        line("day_either.csv", day="05/06/2025"),
        true=(12.5,),
        ends=("2025-06-05", "2025-05-06", "2025-06-30", "2025-05-31"),
    )
    # Names that look like other names: a second operator that a reader of the tables would take for the first.
    for label, operator in (
        ("cyrillic", "GDS H\u043eldings"),
        ("greek", "Equini\u03c7"),
        ("mixed_case", "N\u0415XTDC"),
        ("armenian", "C\u0578reSite"),
    ):
        text = HEADER + f"{operator},,2025-06-30,capacity_in_service,12.5,mw\n"
        made.append(held(KIND, f"lookalike_{label}.csv", text.encode))
    # With what cannot be seen taken out, this one is the operator's own name.
    for label, operator in (
        ("zero_width", "GDS\u200b Hold\u2060ings"),
        ("isolates", "GDS \u2067Holdings\u2069"),
        ("filler", "GDS\u3164 Holdings"),
        ("tags", "GDS\U000e0041 Holdings"),
    ):
        text = HEADER + f"{operator},,2025-06-30,capacity_in_service,12.5,mw\n"
        made.append(partly(KIND, f"invisible_{label}.csv", text.encode, 12.5))
    for label, metric in (
        ("cyrillic", "capacity_in_serv\u0456ce"),
        ("zero_width_x", "capacity\u200bxin_service"),
        ("unknown", "total_happiness"),
        ("formula", "=1+1"),
    ):
        add(f"metric_{label}", line(f"metric_{label}.csv", metric=metric))
    # In running text, where a lookalike or an invisible character may hide a part of a number.
    for label, printed in (
        ("cyrillic_o", "1\u041e5 MW"),
        ("letter_o", "1O5 MW"),
        ("letter_l", "l25 MW"),
        ("isolate", "1\u20665 MW"),
        ("joiner", "1\u034f5 MW"),
        ("variation", "1\ufe0f5 MW"),
        ("tag", "1\U000e00315 MW"),
        ("combining", "1\u03365 MW"),
        ("greek", "1\u03bf5 MW"),
        ("digits_glued", "9" * 3_000 + " MW"),
        ("arabic_mixed", "1٢5 MW"),
        ("override", "\u202e521\u202c MW"),
    ):
        name = f"prose_{label}.txt"
        text = release_of(name, f"Capacity in service was {printed} as of June 30, 2025.")
        # Invisible characters taken out, the number is whole again.
        whole = {"isolate": 15.0, "joiner": 15.0, "variation": 15.0, "tag": 15.0}.get(label)
        made.append(partly(KIND, name, text.encode, whole) if whole else held(KIND, name, text.encode))
    for label, printed in (
        ("above", "174%"),
        ("minus", "-7.4%"),
        ("future", f"87.5% as of June 30, {today.year + 5}"),
        ("february", "87.5% as of February 31, 2025"),
        ("power", "9^9^9%"),
        ("exponent", "1e2%"),
        ("inf", "inf%"),
    ):
        name = f"prose_rate_{label}.txt"
        rest = "" if "as of" in printed else " as of June 30, 2025"
        text = f"{operator_of(name)} Reports\n\nThe utilization rate was {printed}{rest}.\n"
        made.append(held(KIND, name, text.encode))
    return made


def _csv(*rows: str) -> bytes:
    return (HEADER + "".join(rows)).encode()
