from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from longbox.web.search.desk import HITS_A_PART

if TYPE_CHECKING:
    from conftest import Served

Ask = Callable[..., Any]


@pytest.fixture
def ask(served: Served) -> Ask:
    def get(path: str, status: int = 200, **query: object) -> Any:
        answer = httpx.get(f"{served.address}/api/v1{path}", params=query, timeout=30)
        assert answer.status_code == status, answer.text
        return answer.json()

    return get


def test_hit_says_everything_that_is_shown(ask: Ask) -> None:
    found = ask("/search", q="cat steals the potion", k=5)
    hit = found["hits"][0]
    assert "".join(piece["text"] for piece in hit["text"]).startswith("The cat steals the potion!")
    assert [p["text"] for p in hit["text"] if p["is_found"]] == ["cat steals the potion"]
    reasons = {reason["name"]: reason for reason in hit["matched"]}
    assert reasons["words"]["label"] == "words"
    assert 0 < reasons["words"]["strength"] <= 1
    x0, y0, x1, y1 = hit["best"]["box"]
    assert 0 <= x0 < x1 <= hit["best"]["page_width"]
    assert 0 <= y0 < y1 <= hit["best"]["page_height"]
    assert hit["best"]["page_index"] == 2
    assert hit["read"].endswith("?page=3&panel=3")
    assert {like["kind"] for like in hit["likes"]} == {"everything", "picture", "words", "context"}
    assert found["facets"]["n_panels"] == 70


def test_likes_are_only_in_spaces_that_the_panel_has(ask: Ask) -> None:
    silent = ask("/search", **{"with": "panel:0d119749d0e5ecec-0000-01", "lettering": "no"})["hits"]
    assert silent
    assert all("words" not in {like["kind"] for like in hit["likes"]} for hit in silent)


def test_parts_of_a_list_repeat_and_lose_nothing(ask: Ask) -> None:
    whole = [hit["best"]["panel_id"] for hit in ask("/search", q="friends", k=100)["hits"]]
    parts: list[str] = []
    start: int | None = 0
    while start is not None:
        part = ask("/search", q="friends", k=9, start=start)
        parts += [hit["best"]["panel_id"] for hit in part["hits"]]
        start = part["next_start"]
    assert len(parts) == len(set(parts)) > 30
    assert set(parts) == set(whole)


@pytest.mark.parametrize("by", ["page", "book"])
def test_larger_hits_name_the_panels_that_matched(ask: Ask, by: str) -> None:
    hits = ask("/search", q="potion", by=by)["hits"]
    first = hits[0]
    assert len(first["panels"]) > 1
    assert first["best"]["panel_id"] in {panel["panel_id"] for panel in first["panels"]}
    assert {panel["book_id"] for panel in first["panels"]} == {first["best"]["book_id"]}
    keys = [(h["best"]["book_id"], h["best"]["page_index"] if by == "page" else 0) for h in hits]
    assert len(keys) == len(set(keys))


def test_panel_term_finds_others_and_never_itself(ask: Ask) -> None:
    panel = ask("/search", q="cat steals the potion", k=1)["hits"][0]["best"]["panel_id"]
    like = ask("/search", **{"with": f"panel:{panel}", "space": "contextual"})
    assert panel not in {hit["best"]["panel_id"] for hit in like["hits"]}
    assert {reason["name"] for hit in like["hits"] for reason in hit["matched"]} == {"contextual"}


def test_contextual_space_answers_no_words(ask: Ask) -> None:
    assert "context" in ask("/search", 400, q="rain", space="contextual")["error"]


def test_facets_count_what_each_choice_leaves(ask: Ask) -> None:
    facets = ask("/facets", type="cover")
    assert facets["n_panels"] == 8
    assert {value["value"]: value["n_panels"] for value in facets["page_types"]["values"]}[
        "story"
    ] == 53
    assert ask("/facets", series="No such series")["n_panels"] == 0


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ({}, 400),
        ({"q": ""}, 400),
        ({"q": '"open'}, 200),
        ({"q": '"open" + "x'}, 400),
        ({"q": "x" * 10_000}, 422),
        ({"q": "rain", "w_vision": "nan"}, 422),
        ({"q": "rain", "w_vision": "inf"}, 422),
        ({"q": "rain", "w_vision": "1e999"}, 422),
        ({"q": "rain", "start": "1000000000"}, 422),
        ({"q": "rain", "k": "0"}, 422),
        ({"q": "rain", "k": "101"}, 422),
        ({"q": "rain", "nonsense": "1"}, 422),
        ({"with": "panel:ffffffffffffffff-0000-00"}, 400),
        ({"with": f"picture:{'0' * 32}"}, 400),
        ({"with": f"picture:{'0' * 32}@0.5,0,0.5,1"}, 400),
        ({"q": "rain", "book": "../.."}, 422),
        ({"q": "rain", "in": "description"}, 400),
        ({"q": "- - - + + ''"}, 200),
        ({"q": "\x00\x01"}, 400),
        ({"q": "'; DROP TABLE panels; --"}, 200),
        ({"q": 'NEAR("a" "b")* OR ^x'}, 200),
    ],
)
def test_strange_requests_are_answered_cleanly(
    ask: Ask, query: dict[str, str], status: int
) -> None:
    answer = ask("/search", status, **query)
    assert ("error" in answer) == (status != 200)


