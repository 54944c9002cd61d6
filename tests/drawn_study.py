"""Values of a study without a library: clusters, portraits, ablations, likenesses, a reading."""

from __future__ import annotations

import numpy as np
import polars as pl

from longbox.analysis import Unit
from longbox.analysis.ablation import (
    Ablation,
    AblationOptions,
    Agreement,
    Estimate,
    Group,
    Overlap,
    Share,
    SpaceLine,
)
from longbox.analysis.clusters import (
    Agreement as Fits,
)
from longbox.analysis.clusters import (
    ClusterOptions,
    ClusterPortrait,
    Clusters,
    Effect,
    Exemplars,
    Trial,
    Verdict,
)
from longbox.analysis.clusters import (
    Level as Tested,
)
from longbox.analysis.concepts import Level, Likenesses
from longbox.analysis.concepts import Verdict as Alike
from longbox.analysis.measures import PAGE_NUMBERS
from longbox.evaluation import Interval
from longbox.vectors import Space

HOSTILE = '=1+1 $x^2$ <script>alert("x")</script> \x00 鳥の目 🦊 </style>'
NAN = float("nan")


def effect(measure: str, delta: float, *, claimed: bool = True, p: float = 0.001) -> Effect:
    """An effect of a measure."""
    return Effect(
        measure, delta, delta - 0.1, delta + 0.1, p, p, 2.0, 5.0, 20, 60, 0, 9.0, Tested.BOOKS,
        claimed,
    )  # fmt: skip


def portrait(number: int, name: str, effects: tuple[Effect, ...] = ()) -> ClusterPortrait:
    """A cluster of so many effects."""
    return ClusterPortrait(
        number, 20, 0.2, name, "splash", 0.9, 20, (), effects, (), 5, HOSTILE, 0.5, False, "work",
        0.6, False, 0.8, Verdict.STABLE, Exemplars((0,), (1,)),
    )  # fmt: skip


def clusters(labels: np.ndarray, trials: tuple[Trial, ...] = ()) -> Clusters:
    """Clusters of pages."""
    n, c = labels.size, int(labels.max(initial=-1)) + 1
    return Clusters(
        Space.VISION, Unit.PAGES, ClusterOptions(), np.arange(n), labels.astype(np.int32), c,
        "2 were asked for", n, 4, 0.9, 0.3, trials, Fits(2, 0.9, 0.8, "starting points"),
        Fits(2, 0.9, 0.8, "books"), np.full(c, 0.8), np.zeros(n, np.float32),
        np.zeros(n, np.float32), np.zeros(n, np.int32),
    )  # fmt: skip


def likenesses(names: tuple[str, ...], values: np.ndarray) -> Likenesses:
    """Likenesses of these values; nan is told as one book only."""
    c = len(names)
    verdicts = tuple(
        tuple(
            Alike.ONE_BOOK if np.isnan(v) else Alike.ALIKE if v > 0.2 else Alike.NOT_TOLD_APART
            for v in row
        )
        for row in values
    )
    none = np.zeros((c, c))
    draws = np.repeat(values[None].astype(np.float32), 5, axis=0)
    return Likenesses(
        Space.VISION, "v1", Unit.PAGES, names, np.full(c, 30), np.full(c, 6), (Level.PARTS,) * c,
        (), values, values - 0.1, values + 0.1, ("book",) * c, none, none, none, none, verdicts,
        none.astype(np.int64), 100, 100, draws, 0.05, 99, 0,
    )  # fmt: skip


def estimate(value: float) -> Estimate:
    """A number with an interval around it."""
    return Estimate(value, Interval(value - 0.1, value + 0.1, "book", 12))


def ablation(spaces: tuple[Space, ...], share: float = 0.4) -> Ablation:
    """An ablation in which every group explains the same."""
    lines = tuple(
        SpaceLine(s, f"{s}-1", "panel", 90, 8, 4, 0.9, estimate(0.3), 0.1) for s in spaces
    )
    pairs = [(a, b) for at, a in enumerate(spaces) for b in spaces[at + 1 :]]
    return Ablation(
        unit=Unit.PAGES,
        spaces=lines,
        n=90,
        n_measured=80,
        n_books=12,
        n_works=6,
        sampling=AblationOptions().sampling,
        is_sampled=False,
        options=AblationOptions(),
        overlaps=tuple(
            Overlap(a, b, 10, own, estimate(0.3), 0.05, 90)
            for a, b in pairs
            for own in (True, False)
        ),
        agreements=tuple(Agreement(a, b, 0.2, 0.1, 0.3, 0.1, 10, 5) for a, b in pairs),
        shares=tuple(
            Share(s, g, 3, estimate(share), 0.02, estimate(share / 4), 0.01, 0.02, "dealt anew")
            for s in spaces
            for g in Group
        ),
        carried=(),
        claims=(),
        untold=(HOSTILE,),
    )


def page_frame(n: int, *, unknown: str = "") -> pl.DataFrame:
    """Measures of n pages of books of ten; one of them may be unknown everywhere."""
    rng = np.random.default_rng(0)
    at = np.arange(n)
    frame = pl.DataFrame(
        {
            "row": at,
            "book_id": [f"{number:016x}" for number in at // 10],
            "page_type": np.where(at % 10 == 0, "cover", "story").tolist(),
            "place_in_book": (at % 10) / 9,
            **{one.name: rng.random(n) for one in PAGE_NUMBERS if one.name != "place_in_book"},
        },
        schema_overrides={"book_id": pl.String, "page_type": pl.String},
    )
    return frame.with_columns(pl.lit(None, pl.Float64).alias(unknown)) if unknown else frame
