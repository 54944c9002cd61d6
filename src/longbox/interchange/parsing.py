"""JSON and XML out of strangers' files, within limits, with errors of one line.

defusedxml refuses a DTD, entities and external parts; the tree builder below refuses depth and
mass. JSON goes through msgspec into dataclasses, so a wrong type names its place in the file.
"""

from __future__ import annotations

from typing import Any, TypeVar
from xml.etree.ElementTree import Element, ParseError, TreeBuilder

import msgspec

from longbox.errors import SidecarError
from longbox.geometry import Box

MOST_BYTES = 128 * 2**20
MOST_PAGES = 20_000
MOST_BOXES = 2_000
MOST_CHARACTERS = 20_000
_MOST_ELEMENTS = 2_000_000
_DEEPEST = 64
_Shape = TypeVar("_Shape")


def require_size(name: str, size_bytes: int, most: int = MOST_BYTES) -> None:
    """Refuse a file that is too large to be a sidecar.

    Raises:
        SidecarError: It is.
    """
    if size_bytes > most:
        raise SidecarError(
            f"{name}: {size_bytes / 2**20:,.0f} MiB is too large for a sidecar; at most "
            f"{most / 2**20:.0f} MiB are read"
        )


def parse_json(name: str, data: bytes, shape: type[_Shape]) -> _Shape:
    """Read JSON into a type.

    Raises:
        SidecarError: It is damaged, too large, too deep, or of another shape.
    """
    require_size(name, len(data))
    try:
        return msgspec.json.decode(data.removeprefix(b"\xef\xbb\xbf"), type=shape)
    except msgspec.ValidationError as error:
        raise SidecarError(
            f"{name}: {_one_line(error)}; the file is of no format we know"
        ) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise SidecarError(f"{name}: damaged JSON ({_one_line(error)})") from error


class _Limited(TreeBuilder):
    """Builds a tree that is neither deep nor huge."""

    def __init__(self) -> None:
        super().__init__()
        self._depth = self._n_elements = 0

    def start(self, tag: Any, attrs: Any) -> Element:
        """Open an element."""
        self._depth += 1
        self._n_elements += 1
        if self._depth > _DEEPEST or self._n_elements > _MOST_ELEMENTS:
            raise ValueError("it is nested too deeply or has too many elements")
        return super().start(tag, attrs)

    def end(self, tag: Any) -> Element:
        """Close an element."""
        self._depth -= 1
        return super().end(tag)


def parse_xml(name: str, data: bytes) -> Element:
    """Return the root element of a document.

    Raises:
        SidecarError: It is damaged, hostile, too large or too deep.
    """
    from defusedxml.common import DefusedXmlException
    from defusedxml.ElementTree import DefusedXMLParser

    require_size(name, len(data))
    parser = DefusedXMLParser(
        target=_Limited(), forbid_dtd=True, forbid_entities=True, forbid_external=True
    )
    try:
        parser.feed(data)
        root: Element = parser.close()
    except DefusedXmlException as error:
        raise SidecarError(
            f"{name}: it declares XML entities or a DTD, which may be an attack; not read"
        ) from error
    except ParseError as error:
        line, column = error.position
        raise SidecarError(f"{name}: the XML is damaged at line {line}, column {column}") from error
    except (ValueError, LookupError, RecursionError, MemoryError) as error:
        raise SidecarError(f"{name}: the XML cannot be read ({_one_line(error)})") from error
    return root


def local_name(element: Element) -> str:
    """Return an element's name without its namespace, in lower case."""
    return element.tag.rpartition("}")[2].lower()


def children(element: Element, name: str) -> list[Element]:
    """Return the direct children of a name, whatever their namespace."""
    return [child for child in element if local_name(child) == name]


def text_of(element: Element) -> str:
    """Return all text of an element with single spaces, cut at a sane length."""
    return " ".join("".join(element.itertext()).split())[:MOST_CHARACTERS]


def box_of(name: str, where: str, numbers: list[float], *, is_sized: bool) -> Box:
    """Return four numbers as a box.

    Args:
        name: The file, for the message.
        where: Which box, for the message.
        numbers: x, y, width, height, or two corners.
        is_sized: The former.

    Raises:
        SidecarError: They are no box.
    """
    if len(numbers) != 4 or max((abs(n) for n in numbers), default=0.0) >= 1e9:
        raise SidecarError(f"{name}: {where}: {numbers[:6]} is not a box of four numbers")
    try:
        box = Box.from_xywh(*numbers) if is_sized else Box(*numbers)
    except ValueError as error:
        raise SidecarError(f"{name}: {where}: {error}") from error
    if box.area <= 0:
        raise SidecarError(f"{name}: {where}: the box {numbers} has no area")
    return box


def require_few(name: str, what: str, n: int, most: int) -> None:
    """Refuse a list that is longer than any comic needs.

    Raises:
        SidecarError: It is.
    """
    if n > most:
        raise SidecarError(f"{name}: {n:,} {what}; at most {most:,} are read")


def clean_line(text: str) -> str:
    """Return text on one line with single spaces, without control characters."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())[:MOST_CHARACTERS]


def join_lines(lines: list[str]) -> str:
    """Join a balloon's lines: scripts without spaces without, all others with one."""
    joined = ""
    for line in (clean_line(line) for line in lines):
        is_tight = bool(joined) and bool(line) and (_is_cjk(joined[-1]) or _is_cjk(line[0]))
        joined += line if is_tight or not joined or not line else f" {line}"
    return joined[:MOST_CHARACTERS]


def _is_cjk(character: str) -> bool:
    code = ord(character)
    return (
        0x3000 <= code <= 0x30FF
        or 0x3400 <= code <= 0x9FFF
        or 0xF900 <= code <= 0xFAFF
        or 0xFF00 <= code <= 0xFFEF
        or 0x20000 <= code <= 0x3FFFF
    )


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())[:200]
