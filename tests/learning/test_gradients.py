"""Who gets no gradient is named, and norms add up."""

from __future__ import annotations

import math

import pytest
import torch
from torch import nn

from longbox.learning.gradients import module_gradients, silence_sentence, silent_parameters


class Strip(nn.Module):
    """A model as the earlier one: its query is trainable and reaches no loss."""

    def __init__(self) -> None:
        super().__init__()
        self.query = nn.Parameter(torch.ones(4))
        self.body = nn.Sequential(nn.Linear(4, 4), nn.Linear(4, 4))
        self.frozen = nn.Linear(4, 4).requires_grad_(False)
        self.gate = nn.Parameter(torch.zeros(1))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y: torch.Tensor = self.body(x) + 0 * self.gate
        return y


def trained() -> Strip:
    torch.manual_seed(0)
    model = Strip()
    model(torch.ones(2, 4)).square().sum().backward()
    return model


def test_who_gets_no_gradient_is_named() -> None:
    assert silent_parameters(trained()) == ("query", "gate")


def test_before_backward_everybody_is_silent_but_the_frozen() -> None:
    assert len(silent_parameters(Strip())) == 6
    assert silent_parameters(nn.ReLU()) == ()


def test_norms_are_those_of_all_parameters_of_a_module() -> None:
    model = trained()
    rows = {row.name: row for row in module_gradients(model, depth=1)}
    assert set(rows) == {"(model)", "body"}
    flat = torch.cat([p.grad.flatten() for p in model.body.parameters() if p.grad is not None])
    assert rows["body"].norm == pytest.approx(float(flat.norm()), rel=1e-5)
    assert (rows["body"].n_parameters, rows["body"].n_without) == (40, 0)
    assert (rows["(model)"].n_parameters, rows["(model)"].n_without) == (5, 5)
    assert [r.name for r in module_gradients(model)] == ["(model)", "body.0", "body.1"]
    with pytest.raises(ValueError, match="depth 0"):
        module_gradients(model, 0)


def test_a_gradient_that_is_not_finite_is_no_silence() -> None:
    model = trained()
    grad = model.body[0].weight.grad
    assert grad is not None
    grad[0, 0] = math.inf
    assert math.isnan({r.name: r for r in module_gradients(model)}["body.0"].norm)
    assert "body.0.weight" not in silent_parameters(model)


def test_tiny_sparse_and_double_gradients_count() -> None:
    tiny = nn.Linear(2, 2)
    tiny.weight.grad = torch.full((2, 2), 1e-30)
    tiny.bias.grad = torch.full((2,), 1e-30)
    assert silent_parameters(tiny) == ()
    table = nn.Embedding(10, 3, sparse=True)
    table(torch.tensor([1])).sum().backward()
    assert silent_parameters(table) == ()
    double = nn.Linear(2, 2).double()
    double(torch.ones(1, 2, dtype=torch.float64)).sum().backward()
    assert silent_parameters(double) == ()


def test_the_sentence_is_loud_and_short() -> None:
    assert silence_sentence(()) is None
    said = silence_sentence(("strip_query",), 31)
    assert said is not None
    assert said.startswith("NO GRADIENT reaches 1 of 31 trainable parameter: strip_query.")
    many = silence_sentence([f"p{i}" for i in range(100)])
    assert many is not None
    assert "and 88 more" in many
    assert len(many) < 300
