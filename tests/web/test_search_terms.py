from __future__ import annotations

from pathlib import Path

import pytest

from longbox.book import PanelId
from longbox.errors import QueryError
from longbox.retrieval import PanelTerm, PictureTerm, Term, WordsTerm
from longbox.web.search.chips import chips_of
from longbox.web.search.state import SearchState
from longbox.web.search.terms import picture_id, read_terms, write_added, write_query

PANEL = "3f2a9c81d0e45b77-0012-03"
PICTURE = "0123456789abcdef" * 2


def test_nothing_asked_is_no_term() -> None:
    assert read_terms("", ()) == ()
    assert read_terms("   ", ()) == ()


def test_words_alone_are_taken_as_they_are() -> None:
    assert read_terms("cat - the movie", ()) == (WordsTerm("cat - the movie"),)


def test_added_terms_follow_the_typed_ones() -> None:
    terms = read_terms("rain", (f"2:panel:{PANEL}", f"-picture:{PICTURE}@0,0.25,0.5,1"))
    assert terms == (
        WordsTerm("rain"),
        PanelTerm(PanelId.parse(PANEL), 2.0),
        PictureTerm(Path(PICTURE), -1.0, (0, 0.25, 0.5, 1)),
    )


def test_typed_minus_goes_on_from_what_was_added() -> None:
    terms = read_terms('- "castle"', (f"panel:{PANEL}",))
    assert terms == (WordsTerm("castle", -1.0), PanelTerm(PanelId.parse(PANEL)))


@pytest.mark.parametrize("path", ["./secret.png", "/etc/passwd.png", "C:\\secret.png", "~/a.jpg"])
def test_path_is_only_words_here(path: str) -> None:
    assert read_terms(path, ()) == (WordsTerm(path),)


@pytest.mark.parametrize(
    "query", [f"picture:{PICTURE[:-1]}", "picture:../../etc", f"picture:{PICTURE}@0,0,0,0", '"open']
)
def test_what_names_no_picture_is_refused(query: str) -> None:
    with pytest.raises(QueryError):
        read_terms(f'"rain" + {query}', ())


def test_only_subtracted_terms_are_refused() -> None:
    with pytest.raises(QueryError, match="subtracted"):
        read_terms("", (f"-panel:{PANEL}",))


@pytest.mark.parametrize(
    "query",
    [
        "the cat steals the potion",
        '"side by side"',
        '"2:dragon" + "rain" - "castle"',
        f'"rain" + 0.5:panel:{PANEL} - 3:picture:{PICTURE}@0.1,0.2,0.3,0.4',
    ],
)
def test_query_is_written_back_as_it_was_read(query: str) -> None:
    terms = read_terms(query, ())
    assert write_query(terms) == query
    assert read_terms(write_query(terms), ()) == terms


def test_added_term_is_written_back_as_it_was_read() -> None:
    for text in (f"panel:{PANEL}", f"-2.5:panel:{PANEL}", f"picture:{PICTURE}@0,0,1,0.5"):
        (term,) = read_terms("x", (text,))[1:]
        assert not isinstance(term, WordsTerm)
        assert write_added(term) == text


def _chips(query: str, also: tuple[str, ...] = ()) -> tuple[SearchState, tuple[Term, ...]]:
    return SearchState(query=query, also=also), read_terms(query, also)


def test_plain_words_need_no_chip() -> None:
    assert chips_of(*_chips("the cat"), {}) == ()


def test_chip_takes_its_own_term_out() -> None:
    state, terms = _chips('"2:dragon" - "castle"', (f"panel:{PANEL}",))
    dragon, castle, panel = chips_of(state, terms, {PanelId.parse(PANEL): "Moon Mail"})
    assert panel.label == "Moon Mail, page 13, panel 4"
    assert castle.is_subtracted
    assert panel.removed == "/search?q=%222%3Adragon%22+-+%22castle%22"
    assert castle.removed == f"/search?q=%222%3Adragon%22&with=panel%3A{PANEL}"
    assert dragon.heavier.startswith("/search?q=%223%3Adragon%22")
    assert panel.turned.endswith(f"&with=-panel%3A{PANEL}")


def test_chip_of_a_picture_names_its_part() -> None:
    state, terms = _chips("", (f"picture:{PICTURE}@0,0,0.5,0.5",))
    (chip,) = chips_of(state, terms, {})
    assert (chip.picture_id, chip.region, chip.place) == (PICTURE, "0,0,0.5,0.5", 0)
    assert chip.removed == "/search"
    (term,) = terms
    assert isinstance(term, PictureTerm)
    assert picture_id(term) == PICTURE
