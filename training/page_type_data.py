"""Pages and books to train the page type model on: features of drawn and real train pages.

A source is one drawn book, or one train work of the real comics: its story pages, the pages around
them, and inserts (longbox.synthetic) that use its own art. Features of a source's pages are
computed once and cached; books are then bound from them by the thousand, in the orders of
`plan_types`, so drawing does not limit how many books a model sees. OCR is not run: the truth's
texts go through `noisy`, which forgets, garbles and takes kinds for one another as a reader does.
Half of the pages are aged (page_type_aging).
Works of the val split, templates that HELD_OUT names and styles and layouts in HELD_STYLE and
HELD_LAYOUTS never appear.
"""

from __future__ import annotations

import itertools
import json
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from longbox.book import (
    AnnotatedPage,
    Direction,
    Page,
    PageLabel,
    PageType,
    Panel,
    TextKind,
    TextRegion,
)
from longbox.encoders import PictureEncoder, SentenceEncoder, crop_panel
from longbox.geometry import Box
from longbox.page_types import layout_row, look_at
from longbox.panels import find_panels
from longbox.pipeline.page_labels import page_text, page_vector
from longbox.synthetic import (
    BookRecipe,
    Layout,
    Style,
    draw_book,
    draw_insert,
    template_names,
    tuning_template,
)
from training.page_type_aging import aged

HELD_STYLE = Style.PAPER
TUNING_STYLE = Style.HALFTONE  # left out where ways of training are compared
HELD_LAYOUTS = (Layout.INSET, Layout.YONKOMA, Layout.SPREAD, Layout.SPLASH)
TRAIN_LAYOUTS = (
    Layout.GRID,
    Layout.STAGGERED,
    Layout.STAGGERED,
    Layout.SLANTED,
    Layout.BLEED,
    Layout.OVERLAP,
    Layout.SPLASH,
)
CLASSES = tuple(PageType)
STORY_TYPES = (PageType.STORY, PageType.SPLASH)
N_VARIANTS = 3
WIDTH = 448
MAX_PANELS = 2  # of a page are encoded, the largest; what further ones add is little
Pixels = NDArray[np.uint8]

_CONFUSED = {
    TextKind.DIALOGUE: (TextKind.CAPTION, TextKind.OTHER, TextKind.SOUND_EFFECT),
    TextKind.CAPTION: (TextKind.DIALOGUE, TextKind.OTHER),
    TextKind.SOUND_EFFECT: (TextKind.DIALOGUE, TextKind.OTHER),
    TextKind.PROSE: (TextKind.CAPTION, TextKind.CAPTION, TextKind.DIALOGUE),
    TextKind.OTHER: (TextKind.CAPTION, TextKind.DIALOGUE, TextKind.SOUND_EFFECT),
}


@dataclass(frozen=True, slots=True)
class SourcePage:
    """A page with its pixels and truth."""

    pixels: Pixels
    page: AnnotatedPage
    template: str = ""  # of an insert; "" for pages of a story


@dataclass(frozen=True, slots=True, eq=False)
class Source:
    """Features of a source's pages.

    Attributes:
        group: Sources of one group look alike, so that a book may mix them.
        types: Index into CLASSES, (N,); -1 where it is not known.
        templates: Name of an insert's template, "" for other pages, (N,).
        layout: One row a noisy reading of each page, (N, N_VARIANTS, F).
    """

    name: str
    group: str
    types: NDArray[np.int64]
    templates: NDArray[np.str_]
    look: NDArray[np.float32]
    look_mask: NDArray[np.bool_]
    layout: NDArray[np.float32]
    picture: NDArray[np.float32]
    sentence: NDArray[np.float32]
    sentence_mask: NDArray[np.bool_]

    def only(self, keep: NDArray[np.bool_]) -> Source:
        """Return the source with the rows that keep (N,) names."""
        rows = {name: getattr(self, name)[keep] for name in self.__slots__[2:]}
        return replace(self, **rows)

    def save(self, path: Path) -> None:
        """Write to an npz file."""
        np.savez(path, **{name: getattr(self, name) for name in self.__slots__})

    @classmethod
    def load(cls, path: Path) -> Source:
        """Read back what `save` wrote."""
        with np.load(path) as data:
            return cls(str(data["name"]), str(data["group"]), *(data[n] for n in cls.__slots__[2:]))


