"""Describing a library against a server that misbehaves: states, waits, budgets, resuming."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from longbox.book import FileStamp, PageLabel, PageType
from longbox.config import Config
from longbox.description import AnswerState, PageDescription
from longbox.errors import LibraryError
from longbox.library import Library, description_path, read_description_store, write_book_store
from longbox.pipeline import (
    DescribePlan,
    Prices,
    describe_library,
    description_vectors,
    estimate_descriptions,
    index_shelf,
    refresh_descriptions,
)
from longbox.vectors import Space
from pipeline.described_shelf import HURRY, Shelf, annotate, asked_of
from text.misbehaving_server import TIERS, misbehaving, page
from text.misbehaviours import KEY, KINDS, NAMES
from waiting import PATIENCE_S, until


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    return Shelf(Library.create(tmp_path / "library"), tmp_path / "shelf")


def test_every_kind_of_failure_has_the_right_state_and_loses_no_page(shelf: Shelf) -> None:
    names = [name for name in NAMES if name != "slow_drip"]
    book_id = shelf.add(list(range(len(names))))
    plans = {number: KINDS[name][0] for number, name in enumerate(names)}
    with misbehaving(plans) as server:
        options = asked_of(server, timeout_s=PATIENCE_S, max_answer_tokens=6000)
        plan = DescribePlan(n_at_once=12, patience=HURRY)
        report = describe_library(shelf.library, Config(), options, plan)
    said = shelf.library.descriptions(book_id)
    assert [d.page_index for d in said] == list(range(len(names)))
    wrong = {
        name: (d.state.value, d.problem)
        for name, d in zip(names, said, strict=True)
        if d.state.value != KINDS[name][1]
    }
    assert wrong == {}
    assert report.stopped is None
    assert report.n_asked == len(names)
    assert sum(report.states.values()) == len(names)
    for d in said:
        assert (d.problem is None) == (d.state is AnswerState.CLEAN)
        if d.state.is_done:
            assert d.panels
            assert any(p.panel is not None for p in d.panels)
        if d.state is AnswerState.FAILED:
            assert d.panels == ()


def test_answer_that_drips_for_ever_is_given_up(shelf: Shelf) -> None:
    book_id = shelf.add([0])
    with misbehaving({0: KINDS["slow_drip"][0]}) as server:
        plan = DescribePlan(patience=HURRY)
        report = describe_library(shelf.library, Config(), asked_of(server, timeout_s=0.5), plan)
    assert shelf.states(book_id) == [KINDS["slow_drip"][1]] == ["failed"]
    assert report.n_asked == 1


def test_key_is_sent_and_kept_nowhere(shelf: Shelf) -> None:
    shelf.add([0, 1, 2])
    plans = {0: KINDS["key_refused"][0], 1: KINDS["always_500"][0]}
    with misbehaving(plans) as server:
        report = shelf.describe(server)
        options = asked_of(server)
    assert set(server.keys) == {f"Bearer {KEY}"}
    assert KEY not in repr(options)
    assert KEY not in repr(report)
    files = [path for path in shelf.library.root.rglob("*") if path.is_file()]
    assert files
    assert not [path for path in files if KEY.encode() in path.read_bytes()]


def test_descriptions_and_their_vectors_become_part_of_the_library(shelf: Shelf) -> None:
    book_id = shelf.add([0])
    with misbehaving({}) as server:
        shelf.describe(server)
    store = read_description_store(description_path(shelf.library.root, book_id))
    assert store.vectors is not None
    assert store.vectors.space is Space.DESCRIPTION
    assert store.vectors.mask.tolist() == [True] * 3
    (said,) = shelf.library.descriptions(book_id)
    assert said.panel_text(1).splitlines()[0] == "a fox runs over hill 2"
    assert said.panels[1].texts[0].text == "HOP 2"
    assert "HOP" not in said.panel_text(1)
    assert (said.n_prompt_tokens, said.n_answer_tokens) == (1000, 300)
    assert shelf.library.spaces()[Space.DESCRIPTION]


def test_empty_library_asks_nobody(shelf: Shelf) -> None:
    with misbehaving({}) as server:
        report = shelf.describe(server)
    assert (report.n_asked, server.requests) == (0, [])


def test_second_run_skips_what_is_done_and_asks_the_rest_again(shelf: Shelf) -> None:
    book_id = shelf.add([0, 1, 2])
    with misbehaving({1: KINDS["refusal_text"][0], 2: KINDS["truncated_unsaid"][0]}) as server:
        options = asked_of(server, answer_tokens=1000, max_answer_tokens=4000)
        plan = DescribePlan(patience=HURRY)
        describe_library(shelf.library, Config(), options, plan)
        tokens = [r["max_tokens"] for n, r, _ in server.requests if n == 2]
    assert shelf.states(book_id) == ["clean", "failed", "truncated"]
    assert tokens == [1000, 2000, 4000]
    with misbehaving({}) as server:
        wider = replace(options, endpoint=server.url, max_answer_tokens=16000)
        report = describe_library(shelf.library, Config(), wider, plan)
        asked = [(n, r["max_tokens"]) for n, r, _ in server.requests]
    assert sorted(asked) == [(1, 1000), (2, 8000)]
    assert report.n_done_before == 1
    assert shelf.states(book_id) == ["clean"] * 3


def test_page_cut_at_the_largest_limit_is_given_up_until_that_is_raised(shelf: Shelf) -> None:
    shelf.add([0])
    with misbehaving({0: KINDS["truncated_unsaid"][0]}) as server:
        shelf.describe(server)
        n_before = len(server.requests)
        report = shelf.describe(server)
    assert len(server.requests) == n_before
    assert report.n_given_up == 1


def test_same_page_in_two_books_costs_once(shelf: Shelf) -> None:
    first = shelf.add([0, 1], "a")
    second = shelf.add([1, 2], "b")
    with misbehaving({}, delay_s=0.05) as server:
        report = shelf.describe(server, n_at_once=8)
        third = shelf.add([2, 0, 1], "c")
        later = shelf.describe(server)
    assert server.count() == {0: 1, 1: 1, 2: 1}
    assert (report.n_asked, report.n_cached) == (3, 1)
    assert (later.n_asked, later.n_cached) == (0, 3)
    for book_id, n_pages in ((first, 2), (second, 2), (third, 3)):
        said = shelf.library.descriptions(book_id)
        assert [d.page_index for d in said] == list(range(n_pages))
        assert [d.state.value for d in said] == ["clean"] * n_pages


def test_asking_again_asks_done_pages_and_a_worse_answer_replaces_nothing(shelf: Shelf) -> None:
    book_id = shelf.add([0])
    with misbehaving({}) as server:
        shelf.describe(server)
    with misbehaving({0: KINDS["refusal_text"][0]}) as server:
        report = shelf.describe(server, again=True)
        assert len(server.requests) == 1
    assert report.states[AnswerState.FAILED] == 1
    assert shelf.states(book_id) == ["clean"]


def test_another_model_is_asked_anew(shelf: Shelf) -> None:
    book_id = shelf.add([0])
    with misbehaving({}) as server:
        shelf.describe(server)
        other = replace(asked_of(server), model="owl-vl")
        describe_library(shelf.library, Config(), other, DescribePlan(patience=HURRY))
        assert len(server.requests) == 2
    assert shelf.library.descriptions(book_id)[0].model == "owl-vl"


def test_limit_and_filters_choose_pages(shelf: Shelf) -> None:
    one = shelf.add([0, 1], "Fox Tales 1")
    two = shelf.add([2, 3], "Owl 7")
    with misbehaving({}) as server:
        shelf.describe(server, series="fox", n_pages=1)
        assert server.count() == {0: 1}
        shelf.describe(server, book_ids=(two,))
        assert server.count() == {0: 1, 2: 1, 3: 1}
    assert len(shelf.library.descriptions(one)) == 1


@pytest.mark.parametrize(("boxes", "n_asked"), [(TIERS, 1), (((0, 0, 300, 600),), 0)])
def test_page_is_left_out_only_where_label_and_panels_say_blank(
    shelf: Shelf, boxes: tuple[tuple[int, int, int, int], ...], n_asked: int
) -> None:
    book_id = shelf.add([0])
    old = annotate(shelf.library.annotated_book(book_id).book, boxes)
    blank = PageLabel(PageType.BLANK, 0.9, "drawn")
    pages = tuple(replace(page, label=blank) for page in old.pages)
    write_book_store(shelf.library.root, replace(old, pages=pages), (), "blank")
    shelf.library.merge_book(book_id, old.book.path, FileStamp(2, 2))
    with misbehaving({}) as server:
        report = shelf.describe(server)
    assert (report.n_asked, report.n_left_out) == (n_asked, 1 - n_asked)


def test_unknown_book_is_an_error(shelf: Shelf) -> None:
    with misbehaving({}) as server, pytest.raises(LibraryError, match="no such book"):
        shelf.describe(server, book_ids=("0" * 16,))


def test_dry_run_counts_and_asks_nobody(shelf: Shelf) -> None:
    shelf.add([0, 1, 2])
    with misbehaving({}) as server:
        shelf.describe(server, n_pages=1)
        plan = DescribePlan(prices=Prices(1.0, 2.0))
        estimate = estimate_descriptions(shelf.library, asked_of(server), plan)
        assert len(server.requests) == 1
    assert (estimate.n_to_ask, estimate.n_done_before) == (2, 1)
    assert estimate.cost > 0


def test_file_that_was_replaced_is_never_sent(shelf: Shelf) -> None:
    book_id = shelf.add([0, 1])
    other = Shelf(shelf.library, shelf.folder / "other")
    other.add([2, 3])
    (shelf.folder / "other" / "a.cbz").replace(shelf.folder / "a.cbz")
    with misbehaving({}) as server:
        report = shelf.describe(server, book_ids=(book_id,))
    assert server.requests == []
    assert len(report.problems) == 1
    assert "not the file that was indexed" in report.problems[0].reason
    assert shelf.library.descriptions(book_id) == ()


def test_damaged_cache_entry_is_asked_for_again(shelf: Shelf) -> None:
    shelf.add([0], "a")
    with misbehaving({}) as server:
        shelf.describe(server)
        for path in (shelf.library.root / "answers").rglob("*.json"):
            path.write_bytes(path.read_bytes()[:50])
        shelf.add([0, 1], "b")
        report = shelf.describe(server)
    assert report.n_asked == 2
    assert report.n_cached == 0


def test_changed_panels_keep_their_descriptions_by_place(shelf: Shelf) -> None:
    from longbox.encoders import sentence_encoder

    book_id = shelf.add([0])
    with misbehaving({0: KINDS["no_boxes"][0]}) as server:
        shelf.describe(server)
    old = shelf.library.annotated_book(book_id)
    encoder = sentence_encoder()
    assert refresh_descriptions(shelf.library.root, old, encoder) is False
    # The first tier was found to be no panel, the others moved a little.
    new = annotate(old.book, ((10, 213, 290, 390), (12, 410, 290, 588)))
    write_book_store(shelf.library.root, new, (), "again")
    assert refresh_descriptions(shelf.library.root, new, encoder) is True
    shelf.library.merge_book(book_id, new.book.path, FileStamp(2, 2))
    assert shelf.library.unfit_descriptions(book_id) == frozenset()
    (said,) = shelf.library.descriptions(book_id)
    assert [p.panel for p in said.panels] == [None, 0, 1]
    assert said.panel_text(0).startswith("a fox runs over hill 2")
    # And once more: the numbers of the first showing mean nothing any longer.
    back = annotate(old.book, ((10, 410, 290, 590), (10, 10, 290, 190)))
    write_book_store(shelf.library.root, back, (), "back")
    assert refresh_descriptions(shelf.library.root, back, encoder) is True
    shelf.library.merge_book(book_id, new.book.path, FileStamp(3, 3))
    (said,) = shelf.library.descriptions(book_id)
    assert said.panel_text(0).startswith("a fox runs over hill 3")
    assert said.panel_text(1) == ""
    assert shelf.library.unfit_descriptions(book_id) == frozenset()
    with misbehaving({}) as server:
        assert shelf.describe(server).n_done_before == 1


def test_book_that_is_indexed_again_keeps_its_descriptions(shelf: Shelf) -> None:
    book_id = shelf.add([0])
    with misbehaving({}) as server:
        shelf.describe(server)
    before = shelf.library.annotated_book(book_id)
    index_shelf([shelf.folder], shelf.library, Config(), refresh=True, in_process=True)
    after = shelf.library.annotated_book(book_id)
    assert after.pages[0].panels != before.pages[0].panels
    assert shelf.library.unfit_descriptions(book_id) == frozenset()
    (said,) = shelf.library.descriptions(book_id)
    assert [p.panel for p in said.panels] == [0, 1, 2]
    assert shelf.library.spaces()[Space.DESCRIPTION]
    with misbehaving({}) as server:
        assert shelf.describe(server).n_done_before == 1


class _CountingEncoder:
    fingerprint, dimension = "counting", 4

    def can_read(self, texts: list[str]) -> np.ndarray:
        return np.array([bool(text.strip()) for text in texts], dtype=np.bool_)

    def encode_documents(self, texts: list[str]) -> np.ndarray:
        return np.tile(np.float32([1, 0, 0, 0]), (len(texts), 1))

    encode_queries = encode_documents


@pytest.mark.parametrize("state", list(AnswerState))
def test_only_done_descriptions_have_vectors(shelf: Shelf, state: AnswerState) -> None:
    book_id = shelf.add([0])
    with misbehaving({0: KINDS["fewer_panels"][0]}) as server:
        shelf.describe(server)
    said: PageDescription = replace(shelf.library.descriptions(book_id)[0], state=state)
    annotated = shelf.library.annotated_book(book_id)
    vectors = description_vectors(annotated, [said], _CountingEncoder())
    assert vectors.mask.tolist() == [False, state.is_done, False]
    assert description_vectors(annotated, [], _CountingEncoder()).mask.sum() == 0


_CHILD = """
import sys
from pathlib import Path
from longbox.config import Config
from longbox.library import Library
from longbox.pipeline import DescribePlan, describe_library
from longbox.text.vlm import VlmOptions
with Library.create(Path(sys.argv[1])) as library:
    report = describe_library(library, Config(), VlmOptions(sys.argv[2], "fox-vl"),
                              DescribePlan(n_at_once=1), lambda p: print("page", flush=True))
