"""In what order the texts of a page are read, beside plain baselines.

    python benchmarks/text_order.py
    python benchmarks/text_order.py --wrong       # also name the pages with a wrong transition

Sources: every page with two or more texts whose order is known. Pepper&Carrot in three languages
and Mimi & Eunice (exact texts; the order is that of the files' layers), climate frogs (a vertical
strip without panels), Haruko (balloons numbered by people within panels numbered by people), and
drawn books, seeds from 70,000 on, whose order is the story's. The texts' true boxes and the true
panels are given, so only ordering is measured. Where a page has no true panels, "found" ones are
used (the product's own), or none.

Columns: share of true transitions kept (neighbours that follow each other directly), share of
pairs in the right order, share of pages exactly right. Chance stands beside. Baselines in the same
run: by rows (rows of overlapping height, each read in the book's direction), and by panel and then
by the distance from the corner where the panel starts.

The order in Pepper&Carrot's and the frogs' index follows the lettering files and is partly
arbitrary: tops of texts sorted to the pixel, a noise drawn as six single letters, the same word
eight times around a fall. So "words" rows leave out texts of one word; panels are as found only
where the index has none.

Rules were chosen on rows marked train and on drawn books of other seeds; val is only reported.
"""

from __future__ import annotations

import argparse
import json
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

import report
from longbox.book import Direction, Panel, TextKind, TextRegion
from longbox.evaluation import given_order, score_order
from longbox.geometry import Box
from longbox.panels import find_panels
from longbox.synthetic import BookRecipe, Style, draw_book
from longbox.text import assign_to_panels, order_texts, panel_of

FIRST_DRAWN_SEED = 70_000
Order = Callable[[Sequence[TextRegion], Sequence[Panel], Direction], list[int]]


@dataclass(frozen=True, slots=True)
class TextPage:
    """One page: its texts in the true order, its panels."""

    source: str
    name: str
    texts: tuple[TextRegion, ...]
    panels: tuple[Panel, ...]
    direction: Direction


def ours(texts: Sequence[TextRegion], panels: Sequence[Panel], direction: Direction) -> list[int]:
    """Order as the product does, from a shuffled start."""
    start = np.random.default_rng(0).permutation(len(texts))
    assigned = assign_to_panels([texts[i] for i in start], panels)
    places = {text.box: int(i) for text, i in zip(assigned, start, strict=True)}
    return [places[text.box] for text in order_texts(assigned, panels, direction)]


def by_rows(
    texts: Sequence[TextRegion], panels: Sequence[Panel], direction: Direction
) -> list[int]:
    """Baseline: rows from the top, a text joins a row whose first text it overlaps by half."""
    del panels
    sign = -1 if direction is Direction.RTL else 1
    rows: list[list[int]] = []
    for i in sorted(range(len(texts)), key=lambda i: texts[i].box.y0):
        box = texts[i].box
        first = texts[rows[-1][0]].box if rows else None
        shared = min(first.y1, box.y1) - max(first.y0, box.y0) if first else -1.0
        if first and shared > 0.5 * min(first.height, box.height):
            rows[-1].append(i)
        else:
            rows.append([i])
    return [i for row in rows for i in sorted(row, key=lambda i: sign * texts[i].box.x0)]


def by_corner(
    texts: Sequence[TextRegion], panels: Sequence[Panel], direction: Direction
) -> list[int]:
    """Baseline: by panel, then by distance of the starting corners."""
    by_number = {panel.order: panel.box for panel in panels}
    whole = Box(0, 0, max(t.box.x1 for t in texts), max(t.box.y1 for t in texts))

    def key(i: int) -> tuple[float, float]:
        box = texts[i].box
        home = panel_of(box, panels)
        if home is None and panels:
            home = min(panels, key=lambda p: math.dist(p.box.center, box.center)).order
        start = by_number[home] if home is not None else whole
        across = start.x1 - box.x1 if direction is Direction.RTL else box.x0 - start.x0
        return (-1 if home is None else home, math.hypot(across, box.y0 - start.y0))

    return sorted(range(len(texts)), key=key)


def real_pages(comics: Path) -> Iterator[TextPage]:
    """Pages of the comics folder with ordered texts."""
    for line in (comics / "index.jsonl").read_text(encoding="utf-8").splitlines():
        record = json.loads(line)
        boxes = _ordered_boxes(record)
        if len(boxes) < 2:
            continue
        direction = Direction(record["direction"])
        source = f"{record['source']} {record['lang']} {record['split']}"
        if record.get("panels"):
            panels = _panels(record["panels"])
        else:
            pixels = np.asarray(Image.open(comics / record["image"]).convert("RGB"))
            panels = find_panels(pixels, direction)
            source += " (panels found)"
        yield TextPage(source, record["image"], _texts(boxes), panels, direction)
        worded = _ordered_boxes(record, min_words=2)
        if record["source"] == "peppercarrot" and len(worded) >= 2:
            yield TextPage(f"{source}, words", record["image"], _texts(worded), panels, direction)


