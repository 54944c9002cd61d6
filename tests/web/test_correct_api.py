"""Putting pages right over HTTP: it counts at once, stays, and never overwrites others."""

from __future__ import annotations

import io
import json
import shutil
import threading
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from correcting import book_named, describe_page, use_jobs
from longbox.config import Config
from longbox.correction import CorrectedField, Verdict, panels_of
from longbox.geometry import Box
from longbox.library import Library
from longbox.pipeline import files_of, index_shelf
from longbox.pipeline.corrections import book_corrections, split_recipe
from longbox.web import WebOptions, create_app

BOXES = [[10, 10, 390, 200], [10, 210, 390, 590]]
PANELS = [{"box": box} for box in BOXES]


@pytest.fixture
def library(library_copy: Path) -> Iterator[Library]:
    with Library.open(library_copy) as opened:
        yield opened


@pytest.fixture
def client(library: Library) -> Iterator[TestClient]:
    app = create_app(library, Config(), WebOptions())
    use_jobs(app)
    with TestClient(app, base_url="http://127.0.0.1") as made:
        yield made


@pytest.fixture
def book_id(library: Library) -> str:
    """The book with the hostile title: two pages of two panels, 400 x 600."""
    return book_named(library, "<script>").book.book_id


@dataclass(frozen=True)
class Untouched:
    """A server that every request of a test is refused by, so that many tests may share it."""

    client: TestClient
    library: Library
    book_id: str


@pytest.fixture(scope="module")
def untouched(drawn_library: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Untouched]:
    root = Path(shutil.copytree(drawn_library, tmp_path_factory.mktemp("untouched") / "library"))
    with Library.open(root) as library:
        app = create_app(library, Config(), WebOptions())
        with TestClient(app, base_url="http://127.0.0.1") as made:
            yield Untouched(made, library, book_named(library, "<script>").book.book_id)


def at(book_id: str, page: int = 0) -> str:
    return f"/api/v1/books/{book_id}/pages/{page}/correction"


def put(client: TestClient, address: str, revision: str | None, **change: Any) -> Any:
    headers = {} if revision is None else {"If-Match": f'"{revision}"'}
    return client.put(address, json=change, headers=headers)


def state(client: TestClient, book_id: str, page: int = 0) -> Any:
    answer = client.get(at(book_id, page))
    assert answer.status_code == 200, answer.text
    assert answer.headers["etag"] == f'"{answer.json()["revision"]}"'
    return answer.json()


def test_saved_panels_count_at_once_and_after_the_book_is_made_anew(
    client: TestClient, library: Library, book_id: str
) -> None:
    before = state(client, book_id)
    assert before["detector"] == [p["box"] for p in before["panels"]]
    assert (before["corrected"], before["book"]["is_taken_over"]) == ([], True)
    answer = put(client, at(book_id), before["revision"], panels=PANELS, page_type="splash")
    assert answer.status_code == 200, answer.text
    page = answer.json()["page"]
    assert answer.json()["job_id"]
    assert [p["box"] for p in page["panels"]] == BOXES
    assert {p["source"] for p in page["panels"]} == {"correction"}
    assert page["page_type"] == "splash"
    assert page["corrected"] == ["page_type", "panels"]
    assert page["book"]["is_taken_over"] is False
    assert page["detector"] == before["detector"]
    assert state(client, book_id) == page

    files, _ = files_of(library, [book_id])
    index_shelf(files, library, Config(), in_process=True)
    after = state(client, book_id)
    assert after["book"]["is_taken_over"] is True
    assert [p["box"] for p in after["panels"]] == BOXES
    assert after["page_type"] == "splash"
    # Whoever edits on is not told of a conflict with the library.
    assert after["revision"] == page["revision"]
    assert after["detector"] is None

    taken = put(client, at(book_id), after["revision"], take_back=["panels"]).json()["page"]
    assert taken["waiting"] == ["panels"]
    index_shelf(files, library, Config(), in_process=True, refresh=True)
    assert state(client, book_id)["detector"] == before["detector"]


def test_second_of_two_people_is_told_and_overwrites_nothing(
    client: TestClient, library: Library, book_id: str
) -> None:
    revision = state(client, book_id)["revision"]
    assert put(client, at(book_id), revision, panels=PANELS).status_code == 200
    answer = put(client, at(book_id), revision, panels=[{"box": [0, 0, 50, 50]}])
    assert answer.status_code == 409
    assert "somebody else" in answer.json()["error"]
    present = answer.json()["present"]
    assert [p["box"] for p in present["panels"]] == BOXES
    assert len(library.corrections(book_id)) == 1
    mine = put(client, at(book_id), present["revision"], panels=[{"box": [0, 0, 50, 50]}])
    assert mine.status_code == 200
    assert len(library.corrections(book_id)) == 2


