"""What a caller may choose about ingest, and every limit that a comic file must stay inside.

A limit is there so that a hostile or damaged file costs one line instead of the machine. Each
one lies well above the largest honest comic we know of, and the reason stands beside it.
"""

from __future__ import annotations

from dataclasses import dataclass

from longbox.book import Direction
from longbox.errors import ConfigError

MIB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class IngestOptions:
    """How files are read.

    Attributes:
        direction: Reading direction to use where the file does not say one; None lets Longbox
            guess.
        max_pixels: Pixels of one page, checked before decoding. A 600 dpi A3 scan has 70
            million, a 1000 px wide strip of the tallest JPEG 66 million; each pixel costs
            about 7 bytes while it is decoded.
        max_entries: Files inside one archive or folder. A 3,000-page omnibus is rare.
        max_member_bytes: One stored page in bytes; a page above it is left unreadable.
        max_total_bytes: All pages of a book unpacked, in bytes; the book is refused above it.
        max_ratio: Unpacked size over packed size of one member. Pictures are packed already, so
            an honest page stays under 20; a zip bomb has 1,000 and more.
        ratio_floor_bytes: Members that unpack to less than this are not asked for their ratio:
            a small blank bitmap or a padded text file packs 500 to 1.
        max_dictionary_bytes: Memory that a 7z decoder may ask for. 7-Zip's own ultra preset
            takes 64 MiB, hand-tuned archives up to 256 MiB.
        max_xml_bytes: One ComicInfo.xml, OPF or EPUB page in bytes; real ones stay under 500 KB.
        max_name_bytes: All member names of a ZIP together, in bytes, so that a directory of
            millions of empty entries is refused before it is read.
        pdf_side_px: Shorter side at which a PDF page is drawn when it is not one full-page
            picture; that of a common scan, enough for small lettering.
        max_pdf_objects: Objects looked at on one PDF page for its digest and for a page picture.
        max_pdf_memory_bytes: Memory of the process that reads one PDF; hostile files make pdfium
            take all there is.
        max_pdf_seconds: Time for one request to that process; a heavy vector page takes 5 s.
        max_missing_rows: Share of a JPEG's rows, 0 to 1, that may be missing at the end of a
            truncated file; a page that misses more is an error. Two rows in a hundred are
            margin, more is lettering.
    """

    direction: Direction | None = None
    max_pixels: int = 120_000_000
    max_entries: int = 20_000
    max_member_bytes: int = 256 * MIB
    max_total_bytes: int = 8192 * MIB
    max_ratio: float = 200.0
    ratio_floor_bytes: int = 8 * MIB
    max_dictionary_bytes: int = 512 * MIB
    max_xml_bytes: int = 4 * MIB
    max_name_bytes: int = 8 * MIB
    pdf_side_px: int = 1600
    max_pdf_objects: int = 20_000
    max_pdf_memory_bytes: int = 1536 * MIB
    max_pdf_seconds: float = 60.0
    max_missing_rows: float = 0.02

    def __post_init__(self) -> None:
        for name in self.__dataclass_fields__:
            value = getattr(self, name)
            if name == "max_missing_rows":
                if not 0 <= value < 1:
                    raise ConfigError(f"ingest: max_missing_rows is {value}; give 0 to 1")
            elif name != "direction" and value <= 0:
                raise ConfigError(f"ingest: {name} is {value}; give a number above 0")
