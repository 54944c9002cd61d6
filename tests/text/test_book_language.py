from __future__ import annotations

from longbox.book import TextKind, TextRegion
from longbox.geometry import Box
from longbox.text import settle_language


def page(*texts: str, language: str | None = None) -> tuple[TextRegion, ...]:
    return tuple(
        TextRegion(
            Box(0, 30 * i, 90, 30 * i + 20), text, 0.9, TextKind.DIALOGUE, "t", None, i, language
        )
        for i, text in enumerate(texts)
    )


def test_book_without_lettering_has_no_language() -> None:
    assert settle_language([]) == (None, ())
    assert settle_language([(), ()]) == (None, ((), ()))


def test_page_of_noises_gets_the_language_of_its_book() -> None:
    language, pages = settle_language(
        [page("¿Qué es eso? No lo sé, pero está aquí", language="es"), page("BUM", "Hola!")]
    )
    assert language == "es"
    assert [t.language for t in pages[1]] == ["es", "es"]
    assert pages[1][1].text == "¡Hola!"


def test_a_foreign_page_does_not_outvote_the_book() -> None:
    english = page("What is it that you have in the house and why are you here with me")
    language, pages = settle_language([english, english, page("le la les et", language="fr")])
    assert language == "en"
    assert pages[2][0].language == "en"


def test_lone_characters_of_another_script_are_dropped_only_in_books_of_letters() -> None:
    _, (kept,) = settle_language([page("月刀", "Where are you?", "好奇心だった")], "en")
    assert [(t.text, t.order) for t in kept] == [("Where are you?", 0), ("好奇心だった", 1)]
    _, (kept,) = settle_language([page("月刀", "好奇心だった")])
    assert [t.text for t in kept] == ["月刀", "好奇心だった"]


def test_declared_language_is_believed_and_an_unknown_one_changes_nothing() -> None:
    assert settle_language([page("Where are you?")], "de")[0] == "de"
    texts = (page("BOOM", language="en"),)
    assert settle_language(texts) == (None, texts)
