"""The functions that run on workers.

A task that cannot be done here for a reason that is not its book's is answered by a refusal, and
the run gives it to another worker.
"""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any, Final

from longbox import __version__
from longbox.book import Problem
from longbox.errors import ClusterError, IngestError, LibraryError, LongboxError, ModelError
from longbox.ingest import printable, stamp
from longbox.library import (
    learned_path,
    made_files,
    read_book_source,
    require_learned,
    sha256_of,
    write_learned_store,
)
from longbox.pipeline.cluster.crew import Crew, LostParcelError, Room
from longbox.pipeline.cluster.messages import (
    Answer,
    BookTask,
    Embedded,
    EmbedTask,
    Refusal,
    Sent,
    Setup,
    Wrapped,
    reworded,
)
from longbox.pipeline.jobs import BookJob, BookResult, StandIn, failed_book

TOPIC: Final = "longbox-{run}"
STARTED: Final = [-1, 0]  # in the place of pages done and pages
_crews: dict[str, Crew] = {}
_ended: set[str] = set()
_lock = threading.Lock()


def do_book_there(wrapped: Wrapped, setup: Wrapped) -> Answer:
    """Read one comic file."""
    if (other := _other_version(wrapped)) is not None:
        return other
    task: BookTask = wrapped.open()
    try:
        size_bytes = stamp(task.path).size_bytes
    except IngestError:
        size_bytes = -1
    if size_bytes != task.size_bytes:
        seen = "cannot see" if size_bytes < 0 else "sees another file at"
        reason = f"this worker {seen} {printable(str(task.path))}: mount the shelf there"
        return Answer(_address(), None, (), Refusal.BLIND, reason)
    try:
        crew = _crew(setup.open())
        with crew.room(task.parcel) as room:
            result = _read(crew, room, task)
            return _answered(crew, room, result)
    except LostParcelError as error:
        return _undelivered(task.path, error)
    except LongboxError as error:
        return Answer(_address(), None, (), Refusal.UNFIT, str(error))


def embed_there(wrapped: Wrapped, setup: Wrapped) -> Answer:
    """Let the run's model understand one book."""
    if (other := _other_version(wrapped)) is not None:
        return other
    task: EmbedTask = wrapped.open()
    try:
        crew = _crew(setup.open())
        with crew.busy(), crew.room(task.parcel) as room:
            model = _model(crew, task.model)
            try:
                source = read_book_source(room.root, task.book_id)
            except LibraryError as error:
                return Answer(_address(), Embedded(0, str(error), is_unreadable=True))
            n_panels = source.store.annotated.n_panels
            n_pages = len(source.store.annotated.pages)
            from longbox.pipeline.features import source_features

            try:
                learned = model.embed(source_features(source), n_pages)
                require_learned(learned, task.book_id, n_panels, n_pages)
            except ModelError as error:
                return Answer(_address(), Embedded(0, str(error)))
            write_learned_store(room.root, task.model, task.book_id, learned, source.made_from)
            path = learned_path(room.root, task.model, task.book_id)
            files = {path.relative_to(room.root).as_posix(): path.read_bytes()}
            try:
                return Answer(_address(), Embedded(n_panels), _sent(crew, files))
            except ClusterError as error:
                return Answer(_address(), Embedded(0, str(error)))
    except LostParcelError as error:
        return Answer(_address(), Embedded(0, str(error)))
    except LongboxError as error:
        return Answer(_address(), None, (), Refusal.UNFIT, str(error))


def do_part_there(wrapped: Wrapped, setup: Wrapped) -> Answer:
    """Call a function for one part of a score; what it raises of ours is its value."""
    if (other := _other_version(wrapped)) is not None:
        return other
    function, part = wrapped.open()
    _, shared = setup.open()
    try:
        return Answer(_address(), function(part, shared))
    except LongboxError as error:
        return Answer(_address(), error)


def close_there(run: str) -> None:
    """End what a worker keeps for a run."""
    with _lock:
        crew = _crews.pop(run, None)
        _ended.add(run)
    if crew is not None:
        crew.close()


def _other_version(wrapped: Wrapped) -> Answer | None:
    if wrapped.version == __version__:
        return None
    reason = f"it has Longbox {__version__}, not {wrapped.version}; install the same version there"
    return Answer(_address(), None, (), Refusal.UNFIT, reason)


def _read(crew: Crew, room: Room, task: BookTask) -> BookResult:
    from distributed import get_worker

    setup, worker = crew.setup, get_worker()
    stand_in = None
    if room.parcel is not None:
        # What is there of its book was sent, and that may be nothing: its files went since the
        # run began. Asked for what cannot come, the run would send the task for ever.
        stand_in = StandIn(crew.known, task.book_id)
    job = BookJob(0, task.path, room.root, setup.recipe, task.must_fit_settings, stand_in)

    def tell(n_done: int, n_pages: int) -> None:
        worker.log_event(TOPIC.format(run=setup.run), [task.number, n_done, n_pages])

    tell(*STARTED)
    result = crew.read(job, tell)
    return reworded(result, str(room.root), str(setup.root))


def _answered(crew: Crew, room: Room, result: BookResult) -> Answer:
    """Send what was made on its way; a store that cannot be sent costs its book this run only."""
    if result.book_id is None or result.lacks is not None:
        return Answer(_address(), result)
    files = made_files(room.root, result.book_id, room.parcel)
    try:
        return Answer(_address(), result, _sent(crew, files))
    except ClusterError as error:
        return _undelivered(result.path, error)


def _undelivered(path: Path, error: ClusterError) -> Answer:
    problem = Problem(printable(str(path)), None, "results", str(error))
    return Answer(_address(), failed_book(path, problem, is_retried=True))


def _sent(crew: Crew, files: dict[str, bytes]) -> tuple[Sent, ...]:
    sent: list[Sent] = []
    for name, data in files.items():
        digest = sha256_of(data)
        place = ""
        if crew.results is not None:
            place = f"{digest[:32]}-{name.rpartition('/')[2]}"
            crew.results.put(place, data)
        sent.append(Sent(name, digest, place))
    return tuple(sent)


def _crew(setup: Setup) -> Crew:
    """Return what this worker keeps for a run, made when its first task comes."""
    from distributed import get_worker

    with _lock:
        if setup.run in _ended:
            raise ClusterError("the run has ended")
        crew = _crews.get(setup.run)
        if crew is None:
            if setup.recipe and setup.config.recipe() != setup.recipe:
                raise ClusterError(
                    "it makes books by another recipe; install the same Longbox there"
                )
            worker = get_worker()
            crew = Crew(setup, worker.state.nthreads, worker.local_directory)
            _crews[setup.run] = crew
        return crew


def _model(crew: Crew, fingerprint: str) -> Any:
    """Return the run's model, opened once a worker."""
    from longbox.pipeline.embedding import library_model

    with _lock:
        if "model" not in crew.kept:
            crew.kept["model"] = library_model(crew.models_root())
        model = crew.kept["model"]
        if model.fingerprint != fingerprint:
            raise ClusterError(
                f"its model is {model.fingerprint}, not {fingerprint}; install the same Longbox"
            )
        return model


def _address() -> str:
    from distributed import get_worker

    return str(get_worker().address)
