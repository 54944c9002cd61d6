"""What people put right stays, whatever run, settings or accident comes after it."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from longbox.book import (
    AnnotatedBook,
    AnnotatedPage,
    Book,
    Direction,
    DirectionSource,
    Metadata,
    Page,
    PageFlag,
    PageLabel,
    PageType,
    Panel,
    TextKind,
)
from longbox.config import Config
from longbox.correction import (
    CorrectedField,
    CorrectedPanel,
    CorrectedText,
    Correction,
    latest,
    panels_value,
    texts_value,
    time_after,
    word_value,
)
from longbox.geometry import Box
from longbox.interchange import FORMATS
from longbox.library import Library, WordsQuery
from longbox.page_types import to_comicinfo
from longbox.pipeline import (
    BookStages,
    IndexReport,
    index_shelf,
    plan_import,
    withdraw_corrections,
)
from longbox.pipeline.corrections import (
    NO_CORRECTIONS,
    book_corrections,
    corrected_labels,
    corrected_metadata,
    corrected_panels,
    corrected_texts,
    full_recipe,
    holds_old_labels,
    split_recipe,
)
from longbox.vectors import Space
from tiny_comics import draw_cbz
from waiting import PATIENCE_S

PAGE = Page(0, "page1.png", "0" * 64, 400, 600)
BOXES = [Box(20, 310, 380, 580), Box(20, 20, 200, 290), Box(200, 20, 380, 290)]
PANELS = [CorrectedPanel(box) for box in BOXES]
TEXTS = [CorrectedText(Box(30, 320, 100, 350), "moonlight sonata", TextKind.CAPTION, None)]


def said(field: CorrectedField, value: str, page: int | None = None, day: int = 1) -> Correction:
    return Correction("0" * 16, page, field, value, f"2026-01-{day:02}T00:00:00")


def run(shelf: Path, library: Library, config: Config | None = None, **kw: bool) -> IndexReport:
    return index_shelf([shelf], library, config or Config(), in_process=True, **kw)


@pytest.fixture(scope="module")
def indexed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A shelf of one page and its library, read once and copied by each test."""
    folder = tmp_path_factory.mktemp("corrected")
    draw_cbz(folder / "shelf" / "Night 1.cbz", [0])
    with Library.create(folder / "library") as library:
        run(folder / "shelf", library)
    return folder


@pytest.fixture
def library(indexed: Path, tmp_path: Path) -> Library:
    shutil.copytree(indexed / "library", tmp_path / "library")
    return Library.open(tmp_path / "library")


@pytest.fixture
def shelf(indexed: Path) -> Path:
    return indexed / "shelf"


def all_of(book_id: str) -> list[Correction]:
    made = [
        said(CorrectedField.PANELS, panels_value(PANELS), 0),
        said(CorrectedField.TEXTS, texts_value(TEXTS), 0),
        said(CorrectedField.PAGE_TYPE, word_value("advertisement"), 0),
        said(CorrectedField.DIRECTION, word_value("rtl")),
        said(CorrectedField.LANGUAGE, word_value("fr")),
        said(CorrectedField.TITLE, word_value("Rain")),
        said(CorrectedField.SERIES, word_value("Storm")),
    ]
    return [replace(c, book_id=book_id) for c in made]


def require_all(library: Library, book_id: str) -> None:
    annotated = library.annotated_book(book_id)
    (page,) = annotated.pages
    assert [p.box for p in page.panels] == BOXES
    assert {(p.source, p.confidence) for p in page.panels} == {("correction", 1.0)}
    (text,) = page.texts
    assert (text.text, text.kind, text.panel) == ("moonlight sonata", TextKind.CAPTION, 0)
    assert (text.source, text.confidence) == ("correction", 1.0)
    assert (page.label.page_type, page.label.source) == (PageType.ADVERTISEMENT, "correction")
    book = annotated.book
    assert (book.direction, book.direction_source) == (Direction.RTL, DirectionSource.CORRECTION)
    assert (book.metadata.language, book.metadata.title) == ("fr", "Rain")
    assert book.metadata.series == "Storm"
    vectors = {v.space: v for v in library.book_store(book_id).vectors}
    assert vectors[Space.VISION].mask.tolist() == [True] * 3
    assert vectors[Space.TEXT].mask.tolist() == [True, False, False]
    assert len(library.match_words(WordsQuery(("moonlight",)), 5)) == 1
    assert library.match_words(WordsQuery(("robot",)), 5) == []


