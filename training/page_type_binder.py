"""Binds books out of the pages of sources, with the noise of scans and missing modalities."""

from __future__ import annotations

import random
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from longbox.book import PageType
from longbox.page_types import LAYOUT_FEATURES, PageRows
from longbox.synthetic import Habit, plan_types
from longbox.vectors import unit
from training.page_type_data import CLASSES, N_VARIANTS, Source

# Sources of a group that begins so are books, their rows the pages in order.
WHOLE_BOOK = "book-"
_WHOLE = 0.3  # of the books bound are such books as they are, where there are any
_MOST_PAGES = 64
_LOOSE = 0.08
_SHARED = (PageType.ADVERTISEMENT, PageType.PREVIEW, PageType.NOT_COMIC, PageType.BLANK)
_TEXT_NUMBERS = [
    i
    for i, name in enumerate(LAYOUT_FEATURES)
    if name.startswith(("n_texts", "n_char", "texts_", "share_", "cue_", "text_", "longest_"))
    or name in ("largest_text_height", "letter_height", "digits", "capitals")
]
_SIZE = LAYOUT_FEATURES.index("log_size")


class Binder:
    """Binds books out of the pages of sources."""

    def __init__(self, sources: Sequence[Source], rng: random.Random) -> None:
        self._sources = sources
        self._rng = rng
        self._pools = [
            {k: np.flatnonzero(s.types == k) for k in range(len(CLASSES))} for s in sources
        ]
        self._whole = [i for i, s in enumerate(sources) if s.group.startswith(WHOLE_BOOK)]
        self._alike: dict[str, list[int]] = {}
        for i, source in enumerate(sources):
            self._alike.setdefault(source.group, []).append(i)

    def book(self) -> list[tuple[int, int]]:
        """Return the pages of a book as (source, row), in order."""
        rng = self._rng
        if self._whole and rng.random() < _WHOLE:
            return self._as_it_is(rng.choice(self._whole))
        habit = rng.choices(list(Habit), (6, 5, 3, 2, 3, 1, 2))[0]
        main = rng.randrange(len(self._sources))
        alike = self._alike[self._sources[main].group]
        if rng.random() < _LOOSE and (loose := self._loose(main)):
            return loose
        mixed = rng.random() < 0.3
        used: set[tuple[int, int]] = set()
        pages = []
        for page_type in plan_types(habit, rng):
            source = main
            if page_type in _SHARED and rng.random() < 0.5:
                source = rng.randrange(len(self._sources))
            elif mixed and rng.random() < 0.5:
                source = rng.choice(alike)
            found = (
                self._page(source, page_type, used)
                or self._page(rng.choice(alike), page_type, used)
                or self._page(rng.randrange(len(self._sources)), page_type, used)
            )
            if found:
                pages.append(found)
                used.add(found)
        return pages or self.book()

    def _as_it_is(self, source: int) -> list[tuple[int, int]]:
        n_pages = len(self._sources[source].types)
        start = self._rng.randrange(max(1, n_pages - _MOST_PAGES + 1))
        return [(source, row) for row in range(start, min(n_pages, start + _MOST_PAGES))]

    def _loose(self, source: int) -> list[tuple[int, int]]:
        """Take a few story pages and nothing around them: an episode, a folder of pages."""
        pages: list[tuple[int, int]] = []
        for _ in range(self._rng.choice((1, 1, 2, 3, 5, 8))):
            found = self._page(source, PageType.STORY, set(pages))
            pages += [found] if found else []
        return pages

    def _page(
        self, source: int, page_type: PageType, used: set[tuple[int, int]]
    ) -> tuple[int, int] | None:
        pool = self._pools[source]
        rows = list(pool[CLASSES.index(page_type)])
        if page_type is PageType.STORY and self._rng.random() < 0.12:
            rows = list(pool[CLASSES.index(PageType.SPLASH)]) or rows
        free = [(source, int(r)) for r in rows if (source, int(r)) not in used]
        return self._rng.choice(free) if free else None

    def rows(self, pages: Sequence[tuple[int, int]], noise: np.random.Generator) -> PageRows:
        """Gather the features of a book's pages, with what a scan and a reader add."""
        n = len(pages)
        at = [(self._sources[s], r) for s, r in pages]
        look = np.array([s.look[r] for s, r in at])
        shift = noise.normal(0, 0.04, look.shape[1]) + noise.normal(0, 0.02, look.shape)
        which = noise.integers(0, N_VARIANTS, n)
        layout = np.array([s.layout[r, v] for (s, r), v in zip(at, which, strict=True)])
        layout[:, _SIZE] += noise.uniform(-0.05, 0.12)
        picture = np.array([s.picture[r] for s, r in at])
        sentence = np.array([s.sentence[r] for s, r in at])
        has_sentence = np.array([s.sentence_mask[r] for s, r in at])
        has_picture = picture.any(axis=1)
        picture = unit(picture + noise.normal(0, 0.02, picture.shape))
        has_picture &= noise.random(n) > (1.0 if noise.random() < 0.15 else 0.04)
        has_look = np.array([s.look_mask[r] for s, r in at])
        has_look &= noise.random(n) > (1.0 if noise.random() < 0.08 else 0.02)
        sentence = unit(sentence + noise.normal(0, 0.02, sentence.shape))
        has_sentence &= noise.random(n) > (1.0 if noise.random() < 0.25 else 0.2)
        if noise.random() < 0.12:  # nobody read this book
            layout[:, _TEXT_NUMBERS] = 0
            has_sentence[:] = False
        return PageRows(
            np.where(has_look[:, None], np.clip(look + shift, 0, 1), 0).astype(np.float32),
            has_look,
            layout.astype(np.float32),
            np.where(has_picture[:, None], picture, 0).astype(np.float32),
            has_picture,
            np.where(has_sentence[:, None], sentence, 0).astype(np.float32),
            has_sentence,
        )

    def types(self, pages: Sequence[tuple[int, int]]) -> NDArray[np.int64]:
        """Return the true classes."""
        return np.array([self._sources[s].types[r] for s, r in pages])
