"""The same function over books, on the machines of a dask scheduler.

Only this room imports dask and fsspec, and only when a scheduler is named.
"""

from longbox.pipeline.cluster.book_runs import run_on_cluster
from longbox.pipeline.cluster.embed_runs import embed_on_cluster
from longbox.pipeline.cluster.spreading import spread

__all__ = ["embed_on_cluster", "run_on_cluster", "spread"]
