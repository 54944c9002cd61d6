"""The shelf, a book's page, health and the folder chooser, as HTML and as JSON."""

from __future__ import annotations

import html
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from catalogued_books import catalogue, catalogued_book, full_metadata
from longbox.book import Metadata
from longbox.config import Config
from longbox.library import Library
from longbox.web import WebOptions, create_app
from waiting import until

HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "{{7*7}} {% raw %}",
    "\u202egnp.live\u202c مرحبا",
    "x" * 10_000,
]

Ask = Callable[..., TestClient]


@pytest.fixture
def ask() -> Iterator[Ask]:
    """Open a client of an application on a library folder."""
    opened: list[TestClient] = []
    libraries: list[Library] = []

    def start(root: Path, **options: bool) -> TestClient:
        library = Library.create(root)
        app = create_app(library, Config(), WebOptions(**options))  # type: ignore[arg-type]
        client = TestClient(app, base_url="http://127.0.0.1:8733")
        client.__enter__()
        opened.append(client)
        libraries.append(library)
        return client

    yield start
    for client in opened:
        client.__exit__(None, None, None)
    for library in libraries:
        library.close()


def _series(name: str, n: int) -> Metadata:
    return Metadata(title=f"Part {n}", series=name, number=str(n), year=2000 + n)


# ---- the shelf


def test_empty_library_says_what_to_do(ask: Ask, tmp_path: Path) -> None:
    client = ask(tmp_path / "library")
    page = client.get("/")
    assert page.status_code == 200
    assert "The shelf is empty" in page.text
    assert 'href="/add"' in page.text
    assert "longbox index FOLDER" in page.text
    assert client.get("/api/v1/books").json() == {"books": [], "total": 0, "offset": 0}
    assert client.get("/health").status_code == 200


def test_empty_library_that_is_shared_offers_no_folder(ask: Ask, tmp_path: Path) -> None:
    page = ask(tmp_path / "library", is_read_only=True).get("/")
    assert "The shelf is empty" in page.text
    assert 'href="/add"' not in page.text


def test_one_book_stands_alone(ask: Ask, tmp_path: Path) -> None:
    made = catalogued_book("Alone", _series("Lonely", 1))
    page = ask(catalogue(tmp_path / "library", [made])).get("/")
    assert page.text.count('class="shelf__book"') == 1
    assert f'href="/book/{made.book.book_id}"' in page.text
    assert f"/pictures/page/{made.book.book_id}/0/320.webp" in page.text
    assert 'class="shelf__series"' not in page.text  # one book is no series
    assert "More books" not in page.text


def test_many_books_come_in_parts_and_series_stand_together(ask: Ask, tmp_path: Path) -> None:
    long = [catalogued_book(f"long {n}", _series("M Long", n)) for n in range(1, 81)]
    singles = [catalogued_book(f"a{n}", Metadata(title=f"A {n}")) for n in range(10)]
    client = ask(catalogue(tmp_path / "library", [*long, *singles]))
    first = client.get("/")
    assert first.text.count('class="shelf__book"') == 60
    assert first.text.count('class="shelf__series"') == 1
    assert "/?sort=title&amp;offset=60" in first.text
    second = client.get("/?sort=title&offset=60", headers={"HX-Request": "true"})
    assert "<html" not in second.text
    assert second.text.count('class="shelf__book"') == 30
    assert 'class="shelf__series"' not in second.text  # its name was said before
    assert "More books" not in second.text
    whole = client.get("/?sort=title&offset=60")  # without scripts, and on the way back
    assert "<html" in whole.text
    restored = {"HX-Request": "true", "HX-History-Restore-Request": "true"}
    assert "<html" in client.get("/?offset=60", headers=restored).text
    ids = [*_ids(first.text), *_ids(second.text)]
    assert len(ids) == len(set(ids)) == 90
    assert ids[:2] == [singles[0].book.book_id, singles[1].book.book_id]
    assert ids[10:13] == [book.book.book_id for book in long[:3]]


def test_parts_that_end_within_a_series_say_its_name_once(ask: Ask, tmp_path: Path) -> None:
    singles = [catalogued_book(f"a{n}", Metadata(title=f"A {n:02}")) for n in range(59)]
    pair = [catalogued_book(f"z{n}", _series("Zed", n)) for n in (1, 2)]
    after = [catalogued_book("zz", Metadata(title="Zzz"))]
    client = ask(catalogue(tmp_path / "library", [*singles, *pair, *after]))
    first, second = client.get("/").text, client.get("/?sort=title&offset=60").text
    assert first.count(">Zed</h2>") == 1
    assert second.count(">Zed</h2>") == 0
    assert second.count('class="shelf__book"') == 2
    assert second.count('class="covers"') == 2  # the rest of the series, then others


