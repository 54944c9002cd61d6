"""What ships with Longbox is loaded once a test process, not once a run.

A run in this process opens networks of its own, as it should; in a suite that makes hundreds of
tiny libraries that is most of the time. Here the stages, the encoders and the panel model of the
package are kept and lent again. What a test asks of the loading itself (other folders, caches,
damaged files, another number of threads) goes the real way: only the same request is lent again,
and only to the package; a test that calls a loader itself gets the real one.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest


class _Kept:
    """Lends what was loaded for the same request."""

    def __init__(self, load: Callable[..., Any], request: Callable[..., Hashable | None]) -> None:
        self._load, self._request = load, request
        self._loaded: dict[Hashable, Any] = {}

    def __call__(self, *words: Any, **named: Any) -> Any:
        request = self._request(*words, **named)
        if request is None:
            return self._load(*words, **named)
        if request not in self._loaded:
            self._loaded[request] = self._load(*words, **named)
        return self._loaded[request]


def _stages(config: Any, n_threads: int) -> Hashable:
    return config, n_threads


def _page_stages(config: Any, n_threads: int, clock: Any = None) -> Hashable | None:
    return None if clock is not None else (config, n_threads)


def _encoder(name: str = "", *, n_threads: int = 1, cache: Path | None = None) -> Hashable | None:
    return None if cache is not None or name.startswith("hf:") else (name, n_threads)


def _panel_model(root: Path | None = None, n_threads: int = 2) -> Hashable | None:
    has_own = root is not None and (root / "models").is_dir()
    return None if has_own else n_threads


@contextmanager
def loaded_once() -> Iterator[None]:
    """Let the package's modules share what they load; the pipeline must be imported already."""
    from longbox.encoders import choose
    from longbox.pipeline import books, pages, panel_model

    kept = [
        (books.BookStages, _stages, books.__name__),
        (pages.PageStages, _page_stages, pages.__name__),
        (choose.picture_encoder, _encoder, ""),
        (choose.sentence_encoder, _encoder, ""),
        (panel_model.open_panel_model, _panel_model, ""),
    ]
    with pytest.MonkeyPatch.context() as patch:
        for loader, request, home in kept:
            lender, name = _Kept(loader, request), loader.__name__
            for module in [m for n, m in sys.modules.items() if n.startswith("longbox.")]:
                if module.__name__ != home and vars(module).get(name) is loader:
                    patch.setattr(module, name, lender)
        yield
