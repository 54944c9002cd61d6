from __future__ import annotations

import numpy as np
import pytest

from longbox.book import Direction, Panel, TextKind, TextRegion
from longbox.geometry import Box
from longbox.text import (
    Line,
    assign_to_panels,
    detect_language,
    group_lines,
    join_lines,
    order_texts,
)
from longbox.text.language import restore_opening_marks
from longbox.text.lines import clean_text


def line(x0: float, y0: float, x1: float, y1: float, text: str = "some words") -> Line:
    return Line(Box(x0, y0, x1, y1), text, 0.9)


def column(x0: float, y0: float, x1: float, y1: float, text: str) -> Line:
    return Line(Box(x0, y0, x1, y1), text, 0.9, is_vertical=True)


def panel(order: int, *box: float) -> Panel:
    return Panel(Box(*box), order, 1.0, "test")


def region(*box: float, text: str = "x", panel: int | None = None) -> TextRegion:
    return TextRegion(Box(*box), text, 0.9, TextKind.DIALOGUE, "test", panel, 0)


def texts_of(groups: list[list[Line]]) -> list[list[str]]:
    return [[one.text for one in group] for group in groups]


def test_no_lines_no_groups() -> None:
    assert group_lines([]) == []
    assert order_texts((), (), Direction.LTR) == ()


def test_lines_of_a_balloon_are_one_group_in_order() -> None:
    lines = [line(20, 62, 80, 80, "c"), line(10, 40, 90, 58, "b"), line(15, 20, 85, 38, "a")]
    assert texts_of(group_lines(lines)) == [["a", "b", "c"]]


def test_pieces_of_one_line_are_read_from_the_left() -> None:
    lines = [
        line(60, 21, 100, 39, "right"),
        line(10, 20, 50, 38, "left"),
        line(10, 42, 90, 60, "x"),
    ]
    assert texts_of(group_lines(lines)) == [["left", "right", "x"]]


def test_lettering_of_another_size_stays_apart() -> None:
    assert len(group_lines([line(10, 20, 90, 38), line(10, 40, 90, 90)])) == 2


def test_an_outline_between_two_lines_separates_them() -> None:
    lines = [line(10, 20, 90, 38, "above"), line(10, 43, 90, 61, "below")]
    paper = np.full((80, 100), 255, np.uint8)
    assert len(group_lines(lines, (), paper)) == 1
    paper[40:42] = 0
    assert len(group_lines(lines, (), paper)) == 2


def test_lines_of_two_panels_stay_apart() -> None:
    lines = [line(10, 20, 90, 38), line(10, 43, 90, 61)]
    panels = (panel(0, 0, 0, 100, 40), panel(1, 0, 41, 100, 100))
    assert len(group_lines(lines)) == 1
    assert len(group_lines(lines, panels)) == 2


def test_columns_go_from_right_to_left_and_furigana_is_left_out() -> None:
    lines = [
        column(10, 10, 30, 110, "左"),
        column(40, 10, 60, 110, "右の行"),
        column(61, 30, 69, 60, "みぎ"),
    ]
    assert texts_of(group_lines(lines)) == [["右の行", "左"]]


@pytest.mark.parametrize(
    ("lines", "joined"),
    [
        ([], ""),
        (["one"], "one"),
        (["Where did", "you go?"], "Where did you go?"),
        (["extraordi-", "nary things"], "extraordinary things"),
        (["EXTRAORDI-", "NARY"], "EXTRAORDINARY"),
        (["l-", "look"], "l-look"),
        (["Jean-", "Luc"], "Jean-Luc"),
        (["wait -", "what"], "wait - what"),
        (["won-", "derful!"], "wonderful!"),
        (["a well-", "known witch"], "a well-known witch"),
        (["twenty-", "one"], "twenty-one"),
        (["wh-", "what?!"], "wh-what?!"),
        (["jack-o-", "lantern"], "jack-o-lantern"),
        (["Dites-", "moi tout"], "Dites-moi tout"),
        (["Où vas-", "tu ?"], "Où vas-tu ?"),
        (["la ver-", "tu"], "la vertu"),
        (["self-", "ish"], "selfish"),
        (["un-", "known"], "unknown"),
        (["PEUT-", "ÊTRE"], "PEUT-ÊTRE"),
        (["un char-", "latan"], "un charlatan"),
        (["die Zauber-", "formel"], "die Zauberformel"),
        (["una mara-", "villa"], "una maravilla"),
        (["l'en-", "chanteur"], "l'enchanteur"),
        (["42-", "back"], "42- back"),
        (["好奇心", "だった"], "好奇心だった"),
    ],
)
def test_lines_are_joined_as_people_read_them(lines: list[str], joined: str) -> None:
    assert join_lines(lines) == joined


