"""Does a space go by layout or by meaning? The seeds' claim as a number.

"It clusters by layout, not by meaning" is taken apart into what can be measured:

- *layout* is the layout measures of a page (how many panels, how large, of which shape, how even);
- *meaning* is, as far as anything here knows it, what is described, or where nothing is described
  what is written: the main directions of the description or text vectors. Pictures mean more than
  their words say, so this is a floor, not the whole;
- both are asked the same question: how much better are pages of unseen works predicted in this
  space with it than without it, when the other, the amount of lettering, the look and the page type
  are known anyway? Units are taken about their book's mean, so that neither a book's art nor its
  language can pass for layout or for meaning, and what is learnt in some works must hold in others.

The verdict is `layout` where layout adds surely more than meaning, `meaning` where it is the other
way, `both` where both add something and neither surely more, `neither` where none adds and none
can add much, and `cannot be told` else. "Surely" is a 95 % interval over books; what adds less
than .01 adds nothing, and an interval that ends below .05 rules out much. Beside it stands how far
the space's clusters are clusters of layout, and how far they are clusters of text (adjusted mutual
information).

The text space itself has no such claim; fused and contextual vectors are partly made of text
vectors, so theirs says what survived, not what was understood.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np

from longbox.analysis.ablation.agreement import Labels
from longbox.analysis.ablation.carrying import Floats, HeldOut, predict
from longbox.analysis.ablation.dealing import group_means
from longbox.analysis.ablation.matched import Known
from longbox.analysis.ablation.values import (
    Carried,
    Claim,
    Estimate,
    Group,
    Share,
    Verdict,
)
from longbox.vectors import Space

LEAST_SHARE: Final = 0.01
MOST_DOUBT: Final = 0.05
_NAMES: Final = {
    Space.VISION: "picture vectors",
    Space.TEXT: "text vectors",
    Space.DESCRIPTION: "description vectors",
    Space.COMPOSITION: "composition vectors",
    Space.FUSED: "fused vectors",
    Space.CONTEXTUAL: "contextual vectors",
}
_VERDICTS: Final = {
    Verdict.LAYOUT: "by layout more than by what is {said}",
    Verdict.MEANING: "by what is {said} more than by layout",
    Verdict.BOTH: "both count, and neither surely more",
    Verdict.NEITHER: "neither layout nor what is {said} carries over to other books",
    Verdict.UNTOLD: "which of the two counts more cannot be told",
}


def meaning_space(spaces: Mapping[Space, object]) -> Space | None:
    """Return whose vectors stand for meaning: descriptions before lettering."""
    return next((s for s in (Space.DESCRIPTION, Space.TEXT) if s in spaces), None)


def written_columns(main_directions: Floats, n: int) -> Floats:
    """Return columns for what is written: directions on one scale, so small ones stay small."""
    columns = main_directions[:, :n]
    spread = columns.std(axis=0).max(initial=0.0)
    scaled: Floats = columns / spread if spread > 0 else columns
    return scaled


def carried_of(
    space: Space, vectors: Floats, known: Known, held: HeldOut, seed: int
) -> tuple[Carried, ...]:
    """Measure what each group predicts in unseen works, and all together."""
    within = vectors - group_means(vectors, known.book)
    columns = known.columns - group_means(known.columns, known.book)
    found = []
    for group in (*known.groups, Group.TOGETHER):
        groups = known.groups if group is Group.TOGETHER else (group,)
        places = [known.places([one]) for one in groups]
        share = predict([known.columns[:, at] for at in places], vectors, held).share(seed)
        inside = predict([columns[:, at] for at in places], within, held).share(seed)
        found.append(Carried(space, group, share, inside, held.of))
    return tuple(found)


def claim_of(
    space: Space,
    vectors: Floats,
    known: Known,
    written: tuple[Space, Floats],
    held: HeldOut,
    seed: int,
) -> Claim:
    """Ask whether a space goes by layout or by what is written; clusters and words come later.

    Args:
        space: Whose vectors these are.
        vectors: Of the known units, float64 (N, D).
        known: Their measures, layout among them.
        written: The space that stands for meaning, and its columns of the known units.
        held: Which units are held out together.
        seed: Of the intervals' draws.
    """
    meaning_of, said = written
    inside = vectors - group_means(vectors, known.book)
    said = said - group_means(said, known.book)
    columns = known.columns - group_means(known.columns, known.book)
    others = columns[:, known.places([g for g in known.groups if g is not Group.LAYOUT])]
    layout_columns = columns[:, known.places([Group.LAYOUT])]
    whole = predict([others, layout_columns, said], inside, held)
    without_layout = predict([others, said], inside, held)
    without_meaning = predict([others, layout_columns], inside, held)
    layout = whole.loss_without(without_layout, seed)
    meaning = whole.loss_without(without_meaning, seed)
    difference = without_meaning.loss_without(without_layout, seed)
    unknown = float("nan")
    verdict = verdict_of(layout, meaning, difference)
    return Claim(space, meaning_of, layout, meaning, difference, unknown, unknown, verdict, "")


def verdict_of(layout: Estimate, meaning: Estimate, difference: Estimate) -> Verdict:
    """Say what the intervals allow to say."""
    if not all(np.isfinite([layout.low, meaning.low, difference.low])):
        return Verdict.UNTOLD
    by_layout = layout.low > 0 and layout.value >= LEAST_SHARE
    by_meaning = meaning.low > 0 and meaning.value >= LEAST_SHARE
    if by_layout and difference.low > 0:
        return Verdict.LAYOUT
    if by_meaning and difference.high < 0:
        return Verdict.MEANING
    if by_layout and by_meaning:
        return Verdict.BOTH
    if not by_layout and not by_meaning and max(layout.high, meaning.high) < MOST_DOUBT:
        return Verdict.NEITHER
    return Verdict.UNTOLD


def mutual_with(space: tuple[Labels, ...], other: tuple[Labels, ...]) -> float:
    """Return the adjusted mutual information of two clusterings, the mean over seeds."""
    from sklearn.metrics import adjusted_mutual_info_score

    pairs = zip(space, other, strict=True)
    return float(np.mean([adjusted_mutual_info_score(a, b) for a, b in pairs]))


def words_of(claim: Claim, shares: tuple[Share, ...], unit: str, held_out: str) -> str:
    """Write a claim out, with what else the space is made of."""
    by = {share.group: share for share in shares if share.space is claim.space}
    said = "described" if claim.meaning_of is Space.DESCRIPTION else "written"
    parts = [
        f"{name} {by[group].share.value:.2f} ({_span(by[group].share)})"
        for group, name in _SPOKEN
        if group in by
    ]
    habit = by[Group.LAYOUT].chance if Group.LAYOUT in by else float("nan")
    if np.isfinite(habit):
        parts[0] += f", of which {max(habit, 0.0):.2f} is books' habits of layout"
    one = unit.removesuffix("s")
    verdict = _VERDICTS[claim.verdict].format(said=said)
    if claim.verdict in (Verdict.LAYOUT, Verdict.MEANING, Verdict.BOTH):
        verdict += " (little of either)" if _most(claim) < MOST_DOUBT else ""
    made = claim.space in (Space.FUSED, Space.CONTEXTUAL)
    return (
        f"In {_NAMES[claim.space]}, of what differs between {unit}: {', '.join(parts)}. "
        f"Within books, carried over to other {held_out}s: layout {claim.layout.value:.2f} "
        f"({_span(claim.layout)}) and what is {said} {claim.meaning.value:.2f} "
        f"({_span(claim.meaning)}), each beyond the other and all else known of a {one}: "
        f"{verdict}.{' These vectors are partly made of the text vectors.' if made else ''}"
    )


def _most(claim: Claim) -> float:
    return max(claim.layout.value, claim.meaning.value)


_SPOKEN: Final = (
    (Group.LAYOUT, "layout"),
    (Group.LETTERING, "amount of lettering"),
    (Group.LOOK, "look"),
    (Group.PLACE, "place in the book"),
    (Group.PAGE_TYPE, "page type"),
    (Group.WORK, "the work"),
    (Group.BOOK, "the book"),
)


def _span(estimate: Estimate) -> str:
    if not np.isfinite(estimate.low):
        return "no interval"
    return f"{estimate.low:.2f} to {estimate.high:.2f}"
