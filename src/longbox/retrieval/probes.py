"""The terms of a query become vectors: one a space, and one for every panel of a page picture."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence, Set
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from longbox.errors import QueryError
from longbox.library import LastAnswers, Library, Writing
from longbox.retrieval.encoding import QueryEncoders
from longbox.retrieval.picture import PictureReader
from longbox.retrieval.query import PanelTerm, PictureTerm, Term, WordsTerm
from longbox.retrieval.written import mean_weight
from longbox.vectors import QueryVector, Space, unit

# A sum shorter than this share of its positive terms is rounding, not a direction.
_NOTHING_LEFT: Final = 1e-3
_MOST_PICTURES: Final = 64


@dataclass(frozen=True, slots=True, eq=False)
class Probe:
    """One vector that searches one space, and its share of that space's weight."""

    query: QueryVector
    share: float


@dataclass(frozen=True, slots=True, eq=False)
class _ReadPicture:
    """What is known of a query picture.

    Attributes:
        whole: Its vector.
        panels: One a panel where it is a page.
        texts: What is written on it where it is a page, panel by panel.
    """

    whole: QueryVector
    panels: tuple[QueryVector, ...]
    texts: tuple[str, ...]


class ProbeMaker:
    """Makes the vectors of queries; those of the last pictures are kept."""

    def __init__(self, library: Library, encoders: QueryEncoders, pictures: PictureReader) -> None:
        self._library = library
        self._encoders = encoders
        self._reader = pictures
        self._read = LastAnswers[tuple[object, ...], _ReadPicture](_MOST_PICTURES)

    def probes(
        self, terms: Sequence[Term], wanted: Set[Space], within: Writing | None
    ) -> list[Probe]:
        """Turn the terms into one vector a space, and one for every panel of a page picture.

        Args:
            terms: Of the query.
            wanted: Spaces that have a weight.
            within: Where words are looked for; then they say nothing of what is seen.
        """
        parts: dict[Space, list[tuple[float, QueryVector]]] = defaultdict(list)
        probes: list[Probe] = []
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
                probes.append(Probe(total, mean_weight([w for w, _ in weighted if w > 0])))
        return [p for p in probes if p.query.space in wanted]

    def _vectors(self, term: WordsTerm | PanelTerm, wanted: Set[Space]) -> list[QueryVector]:
        if isinstance(term, WordsTerm):
            return self._encoders.words(term.text, wanted)
        row = self._library.panel_row(term.panel_id)
        vectors = (self._library.panel_vector(row, space) for space in Space if space in wanted)
        return [v for v in vectors if v is not None]

    def _picture(
        self, term: PictureTerm, wanted: Set[Space]
    ) -> tuple[list[QueryVector], list[Probe]]:
        """Return the whole picture's vectors, and probes for its panels when it is a page."""
        key = _picture_key(term)
        seen = self._look(term) if key is None else self._read.get(key, lambda: self._look(term))
        wholes, panels = [seen.whole], list(seen.panels)
        if Space.FUSED in wanted and self._library.spaces().get(Space.FUSED):
            wholes.append(self._encoders.fused(seen.whole))
            panels += [self._encoders.fused(query) for query in seen.panels]
        n_panels = max(1, len(seen.panels))
        probes = [Probe(query, term.weight / n_panels) for query in panels]
        for text in seen.texts:
            probes.extend(
                Probe(query, term.weight / len(seen.texts))
                for query in self._encoders.words(text, {Space.TEXT})
            )
        return wholes, probes if term.weight > 0 else []

    def _look(self, term: PictureTerm) -> _ReadPicture:
        seen = self._reader.see(term)
        whole, *panels = self._encoders.pictures(seen.crops())
        return _ReadPicture(whole, tuple(panels), seen.texts)


def _picture_key(term: PictureTerm) -> tuple[object, ...] | None:
    """Name what a picture shows; None for a file that cannot be asked."""
    if not isinstance(term.source, Path):
        return (term.source.digest, term.region)
    try:
        known = term.source.stat()
    except OSError:  # decoding says what is wrong with it
        return None
    return (term.source, known.st_mtime_ns, known.st_size, term.region)


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
