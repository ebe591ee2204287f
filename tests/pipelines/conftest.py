"""What the tests of the pipelines share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest

from pipelines.home import write_instance_config
from pipelines.settings import Settings


@pytest.fixture
def instance(own_home: Path) -> Iterator[dg.DagsterInstance]:
    """Dagster's instance of the test's own home, as dagster.yaml makes it."""
    settings = Settings()
    settings.layout.make()
    write_instance_config(settings)
    with dg.DagsterInstance.from_config(str(settings.layout.dagster)) as one:
        yield one
