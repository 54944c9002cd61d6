"""What a measure of health means, in words: the one table of thresholds, and how it is applied.

A threshold has two marks, where a warning starts and where it is bad, and a sentence for each side.
Where a mark comes from stands with it; most are between what frozen encoders measure on real comics
(1,803 panels of 44 books: cosine between books -.07 and .10, RankMe .80 and .79 of what is
possible, uniformity -2.7 and -3.4, for pictures and texts) and what a collapsed space measures
(1, 1 / D, 0). They are marks to look closer, not laws. A measure that too few vectors stand behind
is not judged, and says so: "ok" always means that somebody looked.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Level(StrEnum):
    """How a measure came out."""

    OK = "ok"
    WARNING = "warning"
    BAD = "bad"
    NOT_JUDGED = "not judged"


@dataclass(frozen=True, slots=True)
class Verdict:
    """One finding in words.

    Attributes:
        name: What was judged: "fused: effective rank".
        sentence: What was measured and what it means; where it is not ok, what to do.
    """

    name: str
    level: Level
    sentence: str


@dataclass(frozen=True, slots=True)
class Threshold:
    """Where one measure stops being healthy.

    Attributes:
        measure: Key of THRESHOLDS.
        title: What people call it.
        warning, bad: The marks themselves count as warning and as bad.
        is_high_bad: Whether more of it is worse.
        healthy, unhealthy: What it means on either side.
        remedy: What to do.
        source: Where the marks come from.
        fewest: Vectors, pairs or panels below which it is not judged.
    """

    measure: str
    title: str
    warning: float
    bad: float
    is_high_bad: bool
    healthy: str
    unhealthy: str
    remedy: str
    source: str
    fewest: int = 0


_TABLE: Final = (
    Threshold(
        "zero_share",
        "vectors that are all zeros",
        1e-9,
        0.01,
        True,
        "every panel that counts as present has a vector",
        "panels count as present but have no vector, so they take part in scores as a dummy",
        "mask what a panel lacks instead of giving zeros",
        "the one rule: missing is masked",
        1,
    ),
    Threshold(
        "mean_cosine",
        "mean cosine of unrelated panels",
        0.3,
        0.6,
        True,
        "panels of different books point in different directions",
        "panels that have nothing to do with each other look alike, as in a collapsed space",
        "use a contrastive loss with negatives from other pages and books; check the temperature",
        "target of the project for unrelated queries: under .3; constant vectors have 1",
        50,
    ),
    Threshold(
        "intra_page_cosine",
        "mean cosine of panels of one page",
        0.8,
        0.95,
        True,
        "panels of a page can be told apart",
        "panels of a page are nearly one vector, so a search finds the page but not the panel",
        "lower the weight of the same-page contrast; check that heads do not read page vectors",
        "what the first system's panels did before they collapsed; constant vectors have 1",
        50,
    ),
    Threshold(
        "page_signal",
        "cosine within a page less that between books",
        0.005,
        -0.02,
        False,
        "panels of a page are closer to each other than to other books",
        "panels of a page are no closer to each other than to panels of other books",
        "check that rows belong to the panels they are stored for (order, masks)",
        "frozen encoders: .57 for pictures, .13 for texts; vectors in a wrong row order have 0",
        50,
    ),
    Threshold(
        "rank_share",
        "effective rank (RankMe) as a share of what is possible",
        0.3,
        0.1,
        False,
        "the vectors use many directions",
        "the vectors lie in few directions: a dimensional collapse",
        "look for a loss without negatives, too strong weight decay, or a narrow layer",
        "Garrido et al. 2023; frozen encoders .79; constant vectors 1 / D",
        50,
    ),
    Threshold(
        "uniformity",
        "uniformity",
        -2.0,
        -1.0,
        True,
        "the vectors are spread over the sphere",
        "the vectors crowd together on the sphere",
        "raise the weight of the contrast or lower its temperature",
        "Wang and Isola 2020; spread evenly over many dimensions about -4, constant vectors 0",
        50,
    ),
    Threshold(
        "duplicate_share",
        "share of panels with a near twin (cosine .99)",
        0.2,
        0.5,
        True,
        "few panels have a near twin",
        "many panels have a near twin: editions of one book, or vectors that say too little",
        "search for one of them; if the twins do not look alike, the space has collapsed",
        "frozen encoders .02 to .03",
        50,
    ),
    Threshold(
        "hub_share",
        "share of panels that one panel answers first (hubness)",
        0.03,
        0.1,
        True,
        "no panel answers everything",
        "one panel is the nearest of many: many searches end at the same hit",
        "look at that panel; a blank or text-only panel is often such a hub",
        "Radovanovic et al. 2010; frozen encoders .004 to .012",
        200,
    ),
    Threshold(
        "modality_gap",
        "modality gap",
        0.8,
        1.2,
        True,
        "picture and text vectors share one region",
        "picture and text vectors lie in two regions, so one kind answers before the other",
        "raise the weight of the picture-text alignment and of modality dropout",
        "Liang et al. 2022: .82 in CLIP, which retrieves well; the largest possible is 2",
        50,
    ),
    Threshold(
        "alignment_share",
        "distance of a panel's picture to its text, as a share of that to other panels' texts",
        0.9,
        0.98,
        True,
        "a panel's picture is nearer to its own text than to others'",
        "a panel's picture is hardly nearer to its own text than to others'",
        "train longer with the picture-text alignment; check that pairs are of the same panel",
        "Wang and Isola 2020, divided by the unmatched distance: 1 is no alignment, 0 perfect",
        50,
    ),
    Threshold(
        "retrieval_lift",
        "picture-text recall at 10 above chance",
        0.05,
        0.001,
        False,
        "a panel's text finds its picture and the other way round",
        "a panel's text finds its picture hardly more often than a guess",
        "train longer with the picture-text alignment; then look at the texts themselves",
        "(recall - chance) / (1 - chance), worse direction; 0 is a guess, 1 perfect",
        50,
    ),
    Threshold(
        "change_alone",
        "change of the vector when a panel's only modality changes",
        0.05,
        0.01,
        False,
        "a vector made of this modality alone follows it",
        "a vector made of this modality alone hardly changes with it: a query would get one answer",
        "train with modality dropout and with fused(subset) toward fused(all)",
        "fact 11: the first system's image query had one constant vector",
        5,
    ),
    Threshold(
        "change_among_others",
        "change of the vector when one of several modalities changes",
        0.01,
        0.001,
        False,
        "this modality counts beside the others",
        "this modality is drowned out by the others",
        "look at its gate or attention, and at the scale of its projection",
        "the first system's gate gave the picture no weight beside constant inputs",
        5,
    ),
    Threshold(
        "silent_share",
        "share of trainable parameters without a gradient",
        1e-12,
        0.01,
        True,
        "every trainable parameter gets a gradient",
        "parameters get no gradient, so they never learn",
        "connect them to the loss, or freeze them on purpose",
        "fact 10: the trained strip query got none",
        1,
    ),
    Threshold(
        "loss_of_chance",
        "loss at the end as a share of a guess's loss",
        0.9,
        0.98,
        True,
        "the loss is below that of a guess",
        "the loss is about that of a guess: nothing was learnt",
        "check that the input is masked and the target detached; then the learning rate",
        "fact 8: reading-path prediction ended at .7074, a guess is .69",
        5,
    ),
)
THRESHOLDS: Final[dict[str, Threshold]] = {t.measure: t for t in _TABLE}


def judge(measure: str, value: float | None, n: int, about: str = "") -> Verdict:
    """Put one measure into words.

    Args:
        measure: A key of THRESHOLDS.
        value: As measured; None or nan where nothing could be measured.
        n: How many vectors, pairs or panels stand behind it.
        about: What it was measured on: "fused".

    Raises:
        KeyError: There is no such threshold.
    """
    t = THRESHOLDS[measure]
    name = f"{about}: {t.title}" if about else t.title
    if value is None or math.isnan(value) or n < t.fewest:
        few = f"{n:,} to measure it on, {t.fewest:,} are needed"
        return Verdict(name, Level.NOT_JUDGED, f"not judged ({few})")
    level = _level(t, value)
    figure = f"{value:.3f}" if abs(value) < 100 else f"{value:,.0f}"
    if level is Level.OK:
        return Verdict(name, level, f"{t.healthy} ({figure})")
    mark = t.bad if level is Level.BAD else t.warning
    side = "from" if t.is_high_bad else "to"
    sentence = f"{t.unhealthy} ({figure}; {level} {side} {mark_text(mark)}); {t.remedy}"
    return Verdict(name, level, sentence)


def mark_text(mark: float) -> str:
    """Return a mark as people read it: what is hardly above zero is "any"."""
    return "any" if 0 < mark < 1e-6 else f"{mark:g}"


def signed_mark(threshold: Threshold, mark: float) -> str:
    """Return a mark with the side on which it is unhealthy: "≥ 0.3"."""
    text = mark_text(mark)
    return text if text == "any" else f"{'≥' if threshold.is_high_bad else '≤'} {text}"


def _level(threshold: Threshold, value: float) -> Level:
    sign = 1.0 if threshold.is_high_bad else -1.0
    if sign * value >= sign * threshold.bad:
        return Level.BAD
    return Level.WARNING if sign * value >= sign * threshold.warning else Level.OK


def worst(verdicts: Iterable[Verdict]) -> Level:
    """Return the worst level of all; NOT_JUDGED where nothing was judged."""
    levels = {v.level for v in verdicts}
    for level in (Level.BAD, Level.WARNING, Level.OK):
        if level in levels:
            return level
    return Level.NOT_JUDGED
