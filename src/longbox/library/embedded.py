"""What trained models made of a library: the part of `Library` that keeps and answers it.

A library has one model whose fused and contextual vectors answer searches. Another model's are
prepared beside them, books one by one, found by nobody; when every book has them, the library
changes over at once and the old ones go. Whoever is killed leaves one of the two states.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import Final

import numpy as np

from longbox.errors import LibraryError, QueryError
from longbox.features import LearnedVectors
from longbox.library import columns, learned, upkeep
from longbox.library.answering import Answering, read_answering, write_answering
from longbox.library.description_stores import (
    aligned,
    description_path,
    read_descriptions_with_digest,
)
from longbox.library.finding import PanelFinder
from longbox.library.learned_merging import merge_learned, merge_left_learned, settle_rows
from longbox.library.learned_stores import (
    is_model_name,
    learned_path,
    model_folders,
    read_learned_with_digest,
    read_strips,
)
from longbox.library.reading import read_store_with_digest
from longbox.library.records import BookSource, MadeFrom, ScoredPage
from longbox.library.stores import store_path

FEATURES_NAME: Final = "features"


def read_book_source(root: Path, book_id: str) -> BookSource:
    """Return what a model may see of a book; needs no catalog.

    Raises:
        LibraryError: A store is missing or damaged.
    """
    store, digest = read_store_with_digest(store_path(root, book_id))
    path = description_path(root, book_id)
    if not path.exists():
        return BookSource(store, None, MadeFrom(digest, None))
    said, said_digest = read_descriptions_with_digest(path)
    _, vectors = aligned(said, store.annotated)
    return BookSource(store, vectors, MadeFrom(digest, said_digest))


class EmbeddedLibrary(PanelFinder):
    """A library folder with the vectors of trained models."""

    def book_source(self, book_id: str) -> BookSource:
        """Return what a model may see of a book, and what names these very bytes.

        Raises:
            LibraryError: A store is missing or damaged.
        """
        return read_book_source(self.root, book_id)

    def answering_model(self) -> str | None:
        """Return the fingerprint of the model whose vectors answer searches, or None."""
        with self._catalog.guarded() as connection:
            return learned.answering_model(connection)

    def unembedded_books(self, model: str | None = None) -> tuple[str, ...]:
        """Return the books without up-to-date vectors of a model, by id.

        Args:
            model: Its fingerprint; the answering model's when not given (all books without one).
        """
        with self._catalog.snapshot() as connection:
            chosen = model or learned.answering_model(connection)
            return learned.lacking(connection, chosen or "")

    def encoders_of_books(self) -> dict[str, tuple[str, ...]]:
        """Return the fingerprints of the encoders that each book's own vectors were made by."""
        with self._catalog.guarded() as connection:
            rows = connection.execute(
                "SELECT b.book_id, s.space, s.fingerprint FROM books b LEFT JOIN book_spaces s "
                "ON s.book_row = b.book_row AND s.model IS NULL ORDER BY 1, 2, 3"
            ).fetchall()
        found: dict[str, tuple[str, ...]] = {}
        for book_id, space, fingerprint in rows:
            made = () if space is None else (f"{space} {fingerprint}",)
            found[book_id] = (*found.get(book_id, ()), *made)
        return found

    def begin_model(self, model: str) -> None:
        """Get ready for the vectors of a model: the library's first one answers as it grows.

        Learned stores that were written and never merged (a run was killed) are merged.

        Raises:
            LibraryError: The fingerprint is not 16 hex digits, or the library cannot be written.
        """
        self._catalog.require_writable()
        if not is_model_name(model):
            raise LibraryError(f"{model!r} is not a model's fingerprint; one has 16 hex digits")
        with self._catalog.transaction() as connection:
            chosen = read_answering(self.root)
            if model in chosen.retired:
                settle_rows(connection, self.root)
                kept = tuple(name for name in chosen.retired if name != model)
                write_answering(self.root, Answering(chosen.model, kept))
            elif chosen.model is None:
                settle_rows(connection, self.root)
                if read_answering(self.root).model is None:
                    write_answering(self.root, Answering(model))
        merge_left_learned(self._catalog, self.root)

    def merge_learned(self, book_id: str, model: str) -> bool:
        """Take what a model made of a book into the catalog.

        One transaction; doing it again changes nothing. `update_indexes` afterwards lets the
        vectors be found, where the model is the answering one.

        Returns:
            Whether they count; False where they were made from another version of the book than
            is in the library now, or are not there.

        Raises:
            LibraryError: The book is not in the library, or the store is damaged (it is then
                moved to `damaged/`).
        """
        with self._catalog.transaction() as connection:
            return merge_learned(connection, self.root, book_id, model)

    def switch_model(
        self,
        model: str,
        unreadable: Collection[str] = (),
        progress: Callable[[int, int], None] | None = None,
    ) -> bool:
        """Let a model answer searches if every book has its vectors; drop all other models.

        Args:
            model: Its fingerprint.
            unreadable: Books that no model can be given; they are not waited for.
            progress: Called with vectors written and vectors to write.

        Returns:
            Whether it answers now.

        Raises:
            LibraryError: The disk refuses, or the library is read-only.
        """
        tell = progress or _quiet
        upkeep.update(self._catalog, self.root, self._index, tell)
        with self._catalog.transaction() as connection:
            left = set(learned.lacking(connection, model)).difference(unreadable)
            known = connection.execute("SELECT 1 FROM models WHERE model = ?", (model,)).fetchone()
            if left or known is None:
                return learned.answering_model(connection) == model
            before = read_answering(self.root)
            others = {f.name for f in model_folders(self.root)} | set(before.retired)
            others |= {m for (m,) in connection.execute("SELECT model FROM models")}
            after = Answering(model, tuple(sorted(others - {model})))
            if after != before:
                write_answering(self.root, after)
            settle_rows(connection, self.root)
        upkeep.update(self._catalog, self.root, self._index, tell)
        return True

    def learned_vectors(self, book_id: str) -> LearnedVectors | None:
        """Return what the answering model made of a book: of panels, pages and strips.

        Returns:
            None where the book has no vectors of it, or they were made from another version of
            the book.

        Raises:
            LibraryError: The store is damaged.
        """
        with self._catalog.snapshot() as connection:
            model = learned.answering_model(connection)
            row = connection.execute(
                "SELECT m.learned_sha256 FROM books b JOIN book_models m USING (book_row) "
                "WHERE b.book_id = ? AND m.model = ? AND m.is_fitting",
                (book_id, model),
            ).fetchone()
        if model is None or row is None:
            return None
        store, digest = read_learned_with_digest(learned_path(self.root, model, book_id))
        return store.learned if digest == row[0] else None

    def nearest_pages(self, book_id: str, page_index: int, k: int) -> list[ScoredPage]:
        """Find the pages whose strip vectors are nearest to a page's, best first.

        An exact scan that opens the store of every book whose file is there: there is no index
        of pages. The page itself is left out.

        Raises:
            QueryError: The page has no strip vector.
            LibraryError: A store is damaged.
        """
        with self._catalog.snapshot() as connection:
            model = learned.answering_model(connection)
            books = [
                found
                for (found,) in connection.execute(
                    "SELECT b.book_id FROM books b JOIN book_models m USING (book_row) "
                    "WHERE m.model = ? AND m.is_fitting AND NOT b.is_missing ORDER BY b.book_id",
                    (model,),
                )
            ]
        asked = self.learned_vectors(book_id)
        if model is None or asked is None or not 0 <= page_index < len(asked.page_mask):
            raise QueryError(f"{book_id}: no vector of page {page_index + 1}; run `longbox embed`")
        if not asked.page_mask[page_index]:
            raise QueryError(f"{book_id}: page {page_index + 1} has no panel that is known")
        query = asked.strips[page_index]
        scored: list[ScoredPage] = []
        for found in books:
            strips, mask = read_strips(learned_path(self.root, model, found))
            scores = strips @ query
            own = page_index if found == book_id else -1
            pages = (int(p) for p in np.flatnonzero(mask) if int(p) != own)
            scored += [ScoredPage(found, p, float(scores[p])) for p in pages]
            scored = sorted(scored, key=lambda s: (-s.score, s.book_id, s.page_index))[:k]
        return scored

    def strip_vectors(self) -> Iterator[columns.VectorChunk]:
        """Yield the strip vectors of the answering model, a book at a time: what pages look like.

        Opens the store of every book whose file is there, one after another.

        Yields:
            The row of each page's first panel, int64 (n,), and its strip vector, float32 (n, D),
            unit length; pages without one do not occur.

        Raises:
            LibraryError: A store is missing or damaged.
        """
        with self._catalog.snapshot() as connection:
            model = learned.answering_model(connection)
            books = connection.execute(
                "SELECT b.book_id FROM books b JOIN book_models m USING (book_row) "
                "WHERE m.model = ? AND m.is_fitting AND NOT b.is_missing ORDER BY b.first_row",
                (model,),
            ).fetchall()
        if model is None:
            return
        for (book_id,) in books:
            strips, mask = read_strips(learned_path(self.root, model, book_id))
            with self._catalog.guarded() as connection:
                starts = columns.page_starts(connection, book_id)
            if starts.size == mask.size:  # else another process has just merged the book anew
                is_known = mask & (starts >= 0)
                yield starts[is_known], strips[is_known]


def files_beside(root: Path, book_id: str) -> list[Path]:
    """Return the files that go with a book beside its stores: learned vectors, cached features."""
    paths = [learned_path(root, folder.name, book_id) for folder in model_folders(root)]
    return [*paths, *sorted((root / FEATURES_NAME).glob(f"*/{book_id}.*"))]


def _quiet(_done: int, _total: int) -> None:
    return
