"""Answer a query: each space by itself, then one list.

Every term becomes a vector in each space that it can honestly be in: words in the sentence space
(and in the picture space when the picture encoder has a text tower), a picture in the picture
space, a panel in every space it has. Terms of one space are added up with their weights, and that
one vector searches that one space; its ranks count as much as its wanted terms weigh on average,
so that in "2:dragon" + crop.png the word counts twice. A space that no term speaks for is not
asked, so an image-only query is ranked by pictures alone. A space for which only subtracted terms
speak is not asked either: "everything unlike a castle" is no answer to anything. Word and substring
search take the words as they are.

What is lettered in a panel and what a model wrote about it are asked apart, each with its own
lists (`longbox.retrieval.written`); a library without descriptions is not asked for any.

A picture that shows a page is also cut into panels: each searches by itself, and what is written
on it joins by its meaning. It still searches as a whole, so that a crop mistaken for a page finds
its panel.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence, Set
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import partial

from longbox.book import Hit
from longbox.config import Config
from longbox.errors import QueryError
from longbox.library import Library, PanelRecord, WordsQuery, Writing
from longbox.retrieval.editions import Editions
from longbox.retrieval.encoding import QueryEncoders, QueryFuser
from longbox.retrieval.learned import require_answerable
from longbox.retrieval.parts import GrowingList, KeptLists, Step
from longbox.retrieval.picture import PictureReader
from longbox.retrieval.probes import Probe, ProbeMaker
from longbox.retrieval.query import PanelTerm, Term, WordsTerm, checked_terms
from longbox.retrieval.ranking import Candidate, RankedList, fuse
from longbox.retrieval.request import By, ResultPart, SearchRequest
from longbox.retrieval.strength import vector_strength, with_word_strengths
from longbox.retrieval.words import words_query
from longbox.retrieval.written import LISTS, ranked, written_lists
from longbox.vectors import Space

# Fewer candidates than this make fusion depend on chance at the end of each list.
_MIN_DEPTH = 100
# Looking up a hundred panels takes about 2 ms (benchmarks/search.py, records); six candidates a hit
# leave room for editions.
_MIN_RECORDS, _RECORDS_A_HIT = 60, 6
# Words are looked up beside vectors, and spaces beside one another; more queries at once than this
# wait for each other.
_WORD_THREADS = 4
_SPACE_THREADS = min(4, os.cpu_count() or 1)

Group = Candidate[tuple[str, ...]]
Records = Mapping[int, PanelRecord]


@dataclass(slots=True)
class _Kept:
    """A hit in the making: its best candidate, and the same panels in other editions."""

    best: Group
    record: PanelRecord
    also: list[str] = field(default_factory=list)


@dataclass(slots=True)
class _Shown:
    """The hits of a list so far; `seen` names all that they are or have folded in."""

    editions: Editions
    groups: list[_Kept] = field(default_factory=list)
    seen: set[tuple[str, ...]] = field(default_factory=set)

    def take(
        self, candidate: Group, record: PanelRecord, request: SearchRequest, n_hits: int
    ) -> bool:
        """Add a candidate that was not seen; return False when the list is full without it."""
        if candidate.key in self.seen:
            return True
        if request.fold_editions and request.by is not By.BOOK:
            number = self.editions.find(record)
            if number is not None:
                self.groups[number].also.append(str(record.panel_id))
                self.seen.add(candidate.key)
                return True
        if len(self.groups) == n_hits:
            return False
        self.editions.add(record)
        self.groups.append(_Kept(candidate, record))
        self.seen.add(candidate.key)
        return True


class Searcher:
    """Answers queries on one library; models are loaded when first needed and kept.

    Several threads may search at once.
    """

    def __init__(
        self,
        library: Library,
        config: Config,
        open_fuser: Callable[[], QueryFuser] | None = None,
        n_threads: int = 2,
    ) -> None:
        """Prepare to search.

        Args:
            library: Where.
            config: The library's settings.
            open_fuser: Opens the panel model that places words and pictures in the fused space,
                called when that is first asked for; without it only panels search there.
            n_threads: Threads of one network while it reads a query.
        """
        self._library = library
        self._config = config
        encoders = QueryEncoders(library, config, n_threads, open_fuser)
        self._probes = ProbeMaker(library, encoders, PictureReader(config, n_threads))
        self._lists = KeptLists()
        self._beside = ThreadPoolExecutor(_WORD_THREADS, thread_name_prefix="longbox-words")
        self._spaces = ThreadPoolExecutor(_SPACE_THREADS, thread_name_prefix="longbox-spaces")

    def search(self, request: SearchRequest) -> tuple[Hit, ...]:
        """Find the best panels, pages or books.

        Args:
            request: What to look for.

        Returns:
            At most k hits, best first; empty when nothing matches.

        Raises:
            QueryError: No term speaks for a space with a weight, a weight has an unknown name, a
                picture cannot be read, a panel is not in the library, or descriptions are asked
                of a library that has none.
            SpaceMismatchError: The library's vectors were made by another encoder.
            ModelError: The fused space is asked with words or a picture, and the panel model
                cannot be opened.
        """
        return self.search_part(request).hits

    def search_part(self, request: SearchRequest) -> ResultPart:
        """Find a part of a list of hits, and whether it is the last; raises as `search`."""
        if request.k < 1:
            raise QueryError(f"-k is {request.k}; ask for 1 hit or more")
        if request.offset < 0:
            raise QueryError(f"the offset is {request.offset}; ask from 0 on")
        terms = checked_terms(request.terms)
        require_answerable(request.weights, terms, self._library)

        def begin() -> GrowingList:
            bits = self._config.search.edition_bits
            shown = _Shown(Editions(bits, compare_boxes=request.by is By.PANEL))
            return GrowingList(request.k, partial(self._step, request, terms, shown))

        return self._lists.part(self._library.generation(), request, begin)

    def _step(
        self, request: SearchRequest, terms: Sequence[Term], shown: _Shown, n_hits: int
    ) -> Step:
        """Search deep enough for a list of so many hits; return those that were not shown."""
        weights = self._weights(request)
        depth = max(_MIN_DEPTH, self._config.search.depth * n_hits)
        said = [t for t in terms if isinstance(t, WordsTerm)]
        # The catalog and the vectors are asked at once: they keep different cores busy.
        words = self._beside.submit(
            written_lists, self._library, said, weights, depth, request.filters
        )
        try:
            lists = self._vector_lists(terms, weights, depth, request)
        finally:
            written = words.exception()
        if written is not None:
            raise written
        lists += words.result()
        if not lists:
            raise _nothing_to_search(terms, weights)
        candidates, records, is_whole = self._fused(lists, terms, request, n_hits)
        is_exhausted = is_whole and all(len(ranked.items) < depth for ranked in lists)
        before = len(shown.groups)
        for candidate in candidates:
            if not shown.take(candidate, records[candidate.best_item], request, n_hits):
                is_exhausted = False
                break
        query = words_query(said)
        hits = tuple(
            _hit(rank, group, query)
            for rank, group in enumerate(shown.groups[before:], start=before + 1)
        )
        return Step(hits, is_exhausted)

    def _fused(
        self,
        lists: Sequence[RankedList],
        terms: Sequence[Term],
        request: SearchRequest,
        n_hits: int,
    ) -> tuple[list[Group], Records, bool]:
        """Fuse the lists, without what the query consists of; look up what the best ones are.

        Returns:
            The candidates, best first, their records, and whether these are all candidates.
        """
        if request.by is not By.PANEL:
            rows = sorted({row for ranked in lists for row in ranked.items})
            records = {r.row: r for r in self._library.panel_records(rows)}
            lists = [_answerable(ranked, _asked(terms, request.by), records) for ranked in lists]
            return fuse(lists, lambda row: _key(records[row], request.by)), records, True
        asked = {self._library.panel_row(t.panel_id) for t in terms if isinstance(t, PanelTerm)}
        lists = [_without(ranked, asked) for ranked in lists]
        # A panel is its own group, so only those that can still become a hit need their records.
        every = fuse(lists, _own_group)
        best = every[: max(_MIN_RECORDS, _RECORDS_A_HIT * n_hits)]
        found = self._library.panel_records(sorted(c.best_item for c in best))
        records = {r.row: r for r in found}
        return [c for c in best if c.best_item in records], records, len(best) == len(every)

    def _weights(self, request: SearchRequest) -> dict[str, float]:
        known = self._config.search.weights()
        for name, weight in request.weights.items():
            if name not in known:
                raise QueryError(f"there is no space {name!r} to weigh; use {', '.join(known)}")
            if not 0 <= weight <= 1000:
                raise QueryError(f"the weight of {name} is {weight}; use 0 to 1000")
        has_descriptions = self._library.has_descriptions()
        if request.within is Writing.DESCRIPTION and not has_descriptions:
            raise QueryError(
                "this library has no descriptions to search in; make them with `longbox describe`"
            )
        asked = {request.within} if request.within else set(Writing)
        if not has_descriptions:
            asked.discard(Writing.DESCRIPTION)
        silent = {name: 0.0 for writing in set(Writing) - asked for name in LISTS[writing]}
        return {**known, **request.weights, **silent}

    def _vector_lists(
        self,
        terms: Sequence[Term],
        weights: Mapping[str, float],
        depth: int,
        request: SearchRequest,
    ) -> list[RankedList]:
        wanted = {space for space in Space if weights.get(space, 0.0) > 0}

        def look(probe: Probe) -> RankedList:
            found = self._library.nearest(probe.query, depth, request.filters)
            weight = weights[probe.query.space] * probe.share
            chance = self._library.chance_scores(probe.query) if found else None
            strength = None if chance is None else vector_strength(chance)
            return replace(ranked(probe.query.space, found, weight), strength=strength)

        return list(self._spaces.map(look, self._probes.probes(terms, wanted, request.within)))


def _asked(terms: Sequence[Term], by: By) -> Callable[[PanelRecord], bool]:
    """Return what says whether a panel lies in a panel, page or book that the query consists of."""
    ids = [t.panel_id for t in terms if isinstance(t, PanelTerm)]
    keys = {_place(i.book_id, i.page_index, i.panel, by) for i in ids}
    return lambda record: _key(record, by) in keys


def _nothing_to_search(terms: Sequence[Term], weights: Mapping[str, float]) -> QueryError:
    """Return what is wrong with a query of which no list is left."""
    asked = [space.value for space in Space if weights.get(space, 0.0) > 0]
    panels = [str(term.panel_id) for term in terms if isinstance(term, PanelTerm)]
    if asked and len(panels) == len(terms) and all(term.weight > 0 for term in terms):
        return QueryError(
            f"{', '.join(panels)}: no vector in {', '.join(asked)} to search with; a panel that is "
            "new or was corrected gets its vectors from `longbox index`, one without lettering has "
            "none of text"
        )
    return QueryError(
        "nothing is left to search: every space that the query speaks for has the weight 0, or "
        "what is wanted and what is not cancel each other out; give one of them more weight"
    )


def _own_group(row: int) -> tuple[str, ...]:
    return (str(row),)


def _without(ranked: RankedList, rows: Set[int]) -> RankedList:
    kept = [pair for pair in zip(ranked.items, ranked.scores, strict=True) if pair[0] not in rows]
    rows_kept, scores = [row for row, _ in kept], [score for _, score in kept]
    return replace(ranked, items=rows_kept, scores=scores)


def _answerable(
    ranked: RankedList, is_asked: Callable[[PanelRecord], bool], records: Mapping[int, PanelRecord]
) -> RankedList:
    """Leave out what the query consists of, and what was removed since it was found."""
    rows = {row for row in ranked.items if row not in records or is_asked(records[row])}
    return _without(ranked, rows)


def _key(record: PanelRecord, by: By) -> tuple[str, ...]:
    return _place(record.book_id, record.page_index, record.panel, by)


def _place(book_id: str, page_index: int, panel: int, by: By) -> tuple[str, ...]:
    whole = (book_id, str(page_index), str(panel))
    return whole[: {By.BOOK: 1, By.PAGE: 2, By.PANEL: 3}[by]]


def _hit(rank: int, group: _Kept, query: WordsQuery | None) -> Hit:
    record = group.record
    return Hit(
        rank=rank,
        score=group.best.score,
        panel_id=str(record.panel_id),
        book_id=record.book_id,
        title=record.title,
        file=record.file,
        page=record.page_index,
        panel=record.panel,
        box=record.box,
        text=record.text,
        matched=with_word_strengths(group.best.matched, record, query),
        also=tuple(group.also),
        description=record.description,
    )
