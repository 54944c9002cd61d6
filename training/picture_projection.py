"""Fits the projection of the default picture encoder.

    python -m training.picture_projection [--comics DIR] [--seed N]

Data: panels of the train works of the real comics, and rectangles cut from train pages without
true boxes; validation works are never read. Each picture is seen once as it is and six times as a
harsh crop, half of these also rotated a little, made smaller, lighter or darker, as a photograph
would be. Within-picture scatter is what crops change, between-picture scatter is what tells
pictures apart; each series counts the same, however many panels it has.

Method: discriminant whitening. W = (S_within + 0.3 trace(S_within)/F I)^(-1/2), then the 256
strongest directions of the whitened pictures. 0.3 and 256 were chosen by leaving one series out
at a time (docs/models.md). Takes about three minutes on one core; no gradient, no epochs.

Writes src/longbox/encoders/picture_projection.safetensors and .json and prints the constants that
efficientnet.py pins: the digest and the answer to the probe, which torch computes.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import tempfile
from pathlib import Path

import numpy as np
from benchmarks.crops import REPOSITORY, TruePanel, read_index, true_panels
from numpy.typing import NDArray
from PIL import Image, ImageEnhance

from longbox.encoders.efficientnet import (
    PROJECTION,
    prepare_picture,
    probe_picture,
    read_lite0_weights,
)
from longbox.encoders.efficientnet_graph import POOLED_BLOCKS, efficientnet_graph
from longbox.encoders.graph_cache import GraphSession
from longbox.encoders.graph_writer import Weights
from longbox.evaluation import harsh_crop

DIMENSION = 256
RIDGE = 0.3
N_VIEWS = 6
MAX_PANELS_A_SERIES = 350
Features = NDArray[np.float64]


def rectangles(comics: Path, rng: np.random.Generator) -> list[TruePanel]:
    """Cut three rectangles out of every train page that has no true panels."""
    found = []
    for row in read_index(comics):
        if row["split"] != "train" or row["panels"]:
            continue
        page = np.asarray(Image.open(comics / row["image"]).convert("RGB"))
        height, width = page.shape[:2]
        for third in range(3):
            area, split = rng.uniform(0.15, 0.45), rng.uniform(0.35, 0.65)
            w, h = max(1, int(width * area**split)), max(1, int(height * area ** (1 - split)))
            x, y = int(rng.integers(0, width - w + 1)), int(rng.integers(0, height - h + 1))
            if height >= width:
                y = min(height * third // 3, height - h)
            else:
                x = min(width * third // 3, width - w)
            pixels = np.ascontiguousarray(page[y : y + h, x : x + w])
            found.append(TruePanel(row["work"].split("-")[0], row["work"], "train", pixels))
    return found


def photograph(pixels: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
    """Change a picture as a phone would: turned up to 3 degrees, smaller, other light."""
    picture = Image.fromarray(pixels)
    edge = tuple(int(v) for v in pixels.reshape(-1, 3).mean(axis=0))
    picture = picture.rotate(rng.uniform(-3, 3), Image.Resampling.BILINEAR, fillcolor=edge)
    factor = rng.uniform(0.4, 1.0)
    size = (max(1, round(picture.width * factor)), max(1, round(picture.height * factor)))
    picture = picture.resize(size, Image.Resampling.BILINEAR)
    picture = ImageEnhance.Brightness(picture).enhance(rng.uniform(0.75, 1.25))
    return np.asarray(ImageEnhance.Contrast(picture).enhance(rng.uniform(0.75, 1.25)))


def fit(
    pictures: Features, views: list[Features], weights: Features
) -> tuple[NDArray[np.float32], NDArray[np.float16]]:
    """Fit mean and matrix.

    Args:
        pictures: Features of whole pictures (N, F).
        views: Features of crops of the same pictures, each (N, F).
        weights: How much each picture counts (N,), summing to 1.

    Returns:
        mean float32 (F,) and matrix float16 (F, 256).
    """
    mean = weights @ pictures
    within = np.zeros((pictures.shape[1],) * 2)
    for view in views:
        change = view - pictures
        within += (change * weights[:, None]).T @ change / len(views)
    ridge = RIDGE * np.trace(within) / len(within)
    values, directions = np.linalg.eigh(within)
    whiten = (directions / np.sqrt(np.maximum(values, 0) + ridge)) @ directions.T
    whitened = (pictures - mean) @ whiten
    _, strongest = np.linalg.eigh((whitened * weights[:, None]).T @ whitened)
    matrix = whiten @ strongest[:, ::-1][:, :DIMENSION]
    matrix /= np.abs(matrix).max()  # length does not matter, and float16 keeps its precision
    return mean.astype(np.float32), matrix.astype(np.float16)


def torch_answer(
    state: Weights, mean: NDArray[np.float32], matrix: NDArray[np.float16]
) -> list[float]:
    """Compute the probe's vector in torch, without the graph."""
    import torch
    from torch.nn.functional import normalize

    from longbox.encoders.efficientnet_torch import lite0_features

    weights = {k: torch.from_numpy(v.copy()) for k, v in state.items()}
    with torch.inference_mode():
        maps = lite0_features(weights, torch.from_numpy(probe_picture())[None])
        pooled = [maps["head"].square().mean((2, 3)).sqrt()]
        pooled += [maps[f"block {i}"].mean((2, 3)) for i in POOLED_BLOCKS]
        features = torch.cat([normalize(p) for p in pooled], dim=1).numpy()
    answer = (features - mean) @ matrix.astype(np.float32)
    return [round(float(v), 6) for v in answer[0, :6]]


