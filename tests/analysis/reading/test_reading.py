"""A book along its pages: its arrays, what is known of it, and what is said not to be."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from longbox.analysis.reading import ReadingOptions, fingerprints, read_book
from longbox.analysis.reading.lines import open_book, page_lines, panel_lines
from longbox.book import PageType
from longbox.characters import RegionKind
from longbox.correction import CorrectedField, Correction
from longbox.errors import LibraryError
from longbox.library import Library, write_learned_store
from longbox.pipeline import BookRegion, BookRegions
from longbox.pipeline.character_files import write_regions
from longbox.pipeline.characters import _key
from longbox.pipeline.features import source_features
from longbox.vectors import unit
from numbered_libraries import PANELS, numbered
from panel_models import RandomModel

QUIET = ReadingOptions(with_surprise=False)


def embed(library: Library) -> None:
    model = RandomModel(1)
    library.begin_model(model.fingerprint)
    for book_id in library.book_ids():
        source = library.book_source(book_id)
        learned = model.embed(source_features(source), len(source.store.annotated.pages))
        write_learned_store(library.root, model.fingerprint, book_id, learned, source.made_from)
        assert library.merge_learned(book_id, model.fingerprint)
    library.update_indexes()


def test_pages_and_panels_are_lines_in_reading_order(tmp_path: Path) -> None:
    with numbered(tmp_path, 1, n_pages=6) as library:
        read = read_book(library, library.book_ids()[0], options=QUIET)
    assert read.pages.page_index.tolist() == list(range(6))
    assert read.pages.page_types[0] is PageType.COVER
    assert read.pages.is_story.tolist() == [False] + [True] * 5
    assert read.pages.n_panels.tolist() == [PANELS] * 6
    assert read.pages.n_characters.tolist() == [5] * 6  # "six ab" without the space
    assert read.panels.page.tolist() == np.repeat(np.arange(6), PANELS).tolist()
    assert read.panels.n_characters[:4].tolist() == [5, 0, 0, 5]
    assert np.allclose(read.panels.area, 1 / 3)
    assert np.allclose(read.panels.aspect, np.log2(3))
    assert np.isnan(read.pages.pace[0])
    assert (read.pages.pace[1:] == PANELS).all()
    assert str(read.panel_id(4)).endswith("-0001-01")


def test_what_cannot_be_told_is_said(tmp_path: Path) -> None:
    with numbered(tmp_path, 1) as library:
        read = read_book(library, library.book_ids()[0])
    assert read.scenes.n_scenes == 0
    assert np.isnan(read.panels.surprise).all()
    assert np.isnan(read.panels.novelty).all()
    assert read.presence.is_there.shape == (0, 12)
    assert not read.tempo_changes
    said = " ".join(read.notes)
    assert "run `longbox embed`" in said
    assert "no characters were grouped; run `longbox characters --book" in said
    assert "rhythm: too few" in said


def test_scenes_are_looked_for_on_story_pages_with_vectors(tmp_path: Path) -> None:
    with numbered(tmp_path, 1, n_pages=10) as library:
        embed(library)
        read = read_book(library, library.book_ids()[0], options=QUIET)
    assert read.scenes.n == 9 * PANELS
    assert np.isnan(read.panels.novelty[: PANELS + 2]).all()
    assert np.isfinite(read.panels.novelty[PANELS + 2 : -1]).all()
    assert read.scenes.n_scenes == len(read.scenes.borders) + 1
    assert (read.panels.scene[:PANELS] == -1).all()
    assert read.panels.scene.max() == len(read.scenes.borders)


def test_surprise_is_put_beside_its_panels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    curve = np.r_[np.nan, np.linspace(0.1, 0.5, 28), 0.2].astype(np.float32)
    curve[14] = 1.5
    with numbered(tmp_path, 1, n_pages=10) as library:
        embed(library)

        class Model:
            fingerprint = library.answering_model()
            sequence = None

        monkeypatch.setattr("longbox.pipeline.library_model", lambda _root: Model())
        monkeypatch.setattr("longbox.pipeline.surprise_of", lambda _model, _fused: curve)
        read = read_book(library, library.book_ids()[0])
        assert np.array_equal(read.panels.surprise, curve, equal_nan=True)
        assert read.surprising[0].at == 14
        assert str(read.surprising[0].panel_id).endswith("-0004-02")
        assert not read.why_no_surprise
        Model.fingerprint = "another"
        read = read_book(library, library.book_ids()[0])
        assert "of another model" in read.why_no_surprise
        assert not read.surprising


def test_a_page_that_was_put_right_has_no_vectors(tmp_path: Path) -> None:
    with numbered(tmp_path, 1) as library:
        book_id = library.book_ids()[0]
        boxes = json.dumps([{"box": [0, 0, 300, 300]}])
        library.add_correction(
            Correction(book_id, 1, CorrectedField.PANELS, boxes, "2026-01-01T00:00:00+00:00")
        )
        opened = open_book(library, book_id)
        assert opened.stored.tolist() == [0, 1, 2, -1, 6, 7, 8, 9, 10, 11]
        pages = page_lines(opened.book)
        assert pages.n_panels.tolist() == [3, 1, 3, 3]
        assert panel_lines(opened.book, pages, ()).area[3] == pytest.approx(1.0)


def test_clusters_are_present_where_their_regions_are(tmp_path: Path) -> None:
    with numbered(tmp_path, 1) as library:
        book_id = library.book_ids()[0]
        annotated = library.annotated_book(book_id)
        rng = np.random.default_rng(0)
        looks = unit(rng.standard_normal((2, 16)))
        panels = [(p.page.index, panel) for p, panel in annotated.panels()]
        regions = tuple(
            BookRegion(page, panel.order, panel.box, RegionKind.PANEL, 1.0)
            for page, panel in panels
        )
        who = np.array([0, 0, 1] * 4)
        vectors = unit(looks[who] + 0.02 * rng.standard_normal((12, 16)))
        kept = BookRegions(book_id, _key(annotated), regions, vectors)
        write_regions(tmp_path, "0123456789abcdef", kept)
        read = read_book(library, book_id, options=QUIET)
    assert read.presence.is_there.tolist() == [(who == 0).tolist(), (who == 1).tolist()]
    assert read.presence.was_looked_at.all()
    assert not read.presence.why_none


def test_a_book_is_set_beside_its_shelf(tmp_path: Path) -> None:
    with numbered(tmp_path, 6) as library:
        shelf = fingerprints(library, with_scenes=False)
        read = read_book(library, library.book_ids()[0], shelf, QUIET)
    named = dict(read.pace.percentiles)
    assert named["panels a page, median"] == 0.5  # all the same
    assert not any("Unusual" in line for line in read.words)


def test_a_book_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with numbered(tmp_path, 1) as library, pytest.raises(LibraryError, match="no such book"):
        read_book(library, "f" * 16)
