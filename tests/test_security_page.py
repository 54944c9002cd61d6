"""docs/security.md says what the code does: every limit, every test that is named."""

from __future__ import annotations

import dataclasses
import importlib
import re
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parent.parent
PAGE = (REPOSITORY / "docs" / "security.md").read_text(encoding="utf-8")
ROW = re.compile(r"^\| (?P<what>[^|]+) \| `(?P<where>longbox[\w.]*:[\w.]+)` \| (?P<value>[^|]+) \|")
TEST = re.compile(r"`(tests/[\w/]+\.py)::(test_\w+)`")
UNITS = {"MiB": 1 << 20, "KiB": 1 << 10, "s": 1, "": 1}
LIMITS = [found.groupdict() for line in PAGE.splitlines() if (found := ROW.match(line))]
TESTS = sorted(set(TEST.findall(PAGE)))
# Fields of IngestOptions that are no limits against strangers, with the reason.
NO_LIMITS = {
    "direction": "what a person says of the book",
    "pdf_side_px": "the size at which pages are drawn",
    "max_missing_rows": "what counts as a damaged page",
}


def number(text: str) -> float:
    """Read "256 MiB", "120,000,000" or "60 s"."""
    found = re.fullmatch(r"([\d,]+)(?: (MiB|KiB|s))?", text.strip())
    assert found is not None, text
    return int(found[1].replace(",", "")) * UNITS[found[2] or ""]


def value_of(where: str) -> object:
    """Return a constant, or the default of an options class's field."""
    module, _, name = where.partition(":")
    holder, _, field = name.partition(".")
    found = getattr(importlib.import_module(module), holder)
    if not field:
        return found
    return next(each.default for each in dataclasses.fields(found) if each.name == field)


@pytest.mark.parametrize("limit", LIMITS, ids=[limit["where"] for limit in LIMITS])
def test_limit_has_the_value_that_the_page_says(limit: dict[str, str]) -> None:
    assert value_of(limit["where"]) == number(limit["value"]), limit["what"]


def test_every_limit_of_ingest_is_on_the_page() -> None:
    from longbox.ingest import IngestOptions

    told = {limit["where"].rpartition(".")[2] for limit in LIMITS}
    missing = {f.name for f in dataclasses.fields(IngestOptions)} - told - NO_LIMITS.keys()
    assert not missing
    assert len(LIMITS) >= 40


def test_every_test_that_is_named_exists() -> None:
    assert len(TESTS) > 40
    lost = []
    for file, name in TESTS:
        path = REPOSITORY / file
        text = path.read_text(encoding="utf-8") if path.is_file() else ""
        if not re.search(rf"^(async )?def {name}\(", text, re.MULTILINE):
            lost.append(f"{file}::{name}")
    assert not lost


def test_every_row_of_the_limits_names_a_test() -> None:
    table = PAGE.split("## Limits")[1].split("\n## ")[0]
    rows = [line for line in table.splitlines() if line.startswith("| ") and "`longbox." in line]
    assert len(rows) == len(LIMITS)
    assert all(TEST.search(row) for row in rows)
