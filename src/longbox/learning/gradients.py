"""Who gets a gradient, and how much: measured after a backward pass, before the step.

A trainable parameter without a gradient never learns, and nothing fails because of it: the earlier
system's strip query stayed at its random start. A gradient of all zeros counts as none. One part
that is zero is no fault: an embedding table has rows that a batch does not use.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import torch
from torch import nn

from longbox.evaluation import ModuleGradient

_MOST_NAMED = 12


def module_gradients(model: nn.Module, depth: int = 2) -> tuple[ModuleGradient, ...]:
    """Add up the gradients of a model's trainable parameters per module.

    Args:
        model: After `backward`.
        depth: How many parts of a module's dotted name tell modules apart: 2 puts
            "encoder.layers.0" and "encoder.layers.1" into "encoder.layers".

    Returns:
        In the model's own order; frozen parameters are left out.

    Raises:
        ValueError: `depth` is below 1.
    """
    if depth < 1:
        raise ValueError(f"depth {depth}: modules are told apart by one part of the name or more")
    squares: dict[str, float] = {}
    sizes: dict[str, int] = {}
    silent: dict[str, int] = {}
    for name, parameter, square in _trainable(model):
        module = ".".join(name.split(".")[:-1][:depth]) or "(model)"
        squares[module] = squares.get(module, 0.0) + square
        sizes[module] = sizes.get(module, 0) + parameter.numel()
        silent[module] = silent.get(module, 0) + (parameter.numel() if square == 0 else 0)
    return tuple(ModuleGradient(m, _root(squares[m]), size, silent[m]) for m, size in sizes.items())


def silent_parameters(model: nn.Module) -> tuple[str, ...]:
    """Return the names of trainable parameters without a gradient, or with zeros only."""
    return tuple(name for name, _, square in _trainable(model) if square == 0)


def silence_sentence(names: Sequence[str], n_trainable: int | None = None) -> str | None:
    """Say loudly who gets no gradient; None where all is well.

    Args:
        names: As `silent_parameters` returns them.
        n_trainable: How many trainable parameter tensors there are.
    """
    if not names:
        return None
    of_all = f" of {n_trainable:,}" if n_trainable is not None else ""
    shown = ", ".join(names[:_MOST_NAMED])
    more = f" and {len(names) - _MOST_NAMED:,} more" if len(names) > _MOST_NAMED else ""
    tensors = "parameter" if len(names) == 1 else "parameters"
    return (
        f"NO GRADIENT reaches {len(names):,}{of_all} trainable {tensors}: {shown}{more}. They "
        "never learn: connect them to the loss, or freeze them on purpose."
    )


def _trainable(model: nn.Module) -> Iterator[tuple[str, nn.Parameter, float]]:
    """Yield name, parameter and squared norm of its gradient (0 for none)."""
    for name, parameter in model.named_parameters():
        if parameter.requires_grad:
            yield name, parameter, _square(parameter.grad)


def _square(gradient: torch.Tensor | None) -> float:
    if gradient is None:
        return 0.0
    values = gradient.detach()
    if values.is_sparse:
        values = values.coalesce().values()
    # Wide, so that what is tiny or huge is neither lost nor infinite; Apple's GPUs have no float64.
    wide = torch.float32 if values.device.type == "mps" else torch.float64
    norm = float(torch.linalg.vector_norm(values.to(wide)))
    square = norm * norm
    # A gradient that is tiny everywhere is there all the same; its square may not be.
    return square if square > 0 or norm == 0 else math.ulp(0.0)


def _root(square: float) -> float:
    return math.sqrt(square) if math.isfinite(square) else math.nan
