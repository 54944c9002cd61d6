"""`longbox library check`, `backup`, `restore`, `export-typed` and `import-typed`, as typed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from longbox.cli.app import app
from longbox.cli.library import app as library_app
from longbox.errors import LibraryError, QueryError
from longbox.library import Library, store_path
from numbered_libraries import numbered


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A library of two books."""
    folder = tmp_path / "library"
    with numbered(folder, 2) as library:
        library.save_search("Rain", "q=rain")
    return folder


def run(*words: object) -> Result:
    return CliRunner().invoke(library_app, [str(word) for word in words])


def test_check_says_nothing_is_wrong_and_exits_with_0(root: Path) -> None:
    done = run("check", "--library", root)
    assert (done.exit_code, done.stdout) == (0, "")
    assert "nothing is wrong" in done.stderr
    assert json.loads(run("check", "--library", root, "--json").stdout)["findings"] == []


def test_a_finding_is_a_line_and_exit_1_and_repair_ends_with_0(root: Path) -> None:
    path = store_path(root, f"{1:016x}")
    path.write_bytes(path.read_bytes()[:300])
    done = run("check", "--library", root)
    assert done.exit_code == 1
    assert [line.partition(": ")[0] for line in done.stdout.splitlines()] == [f"books/{path.name}"]
    assert "--repair" in done.stderr
    repaired = run("check", "--repair", "--library", root)
    assert repaired.exit_code == 0
    assert f"done: books/{path.name}: set aside" in repaired.stdout
    assert "next: `longbox index`" in repaired.stderr
    assert run("check", "--deep", "--library", root).exit_code == 0


def test_what_only_a_person_can_do_keeps_exit_1(root: Path) -> None:
    (root / "config.toml").write_text("[index\n")
    left = run("check", "--repair", "--json", "--library", root)
    assert left.exit_code == 1
    assert [f["file"] for f in json.loads(left.stdout)["left"]] == ["config.toml"]
    (root / "config.toml").write_text("[indexx]\n")
    done = run("check", "--library", root)
    assert done.exit_code == 1
    assert "indexx" in done.stdout


def test_copies_come_back_from_a_backup(root: Path, tmp_path: Path) -> None:
    assert run("backup", tmp_path / "backup", "--library", root).exit_code == 0
    (root / "searches.json").write_text("torn")
    store_path(root, f"{2:016x}").unlink()
    done = run("check", "--repair", "--from", tmp_path / "backup", "--library", root)
    assert done.exit_code == 0, done.output
    assert "searches.json: put back" in done.stdout
    with Library.open(root) as library:
        assert [search.name for search in library.saved_searches()] == ["Rain"]
    asked = run("check", "--from", tmp_path / "backup", "--library", root)
    assert isinstance(asked.exception, QueryError)


def test_backup_and_restore_and_list(root: Path, tmp_path: Path) -> None:
    made = json.loads(run("backup", tmp_path / "b", "--library", root, "--json").stdout)
    assert (made["copied"], made["damaged"]) == (made["files"], [])
    again = json.loads(
        run("backup", tmp_path / "b", "--keep", 1, "--library", root, "--json").stdout
    )
    assert (again["copied"], again["removed"]) == (0, 1)
    assert run("restore", "--list", tmp_path / "b").stdout.startswith(again["made_at"])
    done = run("restore", tmp_path / "b", tmp_path / "new")
    assert done.stdout.startswith("2 books of ")
    assert isinstance(run("restore", tmp_path / "b", root).exception, LibraryError)
    assert isinstance(run("restore", tmp_path / "b").exception, LibraryError)


def test_typed_text_goes_out_and_in(root: Path, tmp_path: Path) -> None:
    text = tmp_path / "typed.jsonl"
    assert "1 search " in run("export-typed", text, "--library", root).stderr
    taken = run("import-typed", text, "--library", tmp_path / "other")
    assert (taken.exit_code, "1 search " in taken.stderr) == (0, True)


def test_the_commands_are_part_of_longbox() -> None:
    told = CliRunner().invoke(app, ["library", "--help"]).output
    for name in ("check", "backup", "restore", "export-typed", "import-typed"):
        assert name in told
