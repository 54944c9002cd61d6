"""Corrections on disk: kept to the letter, whatever else is lost."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from drawn_books import add, draw_book, filled

from longbox.correction import CorrectedField, Correction, latest, time_after, withdrawals
from longbox.errors import LibraryError
from longbox.library import Library, add_corrections, corrected_books, read_corrections

BOOK = f"{1:016x}"
TITLE = Correction(BOOK, None, CorrectedField.TITLE, '"Night"', "2026-01-01T00:00:00+00:00")
TYPE = Correction(BOOK, 0, CorrectedField.PAGE_TYPE, '"cover"', "2026-01-02T00:00:00", "me: x")


def path_of(root: Path) -> Path:
    return root / "corrections" / f"{BOOK}.json"


def test_book_without_corrections_has_none(tmp_path: Path) -> None:
    assert read_corrections(tmp_path, BOOK) == ()
    assert corrected_books(tmp_path) == ()
    assert add_corrections(tmp_path, ()) == 0


def test_corrections_are_kept_oldest_first_and_once(tmp_path: Path) -> None:
    later = replace(TITLE, value='"Day"')
    assert add_corrections(tmp_path, [TITLE, TYPE]) == 2
    assert add_corrections(tmp_path, [TYPE, later, later]) == 1
    assert read_corrections(tmp_path, BOOK) == (TITLE, TYPE, later)
    assert corrected_books(tmp_path) == (BOOK,)


def test_file_is_json_that_a_person_can_read(tmp_path: Path) -> None:
    add_corrections(tmp_path, [TITLE])
    whole = json.loads(path_of(tmp_path).read_text())
    assert (whole["format"], whole["book_id"]) == (1, BOOK)
    assert whole["corrections"][0]["value"] == "Night"


def test_value_is_kept_in_one_spelling(tmp_path: Path) -> None:
    spaced = '[ {"box": [0, 0, 5.0, 1e1], "polygon": null} ]'
    add_corrections(tmp_path, [replace(TYPE, field=CorrectedField.PANELS, value=spaced)])
    (found,) = read_corrections(tmp_path, BOOK)
    assert found.value == '[{"box":[0,0,5.0,10.0],"polygon":null}]'


@pytest.mark.parametrize(
    "bad",
    [
        replace(TITLE, value="no json"),
        replace(TITLE, value='""'),
        replace(TITLE, page_index=1),
        replace(TITLE, made_at="yesterday"),
        replace(TYPE, page_index=None),
        replace(TYPE, page_index=-1),
        replace(TYPE, value='"novel"'),
        replace(TYPE, field=CorrectedField.PANELS, value="[[0,0,5,5]]"),
        replace(TYPE, field=CorrectedField.PANELS, value='[{"box":[5,0,0,5]}]'),
        replace(TYPE, field=CorrectedField.PANELS, value='[{"box":[0,0,NaN,5]}]'),
        replace(TYPE, field=CorrectedField.TEXTS, value='[{"box":[0,0,5,5],"text":"a"}]'),
        replace(TYPE, field=CorrectedField.PANELS, value="[" * 100_000),
        replace(TITLE, field=CorrectedField.LANGUAGE, value='"english"'),
        replace(TITLE, field=CorrectedField.DIRECTION, value='"up"'),
        replace(TITLE, book_id="../../etc/passwd"),
        replace(TITLE, value='"\\ud800"'),
        replace(TITLE, made_at="9999-01-01"),
        replace(TITLE, made_at="0001-01-01T00:00:00+14:00"),
        replace(TITLE, origin="x" * 2_000),
        replace(TYPE, page_index=True),
        replace(TYPE, page_index=0.5),  # type: ignore[arg-type]
        replace(TYPE, page_index=10**400),
        replace(TYPE, field=CorrectedField.PANELS, value='[{"box":[0,0,1' + "0" * 400 + ",5]}]"),
        replace(TYPE, field=CorrectedField.TEXTS, value="null "),
    ],
)
def test_unusable_correction_is_refused_with_the_rest(tmp_path: Path, bad: Correction) -> None:
    with pytest.raises(LibraryError) as caught:
        add_corrections(tmp_path, [TITLE, bad])
    assert "\n" not in str(caught.value)
    assert read_corrections(tmp_path, BOOK) == ()


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{}",
        b"[" * 100_000,
        b'{"format": 9}',
        b'{"format": 1e999, "book_id": "0000000000000001", "corrections": []}',
        b'{"format": 1, "book_id": "1", "corrections": []}',
        b'{"format": 1, "book_id": "0000000000000001", "corrections": {}}',
        b'{"format": 1, "book_id": "0000000000000001", "corrections": [3]}',
    ],
)
def test_damaged_file_is_an_error_and_never_overwritten(tmp_path: Path, data: bytes) -> None:
    path_of(tmp_path).parent.mkdir()
    path_of(tmp_path).write_bytes(data)
    with pytest.raises(LibraryError, match=BOOK):
        read_corrections(tmp_path, BOOK)
    if b"[3]" not in data:
        with pytest.raises(LibraryError, match=BOOK):
            add_corrections(tmp_path, [TITLE])
        assert path_of(tmp_path).read_bytes() == data


def test_what_is_taken_back_stays_in_the_history(tmp_path: Path) -> None:
    add_corrections(tmp_path, [TITLE, TYPE])
    taken = withdrawals(read_corrections(tmp_path, BOOK), 0)
    assert [(c.field, c.value, c.page_index) for c in taken] == [(TYPE.field, "null", 0)]
    assert add_corrections(tmp_path, taken) == 1
    found = read_corrections(tmp_path, BOOK)
    assert found == (TITLE, TYPE, *taken)
    assert withdrawals(found, 0) == ()
    assert [c.field for c in withdrawals(found)] == [TITLE.field]
    assert withdrawals(found, None, CorrectedField.SERIES) == ()
    assert withdrawals(()) == ()


def test_last_word_counts_although_an_imported_clock_ran_ahead() -> None:
    ahead = replace(TITLE, made_at="2900-01-01T00:00:00+09:00")
    (taken,) = withdrawals([ahead])
    assert latest([taken, ahead]) == (taken,)
    assert time_after(()) < "2900"


def test_two_writers_lose_nothing(tmp_path: Path) -> None:
    script = (
        "import sys; from pathlib import Path\n"
        "from longbox.correction import Correction, CorrectedField\n"
        "from longbox.library import add_corrections\n"
        "for i in range(15):\n"
        f"    add_corrections(Path(sys.argv[1]), [Correction('{BOOK}', i, CorrectedField.PAGE_TYPE,"
        " '\"cover\"', '2026-01-01', sys.argv[2])])\n"
    )
    writers = [
        subprocess.Popen([sys.executable, "-c", script, str(tmp_path), name]) for name in "ab"
    ]
    assert [w.wait() for w in writers] == [0, 0]
    found = read_corrections(tmp_path, BOOK)
    assert {(c.origin, c.page_index) for c in found} == {(o, i) for o in "ab" for i in range(15)}


def test_corrections_outlive_the_catalog_and_the_book(tmp_path: Path) -> None:
    with filled(tmp_path, [draw_book(1)]) as library:
        library.add_correction(TITLE)
        library.remove_book(BOOK)
        add(library, draw_book(2))
    for path in tmp_path.glob("catalog.sqlite*"):
        path.unlink()
    Library.rebuild(tmp_path)
    with Library.open(tmp_path) as library:
        assert library.corrections(BOOK) == (TITLE,)


def test_read_only_library_takes_no_corrections(tmp_path: Path) -> None:
    filled(tmp_path, [draw_book(1)]).close()
    with Library.open(tmp_path, read_only=True) as library:
        with pytest.raises(LibraryError, match="read-only"):
            library.add_correction(TITLE)
        assert library.corrections(BOOK) == ()


def test_rows_of_an_old_catalog_move_into_files(tmp_path: Path) -> None:
    filled(tmp_path, [draw_book(1)]).close()
    with sqlite3.connect(tmp_path / "catalog.sqlite") as connection:
        connection.executemany(
            "INSERT INTO corrections (book_id, page_index, panel_order, field, value, made_at) "
            "VALUES (?, ?, ?, ?, ?, ?)",
            [
                (BOOK, None, None, "title", '"Night"', TITLE.made_at),
                (BOOK, 0, 3, "text", '"odd"', "2025-01-01"),
            ],
        )
    connection.close()
    for _ in range(2):
        with Library.open(tmp_path) as library:
            assert library.corrections(BOOK) == (TITLE,)
    with sqlite3.connect(tmp_path / "catalog.sqlite") as connection:
        left = connection.execute("SELECT field FROM corrections").fetchall()
    connection.close()
    assert left == [("text",)]


def test_a_file_has_a_line_for_each_correction(tmp_path: Path) -> None:
    made = [
        replace(TITLE, value=json.dumps(words), origin=f"me: {len(words)}")
        for words in ("Night", 'back\\slash "and" [brackets] {', "é \u2028 猫")
    ]
    assert add_corrections(tmp_path, made) == 3
    lines = path_of(tmp_path).read_text(encoding="ascii").splitlines()
    assert len([line for line in lines if line.startswith("  {")]) == 3
    assert add_corrections(tmp_path, made) == 0
    assert [json.loads(c.value) for c in read_corrections(tmp_path, BOOK)] == [
        json.loads(c.value) for c in made
    ]