def test_of_many_saves_at_once_exactly_one_is_kept(
    client: TestClient, library: Library, book_id: str
) -> None:
    revision = state(client, book_id)["revision"]
    statuses: list[int] = []

    def save(n: int) -> None:
        answer = put(client, at(book_id), revision, panels=[{"box": [n, 0, 300, 300]}])
        statuses.append(answer.status_code)

    threads = [threading.Thread(target=save, args=(n,)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(statuses) == [200, 409, 409, 409, 409, 409]
    assert len(library.corrections(book_id)) == 1


def test_save_without_or_with_a_wrong_revision_writes_nothing(untouched: Untouched) -> None:
    client, library, book_id = untouched.client, untouched.library, untouched.book_id
    assert put(client, at(book_id), None, panels=PANELS).status_code == 428
    for wrong in ("", "0" * 16, "*", "x" * 60):
        assert put(client, at(book_id), wrong, panels=PANELS).status_code == 409
    assert put(client, at(book_id), "x" * 500, panels=PANELS).status_code == 422
    assert library.corrections(book_id) == ()


TEXT = {"box": [10, 10, 50, 50], "text": "hello", "kind": "dialogue"}
HOSTILE: list[dict[str, Any]] = [
    {},
    {"panels": [{"box": [10, 10, 5, 20]}]},
    {"panels": [{"box": [5000, 5000, 6000, 6000]}]},
    {"panels": [{"box": [1, 2, 3]}]},
    {"panels": [{"box": [1, 2, "3", None]}]},
    {"panels": [{"box": [0, 0, 1e300, 1e300]}]},
    {"panels": [{"box": [0, 0, 9, 9], "polygon": [[0, 0], [9, 9]]}]},
    {"panels": [{"box": [0, 0, 9, 9], "rank": 3}]},
    {"panels": [{"box": [0, 0, 9, 9]}] * 2001},
    {"panels": "[]"},
    {"texts": [{**TEXT, "text": "x" * 1_000_000}]},
    {"texts": [{**TEXT, "kind": "song"}]},
    {"texts": [{**TEXT, "panel": 17}]},
    {"texts": [{**TEXT, "panel": -1}]},
    {"texts": [{**TEXT, "box": [9, 9, 1, 1]}]},
    {"page_type": "poster"},
    {"review": "perhaps"},
    {"take_back": ["title"]},
    {"take_back": ["panels"], "panels": PANELS},
    {"take_back": ["everything"]},
    {"title": "not of a page"},
]


@pytest.mark.parametrize("change", HOSTILE, ids=range(len(HOSTILE)))
def test_senseless_values_are_refused_in_one_line(
    untouched: Untouched, change: dict[str, Any]
) -> None:
    client, library, book_id = untouched.client, untouched.library, untouched.book_id
    answer = put(client, at(book_id), state(client, book_id)["revision"], **change)
    assert answer.status_code in (400, 422), answer.text
    assert "\n" not in answer.json()["error"]
    assert len(answer.json()["error"]) < 600
    assert library.corrections(book_id) == ()


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b'{"panels": [{"box": [NaN, 0, 10, 10]}]}', 422),
        (b'{"panels": [{"box": [0, 0, Infinity, 10]}]}', 422),
        (b'{"texts": [{"box": [0,0,9,9], "text": "\\ud800", "kind": "prose"}]}', 422),
        (b'{"panels": [' + b'{"box":[0,0,9,9]},' * 1_000_000 + b'{"box":[0,0,9,9]}]}', 413),
        (b"[" * 100_000, 400),
        (b"", 422),
    ],
)
def test_bodies_that_are_no_values_are_refused(
    untouched: Untouched, body: bytes, status: int
) -> None:
    client, library, book_id = untouched.client, untouched.library, untouched.book_id
    headers = {
        "If-Match": f'"{state(client, book_id)["revision"]}"',
        "Content-Type": "application/json",
    }
    answer = client.put(at(book_id), content=body, headers=headers)
    assert answer.status_code == status, answer.text
    assert library.corrections(book_id) == ()


