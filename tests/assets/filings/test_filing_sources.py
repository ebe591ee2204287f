"""The sources file: what is wrong in it is named with file, line, entry, value and remedy; nothing is guessed."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from assets.filings.sources import Source, SourcesError, endpoints, load_sources
from assets.reports.operators import load_layouts

EDGAR = "sources:\n  - name: gds\n    operator: GDS\n    kind: edgar\n    cik: 0001526125\n"


def known(name: str) -> tuple[str, str] | None:
    return ("GDS Holdings", "gds-holdings") if name in ("GDS", "GDS Holdings") else None


def load(tmp_path: Path, text: str) -> tuple[Source, ...]:
    file = tmp_path / "sources.yaml"
    file.write_text(text, encoding="utf-8")
    return load_sources(file, known)


def test_a_cik_without_quotes_keeps_its_digits(tmp_path: Path):
    """YAML reads 0001526125 as an octal number, which would be another company."""
    (source,) = load(tmp_path, EDGAR)
    assert source.cik == "0001526125"
    assert (source.operator, source.slug) == ("GDS Holdings", "gds-holdings")


def test_values_and_defaults_are_taken(tmp_path: Path):
    """An entry means what it says; what it leaves out has a stated default."""
    text = EDGAR + "    forms: [6-k]\n    documents: [EX-99.1, primary]\n    since: 2024-02-01\n    every_hours: 0.5\n"
    (source,) = load(tmp_path, text)
    assert (source.forms, source.documents) == (("6-K",), ("EX-99.1", "primary"))
    assert (source.since, source.every_hours, source.enabled) == (date(2024, 2, 1), 0.5, True)
    (plain,) = load(tmp_path, EDGAR)
    assert (plain.forms[0], plain.documents, plain.every_hours) == ("6-K", ("EX-99*",), 6.0)
    assert plain.digest != source.digest


def test_a_base_url_replaces_every_address_of_its_kind(tmp_path: Path):
    """A mirror, or a test, is pointed at by one line."""
    (source,) = load(tmp_path, EDGAR + "    base_url: http://127.0.0.1:8/\n")
    assert set(source.addresses.values()) == {"http://127.0.0.1:8"}
    (plain,) = load(tmp_path, EDGAR)
    assert plain.addresses == endpoints()["edgar"]["addresses"]


@pytest.mark.parametrize("text", ["", "sources:\n", "sources: []\n", "# nothing\n"])
def test_a_file_without_entries_has_no_sources(tmp_path: Path, text: str):
    """An empty file is a decision, not an error."""
    assert load(tmp_path, text) == ()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("sources: [", "line 1: not readable as YAML"),
        ("- name: gds\n", "expected the one key `sources`"),
        ("source:\n  - name: x\n", "line 1: found source; expected the one key `sources`"),
        ("sources: gds\n", "line 1: sources is no list"),
        ("sources:\n  - gds\n", "line 2: entry 1 is 'gds'; expected keys"),
        (EDGAR.replace("name: gds", "name: ../gds"), "line 2, source '../gds': name is '../gds'"),
        (EDGAR.replace("kind: edgar", "kind: sec"), "line 4, source 'gds': kind is 'sec'; expected one of edgar, hkex"),
        (
            EDGAR.replace("operator: GDS", "operator: GDDS"),
            "operator is 'GDDS'; expected an operator that has a layout",
        ),
        (EDGAR.replace("    cik: 0001526125\n", ""), "source 'gds': the key 'cik' is missing; kind edgar needs it"),
        (EDGAR.replace("0001526125", "GDS"), "line 5, source 'gds': cik is 'GDS'; expected up to ten digits"),
        (EDGAR + "    form: [6-K]\n", "line 6, source 'gds': unknown key 'form'"),
        (EDGAR + "    url: http://x.example\n", "unknown key 'url'"),
        (EDGAR + "    forms: 6-K\n", "line 6, source 'gds': forms is '6-K'; expected a list"),
        (EDGAR + "    since: 2024-13-01\n", "since is '2024-13-01'; expected a date such as"),
        (EDGAR + "    every_hours: 0\n", "every_hours is '0'; expected a number of hours from 0.25"),
        (EDGAR + "    enabled: maybe\n", "enabled is 'maybe'; expected true or false"),
        (
            EDGAR + "    base_url: ftp://x.example\n",
            "base_url is 'ftp://x.example'; expected an address that begins with",
        ),
        (EDGAR + "    base_url: http://user:secret@x.example\n", "without a user name"),
        (EDGAR + "    hosts: ['https://x.example']\n", "hosts is 'https://x.example'; expected names of hosts"),
        (EDGAR + "    cik: 1\n", "line 6: 'cik' stands twice"),
        (EDGAR + EDGAR.removeprefix("sources:\n"), "the name 'gds' stands twice"),
        (
            "sources:\n  - {name: p, operator: GDS, kind: page, url: https://x.example, links: ['(']}\n",
            "links is '('; expected a regular expression",
        ),
    ],
)
def test_what_is_wrong_is_named_with_its_place(tmp_path: Path, text: str, words: str):
    """Whoever wrote the file must find the line without reading code."""
    with pytest.raises(SourcesError) as caught:
        load(tmp_path, text)
    assert words in str(caught.value)
    assert str(tmp_path / "sources.yaml") in str(caught.value)


def test_a_file_that_is_not_there_is_named(tmp_path: Path):
    """A wrong COLOCAST_SOURCES must not look like collecting being off."""
    with pytest.raises(SourcesError, match="no such file"):
        load_sources(tmp_path / "none.yaml", known)


def test_the_example_is_valid_and_entirely_off(repository: Path):
    """People copy it: each entry must load with the bundled layouts, and none may ask anybody by being copied."""
    layouts = load_layouts()

    def find(name: str) -> tuple[str, str] | None:
        layout = layouts.find(name)
        return (layout.operator, layout.slug) if layout else None

    sources = load_sources(repository / "data" / "filing_sources.example.yaml", find)
    assert {one.kind for one in sources} == {"edgar", "hkex", "sgx", "page", "feed"}
    assert not any(one.enabled for one in sources)


def test_edgar_is_asked_less_than_it_allows():
    """EDGAR shuts out who asks more than ten times a second; the others get one request a second."""
    rates = {kind: value["requests_per_second"] for kind, value in endpoints().items()}
    assert rates["edgar"] <= 8
    assert all(rate <= 1 for kind, rate in rates.items() if kind != "edgar")
