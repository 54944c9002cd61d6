"""Clusters of characters over books, with the names that people gave.

A cluster's key is made from its most typical region's place, so the same shelf gives the same keys
and a person can say `longbox characters name KEY "Pepper"`.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from longbox.book import PanelId
from longbox.characters import (
    ALONE,
    ClusterOptions,
    IdentityVectors,
    KnownLook,
    Match,
    NamedCharacter,
    Place,
    cluster_regions,
    exemplars,
    match_regions,
    names_by_look,
    names_by_place,
    suggest_name,
)
from longbox.errors import LibraryError, QueryError
from longbox.library import Library
from longbox.pipeline.character_files import (
    BookRegion,
    BookRegions,
    read_names,
    read_shown,
    write_names,
    write_shown,
)

N_EXEMPLARS = 6
_LONGEST_NAME = 200
_USUAL = ClusterOptions()


@dataclass(frozen=True, slots=True)
class FoundRegion:
    """A region of the shelf and the panel it lies in."""

    book_id: str
    region: BookRegion

    @property
    def panel_id(self) -> PanelId:
        """The panel."""
        return PanelId(self.book_id, self.region.page_index, self.region.panel)

    @property
    def place(self) -> Place:
        """Where it is."""
        return Place(self.book_id, self.region.page_index, self.region.box)


@dataclass(frozen=True, slots=True)
class CharacterCluster:
    """Regions that may show one character.

    Attributes:
        key: 8 hex digits; the cluster's handle for naming.
        name: What a person called it, or None.
        suggestion: The named character that it looks like, else whom descriptions of its panels
            speak of, or None. A guess, and shown as one.
        members: Its regions, by book, page and panel.
        exemplars: The most typical of them, the best first.
    """

    key: str
    name: str | None
    suggestion: str | None
    members: tuple[FoundRegion, ...]
    exemplars: tuple[FoundRegion, ...]

    def pages(self) -> dict[str, tuple[int, ...]]:
        """Return on which pages it appears, by book."""
        found: dict[str, set[int]] = {}
        for member in self.members:
            found.setdefault(member.book_id, set()).add(member.region.page_index)
        return {book_id: tuple(sorted(pages)) for book_id, pages in found.items()}


@dataclass(frozen=True, slots=True)
class CharacterGroup:
    """The characters of books that were looked at together.

    Attributes:
        clusters: By falling size.
        n_alone: Regions in no cluster.
        announced: Whom the books' metadata name.
    """

    title: str
    book_ids: tuple[str, ...]
    clusters: tuple[CharacterCluster, ...]
    n_regions: int
    n_alone: int
    announced: tuple[str, ...]


def group_books(library: Library, book_ids: Sequence[str]) -> list[tuple[str, list[str]]]:
    """Return books by series, (title, ids) each; a book without a series stands alone."""
    wanted = set(book_ids)
    groups: dict[tuple[str, str], list[str]] = {}
    titles: dict[tuple[str, str], str] = {}
    for outline in library.outlines():
        book = outline.book
        if book.book_id not in wanted:
            continue
        series = book.metadata.series
        group = ("series", series.casefold()) if series else ("book", book.book_id)
        groups.setdefault(group, []).append(book.book_id)
        titles.setdefault(group, series or book.title)
    return [(titles[group], ids) for group, ids in groups.items()]


def cluster_books(
    library: Library,
    title: str,
    looked: Sequence[BookRegions],
    options: ClusterOptions = _USUAL,
    everything: Sequence[BookRegions] = (),
) -> CharacterGroup:
    """Cluster the regions of books that are looked at together.

    Args:
        library: For names, descriptions and metadata.
        title: What to call the group.
        looked: The books' regions, all of one identity space.
        options: When two regions are the same character.
        everything: Further books in which exemplars of named characters may be.

    Raises:
        LibraryError: The names cannot be read.
        ModelError: There are too many regions.
    """
    rows = _rows(looked)
    vectors = _vectors(looked)
    panels = _panel_numbers(rows)
    labels = cluster_regions(vectors, panels, options)
    named = read_names(library.root)
    names = names_by_place(labels, [row.place for row in rows], named)
    known = _known_looks(named, [*looked, *everything])
    alike = names_by_look(labels, vectors, known, options.distance)
    said = _said(library, rows)
    clusters = []
    for label in range(int(labels.max(initial=ALONE)) + 1):
        members = np.flatnonzero(labels == label)
        best = tuple(rows[i] for i in exemplars(vectors, members, N_EXEMPLARS))
        suggestion = alike.get(label) or suggest_name(labels == label, said)
        own = tuple(rows[i] for i in members)
        clusters.append(
            CharacterCluster(_cluster_key(best[0].place), names.get(label), suggestion, own, best)
        )
    book_ids = tuple(book.book_id for book in looked)
    return CharacterGroup(
        title,
        book_ids,
        tuple(clusters),
        len(rows),
        int((labels == ALONE).sum()),
        _announced(library, book_ids),
    )


def remember_shown(library: Library, groups: Sequence[CharacterGroup]) -> None:
    """Keep what is listed, so that a cluster can be named; nothing on a read-only library.

    Raises:
        LibraryError: The disk refuses.
    """
    if os.access(library.root, os.W_OK):
        clusters = [cluster for group in groups for cluster in group.clusters]
        write_shown(library.root, {c.key: [e.place for e in c.exemplars] for c in clusters})


def name_cluster(library: Library, key: str, name: str) -> None:
    """Give a listed cluster a name; one that the same exemplars had before is replaced.

    Raises:
        QueryError: No such cluster was listed last, or the name is empty or too long.
        LibraryError: The names cannot be read, or the disk refuses.
    """
    library.require_writable()
    wanted = " ".join(name.split())
    if not wanted or len(wanted) > _LONGEST_NAME:
        raise QueryError(f"a name must have 1 to {_LONGEST_NAME} characters")
    matches = [k for k in read_shown(library.root) if len(key) >= 4 and k.startswith(key.lower())]
    if len(matches) != 1:
        what = "no cluster" if not matches else f"{len(matches)} clusters"
        raise QueryError(f"{key}: {what} of that key was listed last; run `longbox characters`")
    places = read_shown(library.root)[matches[0]]
    kept = [_without(character, places) for character in read_names(library.root)]
    named = [c for c in kept if c.exemplars]
    write_names(library.root, [*named, NamedCharacter(wanted, places)])


def forget_name(library: Library, name: str) -> int:
    """Take back a name; return how many times it was given.

    Raises:
        LibraryError: The names cannot be read, or the disk refuses.
    """
    library.require_writable()
    named = read_names(library.root)
    kept = [c for c in named if c.name.casefold() != name.strip().casefold()]
    if len(kept) < len(named):
        write_names(library.root, kept)
    return len(named) - len(kept)


def same_character_as(
    panel: PanelId, space: str, looked: Sequence[BookRegions], k: int
) -> list[tuple[FoundRegion, float]]:
    """Find the regions of other panels that look most like those of one panel.

    Args:
        panel: Whose regions are asked for.
        space: The identity space's fingerprint.
        looked: Where to look; holds the panel's book too.
        k: How many.

    Returns:
        Regions and their likeness, best first.

    Raises:
        QueryError: The panel has no region there.
    """
    rows = _rows(looked)
    own = np.array([row.panel_id == panel for row in rows], dtype=np.bool_)
    if not own.any():
        raise QueryError(f"{panel}: nobody was looked for in this panel; is it a story page's?")
    vectors = _vectors(looked)
    found: list[Match] = match_regions(
        IdentityVectors(space, vectors[own]), IdentityVectors(space, vectors), k, own
    )
    return [(rows[match.row], match.likeness) for match in found]


def _rows(looked: Sequence[BookRegions]) -> list[FoundRegion]:
    return [FoundRegion(book.book_id, region) for book in looked for region in book.regions]


def _vectors(looked: Sequence[BookRegions]) -> NDArray[np.float32]:
    with_regions = [book.vectors for book in looked if book.regions]
    widths = {vectors.shape[1] for vectors in with_regions}
    if len(widths) > 1:
        raise LibraryError(
            "characters: kept vectors differ in length; delete the folders in characters/"
        )
    return np.concatenate(with_regions) if with_regions else np.zeros((0, 0), np.float32)


def _panel_numbers(rows: Sequence[FoundRegion]) -> NDArray[np.int64]:
    numbers: dict[PanelId, int] = {}
    return np.array([numbers.setdefault(r.panel_id, len(numbers)) for r in rows], dtype=np.int64)


def _known_looks(named: Sequence[NamedCharacter], looked: Sequence[BookRegions]) -> list[KnownLook]:
    """Return the vectors of named characters' exemplars, as far as their books were looked at."""
    books = {book.book_id: book for book in looked}
    looks = []
    for character in named:
        vectors = []
        for exemplar in character.exemplars:
            book = books.get(exemplar.book_id)
            for i, region in enumerate(book.regions if book else ()):
                place = Place(exemplar.book_id, region.page_index, region.box)
                if book is not None and place.is_same(exemplar):
                    vectors.append(book.vectors[i])
        if vectors:
            looks.append(KnownLook(character.name, np.stack(vectors)))
    return looks


