"""A real Postgres for tests: made, started and ended here, on loopback, with nothing kept.

What belongs here: one server of a test's own, and the reason why there is none. What does not: pytest, and what is
asked of it. Postgres refuses to run as root, so root (CI containers) starts it as the package's own user.
"""

from __future__ import annotations

import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

USER = "colocast"
DATABASE = "colocast"
START_S = 60.0
INITDB = ("-A", "scram-sha-256", "--no-sync", "--encoding=UTF8", "--locale=C")
# A test's data may vanish with the machine; without these a start takes seconds longer.
FAST = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "shared_buffers=16MB", "max_connections=100")


def postgres_programs() -> Path | None:
    """The folder of initdb and postgres: Debian keeps it off the PATH, one folder a version; the newest is taken."""
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda bin: int(bin.parent.name), reverse=True)
    on_path = shutil.which("initdb")
    folders += [Path(on_path).resolve().parent] if on_path else []
    return next((folder for folder in folders if (folder / "initdb").is_file()), None)


def missing_postgres() -> str:
    """Why no server can be started here, or nothing."""
    if postgres_programs() is None:
        return "Postgres is not installed: apt-get install postgresql"
    if os.geteuid() == 0 and not _names("postgres"):
        return "Postgres refuses to run as root and there is no user `postgres`: apt-get install postgresql"
    return ""


@contextmanager
def postgres_server(folder: Path) -> Iterator[str]:
    """Yield `postgresql://user:password@127.0.0.1:port/colocast` of a new, empty server; it ends with the block.

    `folder` takes the data. As root the data lies in a temporary folder instead, since the user `postgres` may not
    enter the folders of pytest; the log is copied into `folder` either way.
    """
    programs = postgres_programs()
    if programs is None:
        raise RuntimeError(missing_postgres())
    folder.mkdir(parents=True, exist_ok=True)
    root = os.geteuid() == 0
    person = pwd.getpwnam("postgres") if root else pwd.getpwuid(os.geteuid())
    own = Path(tempfile.mkdtemp(prefix="colocast-postgres-", dir=None if root else folder))
    who: dict[str, Any] = {"user": person.pw_uid, "group": person.pw_gid, "extra_groups": []} if root else {}
    become = ["setpriv", "--pdeathsig", "INT"]
    become += [f"--reuid={person.pw_uid}", f"--regid={person.pw_gid}", "--clear-groups"] if root else []
    try:
        password = secrets.token_hex(16)
        (own / "password").write_text(password, encoding="utf-8")
        for path in (own, own / "password"):
            os.chown(path, person.pw_uid, person.pw_gid)
        data, log = own / "data", own / "log"
        _call(
            [programs / "initdb", "-D", data, "-U", USER, "--pwfile", own / "password", *INITDB],
            own,
            who,
        )
        port = _free_port()
        options = [f"-c{option}" for option in (*FAST, "unix_socket_directories=", "listen_addresses=127.0.0.1")]
        with log.open("wb") as sink:
            # Ends with the test, also with one that is killed.
            server = subprocess.Popen(
                [
                    "setpriv",
                    "--pdeathsig",
                    "INT",
                    *become,
                    programs / "postgres",
                    "-D",
                    data,
                    "-p",
                    str(port),
                    *options,
                ],
                cwd=own,
                stdout=sink,
                stderr=subprocess.STDOUT,
            )
        try:
            environment = {"PGPASSWORD": password, "PATH": os.defpath, "PGCONNECT_TIMEOUT": "5"}
            _wait(programs, port, server, log)
            _call(
                [programs / "createdb", "-h", "127.0.0.1", "-p", str(port), "-U", USER, DATABASE], own, who, environment
            )
            yield f"postgresql://{USER}:{password}@127.0.0.1:{port}/{DATABASE}"
        finally:
            # SIGINT is Postgres' fast shutdown: open connections are dropped.
            server.send_signal(signal.SIGINT)
            try:
                server.wait(20)
            except subprocess.TimeoutExpired:
                server.kill()
                server.wait()
            shutil.copyfile(log, folder / "postgres.log")
    finally:
        shutil.rmtree(own, ignore_errors=True)


def _names(user: str) -> bool:
    try:
        pwd.getpwnam(user)
    except KeyError:
        return False
    return True


def _call(command: list[Any], where: Path, who: dict[str, Any], environment: dict[str, str] | None = None) -> None:
    done = subprocess.run(
        [str(part) for part in command],
        cwd=where,
        env=environment or {"PATH": os.defpath},
        capture_output=True,
        text=True,
        check=False,
        **who,
    )
    if done.returncode:
        raise RuntimeError(f"{Path(command[0]).name} ended with {done.returncode}: {done.stderr or done.stdout}")


def _wait(programs: Path, port: int, server: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline:
        if server.poll() is not None:
            raise RuntimeError(f"postgres ended with {server.returncode}: {log.read_text(errors='replace')}")
        command = [str(programs / "pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(port)]
        if subprocess.run(command, check=False, capture_output=True).returncode == 0:
            return
        time.sleep(0.1)
    raise RuntimeError(f"postgres did not answer within {START_S:.0f} s: {log.read_text(errors='replace')}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
