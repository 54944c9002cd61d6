"""A book along its pages, beside the shelf and beside another; the report and its sandbox."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import numpy as np
import pytest

from catalogued_books import catalogue, catalogued_book
from longbox.analysis.reading import ReadingOptions, read_book
from longbox.analysis.studies import STUDIES_NAME
from longbox.book import Metadata
from longbox.errors import BusyError
from longbox.library import Library
from longbox.web.study.book_desk import BookDesk
from longbox.web.study.strips import draw_strips, page_words

if TYPE_CHECKING:
    from conftest import Served

    Serve = Callable[..., Served]


def _books(root: Path) -> list[str]:
    with Library.open(root, read_only=True) as library:
        found = sorted(library.books().books, key=lambda book: -book.n_panels)
        return [book.book_id for book in found]


def _page(served: Served, path: str, status: int = 200) -> str:
    answer = httpx.get(served.address + path, timeout=60)
    assert answer.status_code == status, answer.text[:400]
    return answer.text


def test_a_book_is_shown_along_its_pages(served: Served) -> None:
    first = _books(served.root)[0]
    page = _page(served, f"/book/{first}/reading")
    with Library.open(served.root, read_only=True) as library:
        reading = read_book(library, first, None, ReadingOptions(with_surprise=False))
    for index, said in page_words(reading):
        assert f'<a href="/read/{first}?page={index + 1}">Page {index + 1}</a>' in page
        assert said in page
    assert f'aria-valuemax="{reading.pages.page_index.size}"' in page
    assert reading.words[0] in page
    assert " style=" not in page
    assert f'href="/book/{first}/reading"' in _page(served, f"/book/{first}")


def test_two_books_stand_beside_each_other(served: Served) -> None:
    first, second = _books(served.root)[:2]
    page = _page(served, f"/book/{first}/reading?beside={second}")
    assert page.count("data-strips ") == 2
    assert f"/reading/shelf?beside={second}" in page
    part = _page(served, f"/book/{first}/reading/shelf?beside={second}")
    assert "apart" in part or "too few books" in part
    assert part.count("standings__value--other") > 5
    alone = _page(served, f"/book/{first}/reading?beside={first}")
    assert alone.count("data-strips ") == 1


def test_books_are_found_by_title_to_be_put_beside(served: Served) -> None:
    first = _books(served.root)[0]
    page = _page(served, f"/book/{first}/reading?find=onload")
    assert re.search(rf'href="/book/{first}/reading\?beside=[0-9a-f]{{16}}"', page)
    assert "<script>alert" not in page
    assert "No other title" in _page(served, f"/book/{first}/reading?find=zzzz")


def test_books_that_are_alike_are_named_by_space(served: Served) -> None:
    first = _books(served.root)[0]
    part = _page(served, f"/book/{first}/reading/alike/vision")
    assert f"/book/{first}/reading?beside=" in part
    assert "<html" not in part
    assert "no description vectors" in _page(served, f"/book/{first}/reading/alike/description")


def test_surprise_is_told_or_why_not(served: Served) -> None:
    part = _page(served, f"/book/{_books(served.root)[0]}/reading/surprise")
    assert "surprising panels" in part or 'class="notice"' in part


def test_the_same_as_json(served: Served) -> None:
    first = _books(served.root)[0]
    said = httpx.get(f"{served.address}/api/v1/books/{first}/study", timeout=60).json()
    assert [page["page_index"] for page in said["pages"]] == list(range(len(said["pages"])))
    assert sum(page["n_panels"] for page in said["pages"]) == len(said["panels"])
    assert all(panel["surprise"] is None for panel in said["panels"])
    assert said["words"]


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/book/0000000000000000/reading", 404),
        ("/book/0000000000000000/reading/shelf", 404),
        ("/book/{book}/reading?beside=0000000000000000", 404),
        ("/book/{book}/reading?beside=x", 422),
        ("/book/nothing/reading", 422),
        ("/book/{book}/reading/alike/sound", 422),
        ("/api/v1/books/0000000000000000/study", 404),
    ],
)
def test_what_is_not_there_is_a_plain_no(served: Served, path: str, status: int) -> None:
    book = _books(served.root)[0]
    assert httpx.get(served.address + path.format(book=book)).status_code == status


def test_a_book_without_panels_has_strips_all_the_same(tmp_path: Path, serve: Serve) -> None:
    made = catalogued_book("Blank", Metadata(title="Blank"))
    served = serve(catalogue(tmp_path / "library", [made]))
    page = _page(served, f"/book/{made.book.book_id}/reading")
    assert "Blank" in page
    part = _page(served, f"/book/{made.book.book_id}/reading/shelf")
    assert "1 book" in part


def test_strips_stay_within_their_pages(drawn_library: Path) -> None:
    with Library.open(drawn_library, read_only=True) as library:
        for book_id in _books(drawn_library)[:4]:
            drawn = draw_strips(
                read_book(library, book_id, None, ReadingOptions(with_surprise=False))
            )
            for strip in drawn.strips:
                for _, path in strip.paths:
                    # M and H and L begin with a place across, V has a place down.
                    across = [float(x) for x in re.findall(r"[MHL](-?[\d.]+)", path)]
                    assert all(0 <= x <= drawn.n for x in across), strip.name
                    assert "nan" not in path


def test_too_many_at_once_are_sent_away(
    drawn_library: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import threading

    go = threading.Event()
    monkeypatch.setattr(
        "longbox.web.study.book_desk.read_book", lambda *_: (go.wait(20), np.nan)[1]
    )
    with Library.open(drawn_library, read_only=True) as library:
        desk = BookDesk(library)
        waiting = [
            threading.Thread(target=desk.reading, args=(f"{n:016x}",), daemon=True)
            for n in range(6)
        ]
        for thread in waiting:
            thread.start()
        until = 200
        while until and desk._for_books._waiting._value:  # type: ignore[attr-defined]
            until -= 1
            threading.Event().wait(0.01)
        with pytest.raises(BusyError):
            desk.reading("f" * 16)
        go.set()
        for thread in waiting:
            thread.join(20)


# ---- the report


@pytest.fixture
def reported(library_copy: Path, serve: Serve) -> Served:
    folder = library_copy / STUDIES_NAME / "report"
    folder.mkdir(parents=True)
    (folder / "report.html").write_text("<script>document.title = document.cookie + '!'</script>")
    (folder / "pages.csv").write_text("a,b\n")
    (folder / "secret.txt").write_text("no")
    return serve(library_copy)


def test_the_report_is_served_into_a_sandbox(reported: Served) -> None:
    answer = httpx.get(f"{reported.address}/study/report/report.html")
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("sandbox allow-scripts; default-src 'none'")
    assert "allow-same-origin" not in policy
    assert "connect-src" not in policy
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "attachment" not in answer.headers.get("content-disposition", "")


def test_tables_are_downloaded_and_nothing_else_is_given(reported: Served) -> None:
    table = httpx.get(f"{reported.address}/study/report/pages.csv")
    assert table.headers["content-disposition"] == 'attachment; filename="longbox-pages.csv"'
    folder = reported.root / STUDIES_NAME / "report"
    (folder / "panels.csv").symlink_to(folder / "secret.txt")
    for name in ("secret.txt", "books.csv", "panels.csv", "..%2f..%2fcatalog.sqlite", "report.htm"):
        assert httpx.get(f"{reported.address}/study/report/{name}").status_code == 404, name


def test_the_report_is_listed_and_can_be_deleted(reported: Served) -> None:
    assert 'href="/study/report/report.html"' in _page(reported, "/study")
    address = f"{reported.address}/api/v1/report"
    said = httpx.get(address).json()
    assert [file["name"] for file in said["files"]] == ["report.html", "pages.csv"]
    assert httpx.delete(address).status_code == 204
    assert httpx.get(address).json() == {"made_at": None, "page": None, "files": []}
    assert httpx.delete(address).status_code == 404
    assert (reported.root / STUDIES_NAME / "report" / "secret.txt").exists()


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        ({"spaces": ["description"]}, 400),
        ({"spaces": ["sound"]}, 422),
        ({"units": []}, 422),
        ({"most": 10**9}, 422),
    ],
)
def test_a_report_that_cannot_be_made_is_refused_at_once(
    studied: Served, asked: dict[str, object], status: int
) -> None:
    answer = httpx.post(f"{studied.address}/api/v1/report", json=asked)
    assert answer.status_code == status, answer.text
    job = httpx.post(
        f"{studied.address}/api/v1/jobs",
        json={"kind": "report", "arguments": {"units": ["pages", "pages"]}},
    )
    assert job.status_code == 400
