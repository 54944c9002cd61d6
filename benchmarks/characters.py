"""Is the same character found again, and put together with itself?

    python benchmarks/characters.py [--books N] [--pages N] [--strips N] [--encoder NAME] [--tune]

Drawn books: who stands where is known to the pixel. Each way of making regions is scored within
each book and averaged over books: AUC over pairs of regions of different panels, matching (is one
of the k nearest regions of other panels the same character), and clusters (B-cubed, F1 of pairs).
`pooled` is matching among the regions of all books at once. Rows:

    true figures     a perfect detector of figures: what a detector would give
    true faces       likewise of faces
    salient          the proposal without a model; its precision and recall stand below
    panel            the default: whole panels, lettering painted over
    panel, no colour         the encoder's vector alone
    panel, colour only       the histogram alone
    panel, as search sees it the vision vector, lettering and all

Chance: matching by the number of right answers; clusters by the same labels dealt out at random;
AUC .5. `one cluster` puts everything together, which is what a book with one hero rewards.

Real pages: Mimi & Eunice only, where the transcripts say who speaks. Speaking is a weak sign of
presence: whoever is silent counts as absent, so the figures say little more than whether there is
any signal at all.

`--tune` prints the distances to choose from on other seeds than those reported.
"""

from __future__ import annotations

import argparse
import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from longbox.characters import (
    ClusterOptions,
    Encode,
    IdentityOptions,
    PanelPicture,
    Region,
    RegionKind,
    SalientFigures,
    cluster_regions,
    colour_histogram,
    cut_regions,
    find_regions,
    identity_vectors,
)
from longbox.encoders import crop_panel, picture_encoder
from longbox.evaluation import (
    match_boxes,
    pair_auc,
    pair_f1,
    score_clusters,
    score_matching,
)
from longbox.geometry import Box
from longbox.synthetic import BookRecipe, FigureTruth, Style, draw_book
from longbox.vectors import unit
from report import SHARED, table, write

TUNING_SEED, TEST_SEED = 100, 7000
DISTANCES = (0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.6)
LEAST_OVERLAP = 0.3  # IoU at which a proposal is of a figure
Names = frozenset[str]
MakeRegions = Callable[["TruePanel"], Sequence[tuple[Region, Names]]]


