"""Is a library as it should be? Everything that can be told from the folder alone.

Nothing is changed, and a library that is too damaged to open is checked all the same. Every store
and segment is read once; what a person has to know is in the report, one line a finding, each
saying what is wrong and what to do about it.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Final

from longbox.errors import LibraryError
from longbox.library.catalog import CATALOG_NAME
from longbox.library.catalog_check import check_catalog, open_for_reading
from longbox.library.catalog_errors import explain
from longbox.library.corrections import CORRECTIONS_NAME
from longbox.library.disks import network_note
from longbox.library.file_check import check_derived, check_leftovers, check_typed, kept_aside
from longbox.library.findings import CheckReport, Finding
from longbox.library.opening import has_stores
from longbox.library.row_check import check_rows
from longbox.library.segment_check import check_segments
from longbox.library.store_check import KnownStores, check_stores, store_folders, store_names

_MARKS: Final = (CATALOG_NAME, CORRECTIONS_NAME, "searches.json", "books")


def check_library(
    root: Path, *, is_deep: bool = False, progress: Callable[[int, int], None] | None = None
) -> CheckReport:
    """Look for everything in a library that is damaged, lost, left over, or of another format.

    Args:
        root: The library's folder.
        is_deep: Also decode every store, and hold every index entry against its row.
        progress: Called with files read and files to read.

    Raises:
        LibraryError: There is no library, or its folder cannot be listed.
    """
    if not has_stores(root) and not any((root / name).exists() for name in _MARKS):
        raise LibraryError(f"{root}: no library here; make one with `longbox index FOLDER`")
    catalog = check_catalog(root, is_deep=is_deep)
    findings, notes = [*catalog.findings], [*catalog.notes, *network_note(root)]
    with ExitStack() as stack:
        connection = None
        if catalog.is_usable:
            connection = stack.enter_context(closing(open_for_reading(root / CATALOG_NAME)))
        known = KnownStores(connection)
        folders = store_folders(root, known)
        total = sum(len(store_names(root, folder)) for folder in folders)
        counter = _Counter(total, progress or _quiet)
        try:
            findings += check_stores(root, known, is_deep=is_deep, tell=counter)
            if connection is not None:
                findings += check_segments(root, connection, counter)
                findings += check_rows(root, connection) if is_deep else ()
        except sqlite3.Error as error:
            raise explain(error, root / CATALOG_NAME) from error
    findings += check_typed(root)
    findings += check_derived(root, is_deep=is_deep, tell=counter)
    findings += check_leftovers(root)
    unique = {finding.file: finding for finding in reversed(findings)}
    return CheckReport(
        tuple(sorted(unique.values(), key=_place)),
        (*notes, *kept_aside(root)),
        counter.n_files,
        counter.size_bytes,
    )


class _Counter:
    """Counts what was read, and tells of it."""

    def __init__(self, total: int, progress: Callable[[int, int], None]) -> None:
        self._total = total
        self._progress = progress
        self.n_files = 0
        self.size_bytes = 0

    def __call__(self, size_bytes: int) -> None:
        self.n_files += 1
        self.size_bytes += size_bytes
        self._progress(self.n_files, max(self._total, self.n_files))


def _place(finding: Finding) -> tuple[bool, str]:
    return finding.file != CATALOG_NAME, finding.file  # the catalog first: all else hangs on it


def _quiet(_done: int, _total: int) -> None:
    return
