"""The notebooks in examples/ run from the first cell to the last, on a small drawn shelf."""

from __future__ import annotations

import warnings
from pathlib import Path

import nbformat
import numpy as np
import pytest

from longbox.library import Library
from numbered_libraries import put

EXAMPLES = Path(__file__).parents[2] / "examples"
NOTEBOOKS = sorted(EXAMPLES.glob("*.ipynb"))


def test_there_are_notebooks_and_none_keeps_what_it_printed() -> None:
    assert NOTEBOOKS
    for path in NOTEBOOKS:
        cells = nbformat.read(path, as_version=4).cells
        assert not [cell for cell in cells if cell.get("outputs")], path


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = tmp_path / "library"
    with Library.create(root) as library:
        for number in range(1, 13):
            put(library, number, n_pages=int(np.random.default_rng(number).integers(4, 9)))
        library.update_indexes()
    monkeypatch.setenv("LONGBOX_LIBRARY", str(root))
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(tmp_path / "runtime"))
    notebook = nbformat.read(path, as_version=4)
    with warnings.catch_warnings():
        # jupyter_client and zmq tell of their own event loops; no code of ours runs here.
        warnings.simplefilter("ignore")
        from nbclient import NotebookClient

        client = NotebookClient(notebook, timeout=240, kernel_name="python3")
        client.execute(cwd=str(tmp_path))
    shown = [out for cell in notebook.cells for out in cell.get("outputs", [])]
    assert not [out for out in shown if out["output_type"] == "error"]
    pictures = [out for out in shown if "image/png" in out.get("data", {})]
    assert len(pictures) >= 5
