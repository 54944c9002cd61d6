"""What stage 3 learns from.

| loss | says | chance |
|---|---|---|
| subset | fused(subset) finds its own stop-gradient fused(all) in the batch (fact 11) | 1 / B |
| keep | cosines between panels of one modality stay those of its encoder | the mean |
| search | one modality ranks whole panels as its encoder ranks them: 1 - correlation | 1 |
| clip | a panel's picture finds its words and the words the picture (L_clip, InfoNCE) | 1 / B |
| neighbours | a panel finds the next one of its page | 1 / B |
| masked | a panel's neighbours predict its stop-gradient vector (fact 8) | 1 / B |

Negatives are the other panels of the batch. A batch holds runs of several books; panels of the same
page never stand as negatives for each other in `neighbours` and `masked`, so where one book fills
the batch the negatives are its other pages. In `subset` and `clip` every other panel is one: there
the question is which panel, not which page.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, normalize

from longbox.fusion.config import FusionWeights
from longbox.fusion.model import PanelFusion, TokenTensors
from longbox.objective import LossPart, Objective, Spread, alone


@dataclass(frozen=True, slots=True)
class FusionBatch:
    """Panels of several books, runs of neighbours one after another.

    Attributes:
        tokens: B panels.
        pages: A number for every page, different between books, int64 (B,).
        following: Index of the next panel of the same page, -1 where there is none, int64 (B,).
    """

    tokens: TokenTensors
    pages: Tensor
    following: Tensor


class NeighbourPredictor(nn.Module):
    """Says what a panel is from the panels before and after it; used in training only."""

    def __init__(self, d_model: int) -> None:
        super().__init__()
        self.mix = nn.Sequential(
            nn.Linear(2 * d_model, d_model), nn.GELU(), nn.Linear(d_model, d_model)
        )

    def forward(self, before: Tensor, after: Tensor) -> Tensor:
        """Predict unit vectors, (B, D) each; a missing neighbour is given as zeros."""
        guess = before + after + self.mix(torch.cat([before, after], dim=1))
        return normalize(guess, dim=1)


def fusion_objective(
    model: PanelFusion,
    predictor: NeighbourPredictor,
    batch: FusionBatch,
    weights: FusionWeights,
    generator: torch.Generator,
    spread: Spread = alone,
) -> Objective:
    """Compute every loss of a batch."""
    tokens = batch.tokens
    whole = spread(model, tokens)
    subset = random_subset(tokens.present, weights.drop, generator)
    part = spread(model, tokens.showing(subset))
    picture, words = (
        spread(model, tokens.showing(only(tokens, 0))),
        spread(model, tokens.showing(only_words(tokens))),
    )
    has_picture = tokens.present[:, 0]
    has_words = tokens.present[:, 1:-2].any(dim=1)
    both = has_picture & has_words
    heat, said = weights.temperature, _words_kept(tokens, words)
    asked = [
        (weights.subset, _found("subset", part, whole.detach(), heat)),
        (weights.keep, _kept((picture, tokens.vision, has_picture), said)),
        (weights.search, _searched(whole, (picture, tokens.vision, has_picture), said)),
        (weights.clip, _symmetric("clip", picture[both], words[both], heat)),
        (weights.neighbours, _next_of_page(whole, batch, heat)),
        (weights.masked, _from_neighbours(whole, predictor, batch, heat)),
    ]
    terms = [(weight, term) for weight, term in asked if term is not None]
    total = torch.stack([weight * term.value for weight, term in terms]).sum()
    return Objective(total, tuple(t.part() for _, t in terms))


@dataclass(frozen=True, slots=True, eq=False)
class _Term:
    """A loss with its gradient."""

    name: str
    value: Tensor
    chance: float

    def part(self) -> LossPart:
        return LossPart(self.name, float(self.value.detach()), self.chance)


def random_subset(present: Tensor, drop: float, generator: torch.Generator) -> Tensor:
    """Drop each token with a probability, but never all that a panel has: bool (B, M)."""
    device = present.device
    draws = torch.rand(present.shape, generator=generator).to(device)
    kept = (draws >= drop) & present
    draws = draws.masked_fill(~present, -1.0)
    spared = nn.functional.one_hot(draws.argmax(dim=1), present.shape[1]).bool()
    return torch.where(kept.any(dim=1, keepdim=True), kept, spared & present)


def only(tokens: TokenTensors, index: int) -> Tensor:
    """Mark one token of every panel: bool (B, M)."""
    marks = torch.zeros_like(tokens.present)
    marks[:, index] = True
    return marks


def only_words(tokens: TokenTensors) -> Tensor:
    """Mark the tokens of lettering: bool (B, M)."""
    marks = torch.zeros_like(tokens.present)
    marks[:, 1:-2] = True
    return marks


Kept = tuple[Tensor, Tensor, Tensor]


def _words_kept(tokens: TokenTensors, words: Tensor) -> Kept:
    """Take the panels whose lettering is one token, as the encoder's own space has it."""
    is_whole = (tokens.present[:, 1:-2].sum(dim=1) == 1) & (tokens.ranks[:, 0] == 0)
    return words, tokens.text[:, 0], is_whole


