"""One whole query on 100,000 panels in a warm process: encode, ask every space, fuse, fold.

    python benchmarks/whole_search.py [--panels 100000] [--queries 100]

The library is the one that benchmarks/search.py draws, with the default encoders' own sizes and
fingerprints, so that the real Searcher answers: words (sentence space, word and substring search),
a picture (picture space), both, and a panel of the library (every space it has, composition with
weight 1). Pictures are crops of drawn panels; their answers mean nothing, their time does.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from PIL import Image

import search
from longbox.config import Config
from longbox.encoders import crop_panel, picture_encoder, sentence_encoder
from longbox.library import Library
from longbox.retrieval import (
    PanelTerm,
    PictureTerm,
    Searcher,
    SearchRequest,
    Term,
    WordsTerm,
)
from longbox.synthetic import BookRecipe, draw_book
from longbox.vectors import Space
from report import table, write


def draw_crops(folder: Path, n: int, rng: np.random.Generator) -> list[Path]:
    """Write crops of the panels of a drawn book as picture files."""
    book = draw_book(BookRecipe(seed=1, n_pages=6))
    crops = [
        crop_panel(book.pixels(page.page.index), panel.box) for page, panel in book.truth.panels()
    ]
    paths = []
    for number in range(n):
        crop = crops[int(rng.integers(len(crops)))]
        y, x = (int(rng.integers(0, side // 5 + 1)) for side in crop.shape[:2])
        paths.append(folder / f"{number}.png")
        Image.fromarray(crop[y:, x:]).save(paths[-1])
    return paths


def milliseconds(searcher: Searcher, requests: list[SearchRequest]) -> list[float]:
    """Time each request after three that are not counted."""
    times = []
    for request in [*requests[:3], *requests]:
        start = time.perf_counter()
        searcher.search(request)
        times.append(1000 * (time.perf_counter() - start))
    return times[3:]


def main() -> None:
    """Build, ask and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--panels", type=int, default=100_000)
    parser.add_argument("--queries", type=int, default=100)
    args = parser.parse_args()
    pictures, sentences = picture_encoder(), sentence_encoder()
    search.DIMENSIONS[Space.VISION] = pictures.dimension
    search.FINGERPRINTS.update(
        {Space.VISION: pictures.fingerprint, Space.TEXT: sentences.fingerprint}
    )
    rng = np.random.default_rng(search.SEED)
    with TemporaryDirectory() as scratch:
        root = Path(scratch) / "library"
        truth, _ = search.build(root, args.panels)
        crops = draw_crops(Path(scratch), args.queries, rng)
        rows = rng.integers(0, len(truth.texts), args.queries)
        words = [" ".join(truth.texts[row].split()[:4]) for row in rows]
        with Library.open(root) as library:
            ids = [r.panel_id for r in library.panel_records([int(row) + 1 for row in rows])]
            kinds: dict[str, Callable[[int], tuple[Term, ...]]] = {
                "words": lambda i: (WordsTerm(words[i]),),
                "picture": lambda i: (PictureTerm(crops[i]),),
                "words and picture": lambda i: (WordsTerm(words[i]), PictureTerm(crops[i])),
                "all spaces and words": lambda i: (
                    WordsTerm(words[i]),
                    PanelTerm(ids[i % len(ids)]),
                ),
            }
            searcher = Searcher(library, Config())
            result = []
            for name, terms in kinds.items():
                weights = {"composition": 1.0} if name.startswith("all") else {}
                requests = [
                    SearchRequest(terms(i), k=10, weights=weights) for i in range(args.queries)
                ]
                times = milliseconds(searcher, requests)
                p50, p95 = np.percentile(times, [50, 95])
                result.append({"query": name, "p50 ms": p50, "p95 ms": p95, "max ms": max(times)})
    print(table(result))
    write("whole_search", {"panels": args.panels, "queries": args.queries, "rows": result})


if __name__ == "__main__":
    main()
