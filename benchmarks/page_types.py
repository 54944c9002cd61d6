"""How well page types and hygiene flags are found, beside rules, majority and shuffled labels.

    python -m benchmarks.page_types [--comics DIR] [--books N] [--pipeline N] [--only SPLIT ...]

Splits, each by whole books:

- drawn, new seeds: bound as training binds them, of seeds, stories and words in orders never
  trained on, but in styles, layouts and templates that were.
- drawn, held out: a style, layouts and one template of every page type that training never sees.
  The first split flatters, because the same program drew the training books; this one is the
  honest figure for drawn pages.
- drawn, held out, pipeline (--pipeline): the same, with panels found and lettering read instead
  of the truth with noise.
- real: pages of the val works with their roles (header is a title page). Few are anything but
  story, so accuracy says little; the table of counts says which were missed.

Flags are scored on drawn books with planted cases: pages scanned twice, spreads, empty and dirty
pages, prose, stamps of an address, whole books of prose and code.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import random
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from benchmarks.report import SHARED, table, write
from numpy.typing import NDArray
from PIL import Image
from training.page_type_data import SourcePage, drawn_source, noisy, real_sources

from longbox.book import (
    AnnotatedBook,
    AnnotatedPage,
    Book,
    Direction,
    DirectionSource,
    Metadata,
    PageFlag,
    PageType,
    TextKind,
    TextRegion,
)
from longbox.config import Config
from longbox.encoders import crop_panel, picture_encoder, sentence_encoder
from longbox.evaluation import confusion, f1_by_type, majority, score_page_types, shuffled
from longbox.geometry import Box
from longbox.page_types import SequenceModel, flag_pages, label_book, look_at
from longbox.pipeline import PageStages
from longbox.pipeline.page_labels import book_sight
from longbox.pipeline.pages import picture_hash
from longbox.synthetic import Habit, plan_types

FIRST_SEED = 50_000
SPLITS = ("new", "held_out", "real", "flags")
Pixels = NDArray[np.uint8]


@dataclass(frozen=True, slots=True, eq=False)
class TestBook:
    """A book with its pixels, and its pages' true types as labels."""

    truth: AnnotatedBook
    pixels: tuple[Pixels, ...]

    @property
    def types(self) -> list[PageType]:
        """The true types."""
        return [p.label.page_type for p in self.truth.pages]


def as_book(name: str, pages: Sequence[SourcePage]) -> TestBook:
    """Put pages into a book, numbered."""
    numbered = [
        replace(p.page, page=replace(p.page.page, index=i, digest=f"{i:064x}"))
        for i, p in enumerate(pages)
    ]
    book = Book(
        hashlib.sha256(name.encode()).hexdigest()[:16],
        name,
        "cbz",
        Metadata(),
        Direction.LTR,
        DirectionSource.GUESS,
        tuple(p.page for p in numbered),
    )
    return TestBook(AnnotatedBook(book, tuple(numbered)), tuple(p.pixels for p in pages))


def bound_book(seed: int, *, held_out: bool) -> TestBook:
    """Draw a source and bind one book of its pages."""
    rng = random.Random(f"bound-{seed}")
    _, pages = drawn_source(seed, held_out=held_out)
    by_type: dict[PageType, list[SourcePage]] = {}
    for page in pages:
        by_type.setdefault(page.page.label.page_type, []).append(page)
    for pool in by_type.values():
        rng.shuffle(pool)
    story = [*by_type.pop(PageType.STORY, []), *by_type.pop(PageType.SPLASH, [])]
    rng.shuffle(story)
    chosen = []
    habits = [h for h in Habit if h is not Habit.NO_COMIC]
    for page_type in plan_types(rng.choice(habits), rng):
        pool = story if page_type is PageType.STORY else by_type.get(page_type, [])
        if pool:  # a source has a few pages of each type; the rest of the plan is left out
            chosen.append(pool.pop())
    return as_book(f"drawn-{seed}", chosen)


