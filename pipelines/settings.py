"""Settings: every knob a person may turn, each an environment variable with the prefix COLOCAST_.

What belongs here: names, defaults, bounds and the sentence that explains each. What does not: where files lie below
COLOCAST_HOME (home.py) and anything a report or a model decides. The defaults run the bundled reports on two cores.
"""

from __future__ import annotations

import os
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field, SecretStr, field_validator
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from pipelines.home import Home

if TYPE_CHECKING:
    from assets.reports.formats.limits import Limits

REPOSITORY = Path(__file__).resolve().parents[1]
MIB = 1024 * 1024


class SecretFileError(Exception):
    """A file that a COLOCAST_..._FILE variable names cannot be used; the message never has its content."""


class SecretFiles(PydanticBaseSettingsSource):
    """Secrets from files: COLOCAST_NOTIFY_FILE=/run/secrets/notify, likewise for every setting that is a secret.

    A file stays out of the environment, which every child process inherits and crash reports like to print.
    """

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        """The content of the file without the end of its last line; None where no file is named."""
        name = f"COLOCAST_{field_name.upper()}"
        file = os.environ.get(f"{name}_FILE", "")
        if field.annotation is not SecretStr or not file:
            return None, field_name, False
        if os.environ.get(name):
            raise SecretFileError(f"{name} and {name}_FILE are both set; expected one of them.")
        try:
            return Path(file).read_text(encoding="utf-8").rstrip("\r\n"), field_name, False
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "it is no text"
            raise SecretFileError(
                f"{name}_FILE is {file}, which cannot be read: {reason}. Expected a text file with the secret."
            ) from None

    def __call__(self) -> dict[str, Any]:
        """All secrets that have a file."""
        found = {name: self.get_field_value(field, name)[0] for name, field in self.settings_cls.model_fields.items()}
        return {name: value for name, value in found.items() if value is not None}


