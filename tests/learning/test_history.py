"""The history survives a killed run, a resume, and figures that are not finite."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from longbox.errors import ModelError
from longbox.evaluation import ModuleGradient
from longbox.learning.history import (
    HISTORY_NAME,
    GradientNorm,
    HealthValue,
    History,
    HistoryEntry,
    NamedValue,
    curves,
    gradient_norms,
    last_gradients,
    read_history,
)


def entry(step: int, value: float = 1.0) -> HistoryEntry:
    return HistoryEntry(
        step=step,
        epoch=step / 10,
        losses=(NamedValue("L_clip", value, 5.5),),
        learning_rate=1e-3,
        scores=(NamedValue("picking hard", 0.4, 0.2), NamedValue("clip loss", 2.0, None)),
        gradients=(GradientNorm("body", 0.5, 40, 0),),
        health=(HealthValue("fused", "rank_share", 0.6), HealthValue("fused", "uniformity", None)),
        seconds=float(step),
    )


def test_what_is_appended_is_read_back(tmp_path: Path) -> None:
    history = History(tmp_path / "run")
    for step in (1, 2):
        history.append(entry(step))
    found = read_history(tmp_path / "run")
    assert [e.step for e in found] == [1, 2]
    assert found[0].losses == entry(1).losses
    assert found == read_history(history.path)


def test_no_file_and_an_empty_file_have_no_entries(tmp_path: Path) -> None:
    assert read_history(tmp_path) == ()
    (tmp_path / HISTORY_NAME).touch()
    assert read_history(tmp_path) == ()
    assert curves(()) == ()
    assert last_gradients(()) == ()


@pytest.mark.parametrize("cut", [1, 5, 40])
def test_a_cut_last_line_is_skipped_and_removed_on_resume(tmp_path: Path, cut: int) -> None:
    history = History(tmp_path)
    for step in (1, 2, 3):
        history.append(entry(step))
    data = history.path.read_bytes()
    history.path.write_bytes(data[: -1 - cut])
    assert [e.step for e in read_history(tmp_path)] == [1, 2]
    History(tmp_path).append(entry(4))
    assert [e.step for e in read_history(tmp_path)] == [1, 2, 4]


def test_a_file_that_is_one_cut_line_becomes_empty(tmp_path: Path) -> None:
    (tmp_path / HISTORY_NAME).write_bytes(b'{"step": 1, "epo' + b" " * 200_000)
    assert read_history(tmp_path) == ()
    assert History(tmp_path).path.read_bytes() == b""


@pytest.mark.parametrize("line", [b"{broken", b'{"step": "one", "epoch": 1}', b"\xff\xfe", b"[]"])
def test_a_damaged_line_in_the_middle_is_an_error(tmp_path: Path, line: bytes) -> None:
    history = History(tmp_path)
    history.append(entry(1))
    with history.path.open("ab") as file:
        file.write(line + b"\n")
    history.append(entry(2))
    with pytest.raises(ModelError, match="line 2"):
        read_history(tmp_path)


def test_a_resumed_run_has_no_step_twice(tmp_path: Path) -> None:
    history = History(tmp_path)
    for step in range(1, 6):
        history.append(entry(step))
    assert history.drop_after(3) == 2
    history.append(entry(4))
    assert [e.step for e in read_history(tmp_path)] == [1, 2, 3, 4]
    assert history.drop_after(9) == 0


def test_a_loss_that_exploded_is_seen(tmp_path: Path) -> None:
    history = History(tmp_path)
    for step, value in ((1, 2.0), (2, math.nan), (3, -math.inf)):
        history.append(entry(step, value))
    curve = curves(read_history(tmp_path))[0]
    assert curve.values[0] == 2.0
    assert math.isnan(curve.values[1])
    assert math.isnan(curve.values[2])


def test_curves_know_chance_and_direction() -> None:
    found = {c.name: c for c in curves((entry(1), entry(2, 0.5)))}
    assert set(found) == {
        "L_clip",
        "validation picking hard",
        "validation clip loss",
        "fused rank_share",
    }
    assert found["L_clip"].chance == 5.5
    assert found["L_clip"].values == (1.0, 0.5)
    assert not found["validation picking hard"].is_loss
    assert found["validation clip loss"].is_loss


def test_gradients_go_in_and_come_back() -> None:
    rows = (ModuleGradient("a", 0.25, 4, 0), ModuleGradient("b", 0.0, 2, 2))
    kept = HistoryEntry(1, 0.1, gradients=gradient_norms(rows))
    assert last_gradients((kept, HistoryEntry(2, 0.2))) == rows
