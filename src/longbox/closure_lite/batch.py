"""Pages as a batch: the panels in one row, so that padding is never encoded.

Only where panels of a page meet (attention, order) are they laid out as a table, after encoding,
and only those that are known.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from longbox.closure_lite.config import ClosureLiteConfig
from longbox.closure_lite.inputs import ALL, PanelInputs, join, panel_inputs
from longbox.closure_lite.pages import PagePlace
from longbox.errors import ModelError
from longbox.features import BookFeatures, View


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """P pages and their M panels.

    Attributes:
        panels: M panels, page by page in reading order.
        pages: Which page of the batch a panel is on, rising, int64 (M,).
        books: Which book a page is of, int64 (P,).
        numbers: Page index of a page in its book, int64 (P,).
    """

    panels: PanelInputs
    pages: Tensor
    books: Tensor
    numbers: Tensor

    def __post_init__(self) -> None:
        if len(self.pages) != len(self.panels.present) or len(self.books) != len(self.numbers):
            raise ModelError("a batch's panels, pages and books do not fit")

    @property
    def n_pages(self) -> int:
        """P."""
        return len(self.books)

    def to(self, device: torch.device) -> Batch:
        """Move every array."""
        return Batch(
            self.panels.to(device),
            self.pages.to(device),
            self.books.to(device),
            self.numbers.to(device),
        )


@dataclass(frozen=True, slots=True, eq=False)
class Layout:
    """Panels laid out page by page.

    Attributes:
        slots: Index of a panel in its batch, int64 (P, N); 0 where there is none.
        mask: Where there is one, bool (P, N); rows are filled from the left.
    """

    slots: Tensor
    mask: Tensor

    @property
    def counts(self) -> Tensor:
        """Panels of every page, int64 (P,)."""
        return self.mask.sum(dim=1)


def lay_out(pages: Tensor, known: Tensor, n_pages: int) -> Layout:
    """Lay the known panels out as a table of pages.

    Args:
        pages: Page of every panel, rising, int64 (M,).
        known: Which panels to take, bool (M,).
        n_pages: P.
    """
    taken = torch.nonzero(known).flatten()
    page = pages[taken]
    counts = torch.bincount(page, minlength=n_pages)
    first = counts.cumsum(0) - counts
    place = torch.arange(len(taken), device=pages.device) - first[page]
    widest = int(counts.max()) if n_pages else 0
    slots = torch.zeros(n_pages, widest, dtype=torch.int64, device=pages.device)
    mask = torch.zeros(n_pages, widest, dtype=torch.bool, device=pages.device)
    slots[page, place] = taken
    mask[page, place] = True
    return Layout(slots, mask)


def batch_of(
    corpus: Sequence[BookFeatures],
    places: Sequence[PagePlace],
    config: ClosureLiteConfig,
    view: View = ALL,
) -> Batch:
    """Build a batch of pages.

    Args:
        corpus: The books.
        places: Which pages, in this order.
        config: Of the model that will read them.
        view: What is shown of the panels.

    Raises:
        ModelError: Features of other encoders, or a page without panels.
    """
    panels, pages = [], []
    for index, place in enumerate(places):
        book = corpus[place.book]
        first, last = np.searchsorted(book.pages, (place.page, place.page + 1))
        if first == last:
            raise ModelError(f"book {book.book_id}: page {place.page + 1} has no panel")
        panels.append(panel_inputs(book, config, view, np.arange(first, last)))
        pages.append(np.full(last - first, index, np.int64))
    return Batch(
        join(panels, config),
        torch.from_numpy(np.concatenate([np.zeros(0, np.int64), *pages])),
        torch.tensor([p.book for p in places], dtype=torch.int64),
        torch.tensor([p.page for p in places], dtype=torch.int64),
    )
