"""Addresses of pictures: validated, kept by browsers, refused cleanly."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

import httpx
import pytest

from longbox.book import Book
from longbox.library import Library
from picture_shelf import Desk, add_book, cbz, open_desk, png

T = TypeVar("T")


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with Library.create(tmp_path / "library") as library:
        made = open_desk(library, tmp_path / "cache", max_upload_bytes=100_000)
        yield made
        made.pictures.close()


@pytest.fixture
def book(desk: Desk, tmp_path: Path) -> Book:
    return add_book(desk.library, cbz(tmp_path / "comic.cbz", [png(400, 600)]))


def in_a_loop_of_its_own(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run it in another thread: the browser's driver keeps a loop running in this one."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, coroutine).result()


def ask(desk: Desk, path: str, method: str = "GET", **more: object) -> httpx.Response:
    async def go() -> httpx.Response:
        transport = httpx.ASGITransport(app=desk.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
            return await client.request(method, path, **more)  # type: ignore[arg-type]

    return in_a_loop_of_its_own(go())


def test_page_is_kept_a_day_and_a_crop_a_minute(desk: Desk, book: Book) -> None:
    for path, kept in (
        (f"page/{book.book_id}/0/160.webp", "private, max-age=86400"),
        (f"panel/{book.book_id}-0000-01/160.webp", "private, max-age=60"),
    ):
        answer = ask(desk, f"/pictures/{path}")
        assert answer.status_code == 200
        assert answer.headers["content-type"] == "image/webp"
        assert answer.headers["cache-control"] == kept
        assert answer.content[8:12] == b"WEBP"


def test_address_with_the_present_version_is_kept_for_ever(desk: Desk, book: Book) -> None:
    version = desk.pictures.page_request(book.book_id, 0, 160).version
    path = f"/pictures/page/{book.book_id}/0/160.webp"
    kept = ask(desk, f"{path}?v={version}").headers["cache-control"]
    assert kept == "private, max-age=31536000, immutable"
    assert ask(desk, f"{path}?v=old").headers["cache-control"] == "private, max-age=86400"


@pytest.mark.parametrize("form", ['"{}"', 'W/"{}"', '"other", "{}"', "*"])
def test_browser_that_has_it_gets_304_without_the_file(desk: Desk, book: Book, form: str) -> None:
    path = f"/pictures/page/{book.book_id}/0/160.webp"
    etag = ask(desk, path).headers["etag"]
    Path(book.path).unlink()
    answer = ask(desk, path, headers={"If-None-Match": form.format(etag.strip('"'))})
    assert answer.status_code == 304
    assert answer.content == b""
    assert answer.headers["etag"] == etag
    assert ask(desk, path, headers={"If-None-Match": '"other"'}).status_code == 200


@pytest.mark.parametrize(
    "path",
    [
        "page/{}/0/161.webp",
        "page/{}/0/160.webp.png",
        "page/{}/0/0160.webp",
        "page/{}/-1/160.webp",
        "page/{}/00/160.webp",
        "page/{}/1_0/160.webp",
        "page/{}/%D9%A1/160.webp",
        "page/{}/0%0A/160.webp",
        "page/{}/999999999999999999999/160.webp",
        "page/{}/1/160.webp",
        "page/0000000000000000/0/160.webp",
        "page/..%2f..%2f..%2fetc%2fpasswd/0/160.webp",
        "page/{}%00/0/160.webp",
        "page/{}/0/..%2f160.webp",
        "panel/{}-0000-99/160.webp",
        "panel/{}-0000/160.webp",
        "panel/{}-0000-00%2f../160.webp",
        "panel/..%2f..%2fcatalog.sqlite/160.webp",
        "query/..%2f..%2fcatalog.sqlite.webp",
        "query/%2e%2e.webp",
        "query/" + "0" * 32 + ".webp",
        "query/" + "G" * 32 + ".webp",
    ],
)
def test_odd_addresses_are_refused_cleanly(desk: Desk, book: Book, path: str) -> None:
    answer = ask(desk, "/pictures/" + path.format(book.book_id))
    assert answer.status_code in (404, 422)
    assert str(desk.library.root.parent) not in answer.text


def test_gone_file_is_explained_without_its_folder(desk: Desk, book: Book) -> None:
    Path(book.path).unlink()
    answer = ask(desk, f"/pictures/page/{book.book_id}/0/160.webp")
    assert answer.status_code == 404
    assert answer.json()["error"].startswith("comic.cbz: the comic file is gone")
    assert "etag" not in answer.headers


def test_sixty_at_once_are_all_answered_and_made_once(desk: Desk, book: Book) -> None:
    async def go() -> list[httpx.Response]:
        transport = httpx.ASGITransport(app=desk.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
            path = f"/pictures/panel/{book.book_id}-0000-00/160.webp"
            return await asyncio.gather(*(client.get(path) for _ in range(60)))

    answers = in_a_loop_of_its_own(go())
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.content for answer in answers}) == 1


def test_browser_that_left_drops_what_waits(desk: Desk, book: Book) -> None:
    ask(desk, f"/pictures/page/{book.book_id}/0/160.webp")
    (pid,) = desk.pictures._pool.pids()
    os.kill(pid, signal.SIGSTOP)

    async def leave(path: str) -> None:
        sent: list[object] = []
        scope = {
            "type": "http",
            "method": "GET",
            "path": path,
            "raw_path": path.encode(),
            "query_string": b"",
            "headers": [],
            "http_version": "1.1",
            "scheme": "http",
            "server": ("127.0.0.1", 80),
            "client": ("127.0.0.1", 1),
        }

        async def receive() -> dict[str, object]:
            return {"type": "http.disconnect"}

        async def send(message: object) -> None:
            sent.append(message)

        await desk.app(scope, receive, send)

    async def go() -> None:
        widths = (320, 640, 1280)
        await asyncio.gather(
            *(leave(f"/pictures/page/{book.book_id}/0/{width}.webp") for width in widths)
        )

    in_a_loop_of_its_own(go())
    assert desk.pictures._pool.n_waiting() == 0
    os.kill(pid, signal.SIGCONT)


def post(desk: Desk, content: object, **headers: str) -> httpx.Response:
    said = {"content-type": "image/png", **{k.replace("_", "-"): v for k, v in headers.items()}}
    return ask(desk, "/api/v1/pictures", "POST", content=content, headers=said)


def test_picture_is_sent_and_shown(desk: Desk) -> None:
    answer = post(desk, png(300, 200))
    assert answer.status_code == 201
    sent = answer.json()
    assert (sent["width"], sent["height"]) == (300, 200)
    shown = ask(desk, f"/pictures/query/{sent['id']}.webp")
    assert shown.headers["content-type"] == "image/webp"
    assert shown.content[8:12] == b"WEBP"
    again = ask(
        desk, f"/pictures/query/{sent['id']}.webp", headers={"If-None-Match": shown.headers["etag"]}
    )
    assert again.status_code == 304


@pytest.mark.parametrize(
    ("content", "status", "reason"),
    [
        (b"", 422, "empty"),
        (b"<html><script>alert(1)</script></html>", 422, "not a picture"),
        (b"\x89PNG\r\n\x1a\n<html>", 422, "damaged"),
        (b"<svg onload='alert(1)'/>", 422, "SVG"),
        (png(300, 200)[:-200], 422, "damaged"),
        (bytes(100_001), 413, "larger"),
    ],
)
def test_hostile_upload_is_one_clear_refusal(
    desk: Desk, content: bytes, status: int, reason: str
) -> None:
    answer = post(desk, content)
    assert answer.status_code == status
    assert reason in answer.json()["error"]


@pytest.mark.parametrize("kind", ["text/html", "multipart/form-data", "", "application/json"])
def test_only_pictures_by_their_type_are_taken(desk: Desk, kind: str) -> None:
    assert post(desk, png(30, 20), content_type=kind).status_code == 415


def test_endless_body_is_cut_off_at_the_bound(desk: Desk) -> None:
    n_sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal n_sent
        while True:
            n_sent += 1
            assert n_sent < 100, "read on beyond the bound"
            yield bytes(10_000)

    assert post(desk, endless()).status_code == 413
    assert post(desk, png(30, 20), content_length="99999999999").status_code == 413
    assert post(desk, png(30, 20)).status_code == 201


def test_too_many_uploads_at_once_are_busy(desk: Desk) -> None:
    async def go() -> list[int]:
        hold = asyncio.Event()

        async def slow() -> AsyncIterator[bytes]:
            await hold.wait()
            yield png(30, 20)

        transport = httpx.ASGITransport(app=desk.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:

            async def send() -> int:
                head = {"content-type": "image/png"}
                answer = await client.post("/api/v1/pictures", content=slow(), headers=head)
                return answer.status_code

            sending = [asyncio.create_task(send()) for _ in range(6)]
            await asyncio.wait(sending, timeout=5, return_when=asyncio.FIRST_COMPLETED)
            hold.set()
            return sorted(await asyncio.gather(*sending))

    assert in_a_loop_of_its_own(go()) == [201, 201, 201, 201, 503, 503]
