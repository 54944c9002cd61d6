"""Stages that cost nothing, for tests of who does a book and not of what is seen in it.

A page is one panel, its vectors are drawn from its digest. `hooked` makes Python processes start
with them, and with books that misbehave by their names: `crash` ends the process that reads it,
`kill once` ends its parent the first time and `kill always` every time, `slow` waits.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from longbox.book import AnnotatedBook, AnnotatedPage, PageLabel, PageType, Panel
from longbox.errors import ModelError
from longbox.geometry import Box
from longbox.ingest import OpenBook
from longbox.pipeline import books, embedding
from longbox.pipeline.books import UnderstoodBook
from longbox.pipeline.corrections import (
    NO_CORRECTIONS,
    BookCorrections,
    corrected_labels,
    corrected_panels,
)
from longbox.vectors import PanelVectors, Space, unit
from panel_models import RandomModel

TESTS = Path(__file__).resolve().parent
# Installs when the pipeline is imported: most processes of a cluster never do that.
_HOOK = """
import importlib.util
import sys

class After:
    def find_spec(self, name, path=None, target=None):
        if name != "longbox.pipeline.workers":
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(name)
        real = spec.loader.exec_module

        def run(module):
            real(module)
            import cheap_stages
            cheap_stages.install()

        spec.loader.exec_module = run
        return spec

sys.meta_path.insert(0, After())
"""


def hooked(folder: Path) -> dict[str, str]:
    """Return an environment in which every Python process has these stages."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "sitecustomize.py").write_text(_HOOK)
    return {**os.environ, "PYTHONPATH": os.pathsep.join([str(folder), str(TESTS)])}


def install(put: Callable[[object, str, object], None] = setattr) -> None:
    """Put them in the place of the real ones; a test gives its monkeypatch's setattr."""
    put(books.BookStages, "understand", _understand)
    put(books.BookStages, "sentences", None)
    put(embedding, "library_model", lambda _: RandomModel())


def _understand(
    _: books.BookStages,
    opened: OpenBook,
    on_page: Callable[[], None],
    corrections: BookCorrections = NO_CORRECTIONS,
) -> UnderstoodBook:
    _misbehave(Path(opened.book.path))
    pages: list[AnnotatedPage] = []
    for page in opened.book.pages:
        whole = (Panel(Box(0, 0, page.width, page.height), 0, 1.0, "cheap"),)
        panels = corrected_panels(page, corrections) or whole
        label = PageLabel(PageType.STORY, 1.0, "cheap")
        pages.append(AnnotatedPage(page, panels, (), label, page.digest[:16]))
        on_page()
    annotated = corrected_labels(AnnotatedBook(opened.book, tuple(pages)), corrections)
    seeds = [int(page.page.digest[:8], 16) + i for i, (page, _) in enumerate(annotated.panels())]
    rows = unit(np.array([np.random.default_rng(s).normal(size=8) for s in seeds]).reshape(-1, 8))
    mask = np.ones(len(rows), dtype=np.bool_)
    return UnderstoodBook(annotated, (PanelVectors(Space.VISION, "cheap", rows, mask),))


def _misbehave(path: Path) -> None:
    if "CHEAP_STAGES_ARE_TAME" in os.environ:
        return
    if "crash" in path.name:
        os._exit(139)
    if "slow" in path.name:
        time.sleep(2)
    seen = path.with_suffix(".seen")
    if "kill always" in path.name or ("kill once" in path.name and not seen.exists()):
        seen.touch()
        os.kill(os.getppid(), signal.SIGKILL)
        time.sleep(30)  # until it notices that its parent is gone


def refused(_part: object, _shared: object) -> None:
    """Raise what a scorer raises that cannot answer."""
    raise ModelError("made by another encoder")