def real_books(comics: Path) -> list[TestBook]:
    """Return the val works with roles, one book a work and language."""
    return [
        as_book(name, pages)
        for name, _, pages in real_sources(comics, 0, split="val")
        if name != "mimi_eunice"
    ]


class Labeller:
    """Labels books by the model and by rules, from truth with noise or through the pipeline."""

    def __init__(self, n_threads: int) -> None:
        """Open encoders and model."""
        self.pictures = picture_encoder(n_threads=n_threads)
        self.sentences = sentence_encoder(n_threads=n_threads)
        self.model = SequenceModel(n_threads=n_threads)
        self.stages = PageStages(Config(), n_threads)

    def label(
        self, test: TestBook, *, pipeline: bool, noise: random.Random | None
    ) -> tuple[AnnotatedBook, AnnotatedBook]:
        """Return the book labelled by the model, and by rules."""
        seen = [
            self._see(page, pixels, test.truth.book, pipeline=pipeline, noise=noise)
            for page, pixels in zip(test.truth.pages, test.pixels, strict=True)
        ]
        annotated = replace(test.truth, pages=tuple(seen))
        rows = [
            self.pictures.encode([crop_panel(px, p.box) for p in page.panels])
            for page, px in zip(seen, test.pixels, strict=True)
        ]
        panel_rows = [(r, np.ones(len(r), np.bool_)) for r in rows]
        looks = [look_at(px) for px in test.pixels]
        sight = book_sight(annotated, looks, panel_rows, self.pictures, self.sentences)
        return label_book(annotated, sight, self.model), label_book(annotated, sight, None)

    def _see(
        self,
        page: AnnotatedPage,
        pixels: Pixels,
        book: Book,
        *,
        pipeline: bool,
        noise: random.Random | None,
    ) -> AnnotatedPage:
        if pipeline:
            return self.stages.see(pixels, page.page, book).page
        return noisy(page, noise) if noise else page


def compare(
    name: str, tests: Sequence[TestBook], labeller: Labeller, *, pipeline: bool, noise: bool
) -> list[dict[str, Any]]:
    """Score model, rules and chance on books; prints the model's confusion."""
    true = [t.types for t in tests]
    rng = random.Random(0)
    labelled = [labeller.label(t, pipeline=pipeline, noise=rng if noise else None) for t in tests]
    found = {
        "model": [[p.label.page_type for p in model.pages] for model, _ in labelled],
        "rules": [[p.label.page_type for p in rules.pages] for _, rules in labelled],
        "majority": majority(true),
        "shuffled": shuffled(true, 0),
    }
    print(f"\n{name}: pages by true type (rows) and the model's (columns)")
    counts = confusion(true, found["model"])
    names = [t.value for t in PageType]
    print(
        table(
            [
                {"": t, **dict(zip(names, map(int, row), strict=True))}
                for t, row in zip(names, counts, strict=True)
            ]
        )
    )
    f1 = {k.value: round(v, 3) for k, v in f1_by_type(true, found["model"]).items()}
    print("F1 of the model by type:", f1, flush=True)
    rows = [
        {"split": name, "who": who, **asdict(score_page_types(true, types))}
        for who, types in found.items()
    ]
    rows[0]["calibration_error"] = calibration_error(true, [m for m, _ in labelled])
    return rows


def calibration_error(true: Sequence[Sequence[PageType]], found: Sequence[AnnotatedBook]) -> float:
    """Return the expected calibration error over ten bins of confidence (Guo et al. 2017)."""
    pairs = [
        (page.label.confidence, page.label.page_type is t)
        for types, book in zip(true, found, strict=True)
        for t, page in zip(types, book.pages, strict=True)
    ]
    sure = np.array([p[0] for p in pairs])
    right = np.array([p[1] for p in pairs], float)
    bins = np.minimum((sure * 10).astype(int), 9)
    return float(
        sum(
            abs(sure[bins == b].mean() - right[bins == b].mean()) * (bins == b).mean()
            for b in np.unique(bins)
        )
    )


