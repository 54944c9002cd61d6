"""Draws story books by the hundred and keeps what encoders need of them: crops, truth, summaries.

    python -m training.story_books FOLDER [--first SEED] [--books N]

Drawing is the slow part of learning from synthetic stories, and encoders change: so drawn panels
are kept as 256 x 256 JPEGs, which is what the picture encoder reads, and features are made from
them afterwards (training/corpora.py). A book is one file and takes about two seconds; a second run
skips what is there. Seeds: from TRAIN_SEED on for training, TUNE_SEED for choosing, TEST_SEED for
the benchmark only.
"""

from __future__ import annotations

import argparse
import io
import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from longbox.book import AnnotatedBook, Direction
from longbox.encoders import crop_panel
from longbox.synthetic import MIXES, BookRecipe, Style, draw_book

TRAIN_SEED = 1_000_000
TUNE_SEED = 2_000_000
TEST_SEED = 3_000_000
SIDE = 256
QUALITY = 88
_LANGUAGES = ("en",) * 10 + ("fr", "fr", "es", "es", "de", "de", "ja")


@dataclass(frozen=True, slots=True)
class StoryBook:
    """A drawn book without its pages: truth, one crop and one summary a panel."""

    annotated: AnnotatedBook
    crops: tuple[bytes, ...]
    summaries: tuple[str, ...]

    def pixels(self) -> list[NDArray[np.uint8]]:
        """Decode the crops, each uint8 (256, 256, 3)."""
        return [np.asarray(Image.open(io.BytesIO(c)).convert("RGB")) for c in self.crops]


def story_recipe(seed: int) -> BookRecipe:
    """Return the recipe of a seed's book: every style, language, direction and layout mix."""
    rng = random.Random(f"story-book-{seed}")
    language = rng.choice(_LANGUAGES)
    directions = [Direction.LTR, Direction.LTR, Direction.TTB]
    direction = Direction.RTL if language == "ja" else rng.choice(directions)
    mixes = sorted(set(MIXES) - {"webtoon", "everything"})
    return BookRecipe(
        seed=seed,
        n_pages=rng.randint(8, 20),
        direction=direction,
        style=rng.choice(list(Style)),
        layouts=rng.choice(mixes),
        language=language,
        page_width=480,
        page_height=1200 if direction is Direction.TTB else 680,
        text_density=rng.choice((1.0, 1.0, 0.8)),
        matter=False,
    )


def story_book(seed: int) -> StoryBook:
    """Draw the book of a seed."""
    book = draw_book(story_recipe(seed))
    crops: list[bytes] = []
    for page in book.truth.pages:
        pixels = book.pixels(page.page.index)
        for panel in page.panels:
            crop = Image.fromarray(np.ascontiguousarray(crop_panel(pixels, panel.box)))
            saved = io.BytesIO()
            crop.resize((SIDE, SIDE), Image.Resampling.BILINEAR).save(
                saved, "JPEG", quality=QUALITY
            )
            crops.append(saved.getvalue())
    summaries = tuple(story.summary for page in book.story for story in page)
    return StoryBook(book.truth, tuple(crops), summaries)


def book_path(folder: Path, seed: int) -> Path:
    """Return where a seed's book is kept."""
    return folder / f"{seed}.msgpack"


def read_story_book(path: Path) -> StoryBook:
    """Read a book back."""
    return msgspec.msgpack.decode(path.read_bytes(), type=StoryBook)


def draw_books(folder: Path, seeds: Sequence[int]) -> None:
    """Draw the books that are not there yet."""
    folder.mkdir(parents=True, exist_ok=True)
    for n, seed in enumerate(seeds, 1):
        path = book_path(folder, seed)
        if not path.exists():
            partial = path.with_suffix(".partial")
            partial.write_bytes(msgspec.msgpack.encode(story_book(seed)))
            partial.replace(path)
        if n % 50 == 0:
            print(f"{n} of {len(seeds)} books", flush=True)


def main() -> None:
    """Draw books."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--first", type=int, default=TRAIN_SEED)
    parser.add_argument("--books", type=int, default=1500)
    asked = parser.parse_args()
    draw_books(asked.folder, range(asked.first, asked.first + asked.books))


if __name__ == "__main__":
    main()
