"""Who is in a panel, as far as somebody looked: characters of its book.

Nothing is looked at here, because that takes a minute a book; what `longbox characters` kept is
clustered, over the panel's own book. A cluster is a candidate: it has a name where a person gave
one, and what it looks like is said to be a guess.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from longbox.book import PanelId
from longbox.errors import ModelError
from longbox.geometry import Box
from longbox.library import KeptAnswers, Library
from longbox.pipeline import CharacterCluster, cluster_books, kept_regions

_MOST_BOOKS: Final = 16
_N_ELSEWHERE: Final = 5


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody in a panel.

    Attributes:
        name: What a person called them, or None.
        guess: Whom they look like, or whom descriptions speak of; None where nothing says.
        boxes: Where they are, in page pixels.
        n_panels: Panels of the book that they are in, this one too.
        elsewhere: Some of the others.
    """

    name: str | None
    guess: str | None
    boxes: tuple[Box, ...]
    n_panels: int
    elsewhere: tuple[PanelId, ...]


@dataclass(frozen=True, slots=True)
class People:
    """Who is in a panel, or why nobody can say; `was_looked` at the book, or nobody has."""

    was_looked: bool
    people: tuple[Person, ...] = ()
    lacking: str = ""


class PeopleDesk:
    """Knows the characters of the last few books that were asked about."""

    def __init__(self, library: Library) -> None:
        self._library = library
        self._kept = KeptAnswers[str, "_Clusters"](_MOST_BOOKS)

    def people(self, panel_id: PanelId) -> People:
        """Return who is in a panel.

        Raises:
            LibraryError: The book or the names cannot be read.
        """
        generation = self._library.generation()
        found = self._kept.get(generation, panel_id.book_id, lambda: self._read(panel_id.book_id))
        if found.clusters is None:
            return People(bool(found.lacking), lacking=found.lacking)
        here = [_person(cluster, panel_id) for cluster in found.clusters]
        return People(True, tuple(person for person in here if person is not None))

    def _read(self, book_id: str) -> _Clusters:
        kept = kept_regions(self._library, book_id)
        if kept is None:
            return _Clusters(None)
        try:
            return _Clusters(cluster_books(self._library, book_id, [kept]).clusters)
        except ModelError as error:  # more regions than can be compared
            return _Clusters(None, str(error))


@dataclass(frozen=True, slots=True)
class _Clusters:
    clusters: tuple[CharacterCluster, ...] | None
    lacking: str = ""


def _person(cluster: CharacterCluster, panel_id: PanelId) -> Person | None:
    boxes = tuple(each.region.box for each in cluster.members if each.panel_id == panel_id)
    if not boxes:
        return None
    panels = dict.fromkeys(each.panel_id for each in (*cluster.exemplars, *cluster.members))
    elsewhere = tuple(each for each in panels if each != panel_id)
    return Person(cluster.name, cluster.suggestion, boxes, len(panels), elsewhere[:_N_ELSEWHERE])
