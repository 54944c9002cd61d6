"""Fused vectors of a corpus, one table a view: made once, looked up by every sample.

Stage 3 is frozen while stage 4 learns, so what it says of a panel under a view never changes and no
panel is ever fused twice (fact 12). Tables are float16: 1 KB a panel and view.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from longbox.features import View, Wording
from longbox.fusion import BulkFusionEncoder, FusionEncoder
from longbox.tasks import Corpus, Shown


class FusedTables:
    """The fused vectors of a corpus under every view that was asked for.

    Attributes:
        corpus: The books.
        dimension: D.
        fingerprint: Of the fusion model.
    """

    def __init__(self, corpus: Corpus, encoder: FusionEncoder) -> None:
        self.corpus, self._encoder = corpus, BulkFusionEncoder(encoder)
        self.dimension = encoder.config.d_model
        self.fingerprint = encoder.fingerprint
        self._first = np.cumsum([0, *(book.n_panels for book in corpus)])
        self._tables: dict[View, tuple[NDArray[np.float16], NDArray[np.bool_]]] = {}

    def prepare(self, views: Sequence[View]) -> None:
        """Make the tables of these views, where they are not there yet."""
        for view in views:
            self._table(view)

    def place(self, shown: Shown) -> int:
        """Return the row of a panel in every table."""
        return int(self._first[shown.book]) + shown.row

    def vectors(self, shown: Sequence[Shown]) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """Look up panels, all under one view or under several: float32 (N, D) and mask (N,)."""
        rows = np.zeros((len(shown), self.dimension), np.float32)
        mask = np.zeros(len(shown), np.bool_)
        places = np.array([self.place(s) for s in shown], np.int64)
        for view in {s.view for s in shown}:
            here = np.array([s.view is view or s.view == view for s in shown])
            table, known = self._table(view)
            rows[here] = table[places[here]]
            mask[here] = known[places[here]]
        return rows, mask

    def _table(self, view: View) -> tuple[NDArray[np.float16], NDArray[np.bool_]]:
        if view not in self._tables:
            size = int(self._first[-1])
            table = np.zeros((size, self.dimension), np.float16)
            mask = np.zeros(size, np.bool_)
            for first, book in zip(self._first, self.corpus, strict=False):
                if view.wording is not Wording.WHOLE and book.utterances is None:
                    continue  # not encoded piece by piece: shows nothing in this view
                vectors = self._encoder.encode(book, view)
                table[first : first + len(vectors.mask)] = vectors.vectors
                mask[first : first + len(vectors.mask)] = vectors.mask
            self._tables[view] = (table, mask)
        return self._tables[view]
