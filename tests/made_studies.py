"""Kept studies with made-up answers: what the page shows, without the minutes of finding it."""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path
from typing import Any

from longbox.analysis.concepts import Verdict
from longbox.analysis.studies import (
    ClusterQuestion,
    ConceptQuestion,
    SpacesQuestion,
    Study,
    StudyKind,
    keep_study,
)
from longbox.library import Library

HOSTILE = '<img src=x onerror=alert(1)>" & {{7*7}} \u202e'


def interval(value: float | None, low: float | None = None, high: float | None = None) -> Any:
    return {
        "value": value,
        "interval": {"low": low, "high": high, "by": "book", "n_units": 9},
    }


def _effect(measure: str, delta: float, *, is_claimed: bool = True) -> dict[str, Any]:
    return {
        "measure": measure,
        "delta": delta,
        "low": delta - 0.1,
        "high": delta + 0.05,
        "p": 0.001,
        "q": 0.004,
        "inside": 1.0,
        "outside": 5.0,
        "n_inside": 6,
        "n_outside": 20,
        "n_missing": 0,
        "n_books": 3.5,
        "level": "books",
        "is_claimed": is_claimed,
    }


def _portrait(number: int, name: str, rows: list[int], book: str, *, is_one_book: bool) -> Any:
    return {
        "number": number,
        "n": 6,
        "share": 0.25,
        "name": name,
        "archetype": "splash" if number == 0 else None,
        "confidence": 0.9 if number == 0 else None,
        "n_judged": 6,
        "fits": [{"archetype": "splash", "share": 0.9, "share_outside": 0.1, "n_judged": 6}],
        "effects": [
            _effect("n_panels", -0.8),
            _effect("page_type = cover", 0.5),
            _effect("brightness", 0.1, is_claimed=False),
        ],
        "categories": [
            {
                "column": "book",
                "value": book,
                "n": 6,
                "share": 1.0,
                "share_outside": 0.1,
                "lift": 4.0,
            }
        ],
        "n_books": 1 if is_one_book else 3,
        "main_book": book,
        "main_book_share": 1.0,
        "is_one_book": is_one_book,
        "main_work": book,
        "main_work_share": 1.0,
        "is_one_work": is_one_book,
        "jaccard": 0.8,
        "stability": "stable",
        "exemplars": {"centre": rows[:2], "edge": rows[2:]},
    }


def clusters_found(library: Library, hostile: str = HOSTILE) -> dict[str, Any]:
    """Return an answer about clusters whose pictures are of the library."""
    rows, cards = _cards(library)
    book = next(iter(cards.values()))["title"]
    return {
        "space": "vision",
        "fingerprint": "f",
        "unit": "pages",
        "vector_of": "mean of panels",
        "n": 24,
        "n_known": 30,
        "n_books": 3,
        "n_noise": 2,
        "how_chosen": "2 of 2 to 3: the most that hold",
        "silhouette": 0.4,
        "trials": [
            {"n_clusters": 2, "silhouette": 0.4, "agreement": 0.9},
            {"n_clusters": 3, "silhouette": 0.3, "agreement": None},
        ],
        "over_seeds": {"n_runs": 10, "mean": 1.0, "low": 0.98, "drawn": "starting points"},
        "over_books": {"n_runs": 0, "mean": None, "low": None, "drawn": "books"},
        "portraits": [
            _portrait(0, "splash", rows, book, is_one_book=True),
            _portrait(1, hostile, rows, book, is_one_book=False),
        ],
        "associations": [{"column": "page_type", "cramers_v": 0.5, "n": 24, "n_values": 3}],
        "axes": [
            {
                "name": "from left to right",
                "n": 24,
                "n_books": 3,
                "correlations": [
                    {
                        "measure": "n_panels",
                        "rho": 0.7,
                        "low": 0.4,
                        "high": 0.9,
                        "p": 0.01,
                        "q": 0.02,
                        "n": 24,
                        "n_books": 3.0,
                        "is_claimed": True,
                    }
                ],
                "tree": {
                    "explained": 0.5,
                    "low": 0.3,
                    "high": 0.7,
                    "chance": 0.05,
                    "p": 0.01,
                    "n": 24,
                    "n_books": 3,
                    "measures": ["n_panels"],
                    "rules": [
                        {"words": "n_panels <= 2.5", "place": 0.1, "n": 9, "share": 0.4},
                        {"words": "n_panels > 2.5", "place": 0.8, "n": 15, "share": 0.6},
                    ],
                    "is_claimed": True,
                },
                "words": "from few to many",
                "left_out": [],
            }
        ],
        "cards": cards,
    }


def spaces_found(hostile: str = HOSTILE) -> dict[str, Any]:
    """Return an answer about two spaces."""
    space = {
        "fingerprint": "f",
        "vector_of": "mean of panels",
        "n_known": 30,
        "dimension": 12,
        "n_components": 12,
        "kept": 1.0,
        "own_book": interval(0.6, 0.3, 0.8),
        "own_book_chance": 0.2,
    }
    overlap = {"a": "vision", "b": "composition", "k": 10, "chance": 0.1, "n": 24}
    agreement = {"rand_spread": 0.1, "mutual_spread": 0.1, "n_clusters": 10, "n_seeds": 5}
    return {
        "unit": "pages",
        "spaces": [{"space": "vision", **space}, {"space": "composition", **space}],
        "n": 24,
        "n_measured": 20,
        "n_books": 3,
        "n_works": 2,
        "is_sampled": False,
        "overlaps": [
            {**overlap, "own_book": True, "share": interval(0.4, 0.3, 0.5)},
            {**overlap, "own_book": False, "share": interval(0.3, 0.2, 0.4)},
        ],
        "agreements": [
            {"a": "vision", "b": "composition", "rand": 0.62, "mutual": 0.5, **agreement},
            {"a": "vision", "b": "layout", "rand": None, "mutual": None, **agreement},
        ],
        "shares": [
            {
                "space": "vision",
                "group": "layout",
                "n_columns": 13,
                "share": interval(0.35, 0.2, 0.5),
                "chance": 0.1,
                "unique": interval(0.05, 0.0, 0.1),
                "p": 0.3,
                "p_corrected": 0.4,
                "permuted": "",
            }
        ],
        "carried": [],
        "claims": [
            {
                "space": "vision",
                "meaning_of": "text",
                "layout": interval(0.3, 0.2, 0.4),
                "meaning": interval(None),
                "difference": interval(0.3, 0.2, 0.4),
                "layout_mutual": 0.5,
                "meaning_mutual": 0.1,
                "verdict": "layout",
                "words": f"In picture vectors {hostile}",
            }
        ],
        "untold": [hostile],
    }


