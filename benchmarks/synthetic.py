"""How fast synthetic books are planned and drawn, by style and direction.

Usage: python benchmarks/synthetic.py [--pages 12] [--seed 0]
Prints a table and writes benchmarks/results/synthetic.json. Times are process time on one core.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import time
from pathlib import Path

from longbox.book import Direction
from longbox.synthetic import BookRecipe, Style, draw_book

RESULTS = Path(__file__).parent / "results" / "synthetic.json"


def measure(recipe: BookRecipe) -> dict[str, float]:
    """Return milliseconds a page: planning, and drawing (median and worst)."""
    start = time.process_time()
    book = draw_book(recipe)
    planned = (time.process_time() - start) / max(book.n_pages, 1)
    drawn = []
    for index in range(book.n_pages):
        start = time.process_time()
        book.pixels(index)
        drawn.append(time.process_time() - start)
    return {
        "plan_ms": round(planned * 1000, 1),
        "draw_median_ms": round(statistics.median(drawn) * 1000, 1),
        "draw_worst_ms": round(max(drawn) * 1000, 1),
    }


def main() -> None:
    """Measure every style, and the webtoon."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pages", type=int, default=12)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    draw_book(BookRecipe(n_pages=1)).pixels(0)  # fonts and phrases are read once
    recipes = {
        style.value: BookRecipe(
            seed=options.seed,
            n_pages=options.pages,
            style=style,
            layouts="everything",
            matter=False,
        )
        for style in Style
    }
    recipes["flat, webtoon 800 x 2400"] = BookRecipe(
        seed=options.seed, n_pages=options.pages, direction=Direction.TTB, matter=False
    )
    rows = {name: measure(recipe) for name, recipe in recipes.items()}
    print(f"{'style':28}{'plan ms':>9}{'draw ms':>9}{'worst ms':>10}")
    for name, row in rows.items():
        print(f"{name:28}{row['plan_ms']:>9}{row['draw_median_ms']:>9}{row['draw_worst_ms']:>10}")
    RESULTS.parent.mkdir(parents=True, exist_ok=True)
    record = {
        "machine": {"cores": os.cpu_count(), "python": platform.python_version()},
        "n_pages": options.pages,
        "seed": options.seed,
        "rows": rows,
    }
    RESULTS.write_text(json.dumps(record, indent=1) + "\n")


if __name__ == "__main__":
    main()