def main() -> None:
    """Fit, write the weights, print what to pin."""
    parser = argparse.ArgumentParser(description="Fit the picture encoder's projection.")
    parser.add_argument("--comics", type=Path, default=REPOSITORY.parent / "shared" / "comics")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    rng = np.random.default_rng(options.seed)
    panels = [p for p in true_panels(options.comics) if p.split == "train"]
    by_series: dict[str, list[TruePanel]] = {}
    for panel in panels + rectangles(options.comics, rng):
        by_series.setdefault(panel.series, []).append(panel)
    pictures: list[TruePanel] = []
    weights: list[float] = []
    for group in by_series.values():
        n = min(len(group), MAX_PANELS_A_SERIES)
        pictures += [group[i] for i in rng.permutation(len(group))[:n]]
        weights += [1 / n / len(by_series)] * n
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "features.onnx"
        path.write_bytes(efficientnet_graph(read_lite0_weights(), None).SerializeToString())
        session = GraphSession(path, 1)

    def features(crops: list[NDArray[np.uint8]]) -> Features:
        rows = [session.run({"pixels": prepare_picture(c)[None]})[0] for c in crops]
        return np.array(rows, np.float64)

    views = []
    for view in range(N_VIEWS):
        crops = [harsh_crop(p.pixels, rng) for p in pictures]
        views.append(features(crops if view % 2 else [photograph(c, rng) for c in crops]))
    mean, matrix = fit(features([p.pixels for p in pictures]), views, np.array(weights))
    write(mean, matrix, {series: len(group) for series, group in by_series.items()}, options.seed)


def write(
    mean: NDArray[np.float32], matrix: NDArray[np.float16], series: dict[str, int], seed: int
) -> None:
    """Write weights and config.json, print the constants to pin."""
    from safetensors.numpy import save_file

    save_file({"mean": mean, "matrix": matrix}, PROJECTION)
    config = {
        "format": 1,
        "method": "discriminant whitening",
        "dimension": DIMENSION,
        "ridge": RIDGE,
        "views": N_VIEWS,
        "seed": seed,
        "data": {"split": "train", "pictures_by_series": series},
        "credits": "CC BY 4.0: David Revoy (Pepper&Carrot); CC BY-SA: Nina Paley, Camille Bissuel, "
        "why the lucky stiff. Only sums over many pictures are kept.",
    }
    PROJECTION.with_suffix(".json").write_text(json.dumps(config, indent=2) + "\n")
    digest = hashlib.sha256(PROJECTION.read_bytes()).hexdigest()
    print(f"PROJECTION_SHA256 = {digest!r}")
    print(f"_PROBE_ANSWER = {tuple(torch_answer(read_lite0_weights(), mean, matrix))}")


if __name__ == "__main__":
    main()
