"""Batches on the device that a model is on."""

from __future__ import annotations

from dataclasses import fields, is_dataclass, replace
from typing import TypeVar

import torch
from torch import nn

B = TypeVar("B")


def device_of(modules: nn.Module) -> torch.device:
    """Return where a model's parameters are."""
    return next(modules.parameters()).device


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