def planted(seed: int) -> tuple[TestBook, list[set[PageFlag]]]:
    """Draw a book with planted cases; returns the true flags of its pages."""
    rng = random.Random(f"planted-{seed}")
    _, pages = drawn_source(seed)
    by_type: dict[PageType, list[SourcePage]] = {}
    for page in pages:
        by_type.setdefault(page.page.label.page_type, []).append(page)
    whole_prose = seed % 4 == 3
    if whole_prose:
        chosen = [*by_type[PageType.TEXT_PAGE], *_code_pages(by_type)]
    else:
        chosen = [p for p in pages if p.page.label.page_type in (PageType.STORY, PageType.SPLASH)]
        chosen += [by_type[PageType.BLANK][0], by_type[PageType.TEXT_PAGE][0]]
        chosen += [by_type[PageType.COVER][0], by_type[PageType.ADVERTISEMENT][0]]
        rng.shuffle(chosen)
    flags: list[set[PageFlag]] = [
        {PageFlag.NEAR_BLANK} if p.page.label.page_type is PageType.BLANK else set() for p in chosen
    ]
    for flag, page in zip(flags, chosen, strict=True):
        prose = sum(len(t.text) for t in page.page.texts if t.kind is TextKind.PROSE)
        if prose >= 500:
            flag.add(PageFlag.PROSE)
    if whole_prose and len(chosen) >= 4:
        for flag in flags:
            flag.add(PageFlag.NOT_COMIC_BOOK)
    if not whole_prose:
        _plant(chosen, flags, rng)
    return as_book(f"planted-{seed}", chosen), flags


def _code_pages(by_type: dict[PageType, list[SourcePage]]) -> list[SourcePage]:
    return [p for p in by_type[PageType.NOT_COMIC] if len(p.page.texts) > 15]


def _plant(chosen: list[SourcePage], flags: list[set[PageFlag]], rng: random.Random) -> None:
    """Add a page scanned twice, a spread of two pages, and an address on half of the pages."""
    stories = [i for i, p in enumerate(chosen) if p.page.label.page_type is PageType.STORY]
    first, left, right = rng.sample(stories, 3)
    stamped = rng.random() < 0.5
    chosen.append(_rescanned(chosen[first], rng))
    flags.append({PageFlag.DUPLICATE})
    chosen.append(_spread(chosen[left], chosen[right]))
    flags.append({PageFlag.LANDSCAPE})
    for i, page in enumerate(chosen if stamped else []):
        if rng.random() < 0.5 and len(page.page.texts) > 1:
            w, h = page.page.page.width, page.page.page.height
            jitter = rng.uniform(-0.01, 0.01) * h
            stamp = TextRegion(
                Box(0.3 * w, 0.96 * h + jitter, 0.7 * w, 0.98 * h + jitter),
                rng.choice(("www.comet-scans.net", "www.comet-scans.net/read", "comet-scans.net")),
                0.9,
                TextKind.OTHER,
                "planted",
                None,
                len(page.page.texts),
            )
            chosen[i] = replace(page, page=replace(page.page, texts=(*page.page.texts, stamp)))
            flags[i].add(PageFlag.WATERMARK)


def _rescanned(page: SourcePage, rng: random.Random) -> SourcePage:
    """Another scan: another size, light and quality."""
    picture = Image.fromarray(page.pixels)
    factor = rng.uniform(0.8, 1.3)
    picture = picture.resize((round(picture.width * factor), round(picture.height * factor)))
    picture = Image.eval(picture, lambda v: min(255, int(v * 0.95 + 8)))
    data = io.BytesIO()
    picture.save(data, "JPEG", quality=rng.randint(40, 80))
    pixels = np.asarray(Image.open(data).convert("RGB").resize(page.pixels.shape[1::-1]))
    return replace(page, pixels=pixels)


