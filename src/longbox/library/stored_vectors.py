"""Vectors as the stores keep them: 8 bits a number where only the direction counts.

In a cosine space a row is kept as signed square roots: the int8 row q stands for the direction of
q * |q|, and its largest number is always 127. Square roots, because few numbers of an embedding
are large and many are small: with plain 8-bit numbers the ten nearest panels of the vision space
differ in 1.9 of 100 places from those of full precision, so in 0.9 (benchmarks/vector_bytes.py).
Packing what was unpacked gives the same bytes. Composition is numbers, not a direction, and stays
float16, as do the vectors of stores of format 1.

In memory a stored vector is float16 of unit length, whatever it was kept as, and is scaled to unit
length again as float32 before it is compared: the same bytes give the same scores everywhere.
Vectors and masks are one uncompressed chunk each, so their bytes are the array and reading needs
no zarr.
"""

from __future__ import annotations

import errno
import json
import math
import zipfile
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from longbox.errors import DiskError, LibraryError
from longbox.vectors import Metric, PanelVectors, Space, metric_of, unit

MAX_ARRAY_BYTES: Final = 1 << 32  # a book of a million panels is below it
_LARGEST: Final = 127
KEPT_AS: Final[dict[str, np.dtype[Any]]] = {"int8": np.dtype("i1"), "float16": np.dtype("<f2")}
_REMEDY: Final = "delete it and index the book again"
# What a damaged or lost file raises; anything else is the disk's trouble.
_OF_THE_FILE: Final = (None, errno.ENOENT, errno.EINVAL)


def packed(vectors: NDArray[Any]) -> NDArray[np.int8]:
    """Return the directions of rows (..., D) as they are stored, int8; zero rows stay zero."""
    full = np.asarray(vectors, dtype=np.float32)
    largest = np.abs(full).max(axis=-1, keepdims=True, initial=0)
    scaled = np.divide(full, largest, out=np.zeros_like(full), where=largest > 0)
    roots = np.copysign(np.sqrt(np.abs(scaled)), scaled) * _LARGEST
    kept: NDArray[np.int8] = np.rint(roots).astype(np.int8)
    return kept


def unpacked(stored: NDArray[Any]) -> NDArray[np.float16]:
    """Return stored rows (..., D), int8 or float16, as float16; of int8 ones unit vectors."""
    if stored.dtype != np.int8:
        return np.asarray(stored, dtype=np.float16)
    full = stored.astype(np.float32)
    return unit(full * np.abs(full)).astype(np.float16)


def restored(space: Space, half: NDArray[Any]) -> NDArray[np.float32]:
    """Return float16 vectors as float32, of unit length again in cosine spaces."""
    full = np.asarray(half, dtype=np.float32)
    return unit(full) if metric_of(space) is Metric.COSINE else full


def add_vectors(root: Any, at: str, where: str, item: PanelVectors) -> None:
    """Add a space's vectors and mask to a Zarr group.

    Raises:
        LibraryError: A number is too large for float16; `where` says whose it is.
    """
    is_direction = metric_of(item.space) is Metric.COSINE
    kept = packed(item.vectors) if is_direction else _half(where, item)
    attributes = {"fingerprint": item.fingerprint, "dimension": item.dimension}
    group = root.create_group(at, attributes=attributes)
    add_array(group, "vectors", kept, compress=False)
    add_array(group, "mask", item.mask, compress=False)


def add_array(group: Any, name: str, array: NDArray[Any], *, compress: bool = True) -> None:
    """Add an array of one chunk to a Zarr group."""
    group.create_array(
        name,
        data=array,
        chunks=tuple(max(1, n) for n in array.shape),
        compressors="auto" if compress else None,
    )


def _half(where: str, item: PanelVectors) -> NDArray[np.float16]:
    with np.errstate(over="ignore"):
        half = item.vectors.astype("<f2")
    if not np.isfinite(half).all():
        raise LibraryError(f"{where}: a {item.space} vector does not fit float16; scale it")
    return half


# What reading a ZIP that anybody may have written ends in, where it is not as it should be.
UNREADABLE_ZIP: Final = (OSError, zipfile.BadZipFile, zlib.error, EOFError, RuntimeError)


