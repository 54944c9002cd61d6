"""One page, from pixels to panels, texts, label and hash.

A page that a stage cannot process keeps what the stages before it found, and the problem is
returned beside it. Nothing is made up: a page that cannot be decoded has no panels at all.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from longbox.book import (
    AnnotatedPage,
    Book,
    Page,
    PageLabel,
    PageLook,
    PageType,
    Panel,
    Problem,
    TextRegion,
)
from longbox.config import Config
from longbox.errors import ComicError, LongboxError
from longbox.geometry import Box
from longbox.page_types import label_page, look_at
from longbox.panels import find_panels, is_spread
from longbox.pipeline.clock import StageClock
from longbox.pipeline.corrections import (
    NO_CORRECTIONS,
    BookCorrections,
    corrected_panels,
    corrected_texts,
)

if TYPE_CHECKING:
    from longbox.text import TextReader

# imagehash reduces to 32 x 32 itself; a page is first shrunk to this many pixels across with a
# fast filter, which changes at most a bit or two of the hash and saves most of its time.
_HASH_WIDTH = 256


@dataclass(frozen=True, slots=True, eq=False)
class SeenPage:
    """An annotated page, and what went wrong on it."""

    page: AnnotatedPage
    problems: tuple[Problem, ...]


class PageStages:
    """The stages that need only one page, loaded once for a process."""

    def __init__(self, config: Config, n_threads: int, clock: StageClock | None = None) -> None:
        self._config = config
        self._n_threads = n_threads
        self._panel_options = replace(config.panels, n_threads=n_threads)
        self.clock = clock or StageClock()

    @cached_property
    def _reader(self) -> TextReader:
        from longbox.text import TextReader

        return TextReader(replace(self._config.text, n_threads=self._n_threads))

    def see(
        self,
        pixels: NDArray[np.uint8],
        page: Page,
        book: Book,
        corrections: BookCorrections = NO_CORRECTIONS,
    ) -> SeenPage:
        """Find panels, read the lettering and label a decoded page.

        Args:
            pixels: uint8 (H, W, 3), RGB.
            page: Which page of the book it is.
            book: For direction, language and the page's place.
            corrections: Panels and texts that are put in the place of what would be found.

        Returns:
            The annotated page, with a problem for every stage that could not process it.
        """
        problems: list[Problem] = []
        height, width = pixels.shape[:2]
        panels: tuple[Panel, ...] = (Panel(Box(0, 0, width, height), 0, 0.0, "whole_page"),)
        with self.guard("panels", page, book, problems):
            panels = corrected_panels(page, corrections) or find_panels(
                pixels, book.direction, self._panel_options
            )
        texts: tuple[TextRegion, ...] = ()
        with self.guard("text", page, book, problems):
            language = book.metadata.language
            told = corrected_texts(page, panels, language, corrections)
            texts = (
                self._reader.read_page(pixels, panels, book.direction, language)
                if told is None
                else told
            )
        look: PageLook | None = None
        with self.guard("page_types", page, book, problems):
            look = look_at(pixels)
        unlabelled = PageLabel(PageType.STORY, 0.0, "rules")
        spread = page.is_declared_double or is_spread(width, height, pixels)
        annotated = AnnotatedPage(
            page, panels, texts, unlabelled, picture_hash(pixels), spread, look=look
        )
        # A first guess without the rest of the book; label_book has the last word.
        label = label_page(annotated, look, len(book.pages))
        return SeenPage(replace(annotated, label=label), tuple(problems))

    @contextmanager
    def guard(self, stage: str, page: Page, book: Book, problems: list[Problem]) -> Iterator[None]:
        """Time a stage, and turn what it raises about one page into a problem.

        Settings and models that cannot be used at all (LongboxError) still end the run.
        """
        try:
            with self.clock.time(stage):
                yield
        except ComicError as error:
            problems.append(Problem(book.path, page.index, stage, str(error)))
        except LongboxError:
            raise
        except Exception as error:  # noqa: BLE001 - a stage's bug on one page of a stranger's file
            # must not cost the book; it is recorded with its type so that it can be reported.
            reason = (
                f"{book.path}: page {page.index + 1}: internal error in {stage}, "
                f"{type(error).__name__}: {error}; please report it with the page"
            )
            problems.append(Problem(book.path, page.index, stage, " ".join(reason.split())))


def unread_page(page: Page) -> AnnotatedPage:
    """Return the annotation of a page that cannot be decoded: nothing, and no confidence in it."""
    return AnnotatedPage(page, (), (), PageLabel(PageType.STORY, 0.0, "unread"))


def picture_hash(pixels: NDArray[np.uint8]) -> str:
    """Return the 64-bit perceptual hash of a page as 16 hex digits."""
    import imagehash
    from PIL import Image

    picture = Image.fromarray(pixels)
    factor = max(1, min(picture.width, picture.height) // _HASH_WIDTH)
    return str(imagehash.phash(picture.reduce(factor) if factor > 1 else picture))
