"""The nouns."""

from __future__ import annotations

import pytest

from longbox.book import (
    AnnotatedBook,
    AnnotatedPage,
    Book,
    Direction,
    DirectionSource,
    Metadata,
    Page,
    PageLabel,
    PageType,
    Panel,
    PanelId,
)
from longbox.geometry import Box


def book(path: str = "shelf/Night Rain 03.cbz", kind: str = "cbz", **metadata: object) -> Book:
    return Book(
        "0" * 16,
        path,
        kind,
        Metadata(**metadata),
        Direction.LTR,
        DirectionSource.GUESS,
        (),  # type: ignore[arg-type]
    )


@pytest.mark.parametrize(
    ("metadata", "title"),
    [
        ({}, "Night Rain 03"),
        ({"title": "Rain"}, "Rain"),
        ({"series": "Night", "number": "3"}, "Night #3"),
        ({"series": "Night", "number": "½", "title": "Rain"}, "Night #½: Rain"),
    ],
)
def test_title_is_the_best_name_there_is(metadata: dict[str, str], title: str) -> None:
    assert book(**metadata).title == title


def test_folder_keeps_the_dot_in_its_name() -> None:
    assert book("shelf/vol. 3/", "folder").title == "vol. 3"


def test_panel_id_survives_a_round_trip() -> None:
    for panel_id in (PanelId("3f2a9c81d0e45b77", 12, 3), PanelId("0" * 16, 12345, 123)):
        assert PanelId.parse(str(panel_id)) == panel_id


@pytest.mark.parametrize(
    "text", ["", "3f2a9c81d0e45b77", "3F2A9C81D0E45B77-0001-01", "x-1-2", "3f2a9c81d0e45b77-1-2"]
)
def test_what_is_no_panel_id_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not a panel id"):
        PanelId.parse(text)


def test_panels_come_page_by_page_in_order() -> None:
    label = PageLabel(PageType.STORY, 1.0, "test")
    pages = tuple(
        AnnotatedPage(
            Page(i, f"{i}.png", "", 10, 10),
            tuple(Panel(Box(0, 0, 1, 1), k, 1.0, "test") for k in range(n)),
            (),
            label,
        )
        for i, n in enumerate((2, 0, 1))
    )
    annotated = AnnotatedBook(book(), pages)
    assert annotated.n_panels == 3
    assert [(p.page.index, panel.order) for p, panel in annotated.panels()] == [
        (0, 0),
        (0, 1),
        (2, 0),
    ]


def test_book_without_pages_has_no_panels() -> None:
    assert list(AnnotatedBook(book(), ()).panels()) == []


def test_page_that_has_no_size_is_not_readable() -> None:
    assert not Page(0, "a", "", 0, 0).is_readable
    assert Page(0, "a", "", 1, 1).is_readable
