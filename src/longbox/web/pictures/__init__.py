"""Pictures of the web page: pages and panels as WebP, and pictures that people search with.

Whatever decodes a stranger's file runs in processes of its own with limits (`worker`, asked by
`workers`); what they made is kept on disk within a bound (`cache`). The routes are in `routes`.

The names are looked up when they are asked for: the picture processes import this package too, and
need neither the library nor the web framework.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from longbox.web.pictures.options import WIDTHS, PictureOptions
    from longbox.web.pictures.server import PictureRequest, PictureServer, Rendered
    from longbox.web.pictures.uploads import Upload, UploadStore

_FILES = {
    "WIDTHS": "options",
    "PictureOptions": "options",
    "PictureRequest": "server",
    "PictureServer": "server",
    "Rendered": "server",
    "Upload": "uploads",
    "UploadStore": "uploads",
}

__all__ = [
    "WIDTHS",
    "PictureOptions",
    "PictureRequest",
    "PictureServer",
    "Rendered",
    "Upload",
    "UploadStore",
]


def __getattr__(name: str) -> Any:
    if name not in _FILES:
        raise AttributeError(f"longbox.web.pictures has no {name}")
    return getattr(import_module(f"longbox.web.pictures.{_FILES[name]}"), name)
