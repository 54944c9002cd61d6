"""Where a run's books come from: a library, or exported datasets.

Books of a library are split by series: two issues share art and cast, and a model that saw one
knows too much of the other. Datasets that were given apart are kept apart, and a book that is in
both is refused.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from longbox.encoders import SentenceEncoder
from longbox.evaluation import library_corpus, same_encoders
from longbox.features import BookFeatures
from longbox.learning.data import TrainingData, split_by_series
from longbox.library import Library, read_zarr_books

Say = Callable[[str], None]
Counting = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class DatasetFiles:
    """An exported dataset.

    Attributes:
        embeddings: The Zarr folder.
        metadata: JSON that says whose each page is; None where the dataset says so itself.
    """

    embeddings: Path
    metadata: Path | None = None


@dataclass(frozen=True, slots=True)
class Split:
    """How much is held out, and which.

    Attributes:
        share: Of the panels, about.
        seed: Which series.
    """

    share: float = 0.1
    seed: int = 0


def library_data(
    library: Library,
    sentences: SentenceEncoder,
    split: Split,
    say: Say,
    on_progress: Counting | None = None,
) -> TrainingData:
    """Take a library's books; lettering is encoded piece by piece, once, and cached.

    Args:
        library: Open.
        sentences: The encoder that its texts were encoded by.
        split: What is held out.
        say: Told what is left out, and why.
        on_progress: Told books read and books in all.

    Raises:
        ModelError: Fewer than two books can be learnt from.
    """
    books = library_corpus(library, sentences, say, on_progress)
    told = _of_one_sentence_encoder(books, sentences, say)
    return split_data(_worthwhile(told, say), split, {"source": "a library"})


def dataset_data(
    train: DatasetFiles, val: DatasetFiles | None, split: Split, say: Say
) -> TrainingData:
    """Take exported datasets; without one to validate on, series are held out.

    Raises:
        LibraryError: A dataset or its metadata cannot be read.
        ModelError: A book is in both, or fewer than two books can be learnt from.
    """
    books = list(read_zarr_books(train.embeddings, train.metadata))
    say(
        "exported datasets hold no single utterances: caption relevance and character coherence "
        "are left out"
    )
    about = {"source": "exported datasets"}
    if val is None:
        return split_data(_worthwhile(same_encoders(books, say), say), split, about)
    tune = list(read_zarr_books(val.embeddings, val.metadata))
    n = len(books)
    both = same_encoders([*books, *tune], say)
    return _described(_worthwhile(both[:n], say), _worthwhile(both[n:], say), about)


def split_data(
    books: Sequence[BookFeatures], split: Split, about: dict[str, Any] | None = None
) -> TrainingData:
    """Split books by series.

    Raises:
        ModelError: There are fewer than two books.
    """
    train, tune = split_by_series(books, split.share, split.seed)
    return _described(train, tune, about or {})


def _described(
    train: Sequence[BookFeatures], tune: Sequence[BookFeatures], about: dict[str, Any]
) -> TrainingData:
    languages = Counter(b.language or "unknown" for b in train)
    numbers = {
        "books": len(train),
        "panels": sum(b.n_panels for b in train),
        "validation_books": len(tune),
        "validation_panels": sum(b.n_panels for b in tune),
        "languages": ", ".join(f"{name} {n}" for name, n in languages.most_common(12)),
    }
    return TrainingData(train, tune, {**about, **numbers})


def _of_one_sentence_encoder(
    books: Sequence[BookFeatures], sentences: SentenceEncoder, say: Say
) -> list[BookFeatures]:
    """Leave utterances out where the settings name another encoder than made the texts' vectors."""
    texts = {b.text.fingerprint for b in books if b.text.mask.any()}
    if texts <= {sentences.fingerprint}:
        return list(books)
    say(
        f"texts were encoded by {', '.join(sorted(texts))}, the settings name "
        f"{sentences.fingerprint}: single utterances are left out, and with them caption relevance "
        f"and character coherence; set that encoder, or `longbox index --refresh`"
    )
    return [replace(b, utterances=None) for b in books]


def _worthwhile(books: Sequence[BookFeatures], say: Say) -> list[BookFeatures]:
    """Leave out books without a story panel: there is nothing to learn from them."""
    kept = [b for b in books if b.is_story.any()]
    if len(kept) < len(books):
        say(f"{len(books) - len(kept)} books without a story page are left out")
    return kept
