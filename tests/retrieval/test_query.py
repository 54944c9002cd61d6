"""Reading what a person types."""

from __future__ import annotations

import contextlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from longbox.book import PanelId
from longbox.errors import QueryError
from longbox.retrieval.query import (
    DecodedPicture,
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


PANEL = PanelId("3f2a9c81d0e45b77", 12, 3)


def test_panel_can_be_named_alone_and_in_a_sum() -> None:
    assert parse_query(f"panel:{PANEL}") == (PanelTerm(PANEL),)
    assert parse_query(f' panel:{PANEL} + 2:"rain" - 0.5:panel:{PANEL}') == (
        PanelTerm(PANEL),
        WordsTerm("rain", 2.0),
        PanelTerm(PANEL, -0.5),
    )
    assert parse_query(f"2:panel:{PANEL} - night") == (
        PanelTerm(PANEL, 2.0),
        WordsTerm("night", -1.0),
    )


def test_words_about_a_panel_stay_words() -> None:
    for text in ("panel: the film", "panel:", "a panel:x", f'"panel:{PANEL}" + "x"'):
        assert all(isinstance(term, WordsTerm) for term in parse_query(text))


@pytest.mark.parametrize("name", ["panel:x", "panel:3f2a-1-1", "panel:../../etc/passwd"])
def test_what_is_no_panel_id_is_named(name: str) -> None:
    with pytest.raises(QueryError, match="is not a panel id"):
        parse_query(name)
    with pytest.raises(QueryError, match="is not a panel id"):
        parse_query(f'{name} + "rain"')


def test_only_a_subtracted_panel_is_no_query() -> None:
    with pytest.raises(QueryError, match="subtracted"):
        parse_query(f'- panel:{PANEL} - "x"')


UPLOADED = DecodedPicture.of(np.zeros((4, 5, 3), np.uint8))


def uploads(name: str) -> PictureTerm | None:
    if not name.startswith("picture:"):
        return None
    if name != "picture:3f2a":
        raise QueryError(f"{name}: this picture is not here any more; give it again")
    return PictureTerm(UPLOADED, region=(0.0, 0.0, 0.5, 1.0))


def test_names_of_ones_own_take_the_place_of_paths(picture: Path) -> None:
    assert parse_query(str(picture), uploads) == (WordsTerm("crop.png"),)
    assert parse_query('crop.png + "rain"', uploads) == (WordsTerm("crop.png"), WordsTerm("rain"))
    term = PictureTerm(UPLOADED, -2.0, (0.0, 0.0, 0.5, 1.0))
    assert parse_query('"rain" - 2:picture:3f2a', uploads) == (WordsTerm("rain"), term)
    with pytest.raises(QueryError, match="not here any more"):
        parse_query("picture:0000 + rain", uploads)
    # Without such names it is words like any others.
    assert parse_query("picture:3f2a") == (WordsTerm("picture:3f2a"),)


@given(st.text(alphabet='ab/.~png+- ":2panel', max_size=40) | st.text(max_size=40))
def test_query_with_names_of_ones_own_touches_no_file(text: str) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a path was asked for")

    with pytest.MonkeyPatch.context() as patched:
        for name in ("is_file", "exists", "stat", "expanduser", "resolve", "open"):
            patched.setattr(Path, name, refuse)
        with contextlib.suppress(QueryError):
            parse_query(text, uploads)


@pytest.mark.parametrize(
    "region",
    [(0, 0, 0, 1), (0.5, 0, 0.4, 1), (-0.1, 0, 1, 1), (0, 0, 1, 1.5), (0, float("nan"), 1, 1)],
)
def test_impossible_region_is_refused(region: tuple[float, float, float, float]) -> None:
    with pytest.raises(QueryError, match="region"):
        PictureTerm(UPLOADED, 1.0, region)


def test_pixels_that_are_no_picture_are_refused() -> None:
    for pixels in (
        np.zeros((3, 3), np.uint8),
        np.zeros((3, 3, 4), np.uint8),
        np.zeros((3, 3, 3), np.float32),
        np.zeros((0, 3, 3), np.uint8),
    ):
        with pytest.raises(QueryError, match="picture"):
            DecodedPicture.of(pixels)


def test_pictures_are_the_same_when_their_pixels_are() -> None:
    flat = DecodedPicture.of(np.zeros((5, 4, 3), np.uint8))
    assert DecodedPicture.of(np.zeros((4, 5, 3), np.uint8)) == UPLOADED
    assert len({flat, UPLOADED, DecodedPicture.of(np.ones((4, 5, 3), np.uint8))}) == 3
