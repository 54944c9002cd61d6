"""The command line as people and programs meet it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from PIL import Image

from command_line import longbox
from longbox.cli.reference import reference
from longbox.cli.terminal import one_line, open_library
from longbox.config import Config
from longbox.errors import LibraryError
from longbox.geometry import Box
from longbox.library import Library
from longbox.pipeline import index_shelf
from tiny_comics import WORDS, draw_cbz, draw_page

REPOSITORY = Path(__file__).resolve().parents[2]


def in_a_process(*words: object) -> subprocess.CompletedProcess[str]:
    """Run the command in a process of its own, as a person would."""
    command = [sys.executable, "-m", "longbox", *(str(w) for w in words)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def answer(*words: object) -> object:
    done = longbox(*words)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture(scope="session")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A shelf with one good book and one bad file."""
    folder = tmp_path_factory.mktemp("cli") / "shelf"
    draw_cbz(folder / "Night 1.cbz", [0, 2])
    (folder / "ghost.cbz").write_bytes(b"no comic at all")
    return folder


@pytest.fixture(scope="session")
def root(shelf: Path) -> Path:
    """The library of that shelf."""
    folder = shelf.parent / "library"
    with Library.create(folder) as library:
        index_shelf([shelf], library, Config(), in_process=True)
    return folder


def test_index_reports_as_json_and_skips_the_second_time(shelf: Path, tmp_path: Path) -> None:
    first = in_a_process("index", shelf, "--library", tmp_path / "l", "--json")
    assert first.returncode == 0, first.stderr
    report = json.loads(first.stdout)
    assert (report["books"], report["failed"], report["pages"]) == (1, 1, 2)
    assert "ghost.cbz" in report["problems"][0]["reason"]
    again = longbox("index", shelf, "--library", tmp_path / "l")
    assert again.returncode == 0
    assert "2 files unchanged, 1 of them unreadable" in again.stderr
    assert again.stdout == ""


def test_shelf_of_bad_files_only_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "ghost.cbz").write_bytes(b"no comic at all")
    done = longbox("index", tmp_path, "--library", tmp_path / "l")
    assert done.returncode == 1
    assert "Traceback" not in done.stderr


def test_search_answers_in_the_promised_json(root: Path, shelf: Path) -> None:
    found = answer("search", "good morning robot", "--library", root, "--json")
    assert isinstance(found, dict)
    assert found["query"] == "good morning robot"
    hit = found["hits"][0]
    assert {
        "rank",
        "score",
        "panel_id",
        "book_id",
        "title",
        "file",
        "page",
        "panel",
        "box",
        "text",
    } <= set(hit)
    assert (hit["rank"], hit["page"], hit["panel"], hit["title"]) == (1, 0, 0, "Night #1")
    assert hit["file"] == str(shelf / "Night 1.cbz")
    assert Box(*hit["box"]).iou(Box(20, 20, 381, 291)) > 0.95
    assert {"rank", "score"} == set(hit["matched"]["text"])


def test_search_prints_hits_and_writes_a_page(root: Path, tmp_path: Path) -> None:
    page = tmp_path / "found.html"
    done = longbox("search", "dragon", "--library", root, "--html", page)
    assert done.returncode == 0, done.stderr
    assert WORDS[2] in done.stdout.upper()
    html = page.read_text(encoding="utf-8")
    assert "data:image/jpeg;base64," in html
    assert "<script" not in html


def test_picture_and_sum_are_found(root: Path, tmp_path: Path) -> None:
    crop = tmp_path / "crop.png"
    draw_page(2).crop((20, 310, 380, 580)).save(crop)
    found = answer("search", "--image", crop, "--library", root, "--json")
    assert isinstance(found, dict)
    assert (found["hits"][0]["page"], found["hits"][0]["panel"]) == (1, 1)
    found = answer("search", f'"dragon" + {crop}', "--library", root, "--json")
    assert isinstance(found, dict)
    assert found["hits"][0]["page"] == 1


