"""The table of archetypes in docs/study.md is the one that the code is written by."""

from __future__ import annotations

from pathlib import Path

from longbox.analysis.clusters import ARCHETYPES
from longbox.analysis.clusters import archetypes as rules

DOCS = Path(__file__).parents[3] / "docs" / "study.md"


def table(text: str) -> list[str]:
    return [line for line in text.splitlines() if line.startswith("|")]


def test_the_documented_rules_are_those_of_the_code() -> None:
    text = DOCS.read_text(encoding="utf-8")
    between = text.split("<!-- archetypes -->")[1].split("<!-- /archetypes -->")[0]
    assert table(between) == table(rules.__doc__ or "")


def test_every_archetype_is_in_the_table() -> None:
    documented = "\n".join(table(rules.__doc__ or ""))
    for archetype in ARCHETYPES:
        assert archetype.name in documented, archetype.name