def concepts_found(library: Library, hostile: str = HOSTILE) -> dict[str, Any]:
    """Return an answer about four ideas, one of which cannot be compared."""
    rows, cards = _cards(library)
    names = ["magic", "robots", hostile, "one book"]
    told = [[0.0, 0.7, -0.4], [0.7, 0.0, 0.1], [-0.4, 0.1, 0.0]]
    values = [[*row, None] for row in told] + [[None] * 4]
    verdicts = [
        ["", Verdict.ALIKE, Verdict.LESS_ALIKE],
        [Verdict.ALIKE, "", Verdict.NOT_TOLD_APART],
        [Verdict.LESS_ALIKE, Verdict.NOT_TOLD_APART, ""],
    ]
    one_book = Verdict.ONE_BOOK
    return {
        "space": "vision",
        "unit": "panels",
        "selections": [
            {
                "name": n,
                "spec": "potion",
                "words": "3 panels",
                "n_selected": 3,
                "n": 3,
                "n_books": 2,
            }
            for n in names
        ],
        "likenesses": {
            "names": names,
            "values": values,
            "low": values,
            "high": values,
            "expected": values,
            "q": values,
            "verdicts": [[*row, one_book] for row in verdicts] + [[one_book] * 4],
            "n_draws": 199,
            "level_of_error": 0.05,
        },
        "tree": {
            "names": names[:3],
            "merges": [[0, 1, 0.3, 2], [2, 3, 1.1, 3]],
            "order": [2, 0, 1],
            "supports": [0.9, None],
            "left_out": ["one book"],
            "n_resampled": 100,
        },
        "coherences": [
            {
                "name": "magic",
                "value": 0.5,
                "expected": 0.2,
                "p": 0.005,
                "verdict": Verdict.ALIKE,
                "level": "parts of books",
                "compared_with": "parts of the same books",
                "n": 3,
                "n_books": 2,
                "n_without_vector": 0,
                "n_draws": 199,
            }
        ],
        "closer": [
            {
                "first": "magic",
                "second": "robots",
                "third": hostile,
                "difference": 0.3,
                "low": 0.1,
                "high": 0.5,
                "p": 0.01,
                "closer_to": "robots",
                "verdict": "closer to robots",
            }
        ],
        "clusters": [
            {
                "name": "one book",
                "silhouette": None,
                "expected": None,
                "p": None,
                "q": None,
                "points": "work",
                "n": 1,
                "n_rest": 3,
                "n_arrangements": 4.0,
                "verdict": "cannot be told (too few works and books)",
            }
        ],
        "nearest": [
            {
                "of": "magic",
                "is_outside_own_books": True,
                "rows": rows,
                "scores": [],
                "n_candidates": 20,
            },
            {
                "of": "magic - robots",
                "is_outside_own_books": True,
                "rows": rows[:1],
                "scores": [],
                "n_candidates": 20,
            },
        ],
        "centres": [rows[:2], [], [], []],
        "cards": cards,
        "n_units": 20,
        "n_known": 20,
    }


def put_studies(root: Path) -> dict[StudyKind, Study]:
    """Keep one study of each kind in a library; the spaces' one is of an older state of it."""
    with Library.open(root, read_only=True) as library:
        generation = library.generation()
        found = {
            StudyKind.CLUSTERS: (ClusterQuestion(), clusters_found(library), generation),
            StudyKind.SPACES: (SpacesQuestion(), spaces_found(), generation - 1),
            StudyKind.CONCEPTS: (
                ConceptQuestion(("magic=potion", "robots=robot")),
                concepts_found(library),
                generation,
            ),
        }
    return {kind: keep_study(root, kind, *rest) for kind, rest in found.items()}


def without(found: dict[str, Any], *path: str | int) -> dict[str, Any]:
    """Return an answer without one of its values."""
    copy = deepcopy(found)
    place: Any = copy
    for step in path[:-1]:
        place = place[step]
    del place[path[-1]]
    return copy


def with_value(found: dict[str, Any], value: object, *path: str | int) -> dict[str, Any]:
    """Return an answer with another value at a place."""
    copy = deepcopy(found)
    place: Any = copy
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    return copy


def _cards(library: Library) -> tuple[list[int], dict[str, Any]]:
    book_id = max(library.books().books, key=lambda book: book.n_panels).book_id
    rows = list(library.page_rows(book_id, 1))[:3] + list(library.page_rows(book_id, 2))[:1]
    return rows, {
        str(record.row): {
            "panel_id": str(record.panel_id),
            "book_id": record.book_id,
            "title": record.title,
            "page": record.page_index + 1,
            "panel": 0,
        }
        for record in library.panel_records(rows)
    }
