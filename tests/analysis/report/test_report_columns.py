"""The report's columns: documented, and named once."""

from __future__ import annotations

from pathlib import Path

import pytest

from longbox.analysis.measures import PAGE_NUMBERS, PANEL_NUMBERS
from longbox.analysis.report import BOOK_COLUMNS, PAGE_COLUMNS, PANEL_COLUMNS, Column

DOCUMENT = Path(__file__).parents[3] / "docs" / "study-report.md"
TABLES = {"pages": PAGE_COLUMNS, "panels": PANEL_COLUMNS, "books": BOOK_COLUMNS}


@pytest.mark.parametrize("name", TABLES)
def test_every_column_stands_in_the_document_as_it_is(name: str) -> None:
    section = DOCUMENT.read_text(encoding="utf-8").partition(f"### {name}\n")[2]
    rows = [line for line in section.split("\n#")[0].splitlines() if line.startswith("| `")]
    assert rows == [f"| `{column.name}` | {column.words} |" for column in TABLES[name]]


@pytest.mark.parametrize("columns", TABLES.values())
def test_no_column_is_named_twice(columns: tuple[Column, ...]) -> None:
    names = [column.name for column in columns]
    assert len(set(names)) == len(names)


def test_every_measure_is_a_column() -> None:
    assert {one.name for one in PAGE_NUMBERS} <= {column.name for column in PAGE_COLUMNS}
    assert {one.name for one in PANEL_NUMBERS} <= {column.name for column in PANEL_COLUMNS}
