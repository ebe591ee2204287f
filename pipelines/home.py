"""The layout of COLOCAST_HOME, as docs/contract promises it, and the dagster.yaml we put there.

What belongs here: where each thing lies, making the folders, and Dagster's instance configuration. What does not: what
the files hold. dagster.yaml is written anew at each start, so that a change of settings reaches an old home; what a
person adds belongs in dagster.local.yaml beside it, whose top-level keys win.
"""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pipelines.settings import Settings

POOL = "warehouse"
LOGGER = "colocast"


class HomeUnusableError(Exception):
    """COLOCAST_HOME cannot be used; the message says why and what to do."""


@dataclass(frozen=True)
class Home:
    """Paths below COLOCAST_HOME. Properties only name paths; `make` creates the folders."""

    root: Path

    @property
    def inbox(self) -> Path:
        """Where people drop reports."""
        return self.root / "inbox"

    @property
    def scenarios(self) -> Path:
        """A person's own scenario files, read beside the bundled ones."""
        return self.root / "scenarios"

    @property
    def alert_rules(self) -> Path:
        """A person's own rules of alerts, which add to the bundled ones or change them."""
        return self.root / "alerts.yaml"

    @property
    def outbox(self) -> Path:
        """Who has been told which alert (SQLite)."""
        return self.root / "alerts.sqlite"

    @property
    def outbox_lock(self) -> Path:
        """Held by the one messenger that may send."""
        return self.root / "alerts.lock"

    @property
    def archive(self) -> Path:
        """Every document ever received, named by content hash."""
        return self.root / "archive"

    @property
    def warehouse(self) -> Path:
        """The pipeline's own DuckDB file."""
        return self.root / "warehouse.duckdb"

    @property
    def published(self) -> Path:
        """The DuckDB file for readers."""
        return self.root / "published" / "occupancy.duckdb"

    @property
    def history(self) -> Path:
        """Earlier publications."""
        return self.root / "published" / "history"

    @property
    def page(self) -> Path:
        """The report page."""
        return self.root / "reports" / "index.html"

    @property
    def dagster(self) -> Path:
        """DAGSTER_HOME."""
        return self.root / "dagster"

    @property
    def state(self) -> Path:
        """What the pipeline remembers between runs; may be deleted at any time, at the price of a longer run."""
        return self.root / "state"

    @property
    def readings(self) -> Path:
        """One JSON file per document and mapping version: what the readers took from it."""
        return self.state / "readings"

    @property
    def charts(self) -> Path:
        """Pictures of the last forecast, as Dagster shows them."""
        return self.state / "charts"

    @property
    def accuracy_charts(self) -> Path:
        """Pictures of the last backtest."""
        return self.state / "accuracy charts"

    @property
    def lease_charts(self) -> Path:
        """Pictures of the last simulation of leases."""
        return self.state / "lease charts"

    @property
    def lock(self) -> Path:
        """Held by the one run that may write."""
        return self.root / "run.lock"

    def make(self) -> Home:
        """Create the folders. Raises HomeUnusableError where that is impossible, before any work starts."""
        try:
            for folder in (self.root, self.inbox, self.archive, self.history, self.page.parent, self.dagster):
                folder.mkdir(parents=True, exist_ok=True)
            self.readings.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=self.root):
                pass
        except OSError as error:
            raise HomeUnusableError(
                f"COLOCAST_HOME {self.root} cannot be used: {error.strerror or error}. "
                "Point COLOCAST_HOME at a folder that you may write to, or mend its permissions."
            ) from error
        return self


def instance_config(settings: Settings) -> dict[str, Any]:
    """What dagster.yaml says: no telemetry, no first-visit dialog, one writer at a time, runs that end.

    Pools count whole runs (`granularity: run`): a run waits in the queue until the one before has ended, instead of
    holding a process open between two steps. A pool without a limit limits nothing, hence `default_limit`.
    Storage stays inside COLOCAST_HOME, whatever the working directory.
    """
    ticks = {"skipped": settings.retention_days, "success": settings.retention_days, "failure": -1, "started": -1}
    return {
        "telemetry": {"enabled": False},
        "nux": {"enabled": False},
        "storage": {"sqlite": {"base_dir": str(settings.layout.dagster / "storage")}},
        "local_artifact_storage": {
            "module": "dagster._core.storage.root",
            "class": "LocalArtifactStorage",
            "config": {"base_dir": str(settings.layout.dagster)},
        },
        "concurrency": {
            "pools": {"default_limit": 1, "granularity": "run"},
            "runs": {"max_concurrent_runs": 4},
        },
        "run_monitoring": {
            "enabled": True,
            "start_timeout_seconds": 180,
            "cancel_timeout_seconds": 60,
            "max_runtime_seconds": settings.max_runtime_s,
            "poll_interval_seconds": 30,
        },
        "run_retries": {
            "enabled": True,
            "max_retries": settings.run_retries,
            "retry_on_asset_or_op_failure": False,
        },
        "retention": {
            "schedule": {"purge_after_days": dict(ticks)},
            "sensor": {"purge_after_days": {**ticks, "skipped": min(7, settings.retention_days)}},
        },
        "python_logs": {"managed_python_loggers": [LOGGER], "python_log_level": "INFO"},
    }


def write_instance_config(settings: Settings) -> Path:
    """Write dagster.yaml into the home (only when its text changed) and return its path."""
    import yaml

    config = instance_config(settings)
    local = settings.layout.dagster / "dagster.local.yaml"
    if local.is_file():
        try:
            own = yaml.safe_load(local.read_text(encoding="utf-8")) or {}
        except yaml.YAMLError as error:
            raise HomeUnusableError(f"{local} is no valid YAML: {error}. Mend it or remove it.") from error
        if not isinstance(own, dict):
            raise HomeUnusableError(
                f"{local} must hold a mapping of Dagster instance settings; found {type(own).__name__}."
            )
        config.update(own)
    text = "# Written by Colocast at each start; put your own settings into dagster.local.yaml beside it.\n"
    text += yaml.safe_dump(config, sort_keys=False)
    target = settings.layout.dagster / "dagster.yaml"
    if not target.is_file() or target.read_text(encoding="utf-8") != text:
        write_atomically(target, text)
    return target


def write_atomically(target: Path, text: str) -> None:
    """Replace a file by rename, so that a reader or a crash never meets half of it."""
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        Path(name).replace(target)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
