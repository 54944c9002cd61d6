"""Export and import as people and programs meet them."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from command_line import longbox
from longbox.cli.app import app
from longbox.config import Config
from longbox.correction import CorrectedField, Correction
from longbox.errors import LibraryError, QueryError, SidecarError
from longbox.interchange import FORMATS
from longbox.library import Library, WordsQuery
from longbox.pipeline import (
    export_books,
    export_corrections,
    files_of,
    find_books,
    index_shelf,
    plan_import,
)
from tiny_comics import draw_cbz


def quiet(_done: int, _total: int) -> None:
    return


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The library of two books, one of which has a namesake in another folder."""
    folder = tmp_path_factory.mktemp("exchange")
    draw_cbz(folder / "shelf" / "Night 1.cbz", [0])
    draw_cbz(folder / "shelf" / "old" / "Night 1.cbz", [2])
    with Library.create(folder / "library") as library:
        index_shelf([folder / "shelf"], library, Config(), in_process=True)
    return folder / "library"


@pytest.fixture
def library(root: Path, tmp_path: Path) -> Library:
    shutil.copytree(root, tmp_path / "library")
    return Library.open(tmp_path / "library")


def test_book_is_exported_changed_and_imported(library: Library, tmp_path: Path) -> None:
    (book_id,) = [b for b in library.book_ids() if "HELLO" in str(library.annotated_book(b))]
    at = ("--library", library.root)
    of = ("--book", book_id[:6], *at)  # there is a namesake of as many pages
    out = tmp_path / "out"
    done = longbox("export", "mokuro", out, *of)
    assert done.returncode == 0, done.stderr
    sidecar = out / "Night 1.mokuro"
    sidecar.write_text(sidecar.read_text().replace("ROBOT", "MARTIAN"))
    report = json.loads(longbox("import", sidecar, "--dry-run", "--json", *of).stdout)
    assert report["dry_run"]
    assert [c["field"] for c in report["files"][0]["changes"]] == ["texts"]
    assert library.corrections(book_id) == ()
    done = longbox("import", sidecar, *of)
    assert done.returncode == 0, done.stderr
    assert "texts of 1 page" in done.stdout
    with Library.open(library.root) as changed:
        assert len(changed.match_words(WordsQuery(("martian",)), 5)) == 1
        assert changed.corrections(book_id)[0].origin == "mokuro: Night 1.mokuro"
    with Library.open(library.root) as changed:
        assert plan_import(changed, sidecar, book_id).corrections == ()
    backup = tmp_path / "backup.jsonl"
    assert export_corrections(library, backup, None) == 1
    with Library.create(tmp_path / "fresh") as fresh:
        plan = plan_import(fresh, backup)  # of books that are not there yet
        fresh.add_corrections(plan.corrections)
        assert fresh.corrections(book_id) == library.corrections(book_id)
        assert plan_import(fresh, backup).corrections == ()


@pytest.mark.parametrize("format_name", list(FORMATS))
def test_every_format_is_written_for_all_books_and_says_nothing_new(
    library: Library, tmp_path: Path, format_name: str
) -> None:
    ids = library.book_ids()
    files = export_books(library, format_name, tmp_path / "out", ids, quiet)
    assert len({f.name.casefold() for f in files}) == 2  # namesakes do not meet
    for path, book_id in zip(files, ids, strict=True):
        assert plan_import(library, path, book_id).corrections == ()
    with pytest.raises(LibraryError, match="already there"):
        export_books(library, format_name, tmp_path / "out", ids, quiet)
    export_books(library, format_name, tmp_path / "out", ids, quiet, replaces=True)
    assert sorted((tmp_path / "out").iterdir()) == sorted(files)


def test_failing_export_leaves_nothing(library: Library, tmp_path: Path) -> None:
    with pytest.raises(LibraryError):
        export_books(
            library, "cbxy", tmp_path / "a" / "b", [library.book_ids()[0], "f" * 16], quiet
        )
    assert not (tmp_path / "a" / "b").exists()
    (tmp_path / "file").write_text("x")
    with pytest.raises(LibraryError, match="is a file"):
        export_books(library, "cbxy", tmp_path / "file", library.book_ids(), quiet)


def test_namesakes_are_told_apart_by_their_pages_or_refused(
    library: Library, tmp_path: Path
) -> None:
    ids = library.book_ids()
    (path, _) = export_books(library, "cbxy", tmp_path / "out", ids, quiet)
    with pytest.raises(SidecarError, match="fits 2 books"):
        plan_import(library, path)
    assert plan_import(library, path, ids[1]).book_ids == (ids[1],)


