"""Reads the weights of a torch pickle without torch.

EfficientNet-Lite0's pip package ships a .pth file of the format before zip files: a pickle that
names tensors, then their raw storages. Loading torch for it would take seconds and keep 200 MB in
every worker. The unpickler knows the four names that such a file needs and refuses every other,
so nothing in the file can run; callers check its SHA-256 as well.
"""

from __future__ import annotations

import pickle
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from longbox.encoders.graph_writer import Weights
from longbox.errors import ModelError

_MAGIC = 0x1950A86A20F9469CFC6C
_PROTOCOL = 1001
_STORAGE_TYPES: dict[str, np.dtype[Any]] = {
    "FloatStorage": np.dtype("<f4"),
    "LongStorage": np.dtype("<i8"),
}


@dataclass(frozen=True, slots=True)
class _View:
    """A tensor before its storage is read; offset and strides count elements, not bytes."""

    storage: str
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]

    def of(self, storage: NDArray[Any]) -> NDArray[Any]:
        last = self.offset + sum((n - 1) * s for n, s in zip(self.shape, self.strides, strict=True))
        if 0 in self.shape or min((self.offset, *self.strides)) < 0 or last >= storage.size:
            raise ValueError(f"a tensor of shape {self.shape} lies outside its storage")
        steps = [s * storage.itemsize for s in self.strides]
        view = np.lib.stride_tricks.as_strided(storage[self.offset :], self.shape, steps)
        return np.ascontiguousarray(view).reshape(self.shape)


class _WeightsUnpickler(pickle.Unpickler):
    """Reads tensors of floats and integers, nothing else."""

    def __init__(self, file: IO[bytes]) -> None:
        super().__init__(file)
        self.types: dict[str, np.dtype[Any]] = {}

    def find_class(self, module: str, name: str) -> Any:
        known: dict[tuple[str, str], Any] = {
            ("collections", "OrderedDict"): OrderedDict,
            ("torch._utils", "_rebuild_tensor_v2"): _view,
            ("torch", "FloatStorage"): "FloatStorage",
            ("torch", "LongStorage"): "LongStorage",
        }
        if (module, name) not in known:
            raise pickle.UnpicklingError(f"{module}.{name} has no place in a weights file")
        return known[module, name]

    def persistent_load(self, pid: Any) -> str:
        _, storage_type, key, *_ = pid
        self.types[str(key)] = _STORAGE_TYPES[storage_type]
        return str(key)


def _view(
    storage: str, offset: int, shape: tuple[int, ...], strides: tuple[int, ...], *_: Any
) -> _View:
    return _View(storage, offset, tuple(shape), tuple(strides))


def read_torch_weights(path: Path) -> Weights:
    """Read a state dict that torch wrote before version 1.6.

    Args:
        path: The .pth file; check its digest first.

    Returns:
        Name to array, in the file's order.

    Raises:
        ModelError: The file is missing, damaged, of another format, or holds anything else.
    """
    try:
        with path.open("rb") as file:
            if [_WeightsUnpickler(file).load() for _ in range(3)][:2] != [_MAGIC, _PROTOCOL]:
                raise ModelError(f"{path}: not a torch weights file of the old format")
            reader = _WeightsUnpickler(file)
            views = reader.load()
            storages = dict(_read_storages(file, reader.types))
        return {name: view.of(storages[view.storage]) for name, view in views.items()}
    except (
        pickle.UnpicklingError,
        OSError,
        EOFError,
        KeyError,
        ValueError,
        TypeError,
        AttributeError,
    ) as error:
        raise ModelError(
            f"{path}: cannot read the weights ({error}); reinstall the package"
        ) from error


def _read_storages(
    file: IO[bytes], types: dict[str, np.dtype[Any]]
) -> list[tuple[str, NDArray[Any]]]:
    storages = []
    for key in _WeightsUnpickler(file).load():
        count = int.from_bytes(file.read(8), "little")
        data = file.read(count * types[key].itemsize)
        storages.append((key, np.frombuffer(data, types[key])))
    return storages
