"""The pages of a PDF, asked of a process of their own (see pdf_worker).

A request that takes too long, or that ends the process, costs that page; the process is started
again for the next one. After a few such deaths in one file the rest of its pages is given up, so
that a hostile PDF of a thousand pages takes a bounded time.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import re
import selectors
import struct
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from longbox.book import Direction
from longbox.errors import EncryptedFileError, IngestError, PageError, UnsafeFileError
from longbox.ingest.confinement import confined_environment
from longbox.ingest.naming import printable
from longbox.ingest.options import IngestOptions
from longbox.ingest.page_sources import PageFacts
from longbox.ingest.pictures import decode

READER = (sys.executable, "-m", "longbox.ingest.pdf_worker")
_INSPECT, _PIXELS, _PICTURE = b"i", b"p", b"b"
_PIECE_BYTES = 1 << 20
_MOST_DEATHS = 3
# Whether the pipe breaks while asking or while waiting for the answer is a matter of chance.
_DIED = "crashes the PDF reader or takes too much memory"
_LARGEST_HEAD = 1 << 20
_HEX = re.compile("[0-9a-f]{64}")
# What it says is checked like any stranger's: a file may have taken it over.
_BROKEN = "broke the PDF reader"


class PdfPages:
    """The pages of an open PDF.

    Args:
        path: The file.
        options: The limits.

    Raises:
        IngestError: It is damaged.
        EncryptedFileError: It needs a password.
        UnsafeFileError: It has too many pages.
    """

    format = "pdf"

    def __init__(self, path: Path, options: IngestOptions) -> None:
        self._options = options
        self._deaths = 0
        self._path = path
        where = printable(str(path))
        try:
            self._worker: _Worker | None = _Worker(path, options)
        except _WorkerError as error:
            raise IngestError(f"{where}: the PDF {error}; copy it again or repair it") from error
        hello = self._worker.hello
        if "error" in hello:
            self.close()
            if hello["error"] == "locked":
                raise EncryptedFileError(
                    f"{where}: the PDF needs a password; save a copy without it"
                )
            raise IngestError(
                f"{where}: the PDF is damaged or cut short; copy it again or repair it"
            )
        n_pages = hello.get("n_pages")
        if not isinstance(n_pages, int):
            self.close()
            raise IngestError(f"{where}: the PDF {_BROKEN}; copy it again or repair it")
        if n_pages > options.max_entries:
            self.close()
            raise UnsafeFileError(
                f"{where}: claims {n_pages} pages, more than {options.max_entries}; not read"
            )
        self.direction: Direction | None = Direction.RTL if hello.get("right_to_left") else None
        self.names: Sequence[str] = tuple(f"page {index + 1}" for index in range(n_pages))
        self.notices: Sequence[str] = ()

    def _ask(self, wanted: bytes, index: int) -> tuple[dict[str, Any], bytes]:
        """Ask the process, starting it again where it died.

        Raises:
            PageError: The page is damaged, takes too long or too much memory.
        """
        if self._deaths >= _MOST_DEATHS:
            raise PageError("not read: other pages of this PDF broke the reader too often")
        try:
            if self._worker is None:
                self._worker = _Worker(self._path, self._options)
            head, payload = self._worker.ask(wanted, index)
        except _WorkerError as error:
            self._deaths += 1
            self.close()
            raise PageError(f"the PDF page {error}") from error
        if "fault" in head:
            raise PageError(printable(str(head["fault"])[:500]))
        return head, payload

    def inspect(self, index: int) -> PageFacts:
        """See PageSource."""
        try:
            head, _ = self._ask(_INSPECT, index)
        except PageError as error:
            digest = hashlib.sha256(f"unreadable\0{index}".encode()).hexdigest()
            return PageFacts(digest, fault=str(error))
        width, height = head.get("width"), head.get("height")
        digest = str(head.get("digest"))
        is_size = isinstance(width, int) and isinstance(height, int) and min(width, height) > 0
        if not is_size or not _HEX.fullmatch(digest):
            digest = hashlib.sha256(f"unreadable\0{index}".encode()).hexdigest()
            return PageFacts(digest, fault=f"the PDF page {_BROKEN}")
        return PageFacts(digest, int(head["width"]), int(head["height"]))

    def pixels(self, index: int) -> NDArray[np.uint8]:
        """See PageSource."""
        head, payload = self._ask(_PIXELS, index)
        if head.get("kind") == "picture":
            return decode(payload, self._options)
        try:
            pixels = np.frombuffer(payload, np.uint8).reshape(head["shape"]).copy()
        except (KeyError, ValueError, TypeError) as error:
            raise PageError(f"the PDF page {_BROKEN}") from error
        if pixels.ndim != 3 or pixels.shape[2] != 3 or not pixels.size:
            raise PageError(f"the PDF page {_BROKEN}")
        return pixels

    def grey(self, index: int) -> NDArray[np.uint8]:
        """See PageSource."""
        grey: NDArray[np.uint8] = self.pixels(index).mean(axis=2).astype(np.uint8)
        return grey

    def picture_bytes(self, index: int) -> bytes:
        """See PageSource; only a page that is one stored picture has them."""
        head, payload = self._ask(_PICTURE, index)
        if head.get("kind") != "picture":
            raise PageError("the PDF page is drawn, not one stored picture; use its pixels")
        return payload

    def close(self) -> None:
        """See PageSource."""
        if self._worker is not None:
            self._worker.close()
            self._worker = None


class _WorkerError(Exception):
    """The process died, or was killed because it took too long."""


class _Worker:
    """The process that serves one PDF."""

    def __init__(self, path: Path, options: IngestOptions) -> None:
        self._limit_s = options.max_pdf_seconds
        self._most_bytes = max(options.max_member_bytes, 3 * options.max_pixels)
        settings = dataclasses.asdict(options)
        self._process = subprocess.Popen(
            [*READER, str(path.resolve()), json.dumps(settings)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=confined_environment(),
            bufsize=0,
        )
        try:
            self.hello, _ = self._receive()
        except _WorkerError:
            self.close()
            raise

    def ask(self, wanted: bytes, index: int) -> tuple[dict[str, Any], bytes]:
        """Send one request and return the answer's head and payload."""
        requests = self._process.stdin
        assert requests is not None
        try:
            requests.write(wanted + struct.pack("<I", index))
        except OSError as error:
            raise _WorkerError(_DIED) from error
        return self._receive()

    def _receive(self) -> tuple[dict[str, Any], bytes]:
        deadline = time.monotonic() + self._limit_s
        (length,) = struct.unpack("<I", self._read(4, deadline))
        if length > _LARGEST_HEAD:
            raise _WorkerError(_BROKEN)
        text = self._read(length, deadline)
        try:
            head: dict[str, Any] = dict(json.loads(text))
            size = int(head["size"])
        except (ValueError, TypeError, KeyError, OverflowError, RecursionError) as error:
            raise _WorkerError(_BROKEN) from error
        if not 0 <= size <= self._most_bytes:
            raise _WorkerError(_BROKEN)
        return head, self._read(size, deadline)

    def _read(self, size_bytes: int, deadline: float) -> bytes:
        answers = self._process.stdout
        assert answers is not None
        data = bytearray()
        with selectors.DefaultSelector() as ready:
            ready.register(answers, selectors.EVENT_READ)
            while len(data) < size_bytes:
                if not ready.select(max(deadline - time.monotonic(), 0)):
                    raise _WorkerError(f"takes more than {self._limit_s:.0f} s to read")
                piece = os.read(answers.fileno(), min(_PIECE_BYTES, size_bytes - len(data)))
                if not piece:
                    raise _WorkerError(_DIED)
                data += piece
        return bytes(data)

    def close(self) -> None:
        """End the process."""
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()