class Settings(BaseSettings):
    """Read from the environment, e.g. COLOCAST_AS_OF=2026-06-30. Unknown COLOCAST_ variables are left alone."""

    model_config = SettingsConfigDict(env_prefix="COLOCAST_", extra="ignore", frozen=True)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """What is said in code, then files with secrets, then the environment."""
        return (init_settings, SecretFiles(settings_cls), env_settings)

    home: Path = Field(
        default=REPOSITORY / ".colocast",
        description="Where all state lives: inbox, archive, warehouse, publication, page, Dagster's own storage.",
    )
    bundled_reports: Path = Field(
        default=REPOSITORY / "data" / "reports",
        description="The reports that a run without --inbox reads beside those of the inbox.",
    )
    bundled_portfolios: Path = Field(
        default=REPOSITORY / "data" / "portfolios",
        description="Rent rolls that a run without --inbox reads as well, one folder a portfolio.",
    )
    scenarios: Path = Field(
        default=REPOSITORY / "data" / "scenarios",
        description="Scenario files; those of COLOCAST_HOME/scenarios are read beside them.",
    )
    alert_rules: Path = Field(
        default=REPOSITORY / "data" / "alerts" / "rules.yaml",
        description="Rules of alerts; those of COLOCAST_HOME/alerts.yaml add to them or change them.",
    )
    as_of: date | None = Field(
        default=None,
        description="Pretend that today is this day (ISO): only what was known by then is used. Empty: the real day.",
    )
    seed: int = Field(default=0, ge=0, description="Seed of everything drawn at random in the forecasts.")
    past_vintages: int = Field(
        default=16,
        ge=0,
        le=200,
        description="Quarters before the newest whose vintages a run makes where they are missing, as known then.",
    )
    published_for: Literal["owner", "group", "all"] = Field(
        default="owner",
        description="Who may read the publication and the page: owner, group, or all users of the machine.",
    )
    keep_published: int = Field(
        default=12, ge=1, le=1000, description="How many earlier publications stay in published/history/."
    )

    reader_memory_mib: int = Field(
        default=2048,
        ge=256,
        description="Address space that reading one document may take, in MiB; above: quarantined.",
    )
    reader_seconds: float = Field(
        default=60.0, gt=0, description="Wall-clock seconds that reading one document may take; above: quarantined."
    )
    reader_document_mib: int = Field(
        default=64, ge=1, description="Largest document that is read, in MiB; larger ones are archived and quarantined."
    )

    sql_timeout_s: float = Field(default=30.0, gt=0, description="Seconds that `colocast sql` lets a query run.")
    sql_memory_mib: int = Field(default=512, ge=64, description="Memory of a `colocast sql` query, in MiB.")
    sql_max_rows: int = Field(default=100_000, ge=1, description="Rows that `colocast sql` prints at most.")

    lock_wait_s: float = Field(
        default=10.0, ge=0, description="Seconds that a command waits for another run to end before it declines."
    )
    run_lock_wait_s: float = Field(
        default=600.0, ge=0, description="The same for runs that the Dagster daemon starts; they can afford patience."
    )
    max_runtime_s: int = Field(
        default=3600, ge=60, description="A run that takes longer is ended and marked as failed, in seconds."
    )
    run_retries: int = Field(
        default=1, ge=0, le=10, description="How often the daemon starts a failed run again (not after a failed check)."
    )
    retention_days: int = Field(
        default=30, ge=1, description="Days that Dagster keeps ticks of schedules and sensors; skipped ones 7 at most."
    )
    keep_runs: int = Field(
        default=300, ge=5, description="Runs that Dagster keeps at most; those that changed nothing go first."
    )
    unchanged_run_days: int = Field(
        default=14, ge=1, description="Days that Dagster keeps a run that changed nothing in the publication."
    )
    failed_run_days: int = Field(default=90, ge=1, description="Days that Dagster keeps a failed run.")
    changed_run_days: int = Field(
        default=400, ge=1, description="Days that Dagster keeps a run that published; its numbers are what is plotted."
    )
    history_mib: int = Field(
        default=10_240, ge=1, description="MiB that published/history/ takes at most; the newest copy always stays."
    )
    unread_days: int = Field(
        default=180, ge=0, description="Days that the bytes of a document that nobody could read stay in any case."
    )
    unread_mib: int = Field(
        default=4096,
        ge=0,
        description="MiB of such bytes that stay longer; above, the largest are dropped, receipt and reason kept.",
    )
    damaged_days: int = Field(
        default=90, ge=1, description="Days that files set aside as damaged stay; of each the newest 2 at most."
    )
    message_days: int = Field(
        default=90, ge=1, description="Days that texts of told alerts stay in alerts.sqlite; that they were told stays."
    )
    shrink_from_mib: int = Field(
        default=64,
        ge=1,
        description="MiB from which warehouse and SQLite files are made smaller once half is free.",
    )
    housekeeping_hours: float = Field(
        default=20.0, ge=0, description="Hours between two cleanings; the first run after that cleans."
    )
    disk_check: bool = Field(
        default=True, description="Whether a run declines when the disk lacks what it needs; off: it only warns."
    )
    disk_reserve_mib: int = Field(
        default=256, ge=0, description="MiB of free disk that a run leaves to others, on top of what it needs itself."
    )
    disk_warn_runs: int = Field(
        default=5, ge=1, description="Warn when less free disk is left than so many times what a run needs."
    )
    disk_warn_days: int = Field(
        default=30, ge=0, description="Warn when the disk will be too small within so many days at the pace so far."
    )

    postgres: SecretStr = Field(
        default=SecretStr(""),
        description="Postgres for Dagster's runs and events, postgresql://user:password@host/base; empty: SQLite.",
    )
    dask: str = Field(
        default="",
        description="Where forecasts are spread to: local:N, a Dask scheduler's tls://, a YAML file; empty: nowhere.",
    )

    lake: SecretStr = Field(
        default=SecretStr(""),
        description="Lake to publish to and read from, postgresql://user@host/base#/folder; empty: the published file.",
    )
    lake_writer: str = Field(
        default="", description="Name to publish to the lake by, where several homes do; empty: main, one home's alone."
    )

    inbox_settle_s: float = Field(
        default=20.0,
        ge=0,
        description="Scheduled runs leave a file alone that changed within these seconds: it may be half-written.",
    )
    inbox_files_per_tick: int = Field(
        default=20, ge=1, le=1000, description="Files that one tick of the inbox sensor hashes at most."
    )
    inbox_mib_per_tick: int = Field(
        default=512, ge=1, description="MiB that one tick of the inbox sensor hashes at most (a tick dies after 60 s)."
    )

    sources: Path | None = Field(
        default=None,
        description="Which filings to collect, and from where (YAML). Empty: COLOCAST_HOME/sources.yaml, if any.",
    )
    contact: str = Field(
        default="", description="Name and mail address that sites are told who asks; EDGAR refuses without them."
    )
    fetch_request_s: float = Field(
        default=60.0, gt=0, le=600, description="Seconds that one request for a filing may take."
    )
    fetch_seconds: float = Field(default=1800.0, gt=0, description="Seconds that `colocast fetch` may take.")
    fetch_files: int = Field(default=1000, ge=1, description="Filings that `colocast fetch` brings at most.")
    fetch_seconds_per_tick: float = Field(
        default=40.0,
        gt=0,
        le=50,
        description="Seconds that one tick of the filing sensor takes (a tick dies after 60 s).",
    )
    fetch_files_per_tick: int = Field(
        default=20, ge=1, le=1000, description="Filings that one tick of the filing sensor brings at most."
    )

    notify: SecretStr = Field(
        default=SecretStr(""),
        description="Apprise addresses for failures and alerts, by white space: mailto://, slack://, json://.",
    )
    ui_host: str = Field(
        default="127.0.0.1",
        description="Address that the UI listens on; another than this machine's own needs COLOCAST_UI_BEHIND_PROXY.",
    )
    ui_behind_proxy: bool = Field(
        default=False,
        description="Your word that nobody reaches the UI except through a proxy that asks who comes.",
    )
    ui_port: int = Field(default=3000, ge=1, le=65535, description="Port of `colocast ui`.")
    ui_viewers_port: int = Field(
        default=0, ge=0, le=65535, description="Port of a second UI that changes nothing, for viewers; 0: none."
    )
    ui_url: str = Field(
        default="http://127.0.0.1:3000", description="Address of the UI as written into failure messages."
    )

    docs_url: str = Field(
        default="",
        description="Address of the built docs site, for links from checks; empty: the runbook's place in docs/.",
    )

    @field_validator("home", "bundled_reports", "bundled_portfolios", "scenarios", "alert_rules")
    @classmethod
    def _absolute(cls, value: Path) -> Path:
        return value.expanduser().absolute()

    @field_validator("sources", mode="before")
    @classmethod
    def _absolute_or_none(cls, value: object) -> object:
        return Path(str(value)).expanduser().absolute() if value else None

    @cached_property
    def layout(self) -> Home:
        """Paths below `home`; nothing is created."""
        return Home(self.home, self.published_for)

    @property
    def today(self) -> date:
        """`as_of` where it is set, else the real day."""
        return self.as_of or date.today()

    @property
    def notify_urls(self) -> list[str]:
        """Apprise addresses, in the order written."""
        return self.notify.get_secret_value().split()

    def reader_limits(self) -> Limits:
        """The limits of one document, as the readers take them."""
        from assets.reports.formats.limits import Limits

        return Limits(
            document_bytes=self.reader_document_mib * MIB,
            memory_bytes=self.reader_memory_mib * MIB,
            wall_clock_s=self.reader_seconds,
        )
