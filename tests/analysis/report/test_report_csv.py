"""CSV of the report: nothing in it is calculated by a spreadsheet, and nothing is lost."""

from __future__ import annotations

import csv
from pathlib import Path

import polars as pl
import pytest

from longbox.analysis.report.spreadsheet import CsvFile, safe_frame

DANGEROUS = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "  =1", "＝1+1", "-a"]


def read(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.reader(file))


@pytest.mark.parametrize("words", DANGEROUS)
def test_words_that_would_be_calculated_have_an_apostrophe_in_front(words: str) -> None:
    safe = safe_frame(pl.DataFrame({"title": [words]}))["title"][0]
    assert safe.startswith("'")
    assert "\n" not in safe
    assert "\r" not in safe


@pytest.mark.parametrize("words", ["plain", "a=b", "1-2", "鳥の目", "", "'quoted", "x\ty"])
def test_other_words_have_none(words: str) -> None:
    safe = safe_frame(pl.DataFrame({"title": [words]}))["title"][0]
    assert safe == words.replace("\t", " ")


def test_negative_numbers_and_missing_values_stay_as_they_are(tmp_path: Path) -> None:
    file = CsvFile(tmp_path / "t.csv")
    file.add(pl.DataFrame({"x": [-1.5, None], "title": pl.Series([None, "-x"], dtype=pl.String)}))
    file.close()
    rows = read(tmp_path / "t.csv")
    assert rows == [["x", "title"], ["-1.5", ""], ["", "'-x"]]


def test_frames_follow_each_other_below_one_head(tmp_path: Path) -> None:
    file = CsvFile(tmp_path / "t.csv")
    for part in (['a, "b"'], [], ["鳥\n目"]):
        file.add(pl.DataFrame({"title": part}, schema={"title": pl.String}))
    file.close()
    said = (tmp_path / "t.csv").read_bytes()
    assert said.startswith(b"\xef\xbb\xbftitle\r\n")
    assert said.count(b"\xef\xbb\xbf") == 1
    rows = read(tmp_path / "t.csv")
    assert rows == [["title"], ['a, "b"'], ["鳥 目"]]
