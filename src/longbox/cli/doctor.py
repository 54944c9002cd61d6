"""`longbox doctor`: is everything there that Longbox needs, and what to do where it is not."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from longbox.cli.terminal import (
    JsonOption,
    LibraryOption,
    library_root,
    open_library,
    print_json,
    results,
)
from longbox.config import Config, load_config
from longbox.errors import LongboxError, QueryError

# Below this, indexing a shelf may fill the disk: a library takes 3 to 9 KB a panel
# (benchmarks/index_shelf.py, benchmarks/search.py), and the system needs room of its own.
_LOW_DISK_BYTES = 2_000_000_000


@dataclass(frozen=True, slots=True)
class Check:
    """One finding; a missing optional part is not ok but not serious either."""

    name: str
    is_ok: bool
    is_serious: bool
    detail: str


def doctor(
    library: LibraryOption = None,
    model: Annotated[
        bool,
        typer.Option("--model", help="Judge the library's vectors instead: are they healthy?"),
    ] = False,
    report: Annotated[
        Path | None,
        typer.Option(help="With --model: also write the findings as an HTML page.", metavar="HTML"),
    ] = None,
    history: Annotated[
        Path | None,
        typer.Option(help="With --model: a training run's folder or history.jsonl to judge too."),
    ] = None,
    json: JsonOption = False,
) -> None:
    """Check programs, models and the library; say what to do about what is missing.

    With --model, judge the vectors of every space: spread, rank, hubs, what a page shares.
    """
    if model:
        from longbox.cli.doctor_model import judge_model

        judge_model(library, report, history, as_json=json)
        return
    if report is not None or history is not None:
        raise QueryError("--report and --history judge a model; add --model")
    checks = list(_checks(library_root(library)))
    if json:
        print_json(checks)
    else:
        for check in checks:
            mark, style = _mark(check)
            results.print(f"{mark:>8}  {check.name}: {check.detail}", style=style, markup=False)
    if any(c.is_serious and not c.is_ok for c in checks):
        raise typer.Exit(1)


def _mark(check: Check) -> tuple[str, str]:
    if check.is_ok:
        return "ok", "default"
    return ("PROBLEM", "red") if check.is_serious else ("missing", "yellow")


def _checks(root: Path) -> Iterator[Check]:
    version = ".".join(str(v) for v in sys.version_info[:3])
    yield Check("Python", sys.version_info >= (3, 11), True, version)
    yield from _format_checks()
    try:
        config = load_config(library=root if root.is_dir() else None)
    except LongboxError as error:
        yield Check("settings", False, True, str(error))
        config = Config()
    yield _try("picture encoder", lambda: _load_pictures(config))
    yield _try("sentence encoder", lambda: _load_sentences(config))
    yield _try("lettering", lambda: _read_lettering(config))
    yield _disk_check(root)
    if root.is_dir():
        yield _try("library", lambda: _open_library(root))
    else:
        yield Check("library", False, False, f"none at {root} yet; `longbox index FOLDER` makes it")


def _format_checks() -> Iterator[Check]:
    from longbox.ingest import check_programs

    for program in check_programs():
        yield Check(program.name, program.is_present, False, program.detail)


def _try(name: str, action: Callable[[], str]) -> Check:
    try:
        return Check(name, True, True, action())
    except LongboxError as error:
        return Check(name, False, True, str(error))


def _load_pictures(config: Config) -> str:
    from longbox.encoders import picture_encoder

    encoder = picture_encoder(config.encoders.picture)
    return f"{encoder.fingerprint}, {encoder.dimension} numbers"


def _load_sentences(config: Config) -> str:
    from longbox.encoders import sentence_encoder

    encoder = sentence_encoder(config.encoders.sentence)
    return f"{encoder.fingerprint}, {encoder.dimension} numbers"


def _read_lettering(config: Config) -> str:
    import numpy as np

    from longbox.book import Direction
    from longbox.text import TextReader

    blank = np.full((320, 240, 3), 255, np.uint8)
    TextReader(config.text).read_page(blank, (), Direction.LTR)
    return f"{config.text.engine} works"


def _disk_check(root: Path) -> Check:
    there = next(p for p in [root, *root.parents] if p.exists())
    free = shutil.disk_usage(there).free
    return Check("disk", free > _LOW_DISK_BYTES, False, f"{free / 1e9:.1f} GB free at {there}")


def _open_library(root: Path) -> str:
    with open_library(root) as opened:
        found = opened.status()
    return f"{found.books} books, {found.panels} panels, {len(found.problems)} problems on record"
