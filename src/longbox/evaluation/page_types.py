"""How well the pages of books are told apart, page by page and as a stream of documents.

A book's pages are cut into documents: the longest runs of pages of one type (a story, a text of
three pages, an advertisement). Two views:

- pages: accuracy and macro F1, the mean over the types that are true or found somewhere.
- documents: panoptic quality as Kirillov et al. define it (CVPR 2019, arXiv 1801.00868) and van
  Heusden, Kamps and Marx brought to page streams: a true and a found document of one type match
  where their IoU over pages is above .5, which makes matches unique. Segmentation quality is the
  mean IoU of matches, recognition quality 2 TP / (2 TP + FP + FN), panoptic quality their product.
  `panoptic_quality` pools the documents of all types; `panoptic_quality_by_type` is the mean over
  types, as in Kirillov. Document F1 counts only documents that are exactly right. MNDD, the
  minimum number of drag-and-drops (Mungmeeprued et al., DocEng 2022), is how many pages a person
  would have to move to other documents: a book's pages less the best one-to-one pairing of found
  with true documents by shared pages, whatever their types; here the mean of it over books.
CoSMo (Serra Ortega et al., arXiv 2507.10053) reports accuracy, macro F1, panoptic quality and MNDD
on comics, in five classes.

Chance: `majority` answers every page with the commonest true type, `shuffled` deals the true
labels of each book out at random.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from longbox.book import PageType

Types = Sequence[PageType]


@dataclass(frozen=True, slots=True)
class Document:
    """A run of pages of one type, from start up to but not including end."""

    page_type: PageType
    start: int
    end: int

    def iou(self, other: Document) -> float:
        """Return shared pages over all pages of both."""
        shared = max(0, min(self.end, other.end) - max(self.start, other.start))
        return shared / (self.end - self.start + other.end - other.start - shared)


@dataclass(frozen=True, slots=True)
class PageTypeScore:
    """Agreement over a set of books; every figure is nan where there are no pages.

    Attributes:
        mndd: Mean number of pages a book that a person would have to move; 0 is perfect.
        document_f1: F1 of documents with exactly their pages and type.
    """

    n_books: int
    n_pages: int
    accuracy: float
    macro_f1: float
    panoptic_quality: float
    segmentation_quality: float
    panoptic_quality_by_type: float
    document_f1: float
    mndd: float


def documents(types: Types) -> list[Document]:
    """Cut a book into its documents."""
    found, start = [], 0
    for page_type, run in groupby(types):
        end = start + len(list(run))
        found.append(Document(page_type, start, end))
        start = end
    return found


def score_page_types(true: Sequence[Types], found: Sequence[Types]) -> PageTypeScore:
    """Score the found types of books against the true ones.

    Args:
        true: For every book its pages' types.
        found: The same books and pages.

    Raises:
        ValueError: Books or pages differ in number.
    """
    if [len(t) for t in true] != [len(f) for f in found]:
        raise ValueError("true and found page types are not of the same books and pages")
    pairs = _pairs(true, found)
    books = [(documents(t), documents(f)) for t, f in zip(true, found, strict=True) if len(t)]
    if not pairs:
        return PageTypeScore(len(true), 0, *(float("nan"),) * 7)
    pooled = _Tally()
    by_type: dict[PageType, _Tally] = {}
    for truth, guess in books:
        _tally(truth, guess, pooled, by_type)
    n_documents = sum(len(t) + len(f) for t, f in books)
    n_exact = sum(len(set(t) & set(f)) for t, f in books)
    return PageTypeScore(
        len(true),
        len(pairs),
        sum(t is f for t, f in pairs) / len(pairs),
        float(np.mean(list(f1_by_type(true, found).values()))),
        pooled.panoptic,
        pooled.segmentation,
        float(np.mean([tally.panoptic for tally in by_type.values()])),
        2 * n_exact / n_documents,
        sum(drags_and_drops(t, f) for t, f in books) / len(books),
    )


def f1_by_type(true: Sequence[Types], found: Sequence[Types]) -> dict[PageType, float]:
    """Return F1 of each type that is true or found on some page."""
    pairs = _pairs(true, found)
    n_true, n_found = Counter(t for t, _ in pairs), Counter(f for _, f in pairs)
    n_both = Counter(t for t, f in pairs if t is f)
    return {k: 2 * n_both[k] / (n_true[k] + n_found[k]) for k in PageType if n_true[k] + n_found[k]}


def confusion(true: Sequence[Types], found: Sequence[Types]) -> NDArray[np.int64]:
    """Count pages by true type (rows) and found type (columns), in the order of PageType."""
    order = list(PageType)
    counts = np.zeros((len(order), len(order)), np.int64)
    for t, f in _pairs(true, found):
        counts[order.index(t), order.index(f)] += 1
    return counts


def drags_and_drops(true: Sequence[Document], found: Sequence[Document]) -> int:
    """Return the least number of pages to move so that the found documents are the true ones."""
    from scipy.optimize import linear_sum_assignment

    shared = np.array(
        [[max(0, min(t.end, f.end) - max(t.start, f.start)) for f in found] for t in true]
    ).reshape(len(true), len(found))
    rows, columns = linear_sum_assignment(shared, maximize=True)
    return sum(t.end - t.start for t in true) - int(shared[rows, columns].sum())


def majority(true: Sequence[Types]) -> list[list[PageType]]:
    """Answer every page with the commonest true type: a chance mark."""
    counts = Counter(t for book in true for t in book)
    common = counts.most_common(1)[0][0] if counts else PageType.STORY
    return [[common] * len(book) for book in true]


def shuffled(true: Sequence[Types], seed: int) -> list[list[PageType]]:
    """Deal the true labels of each book out at random: a chance mark."""
    rng = np.random.default_rng(seed)
    return [[book[i] for i in rng.permutation(len(book))] for book in true]


def _pairs(true: Sequence[Types], found: Sequence[Types]) -> list[tuple[PageType, PageType]]:
    """List true and found type of every page of every book."""
    return [
        pair for one, two in zip(true, found, strict=True) for pair in zip(one, two, strict=True)
    ]


@dataclass(slots=True)
class _Tally:
    iou: float = 0.0
    n_matched: int = 0
    n_all: int = 0  # true and found documents

    @property
    def segmentation(self) -> float:
        return self.iou / self.n_matched if self.n_matched else 0.0

    @property
    def panoptic(self) -> float:
        # sum of IoU / (TP + FP / 2 + FN / 2), where TP + FP + TP + FN is n_all
        return 2 * self.iou / self.n_all if self.n_all else 0.0


def _tally(
    true: Sequence[Document],
    found: Sequence[Document],
    pooled: _Tally,
    by_type: dict[PageType, _Tally],
) -> None:
    for document in (*true, *found):
        for tally in (pooled, by_type.setdefault(document.page_type, _Tally())):
            tally.n_all += 1
    for t in true:
        for f in found:
            iou = t.iou(f)
            if t.page_type is f.page_type and iou > 0.5:
                for tally in (pooled, by_type[t.page_type]):
                    tally.iou += iou
                    tally.n_matched += 1
