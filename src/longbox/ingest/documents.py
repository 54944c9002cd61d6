"""XML out of comic files, read without trusting it.

defusedxml refuses entity declarations (billion laughs) and external references; ComicInfo.xml and
OPF files may not declare a DTD at all. XHTML pages of an EPUB carry a harmless DOCTYPE and named
entities that only their DTD explains (&nbsp;), so there the DOCTYPE is allowed and such entities
become spaces before parsing.
"""

from __future__ import annotations

import re
from xml.etree.ElementTree import Element, ParseError

from longbox.errors import PageError

_NAMED_ENTITY = re.compile(rb"&(?!(?:amp|lt|gt|quot|apos|#))[A-Za-z][A-Za-z0-9]{0,30};")


def parse_xml(data: bytes, *, allows_doctype: bool = False) -> Element:
    """Return the root element of a document.

    Args:
        data: The document as stored; its size was limited by the reader.
        allows_doctype: For XHTML pages; entities and external parts stay forbidden.

    Raises:
        PageError: It is not well formed, or it declares entities or a DTD.
    """
    from defusedxml.common import DefusedXmlException
    from defusedxml.ElementTree import fromstring

    if allows_doctype:
        data = _NAMED_ENTITY.sub(b" ", data)
    try:
        root: Element = fromstring(
            data, forbid_dtd=not allows_doctype, forbid_entities=True, forbid_external=True
        )
    except DefusedXmlException as error:
        raise PageError(
            "it declares XML entities or a DTD, which may be an attack; not read"
        ) from error
    except ParseError as error:
        line, column = error.position
        raise PageError(f"the XML is damaged at line {line}, column {column}") from error
    except (ValueError, LookupError, RecursionError, MemoryError) as error:
        raise PageError("the XML cannot be decoded") from error
    return root


def local_name(tag: object) -> str:
    """Return an element's or attribute's name without its namespace, in lower case."""
    return tag.rpartition("}")[2].lower() if isinstance(tag, str) else ""


def text_of(element: Element) -> str:
    """Return an element's text on one level of spaces, cut at 20,000 characters."""
    return " ".join("".join(element.itertext()).split())[:20_000]