def _ordered_boxes(record: dict[str, Any], min_words: int = 1) -> list[Box]:
    if record.get("texts"):
        texts = sorted(record["texts"], key=lambda t: t["order"])
        texts = [t for t in texts if _n_words(t["text"], record["lang"]) >= min_words]
        return _distinct([Box(*map(float, t["box"])) for t in texts])
    numbered = [b for b in record.get("bubbles") or [] if b.get("order") is not None]
    numbered.sort(key=lambda b: (b["panel"], b["order"]))
    return _distinct([Box(*map(float, b["box"])) for b in numbered])


def _n_words(text: str, language: str) -> int:
    """Words, or in Japanese three characters for one."""
    return max(1, len(text) // 3 if language == "ja" else len(text.split()))


def _n_words(text: str, language: str) -> int:
    """Words, or in Japanese three characters for one."""
    return max(1, len(text) // 3 if language == "ja" else len(text.split()))


def _distinct(boxes: list[Box]) -> list[Box]:
    return list(dict.fromkeys(boxes))


def _texts(boxes: Sequence[Box]) -> tuple[TextRegion, ...]:
    return tuple(
        TextRegion(box, "x", 1.0, TextKind.DIALOGUE, "truth", None, i)
        for i, box in enumerate(boxes)
    )


def _panels(boxes: Sequence[Sequence[float]]) -> tuple[Panel, ...]:
    return tuple(Panel(Box(*map(float, b)), i, 1.0, "truth") for i, b in enumerate(boxes))


def drawn_pages(n_books: int, first_seed: int = FIRST_DRAWN_SEED) -> Iterator[TextPage]:
    """Pages of drawn books; only their truth is made, nothing is drawn."""
    kinds = {
        "drawn manga": (Direction.RTL, "ja", "manga"),
        "drawn western": (Direction.LTR, "en", "western"),
        "drawn wild": (Direction.LTR, "fr", "wild"),
        "drawn webtoon": (Direction.TTB, "en", "webtoon"),
    }
    for source, (direction, language, mix) in kinds.items():
        for seed in range(first_seed, first_seed + n_books):
            recipe = BookRecipe(
                seed=seed, n_pages=12, direction=direction, style=Style.FLAT, layouts=mix,
                language=language, matter=False,
            )  # fmt: skip
            for page in draw_book(recipe).truth.pages:
                if len(page.texts) >= 2:
                    name = f"{source} {seed} page {page.page.index + 1}"
                    yield TextPage(source, name, page.texts, page.panels, direction)


ORDERS: dict[str, Order] = {
    "ours": ours,
    "by rows": by_rows,
    "by panel, nearest corner": by_corner,
}


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--comics", type=Path, default=report.SHARED / "comics")
    parser.add_argument("--books", type=int, default=20, help="drawn books of each sort")
    parser.add_argument("--wrong", action="store_true", help="name pages with a wrong transition")
    args = parser.parse_args()
    real = real_pages(args.comics) if (args.comics / "index.jsonl").is_file() else ()
    groups: dict[str, list[TextPage]] = {}
    for page in (*real, *drawn_pages(args.books)):
        groups.setdefault(page.source, []).append(page)
    rows = []
    for source, pages in sorted(groups.items()):
        for name, order in ORDERS.items():
            orders = [given_order(order(p.texts, p.panels, p.direction)) for p in pages]
            score = score_order(orders)
            rows.append(
                {
                    "source": source,
                    "order": name,
                    "pages": score.n_pages,
                    "transitions": score.n_transitions,
                    "transition": score.transition,
                    "chance": score.transition_chance,
                    "pairwise": score.pairwise,
                    "pairwise_chance": 0.5,
                    "exact": score.exact,
                    "exact_chance": score.exact_chance,
                }
            )
            if args.wrong and name == "ours":
                for page, one in zip(pages, orders, strict=True):
                    if score_order([one]).transition < 1:
                        print(page.name, one.ranks)
    print(report.table(rows))
    report.write("text_order", {"first_drawn_seed": FIRST_DRAWN_SEED, "rows": rows})


if __name__ == "__main__":
    main()
