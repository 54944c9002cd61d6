"""Double editions fold into one hit: the same page in another language or scan.

Every candidate is compared with the first of each group there is. Pages whose hashes are too far
apart are told at once, all groups together, so that a list of a thousand hits folds in moments.
"""

from __future__ import annotations

from collections import defaultdict

import numpy as np
from numpy.typing import NDArray

from longbox.library import PanelRecord
from longbox.retrieval.ranking import hamming

# A page of one colour has a hash of hardly any set bits and would equal every other one.
_FEWEST_BITS, _MOST_BITS = 16, 48


class Editions:
    """The first panels of groups, among which the group of another panel is looked up."""

    def __init__(self, bits: int, *, compare_boxes: bool) -> None:
        """Begin without a group.

        Args:
            bits: Picture hashes of pages may differ in this many of 64 bits.
            compare_boxes: Panels must also lie at the same place on the page.
        """
        self._bits = bits
        self._compare_boxes = compare_boxes
        self._firsts: list[PanelRecord] = []
        self._of_page: dict[tuple[str, int], list[int]] = defaultdict(list)
        self._hashes: NDArray[np.uint64] = np.zeros(64, dtype=np.uint64)
        self._is_telling: NDArray[np.bool_] = np.zeros(64, dtype=np.bool_)

    def add(self, record: PanelRecord) -> int:
        """Begin a group with a panel; return its number."""
        number = len(self._firsts)
        if number == self._hashes.size:
            self._hashes = np.concatenate([self._hashes, np.zeros_like(self._hashes)])
            self._is_telling = np.concatenate([self._is_telling, np.zeros_like(self._is_telling)])
        if record.picture_hash is not None:
            self._hashes[number] = int(record.picture_hash, 16)
            self._is_telling[number] = _is_telling(record.picture_hash)
        self._firsts.append(record)
        self._of_page[record.book_id, record.page_index].append(number)
        return number

    def find(self, record: PanelRecord) -> int | None:
        """Return the number of the first group that a panel belongs to, or None."""
        near = self._of_page.get((record.book_id, record.page_index), [])
        if record.picture_hash is not None and self._firsts:
            n = len(self._firsts)
            own = np.uint64(int(record.picture_hash, 16))
            n_bits = np.bitwise_count(self._hashes[:n] ^ own)
            alike = np.flatnonzero(self._is_telling[:n] & (n_bits <= self._bits)).tolist()
            near = sorted({*near, *alike})
        for number in near:
            if is_same_panel(self._firsts[number], record, self._bits, self._compare_boxes):
                return number
        return None


def is_same_panel(a: PanelRecord, b: PanelRecord, bits: int, compare_boxes: bool) -> bool:
    """Say whether two panels (or their pages) are editions of one.

    Args:
        a: One panel.
        b: Another.
        bits: Picture hashes of their pages may differ in this many of 64 bits.
        compare_boxes: Also require that they lie at the same place on the page.
    """
    if (a.book_id, a.page_index) == (b.book_id, b.page_index):
        return a.panel == b.panel if compare_boxes else True
    if a.picture_hash is None or b.picture_hash is None:
        return False
    if not _is_telling(a.picture_hash) or hamming(a.picture_hash, b.picture_hash) > bits:
        return False
    scaled = b.box.scale(a.page_width / b.page_width, a.page_height / b.page_height)
    return not compare_boxes or a.box.iou(scaled) >= 0.5


def _is_telling(picture_hash: str) -> bool:
    return _FEWEST_BITS <= int(picture_hash, 16).bit_count() <= _MOST_BITS
