"""Contact sheets: every page is on one, whatever it is like, and no sheet is too large."""

from __future__ import annotations

import numpy as np
import pytest

from longbox.book import (
    AnnotatedPage,
    Page,
    PageFlag,
    PageLabel,
    PageType,
    Panel,
    TextKind,
    TextRegion,
)
from longbox.geometry import Box
from longbox.pipeline import contact_sheet, draw_overlay
from longbox.pipeline.overlays import GAP_PX, KIND_COLOURS, STRIP_PX, draw_unread
from longbox.pipeline.sheets import SheetLayout


def seen(
    *boxes: Box,
    texts: tuple[TextRegion, ...] = (),
    flags: tuple[PageFlag, ...] = (),
    size: tuple[int, int] = (400, 600),
) -> AnnotatedPage:
    panels = tuple(Panel(box, i, 1.0, "rules") for i, box in enumerate(boxes))
    label = PageLabel(PageType.STORY, 0.5, "rules")
    return AnnotatedPage(
        Page(0, "a.png", "0" * 64, *size), panels, texts, label, None, False, flags
    )


def white(width: int = 400, height: int = 600) -> np.ndarray:
    return np.full((height, width, 3), 255, np.uint8)


def array(page: AnnotatedPage, side_px: int = 300) -> np.ndarray:
    return np.asarray(draw_overlay(white(page.page.width, page.page.height), page, side_px))


def test_empty_page_keeps_its_pixels_below_the_strip() -> None:
    picture = array(seen())
    assert picture.shape == (300 + STRIP_PX, 200, 3)
    assert (picture[STRIP_PX:] == 255).all()
    assert (picture[:STRIP_PX] < 128).any()  # what the page is


def test_panels_are_outlined_where_they_are() -> None:
    picture = array(seen(Box(0, 0, 400, 300), Box(0, 300, 400, 600)))
    red, blue = (214, 39, 40), (31, 119, 180)
    assert tuple(picture[STRIP_PX + 1, 100]) == red
    assert tuple(picture[STRIP_PX + 298, 30]) == blue


def test_lettering_has_the_colour_of_its_kind_and_doubtful_one_is_dashed() -> None:
    def framed(confidence: float) -> int:
        text = TextRegion(
            Box(40, 40, 360, 560), "x", confidence, TextKind.SOUND_EFFECT, "ocr", None, 0, "en"
        )
        picture = array(seen(texts=(text,)))
        return int((picture == KIND_COLOURS[TextKind.SOUND_EFFECT]).all(axis=2).sum())

    assert framed(0.9) > framed(0.3) > 0


def test_text_without_area_and_outline_beyond_the_page_can_be_drawn() -> None:
    flat = TextRegion(Box(10, 10, 10, 10), "x", 0.1, TextKind.OTHER, "ocr", None, 0, "en")
    slanted = Panel(Box(0, 0, 400, 600), 0, 1.0, "x", ((-50.0, 0.0), (900.0, 0.0), (10.0, 700.0)))
    page = seen(texts=(flat,))
    page = AnnotatedPage(page.page, (slanted,), page.texts, page.label, None)
    assert array(page).shape == (300 + STRIP_PX, 200, 3)


def test_flags_are_shown() -> None:
    plain, flagged = array(seen()), array(seen(flags=(PageFlag.PROSE, PageFlag.DUPLICATE)))
    assert (flagged[:STRIP_PX] < 128).sum() > (plain[:STRIP_PX] < 128).sum()


def test_narrow_strip_of_a_webtoon_still_says_what_it_is() -> None:
    picture = array(seen(size=(20, 2000)))
    assert picture.shape[0] == 300 + STRIP_PX
    assert picture.shape[1] > 100


def test_unreadable_page_has_a_card_in_its_place() -> None:
    card = draw_unread(AnnotatedPage(Page(4, "x", "0" * 64, 0, 0), (), (), seen().label, None), 300)
    assert card.size == (200, 300 + STRIP_PX)
    assert len(np.unique(np.asarray(card).reshape(-1, 3), axis=0)) > 2


def test_sheet_holds_all_pictures_in_rows() -> None:
    picture = draw_overlay(white(), seen(), 300)
    sheet = contact_sheet([picture] * 5, columns=2)
    assert sheet.size == (
        2 * picture.width + 3 * GAP_PX,
        3 * picture.height + 4 * GAP_PX,
    )
    assert contact_sheet([picture], columns=6).width == picture.width + 2 * GAP_PX
    with pytest.raises(ValueError, match="at least one"):
        contact_sheet([])


@pytest.mark.parametrize("columns", [1, 6, 20])
@pytest.mark.parametrize("side_px", [100, 420, 2000])
def test_sheet_stays_within_what_formats_and_memory_hold(columns: int, side_px: int) -> None:
    across, n = SheetLayout(None, columns, side_px).fitted()
    assert 1 <= across <= min(columns, n)
    width = across * (side_px + GAP_PX) + GAP_PX
    height = -(-n // across) * (side_px + STRIP_PX + GAP_PX) + GAP_PX
    assert max(width, height) <= 16_383  # WebP
    assert width * height <= 45_000_000
    assert n >= 500 or 500 / n <= 84
