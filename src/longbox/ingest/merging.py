"""One Metadata from several sources, in order of trust: ComicInfo.xml, EPUB, file name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from longbox.book import Metadata
from longbox.ingest.filename import parse_name


def name_metadata(path: Path) -> Metadata:
    """Return what a file's name says; a series it lacks is that of the folder above."""
    is_folder = path.is_dir()
    absolute = path.absolute()
    named = parse_name(absolute.name if is_folder else absolute.stem)
    is_part = named.number is not None or named.volume is not None
    if named.series is None and is_part and absolute.parent.name:
        above = parse_name(absolute.parent.name)
        named = replace(named, series=above.series, year=named.year or above.year)
    return named


def merge_metadata(found: Sequence[Metadata], named: Metadata) -> Metadata:
    """Fill gaps of the better source from the next one, field by field.

    The file name comes last. Once another source gives a title or series, the name no longer
    gives either, and it gives a number only for the same series: names lie more often than tags.
    """
    sources = [metadata for metadata in found if metadata.sources]
    title = next((metadata.title for metadata in sources if metadata.title), None)
    series = next((metadata.series for metadata in sources if metadata.series), None)
    if title or series:
        is_same = bool(series and named.series and series.casefold() == named.series.casefold())
        number = named.number if is_same else None
        named = replace(
            named, title=None, series=None, number=number, volume=named.volume if is_same else None
        )
    merged = Metadata()
    for metadata in [*sources, named]:
        gaps = {
            name: getattr(metadata, name)
            for name in Metadata.__dataclass_fields__
            if name != "sources" and getattr(merged, name) in (None, ())
        }
        merged = replace(merged, **gaps, sources=(*merged.sources, *metadata.sources))
    return merged
