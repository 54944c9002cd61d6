"""How a book's stores come home: by a folder that all see, or by storage between the machines.

What a worker says a store's SHA-256 is decides: an object is only taken into the library when it
has it. In a shared folder the store is there already, but a network file system may show a machine
what it saw a moment ago, so the run waits until it sees what the worker wrote (or what another
worker wrote of the same book since).
"""

from __future__ import annotations

import threading
import time
import uuid
from collections import defaultdict
from collections.abc import Hashable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Final

from longbox.config import Config
from longbox.errors import ClusterError
from longbox.library import Parcel, books_on_disk, new_mark, pack_book, sha256_of, take_file
from longbox.pipeline.cluster.crew import packed_bytes
from longbox.pipeline.cluster.messages import Answer, Packed, Sent, Setup
from longbox.pipeline.cluster.storage import Storage

_SEEN_WITHIN_S: Final = 90.0  # attributes are kept for at most a minute by NFS
_LOOK_EVERY_S: Final = 0.5
_MODELS: Final = "models"


class Delivery:
    """What goes between a library and the workers of one run."""

    def __init__(self, root: Path, storage: Storage | None) -> None:
        self._root, self._storage = root, storage
        self._made: dict[str, set[str]] = defaultdict(set)
        self._ahead: dict[Hashable, str] = {}
        self._lock = threading.Lock()

    def parcel(self, task: Hashable, book_id: str | None) -> Packed | None:
        """Send what the library holds of a book ahead of its task.

        Args:
            task: Names the task; `done_with` deletes the parcel.
            book_id: Whose; None for none.

        Returns:
            Where it lies; None where it holds nothing, or workers see the library.

        Raises:
            ClusterError: The storage refuses it.
            LibraryError: The disk refuses.
        """
        if self._storage is None or book_id is None:
            return None
        parcel = pack_book(self._root, book_id)
        if not parcel.files:
            return None
        data = packed_bytes(parcel)
        place = f"parcel-{book_id}-{uuid.uuid4().hex[:8]}"
        self._storage.put(place, data)
        self._ahead[task] = place
        return Packed(book_id, place, sha256_of(data))

    def models(self) -> Packed | None:
        """Send the library's own models, if it has any, for workers that do not see them."""
        folder = self._root / _MODELS
        if self._storage is None or not folder.is_dir():
            return None
        files = {
            path.relative_to(self._root).as_posix(): path.read_bytes()
            for path in sorted(folder.rglob("*"))
            if path.is_file()
        }
        data = packed_bytes(Parcel("", files))
        digest = sha256_of(data)
        place = f"models-{digest[:16]}"
        self._storage.put(place, data)
        return Packed("", place, digest)

    def bring_home(self, answer: Answer) -> None:
        """Have the stores of an answer in the library's folder; merging them comes after.

        Raises:
            ClusterError: One was lost on the way.
            LibraryError: The disk refuses.
        """
        for sent in answer.sent:
            if self._storage is None:
                self._await(sent)
                continue
            take_file(self._root, sent.name, self._storage.get(sent.place, sent.sha256))
            self._storage.remove(sent.place)

    def done_with(self, task: Hashable) -> None:
        """Delete a task's parcel, if it had any."""
        place = self._ahead.pop(task, None)
        if place is not None and self._storage is not None:
            self._storage.remove(place)

    def _await(self, sent: Sent) -> None:
        with self._lock:
            self._made[sent.name].add(sent.sha256)
        path = self._root / sent.name
        until = time.monotonic() + _SEEN_WITHIN_S
        while True:
            try:
                digest = sha256_of(path.read_bytes())
            except OSError:
                digest = ""
            if digest in self._made[sent.name]:
                return
            if time.monotonic() > until:
                raise ClusterError(
                    f"{path}: a worker wrote it and it is not seen here; check that the folder is "
                    "the same on all machines, the next run makes it again"
                )
            time.sleep(_LOOK_EVERY_S)


@contextmanager
def delivering(root: Path, config: Config) -> Iterator[tuple[Delivery, Setup]]:
    """Open the way between a library and the workers of a run, and clean it up after.

    Raises:
        ClusterError: The storage for results cannot be used from here.
        LibraryError: The disk refuses.
    """
    run = uuid.uuid4().hex[:16]
    setup = Setup(run, root.absolute(), config, recipe=config.recipe())
    url = config.cluster.results
    if url:
        storage = Storage(url).below(f"longbox-{run}")
        storage.try_out()
        known = b"".join(bytes.fromhex(book_id) for book_id in books_on_disk(root))
        try:
            yield Delivery(root, storage), replace(setup, results=storage.url, known=known)
        finally:
            storage.remove_all()
        return
    mark = new_mark(root.absolute(), run.encode())
    name = mark.relative_to(root.absolute()).as_posix()
    try:
        yield Delivery(root, None), replace(setup, mark=(name, run.encode()))
    finally:
        mark.unlink(missing_ok=True)