def _found(name: str, queries: Tensor, targets: Tensor, heat: float) -> _Term | None:
    n = len(queries)
    if n < 2:
        return None
    labels = torch.arange(n, device=queries.device)
    return _Term(name, cross_entropy(queries @ targets.T / heat, labels), math.log(n))


def _symmetric(name: str, a: Tensor, b: Tensor, heat: float) -> _Term | None:
    n = len(a)
    if n < 2:
        return None
    logits, labels = a @ b.T / heat, torch.arange(n, device=a.device)
    value = (cross_entropy(logits, labels) + cross_entropy(logits.T, labels)) / 2
    return _Term(name, value, math.log(n))


def _kept(*spaces: Kept) -> _Term | None:
    """Mean squared difference of centred cosines; chance is that of cosines all 0."""
    values, chances = [], []
    for fused, own, has in spaces:
        if int(has.sum()) < 2:
            continue
        known = own[has]
        centred = normalize(known - known.mean(dim=0), dim=1)
        truth = centred @ centred.T
        guess = fused[has] @ fused[has].T
        apart = ~torch.eye(len(truth), dtype=torch.bool, device=truth.device)
        values.append((guess - truth)[apart].square().mean())
        chances.append(float(truth[apart].square().mean()))
    if not values:
        return None
    return _Term("keep", torch.stack(values).mean(), sum(chances) / len(chances))


def _searched(whole: Tensor, *spaces: Kept) -> _Term | None:
    """Take 1 less the correlation, over the batch, of a query's scores with its encoder's.

    A query is a panel of one modality, the answers are the panels as the library keeps them. A
    panel that lacks the modality is as far as an unrelated one: it may neither gain nor lose by it.
    """
    values = []
    for fused, own, has in spaces:
        if int(has.sum()) < 3:
            continue
        centred = normalize(own - own[has].mean(dim=0), dim=1) * has[:, None]
        truth, guess = centred[has] @ centred.T, fused[has] @ whole.T
        truth = truth - truth.mean(dim=1, keepdim=True)
        guess = guess - guess.mean(dim=1, keepdim=True)
        values.append(1 - torch.cosine_similarity(truth, guess, dim=1).mean())
    return _Term("search", torch.stack(values).mean(), 1.0) if values else None


def _next_of_page(whole: Tensor, batch: FusionBatch, heat: float) -> _Term | None:
    here = torch.nonzero(batch.following >= 0)[:, 0]
    there = batch.following[here]
    return _among_pages("neighbours", whole[here], whole.detach(), there, batch.pages, heat)


def _from_neighbours(
    whole: Tensor, predictor: NeighbourPredictor, batch: FusionBatch, heat: float
) -> _Term | None:
    following = batch.following
    preceding = torch.full_like(following, -1)
    has_next = torch.nonzero(following >= 0)[:, 0]
    preceding[following[has_next]] = has_next
    asked = torch.nonzero((following >= 0) | (preceding >= 0))[:, 0]
    nothing = torch.zeros_like(whole[:1])
    padded = torch.cat([whole, nothing])  # index -1 is the last row: nothing
    guess = predictor(padded[preceding[asked]], padded[following[asked]])
    return _among_pages("masked", guess, whole.detach(), asked, batch.pages, heat)


def _among_pages(
    name: str, queries: Tensor, targets: Tensor, answers: Tensor, pages: Tensor, heat: float
) -> _Term | None:
    """InfoNCE whose negatives are the panels of other pages; not asked where there are none."""
    same_page = pages[answers][:, None] == pages[None]
    same_page[torch.arange(len(answers), device=same_page.device), answers] = False
    n_offered = (~same_page).sum(dim=1).float()
    if not len(answers) or bool((n_offered < 2).all()):
        return None
    logits = (queries @ targets.T / heat).masked_fill(same_page, -1e9)
    return _Term(name, cross_entropy(logits, answers), float(n_offered.log().mean()))
