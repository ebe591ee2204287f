"""Who does the parts of forecasts and simulations: this process, or the workers of a Dask cluster (COLOCAST_DASK).

Belongs here: reaching the cluster, by dagster-dask's resource, and giving parts to it. What a part is stands with the
work (forecasts/, assets/outlook/): frames and arrays in, frames and arrays out. Workers never see the warehouse, a path
of COLOCAST_HOME, or a secret. dagster-dask's executor is no way to do this: it hands whole steps to workers, and every
step of ours opens the warehouse.

What travels are pickles, which run code when they are read. So nothing listens without TLS: a cluster started here has
a certificate of its own, held in memory, that only its own processes know; a scheduler elsewhere is reached by tls://
alone. Values that are sent stay in the workers' memory or spill into a folder of this user alone.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from forecasts.parallel import FanOut

LOCAL = "local:"
# Blanked in workers that are started here: places and secrets are none of their business.
_WITHHELD = ("COLOCAST_", "DAGSTER_", "PG")
# Frames of a large portfolio are sent as they are, a warning about that would be no news; no page about the work.
_DASK = {
    "distributed.admin.large-graph-warning-threshold": "4 GiB",
    # Dask gives up a worker for good that takes longer than this to come back after its end; on a busy machine starting
    # one takes longer than the 15 s of Dask's own.
    "distributed.deploy.lost-worker-timeout": "1 hour",
    "distributed.scheduler.http.routes": [],
    "distributed.worker.http.routes": [],
}
# How long a part may wait without a single worker.
WITHOUT_WORKERS_S = 600.0
_LOOK_S = 10.0
_EXPECTED = "expected local:N (worker processes here), tls://host:port, or a YAML file with cluster or client"


class FanOutError(Exception):
    """The cluster cannot be reached or lost a part for good; the message says what was found and the remedy."""


@contextmanager
def fan_out(where: str) -> Iterator[FanOut | None]:
    """The fan-out that COLOCAST_DASK names, None for this process. The cluster is reached at the first use, and one
    that was started here ends with the block. Raises FanOutError for a value that cannot be used.
    """
    if not where.strip():
        yield None
        return
    with ExitStack() as stack:
        config = resource_config(where.strip())
        yield DaskFanOut(stack, config)


class DaskFanOut:
    """A fan-out over the workers of a cluster; forecasts.parallel.FanOut says what it keeps.

    A part whose worker is lost is given to another one, up to Dask's `allowed-failures` (3) times. What all parts share
    is sent once, as a task, so that it is made again too where the worker that held it is lost.
    """

    def __init__(self, stack: ExitStack, config: Mapping[str, Any]) -> None:
        self._stack, self._config = stack, config
        self._client: Any = None

    @property
    def client(self) -> Any:
        """Dask's client, connected. Raises FanOutError."""
        if self._client is None:
            self._client = self._connected()
        return self._client

    def __call__(self, function: Callable[[Any, Any], Any], shared: Any, parts: Sequence[Any]) -> Iterator[Any]:
        """Results in the order of the parts. An error of a part is raised as it is; FanOutError for a part that ended
        every worker it was given to, for a cluster that went away, and for one that stays without workers.
        """
        from distributed import CancelledError, KilledWorker
        from distributed.comm import CommClosedError

        client = self.client
        held = client.submit(_itself, shared, pure=False, key=f"shared-{os.urandom(8).hex()}")
        waiting = [client.submit(function, held, part, pure=False) for part in parts]
        waiting.reverse()
        try:
            while waiting:
                yield self._result(waiting[-1])
                waiting.pop()
        except KilledWorker as error:
            raise FanOutError(
                f"A part of {function.__name__.strip('_')} ended every worker it was given to ({error}). Workers that "
                "run out of memory end like this: give them more, or take fewer of them a machine."
            ) from error
        except (CancelledError, CommClosedError) as error:
            raise FanOutError(
                f"The Dask cluster went away while it worked on {function.__name__.strip('_')} ({error}). Look at its "
                "scheduler, then run again; nothing half-done was written."
            ) from error
        finally:
            client.cancel(waiting)

    def _result(self, future: Any) -> Any:
        """The result of a part, for which nobody waits for ever: without workers it never comes."""
        from distributed import wait

        alone_since = None
        while not future.done():
            try:
                wait([future], timeout=_LOOK_S)
            except TimeoutError:
                if self.client.scheduler_info()["workers"]:
                    alone_since = None
                    continue
                alone_since = alone_since or time.monotonic()
                if time.monotonic() - alone_since >= WITHOUT_WORKERS_S:
                    raise FanOutError(
                        f"The Dask cluster has had no worker for {WITHOUT_WORKERS_S:g} s. Look why its workers end or "
                        "do not start (memory, certificates), then run again; nothing half-done was written."
                    ) from None
        return future.result()

    def _connected(self) -> Any:
        import dagster as dg
        import dask
        from dagster_dask import dask_resource

        self._stack.enter_context(dask.config.set(_DASK))
        config = dict(self._config)
        if "local" in config.get("cluster", {}):
            scratch = self._stack.enter_context(tempfile.TemporaryDirectory(prefix="colocast-dask-"))
            config["cluster"] = {"local": {"local_directory": scratch, **config["cluster"]["local"]}}
        try:
            resources = self._stack.enter_context(
                dg.build_resources({"dask": dask_resource}, resource_config={"dask": {"config": config}})
            )
            return resources.dask.client
        except Exception as error:
            cause = error.__cause__ or error
            raise FanOutError(
                f"COLOCAST_DASK: the cluster cannot be reached ({type(cause).__name__}: {cause}). Look whether its "
                "scheduler runs and whether its certificates (DASK_DISTRIBUTED__COMM__TLS__...) fit; docs/deploying.md."
            ) from error


