"""Reading what a person types."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from longbox.book import PanelId
from longbox.errors import QueryError
from longbox.retrieval.query import (
    PanelTerm,
    PictureTerm,
    WordsTerm,
    checked_terms,
    parse_query,
)


@pytest.fixture
def picture(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "crop.png"
    path.write_bytes(b"not read here")
    monkeypatch.chdir(tmp_path)
    return Path("crop.png")


def test_plain_words_are_one_term() -> None:
    assert parse_query("  the cat steals the potion ") == (WordsTerm("the cat steals the potion"),)


@pytest.mark.parametrize(
    "text",
    ["cat - the movie", "1+1", "rock + roll", "2:30 to midnight", 'say "no" to him', "-5 degrees"],
)
def test_words_that_only_look_like_a_sum_stay_words(text: str) -> None:
    assert parse_query(text) == (WordsTerm(text),)


@pytest.mark.parametrize("text", ['"dragon" -"castle"', '"dragon"-"castle"', '"dragon" - "castle"'])
def test_operator_beside_a_quote_counts(text: str) -> None:
    assert parse_query(text) == (WordsTerm("dragon"), WordsTerm("castle", -1.0))


def test_weight_may_stand_before_the_quotes() -> None:
    assert parse_query('2:"dragon" + 3:"red cape"') == (
        WordsTerm("dragon", 2.0),
        WordsTerm("red cape", 3.0),
    )
    assert parse_query('2:"red cape"') == (WordsTerm("red cape", 2.0, True),)


def test_quoted_alone_is_a_phrase() -> None:
    assert parse_query('"rain on a roof"') == (WordsTerm("rain on a roof", 1.0, True),)


def test_time_of_day_is_no_weight() -> None:
    assert parse_query('"3:10 to Yuma"') == (WordsTerm("3:10 to Yuma", 1.0, True),)


def test_sum_of_words_and_picture(picture: Path) -> None:
    assert parse_query('"2:dragon" + ./crop.png - "castle"') == (
        WordsTerm("dragon", 2.0),
        PictureTerm(picture, 1.0),
        WordsTerm("castle", -1.0),
    )


def test_bare_words_join_a_picture_in_a_sum(picture: Path) -> None:
    assert parse_query("crop.png - fruit") == (PictureTerm(picture, 1.0), WordsTerm("fruit", -1.0))


def test_leading_minus_subtracts(picture: Path) -> None:
    assert parse_query("- crop.png + 0.5:night") == (
        PictureTerm(picture, -1.0),
        WordsTerm("night", 0.5),
    )


def test_picture_alone(picture: Path) -> None:
    assert parse_query("crop.png") == (PictureTerm(picture),)


@pytest.mark.usefixtures("picture")
def test_quoted_picture_name_is_words() -> None:
    assert parse_query('"crop.png"') == (WordsTerm("crop.png", 1.0, True),)


@pytest.mark.parametrize("text", ["", "   ", "\n\t"])
def test_empty_query_is_refused(text: str) -> None:
    with pytest.raises(QueryError, match="empty"):
        parse_query(text)


def test_missing_picture_is_named() -> None:
    with pytest.raises(QueryError, match=r"nowhere\.png: there is no such picture"):
        parse_query('nowhere.png + "x"')


@pytest.mark.parametrize(
    "text", ['"a" + ', '"a" +  - "b"', '"" + "b"', '"0:a" + "b"', '"99999:a" + "b"']
)
def test_broken_sum_is_refused(text: str) -> None:
    with pytest.raises(QueryError):
        parse_query(text)


def test_open_quote_in_a_sum_is_refused() -> None:
    with pytest.raises(QueryError, match="not closed"):
        parse_query('"a" + "b')


def test_nothing_but_subtraction_is_refused() -> None:
    with pytest.raises(QueryError, match="subtracted"):
        parse_query('- "castle" - "rain"')


def test_panels_can_be_terms_too() -> None:
    term = PanelTerm(PanelId("0" * 16, 0, 0))
    assert checked_terms([term]) == (term,)
    with pytest.raises(QueryError, match="nothing to search"):
        checked_terms([])


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused_in_words(text: str) -> None:
    try:
        terms = parse_query(text)
    except QueryError:
        return
    assert any(t.weight > 0 for t in terms)