def test_corrections_replace_what_was_seen_and_stay(shelf: Path, library: Library) -> None:
    (book_id,) = library.book_ids()
    library.add_corrections(all_of(book_id))
    (outcome,) = run(shelf, library).outcomes
    assert not outcome.is_reused
    require_all(library, book_id)
    assert run(shelf, library).n_unchanged == 1  # done once
    other = replace(Config(), panels=replace(Config().panels, paper_tolerance=30))
    assert run(shelf, library, other).n_outdated == 1
    (again,) = run(shelf, library, other, refresh=True).outcomes
    assert not again.is_reused
    require_all(library, book_id)
    assert run(shelf, library, other).n_outdated == 0
    for path in library.root.glob("catalog.sqlite*"):
        path.unlink()
    Library.rebuild(library.root)
    with Library.open(library.root) as rebuilt:
        require_all(rebuilt, book_id)
        assert run(shelf, rebuilt, other).outcomes[0].is_reused
        require_all(rebuilt, book_id)


def test_a_book_that_was_corrected_and_moved_is_where_it_is_and_nowhere_else(
    shelf: Path, library: Library, tmp_path: Path
) -> None:
    (book_id,) = library.book_ids()
    (name,) = library.known_files()
    own = tmp_path / "shelf"
    shutil.copytree(shelf, own)
    library.move_file(name, str(own / Path(name).name))
    library.add_corrections(all_of(book_id))
    (own / "moved").mkdir()
    after = (own / Path(name).name).rename(own / "moved" / "Night 1.cbz")
    (outcome,) = run(own, library).outcomes
    assert not outcome.is_reused
    assert list(library.known_files()) == [str(after)]
    require_all(library, book_id)


