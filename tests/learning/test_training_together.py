"""Training in two processes on gloo: the same model as in one, one voice, one decision."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest
import torch

from learning_toys import options, quiet
from library.drawn_books import draw_book, filled
from longbox.book import Metadata
from longbox.cli.train_processes import run_processes
from longbox.errors import ConfigError
from longbox.learning import read_history
from longbox.learning.loop import TrainingRun
from longbox.learning.placing import n_rows, rows_of
from longbox.learning.processes import Processes, open_processes
from trained_together import KINDS, Learner, N, stopping_after, train, weights

SCRIPT = Path(__file__).parents[1] / "trained_together.py"


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What two processes wrote."""
    folder = tmp_path_factory.mktemp("together")
    begun = folder / "begun by one"
    TrainingRun(Learner(), begun, options(seed=5), quiet, stopping_after(4, 0, 0)).go()
    books = [draw_book(i, [["a", "b", "c"]], metadata=Metadata(series=f"s{i}")) for i in range(4)]
    with filled(folder / "library", books) as library:
        library.export_zarr(folder / "train.zarr")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(SCRIPT.parent))
        patch.delenv("WORLD_SIZE", raising=False)
        assert run_processes([sys.executable, str(SCRIPT), str(folder)], N) == 0
    return folder


@pytest.fixture(scope="module")
def said(out: Path) -> list[dict[str, Any]]:
    """What each process saw."""
    return [json.loads((out / f"said {rank}.json").read_text()) for rank in range(N)]


def test_processes_without_a_gpu_meet_on_the_cpu(said: list[dict[str, Any]]) -> None:
    assert [s["n"] for s in said] == [N, N]


@pytest.mark.parametrize("kind", KINDS)
def test_two_processes_make_the_model_of_one(out: Path, tmp_path: Path, kind: str) -> None:
    alone = weights(train(kind, tmp_path / "run", tmp_path / "encoder"))
    together = torch.load(out / f"{kind}.pt", weights_only=True)
    for name, ours in alone.items():
        # Nothing depends on the bias of attention's keys, so Adam follows mere rounding there.
        tolerance = 2e-3 if name.endswith("qkv.bias") else 1e-4
        assert torch.allclose(ours, together[name], rtol=0, atol=tolerance), name
    steps = [[e.step for e in read_history(f) if e.losses] for f in (tmp_path / "run", out / kind)]
    assert steps[0] == steps[1]


def test_losses_and_scores_are_those_of_one_process(out: Path, tmp_path: Path) -> None:
    train("fusion", tmp_path / "run", tmp_path / "encoder")
    alone, together = read_history(tmp_path / "run"), read_history(out / "fusion")
    for ours, theirs in zip(alone, together, strict=True):
        for one, other in zip(
            (*ours.losses, *ours.scores), (*theirs.losses, *theirs.scores), strict=True
        ):
            assert one.name == other.name
            assert one.value == pytest.approx(other.value, abs=1e-4)
            assert one.chance == pytest.approx(other.chance, abs=1e-4)
        for mine, yours in zip(ours.gradients, theirs.gradients, strict=True):
            assert mine.norm == pytest.approx(yours.norm, rel=1e-2, abs=1e-4), mine.name


def test_one_that_stops_stops_all_after_the_same_step(said: list[dict[str, Any]]) -> None:
    for one in said:
        assert one["stopped"]["steps"] == [4, 12]
        assert one["stopped"]["interrupted"] == [True, False]


def test_run_goes_on_exactly_with_dropout_of_every_process(said: list[dict[str, Any]]) -> None:
    assert all(one["stopped"]["goes on exactly"] for one in said)
    assert said[0]["stopped"]["dice"] != said[1]["stopped"]["dice"]


def test_run_goes_on_with_another_number_of_processes(
    out: Path, said: list[dict[str, Any]], tmp_path: Path
) -> None:
    whole = Learner()
    TrainingRun(whole, tmp_path / "whole", options(seed=5), quiet).go()
    shutil.copytree(out / "begun by two", tmp_path / "two")
    alone = Learner()
    report = TrainingRun(alone, tmp_path / "two", options(seed=5), quiet).go()
    assert report.steps == 12
    assert torch.allclose(alone.modules.line.weight, whole.modules.line.weight, atol=1e-5)
    for one in said:
        steps, found = one["begun by one"]
        assert steps == 12
        assert torch.allclose(torch.tensor(found), whole.modules.line.weight, atol=1e-5)
    assert [e.step for e in read_history(tmp_path / "two") if e.losses] == [6, 12]


def test_batches_without_a_question_keep_all_in_step(
    said: list[dict[str, Any]], tmp_path: Path
) -> None:
    alone = Learner(is_often_silent=True)
    with pytest.warns(UserWarning, match="lr_scheduler"):
        TrainingRun(alone, tmp_path, options(), quiet).go()
    for one in said:
        assert one["silent"]["steps"] == 12
        found = torch.tensor(one["silent weights"])
        assert torch.allclose(found, alone.modules.line.weight, atol=1e-5)


def test_first_process_validates_and_decides_for_all(said: list[dict[str, Any]]) -> None:
    assert [one["n_validations"] for one in said] == [3, 0]
    for one in said:
        assert one["early"]["stopped_early"]
        assert one["early"]["steps"] == 18
        assert one["early"]["best"]["score"] == -1.0


def test_first_process_alone_speaks_and_writes(out: Path, said: list[dict[str, Any]]) -> None:
    assert said[0]["n_told"] == 6
    assert said[1]["n_told"] == 0
    assert [e.step for e in read_history(out / "early")] == [6, 6, 12, 12, 18, 18]
    assert (out / "early" / "best").read_text() == "-1.0"


def test_disk_that_is_full_ends_all(said: list[dict[str, Any]]) -> None:
    assert [one["full"][0] for one in said] == ["ModelError", "FailedInFirst"]
    assert all("the disk is full" in one["full"][1] for one in said)


def test_command_of_every_process_is_one_run_with_one_voice(
    out: Path, said: list[dict[str, Any]]
) -> None:
    (code, stdout, stderr), other = said[0]["command"], said[1]["command"]
    assert code == 0, stderr
    assert other == [0, "", ""]
    answer = json.loads(stdout)
    assert answer["steps"] == 1
    assert answer["was"] == "new"
    assert stderr.count("learning from") == 1
    assert {p.name for p in (out / "by cli").iterdir()} == {
        "config.json", "weights.safetensors", "train.toml", "history.jsonl", "report.json",
    }  # fmt: skip


def test_single_process_shares_with_nobody() -> None:
    processes = Processes()
    batch = torch.arange(6.0).reshape(3, 2)
    assert processes.spread(lambda rows: rows * 2, batch).tolist() == (batch * 2).tolist()
    assert processes.from_first(lambda: 3) == 3
    assert processes.collect("a") == ["a"]
    assert not processes.any(False)
    assert n_rows(batch) == 3
    assert rows_of(batch, torch.tensor([2, 2])).tolist() == [[4, 5], [4, 5]]


def test_more_processes_than_gpus_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORLD_SIZE", "4")
    monkeypatch.setenv("LOCAL_WORLD_SIZE", "4")
    monkeypatch.setattr(torch.accelerator, "is_available", lambda: True)
    monkeypatch.setattr(torch.accelerator, "device_count", lambda: 2)
    with pytest.raises(ConfigError, match="4 processes need a GPU each, this machine has 2"):
        open_processes("cuda")
