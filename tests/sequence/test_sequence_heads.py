"""The seven heads: callable as the Stage 4 document shows them, and fair before any training."""

from __future__ import annotations

import pytest
import torch
from torch.nn.functional import cosine_similarity, cross_entropy, normalize

from sequence.sequence_models import D, model_of, panels_of

B, N, K = 3, 6, 5


def contexts(seed: int = 1) -> torch.Tensor:
    return panels_of(B, 1, seed)[:, 0]


def same_order(scores: torch.Tensor, cosines: torch.Tensor) -> bool:
    return torch.equal(scores.argsort(dim=-1), cosines.argsort(dim=-1))


def test_heads_are_called_as_the_document_shows() -> None:
    model = model_of()
    preceding, candidates, one = panels_of(B, N), panels_of(B, K, 2), contexts()
    shapes = {
        model.panel_picking_head(one, candidates).shape: (B, K),
        model.visual_closure_head(preceding, one).shape: (B,),
        model.text_closure_head(preceding, candidates).shape: (B, K),
        model.character_coherence_head(preceding, one).shape: (B,),
        model.caption_relevance_head(one, contexts(3)).shape: (B,),
        model.caption_relevance_head(candidates, one).shape: (B, K),
        model.text_cloze_head(one, contexts(3), candidates).shape: (B, K),
        model.reading_order_head(preceding).shape: (B, N, N),
    }
    assert all(tuple(found) == expected for found, expected in shapes.items())


@pytest.mark.parametrize("name", ["visual_closure_head", "character_coherence_head"])
def test_one_candidate_scores_as_it_does_among_many(name: str) -> None:
    head = getattr(model_of(), name)
    preceding, candidates = panels_of(B, N), panels_of(B, K, 2)
    many = head(preceding, candidates)
    for k in range(K):
        assert torch.allclose(head(preceding, candidates[:, k]), many[:, k], atol=1e-5)


def test_candidates_do_not_influence_each_other() -> None:
    model, candidates = model_of(), panels_of(B, K, 2)
    places = torch.randperm(K, generator=torch.manual_seed(0))
    for head in (model.panel_picking_head, model.caption_relevance_head):
        pair = (contexts(), candidates)
        moved = (contexts(), candidates[:, places])
        if head is model.caption_relevance_head:
            pair, moved = pair[::-1], moved[::-1]
        assert torch.allclose(head(*pair)[:, places], head(*moved), atol=1e-5)


def test_untrained_heads_order_candidates_by_cosine() -> None:
    model = model_of(is_trained=False)
    context, candidates, preceding = contexts(), panels_of(B, K, 2), panels_of(B, N)
    cosines = cosine_similarity(context[:, None], candidates, dim=-1)
    assert same_order(model.panel_picking_head(context, candidates), cosines)
    assert same_order(model.caption_relevance_head(candidates, context), cosines)
    assert same_order(model.text_cloze_head(contexts(7), context, candidates), cosines)
    mean = cosine_similarity(preceding.mean(dim=1)[:, None], candidates, dim=-1)
    assert same_order(model.character_coherence_head(preceding, candidates), mean)
    decay = torch.exp(-0.3 * torch.arange(N - 1, -1, -1.0))
    recent = (decay[:, None] * preceding).sum(dim=1)
    nearest = cosine_similarity(recent[:, None], candidates, dim=-1)
    for head in (model.visual_closure_head, model.text_closure_head):
        assert same_order(head(preceding, candidates), nearest)


def test_length_of_vectors_says_nothing() -> None:
    model = model_of()
    context, candidates = contexts(), panels_of(B, K, 2)
    found = model.panel_picking_head(context, candidates)
    assert torch.allclose(found, model.panel_picking_head(7 * context, 3 * candidates), atol=1e-4)


def test_closure_reads_known_panels_only_and_the_last_one_most() -> None:
    head = model_of().visual_closure_head
    preceding, candidates = panels_of(B, N), panels_of(B, K, 2)
    mask = torch.ones(B, N, dtype=torch.bool)
    mask[:, 4:] = False
    short = head(preceding[:, :4], candidates)
    noisy = torch.where(mask[..., None], preceding, 9 * panels_of(B, N, 8))
    assert torch.allclose(short, head(noisy, candidates, mask), atol=1e-5)


def test_untrained_closure_heeds_the_last_panel_most() -> None:
    head = model_of(is_trained=False).visual_closure_head
    preceding, candidates = panels_of(B, N), panels_of(B, K, 2)
    moved = []
    for place in (0, N - 1):
        other = preceding.clone()
        other[:, place] = contexts(5)
        apart = head(other, candidates) - head(preceding, candidates)
        moved.append(float(apart.detach().abs().mean()))
    assert moved[0] < 0.7 * moved[1]


@pytest.mark.parametrize("n", [1, 2, 9])
def test_reading_order_of_one_pair_is_the_opposite_of_the_other(n: int) -> None:
    pairs = model_of().reading_order_head(panels_of(B, n))
    assert torch.allclose(pairs, -pairs.transpose(1, 2), atol=1e-5)
    assert n == 1 or float(pairs.detach().abs().max()) > 0.01


def test_picking_head_learns_what_no_cosine_says() -> None:
    """The answer is a fixed rotation of the context: chance for cosines, learnable for the head."""
    torch.manual_seed(0)
    head = model_of(is_trained=False).panel_picking_head.train()
    turn = torch.linalg.qr(torch.randn(D, D))[0]

    def drawn(n: int) -> tuple[torch.Tensor, torch.Tensor]:
        context = normalize(torch.randn(n, D), dim=-1)
        wrong = normalize(torch.randn(n, K - 1, D), dim=-1)
        return context, torch.cat([(context @ turn)[:, None], wrong], dim=1)

    def accuracy() -> float:
        context, candidates = drawn(1000)
        with torch.no_grad():
            return float((head.eval()(context, candidates).argmax(dim=1) == 0).float().mean())

    before = accuracy()
    optimizer = torch.optim.Adam(head.parameters(), 3e-3)
    head.train()
    for _ in range(150):
        loss = cross_entropy(head(*drawn(128)), torch.zeros(128, dtype=torch.long))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert before < 0.3
    assert accuracy() > 0.5
