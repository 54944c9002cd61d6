"""Which format a file is, told by what is in it, and the writers and readers by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from longbox.book import AnnotatedBook, PageType
from longbox.errors import SidecarError
from longbox.interchange.acbf import is_acbf, read_acbf_tree, write_acbf
from longbox.interchange.cbxy import read_cbxy, write_cbxy
from longbox.interchange.coco import read_coco, write_coco
from longbox.interchange.comicinfo import is_comicinfo, read_comicinfo_tree, write_comicinfo
from longbox.interchange.dataspec import read_dataspec, write_dataspec
from longbox.interchange.mokuro import read_mokuro, write_mokuro
from longbox.interchange.parsing import local_name, parse_xml, require_size
from longbox.interchange.sidecar import Sidecar

_BOMS = (b"\xff\xfe", b"\xfe\xff", b"\xef\xbb\xbf")
KNOWN = "cbxy, ACBF, mokuro, ComicInfo.xml, COCO and DataSpec"


@dataclass(frozen=True, slots=True)
class Format:
    """One format that books are written in.

    Attributes:
        suffix: What follows the comic file's name.
        write: A book as bytes, given the words for page types.
    """

    name: str
    suffix: str
    write: Callable[[AnnotatedBook, Callable[[PageType], str]], bytes]


FORMATS: Mapping[str, Format] = {
    f.name: f
    for f in (
        Format("cbxy", ".cbxy", lambda book, _: write_cbxy(book)),
        Format("acbf", ".acbf", lambda book, _: write_acbf(book)),
        Format("mokuro", ".mokuro", lambda book, _: write_mokuro(book)),
        Format("comicinfo", ".ComicInfo.xml", write_comicinfo),
        Format("coco", ".coco.json", lambda book, _: write_coco(book)),
        Format("dataspec", ".dataspec.json", lambda book, _: write_dataspec(book)),
    )
}


def read_sidecar(name: str, data: bytes) -> Sidecar:
    """Read a file of any format that we know.

    Args:
        name: What to call it in messages.
        data: Its bytes.

    Raises:
        SidecarError: It is damaged, hostile, or of no format that we know.
    """
    require_size(name, len(data))
    if data.startswith(b"PK"):
        return read_cbxy(name, data)
    start = data[:2] if data[:2] in _BOMS else data.removeprefix(_BOMS[2]).lstrip()[:1]
    if start in (b"<", *_BOMS):
        root = parse_xml(name, data)
        if is_acbf(root):
            return read_acbf_tree(name, root)
        if is_comicinfo(root):
            return read_comicinfo_tree(name, root)
        raise SidecarError(f"{name}: a {local_name(root)[:40]} document is none of {KNOWN}")
    if start not in (b"{", b"["):
        raise SidecarError(f"{name}: is none of {KNOWN}")
    return _read_json(name, data)


def _read_json(name: str, data: bytes) -> Sidecar:
    keys = _keys(data.removeprefix(_BOMS[2]))
    if {"images", "annotations"} <= keys:
        return read_coco(name, data)
    if "page_image_path" in keys:
        return read_dataspec(name, data.removeprefix(_BOMS[2]))
    if "pages" in keys:
        return read_mokuro(name, data)
    if "panels" in keys:
        raise SidecarError(f"{name}: one page of cbxy; give the whole .cbxy file")
    raise SidecarError(f"{name}: JSON of none of {KNOWN}, or damaged")


def _keys(data: bytes) -> set[str]:
    """Return the top keys of the document, of a list's first object, or of the first line."""
    for part in (data, data.lstrip().split(b"\n", 1)[0]):
        try:
            value: Any = msgspec.json.decode(part)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            continue
        first = value[0] if isinstance(value, list) and value else value
        return set(first) if isinstance(first, dict) else set()
    return set()
