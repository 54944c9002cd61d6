"""Which of our panels an answer's panels are.

The model was shown our boxes with their numbers, but answers with boxes and numbers of its own.
Where it gave a box, the box decides: the assignment with the largest overlaps over the whole page,
a number that agrees breaking ties. Where not one of its boxes lies on a panel, they say nothing,
and its numbers count if they are just those that it was shown. Without a box its number decides,
and without a usable number its place among those left over. Whatever does not agree is kept as a
line a person can read.

Matching is a pure function of an answer and panels, so it is done again when panels change.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace

from longbox.book import Panel
from longbox.description import PageDescription, PanelDescription
from longbox.geometry import Box
from longbox.text.vlm.boxes import best_pairs, overlaps

# Below this overlap two boxes are not the same panel; neighbours that touch are far below it.
_MIN_OVERLAP = 0.25
# What an agreeing number adds to an overlap: enough to decide between equals.
_NUMBER_BONUS = 0.02
_MAX_LINES = 40


def match_to_panels(
    description: PageDescription,
    panels: Sequence[Panel],
    earlier: Mapping[int, Box] | None = None,
) -> PageDescription:
    """Match an answer's panels to ours.

    Args:
        description: The answer; earlier matches in it are forgotten.
        panels: The page's panels in reading order.
        earlier: The panels that the answer was matched to before, boxes by order, where they were
            others than these. The numbers that the model was shown then mean nothing any more: an
            answer without a box of its own stands where its earlier panel was.

    Returns:
        The answer with panel, overlap and disagreements filled in anew.
    """
    answers = description.panels
    order = [panel.order for panel in panels]
    lines: list[str] = []
    found = _by_box(answers, panels, earlier)
    if earlier is None:
        if not found and sorted(a.number for a in answers) == list(range(1, len(panels) + 1)):
            found = {i: answer.number - 1 for i, answer in enumerate(answers)}
            if any(answer.box is not None for answer in answers):
                lines.append("no box of the model's lies on a panel of ours; its numbers count")
        _by_number(answers, found, len(panels), lines)
        _by_place(answers, found, len(panels), lines)
    matched = [
        replace(
            answer,
            panel=order[found[i]] if i in found else None,
            overlap=None
            if i not in found or answer.box is None
            else answer.box.iou(panels[found[i]].box),
        )
        for i, answer in enumerate(answers)
    ]
    if answers:
        lines += _compare(answers, found, len(panels), is_renumbered=earlier is not None)
    return replace(description, panels=tuple(matched), disagreements=tuple(lines[:_MAX_LINES]))


def _by_box(
    answers: Sequence[PanelDescription],
    panels: Sequence[Panel],
    earlier: Mapping[int, Box] | None,
) -> dict[int, int]:
    """Return answer to panel where boxes overlap; indices, not orders."""
    boxes: dict[int, Box] = {}
    for i, answer in enumerate(answers):
        if answer.box is not None:
            boxes[i] = answer.box
        elif earlier is not None and answer.panel is not None and answer.panel in earlier:
            boxes[i] = earlier[answer.panel]
    rows = list(boxes)
    table = overlaps([boxes[i] for i in rows], [panel.box for panel in panels])
    table[table < _MIN_OVERLAP] = 0.0
    for at, i in enumerate(rows):
        panel = answers[i].number - 1
        if earlier is None and 0 <= panel < len(panels) and table[at, panel] > 0:
            table[at, panel] += _NUMBER_BONUS
    return {rows[at]: panel for at, panel, _ in best_pairs(table)}


def _by_number(
    answers: Sequence[PanelDescription],
    found: dict[int, int],
    n_panels: int,
    lines: list[str],
) -> None:
    """Give answers without a box the panel of their number, while it is free."""
    numbers = [answer.number for answer in answers]
    # Some models count from 0 whatever they are told.
    first = 0 if numbers and min(numbers) == 0 and max(numbers) < n_panels else 1
    taken = set(found.values())
    for i, answer in enumerate(answers):
        panel = answer.number - first
        if i in found or answer.box is not None or not 0 <= panel < n_panels:
            continue
        if panel in taken:
            lines.append(f"a second answer is numbered {answer.number}")
            continue
        found[i] = panel
        taken.add(panel)


def _by_place(
    answers: Sequence[PanelDescription], found: dict[int, int], n_panels: int, lines: list[str]
) -> None:
    """Give answers without a box and a usable number the panels left over, in sequence."""
    left = [i for i, answer in enumerate(answers) if i not in found and answer.box is None]
    free = [panel for panel in range(n_panels) if panel not in found.values()]
    if not left or len(left) > len(free):
        return
    for i, panel in zip(left, free, strict=False):
        found[i] = panel
        lines.append(
            f"the model's panel {answers[i].number} was matched to panel {panel + 1} by its place "
            f"only"
        )


def _compare(
    answers: Sequence[PanelDescription],
    found: dict[int, int],
    n_panels: int,
    *,
    is_renumbered: bool,
) -> list[str]:
    lines: list[str] = []
    if len(answers) != n_panels:
        lines.append(f"the model sees {_panels(len(answers))}, the detector {n_panels}")
    numbers = [answer.number for answer in answers]
    first = 0 if min(numbers) == 0 else 1
    for number, count in sorted(Counter(numbers).items()):
        if count > 1:
            lines.append(f"{count} answers are numbered {number}")
    for i, answer in enumerate(answers):
        if i not in found:
            lines.append(f"the model's panel {answer.number} is none of ours")
        elif not is_renumbered and answer.box is not None and found[i] + first != answer.number:
            lines.append(f"the model's panel {answer.number} lies on our panel {found[i] + 1}")
    described = set(found.values())
    lines += [f"panel {k + 1} is not described" for k in range(n_panels) if k not in described]
    return lines


def _panels(n: int) -> str:
    return f"{n} panel" + ("" if n == 1 else "s")
