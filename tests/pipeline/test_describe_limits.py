"""How a run waits, pays and stops."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from longbox.config import Config
from longbox.description import AnswerState
from longbox.errors import ConfigError
from longbox.library import Library
from longbox.pipeline import (
    DescribePlan,
    Prices,
    describe_library,
)
from pipeline.described_shelf import HURRY, Shelf, asked_of
from text.misbehaving_server import GOOD, Answer, misbehaving
from text.misbehaviours import KINDS


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    return Shelf(Library.create(tmp_path / "library"), tmp_path / "shelf")


def test_requests_in_the_air_are_bounded_and_used(shelf: Shelf) -> None:
    shelf.add(list(range(12)))
    with misbehaving({}, delay_s=0.1) as server:
        shelf.describe(server, n_at_once=3)
    assert server.most_at_once == 3


def test_busy_server_is_left_alone_by_all_requests(shelf: Shelf) -> None:
    shelf.add(list(range(4)))
    busy = Answer(status=429, body=b"{}", headers={"Retry-After": "0.6"})

    def plan(_attempt: int, _request: dict[str, object]) -> Answer:
        return busy if len(server.requests) <= 1 else Answer(GOOD)

    with misbehaving(plan) as server:
        report = shelf.describe(server, n_at_once=1)
    times = [at for _, _, at in server.requests]
    assert times[1] - times[0] > 0.55
    assert report.states[AnswerState.CLEAN] == 4


def test_server_that_asks_for_an_hour_ends_the_run(shelf: Shelf) -> None:
    book_id = shelf.add([0, 1])
    later = Answer(status=429, body=b"{}", headers={"Retry-After": "3600"})
    with misbehaving({1: lambda *_: later}) as server:
        report = shelf.describe(server, n_at_once=1)
    assert report.stopped is not None
    assert "3600 s" in report.stopped
    assert shelf.states(book_id) == ["clean"]


def test_money_stops_the_run_before_it_is_spent(shelf: Shelf) -> None:
    shelf.add(list(range(20)))
    prices = Prices(prompt=1.0, answer=10.0)  # a page: 1000 + 300 tokens, .004
    with misbehaving({}, delay_s=0.02) as server:
        options = asked_of(server, answer_tokens=400, max_answer_tokens=400)
        plan = DescribePlan(n_at_once=6, patience=HURRY, prices=prices, max_cost=0.03)
        report = describe_library(shelf.library, Config(), options, plan)
    assert report.stopped is not None
    assert "budget" in report.stopped
    assert report.cost <= 0.03
    assert report.cost == pytest.approx(0.004 * len(server.requests))
    assert 5 <= report.n_asked <= 7
    assert sum(report.states.values()) == report.n_asked


def test_tokens_stop_the_run_before_they_are_used(shelf: Shelf) -> None:
    book_id = shelf.add(list(range(10)))
    with misbehaving({}, delay_s=0.02) as server:
        report = shelf.describe(server, max_tokens=9000, n_at_once=5)
    assert report.n_tokens <= 9000
    assert report.n_asked == len(shelf.library.descriptions(book_id)) > 1
    with misbehaving({}) as server:
        assert shelf.describe(server).n_asked == 10 - report.n_asked


@pytest.mark.parametrize("usage", [None, {"prompt_tokens": 0, "completion_tokens": 0}])
def test_budget_holds_when_the_server_does_not_count(shelf: Shelf, usage: object) -> None:
    shelf.add(list(range(10)))
    with misbehaving(lambda *_: Answer(GOOD, usage=usage)) as server:
        report = shelf.describe(server, max_tokens=12_000)
    assert report.stopped is not None
    assert 0 < len(server.requests) < 10
    assert report.n_tokens <= 12_000


def test_budget_in_money_without_prices_is_a_mistake(shelf: Shelf) -> None:
    with misbehaving({}) as server, pytest.raises(ConfigError, match="prices"):
        shelf.describe(server, max_cost=1.0)


def test_nothing_that_listens_stops_after_few_pages(shelf: Shelf) -> None:
    shelf.add(list(range(10)))
    with misbehaving({}) as server:
        pass
    report = shelf.describe(server, patience=replace(HURRY, n_first_failed_pages=2), n_at_once=1)
    assert report.stopped == "2 pages in a row got no answer"
    assert report.n_asked == 2


def test_refused_schema_is_remembered_for_the_other_pages(shelf: Shelf) -> None:
    shelf.add(list(range(5)))
    with misbehaving(KINDS["schema_refused"][0]) as server:
        report = shelf.describe(server, n_at_once=1)
    assert len(server.requests) == 5 + 2
    assert report.answer_format == "none"
