"""How large the page is and how soon a reader sees it: ``python -m bench.page [DATABASE]``.

Prints one table: seconds to write the page of a published database (the home's, without DATABASE), its bytes, and from
disk in headless Chromium, each run in a fresh browser, the first view (first and largest contentful paint) and the
moment everything answers; then what Lighthouse-like checks can tell without a network: shift of the layout, messages on
the console, requests beyond the file, links without a target, and axe-core's findings by impact in light and dark.
Goals: below 3 MB, first view below 2 s. Exit 1 where a goal is missed, 2 where there is nothing to measure.
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
import time
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from assets.delivery.page import write_page

REPOSITORY = Path(__file__).resolve().parents[1]
CHROMIUM = Path("/usr/bin/chromium")
FLAGS = ["--no-sandbox", "--disable-background-networking", "--disable-component-update"]
RUNS = 5
MOST_BYTES = 3_000_000
MOST_VIEW_S = 2.0
MOST_SHIFT = 0.1
TIMES = """() => new Promise(resolve => new PerformanceObserver(list => {
  const largest = list.getEntries().pop().startTime, first = performance.getEntriesByName('first-contentful-paint')[0];
  resolve([first.startTime, largest, performance.getEntriesByType('navigation')[0].domContentLoadedEventEnd]);
}).observe({ type: 'largest-contentful-paint', buffered: true }))"""
SHIFT = """() => new Promise(resolve => { let sum = 0;
  new PerformanceObserver(list => { for (const one of list.getEntries()) sum += one.value; })
    .observe({ type: 'layout-shift', buffered: true });
  setTimeout(() => resolve(sum), 300); })"""
WITHOUT_TARGET = """() => [...document.querySelectorAll("a[href^='#']")].map(one => one.getAttribute('href'))
  .filter(one => one.length > 1 && !document.getElementById(one.slice(1))).length"""


@dataclass(frozen=True)
class Row:
    """One measure: what, value as printed, goal, whether it is met (None: no goal)."""

    what: str
    value: str
    goal: str = ""
    met: bool | None = None


def first_views(playwright: Any, page: Path) -> list[list[float]]:
    """Milliseconds of first paint, largest paint and end of the script, one row a run in a fresh browser."""
    out = []
    for _ in range(RUNS):
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=FLAGS)
        tab = browser.new_page(viewport={"width": 1280, "height": 900})
        tab.goto(page.as_uri())
        out.append(tab.evaluate(TIMES))
        browser.close()
    return out


def audit(playwright: Any, page: Path) -> list[Row]:
    """Shift, console, requests, links, and axe-core in both themes with every part laid out."""
    browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=FLAGS)
    axe = (files("axe_playwright_python") / "axe.min.js").read_text(encoding="utf-8")
    messages: list[str] = []
    requests: list[str] = []
    tab = browser.new_page(viewport={"width": 1280, "height": 900})
    tab.on("console", lambda message: messages.append(message.text))
    tab.on("pageerror", lambda error: messages.append(str(error)))
    tab.on("request", lambda request: requests.append(request.url))
    tab.goto(page.as_uri())
    shift = float(tab.evaluate(SHIFT))
    astray = int(tab.evaluate(WITHOUT_TARGET))
    foreign = [url for url in requests if not url.startswith(page.as_uri())]
    rows = [
        Row("layout shift", f"{shift:.3f}", f"< {MOST_SHIFT}", shift < MOST_SHIFT),
        Row("messages on the console", str(len(messages)), "0", not messages),
        Row("requests beyond the file", str(len(foreign)), "0", not foreign),
        Row("links without a target", str(astray), "0", astray == 0),
    ]
    for theme in ("light", "dark"):
        context = browser.new_context(color_scheme=theme, bypass_csp=True, viewport={"width": 1280, "height": 900})
        tab = context.new_page()
        tab.goto(page.as_uri())
        tab.add_style_tag(content="main section { content-visibility: visible !important; }")
        tab.evaluate(axe)
        found = tab.evaluate("axe.run(document, {resultTypes: ['violations']})")["violations"]
        grave = [one["id"] for one in found if one["impact"] in ("serious", "critical")]
        told = ", ".join(grave) or f"0 serious or critical, {len(found)} lesser"
        rows.append(Row(f"axe-core {found_version(tab)}, {theme}", told, "0 serious", not grave))
        context.close()
    browser.close()
    return rows


def found_version(tab: Any) -> str:
    """The version of axe-core that looked."""
    return str(tab.evaluate("axe.version"))


def measure(database: Path, folder: Path) -> list[Row]:
    """Every row of the table; the page is written into `folder`."""
    from playwright.sync_api import sync_playwright

    started = time.perf_counter()
    page = write_page(database, folder / "reports" / "index.html", database.parent.parent / "archive")
    written = time.perf_counter() - started
    size = page.stat().st_size
    with sync_playwright() as playwright:
        runs = first_views(playwright, page)
        first, largest, ready = ([run[at] / 1000 for run in runs] for at in range(3))
        view = max(statistics.median(first), statistics.median(largest))
        rows = [
            Row("written in", f"{written:.1f} s"),
            Row("size", f"{size / 1e6:.2f} MB", f"< {MOST_BYTES / 1e6:.0f} MB", size < MOST_BYTES),
            Row("first view, median", f"{view:.2f} s", f"< {MOST_VIEW_S:g} s", view < MOST_VIEW_S),
            Row(f"first view, slowest of {RUNS}", f"{max(*first, *largest):.2f} s"),
            Row("everything answers, median", f"{statistics.median(ready):.2f} s"),
        ]
        return rows + audit(playwright, page)


def main() -> int:
    """Measure, print, say whether every goal is met."""
    home = Path(os.environ.get("COLOCAST_HOME", REPOSITORY / ".colocast"))
    database = Path(sys.argv[1]) if len(sys.argv) > 1 else home / "published" / "occupancy.duckdb"
    for needed, remedy in (
        (database, "run `make run` first, or name a published file"),
        (CHROMIUM, "install Chromium"),
    ):
        if not needed.is_file():
            print(f"{needed}: not found; {remedy}.", file=sys.stderr)
            return 2
    with tempfile.TemporaryDirectory(prefix="colocast-page-") as folder:
        rows = measure(database, Path(folder))
    table = Table("measure", "value", "goal", "met", title="The page from disk")
    for row in rows:
        table.add_row(row.what, row.value, row.goal, "" if row.met is None else "yes" if row.met else "NO")
    Console().print(table)
    return 0 if all(row.met is not False for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
