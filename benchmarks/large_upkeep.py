"""What is done with a library of millions of panels beside searching it: browsing, maps, upkeep.

    python benchmarks/large_upkeep.py LIBRARY [--only PARTS]

LIBRARY was made by benchmarks/large_library.py, into whose JSON the figures go, one entry a size.
Every part is a process of its own; its peak is the most memory it held, memory-mapped pages
counted, so an upper bound.

browse    counts of every filter (facets) and the shelf's first page; the first of each makes what
          the others use
map       a map of all panels in one space: fitted on 30,000, 250,000 placed
sync      every known file is looked for; empty files are put where the catalog has them, and taken
          away again (the books of this library were never files)
export    books, pages, panels and texts as Parquet
rebuild   catalog and indexes from the stores alone; only when asked for by --only, as it takes
          as long as making the library
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from large_library import apart, keep
from longbox.analysis.maps import make_map
from longbox.library import BookSort, Filters, Library
from longbox.vectors import Space


def browse(root: Path) -> dict[str, float]:
    """Time facets and a page of the shelf, as the web page asks for them."""
    found: dict[str, float] = {}
    asked: dict[str, Callable[[Library], object]] = {
        "facets": lambda library: library.facets(),
        "facets of a decade": lambda library: library.facets(Filters(year_min=1980, year_max=1989)),
        "facets of a series": lambda library: library.facets(Filters(series="Series 0007")),
        "shelf": lambda library: library.books(),
        "shelf, a page further on": lambda library: library.books(offset=20_000),
        "shelf, newest first": lambda library: library.books(BookSort.NEWEST),
    }
    with Library.open(root, read_only=True) as library:
        for name, ask in asked.items():
            start = time.perf_counter()
            ask(library)
            found[f"{name}, ms"] = round(1e3 * (time.perf_counter() - start), 1)
    return found


def lay_out(root: Path) -> dict[str, float]:
    """Time a map in the picture space; it is not kept."""
    with Library.open(root) as library:
        start = time.perf_counter()
        made = make_map(library, Space.VISION)
        seconds = time.perf_counter() - start
    shutil.rmtree(root / "maps", ignore_errors=True)
    return {"s": round(seconds, 1), "points": made.rows.size, "panels": made.n_known}


def sync(root: Path) -> dict[str, float]:
    """Time a look at every known file."""
    with Library.open(root) as library:
        files = [Path(path) for path in library.known_files()]
        tops = {Path(*path.parts[:2]) for path in files}
        if any(top.exists() for top in tops):
            raise SystemExit(f"{sorted(tops)[0]} exists; this library's files would be put there")
        try:
            for path in files:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.touch()
            start = time.perf_counter()
            report = library.sync()
            seconds = time.perf_counter() - start
        finally:
            for top in tops:
                shutil.rmtree(top, ignore_errors=True)
    assert not report.missing
    return {"s": round(seconds, 2), "files": len(files)}


def export(root: Path) -> dict[str, float]:
    """Time an export to Parquet and weigh it."""
    with tempfile.TemporaryDirectory(dir=root.parent) as scratch:
        target = Path(scratch) / "tables"
        with Library.open(root, read_only=True) as library:
            start = time.perf_counter()
            library.export_parquet(target)
            seconds = time.perf_counter() - start
        n_bytes = sum(path.stat().st_size for path in target.rglob("*") if path.is_file())
    return {"s": round(seconds, 1), "gb": round(n_bytes / 1e9, 2)}


def rebuild(root: Path) -> dict[str, float]:
    """Time a rebuild in place."""
    start = time.perf_counter()
    report = Library.rebuild(root)
    seconds = time.perf_counter() - start
    return {"s": round(seconds, 1), "books": report.books}


PARTS: dict[str, Callable[[Path], dict[str, float]]] = {
    "browse": browse,
    "map": lay_out,
    "sync": sync,
    "export": export,
    "rebuild": rebuild,
}


def main() -> None:
    """Run the parts that are asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("library", type=Path)
    parser.add_argument("--only", nargs="*", choices=PARTS, default=[*PARTS][:-1])
    args = parser.parse_args()
    with Library.open(args.library, read_only=True) as library:
        n_panels = library.status().panels
    for name in args.only:
        found = apart(PARTS[name], args.library)
        print(f"{name}: {found}", flush=True)
        keep(n_panels, {name: found})


if __name__ == "__main__":
    main()
