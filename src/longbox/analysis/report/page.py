"""The report as one HTML page that needs nothing else.

All pictures and figures are inside of it, there is one small script (known to the page by its hash,
so that nothing else can run), and without scripts the drawn maps stand in place of the others.
Words from books are escaped by the template.
"""

from __future__ import annotations

import base64
import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import resources
from typing import Any, Final

import jinja2
import polars as pl
from markupsafe import Markup

from longbox.analysis.ablation import Ablation
from longbox.analysis.clusters import AxisMeaning, ClusterPortrait
from longbox.analysis.measures import CATEGORIES
from longbox.analysis.plots import group_colour
from longbox.analysis.report.charts import (
    ablation_charts,
    effects_chart,
    k_chart,
    map_chart,
    shelf_charts,
)
from longbox.analysis.report.columns import BOOK_COLUMNS, table_columns
from longbox.analysis.report.mapdata import map_data, rows_shown
from longbox.analysis.report.methods import CAVEATS, METHODS
from longbox.analysis.report.options import ReportOptions
from longbox.analysis.report.pictures import PLACEHOLDER, Thumbnails
from longbox.analysis.report.values import BookTable, SpaceStudy
from longbox.analysis.report.words import (
    SPACE_TITLES,
    SPACE_WORDS,
    axis_words,
    confidence_words,
    effects_of,
    in_words,
    looked_at,
    map_words,
    number,
    percent,
    shares_of,
    stability_words,
    tested_over,
    why_nothing,
)
from longbox.analysis.units import Unit
from longbox.library import PanelRecord
from longbox.wording import plural, spoken

_MOST_BOOKS: Final = 1_000
_TITLES: Final = {Unit.PAGES: "Pages", Unit.PANELS: "Panels"}


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """All that the page says.

    Attributes:
        title: Of the report.
        studies: Of the spaces.
        ablation: None where spaces were not compared.
        pages: Measures of all pages that have panels.
        books: One row a book.
        records: Of the panels that are shown, by row; of a page its first panel.
        thumbnails: Their pictures.
        n_pages, n_panels: Rows of the tables.
        notes: What could not be done.
    """

    title: str
    studies: Sequence[SpaceStudy]
    ablation: Ablation | None
    pages: pl.DataFrame
    books: BookTable
    records: dict[int, PanelRecord]
    thumbnails: Thumbnails
    n_pages: int
    n_panels: int
    notes: Sequence[str]


@dataclass(frozen=True, slots=True)
class _Cell:
    """One thumbnail."""

    url: str
    words: str
    key: str
    href: str


@dataclass(frozen=True, slots=True)
class _Counted:
    """How many pages are of a kind."""

    name: str
    n: int
    share: str
    n_books: int


