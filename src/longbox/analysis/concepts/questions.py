"""Four questions to a space that the project began with, for any shelf that can answer them.

    genre and archetype   is Red Sonja closer to Conan than to Batman?
    kinship               is Dracula like Vampirella, more than other series are like each other?
    homage                is Moon Knight like Batman?
    sub-genre             do zombie stories form a cluster?

Each is asked with selections of the shelf at hand, and answered with a verdict, an interval where
there is one, and how much it rests on. `ask` puts all that were given into one value.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from longbox.analysis.concepts.book_clusters import BookCluster, form_clusters
from longbox.analysis.concepts.closer import Closer, closer
from longbox.analysis.concepts.matrix import LikenessOptions, likenesses
from longbox.analysis.concepts.selections import concept_of, select_all
from longbox.analysis.concepts.values import Concept, Likenesses
from longbox.analysis.units import Units
from longbox.errors import QueryError
from longbox.library import Library


@dataclass(frozen=True, slots=True)
class Questions:
    """What is asked, by the names of concepts.

    Attributes:
        closer: Is the first closer to the second than to the third? (genre and archetype)
        alike: Is the first like the second? (kinship, homage)
        clusters: Do these books form a cluster? (sub-genre)
    """

    closer: tuple[tuple[str, str, str], ...] = ()
    alike: tuple[tuple[str, str], ...] = ()
    clusters: tuple[str, ...] = ()

    def names(self) -> tuple[str, ...]:
        """Return every concept that is asked about, once."""
        asked = [name for trio in self.closer for name in trio]
        asked += [name for pair in self.alike for name in pair]
        return tuple(dict.fromkeys([*asked, *self.clusters]))


@dataclass(frozen=True, slots=True, eq=False)
class Answers:
    """The answers to `Questions`, in their order.

    Attributes:
        likenesses: Of all concepts that `alike` asks about, compared at once and corrected for
            that; None where it asks nothing.
    """

    closer: tuple[Closer, ...]
    likenesses: Likenesses | None
    clusters: tuple[BookCluster, ...]


RED_SONJA = Questions(
    closer=(("Red Sonja", "Conan", "Batman"),),
    alike=(("Dracula", "Vampirella"), ("Batman", "Moon Knight")),
    clusters=("zombie stories",),
)
"""The questions as they were first asked; `SELECTIONS` writes their concepts for such a shelf."""

SELECTIONS = (
    'Red Sonja=series:"Red Sonja"',
    "Conan=series:Conan",
    "Batman=series:Batman",
    "Dracula=series:Dracula",
    "Vampirella=series:Vampirella",
    'Moon Knight=series:"Moon Knight"',
    'zombie stories=series:"Walking Dead","28 Days Later","Marvel Zombies"',
)


_USUAL = LikenessOptions()


def ask(
    units: Units,
    concepts: Sequence[Concept],
    questions: Questions,
    options: LikenessOptions = _USUAL,
) -> Answers:
    """Answer questions about concepts.

    Args:
        units: Of one space.
        concepts: At least those that are asked about.
        questions: By their names.
        options: How pairs are compared; its seed is everybody's.

    Raises:
        QueryError: A concept is missing or has no members, or cannot be asked so.
    """
    known = {concept.name: concept for concept in concepts}
    missing = [name for name in questions.names() if name not in known]
    if missing:
        raise QueryError(f"{missing[0]}: no such concept was given; add it as {missing[0]}=...")
    pairs = tuple(dict.fromkeys(name for pair in questions.alike for name in pair))
    sets = [known[name] for name in questions.clusters]
    return Answers(
        closer=tuple(
            closer(units, known[a], known[b], known[c], seed=options.seed)
            for a, b, c in questions.closer
        ),
        likenesses=likenesses(units, [known[n] for n in pairs], options) if pairs else None,
        clusters=form_clusters(units, sets, seed=options.seed) if sets else (),
    )


def concepts_of(library: Library, units: Units, texts: Sequence[str]) -> tuple[Concept, ...]:
    """Select concepts in a library and find them among its units.

    Raises:
        QueryError: One cannot be read, or matches nothing.
        LibraryError: The library cannot be read.
    """
    return tuple(concept_of(units, selection) for selection in select_all(library, texts))
