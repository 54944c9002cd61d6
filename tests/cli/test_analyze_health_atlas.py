"""`longbox analyze health` and `longbox analyze atlas`."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from typer.testing import CliRunner, Result

from library.drawn_books import draw_book, filled
from longbox.cli.app import app
from longbox.errors import ConfigError, QueryError
from longbox.vectors import Space


def analyze(*words: object) -> Result:
    return CliRunner().invoke(app, ["analyze", *(str(w) for w in words)])


@pytest.fixture
def root(tmp_path: Path) -> Path:
    books = [draw_book(n) for n in range(1, 9)]
    flat = tuple(
        replace(v, vectors=np.full_like(v.vectors, v.dimension**-0.5) * v.mask[:, None])
        if v.space is Space.TEXT
        else v
        for v in books[0].vectors
    )
    filled(tmp_path / "lib", [replace(books[0], vectors=flat), *books[1:]]).close()
    return tmp_path / "lib"


def names(done: Result) -> set[str]:
    return {v["name"].partition(":")[0] for v in json.loads(done.stdout)["verdicts"]}


def test_only_the_asked_spaces_are_judged(root: Path) -> None:
    done = analyze("health", "--library", root, "-s", "vision", "-s", "fused", "--json")
    said = json.loads(done.stdout)
    assert {s["name"] for s in said["spaces"]} == {"vision"}
    assert [a["space"] for a in said["absent"]] == ["fused"]
    every = json.loads(analyze("health", "--library", root, "--json").stdout)
    assert [s for s in every["spaces"] if s["name"] == "vision"] == said["spaces"]
    assert len(every["spaces"]) > 1


def test_a_space_that_is_not_of_a_model_asks_for_no_model(root: Path) -> None:
    alone = json.loads(analyze("health", "--library", root, "-s", "vision", "--json").stdout)
    assert alone["notes"] == []
    every = json.loads(analyze("health", "--library", root, "--json").stdout)
    assert any("model" in note for note in every["notes"])


def test_pages_are_judged_without_what_only_panels_have(root: Path) -> None:
    done = analyze("health", "--library", root, "--of", "pages", "--json")
    said = json.loads(done.stdout)
    vision = next(s for s in said["spaces"] if s["name"] == "vision of pages")
    panels = next(
        s
        for s in json.loads(analyze("health", "--library", root, "--json").stdout)["spaces"]
        if s["name"] == "vision"
    )
    assert 0 < vision["n"] < panels["n"]
    assert not any("within a page" in v["name"] for v in said["verdicts"])
    assert names(done) >= {"vision of pages", "text of pages"}
    assert {a["space"] for a in said["absent"]} >= {"fused", "contextual"}


def test_what_was_sampled_is_said(root: Path) -> None:
    done = analyze("health", "--library", root, "--of", "pages", "-s", "vision", "--most", 5)
    assert "vision: measured on 5 of" in done.stdout


def test_health_writes_its_report(root: Path, tmp_path: Path) -> None:
    page = tmp_path / "health.html"
    done = analyze("health", "--library", root, "-s", "vision", "--of", "pages", "--report", page)
    assert done.exit_code == 0, done.output
    assert "vision of pages" in page.read_text(encoding="utf-8")


def test_unknown_spaces_and_units_are_refused(root: Path) -> None:
    assert isinstance(analyze("health", "--library", root, "-s", "smell").exception, QueryError)
    assert isinstance(analyze("health", "--library", root, "--of", "tiers").exception, QueryError)
    assert isinstance(analyze("atlas", "--library", root, "--space", "x").exception, QueryError)


def test_the_atlas_table_is_written_without_the_program(root: Path, tmp_path: Path) -> None:
    table = tmp_path / "atlas.parquet"
    done = analyze("atlas", "--library", root, "--of", "pages", "--table", table)
    assert done.exit_code == 0, done.output
    assert done.stdout.strip() == str(table)
    assert {"x", "y", "text", "title"} <= set(pl.read_parquet(table).columns)


def test_a_missing_program_is_said_before_any_work(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    done = analyze("atlas", "--library", root)
    assert isinstance(done.exception, ConfigError)
    assert not (root / "maps").exists()


def test_the_address_is_printed_and_an_end_with_an_error_is_an_error(
    root: Path, tmp_path: Path
) -> None:
    program = tmp_path / "embedding-atlas"
    code = (
        "import socket, sys\n"
        "port = int(sys.argv[sys.argv.index('--port') + 1])\n"
        "listener = socket.create_server(('127.0.0.1', port))\n"
        "listener.accept()\n"
        "sys.exit(3)\n"
    )
    program.write_text(f"#!{sys.executable}\n{code}", encoding="utf-8")
    program.chmod(0o755)
    done = analyze("atlas", "--library", root, "--program", program, "--pictures", 0)
    assert done.exit_code == 1
    assert done.stdout.startswith("http://127.0.0.1:")
