"""The measures of units as arrays that follow the units, and never a made-up value.

A unit that has no row in the frame, and a null, is not a number here (nan) or no word (None); it
takes no part in anything and is counted.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from longbox.analysis.measures import CATEGORIES, numbers_of
from longbox.analysis.units import Unit
from longbox.errors import ModelError

Numbers = NDArray[np.float64]
Words = NDArray[np.object_]


@dataclass(frozen=True, slots=True, eq=False)
class Measured:
    """What is known of N units.

    Attributes:
        unit: Panels or pages.
        n: N.
        n_unmeasured: Units that the frame has no row of.
        numbers: Numeric measures, float64 (N,) each; nan is unknown.
        claims: What is true or not, 1 and 0, float64 (N,) each; nan is unknown.
        words: Categories, object (N,) each; None is unknown.
    """

    unit: Unit
    n: int
    n_unmeasured: int
    numbers: dict[str, Numbers]
    claims: dict[str, Numbers]
    words: dict[str, Words]

    def taken(self, at: NDArray[np.int64] | NDArray[np.bool_]) -> Measured:
        """Return some of the units."""
        numbers = {name: values[at] for name, values in self.numbers.items()}
        claims = {name: values[at] for name, values in self.claims.items()}
        words = {name: values[at] for name, values in self.words.items()}
        n = next((v.size for v in (*numbers.values(), *claims.values(), *words.values())), 0)
        return Measured(self.unit, n, 0, numbers, claims, words)


def measured(frame: pl.DataFrame, rows: NDArray[np.int64], unit: Unit) -> Measured:
    """Bring the measures of a frame into the order of units.

    Args:
        frame: A row a unit, known by the column `row`; other rows are left out.
        rows: Of the units, (N,).
        unit: Which measures to look for.

    Raises:
        ModelError: The frame has no column `row`, or a row twice.
    """
    if "row" not in frame.columns:
        raise ModelError("a measures frame has a column `row`; this one does not")
    if frame["row"].n_unique() != len(frame):
        raise ModelError("a measures frame has every row once; this one repeats some")
    wanted = pl.DataFrame({"row": rows.astype(np.int64)})
    own = frame.with_columns(pl.col("row").cast(pl.Int64), pl.lit(True).alias("_is_there"))
    joined = wanted.join(own, on="row", how="left", maintain_order="left")
    names = [m.name for m in numbers_of(unit) if m.name in joined.columns]
    kinds = [name for name in CATEGORIES if name in joined.columns]
    is_claim = {name: joined.schema[name] == pl.Boolean for name in kinds}
    return Measured(
        unit=unit,
        n=rows.size,
        n_unmeasured=int(joined["_is_there"].null_count()),
        numbers={name: _numbers(joined[name]) for name in names},
        claims={name: _numbers(joined[name]) for name in kinds if is_claim[name]},
        words={
            name: joined[name].cast(pl.String).to_numpy().astype(object)
            for name in kinds
            if not is_claim[name]
        },
    )


def _numbers(column: pl.Series) -> Numbers:
    values: Numbers = np.array(column.cast(pl.Float64).fill_null(float("nan")).to_numpy())
    values[~np.isfinite(values)] = np.nan
    return values