def render_report(found: Found, options: ReportOptions) -> str:
    """Return the page.

    Args:
        found: What it says.
        options: As it was made.
    """
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("longbox.analysis.report", "templates"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    script = _template("map.js")
    digest = hashlib.sha256(script.encode("utf-8")).digest()
    types, numbers = shelf_charts(found.pages)
    shown = rows_shown(found.studies)
    return environment.get_template("report.html").render(
        title=found.title,
        headline=_headline(found),
        looked_at=_whole_shelf(found),
        made_at=datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        seed=options.sampling.seed,
        style=Markup(_template("report.css")),
        script=Markup(script),
        script_hash=base64.b64encode(digest).decode("ascii"),
        parts=[
            _part(study, found, shown.get(study.unit.value, frozenset()), options)
            for study in found.studies
        ],
        ablation=_ablation(found.ablation) if found.ablation else None,
        types=types,
        numbers=numbers,
        kinds=_kinds(found.pages),
        flags=_flags(found.pages),
        books=_books(found.books, options),
        methods=METHODS,
        caveats=CAVEATS,
        notes=found.notes,
        tables_words=f"{found.n_pages:,} pages and {found.n_panels:,} panels.",
        tables=[
            ("pages", table_columns(found.studies, Unit.PAGES)),
            ("panels", table_columns(found.studies, Unit.PANELS)),
            ("books", BOOK_COLUMNS),
        ],
    )


def _template(name: str) -> str:
    folder = resources.files("longbox.analysis.report") / "templates"
    return (folder / name).read_text(encoding="utf-8")


def _headline(found: Found) -> str:
    """Say the whole in one sentence."""
    named = [
        portrait
        for study in found.studies
        for portrait in study.portraits
        if portrait.archetype is not None and not portrait.is_one_book
    ]
    archetypes = len({portrait.archetype for portrait in named})
    spaces = plural(len({study.space for study in found.studies}), "space")
    said = (
        f"{plural(found.n_pages, 'page')} and {plural(found.n_panels, 'panel')} of "
        f"{plural(found.books.frame.height, 'book')}, seen in {spaces}"
    )
    return f"{said}: {plural(archetypes, 'archetype')} by name." if archetypes else f"{said}."


def _whole_shelf(found: Found) -> str:
    """Say what was looked at, and whether it is all."""
    sampled = [study for study in found.studies if study.units.is_sampled]
    said = (
        f"This library has {plural(found.books.frame.height, 'book')} whose files are there, with "
        f"{plural(found.n_pages, 'page')} and {plural(found.n_panels, 'panel')}."
    )
    if not sampled:
        return f"{said} Nothing was sampled: everything that has a vector was looked at."
    which = "; ".join(f"{study.space.value}, {looked_at(study)}" for study in sampled)
    return f"{said} These were sampled: {which}. Units outside of the sample have no cluster."


def _part(
    study: SpaceStudy, found: Found, shown: frozenset[int], options: ReportOptions
) -> dict[str, Any]:
    """Return what the template says of one space."""
    chosen = study.clusters.how_chosen
    agreement = study.clusters.over_seeds
    how = f"{study.clusters.options.method.value}: {chosen}."
    if agreement.n_runs > 1:
        how += f" From other starting points the fits agree (adjusted Rand {agreement.mean:.2f})."
    return {
        "key": study.key,
        "title": f"{_TITLES[study.unit]} {SPACE_TITLES[study.space]}",
        "space": study.space.value,
        "unit": study.unit.value,
        "knows": SPACE_WORDS[study.space],
        "fingerprint": study.units.fingerprint,
        "n": study.units.n,
        "n_known": study.units.n_known,
        "n_books": study.n_books,
        "intro": (
            f"The {study.space.value} space knows {SPACE_WORDS[study.space]}. Looked at: "
            f"{looked_at(study)}."
        ),
        "map": map_chart(study, options.most_points, options.sampling.seed),
        "map_words": map_words(study),
        "map_data": map_data(study, found.thumbnails, shown, options),
        "how_chosen": how,
        "cards": [_card(portrait, study, found, options) for portrait in study.portraits],
        "effects": effects_chart(study),
        "k": k_chart(study),
        "axes": [_axis(axis, study.unit) for axis in study.axes],
    }


def _card(
    portrait: ClusterPortrait, study: SpaceStudy, found: Found, options: ReportOptions
) -> dict[str, Any]:
    """Return what the template says of one cluster."""

    def cells(rows: Sequence[int]) -> list[_Cell]:
        return [cell for row in rows if (cell := _cell(row, study.unit, found, options))]

    main = f"{portrait.main_book} ({percent(portrait.main_book_share)})"
    return {
        "number": portrait.number + 1,
        "name": portrait.name,
        "colour": group_colour(portrait.number),
        "n": portrait.n,
        "share": percent(portrait.share),
        "n_books": portrait.n_books,
        "confidence": confidence_words(portrait, study.unit),
        "stability": stability_words(portrait),
        "effects": effects_of(portrait, study.unit),
        "why_nothing": why_nothing(portrait),
        "tested": tested_over(portrait),
        "types": shares_of(portrait, "page_type"),
        "languages": shares_of(portrait, "language"),
        "main_book": main,
        "centre": cells(portrait.exemplars.centre),
        "edge": cells(portrait.exemplars.edge[: max(1, options.exemplars // 2)]),
    }


def _cell(row: int, unit_of: Unit, found: Found, options: ReportOptions) -> _Cell | None:
    record = found.records.get(row)
    url = found.thumbnails.url(unit_of, row)
    if record is None or url is None:
        return None
    words = f"{record.title}, page {record.page_index + 1}"
    if unit_of is Unit.PANELS:
        words += f", panel {record.panel + 1}"
    if url == PLACEHOLDER:
        words += " (picture cannot be read)"
    return _Cell(url, words, f"{unit_of.value}-{row}", _href(record, options))


def _href(record: PanelRecord, options: ReportOptions) -> str:
    if options.address:
        return f"{options.address.rstrip('/')}/read/{record.book_id}?page={record.page_index + 1}"
    return f"#book-{record.book_id}"


def _axis(axis: AxisMeaning, unit_of: Unit) -> dict[str, Any]:
    lines = axis_words(axis, unit_of)
    return {"name": axis.name, "lines": lines, "n": axis.n, "n_books": axis.n_books}


def _ablation(found: Ablation) -> dict[str, Any]:
    names = ", ".join(line.space.value for line in found.spaces)
    sampled = ", a seeded sample" if found.is_sampled else ""
    return {
        "looked_at": (
            f"The same {found.n:,} {found.unit.value}{sampled} of {plural(found.n_books, 'book')} "
            f"that have a vector in every one of {names}. Of {found.n_measured:,} of them all "
            "measures are known: shares are of these."
        ),
        "claims": [in_words(claim.words, found.unit) for claim in found.claims],
        "charts": ablation_charts(found),
        "untold": found.untold,
    }


def _kinds(pages: pl.DataFrame) -> list[_Counted]:
    counted = pages.group_by("page_type").agg(n=pl.len(), n_books=pl.col("book_id").n_unique())
    rows = counted.sort(["n", "page_type"], descending=[True, False]).iter_rows()
    return [
        _Counted(spoken(kind), n, percent(n / pages.height), n_books) for kind, n, n_books in rows
    ]


def _flags(pages: pl.DataFrame) -> list[_Counted]:
    found = []
    for name in CATEGORIES:
        if name.startswith(("is_", "has_")) and pages[name].any():
            own = pages.filter(pl.col(name))
            words = spoken(name.removeprefix("is_").removeprefix("has_"))
            share = percent(own.height / pages.height)
            found.append(_Counted(words, own.height, share, own["book_id"].n_unique()))
    return sorted(found, key=lambda one: -one.n)


def _books(table: BookTable, options: ReportOptions) -> dict[str, Any]:
    frame = table.frame.head(_MOST_BOOKS)
    left = table.frame.height - frame.height
    intro = "Numbers are medians of story and splash pages."
    if table.space is not None:
        intro += (
            f" The most alike book is by the {table.space.value} space, for books of "
            f"{table.fewest} pages and more; a dash means that it cannot be told."
        )
    if left:
        intro += f" The first {_MOST_BOOKS:,} of the shelf; {left:,} more stand in the table."
    titles = _titles(table.frame)
    rows = [_book(row, titles, options) for row in frame.iter_rows(named=True)]
    return {"intro": intro, "rows": rows}


def _titles(frame: pl.DataFrame) -> dict[str, str]:
    """Return what books are called, by id: those of one title with their languages."""
    counts = Counter(frame["title"].to_list())
    return {
        book_id: f"{title} ({language})" if counts[title] > 1 and language else title
        for book_id, title, language in frame.select("book_id", "title", "language").iter_rows()
    }


def _book(row: dict[str, Any], titles: dict[str, str], options: ReportOptions) -> dict[str, Any]:
    def shown(name: str) -> str:
        return "–" if row[name] is None else number(float(row[name]))

    def share(name: str) -> str:
        return "–" if row[name] is None else percent(float(row[name]))

    def cosine(name: str) -> str:
        return "–" if row[name] is None else f"{row[name]:.2f}".replace("-", "−")

    address = options.address.rstrip("/")
    return {
        "book_id": row["book_id"],
        "title": titles[row["book_id"]],
        "href": f"{address}/book/{row['book_id']}" if address else "",
        "cells": [
            f"{row['n_pages']:,}",
            f"{row['n_panels']:,}",
            shown("panels_a_page"),
            shown("characters_a_panel"),
            share("one_panel_pages"),
            share("wordless_pages"),
        ],
        "alike": titles.get(row["most_alike_id"], "–"),
        "likeness": cosine("likeness"),
        "elsewhere": titles.get(row["most_alike_elsewhere_id"], "–"),
        "likeness_elsewhere": cosine("likeness_elsewhere"),
    }
