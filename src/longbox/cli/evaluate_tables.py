"""Tables of `longbox eval`: the same figures for people and, as plain values, for programs.

Closure tables have a row a scorer and a column a view; a cell is the accuracy with its interval.
A trained scorer's cell ends in + or - where it is above or below the best untrained one beyond the
interval of their difference, and in = where it is not.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.measure import Measurement
from rich.table import Table

from longbox.cli.terminal import notes, plural, results

if TYPE_CHECKING:
    from longbox.evaluation import (
        Interval,
        Measure,
        OrderRow,
        PageTypeTruth,
        PanelTruth,
        QueryDiversity,
        RetrievalScore,
        ShuffledScore,
        SpaceRetrieval,
        TableRow,
        TableSection,
    )

_FIRST_COLUMN, _COLUMN, _WIDEST = 30, 26, 1000


def show_closure(
    sections: Sequence[TableSection], title: str, *, quiet: bool
) -> list[dict[str, Any]]:
    """Print one table a task and difficulty; return all of it as plain values."""
    if not quiet:
        for (task, difficulty), group in groupby(
            sections, key=lambda s: (s.group.task, s.group.difficulty)
        ):
            heading = f"{title}: {_words(task)}, {difficulty}"
            for columns in _fitting(list(group)):
                _print(_closure_table(columns, heading))
        results.print(
            "accuracy and 95 % interval; + above, - below, = not apart from the best untrained "
            "scorer of its column"
        )
    for section in sections:
        if section.is_leaking:
            where = f"{_words(section.group.task)}, {section.group.difficulty}"
            notes.print(
                f"LEAK: {where}, {section.group.view}: position alone is above chance, so no "
                f"figure of this column counts",
                style="red",
                markup=False,
            )
    return [_section_values(s) for s in sections]


def show_orders(scores: Sequence[ShuffledScore], *, quiet: bool) -> list[dict[str, Any]]:
    """Print one table a view; return all of it as plain values."""
    views = list(dict.fromkeys(row.view for score in scores for row in score.rows))
    found = []
    for view in views:
        rows = [(s.scorer, row) for s in scores for row in s.rows if row.view == view]
        if not quiet:
            _print(_order_table(view, rows))
        found += [_order_values(name, row) for name, row in rows]
    return found


def show_retrieval(scores: Sequence[SpaceRetrieval], *, quiet: bool) -> list[dict[str, Any]]:
    """Print what queries find, in their own space and through the fused one."""
    if scores and not quiet:
        table = _table("retrieval: every query has one right panel", "space")
        for name in ("queries", "panels", "recall at 1", "recall at 10", "mean reciprocal rank"):
            table.add_column(name, justify="right")
        table.add_column("cosine of queries", justify="right")
        table.add_column("same ten", justify="right")
        for score in scores:
            _add_retrieval(table, score.own, score.own_diversity)
            if score.fused is not None and score.fused_diversity is not None:
                _add_retrieval(table, score.fused.fused, score.fused_diversity)
        _print(table)
        for score in scores:
            if score.fused is not None:
                results.print(
                    f"{score.space}: the fused space keeps {_percent(score.fused.kept)} of recall "
                    f"at 10 (difference {_range(score.fused.difference)})",
                    markup=False,
                )
    return [_retrieval_values(s) for s in scores]


def show_page_types(truth: PageTypeTruth, *, quiet: bool) -> dict[str, Any]:
    """Print how told pages are labelled."""
    if not quiet:
        sources = ", ".join(f"{n:,} by {who}" for who, n in sorted(truth.sources.items()))
        title = f"page types: {plural(truth.n_pages, 'page')} told ({sources})"
        table = _table(f"{title}, {plural(truth.n_books, 'book')}", "measure")
        table.add_column("value", justify="right")
        table.add_column("chance", justify="right")
        table.add_row("accuracy", _with_range(truth.accuracy), _number(truth.accuracy.chance))
        table.add_row("macro F1", _number(truth.macro_f1), "")
        for page_type, f1 in truth.f1.items():
            table.add_row(f"  F1 {_words(page_type)}", _number(f1), "")
        _print(table)
        results.print("chance: always answering the commonest type", markup=False)
    return {
        "books": truth.n_books,
        "pages": truth.n_pages,
        "sources": truth.sources,
        "accuracy": _measure_values(truth.accuracy),
        "macro_f1": _plain(truth.macro_f1),
        "f1": {str(k): _plain(v) for k, v in truth.f1.items()},
    }


def show_panels(truth: PanelTruth, *, quiet: bool) -> dict[str, Any]:
    """Print how corrected pages' panels are found."""
    found, whole = truth.found, truth.whole_page
    if not quiet:
        pages, books = plural(found.n_pages, "corrected page"), plural(truth.n_books, "book")
        table = _table(f"panels: {pages}, {books}", "measure")
        table.add_column("found", justify="right")
        table.add_column("one panel a page", justify="right")
        table.add_row("F1 a page, IoU 0.5", _with_range(truth.f1), _number(truth.f1.chance))
        for iou, counts in found.at.items():
            table.add_row(f"F1 pooled, IoU {iou:g}", _number(counts.f1), _number(whole.at[iou].f1))
        table.add_row("pages exact", _number(found.exact), _number(whole.exact))
        table.add_row("pairs in order (chance 0.5)", _number(truth.order.pairwise), "")
        _print(table)
        results.print(
            "corrected pages are those that somebody found wrong: others are easier", markup=False
        )
    return {
        "books": truth.n_books,
        "pages": found.n_pages,
        "f1_of_a_page": _measure_values(truth.f1),
        "f1": {f"{iou:g}": _plain(c.f1) for iou, c in found.at.items()},
        "f1_of_one_panel_a_page": {f"{iou:g}": _plain(c.f1) for iou, c in whole.at.items()},
        "exact": _plain(found.exact),
        "exact_of_one_panel_a_page": _plain(whole.exact),
        "order_pairwise": _plain(truth.order.pairwise),
        "order_pairwise_chance": 0.5,
    }


