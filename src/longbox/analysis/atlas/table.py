"""The table that Embedding Atlas opens: a row a panel or page, with its place on the map.

Places are those of the library's kept map (one is made where there is none, or where the kept one
no longer fits the library), so that the atlas shows what the page of `longbox serve` shows, and no
model is asked for anything. The columns are the measures of `longbox.analysis.measures` and what
this module adds:

| column | what |
|---|---|
| x, y | place on the map, -1 to 1 |
| map_cluster | the map's cluster in the space itself, "0" the largest |
| id | of the panel, or of the page: book and page index |
| where | title, page and panel for people |
| text | the lettering, one region a line; empty where there is none (a null would be a word) |
| description | what a model wrote about it; empty where nothing did |
| neighbours | the nearest in the space: row numbers and distances; only in small tables |
| picture | JPEG bytes; null where the picture could not be read; only in small tables |

Neighbours are compared all with all, and a picture means opening the comic's file: both are made up
to a number of rows that takes seconds, and left out above it.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from longbox.analysis.maps import LibraryMap, make_map, show_map
from longbox.analysis.measures import page_measures, panel_measures
from longbox.analysis.units import Sampling, Tell, Unit, gather_units, unheard
from longbox.errors import ComicError, ConfigError, LibraryError
from longbox.library import Library, PanelRecord
from longbox.pipeline import page_pixels
from longbox.vectors import Metric, Space, metric_of

if TYPE_CHECKING:
    from longbox.config import Config

_CHUNK: Final = 2_000
# The atlas draws charts in this order; what is another value in every row makes none worth seeing.
_FIRST: Final = ("picture", "text", "map_cluster", "page_type", "series", "title", "n_panels")
_LAST: Final = ("where", "id", "book_id", "row", "x", "y", "description", "neighbours")


@dataclass(frozen=True, slots=True)
class AtlasOptions:
    """What goes into the table.

    Attributes:
        n_neighbours: Nearest others of each; 0 leaves the column out.
        most_compared: Neighbours are found in tables of at most so many rows: all are compared.
        picture_side_px: Longer side of a picture.
        most_pictures: Pictures are put into tables of at most so many rows; a page is decoded in
            some 30 ms. 0 leaves the column out.
    """

    n_neighbours: int = 15
    most_compared: int = 20_000
    picture_side_px: int = 192
    most_pictures: int = 2_000

    def __post_init__(self) -> None:
        if min(self.n_neighbours, self.most_compared, self.most_pictures) < 0:
            raise ConfigError("numbers of neighbours and pictures are 0 or more")
        if self.picture_side_px < 16:
            raise ConfigError(
                f"a picture of {self.picture_side_px} px shows nothing; use 16 or more"
            )


def atlas_table(
    library: Library,
    space: Space,
    unit_of: Unit = Unit.PANELS,
    config: Config | None = None,
    options: AtlasOptions = AtlasOptions(),
    tell: Tell | None = None,
) -> pl.DataFrame:
    """Gather the panels or pages of a library with their places on its map.

    Args:
        library: Open; where it has no map in this space, its folder must be writable.
        space: Whose map.
        unit_of: What a row is.
        config: For opening comic files; no pictures without it.
        options: What goes in.
        tell: Called with what is done, how much and of how much.

    Returns:
        The columns of the measures and those of this module, by rising `row`.

    Raises:
        QueryError: The library has no vectors in this space.
        LibraryError: There is no map and the library is read-only, or it cannot be read.
    """
    say = tell or unheard
    shown = _map_of(library, space, unit_of, say)
    measured = page_measures if unit_of is Unit.PAGES else panel_measures
    places = pl.DataFrame(
        {
            "row": shown.rows,
            "x": shown.places[:, 0],
            "y": shown.places[:, 1],
            "map_cluster": [str(number) for number in shown.clusters.tolist()],
        },
        schema_overrides={"map_cluster": pl.String},
    )
    frame = measured(library, shown.rows).join(places, on="row", how="inner").sort("row")
    frame = _with_words(library, frame, unit_of, say)
    if 0 < frame.height <= options.most_compared and options.n_neighbours:
        frame = _with_neighbours(library, frame, space, unit_of, options)
    if config is not None and 0 < frame.height <= options.most_pictures:
        frame = _with_pictures(library, frame, unit_of, (config, options.picture_side_px), say)
    first = [name for name in _FIRST if name in frame.columns]
    last = [name for name in _LAST if name in frame.columns]
    return frame.select(*first, pl.exclude(*first, *last), *last)


def _map_of(library: Library, space: Space, unit_of: Unit, say: Tell) -> LibraryMap:
    shown = show_map(library, space, unit_of)
    if shown is not None and (library.is_read_only or not shown.is_stale):
        return shown.map
    if library.is_read_only:
        raise LibraryError(
            f"{library.root}: has no map of {unit_of} in the {space} space, and it is read-only; "
            "make the map where the library can be written"
        )
    return make_map(library, space, unit_of, tell=say)


def _with_words(library: Library, frame: pl.DataFrame, unit_of: Unit, say: Tell) -> pl.DataFrame:
    """Add names, lettering and descriptions."""
    rows = frame["row"].to_numpy()
    n_panels = (
        frame["n_panels"].to_numpy().astype(np.int64)
        if unit_of is Unit.PAGES
        else np.ones(rows.size, np.int64)
    )
    ids, wheres, texts, descriptions = [], [], [], []
    done = 0
    for records in _records(library, rows, n_panels):
        first = records[0]
        where = f"{first.title}, page {first.page_index + 1}"
        if unit_of is Unit.PAGES:
            ids.append(f"{first.book_id}-{first.page_index:04d}")
        else:
            ids.append(str(first.panel_id))
            where += f", panel {first.panel + 1}"
        wheres.append(where)
        texts.append("\n".join(r.text for r in records if r.text))
        descriptions.append("\n".join(r.description for r in records if r.description))
        done += 1
        if done % _CHUNK == 0 or done == rows.size:
            say("words", done, int(rows.size))
    if done != rows.size:
        raise LibraryError("the library changed while it was looked at; ask again")
    return frame.with_columns(
        pl.Series("id", ids, dtype=pl.String),
        pl.Series("where", wheres, dtype=pl.String),
        pl.Series("text", texts, dtype=pl.String),
        pl.Series("description", descriptions, dtype=pl.String),
    )


def _records(
    library: Library, rows: NDArray[np.int64], n_panels: NDArray[np.int64]
) -> Iterator[list[PanelRecord]]:
    """Yield the records of each unit's panels; a unit that went away yields nothing."""
    for start in range(0, rows.size, _CHUNK):
        part = slice(start, start + _CHUNK)
        wanted = [
            row + i
            for row, n in zip(rows[part].tolist(), n_panels[part].tolist(), strict=True)
            for i in range(n)
        ]
        found = {record.row: record for record in library.panel_records(wanted)}
        for row, n in zip(rows[part].tolist(), n_panels[part].tolist(), strict=True):
            records = [found[row + i] for i in range(n) if row + i in found]
            if records:
                yield records


