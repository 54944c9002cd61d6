"""Batches on the device that a model is on, and parts of them."""

from __future__ import annotations

from dataclasses import fields, is_dataclass, replace
from typing import Any, TypeVar, cast

import torch
from torch import Tensor, nn

B = TypeVar("B")


def device_of(modules: nn.Module) -> torch.device:
    """Return where a model's parameters are."""
    return next(modules.parameters()).device


def n_rows(batch: Any) -> int:
    """Return B: how many rows the tensors of a batch have."""
    if isinstance(batch, Tensor):
        return len(batch)
    names = [f.name for f in fields(batch)] if is_dataclass(batch) else batch.__slots__
    values = (getattr(batch, name) for name in names)
    return len(next(value for value in values if isinstance(value, Tensor)))


def rows_of(batch: B, rows: Tensor) -> B:
    """Take rows of a batch: a tensor, a dataclass of tensors, or anything with its own `at`."""
    if isinstance(batch, Tensor):
        some: Any = batch[rows]
        return cast("B", some)
    if hasattr(batch, "at"):
        taken: B = batch.at(rows)
        return taken
    if is_dataclass(batch) and not isinstance(batch, type):
        tensors = {f.name: getattr(batch, f.name) for f in fields(batch)}
        return replace(batch, **{n: v[rows] for n, v in tensors.items() if isinstance(v, Tensor)})
    raise TypeError(f"{type(batch).__name__} has no rows")


def moved(batch: B, device: torch.device) -> B:
    """Move a batch: a dataclass of tensors, or anything with its own `to`."""
    if device.type == "cpu":
        return batch
    if hasattr(batch, "to"):
        there: B = batch.to(device)
        return there
    if is_dataclass(batch) and not isinstance(batch, type):
        parts = {f.name: moved(getattr(batch, f.name), device) for f in fields(batch)}
        return replace(batch, **parts)
    return batch
