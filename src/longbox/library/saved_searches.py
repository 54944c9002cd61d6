"""Searches that people keep: `searches.json`, beside their corrections.

What people type is derived from nothing, so it is no table of the catalog: a rebuild does not see
it. The file is replaced as a whole, written beside it, synced and renamed, by one writer at a time
(the lock of corrections). A file that cannot be read is an error and never taken for "none": the
next save would lose what it holds.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from longbox.errors import DiskError, LibraryError, NewerFormatError
from longbox.library.corrections import (
    digest_of,
    replace_file,
    require_digest,
    writers_turn,
)
from longbox.library.shelf_records import SavedSearch
from longbox.library.stores import disk_errors

SEARCHES_NAME: Final = "searches.json"
SEARCHES_FORMAT: Final = 1
_MOST_SEARCHES: Final = 1_000
_LONGEST_NAME: Final = 200
_LONGEST_QUERY: Final = 8_000
_MOST_BYTES: Final = 64 * 2**20
_FIELDS: Final = ("search_id", "name", "query", "saved_at")


def read_searches(root: Path) -> tuple[SavedSearch, ...]:
    """Return the searches that were saved, oldest first.

    Raises:
        LibraryError: The file is damaged or of a newer format.
    """
    path = root / SEARCHES_NAME
    try:
        size_bytes = path.stat().st_size
        if size_bytes > _MOST_BYTES:
            raise _damaged(path, f"it has {size_bytes / 2**20:,.0f} MiB")
        data = path.read_bytes()
    except FileNotFoundError:
        return ()
    except OSError as error:
        raise DiskError(
            f"{path}: cannot be read ({error.strerror}); check the disk and run again"
        ) from error
    try:
        whole = json.loads(data)
        if int(whole["format"]) > SEARCHES_FORMAT:
            raise NewerFormatError(f"{path}: made by a newer Longbox; upgrade Longbox")
        found = tuple(_search(record) for record in whole["searches"])
        require_digest(path, whole, whole["searches"])
    except KeyError as error:
        raise _damaged(path, f"it has no {error.args[0]}") from error
    except (ValueError, TypeError, OverflowError, RecursionError) as error:
        raise _damaged(path, str(error)) from error
    if len({search.search_id for search in found}) < len(found):
        raise _damaged(path, "two searches have one id")
    return found


def save_search(root: Path, name: str, query: str) -> SavedSearch:
    """Keep a search behind those there are; one that is there to the letter is not kept twice.

    Raises:
        LibraryError: Name or query is unusable, there are too many, or the disk refuses.
    """
    name, query = _checked("name", " ".join(name.split()), _LONGEST_NAME), query.strip()
    _checked("query", query, _LONGEST_QUERY)
    with writers_turn(root):
        known = read_searches(root)
        for search in known:
            if (search.name, search.query) == (name, query):
                return search
        if len(known) >= _MOST_SEARCHES:
            raise LibraryError(f"{_MOST_SEARCHES:,} searches are saved; remove some to save more")
        made_at = datetime.now(UTC).isoformat(timespec="seconds")
        made = SavedSearch(uuid.uuid4().hex[:12], name, query, made_at)
        _write(root, (*known, made))
    return made


def remove_search(root: Path, search_id: str) -> bool:
    """Forget a search; return whether there was one of this id.

    Raises:
        LibraryError: The file is damaged, or the disk refuses.
    """
    with writers_turn(root):
        known = read_searches(root)
        kept = tuple(search for search in known if search.search_id != search_id)
        if len(kept) < len(known):
            _write(root, kept)
    return len(kept) < len(known)


def add_searches(root: Path, searches: Sequence[SavedSearch]) -> int:
    """Take searches back that were saved before; return how many were new.

    One that is there under its id, or to the letter, is not added.

    Raises:
        LibraryError: A search is unusable, there are too many, or the disk refuses.
    """
    for search in searches:
        _search(asdict(search))
    with writers_turn(root):
        known = list(read_searches(root))
        n_before = len(known)
        for search in searches:
            taken = {s.search_id for s in known} | {(s.name, s.query) for s in known}
            if search.search_id not in taken and (search.name, search.query) not in taken:
                known.append(search)
        if len(known) > _MOST_SEARCHES:
            raise LibraryError(f"{_MOST_SEARCHES:,} searches are saved; remove some to save more")
        if len(known) > n_before:
            _write(root, tuple(known))
    return len(known) - n_before


def replace_damaged_searches(root: Path) -> int:
    """Put what can be read of a damaged file in its place; return how many searches that is.

    In the turn of the writer alone, and after the damaged file was kept elsewhere.

    Raises:
        LibraryError: The file cannot be read at all, or the disk refuses; it is as it was.
    """
    searches = _salvaged(root)
    _write(root, searches)
    return len(searches)


def _salvaged(root: Path) -> tuple[SavedSearch, ...]:
    """Return what can still be read of a damaged file of searches, oldest first."""
    path = root / SEARCHES_NAME
    with disk_errors(path):
        text = path.read_bytes().decode("utf-8", "replace")
    found: dict[str, SavedSearch] = {}
    decoder, at = json.JSONDecoder(), text.find("[")
    while (at := text.find("{", at + 1)) > 0:
        try:
            record, end = decoder.raw_decode(text, at)
            search = _search(record)
        except (ValueError, TypeError, KeyError, RecursionError):
            continue
        found.setdefault(search.search_id, search)
        at = end - 1
    return tuple(found.values())


def _write(root: Path, searches: tuple[SavedSearch, ...]) -> None:
    records = [asdict(search) for search in searches]
    whole = {
        "format": SEARCHES_FORMAT,
        "kind": "longbox searches",
        "sha256": digest_of(records),
        "searches": records,
    }
    data = json.dumps(whole, ensure_ascii=True, indent=1).encode("ascii")
    replace_file(root, root / SEARCHES_NAME, data)


def _search(record: dict[str, Any]) -> SavedSearch:
    values = [record[field] for field in _FIELDS]
    if not all(isinstance(value, str) for value in values):
        raise ValueError("a search is not made of texts")
    search_id, name, query, saved_at = values
    if len(search_id) != 12 or not set(search_id) <= set("0123456789abcdef"):
        raise ValueError("an id is not 12 hex digits")
    try:
        _checked("name", name, _LONGEST_NAME)
        _checked("query", query, _LONGEST_QUERY)
    except LibraryError as error:
        raise ValueError(str(error)) from error
    return SavedSearch(search_id, name, query, saved_at)


def _checked(what: str, text: str, most: int) -> str:
    if not text or len(text) > most:
        raise LibraryError(f"the {what} of a search must have 1 to {most:,} characters")
    if any(ord(c) < 32 or 0x7F <= ord(c) < 0xA0 or 0xD800 <= ord(c) < 0xE000 for c in text):
        raise LibraryError(f"the {what} of a search holds a character that is no text")
    return text


def _damaged(path: Path, reason: str) -> LibraryError:
    reason = " ".join(reason.split())[:200]
    return LibraryError(
        f"{path}: damaged saved searches ({reason}); put back a copy of the file, or move it away "
        "to go on without them"
    )
