"""Searching by what trained models made: fused and contextual vectors."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from longbox.book import PanelId
from longbox.cli.app import app
from longbox.config import Config
from longbox.encoders import sentence_encoder
from longbox.errors import ModelError, QueryError, SpaceMismatchError
from longbox.library import Library
from longbox.pipeline import embed_library
from longbox.retrieval import (
    PanelTerm,
    PictureTerm,
    Searcher,
    SearchRequest,
    WordsTerm,
    only_space,
    parse_query,
)
from longbox.vectors import QueryVector, Space
from panel_models import RandomModel
from retrieval.conftest import Shelf

MODEL = RandomModel(6)


@dataclass(frozen=True)
class Asked:
    """An embedded copy of the shelf, and a searcher that has its model."""

    library: Library
    searcher: Searcher
    shelf: Shelf

    def panel(self, title: str, panel: int) -> PanelId:
        books = {b: self.library.annotated_book(b).book for b in self.library.book_ids()}
        book_id = next(b for b, book in books.items() if book.title.replace("#", "") == title)
        return PanelId(book_id, 0, panel)


@pytest.fixture(scope="module")
def asked(shelf: Shelf, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Asked]:
    root = tmp_path_factory.mktemp("embedded") / "library"
    shutil.copytree(shelf.library.root, root)
    with Library.open(root) as library:
        embed_library(library, MODEL)
        yield Asked(library, Searcher(library, Config(), lambda: MODEL), shelf)


def hits(asked: Asked, request: SearchRequest) -> list[tuple[str, tuple[str, ...]]]:
    return [(h.panel_id, tuple(h.matched)) for h in asked.searcher.search(request)]


@pytest.mark.parametrize("space", [Space.FUSED, Space.CONTEXTUAL])
def test_like_a_panel_uses_its_stored_vector_in_that_space_alone(
    asked: Asked, space: Space
) -> None:
    panel = asked.panel("Night Kitchen 1", 1)
    found = hits(asked, SearchRequest((PanelTerm(panel),), weights=only_space(space), k=50))
    vector = asked.library.panel_vector(asked.library.panel_row(panel), space)
    assert vector is not None
    rows = [s.row for s in asked.library.nearest(vector, 50)]
    ids = [str(r.panel_id) for r in asked.library.panel_records(rows)]
    assert {matched for _, matched in found} == {(space.value,)}
    assert found[0][0] == next(i for i in ids if i != str(panel))
    assert str(panel) not in [i for i, _ in found]


def test_learned_spaces_are_not_asked_unless_somebody_weighs_them(asked: Asked) -> None:
    panel = asked.panel("Night Kitchen 1", 1)
    found = hits(asked, SearchRequest((PanelTerm(panel),), k=50))
    assert not {"fused", "contextual"} & {name for _, matched in found for name in matched}


def test_words_reach_the_fused_space_through_the_model(asked: Asked) -> None:
    request = SearchRequest(parse_query("A dragon sleeps"), weights=only_space(Space.FUSED), k=50)
    found = asked.searcher.search(request)
    encoder_row = sentence_encoder().encode_queries(["A dragon sleeps"])[0]
    name = asked.library.spaces()[Space.TEXT][0]
    query = MODEL.fuse_query(QueryVector(Space.TEXT, name, encoder_row))
    best = asked.library.nearest(query, 1)[0]
    assert found[0].matched["fused"].score == pytest.approx(best.score, abs=1e-5)
    assert {name for hit in found for name in hit.matched} == {"fused"}


def test_a_picture_and_words_add_up_in_the_fused_space(asked: Asked, tmp_path: Path) -> None:
    crop = tmp_path / "crop.png"
    Image.fromarray(asked.shelf.crop("Star Harbour", 0)).save(crop)
    terms = (PictureTerm(crop), WordsTerm("Our rocket needs fuel."))
    found = hits(asked, SearchRequest(terms, weights=only_space(Space.FUSED), k=3))
    assert {matched for _, matched in found} == {("fused",)}
    alone = hits(asked, SearchRequest(terms[:1], weights={"fused": 1.0}, k=3))
    assert {name for _, matched in alone for name in matched} == {"vision", "fused"}


def test_words_and_pictures_have_no_context(asked: Asked) -> None:
    with pytest.raises(QueryError, match="no place among panels in sequence"):
        asked.searcher.search(SearchRequest((WordsTerm("rain"),), weights={"contextual": 1.0}))
    panel = PanelTerm(asked.panel("Night Kitchen 1", 0), -1.0)
    with pytest.raises(QueryError, match="--like"):
        asked.searcher.search(
            SearchRequest((WordsTerm("rain"), panel), weights={"contextual": 1.0})
        )


def test_library_without_learned_vectors_says_how_to_make_them(shelf: Shelf) -> None:
    with pytest.raises(QueryError, match="longbox embed"):
        shelf.searcher.search(SearchRequest((WordsTerm("rain"),), weights={"fused": 1.0}))


def test_words_without_a_model_are_refused_and_panels_are_not(asked: Asked) -> None:
    searcher = Searcher(asked.library, Config())
    with pytest.raises(ModelError, match="panel model"):
        searcher.search(SearchRequest((WordsTerm("rain"),), weights={"fused": 1.0}))
    panel = PanelTerm(asked.panel("Night Kitchen 1", 0))
    assert searcher.search(SearchRequest((panel,), weights=only_space(Space.FUSED)))


def test_query_fused_by_another_model_is_refused(asked: Asked) -> None:
    searcher = Searcher(asked.library, Config(), lambda: RandomModel(7))
    with pytest.raises(SpaceMismatchError, match="longbox embed"):
        searcher.search(SearchRequest((WordsTerm("rain"),), weights={"fused": 1.0}))


def test_command_searches_one_space(asked: Asked, monkeypatch: pytest.MonkeyPatch) -> None:
    panel = str(asked.panel("Night Kitchen 1", 1))
    base = ["search", "--library", str(asked.library.root), "--space"]
    found = CliRunner().invoke(app, [*base, "contextual", "--like", panel])
    assert found.exit_code == 0, found.output
    assert "contextual #1" in found.stdout
    monkeypatch.setattr("longbox.pipeline.library_model", lambda _: MODEL)
    fused = CliRunner().invoke(app, [*base, "fused", "a dragon"])
    assert fused.exit_code == 0, fused.output
    assert "fused #1" in fused.stdout
    with pytest.raises(QueryError, match="--like"):
        CliRunner().invoke(app, [*base, "contextual", "rain"], catch_exceptions=False)


def test_only_space_weighs_nothing_else() -> None:
    weights = only_space(Space.CONTEXTUAL)
    assert set(weights) == set(Config().search.weights())
    assert np.count_nonzero(list(weights.values())) == 1
