"""`longbox analyze concepts|clusters|ablation|book|list|show|forget` on a small drawn library."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from longbox.cli.app import app
from longbox.errors import LongboxError, QueryError
from numbered_libraries import numbered


def analyze(*words: object) -> Result:
    return CliRunner().invoke(app, ["analyze", *(str(w) for w in words)])


@pytest.fixture
def root(tmp_path: Path) -> Path:
    numbered(tmp_path / "lib", 12, n_pages=6).close()
    return tmp_path / "lib"


def refused(done: Result, kind: type[LongboxError]) -> str:
    """Return the one line of an error."""
    assert isinstance(done.exception, kind), done.exception
    line = str(done.exception)
    assert "\n" not in line
    return line


def test_clusters_are_told_kept_listed_shown_and_forgotten(root: Path) -> None:
    where = ("--library", root)
    done = analyze("clusters", "-k", 3, "--no-map", *where)
    assert done.exit_code == 0, done.output
    assert "3 clusters of 72 pages by vision" in done.output
    assert done.output.count("set apart by:") == 3
    [study] = json.loads(analyze("list", "--json", *where).stdout)
    assert study["study_id"] in done.output
    shown = json.loads(analyze("show", study["study_id"], *where).stdout)
    assert len(shown["found"]["portraits"]) == 3
    assert study["study_id"] in analyze("list", *where).stdout
    assert analyze("forget", study["study_id"], *where).exit_code == 0
    assert analyze("list", *where).exit_code == 1
    assert "no such study" in refused(analyze("show", study["study_id"], *where), QueryError)


def test_ablation_says_what_each_space_is_made_of(root: Path) -> None:
    done = analyze("ablation", "--json", "--library", root)
    said = json.loads(done.stdout.splitlines()[-1])
    assert {line["space"] for line in said["spaces"]} == {"vision", "text"}
    assert said["n"] == 72
    told = analyze("ablation", "--library", root).output
    assert "share of what differs" in told
    assert "text and vision" in told


def test_concepts_are_compared_pair_by_pair(root: Path) -> None:
    asked = ("early=year:2001-2006", "late=year:2007-2012", "covers=type:cover")
    done = analyze(
        "concepts", *asked, "--draws", 99, "--sum", "early - late", "-k", 2, "--library", root
    )
    assert done.exit_code == 0, done.output
    assert "early and late:" in done.output
    assert "nearest to covers, outside its own books:" in done.output
    assert "nearest to early - late" in done.output


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("concepts", "a=type:cover", "--space", "smell"), "'smell' is no space"),
        (("concepts", "a=sereis:Drawn"), "series"),
        (("concepts", "a=type:cover", "--closer", "a,b"), "name three concepts"),
        (("clusters", "--method", "magic"), "'magic' is no method"),
        (("clusters", "--space", "fused"), "no fused vectors"),
        (("ablation", "-s", "vision"), "two spaces"),
        (("show", "../catalog"), "no study"),
    ],
)
def test_what_cannot_be_asked_is_one_line(root: Path, words: tuple[str, ...], message: str) -> None:
    assert message in refused(analyze(*words, "--library", root), QueryError)


def test_a_book_is_read_along_its_pages_and_drawn(root: Path, tmp_path: Path) -> None:
    first, second = f"{1:016x}", f"{2:016x}"
    picture = tmp_path / "book.svg"
    done = analyze("book", first, "--beside", second, "--picture", picture, "--library", root)
    assert done.exit_code == 0, done.output
    assert "story page" in done.output
    assert "most alike by vision" in done.output
    assert picture.read_text(encoding="utf-8").lstrip().startswith("<svg")
    said = json.loads(analyze("book", first, "--json", "--library", root).stdout.splitlines()[-1])
    assert said["reading"]["book_id"] == first
    assert "another" in refused(
        analyze("book", first, "--beside", first, "--library", root), QueryError
    )
