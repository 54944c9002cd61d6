"""The spaces that a library holds, as rows to measure.

Books are read in a seeded order until enough panels are there; `note` says where not all were. A
space may hold vectors of several encoders after settings were changed; only those of one
fingerprint are comparable, so the most frequent one is measured and the others are named.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from longbox.errors import LibraryError
from longbox.features import LearnedVectors
from longbox.library import BookSource, Library, learned_path, read_learned_store
from longbox.vectors import PanelVectors, Space

MAX_PANELS: Final = 50_000

_HINTS: Final = {
    Space.DESCRIPTION: "no descriptions yet; run `longbox describe`",
    Space.FUSED: "no fused vectors yet; run `longbox embed`",
    Space.CONTEXTUAL: "no contextual vectors yet; run `longbox embed`",
}


@dataclass(frozen=True, slots=True, eq=False)
class SpaceRows:
    """One space's vectors over many books.

    Attributes:
        vectors: Float32 (N, D).
        mask: bool (N,).
        pages: Page index of every row, int64 (N,).
        books: Number of its book, int64 (N,).
    """

    space: Space
    fingerprint: str
    vectors: NDArray[np.float32]
    mask: NDArray[np.bool_]
    pages: NDArray[np.int64]
    books: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class AbsentSpace:
    """A space with nothing to measure, and what would change that."""

    space: Space
    reason: str


@dataclass(frozen=True, slots=True, eq=False)
class LibrarySpaces:
    """What a library holds.

    Attributes:
        notes: What was left out: books beyond the limit, damaged books, other encoders' vectors.
    """

    spaces: tuple[SpaceRows, ...]
    absent: tuple[AbsentSpace, ...]
    notes: tuple[str, ...]


def gather_spaces(
    library: Library,
    *,
    spaces: Collection[Space] = tuple(Space),
    max_panels: int = MAX_PANELS,
    seed: int = 0,
) -> LibrarySpaces:
    """Read the vectors of a library, of whole books up to about `max_panels` panels.

    Fused and contextual vectors are those of the model that answers searches.

    Args:
        library: Open.
        spaces: Which; all when not given.
        max_panels: Where no further book is read.
        seed: Of the order of books.
    """
    ids = library.book_ids()
    model = library.answering_model()
    order = np.random.default_rng(seed).permutation(len(ids))
    parts: dict[Space, list[tuple[int, PanelVectors, NDArray[np.int64]]]] = defaultdict(list)
    notes: list[str] = []
    n_panels = n_read = 0
    for book in order.tolist():
        if n_panels >= max_panels:
            notes.append(
                f"measured on {n_panels:,} panels of {n_read:,} of {len(ids):,} books, drawn with "
                f"seed {seed}"
            )
            break
        n_read += 1
        try:
            source = library.book_source(ids[book])
            found = list(_vectors_of(library, source, model))
        except LibraryError as error:
            notes.append(f"left out: {error}")
            continue
        panels = source.store.annotated.panels()
        pages = np.array([page.page.index for page, _ in panels], np.int64)
        n_panels += len(pages)
        for vectors in found:
            if len(vectors.mask) != len(pages):
                notes.append(f"left out: {ids[book]} has {vectors.space} vectors of other panels")
            elif vectors.space in spaces and vectors.mask.any():
                parts[vectors.space].append((book, vectors, pages))
    found_spaces = tuple(_joined(s, parts[s], notes) for s in Space if parts[s])
    absent = tuple(absent_space(s) for s in Space if s in spaces and not parts[s])
    return LibrarySpaces(found_spaces, absent, tuple(notes))


def absent_space(space: Space) -> AbsentSpace:
    """Say that a library has no vectors in a space, and what makes some."""
    hint = _HINTS.get(space, f"no {space} vectors yet; run `longbox index`")
    return AbsentSpace(space, hint)


def _learned(library: Library, source: BookSource, model: str) -> LearnedVectors | None:
    """Return what the answering model made of a book; None where it has nothing up to date."""
    path = learned_path(library.root, model, source.store.annotated.book.book_id)
    if not path.is_file():
        return None
    found = read_learned_store(path)
    is_of_this_book = found.made_from.book_sha256 == source.made_from.book_sha256
    return found.learned if is_of_this_book else None


def _vectors_of(library: Library, source: BookSource, model: str | None) -> Iterator[PanelVectors]:
    yield from (v for v in source.store.vectors if v.space is not Space.DESCRIPTION)
    if source.descriptions is not None:
        yield source.descriptions
    learned = _learned(library, source, model) if model else None
    if learned is not None:
        yield learned.fused
        yield learned.contextual


def _joined(
    space: Space, parts: list[tuple[int, PanelVectors, NDArray[np.int64]]], notes: list[str]
) -> SpaceRows:
    counts: dict[tuple[str, int], int] = defaultdict(int)
    for _, vectors, _ in parts:
        counts[vectors.fingerprint, vectors.dimension] += int(vectors.mask.sum())
    chosen = max(sorted(counts), key=lambda made_by: counts[made_by])
    for other in sorted(counts):
        if other != chosen:
            notes.append(
                f"left out: {counts[other]:,} {space} vectors by {other[0]}; most are by "
                f"{chosen[0]}, and they are not comparable"
            )
    kept = [p for p in parts if (p[1].fingerprint, p[1].dimension) == chosen]
    return SpaceRows(
        space,
        chosen[0],
        np.concatenate([v.vectors for _, v, _ in kept]),
        np.concatenate([v.mask for _, v, _ in kept]),
        np.concatenate([pages for _, _, pages in kept]),
        np.concatenate([np.full(len(pages), book, np.int64) for book, _, pages in kept]),
    )
