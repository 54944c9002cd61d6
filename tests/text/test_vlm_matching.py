"""Answers find our panels: by box, by number, by place."""

from __future__ import annotations

import numpy as np
import pytest

from longbox.book import Panel
from longbox.description import AnswerState, PageDescription, PanelDescription
from longbox.errors import ModelError
from longbox.geometry import Box
from longbox.text.vlm import ShownPage, match_to_panels, page_jpeg

BOXES = (Box(0, 0, 90, 100), Box(110, 0, 200, 100), Box(0, 110, 200, 200))
PANELS = tuple(Panel(box, i, 1.0, "drawn") for i, box in enumerate(BOXES))


def page_of(*panels: PanelDescription) -> PageDescription:
    return PageDescription(
        0, "0" * 64, AnswerState.CLEAN, "", panels, ("old line",), "m", "p", 0, 0, 0.0, "", None
    )


def said(number: int, box: Box | None = None) -> PanelDescription:
    return PanelDescription(9, number, f"panel {number}", box=box, overlap=0.5)


def matches(description: PageDescription) -> list[int | None]:
    return [panel.panel for panel in description.panels]


def test_nothing_answered_matches_nothing() -> None:
    done = match_to_panels(page_of(), PANELS)
    assert (done.panels, done.disagreements) == ((), ())


def test_no_panels_of_ours_matches_nothing() -> None:
    done = match_to_panels(page_of(said(1, BOXES[0])), ())
    assert matches(done) == [None]
    assert done.panels[0].overlap is None


def test_agreement_leaves_no_line() -> None:
    done = match_to_panels(page_of(*(said(i + 1, box) for i, box in enumerate(BOXES))), PANELS)
    assert matches(done) == [0, 1, 2]
    assert [p.overlap for p in done.panels] == [1.0, 1.0, 1.0]
    assert done.disagreements == ()


def test_box_counts_more_than_number() -> None:
    done = match_to_panels(page_of(said(1, BOXES[1]), said(2, BOXES[0]), said(3)), PANELS)
    assert matches(done) == [1, 0, 2]
    assert done.disagreements == (
        "the model's panel 1 lies on our panel 2",
        "the model's panel 2 lies on our panel 1",
    )


def test_boxes_that_lie_on_no_panel_leave_it_to_the_numbers() -> None:
    nowhere = (Box(95, 40, 105, 60), Box(0, 95, 10, 110), Box(190, 90, 200, 112))
    done = match_to_panels(page_of(*(said(3 - i, box) for i, box in enumerate(nowhere))), PANELS)
    assert matches(done) == [2, 1, 0]
    assert done.disagreements == (
        "no box of the model's lies on a panel of ours; its numbers count",
    )
    other = match_to_panels(page_of(*(said(i + 4, box) for i, box in enumerate(nowhere))), PANELS)
    assert matches(other) == [None] * 3


def test_number_decides_between_equal_boxes() -> None:
    twins = (Panel(BOXES[0], 0, 1.0, "a"), Panel(BOXES[0], 1, 1.0, "a"))
    done = match_to_panels(page_of(said(2, BOXES[0]), said(1, BOXES[0])), twins)
    assert matches(done) == [1, 0]


def test_whole_page_is_assigned_together() -> None:
    # The first answer fits both panels, the second only one: greedy would leave one over.
    panels = (Panel(Box(0, 0, 100, 100), 0, 1, "a"), Panel(Box(30, 0, 130, 100), 1, 1, "a"))
    answers = page_of(said(7, Box(5, 0, 105, 100)), said(8, Box(0, 0, 60, 100)))
    assert matches(match_to_panels(answers, panels)) == [1, 0]


def test_answers_without_boxes_go_by_number() -> None:
    assert matches(match_to_panels(page_of(said(3), said(1)), PANELS)) == [2, 0]


def test_numbers_from_zero_are_understood() -> None:
    done = match_to_panels(page_of(said(0), said(1), said(2)), PANELS)
    assert matches(done) == [0, 1, 2]
    assert done.disagreements == ()


def test_unusable_numbers_go_by_place_and_say_so() -> None:
    done = match_to_panels(page_of(said(11), said(12), said(13)), PANELS)
    assert matches(done) == [0, 1, 2]
    assert sum("by its place only" in line for line in done.disagreements) == 3


def test_more_answers_than_panels_left_are_not_guessed() -> None:
    done = match_to_panels(page_of(*(said(n) for n in (21, 22, 23, 24))), PANELS)
    assert matches(done) == [None] * 4
    assert "the model sees 4 panels, the detector 3" in done.disagreements


def test_fewer_and_second_answers_are_told() -> None:
    done = match_to_panels(page_of(said(2), said(2)), PANELS)
    assert matches(done)[0] == 1
    assert "a second answer is numbered 2" in done.disagreements
    assert "2 answers are numbered 2" in done.disagreements
    assert "the model sees 2 panels, the detector 3" in done.disagreements


def test_no_panel_is_given_twice() -> None:
    answers = page_of(*(said(n, BOXES[0]) for n in (1, 1, 2, 3)), said(1), said(2))
    found = [panel for panel in matches(match_to_panels(answers, PANELS)) if panel is not None]
    assert len(found) == len(set(found))


def test_matching_again_forgets_the_old_match() -> None:
    first = match_to_panels(page_of(said(1, BOXES[0])), PANELS)
    assert match_to_panels(first, PANELS) == first
    assert "old line" not in first.disagreements


def test_panels_keep_their_own_order_numbers() -> None:
    shifted = [Panel(box, i + 4, 1.0, "drawn") for i, box in enumerate(BOXES)]
    assert matches(match_to_panels(page_of(said(1, BOXES[0])), shifted)) == [4]


def test_changed_panels_take_over_by_earlier_place_not_by_number() -> None:
    first = match_to_panels(page_of(said(1), said(2), said(3)), PANELS)
    swapped = [Panel(BOXES[2], 0, 1.0, "new"), Panel(BOXES[0].expand(3), 1, 1.0, "new")]
    done = match_to_panels(first, swapped, dict(enumerate(BOXES)))
    assert matches(done) == [1, None, 0]
    assert [p.overlap for p in done.panels] == [None] * 3


def test_picture_has_the_size_and_the_numbers() -> None:
    shown = ShownPage(200, 200, 100, 100, BOXES)
    pixels = np.full((200, 200, 3), 255, np.uint8)
    jpeg = page_jpeg(pixels, shown, 10**6)
    import io

    from PIL import Image

    with Image.open(io.BytesIO(jpeg)) as picture:
        assert picture.size == (100, 100)
        drawn = np.asarray(picture.convert("RGB"), dtype=np.int16)
    for box in BOXES:
        x0, y0, x1, _ = box.scale(0.5, 0.5).rounded()
        line = drawn[y0, (x0 + x1) // 2]
        assert int(line.max() - line.min()) > 40  # a coloured line, not paper
    assert drawn[75, 60].min() > 230


def test_picture_is_bounded_in_bytes() -> None:
    noise = np.random.default_rng(0).integers(0, 255, (300, 300, 3), dtype=np.uint8)
    shown = ShownPage(300, 300, 300, 300, ())
    full = page_jpeg(noise, shown, 10**7)
    assert len(page_jpeg(noise, shown, len(full) // 2)) <= len(full) // 2
    with pytest.raises(ModelError, match="does not fit"):
        page_jpeg(noise, shown, 100)


def test_picture_of_another_page_is_refused() -> None:
    with pytest.raises(ModelError, match="page pixels"):
        page_jpeg(np.zeros((10, 20, 3), np.uint8), ShownPage(10, 20, 10, 20, ()), 10**6)