def test_script_in_a_text_is_text(client: TestClient, book_id: str) -> None:
    said = "</script><script>alert(1)</script>\"'&"
    texts = [{**TEXT, "text": said, "panel": 0}, {**TEXT, "panel": None}]
    page = put(client, at(book_id), state(client, book_id)["revision"], texts=texts).json()["page"]
    assert page["texts"][0]["text"] == said
    assert page["texts"][0]["panel"] == 0
    html = client.get(f"/correct/{book_id}/1")
    assert html.status_code == 200
    assert "<script>alert" not in html.text
    assert "&lt;script&gt;alert(1)" in html.text
    for address in (f"/correct/{book_id}", "/review?reviewed=1"):
        assert "<script>alert" not in client.get(address).text


def test_verdict_is_kept_but_changes_no_store(
    client: TestClient, library: Library, book_id: str
) -> None:
    recipe = library.book_store(book_id).recipe
    answer = put(client, at(book_id), state(client, book_id)["revision"], review="right").json()
    assert answer["page"]["verdict"] == "right"
    assert answer["job_id"] is None
    assert answer["page"]["book"]["is_taken_over"] is True
    again = put(client, at(book_id), answer["page"]["revision"], review="both_wrong").json()["page"]
    assert again["verdict"] == "both_wrong"
    said = library.corrections(book_id)
    assert [c.field for c in said] == [CorrectedField.REVIEW] * 2
    assert book_corrections(said).mark == ""
    files, _ = files_of(library, [book_id])
    report = index_shelf(files, library, Config(), in_process=True)
    assert report.n_unchanged == 1
    assert split_recipe(library.book_store(book_id).recipe) == split_recipe(recipe)
    taken = put(client, at(book_id), again["revision"], take_back=["review"]).json()["page"]
    assert taken["verdict"] is None


def test_queue_leads_from_page_to_page_and_counts(client: TestClient, library: Library) -> None:
    annotated = book_named(library, "Potion")
    book_id, page = annotated.book.book_id, 1
    half = annotated.pages[page].page.width / 2
    boxes = [Box(0, 0, half, 300), Box(half, 0, 2 * half, 300)]
    describe_page(library, book_id, page, boxes)
    found = client.get("/api/v1/review").json()
    first = found["items"][0]
    assert (first["book_id"], first["page_index"]) == (book_id, page)
    assert "disagreement" in first["reasons"]
    needs = [item["need"] for item in found["items"]]
    assert needs == sorted(needs, reverse=True)
    model = state(client, book_id, page)["model"]
    assert [p["box"] for p in model["panels"]] == [list(b.as_tuple()) for b in boxes]
    assert model["is_fitting"]
    assert model["disagreement"] > 0.3
    put(client, at(book_id, page), state(client, book_id, page)["revision"], review="model")
    after = client.get("/api/v1/review").json()
    assert after["reviewed"] == found["reviewed"] + 1
    assert (book_id, page) not in [(i["book_id"], i["page_index"]) for i in after["items"]]
    place = {"book_id": book_id, "page_index": page}
    following = client.get("/api/v1/review/next", params=place).json()
    assert following["item"]["page_index"] == after["items"][0]["page_index"]
    only = client.get("/api/v1/review/next", params={**place, "reason": "disagreement"}).json()
    assert only == {"item": None, "total": 1, "reviewed": 1}
    html = client.get("/review?reason=disagreement&reviewed=1")
    assert "detector and model differ" in html.text
    assert html.status_code == 200


def test_book_is_put_right_as_a_whole(client: TestClient, book_id: str) -> None:
    address = f"/api/v1/books/{book_id}/correction"
    before = client.get(address).json()
    answer = put(
        client, address, before["revision"], direction="rtl", title="A <b>Name", language="JA"
    )
    assert answer.status_code == 200, answer.text
    book = answer.json()["book"]
    assert (book["direction"], book["title"], book["language"]) == ("rtl", "A <b>Name", "ja")
    assert answer.json()["job_id"]
    late = put(client, address, before["revision"], series="late")
    assert late.status_code == 409
    assert late.json()["present"]["title"] == "A <b>Name"
    for change in ({"title": " "}, {"language": "xyz"}, {"take_back": ["panels"]}, {}):
        assert put(client, address, book["revision"], **change).status_code in (400, 422)
    taken = put(client, address, book["revision"], take_back=["title"]).json()["book"]
    assert taken["corrected"] == ["direction", "language"]