def _said(library: Library, rows: Sequence[FoundRegion]) -> list[frozenset[str]]:
    """Return whom descriptions see in, or hear speak in, each region's panel."""
    said: dict[tuple[str, int, int], set[str]] = {}
    for book_id in sorted({row.book_id for row in rows}):
        for page in library.descriptions(book_id):
            for panel in page.panels:
                if panel.panel is not None:
                    names = said.setdefault((book_id, page.page_index, panel.panel), set())
                    names |= {c.strip() for c in panel.characters if c.strip()}
                    names |= {t.speaker.strip() for t in panel.texts if t.speaker}
    return [frozenset(said.get((r.book_id, r.region.page_index, r.region.panel), ())) for r in rows]


def _announced(library: Library, book_ids: Sequence[str]) -> tuple[str, ...]:
    names: Mapping[str, None] = dict.fromkeys(
        name for i in book_ids for name in library.annotated_book(i).book.metadata.characters
    )
    return tuple(names)


def _without(character: NamedCharacter, places: Sequence[Place]) -> NamedCharacter:
    kept = tuple(e for e in character.exemplars if not any(e.is_same(p) for p in places))
    return NamedCharacter(character.name, kept)


def _cluster_key(place: Place) -> str:
    box = ",".join(str(round(v)) for v in place.box.as_tuple())
    text = f"{place.book_id}/{place.page_index}/{box}"
    return hashlib.sha256(text.encode()).hexdigest()[:8]
