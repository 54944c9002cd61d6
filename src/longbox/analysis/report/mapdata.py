"""What the interactive maps show, as JSON that can stand inside of a page.

Points are columns of whole numbers; titles, clusters and pictures are said once. Every `<`, `>` and
`&` is written as an escape, so that no title can end the element it stands in; the two line ends
that older scripts choke on likewise.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from markupsafe import Markup

from longbox.analysis.plots import group_colour, middle_of
from longbox.analysis.report.charts import shown_points
from longbox.analysis.report.options import ReportOptions
from longbox.analysis.report.pictures import Thumbnails
from longbox.analysis.report.values import SpaceStudy

_STEPS: Final = 10_000  # places are whole numbers from 0 to this
_ESCAPES: Final = {
    "<": "\\u003c",
    ">": "\\u003e",
    "&": "\\u0026",
    "\u2028": "\\u2028",
    "\u2029": "\\u2029",
}


def map_data(
    study: SpaceStudy, thumbnails: Thumbnails, shown: frozenset[int], options: ReportOptions
) -> Markup:
    """Return what one map shows.

    Args:
        study: Of the space.
        thumbnails: That were made.
        shown: Rows whose picture stands in the page by itself, for this unit.
        options: Of the report.
    """
    at = shown_points(study, options.most_points, options.sampling.seed)
    units = study.units
    xy = study.places.xy[at]
    low, span = _frame(xy)
    scaled = np.rint((xy - low) / span * _STEPS).astype(int)
    book_numbers, book = np.unique(units.book[at], return_inverse=True)
    rows = units.rows[at].tolist()
    extra = {
        row: url
        for row in rows
        if row not in shown and (url := thumbnails.url(study.unit, row)) is not None
    }
    data: dict[str, Any] = {
        "unit": study.unit.value,
        "address": options.address.rstrip("/"),
        "clusters": [_cluster(study, number, low, span) for number in range(len(study.portraits))],
        "books": [[units.books[b].title, units.books[b].book_id] for b in book_numbers.tolist()],
        "x": scaled[:, 0].tolist(),
        "y": (_STEPS - scaled[:, 1]).tolist(),
        "cluster": study.clusters.labels[at].tolist(),
        "book": book.tolist(),
        "page": (units.page_index[at] + 1).tolist(),
        "panel": (units.panel[at] + 1).tolist(),
        "row": rows,
        "shown": sorted(shown.intersection(rows)),
        "pictures": {str(row): url for row, url in extra.items()},
    }
    return safe_json(data)


def safe_json(data: Any) -> Markup:
    """Return JSON that can stand in a `<script type="application/json">`."""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    text = text.encode("utf-8", "replace").decode("utf-8")
    for found, escape in _ESCAPES.items():
        text = text.replace(found, escape)
    return Markup(text)


def _frame(xy: np.ndarray) -> tuple[np.ndarray, float]:
    """Return the lower left of a square that holds all points, and its side."""
    if not len(xy):
        return np.zeros(2), 1.0
    low, high = xy.min(axis=0), xy.max(axis=0)
    span = float(max((high - low).max(), 1e-6))
    return (low + high - span) / 2, span


def _cluster(study: SpaceStudy, number: int, low: np.ndarray, span: float) -> dict[str, Any]:
    own = study.places.xy[study.clusters.labels == number]
    own = own[np.isfinite(own[:, 0])]
    middle = (np.array(middle_of(own)) - low) / span if len(own) else np.array([0.5, 0.5])
    return {
        "name": study.portraits[number].name,
        "colour": group_colour(number),
        "n": study.portraits[number].n,
        "x": round(float(middle[0]) * _STEPS),
        "y": round((1 - float(middle[1])) * _STEPS),
    }


def rows_shown(studies: Sequence[SpaceStudy]) -> dict[str, frozenset[int]]:
    """Return the rows of all exemplars, by unit: their pictures stand in the page."""
    found: dict[str, set[int]] = {}
    for study in studies:
        own = found.setdefault(study.unit.value, set())
        for portrait in study.portraits:
            own.update(portrait.exemplars.centre, portrait.exemplars.edge)
    return {unit_of: frozenset(rows) for unit_of, rows in found.items()}
