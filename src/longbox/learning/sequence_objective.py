"""What stage 4 learns from: its tasks, and what keeps its vectors apart.

| loss | says | chance |
|---|---|---|
| a task | the right one of the K candidates: cross-entropy | mean log K |
| reading_order | which of two panels is first: binary cross-entropy over pairs | log 2 |
| contrast | a strip finds the panel missing from it among those of other strips | log of those |
| next_panel | the causal mode finds the panel that follows, among those of other books | likewise |
| book | a hidden page is found from its book's others, among the pages of the batch | likewise |

Negatives of `contrast` and `next_panel` are the batch's other answers whose page window does not
overlap; where all samples of a batch are of one book, those are its other windows (fact 1). Targets
are stage 3's frozen vectors, so no loss can pull its targets together.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor
from torch.nn.functional import (
    binary_cross_entropy_with_logits,
    cross_entropy,
    normalize,
)

from longbox.learning.strips import BookBatch, OrderBatch, StripBatch
from longbox.objective import LossPart, Objective, Spread, alone
from longbox.sequence import ANCHORED, Stage4SequenceModel, TaskWeights
from longbox.tasks import Task

_NEVER = -1e9


def choice_scores(model: Stage4SequenceModel, batch: StripBatch) -> Tensor:
    """Score the candidates of a batch: (B, K), very low where there is none.

    A head's score and, as much as the model's anchors say, the plain cosine.
    """
    scores = head_scores(model, batch)
    if batch.task.value in ANCHORED:
        strange, familiar = model.anchors[:, ANCHORED.index(batch.task.value)]
        share = model.familiarity(context_of(batch))
        anchor = share * familiar + (1 - share) * strange
        scores = scores + anchor[:, None] * plain_cosines(model, batch)
    return scores.masked_fill(~batch.offered, _NEVER)


def head_scores(model: Stage4SequenceModel, batch: StripBatch) -> Tensor:
    """Score the candidates of a batch by the head of its task alone: (B, K)."""
    return _SCORE[batch.task](model, batch)


def plain_cosines(model: Stage4SequenceModel, batch: StripBatch) -> Tensor:
    """Return the cosine of every candidate with the panels around the gap, nearer ones more."""
    around = model.transformer.around(batch.panels, batch.mask & ~batch.gap)
    context = (around * batch.gap[..., None]).sum(dim=1)
    return (batch.candidates @ context[..., None])[..., 0]


def context_of(batch: StripBatch) -> Tensor:
    """Return the unit mean of the panels that a sample shows: (B, D)."""
    known = (batch.mask & ~batch.gap)[..., None]
    return normalize((batch.panels * known).sum(dim=1), dim=-1)


def order_scores(model: Stage4SequenceModel, batch: OrderBatch) -> Tensor:
    """Score pairs: logits that i is before j (B, N, N)."""
    found = model.transformer(batch.panels, batch.mask, has_order=False)
    scores: Tensor = model.reading_order_head(found)
    return scores


def _picking(model: Stage4SequenceModel, batch: StripBatch) -> Tensor:
    context = model.fill_gap(batch.panels, batch.mask, batch.gap)
    scores: Tensor = model.panel_picking_head(context, batch.candidates)
    return scores


def _closure(model: Stage4SequenceModel, batch: StripBatch) -> Tensor:
    """Read the panels before, and what is expected after them, as the last of the sequence."""
    found = model.transformer(batch.panels, batch.mask, batch.gap)
    is_picture = batch.task is Task.VISUAL_CLOSURE
    head = model.visual_closure_head if is_picture else model.text_closure_head
    scores: Tensor = head(found, batch.candidates, batch.mask | batch.gap)
    return scores


def _caption(model: Stage4SequenceModel, batch: StripBatch) -> Tensor:
    context = model.fill_gap(batch.panels, batch.mask, batch.gap)
    scores: Tensor = model.caption_relevance_head(batch.candidates, context)
    return scores


def _cloze(model: Stage4SequenceModel, batch: StripBatch) -> Tensor:
    """The panel's own picture stands at the gap; the text around it is the context."""
    panels = torch.where(batch.gap[..., None], batch.cues[:, None], batch.panels)
    seen = model.transformer(panels, batch.mask | batch.gap)
    visual = (seen * batch.gap[..., None]).sum(dim=1)
    expected = model.fill_gap(batch.panels, batch.mask, batch.gap)
    scores: Tensor = model.text_cloze_head(visual, expected, batch.candidates)
    return scores


