"""The process that runs pdfium for one PDF: python -m longbox.ingest.pdf_worker FILE OPTIONS.

pdfium can be made to take all memory, to loop or to crash by a small hostile file, and it is not
safe to call from two threads. So it never runs in Longbox's own process: this one limits its
memory, answers one request at a time, and may be killed at any moment.

A request is five bytes: the letter of what is wanted and the page index as a little-endian number.
An answer is the length of a JSON head in four bytes, the head, and as many further bytes as the
head says in "size". The first answer comes unasked and describes the document.
"""

from __future__ import annotations

import hashlib
import json
import os
import struct
import sys
from typing import Any, BinaryIO

from longbox.errors import PageError
from longbox.ingest.options import IngestOptions
from longbox.ingest.pdf_drawing import (
    draw,
    drawing_digest,
    drawn_size,
    page_picture,
    states_right_to_left,
)
from longbox.ingest.pictures import probe

INSPECT, PIXELS, PICTURE = b"i", b"p", b"b"
DAMAGED = "the PDF page is damaged"
_FAILURES = (
    RuntimeError,
    ValueError,
    OSError,
    MemoryError,
    LookupError,
    ArithmeticError,
    TypeError,
    AttributeError,
    PageError,
)


def main() -> None:
    """Serve one document until the requests end."""
    options = IngestOptions(**json.loads(sys.argv[2]))
    _limit_memory(options.max_pdf_memory_bytes)
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    document = _open(sys.argv[1], answers)
    if document is None:
        return
    n_pages = len(document)
    _answer(answers, {"n_pages": n_pages, "right_to_left": states_right_to_left(document)})
    requests = sys.stdin.buffer
    while len(request := requests.read(5)) == 5:
        wanted, index = request[:1], struct.unpack("<I", request[1:])[0]
        try:
            head, payload = _serve(document, wanted, index, options)
        except _FAILURES as error:
            reason = str(error) if isinstance(error, PageError) else DAMAGED
            head, payload = {"fault": reason}, b""
        _answer(answers, head, payload)


def _limit_memory(limit_bytes: int) -> None:
    try:
        import resource
    except ImportError:  # Windows has no such limit; the time limit still holds
        return
    resource.setrlimit(resource.RLIMIT_AS, (limit_bytes, limit_bytes))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _open(path: str, answers: BinaryIO) -> Any:
    import pypdfium2
    import pypdfium2.raw as pdfium

    try:
        return pypdfium2.PdfDocument(path)
    except pypdfium2.PdfiumError as error:
        is_locked = error.err_code in (pdfium.FPDF_ERR_PASSWORD, pdfium.FPDF_ERR_SECURITY)
        _answer(answers, {"error": "locked" if is_locked else "damaged"})
    except _FAILURES:
        _answer(answers, {"error": "damaged"})
    return None


def _answer(answers: BinaryIO, head: dict[str, Any], payload: bytes = b"") -> None:
    text = json.dumps({**head, "size": len(payload)}).encode()
    answers.write(struct.pack("<I", len(text)) + text)
    answers.write(payload)
    answers.flush()


def _serve(
    document: Any, wanted: bytes, index: int, options: IngestOptions
) -> tuple[dict[str, Any], bytes]:
    page = document[index]
    try:
        data = page_picture(page, options)
        if wanted == INSPECT:
            return _inspect(page, data, options), b""
        if data is not None:
            return {"kind": "picture"}, data
        if wanted == PICTURE:
            return {"kind": "none"}, b""
        pixels = draw(page, options)
        return {"kind": "pixels", "shape": pixels.shape}, pixels.tobytes()
    finally:
        page.close()


def _inspect(page: Any, data: bytes | None, options: IngestOptions) -> dict[str, Any]:
    if data is not None:
        size = probe(data, options)
        digest = hashlib.sha256(data).hexdigest()
        return {"digest": digest, "width": size.width, "height": size.height}
    width, height, _ = drawn_size(page, options)
    return {"digest": drawing_digest(page, options), "width": width, "height": height}


if __name__ == "__main__":
    main()