def test_what_is_only_written_down_is_not_computed_again(
    shelf: Path, library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    (book_id,) = library.book_ids()
    kept = {v.space: v.vectors.tobytes() for v in library.book_store(book_id).vectors}

    def refuse(*_: object) -> None:
        raise AssertionError("the book was understood again")

    monkeypatch.setattr(BookStages, "understand", refuse)
    light = ("page_type", "title", "series")
    library.add_corrections([c for c in all_of(book_id) if c.field in light])
    (outcome,) = run(shelf, library).outcomes
    assert outcome.is_reused
    annotated = library.annotated_book(book_id)
    assert annotated.book.title == "Storm #1: Rain"
    assert annotated.pages[0].label.page_type is PageType.ADVERTISEMENT
    assert {v.space: v.vectors.tobytes() for v in library.book_store(book_id).vectors} == kept
    assert run(shelf, library).n_unchanged == 1
    library.add_corrections([said(CorrectedField.TITLE, '"Hail"', day=2)])
    assert run(shelf, library).n_unchanged == 1  # of another book
    hail = replace(said(CorrectedField.TITLE, '"Hail"', day=2), book_id=book_id)
    library.add_corrections([hail])
    run(shelf, library)
    assert library.annotated_book(book_id).book.metadata.title == "Hail"


def test_what_is_taken_back_is_seen_by_the_stages_again(shelf: Path, library: Library) -> None:
    (book_id,) = library.book_ids()
    before = library.annotated_book(book_id)
    library.add_corrections(all_of(book_id))
    run(shelf, library)
    require_all(library, book_id)
    one = withdraw_corrections(library, book_id, 0, CorrectedField.PAGE_TYPE)
    assert [c.field for c in one] == ["page_type"]
    run(shelf, library)
    now = library.annotated_book(book_id)
    assert now.pages[0].label.source != "correction"
    assert now.book.metadata.title == "Rain"  # the others stay
    assert len(withdraw_corrections(library, book_id)) == 6
    (outcome,) = run(shelf, library).outcomes
    assert outcome.problems == ()
    assert library.annotated_book(book_id) == before
    assert "+" not in library.book_store(book_id).recipe
    assert run(shelf, library).n_unchanged == 1
    assert withdraw_corrections(library, book_id) == ()
    assert len(library.corrections(book_id)) == 14
    library.add_corrections(
        [replace(c, made_at=time_after(library.corrections(book_id))) for c in all_of(book_id)]
    )
    run(shelf, library)
    require_all(library, book_id)


def test_title_taken_back_is_only_written_down(
    shelf: Path, library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    (book_id,) = library.book_ids()
    before = library.annotated_book(book_id)
    library.add_corrections([c for c in all_of(book_id) if c.field == "title"])
    run(shelf, library)

    def refuse(*_: object) -> None:
        raise AssertionError("the book was understood again")

    monkeypatch.setattr(BookStages, "understand", refuse)
    withdraw_corrections(library, book_id)
    assert run(shelf, library).outcomes[0].is_reused
    assert library.annotated_book(book_id) == before


def test_moved_away_corrections_do_not_leave_their_page_types_behind(
    shelf: Path, library: Library
) -> None:
    (book_id,) = library.book_ids()
    before = library.annotated_book(book_id)
    library.add_corrections([c for c in all_of(book_id) if c.field == "page_type"])
    run(shelf, library)
    (library.root / "corrections" / f"{book_id}.json").unlink()
    run(shelf, library)
    assert library.annotated_book(book_id) == before


def test_file_that_agrees_with_the_book_overrules_what_waits(
    library: Library, tmp_path: Path
) -> None:
    (book_id,) = library.book_ids()
    sidecar = tmp_path / "Night 1.cbxy"
    sidecar.write_bytes(FORMATS["cbxy"].write(library.annotated_book(book_id), to_comicinfo))
    assert plan_import(library, sidecar).corrections == ()
    wrong = [c for c in all_of(book_id) if c.field in ("panels", "title")]
    library.add_corrections([replace(c, made_at="2900-01-01") for c in wrong])
    (right,) = plan_import(library, sidecar).corrections
    library.add_corrections([right])
    (counting,) = [c for c in latest(library.corrections(book_id)) if c.field == "panels"]
    assert counting == right


def test_type_that_a_person_gave_takes_off_the_flags_that_contradict_it() -> None:
    flags = (PageFlag.LANDSCAPE, PageFlag.PROSE, PageFlag.NEAR_BLANK, PageFlag.NOT_COMIC_BOOK)
    page = AnnotatedPage(PAGE, (), (), PageLabel(PageType.TEXT_PAGE, 0.5, "rules"), flags=flags)
    book = Book("0" * 16, "x", "cbz", Metadata(), Direction.LTR, DirectionSource.GUESS, (PAGE,))

    def left(word: str) -> tuple[PageFlag, ...]:
        said_so = book_corrections([said(CorrectedField.PAGE_TYPE, word_value(word), 0)])
        annotated = corrected_labels(AnnotatedBook(book, (page,)), said_so)
        assert not holds_old_labels(annotated, said_so)
        assert holds_old_labels(annotated, NO_CORRECTIONS)
        return annotated.pages[0].flags

    assert left("story") == (PageFlag.LANDSCAPE,)
    assert left("blank") == (PageFlag.LANDSCAPE, PageFlag.NEAR_BLANK)
    assert left("not_comic") == (PageFlag.LANDSCAPE, PageFlag.PROSE, PageFlag.NOT_COMIC_BOOK)


def test_outline_is_cut_at_the_page() -> None:
    outline = ((-9.0, 10.0), (900.0, 10.0), (200.0, 999.0))
    value = panels_value([CorrectedPanel(Box(0, 10, 400, 600), outline)])
    found = corrected_panels(PAGE, book_corrections([said(CorrectedField.PANELS, value, 0)]))
    assert (found or ())[0].polygon == ((0.0, 10.0), (400, 10.0), (200.0, 600))


def test_damaged_corrections_cost_nothing_that_is_there(shelf: Path, library: Library) -> None:
    (book_id,) = library.book_ids()
    path = library.root / "corrections" / f"{book_id}.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text("{")
    before = library.fingerprint_contents if not path.exists() else None
    assert before is None
    report = run(shelf, library)
    assert (report.n_failed, report.problems[0].stage) == (1, "corrections")
    assert str(path) in report.problems[0].reason
    assert library.status().books == 1
    assert len(library.match_words(WordsQuery(("robot",)), 5)) == 1
    path.unlink()
    assert run(shelf, library).n_unchanged == 1


def test_new_file_with_damaged_corrections_is_tried_again(
    indexed: Path, shelf: Path, tmp_path: Path
) -> None:
    with Library.open(indexed / "library", read_only=True) as known:
        (book_id,) = known.book_ids()
    with Library.create(tmp_path / "new") as fresh:
        path = fresh.root / "corrections" / f"{book_id}.json"
        path.parent.mkdir()
        path.write_text("{")
        assert run(shelf, fresh).n_failed == 1
        shutil.copytree(indexed / "library" / "books", fresh.root / "books", dirs_exist_ok=True)
        path.unlink()
        assert run(shelf, fresh).n_books == 1


def test_kill_between_correction_and_redoing_loses_nothing(
    shelf: Path, library: Library, tmp_path: Path
) -> None:
    (book_id,) = library.book_ids()
    sidecar = tmp_path / "Night 1.mokuro"
    data = FORMATS["mokuro"].write(library.annotated_book(book_id), to_comicinfo)
    sidecar.write_bytes(data.replace(b"ROBOT", b"MARTIAN"))
    root = library.root
    library.close()
    command = [sys.executable, "-m", "longbox", "import", str(sidecar), "--library", str(root)]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL, start_new_session=True)
    kept = root / "corrections" / f"{book_id}.json"
    deadline = time.monotonic() + PATIENCE_S
    while not kept.exists() and time.monotonic() < deadline:
        time.sleep(0.002)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert kept.exists(), "nothing was kept within a minute"
    with Library.open(root) as resumed:
        assert len(resumed.match_words(WordsQuery(("robot",)), 5)) == 1, "killed too late to tell"
        run(shelf, resumed)
        assert len(resumed.match_words(WordsQuery(("martian",)), 5)) == 1
        assert resumed.match_words(WordsQuery(("robot",)), 5) == []
        assert plan_import(resumed, sidecar).corrections == ()


def test_later_correction_counts_whatever_the_order_of_the_file() -> None:
    late = said(CorrectedField.TITLE, '"late"', day=9)
    found = book_corrections([late, said(CorrectedField.TITLE, '"early"')])
    assert corrected_metadata(Metadata(title="x"), found).title == "late"


def test_times_of_two_zones_are_compared() -> None:
    early = replace(said(CorrectedField.TITLE, '"early"'), made_at="2026-01-01T10:00:00+09:00")
    late = replace(said(CorrectedField.TITLE, '"late"'), made_at="2026-01-01T02:00:00")
    found = book_corrections([late, early])
    assert found.words[CorrectedField.TITLE] == "late"


def test_no_corrections_leave_the_recipe_as_it_is() -> None:
    assert full_recipe("abc", NO_CORRECTIONS) == "abc"
    assert split_recipe("abc") == ("abc", "0" * 8, "0" * 8)
    some = book_corrections([said(CorrectedField.TITLE, '"x"')])
    assert split_recipe(full_recipe("abc", some)) == ("abc", "0" * 8, some.light_mark)


def test_boxes_are_cut_at_the_page_and_an_empty_page_is_one_panel() -> None:
    wide = panels_value([CorrectedPanel(Box(-5, -5, 900, 50)), CorrectedPanel(Box(500, 0, 600, 9))])
    found = corrected_panels(PAGE, book_corrections([said(CorrectedField.PANELS, wide, 0)]))
    assert [p.box for p in found or ()] == [Box(0, 0, 400, 50)]
    none = book_corrections([said(CorrectedField.PANELS, "[]", 0)])
    assert [p.box for p in corrected_panels(PAGE, none) or ()] == [Box(0, 0, 400, 600)]
    assert corrected_panels(replace(PAGE, index=1), none) is None


def test_panel_number_of_a_text_is_believed_while_it_can_be_true() -> None:
    panels = [Panel(box, i, 1.0, "rules") for i, box in enumerate(BOXES)]
    far = texts_value([CorrectedText(Box(30, 30, 60, 60), "x", TextKind.DIALOGUE, 0)])
    texts = said(CorrectedField.TEXTS, far, 0, day=2)
    boxes = said(CorrectedField.PANELS, panels_value(PANELS), 0)

    def panel(*corrections: Correction) -> int | None:
        found = corrected_texts(PAGE, panels, "en", book_corrections(corrections))
        return (found or ())[0].panel

    assert panel(boxes, texts) == 0  # said when these were the panels
    assert panel(texts) == 1  # the panels are others now: by its box
    assert panel(texts, replace(boxes, made_at="2026-01-03")) == 1
