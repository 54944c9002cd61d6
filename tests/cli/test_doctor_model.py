"""`longbox doctor --model`: words, JSON, a report, and the exit code of a collapse."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner, Result

from library.drawn_books import Drawn, draw_book, filled
from longbox.cli.app import app
from longbox.errors import QueryError
from longbox.learning.history import GradientNorm, History, HistoryEntry, NamedValue
from longbox.vectors import Space


def doctor(*words: object) -> Result:
    return CliRunner().invoke(app, ["doctor", *(str(w) for w in words)])


def collapsed(drawn: Drawn) -> Drawn:
    """Give every panel of the book the same picture vector."""
    vectors = tuple(
        replace(v, vectors=np.full_like(v.vectors, v.dimension**-0.5))
        if v.space is Space.VISION
        else v
        for v in drawn.vectors
    )
    return replace(drawn, vectors=vectors)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    filled(tmp_path / "lib", [draw_book(n) for n in range(1, 9)]).close()
    return tmp_path / "lib"


def test_a_sound_library_is_told_in_words(root: Path) -> None:
    done = doctor("--model", "--library", root)
    assert done.exit_code == 0, done.output
    assert "vision: effective rank" in done.stdout
    assert "fused: no fused vectors yet; run `longbox embed`" in done.stdout


def test_a_collapse_ends_with_one_and_stands_in_json_and_report(tmp_path: Path) -> None:
    filled(tmp_path / "lib", [collapsed(draw_book(n)) for n in range(1, 9)]).close()
    report = tmp_path / "new" / "health.html"
    done = doctor("--model", "--library", tmp_path / "lib", "--json", "--report", report)
    assert done.exit_code == 1
    said = json.loads(done.stdout)
    assert said["level"] == "bad"
    bad = {v["name"].partition(":")[0] for v in said["verdicts"] if v["level"] == "bad"}
    assert bad == {"vision"}
    assert said["headline"] in report.read_text(encoding="utf-8")


def test_a_training_run_is_judged_too(root: Path, tmp_path: Path) -> None:
    history = History(tmp_path / "run")
    for step in range(10):
        history.append(
            HistoryEntry(
                step,
                0.0,
                losses=(NamedValue("L_rpp", 0.7074, 0.6931),),
                gradients=(GradientNorm("strip_query", 0.0, 512, 512),),
            )
        )
    done = doctor("--model", "--library", root, "--history", tmp_path / "run")
    assert done.exit_code == 1
    assert "bad  L_rpp: loss at the end" in done.stdout
    assert "bad  strip_query: share of trainable parameters without a gradient" in done.stdout


def test_wrong_use_is_refused(root: Path, tmp_path: Path) -> None:
    missing = doctor("--model", "--library", root, "--history", tmp_path / "none")
    assert isinstance(missing.exception, QueryError)
    alone = doctor("--library", root, "--report", tmp_path / "x.html")
    assert isinstance(alone.exception, QueryError)
    assert "--model" in str(alone.exception)
