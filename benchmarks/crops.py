"""How often does a harsh crop of a panel find the panel it was cut from?

    python benchmarks/crops.py [--comics DIR] [--encoder NAME] [--seed N]

Every true panel of the real comics is in the gallery once: of Pepper&Carrot the English pages only,
because the same panel in French or Japanese would be a second right answer. The query is a crop of
55 to 80 % of the panel's area at a random place, half of the crops turned grey, all saved as JPEG
of quality 35. Search is exact, by cosine, over all panels of both splits.

Mimi & Eunice is the hard part: it repeats drawings from panel to panel, so that often only the
lettering tells two panels apart.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from longbox.encoders import crop_panel, picture_encoder
from longbox.evaluation import harsh_crop
from longbox.geometry import Box

REPOSITORY = Path(__file__).resolve().parent.parent


@dataclass(frozen=True, slots=True, eq=False)
class TruePanel:
    """One panel of the real comics: its work, the work's series, its split and its pixels."""

    series: str
    work: str
    split: str
    pixels: NDArray[np.uint8]


def read_index(comics: Path) -> Iterator[dict[str, Any]]:
    """Yield the rows of the comics' index, Pepper&Carrot in English only."""
    with (comics / "index.jsonl").open(encoding="utf-8") as lines:
        for line in lines:
            row = json.loads(line)
            if not row["work"].startswith("peppercarrot") or row["lang"] == "en":
                yield row


def true_panels(comics: Path) -> list[TruePanel]:
    """Return every panel that has a true box."""
    panels = []
    for row in read_index(comics):
        if row["panels"]:
            page = np.asarray(Image.open(comics / row["image"]).convert("RGB"))
            series = row["work"].split("-")[0]
            for box in row["panels"]:
                pixels = np.ascontiguousarray(crop_panel(page, Box(*box)))
                panels.append(TruePanel(series, row["work"], row["split"], pixels))
    return panels


def rank_of_truth(queries: NDArray[np.float32], gallery: NDArray[np.float32]) -> NDArray[np.intp]:
    """Return at which place from 0 query i finds panel i."""
    scores = queries @ gallery.T
    own = np.diagonal(scores)[:, None]
    return np.asarray((scores > own + 1e-7).sum(axis=1))


def interval(hits: NDArray[np.bool_], seed: int) -> tuple[float, float]:
    """Return the 95 % bootstrap interval of a share."""
    rng = np.random.default_rng(seed)
    means = rng.choice(hits, (2000, len(hits))).mean(axis=1)
    return float(np.quantile(means, 0.025)), float(np.quantile(means, 0.975))


def main() -> None:
    """Measure, print a table, write benchmarks/results/crops.json."""
    parser = argparse.ArgumentParser(description="Does a harsh crop find its panel?")
    parser.add_argument("--comics", type=Path, default=REPOSITORY.parent / "shared" / "comics")
    parser.add_argument("--encoder", default="efficientnet-lite0")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    from report import table, write  # here, since training/ imports this file without its folder

    panels = true_panels(options.comics)
    encoder = picture_encoder(options.encoder)
    rng = np.random.default_rng(options.seed)
    gallery = encoder.encode([p.pixels for p in panels])
    queries = encoder.encode([harsh_crop(p.pixels, rng) for p in panels])
    rank = rank_of_truth(queries, gallery)
    groups = [(p.split, p.series) for p in panels]
    rows = []
    for split in ("train", "val"):
        for series in ["all", *sorted({s for k, s in groups if k == split})]:
            chosen = np.array([k == split and series in ("all", s) for k, s in groups])
            first, ten = rank[chosen] < 1, rank[chosen] < 10
            low, high = interval(first, options.seed)
            rows.append(
                {
                    "split": split,
                    "series": series,
                    "n": int(chosen.sum()),
                    "first": float(first.mean()),
                    "first low 95": low,
                    "first high 95": high,
                    "first ten": float(ten.mean()),
                }
            )
    cosines = gallery @ gallery.T
    between = float(cosines[np.triu_indices(len(gallery), 1)].mean())
    print(f"{encoder.fingerprint}: {encoder.dimension} numbers, {len(panels)} panels")
    print(table(rows))
    print(f"chance: first {1 / len(panels):.4f}, first ten {10 / len(panels):.4f}")
    print(f"mean cosine between two panels: {between:.3f}")
    result = {
        "encoder": encoder.fingerprint,
        "dimension": encoder.dimension,
        "n": len(panels),
        "seed": options.seed,
        "chance_first": 1 / len(panels),
        "mean_cosine_between_panels": between,
        "rows": rows,
    }
    write("crops", result)


if __name__ == "__main__":
    main()
