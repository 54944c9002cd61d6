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

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence, Set
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from longbox.book import Hit
from longbox.config import Config
from longbox.errors import QueryError
from longbox.library import Filters, Library, PanelRecord, Writing
from longbox.retrieval.encoding import QueryEncoders, QueryFuser
from longbox.retrieval.learned import require_answerable
from longbox.retrieval.picture import PictureReader
from longbox.retrieval.query import PanelTerm, PictureTerm, Term, WordsTerm, checked_terms
from longbox.retrieval.ranking import Candidate, RankedList, fold, fuse, hamming
from longbox.retrieval.written import LISTS, mean_weight, ranked, written_lists
from longbox.vectors import QueryVector, Space, unit

# A sum shorter than this share of its positive terms is rounding, not a direction.
_NOTHING_LEFT = 1e-3
# Fewer candidates than this make fusion depend on chance at the end of each list.
_MIN_DEPTH = 100
# Looking up a hundred panels takes about 2 ms (benchmarks/search.py, records); six candidates a hit
# leave room for editions.
_MIN_RECORDS, _RECORDS_A_HIT = 60, 6


class By(StrEnum):
    """What one hit is."""

    PANEL = "panel"
    PAGE = "page"
    BOOK = "book"


@dataclass(frozen=True, slots=True)
class SearchRequest:
    """A query with its conditions.

    Attributes:
        terms: From parse_query, or made directly.
        k: Number of hits wanted.
        weights: Replaces the configured weight of a space or a list of words by name; 0 leaves
            it out.
        fold_editions: Show a page that exists twice (another language or scan) once.
        within: Look only in this kind of writing, and not for what words look like; None for all
            that the library has.
    """

    terms: tuple[Term, ...]
    filters: Filters = field(default_factory=Filters)
    by: By = By.PANEL
    k: int = 10
    weights: Mapping[str, float] = field(default_factory=dict)
    fold_editions: bool = True
    within: Writing | None = None


@dataclass(frozen=True, slots=True, eq=False)
class _Probe:
    """One vector that searches one space, and its share of that space's weight."""

    query: QueryVector
    share: float


