"""How well panels are found and ordered, by source and split, beside plain baselines.

    python -m benchmarks.panels [--only SOURCE] [--hard N] [--overlays FOLDER]

Sources: every page of the comics folder with panel truth; drawn hard pages (hard_pages.py; the
seeds from 100,000 on, which nothing was tuned on); pages composed as the training pages are, of
seeds that were not trained on, portrait and landscape apart; books of longbox.synthetic. The last
three are made of the same art or by the same rules as training pages, so they say that it learned,
not that it generalises: the real pages of the val split do.

Columns: F1 at IoU .5/.75/.9 over pooled boxes, precision and recall at .5, pages exact (as many
panels as there are, each matched at .5), order on the true boxes and end to end (exact pages and
pairwise), median milliseconds a page without decoding.

In the same run: the networks (as the product finds panels), the same without the closer look at
the sides, the same with the sides of the rules where both agree (IoU .75), the rules alone, and two
baselines: the whole page as one panel; a plain recursive cut at white rows and columns. For the
order, the baseline is sorting by rows.

Only works of the train split may be used to choose parameters; the val rows are reports.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import numpy as np
from benchmarks.hard_pages import HardPages
from benchmarks.report import RESULTS, SHARED, machine
from numpy.typing import NDArray
from PIL import Image, ImageDraw
from training.panel_art import ArtPool, load_art
from training.panel_pages import draw_page

from longbox.book import Direction
from longbox.evaluation import PageOrder, found_order, given_order, score_order, score_panels
from longbox.geometry import Box
from longbox.panels import PanelOptions, find_panels, reading_order
from longbox.pipeline import contact_sheet
from longbox.synthetic import BookRecipe, Style, draw_book

FIRST_HARD_SEED = 100_000
N_THREADS = 2
FIRST_COMPOSED_SEED = 9_000_000

Pixels = NDArray[np.uint8]
Finder = Callable[[Pixels, Direction], list[Box]]
Orderer = Callable[[Sequence[Box], Direction], tuple[int, ...]]


@dataclass(frozen=True, slots=True, eq=False)
class TruePage:
    """A page with its true panels, in reading order where that is known."""

    name: str
    pixels: Pixels
    boxes: tuple[Box, ...]
    direction: Direction
    is_ordered: bool = True


def product(pixels: Pixels, direction: Direction) -> list[Box]:
    """Find panels as the product does."""
    return _boxes(pixels, direction, PanelOptions(n_threads=N_THREADS))


def no_closer_look(pixels: Pixels, direction: Direction) -> list[Box]:
    """Find panels by the first network alone."""
    return _boxes(pixels, direction, PanelOptions(n_threads=N_THREADS, look_closely=False))


def rules(pixels: Pixels, direction: Direction) -> list[Box]:
    """Find panels without a network."""
    return _boxes(pixels, direction, PanelOptions(detector="rules"))


def sides_of_rules(pixels: Pixels, direction: Direction) -> list[Box]:
    """Find panels by the first network, and take the rules' box where both agree."""
    found, second = no_closer_look(pixels, direction), rules(pixels, direction)
    best = [max(second, key=box.iou, default=box) for box in found]
    return [b if b.iou(box) >= 0.75 else box for box, b in zip(found, best, strict=True)]


def _boxes(pixels: Pixels, direction: Direction, options: PanelOptions) -> list[Box]:
    return [p.box for p in find_panels(pixels, direction, options)]


def whole_page(pixels: Pixels, _direction: Direction) -> list[Box]:
    """Baseline: one panel."""
    return [Box(0, 0, pixels.shape[1], pixels.shape[0])]


def plain_cut(pixels: Pixels, direction: Direction) -> list[Box]:
    """Baseline: cut at rows, then columns, that are all but 1 % white, until none is left."""
    drawn = pixels.min(axis=2) < 225
    boxes: list[Box] = []
    waiting = [(0, 0, drawn.shape[1], drawn.shape[0], 0)]
    while waiting:
        x0, y0, x1, y1, stuck = waiting.pop()
        axis = stuck % 2
        used = drawn[y0:y1, x0:x1].mean(axis=1 - axis) > 0.01
        edges = np.flatnonzero(np.diff(np.concatenate(([False], used, [False])).astype(np.int8)))
        parts = [
            (int(a), int(b)) for a, b in zip(edges[::2], edges[1::2], strict=True) if b - a > 20
        ]
        stuck = stuck + 1 if len(parts) <= 1 else 1 - axis
        for a, b in parts:
            part = (x0, y0 + a, x1, y0 + b) if axis == 0 else (x0 + a, y0, x0 + b, y1)
            if stuck >= 4:
                boxes.append(Box(*part))
            else:
                waiting.append((*part, stuck))
    area = pixels.shape[0] * pixels.shape[1]
    boxes = [b for b in boxes if b.area > 0.01 * area]
    return [boxes[i] for i in reading_order(boxes, direction)] or whole_page(pixels, direction)