def test_nothing_found_is_exit_one_and_no_output(root: Path) -> None:
    done = longbox("search", "dragon", "--series", "Nowhere", "--library", root)
    assert (done.returncode, done.stdout) == (1, "")
    assert "nothing found" in done.stderr


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["search"], 2, "nothing to search for"),
        (["search", "  "], 2, "the query is empty"),
        (["search", "--image", "nowhere.png"], 2, "there is no such picture"),
        (["search", "--like", "nonsense"], 2, "is not a panel id"),
        (["search", "x", "--weight", "text"], 2, "--weight vision=2"),
        (["search", "x", "--year", "soon"], 2, "1990-1999"),
        (["search", "?!", *(f"--weight={s}=0" for s in ("text", "substring"))], 2, "the weight 0"),
        (["search", "dragon", "--html", "/proc/nowhere/x.html"], 1, "check the path"),
        (["search", "--image", "a" * 5000], 1, "File name too long"),
        (["library", "sync", "/nowhere/at/all"], 1, "no such file or folder"),
        (["show", "nonsense"], 2, "is not a panel id"),
        (["show", "0000000000000000-0000-00"], 2, "0000000000000000-0000-00"),
        (["search", "x", "--by", "colour"], 2, "colour"),
    ],
)
def test_mistakes_get_one_line_and_the_way_out(
    root: Path, words: Sequence[str], code: int, message: str
) -> None:
    done = longbox(*words, "--library", root)
    assert done.returncode == code
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def test_query_that_is_no_text_is_answered(root: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "longbox",
        "search",
        b"dra\xffgon",
        "--json",
        "--library",
        root,
    ]
    done = subprocess.run(command, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["query"] == "dra\udcffgon"


def test_library_that_may_only_be_read_is_searched(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("longbox.cli.terminal.os.access", lambda *_: False)
    with open_library(root) as opened:
        assert opened.status().books == 1
        with pytest.raises(LibraryError, match="read-only"):
            opened.forget_file("x")


def test_encoder_that_is_none_changes_nothing(shelf: Path, tmp_path: Path) -> None:
    done = longbox("index", shelf, "--library", tmp_path / "l", "--picture-encoder", "nonsense")
    assert (done.returncode, (tmp_path / "l").exists()) == (1, False)
    assert "nonsense" in done.stderr


def test_library_keeps_the_encoder_and_no_other_option(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    words = ["--sentence-encoder", "minilm", "--direction", "rtl", "--workers", "1"]
    library = tmp_path / "library"
    library.mkdir()
    (library / "config.toml").write_text("[index]\nmerge_seconds = 5.0\n")
    assert longbox("index", tmp_path / "empty", "--library", library, *words).returncode == 0
    assert (library / "config.toml").read_text() == "[index]\nmerge_seconds = 5.0\n"


def test_missing_library_says_how_to_make_one(tmp_path: Path) -> None:
    done = in_a_process("search", "dragon", "--library", tmp_path / "none")
    assert done.returncode == 1
    assert "longbox index" in done.stderr
    assert "Traceback" not in done.stderr


def test_status_has_the_promised_json(root: Path) -> None:
    found = answer("status", "--library", root, "--json")
    assert isinstance(found, dict)
    assert (found["books"], found["pages"], found["panels"]) == (1, 2, 4)
    assert {"file", "page", "stage", "reason"} == set(found["problems"][0])
    assert {"vision", "text", "composition"} <= set(found["spaces"])


def test_inspect_prints_one_json_line_a_page(shelf: Path) -> None:
    done = longbox("inspect", shelf / "Night 1.cbz", "--json")
    assert done.returncode == 0, done.stderr
    pages = [json.loads(line) for line in done.stdout.splitlines()]
    assert [p["page"] for p in pages] == [0, 1]
    first = pages[0]
    assert (first["source"], first["width"], first["height"]) == ("page1.png", 400, 600)
    assert first["direction"] == "ltr"
    assert [p["order"] for p in first["panels"]] == [0, 1]
    (text,) = first["texts"]
    assert text["text"].upper() == WORDS[0]
    assert (text["panel"], text["order"], text["kind"]) == (0, 0, "dialogue")
    assert text["confidence"] > 0.8


def test_inspect_of_a_bad_file_is_one_line(shelf: Path) -> None:
    done = longbox("inspect", shelf / "ghost.cbz", "--json")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.count("\n") == 1
    assert "ghost.cbz" in done.stderr


def test_show_writes_the_crop(root: Path, tmp_path: Path) -> None:
    found = answer("search", "dragon", "--library", root, "--json")
    assert isinstance(found, dict)
    target = tmp_path / "panel.png"
    done = longbox("show", found["hits"][0]["panel_id"], "-o", target, "--library", root)
    assert done.returncode == 0, done.stderr
    with Image.open(target) as crop:
        assert abs(crop.width - 360) < 8
        assert abs(crop.height - 270) < 8


def test_library_is_rebuilt_from_its_stores(root: Path, tmp_path: Path) -> None:
    import shutil

    copy = tmp_path / "copy"
    shutil.copytree(root, copy)
    (copy / "catalog.sqlite").write_bytes(b"damaged")
    broken = longbox("search", "dragon", "--library", copy)
    assert broken.returncode == 1
    assert "longbox library rebuild" in broken.stderr
    assert longbox("library", "rebuild", "--library", copy).returncode == 0
    assert longbox("search", "dragon", "--library", copy).returncode == 0


def test_doctor_checks_every_part(root: Path) -> None:
    checks = answer("doctor", "--library", root, "--json")
    assert isinstance(checks, list)
    names = {c["name"] for c in checks}
    assert {"Python", "picture encoder", "sentence encoder", "lettering", "library"} <= names
    assert all(c["is_ok"] for c in checks if c["is_serious"])


def test_cli_page_of_the_documentation_is_fresh() -> None:
    written = (REPOSITORY / "docs" / "cli.md").read_text(encoding="utf-8")
    assert written == reference(), "docs/cli.md is stale; run `make docs`"


def test_file_names_cannot_move_the_cursor() -> None:
    assert one_line("a\x1b[2Jb\r\nc\u202ed\udcff") == "a [2Jb c d"
