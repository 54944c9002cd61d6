"""The IVF index of a large segment: opened, and asked within a filter.

A filter is a bitmap that faiss looks into for every code of the lists it probes. What a filter
leaves may lie together (a language, a decade, a series) and so in few lists: lists are probed, the
nearest first, until they hold as many allowed vectors as would be compared without a filter.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from longbox.errors import LibraryError
from longbox.library.masks import Mask
from longbox.vectors import Metric, Space, metric_of


@dataclass(frozen=True, slots=True, eq=False)
class Selection:
    """What a filter leaves of an index.

    Attributes:
        n: How many vectors.
        bits: One bit a position, uint8.
        in_list: How many of each list, int64 (lists,).
    """

    n: int
    bits: NDArray[np.uint8]
    in_list: NDArray[np.int64]


class OpenIvf:
    """An index file, memory-mapped."""

    def __init__(self, path: Path, shape: tuple[int, int], n_lists: int) -> None:
        """Open an index.

        Args:
            path: The file.
            shape: Vectors and numbers of each.
            n_lists: Of it.

        Raises:
            FileNotFoundError: There is no such file.
            LibraryError: It is damaged, or of other vectors.
        """
        faiss = import_faiss()

        self._path = path
        try:
            self._index = faiss.read_index(str(path), faiss.IO_FLAG_MMAP | faiss.IO_FLAG_READ_ONLY)
            lists = faiss.try_extract_index_ivf(self._index)
        except RuntimeError as error:
            if not path.exists():
                raise FileNotFoundError(str(path)) from error
            raise damaged_segment(path) from error
        is_ours = lists is not None and lists.nlist == n_lists
        if not is_ours or (self._index.ntotal, self._index.d) != shape:
            raise damaged_segment(path)
        self._n_lists = n_lists
        self._holders: NDArray[np.int32] | None = None

    def select(self, mask: Mask) -> Selection:
        """Prepare a filter, bool (n,) over positions.

        Raises:
            LibraryError: The index is damaged.
        """
        if self._holders is None:
            try:
                self._holders = list_of_each(self._index)
            except IndexError as error:
                raise damaged_segment(self._path) from error
        in_list = np.bincount(self._holders[mask], minlength=self._n_lists)
        return Selection(int(mask.sum()), np.packbits(mask, bitorder="little"), in_list)

    def search(
        self,
        query: NDArray[np.float32],
        wanted: int,
        n_probes: int,
        selection: Selection | None = None,
    ) -> NDArray[np.int64]:
        """Return the positions of the nearest by their codes, int64 (<=wanted,).

        Args:
            query: float32 (D,).
            wanted: At most so many.
            n_probes: Lists to probe without a filter.
            selection: The filter.
        """
        faiss = import_faiss()

        selector = None
        n_probes = min(max(n_probes, 1), self._n_lists)
        if selection is not None:
            selector = faiss.IDSelectorBitmap(selection.bits)
            n_codes = min(math.ceil(n_probes * self._index.ntotal / self._n_lists), selection.n)
            order = order_of_lists(self._index, query[None])[0]
            held = np.cumsum(selection.in_list[order])
            n_probes = min(int(np.searchsorted(held, n_codes)) + 1, self._n_lists)
        parameters = faiss.SearchParametersIVF(sel=selector, nprobe=n_probes)
        if isinstance(self._index, faiss.IndexPreTransform):
            parameters = faiss.SearchParametersPreTransform(index_params=parameters)
        _, found = self._index.search(query[None], wanted, params=parameters)
        positions: NDArray[np.int64] = found[0][(found[0] >= 0) & (found[0] < self._index.ntotal)]
        return positions


def damaged_segment(path: Path) -> LibraryError:
    """Return the error of a segment's folder or file that is not as it was written."""
    return LibraryError(f"{path}: damaged index segment; run `longbox library rebuild`")


def order_of_lists(index: Any, queries: NDArray[np.float32]) -> NDArray[np.int64]:
    """Return the lists of an index by how near they are to queries, int64 (Q, lists)."""
    faiss = import_faiss()

    lists = faiss.extract_index_ivf(index)
    if isinstance(index, faiss.IndexPreTransform):
        queries = faiss.downcast_VectorTransform(index.chain.at(0)).apply(queries)
    _, order = lists.quantizer.search(queries, lists.nlist)
    found: NDArray[np.int64] = order
    return found


def list_of_each(index: Any) -> NDArray[np.int32]:
    """Return in which list each vector of an index lies, int32 (n,).

    Raises:
        IndexError: A list names a vector that the index does not have.
    """
    faiss = import_faiss()

    lists = faiss.extract_index_ivf(index)
    holder = np.zeros(index.ntotal, dtype=np.int32)
    for number in range(lists.nlist):
        size = lists.invlists.list_size(number)
        if size:
            holder[faiss.rev_swig_ptr(lists.invlists.get_ids(number), size)] = number
    return holder


def import_faiss() -> Any:
    """Import faiss where it is needed; its SWIG wrappers have no usable types."""
    import faiss

    return faiss


def faiss_metric(space: Space) -> int:
    """Return faiss's number for how vectors of a space are compared."""
    faiss = import_faiss()

    is_euclidean = metric_of(space) is Metric.EUCLIDEAN
    return int(faiss.METRIC_L2 if is_euclidean else faiss.METRIC_INNER_PRODUCT)
