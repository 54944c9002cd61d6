"""Scorers asked here or on the workers of a dask scheduler, one scorer a worker.

What is asked travels with the samples, so workers need neither the library nor the comics.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

from longbox.cli.terminal import say_note, with_cluster

if TYPE_CHECKING:
    from longbox.config import Config
    from longbox.evaluation import Each
    from longbox.tasks import Scorer


def asking(config: Config, scheduler: str | None) -> Each:
    """Return what asks every scorer."""
    from longbox.evaluation import one_by_one
    from longbox.pipeline import spread

    cluster = with_cluster(config, scheduler, None).cluster
    if not cluster.scheduler:
        return one_by_one

    def elsewhere(
        function: Callable[[Scorer, Any], Any], scorers: Sequence[Scorer], shared: Any
    ) -> Iterable[Any]:
        return spread(function, scorers, shared, cluster, say_note)

    return elsewhere
