"""What stage 3 learns from: gradients everywhere, honest chance marks, fair negatives."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from longbox.features import MODALITIES, BookFeatures, View, Wording
from longbox.fusion import (
    FusionBatch,
    FusionWeights,
    NeighbourPredictor,
    PanelFusion,
    TokenTensors,
    fusion_objective,
    joined,
    tokens_of,
)
from longbox.fusion.losses import random_subset
from longbox.objective import Objective
from panel_books import Drawn, fusion_config, panel_book

EVERYTHING = frozenset(MODALITIES)
ALL = {"subset", "keep", "search", "clip", "neighbours", "masked"}


def batch_of(books: list[BookFeatures], wording: Wording = Wording.WHOLE) -> FusionBatch:
    config = fusion_config()
    tokens = joined([tokens_of(book, View(EVERYTHING, wording), config) for book in books])
    pages = np.concatenate([1000 * i + book.pages for i, book in enumerate(books)])
    following = np.where(np.r_[pages[1:] == pages[:-1], False], np.arange(1, len(pages) + 1), -1)
    return FusionBatch(TokenTensors.of(tokens), torch.tensor(pages), torch.tensor(following))


def mixed_batch() -> FusionBatch:
    """Whole lettering and utterances, everything there somewhere."""
    books = [panel_book(16, i, Drawn(missing=0.3, described=True)) for i in range(4)]
    config = fusion_config()
    wordings = (Wording.WHOLE, Wording.IN_ORDER, Wording.WHOLE, Wording.IN_ORDER)
    parts = [
        tokens_of(b, View(EVERYTHING, w), config) for b, w in zip(books, wordings, strict=True)
    ]
    plain = batch_of(books)
    return FusionBatch(TokenTensors.of(joined(parts)), plain.pages, plain.following)


def asked(
    batch: FusionBatch, weights: FusionWeights | None = None, **sizes: int
) -> tuple[PanelFusion, NeighbourPredictor, Objective]:
    torch.manual_seed(0)
    model = PanelFusion(fusion_config(**sizes))
    predictor = NeighbourPredictor(model.config.d_model)
    generator = torch.Generator().manual_seed(0)
    return (
        model,
        predictor,
        fusion_objective(model, predictor, batch, weights or FusionWeights(), generator),
    )


def parts_of(objective: Objective) -> dict[str, tuple[float, float]]:
    return {part.name: (part.value, part.chance) for part in objective.parts}


def test_every_trainable_number_gets_a_gradient_from_the_full_objective() -> None:
    model, predictor, objective = asked(mixed_batch())
    assert set(parts_of(objective)) == ALL
    objective.total.backward()
    for module in (model, predictor):
        for name, weight in module.named_parameters():
            assert weight.grad is not None, name
            assert float(weight.grad.abs().max()) > 1e-9, name
    assert model.rank.weight.grad is not None
    assert (model.rank.weight.grad[:4].abs().sum(dim=1) > 0).all()  # whole, and three utterances


def test_total_is_the_weighted_sum_of_the_parts() -> None:
    weights = FusionWeights(subset=2, keep=3, search=4, clip=5, neighbours=7, masked=11)
    _, _, objective = asked(mixed_batch(), weights)
    expected = sum(getattr(weights, name) * v for name, (v, _) in parts_of(objective).items())
    assert float(objective.total.detach()) == pytest.approx(expected, rel=1e-5)


def test_random_vectors_score_chance_on_every_contrast() -> None:
    books = [panel_book(40, 50 + i, Drawn(missing=0)) for i in range(6)]
    warm = FusionWeights(temperature=1.0)  # at which luck is small
    _, _, objective = asked(batch_of(books), warm, d_model=256, n_layers=0)
    found = parts_of(objective)
    for name in ("clip", "neighbours", "masked"):
        value, chance = found[name]
        assert value == pytest.approx(chance, abs=0.1), name
    assert found["clip"][1] == pytest.approx(math.log(240))
    n_other_pages = 240 - 5 + 1
    assert found["neighbours"][1] == pytest.approx(math.log(n_other_pages), abs=1e-4)
    assert found["subset"][0] < found["subset"][1] - 0.05  # a part is like its whole


def test_keep_has_the_chance_of_cosines_that_say_nothing() -> None:
    books = [panel_book(60, 70, Drawn(missing=0))]
    batch = batch_of(books)
    _, _, objective = asked(batch, d_model=512)
    value, chance = parts_of(objective)["keep"]
    rows = batch.tokens.vision.numpy()
    centred = rows - rows.mean(axis=0)
    centred /= np.linalg.norm(centred, axis=1, keepdims=True)
    text = batch.tokens.text[:, 0].numpy()
    text = (text - text.mean(axis=0)) / np.linalg.norm(text - text.mean(axis=0), axis=1)[:, None]
    apart = ~np.eye(60, dtype=bool)
    expected = np.mean([((c @ c.T) ** 2)[apart].mean() for c in (centred, text)])
    assert chance == pytest.approx(expected, rel=1e-4)
    assert value > chance  # maps that are not begun from the encoders have a common direction


def test_begun_model_keeps_what_its_encoders_say() -> None:
    books = [panel_book(60, 80 + i, Drawn(missing=0)) for i in range(2)]
    batch = batch_of(books)
    torch.manual_seed(0)
    model = PanelFusion(fusion_config(d_model=64))
    model.begin_from(batch.tokens.vision.numpy(), batch.tokens.text[:, 0].numpy())
    generator = torch.Generator().manual_seed(0)
    objective = fusion_objective(model, NeighbourPredictor(64), batch, FusionWeights(), generator)
    value, chance = parts_of(objective)["keep"]
    assert value < 0.05 * chance
    assert parts_of(objective)["search"][0] < 0.5  # a picture finds whole panels, words part of it


def test_search_of_random_maps_is_near_its_chance() -> None:
    """A model whose whole says nothing of its parts correlates with no encoder."""
    batch = batch_of([panel_book(60, 81, Drawn(missing=0))])
    torch.manual_seed(3)
    model = PanelFusion(fusion_config())

    class Noise(torch.nn.Module):
        config = model.config

        def forward(self, tokens: TokenTensors) -> torch.Tensor:
            return torch.nn.functional.normalize(torch.randn(len(tokens.vision), 32), dim=1)

    generator = torch.Generator().manual_seed(0)
    weights = FusionWeights()
    objective = fusion_objective(Noise(), NeighbourPredictor(32), batch, weights, generator)  # type: ignore[arg-type]
    value, chance = parts_of(objective)["search"]
    assert chance == 1
    assert value == pytest.approx(1, abs=0.1)


def test_panels_of_the_same_page_are_never_negatives_of_each_other() -> None:
    """Panels of the answer's page may be anything: neighbours and masked do not see them."""
    books = [panel_book(20, i, Drawn(missing=0)) for i in range(2)]
    batch = batch_of(books)
    model, _, _ = asked(batch)
    torch.manual_seed(1)
    whole = torch.nn.functional.normalize(torch.randn(40, 32), dim=1)

    class Given(torch.nn.Module):
        config = model.config

        def forward(self, tokens: TokenTensors) -> torch.Tensor:
            return whole[: len(tokens.vision)]

    given = Given()
    predictor = NeighbourPredictor(32)
    generator = torch.Generator().manual_seed(0)

    def losses(pages: torch.Tensor) -> dict[str, tuple[float, float]]:
        changed = replace(batch, pages=pages)
        return parts_of(
            fusion_objective(given, predictor, changed, FusionWeights(), generator)  # type: ignore[arg-type]
        )

    found = losses(batch.pages)
    logits = whole @ whole.T / FusionWeights().temperature
    here = torch.nonzero(batch.following >= 0)[:, 0]
    naive = []
    for i in here.tolist():
        there = int(batch.following[i])
        offered = [j for j in range(40) if j == there or batch.pages[j] != batch.pages[there]]
        row = logits[i, offered]
        naive.append(float(torch.logsumexp(row, 0) - logits[i, there]))
    assert found["neighbours"][0] == pytest.approx(np.mean(naive), rel=1e-4)
    one_page = losses(torch.zeros_like(batch.pages))
    assert "neighbours" not in one_page
    assert "masked" not in one_page