def test_recognised_strings_lose_control_characters_and_excess() -> None:
    assert clean_text("a\x00b\x1b[31m\n c\u202e", 100) == "a b [31m c"
    assert len(clean_text("word " * 1000, 50)) <= 50
    assert clean_text("\x07", 10) == ""


def test_balloon_on_a_gutter_goes_to_the_panel_with_most_of_it() -> None:
    panels = (panel(0, 0, 0, 100, 100), panel(1, 110, 0, 210, 100))
    texts = assign_to_panels([region(80, 10, 150, 30), region(50, 10, 120, 30)], panels)
    assert [t.panel for t in texts] == [1, 0]


def test_text_in_an_inset_belongs_to_the_inset() -> None:
    panels = (panel(0, 0, 0, 300, 300), panel(1, 200, 200, 280, 280))
    assert assign_to_panels([region(210, 210, 270, 230)], panels)[0].panel == 1


def test_text_outside_goes_to_a_near_panel_only() -> None:
    panels = (panel(0, 0, 0, 100, 100),)
    near, far = assign_to_panels([region(10, 102, 40, 110), region(10, 200, 40, 210)], panels)
    assert (near.panel, far.panel) == (0, None)
    assert assign_to_panels([region(0, 0, 5, 5)], ())[0].panel is None


@pytest.mark.parametrize(
    ("direction", "order"), [(Direction.LTR, "LRB"), (Direction.RTL, "RLB"), (Direction.TTB, "LRB")]
)
def test_texts_start_from_the_corner_of_the_book(direction: Direction, order: str) -> None:
    panels = (panel(0, 0, 0, 200, 200),)
    texts = [
        region(80, 150, 120, 170, text="B", panel=0),
        region(150, 10, 190, 30, text="R", panel=0),
        region(10, 10, 50, 30, text="L", panel=0),
    ]
    ordered = order_texts(texts, panels, direction)
    assert "".join(t.text for t in ordered) == order
    assert [t.order for t in ordered] == [0, 1, 2]


def test_panels_come_before_places() -> None:
    panels = (panel(0, 110, 0, 210, 100), panel(1, 0, 0, 100, 100))
    texts = [
        region(10, 5, 40, 15, text="second", panel=1),
        region(120, 80, 150, 95, text="first", panel=0),
    ]
    assert [t.text for t in order_texts(texts, panels, Direction.RTL)] == ["first", "second"]


def test_title_above_and_number_below_keep_their_place() -> None:
    panels = (panel(0, 0, 50, 100, 150),)
    texts = [
        region(40, 190, 60, 198, text="7"),
        region(10, 60, 40, 80, text="hello", panel=0),
        region(20, 5, 80, 20, text="TITLE"),
    ]
    assert [t.text for t in order_texts(texts, panels, Direction.LTR)] == ["TITLE", "hello", "7"]


@pytest.mark.parametrize(
    ("read", "meant"),
    [
        ("Hola! ¿Qué tal?", "¡Hola! ¿Qué tal?"),
        ("iHola!", "¡Hola!"),
        ("¿Dónde? Oh... aquí!", "¿Dónde? Oh... ¡aquí!"),
        ("¡Ya!", "¡Ya!"),
        ("¿Qué!?", "¿Qué!?"),
    ],
)
def test_spanish_exclamations_get_their_opening_mark(read: str, meant: str) -> None:
    assert restore_opening_marks(read, "es") == meant
    assert restore_opening_marks(read, "en") == read


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("WHERE DID YOU PUT THE POTION?", "en"),
        ("C'est la première fois que je vois ça !", "fr"),
        ("¿Qué es eso? No lo sé, pero está aquí", "es"),
        ("Das ist nicht mein Besen, ich weiß es", "de"),
        ("ちょっとした好奇心だった", "ja"),
        ("Где моя метла?", "ru"),
        ("BOOM", None),
        ("", None),
        ("!!! ... ?", None),
    ],
)
def test_language_is_named_only_where_it_shows(text: str, language: str | None) -> None:
    assert detect_language([text]) == language
