"""Trains the default picture encoder on comics: a panel and a changed view of it belong together.

    python -m training.picture_encoder DIR [--minutes M] [--leave-out SERIES] [--comics DIR]

Self-supervised: no label is read, only which panel a view was made of and which panels stand
beside it. Choices a reader would question:
- Symmetric InfoNCE (SimCLR, Chen et al. 2020, eq. 1; CLIP's two directions) between a changed view
  of a panel (picture_views.py) and the panels as the library encodes them, in the space that the
  shipped projection gives: training starts from the encoder that it is to better.
- The panels' vectors, the keys, are those of a snapshot of the network (MoCo's momentum encoder, He
  et al. 2020, in steps), encoded for all panels at once and renewed every RENEW_EVERY steps: a view
  meets every panel as a negative, and only views cost a backward pass. Positives and negatives
  must come from the same snapshot. A memory of older vectors as negatives beside fresh positives
  (Wang et al. 2020) was tried first: all vectors ran away from the memory together, their mean
  cosine rose from .15 to .89 within 100 steps.
- Neighbours are soft positives: each adjacent panel gets NEIGHBOUR of the target's mass. The rest
  stays with the panel itself, since finding a panel is what the vector is for.
- Pictures are read at 128 to 224 pixels, drawn per batch: cheaper than 256 and a change of scale.

DIR keeps checkpoint.pt; the same command goes on from it. training/picture_fit.py turns the tuned
network into what is shipped. The length is counted in processor time, so two runs do not end at
the same step; a checkpoint's state (weights, moments, generator, keys) is complete.
"""

from __future__ import annotations

import argparse
import json
import math
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from benchmarks.crops import REPOSITORY
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import log_softmax, normalize

from longbox.encoders.efficientnet import read_lite0_weights, read_projection
from training.picture_network import pooled_features, tuned_names
from training.picture_panels import LearningPanel, learning_panels, sampling_weights
from training.picture_views import ViewMaker

TEMPERATURE = 0.07
NEIGHBOUR = 0.08
BATCH = 64
CLEAN_SHARE = 0.15
RENEW_EVERY = 150
SIDES = (128, 160, 192, 224)
KEY_SIDE = 192
LEARNING_RATE = 2e-4
WARM_UP_STEPS = 20
SAVE_EVERY_S = 90.0


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """One step's pictures.

    Attributes:
        views: A view of each panel, uint8 (B, S, S, 3).
        panel: Which panel each is of, int64 (B,), all different.
    """

    views: Tensor
    panel: Tensor


class Batches:
    """Draws batches of different panels, every series alike.

    Args:
        panels: What to draw from.
        rng: Chooses.
    """

    def __init__(self, panels: list[LearningPanel], rng: np.random.Generator) -> None:
        self._panels, self._rng = panels, rng
        self._weights = sampling_weights(panels)
        self._views = ViewMaker(rng)
        at = {(p.work, p.place): i for i, p in enumerate(panels)}
        steps = [[at.get((p.work, p.place + step), -1) for step in (-1, 1)] for p in panels]
        self.neighbours = torch.tensor(steps)  # (N, 2), -1 where there is none

    def draw(self) -> Batch:
        """Draw the next batch."""
        rng = self._rng
        n = min(BATCH, len(self._panels))
        chosen = rng.choice(len(self._panels), n, replace=False, p=self._weights)
        side = int(rng.choice(SIDES))
        views = []
        for panel in chosen.tolist():
            editions = self._panels[panel].editions
            if rng.random() < CLEAN_SHARE:
                views.append(self._views.clean(editions[0], side))
            else:
                edition = editions[int(rng.integers(len(editions)))]
                views.append(self._views.changed(edition, side))
        return Batch(torch.from_numpy(np.stack(views)), torch.from_numpy(chosen))

    def clean(self, start: int, end: int) -> Tensor:
        """Return panels as the library encodes them, uint8 (end - start, S, S, 3)."""
        pictures = [self._views.clean(p.editions[0], KEY_SIDE) for p in self._panels[start:end]]
        return torch.from_numpy(np.stack(pictures))


def neighbour_loss(views: Tensor, keys: Tensor, ids: Tensor, neighbours: Tensor) -> Tensor:
    """Contrast views with panels in both directions, neighbours as soft positives.

    Args:
        views: Unit vectors of views (B, D).
        keys: Unit vectors of all panels, from one snapshot of the network (N, D).
        ids: Which panel each view is of (B,), all different.
        neighbours: Adjacent panels of every panel, -1 where there is none (N, 2).

    Returns:
        The mean cross entropy, a scalar.
    """
    scores = views @ keys.T / TEMPERATURE  # (B, N)
    target = torch.zeros_like(scores)
    near = neighbours[ids]  # (B, 2)
    rows = torch.arange(len(ids))[:, None].expand_as(near)
    target[rows[near >= 0], near[near >= 0]] = NEIGHBOUR
    target[torch.arange(len(ids)), ids] = 1.0
    forward = target / target.sum(dim=1, keepdim=True)
    backward = target[:, ids].T  # which views of the batch a panel should find (B, B)
    backward = backward / backward.sum(dim=1, keepdim=True)
    from_views = -(forward * log_softmax(scores, dim=1)).sum(dim=1).mean()
    from_panels = -(backward * log_softmax(scores[:, ids].T, dim=1)).sum(dim=1).mean()
    return (from_views + from_panels) / 2