def joined(name: str, group: str, parts: Sequence[Source]) -> Source:
    """Put the rows of several sources into one."""
    rows = [np.concatenate([getattr(p, n) for p in parts]) for n in Source.__slots__[2:]]
    return Source(name, group, *rows)


def tuning_split(sources: Sequence[Source]) -> tuple[list[Source], list[Source]]:
    """Split into sources to learn from and others to choose between ways of training by.

    The second ones are story pages of TUNING_STYLE and pages of each type's tuning template; the
    first ones have neither. Both leave out what HELD_OUT names, which is for the benchmark only.
    """
    kept = np.array([f"{i} {tuning_template(c)}" for i, c in enumerate(CLASSES)])
    known, stories, inserted = [], [], []
    for source in sources:
        names = np.array([f"{k} {n}" for k, n in zip(source.types, source.templates, strict=True)])
        is_kept = np.isin(names, kept)
        inserted.append(source.only(is_kept))
        if source.group.startswith(TUNING_STYLE.value):
            is_story = np.isin(source.types, [CLASSES.index(c) for c in STORY_TYPES])
            stories.append(source.only(is_story))
        else:
            known.append(source.only(~is_kept))
    tuning = [joined(s.name, s.group, [s, *inserted]) for s in stories]
    return known, tuning


def describe(
    name: str,
    group: str,
    pages: Sequence[SourcePage],
    encoders: tuple[PictureEncoder, SentenceEncoder],
    seed: int,
) -> Source:
    """Compute the features of a source's pages."""
    rng = random.Random(f"noise-{seed}-{name}")
    pictures, sentences = encoders
    vectors, layout = [], []
    for item in pages:
        panels = sorted(item.page.panels, key=lambda p: -p.box.area)[:MAX_PANELS]
        rows = pictures.encode([crop_panel(item.pixels, p.box) for p in panels])
        largest = replace(item.page, panels=tuple(panels))
        vectors.append(page_vector(largest, rows, np.ones(len(rows), np.bool_)))
        layout.append([layout_row(noisy(item.page, rng)) for _ in range(N_VARIANTS)])
    said = [page_text(noisy(item.page, rng)) for item in pages]
    mask = sentences.can_read(said)
    words = np.zeros((len(said), sentences.dimension), np.float32)
    words[mask] = sentences.encode_documents([s for s, ok in zip(said, mask, strict=True) if ok])
    return Source(
        name,
        group,
        np.array([CLASSES.index(item.page.label.page_type) for item in pages], np.int64),
        np.array([item.template for item in pages], np.str_),
        np.array([look_at(item.pixels).as_row() for item in pages], np.float32),
        np.ones(len(pages), np.bool_),
        np.array(layout, np.float32),
        np.array(vectors, np.float32),
        words,
        mask,
    )


def noisy(page: AnnotatedPage, rng: random.Random) -> AnnotatedPage:
    """Return a page as a detector and a reader might have seen it."""
    texts = []
    for text in page.texts:
        if rng.random() < 0.12:
            continue
        kind = rng.choice(_CONFUSED[text.kind]) if rng.random() < 0.3 else text.kind
        said = "".join(c if rng.random() > 0.02 else rng.choice("aeiltnor1 ") for c in text.text)
        texts.append(replace(text, text=said, kind=kind, confidence=rng.uniform(0.7, 1.0)))
    panels = list(page.panels)
    if rng.random() < 0.35:
        panels = _wrong_panels(page, panels, rng)
    return replace(page, texts=tuple(texts), panels=tuple(panels))


