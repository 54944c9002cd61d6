"""A shelf gets its learned vectors at the end of a run, and `longbox embed` makes them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from library.drawn_books import draw_book, filled
from longbox.cli.app import app
from longbox.config import Config, ModelOptions, config_from
from longbox.errors import ModelError
from longbox.library import Library
from longbox.pipeline import ShelfProgress, index_shelf, library_model
from longbox.pipeline import embedding as embedding_module
from longbox.vectors import Space
from panel_models import RandomModel
from tiny_comics import draw_cbz

BOOKS = [draw_book(1), draw_book(2)]


class Opener:
    """Stands for `open_panel_model`; counts how often a model was opened."""

    def __init__(self, model: RandomModel | None) -> None:
        self.model, self.n_opened = model, 0

    def __call__(self, root: Path) -> RandomModel:
        assert root.is_dir()
        self.n_opened += 1
        if self.model is None:
            raise ModelError("the panel model is missing; reinstall Longbox")
        return self.model


def put(monkeypatch: pytest.MonkeyPatch, model: RandomModel | None) -> Opener:
    opener = Opener(model)
    monkeypatch.setattr(embedding_module, "library_model", opener)
    monkeypatch.setattr("longbox.cli.embed.library_model", opener)
    return opener


def test_index_run_ends_with_learned_vectors_and_a_second_opens_no_model(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opener = put(monkeypatch, RandomModel())
    draw_cbz(tmp_path / "shelf" / "Night 1.cbz", [0])
    library = Library.create(tmp_path / "library")
    seen: list[ShelfProgress] = []
    report = index_shelf([tmp_path / "shelf"], library, Config(), seen.append, in_process=True)
    assert report.embedded is not None
    assert (report.embedded.n_books, report.embedded.is_answering) == (1, True)
    assert {Space.FUSED, Space.CONTEXTUAL} <= set(library.spaces())
    told = [m.embedding.n_books_done for m in seen if m.embedding is not None]
    assert told == [0, 1]
    again = index_shelf([tmp_path / "shelf"], library, Config(), in_process=True)
    assert (again.embedded, again.not_embedded, opener.n_opened) == (None, None, 1)


def test_index_run_without_a_model_is_whole_but_for_its_vectors(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(monkeypatch, None)
    draw_cbz(tmp_path / "shelf" / "Night 1.cbz", [0])
    library = Library.create(tmp_path / "library")
    report = index_shelf([tmp_path / "shelf"], library, Config(), in_process=True)
    assert (report.n_books, report.embedded) == (1, None)
    assert report.not_embedded is not None
    assert "reinstall" in report.not_embedded
    assert Space.VISION in library.spaces()


def test_setting_switches_it_off(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opener = put(monkeypatch, RandomModel())
    config = config_from({"models": {"embed": False}})
    assert config == Config(models=ModelOptions(embed=False))
    assert config.recipe() == Config().recipe()
    library = filled(tmp_path / "library", BOOKS)
    (tmp_path / "shelf").mkdir()
    report = index_shelf([tmp_path / "shelf"], library, config, in_process=True)
    assert (report.embedded, opener.n_opened) == (None, 0)


def test_library_whose_own_model_is_broken_is_told_so(tmp_path: Path) -> None:
    (tmp_path / "models" / "sequence").mkdir(parents=True)
    with pytest.raises(ModelError):
        library_model(tmp_path)


def test_embed_command_says_what_it_did(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = RandomModel()
    put(monkeypatch, model)
    root = tmp_path / "library"
    filled(root, BOOKS).close()
    result = CliRunner().invoke(app, ["embed", "--library", str(root), "--json"])
    assert result.exit_code == 0, result.output
    said = json.loads(result.stdout)
    assert (said["model"], said["books"], said["panels"]) == (model.fingerprint, 2, 24)
    assert said["answering"] is True
    again = CliRunner().invoke(app, ["embed", "--library", str(root)])
    assert "0 books" in again.stderr
    assert "2 up to date" in again.stderr
    redone = CliRunner().invoke(app, ["embed", "-l", str(root), "--refresh", "--json"])
    assert json.loads(redone.stdout)["books"] == 2
    status = CliRunner().invoke(app, ["status", "-l", str(root), "--json"])
    found = json.loads(status.stdout)
    assert found["spaces"]["contextual"][0]["vectors"] == 24
    assert (found["model"], found["unembedded_books"]) == (model.fingerprint, 0)


def test_embed_command_fails_when_no_book_could_be_embedded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(monkeypatch, RandomModel(expects="another encoder"))
    root = tmp_path / "library"
    filled(root, BOOKS).close()
    result = CliRunner().invoke(app, ["embed", "--library", str(root), "--json"])
    assert result.exit_code == 1
    said = json.loads(result.stdout)
    assert (said["books"], len(said["problems"]), said["answering"]) == (0, 2, False)
