"""Every address of the web page is made here, so that templates and JSON never spell one.

People count pages and panels from 1, so addresses of pages that people see do too; addresses of
pictures and of the API count from 0, as the nouns do.
"""

from __future__ import annotations

import hashlib
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable
from urllib.parse import quote, urlencode

from longbox.book import PanelId

STATIC_PREFIX = "/static"
PICTURE_WIDTHS = (160, 320, 640, 1280, 1920)


def shelf_address(**query: str) -> str:
    """Return the address of the shelf."""
    return _with_query("/", query)


def search_address(**query: str | list[str]) -> str:
    """Return the address of a search; its keys are those of `longbox.web.search`."""
    return _with_query("/search", query)


def book_address(book_id: str) -> str:
    """Return the address of a book's own page."""
    return f"/book/{book_id}"


def read_address(
    book_id: str, page_index: int | None = None, view: str = "", panel: int | None = None
) -> str:
    """Return the address where a book is read, at a page and a panel counted from 0."""
    query = {
        "page": "" if page_index is None else str(page_index + 1),
        "view": view,
        "panel": "" if panel is None else str(panel + 1),
    }
    return _with_query(f"/read/{book_id}", query)


def panel_address(panel_id: PanelId | str) -> str:
    """Return the address of a panel's own page."""
    return f"/panel/{panel_id}"


def correct_address(book_id: str, page_index: int, queue: str = "") -> str:
    """Return the address where a page (counted from 0) is put right; `queue` leads on from it."""
    return _with_query(f"/correct/{book_id}/{page_index + 1}", {"queue": queue})


def history_address(book_id: str, offset: int = 0) -> str:
    """Return the address of what people said of a book."""
    return _with_query(f"/correct/{book_id}", {"offset": str(offset) if offset else ""})


def review_address(reason: str = "", offset: int = 0, *, with_reviewed: bool = False) -> str:
    """Return the address of the review queue, from an offset on."""
    query = {
        "offset": str(offset) if offset else "",
        "reason": reason,
        "reviewed": "1" if with_reviewed else "",
    }
    return _with_query("/review", query)


def study_address(study_id: str = "", **query: str) -> str:
    """Return the address of a study, or of all of them and of what can be asked."""
    return _with_query(f"/study/{study_id}" if study_id else "/study", query)


def report_address(name: str) -> str:
    """Return the address of a file of the library's report."""
    return f"/study/report/{quote(name, safe='')}"


def reading_address(book_id: str, beside: str = "") -> str:
    """Return the address where a book is studied along its pages, perhaps beside another."""
    return _with_query(f"/book/{book_id}/reading", {"beside": beside})


def page_picture(book_id: str, page_index: int, width_px: int) -> str:
    """Return the address of a page's picture; the width is one of PICTURE_WIDTHS."""
    return f"/pictures/page/{book_id}/{page_index}/{width_px}.webp"


def panel_picture(panel_id: PanelId | str, width_px: int) -> str:
    """Return the address of a panel's crop; the width is one of PICTURE_WIDTHS."""
    return f"/pictures/panel/{panel_id}/{width_px}.webp"


def query_picture(picture_id: str) -> str:
    """Return the address of a picture that somebody searches with."""
    return f"/pictures/query/{picture_id}.webp"


def opds_address(*parts: str, **query: str | list[str]) -> str:
    """Return an address of the OPDS catalogue: its root, or what the parts below it name."""
    path = "/".join(("/opds", *(quote(part, safe="") for part in parts)))
    return _with_query(path, query)


def static_address(path: str) -> str:
    """Return the address of a script, style or font; it changes when any of them does."""
    return f"{STATIC_PREFIX}/{static_version()}/{path}"


@cache
def static_version() -> str:
    """Return a short hash of all static files: their addresses may be kept for ever."""
    found = hashlib.sha256()
    for name, content in sorted(_contents(resources.files("longbox.web") / "static", "")):
        found.update(f"{name}\n{len(content)}\n".encode())
        found.update(content)
    return found.hexdigest()[:12]


def _contents(folder: Traversable, prefix: str) -> list[tuple[str, bytes]]:
    found: list[tuple[str, bytes]] = []
    for entry in folder.iterdir():
        name = f"{prefix}{entry.name}"
        if entry.is_dir():
            found += _contents(entry, f"{name}/")
        else:
            found.append((name, entry.read_bytes()))
    return found


def _with_query(path: str, query: dict[str, str] | dict[str, str | list[str]]) -> str:
    filled = {key: value for key, value in query.items() if value}
    return f"{path}?{urlencode(filled, doseq=True)}" if filled else path
