"""Panels of other people's data sets as the features that every scorer reads.

A published sample is pictures and texts without book, page or place: composition is masked, series
and language are the data set's. Vectors are made as a library's are: the picture encoder sees the
panel's pixels, the sentence encoder the lettering one text a line and its pieces one by one. What
the data do not give, and no reader found, is masked.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from longbox.book import TextKind
from longbox.encoders import COMPOSITION_FEATURES, PictureEncoder, SentenceEncoder
from longbox.features import TEXT_KINDS, BookFeatures, Utterances, no_vectors
from longbox.vectors import PanelVectors, Space

Pixels = NDArray[np.uint8]
Piece = tuple[str, TextKind]
# Reads the lettering of a panel's pixels, in reading order.
Reader = Callable[[Pixels], Sequence[Piece]]
Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True, eq=False)
class ForeignPanel:
    """What a data set tells of one panel.

    Attributes:
        pixels: RGB uint8 (H, W, 3), or None where its picture is not given or not to be shown.
        pieces: Its lettering, in reading order; empty where there is none or none is known.
        description: What a model wrote about it.
    """

    pixels: Pixels | None = None
    pieces: tuple[Piece, ...] = ()
    description: str = ""


class ForeignBook:
    """Collects panels and makes one book of features of them; a record is a page of it."""

    def __init__(
        self, book_id: str, pictures: PictureEncoder, sentences: SentenceEncoder, series: str
    ) -> None:
        self._names = book_id, series
        self._pictures, self._sentences = pictures, sentences
        self._pages: list[int] = []
        self._vision: list[NDArray[np.float32] | None] = []
        self._pieces: list[tuple[Piece, ...]] = []
        self._descriptions: list[str] = []

    def add(self, page: int, panels: Sequence[ForeignPanel]) -> list[int]:
        """Take panels in, encode their pictures and forget the pixels; return their rows."""
        first = len(self._pages)
        shown = [p.pixels for p in panels if p.pixels is not None]
        vectors = iter(self._pictures.encode(shown) if shown else ())
        for panel in panels:
            self._pages.append(page)
            self._vision.append(None if panel.pixels is None else next(vectors))
            self._pieces.append(tuple((t.strip(), k) for t, k in panel.pieces if t.strip()))
            self._descriptions.append(panel.description.strip())
        return list(range(first, len(self._pages)))

    def features(self) -> BookFeatures:
        """Return all panels as features; lettering and descriptions are encoded here."""
        n = len(self._pages)
        wordings = tuple("\n".join(t for t, _ in pieces) for pieces in self._pieces)
        book_id, series = self._names
        return BookFeatures(
            book_id,
            series,
            None,
            np.array(self._pages, np.int64),
            np.ones(n, np.bool_),
            self._seen(),
            self._read(Space.TEXT, wordings),
            self._read(Space.DESCRIPTION, self._descriptions),
            no_vectors(Space.COMPOSITION, n, len(COMPOSITION_FEATURES)),
            np.array([_shares(p) for p in self._pieces], np.float32).reshape(n, len(TEXT_KINDS)),
            self._utterances(),
            wordings,
        )

    def _seen(self) -> PanelVectors:
        rows = np.zeros((len(self._vision), self._pictures.dimension), np.float32)
        mask = np.array([v is not None for v in self._vision], np.bool_)
        for row, vector in zip(rows, self._vision, strict=True):
            if vector is not None:
                row[:] = vector
        return PanelVectors(Space.VISION, self._pictures.fingerprint, rows, mask)

    def _read(self, space: Space, texts: Sequence[str]) -> PanelVectors:
        rows, mask = self._encoded(texts)
        return PanelVectors(space, self._sentences.fingerprint, rows, mask)

    def _encoded(self, texts: Sequence[str]) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """Encode texts; one that is empty or cannot be read is masked."""
        encoder = self._sentences
        rows = np.zeros((len(texts), encoder.dimension), np.float32)
        mask = np.zeros(len(texts), np.bool_)
        given = [i for i, text in enumerate(texts) if text]
        if given:
            mask[given] = encoder.can_read([texts[i] for i in given])
        if mask.any():
            rows[mask] = encoder.encode_documents(
                [text for text, is_read in zip(texts, mask, strict=True) if is_read]
            )
        return rows, mask

    def _utterances(self) -> Utterances:
        flat = [(row, t, k) for row, pieces in enumerate(self._pieces) for t, k in pieces]
        rows, mask = self._encoded([t for _, t, _ in flat])
        return Utterances(
            self._sentences.fingerprint,
            rows,
            mask,
            np.array([TEXT_KINDS.index(k) for _, _, k in flat], np.int64),
            np.array([row for row, _, _ in flat], np.int64),
        )


def _shares(pieces: Sequence[Piece]) -> list[float]:
    """Return the share of characters that is of each kind; zeros without any."""
    lengths = [float(sum(len(t) for t, k in pieces if k is kind)) for kind in TEXT_KINDS]
    total = sum(lengths)
    return [n / total if total else 0.0 for n in lengths]


def lettering_reader() -> Reader:
    """Return a reader that runs our own OCR on a panel; its networks load on the first one."""
    from longbox.book import Direction, Panel
    from longbox.geometry import Box
    from longbox.text import TextReader

    reader = TextReader()

    def read(pixels: Pixels) -> tuple[Piece, ...]:
        height, width = pixels.shape[:2]
        whole = Panel(Box(0, 0, width, height), 0, 1.0, "whole_page")
        texts = reader.read_page(pixels, (whole,), Direction.LTR, "en")
        return tuple((t.text, t.kind) for t in texts if t.text.strip())

    return read
