from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageDraw

from longbox.book import Direction, TextKind
from longbox.geometry import Box
from longbox.text import (
    Line,
    PageContext,
    Surroundings,
    classify_kind,
    look_around,
    tells_story,
)

PAGE = PageContext(width=600, height=900, letter_px=20.0)
BALLOON = Surroundings(is_closed=True, extent=0.78, plainness=0.7)
COVER = PageContext(width=600, height=900, letter_px=20.0, tells_story=False)
CAPTION_BOX = Surroundings(is_closed=True, extent=0.99, plainness=0.7)
WALL = Surroundings(is_closed=False, extent=0.5, plainness=0.7)
ART = Surroundings(is_closed=False, extent=0.3, plainness=0.15)


def line(text: str, *, y: float = 300, height: float = 20, rise: float = 0) -> Line:
    box = Box(200, y, 200 + 10 * max(1, len(text)), y + height)
    corners = (
        (box.x0, box.y0),
        (box.x1, box.y0 - rise),
        (box.x1, box.y1 - rise),
        (box.x0, box.y1),
    )
    return Line(box, text, 0.95, corners=corners)


@pytest.mark.parametrize(
    ("lettering", "around", "kind"),
    [
        (line("I am going home."), BALLOON, TextKind.DIALOGUE),
        (line("NOOOOO!"), BALLOON, TextKind.DIALOGUE),
        (line("Zzzzzz"), BALLOON, TextKind.SOUND_EFFECT),
        (line("Meanwhile, at the tower"), CAPTION_BOX, TextKind.CAPTION),
        (line("What did she say?"), WALL, TextKind.DIALOGUE),
        (line("The night before the contest"), ART, TextKind.CAPTION),
        (line("WHAM!"), WALL, TextKind.SOUND_EFFECT),
        (line("FWADOOM", height=60), WALL, TextKind.SOUND_EFFECT),
        (line("FWADOOM", rise=30), WALL, TextKind.SOUND_EFFECT),
        (line("FWADOOM"), ART, TextKind.SOUND_EFFECT),
        (line("12", y=880), WALL, TextKind.OTHER),
        (line("12", y=400), BALLOON, TextKind.DIALOGUE),
        (line("www.peppercarrot.com"), BALLOON, TextKind.OTHER),
    ],
)
def test_kind_follows_from_words_and_surroundings(
    lettering: Line, around: Surroundings, kind: TextKind
) -> None:
    assert classify_kind([lettering], around, PAGE) is kind


def test_huge_letters_are_a_sound_even_where_their_outline_looks_like_a_balloon() -> None:
    assert classify_kind([line("FWADOOM", height=44)], BALLOON, PAGE) is TextKind.SOUND_EFFECT
    spoken = line("I SAID NO WAY OUT", height=44)
    assert classify_kind([spoken], BALLOON, PAGE) is TextKind.DIALOGUE
    assert classify_kind([line("?!", height=60)], BALLOON, PAGE) is TextKind.DIALOGUE


def test_lettering_of_a_cover_is_other_but_a_long_sentence_on_a_splash_is_read() -> None:
    for around in (BALLOON, CAPTION_BOX, WALL, ART):
        assert classify_kind([line("The Tin Moon")], around, COVER) is TextKind.OTHER
    told = line("And so the tin moon rose over the roofs once more.")
    assert classify_kind([told], CAPTION_BOX, COVER) is TextKind.CAPTION


def test_a_page_of_one_panel_tells_the_story_where_people_speak_in_balloons() -> None:
    assert tells_story(1, Direction.LTR, [BALLOON, BALLOON, CAPTION_BOX])
    assert not tells_story(1, Direction.LTR, [WALL, CAPTION_BOX, ART])
    assert tells_story(4, Direction.LTR, [WALL, ART])
    assert tells_story(0, Direction.LTR, [WALL])
    assert tells_story(1, Direction.TTB, [WALL])
    assert tells_story(1, Direction.RTL, [])


def test_dense_paragraph_is_prose() -> None:
    lines = [line("it was a dark and stormy night in the old city", y=20 * i) for i in range(8)]
    assert classify_kind(lines, WALL, PAGE) is TextKind.PROSE


def drawn(shape: str) -> np.ndarray:
    picture = Image.new("RGB", (300, 300), (90, 140, 90))
    draw = ImageDraw.Draw(picture)
    if shape == "balloon":
        draw.ellipse((60, 90, 240, 210), fill="white", outline="black", width=2)
    elif shape == "box":
        draw.rectangle((60, 110, 240, 190), fill=(255, 250, 200), outline="black", width=2)
    draw.rectangle((110, 146, 190, 154), fill="black")
    return np.asarray(picture)


def test_balloon_box_and_wall_look_different() -> None:
    lettering = [Line(Box(105, 138, 195, 162), "hello you", 0.9)]
    balloon, box, wall = (look_around(drawn(s), lettering) for s in ("balloon", "box", "wall"))
    assert balloon.is_closed
    assert balloon.extent < 0.85
    assert box.is_closed
    assert box.extent > 0.95
    assert not wall.is_closed
    assert min(balloon.plainness, box.plainness, wall.plainness) > 0.4


def test_lettering_on_noise_has_no_plain_ground() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (200, 200, 3), np.uint8)
    around = look_around(noise, [Line(Box(50, 80, 150, 110), "hello", 0.9)])
    assert around.plainness < 0.2


def test_lettering_at_the_corner_of_a_tiny_page_can_be_looked_at() -> None:
    tiny = np.full((9, 9, 3), 255, np.uint8)
    around = look_around(tiny, [Line(Box(0, 0, 9, 9), "x", 0.9)])
    assert 0.0 <= around.extent <= 1.0
