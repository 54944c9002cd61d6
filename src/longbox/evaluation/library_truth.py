"""Panels and page types of a library against what people said of them.

A library knows the truth of a page where somebody corrected it or, for page types, where its file
declares it (ComicInfo.xml). The detector and the labeller are asked again without those words, on
the page as it is: what the store holds is the correction itself.

A page that was corrected is a page that somebody found wrong, so these figures are below those of
pages drawn at random. They say whether a change of settings helps where help was needed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from longbox.book import AnnotatedBook, PageType
from longbox.config import Config
from longbox.correction import CorrectedField, latest, panels_of, word_of
from longbox.encoders import PictureEncoder, SentenceEncoder, picture_encoder, sentence_encoder
from longbox.errors import IngestError, LibraryError, PageError
from longbox.evaluation.closure_order import Measure
from longbox.evaluation.foreign import Pixels, Tell
from longbox.evaluation.intervals import interval
from longbox.evaluation.order import OrderScore, PageOrder, found_order, score_order
from longbox.evaluation.page_types import f1_by_type
from longbox.evaluation.panels import PanelScore, score_panels
from longbox.geometry import Box
from longbox.ingest import open_pages
from longbox.library import BookStore, Library
from longbox.page_types import BookSight, SequenceModel, label_book, look_at
from longbox.panels import find_panels
from longbox.pipeline.page_labels import book_sight
from longbox.vectors import Space

_TOLD = ("correction", "comicinfo")


@dataclass(frozen=True, slots=True)
class PanelTruth:
    """How well panels are found on corrected pages.

    Attributes:
        found: By the detector of the settings.
        whole_page: Answering one panel a page: the mark to beat.
        order: Reading order of found panels.
        f1: Mean F1 of a page at IoU .5, interval over books; its chance is `whole_page`'s.
    """

    n_books: int
    found: PanelScore
    whole_page: PanelScore
    order: OrderScore
    f1: Measure


@dataclass(frozen=True, slots=True)
class PageTypeTruth:
    """How well told pages are labelled.

    Attributes:
        accuracy: Its chance is the share of the commonest true type.
        f1: Of every type that is true or answered on these pages.
        sources: How many pages were told by whom.
    """

    n_books: int
    n_pages: int
    accuracy: Measure
    macro_f1: float
    f1: dict[PageType, float]
    sources: dict[str, int]


def score_library_panels(library: Library, config: Config, tell: Tell) -> PanelTruth | None:
    """Find the panels of corrected pages anew; None where nobody corrected any.

    Args:
        library: Open.
        config: Names the detector.
        tell: Gets one line for every book or page that cannot be read.
    """
    pages: list[tuple[list[Box], list[Box]]] = []
    whole: list[tuple[list[Box], list[Box]]] = []
    orders: list[PageOrder] = []
    books: list[int] = []
    for number, book_id in enumerate(library.book_ids()):
        try:
            truth = _corrected_panels(library, book_id)
            annotated = library.annotated_book(book_id) if truth else None
        except LibraryError as error:
            tell(f"left out: {error}")
            continue
        if annotated is None:
            continue
        for index, pixels in _pixels(annotated, sorted(truth), config, tell):
            found = find_panels(pixels, annotated.book.direction, config.panels)
            boxes = [p.box for p in found]
            height, width = pixels.shape[:2]
            pages.append((boxes, truth[index]))
            whole.append(([Box(0, 0, width, height)], truth[index]))
            orders.append(found_order(boxes, truth[index]))
            books.append(number)
    if not pages:
        return None
    each = np.array([score_panels([page]).mean_f1[0.5] for page in pages])
    baseline = score_panels(whole)
    measure = Measure(
        float(each.mean()), baseline.mean_f1[0.5], interval(each, np.array(books, np.int64))
    )
    return PanelTruth(len(set(books)), score_panels(pages), baseline, score_order(orders), measure)


def score_library_page_types(library: Library, config: Config, tell: Tell) -> PageTypeTruth | None:
    """Label the books with told pages anew; None where no page's type was told.

    Args:
        library: Open.
        config: Names the labeller and the encoders.
        tell: Gets one line for every book or page that cannot be read.
    """
    stage = _Labelling(config)
    true: list[PageType] = []
    answered: list[PageType] = []
    books: list[int] = []
    sources: Counter[str] = Counter()
    for number, book_id in enumerate(library.book_ids()):
        try:
            store = library.book_store(book_id)
            told = _told_types(library, book_id, store.annotated)
            annotated = library.annotated_book(book_id) if told else None
        except LibraryError as error:
            tell(f"left out: {error}")
            continue
        if annotated is None:
            continue
        labels = stage.label(annotated, store, tell)
        for index, (page_type, source) in sorted(told.items()):
            if labels[index] is None:
                continue
            true.append(page_type)
            answered.append(labels[index] or page_type)
            books.append(number)
            sources[source] += 1
    if not true:
        return None
    right = np.array([t is a for t, a in zip(true, answered, strict=True)], np.float64)
    f1 = f1_by_type([true], [answered])
    majority = max(Counter(true).values()) / len(true)
    return PageTypeTruth(
        len(set(books)),
        len(true),
        Measure(float(right.mean()), majority, interval(right, np.array(books, np.int64))),
        float(np.mean(list(f1.values()))),
        f1,
        dict(sources),
    )


def _corrected_panels(library: Library, book_id: str) -> dict[int, list[Box]]:
    """Return the corrected boxes by page; corrections that cannot be read are no truth."""
    truth: dict[int, list[Box]] = {}
    for correction in latest(library.corrections(book_id)):
        if correction.field is not CorrectedField.PANELS or correction.is_withdrawal:
            continue
        if correction.page_index is not None:
            try:
                boxes = [p.box for p in panels_of(correction.value)]
            except ValueError:
                continue
            if boxes:
                truth[correction.page_index] = boxes
    return truth


def _told_types(
    library: Library, book_id: str, annotated: AnnotatedBook
) -> dict[int, tuple[PageType, str]]:
    """Return the types that people or the file told, by page; a correction is above the file."""
    told = {
        i: (page.label.page_type, page.label.source)
        for i, page in enumerate(annotated.pages)
        if page.label.source in _TOLD
    }
    for correction in latest(library.corrections(book_id)):
        index = correction.page_index
        if correction.field is CorrectedField.PAGE_TYPE and index is not None:
            told.pop(index, None)
            if not correction.is_withdrawal and index < len(annotated.pages):
                told[index] = (PageType(word_of(correction.field, correction.value)), "correction")
    return told


def _pixels(
    annotated: AnnotatedBook, indices: list[int], config: Config, tell: Tell
) -> Iterator[tuple[int, Pixels]]:
    """Decode pages of a book, telling of those that cannot be had."""
    path = Path(annotated.book.path)
    if not path.exists():
        tell(f"{path}: the comic file is gone; its pages are not scored")
        return
    try:
        with open_pages(path, config.ingest) as opened:
            for index in indices:
                if index >= len(opened) or index >= len(annotated.pages):
                    tell(f"{path}: has no page {index + 1} any more")
                    continue
                page = annotated.pages[index].page
                try:
                    pixels = opened.pixels(index)
                except PageError as error:
                    tell(str(error))
                    continue
                if pixels.shape[:2] != (page.height, page.width):
                    tell(f"{path}: page {index + 1} is not the one that was indexed")
                    continue
                yield index, pixels
    except IngestError as error:
        tell(str(error))


class _Labelling:
    """The page labeller without what people and files say; models are loaded once."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._tools: tuple[PictureEncoder, SentenceEncoder, SequenceModel | None] | None = None

    def label(
        self, annotated: AnnotatedBook, store: BookStore, tell: Tell
    ) -> list[PageType | None]:
        """Return what each page of a book would be called; None where it cannot be seen."""
        bare = replace(
            annotated,
            pages=tuple(
                replace(p, page=replace(p.page, declared_type=None)) for p in annotated.pages
            ),
        )
        looks = [page.look for page in bare.pages]
        unseen = [index for index, look in enumerate(looks) if look is None]
        for index, pixels in _pixels(annotated, unseen, self._config, tell):
            looks[index] = look_at(pixels)
        if not any(look is not None for look in looks):
            return [None] * len(looks)
        pages = zip(bare.pages, looks, strict=True)
        bare = replace(bare, pages=tuple(replace(page, look=look) for page, look in pages))
        labelled = label_book(bare, self._sight(bare, store), self._loaded()[2])
        return [
            None if look is None else page.label.page_type
            for page, look in zip(labelled.pages, looks, strict=True)
        ]

    def _loaded(self) -> tuple[PictureEncoder, SentenceEncoder, SequenceModel | None]:
        if self._tools is None:
            names = self._config.encoders
            model = None if self._config.page_types.labeller == "rules" else SequenceModel()
            self._tools = picture_encoder(names.picture), sentence_encoder(names.sentence), model
        return self._tools

    def _sight(self, annotated: AnnotatedBook, store: BookStore) -> BookSight:
        """Gather what the labeller sees, with the picture vectors that the store has."""
        pictures, sentences, _ = self._loaded()
        n = annotated.n_panels
        rows: NDArray[np.float32] = np.zeros((n, pictures.dimension), np.float32)
        mask = np.zeros(n, np.bool_)
        for space in store.vectors:
            is_ours = space.fingerprint == pictures.fingerprint and len(space.mask) == n
            if space.space is Space.VISION and is_ours:
                rows, mask = space.vectors, space.mask
        ends = np.cumsum([0, *(len(page.panels) for page in annotated.pages)])
        panels = [(rows[a:b], mask[a:b]) for a, b in pairwise(ends)]
        return book_sight(annotated, panels, pictures, sentences)
