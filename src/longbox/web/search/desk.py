"""Where a search is answered: one search, one look at the records, what is shown of them.

What was made is kept until the library changes, so that going back, opening a shared address or
drawing the rest of a page asks nothing again. Facets and the lists of hits are kept by the rooms
that make them.

A page or a book is one hit with its best panel; which other panels of it matched is a second
search among these books alone.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from longbox.book import Hit, PanelId
from longbox.config import Config
from longbox.errors import QueryError
from longbox.library import Facets, Filters, LastAnswers, Library, PanelRecord
from longbox.retrieval import (
    MOST_HITS,
    By,
    DecodedPicture,
    PanelTerm,
    Searcher,
    SearchRequest,
    Term,
    only_space,
)
from longbox.vectors import Space
from longbox.web.addresses import page_picture, panel_address, panel_picture, read_address
from longbox.web.pictures import UploadStore
from longbox.web.search.shown import (
    LIKE_LABELS,
    LIKE_SPACES,
    Like,
    LikeKind,
    PagePlace,
    ShownHit,
    ShownPanel,
    pieces_of,
    reasons_of,
)
from longbox.web.search.state import SearchState
from longbox.web.search.terms import added_panel, read_terms, with_pixels

HITS_A_PART: Final = 16
MOST_PARTS_AT_ONCE: Final = 10
_MOST_PARTS: Final = 128
_MOST_PICTURES: Final = 8
_MOST_FACET_VALUES: Final = 60
_PANELS_A_PAGE: Final = 12
_PANELS_A_BOOK: Final = 4
# Panels looked for among the pages or books that were found, for each of them.
_LOOKED_FOR: Final = 4
_PICTURE_PX: Final = 320


@dataclass(frozen=True, slots=True)
class ShownPart:
    """A part of a list of hits.

    Attributes:
        hits: In order.
        is_last: No hit comes after these.
        is_cut: More match than a list shows.
    """

    hits: tuple[ShownHit, ...]
    is_last: bool
    is_cut: bool = False


class SearchDesk:
    """Answers the searches of one server."""

    def __init__(
        self, library: Library, config: Config, searcher: Searcher, uploads: UploadStore
    ) -> None:
        self._library = library
        self._searcher = searcher
        self._uploads = uploads
        self._parts = LastAnswers[tuple[int, SearchState, int], ShownPart](_MOST_PARTS)
        self._pictures = LastAnswers[str, DecodedPicture](_MOST_PICTURES)
        self._spaces = LastAnswers[int, Mapping[Space, tuple[str, ...]]](1)
        self.usual_weights: Mapping[str, float] = config.search.weights()

    def facets(self, filters: Filters) -> Facets:
        """Return what each further choice would leave of the library."""
        return self._library.facets(filters, _MOST_FACET_VALUES)

    def part(self, state: SearchState, k: int = HITS_A_PART) -> ShownPart:
        """Return the hits of a search from its start on.

        Args:
            state: The search; empty ones find nothing.
            k: At most so many hits. Parts of one list are asked for with the same k.

        Raises:
            QueryError: The query cannot be understood or answered.
            SpaceMismatchError: The library's vectors were made by another encoder.
            ModelError: A space needs a model that cannot be opened.
        """
        terms = read_terms(state.query, state.also)
        if not terms:
            return ShownPart((), is_last=True)
        key = (self._library.generation(), state, k)
        return self._parts.get(key, lambda: self._make_part(state, terms, k))

    def parts(self, state: SearchState, n_hits: int) -> ShownPart:
        """Return the first parts of a list together, as somebody had them who scrolled so far."""
        found: list[ShownHit] = []
        n_parts = min(MOST_PARTS_AT_ONCE, max(1, -(-n_hits // HITS_A_PART)))
        for number in range(n_parts):
            start = state.start + number * HITS_A_PART
            part = self.part(replace(state, start=start))
            found += part.hits
            if part.is_last:
                break
        return replace(part, hits=tuple(found))

    def spaces(self) -> Mapping[Space, tuple[str, ...]]:
        """Return the spaces of the library and their encoders."""
        return self._spaces.get(self._library.generation(), self._library.spaces)

    def titles(self, terms: Iterable[Term]) -> dict[PanelId, str]:
        """Return the titles of the books of a query's panels; of those there are."""
        ids = [str(term.panel_id) for term in terms if isinstance(term, PanelTerm)]
        return {record.panel_id: record.title for record in self._records(ids).values()}

    def _make_part(self, state: SearchState, terms: tuple[Term, ...], k: int) -> ShownPart:
        asked = self._request(state, with_pixels(terms, self._picture), k)
        found = self._searcher.search_part(asked)
        panels = self._panels_of_hits(asked, found.hits)
        ids = [hit.panel_id for hit in found.hits]
        ids += [panel_id for hit in found.hits for panel_id in hit.also]
        ids += [panel_id for group in panels.values() for panel_id in group]
        records = self._records(ids)
        spaces = self._library.panel_spaces([record.row for record in records.values()])
        # A panel that went away since it was found is no hit any more.
        hits = tuple(
            self._shown(state, terms, hit, records, panels.get(hit.panel_id, []), spaces)
            for hit in found.hits
            if hit.panel_id in records
        )
        is_cut = found.is_last and asked.offset + len(found.hits) >= MOST_HITS
        return ShownPart(hits, found.is_last, is_cut)

    def _request(self, state: SearchState, terms: tuple[Term, ...], k: int) -> SearchRequest:
        alone = {} if state.space is None else only_space(state.space)
        return SearchRequest(
            terms,
            filters=state.filters,
            by=state.by,
            k=k,
            weights={**alone, **dict(state.weights)},
            fold_editions=state.fold_editions,
            within=state.within,
            offset=state.start,
        )

    def _panels_of_hits(self, asked: SearchRequest, hits: Sequence[Hit]) -> dict[str, list[str]]:
        """Return the panels that matched in each page or book, by the hit's own panel."""
        if asked.by is By.PANEL or not hits:
            return {}
        filters = replace(asked.filters, book_ids=tuple(sorted({hit.book_id for hit in hits})))
        request = replace(
            asked,
            by=By.PANEL,
            filters=filters,
            k=_LOOKED_FOR * HITS_A_PART,
            fold_editions=False,
            offset=0,
        )
        by_page = asked.by is By.PAGE
        groups: dict[tuple[str, int], list[str]] = defaultdict(list)
        for found in self._searcher.search(request):
            groups[found.book_id, found.page if by_page else 0].append(found.panel_id)
        most = _PANELS_A_PAGE if by_page else _PANELS_A_BOOK
        own = {hit.panel_id: groups[hit.book_id, hit.page if by_page else 0] for hit in hits}
        together = {best: list(dict.fromkeys([best, *found]))[:most] for best, found in own.items()}
        return {best: sorted(ids) if by_page else ids for best, ids in together.items()}

    def _records(self, ids: Iterable[str]) -> dict[str, PanelRecord]:
        rows = []
        for panel_id in dict.fromkeys(ids):
            try:
                rows.append(self._library.panel_row(PanelId.parse(panel_id)))
            except QueryError:  # its book was removed or indexed anew since it was found
                continue
        return {str(record.panel_id): record for record in self._library.panel_records(rows)}

    def _picture(self, picture_id: str) -> DecodedPicture:
        return self._pictures.get(
            picture_id, lambda: DecodedPicture.of(self._uploads.pixels(picture_id))
        )

    def _shown(
        self,
        state: SearchState,
        terms: Sequence[Term],
        hit: Hit,
        records: Mapping[str, PanelRecord],
        panel_ids: Sequence[str],
        spaces: Mapping[int, frozenset[Space]],
    ) -> ShownHit:
        record = records[hit.panel_id]
        panels = tuple(_panel(records[each]) for each in panel_ids if each in records)
        is_book = state.by is By.BOOK
        cover = self._library.book_summary(record.book_id).cover_page if is_book else None
        page = record.page_index if cover is None else cover
        return ShownHit(
            rank=hit.rank,
            score=hit.score,
            best=_panel(record),
            panels=panels or (_panel(record),),
            cover=cover,
            series=record.series,
            year=record.year,
            language=record.language,
            direction=record.direction,
            page_type=record.page_type,
            text=pieces_of(record.text, terms),
            description=pieces_of(record.description, terms),
            matched=reasons_of(hit),
            editions=tuple(_place(records[each]) for each in hit.also if each in records),
            likes=_likes(state, record, spaces[record.row]),
            picture=panel_picture(hit.panel_id, _PICTURE_PX),
            page=page_picture(record.book_id, page, _PICTURE_PX),
            read=read_address(record.book_id, record.page_index, panel=record.panel),
            link=panel_address(hit.panel_id),
        )


def _panel(record: PanelRecord) -> ShownPanel:
    return ShownPanel(
        panel_id=str(record.panel_id),
        book_id=record.book_id,
        title=record.title,
        page_index=record.page_index,
        panel=record.panel,
        box=record.box.as_tuple(),
        page_width=record.page_width,
        page_height=record.page_height,
    )


def _place(record: PanelRecord) -> PagePlace:
    return PagePlace(record.book_id, record.title, record.page_index)


def _likes(state: SearchState, record: PanelRecord, spaces: frozenset[Space]) -> tuple[Like, ...]:
    """Return the searches for more like a panel, by what it has, in the same kind of hits."""
    found = []
    for kind in LikeKind:
        space = LIKE_SPACES[kind]
        if space not in spaces and kind is not LikeKind.EVERYTHING:
            continue
        alone = space if space in spaces else None  # all spaces together, without a trained one
        asked = SearchState(
            also=(added_panel(record.panel_id),),
            by=state.by,
            space=alone,
            fold_editions=state.fold_editions,
        )
        found.append(Like(kind, LIKE_LABELS[kind], asked.address))
    return tuple(found)
