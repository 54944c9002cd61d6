"""The health report: one HTML page without any external resource, to read, keep and send.

Verdicts come first, in words and worst first; figures follow for those who ask. All drawing is
inline SVG in the page's own colours, so that it follows light and dark. Names from books and models
are escaped by the template.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final

import jinja2

from longbox.evaluation.health import PairHealth, SpaceHealth
from longbox.evaluation.model_health import ModelHealth
from longbox.evaluation.projection import JointPlot
from longbox.evaluation.training_health import Curve, ModuleGradient
from longbox.evaluation.verdicts import (
    THRESHOLDS,
    Level,
    Threshold,
    Verdict,
    mark_text,
    signed_mark,
)
from longbox.vectors import Metric

_CURVE_WIDTH, _CURVE_HEIGHT = 300.0, 120.0
_MOST_POINTS = 240
_PLOT_SIDE = 720.0

_SPACE_ROWS: Final = (
    ("n", "panels with a vector", None),
    ("dimension", "numbers a vector", None),
    ("intra_page_cosine", "cosine within a page", "intra_page_cosine"),
    ("inter_page_cosine", "cosine between pages of a book", None),
    ("inter_book_cosine", "cosine between books", "mean_cosine"),
    ("rankme", "effective rank (RankMe)", None),
    ("rank_share", "... of what is possible", "rank_share"),
    ("uniformity", "uniformity", "uniformity"),
    ("mean_norm", "length of the mean vector", None),
    ("duplicate_share", "panels with a near twin", "duplicate_share"),
    ("hub_share", "panels that one panel answers first", "hub_share"),
    ("zero_share", "vectors that are all zeros", "zero_share"),
)


@dataclass(frozen=True, slots=True)
class _Row:
    title: str
    healthy: str
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _DrawnCurve:
    name: str
    end: str
    chance: str
    paths: tuple[str, ...]
    chance_y: float | None
    top: str
    bottom: str
    last_step: int


@dataclass(frozen=True, slots=True)
class _Bar:
    name: str
    norm: str
    width_percent: float
    n_parameters: int
    n_without: int


@dataclass(frozen=True, slots=True)
class _Pair:
    label: str
    x1: float
    y1: float
    x2: float
    y2: float


def render_report(health: ModelHealth, title: str) -> str:
    """Return the report as an HTML page.

    Args:
        health: The findings.
        title: What was looked at: the library's or the run's name.
    """
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("longbox.evaluation", "templates"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    verdicts = health.verdicts
    return environment.get_template("health.html").render(
        title=title,
        headline=headline(verdicts),
        levels=[
            (level.value, level.value.replace(" ", "-"), found)
            for level in (Level.BAD, Level.WARNING, Level.OK, Level.NOT_JUDGED)
            if (found := _by_subject(verdicts, level))
        ],
        health=health,
        space_rows=_space_rows(health.spaces),
        pair_rows=_pair_rows(health.pair) if health.pair else (),
        curves=[_drawn(curve) for curve in health.curves],
        bars=_bars(health.gradients),
        plot=_pairs(health.plot) if health.plot else (),
        plot_side=_PLOT_SIDE,
        curve_width=_CURVE_WIDTH,
        curve_height=_CURVE_HEIGHT,
        figure=_figure,
        thresholds=[
            (t, signed_mark(t, t.warning), signed_mark(t, t.bad)) for t in THRESHOLDS.values()
        ],
    )


def headline(verdicts: Sequence[Verdict]) -> str:
    """Return the whole in one sentence."""
    counts = {level: sum(v.level is level for v in verdicts) for level in Level}
    judged = len(verdicts) - counts[Level.NOT_JUDGED]
    if not judged:
        return "There is nothing to judge yet."
    if counts[Level.BAD]:
        bad = counts[Level.BAD]
        return f"{bad} of {judged} findings {'is' if bad == 1 else 'are'} bad: look at those first."
    if counts[Level.WARNING]:
        n = counts[Level.WARNING]
        return f"Sound, with {n} {'warning' if n == 1 else 'warnings'} among {judged} findings."
    return f"Sound: all {judged} findings are well."


def _by_subject(
    verdicts: Sequence[Verdict], level: Level
) -> list[tuple[str, list[tuple[str, str]]]]:
    """Group the verdicts of a level by what stands before the colon of their names."""
    split = [(*_split(v.name), v.sentence) for v in verdicts if v.level is level]
    return [
        (subject, [(what, sentence) for _, what, sentence in found])
        for subject, found in groupby(split, key=lambda part: part[0])
    ]


def _split(name: str) -> tuple[str, str]:
    subject, colon, what = name.partition(": ")
    return (subject, what) if colon else ("", name)


def _space_rows(spaces: Sequence[SpaceHealth]) -> list[_Row]:
    rows = []
    for field, title, measure in _SPACE_ROWS:
        threshold = THRESHOLDS[measure] if measure else None
        cells = tuple(_cell(space, field) for space in spaces)
        rows.append(_Row(title, _healthy(threshold), cells))
    return rows


def _cell(space: SpaceHealth, field: str) -> str:
    if space.metric is Metric.EUCLIDEAN and field == "zero_share":
        return "–"
    return _figure(getattr(space, field))


def _pair_rows(pair: PairHealth) -> list[_Row]:
    def recalls(found: tuple[float, float] | None) -> str:
        return "–" if found is None else f"{found[0]:.3f} / {found[1]:.3f}"

    return [
        _Row("panels with both", "", (_figure(pair.n),)),
        _Row("modality gap", _healthy(THRESHOLDS["modality_gap"]), (_figure(pair.modality_gap),)),
        _Row("alignment (squared distance)", "", (_figure(pair.alignment),)),
        _Row("... between different panels", "", (_figure(pair.unmatched),)),
        _Row(
            "... as a share of it",
            _healthy(THRESHOLDS["alignment_share"]),
            (_figure(pair.alignment_share),),
        ),
        _Row("retrieval among", "", (f"{pair.n_pool:,} panels",)),
        _Row("picture by text, recall at 1 / 10", "", (recalls(pair.recall_text_to_picture),)),
        _Row("text by picture, recall at 1 / 10", "", (recalls(pair.recall_picture_to_text),)),
        _Row("a guess, at 1 / 10", "", (recalls(pair.chance),)),
    ]


def _healthy(threshold: Threshold | None) -> str:
    if threshold is None:
        return ""
    mark = mark_text(threshold.warning)
    if mark == "any":
        return "0"
    return f"{'below' if threshold.is_high_bad else 'above'} {mark}"


def _figure(value: float | None) -> str:
    if value is None:
        return "–"
    if isinstance(value, int):
        return f"{value:,}"
    if not math.isfinite(value):
        return "not finite"
    digits = 1 if abs(value) >= 10 else 4 if 0 < abs(value) < 0.01 else 3
    return f"{round(value, digits) + 0.0:.{digits}f}"


def _drawn(curve: Curve) -> _DrawnCurve:
    """Scale a curve into its box; where it is not finite it breaks."""
    points = [*zip(curve.steps, curve.values, strict=True)]
    stride = max(1, math.ceil(len(points) / _MOST_POINTS))
    points = [*points[::stride], *points[-1:]] if stride > 1 else points
    finite = [v for _, v in points if math.isfinite(v)]
    marks = [*finite, *([curve.chance] if curve.chance is not None else [])]
    low, high = (min(marks), max(marks)) if marks else (0.0, 1.0)
    if curve.chance is not None or low >= 0:
        low = min(low, 0.0)
    spread = (high - low) or 1.0
    first, last = (points[0][0], points[-1][0]) if points else (0, 0)

    def y(value: float) -> float:
        return round(_CURVE_HEIGHT * (1 - (value - low) / spread), 1)

    paths: list[str] = []
    for is_finite, run in groupby(points, key=lambda point: math.isfinite(point[1])):
        if is_finite:
            drawn = [
                f"{_CURVE_WIDTH * (step - first) / max(1, last - first):.1f},{y(value)}"
                for step, value in run
            ]
            paths.append(" ".join(drawn))
    return _DrawnCurve(
        curve.name,
        _figure(curve.end),
        "" if curve.chance is None else _figure(float(curve.chance)),
        tuple(paths),
        None if curve.chance is None else y(curve.chance),
        _figure(float(high)),
        _figure(float(low)),
        last,
    )


def _bars(gradients: Sequence[ModuleGradient]) -> list[_Bar]:
    """Scale norms by their logarithm, over the six decades below the largest."""
    largest = max((g.norm for g in gradients if math.isfinite(g.norm)), default=0.0)
    bars = []
    for g in gradients:
        width = 0.0
        if math.isfinite(g.norm) and g.norm > 0 and largest > 0:
            width = 100 * max(0.02, 1 + math.log10(g.norm / largest) / 6)
        norm = f"{g.norm:.2e}" if math.isfinite(g.norm) else "not finite"
        bars.append(_Bar(g.name, norm, round(width, 1), g.n_parameters, g.n_without))
    return bars


def _pairs(plot: JointPlot) -> list[_Pair]:
    edge, inside = 14.0, _PLOT_SIDE - 28.0
    pictures = (plot.pictures * inside + edge).round(1).tolist()
    texts = (plot.texts * inside + edge).round(1).tolist()
    return [
        _Pair(label, *picture, *text)
        for label, picture, text in zip(plot.labels, pictures, texts, strict=True)
    ]
