"""Fixed-layout EPUB: the pictures of its pages in spine order, and its metadata.

The package document (OPF) lists the pages; each XHTML page shows one or more pictures with <img>,
SVG <image>, <object> or a background in its style. A page's decorations, pictures under a tenth of
the largest one's area, are left out. A page without a picture is text: it has no pixels that we
could read, so it is left out, and a notice counts such pages.

Paths in the package only ever choose members of the archive; one that leads outside or to nothing
is reported.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import unquote
from xml.etree.ElementTree import Element

from longbox.book import Direction
from longbox.errors import EncryptedFileError, IngestError, PageError
from longbox.ingest.containers import Container, Member
from longbox.ingest.documents import local_name, parse_xml, text_of
from longbox.ingest.naming import is_page_name, printable
from longbox.ingest.options import IngestOptions

CONTAINER_PATH = "META-INF/container.xml"
_ENCRYPTION_PATH = "META-INF/encryption.xml"
_BACKGROUND = re.compile(r"url\(\s*['\"]?([^'\")]{1,1000})['\"]?\s*\)")
_DECORATION_SHARE = 0.1


@dataclass(frozen=True, slots=True)
class EpubPackage:
    """What an EPUB's package document says.

    Attributes:
        pages: The page pictures in order.
        direction: Reading direction, or None when it says none.
        metadata: The <metadata> element, or None.
        notices: Pages and pictures that were left out, and why.
    """

    pages: tuple[Member, ...]
    direction: Direction | None = None
    metadata: Element | None = None
    notices: tuple[str, ...] = ()


@dataclass(slots=True)
class _Reader:
    """Reads one EPUB's documents."""

    container: Container
    options: IngestOptions
    where: str
    area: Callable[[bytes], int]
    members: dict[str, Member] = field(default_factory=dict)
    notices: list[str] = field(default_factory=list)

    def document(self, path: str, *, allows_doctype: bool = False) -> Element:
        member = self.members.get(path) or self.members.get(unquote(path))
        if member is None:
            raise PageError("it is missing")
        return parse_xml(
            self.container.read(member, self.options.max_xml_bytes), allows_doctype=allows_doctype
        )


def is_epub(container: Container) -> bool:
    """Say whether a ZIP is an EPUB: it has the container document."""
    return any(member.path == CONTAINER_PATH for member in container.listing.members)


def read_epub(
    container: Container, options: IngestOptions, where: str, area: Callable[[bytes], int]
) -> EpubPackage:
    """Read the package document and find the pictures of its pages.

    Args:
        container: The open archive.
        options: The limits.
        where: The file's name for messages.
        area: Gives a picture's pixels from its bytes; 0 when it cannot be read.

    Raises:
        IngestError: The package document is missing or damaged.
        EncryptedFileError: The pages are locked by DRM.
    """
    members = {member.path: member for member in container.listing.members}
    reader = _Reader(container, options, where, area, members)
    try:
        opf_path = _opf_path(reader.document(CONTAINER_PATH))
        package = reader.document(opf_path, allows_doctype=True)
    except PageError as error:
        reason = f"the EPUB's package document cannot be read: {error}"
        raise IngestError(f"{where}: {reason}; repair the EPUB") from error
    folder = posixpath.dirname(opf_path)
    manifest, spine, metadata = (
        _child(package, name) for name in ("manifest", "spine", "metadata")
    )
    pages = _spine_pages(reader, manifest, spine, folder)
    _refuse_locked(reader, pages)
    return EpubPackage(pages, _direction(spine, metadata), metadata, tuple(reader.notices))


def _opf_path(root: Element) -> str:
    for element in root.iter():
        if local_name(element.tag) == "rootfile" and element.get("full-path"):
            return resolve("", element.get("full-path", ""))
    raise PageError("the container names no package document")


def _child(root: Element, name: str) -> Element | None:
    return next((child for child in root if local_name(child.tag) == name), None)


def resolve(folder: str, href: str) -> str:
    """Return the member path that a link means; "" when it leads outside the archive."""
    target = unquote(href.split("#", 1)[0].split("?", 1)[0]).replace("\\", "/")
    if re.match(r"[A-Za-z][A-Za-z0-9+.-]*:", target):
        return ""
    path = posixpath.normpath(posixpath.join(folder, target))
    return "" if path in (".", "..") or path.startswith(("../", "/")) else path


