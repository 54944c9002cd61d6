"""Does a panel find itself after what comics go through, and are its neighbours near?

    python -m benchmarks.pictures [--comics DIR] [--seed N] [--split val|train]

Asks for the panels of one split, validation works by default; the gallery is that of
benchmarks/crops.py: every true panel of the real comics once, of Pepper&Carrot in English. Five
questions, each answered by exact cosine search over all panels:

crop        the harsh crop of benchmarks/crops.py, the same crops
halftone    80 to 95 % of the panel, printed with black dots on white, 50 to 150 rows of dots to
            its longer side (newsprint has 100 to 250)
recolour    80 to 95 % of the panel with other hues, saturation and tone curves, as a second
            colourist or a faded print gives it
relettered  a harsh crop of the panel as another edition has it: Pepper&Carrot in French, in
            Japanese and without lettering, Mimi & Eunice without lettering, Haruko with emptied
            balloons
neighbour   the panel itself; right is the panel before or after it in its work, the panel
            itself left out

Mimi & Eunice repeats drawings, so a panel without its lettering often has several right answers of
which one counts. Neighbours there are mostly the same drawing once more.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from benchmarks.crops import interval
from benchmarks.report import SHARED, table, write
from numpy.typing import NDArray
from PIL import Image

from longbox.encoders import crop_panel
from longbox.evaluation import harsh_crop
from longbox.geometry import Box
from longbox.vectors import unit

Pixels = NDArray[np.uint8]
Encode = Callable[[Sequence[Pixels]], NDArray[np.float32]]
EDITIONS = ("fr", "ja", "textless", "emptied")


@dataclass(frozen=True, slots=True, eq=False)
class EditionPanel:
    """One panel of the real comics with its other editions.

    Attributes:
        series: Name of the series.
        work: Name of the work.
        split: "train" or "val".
        place: Which panel of its work it is, from 0, in reading order.
        pixels: The panel, English where there is a choice.
        editions: The same panel with other lettering, by edition.
    """

    series: str
    work: str
    split: str
    place: int
    pixels: Pixels
    editions: dict[str, Pixels]


def edition_panels(comics: Path, split: str = "") -> list[EditionPanel]:
    """Return every panel that has a true box, in the order of the index.

    Args:
        comics: The folder of real comics with its index.jsonl.
        split: Only pages of this split are opened; all if empty.
    """
    with (comics / "index.jsonl").open(encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    by_page = {(row["work"], row["page"], row["lang"]): row for row in rows}
    found: list[EditionPanel] = []
    places: dict[str, int] = {}
    for row in rows:
        is_other = row["work"].startswith("peppercarrot") and row["lang"] != "en"
        if not row["panels"] or is_other or split not in ("", row["split"]):
            continue
        page, others = _read(comics / row["image"]), _other_editions(comics, row, by_page)
        for index, box in enumerate(row["panels"]):
            place = places.get(row["work"], 0)
            places[row["work"]] = place + 1
            editions = {
                name: np.ascontiguousarray(crop_panel(pixels, Box(*boxes[index])))
                for name, (pixels, boxes) in others.items()
            }
            pixels = np.ascontiguousarray(crop_panel(page, Box(*box)))
            series = row["work"].split("-")[0]
            found.append(EditionPanel(series, row["work"], row["split"], place, pixels, editions))
    return found


def _other_editions(
    comics: Path, row: dict[str, Any], by_page: dict[tuple[str, int, str], dict[str, Any]]
) -> dict[str, tuple[Pixels, list[list[float]]]]:
    """Return a page's other editions with the panels' boxes in them."""
    found: dict[str, tuple[Pixels, list[list[float]]]] = {}
    if row["work"].startswith("peppercarrot"):
        for language in ("fr", "ja"):
            other = by_page.get((row["work"], row["page"], language))
            if other and other["panels"] and len(other["panels"]) == len(row["panels"]):
                found[language] = (_read(comics / other["image"]), other["panels"])
    if row.get("textless"):
        pixels = _read(comics / row["textless"])
        factor = pixels.shape[1] / row["width"]
        found["textless"] = (pixels, [[v * factor for v in box] for box in row["panels"]])
    elif row.get("bubbles"):
        pixels = _read(comics / row["image"]).copy()
        for bubble in row["bubbles"]:
            x0, y0, x1, y1 = (max(0, round(v)) for v in bubble["box"])
            pixels[y0:y1, x0:x1] = 255
        found["emptied"] = (pixels, row["panels"])
    return found


def _read(path: Path) -> Pixels:
    return np.asarray(Image.open(path).convert("RGB"))


def trimmed(pixels: Pixels, rng: np.random.Generator) -> Pixels:
    """Cut 80 to 95 % of the area out of a picture."""
    height, width = pixels.shape[:2]
    factor = float(rng.uniform(0.80, 0.95)) ** 0.5
    w, h = max(1, round(width * factor)), max(1, round(height * factor))
    x, y = int(rng.integers(0, width - w + 1)), int(rng.integers(0, height - h + 1))
    return pixels[y : y + h, x : x + w]


def halftoned(pixels: Pixels, rng: np.random.Generator) -> Pixels:
    """Print with round black dots on white at 45 degrees, 50 to 150 rows a panel.

    Every cell of the screen holds one dot whose area is the darkness there, as a process camera
    makes it; training's screens are waves.
    """
    height, width = pixels.shape[:2]
    grey = np.asarray(Image.fromarray(pixels).convert("L"), np.float32) / 255
    cell = max(height, width) / float(rng.uniform(50, 150))
    turn = np.pi / 4 + float(rng.uniform(-0.3, 0.3))
    y, x = np.mgrid[:height, :width]
    u = (np.cos(turn) * x + np.sin(turn) * y) / cell
    v = (np.cos(turn) * y - np.sin(turn) * x) / cell
    middle_u, middle_v = np.floor(u) + 0.5, np.floor(v) + 0.5
    at_x = np.cos(turn) * middle_u - np.sin(turn) * middle_v
    at_y = np.sin(turn) * middle_u + np.cos(turn) * middle_v
    rows = np.clip(np.rint(at_y * cell), 0, height - 1).astype(np.intp)
    columns = np.clip(np.rint(at_x * cell), 0, width - 1).astype(np.intp)
    radius = np.sqrt((1 - grey[rows, columns]) / np.pi) * 1.15
    distance = np.hypot(u - middle_u, v - middle_v)
    ink = np.clip((radius - distance) * cell + 0.5, 0, 1)
    return np.repeat((255 * (1 - ink)).astype(np.uint8)[..., None], 3, axis=2)


def recoloured(pixels: Pixels, rng: np.random.Generator) -> Pixels:
    """Turn the hues by 60 to 300 degrees, change saturation and the curve of each channel."""
    hsv = np.asarray(Image.fromarray(pixels).convert("HSV")).astype(np.int32)
    hsv[..., 0] = (hsv[..., 0] + int(rng.integers(43, 213))) % 256
    hsv[..., 1] = np.clip(hsv[..., 1] * float(rng.uniform(0.5, 1.5)), 0, 255)
    picture = Image.fromarray(hsv.astype(np.uint8), "HSV").convert("RGB")
    values = np.asarray(picture, np.float64) / 255
    values = values ** rng.uniform(0.6, 1.7, 3)
    low, high = rng.uniform(0, 0.25, 3), rng.uniform(0.75, 1.0, 3)  # faded ink, toned paper
    return np.asarray(255 * (low + values * (high - low))).astype(np.uint8)


@dataclass(frozen=True, slots=True, eq=False)
class Queries:
    """The questions of one kind.

    Attributes:
        kind: What was done to the panels.
        pictures: The pictures to search for.
        panel: Which panel of the gallery each was made of, int (Q,).
    """

    kind: str
    pictures: list[Pixels]
    panel: NDArray[np.intp]


def all_queries(panels: Sequence[EditionPanel], asked: Sequence[int], seed: int) -> list[Queries]:
    """Make the questions of the first four kinds about some panels.

    Args:
        panels: The gallery.
        asked: Which of them to ask for.
        seed: Chooses crops and changes; the same for a panel whichever others are asked for.
    """
    rng = np.random.default_rng(seed)  # over all panels, so the crops are those of crops.py
    crops = [harsh_crop(p.pixels, rng) for p in panels]
    made = [Queries("crop", [crops[i] for i in asked], np.array(asked, np.intp))]
    for number, (kind, change) in enumerate((("halftone", halftoned), ("recolour", recoloured))):
        pictures = []
        for i in asked:
            rng = np.random.default_rng([seed, number, i])
            pictures.append(change(trimmed(panels[i].pixels, rng), rng))
        made.append(Queries(kind, pictures, np.array(asked, np.intp)))
    pictures, right = [], []
    for i in asked:
        for number, name in enumerate(EDITIONS):
            if name in panels[i].editions:
                rng = np.random.default_rng([seed, 10 + number, i])
                pictures.append(harsh_crop(panels[i].editions[name], rng))
                right.append(i)
    made.append(Queries("relettered", pictures, np.array(right, np.intp)))
    return made


def neighbour_ranks(
    panels: Sequence[EditionPanel], gallery: NDArray[np.float32]
) -> tuple[NDArray[np.intp], NDArray[np.intp], float]:
    """Find at which place the first adjacent panel stands, the panel itself left out.

    Returns:
        Ranks from 0 (Q,), the panel each belongs to (Q,), and the chance that one of ten panels
        drawn at random is adjacent.
    """
    index = {(p.work, p.place): i for i, p in enumerate(panels)}
    scores = gallery @ gallery.T
    np.fill_diagonal(scores, -np.inf)
    ranks, asked, chances = [], [], []
    for i, panel in enumerate(panels):
        near = [index.get((panel.work, panel.place + step)) for step in (-1, 1)]
        right = [j for j in near if j is not None]
        if right:
            ranks.append(int((scores[i] > scores[i, right].max()).sum()))
            asked.append(i)
            chances.append(1 - (1 - 10 / (len(panels) - 1)) ** len(right))
    return np.array(ranks, np.intp), np.array(asked, np.intp), float(np.mean(chances or [0.0]))


def ranks_by_kind(
    panels: Sequence[EditionPanel],
    gallery_pictures: Sequence[Pixels],
    queries: Sequence[Queries],
    encode: Encode,
) -> dict[str, tuple[NDArray[np.intp], NDArray[np.intp]]]:
    """Answer all questions: per kind the rank of the truth (Q,) and the panel asked for (Q,)."""
    gallery = encode(gallery_pictures)
    found = {}
    for asked in queries:
        vectors = encode(asked.pictures)
        scores = vectors @ gallery.T  # (Q, N)
        own = scores[np.arange(len(asked.panel)), asked.panel][:, None]
        found[asked.kind] = ((scores > own + 1e-7).sum(axis=1), asked.panel)
    ranks, asked_for, _ = neighbour_ranks(panels, gallery)
    found["neighbour"] = (ranks, asked_for)
    return found


def report_rows(
    name: str,
    panels: Sequence[EditionPanel],
    ranks: dict[str, tuple[NDArray[np.intp], NDArray[np.intp]]],
    split: str,
    seed: int,
) -> list[dict[str, Any]]:
    """Lay the answers about one split out: a row for each kind and series."""
    rows = []
    for kind, (rank, asked) in ranks.items():
        for series in ("all", *sorted({p.series for p in panels if p.split == split})):
            wanted = [
                panels[i].split == split and series in ("all", panels[i].series) for i in asked
            ]
            chosen = np.array(wanted, bool)
            if not chosen.any():
                continue
            first, ten = rank[chosen] < 1, rank[chosen] < 10
            low, high = interval(first, seed)
            row = {"encoder": name, "kind": kind, "series": series, "n": int(chosen.sum())}
            shares = {"first": float(first.mean()), "low 95": low, "high 95": high}
            rows.append({**row, **shares, "first ten": float(ten.mean())})
    return rows


def encoders() -> dict[str, Encode]:
    """Return what is compared: ImageNet's last layer, seven layers projected, and tuned."""
    import tempfile

    from longbox.encoders import picture_encoder
    from longbox.encoders.efficientnet import prepare_picture, read_lite0_weights, read_projection
    from longbox.encoders.efficientnet_graph import efficientnet_graph
    from longbox.encoders.graph_cache import GraphSession

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "features.onnx"
        path.write_bytes(efficientnet_graph(read_lite0_weights(), None).SerializeToString())
        session = GraphSession(path, 1)
    kept: dict[int, tuple[Sequence[Pixels], NDArray[np.float32]]] = {}

    def features(pictures: Sequence[Pixels]) -> NDArray[np.float32]:
        """Read pooled features; what was read once for these very pictures is kept."""
        if id(pictures) not in kept:
            rows = [session.run({"pixels": prepare_picture(p)[None]})[0] for p in pictures]
            kept[id(pictures)] = (pictures, np.array(rows))
        return kept[id(pictures)][1]

    projection = read_projection()
    return {
        "ImageNet, last layer": lambda p: unit(features(p)[:, :1280]),
        "ImageNet, projected": lambda p: unit((features(p) - projection.mean) @ projection.matrix),
        "tuned, projected": picture_encoder("efficientnet-comics").encode,
    }


def main() -> None:
    """Measure, print a table, write benchmarks/results/pictures.json."""
    parser = argparse.ArgumentParser(description="Does a changed panel find itself?")
    parser.add_argument("--comics", type=Path, default=SHARED / "comics")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--split", choices=("val", "train"), default="val")
    options = parser.parse_args()
    panels = edition_panels(options.comics)
    asked = [i for i, panel in enumerate(panels) if panel.split == options.split]
    queries = all_queries(panels, asked, options.seed)
    rows = []
    gallery = [p.pixels for p in panels]
    for name, encode in encoders().items():
        ranks = ranks_by_kind(panels, gallery, queries, encode)
        rows += report_rows(name, panels, ranks, options.split, options.seed)
    print(table(rows))
    _, _, near = neighbour_ranks(panels, np.ones((len(panels), 1), np.float32))
    chances = {"first": 1 / len(panels), "first ten": 10 / len(panels), "neighbour in ten": near}
    print("chance:", ", ".join(f"{name} {value:.4f}" for name, value in chances.items()))
    about = {"n": len(panels), "seed": options.seed, "split": options.split, "chance": chances}
    write("pictures", {**about, "rows": rows})


if __name__ == "__main__":
    main()