def _wrong_panels(page: AnnotatedPage, panels: list[Panel], rng: random.Random) -> list[Panel]:
    """Merge panels into one, lose some, or split the page where there is one."""
    w, h = page.page.width, page.page.height
    if len(panels) > 1 and rng.random() < 0.4:
        return [Panel(Box(0, 0, w, h), 0, 0.5, "noise")]
    if len(panels) > 2:
        return rng.sample(panels, len(panels) - 1)
    cuts = sorted({0.0, 1.0, *(rng.uniform(0.1, 0.9) for _ in range(rng.randint(1, 3)))})
    return [
        Panel(Box(0.03 * w, a * h, 0.97 * w, b * h), i, 0.5, "noise")
        for i, (a, b) in enumerate(itertools.pairwise(cuts))
    ]


def drawn_source(
    seed: int, *, held_out: bool = False, n_inserts: int = 22
) -> tuple[str, list[SourcePage]]:
    """Draw a book and inserts with its art; returns its group and its pages."""
    rng = random.Random(f"source-{seed}")
    styles = [s for s in Style if s is not HELD_STYLE]
    style = HELD_STYLE if held_out else rng.choice(styles)
    direction = rng.choice((Direction.LTR, Direction.LTR, Direction.RTL))
    recipe = BookRecipe(
        seed=seed,
        n_pages=10,
        direction=direction,
        style=style,
        layouts=HELD_LAYOUTS if held_out else TRAIN_LAYOUTS,
        language=rng.choice(("en", "en", "en", "fr", "de", "es", "ja")),
        page_width=WIDTH,
        page_height=round(WIDTH * rng.uniform(1.3, 1.55)),
        text_density=rng.choice((1.0, 1.0, 0.7)),
    )
    book = draw_book(recipe)
    pages = [
        SourcePage(book.pixels(i) if held_out else _maybe_aged(book.pixels(i), rng), page)
        for i, page in enumerate(book.truth.pages)
        # The book's own pages around the story are a template too, one that training sees.
        if not held_out or page.label.page_type in STORY_TYPES
    ]
    silent = draw_book(replace(recipe, n_pages=2, text_density=0.0, matter=False))
    art = [
        crop_panel(pixels, p.box)
        for i in range(2)
        for pixels in (silent.pixels(i),)
        for p in silent.truth.pages[i].panels
    ]
    pages += inserts(art, recipe.size, rng, held_out=held_out, n=n_inserts)
    return f"{style.value}-{direction.value}", pages


def inserts(
    art: Sequence[Pixels], size: tuple[int, int], rng: random.Random, *, held_out: bool, n: int = 22
) -> list[SourcePage]:
    """Draw inserts of every type with a source's art; most composed at random, half of them aged.

    Held-out pages are of the held-out templates only, and at most printed without colour.
    """
    types = [t for t in CLASSES if template_names(t, held_out=held_out)]
    often = [*types, PageType.ADVERTISEMENT, PageType.TITLE, PageType.COVER, PageType.BACK_COVER]
    often += [] if held_out else [PageType.STORY] * 5 + [PageType.SPLASH] * 2
    pages = []
    for i in range(n):
        page_type = types[i] if i < len(types) else rng.choice(often)
        names = template_names(page_type, held_out=held_out)
        template = "mixed" if "mixed" in names and rng.random() < 0.65 else rng.choice(names)
        at = _turned(size, rng) if page_type is PageType.STORY else size
        made = draw_insert(page_type, template, at, lambda r: r.choice(art), rng)
        pixels = made.pixels
        if held_out and rng.random() < 0.2:
            grey = np.asarray(Image.fromarray(pixels).convert("L"))
            pixels = np.repeat(grey[:, :, None], 3, axis=2)
        elif not held_out and rng.random() < 0.5:
            pixels = aged(pixels, rng)
        truth = annotated(pixels, page_type, made.panels, made.texts)
        pages.append(SourcePage(pixels, truth, template))
    return pages


def _maybe_aged(pixels: Pixels, rng: random.Random) -> Pixels:
    return aged(pixels, rng) if rng.random() < 0.4 else pixels