def row_sort(boxes: Sequence[Box], direction: Direction) -> tuple[int, ...]:
    """Baseline order: rows of panels whose tops lie within a tenth of the page, then by x."""
    if not boxes:
        return ()
    step = max(b.y1 for b in boxes) / 10
    sign = -1 if direction is Direction.RTL else 1
    return tuple(
        sorted(range(len(boxes)), key=lambda i: (round(boxes[i].y0 / step), sign * boxes[i].x0))
    )


FINDERS: dict[str, tuple[Finder, Orderer]] = {
    "network": (product, reading_order),
    "not closer": (no_closer_look, reading_order),
    "rule sides": (sides_of_rules, reading_order),
    "rules": (rules, reading_order),
    "plain cut": (plain_cut, row_sort),
    "whole page": (whole_page, row_sort),
}


def real_pages(comics: Path, source: str, split: str) -> Iterator[TruePage]:
    """Yield the pages of a source and split that have panel truth."""
    for line in (comics / "index.jsonl").read_text().splitlines():
        row = json.loads(line)
        if row["panels"] and row["split"] == split and row["image"].startswith(source):
            with Image.open(comics / row["image"]) as image:
                pixels = np.asarray(image.convert("RGB"))
            boxes = tuple(Box(*b) for b in row["panels"])
            yield TruePage(row["image"], pixels, boxes, Direction(row["direction"]))


def hard_pages(comics: Path, n: int) -> Iterator[TruePage]:
    """Yield drawn pages."""
    drawing = HardPages(comics)
    for seed in range(FIRST_HARD_SEED, FIRST_HARD_SEED + n):
        page = drawing.page(seed)
        yield TruePage(f"seed {seed}", page.pixels, page.boxes, page.direction)


def composed_pages(art: ArtPool, n: int, *, landscape: bool) -> Iterator[TruePage]:
    """Yield pages made as the training pages are, wide or upright ones only."""
    left = n
    for seed in count(FIRST_COMPOSED_SEED):
        page = draw_page(art, seed)
        height, width = page.pixels.shape[:2]
        if (width > height) is not landscape:
            continue
        boxes = [Box(*(float(v) for v in (*p.min(axis=0), *p.max(axis=0)))) for p in page.panels]
        if boxes:
            yield TruePage(f"seed {seed}", page.pixels, tuple(boxes), Direction.LTR, False)
            left -= 1
        if left == 0:
            return


def drawn_pages(mix: str, direction: Direction, n_books: int) -> Iterator[TruePage]:
    """Yield pages of books that Longbox draws, in every style."""
    for seed in range(FIRST_COMPOSED_SEED, FIRST_COMPOSED_SEED + n_books):
        style = list(Style)[seed % len(Style)]
        recipe = BookRecipe(
            seed=seed, n_pages=4, direction=direction, style=style, layouts=mix, matter=False
        )
        book = draw_book(recipe)
        for page in book.truth.pages:
            boxes = tuple(panel.box for panel in page.panels)
            pixels = book.pixels(page.page.index)
            yield TruePage(f"seed {seed}", pixels, boxes, direction)


def overlay(page: TruePage, found: Sequence[Box], side: int = 360) -> Image.Image:
    """Return a small picture of the page: truth green, found boxes red."""
    image = Image.fromarray(page.pixels)
    factor = side / max(image.size)
    image = image.resize((max(1, int(image.width * factor)), max(1, int(image.height * factor))))
    draw = ImageDraw.Draw(image)
    for boxes, colour, width in ((page.boxes, (0, 160, 0), 4), (found, (255, 0, 0), 2)):
        for box in boxes:
            draw.rectangle(box.scale(factor, factor).as_tuple(), outline=colour, width=width)
    return image


def write_sheets(pictures: list[Image.Image], stem: Path) -> None:
    """Write contact sheets of 24 pictures each."""
    for start in range(0, len(pictures), 24):
        sheet = contact_sheet(pictures[start : start + 24], columns=8)
        sheet.save(stem.with_name(f"{stem.name}-{start // 24}.png"))


