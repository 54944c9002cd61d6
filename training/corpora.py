"""Corpora to train and to score stages 3 and 4 on: features of drawn, real and spoken stories.

    python -m training.corpora STORIES --cache DIR [--comics DIR] [--dialogue FILE]

Features of frozen encoders are computed once: a drawn book (training/story_books.py), a work of the
real comics in one language, or an episode of spoken dialogue becomes one file of the cache. Real
works use true boxes where they are marked and our own detector elsewhere, and true lettering where
it is transcribed, else none. Every strip of a collection is a book of its own, so that a window
never runs from one joke into the next; all share their series. An episode of dialogue is a book
whose panels have lettering only: pictures are masked. `Corpora` says what may be used for what:
`val` works and TEST_SEED books are scored, never chosen by.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import json
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from benchmarks.report import SHARED
from numpy.typing import NDArray
from PIL import Image

from longbox.book import (
    AnnotatedBook,
    AnnotatedPage,
    Book,
    Direction,
    DirectionSource,
    Metadata,
    Page,
    PageLabel,
    PageType,
    Panel,
    TextKind,
    TextRegion,
)
from longbox.encoders import (
    PictureEncoder,
    SentenceEncoder,
    crop_panel,
    picture_encoder,
    sentence_encoder,
)
from longbox.features import BookFeatures
from longbox.geometry import Box
from longbox.panels import find_panels
from training.feature_files import features_of, load_features, pictures_of, save_features
from training.story_books import TEST_SEED, TUNE_SEED, read_story_book

_TUNE_WORKS = ("peppercarrot-ep05", "peppercarrot-ep13", "peppercarrot-ep18")
_TUNE_STRIPS = 8  # every eighth strip of the train collection
Record = dict[str, Any]
_SHORTEST_CAPTION = 12
_N_TURNS = 400  # of an episode of some 2,500, from its middle
_SHORTEST_TURN = 12


@dataclass(frozen=True, slots=True)
class Corpora:
    """Books by use. `tune` chooses checkpoints and settings; val and test are only scored."""

    drawn: list[BookFeatures]
    drawn_tune: list[BookFeatures]
    drawn_test: list[BookFeatures]
    real: list[BookFeatures]
    real_tune: list[BookFeatures]
    real_val: list[BookFeatures]
    spoken: list[BookFeatures]
    spoken_tune: list[BookFeatures]


def load_corpora(cache: Path, n_drawn: int | None = None) -> Corpora:
    """Read the cache; n_drawn limits the drawn training books."""

    def books(pattern: str) -> list[BookFeatures]:
        return [load_features(p) for p in sorted(cache.glob(pattern))]

    drawn = sorted(cache.glob("drawn-*.npz"))
    seeds = {p: int(p.stem.split("-")[1]) for p in drawn}
    train = [p for p in drawn if seeds[p] < TUNE_SEED][:n_drawn]
    real = books("real-train-*.npz")
    is_tune = [_is_tune(b) for b in real]
    return Corpora(
        [load_features(p) for p in train],
        [load_features(p) for p in drawn if TUNE_SEED <= seeds[p] < TEST_SEED],
        [load_features(p) for p in drawn if seeds[p] >= TEST_SEED],
        [b for b, t in zip(real, is_tune, strict=True) if not t],
        [b for b, t in zip(real, is_tune, strict=True) if t],
        books("real-val-*.npz"),
        books("spoken-train-*.npz"),
        books("spoken-val-*.npz"),
    )


def _is_tune(book: BookFeatures) -> bool:
    if any(book.book_id.startswith(w) for w in _TUNE_WORKS):
        return True
    is_strip = book.series in ("mimi", "poignant")
    digest = int(hashlib.sha256(book.book_id.encode()).hexdigest(), 16)
    return is_strip and digest % _TUNE_STRIPS == 0


class Makers:
    """The encoders of a cache; one thread each, loaded once."""

    def __init__(self) -> None:
        self.pictures: PictureEncoder = picture_encoder(n_threads=1)
        self.sentences: SentenceEncoder = sentence_encoder(n_threads=1)


def make_drawn(stories: Path, cache: Path, makers: Makers) -> None:
    """Make features of every drawn book that lacks them."""
    paths = sorted(stories.glob("*.msgpack"))
    started = time.monotonic()
    for n, path in enumerate(paths, 1):
        target = cache / f"drawn-{path.stem}.npz"
        if target.exists():
            continue
        book = read_story_book(path)
        vision = pictures_of(book.pixels(), makers.pictures)
        features = features_of(book.annotated, vision, makers.sentences, book.summaries)
        save_features(target, features)
        if n % 50 == 0:
            print(
                f"{n} of {len(paths)} drawn books, {time.monotonic() - started:.0f} s", flush=True
            )


def make_real(comics: Path, cache: Path, makers: Makers) -> None:
    """Make features of the real works."""
    for name, split, rows in _works(comics):
        target = cache / f"real-{split}-{name}.npz"
        if target.exists():
            continue
        annotated, pixels = _annotated(comics, name, rows)
        crops = _crops(annotated, pixels)
        vision = pictures_of(crops, makers.pictures)
        save_features(target, features_of(annotated, vision, makers.sentences))
        print(f"{target.stem}: {annotated.n_panels} panels", flush=True)


def panel_pixels(comics: Path, book_id: str) -> list[NDArray[np.uint8]]:
    """Cut the panels of a real book of the cache, in the order of its features."""
    for name, _, rows in _works(comics):
        if name == book_id:
            return _crops(*_annotated(comics, name, rows))
    raise ValueError(f"{book_id} is not among the comics of {comics}")


def _crops(
    annotated: AnnotatedBook, pixels: Sequence[NDArray[np.uint8]]
) -> list[NDArray[np.uint8]]:
    return [
        np.ascontiguousarray(crop_panel(page, panel.box))
        for page, seen in zip(pixels, annotated.pages, strict=True)
        for panel in seen.panels
    ]


def _works(comics: Path) -> Iterator[tuple[str, str, list[Record]]]:
    """Yield works in one language each, strips one by one."""
    found: dict[tuple[str, str], list[Record]] = {}
    with (comics / "index.jsonl").open(encoding="utf-8") as lines:
        for line in lines:
            row = json.loads(line)
            if row["role"] in ("header", "cover"):
                continue
            name = f"{row['work']}-{row['lang']}"
            if row["role"] == "strip":
                name += f"-{Path(row['image']).stem}"
            found.setdefault((name, row["split"]), []).append(row)
    for (name, split), rows in sorted(found.items()):
        yield name, split, sorted(rows, key=lambda r: r["page"])


def _annotated(
    comics: Path, name: str, rows: Sequence[Record]
) -> tuple[AnnotatedBook, list[NDArray[np.uint8]]]:
    direction = Direction(rows[0]["direction"])
    pages, pictures = [], []
    for index, row in enumerate(rows):
        pixels = np.asarray(Image.open(comics / row["image"]).convert("RGB"))
        height, width = pixels.shape[:2]
        page = Page(index, row["image"], f"{index:064x}", width, height)
        if row["panels"]:
            boxes = enumerate(row["panels"])
            panels = tuple(Panel(Box(*box), i, 1.0, "truth") for i, box in boxes)
        else:
            panels = find_panels(pixels, direction)
        texts = _texts(row, panels)
        label = PageLabel(PageType.STORY, 1.0, "truth")
        pages.append(AnnotatedPage(page, panels, texts, label))
        pictures.append(pixels)
    series = name.split("-")[0]
    book = Book(
        name,
        name,
        "folder",
        Metadata(series=series, language=rows[0]["lang"]),
        direction,
        DirectionSource.METADATA,
        tuple(p.page for p in pages),
    )
    return AnnotatedBook(book, tuple(pages)), pictures


def _texts(row: Record, panels: Sequence[Panel]) -> tuple[TextRegion, ...]:
    texts = []
    for order, text in enumerate(row["texts"] or ()):
        box = Box(*text["box"])
        inside = max(panels, key=lambda p: box.intersection_area(p.box), default=None)
        is_in = inside is not None and box.intersection_area(inside.box) > 0
        where = inside.order if inside is not None and is_in else None
        kind = _kind(row, text, box)
        texts.append(TextRegion(box, text["text"], 1.0, kind, "truth", where, order, row["lang"]))
    return tuple(texts)


def _kind(row: Record, text: Record, box: Box) -> TextKind:
    """Tell the kind: by speaker or balloon where marked, else long lettering is a caption."""
    if text.get("speaker"):
        return TextKind.SOUND_EFFECT if text["speaker"] == "SFX" else TextKind.DIALOGUE
    balloons = [Box(*b["box"]) for b in row.get("bubbles") or ()]
    if any(box.covered_by(b) > 0.5 for b in balloons):
        return TextKind.DIALOGUE
    if len(text["text"]) < _SHORTEST_CAPTION:
        return TextKind.SOUND_EFFECT
    return TextKind.CAPTION if balloons else TextKind.DIALOGUE


def make_spoken(dialogue: Path, cache: Path, sentences: SentenceEncoder) -> None:
    """Make features of a stretch of every episode; its test split is not used."""
    with gzip.open(dialogue, "rt", encoding="utf-8") as lines:
        for line in lines:
            episode = json.loads(line)
            target = cache / f"spoken-{episode['split']}-{episode['episode']}.npz"
            if episode["split"] == "test" or target.exists():
                continue
            turns = [t for t in episode["turns"] if len(t[1]) >= _SHORTEST_TURN]
            start = max(0, (len(turns) - _N_TURNS) // 2)
            annotated = _spoken_book(episode["episode"], turns[start : start + _N_TURNS])
            save_features(target, features_of(annotated, None, sentences))


def _spoken_book(name: str, turns: Iterable[Sequence[str]]) -> AnnotatedBook:
    label = PageLabel(PageType.STORY, 1.0, "truth")
    pages = []
    for index, (_, words) in enumerate(turns):
        box = Box(0, 0, 100, 100)
        page = Page(index, f"turn {index + 1}", f"{index:064x}", 100, 100)
        text = TextRegion(box, words, 1.0, TextKind.DIALOGUE, "truth", 0, 0, "en")
        pages.append(AnnotatedPage(page, (Panel(box, 0, 1.0, "truth"),), (text,), label))
    metadata = Metadata(series=name, language="en")
    book = Book(
        name,
        name,
        "folder",
        metadata,
        Direction.LTR,
        DirectionSource.METADATA,
        tuple(p.page for p in pages),
    )
    return AnnotatedBook(book, tuple(pages))


def main() -> None:
    """Fill the cache."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("stories", type=Path)
    parser.add_argument("--cache", type=Path, required=True)
    parser.add_argument("--comics", type=Path, default=SHARED / "comics")
    parser.add_argument(
        "--dialogue", type=Path, default=SHARED / "dialogue" / "adventure-dialogue.jsonl.gz"
    )
    asked = parser.parse_args()
    asked.cache.mkdir(parents=True, exist_ok=True)
    makers = Makers()
    make_real(asked.comics, asked.cache, makers)
    make_spoken(asked.dialogue, asked.cache, makers.sentences)
    make_drawn(asked.stories, asked.cache, makers)


if __name__ == "__main__":
    main()
