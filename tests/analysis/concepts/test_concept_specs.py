"""The small language of concepts: what it means, and what it refuses in one line."""

from __future__ import annotations

import pytest

from longbox.analysis.concepts import Field, Term, parse_spec
from longbox.errors import QueryError


def terms(text: str) -> tuple[Term, ...]:
    return parse_spec(text).terms


def test_free_words_have_all_to_hold_and_commas_are_alternatives() -> None:
    assert terms("x=magic potion") == (
        Term(Field.WORDS, ("magic",)),
        Term(Field.WORDS, ("potion",)),
    )
    assert terms("x=magic,potion") == (Term(Field.WORDS, ("magic", "potion")),)
    assert terms('x="magic  potion"') == (Term(Field.WORDS, ("magic potion",)),)
    assert terms("x=words:magic,potion") == terms("x=magic,potion")


def test_fields_words_and_what_is_taken_away_stand_together() -> None:
    assert terms('night=series:"Red Sonja",Conan year:1950-1959 -type:cover rain -sun') == (
        Term(Field.SERIES, ("Red Sonja", "Conan")),
        Term(Field.YEAR, ("1950-1959",)),
        Term(Field.TYPE, ("cover",), is_taken_away=True),
        Term(Field.WORDS, ("rain",)),
        Term(Field.WORDS, ("sun",), is_taken_away=True),
    )


def test_names_stand_before_the_first_equals_sign_or_are_the_words_themselves() -> None:
    spec = parse_spec(" Red Sonja = series:Sonja ")
    assert (spec.name, spec.text) == ("Red Sonja", "series:Sonja")
    assert parse_spec("cat").name == "cat"
    assert parse_spec('"a=b"').terms == (Term(Field.WORDS, ("a=b",)),)


def test_other_names_of_fields_and_capitals_are_read() -> None:
    assert terms("x=ids:3f2a9c81d0e45b77-0012-03")[0].field is Field.PANEL
    assert terms("x=Type:Splash")[0] == Term(Field.TYPE, ("Splash",))
    assert terms("x=12:30")[0] == Term(Field.WORDS, ("12:30",))


def test_a_lasso_keeps_its_commas() -> None:
    term = terms("x=lasso:0,0;1,0;0.5,-.5@text/pages magic")[0]
    assert term == Term(Field.LASSO, ("0,0;1,0;0.5,-.5@text/pages",))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is no concept"),
        ("x=", "is no concept"),
        ("=magic", "is no concept"),
        ('x="magic', "a quote is not closed"),
        ("x=serie:Conan", "did you mean series:?"),
        ("x=http://there", "known are series"),
        ("x=type:splsh", "did you mean splash?"),
        ("x=lettering:maybe", "there are yes, no"),
        ("x=year:nineteen", "a span such as 1950-1959"),
        ("x=year:-", "a span such as 1950-1959"),
        ("x=panel:zz", "is not a panel id"),
        ("x=lasso:0,0;1,1", "three corners"),
        ("x=lasso:0,0;1,1;9,9", "three corners"),
        ("x=lasso:0,0;1,nan;1,1", "three corners"),
        ("x=lasso:0,0;1,1;0,1@sight", "write lasso:"),
        ("x=-type:cover", "everything is taken away"),
        ("x=...", "no value"),
        ('x=series:""', "no value"),
    ],
)
def test_what_cannot_be_meant_is_refused_in_one_line(text: str, said: str) -> None:
    with pytest.raises(QueryError, match=said.replace("?", r"\?")) as caught:
        parse_spec(text)
    assert "\n" not in str(caught.value)
