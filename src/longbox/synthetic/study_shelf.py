"""Draw a shelf with planted truth for the study: what do the vectors know, and is it found?

Real shelves have no truth to hold a statistic to. Here every page has a known archetype and words
are planted so that some pairs are tied by what their panels show or say, and most by nothing but
chance, a shared book or a shared scene (`longbox.synthetic.study_truth`). Each work has a style and
a paper of its own, which ties all its pages and must not be taken for a relation.

The books are CBZ files without page types in their ComicInfo.xml; the truth lies beside them.
"""

from __future__ import annotations

import random
import xml.etree.ElementTree as ET
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Final

from longbox.synthetic.files import encode_page
from longbox.synthetic.study_pages import BookLook, PageOrder, cast_of, draw_study_page
from longbox.synthetic.study_plan import ShelfPlan, plan_shelf
from longbox.synthetic.study_truth import StudyBook, StudyTruth
from longbox.synthetic.study_words import LOOKS, SERIES

TRUTH_NAME: Final = "study-truth.json"
_EPOCH = (2000, 1, 1, 0, 0, 0)


def draw_study_shelf(
    folder: Path | str,
    seed: int = 0,
    n_books: int = 24,
    *,
    n_pages: int = 16,
    tell: Callable[[str, int, int], None] | None = None,
) -> StudyTruth:
    """Draw a study shelf into a folder, with `study-truth.json` beside the books.

    Args:
        folder: Made if missing. Books of the same names are drawn again.
        seed: The same seed draws the same shelf, byte by byte.
        n_books: 4 or more; up to eight works share them.
        n_pages: Of each book, 11 or more, so that every archetype is in every book.
        tell: Called with "drawing", the books drawn and the books to draw.

    Raises:
        ConfigError: There are too few books or pages for what is to be planted.
    """
    root = Path(folder)
    plan = plan_shelf(seed, n_books, n_pages)
    root.mkdir(parents=True, exist_ok=True)
    books = []
    for book in range(n_books):
        books.append(_draw_book(root, plan, book, seed))
        if tell:
            tell("drawing", book + 1, n_books)
    truth = StudyTruth(seed, tuple(books), plan.words)
    (root / TRUTH_NAME).write_text(truth.to_json(), encoding="utf-8")
    return truth


def _draw_book(root: Path, plan: ShelfPlan, book: int, seed: int) -> StudyBook:
    work = plan.works[book]
    style, tint = LOOKS[work]
    rng = random.Random(f"study-look-{seed}-{work}")
    look = BookLook(style, tint, rng.randrange(1000), cast_of(work, seed), seed * 1000 + work)
    number = 1 + plan.works[:book].count(work)
    series = SERIES[work]
    title = f"{series} #{number}"
    path = root / f"{series} {number}.cbz"
    temporary = path.with_name(f".{path.name}.part")
    pages = []
    try:
        with zipfile.ZipFile(temporary, "w", zipfile.ZIP_STORED) as archive:
            _store(archive, "ComicInfo.xml", _comic_info(series, number))
            for index, sketch in enumerate(plan.books[book]):
                order = PageOrder(
                    f"page_{index + 1:03d}.jpg",
                    {i: p for (b, g, i), p in plan.plantings.items() if (b, g) == (book, index)},
                    plan.scenes.get((book, index), f"page {book} {index}"),
                    plan.fillers,
                    f"study-page-{seed}-{book}-{index}",
                )
                pixels, page = draw_study_page(sketch, look, order)
                _store(archive, page.source, encode_page(pixels, 88, "jpg"))
                pages.append(page)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    return StudyBook(path.name, title, series, style.value, tuple(pages))


def _store(archive: zipfile.ZipFile, name: str, data: bytes) -> None:
    archive.writestr(zipfile.ZipInfo(name, _EPOCH), data)


def _comic_info(series: str, number: int) -> bytes:
    root = ET.Element("ComicInfo")
    fields = {"Series": series, "Number": str(number), "LanguageISO": "en"}
    for name, text in fields.items():
        ET.SubElement(root, name).text = text
    xml: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return xml