class Searcher:
    """Answers queries on one library; models are loaded when first needed and kept."""

    def __init__(
        self,
        library: Library,
        config: Config,
        open_fuser: Callable[[], QueryFuser] | None = None,
    ) -> None:
        """Prepare to search.

        Args:
            library: Where.
            config: The library's settings.
            open_fuser: Opens the panel model that places words and pictures in the fused space,
                called when that is first asked for; without it only panels search there.
        """
        self._library = library
        self._config = config
        self._encoders = QueryEncoders(library, config, open_fuser=open_fuser)
        self._picture_reader = PictureReader(config)

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
        if request.k < 1:
            raise QueryError(f"-k is {request.k}; ask for 1 hit or more")
        terms = checked_terms(request.terms)
        weights = self._weights(request)
        require_answerable(request.weights, terms, self._library)
        depth = max(_MIN_DEPTH, self._config.search.depth * request.k)
        # The catalog and the vectors are asked at once: they keep different cores busy.
        with ThreadPoolExecutor(max_workers=1) as beside:
            said = [t for t in terms if isinstance(t, WordsTerm)]
            words = beside.submit(
                written_lists, self._library, said, weights, depth, request.filters
            )
            lists = self._vector_lists(terms, weights, depth, request)
            lists += words.result()
        if not lists:
            raise QueryError(
                "nothing is left to search: every space that the query speaks for has the weight "
                "0; give one of them more"
            )
        candidates, records = self._fused(lists, terms, request)
        groups = self._folded(candidates, records, request)
        return tuple(_hit(rank, group, records) for rank, group in enumerate(groups, start=1))

    def _fused(
        self, lists: Sequence[RankedList], terms: Sequence[Term], request: SearchRequest
    ) -> tuple[list[Candidate[tuple[str, ...]]], dict[int, PanelRecord]]:
        """Fuse the lists, without what the query consists of; look up what the best ones are."""
        if request.by is not By.PANEL:
            rows = sorted({row for ranked in lists for row in ranked.items})
            records = {r.row: r for r in self._library.panel_records(rows)}
            lists = [_answerable(ranked, _asked(terms, request.by), records) for ranked in lists]
            return fuse(lists, lambda row: _key(records[row], request.by)), records
        asked = {self._library.panel_row(t.panel_id) for t in terms if isinstance(t, PanelTerm)}
        lists = [_without(ranked, asked) for ranked in lists]
        # A panel is its own group, so only those that can still become a hit need their records.
        best = fuse(lists, _own_group)[: max(_MIN_RECORDS, _RECORDS_A_HIT * request.k)]
        found = self._library.panel_records(sorted(c.best_item for c in best))
        records = {r.row: r for r in found}
        return [c for c in best if c.best_item in records], records

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
        lists = []
        wanted = {space for space in Space if weights.get(space, 0.0) > 0}
        for probe in self._probes(terms, wanted, request.within):
            found = self._library.nearest(probe.query, depth, request.filters)
            weight = weights[probe.query.space] * probe.share
            lists.append(ranked(probe.query.space, found, weight))
        return lists

    def _probes(
        self, terms: Sequence[Term], wanted: Set[Space], within: Writing | None
    ) -> list[_Probe]:
        """Turn the terms into one vector a space, and one for every panel of a page picture."""
        parts: dict[Space, list[tuple[float, QueryVector]]] = defaultdict(list)
        probes: list[_Probe] = []
        by_words = wanted if within is None else wanted - {Space.VISION, Space.FUSED}
        for term in terms:
            if isinstance(term, PictureTerm):
                wholes, panels = self._picture(term, wanted)
                for query in wholes:
                    parts[query.space].append((term.weight, query))
                probes.extend(panels)
            else:
                spoken = by_words if isinstance(term, WordsTerm) else wanted
                for query in self._vectors(term, spoken):
                    parts[query.space].append((term.weight, query))
        for space, weighted in parts.items():
            total = _sum(space, weighted)
            if total is not None:
                probes.append(_Probe(total, mean_weight([w for w, _ in weighted if w > 0])))
        return [p for p in probes if p.query.space in wanted]

    def _vectors(self, term: WordsTerm | PanelTerm, wanted: Set[Space]) -> list[QueryVector]:
        if isinstance(term, WordsTerm):
            return self._encoders.words(term.text, wanted)
        row = self._library.panel_row(term.panel_id)
        vectors = (self._library.panel_vector(row, space) for space in Space if space in wanted)
        return [v for v in vectors if v is not None]

    def _picture(
        self, term: PictureTerm, wanted: Set[Space]
    ) -> tuple[list[QueryVector], list[_Probe]]:
        """Return the whole picture's vectors, and probes for its panels when it is a page."""
        seen = self._picture_reader.see(term.path)
        whole, *panels = self._encoders.pictures(seen.crops())
        wholes = [whole]
        if Space.FUSED in wanted and self._library.spaces().get(Space.FUSED):
            wholes.append(self._encoders.fused(whole))
            panels += [self._encoders.fused(query) for query in panels]
        n_panels = max(1, len(seen.panels))
        probes = [_Probe(query, term.weight / n_panels) for query in panels]
        for text in seen.texts:
            probes.extend(
                _Probe(query, term.weight / len(seen.texts))
                for query in self._encoders.words(text, {Space.TEXT})
            )
        return wholes, probes if term.weight > 0 else []

    def _folded(
        self,
        candidates: Sequence[Candidate[tuple[str, ...]]],
        records: Mapping[int, PanelRecord],
        request: SearchRequest,
    ) -> list[list[Candidate[tuple[str, ...]]]]:
        if not request.fold_editions or request.by is By.BOOK:
            return [[c] for c in candidates[: request.k]]
        bits = self._config.search.edition_bits

        def is_edition(a: Candidate[tuple[str, ...]], b: Candidate[tuple[str, ...]]) -> bool:
            return is_same_panel(
                records[a.best_item], records[b.best_item], bits, request.by is By.PANEL
            )

        return fold(candidates, is_edition, request.k)


