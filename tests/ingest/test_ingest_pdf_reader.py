"""The process that reads a PDF may have been taken over by it: nothing that it says is trusted."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from drawn_comics import page, write_pdf

from longbox.errors import IngestError
from longbox.ingest import IngestOptions, open_book, pdf

_HELLO = b'{"n_pages": 1, "right_to_left": false, "size": 0}'
_SCRIPT = """
import struct, sys
answers = {answers!r}
out = sys.stdout.buffer
def say(head, payload=b""):
    out.write(struct.pack("<I", len(head)) + head + payload)
    out.flush()
say(answers[0])
for head in answers[1:]:
    sys.stdin.buffer.read(5)
    say(head, b"x" * 12)
sys.stdin.buffer.read(5)
"""


def lying(monkeypatch: pytest.MonkeyPatch, *answers: bytes) -> None:
    script = _SCRIPT.format(answers=answers)
    monkeypatch.setattr(pdf, "READER", (sys.executable, "-c", script))


@pytest.mark.parametrize(
    "hello",
    [
        b"[]",
        b"null",
        b"{}",
        b'{"n_pages": "many", "size": 0}',
        b'{"n_pages": 1, "size": 1e999}',
        b'{"n_pages": 1, "size": -5}',
        b'{"n_pages": 1, "size": 99999999999999}',
        b"[" * 100_000,
        b"\xff\xfe",
    ],
)
def test_greeting_that_is_none_is_a_pdf_that_cannot_be_read(
    hello: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lying(monkeypatch, hello)
    with pytest.raises(IngestError, match="broke the PDF reader"):
        open_book(write_pdf(tmp_path / "a.pdf", [page(1)]))


@pytest.mark.parametrize(
    "facts",
    [
        b'{"size": 0}',
        b'{"digest": "../..", "width": 5, "height": 5, "size": 0}',
        b'{"digest": "%s", "width": "a", "height": -1, "size": 0}' % (b"0" * 64),
        b'{"fault": "\\u001b[2Jgone", "size": 0}',
    ],
)
def test_facts_that_are_none_are_a_page_that_cannot_be_read(
    facts: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lying(monkeypatch, _HELLO, facts)
    with pytest.raises(IngestError, match="no readable page") as raised:
        open_book(write_pdf(tmp_path / "a.pdf", [page(1)]))
    assert str(raised.value).isprintable()


def test_reader_is_given_no_secret_of_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LONGBOX_VLM_KEY", "sk-secret")
    told = tmp_path / "told"
    script = f"import os; open({str(told)!r}, 'w').write('\\n'.join(os.environ))"
    monkeypatch.setattr(pdf, "READER", (sys.executable, "-c", script))
    with pytest.raises(IngestError):
        open_book(write_pdf(tmp_path / "a.pdf", [page(1)]), IngestOptions())
    names = told.read_text().split()
    assert "PATH" in names
    assert "LONGBOX_VLM_KEY" not in names
