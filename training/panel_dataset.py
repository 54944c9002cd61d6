"""Writes the pages that the panel networks are trained on.

    python -m training.panel_dataset FOLDER [--pages N] [--seed N] [--comics DIR]

Composed pages (panel_pages.py), one in six of real panels laid out anew (panel_relaid.py), one in
ten a whole page that longbox.synthetic drew, and the real pages of train works whose panels are
known. Pages are JPEG files of mixed quality; index.jsonl has
one line a page: file, and the outlines of its panels, those drawn later last. The index grows
while pages are made, so that training can begin at once; a second run goes on where it stopped.
About 80 ms a page on one core.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import cv2
import numpy as np

from longbox.book import Direction
from longbox.geometry import Box
from longbox.synthetic import MIXES, BookRecipe, Style, draw_book
from training.panel_art import load_art, read_picture
from training.panel_layouts import Polygon, rectangle
from training.panel_pages import TrainingPage, draw_page
from training.panel_relaid import load_lettered, relaid_page, ruled_strips

REPOSITORY = Path(__file__).resolve().parent.parent
INDEX = "index.jsonl"
ART_SEED = 0
REAL = "real-"
REAL_SHARE = 0.12
"""Share of the pages picked that are real; there are few of them and they are much alike."""
REFRESH_S = 30.0
PAGES_A_BOOK = 6


class TrainingPages:
    """The pages that a folder holds so far; the index is read again while more are made."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._real: list[str] = []
        self._made: list[str] = []
        self._read_at = -1e9

    def pick(self, rng: np.random.Generator) -> TrainingPage:
        """Return a random page."""
        if time.monotonic() - self._read_at > REFRESH_S:
            text = (self._folder / INDEX).read_text()
            lines = text[: text.rfind("\n")].splitlines()
            self._real = [line for line in lines if f'"file": "{REAL}' in line]
            self._made = [line for line in lines if f'"file": "{REAL}' not in line]
            self._read_at = time.monotonic()
        lines = self._real if rng.random() < REAL_SHARE else self._made
        row = json.loads(lines[int(rng.integers(len(lines)))])
        pixels = cv2.imread(str(self._folder / row["file"]), cv2.IMREAD_COLOR_RGB)
        return TrainingPage(pixels, tuple(np.array(panel) for panel in row["panels"]))


def write_page(folder: Path, name: str, page: TrainingPage, quality: int) -> None:
    """Write a page's picture, then its line in the index."""
    file = folder / f"{name}.jpg"
    cv2.imwrite(str(file), page.pixels[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])
    line = {
        "file": file.name,
        "height": page.pixels.shape[0],
        "width": page.pixels.shape[1],
        "panels": [np.round(p, 1).tolist() for p in page.panels],
    }
    with (folder / INDEX).open("a") as index:
        index.write(json.dumps(line) + "\n")


def real_pages(comics: Path) -> Iterator[tuple[str, TrainingPage]]:
    """Yield the pages of train works with known panels."""
    for line in (comics / "index.jsonl").read_text().splitlines():
        row = json.loads(line)
        if row["split"] == "train" and row["panels"]:
            boxes = [Box(*(float(v) for v in box)) for box in row["panels"]]
            name = REAL + row["image"].replace("/", "-").rsplit(".", 1)[0]
            yield name, TrainingPage(read_picture(comics / row["image"]), in_drawing_order(boxes))
    for stem, strip, outlines in ruled_strips(comics):
        yield f"{REAL}strip-{stem}", TrainingPage(strip, outlines)


def in_drawing_order(boxes: Sequence[Box]) -> tuple[Polygon, ...]:
    """Return boxes as polygons, the largest first: what lies over another is smaller."""
    ordered = sorted(boxes, key=lambda box: -box.area)
    return tuple(rectangle(*box.as_tuple()) for box in ordered)


def drawn_book(seed: int) -> Iterator[TrainingPage]:
    """Yield story pages of a book that Longbox drew."""
    rng = np.random.default_rng(seed)
    mix = str(rng.choice(list(MIXES)))
    direction = Direction.TTB if mix == "webtoon" else Direction(str(rng.choice(["ltr", "rtl"])))
    recipe = BookRecipe(
        seed=seed,
        n_pages=PAGES_A_BOOK,
        direction=direction,
        style=list(Style)[int(rng.integers(len(Style)))],
        layouts=mix,
        language=str(rng.choice(["en", "fr", "es", "de", "ja"])),
        matter=False,
        page_width=800,
        page_height=1150 if mix != "webtoon" else 1500,
    )
    book = draw_book(recipe)
    for page in book.truth.pages:
        if page.panels:
            boxes = [panel.box for panel in page.panels]
            yield TrainingPage(book.pixels(page.page.index), in_drawing_order(boxes))


def main() -> None:
    """Write what is missing."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--pages", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1_000_000)
    parser.add_argument("--comics", type=Path, default=REPOSITORY.parent / "shared" / "comics")
    arguments = parser.parse_args()
    folder: Path = arguments.folder
    folder.mkdir(parents=True, exist_ok=True)
    index = folder / INDEX
    there = (
        {json.loads(line)["file"] for line in index.read_text().splitlines()}
        if index.exists()
        else set()
    )
    cv2.setNumThreads(1)
    for name, page in real_pages(arguments.comics):
        if f"{name}.jpg" not in there:
            write_page(folder, name, page, quality=92)
    art = load_art(arguments.comics, np.random.default_rng(ART_SEED))
    lettered = load_lettered(arguments.comics, np.random.default_rng(ART_SEED))
    for seed in range(arguments.seed, arguments.seed + arguments.pages):
        quality = int(np.random.default_rng(seed).integers(45, 96))
        if f"{seed}.jpg" not in there:
            write_page(folder, str(seed), draw_page(art, seed), quality)
        if seed % 5 == 0 and f"relaid-{seed}.jpg" not in there:
            pixels, outlines = relaid_page(lettered, np.random.default_rng([seed, 1]))
            write_page(folder, f"relaid-{seed}", TrainingPage(pixels, outlines), quality)
        # One in ten is a page of a drawn book.
        if seed % (9 * PAGES_A_BOOK) == 0 and f"book-{seed}-0.jpg" not in there:
            for n, page in enumerate(drawn_book(seed)):
                write_page(folder, f"book-{seed}-{n}", page, quality)


if __name__ == "__main__":
    main()
