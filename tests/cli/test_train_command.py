"""`longbox train`: from a tiny library, and from exported datasets, to models that open."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from typer.testing import CliRunner

import command_line
from library.drawn_books import draw_book, filled
from longbox.book import Metadata
from longbox.cli.app import app
from longbox.closure_lite import load as load_closure_lite
from longbox.errors import ConfigError, LongboxError, ModelError, QueryError
from longbox.learning import read_report, scorers
from longbox.pipeline.panel_model import open_panel_model

SMALL_FUSION = ["--epochs", 2, "--batch-size", 16, "--d-model", 32, "--layers", 1]
SMALL_SEQUENCE = [
    "--epochs", 2, "--sequences", 120, "--num_layers", 1, "--nhead", 2, "--d_feedforward", 16,
    "--d_model", 32,
]  # fmt: skip


def longbox(*words: object) -> str:
    """Run a command in this process; its standard output. What it raises is raised."""
    done = CliRunner().invoke(app, [str(w) for w in words], catch_exceptions=False)
    assert done.exit_code == 0, done.stderr
    return done.stdout


def refused(*words: object) -> str:
    """Run a command that ends with an error of ours; its message."""
    with pytest.raises(LongboxError) as caught:
        CliRunner().invoke(app, [str(w) for w in words], catch_exceptions=False)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A library of six books in three series."""
    folder = tmp_path_factory.mktemp("train")
    books = [
        draw_book(
            i,
            [[f"{i} {p} {k}" for k in range(3)] for p in range(4)],
            metadata=Metadata(series=f"s{i // 2}"),
        )
        for i in range(6)
    ]
    with filled(folder / "library", books) as library:
        library.export_zarr(folder / "train.zarr")
    other = [draw_book(i, [["a", "b", "c"]] * 4) for i in (10, 11)]
    with filled(folder / "other", other) as library:
        library.export_zarr(folder / "val.zarr")
    return folder / "library"


@pytest.fixture(scope="module")
def trained(root: Path) -> dict[str, dict[str, object]]:
    """What the three commands answered."""
    return {
        "fusion": json.loads(longbox("train", "fusion", "-l", root, "--json", *SMALL_FUSION)),
        "sequence": json.loads(longbox("train", "sequence", "-l", root, "--json", *SMALL_SEQUENCE)),
        "closure-lite": json.loads(
            longbox("train", "closure-lite", "-l", root, "--json", "--epochs", 1)
        ),
    }


def test_models_are_in_the_library_and_open(
    root: Path, trained: dict[str, dict[str, object]]
) -> None:
    for kind, answer in trained.items():
        folder = root / "models" / kind
        assert answer["out"] == str(folder)
        assert (answer["was"], answer["interrupted"]) == ("new", False)
        assert {p.name for p in folder.iterdir()} == {
            "config.json", "weights.safetensors", "train.toml", "history.jsonl", "report.json",
        }  # fmt: skip
    assert open_panel_model(root).dimension == 32
    assert len(scorers(root / "models")) == 3
    assert load_closure_lite(root / "models" / "closure-lite")[1].seed == 0


def test_scores_stand_beside_chance(trained: dict[str, dict[str, object]]) -> None:
    for answer in trained.values():
        best = answer["best"]
        assert isinstance(best, dict)
        assert best["parts"]
        assert all(part["chance"] is not None for part in best["parts"])


def test_finished_run_is_not_repeated(root: Path, trained: dict[str, dict[str, object]]) -> None:
    weights = root / "models" / "sequence" / "weights.safetensors"
    before = weights.stat().st_mtime_ns
    again = json.loads(longbox("train", "sequence", "-l", root, "--json", *SMALL_SEQUENCE))
    assert again == {**trained["sequence"], "was": "over"}
    assert weights.stat().st_mtime_ns == before


def test_other_settings_need_refresh(root: Path, trained: dict[str, dict[str, object]]) -> None:
    assert trained
    asked = ["train", "closure-lite", "-l", root, "--epochs", 2]
    assert "run with epochs 1, now it is 2" in refused(*asked)
    anew = json.loads(longbox(*asked, "--refresh", "--json"))
    assert anew["was"] == "new"
    longbox("train", "closure-lite", "-l", root, "--epochs", 1, "--refresh")


def test_person_reads_a_table_and_what_is_next(root: Path, tmp_path: Path) -> None:
    done = CliRunner().invoke(
        app,
        [str(w) for w in ("train", "fusion", "-l", root, "--out", tmp_path / "f", *SMALL_FUSION)],
        catch_exceptions=False,
    )
    assert done.exit_code == 0
    assert "a guess" in done.stdout
    assert "picture finds its panel" in done.stdout
    said = command_line.longbox(
        *("train", "fusion", "-l", root, "--out", tmp_path / "f", *SMALL_FUSION)
    ).stderr
    assert "this run is over" in said
    assert "longbox train sequence" in said
    assert "longbox embed" in said


