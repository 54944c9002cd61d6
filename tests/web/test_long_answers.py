"""Archives, exports and pages for readers: a few at a time, and each place is given back."""

from __future__ import annotations

import gc
import threading
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from fastapi.testclient import TestClient

from longbox.config import Config
from longbox.errors import BusyError, LibraryError
from longbox.library import Library
from longbox.web import WebOptions, create_app
from longbox.web.opds.files import attachment
from longbox.web.opds.jpeg import _MOST_WAITING, JpegMaker
from longbox.web.places import Places
from longbox.web.search import saved_state
from waiting import PATIENCE_S


def _pieces() -> Iterator[bytes]:
    yield from (b"a", b"b")


def test_no_answer_is_begun_where_no_place_is_free() -> None:
    places = Places(1, "wait a moment")
    held = places.fill(_pieces)
    with pytest.raises(BusyError, match="wait a moment"):
        places.fill(lambda: pytest.fail("begun"))
    assert b"".join(held) == b"ab"
    assert b"".join(places.fill(_pieces)) == b"ab"


def test_places_are_given_back_by_who_fails_or_leaves() -> None:
    places = Places(1, "wait")

    def refuse() -> Iterator[bytes]:
        raise LibraryError("damaged")

    def break_off() -> Iterator[bytes]:
        yield b"a"
        raise LibraryError("damaged")

    with pytest.raises(LibraryError):
        places.fill(refuse)
    with pytest.raises(LibraryError):
        list(places.fill(break_off))
    left = places.fill(_pieces)
    next(left)
    del left
    gc.collect()
    assert b"".join(places.fill(_pieces)) == b"ab"


def test_readers_that_wait_for_slow_pages_leave_threads_for_others() -> None:
    go, begun = threading.Event(), threading.Semaphore(0)

    def slow(_request: object) -> Any:
        begun.release()
        assert go.wait(PATIENCE_S)
        raise LibraryError("enough")

    maker = JpegMaker(SimpleNamespace(make=slow))  # type: ignore[arg-type]
    request: Any = None

    def ask() -> None:
        with pytest.raises(LibraryError):
            maker.make(request, 320)

    threads = [threading.Thread(target=ask) for _ in range(_MOST_WAITING)]
    for thread in threads:
        thread.start()
    for _ in threads:
        assert begun.acquire(timeout=PATIENCE_S)
    with pytest.raises(BusyError):
        maker.make(request, 320)
    go.set()
    for thread in threads:
        thread.join(PATIENCE_S)
    with pytest.raises(LibraryError):
        maker.make(request, 320)


def test_exports_are_a_few_at_a_time(tmp_path: Path) -> None:
    with Library.create(tmp_path / "library") as library:
        app = create_app(library, Config(), WebOptions())
        with TestClient(app, base_url="http://127.0.0.1:8733") as client:
            address = "/api/v1/corrections/export"
            assert [client.get(address).status_code for _ in range(6)] == [200] * 6
            held = [app.state.exports.fill(_pieces) for _ in range(4)]
            assert client.get(address).status_code == 503
            held.clear()
            gc.collect()
            assert client.get(address).status_code == 200


def test_searches_with_more_fields_than_any_page_writes_are_read_or_refused(
    tmp_path: Path,
) -> None:
    assert saved_state("q=rain" + "&" * 1_000 + "by=page", {}).query == "rain"
    with Library.create(tmp_path / "library") as library:
        app = create_app(library, Config(), WebOptions())
        with TestClient(app, base_url="http://127.0.0.1:8733") as client:
            wanted = {"name": "x", "query": "&a=1" * 1_000}
            assert client.post("/api/v1/saved-searches", json=wanted).status_code == 400
            assert client.post("/search/saved", data=wanted).status_code == 400


@pytest.mark.parametrize("name", ["x.＂; filename=evil.exe", "a＂b.cbz", "x.＼y", "..", ""])
def test_names_of_files_stay_within_their_quotation_marks(name: str) -> None:
    said = attachment(name)
    plain = said.partition("filename=")[2].partition("; filename*=")[0]
    assert plain.count('"') == 2
    assert plain.startswith('"')
    assert plain.endswith('"')
    assert said.isascii()