def test_saved_searches_are_kept_listed_and_forgotten(served_copy: Served) -> None:
    address = f"{served_copy.address}/api/v1/saved-searches"
    assert httpx.get(address).json() == {"searches": []}
    wanted = {"name": "Rain <b>", "query": "q=rain&utm=1&by=page&start=48&type=nonsense"}
    made = httpx.post(address, json=wanted)
    assert made.status_code == 201
    assert made.json()["query"] == "q=rain&by=page"
    assert httpx.post(address, json=wanted).json() == made.json()
    assert httpx.post(address, json={"name": "x", "query": "utm=1"}).status_code == 400
    assert httpx.post(address, json={"name": " ", "query": "q=x"}).status_code == 400
    assert httpx.post(address, json={"name": "x" * 201, "query": "q=x"}).status_code == 422
    page = httpx.get(f"{served_copy.address}/search").text
    assert "Rain &lt;b&gt;" in page
    assert httpx.delete(f"{address}/{made.json()['search_id']}").status_code == 204
    assert httpx.delete(f"{address}/{made.json()['search_id']}").status_code == 404


def test_form_without_script_saves_and_forgets(served_copy: Served) -> None:
    form = {"name": "Rain", "query": "q=rain"}
    saved = httpx.post(f"{served_copy.address}/search/saved", data=form)
    assert (saved.status_code, saved.headers["location"]) == (303, "/search?q=rain")
    (search,) = httpx.get(f"{served_copy.address}/api/v1/saved-searches").json()["searches"]
    path = f"/search/saved/{search['search_id']}/delete"
    assert httpx.post(f"{served_copy.address}{path}").status_code == 303
    assert httpx.get(f"{served_copy.address}/api/v1/saved-searches").json() == {"searches": []}


def test_shared_library_takes_no_saved_search(served: Served) -> None:
    answer = httpx.post(
        f"{served.address}/api/v1/saved-searches", json={"name": "x", "query": "q=x"}
    )
    assert answer.status_code == 403


def test_search_with_a_picture_works_after_a_restart(
    served: Served, library_copy: Path, serve: Callable[..., Served]
) -> None:
    panel = "8f895163a0a88f63-0002-02"
    first = serve(library_copy)
    crop = httpx.get(f"{served.address}/pictures/panel/{panel}/640.webp", timeout=60).content
    sent = httpx.post(
        f"{first.address}/api/v1/pictures", content=crop, headers={"Content-Type": "image/webp"}
    ).json()
    second = serve(library_copy)
    found = httpx.get(
        f"{second.address}/api/v1/search", params={"with": f"picture:{sent['id']}"}, timeout=60
    ).json()
    assert found["hits"][0]["best"]["panel_id"] == panel
    assert found["hits"][0]["matched"][0]["name"] == "vision"


def test_page_says_on_itself_what_cannot_be_answered(served: Served) -> None:
    answer = httpx.get(f"{served.address}/search", params={"q": "rain", "space": "contextual"})
    assert answer.status_code == 400
    assert 'value="rain"' in answer.text
    assert "That cannot be answered" in answer.text
    assert "--like" not in answer.text
    too_long = httpx.get(f"{served.address}/search", params={"q": "x" * 10_000})
    assert too_long.status_code == 400


def test_fragments_are_small_and_have_no_frame(served: Served) -> None:
    part = httpx.get(f"{served.address}/search/part", params={"q": "friends"})
    more = httpx.get(f"{served.address}/search/more", params={"q": "friends", "start": HITS_A_PART})
    assert "<html" not in part.text + more.text
    assert len(part.content) < 150_000
    assert more.text.count("data-hit") == HITS_A_PART
