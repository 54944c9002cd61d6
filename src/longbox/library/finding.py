"""Finding panels in an open library: the half of `Library` that only reads."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from longbox.book import PanelId
from longbox.library import (
    chance,
    columns,
    doubt,
    lookup,
    masks,
    measured,
    substrings,
    text_sample,
    vector_index,
    words,
)
from longbox.library.catalog import Catalog
from longbox.library.chance import ChanceScores
from longbox.library.fulltext import Asked
from longbox.library.kept import LastAnswers
from longbox.library.records import (
    Filters,
    PageFile,
    PanelRecord,
    ScoredPanel,
    WordsQuery,
    Writing,
)
from longbox.vectors import QueryVector, Space, require_same_space

_EVERYTHING = Filters()


class PanelFinder:
    """A library folder whose panels can be found.

    Attributes:
        root: The folder.
    """

    def __init__(self, root: Path, catalog: Catalog) -> None:
        """Use `Library.create` or `Library.open` instead."""
        self.root = root
        self._catalog = catalog
        self._index = vector_index.VectorIndex(root)
        self._masks = masks.MaskCache()
        self._doubts = doubt.DoubtCache()
        self._samples = LastAnswers[tuple[Space, str, tuple[str, ...]], chance.VectorSample](16)
        self._counts = {writing: words.WordCounts(writing) for writing in Writing}
        self._texts = {writing: text_sample.SampleCache(writing) for writing in Writing}

    @property
    def is_read_only(self) -> bool:
        """Whether it was opened to be read only."""
        return self._catalog.read_only

    def generation(self) -> int:
        """Return a number that every change of the catalog raises: what caches hold by."""
        return self._catalog.generation()

    def spaces(self) -> dict[Space, tuple[str, ...]]:
        """Return the fingerprints of every space that has vectors, the most used first."""
        with self._catalog.guarded() as connection:
            return self._index.spaces(connection)

    def nearest(
        self, query: QueryVector, k: int, filters: Filters = _EVERYTHING
    ) -> list[ScoredPanel]:
        """Find the panels nearest to a vector in its own space, best first.

        Raises:
            SpaceMismatchError: The library's vectors were made by another encoder.
        """

        def look() -> list[ScoredPanel]:
            # One state for the mask and the segments, whose rows go with their books.
            with self._catalog.snapshot() as connection:
                mask = self._masks.get(connection, self._catalog.generation(), filters)
                return self._index.nearest(connection, query, k, mask)

        for _ in range(vector_index.ATTEMPTS - 1):
            # Replaced by another process or thread since the snapshot was taken.
            with suppress(vector_index.SegmentGoneError):
                return look()
        return look()

    def match_words(
        self,
        query: WordsQuery,
        k: int,
        filters: Filters = _EVERYTHING,
        writing: Writing = Writing.TEXT,
    ) -> list[ScoredPanel]:
        """Find panels by words (BM25), best first: of their lettering, or of descriptions.

        Lettering that was hard to read counts less (`longbox.library.doubt`).
        """
        query = words.cleaned(query)
        # One state for the mask and for what is found: a book that is merged again in between
        # has other rows.
        with self._catalog.snapshot() as connection:
            generation = self._catalog.generation()
            mask = self._masks.get(connection, generation, filters)
            terms = (*query.terms, *query.required)
            sample = self._texts[writing].get(connection, generation)
            counts = self._counts[writing].of(connection, generation, terms, sample)
            ask = Asked(writing, mask, self._doubt(connection, generation, writing))
            return words.match_words(connection, query, k, ask, counts)

    def match_substring(
        self,
        text: str,
        k: int,
        filters: Filters = _EVERYTHING,
        writing: Writing = Writing.TEXT,
        without: Sequence[str] = (),
    ) -> list[ScoredPanel]:
        """Find panels whose lettering (or description) contains a text, best first.

        Any script, wherever words begin. Lettering that was hard to read counts less. Panels that
        contain any of the texts `without` are left out.
        """
        with self._catalog.snapshot() as connection:
            generation = self._catalog.generation()
            mask = self._masks.get(connection, generation, filters)
            sample = self._texts[writing].get(connection, generation)
            ask = Asked(writing, mask, self._doubt(connection, generation, writing))
            return substrings.match_substring(connection, text, k, ask, sample, without)

    def has_descriptions(self) -> bool:
        """Say whether any panel has a description that can be searched."""
        with self._catalog.guarded() as connection:
            row = connection.execute("SELECT EXISTS (SELECT 1 FROM panel_descriptions)").fetchone()
        return bool(row[0])

    def chance_scores(self, query: QueryVector) -> ChanceScores | None:
        """Return what panels taken at random score against a query; None where there are none.

        Raises:
            SpaceMismatchError: The library's vectors were made by another encoder.
        """
        space, fingerprint = query.space, query.fingerprint
        with self._catalog.guarded() as connection:
            # As long as the segments are the same: a book merged now is in none of them yet.
            names = self._index.names(connection, space, fingerprint)
            sample = self._samples.get(
                (space, fingerprint, names),
                lambda: chance.take_sample(connection, self._index, space, fingerprint),
            )
        return sample.scores(query)

    def panel_records(self, rows: Sequence[int]) -> list[PanelRecord]:
        """Return what is known of panels, in the order asked.

        Rows that went away since they were found (another process re-indexed the book) are left
        out.
        """
        with self._catalog.guarded() as connection:
            return lookup.panel_records(connection, rows)

    def panel_row(self, panel_id: PanelId) -> int:
        """Return a panel's row.

        Raises:
            QueryError: There is no such panel.
        """
        with self._catalog.guarded() as connection:
            return lookup.panel_row(connection, panel_id)

    def page_rows(self, book_id: str, page_index: int) -> range:
        """Return the rows of a page's panels in reading order."""
        with self._catalog.guarded() as connection:
            return lookup.page_rows(connection, book_id, page_index)

    def page_file(self, book_id: str, page_index: int) -> PageFile:
        """Return where a page's picture is, and how to know that it is still there.

        Raises:
            QueryError: There is no such page.
        """
        with self._catalog.guarded() as connection:
            return lookup.page_file(connection, book_id, page_index)

    def panel_vector(
        self, row: int, space: Space, fingerprint: str | None = None
    ) -> QueryVector | None:
        """Return a panel's vector as a query, or None when it lacks this modality.

        Args:
            row: The panel's.
            space: Which modality.
            fingerprint: Which encoder's; without it the first of `spaces` that has the panel.

        Raises:
            SpaceMismatchError: The fingerprint is not one of the library's.
        """
        with self._catalog.guarded() as connection:
            stored = self._index.spaces(connection).get(space, ())
            if fingerprint is not None and stored and fingerprint not in stored:
                require_same_space(space, fingerprint, space, stored[0])
            for name in stored if fingerprint is None else (fingerprint,):
                vector = self._index.vector(connection, row, space, name)
                if vector is not None:
                    return QueryVector(space, name, vector)
        return None

    def panel_spaces(self, rows: Sequence[int]) -> dict[int, frozenset[Space]]:
        """Return the modalities that panels have a vector in, by row, whichever encoder's."""
        wanted = np.asarray(rows, dtype=np.int64)
        found: dict[int, set[Space]] = {int(row): set() for row in rows}
        with self._catalog.guarded() as connection:
            for space, fingerprints in self._index.spaces(connection).items():
                for fingerprint in fingerprints:
                    has = self._index.has_vectors(connection, wanted, space, fingerprint)
                    for row in wanted[has].tolist():
                        found[row].add(space)
        return {row: frozenset(spaces) for row, spaces in found.items()}

    def vectors(
        self, space: Space, fingerprint: str, chunk_rows: int = 8192
    ) -> Iterator[columns.VectorChunk]:
        """Yield every panel that has a vector in a space, so many at a time.

        Panels without one, and those of books whose file is gone, do not occur. Rows rise within
        a chunk and a book's chunks follow each other; nothing of the whole is held in memory.

        Args:
            space: Which modality.
            fingerprint: Which encoder's, one of `spaces`.
            chunk_rows: At most so many rows at once.

        Yields:
            Rows, int64 (n,), and their vectors, float32 (n, D), of unit length in cosine spaces.

        Raises:
            SpaceMismatchError: The library's vectors were made by another encoder.
            LibraryError: A segment is damaged or gone.
        """
        with self._catalog.guarded() as connection:
            stored = self._index.spaces(connection).get(space, ())
            if stored and fingerprint not in stored:
                require_same_space(space, fingerprint, space, stored[0])
            mask = self._masks.get(connection, self._catalog.generation(), _EVERYTHING)
            segments = self._index.with_segments(connection, space, fingerprint, list)
        yield from columns.live_chunks(segments, mask, chunk_rows)

    def panel_columns(self, rows: NDArray[np.int64]) -> columns.PanelColumns:
        """Return what is known of panels as arrays, by rising row; gone rows are left out."""
        with self._catalog.snapshot() as connection:
            return columns.panel_columns(connection, rows)

    def page_columns(self, first_rows: NDArray[np.int64] | None = None) -> measured.PageColumns:
        """Return what is known of pages and their panels as arrays, by rising row.

        Args:
            first_rows: Rows of the first panels of the wanted pages, those that are gone are left
                out; every page of books that are there when None.

        Raises:
            LibraryError: A book of an older format has no readable store.
        """
        with self._catalog.snapshot() as connection:
            return measured.page_columns(connection, self.root, first_rows)

    def books_without_looks(self) -> tuple[str, ...]:
        """Return the books that are there and whose pages' looks are unknown, by id."""
        with self._catalog.guarded() as connection:
            return measured.books_without_looks(connection)

    def book_blocks(self, space: Space, fingerprint: str) -> tuple[columns.BookBlock, ...]:
        """Return the books with searchable vectors in a space, and what names those vectors."""
        with self._catalog.guarded() as connection:
            return columns.book_blocks(connection, space, fingerprint)

    def page_starts(self) -> NDArray[np.int64]:
        """Return the row of the first panel of every page that has any, rising, int64 (P,)."""
        with self._catalog.guarded() as connection:
            return columns.all_page_starts(connection)

    def _doubt(
        self, connection: sqlite3.Connection, generation: int, writing: Writing
    ) -> doubt.Factors | None:
        """Return what each row's score is multiplied with; descriptions are all alike."""
        if writing is not Writing.TEXT:
            return None
        return self._doubts.get(connection, generation)