@dataclass(frozen=True, slots=True, eq=False)
class TruePanel:
    """A panel, who is in it, and where, in the panel's pixels."""

    picture: PanelPicture
    names: Names
    figures: tuple[FigureTruth, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Looked:
    """The regions of one book with their vectors."""

    vectors: NDArray[np.float32]
    names: list[Names]
    panels: NDArray[np.int64]


class Remembering:
    """An encoder that encodes the same crop once, however many ways ask for it."""

    def __init__(self, model: Encode) -> None:
        self._model = model
        self._known: dict[bytes, NDArray[np.float32]] = {}

    def __call__(self, crops: Sequence[NDArray[np.uint8]]) -> NDArray[np.float32]:
        """Return unit vectors, float32 (N, D)."""
        keys = [
            hashlib.sha256(str(c.shape).encode() + np.ascontiguousarray(c).tobytes()).digest()
            for c in crops
        ]
        new = {k: c for k, c in zip(keys, crops, strict=True) if k not in self._known}
        self._known |= dict(zip(new, self._model(list(new.values())), strict=True))
        return np.stack([self._known[k] for k in keys])


def drawn_panels(seed: int, n_pages: int) -> list[TruePanel]:
    """Draw a book and cut it into panels."""
    styles = list(Style)
    book = draw_book(
        BookRecipe(seed=seed, n_pages=n_pages, style=styles[seed % len(styles)], matter=False)
    )
    panels = []
    for page, by_panel in zip(book.truth.pages, book.figures, strict=True):
        pixels = book.pixels(page.page.index)
        for panel, figures in zip(page.panels, by_panel, strict=True):
            crop = np.ascontiguousarray(crop_panel(pixels, panel.box))
            x0, y0 = max(int(panel.box.x0), 0), max(int(panel.box.y0), 0)
            texts = tuple(
                _moved(t.box, x0, y0) for t in page.texts if t.box.intersection(panel.box)
            )
            placed = tuple(
                FigureTruth(f.name, _moved(f.face, x0, y0), _moved(f.body, x0, y0)) for f in figures
            )
            names = frozenset(f.name for f in figures)
            panels.append(TruePanel(PanelPicture(crop, texts), names, placed))
    return panels


def strip_panels(comics: Path, n_strips: int) -> Iterator[tuple[str, list[TruePanel]]]:
    """Yield the panels of Mimi & Eunice by split, with who speaks in them."""
    found: dict[str, list[TruePanel]] = {"train": [], "val": []}
    n_read = dict.fromkeys(found, 0)
    for line in (comics / "index.jsonl").open(encoding="utf-8"):
        row = json.loads(line)
        if row["source"] != "mimi_eunice" or not row["panels"]:
            continue
        if n_read[row["split"]] >= n_strips:
            continue
        n_read[row["split"]] += 1
        pixels = np.asarray(Image.open(comics / row["image"]).convert("RGB"))
        for i, box in enumerate(row["panels"]):
            own = [t for t in row["texts"] if t["panel"] == i and t["box"]]
            letters = tuple(_moved(Box(*t["box"]), box[0], box[1]) for t in own)
            crop = np.ascontiguousarray(crop_panel(pixels, Box(*box)))
            names = frozenset(t["speaker"] for t in own if t.get("speaker") in ("M", "E"))
            found[row["split"]].append(TruePanel(PanelPicture(crop, letters), names))
    yield from found.items()


def _moved(box: Box, x: float, y: float) -> Box:
    return Box(box.x0 - x, box.y0 - y, box.x1 - x, box.y1 - y)


def true_boxes(kind: RegionKind) -> MakeRegions:
    """Return regions as a perfect detector would give them."""

    def make(panel: TruePanel) -> list[tuple[Region, Names]]:
        height, width = panel.picture.pixels.shape[:2]
        found = []
        for figure in panel.figures:
            box = figure.body if kind is RegionKind.FIGURE else figure.face
            inside = box.intersection(Box(0, 0, width, height))
            if inside:
                found.append((Region(inside, kind, 1.0), frozenset((figure.name,))))
        return found

    return make


def whole_panels(panel: TruePanel) -> list[tuple[Region, Names]]:
    """Return the panel itself."""
    return [(region, panel.names) for region in find_regions(panel.picture, None)]


def salient_regions(panel: TruePanel) -> list[tuple[Region, Names]]:
    """Return the proposals, each named by the figure that it overlaps most."""
    found = []
    for region in find_regions(panel.picture, SalientFigures()):
        best = max(panel.figures, key=lambda f: region.box.iou(f.body), default=None)
        if region.kind is RegionKind.PANEL:
            found.append((region, panel.names))
        elif best is not None and region.box.iou(best.body) >= LEAST_OVERLAP:
            found.append((region, frozenset((best.name,))))
        else:
            found.append((region, frozenset()))
    return found


@dataclass(frozen=True, slots=True, eq=False)
class Vectors:
    """How crops become vectors: the identity space, or one of its baselines."""

    model: Encode
    colour_weight: float
    keeps_lettering: bool = False
    only_colour: bool = False

    def cut(self, picture: PanelPicture, regions: Sequence[Region]) -> list[NDArray[np.uint8]]:
        """Cut regions out, lettering painted over unless it is kept."""
        return cut_regions(
            PanelPicture(picture.pixels) if self.keeps_lettering else picture, regions
        )

    def encode(self, crops: Sequence[NDArray[np.uint8]]) -> NDArray[np.float32]:
        """Return unit vectors."""
        if self.only_colour:
            return unit(np.stack([colour_histogram(crop) for crop in crops]))
        return identity_vectors(crops, self.model, IdentityOptions(self.colour_weight))


def look(panels: Sequence[TruePanel], make: MakeRegions, vectors: Vectors) -> Looked:
    """Make the regions of a book and their vectors."""
    crops: list[NDArray[np.uint8]] = []
    names: list[Names] = []
    numbers: list[int] = []
    for number, panel in enumerate(panels):
        made = make(panel)
        crops += vectors.cut(panel.picture, [region for region, _ in made])
        names += [who for _, who in made]
        numbers += [number] * len(made)
    return Looked(vectors.encode(crops), names, np.array(numbers, dtype=np.int64))


def score(books: Sequence[Looked], distance: float, seed: int) -> dict[str, Any]:
    """Score one way of looking, averaged over books."""
    rng = np.random.default_rng(seed)
    rows = []
    for book in books:
        if not any(book.names):
            continue
        likeness = book.vectors @ book.vectors.T
        labels = cluster_regions(book.vectors, book.panels, ClusterOptions(distance))
        first = score_matching(likeness, book.names, book.panels, 1)
        ten = score_matching(likeness, book.names, book.panels, 10)
        clusters = score_clusters(labels, book.names)
        rows.append(
            {
                "regions": len(labels),
                "AUC": pair_auc(likeness, book.names, book.panels),
                "R@1": first.recall,
                "(chance)": first.chance,
                "R@10": ten.recall,
                "(chance 10)": ten.chance,
                "B3 P": clusters.precision,
                "B3 R": clusters.recall,
                "B3 F1": clusters.f1,
                "(dealt)": score_clusters(rng.permutation(labels), book.names).f1,
                "(one)": score_clusters(np.zeros_like(labels), book.names).f1,
                "pair F1": pair_f1(labels, book.names, book.panels),
                "clusters": float(labels.max(initial=-1) + 1),
            }
        )
    if not rows:
        return {}
    return {key: float(np.nanmean([row[key] for row in rows])) for key in rows[0]}


def pooled(books: Sequence[Looked]) -> tuple[float, float]:
    """Return matching at 1 among the regions of all books, and its chance."""
    vectors = np.concatenate([b.vectors for b in books])
    names = [
        frozenset(f"{i}/{name}" for name in who) for i, b in enumerate(books) for who in b.names
    ]
    starts = np.cumsum([0, *[b.panels.max(initial=-1) + 1 for b in books]])
    panels = np.concatenate([b.panels + start for b, start in zip(books, starts, strict=False)])
    found = score_matching(vectors @ vectors.T, names, panels, 1)
    return found.recall, found.chance


def proposal_score(books: Sequence[Sequence[TruePanel]]) -> dict[str, float]:
    """Score the proposals as boxes against true bodies at IoU .5, and a fixed box as baseline."""
    hits, n_found, n_true, fixed = 0, 0, 0, 0
    for panel in (p for book in books for p in book):
        height, width = panel.picture.pixels.shape[:2]
        frame = Box(0, 0, width, height)
        bodies = [b for f in panel.figures if (b := f.body.intersection(frame))]
        found = [
            r.box
            for r in find_regions(panel.picture, SalientFigures())
            if r.kind is not RegionKind.PANEL
        ]
        hits += len(match_boxes(found, bodies, 0.5))
        n_found, n_true = n_found + len(found), n_true + len(bodies)
        middle = Box(width * 0.25, height * 0.25, width * 0.75, height)
        fixed += any(middle.iou(b) >= 0.5 for b in bodies)
    return {
        "precision": hits / max(n_found, 1),
        "recall": hits / max(n_true, 1),
        "recall of one fixed box": fixed / max(n_true, 1),
        "figures": n_true,
    }


def ways(model: Encode) -> dict[str, tuple[MakeRegions, Vectors]]:
    """Return every way of looking by its name."""
    ours = Vectors(model, IdentityOptions().colour_weight)
    return {
        "true figures": (true_boxes(RegionKind.FIGURE), ours),
        "true figures, no colour": (true_boxes(RegionKind.FIGURE), Vectors(model, 0.0)),
        "true faces": (true_boxes(RegionKind.FACE), ours),
        "salient": (salient_regions, ours),
        "panel": (whole_panels, ours),
        "panel, no colour": (whole_panels, Vectors(model, 0.0)),
        "panel, colour only": (whole_panels, Vectors(model, 1.0, only_colour=True)),
        "panel, as search sees it": (whole_panels, Vectors(model, 0.0, keeps_lettering=True)),
    }


def tune(model: Encode, options: argparse.Namespace) -> None:
    """Print B-cubed and pair F1 by distance on the tuning seeds."""
    books = [drawn_panels(TUNING_SEED + i, options.pages) for i in range(options.books)]
    for name in ("true figures", "panel"):
        looked = [look(book, *ways(model)[name]) for book in books]
        rows = [{"distance": d, **score(looked, d, 0)} for d in DISTANCES]
        print(f"{name}, tuning seeds from {TUNING_SEED}")
        print(table(rows))


def main() -> None:
    """Measure, print tables, write benchmarks/results/characters.json."""
    parser = argparse.ArgumentParser(description="Is the same character found again?")
    parser.add_argument("--books", type=int, default=12)
    parser.add_argument("--pages", type=int, default=8)
    parser.add_argument("--strips", type=int, default=120)
    parser.add_argument("--encoder", default="efficientnet-lite0")
    parser.add_argument("--comics", type=Path, default=SHARED / "comics")
    parser.add_argument("--tune", action="store_true")
    options = parser.parse_args()
    encoder = picture_encoder(options.encoder)
    model = Remembering(encoder.encode)
    if options.tune:
        tune(model, options)
        return
    distance = ClusterOptions().distance
    books = [drawn_panels(TEST_SEED + i, options.pages) for i in range(options.books)]
    rows = []
    for name, (make, vectors) in ways(model).items():
        looked = [look(book, make, vectors) for book in books]
        everywhere, chance = pooled(looked)
        row = {"regions of": name, **score(looked, distance, 0)}
        rows.append({**row, "pooled R@1": everywhere, "(chance pooled)": chance})
    print(f"drawn books, seeds {TEST_SEED} to {TEST_SEED + options.books - 1}, distance {distance}")
    print(table(rows))
    proposals = proposal_score(books)
    print("salient proposals as boxes: " + ", ".join(f"{k} {v:.3f}" for k, v in proposals.items()))
    strips = []
    if (options.comics / "index.jsonl").is_file():
        for split, panels in strip_panels(options.comics, options.strips):
            for name in ("panel", "panel, no colour", "panel, colour only"):
                make, vectors = ways(model)[name]
                looked = look(panels, make, vectors)
                strips.append({"split": split, "regions of": name, **score([looked], distance, 0)})
        print("Mimi & Eunice, who speaks as a weak truth")
        print(table(strips))
    write(
        "characters",
        {
            "encoder": encoder.fingerprint,
            "distance": distance,
            "books": options.books,
            "pages": options.pages,
            "seed": TEST_SEED,
            "drawn": rows,
            "proposals": proposals,
            "strips": strips,
        },
    )


if __name__ == "__main__":
    main()
