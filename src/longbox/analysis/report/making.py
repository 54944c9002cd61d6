"""The combined report: everything that is known of a shelf, as tables and as one page.

Spaces are studied one after the other, so that the vectors of one at a time are in memory. The page
is written last: it says what went wrong before.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from longbox.analysis.ablation import Ablation, ablate_library
from longbox.analysis.measures import page_measures
from longbox.analysis.report.books import book_table
from longbox.analysis.report.folders import require_free, whole_folder
from longbox.analysis.report.options import ReportFiles, ReportOptions
from longbox.analysis.report.page import Found, render_report
from longbox.analysis.report.pictures import Thumbnails, Wanted, make_thumbnails
from longbox.analysis.report.studying import Study, chosen_spaces
from longbox.analysis.report.tables import BOOKS, PAGES, PANELS, TableFiles, write_tables
from longbox.analysis.report.values import BookTable, SpaceStudy
from longbox.analysis.units import Sampling, Tell, Unit, lowest_hashes, unheard
from longbox.config import Config
from longbox.errors import QueryError
from longbox.library import Library, PanelRecord
from longbox.vectors import Space

HTML_NAME: Final = "report.html"
TABLE_NAMES: Final = tuple(
    f"{name}.{suffix}" for name in (PAGES, PANELS, BOOKS) for suffix in ("parquet", "csv")
)
FILE_NAMES: Final = (HTML_NAME, *TABLE_NAMES)


@dataclass(slots=True)
class _Clock:
    """How long each part took."""

    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def part(self, name: str) -> Iterator[None]:
        """Count what happens inside."""
        start = time.perf_counter()
        try:
            yield
        finally:
            took = time.perf_counter() - start
            self.seconds[name] = self.seconds.get(name, 0.0) + took


def make_report(
    library: Library,
    output: Path,
    options: ReportOptions | None = None,
    tell: Tell | None = None,
    *,
    config: Config | None = None,
) -> ReportFiles:
    """Study a library and write the report into a folder.

    Args:
        library: Open. Where its folder may be written, maps that were made are kept.
        output: The folder to make; it appears when all is done.
        options: What the report is made of.
        tell: Called with what is done, how much, and of how much.
        config: With the limits that comic files are opened with, for thumbnails.

    Raises:
        QueryError: The library has no vectors.
        LibraryError: The library cannot be read, something is in the folder that may not go, or the
            disk refuses.
    """
    chosen = options or ReportOptions()
    say = tell or unheard
    require_free(output.absolute(), FILE_NAMES, replace=chosen.replace)
    notes: list[str] = []
    clock = _Clock()
    spaces = chosen_spaces(library, chosen, notes)
    with whole_folder(output, FILE_NAMES, replace=chosen.replace) as folder:
        study = Study(library, chosen, notes, say)
        studies = _studied(study, spaces, chosen, clock)
        with clock.part("books"):
            pages = page_measures(library)
            books = book_table(library, pages, study.means)
        with clock.part("ablation"):
            ablation = _ablated(library, studies, chosen, notes, say)
        with clock.part("tables"):
            counted = write_tables(library, studies, folder, say)
            _write_books(books, folder)
        with clock.part("thumbnails"):
            wanted = wanted_pictures(studies, chosen)
            most = chosen.most_thumbnails
            pictures = make_thumbnails(library, wanted, most, config or Config(), say)
            notes += pictures.notes
        with clock.part("page"):
            say("page", 0, 1)
            found = Found(
                title=chosen.title or library.root.name,
                studies=studies,
                ablation=ablation,
                pages=pages,
                books=books,
                records=_records(library, pictures),
                thumbnails=pictures,
                n_pages=counted.n_pages,
                n_panels=counted.n_panels,
                notes=notes,
            )
            html = render_report(found, chosen)
            (folder / HTML_NAME).write_text(html, encoding="utf-8", errors="replace")
            say("page", 1, 1)
    return ReportFiles(
        folder=output,
        html=output / HTML_NAME,
        tables=tuple(output / name for name in TABLE_NAMES),
        n_pages=counted.n_pages,
        n_panels=counted.n_panels,
        n_books=books.frame.height,
        notes=tuple(notes),
        seconds=tuple(clock.seconds.items()),
    )


def _studied(
    study: Study, spaces: Sequence[Space], options: ReportOptions, clock: _Clock
) -> list[SpaceStudy]:
    """Study every space, one after the other."""
    studies = []
    for unit_of in options.units:
        for space in spaces:
            with clock.part(f"{space.value} {unit_of.value}"):
                found = study.of(space, unit_of)
            if found is not None:
                studies.append(found)
    return studies


def _ablated(
    library: Library,
    studies: Sequence[SpaceStudy],
    options: ReportOptions,
    notes: list[str],
    say: Tell,
) -> Ablation | None:
    """Compare the spaces; None, with a note, where that cannot be done."""
    unit_of = Unit.PAGES if Unit.PAGES in options.units else Unit.PANELS
    spaces = [study.space for study in studies if study.unit is unit_of]
    if not options.with_ablation:
        return None
    if len(spaces) < 2:
        notes.append("one space only: there is nothing to compare it with")
        return None
    sampling = Sampling(options.ablation.sampling.most, options.sampling.seed)
    asked = replace(options.ablation, sampling=sampling)
    try:
        return ablate_library(library, spaces, unit_of, asked, say)
    except QueryError as error:
        notes.append(f"spaces were not compared: {error}")
        return None


def _write_books(books: BookTable, folder: Path) -> None:
    files = TableFiles(folder, BOOKS)
    try:
        files.add(books.frame)
    finally:
        files.close()


def wanted_pictures(studies: Sequence[SpaceStudy], options: ReportOptions) -> list[Wanted]:
    """Return which pictures should be shown, the most important first.

    First what is most typical of every cluster, then the next of every cluster; what is left of the
    allowance goes to pages that are spread over the maps, the same in every space.
    """
    ranked: list[tuple[int, Wanted]] = []
    for study in studies:
        for portrait in study.portraits:
            edge = portrait.exemplars.edge[: max(1, options.exemplars // 2)]
            ranked += [
                (rank, (study.unit, row)) for rank, row in enumerate(portrait.exemplars.centre)
            ]
            ranked += [(2 * rank, (study.unit, row)) for rank, row in enumerate(edge)]
    ranked.sort(key=lambda one: one[0])
    wanted = [one for _, one in ranked]
    for study in studies[:1]:
        rows = study.units.rows
        for at in lowest_hashes(rows, options.most_thumbnails, options.sampling.seed).tolist():
            wanted.append((study.unit, int(rows[at])))
    return wanted


def _records(library: Library, pictures: Thumbnails) -> dict[int, PanelRecord]:
    rows = sorted({row for _, row in pictures.urls})
    return {record.row: record for record in library.panel_records(rows)}
