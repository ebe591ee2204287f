"""Delimited text that is no table: quotes, separators, widths, lines, comments, headers, formulas in cells."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from bench.hostile.case import Case, held, operator_of, partly

KIND = "delimited"
HEADER = "operator,facility,period_end,metric,value,unit\n"


def line(
    name: str, value: str = "12.5", unit: str = "mw", day: str = "2025-06-30", metric: str = "capacity_in_service"
) -> str:
    """One row of the plain template."""
    return f"{operator_of(name)},,{day},{metric},{value},{unit}\n"


def template(name: str, *values: str) -> bytes:
    """The plain template with a row a value."""
    return (HEADER + "".join(line(name, value) for value in values)).encode()


def cases() -> list[Case]:
    """Every delimited text."""
    made: list[Case] = []

    def some(name: str, make: Callable[[str], str], *true: float) -> None:
        made.append(partly(KIND, f"{name}.csv", lambda: make(f"{name}.csv").encode(), *(true or (12.5,))))

    def hold(name: str, make: Callable[[str], str]) -> None:
        made.append(held(KIND, f"{name}.csv", lambda: make(f"{name}.csv").encode()))

    hold("columns_million_wide", lambda _n: "a," * 1_000_000 + "\n" + "1," * 1_000_000 + "\n")
    hold("columns_beyond", lambda n: HEADER.strip() + "," * 2_000 + "\n" + line(n).strip() + "," * 2_000 + "\n")
    some("cell_million", lambda n: HEADER + line(n) + f"{'x' * 1_000_000},,2025-06-30,capacity_in_service,1,mw\n")
    hold("line_million", lambda _n: "x" * 1_000_000)
    hold("rows_beyond", lambda n: HEADER + line(n) * 60_000)
    some("rows_ragged", lambda n: HEADER + line(n) + "".join("x," * (at % 40) + "\n" for at in range(300)))
    hold("quotes_alone", lambda _n: '"' * 500_000)
    hold("quotes_pairs", lambda _n: '"",' * 200_000)
    some("quote_open", lambda n: HEADER + line(n) + '"' + line(n, "13.5") * 300)
    some("quote_in_value", lambda n: HEADER + line(n) + line(n, '1"2"3') + line(n, '"""9"""'))
    some("quote_every_other", lambda n: HEADER + line(n) + '"a\n' * 1_001)
    some(
        "separators_mixed",
        lambda n: HEADER + line(n) + line(n, "13.5").replace(",", ";") + line(n, "14.5").replace(",", "\t"),
    )
    hold("separators_alone", lambda _n: ",;\t|" * 50_000 + "\n")
    some("separator_declared_wrong", lambda n: "sep=;\n" + HEADER + line(n))
    some("header_repeated", lambda n: (HEADER + line(n)) * 300)
    hold("header_alone", lambda _n: HEADER)
    hold("header_twice_over", lambda n: HEADER.strip() + "," + HEADER + line(n).strip() + "," + line(n, "99.5"))
    hold("comments_alone", lambda _n: "# x\n" * 50_000)
    some("zero_bytes", lambda n: HEADER + line(n) + line(n, "1\x002.5"))
    some("returns_alone", lambda n: (HEADER + line(n)).replace("\n", "\r"))
    some("odd_line_ends", lambda n: HEADER + line(n) + "\u2028\u2029\x85\x0b\x0c\x1c".join("xyz") + "\n")
    some("marks_inside", lambda n: HEADER + "\ufeff" + line(n))
    some("spaces_million", lambda n: HEADER + line(n) + " " * 1_000_000 + "\n")
    for label, value in (
        ("hyperlink", '"=HYPERLINK(""http://x.invalid"",""12.5"")"'),
        ("webservice", '"=WEBSERVICE(""http://127.0.0.1:9"")"'),
        ("dde", "=cmd|'/c calc'!A0"),
        ("plus", "+cmd|'/c calc'!A0"),
        ("minus", "-cmd|'/c calc'!A0"),
        ("at", "@SUM(1+1)*cmd|' /c calc'!A0"),
        ("tab", '"\t=1+1"'),
        ("return", '"\r=1+1"'),
        ("sum", "=10+2.5"),
        ("percent", "%0A=1+1"),
    ):
        name = f"formula_{label}.csv"
        made.append(held(KIND, name, partial(template, name, value)))
    # The names of rows are text as well: they must not be taken for a command, a path or a format by anything later.
    for label, operator in (
        ("formula", "=1+1"),
        ("markup", "[red]x[/red]<script>alert(1)</script>"),
        ("sql", "x'); DROP TABLE observations;--"),
        ("path", "../../etc/passwd"),
        ("braces", "{0.__class__}%s%n$(id)`id`"),
        ("long", "X" * 100_000),
    ):
        name = f"operator_{label}.csv"
        text = HEADER + f'"{operator}",,2025-06-30,capacity_in_service,12.5,mw\n'
        made.append(partly(KIND, name, text.encode, 12.5))
    # Rent rolls
    roll = "lease_id,facility_id,tenant,start_date,end_date,mw\n"
    for label, rows in (
        (
            "values",
            "L1,F1,T,2020-01-01,2030-01-01,nan\nL2,F1,T,2020-01-01,2030-01-01,inf\nL3,F1,T,0000-00-00,9999-99-99,1e400\n",
        ),
        ("dates", "L1,F1,T,31/02/2020,2030-02-30,1\nL2,F1,T,2030-01-01,2020-01-01,-5\n"),
        ("twice", "L1,F1,T,2020-01-01,2030-01-01,1\n" * 900),
        ("wide", "L1,F1,T,2020-01-01,2030-01-01,1" + ",x" * 900 + "\n"),
        ("formula", "=1+1,F1,=cmd|x,2020-01-01,2030-01-01,=2+2\n"),
        ("quote", 'L1,F1,"T,2020-01-01,2030-01-01,1\n' * 400),
        ("digits", f"L1,F1,T,2020-01-01,2030-01-01,{'9' * 20_000}\n"),
    ):
        made.append(Case(KIND, f"rent_roll_{label}.csv", (roll + rows).encode))
    return made
