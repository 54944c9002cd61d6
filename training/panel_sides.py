"""Trains the network that finds the sides of panels to the pixel.

    python -m training.panel_sides FOLDER --minutes 12 [--work DIR] [--seed N]

FOLDER holds the pages of training/panel_dataset.py. The sides of true panels are moved by as much
as the panel network is usually wrong, a band is cut round each (longbox.panels.sides), and the
network says in which of its 64 columns the true side is, or that it is not in view. At the end it
is exported as src/longbox/panels/side_network.onnx.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import onnxruntime
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from longbox.panels.sides import ACROSS, ALONG, Bands, bands_of, fine_page
from training.panel_dataset import TrainingPages
from training.panel_export import TARGET, export, write_card
from training.panel_network import convolution
from training.panel_scenes import in_grey

BATCH = 192
SPREAD = 0.7
"""Width of the target round the true column, in columns."""
BANDS_A_PAGE = 16


class SideNetwork(nn.Module):
    """Bands to columns: fold the length away step by step, then look along the width.

    Shapes: B bands, uint8 (B, ALONG, ACROSS, 4) to logits (B, ACROSS + 1); the last is "not here".
    """

    def __init__(self, width: int = 48) -> None:
        super().__init__()
        self.fold = nn.Sequential(
            _folding(4, 16, 2),
            _folding(16, 24, 2),
            _folding(24, 32, 2),
            convolution(32, width, 3, 1),
        )
        self.along = nn.Sequential(
            nn.Conv1d(2 * width, width, 5, padding=2),
            nn.ReLU(),
            nn.Conv1d(width, width, 5, padding=4, dilation=2),
            nn.ReLU(),
            nn.Conv1d(width, width, 5, padding=8, dilation=4),
            nn.ReLU(),
        )
        self.column = nn.Conv1d(width, 1, 1)
        self.nowhere = nn.Linear(width, 1)

    def forward(self, bands: Tensor) -> Tensor:
        """Return logits."""
        x = self.fold(bands.permute(0, 3, 1, 2).float() / 128 - 1)
        x = torch.cat([x.mean(2), x.amax(2)], 1)  # (B, 2 width, ACROSS)
        x = self.along(x)
        return torch.cat([self.column(x)[:, 0], self.nowhere(x.amax(2))], 1)


def _folding(n_in: int, n_out: int, stride: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(n_in, n_out, 3, (stride, 1), 1, bias=False), nn.BatchNorm2d(n_out), nn.ReLU()
    )


def moved(
    boxes: NDArray[np.float64], scale: float, rng: np.random.Generator
) -> NDArray[np.float64]:
    """Return boxes (N, 4) off by as much as the panel network's are; scale is the page's size."""
    size = rng.choice([0.004, 0.012, 0.03], size=boxes.shape, p=[0.5, 0.35, 0.15])
    return boxes + rng.laplace(0, 1, boxes.shape) * size * scale * 0.7


def page_bands(pages: TrainingPages, rng: np.random.Generator) -> tuple[Bands, NDArray[np.float64]]:
    """Return bands of a page and where the true sides are, in columns (may be out of view)."""
    drawn = pages.pick(rng)
    raw = drawn.pixels
    if rng.random() < 0.15:
        raw = in_grey(raw)
    if rng.random() < 0.3:
        factor = float(rng.uniform(0.6, 1.3))
        raw = cv2.resize(raw, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
    page = fine_page(raw)
    height, width = page.shape[:2]
    scale = [width / drawn.pixels.shape[1], height / drawn.pixels.shape[0]]
    panels = [panel * scale for panel in drawn.panels]
    picked = rng.permutation(len(panels))[: BANDS_A_PAGE // 4]
    true = np.array([[*panels[i].min(axis=0), *panels[i].max(axis=0)] for i in picked]).reshape(
        -1, 4
    )
    true = np.clip(true, 0, [width, height, width, height])
    off = np.clip(moved(true, float(np.sqrt(width * height)), rng), 0, [width, height] * 2)
    off[:, 2:] = np.maximum(off[:, 2:], off[:, :2] + 4)
    bands = bands_of(page, off)
    return bands, bands.columns(true.reshape(-1))


def samples(folder: Path, rng: np.random.Generator) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield batches of bands and true columns."""
    pages = TrainingPages(folder)
    while True:
        pixels: list[NDArray[np.uint8]] = []
        columns: list[NDArray[np.float64]] = []
        while sum(len(p) for p in pixels) < BATCH:
            bands, true = page_bands(pages, rng)
            pixels.append(bands.pixels)
            columns.append(true)
        yield (
            torch.from_numpy(np.concatenate(pixels)[:BATCH]),
            torch.from_numpy(np.concatenate(columns)[:BATCH]).float(),
        )


