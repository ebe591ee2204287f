"""The docs as readers meet them: every link leads somewhere, on a code host and on the built site.

A link is checked in two ways: by the site's own strict build, which knows docs/ alone, and by a look at README.md and
every page, which knows files, pictures and headings as a code host shows them.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from urllib.parse import unquote

import pytest

FENCE = re.compile(r"^(```|~~~).*?^\1\s*$", re.M | re.S)
LINK = re.compile(r"\]\(\s*<?([^()\s<>]+)>?(?:\s+\"[^\"]*\")?\s*\)")
HEADING = re.compile(r"^#{1,6}\s+(.*?)\s*#*\s*$", re.M)
ELSEWHERE = re.compile(r"[a-z][a-z0-9+.-]*:", re.I)


def prose(text: str) -> str:
    """Markdown without its code: what stands there is no link."""
    return re.sub(r"`[^`\n]*`", "``", FENCE.sub("", text))


def anchors(text: str) -> set[str]:
    """The anchors of a page's headings, as code hosts make them; a repeated heading is counted."""
    found: dict[str, int] = {}
    names = set()
    for heading in HEADING.findall(FENCE.sub("", text)):
        words = re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", heading).replace("`", "").strip().lower()
        slug = re.sub(r"[^\w\- ]", "", words).replace(" ", "-")
        number = found.get(slug, 0)
        found[slug] = number + 1
        names.add(f"{slug}-{number}" if number else slug)
    return names


def broken_links(page: Path) -> list[str]:
    """The page's links that lead to no file, or to no heading of a page. Addresses of other hosts are let pass."""
    broken = []
    text = page.read_text(encoding="utf-8")
    for target in LINK.findall(prose(text)):
        if ELSEWHERE.match(target):
            continue
        name, _, anchor = unquote(target).partition("#")
        path = page.parent / name if name else page
        is_there = path.exists() and (not anchor or path.suffix != ".md" or anchor in anchors(path.read_text("utf-8")))
        if not is_there:
            broken.append(f"{page.name}: {target}")
    return broken


def pages(repository: Path) -> list[Path]:
    return [repository / "README.md", *sorted((repository / "docs").glob("*.md"))]


def test_every_link_in_readme_and_docs_leads_somewhere(repository: Path) -> None:
    """A reader who follows a dead link does not come back."""
    assert [link for page in pages(repository) for link in broken_links(page)] == []


def test_a_dead_link_is_found(tmp_path: Path) -> None:
    """A checker that finds nothing must not pass for docs without faults."""
    (tmp_path / "other.md").write_text("# A `name` of R1_x, twice\n\n# Again\n\n# Again\n")
    page = tmp_path / "page.md"
    page.write_text(
        "# Here\n[good](other.md#a-name-of-r1_x-twice) [good](other.md#again-1) [good](#here) [good](https://example.com)\n"
        "`[code](nowhere.md)`\n```\n[code](nowhere.md)\n```\n"
        '[![bad](none.png)](other.md "title") [bad](other.md#nothing) [bad](gone.md) [bad](#there)\n'
    )
    assert broken_links(page) == [
        "page.md: none.png",
        "page.md: other.md#nothing",
        "page.md: gone.md",
        "page.md: #there",
    ]


def test_every_picture_is_shown_and_small(repository: Path) -> None:
    """A picture nobody shows is stale unseen; a large one makes the page slow and the repository grow."""
    shown = "".join(page.read_text(encoding="utf-8") for page in pages(repository))
    pictures = sorted((repository / "docs" / "images").iterdir())
    assert pictures
    assert [path.name for path in pictures if f"images/{path.name}" not in shown] == []
    assert [path.name for path in pictures if path.stat().st_size > 300_000] == []


@pytest.fixture(scope="module")
def site(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site, built as `make docs` does."""
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "sphinx", "--fail-on-warning", "--keep-going", "--nitpicky", "--quiet"]
    done = subprocess.run(
        [*command, "-d", str(folder / "trees"), str(repository / "docs"), str(folder / "html")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return folder / "html"


def test_the_site_needs_no_other_host(site: Path) -> None:
    """It is read where there is no network; a font or script of another host would also tell who reads it."""
    fetched = re.compile(
        r"<(?:script|img|iframe|source)[^>]*?\bsrc=\"(?:https?:)?//|<link[^>]*?\bhref=\"(?:https?:)?//"
    )
    built = sorted(site.rglob("*.html"))
    assert len(built) > 10
    assert [path.name for path in built if fetched.search(path.read_text(encoding="utf-8"))] == []


def test_anchors_from_outside_work_on_the_site(site: Path) -> None:
    """Checks and alerts link sections of the runbook by the names that a code host gives them."""
    runbook = (site / "runbook.html").read_text(encoding="utf-8")
    for anchor in ("rule-r05_rate_range", "rule-layout_diff", "alert-report-late"):
        assert f'id="{anchor}"' in runbook
