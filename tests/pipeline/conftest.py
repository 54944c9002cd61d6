"""What tests of this room share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import cheap_stages
from pipeline.clusters import Cluster


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A scheduler and a worker with cheap stages, which comes back when it is killed."""
    pytest.importorskip("distributed")
    folder = tmp_path_factory.mktemp("cluster")
    environment = cheap_stages.hooked(folder / "hook")
    environment["DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES"] = "1"
    made = Cluster(folder, environment)
    try:
        made.start_scheduler()
        made.start_worker("--resources", "GPU=1")
        yield made
    finally:
        made.stop()
