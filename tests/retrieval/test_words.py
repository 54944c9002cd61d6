"""Word queries."""

from __future__ import annotations

from longbox.library import WordsQuery
from longbox.retrieval.query import WordsTerm
from longbox.retrieval.words import words_query


def test_telling_words_are_kept_once_and_function_words_dropped() -> None:
    query = words_query([WordsTerm("The cat and the other Cat steals the potion")])
    assert query == WordsQuery(("cat", "other", "steals", "potion"))


def test_only_function_words_are_better_than_nothing() -> None:
    assert words_query([WordsTerm("to be or not to be")]) == WordsQuery(("to", "be", "or", "not"))


def test_word_that_tells_in_another_language_is_kept() -> None:
    query = words_query([WordsTerm("the war of the red hat")])
    assert query == WordsQuery(("war", "red", "hat"))


def test_phrase_is_required_as_it_stands() -> None:
    assert words_query([WordsTerm("rain on a roof", is_phrase=True)]) == WordsQuery(
        (), ("rain on a roof",)
    )


def test_subtracted_term_is_excluded() -> None:
    query = words_query([WordsTerm("dragon"), WordsTerm("castle", -1.0)])
    assert query == WordsQuery(("dragon",), (), ("castle",))


def test_punctuation_asks_for_nothing() -> None:
    assert words_query([WordsTerm("?!"), WordsTerm("castle", -1.0)]) is None
    assert words_query([]) is None


def test_apostrophes_and_accents_stay_in_their_word() -> None:
    assert words_query([WordsTerm("l'été d’Émile")]) == WordsQuery(("l'été", "d’émile"))
