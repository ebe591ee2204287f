"""Answers the documented questions from a published file and writes them below each query.

`python -m bench.readme_answers DATABASE` prints every question of the README and of docs/sql.md with its answer;
`--write` puts the answers into both. Their tests use `questions` and `answer` to prove that what is printed is what is
returned.
"""

from __future__ import annotations

import argparse
import re
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]
README = REPOSITORY / "README.md"
SQL_GUIDE = REPOSITORY / "docs" / "sql.md"
PAGES = (README, SQL_GUIDE)
# The answers hold for the bundled reports as known on this day.
DAY = "2026-11-20"
# A question is a level-3 heading, its query an ```sql block, its answer the ```text block right after.
_QUESTION = re.compile(
    r"^### (?P<title>[^\n]+)\n(?P<lead>(?:(?!^###|^```)[^\n]*\n)*?)"
    r"```sql\n(?P<sql>.*?)```\n+```text\n(?P<answer>.*?)```",
    re.MULTILINE | re.DOTALL,
)


@dataclass(frozen=True)
class Question:
    """One documented question: its heading, its SQL and the answer printed below."""

    title: str
    sql: str
    answer: str


def questions(page: str) -> list[Question]:
    """All questions of a page's text, in order."""
    return [Question(hit["title"], hit["sql"].strip(), hit["answer"]) for hit in _QUESTION.finditer(page)]


def answer(database: Path, sql: str) -> str:
    """The query's rows as a plain table: column names, then one line a row; NULL is printed as a dash."""
    import duckdb

    with duckdb.connect(str(database), read_only=True) as connection:
        cursor = connection.execute(sql)
        header = [column[0] for column in cursor.description]
        rows = [["-" if value is None else str(value) for value in row] for row in cursor.fetchall()]
    widths = [max(len(line[i]) for line in [header, *rows]) for i in range(len(header))]
    lines = [
        "  ".join(value.ljust(width) for value, width in zip(line, widths, strict=True)) for line in [header, *rows]
    ]
    return "".join(line.rstrip() + "\n" for line in lines)


def written(page: str, database: Path) -> str:
    """The page's text with every answer replaced by what the database returns now."""

    def replace(hit: re.Match[str]) -> str:
        whole = hit.group(0)
        start = hit.start("answer") - hit.start()
        return whole[:start] + answer(database, hit["sql"]) + "```"

    return _QUESTION.sub(replace, page)


def main() -> None:
    """Print or write the answers."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("database", type=Path, help="a published occupancy.duckdb")
    parser.add_argument("--write", action="store_true", help="write the answers into README.md and docs/sql.md")
    options = parser.parse_args()
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        for question in questions(text):
            print(f"{page.name}: {question.title}")
            print(answer(options.database, question.sql))
        if options.write:
            page.write_text(written(text, options.database), encoding="utf-8")


if __name__ == "__main__":
    main()