def _spread(left: SourcePage, right: SourcePage) -> SourcePage:
    pixels = np.concatenate([left.pixels, right.pixels], axis=1)
    told = replace(left.page.page, width=pixels.shape[1])
    return SourcePage(pixels, replace(left.page, page=told, is_spread=True))


def score_flags(seeds: Sequence[int]) -> list[dict[str, Any]]:
    """Precision and recall of every flag; chance is the precision of flagging every page."""
    counts = {flag: [0, 0, 0, 0] for flag in PageFlag}
    rng = random.Random(0)
    for seed in seeds:
        test, true = planted(seed)
        pages = tuple(
            replace(noisy(p, rng), panels=p.panels, picture_hash=picture_hash(px))
            for p, px in zip(test.truth.pages, test.pixels, strict=True)
        )
        found = flag_pages(replace(test.truth, pages=pages), [look_at(px) for px in test.pixels])
        for want, got in zip(true, found, strict=True):
            for flag, count in counts.items():
                count[0] += flag in want and flag in got
                count[1] += flag in got
                count[2] += flag in want
                count[3] += 1
    return [
        {
            "flag": flag.value,
            "planted": n_true,
            "flagged": n_found,
            "precision": both / n_found if n_found else None,
            "recall": both / n_true if n_true else None,
            "chance_precision": n_true / n_all if n_all else None,
        }
        for flag, (both, n_found, n_true, n_all) in counts.items()
    ]


def page_type_rows(asked: argparse.Namespace) -> list[dict[str, Any]]:
    """Score the splits that were asked for."""
    labeller = Labeller(asked.threads)
    seeds = range(asked.seed, asked.seed + asked.books)
    rows: list[dict[str, Any]] = []
    if "new" in asked.only:
        books = [bound_book(seed, held_out=False) for seed in seeds]
        rows += compare("drawn, new seeds", books, labeller, pipeline=False, noise=True)
    if "held_out" in asked.only:
        books = [bound_book(seed + 1000, held_out=True) for seed in seeds]
        rows += compare("drawn, held out", books, labeller, pipeline=False, noise=True)
        if some := books[: asked.pipeline]:
            rows += compare("held out, pipeline", some, labeller, pipeline=True, noise=False)
    if "real" in asked.only and (asked.comics / "index.jsonl").is_file():
        books = real_books(asked.comics)
        rows += compare("real, val works", books, labeller, pipeline=False, noise=False)
        if asked.pipeline:
            rows += compare("real, pipeline", books, labeller, pipeline=True, noise=False)
    return rows


def main() -> None:
    """Run every split and write the result."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--comics", type=Path, default=SHARED / "comics")
    parser.add_argument("--books", type=int, default=20, help="drawn books a split")
    parser.add_argument("--pipeline", type=int, default=0, help="books read through the pipeline")
    parser.add_argument("--seed", type=int, default=FIRST_SEED)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--only", nargs="+", choices=SPLITS, default=SPLITS)
    asked = parser.parse_args()
    rows = page_type_rows(asked) if set(asked.only) & {"new", "held_out", "real"} else []
    keep = ("split", "who", "n_books", "n_pages", "accuracy", "macro_f1", "panoptic_quality")
    more = ("segmentation_quality", "panoptic_quality_by_type", "document_f1", "mndd")
    shown = [{k: r.get(k) for k in (*keep, *more, "calibration_error")} for r in rows]
    print("\n" + table(shown))
    first = asked.seed + 2000
    flags = score_flags(range(first, first + asked.books)) if "flags" in asked.only else []
    print("\n" + table(flags))
    if set(asked.only) == set(SPLITS):
        write("page_types", {"page_types": rows, "flags": flags, "books": asked.books})


if __name__ == "__main__":
    main()
