"""The panel page and its parts: what it shows, what it says is lacking, what the API answers."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

from longbox.config import Config
from longbox.errors import BusyError, ModelError
from longbox.features import BookFeatures
from longbox.library import Library
from longbox.pipeline import index_shelf
from longbox.tasks import Task
from longbox.vectors import Space
from longbox.web.panel.books import PanelBooks
from longbox.web.panel.curve import draw_curve
from longbox.web.panel.people import PeopleDesk
from longbox.web.panel.understanding import ModelDesk, closure_sample, surprise_at
from tiny_comics import draw_cbz, draw_page


@pytest.fixture
def client(served: Any) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=served.address, timeout=120) as made:
        yield made


@pytest.fixture
def library(served: Any) -> Library:
    found: Library = served.app.state.services.library
    return found


def book_of(library: Library, direction: str = "ltr") -> str:
    """The longest book that is read so."""
    books = [b for b in library.books().books if b.direction == direction]
    return max(books, key=lambda book: book.n_panels).book_id


def panels_of(library: Library, book_id: str) -> list[str]:
    pages = library.annotated_book(book_id).pages
    return [
        f"{book_id}-{page.page.index:04d}-{panel.order:02d}"
        for page in pages
        for panel in page.panels
    ]


def test_the_page_shows_the_panel_its_words_and_what_is_around_it(
    client: httpx.Client, library: Library
) -> None:
    ids = panels_of(library, book_of(library))
    page = client.get(f"/panel/{ids[4]}").text
    assert f"/pictures/panel/{ids[4]}/1280.webp" in page
    order = re.findall(r'/pictures/panel/([0-9a-f-]+)/320\.webp" width', page)
    assert order[:9] == ids[0:9]  # four before, itself, four after
    assert f'data-previous="/panel/{ids[3]}"' in page
    assert f'data-next="/panel/{ids[5]}"' in page
    on_page = [each for each in ids if each.rsplit("-", 1)[0] == ids[4].rsplit("-", 1)[0]]
    for other in on_page:
        assert (f'<a href="/panel/{other}" aria-label="Panel ' in page) == (other != ids[4])


def test_the_first_and_the_last_panel_have_one_neighbour(
    client: httpx.Client, library: Library
) -> None:
    ids = panels_of(library, book_of(library))
    first, last = client.get(f"/panel/{ids[0]}").text, client.get(f"/panel/{ids[-1]}").text
    assert "data-previous" not in first
    assert "data-next" in first
    assert "data-previous" in last
    assert "data-next" not in last


def test_a_right_to_left_book_has_its_strip_from_right_to_left(
    client: httpx.Client, library: Library
) -> None:
    ids = panels_of(library, book_of(library, "rtl"))
    page = client.get(f"/panel/{ids[2]}").text
    assert re.search(r'<ol class="filmstrip" dir="rtl"', page)
    assert 'data-direction="rtl"' in page
    ltr = client.get(f"/panel/{panels_of(library, book_of(library))[2]}").text
    assert 'dir="rtl"' not in ltr


def test_texts_come_with_kind_and_in_order(client: httpx.Client, library: Library) -> None:
    book = library.annotated_book(book_of(library))
    page, panel = next(
        (page, panel)
        for page, panel in book.panels()
        if len([t for t in page.panel_texts(panel.order) if t.text]) > 1
    )
    name = f"{book.book.book_id}-{page.page.index:04d}-{panel.order:02d}"
    wanted = [(t.text, t.kind.value) for t in page.panel_texts(panel.order)]
    answer = client.get(f"/api/v1/panels/{name}").json()
    assert [(t["text"], t["kind"]) for t in answer["texts"]] == wanted
    assert client.get(f"/panel/{name}").text.count("panel-text__words") == len(wanted)


def test_text_from_books_is_shown_as_text(client: httpx.Client, library: Library) -> None:
    hostile = library.books(text="script").books[0]
    page = client.get(f"/panel/{hostile.book_id}-0000-00").text
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)" in page
    near = client.get(f"/panel/{hostile.book_id}-0000-00/nearest/vision").text
    assert "<script" not in near


@pytest.mark.parametrize(
    "name",
    [
        "0123456789abcdef-0000-00",
        "x",
        "0123456789abcdef-0000-000000000000000000000000000000000000000",
        "0123456789abcdef-99999999999999999999999-00",
        "0123456789abcdef-000\u0660-00",
        "0123456789abcdef-0000-00%0a",
        "%00",
    ],
)
def test_what_names_no_panel_is_not_found(client: httpx.Client, name: str) -> None:
    answer = client.get(f"/panel/{name}")
    assert answer.status_code == 404
    assert "Traceback" not in answer.text
    assert client.get(f"/api/v1/panels/{name}").status_code in (404, 422)


def test_each_column_asks_its_own_space(client: httpx.Client, library: Library) -> None:
    ids = panels_of(library, book_of(library))
    asked = next(
        each
        for each in ids
        if client.get(f"/api/v1/panels/{each}").json()["spaces"][:2] == ["vision", "text"]
    )
    for space in ("vision", "text", "composition"):
        found = client.get(f"/api/v1/panels/{asked}/nearest", params={"space": space}).json()
        row = library.panel_row(id_of(asked))
        query = library.panel_vector(row, Space(space))
        assert query is not None
        best = next(each.row for each in library.nearest(query, 3) if each.row != row)
        assert found["lacking"] is None
        assert found["panels"][0]["panel_id"] == str(library.panel_records([best])[0].panel_id)
        scores = [each["score"] for each in found["panels"]]
        assert scores == sorted(scores, reverse=True)
        assert asked not in [each["panel_id"] for each in found["panels"]]
        part = client.get(f"/panel/{asked}/nearest/{space}").text
        assert part.count("near__panel") == min(6, len(scores))


def id_of(name: str) -> Any:
    from longbox.book import PanelId

    return PanelId.parse(name)


def test_a_missing_modality_is_said_and_never_faked(client: httpx.Client, library: Library) -> None:
    book = library.annotated_book(book_of(library))
    silent = next(
        f"{book.book.book_id}-{page.page.index:04d}-{panel.order:02d}"
        for page, panel in book.panels()
        if not any(t.text.strip() for t in page.panel_texts(panel.order))
    )
    found = client.get(f"/api/v1/panels/{silent}/nearest", params={"space": "text"}).json()
    assert found["panels"] == []
    assert "lettered" in found["lacking"]
    assert "text" not in client.get(f"/api/v1/panels/{silent}").json()["spaces"]
    described = client.get(f"/panel/{silent}/nearest/description").text
    assert "longbox describe" in described
    assert "near__panel" not in described


def test_surprise_closure_and_attention_are_those_of_the_model(
    client: httpx.Client, library: Library
) -> None:
    ids = panels_of(library, book_of(library))
    found = client.get(f"/api/v1/panels/{ids[5]}/understanding")
    assert found.status_code == 200, found.text
    answer = found.json()
    assert 0 <= answer["surprise"] <= 2
    assert answer["model"] == library.answering_model()
    picking = answer["closure"][0]
    assert picking["task"] == "panel_picking"
    assert sum(offer["share"] for offer in picking["offered"]) == pytest.approx(1, abs=1e-4)
    assert [o["panel_id"] for o in picking["offered"] if o["is_right"]] == [ids[5]]
    assert client.get(f"/api/v1/panels/{ids[0]}/understanding").json()["surprise"] is None

    attention = client.get(f"/api/v1/panels/{ids[5]}/attention").json()
    assert set(attention["panel_ids"]) <= set(ids)
    assert sum(attention["shares"]) == pytest.approx(1, abs=0.05)
    last = attention["n_layers"]
    assert client.get(f"/api/v1/panels/{ids[5]}/attention?layer={last}").json() == attention
    assert client.get(f"/api/v1/panels/{ids[5]}/attention?layer={last + 1}").status_code == 400

    page = client.get(f"/panel/{ids[5]}/understanding").text
    assert f"{answer['surprise']:.2f}" in page
    drawn = client.get(f"/panel/{ids[5]}/attention").text
    assert drawn.count('class="attended ') == sum(
        each.rsplit("-", 1)[0] == ids[5].rsplit("-", 1)[0] for each in ids
    )


def test_a_model_that_cannot_be_opened_is_a_reason(
    served: Any, library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_root: Path) -> None:
        raise ModelError("models/fusion: the weights are damaged; train again")

    monkeypatch.setattr("longbox.web.panel.understanding.library_model", refuse)
    monkeypatch.setattr(served.app.state, "panel_desk", None)
    ids = panels_of(library, book_of(library))
    with httpx.Client(base_url=served.address) as client:
        part = client.get(f"/panel/{ids[3]}/understanding")
        api = client.get(f"/api/v1/panels/{ids[3]}/understanding")
    served.app.state.panel_desk = None
    assert part.status_code == 200
    assert "the weights are damaged" in part.text
    assert api.status_code == 503
    assert "the weights are damaged" in api.json()["error"]


def test_too_many_questions_at_once_are_refused(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = ModelDesk(library)
    monkeypatch.setattr(desk, "_waiting", _Full())
    name = id_of(panels_of(library, book_of(library))[3])
    with pytest.raises(BusyError):
        desk.understanding(name, PanelBooks(library).seen(name.book_id))


class _Full:
    def acquire(self, blocking: bool = True) -> bool:  # noqa: ARG002
        return False


def test_editions_of_a_panel_are_found_in_other_books(
    library_copy: Path, tmp_path: Path, serve: Any
) -> None:
    folder = tmp_path / "shelf"
    first = draw_cbz(folder / "english.cbz", [11, 12])
    other = folder / "copy"
    other.mkdir()
    for number in (11, 13):  # one page the same, in another size
        draw_page(number).resize((480, 720)).save(other / f"{number}.png")
    with Library.open(library_copy) as opened:
        index_shelf([folder], opened, Config(), in_process=True)
        english = next(b for b in opened.books().books if b.file == str(first))
        copied = next(b for b in opened.books().books if b.file == str(other))
    served = serve(library_copy)
    with httpx.Client(base_url=served.address) as client:
        answer = client.get(f"/api/v1/panels/{english.book_id}-0000-00").json()
        assert answer["editions"] == [f"{copied.book_id}-0000-00"]
        part = client.get(f"/panel/{english.book_id}-0000-00/editions").text
        assert f"/panel/{copied.book_id}-0000-00" in part


def test_characters_are_shown_only_where_somebody_looked(
    client: httpx.Client, library: Library
) -> None:
    ids = panels_of(library, book_of(library))
    part = client.get(f"/panel/{ids[2]}/people").text
    assert "longbox characters" in part


def test_why_characters_cannot_be_compared_is_said(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise ModelError("9,999 regions are too many")

    monkeypatch.setattr("longbox.web.panel.people.kept_regions", lambda *_: object())
    monkeypatch.setattr("longbox.web.panel.people.cluster_books", refuse)
    name = id_of(panels_of(library, book_of(library))[0])
    found = PeopleDesk(library).people(name)
    assert (found.was_looked, found.people) == (True, ())
    assert found.lacking == "9,999 regions are too many"


def test_a_book_that_was_looked_at_shows_who_is_there(library_copy: Path, serve: Any) -> None:
    from longbox.pipeline import LookPlan, look_at_books, open_tools

    with Library.open(library_copy) as opened:
        book_id = next(b.book_id for b in opened.books().books if 1 < b.n_pages < 8)
        tools = open_tools(Config(), LookPlan())
        look_at_books(opened, Config(), [book_id], tools)
    served = serve(library_copy)
    with httpx.Client(base_url=served.address, timeout=60) as client:
        parts = [
            client.get(f"/panel/{each}/people").text
            for each in panels_of(served.app.state.services.library, book_id)
        ]
    assert not any("longbox characters" in part for part in parts)


def test_a_panel_of_a_book_that_is_gone_can_still_be_looked_up(
    library_copy: Path, tmp_path: Path, serve: Any
) -> None:
    lost = draw_cbz(tmp_path / "lost" / "lost.cbz", [21])
    with Library.open(library_copy) as opened:
        index_shelf([lost], opened, Config(), in_process=True)
        book_id = next(b.book_id for b in opened.books().books if b.file == str(lost))
        shutil.rmtree(lost.parent)
        opened.sync()
    served = serve(library_copy)
    with httpx.Client(base_url=served.address) as client:
        page = client.get(f"/panel/{book_id}-0000-00")
        assert page.status_code == 200
        assert "file is gone" in page.text
        picture = client.get(f"/pictures/panel/{book_id}-0000-00/320.webp")
        assert picture.status_code == 404
        assert str(tmp_path) not in picture.text


def test_surprise_is_ranked_among_the_books_panels() -> None:
    nan = float("nan")
    curve = np.array([nan, 0.5, 0.2, nan, 0.9], np.float32)
    found = surprise_at(curve, 1)
    assert found.value == pytest.approx(0.5)
    assert found.share_below == pytest.approx(0.5)
    assert found.highest == (4, 1, 2)
    assert surprise_at(curve, 0).value is None
    alone = surprise_at(np.array([0.3], np.float32), 0)
    assert alone.share_below is None


def test_a_curve_is_broken_where_nothing_is_known() -> None:
    curve = draw_curve([None, 0.5, 0.2, None, 0.9, 0.8], 2)
    assert curve is not None
    assert curve.path.count("M") == 2
    assert curve.point is not None
    assert draw_curve([None, 0.5], 0) is None
    assert draw_curve([], 0) is None
    long = draw_curve([0.1 * (i % 7) for i in range(1000)], 500)
    assert long is not None
    assert (long.first, long.last) == (440, 560)


def test_a_closure_sample_never_offers_what_it_shows(library: Library) -> None:
    from longbox.pipeline import book_features

    features: BookFeatures = book_features(library, book_of(library))
    for row in range(features.n_panels):
        for task in (Task.PANEL_PICKING, Task.VISUAL_CLOSURE, Task.TEXT_CLOSURE):
            sample = closure_sample(features, row, task)
            if isinstance(sample, str):
                continue
            context = {shown.row for shown in sample.context}
            offered = [shown.row for shown in sample.candidates]
            assert offered[0] == row
            assert not context & set(offered)
            assert len(set(offered)) == len(offered) > 1
            assert sample.gap == sum(at < row for at in context)
    nothing = replace(
        features,
        vision=replace(
            features.vision,
            mask=np.zeros_like(features.vision.mask),
            vectors=np.zeros_like(features.vision.vectors),
        ),
    )
    assert isinstance(closure_sample(nothing, 2, Task.VISUAL_CLOSURE), str)
