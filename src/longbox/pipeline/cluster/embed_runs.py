"""Books embedded by the workers of a dask scheduler.

A model is ours and a store is checked, so nothing here needs a process of its own to be safe in: a
worker opens the model once and its threads share it.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from longbox.config import Config, resources_of
from longbox.pipeline.cluster.connection import Crowd, connected
from longbox.pipeline.cluster.delivery import delivering
from longbox.pipeline.cluster.driving import Drive, Trip
from longbox.pipeline.cluster.messages import Embedded, EmbedTask, Lost, Wrapped
from longbox.pipeline.cluster.there import embed_there


def embed_on_cluster(
    books: Iterable[str], model: str, root: Path, config: Config, tell: Callable[[str], None]
) -> Generator[tuple[str, Embedded], None, None]:
    """Embed books on the workers of `config.cluster.scheduler`, in any order.

    Args:
        books: Their ids.
        model: Fingerprint of the model that the workers must find as well.
        root: The library's folder.
        config: The settings.
        tell: Gets one line for what a person should know.

    Yields:
        Every book, with its vectors in the library's folder or the reason why not.

    Raises:
        ClusterError: There is no scheduler, it went away, or none of its workers can be used.
    """
    cluster = config.cluster
    with connected(cluster.scheduler) as client, delivering(root, config) as (delivery, setup):
        crowd = Crowd(client, resources_of(cluster.embed_resources), tell)

        def wrap(_: int, task: EmbedTask) -> Wrapped:
            return Wrapped.of(replace(task, parcel=delivery.parcel(task.book_id, task.book_id)))

        trip: Trip[EmbedTask] = Trip(
            run=setup.run,
            function=embed_there,
            wrap=wrap,
            setup=Wrapped.of(replace(setup, models=delivery.models(), recipe="")),
            bring_home=delivery.bring_home,
            progress=lambda _task, _said: None,
            patience_s=cluster.patience_s,
        )
        tasks = (EmbedTask(book_id, model) for book_id in books)
        with closing(Drive(crowd, trip).run(tasks)) as outcomes:
            for task, outcome in outcomes:
                delivery.done_with(task.book_id)
                if isinstance(outcome, Lost):
                    yield task.book_id, Embedded(0, outcome.reason)
                else:
                    yield task.book_id, outcome.value
