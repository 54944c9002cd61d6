"""Which parameters ever got a gradient in a run, and how large gradients are.

One batch is one task, so a single backward pass says little: most heads are silent in it. So the
parameters that never were heard are kept over the whole run, and norms are means over many steps.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from torch import nn

from longbox.evaluation import ModuleGradient
from longbox.learning.gradients import module_gradients

_MEASURE_EVERY = 8
_MEASURE_ALL = 64  # steps at the beginning, so that every module is met by a task that reads it
_DEPTH = 2


@dataclass(slots=True)
class Listener:
    """Listens to gradients after every backward pass.

    Attributes:
        unheard: Names of trainable parameters that had no gradient yet.
    """

    unheard: set[str]
    _steps: int = 0
    _norms: dict[str, list[float]] = field(default_factory=dict)

    def state(self) -> dict[str, Any]:
        """Return what a checkpoint keeps."""
        return {"unheard": sorted(self.unheard), "steps": self._steps, "norms": dict(self._norms)}

    def load(self, state: Mapping[str, Any]) -> None:
        """Go on from what a checkpoint kept."""
        self.unheard = set(state["unheard"])
        self._steps = int(state.get("steps", 0))
        self._norms = {name: list(norms) for name, norms in state.get("norms", {}).items()}

    @classmethod
    def of(cls, modules: nn.Module) -> Listener:
        """Begin with nobody heard."""
        return cls({n for n, p in modules.named_parameters() if p.requires_grad})

    def hear(self, modules: nn.Module) -> None:
        """Strike out who has a gradient now; a gradient of all zeros is none."""
        if self.unheard:
            for name, parameter in modules.named_parameters():
                if name in self.unheard and parameter.grad is not None and parameter.grad.any():
                    self.unheard.discard(name)
        if self._steps < _MEASURE_ALL or self._steps % _MEASURE_EVERY == 0:
            for found in module_gradients(modules, _DEPTH):
                if found.norm:
                    self._norms.setdefault(found.name, []).append(found.norm)
        self._steps += 1

    def take(self, modules: nn.Module) -> tuple[ModuleGradient, ...]:
        """Return every module's mean norm since the last time, and who was never heard so far."""
        sizes: dict[str, int] = {}
        silent: dict[str, int] = {}
        for name, parameter in _trainable(modules):
            module = ".".join(name.split(".")[:-1][:_DEPTH]) or "(model)"
            sizes[module] = sizes.get(module, 0) + parameter.numel()
            silent[module] = silent.get(module, 0) + parameter.numel() * (name in self.unheard)
        norms, self._norms, self._steps = self._norms, {}, 0
        return tuple(
            ModuleGradient(m, _mean(norms.get(m, [])), size, silent[m]) for m, size in sizes.items()
        )


def _trainable(modules: nn.Module) -> Iterable[tuple[str, nn.Parameter]]:
    return ((n, p) for n, p in modules.named_parameters() if p.requires_grad)


def _mean(norms: list[float]) -> float:
    return sum(norms) / len(norms) if norms else 0.0
