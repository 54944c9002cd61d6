"""How strongly a hit matched, alike in every space."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from longbox.book import PanelId
from longbox.library import ChanceScores, WordsQuery
from longbox.retrieval import PanelTerm, PictureTerm, SearchRequest, WordsTerm
from longbox.retrieval.strength import vector_strength, words_strength
from longbox.vectors import Space


def test_best_of_chance_is_a_half_and_chance_itself_is_nothing() -> None:
    chance = ChanceScores(typical=0.1, spread=0.05, n_vectors=100_000)
    strength = vector_strength(chance)
    best_of_chance = 0.1 + 0.05 * math.sqrt(2 * math.log(100_000))
    assert strength(0.1) == strength(-1.0) == 0.0
    assert strength(best_of_chance) == pytest.approx(0.5)
    scores = [strength(s) for s in np.linspace(0.1, 1.0, 20)]
    assert scores == sorted(scores)
    assert 0.9 < scores[-1] < 1.0


def test_hardly_any_panels_still_give_a_strength() -> None:
    strength = vector_strength(ChanceScores(0.5, 0.0, 1))
    assert 0.0 == strength(0.5) < strength(0.9) <= 1.0


def test_words_count_by_their_share() -> None:
    query = WordsQuery(terms=("cat", "potion", "night"), required=("red cape",))
    assert words_strength("The Cat! My potion", query) == 0.5
    assert words_strength("a cat in a red cape drinks potion at night", query) == 1.0
    assert words_strength("found in the gutter", query) == 0.25


def test_every_match_of_a_search_has_a_strength(shelf, tmp_path: Path) -> None:
    path = tmp_path / "crop.png"
    Image.fromarray(shelf.crop("Star Harbour", 0)).save(path)
    terms = (WordsTerm("our rocket needs fuel"), PictureTerm(path))
    hits = shelf.searcher.search(SearchRequest(terms, k=20))
    strengths = [m.strength for hit in hits for m in hit.matched.values()]
    assert all(s is not None and 0.0 <= s <= 1.0 for s in strengths)
    best = {name: match.strength for name, match in hits[0].matched.items()}
    assert set(best) == {"text", "words", "substring", "vision"}
    assert best["words"] == 1.0
    assert min(best["text"], best["vision"]) > 0.5


def test_strength_falls_with_the_score(shelf) -> None:
    panel = PanelTerm(PanelId.parse(shelf.searcher.search(_dragon())[0].panel_id))
    hits = shelf.searcher.search(SearchRequest((panel,), k=20, fold_editions=False))
    for space in ("vision", "text"):
        matches = [h.matched[space] for h in hits if space in h.matched]
        ordered = sorted(matches, key=lambda m: -m.score)
        strengths = [m.strength for m in ordered]
        assert strengths == sorted(strengths, reverse=True)


def _dragon() -> SearchRequest:
    return SearchRequest((WordsTerm("dragon"),))


def test_chance_is_measured_in_the_querys_own_space(shelf) -> None:
    row = shelf.library.page_rows(shelf.library.book_ids()[0], 0)[0]
    query = shelf.library.panel_vector(row, Space.VISION)
    chance = shelf.library.chance_scores(query)
    scored = shelf.library.nearest(query, 100)
    assert chance.n_vectors == len(scored) == 16
    assert chance.typical == pytest.approx(np.median([s.score for s in scored]), abs=1e-3)