@pytest.mark.parametrize(
    ("sort", "first"), [("title", "A"), ("year", "C"), ("panels", "B"), ("newest", "C")]
)
def test_shelf_is_sorted(ask: Ask, tmp_path: Path, sort: str, first: str) -> None:
    books = [
        catalogued_book("A", Metadata(title="A", year=1990), n_panels=2),
        catalogued_book("B", Metadata(title="B", year=1980), n_panels=9),
        catalogued_book("C", Metadata(title="C", year=2020), n_panels=1),
    ]
    client = ask(catalogue(tmp_path / "library", books))
    page = client.get(f"/?sort={sort}")
    named = {book.book.book_id: book.book.metadata.title for book in books}
    assert named[_ids(page.text)[0]] == first
    assert client.get("/?sort=nonsense").status_code == 200
    assert client.get(f"/api/v1/books?sort={sort}").json()["books"][0]["title"] == first
    assert client.get("/api/v1/books?sort=nonsense").status_code == 422


def test_filter_finds_titles_and_says_when_there_are_none(ask: Ask, tmp_path: Path) -> None:
    books = [catalogued_book(n, Metadata(title=n)) for n in ("Été", "Winter", "Spring")]
    client = ask(catalogue(tmp_path / "library", books))
    assert _ids(client.get("/?text=ete").text) == [books[0].book.book_id]
    nothing = client.get("/?text=%3Cb%3Eautumn")
    assert "&lt;b&gt;autumn" in nothing.text
    assert "<b>autumn" not in nothing.text
    assert "show all books" in nothing.text
    assert client.get("/?text=" + "x" * 501).status_code == 422
    assert client.get("/?offset=-1").status_code == 422
    assert client.get("/?offset=500").status_code == 200


@pytest.mark.parametrize("hostile", HOSTILE)
def test_hostile_words_are_shown_as_words(ask: Ask, tmp_path: Path, hostile: str) -> None:
    made = catalogued_book(hostile, full_metadata(hostile))
    client = ask(catalogue(tmp_path / "library", [made, catalogued_book("other")]))
    for address in ("/", f"/book/{made.book.book_id}", "/health"):
        page = client.get(address)
        assert page.status_code == 200
        assert "<script>alert" not in page.text
        assert "<img src=x" not in page.text
        assert len(page.text) < 60_000  # not ten thousand letters everywhere
        assert hostile[:40] in html.unescape(page.text)
    told = client.get(f"/api/v1/books/{made.book.book_id}").json()
    assert told["metadata"]["summary"] == hostile


# ---- a book


def test_book_page_says_what_is_known(ask: Ask, tmp_path: Path) -> None:
    first, second = (catalogued_book(f"b{n}", _series("Twins", n)) for n in (1, 2))
    full = catalogued_book("full", full_metadata("Words"))
    client = ask(catalogue(tmp_path / "library", [first, second, full]))
    page = client.get(f"/book/{full.book.book_id}").text
    assert "2014-07" in page
    assert page.count("Writing") == 1
    assert "full: something about it" in page
    assert "near blank" in page
    assert f'href="/read/{full.book.book_id}?view=guided"' in page
    assert f'href="/read/{full.book.book_id}?page=3"' in page
    assert f'href="/correct/{full.book.book_id}/3"' in page
    assert f'name="book" value="{full.book.book_id}"' in page
    assert page.count('class="bar ') == 3
    beside = client.get(f"/book/{first.book.book_id}").text
    assert f'rel="next" href="/book/{second.book.book_id}"' in beside
    assert 'rel="prev"' not in beside
    told = client.get(f"/api/v1/books/{first.book.book_id}").json()
    assert (told["previous"], told["next"]) == (None, second.book.book_id)
    pages = client.get(f"/api/v1/books/{full.book.book_id}/pages").json()
    assert [p["n_panels"] for p in pages] == [2, 2, 2]
    assert pages[0]["label"]["page_type"] == "cover"
    assert client.get(f"/api/v1/books/{full.book.book_id}/similar").json() == []


def test_book_without_pages_or_words_has_a_page_too(ask: Ask, tmp_path: Path) -> None:
    bare = catalogued_book("bare", Metadata(), n_pages=0)
    client = ask(catalogue(tmp_path / "library", [bare]))
    assert client.get(f"/book/{bare.book.book_id}").status_code == 200
    assert client.get("/").status_code == 200
    assert client.get(f"/book/{bare.book.book_id}/similar").status_code == 200


@pytest.mark.parametrize(
    ("address", "status"),
    [
        ("/book/0000000000000000", 404),
        ("/api/v1/books/0000000000000000", 404),
        ("/api/v1/books/0000000000000000/pages", 404),
        ("/api/v1/books/0000000000000000/similar", 404),
        ("/book/nonsense", 422),
        ("/api/v1/books/..%2F..%2Fetc", 404),
        ("/api/v1/books?limit=100000", 422),
        ("/api/v1/books?limit=0", 422),
    ],
)
def test_what_is_not_there_is_refused(ask: Ask, tmp_path: Path, address: str, status: int) -> None:
    client = ask(catalogue(tmp_path / "library", [catalogued_book("one")]))
    assert client.get(address).status_code == status