def test_datasets_train_without_a_library(root: Path, tmp_path: Path) -> None:
    given = [
        "--train_embeddings", root.parent / "train.zarr",
        "--val_embeddings", root.parent / "val.zarr",
    ]  # fmt: skip
    assert "--out" in refused("train", "fusion", *given)
    fusion = json.loads(
        longbox("train", "fusion", *given, "-o", tmp_path / "fusion", "--json", *SMALL_FUSION)
    )
    assert (fusion["data"]["books"], fusion["data"]["validation_books"]) == (6, 2)
    answer = json.loads(
        longbox("train", "sequence", *given, "-o", tmp_path / "sequence", "--json", *SMALL_SEQUENCE)
    )
    names = {part["name"] for part in answer["best"]["parts"]}
    assert "text_closure" in names
    assert names.isdisjoint({"caption_relevance", "character_coherence"})
    assert any("caption_relevance" in name for name in answer["silent"])
    assert len(scorers(tmp_path)) == 2


def test_book_in_both_datasets_is_refused(root: Path, tmp_path: Path) -> None:
    same = root.parent / "train.zarr"
    said = refused(
        "train", "fusion", "--train-embeddings", same, "--val-embeddings", same,
        "-o", tmp_path, *SMALL_FUSION,
    )  # fmt: skip
    assert "is in both training and validation" in said


def test_metadata_of_a_dataset_is_read(root: Path, tmp_path: Path) -> None:
    (tmp_path / "m.json").write_text("[]")
    said = refused(
        "train", "fusion", "--train_embeddings", root.parent / "train.zarr",
        "--train_metadata", tmp_path / "m.json", "-o", tmp_path / "f",
    )  # fmt: skip
    assert "0 records for 24 pages" in said


def test_half_of_a_dataset_is_wrong_usage(root: Path, tmp_path: Path) -> None:
    zarr = root.parent / "train.zarr"
    for words in (
        ["-l", root, "--val-embeddings", zarr],
        ["-l", root, "--train-metadata", tmp_path / "m.json"],
        ["--train-embeddings", zarr, "--val-metadata", tmp_path / "m.json", "-o", tmp_path],
    ):
        with pytest.raises(QueryError, match="give that too"):
            CliRunner().invoke(app, ["train", "fusion", *map(str, words)], catch_exceptions=False)


def test_model_to_begin_with_has_its_own_sizes(
    root: Path, tmp_path: Path, trained: dict[str, dict[str, object]]
) -> None:
    assert trained
    start = root / "models" / "fusion"
    asked = ["train", "fusion", "-l", root, "--out", tmp_path / "f", "--epochs", 1]
    assert "--layers is for a new model" in refused(*asked, "--start", start, "--layers", 2)
    assert "there is no model" in refused(*asked, "--start", tmp_path)
    longbox(*asked, "--start", start)
    assert read_report(tmp_path / "f").steps


def test_fusion_model_is_kept_beside_the_sequence_model(
    root: Path, tmp_path: Path, trained: dict[str, dict[str, object]]
) -> None:
    assert trained
    longbox("train", "sequence", "-l", root, "-o", tmp_path / "sequence", *SMALL_SEQUENCE)
    assert len(scorers(tmp_path)) == 2
    with pytest.raises(ModelError, match="longbox train fusion"):
        CliRunner().invoke(
            app,
            ["train", "sequence", "-l", str(root), "-o", str(tmp_path / "x" / "sequence"),
             "--fusion", str(tmp_path / "nowhere")],
            catch_exceptions=False,
        )  # fmt: skip


def test_device_that_is_not_there_is_wrong_usage(root: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="toaster"):
        CliRunner().invoke(
            app,
            ["train", "fusion", "-l", str(root), "-o", str(tmp_path), "--device", "toaster"],
            catch_exceptions=False,
        )


def test_ctrl_c_leaves_a_run_that_the_same_command_goes_on_with(
    root: Path, tmp_path: Path, trained: dict[str, dict[str, object]]
) -> None:
    assert trained
    words = [
        sys.executable, "-m", "longbox", "train", "sequence", "-l", str(root), "-o",
        str(tmp_path / "sequence"), "--json", *map(str, SMALL_SEQUENCE), "--epochs", "100000",
        "--patience", "0",
    ]  # fmt: skip
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as run:
        end = time.monotonic() + 200
        while not (tmp_path / "sequence" / "checkpoint.pt").exists() and run.poll() is None:
            assert time.monotonic() < end
            time.sleep(0.1)
        os.kill(run.pid, signal.SIGINT)
        out, err = run.communicate(timeout=200)
    assert run.returncode == 130, err
    answer = json.loads(out)
    assert answer["interrupted"]
    assert "Traceback" not in err
    assert not (tmp_path / "sequence" / "report.json").exists()
    assert (tmp_path / "sequence" / "checkpoint.pt").exists()
    with pytest.raises(ModelError, match="run with epochs 100000, now it is 2"):
        longbox("train", "sequence", "-l", root, "-o", tmp_path / "sequence", *SMALL_SEQUENCE)
