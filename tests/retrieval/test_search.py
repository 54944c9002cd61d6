"""Searching: each space by itself, nothing lost, nothing faked."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from longbox.book import Hit, PanelId
from longbox.config import Config, EncoderOptions
from longbox.encoders import picture_encoder, sentence_encoder
from longbox.errors import LongboxError, QueryError, SpaceMismatchError
from longbox.library import Filters, Library
from longbox.retrieval import (
    By,
    PanelTerm,
    PictureTerm,
    Searcher,
    SearchRequest,
    Term,
    WordsTerm,
    parse_query,
)
from longbox.vectors import QueryVector, Space

ONLY_TEXT = {"words": 0.0, "substring": 0.0}


def ask(shelf: object, *terms: Term, **options: object) -> tuple[Hit, ...]:
    return shelf.searcher.search(SearchRequest(terms, **options))  # type: ignore[attr-defined,arg-type]


def save(pixels: np.ndarray, path: Path) -> Path:
    Image.fromarray(pixels).save(path)
    return path


def test_words_find_the_panel_in_which_they_are_said(shelf) -> None:
    hit = ask(shelf, WordsTerm("the cat steals the potion"))[0]
    assert (hit.title, hit.panel) == ("Night Kitchen #1", 0)
    assert hit.matched["text"].rank == hit.matched["words"].rank == 1
    assert Path(hit.file).name == "Night Kitchen 1"


def test_meaning_is_found_without_a_common_word(shelf) -> None:
    hit = ask(shelf, WordsTerm("spaceship has no gasoline left"))[0]
    assert (hit.title, hit.panel) == ("Star Harbour", 0)
    assert "words" not in hit.matched


def test_picture_finds_its_panel_and_is_ranked_by_pictures_alone(shelf, tmp_path: Path) -> None:
    crop = save(shelf.crop("Star Harbour", 2)[30:200, 20:160], tmp_path / "crop.png")
    hits = ask(shelf, PictureTerm(crop), k=10, fold_editions=False)
    assert (hits[0].title, hits[0].panel) == ("Star Harbour", 2)
    assert all(set(hit.matched) == {"vision"} for hit in hits)
    encoder = picture_encoder()
    vector = encoder.encode([np.asarray(Image.open(crop).convert("RGB"))])[0]
    query = QueryVector(Space.VISION, encoder.fingerprint, vector)
    own = [str(r.panel_id) for r in _records(shelf, shelf.library.nearest(query, 10))]
    assert [hit.panel_id for hit in hits] == own


def test_text_query_keeps_the_order_of_the_text_space(shelf) -> None:
    words = "a lizard that spits fire"
    hits = ask(shelf, WordsTerm(words), k=10, weights=ONLY_TEXT, fold_editions=False)
    encoder = sentence_encoder()
    query = QueryVector(Space.TEXT, encoder.fingerprint, encoder.encode_queries([words])[0])
    own = [str(r.panel_id) for r in _records(shelf, shelf.library.nearest(query, 10))]
    assert [hit.panel_id for hit in hits] == own


def _records(shelf, found):
    records = {r.row: r for r in shelf.library.panel_records([f.row for f in found])}
    return [records[f.row] for f in found]


def test_silent_panel_is_never_an_answer_to_words(shelf) -> None:
    hits = ask(shelf, WordsTerm("anything at all"), k=100, fold_editions=False)
    silent = [h for h in hits if not h.text]
    assert hits
    assert silent == []


def test_two_different_pictures_get_different_answers(shelf, tmp_path: Path) -> None:
    orders = []
    for panel in range(4):
        crop = save(shelf.crop("Night Kitchen 2", panel), tmp_path / f"{panel}.png")
        orders.append(tuple(h.panel_id for h in ask(shelf, PictureTerm(crop), k=5)))
    assert len(set(orders)) == 4


def test_picture_of_a_page_finds_that_page(shelf, tmp_path: Path) -> None:
    photo = Image.fromarray(shelf.pages["Night Kitchen 2"]).resize((630, 870))
    photo.save(tmp_path / "photo.jpg", quality=60)
    hits = ask(shelf, PictureTerm(tmp_path / "photo.jpg"), by=By.PAGE, k=3)
    assert hits[0].title == "Night Kitchen #2"


def test_like_uses_every_space_and_leaves_the_panel_itself_out(shelf) -> None:
    first = ask(shelf, WordsTerm("the dragon wakes"))[0]
    hits = ask(shelf, PanelTerm(PanelId.parse(first.panel_id)), k=20)
    assert first.panel_id not in {h.panel_id for h in hits}
    assert {"vision", "text"} <= {name for h in hits for name in h.matched}


def test_like_by_book_leaves_its_own_book_out(shelf) -> None:
    first = ask(shelf, WordsTerm("the dragon wakes"))[0]
    for by in (By.PAGE, By.BOOK):
        hits = ask(shelf, PanelTerm(PanelId.parse(first.panel_id)), by=by, k=20)
        assert hits
        assert first.book_id not in {h.book_id for h in hits}


def test_like_a_silent_panel_asks_pictures_only(shelf) -> None:
    silent = ask(shelf, WordsTerm("the cat steals the potion"))[0]
    panel_id = replace(PanelId.parse(silent.panel_id), panel=1)
    assert {name for h in ask(shelf, PanelTerm(panel_id)) for name in h.matched} == {"vision"}


def test_composition_speaks_when_it_is_given_a_weight(shelf) -> None:
    first = PanelId.parse(ask(shelf, WordsTerm("the dragon wakes"))[0].panel_id)
    hits = ask(shelf, PanelTerm(first), weights={"vision": 0, "text": 0, "composition": 1})
    assert {name for h in hits for name in h.matched} == {"composition"}


def test_subtracted_words_turn_the_answer(shelf) -> None:
    plain = ask(shelf, WordsTerm("dragon"), k=3)
    less = ask(shelf, *parse_query('"dragon" - "castle"'), k=3)
    assert "castle" in " ".join(h.text for h in plain)
    assert "castle" not in less[0].text
    assert all("words" not in h.matched for h in less if "castle" in h.text)


def test_subtracted_words_are_no_substring_either(shelf) -> None:
    less = ask(shelf, *parse_query('"dragon" - "castle"'), k=10)
    assert all("substring" not in h.matched for h in less if "castle" in h.text)
    assert any("substring" in h.matched for h in less)


def test_terms_that_cancel_out_ask_nothing(shelf) -> None:
    assert ask(shelf, *parse_query('"dragon" - "dragon"')) == ()


def test_weight_of_a_term_counts_between_spaces(shelf, tmp_path: Path) -> None:
    crop = PictureTerm(save(shelf.crop("Star Harbour", 2), tmp_path / "crop.png"))
    rocket = WordsTerm("rocket needs fuel")
    words_first = ask(shelf, replace(rocket, weight=5.0), crop, weights=ONLY_TEXT)
    picture_first = ask(shelf, rocket, replace(crop, weight=5.0), weights=ONLY_TEXT)
    assert (words_first[0].panel, picture_first[0].panel) == (0, 2)


def test_query_whose_spaces_have_no_weight_is_refused(shelf, tmp_path: Path) -> None:
    crop = save(shelf.crop("Star Harbour", 2), tmp_path / "crop.png")
    with pytest.raises(QueryError, match="the weight 0"):
        ask(shelf, PictureTerm(crop), weights={"vision": 0.0})


def test_panel_without_vectors_is_named_and_not_the_weights(shelf) -> None:
    lettered = PanelId.parse(ask(shelf, WordsTerm("the cat steals the potion"))[0].panel_id)
    silent = replace(lettered, panel=1)
    with pytest.raises(QueryError, match=rf"{silent}: no vector in text .*`longbox index`"):
        ask(shelf, PanelTerm(silent), weights={"vision": 0.0})
    with pytest.raises(QueryError, match="cancel each other out"):
        ask(shelf, PanelTerm(lettered), PanelTerm(lettered, weight=-1.0))


def test_words_and_picture_together(shelf, tmp_path: Path) -> None:
    crop = save(shelf.crop("Star Harbour", 0), tmp_path / "crop.png")
    hit = ask(shelf, WordsTerm("rocket fuel"), PictureTerm(crop))[0]
    assert (hit.title, hit.panel) == ("Star Harbour", 0)
    assert {"text", "vision", "words"} <= set(hit.matched)


def test_editions_of_a_page_fold_into_one_hit(shelf, tmp_path: Path) -> None:
    crop = save(shelf.crop("Night Kitchen 1", 3), tmp_path / "crop.png")
    folded = ask(shelf, PictureTerm(crop), k=10)
    apart = ask(shelf, PictureTerm(crop), k=10, fold_editions=False)
    assert len(folded[0].also) == 1
    assert {h.title for h in apart[:2]} == {"Night Kitchen #1", "Cuisine de nuit #1"}
    assert folded[1].panel_id == apart[2].panel_id


def test_by_page_and_by_book_answer_each_once(shelf) -> None:
    pages = ask(shelf, WordsTerm("dragon"), by=By.PAGE, k=10)
    books = ask(shelf, WordsTerm("dragon"), by=By.BOOK, k=10)
    assert len({(h.book_id, h.page) for h in pages}) == len(pages)
    assert len({h.book_id for h in books}) == len(books)
    assert books[0].title == pages[0].title == "Night Kitchen #2"


def test_filters_hold_in_every_space(shelf, tmp_path: Path) -> None:
    crop = save(shelf.crop("Night Kitchen 1", 0), tmp_path / "crop.png")
    terms = (WordsTerm("dragon potion"), PictureTerm(crop))
    for filters in (Filters(series="Star"), Filters(year_min=1992), Filters(languages=("fr",))):
        titles = {h.title for h in ask(shelf, *terms, filters=filters, k=50)}
        assert len(titles) == 1
    assert ask(shelf, *terms, filters=Filters(series="Nowhere")) == ()


def test_japanese_words_are_found_as_they_stand(shelf) -> None:
    hit = ask(shelf, WordsTerm("薬を盗む"))[0]
    assert (hit.title, hit.panel) == ("Star Harbour", 1)
    assert "substring" in hit.matched


def test_words_that_the_model_cannot_read_never_ask_the_text_space(shelf) -> None:
    for words in ("薬を盗む", "猫が薬を盗む"):
        hits = ask(shelf, WordsTerm(words), k=50, fold_editions=False)
        assert [(h.title, h.panel) for h in hits] == [("Star Harbour", 1)]
        assert "substring" in hits[0].matched
        assert all("text" not in h.matched for h in hits)
    assert ask(shelf, WordsTerm("犬も歩けば棒に当たる")) == ()


def test_text_that_the_model_cannot_read_is_near_no_words(shelf) -> None:
    hits = ask(shelf, WordsTerm("potion"), k=50, weights=ONLY_TEXT, fold_editions=False)
    assert hits
    assert ("Star Harbour", 1) not in {(h.title, h.panel) for h in hits}


def test_more_hits_than_panels_is_all_panels(shelf, tmp_path: Path) -> None:
    crop = save(shelf.crop("Star Harbour", 0), tmp_path / "crop.png")
    hits = ask(shelf, PictureTerm(crop), k=500, fold_editions=False)
    assert len(hits) == 16
    assert [h.rank for h in hits] == list(range(1, 17))


def test_empty_library_answers_nothing(tmp_path: Path) -> None:
    with Library.create(tmp_path / "empty") as library:
        searcher = Searcher(library, Config())
        assert searcher.search(SearchRequest((WordsTerm("dragon"),))) == ()


def test_library_of_another_encoder_is_not_searched(shelf) -> None:
    class Other:
        fingerprint, dimension, has_text_tower = "other", 8, False

        def can_read(self, texts: list[str]) -> np.ndarray:
            return np.ones(len(texts), np.bool_)

        def encode_queries(self, texts: list[str]) -> np.ndarray:
            return np.ones((len(texts), 8), np.float32)

    searcher = Searcher(shelf.library, shelf.config)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("longbox.encoders.sentence_encoder", lambda *_, **__: Other())
        with pytest.raises(SpaceMismatchError, match="--refresh"):
            searcher.search(SearchRequest((WordsTerm("dragon"),)))


def test_unknown_encoder_name_is_an_error(shelf) -> None:
    config = replace(shelf.config, encoders=EncoderOptions(sentence="nonsense"))
    with pytest.raises(LongboxError, match="nonsense"):
        Searcher(shelf.library, config).search(SearchRequest((WordsTerm("dragon"),)))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"k": 0}, "1 hit or more"),
        ({"weights": {"colour": 1.0}}, "no space 'colour'"),
        ({"weights": {"text": -1.0}}, "use 0 to 1000"),
    ],
)
def test_impossible_request_is_refused(shelf, options: dict[str, object], message: str) -> None:
    with pytest.raises(QueryError, match=message):
        ask(shelf, WordsTerm("dragon"), **options)


def test_query_file_that_is_no_picture_is_refused(shelf, tmp_path: Path) -> None:
    path = tmp_path / "notes.png"
    path.write_text("these are notes")
    with pytest.raises(QueryError, match=r"notes\.png"):
        ask(shelf, PictureTerm(path))


def test_unknown_panel_is_an_error(shelf) -> None:
    with pytest.raises(LongboxError, match="0000000000000000-0000-00"):
        ask(shelf, PanelTerm(PanelId("0" * 16, 0, 0)))
