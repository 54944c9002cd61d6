"""Who a library is shared with reads names of files and never where they lie."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from longbox.config import Config
from longbox.library import Library
from longbox.web import WebOptions, create_app
from longbox.web.jobs import JobBoard
from longbox.web.whereabouts import without_folders

HOST = "http://127.0.0.1:8733"
LISTS = ["/", "/health", "/jobs", "/review", "/api/v1/books", "/api/v1/health", "/opds/books"]


@pytest.mark.parametrize(
    ("said", "read"),
    [
        ("/home/jo smith/My Comics/a b.cbz: damaged", "a b.cbz: damaged"),
        ("Read comics in /home/jo/Comics and 2 more", "Read comics in Comics and 2 more"),
        ("No such file: '/home/jo/a.cbz'", "No such file: 'a.cbz'"),
        ("(~/Comics/a.cbz)", "(a.cbz)"),
        ("C:\\Users\\jo\\a.cbz: gone", "a.cbz: gone"),
        ("\\\\nas\\share\\a.cbz: gone", "a.cbz: gone"),
        ("//home/jo/a.cbz: gone", "a.cbz: gone"),
        ("/home/jo/Comics:2020/a.cbz: gone", "a.cbz: gone"),
        ("see https://example.org/a/b", "see https://example.org/a/b"),
        ("read/write, 1/2 of 3", "read/write, 1/2 of 3"),
        ("", ""),
    ],
)
def test_sentences_lose_the_folders_of_their_paths(said: str, read: str) -> None:
    assert without_folders(said) == read


def test_sentences_of_strokes_alone_take_no_time() -> None:
    assert len(without_folders("/a " * 20_000)) < 60_000
    assert without_folders("/" * 60_000) == "/" * 60_000


@pytest.mark.parametrize(
    ("options", "is_told"),
    [
        (WebOptions(), True),
        (WebOptions(token="secret"), True),
        (WebOptions(is_read_only=True), False),
        (WebOptions(hosts=("comics.local",)), False),
        (WebOptions(host="0.0.0.0", token="secret"), False),
    ],
)
def test_only_who_sits_at_the_machine_reads_paths(options: WebOptions, is_told: bool) -> None:
    assert options.whereabouts.is_told is is_told


@pytest.fixture
def opened() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


def _client(stack: ExitStack, root: Path, options: WebOptions) -> TestClient:
    library = stack.enter_context(Library.open(root))
    app = create_app(library, Config(), options)
    headers = {"Authorization": f"Bearer {options.token}"} if options.token else {}
    return stack.enter_context(TestClient(app, base_url=HOST, headers=headers))


@pytest.mark.parametrize(
    "options",
    [WebOptions(is_read_only=True), WebOptions(host="0.0.0.0", token="secret")],
    ids=["read-only", "others reach it"],
)
def test_no_answer_names_a_folder(
    library_copy: Path, opened: ExitStack, options: WebOptions
) -> None:
    with Library.open(library_copy) as library:
        books = library.books().books
        shelf = str(Path(books[0].file).parent)
        gone = next(book for book in books if "hostile" in book.file)
    client = _client(opened, library_copy, options)
    addresses = [*LISTS]
    for book in books[:3]:
        own = (f"/book/{book.book_id}", f"/api/v1/books/{book.book_id}")
        addresses += [*own, f"{own[1]}/similar", f"/opds/books/{book.book_id}"]
    for address in addresses:
        answer = client.get(address)
        assert answer.status_code == 200, address
        assert shelf not in answer.text, address
        assert str(library_copy) not in answer.text, address
    told = client.get("/api/v1/health").json()
    assert any("ghost.cbz" in known["problem"]["reason"] for known in told["problems"])
    assert client.get(f"/api/v1/books/{gone.book_id}").json()["book"]["file"] == "hostile.cbz"
    (library_copy / "corrections").mkdir(exist_ok=True)
    (library_copy / "corrections" / f"{gone.book_id}.json").write_text("{")
    for address in (f"/read/{gone.book_id}", f"/api/v1/books/{gone.book_id}/corrections"):
        answer = client.get(address)
        assert answer.status_code == 503, address
        assert f"{gone.book_id}.json" in answer.text
        assert str(library_copy) not in answer.text


def test_who_runs_the_server_alone_reads_whole_paths(library_copy: Path, opened: ExitStack) -> None:
    client = _client(opened, library_copy, WebOptions())
    book = client.get("/api/v1/books").json()["books"][0]
    assert Path(book["file"]).is_absolute()
    assert str(Path(book["file"]).parent) in client.get(f"/book/{book['book_id']}").text


def test_jobs_name_no_folder_either(tmp_path: Path) -> None:
    (tmp_path / "My Comics").mkdir()
    board = JobBoard(tmp_path / "library", Config(), told=without_folders)
    try:
        job = board.submit("index", {"paths": [str(tmp_path / "My Comics")]})
        assert job.what == "Read comics in My Comics"
    finally:
        board.close()
