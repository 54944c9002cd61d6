"""The web page: search, read and correct in a browser, and the same as an API.

`create_app` makes the application of one library, `Server` listens. A folder in here is a part of
the page: its routes, and what only they need; its templates and scripts have the same name.

The names are looked up when they are asked for: processes that render pictures or do a job import
this package too, and need no web framework.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from longbox.web.app import create_app
    from longbox.web.heap import keep_heap_small
    from longbox.web.options import WebOptions
    from longbox.web.serving import Server

_FILES = {
    "Server": "serving",
    "WebOptions": "options",
    "create_app": "app",
    "keep_heap_small": "heap",
}

__all__ = ["Server", "WebOptions", "create_app", "keep_heap_small"]


def __getattr__(name: str) -> Any:
    if name not in _FILES:
        raise AttributeError(f"longbox.web has no {name}")
    return getattr(import_module(f"longbox.web.{_FILES[name]}"), name)
