"""File names: the benchmark's table is the specification; here the edges."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from longbox.ingest.filename import parse_name

BENCHMARK = Path(__file__).resolve().parents[2] / "benchmarks" / "filenames.py"


def benchmark() -> ModuleType:
    spec = importlib.util.spec_from_file_location("filenames_benchmark", BENCHMARK)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def test_names_of_the_benchmark_are_read_better_than_by_comicfn2dict() -> None:
    filenames = benchmark()
    assert len(filenames.TUNED) + len(filenames.HELD) >= 80
    ours = filenames.score(filenames.TUNED, filenames.read_longbox, errors=False)
    held = filenames.score(filenames.HELD, filenames.read_longbox, errors=False)
    theirs = filenames.score(filenames.HELD, filenames.read_comicfn2dict, errors=False)
    assert ours["whole"] >= 0.98
    assert held["whole"] >= 0.9
    for field in ("series", "number", "volume", "year", "title", "whole"):
        assert held[field] > theirs[field]


@pytest.mark.parametrize(
    ("name", "count"),
    [("Saga 001 (of 12)", "12"), ("Saga 03 of 06", "6"), ("Saga (3 of 6)", "6"), ("Saga 3", None)],
)
def test_issue_count_is_kept(name: str, count: str | None) -> None:
    assert dict(parse_name(name).other).get("Count") == count


def test_tags_that_say_nothing_known_are_kept() -> None:
    other = dict(parse_name("Saga 001 (2012) (Digital) [Some Group]").other)
    assert other["ScanInformation"] == "Digital; Some Group"


def test_dates_have_month_and_day() -> None:
    metadata = parse_name("Thor 001 (2020-03-04)")
    assert (metadata.year, metadata.month, metadata.day) == (2020, 3, 4)
    assert parse_name("Conan 3 (Apr 2004)").month == 4


@pytest.mark.parametrize("name", ["", " ", ".", "()", "[]", "((((", "-", "_.cbz", "\n", "(2001)"])
def test_names_without_anything_give_no_series(name: str) -> None:
    metadata = parse_name(name)
    assert metadata.series is None
    assert metadata.number is None


@given(st.text(max_size=80))
def test_any_text_is_read_without_an_error(name: str) -> None:
    metadata = parse_name(name)
    assert metadata.sources == ("filename",)
    assert metadata.series is None or metadata.series.strip()


@pytest.mark.parametrize("piece", ["1 ", "(", "v1 c1 ", "#", "0" * 9, "-1.", " of 1", "[a]", "第"])
def test_long_hostile_names_are_read_quickly(piece: str) -> None:
    import time

    started = time.process_time()
    parse_name(piece * 20_000)
    assert time.process_time() - started < 0.5
