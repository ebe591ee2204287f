"""The site made of docs/: Sphinx reads the Markdown, `make docs` builds it, a broken link or anchor fails the build.

Here: the order of the pages and how the site looks. The pages are plain Markdown, readable without a build; what
only Sphinx understands is kept out of them. The built site needs no network and can be opened from a folder.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from docutils import nodes

if TYPE_CHECKING:
    from sphinx.application import Sphinx

# Each page of docs/ stands in one of these lists; Sphinx complains of one that is in none.
PAGES = {
    "Read": ["concepts", "opening-the-file", "sql", "track-record"],
    "Feed": ["formats", "adding-an-operator", "getting-reports", "leases"],
    "Ask what if": ["scenarios", "forecasting"],
    "Run": ["operations", "alerts", "runbook", "security", "upgrading"],
    "Trust and grow": ["reliability", "deploying", "lake", "scale"],
    "Rely on and carry on": ["contract", "architecture", "changes"],
}

project = "Colocast"
root_doc = "index"
extensions = ["myst_parser"]
myst_heading_anchors = 4
html_theme = "furo"
html_title = "Colocast"
html_copy_source = False
html_show_sphinx = False
html_show_copyright = False
html_theme_options = {"footer_icons": []}
# YAML with other tools' keys, SQL of DuckDB: a word that a highlighter does not know is no broken page.
suppress_warnings = ["misc.highlighting_failure"]


def add_contents(app: Sphinx, name: str, source: list[str]) -> None:
    """Append the list of pages to the first one, which is where Sphinx looks for it; the Markdown stays plain."""
    if name != app.config.root_doc:
        return
    for caption, pages in PAGES.items():
        listed = "\n".join(pages)
        source[0] += f"\n\n```{{toctree}}\n:hidden:\n:caption: {caption}\n\n{listed}\n```\n"


def keep_anchors(app: Sphinx, document: nodes.document) -> None:
    """Give each heading the anchor it has on a code host too (`#rule-r05_rate_range`): links from outside use it."""
    for section in document.findall(nodes.section):
        slug = section.get("slug")
        if slug and slug not in section["ids"]:
            section["ids"].append(slug)


def setup(app: Sphinx) -> None:
    """Sphinx calls this."""
    app.connect("source-read", add_contents)
    app.connect("doctree-read", keep_anchors)
