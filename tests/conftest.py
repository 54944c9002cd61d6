"""What every test may ask for."""

from __future__ import annotations

import ast
import gc
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest

from loaded_once import loaded_once

REPOSITORY = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def comics_dir() -> Path:
    """The folder of real comics beside the repository; tests that need it skip without it."""
    folder = REPOSITORY.parent / "shared" / "comics"
    if not (folder / "index.jsonl").is_file():
        pytest.skip("the real comics are not beside this checkout")
    return folder


@pytest.fixture(autouse=True)
def _own_user_folders(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No test sees or changes the library of the person who runs it."""
    monkeypatch.setenv("LONGBOX_LIBRARY", str(tmp_path_factory.getbasetemp() / "no-library"))
    monkeypatch.delenv("LONGBOX_CONFIG", raising=False)


@pytest.fixture(scope="session", autouse=True)
def _models_loaded_once() -> Iterator[None]:
    """Runs in this process share the networks; where nothing is indexed, nothing is imported."""
    with loaded_once() if "longbox.pipeline" in sys.modules else nullcontext():
        yield


@pytest.fixture(scope="session", autouse=True)
def _nothing_waits_for_the_disk() -> Iterator[None]:
    """Leave out waiting until what is written has reached the disk: ten thousand times a run.

    What a process wrote is there for every other one, also when it is killed. Only a power cut
    would tell, and no test pulls the plug; those that ask whether a file is synced put their own
    `os.fsync` in this place. Processes that tests start do wait.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda _: None)
        yield


@pytest.fixture(scope="session", autouse=True)
def _sources_parsed_without_collecting() -> Iterator[None]:
    """Keep CPython 3.11 from failing while it parses, where servers run in threads of the tests.

    Before 3.11.9 every parser of a process counts in one place (gh-106905): a collection in the
    middle of `ast.parse` lets another thread parse, and the first fails with a SystemError about
    its recursion depth. pytest parses to show a failure, hypothesis to read a test, and both then
    fail for no fault of the test.
    """
    with pytest.MonkeyPatch.context() as patch:
        if sys.version_info < (3, 11, 9):
            patch.setattr(ast, "parse", _undisturbed(ast.parse))
        yield


def _undisturbed(parse: Callable[..., Any]) -> Callable[..., Any]:
    def parsed(*words: Any, **named: Any) -> Any:
        was_collecting = gc.isenabled()
        gc.disable()
        try:
            return parse(*words, **named)
        except SystemError:  # another thread turned collecting on again
            return parse(*words, **named)
        finally:
            if was_collecting:
                gc.enable()

    return parsed
