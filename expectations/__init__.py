"""What must hold of figures: Great Expectations suites over candidate figures and over the tables to publish.

Here belong the rules, the running of them, and their report. Not here: files, databases, Dagster, and what is done
with a failing row (assets/reports/verdicts.py turns a report into accepted and quarantined rows).
"""

from expectations.checking import check
from expectations.publication import check_publication
from expectations.report import BLOCK, QUARANTINE, QUARANTINE_DOCUMENT, WARN, Report, RuleResult

__all__ = [
    "BLOCK",
    "QUARANTINE",
    "QUARANTINE_DOCUMENT",
    "WARN",
    "Report",
    "RuleResult",
    "check",
    "check_publication",
]
