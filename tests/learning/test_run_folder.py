"""A run's folder: the same command goes on, another is refused."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from pathlib import Path

import pytest

from learning_toys import stories, story
from longbox.errors import ModelError
from longbox.learning import (
    NamedValue,
    RunReport,
    RunState,
    Validation,
    books_digest,
    close_run,
    open_run,
    read_report,
)
from longbox.learning.checkpoint import CHECKPOINT_NAME
from longbox.learning.run_folder import REPORT_NAME, SETTINGS_NAME

SETTINGS = {
    "run": {"kind": "fusion", "start": 'a "quoted"\\folder\n\x7f\udcff'},
    "options": {"epochs": 3, "learning_rate": 3e-4, "is_odd": True},
}
REPORT = RunReport(
    7, 1.5, Validation(0.25, (NamedValue("order", 0.5, 0.5),)), stopped_early=True, silent=("a",)
)


def test_settings_are_kept_as_toml_whatever_is_in_them(tmp_path: Path) -> None:
    assert open_run(tmp_path / "run", SETTINGS) is RunState.NEW
    kept = tomllib.loads((tmp_path / "run" / SETTINGS_NAME).read_text("utf-8"))
    assert kept["options"] == SETTINGS["options"]
    assert kept["run"]["start"].startswith('a "quoted"\\folder\n\x7f')


def test_run_goes_on_with_the_same_settings_only(tmp_path: Path) -> None:
    open_run(tmp_path, SETTINGS)
    (tmp_path / CHECKPOINT_NAME).write_bytes(b"somewhere")
    assert open_run(tmp_path, SETTINGS) is RunState.STOPPED
    other = {**SETTINGS, "options": {"epochs": 4, "learning_rate": 3e-4, "is_odd": True}}
    with pytest.raises(ModelError, match=r"run with epochs 3, now it is 4; give --refresh"):
        open_run(tmp_path, other)
    assert open_run(tmp_path, other, refresh=True) is RunState.NEW
    assert not (tmp_path / CHECKPOINT_NAME).exists()


def test_settings_of_a_run_that_never_began_are_replaced(tmp_path: Path) -> None:
    open_run(tmp_path, SETTINGS)
    assert open_run(tmp_path, {"run": {"kind": "other"}}) is RunState.NEW


def test_run_that_is_over_is_kept_with_its_report(tmp_path: Path) -> None:
    open_run(tmp_path, SETTINGS)
    (tmp_path / CHECKPOINT_NAME).write_bytes(b"somewhere")
    close_run(tmp_path, REPORT)
    assert not (tmp_path / CHECKPOINT_NAME).exists()
    assert open_run(tmp_path, SETTINGS) is RunState.OVER
    assert read_report(tmp_path) == REPORT
    (tmp_path / "weights.safetensors").write_bytes(b"a model")
    assert open_run(tmp_path, SETTINGS, refresh=True) is RunState.NEW
    assert (tmp_path / "weights.safetensors").exists()  # until the new run has its first


def test_stopped_run_is_not_over(tmp_path: Path) -> None:
    open_run(tmp_path, SETTINGS)
    (tmp_path / CHECKPOINT_NAME).write_bytes(b"somewhere")
    close_run(tmp_path, replace(REPORT, was_interrupted=True))
    assert open_run(tmp_path, SETTINGS) is RunState.STOPPED


@pytest.mark.parametrize("text", ["", "{", "[]", '{"steps": "many"}', "[" * 100_000, "\udcff"])
def test_damaged_report_is_one_line(tmp_path: Path, text: str) -> None:
    (tmp_path / REPORT_NAME).write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(ModelError, match="--refresh"):
        read_report(tmp_path)


@pytest.mark.parametrize("text", ["options = 3", "= broken", "a = [" * 9000, "\x00"])
def test_damaged_settings_are_one_line(tmp_path: Path, text: str) -> None:
    (tmp_path / CHECKPOINT_NAME).write_bytes(b"somewhere")
    (tmp_path / SETTINGS_NAME).write_text(text)
    with pytest.raises(ModelError, match="--refresh"):
        open_run(tmp_path, SETTINGS)
    (tmp_path / SETTINGS_NAME).unlink()
    with pytest.raises(ModelError, match="not its settings"):
        open_run(tmp_path, SETTINGS)


def test_digest_names_what_is_learnt_from() -> None:
    books = stories(2)
    same = books_digest(stories(2))
    assert books_digest(books) == same
    assert len(same) == 16
    moved = replace(books[0], vision=replace(books[0].vision, vectors=books[1].vision.vectors))
    retold = replace(books[0], utterances=None)
    for other in ([books[1], books[0]], [books[0]], [], [moved, books[1]], [retold, books[1]]):
        assert books_digest(other) != same
    assert books_digest([replace(story(0), series="\udcff")]) != books_digest([story(0)])
