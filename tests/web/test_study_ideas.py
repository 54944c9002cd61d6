"""A search becomes an idea of the study: one that the study can read, or none at all."""

from __future__ import annotations

import pytest

from longbox.analysis.concepts import Field, parse_spec
from longbox.config import SearchOptions
from longbox.web.search import saved_state
from longbox.web.search.ideas import idea_of

_ID = "3f2a9c81d0e45b77-0012-03"


@pytest.mark.parametrize(
    ("query", "idea"),
    [
        ("q=potion", "potion = potion"),
        ("q=rain+on+a+roof", "rain on a roof = rain on a roof"),
        ("q=%22once+upon+a+time%22", 'once upon a time = "once upon a time"'),
        ("q=potion&series=Red+Sonja&type=cover&type=story",
         'potion = potion series:"Red Sonja" type:cover,story'),
        ("q=potion&from=1950&to=1959", "potion = potion year:1950-1959"),
        ("q=potion&to=1959&lettering=no", "potion = potion lettering:no year:-1959"),
        ('q="dragon"+-+"castle"', "dragon = dragon -words:castle"),
        (f"with=panel:{_ID}", f"search = panel:{_ID}"),
        ("q=series:x", 'series x = "series:x"'),
        ("q=a%3Db", 'a b = "a=b"'),
        ("", ""),
        ('q=-"castle"', "castle = castle"),
        ("q=%22", ""),
    ],
)  # fmt: skip
def test_a_search_is_an_idea(query: str, idea: str) -> None:
    found = idea_of(saved_state(query.replace('"', "%22"), SearchOptions().weights()))
    assert found == idea
    if found:
        parse_spec(found)


def test_what_looks_like_a_field_stays_words() -> None:
    found = idea_of(saved_state("q=panel:x year:y", SearchOptions().weights()))
    assert {term.field for term in parse_spec(found).terms} == {Field.WORDS}