class Trainer:
    """The network in training, with all that a checkpoint holds.

    Args:
        panels: What to learn from.
        seed: Chooses batches and views.
    """

    def __init__(self, panels: list[LearningPanel], seed: int) -> None:
        self._rng = np.random.default_rng([seed, 1])
        self._batches = Batches(panels, self._rng)
        self._series = dict(sorted(Counter(p.series for p in panels).items()))
        self.weights = {k: torch.from_numpy(v.copy()) for k, v in read_lite0_weights().items()}
        for name in tuned_names(self.weights):
            self.weights[name].requires_grad_(requires_grad=True)
        projection = read_projection()
        self._mean = torch.from_numpy(projection.mean.copy())
        self._matrix = torch.from_numpy(projection.matrix.copy())
        self._tuned = [w for w in self.weights.values() if w.requires_grad]
        self._optimizer = torch.optim.AdamW(
            self._tuned, lr=LEARNING_RATE, weight_decay=0.0, fused=True
        )
        self._keys = torch.zeros(0)
        self.step, self.seconds = 0, 0.0
        self.losses: list[float] = []

    def vectors(self, pixels: Tensor) -> Tensor:
        """Encode pictures: unit vectors (B, D)."""
        return normalize((pooled_features(self.weights, pixels) - self._mean) @ self._matrix, dim=1)

    def train_step(self, progress: float) -> float:
        """Do one step; `progress` from 0 to 1 lowers the learning rate along a cosine."""
        began = time.process_time()
        if self.step % RENEW_EVERY == 0:
            self._renew_keys()
        rate = LEARNING_RATE * 0.5 * (1 + math.cos(math.pi * min(1.0, progress)))
        for group in self._optimizer.param_groups:
            group["lr"] = rate * min(1.0, (self.step + 1) / WARM_UP_STEPS)
        batch = self._batches.draw()
        views = self.vectors(batch.views)
        loss = neighbour_loss(views, self._keys, batch.panel, self._batches.neighbours)
        self._optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(self._tuned, 1.0)
        self._optimizer.step()
        self.step += 1
        self.seconds += time.process_time() - began
        self.losses.append(float(loss.detach()))
        return self.losses[-1]

    def _renew_keys(self) -> None:
        """Encode all panels with the network as it is now."""
        n = len(self._batches.neighbours)
        with torch.no_grad():
            starts = range(0, n, BATCH)
            parts = [self.vectors(self._batches.clean(i, min(n, i + BATCH))) for i in starts]
        self._keys = torch.cat(parts)

    def save(self, path: Path) -> None:
        """Write a checkpoint under a temporary name and rename it."""
        state = {
            "weights": {k: v.detach() for k, v in self.weights.items() if v.requires_grad},
            "optimizer": self._optimizer.state_dict(),
            "keys": self._keys,
            "rng": json.dumps(self._rng.bit_generator.state),
            "step": self.step,
            "series": self._series,
            "seconds": self.seconds,
            "losses": self.losses,
        }
        temporary = path.with_suffix(".tmp")
        torch.save(state, temporary)
        temporary.replace(path)

    def load(self, path: Path) -> None:
        """Go on from a checkpoint."""
        state = torch.load(path, weights_only=True)
        with torch.no_grad():
            for name, value in state["weights"].items():
                self.weights[name].copy_(value)
        self._optimizer.load_state_dict(state["optimizer"])
        self._keys = state["keys"]
        self._rng.bit_generator.state = json.loads(state["rng"])
        self.step, self.seconds, self.losses = state["step"], state["seconds"], state["losses"]


def tuned_weights(checkpoint: Path) -> dict[str, NDArray[np.float32]]:
    """Read the tensors that training changed."""
    state: dict[str, Any] = torch.load(checkpoint, weights_only=True)
    return {name: value.numpy() for name, value in state["weights"].items()}


def progress(checkpoint: Path) -> dict[str, Any]:
    """Say how long a network was trained, and on how many panels of which series."""
    state: dict[str, Any] = torch.load(checkpoint, weights_only=True)
    panels = {"split": "train", "panels_by_series": state.get("series", {})}
    minutes = round(state["seconds"] / 60, 1)
    return {"steps": state["step"], "processor_minutes": minutes, "data": panels}


def main() -> None:
    """Train, or go on training, until the minutes are used up."""
    parser = argparse.ArgumentParser(description="Train the picture encoder on comics.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--comics", type=Path, default=REPOSITORY.parent / "shared" / "comics")
    parser.add_argument("--minutes", type=float, default=20.0)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--leave-out", default="")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    torch.set_flush_denormal(True)
    options.folder.mkdir(parents=True, exist_ok=True)
    panels = learning_panels(options.comics, options.seed, leave_out=options.leave_out)
    print(f"{len(panels)} panels of {sorted({p.series for p in panels})}", flush=True)
    trainer = Trainer(panels, options.seed)
    checkpoint = options.folder / "checkpoint.pt"
    if checkpoint.is_file():
        trainer.load(checkpoint)
    limit, saved = 60 * options.minutes, time.monotonic()
    while trainer.seconds < limit:
        trainer.train_step(trainer.seconds / limit)
        if trainer.step % 20 == 0:
            recent = float(np.mean(trainer.losses[-20:]))
            print(f"step {trainer.step} {trainer.seconds:.0f} s loss {recent:.3f}", flush=True)
        if time.monotonic() - saved > SAVE_EVERY_S:
            trainer.save(checkpoint)
            saved = time.monotonic()
    trainer.save(checkpoint)
    print(f"{trainer.step} steps in {trainer.seconds / 60:.1f} minutes: {checkpoint}")


if __name__ == "__main__":
    main()
