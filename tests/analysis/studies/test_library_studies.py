"""Whole studies of a library: what is asked of it, and what is kept of the answer."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from longbox.analysis import Sampling, Unit, show_map
from longbox.analysis.clusters import ClusterOptions
from longbox.analysis.concepts import LikenessOptions
from longbox.analysis.studies import (
    ClusterQuestion,
    ConceptQuestion,
    StudyKind,
    keep_study,
    read_study,
    study_clusters,
    study_concepts,
    told_clusters,
    told_concepts,
)
from longbox.analysis.studies.concepts import units_around
from longbox.errors import QueryError
from longbox.library import Library
from longbox.vectors import Space
from numbered_libraries import numbered

QUICK = ClusterOptions(n_clusters=3, n_runs=2)
DRAWS = LikenessOptions(n_draws=99, n_resampled=99)


def test_clusters_of_pages_are_found_named_placed_and_kept(tmp_path: Path) -> None:
    question = ClusterQuestion(Space.VISION, Unit.PAGES, QUICK)
    with numbered(tmp_path, 10, n_pages=6) as library:
        study = study_clusters(library, question)
        kept = keep_study(library.root, StudyKind.CLUSTERS, question, told_clusters(study), 1)
        read = read_study(library.root, kept.study_id)
    assert study.units.n == study.frame.height == 60
    assert len(study.portraits) == study.clusters.n_clusters == 3
    assert study.places is not None
    assert np.isfinite(study.places.xy).all()
    assert [axis.name for axis in study.axes] == ["from left to right", "from bottom to top"]
    shown = {row for p in study.portraits for row in p.exemplars.centre}
    assert shown <= set(study.cards)
    assert read.found["n"] == 60
    assert json.dumps(read.found, allow_nan=False)
    card = read.found["cards"][str(min(shown))]
    assert (card["panel"], card["page"] >= 1) == (0, True)


def test_a_library_that_may_only_be_read_is_studied_and_keeps_no_map(tmp_path: Path) -> None:
    numbered(tmp_path, 6).close()
    with Library.open(tmp_path, read_only=True) as library:
        study = study_clusters(library, ClusterQuestion(options=QUICK, has_axes=False))
        assert study.axes == ()
        assert study.places is None
        mapped = study_clusters(library, ClusterQuestion(options=QUICK))
        assert mapped.places is not None
        assert mapped.places.origin == "made"
        assert show_map(library, Space.VISION, Unit.PAGES) is None


def test_concepts_are_compared_and_what_is_near_is_shown(tmp_path: Path) -> None:
    question = ConceptQuestion(
        ("early=year:2001-2005", "late=year:2006-2008", "latest=year:2009-2012"),
        Space.VISION,
        Unit.PAGES,
        closer=(("early", "late", "latest"),),
        arithmetic=(((1.0, "early"), (-1.0, "late")),),
        n_nearest=3,
        options=DRAWS,
    )
    with numbered(tmp_path, 10) as library:
        study = study_concepts(library, question)
    assert [(s.name, s.n, s.n_books) for s in study.selections] == [
        ("early", 20, 5),
        ("late", 12, 3),
        ("latest", 8, 2),
    ]
    assert study.likenesses is not None
    assert study.likenesses.values.shape == (3, 3)
    assert len(study.coherences) == 3
    assert len(study.nearest) == 2 * 3 + 1
    assert {row for near in study.nearest for row in near.rows} <= set(study.cards)
    told = told_concepts(study)
    assert told.likenesses is not None
    assert told.likenesses.resampled.size == 0


def test_one_concept_has_no_matrix_but_neighbours(tmp_path: Path) -> None:
    with numbered(tmp_path, 4) as library:
        study = study_concepts(library, ConceptQuestion(("covers=type:cover",), options=DRAWS))
        assert (study.likenesses, study.tree) == (None, None)
        assert study.nearest[0].rows
        with pytest.raises(QueryError, match="at least one"):
            study_concepts(library, ConceptQuestion(()))
        with pytest.raises(QueryError, match="'nobody' is none of the concepts"):
            study_concepts(
                library,
                ConceptQuestion(("covers=type:cover",), clusters=("nobody",), options=DRAWS),
            )


def test_all_units_of_the_members_books_are_looked_at_however_small_the_sample(
    tmp_path: Path,
) -> None:
    question = ConceptQuestion(("one=year:2003",), sampling=Sampling(8))
    with numbered(tmp_path, 10) as library:
        rows = np.arange(24, 36)  # of the third book
        units = units_around(library, question, rows)
        lines = [line.year for line in units.books]
    counts = dict(zip(*np.unique([lines[b] for b in units.book], return_counts=True), strict=True))
    assert counts[2003] == 4
    assert 4 <= units.n <= 12
    assert units.n_known == 40
    assert (np.diff(units.rows) > 0).all()
    assert units.page_index.shape == units.rows.shape