def _closure_table(sections: Sequence[TableSection], title: str) -> Table:
    table = _table(title, "scorer")
    for section in sections:
        by = section.rows[0].row.interval.by if section.rows else "sample"
        units = plural(section.n_books, "book") if by == "book" else "drawn singly"
        view = section.group.view.replace(" > ", "\n> ").replace(" / ", "\n/ ")
        table.add_column(f"{view}\nn {section.n:,}, {units}", justify="right")
    table.add_row("chance", *(_number(s.chance) for s in sections), end_section=True)
    seeing = [r for s in sections for r in s.rows if r.is_trained or not r.is_blind]
    order = {r.scorer: place for place, r in enumerate(sections[0].rows)}
    names = sorted({(r.scorer, r.is_trained) for r in seeing}, key=lambda name: order[name[0]])
    for place, (name, is_trained) in enumerate(names):
        cells = []
        for section in sections:
            row = next((r for r in section.rows if r.scorer == name), None)
            cells.append("" if row is None else _closure_cell(row))
        is_last = not is_trained and place + 1 < len(names) and names[place + 1][1]
        style = "bold" if is_trained else ""
        table.add_row(name, *cells, style=style, end_section=is_last)
    return table


def _closure_cell(row: TableRow) -> str:
    if row.is_blind:
        return "sees nothing  "
    cell = f"{_number(row.row.accuracy)} {_range(row.row.interval)}"
    if row.gain is None:
        return cell + ("  " if row.is_trained else "")
    if row.gain.interval.low > 0:
        return cell + " +"
    return cell + (" -" if row.gain.interval.high < 0 else " =")


def _order_table(view: str, rows: Sequence[tuple[str, OrderRow]]) -> Table:
    n, n_books = (rows[0][1].n, rows[0][1].n_books) if rows else (0, 0)
    table = _table(f"reading order, {view}: n {n:,}, {plural(n_books, 'book')}", "scorer")
    for name in ("pairs", "neighbours", "exact", "Kendall's tau"):
        table.add_column(name, justify="right")
    if rows:
        row = rows[0][1]
        chances = (m.chance for m in (row.pairwise, row.transition, row.exact, row.tau))
        table.add_row("chance", *(_number(c) for c in chances), end_section=True)
    for name, row in rows:
        measures = (row.pairwise, row.transition, row.exact, row.tau)
        table.add_row(name, *(_with_range(m) for m in measures))
    return table


def _add_retrieval(table: Table, score: RetrievalScore, spread: QueryDiversity) -> None:
    table.add_row(
        score.name,
        f"{score.n_queries:,}",
        f"{score.n_gallery:,}",
        *(
            f"{_with_range(m)} (chance {_number(m.chance)})"
            for m in (score.recall_at_1, score.recall_at_10, score.mrr)
        ),
        _number(spread.mean_cosine),
        f"{spread.n_same_answers:,}",
    )


