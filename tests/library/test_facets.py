"""Facets: what each further choice would leave, against a count over every panel."""

from __future__ import annotations

import sqlite3
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from drawn_books import STAMP, add, draw_book, filled, flagged
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from longbox.book import Direction, Metadata, PageFlag, PageType
from longbox.library import Facet, Filters, Library, PanelRecord

TEXTS = [["one", "", "three"], ["", ""], ["a longer line of lettering"], []]
KINDS = (PageType.COVER, PageType.STORY, PageType.SPLASH, PageType.BLANK)
EVERYTHING = Filters()


def shelf(root: Path) -> Library:
    series = ["Mars", "mars", "Été", "Ete", "Night", None, "Night", "Other"]
    books = []
    for number, name in enumerate(series):
        metadata = Metadata(
            title=f"Book {number}",
            series=name,
            year=None if number == 3 else 1990 + number % 3,
            language=("en", "fr", None)[number % 3],
        )
        direction = (Direction.LTR, Direction.RTL)[number % 2]
        texts = TEXTS[number % 4 :] + TEXTS[: number % 4]
        book = draw_book(
            number, texts, metadata=metadata, direction=direction, kinds=KINDS[number % 3 :]
        )
        marks = {number % 3: (PageFlag.PROSE,), 2: (PageFlag.PROSE, PageFlag.LANDSCAPE)}
        books.append(flagged(book, marks if number % 2 else {}))
    return filled(root, books)


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Library:
    found = shelf(tmp_path_factory.mktemp("facets") / "library")
    found.forget_file(found.known_files().__iter__().__next__())
    return found


def everything(library: Library) -> list[PanelRecord]:
    with sqlite3.connect(library.root / "catalog.sqlite") as catalog:
        rows = [row for (row,) in catalog.execute("SELECT row FROM panels ORDER BY row")]
    return library.panel_records(rows)


def plain(name: str | None) -> str:
    return (name or "").casefold().replace("é", "e").replace("É", "e")


def passes(record: PanelRecord, f: Filters) -> bool:
    n = len("".join(record.text.split()))
    year = record.year
    checks = [
        f.include_missing or not record.is_missing,
        f.series is None or plain(f.series) in plain(record.series),
        f.title is None or plain(f.title) in plain(record.title),
        not f.page_types or record.page_type in f.page_types,
        not f.languages or record.language in f.languages,
        f.direction is None or record.direction is f.direction,
        f.year_min is None or (year is not None and year >= f.year_min),
        f.year_max is None or (year is not None and year <= f.year_max),
        n >= f.min_text_characters,
        not f.book_ids or record.book_id in f.book_ids,
        not f.flags or bool(set(f.flags) & set(record.flags)),
        not set(f.without_flags) & set(record.flags),
        not f.series_exact
        or (record.series is not None and plain(record.series) in map(plain, f.series_exact)),
        f.has_text is None or (n > 0) == f.has_text,
    ]
    return all(checks)


def counted(facet: Facet) -> dict[str, int]:
    return {value.value: value.n_panels for value in facet.values if value.n_panels}


def naive(records: list[PanelRecord], f: Filters) -> dict[str, dict[str, int]]:
    def left(**without: Any) -> list[PanelRecord]:
        return [r for r in records if passes(r, replace(f, **without))]

    flags = Counter(flag.value for r in left(flags=()) for flag in r.flags)
    texts = Counter("yes" if r.text.strip() else "no" for r in left(has_text=None))
    spelling = {plain(r.series): r.series for r in records if r.series}
    for r in records:
        if r.series:
            spelling[plain(r.series)] = min(spelling[plain(r.series)] or "", r.series)
    series = Counter(spelling[plain(r.series)] for r in left(series_exact=()) if r.series)
    years = Counter(str(r.year) for r in left(year_min=None, year_max=None) if r.year)
    return {
        "series": dict(series),
        "page_types": Counter(r.page_type.value for r in left(page_types=())),
        "languages": Counter(r.language for r in left(languages=()) if r.language),
        "directions": Counter(r.direction.value for r in left(direction=None)),
        "years": dict(years),
        "has_text": dict(texts),
        "flags": dict(flags),
        "books": Counter(r.book_id for r in left(book_ids=())),
    }