def test_one_book_fills_a_batch_with_its_other_pages() -> None:
    _, _, objective = asked(batch_of([panel_book(20, 3, Drawn(missing=0))]))
    assert parts_of(objective)["neighbours"][1] == pytest.approx(math.log(16))


def test_losses_without_a_question_are_left_out() -> None:
    silent = panel_book(12, 0, Drawn(missing=0))
    silent = replace(silent, text=panel_book(12, 0, Drawn(missing=1.0)).text, pages=np.arange(12))
    _, _, objective = asked(batch_of([silent]))
    assert set(parts_of(objective)) == {"subset", "keep", "search"}
    assert torch.isfinite(objective.total)


def test_targets_get_no_gradient() -> None:
    """The contrast of subset pulls the part to the whole, never the whole to the part."""
    batch = mixed_batch()
    others = dict.fromkeys(ALL - {"subset"}, 0.0)
    only_subset = FusionWeights(subset=1, drop=0.0, **others)
    model, _, objective = asked(batch, only_subset)
    objective.total.backward()
    with_target = [p.grad.clone() for p in model.parameters() if p.grad is not None]
    model.zero_grad()
    whole = model(batch.tokens)
    logits = whole @ whole.detach().T / only_subset.temperature
    torch.nn.functional.cross_entropy(logits, torch.arange(len(whole))).backward()
    expected = [p.grad for p in model.parameters() if p.grad is not None]
    for a, b in zip(with_target, expected, strict=True):
        assert torch.allclose(a, b, atol=1e-6)


@pytest.mark.parametrize("drop", [0.0, 0.5, 1.0])
def test_random_subset_is_a_part_and_never_empty(drop: float) -> None:
    present = torch.rand(500, 4, generator=torch.Generator().manual_seed(0)) > 0.5
    kept = random_subset(present, drop, torch.Generator().manual_seed(1))
    assert not (kept & ~present).any()
    assert torch.equal(kept.any(dim=1), present.any(dim=1))
    if drop == 0:
        assert torch.equal(kept, present)
    if drop == 1:
        assert int(kept.sum(dim=1).max()) == 1
    again = random_subset(present, drop, torch.Generator().manual_seed(1))
    assert torch.equal(kept, again)
