"""`python -m bench.audit`: licences and known vulnerabilities of every package in the locks, without a network.

Prints a table of licences with the number of packages, then what is wrong: a licence that requirements/licences.yaml
does not allow, a locked version that requirements/advisories.yaml names. Writes build/licences.csv (package, version,
licence, why it is allowed where that is not plain). Exit 1 where something is wrong.

`--online` asks the live database as well, with pip-audit, fetched for the occasion; packages it could not look up count
as not audited, and are named.
"""

from __future__ import annotations

import argparse
import csv
import json
import re
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

import yaml
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from rich.console import Console
from rich.table import Table

REPOSITORY = Path(__file__).resolve().parents[1]
REQUIREMENTS = REPOSITORY / "requirements"
LOCKS = ("core.txt", "scale.txt", "dev.txt", "uv.txt")
LICENCES_CSV = REPOSITORY / "build" / "licences.csv"


@dataclass(frozen=True)
class Licensed:
    """One locked package, what it is under, why that is allowed where a person had to decide, and what is wrong."""

    package: str
    versions: tuple[str, ...]
    licence: str
    because: str = ""
    problem: str = ""


@dataclass(frozen=True)
class Finding:
    """A locked version that an advisory names."""

    package: str
    version: str
    advisory: str
    summary: str


def locked(folder: Path = REQUIREMENTS) -> dict[str, tuple[str, ...]]:
    """Package -> versions in the locks (several where they depend on the version of Python), in order of name."""
    found: dict[str, set[str]] = {}
    for name in LOCKS:
        for package, version in re.findall(r"(?m)^([A-Za-z0-9._-]+)==([^ \\;\n]+)", (folder / name).read_text()):
            found.setdefault(canonicalize_name(package), set()).add(version)
    return {package: tuple(sorted(versions)) for package, versions in sorted(found.items())}


def stated_licences(package: str) -> list[str]:
    """The licences that an installed package states: by expression, else classifiers, else its field's first line.

    Raises metadata.PackageNotFoundError where it is not installed.
    """
    told = metadata.metadata(package)
    lines = (told.get("License") or "").strip().splitlines()[:1]
    classifiers = [line.split(" :: ")[-1] for line in told.get_all("Classifier", []) if line.startswith("License ::")]
    if expression := told.get("License-Expression"):
        return [part.strip("() ") for part in re.split(r" (?:AND|OR) ", expression)]
    return [part for one in classifiers or lines for part in re.split(r" (?:AND|OR) ", one)]


def licences(packages: dict[str, tuple[str, ...]], policy: dict[str, Any]) -> list[Licensed]:
    """Each package with its licence and whether the policy (licences.yaml) allows it."""
    found = []
    for package, versions in packages.items():
        known = policy["packages"].get(package)
        elsewhere = policy["elsewhere"].get(package)
        if known:
            found.append(Licensed(package, versions, known["licence"], known["because"]))
            continue
        try:
            stated = stated_licences(package)
        except metadata.PackageNotFoundError:
            problem = "" if elsewhere else "is not installed here, so its licence is not known; add it to `elsewhere`"
            found.append(Licensed(package, versions, elsewhere or "unknown", "not installed here", problem))
            continue
        wrong = [licence for licence in stated if licence not in policy["allowed"]]
        problem = ""
        if wrong or not stated:
            problem = (
                f"is under {', '.join(wrong) or 'no stated licence'}: drop it, or decide in requirements/licences.yaml"
            )
        found.append(Licensed(package, versions, ", ".join(stated) or "none stated", "", problem))
    return found


def vulnerable(packages: dict[str, tuple[str, ...]], advisories: list[dict[str, Any]]) -> list[Finding]:
    """Locked versions that an advisory names; pre-releases count by their number."""
    return [
        Finding(one["package"], version, one["id"], one["summary"])
        for one in advisories
        for version in packages.get(one["package"], ())
        if any(SpecifierSet(span).contains(version, prereleases=True) for span in one["affected"])
    ]


def read(name: str) -> Any:
    """A data file of requirements/."""
    return yaml.safe_load((REQUIREMENTS / name).read_text(encoding="utf-8"))


def write_licences(found: list[Licensed], target: Path = LICENCES_CSV) -> None:
    """The list as CSV."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with target.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["package", "version", "licence", "because"])
        writer.writerows([one.package, " or ".join(one.versions), one.licence, one.because] for one in found)


def ask_online(console: Console) -> bool:
    """Ask the live database about every lock; True where it knows of nothing. What it skips is named."""
    sound = True
    for name in LOCKS:
        command = [str(Path(sys.executable).with_name("uv")), "tool", "run", "pip-audit", "--format", "json"]
        command += ["--disable-pip", "--require-hashes", "--requirement", str(REQUIREMENTS / name)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        try:
            answers = json.loads(done.stdout)["dependencies"]
        except (ValueError, KeyError):
            console.print(f"{name}: the live database could not be asked: {done.stderr.strip()[-300:]}", markup=False)
            sound = False
            continue
        skipped = [one["name"] for one in answers if "skip_reason" in one]
        for one in answers:
            for wrong in one.get("vulns", []):
                console.print(f"{name}: {one['name']} {one['version']}: {wrong['id']}", markup=False)
                sound = False
        if skipped:
            console.print(f"{name}: not audited, {len(skipped)} of {len(answers)}: {', '.join(skipped)}", markup=False)
            sound = False
    return sound


def main() -> int:
    """Print, write, and return 1 where something is wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--online", action="store_true", help="ask the live database as well (needs a network)")
    given = parser.parse_args()
    packages, advisories = locked(), read("advisories.yaml")
    found = licences(packages, read("licences.yaml"))
    write_licences(found)
    console = Console()
    table = Table("licence", "packages", title=f"licences of {len(packages)} locked packages", title_justify="left")
    for licence, count in sorted(Counter(one.licence for one in found).items(), key=lambda item: (-item[1], item[0])):
        table.add_row(licence, str(count))
    console.print(table)
    console.print(f"written: {LICENCES_CSV.relative_to(REPOSITORY)}")
    wrong = [f"{one.package} {one.problem}" for one in found if one.problem]
    known = {one["package"] for one in advisories["advisories"]}
    hits = vulnerable(packages, advisories["advisories"])
    wrong += [f"{one.package} {one.version} has {one.advisory}: {one.summary}" for one in hits]
    console.print(
        f"{len(advisories['advisories'])} advisories on {len(known)} packages, reviewed on {advisories['reviewed_on']}:"
        f" {len(hits)} locked versions affected"
    )
    for sentence in wrong:
        console.print(sentence, markup=False)
    sound = not wrong
    if given.online:
        sound = ask_online(console) and sound
    return 0 if sound else 1


if __name__ == "__main__":
    sys.exit(main())
