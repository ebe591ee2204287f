"""`python -m pipelines.start COMMAND ...`: how every container of deploy/ begins.

Writes dagster.yaml, puts what it names into the environment (the address of Postgres, from a file where one is given),
and becomes COMMAND. What does not belong here: making the home (the run that needs it does), and `colocast ui`, which
starts server and daemon together on one machine.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from pipelines.home import GRPC_TIMEOUT, GRPC_TIMEOUT_S, HomeUnusableError, write_instance_config
from pipelines.settings import SecretFileError, Settings

USAGE, FAILED = 2, 1


def prepare(settings: Settings) -> None:
    """The instance configuration, where it is ours to write: a DAGSTER_HOME elsewhere has one of its own (the Helm
    chart's). Raises HomeUnusableError.
    """
    own = settings.layout.dagster
    os.environ.setdefault("DAGSTER_HOME", str(own))
    os.environ.setdefault("DAGSTER_DISABLE_TELEMETRY", "yes")
    os.environ.setdefault(GRPC_TIMEOUT, GRPC_TIMEOUT_S)
    if Path(os.environ["DAGSTER_HOME"]) != own:
        return
    try:
        own.mkdir(parents=True, exist_ok=True)
        write_instance_config(settings)
    except OSError as error:
        raise HomeUnusableError(
            f"{own} cannot be written: {error.strerror or error}. Mount a volume there that the user "
            f"{os.getuid()} may write to."
        ) from error


def main(command: list[str]) -> int:
    """Become the command; a number only where that was impossible."""
    if not command:
        sys.stderr.write("python -m pipelines.start: expected a command to become, such as `dagster-daemon run`.\n")
        return USAGE
    os.umask(0o077)
    try:
        prepare(Settings())
        os.execvp(command[0], command)
    except (HomeUnusableError, SecretFileError) as problem:
        sys.stderr.write(f"{problem}\n")
    except OSError as error:
        sys.stderr.write(f"{command[0]}: {error.strerror or error}.\n")
    return FAILED


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