def measure(
    pages: Iterator[TruePage], overlays: Path | None
) -> dict[str, dict[str, float | int | None]]:
    """Score every finder on the pages of one source."""
    found: dict[str, list[list[Box]]] = {name: [] for name in FINDERS}
    seconds: dict[str, list[float]] = {name: [] for name in FINDERS}
    given: dict[str, list[PageOrder]] = {name: [] for name in FINDERS}
    truth: list[tuple[Box, ...]] = []
    is_ordered = True
    pictures = []
    for page in pages:
        truth.append(page.boxes)
        is_ordered = is_ordered and page.is_ordered
        for name, (finder, orderer) in FINDERS.items():
            start = time.perf_counter()
            found[name].append(finder(page.pixels, page.direction))
            seconds[name].append(time.perf_counter() - start)
            given[name].append(given_order(orderer(page.boxes, page.direction)))
        if overlays is not None:
            pictures.append(overlay(page, found["network"][-1]))
    if overlays is not None and pictures:
        overlays.parent.mkdir(parents=True, exist_ok=True)
        write_sheets(pictures, overlays)
    if not truth:
        return {}
    rows = {}
    for name in FINDERS:
        score = score_panels(list(zip(found[name], truth, strict=True)))
        on_true = score_order(given[name])
        whole_path = score_order(
            [found_order(f, t) for f, t in zip(found[name], truth, strict=True)]
        )
        rows[name] = {
            "n_pages": score.n_pages,
            "n_panels": score.at[0.5].n_true,
            "f1_50": score.at[0.5].f1,
            "f1_75": score.at[0.75].f1,
            "f1_90": score.at[0.9].f1,
            "precision_50": score.at[0.5].precision,
            "recall_50": score.at[0.5].recall,
            "mean_page_f1_50": score.mean_f1[0.5],
            "exact": score.exact,
            "order_exact_true_boxes": on_true.exact,
            "order_exact_chance": on_true.exact_chance,
            "order_pairwise_true_boxes": on_true.pairwise,
            "order_exact_end_to_end": whole_path.exact,
            "order_pairwise_end_to_end": whole_path.pairwise,
            "ms_median": 1000 * float(np.median(seconds[name])),
            "ms_p95": 1000 * float(np.quantile(seconds[name], 0.95)),
        }
    return {
        name: {
            k: None if v != v or (k.startswith("order") and not is_ordered) else round(v, 4)
            for k, v in row.items()
        }
        for name, row in rows.items()
    }


def print_row(source: str, name: str, row: dict[str, float | int | None]) -> None:
    """Print one line of the table."""

    def show(key: str) -> str:
        value = row[key]
        return "    -" if value is None else f"{value:5.3f}"

    print(
        f"{source:<26} {name:<10} {row['n_pages']:>5} {row['n_panels']:>6}  "
        f"{show('f1_50')}/{show('f1_75')}/{show('f1_90')}  {show('precision_50')} "
        f"{show('recall_50')}  {show('exact')}  {show('order_exact_true_boxes')} "
        f"{show('order_pairwise_true_boxes')}  {show('order_exact_end_to_end')} "
        f"{show('order_pairwise_end_to_end')}  {row['ms_median']:6.1f}",
        flush=True,
    )


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--comics", type=Path, default=SHARED / "comics")
    parser.add_argument("--hard", type=int, default=100, help="number of drawn hard pages")
    parser.add_argument("--only", default="", help="only sources whose name starts with this")
    parser.add_argument("--overlays", type=Path, help="folder for contact sheets")
    parser.add_argument("--output", type=Path, default=RESULTS / "panels.json")
    arguments = parser.parse_args()
    comics: Path = arguments.comics
    sources: dict[str, Iterator[TruePage]] = {}
    for label, folder in (
        ("peppercarrot en", "peppercarrot/pages/en"),
        ("peppercarrot fr", "peppercarrot/pages/fr"),
        ("peppercarrot ja", "peppercarrot/pages/ja"),
        ("mimi_eunice", "mimi_eunice/strips"),
        ("haruko", "idpf_epub3/haruko_manga"),
    ):
        for split in ("train", "val"):
            sources[f"{label} {split}"] = real_pages(comics, folder, split)
    sources["hard pages, unseen seeds"] = hard_pages(comics, arguments.hard)
    if "composed".startswith(arguments.only[:8]):
        art = load_art(comics, np.random.default_rng(FIRST_COMPOSED_SEED), n_drawn_books=12)
        for landscape, shape in ((False, "portrait"), (True, "landscape")):
            pages = composed_pages(art, arguments.hard, landscape=landscape)
            sources[f"composed, {shape}"] = pages
    for mix, direction in (("western", "ltr"), ("manga", "rtl"), ("webtoon", "ttb")):
        sources[f"drawn {mix}"] = drawn_pages(mix, Direction(direction), arguments.hard // 8)
    print(
        f"{'source':<26} {'finder':<10} pages panels  F1 .5/.75/.9        P@.5  R@.5   exact  "
        "order on true  end to end   ms\n"
        f"{'':<92}  exact pairs  exact pairs"
    )
    results = {}
    for source, pages in sources.items():
        if not source.startswith(arguments.only):
            continue
        sheet = arguments.overlays / source.replace(" ", "_") if arguments.overlays else None
        rows = measure(pages, sheet)
        if not rows:
            continue
        results[source] = rows
        for name, row in rows.items():
            print_row(source, name, row)
    arguments.output.parent.mkdir(parents=True, exist_ok=True)
    arguments.output.write_text(
        json.dumps(
            {"machine": machine(), "first_hard_seed": FIRST_HARD_SEED, "sources": results}, indent=1
        )
        + "\n"
    )


if __name__ == "__main__":
    main()