def _turned(size: tuple[int, int], rng: random.Random) -> tuple[int, int]:
    """Return the size of a page, sometimes that of a strip."""
    width, height = size
    if rng.random() < 0.8:
        return size
    return rng.choice(((width, round(width / 3)), (width // 2, 2 * height), (height, width)))


def annotated(
    pixels: Pixels,
    page_type: PageType,
    panels: tuple[Panel, ...],
    texts: tuple[TextRegion, ...],
) -> AnnotatedPage:
    """Make the truth of one page."""
    height, width = pixels.shape[:2]
    page = Page(0, "page", "0" * 64, width, height)
    return AnnotatedPage(page, panels, texts, PageLabel(page_type, 1.0, "truth"))


def real_sources(
    comics: Path, seed: int, split: str = "train"
) -> Iterator[tuple[str, str, list[SourcePage]]]:
    """Yield (name, group, pages) of works; those of train with inserts of their textless art."""
    rows = [json.loads(line) for line in (comics / "index.jsonl").open()]
    rows = [r for r in rows if r["split"] == split]
    if split == "train":  # one language of each episode: the others are the same pictures again
        rows = [r for r in rows if r["lang"] == "en" and r["role"] != "cover"]
    by_name: dict[str, list[dict[str, object]]] = {}
    for row in rows:
        source = str(row["source"])
        name = f"{row['work']}-{row['lang']}" if source == "peppercarrot" else source
        by_name.setdefault(name, []).append(row)
    for name, mine in by_name.items():
        rng = random.Random(f"real-{seed}-{name}")
        chosen = mine if len(mine) <= 16 else rng.sample(mine, 16)
        pages = [_real_page(comics, row) for row in chosen]
        has_art = [row for row in chosen if row.get("textless") and split == "train"]
        if art := [_art(comics, row, rng) for row in has_art]:
            size = (WIDTH, round(WIDTH * rng.uniform(1.3, 1.5)))
            pages += inserts(art, size, rng, held_out=False, n=18)
            pages += [_real_splash(rng.choice(art), size)]
        yield name, str(chosen[0]["source"]), pages


def _open(path: Path) -> Pixels:
    return np.asarray(Image.open(path).convert("RGB"))


def _real_page(comics: Path, row: dict[str, object]) -> SourcePage:
    pixels = _open(comics / str(row["image"]))
    direction = Direction(str(row["direction"]))
    boxes = row.get("panels")
    if isinstance(boxes, list) and boxes:
        panels = tuple(Panel(Box(*box), i, 1.0, "truth") for i, box in enumerate(boxes))
    else:
        panels = find_panels(pixels, direction)
    told = row.get("texts")
    said = told if isinstance(told, list) else []
    texts = tuple(
        TextRegion(Box(*t["box"]), t["text"], 1.0, TextKind.DIALOGUE, "truth", None, i)
        for i, t in enumerate(said)
        if t.get("box")
    )
    roles = {"header": PageType.TITLE, "cover": PageType.COVER}
    page_type = roles.get(str(row["role"]), PageType.STORY)
    return SourcePage(pixels, annotated(pixels, page_type, panels, texts))


def _art(comics: Path, row: dict[str, object], rng: random.Random) -> Pixels:
    """Cut a random rectangle of a textless page: art, now and then with a gutter."""
    pixels = _open(comics / str(row["textless"]))
    height, width = pixels.shape[:2]
    w, h = int(width * rng.uniform(0.4, 0.9)), int(height * rng.uniform(0.2, 0.5))
    x, y = rng.randint(0, width - w), rng.randint(0, height - h)
    return pixels[y : y + h, x : x + w]


def _real_splash(art: Pixels, size: tuple[int, int]) -> SourcePage:
    pixels = np.asarray(Image.fromarray(art).resize(size))
    whole = (Panel(Box(0, 0, *size), 0, 1.0, "truth"),)
    return SourcePage(pixels, annotated(pixels, PageType.SPLASH, whole, ()))