print(report.was_interrupted)
"""


@pytest.mark.skipif(os.name != "posix", reason="signals")
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_stopped_run_keeps_what_came_back(shelf: Shelf, how: signal.Signals) -> None:
    book_id = shelf.add(list(range(8)))
    with misbehaving({5: KINDS["slow_drip"][0]}) as server:
        child = subprocess.Popen(
            [sys.executable, "-c", _CHILD, str(shelf.library.root), server.url],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert child.stdout is not None
        for _ in range(5):
            assert child.stdout.readline() == "page\n"
        until(lambda: server.count()[5] == 1)
        started = time.monotonic()
        child.send_signal(how)
        out, _ = child.communicate(timeout=PATIENCE_S)
        stopped_in_s = time.monotonic() - started
    if how is signal.SIGINT:
        assert out.splitlines()[-1] == "True"
        assert stopped_in_s < 40  # what the server is slow with lasts much longer
        assert shelf.states(book_id) == ["clean"] * 5
    with misbehaving({}) as server:
        report = shelf.describe(server)
        assert sorted(server.count()) == [5, 6, 7]
    assert shelf.states(book_id) == ["clean"] * 8
    assert report.n_done_before + report.n_cached == 5


def test_good_answer_of_the_server_is_what_the_tests_think() -> None:
    assert len(page()["panels"]) == len(TIERS)
    assert len(NAMES) >= 25
