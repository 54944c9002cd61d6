"""What the map's addresses give: points in columns, words beside a point, clean refusals."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import numpy as np
import pytest

from longbox.library import Library
from longbox.vectors import Space
from mapped_libraries import put_maps, unpacked

if TYPE_CHECKING:
    from conftest import Served

    Serve = Callable[..., Served]


@pytest.fixture
def mapped(library_copy: Path, serve: Serve) -> Served:
    put_maps(library_copy)
    return serve(library_copy)


def points(served: Served, space: str = "vision", **headers: str) -> httpx.Response:
    address = f"{served.address}/api/v1/map/{space}/panels/points"
    return httpx.get(address, headers=headers)


def test_points_are_columns_that_name_every_panel(mapped: Served) -> None:
    header, columns = unpacked(points(mapped).content)
    with Library.open(mapped.root, read_only=True) as library:
        status = library.status()
        assert header["n_points"] == header["n_known"] == status.panels
        named = {
            f"{header['books'][book]['id']}-{page:04d}-{panel:02d}"
            for book, page, panel in zip(
                columns["book"], columns["page"], columns["panel"], strict=True
            )
        }
        fingerprint = library.spaces()[Space.VISION][0]
        rows = np.concatenate([rows for rows, _ in library.vectors(Space.VISION, fingerprint)])
        assert named == {str(r.panel_id) for r in library.panel_records(rows.tolist())}
    places = columns["places"].reshape(-1, 2)
    assert places.shape == (header["n_points"], 2)
    assert np.abs(places).max() <= 1
    assert columns["cluster"].max() == header["n_clusters"] - 1 == 2
    assert columns["area"].max() > 0
    assert (header["n_books_new"], header["n_books_changed"]) == (0, 0)


def test_points_are_sent_once(mapped: Served) -> None:
    first = points(mapped)
    again = points(mapped, **{"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    other = points(mapped, "text")
    assert other.headers["etag"] != first.headers["etag"]


def test_points_say_when_the_library_has_changed(mapped: Served) -> None:
    before = points(mapped)
    services = mapped.app.state.services
    book_id = services.library.book_ids()[0]
    services.library.remove_book(book_id)
    after = points(mapped, **{"If-None-Match": before.headers["etag"]})
    assert after.status_code == 200
    header, _ = unpacked(after.content)
    assert header["n_books_changed"] == 1
    assert book_id not in {book["id"] for book in header["books"]}


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("vision/pages/points", 404),  # not made yet
        ("description/panels/points", 404),  # no such vectors here
        ("vision/books/points", 422),
        ("sound/panels/points", 422),
        ("look/0000000000000000-0000-00", 400),
        ("look/nonsense", 422),
    ],
)
def test_what_is_not_there_is_refused_in_one_line(mapped: Served, path: str, status: int) -> None:
    answer = httpx.get(f"{mapped.address}/api/v1/map/{path}")
    assert answer.status_code == status
    assert "\n" not in answer.json()["error"]


def test_a_damaged_map_is_refused_and_the_page_still_opens(mapped: Served) -> None:
    for path in (mapped.root / "maps").iterdir():
        path.write_bytes(path.read_bytes()[:100])
    assert points(mapped).status_code == 503
    assert "make it again" in points(mapped).json()["error"]
    assert httpx.get(f"{mapped.address}/map").status_code == 200


def test_what_is_shown_beside_a_point(mapped: Served) -> None:
    header, columns = unpacked(points(mapped).content)
    at = int(columns["text"].argmax())
    book = header["books"][columns["book"][at]]
    panel_id = f"{book['id']}-{columns['page'][at]:04d}-{columns['panel'][at]:02d}"
    look = httpx.get(f"{mapped.address}/api/v1/map/look/{panel_id}").json()
    assert (look["panel_id"], look["title"]) == (panel_id, book["title"])
    assert look["text"]
    assert look["width"] > 0


def test_maps_are_listed(mapped: Served) -> None:
    listed = httpx.get(f"{mapped.address}/api/v1/map").json()
    made = {(m["space"], m["of"]) for m in listed if m["is_made"]}
    assert made == {("vision", "panels"), ("text", "panels")}
    assert {"composition"} <= {m["space"] for m in listed}


def test_a_library_without_books_says_so(tmp_path: Path, serve: Serve) -> None:
    answer = httpx.get(f"{serve(tmp_path / 'none').address}/map")
    assert answer.status_code == 200
    assert "No map yet" in answer.text


def test_at_most_four_spaces_and_none_that_is_not_there(mapped: Served) -> None:
    asked = "&".join(
        f"space={s}" for s in ("description", "vision", "text", "vision", "composition")
    )
    text = httpx.get(f"{mapped.address}/map?{asked}").text
    assert text.count("data-space=") == 3
    assert 'data-space="description"' not in text
    assert httpx.get(f"{mapped.address}/map?space=<script>").status_code == 422


def test_a_job_of_a_wrong_map_is_refused(mapped: Served) -> None:
    for arguments in ({"space": "sound"}, {"space": "vision", "of": "books"}, {}):
        answer = httpx.post(
            f"{mapped.address}/api/v1/jobs", json={"kind": "map", "arguments": arguments}
        )
        assert answer.status_code == 400
