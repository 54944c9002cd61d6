"""Describing while something else goes on: another run, an indexer, a removal, a second showing."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from longbox.book import FileStamp
from longbox.config import Config
from longbox.errors import LibraryError
from longbox.library import Library, description_path, write_book_store
from longbox.pipeline import DescribePlan, describe_library, estimate_descriptions
from pipeline.described_shelf import HURRY, Shelf, annotate, asked_of
from text.misbehaving_server import GOOD, Answer, misbehaving
from text.misbehaviours import KEY, KINDS


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    return Shelf(Library.create(tmp_path / "library"), tmp_path / "shelf")


def test_failed_answer_does_not_take_the_place_of_a_paid_one(shelf: Shelf) -> None:
    shelf.add([0], "a")
    with misbehaving({}) as server:
        shelf.describe(server)
    with misbehaving({0: KINDS["refusal_text"][0]}) as server:
        shelf.describe(server, again=True)
    other = shelf.add([0, 1], "b")
    with misbehaving({}) as server:
        shelf.describe(server)
        assert server.count() == {1: 1}
    assert shelf.states(other) == ["clean", "clean"]


def test_asking_again_asks_about_a_page_of_two_books_once(shelf: Shelf) -> None:
    shelf.add([0], "a")
    shelf.add([0, 1], "b")
    with misbehaving({}) as server:
        report = shelf.describe(server, again=True, n_at_once=1)
        assert server.count() == {0: 1, 1: 1}
    assert (report.n_asked, report.n_cached) == (2, 1)


def test_truncated_answer_is_on_the_disk_before_more_is_asked(shelf: Shelf) -> None:
    shelf.add([0])
    kept: list[str] = []

    def plan(attempt: int, _request: dict[str, Any]) -> Answer:
        if attempt == 0:
            return Answer(GOOD[:300], finish="length")
        for path in (shelf.library.root / "answers").rglob("*.json"):
            kept.append(json.loads(path.read_bytes())["description"]["state"])
        return Answer(GOOD)

    with misbehaving({0: plan}) as server:
        shelf.describe(server)
    assert kept == ["truncated"]


def test_key_that_a_server_sends_back_is_not_stored(shelf: Shelf) -> None:
    shelf.add([0])
    echo = GOOD.replace("a fox runs over hill 1", f"Authorization: Bearer {KEY}")
    with misbehaving({0: lambda *_: Answer(echo)}) as server:
        shelf.describe(server)
    files = [path for path in shelf.library.root.rglob("*") if path.is_file()]
    assert not [path for path in files if KEY.encode() in path.read_bytes()]


_OTHER_RUN = """
import sys
from pathlib import Path
from longbox.pipeline.turns import BookTurns
print(BookTurns(Path(sys.argv[1])).take(sys.argv[2]), flush=True)
sys.stdin.read()
"""


def test_book_that_another_run_describes_is_left_to_it(shelf: Shelf) -> None:
    book_id = shelf.add([0], "a")
    other = shelf.add([1], "b")
    command = [sys.executable, "-c", _OTHER_RUN, str(shelf.library.root), book_id]
    pipe = subprocess.PIPE
    with misbehaving({}) as server:
        with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) as child:
            assert child.stdout is not None
            assert child.stdout.readline() == "True\n"
            report = shelf.describe(server)
            child.communicate()
        assert server.count() == {1: 1}
        assert [p.reason for p in report.problems] == [
            "another run is describing this book; run again when it is done"
        ]
        assert (shelf.states(book_id), shelf.states(other)) == ([], ["clean"])
        assert shelf.describe(server).n_asked == 1  # its turn ended with the process
    assert shelf.states(book_id) == ["clean"]


def test_library_that_may_only_be_read_asks_nobody(shelf: Shelf) -> None:
    shelf.add([0])
    plan = DescribePlan(patience=HURRY)
    with misbehaving({}) as server, Library.open(shelf.library.root, read_only=True) as library:
        with pytest.raises(LibraryError, match="read-only"):
            describe_library(library, Config(), asked_of(server), plan)
        assert estimate_descriptions(library, asked_of(server), plan).n_to_ask == 1
        assert server.requests == []


def test_book_whose_file_is_gone_does_not_use_up_the_limit(shelf: Shelf) -> None:
    ids = sorted([shelf.add([0, 1], "a"), shelf.add([2, 3], "b")])
    first = Path(shelf.library.annotated_book(ids[0]).book.path)
    first.unlink()
    with misbehaving({}) as server:
        report = shelf.describe(server, n_pages=1)
    assert report.n_asked == 1
    assert [p.file for p in report.problems] == [str(first)]
    assert "not there any more" in report.problems[0].reason
    assert shelf.states(ids[1]) == ["clean"]


def test_book_that_is_named_twice_is_described_once(shelf: Shelf) -> None:
    book_id = shelf.add([0])
    with misbehaving({}) as server:
        report = shelf.describe(server, book_ids=(book_id, book_id))
    assert (report.n_asked, report.n_cached, report.n_books) == (1, 0, 1)


def _index_anew(library: Library, book_id: str) -> None:
    """What an indexer does that found the first tier to be no panel."""
    old = library.annotated_book(book_id)
    new = annotate(old.book, ((10, 213, 290, 390), (12, 410, 290, 588)))
    write_book_store(library.root, new, (), "again")
    library.merge_book(book_id, new.book.path, FileStamp(2, 2))


def test_book_indexed_anew_while_it_is_described_gets_answers_by_place(shelf: Shelf) -> None:
    book_id = shelf.add([0])

    def plan(*_: object) -> Answer:
        _index_anew(shelf.library, book_id)
        return Answer(GOOD)

    with misbehaving({0: plan}) as server:
        shelf.describe(server)
    assert shelf.library.unfit_descriptions(book_id) == frozenset()
    (said,) = shelf.library.descriptions(book_id)
    assert said.panel_text(0).startswith("a fox runs over hill 2")
    with misbehaving({}) as server:
        assert shelf.describe(server).n_done_before == 1


def test_book_removed_while_it_is_described_leaves_nothing_but_its_answer(shelf: Shelf) -> None:
    book_id = shelf.add([0], "a")
    other = shelf.add([1], "b")

    def plan(*_: object) -> Answer:
        shelf.library.remove_book(book_id)
        return Answer(GOOD)

    with misbehaving({0: plan}) as server:
        report = shelf.describe(server)
    assert not description_path(shelf.library.root, book_id).exists()
    assert shelf.states(other) == ["clean"]
    assert "no such book" in report.problems[0].reason
    assert len(list((shelf.library.root / "answers").rglob("*.json"))) == 2


def test_page_that_fits_no_more_is_not_lost_when_another_page_is_described(shelf: Shelf) -> None:
    book_id = shelf.add([0, 1])
    failing = {1: KINDS["always_500"][0]}
    hurry = replace(HURRY, n_tries=1)
    with misbehaving(failing) as server:
        shelf.describe(server, patience=hurry)
    _index_anew(shelf.library, book_id)  # and nobody matched its descriptions
    assert shelf.library.unfit_descriptions(book_id) == frozenset({0, 1})
    with misbehaving(lambda *_: KINDS["always_500"][0](0, {})) as server:
        shelf.describe(server, patience=hurry)
    said = shelf.library.descriptions(book_id)
    assert [d.state.value for d in said] == ["clean", "failed"]
    assert said[0].panel_text(0).startswith("a fox runs over hill 2")
