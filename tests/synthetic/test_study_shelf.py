"""A shelf with planted truth: pages are what their archetype says, words where they should be."""

from __future__ import annotations

import io
import zipfile
from collections import defaultdict
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from longbox.errors import ConfigError
from longbox.ingest import find_books, open_book
from longbox.synthetic import (
    TRUTH_NAME,
    Archetype,
    Bond,
    StudyPage,
    StudyTruth,
    WordKind,
    draw_study_shelf,
)
from longbox.synthetic.study_plan import plan_shelf

N_BOOKS, N_PAGES = 4, 11


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("study")
    draw_study_shelf(folder, 3, N_BOOKS, n_pages=N_PAGES)
    return folder


@pytest.fixture(scope="module")
def truth(shelf: Path) -> StudyTruth:
    return StudyTruth.from_json((shelf / TRUTH_NAME).read_text(encoding="utf-8"))


def pages_of(truth: StudyTruth, archetype: Archetype) -> list[StudyPage]:
    return [p for book in truth.books for p in book.pages if p.archetype is archetype]


def shares(page: StudyPage) -> list[float]:
    area = page.width * page.height
    return [(x1 - x0) * (y1 - y0) / area for x0, y0, x1, y1 in (p.box for p in page.panels)]


def pixels(shelf: Path, truth: StudyTruth, archetype: Archetype) -> list[np.ndarray]:
    found = []
    for book in truth.books:
        with zipfile.ZipFile(shelf / book.file) as archive:
            for page in book.pages:
                if page.archetype is archetype:
                    picture = Image.open(io.BytesIO(archive.read(page.source)))
                    assert picture.size == (page.width, page.height)
                    found.append(np.asarray(picture.convert("L"), np.float32))
    return found


def test_every_book_has_a_cover_first_and_every_archetype(truth: StudyTruth) -> None:
    assert len(truth.books) == N_BOOKS
    for book in truth.books:
        assert len(book.pages) == N_PAGES
        assert book.pages[0].archetype is Archetype.COVER
        assert {page.archetype for page in book.pages} == set(Archetype)


def test_layouts_are_what_their_archetype_says(truth: StudyTruth) -> None:
    for page in pages_of(truth, Archetype.SPLASH):
        assert [share > 0.8 for share in shares(page)] == [True]
    for page in pages_of(truth, Archetype.DOMINANT_PANEL):
        assert len(page.panels) >= 3
        assert max(shares(page)) > 0.55
    for page in pages_of(truth, Archetype.DENSE_GRID):
        assert len(page.panels) >= 9
    for page in pages_of(truth, Archetype.TYPICAL_GRID):
        assert 4 <= len(page.panels) <= 6
        assert max(shares(page)) < 0.45
    for page in pages_of(truth, Archetype.EXTREME_ASPECT):
        aspects = [(x1 - x0) / (y1 - y0) for x0, y0, x1, y1 in (p.box for p in page.panels)]
        assert all(a > 2.5 for a in aspects) or all(a < 0.4 for a in aspects)
    for page in truth.books[0].pages:
        assert (page.width > page.height) == (page.archetype is Archetype.LANDSCAPE)


def test_dark_pages_are_dark_and_white_pages_nearly_blank(shelf: Path, truth: StudyTruth) -> None:
    assert all(page.mean() < 60 for page in pixels(shelf, truth, Archetype.DARK))
    for page in pixels(shelf, truth, Archetype.WHITE):
        assert page.mean() > 220
        assert (np.abs(page - np.median(page)) > 32).mean() < 0.02
    assert all(page.mean() > 60 for page in pixels(shelf, truth, Archetype.TYPICAL_GRID))


def test_files_say_nothing_of_the_truth(shelf: Path, truth: StudyTruth) -> None:
    assert sorted(p.name for p in find_books([shelf])) == sorted(b.file for b in truth.books)
    for planted in truth.books:
        with open_book(shelf / planted.file) as opened:
            assert opened.book.title == planted.title
            assert all(page.declared_type is None for page in opened.book.pages)


def test_the_truth_is_read_back_as_it_was_written(truth: StudyTruth) -> None:
    assert StudyTruth.from_json(truth.to_json()) == truth
    with pytest.raises(ValueError, match="draw the shelf again"):
        StudyTruth.from_json('{"seed": 1}')


def test_what_is_planted_is_lettered(truth: StudyTruth) -> None:
    planned = plan_shelf(3, N_BOOKS, N_PAGES).plantings
    lettered = sum(truth.panels_with(word.word) for word in truth.words)
    assert lettered >= 0.95 * len(planned)


def test_the_same_seed_draws_the_same_bytes(shelf: Path, tmp_path: Path) -> None:
    class Enough(Exception):  # noqa: N818
        pass

    def stop(_what: str, _done: int, _total: int) -> None:
        raise Enough

    for name, seed in (("same", 3), ("other", 4)):
        with pytest.raises(Enough):
            draw_study_shelf(tmp_path / name, seed, N_BOOKS, n_pages=N_PAGES, tell=stop)
    (book,) = (tmp_path / "same").iterdir()
    assert book.read_bytes() == (shelf / book.name).read_bytes()
    assert book.read_bytes() != (tmp_path / "other" / book.name).read_bytes()


def test_words_of_a_relation_are_in_books_of_different_works() -> None:
    plan = plan_shelf(0, 24, 16)
    works: dict[str, set[int]] = defaultdict(set)
    books: dict[str, set[int]] = defaultdict(set)
    pages: dict[str, set[tuple[int, int]]] = defaultdict(set)
    for (book, page, _), planting in plan.plantings.items():
        works[planting.word].add(plan.works[book])
        books[planting.word].add(book)
        pages[planting.word].add((book, page))
    truth = StudyTruth(0, (), plan.words)
    for pair in truth.pairs():
        if pair.bond in (Bond.PICTURE, Bond.WORDS):
            assert not works[pair.first] & works[pair.second]
            assert min(len(works[pair.first]), len(works[pair.second])) >= 2
        if pair.bond in (Bond.BOOK, Bond.SCENE):
            assert books[pair.first] == books[pair.second]
    one_page = [w.word for w in plan.words if w.kind is WordKind.ONE_SCENE]
    assert all(len(pages[word]) == 1 for word in one_page)
    anywhere = [w.word for w in plan.words if w.kind is WordKind.RANDOM]
    assert all(len(works[word]) >= 4 for word in anywhere)
    assert {pair.bond for pair in truth.pairs()} == set(Bond)


def test_a_shelf_that_is_too_small_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="4 books with 11 pages"):
        draw_study_shelf(tmp_path / "few", 0, 3)
    with pytest.raises(ConfigError, match="too small"):
        draw_study_shelf(tmp_path / "short", 0, 8, n_pages=5)
    assert not (tmp_path / "few").exists()