def test_sidecar_of_another_name_is_tried_on_every_book(library: Library, tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    page = {"page_image_path": "page1.png", "panels": [{"panel_coords": [0, 0, 50, 50]}]}
    path.write_text(json.dumps(page))
    with pytest.raises(SidecarError, match="fits 2 books"):
        plan_import(library, path)
    path.write_text(json.dumps({**page, "page_image_path": "other.png"}))
    # One page without its name still is a page of a book of one page.
    with pytest.raises(SidecarError, match="fits"):
        plan_import(library, path)
    path.write_text(json.dumps([page, {**page, "page_image_path": "page9.png"}]))
    with pytest.raises(SidecarError, match="fits no book"):
        plan_import(library, path)


def test_wrong_names_and_files_are_one_line(library: Library, tmp_path: Path) -> None:
    at = ("--library", library.root)
    for words in (
        ("import", tmp_path / "nowhere.cbxy"),
        ("export", "cbxy", tmp_path / "o", "--book", "zzzz"),
    ):
        done = longbox(*words, *at)
        assert done.returncode in (1, 2)
        assert done.stderr.startswith("error: ")
        assert len(done.stderr.splitlines()) == 1
    with pytest.raises(QueryError, match="no book"):
        find_books(library, ["f" * 16])


@pytest.mark.parametrize(
    "line",
    [
        '{"book_id": 5, "made_at": "2026-01-01"}',
        '{"book_id": "x", "page_index": null, "field": "title", "value": "a", "made_at": "2026"}',
        '{"book_id": "0", "page_index": 0, "field": "hue", "value": 1, "made_at": "2026-01-01"}',
        '{"book_id": "0", "made_at": ',
    ],
)
def test_bad_correction_lines_are_refused(library: Library, tmp_path: Path, line: str) -> None:
    (tmp_path / "c.jsonl").write_text(line)
    with pytest.raises(SidecarError, match="line 1"):
        plan_import(library, tmp_path / "c.jsonl")


def test_correction_of_a_page_that_is_not_there_is_refused(
    library: Library, tmp_path: Path
) -> None:
    record = {
        "book_id": library.book_ids()[0],
        "page_index": 7,
        "field": "page_type",
        "value": "cover",
        "made_at": "2026-01-01",
    }
    (tmp_path / "c.jsonl").write_text(json.dumps(record))
    with pytest.raises(SidecarError, match="no page 8"):
        plan_import(library, tmp_path / "c.jsonl")


def test_no_corrections_are_an_empty_file(library: Library, tmp_path: Path) -> None:
    assert export_corrections(library, tmp_path / "new" / "c.jsonl", None) == 0
    assert (tmp_path / "new" / "c.jsonl").read_bytes() == b""


def test_backup_of_several_books_is_not_taken_for_one(library: Library, tmp_path: Path) -> None:
    ids = library.book_ids()
    library.add_corrections(
        [Correction(b, None, CorrectedField.TITLE, '"x"', "2026-01-01") for b in ids]
    )
    backup = tmp_path / "c.jsonl"
    assert export_corrections(library, backup, None) == 2
    assert plan_import(library, backup).n_agreeing == 2
    with pytest.raises(SidecarError, match="other books"):
        plan_import(library, backup, ids[0])
    with pytest.raises(LibraryError, match="--force"):
        export_corrections(library, backup, None)
    with pytest.raises(LibraryError, match="is a folder"):
        export_corrections(library, tmp_path, None, replaces=True)


def test_half_a_character_does_not_get_into_the_library(library: Library, tmp_path: Path) -> None:
    record = {
        "book_id": library.book_ids()[0],
        "page_index": None,
        "field": "title",
        "value": "\ud800",
        "made_at": "2026-01-01",
    }
    (tmp_path / "c.jsonl").write_text(json.dumps(record))
    with pytest.raises(SidecarError, match="half a character"):
        plan_import(library, tmp_path / "c.jsonl")


def test_corrections_are_listed_and_taken_back(library: Library) -> None:
    book_id = library.book_ids()[0]
    at = ("--library", str(library.root))
    runner = CliRunner()
    nothing = runner.invoke(app, ["library", "uncorrect", book_id, *at])
    assert nothing.exit_code == 1
    assert "nothing to take back" in nothing.stderr
    empty = runner.invoke(app, ["library", "corrections", book_id[:6], "--json", *at])
    assert json.loads(empty.stdout) == {"book": book_id, "corrections": []}
    made = [
        Correction(book_id, None, CorrectedField.TITLE, '"old"', "2026-01-01"),
        Correction(book_id, None, CorrectedField.TITLE, '"Hail"', "2026-01-02"),
        Correction(book_id, 0, CorrectedField.PAGE_TYPE, '"cover"', "2026-01-03"),
        Correction(book_id, 0, CorrectedField.PANELS, '[{"box":[0,0,9,9]}]', "2026-01-03"),
    ]
    library.add_corrections(made)
    files, _ = files_of(library, [book_id])
    index_shelf(files, library, Config(), in_process=True)
    assert library.annotated_book(book_id).book.metadata.title == "Hail"
    wrong = runner.invoke(
        app, ["library", "uncorrect", book_id, "--page", "1", "--field", "title", *at]
    )
    assert isinstance(wrong.exception, QueryError)
    done = runner.invoke(app, ["library", "uncorrect", book_id, "--page", "1", *at])
    assert done.exit_code == 0, done.output
    assert done.stdout.splitlines() == [
        "taken back: page 1, page type",
        "taken back: page 1, panels",
    ]
    with Library.open(library.root) as changed:
        annotated = changed.annotated_book(book_id)
        assert annotated.pages[0].label.source != "correction"
        assert len(annotated.pages[0].panels) == 2
        assert annotated.book.metadata.title == "Hail"
    listed = json.loads(
        runner.invoke(app, ["library", "corrections", book_id, "--json", *at]).stdout
    )["corrections"]
    assert [c["state"] for c in listed] == [
        "replaced",
        "counts",
        "replaced",
        "replaced",
        "taken back",
        "taken back",
    ]
    people = runner.invoke(app, ["library", "corrections", book_id, *at]).stdout
    assert "page 1, panels: 1 panel " in people
    assert "as Longbox sees it" in people
    library.remove_book(book_id)  # what was said of it stays
    gone = runner.invoke(app, ["library", "uncorrect", book_id, "--field", "title", *at])
    assert gone.exit_code == 0, gone.output
    assert "next `longbox index`" in gone.stderr