def test_history_is_listed_and_taken_back(client: TestClient, book_id: str) -> None:
    revision = state(client, book_id)["revision"]
    put(client, at(book_id), revision, panels=PANELS, review="right", page_type="cover")
    found = client.get(f"/api/v1/books/{book_id}/corrections").json()
    assert found["total"] == 3
    assert {line["summary"] for line in found["items"]} == {"2 panels", "right as it is", "cover"}
    assert {line["state"] for line in found["items"]} == {"counts"}
    back = f"/api/v1/books/{book_id}/corrections/take-back"
    one = client.post(back, json={"page_index": 0, "field": "panels"}).json()
    assert (one["n_taken_back"], bool(one["job_id"])) == (1, True)
    assert client.post(back, json={"page_index": 0, "field": "title"}).status_code == 400
    rest = client.post(back, json={}).json()
    assert rest["n_taken_back"] == 2
    assert state(client, book_id)["corrected"] == []
    lines = client.get(f"/api/v1/books/{book_id}/corrections?limit=2&offset=1").json()
    assert (lines["total"], len(lines["items"])) == (6, 2)


def test_export_as_lines_and_as_books(client: TestClient, book_id: str) -> None:
    empty = client.get("/api/v1/corrections/export")
    assert (empty.status_code, empty.content) == (200, b"")
    put(client, at(book_id), state(client, book_id)["revision"], panels=PANELS, review="right")
    lines = client.get("/api/v1/corrections/export?format=jsonl")
    assert "attachment" in lines.headers["content-disposition"]
    records = [json.loads(line) for line in lines.text.splitlines()]
    assert {r["field"] for r in records} == {"panels", "review"}
    assert {r["book_id"] for r in records} == {book_id}

    whole = client.get("/api/v1/corrections/export?format=coco")
    with zipfile.ZipFile(io.BytesIO(whole.content)) as archive:
        (name,) = archive.namelist()
        coco = json.loads(archive.read(name))
    panels = [
        a["bbox"] for a in coco["annotations"] if a["image_id"] == 1 and a["category_id"] == 1
    ]
    assert panels == [[10, 10, 380, 190], [10, 210, 380, 380]]
    assert len(coco["images"]) == 2
    one = client.get(f"/api/v1/corrections/export?format=coco&pages=checked&book_id={book_id}")
    assert [i["id"] for i in one.json()["images"]] == [1]
    for wrong in ("format=exe", "book_id=zz", f"book_id={'0' * 16}", "pages=some"):
        assert client.get(f"/api/v1/corrections/export?{wrong}").status_code in (404, 422)


def test_polygons_are_kept(client: TestClient, library: Library, book_id: str) -> None:
    outline = [[10, 10], [390, 40], [390, 200], [10, 180]]
    panels = [{"box": [10, 10, 390, 200], "polygon": outline}, {"box": [10, 210, 390, 590]}]
    put(client, at(book_id), state(client, book_id)["revision"], panels=panels)
    assert [p["polygon"] for p in state(client, book_id)["panels"]] == [outline, None]
    (said,) = library.corrections(book_id)
    assert panels_of(said.value)[0].polygon == tuple((float(x), float(y)) for x, y in outline)


@pytest.mark.parametrize(
    "address",
    ["/books/0000000000000000/pages/0/correction", "/books/{book}/pages/9/correction",
     "/books/0000000000000000/correction", "/books/0000000000000000/corrections"],
)  # fmt: skip
def test_what_is_not_there_is_404(client: TestClient, book_id: str, address: str) -> None:
    answer = client.get("/api/v1" + address.format(book=book_id))
    assert answer.status_code == 404, answer.text


@pytest.mark.parametrize("address", ["/correct/{book}/0", "/correct/{book}/x", "/correct/nobook/1"])
def test_senseless_pages_are_refused(client: TestClient, book_id: str, address: str) -> None:
    assert client.get(address.format(book=book_id)).status_code in (404, 422)


def test_read_only_library_shows_and_refuses(drawn_library: Path) -> None:
    with Library.open(drawn_library, read_only=True) as library:
        app = create_app(library, Config(), WebOptions(is_read_only=True))
        with TestClient(app, base_url="http://127.0.0.1") as client:
            book_id = book_named(library, "Potion").book.book_id
            found = state(client, book_id, 1)
            assert put(client, at(book_id, 1), found["revision"], review="right").status_code == 403
            html = client.get(f"/correct/{book_id}/2").text
            assert "data-save" not in html
            assert "data-fixed" in html
            assert client.get("/review").status_code == 200
    assert list((drawn_library / "corrections").glob("*.json")) == []


def test_every_verdict_has_words(client: TestClient, book_id: str) -> None:
    for verdict in Verdict:
        revision = state(client, book_id)["revision"]
        assert put(client, at(book_id), revision, review=verdict.value).status_code == 200
    lines = client.get(f"/api/v1/books/{book_id}/corrections").json()["items"]
    assert len({line["summary"] for line in lines}) == len(Verdict)
    assert not any("_" in line["summary"] for line in lines)
