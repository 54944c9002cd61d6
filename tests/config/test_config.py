"""Settings."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from longbox.book import Direction
from longbox.config import Config, EncoderOptions, config_from, load_config
from longbox.errors import ConfigError
from longbox.ingest import IngestOptions


def test_no_file_means_the_defaults(tmp_path: Path) -> None:
    assert load_config(library=tmp_path) == Config()


def test_library_brings_its_own_settings(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text('[encoders]\npicture = "hf:x"\n')
    assert load_config(library=tmp_path).encoders.picture == "hf:x"


def test_named_file_wins_over_the_library(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text("[index]\nn_workers = 3\n")
    other = tmp_path / "mine.toml"
    other.write_text("[index]\nn_workers = 5\n")
    assert load_config(other, tmp_path).index.n_workers == 5


def test_environment_names_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "env.toml").write_text("[index]\nn_workers = 7\n")
    monkeypatch.setenv("LONGBOX_CONFIG", str(tmp_path / "env.toml"))
    assert load_config().index.n_workers == 7


def test_missing_named_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no such settings file"):
        load_config(tmp_path / "none.toml")


def test_missing_file_that_the_environment_names_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LONGBOX_CONFIG", str(tmp_path / "none.toml"))
    with pytest.raises(ConfigError, match="LONGBOX_CONFIG names it"):
        load_config()


@pytest.mark.parametrize(
    ("toml", "message"),
    [
        ("[index]\nworkers = 2\n", "did you mean 'n_workers'"),
        ("[indx]\nn_workers = 2\n", "did you mean 'index'"),
        ("[zzz]\n", "known are"),
        ('[index]\nn_workers = "two"\n', "n_workers"),
        ("[index]\nn_workers = -1\n", "0 \\(all cores\\)"),
        ("index = 3\n", "must be a table"),
        ("[index\n", "cannot be read as TOML"),
        ("\udcff", "cannot be read as TOML"),
    ],
)
def test_mistake_in_the_file_is_named(tmp_path: Path, toml: str, message: str) -> None:
    path = tmp_path / "config.toml"
    path.write_bytes(toml.encode("utf-8", "surrogateescape"))
    with pytest.raises(ConfigError, match=message):
        load_config(path)


def test_written_settings_read_back_the_same(tmp_path: Path) -> None:
    config = replace(
        Config(),
        encoders=EncoderOptions(picture='hf:a/"b"', sentence="minilm"),
        ingest=replace(IngestOptions(), direction=Direction.RTL),
    )
    path = tmp_path / "config.toml"
    path.write_text(config.to_toml())
    assert load_config(path) == config
    assert Config().to_toml() == ""


def test_recipe_follows_what_is_stored_and_nothing_else() -> None:
    plain = Config()
    assert plain.recipe() == config_from({"index": {"n_workers": 9}}).recipe()
    assert plain.recipe() == config_from({"text": {"n_threads": 2}}).recipe()
    assert plain.recipe() != config_from({"encoders": {"sentence": "hf:x"}}).recipe()
    assert plain.recipe() != config_from({"panels": {"paper_tolerance": 30}}).recipe()


def test_every_list_has_a_weight() -> None:
    described = {"description", "description_words", "description_substring"}
    lettered = {"text", "words", "substring"}
    vectors = {"vision", "composition", "fused", "contextual"}
    assert set(Config().search.weights()) == {*lettered, *described, *vectors}


@pytest.mark.parametrize(
    "line", ['scheduler = "tcp://evil.example:8786"', 'results = "s3://evil/longbox"']
)
def test_library_of_a_stranger_chooses_no_machines(tmp_path: Path, line: str) -> None:
    settings = tmp_path / "config.toml"
    settings.write_text(f"[cluster]\n{line}\n")
    with pytest.raises(ConfigError, match="may not name a scheduler"):
        load_config(library=tmp_path)
    found = load_config(settings).cluster  # named by a person
    assert found.scheduler or found.results
