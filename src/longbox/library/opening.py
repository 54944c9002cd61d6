"""Whether a library folder can be opened as it is."""

from __future__ import annotations

from pathlib import Path

from longbox.errors import LibraryError
from longbox.library.catalog import FORMAT, Catalog, foreign_schema, refuse_newer
from longbox.library.stores import BOOKS_NAME, STORE_SUFFIX


def refuse_unusable(catalog: Catalog, root: Path) -> None:
    """Refuse a catalog that is lost, empty beside stores, newer, old and read-only, or foreign.

    Raises:
        LibraryError: It cannot be used; the message says what to do.
    """
    path = catalog.path
    if not path.is_file() and (catalog.read_only or has_stores(root)):
        raise LibraryError(f"{path}: the catalog is gone; run `longbox library rebuild`")
    version = catalog.format()
    refuse_newer(path, version)
    with catalog.guarded() as connection:
        odd = foreign_schema(connection)
    if odd is not None:
        raise LibraryError(
            f"{path}: holds a trigger or view ({odd}) that no Longbox made, so it is not used; run "
            "`longbox library rebuild`, which makes the catalog anew"
        )
    if version == 0 and has_stores(root):
        raise LibraryError(f"{path}: the catalog is empty; run `longbox library rebuild`")
    if version < FORMAT and catalog.read_only:
        raise LibraryError(
            f"{path}: library format {version} is old; open it once for writing to bring it to "
            f"{FORMAT}"
        )


def has_stores(root: Path) -> bool:
    """Say whether the library has books on disk."""
    folder = root / BOOKS_NAME
    return folder.is_dir() and any(p.name.endswith(STORE_SUFFIX) for p in folder.iterdir())