def _with_neighbours(
    library: Library, frame: pl.DataFrame, space: Space, unit_of: Unit, options: AtlasOptions
) -> pl.DataFrame:
    from sklearn.neighbors import NearestNeighbors

    units = gather_units(library, space, unit_of, sampling=Sampling(max(1, options.most_compared)))
    rows = frame["row"].to_numpy()
    k = min(options.n_neighbours, rows.size - 1)
    if k < 1 or not np.isin(rows, units.rows).all():
        return frame  # one alone, or a book was merged again meanwhile
    vectors = units.vectors[np.searchsorted(units.rows, rows)]  # (N, D)
    metric = "cosine" if metric_of(space) is Metric.COSINE else "euclidean"
    search = NearestNeighbors(n_neighbors=k, algorithm="brute", metric=metric).fit(vectors)
    distances, ids = search.kneighbors()  # (N, k), without the row itself
    column = pl.Series(
        "neighbours",
        [{"ids": i, "distances": d} for i, d in zip(ids.tolist(), distances.tolist(), strict=True)],
        dtype=pl.Struct({"ids": pl.List(pl.Int64), "distances": pl.List(pl.Float64)}),
    )
    return frame.with_columns(column)


def _with_pictures(
    library: Library,
    frame: pl.DataFrame,
    unit_of: Unit,
    how: tuple[Config, int],
    say: Tell,
) -> pl.DataFrame:
    config, side_px = how
    records = library.panel_records(frame["row"].to_list())
    found: dict[int, bytes] = {}
    done = 0
    for _, page in groupby(records, key=lambda r: (r.book_id, r.page_index)):
        panels = list(page)
        try:
            pixels = page_pixels(panels[0], config)
        except ComicError:
            continue  # the file moved or its drive is away: no picture
        finally:
            done += len(panels)
            say("pictures", done, frame.height)
        for panel in panels:
            part = pixels if unit_of is Unit.PAGES else _cut(pixels, panel)
            found[panel.row] = _jpeg(part, side_px)
    return frame.with_columns(
        pl.Series("picture", [found.get(row) for row in frame["row"]], dtype=pl.Binary)
    )


def _cut(pixels: NDArray[np.uint8], record: PanelRecord) -> NDArray[np.uint8]:
    from longbox.encoders import crop_panel

    return crop_panel(pixels, record.box)


def _jpeg(pixels: NDArray[np.uint8], side_px: int) -> bytes:
    from PIL import Image

    picture = Image.fromarray(pixels)
    picture.thumbnail((side_px, side_px), Image.Resampling.BILINEAR)
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=80)
    return out.getvalue()
