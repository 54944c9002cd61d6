"""Drawn books: the same recipe gives the same book, and what the truth says is on the page."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from longbox.book import AnnotatedPage, Direction, PageType, TextKind
from longbox.errors import ComicError, ConfigError
from longbox.geometry import Box
from longbox.synthetic import MIXES, BookRecipe, Layout, Style, SyntheticBook, draw_book

_SMALL = {"page_width": 420, "page_height": 600}


def _small(**fields: object) -> SyntheticBook:
    return draw_book(BookRecipe(**(_SMALL | {"matter": False, "n_pages": 1} | fields)))  # type: ignore[arg-type]


def _clear_of_text(page: AnnotatedPage, box: Box) -> bool:
    return not any(t.box.expand(30).intersection(box) for t in page.texts)


def test_same_recipe_draws_the_same_bytes() -> None:
    recipe = BookRecipe(seed=5, n_pages=3, style=Style.PAPER, **_SMALL)  # type: ignore[arg-type]
    one, two = draw_book(recipe), draw_book(recipe)
    assert one.truth == two.truth
    assert one.story == two.story
    for page in (2, 0, 1):  # whatever the order in which pages are asked for
        assert np.array_equal(one.pixels(page), two.pixels(page))
    assert np.array_equal(one.pixels(2), two.pixels(2))


def test_another_seed_draws_another_book() -> None:
    one, two = _small(seed=1), _small(seed=2)
    assert one.truth.book.book_id != two.truth.book.book_id
    assert [p.summary for p in one.story[0]] != [p.summary for p in two.story[0]]


def test_a_book_without_pages_is_empty() -> None:
    book = _small(n_pages=0)
    assert book.truth.pages == ()
    assert book.story == ()
    with pytest.raises(ComicError, match="no page 1"):
        book.pixels(0)


def test_a_book_of_one_page_is_one_story_page() -> None:
    book = _small(n_pages=1, matter=True)
    assert [p.label.page_type for p in book.truth.pages] == [PageType.STORY]
    assert book.truth.pages[0].panels
    assert book.truth.pages[0].texts


@pytest.mark.parametrize("layout", list(Layout))
@pytest.mark.parametrize("style", list(Style))
def test_every_layout_draws_in_every_style_and_direction(layout: Layout, style: Style) -> None:
    for seed, direction in enumerate((Direction.LTR, Direction.RTL)):
        book = _small(seed=seed, style=style, layouts=(layout,), direction=direction)
        page = book.truth.pages[0]
        pixels = book.pixels(0)
        assert pixels.shape == (page.page.height, page.page.width, 3)
        assert pixels.dtype == np.uint8
        assert pixels.std() > 10
        assert [p.order for p in page.panels] == list(range(len(page.panels)))
        assert [t.order for t in page.texts] == list(range(len(page.texts)))
        paper = Box(0, 0, page.page.width, page.page.height)
        for box in (*(p.box for p in page.panels), *(t.box for t in page.texts)):
            assert box.covered_by(paper) == 1.0
            assert box.area > 0


@pytest.mark.parametrize("style", [Style.FLAT, Style.HALFTONE, Style.DARK])
def test_webtoon_pages_are_one_column_of_panels_from_top_to_bottom(style: Style) -> None:
    book = draw_book(
        BookRecipe(seed=3, n_pages=2, style=style, direction=Direction.TTB, matter=False)
    )
    for page in book.truth.pages:
        assert (page.page.width, page.page.height) == (800, 2400)
        boxes = [p.box for p in page.panels]
        assert len(boxes) >= 2
        assert all(a.y1 < b.y0 for a, b in itertools.pairwise(boxes))


def test_a_spread_is_twice_as_wide_and_says_so() -> None:
    page = _small(layouts=(Layout.SPREAD,)).truth.pages[0]
    assert page.is_spread
    assert page.page.width == 2 * 420


def test_panel_boxes_end_where_the_gutter_begins() -> None:
    n_checked = 0
    for seed in range(8):
        book = draw_book(
            BookRecipe(seed=seed, n_pages=1, matter=False, layouts="classic", text_density=0.0)
        )
        if any(f.breaks_out for p in book._plan.pages[0].panels for f in p.figures):
            continue  # a figure over the line says nothing of the line
        page, pixels = book.truth.pages[0], book.pixels(0).astype(int)
        for panel in page.panels:
            x0, y0, x1, y1 = (int(v) for v in panel.box.as_tuple())
            rows, columns = slice(y0 + 40, y1 - 40), slice(x0 + 40, x1 - 40)
            for outside in (pixels[rows, x0 - 3 : x0 - 1], pixels[y1 + 1 : y1 + 3, columns]):
                assert outside.min() == 255  # white gutter right up to the box
            for inside in (pixels[rows, x0 + 1 : x0 + 3], pixels[y1 - 3 : y1 - 1, columns]):
                assert inside.max() < 120  # the frame's line right inside it
            n_checked += 1
    assert n_checked >= 12


def test_bleeding_panels_end_at_the_edge_of_the_page() -> None:
    page = _small(layouts=(Layout.BLEED,)).truth.pages[0]
    first = page.panels[0].box
    assert (first.x0, first.y0, first.x1) == (0, 0, page.page.width)


@pytest.mark.parametrize("language", ["en", "fr", "es", "de", "ja"])
def test_text_boxes_hold_all_ink_of_the_lettering_and_nothing_else(language: str) -> None:
    book = draw_book(
        BookRecipe(seed=8, n_pages=2, matter=False, language=language, layouts=(Layout.GRID,))
    )
    n_checked = 0
    for page in book.truth.pages:
        pixels = book.pixels(page.page.index).max(axis=2)
        for text in page.texts:
            if text.kind is not TextKind.DIALOGUE:
                continue
            x0, y0, x1, y1 = (int(v) for v in text.box.as_tuple())
            inside = pixels[y0:y1, x0:x1] < 128
            assert inside.any(axis=0)[[0, -1]].all() or inside.any(axis=0)[[1, -2]].all()
            assert inside.any(axis=1)[[0, -1]].all() or inside.any(axis=1)[[1, -2]].all()
            around = pixels[y0 - 3 : y1 + 3, x0 - 3 : x1 + 3].copy()
            around[3:-3, 3:-3] = 255
            assert around.min() > 128  # white balloon all round
            n_checked += 1
    assert n_checked >= 4


def test_japanese_right_to_left_books_are_lettered_in_columns() -> None:
    book = _small(
        language="ja", direction=Direction.RTL, n_pages=3, page_width=1000, page_height=1400
    )
    dialogue = [t for p in book.truth.pages for t in p.texts if t.kind is TextKind.DIALOGUE]
    assert dialogue
    assert all(t.is_vertical for t in dialogue)
    horizontal = _small(language="ja", n_pages=3, page_width=1000, page_height=1400)
    assert not any(t.is_vertical for p in horizontal.truth.pages for t in p.texts)


@pytest.mark.parametrize("direction", [Direction.LTR, Direction.RTL])
def test_reading_order_follows_the_direction(direction: Direction) -> None:
    sign = -1 if direction is Direction.RTL else 1
    for seed in range(8):
        for layout in (Layout.GRID, Layout.STAGGERED, Layout.YONKOMA):
            page = _small(seed=seed, layouts=(layout,), direction=direction).truth.pages[0]
            for a, b in itertools.pairwise(p.box for p in page.panels):
                in_one_tier = min(a.y1, b.y1) - max(a.y0, b.y0) > 0.5 * min(a.height, b.height)
                if in_one_tier or (layout is Layout.YONKOMA and b.y0 < a.y0):
                    assert sign * (b.center[0] - a.center[0]) > 0
                else:
                    assert b.y0 >= a.y1


def test_balloons_of_a_panel_are_read_in_the_order_of_the_story() -> None:
    for direction, sign in ((Direction.LTR, 1), (Direction.RTL, -1)):
        book = draw_book(BookRecipe(seed=4, n_pages=4, matter=False, direction=direction))
        n_pairs = 0
        for page in book.truth.pages:
            for panel in page.panels:
                spoken = [t for t in page.panel_texts(panel.order) if t.kind is TextKind.DIALOGUE]
                for a, b in itertools.pairwise(spoken):
                    is_onward = sign * (b.box.center[0] - a.box.center[0]) > 0
                    assert is_onward or b.box.y0 > a.box.center[1]
                    n_pairs += 1
        assert n_pairs > 0


def test_texts_of_one_page_never_cover_each_other() -> None:
    for seed in range(5):
        for page in _small(seed=seed, n_pages=3, layouts="everything").truth.pages:
            for a, b in itertools.combinations(page.texts, 2):
                assert a.box.intersection(b.box) is None


def test_slanted_panels_have_their_outline_and_others_do_not_need_one() -> None:
    slanted = [
        p for s in range(4) for p in _small(seed=s, layouts=(Layout.SLANTED,)).truth.pages[0].panels
    ]
    outlines = [p.polygon for p in slanted if p.polygon]
    assert outlines
    assert all(len(o) == 4 for o in outlines)
    assert not any(p.polygon for p in _small(layouts=(Layout.GRID,)).truth.pages[0].panels)


def test_an_inset_is_read_after_the_panel_it_lies_in() -> None:
    page = _small(layouts=(Layout.INSET,)).truth.pages[0]
    assert page.panels[1].box.covered_by(page.panels[0].box) == 1.0


def test_long_books_have_every_type_of_page() -> None:
    book = draw_book(BookRecipe(n_pages=20, layouts="western", **_SMALL))  # type: ignore[arg-type]
    types = [p.label.page_type for p in book.truth.pages]
    wanted = set(PageType) - {PageType.NOT_COMIC, PageType.SPLASH}
    assert wanted <= set(types)
    assert types[0] is PageType.COVER
    assert types[-1] is PageType.BACK_COVER
    for i, page in enumerate(book.truth.pages):
        assert page.panels, "every page has at least one panel"
        assert len(page.panels) == len(book.story[i])
        assert len(page.texts) == len(book.texts[i])
        assert book.pixels(i).shape[:2] == (page.page.height, page.page.width)
    prose = [t for p in book.truth.pages for t in p.texts if t.kind is TextKind.PROSE]
    assert prose
    blank = types.index(PageType.BLANK)
    pixels = book.pixels(blank)
    assert (pixels == pixels[0, 0]).all()


def test_density_0_letters_nothing_in_the_panels() -> None:
    assert not any(p.texts for p in _small(n_pages=3, text_density=0.0).truth.pages)


def test_sound_effects_are_turned_and_drawn_in_their_box() -> None:
    book = draw_book(
        BookRecipe(seed=11, n_pages=3, matter=False, story=("theft",), layouts="classic")
    )
    found = 0
    silent = draw_book(
        BookRecipe(
            seed=11, n_pages=3, matter=False, story=("theft",), layouts="classic", text_density=0.0
        )
    )
    for page, more in zip(book.truth.pages, book.texts, strict=True):
        changed = (book.pixels(page.page.index) != silent.pixels(page.page.index)).any(axis=2)
        for text, told in zip(page.texts, more, strict=True):
            if text.kind is TextKind.SOUND_EFFECT:
                x0, y0, x1, y1 = (int(v) for v in text.box.as_tuple())
                assert changed[y0:y1, x0:x1].mean() > 0.2
                assert told.angle != 0
                found += 1
    assert found


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"n_pages": -1}, "n_pages"),
        ({"seed": -1}, "seed"),
        ({"language": "tlh"}, "language"),
        ({"layouts": "cubist"}, "mix of layouts"),
        ({"layouts": ()}, "layouts is empty"),
        ({"text_density": 1.5}, "text_density"),
        ({"page_width": 3}, "page side"),
        ({"story": ("tragedy",)}, "tragedy"),
        ({"cast": ("dragon",)}, "dragon"),
        ({"prop": "ring"}, "ring"),
    ],
)
def test_an_impossible_recipe_says_what_is_wrong(fields: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        _small(**fields)


def test_every_mix_of_layouts_draws() -> None:
    for mix in MIXES:
        assert _small(layouts=mix, seed=7).pixels(0).any()


def test_a_very_small_page_still_draws() -> None:
    book = _small(page_width=200, page_height=200, n_pages=4, matter=True)
    for i in range(4):
        assert book.pixels(i).shape[0] == 200


def test_some_figures_stand_out_of_their_frame_but_never_out_of_the_page() -> None:
    found = 0
    for seed in range(12):
        book = _small(seed=seed, n_pages=3, layouts="classic", story=("theft",))
        for page in book._plan.pages:
            for panel in page.panels:
                for figure in panel.figures:
                    if figure.breaks_out:
                        found += 1
                        assert figure.ground - figure.height > -1
                        assert figure.ground <= panel.frame.box.y1 + 0.1 * panel.frame.box.height
    assert found >= 3
