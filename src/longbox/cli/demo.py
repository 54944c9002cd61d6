"""`longbox demo`: the whole path on comics that are drawn on the spot.

Draws a small shelf, indexes it, and answers one text, one picture and one combined query, in the
terminal and as a page of results. Asks nothing, so it ends by itself with or without a terminal.
"""

from __future__ import annotations

import io
import time
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from longbox.book import Hit, PanelId
from longbox.cli.progress import ShelfDisplay
from longbox.cli.search import print_hits
from longbox.cli.terminal import notes, one_line, plural, results
from longbox.config import Config, load_config
from longbox.errors import LongboxError
from longbox.library import Library

_QUERY = "the cat steals the potion"
_SEED = 0


def demo(
    folder: Annotated[Path, typer.Argument(help="Where the shelf and the library go.")] = Path(
        "demo"
    ),
) -> None:
    """Draw a small shelf, index it, search it, and write a page of results."""
    from longbox.cli.page import ResultSection, write_sections
    from longbox.retrieval import PictureTerm, Searcher, SearchRequest, Term, WordsTerm

    shelf, root = folder / "shelf", folder / "library"
    start = time.perf_counter()
    _draw(shelf)
    config = load_config(library=root)
    with Library.create(root) as library:
        _index(shelf, library, config)
        searcher = Searcher(library, config)
        words = WordsTerm(_QUERY)
        first = searcher.search(SearchRequest((words,), k=3))
        _say(f'longbox search "{_QUERY}"', first)
        notes.print(f"first result after {time.perf_counter() - start:.0f} s\n", style="dim")
        if not first:
            raise LongboxError("the demo found nothing on its own shelf; please report this")
        crop = folder / "crop.jpg"
        _write_crop(crop, first[0], library, config)
        picture = PictureTerm(crop)
        sections = [ResultSection(_QUERY, first)]
        queries: list[tuple[str, tuple[Term, ...]]] = [
            (f"--image {crop}  (a grey, rough crop of that panel)", (picture,)),
            (f"'\"rain at night\" + {crop}'", (WordsTerm("rain at night"), picture)),
        ]
        for name, terms in queries:
            hits = searcher.search(SearchRequest(terms, k=3))
            _say(f"longbox search {name}", hits)
            sections.append(ResultSection(name, hits))
        page = folder / "results.html"
        write_sections(page, sections, library, config)
    _say_next(folder, page)


def _draw(shelf: Path) -> None:
    from longbox.synthetic import draw_shelf

    if shelf.is_dir() and any(shelf.iterdir()):
        return
    with notes.status("drawing a shelf of comics ..."):
        # Under another name first: a demo that was stopped while drawing draws again.
        part = shelf.with_name(shelf.name + ".part")
        books = draw_shelf(part, seed=_SEED)
        part.rename(shelf)
    notes.print(f"drew {plural(len(books), 'comic')} in {shelf}")


def _index(shelf: Path, library: Library, config: Config) -> None:
    from longbox.pipeline import index_shelf

    with ShelfDisplay(notes) as display:
        report = index_shelf([shelf], library, config, display.update)
    for problem in report.problems:
        notes.print("  " + one_line(problem.reason), style="yellow", markup=False)
    found = library.status()
    notes.print(
        f"the library holds {plural(found.books, 'book')}, {plural(found.pages, 'page')}, "
        f"{plural(found.panels, 'panel')}\n"
    )


def _write_crop(target: Path, hit: Hit, library: Library, config: Config) -> None:
    """Cut 65 % out of the hit's panel, take its colour away and save it as a poor JPEG."""
    from PIL import Image

    from longbox.pipeline import panel_crop

    record = library.panel_records([library.panel_row(PanelId.parse(hit.panel_id))])[0]
    pixels = panel_crop(record, config)
    rng = np.random.default_rng(_SEED)
    height, width = pixels.shape[:2]
    h, w = int(height * 0.65**0.5), int(width * 0.65**0.5)
    y, x = int(rng.integers(0, height - h + 1)), int(rng.integers(0, width - w + 1))
    buffer = io.BytesIO()
    Image.fromarray(pixels[y : y + h, x : x + w]).convert("L").save(buffer, "JPEG", quality=35)
    target.write_bytes(buffer.getvalue())


def _say(command: str, hits: tuple[Hit, ...]) -> None:
    results.print(f"$ {command}", style="bold", markup=False)
    print_hits(hits)
    results.print("")


def _say_next(folder: Path, page: Path) -> None:
    library = folder / "library"
    results.print(f"look at   {page.absolute()}", markup=False)
    results.print("then try  .venv/bin/longbox index ~/Comics", markup=False)
    results.print('          .venv/bin/longbox search "words that somebody says"', markup=False)
    results.print(
        f'or stay   .venv/bin/longbox search "{_QUERY}" --by page --library {library}', markup=False
    )
