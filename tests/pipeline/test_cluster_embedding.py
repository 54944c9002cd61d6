"""Embedding and scores by workers are what one machine makes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import cheap_stages
from library.drawn_books import draw_book, filled
from longbox.config import ClusterOptions, Config
from longbox.errors import ClusterError, ModelError
from longbox.pipeline import embed_library, spread
from panel_models import RandomModel
from pipeline.clusters import Cluster

pytest.importorskip("distributed")
BOOKS = [draw_book(1), draw_book(2), draw_book(3)]


def settings(cluster: Cluster, results: str = "", resources: str = "GPU=1") -> Config:
    options = ClusterOptions(cluster.address, results, embed_resources=resources)
    return replace(Config(), cluster=options)


def test_embedded_library_is_the_same_by_folder_and_by_storage(
    tmp_path: Path, cluster: Cluster
) -> None:
    with filled(tmp_path / "alone", BOOKS) as library:
        embed_library(library, RandomModel())
        expected = library.fingerprint_contents()
    for name, results in (("shared", ""), ("stored", (tmp_path / "results").as_uri())):
        with filled(tmp_path / name, BOOKS) as library:
            report = embed_library(library, RandomModel(), config=settings(cluster, results))
            assert (report.n_books, report.is_answering, report.problems) == (3, True, [])
            assert library.fingerprint_contents() == expected
            again = embed_library(library, RandomModel(), config=settings(cluster, results))
            assert (again.n_books, again.n_unchanged) == (0, 3)


def test_worker_with_another_model_or_without_the_resource_embeds_nothing(
    tmp_path: Path, cluster: Cluster
) -> None:
    with filled(tmp_path / "library", BOOKS) as library:
        with pytest.raises(ClusterError, match="its model is"):
            embed_library(library, RandomModel(seed=1), config=settings(cluster))
        with pytest.raises(ClusterError, match="offers GPU=2"):
            embed_library(library, RandomModel(), config=settings(cluster, resources="GPU=2"))
        assert library.unembedded_books() == library.book_ids()


def test_parts_come_back_in_order_and_an_error_stands_for_its_part(cluster: Cluster) -> None:
    notes: list[str] = []
    options = settings(cluster).cluster
    found = spread(np.add, [3, 1, 2], np.array([10]), options, notes.append)
    assert [int(one[0]) for one in found] == [13, 11, 12]
    assert spread(np.add, [], 0, options, notes.append) == []
    (failed,) = spread(_refused, ["anything"], None, options, notes.append)
    assert isinstance(failed, ModelError)


_refused = cheap_stages.refused