def _coherence(model: Stage4SequenceModel, batch: StripBatch) -> Tensor:
    """Each candidate is read in its place: what differs is how its balloons follow on."""
    scores = []
    for k in range(batch.candidates.shape[1]):
        candidate = batch.candidates[:, k]
        panels = torch.where(batch.gap[..., None], candidate[:, None], batch.panels)
        found = model.transformer(panels, batch.mask | batch.gap)
        here = (found * batch.gap[..., None]).sum(dim=1)
        n = batch.mask.sum(dim=1, keepdim=True).clamp(min=1)
        before = (found * batch.mask[..., None]).sum(dim=1) / n
        scores.append(model.character_coherence_head(before[:, None], here))
    return torch.stack(scores, dim=1)


_SCORE = {
    Task.PANEL_PICKING: _picking,
    Task.VISUAL_CLOSURE: _closure,
    Task.TEXT_CLOSURE: _closure,
    Task.CAPTION_RELEVANCE: _caption,
    Task.TEXT_CLOZE: _cloze,
    Task.CHARACTER_COHERENCE: _coherence,
}


def sequence_objective(
    model: Stage4SequenceModel,
    batch: StripBatch | OrderBatch,
    weights: TaskWeights,
    spread: Spread = alone,
) -> Objective:
    """Compute the losses of a batch; the task's own weight is how often it is drawn."""
    if isinstance(batch, OrderBatch):
        value, chance = _order_loss(model, batch, spread)
        return Objective(value, (_part(batch.task, value, chance),))
    scores = spread(partial(choice_scores, model), batch)
    value = cross_entropy(scores, batch.answers)
    chance = float(batch.offered.sum(dim=1).float().log().mean())
    total, parts = value, [_part(batch.task, value, chance)]
    if batch.task is Task.PANEL_PICKING:
        for name, weight, found in (
            ("contrast", weights.contrast, _contrast(model, batch, weights.temperature, spread)),
            ("next_panel", weights.next_panel, _next_panel(model, batch, spread)),
        ):
            if found is not None:
                total = total + weight * found[0]
                parts.append(_part(name, *found))
    return Objective(total, tuple(parts))


def book_objective(
    model: Stage4SequenceModel,
    batch: BookBatch,
    weights: TaskWeights,
    generator: torch.Generator,
    spread: Spread = alone,
) -> Objective:
    """Hide a page of each book and find its strip vector among those of the batch's pages.

    The strips are made without gradient: the level above learns from them and cannot pull them
    together. A book of which only one page is known is not asked about.
    """
    b, p = batch.mask.shape[:2]
    known = batch.mask.any(dim=2)
    with torch.no_grad():
        strips = spread(partial(_page_strips, model), batch)
    draws = torch.rand((b, p), generator=generator).to(strips.device)
    place = draws.masked_fill(~known, -1.0).argmax(dim=1)
    hidden = torch.nn.functional.one_hot(place, p).bool()
    hidden = hidden & (known.sum(dim=1) > 1)[:, None]
    asked = hidden.any(dim=1)
    guess = spread(partial(_hidden_page, model), _Hidden(strips, known, hidden))[asked]
    if not bool(asked.any()):
        return Objective(guess.sum(), ())
    pages = strips[known]
    answers = (torch.cumsum(known.flatten().long(), 0) - 1).view(b, p)[hidden]
    value = cross_entropy(guess @ pages.T / weights.temperature, answers)
    return Objective(weights.book * value, (_part("book", value, math.log(len(pages))),))


@dataclass(frozen=True, slots=True, eq=False)
class _Hidden:
    """Books with a hidden page: strips (B, P, D), which pages are known and which hidden (B, P)."""

    strips: Tensor
    known: Tensor
    hidden: Tensor


