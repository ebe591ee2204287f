"""Where a lake is, from the one setting COLOCAST_LAKE: CATALOGUE#DATA.

CATALOGUE is a Postgres address or the path of a DuckDB file; DATA is a folder or a place in an object store. The
catalogue remembers DATA, so that only the first publication has to name it. No connection is made here.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

# What may stand behind the question mark: libpq's own words that are no secret and name no other server.
_OPTIONS = (
    "application_name", "channel_binding", "connect_timeout", "sslcert", "sslcrl", "sslkey", "sslmode", "sslrootcert",
    "target_session_attrs",
)  # fmt: skip
_REMOTE = re.compile(r"^(s3|s3a|gs|gcs|r2)://", re.I)
_EXPECTED = (
    "expected postgresql://USER@HOST:PORT/DATABASE#FOLDER, or the path of a catalogue file; see docs/lake.md. Empty:"
    " the published file alone"
)


class LakeError(RuntimeError):
    """The lake cannot be used as asked; the message says where, why and what to do. Holds no password."""


@dataclass(frozen=True)
class LakeAddress:
    """`shown`: the catalogue for people, no password. `data`: folder or bucket, empty where the catalogue knows it.

    Postgres: `login` (HOST, PORT, DATABASE, USER, PASSWORD as given) and `options` (libpq). File: `file`.
    """

    shown: str
    data: str
    file: Path | None = None
    login: dict[str, str] = field(default_factory=dict, repr=False)
    options: str = ""

    @property
    def is_postgres(self) -> bool:
        """True where the catalogue is a Postgres database, and writers may sit on several machines."""
        return self.file is None

    def clean(self, text: str) -> str:
        """`text` without the password, whoever wrote it there."""
        password = self.login.get("PASSWORD")
        return text.replace(password, "***") if password else text


def is_remote(data: str) -> bool:
    """True for a place in an object store."""
    return bool(_REMOTE.match(data))


def parse_address(text: str) -> LakeAddress:
    """Parse COLOCAST_LAKE. Raises LakeError with what was found (no password) and what is expected."""
    catalogue, _, data = text.strip().partition("#")
    data = _data(data.strip())
    if re.match(r"^[A-Za-z][A-Za-z0-9+.-]*://", catalogue):
        return _postgres(catalogue, data)
    path = Path(catalogue).expanduser()
    if not catalogue or not path.is_absolute():
        raise LakeError(f"COLOCAST_LAKE names the catalogue {catalogue!r}, which is no absolute path; {_EXPECTED}.")
    return LakeAddress(str(path), data or f"{path}.files", file=path)


def _data(data: str) -> str:
    if not data or is_remote(data):
        return data.rstrip("/")
    path = Path(data).expanduser()
    if not path.is_absolute() or "://" in data:
        raise LakeError(
            f"COLOCAST_LAKE names the data folder {data!r}; expected an absolute path, which is the same on every"
            " machine of the lake, or s3://BUCKET/FOLDER."
        )
    return str(path)


def _postgres(catalogue: str, data: str) -> LakeAddress:
    try:
        parts = urlsplit(catalogue)
        port = parts.port or 5432
    except ValueError:
        raise LakeError(f"COLOCAST_LAKE is no address that can be read; {_EXPECTED}.") from None
    database = unquote(parts.path.lstrip("/"))
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    shown = f"{parts.scheme}://{user + '@' if user else ''}{parts.hostname or ''}:{port}/{database}"
    if parts.scheme not in ("postgresql", "postgres") or not database:
        raise LakeError(f"COLOCAST_LAKE names the catalogue {shown}; {_EXPECTED}.")
    options = dict(parse_qsl(parts.query, keep_blank_values=True))
    if unknown := sorted(set(options) - set(_OPTIONS)):
        raise LakeError(
            f"COLOCAST_LAKE has the option {unknown[0]!r} behind {shown}; expected one of {', '.join(_OPTIONS)}. User"
            " and password stand before the host; the folder of the data stands behind a #."
        )
    login = {"HOST": unquote(parts.hostname or ""), "PORT": str(port), "DATABASE": database, "USER": user}
    login = {key: value for key, value in {**login, "PASSWORD": password}.items() if value}
    # A machine that does not answer must end a publication in seconds and not in the minutes that TCP takes.
    options = {"connect_timeout": "10", "application_name": "colocast", **options}
    words = " ".join(f"{key}={_libpq(value)}" for key, value in options.items())
    return LakeAddress(shown, data, login=login, options=words)


def _libpq(value: str) -> str:
    if re.fullmatch(r"[\w./:-]+", value):
        return value
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"
