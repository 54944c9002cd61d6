"""Trains the panel network.

    python -m training.panel_dataset FOLDER &
    python -m training.panels FOLDER --minutes 75 [--work DIR] [--seed N]

Takes whatever pages the folder holds so far and looks for more as they are made. The learning rate
follows the time that is left. A checkpoint is written every two minutes and taken up again by the
next run. At the end the moving average of the weights goes to DIR/panel_network.pt;
training/panel_export.py makes what is shipped of it.

Seen while training and never shown to the network: nothing. Scores come from benchmarks/panels.py
on works of the val split.
"""

from __future__ import annotations

import argparse
import queue
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from longbox.panels.page_size import STRIDE, network_size
from training.panel_dataset import TrainingPages
from training.panel_network import PanelNetwork, losses
from training.panel_scenes import in_grey

BATCH = 8
AVERAGE = 0.998
CHECKPOINT_S = 120.0
FREEZE = 0.3
"""Share of the time after which batch norm keeps its statistics: pages of a batch have one shape,
and statistics of one batch tell its shape, which those of all batches cannot: boxes came out too
narrow in use while they were right in training."""


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """One page as the network sees it.

    Attributes:
        pixels: uint8 (H, W, 3).
        labels: float32 (h, w), boxes: float32 (4, h, w), edges: float32 (1, 4h, 4w); as in
            panel_network.losses.
    """

    pixels: NDArray[np.uint8]
    labels: NDArray[np.float32]
    boxes: NDArray[np.float32]
    edges: NDArray[np.float32]


