"""Characters of a library: looked at once, kept, clustered, named; and the command line."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageDraw
from typer.testing import CliRunner

from characters.looks import encode_by_tiles
from longbox.book import (
    AnnotatedBook,
    AnnotatedPage,
    FileStamp,
    PageLabel,
    PageType,
    Panel,
    PanelId,
)
from longbox.characters import ClusterOptions, IdentityOptions
from longbox.cli.app import app
from longbox.config import Config
from longbox.errors import LibraryError, QueryError
from longbox.geometry import Box
from longbox.ingest import IngestOptions, open_book
from longbox.library import Library, write_book_store
from longbox.pipeline import (
    CharacterGroup,
    LookTools,
    cluster_books,
    forget_name,
    group_books,
    look_at_books,
    name_cluster,
    remember_shown,
    same_character_as,
)

RED, BLUE = (210, 40, 40), (40, 60, 200)
NEAR = ClusterOptions(0.2)


class Counting:
    """An encoder that counts the crops it was given."""

    def __init__(self) -> None:
        self.n = 0

    def __call__(self, crops: Sequence[NDArray[np.uint8]]) -> NDArray[np.float32]:
        self.n += len(crops)
        return encode_by_tiles(crops)


def draw_book(path: Path, pages: Sequence[Sequence[tuple[int, int, int]]], salt: int) -> None:
    """Write a comic whose pages hold panels with one blob in a character's colour each."""
    with zipfile.ZipFile(path, "w") as archive:
        for number, colours in enumerate(pages):
            page = Image.new("RGB", (100 * len(colours), 120), "white")
            draw = ImageDraw.Draw(page)
            for i, colour in enumerate(colours):
                x = 100 * i
                y = 20 if colour == RED else 60
                draw.ellipse((x + 20, y, x + 80, y + 50), fill=colour)
            draw.point((0, salt), fill="black")
            with archive.open(f"page{number}.png", "w") as member:
                page.save(member, "PNG")


def add(library: Library, path: Path, series: str | None = None) -> str:
    with open_book(path, IngestOptions()) as opened:
        book = opened.book
    book = replace(book, metadata=replace(book.metadata, series=series, characters=("Pepper",)))
    label = PageLabel(PageType.STORY, 1.0, "drawn")
    pages = []
    for page in book.pages:
        boxes = [Box(x, 0, x + 100, 120) for x in range(0, page.width, 100)]
        panels = tuple(Panel(box, i, 1.0, "drawn") for i, box in enumerate(boxes))
        pages.append(AnnotatedPage(page, panels, (), label))
    annotated = AnnotatedBook(book, tuple(pages))
    write_book_store(library.root, annotated, (), "drawn")
    library.merge_book(book.book_id, str(path), FileStamp(1, 1))
    return book.book_id


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    with Library.create(tmp_path / "library") as opened:
        yield opened


@pytest.fixture
def tools() -> LookTools:
    return LookTools("identity~tiles~panel", Counting(), None, IdentityOptions())


def looked_groups(library: Library, tools: LookTools) -> list[CharacterGroup]:
    ids = library.book_ids()
    looked, _ = look_at_books(library, Config(), ids, tools)
    return [
        cluster_books(library, title, [looked[i] for i in own], NEAR, list(looked.values()))
        for title, own in group_books(library, ids)
    ]


def add_two_books(library: Library, folder: Path) -> tuple[str, str]:
    draw_book(folder / "a.cbz", [[RED, BLUE], [RED, RED]], 1)
    draw_book(folder / "b.cbz", [[BLUE, RED, BLUE]], 2)
    return add(library, folder / "a.cbz", "Night"), add(library, folder / "b.cbz", "night")


def test_library_without_books_has_no_characters(library: Library, tools: LookTools) -> None:
    assert looked_groups(library, tools) == []


def test_series_is_clustered_together_and_second_run_encodes_nothing(
    library: Library, tools: LookTools, tmp_path: Path
) -> None:
    add_two_books(library, tmp_path)
    (group,) = looked_groups(library, tools)
    assert (group.n_regions, group.n_alone, group.announced) == (7, 0, ("Pepper",))
    assert [len(c.members) for c in group.clusters] == [4, 3]
    assert [len(c.pages()) for c in group.clusters] == [2, 2]
    counter = tools.encode
    assert isinstance(counter, Counting)
    assert counter.n == 7
    assert looked_groups(library, tools) == [group]
    assert counter.n == 7


@pytest.mark.parametrize("damage", ["{", "[]", '{"format": 1}', None])
def test_damaged_or_foreign_kept_file_is_made_again(
    library: Library, tools: LookTools, tmp_path: Path, damage: str | None
) -> None:
    add_two_books(library, tmp_path)
    before = looked_groups(library, tools)
    for path in (library.root / "characters" / tools.folder).iterdir():
        record = json.loads(path.read_text())
        path.write_text(json.dumps({**record, "vectors": "AAAA"}) if damage is None else damage)
    assert looked_groups(library, tools) == before
    assert isinstance(tools.encode, Counting)
    assert tools.encode.n == 14


