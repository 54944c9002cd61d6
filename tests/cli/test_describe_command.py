"""`longbox describe` as a person runs it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from command_line import longbox
from longbox.cli.app import app
from longbox.config import Config
from longbox.library import Library
from longbox.pipeline import index_shelf
from text.misbehaving_server import draw_page, misbehaving
from text.misbehaviours import KEY, KINDS
from tiny_comics import draw_cbz

runner = CliRunner()


@pytest.fixture(scope="module")
def indexed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("described")
    shelf = folder / "shelf" / "Night 1"
    shelf.mkdir(parents=True)
    for number in (0, 1):
        draw_page(number).save(shelf / f"{number}.png")
    draw_cbz(folder / "shelf" / "Dragon 2.cbz", [0])
    with Library.create(folder / "library") as library:
        index_shelf([folder / "shelf"], library, Config(), in_process=True)
    return folder / "library"


def run(library: Path, url: str, *more: str) -> tuple[int, str, str]:
    said = runner.invoke(
        app, ["describe", "--endpoint", url, "--model", "m", "--library", str(library), *more]
    )
    return said.exit_code, said.stdout, said.stderr


def test_dry_run_then_run_then_nothing_left(indexed: Path) -> None:
    with misbehaving({}) as server:
        code, out, _ = run(indexed, server.url, "--dry-run", "--json", "--price-in", "1")
        estimate = json.loads(out)
        assert (code, estimate["n_to_ask"], server.requests) == (0, 3, [])
        assert estimate["cost"] > 0
        code, out, _ = run(indexed, server.url, "--json", "--limit", "2")
        report = json.loads(out)
        assert (code, report["asked"], report["states"]) == (0, 2, {"clean": 2})
        assert report["answer_format"] == "json_schema"
        code, _, err = run(indexed, server.url)
        assert code == 0
        assert "1 page asked" in err
        code, _, err = run(indexed, server.url)
        assert code == 0
        assert "3 pages done before" in err
        assert len(server.requests) == 3


def test_all_failed_is_exit_code_one_with_reasons(indexed: Path) -> None:
    with misbehaving(KINDS["refusal_text"][0]) as server:
        code, _, err = run(indexed, server.url, "--again")
    assert code == 1
    assert "the answer holds no JSON" in err


def test_key_comes_from_the_environment_only(
    indexed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MY_KEY", KEY)
    with misbehaving({}) as server:
        code, out, err = run(
            indexed, server.url, "--again", "--limit", "1", "--key-variable", "MY_KEY"
        )
        assert code == 0
        assert server.keys == [f"Bearer {KEY}"]
        assert KEY not in out + err


@pytest.mark.parametrize(
    "wrong",
    [
        ["--budget", "1"],
        ["--key-variable", "NO_SUCH_KEY"],
        ["--endpoint", "ftp://x"],
        ["--endpoint", "http://me:word@localhost/v1"],
    ],
)
def test_wrong_use_is_exit_code_two(indexed: Path, wrong: list[str]) -> None:
    said = longbox(
        *("describe", "--endpoint", "http://127.0.0.1:9/v1", "--model", "m"),
        *("--library", indexed, *wrong),
    )
    assert said.returncode == 2, said.stderr
    assert said.stderr.startswith("error: ")
    assert len(said.stderr.strip().splitlines()) == 1
