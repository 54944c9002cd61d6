"""What the writers share: JSON and XML bytes, and text that both can hold."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Any
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from longbox.book import AnnotatedPage, Book

# What XML 1.0 cannot hold, also not as a character reference.
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def to_json(value: Any) -> bytes:
    """Return UTF-8 JSON that ends in a line feed; bytes of a name that is no text are escaped."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, indent=1) + "\n"
    return text.encode("utf-8", "backslashreplace")


def to_xml(root: Element) -> bytes:
    """Return an XML document in UTF-8."""
    indent(root)
    document: bytes = tostring(root, encoding="utf-8", xml_declaration=True)
    return document + b"\n"


def add(parent: Element, tag: str, text: str | None = None, **attributes: str) -> Element:
    """Append an element, its text and attributes without what XML cannot hold."""
    cleaned = {key: _xml_text(value) for key, value in attributes.items()}
    element = SubElement(parent, tag, cleaned)
    if text is not None:
        element.text = _xml_text(text)
    return element


def page_name(page: AnnotatedPage) -> str:
    """Return the name of a page's picture inside its file, as text that UTF-8 can hold."""
    return page.page.source.encode("utf-8", "backslashreplace").decode("utf-8")


def file_stem(book: Book) -> str:
    """Return the name of a book's file without folder and extension."""
    name = book.path.replace("\\", "/").rstrip("/").rsplit("/", 1)[-1]
    stem = name.rpartition(".")[0] if book.format != "folder" and "." in name else name
    return stem.encode("utf-8", "backslashreplace").decode("utf-8") or book.book_id


def tidy(number: float) -> float | int:
    """Return a whole number as one, others to a hundredth of a pixel."""
    rounded = round(number, 2)
    return int(rounded) if rounded == int(rounded) else rounded


def tidy_all(numbers: Iterable[float]) -> list[float | int]:
    """Return numbers as `tidy` does."""
    return [tidy(n) for n in numbers]


def _xml_text(text: str) -> str:
    return _NOT_XML.sub("", text)
