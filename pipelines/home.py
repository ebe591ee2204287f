"""The layout of COLOCAST_HOME, as docs/contract promises it, and the dagster.yaml we put there.

What belongs here: where each thing lies, making the folders, and Dagster's instance configuration. What does not: what
the files hold. dagster.yaml is written anew at each start, so that a change of settings reaches an old home; what a
person adds belongs in dagster.local.yaml beside it, whose top-level keys win.
"""

from __future__ import annotations

import importlib.util
import os
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipelines.trust import why_untrusted

if TYPE_CHECKING:
    from pipelines.settings import Settings

POOL = "warehouse"
LOGGER = "colocast"
# A busy machine may take more than Dagster's minute to start a run's process. A start that is answered late counts as
# failed while the process goes on, and the pool lets the next run in, which run.lock then has to hold back.
GRPC_TIMEOUT, GRPC_TIMEOUT_S = "DAGSTER_GRPC_TIMEOUT_SECONDS", "300"
# Under this name Dagster's processes find the address of their Postgres; dagster.yaml has the name alone.
POSTGRES_VARIABLE = "DAGSTER_POSTGRES_URL"
# dagster-postgres drives psycopg2; SQLAlchemy from 2.1 on takes another driver unless the address names one.
POSTGRES_SCHEME = "postgresql+psycopg2"
# Permission to read and enter that COLOCAST_PUBLISHED_FOR gives beyond the owner.
READERS = {"owner": 0o000, "group": 0o050, "all": 0o055}


class HomeUnusableError(Exception):
    """COLOCAST_HOME cannot be used; the message says why and what to do."""


@dataclass(frozen=True)
class Home:
    """Paths below COLOCAST_HOME. Properties only name paths; `make` creates the folders.

    `published_for`: who may read publication and page, a key of READERS; all else is the owner's alone.
    """

    root: Path
    published_for: str = "owner"

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
    def lake_identity(self) -> Path:
        """What tells this home from others that publish to the same lake; written by the first publication there."""
        return self.root / "lake-identity"

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
        """Create the folders, keep others out, and have this process and its children write for the owner alone.

        Raises HomeUnusableError where that is impossible or somebody else may write here, before any work starts.
        """
        try:
            if self.root.exists() and (reason := why_untrusted(self.root)):
                raise HomeUnusableError(
                    f"COLOCAST_HOME {self.root} cannot be trusted: {reason}. What lies there decides what is "
                    "published. Look at what it holds, then make it yours alone (chown, chmod 700), or point "
                    "COLOCAST_HOME at a folder of your own, also below this one."
                )
            os.umask(0o077)
            for folder in (self.root, self.inbox, self.archive, self.history, self.page.parent, self.dagster):
                folder.mkdir(parents=True, exist_ok=True)
            self.readings.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=self.root):
                pass
            self._set_modes()
        except OSError as error:
            raise HomeUnusableError(
                f"COLOCAST_HOME {self.root} cannot be used: {error.strerror or error}. "
                "Point COLOCAST_HOME at a folder that you may write to, or mend its permissions."
            ) from error
        return self

    def _set_modes(self) -> None:
        """Modes of what an earlier version, or another choice of readers, has left. The inbox is left as it is: who may
        drop reports there is its owner's choice.
        """
        readers = READERS[self.published_for]
        open_to_readers = (self.published.parent, self.history, self.page.parent)
        _set_mode(self.root, 0o700 | readers & 0o011)
        for path in self.root.iterdir():
            if not path.is_symlink() and path != self.inbox and path not in open_to_readers:
                _set_mode(path, 0o700 if path.is_dir() else 0o600)
        for folder in open_to_readers:
            _set_mode(folder, 0o700 | readers)
            for path in folder.iterdir():
                if path.is_file() and not path.is_symlink():
                    _set_mode(path, 0o600 | readers & 0o044)


def _set_mode(path: Path, mode: int) -> None:
    # Root's folder, as a volume often is, has the mode that its giver wanted; a temporary file may be gone already.
    with suppress(PermissionError, FileNotFoundError):
        path.chmod(mode)


def instance_config(settings: Settings) -> dict[str, Any]:
    """What dagster.yaml says: no telemetry, no first-visit dialog, one writer at a time, runs that end.

    Pools count whole runs (`granularity: run`): a run waits in the queue until the one before has ended, instead of
    holding a process open between two steps. A pool without a limit limits nothing, hence `default_limit`.
    Storage stays inside COLOCAST_HOME, whatever the working directory, or in Postgres where COLOCAST_POSTGRES names it:
    then several run workers, servers and daemons on several machines share it.
    """
    # Failed ticks as well: a sensor that fails every 30 seconds leaves a million of them a year.
    ticks = dict.fromkeys(("skipped", "success", "failure", "started"), settings.retention_days)
    return {
        "telemetry": {"enabled": False},
        "nux": {"enabled": False},
        "storage": {"postgres": {"postgres_url": {"env": POSTGRES_VARIABLE}}}
        if settings.postgres.get_secret_value()
        else {
            "custom": {
                "module": "pipelines.event_log",
                "class": "KeptStorage",
                "config": {"base_dir": str(settings.layout.dagster / "storage")},
            }
        },
        "local_artifact_storage": {
            "module": "dagster._core.storage.root",
            "class": "LocalArtifactStorage",
            "config": {"base_dir": str(settings.layout.dagster)},
        },
        "concurrency": {
            "pools": {"default_limit": 1, "granularity": "run"},
            "runs": {"max_concurrent_runs": 4},
        },
        # Knows our pool before the first run enters; Dagster's own queue lets two runs of an unknown pool out together.
        "run_coordinator": {"module": "pipelines.run_queue", "class": "OneWriterQueue"},
        # Knows when a run's process has died; the default launcher leaves such a run STARTED.
        "run_launcher": {"module": "pipelines.recovery", "class": "WatchedRunLauncher"},
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


def postgres_url(settings: Settings) -> str:
    """COLOCAST_POSTGRES as dagster-postgres takes it, empty where none is set.

    Raises HomeUnusableError, without the address, for another kind of address or where the extra `scale` is missing.
    """
    address = settings.postgres.get_secret_value().strip()
    if not address:
        return ""
    scheme, separator, rest = address.partition("://")
    if not separator or scheme not in ("postgres", "postgresql", POSTGRES_SCHEME):
        raise HomeUnusableError(
            "COLOCAST_POSTGRES is no address of Postgres; expected postgresql://user:password@host:5432/database."
        )
    if importlib.util.find_spec("dagster_postgres") is None:
        raise HomeUnusableError(
            "COLOCAST_POSTGRES is set and dagster-postgres is missing. Install requirements/scale.txt, or unset it."
        )
    return f"{POSTGRES_SCHEME}://{rest}"


def write_instance_config(settings: Settings) -> Path:
    """Write dagster.yaml into the home (only when its text changed) and return its path.

    What it takes from the environment by name is put there, for this process and its children.
    """
    import yaml

    address = postgres_url(settings)
    if address:
        os.environ[POSTGRES_VARIABLE] = address
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