def _page_strips(model: Stage4SequenceModel, batch: BookBatch) -> Tensor:
    b, p, n, d = batch.panels.shape
    flat, mask = batch.panels.reshape(b * p, n, d), batch.mask.reshape(b * p, n)
    strips: Tensor = model.encode_strip(flat, mask)
    return strips.view(b, p, d)


def _hidden_page(model: Stage4SequenceModel, books: _Hidden) -> Tensor:
    guesses = model.book(books.strips, books.known, books.hidden)
    found: Tensor = (guesses * books.hidden[..., None]).sum(dim=1)  # (B, D)
    return found


def _part(name: str, value: Tensor, chance: float) -> LossPart:
    return LossPart(str(name), float(value.detach()), chance)


def _order_loss(
    model: Stage4SequenceModel, batch: OrderBatch, spread: Spread
) -> tuple[Tensor, float]:
    scores = spread(partial(order_scores, model), batch)
    first = (batch.places[:, :, None] < batch.places[:, None, :]).float()
    n = batch.mask.shape[1]
    pairs = batch.mask[:, :, None] & batch.mask[:, None, :]
    pairs = pairs & ~torch.eye(n, dtype=torch.bool, device=pairs.device)
    return binary_cross_entropy_with_logits(scores[pairs], first[pairs]), math.log(2)


def _apart(batch: StripBatch) -> Tensor:
    """Say which samples may stand as negatives for which: bool (B, B), False on the diagonal."""
    same = batch.sources[:, None] == batch.sources[None]
    first, last = batch.spans[:, 0], batch.spans[:, 1]
    overlap = (first[:, None] <= last[None]) & (first[None] <= last[:, None])
    return ~(same & overlap)


def _among(
    guess: Tensor, targets: Tensor, apart: Tensor, scale: float | Tensor
) -> tuple[Tensor, float] | None:
    itself = torch.eye(len(guess), dtype=torch.bool, device=guess.device)
    offered = apart | itself
    n_offered = offered.sum(dim=1).float()
    if not bool((n_offered > 1).any()):
        return None
    logits = (guess @ targets.T * scale).masked_fill(~offered, _NEVER)
    labels = torch.arange(len(guess), device=guess.device)
    return cross_entropy(logits, labels), float(n_offered.log().mean())


def _contrast(
    model: Stage4SequenceModel, batch: StripBatch, temperature: float, spread: Spread
) -> tuple[Tensor, float] | None:
    strips = spread(partial(_strips, model), batch)
    answers = batch.candidates[torch.arange(len(strips)), batch.answers]
    return _among(strips, normalize(answers, dim=-1), _apart(batch), 1 / temperature)


def _strips(model: Stage4SequenceModel, batch: StripBatch) -> Tensor:
    found: Tensor = model.strip(model.transformer(batch.panels, batch.mask), batch.mask)
    return found


def _before(batch: StripBatch) -> Tensor:
    """Mark the known panels before the gap, bool (B, L)."""
    return batch.mask & (torch.cumsum(batch.gap.long(), dim=1) == 0)


def _expected_next(model: Stage4SequenceModel, batch: StripBatch) -> Tensor:
    """Predict what follows the last panel before the gap, (B, D)."""
    before = _before(batch)
    guesses: Tensor = model.predict_next(batch.panels, before)
    last = (before.long() * torch.arange(before.shape[1], device=before.device)).argmax(dim=1)
    return guesses[torch.arange(len(last), device=last.device), last]


def _next_panel(
    model: Stage4SequenceModel, batch: StripBatch, spread: Spread
) -> tuple[Tensor, float] | None:
    """Predict, from all panels before the gap, the panel in it; strips that begin with it pass."""
    has = _before(batch).any(dim=1)
    if int(has.sum()) < 2:
        return None
    guess = spread(partial(_expected_next, model), batch)[has]
    rows = torch.arange(len(has), device=has.device)
    answers = normalize(batch.candidates[rows, batch.answers], dim=-1)[has]
    apart = _apart(batch)[has][:, has]
    return _among(guess, answers, apart, model.next_panel_scale.exp())
