"""Finds the files of a Hugging Face model on this machine and refuses what is not safe.

`hf:NAME` is a folder in the hub's layout, or a name whose files are already in the hub's own
cache. Longbox never downloads by itself: `hf download NAME` does, once, with the user looking.

Weights must be safetensors, because a pickle can run code; a model that brings its own Python code
is refused for the same reason. The fingerprint is made from the contents of every file that can
change a vector, so the same model under another path is the same space.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from longbox.errors import ModelError

# Everything that can change a vector: weights, configurations, tokenizers and their vocabularies.
_WEIGHTS_SUFFIX = ".safetensors"
_OTHER_SUFFIXES = (".json", ".txt", ".model", ".jinja")
_PICKLE_SUFFIXES = (".bin", ".pt", ".pth", ".ckpt", ".pkl")
_UNIMPORTANT = ("data_config.json", "LICENSE.txt", "trainer_state.json", "model_card.json")


def find_model(name: str) -> Path:
    """Return the folder that holds a model's files.

    Args:
        name: A folder, or "owner/model" as on the hub.

    Raises:
        ModelError: It is not on this machine, or its weights are not safetensors, or it wants to
            run code of its own.
    """
    folder = Path(name).expanduser()
    if not folder.is_dir():
        folder = _in_hub_cache(name)
    if not (folder / "config.json").is_file() and not (folder / "modules.json").is_file():
        raise ModelError(f"hf:{name}: {folder} has no config.json; give the folder of one model")
    if not any(folder.rglob(f"*{_WEIGHTS_SUFFIX}")):
        pickles = [p.name for p in folder.rglob("*") if p.suffix in _PICKLE_SUFFIXES]
        found = f"only {pickles[0]}, which could run code" if pickles else "no weights"
        raise ModelError(
            f"hf:{name}: {found}; Longbox loads .safetensors only: convert it or use another model"
        )
    _refuse_own_code(name, folder)
    return folder


def hub_fingerprint(name: str, folder: Path, version: str) -> str:
    """Name a model by its last name and the contents of its files.

    Args:
        name: As the user gave it.
        folder: Where its files are.
        version: Version of the preprocessing on our side.
    """
    total = hashlib.sha256()
    wanted = (_WEIGHTS_SUFFIX, *_OTHER_SUFFIXES)
    for path in sorted(p for p in folder.rglob("*") if p.suffix in wanted and p.is_file()):
        if path.name in _UNIMPORTANT:
            continue
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        total.update(f"{path.relative_to(folder).as_posix()} {digest}\n".encode())
    last = name.rstrip("/").rsplit("/", 1)[-1]
    return f"hf-{last}-{total.hexdigest()[:8]}-{version}"


def read_json(path: Path) -> Any:
    """Read a configuration file of a model.

    Raises:
        ModelError: It is missing or is not JSON.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ModelError(f"{path}: cannot be read ({error}); download the model again") from error


@contextmanager
def loading(name: str) -> Iterator[None]:
    """Turn whatever the Hugging Face libraries raise while loading into one ModelError."""
    from safetensors import SafetensorError
    from transformers.utils import logging

    log: Any = logging
    verbosity = log.get_verbosity()
    log.set_verbosity_error()
    log.disable_progress_bar()
    try:
        yield
    except (
        SafetensorError,
        OSError,
        ValueError,
        KeyError,
        TypeError,
        AttributeError,
        RuntimeError,
        ImportError,
    ) as e:
        reason = str(e).strip().split("\n", 1)[0]
        raise ModelError(
            f"hf:{name} cannot be loaded ({type(e).__name__}: {reason}); check that its files are "
            f"complete and that it is a model of the right kind"
        ) from e
    finally:
        log.set_verbosity(verbosity)


@contextmanager
def torch_threads(n_threads: int) -> Iterator[None]:
    """Run torch with a number of threads, then give it back what it had."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(n_threads)
    try:
        with torch.inference_mode():
            yield
    finally:
        torch.set_num_threads(before)


def _in_hub_cache(name: str) -> Path:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HFValidationError, LocalEntryNotFoundError

    try:
        return Path(snapshot_download(name, local_files_only=True))
    except (HFValidationError, LocalEntryNotFoundError) as error:
        raise ModelError(
            f"hf:{name} is neither a folder nor in the Hugging Face cache, and Longbox does not "
            f"download; run `hf download {name}` where there is a network, or give a folder"
        ) from error


def _refuse_own_code(name: str, folder: Path) -> None:
    modules = folder / "modules.json"
    kinds = [str(m.get("type", "")) for m in read_json(modules)] if modules.is_file() else []
    config = folder / "config.json"
    wants_code = config.is_file() and "auto_map" in read_json(config)
    if wants_code or not all(kind.startswith("sentence_transformers.") for kind in kinds):
        raise ModelError(
            f"hf:{name} wants to run Python code of its own, which Longbox never does; "
            f"use a model that transformers knows"
        )