def resource_config(where: str) -> dict[str, Any]:
    """What dagster-dask's resource takes: {"cluster": {kind: options}} or {"client": {"address": ...}}.

    Raises FanOutError for anything else than `local:N`, a tls:// address or a readable YAML file.
    """
    if where.startswith(LOCAL):
        count = where.removeprefix(LOCAL)
        if not count.isdigit() or not 1 <= int(count) <= 1024:
            raise FanOutError(f"COLOCAST_DASK is {where!r}; expected a number of worker processes, such as local:2.")
        return {"cluster": {"local": _local(int(count))}}
    if "://" in where:
        if not where.startswith("tls://"):
            raise FanOutError(
                f"COLOCAST_DASK is {where!r}; expected a tls:// address: whoever can speak to a scheduler without TLS "
                "can have any code run by its workers and by us (docs/deploying.md)."
            )
        return {"client": {"address": where}}
    return _from_file(Path(where))


def _local(count: int) -> dict[str, Any]:
    withheld = {name: "" for name in os.environ if name.startswith(_WITHHELD)}
    return {
        "n_workers": count,
        "threads_per_worker": 1,
        "processes": True,
        "host": "127.0.0.1",
        "security": True,
        "dashboard_address": None,
        "scheduler_kwargs": {"dashboard_address": "127.0.0.1:0"},
        "env": withheld,
        "silence_logs": "ERROR",
    }


def _from_file(path: Path) -> dict[str, Any]:
    import yaml

    try:
        found = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no text"
        raise FanOutError(f"COLOCAST_DASK is {str(path)!r}, which cannot be read ({reason}); {_EXPECTED}.") from error
    except yaml.YAMLError as error:
        raise FanOutError(f"{path} is no valid YAML: {error}. Mend it.") from error
    if not isinstance(found, dict) or not found or not set(found) <= {"cluster", "client"}:
        raise FanOutError(f"{path}: found {found!r}; {_EXPECTED}, as dagster-dask's resource takes them.")
    return found


def _itself(value: Any) -> Any:
    return value