def loss_of(logits: Tensor, true: Tensor) -> Tensor:
    """Return the cross entropy with a narrow bell round the true column."""
    places = torch.arange(ACROSS, dtype=torch.float32)
    bell = torch.exp(-0.5 * ((places[None] - true[:, None]) / SPREAD) ** 2)
    is_here = ((true > -0.5) & (true < ACROSS - 0.5)).float()[:, None]
    bell = bell / bell.sum(1, keepdim=True).clamp(min=1e-6) * is_here
    target = torch.cat([bell, 1 - is_here], 1)
    return -(target * logits.log_softmax(1)).sum(1).mean()


def off_by(logits: Tensor, true: Tensor) -> float:
    """Return the median error in columns of the sides that are in view."""
    is_here = (true > -0.5) & (true < ACROSS - 0.5)
    found = logits[:, :ACROSS].argmax(1).float()
    return float((found - true)[is_here].abs().median())


def write(network: SideNetwork, path: Path, steps: int, seed: int) -> None:
    """Export the network and compare ONNX Runtime's answer with torch's."""
    network.eval()
    example = torch.zeros((4, ALONG, ACROSS, 4), dtype=torch.uint8)
    export(network, (example,), path, {"bands": {0: "n"}, "columns": {0: "n"}})
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    bands = np.random.default_rng(0).integers(0, 256, (7, ALONG, ACROSS, 4), dtype=np.uint8)
    with torch.no_grad():
        expected = network(torch.from_numpy(bands)).softmax(1).numpy()
    (answer,) = session.run(None, {"bands": bands})
    worst = float(np.abs(torch.from_numpy(np.asarray(answer)).softmax(1).numpy() - expected).max())
    trained = {
        "data": "training/panel_dataset.py on the train works of the real comics",
        "parameters": sum(p.numel() for p in network.parameters()),
        "steps": steps,
        "bands_seen": steps * BATCH,
        "seed": seed,
        "off_torch": worst,
    }
    write_card(path, trained)
    if worst > 0.02:
        raise SystemExit(f"{path}: ONNX Runtime and torch differ by {worst}")


def main() -> None:
    """Train for the time given, then export."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--work", type=Path, default=Path("build/panels"))
    parser.add_argument("--minutes", type=float, default=12.0)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--resume", action="store_true", help="go on from DIR/side_network.pt")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    torch.set_flush_denormal(True)
    torch.manual_seed(arguments.seed)
    cv2.setNumThreads(1)
    network = SideNetwork()
    if arguments.resume:
        network.load_state_dict(torch.load(arguments.work / "side_network.pt", weights_only=True))
    optimiser = torch.optim.AdamW(network.parameters(), lr=2e-3, weight_decay=0.02)
    start, budget = time.monotonic(), arguments.minutes * 60
    rng = np.random.default_rng(arguments.seed)
    for step, (bands, true) in enumerate(samples(arguments.folder, rng), start=1):
        done = (time.monotonic() - start) / budget
        for group in optimiser.param_groups:
            group["lr"] = 2e-3 * max(0.0, 0.5 * (1 + float(np.cos(np.pi * min(1.0, done))))) + 1e-6
        logits = network(bands)
        loss = loss_of(logits, true)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        if step % 50 == 0:
            print(
                f"{step} {done:.2f} loss {float(loss.detach()):.3f} off {off_by(logits, true):.2f}",
                flush=True,
            )
        if step % 400 == 0 or done >= 1:
            arguments.work.mkdir(parents=True, exist_ok=True)
            torch.save(network.state_dict(), arguments.work / "side_network.pt")
        if done >= 1:
            break
    write(network, TARGET / "side_network.onnx", step, arguments.seed)


if __name__ == "__main__":
    main()