def test_interrupted_run_leaves_whole_books_only(library: Library, tmp_path: Path) -> None:
    add_two_books(library, tmp_path)

    def stopped(crops: Sequence[NDArray[np.uint8]]) -> NDArray[np.float32]:
        if counter.n >= 5:
            raise KeyboardInterrupt
        return counter(crops)

    counter = Counting()
    tools = LookTools("identity~tiles~panel", stopped, None, IdentityOptions())
    with pytest.raises(KeyboardInterrupt):
        look_at_books(library, Config(), library.book_ids(), tools)
    kept = list((library.root / "characters").rglob("*.json"))
    assert len(kept) == 1
    assert list((library.root / "characters").rglob(".*")) == []


def test_file_that_is_gone_is_a_problem_and_the_others_go_on(
    library: Library, tools: LookTools, tmp_path: Path
) -> None:
    first, second = add_two_books(library, tmp_path)
    (tmp_path / "a.cbz").unlink()
    looked, problems = look_at_books(library, Config(), library.book_ids(), tools)
    assert set(looked) == {second}
    assert first != second
    assert len(problems) == 1
    assert "longbox index" in problems[0].reason


def test_name_is_kept_and_only_proposed_for_a_new_book(
    library: Library, tools: LookTools, tmp_path: Path
) -> None:
    add_two_books(library, tmp_path)
    groups = looked_groups(library, tools)
    remember_shown(library, groups)
    red = groups[0].clusters[0]
    name_cluster(library, red.key[:6], " Pepper\n Witch ")
    assert looked_groups(library, tools)[0].clusters[0].name == "Pepper Witch"
    draw_book(tmp_path / "c.cbz", [[RED, BLUE, RED, BLUE]], 3)
    add(library, tmp_path / "c.cbz", "Day")
    known = {
        g.title: [(c.name, c.suggestion) for c in g.clusters] for g in looked_groups(library, tools)
    }
    assert known["Night"] == [("Pepper Witch", "Pepper Witch"), (None, None)]
    assert sorted(map(str, known["Day"])) == ["(None, 'Pepper Witch')", "(None, None)"]
    name_cluster(library, red.key, "Carrot")
    found = {c.name for g in looked_groups(library, tools) for c in g.clusters}
    assert found == {"Carrot", None}
    assert forget_name(library, "carrot") == 1
    assert forget_name(library, "carrot") == 0


def test_only_what_was_listed_can_be_named(library: Library) -> None:
    with pytest.raises(QueryError, match="listed last"):
        name_cluster(library, "0123abcd", "Pepper")
    with pytest.raises(QueryError, match="1 to 200"):
        name_cluster(library, "0123abcd", "  ")


def test_names_that_cannot_be_read_are_an_error_and_stay(
    library: Library, tools: LookTools, tmp_path: Path
) -> None:
    add_two_books(library, tmp_path)
    looked_groups(library, tools)
    path = library.root / "characters" / "names.json"
    for damage in ("{", '{"format": 1, "names": [{"name": "x", "exemplars": [3]}]}'):
        path.write_text(damage)
        with pytest.raises(LibraryError, match=r"names\.json"):
            looked_groups(library, tools)
        assert path.read_text() == damage


def test_panels_like_a_panel_come_from_other_panels(
    library: Library, tools: LookTools, tmp_path: Path
) -> None:
    first, _ = add_two_books(library, tmp_path)
    looked, _ = look_at_books(library, Config(), library.book_ids(), tools)
    books = list(looked.values())
    asked = PanelId(first, 0, 0)
    found = same_character_as(asked, tools.fingerprint, books, 3)
    reds = {PanelId(first, 1, 0), PanelId(first, 1, 1)}
    assert reds <= {region.panel_id for region, _ in found}
    assert asked not in {region.panel_id for region, _ in found}
    with pytest.raises(QueryError, match="nobody was looked for"):
        same_character_as(PanelId(first, 9, 0), tools.fingerprint, books, 3)


def test_command_lists_names_and_writes_a_sheet(
    library: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, _ = add_two_books(library, tmp_path)
    tools = LookTools("identity~tiles~panel", Counting(), None, IdentityOptions())
    monkeypatch.setattr("longbox.pipeline.open_tools", lambda *_: tools)
    root = ["--library", str(library.root)]

    def run(*words: str) -> str:
        done = CliRunner().invoke(app, ["characters", *words])
        assert done.exit_code == 0, done.output
        return done.stdout

    sheet = tmp_path / "sheet.html"
    (group,) = json.loads(run("--json", "--distance", "0.2", "--html", str(sheet), *root))
    assert [c["n_regions"] for c in group["clusters"]] == [4, 3]
    assert sheet.read_text().count("data:image/jpeg") == 7
    assert "<script" not in sheet.read_text()
    run("name", group["clusters"][0]["key"], "<b>Pepper</b>", *root)
    assert "<b>Pepper</b>" in run("--distance", "0.2", "--series", "NIGHT", *root)
    run("--html", str(sheet), "--distance", "0.2", *root)
    assert "<b>Pepper</b>" not in sheet.read_text()
    assert first in run("like", f"{first}-0000-00", "-k", "2", *root)
    run("forget", "<b>Pepper</b>", *root)
    failed = CliRunner().invoke(app, ["characters", "--series", "nobody", *root])
    assert isinstance(failed.exception, QueryError)