def _spine_pages(
    reader: _Reader, manifest: Element | None, spine: Element | None, folder: str
) -> tuple[Member, ...]:
    items = {item.get("id", ""): item for item in (manifest if manifest is not None else ())}
    pages: list[Member] = []
    seen: set[str] = set()
    n_text = 0
    for itemref in list(spine if spine is not None else ())[: reader.options.max_entries]:
        idref = itemref.get("idref", "")
        if local_name(itemref.tag) != "itemref" or idref in seen:
            continue
        seen.add(idref)
        item = items.get(idref)
        if item is None:
            name = printable(idref)
            reader.notices.append(f"the spine names '{name}', which the manifest lacks; left out")
            continue
        found = _item_pictures(reader, resolve(folder, item.get("href", "")), item)
        pages.extend(found or ())
        n_text += found == []
    if n_text:
        reader.notices.append(
            f"{n_text} pages of the EPUB hold no picture, only text, and were left out"
        )
    return tuple(pages)


def _item_pictures(reader: _Reader, path: str, item: Element) -> list[Member] | None:
    """Return the pictures of one spine item, [] for a page of text, None when it was reported."""
    href = printable(item.get("href", ""))
    if not path:
        reader.notices.append(f"the page '{href}' lies outside the EPUB and was left out")
        return None
    if path not in reader.members:
        reader.notices.append(f"the page '{href}' is missing in the EPUB")
        return None
    if is_page_name(path):
        return [reader.members[path]]
    try:
        links = _picture_links(reader.document(path, allows_doctype=True))
    except PageError as error:
        reader.notices.append(f"the page '{href}' cannot be read: {error}")
        return None
    return _without_decorations(reader, _linked_members(reader, links, path))


def _linked_members(reader: _Reader, links: list[str], path: str) -> list[Member]:
    members: list[Member] = []
    for link in links:
        target = resolve(posixpath.dirname(path), link)
        member = reader.members.get(target)
        if member is None:
            where = "lies outside the EPUB" if not target else "is missing in the EPUB"
            picture, page = printable(link[:200]), printable(path)
            reader.notices.append(f"the picture '{picture}' of page '{page}' {where}")
        elif member not in members:
            members.append(member)
    return members


def _picture_links(root: Element) -> list[str]:
    links: list[str] = []
    for element in root.iter():
        name = local_name(element.tag)
        attributes = {local_name(key): value for key, value in element.attrib.items()}
        if name == "img" and attributes.get("src"):
            links.append(attributes["src"])
        elif name == "image" and attributes.get("href"):
            links.append(attributes["href"])
        elif (
            name == "object"
            and attributes.get("type", "").startswith("image/")
            and attributes.get("data")
        ):
            links.append(attributes["data"])
        if "style" in attributes:
            links.extend(_BACKGROUND.findall(attributes["style"][:10_000]))
    return [link for link in links if not link.startswith("data:")]


def _without_decorations(reader: _Reader, members: list[Member]) -> list[Member]:
    if len(members) < 2:
        return members
    areas = [_member_area(reader, member) for member in members]
    return [
        member
        for member, area in zip(members, areas, strict=True)
        if area == 0 or area >= _DECORATION_SHARE * max(areas)
    ]


def _member_area(reader: _Reader, member: Member) -> int:
    try:
        return reader.area(reader.container.read(member, reader.options.max_member_bytes))
    except PageError:
        return 0


def _direction(spine: Element | None, metadata: Element | None) -> Direction | None:
    for element in metadata if metadata is not None else ():
        if (
            element.get("property") == "rendition:flow"
            and text_of(element) == "scrolled-continuous"
        ):
            return Direction.TTB
    progression = spine.get("page-progression-direction", "").lower() if spine is not None else ""
    return {"ltr": Direction.LTR, "rtl": Direction.RTL}.get(progression)


def _refuse_locked(reader: _Reader, pages: tuple[Member, ...]) -> None:
    if _ENCRYPTION_PATH not in reader.members or not pages:
        return
    try:
        root = reader.document(_ENCRYPTION_PATH)
    except PageError:
        reader.notices.append(
            "META-INF/encryption.xml cannot be read; locked pages may look damaged"
        )
        return
    locked = {
        resolve("", element.get("URI", ""))
        for element in root.iter()
        if local_name(element.tag) == "cipherreference"
    }
    if all(page.path in locked for page in pages):
        raise EncryptedFileError(
            f"{reader.where}: the EPUB is locked by DRM; use a copy without it"
        )