def is_same_panel(a: PanelRecord, b: PanelRecord, bits: int, compare_boxes: bool) -> bool:
    """Say whether two panels (or their pages) are editions of one.

    Args:
        a: One panel.
        b: Another.
        bits: Picture hashes of their pages may differ in this many of 64 bits.
        compare_boxes: Also require that they lie at the same place on the page.
    """
    if (a.book_id, a.page_index) == (b.book_id, b.page_index):
        return a.panel == b.panel if compare_boxes else True
    if a.picture_hash is None or b.picture_hash is None:
        return False
    # A page of one colour has a hash of hardly any set bits and would equal every other one.
    if not 16 <= int(a.picture_hash, 16).bit_count() <= 48:
        return False
    if hamming(a.picture_hash, b.picture_hash) > bits:
        return False
    scaled = b.box.scale(a.page_width / b.page_width, a.page_height / b.page_height)
    return not compare_boxes or a.box.iou(scaled) >= 0.5


def _sum(space: Space, weighted: Sequence[tuple[float, QueryVector]]) -> QueryVector | None:
    """Add up the terms of one space; None when nothing speaks for it, or all of it cancels out."""
    positive = sum(weight for weight, _ in weighted if weight > 0)
    if positive <= 0:
        return None
    fingerprints = {query.fingerprint for _, query in weighted}
    if len(fingerprints) > 1:
        raise QueryError(
            f"the terms' {space} vectors come from different encoders; search with one of them, "
            f"or run `longbox index --refresh` first"
        )
    if len(weighted) == 1:
        return weighted[0][1]
    total: NDArray[np.float32] = np.sum(
        [np.float32(weight) * query.vector for weight, query in weighted], axis=0
    )
    # A mean, not a direction, where length means something (composition).
    if space is Space.COMPOSITION:
        return QueryVector(space, fingerprints.pop(), total / np.float32(positive))
    if float(np.linalg.norm(total)) < _NOTHING_LEFT * positive:
        return None  # "rain" - "rain": no direction is left, and zeros are near to nothing
    vector = unit(total)
    return QueryVector(space, fingerprints.pop(), vector)


def _asked(terms: Sequence[Term], by: By) -> Callable[[PanelRecord], bool]:
    """Return what says whether a panel lies in a panel, page or book that the query consists of."""
    ids = [t.panel_id for t in terms if isinstance(t, PanelTerm)]
    keys = {_place(i.book_id, i.page_index, i.panel, by) for i in ids}
    return lambda record: _key(record, by) in keys


def _own_group(row: int) -> tuple[str, ...]:
    return (str(row),)


def _without(ranked: RankedList, rows: Set[int]) -> RankedList:
    kept = [pair for pair in zip(ranked.items, ranked.scores, strict=True) if pair[0] not in rows]
    return RankedList(
        ranked.name, [row for row, _ in kept], [score for _, score in kept], ranked.weight
    )


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


def _hit(
    rank: int, group: Sequence[Candidate[tuple[str, ...]]], records: Mapping[int, PanelRecord]
) -> Hit:
    best = group[0]
    record = records[best.best_item]
    return Hit(
        rank=rank,
        score=best.score,
        panel_id=str(record.panel_id),
        book_id=record.book_id,
        title=record.title,
        file=record.file,
        page=record.page_index,
        panel=record.panel,
        box=record.box,
        text=record.text,
        matched=best.matched,
        also=tuple(str(records[c.best_item].panel_id) for c in group[1:]),
        description=record.description,
    )
