"""A search as its address says it: everything that decides what is shown, and nothing else."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Final

from longbox.config import SearchOptions
from longbox.library import Filters, Writing
from longbox.retrieval import By
from longbox.vectors import Space
from longbox.web.addresses import search_address

# Every list that a search can weigh, in the order that people are shown them.
LIST_NAMES: Final = tuple(SearchOptions().weights())


@dataclass(frozen=True, slots=True)
class SearchState:
    """What the page of a search shows.

    Attributes:
        query: As it is typed.
        also: Panels and pictures that were added by clicking or dropping, one term each as
            `longbox.web.search.terms` writes them; the box for words stays free of their names.
        space: Compare in this space alone; None for all that have a weight.
        weights: Lists whose weight differs from the settings'.
        start: How many of the best hits come before the first one shown.
    """

    query: str = ""
    also: tuple[str, ...] = ()
    by: By = By.PANEL
    within: Writing | None = None
    space: Space | None = None
    filters: Filters = field(default_factory=Filters)
    weights: tuple[tuple[str, float], ...] = ()
    fold_editions: bool = True
    start: int = 0

    @property
    def n_filters(self) -> int:
        """How many choices narrow the search."""
        kept = self.filters
        several = (kept.series_exact, kept.page_types, kept.languages, kept.flags, kept.book_ids)
        single = (kept.direction, kept.has_text)
        has_span = kept.year_min is not None or kept.year_max is not None
        return sum(map(len, several)) + sum(value is not None for value in single) + has_span

    @property
    def asks(self) -> bool:
        """Whether there is anything to search for."""
        return bool(self.query or self.also)

    def asking(self, query: str, also: tuple[str, ...]) -> SearchState:
        """Return the same search for something else, from its beginning."""
        return replace(self, query=query, also=also, start=0)

    def without_filters(self) -> SearchState:
        """Return the same search in the whole library."""
        return replace(self, filters=Filters(), start=0)

    def parameters(self) -> dict[str, str | list[str]]:
        """Return what its address says, without what is as usual."""
        kept = self.filters
        lettering = {None: "", True: "yes", False: "no"}[kept.has_text]
        found: dict[str, str | list[str]] = {
            "q": self.query,
            "with": list(self.also),
            "by": "" if self.by is By.PANEL else self.by.value,
            "in": "" if self.within is None else self.within.value,
            "space": "" if self.space is None else self.space.value,
            "series": list(kept.series_exact),
            "type": [kind.value for kind in kept.page_types],
            "language": list(kept.languages),
            "direction": "" if kept.direction is None else kept.direction.value,
            "from": "" if kept.year_min is None else str(kept.year_min),
            "to": "" if kept.year_max is None else str(kept.year_max),
            "lettering": lettering,
            "flag": [flag.value for flag in kept.flags],
            "book": list(kept.book_ids),
            "editions": "" if self.fold_editions else "all",
            **{f"w_{name}": f"{weight:g}" for name, weight in self.weights},
            "start": str(self.start) if self.start else "",
        }
        return {name: value for name, value in found.items() if value}

    @property
    def address(self) -> str:
        """The address of its page."""
        return search_address(**self.parameters())
