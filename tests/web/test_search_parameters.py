from __future__ import annotations

import pytest
from pydantic import ValidationError

from longbox.book import Direction, PageType
from longbox.config import SearchOptions
from longbox.retrieval import By
from longbox.vectors import Space
from longbox.web.search.parameters import SearchParameters, read_leniently, saved_state
from longbox.web.search.state import SearchState

USUAL = SearchOptions().weights()


def read(*pairs: tuple[str, str]) -> tuple[SearchState, tuple[str, ...]]:
    return read_leniently(pairs, USUAL)


def test_empty_address_is_the_empty_search() -> None:
    assert read() == (SearchState(), ())
    assert SearchState().address == "/search"


def test_form_without_script_says_nothing_with_empty_fields() -> None:
    usual = [(f"w_{name}", f"{weight:g}") for name, weight in USUAL.items()]
    state, notes = read(("q", " rain "), ("from", ""), ("direction", ""), ("lettering", ""), *usual)
    assert notes == ()
    assert state == SearchState(query="rain")


def test_address_says_all_of_a_search() -> None:
    pairs = [
        ("q", "rain"),
        ("with", "panel:3f2a9c81d0e45b77-0012-03"),
        ("by", "page"),
        ("in", "text"),
        ("series", "A & B"),
        ("series", "<script>"),
        ("type", "story"),
        ("language", "fr"),
        ("direction", "rtl"),
        ("from", "1990"),
        ("to", "1999"),
        ("lettering", "no"),
        ("flag", "prose"),
        ("book", "3f2a9c81d0e45b77"),
        ("editions", "all"),
        ("w_vision", "2.5"),
        ("start", "24"),
    ]
    state, notes = read(*pairs)
    assert notes == ()
    assert state.by is By.PAGE
    assert state.filters.direction is Direction.RTL
    assert state.filters.series_exact == ("A & B", "<script>")
    assert state.n_filters == 9
    assert [
        (k, v)
        for k, vs in state.parameters().items()
        for v in (vs if isinstance(vs, list) else [vs])
    ] == pairs
    assert saved_state(state.address.partition("?")[2], USUAL) == SearchState(
        **{**{f: getattr(state, f) for f in state.__slots__}, "start": 0}
    )


def test_typing_mistake_keeps_the_rest_of_the_search() -> None:
    state, notes = read(
        ("q", "rain"),
        ("type", "storyy"),
        ("type", "cover"),
        ("by", "chapter"),
        ("w_vision", "nan"),
        ("from", "late"),
    )
    assert state.query == "rain"
    assert state.filters.page_types == (PageType.COVER,)
    assert state.weights == ()
    assert len(notes) == 4
    assert "“storyy” is no page type" in notes


def test_too_many_choices_keep_the_first() -> None:
    state, notes = read(*[("series", f"s{i}") for i in range(60)])
    assert len(state.filters.series_exact) == 50
    assert len(notes) == 1


@pytest.mark.parametrize("name", ["with", "series", "type", "language", "flag", "book"])
def test_no_number_of_choices_is_read_for_ever(name: str) -> None:
    good = {
        "with": [f"panel:3f2a9c81d0e45b77-0012-{i:02}" for i in range(99)],
        "series": [f"series {i}" for i in range(99)],
        "type": ["story"] * 99,
        "language": ["en"] * 99,
        "flag": ["landscape"] * 99,
        "book": [f"{i:016x}" for i in range(99)],
    }[name]
    for n in (12, 13, 50, 51, 99):
        state, notes = read(("q", "rain"), *((name, value) for value in good[:n]))
        assert state.query == "rain"
        assert len(notes) <= 1
        if name == "with":
            assert state.also == tuple(good[: min(n, 12)])
        assert not any(notes) or n > 12
        state, notes = read(("q", "rain"), *((name, "x" * 400) for _ in range(n)))
        assert state == SearchState(query="rain")


def test_unseen_characters_are_no_part_of_a_query() -> None:
    assert read(("q", "a\x00b\u202ec"))[0].query == "a b c"


def test_weight_is_told_from_that_of_the_one_space() -> None:
    state, _ = read(("q", "x"), ("space", "vision"), ("w_text", "1"), ("w_vision", "1"))
    assert state.space is Space.VISION
    assert state.weights == (("text", 1.0),)


@pytest.mark.parametrize(
    "wrong",
    [
        {"w_vision": "inf"},
        {"w_vision": "-1"},
        {"w_sound": "1"},
        {"start": "1000000000"},
        {"q": "x" * 10_001},
        {"book": ["../../etc"]},
        {"also": ["panel:nonsense"]},
        {"year_min": "-5"},
        {"type": ["story"] * 60},
    ],
)
def test_program_is_told_what_is_wrong(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        SearchParameters.model_validate(wrong)