class Samples:
    """Training pages as the network is to see them, for ever."""

    def __init__(self, folder: Path, rng: np.random.Generator) -> None:
        self._pages = TrainingPages(folder)
        self._rng = rng

    def sample(self) -> Sample:
        """Return a random page, changed at random."""
        page = self._pages.pick(self._rng)
        stretch = float(np.exp(self._rng.normal(0, 0.04)))
        was_high, was_wide = page.pixels.shape[:2]
        width, height = network_size(int(was_wide * stretch), was_high)
        pixels = cv2.resize(page.pixels, (width, height), interpolation=cv2.INTER_AREA)
        panels = [panel * [width / was_wide, height / was_high] for panel in page.panels]
        if self._rng.random() < 0.5:
            pixels = np.ascontiguousarray(pixels[:, ::-1])
            panels = [np.array([width, 0]) + p * [-1, 1] for p in panels]
        return make_sample(self._coloured(pixels), panels)

    def _coloured(self, pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
        rng = self._rng
        if rng.random() < 0.15:
            pixels = in_grey(pixels)
        if rng.random() < 0.03:
            pixels = 255 - pixels
        if rng.random() < 0.4:
            gain = rng.uniform(0.8, 1.2, 3 if rng.random() < 0.5 else 1)
            lift = rng.uniform(-20, 20)
            pixels = np.clip(pixels * gain + lift, 0, 255).astype(np.uint8)
        return pixels


def make_sample(pixels: NDArray[np.uint8], panels: list[NDArray[np.float64]]) -> Sample:
    """Say of every cell which panel it lies in.

    Args:
        pixels: The page at network size.
        panels: Outlines in its pixels, those drawn later last.
    """
    height, width = pixels.shape[:2]
    index = np.zeros((height // 4, width // 4), np.int32)
    for n, panel in enumerate(panels, start=1):
        cv2.fillPoly(index, [np.round(panel * 4).astype(np.int32)], n, shift=4)
    centre = STRIDE // 8
    cells = index[centre :: STRIDE // 4, centre :: STRIDE // 4]
    labels = np.zeros(cells.shape, np.float32)
    boxes = np.zeros((4, *cells.shape), np.float32)
    for n, panel in enumerate(panels, start=1):
        mine = cells == n
        if not mine.any():
            continue
        labels[mine] = 1 / np.sqrt(mine.sum())
        low = np.clip(panel.min(axis=0), 0, [width, height]) / [width, height]
        high = np.clip(panel.max(axis=0), 0, [width, height]) / [width, height]
        boxes[:, mine] = np.concatenate([low, high])[:, None]
    edges = np.zeros(index.shape, np.float32)
    across, down = index[:, 1:] != index[:, :-1], index[1:] != index[:-1]
    edges[:, 1:][across] = 1
    edges[:, :-1][across] = 1
    edges[1:][down] = 1
    edges[:-1][down] = 1
    return Sample(pixels, labels, boxes, edges[None])


def batches(pages: Samples) -> Iterator[list[Sample]]:
    """Yield batches of pages of one size."""
    waiting: dict[tuple[int, ...], list[Sample]] = defaultdict(list)
    while True:
        sample = pages.sample()
        alike = waiting[sample.pixels.shape]
        alike.append(sample)
        if len(alike) == BATCH:
            yield alike
            waiting.pop(sample.pixels.shape)


def tensors(batch: list[Sample]) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Return pages (B, 3, H, W) in 0 to 1, labels, boxes and edges."""
    pixels = torch.from_numpy(np.stack([s.pixels for s in batch]))
    pages = pixels.permute(0, 3, 1, 2).float() / 255
    return (
        pages,
        torch.from_numpy(np.stack([s.labels for s in batch])),
        torch.from_numpy(np.stack([s.boxes for s in batch])),
        torch.from_numpy(np.stack([s.edges for s in batch])),
    )


def ahead(source: Iterator[list[Sample]], depth: int = 4) -> Iterator[list[Sample]]:
    """Make batches in a thread while the network learns."""
    ready: queue.Queue[list[Sample]] = queue.Queue(depth)

    def fill() -> None:
        for batch in source:
            ready.put(batch)

    threading.Thread(target=fill, daemon=True).start()
    while True:
        yield ready.get()


def rate(done: float, peak: float) -> float:
    """Return the learning rate: a short rise, then a half cosine to nothing."""
    if done < 0.03:
        return peak * (0.1 + 0.9 * done / 0.03)
    return peak * 0.5 * (1 + float(np.cos(np.pi * min(1.0, (done - 0.03) / 0.97)))) + 1e-6


class Trainer:
    """The network, its moving average and its optimiser, as they are kept on disk."""

    def __init__(self, work: Path, seed: int) -> None:
        torch.manual_seed(seed)
        self.work = work
        self.seed = seed
        self.network = PanelNetwork().to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        decay = [p for p in self.network.parameters() if p.ndim > 1]
        free = [p for p in self.network.parameters() if p.ndim <= 1]
        groups = [{"params": decay, "weight_decay": 0.03}, {"params": free, "weight_decay": 0.0}]
        self.optimiser = torch.optim.AdamW(groups, lr=1e-3, betas=(0.9, 0.99), fused=True)
        self.average = {k: v.clone() for k, v in self.network.state_dict().items()}
        self.spent_s = 0.0
        self.step = 0
        self.is_frozen = False

    @property
    def _file(self) -> Path:
        return self.work / "checkpoint.pt"

    def save(self) -> None:
        """Write a checkpoint, whole or not at all."""
        partial = self._file.with_suffix(".partial")
        torch.save(
            {
                "network": self.network.state_dict(),
                "optimiser": self.optimiser.state_dict(),
                "average": self.average,
                "spent_s": self.spent_s,
                "step": self.step,
                "seed": self.seed,
            },
            partial,
        )
        partial.replace(self._file)
        torch.save(self.average, self.work / "panel_network.pt")

    def resume(self) -> None:
        """Take up a checkpoint that is there."""
        if self._file.exists():
            state = torch.load(self._file, weights_only=True)
            self.network.load_state_dict(state["network"])
            self.optimiser.load_state_dict(state["optimiser"])
            self.average = state["average"]
            self.spent_s, self.step = state["spent_s"], state["step"]

    def freeze(self) -> None:
        """Normalise by the averages over all shapes from now on."""
        if self.is_frozen:
            return
        self.is_frozen = True
        with torch.no_grad():
            for name, value in self.network.named_buffers():
                value.copy_(self.average[name])
        for module in self.network.modules():
            if isinstance(module, torch.nn.BatchNorm2d):
                module.eval()

    def learn(self, batch: list[Sample], learning_rate: float) -> dict[str, float]:
        """Take one step; return the losses."""
        for group in self.optimiser.param_groups:
            group["lr"] = learning_rate
        pages, labels, boxes, edges = tensors(batch)
        pages = pages.to(memory_format=torch.channels_last)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            features = self.network.features(pages)
        # Boxes are told to a fraction of a pixel: bfloat16 would round them away.
        features = features.float()
        cells = self.network.cells(features)
        ends = self.network.end_logits(features)
        parts = losses(cells, ends, labels, boxes, edges)
        self.optimiser.zero_grad(set_to_none=True)
        torch.stack(list(parts.values())).sum().backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), 2.0)
        self.optimiser.step()
        self.step += 1
        keep = min(AVERAGE, (1 + self.step) / (10 + self.step))
        with torch.no_grad():
            for name, value in self.network.state_dict().items():
                if value.dtype.is_floating_point:
                    self.average[name].lerp_(value, 1 - keep)
                else:
                    self.average[name].copy_(value)
        return {name: float(part.detach()) for name, part in parts.items()}


def main() -> None:
    """Train for the time given."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--work", type=Path, default=Path("build/panels"))
    parser.add_argument("--minutes", type=float, default=75.0)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--rate", type=float, default=2e-3)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    torch.set_flush_denormal(True)  # vanishing gradients are slow to calculate with
    cv2.setNumThreads(1)
    arguments.work.mkdir(parents=True, exist_ok=True)
    trainer = Trainer(arguments.work, arguments.seed)
    trainer.resume()
    budget = arguments.minutes * 60
    pages = Samples(arguments.folder, np.random.default_rng([arguments.seed, trainer.step]))
    saved = last = time.monotonic()
    shown: dict[str, float] = defaultdict(float)
    for batch in ahead(batches(pages)):
        if trainer.spent_s > FREEZE * budget:
            trainer.freeze()
        parts = trainer.learn(batch, rate(trainer.spent_s / budget, arguments.rate))
        now = time.monotonic()
        trainer.spent_s += now - last
        last = now
        for name, value in parts.items():
            shown[name] += value
        if trainer.step % 50 == 0:
            line = " ".join(f"{name} {value / 50:.4f}" for name, value in shown.items())
            print(f"{trainer.step} {trainer.spent_s:.0f} s {line}", flush=True)
            shown.clear()
        if now - saved > CHECKPOINT_S or trainer.spent_s > budget:
            trainer.save()
            saved = now
        if trainer.spent_s > budget:
            break


if __name__ == "__main__":
    main()
