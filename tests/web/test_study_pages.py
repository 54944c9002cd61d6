"""The pages of the study and its API: what is kept is shown, what is asked is checked."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from longbox.analysis.studies import (
    STUDIES_NAME,
    ClusterQuestion,
    StudyKind,
    keep_study,
    study_name,
)
from longbox.library import Library
from made_studies import (
    HOSTILE,
    clusters_found,
    concepts_found,
    spaces_found,
    with_value,
    without,
)

if TYPE_CHECKING:
    from conftest import Served

    Serve = Callable[..., Served]


def _page(served: Served, path: str, status: int = 200) -> str:
    answer = httpx.get(served.address + path)
    assert answer.status_code == status, answer.text[:400]
    return answer.text


def _id(served: Served, kind: StudyKind) -> str:
    return next(p.stem for p in (served.root / STUDIES_NAME).iterdir() if kind in p.name)


# ---- the list


def test_an_empty_library_has_nothing_to_ask(tmp_path: Path, serve: Serve) -> None:
    served = serve(tmp_path / "none")
    page = _page(served, "/study")
    assert "nothing to ask yet" in page
    assert "data-ask" not in page
    assert httpx.get(f"{served.address}/api/v1/studies").json() == {"studies": [], "damaged": []}
    refused = httpx.post(f"{served.address}/api/v1/studies", json={"kind": "clusters"})
    assert refused.status_code == 400
    assert "index comics first" in refused.json()["error"]


def test_kept_studies_are_listed_and_say_when_the_library_changed(studied: Served) -> None:
    page = _page(studied, "/study")
    listed = httpx.get(f"{studied.address}/api/v1/studies").json()["studies"]
    assert {line["kind"] for line in listed} == {"clusters", "spaces", "concepts"}
    assert [line["kind"] for line in listed if line["is_outdated"]] == ["spaces"]
    for line in listed:
        assert f'href="{line["page"]}"' in page
    assert page.count("the library has changed since") == 1
    assert "Kinds of pages by picture" in page


def test_a_shared_library_shows_and_does_not_ask(served: Served) -> None:
    page = _page(served, "/study")
    assert "shared read-only" in page
    assert 'type="submit">Find' not in page
    refused = httpx.post(f"{served.address}/api/v1/studies", json={"kind": "spaces"})
    assert refused.status_code == 403
    assert httpx.delete(f"{served.address}/api/v1/studies/spaces-0123456789ab").status_code == 403


def test_ideas_come_with_the_address(studied: Served) -> None:
    page = _page(studied, "/study?concept=a+%3D+b&concept=%3C/textarea%3E%3Cscript%3E")
    assert "a = b\n&lt;/textarea&gt;&lt;script&gt;" in page


# ---- one study


def test_a_cluster_says_what_it_is_and_shows_it(studied: Served) -> None:
    page = _page(studied, f"/study/{_id(studied, StudyKind.CLUSTERS)}")
    for words in (
        "A sample of 24 of 30 pages of 3 books; 2 belong to none",
        "few panels",
        "more often page type: cover",
        "90 % of 6 fit “splash”, 10 % elsewhere",
        "rather than a kind of page",
        "From other starting points: 1.00 on average",
        "From four fifths of the books: not measured",
        "explains 50 % (30 % to 70 %)",
        "panels on the page at most 2.5",
    ):
        assert words in page, words
    assert 'href="/map?space=vision&amp;of=pages"' in page
    pictures = re.findall(r'src="(/pictures/page/[^"]+)"', page)
    assert pictures
    assert httpx.get(studied.address + pictures[0]).status_code == 200
    assert re.search(r'href="/read/[0-9a-f]{16}\?page=2"', page)
    assert re.search(r'href="/panel/[0-9a-f]{16}-0001-00"', page)


def test_compared_spaces_are_claims_bars_and_tables(studied: Served) -> None:
    page = _page(studied, f"/study/{_id(studied, StudyKind.SPACES)}")
    assert re.search(r"Picture</span>\s*goes by layout", page)
    assert 'heat__cell--6" title="adjusted mutual information 0.50">0.62' in page
    assert 'heat__cell--unknown" title="adjusted mutual information –">–' in page
    assert "(0.05)" in page  # beyond all others, and may be chance
    assert "The library has changed" in page


def test_ideas_are_pairs_a_matrix_a_tree_and_pictures(studied: Served) -> None:
    page = _page(studied, f"/study/{_id(studied, StudyKind.CONCEPTS)}")
    assert (
        "1 pair is more alike than chance; 1 pair is less alike than chance; 3 cannot be told"
        in page
    )
    assert "+0.70 ▲" in page
    assert "−0.40 ▼" in page
    assert page.count('heat__cell--unknown" title="cannot be told (one book)">?') == 6
    assert page.count("tree__merge ") + page.count('tree__merge"') == 2
    assert "Left out" in page
    assert "Is magic closer to robots than to" in page
    assert "closer to robots" in page
    assert "magic - robots" in page
    table = page[page.index("<tbody>") : page.index("</tbody>")]
    rows = [re.sub(r"<[^>]+>|\s+", " ", row) for row in table.split("</tr>")]
    assert "magic and robots" in " ".join(rows[0].split())  # the most alike first
    assert "cannot be told" in rows[-2]  # and what has no likeness last


@pytest.mark.parametrize("kind", list(StudyKind))
def test_nothing_of_a_study_is_believed(studied: Served, kind: StudyKind) -> None:
    page = _page(studied, f"/study/{_id(studied, kind)}")
    assert "<img src=x" not in page
    assert "49" not in re.findall(r"\{\{.*?\}\}", page)
    assert "&lt;img src=x onerror" in page
    assert " style=" not in page


def test_a_study_that_is_not_there_is_a_plain_no(studied: Served) -> None:
    assert "no such study" in _page(studied, "/study/clusters-0123456789ab", 404)
    for path in ("/study/..%2f..", "/study/CLUSTERS-1", "/api/v1/studies/x"):
        assert httpx.get(studied.address + path).status_code in (404, 422)
    gone = httpx.delete(f"{studied.address}/api/v1/studies/clusters-0123456789ab")
    assert gone.status_code == 404


# ---- files that anybody may have put there

_WRONG: list[tuple[str, Callable[[Any], Any]]] = [
    ("no portraits", lambda found: without(found, "portraits")),
    ("a number for a name", lambda found: with_value(found, 7, "portraits", 0, "name")),
    ("text for a share", lambda found: with_value(found, "much", "portraits", 0, "share")),
    ("a negative count", lambda found: with_value(found, -1, "n")),
    ("a count that is none", lambda found: with_value(found, 10**40, "n")),
    ("a list for a study", lambda found: with_value(found, [], "over_seeds")),
    ("a path for a book", lambda found: with_value(found, {"1": {"book_id": "../x"}}, "cards")),
]


@pytest.mark.parametrize(("what", "spoil"), _WRONG, ids=[what for what, _ in _WRONG])
def test_a_study_of_another_form_is_one_line(
    studied: Served, what: str, spoil: Callable[[Any], Any]
) -> None:
    with Library.open(studied.root, read_only=True) as library:
        found = spoil(clusters_found(library))
    kept = keep_study(studied.root, StudyKind.CLUSTERS, {"spoilt": what}, found, 0)
    page = httpx.get(f"{studied.address}/study/{kept.study_id}")
    assert page.status_code == 503
    said = re.search(r"<main.*?<p>(.*?)</p>", page.text, re.DOTALL)
    assert said
    assert "damaged study" in said[1]
    assert "make it again" in said[1]
    assert httpx.get(f"{studied.address}/study").status_code == 200
    assert httpx.get(f"{studied.address}/api/v1/studies/{kept.study_id}").status_code == 200
    assert httpx.delete(f"{studied.address}/api/v1/studies/{kept.study_id}").status_code == 204


_BYTES = {
    "no JSON": b"{",
    "a list": b"[]",
    "deep": b"[" * 5000 + b"]" * 5000,
    "not kept": b'{"kept": "other"}',
    "infinite": b'{"format":1,"kept":"longbox study","study_id":"ID","kind":"clusters","asked":{},'
    b'"found":{"n":Infinity},"made_at":"x","generation":1e999}',
    "halves": b'{"format":1,"kept":"longbox study","study_id":"ID","kind":"clusters",'
    b'"asked":{"a":"\\ud800"},"found":{"n":NaN,"\\udc00":"\\ud800"},"made_at":"\\ud800",'
    b'"generation":1}',
    "nested": b'{"format":1,"kept":"longbox study","study_id":"ID","kind":"spaces","asked":'
    + b"[" * 300
    + b"]" * 300
    + b',"found":{},"made_at":"x","generation":1}',
}


@pytest.mark.parametrize("what", _BYTES)
def test_no_file_among_the_studies_breaks_a_page(studied: Served, what: str) -> None:
    study_id = "clusters-ffffffffffff"
    path = studied.root / STUDIES_NAME / f"{study_id}.json"
    path.write_bytes(_BYTES[what].replace(b"ID", study_id.encode()))
    try:
        assert study_id in _page(studied, "/study")
        for address in (f"/study/{study_id}", f"/api/v1/studies/{study_id}", "/api/v1/studies"):
            answer = httpx.get(studied.address + address)
            assert answer.status_code in (200, 503), answer.text[:300]
            if "/api" in address:
                json.loads(answer.text, parse_constant=pytest.fail)
    finally:
        path.unlink()


def test_a_tree_that_is_none_is_not_drawn(studied: Served) -> None:
    with Library.open(studied.root, read_only=True) as library:
        found = concepts_found(library)
    wrong = [
        [[0, 1, 0.3, 2], [0, 1, 1.1, 3]],
        [[0, 0, 0.3, 2], [2, 3, 1.1, 3]],
        [[0, 9, 0.3, 2], [2, 3, 1.1, 3]],
        [[0], [2]],
        [],
    ]
    for merges in wrong:
        spoilt = with_value(found, merges, "tree", "merges")
        kept = keep_study(studied.root, StudyKind.CONCEPTS, {"merges": merges}, spoilt, 0)
        assert "tree__merge" not in _page(studied, f"/study/{kept.study_id}")
        (studied.root / STUDIES_NAME / f"{kept.study_id}.json").unlink()


def test_matrices_of_different_sizes_are_unknown_where_they_end(studied: Served) -> None:
    with Library.open(studied.root, read_only=True) as library:
        found = concepts_found(library)
    for name in ("values", "verdicts", "low", "q"):
        spoilt = with_value(found, [], "likenesses", name)
        kept = keep_study(studied.root, StudyKind.CONCEPTS, {"short": name}, spoilt, 0)
        _page(studied, f"/study/{kept.study_id}")
        (studied.root / STUDIES_NAME / f"{kept.study_id}.json").unlink()


# ---- asking


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ({"kind": "clusters", "asked": {"space": "description"}}, "no description vectors"),
        ({"kind": "clusters", "asked": {"space": "sound"}}, "asked.space"),
        ({"kind": "clusters", "asked": {"options": {"n_clusters": 0}}}, "ask for 1 or more"),
        ({"kind": "clusters", "asked": {"options": {"most_fitted": 10**9}}}, "at most 1,000,000"),
        ({"kind": "clusters", "asked": {"sampling": {"seed": -1}}}, "seed"),
        ({"kind": "spaces", "asked": {"options": {"n_folds": 1}}}, "two folds"),
        ({"kind": "concepts", "asked": {}}, "concepts"),
        ({"kind": "concepts", "asked": {"concepts": []}}, "one a line"),
        ({"kind": "concepts", "asked": {"concepts": ["magic ="]}}, "no concept"),
        ({"kind": "concepts", "asked": {"concepts": ["a=serie:x"]}}, "did you mean series"),
        ({"kind": "concepts", "asked": {"concepts": ["a=x", "a=y"]}}, "name of its own"),
        (
            {"kind": "concepts", "asked": {"concepts": ["a=x"], "closer": [["a", "b", "c"]]}},
            "none of the ideas",
        ),
    ],
)
def test_questions_that_make_no_sense_are_refused_at_once(
    studied: Served, asked: dict[str, Any], says: str
) -> None:
    answer = httpx.post(f"{studied.address}/api/v1/studies", json=asked)
    assert answer.status_code == 400, answer.text
    assert says in answer.json()["error"]
    assert studied.app.state.services.jobs.active() == ()


def test_jobs_check_their_questions_too(studied: Served) -> None:
    for arguments in (
        {"kind": "clusters", "asked": {"space": "sound"}},
        {"kind": "weather", "asked": {}},
        {"kind": "clusters"},
        {"kind": "clusters", "asked": {"a": [[[[[[[[[[[[[[1]]]]]]]]]]]]]]}},
    ):
        answer = httpx.post(
            f"{studied.address}/api/v1/jobs", json={"kind": "study", "arguments": arguments}
        )
        assert answer.status_code == 400, arguments


def test_the_page_and_the_terminal_ask_the_same_question(studied: Served) -> None:
    answer = httpx.post(
        f"{studied.address}/api/v1/studies", json={"kind": "clusters", "asked": {"has_axes": False}}
    )
    assert answer.status_code == 202
    started = answer.json()
    httpx.delete(f"{studied.address}/api/v1/jobs/{started['job']['job_id']}")
    asked = ClusterQuestion(has_axes=False)
    assert started["study_id"] == study_name(StudyKind.CLUSTERS, asked)
    assert started["job"]["what"] == "Kinds of pages by picture"


def test_a_study_can_be_forgotten(studied: Served) -> None:
    kept = keep_study(studied.root, StudyKind.SPACES, {"once": 1}, spaces_found(HOSTILE), 0)
    address = f"{studied.address}/api/v1/studies/{kept.study_id}"
    assert httpx.get(address).json()["found"]["n"] == 24
    assert httpx.delete(address).status_code == 204
    assert httpx.get(address).status_code == 404
