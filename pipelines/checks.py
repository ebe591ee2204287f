"""Rules as Dagster asset checks: specifications from the rules' own words, results with the failing rows as a table.

Every check is declared blocking, and only a result of severity ERROR blocks: rules of severity block, and any rule that
is itself broken. The others are WARN, since their rows are already in quarantine and the rest may be published.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Protocol

import dagster as dg

from pipelines.findings import ROW_COLUMNS, sentence, shorten
from pipelines.runbook import address, rule_section
from pipelines.settings import Settings


class RuleWords(Protocol):
    """What is needed of a rule."""

    @property
    def id(self) -> str:
        """Id that stays."""

    @property
    def title(self) -> str:
        """What must hold, in a few words."""

    @property
    def severity(self) -> str:
        """Warn, quarantine, quarantine_document or block."""

    @property
    def means(self) -> str:
        """What a failure means."""

    @property
    def remedy(self) -> str:
        """What to do."""


def check_name(rule_id: str) -> str:
    """A rule id as Dagster accepts it: letters, digits and underscores."""
    return "".join(mark if mark.isalnum() else "_" for mark in rule_id)


def rule_specs(rules: Iterable[RuleWords], asset: str) -> list[dg.AssetCheckSpec]:
    """One specification per rule on an asset, with its meaning, remedy and a link to its section of the runbook."""
    # Asked once: every process that loads the definitions pays for it, and there are hundreds of rules.
    docs_url = Settings().docs_url
    return [
        dg.AssetCheckSpec(
            name=check_name(rule.id),
            asset=asset,
            blocking=True,
            description=described(f"{rule.title}. {rule.means} Remedy: {rule.remedy}", rule.id, docs_url),
            metadata={"rule": rule.id, "severity": rule.severity, "runbook": runbook_metadata(rule.id, docs_url)},
        )
        for rule in rules
    ]


def described(words: str, rule_id: str, docs_url: str) -> str:
    """A check's description: its words, then where the runbook says what to do."""
    return f"{words} Runbook: {address(rule_section(rule_id), docs_url)}"


def runbook_metadata(rule_id: str, docs_url: str) -> dg.MetadataValue[str | None]:
    """The rule's section of the runbook: a link where the docs site's address is set, else its place as text."""
    where = address(rule_section(rule_id), docs_url)
    return dg.MetadataValue.url(where) if docs_url else dg.MetadataValue.text(where)


def table(rows: Sequence[Mapping[str, Any]], columns: Sequence[str]) -> dg.TableMetadataValue:
    """Rows of text as a Dagster table. The schema is given, since Dagster cannot infer one from no rows."""
    return dg.MetadataValue.table(
        records=[dg.TableRecord({name: shorten(row.get(name)) for name in columns}) for row in rows],
        schema=dg.TableSchema(columns=[dg.TableColumn(name, "string") for name in columns]),
    )


def rule_results(
    findings: Iterable[Mapping[str, Any]], specs: Sequence[dg.AssetCheckSpec]
) -> Iterator[dg.AssetCheckResult]:
    """One result per specification; a rule without a finding has not been evaluated, which is an error."""
    by_name = {check_name(one["id"]): one for one in findings}
    docs_url = Settings().docs_url
    for spec in specs:
        finding = by_name.get(spec.name)
        if finding is None:
            yield dg.AssetCheckResult(
                passed=False,
                asset_key=spec.asset_key,
                check_name=spec.name,
                severity=dg.AssetCheckSeverity.ERROR,
                description="The rule was not evaluated at all. Reload the code location; if it stays, file a bug.",
            )
            continue
        hard = finding["broken"] or finding["severity"] == "block"
        metadata: dict[str, Any] = {
            "severity": str(finding["severity"]),
            "rows checked": int(finding["checked"]),
            "rows failing": int(finding["failing_total"]),
            "runbook": runbook_metadata(str(finding["id"]), docs_url),
        }
        if finding["failing"]:
            metadata["failing rows"] = table(finding["failing"], ROW_COLUMNS)
        if finding["error"]:
            metadata["error"] = dg.MetadataValue.text(finding["error"])
        yield dg.AssetCheckResult(
            passed=bool(finding["passed"]),
            asset_key=spec.asset_key,
            check_name=spec.name,
            severity=dg.AssetCheckSeverity.ERROR if hard else dg.AssetCheckSeverity.WARN,
            description=f"{finding['title']}. {sentence(finding)}",
            metadata=metadata,
        )
