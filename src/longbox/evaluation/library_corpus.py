"""A library as the corpus of closure tasks.

A space may hold vectors of several encoders after settings were changed; the commonest one counts,
and a book of another is masked in that space and told of: vectors of two encoders are never
compared.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

from longbox.encoders import SentenceEncoder
from longbox.errors import LibraryError
from longbox.evaluation.foreign import Tell
from longbox.features import MODALITIES, BookFeatures, no_vectors
from longbox.library import Library
from longbox.pipeline.features import book_features

Progress = Callable[[int, int], None]


def library_corpus(
    library: Library,
    sentences: SentenceEncoder,
    tell: Tell,
    progress: Progress | None = None,
) -> tuple[BookFeatures, ...]:
    """Read every book's features; a damaged book is told of and left out."""
    books: list[BookFeatures] = []
    ids = library.book_ids()
    for number, book_id in enumerate(ids):
        try:
            books.append(book_features(library, book_id, sentences))
        except LibraryError as error:
            tell(f"left out: {error}")
        if progress is not None:
            progress(number + 1, len(ids))
    return same_encoders(books, tell)


def same_encoders(books: Sequence[BookFeatures], tell: Tell) -> tuple[BookFeatures, ...]:
    """Mask what is not of each space's commonest encoder."""
    made = list(books)
    for space in MODALITIES:
        used = Counter(b.of(space).fingerprint for b in made if b.of(space).mask.any())
        if len(used) < 2:
            continue
        kept = used.most_common(1)[0][0]
        others = [i for i, b in enumerate(made) if b.of(space).fingerprint != kept]
        tell(
            f"{len(others)} books have no {space} vectors of {kept} and are masked there; "
            f"`longbox index --refresh` remakes them"
        )
        for i in others:
            book = made[i]
            masked = no_vectors(space, book.n_panels, book.of(space).dimension)
            made[i] = book.having(masked)
    return tuple(made)
