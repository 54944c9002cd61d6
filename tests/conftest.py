"""What every test may ask for."""

from __future__ import annotations

from pathlib import Path

import pytest

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