def _section_values(section: TableSection) -> dict[str, Any]:
    return {
        "task": str(section.group.task),
        "difficulty": str(section.group.difficulty),
        "view": section.group.view,
        "n": section.n,
        "books": section.n_books,
        "chance": _plain(section.chance),
        "is_leaking": section.is_leaking,
        "best_untrained": section.best_untrained,
        "scorers": [
            {
                "scorer": row.scorer,
                "is_trained": row.is_trained,
                "is_blind": row.is_blind,
                "accuracy": _plain(row.row.accuracy),
                "interval": _interval_values(row.row.interval),
                "over_best_untrained": None
                if row.gain is None
                else {
                    "difference": _plain(row.gain.difference),
                    "interval": _interval_values(row.gain.interval),
                },
            }
            for row in section.rows
        ],
    }


def _order_values(name: str, row: OrderRow) -> dict[str, Any]:
    return {
        "scorer": name,
        "view": row.view,
        "n": row.n,
        "books": row.n_books,
        "pairwise": _measure_values(row.pairwise),
        "transition": _measure_values(row.transition),
        "exact": _measure_values(row.exact),
        "tau": _measure_values(row.tau),
    }


def _retrieval_values(score: SpaceRetrieval) -> dict[str, Any]:
    values: dict[str, Any] = {
        "space": str(score.space),
        "own": _found_values(score.own, score.own_diversity),
        "fused": None,
    }
    if score.fused is not None and score.fused_diversity is not None:
        values["fused"] = {
            **_found_values(score.fused.fused, score.fused_diversity),
            "kept": _plain(score.fused.kept),
            "difference": _interval_values(score.fused.difference),
        }
    return values


def _found_values(score: RetrievalScore, spread: QueryDiversity) -> dict[str, Any]:
    return {
        "queries": score.n_queries,
        "panels": score.n_gallery,
        "recall_at_1": _measure_values(score.recall_at_1),
        "recall_at_10": _measure_values(score.recall_at_10),
        "mrr": _measure_values(score.mrr),
        "query_mean_cosine": _plain(spread.mean_cosine),
        "queries_with_same_answers": spread.n_same_answers,
        "queries_compared": spread.n_queries,
    }


def _measure_values(measure: Measure) -> dict[str, Any]:
    return {
        "value": _plain(measure.value),
        "chance": _plain(measure.chance),
        "interval": _interval_values(measure.interval),
    }


def _interval_values(interval: Interval) -> dict[str, Any]:
    return {
        "low": _plain(interval.low),
        "high": _plain(interval.high),
        "by": interval.by,
        "units": interval.n_units,
    }


def _plain(value: float) -> float | None:
    """Return a number for JSON, which knows no nan."""
    return None if math.isnan(value) else round(value, 6)


def _fitting(sections: Sequence[TableSection]) -> list[Sequence[TableSection]]:
    """Cut a table's columns into tables that fit a person's terminal."""
    if not results.is_terminal:
        return [sections]
    n = max(1, (results.width - _FIRST_COLUMN) // _COLUMN)
    return [sections[i : i + n] for i in range(0, len(sections), n)]


def _print(table: Table) -> None:
    """Print a table at its own width: a figure that was cut off is worse than a long line."""
    for column in table.columns:
        column.no_wrap = True
    width = Measurement.get(results, results.options.update(max_width=_WIDEST), table).maximum
    wide = Console(highlight=False, width=max(width, results.width))
    wide.print(table)


def _table(title: str, first: str) -> Table:
    table = Table(title=title, title_justify="left", box=None, pad_edge=False)
    table.add_column(first, no_wrap=True)
    return table


def _number(value: float) -> str:
    return "-" if math.isnan(value) else f"{value:.3f}"


def _percent(value: float) -> str:
    return "-" if math.isnan(value) else f"{100 * value:.1f} %"


def _range(interval: Interval) -> str:
    return f"{_number(interval.low)}..{_number(interval.high)}"


def _with_range(measure: Measure) -> str:
    return f"{_number(measure.value)} {_range(measure.interval)}"


def _words(name: object) -> str:
    return str(name).replace("_", " ")