def read_vectors(path: Path, space: Space) -> tuple[str, NDArray[np.float16], NDArray[np.bool_]]:
    """Read one space's vectors without zarr and the rest of the store.

    Returns:
        Fingerprint, float16 (N, D), and mask, bool (N,).

    Raises:
        LibraryError: The store is missing, damaged, or has no such space.
    """
    at = f"vectors/{space.value}"
    try:
        with zipfile.ZipFile(path) as archive:
            said = json.loads(plain_member(archive, f"{at}/zarr.json"))["attributes"]
            vectors = raw_vectors(archive, f"{at}/vectors")
            mask = raw_array(archive, f"{at}/mask", np.dtype(np.bool_))
            fingerprint = str(said["fingerprint"])
    except UNREADABLE_ZIP as error:
        if (trouble := disk_trouble(error)) is not None:
            raise DiskError(
                f"{path}: cannot be read ({trouble.strerror}); check the disk and run again"
            ) from error
        raise LibraryError(f"{path}: damaged book store ({error}); {_REMEDY}") from error
    except (KeyError, ValueError, TypeError, OverflowError) as error:
        raise LibraryError(f"{path}: no readable {space} vectors ({error}); {_REMEDY}") from error
    return fingerprint, vectors, mask


def disk_trouble(error: BaseException) -> OSError | None:
    """Return what the disk refused behind an error of reading a ZIP; None where the file is bad.

    zipfile says "not a zip file" also where the disk did not let it look.
    """
    for one in (error, error.__context__):
        if isinstance(one, OSError) and one.errno not in _OF_THE_FILE:
            return one
    return None


def raw_vectors(archive: zipfile.ZipFile, name: str) -> NDArray[np.float16]:
    """Read an array of vectors without zarr, float16 (N, D), whatever it is kept as.

    Raises:
        KeyError: It is not there.
        ValueError: It is compressed, short, or of another type.
    """
    dtype, _ = _described(archive, name)
    return unpacked(raw_array(archive, name, dtype))


def raw_array(archive: zipfile.ZipFile, name: str, dtype: np.dtype[Any]) -> NDArray[Any]:
    """Read an uncompressed array of one chunk without zarr.

    Raises:
        KeyError: It is not there.
        ValueError: It is compressed or short.
    """
    shape = _shape(json.loads(plain_member(archive, f"{name}/zarr.json")), name)
    size = math.prod(shape)
    if size * dtype.itemsize > MAX_ARRAY_BYTES:
        raise ValueError(f"{name} claims {size} values")
    member = chunk_name(name, len(shape))
    if member not in archive.namelist():  # zarr leaves out a chunk of nothing but the fill value
        return np.zeros(shape, dtype=dtype)
    data = plain_member(archive, member)
    if len(data) < size * dtype.itemsize:
        raise ValueError(f"{name} is short")
    return np.frombuffer(data, dtype=dtype, count=size).reshape(shape)


def plain_member(archive: zipfile.ZipFile, name: str) -> bytes:
    """Read a member that is stored as it is: what is packed may unpack to more than the memory.

    Raises:
        KeyError: It is not there.
        ValueError: It is packed.
    """
    if archive.getinfo(name).compress_type != zipfile.ZIP_STORED:
        raise ValueError(f"{name} is compressed")
    return archive.read(name)


def chunk_name(name: str, n_dimensions: int) -> str:
    """Return the ZIP member that holds an array's one chunk."""
    return "/".join([name, "c", *("0" for _ in range(n_dimensions))])


def _described(archive: zipfile.ZipFile, name: str) -> tuple[np.dtype[Any], Sequence[int]]:
    meta = json.loads(plain_member(archive, f"{name}/zarr.json"))
    dtype = KEPT_AS.get(str(meta["data_type"]))
    if dtype is None:
        raise ValueError(f"{name} holds {meta['data_type']}")
    return dtype, _shape(meta, name)


def _shape(meta: Any, name: str) -> tuple[int, ...]:
    if [codec["name"] for codec in meta["codecs"]] != ["bytes"]:
        raise ValueError(f"{name} is compressed")
    return tuple(int(n) for n in meta["shape"])