def test_several_books_are_listed_by_their_ids(ask: Ask, tmp_path: Path) -> None:
    books = [catalogued_book(str(n)) for n in range(4)]
    client = ask(catalogue(tmp_path / "library", books))
    wanted = [books[1].book.book_id, books[3].book.book_id]
    found = client.get("/api/v1/books", params={"book_id": [*wanted, "f" * 16]}).json()
    assert sorted(b["book_id"] for b in found["books"]) == sorted(wanted)


# ---- health


def test_health_says_what_is_not_well_and_what_to_do(ask: Ask, tmp_path: Path) -> None:
    root = catalogue(tmp_path / "library", [catalogued_book(str(n)) for n in range(3)])
    with Library.open(root) as library:
        library.sync()  # their files are nowhere
    client = ask(root)
    page = client.get("/health").text
    assert "3 files are not where they were" in page
    assert "No book has vectors of the panel model" in page
    assert "look whether the page was scanned" in page
    assert 'data-start-job="sync"' in page
    told = client.get("/api/v1/health").json()
    assert (told["n_books"], told["n_missing_files"], told["n_problems"]) == (3, 3, 3)
    assert told["flags"] == [
        {
            "flag": "near_blank",
            "n_pages": 3,
            "advice": "look whether the page was scanned; remove it from the file if not",
        }
    ]
    assert told["vectors"] is None
    assert [line["job"] for line in told["lines"]] == ["sync", "embed"]


def test_vectors_are_judged_by_a_job_and_its_answer_is_kept(ask: Ask, tmp_path: Path) -> None:
    root = catalogue(tmp_path / "library", [catalogued_book("one")])
    client = ask(root)
    assert "Not judged since the server was started" in client.get("/health").text
    job = client.post("/api/v1/jobs", json={"kind": "health"}).json()

    def now() -> dict[str, str]:
        return client.get(f"/api/v1/jobs/{job['job_id']}").json()

    until(lambda: now()["state"] not in ("queued", "running"))
    job = now()
    assert (job["state"], job["outcome"]) == ("done", "There is nothing to judge yet.")
    told = client.get("/api/v1/health").json()
    assert told["vectors"]["headline"] == "There is nothing to judge yet."
    assert any("longbox embed" in line for line in told["vectors"]["absent"])
    assert told["measured_at"] == job["ended_at"]
    assert told["is_outdated"] is False
    assert "There is nothing to judge yet." in client.get("/health").text
    with Library.open(root) as library:
        library.sync()  # its file is gone: a change
    assert client.get("/api/v1/health").json()["is_outdated"] is True


def test_shared_library_offers_nothing_to_start(ask: Ask, tmp_path: Path) -> None:
    root = catalogue(tmp_path / "library", [catalogued_book("one")])
    client = ask(root, is_read_only=True)
    for address in ("/", "/health", "/jobs"):
        assert "data-start-job" not in client.get(address).text
    assert client.post("/api/v1/jobs", json={"kind": "embed"}).status_code == 403
    assert client.get("/add").status_code == 403
    assert client.get("/api/v1/folders").status_code == 403


# ---- folders


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "home"
    (folder / "Comics" / "<b>Inner").mkdir(parents=True)
    (folder / "Comics" / ".hidden").mkdir()
    (folder / "Comics" / "one.cbz").write_bytes(b"x")
    (folder / "Comics" / "notes.txt").write_bytes(b"x")
    (folder / "Comics" / "out").symlink_to("/etc")
    monkeypatch.setenv("HOME", str(folder))
    return folder


def test_folders_are_chosen_below_home(ask: Ask, tmp_path: Path, home: Path) -> None:
    client = ask(tmp_path / "library")
    start = client.get("/api/v1/folders").json()
    assert start["path"] is None
    assert str(home) in [folder["path"] for folder in start["folders"]]
    inside = client.get("/api/v1/folders", params={"path": "~/Comics"}).json()
    assert inside["path"] == str(home / "Comics")
    assert [folder["name"] for folder in inside["folders"]] == ["<b>Inner"]
    assert inside["n_comics"] == 1
    assert [folder["path"] for folder in inside["parents"]] == [str(home)]
    page = client.get("/add", params={"path": str(home / "Comics")}).text
    assert "&lt;b&gt;Inner" in page
    assert "1 comic file right here" in page


@pytest.mark.parametrize(
    "path", ["/etc", "~/Comics/out", "~/Comics/../../..", "/", "/proc", "comics", "/no/such"]
)
def test_other_folders_are_not_listed(ask: Ask, tmp_path: Path, home: Path, path: str) -> None:
    assert home.is_dir()
    client = ask(tmp_path / "library")
    refused = client.get("/api/v1/folders", params={"path": path})
    assert refused.status_code == 400
    assert "passwd" not in refused.text
    page = client.get("/add", params={"path": path})
    assert page.status_code == 200
    assert html.escape(refused.json()["error"]) in page.text


def _ids(page: str) -> list[str]:
    return [part[:16] for part in page.split('href="/book/')[1:]]
