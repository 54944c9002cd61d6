"""Comic files done by the workers of a dask scheduler: the third of the ways to run jobs."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Final

from longbox.book import Problem
from longbox.config import Config, resources_of
from longbox.errors import ClusterError, IngestError
from longbox.ingest import printable, stamp
from longbox.pipeline.cluster.connection import Crowd, connected
from longbox.pipeline.cluster.delivery import Delivery, delivering
from longbox.pipeline.cluster.driving import Drive, Trip
from longbox.pipeline.cluster.messages import Answer, BookTask, Lost, Wrapped
from longbox.pipeline.cluster.there import do_book_there
from longbox.pipeline.jobs import BookJob, BookResult, failed_book
from longbox.pipeline.workers import BookProgress

# So many books in a row whose stores do not come home end the run: the work would be for nothing.
_MOST_MISSES: Final = 5
_STAGE: Final = "results"


def run_on_cluster(
    jobs: Sequence[BookJob],
    config: Config,
    on_progress: Callable[[BookProgress], None],
    tell: Callable[[str], None],
    homes: Mapping[Path, str],
) -> Generator[BookResult, None, None]:
    """Do the books on the workers of `config.cluster.scheduler`, in any order.

    Args:
        jobs: Numbered from 0 without gaps, all of one library.
        config: The settings, which the workers get too.
        on_progress: Called for running books, about once a second for each.
        tell: Gets one line for what a person should know: a worker that is not used.
        homes: The book that the library knows each file by, where it does.

    Yields:
        A result for every job, its store in the library's folder.

    Raises:
        ClusterError: There is no scheduler, it went away, none of its workers can be used, or
            nothing comes home from the storage.
    """
    root = jobs[0].library
    cluster = config.cluster
    with connected(cluster.scheduler) as client, delivering(root, config) as (delivery, setup):
        crowd = Crowd(client, resources_of(cluster.index_resources), tell)

        def wrap(number: int, task: BookTask) -> Wrapped:
            parcel = delivery.parcel(task.number, task.book_id)
            size_bytes = _size_of(task.path)
            return Wrapped.of(replace(task, number=number, parcel=parcel, size_bytes=size_bytes))

        trip: Trip[BookTask] = Trip(
            run=setup.run,
            function=do_book_there,
            wrap=wrap,
            setup=Wrapped.of(setup),
            bring_home=delivery.bring_home,
            progress=lambda task, said: on_progress(BookProgress(task.path, said[0], said[1])),
            patience_s=cluster.patience_s,
        )
        drive = Drive(crowd, trip)
        tasks = (
            BookTask(job.number, job.path, job.must_fit_settings, homes.get(job.path))
            for job in jobs
        )
        yield from _results(drive, tasks, delivery)


def _results(
    drive: Drive[BookTask], tasks: Iterable[BookTask], delivery: Delivery
) -> Generator[BookResult, None, None]:
    n_misses = 0
    with closing(drive.run(tasks)) as outcomes:
        for task, outcome in outcomes:
            delivery.done_with(task.number)
            result = _result(task, outcome)
            if result.lacks is not None:
                drive.again(replace(task, book_id=result.lacks))
                continue
            is_missed = any(p.stage == _STAGE for p in result.problems)
            n_misses = n_misses + 1 if is_missed else 0
            yield result
            if n_misses >= _MOST_MISSES:
                raise ClusterError(
                    f"{n_misses} books in a row did not come home: {result.problems[0].reason}"
                )


def _result(task: BookTask, outcome: Answer | Lost) -> BookResult:
    if isinstance(outcome, Answer):
        result: BookResult = outcome.value
        return result
    name = printable(str(task.path))
    reason = outcome.reason if name in outcome.reason else f"{name}: {outcome.reason}"
    problem = Problem(name, None, _STAGE, reason)
    return failed_book(task.path, problem, is_retried=outcome.is_retried)


def _size_of(path: Path) -> int:
    try:
        return stamp(path).size_bytes
    except IngestError:
        return 0  # it went away since it was listed: a worker will say so