FILTERS = st.builds(
    Filters,
    series=st.sampled_from([None, None, "mar", "nothing"]),
    title=st.sampled_from([None, None, "book"]),
    page_types=st.lists(st.sampled_from(KINDS), max_size=2).map(tuple),
    languages=st.lists(st.sampled_from(["en", "fr", "xx"]), max_size=2).map(tuple),
    direction=st.sampled_from([None, None, *Direction]),
    year_min=st.sampled_from([None, None, 1991]),
    year_max=st.sampled_from([None, None, 1991, 1980]),
    min_text_characters=st.sampled_from([0, 0, 4]),
    book_ids=st.sampled_from([(), (), (f"{4:016x}", f"{5:016x}")]),
    include_missing=st.booleans(),
    flags=st.lists(st.sampled_from(list(PageFlag)[:2]), max_size=1).map(tuple),
    without_flags=st.lists(st.sampled_from(list(PageFlag)[:2]), max_size=1).map(tuple),
    series_exact=st.lists(st.sampled_from(["MARS", "ete", "Night", "None"]), max_size=2).map(tuple),
    has_text=st.sampled_from([None, None, True, False]),
)


@given(FILTERS)
@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_counts_are_those_of_a_walk_over_all_panels(library: Library, filters: Filters) -> None:
    records = everything(library)
    found = library.facets(filters)
    assert found.n_panels == sum(passes(r, filters) for r in records)
    assert found.n_books == len({r.book_id for r in records if passes(r, filters)})
    for name, counts in naive(records, filters).items():
        assert counted(getattr(found, name)) == counts, name
        assert getattr(found, name).n_values == len(counts), name


@given(FILTERS)
@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_search_finds_just_the_panels_that_are_counted(library: Library, filters: Filters) -> None:
    texts = library.match_substring("e", 1000, filters)
    there = {r.row for r in everything(library) if passes(r, filters) and "e" in r.text}
    assert {panel.row for panel in texts} == there


def test_empty_library_has_nothing_to_choose(tmp_path: Path) -> None:
    with Library.create(tmp_path / "library") as library:
        found = library.facets()
        assert (found.n_panels, found.n_books) == (0, 0)
        assert found.series.values == found.books.values == found.flags.values == ()
        assert found.languages.n_values == 0


def test_choosing_a_series_still_shows_the_others(library: Library) -> None:
    all_of_them = counted(library.facets().series)
    chosen = library.facets(Filters(series_exact=("night",)))
    assert counted(chosen.series) == all_of_them
    assert counted(chosen.books) == {
        book: n for book, n in counted(library.facets().books).items() if book in _night()
    }


def _night() -> set[str]:
    return {f"{number:016x}" for number in (4, 6)}


def test_series_in_two_spellings_is_one(library: Library) -> None:
    labels = [value.label for value in library.facets(Filters(include_missing=True)).series.values]
    assert sorted(labels) == ["Ete", "Mars", "Night", "Other"]


def test_long_lists_are_cut_but_counted_and_keep_what_is_chosen(library: Library) -> None:
    books = library.facets(limit=2).books
    assert (len(books.values), books.n_values) == (2, 7)
    last = library.facets(limit=100).books.values[-1].value
    kept = library.facets(Filters(book_ids=(last,)), limit=2).books
    assert last in {value.value for value in kept.values}
    assert len(kept.values) == 3


def test_chosen_value_without_a_panel_is_shown_with_none(library: Library) -> None:
    found = library.facets(Filters(languages=("xx",), series_exact=("Nowhere",)))
    assert [v.n_panels for v in found.languages.values if v.value == "xx"] == [0]
    assert [v.n_panels for v in found.series.values if v.value == "Nowhere"] == [0]


def test_counts_follow_the_library(tmp_path: Path) -> None:
    with filled(tmp_path / "library", [draw_book(1)]) as library:
        before = library.facets()
        assert library.facets() is before  # kept, not counted again
        add(library, draw_book(2, [["new"]]))
        assert library.facets().n_panels == before.n_panels + 1
        library.record_failure("/shelf/bad.cbz", STAMP, ())
        library.remove_book(f"{1:016x}")
        assert library.facets().n_panels == 1


def test_panels_without_text_can_be_asked_for(library: Library) -> None:
    found = library.facets(Filters(has_text=False))
    assert found.n_panels == {v.value: v.n_panels for v in found.has_text.values}["no"] > 0
    assert library.match_substring("one", 10, Filters(has_text=False)) == []
    assert library.match_substring("one", 10, Filters(has_text=True))
