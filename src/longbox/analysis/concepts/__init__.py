"""Concepts: named sets of panels or pages, and what a space knows of them.

    selections = select_all(library, ["magic=potion,spell", 'sonja=series:"Red Sonja"'])
    units = gather_units(library, Space.TEXT)
    concepts = [concept_of(units, selection) for selection in selections]
    found = likenesses(units, concepts)

A concept's vector is the mean of its members' vectors. Two means are compared over pairs of members
of different books, and every answer is held against sets of the same books and against other ideas,
so that "same book" and "same scene" are not mistaken for "same idea". Which units are compared at
all is the caller's choice (`Units.taken`): words, say, are best compared among panels with
lettering, for else all words are alike in that they are lettered. Editions of one book count as
books; `language:en` leaves one of each.
"""

from longbox.analysis.concepts.book_clusters import BookCluster, form_clusters
from longbox.analysis.concepts.closer import Closer, closer
from longbox.analysis.concepts.coherence import coherence
from longbox.analysis.concepts.dendrogram import Dendrogram, dendrogram
from longbox.analysis.concepts.matrix import LikenessOptions, likenesses
from longbox.analysis.concepts.neighbours import (
    NeighbourOptions,
    Neighbours,
    arithmetic,
    neighbours,
)
from longbox.analysis.concepts.questions import (
    RED_SONJA,
    SELECTIONS,
    Answers,
    Questions,
    ask,
    concepts_of,
)
from longbox.analysis.concepts.selections import Selection, concept_of, select, select_all
from longbox.analysis.concepts.spec import Field, Spec, Term, parse_spec
from longbox.analysis.concepts.values import (
    Coherence,
    Concept,
    Level,
    Likeness,
    Likenesses,
    Verdict,
)

__all__ = [
    "RED_SONJA",
    "SELECTIONS",
    "Answers",
    "BookCluster",
    "Closer",
    "Coherence",
    "Concept",
    "Dendrogram",
    "Field",
    "Level",
    "Likeness",
    "LikenessOptions",
    "Likenesses",
    "NeighbourOptions",
    "Neighbours",
    "Questions",
    "Selection",
    "Spec",
    "Term",
    "Verdict",
    "arithmetic",
    "ask",
    "closer",
    "coherence",
    "concept_of",
    "concepts_of",
    "dendrogram",
    "form_clusters",
    "likenesses",
    "neighbours",
    "parse_spec",
    "select",
    "select_all",
]
